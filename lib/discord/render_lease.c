/* What gsp-lease prints, for chat. */
#include <inttypes.h>

#include "base/num.h"
#include "discord/message_priv.h"

#include "base/banned.h"

static void
add_until(struct gsp_buf *b, const struct gsp_json *r)
{
	int64_t until = gsp_json_time(r, "until"), latest = gsp_json_time(r, "latest");
	double usd = gsp_json_num(r, "usd", -1);
	char text[32];

	if (until == 0) {
		gsp_buf_adds(b, " runs until somebody stops it");
		return;
	}
	gsp_buf_addf(b, " runs until <t:%" PRId64 ":t> (<t:%" PRId64 ":R>)", until, until);
	if (usd >= 0)
		gsp_buf_addf(b, "; by then it will have cost %s", gsp_num_usd(text, sizeof(text), usd));
	if (latest != 0 && until >= latest)
		gsp_buf_adds(b, ". That is as long as it may; a new session begins after the next down");
}

static void
add_budget(struct gsp_buf *b, const struct gsp_json *r)
{
	int64_t budget = gsp_json_time(r, "budget");

	if (budget != 0)
		gsp_buf_addf(b, "\n\xe2\x9a\xa0 the month's money ends <t:%" PRId64 ":R>: it stops then", budget);
}

static void
add_hold(struct gsp_buf *b, const struct gsp_talk *t, const struct gsp_json *r, int64_t now_s)
{
	int64_t hold = gsp_json_time(r, "hold");

	if (hold > now_s)
		gsp_buf_addf(b, "%s stays on until <t:%" PRId64 ":t> (<t:%" PRId64 ":R>), even if nobody plays",
		    t->verb == GSP_VERB_HOLD ? "" : "\nIt", hold, hold);
	else if (t->verb == GSP_VERB_HOLD)
		gsp_buf_adds(b, " is not held any more: it may stop when nobody plays");
}

void
gsp_render_lease(struct gsp_buf *out, const struct gsp_talk *t, int64_t now_s)
{
	const char *at = t->out;
	struct gsp_json *r = gsp_rows_next(&at);

	gsp_buf_adds(out, "\xe2\x8f\xb1 ");
	gsp_text_name(out, t->server);
	if (t->verb == GSP_VERB_HOLD) {
		add_hold(out, t, r, now_s);
		gsp_buf_adds(out, "\nIt");
		add_until(out, r);
	} else {
		add_until(out, r);
		add_hold(out, t, r, now_s);
	}
	add_budget(out, r);
	if (t->said != NULL && t->said[0] != '\0') {
		gsp_buf_adds(out, "\n\xe2\x9a\xa0 ");
		gsp_text_failure(out, "", 0, t->said);
	}
	gsp_json_free(r);
}
