/*
 * discord/rest: requests to Discord's REST API, many at once, at the pace it allows: by route and
 * channel from its headers, the global limit, 429 of each scope, back-off after 5xx and lost answers,
 * nothing at all after 401. Over net/multi.
 *
 * Requests of one `line` go one at a time, in order; a waiting one that is newest_only is replaced by
 * the next such one of its line, method and path (an edit that nobody needs any more).
 *
 * Not asked again: a route that got 403 (for ten minutes; a message that is not ours, 50005, alone), a
 * webhook that got 404 or 50027, anything with the bot's token after 401. Such a request ends with the
 * status and code of that answer. The three kinds of refusal are counted, and from 50 in ten minutes on
 * everything slows down: Discord blocks an address at 10,000 (discord/limits.h).
 *
 * Of messages and edits at most 8 are under way at once: however slow Discord is with them, without
 * HTTP/2 too, there are connections left for answers to interactions, which have three seconds.
 *
 * 429 is waited out and repeated, whatever ->repeat says: nothing was carried out; so is a request that
 * could not be sent at all. Not that of 30046, a quota of one old message: it ends the request, and holds
 * up no other. After a lost answer, 408 and 5xx only what ->repeat allows: 500 ms, doubling
 * to 30 s, half of it by the die.
 *
 * Source: Discord API v10, "Rate Limits", "Opcodes and Status Codes" (2026-08).
 */
#ifndef GSP_DISCORD_REST_H
#define GSP_DISCORD_REST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "fmt/json.h"
#include "net/multi.h"

struct gsp_rest;

struct gsp_rest_opts {
	struct gsp_multi *multi;   /* borrowed */
	const char *base;          /* "https://discord.com/api/v10", no trailing slash; copied */
	const char *token;         /* copied, wiped at _free; sent only where req->auth */
	int64_t (*now_ms)(void);   /* NULL: gsp_now_ms */
	uint32_t (*below)(uint32_t n);
};

struct gsp_rest_req {
	const char *method;  /* "POST" */
	const char *path;    /* below the base, with query: "/interactions/1/tok/callback" */
	const char *route;   /* what limits are counted by: method, path with ids but the first channel,
	                      * guild or webhook's as {}: "PATCH /channels/123/messages/{}". NULL: an
	                      * interaction's callback, which no limit but the answer's own concerns */
	const char *body;    /* JSON, or NULL */
	bool auth;           /* send the bot's token; never on /interactions and /webhooks */
	bool repeat;         /* may be sent again after a lost answer or 5xx: GET, PATCH, a nonce */
	bool once;           /* nor is it when no answer came: the caller says so and asks again itself */
	bool anew;           /* on a connection of its own: a second try beside the first, with which it
	                      * waits after 429 */
	int64_t until_ms;    /* not worth sending, or repeating, after that moment; 0: an hour from now */
	uint64_t line;       /* one at a time; 0: none */
	bool newest_only;    /* of those waiting in its line with this path, only the newest is sent */
};

struct gsp_rest_res {
	long status;                 /* 0: no answer, or never sent */
	int code;                    /* Discord's own ("code" of the body), 0: none */
	const struct gsp_json *body; /* parsed; NULL: none or not JSON. Borrowed for the call */
	bool dropped;                /* a newer one took its place; or it was too late to send it (one
	                              * that was tried before ends with what that try said) */
	const char *why;             /* of a failure, in a sentence, without secrets; "" */
};

/** Called once for each request, from gsp_multi_wait() or gsp_rest_tick(). It may send more. */
typedef void gsp_rest_fn(void *ctx, const struct gsp_rest_res *res);

int gsp_rest_new(struct gsp_rest **out, const struct gsp_rest_opts *o, struct gsp_err *err);
void gsp_rest_free(struct gsp_rest *r); /* what waits is dropped without a call; no gsp_multi_wait()
                                        * for this multi after that, and not from within a call */

/** gsp_rest_send(r, req, fn, ctx): queue it; everything is copied. ${fn} may be NULL. */
void gsp_rest_send(struct gsp_rest *r, const struct gsp_rest_req *req, gsp_rest_fn *fn, void *ctx);

/** gsp_rest_tick(r): send what may go now. gsp_rest_next_ms(r): when that is wanted next. */
void gsp_rest_tick(struct gsp_rest *r);
int64_t gsp_rest_next_ms(const struct gsp_rest *r);

/** gsp_rest_refused(r): the token was refused (401); nothing that needs it is sent any more. */
bool gsp_rest_refused(const struct gsp_rest *r);
/** gsp_rest_unanswered(r): how many attempts, so far, that no answer came to. */
uint64_t gsp_rest_unanswered(const struct gsp_rest *r);
/** gsp_rest_idle(r): nothing waits and nothing is under way. */
bool gsp_rest_idle(const struct gsp_rest *r);

/**
 * gsp_discord_explain(out, size, status, body):
 * What an error answer says, for people: "Missing Permissions (50013)", the paths and reasons of
 * 50035 too, "HTTP 502" for what is not JSON. Cut, printable, one line.
 */
void gsp_discord_explain(char *out, size_t size, long status, const struct gsp_json *body);

/** gsp_discord_hides(path): how a path with a token in it is named in a log, "/webhooks/..."; it is not sent
 * with ours. NULL: there is none in it, and it may be shown. */
const char *gsp_discord_hides(const char *path);

#endif
