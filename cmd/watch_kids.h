/*
 * watch_kids: tools that gsp-watch starts. Some it waits for, several at once and each no longer
 * than its time; some it lets go: they outlive it.
 */
#ifndef GSP_CMD_WATCH_KIDS_H
#define GSP_CMD_WATCH_KIDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/argv.h"
#include "base/buf.h"
#include "base/err.h"
#include "gsp/config.h"
#include "sys/proc.h"

#define KID_OUT_MAX 65536 /* bytes that one may print */

struct kid {
	struct gsp_proc p;
	struct gsp_buf out;  /* what it printed */
	int64_t deadline_ms; /* monotonic; then TERM, and KILL 2 s later */
	int signo;           /* what it gets next */
	bool late;           /* it was ended for its time */
	bool done;
	int status;          /* of one that is done */
};

/** kid_start(k, argv, env, limit_s, err): in a process group of its own, stdout kept in k->out,
 * stderr ours. Release with kid_release(). */
int kid_start(struct kid *k, const struct gsp_argv *argv, const char *const *env, int64_t limit_s,
    struct gsp_err *err);

/** kids_wait(v, n): read and wait until one more of them is done; false when none is left that
 * runs. A signal of ours is passed on to all, and they have 2 seconds. */
bool kids_wait(struct kid *v, size_t n);
void kid_release(struct kid *k);

/**
 * kid_let_go(argv, h, server, err):
 * Start ${argv} for good: nobody's child, in /, without our descriptors; what it says goes to
 * state/<server>/watch.log. -1 if it could not be started.
 */
int kid_let_go(const struct gsp_argv *argv, const struct gsp_home *h, const char *server,
    struct gsp_err *err);

#endif
