/*
 * bot: what the words of gsp-bot share that talk to Discord and end: register, invite, check.
 */
#ifndef GSP_CMD_BOT_H
#define GSP_CMD_BOT_H

#include <stdbool.h>

#include "base/err.h"
#include "discord/api.h"
#include "fmt/json.h"
#include "gsp/config.h"
#include "tool.h"

struct bot {
	struct tool *t;
	const struct gsp_discord_conf *conf;
	struct gsp_api *api;
	struct gsp_json *app;  /* GET /applications/@me */
	char app_id[24], guild[24];
	int64_t budget_ms;     /* of each request; 0: GSP_API_BUDGET_MS */
};

/**
 * bot_open(b, t, err):
 * From the home's settings: a client with the bot's token; nothing is asked yet. GSP_ECONFIG without
 * discord:, GSP_EAUTH for the token's file. bot_app(): asks who the application is. bot_close() is
 * safe at any time after b was zeroed.
 */
int bot_open(struct bot *b, struct tool *t, struct gsp_err *err);
int bot_app(struct bot *b, struct gsp_err *err);
void bot_close(struct bot *b);

/** bot_get(b, a, err, fmt, ...): GET the path, which is formatted. Release ${a}. */
int bot_get(struct bot *b, struct gsp_api_answer *a, struct gsp_err *err, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* ---- commands ---- */

/* What differs between what is registered and what should be. */
struct bot_diff {
	bool differs;
	bool there;                          /* the command is registered, maybe otherwise */
	struct gsp_argv added, changed, gone; /* subcommands */
	struct gsp_argv others;              /* commands of the application that are not ours */
	size_t subcommands;                  /* of ours */
};

/** bot_compare(d, ours, theirs): ${ours}: gsp_command_all(); ${theirs}: what Discord has. */
void bot_compare(struct bot_diff *d, const struct gsp_json *ours, const struct gsp_json *theirs);
void bot_diff_release(struct bot_diff *d);

/** bot_commands(b, theirs, err): ask what is registered in the guild. Free with gsp_json_free(). */
int bot_commands(struct bot *b, struct gsp_json **theirs, struct gsp_err *err);

/* ---- words ---- */

int bot_register(struct tool *t, bool dry_run, struct gsp_err *err);
int bot_invite(struct tool *t, struct gsp_err *err);
int bot_check(struct tool *t, struct gsp_err *err);

/** bot_invite_url(out, size, app_id): Source: Discord API v10, "Bot Authorization Flow". */
const char *bot_invite_url(char *out, size_t size, const char *app_id);

#endif
