#include "gsp/lease_wish.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/num.h"

#include "base/banned.h"

#define NEARLY_S 60 /* a machine is made some seconds after its tags were chosen */

/* ---- words ---- */

static int
parse_span(int64_t *out, const char *text, const char *example, struct gsp_err *err)
{
	if (gsp_num_duration_s(out, text, GSP_LEASE_WISH_MAX_S) == -1)
		return gsp_err_set(err, GSP_EUSAGE, "'%.64s' is no time such as 90m or 2h, 30d at most", text);
	if (text[strspn(text, "0123456789")] == '\0')
		return gsp_err_set(err, GSP_EUSAGE, "'%.64s' has no unit: write %s%.20sm or %s%.20sh", text,
		    example, text, example, text);
	return 0;
}

/* ${n} digits at *p, which moves behind them; -1 for anything else. */
static int
digits(const char **p, size_t n)
{
	int v = 0;

	for (; n > 0; n--, (*p)++) {
		if (**p < '0' || **p > '9')
			return -1;
		v = v * 10 + (**p - '0');
	}
	return v;
}

/* "23:30", "9:05", "23:30:15" at *p; false for anything else. */
static bool
parse_clock(struct tm *tm, const char **p)
{
	size_t n = strspn(*p, "0123456789");

	if (n < 1 || n > 2)
		return false;
	tm->tm_hour = digits(p, n);
	if (*(*p)++ != ':' || (tm->tm_min = digits(p, 2)) < 0)
		return false;
	if (**p == ':') {
		(*p)++;
		tm->tm_sec = digits(p, 2);
	}
	return tm->tm_hour <= 23 && tm->tm_min <= 59 && tm->tm_sec >= 0 && tm->tm_sec <= 59;
}

/* "2026-11-23" at *p. */
static bool
parse_date(struct tm *tm, const char **p)
{
	if ((tm->tm_year = digits(p, 4)) < 1970 || *(*p)++ != '-' || (tm->tm_mon = digits(p, 2)) < 1 ||
	    tm->tm_mon > 12 || *(*p)++ != '-' || (tm->tm_mday = digits(p, 2)) < 1)
		return false;
	tm->tm_year -= 1900;
	tm->tm_mon--;
	return true;
}

/* The first moment after ${after} at which the clocks here show ${want}. They show some of them
 * never (an hour is left out), others twice. 0: never. */
static int64_t
shown_here(const struct tm *want, int64_t after)
{
	int64_t best = 0;

	for (int dst = 0; dst <= 1; dst++) {
		struct tm tm = *want, back;
		time_t t;

		tm.tm_isdst = dst;
		t = mktime(&tm);
		if (t == (time_t)-1 || localtime_r(&t, &back) == NULL || back.tm_hour != want->tm_hour ||
		    back.tm_min != want->tm_min || back.tm_mday != want->tm_mday ||
		    back.tm_mon != want->tm_mon || back.tm_year != want->tm_year)
			continue;
		if ((int64_t)t > after && (best == 0 || (int64_t)t < best))
			best = (int64_t)t;
	}
	return best;
}

/* Today's, or tomorrow's if that is over. */
static int64_t
next_shown(const struct tm *clock, int64_t now)
{
	time_t t = (time_t)now;
	struct tm day;
	int64_t at;

	if (localtime_r(&t, &day) == NULL)
		return 0;
	for (int i = 0; i < 2; i++) {
		struct tm want = day;

		want.tm_hour = clock->tm_hour;
		want.tm_min = clock->tm_min;
		want.tm_sec = clock->tm_sec;
		if ((at = shown_here(&want, now)) != 0)
			return at;
		day.tm_hour = 12; /* at noon the day after is the next one, whatever the clocks do */
		day.tm_mday++;
		day.tm_isdst = -1;
		if (mktime(&day) == (time_t)-1)
			return 0;
	}
	return 0;
}

static int
parse_utc(int64_t *out, const struct tm *want)
{
	struct tm tm = *want;

	*out = (int64_t)timegm(&tm);
	return tm.tm_mday == want->tm_mday && tm.tm_mon == want->tm_mon ? 0 : -1;
}

static int
parse_until(int64_t *out, const char *text, int64_t now, struct gsp_err *err)
{
	bool dated = strlen(text) > 10 && (text[10] == 'T' || text[10] == ' ');
	const char *p = text;
	struct tm tm;

	memset(&tm, 0, sizeof(tm));
	if ((dated && (!parse_date(&tm, &p) || p++ != text + 10)) || !parse_clock(&tm, &p) ||
	    strcmp(p, dated && *p == 'Z' ? "Z" : "") != 0)
		return gsp_err_set(err, GSP_EUSAGE, "'%.64s' is no time such as 23:30 or "
		    "2026-11-23T01:00", text);
	if (*p == 'Z' && parse_utc(out, &tm) == -1)
		return gsp_err_set(err, GSP_EUSAGE, "'%.64s': there is no such day", text);
	if (*p != 'Z' && (*out = dated ? shown_here(&tm, 0) : next_shown(&tm, now)) == 0)
		return gsp_err_set(err, GSP_EUSAGE, "'%.64s': there is no such day, or the clocks here "
		    "leave out that hour", text);
	if (*out <= now)
		return gsp_err_set(err, GSP_EUSAGE, "'%.64s' is over; 'gsp down' ends a server now", text);
	if (*out > now + GSP_LEASE_WISH_MAX_S)
		return gsp_err_set(err, GSP_EUSAGE, "'%.64s' is more than 30 days away", text);
	return 0;
}

int
gsp_lease_wish_parse(struct gsp_lease_wish *out, char *const *words, size_t n, int64_t now,
    struct gsp_err *err)
{
	struct gsp_lease_wish w = {.kind = GSP_LEASE_RELEASE};
	const char *word = n > 0 ? words[0] : "", *arg = n > 1 ? words[1] : NULL;
	size_t want = 1;
	int rc = 0;

	if (word[0] == '+') {
		w.kind = GSP_LEASE_EXTEND;
		rc = parse_span(&w.s, word + 1, "+", err);
	} else if (strcmp(word, "until") == 0 || strcmp(word, "hold") == 0) {
		want = 2;
		w.kind = word[0] == 'u' ? GSP_LEASE_UNTIL : GSP_LEASE_HOLD;
		if (arg == NULL)
			return gsp_err_set(err, GSP_EUSAGE, "%s wants a time: '%s'", word,
			    w.kind == GSP_LEASE_UNTIL ? "until 23:30" : "hold 2h");
		rc = w.kind == GSP_LEASE_UNTIL ? parse_until(&w.at, arg, now, err)
		                               : parse_span(&w.s, arg, "", err);
	} else if (strcmp(word, "release") != 0)
		return gsp_err_set(err, GSP_EUSAGE, "'%.64s' is none of +TIME, until TIME, hold TIME and "
		    "release", word);
	if (rc == 0 && n > want)
		return gsp_err_set(err, GSP_EUSAGE, "one word too many: '%.64s'", words[want]);
	if (rc == 0)
		*out = w;
	return rc;
}

/* ---- how much of it ---- */

/* The nearest of what bounds a lease; 0: nothing does. */
static int64_t
nearest(enum gsp_lease_bound *which, const struct gsp_lease *l, int64_t budget_until)
{
	*which = GSP_LEASE_FREE;
	if (l->latest == 0 && budget_until == 0)
		return 0;
	*which = l->latest == 0 || (budget_until != 0 && budget_until < l->latest) ? GSP_LEASE_BUDGET
	                                                                           : GSP_LEASE_MAX;
	return *which == GSP_LEASE_BUDGET ? budget_until : l->latest;
}

/* Later, but not past the bound; never sooner. */
static void
extend(struct gsp_lease_grant *g, int64_t want, int64_t bound, enum gsp_lease_bound which)
{
	if (g->to.until == 0 || want <= g->to.until)
		return;
	if (bound != 0 && want > bound) {
		g->bound = which;
		want = bound;
	}
	if (want > g->to.until)
		g->to.until = want;
}

static void
hold(struct gsp_lease_grant *g, int64_t now, int64_t bound, enum gsp_lease_bound which)
{
	int64_t most;

	extend(g, g->asked, bound, which);
	most = g->to.until != 0 ? g->to.until : bound;
	if (most != 0 && g->asked > most)
		g->bound = which;
	if (g->asked < most || most == 0)
		most = g->asked;
	if (most > g->to.hold && most > now)
		g->to.hold = most;
}

void
gsp_lease_grant(struct gsp_lease_grant *out, const struct gsp_lease *l,
    const struct gsp_lease_wish *w, int64_t now, int64_t budget_until)
{
	struct gsp_lease_grant g = {*l, 0, GSP_LEASE_FREE, false};
	enum gsp_lease_bound which;
	int64_t bound = nearest(&which, l, budget_until);

	switch (w->kind) {
	case GSP_LEASE_EXTEND:
		if (l->until == 0) {
			g.bound = GSP_LEASE_ENDLESS;
			break;
		}
		g.asked = (l->until > now ? l->until : now) + w->s;
		extend(&g, g.asked, bound, which);
		break;
	case GSP_LEASE_UNTIL:
		g.asked = w->at;
		if (l->until != 0 && w->at > l->until)
			extend(&g, w->at, bound, which);
		else
			g.to.until = w->at;
		break;
	case GSP_LEASE_HOLD:
		g.asked = now + w->s;
		hold(&g, now, bound, which);
		break;
	case GSP_LEASE_RELEASE: g.to.hold = 0; break;
	}
	if (g.to.until != 0 && g.to.hold > g.to.until)
		g.to.hold = g.to.until;
	g.changed = g.to.until != l->until || g.to.hold != l->hold;
	*out = g;
}

int64_t
gsp_lease_first(int64_t tag, int64_t first, int64_t latest)
{
	int64_t late = tag - first;

	if (tag <= 0 || first == 0 || late < -NEARLY_S)
		return first;
	return latest != 0 && tag > latest ? latest : tag;
}
