#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "discord/gateway_priv.h"
#include "discord/rest.h"

#include "base/banned.h"

#define FIND_MS      120000 /* an answer to _FIND; the request's own limits are below that */
#define OPEN_MS      30000  /* likewise of _CONNECT */
#define STABLE_MS    60000  /* up for so long: the next trouble is a new one */
#define BRIEF_TRIES  1      /* up, but not for so long: the back-off falls to this */
#define BRIEF_MAX    24     /* so often in a row; then it grows */
#define BACK_MIN_MS  1000
#define BACK_MAX_MS  300000
#define SPACING_MS   5000 /* between two identifies: max_concurrency is 1 */
#define DAY_MS       86400000
#define DAY_MAX      450    /* identifies in one; Discord resets the token after 1000 in any 24 h */
#define FORBIDDEN_MS 600000 /* after 403 for the address: asking often is what gets an IP blocked */
#define RESUME_FIRST 3      /* failed tries at the resume url; then that of /gateway/bot */
#define RESUME_LAST  6      /* failed tries in all; then a new session */

bool
gsp_gateway_has_session(const struct gsp_gateway *g)
{
	return g->r.session_id[0] != '\0';
}

void
gsp_gateway_forget(struct gsp_gateway *g)
{
	bool had = gsp_gateway_has_session(g);

	memset(&g->r, 0, sizeof(g->r));
	g->r.seq = -1;
	g->resumes = 0;
	if (had)
		gsp_gateway_push(g, GSP_GATEWAY_KEEP, NULL);
}

/* Doubles with each try, half of it by the die: within [BACK_MIN_MS, BACK_MAX_MS]. */
static int64_t
back_off(struct gsp_gateway *g)
{
	int64_t most = BACK_MAX_MS;

	if (g->tries < 8)
		most = (int64_t)(2 * BACK_MIN_MS) << g->tries;
	if (most > BACK_MAX_MS)
		most = BACK_MAX_MS;
	if (g->tries < 1000)
		g->tries++;
	return most / 2 + g->below((uint32_t)(most / 2 + 1));
}

/* How long until we may identify again. */
static int64_t
identify_wait(struct gsp_gateway *g)
{
	int64_t wait = 0;

	if (g->identified != INT64_MIN && g->identified + SPACING_MS > g->now)
		wait = g->identified + SPACING_MS - g->now;
	if (g->in_day >= DAY_MAX && g->day + DAY_MS > g->now + wait)
		wait = g->day + DAY_MS - g->now;
	return wait;
}

static void
wait_until(struct gsp_gateway *g, int64_t wait, const char *why)
{
	char span[64];
	const char *then = gsp_gateway_has_session(g) ? "to resume" : "for a new session";

	g->state = GW_WAIT;
	g->at = g->now + wait;
	if (wait < 60000)
		gsp_gateway_say(g, "gateway: %s; reconnecting in %.1f s %s", why, (double)wait / 1000, then);
	else
		gsp_gateway_say(g, "gateway: %s; reconnecting in %s %s", why,
		    gsp_num_span(span, sizeof(span), wait / 1000), then);
}

/* The next try, not before ${least} ms. */
void
gsp_gateway_again(struct gsp_gateway *g, int64_t least, const char *why)
{
	int64_t wait = back_off(g), spacing;

	if (wait < least)
		wait = least;
	if (!gsp_gateway_has_session(g) && (spacing = identify_wait(g)) > wait)
		wait = spacing;
	wait_until(g, wait, why);
}

/* A session was up: Discord is there. One that asks us to reconnect several times in a minute, as while
 * it is being updated, is no reason to be deaf for half of the next one; one that never stops is. */
static void
was_up(struct gsp_gateway *g)
{
	g->lived = g->now - g->up_since >= STABLE_MS;
	if (g->lived) {
		g->tries = 0;
		g->briefs = 0;
	} else if (g->tries > BRIEF_TRIES && g->briefs < BRIEF_MAX) {
		g->tries = BRIEF_TRIES;
		g->briefs++;
	}
}

/* The connection is gone, or never came. */
void
gsp_gateway_lost(struct gsp_gateway *g, int64_t least, const char *why)
{
	gsp_gateway_unsend(g);
	if (g->state == GW_UP)
		was_up(g);
	if (g->state != GW_UP && gsp_gateway_has_session(g) && ++g->resumes >= RESUME_LAST)
		gsp_gateway_forget(g);
	gsp_gateway_again(g, least, why);
}

void
gsp_gateway_drop(struct gsp_gateway *g, int code, int64_t least, const char *why)
{
	gsp_gateway_push(g, GSP_GATEWAY_CLOSE, NULL)->code = code;
	gsp_gateway_lost(g, least, why);
}

static void
start_find(struct gsp_gateway *g)
{
	g->state = GW_FIND;
	g->at = g->now + FIND_MS;
	gsp_gateway_push(g, GSP_GATEWAY_FIND, NULL);
}

/* -1: ${url} is not one that we open. */
static int
start_connect(struct gsp_gateway *g, const char *url)
{
	struct gsp_buf whole = GSP_BUF_INIT(GSP_GATEWAY_URL_MAX + 64);

	if (gsp_gateway_url(&whole, url) == -1)
		return -1;
	g->state = GW_OPEN;
	g->at = g->now + OPEN_MS;
	gsp_gateway_push(g, GSP_GATEWAY_CONNECT, gsp_buf_str(&whole));
	gsp_buf_release(&whole);
	return 0;
}

void
gsp_gateway_next_try(struct gsp_gateway *g)
{
	if (gsp_gateway_has_session(g) && g->resumes < RESUME_FIRST && start_connect(g, g->r.url) == 0)
		return;
	start_find(g);
}

/* ---- GET /gateway/bot ---- */

/* Room for one more Identify? Else wait, and say so. */
static bool
may_identify(struct gsp_gateway *g, const struct gsp_json *body)
{
	const struct gsp_json *limit = gsp_json_get(body, "session_start_limit");
	int64_t wait = identify_wait(g);

	if (wait > 0) {
		gsp_gateway_again(g, wait,
		    wait > SPACING_MS ? "too many sessions were begun today"
				      : "a session was begun just now");
		return false;
	}
	if (gsp_json_num(limit, "remaining", 1) >= 1)
		return true;
	wait = gsp_num_seconds_ms(gsp_json_num(limit, "reset_after", 0) / 1000, DAY_MS);
	gsp_gateway_again(g, wait < 60000 ? 60000 : wait,
	    "Discord lets this bot begin no more sessions for now (it resets the token of one that "
	    "goes on)");
	return false;
}

static void
found_url(struct gsp_gateway *g, const struct gsp_json *body)
{
	const char *url = gsp_json_str(body, "url", "");

	if (!gsp_gateway_has_session(g) && !may_identify(g, body))
		return;
	if (start_connect(g, url) == -1)
		gsp_gateway_again(g, 0, "the address of the gateway that Discord gave is none");
}

static void
found_none(struct gsp_gateway *g, const char *why, size_t len)
{
	char text[400];

	if (why == NULL || len == 0)
		why = "no answer", len = strlen(why);
	(void)snprintf(text, sizeof(text), "cannot ask for its address: %.*s", len < 300 ? (int)len : 300, why);
	gsp_gateway_again(g, 0, text);
}

static void
found_error(struct gsp_gateway *g, long status, const struct gsp_json *body)
{
	char why[200], text[256];
	int64_t least = 0;

	gsp_discord_explain(why, sizeof(why), status, body);
	(void)snprintf(text, sizeof(text), "cannot ask for its address: %s", why);
	if (status == 429)
		least = gsp_num_seconds_ms(gsp_json_num(body, "retry_after", 0), DAY_MS);
	else if (status == 403)
		least = FORBIDDEN_MS;
	gsp_gateway_again(g, least, text);
}

void
gsp_gateway_found(
    struct gsp_gateway *g, long status, const char *body, size_t len, int64_t now_ms)
{
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_json *root = NULL;

	if (now_ms > g->now)
		g->now = now_ms;
	if (g->state != GW_FIND)
		return;
	if (status == 401) {
		gsp_gateway_end(g, 401, gsp_gateway_fatal(401));
		return;
	}
	if (status == 0) {
		found_none(g, body, len);
		return;
	}
	if (body != NULL && len > 0)
		(void)gsp_json_parse(&root, body, len, &err);
	if (status == 200 && gsp_json_is_obj(root))
		found_url(g, root);
	else
		found_error(g, status, root);
	gsp_json_free(root);
}

void
gsp_gateway_identifying(struct gsp_gateway *g)
{
	if (g->in_day == 0 || g->now - g->day >= DAY_MS) {
		g->day = g->now;
		g->in_day = 0;
	}
	g->in_day++;
	g->identified = g->now;
	g->r.seq = -1;
}
