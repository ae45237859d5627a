/*
 * watch_one: one pass over one server: measure, decide, remember, act.
 */
#ifndef GSP_CMD_WATCH_ONE_H
#define GSP_CMD_WATCH_ONE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "fmt/json.h"
#include "tool.h"

struct watch_opts {
	bool now;     /* an idle stop does not wait for the end of the paid hour */
	bool dry_run; /* say what would be done; nothing is remembered and nobody is told */
};

/* What a pass came to, for a row; "" and 0 where there is nothing to say. */
struct watch_row {
	char server[29], stage[48], session[33];
	bool counted;
	uint32_t players;
	int health;
	char why[200];      /* why nobody can tell, or why it is unwell */
	char idle[120];     /* in words */
	int64_t stop_at;    /* an idle stop that is announced */
	int64_t lease;      /* when it ends; 0: no end */
	char decided[600];  /* what was done, or would be */
};

/**
 * watch_one(row, t, server, o, err):
 * row->server is "" when there is no machine, and nothing to watch. A pass that another process is
 * at is left to it. -1 with a row: something of it could not be done (told in ${err}).
 */
int watch_one(struct watch_row *row, struct tool *t, const char *server, const struct watch_opts *o,
    struct gsp_err *err);

/** The row as a JSON object, and back. */
void watch_row_json(struct gsp_json *v, const struct watch_row *row);
void watch_row_read(struct watch_row *row, const struct gsp_json *v);

#endif
