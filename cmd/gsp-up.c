/* gsp-up: the start of an evening: machine, bootstrap, upload, start, ready. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/num.h"
#include "cli/exitcode.h"
#include "fmt/out.h"
#include "gsp/lease.h"
#include "gsp/moved.h"
#include "gsp/notice.h"
#include "gsp/preflight.h"
#include "gsp/provision.h"
#include "gsp/ready.h"
#include "gsp/record.h"
#include "gsp/sync.h"
#include "linode/instance.h"
#include "tool.h"
#include "up_watcher.h"

#include "base/banned.h"

struct up {
	bool check;
	uint64_t from;
	bool began; /* the server at hand: `start` was asked for in this run */
	bool news;  /* the same: it was not ready before; an `up` of what is up tells nobody */
	struct gsp_argv after; /* the servers that are up now: what a former down owes can wait no longer */
};

/* An upload line of a home: what the estimate assumes, said in the output. */
#define UPLOAD_MBIT 20

static int
check(struct tool *t, struct gsp_job *job, struct gsp_err *err)
{
	struct gsp_server_conf *conf = NULL;
	struct gsp_preflight p;
	struct gsp_out *o;
	char bytes[24], span[48];
	uint64_t seconds;

	if (gsp_server_conf_load(&conf, t->home, job->server, err) == -1)
		return -1;
	if (gsp_preflight(&p, job, conf, err) == -1) {
		gsp_server_conf_free(conf);
		return -1;
	}
	seconds = p.tree_bytes / (UPLOAD_MBIT * 1000000 / 8) + 1;
	o = gsp_out_new(stdout, t->cli.json ? GSP_OUT_JSON : GSP_OUT_TABLE, NULL);
	for (size_t i = 0; i < p.nrungs; i++) {
		gsp_out_str(o, "server", job->server);
		gsp_out_str(o, "type", p.rungs[i].type);
		gsp_out_str(o, "region", p.rungs[i].region);
		gsp_out_num(o, "hourly_usd", p.rungs[i].hourly_usd, 4);
		gsp_out_num(o, "monthly_usd", p.rungs[i].monthly_usd, 2);
		gsp_out_pair(o, "bytes", p.tree_bytes, gsp_num_bytes(bytes, sizeof(bytes), p.tree_bytes));
		gsp_out_u64(o, "files", p.tree_files);
		gsp_out_pair(o, "upload_s", seconds,
		    gsp_num_span(span, sizeof(span), (int64_t)seconds));
		gsp_out_end(o);
	}
	if (!t->cli.json && !t->cli.quiet) {
		struct gsp_err flushed = GSP_ERR_INIT;

		gsp_out_flush(o, &flushed);
		fprintf(stderr, "%s: ready to go; the upload time is for %d Mbit/s, prices are Linode's of "
		    "now%s\n", job->server, UPLOAD_MBIT,
		    p.backups_forced ? " (with the backups this account forces)" : "");
	}
	gsp_preflight_release(&p);
	gsp_server_conf_free(conf);
	return gsp_out_free(o, err);
}

/* What can be refused is refused before money is spent. */
static int
prepare_home(struct tool *t, struct gsp_job *job, uint64_t from, struct gsp_err *err)
{
	struct gsp_server_conf *conf = NULL;
	bool lost = false;
	uint64_t number;
	int rc;

	if (t->home->ssh_key_files.n == 0)
		gsp_steps_warn(job->steps, job->server, "ssh_keys in gsp.yaml is empty: if state/ is lost "
		    "there is no way into the machine, and to its save");
	if (from != 0 && gsp_provision_is_lost(job, &lost, err) == -1)
		return -1;
	if (!lost && job->session != NULL && job->session->phase == GSP_PHASE_DELETING &&
	    tool_step(t, job, err, "gsp-teardown", job->server, NULL) == -1)
		return -1;
	if (!lost && job->session != NULL && job->session->start_intent)
		return from == 0 ? 0
		                 : gsp_err_set(err, GSP_EREFUSED, "'%s' has a machine whose game was "
		                       "started; --from is for a server that is down", job->server);
	if (gsp_server_conf_load(&conf, t->home, job->server, err) == -1)
		return -1;
	rc = gsp_sync_base(job, conf, from, &number, err);
	gsp_server_conf_free(conf);
	/* only now, with files/ made from N: a mistyped N must not open the way for a plain `up` */
	if (rc == 0 && lost)
		rc = gsp_provision_forget_lost(job, err);
	return rc;
}

/* The start failed before the game was ready: if it wrote no save, only one more `up` is lost. */
static void
undo_start(struct gsp_job *job, struct gsp_err *err)
{
	struct gsp_err why = GSP_ERR_INIT;

	if (err->code == GSP_ECANCEL || job->session == NULL || !job->session->start_intent)
		return;
	if (gsp_sync_unstart(job, &why) == 0)
		gsp_err_hint(err, "its words are in 'gsp logs %s start'; no save was touched: mend it and "
		    "run 'gsp up %s' again (the machine goes on, and costs)", job->server, job->server);
	else if (why.code != GSP_ECANCEL)
		gsp_err_hint(err, "its words are in 'gsp logs %s start'; 'gsp up %s' starts it again, 'gsp "
		    "down %s' ends the session", job->server, job->server, job->server);
}

static int
start_and_wait(struct tool *t, struct gsp_job *job, struct up *u, struct gsp_err *err)
{
	if (tool_step(t, job, err, "gsp-run", "start", job->server, NULL) == -1) {
		struct gsp_err ignored = GSP_ERR_INIT;

		if (gsp_job_reload(job, &ignored) == 0)
			undo_start(job, err);
		return -1;
	}
	u->news = !job->session->ready;
	if (gsp_ready_wait(job, err) == -1) {
		if (err->code == GSP_EUNAVAIL)
			undo_start(job, err);
		return -1;
	}
	return 0;
}

/* on_failure: delete. For a machine of this home on which nothing was ever started: what a start
 * left may be a save, and ^C is no failure. */
static bool
to_be_deleted(struct gsp_job *job, const struct up *u, const struct gsp_err *err)
{
	const struct gsp_session *s = job->session;

	return err->code != GSP_ECANCEL && s != NULL && s->conf->policy.delete_failed &&
	    !s->start_intent && !u->began && s->taking_from[0] == '\0' &&
	    s->phase >= GSP_PHASE_POSTING && s->phase < GSP_PHASE_STOPPED;
}

/* The up has failed for ${err}; what comes of the machine is said after it. */
static void
give_up(struct tool *t, struct gsp_job *job, struct up *u, struct gsp_err *err)
{
	struct gsp_err why = GSP_ERR_INIT;
	struct gsp_instance it;
	uint64_t id;

	if (gsp_job_reload(job, &why) == -1 || !to_be_deleted(job, u, err) || gsp_moved_ask(job))
		return;
	id = job->session->linode_id;
	if (tool_step(t, job, &why, "gsp-teardown", job->server, NULL) == 0) {
		/* of one that another home has taken over meanwhile only our memory is gone */
		if (id != 0 && gsp_job_api(job, &why) == 0 &&
		    gsp_instance_get(job->api, id, &it, &why) == -1 && why.code == GSP_ENOTFOUND)
			gsp_err_hint(err, "on_failure: the machine was deleted and costs no more");
		else
			gsp_err_hint(err, "on_failure: this home has no machine for it any more");
		return;
	}
	if (why.code == GSP_ECANCEL) { /* then that is how we end */
		err->code = GSP_ECANCEL;
		err->detail = why.detail;
	}
	gsp_err_hint(err, "on_failure: the machine could NOT be deleted (%.300s): it may still cost; "
	    "'gsp down %s' deletes it", why.msg, job->server);
}

static void
say_ready(struct gsp_job *job)
{
	struct gsp_buf address = GSP_BUF_INIT(GSP_ADDRESS_MAX);
	struct gsp_err ignored = GSP_ERR_INIT;
	char text[GSP_LEASE_TEXT] = "";
	struct gsp_lease l;

	if (gsp_lease_get(&l, job->home, job->session, &ignored) == 0 && l.until != 0)
		gsp_lease_text(text, sizeof(text), &l, gsp_wall_s());
	gsp_record_address(&address, job->session);
	fprintf(stderr, "%s is ready at %s; it runs, and costs, until 'gsp down %s'", job->server,
	    gsp_buf_str(&address), job->server);
	if (text[0] != '\0')
		fprintf(stderr, "; %s ('gsp lease %s +1h' extends it)", text, job->server);
	fprintf(stderr, "\n");
	gsp_buf_release(&address);
}

static int
up_steps(struct tool *t, struct gsp_job *job, struct up *u, struct gsp_err *err)
{
	if (prepare_home(t, job, u->from, err) == -1 ||
	    tool_step(t, job, err, "gsp-provision", job->server, NULL) == -1)
		return -1;
	up_watcher_begin(t, job); /* it costs from now on, whatever becomes of us */
	if (job->session->phase < GSP_PHASE_BOOTSTRAPPED &&
	    tool_step(t, job, err, "gsp-run", "bootstrap", job->server, NULL) == -1) {
		if (err->code != GSP_ECANCEL && !to_be_deleted(job, u, err))
			gsp_err_hint(err, "'gsp logs %s bootstrap' has all of it; mend it and run 'gsp up "
			    "%s' again, or 'gsp down %s': the machine goes on, and costs", job->server,
			    job->server, job->server);
		return -1;
	}
	if (tool_step(t, job, err, "gsp-sync", "up", job->server, NULL) == -1)
		return err->code != GSP_ETEMP && err->code != GSP_EIO
		    ? -1
		    : gsp_err_hint(err, "the machine goes on, and costs: 'gsp up %s' goes on from here, "
		          "'gsp down %s' ends it", job->server, job->server);
	u->began = true;
	if (start_and_wait(t, job, u, err) == -1)
		return -1;
	gsp_argv_push(&u->after, job->server);
	/* on a terminal the record's own line says so */
	if (!t->cli.quiet && !t->cli.progress_json && !isatty(STDOUT_FILENO))
		say_ready(job);
	up_watcher_tell(t, job);
	return 0;
}

static void
tell_ready(struct tool *t, const struct gsp_job *job)
{
	const struct gsp_session *s = job->session;
	struct gsp_buf text = GSP_BUF_INIT(2048), address = GSP_BUF_INIT(GSP_ADDRESS_MAX);
	char money[24];

	gsp_record_address(&address, s);
	gsp_buf_addf(&text, "%s is ready at %s (asked by %s); %s an hour until 'gsp down %s'", s->server,
	    gsp_buf_str(&address), gsp_notice_who(s->actor),
	    gsp_num_usd(money, sizeof(money), s->hourly_usd > 0 ? s->hourly_usd : 0), s->server);
	gsp_notice(t->home, s->server, s->id, GSP_NOTICE_READY, gsp_buf_str(&text));
	gsp_buf_release(&address);
	gsp_buf_release(&text);
}

/* Whoever pressed ^C knows; the others hear of it if there may be a machine that costs. */
static void
tell_failed(struct tool *t, const struct gsp_job *job, const struct gsp_err *err)
{
	const struct gsp_session *s = job->session;
	bool costs = s != NULL && s->phase >= GSP_PHASE_POSTING;
	struct gsp_buf text = GSP_BUF_INIT(GSP_ERR_MAX + 512);

	if (err->code == GSP_ECANCEL && !costs)
		return;
	if (err->code == GSP_ECANCEL)
		gsp_buf_addf(&text, "'gsp up %s' was stopped by hand (by %s); its machine goes on, and costs: "
		    "'gsp up %s' or 'gsp down %s' goes on from here", job->server,
		    gsp_notice_who(t->cli.actor), job->server, job->server);
	else
		gsp_buf_addf(&text, "'gsp up %s' failed (asked by %s): %s", job->server,
		    gsp_notice_who(t->cli.actor), err->msg);
	gsp_notice(t->home, job->server, s != NULL ? s->id : NULL, GSP_NOTICE_FAILED,
	    gsp_buf_str(&text));
	gsp_buf_release(&text);
}

/* A machine that never answered, or whose making was cut off, costs like any other: its lease has
 * to end, too. One is begun at most. */
static void
watch_what_is_left(struct tool *t, struct gsp_job *job)
{
	struct gsp_err ignored = GSP_ERR_INIT;

	if (gsp_job_reload(job, &ignored) == 0 && job->session != NULL &&
	    job->session->phase >= GSP_PHASE_POSTING && job->session->taking_from[0] == '\0')
		up_watcher_begin(t, job);
}

static int
up(struct tool *t, struct gsp_job *job, void *ctx, struct gsp_err *err)
{
	struct up *u = ctx;

	u->began = u->news = false;
	if (up_steps(t, job, u, err) == 0) {
		if (u->news)
			tell_ready(t, job);
		return 0;
	}
	give_up(t, job, u, err);
	watch_what_is_left(t, job);
	tell_failed(t, job, err);
	return -1;
}

static int
check_one(struct tool *t, struct gsp_job *job, void *ctx, struct gsp_err *err)
{
	(void)ctx;
	return check(t, job, err);
}

int
main(int argc, char **argv)
{
	struct up u = {.after = GSP_ARGV_INIT};
	const struct gsp_opt opts[] = {
	    {"check", 0, GSP_OPT_FLAG, &u.check, NULL, "only look whether everything is ready; buy nothing"},
	    {"from", 0, GSP_OPT_U64, &u.from, "N", "go on from generation N"},
	    {NULL, 0, GSP_OPT_FLAG, NULL, NULL, NULL}};
	struct tool t = {.cli = {.tool = "gsp-up",
	                     .synopsis = "SERVER...",
	                     .summary = "bring a server up: machine, bootstrap, files, game",
	                     .notes = "SERVER '-' reads records from stdin.\n",
	                     .opts = opts,
	                     .min_operands = 1,
	                     .max_operands = GSP_CLI_OPERANDS_ANY},
	    .what = "up"};
	struct gsp_err err = GSP_ERR_INIT;
	int rc = gsp_cli_parse(&t.cli, argc, argv, &err);

	if (rc == 0)
		rc = tool_open(&t, &err) == -1 ||
		        tool_each(&t, t.cli.operands, t.cli.noperands,
		            u.check ? TOOL_RECORDS : TOOL_LOCK | TOOL_RECORDS | TOOL_PRINT | TOOL_STEPS,
		            u.check ? check_one : up, &u, &err) == -1
		    ? -1
		    : 0;
	rc = tool_end(&t, rc < 0 ? -1 : 0, &err, &u.after);
	gsp_argv_release(&u.after);
	return rc;
}
