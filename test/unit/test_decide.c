/*
 * gsp/decide: every clock and decision by name. An evening is written as its passes, what came of
 * it as a line with the minute of each act.
 */
#include <stdarg.h>

#include "base/clock.h"
#include "gsp/decide.h"
#include "tap.h"

#include "base/banned.h"

#define MIN  ((int64_t)60)
#define HOUR (60 * MIN)

static struct gsp_decide_rules r;
static struct gsp_decide_memory m;
static struct gsp_decide_act acts[GSP_DECIDE_ACTS];
static size_t n;
static int64_t now, created;
static char line[8192];

/* A machine from 19:00, whose down takes 5 minutes: idle stops aim at 52 minutes past. */
static void
fresh(void)
{
	if (gsp_clock_parse(&created, "2026-11-22T19:00:00Z") == -1)
		exit(1);
	r = (struct gsp_decide_rules){.server = "vanilla", .created = created, .empty_s = 20 * MIN,
	    .never_s = 30 * MIN, .unknown_s = 30 * MIN, .down_s = 5 * MIN};
	memset(&m, 0, sizeof(m));
	gsp_decide_session(&m, "s7k2m9qx");
	now = created;
	line[0] = '\0';
	n = 0;
}

static void
note(const char *fmt, ...)
{
	size_t len = strlen(line);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line + len, sizeof(line) - len, fmt, ap);
	va_end(ap);
}

static const char *
kind_of(const struct gsp_decide_act *a)
{
	static const char *const names[] = {"say", "idle", "lease", "budget", "unknown", "failing"};
	static const struct {
		const char *in, *name;
	} more[] = {{"somebody joined", "joined"}, {"is held until", "held"},
	    {"was not stopped at", "missed"}, {"can be told again", "known"}, {"has been unhealthy", "unwell"},
	    {"is healthy again", "well"}};

	if (a->kind == GSP_DECIDE_DOWN)
		return a->even_if_playing ? "DOWN!" : "down";
	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++)
		if (strstr(a->text, more[i].in) != NULL)
			return more[i].name;
	return names[a->kind];
}

/* "42 say 10, 42 idle 10": minute (and second), kind, minutes to go */
static void
write_down(const struct gsp_decide_act *a)
{
	int64_t at = now - created;
	const char *in = strstr(a->text, "stops in ");

	note("%s%" PRId64, line[0] != '\0' ? ", " : "", at / 60);
	if (at % 60 != 0)
		note(":%02d", (int)(at % 60));
	note(" %s", kind_of(a));
	if (a->kind != GSP_DECIDE_DOWN && in != NULL)
		note(" %ld", strtol(in + strlen("stops in "), NULL, 10));
	if (strlen(a->text) >= (a->kind == GSP_DECIDE_SAY ? 200 : sizeof(a->text) - 1))
		IS_STR(a->text, "a shorter text");
}

static void
pass(const char *what)
{
	struct gsp_decide_seen s = {.now = now, .health = 1, .counted = *what != '?', .why = "no answer"};
	char *end = NULL;

	s.players = s.counted ? (uint32_t)strtoul(what, &end, 10) : 0;
	for (const char *p = s.counted ? end : what + 1; *p != '\0' && *p != ' ' && *p != '*'; p++) {
		if (*p == 'u')
			s.health = 0;
		else if (*p == 'n')
			s.health = -1;
		else if (*p == 's')
			s.stopped = true;
		else
			exit(1);
	}
	n = gsp_decide(acts, &m, &r, &s);
	for (size_t i = 0; i < n; i++)
		write_down(&acts[i]);
}

/*
 * Passes ${every} seconds apart. "0" nobody, "2" players, "?" cannot tell; followed by u: unhealthy,
 * n: nobody to ask about health, s: the game was told to stop; by *20: so many of them. "+90" and
 * "-90": so many seconds without a pass; "@2520": so many after the beginning.
 */
static const char *
play(int64_t every, const char *script)
{
	line[0] = '\0';
	for (const char *p = script; *p != '\0'; p += strcspn(p, " "), p += strspn(p, " ")) {
		const char *star = memchr(p, '*', strcspn(p, " "));

		if (*p == '+' || *p == '-')
			now += strtol(p, NULL, 10);
		else if (*p == '@')
			now = created + strtol(p + 1, NULL, 10);
		else
			for (long i = star != NULL ? strtol(star + 1, NULL, 10) : 1; i > 0; i--) {
				pass(p);
				now += every;
			}
	}
	return line;
}

static const char *
text_of(enum gsp_decide_kind kind)
{
	for (size_t i = 0; i < n; i++)
		if (acts[i].kind == kind)
			return acts[i].text;
	return "";
}

/* ---- which moment ---- */

static int64_t
stop_at(int64_t t, int64_t pass_s)
{
	return gsp_decide_stop_at(&r, created + t, pass_s) - created;
}

static void
test_moment(void)
{
	fresh();
	IS_INT(stop_at(0, 0), 52 * MIN);
	IS_INT(stop_at(0, 60), 52 * MIN);
	IS_INT(stop_at(0, 120), 52 * MIN);
	IS_INT(stop_at(0, 300), 49 * MIN); /* 300 and a minute */
	IS_INT(stop_at(0, 600), 44 * MIN);
	IS_INT(stop_at(0, 900), 39 * MIN);
	IS_INT(stop_at(51 * MIN, 60), 52 * MIN); /* just a minute's notice */
	IS_INT(stop_at(51 * MIN + 1, 60), 112 * MIN);
	IS_INT(stop_at(52 * MIN, 60), 112 * MIN);
	IS_INT(stop_at(-100 * HOUR, 0), 52 * MIN); /* before it was made: a clock that is wrong */
	r.down_s = 90 * MIN;
	IS_INT(stop_at(0, 0), 27 * MIN); /* over at the second hour's end */
	IS_INT(stop_at(26 * MIN + 1, 0), 87 * MIN);
	r.down_s = 5 * MIN;
	r.hold_until = created + 52 * MIN;
	IS_INT(stop_at(0, 0), 52 * MIN);
	r.hold_until++;
	IS_INT(stop_at(0, 0), 112 * MIN);
	r.no_wait = true;
	IS_INT(stop_at(0, 0), 52 * MIN + 1);
	IS_INT(stop_at(52 * MIN, 0), 53 * MIN);
}

/* ---- idle ---- */

static void
test_idle(void)
{
	/* nobody ever came: 30 minutes, then late in the hour */
	fresh();
	IS_STR(play(60, "0*53"), "42 say 10, 42 idle 10, 47 say 5, 51 say 1, 52 down");
	IS_STR(text_of(GSP_DECIDE_DOWN), "nobody has come to play in 52 minutes");
	/* everybody left: 20 minutes */
	fresh();
	IS_STR(play(60, "0*10 2*20 0*23"), "50 say 2, 50 idle 2, 51 say 1, 52 down");
	IS_STR(text_of(GSP_DECIDE_DOWN), "nobody has played for 22 minutes");
	/* and not before: full at 51:01, too late for this hour */
	fresh();
	IS_STR(play(60, "2*31 +1 0*22"), "");
	IS_STR(play(60, "0*60"), "102:01 say 10, 102:01 idle 10, 107:01 say 5, 111:01 say 1, 112:01 down");
	/* exactly a minute before is soon enough */
	fresh();
	IS_STR(play(60, "2*31 0*22"), "51 say 1, 51 idle 1, 52 down");
	/* seconds: full at 20 minutes, not one before */
	fresh();
	r.no_wait = true;
	IS_STR(play(60, "2 @60 0 @1259 0"), "");
	fresh();
	r.no_wait = true;
	r.empty_s = 10 * MIN;
	IS_STR(play(60, "2 @60 0 @659 0 @660 0 @719 0 @720 0"), "11 say 1, 11 idle 1, 12 down");
	/* each of them may be off */
	fresh();
	r.never_s = 0;
	IS_STR(play(60, "0*130"), "");
	IS_STR(play(60, "1 0*42"), "162 say 10, 162 idle 10, 167 say 5, 171 say 1, 172 down");
	fresh();
	r.empty_s = 0;
	IS_STR(play(60, "1 0*130"), "");
	/* the words */
	fresh();
	play(60, "0*43");
	IS_INT(n, 2);
	IS_STR(acts[0].text, "nobody plays: this server stops in 10 minutes unless somebody joins");
	IS_STR(acts[1].text, "nobody has come to play on 'vanilla' in 42 minutes: it stops in 10 minutes "
	    "(19:52 UTC) unless somebody joins; 'gsp lease vanilla hold 2h' keeps it");
}

static void
test_join(void)
{
	/* a join at any moment cancels; even at the last */
	fresh();
	IS_STR(play(60, "0*52 1"), "42 say 10, 42 idle 10, 47 say 5, 51 say 1, 52 joined");
	IS_STR(text_of(GSP_DECIDE_IDLE), "somebody joined: 'vanilla' stays");
	/* and the clock begins again, with the other limit */
	IS_INT(m.zero_s, 0);
	IS_INT(m.idle_stop, 0);
	IS_STR(play(60, "0*60"), "102 say 10, 102 idle 10, 107 say 5, 111 say 1, 112 down");
	/* nobody was told anything: nothing to take back */
	fresh();
	IS_STR(play(60, "0*40 1 0"), "");
	/* a join after a down was refused: the next one is another story */
	fresh();
	play(60, "0*53");
	IS_STR(play(60, "1 0*10"), "53 joined");
	IS_INT(m.down, GSP_DECIDE_NO_DOWN);
	IS_INT(m.down_tries, 0);
}

static void
test_cannot_tell(void)
{
	/* the clock stands still over them, and nothing between is counted */
	fresh();
	r.no_wait = true;
	r.unknown_s = 0;
	play(60, "2 0*11");
	IS_INT(m.zero_s, 10 * MIN);
	play(60, "?*30");
	IS_INT(m.zero_s, 10 * MIN);
	play(60, "0");
	IS_INT(m.zero_s, 10 * MIN);
	IS_STR(play(60, "0*9"), "");
	IS_STR(play(60, "0*2"), "52 say 1, 52 idle 1, 53 down");
	/* one in two: never a step */
	fresh();
	play(60, "2 0 ? 0 ? 0 ? 0 ? 0");
	IS_INT(m.zero_s, 0);
	/* it does not make anybody of nobody */
	fresh();
	r.empty_s = 0;
	IS_STR(play(60, "?*10 0*33"), "42 say 10, 42 idle 10");
	/* at the moment of the stop: none; the next zero, if it is still worth while */
	fresh();
	IS_STR(play(60, "0*52 ?*2"), "42 say 10, 42 idle 10, 47 say 5, 51 say 1");
	IS_STR(play(60, "0"), "54 down");
	/* up to the last second at which it can be gone in time */
	fresh();
	play(60, "0*52 ?*3");
	IS_STR(play(60, "@3300 0"), "55 down");
	fresh();
	play(60, "0*52 ?*3");
	IS_STR(play(60, "@3301 0"), "55:01 missed");
	IS_STR(text_of(GSP_DECIDE_IDLE), "'vanilla' was not stopped at 19:52 UTC: nobody looked in time; "
	    "late in its next paid hour it is, if nobody plays then");
	fresh();
	IS_STR(play(60, "0*52 ?*6 0*50"), "42 say 10, 42 idle 10, 47 say 5, 51 say 1, 56 missed, "
	    "102 say 10, 102 idle 10, 107 say 5");
	/* nothing is said to players by a pass that cannot tell */
	fresh();
	IS_STR(play(60, "0*40 ?*11 0*2"), "51 say 1, 51 idle 1, 52 down");
}

static void
test_clock(void)
{
	/* a step counts for 15 minutes at most: asleep, it measured nothing */
	fresh();
	r.never_s = 40 * MIN;
	play(60, "0 0");
	IS_INT(m.zero_s, 60);
	play(60, "+39540 0");
	IS_INT(m.zero_s, 60 + GSP_DECIDE_GAP_S);
	fresh();
	play(900, "0 0");
	IS_INT(m.zero_s, 900);
	fresh();
	play(901, "0 0");
	IS_INT(m.zero_s, 900);
	/* backwards: nothing, and on from there */
	fresh();
	play(60, "0*11 -7200 0");
	IS_INT(m.zero_s, 10 * MIN);
	IS_INT(m.zero_at, now - 60);
	play(60, "0");
	IS_INT(m.zero_s, 11 * MIN);
	/* the same second twice, as two watches do */
	fresh();
	play(0, "0*50");
	IS_INT(m.zero_s, 0);
	/* set back while a stop is announced: by little it stays, by much it is announced anew */
	fresh();
	IS_STR(play(60, "0*50 -120 0*5"), "42 say 10, 42 idle 10, 47 say 5, 51 say 1, 52 down");
	fresh();
	IS_STR(play(60, "0*50 -28800 0"), "42 say 10, 42 idle 10, 47 say 5");
	IS_INT(m.idle_stop, 0);
	/* set forward past it: this hour's moment is over */
	fresh();
	IS_STR(play(60, "0*50 +3600 0"), "42 say 10, 42 idle 10, 47 say 5, 110 missed, 110 say 2, "
	    "110 idle 2");
}

static const int64_t paces[] = {1, 30, 60, 90, 120, 180, 181, 300, 600, 900, 1000, 1800, 3600};

static void
pace_at(int64_t every, int64_t late)
{
	fresh();
	for (now += late; m.down_tries == 0 && now < created + 6 * HOUR; now += every)
		pass("0");
	if (m.down_tries != 1 || m.down_at - m.idle_first < MIN || m.idle_left == 0 ||
	    m.down_at + r.down_s > m.idle_hour || (m.idle_hour - created) % HOUR != 0 ||
	    m.down_at > m.idle_first + every + (every < 9 * MIN ? 10 * MIN : every + MIN))
		OK(printf("# every %" PRId64 ", from %" PRId64 ": down %" PRId64 "\n", every, late,
		       m.down_at - created) < 0);
}

static void
test_pace(void)
{
		/* cron: the stop is so early that a pass finds it worth while, and an earlier one told of it */
	fresh();
	IS_STR(play(300, "0*20"), "40 say 9, 40 idle 9, 45 say 4, 50 down, 55 down, 60 down, "
	    "65 down, 75 failing, 75 down, 85 down, 95 down");
	fresh();
	IS_STR(play(600, "0*6"), "40 say 4, 40 idle 4, 50 down");
	fresh();
	IS_STR(play(900, "0*4"), "30 say 9, 30 idle 9, 45 down");
	fresh();
	IS_STR(play(1800, "0*4"), "60 say 24, 60 idle 24, 90 down");
	fresh();
	IS_STR(play(3600, "0*4"), "120 say 54, 120 idle 54, 180 down");
	/* wherever in the hour they come, never too late for it, never without a word */
	for (size_t i = 0; i < sizeof(paces) / sizeof(paces[0]); i++)
		for (int64_t late = 0; late < 3600; late += 13)
			pace_at(paces[i], late);
	/* a loop that died leaves cron: the first hour may be missed, not the next */
	fresh();
	IS_STR(play(60, "0*45"), "42 say 10, 42 idle 10");
	IS_STR(play(600, "@2699 0*14"), "54:59 down, 64:59 down, 74:59 down, 84:59 down, 94:59 failing, "
	    "94:59 down, 104:59 down, 114:59 down, 124:59 down, 134:59 down, 144:59 down, 154:59 down, "
	    "164:59 down, 174:59 down");
}

static void
test_hold(void)
{
	/* the clock runs on, the stop waits: also for the hour in which it is over */
	fresh();
	r.hold_until = created + 2 * HOUR;
	IS_STR(play(60, "0*173"), "162 say 10, 162 idle 10, 167 say 5, 171 say 1, 172 down");
	/* not a second before it ends */
	fresh();
	r.hold_until = created + 112 * MIN;
	IS_STR(play(60, "0*113"), "102 say 10, 102 idle 10, 107 say 5, 111 say 1, 112 down");
	fresh();
	r.hold_until = created + 112 * MIN + 1;
	IS_STR(play(60, "0*113"), "");
	/* one that comes when the stop is announced takes it back */
	fresh();
	play(60, "0*45");
	r.hold_until = created + 3 * HOUR;
	IS_STR(play(60, "0*150"), "45 held");
	IS_STR(play(60, "0*30"), "222 say 10, 222 idle 10");
	fresh();
	play(60, "0*45");
	r.hold_until = created + 3 * HOUR;
	play(60, "0");
	IS_STR(acts[0].text, "'vanilla' stays: it is held until 22:00 UTC");
	/* released: as if it had not been */
	r.hold_until = 0;
	IS_STR(play(60, "0*7"), "46 say 6, 46 idle 6, 47 say 5, 51 say 1, 52 down");
	/* with no_wait the hold's end is the moment */
	fresh();
	r.hold_until = created + HOUR;
	r.no_wait = true;
	IS_STR(play(60, "0*61"), "50 say 10, 50 idle 10, 55 say 5, 59 say 1, 60 down");
	/* a down that was refused before is not tried in it */
	fresh();
	play(60, "0*53");
	r.hold_until = created + 2 * HOUR;
	IS_STR(play(60, "0*20"), "53 held");
	IS_INT(m.down, GSP_DECIDE_NO_DOWN);
}

static void
test_no_wait(void)
{
	fresh();
	r.no_wait = true;
	IS_STR(play(60, "0*32"), "30 say 1, 30 idle 1, 31 down");
	fresh();
	r.no_wait = true;
	IS_STR(play(60, "0*31 @1859 0 @1860 0"), "30 say 1, 30 idle 1, 31 down");
	/* no moment to miss: the next zero will do */
	fresh();
	r.no_wait = true;
	IS_STR(play(60, "0*31 ?*20 0"), "30 say 1, 30 idle 1, 51 down");
	/* a long time between passes is none between being told and stopped */
	fresh();
	r.no_wait = true;
	IS_STR(play(600, "0*5"), "30 say 1, 30 idle 1, 40 down");
}

/* ---- cannot tell, unwell ---- */

static void
test_unknown(void)
{
	fresh();
	IS_STR(play(60, "0 ?*30"), "");
	IS_STR(play(60, "?"), "31 unknown");
	IS_STR(acts[0].text, "nobody has been able to tell for 30 minutes whether anybody plays on 'vanilla' "
	    "(no answer): it is not stopped for being idle; nothing but 'gsp down vanilla' does");
	/* once; a word when it is over; a new spell is told again */
	IS_STR(play(60, "?*600 0 ?*31"), "632 known, 663 unknown");
	/* a spell that is short is not told, nor its end */
	IS_STR(play(60, "3"), "664 known");
	IS_STR(acts[0].text, "it can be told again how many play on 'vanilla': 3");
	IS_STR(play(60, "?*30 3 ?*30 3"), "");
	fresh();
	r.unknown_s = 0;
	IS_STR(play(60, "?*600"), "");
	/* never a stop, whatever was measured before */
	fresh();
	IS_STR(play(60, "0*40 ?*600"), "70 unknown");
	/* a computer that slept has not been told "cannot tell" meanwhile */
	fresh();
	IS_STR(play(60, "0 ?*2 +36000 ?*10"), "");
	IS_STR(play(60, "?*10"), "617 unknown");
	/* what would stop it is said */
	fresh();
	r.lease_until = created + 26 * HOUR;
	play(60, "?*31");
	IS_STR(acts[0].text, "nobody has been able to tell for 30 minutes whether anybody plays on 'vanilla' "
	    "(no answer): it is not stopped for being idle; it stops when its lease ends at 2026-11-23 21:00 UTC, or by "
	    "'gsp down vanilla'");
	fresh();
	r.lease_until = created + 6 * HOUR;
	r.budget_until = created + 2 * HOUR;
	play(60, "?*31");
	OK(strstr(acts[0].text, "; it stops when its budget ends at 21:00 UTC, or by") != NULL);
}

static void
test_unwell(void)
{
	/* bad health with players: told after two minutes, once; never a stop */
	fresh();
	IS_STR(play(60, "2*10 2u*2"), "");
	IS_STR(play(60, "2u"), "12 unwell");
	IS_STR(acts[0].text, "'vanilla' has been unhealthy for 2 minutes (no answer), with 2 players when last "
	    "seen: it is not stopped for being idle; nothing but 'gsp down vanilla' does");
	IS_STR(play(60, "2u*20 2 2u 2 2u*3"), "33 well, 38 unwell");
	/* a game that hangs has lost its players' connections: that zero tells nothing */
	fresh();
	IS_STR(play(60, "2*10 0u*300"), "12 unwell");
	IS_INT(m.zero_s, 0);
	IS_INT(m.players, 2);
	/* what it says once it is well again counts */
	IS_STR(play(60, "0*20"), "310 well");
	IS_INT(m.zero_s, 19 * MIN);
	/* nobody was there before: a zero is one, well or not, and so it stops */
	fresh();
	IS_STR(play(60, "2 0 0u*52"), "42 say 10, 42 idle 10, 47 say 5, 51 say 1, 52 down, 53 down");
	/* nobody to ask about health: not bad, and no answer to whether it is well again */
	fresh();
	IS_STR(play(60, "2*10 2n*60 0n*30"), "90 known 1" + strlen("90 known 1"));
	IS_INT(m.zero_s, 29 * MIN);
	fresh();
	IS_STR(play(60, "1 1u ?n ?u"), "3 unwell");
	OK(strstr(acts[0].text, "with 1 player when last seen") != NULL);
}

/* ---- lease and budget ---- */

static void
test_lease(void)
{
	fresh();
	r.lease_until = created + 2 * HOUR;
	IS_STR(play(60, "2*121"), "90 say 30, 90 lease 30, 110 say 10, 110 lease 10, 115 say 5, "
	    "115 lease 5, 119 say 1, 119 lease 1, 120 DOWN!");
	IS_STR(acts[0].text, "its lease ended at 21:00 UTC");
	fresh();
	r.lease_until = created + 2 * HOUR;
	play(60, "2*91");
	IS_STR(acts[0].text, "this server stops in 30 minutes (21:00 UTC): 'gsp lease vanilla +1h' extends it");
	IS_STR(acts[1].text, "'vanilla' stops in 30 minutes (21:00 UTC), when its lease ends: "
	    "'gsp lease vanilla +1h' extends it");
	/* whoever plays, and whether anybody can tell */
	fresh();
	r.lease_until = created + 2 * HOUR;
	IS_STR(play(60, "?*91"), "30 unknown, 90 say 30, 90 lease 30");
	IS_STR(play(60, "?*30"), "110 say 10, 110 lease 10, 115 say 5, 115 lease 5, 119 say 1, "
	    "119 lease 1, 120 DOWN!");
	/* at its latest there is no command that extends */
	fresh();
	r.lease_until = r.lease_latest = created + 2 * HOUR;
	play(60, "2*91");
	IS_STR(acts[0].text, "this server stops in 30 minutes (21:00 UTC): it cannot be extended any more");
	/* the first look comes late: what is left is said */
	fresh();
	r.lease_until = created + 7 * MIN;
	IS_STR(play(60, "2*8"), "0 say 7, 0 lease 7, 2 say 5, 2 lease 5, 6 say 1, 6 lease 1, 7 DOWN!");
	/* too late: a minute, in words and in deed */
	fresh();
	r.lease_until = created - HOUR;
	IS_STR(play(60, "2 @59 2 @60 2"), "0 say 1, 0 lease 1, 1 DOWN!");
	fresh();
	r.lease_until = created + 30;
	IS_STR(play(60, "2 @30 2 @59 2 @60 2"), "0 say 1, 0 lease 1, 1 DOWN!");
	/* a second matters */
	fresh();
	r.lease_until = created + 2 * HOUR;
	IS_STR(play(60, "2 @5399 2 @5400 2"), "90 say 30, 90 lease 30");
	IS_STR(play(60, "@7199 2 @7200 2"), "119:59 say 1, 119:59 lease 1, 120 DOWN!");
}

static void
test_lease_moves(void)
{
	/* extended: forgotten, and all of it told again before the new end */
	fresh();
	r.lease_until = created + HOUR;
	IS_STR(play(60, "2*56"), "30 say 30, 30 lease 30, 50 say 10, 50 lease 10, 55 say 5, 55 lease 5");
	r.lease_until += HOUR;
	IS_STR(play(60, "2*65"), "90 say 30, 90 lease 30, 110 say 10, 110 lease 10, 115 say 5, "
	    "115 lease 5, 119 say 1, 119 lease 1, 120 DOWN!");
	/* by less than what was told: said again with what is left now */
	fresh();
	r.lease_until = created + HOUR;
	play(60, "2*56");
	r.lease_until += 10 * MIN;
	IS_STR(play(60, "2*15"), "56 say 14, 56 lease 14, 60 say 10, 60 lease 10, 65 say 5, 65 lease 5, "
	    "69 say 1, 69 lease 1, 70 DOWN!");
	/* shortened: never without its own word */
	fresh();
	r.lease_until = created + 2 * HOUR;
	play(60, "2*91");
	r.lease_until = created + HOUR;
	IS_STR(play(60, "2*2"), "91 say 1, 91 lease 1, 92 DOWN!");
	/* extended after a down was begun that did not stop the game */
	r.lease_until = created + 4 * HOUR;
	IS_STR(play(60, "2*20"), "");
	IS_INT(m.down, GSP_DECIDE_NO_DOWN);
	/* no lease at all */
	r.lease_until = 0;
	IS_STR(play(600, "2*600"), "");
}

static void
test_budget(void)
{
	/* over before the hour that is too much begins: less the down and 3 minutes */
	fresh();
	r.budget_until = created + 2 * HOUR;
	IS_STR(play(60, "2*113"), "82 say 30, 82 budget 30, 102 say 10, 102 budget 10, 107 say 5, "
	    "107 budget 5, 111 say 1, 111 budget 1, 112 DOWN!");
	IS_STR(acts[0].text, "its next hour would pass the budget");
	fresh();
	r.budget_until = created + 2 * HOUR;
	play(60, "2*83");
	IS_STR(acts[0].text, "this server stops in 30 minutes (20:52 UTC): the budget is used up then");
	IS_STR(acts[1].text, "'vanilla' stops in 30 minutes (20:52 UTC): its next hour would pass the "
	    "budget; raise limits: monthly_usd in gsp.yaml or servers/vanilla/server.yaml to go on");
	/* the nearer of the two */
	fresh();
	r.budget_until = created + 2 * HOUR;
	r.lease_until = created + 112 * MIN;
	IS_STR(play(60, "2*83"), "82 say 30, 82 lease 30");
	fresh();
	r.budget_until = created + 2 * HOUR;
	r.lease_until = created + 112 * MIN + 1;
	IS_STR(play(60, "2*83"), "82 say 30, 82 budget 30");
	/* one takes over from the other: said again, in its words */
	r.lease_until = created + 100 * MIN;
	IS_STR(play(60, "2*2"), "83 say 17, 83 lease 17");
	r.lease_until = created + 5 * HOUR;
	IS_STR(play(60, "2"), "85 say 27, 85 budget 27");
	r.budget_until = 0; /* raised */
	IS_STR(play(60, "2*40"), "");
	/* rare passes: still over in time, and what was told stays */
	fresh();
	r.budget_until = created + 3 * HOUR;
	play(600, "2*30");
	IS_STR(line, "140 say 24, 140 budget 24, 160 say 4, 160 budget 4, 170 DOWN!, 180 DOWN!, 190 DOWN!, "
	    "200 DOWN!, 210 failing, 210 DOWN!, 220 DOWN!, 230 DOWN!, 240 DOWN!, 250 DOWN!, 260 DOWN!, "
	    "270 DOWN!, 280 DOWN!, 290 DOWN!");
	/* used up already */
	fresh();
	r.budget_until = created - HOUR;
	IS_STR(play(60, "2*2"), "0 say 1, 0 budget 1, 1 DOWN!");
}

static void
test_slept(void)
{
	/* who plays when it wakes has heard nothing */
	fresh();
	r.lease_until = created + 2 * HOUR;
	IS_STR(play(60, "2*100 +28800 2*2"), "90 say 30, 90 lease 30, 580 say 1, 580 lease 1, 581 DOWN!");
	/* it slept, but woke before the end */
	fresh();
	r.lease_until = created + 2 * HOUR;
	IS_STR(play(60, "2*80 +1800 2*11"), "110 say 10, 110 lease 10, 115 say 5, 115 lease 5, 119 say 1, "
	    "119 lease 1, 120 DOWN!");
	/* cron each half hour is no sleep */
	fresh();
	r.lease_until = created + 2 * HOUR;
	IS_STR(play(1800, "2*5"), "90 say 30, 90 lease 30, 120 DOWN!");
	fresh();
	r.lease_until = created + 3 * HOUR;
	IS_STR(play(3600, "2*4"), "120 say 60, 120 lease 60, 180 DOWN!");
	/* an idle stop that it slept over: another hour's */
	fresh();
	IS_STR(play(60, "0*50 +28800 0"), "42 say 10, 42 idle 10, 47 say 5, 530 missed, "
	    "530 say 2, 530 idle 2");
	/* and within the hour: in time, if a pass of now says nobody */
	fresh();
	IS_STR(play(60, "0*43 +600 0"), "42 say 10, 42 idle 10, 53 down");
	fresh();
	IS_STR(play(60, "0*43 +600 2"), "42 say 10, 42 idle 10, 53 joined");
}

/* Which of the two comes first. */
static void
test_both(void)
{
	/* the lease ends before the idle stop would come: nothing is said of that */
	fresh();
	r.lease_until = created + 50 * MIN;
	IS_STR(play(60, "0*51"), "20 say 30, 20 lease 30, 40 say 10, 40 lease 10, 45 say 5, 45 lease 5, "
	    "49 say 1, 49 lease 1, 50 DOWN!");
	/* idle first */
	fresh();
	r.lease_until = created + HOUR;
	IS_STR(play(60, "0*53"), "30 say 30, 30 lease 30, 42 say 10, 42 idle 10, 47 say 5, 50 say 10, "
	    "50 lease 10, 51 say 1, 52 down");
	/* a hold does not extend a lease */
	fresh();
	r.lease_until = created + HOUR;
	r.hold_until = created + 5 * HOUR;
	OK(strstr(play(60, "0*61"), "60 DOWN!") != NULL);
}

/* ---- downs that fail ---- */

static void
test_again(void)
{
	/* at once, then 1, 2, 5 and every 10 minutes after the last; and one word for it all */
	fresh();
	r.lease_until = created + HOUR;
	play(60, "2*60");
	IS_STR(play(60, "2*41"), "60 DOWN!, 61 DOWN!, 63 DOWN!, 68 DOWN!, 78 failing, 78 DOWN!, 88 DOWN!, "
	    "98 DOWN!");
	IS_STR(play(30, "@6479 2 @6480 2"), "108 DOWN!");
	/* idle: as long as nobody plays */
	fresh();
	play(60, "0*52");
	IS_STR(play(60, "0*10"), "52 down, 53 down, 55 down, 60 down");
	IS_STR(play(60, "1 0*10"), "62 joined");
	/* it was refused, for nobody could tell: it lapses with its hour */
	fresh();
	play(60, "0*52");
	IS_STR(play(60, "0 ?*10 0*5"), "52 down, 56 missed");
	IS_INT(m.down, GSP_DECIDE_NO_DOWN);
	/* the game was told to stop: that is finished, asked or not */
	fresh();
	play(60, "0*52");
	IS_STR(play(60, "0 ?s*8"), "52 down, 53 down, 55 down, 60 down");
	IS_STR(play(60, "?us*60"), "70 failing, 70 down, 80 down, 90 down, 100 down, 110 down, 120 down");
	/* but a player who is counted is no mistake */
	IS_STR(play(60, "1s ?s*20"), "121 joined");
	/* a lease that is extended when the game has stopped already */
	fresh();
	r.lease_until = created + HOUR;
	play(60, "2*61");
	r.lease_until += HOUR;
	IS_STR(play(60, "?s*3"), "61 DOWN!, 63 DOWN!");
	IS_STR(acts[0].text, "its time was over");
	/* somebody else's stop is not ours to finish */
	fresh();
	IS_STR(play(60, "2 ?s*29"), "");
	IS_STR(play(60, "?s*2"), "31 unknown");
	/* the lease ends while an idle one fails: it is told, and takes over */
	fresh();
	r.lease_until = created + HOUR;
	IS_STR(play(60, "2*30 0*21 0*20"), "30 say 30, 30 lease 30, 50 say 10, 50 lease 10, 50 say 2, "
	    "50 idle 2, 51 say 1, 52 down, 53 down, 55 say 5, 55 lease 5, 55 down, 59 say 1, 59 lease 1, "
	    "60 DOWN!, 70 failing, 70 DOWN!");
}

/* A pass that dies after its memory was written has said nothing, and forgets no stop. */
static void
test_dies(void)
{
	fresh();
	play(60, "0*52");
	pass("0"); /* its down is never begun */
	IS_STR(play(60, "+60 0"), "53 down");
}

/* ---- the memory ---- */

static void
test_session(void)
{
	fresh();
	play(60, "2 0*40");
	gsp_decide_session(&m, "s7k2m9qx");
	IS_INT(m.zero_s, 39 * MIN);
	gsp_decide_session(&m, "saaaaaaa");
	IS_STR(m.session, "saaaaaaa");
	IS_INT(m.zero_s, 0);
	IS_INT(m.player_at, 0);
	IS_INT(m.last_pass, 0);
}

static int
read_back(struct gsp_decide_memory *out, const char *text, struct gsp_err *err)
{
	struct gsp_json *v = NULL;
	int rc;

	if (gsp_json_parse(&v, text, strlen(text), err) == -1)
		exit(1);
	rc = gsp_decide_from_json(out, v, err);
	gsp_json_free(v);
	return rc;
}

static void
bad(const char *text, const char *why)
{
	struct gsp_decide_memory got, zero;
	struct gsp_err err = GSP_ERR_INIT;

	memset(&zero, 0, sizeof(zero));
	memset(&got, 1, sizeof(got));
	IS_INT(read_back(&got, text, &err), -1);
	IS_INT(err.code, GSP_EPROTO);
	IS_STR(err.msg, why);
	OK(memcmp(&got, &zero, sizeof(got)) == 0);
}

static void
test_json(void)
{
	struct gsp_decide_memory all, got;
	struct gsp_json *obj = gsp_json_new_obj();
	struct gsp_buf text = GSP_BUF_INIT(4096);
	struct gsp_err err = GSP_ERR_INIT;

	memset(&all, 0, sizeof(all)); /* padding too */
	memcpy(all.session, "s7k2m9qx", 9);
	all.last_pass = 1;
	all.gap_s = 2;
	all.pass_s = 3;
	all.zero_at = 4;
	all.zero_s = 5;
	all.player_at = 6;
	all.players = UINT32_MAX;
	all.unknown_at = 7;
	all.unknown_told = true;
	all.unwell_at = 8;
	all.unwell_told = true;
	all.idle_stop = 9;
	all.idle_hour = 10;
	all.idle_first = 11;
	all.idle_left = 12;
	all.end = 13;
	all.end_of = 14;
	all.end_budget = true;
	all.end_first = 15;
	all.end_left = 16;
	all.down = GSP_DECIDE_END_DOWN;
	all.down_at = (int64_t)1 << 40;
	all.down_tries = 1000;
	gsp_decide_to_json(&all, obj);
	gsp_json_add_str(obj, "later", "a member of a later version");
	gsp_json_print(&text, obj);
	memset(&got, 1, sizeof(got));
	IS_INT(read_back(&got, gsp_buf_str(&text), &err), 0);
	OK(memcmp(&got.last_pass, &all.last_pass,
	       sizeof(all) - offsetof(struct gsp_decide_memory, last_pass)) == 0);
	IS_STR(got.session, all.session);
	IS_INT(gsp_json_count(obj), 25);
	gsp_json_free(obj);
	gsp_buf_release(&text);

	memset(&all, 0, sizeof(all));
	IS_INT(read_back(&got, "{}", &err), 0);
	OK(memcmp(&got, &all, sizeof(got)) == 0);
	bad("[]", "not an object");
	bad("null", "not an object");
	bad("{\"zero_s\":60,\"zero_at\":\"now\"}", "'zero_at' is not a whole number");
	bad("{\"zero_s\":-1}", "'zero_s' is not a whole number");
	bad("{\"zero_s\":1.5}", "'zero_s' is not a whole number");
	bad("{\"zero_s\":null}", "'zero_s' is not a whole number");
	bad("{\"zero_s\":1099511627777}", "'zero_s' is out of range");
	bad("{\"players\":4294967296}", "'players' is out of range");
	bad("{\"down\":3}", "'down' is out of range");
	bad("{\"down_tries\":1001}", "'down_tries' is out of range");
	bad("{\"unknown_told\":1}", "'unknown_told' is not true or false");
	bad("{\"session\":7}", "'session' is not a string");
	bad("{\"session\":\"123456789012345678901234567890123\"}", "'session' is too long");
}

/* What a pass is told of an evening with some of everything. */
static const char *
evening(int i)
{
	return i < 30 ? "2" : i < 64 ? "?" : i < 70 ? "2u" : i < 75 ? "0u" : "0";
}

/* A pass through the disk each time is the same evening. */
static void
test_through_json(void)
{
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_json *obj;
	char straight[sizeof(line)];

	for (int disk = 0; disk < 2; disk++) {
		fresh();
		r.lease_until = created + 5 * HOUR / 2;
		for (int i = 0; i < 170; i++, now += 60) {
			obj = gsp_json_new_obj();
			gsp_decide_to_json(&m, obj);
			if (disk == 1 && gsp_decide_from_json(&m, obj, &err) == -1)
				OK(false);
			gsp_json_free(obj);
			pass(evening(i));
		}
		if (disk == 0)
			memcpy(straight, line, sizeof(straight));
	}
	IS_STR(line, straight);
	IS_STR(line, "60 unknown, 64 known, 66 unwell, 75 well, 102 say 10, 102 idle 10, 107 say 5, "
	    "111 say 1, 112 down, 113 down, 115 down, 120 say 30, 120 lease 30, 120 down, 130 failing, "
	    "130 down, 140 say 10, 140 lease 10, 140 down, 145 say 5, 145 lease 5, 149 say 1, 149 lease 1, "
	    "150 DOWN!, 160 DOWN!");
}

/* What comes from outside is one line of printable ASCII when it leaves. */
static void
test_text(void)
{
	struct gsp_decide_seen s = {.health = 0, .counted = false, .why = "\033[31m\xc3\xa4\nthe end"};
	char why[1000];

	fresh();
	m.players = 1;
	for (int i = 0; i < 2; i++, now += 120) {
		s.now = now;
		n = gsp_decide(acts, &m, &r, &s);
	}
	IS_INT(n, 1);
	IS_STR(acts[0].text, "'vanilla' has been unhealthy for 2 minutes (?[31m???the end), with 1 player when "
	    "last seen: it is not stopped for being idle; nothing but 'gsp down vanilla' does");
	memset(why, 'w', sizeof(why) - 1);
	why[sizeof(why) - 1] = '\0';
	s.why = why;
	s.now = now + HOUR;
	n = gsp_decide(acts, &m, &r, &s);
	IS_INT(n, 0);
	s.now += HOUR;
	n = gsp_decide(acts, &m, &r, &s);
	IS_INT(n, 1);
	OK(strstr(acts[0].text, "or by 'gsp down vanilla'") != NULL ||
	    strstr(acts[0].text, "nothing but 'gsp down vanilla' does") != NULL);
	s.why = NULL;
	s.counted = true;
	s.health = 1;
	s.now += 60;
	IS_INT(gsp_decide(acts, &m, &r, &s), 2);
}

int
main(void)
{
	test_moment();
	test_idle();
	test_join();
	test_cannot_tell();
	test_clock();
	test_pace();
	test_hold();
	test_no_wait();
	test_unknown();
	test_unwell();
	test_lease();
	test_lease_moves();
	test_budget();
	test_slept();
	test_both();
	test_again();
	test_dies();
	test_session();
	test_json();
	test_through_json();
	test_text();
	return done();
}
