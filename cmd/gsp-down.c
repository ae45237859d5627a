/* gsp-down: the end of an evening: stop the game, bring the save home, delete the machine. */
#include "cli/exitcode.h"
#include "tool.h"

#include "base/banned.h"

struct down {
	bool kill, accept;
};

static int
down(struct tool *t, struct gsp_job *job, void *ctx, struct gsp_err *err)
{
	const struct down *d = ctx;

	if (job->session == NULL)
		return 0;
	/* without an intent to start there is no save: only the machine has to go */
	if (job->session->start_intent && job->session->phase < GSP_PHASE_DELETING) {
		if (job->session->phase < GSP_PHASE_SAVED &&
		    tool_step(t, job, err, "gsp-run", "stop", d->kill ? "--kill" : "--progress=json", job->server,
		        NULL) == -1)
			return -1;
		if (tool_step(t, job, err, "gsp-sync", "down", d->accept ? "--accept" : "--progress=json", job->server,
		        NULL) == -1)
			return -1;
	}
	return tool_step(t, job, err, "gsp-teardown", job->server, NULL);
}

int
main(int argc, char **argv)
{
	struct down d = {false, false};
	const struct gsp_opt opts[] = {
	    {"kill", 0, GSP_OPT_FLAG, &d.kill, NULL, "end a game by force that will not stop"},
	    {"accept", 0, GSP_OPT_FLAG, &d.accept, NULL, "take a suspect save as it is"},
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
		rc = tool_open(&t, &err) == -1 ||
		        tool_each(&t, t.cli.operands, t.cli.noperands,
		            TOOL_LOCK | TOOL_RECORDS | TOOL_PRINT | TOOL_STEPS, down, &d, &err) == -1
		    ? -1
		    : 0;
	tool_close(&t);
	return gsp_cli_exit(rc < 0 ? -1 : 0, &err);
}
