/*
 * gsp/lease: how long a session may run. Every session has one; it ends in a normal, safe down.
 * Kept in state/<server>/lease.json (of its own, with a lock of its own: it can be extended while a
 * backup or a start holds the server's) and as the machine's tag gsp-lease:<epoch>.
 *
 * Units: epoch seconds.
 */
#ifndef GSP_GSP_LEASE_H
#define GSP_GSP_LEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "gsp/job.h"

struct gsp_lease {
	int64_t until;  /* 0: no end (lease: {first: never}) */
	int64_t hold;   /* no idle stop before this; 0: none */
	int64_t latest; /* as far as lease: {max} lets it go; 0: no end */
};

/** gsp_lease_get(out, h, s, err): of session ${s}; what it got at its creation until somebody
 * changed it. */
int gsp_lease_get(struct gsp_lease *out, const struct gsp_home *h, const struct gsp_session *s,
    struct gsp_err *err);

#endif
