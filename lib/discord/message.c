#include "discord/message.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "base/utf8.h"
#include "discord/message_priv.h"

#include "base/banned.h"

/* Source: Discord API v10, "Interaction Callback Type", "Message Flags", "Component Types", "Button
 * Styles", "Autocomplete". */
enum { MESSAGE = 4, DEFERRED_MESSAGE = 5, DEFERRED_UPDATE = 6, UPDATE_MESSAGE = 7, CHOICES = 8 };
enum { ROW = 1, BUTTON = 2 };
enum { SECONDARY = 2, DANGER = 4 };
#define EPHEMERAL 64
#define CHOICES_MAX 25
#define CHOICE_MAX 100 /* characters of a name, and of a value */

#define BUTTON_PREFIX "gsp1:" /* then the nonce, and ":yes" or ":no" */

struct gsp_json *
gsp_message_body(const char *content)
{
	struct gsp_json *o = gsp_json_new_obj(), *mentions;
	struct gsp_buf b = GSP_BUF_INIT(4 * GSP_TEXT_BUF);

	gsp_buf_adds(&b, content);
	gsp_text_cut(&b, GSP_MESSAGE_CONTENT_MAX);
	/* an empty message is refused. Source: Discord API v10, error 50006 */
	gsp_json_add_str(o, "content", b.len > 0 ? gsp_buf_str(&b) : "\xe2\x80\xa6");
	mentions = gsp_json_add_obj(o, "allowed_mentions");
	(void)gsp_json_add_arr(mentions, "parse");
	gsp_buf_release(&b);
	return o;
}

static void
print(struct gsp_buf *out, struct gsp_json *o)
{
	gsp_json_print(out, o);
	gsp_json_free(o);
}

/* ---- answers to an interaction ---- */

static void
answer(struct gsp_buf *out, uint64_t type, struct gsp_json *data)
{
	struct gsp_json *o = gsp_json_new_obj();

	gsp_json_add_u64(o, "type", type);
	if (data != NULL)
		gsp_json_add_copy(o, "data", data);
	gsp_json_free(data);
	print(out, o);
}

void
gsp_message_defer(struct gsp_buf *out, bool is_public)
{
	struct gsp_json *data = is_public ? NULL : gsp_json_new_obj();

	if (!is_public)
		gsp_json_add_u64(data, "flags", EPHEMERAL);
	answer(out, DEFERRED_MESSAGE, data);
}

void
gsp_message_update(struct gsp_buf *out, const char *content)
{
	struct gsp_json *data = gsp_message_body(content);

	(void)gsp_json_add_arr(data, "components");
	answer(out, UPDATE_MESSAGE, data);
}

void
gsp_message_ephemeral(struct gsp_buf *out, const char *text)
{
	struct gsp_buf words = GSP_BUF_INIT(GSP_TEXT_BUF);
	struct gsp_json *data;

	gsp_text_words(&words, text, GSP_MESSAGE_CONTENT_MAX);
	data = gsp_message_body(gsp_buf_str(&words));
	gsp_json_add_u64(data, "flags", EPHEMERAL);
	answer(out, MESSAGE, data);
	gsp_buf_release(&words);
}

/* A choice's name is shown as it is: no Markdown there. */
static void
add_plain(struct gsp_json *o, const char *key, const char *text)
{
	struct gsp_buf b = GSP_BUF_INIT(4 * GSP_TEXT_BUF);

	for (const char *p = text; *p != '\0';) {
		size_t n = gsp_utf8_len(p);

		if (gsp_utf8_shown(p) > 0)
			gsp_buf_add(&b, p, n);
		else
			gsp_buf_addc(&b, '?');
		p += n > 0 ? n : 1;
	}
	gsp_text_cut(&b, CHOICE_MAX);
	gsp_json_add_str(o, key, b.len > 0 ? gsp_buf_str(&b) : "?");
	gsp_buf_release(&b);
}

/* A list of saves: their option is an INTEGER, so their values are numbers. A server's name begins
 * with a letter. */
static bool
are_numbers(const struct gsp_talk *t)
{
	uint64_t n;

	for (size_t i = 0; i < t->nchoices && i < CHOICES_MAX; i++)
		if (gsp_num_u64(&n, t->choices[i].value, 0, (UINT64_C(1) << 52) - 1) == -1)
			return false;
	return true;
}

void
gsp_message_choices(struct gsp_buf *out, const struct gsp_talk *t)
{
	struct gsp_json *data = gsp_json_new_obj(), *list = gsp_json_add_arr(data, "choices");
	bool numbers = are_numbers(t);

	for (size_t i = 0; i < t->nchoices && i < CHOICES_MAX; i++) {
		const struct gsp_talk_choice *c = &t->choices[i];
		struct gsp_json *o = gsp_json_add_obj(list, NULL);
		uint64_t n = 0;

		add_plain(o, "name", c->name);
		if (numbers && gsp_num_u64(&n, c->value, 0, UINT64_MAX) == 0)
			gsp_json_add_u64(o, "value", n);
		else
			add_plain(o, "value", c->value);
	}
	answer(out, CHOICES, data);
}

/* ---- contents ---- */

/* What an edit leaves out stays as it was: so the buttons are always said. */
static void
content(struct gsp_buf *out, const char *text)
{
	struct gsp_json *o = gsp_message_body(text);

	(void)gsp_json_add_arr(o, "components");
	print(out, o);
}

void
gsp_message_text(struct gsp_buf *out, const char *text)
{
	struct gsp_buf words = GSP_BUF_INIT(GSP_TEXT_BUF);

	gsp_text_words(&words, text, GSP_MESSAGE_CONTENT_MAX);
	content(out, gsp_buf_str(&words));
	gsp_buf_release(&words);
}

/* status tells a plain no by 1 of a server that is down, and shows it all the same. */
static bool
worked(const struct gsp_talk *t)
{
	bool looks = t->verb == GSP_VERB_STATUS || t->verb == GSP_VERB_LIST;

	return t->status == 0 || (t->status == 1 && looks && t->out != NULL && t->out[0] == '{');
}

static void
render(struct gsp_buf *b, const struct gsp_talk *t, int64_t now_s)
{
	switch (t->verb) {
	case GSP_VERB_STATUS: gsp_render_status(b, t); break;
	case GSP_VERB_LIST: gsp_render_list(b, t); break;
	case GSP_VERB_EXTEND:
	case GSP_VERB_HOLD: gsp_render_lease(b, t, now_s); break;
	case GSP_VERB_PLAYERS: gsp_render_players(b, t); break;
	case GSP_VERB_SAVES: gsp_render_saves(b, t); break;
	case GSP_VERB_COST: gsp_render_cost(b, t); break;
	case GSP_VERB_SAY: gsp_render_say(b, t); break;
	case GSP_VERB_LOGS: gsp_render_logs(b, t); break;
	default: gsp_buf_adds(b, "done"); /* up, down, ... are jobs: they have a view */
	}
}

void
gsp_message_result(struct gsp_buf *out, const struct gsp_talk *t, int64_t now_s)
{
	struct gsp_buf b = GSP_BUF_INIT(4 * GSP_TEXT_BUF);

	if (worked(t))
		render(&b, t, now_s);
	else {
		/* 1 is a plain no, such as "it has no machine" */
		gsp_buf_adds(&b, t->status == 1 ? "" : t->status == 75 ? "\xe2\x8f\xb3 " : "\xe2\x9d\x8c ");
		gsp_text_failure(&b, t->server, t->status, t->said != NULL ? t->said : "");
	}
	content(out, gsp_buf_str(&b));
	gsp_buf_release(&b);
}

/* ---- the question ---- */

static void
add_players(struct gsp_buf *b, const struct gsp_talk *t)
{
	if (t->players == -1)
		gsp_buf_adds(b, " Nobody can tell who plays: whoever does is thrown out.");
	else if (t->players == 0)
		gsp_buf_adds(b, " Nobody plays.");
	else if (t->players > 0) {
		gsp_buf_addf(b, " **%" PRId64 "** %s", t->players,
		    t->players == 1 ? "plays and is thrown out" : "play and are thrown out");
		if (t->names[0] != '\0') {
			gsp_buf_adds(b, ": ");
			gsp_md_escape(b, t->names, 500);
		}
		gsp_buf_addc(b, '.');
	}
}

static const char *
label(const struct gsp_talk *t)
{
	switch (t->verb) {
	case GSP_VERB_RESTORE: return "Yes, go back";
	case GSP_VERB_RESTART: return "Yes, restart it";
	default: return "Yes, stop it";
	}
}

static void
add_button(struct gsp_json *row, const struct gsp_talk *t, bool yes)
{
	struct gsp_json *o = gsp_json_add_obj(row, NULL);
	char id[sizeof(t->nonce) + sizeof(BUTTON_PREFIX) + 8];

	snprintf(id, sizeof(id), BUTTON_PREFIX "%s:%s", t->nonce, yes ? "yes" : "no");
	gsp_json_add_u64(o, "type", BUTTON);
	gsp_json_add_u64(o, "style", yes ? DANGER : SECONDARY);
	gsp_json_add_str(o, "label", yes ? label(t) : "No, leave it");
	gsp_json_add_str(o, "custom_id", id);
}

static void
ask(struct gsp_buf *b, const struct gsp_talk *t)
{
	switch (t->verb) {
	case GSP_VERB_RESTORE:
		gsp_buf_adds(b, "Take ");
		gsp_text_name(b, t->server);
		gsp_buf_adds(b, " back to ");
		if (t->save != 0)
			gsp_buf_addf(b, "save **%" PRIu64 "**?", t->save);
		else
			gsp_buf_adds(b, "an older save?");
		gsp_buf_adds(b, " What there is now is kept as a save, too.");
		break;
	case GSP_VERB_RESTART:
		gsp_buf_adds(b, "Restart ");
		gsp_text_name(b, t->server);
		gsp_buf_addc(b, '?');
		break;
	default:
		gsp_buf_adds(b, "Stop ");
		gsp_text_name(b, t->server);
		gsp_buf_adds(b, t->players == -2 ? " all the same? As far as is known here it has no machine."
		                                 : ", bring the save home and give the machine back?");
	}
	add_players(b, t);
}

void
gsp_message_question(struct gsp_buf *out, const struct gsp_talk *t)
{
	struct gsp_buf b = GSP_BUF_INIT(GSP_TEXT_BUF);
	struct gsp_json *o, *row;

	ask(&b, t);
	if (t->until_ms > 0)
		gsp_buf_addf(&b, "\nWhoever asked has to answer <t:%" PRId64 ":R>.", t->until_ms / 1000);
	o = gsp_message_body(gsp_buf_str(&b));
	row = gsp_json_add_obj(gsp_json_add_arr(o, "components"), NULL);
	gsp_json_add_u64(row, "type", ROW);
	row = gsp_json_add_arr(row, "components");
	add_button(row, t, true);
	add_button(row, t, false);
	print(out, o);
	gsp_buf_release(&b);
}

static void
add_nothing(struct gsp_buf *b, const char *server)
{
	gsp_buf_adds(b, "Nothing was done: ");
	gsp_text_name(b, server);
	gsp_buf_adds(b, " is as it was.");
}

void
gsp_message_question_over(struct gsp_buf *out, const struct gsp_talk *t)
{
	struct gsp_buf b = GSP_BUF_INIT(GSP_TEXT_BUF);

	add_nothing(&b, t->server);
	content(out, gsp_buf_str(&b));
	gsp_buf_release(&b);
}

void
gsp_message_pressed(struct gsp_buf *out, const struct gsp_talk *t, bool yes)
{
	struct gsp_buf b = GSP_BUF_INIT(GSP_TEXT_BUF);

	if (yes)
		gsp_buf_adds(&b, "Confirmed.");
	else
		add_nothing(&b, t->server);
	gsp_message_update(out, gsp_buf_str(&b));
	gsp_buf_release(&b);
}

int
gsp_message_button(char nonce[33], bool *yes, const char *custom_id)
{
	static const char word[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
	const char *p = custom_id + strlen(BUTTON_PREFIX);
	size_t n;

	if (strncmp(custom_id, BUTTON_PREFIX, strlen(BUTTON_PREFIX)) != 0)
		return -1;
	n = strspn(p, word);
	if (n == 0 || n > 32 || (strcmp(p + n, ":yes") != 0 && strcmp(p + n, ":no") != 0))
		return -1;
	memcpy(nonce, p, n);
	nonce[n] = '\0';
	*yes = strcmp(p + n, ":yes") == 0;
	return 0;
}
