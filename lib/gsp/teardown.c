#include "gsp/teardown.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"
#include "gsp/create.h"
#include "gsp/dns.h"
#include "gsp/history.h"
#include "gsp/ledger.h"
#include "gsp/moved.h"
#include "gsp/offer.h"
#include "gsp/reconcile.h"
#include "gsp/run.h"
#include "gsp/sync.h"
#include "linode/firewall.h"
#include "linode/instance.h"
#include "sys/sig.h"

#include "base/banned.h"

#define LATE_MS 40000  /* how long a machine may take to show whose create answer was lost */

static int
refuse(struct gsp_job *job, const char *why, struct gsp_err *err)
{
	if (job->stray != 0)
		return gsp_err_set(err, GSP_EREFUSED, "%s; nothing was deleted: 'gsp status --take-over %s' "
		    "and then 'gsp down %s' bring the save home first ('gsp teardown --stray %" PRIu64
		    " --discard-unsaved' gives it up for good)", why, job->server, job->server, job->stray);
	return gsp_err_set(err, GSP_EREFUSED, "%s; nothing was deleted: 'gsp down %s' brings the save "
	    "home first ('gsp teardown %s --discard-unsaved' gives it up for good)", why, job->server,
	    job->server);
}

/* The generation the machine calls home is whole, and here, and of this session. */
static int
check_saved(struct gsp_job *job, uint64_t n, struct gsp_err *err)
{
	struct gsp_history *h = NULL;
	struct gsp_gen gen;
	int rc = -1;

	if (gsp_sync_history(&h, job, job->session->conf, err) == -1)
		return -1;
	if (!gsp_history_has(h, n))
		refuse(job, "the machine says its save is home, but history/ does not have it", err);
	else if (gsp_history_info(h, n, &gen, err) == 0) {
		if (strcmp(gen.session, job->session->id) != 0)
			refuse(job, "the generation the machine names is of another session", err);
		else if (gen.kind != GSP_GEN_DOWN && gen.kind != GSP_GEN_KILLED)
			refuse(job, "the generation the machine names is no save that was proven after a "
			    "stop", err);
		else
			rc = 0;
	}
	gsp_history_close(h);
	return rc;
}

static int
read_back(struct gsp_job *job, const struct gsp_marker *want, struct gsp_err *err)
{
	struct gsp_hello hello;

	if (gsp_remote_hello(job->remote, "", &hello, err) == -1)
		return -1;
	if (!hello.has_marker || strcmp(hello.marker.text, want->text) != 0)
		return gsp_err_set(err, GSP_EREFUSED, "the marker of '%s' is not what was written; "
		    "nothing was deleted", job->server);
	return 0;
}

/* What the agent found in the way of `closing`, as one sentence. */
static int
closing_refused(struct gsp_job *job, const char *text, const char *said, struct gsp_err *err)
{
	char first[300];
	size_t n;

	snprintf(first, sizeof(first), "%.280s", text);
	for (n = strlen(first); n > 0 && first[n - 1] == '\n';)
		first[--n] = '\0';
	for (char *p = first; (p = strchr(p, '\n')) != NULL;)
		*p = ',';
	if (first[0] == '\0')
		snprintf(first, sizeof(first), "%.280s", said);
	if (job->stray != 0)
		return gsp_err_set(err, GSP_EREFUSED, "machine %" PRIu64 " was used after its save came "
		    "home (%.280s); nothing was deleted: 'gsp status --take-over %s' and then 'gsp down "
		    "%s' save it once more", job->stray, first, job->server, job->server);
	return gsp_err_set(err, GSP_EREFUSED, "'%s' was used after its save came home (%.280s); "
	    "nothing was deleted: 'gsp down %s' saves it once more", job->server, first, job->server);
}

/* A run that was killed may have asked for the very same, and the machine did it after we had
 * looked: then it is permitted. */
static bool
closed_meanwhile(struct gsp_job *job, const struct gsp_marker *want)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_hello hello;

	return gsp_remote_hello(job->remote, "", &hello, &ignored) == 0 && hello.has_marker &&
	    gsp_remote_ours(&hello, job->home, job->session, &ignored) == 0 &&
	    hello.marker.state == GSP_MARK_CLOSING && hello.marker.saved == want->saved;
}

static int
close_marker(struct gsp_job *job, const struct gsp_hello *hello, struct gsp_err *err)
{
	const struct gsp_server_conf *c = job->session->conf;
	struct gsp_buf out = GSP_BUF_INIT(1024 * 1024), ports = GSP_BUF_INIT(4096);
	struct gsp_argv op = GSP_ARGV_INIT;
	struct gsp_marker m = hello->marker;
	int status, rc;

	m.state = GSP_MARK_CLOSING;
	gsp_marker_print(&m);
	/* a machine on which nothing was started has no save to compare with: only the swap */
	gsp_argv_push(&op, hello->marker.state == GSP_MARK_SAVED ? "close" : "mark");
	gsp_argv_push(&op, hello->marker.text);
	gsp_argv_push(&op, m.text);
	if (hello->marker.state == GSP_MARK_SAVED) {
		gsp_run_ports(&ports, c);
		gsp_argv_push(&op, c->user);
		gsp_argv_push(&op, c->dir);
		gsp_argv_push(&op, ports.len > 0 ? gsp_buf_str(&ports) : "-");
		for (size_t i = 0; i < c->exclude.n; i++)
			gsp_argv_push(&op, c->exclude.v[i]);
		for (size_t i = 0; i < c->push.n; i++)
			gsp_argv_push(&op, c->push.v[i]);
	}
	rc = gsp_remote_ask(job->remote, &op, NULL, 0, &out, &status, err);
	if (rc == 0 && status == 0)
		rc = read_back(job, &m, err);
	else if (rc == 0 && !closed_meanwhile(job, &m))
		rc = closing_refused(job, gsp_buf_str(&out), err->msg, err);
	gsp_argv_release(&op);
	gsp_buf_release(&out);
	gsp_buf_release(&ports);
	return rc;
}

/* The machine answers: its marker decides. */
int
gsp_teardown_permit(struct gsp_job *job, struct gsp_err *err)
{
	struct gsp_hello hello;

	if (gsp_remote_hello(job->remote, "", &hello, err) == -1)
		return -1;
	if (!hello.has_marker && !job->session->start_intent)
		return 0; /* never got as far as its first marker */
	if (gsp_remote_ours(&hello, job->home, job->session, err) == -1)
		return -1;
	switch (hello.marker.state) {
	case GSP_MARK_FRESH:
	case GSP_MARK_UPLOADED: return close_marker(job, &hello, err);
	case GSP_MARK_DIRTY: return refuse(job, "the game was started and its save is not home", err);
	case GSP_MARK_STOPPING: return refuse(job, "the save is not home yet", err);
	case GSP_MARK_SAVED:
		if (check_saved(job, hello.marker.saved, err) == -1)
			return -1;
		return close_marker(job, &hello, err);
	case GSP_MARK_CLOSING:
		return hello.marker.saved == 0 ? 0 : check_saved(job, hello.marker.saved, err);
	}
	return gsp_err_set(err, GSP_EBUG, "unknown marker state");
}

/* Can the machine be asked? Decides by itself for one that cannot. */
static int
reach(struct gsp_job *job, struct gsp_err *err)
{
	struct gsp_session *s = job->session;
	char why[300];

	if (s->phase == GSP_PHASE_DELETING)
		return 0; /* permitted before, on disk: finish it */
	if (gsp_job_remote(job, err) == 0)
		return 0;
	if (err->code == GSP_ECANCEL)
		return -1;
	if (!s->start_intent) {
		gsp_steps_warn(job->steps, job->server, "the machine cannot be reached (%s); nothing was "
		    "ever started on it, so nothing is lost", err->msg);
		gsp_err_clear(err);
		return 0;
	}
	if (s->phase == GSP_PHASE_SAVED) {
		snprintf(why, sizeof(why), "%.280s", err->msg);
		return gsp_err_set(err, GSP_EREFUSED, "the machine cannot be reached (%s), so nobody can tell "
		    "whether it was used after generation %" PRIu64 " came home; nothing was deleted, and it "
		    "costs: 'gsp down %s' asks again ('gsp teardown %s --discard-unsaved' deletes it all the "
		    "same)", why, s->saved, job->server, job->server);
	}
	snprintf(why, sizeof(why), "the machine cannot be reached (%.220s) and its save is not proven "
	    "home", err->msg);
	return refuse(job, why, err);
}

int
gsp_teardown_firewall(struct gsp_job *job, struct gsp_err *err)
{
	struct gsp_firewall fw;
	char own[32], label[65];
	size_t i;

	snprintf(label, sizeof(label), "gsp-%s", job->server);
	if (gsp_firewall_find(job->api, label, &fw, err) == -1) {
		if (err->code != GSP_ENOTFOUND)
			return -1;
		gsp_err_clear(err);
		return 0;
	}
	snprintf(own, sizeof(own), "gsp-home:%s", job->home->id);
	for (i = 0; i < fw.ntags; i++)
		if (strcmp(fw.tags[i], own) == 0)
			break;
	if (i == fw.ntags || fw.ndevices > 0)
		return 0; /* not this home's, or it protects something else */
	return gsp_firewall_delete(job->api, fw.id, err);
}

/* A machine that the journal calls ours: by id, or by label when the answer was lost. */
static int
find_machine(struct gsp_job *job, struct gsp_instance *it, struct gsp_err *err)
{
	struct gsp_session *s = job->session;
	int64_t until = gsp_now_ms() + LATE_MS;
	const char *tag;

	if (s->linode_id != 0)
		return gsp_instance_get(job->api, s->linode_id, it, err);
	/* a create call that was just made may show up late: it must not be forgotten. When it was
	 * made our clock alone knows, and that may have been set since: so always wait. */
	while (gsp_instance_find(job->api, s->label, it, err) == -1) {
		if (err->code != GSP_ENOTFOUND || s->phase != GSP_PHASE_POSTING || gsp_now_ms() > until)
			return -1;
		if (gsp_sleep_ms(3000, err) == -1)
			return -1;
	}
	tag = gsp_instance_tag(it, "gsp-session:");
	if (tag == NULL || strcmp(tag, s->id) != 0)
		return gsp_err_set(err, GSP_ENOTFOUND, "the machine '%s' is not this session's", it->label);
	s->linode_id = it->id;
	if (it->created != 0)
		s->created = it->created;
	snprintf(s->ipv4, sizeof(s->ipv4), "%s", it->ipv4);
	/* who bought it died before saying so; the line first, as in provision */
	return gsp_ledger_add(job->home, s, "create", job->actor, err) == -1
	    ? -1
	    : gsp_session_save(s, job->home, err);
}

static int
finish(struct gsp_job *job, const char *why, struct gsp_err *err)
{
	struct gsp_session *s = job->session;
	uint64_t hours;
	double usd;
	char span[48], money[24];

	gsp_session_cost(s, gsp_wall_s(), &hours, &usd);
	if (gsp_teardown_firewall(job, err) == -1 ||
	    gsp_ledger_add(job->home, s, strcmp(why, "discarded") == 0 ? "discard" : "delete",
	        job->actor, err) == -1 ||
	    gsp_session_end(s, job->home, why, err) == -1)
		return -1;
	if (s->linode_id == 0)
		gsp_steps_done(job->steps, job->server, "teardown", "no machine was ever created");
	else
		gsp_steps_done(job->steps, job->server, "teardown", "%s is deleted; %s, %" PRIu64
		    " started hour%s, %s", s->label,
		    gsp_num_span(span, sizeof(span), (s->ended != 0 ? s->ended : gsp_wall_s()) - s->created),
		    hours, hours == 1 ? "" : "s", gsp_num_usd(money, sizeof(money), usd));
	gsp_session_free(s);
	job->session = NULL;
	return 0;
}

/* What was looked up before the machine was asked may have changed meanwhile: another home may
 * have taken it over, and a machine that did not answer us may have answered that one. */
static int
still_ours(struct gsp_job *job, struct gsp_err *err)
{
	struct gsp_instance it;
	const char *tag;

	if (gsp_instance_get(job->api, job->session->linode_id, &it, err) == -1) {
		if (err->code != GSP_ENOTFOUND)
			return -1;
		gsp_err_clear(err); /* gone already: so the delete will find */
		return 0;
	}
	if (gsp_moved_refuse(job, &it, err) == -1)
		return -1;
	tag = gsp_instance_tag(&it, "gsp-session:");
	if (tag != NULL && strcmp(tag, job->session->id) != 0)
		return gsp_err_set(err, GSP_EREFUSED, "the machine '%s' carries the tag of session '%s' "
		    "now, not of '%s'; nothing was deleted", it.label, tag, job->session->id);
	return 0;
}

static int
moved(struct gsp_job *job, const struct gsp_instance *it, struct gsp_err *err)
{
	if (gsp_moved_forget(job, it, err) == -1)
		return -1;
	gsp_steps_done(job->steps, job->server, "teardown", "this home has no machine any more");
	return 0;
}

/* The API does not answer, and whoever reads this wants to know what becomes of the bill. */
static int
unknown(struct gsp_job *job, struct gsp_err *err)
{
	if (err->code == GSP_ETEMP && job->session->phase >= GSP_PHASE_POSTING)
		gsp_err_hint(err, "the machine may still cost: 'gsp down %s' goes on from here",
		    job->server);
	return -1;
}

/* Nobody is sent to an address that somebody else will have. But no name is worth a bill: what
 * fails is told, kept, and tried again by whoever comes next. -1: a signal. */
static int
clear_name(struct gsp_job *job, struct gsp_err *err)
{
	if (gsp_dns_clear(job, err) == 0)
		return 0;
	if (err->code == GSP_ECANCEL)
		return -1;
	gsp_steps_warn(job->steps, job->server, "%s; 'gsp down %s' tries it again", err->msg, job->server);
	gsp_err_clear(err);
	return 0;
}

/* From the marker's last word to the answer of the delete call. */
static int
close_and_ask(struct gsp_job *job, bool discard, struct gsp_err *err)
{
	struct gsp_session *s = job->session;

	if (!discard && s->phase != GSP_PHASE_DELETING && job->remote != NULL &&
	    gsp_teardown_permit(job, err) == -1)
		return -1;
	if (still_ours(job, err) == -1)
		return unknown(job, err);
	if (discard && gsp_ledger_add(job->home, s, "discard-unsaved", job->actor, err) == -1)
		return -1;
	gsp_job_hangup(job);
	if (gsp_session_phase(s, job->home, GSP_PHASE_DELETING, err) == -1 || clear_name(job, err) == -1)
		return -1;
	gsp_steps_update(job->steps, job->server, "teardown", -1, 0, 0, "deleting %s", s->label);
	if (gsp_instance_delete_ask(job->api, s->linode_id, s->label, err) == 0)
		return 0;
	if (err->code != GSP_ETEMP) /* that is asked again below */
		return gsp_err_hint(err, "the machine may still cost: run 'gsp teardown %s' again",
		    job->server);
	gsp_err_clear(err);
	return 0;
}

/* That this computer knows of no machine does not mean that there is none. */
static int
no_session(struct gsp_job *job, struct gsp_err *err)
{
	if (gsp_job_api(job, err) == -1)
		return -1;
	if (gsp_create_vacant(job, err) == -1) {
		if (err->code != GSP_EREFUSED || err->detail != GSP_CREATE_NOBODYS)
			return -1;
		gsp_err_clear(err); /* a machine that only has such a label */
	}
	/* an 'up' that died before its journal may have made a key, which opens nothing */
	if (gsp_session_login_remove(job->home, job->server, err) == -1 || clear_name(job, err) == -1)
		return -1;
	return gsp_teardown_firewall(job, err);
}

static int
teardown(struct gsp_job *job, bool discard, struct gsp_err *err)
{
	struct gsp_session *s = job->session;
	struct gsp_instance it;
	int rc;

	if (gsp_job_api(job, err) == -1)
		return -1;
	if (find_machine(job, &it, err) == -1) {
		if (err->code != GSP_ENOTFOUND ||
		    (!discard && gsp_session_check_here(s, job->home, err) == -1))
			return unknown(job, err);
		if (s->start_intent && s->phase < GSP_PHASE_SAVED && !discard) {
			gsp_offer_lost(job->home, job->server, s->id, err);
			return gsp_err_hint(err, "'gsp teardown %s --discard-unsaved' only forgets it",
			    job->server);
		}
		gsp_err_clear(err);
		if (clear_name(job, err) == -1)
			return -1;
		gsp_reconcile_end(job); /* hours since then cost nothing */
		if (s->linode_id != 0)
			return finish(job, "deleted", err);
		/* nor does it prove that nobody else made one of this name meanwhile: "down" that says
		 * nothing of it would be a lie */
		return finish(job, "never created", err) == -1 ? -1 : no_session(job, err);
	}
	if (gsp_moved_home(job->home, &it) != NULL && (discard || s->taking_from[0] == '\0'))
		return moved(job, &it, err);
	if (gsp_job_need_whole(job, err) == -1)
		return -1;
	if (it.locked_delete)
		return gsp_err_set(err, GSP_EREFUSED, "the machine '%s' is locked against deletion in "
		    "the Linode manager; unlock it there", s->label);
	if (!discard && reach(job, err) == -1)
		return -1;
	/* a machine that has been told it is closing is of no use to anybody: then ask for its end */
	gsp_sig_hold();
	rc = close_and_ask(job, discard, err);
	gsp_sig_release();
	if (rc == -1)
		return -1;
	if (gsp_instance_delete(job->api, s->linode_id, s->label,
	        gsp_now_ms() + GSP_TEARDOWN_GONE_MS, err) == -1) {
		gsp_err_hint(err, "the machine may still cost: run 'gsp teardown %s' again",
		    job->server);
		return -1;
	}
	return finish(job, discard ? "discarded" : "deleted", err);
}

int
gsp_teardown(struct gsp_job *job, bool discard, struct gsp_err *err)
{
	bool had = job->session != NULL;
	int rc;

	assert(job->lock_fd >= 0);
	gsp_steps_begin(job->steps, job->server, "teardown", "asking the machine whether its save is "
	    "home");
	if (job->session == NULL)
		rc = no_session(job, err);
	else
		rc = teardown(job, discard, err);
	if (rc == 0 && job->session == NULL && !had)
		gsp_steps_done(job->steps, job->server, "teardown", "there is no machine");
	if (rc == -1)
		gsp_steps_fail(job->steps, job->server, "teardown", "%s", err->msg);
	return rc;
}
