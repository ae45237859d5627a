#include "discord/message_priv.h"
#include "discord/view.h"
#include "sys/io.h"
#include "tap.h"

#include "base/banned.h"

#define DONE "\xe2\x9c\x85 "
#define RUNS "\xe2\x96\xb6 "
#define FAILED "\xe2\x9d\x8c "
#define WARNING "\xe2\x9a\xa0 "
#define WAITS "\xe2\x8f\xb3 "
#define DOT " \xc2\xb7 "
#define ASKED "asked by <@80351110224678912>"

static struct gsp_err err;
static struct gsp_buf body = GSP_BUF_INIT(16384);

static char *
slurp(const char *name, const char *what)
{
	struct gsp_buf b = GSP_BUF_INIT(1 << 20);
	char path[256];

	snprintf(path, sizeof(path), "test/data/discord/%s.%s", name, what);
	if (gsp_io_read_file(&b, path, &err) == -1) {
		printf("Bail out! %s\n", err.msg);
		exit(1);
	}
	return b.len > 0 ? gsp_buf_take(&b) : strdup("");
}

static struct gsp_view *
begin(enum gsp_verb verb, const char *server, int64_t asked_ms)
{
	struct gsp_talk t;

	gsp_talk_init(&t, GSP_TALK_BEGIN);
	t.verb = verb;
	t.asked_ms = asked_ms;
	snprintf(t.server, sizeof(t.server), "%s", server);
	snprintf(t.interaction, sizeof(t.interaction), "786008729715212338");
	snprintf(t.who.user, sizeof(t.who.user), "80351110224678912");
	return gsp_view_new(&t);
}

static void
end(struct gsp_view *v, int status, const char *out, const char *text, int64_t ended_ms, double usd)
{
	struct gsp_talk t;

	gsp_talk_init(&t, GSP_TALK_END);
	t.status = status;
	t.out = (char *)(uintptr_t)out;
	t.ended_ms = ended_ms;
	t.cost_usd = usd;
	snprintf(t.text, sizeof(t.text), "%s", text);
	gsp_view_end(v, &t);
}

/* The first ${n} lines of a log that a tool wrote; all of them: 0. Returns when the last was. */
static int64_t
feed(struct gsp_view *v, const char *log, size_t n)
{
	char *text = slurp(log, "progress"), *save = NULL;
	int64_t t = 0;
	size_t i = 0;

	for (char *l = strtok_r(text, "\n", &save); l != NULL; l = strtok_r(NULL, "\n", &save)) {
		(void)gsp_view_line(v, l);
		t = strtoll(l + strlen("{\"t\":"), NULL, 10);
		if (++i == n)
			break;
	}
	free(text);
	return t;
}

/* The content; checked to fit, to ping nobody (or ${ping} alone), and to have no buttons. */
static const char *
content(bool is_final)
{
	static char text[16384];
	const struct gsp_json *mentions;
	struct gsp_json *o = NULL;

	OK(gsp_buf_ok(&body));
	if (gsp_json_parse(&o, gsp_buf_str(&body), body.len, &err) == -1) {
		printf("Bail out! %s\n", err.msg);
		exit(1);
	}
	gsp_buf_reset(&body);
	snprintf(text, sizeof(text), "%s", gsp_json_str(o, "content", ""));
	OK(gsp_utf8_count(text) >= 1 && gsp_utf8_count(text) <= GSP_MESSAGE_CONTENT_MAX);
	mentions = gsp_json_get(o, "allowed_mentions");
	OK(gsp_json_is_arr(gsp_json_get(mentions, "parse")) && gsp_json_count(gsp_json_get(mentions, "parse")) == 0);
	if (is_final) {
		const struct gsp_json *users = gsp_json_get(mentions, "users");

		IS_INT(gsp_json_count(users), 1);
		IS_STR(gsp_json_text(gsp_json_first(users), ""), "80351110224678912");
		IS_STR(gsp_json_str(o, "nonce", ""), "786008729715212338");
		OK(gsp_json_bool(o, "enforce_nonce", false));
	} else {
		OK(gsp_json_get(mentions, "users") == NULL);
		OK(gsp_json_is_arr(gsp_json_get(o, "components")) && gsp_json_count(gsp_json_get(o, "components")) == 0);
	}
	gsp_json_free(o);
	return text;
}

static const char *
message(const struct gsp_view *v, int64_t now_ms)
{
	gsp_view_message(&body, v, now_ms);
	return content(false);
}

static const char *
final(const struct gsp_view *v)
{
	gsp_view_final(&body, v, "42");
	OK(strstr(gsp_buf_str(&body), "\"message_reference\":{\"message_id\":\"42\",\"fail_if_not_exists\":false}") != NULL);
	return content(true);
}

#define SSH_KEYS WARNING "ssh\\_keys in gsp.yaml is empty: if state/ is lost there is no way into the machine, " \
	"and to its save"

/* ---- as the tools told it ---- */

static void
up(void)
{
	struct gsp_view *v = begin(GSP_VERB_UP, "toy", 1795380067000);
	char *record = slurp("up", "out");
	int64_t t = feed(v, "up", 11);

	IS_STR(message(v, t + 2000), WAITS "**toy** is coming up" DOT ASKED "\n"
	    DONE "machine rented" DOT "1 s\n" DONE "machine answers" DOT "0 s\n"
	    DONE "machine prepared" DOT "0 s\n"
	    RUNS "sending the files" DOT "100 %" DOT "41.9 MB/s" DOT "2 s\n" SSH_KEYS);
	OK(!gsp_view_ended(v));
	gsp_view_free(v);
	v = begin(GSP_VERB_UP, "toy", 1795380067000);
	t = feed(v, "up", 0);
	end(v, 0, record, "", t, 0.0075);
	OK(gsp_view_ended(v));
	IS_STR(message(v, t + 99999), DONE "**toy** is up" DOT ASKED DOT "took 2 s\n"
	    DONE "machine rented" DOT "1 s\n" DONE "machine answers" DOT "0 s\n"
	    DONE "machine prepared" DOT "0 s\n" DONE "files sent" DOT "0 s\n" DONE "game started" DOT "0 s\n"
	    DONE "game answers" DOT "0 s\n" SSH_KEYS);
	IS_STR(final(v), "<@80351110224678912> **toy** is up: `198.18.0.10:7777`" DOT "took 2 s" DOT
	    "$0.0075 an hour\nIt runs until <t:1795401667:t> (<t:1795401667:R>); longer with "
	    "`/server extend name:toy`");
	OK(!gsp_view_line(v, "{\"t\":1,\"server\":\"toy\",\"step\":\"late\",\"state\":\"start\"}"));
	gsp_view_free(v);
	free(record);
}

static void
down(void)
{
	struct gsp_view *v = begin(GSP_VERB_DOWN, "toy", 1795380073000);
	int64_t t = feed(v, "down", 0);

	end(v, 0, "{\"schema\":\"gsp.record/1\",\"server\":\"toy\",\"stage\":\"none\"}\n", "", t, 0.14);
	OK(strstr(message(v, t), DONE "save is home and proven" DOT) != NULL);
	OK(strstr(final(v), "**toy** is down: everything is home as save **2**; the evening cost $0.14" DOT
	    "took ") != NULL);
	gsp_view_free(v);
	v = begin(GSP_VERB_DOWN, "toy", 1795380073000);
	t = feed(v, "down_again", 0);
	end(v, 0, "", "", t, -1);
	IS_STR(final(v), "<@80351110224678912> **toy** is down: there was no machine any more");
	gsp_view_free(v);
}

static void
others(void)
{
	struct gsp_view *v = begin(GSP_VERB_RESTART, "toy", 1795380070000);
	char *record = slurp("restart", "out");
	int64_t t = feed(v, "restart", 0);

	end(v, 0, record, "", t, -1);
	OK(strstr(message(v, t), DONE "game stopped" DOT "3 s\n" DONE "files sent") != NULL);
	OK(strstr(final(v), "**toy** is up again: `198.18.0.10:7777`") != NULL);
	gsp_view_free(v);
	free(record);
	v = begin(GSP_VERB_RESTORE, "toy", 1795380070000);
	record = slurp("restore", "out");
	t = feed(v, "restore", 0);
	end(v, 0, record, "", t, -1);
	IS_STR(final(v), "<@80351110224678912> **toy** went back; it is save **3** now. `/server up name:toy` "
	    "goes on from there");
	end(v, 0, "", "", t, -1); /* the progress says it as well */
	OK(strstr(final(v), "it is save **3** now") != NULL);
	gsp_view_free(v);
	free(record);
}

static void
failures(void)
{
	struct gsp_view *v = begin(GSP_VERB_UP, "creative", 1795380080000);
	int64_t t = feed(v, "up_fail", 0);

	end(v, 3, "", "", t, 0.0075);
	OK(strstr(message(v, t), FAILED "starting the game" DOT) != NULL);
	IS_STR(final(v), "<@80351110224678912> **creative** did not come up: script 'start' of 'creative' failed with "
	    "status 3: eula missing; its words are in `/server logs name:creative script:start`; no save was touched: "
	    "mend it and run `/server up name:creative` again (the machine goes on, and costs)");
	gsp_view_free(v);
	/* nothing that costs goes unsaid, even when the words are others */
	v = begin(GSP_VERB_UP, "toy", 1795379676000);
	t = feed(v, "up_slow", 0);
	end(v, 75, "", "gsp-up: something else", t, -1);
	IS_STR(final(v), "<@80351110224678912> **toy** did not come up: something else. Try again in a minute.\n"
	    "It goes on with `/server up name:toy`\n"
	    WARNING "the machine is there and costs until `/server down name:toy` is through");
	gsp_view_free(v);
	v = begin(GSP_VERB_DOWN, "toy", 1795380073000);
	t = feed(v, "down", 3);
	end(v, 74, "", "the connection was lost", t, 0.144);
	IS_STR(final(v), "<@80351110224678912> **toy** did not go down: the connection was lost. That is for the owner to "
	    "mend.\nHow it is: `/server status name:toy`\n"
	    WARNING "the machine is there and costs ($0.144 so far) until `/server down name:toy` is through");
	gsp_view_free(v);
	/* killed without a word */
	v = begin(GSP_VERB_DOWN, "toy", 1795380073000);
	t = feed(v, "down", 3);
	end(v, -1, "", "", t + 60000, -1);
	OK(strstr(message(v, t), FAILED "bringing the save home" DOT "1 min 00 s") != NULL);
	OK(strstr(final(v), "**toy** did not go down: its tool was lost, as when the computer was restarted\n"
	    "It goes on with `/server down name:toy`") != NULL);
	gsp_view_free(v);
}

/* ---- whatever comes ---- */

static void
line(struct gsp_view *v, const char *step, const char *state, int64_t t, const char *more)
{
	char text[8192];

	snprintf(text, sizeof(text), "{\"t\":%" PRId64 ",\"server\":\"toy\",\"step\":\"%s\",\"state\":\"%s\"%s}", t, step,
	    state, more);
	(void)gsp_view_line(v, text);
}

static void
hostile(void)
{
	struct gsp_view *v = begin(GSP_VERB_UP, "toy", 0);
	char name[32], more[4096], longest[900];
	const char *text;

	memset(longest, '@', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "*step* <@%d>", i);
		snprintf(more, sizeof(more), ",\"level\":\"warn\",\"message\":\"%d%s\"", i, longest);
		line(v, name, "start", i, "");
		line(v, "all", "progress", i, more);
	}
	text = message(v, 1000);
	OK(strstr(text, "<@9") == NULL && strstr(text, "\\*step\\* \\<\\@999\\>") != NULL);
	OK(strstr(text, "\xe2\x80\xa6" "986 earlier") != NULL);
	OK(strstr(text, "999\\@") != NULL && strstr(text, WARNING "996") == NULL);
	snprintf(more, sizeof(more), ",\"message\":\"%s\"", longest);
	line(v, "all", "fail", 1000, more);
	end(v, 65, "nonsense", "", 2000, -1);
	OK(strstr(message(v, 0), "did not come up") != NULL);
	OK(strstr(final(v), "did not come up") != NULL);
	gsp_view_free(v);
	v = begin(GSP_VERB_UP, "toy", 0);
	OK(!gsp_view_line(v, "gsp-up: not JSON") && !gsp_view_line(v, "") && !gsp_view_line(v, "[1]"));
	OK(!gsp_view_line(v, "{\"step\":7,\"state\":\"start\"}"));
	OK(!gsp_view_line(v, "{\"step\":\"x\",\"state\":\"maybe\"}"));
	OK(gsp_view_line(v, "{\"t\":-1e300,\"step\":\"sync-up\",\"state\":\"start\"}"));
	OK(!gsp_view_line(v, "{\"t\":5,\"step\":\"sync-up\",\"state\":\"start\"}"));
	OK(gsp_view_line(v, "{\"t\":5,\"step\":\"sync-up\",\"state\":\"progress\",\"pct\":7,\"eta_s\":70}"));
	OK(!gsp_view_line(v, "{\"t\":6,\"step\":\"sync-up\",\"state\":\"progress\",\"pct\":7,\"eta_s\":70}"));
	OK(strstr(message(v, 1000), "sending the files" DOT "7 %" DOT "1 min 10 s left") != NULL);
	OK(gsp_view_line(v, "{\"t\":7,\"step\":\"sync-up\",\"state\":\"progress\",\"pct\":1e300}"));
	OK(strstr(message(v, 1000), "%") == NULL);
	/* a clock that went back takes no negative time */
	OK(gsp_view_line(v, "{\"t\":1e15,\"step\":\"x\",\"state\":\"start\"}"));
	OK(strstr(message(v, 1000), RUNS "x" DOT "0 s") != NULL);
	gsp_view_free(v);
}

static void
pace(void)
{
	IS_INT(gsp_view_edit_ms(1000, 1000), 4000);
	IS_INT(gsp_view_edit_ms(1000, 60999), 63999);
	IS_INT(gsp_view_edit_ms(1000, 61000), 71000);
	IS_INT(gsp_view_edit_ms(1000, 900999), 910999);
	IS_INT(gsp_view_edit_ms(1000, 901000), 961000);
}

int
main(void)
{
	up();
	down();
	others();
	failures();
	hostile();
	pace();
	gsp_buf_release(&body);
	return done();
}
