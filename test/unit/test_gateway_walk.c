/* discord/gateway over time: back-off, days, resuming, leaps of the clock, and random walks. */
#include "tap.h"

#include "base/rand.h"
#include "gateway_play.h"

static void
test_back_off(void)
{
	int64_t want;
	struct walk w;

	for (die = 0; die < 2; die++) {
		begin(&w);
		for (int i = 0; i < 40; i++) {
			if (w.conn == WALK_NONE)
				walk_next(&w);
			walk_found(&w, 0, "");
			want = i < 8 ? (int64_t)2000 << i : 300000;
			want = want > 300000 ? 300000 : want;
			if (!OK(in_ms(&w) == (die == 0 ? want / 2 : want)))
				printf("# try %d: %" PRId64 "\n", i, in_ms(&w));
		}
		walk_free(&w);
	}
	/* a session that comes up and falls again: soon, for a while, and not with a second */
	die = 0;
	to_up(&w);
	for (int i = 0; i < 40; i++) {
		walk_closed(&w, i % 2 == 0 ? 1006 : 4000, NULL);
		want = in_ms(&w);
		if (i < 24 && !OK(want == (i == 0 ? 1000 : 2000)))
			printf("# fall %d: %" PRId64 "\n", i, want);
		walk_next(&w);
		walk_open(&w);
		hear(&w, HELLO);
		hear(&w, "{\"op\":0,\"s\":2,\"t\":\"RESUMED\"}");
	}
	OK(want == 150000);
	hear(&w, ACK);
	walk_to(&w, w.now + 1000);
	hear(&w, ACK);
	walk_to(&w, w.now + 60000);
	hear(&w, ACK);
	walk_closed(&w, 1006, NULL);
	IS_INT(in_ms(&w), 1000);
	walk_free(&w);
}

static void
test_resume_state(void)
{
	struct gsp_gateway_resume r = {"old", "wss://old.example/x", 12};
	struct walk w;

	die = 0;
	walk_init(&w, &r, loaded);
	walk_tick(&w);
	IS_STR(w.url, "wss://old.example/x/?v=10&encoding=json");
	IS_INT(w.finds, 0);
	walk_closed(&w, 0, "cannot connect to 'old.example'");
	OK(strstr(w.said, "cannot connect") != NULL);
	walk_next(&w);
	walk_closed(&w, 0, "cannot connect to 'old.example'");
	walk_next(&w);
	walk_closed(&w, 0, "cannot connect to 'old.example'");
	IS_INT(w.connects, 3);
	walk_next(&w);
	OK(w.conn == WALK_FIND); /* its address is given up, the session is not */
	walk_found(&w, 200, FOUND);
	walk_open(&w);
	hear(&w, HELLO);
	IS_INT(w.resumes, 1);
	for (int i = 0; i < 3; i++) {
		IS_STR(gsp_gateway_resume(w.g)->session_id, "old");
		walk_closed(&w, 4000, NULL);
		walk_next(&w);
		walk_found(&w, 200, FOUND);
		walk_open(&w);
		hear(&w, HELLO);
	}
	IS_INT(w.identifies, 1);
	IS_INT(w.resumes, 3);
	walk_free(&w);
	r.seq = -1; /* not enough to resume */
	walk_init(&w, &r, loaded);
	walk_tick(&w);
	OK(w.conn == WALK_FIND);
	walk_free(&w);
	r = (struct gsp_gateway_resume){"old", "http://evil.example", 3};
	walk_init(&w, &r, loaded);
	walk_tick(&w);
	OK(w.conn == WALK_FIND);
	walk_found(&w, 200, FOUND);
	walk_open(&w);
	hear(&w, HELLO);
	hear(&w, READY); /* a new session, though it was to be resumed */
	OK(w.resumes == 1 && w.readies == 1);
	IS_STR(gsp_gateway_resume(w.g)->session_id, "abc");
	walk_free(&w);
}

static void
test_day(void)
{
	struct walk w;
	int64_t begun;

	die = 0;
	begin(&w);
	begun = w.now;
	while (w.now - begun < 86400000) { /* each session lasts two minutes and is then gone */
		to_open(&w);
		if (w.conn != WALK_OPEN)
			continue;
		hear(&w, HELLO);
		hear(&w, READY);
		for (int i = 0; i < 3; i++) {
			walk_to(&w, w.now + 40000);
			hear(&w, ACK);
		}
		walk_closed(&w, 4009, NULL);
	}
	OK(w.identifies >= 440 && w.identifies <= 451);
	walk_free(&w);
}

/* Every message in every state: the walk's own checks are the test. */
static void
test_each_in_each(void)
{
	struct walk w;
	unsigned n = 0;

	die = 1;
	for (size_t m = 0; m < WALK_N(walk_messages); m++)
		for (int state = 0; state < 6; state++) {
			begin(&w);
			if (state >= 1)
				walk_found(&w, 200, FOUND);
			if (state >= 2)
				walk_open(&w);
			if (state >= 3)
				hear(&w, HELLO);
			if (state >= 4)
				hear(&w, READY);
			if (state == 5)
				walk_closed(&w, 1006, NULL);
			if (w.conn == WALK_OPEN)
				hear(&w, walk_messages[m]);
			else /* of a connection that is no more, or not yet: nothing comes of it */
				gsp_gateway_text(w.g, walk_messages[m], strlen(walk_messages[m]), w.now);
			walk_drain(&w);
			walk_next(&w);
			n += !w.dead;
			walk_free(&w);
		}
	IS_INT(n, WALK_N(walk_messages) * 6);
}

static void
test_walk(void)
{
	struct gsp_gateway_resume r = {"old", "wss://old.example", 12};
	unsigned ups = 0, identifies = 0, deaths = 0;
	struct walk w;

	for (int run = 0; run < 200; run++) {
		walk_init(&w, run % 2 ? &r : NULL, NULL);
		walk_tick(&w);
		for (int i = 0; i < 10000 && !w.dead; i++)
			walk_step(&w, (uint8_t)gsp_rand_below(256),
			    (uint8_t)gsp_rand_below(256), run % 10 == 0);
		ups += w.readies;
		identifies += w.identifies;
		deaths += w.fatals;
		walk_free(&w);
	}
	printf("# %u sessions up, %u identifies, %u fatal ends\n", ups, identifies, deaths);
	OK(ups > 200 && identifies > 1000 && deaths > 0 && deaths <= 20);
}

static void
test_clock(void)
{
	struct walk w;

	die = 1;
	to_up(&w);
	gsp_gateway_tick(w.g, w.now - 500000); /* backwards: no time passes */
	walk_drain(&w);
	OK(w.conn == WALK_OPEN && w.beats == 0);
	walk_to(&w, w.now + 86400000); /* a day in a suspended computer: one heartbeat, one chance */
	OK(w.conn == WALK_OPEN && w.beats == 1 && in_ms(&w) == 41250);
	walk_next(&w);
	OK(w.conn == WALK_NONE);
	walk_free(&w);
}

int
main(void)
{
	test_back_off();
	test_resume_state();
	test_day();
	test_each_in_each();
	test_walk();
	test_clock();
	return done();
}
