/* gsp-sync: move a server's directory to its machine and home again. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/exitcode.h"
#include "fmt/out.h"
#include "gsp/sync.h"
#include "tool.h"

#include "base/banned.h"

struct sync {
	struct gsp_sync_up_opts up;
	bool accept, live, if_due;
	struct gsp_argv after; /* down: the servers whose saves are home */
	struct gsp_argv due; /* --if-due: the servers whose time has come */
	struct gsp_out *out;
	const char *server;
};

static int
sync_up(struct tool *t, struct gsp_job *job, void *ctx, struct gsp_err *err)
{
	struct sync *s = ctx;

	(void)t;
	return gsp_sync_up(job, &s->up, err);
}

static int
sync_down(struct tool *t, struct gsp_job *job, void *ctx, struct gsp_err *err)
{
	struct sync *s = ctx;

	(void)t;
	if (gsp_sync_down(job, s->accept, err) == -1)
		return -1;
	/* as a step of gsp-down: the machine goes first */
	if (getenv("GSP_STEP_OF_PARENT") == NULL)
		gsp_argv_push(&s->after, job->server);
	return 0;
}

static int
sync_live(struct tool *t, struct gsp_job *job, void *ctx, struct gsp_err *err)
{
	struct sync *s = ctx;
	bool due = true;

	(void)t;
	/* what was due without the lock may have been done meanwhile */
	if (s->if_due && gsp_sync_live_due(job, &due, err) == -1)
		return -1;
	return due ? gsp_sync_live(job, s->accept, err) : 0;
}

static int
find_due(struct tool *t, struct gsp_job *job, void *ctx, struct gsp_err *err)
{
	struct sync *s = ctx;
	bool due;

	(void)t;
	if (gsp_sync_live_due(job, &due, err) == -1)
		return -1;
	if (due)
		gsp_argv_push(&s->due, job->server);
	return gsp_argv_ok(&s->due) || s->due.n == 0 ? 0 : gsp_err_set(err, GSP_ESYS, "out of memory");
}

/* Most looks of a timer find nothing to do: those take no lock, and say and print nothing. */
static int
live(struct tool *t, struct sync *s, char **names, size_t n, struct gsp_err *err)
{
	int rc;

	t->what = "sync down --live";
	if (!s->if_due)
		return tool_each(t, names, n, TOOL_LOCK | TOOL_RECORDS | TOOL_PRINT | TOOL_STEPS, sync_live,
		    s, err);
	rc = tool_each(t, names, n, TOOL_RECORDS, find_due, s, err);
	if (s->due.n > 0 && err->code != GSP_ECANCEL &&
	    tool_each(t, s->due.v, s->due.n, TOOL_LOCK | TOOL_STEPS, sync_live, s, err) == -1)
		rc = -1;
	return rc;
}

static int
print_item(void *ctx, const char *side, const struct gsp_diff_item *item, struct gsp_err *err)
{
	struct sync *s = ctx;
	const char change[2] = {(char)item->change, '\0'};

	(void)err;
	gsp_out_str(s->out, "server", s->server);
	gsp_out_str(s->out, "side", side);
	gsp_out_str(s->out, "change", change);
	gsp_out_str(s->out, "path", item->path);
	gsp_out_end(s->out);
	return 0;
}

static int
sync_diff(struct tool *t, struct gsp_job *job, void *ctx, struct gsp_err *err)
{
	struct sync *s = ctx;

	(void)t;
	s->server = job->server;
	return gsp_sync_diff(job, print_item, s, err);
}

static int
run(struct tool *t, struct sync *s, struct gsp_err *err)
{
	const char *what = t->cli.operands[0];
	char **names = t->cli.operands + 1;
	size_t n = t->cli.noperands - 1;
	int flags = TOOL_LOCK | TOOL_RECORDS | TOOL_PRINT | TOOL_STEPS;

	s->up.paths = (const char *const *)t->cli.rest;
	if (t->cli.nrest > 0 && strcmp(what, "up") != 0)
		return gsp_err_set(err, GSP_EUSAGE, "only 'up' takes paths");
	for (size_t i = 0; i < t->cli.nrest; i++)
		if (!gsp_path_clean(t->cli.rest[i]))
			return gsp_err_set(err, GSP_EUSAGE, "'%s' is no path inside files/ (relative, no "
			    "'..', no '/' at the end)", t->cli.rest[i]);
	if (s->live && strcmp(what, "down") != 0)
		return gsp_err_set(err, GSP_EUSAGE, "--live goes with 'down'");
	if (s->if_due && !s->live)
		return gsp_err_set(err, GSP_EUSAGE, "--if-due goes with --live");
	if (s->accept && strcmp(what, "down") != 0)
		return gsp_err_set(err, GSP_EUSAGE, "--accept goes with 'down'");
	if (s->up.from != 0 && strcmp(what, "up") != 0)
		return gsp_err_set(err, GSP_EUSAGE, "--from goes with 'up'");
	if (strcmp(what, "up") == 0) {
		t->what = "sync up";
		return tool_each(t, names, n, flags, sync_up, s, err);
	}
	if (s->live)
		return live(t, s, names, n, err);
	if (strcmp(what, "down") == 0) {
		t->what = "sync down";
		return tool_each(t, names, n, flags, sync_down, s, err);
	}
	if (strcmp(what, "diff") == 0)
		return tool_each(t, names, n, TOOL_RECORDS, sync_diff, s, err);
	return gsp_err_set(err, GSP_EUSAGE, "'%s' is not one of up, down, diff", what);
}

int
main(int argc, char **argv)
{
	struct sync s = {.up = {0, NULL}, .after = GSP_ARGV_INIT, .due = GSP_ARGV_INIT};
	const struct gsp_opt opts[] = {
	    {"from", 0, GSP_OPT_U64, &s.up.from, "N", "up: go on from generation N"},
	    {"accept", 0, GSP_OPT_FLAG, &s.accept, NULL, "down: take a suspect save as it is"},
	    {"live", 0, GSP_OPT_FLAG, &s.live, NULL, "down: a copy beside the running game; no stop"},
	    {"if-due", 0, GSP_OPT_FLAG, &s.if_due, NULL,
	        "--live: only when `backup: {every}` has passed since the last one"},
	    {NULL, 0, GSP_OPT_FLAG, NULL, NULL, NULL}};
	struct tool t = {.cli = {.tool = "gsp-sync",
	                     .synopsis = "up|down|diff SERVER... [-- PATH...]",
	                     .summary = "move a server's directory to its machine and home again",
	                     .notes = "SERVER '-' reads records from stdin. With PATH, 'up' sends just "
	                              "these.\n",
	                     .opts = opts,
	                     .min_operands = 2,
	                     .max_operands = GSP_CLI_OPERANDS_ANY,
	                     .split_dashes = true},
	    .what = "sync diff"};
	struct gsp_err err = GSP_ERR_INIT, out_err = GSP_ERR_INIT;
	int rc = gsp_cli_parse(&t.cli, argc, argv, &err);

	if (rc == 0) {
		s.out = gsp_out_new(stdout, t.cli.json ? GSP_OUT_JSON : GSP_OUT_TABLE, NULL);
		rc = tool_open(&t, &err) == -1 || run(&t, &s, &err) == -1 ? -1 : 0;
		if (gsp_out_free(s.out, &out_err) == -1 && rc == 0) {
			err = out_err;
			rc = -1;
		}
	}
	gsp_argv_release(&s.due);
	rc = tool_end(&t, rc < 0 ? -1 : 0, &err, &s.after);
	gsp_argv_release(&s.after);
	return rc;
}
