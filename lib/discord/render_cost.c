/* What gsp-cost prints, for chat: its rows by session, or the sums that it makes of them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "discord/message_priv.h"

#include "base/banned.h"

#define GROUPS_MAX 64

struct group {
	char name[130];
	double usd, always;
	uint64_t hours, sessions;
	bool unpriced, running;
};

struct sums {
	struct group of[GROUPS_MAX], rest, total;
	size_t n;
	char by[16]; /* "server": what the groups are */
};

static void
add_to(struct group *g, const struct gsp_json *r, bool session)
{
	double usd = gsp_json_num(r, "usd", -1);

	if (usd >= 0)
		g->usd += usd;
	else
		g->unpriced = true;
	g->hours += gsp_json_u64(r, "hours", 0);
	g->sessions += session ? 1 : gsp_json_u64(r, "sessions", 0);
	g->always += gsp_json_num(r, "always_on_usd", 0);
	g->running |= gsp_json_bool(r, "running", false) || gsp_json_u64(r, "running", 0) > 0;
}

static struct group *
find(struct sums *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->of[i].name, name) == 0)
			return &s->of[i];
	if (s->n == GROUPS_MAX)
		return &s->rest;
	snprintf(s->of[s->n].name, sizeof(s->of[s->n].name), "%s", name);
	return &s->of[s->n++];
}

/* Rows by session are summed by server. A total of its own is not counted twice. */
static void
count(struct sums *s, const struct gsp_json *r)
{
	const char *row = gsp_json_str(r, "row", "session");
	bool session = strcmp(row, "session") == 0;
	const char *by = session ? "server" : row;

	if (strcmp(row, "total") == 0) {
		if (s->n == 0)
			add_to(&s->total, r, false);
		return;
	}
	if (s->by[0] == '\0')
		snprintf(s->by, sizeof(s->by), "%s", by);
	if (strcmp(s->by, by) != 0)
		return;
	add_to(find(s, gsp_json_str(r, by, "?")), r, session);
	add_to(&s->total, r, session);
}

static void
add_group(struct gsp_buf *b, const struct group *g)
{
	char text[32];

	gsp_buf_addf(b, "%s%s for %" PRIu64 " hour%s", gsp_num_usd(text, sizeof(text), g->usd),
	    g->unpriced ? " and what nobody knows the price of," : "", g->hours, g->hours == 1 ? "" : "s");
	if (g->sessions > 0)
		gsp_buf_addf(b, " in %" PRIu64 " session%s", g->sessions, g->sessions == 1 ? "" : "s");
	if (g->always > g->usd)
		gsp_buf_addf(b, " (always on: %s)", gsp_num_usd(text, sizeof(text), g->always));
	if (g->running)
		gsp_buf_adds(b, ", and it runs");
}

void
gsp_render_cost(struct gsp_buf *out, const struct gsp_talk *t)
{
	struct gsp_lines lines = GSP_LINES_INIT;
	struct gsp_buf line = GSP_BUF_INIT(GSP_TEXT_BUF);
	struct sums s = {.n = 0};
	const char *at = t->out;
	struct gsp_json *r;

	while ((r = gsp_rows_next(&at)) != NULL) {
		count(&s, r);
		gsp_json_free(r);
	}
	gsp_buf_adds(&line, "\xf0\x9f\x92\xb5 ");
	if (s.total.hours == 0 && s.n == 0) {
		gsp_buf_adds(&line, "Nothing was spent.");
		gsp_lines_add(&lines, &line);
	} else if (s.n != 1) {
		gsp_buf_adds(&line, "**In all** ");
		s.total.running = false; /* its server says so */
		add_group(&line, &s.total);
		gsp_lines_add(&lines, &line);
	}
	for (size_t i = 0; i < s.n; i++) {
		gsp_buf_adds(&line, "**");
		if (strcmp(s.by, "actor") == 0)
			gsp_text_actor(&line, s.of[i].name);
		else
			gsp_md_escape(&line, s.of[i].name, 64);
		gsp_buf_adds(&line, "** ");
		add_group(&line, &s.of[i]);
		gsp_lines_add(&lines, &line);
	}
	if (s.rest.hours > 0) {
		gsp_buf_adds(&line, "the others ");
		add_group(&line, &s.rest);
		gsp_lines_add(&lines, &line);
	}
	gsp_lines_end(out, &lines);
	gsp_buf_release(&line);
}
