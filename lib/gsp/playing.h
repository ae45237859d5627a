/*
 * gsp/playing: whom a stop would throw out.
 */
#ifndef GSP_GSP_PLAYING_H
#define GSP_GSP_PLAYING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "gsp/job.h"

enum gsp_playing_who {
	GSP_PLAYING_NOTHING,  /* no game runs that a stop would interrupt */
	GSP_PLAYING_NOBODY,   /* measured: zero */
	GSP_PLAYING_SOMEBODY,
	GSP_PLAYING_UNKNOWN   /* cannot tell, which is not nobody */
};

struct gsp_playing {
	enum gsp_playing_who who;
	char text[500]; /* SOMEBODY: "3 play on 'vanilla' (anna, ben)"; UNKNOWN: "nobody can tell
	                 * whether anybody plays on 'vanilla' (why)"; else "" */
};

/**
 * gsp_playing_runs(job, yes, err):
 * Does a game run there that nobody has begun to stop? No: no session, nothing was started, a stop
 * has begun or is over, or nothing of what `start` left lives any more. What cannot be found out
 * on a machine that answers is a yes.
 * Errors: as gsp_job_remote() and gsp_remote_ours() when the machine cannot be asked or is not ours.
 */
int gsp_playing_runs(struct gsp_job *job, bool *yes, struct gsp_err *err);

/**
 * gsp_playing_count(out, job, timeout_ms, err):
 * Of a game that runs: who plays. That nobody can tell is an answer, not an error.
 * Errors: GSP_ECANCEL alone.
 */
int gsp_playing_count(struct gsp_playing *out, struct gsp_job *job, int64_t timeout_ms,
    struct gsp_err *err);

#endif
