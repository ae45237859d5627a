#include "gsp/create.h"

#include <inttypes.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"
#include "gsp/ledger.h"
#include "gsp/limits.h"
#include "gsp/notice.h"
#include "gsp/preflight.h"
#include "gsp/userdata.h"
#include "linode/event.h"
#include "linode/firewall.h"
#include "sys/lock.h"
#include "sys/sig.h"

#include "base/banned.h"

#define USER_DATA_MAX 49150 /* 49149 bytes raw (65535 encoded), Linode API v4 */

#define OVER_LIMIT 1 /* err->detail: no lack of capacity, and no other place is tried */

/* When a lost answer's machine is looked for, in ms after the call: 30 s in all. */
static const int64_t look_after_ms[] = {500, 1500, 3000, 5000, 8000, 12000};

/* The tags of a session's machine; its lease as of now. */
static int
make_tags(struct gsp_argv *tags, const struct gsp_home *h, const struct gsp_session *s,
    struct gsp_err *err)
{
	char hash[65];

	if (gsp_ssh_key_hash(hash, s->host_key, err) == -1)
		return -1;
	gsp_argv_push(tags, "gsp");
	gsp_argv_pushf(tags, "gsp-home:%s", h->id);
	gsp_argv_pushf(tags, "gsp-server:%s", s->server);
	gsp_argv_pushf(tags, "gsp-session:%s", s->id);
	gsp_argv_pushf(tags, "gsp-hk:%.40s", hash);
	if (s->conf->stop.first_s > 0)
		gsp_argv_pushf(tags, "gsp-lease:%" PRId64, gsp_wall_s() + s->conf->stop.first_s);
	return gsp_argv_ok(tags) ? 0 : gsp_err_set(err, GSP_ESYS, "out of memory");
}

static int
not_ours(struct gsp_job *job, const struct gsp_instance *it, struct gsp_err *err)
{
	const char *home = gsp_instance_tag(it, "gsp-home:");

	if (home == NULL)
		return gsp_err_set(err, GSP_EREFUSED,
		    "the account has a machine '%s' (id %" PRIu64 ") that gsp did not make; rename or "
		    "delete it in the Linode manager, or rename the server", it->label, it->id);
	if (strcmp(home, job->home->id) != 0)
		return gsp_err_set(err, GSP_EREFUSED,
		    "the machine '%s' (id %" PRIu64 ") belongs to another home, '%s'; bring it down "
		    "there, or make it this home's with 'gsp status --take-over %s'", it->label, it->id,
		    home, job->server);
	return gsp_err_set(err, GSP_EREFUSED,
	    "the machine '%s' (id %" PRIu64 ") is this home's, of a session this computer does not "
	    "know (was state/ lost or copied?); 'gsp status --take-over %s' makes it known again",
	    it->label, it->id, job->server);
}

/* 0 found and ours; -1 GSP_ENOTFOUND; -1 anything else, also when it is somebody else's. */
static int
look(struct gsp_job *job, struct gsp_instance *out, struct gsp_err *err)
{
	const char *tag;

	if (gsp_instance_find(job->api, job->session->label, out, err) == -1)
		return -1;
	tag = gsp_instance_tag(out, "gsp-session:");
	if (tag != NULL && strcmp(tag, job->session->id) == 0) {
		if (out->status == GSP_LS_DELETING)
			return gsp_err_set(err, GSP_EREFUSED, "the machine '%s' is being deleted by "
			    "somebody else; try again in a minute", out->label);
		return 0;
	}
	if (out->status == GSP_LS_DELETING)
		return gsp_err_set(err, GSP_ETEMP, "an older machine '%s' is still being deleted; try "
		    "again in a minute", out->label);
	return not_ours(job, out, err);
}

static int
look_patiently(struct gsp_job *job, struct gsp_instance *out, struct gsp_err *err)
{
	for (size_t i = 0; i < sizeof(look_after_ms) / sizeof(look_after_ms[0]); i++) {
		gsp_steps_update(job->steps, job->server, "create", -1, 0, 0,
		    "the answer was lost; looking whether '%s' exists", job->session->label);
		if (gsp_sleep_ms(look_after_ms[i], err) == -1)
			return -1;
		if (look(job, out, err) == 0)
			return 0;
		if (err->code != GSP_ENOTFOUND)
			return -1;
	}
	return -1;
}

static int
ensure_firewall(struct gsp_job *job, const struct gsp_argv *tags, struct gsp_err *err)
{
	struct gsp_session *s = job->session;
	struct gsp_firewall_rules rules = {
	    s->conf->ports, s->conf->nports, (const char *const *)s->conf->ssh_from.v};
	struct gsp_argv fw = GSP_ARGV_INIT;
	char own[32];
	int rc = -1;

	/* one firewall for each server, not for each session: no session or key tag */
	for (size_t i = 0; i < tags->n && i < 3; i++)
		gsp_argv_push(&fw, tags->v[i]);
	snprintf(own, sizeof(own), "gsp-home:%s", job->home->id);
	if (!gsp_argv_ok(&fw))
		gsp_err_set(err, GSP_ESYS, "out of memory");
	else
		rc = gsp_firewall_ensure(job->api, s->label, (const char *const *)fw.v, &rules, own,
		    &s->firewall_id, err);
	gsp_argv_release(&fw);
	return rc;
}

struct purchase {
	struct gsp_argv keys, tags;
	struct gsp_buf user_data;
	struct gsp_instance_create req;
};

static void
purchase_release(struct purchase *p)
{
	gsp_argv_release(&p->keys);
	gsp_argv_release(&p->tags);
	if (p->user_data.data != NULL)
		explicit_bzero(p->user_data.data, p->user_data.len);
	gsp_buf_release(&p->user_data);
}

static int
purchase_init(struct purchase *p, struct gsp_job *job, const struct gsp_preflight *pre,
    struct gsp_err *err)
{
	struct gsp_session *s = job->session;
	struct gsp_argv owners = GSP_ARGV_INIT;
	char *login = NULL;

	memset(p, 0, sizeof(*p));
	gsp_buf_init(&p->user_data, USER_DATA_MAX);
	if (s->host_key_private == NULL)
		return gsp_err_set(err, GSP_EIO, "the journal of '%s' has lost its host key; 'gsp "
		    "down %s' clears it away", s->server, s->server);
	/* a run that ended a session and died may have left half of a pair, or nothing */
	if (gsp_session_login_make(job->home, s->server, err) == -1 ||
	    gsp_session_login_public(&login, job->home, s->server, err) == -1)
		return -1;
	gsp_argv_push(&p->keys, login);
	free(login);
	if (gsp_home_ssh_keys(&owners, job->home, err) == -1)
		return -1;
	for (size_t i = 0; i < owners.n; i++)
		gsp_argv_push(&p->keys, owners.v[i]);
	gsp_argv_release(&owners);
	if (make_tags(&p->tags, job->home, s, err) == -1 ||
	    gsp_userdata(&p->user_data, s->host_key_private, s->host_key, err) == -1)
		return -1;
	p->req.label = s->label;
	p->req.image = s->conf->image;
	p->req.authorized_keys = (const char *const *)p->keys.v;
	p->req.tags = (const char *const *)p->tags.v;
	p->req.user_data = gsp_buf_str(&p->user_data);
	p->req.linode_interfaces = pre->linode_interfaces;
	return 0;
}

/* The cloud said no, and said so clearly: the next run need not look for what is not there. */
static int
not_bought(struct gsp_job *job)
{
	struct gsp_err ignored = GSP_ERR_INIT;

	(void)gsp_session_phase(job->session, job->home, GSP_PHASE_INTENT, &ignored);
	return -1;
}

/* The call may be made, and the journal says so: one start of this home at a time decides, since
 * what it spends is what the others have less. */
static int
may_post(struct gsp_job *job, struct gsp_err *err)
{
	struct gsp_session *s = job->session;
	int fd, rc;

	if (gsp_limits_take(&fd, job, s->conf, err) == -1)
		return -1;
	rc = gsp_limits_check(job, s->conf, s->type, s->hourly_usd, false, err);
	if (rc == 0)
		rc = gsp_session_phase(s, job->home, GSP_PHASE_POSTING, err);
	else if (err->code == GSP_EUNAVAIL)
		err->detail = OVER_LIMIT;
	gsp_lock_drop(fd);
	return rc;
}

/* One place of the ladder. 0 bought; -1 with GSP_EUNAVAIL: the next place may do. */
static int
buy_at(struct gsp_job *job, struct purchase *p, const struct gsp_rung *rung,
    struct gsp_instance *out, struct gsp_err *err)
{
	struct gsp_session *s = job->session;
	int64_t deadline = gsp_now_ms() + s->conf->timeouts.create_s * 1000;
	bool doubtful, ever = false;

	snprintf(s->region, sizeof(s->region), "%s", rung->region);
	snprintf(s->type, sizeof(s->type), "%s", rung->type);
	s->hourly_usd = rung->hourly_usd;
	s->monthly_usd = rung->monthly_usd;
	p->req.region = s->region;
	p->req.type = s->type;
	p->req.firewall_id = s->firewall_id;
	for (;;) {
		if (may_post(job, err) == -1)
			return -1;
		gsp_steps_update(job->steps, job->server, "create", -1, 0, 0,
		    "%s in %s, $%.4g an hour", s->type, s->region,
		    s->hourly_usd > 0 ? s->hourly_usd : 0);
		if (gsp_instance_create(job->api, &p->req, out, &doubtful, err) == 0)
			return 0;
		if (err->code == GSP_ECREATE && err->detail == GSP_INSTANCE_LABEL_TAKEN)
			return look(job, out, err);
		if (!doubtful)
			return ever ? -1 : not_bought(job);
		ever = true;
		if (err->code == GSP_ECANCEL)
			return -1; /* the journal says POSTING: the next run looks first */
		if (look_patiently(job, out, err) == 0)
			return 0;
		if (err->code != GSP_ENOTFOUND)
			return -1;
		if (gsp_now_ms() > deadline)
			return gsp_err_set(err, GSP_ETEMP, "the cloud does not answer the create call; "
			    "run 'gsp up %s' again", job->server);
	}
}

static int
climb(struct gsp_job *job, const struct gsp_preflight *pre, struct gsp_instance *out,
    struct gsp_err *err)
{
	struct purchase p;
	int rc = -1;

	if (purchase_init(&p, job, pre, err) == -1 || ensure_firewall(job, &p.tags, err) == -1 ||
	    gsp_event_newest_id(job->api, &job->session->after_event, err) == -1)
		goto out;
	for (size_t i = 0; i < pre->nrungs; i++) {
		rc = buy_at(job, &p, &pre->rungs[i], out, err);
		if (rc == 0 || err->code != GSP_EUNAVAIL || err->detail == OVER_LIMIT)
			break;
		if (i + 1 < pre->nrungs)
			gsp_steps_warn(job->steps, job->server, "%s; trying %s in %s", err->msg,
			    pre->rungs[i + 1].type, pre->rungs[i + 1].region);
	}
out:
	purchase_release(&p);
	return rc;
}

int
gsp_create_vacant(struct gsp_job *job, struct gsp_err *err)
{
	struct gsp_instance it;
	char label[65];

	snprintf(label, sizeof(label), "gsp-%s", job->server);
	if (gsp_instance_find(job->api, label, &it, err) == 0) {
		if (it.status == GSP_LS_DELETING)
			return gsp_err_set(err, GSP_ETEMP, "an older machine '%s' is still being "
			    "deleted; try again in a minute", label);
		not_ours(job, &it, err);
		err->detail = gsp_instance_tag(&it, "gsp-home:") == NULL ? GSP_CREATE_NOBODYS : 0;
		return -1;
	}
	if (err->code != GSP_ENOTFOUND)
		return -1;
	gsp_err_clear(err);
	return 0;
}

static int
new_session(struct gsp_job *job, struct gsp_server_conf *conf, struct gsp_err *err)
{
	/* before anything is made */
	if (gsp_create_vacant(job, err) == -1) {
		gsp_server_conf_free(conf);
		return -1;
	}
	if (gsp_session_new(&job->session, job->home, conf, job->actor, err) == -1)
		return -1;
	return 0;
}

/* Everything was checked: from here on it costs money, and whoever wants to know does. */
static void
tell(const struct gsp_job *job)
{
	const struct gsp_session *s = job->session;
	struct gsp_buf text = GSP_BUF_INIT(1024);
	char money[24] = "price unknown";

	if (s->hourly_usd >= 0)
		gsp_num_usd(money, sizeof(money), s->hourly_usd);
	gsp_buf_addf(&text, "%s is coming up (asked by %s): %s in %s, %s an hour", s->server,
	    gsp_notice_who(job->actor), s->type, s->region, money);
	gsp_notice(job->home, s->server, s->id, GSP_NOTICE_UP, gsp_buf_str(&text));
	gsp_buf_release(&text);
}

int
gsp_create(struct gsp_job *job, struct gsp_instance *out, struct gsp_err *err)
{
	struct gsp_server_conf *conf = NULL;
	struct gsp_preflight pre;
	bool posted = job->session != NULL && job->session->phase == GSP_PHASE_POSTING;
	bool first = job->session == NULL;
	int rc;

	if (posted) { /* a former run may have bought it */
		if (look(job, out, err) == 0)
			return 0;
		if (err->code == GSP_ETEMP)
			gsp_err_hint(err, "a machine may have been bought: 'gsp up %s' looks again",
			    job->server);
		if (err->code != GSP_ENOTFOUND || gsp_session_check_here(job->session, job->home, err) == -1)
			return -1;
		/* a call that was just made may show up late */
		if (gsp_wall_s() - job->session->since < 60) {
			if (look_patiently(job, out, err) == 0)
				return 0;
			if (err->code != GSP_ENOTFOUND)
				return -1;
		}
		gsp_err_clear(err);
	}
	if (gsp_server_conf_load(&conf, job->home, job->server, err) == -1)
		return -1;
	if (gsp_preflight(&pre, job, conf, err) == -1) {
		gsp_server_conf_free(conf);
		return -1;
	}
	if (job->session != NULL) { /* nothing was bought: go on with what is wanted now */
		gsp_server_conf_free(job->session->conf);
		job->session->conf = conf;
	} else if (new_session(job, conf, err) == -1) {
		gsp_preflight_release(&pre);
		return -1;
	}
	snprintf(job->session->region, sizeof(job->session->region), "%s", pre.rungs[0].region);
	snprintf(job->session->type, sizeof(job->session->type), "%s", pre.rungs[0].type);
	job->session->hourly_usd = pre.rungs[0].hourly_usd;
	job->session->monthly_usd = pre.rungs[0].monthly_usd;
	rc = gsp_session_phase(job->session, job->home, GSP_PHASE_INTENT, err) == -1 ||
	        gsp_ledger_add(job->home, job->session, "intent", job->actor, err) == -1
	    ? -1
	    : 0;
	if (rc == 0 && first)
		tell(job);
	if (rc == 0)
		rc = climb(job, &pre, out, err);
	gsp_preflight_release(&pre);
	return rc;
}
