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

/* What the machine said is the names of those that it has. */
static int
no_such_log(struct gsp_job *job, const char *script, struct gsp_err *err)
{
	char have[512];
	size_t n;

	snprintf(have, sizeof(have), "%.500s", err->msg);
	for (n = strlen(have); n > 0 && have[n - 1] == ' '; n--)
		have[n - 1] = '\0';
	return gsp_err_set(err, GSP_EUNAVAIL, "there is no log of '%s' on the machine of '%s'; there %s%s",
	    script, job->server, n > 0 ? "are: " : "is none yet", have);
}

static int
logs(struct tool *t, struct gsp_job *job, void *ctx, struct gsp_err *err)
{
	const struct logs *l = ctx;
	const char *script = t->cli.noperands > 1 ? t->cli.operands[1] : "start";
	struct gsp_argv op = GSP_ARGV_INIT;
	struct gsp_ssh_io io;
	int rc, status = 0;

	if (gsp_job_remote(job, err) == -1)
		return -1;
	gsp_argv_push(&op, l->follow ? "logs-follow" : "logs");
	gsp_argv_push(&op, script);
	gsp_argv_pushf(&op, "-%" PRIu64, l->lines);
	memset(&io, 0, sizeof(io));
	io.out = to_stdout;
	rc = gsp_remote_call(job->remote, &op, &io, &status, err);
	gsp_argv_release(&op);
	if (rc == 0 && status == 69)
		return no_such_log(job, script, err);
	if (rc == 0 && status != 0) {
		gsp_err_wrap(err, "cannot read the log of '%s' of '%s'", script, job->server);
		err->code = GSP_EIO;
		return -1;
	}
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
