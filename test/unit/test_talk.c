/* discord/talk: what one half writes the other reads; what is not exactly that is an error. */
#include "discord/talk.h"

#include "fmt/json.h"
#include "tap.h"

static struct gsp_err err;

static void
set(char *out, size_t size, const char *text)
{
	snprintf(out, size, "%s", text);
}
#define SET(field, text) set((field), sizeof(field), (text))

static int
parse(struct gsp_talk *t, const char *line)
{
	return gsp_talk_parse(t, line, strlen(line), &err);
}

static struct gsp_talk
full(enum gsp_talk_kind kind)
{
	struct gsp_talk t;

	gsp_talk_init(&t, kind);
	t.n = 7;
	SET(t.who.user, "18446744073709551615");
	SET(t.who.name, "Zo\xc3\xab");
	SET(t.who.guild, "1");
	SET(t.who.channel, "2");
	t.who.roles = calloc(2, sizeof(*t.who.roles));
	SET(t.who.roles[0], "31");
	SET(t.who.roles[1], "32");
	t.who.nroles = 2;
	t.verb = GSP_VERB_RESTORE;
	SET(t.interaction, "4");
	SET(t.app, "5");
	SET(t.token, "aW50ZXJhY3Rpb24");
	SET(t.server, "vanilla");
	SET(t.text, "two\nlines \"quoted\" \\u0000");
	SET(t.time, "1h");
	SET(t.script, "start");
	SET(t.month, "2026-11");
	t.save = 41;
	t.saves = t.yes = t.is_public = t.update = true;
	SET(t.nonce, "abcdefgh");
	SET(t.message, "6");
	SET(t.channel, "2");
	t.status = -1;
	t.out = strdup("{\"schema\":\"gsp.record/1\"}\n");
	t.said = strdup("gsp-up: no\n");
	t.asked_ms = INT64_C(1795000000123);
	t.ended_ms = INT64_C(1795000009123);
	t.cost_usd = 0.072;
	t.until_ms = INT64_C(1795000060123);
	t.players = -1;
	SET(t.names, "ann, bob");
	t.choices = calloc(1, sizeof(*t.choices));
	SET(t.choices[0].name, "vanilla: up since 20:14, 3 players");
	SET(t.choices[0].value, "vanilla");
	t.nchoices = 1;
	SET(t.base, "https://discord.com/api/v10");
	SET(t.webhook, "/webhooks/1/tok");
	SET(t.session_id, "deadbeef");
	SET(t.resume_url, "wss://gateway.discord.gg");
	t.seq = 12;
	t.code = 4004;
	return t;
}

/* Every kind: its line is read back and written the same; each key taken away, doubled or given another
 * type is an error, and so is one too many. */
static void
test_kinds(void)
{
	for (int k = GSP_TALK_NAMES; k <= GSP_TALK_STOP; k++) {
		struct gsp_buf one = GSP_BUF_INIT(GSP_TALK_LINE_MAX), two = GSP_BUF_INIT(GSP_TALK_LINE_MAX);
		struct gsp_talk t = full((enum gsp_talk_kind)k), back;
		struct gsp_json *o = NULL;
		int bad = 0, tried = 0;

		gsp_talk_write(&one, &t);
		gsp_talk_release(&t);
		OK(gsp_talk_parse(&back, one.data, one.len - 1, &err) == 0 && back.kind == (enum gsp_talk_kind)k);
		gsp_talk_write(&two, &back);
		gsp_talk_release(&back);
		IS_STR(gsp_buf_str(&two), gsp_buf_str(&one));

		OK(gsp_json_parse(&o, one.data, one.len, &err) == 0);
		for (struct gsp_json *c = gsp_json_first(o); c != NULL; c = gsp_json_next(c)) {
			for (int how = 0; how < 3; how++) {
				struct gsp_json *other = NULL;
				const char *key = gsp_json_key(c);
				char name[64];

				snprintf(name, sizeof(name), "%s", key);
				(void)gsp_json_parse(&other, one.data, one.len, &err);
				if (how == 0 || how == 2)
					gsp_json_remove(other, name);
				if (how == 1)
					gsp_json_add_copy(other, name, c);
				if (how == 2)
					gsp_json_add_arr(gsp_json_add_obj(other, name), "x");
				gsp_buf_reset(&two);
				gsp_json_print(&two, other);
				gsp_json_free(other);
				tried++;
				bad += gsp_talk_parse(&back, two.data, two.len, &err) == -1 && err.code == GSP_EPROTO;
			}
		}
		gsp_json_add_str(o, "more", "");
		gsp_buf_reset(&two);
		gsp_json_print(&two, o);
		OK(gsp_talk_parse(&back, two.data, two.len, &err) == -1);
		IS_INT(bad, tried);
		gsp_json_free(o);
		gsp_buf_release(&one);
		gsp_buf_release(&two);
	}
}

static void
test_fields(void)
{
	struct gsp_buf b = GSP_BUF_INIT(GSP_TALK_LINE_MAX);
	struct gsp_talk t = full(GSP_TALK_ASK), back;

	gsp_talk_write(&b, &t);
	OK(gsp_talk_parse(&back, b.data, b.len - 1, &err) == 0);
	IS_STR(back.who.user, t.who.user);
	IS_STR(back.who.name, t.who.name);
	IS_STR(back.who.parent, "");
	IS_INT(back.who.nroles, 2);
	IS_STR(back.who.roles[1], "32");
	IS_INT(back.verb, GSP_VERB_RESTORE);
	IS_STR(back.text, t.text);
	IS_INT(back.save, 41);
	IS_STR(back.nonce, ""); /* not of this kind */
	gsp_talk_release(&back);
	gsp_talk_release(&t);

	t = full(GSP_TALK_END);
	gsp_buf_reset(&b);
	gsp_talk_write(&b, &t);
	OK(gsp_talk_parse(&back, b.data, b.len - 1, &err) == 0);
	IS_INT(back.status, -1);
	IS_STR(back.out, t.out);
	IS_INT(back.ended_ms, t.ended_ms);
	OK(back.cost_usd > 0.0719 && back.cost_usd < 0.0721);
	gsp_talk_release(&back);
	gsp_talk_release(&t);
	gsp_buf_release(&b);
}

static void
test_refused(void)
{
	static const char *const lines[] = {
	    "", "{}", "[]", "null", "stop", "{\"kind\":\"stop\"} {}", "{\"kind\":\"stop\",\"kind\":\"stop\"}",
	    "{\"kind\":\"STOP\"}", "{\"kind\":\"exec\",\"argv\":[\"sh\"]}", "{\"kind\":4}",
	    "{\"kind\":\"lost\",\"n\":-1}", "{\"kind\":\"lost\",\"n\":1.5}", "{\"kind\":\"lost\",\"n\":\"1\"}",
	    "{\"kind\":\"lost\",\"n\":9007199254740993}", "{\"kind\":\"lost\",\"n\":1e400}",
	    "{\"kind\":\"told\",\"interaction\":\"\"}", "{\"kind\":\"told\",\"interaction\":\"../1\"}",
	    "{\"kind\":\"told\",\"interaction\":\"1 \"}", "{\"kind\":\"told\",\"interaction\":\"-1\"}",
	    "{\"kind\":\"told\",\"interaction\":\"18446744073709551616\"}",
	    "{\"kind\":\"told\",\"interaction\":\"000000000000000000001\"}",
	    "{\"kind\":\"told\",\"interaction\":\"1\\u0000/..\"}", "{\"kind\":\"told\",\"interaction\":1}",
	    "{\"kind\":\"fatal\",\"code\":1,\"text\":\"\xff\"}", "{\"kind\":\"fatal\",\"code\":1,\"text\":\"\x1b[2J\"}",
	    "{\"kind\":\"fatal\",\"code\":1,\"text\":\"\\u001b[2J\"}",
	    "{\"kind\":\"fatal\",\"code\":99999999999,\"text\":\"\"}",
	    "{\"kind\":\"resume\",\"session_id\":\"a\\nb\",\"resume_url\":\"\",\"seq\":1}",
	    "{\"kind\":\"resume\",\"session_id\":\"\",\"resume_url\":\"\",\"seq\":-2}",
	    "{\"kind\":\"ready\",\"app\":\"1\",\"user\":\"x\"}"};
	struct gsp_talk t;
	char nul[] = "{\"kind\":\"stop\"}\0";

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		if (!OK(parse(&t, lines[i]) == -1 && err.code == GSP_EPROTO))
			printf("# %s\n", lines[i]);
	OK(gsp_talk_parse(&t, nul, sizeof(nul) - 1, &err) == -1);
	OK(parse(&t, "{\"kind\":\"stop\"}") == 0);
	gsp_talk_release(&t);
	OK(parse(&t, "{\"kind\":\"fatal\",\"code\":1,\"text\":\"\\\\u0000\"}") == 0);
	IS_STR(t.text, "\\u0000");
	gsp_talk_release(&t);
}

/* Too long, and what no line may hold: read, an error; written, cut and made harmless. */
static void
test_texts(void)
{
	struct gsp_buf b = GSP_BUF_INIT(2 * GSP_TALK_LINE_MAX);
	struct gsp_talk t, back;
	char *big = malloc(2 * GSP_TALK_OUT_MAX + 1);

	gsp_buf_addf(&b, "{\"kind\":\"fatal\",\"code\":1,\"text\":\"%01001d\"}", 0);
	OK(gsp_talk_parse(&t, b.data, b.len, &err) == -1);
	gsp_buf_reset(&b);
	gsp_buf_addf(&b, "{\"kind\":\"fatal\",\"code\":1,\"text\":\"%01000d\"}", 0);
	OK(gsp_talk_parse(&t, b.data, b.len, &err) == 0);
	gsp_talk_release(&t);

	/* the worst that a tool can print still makes a line that is read */
	for (int i = 0; i < 3; i++) {
		memset(big, "\"\x01\xff"[i], 2 * GSP_TALK_OUT_MAX);
		big[2 * GSP_TALK_OUT_MAX] = '\0';
		gsp_talk_init(&t, GSP_TALK_RESULT);
		t.out = big;
		t.said = big;
		gsp_buf_reset(&b);
		gsp_talk_write(&b, &t);
		OK(gsp_buf_ok(&b) && b.len <= GSP_TALK_LINE_MAX);
		OK(gsp_talk_parse(&back, b.data, b.len - 1, &err) == 0);
		OK(strlen(back.out) > GSP_TALK_OUT_MAX - 4 && strlen(back.said) > GSP_TALK_SAID_MAX - 4);
		gsp_talk_release(&back);
	}
	gsp_talk_init(&t, GSP_TALK_REFUSED);
	memset(t.text, 'a', sizeof(t.text) - 1);
	memcpy(t.text + sizeof(t.text) - 2, "\xc3", 2); /* half a character at the end */
	gsp_buf_reset(&b);
	gsp_talk_write(&b, &t);
	OK(gsp_talk_parse(&back, b.data, b.len - 1, &err) == 0);
	IS_INT(strlen(back.text), sizeof(t.text) - 2);
	gsp_talk_release(&back);
	free(big);
	gsp_buf_release(&b);
}

int
main(void)
{
	enum gsp_verb v;

	test_kinds();
	test_fields();
	test_refused();
	test_texts();
	for (int i = 0; i < GSP_VERBS; i++)
		OK(gsp_verb_find(&v, gsp_verb_name((enum gsp_verb)i)) == 0 && v == (enum gsp_verb)i);
	OK(gsp_verb_find(&v, "") == -1 && gsp_verb_find(&v, "UP") == -1);
	return done();
}
