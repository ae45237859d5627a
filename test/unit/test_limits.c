/* gsp/limits: the hour that would pass a limit, of one machine or of many. */
#include "gsp/limits.h"
#include "gsp/money.h"
#include "times.h"

#include "base/banned.h"

#define H    3600
#define CENT (GSP_MONEY_USD / 100)

static bool of_home;

/* One machine, alone on its server. */
static int64_t
one(struct gsp_limits_machine m, int64_t spent, int64_t home_limit, int64_t server_limit, int64_t now)
{
	struct gsp_limits_sum home = {spent, home_limit}, server = {spent, server_limit};

	m.server = 0;
	of_home = false;
	return gsp_limits_course(&of_home, &m, 1, 0, &home, &server, 1, now);
}

static void
test_one(void)
{
	int64_t t = at("2026-11-10T12:00:00"), now = t + 10;
	struct gsp_limits_machine m = {t, 10 * CENT, -1, 0};

	/* its first hour is in what is spent */
	IS_INT(one(m, 10 * CENT, -1, -1, now), 0);
	IS_INT(one(m, 10 * CENT, 30 * CENT, -1, now), t + 3 * H); /* three hours are just the limit */
	OK(of_home);
	IS_INT(one(m, 10 * CENT, 30 * CENT - 1, -1, now), t + 2 * H);
	IS_INT(one(m, 10 * CENT, 30 * CENT + 1, -1, now), t + 3 * H);
	IS_INT(one(m, 10 * CENT, 10 * CENT, -1, now), t + H);
	IS_INT(one(m, 10 * CENT, 0, -1, now), t + H); /* passed long ago: the next hour does it again */
	IS_INT(one(m, 10 * CENT, -1, 20 * CENT, now), t + 2 * H);
	OK(!of_home);
	IS_INT(one(m, 10 * CENT, 30 * CENT, 20 * CENT, now), t + 2 * H);
	OK(!of_home);
	IS_INT(one(m, 10 * CENT, 20 * CENT, 30 * CENT, now), t + 2 * H);
	OK(of_home);
	/* at the very second at which an hour begins that hour has begun */
	IS_INT(one(m, 10 * CENT, 20 * CENT, -1, t + H - 1), t + 2 * H);
	IS_INT(one(m, 20 * CENT, 20 * CENT, -1, t + H), t + 2 * H);
	IS_INT(one(m, 20 * CENT, 20 * CENT, -1, t + 2 * H - 1), t + 2 * H);
	/* the same limit is nearer the more was spent before */
	IS_INT(one(m, 25 * CENT, 30 * CENT, -1, now), t + H);
	/* no price, no end; and free of charge is none either */
	m.hourly = -1;
	IS_INT(one(m, 0, 10, 10, now), 0);
	m.hourly = 0;
	IS_INT(one(m, 0, 0, 0, now), 0);
}

static void
test_month(void)
{
	int64_t t = at("2026-11-30T22:30:00"), now = t + 60;
	struct gsp_limits_machine m = {t, 10 * CENT, -1, 0};

	/* the hours at 22:30 and 23:30 are November's, that at 0:30 begins a new sum */
	IS_INT(one(m, 90 * CENT, 100 * CENT, -1, now), at("2026-12-01T10:30:00"));
	IS_INT(one(m, 95 * CENT, 100 * CENT, -1, now), at("2026-11-30T23:30:00"));
	m.created = at("2026-11-30T23:00:00");
	IS_INT(one(m, 100 * CENT, 100 * CENT, -1, m.created), at("2026-12-01T10:00:00"));
	/* not within 31 days */
	m = (struct gsp_limits_machine){t, 1, -1, 0};
	IS_INT(one(m, 0, 700, -1, now), at("2026-12-30T04:30:00"));
	IS_INT(one(m, 0, 745, -1, now), 0);
}

static void
test_cap(void)
{
	int64_t t = at("2026-11-10T12:00:00");
	struct gsp_limits_machine m = {t, 10 * CENT, 35 * CENT, 0};

	/* the fourth hour costs half, the fifth nothing: a month of it is within 35 cents */
	IS_INT(one(m, 10 * CENT, 35 * CENT, -1, t), 0);
	IS_INT(one(m, 10 * CENT, 35 * CENT - 1, -1, t), t + 3 * H);
	IS_INT(one(m, 10 * CENT, 34 * CENT, -1, t), t + 3 * H);
	/* capped already, and over the limit: another hour is free */
	IS_INT(one(m, 35 * CENT, 20 * CENT, -1, t + 10 * H), at("2026-12-01T02:00:00"));
	/* and the new month has a cap of its own */
	IS_INT(one(m, 35 * CENT, 34 * CENT, -1, t + 10 * H), at("2026-12-01T03:00:00"));
}

static void
test_many(void)
{
	int64_t t = at("2026-11-10T12:00:00"), now = t + 1800;
	/* hours begin at :00, :10 and :20 */
	struct gsp_limits_machine m[] = {{t, 10 * CENT, -1, 0}, {t + 600, 20 * CENT, -1, 1},
	    {t + 1200, 30 * CENT, -1, 2}};
	const int64_t want[][4] = {
	    /* limit, and the end of each: 60 are spent, then 10 20 30 10 20 30 ... */
	    {60, 1, 1, 1}, {70, 2, 1, 1}, {90, 2, 2, 1}, {120, 2, 2, 2}, {150, 3, 3, 2}, {155, 3, 3, 2}};

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		for (size_t mine = 0; mine < 3; mine++) {
			struct gsp_limits_sum home = {60 * CENT, want[i][0] * CENT};
			struct gsp_limits_sum servers[] = {{10 * CENT, -1}, {20 * CENT, -1}, {30 * CENT, -1}};

			IS_INT(gsp_limits_course(&of_home, m, 3, mine, &home, servers, 3, now),
			    m[mine].created + want[i][mine + 1] * H);
		}
}

/* What ends leaves the rest to the others: by its own limit, or because its hour is the dearer. */
static void
test_others_go_on(void)
{
	int64_t t = at("2026-11-10T12:00:00"), now = t + 1800;
	struct gsp_limits_machine m[] = {{t, 10 * CENT, -1, 0}, {t + 600, 50 * CENT, -1, 1}};
	struct gsp_limits_sum home = {60 * CENT, 100 * CENT};
	struct gsp_limits_sum servers[] = {{10 * CENT, -1}, {50 * CENT, -1}};
	struct gsp_limits_sum own[] = {{10 * CENT, -1}, {50 * CENT, 50 * CENT}};

	/* at 13:00 70; 13:10 would be 120: that one ends; 14:00, 15:00, 16:00 are 100 */
	IS_INT(gsp_limits_course(&of_home, m, 2, 1, &home, servers, 2, now), t + 600 + H);
	home.spent = 60 * CENT;
	servers[0].spent = 10 * CENT;
	servers[1].spent = 50 * CENT;
	IS_INT(gsp_limits_course(&of_home, m, 2, 0, &home, servers, 2, now), t + 5 * H);
	home = (struct gsp_limits_sum){60 * CENT, -1};
	IS_INT(gsp_limits_course(&of_home, m, 2, 0, &home, own, 2, now), 0);
	home = (struct gsp_limits_sum){60 * CENT, 1000 * CENT};
	own[1].spent = 50 * CENT;
	own[0].spent = 10 * CENT;
	IS_INT(gsp_limits_course(&of_home, m, 2, 1, &home, own, 2, now), t + 600 + H);
	OK(!of_home);
}

/* At the same second the older one has its hour. */
static void
test_together(void)
{
	int64_t t = at("2026-11-10T12:00:00");
	struct gsp_limits_machine m[] = {{t + H, 10 * CENT, -1, 0}, {t, 10 * CENT, -1, 1}};
	struct gsp_limits_sum servers[] = {{0, -1}, {0, -1}};
	struct gsp_limits_sum home = {30 * CENT, 40 * CENT};

	IS_INT(gsp_limits_course(&of_home, m, 2, 0, &home, servers, 2, t + H), t + 2 * H);
	home.spent = 30 * CENT;
	IS_INT(gsp_limits_course(&of_home, m, 2, 1, &home, servers, 2, t + H), t + 3 * H);
}

int
main(void)
{
	test_one();
	test_month();
	test_cap();
	test_many();
	test_others_go_on();
	test_together();
	return done();
}
