/*
 * gsp/dns_records: the A and AAAA records of one name in Linode's DNS. Whether a record is ours
 * is told by where it leads, since records carry no mark: one that leads to a machine of ours is.
 * Any other of that name is somebody's, and is neither changed nor deleted.
 */
#ifndef GSP_GSP_DNS_RECORDS_H
#define GSP_GSP_DNS_RECORDS_H

#include <stdbool.h>

#include "base/err.h"
#include "gsp/dns_state.h"
#include "linode/client.h"
#include "linode/domain.h"

/* Does ${target}, an address, lead to a machine of ours, now or formerly? */
struct gsp_dns_known {
	bool (*known)(void *ctx, const char *target);
	void *ctx;
};

/** gsp_dns_domain(c, name, out, err): the domain, fit to take records: GSP_ECONFIG with what to do
 * when the account does not have it, or it is a secondary one, or disabled. */
int gsp_dns_domain(struct gsp_linode *c, const char *name, struct gsp_domain *out,
    struct gsp_err *err);

/** gsp_dns_records_foreign(c, d, label, known, err): GSP_EREFUSED, naming it, if that name has a
 * record that is not ours and would be in the way. */
int gsp_dns_records_foreign(struct gsp_linode *c, const struct gsp_domain *d, const char *label,
    const struct gsp_dns_known *known, struct gsp_err *err);

/**
 * gsp_dns_records_set(c, p, ttl_s, known, err):
 * The name has just one A record, to p's ipv4, and one AAAA record, to its ipv6 (none if it has
 * none). Records that are right already stay as they are (so does their time to live, if it was
 * set to ${ttl_s}, as p remembers). Other records of ours of that name are changed or go.
 * Errors: as above; nothing was changed then.
 */
int gsp_dns_records_set(struct gsp_linode *c, const struct gsp_dns_place *p, int64_t ttl_s,
    const struct gsp_dns_known *known, struct gsp_err *err);

/** gsp_dns_records_clear(c, p, err): the name's records that lead to p's machine are gone; that
 * there are none, or no such domain (any more), is success. */
int gsp_dns_records_clear(struct gsp_linode *c, const struct gsp_dns_place *p,
    struct gsp_err *err);

#endif
