/*
 * discord/command: the table of the subcommands' options, shared by what is registered and by the
 * reader of what comes in.
 */
#ifndef GSP_DISCORD_COMMAND_PRIV_H
#define GSP_DISCORD_COMMAND_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "discord/talk.h"

#define GSP_COMMAND_NAME "server"
#define GSP_COMMAND_NAME_MAX 28         /* characters of a server's name */
#define GSP_COMMAND_TEXT_MAX 200        /* characters that `say` says */
#define GSP_COMMAND_SAVE_MAX 999999     /* a save's number: six digits in the history */
#define GSP_COMMAND_TIME_MAX_S (30 * 86400) /* the longest time that a lease takes */
#define GSP_COMMAND_TIME "1h"           /* of extend and hold, if none is given */
#define GSP_COMMAND_RELEASE "release"   /* of hold */

enum gsp_option {
	GSP_OPTION_NAME, GSP_OPTION_SAVE, GSP_OPTION_TIME, GSP_OPTION_TEXT, GSP_OPTION_MONTH,
	GSP_OPTION_SCRIPT
};
#define GSP_OPTIONS (GSP_OPTION_SCRIPT + 1)

struct gsp_command_option {
	const char *name;
	uint64_t type; /* Discord's number of it */
};
extern const struct gsp_command_option gsp_command_options[];

/** gsp_command_must(v, o), gsp_command_may(v, o): the subcommand needs, or takes, that option. */
bool gsp_command_must(enum gsp_verb v, enum gsp_option o);
bool gsp_command_may(enum gsp_verb v, enum gsp_option o);

/** gsp_command_script(name): logs offers that one. */
bool gsp_command_script(const char *name);

#endif
