/*
 * linode/domain: domains of Linode's DNS and their records. Source: Linode API v4, /domains.
 * Wants the scope domains:read_only to look, domains:read_write to change.
 *
 * Host names are compared with case ignored, and are sent as they are handed in. A record's name
 * may come back as its part before the domain, or in full: both are understood.
 */
#ifndef GSP_LINODE_DOMAIN_H
#define GSP_LINODE_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "linode/client.h"

#define GSP_DOMAIN_NAME 254 /* bytes of a host name and its NUL. Source: RFC 1035, 2.3.4 */

struct gsp_domain {
	uint64_t id;
	char domain[GSP_DOMAIN_NAME];
	bool secondary; /* type "slave": its records come from another name server */
	bool disabled;  /* status "disabled": nothing in it is answered */
};

struct gsp_domain_record {
	uint64_t id;
	char type[8];                /* "A", "AAAA", "CNAME", ... */
	char name[GSP_DOMAIN_NAME];  /* before the domain; "" is the domain itself */
	char target[GSP_DOMAIN_NAME]; /* longer ones (TXT) are cut */
	uint64_t ttl_s;              /* 0: the domain's own */
};

/** gsp_domain_find(c, name, out, err): the domain of that name. GSP_ENOTFOUND. */
int gsp_domain_find(struct gsp_linode *c, const char *name, struct gsp_domain *out,
    struct gsp_err *err);

/**
 * gsp_domain_records(c, d, name, out, n, err):
 * Every record of one name ("" is the domain itself), of any type, in the API's order; free(*out).
 */
int gsp_domain_records(struct gsp_linode *c, const struct gsp_domain *d, const char *name,
    struct gsp_domain_record **out, size_t *n, struct gsp_err *err);

/**
 * gsp_domain_record_add(c, d, want, id, err):
 * Make the record ${want} (its id is not looked at) and put its number into *id. A doubtful
 * answer is looked up before it is asked for again, so that one call makes one record.
 * Errors: GSP_EREFUSED when the API will not have it.
 */
int gsp_domain_record_add(struct gsp_linode *c, const struct gsp_domain *d,
    const struct gsp_domain_record *want, uint64_t *id, struct gsp_err *err);

/** gsp_domain_record_change(c, d, id, target, ttl_s, err): GSP_ENOTFOUND when it is gone. */
int gsp_domain_record_change(struct gsp_linode *c, const struct gsp_domain *d, uint64_t id,
    const char *target, uint64_t ttl_s, struct gsp_err *err);

/** gsp_domain_record_delete(c, d, id, err): already gone is success. */
int gsp_domain_record_delete(struct gsp_linode *c, const struct gsp_domain *d, uint64_t id,
    struct gsp_err *err);

#endif
