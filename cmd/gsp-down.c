/* gsp-down: the end of an evening: stop the game, bring the save home, delete the machine. */
#include <inttypes.h>
#include <stdio.h>

#include "ask_players.h"
#include "base/clock.h"
#include "base/num.h"
#include "gsp/down_time.h"
#include "gsp/lease.h"
#include "gsp/moved.h"
#include "gsp/notice.h"
#include "linode/instance.h"
#include "tool.h"

#include "base/banned.h"

#define NOT_ASKED UINT64_MAX /* --unless-extended is not there */

struct down {
	bool kill, accept;
	struct ask_players ask;
	uint64_t lease_was; /* epoch seconds; NOT_ASKED */
	int64_t began_ms;      /* when the stop of the server at hand began */
	struct gsp_argv after; /* the servers that are down now */
};

/* Why a machine does not answer: gone for good, there is nothing to try again; off, it has to be
 * booted first. */
enum whereabouts { UNKNOWN, GONE, OFF };

static enum whereabouts
look(struct gsp_job *job)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_instance it;

	if (gsp_job_api(job, &ignored) == -1)
		return UNKNOWN;
	if (gsp_instance_get(job->api, job->session->linode_id, &it, &ignored) == -1)
		return ignored.code == GSP_ENOTFOUND ? GONE : UNKNOWN;
	return it.status == GSP_LS_OFFLINE ? OFF : UNKNOWN;
}

static void
tell_stopping(struct tool *t, const struct gsp_job *job)
{
	struct gsp_buf text = GSP_BUF_INIT(512);

	if (job->session->phase >= GSP_PHASE_STOPPED)
		return;
	gsp_buf_addf(&text, "%s is stopping (asked by %s)", job->server,
	    gsp_notice_who(t->cli.actor));
	gsp_notice(t->home, job->server, job->session->id, GSP_NOTICE_STOPPING, gsp_buf_str(&text));
	gsp_buf_release(&text);
}

/* Whoever decided that its time is over did so before we had the lock: a lease that ends later by
 * now was granted to somebody. One that cannot be read grants nothing. */
static int
refuse_extended(struct tool *t, struct gsp_job *job, struct down *d, struct gsp_err *err)
{
	struct gsp_err unread = GSP_ERR_INIT;
	char when[GSP_LEASE_TEXT];
	struct gsp_lease l;

	if (d->lease_was == NOT_ASKED || d->lease_was == 0 || !d->ask.runs)
		return 0;
	if (gsp_lease_get_settled(&l, t->home, job->session, t->cli.actor, &unread) == -1) {
		if (unread.code == GSP_ECANCEL)
			*err = unread;
		return unread.code == GSP_ECANCEL ? -1 : 0;
	}
	if (l.until != 0 && l.until <= (int64_t)d->lease_was)
		return 0;
	d->ask.refused = true;
	return gsp_err_set(err, GSP_EREFUSED, "the lease of '%s' was extended meanwhile, %s; nothing was "
	    "stopped", job->server, l.until == 0 ? "without an end"
	                                         : gsp_lease_when(when, sizeof(when), l.until,
	                                               gsp_wall_s()));
}

static int
bring_home(struct tool *t, struct gsp_job *job, struct down *d, struct gsp_err *err)
{
	const char *force = d->kill ? "--kill"
	    : job->session->conf->policy.kill_stuck ? "--kill-stuck" : "--progress=json";

	if (ask_players(t, job, &d->ask, err) == -1 || refuse_extended(t, job, d, err) == -1)
		return -1;
	gsp_job_hangup(job); /* the tools that follow have their own */
	tell_stopping(t, job);
	d->began_ms = gsp_now_ms();
	if (job->session->phase < GSP_PHASE_SAVED &&
	    tool_step(t, job, err, "gsp-run", "stop", force, job->server, NULL) == -1)
		return -1;
	return tool_step(t, job, err, "gsp-sync", "down",
	    d->accept ? "--accept" : "--progress=json", job->server, NULL);
}

/* Whoever reads this shall know what the machine does meanwhile, and what of the save is home. */
static int
advise(struct gsp_job *job, struct gsp_err *err)
{
	struct gsp_err ignored = GSP_ERR_INIT;

	if (err->code != GSP_ETEMP && err->code != GSP_EIO && err->code != GSP_ECREATE)
		return -1;
	if (gsp_job_reload(job, &ignored) == 0 && job->session != NULL &&
	    job->session->phase == GSP_PHASE_SAVED)
		return gsp_err_hint(err, "generation %" PRIu64 " is home and proven; the machine goes on, "
		    "and costs: 'gsp down %s' goes on from here", job->session->saved, job->server);
	gsp_err_hint(err, "nothing was deleted and the machine goes on, and costs: 'gsp down %s' goes on "
	    "from here", job->server);
	/* it does not answer: it may never answer again, and the bill must have an end */
	if (err->code == GSP_ETEMP)
		gsp_err_hint(err, "'gsp teardown %s --discard-unsaved' would give its save up for good",
		    job->server);
	return -1;
}

/* The save of a machine that crashed is on its disk: no run would ever reach it unless one boots
 * the machine. 0: the save is home, or there is no machine whose save could be. */
static int
bring_home_again(struct tool *t, struct gsp_job *job, struct down *d, struct gsp_err *err)
{
	enum whereabouts at;

	if (err->code == GSP_ECANCEL || d->ask.refused)
		return -1;
	at = err->code == GSP_ETEMP ? look(job) : UNKNOWN;
	if (at == OFF) {
		gsp_err_clear(err);
		if (tool_step(t, job, err, "gsp-provision", job->server, NULL) == -1)
			return -1; /* it says itself what the machine does */
		return bring_home(t, job, d, err) == -1 ? advise(job, err) : 0;
	}
	/* one that is gone never answers again, and one that another home has taken over is not ours
	 * to touch: what either means, teardown knows */
	if (at != GONE && !gsp_moved_ask(job))
		return advise(job, err);
	gsp_err_clear(err);
	d->ask.runs = false;
	return 0;
}

/* What is left of a session when it is over: for those who are told. */
struct ending {
	char session[33];
	bool played;
	uint64_t generation, hours;
	double usd;
};

static void
note_ending(struct ending *e, const struct gsp_session *s)
{
	snprintf(e->session, sizeof(e->session), "%s", s->id);
	e->played = s->start_intent;
	e->generation = s->saved;
	gsp_session_cost(s, gsp_wall_s(), &e->hours, &e->usd);
}

static void
tell_saved(struct tool *t, const struct gsp_job *job, const struct ending *e)
{
	struct gsp_buf text = GSP_BUF_INIT(512);
	char money[24];

	gsp_buf_addf(&text, "%s is down: ", job->server);
	if (e->generation != 0)
		gsp_buf_addf(&text, "generation %" PRIu64 " is home, ", e->generation);
	else if (!e->played)
		gsp_buf_adds(&text, "nothing was played, ");
	gsp_buf_addf(&text, "the machine is gone; %" PRIu64 " h, %s", e->hours,
	    gsp_num_usd(money, sizeof(money), e->usd > 0 ? e->usd : 0));
	gsp_notice(t->home, job->server, e->session, GSP_NOTICE_SAVED, gsp_buf_str(&text));
	gsp_buf_release(&text);
}

/* Whoever pressed ^C knows; the others hear of it while there is a machine that costs. */
static void
tell_failed(struct tool *t, const struct gsp_job *job, const struct gsp_err *err)
{
	const struct gsp_session *s = job->session;
	struct gsp_buf text = GSP_BUF_INIT(GSP_ERR_MAX + 512);

	if (err->code != GSP_ECANCEL)
		gsp_buf_addf(&text, "'gsp down %s' failed (asked by %s): %s", job->server,
		    gsp_notice_who(t->cli.actor), err->msg);
	else if (s != NULL && s->phase >= GSP_PHASE_POSTING)
		gsp_buf_addf(&text, "'gsp down %s' was stopped by hand (by %s); its machine goes on, and "
		    "costs: 'gsp down %s' goes on from here", job->server,
		    gsp_notice_who(t->cli.actor), job->server);
	if (text.len > 0)
		gsp_notice(t->home, job->server, s != NULL ? s->id : NULL, GSP_NOTICE_FAILED,
		    gsp_buf_str(&text));
	gsp_buf_release(&text);
}

static int
down_steps(struct tool *t, struct gsp_job *job, struct down *d, struct ending *e,
    struct gsp_err *err)
{
	/* without an intent to start there is no save: only the machine has to go */
	if (job->session != NULL && job->session->start_intent && job->session->phase < GSP_PHASE_DELETING &&
	    bring_home(t, job, d, err) == -1 && bring_home_again(t, job, d, err) == -1)
		return -1;
	if (job->session != NULL)
		note_ending(e, job->session);
	return tool_step(t, job, err, "gsp-teardown", job->server, NULL);
}

/* How long it took, for the next idle stop. Only what was whole: not the rest of a down that had
 * begun before, nor that of a game that had ended by itself. */
static void
keep_time(struct gsp_job *job, const struct down *d)
{
	struct gsp_err err = GSP_ERR_INIT;

	if (d->ask.runs &&
	    gsp_down_time_keep(job->home, job->server, gsp_now_ms() - d->began_ms, &err) == -1)
		gsp_steps_warn(job->steps, job->server, "how long this took is not kept: %s", err.msg);
}

static int
down(struct tool *t, struct gsp_job *job, void *ctx, struct gsp_err *err)
{
	struct ending e = {.session = ""};
	struct down *d = ctx;

	d->ask.runs = d->ask.refused = false;
	if (down_steps(t, job, d, &e, err) == -1) {
		if (!d->ask.refused) /* nothing has happened */
			tell_failed(t, job, err);
		return -1;
	}
	keep_time(job, d);
	/* with no machine to begin with nothing has happened */
	if (e.session[0] != '\0')
		tell_saved(t, job, &e);
	gsp_argv_push(&d->after, job->server);
	return 0;
}

int
main(int argc, char **argv)
{
	struct down d = {.lease_was = NOT_ASKED, .after = GSP_ARGV_INIT};
	const struct gsp_opt opts[] = {
	    {"kill", 0, GSP_OPT_FLAG, &d.kill, NULL, "end a game by force that will not stop"},
	    {"accept", 0, GSP_OPT_FLAG, &d.accept, NULL, "take a suspect save as it is"},
	    {"even-if-playing", 0, GSP_OPT_FLAG, &d.ask.even, NULL, ASK_PLAYERS_EVEN_HELP},
	    {"if-empty", 0, GSP_OPT_FLAG, &d.ask.if_empty, NULL, "only if nobody plays; do not ask"},
	    {"unless-extended", 0, GSP_OPT_U64, &d.lease_was, "TIME", "not if its lease ends later by now"},
	    {NULL, 0, GSP_OPT_FLAG, NULL, NULL, NULL}};
	struct tool t = {.cli = {.tool = "gsp-down",
	                     .synopsis = "SERVER...",
	                     .summary = "stop a game, bring its save home, delete its machine",
	                     .notes = "SERVER '-' reads records from stdin.\n",
	                     .opts = opts,
	                     .min_operands = 1,
	                     .max_operands = GSP_CLI_OPERANDS_ANY},
	    .what = "down"};

	struct gsp_err err = GSP_ERR_INIT;
	int rc = gsp_cli_parse(&t.cli, argc, argv, &err);

	if (rc == 0)
		rc = ask_players_check(&d.ask, &err) == -1 || tool_open(&t, &err) == -1 ||
		        tool_each(&t, t.cli.operands, t.cli.noperands,
		            TOOL_LOCK | TOOL_RECORDS | TOOL_PRINT | TOOL_STEPS, down, &d, &err) == -1
		    ? -1
		    : 0;
	rc = tool_end(&t, rc < 0 ? -1 : 0, &err, &d.after);
	gsp_argv_release(&d.after);
	return rc;
}
