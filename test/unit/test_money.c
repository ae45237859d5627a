/* gsp/money, ledger, cost: months, started hours, caps and sums, and what a torn ledger yields. */
#include <math.h>

#include "gsp/cost.h"
#include "gsp/ledger.h"
#include "gsp/money.h"
#include "times.h"

#include "base/banned.h"

static struct gsp_err err;

static int
month(const char *text)
{
	int m = -1;

	gsp_month_parse(&m, text);
	return m;
}

/* ---- amounts and months ---- */

static void
test_amounts(void)
{
	static const struct {
		int64_t amount;
		const char *text;
	} t[] = {{0, "$0.00"}, {7500, "$0.0075"}, {10, "$0.00001"}, {72000, "$0.072"}, {100000, "$0.10"},
	    {2880000, "$2.88"}, {48000000, "$48.00"}, {12407500, "$12.4075"}, {1, "$0.000001"},
	    {-1, "?"}, {INT64_MAX, "$9223372036854.775807"}};
	char buf[GSP_MONEY_TEXT];

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		IS_STR(gsp_money_text(buf, sizeof(buf), t[i].amount), t[i].text);
	IS_INT(gsp_money_from(0.0075), 7500);
	IS_INT(gsp_money_from(0.1), 100000);
	IS_INT(gsp_money_from(0), 0);
	IS_INT(gsp_money_from(-1), -1);
	IS_INT(gsp_money_from(-0.0000001), -1);
	IS_INT(gsp_money_from(1e300), -1);
	IS_INT(gsp_money_from((double)NAN), -1);
	IS_INT(gsp_money_from((double)INFINITY), -1);
	IS_INT(gsp_money_add(INT64_MAX - 1, 5), INT64_MAX);
	IS_INT(gsp_money_add(5, -1), 5);
}

static void
test_months(void)
{
	static const char *const bad[] = {"", "2026", "2026-1", "2026-00", "2026-13", "1969-12",
	    "26-11-01", "2026/11", "2026-11-01", "2026-+1", " 026-11", "all"};
	char text[GSP_MONTH_TEXT];
	int m = 7;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		OK(gsp_month_parse(&m, bad[i]) == -1 && m == 7);
	IS_STR(gsp_month_text(text, sizeof(text), month("2026-11")), "2026-11");
	IS_INT(month("2027-01"), month("2026-12") + 1);
	IS_INT(gsp_month_begin(month("2026-12")), at("2026-12-01T00:00:00Z"));
	IS_INT(gsp_month_begin(month("1970-01")), 0);
	IS_INT(gsp_month_of(at("2026-11-30T23:59:59Z")), month("2026-11"));
	IS_INT(gsp_month_of(at("2026-12-01T00:00:00Z")), month("2026-12"));
	IS_INT(gsp_month_of(at("2024-02-29T23:59:59Z")), month("2024-02"));
	IS_INT(gsp_month_of(-5), month("1970-01"));
	IS_INT(gsp_month_of(INT64_MAX), month("9999-12"));
	/* months of UTC, whatever the computer's zone: Kiritimati is 14 hours ahead */
	setenv("TZ", "Pacific/Kiritimati", 1);
	IS_INT(gsp_month_of(at("2026-11-30T23:59:59Z")), month("2026-11"));
	IS_INT(gsp_month_begin(month("2026-12")), at("2026-12-01T00:00:00Z"));
	unsetenv("TZ");
}

/* ---- hours and bills ---- */

static void
test_hours(void)
{
	static const struct {
		int64_t lived;
		uint64_t ended, running;
	} t[] = {{-50, 1, 1}, {0, 1, 1}, {1, 1, 1}, {3599, 1, 1}, {3600, 1, 2}, {3601, 2, 2},
	    {7200, 2, 3}, {86400, 24, 25}};
	int64_t created = at("2026-11-10T19:00:00Z");

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct gsp_life l = {created, created + t[i].lived, false, 72000, 48000000};

		IS_INT(gsp_money_month(&l, month("2026-11")).hours, t[i].ended);
		IS_INT(gsp_money_whole(&l).hours, t[i].ended);
		l.runs = true;
		IS_INT(gsp_money_month(&l, month("2026-11")).hours, t[i].running);
		IS_INT(gsp_money_month(&l, month("2026-11")).amount, (int64_t)t[i].running * 72000);
		IS_INT(gsp_money_month(&l, month("2026-10")).hours, 0);
		IS_INT(gsp_money_month(&l, month("2026-12")).hours, 0);
	}
}

static void
test_split(void)
{
	/* 23:30 to 02:10: hours begin at 23:30, 00:30 and 01:30 */
	struct gsp_life l = {at("2026-11-30T23:30:00Z"), at("2026-12-01T02:10:00Z"), false, 72000, 48000000};
	struct gsp_life leap = {at("2024-02-01T00:00:00Z"), at("2024-03-01T00:00:00Z"), false, 1, -1};
	struct gsp_life on = {at("2026-12-01T00:00:00Z"), at("2026-12-01T01:00:00Z"), false, 72000, -1};

	IS_INT(gsp_money_month(&l, month("2026-11")).hours, 1);
	IS_INT(gsp_money_month(&l, month("2026-12")).hours, 2);
	IS_INT(gsp_money_whole(&l).hours, 3);
	IS_INT(gsp_money_whole(&l).amount, 3 * 72000);
	/* one that ends within its first hour belongs to the month it began in */
	l.until = at("2026-12-01T00:20:00Z");
	IS_INT(gsp_money_month(&l, month("2026-11")).hours, 1);
	IS_INT(gsp_money_month(&l, month("2026-12")).hours, 0);
	IS_INT(gsp_money_month(&on, month("2026-11")).hours, 0);
	IS_INT(gsp_money_month(&on, month("2026-12")).hours, 1);
	/* just before midnight, in the last second */
	l.created = at("2026-11-30T23:59:59Z");
	l.until = at("2026-12-01T01:00:00Z");
	IS_INT(gsp_money_month(&l, month("2026-11")).hours, 1);
	IS_INT(gsp_money_month(&l, month("2026-12")).hours, 1);
	IS_INT(gsp_money_month(&leap, month("2024-02")).hours, 29 * 24);
	IS_INT(gsp_money_month(&leap, month("2024-03")).hours, 0);
	/* the hour that summer time makes twice is two hours */
	setenv("TZ", "Europe/Berlin", 1);
	leap.created = at("2026-10-24T22:00:00Z");
	leap.until = at("2026-10-25T23:00:00Z");
	IS_INT(gsp_money_month(&leap, month("2026-10")).hours, 25);
	unsetenv("TZ");
}

static void
test_cap(void)
{
	/* 667 hours of 0.072 are 48.024; 666 are 47.952 */
	int64_t c = at("2026-01-01T00:00:00Z");
	struct gsp_life l = {c, c + 666 * 3600, false, 72000, 48000000};

	IS_INT(gsp_money_month(&l, month("2026-01")).amount, 47952000);
	l.until += 1;
	IS_INT(gsp_money_month(&l, month("2026-01")).hours, 667);
	IS_INT(gsp_money_month(&l, month("2026-01")).amount, 48000000);
	/* each calendar month has its own cap */
	l.until = at("2026-03-01T00:00:00Z");
	IS_INT(gsp_money_whole(&l).amount, 2 * 48000000);
	/* half of January and half of February: no cap is reached, though 720 hours passed */
	l.created = at("2026-01-17T00:00:00Z");
	l.until = at("2026-02-16T00:00:00Z");
	IS_INT(gsp_money_whole(&l).amount, 720 * 72000);
	l.monthly = -1;
	l.created = c;
	IS_INT(gsp_money_month(&l, month("2026-01")).amount, 744 * 72000);
	l.hourly = -1;
	IS_INT(gsp_money_month(&l, month("2026-01")).amount, -1);
	IS_INT(gsp_money_whole(&l).amount, -1);
	/* the largest numbers there can be do not wrap */
	l.hourly = 1000000 * GSP_MONEY_USD;
	l.created = 0;
	l.until = at("9999-12-31T23:59:59Z");
	OK(gsp_money_whole(&l).amount > 0);
}

static void
test_always(void)
{
	int m = month("2026-11");

	IS_INT(gsp_money_always(m, at("2027-01-01T00:00:00Z"), 72000, 48000000), 48000000);
	IS_INT(gsp_money_always(m, at("2027-01-01T00:00:00Z"), 72000, -1), 720 * 72000);
	IS_INT(gsp_money_always(m, at("2026-11-01T00:00:00Z"), 72000, 48000000), 72000);
	IS_INT(gsp_money_always(m, at("2026-11-11T00:00:00Z"), 72000, 48000000), 241 * 72000);
	IS_INT(gsp_money_always(m, at("2026-10-11T00:00:00Z"), 72000, 48000000), 0);
	IS_INT(gsp_money_always(m, at("2027-01-01T00:00:00Z"), -1, -1), -1);
}

/* ---- the ledger ---- */

/* A line with what matters; more fields in ${rest}, which begins with a comma or is empty. */
static void
line(struct gsp_buf *b, const char *what, const char *id, const char *server, const char *actor,
    uint64_t linode, const char *created, const char *time, const char *rest)
{
	gsp_buf_addf(b, "{\"schema\":\"gsp.ledger/1\",\"time\":\"%s\",\"what\":\"%s\",\"server\":\"%s\","
	    "\"session\":\"%s\",\"actor\":\"%s\",\"linode_id\":%" PRIu64 ",\"region\":\"us-ord\","
	    "\"type\":\"g6-standard-4\",\"created\":\"%s\",\"hourly_usd\":0.072%s}\n",
	    time, what, server, id, actor, linode, created, rest);
}

struct complaints {
	size_t n, last;
	char why[200];
};

static void
complain(void *ctx, size_t number, const char *why)
{
	struct complaints *c = ctx;

	c->n++;
	c->last = number;
	snprintf(c->why, sizeof(c->why), "%s", why);
}

static struct gsp_ledger
fold(const struct gsp_buf *b, struct complaints *c)
{
	struct gsp_ledger l;

	memset(c, 0, sizeof(*c));
	if (gsp_ledger_parse(&l, gsp_buf_str(b), b->len, complain, c, &err) == -1) {
		printf("Bail out! %s\n", err.msg);
		exit(1);
	}
	return l;
}

#define N1 "2026-11-10T19:00:00Z"
#define CAP ",\"monthly_usd\":48"

static void
test_fold(void)
{
	struct gsp_buf b = GSP_BUF_INIT(1 << 20);
	const struct gsp_ledger_session *s;
	struct complaints c;
	struct gsp_ledger l;

	l = fold(&b, &c);
	OK(l.n == 0 && c.n == 0 && gsp_ledger_find(&l, "aaaaaaaa") == NULL);
	gsp_ledger_release(&l);

	line(&b, "intent", "aaaaaaaa", "toy", "ann", 0, "2026-11-10T18:59:58Z", "2026-11-10T18:59:58Z", CAP);
	l = fold(&b, &c);
	OK(l.n == 1 && !l.v[0].bought && l.v[0].end == NULL);
	gsp_ledger_release(&l);

	line(&b, "create", "aaaaaaaa", "toy", "ann", 5, N1, "2026-11-10T19:00:02Z", CAP);
	line(&b, "create", "aaaaaaaa", "toy", "ann", 5, N1, "2026-11-10T19:00:09Z", CAP); /* a crash */
	line(&b, "intent", "bbbbbbbb", "other", "bob", 0, N1, N1, "");
	line(&b, "intent", "bbbbbbbb", "other", "bob", 0, N1, N1, "");
	line(&b, "delete", "bbbbbbbb", "other", "bob", 0, N1, N1, ""); /* never created */
	l = fold(&b, &c);
	IS_INT(l.n, 2);
	s = gsp_ledger_find(&l, "aaaaaaaa");
	OK(s->bought && s->end == NULL && s->linode_id == 5 && s->hourly == 72000 && s->monthly == 48000000);
	IS_STR(s->actor, "ann");
	IS_STR(s->server, "toy");
	IS_INT(s->created, at(N1));
	OK(!gsp_ledger_find(&l, "bbbbbbbb")->bought);
	IS_INT(gsp_ledger_find(&l, "bbbbbbbb")->monthly, -1); /* an old line */
	gsp_ledger_release(&l);

	/* who deletes is not who started; the last line of a kind counts */
	line(&b, "delete", "aaaaaaaa", "toy", "cat", 5, N1, "2026-11-10T22:00:00Z", CAP ",\"ended\":\"2026-11-10T21:59:00Z\"");
	line(&b, "delete", "aaaaaaaa", "toy", "cat", 5, N1, "2026-11-10T23:00:00Z", CAP ",\"ended\":\"2026-11-10T21:58:00Z\"");
	l = fold(&b, &c);
	s = gsp_ledger_find(&l, "aaaaaaaa");
	IS_STR(s->actor, "ann");
	IS_STR(s->end, "delete");
	IS_INT(s->ended, at("2026-11-10T21:58:00Z"));
	OK(!s->estimated && c.n == 0 && l.bad == 0);
	gsp_ledger_release(&l);
	gsp_buf_release(&b);
}

static const struct gsp_ledger_session *
ending(struct gsp_ledger *l, struct gsp_buf *b)
{
	struct complaints c;

	gsp_ledger_release(l);
	*l = fold(b, &c);
	return gsp_ledger_find(l, "aaaaaaaa");
}

static void
test_endings(void)
{
	struct gsp_buf b = GSP_BUF_INIT(1 << 20);
	const struct gsp_ledger_session *s;
	struct gsp_ledger l = {NULL, 0, 0, NULL};

	line(&b, "create", "aaaaaaaa", "toy", "ann", 5, N1, N1, "");
	line(&b, "gone", "aaaaaaaa", "toy", "x", 5, N1, "2026-11-12T00:00:00Z",
	    ",\"ended\":\"2026-11-12T00:00:00Z\",\"estimated\":true");
	s = ending(&l, &b);
	OK(s->estimated && s->ended == at("2026-11-12T00:00:00Z"));
	/* noticed again, later: it was gone before */
	line(&b, "delete", "aaaaaaaa", "toy", "x", 5, N1, "2026-11-14T00:00:00Z",
	    ",\"ended\":\"2026-11-14T00:00:00Z\",\"estimated\":true");
	s = ending(&l, &b);
	OK(s->estimated && s->ended == at("2026-11-12T00:00:00Z"));
	IS_STR(s->end, "gone");
	/* known beats noticed, even when it is later */
	line(&b, "lost", "aaaaaaaa", "toy", "x", 5, N1, "2026-11-15T00:00:00Z", ",\"ended\":\"2026-11-13T00:00:00Z\"");
	s = ending(&l, &b);
	OK(!s->estimated && s->ended == at("2026-11-13T00:00:00Z"));
	IS_STR(s->end, "lost");
	/* it is there after all: the cloud had lied */
	line(&b, "create", "aaaaaaaa", "toy", "ann", 5, N1, "2026-11-16T00:00:00Z", "");
	s = ending(&l, &b);
	OK(s->end == NULL && s->ended == 0 && !s->estimated);
	/* to another home, and back */
	line(&b, "moved", "aaaaaaaa", "toy", "x", 5, N1, "2026-11-17T00:00:00Z", "");
	s = ending(&l, &b);
	IS_STR(s->end, "moved");
	IS_INT(s->ended, at("2026-11-17T00:00:00Z"));
	line(&b, "take-over", "aaaaaaaa", "toy", "zoe", 5, N1, "2026-11-18T00:00:00Z", "");
	s = ending(&l, &b);
	OK(s->end == NULL);
	IS_STR(s->actor, "ann");
	gsp_ledger_release(&l);
	gsp_buf_reset(&b);
	/* a line of old: two hours were billed, the line came days later */
	line(&b, "delete", "aaaaaaaa", "toy", "ann", 5, N1, "2026-11-14T00:00:00Z", ",\"hours\":2,\"usd\":0.144");
	s = ending(&l, &b);
	OK(s->bought);
	IS_INT(s->ended, at("2026-11-10T21:00:00Z"));
	gsp_ledger_release(&l);
	gsp_buf_release(&b);
}

static void
test_garbage(void)
{
	static const char *const bad[] = {"garbage", "{}", "[]", "null", "\"x\"", "{\"schema\":\"gsp.ledger/2\"}",
	    "{\"schema\":\"gsp.ledger/1\",\"what\":\"create\"}", "{\"schema\":\"gsp.ledger/1\",\"wh",
	    "{\"schema\":\"gsp.ledger/1\",\"what\":\"create\",\"server\":\"../x\",\"session\":\"aaaaaaaa\","
	    "\"time\":\"2026-11-10T19:00:00Z\"}",
	    "{\"schema\":\"gsp.ledger/1\",\"what\":\"create\",\"server\":\"toy\",\"session\":\"A!\","
	    "\"time\":\"2026-11-10T19:00:00Z\"}",
	    "{\"schema\":\"gsp.ledger/1\",\"what\":\"create\",\"server\":\"toy\",\"session\":\"aaaaaaaa\","
	    "\"time\":\"yesterday\"}", "\xff\xfe", " "};
	struct gsp_buf b = GSP_BUF_INIT(1 << 20);
	struct complaints c;
	struct gsp_ledger l;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		gsp_buf_reset(&b);
		line(&b, "create", "aaaaaaaa", "toy", "ann", 5, N1, N1, "");
		gsp_buf_addf(&b, "%s\n", bad[i]);
		line(&b, "create", "bbbbbbbb", "toy", "ann", 6, N1, N1, "");
		l = fold(&b, &c);
		OK(l.n == 2 && c.n == 1 && c.last == 2 && l.bad == 1 && c.why[0] != '\0');
		gsp_ledger_release(&l);
	}
	/* torn off by a crash at the very end: no complaint; whole, but for its newline: it counts */
	gsp_buf_reset(&b);
	line(&b, "create", "aaaaaaaa", "toy", "ann", 5, N1, N1, "");
	line(&b, "create", "bbbbbbbb", "toy", "ann", 6, N1, N1, "");
	for (size_t full = b.len, len = full; len > 0; len--) {
		size_t want = len >= full - 1 ? 2 : len >= full / 2 - 1 ? 1 : 0;

		b.len = len;
		l = fold(&b, &c);
		if (l.n != want || c.n != 0) {
			OK(l.n == want && c.n == 0);
			printf("# cut at %zu of %zu: %zu sessions\n", len, full, l.n);
		}
		gsp_ledger_release(&l);
	}
	/* a kind we do not know, a blank line, a NUL */
	gsp_buf_reset(&b);
	line(&b, "lease", "cccccccc", "toy", "ann", 5, N1, N1, "");
	gsp_buf_adds(&b, "\n\n");
	l = fold(&b, &c);
	OK(l.n == 0 && c.n == 0);
	gsp_ledger_release(&l);
	gsp_buf_add(&b, "{\0}\n", 4);
	l = fold(&b, &c);
	OK(l.n == 0 && c.n == 1 && c.last == 4);
	gsp_ledger_release(&l);
	gsp_buf_release(&b);
}

static void
test_many(void)
{
	struct gsp_buf b = GSP_BUF_INIT(64 << 20);
	struct complaints c;
	struct gsp_ledger l;
	int64_t began = gsp_now_ms();
	size_t wrong = 0;
	char id[16];

	for (int i = 0; i < 20000; i++) {
		snprintf(id, sizeof(id), "s%07d", i);
		line(&b, "create", id, "toy", "ann", 5, N1, N1, CAP);
		line(&b, "delete", id, "toy", "ann", 5, N1, N1, CAP);
	}
	l = fold(&b, &c);
	IS_INT(l.n, 20000);
	for (int i = 0; i < 20000; i++) {
		snprintf(id, sizeof(id), "s%07d", i);
		wrong += gsp_ledger_find(&l, id) != &l.v[i];
	}
	IS_INT(wrong, 0);
	OK(gsp_now_ms() - began < 20000); /* not quadratic: that would be minutes */
	gsp_ledger_release(&l);
	gsp_buf_release(&b);
}

/* ---- sums ---- */

static const struct gsp_cost_sum *
named(const struct gsp_cost_sums *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].name != NULL && strcmp(s->v[i].name, name) == 0)
			return &s->v[i];
	printf("Bail out! no sum of %s\n", name);
	exit(1);
}

static void
test_sums(void)
{
	struct gsp_buf b = GSP_BUF_INIT(1 << 20);
	struct gsp_cost_pick p = {month("2026-11"), month("2026-11"), NULL, "https://api.linode.com/v4",
	    at("2026-12-10T00:30:00Z")};
	struct gsp_cost_sums s;
	struct complaints c;
	struct gsp_ledger l;

	/* over the end of November; one that runs; one in a sandbox; one without a price */
	line(&b, "create", "aaaaaaaa", "toy", "ann", 5, "2026-11-30T23:30:00Z", N1, CAP);
	line(&b, "delete", "aaaaaaaa", "toy", "ann", 5, "2026-11-30T23:30:00Z", N1, CAP ",\"ended\":\"2026-12-01T02:10:00Z\"");
	line(&b, "create", "bbbbbbbb", "zoo", "bob", 6, "2026-12-10T00:00:00Z", N1, CAP);
	line(&b, "create", "cccccccc", "toy", "ann", 7, "2026-12-02T00:00:00Z", N1,
	    CAP ",\"api_url\":\"http://127.0.0.1:8080/v4\"");
	gsp_buf_adds(&b, "{\"schema\":\"gsp.ledger/1\",\"time\":\"" N1 "\",\"what\":\"create\",\"server\":\"old\","
	    "\"session\":\"dddddddd\",\"linode_id\":8,\"created\":\"2026-12-03T00:00:00Z\",\"hourly_usd\":-1}\n");
	l = fold(&b, &c);

	OK(gsp_cost_sum(&s, &l, GSP_COST_TOTAL, &p, &err) == 0);
	OK(s.n == 1 && s.v[0].sessions == 1 && s.v[0].hours == 1 && s.v[0].running == 0);
	IS_INT(s.v[0].amount, 72000);
	IS_INT(s.v[0].always, 48000000);
	gsp_cost_sums_release(&s);

	p.first = p.last = month("2026-12");
	OK(gsp_cost_sum(&s, &l, GSP_COST_SERVER, &p, &err) == 0);
	IS_INT(s.n, 3);
	IS_INT(named(&s, "toy")->amount, 2 * 72000);
	IS_INT(named(&s, "toy")->always, 217 * 72000);
	OK(named(&s, "zoo")->running == 1 && named(&s, "zoo")->hours == 1);
	OK(named(&s, "old")->unpriced == 1 && named(&s, "old")->amount == 0 && named(&s, "old")->always == -1);
	IS_STR(s.v[0].name, "toy"); /* the dearest first */
	gsp_cost_sums_release(&s);

	p.first = gsp_cost_first_month(&l, &p);
	IS_INT(p.first, month("2026-11"));
	OK(gsp_cost_sum(&s, &l, GSP_COST_ACTOR, &p, &err) == 0);
	IS_INT(s.n, 3);
	OK(named(&s, "ann")->sessions == 1); /* two months, one session */
	OK(named(&s, "ann")->hours == 3 && named(&s, "ann")->amount == 3 * 72000);
	gsp_cost_sums_release(&s);

	OK(gsp_cost_sum(&s, &l, GSP_COST_MONTH, &p, &err) == 0);
	OK(s.n == 2 && s.v[0].month == month("2026-11") && s.v[1].month == month("2026-12"));
	OK(s.v[0].sessions == 1 && s.v[1].sessions == 3);
	gsp_cost_sums_release(&s);

	p.server = "toy";
	p.api_url = "http://127.0.0.1:8080/v4"; /* in that sandbox it counts */
	OK(gsp_cost_sum(&s, &l, GSP_COST_TOTAL, &p, &err) == 0);
	OK(s.v[0].sessions == 2 && s.v[0].running == 1);
	gsp_cost_sums_release(&s);
	p.server = "none";
	OK(gsp_cost_sum(&s, &l, GSP_COST_TOTAL, &p, &err) == 0 && s.n == 1 && s.v[0].sessions == 0);
	gsp_cost_sums_release(&s);
	OK(gsp_cost_sum(&s, &l, GSP_COST_SERVER, &p, &err) == 0 && s.n == 0);
	gsp_cost_sums_release(&s);
	gsp_ledger_release(&l);
	gsp_buf_release(&b);
}

/* A tenth of a dollar is no binary fraction: ten thousand of them are a thousand all the same. */
static void
test_no_drift(void)
{
	struct gsp_buf b = GSP_BUF_INIT(16 << 20);
	struct gsp_cost_pick p = {month("2026-11"), month("2026-11"), NULL, "", at("2026-12-10T00:00:00Z")};
	struct gsp_cost_sums s;
	struct complaints c;
	struct gsp_ledger l;
	char id[16];

	for (int i = 0; i < 10000; i++) {
		snprintf(id, sizeof(id), "s%07d", i);
		gsp_buf_addf(&b, "{\"schema\":\"gsp.ledger/1\",\"time\":\"" N1 "\",\"what\":\"delete\",\"server\":"
		    "\"toy\",\"session\":\"%s\",\"linode_id\":1,\"created\":\"" N1 "\",\"hourly_usd\":0.1}\n", id);
	}
	l = fold(&b, &c);
	OK(gsp_cost_sum(&s, &l, GSP_COST_TOTAL, &p, &err) == 0);
	IS_INT(s.v[0].amount, 1000 * GSP_MONEY_USD);
	gsp_cost_sums_release(&s);
	gsp_ledger_release(&l);
	gsp_buf_release(&b);
}

int
main(void)
{
	test_amounts();
	test_months();
	test_hours();
	test_split();
	test_cap();
	test_always();
	test_fold();
	test_endings();
	test_garbage();
	test_many();
	test_sums();
	test_no_drift();
	return done();
}
