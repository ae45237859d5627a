/* gsp-bot-setup: what gsp-bot becomes for register, invite and check: these ask Discord, once, and end. */
#include <string.h>

#include "bot.h"
#include "bot_main.h"

#include "base/banned.h"

static int
setup(struct tool *t, const struct bot_options *o, char **argv, struct gsp_err *err)
{
	(void)argv;
	if (o->word == NULL || strcmp(o->word, "run") == 0)
		return gsp_err_set(err, GSP_EUSAGE, "this is a part of gsp-bot; run 'gsp-bot' instead");
	if (tool_open(t, err) == -1)
		return -1;
	if (strcmp(o->word, "register") == 0)
		return bot_register(t, o->dry_run, err);
	return strcmp(o->word, "check") == 0 ? bot_check(t, err) : bot_invite(t, err);
}

int
main(int argc, char **argv)
{
	return bot_main(argc, argv, setup);
}
