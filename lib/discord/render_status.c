/* What gsp-status prints, for chat. */
#include <inttypes.h>
#include <string.h>

#include "base/num.h"
#include "discord/message_priv.h"

#include "base/banned.h"

/* Source: gsp-record(5) and gsp-status(1), "Stages". */
static const struct {
	const char *stage, *mark, *words;
} stages[] = {
    {"none", "\xe2\x9a\xaa", "is off"},
    {"creating", "\xf0\x9f\x9f\xa1", "is being rented"},
    {"created", "\xf0\x9f\x9f\xa1", "has a machine; the game was not started yet"},
    {"bootstrapped", "\xf0\x9f\x9f\xa1", "has a machine; the game was not started yet"},
    {"uploaded", "\xf0\x9f\x9f\xa1", "has its files; the game was not started yet"},
    {"running", "\xf0\x9f\x9f\xa2", "is up"},
    {"stopped", "\xf0\x9f\x9f\xa1", "is stopped; its save is not home yet"},
    {"saved", "\xf0\x9f\x9f\xa1", "is saved; its machine is still there"},
    {"deleting", "\xf0\x9f\x9f\xa1", "is going down"},
    {"crashed", "\xf0\x9f\x94\xb4", "has crashed"},
    {"offline", "\xf0\x9f\x94\xb4", "is switched off, and costs all the same"},
    {"lost", "\xf0\x9f\x94\xb4", "has lost its machine, and what was played on it"},
    {"other-home", "\xf0\x9f\x94\xb4", "belongs to another home now"},
    {"stray", "\xf0\x9f\x94\xb4", "is a stray: nobody's machine"},
};

static void
add_stage(struct gsp_buf *b, const struct gsp_json *r)
{
	const char *stage = gsp_json_str(r, "stage", "");
	size_t i = 0, n = sizeof(stages) / sizeof(*stages);

	while (i < n && strcmp(stages[i].stage, stage) != 0)
		i++;
	gsp_buf_addf(b, "%s ", i < n ? stages[i].mark : "\xf0\x9f\x94\xb4");
	gsp_text_name(b, gsp_json_str(r, "server", "?"));
	gsp_buf_addc(b, ' ');
	if (strcmp(gsp_json_str(r, "kind", ""), "firewall") == 0)
		gsp_buf_adds(b, "is a firewall without a machine");
	else if (i < n)
		gsp_buf_adds(b, stages[i].words);
	else {
		gsp_buf_adds(b, "is ");
		gsp_md_escape(b, stage, 40);
	}
}

static bool
stage_is(const struct gsp_json *r, const char *stage)
{
	return strcmp(gsp_json_str(r, "stage", ""), stage) == 0;
}

/* Nothing is wrong with it, so nobody has to read why. */
static bool
is_fine(const struct gsp_json *r)
{
	const char *next = gsp_json_str(r, "next", ""), *why = gsp_json_str(r, "why", "");

	return (stage_is(r, "running") && strncmp(next, "gsp down ", 9) == 0) ||
	    (stage_is(r, "none") && strcmp(why, "there is no machine") == 0);
}

static void
add_players(struct gsp_buf *b, const struct gsp_json *r)
{
	uint64_t n = gsp_json_u64(r, "players", UINT64_MAX);

	if (n == 0)
		gsp_buf_adds(b, " \xc2\xb7 nobody plays");
	else if (n != UINT64_MAX)
		gsp_buf_addf(b, " \xc2\xb7 %" PRIu64 " play%s", n, n == 1 ? "s" : "");
}

static void
add_cost(struct gsp_buf *b, const struct gsp_json *r)
{
	double hourly = gsp_json_num(r, "hourly_usd", -1), so_far = gsp_json_num(r, "so_far_usd", -1);
	char text[32];

	if (so_far >= 0)
		gsp_buf_addf(b, " \xc2\xb7 %s so far", gsp_num_usd(text, sizeof(text), so_far));
	if (hourly >= 0)
		gsp_buf_addf(b, "%s%s an hour", so_far >= 0 ? ", " : " \xc2\xb7 ",
		    gsp_num_usd(text, sizeof(text), hourly));
	else if (gsp_json_u64(r, "linode_id", 0) != 0)
		gsp_buf_adds(b, " \xc2\xb7 nobody knows its price");
}

/* The sooner of: the end of its lease, the stop for want of players. */
static void
add_end(struct gsp_buf *b, const struct gsp_json *r)
{
	int64_t lease = gsp_json_time(r, "lease"), stops = gsp_json_time(r, "stops");
	bool idle = stops != 0 && (lease == 0 || stops < lease);
	int64_t end = idle ? stops : lease;

	if (end != 0)
		gsp_buf_addf(b, " \xc2\xb7 stops <t:%" PRId64 ":R> (<t:%" PRId64 ":t>)%s", end, end,
		    idle ? " if nobody plays" : "");
}

/* The command that goes on, in chat; of those who are up and fine nobody asked how to stop it. */
static void
add_next(struct gsp_buf *b, const struct gsp_json *r)
{
	const char *next = gsp_json_str(r, "next", "");
	struct gsp_buf command = GSP_BUF_INIT(512);

	if (next[0] == '\0')
		return;
	if (!gsp_text_command(&command, next)) {
		gsp_buf_adds(&command, "the owner types ");
		gsp_text_code(&command, next, 100);
	}
	/* the reason has often said it */
	if (strstr(gsp_buf_str(b), gsp_buf_str(&command)) == NULL)
		gsp_buf_addf(b, "\n\xe2\x86\xb3 %s", gsp_buf_str(&command));
	gsp_buf_release(&command);
}

static void
add_why(struct gsp_buf *b, const struct gsp_json *r, size_t max)
{
	static const char *const more[] = {"after_save", "dns"};

	if (!is_fine(r) && gsp_json_str(r, "why", "")[0] != '\0') {
		gsp_buf_adds(b, "\n\xe2\x86\xb3 ");
		gsp_text_words(b, gsp_json_str(r, "why", ""), max);
	}
	for (size_t i = 0; i < 2; i++) {
		const char *text = gsp_json_str(r, more[i], "");

		if (text[0] == '\0')
			continue;
		gsp_buf_adds(b, "\n\xe2\x9a\xa0 ");
		gsp_text_words(b, text, max);
	}
}

static void
add_where(struct gsp_buf *b, const struct gsp_json *r)
{
	const char *address = gsp_json_str(r, "address", "");

	add_stage(b, r);
	if (address[0] != '\0') {
		gsp_buf_adds(b, " \xc2\xb7 ");
		gsp_text_code(b, address, 120);
	}
	add_players(b, r);
}

/* A line for each row: ${add} says what is in it. */
static void
render(struct gsp_buf *out, const struct gsp_talk *t,
    void (*add)(struct gsp_buf *, const struct gsp_talk *, const struct gsp_json *))
{
	struct gsp_lines lines = GSP_LINES_INIT;
	struct gsp_buf line = GSP_BUF_INIT(GSP_TEXT_BUF);
	const char *at = t->out;
	struct gsp_json *r;

	while ((r = gsp_rows_next(&at)) != NULL) {
		add(&line, t, r);
		gsp_lines_add(&lines, &line);
		gsp_json_free(r);
	}
	if (lines.chars == 0 && lines.left == 0)
		gsp_buf_adds(out, "There are no servers to see.");
	gsp_lines_end(out, &lines);
	gsp_buf_release(&line);
}

static void
status_row(struct gsp_buf *b, const struct gsp_talk *t, const struct gsp_json *r)
{
	bool one = t->server[0] != '\0';

	add_where(b, r);
	add_cost(b, r);
	add_end(b, r);
	add_why(b, r, one ? 800 : 300);
	if ((one && !stage_is(r, "running")) || !is_fine(r))
		add_next(b, r);
}

static void
list_row(struct gsp_buf *b, const struct gsp_talk *t, const struct gsp_json *r)
{
	(void)t;
	add_where(b, r);
}

void
gsp_render_status(struct gsp_buf *out, const struct gsp_talk *t)
{
	render(out, t, status_row);
}

void
gsp_render_list(struct gsp_buf *out, const struct gsp_talk *t)
{
	render(out, t, list_row);
}
