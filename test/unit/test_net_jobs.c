/* The network half: a job's message and its end, whatever Discord answers. */
#include "net_fake.h"

#define SNOW ((uint64_t)(WALL - INT64_C(1420070400000)) << 22)

static char job_id[GSP_TALK_ID];

static struct gsp_talk
begin_talk(const char *token, const char *message, const char *channel)
{
	struct gsp_talk t;

	gsp_talk_init(&t, GSP_TALK_BEGIN);
	(void)snprintf(job_id, sizeof(job_id), "%" PRIu64, SNOW);
	(void)snprintf(t.interaction, sizeof(t.interaction), "%s", job_id);
	(void)snprintf(t.app, sizeof(t.app), "42");
	(void)snprintf(t.token, sizeof(t.token), "%s", token);
	(void)snprintf(t.server, sizeof(t.server), "vanilla");
	(void)snprintf(t.message, sizeof(t.message), "%s", message);
	(void)snprintf(t.channel, sizeof(t.channel), "%s", channel);
	(void)snprintf(t.who.user, sizeof(t.who.user), "77");
	(void)snprintf(t.who.name, sizeof(t.who.name), "ada");
	t.verb = GSP_VERB_UP;
	t.asked_ms = WALL;
	return t;
}

static void
begin(const char *token, const char *message, const char *channel)
{
	struct gsp_talk t = begin_talk(token, message, channel);

	net_jobs_told(net.jobs, &t);
	gsp_talk_release(&t);
	tick(0);
}

static void
line(const char *step, const char *state)
{
	char text[256];
	struct gsp_talk t;

	(void)snprintf(text, sizeof(text),
	    "{\"t\":%" PRId64 ",\"server\":\"vanilla\",\"step\":\"%s\",\"state\":\"%s\"}",
	    fake_wall(), step, state);
	gsp_talk_init(&t, GSP_TALK_LINE);
	(void)snprintf(t.interaction, sizeof(t.interaction), "%s", job_id);
	t.out = strdup(text);
	net_jobs_told(net.jobs, &t);
	gsp_talk_release(&t);
	tick(0);
}

static void
end(int status)
{
	struct gsp_talk t;

	gsp_talk_init(&t, GSP_TALK_END);
	(void)snprintf(t.interaction, sizeof(t.interaction), "%s", job_id);
	t.status = status;
	t.asked_ms = WALL;
	t.ended_ms = fake_wall();
	net_jobs_told(net.jobs, &t);
	gsp_talk_release(&t);
	tick(0);
}

static size_t
find(size_t from, const char *method, const char *path)
{
	for (size_t i = from; i < nsent; i++)
		if (strcmp(sent[i].method, method) == 0 && strcmp(sent[i].path, path) == 0)
			return i;
	return SIZE_MAX;
}

#define ORIGINAL "/webhooks/42/tok/messages/@original"
#define MESSAGE "/channels/9/messages/100"
#define CHANNEL "/channels/9/messages"

static void
test_usual(void)
{
	setup();
	begin("tok", "100", "9");
	IS_INT(nsent, 1);
	IS_STR(sent[0].method, "PATCH");
	IS_STR(sent[0].path, ORIGINAL);
	IS_STR(sent[0].route, "PATCH /webhooks/42/tok/messages/{}");
	OK(!sent[0].auth && sent[0].repeat && sent[0].newest_only && sent[0].line == SNOW);
	OK(has(0, "allowed_mentions"));
	line("provision", "start");
	line("provision", "progress");
	IS_INT(nsent, 1); /* one at a time */
	answer(0, 200, 0, "{\"id\":\"100\",\"channel_id\":\"9\"}");
	tick(1000);
	IS_INT(nsent, 1); /* and not so soon */
	tick(2000);
	IS_INT(nsent, 2);
	answer(1, 200, 0, NULL);
	tick(60000);
	IS_INT(nsent, 2); /* nothing has changed */
	line("provision", "done");
	IS_INT(nsent, 3);
	line("bootstrap", "start");
	answer(2, 200, 0, NULL);
	tick(5000);
	IS_INT(nsent, 3); /* slower with age */
	tick(5000);
	IS_INT(nsent, 4);
	answer(3, 200, 0, NULL);
	end(0);
	IS_INT(nsent, 6);
	IS_STR(sent[4].path, ORIGINAL);
	IS_STR(sent[5].path, CHANNEL);
	IS_STR(sent[5].method, "POST");
	OK(sent[5].auth && sent[5].repeat);
	OK(has(5, "\"nonce\"") && has(5, "enforce_nonce") && has(5, "<@77>"));
	IS_INT(hear(), 0);
	answer(5, 200, 0, NULL);
	IS_INT(hear(), 1);
	OK(heard.kind == GSP_TALK_TOLD);
	IS_STR(heard.interaction, job_id);
	OK(net_jobs_next_ms(net.jobs) > now); /* the final edit is still under way */
	answer(4, 200, 0, NULL);
	tick(0);
	tick(0);
	IS_INT(net_jobs_next_ms(net.jobs), NET_NEVER);
	IS_INT(nsent, 6);
	teardown();
}

/* An edit that a limit held up for so long that it was not sent: what it said is still news. */
static void
test_late_edit(void)
{
	setup();
	begin("tok", "100", "9");
	answer(0, 200, 0, NULL);
	tick(3000);
	line("a", "start");
	IS_INT(nsent, 2);
	tick(60000);
	drop(1);
	tick(10000);
	IS_INT(nsent, 3);
	answer(2, 200, 0, NULL);
	tick(60000);
	IS_INT(nsent, 3);
	teardown();
}

static void
test_token_ends(void)
{
	setup();
	begin("tok", "100", "9");
	answer(0, 200, 0, NULL);
	tick(14 * 60 * 1000 - 1000);
	line("a", "start");
	IS_STR(sent[1].path, ORIGINAL);
	answer(1, 200, 0, NULL);
	line("b", "start");
	tick(60000);
	IS_INT(nsent, 3);
	IS_STR(sent[2].path, MESSAGE);
	IS_STR(sent[2].route, "PATCH /channels/9/messages/{}");
	OK(sent[2].auth);
	answer(2, 200, 0, NULL);
	teardown();

	/* Discord says so before the clock does: at once by the other way */
	setup();
	begin("tok", "100", "9");
	answer(0, 401, 50027, NULL);
	tick(0);
	IS_INT(nsent, 2);
	IS_STR(sent[1].path, MESSAGE);
	answer(1, 403, 50013, NULL);
	line("a", "start");
	tick(3600000);
	IS_INT(nsent, 2); /* a 403 is not repeated, and there is no other way */
	end(0);
	IS_INT(nsent, 3); /* but the end is told */
	IS_STR(sent[2].path, CHANNEL);
	teardown();
}

static void
test_old(void)
{
	setup();
	begin("", "100", "9");
	IS_STR(sent[0].path, MESSAGE);
	answer(0, 200, 0, NULL);
	tick(70 * 60 * 1000);
	line("a", "start");
	IS_INT(nsent, 2);
	answer(1, 429, 30046, NULL);
	tick(61000);
	IS_INT(nsent, 2);
	tick(240000);
	IS_INT(nsent, 3);
	answer(2, 400, 30046, NULL);
	tick(301000);
	IS_INT(nsent, 3); /* slower still */
	tick(300000);
	IS_INT(nsent, 4);
	answer(3, 200, 0, NULL);
	/* the last one is tried again, too */
	end(0);
	answer(4, 400, 30046, NULL);
	answer(5, 200, 0, NULL);
	IS_INT(hear(), 1);
	tick(20 * 60 * 1000);
	IS_INT(nsent, 7);
	IS_STR(sent[6].path, MESSAGE);
	answer(6, 200, 0, NULL);
	tick(0);
	tick(0);
	IS_INT(net_jobs_next_ms(net.jobs), NET_NEVER);
	teardown();
}

static void
test_ways(void)
{
	size_t i;

	setup();
	(void)snprintf(net.hello.webhook, sizeof(net.hello.webhook), "/webhooks/5/whsecret?thread_id=6");
	begin("tok", "100", "9");
	answer(0, 200, 0, NULL);
	end(1);
	answer(1, 200, 0, NULL);
	answer(2, 403, 50013, NULL);
	tick(0);
	i = find(3, "POST", "/webhooks/42/tok?wait=true");
	OK(i == 3);
	OK(strstr(sent[3].body, "nonce") == NULL && strstr(sent[3].body, "message_reference") == NULL);
	OK(has(3, "<@77>") && has(3, "allowed_mentions") && !sent[3].auth && !sent[3].repeat);
	answer(3, 404, 10015, NULL);
	tick(0);
	i = find(4, "POST", "/webhooks/5/whsecret?thread_id=6&wait=true");
	OK(i == 4);
	IS_STR(sent[4].route, "POST /webhooks/5/whsecret");
	IS_INT(hear(), 0);
	answer(4, 204, 0, NULL);
	IS_INT(hear(), 1);
	OK(heard.kind == GSP_TALK_TOLD);
	teardown();

	/* nobody can be told: the monitor hears so, and the job is over */
	setup();
	begin("tok", "100", "9");
	answer(0, 200, 0, NULL);
	tick(20 * 60 * 1000);
	end(1);
	answer(1, 404, 10008, NULL);
	answer(2, 403, 50001, NULL);
	tick(0);
	IS_INT(nsent, 3); /* the token has ended, and there is no webhook */
	IS_INT(hear(), 1);
	OK(heard.kind == GSP_TALK_TOLD);
	tick(0);
	IS_INT(net_jobs_next_ms(net.jobs), NET_NEVER);
	teardown();
}

/* The network is down for hours: the end is told afterwards, and asked for ever more seldom. */
static void
test_down(void)
{
	int64_t next;
	size_t tries = 0;

	setup();
	begin("tok", "100", "9");
	answer(0, 0, 0, NULL);
	end(0);
	for (int64_t until = now + 3 * 3600000; now < until;) {
		for (size_t i = 0; i < nsent; i++)
			if (!sent[i].done) {
				tries++;
				answer(i, 0, 0, NULL);
			}
		next = net_jobs_next_ms(net.jobs);
		if (!OK(next > now && next < now + 3600000))
			exit(1);
		tick(next - now);
	}
	OK(tries > 30 && tries < 200);
	IS_INT(hear(), 0);
	IS_STR(sent[nsent - 1].path, CHANNEL);
	answer(nsent - 1, 200, 0, NULL);
	IS_INT(hear(), 1);
	tick(0);
	tick(0);
	IS_INT(net_jobs_next_ms(net.jobs), NET_NEVER);
	teardown();

	/* and not for ever: a day */
	setup();
	begin("tok", "100", "9");
	answer(0, 200, 0, NULL);
	end(0);
	answer(1, 200, 0, NULL);
	for (int i = 0; i < 2000 && hear() == 0; i++) {
		if (!sent[nsent - 1].done)
			answer(nsent - 1, 502, 0, NULL);
		tick(net_jobs_next_ms(net.jobs) - now);
	}
	OK(heard.kind == GSP_TALK_TOLD);
	OK(now >= 1000000 + INT64_C(24) * 3600000);
	teardown();
}

/* A job of an earlier life, and one whose deferral was confirmed without its message's id. */
static void
test_restart(void)
{
	setup();
	now += 16 * 60 * 1000;
	begin("tok", "100", "9");
	IS_STR(sent[0].path, MESSAGE);
	answer(0, 200, 0, NULL);
	begin("tok", "100", "9"); /* told of again: the same job */
	IS_INT(nsent, 1);
	tick(60000);
	IS_INT(nsent, 2);
	teardown();

	setup();
	begin("tok", "", "9");
	answer(0, 200, 0, "{\"id\":\"100\",\"channel_id\":\"9\"}");
	line("a", "start");
	tick(15 * 60 * 1000);
	IS_STR(sent[1].path, MESSAGE);
	answer(1, 200, 0, NULL);
	end(0);
	OK(has(3, "\"100\""));
	teardown();

	/* an edit that was replaced by the final one is no news */
	setup();
	begin("tok", "100", "9");
	end(0);
	IS_INT(nsent, 3);
	drop(0);
	IS_INT(nsent, 3);
	answer(1, 200, 0, NULL);
	answer(2, 200, 0, NULL);
	IS_INT(hear(), 1);
	tick(0);
	tick(0);
	IS_INT(net_jobs_next_ms(net.jobs), NET_NEVER);
	teardown();
}

int
main(void)
{
	test_usual();
	test_late_edit();
	test_token_ends();
	test_old();
	test_ways();
	test_down();
	test_restart();
	return done();
}
