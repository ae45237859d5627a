#include "net_gateway.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "base/version.h"
#include "discord/gateway.h"
#include "net/ws.h"
#include "net_asks.h"
#include "net_jobs.h"
#include "net_link.h"

#include "base/banned.h"

enum {
	KEEP_MS = 5000,    /* at most so often the monitor is told how far the events came */
	FIND_MS = 30000,   /* for GET /gateway/bot */
	LEAVE_CODE = 4000  /* not 1000 or 1001: those end the session */
};

/* One connection; it outlives its use by as long as its close takes. */
struct conn {
	struct net_gateway *g;
	struct gsp_ws *ws;
	struct conn *next;
	bool left; /* we hung up: what comes is of no matter */
	bool dead; /* freed at the next tick */
};

struct net_gateway {
	struct net *net;
	struct gsp_gateway *machine;
	struct conn *conns, *now;
	struct gsp_gateway_resume kept; /* as the monitor has it */
	int64_t keep_ms;                /* when it may be told again */
	bool begun, told_ready, left;
};

static void act(struct net_gateway *g);

/* ---- the connection ---- */

static void
on_open(void *ctx)
{
	struct conn *c = ctx;

	if (c->left)
		return;
	gsp_gateway_opened(c->g->machine, c->g->net->now_ms());
	act(c->g);
}

static void
on_text(void *ctx, const char *text, size_t len)
{
	struct conn *c = ctx;

	if (c->left)
		return;
	gsp_gateway_text(c->g->machine, text, len, c->g->net->now_ms());
	act(c->g);
}

static void
on_closed(void *ctx, int code, const char *why)
{
	struct conn *c = ctx;

	c->dead = true;
	if (c->left)
		return;
	c->left = true;
	c->g->now = NULL;
	gsp_gateway_closed(c->g->machine, code, why, c->g->net->now_ms());
	act(c->g);
}

static const struct gsp_ws_events events = {on_open, on_text, on_closed};

static void
connect_to(struct net_gateway *g, const char *url)
{
	struct gsp_err err = GSP_ERR_INIT;
	struct conn *c = gsp_must(calloc(1, sizeof(*c)));

	c->g = g;
	if (gsp_ws_new(&c->ws, g->net->multi, url, GSP_DISCORD_AGENT, &events, c, &err) == -1) {
		free(c);
		gsp_gateway_closed(g->machine, 0, err.msg, g->net->now_ms());
		return;
	}
	c->next = g->conns;
	g->conns = c;
	g->now = c;
}

static void
hang_up(struct net_gateway *g, int code)
{
	if (g->now == NULL)
		return;
	g->now->left = true;
	gsp_ws_close(g->now->ws, code);
	g->now = NULL;
}

static void
bury(struct net_gateway *g)
{
	struct conn **p = &g->conns, *c;

	while ((c = *p) != NULL) {
		if (!c->dead) {
			p = &c->next;
			continue;
		}
		*p = c->next;
		gsp_ws_free(c->ws);
		free(c);
	}
}

/* ---- what the machine wants ---- */

static void
on_found(void *ctx, const struct gsp_rest_res *res)
{
	struct net_gateway *g = ctx;
	struct gsp_buf body = GSP_BUF_INIT(64u << 10);

	if (g->left)
		return;
	if (res->status == 0)
		gsp_buf_adds(&body, res->why);
	else if (res->body != NULL)
		gsp_json_print(&body, res->body);
	gsp_gateway_found(g->machine, res->status, gsp_buf_str(&body), body.len, g->net->now_ms());
	gsp_buf_release(&body);
	act(g);
}

static void
find(struct net_gateway *g)
{
	struct gsp_rest_req req = {.method = "GET", .path = "/gateway/bot", .route = "GET /gateway/bot",
	    .auth = true, .once = true, .until_ms = g->net->now_ms() + FIND_MS};

	gsp_rest_send(g->net->rest, &req, on_found, g);
}

static bool
same(const struct gsp_gateway_resume *a, const struct gsp_gateway_resume *b)
{
	return a->seq == b->seq && strcmp(a->session_id, b->session_id) == 0 &&
	    strcmp(a->url, b->url) == 0;
}

static void
keep(struct net_gateway *g)
{
	const struct gsp_gateway_resume *r = gsp_gateway_resume(g->machine);
	struct gsp_talk t;

	if (same(r, &g->kept))
		return;
	g->kept = *r;
	g->keep_ms = g->net->now_ms() + KEEP_MS;
	gsp_talk_init(&t, GSP_TALK_RESUME);
	(void)snprintf(t.session_id, sizeof(t.session_id), "%s", r->session_id);
	(void)snprintf(t.resume_url, sizeof(t.resume_url), "%s", r->url);
	t.seq = r->seq;
	net_link_send(g->net->link, &t);
	gsp_talk_release(&t);
}

/* Once: the monitor then sends the jobs it knows, and they stay known while we live. */
static void
ready(struct net_gateway *g, const struct gsp_gateway_act *a)
{
	struct gsp_talk t;

	net_say("gateway: %s", a->resumed ? "went on" : "ready");
	if (g->told_ready)
		return;
	g->told_ready = true;
	gsp_talk_init(&t, GSP_TALK_READY);
	(void)snprintf(t.app, sizeof(t.app), "%s", a->app != NULL ? a->app : "");
	(void)snprintf(t.who.user, sizeof(t.who.user), "%s", a->user != NULL ? a->user : "");
	net_link_send(g->net->link, &t);
	gsp_talk_release(&t);
}

static void
send_text(struct net_gateway *g, const char *text)
{
	struct gsp_err err = GSP_ERR_INIT;

	/* if it cannot be sent the connection has ended, and ->closed tells */
	if (g->now != NULL && gsp_ws_send(g->now->ws, text, strlen(text), &err) == -1)
		gsp_debug("gateway: %s", err.msg);
}

static void
act_one(struct net_gateway *g, const struct gsp_gateway_act *a)
{
	switch (a->what) {
	case GSP_GATEWAY_FIND: find(g); break;
	case GSP_GATEWAY_CONNECT: connect_to(g, a->text); break;
	case GSP_GATEWAY_SEND: send_text(g, a->text); break;
	case GSP_GATEWAY_CLOSE: hang_up(g, a->code); break;
	case GSP_GATEWAY_READY: ready(g, a); break;
	case GSP_GATEWAY_KEEP: keep(g); break;
	case GSP_GATEWAY_SAY: net_say("%s", a->text); break;
	case GSP_GATEWAY_FATAL: net_fatal(g->net, a->code, a->text); break;
	case GSP_GATEWAY_EVENT:
		if (strcmp(a->text, "INTERACTION_CREATE") == 0)
			net_asks_event(g->net->asks, a->data);
		break;
	}
}

static void
act(struct net_gateway *g)
{
	struct gsp_gateway_act a;

	while (!g->left && gsp_gateway_pop(&a, g->machine))
		act_one(g, &a);
}

/* ---- life ---- */

struct net_gateway *
net_gateway_new(struct net *net)
{
	struct net_gateway *g = gsp_must(calloc(1, sizeof(*g)));
	struct gsp_gateway_opts o = {.token = net->hello.token};

	g->net = net;
	g->kept.seq = -1;
	if (net->hello.session_id[0] != '\0') {
		(void)snprintf(g->kept.session_id, sizeof(g->kept.session_id), "%s",
		    net->hello.session_id);
		if (strlen(net->hello.resume_url) < sizeof(g->kept.url)) /* else the usual one */
			memcpy(g->kept.url, net->hello.resume_url, strlen(net->hello.resume_url));
		g->kept.seq = net->hello.seq;
		o.resume = &g->kept;
	}
	g->machine = gsp_gateway_new(&o);
	return g;
}

void
net_gateway_free(struct net_gateway *g)
{
	if (g == NULL)
		return;
	for (struct conn *c = g->conns; c != NULL; c = c->next)
		c->dead = true;
	bury(g);
	gsp_gateway_free(g->machine);
	free(g);
}

void
net_gateway_tick(struct net_gateway *g)
{
	int64_t now = g->net->now_ms();

	bury(g);
	if (g->left)
		return;
	if (!g->begun || now >= gsp_gateway_next_ms(g->machine))
		gsp_gateway_tick(g->machine, now);
	g->begun = true;
	act(g);
	if (!g->left && now >= g->keep_ms)
		keep(g);
}

int64_t
net_gateway_next_ms(const struct net_gateway *g)
{
	int64_t next = g->left ? NET_NEVER : gsp_gateway_next_ms(g->machine);

	for (const struct conn *c = g->conns; c != NULL; c = c->next)
		if (c->dead)
			return 0;
	if (!g->begun)
		return 0;
	if (!g->left && gsp_gateway_resume(g->machine)->seq != g->kept.seq && g->keep_ms < next)
		next = g->keep_ms;
	return next;
}

void
net_gateway_leave(struct net_gateway *g)
{
	if (g->left)
		return;
	keep(g);
	g->left = true;
	hang_up(g, LEAVE_CODE);
}

bool
net_gateway_gone(const struct net_gateway *g)
{
	for (const struct conn *c = g->conns; c != NULL; c = c->next)
		if (!c->dead)
			return false;
	return true;
}
