/*
 * gsp/dns_state: what this computer remembers of the names it pointed somewhere,
 * state/<server>/dns.json. A place is on disk before the first record of it is asked for and goes
 * when the last one is gone: after a crash at any point it says what may be in DNS.
 */
#ifndef GSP_GSP_DNS_STATE_H
#define GSP_GSP_DNS_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "gsp/config.h"

#define GSP_DNS_PLACES 16 /* names whose records could not be removed yet, and the one in use */

/* Records of ours may lead from this name to this machine. */
struct gsp_dns_place {
	char domain[GSP_DNS_NAME];
	char label[GSP_DNS_NAME]; /* before the domain; "" the domain itself */
	char ipv4[16], ipv6[46];  /* the machine's; "" none */
	uint64_t linode_id;
	char session[33];
	char api_url[640];
	int64_t ttl_s;            /* what its records were last set to; 0: they may be half made */
	int64_t since;            /* when it was last tried in vain to remove them; 0: never */
	char why[200];            /* and why */
};

/* What the script `dns` was last told. */
struct gsp_dns_told {
	bool up;                 /* it was called with "up" and no "down" has succeeded since */
	bool done;               /* the last call succeeded */
	char name[GSP_DNS_NAME]; /* as it was given; "" none */
	char ipv4[16], ipv6[46], session[33], address[272];
	int64_t since;           /* of the last call */
	char why[200];
};

struct gsp_dns_state {
	struct gsp_dns_place v[GSP_DNS_PLACES];
	size_t n;
	struct gsp_dns_told told;
};

/** gsp_dns_state_load(st, h, server, err): empty when there is none. GSP_EIO when it makes no sense,
 * with what to do. */
int gsp_dns_state_load(struct gsp_dns_state *st, const struct gsp_home *h, const char *server,
    struct gsp_err *err);

/** gsp_dns_state_save(st, h, server, err): on disk when it returns 0; an empty one is no file. */
int gsp_dns_state_save(const struct gsp_dns_state *st, const struct gsp_home *h,
    const char *server, struct gsp_err *err);

/** gsp_dns_state_drop(st, i): forget place ${i}; those after it move up. */
void gsp_dns_state_drop(struct gsp_dns_state *st, size_t i);

/** gsp_dns_place_full(p, out, size): "mc.example.org". Returns out. */
const char *gsp_dns_place_full(const struct gsp_dns_place *p, char *out, size_t size);

/** gsp_dns_place_named(p, domain, label): it is that name. */
bool gsp_dns_place_named(const struct gsp_dns_place *p, const char *domain, const char *label);

/** gsp_dns_place_has(p, target): ${target} is an address of its machine, however it is written. */
bool gsp_dns_place_has(const struct gsp_dns_place *p, const char *target);

/** gsp_dns_same_address(a, b): both are the same IPv4 or IPv6 address. "" is none. */
bool gsp_dns_same_address(const char *a, const char *b);

#endif
