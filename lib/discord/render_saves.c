/* What gsp-saves list prints, for chat. */
#include <inttypes.h>
#include <string.h>

#include "base/num.h"
#include "discord/message_priv.h"

#include "base/banned.h"

/* Source: gsp-sync(1) and gsp-saves(1). */
const char *
gsp_message_save_kind(const char *kind)
{
	static const char *const words[][2] = {{"down", "after playing"}, {"edit", "edited by hand"},
	    {"import", "brought in"}, {"live", "copied while playing"},
	    {"killed", "the game had to be killed"},
	    {"restore", "an older one again"}};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(kind, words[i][0]) == 0)
			return words[i][1];
	return kind;
}

static void
add_kind(struct gsp_buf *b, const struct gsp_json *r)
{
	const char *kind = gsp_json_str(r, "kind", "");

	if (strcmp(kind, "restore") == 0) {
		gsp_buf_addf(b, "back to %" PRIu64, gsp_json_u64(r, "parent", 0));
		return;
	}
	gsp_md_escape(b, gsp_message_save_kind(kind), 40);
}

static void
add_row(struct gsp_buf *b, const struct gsp_json *r)
{
	int64_t time = gsp_json_time(r, "time");
	const char *actor = gsp_json_str(r, "actor", "");
	char text[32];

	gsp_buf_addf(b, "**%" PRIu64 "**", gsp_json_u64(r, "generation", 0));
	if (gsp_json_bool(r, "damaged", false)) {
		gsp_buf_adds(b, " \xe2\x9a\xa0 damaged: the owner has to look");
		return;
	}
	if (time != 0)
		gsp_buf_addf(b, " \xc2\xb7 <t:%" PRId64 ":f>", time);
	gsp_buf_adds(b, " \xc2\xb7 ");
	add_kind(b, r);
	if (actor[0] != '\0') {
		gsp_buf_adds(b, ", by ");
		gsp_text_actor(b, actor);
	}
	gsp_buf_addf(b, " \xc2\xb7 %s", gsp_num_bytes(text, sizeof(text), gsp_json_u64(r, "bytes", 0)));
	if (gsp_json_bool(r, "newest", false))
		gsp_buf_adds(b, " \xe2\x97\x80 the next up goes on from here");
}

void
gsp_render_saves(struct gsp_buf *out, const struct gsp_talk *t)
{
	struct gsp_lines lines = GSP_LINES_INIT;
	struct gsp_buf line = GSP_BUF_INIT(GSP_TEXT_BUF);
	const char *at = t->out;
	uint64_t newest = 0;
	struct gsp_json *r;
	size_t n = 0;

	/* first, so that the last lines of a long list take nothing from it */
	gsp_buf_adds(&line, "\xf0\x9f\x92\xbe Saves of ");
	gsp_text_name(&line, t->server);
	gsp_buf_adds(&line, "; back to one: ");
	gsp_buf_addf(&line, "`/server restore name:%s save:`", t->server);
	gsp_lines_add(&lines, &line);
	while ((r = gsp_rows_next(&at)) != NULL) {
		if (n++ == 0)
			newest = gsp_json_u64(r, "generation", 0);
		add_row(&line, r);
		gsp_lines_add(&lines, &line);
		gsp_json_free(r);
	}
	if (newest == 0) {
		gsp_buf_release(&lines.text);
		gsp_text_name(out, t->server);
		gsp_buf_adds(out, " has no saves yet: the first up makes one.");
	} else
		gsp_lines_end(out, &lines);
	gsp_buf_release(&line);
}
