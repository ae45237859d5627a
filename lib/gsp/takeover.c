#include "gsp/takeover.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/num.h"
#include "gsp/lease.h"
#include "gsp/ledger.h"
#include "gsp/moved.h"
#include "gsp/owner.h"
#include "gsp/run.h"
#include "gsp/sync.h"
#include "gsp/witness.h"
#include "linode/event.h"
#include "linode/firewall.h"
#include "linode/instance.h"

#include "base/banned.h"

#define STEP "take-over"

/* What is known of the machine, and what will be written. */
struct takeover {
	struct gsp_job *job;
	const struct gsp_takeover_opts *o;
	struct gsp_witness w;
	uint64_t after_event;
	struct gsp_marker want;   /* the marker as it will be */
	bool refetch;             /* its save is in the other home's history alone */
	struct gsp_server_conf *conf; /* the session's settings; borrowed, unless there is none */
	bool conf_own;
	char from[9];             /* the home that has it now; ours when state/ was lost */
};

static int
ask(struct takeover *t, const char *what, struct gsp_err *err)
{
	return t->o->confirm == NULL ? 0 : t->o->confirm(t->o->ctx, what, err);
}

/* ---- what is there ---- */

/* By its tag: the label was changed. Which of several is meant nobody can tell. */
static int
find_tagged(struct takeover *t, struct gsp_err *err)
{
	struct gsp_instance *list = NULL;
	char tag[51];
	size_t n = 0;

	snprintf(tag, sizeof(tag), "gsp-server:%s", t->job->server);
	if (gsp_instance_list(t->job->api, tag, &list, &n, err) == -1)
		return -1;
	if (n == 1)
		t->w.it = list[0];
	free(list);
	if (n == 1)
		return 0;
	if (n == 0)
		return gsp_err_set(err, GSP_EREFUSED, "there is no machine 'gsp-%s' to take over; 'gsp "
		    "status %s' tells what is known of it here", t->job->server, t->job->server);
	return gsp_err_set(err, GSP_EREFUSED, "%zu machines carry the tag '%s', and none is labelled "
	    "'gsp-%s': give that label to the one that is meant, in the Linode manager", n, tag,
	    t->job->server);
}

static int
find(struct takeover *t, struct gsp_err *err)
{
	struct gsp_job *job = t->job;
	char label[65];

	if (gsp_job_api(job, err) == -1)
		return -1;
	if (t->o->id != 0)
		return gsp_instance_get(job->api, t->o->id, &t->w.it, err);
	snprintf(label, sizeof(label), "gsp-%s", job->server);
	if (gsp_instance_find(job->api, label, &t->w.it, err) == 0)
		return 0;
	if (err->code != GSP_ENOTFOUND)
		return -1;
	gsp_err_clear(err);
	return find_tagged(t, err);
}

static int
check_cloud(struct takeover *t, struct gsp_err *err)
{
	struct gsp_job *job = t->job;
	struct gsp_witness *w = &t->w;

	if (w->it.status == GSP_LS_DELETING)
		return gsp_err_set(err, GSP_ETEMP, "the machine '%s' is being deleted", w->it.label);
	if (gsp_witness_tags(w, err) == -1)
		return -1;
	snprintf(t->from, sizeof(t->from), "%s", w->home);
	if (strcmp(w->server, job->server) != 0)
		return gsp_err_set(err, GSP_EREFUSED, "the machine '%s' (id %" PRIu64 ") carries the tag "
		    "'gsp-server:%s', and not that of '%s'", w->it.label, w->it.id, w->server,
		    job->server);
	if (job->session != NULL && strcmp(job->session->id, w->session) != 0)
		return gsp_err_set(err, GSP_EREFUSED, "this home has a session of '%s' of its own, %s, and "
		    "the machine '%s' is of session %s; 'gsp status %s' tells how to end the one here "
		    "first", job->server, job->session->id, w->it.label, w->session, job->server);
	if (!t->o->rebuild)
		return 0;
	if (strcmp(w->home, job->home->id) != 0)
		return gsp_err_set(err, GSP_EREFUSED, "the machine '%s' is of home '%s'; 'gsp status "
		    "--take-over %s' would make it this home's", w->it.label, w->home, job->server);
	if (w->it.status != GSP_LS_RUNNING)
		return gsp_err_set(err, GSP_EREFUSED, "the machine '%s' does not run (%s), so it cannot be "
		    "asked; 'gsp status --take-over %s' boots it", w->it.label, w->it.status_text,
		    job->server);
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
	if (t->w.it.status == GSP_LS_OFFLINE &&
	    (ask(t, "its machine is off, and will be booted", err) == -1 ||
	        gsp_instance_boot(job->api, t->w.it.id, err) == -1))
		return -1;
	if (t->w.it.status == GSP_LS_RUNNING)
		return 0;
	gsp_steps_update(job->steps, job->server, STEP, -1, 0, 0, "waiting until %s runs",
	    t->w.it.label);
	deadline = gsp_now_ms() + t->conf->timeouts.create_s * 1000;
	if (gsp_instance_wait_running(job->api, t->w.it.id, t->after_event, deadline, 0, NULL, NULL,
	        &t->w.it, err) == -1)
		return -1;
	*ssh_deadline = gsp_now_ms() + t->conf->timeouts.ssh_s * 1000;
	return 0;
}

/* The marker decides whose it is, whatever the tags say. */
static int
check_home(struct takeover *t, struct gsp_err *err)
{
	const struct gsp_session *s = t->job->session;
	const struct gsp_marker *m = &t->w.hello.marker;

	if (strcmp(m->home, t->job->home->id) != 0) {
		snprintf(t->from, sizeof(t->from), "%s", m->home);
		if (t->o->rebuild)
			return gsp_err_set(err, GSP_EREFUSED, "the machine '%s' carries this home's tag, and "
			    "says that it is of home '%s'; 'gsp status --take-over %s' would make it this "
			    "home's", t->w.it.label, m->home, t->job->server);
	} else if (strcmp(t->from, m->home) == 0 && s != NULL && s->taking_from[0] != '\0')
		memcpy(t->from, s->taking_from, sizeof(t->from)); /* cut off after both */
	return 0;
}

static bool
known_save(struct takeover *t, const struct gsp_history *h)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_gen g;
	uint64_t n = t->w.hello.marker.saved;

	return gsp_history_has(h, n) && gsp_history_info(h, n, &g, &ignored) == 0 &&
	    strcmp(g.session, t->w.session) == 0;
}

/* Numbers are a home's own: another home's 41 is not ours. */
static bool
known_base(struct takeover *t, const struct gsp_history *h)
{
	const struct gsp_session *s = t->job->session;
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_gen g;
	uint64_t n = t->w.hello.marker.base;

	if (!gsp_history_has(h, n) || gsp_history_info(h, n, &g, &ignored) == -1)
		return false;
	return strcmp(g.home, t->w.hello.marker.home) == 0 ||
	    (s != NULL && s->taking_from[0] != '\0' && strcmp(g.home, s->taking_from) == 0);
}

static int
plan_marker(struct takeover *t, struct gsp_err *err)
{
	struct gsp_history *h = NULL;

	if (gsp_sync_history(&h, t->job, t->conf, err) == -1)
		return -1;
	t->want = t->w.hello.marker;
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
	const struct gsp_marker *m = &t->w.hello.marker;

	return s != NULL && s->taking_from[0] == '\0' && gsp_moved_home(t->job->home, &t->w.it) == NULL &&
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
	    t->w.it.label, t->w.it.id, t->w.it.type, t->w.it.region,
	    gsp_num_span(span, sizeof(span), gsp_wall_s() - t->w.it.created),
	    ours ? "this home, whose state/ does not know it" : "home '", ours ? "" : t->from,
	    ours ? "" : "'", words[t->w.hello.marker.state],
	    t->refetch ? ", and not to this history: 'gsp down' will bring it here, too" : "",
	    ours ? "it must not be used from a copy of this home any more"
	         : "it is this home's, and that one will refuse to touch it");
	return ask(t, text, err);
}

/* ---- what is written ---- */

/* A machine that is known again may be in the ledger still, or have been added to it by a status. */
static int
write_line(struct takeover *t, const struct gsp_session *s, struct gsp_err *err)
{
	const struct gsp_home *h = t->job->home;
	const struct gsp_ledger_session *known;
	struct gsp_ledger l;
	bool runs;

	if (!t->o->rebuild)
		return gsp_ledger_add(h, s, "take-over", t->job->actor, err);
	if (gsp_ledger_read_of(&l, h, s->server, NULL, NULL, err) == -1)
		return -1;
	known = gsp_ledger_find(&l, s->id);
	runs = known != NULL && known->bought && known->end == NULL && !known->unwritten;
	gsp_ledger_release(&l);
	return runs ? 0 : gsp_ledger_add(h, s, "create", t->job->actor, err);
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
	s->after_event = t->after_event;
	if (gsp_witness_fill(&t->w, job, &t->want, s, err) == -1 ||
	    (!told && write_line(t, s, err) == -1))
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
	        gsp_owner_authorize(t->w.remote, line, err) == -1
	    ? -1
	    : 0;
	free(line);
	return rc;
}

static int
swap_marker(struct takeover *t, struct gsp_err *err)
{
	const struct gsp_marker *m = &t->w.hello.marker;

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

	if (gsp_instance_get(job->api, t->w.it.id, &it, err) == -1)
		return -1;
	retag(&tags, it.tags, it.ntags, job->home->id, &same);
	if (!gsp_argv_ok(&tags))
		gsp_err_set(err, GSP_ESYS, "out of memory");
	else if (same)
		rc = 0;
	else if (gsp_instance_set_tags(job->api, it.id, (const char *const *)tags.v, err) == 0 &&
	    gsp_instance_get(job->api, t->w.it.id, &it, err) == 0)
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
	if (gsp_firewall_find(job->api, t->w.it.label, &fw, err) == -1) {
		if (err->code != GSP_ENOTFOUND)
			return -1;
		gsp_err_clear(err);
		gsp_steps_warn(job->steps, job->server, "there is no firewall '%s'; the machine may be "
		    "without protection", t->w.it.label);
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
	if (gsp_lease_begin(job->home, s, &t->w.it, true, job->actor, err) == -1)
		return -1;
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
		gsp_err_hint(err, "that is not finished: run 'gsp status %s%s' again",
		    t->o->rebuild ? "--rebuild " : "--take-over ", job->server);
	return rc;
}

static int
takeover(struct takeover *t, bool *already, struct gsp_err *err)
{
	struct gsp_job *job = t->job;
	int64_t ssh_deadline;

	*already = false;
	if (find(t, err) == -1 || check_cloud(t, err) == -1)
		return -1;
	t->conf_own = job->session == NULL;
	if (job->session != NULL)
		t->conf = job->session->conf; /* a session goes on with the settings it began with */
	else if (gsp_server_conf_load(&t->conf, job->home, job->server, err) == -1)
		return -1;
	if (wake(t, &ssh_deadline, err) == -1)
		return -1;
	gsp_steps_update(job->steps, job->server, STEP, -1, 0, 0, "asking %s whose it is",
	    t->w.it.label);
	if (gsp_witness_open(&t->w, job->home, ssh_deadline, err) == -1 || check_home(t, err) == -1 ||
	    gsp_witness_check_dir(&t->w, t->conf, err) == -1 || plan_marker(t, err) == -1)
		return -1;
	if ((*already = is_ours(t)))
		return 0;
	return confirm(t, err) == -1 || take(t, err) == -1 ? -1 : 0;
}

int
gsp_takeover(struct gsp_job *job, const struct gsp_takeover_opts *o, struct gsp_err *err)
{
	struct takeover t;
	bool already;
	int rc;

	assert(job->lock_fd >= 0);
	memset(&t, 0, sizeof(t));
	t.job = job;
	t.o = o;
	gsp_steps_begin(job->steps, job->server, STEP, "looking for its machine");
	rc = takeover(&t, &already, err);
	if (rc == -1)
		gsp_steps_fail(job->steps, job->server, STEP, "%s", err->msg);
	else if (already)
		gsp_steps_done(job->steps, job->server, STEP, "%s is this home's already", t.w.it.label);
	else if (strcmp(t.from, job->home->id) == 0)
		gsp_steps_done(job->steps, job->server, STEP, "%s is known again", t.w.it.label);
	else
		gsp_steps_done(job->steps, job->server, STEP, "%s is this home's now; home '%s' refuses to "
		    "touch it ('gsp down %s' there makes it forget the session)", t.w.it.label, t.from,
		    job->server);
	gsp_witness_release(&t.w);
	if (t.conf_own)
		gsp_server_conf_free(t.conf);
	return rc;
}
