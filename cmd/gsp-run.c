/* gsp-run: run one of a server's scripts on its machine. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/exitcode.h"
#include "cli/say.h"
#include "gsp/run.h"
#include "sys/sig.h"
#include "tool.h"

#include "base/banned.h"

static bool
is_step(const char *script)
{
	return strcmp(script, "bootstrap") == 0 || strcmp(script, "start") == 0 ||
	    strcmp(script, "stop") == 0;
}

static void
to_stderr(void *ctx, const char *data, size_t len)
{
	(void)ctx;
	gsp_cli_clear();
	fwrite(data, 1, len, stderr);
}

/* The script's last line, as what its step says of itself. */
struct last_line {
	struct gsp_job *job;
	const char *script;
	char text[GSP_STEP_MSG_MAX];
	size_t len;
};

static void
to_progress(void *ctx, const char *data, size_t len)
{
	struct last_line *l = ctx;

	for (size_t i = 0; i < len; i++) {
		if (data[i] != '\n' && data[i] != '\r') { /* a bar that is drawn again ends in \r */
			if (l->len + 1 < sizeof(l->text) && data[i] != '\0')
				l->text[l->len++] = data[i] == '\t' ? ' ' : data[i];
			continue;
		}
		l->text[l->len] = '\0';
		if (l->text[strspn(l->text, " ")] != '\0')
			gsp_steps_update(l->job->steps, l->job->server, l->script, -1, 0, 0, "%s", l->text);
		l->len = 0;
	}
}

static int
run(struct tool *t, struct gsp_job *job, void *ctx, struct gsp_err *err)
{
	struct gsp_run_opts o = *(const struct gsp_run_opts *)ctx;
	struct last_line line = {job, o.script, "", 0};

	(void)t;
	if (o.output == NULL && is_step(o.script)) {
		o.output = to_progress;
		o.output_ctx = &line;
	}
	return gsp_run(job, &o, err);
}

static int
open_it(struct tool *t, bool no_clock, struct gsp_err *err)
{
	int rc = tool_open(t, err);

	if (no_clock)
		gsp_sig_on_idle(NULL, NULL);
	return rc;
}

/* A script that changes what the machine is needs the lock; one that only asks does not. */
static int
flags_for(const char *script)
{
	return TOOL_RECORDS | TOOL_PRINT | (is_step(script) ? TOOL_LOCK | TOOL_STEPS : 0);
}

int
main(int argc, char **argv)
{
	struct gsp_run_opts o = {0};
	const struct gsp_opt opts[] = {
	    {"resume", 0, GSP_OPT_FLAG, &o.resume, NULL,
	        "stop: to start again on the same machine (the machine is not going down)"},
	    {"kill", 0, GSP_OPT_FLAG, &o.kill, NULL, "stop: end by force what the script does not"},
	    {"kill-stuck", 0, GSP_OPT_FLAG, &o.kill_stuck, NULL,
	        "stop: the same, but only a game that is known not to stop (on_stop_failure: kill)"},
	    {NULL, 0, GSP_OPT_FLAG, NULL, NULL, NULL}};
	struct tool t = {.cli = {.tool = "gsp-run",
	                     .synopsis = "SCRIPT SERVER... [-- ARG...]",
	                     .summary = "run a server's script on its machine",
	                     .notes = "SCRIPT is bootstrap, start, stop, health, players, say, or any "
	                              "executable in the\nserver's directory. Its output goes to stderr. "
	                              "SERVER '-' reads records.\n",
	                     .opts = opts,
	                     .min_operands = 2,
	                     .max_operands = GSP_CLI_OPERANDS_ANY,
	                     .split_dashes = true},
	    .what = "run"};
	struct gsp_err err = GSP_ERR_INIT;
	const char *parent = getenv("GSP_STEP_OF_PARENT");
	bool no_clock;
	int rc = gsp_cli_parse(&t.cli, argc, argv, &err);

	if (rc == 0) {
		o.script = t.what = t.cli.operands[0];
		o.args = (const char *const *)t.cli.rest;
		/* a step of a parent is quiet unless it fails: the error has the last lines */
		if (!t.cli.quiet && (parent == NULL || t.cli.verbose > 0) && !t.cli.progress_json)
			o.output = to_stderr;
		/* its output is the sign of life; a clock would be drawn over the half of a line */
		no_clock = o.output != NULL;
		if ((o.resume || o.kill || o.kill_stuck) && strcmp(o.script, "stop") != 0)
			rc = gsp_err_set(&err, GSP_EUSAGE, "--resume, --kill and --kill-stuck go with the "
			    "script 'stop'");
		else
			rc = open_it(&t, no_clock, &err) == -1 ||
			        tool_each(&t, t.cli.operands + 1, t.cli.noperands - 1,
			            flags_for(o.script), run, &o, &err) == -1
			    ? -1
			    : 0;
	}
	tool_close(&t);
	return gsp_cli_exit(rc < 0 ? -1 : 0, &err);
}
