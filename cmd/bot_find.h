/*
 * bot_find: what `gsp-bot check` finds: a line with a mark for each, and what to do about it.
 */
#ifndef GSP_CMD_BOT_FIND_H
#define GSP_CMD_BOT_FIND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "fmt/out.h"

enum bot_mark {
	BOT_OK,
	BOT_NOTE,    /* works, but somebody should know */
	BOT_WRONG,
	BOT_UNKNOWN  /* could not be looked at */
};

struct bot_finds {
	struct gsp_out *json;   /* NULL: for people */
	bool quiet;             /* people are not told what is right */
	size_t n[BOT_UNKNOWN + 1];
	enum gsp_errcode worst; /* of what is wrong: GSP_ENO, or what is more than that */
};

void bot_finds_init(struct bot_finds *f, bool json, bool quiet);

/** bot_found(f, mark, what, todo, fmt, ...): printed now, nothing in it that a terminal would obey.
 * ${what}: "token", "channel", ... ${todo}: NULL when nothing is to be done. */
void bot_found(struct bot_finds *f, enum bot_mark mark, const char *what, const char *todo,
    const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/**
 * bot_found_err(f, what, todo, why, err):
 * A request failed: BOT_UNKNOWN if that may pass, else BOT_WRONG, and 77 at the end if a secret was
 * refused. 0; -1 for a signal, which is in ${err} then.
 */
int bot_found_err(struct bot_finds *f, const char *what, const char *todo, const struct gsp_err *why,
    struct gsp_err *err);

/** bot_finds_end(f, err): flushes. 0: nothing is wrong; else -1 with how much. */
int bot_finds_end(struct bot_finds *f, struct gsp_err *err);

#endif
