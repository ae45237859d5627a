/* bot_names: what is offered to somebody who types, from what this computer knows. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
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
label(char out[101], const struct gsp_status_row *r)
{
	char when[16], players[40] = "";

	if (r->players >= 0)
		snprintf(players, sizeof(players), ", %" PRId64 " player%s", r->players,
		    r->players == 1 ? "" : "s");
	if (strcmp(r->stage, "none") == 0)
		snprintf(out, 101, "%.28s: %s", r->server, r->busy ? "being worked on" : "down");
	else if (strcmp(r->stage, "running") == 0)
		snprintf(out, 101, "%.28s: up since %s%s", r->server,
		    clock_text(when, sizeof(when), r->since, gsp_wall_s()), players);
	else
		snprintf(out, 101, "%.28s: %s%s", r->server, r->stage, r->busy ? ", being worked on" : "");
}

/* What is up comes first where it has to be, and last where it should not. */
static int
rank_of(enum gsp_verb v, const struct gsp_status_row *r)
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

static size_t
servers(struct offer *offers, struct mon *m, const struct gsp_talk *t)
{
	struct gsp_argv names = GSP_ARGV_INIT;
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_cloud nobody_asked = {.known = false};
	struct gsp_status_row row;
	size_t n = 0, all = 0;

	if (mon_servers(m, &t->who, mon_right_of(t->verb, t->save), &names, &err) == 0)
		all = names.n;
	for (size_t i = 0; i < all; i++) {
		const char *at = strstr(names.v[i], t->text);

		if (at == NULL)
			continue;
		if (gsp_status_server(&row, m->t->home, names.v[i], &nobody_asked, NULL, &err) == -1) {
			snprintf(offers[n].choice.name, sizeof(offers[n].choice.name), "%s", names.v[i]);
			offers[n].rank = 4;
		} else {
			label(offers[n].choice.name, &row);
			offers[n].rank = rank_of(t->verb, &row);
		}
		offers[n].rank += at == names.v[i] ? 0 : 2;
		snprintf(offers[n].choice.value, sizeof(offers[n].choice.value), "%s", names.v[i]);
		n++;
	}
	gsp_argv_release(&names);
	return n;
}

/* The newest first. */
static size_t
saves(struct offer *offers, size_t max, struct mon *m, const struct gsp_talk *t)
{
	struct gsp_buf dir = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_history_opts o = {.home_id = m->t->home->id, .server = t->server, .lock_fd = -1};
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_history *h = NULL;
	const uint64_t *numbers = NULL;
	size_t n = 0, all = 0;

	o.server_dir = gsp_home_server_path(m->t->home, &dir, t->server, "");
	if (gsp_history_look(&h, &o, &err) == 0)
		gsp_history_numbers(h, &numbers, &all);
	for (size_t i = all; i-- > 0 && n < max;) {
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
		    gsp_gen_kind_name(g.kind));
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
	struct offer *offers;
	char why[WHY_MAX];
	struct gsp_argv all = GSP_ARGV_INIT;
	struct gsp_err err = GSP_ERR_INIT;
	size_t n = 0;

	gsp_talk_init(&answer, GSP_TALK_CHOICES);
	answer.n = t->n;
	if (mon_here(m, &t->who, why) == 0 && gsp_status_servers(&all, m->t->home, &err) == 0) {
		size_t max = all.n > OFFER_MAX ? all.n : OFFER_MAX;

		if ((offers = calloc(max, sizeof(*offers))) == NULL ||
		    (answer.choices = calloc(OFFER_MAX, sizeof(*answer.choices))) == NULL)
			abort();
		if (!t->saves)
			n = servers(offers, m, t);
		else if (mon_may(m, &t->who, t->verb, 1, t->server, why) == 0)
			n = saves(offers, max, m, t);
		qsort(offers, n, sizeof(*offers), by_rank);
		for (size_t i = 0; i < n && i < OFFER_MAX; i++)
			answer.choices[answer.nchoices++] = offers[i].choice;
		free(offers);
	}
	gsp_argv_release(&all);
	mon_send(m, &answer);
	gsp_talk_release(&answer);
}
