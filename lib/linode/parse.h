/*
 * linode/parse: from the API's JSON to our structs, and the little helpers that the modules of
 * this layer share. Not for callers outside linode/ (and its fuzz test).
 *
 * All parsers are lenient: unknown keys, nulls, missing keys and odd types are taken as "not
 * known"; only an id that is missing or no number is an error (GSP_EPROTO). Text is cut to its
 * field and loses its control characters, since it ends up on somebody's terminal.
 */
#ifndef GSP_LINODE_PARSE_H
#define GSP_LINODE_PARSE_H

#include "base/buf.h"
#include "fmt/json.h"
#include "linode/catalogue.h"
#include "linode/domain.h"
#include "linode/event.h"
#include "linode/firewall.h"
#include "linode/instance.h"

#define GSP_PARSE_REASONS_MAX 900 /* bytes of joined reasons that fit an error message */

int gsp_parse_instance(
    struct gsp_instance *out, const struct gsp_json *v, struct gsp_err *err);
int gsp_parse_firewall(
    struct gsp_firewall *out, const struct gsp_json *v, struct gsp_err *err);
int gsp_parse_event(struct gsp_event *out, const struct gsp_json *v, struct gsp_err *err);
int gsp_parse_plan(
    struct gsp_plan *out, const struct gsp_json *v, const char *region, struct gsp_err *err);
int gsp_parse_region(struct gsp_region *out, const struct gsp_json *v, struct gsp_err *err);
int gsp_parse_domain(struct gsp_domain *out, const struct gsp_json *v, struct gsp_err *err);
int gsp_parse_domain_record(
    struct gsp_domain_record *out, const struct gsp_json *v, struct gsp_err *err);

/** gsp_parse_text(dst, size, src): copy, cut where a UTF-8 character begins, control bytes to
 * '?'. NULL is "". */
void gsp_parse_text(char *dst, size_t size, const char *src);

/**
 * gsp_parse_room(v, n, cap, size, err):
 * ${v}, with room for one more after its ${n} elements of ${size} bytes: it may have moved. NULL,
 * and ${v} as it was: no memory.
 */
void *gsp_parse_room(void *v, size_t n, size_t *cap, size_t size, struct gsp_err *err);

/** gsp_parse_tags(tags, max, obj): fill ${tags} from obj's "tags"; how many. */
size_t gsp_parse_tags(char (*tags)[51], size_t max, const struct gsp_json *obj);

/**
 * gsp_parse_reasons(out, body):
 * Every entry of {"errors":[{"reason","field"}]} as "reason (field 'x'); reason". The number
 * of entries; 0 when ${body} is not such an object. Long text is cut, never refused.
 */
size_t gsp_parse_reasons(struct gsp_buf *out, const struct gsp_json *body);

/** gsp_parse_has_reason(body, text): some reason contains ${text}, case ignored. */
bool gsp_parse_has_reason(const struct gsp_json *body, const char *text);

/** gsp_parse_has_tag(tags, n, tag): case ignored, as the API folds it. */
bool gsp_parse_has_tag(const char (*tags)[51], size_t n, const char *tag);

#endif
