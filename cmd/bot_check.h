/*
 * bot_check: the parts of `gsp-bot check`. Each tells what it finds; -1 only for a signal.
 */
#ifndef GSP_CMD_BOT_CHECK_H
#define GSP_CMD_BOT_CHECK_H

#include "bot.h"
#include "bot_find.h"

struct check {
	struct bot b;
	struct bot_finds f;
	struct gsp_argv servers;  /* of the home */
	bool online;              /* the token works: Discord may be asked */
	char user[24];            /* the bot's own */
	/* NULL: not known */
	struct gsp_json *guild, *roles, *member;
	char names[GSP_DISCORD_RULES_MAX][64]; /* of the rules' users; "" not known */
};

/** This computer: the network half, its user, what can be locked away. */
int bot_check_here(struct check *c, struct gsp_err *err);

/** The guild's channels, and what the bot may do there. */
int bot_check_channels(struct check *c, struct gsp_err *err);

/** allow: roles, users and servers that do not exist; rules that help nobody. */
int bot_check_rules(struct check *c, struct gsp_err *err);

/** bot_print_rules(c, err): who may what, where. */
int bot_print_rules(struct check *c, struct gsp_err *err);

#endif
