#include "gsp/takeover.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/num.h"
#include "gsp/ledger.h"
#include "gsp/moved.h"
#include "gsp/owner.h"
#include "gsp/run.h"
#include "gsp/sync.h"
#include "linode/catalogue.h"
#include "linode/event.h"
#include "linode/firewall.h"
#include "linode/instance.h"

#include "base/banned.h"

#define HASH_DIGITS 40
#define STEP        "take-over"

/* What is known of the machine, and what will be written. */
struct takeover {
	struct gsp_job *job;
	gsp_takeover_confirm *confirm;
	void *ctx;
	struct gsp_instance it;
	uint64_t after_event;
	char session[33];         /* as its tags say */
	char hash40[HASH_DIGITS + 1];
	struct gsp_remote *owner; /* logged in with an owner's key */
	struct gsp_hello hello;
	struct gsp_marker want;   /* the marker as it will be */
	bool refetch;             /* its save is in the other home's history alone */
	struct gsp_server_conf *conf; /* the session's settings; borrowed, unless there is none */
	bool conf_own;
	char from[9];             /* the home that has it now; ours when state/ was lost */
};

static int
ask(struct takeover *t, const char *what, struct gsp_err *err)
{
	return t->confirm == NULL ? 0 : t->confirm(t->ctx, what, err);
}

/* ---- what is there ---- */

static int
lacks(struct takeover *t, const char *tag, struct gsp_err *err)
{
	return gsp_err_set(err, GSP_EREFUSED,
	    "the machine '%s' (id %" PRIu64 ") does not carry the tag '%s': gsp did not make it for "
	    "this server, or somebody changed its tags", t->it.label, t->it.id, tag);
}

static int
read_tags(struct takeover *t, struct gsp_err *err)
{
	const char *server = gsp_instance_tag(&t->it, "gsp-server:");
	const char *session = gsp_instance_tag(&t->it, "gsp-session:");
	const char *hash = gsp_instance_tag(&t->it, "gsp-hk:");
	const char *home = gsp_instance_tag(&t->it, "gsp-home:");

	if (!gsp_instance_has_tag(&t->it, "gsp"))
		return lacks(t, "gsp", err);
	if (home == NULL || strlen(home) >= sizeof(t->from))
		return lacks(t, "gsp-home:ID", err);
	if (server == NULL || strcasecmp(server, t->job->server) != 0)
		return lacks(t, "gsp-server:NAME", err);
	if (session == NULL || session[0] == '\0' || strlen(session) >= sizeof(t->session) ||
	    strspn(session, "abcdefghijklmnopqrstuvwxyz0123456789") != strlen(session))
		return lacks(t, "gsp-session:ID", err);
	if (hash == NULL || strlen(hash) != HASH_DIGITS ||
	    strspn(hash, "0123456789abcdefABCDEF") != HASH_DIGITS)
		return lacks(t, "gsp-hk:HASH", err);
	if (t->it.ntags >= GSP_LINODE_TAGS_MAX)
		return gsp_err_set(err, GSP_ELIMIT, "the machine '%s' has too many tags", t->it.label);
	snprintf(t->from, sizeof(t->from), "%s", home);
	snprintf(t->session, sizeof(t->session), "%s", session);
	snprintf(t->hash40, sizeof(t->hash40), "%s", hash);
	return 0;
}

static int
find(struct takeover *t, struct gsp_err *err)
{
	struct gsp_job *job = t->job;
	char label[65];

	snprintf(label, sizeof(label), "gsp-%s", job->server);
	if (gsp_job_api(job, err) == -1)
		return -1;
	if (gsp_instance_find(job->api, label, &t->it, err) == -1) {
		if (err->code != GSP_ENOTFOUND)
			return -1;
		return gsp_err_set(err, GSP_EREFUSED, "there is no machine '%s' to take over; 'gsp status "
		    "%s' tells what is known of it here", label, job->server);
	}
	if (t->it.status == GSP_LS_DELETING)
		return gsp_err_set(err, GSP_ETEMP, "the machine '%s' is being deleted", label);
	if (read_tags(t, err) == -1)
		return -1;
	if (job->session != NULL && strcmp(job->session->id, t->session) != 0)
		return gsp_err_set(err, GSP_EREFUSED, "this home has a session of '%s' of its own, %s, and "
		    "the machine '%s' is of session %s; 'gsp status %s' tells how to end the one here "
		    "first", job->server, job->session->id, label, t->session, job->server);
	return 0;
}

static int
wake(struct takeover *t, int64_t *ssh_deadline, struct gsp_err *err)
{
	struct gsp_job *job = t->job;
	int64_t deadline;

	*ssh_deadline = 0;
	if (gsp_event_newest_id(job->api, &t->after_event, err) == -1)
		return -1;
	if (t->it.status == GSP_LS_OFFLINE &&
	    (ask(t, "its machine is off, and will be booted", err) == -1 ||
	        gsp_instance_boot(job->api, t->it.id, err) == -1))
		return -1;
	if (t->it.status == GSP_LS_RUNNING)
		return 0;
	gsp_steps_update(job->steps, job->server, STEP, -1, 0, 0, "waiting until %s runs",
	    t->it.label);
	deadline = gsp_now_ms() + t->conf->timeouts.create_s * 1000;
	if (gsp_instance_wait_running(job->api, t->it.id, t->after_event, deadline, 0, NULL, NULL,
	        &t->it, err) == -1)
		return -1;
	*ssh_deadline = gsp_now_ms() + t->conf->timeouts.ssh_s * 1000;
	return 0;
}

static int
check_marker(struct takeover *t, struct gsp_err *err)
{
	const struct gsp_session *s = t->job->session;
	const struct gsp_marker *m = &t->hello.marker;

	if (!t->hello.has_marker)
		return gsp_err_set(err, GSP_EREFUSED,
		    "machine '%s' has no marker: either it was never finished, and can be deleted in the "
		    "Linode manager, or somebody removed it; look with 'ssh root@%s' and a key of "
		    "ssh_keys", t->it.label, t->it.ipv4);
	if (strcmp(m->server, t->job->server) != 0 || strcmp(m->session, t->session) != 0)
		return gsp_err_set(err, GSP_EREFUSED,
		    "machine '%s' says that it is of server '%s', session %s; its tags say '%s', %s",
		    t->it.label, m->server, m->session, t->job->server, t->session);
	if (strcmp(m->home, t->job->home->id) != 0) /* it decides, whatever the tags say */
		snprintf(t->from, sizeof(t->from), "%s", m->home);
	else if (strcasecmp(t->from, m->home) == 0 && s != NULL && s->taking_from[0] != '\0')
		memcpy(t->from, s->taking_from, sizeof(t->from)); /* cut off after both */
	return 0;
}

/* Another `dir` in this home's server.yaml would bring home, and prove, the wrong files. */
static int
check_dir(struct takeover *t, struct gsp_err *err)
{
	char user[64];

	if (t->hello.marker.state == GSP_MARK_FRESH)
		return 0;
	if (gsp_owner_of(t->owner, t->conf->dir, user, err) == -1)
		return -1;
	if (strcmp(user, t->conf->user) == 0)
		return 0;
	return gsp_err_set(err, GSP_EREFUSED,
	    "server.yaml of '%s' says that its files are in '%s' and belong to '%s'; on machine '%s' "
	    "%s%s%s: use the server.yaml that the machine was made with", t->job->server,
	    t->conf->dir, t->conf->user, t->it.label,
	    user[0] != '\0' ? "they belong to '" : "there is no such directory", user,
	    user[0] != '\0' ? "'" : "");
}

static bool
known_save(struct takeover *t, const struct gsp_history *h)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_gen g;
	uint64_t n = t->hello.marker.saved;

	return gsp_history_has(h, n) && gsp_history_info(h, n, &g, &ignored) == 0 &&
	    strcmp(g.session, t->session) == 0;
}

/* Numbers are a home's own: another home's 41 is not ours. */
static bool
known_base(struct takeover *t, const struct gsp_history *h)
{
	const struct gsp_session *s = t->job->session;
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_gen g;
	uint64_t n = t->hello.marker.base;

	if (!gsp_history_has(h, n) || gsp_history_info(h, n, &g, &ignored) == -1)
		return false;
	return strcmp(g.home, t->hello.marker.home) == 0 ||
	    (s != NULL && s->taking_from[0] != '\0' && strcmp(g.home, s->taking_from) == 0);
}

static int
plan_marker(struct takeover *t, struct gsp_err *err)
{
	struct gsp_history *h = NULL;

	if (gsp_sync_history(&h, t->job, t->conf, err) == -1)
		return -1;
	t->want = t->hello.marker;
	snprintf(t->want.home, sizeof(t->want.home), "%s", t->job->home->id);
	if (!known_base(t, h))
		t->want.base = 0;
	if (t->want.state >= GSP_MARK_SAVED && t->want.saved != 0 && !known_save(t, h)) {
		/* the game is stopped and its files are there still */
		t->want.state = GSP_MARK_STOPPING;
		t->want.saved = 0;
		t->refetch = true;
	}
	gsp_history_close(h);
	return 0;
}

static bool
is_ours(const struct takeover *t)
{
	const struct gsp_session *s = t->job->session;
	const struct gsp_marker *m = &t->hello.marker;

	return s != NULL && s->taking_from[0] == '\0' && gsp_moved_home(t->job->home, &t->it) == NULL &&
	    strcmp(m->home, t->want.home) == 0 && m->state == t->want.state && m->base == t->want.base;
}

static int
confirm(struct takeover *t, struct gsp_err *err)
{
	static const char *const words[] = {"nothing was uploaded yet",
	    "the game was never started", "the game was started", "the game was stopped",
	    "its save came home", "it is about to be deleted"};
	bool ours = strcmp(t->from, t->job->home->id) == 0;
	char text[700], span[48];

	snprintf(text, sizeof(text),
	    "machine '%s' (id %" PRIu64 ", %s in %s, %s old) is of %s%s%s; %s%s. Taken over, %s",
	    t->it.label, t->it.id, t->it.type, t->it.region,
	    gsp_num_span(span, sizeof(span), gsp_wall_s() - t->it.created),
	    ours ? "this home, whose state/ does not know it" : "home '", ours ? "" : t->from,
	    ours ? "" : "'", words[t->hello.marker.state],
	    t->refetch ? ", and not to this history: 'gsp down' will bring it here, too" : "",
	    ours ? "it must not be used from a copy of this home any more"
	         : "it is this home's, and that one will refuse to touch it");
	return ask(t, text, err);
}

/* ---- what is written ---- */

static enum gsp_phase
phase_of(const struct takeover *t)
{
	const struct gsp_marker *m = &t->want;
	bool stopped = m->stopped && strcmp(m->boot_id, t->hello.boot_id) == 0;

	switch (m->state) {
	case GSP_MARK_FRESH: return GSP_PHASE_CREATED;
	case GSP_MARK_UPLOADED: return GSP_PHASE_UPLOADED;
	case GSP_MARK_DIRTY:
	case GSP_MARK_STOPPING: return stopped ? GSP_PHASE_STOPPED : GSP_PHASE_RUNNING;
	case GSP_MARK_SAVED: return GSP_PHASE_SAVED;
	case GSP_MARK_CLOSING: return m->saved != 0 ? GSP_PHASE_SAVED : GSP_PHASE_CREATED;
	}
	return GSP_PHASE_RUNNING;
}

static int
set_price(struct takeover *t, struct gsp_session *s, struct gsp_err *err)
{
	struct gsp_plan plan;

	s->hourly_usd = s->monthly_usd = -1;
	if (gsp_plan_get(t->job->api, s->type, s->region, &plan, err) == -1) {
		if (err->code != GSP_EUNAVAIL)
			return -1;
		gsp_steps_warn(t->job->steps, t->job->server, "%s; what this machine costs is not known",
		    err->msg);
		gsp_err_clear(err);
		return 0;
	}
	s->hourly_usd = plan.hourly_usd;
	s->monthly_usd = plan.monthly_usd;
	if (t->it.backups && plan.backup_hourly_usd > 0 && s->hourly_usd >= 0) {
		s->hourly_usd += plan.backup_hourly_usd;
		s->monthly_usd += plan.backup_monthly_usd;
	}
	return 0;
}

static int
fill_session(struct takeover *t, struct gsp_session *s, struct gsp_err *err)
{
	char *host_key = strdup(gsp_ssh_host_key(gsp_remote_ssh(t->owner)));

	if (host_key == NULL)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	free(s->host_key);
	s->host_key = host_key;
	snprintf(s->server, sizeof(s->server), "%s", t->job->server);
	snprintf(s->id, sizeof(s->id), "%s", t->session);
	snprintf(s->actor, sizeof(s->actor), "%s", t->job->actor);
	snprintf(s->label, sizeof(s->label), "%s", t->it.label);
	snprintf(s->region, sizeof(s->region), "%s", t->it.region);
	snprintf(s->type, sizeof(s->type), "%s", t->it.type);
	snprintf(s->ipv4, sizeof(s->ipv4), "%s", t->it.ipv4);
	snprintf(s->ipv6, sizeof(s->ipv6), "%s", t->it.ipv6);
	s->linode_id = t->it.id;
	s->after_event = t->after_event;
	s->created = t->it.created != 0 ? t->it.created : gsp_wall_s();
	s->since = gsp_wall_s();
	s->phase = phase_of(t);
	s->start_intent = t->want.state >= GSP_MARK_DIRTY &&
	    (t->want.state != GSP_MARK_CLOSING || t->want.saved != 0);
	s->ready = false;
	s->base = t->want.base;
	s->saved = t->want.saved;
	return set_price(t, s, err);
}

/* The journal first: whoever is locked out after it, somebody knows the machine. */
static int
write_journal(struct takeover *t, struct gsp_err *err)
{
	struct gsp_job *job = t->job;
	struct gsp_session *s = job->session;
	bool told = s != NULL && s->taking_from[0] != '\0';

	if (s == NULL) {
		if ((s = calloc(1, sizeof(*s))) == NULL)
			return gsp_err_set(err, GSP_ESYS, "out of memory");
		s->conf = t->conf;
		t->conf_own = false;
		job->session = s;
	}
	if (fill_session(t, s, err) == -1 ||
	    (!told && gsp_ledger_add(job->home, s, "take-over", job->actor, err) == -1))
		return -1;
	snprintf(s->taking_from, sizeof(s->taking_from), "%s", t->from);
	return gsp_session_save(s, job->home, err);
}

static int
give_key(struct takeover *t, struct gsp_err *err)
{
	struct gsp_job *job = t->job;
	char *line = NULL;
	int rc;

	rc = gsp_session_login_make(job->home, job->server, err) == -1 ||
	        gsp_session_login_public(&line, job->home, job->server, err) == -1 ||
	        gsp_owner_authorize(t->owner, line, err) == -1
	    ? -1
	    : 0;
	free(line);
	return rc;
}

static int
swap_marker(struct takeover *t, struct gsp_err *err)
{
	const struct gsp_marker *m = &t->hello.marker;

	if (strcmp(m->home, t->want.home) == 0 && m->state == t->want.state &&
	    m->base == t->want.base && m->saved == t->want.saved)
		return 0;
	if (gsp_remote_mark(t->job->remote, m, &t->want, err) == 0)
		return 0;
	if (err->code == GSP_EREFUSED)
		return gsp_err_set(err, GSP_ETEMP, "the marker of '%s' changed while it was read: home "
		    "'%s' is working on it", t->job->server, t->from);
	return -1;
}

/* All tags as they are, but for the home's. */
static void
retag(struct gsp_argv *out, const char (*tags)[51], size_t n, const char *home, bool *same)
{
	size_t homes = 0;

	*same = false;
	for (size_t i = 0; i < n; i++) {
		if (strncasecmp(tags[i], "gsp-home:", 9) != 0) {
			gsp_argv_push(out, tags[i]);
			continue;
		}
		*same = strcasecmp(tags[i] + 9, home) == 0;
		if (homes++ == 0)
			gsp_argv_pushf(out, "gsp-home:%s", home);
	}
	if (homes == 0)
		gsp_argv_pushf(out, "gsp-home:%s", home);
	*same = *same && homes == 1;
}

static int
tag_machine(struct takeover *t, struct gsp_err *err)
{
	struct gsp_job *job = t->job;
	struct gsp_argv tags = GSP_ARGV_INIT;
	struct gsp_instance it;
	bool same;
	int rc = -1;

	if (gsp_instance_get(job->api, t->it.id, &it, err) == -1)
		return -1;
	retag(&tags, it.tags, it.ntags, job->home->id, &same);
	if (!gsp_argv_ok(&tags))
		gsp_err_set(err, GSP_ESYS, "out of memory");
	else if (same)
		rc = 0;
	else if (gsp_instance_set_tags(job->api, it.id, (const char *const *)tags.v, err) == 0 &&
	    gsp_instance_get(job->api, t->it.id, &it, err) == 0)
		rc = gsp_moved_refuse(job, &it, err);
	gsp_argv_release(&tags);
	return rc;
}

static int
tag_firewall(struct takeover *t, struct gsp_err *err)
{
	struct gsp_job *job = t->job;
	struct gsp_argv tags = GSP_ARGV_INIT;
	struct gsp_firewall fw;
	bool same, gsps = false;
	int rc = 0;

	job->session->firewall_id = 0;
	if (gsp_firewall_find(job->api, t->it.label, &fw, err) == -1) {
		if (err->code != GSP_ENOTFOUND)
			return -1;
		gsp_err_clear(err);
		gsp_steps_warn(job->steps, job->server, "there is no firewall '%s'; the machine may be "
		    "without protection", t->it.label);
		return 0;
	}
	for (size_t i = 0; i < fw.ntags; i++)
		gsps = gsps || strncasecmp(fw.tags[i], "gsp-home:", 9) == 0;
	if (!gsps || fw.ntags >= GSP_FIREWALL_TAGS_MAX)
		return 0; /* somebody else's, who gave it this name */
	job->session->firewall_id = fw.id;
	retag(&tags, fw.tags, fw.ntags, job->home->id, &same);
	if (!gsp_argv_ok(&tags))
		rc = gsp_err_set(err, GSP_ESYS, "out of memory");
	else if (!same)
		rc = gsp_firewall_set_tags(job->api, fw.id, (const char *const *)tags.v, err);
	gsp_argv_release(&tags);
	return rc;
}

/* A game that answers was ready before. */
static bool
answers(struct gsp_job *job)
{
	struct gsp_buf out = GSP_BUF_INIT(65536), ports = GSP_BUF_INIT(4096);
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_argv op = GSP_ARGV_INIT;
	int status = 1;

	gsp_run_ports(&ports, job->session->conf);
	gsp_argv_push(&op, "wait-ready");
	gsp_argv_push(&op, "1");
	gsp_argv_push(&op, ports.len > 0 ? gsp_buf_str(&ports) : "-");
	gsp_argv_push(&op, job->session->conf->user);
	if (gsp_remote_ask(job->remote, &op, NULL, 0, &out, &status, &ignored) == -1)
		status = 1;
	gsp_argv_release(&op);
	gsp_buf_release(&out);
	gsp_buf_release(&ports);
	return status == 0;
}

static int
finish(struct takeover *t, struct gsp_err *err)
{
	struct gsp_job *job = t->job;
	struct gsp_session *s = job->session;

	if (s->phase == GSP_PHASE_RUNNING && t->want.state == GSP_MARK_DIRTY)
		s->ready = answers(job);
	s->taking_from[0] = '\0';
	return gsp_session_save(s, job->home, err);
}

static int
take(struct takeover *t, struct gsp_err *err)
{
	struct gsp_job *job = t->job;
	int rc;

	gsp_steps_update(job->steps, job->server, STEP, -1, 0, 0, "making it this home's");
	gsp_job_hangup(job);
	if (give_key(t, err) == -1 || write_journal(t, err) == -1)
		return -1;
	/* over the key we shall live with: if that does not open it, nobody was locked out yet */
	rc = gsp_remote_open(&job->remote, job->home, job->session, 0, err) == -1 ||
	        swap_marker(t, err) == -1 || tag_machine(t, err) == -1 || tag_firewall(t, err) == -1 ||
	        finish(t, err) == -1
	    ? -1
	    : 0;
	if (rc == -1)
		gsp_err_hint(err, "the take-over is not finished: run 'gsp status --take-over %s' again",
		    job->server);
	return rc;
}

static int
takeover(struct takeover *t, bool *already, struct gsp_err *err)
{
	struct gsp_job *job = t->job;
	int64_t ssh_deadline;

	*already = false;
	if (find(t, err) == -1)
		return -1;
	t->conf_own = job->session == NULL;
	if (job->session != NULL)
		t->conf = job->session->conf; /* a session goes on with the settings it began with */
	else if (gsp_server_conf_load(&t->conf, job->home, job->server, err) == -1)
		return -1;
	if (wake(t, &ssh_deadline, err) == -1)
		return -1;
	gsp_steps_update(job->steps, job->server, STEP, -1, 0, 0, "asking %s whose it is",
	    t->it.label);
	if (gsp_owner_open(&t->owner, job->home, &t->it, t->hash40, ssh_deadline, err) == -1 ||
	    gsp_remote_hello(t->owner, "", &t->hello, err) == -1 || check_marker(t, err) == -1 ||
	    check_dir(t, err) == -1 || plan_marker(t, err) == -1)
		return -1;
	if ((*already = is_ours(t)))
		return 0;
	return confirm(t, err) == -1 || take(t, err) == -1 ? -1 : 0;
}

int
gsp_takeover(struct gsp_job *job, gsp_takeover_confirm *confirm_fn, void *ctx,
    struct gsp_err *err)
{
	struct takeover t;
	bool already;
	int rc;

	assert(job->lock_fd >= 0);
	memset(&t, 0, sizeof(t));
	t.job = job;
	t.confirm = confirm_fn;
	t.ctx = ctx;
	gsp_steps_begin(job->steps, job->server, STEP, "looking for its machine");
	rc = takeover(&t, &already, err);
	if (rc == -1)
		gsp_steps_fail(job->steps, job->server, STEP, "%s", err->msg);
	else if (already)
		gsp_steps_done(job->steps, job->server, STEP, "%s is this home's already", t.it.label);
	else if (strcmp(t.from, job->home->id) == 0)
		gsp_steps_done(job->steps, job->server, STEP, "%s is known again", t.it.label);
	else
		gsp_steps_done(job->steps, job->server, STEP, "%s is this home's now; home '%s' refuses to "
		    "touch it ('gsp down %s' there makes it forget the session)", t.it.label, t.from,
		    job->server);
	gsp_remote_close(t.owner);
	if (t.conf_own)
		gsp_server_conf_free(t.conf);
	return rc;
}
