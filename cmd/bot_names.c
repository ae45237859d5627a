/* bot_names: what is offered to somebody who types, from what this computer knows. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/must.h"
#include "discord/message.h"
#include "gsp/history.h"
#include "gsp/status.h"
#include "bot_mon.h"

#include "base/banned.h"

enum { OFFER_MAX = 25 }; /* Source: Discord API v10, "Autocomplete" */

struct offer {
	struct gsp_talk_choice choice;
	int rank; /* lower first */
};

/* "20:14", or "Sat 20:14" for another day. */
static const char *
clock_text(char *out, size_t size, int64_t when, int64_t now)
{
	struct tm a, b;
	time_t t = (time_t)when, n = (time_t)now;

	if (localtime_r(&t, &a) == NULL || localtime_r(&n, &b) == NULL ||
	    strftime(out, size, a.tm_yday == b.tm_yday && a.tm_year == b.tm_year ? "%H:%M" : "%a %H:%M",
	        &a) == 0)
		snprintf(out, size, "?");
	return out;
}

static void
label(char out[101], const char *server, const struct seen_row *r)
{
	char when[16], players[40] = "";

	if (r->players >= 0)
		snprintf(players, sizeof(players), ", %" PRId64 " player%s", r->players,
		    r->players == 1 ? "" : "s");
	if (strcmp(r->stage, "none") == 0)
		snprintf(out, 101, "%.28s: %s", server, r->busy ? "being worked on" : "off");
	else if (strcmp(r->stage, "running") == 0)
		snprintf(out, 101, "%.28s: up since %s%s", server,
		    clock_text(when, sizeof(when), r->since, gsp_wall_s()), players);
	else
		snprintf(out, 101, "%.28s: %s%s", server, r->stage, r->busy ? ", being worked on" : "");
}

/* What is up comes first where it has to be, and last where it should not. */
static int
rank_of(enum gsp_verb v, const struct seen_row *r)
{
	bool up = strcmp(r->stage, "none") != 0;

	switch (v) {
	case GSP_VERB_UP:
	case GSP_VERB_RESTORE: return up;
	case GSP_VERB_DOWN:
	case GSP_VERB_RESTART:
	case GSP_VERB_EXTEND:
	case GSP_VERB_HOLD:
	case GSP_VERB_PLAYERS:
	case GSP_VERB_SAY:
	case GSP_VERB_LOGS: return !up;
	default: return 0;
	}
}

static int
by_rank(const void *a, const void *b)
{
	const struct offer *x = a, *y = b;

	return x->rank != y->rank ? x->rank - y->rank : strcmp(x->choice.value, y->choice.value);
}

/* Room for as many as there are servers. */
static size_t
servers(struct offer **offers, struct mon *m, const struct gsp_talk *t)
{
	enum gsp_right right = mon_right_of(t->verb, t->save);
	struct gsp_err ignored = GSP_ERR_INIT;
	const struct gsp_argv *names;
	const struct seen_row *rows;
	size_t n = 0;

	if (seen_servers(m, &names, &ignored) == -1)
		return 0;
	rows = seen_rows(m);
	*offers = gsp_must(calloc(names->n + 1, sizeof(**offers)));
	for (size_t i = 0; i < names->n; i++) {
		const char *at = strstr(names->v[i], t->text);
		struct offer *o = &(*offers)[n];

		if (at == NULL || (mon_rights(m, &t->who, names->v[i]) & right) == 0)
			continue;
		if (rows[i].unknown)
			snprintf(o->choice.name, sizeof(o->choice.name), "%s", names->v[i]);
		else
			label(o->choice.name, names->v[i], &rows[i]);
		o->rank = (rows[i].unknown ? 4 : rank_of(t->verb, &rows[i])) + (at == names->v[i] ? 0 : 2);
		snprintf(o->choice.value, sizeof(o->choice.value), "%s", names->v[i]);
		n++;
	}
	return n;
}

/* The newest first. */
static size_t
saves(struct offer **out, struct mon *m, const struct gsp_talk *t)
{
	struct gsp_buf dir = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_history_opts o = {.home_id = m->t->home->id, .server = t->server, .lock_fd = -1};
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_history *h = NULL;
	struct offer *offers = gsp_must(calloc(OFFER_MAX, sizeof(*offers)));
	const uint64_t *numbers = NULL;
	size_t n = 0, all = 0;

	*out = offers;
	o.server_dir = gsp_home_server_path(m->t->home, &dir, t->server, "");
	if (gsp_history_look(&h, &o, &err) == 0)
		gsp_history_numbers(h, &numbers, &all);
	for (size_t i = all; i-- > 0 && n < OFFER_MAX;) {
		struct gsp_talk_choice *c = &offers[n].choice;
		struct gsp_gen g;
		char when[32];
		time_t at;
		struct tm tm;

		snprintf(c->value, sizeof(c->value), "%" PRIu64, numbers[i]);
		if (strncmp(c->value, t->text, strlen(t->text)) != 0 ||
		    gsp_history_info(h, numbers[i], &g, &err) == -1)
			continue;
		at = (time_t)g.time;
		if (localtime_r(&at, &tm) == NULL || strftime(when, sizeof(when), "%d %b %H:%M", &tm) == 0)
			snprintf(when, sizeof(when), "?");
		snprintf(c->name, sizeof(c->name), "%" PRIu64 ": %s, %s", numbers[i], when,
		    gsp_message_save_kind(gsp_gen_kind_name(g.kind)));
		offers[n].rank = (int)n;
		n++;
	}
	gsp_history_close(h);
	gsp_buf_release(&dir);
	return n;
}

void
names_answer(struct mon *m, const struct gsp_talk *t)
{
	struct gsp_talk answer;
	struct offer *offers = NULL;
	char why[WHY_MAX];
	size_t n = 0;

	gsp_talk_init(&answer, GSP_TALK_CHOICES);
	answer.n = t->n;
	answer.choices = gsp_must(calloc(OFFER_MAX, sizeof(*answer.choices)));
	if (mon_here(m, &t->who, why) == 0) {
		if (!t->saves)
			n = servers(&offers, m, t);
		else if (mon_may(m, &t->who, t->verb, 1, t->server, why) == 0)
			n = saves(&offers, m, t);
	}
	if (n > 1)
		qsort(offers, n, sizeof(*offers), by_rank);
	for (size_t i = 0; i < n && i < OFFER_MAX; i++)
		answer.choices[answer.nchoices++] = offers[i].choice;
	free(offers);
	mon_send(m, &answer);
	gsp_talk_release(&answer);
}
