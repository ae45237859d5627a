#include "tap.h"

#include "net/retry.h"

static struct gsp_retry_seen
seen(long status)
{
	struct gsp_retry_seen s = {
	    .fault = GSP_HTTP_FINE, .may_be_sent = true, .status = status, .readable = true};

	return s;
}

static struct gsp_retry_seen
fault(enum gsp_http_fault f, bool sent)
{
	struct gsp_retry_seen s = {.fault = f, .may_be_sent = sent};

	return s;
}

static void
test_classify(void)
{
	static const struct {
		long status;
		enum gsp_retry_kind want;
	} table[] = {{200, GSP_RETRY_DONE}, {202, GSP_RETRY_DONE}, {204, GSP_RETRY_DONE},
	    {299, GSP_RETRY_DONE}, {302, GSP_RETRY_DONE}, {400, GSP_RETRY_DONE},
	    {401, GSP_RETRY_DONE}, {403, GSP_RETRY_DONE}, {404, GSP_RETRY_DONE},
	    {408, GSP_RETRY_DOUBT}, {429, GSP_RETRY_RATE}, {500, GSP_RETRY_DOUBT},
	    {502, GSP_RETRY_DOUBT}, {503, GSP_RETRY_UNAVAILABLE}, {504, GSP_RETRY_DOUBT},
	    {520, GSP_RETRY_DOUBT}};
	struct gsp_retry_seen s;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		s = seen(table[i].status);
		if (!IS_INT(gsp_retry_classify(&s), table[i].want))
			printf("# status %ld\n", table[i].status);
	}
	s = seen(400);
	s.busy = true;
	IS_INT(gsp_retry_classify(&s), GSP_RETRY_BUSY);
	s = seen(503);
	s.maintenance = "";
	IS_INT(gsp_retry_classify(&s), GSP_RETRY_MAINTENANCE);
	s = seen(400);
	s.readable = false;
	s.server = "nginx/1.25";
	s.content_type = "text/html; charset=utf-8";
	IS_INT(gsp_retry_classify(&s), GSP_RETRY_DOUBT);
	s.content_type = "application/json";
	IS_INT(gsp_retry_classify(&s), GSP_RETRY_DONE);
	s = seen(200);
	s.readable = false;
	IS_INT(gsp_retry_classify(&s), GSP_RETRY_DOUBT);
	s = fault(GSP_HTTP_BROKEN, true);
	IS_INT(gsp_retry_classify(&s), GSP_RETRY_DOUBT);
	s = fault(GSP_HTTP_TIMEOUT, true);
	IS_INT(gsp_retry_classify(&s), GSP_RETRY_DOUBT);
	s = fault(GSP_HTTP_UNSENT, false);
	IS_INT(gsp_retry_classify(&s), GSP_RETRY_UNSENT);
	s = fault(GSP_HTTP_UNTRUSTED, false);
	IS_INT(gsp_retry_classify(&s), GSP_RETRY_DONE);
	s = fault(GSP_HTTP_CANCEL, true);
	IS_INT(gsp_retry_classify(&s), GSP_RETRY_DONE);
}

static void
test_repeat(void)
{
	OK(gsp_retry_idempotent("GET") && gsp_retry_idempotent("PUT") &&
	    gsp_retry_idempotent("DELETE"));
	OK(!gsp_retry_idempotent("POST"));
	for (int k = GSP_RETRY_RATE; k <= GSP_RETRY_UNAVAILABLE; k++)
		OK(gsp_retry_may_repeat((enum gsp_retry_kind)k, "POST"));
	OK(gsp_retry_may_repeat(GSP_RETRY_UNSENT, "POST"));
	OK(!gsp_retry_may_repeat(GSP_RETRY_DOUBT, "POST"));
	OK(gsp_retry_may_repeat(GSP_RETRY_DOUBT, "GET"));
	OK(gsp_retry_may_repeat(GSP_RETRY_DOUBT, "DELETE"));
	OK(!gsp_retry_may_repeat(GSP_RETRY_MAINTENANCE, "GET"));
	OK(!gsp_retry_may_repeat(GSP_RETRY_DONE, "GET"));
}

static void
test_doubtful(void)
{
	static const long yes[] = {408, 500, 502, 504},
			  no[] = {400, 401, 403, 404, 429, 503, 200};
	struct gsp_retry_seen s;

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		s = seen(yes[i]);
		OK(gsp_retry_doubtful(&s, "POST"));
		OK(!gsp_retry_doubtful(&s, "DELETE"));
	}
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		s = seen(no[i]);
		OK(!gsp_retry_doubtful(&s, "POST"));
	}
	s = seen(200);
	s.readable = false;
	OK(gsp_retry_doubtful(&s, "POST"));
	s = seen(418); /* not from the API: who knows who answered */
	s.readable = false;
	OK(gsp_retry_doubtful(&s, "POST"));
	s = seen(429);
	s.readable = false;
	OK(!gsp_retry_doubtful(&s, "POST"));
	s = fault(GSP_HTTP_BROKEN, true);
	OK(gsp_retry_doubtful(&s, "POST"));
	s = fault(GSP_HTTP_TIMEOUT, true);
	OK(gsp_retry_doubtful(&s, "POST"));
	s = fault(GSP_HTTP_UNSENT, false);
	OK(!gsp_retry_doubtful(&s, "POST"));
	s = fault(GSP_HTTP_UNTRUSTED, false);
	OK(!gsp_retry_doubtful(&s, "POST"));
	s = fault(GSP_HTTP_TOO_BIG, true);
	OK(gsp_retry_doubtful(&s, "POST"));
	s = fault(GSP_HTTP_CANCEL, true);
	OK(gsp_retry_doubtful(&s, "POST"));
	s = fault(GSP_HTTP_CANCEL, false);
	OK(!gsp_retry_doubtful(&s, "POST"));
}

static int64_t
after(const char *retry_after, const char *reset, const char *date)
{
	struct gsp_retry_seen s = seen(429);

	s.retry_after = retry_after;
	s.ratelimit_reset = reset;
	s.date = date;
	s.wall_s = 1000000;
	return gsp_retry_wait_ms(GSP_RETRY_RATE, &s, 1, 0);
}

static void
test_named_wait(void)
{
	struct gsp_retry_seen s = seen(503);

	IS_INT(after("7", NULL, NULL), 7000);
	IS_INT(after("0", NULL, NULL), 1000);
	IS_INT(after("-1509450059", "-1", NULL), 1000); /* both have been seen */
	IS_INT(after("99999", NULL, NULL), 120000);
	IS_INT(after("soon", NULL, NULL), 5000);
	IS_INT(after("", NULL, NULL), 5000);
	IS_INT(after("99999999999999999999999", NULL, NULL), 5000);
	IS_INT(after(NULL, "1000009", NULL), 9000);
	IS_INT(after(NULL, "1009999", NULL), 120000);
	IS_INT(after(NULL, "999999", NULL), 5000);
	IS_INT(after(NULL, "-1", NULL), 5000);
	IS_INT(after("3", "1000009", NULL), 3000);
	/* our clock is wrong: the server's Date counts */
	IS_INT(after(NULL, "784111790", "Sun, 06 Nov 1994 08:49:37 GMT"), 13000);
	IS_INT(after("Sun, 06 Nov 1994 08:49:47 GMT", NULL, "Sun, 06 Nov 1994 08:49:37 GMT"),
	    10000);
	IS_INT(after("Sun, 06 Nov 1994 08:49:27 GMT", NULL, "Sun, 06 Nov 1994 08:49:37 GMT"),
	    1000);
	s.retry_after = "11";
	IS_INT(gsp_retry_wait_ms(GSP_RETRY_UNAVAILABLE, &s, 1, 0), 11000);
	s.retry_after = NULL;
	s.ratelimit_reset = "5";
	IS_INT(gsp_retry_wait_ms(GSP_RETRY_UNAVAILABLE, &s, 1, 0), 5000);
}

static void
test_ladder(void)
{
	struct gsp_retry_seen s = seen(429), d = seen(500);
	static const int64_t rate[] = {5000, 10000, 20000, 20000, 20000};
	static const int64_t doubt[] = {1000, 2000, 4000, 8000, 16000, 16000};

	for (unsigned i = 0; i < 5; i++)
		IS_INT(gsp_retry_wait_ms(GSP_RETRY_RATE, &s, i + 1, 0), rate[i]);
	for (unsigned i = 0; i < 6; i++)
		IS_INT(gsp_retry_wait_ms(GSP_RETRY_DOUBT, &d, i + 1, 0), doubt[i]);
	IS_INT(gsp_retry_wait_ms(GSP_RETRY_UNSENT, &d, 4000000000u, 0), 16000);
	IS_INT(gsp_retry_wait_ms(GSP_RETRY_BUSY, &d, 9, 999), 5000);
	OK(gsp_retry_wait_ms(GSP_RETRY_RATE, &s, 1, 999) > 6200);
	OK(gsp_retry_wait_ms(GSP_RETRY_RATE, &s, 1, 999) < 6250);
}

static void
test_dates(void)
{
	int64_t t = 0;

	OK(gsp_retry_date_s(&t, "Sun, 06 Nov 1994 08:49:37 GMT") == 0);
	IS_INT(t, 784111777);
	OK(gsp_retry_date_s(&t, "Sun, 06 Nov 1994 08:49:37 CET") == -1);
	OK(gsp_retry_date_s(&t, "Sun, 06 ovD 1994 08:49:37 GMT") == -1);
	OK(gsp_retry_date_s(&t, "Sun, 99 Nov 1994 08:49:37 GMT") == -1);
	OK(gsp_retry_date_s(&t, "Sun, 06 Nov 1994 08:49:37 GMT and more") == -1);
	OK(gsp_retry_date_s(&t, "1994-11-06") == -1);
	OK(gsp_retry_date_s(&t, "") == -1);
	OK(gsp_retry_date_s(&t,
	       ", , , , , , , , , , , , , , , , , , , , , , , , , , , , , , , , , , , ,") ==
	    -1);
}

int
main(void)
{
	test_classify();
	test_repeat();
	test_doubtful();
	test_named_wait();
	test_ladder();
	test_dates();
	return done();
}
