#include "tap.h"

#include "discord/limits.h"
#include "discord/refused.h"

#define EDIT  "PATCH /channels/1/messages/{}"
#define POST  "POST /channels/1/messages"
#define OTHER "PATCH /channels/2/messages/{}"

static int64_t now;
static struct gsp_limits *l;

static struct gsp_limits_seen
seen(long status)
{
	struct gsp_limits_seen s = {.status = status, .body_retry_after_s = -1};

	return s;
}

static struct gsp_limits_seen
counted(const char *bucket, const char *limit, const char *left, const char *after)
{
	struct gsp_limits_seen s = seen(200);

	s.bucket = bucket;
	s.limit = limit;
	s.remaining = left;
	s.reset_after = after;
	return s;
}

static int64_t
wait_for(const char *route)
{
	int64_t at = gsp_limits_when(l, route, now);

	return at == INT64_MAX ? -1 : at - now;
}

static void
one(const char *route, struct gsp_limits_seen s)
{
	gsp_limits_sent(l, route, now);
	gsp_limits_answer(l, route, &s, now);
}

static void
begin(void)
{
	now = 5000000;
	l = gsp_limits_new();
}

static void
test_bucket(void)
{
	begin();
	IS_INT(wait_for(EDIT), 0);
	gsp_limits_sent(l, EDIT, now);
	IS_INT(wait_for(EDIT), -1); /* how many there may be is not known yet */
	IS_INT(wait_for(OTHER), 0);
	struct gsp_limits_seen s = counted("abc", "5", "4", "2.5");
	gsp_limits_answer(l, EDIT, &s, now);
	for (int i = 0; i < 4; i++) {
		IS_INT(wait_for(EDIT), 0);
		gsp_limits_sent(l, EDIT, now);
	}
	IS_INT(wait_for(EDIT), 2500); /* four more under way, none left */
	now += 2499;
	IS_INT(wait_for(EDIT), 1);
	now += 1;
	IS_INT(wait_for(EDIT), 0); /* five in the new window, less what is still under way */
	gsp_limits_sent(l, EDIT, now);
	IS_INT(wait_for(EDIT), -1);
	gsp_limits_free(l);

	begin();
	one(EDIT, counted("abc", "5", "0", "0.75"));
	IS_INT(wait_for(EDIT), 750);
	IS_INT(wait_for(POST), 0); /* nothing known */
	now += 750;
	IS_INT(wait_for(EDIT), 0);
	gsp_limits_free(l);
}

static void
test_shared_bucket(void)
{
	begin();
	one(EDIT, counted("abc", "5", "3", "10"));
	one(POST, counted("abc", "5", "2", "10")); /* the same bucket, the same channel */
	one(OTHER, counted("abc", "5", "4", "10")); /* the same bucket, another channel */
	one(EDIT, counted("abc", "5", "1", "9"));
	one(POST, counted("abc", "5", "0", "9"));
	IS_INT(wait_for(EDIT), 10000);
	IS_INT(wait_for(POST), 10000);
	IS_INT(wait_for(OTHER), 0);
	/* webhooks count by id and token */
	one("POST /webhooks/1/aaa", counted("hook", "5", "0", "3"));
	IS_INT(wait_for("PATCH /webhooks/1/aaa/messages/{}"), 0);
	one("PATCH /webhooks/1/aaa/messages/{}", counted("hook", "5", "0", "3"));
	one("POST /webhooks/1/bbb", counted("hook", "5", "4", "3"));
	IS_INT(wait_for("POST /webhooks/1/bbb"), 0);
	IS_INT(wait_for("POST /webhooks/1/aaa"), 3000);
	gsp_limits_free(l);
}

static void
test_late_answers(void)
{
	struct gsp_limits_seen a, b;

	begin();
	one(EDIT, counted("abc", "5", "4", "5"));
	gsp_limits_sent(l, EDIT, now);
	gsp_limits_sent(l, EDIT, now);
	/* the second one's answer overtakes the first's: what is left does not grow by it */
	a = counted("abc", "5", "3", "5");
	b = counted("abc", "5", "2", "5");
	gsp_limits_answer(l, EDIT, &b, now);
	gsp_limits_answer(l, EDIT, &a, now);
	gsp_limits_sent(l, EDIT, now);
	IS_INT(wait_for(EDIT) >= 0, 1);
	gsp_limits_sent(l, EDIT, now);
	IS_INT(wait_for(EDIT), 5000);
	gsp_limits_free(l);
	/* no headers at all: no limit; nonsense in them: none either, and no crash */
	begin();
	one(EDIT, seen(200));
	for (int i = 0; i < 10; i++)
		gsp_limits_sent(l, EDIT, now);
	IS_INT(wait_for(EDIT), 0);
	one(POST, counted("x", "five", "-1", "1e9"));
	IS_INT(wait_for(POST), 0);
	one(OTHER, counted("y", "5", "0", "inf"));
	IS_INT(wait_for(OTHER), 0);
	gsp_limits_free(l);
	begin(); /* three under way, and only then it is known what they count with */
	one(EDIT, seen(200));
	for (int i = 0; i < 3; i++)
		gsp_limits_sent(l, EDIT, now);
	a = counted("abc", "5", "3", "5");
	gsp_limits_answer(l, EDIT, &a, now);
	gsp_limits_sent(l, EDIT, now);
	IS_INT(wait_for(EDIT), 5000); /* two of the three are still to be counted */
	gsp_limits_free(l);
	/* no answer: the next may try, alone */
	begin();
	one(EDIT, seen(0));
	IS_INT(wait_for(EDIT), 0);
	gsp_limits_sent(l, EDIT, now);
	IS_INT(wait_for(EDIT), -1);
	gsp_limits_free(l);
}

static void
test_429(void)
{
	struct gsp_limits_seen s;

	begin();
	s = seen(429);
	s.scope = "user";
	s.bucket = "abc";
	s.retry_after = "65";
	s.body_retry_after_s = 64.57;
	IS_INT(gsp_limits_wait_ms(&s), 64570);
	one(EDIT, s);
	IS_INT(wait_for(EDIT), 64570);
	IS_INT(wait_for(OTHER), 0);
	IS_INT(wait_for(NULL), 0);
	IS_INT(gsp_limits_invalid(l, now), 1);
	s.scope = "shared";
	s.body_retry_after_s = 0.3;
	one(OTHER, s);
	IS_INT(wait_for(OTHER), 300);
	IS_INT(gsp_limits_invalid(l, now), 1); /* not our doing */
	s.scope = "global";
	s.bucket = "def";
	s.body_global = true;
	s.body_retry_after_s = 1.25;
	one(POST, s);
	IS_INT(wait_for(POST), 1250);
	IS_INT(wait_for("GET /users/@me"), 1250);
	IS_INT(wait_for(NULL), 0); /* answers to interactions are exempt */
	gsp_limits_free(l);

	begin();
	s = seen(429); /* what stands in front of Discord: no JSON, no scope */
	s.retry_after = "30";
	one(EDIT, s);
	IS_INT(wait_for(POST), 30000);
	gsp_limits_free(l);

	s = seen(429);
	IS_INT(gsp_limits_wait_ms(&s), 5000);
	s.retry_after = "soon";
	IS_INT(gsp_limits_wait_ms(&s), 5000);
	s.body_retry_after_s = 1e300;
	IS_INT(gsp_limits_wait_ms(&s), 86400000);
	s.body_retry_after_s = 0;
	IS_INT(gsp_limits_wait_ms(&s), 1);
}

static void
test_global(void)
{
	char route[64];
	int sent = 0;

	begin();
	for (int i = 0; i < 200; i++) {
		(void)snprintf(route, sizeof(route), "GET /channels/%d", i);
		if (wait_for(route) > 0)
			break;
		one(route, seen(200));
		sent++;
	}
	IS_INT(sent, GSP_LIMITS_A_SECOND);
	IS_INT(wait_for("GET /channels/999"), 1000);
	IS_INT(wait_for(NULL), 0);
	now += 1000;
	IS_INT(wait_for("GET /channels/999"), 0);
	gsp_limits_free(l);
}

static void
test_invalid(void)
{
	begin();
	for (int i = 0; i < GSP_LIMITS_INVALID_SLOW; i++) {
		now += 30;
		one(EDIT, seen(i % 2 ? 403 : 401));
	}
	IS_INT(gsp_limits_invalid(l, now), GSP_LIMITS_INVALID_SLOW);
	IS_INT(wait_for(OTHER), 1000);
	now += 1000;
	IS_INT(wait_for(OTHER), 0);
	while (gsp_limits_invalid(l, now) < GSP_LIMITS_INVALID_STOP)
		one(EDIT, seen(403));
	OK(wait_for(OTHER) > 0 && wait_for(OTHER) <= 60000);
	IS_INT(wait_for(NULL), 0);
	while (gsp_limits_invalid(l, now) < GSP_LIMITS_INVALID_ALL)
		one(NULL, seen(429));
	OK(wait_for(NULL) > 0 && wait_for(NULL) <= 60000);
	now += 9 * 60000;
	OK(wait_for(OTHER) > 0);
	now += 60000;
	IS_INT(gsp_limits_invalid(l, now), 0);
	IS_INT(wait_for(OTHER), 0);
	IS_INT(wait_for(NULL), 0);
	one(EDIT, seen(403));
	IS_INT(gsp_limits_invalid(l, now), 1);
	gsp_limits_free(l);
}

/* Routes with the tokens of a thousand interactions a minute: they are forgotten again. */
static void
test_many_routes(void)
{
	char route[80];

	begin();
	for (int i = 0; i < 50000; i++) {
		(void)snprintf(route, sizeof(route), "PATCH /webhooks/1/token%d/messages/@original", i);
		now += 60;
		one(route, counted("hook", "5", "4", "2"));
	}
	OK(wait_for(route) == 0);
	gsp_limits_free(l);
	gsp_limits_free(NULL);
}

static void
test_refused(void)
{
	struct gsp_refused r;
	const struct gsp_refused_no *no;
	char path[64];

	memset(&r, 0, sizeof(r));
	now = 1000;
	gsp_refused_note(&r, EDIT, "/channels/1/messages/7", 403, 50013, now);
	no = gsp_refused_find(&r, EDIT, "/channels/1/messages/8", now + 1);
	OK(no != NULL && no->status == 403 && no->code == 50013);
	OK(gsp_refused_find(&r, POST, "/channels/1/messages", now) == NULL);
	OK(gsp_refused_find(&r, EDIT, "/channels/1/messages/8", now + 600000) == NULL);
	gsp_refused_note(&r, OTHER, "/channels/2/messages/7", 403, 50005, now); /* that one alone */
	OK(gsp_refused_find(&r, OTHER, "/channels/2/messages/7", now) != NULL);
	OK(gsp_refused_find(&r, OTHER, "/channels/2/messages/8", now) == NULL);
	gsp_refused_note(&r, "POST /webhooks/1/aa", "/webhooks/1/aa?wait=true", 404, 10015, now);
	OK(gsp_refused_find(&r, "PATCH /webhooks/1/aa/messages/{}", "/webhooks/1/aa/messages/3",
	       now + 90000000) != NULL);
	OK(gsp_refused_find(&r, "POST /webhooks/1/aab", "/webhooks/1/aab", now) == NULL);
	gsp_refused_note(&r, "PATCH /webhooks/2/b/messages/{}", "/webhooks/2/b/messages/3", 404, 10008, now);
	OK(gsp_refused_find(&r, "POST /webhooks/2/b", "/webhooks/2/b", now) == NULL);
	gsp_refused_note(&r, "PATCH /webhooks/2/c/messages/@original",
	    "/webhooks/2/c/messages/@original", 401, 50027, now);
	OK(gsp_refused_find(&r, "POST /webhooks/2/c", "/webhooks/2/c", now) != NULL);
	gsp_refused_note(&r, NULL, "/interactions/1/t/callback", 403, 0, now);
	OK(gsp_refused_find(&r, NULL, "/interactions/1/t/callback", now) == NULL);
	gsp_refused_note(&r, "GET /channels/9", "/channels/9", 404, 10003, now);
	OK(gsp_refused_find(&r, "GET /channels/9", "/channels/9", now) == NULL);
	for (int i = 0; i < 500; i++) { /* bounded: the oldest go */
		(void)snprintf(path, sizeof(path), "/channels/%d", 100 + i);
		gsp_refused_note(&r, path, path, 403, 50001, now + i);
	}
	OK(gsp_refused_find(&r, "/channels/599", "/channels/599", now + 500) != NULL);
	OK(gsp_refused_find(&r, "/channels/100", "/channels/100", now + 500) == NULL);
	gsp_refused_release(&r);
}

int
main(void)
{
	test_bucket();
	test_shared_bucket();
	test_late_answers();
	test_429();
	test_global();
	test_invalid();
	test_many_routes();
	test_refused();
	return done();
}
