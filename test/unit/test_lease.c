/* gsp/lease_wish, lease_tag: what may be wished, by the clocks here, and how much of it is granted. */
#include <time.h>

#include "gsp/lease.h"
#include "gsp/lease_tag.h"
#include "times.h"

#include "base/banned.h"

#define H 3600

static struct gsp_err err;

static void
zone(const char *tz)
{
	setenv("TZ", tz, 1);
	tzset();
}

/* ---- words ---- */

static int
parse(struct gsp_lease_wish *w, const char *one, const char *two, int64_t now)
{
	char a[80], b[80];
	char *words[] = {a, b, NULL};

	snprintf(a, sizeof(a), "%s", one);
	snprintf(b, sizeof(b), "%s", two != NULL ? two : "");
	gsp_err_clear(&err);
	memset(w, 0x55, sizeof(*w));
	return gsp_lease_wish_parse(w, words, two != NULL ? 2 : 1, now, &err);
}

static void
test_words(void)
{
	static const char *const bad[][2] = {{"+", NULL}, {"+0h", NULL}, {"+5", NULL}, {"+1h30m", NULL},
	    {"+31d", NULL}, {"+-1h", NULL}, {"1h", NULL}, {"-1h", NULL}, {"", NULL}, {"until", NULL},
	    {"hold", NULL}, {"hold", "2"}, {"hold", "forever"}, {"hold", "+2h"}, {"release", "now"},
	    {"+1h", "+1h"}, {"extend", "1h"}, {"UNTIL", "23:30"}};
	struct gsp_lease_wish w;

	zone("UTC");
	OK(parse(&w, "+1h", NULL, 1000) == 0 && w.kind == GSP_LEASE_EXTEND && w.s == H);
	OK(parse(&w, "+90m", NULL, 1000) == 0 && w.s == 90 * 60);
	OK(parse(&w, "+30d", NULL, 1000) == 0 && w.s == GSP_LEASE_WISH_MAX_S);
	OK(parse(&w, "hold", "2h", 1000) == 0 && w.kind == GSP_LEASE_HOLD && w.s == 2 * H);
	OK(parse(&w, "release", NULL, 1000) == 0 && w.kind == GSP_LEASE_RELEASE);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		OK(parse(&w, bad[i][0], bad[i][1], 1000) == -1 && err.code == GSP_EUSAGE);
		OK(err.msg[0] != '\0' && (int)w.kind == 0x55555555); /* untouched */
	}
	OK(parse(&w, "+5", NULL, 1000) == -1 && strstr(err.msg, "+5m or +5h") != NULL);
}

/* The moment "until ${text}" means at ${now}; -1 when it is refused. */
static int64_t
until(const char *text, const char *now)
{
	struct gsp_lease_wish w;

	if (parse(&w, "until", text, at(now)) == -1)
		return err.code == GSP_EUSAGE ? -1 : -2;
	return w.kind == GSP_LEASE_UNTIL ? w.at : -3;
}

#define IS_UNTIL(tz_, text, now, want)                                                             \
	do {                                                                                       \
		zone(tz_);                                                                         \
		IS_INT(until(text, now), at(want));                                                \
	} while (0)
#define NO_UNTIL(tz_, text, now)                                                                   \
	do {                                                                                       \
		zone(tz_);                                                                         \
		IS_INT(until(text, now), -1);                                                      \
	} while (0)

/* Rules in full: no data of the system's zones is needed. */
#define BERLIN "CET-1CEST,M3.5.0,M10.5.0/3"
#define CHICAGO "CST6CDT,M3.2.0,M11.1.0"

static void
test_until(void)
{
	IS_UNTIL("UTC", "23:30", "2026-11-22T20:00:00", "2026-11-22T23:30:00");
	IS_UNTIL("UTC", "23:30:15", "2026-11-22T23:30:00", "2026-11-22T23:30:15");
	IS_UNTIL("UTC", "9:05", "2026-11-22T20:00:00", "2026-11-23T09:05:00"); /* across midnight */
	IS_UNTIL("UTC", "01:00", "2026-12-31T23:00:00", "2027-01-01T01:00:00");
	IS_UNTIL("UTC", "01:00", "2028-02-28T23:00:00", "2028-02-29T01:00:00");
	IS_UNTIL("UTC", "20:00", "2026-11-22T20:00:00", "2026-11-23T20:00:00"); /* now is over */
	IS_UNTIL("UTC", "20:00", "2026-11-22T19:59:59", "2026-11-22T20:00:00");
	IS_UNTIL("UTC", "0:00", "2026-11-22T20:00:00", "2026-11-23T00:00:00");

	IS_UNTIL(BERLIN, "23:30", "2026-11-22T20:00:00", "2026-11-22T22:30:00");
	IS_UNTIL(BERLIN, "0:30", "2026-11-22T22:00:00", "2026-11-22T23:30:00"); /* 23:00 there */
	IS_UNTIL(CHICAGO, "23:30", "2026-11-23T03:00:00", "2026-11-23T05:30:00"); /* still the 22nd */
	/* the night that is an hour short: 2:30 is left out */
	IS_UNTIL(BERLIN, "03:30", "2026-03-28T22:00:00", "2026-03-29T01:30:00");
	IS_UNTIL(BERLIN, "01:30", "2026-03-28T22:00:00", "2026-03-29T00:30:00");
	NO_UNTIL(BERLIN, "02:30", "2026-03-28T22:00:00");
	IS_UNTIL(BERLIN, "02:30", "2026-03-29T22:00:00", "2026-03-30T00:30:00");
	/* before two on that very night, "today's" is left out and tomorrow's comes */
	IS_UNTIL(BERLIN, "02:30", "2026-03-29T00:10:00", "2026-03-30T00:30:00");
	/* the night with an hour twice: the next of both */
	IS_UNTIL(BERLIN, "02:30", "2026-10-24T22:00:00", "2026-10-25T00:30:00");
	IS_UNTIL(BERLIN, "02:30", "2026-10-25T00:30:00", "2026-10-25T01:30:00");
	IS_UNTIL(BERLIN, "02:30", "2026-10-25T01:30:00", "2026-10-26T01:30:00");
	IS_UNTIL(BERLIN, "05:00", "2026-10-24T22:00:00", "2026-10-25T04:00:00");

	IS_UNTIL(BERLIN, "2026-11-23T01:00", "2026-11-22T20:00:00", "2026-11-23T00:00:00");
	IS_UNTIL(BERLIN, "2026-11-23 01:00:30", "2026-11-22T20:00:00", "2026-11-23T00:00:30");
	IS_UNTIL(BERLIN, "2026-11-23T01:00Z", "2026-11-22T20:00:00", "2026-11-23T01:00:00");
	IS_UNTIL(BERLIN, "2026-11-23T01:00:00Z", "2026-11-22T20:00:00", "2026-11-23T01:00:00");
	NO_UNTIL(BERLIN, "2026-11-22T20:59", "2026-11-22T20:00:00"); /* over */
	NO_UNTIL("UTC", "2026-12-23T20:00", "2026-11-22T20:00:00");  /* more than 30 days */
	NO_UNTIL("UTC", "2026-11-31T20:00", "2026-11-22T20:00:00");
	NO_UNTIL("UTC", "2026-11-31T20:00Z", "2026-11-22T20:00:00");
	NO_UNTIL(BERLIN, "2026-03-29T02:30", "2026-03-28T22:00:00");
	NO_UNTIL("UTC", "9999-11-23T01:00", "2026-11-22T20:00:00");
}

static void
test_until_garbage(void)
{
	static const char *const bad[] = {"", "2330", "24:00", "23:60", "23:30:60", "-1:00", "+1:00", ":30",
	    "23:", "23:3", "23:30:", "23:300", "023:30", "23:30Z", "23:30 CET", "11pm", "23h30",
	    "2026-11-23", "2026-11-23T", "2026-11-23T1", "2026-13-01T01:00", "2026-00-01T01:00",
	    "2026-11-00T01:00", "2026-11-23T01:00+01:00", "2026-11-23T01:00ZZ", "26-11-23T01:00",
	    "1969-11-23T01:00", "midnight"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		NO_UNTIL("UTC", bad[i], "2026-11-22T20:00:00");
}

/* ---- how much of it ---- */

static struct gsp_lease_grant
grant(struct gsp_lease l, enum gsp_lease_kind kind, int64_t arg, int64_t now, int64_t budget)
{
	struct gsp_lease_wish w = {.kind = kind};
	struct gsp_lease_grant g;

	if (kind == GSP_LEASE_UNTIL)
		w.at = arg;
	else
		w.s = arg;
	gsp_lease_grant(&g, &l, &w, now, budget);
	return g;
}

#define IS_GRANT(g, until_, hold_, bound_, changed_)                                               \
	do {                                                                                       \
		struct gsp_lease_grant g_ = (g);                                                   \
		IS_INT(g_.to.until, until_);                                                       \
		IS_INT(g_.to.hold, hold_);                                                         \
		IS_INT(g_.bound, bound_);                                                          \
		IS_INT(g_.changed, changed_);                                                      \
	} while (0)

static void
test_extend(void)
{
	const struct gsp_lease l = {10 * H, 0, 16 * H}, open = {10 * H, 0, 0}, endless = {0, 0, 0};
	const struct gsp_lease full = {16 * H, 0, 16 * H}, past = {10 * H, 0, 12 * H};

	IS_GRANT(grant(l, GSP_LEASE_EXTEND, H, 5 * H, 0), 11 * H, 0, GSP_LEASE_FREE, true);
	/* over, and not gone: from now */
	IS_GRANT(grant(l, GSP_LEASE_EXTEND, H, 11 * H, 0), 12 * H, 0, GSP_LEASE_FREE, true);
	/* exactly to the bound is no cut */
	IS_GRANT(grant(l, GSP_LEASE_EXTEND, 6 * H, 5 * H, 0), 16 * H, 0, GSP_LEASE_FREE, true);
	IS_GRANT(grant(l, GSP_LEASE_EXTEND, 6 * H + 1, 5 * H, 0), 16 * H, 0, GSP_LEASE_MAX, true);
	IS_GRANT(grant(full, GSP_LEASE_EXTEND, 1, 5 * H, 0), 16 * H, 0, GSP_LEASE_MAX, false);
	IS_GRANT(grant(open, GSP_LEASE_EXTEND, 100 * H, 5 * H, 0), 110 * H, 0, GSP_LEASE_FREE, true);
	IS_GRANT(grant(endless, GSP_LEASE_EXTEND, H, 5 * H, 0), 0, 0, GSP_LEASE_ENDLESS, false);
	/* a clock far ahead: nothing past the latest, and nothing taken away */
	IS_GRANT(grant(past, GSP_LEASE_EXTEND, H, 50 * H, 0), 12 * H, 0, GSP_LEASE_MAX, true);
	/* the budget: nearer than max; exactly there; before the end it already has */
	IS_GRANT(grant(l, GSP_LEASE_EXTEND, 4 * H, 5 * H, 12 * H), 12 * H, 0, GSP_LEASE_BUDGET, true);
	IS_GRANT(grant(l, GSP_LEASE_EXTEND, 2 * H, 5 * H, 12 * H), 12 * H, 0, GSP_LEASE_FREE, true);
	IS_GRANT(grant(l, GSP_LEASE_EXTEND, H, 5 * H, 8 * H), 10 * H, 0, GSP_LEASE_BUDGET, false);
	IS_GRANT(grant(open, GSP_LEASE_EXTEND, 4 * H, 5 * H, 12 * H), 12 * H, 0, GSP_LEASE_BUDGET, true);
	IS_GRANT(grant(l, GSP_LEASE_EXTEND, 9 * H, 5 * H, 20 * H), 16 * H, 0, GSP_LEASE_MAX, true);
}

static void
test_until_grant(void)
{
	const struct gsp_lease l = {10 * H, 9 * H, 16 * H}, endless = {0, 0, 0};

	IS_GRANT(grant(l, GSP_LEASE_UNTIL, 12 * H, 5 * H, 0), 12 * H, 9 * H, GSP_LEASE_FREE, true);
	IS_GRANT(grant(l, GSP_LEASE_UNTIL, 20 * H, 5 * H, 0), 16 * H, 9 * H, GSP_LEASE_MAX, true);
	IS_GRANT(grant(l, GSP_LEASE_UNTIL, 10 * H, 5 * H, 0), 10 * H, 9 * H, GSP_LEASE_FREE, false);
	/* sooner, whatever the bounds; a hold does not outlast it */
	IS_GRANT(grant(l, GSP_LEASE_UNTIL, 8 * H, 5 * H, 6 * H), 8 * H, 8 * H, GSP_LEASE_FREE, true);
	IS_GRANT(grant(l, GSP_LEASE_UNTIL, 12 * H, 5 * H, 6 * H), 10 * H, 9 * H, GSP_LEASE_BUDGET, false);
	IS_GRANT(grant(endless, GSP_LEASE_UNTIL, 12 * H, 5 * H, 0), 12 * H, 0, GSP_LEASE_FREE, true);
}

static void
test_hold(void)
{
	const struct gsp_lease l = {10 * H, 0, 16 * H}, held = {10 * H, 9 * H, 16 * H};
	const struct gsp_lease endless = {0, 0, 0}, full = {6 * H, 0, 6 * H}, over = {4 * H, 0, 4 * H};

	IS_GRANT(grant(l, GSP_LEASE_HOLD, 2 * H, 5 * H, 0), 10 * H, 7 * H, GSP_LEASE_FREE, true);
	/* the lease lasts as long as the hold */
	IS_GRANT(grant(l, GSP_LEASE_HOLD, 2 * H, 9 * H, 0), 11 * H, 11 * H, GSP_LEASE_FREE, true);
	IS_GRANT(grant(l, GSP_LEASE_HOLD, 9 * H, 9 * H, 0), 16 * H, 16 * H, GSP_LEASE_MAX, true);
	IS_GRANT(grant(l, GSP_LEASE_HOLD, 9 * H, 9 * H, 12 * H), 12 * H, 12 * H, GSP_LEASE_BUDGET, true);
	/* at the bound already: what is left of it can be held */
	IS_GRANT(grant(full, GSP_LEASE_HOLD, 2 * H, 5 * H, 0), 6 * H, 6 * H, GSP_LEASE_MAX, true);
	IS_GRANT(grant(over, GSP_LEASE_HOLD, 2 * H, 5 * H, 0), 4 * H, 0, GSP_LEASE_MAX, false);
	/* another's longer hold stays */
	IS_GRANT(grant(held, GSP_LEASE_HOLD, 2 * H, 5 * H, 0), 10 * H, 9 * H, GSP_LEASE_FREE, false);
	IS_GRANT(grant(endless, GSP_LEASE_HOLD, 2 * H, 5 * H, 0), 0, 7 * H, GSP_LEASE_FREE, true);
	IS_GRANT(grant(endless, GSP_LEASE_HOLD, 2 * H, 5 * H, 6 * H), 0, 6 * H, GSP_LEASE_BUDGET, true);
	IS_GRANT(grant(held, GSP_LEASE_RELEASE, 0, 5 * H, 0), 10 * H, 0, GSP_LEASE_FREE, true);
	IS_GRANT(grant(l, GSP_LEASE_RELEASE, 0, 5 * H, 0), 10 * H, 0, GSP_LEASE_FREE, false);
}

/* ---- the tag ---- */

static void
set_tags(struct gsp_instance *it, const char *const *tags)
{
	memset(it, 0, sizeof(*it));
	for (; tags[it->ntags] != NULL; it->ntags++)
		snprintf(it->tags[it->ntags], sizeof(it->tags[0]), "%s", tags[it->ntags]);
}

#define TAGS(...) set_tags(&it, (const char *const[]){__VA_ARGS__, NULL})

static const char *
put(const struct gsp_instance *it, int64_t when)
{
	static char text[2000];
	struct gsp_argv out = GSP_ARGV_INIT;

	gsp_lease_tag_put(&out, it, when);
	text[0] = '\0';
	for (size_t i = 0; i < out.n; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s ", out.v[i]);
	gsp_argv_release(&out);
	return text;
}

static void
test_tag(void)
{
	struct gsp_instance it;

	TAGS("gsp", "gsp-home:h", "party");
	OK(gsp_lease_tag_read(&it) == 0 && !gsp_lease_tag_right(&it, 5) && gsp_lease_tag_right(&it, 0));
	IS_STR(put(&it, 5), "gsp gsp-home:h party gsp-lease:5 ");
	IS_STR(put(&it, 0), "gsp gsp-home:h party ");
	TAGS("gsp", "gsp-lease:1795374000", "party");
	OK(gsp_lease_tag_read(&it) == 1795374000 && gsp_lease_tag_right(&it, 1795374000));
	OK(!gsp_lease_tag_right(&it, 1795374001) && !gsp_lease_tag_right(&it, 0));
	IS_STR(put(&it, 6), "gsp gsp-lease:6 party ");
	IS_STR(put(&it, 0), "gsp party ");
	/* twice, folded, nonsense: one comes of it, and nobody else's goes */
	TAGS("GSP-LEASE:7", "gsp-lease:9", "gsp-leased:1", "xgsp-lease:1", "gsp-lease:");
	OK(gsp_lease_tag_read(&it) == 9 && !gsp_lease_tag_right(&it, 9));
	IS_STR(put(&it, 9), "gsp-lease:9 gsp-leased:1 xgsp-lease:1 ");
	TAGS("gsp-lease:-1", "gsp-lease:0", "gsp-lease:1e9", "gsp-lease:99999999999999999999", "gsp-lease: 5",
	    "gsp-lease:253402300800", "gsp-lease:0x10", "gsp-lease:5 ");
	IS_INT(gsp_lease_tag_read(&it), 0);
	IS_STR(put(&it, 3), "gsp-lease:3 ");
	TAGS("gsp-lease:253402300799");
	IS_INT(gsp_lease_tag_read(&it), INT64_C(253402300799));
}

static void
test_first(void)
{
	IS_INT(gsp_lease_first(0, 6 * H, 12 * H), 6 * H);
	IS_INT(gsp_lease_first(6 * H - 2, 6 * H, 12 * H), 6 * H - 2); /* chosen as it was made */
	IS_INT(gsp_lease_first(6 * H - 61, 6 * H, 12 * H), 6 * H);    /* a clock that was wrong */
	IS_INT(gsp_lease_first(9 * H, 6 * H, 12 * H), 9 * H);
	IS_INT(gsp_lease_first(INT64_C(253402300799), 6 * H, 12 * H), 12 * H);
	IS_INT(gsp_lease_first(99 * H, 6 * H, 0), 99 * H);
	IS_INT(gsp_lease_first(99 * H, 0, 0), 0);
	IS_INT(gsp_lease_first(-5, 6 * H, 12 * H), 6 * H);
}

/* ---- for people ---- */

static void
test_text(void)
{
	int64_t now = at("2026-11-22T20:00:00");
	struct gsp_lease l = {at("2026-11-22T22:30:00"), 0, 0};
	char buf[GSP_LEASE_TEXT];

	zone(BERLIN);
	IS_STR(gsp_lease_text(buf, sizeof(buf), &l, now), "its lease ends at 23:30 CET, in 2 h 30 min");
	l.until = at("2026-11-22T23:30:00");
	IS_STR(gsp_lease_text(buf, sizeof(buf), &l, now),
	    "its lease ends at 2026-11-23 00:30 CET, in 3 h 30 min");
	l.until = now - 60;
	IS_STR(gsp_lease_text(buf, sizeof(buf), &l, now), "its lease ended at 20:59 CET, 1 min 00 s ago");
	l.until = 0;
	IS_STR(gsp_lease_text(buf, sizeof(buf), &l, now), "its lease has no end");
	IS_INT(gsp_lease_end(&l, 0), 0);
	IS_INT(gsp_lease_end(&l, 7), 7);
	l.until = 9;
	IS_INT(gsp_lease_end(&l, 7), 7);
	IS_INT(gsp_lease_end(&l, 10), 9);
	IS_INT(gsp_lease_end(&l, 0), 9);
}

int
main(void)
{
	test_words();
	test_until();
	test_until_garbage();
	test_extend();
	test_until_grant();
	test_hold();
	test_tag();
	test_first();
	test_text();
	return done();
}
