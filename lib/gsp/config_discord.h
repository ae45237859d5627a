/*
 * gsp/config_discord: `discord:` in gsp.yaml: where the bot's token is, which guild and channels it
 * serves, and who may do what. Part of gsp/config. Keys and forms: gsp.yaml(5).
 *
 * The default is no. A rule gives one role, one user or everyone in the guild rights on some servers
 * or all; rules only add up.
 */
#ifndef GSP_GSP_CONFIG_DISCORD_H
#define GSP_GSP_CONFIG_DISCORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/argv.h"
#include "base/buf.h"
#include "base/err.h"
#include "fmt/yaml.h"

#define GSP_DISCORD_URL "https://discord.com/api/v10"
#define GSP_DISCORD_RULES_MAX 64

/* Bits. Each but VIEW brings VIEW along; ADMIN brings all. */
enum gsp_right {
	GSP_RIGHT_VIEW = 1,     /* status list players saves cost */
	GSP_RIGHT_OPERATE = 2,  /* up down restart say logs */
	GSP_RIGHT_EXTEND = 4,   /* extend hold */
	GSP_RIGHT_RESTORE = 8,  /* restore; up with an older save */
	GSP_RIGHT_ADMIN = 16
};

struct gsp_discord_rule {
	uint64_t role, user;      /* one of them; both 0: everyone in the guild */
	unsigned rights;          /* as written; gsp_discord_rights() adds what they bring along */
	struct gsp_argv servers;  /* empty: all */
};

struct gsp_discord_conf {
	bool set;                      /* there is a discord: */
	char *token_file;              /* as written: gsp_home_expand(); NULL: none */
	struct gsp_argv token_command;
	uint64_t guild;                /* never 0 when set */
	uint64_t channels[25];         /* empty: any of the guild. A thread counts as its channel */
	size_t nchannels;
	char *webhook_file;            /* for the end of a job where the bot may not write; as written;
	                                * NULL: none */
	char *api_url;                 /* GSP_DISCORD_URL unless said; no trailing slash */
	char *ca_file;                 /* as written; NULL: the system's */
	char *user;                    /* whom the network half becomes when started as root: "gsp-bot" */
	struct gsp_discord_rule rules[GSP_DISCORD_RULES_MAX];
	size_t nrules;
};

/** gsp_discord_set(c, v, err): the map `discord`. GSP_ECONFIG with file, line and column. */
int gsp_discord_set(struct gsp_discord_conf *c, const struct gsp_yaml *v, struct gsp_err *err);
void gsp_discord_release(struct gsp_discord_conf *c);

/** gsp_right_name(r): "view", ... for messages. */
const char *gsp_right_name(enum gsp_right r);

/**
 * gsp_discord_rights(c, user, roles, nroles, server):
 * What they may do with ${server} (NULL: with any server at all), as bits. Guild and channel are the
 * caller's to check.
 */
unsigned gsp_discord_rights(const struct gsp_discord_conf *c, uint64_t user, const uint64_t *roles,
    size_t nroles, const char *server);

/** gsp_discord_who_may(out, size, c, right, server): the roles that would help: "<@&123>, <@&456>" for
 * a refusal; "" when no rule gives it. Returns ${out}. */
const char *gsp_discord_who_may(char *out, size_t size, const struct gsp_discord_conf *c,
    enum gsp_right right, const char *server);

struct gsp_home;

/**
 * gsp_discord_token(out, h, err):
 * The bot's token: the first line of token_file (a regular file, ours, nobody else's to read), or of
 * what token_command prints. ${out} needs a ceiling above GSP_TOKEN_MAX; gsp_token_wipe() it.
 * Errors: GSP_ECONFIG when neither is set, GSP_EAUTH, GSP_EIO; the token is in no message.
 */
int gsp_discord_token(struct gsp_buf *out, const struct gsp_home *h, struct gsp_err *err);

/**
 * gsp_discord_webhook(out, h, err):
 * Of the URL in webhook_file what follows the API's base: "/webhooks/ID/TOKEN", with "?thread_id=N" if
 * it has that; empty when there is no webhook_file. A secret, as above.
 */
int gsp_discord_webhook(struct gsp_buf *out, const struct gsp_home *h, struct gsp_err *err);

#endif
