/*
 * watch_loop: passes that follow each other, over all servers or over the one session that gsp-up
 * has begun.
 */
#ifndef GSP_CMD_WATCH_LOOP_H
#define GSP_CMD_WATCH_LOOP_H

#include "base/argv.h"
#include "base/err.h"
#include "tool.h"
#include "watch_one.h"
#include "watch_pool.h"

struct watch_loop {
	struct tool *t;
	const struct watch_opts *o;
	int64_t every_s;
	watch_row_fn *fn; /* gets each row of each pass */
	void *ctx;
};

/** watch_pass(l, names, n, err): one pass; over all servers of the home, and what is beside them,
 * without names. That it was here is noted then, but for a single one on a terminal. */
int watch_pass(struct watch_loop *l, char **names, size_t n, struct gsp_err *err);

/** watch_for_ever(l, names, n, err): until a signal (0 for SIGTERM), or until the home is gone. What
 * fails in a pass is said, and tried again in the next. */
int watch_for_ever(struct watch_loop *l, char **names, size_t n, struct gsp_err *err);

/** watch_session(l, server, err): until the session that it has now is over; 0 at once when there
 * is none, or another process watches it. */
int watch_session(struct watch_loop *l, const char *server, struct gsp_err *err);

#endif
