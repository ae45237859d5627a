/*
 * discord/gateway: Discord's gateway as a state machine without I/O: told what happened and what time
 * it is, it says what to do. hello, heartbeat with jitter, zombie connections, identify, resume,
 * reconnect, invalid session, every close code, the identify budget, back-off with jitter always.
 *
 * The caller: feed one of _found, _opened, _text, _closed, or _tick at gsp_gateway_next_ms(); then
 * gsp_gateway_pop() until it says false, doing each. A new machine wants _tick first.
 *
 * What it does on its own:
 * - After op 9 with d:false it closes, and identifies over a new connection 1 to 5 s later, so that
 *   the budget is asked for before every Identify; remaining 0 is waited out and said. Later, by the
 *   back-off, where sessions end within a minute, or none begins.
 * - Back-off: 1 to 2 s, doubling to 150 to 300 s, before every _FIND and every _CONNECT that no _FIND
 *   precedes, but the very first; it begins anew once a session has been up for a minute, and is 2 to
 *   4 s after one that was up for less, two dozen times. After 403 for the address ten minutes, since
 *   an address blocked for asking too often is blocked longer.
 * - At most 450 Identifies a day, 5 s apart; at most 118 payloads a minute.
 * - A session is resumed at its own address; after three failures at that of /gateway/bot; after six
 *   it is forgotten. Addresses are wss://, or ws:// to loopback, or are not opened.
 * - A clock that goes backwards stands still.
 *
 * Units: ms is any monotonic clock's milliseconds. Ids are strings (uint64 does not fit a double).
 * Source: Discord API v10, "Gateway" and "Opcodes and Status Codes" (2026-08).
 */
#ifndef GSP_DISCORD_GATEWAY_H
#define GSP_DISCORD_GATEWAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "fmt/json.h"

#define GSP_GATEWAY_SEND_MAX 4096 /* bytes of a payload that we send (else close code 4002) */
#define GSP_GATEWAY_URL_MAX 512

/* What survives a restart: enough to resume. */
struct gsp_gateway_resume {
	char session_id[129];           /* "" : none */
	char url[GSP_GATEWAY_URL_MAX];  /* resume_gateway_url; "": that of /gateway/bot */
	int64_t seq;                    /* -1: none yet */
};

enum gsp_gateway_do {
	GSP_GATEWAY_FIND,    /* GET /gateway/bot, once, within a minute; then _found */
	GSP_GATEWAY_CONNECT, /* open act.text (a whole URL with its query); then _opened or _closed */
	GSP_GATEWAY_SEND,    /* send act.text. It may hold the token: not for logs */
	GSP_GATEWAY_CLOSE,   /* close with act.code; what comes of that connection later is not fed */
	GSP_GATEWAY_READY,   /* a session began, or went on: act.app, act.user, act.resumed. Both ids are
	                      * "" when one of an earlier run went on (RESUMED does not tell them), and
	                      * may be "" when READY does not; every interaction says its application */
	GSP_GATEWAY_EVENT,   /* act.text names it ("INTERACTION_CREATE"), act.data is its d */
	GSP_GATEWAY_KEEP,    /* resume state changed for good (new, or gone): store it */
	GSP_GATEWAY_SAY,     /* act.text: one line for the log, such as why it reconnects and when */
	GSP_GATEWAY_FATAL    /* never connect again; act.code (4004, ..., or 401), act.text says why and
	                      * what to do */
};

struct gsp_gateway_act {
	enum gsp_gateway_do what;
	const char *text;            /* borrowed until the next _pop for this machine */
	const struct gsp_json *data; /* likewise */
	int code;
	const char *app, *user;      /* ids of the application and of the bot's own user */
	bool resumed;
};

struct gsp_gateway_opts {
	const char *token;                        /* borrowed for its life */
	const struct gsp_gateway_resume *resume;  /* from the last run; NULL: none */
	uint32_t (*below)(uint32_t n);            /* the die; NULL: gsp_rand_below */
};

struct gsp_gateway;
struct gsp_gateway *gsp_gateway_new(const struct gsp_gateway_opts *o); /* never NULL */
void gsp_gateway_free(struct gsp_gateway *g);

/** gsp_gateway_found(g, status, body, len, now_ms): the answer to GET /gateway/bot; status 0: there
 * was none, and ${body} says why, for the log; NULL or "": nobody knows. */
void gsp_gateway_found(struct gsp_gateway *g, long status, const char *body, size_t len,
    int64_t now_ms);
void gsp_gateway_opened(struct gsp_gateway *g, int64_t now_ms);
void gsp_gateway_text(struct gsp_gateway *g, const char *text, size_t len, int64_t now_ms);
/** gsp_gateway_closed(g, code, why, now_ms): code 0: no close frame; ${why} for the log. */
void gsp_gateway_closed(struct gsp_gateway *g, int code, const char *why, int64_t now_ms);
void gsp_gateway_tick(struct gsp_gateway *g, int64_t now_ms);

/** gsp_gateway_next_ms(g): when _tick is wanted at the latest; INT64_MAX: not at all. */
int64_t gsp_gateway_next_ms(const struct gsp_gateway *g);

/** gsp_gateway_pop(out, g): the next thing to do; false: none. */
bool gsp_gateway_pop(struct gsp_gateway_act *out, struct gsp_gateway *g);

/** gsp_gateway_resume(g): as of now, to be stored; borrowed. seq moves with each event. */
const struct gsp_gateway_resume *gsp_gateway_resume(const struct gsp_gateway *g);

#endif
