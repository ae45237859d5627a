/*
 * saves: the words of gsp-saves that only look, and what they share with the others. None of them
 * takes the server's lock or changes anything.
 */
#ifndef GSP_CMD_SAVES_H
#define GSP_CMD_SAVES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fmt/out.h"
#include "gsp/compare.h"
#include "gsp/history.h"
#include "gsp/usage.h"
#include "tool.h"

struct saves {
	struct gsp_out *out;
	bool json;
	char **args; /* what follows the server's name */
	size_t nargs;
	bool all;                /* show: every change */
	struct gsp_usage *usage; /* list: the inodes met so far */
};

/* One generation, and what is known of it. */
struct saves_row {
	uint64_t n;
	bool known, measured; /* g, use hold something */
	bool base, newest;
	struct gsp_gen g;
	struct gsp_use use;
};

tool_fn saves_list, saves_show, saves_diff, saves_verify;

/** saves_number(n, text, err): "000041" as ls shows it, or "41". GSP_EUSAGE. */
int saves_number(uint64_t *n, const char *text, struct gsp_err *err);

/** saves_need(h, job, n, err): GSP_EUNAVAIL unless there is a generation ${n}. */
int saves_need(const struct gsp_history *h, const struct gsp_job *job, uint64_t n,
    struct gsp_err *err);

/** saves_or_gone(h, job, n, err): something failed at generation ${n}. If that was removed
 * meanwhile, err becomes this. -1. */
int saves_or_gone(const struct gsp_history *h, const struct gsp_job *job, uint64_t n,
    struct gsp_err *err);

/** saves_row_fill(r, h, u, n, err): what there is to know of generation ${n}; -1 if that is not
 * all, but ${r} can be shown all the same. */
int saves_row_fill(struct saves_row *r, const struct gsp_history *h, struct gsp_usage *u,
    uint64_t n, struct gsp_err *err);

/** saves_row_json(o, r): its fields, of a row not yet ended. */
void saves_row_json(struct gsp_out *o, const struct saves_row *r);

/** saves_json_u64(o, name, known, v): a number, or null. */
void saves_json_u64(struct gsp_out *o, const char *name, bool known, uint64_t v);

/** saves_shared(r): the bytes that others have, too. */
uint64_t saves_shared(const struct saves_row *r);

/** saves_print_generation(s, h, n, err): one row, as `list` prints it. */
int saves_print_generation(struct saves *s, const struct gsp_history *h, uint64_t n,
    struct gsp_err *err);

/** saves_print_delta(s, d): one row, as `diff` prints it. */
void saves_print_delta(struct saves *s, const struct gsp_delta *d);

#endif
