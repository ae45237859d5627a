/* gsp-restart: stop the game, send what was edited at home, start it again. */
#include "ask_players.h"
#include "gsp/ready.h"
#include "tool.h"

#include "base/banned.h"

static int
restart(struct tool *t, struct gsp_job *job, void *ctx, struct gsp_err *err)
{
	struct ask_players *ask = ctx;

	if (gsp_job_need_session(job, err) == -1 || ask_players(t, job, ask, err) == -1)
		return -1;
	gsp_job_hangup(job); /* the tools that follow have their own */
	if (tool_step(t, job, err, "gsp-run", "stop", "--resume", job->server, NULL) == -1 ||
	    tool_step(t, job, err, "gsp-sync", "up", job->server, NULL) == -1 ||
	    tool_step(t, job, err, "gsp-run", "start", job->server, NULL) == -1)
		return -1;
	return gsp_ready_wait(job, err);
}

int
main(int argc, char **argv)
{
	struct ask_players ask = {.even = false};
	const struct gsp_opt opts[] = {
	    {"even-if-playing", 0, GSP_OPT_FLAG, &ask.even, NULL, ASK_PLAYERS_EVEN_HELP},
	    {NULL, 0, GSP_OPT_FLAG, NULL, NULL, NULL}};
	struct tool t = {.cli = {.tool = "gsp-restart",
	                     .synopsis = "SERVER...",
	                     .summary = "stop a game, send what was edited at home, start it again",
	                     .opts = opts,
	                     .min_operands = 1,
	                     .max_operands = GSP_CLI_OPERANDS_ANY},
	    .what = "restart"};

	return tool_main(&t, argc, argv, TOOL_LOCK | TOOL_PRINT | TOOL_STEPS,
	    restart, &ask);
}
