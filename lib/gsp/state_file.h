/*
 * gsp/state_file: the small files below state/ that hold one JSON object each, with a schema.
 */
#ifndef GSP_GSP_STATE_FILE_H
#define GSP_GSP_STATE_FILE_H

#include "base/err.h"
#include "fmt/json.h"

#define GSP_STATE_FILE_MAX (1024 * 1024) /* bytes, of what is read and of what is written */

/**
 * gsp_state_file_read(out, path, schema, err):
 * *out is the object, for gsp_json_free(), or NULL when there is no such file.
 * Errors: GSP_EPROTO for what is no JSON, or not of ${schema}; what gsp_io_read_file() says.
 * ${path} is named by the latter alone: wrap the others.
 */
int gsp_state_file_read(struct gsp_json **out, const char *path, const char *schema,
    struct gsp_err *err);

/**
 * gsp_state_file_write(v, path, err):
 * Print ${v} and replace ${path} by it, 0600; after a crash it is the old or the new one.
 * Errors: GSP_ELIMIT; what gsp_io_replace() says.
 */
int gsp_state_file_write(const struct gsp_json *v, const char *path, struct gsp_err *err);

#endif
