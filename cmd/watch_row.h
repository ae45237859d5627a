/*
 * watch_row: what a pass over one server came to, for people, and from one process to another.
 */
#ifndef GSP_CMD_WATCH_ROW_H
#define GSP_CMD_WATCH_ROW_H

#include <stdbool.h>
#include <stdint.h>

#include "fmt/json.h"

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

/** The row as a JSON object, and back. */
void watch_row_json(struct gsp_json *v, const struct watch_row *row);
void watch_row_read(struct watch_row *row, const struct gsp_json *v);

#endif
