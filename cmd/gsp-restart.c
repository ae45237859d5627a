/* gsp-restart: stop the game, send what was edited at home, start it again. */
#include "gsp/run.h"
#include "tool.h"

#include "base/banned.h"

static int
restart(struct tool *t, struct gsp_job *job, void *ctx, struct gsp_err *err)
{
	(void)ctx;
	if (gsp_job_need_session(job, err) == -1 ||
	    tool_step(t, job, err, "gsp-run", "stop", "--resume", job->server, NULL) == -1 ||
	    tool_step(t, job, err, "gsp-sync", "up", job->server, NULL) == -1 ||
	    tool_step(t, job, err, "gsp-run", "start", job->server, NULL) == -1)
		return -1;
	return gsp_run_wait_ready(job, err);
}

int
main(int argc, char **argv)
{
	static const struct gsp_opt opts[] = {{NULL, 0, GSP_OPT_FLAG, NULL, NULL, NULL}};
	struct tool t = {.cli = {.tool = "gsp-restart",
	                     .synopsis = "SERVER...",
	                     .summary = "stop a game, send what was edited at home, start it again",
	                     .opts = opts,
	                     .min_operands = 1,
	                     .max_operands = GSP_CLI_OPERANDS_ANY},
	    .what = "restart"};

	return tool_main(&t, argc, argv, TOOL_LOCK | TOOL_PRINT | TOOL_STEPS,
	    restart, NULL);
}
