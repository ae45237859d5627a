/* What gsp-query prints, for chat. */
#include <inttypes.h>

#include "discord/message_priv.h"

#include "base/banned.h"

#define NAMES_MAX 1500 /* characters of them all */

static void
add_names(struct gsp_buf *b, const struct gsp_json *list, uint64_t players)
{
	struct gsp_buf names = GSP_BUF_INIT(GSP_TEXT_BUF);
	uint64_t shown = 0;

	for (const struct gsp_json *v = gsp_json_first(list); v != NULL; v = gsp_json_next(v)) {
		size_t before = names.len;

		if (shown > 0)
			gsp_buf_adds(&names, ", ");
		gsp_md_escape(&names, gsp_json_text(v, "?"), 64);
		if (gsp_utf8_count(gsp_buf_str(&names)) > NAMES_MAX) {
			names.len = before;
			names.data[before] = '\0';
			break;
		}
		shown++;
	}
	if (shown > 0)
		gsp_buf_addf(b, ": %s", gsp_buf_str(&names));
	if (shown > 0 && shown < players)
		gsp_buf_addf(b, " and %" PRIu64 " more", players - shown);
	gsp_buf_release(&names);
}

void
gsp_render_players(struct gsp_buf *out, const struct gsp_talk *t)
{
	const char *at = t->out;
	struct gsp_json *r = gsp_rows_next(&at);
	uint64_t n = gsp_json_u64(r, "players", UINT64_MAX), max = gsp_json_u64(r, "max", 0);

	gsp_buf_adds(out, "\xf0\x9f\x8e\xae ");
	if (n == UINT64_MAX) /* not a zero */
		gsp_buf_adds(out, "Nobody can tell who plays on ");
	else if (n == 0)
		gsp_buf_adds(out, "Nobody plays on ");
	else if (max >= n)
		gsp_buf_addf(out, "**%" PRIu64 "** of %" PRIu64 " play%s on ", n, max, n == 1 ? "s" : "");
	else
		gsp_buf_addf(out, "**%" PRIu64 "** play%s on ", n, n == 1 ? "s" : "");
	gsp_text_name(out, t->server);
	if (n != UINT64_MAX && n > 0)
		add_names(out, gsp_json_get(r, "names"), n);
	gsp_json_free(r);
}
