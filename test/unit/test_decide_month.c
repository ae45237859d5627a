/*
 * gsp/decide: simulated months. Evenings, players who come and go, counts that fail, games that
 * hang, downs that fail, leases that are extended, budgets, holds, and a computer that sleeps, all
 * from a seed; what must never happen is checked at each pass. The table is what it came to.
 */
#include "gsp/decide.h"
#include "tap.h"

#include "base/banned.h"

#define MIN    60
#define HOUR   3600
#define DAY    86400
#define MONTHS 100/* of each kind of watch */
#define VISITS 12

struct watch {
	const char *name;
	int64_t pace, jitter;
	bool sleeps;
};

static const struct watch watches[] = {{"loop, 1 minute", 60, 4, false},
    {"loop, and sleep", 60, 4, true}, {"cron, 5 minutes", 300, 20, false},
    {"cron, 10 minutes", 600, 20, false}, {"cron, 15 minutes", 900, 20, false}};

struct tally {
	uint64_t sessions, passes, idle, aimed, inside, wasted_s, lease, budget, again, joined, missed;
	uint64_t thrown, blind, unheard, outside, overrun, stuck, repeated, hasty;
};

/* One evening. */
struct night {
	const struct watch *w;
	struct tally *t;
	struct gsp_decide_rules r;
	struct gsp_decide_memory m;
	int64_t now;
	int64_t from[VISITS], until[VISITS]; /* of players */
	size_t visits;
	int64_t blind_until, hang_until; /* nobody can tell; the game hangs */
	bool counted_since_join, stopped;
	bool slept;          /* just before this pass */
	int64_t last_pass, gap, woke;
	int64_t budget; /* as it was at first */
	bool moves;     /* what is told of it moves on when that hour has begun */
	int64_t late; /* when it last slept, or a down took long */
	int64_t quiet_since; /* each pass measured nobody, and nothing forbade a stop */
	int64_t idle_heard, idle_left, end_heard, end_left; /* announcements */
	int64_t heard_of;    /* the end they were of */
	int64_t down_at;
	bool hang;           /* in this pass */
};

static uint64_t rng;

static uint64_t
rnd(uint64_t below)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (rng >> 11) % below;
}

static int64_t
between(int64_t a, int64_t b)
{
	return a + (int64_t)rnd((uint64_t)(b - a + 1));
}

static int64_t
min(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static bool
chance(unsigned percent)
{
	return rnd(100) < percent;
}

/* The truth: how many are on. */
static uint32_t
playing(const struct night *g)
{
	uint32_t k = 0;

	for (size_t i = 0; i < g->visits; i++)
		k += g->now >= g->from[i] && g->now < g->until[i];
	return g->stopped ? 0 : k;
}

static void
begin(struct night *g, const struct watch *w, struct tally *t, int64_t at, int64_t down_s)
{
	int64_t come = at + between(3 * MIN, 45 * MIN);

	memset(g, 0, sizeof(*g));
	g->w = w;
	g->t = t;
	g->r = (struct gsp_decide_rules){.server = "vanilla", .created = at, .empty_s = 20 * MIN,
	    .never_s = 30 * MIN, .unknown_s = 30 * MIN, .lease_until = at + 6 * HOUR,
	    .lease_latest = at + 12 * HOUR, .down_s = down_s, .no_wait = chance(10)};
	if (chance(15))
		g->r.budget_until = at + between(1, 6) * HOUR;
	g->budget = g->r.budget_until;
	g->moves = chance(50);
	if (chance(10))
		g->r.hold_until = at + between(0, 5 * HOUR);
	/* they leave at about the same time, and some come back, also minutes before a stop */
	g->visits = chance(10) ? 0 : (size_t)between(1, VISITS);
	for (size_t i = 0; i < g->visits; i++) {
		g->from[i] = come;
		g->until[i] = come + between(1, 70 * MIN);
		come += between(0, chance(70) ? 40 * MIN : 120 * MIN);
	}
	g->now = g->quiet_since = at + between(60, 400);
	g->t->sessions++;
	gsp_decide_session(&g->m, "s");
}

static struct gsp_decide_seen
measure(struct night *g)
{
	uint32_t on = playing(g);
	struct gsp_decide_seen s = {.now = g->now, .counted = true, .players = on, .health = 1,
	    .why = "no answer"};

	if (g->now >= g->blind_until && chance(1))
		g->blind_until = g->now + between(1, 50 * MIN);
	/* a game that hangs before anybody was counted looks like one that crashed while empty */
	if (g->now >= g->hang_until && on > 0 && g->counted_since_join && chance(1))
		g->hang_until = g->now + between(1, 90 * MIN);
	g->hang = g->now < g->hang_until;
	s.stopped = g->stopped;
	if (g->stopped || g->now < g->blind_until || chance(2))
		s.counted = false;
	if (g->hang) {
		s.players = 0;
		s.health = 0;
	} else if (s.counted)
		g->counted_since_join = on > 0;
	return s;
}

/* Announcements come before the stop, once each, with less to go each time. */
static void
hear(struct night *g, const struct gsp_decide_act *a)
{
	const char *in = strstr(a->text, " stops in ");
	int64_t left = in != NULL ? strtol(in + 10, NULL, 10) : 0, *was, *heard;

	was = strncmp(a->text, "nobody", 6) == 0 ? &g->idle_left : &g->end_left;
	heard = was == &g->idle_left ? &g->idle_heard : &g->end_heard;
	if (g->slept && was == &g->end_left && g->now >= g->m.end)
		*was = 0; /* said anew to those who came meanwhile */
	g->t->repeated += *was != 0 && left >= *was;
	if (*was == 0)
		*heard = g->now;
	*was = left;
}

/* The pass that begins a down for being idle. */
static void
check_idle(struct night *g, const struct gsp_decide_seen *s, bool again)
{
	g->t->thrown += playing(g) > 0;
	if (!again)
		g->t->unheard += g->idle_heard == 0 || g->now - g->idle_heard < MIN;
	g->t->blind += g->stopped ? s->players > 0 : !s->counted || s->players > 0;
}

static void
check_end(struct night *g, bool again)
{
	int64_t last = g->r.lease_until;

	if (g->r.budget_until != 0 && g->r.budget_until - g->r.down_s < last)
		last = g->r.budget_until - g->r.down_s;
	/* a budget allows for the time between two passes, which two sleeps in a row look like */
	last -= GSP_DECIDE_SPARE_S + 3 * MIN + (g->w->sleeps ? GSP_DECIDE_GAP_S : g->w->pace);
	g->t->hasty += !g->stopped && g->now < last;
	if (!again)
		g->t->unheard += g->end_heard == 0 || g->now - g->end_heard < MIN ||
		    (g->woke >= g->m.end && g->end_heard < g->woke && g->m.end_anew < 3);
}

/* Returns whether the session is over. */
static bool
take_down(struct night *g, const struct gsp_decide_seen *s, const struct gsp_decide_act *a)
{
	bool again = g->m.down_tries > 1;
	int64_t took = g->r.down_s + between(-g->r.down_s / 2, 40), paid;

	if (a->even_if_playing)
		check_end(g, again);
	else
		check_idle(g, s, again);
	g->t->hasty += g->down_at != 0 && g->now - g->down_at < MIN;
	g->t->again += again;
	g->down_at = g->now;
	if (chance(12)) {
		/* refused, or the game stopped and the save did not come home */
		g->stopped |= chance(50);
		g->now += between(1, took);
		return false;
	}
	if (!a->even_if_playing) {
		paid = (g->now + took - g->r.created) % HOUR;
		g->t->idle++;
		if (!again && !g->r.no_wait) {
			/* in the hour that a down of the usual length is over in, and late in it */
			int64_t hour = g->r.created + (g->now + g->r.down_s - g->r.created + HOUR - 1) /
			    HOUR * HOUR;

			g->t->aimed++;
			g->t->inside += g->now + took <= hour;
			/* a little longer than usual is no matter, unless the pass came late, too */
			g->t->outside += g->now + took > hour && (took <= g->r.down_s ||
			    g->now - g->m.idle_stop <= g->w->pace + g->w->jitter);
			g->t->wasted_s += (uint64_t)(paid == 0 ? 0 : HOUR - paid);
		}
	} else if (g->m.end_budget)
		g->t->budget++;
	else
		g->t->lease++;
	return true;
}

/* What must have happened by now, and has not. */
static void
check_late(struct night *g, const struct gsp_decide_seen *s)
{
	int64_t limit = g->m.player_at != 0 ? g->r.empty_s : g->r.never_s, end = g->r.lease_until;

	/* an hour that has begun is paid: a computer that slept takes it down late in it */
	if (g->budget != 0 && g->budget < end)
		end = min(end, g->late > g->budget ? g->late + 2 * HOUR :
		        g->budget + (g->late != 0 || g->r.down_s > HOUR / 2 ? 2 * HOUR : 0));
	if (!s->counted || s->players > 0 || g->hang || g->slept || g->now < g->r.hold_until)
		g->quiet_since = g->now;
	/* full; told a minute before, at the next hour's end at the latest; by one pass more */
	g->t->stuck += g->down_at == 0 && g->now - g->quiet_since >
	        limit + HOUR + MIN + 2 * (g->w->pace + g->w->jitter);
	g->t->overrun += !g->slept && g->down_at == 0 && g->last_pass >= end + MIN &&
	    g->now > end + 2 * (MIN + g->w->pace + g->w->jitter);
}

static void
act_on(struct night *g, const struct gsp_decide_act *a)
{
	if (a->kind == GSP_DECIDE_SAY)
		hear(g, a);
	if (a->kind == GSP_DECIDE_IDLE && strstr(a->text, " stops in ") == NULL &&
	    strstr(a->text, " it stops in ") == NULL) {
		g->idle_heard = g->idle_left = 0; /* taken back */
		g->t->joined += strstr(a->text, "joined") != NULL;
		g->t->missed += strstr(a->text, "was not stopped") != NULL;
	}
	/* they want to play on, and do what the notice says */
	if (a->kind == GSP_DECIDE_LEASE && playing(g) > 0 && chance(40) &&
	    g->r.lease_until + HOUR <= g->r.lease_latest && g->r.lease_until + HOUR > g->now)
		g->r.lease_until += HOUR;
}

static void
pass_time(struct night *g)
{
	g->now += g->w->sleeps && chance(1) ? between(20 * MIN, 9 * HOUR)
	                                    : g->w->pace + between(0, g->w->jitter);
}

/* Returns when it was over. */
static int64_t
play_night(struct night *g)
{
	struct gsp_decide_act acts[GSP_DECIDE_ACTS];

	for (;; pass_time(g)) {
		struct gsp_decide_seen s = measure(g);
		int64_t ends = g->r.lease_until, gap = g->last_pass != 0 ? g->now - g->last_pass : 0;
		size_t n;

		g->slept = gap > 20 * MIN; /* or a down took long */
		g->late = g->slept || gap > 3 * g->w->pace ? g->now : g->late;
		/* twice is a habit, up to a bit more than an hour */
		if (gap > 70 * MIN || (g->slept && g->gap <= 20 * MIN))
			g->woke = g->now;
		g->gap = gap;
		while (g->moves && g->r.budget_until != 0 && g->r.budget_until <= g->now) {
			g->r.budget_until += HOUR;
			if (g->m.end_budget)
				g->end_heard = g->end_left = 0;
		}
		n = gsp_decide(acts, &g->m, &g->r, &s);
		g->t->passes++;
		for (size_t i = 0; i < n; i++) {
			act_on(g, &acts[i]);
			if (acts[i].kind == GSP_DECIDE_DOWN && take_down(g, &s, &acts[i]))
				return g->now;
		}
		if (g->r.lease_until != ends)
			g->end_heard = g->end_left = 0;
		check_late(g, &s);
		g->last_pass = s.now;
		if (g->now > g->r.created + 3 * DAY) {
			g->t->stuck++;
			return g->now;
		}
	}
}

static void
month(const struct watch *w, struct tally *t)
{
	int64_t first = 1795366800, at, over = 0, down_s = between(2 * MIN, 80 * MIN);
	struct night g;

	for (int day = 0; day < 30; day++) {
		at = first + day * DAY + between(0, 5 * HOUR);
		if (chance(30) || at < over)
			continue;
		begin(&g, w, t, at, down_s);
		over = play_night(&g);
	}
}

static void
run(const struct watch *w, struct tally *t)
{
	for (uint64_t seed = 1; seed <= MONTHS; seed++) {
		rng = seed * 0x9e3779b97f4a7c15u;
		month(w, t);
	}
	IS_INT(t->thrown, 0);   /* a player was on */
	IS_INT(t->blind, 0);    /* nobody had been counted, and it was stopped as idle */
	IS_INT(t->unheard, 0);  /* no announcement a minute before */
	IS_INT(t->hasty, 0);    /* before its end; or a down a moment after another */
	IS_INT(t->outside, 0);  /* gone after the paid hour that it aimed at */
	IS_INT(t->overrun, 0);  /* past lease or budget */
	IS_INT(t->stuck, 0);    /* idle, and not stopped in the hour */
	IS_INT(t->repeated, 0); /* the same words twice */
	OK(t->idle > MONTHS && t->lease > 0 && t->budget > 0 && t->joined > 0 && t->again > 0);
}

int
main(void)
{
	struct tally t[sizeof(watches) / sizeof(watches[0])];

	memset(t, 0, sizeof(t));
	for (size_t i = 0; i < sizeof(watches) / sizeof(watches[0]); i++)
		run(&watches[i], &t[i]);
	printf("# %d simulated months each; aimed: idle stops at the first try, for an hour's end\n"
	       "# %-17s %8s %8s %6s %6s %8s %7s %6s %6s %7s %6s\n", MONTHS, "watch", "evenings",
	    "passes", "idle", "aimed", "in time", "unused", "joins", "lease", "budget", "again");
	for (size_t i = 0; i < sizeof(watches) / sizeof(watches[0]); i++) {
		const struct tally *k = &t[i];
		uint64_t unused = k->wasted_s / (k->aimed + (k->aimed == 0));

		printf("# %-17s %8" PRIu64 " %8" PRIu64 " %6" PRIu64 " %6" PRIu64 " %8" PRIu64, watches[i].name,
		    k->sessions, k->passes, k->idle, k->aimed, k->inside);
		printf(" %4" PRIu64 ":%02" PRIu64 " %6" PRIu64 " %6" PRIu64 " %7" PRIu64 " %6" PRIu64 "\n",
		    unused / 60, unused % 60, k->joined, k->lease, k->budget, k->again);
	}
	return done();
}
