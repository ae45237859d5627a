/* A job while it runs. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "discord/view_priv.h"

#include "base/banned.h"

#define DONE "\xe2\x9c\x85"     /* U+2705 */
#define RUNS "\xe2\x96\xb6"     /* U+25B6 */
#define FAILED "\xe2\x9d\x8c"   /* U+274C */
#define WARNING "\xe2\x9a\xa0"  /* U+26A0 */
#define WAITS "\xe2\x8f\xb3"    /* U+23F3 */
#define DOT " \xc2\xb7 "        /* U+00B7 */

#define WARNING_CHARS 220
#define WHY_CHARS 700

/* The names of the tools' steps, and what a friend calls them. Source: the calls of
 * gsp_steps_begin(). A script of a server's own has its name. */
static const struct {
	const char *step, *running, *done;
} steps[] = {
    {"create", "renting a machine", "machine rented"},
    {"ssh", "waiting for the machine", "machine answers"},
    {"bootstrap", "preparing the machine", "machine prepared"},
    {"sync-up", "sending the files", "files sent"},
    {"dns", "setting its name", "name leads there"},
    {"start", "starting the game", "game started"},
    {"ready", "waiting until the game answers", "game answers"},
    {"stop", "stopping the game", "game stopped"},
    {"sync-down", "bringing the save home", "save is home and proven"},
    {"teardown", "giving the machine back", "machine given back"},
    {"restore", "going back to the save", "save taken back"},
};

static void
add_name(struct gsp_buf *b, const struct view_step *s)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
		if (strcmp(steps[i].step, s->name) == 0) {
			gsp_buf_adds(b, s->state == VIEW_DONE ? steps[i].done : steps[i].running);
			return;
		}
	gsp_md_escape(b, s->name, VIEW_NAME_MAX);
}

static int64_t
span_s(int64_t from_ms, int64_t to_ms)
{
	return to_ms > from_ms ? (to_ms - from_ms + 500) / 1000 : 0;
}

static void
add_step(struct gsp_buf *b, const struct view_step *s, int64_t now_ms)
{
	char text[48];

	gsp_buf_addf(b, "%s ", s->state == VIEW_DONE ? DONE : s->state == VIEW_RUNS ? RUNS : FAILED);
	add_name(b, s);
	if (s->state == VIEW_RUNS && s->pct >= 0)
		gsp_buf_addf(b, DOT "%d %%", s->pct);
	if (s->state == VIEW_RUNS && s->rate > 0)
		gsp_buf_addf(b, DOT "%s/s", gsp_num_bytes(text, sizeof(text), s->rate));
	if (s->state == VIEW_RUNS && s->eta_s >= 0)
		gsp_buf_addf(b, DOT "%s left", gsp_num_span(text, sizeof(text), s->eta_s));
	gsp_buf_addf(b, DOT "%s", gsp_num_span(text, sizeof(text),
	    span_s(s->begun_ms, s->state == VIEW_RUNS ? now_ms : s->ended_ms)));
}

void
gsp_view_title(struct gsp_buf *out, const struct gsp_view *v)
{
	static const char *const words[][3] = {
	    [GSP_VERB_UP] = {"is coming up", "is up", "did not come up"},
	    [GSP_VERB_DOWN] = {"is going down", "is down", "did not go down"},
	    [GSP_VERB_RESTART] = {"is restarting", "is up again", "did not restart"},
	    [GSP_VERB_RESTORE] = {"is going back", "went back", "did not go back"},
	};
	size_t i = !v->ended ? 0 : v->status == 0 ? 1 : 2;

	gsp_text_name(out, v->server);
	if ((size_t)v->verb < sizeof(words) / sizeof(*words) && words[v->verb][0] != NULL)
		gsp_buf_addf(out, " %s", words[v->verb][i]);
	else
		gsp_buf_addf(out, ": %s%s", gsp_verb_name(v->verb), i == 0 ? "" : i == 1 ? ": done" : ": failed");
	if (v->verb == GSP_VERB_RESTORE && v->save != 0)
		gsp_buf_addf(out, " to save %" PRIu64, v->save);
	else if (v->verb == GSP_VERB_UP && v->save != 0)
		gsp_buf_addf(out, " from save %" PRIu64, v->save);
}

/* What it means, and what costs meanwhile. */
void
gsp_view_why(struct gsp_buf *out, const struct gsp_view *v)
{
	struct gsp_buf b = GSP_BUF_INIT(GSP_TEXT_BUF);
	char text[32];
	bool command, again = v->status < 0 || v->status == 75 || v->status > 128;

	if (v->why[0] == '\0' && v->status < 0)
		gsp_buf_adds(&b, "its tool was lost, as when the computer was restarted");
	else
		gsp_text_failure(&b, "", v->status, v->why); /* the title has its name */
	gsp_text_cut(&b, WHY_CHARS);
	command = strstr(gsp_buf_str(&b), "`/server ") != NULL;
	gsp_buf_adds(out, gsp_buf_str(&b));
	if (!command)
		gsp_buf_addf(out, "\n%s `/server %s name:%s`", again ? "It goes on with" : "How it is:",
		    again ? gsp_verb_name(v->verb) : "status", v->server);
	/* never in silence; but once is enough, and not by whom another job turned away */
	if (!(v->status == 75 && v->nsteps == 0 && strstr(v->why, "is busy") != NULL) &&
	    (v->has_machine || v->cost_usd > 0) && strstr(v->why, "cost") == NULL) {
		gsp_buf_adds(out, "\n" WARNING " the machine is there and costs");
		if (v->cost_usd > 0)
			gsp_buf_addf(out, " (%s so far)", gsp_num_usd(text, sizeof(text), v->cost_usd));
		gsp_buf_addf(out, " until `/server down name:%s` is through", v->server);
	}
	gsp_buf_release(&b);
}

void
gsp_view_message(struct gsp_buf *out, const struct gsp_view *v, int64_t now_ms)
{
	struct gsp_lines lines = GSP_LINES_INIT;
	struct gsp_buf line = GSP_BUF_INIT(GSP_TEXT_BUF), content = GSP_BUF_INIT(4 * GSP_TEXT_BUF);
	struct gsp_json *o;

	gsp_buf_addf(&line, "%s ", !v->ended ? WAITS : v->status == 0 ? DONE : FAILED);
	gsp_view_title(&line, v);
	gsp_buf_addf(&line, DOT "asked by <@%s>", v->user);
	if (v->ended)
		gsp_buf_addf(&line, DOT "took %s", gsp_num_span((char[48]){0}, 48,
		    span_s(v->asked_ms, v->ended_ms)));
	gsp_lines_add(&lines, &line);
	/* before the steps: they give way, it does not */
	if (v->ended && v->status != 0) {
		gsp_view_why(&line, v);
		gsp_lines_add(&lines, &line);
	}
	if (v->earlier > 0) {
		gsp_buf_addf(&line, "\xe2\x80\xa6" "%zu earlier", v->earlier);
		gsp_lines_add(&lines, &line);
	}
	for (size_t i = 0; i < v->nsteps; i++) {
		add_step(&line, &v->steps[i], now_ms);
		gsp_lines_add(&lines, &line);
	}
	for (size_t i = 0; i < v->nwarnings; i++) {
		gsp_buf_adds(&line, WARNING " ");
		gsp_text_words(&line, v->warnings[i], WARNING_CHARS);
		gsp_lines_add(&lines, &line);
	}
	gsp_lines_end(&content, &lines);
	o = gsp_message_body(gsp_buf_str(&content));
	(void)gsp_json_add_arr(o, "components"); /* it may have been the question */
	gsp_json_print(out, o);
	gsp_json_free(o);
	gsp_buf_release(&line);
	gsp_buf_release(&content);
}
