#include "bot_main.h"

#include <string.h>

#include "cli/exitcode.h"

#include "base/banned.h"

static int
check(struct bot_options *o, const struct gsp_cli *c, struct gsp_err *err)
{
	const char *word = c->noperands > 0 ? c->operands[0] : "";

	if ((o->job != NULL) != (c->noperands == 0))
		return gsp_err_set(err, GSP_EUSAGE, "one of run, register, invite, check is wanted; see gsp-bot "
		    "--help");
	if (o->dry_run && strcmp(word, "register") != 0)
		return gsp_err_set(err, GSP_EUSAGE, "--dry-run is for 'gsp bot register'");
	if (o->job == NULL && strcmp(word, "run") != 0 && strcmp(word, "register") != 0 &&
	    strcmp(word, "invite") != 0 && strcmp(word, "check") != 0)
		return gsp_err_set(err, GSP_EUSAGE, "unknown word '%.64s'; there are run, register, invite and "
		    "check", word);
	o->word = o->job != NULL ? NULL : word;
	return 0;
}

int
bot_main(int argc, char **argv, bot_main_fn *fn)
{
	struct bot_options o = {.dry_run = false};
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
		rc = check(&o, &t.cli, &err);
	if (rc == 0)
		rc = fn(&t, &o, argv, &err);
	tool_close(&t);
	return gsp_cli_exit(rc < 0 ? -1 : 0, &err);
}
