#include "cli/progress_line.h"

#include <string.h>

#include "base/num.h"
#include "cli/say.h"
#include "fmt/json.h"

#include "base/banned.h"

const char *
gsp_progress_state_name(enum gsp_progress_state state)
{
	static const char *const names[] = {"start", "progress", "done", "fail", "progress"};

	return names[state];
}

void
gsp_progress_json(struct gsp_buf *out, int64_t t_ms, const char *server,
    const struct gsp_progress_line *e)
{
	struct gsp_json *o = gsp_json_new_obj();

	gsp_json_add_u64(o, "t", (uint64_t)t_ms);
	gsp_json_add_str(o, "server", server);
	gsp_json_add_str(o, "step", e->step);
	gsp_json_add_str(o, "state", gsp_progress_state_name(e->state));
	if (e->state == GSP_LINE_WARN)
		gsp_json_add_str(o, "level", "warn");
	if (e->pct >= 0)
		gsp_json_add_u64(o, "pct", (uint64_t)e->pct);
	if (e->bytes > 0 || e->total > 0)
		gsp_json_add_u64(o, "bytes", e->bytes);
	if (e->total > 0)
		gsp_json_add_u64(o, "total", e->total);
	if (e->rate > 0)
		gsp_json_add_u64(o, "rate", e->rate);
	if (e->eta_s >= 0)
		gsp_json_add_u64(o, "eta_s", (uint64_t)e->eta_s);
	gsp_json_add_str(o, "message", e->msg);
	gsp_json_print(out, o);
	gsp_buf_addc(out, '\n');
	gsp_json_free(o);
}

static void
add_amounts(struct gsp_buf *b, const struct gsp_progress_line *e)
{
	char text[32];

	if (e->pct >= 0)
		gsp_buf_addf(b, "  %d%%", e->pct);
	if (e->bytes > 0 || e->total > 0)
		gsp_buf_addf(b, "  %s", gsp_num_bytes(text, sizeof(text), e->bytes));
	if (e->total > 0)
		gsp_buf_addf(b, " of %s", gsp_num_bytes(text, sizeof(text), e->total));
	if (e->rate > 0)
		gsp_buf_addf(b, "  %s/s", gsp_num_bytes(text, sizeof(text), e->rate));
	if (e->eta_s >= 0)
		gsp_buf_addf(b, "  %s left", gsp_num_span(text, sizeof(text), e->eta_s));
}

static void
add_word(struct gsp_buf *b, bool color, const char *sgr, const char *word)
{
	if (color)
		gsp_buf_addf(b, "\033[%sm%s\033[0m", sgr, word);
	else
		gsp_buf_adds(b, word);
}

void
gsp_progress_people(struct gsp_buf *b, const char *server, const struct gsp_progress_line *e,
    bool color)
{
	bool all = strcmp(e->step, "all") == 0, text = *e->msg != '\0';
	char span[32];

	gsp_cli_escape(b, server);
	gsp_buf_adds(b, ": ");
	if (!all) {
		gsp_cli_escape(b, e->step);
		gsp_buf_adds(b, ": ");
	}
	switch (e->state) {
	case GSP_LINE_WARN: add_word(b, color, "33", "warning"); break;
	case GSP_LINE_DONE: add_word(b, color, "32", "done"); break;
	case GSP_LINE_FAIL: add_word(b, color, "31", "failed"); break;
	case GSP_LINE_START:
	case GSP_LINE_PROGRESS:
	default: gsp_cli_escape(b, text ? e->msg : "..."); break;
	}
	if (e->state == GSP_LINE_PROGRESS)
		add_amounts(b, e);
	if (e->state == GSP_LINE_DONE || e->state == GSP_LINE_FAIL)
		gsp_buf_addf(b, "%s%s", e->state == GSP_LINE_DONE ? " in " : " after ",
		    gsp_num_span(span, sizeof(span), e->elapsed_s));
	/* why it failed is said once, by the tool, at its end */
	if (text && (e->state == GSP_LINE_WARN || e->state == GSP_LINE_DONE)) {
		gsp_buf_adds(b, ": ");
		gsp_cli_escape(b, e->msg);
	}
}

/* Cut to what fits on one line of the terminal, at a character. */
static size_t
fitting(const char *text, size_t columns)
{
	size_t i = 0;

	for (; text[i] != '\0'; i++)
		if (((unsigned char)text[i] & 0xc0) != 0x80 && columns-- == 0)
			break;
	return i;
}

void
gsp_progress_live(struct gsp_buf *b, const char *server, const struct gsp_progress_line *e,
    size_t columns)
{
	char span[32];
	size_t n;

	gsp_cli_escape(b, server);
	gsp_buf_adds(b, ": ");
	gsp_cli_escape(b, e->step);
	add_amounts(b, e);
	gsp_buf_addf(b, "  %s", gsp_num_span(span, sizeof(span), e->elapsed_s));
	if (*e->msg != '\0') {
		gsp_buf_adds(b, "  ");
		gsp_cli_escape(b, e->msg);
	}
	if (gsp_buf_ok(b) && b->len > (n = fitting(gsp_buf_str(b), columns))) {
		b->len = n;
		b->data[n] = '\0';
	}
}
