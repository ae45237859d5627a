/*
 * discord/api: requests to Discord's REST API one at a time, each waited for: what a command at a
 * terminal wants. (A bot that runs wants discord/rest.)
 *
 * A request is repeated, within its budget, after 429 (when Discord says), 5xx, and an answer that
 * was lost or unreadable; so send only what may be done twice. 401 and 403 are never repeated.
 * Redirects are not followed. The token goes to the base's host alone, and never to /webhooks/ and
 * /interactions/, whose paths are secrets of their own and appear in no message.
 *
 * Source: Discord API v10, "Rate Limits", "Opcodes and Status Codes", "Reference: User Agent"
 * (2026-08).
 */
#ifndef GSP_DISCORD_API_H
#define GSP_DISCORD_API_H

#include <stdint.h>

#include "base/err.h"
#include "fmt/json.h"

#define GSP_API_BUDGET_MS 30000 /* of one call, waits included */

/* Source: Discord API v10, JSON error codes. */
enum gsp_api_code {
	GSP_API_UNKNOWN_CHANNEL = 10003,
	GSP_API_UNKNOWN_GUILD = 10004,
	GSP_API_UNKNOWN_MEMBER = 10007,
	GSP_API_UNKNOWN_USER = 10013,
	GSP_API_UNKNOWN_WEBHOOK = 10015,
	GSP_API_DAILY_CREATES = 30034,
	GSP_API_USER_AGENT = 40333,
	GSP_API_MISSING_ACCESS = 50001,
	GSP_API_MISSING_PERMISSIONS = 50013
};

struct gsp_api;

struct gsp_api_opts {
	const char *base;    /* "https://discord.com/api/v10"; copied */
	const char *token;   /* the bot's; copied, wiped at _free */
	const char *ca_file; /* trusted instead of the system's certificates; NULL: those */
	int64_t budget_ms;   /* 0: GSP_API_BUDGET_MS */
	void (*note)(void *ctx, const char *text); /* told before each wait; NULL: nobody is */
	void *note_ctx;
};

struct gsp_api_answer {
	long status;            /* 0: there was none */
	int code;               /* of an error: Discord's own, 0 none */
	struct gsp_json *body;  /* NULL: none, or no JSON */
};

int gsp_api_new(struct gsp_api **out, const struct gsp_api_opts *o, struct gsp_err *err);
void gsp_api_free(struct gsp_api *a);

/**
 * gsp_api_call(a, out, method, path, body, err):
 * ${path} is below the base. ${body}: NULL for none. 0: a 2xx with JSON. Either way
 * gsp_api_answer_release(${out}); it need not be set before.
 * Errors: GSP_EAUTH 401, 403, or the certificate; GSP_ENOTFOUND when Discord itself says 404;
 * GSP_ETEMP not reachable, 429 or 5xx past the budget; GSP_EPROTO nonsense, a redirect, or a request
 * that it does not understand; GSP_ECANCEL; GSP_ELIMIT.
 */
int gsp_api_call(struct gsp_api *a, struct gsp_api_answer *out, const char *method, const char *path,
    const struct gsp_json *body, struct gsp_err *err);
void gsp_api_answer_release(struct gsp_api_answer *a);

#endif
