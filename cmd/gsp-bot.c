/* gsp-bot: the servers from a Discord channel. */
#include <string.h>

#include "bot_run.h"
#include "cli/exitcode.h"
#include "tool.h"

#include "base/banned.h"

int
main(int argc, char **argv)
{
	const char *job = NULL;
	const struct gsp_opt opts[] = {{"run-job", 0, GSP_OPT_TEXT, &job, "ID", NULL},
	    {NULL, 0, GSP_OPT_FLAG, NULL, NULL, NULL}};
	struct tool t = {.cli = {.tool = "gsp-bot", .synopsis = "run",
	                     .summary = "servers from a Discord channel: discord: in gsp.yaml",
	                     .opts = opts, .min_operands = 0, .max_operands = 1},
	    .what = "bot"};
	struct gsp_err err = GSP_ERR_INIT;
	int rc = gsp_cli_parse(&t.cli, argc, argv, &err);

	if (rc == 0 && job != NULL)
		rc = bot_job_runner(&t, job, &err);
	else if (rc == 0 && t.cli.noperands == 1 && strcmp(t.cli.operands[0], "run") == 0)
		rc = bot_run(&t, &err);
	else if (rc == 0)
		rc = gsp_err_set(&err, GSP_EUSAGE, "'run' is wanted");
	tool_close(&t);
	return gsp_cli_exit(rc < 0 ? -1 : 0, &err);
}
