/*
 * gsp/dns_own: what is this home's among addresses and names: an address is if a machine of the
 * server has it or had it; a name is taken while a machine of another server goes by it.
 */
#ifndef GSP_GSP_DNS_OWN_H
#define GSP_GSP_DNS_OWN_H

#include <stdbool.h>

#include "base/err.h"
#include "gsp/config.h"
#include "gsp/dns_state.h"

/* All borrowed. */
struct gsp_dns_own {
	const struct gsp_home *home;
	const char *server;
	const struct gsp_dns_state *state;
	const char *ipv4, *ipv6; /* of the session's machine, or "" */
	const char *domain, *label;
};

/** gsp_dns_own_known(ctx, target): for struct gsp_dns_known; ${ctx} is a struct gsp_dns_own. True for
 * the session's addresses, those of dns.json, those of sessions that are over, and what other
 * servers of this home left at that name when their machine went. */
bool gsp_dns_own_known(void *ctx, const char *target);

/**
 * gsp_dns_own_free(h, server, domain, label, wish, err):
 * GSP_EREFUSED, naming it, if another server of this home has a machine that goes by that name; with
 * ${wish} also if it has one that is going to. Without, and under the home's lock, one of two that
 * began at once is first.
 */
int gsp_dns_own_free(const struct gsp_home *h, const char *server, const char *domain,
    const char *label, bool wish, struct gsp_err *err);

#endif
