/* The new message at a job's end. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "discord/view_priv.h"

#include "base/banned.h"

static void
add_took(struct gsp_buf *b, const struct gsp_view *v)
{
	char text[48];

	if (v->ended_ms > v->asked_ms && v->asked_ms > 0)
		gsp_buf_addf(b, " \xc2\xb7 took %s", gsp_num_span(text, sizeof(text),
		    (v->ended_ms - v->asked_ms + 500) / 1000));
}

/* Of up and restart: what friends wait for. */
static void
say_up(struct gsp_buf *b, const struct gsp_view *v)
{
	const char *address = gsp_json_str(v->record, "address", "");
	double hourly = gsp_json_num(v->record, "hourly_usd", -1);
	int64_t lease = gsp_json_time(v->record, "lease");
	char text[32];

	if (address[0] != '\0') {
		gsp_buf_adds(b, ": ");
		gsp_text_code(b, address, 300);
	}
	add_took(b, v);
	if (hourly >= 0)
		gsp_buf_addf(b, " \xc2\xb7 %s an hour", gsp_num_usd(text, sizeof(text), hourly));
	if (v->cost_usd > hourly + 0.00005) /* in the first hour it says the same twice */
		gsp_buf_addf(b, ", %s so far", gsp_num_usd(text, sizeof(text), v->cost_usd));
	if (lease != 0)
		gsp_buf_addf(b, "\nIt runs until <t:%" PRId64 ":t> (<t:%" PRId64 ":R>); longer with "
		    "`/server extend name:%s`", lease, lease, v->server);
}

static void
say_down(struct gsp_buf *b, const struct gsp_view *v)
{
	char text[32];

	if (v->was_down && v->generation == 0) {
		gsp_buf_adds(b, ": there was no machine any more");
		return;
	}
	if (v->generation != 0)
		gsp_buf_addf(b, ": everything is home as save **%" PRIu64 "**", v->generation);
	else if (v->unplayed)
		gsp_buf_adds(b, ": nothing was ever started, so there was nothing to save");
	else /* nothing was said of a save */
		gsp_buf_adds(b, ": it has no machine here any more");
	if (v->cost_usd >= 0)
		gsp_buf_addf(b, "; the evening cost %s", gsp_num_usd(text, sizeof(text), v->cost_usd));
	add_took(b, v);
}

static void
say_restore(struct gsp_buf *b, const struct gsp_view *v)
{
	uint64_t generation = gsp_json_u64(v->record, "generation", v->generation);

	if (generation != 0)
		gsp_buf_addf(b, "; it is save **%" PRIu64 "** now", generation);
	gsp_buf_addf(b, ". `/server up name:%s` goes on from there", v->server);
}

static void
say_end(struct gsp_buf *b, const struct gsp_view *v)
{
	gsp_view_title(b, v);
	if (v->status != 0) {
		gsp_buf_adds(b, ": ");
		gsp_view_why(b, v);
	} else if (v->verb == GSP_VERB_UP || v->verb == GSP_VERB_RESTART)
		say_up(b, v);
	else if (v->verb == GSP_VERB_DOWN)
		say_down(b, v);
	else if (v->verb == GSP_VERB_RESTORE)
		say_restore(b, v);
}

void
gsp_view_final(struct gsp_buf *out, const struct gsp_view *v, const char *reply_to)
{
	struct gsp_buf content = GSP_BUF_INIT(4 * GSP_TEXT_BUF);
	struct gsp_json *o, *mentions, *ref;

	gsp_buf_addf(&content, "<@%s> ", v->user);
	say_end(&content, v);
	o = gsp_message_body(gsp_buf_str(&content));
	gsp_json_remove(o, "allowed_mentions");
	mentions = gsp_json_add_obj(o, "allowed_mentions");
	(void)gsp_json_add_arr(mentions, "parse");
	gsp_json_add_str(gsp_json_add_arr(mentions, "users"), NULL, v->user);
	gsp_json_add_bool(mentions, "replied_user", false);
	if (reply_to[0] != '\0') {
		ref = gsp_json_add_obj(o, "message_reference");
		gsp_json_add_str(ref, "message_id", reply_to);
		gsp_json_add_bool(ref, "fail_if_not_exists", false);
	}
	/* the same for each try: posted twice is posted once */
	gsp_json_add_str(o, "nonce", v->job);
	gsp_json_add_bool(o, "enforce_nonce", true);
	gsp_json_print(out, o);
	gsp_json_free(o);
	gsp_buf_release(&content);
}
