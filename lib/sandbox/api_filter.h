/*
 * sandbox/api_filter: the X-Filter header: which objects of a list it keeps, in which order.
 *
 * A filter is a JSON object: field names with a value or an object of operators (+gt +gte +lt
 * +lte +neq +contains), +and and +or with a list of filters, and on the outside +order_by with
 * +order ("asc", "desc"). All keys must hold. Text is compared without regard to case; a list
 * (tags, ipv4) fits if one of its elements does. Fields may be dotted ("entity.id").
 * Source: Linode API v4, "Filtering and sorting".
 */
#ifndef GSP_SANDBOX_API_FILTER_H
#define GSP_SANDBOX_API_FILTER_H

#include <stddef.h>

#include "base/err.h"
#include "fmt/json.h"

struct gsp_sb_filter;

/**
 * gsp_sb_filter_parse(out, text, len, fields, err):
 * ${fields} is the NULL-terminated list of what may be filtered on; borrowed, must outlive.
 * Errors: GSP_EPROTO with the reason as the API words it.
 */
int gsp_sb_filter_parse(struct gsp_sb_filter **out, const char *text, size_t len,
    const char *const *fields, struct gsp_err *err);
void gsp_sb_filter_free(struct gsp_sb_filter *f);

/**
 * gsp_sb_filter_apply(f, list):
 * A new array (a root, the caller's) with copies of those objects of ${list} that fit, ordered
 * as the filter says, else as they were. A NULL filter keeps everything.
 */
struct gsp_json *gsp_sb_filter_apply(const struct gsp_sb_filter *f, const struct gsp_json *list);

#endif
