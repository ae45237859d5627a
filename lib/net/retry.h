/*
 * net/retry: when a request may be sent again, and after how long. Pure functions: no clock is
 * read and nothing is sent here; the caller brings the facts and does the waiting.
 *
 * Source of the rules: Linode API v4, "Rate limits" and "Errors"; RFC 9110 sections 9.2.2
 * (idempotent methods) and 10.2.3 (Retry-After).
 *
 * Units: ..._ms milliseconds, ..._s seconds since 1970.
 */
#ifndef GSP_NET_RETRY_H
#define GSP_NET_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "net/http.h"

#define GSP_RETRY_AFTER_MIN_S 1	  /* Retry-After has been seen negative ... */
#define GSP_RETRY_AFTER_MAX_S 120 /* ... and nobody waits longer than this at once */

/* What one attempt says about the next. */
enum gsp_retry_kind {
	GSP_RETRY_DONE, /* an answer that stands: success, or an error that will not pass */
	GSP_RETRY_RATE, /* 429: nothing was done */
	GSP_RETRY_BUSY, /* 400 "Linode busy.": nothing was done */
	GSP_RETRY_UNAVAILABLE, /* 503: nothing was done */
	GSP_RETRY_MAINTENANCE, /* 503 with X-Maintenance-Mode: stop, say so */
	GSP_RETRY_UNSENT,      /* no connection: nothing was done */
	GSP_RETRY_DOUBT /* 408, 500, 502, 504, a proxy's 400, a lost or unreadable answer */
};

/* What is known about one attempt. Strings are header values, NULL when not sent. */
struct gsp_retry_seen {
	enum gsp_http_fault fault;
	bool may_be_sent;
	long status;
	bool readable; /* the body is what the API promises for this status */
	bool busy;     /* a 400 whose reason is "Linode busy." */
	const char *retry_after, *ratelimit_reset, *date, *maintenance, *server, *content_type;
	int64_t wall_s; /* our clock, for when there is no Date */
};

enum gsp_retry_kind gsp_retry_classify(const struct gsp_retry_seen *seen);

/** gsp_retry_idempotent(method): doing it twice is doing it once: all but POST and PATCH. */
bool gsp_retry_idempotent(const char *method);

/** gsp_retry_may_repeat(kind, method): it is safe, and of use, to send it again. */
bool gsp_retry_may_repeat(enum gsp_retry_kind kind, const char *method);

/**
 * gsp_retry_doubtful(seen, method):
 * The request was not idempotent and may have been carried out although nobody told us so:
 * look before asking again. Never after 429, 503, or an error the API itself explained.
 */
bool gsp_retry_doubtful(const struct gsp_retry_seen *seen, const char *method);

/**
 * gsp_retry_wait_ms(kind, seen, nth, rnd):
 * How long to wait before the next attempt. ${nth}: failures of this kind so far in this call,
 * 1 for the first. ${rnd}: uniform in [0, 1000), for jitter. What the server names
 * (Retry-After as seconds or date, for 429 also X-RateLimit-Reset) is taken, clamped, and at
 * most a second added; else 5, 10, 20, 20 ... s for 429 (and 503), 5 s for busy, and 1, 2, 4,
 * 8, 16, 16 ... s for the rest, plus up to a quarter.
 */
int64_t gsp_retry_wait_ms(
    enum gsp_retry_kind kind, const struct gsp_retry_seen *seen, unsigned nth, unsigned rnd);

/** gsp_retry_date_s(out, text): "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7). 0 or -1. */
int gsp_retry_date_s(int64_t *out, const char *text);

/*
 * The clock and the die of everything that waits for an API. Tests put their own in place, so
 * that a backoff of minutes takes no time.
 */
struct gsp_retry_clock {
	int64_t (*now_ms)(void); /* monotonic */
	int64_t (*wall_s)(void);
	int (*sleep_ms)(int64_t ms, struct gsp_err *err);
	uint32_t (*below)(uint32_t n);
};

/** gsp_retry_clock(): the one in use; never NULL. */
const struct gsp_retry_clock *gsp_retry_clock(void);

/** gsp_retry_set_clock(k): use ${k}, which must outlive its use; NULL: the real one again. */
void gsp_retry_set_clock(const struct gsp_retry_clock *k);

#endif
