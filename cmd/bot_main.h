/*
 * bot_main: the command line of gsp-bot, which is two executables: gsp-bot serves, and is linked with
 * nothing that could connect to anybody (so it is small, too: it runs day and night); gsp-bot-setup has
 * register, invite and check. gsp-bot becomes gsp-bot-setup when it is given one of those.
 */
#ifndef GSP_CMD_BOT_MAIN_H
#define GSP_CMD_BOT_MAIN_H

#include <stdbool.h>

#include "base/err.h"
#include "tool.h"

struct bot_options {
	const char *word; /* run, register, invite or check; NULL with ${job} */
	bool dry_run;
	const char *job;  /* between our own processes: run this job */
};

typedef int bot_main_fn(struct tool *t, const struct bot_options *o, char **argv, struct gsp_err *err);

/** bot_main(argc, argv, fn): the whole of a main(): read the command line, call ${fn}, exit status. */
int bot_main(int argc, char **argv, bot_main_fn *fn);

#endif
