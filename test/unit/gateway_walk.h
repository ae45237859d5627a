/*
 * A walk through discord/gateway: whatever it is fed, what it does is checked against the rules of
 * the gateway by a second account of them, kept here. For its unit test and its fuzz target.
 */
#ifndef GSP_TEST_GATEWAY_WALK_H
#define GSP_TEST_GATEWAY_WALK_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discord/gateway.h"

#define WALK_TOKEN "MTk4.secret.token"
#define WALK_SENDS 4096

#define NEED(cond)                                                                            \
	do {                                                                                  \
		if (!(cond)) {                                                                \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #cond);    \
			abort();                                                              \
		}                                                                             \
	} while (0)

struct walk {
	struct gsp_gateway *g;
	int64_t now;
	enum { WALK_NONE, WALK_FIND, WALK_OPENING, WALK_OPEN } conn;
	bool dead, hello, begun, ticking;
	int64_t idle_since, found_at, identified, due, interval;
	int64_t sent[WALK_SENDS]; /* ring */
	size_t nsent;
	unsigned identifies, resumes, readies, connects, finds, fatals, beats, events, keeps;
	int code;         /* of the last close or FATAL */
	char said[600];   /* the last SAY or FATAL */
	char url[700];    /* the last CONNECT */
	char payload[4200]; /* the last SEND */
};

static inline void
walk_init(struct walk *w, const struct gsp_gateway_resume *r, uint32_t (*below)(uint32_t))
{
	struct gsp_gateway_opts o = {.token = WALK_TOKEN, .resume = r, .below = below};

	memset(w, 0, sizeof(*w));
	w->g = gsp_gateway_new(&o);
	w->now = 1000000;
	w->idle_since = w->identified = w->found_at = INT64_MIN / 2;
}

static inline unsigned
walk_sends(const struct walk *w)
{
	unsigned n = 0;

	for (size_t i = 0; i < w->nsent && i < WALK_SENDS; i++)
		n += w->sent[i] + 60000 > w->now;
	return n;
}

static inline void
walk_send(struct walk *w, const char *text)
{
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_json *root = NULL;
	uint64_t op;

	NEED(w->conn == WALK_OPEN);
	NEED(strlen(text) <= GSP_GATEWAY_SEND_MAX);
	NEED(gsp_json_parse(&root, text, strlen(text), &err) == 0);
	op = gsp_json_u64(root, "op", 99);
	NEED(op == 1 || op == 2 || op == 6);
	if (op == 1)
		w->beats++;
	else {
		NEED(w->hello && !w->begun);
		w->begun = true;
	}
	if (op == 2) {
		NEED(w->now - w->identified >= 5000);
		NEED(gsp_gateway_resume(w->g)->session_id[0] == '\0');
		NEED(w->found_at > INT64_MIN / 2); /* the budget was looked at */
		w->identified = w->now;
		w->identifies++;
	}
	if (op == 6) {
		NEED(gsp_gateway_resume(w->g)->session_id[0] != '\0');
		w->resumes++;
	}
	if (op == 1 && w->ticking)
		w->due = w->now + w->interval;
	w->sent[w->nsent++ % WALK_SENDS] = w->now;
	NEED(walk_sends(w) <= 120);
	(void)snprintf(w->payload, sizeof(w->payload), "%s", text);
	gsp_json_free(root);
}

static inline void
walk_gone(struct walk *w)
{
	w->conn = WALK_NONE;
	w->hello = w->begun = false;
	w->idle_since = w->now;
}

static inline void
walk_text(struct walk *w, const char *text)
{
	NEED(text != NULL && text[0] != '\0' && strstr(text, "secret") == NULL);
	for (const char *p = text; *p != '\0'; p++)
		NEED(*p >= ' ' && *p <= '~');
	(void)snprintf(w->said, sizeof(w->said), "%s", text);
}

static inline void
walk_act(struct walk *w, const struct gsp_gateway_act *a)
{
	struct gsp_buf b = GSP_BUF_INIT(1u << 20);

	NEED(!w->dead);
	switch (a->what) {
	case GSP_GATEWAY_FIND:
		NEED(w->conn == WALK_NONE && w->now - w->idle_since >= 1000);
		w->conn = WALK_FIND;
		w->finds++;
		break;
	case GSP_GATEWAY_CONNECT:
		NEED(w->conn == WALK_NONE && (w->found_at == w->now || w->now - w->idle_since >= 1000));
		NEED(strstr(a->text, "/?v=10&encoding=json") != NULL);
		NEED(strncmp(a->text, "wss://", 6) == 0 || strncmp(a->text, "ws://127.0.0.1", 14) == 0);
		(void)snprintf(w->url, sizeof(w->url), "%s", a->text);
		w->conn = WALK_OPENING;
		w->connects++;
		break;
	case GSP_GATEWAY_SEND: walk_send(w, a->text); break;
	case GSP_GATEWAY_CLOSE:
		NEED(w->conn == WALK_OPENING || w->conn == WALK_OPEN);
		NEED(a->code >= 4000 && a->code < 5000);
		w->code = a->code;
		walk_gone(w);
		break;
	case GSP_GATEWAY_READY:
		NEED(w->conn == WALK_OPEN && w->begun);
		w->readies++;
		break;
	case GSP_GATEWAY_EVENT:
		NEED(w->conn == WALK_OPEN && w->begun && a->text != NULL);
		if (a->data != NULL)
			gsp_json_print(&b, a->data); /* it is still there */
		w->events++;
		break;
	case GSP_GATEWAY_KEEP: w->keeps++; break;
	case GSP_GATEWAY_SAY: walk_text(w, a->text); break;
	case GSP_GATEWAY_FATAL:
		walk_text(w, a->text);
		w->code = a->code;
		w->dead = true;
		w->fatals++;
		break;
	}
	gsp_buf_release(&b);
}

static inline void
walk_drain(struct walk *w)
{
	struct gsp_gateway_act a;

	while (gsp_gateway_pop(&a, w->g))
		walk_act(w, &a);
	NEED(w->dead == (gsp_gateway_next_ms(w->g) == INT64_MAX));
	if (!w->dead && w->hello)
		NEED(gsp_gateway_next_ms(w->g) <= w->due);
}

static inline void
walk_tick(struct walk *w)
{
	w->ticking = true;
	if (w->conn == WALK_FIND) { /* the only thing due then: it waited long enough */
		w->conn = WALK_NONE;
		w->idle_since = w->now;
	}
	gsp_gateway_tick(w->g, w->now);
	if (w->hello && w->due <= w->now && walk_sends(w) >= 118)
		w->due = w->now + w->interval;
	walk_drain(w);
	w->ticking = false;
	NEED(gsp_gateway_next_ms(w->g) > w->now); /* it does not spin */
}

static inline void
walk_to(struct walk *w, int64_t now)
{
	w->now = now;
	if (!w->dead && gsp_gateway_next_ms(w->g) <= now)
		walk_tick(w);
}

/* To the next moment it asks for. */
static inline void
walk_next(struct walk *w)
{
	if (!w->dead)
		walk_to(w, gsp_gateway_next_ms(w->g) > w->now ? gsp_gateway_next_ms(w->g) : w->now);
}

static inline void
walk_found(struct walk *w, long status, const char *body)
{
	if (w->conn == WALK_FIND) {
		w->conn = WALK_NONE;
		w->found_at = w->idle_since = w->now;
	}
	gsp_gateway_found(w->g, status, body, strlen(body), w->now);
	walk_drain(w);
}

static inline void
walk_open(struct walk *w)
{
	if (w->conn == WALK_OPENING)
		w->conn = WALK_OPEN;
	gsp_gateway_opened(w->g, w->now);
	walk_drain(w);
}

static inline void
walk_closed(struct walk *w, int code, const char *why)
{
	if (w->conn != WALK_OPENING && w->conn != WALK_OPEN)
		return; /* nothing is fed of a connection that is not */
	walk_gone(w);
	gsp_gateway_closed(w->g, code, why, w->now);
	walk_drain(w);
}

static inline void
walk_say(struct walk *w, const char *text, size_t len)
{
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_json *root = NULL;
	double ms;

	if (w->conn != WALK_OPEN)
		return;
	if (!w->hello && gsp_json_parse(&root, text, len, &err) == 0 &&
	    gsp_json_num(root, "op", -1) == 10) {
		ms = gsp_json_num(gsp_json_get(root, "d"), "heartbeat_interval", 0);
		if (ms >= 100 && ms <= 600000) {
			w->hello = true;
			w->interval = (int64_t)ms;
			w->due = w->now + w->interval;
		}
	}
	gsp_json_free(root);
	gsp_gateway_text(w->g, text, len, w->now);
	walk_drain(w);
}

static inline void
walk_free(struct walk *w)
{
	gsp_gateway_free(w->g);
}

/* ---- a script of bytes ---- */

static const char *const walk_found_bodies[] = {
    "{\"url\":\"wss://gateway.example\",\"shards\":1,\"session_start_limit\":{\"total\":1000,"
    "\"remaining\":999,\"reset_after\":14400000,\"max_concurrency\":1}}",
    "{\"url\":\"wss://gateway.example/\",\"session_start_limit\":{\"remaining\":0,"
    "\"reset_after\":90000}}",
    "{\"url\":\"http://gateway.example\"}", "{\"url\":\"ws://127.0.0.1:9\"}", "{}", "", "[", "null",
    "{\"message\":\"You are being rate limited.\",\"retry_after\":7.5,\"global\":false}",
    "{\"url\":\"wss://g.example\",\"session_start_limit\":{\"remaining\":-1,\"reset_after\":1e300}}"};

static const char *const walk_messages[] = {
    "{\"op\":10,\"d\":{\"heartbeat_interval\":41250}}", "{\"op\":11}", "{\"op\":1,\"d\":null}",
    "{\"op\":7,\"d\":null}", "{\"op\":9,\"d\":true}", "{\"op\":9,\"d\":false}",
    "{\"op\":0,\"s\":1,\"t\":\"READY\",\"d\":{\"session_id\":\"abc\",\"resume_gateway_url\":"
    "\"wss://resume.example\",\"application\":{\"id\":\"11\"},\"user\":{\"id\":\"22\"}}}",
    "{\"op\":0,\"s\":7,\"t\":\"RESUMED\",\"d\":{}}",
    "{\"op\":0,\"s\":9,\"t\":\"INTERACTION_CREATE\",\"d\":{\"id\":\"5\"}}",
    "{\"op\":10,\"d\":{\"heartbeat_interval\":100}}", "{\"op\":10,\"d\":{\"heartbeat_interval\":0}}",
    "{\"op\":10,\"d\":{}}", "{\"op\":10,\"d\":{\"heartbeat_interval\":1e99}}", "{\"op\":77}", "garbage",
    "{\"op\":0,\"s\":null,\"t\":null,\"d\":null}", "{}", "[]", "{\"op\":\"1\"}",
    "{\"op\":0,\"s\":1,\"t\":\"READY\",\"d\":{}}",
    "{\"op\":0,\"s\":1,\"t\":\"READY\",\"d\":{\"session_id\":\"abc\",\"resume_gateway_url\":"
    "\"http://evil.example\",\"application\":{\"id\":\"11\"},\"user\":{\"id\":\"22\"}}}",
    "{\"op\":0,\"s\":1e300,\"t\":\"X\",\"d\":0}", "{\"op\":0,\"s\":-4,\"t\":\"Y\"}"};

static const long walk_statuses[] = {200, 200, 200, 200, 0, 429, 500, 403, 404, 302};
static const int walk_codes[] = {0, 1000, 1001, 1006, 4000, 4001, 4002, 4003, 4005, 4007, 4008, 4009,
    4006, 4999, 1011, 4004, 4010, 4011, 4012, 4013, 4014};

#define WALK_N(a) (sizeof(a) / sizeof((a)[0]))

/* One step: two bytes say which. Fatal ones only if ${deadly}. */
static inline void
walk_step(struct walk *w, uint8_t how, uint8_t by, bool deadly)
{
	size_t codes = deadly ? WALK_N(walk_codes) : WALK_N(walk_codes) - 6;

	switch (how % 10) {
	case 0: walk_to(w, w->now + by); break;
	case 1: walk_to(w, w->now + (int64_t)by * 1000); break;
	case 2:
	case 3: walk_next(w); break;
	case 4: walk_found(w, walk_statuses[by % 10], walk_found_bodies[by / 10 % 10]); break;
	case 5: walk_open(w); break;
	case 6: walk_closed(w, walk_codes[by % codes], by & 128 ? "reset\n\xff" : NULL); break;
	case 7:
	case 8:
		walk_say(w, walk_messages[by % WALK_N(walk_messages)],
		    strlen(walk_messages[by % WALK_N(walk_messages)]));
		break;
	default: /* forward as it should go on */
		if (w->conn == WALK_FIND)
			walk_found(w, deadly && by == 0 ? 401 : 200, walk_found_bodies[0]);
		else if (w->conn == WALK_OPENING)
			walk_open(w);
		else if (w->conn == WALK_OPEN && !w->hello)
			walk_say(w, walk_messages[0], strlen(walk_messages[0]));
		else if (w->conn == WALK_OPEN && by < 200)
			walk_say(w, walk_messages[by % 2 ? 6 : 7], strlen(walk_messages[by % 2 ? 6 : 7]));
		else if (by == 255)
			walk_to(w, w->now + 86400000); /* asleep for a day */
		break;
	}
}

#endif
