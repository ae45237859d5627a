/*
 * gsp/record: one JSON object on one line that describes a server: what the tools hand each
 * other through pipes. gsp-record(5) is the contract.
 */
#ifndef GSP_GSP_RECORD_H
#define GSP_GSP_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "gsp/session.h"

#define GSP_RECORD_MAX (64 * 1024) /* bytes in one record */

/** gsp_record_print(out, server, s, lease): the record (no newline); ${s} NULL: stage none. ${lease}:
 * when its lease ends, in epoch seconds; 0: it has no end, or it is not known. */
void gsp_record_print(struct gsp_buf *out, const char *server, const struct gsp_session *s,
    int64_t lease);

#define GSP_ADDRESS_MAX 272 /* bytes of what is below, NUL included */

/** The address friends type in: the name that leads there or else the IPv4 address, and the first
 * port: "mc.example.org:25565", "192.0.2.10:25565"; "" when there is none. */
void gsp_record_address(struct gsp_buf *out, const struct gsp_session *s);

/* What is believed of a record: everything else is looked up. */
struct gsp_record_name {
	char server[29];
	char session[33]; /* "" when the record has none (stage none) */
};

/** gsp_record_parse(out, line, len, err): GSP_EREFUSED for anything that is no gsp.record/1. */
int gsp_record_parse(struct gsp_record_name *out, const char *line, size_t len,
    struct gsp_err *err);

#endif
