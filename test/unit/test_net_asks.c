/* The network half: every interaction is answered within Discord's three seconds, once, and nothing
 * starts unless Discord took the answer. */
#include "net_fake.h"

static uint64_t next_id = UINT64_C(1200000000000000000);
static char id[GSP_TALK_ID];

static void
event(const char *fmt_type, const char *data)
{
	char text[2048];
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_json *d;

	(void)snprintf(id, sizeof(id), "%" PRIu64, next_id);
	(void)snprintf(text, sizeof(text),
	    "{\"id\":\"%s\",\"application_id\":\"42\",\"token\":\"tok%s\",%s,\"guild_id\":\"7\","
	    "\"channel_id\":\"9\",\"version\":1,\"member\":{\"roles\":[\"5\"],\"user\":{\"id\":\"77\","
	    "\"username\":\"ada\"}},\"data\":%s}",
	    id, id, fmt_type, data);
	if (gsp_json_parse(&d, text, strlen(text), &err) == -1)
		abort();
	net_asks_event(net.asks, d);
	gsp_json_free(d);
}

#define SUB(verb, options)                                                                        \
	"{\"name\":\"server\",\"type\":1,\"options\":[{\"name\":\"" verb "\",\"type\":1,"         \
	"\"options\":[" options "]}]}"
#define NAME "{\"name\":\"name\",\"type\":3,\"value\":\"vanilla\"}"
#define TYPING "{\"name\":\"name\",\"type\":3,\"value\":\"va\",\"focused\":true}"

static void
command(const char *data)
{
	next_id++;
	event("\"type\":2", data);
}

static void
say(enum gsp_talk_kind kind, uint64_t n, const char *text)
{
	struct gsp_talk t;

	gsp_talk_init(&t, kind);
	t.n = n;
	(void)snprintf(t.text, sizeof(t.text), "%s", text);
	(void)snprintf(t.server, sizeof(t.server), "vanilla");
	t.is_public = strcmp(text, "public") == 0;
	t.update = strcmp(text, "update") == 0;
	if (kind == GSP_TALK_QUESTION) {
		(void)snprintf(t.nonce, sizeof(t.nonce), "%s", text);
		t.verb = GSP_VERB_DOWN;
		t.until_ms = fake_wall() + 60000;
		t.players = 2;
	}
	if (kind == GSP_TALK_RESULT) {
		t.verb = GSP_VERB_SAY;
		t.out = strdup("");
		t.said = strdup("");
	}
	net_asks_told(net.asks, &t);
	gsp_talk_release(&t);
	tick(0);
}

static bool
callback_of(size_t i, const char *query)
{
	char want[256];

	(void)snprintf(want, sizeof(want), "/interactions/%s/tok%s/callback%s", id, id, query);
	if (i < nsent && strcmp(sent[i].path, want) != 0)
		printf("# path: %s\n", sent[i].path);
	return i < nsent && strcmp(sent[i].path, want) == 0 && !sent[i].auth && !sent[i].repeat &&
	    strcmp(sent[i].route, "-") == 0;
}

/* A command whose deferral is on its way to Discord; the answer is public. */
static uint64_t
defers(const char *verb)
{
	uint64_t n;

	command(strcmp(verb, "down") == 0 ? SUB("down", NAME) : SUB("up", NAME));
	IS_INT(hear(), 1);
	n = heard.n;
	say(GSP_TALK_DEFER, n, "public");
	return n;
}

/* ... and Discord has taken it. */
static uint64_t
deferred(const char *verb)
{
	size_t i = nsent;
	uint64_t n = defers(verb);

	answer(i, 200, 0, "{\"interaction\":{\"id\":\"1\",\"response_message_id\":\"500\"}}");
	IS_INT(hear(), 1);
	OK(heard.kind == GSP_TALK_DEFERRED);
	return n;
}

static bool
quiet(void)
{
	tick(0);
	return net_asks_next_ms(net.asks) == NET_NEVER && net_asks_busy(net.asks) == 0;
}

static void
test_refused(void)
{
	setup();
	command(SUB("up", NAME));
	IS_INT(hear(), 1);
	OK(heard.kind == GSP_TALK_ASK && heard.verb == GSP_VERB_UP);
	IS_STR(heard.server, "vanilla");
	IS_STR(heard.who.user, "77");
	IS_INT(nsent, 0);
	say(GSP_TALK_REFUSED, heard.n, "you may not");
	IS_INT(nsent, 1);
	OK(callback_of(0, ""));
	OK(has(0, "\"type\":4") && has(0, "\"flags\":64") && has(0, "you may not"));
	OK(sent[0].until_ms < now + 3000);
	answer(0, 204, 0, NULL);
	OK(quiet());
	/* the same event once more, and once more after another */
	event("\"type\":2", SUB("up", NAME));
	command(SUB("up", NAME));
	next_id--;
	event("\"type\":2", SUB("up", NAME));
	next_id++;
	IS_INT(hear(), 1);
	teardown();
}

static void
test_deferred(void)
{
	uint64_t n;

	setup();
	n = defers("up");
	OK(callback_of(0, "?with_response=true"));
	OK(has(0, "\"type\":5"));
	OK(strstr(sent[0].body, "64") == NULL);
	IS_INT(hear(), 0);
	answer(0, 200, 0, "{\"interaction\":{\"response_message_id\":\"500\"}}");
	IS_INT(hear(), 1);
	OK(heard.kind == GSP_TALK_DEFERRED && heard.n == n);
	IS_STR(heard.message, "500");
	IS_STR(heard.channel, "9");
	say(GSP_TALK_RESULT, n, "");
	IS_INT(nsent, 2);
	IS_STR(sent[1].method, "PATCH");
	OK(strstr(sent[1].path, "/messages/@original") != NULL && has(1, "allowed_mentions"));
	answer(1, 400, 50035, NULL); /* it does not like it: then a text that it does */
	IS_INT(nsent, 3);
	answer(2, 200, 0, NULL);
	OK(quiet());
	/* for that person alone */
	command(SUB("status", NAME));
	(void)hear();
	say(GSP_TALK_DEFER, heard.n, "");
	OK(has(3, "\"flags\":64"));
	answer(3, 200, 0, NULL);
	IS_INT(hear(), 1);
	IS_STR(heard.message, "");
	say(GSP_TALK_REFUSED, heard.n, "it broke");
	OK(has(4, "it broke"));
	teardown();
}

/* Discord does not take the answer, or nobody knows. */
static void
test_lost(void)
{
	uint64_t n;

	setup();
	n = defers("up");
	answer(0, 404, 10062, NULL);
	IS_INT(hear(), 1);
	OK(heard.kind == GSP_TALK_LOST && heard.n == n);
	IS_INT(nsent, 1);
	OK(quiet());

	/* the answer was lost: once more, and it had arrived */
	(void)defers("up");
	answer(1, 0, 0, NULL);
	IS_INT(nsent, 3);
	OK(callback_of(2, "?with_response=true"));
	answer(2, 400, 40060, NULL);
	IS_INT(hear(), 1);
	OK(heard.kind == GSP_TALK_DEFERRED);
	forget();

	/* twice: nothing is started, and whoever asked is told if that can be */
	(void)defers("up");
	answer(0, 408, 0, NULL); /* of what stands before Discord */
	answer(1, 502, 0, NULL);
	IS_INT(hear(), 1);
	OK(heard.kind == GSP_TALK_LOST);
	IS_INT(nsent, 3);
	OK(has(2, "nothing was started"));
	answer(2, 404, 10062, NULL);
	forget();

	/* asked to wait for longer than there is: not asked again at once */
	(void)defers("up");
	answer(0, 429, 0, NULL);
	IS_INT(hear(), 1);
	OK(heard.kind == GSP_TALK_LOST);
	IS_INT(nsent, 1);
	forget();

	/* no second try when it would be too late */
	(void)defers("up");
	now += 2800;
	answer(0, 502, 0, NULL);
	IS_INT(hear(), 1);
	OK(heard.kind == GSP_TALK_LOST);
	forget();

	/* Discord says nothing at all; then, far too late, yes */
	(void)defers("up");
	tick(9000);
	IS_INT(hear(), 0);
	tick(1000);
	IS_INT(hear(), 1);
	OK(heard.kind == GSP_TALK_LOST);
	answer(0, 200, 0, "{\"interaction\":{\"response_message_id\":\"500\"}}");
	IS_INT(hear(), 0);
	IS_INT(nsent, 2);
	OK(has(1, "nothing was started"));
	teardown();
}

/* Discord is silent, or the connection leads nowhere: a second try goes beside the first, once, and what
 * either of them says counts. */
static void
test_second(void)
{
	const char *yes = "{\"interaction\":{\"response_message_id\":\"500\"}}";

	setup();
	(void)defers("up");
	OK(!sent[0].anew);
	tick(1199);
	IS_INT(nsent, 1);
	IS_INT(net_asks_next_ms(net.asks), now + 1);
	tick(1);
	IS_INT(nsent, 2);
	OK(sent[1].anew && callback_of(1, "?with_response=true") && has(1, "\"type\":5"));
	IS_INT(sent[1].until_ms, sent[0].until_ms);
	tick(1200);
	IS_INT(nsent, 2);
	answer(1, 200, 0, yes);
	IS_INT(hear(), 1);
	OK(heard.kind == GSP_TALK_DEFERRED);
	IS_STR(heard.message, "500");
	answer(0, 0, 0, NULL);
	tick(0);
	IS_INT(hear(), 0);
	IS_INT(nsent, 2);
	say(GSP_TALK_REFUSED, heard.n, "nothing to do");
	IS_INT(nsent, 3);
	answer(2, 200, 0, NULL);
	OK(quiet());
	forget();

	/* the first had arrived; its own answer comes as well */
	(void)defers("up");
	tick(1200);
	answer(1, 400, 40060, NULL);
	IS_INT(hear(), 1);
	OK(heard.kind == GSP_TALK_DEFERRED);
	answer(0, 200, 0, yes);
	IS_INT(hear(), 0);
	say(GSP_TALK_REFUSED, heard.n, "nothing to do");
	answer(2, 200, 0, NULL);
	OK(quiet());
	forget();

	/* one fails: the other may do; both: lost, once */
	(void)defers("up");
	tick(1200);
	answer(0, 502, 0, NULL);
	IS_INT(hear(), 0);
	now += 1600;
	answer(1, 0, 0, NULL);
	IS_INT(hear(), 1);
	OK(heard.kind == GSP_TALK_LOST);
	IS_INT(nsent, 3);
	answer(2, 404, 0, NULL);
	OK(quiet());
	forget();

	/* a refusal, too; but not when the monitor left no time for it */
	command(SUB("up", NAME));
	(void)hear();
	say(GSP_TALK_REFUSED, heard.n, "no");
	tick(1200);
	IS_INT(nsent, 2);
	OK(sent[1].anew && has(1, "\"type\":4"));
	answer(0, 0, 0, NULL);
	answer(1, 204, 0, NULL);
	OK(quiet());
	forget();
	command(SUB("up", NAME));
	(void)hear();
	tick(1500);
	say(GSP_TALK_REFUSED, heard.n, "no");
	tick(1200);
	IS_INT(nsent, 1);
	answer(0, 204, 0, NULL);
	OK(quiet());
	teardown();
}

static void
test_monitor_slow(void)
{
	uint64_t n;

	setup();
	command(SUB("up", NAME));
	(void)hear();
	n = heard.n;
	tick(1999);
	IS_INT(nsent, 0);
	tick(1);
	IS_INT(nsent, 1);
	OK(has(0, "busy") && has(0, "\"flags\":64"));
	say(GSP_TALK_DEFER, n, "public");
	IS_INT(nsent, 1);
	IS_INT(hear(), 1);
	OK(heard.kind == GSP_TALK_LOST && heard.n == n);
	answer(0, 204, 0, NULL);
	OK(quiet());
	say(GSP_TALK_REFUSED, n, "late");
	IS_INT(nsent, 1);
	IS_INT(hear(), 0);
	/* names that come too late are of no use */
	next_id++;
	event("\"type\":4", SUB("up", TYPING));
	IS_INT(hear(), 1);
	OK(heard.kind == GSP_TALK_NAMES);
	IS_STR(heard.text, "va");
	tick(3000);
	IS_INT(nsent, 1);
	OK(quiet());
	next_id++;
	event("\"type\":4", SUB("up", TYPING));
	(void)hear();
	say(GSP_TALK_CHOICES, heard.n, "");
	IS_INT(nsent, 2);
	OK(has(1, "\"type\":8") && has(1, "\"choices\":[]"));
	answer(1, 502, 0, NULL);
	IS_INT(nsent, 2); /* once is enough */
	OK(quiet());
	teardown();
}

/* A monitor that reads nothing, and a flood. */
static void
test_flood(void)
{
	size_t busy = 0, asked;

	setup();
	for (int i = 0; i < 1500; i++)
		command(SUB("up", NAME));
	for (size_t i = 0; i < nsent; i++)
		busy += strstr(sent[i].body, "busy") != NULL;
	asked = hear();
	printf("# %zu asked, %zu busy\n", asked, busy);
	OK(asked + busy <= NET_ASKS_MAX && asked > 100);
	OK(asked + busy > NET_ASKS_MAX - 5);
	tick(2000);
	IS_INT(nsent, NET_ASKS_MAX);
	for (size_t i = 0; i < nsent; i++)
		if (!sent[i].done)
			answer(i, 204, 0, NULL);
	OK(quiet());
	teardown();
}

static void
press(const char *data)
{
	next_id++;
	event("\"type\":3,\"message\":{\"id\":\"500\"}", data);
}

static char custom[2][128]; /* of the buttons, from the question that was sent */

static void
find_buttons(size_t i)
{
	const char *p = sent[i].body;

	for (int k = 0; k < 2; k++) {
		p = p != NULL ? strstr(p, "\"custom_id\":\"") : NULL;
		if (!OK(p != NULL))
			exit(1);
		p += strlen("\"custom_id\":\"");
		(void)snprintf(custom[k], sizeof(custom[k]), "%.*s", (int)strcspn(p, "\""), p);
	}
}

static void
press_button(int k)
{
	char data[256];

	(void)snprintf(data, sizeof(data), "{\"component_type\":2,\"custom_id\":\"%s\"}", custom[k]);
	press(data);
}

#define NONCE "0123456789abcdef0123456789abcdef"

/* From the beginning: its buttons are shown. Requests 0 and 1. */
static void
asks_a_question(void)
{
	setup();
	say(GSP_TALK_QUESTION, deferred("down"), NONCE);
	IS_INT(nsent, 2);
	OK(has(1, "custom_id") && has(1, "vanilla"));
	find_buttons(1);
	answer(1, 200, 0, NULL);
}

static void
test_question(void)
{
	uint64_t p;

	asks_a_question();
	tick(55000);
	/* pressed: the buttons go first */
	press_button(0);
	IS_INT(hear(), 1);
	OK(heard.kind == GSP_TALK_PRESS);
	IS_STR(heard.nonce, NONCE);
	IS_STR(heard.message, "500");
	p = heard.n;
	say(GSP_TALK_DEFER, p, "update");
	IS_INT(nsent, 3);
	OK(has(2, "\"type\":7") && has(2, "\"components\":[]"));
	/* the minute ends meanwhile: the question waits for what Discord says */
	tick(5000);
	IS_INT(nsent, 3);
	answer(2, 200, 0, "{\"interaction\":{}}");
	IS_INT(hear(), 1);
	OK(heard.kind == GSP_TALK_DEFERRED && heard.n == p);
	IS_STR(heard.message, "500");
	tick(60000);
	IS_INT(nsent, 3); /* it was answered: nothing closes it */
	teardown();

	/* nobody presses */
	asks_a_question();
	tick(59999);
	IS_INT(nsent, 2);
	tick(1);
	IS_INT(nsent, 3);
	IS_STR(sent[2].method, "PATCH");
	OK(has(2, "\"components\":[]"));
	answer(2, 200, 0, NULL);
	OK(quiet());
	teardown();

	/* somebody else presses; then a press is lost: the question stays */
	asks_a_question();
	press_button(0);
	(void)hear();
	say(GSP_TALK_REFUSED, heard.n, "not yours");
	OK(has(2, "\"type\":4") && has(2, "\"flags\":64") && has(2, "not yours"));
	answer(2, 204, 0, NULL);
	press_button(1);
	(void)hear();
	say(GSP_TALK_DEFER, heard.n, "update");
	answer(3, 404, 10062, NULL);
	IS_INT(hear(), 1);
	OK(heard.kind == GSP_TALK_LOST);
	tick(60000);
	IS_INT(nsent, 5);
	OK(has(4, "\"components\":[]"));
	teardown();
}

static void
test_leave(void)
{
	asks_a_question();
	(void)deferred("up");
	command(SUB("up", NAME));
	(void)hear();
	forget();
	net.leaving = true;
	net_asks_leave(net.asks);
	IS_INT(nsent, 3);
	command(SUB("up", NAME)); /* comes again to whoever resumes */
	IS_INT(hear(), 0);
	IS_INT(nsent, 3);
	for (size_t i = 0; i < nsent; i++)
		answer(i, 200, 0, NULL);
	OK(quiet());
	teardown();
}

static void
test_nonsense(void)
{
	setup();
	command("{\"name\":\"server\",\"type\":1,\"options\":[]}");
	IS_INT(nsent, 1);
	OK(has(0, "\"flags\":64") && has(0, "`gsp bot register`"));
	answer(0, 204, 0, NULL);
	/* what was typed wrong is said, and not that the bot does not know the command */
	command(SUB("up", "{\"name\":\"name\",\"type\":3,\"value\":\"My World\"}"));
	IS_INT(nsent, 2);
	OK(has(1, "\"flags\":64") && has(1, "there is no server of that name") && strstr(sent[1].body, "My World") == NULL);
	answer(1, 204, 0, NULL);
	command(SUB("cost", "{\"name\":\"month\",\"type\":3,\"value\":\"march\"}"));
	OK(has(2, "a month looks like 2026-11"));
	answer(2, 204, 0, NULL);
	next_id++;
	event("\"type\":5", "{}"); /* a modal: nothing of ours */
	event("\"type\":1", "{}");
	IS_INT(hear(), 0);
	OK(quiet());
	net_asks_event(net.asks, NULL);
	IS_INT(nsent, 3);
	/* whoever asked is told what is wrong with it */
	command(SUB("extend", NAME ",{\"name\":\"time\",\"type\":3,\"value\":\"2 hours\"}"));
	OK(nsent == 4 && has(3, "\"flags\":64") && has(3, "such as 30m, 2h or 1d"));
	answer(3, 204, 0, NULL);
	next_id++;
	event("\"type\":3", "{\"component_type\":2,\"custom_id\":\"x\"}");
	OK(nsent == 5 && has(4, "\"type\":4") && has(4, "not a button of this bot"));
	answer(4, 204, 0, NULL);
	/* and one who types is not left with a list that never comes */
	next_id++;
	event("\"type\":4", SUB("cost", "{\"name\":\"month\",\"type\":3,\"value\":\"2\",\"focused\":true}"));
	OK(nsent == 6 && has(5, "\"type\":8") && has(5, "\"choices\":[]"));
	answer(5, 204, 0, NULL);
	IS_INT(hear(), 0);
	OK(quiet());
	teardown();
}

int
main(void)
{
	test_refused();
	test_deferred();
	test_lost();
	test_second();
	test_monitor_slow();
	test_flood();
	test_question();
	test_leave();
	test_nonsense();
	return done();
}
