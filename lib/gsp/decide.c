#include "gsp/decide.h"

#include "gsp/decide_priv.h"

#include "base/banned.h"

#define MINUTE   60
#define HOUR     3600
#define UNWELL_S (2 * MINUTE)  /* bad health that lasts: not one answer that was lost */
#define SLEPT_S  (20 * MINUTE) /* without a pass: longer than what cron usually has */
#define RARE_S   (70 * MINUTE) /* ... and longer than what anybody would call watching */
#define TOLD_ANEW 3            /* times, at most, that waking up puts off an end by a minute */

/* Minutes before the stop at which it is told. */
static const int before_idle[] = {10, 5, 1, 0}, before_end[] = {30, 10, 5, 1, 0};

/* A down that did not end the session: again so long after it was begun for the nth time. */
static int64_t
again_after(int tries)
{
	return tries <= 1 ? MINUTE : tries == 2 ? 2 * MINUTE : tries == 3 ? 5 * MINUTE : 10 * MINUTE;
}

static int64_t
max(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t
min(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* How long before the last moment to aim at, so that a pass lands between the two. */
static int64_t
spare(int64_t pass_s)
{
	return max(GSP_DECIDE_SPARE_S, min(pass_s, HOUR) + MINUTE);
}

/* ... and the end of the hour in which it is over. */
static int64_t
stop_at(int64_t *hour, const struct gsp_decide_rules *r, int64_t t, int64_t pass_s)
{
	int64_t soonest = max(t + MINUTE, r->hold_until), need, k;

	*hour = 0;
	if (r->no_wait)
		return soonest;
	need = r->down_s + spare(pass_s);
	k = max(0, soonest + need - r->created);
	k = max(1, k / HOUR + (k % HOUR != 0));
	*hour = r->created + k * HOUR;
	return *hour - need;
}

int64_t
gsp_decide_stop_at(const struct gsp_decide_rules *r, int64_t t, int64_t pass_s)
{
	int64_t hour;

	return stop_at(&hour, r, t, pass_s);
}

/*
 * Which announcement is due with ${left_s} to go, after ${told}: one of ${before}, or 0. The first
 * comes earlier where the next pass might be too late for it, or just not early enough.
 */
static int
due(const int *before, int told, int64_t left_s, int64_t pass_s)
{
	int hit = 0;

	if (told == 0 && left_s <= min(pass_s, HOUR) + 3 * MINUTE)
		hit = before[0];
	for (; *before != 0 && left_s <= (int64_t)*before * MINUTE; before++)
		hit = *before;
	return told == 0 || hit < told ? hit : 0;
}

/* What is remembered as later than now was so on a clock that was set back since. */
static void
set_back(struct gsp_decide_memory *m, int64_t now)
{
	int64_t *past[] = {&m->last_pass, &m->zero_at, &m->player_at, &m->unknown_at, &m->unwell_at,
	    &m->idle_first, &m->end_first, &m->down_at};

	for (size_t i = 0; i < sizeof(past) / sizeof(past[0]); i++)
		*past[i] = min(*past[i], now);
}

static void
keep_pace(struct gsp_decide_pass *p)
{
	struct gsp_decide_memory *m = p->m;
	int64_t last = m->last_pass, gap = last != 0 ? p->now - last : 0;

	/* what comes twice in a row is how often passes come, not a computer that slept */
	p->slept = gap > SLEPT_S &&
	    (gap > RARE_S || gap > m->gap_s / 4 * 5 || gap < m->gap_s / 4 * 3);
	/* ... nor is it what one pass waited for, that began a down */
	if ((gap <= SLEPT_S || m->gap_s > SLEPT_S) && (m->down_at == 0 || m->down_at != last))
		m->pass_s = max(min(gap, HOUR), m->pass_s - m->pass_s / 8);
	/* nothing was measured meanwhile: not that nobody could tell either */
	if (p->slept && m->unknown_at != 0)
		m->unknown_at += gap - GSP_DECIDE_GAP_S;
	m->gap_s = gap;
	m->last_pass = p->now;
}

static void
believe(struct gsp_decide_pass *p)
{
	const struct gsp_decide_seen *s = p->seen;

	if (!s->counted)
		p->count = GSP_DECIDE_CANNOT_TELL;
	else if (s->players > 0)
		p->count = GSP_DECIDE_PLAYED;
	else if (s->health == 0 && p->m->players > 0)
		p->count = GSP_DECIDE_CANNOT_TELL; /* it hangs, and has lost its players */
	else
		p->count = GSP_DECIDE_NOBODY;
}

static void
forget_idle(struct gsp_decide_memory *m)
{
	m->idle_stop = m->idle_hour = m->idle_first = 0;
	m->idle_left = 0;
}

static void
forget_end(struct gsp_decide_memory *m)
{
	m->end = m->end_of = m->end_first = 0;
	m->end_budget = false;
	m->end_left = m->end_anew = 0;
}

static void
forget_down(struct gsp_decide_memory *m)
{
	m->down = GSP_DECIDE_NO_DOWN;
	m->down_at = 0;
	m->down_tries = 0;
}

static void
played(struct gsp_decide_pass *p, int64_t at)
{
	struct gsp_decide_memory *m = p->m;

	m->zero_at = m->zero_s = 0;
	m->player_at = at;
	if (m->idle_stop != 0)
		gsp_decide_say_stays(p, GSP_DECIDE_JOINED);
	forget_idle(m);
	if (m->down == GSP_DECIDE_IDLE_DOWN)
		forget_down(m);
}

static void
clocks(struct gsp_decide_pass *p)
{
	struct gsp_decide_memory *m = p->m;

	/* whoever joined and left again between two passes */
	if (p->seen->met > m->player_at && p->seen->met <= p->now)
		played(p, p->seen->met);
	switch (p->count) {
	case GSP_DECIDE_CANNOT_TELL: m->zero_at = 0; return;
	case GSP_DECIDE_PLAYED:
		m->players = p->seen->players;
		played(p, p->now);
		return;
	case GSP_DECIDE_NOBODY:
		if (m->zero_at != 0)
			m->zero_s += min(p->now - m->zero_at, GSP_DECIDE_GAP_S);
		m->zero_at = p->now;
		m->players = 0;
		return;
	}
}

/* The game was told to stop, for a reason of ours: what is left is to finish it. */
static bool
winding_up(const struct gsp_decide_pass *p)
{
	return p->seen->stopped && p->m->down != GSP_DECIDE_NO_DOWN;
}

/* Whether anybody can tell how many play. */
static void
watch_unknown(struct gsp_decide_pass *p)
{
	struct gsp_decide_memory *m = p->m;

	if (p->seen->counted || winding_up(p)) {
		if (m->unknown_told && p->seen->counted)
			gsp_decide_say_known(p);
		m->unknown_at = 0;
		m->unknown_told = false;
		return;
	}
	if (m->unknown_at == 0)
		m->unknown_at = p->now;
	if (!m->unknown_told && p->r->unknown_s > 0 && p->now - m->unknown_at >= p->r->unknown_s) {
		m->unknown_told = true;
		gsp_decide_say_unknown(p);
	}
}

/* Whether the game is well, as long as it is not known to be empty. */
static void
watch_health(struct gsp_decide_pass *p)
{
	struct gsp_decide_memory *m = p->m;

	if (p->seen->health == 1 || m->players == 0 || winding_up(p)) {
		if (m->unwell_told && p->seen->health == 1)
			gsp_decide_say_well(p);
		m->unwell_at = 0;
		m->unwell_told = false;
		return;
	}
	if (p->seen->health != 0)
		return; /* nobody says either: as before */
	if (m->unwell_at == 0)
		m->unwell_at = p->now;
	if (!m->unwell_told && p->now - m->unwell_at >= UNWELL_S) {
		m->unwell_told = true;
		gsp_decide_say_unwell(p);
	}
}

/* It is not the first hour any more that is too much: nothing ended in time. */
static bool
was_passed(const struct gsp_decide_pass *p)
{
	int64_t was = p->m->budget_was;

	return was != 0 && was <= p->now && p->r->budget_until > was &&
	    p->r->budget_until - p->now <= HOUR;
}

/* The machine is to be gone before the hour begins that is too much; where that cannot be done any
 * more, before the next one: that hour is paid. */
static int64_t
budget_end(const struct gsp_decide_pass *p, bool *late)
{
	int64_t soonest = p->now + MINUTE + p->r->down_s, hour = p->r->budget_until;

	*late = hour < soonest || was_passed(p);
	if (hour < soonest)
		hour += (soonest - hour + HOUR - 1) / HOUR * HOUR;
	return max(1, hour - p->r->down_s - spare(min(p->m->pass_s, GSP_DECIDE_GAP_S)));
}

/* The lease's end or the budget's, whichever is nearer. */
static struct gsp_decide_end
nearer_end(const struct gsp_decide_pass *p)
{
	const struct gsp_decide_memory *m = p->m;
	const struct gsp_decide_rules *r = p->r;
	struct gsp_decide_end lease = {r->lease_until, r->lease_until, false, false};
	struct gsp_decide_end budget = {0, r->budget_until, true, false};

	if (r->budget_until == 0)
		return lease;
	/* what was announced stays, however passes come */
	if (m->end != 0 && m->end_budget && m->end_of == r->budget_until)
		budget.at = m->end;
	else
		budget.at = budget_end(p, &budget.late);
	return lease.at != 0 && lease.at <= budget.at ? lease : budget;
}

/* Returns whether it is over. */
static bool
watch_end(struct gsp_decide_pass *p, const struct gsp_decide_end *end)
{
	struct gsp_decide_memory *m = p->m;
	int64_t left = end->at - p->now;
	int told;

	if (m->end != 0 && (m->end_of != end->of || m->end_budget != end->budget)) {
		forget_end(m);
		if (m->down == GSP_DECIDE_END_DOWN && !p->seen->stopped)
			forget_down(m);
	}
	if (end->at == 0)
		return false;
	if (p->slept && left <= 0 && m->end_left != 0 && m->end_anew < TOLD_ANEW) {
		m->end_left = 0; /* who plays now may have come since */
		m->end_anew++;
	}
	if (m->end_left != 0 && left <= 0 && p->now - m->end_first >= MINUTE)
		return true;
	told = due(before_end, m->end_left, left, m->pass_s);
	if (told == 0 && end->late && m->end_left == 0)
		told = 2 * before_end[0]; /* beside the usual ones */
	if (told == 0)
		return false;
	if (m->end_left == 0)
		m->end_first = p->now;
	m->end = end->at;
	m->end_of = end->of;
	m->end_budget = end->budget;
	m->end_left = told;
	gsp_decide_say_end(p, end, left);
	return false;
}

/* An announced idle stop that does not hold any more; nor does a down that was refused. */
static void
lapse(struct gsp_decide_pass *p, bool idle)
{
	struct gsp_decide_memory *m = p->m;

	if (m->idle_stop == 0)
		return;
	if (p->r->hold_until > p->now && p->r->hold_until > m->idle_stop)
		gsp_decide_say_stays(p, GSP_DECIDE_HELD);
	else if (m->idle_hour != 0 && p->now + p->r->down_s > m->idle_hour)
		gsp_decide_say_stays(p, GSP_DECIDE_MISSED);
	else if (idle && m->idle_stop - p->now <= spare(m->pass_s) + HOUR)
		return;
	/* the rest: other rules, or a clock that was set back by much */
	forget_idle(m);
	if (m->down == GSP_DECIDE_IDLE_DOWN)
		forget_down(m);
}

/* Returns whether it is to be stopped now. */
static bool
watch_idle(struct gsp_decide_pass *p, const struct gsp_decide_end *end)
{
	struct gsp_decide_memory *m = p->m;
	int64_t limit = m->player_at != 0 ? p->r->empty_s : p->r->never_s, at, hour;
	bool idle = limit > 0 && m->zero_s >= limit;
	int told;

	lapse(p, idle);
	if (p->count != GSP_DECIDE_NOBODY || !idle)
		return false;
	at = m->idle_stop;
	hour = m->idle_hour;
	if (at == 0)
		at = stop_at(&hour, p->r, p->now, m->pass_s);
	if (m->idle_stop != 0 && p->now >= at && p->now - m->idle_first >= MINUTE)
		return true;
	if (end->at != 0 && end->at <= at)
		return false; /* that comes first */
	if ((told = due(before_idle, m->idle_left, at - p->now, m->pass_s)) == 0)
		return false;
	gsp_decide_say_idle(p, at - p->now, m->idle_left == 0);
	if (m->idle_left == 0)
		m->idle_first = p->now;
	m->idle_stop = at;
	m->idle_hour = hour;
	m->idle_left = told;
	return false;
}

/* A down for being idle was begun before; the server is still there, and nobody plays. */
static bool
still_idle(const struct gsp_decide_pass *p)
{
	return p->m->down == GSP_DECIDE_IDLE_DOWN && p->count == GSP_DECIDE_NOBODY &&
	    p->now >= p->r->hold_until;
}

static void
begin_down(struct gsp_decide_pass *p, const struct gsp_decide_end *end, bool over)
{
	struct gsp_decide_memory *m = p->m;

	if (m->down_tries > 0 && p->now - m->down_at < again_after(m->down_tries))
		return;
	if (m->down_tries == 4)
		gsp_decide_say_failing(p);
	if (over)
		m->down = GSP_DECIDE_END_DOWN;
	else if (m->down == GSP_DECIDE_NO_DOWN)
		m->down = GSP_DECIDE_IDLE_DOWN;
	m->down_at = p->now;
	m->down_tries = m->down_tries < 1000 ? m->down_tries + 1 : 1000;
	gsp_decide_say_down(p, m->down == GSP_DECIDE_END_DOWN ? end : NULL);
}

size_t
gsp_decide(struct gsp_decide_act acts[GSP_DECIDE_ACTS], struct gsp_decide_memory *m,
    const struct gsp_decide_rules *r, const struct gsp_decide_seen *seen)
{
	struct gsp_decide_pass p = {.acts = acts, .m = m, .r = r, .seen = seen, .now = seen->now};
	struct gsp_decide_end end;
	bool over;

	set_back(m, p.now);
	keep_pace(&p);
	believe(&p);
	clocks(&p);
	watch_unknown(&p);
	watch_health(&p);
	end = nearer_end(&p);
	m->budget_was = r->budget_until;
	over = !winding_up(&p) && watch_end(&p, &end);
	if (over || winding_up(&p) || still_idle(&p) || watch_idle(&p, &end))
		begin_down(&p, &end, over);
	return p.n;
}
