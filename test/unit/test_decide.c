/* gsp/decide: when an idle server is stopped. */
#include "decide_play.h"

#include "base/banned.h"

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
	IS_INT(
	    stop_at(-100 * HOUR, 0), 52 * MIN); /* before it was made: a clock that is wrong */
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
	IS_STR(play(60, "0*60"),
	    "102:01 say 10, 102:01 idle 10, 107:01 say 5, 111:01 say 1, 112:01 down");
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
	IS_STR(
	    play(60, "2 @60 0 @659 0 @660 0 @719 0 @720 0"), "11 say 1, 11 idle 1, 12 down");
	/* a down that met somebody who left before the next pass: it is empty anew */
	fresh();
	IS_STR(play(60, "2 0*52"), "42 say 10, 42 idle 10, 47 say 5, 51 say 1, 52 down");
	met = now - 30;
	IS_STR(play(60, "0 0*18"), "53 joined");
	IS_INT(m.zero_s, 18 * MIN);
	IS_INT(m.down, GSP_DECIDE_NO_DOWN);
	IS_INT(m.player_at, met);
	met = now + HOUR; /* of a clock that was set back since */
	IS_STR(play(60, "0"), "");
	IS_INT(m.zero_s, 19 * MIN);
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
	IS_STR(acts[0].text,
	    "nobody plays: this server stops in 10 minutes unless somebody joins");
	IS_STR(acts[1].text,
	    "nobody has come to play on 'vanilla' in 42 minutes: it stops in 10 minutes "
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
	IS_STR(text_of(GSP_DECIDE_IDLE),
	    "'vanilla' was not stopped at 19:52 UTC: nobody looked in time; "
	    "it is tried again late in its next paid hour");
	fresh();
	IS_STR(play(60, "0*52 ?*6 0*50"),
	    "42 say 10, 42 idle 10, 47 say 5, 51 say 1, 56 missed, "
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
	/* set back while a stop is announced: by little it stays, by much it is announced anew
	 */
	fresh();
	IS_STR(
	    play(60, "0*50 -120 0*5"), "42 say 10, 42 idle 10, 47 say 5, 51 say 1, 52 down");
	fresh();
	IS_STR(play(60, "0*50 -28800 0"), "42 say 10, 42 idle 10, 47 say 5");
	IS_INT(m.idle_stop, 0);
	/* set forward past it: this hour's moment is over */
	fresh();
	IS_STR(play(60, "0*50 +3600 0"),
	    "42 say 10, 42 idle 10, 47 say 5, 110 missed, 110 say 2, "
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
	    m.down_at > m.idle_first + every + (every < 7 * MIN ? 10 * MIN : every + 3 * MIN))
		OK(printf("# every %" PRId64 ", from %" PRId64 ": down %" PRId64 "\n", every,
		       late, m.down_at - created) < 0);
}

static void
test_pace(void)
{
	/* cron: the stop is so early that a pass finds it worth while, and an earlier one told
	 * of it */
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
	IS_STR(play(600, "@2699 0*14"),
	    "54:59 down, 64:59 down, 74:59 down, 84:59 down, 94:59 failing, "
	    "94:59 down, 104:59 down, 114:59 down, 124:59 down, 134:59 down, 144:59 down, "
	    "154:59 down, "
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
	return done();
}
