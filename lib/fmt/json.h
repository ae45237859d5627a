/*
 * fmt/json: JSON values read with care and written without surprises. The only place that
 * sees cJSON.
 *
 * Reading: a missing key, null, or a value of another type yields the caller's default
 * (documents from outside grow and change: be lenient). Where a value is required, ask the
 * _need form, which is an error that names the key. Numbers are doubles inside: integers are
 * handed out only when whole and below 2^53.
 */
#ifndef GSP_FMT_JSON_H
#define GSP_FMT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Deepest nesting accepted; cJSON's own limit is 1000. */
#define GSP_JSON_DEPTH 64

struct gsp_json; /* a value; the root owns its tree */

/**
 * gsp_json_parse(out, text, len, err):
 * The whole text must be one value (white space around it allowed).
 * Errors: GSP_EPROTO with the byte offset. Free the root with gsp_json_free().
 */
int gsp_json_parse(struct gsp_json **out, const char *text, size_t len, struct gsp_err *err);
void gsp_json_free(struct gsp_json *root);

/* Children are borrowed from their root. */
struct gsp_json *gsp_json_get(const struct gsp_json *obj, const char *key); /* NULL if absent */
struct gsp_json *gsp_json_first(const struct gsp_json *v);                  /* of an array or object */
struct gsp_json *gsp_json_next(const struct gsp_json *child);
const char *gsp_json_key(const struct gsp_json *child); /* NULL in arrays */
size_t gsp_json_count(const struct gsp_json *v);

bool gsp_json_is_obj(const struct gsp_json *v);
bool gsp_json_is_arr(const struct gsp_json *v);
bool gsp_json_is_str(const struct gsp_json *v);
bool gsp_json_is_num(const struct gsp_json *v);
bool gsp_json_is_bool(const struct gsp_json *v);
bool gsp_json_is_null(const struct gsp_json *v); /* an explicit null */

const char *gsp_json_text(const struct gsp_json *v, const char *dflt); /* of the value itself */
const char *gsp_json_str(const struct gsp_json *obj, const char *key, const char *dflt);
uint64_t gsp_json_u64(const struct gsp_json *obj, const char *key, uint64_t dflt);
double gsp_json_num(const struct gsp_json *obj, const char *key, double dflt);
bool gsp_json_bool(const struct gsp_json *obj, const char *key, bool dflt);
/** gsp_json_copy(out, size, obj, key): a string, cut to ${size} bytes with its NUL; "" if absent. */
void gsp_json_copy(char *out, size_t size, const struct gsp_json *obj, const char *key);
/** gsp_json_time(obj, key): ISO 8601 as seconds since the epoch; 0 if it is absent or no time. */
int64_t gsp_json_time(const struct gsp_json *obj, const char *key);
/** gsp_json_id(out, v): a whole number, or a string of digits (event entities use both). 0 or -1. */
int gsp_json_id(uint64_t *out, const struct gsp_json *v);

int gsp_json_need_str(const char **out, const struct gsp_json *obj, const char *key,
    struct gsp_err *err);
int gsp_json_need_u64(uint64_t *out, const struct gsp_json *obj, const char *key,
    struct gsp_err *err);

/* Building. The new value belongs to its parent once added; a NULL parent makes a root.
 * Out of memory aborts the process: there is nothing sensible left to do. */
struct gsp_json *gsp_json_new_obj(void);
struct gsp_json *gsp_json_new_arr(void);
struct gsp_json *gsp_json_add_obj(struct gsp_json *parent, const char *key); /* key NULL in arrays */
struct gsp_json *gsp_json_add_arr(struct gsp_json *parent, const char *key);
void gsp_json_add_str(struct gsp_json *parent, const char *key, const char *value);
/** Exact below 2^52: above it cJSON 1.7 may print a neighbour. */
void gsp_json_add_u64(struct gsp_json *parent, const char *key, uint64_t value);
void gsp_json_add_num(struct gsp_json *parent, const char *key, double value);
void gsp_json_add_bool(struct gsp_json *parent, const char *key, bool value);
/** gsp_json_add_time(parent, key, t): "2026-03-01T20:00:00Z" for seconds since the epoch. */
void gsp_json_add_time(struct gsp_json *parent, const char *key, int64_t t);
void gsp_json_add_null(struct gsp_json *parent, const char *key);
/** gsp_json_add_copy(parent, key, v): a deep copy of v. */
void gsp_json_add_copy(struct gsp_json *parent, const char *key, const struct gsp_json *v);
/** gsp_json_remove(obj, key): drop it if it is there (so that _add_ can replace it). */
void gsp_json_remove(struct gsp_json *obj, const char *key);

/** gsp_json_print(out, v): compact, one line, invalid UTF-8 replaced by U+FFFD. */
void gsp_json_print(struct gsp_buf *out, const struct gsp_json *v);

#endif
