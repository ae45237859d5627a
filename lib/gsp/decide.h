/*
 * gsp/decide: whether a server has run long enough. No I/O and no clock of its own: what was
 * measured goes in, with what is remembered from the pass before; what is to be done comes out.
 *
 * Idle: two clocks, each the time that was measured as "nobody plays": since the last player left
 * (empty), or since it was ready if nobody ever came (never_joined). They advance by the time
 * between two measured zeros that follow each other, at most GSP_DECIDE_GAP_S of it (a computer
 * that slept has measured nothing meanwhile); "cannot tell" stops them where they are, a player
 * resets them. When one is full the server is idle, and is stopped late in an hour that is paid
 * (gsp_decide_stop_at()); players are told 10, 5 and 1 minutes before, at least once and a minute
 * before; anybody who joins cancels it. Only a zero that is measured at that moment stops a
 * server, and only if it can be gone before the hour is over: else the next hour's end is aimed
 * at. A zero that an unhealthy game gives, when it was last seen with players, is "cannot tell".
 *
 * Lease and budget: by the clock, announced 30, 10, 5 and 1 minutes before, whoever plays; never
 * without one announcement at least a minute old, made since this computer last woke (where it
 * wakes for one pass only, again and again: three times are enough). An end that
 * was moved later is forgotten, one that was moved sooner announced again. A lease ends where it
 * says; a budget so early that the machine is gone before the hour begins that is too much, or, if
 * that cannot be any more, before the next one, and is announced at once then.
 *
 * How often passes come is up to the caller (a loop each minute, cron each 10). What must land in
 * a span of time allows for the time between two passes as measured of late, up to an hour: a
 * first announcement comes so early that another pass comes before the stop, and the stop so early
 * that one pass finds it still worth while.
 *
 * A down that was begun and has not ended the session is begun again: at once when its moment has
 * come, then 1, 2, 5 and every 10 minutes after the last time, for as long as its reason holds. Once
 * the game was told to stop there is no way back, and the reason is not asked any more; but a
 * player who is counted ends an idle one, also one whom the down itself has counted (met).
 */
#ifndef GSP_GSP_DECIDE_H
#define GSP_GSP_DECIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "fmt/json.h"

#define GSP_DECIDE_GAP_S   900
#define GSP_DECIDE_SPARE_S 180

/* What holds for this session. Epoch seconds and seconds; 0: none, never. */
struct gsp_decide_rules {
	const char *server;
	int64_t created; /* of the machine: its paid hours begin here */
	int64_t empty_s, never_s, unknown_s;
	int64_t lease_until, lease_latest, hold_until;
	int64_t budget_until; /* the next paid hour that would pass the budget begins then; when it has
	                       * begun: what it was, or the hour after it */
	int64_t down_s;       /* how long the last down took, or an estimate */
	bool no_wait;         /* stop a minute after it is told, not late in the paid hour */
};

/* What this pass has measured. */
struct gsp_decide_seen {
	int64_t now;
	bool counted; /* false: cannot tell */
	uint32_t players;
	int health;   /* 1 healthy, 0 not, -1 cannot tell or nobody to ask */
	bool stopped; /* the game was told to stop: the machine's marker says stopping or later, or
	               * the journal stopped or later. false when not known */
	int64_t met;  /* when an idle down last found that somebody plays, and did not stop them; 0 never */
	const char *why; /* not counted, or unhealthy: why; may be NULL */
};

/* Which down was begun. */
enum gsp_decide_down { GSP_DECIDE_NO_DOWN, GSP_DECIDE_IDLE_DOWN, GSP_DECIDE_END_DOWN };

/* What is remembered between passes. All zero: a session nobody has looked at yet. */
struct gsp_decide_memory {
	char session[33];
	int64_t last_pass;
	int64_t gap_s;      /* between the last two passes */
	int64_t pass_s;     /* how far apart passes are: the longest of late; 0 not known */
	int64_t zero_at;    /* the last pass, if it measured zero; else 0 */
	int64_t zero_s;     /* the clock: measured zero so far */
	int64_t player_at;  /* when somebody was last seen; 0: nobody yet */
	uint32_t players;   /* how many there were when that was last known; 0 also before */
	int64_t unknown_at; /* since when nobody can tell; 0: can */
	bool unknown_told;
	int64_t unwell_at;  /* since when health is bad while there are players; 0: is not */
	bool unwell_told;
	int64_t idle_stop;  /* announced: it stops then unless somebody joins; 0 none */
	int64_t idle_hour;  /* the end of the paid hour that is aimed at; 0: at once, no hour */
	int64_t idle_first; /* when it was first announced */
	int idle_left;      /* which announcement was last: 10, 5 or 1; 0 none */
	int64_t budget_was; /* budget_until in the last pass */
	int64_t end;        /* the end by lease or budget that was announced; 0 none */
	int64_t end_of;     /* the lease_until or budget_until that it was for */
	bool end_budget;    /* the latter */
	int64_t end_first;  /* when it was first announced */
	int end_left;       /* which announcement was last: 30, 10, 5 or 1; 60: one at once, before
	                     * those; 0 none that counts */
	int end_anew;       /* how often it was announced anew because this computer had slept */
	enum gsp_decide_down down;
	int64_t down_at;    /* when it was last begun */
	int down_tries;
};

enum gsp_decide_kind {
	GSP_DECIDE_SAY,     /* to the players: one line of printable ASCII, under 200 bytes */
	GSP_DECIDE_IDLE,    /* notices, by event */
	GSP_DECIDE_LEASE,
	GSP_DECIDE_BUDGET,
	GSP_DECIDE_UNKNOWN,
	GSP_DECIDE_FAILED,  /* downs go on failing: once, beside what gsp-down says of each */
	GSP_DECIDE_DOWN     /* begin one now; ${text} is why: "nobody has played for 20 minutes" */
};

struct gsp_decide_act {
	enum gsp_decide_kind kind;
	bool even_if_playing; /* GSP_DECIDE_DOWN: the clock ends it */
	int64_t lease_until;  /* ... as the lease was then */
	char text[400];       /* one line, printable ASCII */
};

#define GSP_DECIDE_ACTS 8

/** gsp_decide_session(m, session): ${m} is of ${session} from now on: what it remembers of
 * another is forgotten. To be called before gsp_decide() with what was read from disk. */
void gsp_decide_session(struct gsp_decide_memory *m, const char *session);

/**
 * gsp_decide(acts, m, r, seen):
 * Returns the number of acts, in order; a DOWN is the last. ${m} is brought up to date: to be on
 * disk before the acts are carried out, so that a pass that dies says nothing twice and forgets no
 * stop (DOWN comes again until it has happened). Not to be called while a down is under way (the
 * server's lock tells). Before the game was started: not counted, and unknown_s 0, so that lease and
 * budget end a machine on which nobody ever starts one. ${seen->now} may go backwards or leap.
 */
size_t gsp_decide(struct gsp_decide_act acts[GSP_DECIDE_ACTS], struct gsp_decide_memory *m,
    const struct gsp_decide_rules *r, const struct gsp_decide_seen *seen);

/**
 * gsp_decide_stop_at(r, t, pass_s):
 * The moment at which an idle stop begins that is announced at ${t}: the first that is a paid
 * hour's end less ${r->down_s}, less GSP_DECIDE_SPARE_S or ${pass_s} and a minute if that is more,
 * and neither within a minute of ${t} nor before hold_until. ${pass_s}: time between two passes,
 * 0 if not known. With no_wait: a minute after ${t}, or at hold_until.
 */
int64_t gsp_decide_stop_at(const struct gsp_decide_rules *r, int64_t t, int64_t pass_s);

/**
 * The memory as JSON and back; a member that is missing is 0, others are ignored.
 * Errors: GSP_EPROTO for no object, or a member of another kind or out of range; ${m} is then all
 * zero, which is safe to go on with: clocks begin again, and what was announced is again.
 */
void gsp_decide_to_json(const struct gsp_decide_memory *m, struct gsp_json *obj);
int gsp_decide_from_json(struct gsp_decide_memory *m, const struct gsp_json *obj,
    struct gsp_err *err);

#endif
