/*
 * watch_pool: a pass over many servers: each by a process of its own, some at once, so that one
 * that hangs delays no other. A server without a session costs a look at one file.
 */
#ifndef GSP_CMD_WATCH_POOL_H
#define GSP_CMD_WATCH_POOL_H

#include "base/argv.h"
#include "base/err.h"
#include "tool.h"
#include "watch_one.h"

/** Gets each row as it comes. */
typedef void watch_row_fn(void *ctx, const struct watch_row *row);

/**
 * watch_pool(t, names, o, cloud, fn, ctx, err):
 * ${cloud}: look for strays, too (watch_cloud), beside the servers. -1: some part failed, and said
 * so itself on stderr; or a signal.
 */
int watch_pool(struct tool *t, const struct gsp_argv *names, const struct watch_opts *o, bool cloud,
    watch_row_fn *fn, void *ctx, struct gsp_err *err);

#endif
