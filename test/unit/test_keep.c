/* gsp/keep: which generations a policy keeps. */
#include "gsp/keep.h"

#include "tap.h"

#include "base/banned.h"

#define DAY 86400
#define SOME_DAY ((int64_t)19998 * DAY)

static struct gsp_kept v[400];
static size_t n;

static void
add(enum gsp_gen_kind kind, int64_t time, const char *session)
{
	memset(&v[n], 0, sizeof(v[n]));
	v[n].gen.number = n + 1;
	v[n].gen.kind = kind;
	v[n].gen.time = time;
	(void)snprintf(v[n].gen.session, sizeof(v[n].gen.session), "%s", session);
	n++;
}

/* "1 4 5": the numbers that stay. */
static const char *
keep(uint32_t last, uint32_t daily, uint32_t weekly)
{
	const struct gsp_keep k = {last, daily, weekly};
	static char out[4000];
	struct gsp_err err = GSP_ERR_INIT;
	size_t len = 0;

	OK(gsp_keep_apply(&k, v, n, &err) == 0);
	out[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		if (v[i].why != 0)
			len += (size_t)snprintf(out + len, sizeof(out) - len, "%s%zu", len > 0 ? " " : "",
			    i + 1);
		v[i].why = 0;
	}
	n = 0;
	return out;
}

static void
downs(int count, int64_t from, int64_t step)
{
	for (int i = 0; i < count; i++) {
		char session[16];

		(void)snprintf(session, sizeof(session), "s%d", i);
		add(GSP_GEN_DOWN, from + i * step, session);
	}
}

static void
test_counts(void)
{
	IS_STR(keep(10, 7, 4), "");
	downs(3, 0, DAY);
	IS_STR(keep(10, 7, 4), "1 2 3");
	downs(5, 1000, 60);
	IS_STR(keep(2, 0, 0), "4 5");
	downs(5, 1000, 60); /* five on one day */
	IS_STR(keep(0, 7, 0), "5");
	downs(5, 1000, DAY);
	IS_STR(keep(0, 3, 0), "3 4 5");
	downs(5, 1000, DAY);
	IS_STR(keep(2, 3, 0), "3 4 5");
	downs(6, 0, DAY * 30); /* days that have one, not days of the calendar */
	IS_STR(keep(0, 3, 0), "4 5 6");
	downs(5, 1000, 60); /* the newest one never goes */
	IS_STR(keep(0, 0, 0), "5");
	downs(300, 0, DAY);
	IS_STR(keep(1, 2, 3), "291 298 299 300");
}

static void
test_weeks(void)
{
	/* 1970-01-05 was a Monday: Sunday the 4th is the week before */
	add(GSP_GEN_DOWN, 3 * DAY, "a");
	add(GSP_GEN_DOWN, 4 * DAY - 1, "b");
	add(GSP_GEN_DOWN, 4 * DAY, "c");
	add(GSP_GEN_DOWN, 11 * DAY - 1, "d");
	add(GSP_GEN_DOWN, 11 * DAY, "e");
	IS_STR(keep(0, 0, 9), "2 4 5");
	/* and before 1970 */
	add(GSP_GEN_DOWN, -DAY - 1, "a");
	add(GSP_GEN_DOWN, -DAY, "b");
	add(GSP_GEN_DOWN, -1, "c");
	add(GSP_GEN_DOWN, 0, "d");
	IS_STR(keep(0, 9, 0), "1 3 4");
	add(GSP_GEN_DOWN, -3 * DAY - 1, "a"); /* Sunday 1969-12-28 */
	add(GSP_GEN_DOWN, -3 * DAY, "b");     /* Monday */
	add(GSP_GEN_DOWN, 0, "c");
	IS_STR(keep(0, 0, 9), "1 3");
}

/* The number is the order: a wrong clock costs at most one place. */
static void
test_clock(void)
{
	downs(3, SOME_DAY, DAY);
	add(GSP_GEN_DOWN, SOME_DAY + 4000LL * DAY, "future");
	add(GSP_GEN_DOWN, SOME_DAY + 3 * DAY, "now");
	add(GSP_GEN_DOWN, SOME_DAY + 4 * DAY, "next");
	IS_STR(keep(2, 0, 0), "5 6");
	downs(3, SOME_DAY, DAY);
	add(GSP_GEN_DOWN, SOME_DAY + 4000LL * DAY, "future");
	add(GSP_GEN_DOWN, SOME_DAY + 3 * DAY, "now");
	add(GSP_GEN_DOWN, SOME_DAY + 4 * DAY, "next");
	IS_STR(keep(0, 3, 0), "4 5 6");
	/* back and forth between two days: each has one */
	for (int i = 0; i < 6; i++)
		add(GSP_GEN_DOWN, SOME_DAY + (i % 2) * DAY, "x");
	IS_STR(keep(0, 7, 0), "5 6");
	/* all at 1970 */
	for (int i = 0; i < 6; i++)
		add(GSP_GEN_DOWN, 0, "x");
	IS_STR(keep(2, 7, 4), "5 6");
}

static void
test_kinds(void)
{
	add(GSP_GEN_IMPORT, 0, "");
	add(GSP_GEN_EDIT, 0, "");
	add(GSP_GEN_DOWN, 0, "a");
	add(GSP_GEN_RESTORE, 0, "");
	add(GSP_GEN_EDIT, 0, "");
	IS_STR(keep(3, 0, 0), "3 4 5");
	/* the newest from a game stays, whatever was edited since */
	add(GSP_GEN_DOWN, 0, "a");
	add(GSP_GEN_KILLED, 0, "b");
	add(GSP_GEN_EDIT, 0, "");
	add(GSP_GEN_EDIT, 0, "");
	add(GSP_GEN_EDIT, 0, "");
	IS_STR(keep(1, 0, 0), "2 5");
}

static void
test_live(void)
{
	/* its save is home: the live ones before it go, and count for nothing */
	add(GSP_GEN_DOWN, 0, "a");
	add(GSP_GEN_LIVE, DAY, "b");
	add(GSP_GEN_LIVE, DAY, "b");
	add(GSP_GEN_DOWN, DAY, "b");
	IS_STR(keep(2, 0, 0), "1 4");
	/* one after the save: the machine was played on */
	add(GSP_GEN_DOWN, DAY, "b");
	add(GSP_GEN_LIVE, DAY, "b");
	add(GSP_GEN_DOWN, DAY, "c");
	IS_STR(keep(2, 0, 0), "2 3");
	/* it never came home: the last live one stands for it */
	add(GSP_GEN_DOWN, 0, "a");
	add(GSP_GEN_LIVE, DAY, "b");
	add(GSP_GEN_LIVE, DAY, "b");
	add(GSP_GEN_DOWN, 2 * DAY, "c");
	IS_STR(keep(2, 0, 0), "3 4");
	add(GSP_GEN_DOWN, 0, "a");
	add(GSP_GEN_LIVE, DAY, "b");
	add(GSP_GEN_LIVE, DAY, "b");
	add(GSP_GEN_DOWN, 2 * DAY, "c");
	IS_STR(keep(0, 9, 0), "1 3 4");
	/* the highest number stays though nothing asks for it, and so does the newest proven one */
	add(GSP_GEN_DOWN, 0, "a");
	add(GSP_GEN_LIVE, DAY, "b");
	add(GSP_GEN_LIVE, DAY, "b");
	IS_STR(keep(0, 0, 0), "1 3");
	/* needed ones count like others */
	downs(4, 0, 60);
	v[0].why = GSP_KEEP_NEEDED;
	v[3].why = GSP_KEEP_NEEDED;
	IS_STR(keep(2, 0, 0), "1 3 4");
}

int
main(void)
{
	test_counts();
	test_weeks();
	test_clock();
	test_kinds();
	test_live();
	return done();
}
