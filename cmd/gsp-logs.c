/* gsp-logs: what a server's scripts, and the game that start left, have printed. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/exitcode.h"
#include "gsp/remote.h"
#include "tool.h"

#include "base/banned.h"

struct logs {
	bool follow;
	uint64_t lines;
};

static int
to_stdout(void *ctx, const char *data, size_t len, struct gsp_err *err)
{
	(void)ctx;
	if (fwrite(data, 1, len, stdout) != len || fflush(stdout) == EOF)
		return gsp_err_set(err, GSP_EIO, "cannot write to stdout");
	return 0;
}

static int
logs(struct tool *t, struct gsp_job *job, void *ctx, struct gsp_err *err)
{
	const struct logs *l = ctx;
	const char *script = t->cli.noperands > 1 ? t->cli.operands[1] : "start";
	struct gsp_argv op = GSP_ARGV_INIT;
	struct gsp_ssh_io io;
	int rc;

	if (gsp_job_remote(job, err) == -1)
		return -1;
	gsp_argv_push(&op, l->follow ? "logs-follow" : "logs");
	gsp_argv_push(&op, script);
	gsp_argv_pushf(&op, "-%" PRIu64, l->lines);
	memset(&io, 0, sizeof(io));
	io.out = to_stdout;
	rc = gsp_remote_call(job->remote, &op, &io, NULL, err);
	gsp_argv_release(&op);
	return rc;
}

int
main(int argc, char **argv)
{
	struct logs l = {false, 100};
	const struct gsp_opt opts[] = {
	    {"follow", 'f', GSP_OPT_FLAG, &l.follow, NULL, "go on with what comes, until interrupted"},
	    {"lines", 'n', GSP_OPT_U64, &l.lines, "N", "the last N lines (100)"},
	    {NULL, 0, GSP_OPT_FLAG, NULL, NULL, NULL}};
	struct tool t = {.cli = {.tool = "gsp-logs",
	                     .synopsis = "SERVER [SCRIPT]",
	                     .summary = "show what a server's scripts and its game have printed",
	                     .notes = "SCRIPT is start (the game's own output, the default), bootstrap, "
	                              "stop, ...\n",
	                     .opts = opts,
	                     .min_operands = 1,
	                     .max_operands = 2},
	    .what = "logs"};
	struct gsp_err err = GSP_ERR_INIT;
	int rc = gsp_cli_parse(&t.cli, argc, argv, &err);

	if (rc == 0)
		rc = tool_open(&t, &err) == -1 ||
		        tool_each(&t, t.cli.operands, 1, 0, logs, &l, &err) == -1
		    ? -1
		    : 0;
	tool_close(&t);
	return gsp_cli_exit(rc < 0 ? -1 : 0, &err);
}
