/*
 * saves_look: what the words of gsp-saves that only look share. They take no lock and change
 * nothing.
 */
#ifndef GSP_CMD_SAVES_LOOK_H
#define GSP_CMD_SAVES_LOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "fmt/out.h"
#include "gsp/compare.h"
#include "gsp/history.h"
#include "gsp/usage.h"
#include "saves.h"

/* One generation, and what is known of it. */
struct saves_row {
	uint64_t n;
	bool known, measured; /* g, use hold something */
	bool base, newest;
	struct gsp_gen g;
	struct gsp_use use;
};

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

/** saves_print_delta(s, d): one row, as `diff` prints it. */
void saves_print_delta(struct saves *s, const struct gsp_delta *d);

#endif
