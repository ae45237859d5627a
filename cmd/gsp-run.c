/* gsp-run: run one of a server's scripts on its machine. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/exitcode.h"
#include "gsp/run.h"
#include "tool.h"

#include "base/banned.h"

static void
to_stderr(void *ctx, const char *data, size_t len)
{
	(void)ctx;
	fwrite(data, 1, len, stderr);
}

static int
run(struct tool *t, struct gsp_job *job, void *ctx, struct gsp_err *err)
{
	(void)t;
	return gsp_run(job, ctx, err);
}

/* A script that changes what the machine is needs the lock; one that only asks does not. */
static int
flags_for(const char *script)
{
	if (strcmp(script, "bootstrap") == 0 || strcmp(script, "start") == 0 ||
	    strcmp(script, "stop") == 0)
		return TOOL_LOCK | TOOL_RECORDS | TOOL_PRINT | TOOL_STEPS;
	return TOOL_RECORDS | TOOL_PRINT;
}

int
main(int argc, char **argv)
{
	struct gsp_run_opts o = {NULL, NULL, false, false, NULL, NULL};
	const struct gsp_opt opts[] = {
	    {"resume", 0, GSP_OPT_FLAG, &o.resume, NULL,
	        "stop: to start again on the same machine (the machine is not going down)"},
	    {"kill", 0, GSP_OPT_FLAG, &o.kill, NULL, "stop: end by force what the script does not"},
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
	int rc = gsp_cli_parse(&t.cli, argc, argv, &err);

	if (rc == 0) {
		o.script = t.what = t.cli.operands[0];
		o.args = (const char *const *)t.cli.rest;
		/* a step of a parent is quiet unless it fails: the error has the last lines */
		if (!t.cli.quiet && (parent == NULL || t.cli.verbose > 0) && !t.cli.progress_json)
			o.output = to_stderr;
		if ((o.resume || o.kill) && strcmp(o.script, "stop") != 0)
			rc = gsp_err_set(&err, GSP_EUSAGE, "--resume and --kill go with the script 'stop'");
		else
			rc = tool_open(&t, &err) == -1 ||
			        tool_each(&t, t.cli.operands + 1, t.cli.noperands - 1,
			            flags_for(o.script), run, &o, &err) == -1
			    ? -1
			    : 0;
	}
	tool_close(&t);
	return gsp_cli_exit(rc < 0 ? -1 : 0, &err);
}
