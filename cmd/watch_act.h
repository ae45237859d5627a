/*
 * watch_act: what was decided is done: players are told, people get notices, a down begins. All of
 * it by processes that are not waited for, but `say`, which has a few seconds.
 */
#ifndef GSP_CMD_WATCH_ACT_H
#define GSP_CMD_WATCH_ACT_H

#include <stddef.h>

#include "base/err.h"
#include "gsp/decide.h"
#include "gsp/job.h"
#include "tool.h"

/** watch_act(t, job, acts, n, err): all of them, whatever fails. -1 if a down could not be begun. */
int watch_act(struct tool *t, struct gsp_job *job, const struct gsp_decide_act *acts, size_t n,
    struct gsp_err *err);

/** watch_live(t, job, err): begin a live copy. */
int watch_live(struct tool *t, struct gsp_job *job, struct gsp_err *err);

#endif
