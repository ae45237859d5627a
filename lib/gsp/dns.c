#include "gsp/dns.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/num.h"
#include "gsp/dns_own.h"
#include "gsp/dns_records.h"
#include "gsp/dns_script.h"
#include "gsp/dns_state.h"
#include "gsp/record.h"
#include "gsp/status.h"
#include "linode/instance.h"
#include "sys/io.h"
#include "sys/lock.h"
#include "sys/sig.h"

#include "base/banned.h"

#define POINT_MS 60000 /* what the records may cost an `up` */
#define CHECK_MS 20000
#define CLEAR_MS 10000 /* the machine costs meanwhile */
#define LOCK_MS  20000 /* another server of this home is being pointed */

const char *
gsp_dns_name(const struct gsp_server_conf *conf, char *out, size_t size)
{
	return gsp_dns_conf_full(&conf->dns, conf->name, out, size);
}

static bool
has_records(const struct gsp_server_conf *c)
{
	return c->dns.domain[0] != '\0' && !c->dns.by_script;
}

/* ---- removing ---- */

/* Is the machine of this place gone? Only the account it was made in can tell. */
static int
is_gone(const struct gsp_dns_place *p, const struct gsp_home *h, struct gsp_linode *api,
    bool *gone, struct gsp_err *err)
{
	struct gsp_instance it;

	*gone = false;
	if (strncmp(p->api_url, h->api_url, sizeof(p->api_url) - 1) != 0)
		return 0;
	if (gsp_instance_get(api, p->linode_id, &it, err) == 0)
		return 0;
	if (err->code != GSP_ENOTFOUND)
		return -1;
	gsp_err_clear(err);
	*gone = true;
	return 0;
}

/* One place: 1 nothing of it is left, 0 its machine is there still, -1. */
static int
remove_place(const struct gsp_dns_place *p, const struct gsp_home *h, struct gsp_linode *api,
    bool going, struct gsp_err *err)
{
	bool gone = going;

	if (!going && is_gone(p, h, api, &gone, err) == -1)
		return -1;
	if (!gone)
		return 0;
	return gsp_dns_records_clear(api, p, err) == -1 ? -1 : 1;
}

/* Every place of a machine that is gone, or that is of the session ${going} (may be NULL), and is
 * not of ${living} (may be NULL). The first error is kept, and with the place why. */
static int
remove_places(struct gsp_dns_state *st, const struct gsp_home *h, struct gsp_linode *api,
    const char *going, const char *living, struct gsp_err *err)
{
	struct gsp_err first = GSP_ERR_INIT;

	for (size_t i = 0; i < st->n;) {
		struct gsp_dns_place *p = &st->v[i];
		struct gsp_err why = GSP_ERR_INIT;
		int rc = 0;

		if (living == NULL || strcmp(p->session, living) != 0)
			rc = remove_place(p, h, api, going != NULL && strcmp(p->session, going) == 0, &why);
		if (rc == 1) {
			gsp_dns_state_drop(st, i);
			continue;
		}
		if (rc == -1) {
			char full[GSP_DNS_NAME];

			p->since = gsp_wall_s();
			snprintf(p->why, sizeof(p->why), "%.190s", why.msg);
			if (first.code == GSP_OK) {
				first = why;
				gsp_err_wrap(&first, "'%s' still leads to %s", gsp_dns_place_full(p, full,
				    sizeof(full)), p->ipv4);
			}
			if (why.code == GSP_ECANCEL) {
				first = why;
				break;
			}
		}
		i++;
	}
	if (first.code == GSP_OK)
		return 0;
	*err = first;
	return -1;
}

static int
remove_records(struct gsp_job *job, struct gsp_dns_state *st, const char *going,
    const char *living, struct gsp_err *err)
{
	int64_t former;
	int rc;

	if (st->n == 0 || (st->n == 1 && living != NULL && strcmp(st->v[0].session, living) == 0))
		return 0;
	if (gsp_job_api(job, err) == -1)
		return -1;
	former = gsp_linode_set_deadline(job->api, gsp_now_ms() + CLEAR_MS);
	rc = remove_places(st, job->home, job->api, going, living, err);
	gsp_linode_set_deadline(job->api, former);
	return rc;
}

static int64_t
limit_of(struct gsp_job *job)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_server_conf *conf = NULL;
	int64_t s = 60;

	if (job->session != NULL)
		return job->session->conf->timeouts.dns_s;
	if (gsp_server_conf_load(&conf, job->home, job->server, &ignored) == 0)
		s = conf->timeouts.dns_s;
	gsp_server_conf_free(conf);
	return s;
}

/* `dns down`, if `dns up` was ever called; a script that is gone is owed nothing. */
static int
tell_down(struct gsp_job *job, struct gsp_dns_state *st, struct gsp_err *err)
{
	if (!st->told.up)
		return 0;
	if (gsp_dns_script_there(job->home, job->server) &&
	    gsp_dns_script_run(job->home, job->server, false, &st->told, limit_of(job), err) == -1) {
		st->told.done = false;
		st->told.since = gsp_wall_s();
		snprintf(st->told.why, sizeof(st->told.why), "%.190s", err->msg);
		return -1;
	}
	memset(&st->told, 0, sizeof(st->told));
	return 0;
}

/* Both have failed: neither hides the other. */
static void
join(struct gsp_err *err, const struct gsp_err *more)
{
	if (err->code == GSP_OK || more->code == GSP_ECANCEL)
		*err = *more;
	else
		gsp_err_hint(err, "%.400s", more->msg);
}

int
gsp_dns_clear(struct gsp_job *job, struct gsp_err *err)
{
	struct gsp_err why = GSP_ERR_INIT, lost = GSP_ERR_INIT;
	struct gsp_dns_state st;

	assert(job->lock_fd >= 0);
	if (gsp_dns_state_load(&st, job->home, job->server, err) == -1)
		return -1;
	if (st.n == 0 && !st.told.up)
		return 0;
	if (remove_records(job, &st, job->session != NULL ? job->session->id : NULL, NULL, err) == -1 &&
	    err->code == GSP_ECANCEL)
		return -1;
	if (tell_down(job, &st, &why) == -1)
		join(err, &why);
	if (gsp_dns_state_save(&st, job->home, job->server, &lost) == -1)
		join(err, &lost);
	return err->code == GSP_OK ? 0 : -1;
}

int
gsp_dns_moved(const struct gsp_home *h, const char *server, struct gsp_err *err)
{
	struct gsp_dns_state st;

	if (gsp_dns_state_load(&st, h, server, err) == -1)
		return -1;
	if (!st.told.up)
		return 0;
	memset(&st.told, 0, sizeof(st.told));
	return gsp_dns_state_save(&st, h, server, err);
}

/* ---- pointing ---- */

/* Another server's name is taken under this lock alone, so that of two only one gets it. */
static int
take_home_lock(struct gsp_job *job, int *fd, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	int64_t until = gsp_now_ms() + LOCK_MS;
	char note[128];
	int rc;

	snprintf(note, sizeof(note), "%s: dns (pid %ld)", job->server, (long)getpid());
	gsp_home_path(job->home, &path, "state/dns.lock");
	while ((rc = gsp_lock_take(fd, gsp_buf_str(&path), note, -1, err)) == -1 &&
	    err->code == GSP_ETEMP && gsp_now_ms() < until) {
		gsp_err_clear(err);
		if ((rc = gsp_sleep_ms(100, err)) == -1)
			break;
	}
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
		join(err, &lost);
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
	struct gsp_buf address = GSP_BUF_INIT(GSP_ADDRESS_MAX);
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
	gsp_dns_name(s->conf, t->name, sizeof(t->name));
	snprintf(t->ipv4, sizeof(t->ipv4), "%s", s->ipv4);
	snprintf(t->ipv6, sizeof(t->ipv6), "%s", s->ipv6);
	snprintf(t->session, sizeof(t->session), "%s", s->id);
	gsp_record_address(&address, s);
	snprintf(t->address, sizeof(t->address), "%s", gsp_buf_str(&address));
	gsp_buf_release(&address);
	if (gsp_dns_state_save(st, job->home, job->server, err) == -1)
		return -1;
	rc = gsp_dns_script_run(job->home, job->server, true, t, s->conf->timeouts.dns_s, err);
	t->done = rc == 0;
	snprintf(t->why, sizeof(t->why), "%.190s", rc == 0 ? "" : err->msg);
	if (gsp_dns_state_save(st, job->home, job->server, &lost) == -1) {
		join(err, &lost);
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

	assert(job->lock_fd >= 0 && s != NULL && s->linode_id != 0 && err->code == GSP_OK);
	if (gsp_dns_state_load(&st, job->home, job->server, err) == -1)
		return -1;
	gsp_dns_name(s->conf, name, sizeof(name));
	if (name[0] != '\0')
		gsp_steps_begin(job->steps, job->server, "dns", "pointing %s to %s", name, s->ipv4);
	if (has_records(s->conf))
		(void)point_records(job, &st, err);
	leads = err->code == GSP_OK;
	/* names of former evenings; the name of this one has been moved */
	if (err->code != GSP_ECANCEL && remove_records(job, &st, NULL, s->id, &why) == -1)
		join(err, &why);
	gsp_err_clear(&why);
	if (gsp_dns_state_save(&st, job->home, job->server, &why) == -1)
		join(err, &why);
	gsp_err_clear(&why);
	if (err->code != GSP_ECANCEL && tell_up(job, &st, &why) == -1) {
		leads = leads && !s->conf->dns.by_script;
		join(err, &why);
	}
	gsp_err_clear(&why);
	if (name_session(job, leads ? name : "", &why) == -1)
		join(err, &why);
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
	struct gsp_domain d;

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

/* ---- whoever comes by ---- */

static void
settle_one(struct gsp_home *h, struct gsp_linode *api, const char *server,
    void (*warn)(void *ctx, const char *text), void *ctx, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_session *s = NULL;
	struct gsp_dns_state st;
	char text[GSP_ERR_MAX + 64];
	int fd = -1;

	/* looked at first without the lock: there is hardly ever anything to do */
	if (!gsp_io_exists(gsp_home_state_path(h, &path, server, "dns.json")) ||
	    gsp_dns_state_load(&st, h, server, err) == -1 || gsp_session_load(&s, h, server, err) == -1 ||
	    st.n == 0 || (st.n == 1 && s != NULL && strcmp(st.v[0].session, s->id) == 0))
		goto out;
	gsp_session_free(s);
	s = NULL;
	if (gsp_lock_take(&fd, gsp_home_state_path(h, &path, server, "lock"), "status: dns", -1, err) ==
	    -1) {
		gsp_err_clear(err); /* whoever has it sees to it */
		goto out;
	}
	if (gsp_dns_state_load(&st, h, server, err) == -1 || gsp_session_load(&s, h, server, err) == -1)
		goto out;
	if (remove_places(&st, h, api, NULL, s != NULL ? s->id : NULL, err) == -1 &&
	    err->code == GSP_ECANCEL)
		goto out;
	(void)gsp_dns_state_save(&st, h, server, err);
out:
	gsp_lock_drop(fd);
	gsp_session_free(s);
	gsp_buf_release(&path);
	if (err->code != GSP_OK && err->code != GSP_ECANCEL) {
		snprintf(text, sizeof(text), "%s: %s", server, err->msg);
		warn(ctx, text);
		gsp_err_clear(err);
	}
}

int
gsp_dns_settle(struct gsp_home *h, struct gsp_linode *api,
    void (*warn)(void *ctx, const char *text), void *ctx, struct gsp_err *err)
{
	struct gsp_argv names = GSP_ARGV_INIT;
	int64_t former = gsp_linode_set_deadline(api, gsp_now_ms() + CLEAR_MS);

	if (gsp_status_servers(&names, h, err) == -1)
		gsp_err_clear(err); /* whoever shows them says so */
	for (size_t i = 0; i < names.n && err->code != GSP_ECANCEL; i++)
		settle_one(h, api, names.v[i], warn, ctx, err);
	gsp_linode_set_deadline(api, former);
	gsp_argv_release(&names);
	return err->code == GSP_ECANCEL ? -1 : 0;
}

void
gsp_dns_text(const struct gsp_home *h, const char *server, const char *session, char *out,
    size_t size)
{
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_dns_state st;
	char full[GSP_DNS_NAME], age[48];

	out[0] = '\0';
	if (gsp_dns_state_load(&st, h, server, &err) == -1) {
		snprintf(out, size, "dns: %s", err.msg);
		return;
	}
	for (size_t i = 0; i < st.n; i++) {
		const struct gsp_dns_place *p = &st.v[i];
		bool here = session != NULL && strcmp(p->session, session) == 0;

		if (p->why[0] == '\0')
			continue;
		snprintf(out, size, here ? "%.80s may not lead to the machine (%.190s); 'gsp up %s' tries "
		                           "it again"
		                         : "%.80s still leads to a machine that is gone (%.190s); 'gsp down "
		                           "%s' tries it again",
		    gsp_dns_place_full(p, full, sizeof(full)), p->why, server);
		return;
	}
	if (!st.told.up || st.told.why[0] == '\0')
		return;
	gsp_num_span(age, sizeof(age), gsp_wall_s() > st.told.since ? gsp_wall_s() - st.told.since : 0);
	snprintf(out, size, "the script dns failed %s ago (%.190s); 'gsp %s %s' tries it again", age,
	    st.told.why, session != NULL ? "up" : "down", server);
}
