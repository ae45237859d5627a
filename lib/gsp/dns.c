#include "gsp/dns.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "gsp/dns_int.h"
#include "gsp/dns_own.h"
#include "gsp/dns_records.h"
#include "gsp/dns_script.h"
#include "gsp/dns_state.h"
#include "sys/lock.h"

#include "base/banned.h"

#define POINT_MS 60000 /* what the records may cost an `up` */
#define CHECK_MS 20000
#define LOCK_MS  20000 /* another server of this home is being pointed */

static bool
has_records(const struct gsp_server_conf *c)
{
	return c->dns.domain[0] != '\0' && !c->dns.by_script;
}

/* ---- pointing ---- */

/* Another server's name is taken under this lock alone, so that of two only one gets it. */
static int
take_home_lock(struct gsp_job *job, int *fd, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	char note[GSP_LOCK_NOTE];
	int rc;

	rc = gsp_lock_wait(fd, gsp_home_path(job->home, &path, "state/dns.lock"),
	    gsp_lock_who(note, job->server, "dns"), LOCK_MS, err);
	gsp_buf_release(&path);
	return rc;
}

/* The place of this session and name, made if it is not there. */
static struct gsp_dns_place *
place_of(struct gsp_dns_state *st, const struct gsp_job *job, struct gsp_err *err)
{
	const struct gsp_session *s = job->session;
	const struct gsp_dns_conf *d = &s->conf->dns;
	const char *label = gsp_dns_conf_label(d, job->server);
	struct gsp_dns_place *p = NULL;

	for (size_t i = 0; i < st->n && p == NULL; i++)
		if (strcmp(st->v[i].session, s->id) == 0 &&
		    gsp_dns_place_named(&st->v[i], d->domain, label))
			p = &st->v[i];
	if (p == NULL) {
		if (st->n == GSP_DNS_PLACES) {
			gsp_err_set(err, GSP_ELIMIT, "%d former names of '%s' could not be removed yet; see 'gsp "
			    "status %s'", GSP_DNS_PLACES, job->server, job->server);
			return NULL;
		}
		p = &st->v[st->n++];
		memset(p, 0, sizeof(*p));
		snprintf(p->domain, sizeof(p->domain), "%s", d->domain);
		snprintf(p->label, sizeof(p->label), "%s", label);
		snprintf(p->session, sizeof(p->session), "%s", s->id);
		snprintf(p->api_url, sizeof(p->api_url), "%s", job->home->api_url);
		p->linode_id = s->linode_id;
	}
	/* two addresses of one machine, one after the other: records of the former would be lost */
	if (strcmp(p->ipv4, s->ipv4) != 0 || strcmp(p->ipv6, s->ipv6) != 0)
		p->ttl_s = 0;
	snprintf(p->ipv4, sizeof(p->ipv4), "%s", s->ipv4);
	snprintf(p->ipv6, sizeof(p->ipv6), "%s", s->ipv6);
	return p;
}

/* With the home's lock. On success the name has this place alone. */
static int
point_locked(struct gsp_job *job, struct gsp_dns_state *st, struct gsp_err *err)
{
	struct gsp_session *s = job->session;
	const char *label = gsp_dns_conf_label(&s->conf->dns, job->server);
	int64_t ttl_s = s->conf->dns.ttl_s != 0 ? s->conf->dns.ttl_s : GSP_DNS_TTL_S;
	struct gsp_dns_own own = {job->home, job->server, st, s->ipv4, s->ipv6, s->conf->dns.domain, label};
	const struct gsp_dns_known known = {gsp_dns_own_known, &own};
	struct gsp_err lost = GSP_ERR_INIT;
	struct gsp_dns_place *p;
	int rc;

	if (gsp_dns_own_free(job->home, job->server, s->conf->dns.domain, label, false, err) == -1 ||
	    (p = place_of(st, job, err)) == NULL ||
	    gsp_dns_state_save(st, job->home, job->server, err) == -1)
		return -1;
	rc = gsp_dns_records_set(job->api, p, ttl_s, &known, err);
	p->ttl_s = rc == 0 ? ttl_s : 0;
	p->since = rc == 0 ? 0 : gsp_wall_s();
	snprintf(p->why, sizeof(p->why), "%.190s", rc == 0 ? "" : err->msg);
	/* what led to former machines leads here now */
	for (size_t i = st->n; rc == 0 && i-- > 0;)
		if (strcmp(st->v[i].session, s->id) != 0 &&
		    gsp_dns_place_named(&st->v[i], s->conf->dns.domain, label))
			gsp_dns_state_drop(st, i);
	if (gsp_dns_state_save(st, job->home, job->server, &lost) == -1) {
		gsp_dns_join(err, &lost);
		rc = -1;
	}
	return rc;
}

static int
point_records(struct gsp_job *job, struct gsp_dns_state *st, struct gsp_err *err)
{
	int64_t former;
	int fd = -1, rc;

	if (gsp_job_api(job, err) == -1 || take_home_lock(job, &fd, err) == -1)
		return -1;
	former = gsp_linode_set_deadline(job->api, gsp_now_ms() + POINT_MS);
	rc = point_locked(job, st, err);
	gsp_linode_set_deadline(job->api, former);
	gsp_lock_drop(fd);
	return rc;
}

/* `dns up`, each time: the script knows best whether there is anything to do. */
static int
tell_up(struct gsp_job *job, struct gsp_dns_state *st, struct gsp_err *err)
{
	const struct gsp_session *s = job->session;
	struct gsp_err lost = GSP_ERR_INIT;
	struct gsp_dns_told *t = &st->told;
	int rc;

	if (!gsp_dns_script_there(job->home, job->server)) {
		if (s->conf->dns.by_script)
			return gsp_dns_script_check(job->home, job->server, true, err);
		if (!t->up)
			return 0;
		memset(t, 0, sizeof(*t));
		return gsp_dns_state_save(st, job->home, job->server, err);
	}
	memset(t, 0, sizeof(*t));
	t->up = true;
	t->since = gsp_wall_s();
	gsp_dns_conf_full(&s->conf->dns, s->conf->name, t->name, sizeof(t->name));
	snprintf(t->ipv4, sizeof(t->ipv4), "%s", s->ipv4);
	snprintf(t->ipv6, sizeof(t->ipv6), "%s", s->ipv6);
	snprintf(t->session, sizeof(t->session), "%s", s->id);
	snprintf(t->address, sizeof(t->address), s->conf->nports > 0 ? "%s:%u" : "%s", s->ipv4,
	    s->conf->nports > 0 ? (unsigned)s->conf->ports[0].first : 0);
	if (gsp_dns_state_save(st, job->home, job->server, err) == -1)
		return -1;
	rc = gsp_dns_script_run(job->home, job->server, true, t, s->conf->timeouts.dns_s, err);
	t->done = rc == 0;
	snprintf(t->why, sizeof(t->why), "%.190s", rc == 0 ? "" : err->msg);
	if (gsp_dns_state_save(st, job->home, job->server, &lost) == -1) {
		gsp_dns_join(err, &lost);
		rc = -1;
	}
	return rc;
}

/* What friends are told: the name while it leads here, else the address. */
static int
name_session(struct gsp_job *job, const char *name, struct gsp_err *err)
{
	struct gsp_session *s = job->session;

	if (strcmp(s->name, name) == 0)
		return 0;
	snprintf(s->name, sizeof(s->name), "%s", name);
	return gsp_session_save(s, job->home, err);
}

int
gsp_dns_point(struct gsp_job *job, struct gsp_err *err)
{
	struct gsp_err why = GSP_ERR_INIT;
	struct gsp_session *s = job->session;
	struct gsp_dns_state st;
	char name[GSP_DNS_NAME];
	bool leads;

	assert(job->lock_fd >= 0 && s != NULL && s->linode_id != 0);
	gsp_err_clear(err); /* what it says below is gathered in it */
	if (gsp_dns_state_load(&st, job->home, job->server, err) == -1)
		return -1;
	gsp_dns_conf_full(&s->conf->dns, s->conf->name, name, sizeof(name));
	if (name[0] != '\0')
		gsp_steps_begin(job->steps, job->server, "dns", "pointing %s to %s", name, s->ipv4);
	if (has_records(s->conf))
		(void)point_records(job, &st, err);
	leads = err->code == GSP_OK;
	/* names of former evenings; the name of this one has been moved */
	if (err->code != GSP_ECANCEL && gsp_dns_remove(job, &st, NULL, s->id, &why) == -1)
		gsp_dns_join(err, &why);
	gsp_err_clear(&why);
	if (gsp_dns_state_save(&st, job->home, job->server, &why) == -1)
		gsp_dns_join(err, &why);
	gsp_err_clear(&why);
	if (err->code != GSP_ECANCEL && tell_up(job, &st, &why) == -1) {
		leads = leads && !s->conf->dns.by_script;
		gsp_dns_join(err, &why);
	}
	gsp_err_clear(&why);
	if (name_session(job, leads ? name : "", &why) == -1)
		gsp_dns_join(err, &why);
	if (name[0] != '\0' && err->code == GSP_OK)
		gsp_steps_done(job->steps, job->server, "dns", "%s leads to %s", name, s->ipv4);
	else if (name[0] != '\0')
		gsp_steps_fail(job->steps, job->server, "dns", "the name could not be set");
	return err->code == GSP_OK ? 0 : -1;
}

/* ---- before anything is bought ---- */

static int
check_records(struct gsp_job *job, const struct gsp_server_conf *conf, struct gsp_err *err)
{
	const char *label = gsp_dns_conf_label(&conf->dns, conf->name);
	struct gsp_dns_state st;
	struct gsp_dns_own own = {job->home, job->server, &st, "", "", conf->dns.domain, label};
	const struct gsp_dns_known known = {gsp_dns_own_known, &own};
	struct gsp_domain d = {.id = 0};

	if (gsp_dns_domain(job->api, conf->dns.domain, &d, err) == -1)
		return -1;
	if (gsp_dns_state_load(&st, job->home, job->server, err) == -1 ||
	    gsp_dns_records_foreign(job->api, &d, label, &known, err) == -1) {
		if (err->code == GSP_EREFUSED)
			err->code = GSP_ETEMP; /* the evening can go without the name */
		return -1;
	}
	return 0;
}

int
gsp_dns_check(struct gsp_job *job, const struct gsp_server_conf *conf, struct gsp_err *err)
{
	int64_t former;
	int rc;

	if (gsp_dns_script_check(job->home, job->server, conf->dns.by_script, err) == -1 ||
	    gsp_dns_own_free(job->home, job->server, conf->dns.domain,
	        gsp_dns_conf_label(&conf->dns, conf->name), true, err) == -1)
		return -1;
	if (!has_records(conf))
		return 0;
	if (gsp_job_api(job, err) == -1)
		return -1;
	former = gsp_linode_set_deadline(job->api, gsp_now_ms() + CHECK_MS);
	rc = check_records(job, conf, err);
	gsp_linode_set_deadline(job->api, former);
	if (rc == 0 || err->code == GSP_ECONFIG || err->code == GSP_EAUTH || err->code == GSP_ECANCEL)
		return rc;
	gsp_steps_warn(job->steps, job->server, "%s", err->msg);
	gsp_err_clear(err);
	return 0;
}
