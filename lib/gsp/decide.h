/*
 * gsp/decide: whether a server has run long enough. No I/O and no clock of its own: what was
 * measured goes in, with what is remembered from the pass before; what is to be done comes out.
 *
 * Idle: two clocks, each the time that was measured as "nobody plays": since the last player left
 * (empty), or since it was ready if nobody ever came (never_joined). They advance by the time
 * between two measured zeros that follow each other, at most GSP_DECIDE_GAP_S of it (a computer
 * that slept has measured nothing meanwhile); "cannot tell" stops them where they are, a player
 * resets them. When one is full the server is idle, and is stopped late in the hour that is paid:
 * at the hour's end less down_s less GSP_DECIDE_SPARE_S; players are told 10, 5 and 1 minutes
 * before, at least once and a minute before; anybody who joins cancels it. Only a zero that is
 * measured at that moment stops a server.
 *
 * Lease and budget: by the clock, announced 30, 10, 5 and 1 minutes before, whoever plays; never
 * without one announcement at least a minute old. An end that was moved later is forgotten, one
 * that was moved sooner announced again.
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
	int64_t budget_until; /* the paid hour that begins then would pass the budget */
	int64_t down_s;       /* how long the last down took, or an estimate */
	bool no_wait;         /* stop at once when idle, not late in the hour */
};

/* What this pass has measured. */
struct gsp_decide_seen {
	int64_t now;
	bool counted; /* false: cannot tell */
	uint32_t players;
	int health;   /* 1 healthy, 0 not, -1 cannot tell or nobody to ask */
	const char *why; /* not counted, or unhealthy: why; may be NULL */
};

/* What is remembered between passes; zeroed for a new session. */
struct gsp_decide_memory {
	char session[33];
	int64_t last_pass;
	int64_t zero_at;    /* of the last measured zero, if no player was seen since; 0 none */
	int64_t zero_s;     /* the clock: measured zero so far */
	int64_t player_at;  /* when somebody was last seen; 0: nobody yet */
	uint32_t players;   /* how many then */
	int64_t unknown_at; /* since when nobody can tell; 0: can */
	bool unknown_told;
	int64_t unwell_at;  /* since when health is bad; 0: is not */
	bool unwell_told;
	int64_t idle_stop;  /* announced: it stops then unless somebody joins; 0 none */
	int64_t idle_said;  /* when it was last announced */
	int idle_left;      /* minutes of the last announcement; 0 none */
	int64_t end;        /* the end by lease or budget that was last announced */
	int64_t end_said;
	int end_left;
	int64_t down_at;    /* when a down was last begun by a watch; 0 never */
	int down_tries;
};

enum gsp_decide_kind {
	GSP_DECIDE_SAY,     /* to the players */
	GSP_DECIDE_IDLE,    /* notices, by event */
	GSP_DECIDE_LEASE,
	GSP_DECIDE_BUDGET,
	GSP_DECIDE_UNKNOWN,
	GSP_DECIDE_DOWN     /* begin a down now, in the words of ${text} */
};

struct gsp_decide_act {
	enum gsp_decide_kind kind;
	bool even_if_playing; /* GSP_DECIDE_DOWN: the clock ends it */
	char text[400];
};

#define GSP_DECIDE_ACTS 8

/**
 * gsp_decide(acts, m, r, seen):
 * Returns the number of acts, in order. ${m} is brought up to date: to be on disk before the acts
 * are carried out, so that a pass that dies says nothing twice and forgets no stop (DOWN comes
 * again until it has happened: at once, then after 1, 2, 5 and every 10 minutes).
 */
size_t gsp_decide(struct gsp_decide_act acts[GSP_DECIDE_ACTS], struct gsp_decide_memory *m,
    const struct gsp_decide_rules *r, const struct gsp_decide_seen *seen);

/** gsp_decide_stop_at(r, t): the moment at which an idle stop begins that is announced at ${t}. */
int64_t gsp_decide_stop_at(const struct gsp_decide_rules *r, int64_t t);

/** The memory as JSON and back; a member that is missing is 0. */
void gsp_decide_to_json(const struct gsp_decide_memory *m, struct gsp_json *obj);
int gsp_decide_from_json(struct gsp_decide_memory *m, const struct gsp_json *obj,
    struct gsp_err *err);

#endif
