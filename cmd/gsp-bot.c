/* gsp-bot: the servers from a Discord channel: serve it, set it up, look what is wrong. */
#include <string.h>

#include "bot.h"
#include "bot_run.h"
#include "cli/exitcode.h"
#include "tool.h"

#include "base/banned.h"

struct options {
	bool dry_run;
	const char *job; /* between our own processes: run this job */
};

static int
bot(struct tool *t, const struct options *o, struct gsp_err *err)
{
	const char *word = t->cli.noperands > 0 ? t->cli.operands[0] : "";

	if ((o->job != NULL) != (t->cli.noperands == 0))
		return gsp_err_set(err, GSP_EUSAGE, "one of run, register, invite, check is wanted; see gsp-bot "
		    "--help");
	if (o->dry_run && strcmp(word, "register") != 0)
		return gsp_err_set(err, GSP_EUSAGE, "--dry-run is for 'gsp bot register'");
	if (o->job == NULL && strcmp(word, "run") != 0 && strcmp(word, "register") != 0 &&
	    strcmp(word, "invite") != 0 && strcmp(word, "check") != 0)
		return gsp_err_set(err, GSP_EUSAGE, "unknown word '%.64s'; there are run, register, invite and "
		    "check", word);
	/* these open the home themselves: run begins as root, maybe, and then becomes its owner first */
	if (o->job != NULL)
		return bot_job_runner(t, o->job, err);
	if (strcmp(word, "run") == 0)
		return bot_run(t, err);
	if (tool_open(t, err) == -1)
		return -1;
	if (strcmp(word, "register") == 0)
		return bot_register(t, o->dry_run, err);
	return strcmp(word, "check") == 0 ? bot_check(t, err) : bot_invite(t, err);
}

int
main(int argc, char **argv)
{
	struct options o = {.dry_run = false};
	const struct gsp_opt opts[] = {
	    {"dry-run", 0, GSP_OPT_FLAG, &o.dry_run, NULL, "register: tell what would change, send nothing"},
	    {"run-job", 0, GSP_OPT_TEXT, &o.job, "ID", NULL},
	    {NULL, 0, GSP_OPT_FLAG, NULL, NULL, NULL}};
	struct tool t = {.cli = {.tool = "gsp-bot",
	                     .synopsis = "run | register [--dry-run] | invite | check",
	                     .summary = "servers from a Discord channel: discord: in gsp.yaml",
	                     .notes = "run        serve, until a signal comes; jobs go on without it\n"
	                              "invite     print the link that brings the bot into a guild\n"
	                              "register   make /server known in the guild, if it is not\n"
	                              "check      tell what is wrong, and who may what\n",
	                     .opts = opts,
	                     .min_operands = 0,
	                     .max_operands = 1},
	    .what = "bot"};
	struct gsp_err err = GSP_ERR_INIT;
	int rc = gsp_cli_parse(&t.cli, argc, argv, &err);

	if (rc == 0)
		rc = bot(&t, &o, &err);
	tool_close(&t);
	return gsp_cli_exit(rc < 0 ? -1 : 0, &err);
}
