/*
 * watch_one: one pass over one server: measure, decide, remember, act.
 */
#ifndef GSP_CMD_WATCH_ONE_H
#define GSP_CMD_WATCH_ONE_H

#include <stdbool.h>

#include "base/err.h"
#include "tool.h"
#include "watch_row.h"

struct watch_opts {
	bool now;     /* an idle stop does not wait for the end of the paid hour */
	bool dry_run; /* say what would be done; nothing is remembered and nobody is told */
};

/**
 * watch_one(row, t, server, o, err):
 * row->server is "" when there is no machine, and nothing to watch. A pass that another process is
 * at is left to it. -1 with a row: something of it could not be done (told in ${err}).
 */
int watch_one(struct watch_row *row, struct tool *t, const char *server, const struct watch_opts *o,
    struct gsp_err *err);

#endif
