/*
 * Any text as the memory of gsp/decide, up to a NUL, and then any passes, six bytes each: the clock
 * leaps, counts fail, leases move. Whatever came before: only a measured zero (or a game that was
 * told to stop) is stopped for being idle, downs are a minute apart, what is said is one line of
 * printable ASCII, and the memory comes back from its JSON as it was.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gsp/decide.h"

#include "base/banned.h"

#define START 1795366800
#define PASS  6

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NEED(cond)               \
	do {                     \
		if (!(cond))     \
			abort(); \
	} while (0)

struct walk {
	struct gsp_decide_memory m;
	struct gsp_decide_rules r;
	int64_t now, down_at;
};

static void
check_text(const struct gsp_decide_act *a)
{
	size_t len = strlen(a->text);

	NEED(len > 0 && len < (a->kind == GSP_DECIDE_SAY ? 200 : sizeof(a->text) - 1));
	for (size_t i = 0; i < len; i++)
		NEED(a->text[i] >= ' ' && a->text[i] <= '~');
}

static void
check_down(struct walk *w, const struct gsp_decide_act *a, const struct gsp_decide_seen *s)
{
	bool played = s->counted && s->players > 0;

	NEED(w->down_at == 0 || w->now - w->down_at >= 60);
	w->down_at = w->now;
	if (!a->even_if_playing)
		NEED(!played && (s->counted || s->stopped));
	NEED(w->m.down_tries > 0 && w->m.down_at == w->now);
	NEED(a->even_if_playing == (w->m.down == GSP_DECIDE_END_DOWN));
}

static void
check_memory(const struct gsp_decide_memory *m)
{
	struct gsp_json *obj = gsp_json_new_obj(), *again = gsp_json_new_obj();
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_decide_memory back;
	struct gsp_buf a = GSP_BUF_INIT(8192), b = GSP_BUF_INIT(8192);

	gsp_decide_to_json(m, obj);
	NEED(gsp_decide_from_json(&back, obj, &err) == 0);
	gsp_decide_to_json(&back, again);
	gsp_json_print(&a, obj);
	gsp_json_print(&b, again);
	NEED(strcmp(gsp_buf_str(&a), gsp_buf_str(&b)) == 0);
	gsp_buf_release(&a);
	gsp_buf_release(&b);
	gsp_json_free(obj);
	gsp_json_free(again);
}

/* Mostly by minutes, sometimes by days, also backwards. */
static int64_t
step(uint8_t how, uint8_t by)
{
	int64_t s = (how & 0x30) == 0x30 ? (int64_t)by * 900 : (int64_t)by * 2;

	return (how & 0xc0) == 0xc0 ? -s : s;
}

static void
move(struct gsp_decide_rules *r, uint8_t what, uint8_t to)
{
	int64_t at = to == 0 ? 0 : START + (int64_t)to * 300;

	switch (what & 0x0f) {
	case 1: r->lease_until = at; break;
	case 2: r->lease_latest = at; break;
	case 3: r->hold_until = at; break;
	case 4: r->budget_until = at; break;
	case 5: r->down_s = (int64_t)to * 60; break;
	case 6: r->no_wait = to & 1; break;
	case 7: r->empty_s = (int64_t)to * 60; break;
	case 8: r->never_s = (int64_t)to * 60; break;
	case 9: r->unknown_s = (int64_t)to * 60; break;
	default: break;
	}
}

static void
pass(struct walk *w, const uint8_t b[PASS])
{
	struct gsp_decide_seen s = {.counted = b[2] & 1, .players = b[2] & 2 ? b[2] : 0,
	    .health = (int)(b[2] >> 2) % 3 - 1, .stopped = b[2] & 32,
	    .why = b[2] & 64 ? "\377\n" : NULL};
	struct gsp_decide_act acts[GSP_DECIDE_ACTS];
	size_t n;

	move(&w->r, b[3], b[4]);
	w->now += step(b[0], b[1]);
	if (w->now < START - 86400)
		w->now = START - 86400;
	s.now = w->now;
	if (w->down_at > w->now)
		w->down_at = w->now; /* the clock was set back */
	n = gsp_decide(acts, &w->m, &w->r, &s);
	NEED(n <= GSP_DECIDE_ACTS);
	for (size_t i = 0; i < n; i++) {
		check_text(&acts[i]);
		if (acts[i].kind == GSP_DECIDE_DOWN) {
			NEED(i == n - 1);
			check_down(w, &acts[i], &s);
		} else
			NEED(!acts[i].even_if_playing);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nul = size > 0 ? memchr(data, '\0', size) : NULL;
	size_t len = nul != NULL ? (size_t)(nul - data) : size;
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_json *obj = NULL;
	struct walk w;

	memset(&w, 0, sizeof(w));
	w.r = (struct gsp_decide_rules){.server = "vanilla", .created = START, .empty_s = 1200,
	    .never_s = 1800, .unknown_s = 1800, .lease_until = START + 21600,
	    .lease_latest = START + 43200, .down_s = 300};
	w.now = START;
	if (len > 0 && gsp_json_parse(&obj, (const char *)data, len, &err) == 0 &&
	    gsp_decide_from_json(&w.m, obj, &err) == -1)
		NEED(err.code == GSP_EPROTO && err.msg[0] != '\0' && w.m.last_pass == 0);
	gsp_json_free(obj);
	for (size_t i = len + 1; i + PASS <= size && i < len + 1000 * PASS; i += PASS) {
		pass(&w, data + i);
		if (i % 32 == 0)
			check_memory(&w.m);
	}
	check_memory(&w.m);
	return 0;
}
