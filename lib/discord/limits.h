/*
 * discord/limits: when Discord's REST API may be asked next. Learns buckets from the headers of
 * answers (nothing is hard-coded), obeys 429 of each scope, the global limit, and stays far below
 * the number of refused requests for which Discord blocks an IP address. No I/O, no clock.
 *
 * A route is what limits are counted by: the method and the path with its first channel, guild or
 * webhook spelled out and every other id as {}: "PATCH /channels/123/messages/{}". NULL is the
 * answer to an interaction: no limit but that of refused requests concerns it.
 *
 * Units: ms is any monotonic clock's milliseconds.
 * Source: Discord API v10, "Rate Limits" (2026-08).
 */
#ifndef GSP_DISCORD_LIMITS_H
#define GSP_DISCORD_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GSP_LIMITS_A_SECOND 45 /* requests; Discord allows 50 */

/* Answers of 401, 403 and 429 in ten minutes; Discord blocks the address at 10,000. */
#define GSP_LIMITS_INVALID_SLOW 50   /* from here on, one request a second */
#define GSP_LIMITS_INVALID_STOP 500  /* none but answers to interactions */
#define GSP_LIMITS_INVALID_ALL  3000 /* nothing at all */

struct gsp_limits;
struct gsp_limits *gsp_limits_new(void); /* never NULL */
void gsp_limits_free(struct gsp_limits *l);

/** gsp_limits_when(l, route, now_ms): the moment from which a request of ${route} may be sent; not
 * after ${now_ms}: now. INT64_MAX: not before an answer to one that is under way. */
int64_t gsp_limits_when(struct gsp_limits *l, const char *route, int64_t now_ms);

/** gsp_limits_sent(l, route, now_ms): it was sent. One _answer follows each. */
void gsp_limits_sent(struct gsp_limits *l, const char *route, int64_t now_ms);

/* What came back. Texts are header values, NULL for none. */
struct gsp_limits_seen {
	long status; /* 0: no answer */
	const char *limit, *remaining, *reset_after, *bucket; /* X-RateLimit-* */
	const char *scope, *global;                           /* X-RateLimit-Scope, -Global: of 429 */
	const char *retry_after;                              /* Retry-After */
	double body_retry_after_s;                            /* of 429's body; < 0: none */
	bool body_global;
	bool one_message; /* this 429 is about the one message of the request, and no limit of its route */
};
void gsp_limits_answer(struct gsp_limits *l, const char *route, const struct gsp_limits_seen *s,
    int64_t now_ms);

/** gsp_limits_wait_ms(s): how long this 429 asks to wait, at least 1, at most a day. */
int64_t gsp_limits_wait_ms(const struct gsp_limits_seen *s);

/** gsp_limits_invalid(l, now_ms): answers of 401, 403 and 429 in the last ten minutes. */
unsigned gsp_limits_invalid(const struct gsp_limits *l, int64_t now_ms);

#endif
