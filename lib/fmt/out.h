/*
 * fmt/out: rows of named fields for stdout: an aligned table for people, one JSON object per
 * line for programs, CSV for spreadsheets. One code path, three printers.
 *
 * Give every row the same fields in the same order; the table takes its columns from the first
 * row, CSV its header. JSON and CSV rows are written as they end; a table is written by
 * gsp_out_free(), when its widths are known. In a table and in CSV, control characters, those that
 * turn or hide text, and invalid UTF-8 appear as "?".
 *
 * CSV is RFC 4180. A text that a spreadsheet would take for a formula gets a "'" before it; null is
 * an empty field.
 *
 * Ownership: borrows the stream; copies what it is told.
 */
#ifndef GSP_FMT_OUT_H
#define GSP_FMT_OUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "fmt/json.h"

enum gsp_out_mode { GSP_OUT_TABLE, GSP_OUT_JSON, GSP_OUT_CSV };

struct gsp_out;

/**
 * gsp_out_new(f, mode, fields):
 * Print to ${f}. ${fields}: NULL for all, else a comma-separated list of the fields to show, in
 * that order (names not met are ignored). Never NULL.
 */
struct gsp_out *gsp_out_new(FILE *f, enum gsp_out_mode mode, const char *fields);

/** gsp_out_str(o, name, v): text; NULL is null in JSON and "-" in a table. */
void gsp_out_str(struct gsp_out *o, const char *name, const char *v);
/** gsp_out_u64(o, name, v): a whole number. */
void gsp_out_u64(struct gsp_out *o, const char *name, uint64_t v);
/** gsp_out_num(o, name, v, decimals): ${decimals} of them in a table. */
void gsp_out_num(struct gsp_out *o, const char *name, double v, int decimals);
void gsp_out_bool(struct gsp_out *o, const char *name, bool v);
/** gsp_out_pair(o, name, v, text): JSON gets the whole number ${v}, the table gets ${text}. */
void gsp_out_pair(struct gsp_out *o, const char *name, uint64_t v, const char *text);

/**
 * gsp_out_fit(o, columns, keep):
 * A table is at most ${columns} wide: of the fields in ${keep} (comma-separated, the most important
 * first) as many are shown as fit, in their own order; a field not in ${keep} never is. The first
 * always is. JSON is not touched.
 */
void gsp_out_fit(struct gsp_out *o, size_t columns, const char *keep);

/** gsp_out_end(o): the row is complete. A row of nothing is nothing. */
void gsp_out_end(struct gsp_out *o);

/** gsp_out_head(o): the row so far only tells which fields there will be: CSV's header, should no
 * row follow. Nothing in the other modes. */
void gsp_out_head(struct gsp_out *o);

/** gsp_out_flush(o, err): what is out is out, or GSP_EIO. A table is printed now and starts anew. */
int gsp_out_flush(struct gsp_out *o, struct gsp_err *err);

/** gsp_out_free(o, err): flush and free; NULL is 0. GSP_EIO when anything could not be written. */
int gsp_out_free(struct gsp_out *o, struct gsp_err *err);

#endif
