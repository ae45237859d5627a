/* What people do in chat, and what is shown of what tools and people say. The first byte says which:
 * i an interaction, c the commands that Discord has, v lines of a job, any other a result of the look-up of that number. */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discord/command.h"
#include "discord/interaction.h"
#include "discord/message_priv.h"
#include "discord/view.h"
#include "text.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* It is a body that Discord takes: the content fits, and pings nobody by itself. */
static void
check(struct gsp_buf *b)
{
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_json *o = NULL;
	const struct gsp_json *body;
	const char *content;

	assert(gsp_buf_ok(b));
	if (gsp_json_parse(&o, gsp_buf_str(b), b->len, &err) == -1)
		abort();
	body = gsp_json_get(o, "data") != NULL ? gsp_json_get(o, "data") : o;
	content = gsp_json_str(body, "content", "");
	assert(content[0] != '\0' && gsp_utf8_count(content) <= GSP_MESSAGE_CONTENT_MAX);
	assert(gsp_json_count(gsp_json_get(gsp_json_get(body, "allowed_mentions"), "parse")) == 0);
	assert(gsp_json_is_arr(gsp_json_get(gsp_json_get(body, "allowed_mentions"), "parse")));
	gsp_json_free(o);
	gsp_buf_reset(b);
}

static void
interaction(const char *text, size_t len)
{
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_interaction i;
	struct gsp_json *o = NULL;
	struct gsp_buf line = GSP_BUF_INIT(GSP_TALK_LINE_MAX);
	struct gsp_talk t;

	if (gsp_json_parse(&o, text, len, &err) == -1)
		return;
	if (gsp_interaction_parse(&i, o, &err) == -1) {
		assert(err.code == GSP_EPROTO && err.msg[0] != '\0');
		assert((i.id[0] == '\0') == (i.token[0] == '\0'));
	} else if (i.kind != GSP_INTERACTION_OTHER) {
		/* what is accepted can be said to the other half, and is understood there */
		gsp_talk_write(&line, &i.talk);
		assert(gsp_buf_ok(&line) && line.len > 1);
		if (gsp_talk_parse(&t, line.data, line.len - 1, &err) == -1) {
			fprintf(stderr, "%s: %s\n", err.msg, line.data);
			abort();
		}
		gsp_talk_release(&t);
	}
	assert(strchr(i.token, '/') == NULL && strchr(i.token, '%') == NULL);
	gsp_interaction_release(&i);
	gsp_json_free(o);
	gsp_buf_release(&line);
}

static void
commands(const char *text, size_t len)
{
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_json *ours, *theirs = NULL;

	if (gsp_json_parse(&theirs, text, len, &err) == -1)
		return;
	ours = gsp_command_all();
	assert(gsp_command_same(ours, theirs) == gsp_command_same(theirs, ours));
	assert(gsp_command_same(ours, ours));
	gsp_json_free(ours);
	gsp_json_free(theirs);
}

static void
view(char *text)
{
	struct gsp_buf b = GSP_BUF_INIT(16384);
	struct gsp_view *v;
	struct gsp_talk t;
	char *save = NULL, *last = text;

	gsp_talk_init(&t, GSP_TALK_BEGIN);
	t.verb = (enum gsp_verb)(strlen(text) % GSP_VERBS);
	snprintf(t.server, sizeof(t.server), "vanilla");
	snprintf(t.interaction, sizeof(t.interaction), "7");
	snprintf(t.who.user, sizeof(t.who.user), "8");
	v = gsp_view_new(&t);
	for (char *l = strtok_r(text, "\n", &save); l != NULL; l = strtok_r(NULL, "\n", &save)) {
		(void)gsp_view_line(v, l);
		last = l;
	}
	gsp_view_message(&b, v, 1795380067000);
	check(&b);
	t.kind = GSP_TALK_END;
	t.status = (int)(strlen(last) % 160) - 1;
	t.out = last;
	gsp_view_end(v, &t);
	gsp_view_message(&b, v, 1795380067000);
	check(&b);
	gsp_view_final(&b, v, "9");
	check(&b);
	gsp_view_free(v);
	gsp_buf_release(&b);
}

static void
result(uint8_t which, char *text)
{
	struct gsp_buf b = GSP_BUF_INIT(16384);
	struct gsp_talk t;

	gsp_talk_init(&t, GSP_TALK_RESULT);
	t.verb = (enum gsp_verb)(which % GSP_VERBS);
	t.status = which >= 128 ? which - 64 : 0;
	t.out = t.said = text;
	snprintf(t.server, sizeof(t.server), "%.64s", text);
	gsp_message_result(&b, &t, 1795380067);
	check(&b);
	gsp_message_ephemeral(&b, text);
	check(&b);
	snprintf(t.names, sizeof(t.names), "%.512s", text);
	t.players = 2;
	gsp_message_question(&b, &t);
	check(&b);
	gsp_buf_release(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size == 0 || size > GSP_TALK_OUT_MAX)
		return 0;
	text = fuzz_text(data + 1, size - 1);
	switch (data[0]) {
	case 'i': interaction(text, size - 1); break;
	case 'c': commands(text, size - 1); break;
	case 'v': view(text); break;
	default: result(data[0], text);
	}
	free(text);
	return 0;
}
