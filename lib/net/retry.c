#include "net/retry.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/num.h"
#include "base/rand.h"
#include "sys/sig.h"

#include "base/banned.h"

static const struct gsp_retry_clock real_clock = {
    gsp_now_ms, gsp_wall_s, gsp_sleep_ms, gsp_rand_below};
static const struct gsp_retry_clock *the_clock = &real_clock;

const struct gsp_retry_clock *
gsp_retry_clock(void)
{
	return the_clock;
}

void
gsp_retry_set_clock(const struct gsp_retry_clock *k)
{
	the_clock = k != NULL ? k : &real_clock;
}

bool
gsp_retry_idempotent(const char *method)
{
	return strcmp(method, "POST") != 0 && strcmp(method, "PATCH") != 0;
}

/* nginx in front of the API answers 400 in HTML when something behind it failed; the API
 * itself always answers in JSON. */
static bool
is_proxy_fault(const struct gsp_retry_seen *s)
{
	return s->status == 400 && s->server != NULL && s->content_type != NULL &&
	       strncasecmp(s->server, "nginx", 5) == 0 &&
	       strncasecmp(s->content_type, "text/html", 9) == 0;
}

enum gsp_retry_kind
gsp_retry_classify(const struct gsp_retry_seen *s)
{
	switch (s->fault) {
	case GSP_HTTP_FINE: break;
	case GSP_HTTP_UNSENT: return GSP_RETRY_UNSENT;
	case GSP_HTTP_BROKEN:
	case GSP_HTTP_TIMEOUT: return GSP_RETRY_DOUBT;
	default: return GSP_RETRY_DONE;
	}
	if (s->status == 429)
		return GSP_RETRY_RATE;
	if (s->status == 400 && s->busy)
		return GSP_RETRY_BUSY;
	if (s->status == 503)
		return s->maintenance != NULL ? GSP_RETRY_MAINTENANCE : GSP_RETRY_UNAVAILABLE;
	if (s->status == 408 || s->status >= 500 || is_proxy_fault(s))
		return GSP_RETRY_DOUBT;
	if (s->status >= 200 && s->status < 300 && !s->readable)
		return GSP_RETRY_DOUBT;
	return GSP_RETRY_DONE;
}

bool
gsp_retry_may_repeat(enum gsp_retry_kind kind, const char *method)
{
	switch (kind) {
	case GSP_RETRY_RATE:
	case GSP_RETRY_BUSY:
	case GSP_RETRY_UNAVAILABLE:
	case GSP_RETRY_UNSENT: return true;
	case GSP_RETRY_DOUBT: return gsp_retry_idempotent(method);
	default: return false;
	}
}

bool
gsp_retry_doubtful(const struct gsp_retry_seen *s, const char *method)
{
	if (gsp_retry_idempotent(method))
		return false;
	if (s->fault == GSP_HTTP_CANCEL || s->fault == GSP_HTTP_TOO_BIG)
		return s->may_be_sent;
	if (s->fault == GSP_HTTP_FINE && s->status >= 300 && s->status < 500 && !s->readable)
		return s->status != 401 && s->status != 403 && s->status != 429;
	return gsp_retry_classify(s) == GSP_RETRY_DOUBT;
}

int
gsp_retry_date_s(int64_t *out, const char *text)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	unsigned day, year, h, m, s;
	char month[4], zone[4], iso[64];
	const char *at;
	int used = 0;

	if (strnlen(text, 64) >= 64 || (text = strchr(text, ',')) == NULL)
		return -1;
	if (sscanf(text, ", %2u %3s %4u %2u:%2u:%2u %3s%n", &day, month, &year, &h, &m, &s,
		zone, &used) != 7 ||
	    text[used] != '\0' || strcmp(zone, "GMT") != 0)
		return -1;
	if (strlen(month) != 3 || (at = strstr(months, month)) == NULL ||
	    (at - months) % 3 != 0)
		return -1;
	(void)snprintf(iso, sizeof(iso), "%04u-%02u-%02uT%02u:%02u:%02u", year,
	    (unsigned)(at - months) / 3 + 1, day, h, m, s);
	return gsp_clock_parse(out, iso);
}

static int64_t
clamp_s(int64_t s)
{
	if (s < GSP_RETRY_AFTER_MIN_S)
		return GSP_RETRY_AFTER_MIN_S;
	return s > GSP_RETRY_AFTER_MAX_S ? GSP_RETRY_AFTER_MAX_S : s;
}

/* The time at the server, so that a wrong clock here does not matter. */
static int64_t
server_now_s(const struct gsp_retry_seen *s)
{
	int64_t t;

	return s->date != NULL && gsp_retry_date_s(&t, s->date) == 0 ? t : s->wall_s;
}

/* What the server asks for, in seconds, clamped; -1: nothing we can use. */
static int64_t
named_wait_s(enum gsp_retry_kind kind, const struct gsp_retry_seen *s)
{
	int64_t v;

	if (s->retry_after != NULL) {
		if (gsp_num_i64(&v, s->retry_after, INT64_MIN, INT64_MAX) == 0)
			return clamp_s(v);
		if (gsp_retry_date_s(&v, s->retry_after) == 0)
			return clamp_s(v - server_now_s(s));
	}
	/* A reset in the past says nothing: it is -1 where there is no limit. */
	if (kind == GSP_RETRY_RATE && s->ratelimit_reset != NULL &&
	    gsp_num_i64(&v, s->ratelimit_reset, 1, INT64_MAX / 2) == 0 && v > server_now_s(s))
		return clamp_s(v - server_now_s(s));
	return -1;
}

int64_t
gsp_retry_wait_ms(
    enum gsp_retry_kind kind, const struct gsp_retry_seen *seen, unsigned nth, unsigned rnd)
{
	int64_t ms, named = -1;

	assert(nth >= 1 && rnd < 1000);
	if (kind == GSP_RETRY_RATE || kind == GSP_RETRY_UNAVAILABLE)
		named = named_wait_s(kind, seen);
	if (named >= 0)
		return named * 1000 + rnd;
	switch (kind) {
	case GSP_RETRY_RATE:
	case GSP_RETRY_UNAVAILABLE: ms = 5000 << (nth > 3 ? 2 : nth - 1); break;
	case GSP_RETRY_BUSY: return 5000;
	default: ms = 1000 << (nth > 5 ? 4 : nth - 1); break;
	}
	return ms + ms / 4 * rnd / 1000;
}
