/* gsp-teardown: delete a server's machine, only when its saves are proven home. */
#include <stdio.h>

#include "gsp/teardown.h"
#include "sys/tty.h"
#include "tool.h"

#include "base/banned.h"

static int
teardown(struct tool *t, struct gsp_job *job, void *ctx, struct gsp_err *err)
{
	const bool *discard = ctx;
	char question[256];

	if (*discard && job->session != NULL && !t->cli.yes) {
		snprintf(question, sizeof(question), "Delete the machine of '%s' WITHOUT its save? What "
		    "was played since generation %llu is lost for good.", job->server,
		    (unsigned long long)job->session->base);
		if (gsp_tty_confirm(question, err) == -1)
			return -1;
	}
	return gsp_teardown(job, *discard, err);
}

int
main(int argc, char **argv)
{
	bool discard = false;
	const struct gsp_opt opts[] = {
	    {"discard-unsaved", 0, GSP_OPT_FLAG, &discard, NULL,
	        "delete without a save: what was played is lost (asks, or wants --yes)"},
	    {NULL, 0, GSP_OPT_FLAG, NULL, NULL, NULL}};
	struct tool t = {.cli = {.tool = "gsp-teardown",
	                     .synopsis = "SERVER...",
	                     .summary = "delete a server's machine when its saves are proven home",
	                     .notes = "SERVER '-' reads records from stdin.\n",
	                     .opts = opts,
	                     .min_operands = 1,
	                     .max_operands = GSP_CLI_OPERANDS_ANY},
	    .what = "teardown"};

	return tool_main(&t, argc, argv, TOOL_LOCK | TOOL_RECORDS | TOOL_PRINT | TOOL_STEPS,
	    teardown, &discard);
}
