/* gsp/decide: what is ended by the clock, who is told, downs that fail. */
#include "decide_play.h"

#include "base/banned.h"

/* ---- cannot tell, unwell ---- */

static void
test_unknown(void)
{
	fresh();
	IS_STR(play(60, "0 ?*30"), "");
	IS_STR(play(60, "?"), "31 unknown");
	IS_STR(acts[0].text,
	    "nobody has been able to tell for 30 minutes whether anybody plays on 'vanilla' "
	    "(no answer): it is not stopped for being idle; nothing but 'gsp down vanilla' "
	    "does");
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
	IS_STR(acts[0].text,
	    "nobody has been able to tell for 30 minutes whether anybody plays on 'vanilla' "
	    "(no answer): it is not stopped for being idle; it stops when its lease ends at "
	    "2026-11-23 21:00 UTC, or by "
	    "'gsp down vanilla'");
	fresh();
	r.lease_until = created + 6 * HOUR;
	r.budget_until = created + 2 * HOUR;
	play(60, "?*31");
	OK(strstr(acts[0].text, "; it stops when its budget ends at 21:00 UTC, or by") !=
	    NULL);
}

static void
test_unwell(void)
{
	/* bad health with players: told after two minutes, once; never a stop */
	fresh();
	IS_STR(play(60, "2*10 2u*2"), "");
	IS_STR(play(60, "2u"), "12 unwell");
	IS_STR(acts[0].text,
	    "'vanilla' has been unhealthy for 2 minutes (no answer), with 2 players when last "
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
	IS_STR(play(60, "2 0 0u*52"),
	    "42 say 10, 42 idle 10, 47 say 5, 51 say 1, 52 down, 53 down");
	/* nobody to ask about health: not bad, and no answer to whether it is well again */
	fresh();
	IS_STR(play(60, "2*10 2n*60 0n*30"), "");
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
	IS_STR(play(60, "2*121"),
	    "90 say 30, 90 lease 30, 110 say 10, 110 lease 10, 115 say 5, "
	    "115 lease 5, 119 say 1, 119 lease 1, 120 DOWN!");
	IS_STR(acts[0].text, "its lease ended at 21:00 UTC");
	fresh();
	r.lease_until = created + 2 * HOUR;
	play(60, "2*91");
	IS_STR(acts[0].text,
	    "this server stops in 30 minutes (21:00 UTC): 'gsp lease vanilla +1h' extends it");
	IS_STR(acts[1].text, "'vanilla' stops in 30 minutes (21:00 UTC), when its lease ends: "
			     "'gsp lease vanilla +1h' extends it");
	/* whoever plays, and whether anybody can tell */
	fresh();
	r.lease_until = created + 2 * HOUR;
	IS_STR(play(60, "?*91"), "30 unknown, 90 say 30, 90 lease 30");
	IS_STR(play(60, "?*30"),
	    "110 say 10, 110 lease 10, 115 say 5, 115 lease 5, 119 say 1, "
	    "119 lease 1, 120 DOWN!");
	/* at its latest there is no command that extends */
	fresh();
	r.lease_until = r.lease_latest = created + 2 * HOUR;
	play(60, "2*91");
	IS_STR(acts[0].text,
	    "this server stops in 30 minutes (21:00 UTC): it cannot be extended any more");
	/* the first look comes late: what is left is said */
	fresh();
	r.lease_until = created + 7 * MIN;
	IS_STR(play(60, "2*8"),
	    "0 say 7, 0 lease 7, 2 say 5, 2 lease 5, 6 say 1, 6 lease 1, 7 DOWN!");
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
	IS_STR(play(60, "2*56"),
	    "30 say 30, 30 lease 30, 50 say 10, 50 lease 10, 55 say 5, 55 lease 5");
	r.lease_until += HOUR;
	IS_STR(play(60, "2*65"),
	    "90 say 30, 90 lease 30, 110 say 10, 110 lease 10, 115 say 5, "
	    "115 lease 5, 119 say 1, 119 lease 1, 120 DOWN!");
	/* by less than what was told: said again with what is left now */
	fresh();
	r.lease_until = created + HOUR;
	play(60, "2*56");
	r.lease_until += 10 * MIN;
	IS_STR(play(60, "2*15"),
	    "56 say 14, 56 lease 14, 60 say 10, 60 lease 10, 65 say 5, 65 lease 5, "
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
	IS_STR(play(60, "2*113"),
	    "82 say 30, 82 budget 30, 102 say 10, 102 budget 10, 107 say 5, "
	    "107 budget 5, 111 say 1, 111 budget 1, 112 DOWN!");
	IS_STR(acts[0].text, "its next hour would pass the budget");
	fresh();
	r.budget_until = created + 2 * HOUR;
	play(60, "2*83");
	IS_STR(acts[0].text,
	    "this server stops in 30 minutes (20:52 UTC): the budget is used up then");
	IS_STR(acts[1].text,
	    "'vanilla' stops in 30 minutes (20:52 UTC): its next hour would pass the "
	    "budget; raise limits: monthly_usd in gsp.yaml or servers/vanilla/server.yaml to "
	    "go on");
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
}

static void
test_budget_passes(void)
{
	/* rare passes: still over in time, and what was told stays */
	fresh();
	r.budget_until = created + 3 * HOUR;
	play(600, "2*30");
	IS_STR(line, "140 say 24, 140 budget 24, 160 say 4, 160 budget 4, 170 DOWN!, 180 "
		     "DOWN!, 190 DOWN!, "
		     "200 DOWN!, 210 failing, 210 DOWN!, 220 DOWN!, 230 DOWN!, 240 DOWN!, 250 "
		     "DOWN!, 260 DOWN!, "
		     "270 DOWN!, 280 DOWN!, 290 DOWN!");
	/* who looks once an hour is not thrown out an hour early */
	fresh();
	r.budget_until = created + 5 * HOUR;
	IS_STR(play(3600, "2*5"), "240 say 39, 240 budget 39");
}

static void
test_budget_late(void)
{
	/* used up already */
	fresh();
	r.budget_until = created - HOUR;
	IS_STR(play(60, "2*30"), "0 say 52, 0 budget 52, 22 say 30, 22 budget 30");
	IS_STR(play(60, "2*23"), "42 say 10, 42 budget 10, 47 say 5, 47 budget 5, 51 say 1, "
	                         "51 budget 1, 52 DOWN!");
	/* a minute's notice is just possible; a second later it is not */
	fresh();
	r.budget_until = created + HOUR;
	IS_STR(play(60, "@3240 2*2"), "54 say 1, 54 budget 1, 55 DOWN!");
	fresh();
	r.budget_until = created + HOUR;
	IS_STR(play(60, "@3241 2*2"), "54:01 say 58, 54:01 budget 58");
	/* slept over it */
	fresh();
	r.budget_until = created + HOUR;
	IS_STR(play(60, "2*5 +7200 2"), "125 say 47, 125 budget 47");
	/* the same, told as the next hour that would be too much */
	fresh();
	r.budget_until = created + HOUR;
	IS_STR(play(60, "2*10"), "");
	r.budget_until = created + 3 * HOUR;
	IS_STR(play(60, "@7500 2"), "125 say 47, 125 budget 47");
	IS_STR(play(60, "2*17"), "142 say 30, 142 budget 30");
	/* raised when it was passed, or in time: nothing is said of it */
	fresh();
	r.budget_until = created + HOUR;
	IS_STR(play(60, "2*10"), "");
	r.budget_until = created + 6 * HOUR;
	IS_STR(play(60, "@7500 2"), "");
	fresh();
	r.budget_until = created + HOUR;
	play(60, "2*10");
	r.budget_until = created + 2 * HOUR;
	IS_STR(play(60, "2*60"), "");
	/* a down that fails is tried again, also when that hour has begun */
	fresh();
	r.budget_until = created + HOUR;
	play(60, "2*52");
	IS_STR(play(60, "2*30"), "52 DOWN!, 53 DOWN!, 55 DOWN!, 60 DOWN!, 70 failing, 70 DOWN!, 80 DOWN!");
}

static void
test_slept(void)
{
	/* who plays when it wakes has heard nothing */
	fresh();
	r.lease_until = created + 2 * HOUR;
	IS_STR(play(60, "2*100 +28800 2*2"),
	    "90 say 30, 90 lease 30, 580 say 1, 580 lease 1, 581 DOWN!");
	/* it slept, but woke before the end */
	fresh();
	r.lease_until = created + 2 * HOUR;
	IS_STR(play(60, "2*80 +1800 2*11"),
	    "110 say 10, 110 lease 10, 115 say 5, 115 lease 5, 119 say 1, "
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
	IS_STR(play(60, "0*51"),
	    "20 say 30, 20 lease 30, 40 say 10, 40 lease 10, 45 say 5, 45 lease 5, "
	    "49 say 1, 49 lease 1, 50 DOWN!");
	/* idle first */
	fresh();
	r.lease_until = created + HOUR;
	IS_STR(play(60, "0*53"),
	    "30 say 30, 30 lease 30, 42 say 10, 42 idle 10, 47 say 5, 50 say 10, "
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
	/* at once, then 1, 2, 5 and every 10 minutes after the last; and one word for it all
	 */
	fresh();
	r.lease_until = created + HOUR;
	play(60, "2*60");
	IS_STR(play(60, "2*41"),
	    "60 DOWN!, 61 DOWN!, 63 DOWN!, 68 DOWN!, 78 failing, 78 DOWN!, 88 DOWN!, "
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
	IS_STR(play(60, "?us*60"),
	    "70 failing, 70 down, 80 down, 90 down, 100 down, 110 down, 120 down");
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
	/* nor is anything said to a game that has stopped */
	fresh();
	r.lease_until = created + 100 * MIN;
	play(60, "0*53");
	IS_STR(play(60, "?s*50"),
	    "53 down, 55 down, 60 down, 70 failing, 70 down, 80 down, 90 down, "
	    "100 down");
	/* how long they took is not how often passes come */
	fresh();
	play(60, "0*52 0 +600");
	IS_STR(play(60, "0 1"), "63 down, 64 joined");
	IS_INT(m.pass_s, 60);
	/* the lease ends while an idle one fails: it is told, and takes over */
	fresh();
	r.lease_until = created + HOUR;
	IS_STR(play(60, "2*30 0*21 0*20"),
	    "30 say 30, 30 lease 30, 50 say 10, 50 lease 10, 50 say 2, "
	    "50 idle 2, 51 say 1, 52 down, 53 down, 55 say 5, 55 lease 5, 55 down, 59 say 1, "
	    "59 lease 1, "
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
	/* whatever the memory says, a minute's notice was given */
	fresh();
	play(60, "0*50");
	m.idle_stop = now;
	m.idle_first = now - 59;
	IS_STR(play(1, "0*2"), "50 say 1, 50:01 down");
}

int
main(void)
{
	test_unknown();
	test_unwell();
	test_lease();
	test_lease_moves();
	test_budget();
	test_budget_passes();
	test_budget_late();
	test_slept();
	test_both();
	test_again();
	test_dies();
	return done();
}
