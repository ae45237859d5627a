#include "discord/gateway.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "base/rand.h"
#include "discord/gateway_priv.h"
#include "discord/snowflake.h"

#include "base/banned.h"

#define HELLO_MS     20000
#define BEGIN_MS     30000 /* READY or RESUMED */
#define INTERVAL_MIN 100   /* of heartbeats; Discord's is about 41250 */
#define INTERVAL_MAX 600000
#define SENDS_ASKED  60 /* of GW_SENDS, at most so many for heartbeats that the peer asks for */
#define SENDS_MS     60000

static bool
is_open(const struct gsp_gateway *g)
{
	return g->state == GW_HELLO || g->state == GW_BEGIN || g->state == GW_UP;
}

/* ---- sending ---- */

/* Payloads of the last minute. */
static unsigned
sends(const struct gsp_gateway *g)
{
	unsigned n = 0;

	for (unsigned i = 0; i < GW_SENDS; i++)
		n += g->sent[i] + SENDS_MS > g->now;
	return n;
}

static void
send_text(struct gsp_gateway *g, struct gsp_buf *text)
{
	g->sent[g->sent_at] = g->now;
	g->sent_at = (g->sent_at + 1) % GW_SENDS;
	gsp_gateway_push(g, GSP_GATEWAY_SEND, gsp_buf_str(text));
}

static void
send_beat(struct gsp_gateway *g)
{
	struct gsp_buf text = GSP_BUF_INIT(GSP_GATEWAY_SEND_MAX);

	gsp_gateway_heartbeat(&text, g->r.seq);
	send_text(g, &text);
	gsp_buf_release(&text);
}

/* ---- a connection ---- */

void
gsp_gateway_opened(struct gsp_gateway *g, int64_t now_ms)
{
	if (now_ms > g->now)
		g->now = now_ms;
	if (g->state != GW_OPEN)
		return;
	g->state = GW_HELLO;
	g->at = g->now + HELLO_MS;
	g->interval = 0;
	g->beat_at = INT64_MAX;
	g->acked = true;
}

void
gsp_gateway_closed(struct gsp_gateway *g, int code, const char *why, int64_t now_ms)
{
	char text[256], clean[160];

	if (now_ms > g->now)
		g->now = now_ms;
	if (g->state != GW_OPEN && !is_open(g))
		return;
	gsp_gateway_unsend(g);
	if (gsp_gateway_after(code) == GSP_AFTER_NOTHING) {
		gsp_gateway_end(g, code, gsp_gateway_fatal(code));
		return;
	}
	if (gsp_gateway_after(code) == GSP_AFTER_IDENTIFY)
		gsp_gateway_forget(g);
	/* A peer that repeats our token gets it into no log. */
	gsp_gateway_clean(clean, sizeof(clean),
	    why != NULL && strstr(why, g->token) == NULL ? why : "");
	if (code != 0)
		(void)snprintf(text, sizeof(text), "closed with %d%s%s", code,
		    clean[0] != '\0' ? ": " : "", clean);
	else
		(void)snprintf(text, sizeof(text), "%s",
		    clean[0] != '\0' ? clean : "the connection ended");
	gsp_gateway_lost(g, 0, text);
}

/* A session is wanted: Identify or Resume. */
static void
begin(struct gsp_gateway *g)
{
	struct gsp_buf text = GSP_BUF_INIT(GSP_GATEWAY_SEND_MAX + 1);

	g->resuming = gsp_gateway_has_session(g);
	if (g->resuming)
		gsp_gateway_resume_text(&text, g->token, g->r.session_id, g->r.seq);
	else {
		gsp_gateway_identify(&text, g->token);
		gsp_gateway_identifying(g);
	}
	if (gsp_buf_ok(&text)) {
		g->state = GW_BEGIN;
		g->at = g->now + BEGIN_MS;
		send_text(g, &text);
	} else {
		gsp_gateway_push(g, GSP_GATEWAY_CLOSE, NULL)->code = GW_CLOSE_OURS;
		gsp_gateway_end(g, 4004, "the bot token is too long to be one: look at the token file");
	}
	if (text.data != NULL)
		explicit_bzero(text.data, text.cap);
	gsp_buf_release(&text);
}

static void
on_hello(struct gsp_gateway *g, const struct gsp_json *d)
{
	double ms = gsp_json_num(d, "heartbeat_interval", 0);

	if (g->state != GW_HELLO)
		return;
	if (!(ms >= INTERVAL_MIN && ms <= INTERVAL_MAX)) {
		gsp_gateway_drop(g, GW_CLOSE_GARBAGE, 0, "its Hello has no sensible heartbeat interval");
		return;
	}
	g->interval = (int64_t)ms;
	g->beat_at = g->now + g->below((uint32_t)g->interval);
	begin(g);
}

/* Printable, and not cut. */
static bool
is_session(const char *s)
{
	size_t i;

	for (i = 0; s[i] > ' ' && s[i] <= '~'; i++)
		;
	return s[i] == '\0' && i > 0 && i < sizeof(((struct gsp_gateway_resume *)0)->session_id);
}

/* -1: no url of ours; then that of /gateway/bot will do. */
static int
keep_url(struct gsp_gateway *g, const char *url)
{
	struct gsp_buf whole = GSP_BUF_INIT(GSP_GATEWAY_URL_MAX + 64);
	int rc = gsp_gateway_url(&whole, url);

	gsp_buf_release(&whole);
	(void)snprintf(g->r.url, sizeof(g->r.url), "%s", rc == 0 ? url : "");
	return rc;
}

static void
session_up(struct gsp_gateway *g, bool resumed)
{
	struct gsp_gateway_act *act;

	g->state = GW_UP;
	g->up_since = g->now;
	g->resumes = 0;
	act = gsp_gateway_push(g, GSP_GATEWAY_READY, NULL);
	act->app = g->app;
	act->user = g->user;
	act->resumed = resumed;
}

/* A bot that was never invited, or is elsewhere, hears nothing: this tells of it. */
static void
say_guilds(struct gsp_gateway *g, const struct gsp_json *guilds)
{
	char text[8 * 22 + 1] = "";
	size_t n = 0, len = 0;

	if (!gsp_json_is_arr(guilds))
		return;
	for (const struct gsp_json *v = gsp_json_first(guilds); v != NULL; v = gsp_json_next(v)) {
		const char *id = gsp_json_str(v, "id", "");

		if (gsp_snowflake_ok(id) && n++ < 8)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", len > 0 ? ", " : "", id);
	}
	if (n == 0)
		gsp_gateway_say(g, "gateway: Discord names no guild that the bot is in: if it was not invited yet, "
		    "open the link of 'gsp bot invite'");
	else
		gsp_gateway_say(g, "gateway: the bot is in the guild%s %s%s", n > 1 ? "s" : "", text,
		    n > 8 ? ", ..." : "");
}

static void
on_ready(struct gsp_gateway *g, const struct gsp_json *d)
{
	const char *session = gsp_json_str(d, "session_id", "");
	const char *app = gsp_json_str(gsp_json_get(d, "application"), "id", "");
	const char *user = gsp_json_str(gsp_json_get(d, "user"), "id", "");

	if (!is_session(session)) {
		gsp_gateway_forget(g);
		gsp_gateway_drop(g, GW_CLOSE_OURS, 0, "its READY lacks the session");
		return;
	}
	(void)snprintf(g->r.session_id, sizeof(g->r.session_id), "%s", session);
	(void)snprintf(g->app, sizeof(g->app), "%s", gsp_snowflake_ok(app) ? app : "");
	(void)snprintf(g->user, sizeof(g->user), "%s", gsp_snowflake_ok(user) ? user : "");
	if (keep_url(g, gsp_json_str(d, "resume_gateway_url", "")) == -1)
		gsp_gateway_say(g, "gateway: its READY names no usable address to resume at");
	say_guilds(g, gsp_json_get(d, "guilds"));
	session_up(g, false);
	gsp_gateway_push(g, GSP_GATEWAY_KEEP, NULL);
}

/* ${doc} is the whole message; taken when it becomes an event. */
static void
on_dispatch(struct gsp_gateway *g, struct gsp_json **doc)
{
	double s = gsp_json_num(*doc, "s", -1);
	const char *name = gsp_json_str(*doc, "t", "");
	const struct gsp_json *d = gsp_json_get(*doc, "d");
	struct gsp_gateway_act *act;

	if (g->state != GW_BEGIN && g->state != GW_UP)
		return;
	if (s >= 0 && s < 9007199254740992.0)
		g->r.seq = (int64_t)s;
	if (strcmp(name, "READY") == 0) {
		if (g->state == GW_BEGIN)
			on_ready(g, d);
	} else if (strcmp(name, "RESUMED") == 0) {
		if (g->state == GW_BEGIN && g->resuming)
			session_up(g, true);
	} else if (name[0] != '\0' && (g->state == GW_UP || g->resuming)) {
		act = gsp_gateway_push(g, GSP_GATEWAY_EVENT, name);
		act->data = d;
		gsp_gateway_own(act, *doc);
		*doc = NULL;
	}
}

static void
on_invalid(struct gsp_gateway *g, const struct gsp_json *doc)
{
	if (gsp_json_bool(doc, "d", false)) {
		gsp_gateway_drop(g, GW_CLOSE_OURS, 0, "the session is invalid here (9)");
		return;
	}
	if (g->resuming && g->lived) /* Discord is back: the tries before are none of what comes now */
		g->tries = 0;
	g->lived = false;
	gsp_gateway_forget(g);
	gsp_gateway_drop(g, GW_CLOSE_OURS, 1000 + (int64_t)g->below(4001), "the session is over (9)");
}

void
gsp_gateway_text(struct gsp_gateway *g, const char *text, size_t len, int64_t now_ms)
{
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_json *doc = NULL;
	double op;

	if (now_ms > g->now)
		g->now = now_ms;
	if (!is_open(g))
		return;
	if (gsp_json_parse(&doc, text, len, &err) == -1 || !gsp_json_is_num(gsp_json_get(doc, "op"))) {
		gsp_gateway_drop(g, GW_CLOSE_GARBAGE, 0, "what it sent is not a message");
		gsp_json_free(doc);
		return;
	}
	op = gsp_json_num(doc, "op", -1);
	if (op == GSP_OP_DISPATCH)
		on_dispatch(g, &doc);
	else if (op == GSP_OP_HEARTBEAT) {
		if (sends(g) < SENDS_ASKED)
			send_beat(g);
	} else if (op == GSP_OP_RECONNECT)
		gsp_gateway_drop(g, GW_CLOSE_OURS, 0, "it asked us to reconnect (7)");
	else if (op == GSP_OP_INVALID)
		on_invalid(g, doc);
	else if (op == GSP_OP_HELLO)
		on_hello(g, gsp_json_get(doc, "d"));
	else if (op == GSP_OP_ACK)
		g->acked = true;
	gsp_json_free(doc);
}

/* ---- time ---- */

static void
beat(struct gsp_gateway *g)
{
	if (!g->acked) {
		gsp_gateway_drop(g, GW_CLOSE_OURS, 0, "no answer to the last heartbeat");
		return;
	}
	if (sends(g) >= GW_SENDS) { /* an interval that the limit on sending does not allow */
		g->beat_at = g->now + INTERVAL_MIN;
		return;
	}
	send_beat(g);
	g->acked = false;
	g->beat_at = g->now + g->interval;
}

void
gsp_gateway_tick(struct gsp_gateway *g, int64_t now_ms)
{
	if (now_ms > g->now)
		g->now = now_ms;
	if (g->state == GW_START) {
		gsp_gateway_next_try(g);
		return;
	}
	if (is_open(g) && g->now >= g->beat_at)
		beat(g);
	if (g->state == GW_DEAD || g->state == GW_UP || g->now < g->at)
		return;
	switch (g->state) {
	case GW_WAIT: gsp_gateway_next_try(g); break;
	case GW_FIND: gsp_gateway_again(g, 0, "cannot ask for its address: no answer"); break;
	case GW_OPEN: gsp_gateway_drop(g, GW_CLOSE_OURS, 0, "cannot connect: too slow"); break;
	case GW_HELLO: gsp_gateway_drop(g, GW_CLOSE_OURS, 0, "it said no Hello"); break;
	case GW_BEGIN:
		gsp_gateway_drop(g, GW_CLOSE_OURS, 0,
		    g->resuming ? "the session did not resume" : "no session began");
		break;
	default: break;
	}
}

int64_t
gsp_gateway_next_ms(const struct gsp_gateway *g)
{
	switch (g->state) {
	case GW_START: return g->now;
	case GW_DEAD: return INT64_MAX;
	case GW_UP: return g->beat_at;
	default: return is_open(g) && g->beat_at < g->at ? g->beat_at : g->at;
	}
}

const struct gsp_gateway_resume *
gsp_gateway_resume(const struct gsp_gateway *g)
{
	return &g->r;
}

struct gsp_gateway *
gsp_gateway_new(const struct gsp_gateway_opts *o)
{
	struct gsp_gateway *g = gsp_must(calloc(1, sizeof(*g)));

	g->token = o->token;
	g->below = o->below != NULL ? o->below : gsp_rand_below;
	g->now = g->identified = INT64_MIN;
	g->last = &g->first;
	g->r.seq = -1;
	for (unsigned i = 0; i < GW_SENDS; i++)
		g->sent[i] = INT64_MIN;
	if (o->resume != NULL && o->resume->seq >= 0 && is_session(o->resume->session_id)) {
		g->r = *o->resume;
		(void)keep_url(g, o->resume->url);
	}
	return g;
}

void
gsp_gateway_free(struct gsp_gateway *g)
{
	if (g == NULL)
		return;
	gsp_gateway_free_acts(g);
	free(g);
}
