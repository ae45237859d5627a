/*
 * gsp/ready: a server is ready when its game answers, not when its machine runs.
 */
#ifndef GSP_GSP_READY_H
#define GSP_GSP_READY_H

#include "base/err.h"
#include "gsp/job.h"

/**
 * gsp_ready_wait(job, err):
 * After start, until timeouts.ready: the script `health` if the server has one; else, if its
 * `query:` is a protocol of the game, until that tells how many play; else every listed port.
 * What answered, and the address to join, is said as a step. On success it is in the journal.
 * Errors: GSP_ETEMP at the deadline, with what it said last; GSP_EUNAVAIL when the game ended
 * first.
 */
int gsp_ready_wait(struct gsp_job *job, struct gsp_err *err);

#endif
