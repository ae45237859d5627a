/*
 * gsp/cloud: what the account has with gsp's tags, read once and found by number, session or
 * label without looking through it again: one request a page, one for each machine of ours that
 * the list does not have, and one for the prices of machines that no journal knows.
 */
#ifndef GSP_GSP_CLOUD_H
#define GSP_GSP_CLOUD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "gsp/config.h"
#include "linode/catalogue.h"
#include "linode/firewall.h"
#include "linode/instance.h"

struct gsp_cloud {
	bool known; /* false: nobody was asked; everything else is empty */
	struct gsp_instance *machines; /* those with our tag first */
	size_t nmachines, ntagged;
	struct gsp_firewall *firewalls;
	size_t nfirewalls;
	struct gsp_plan_at *plans; /* private: prices, sorted by type and region */
	size_t nplans;
	const struct gsp_instance **by_id, **by_session, **by_label; /* private */
	size_t nsessions;
};

int gsp_cloud_read(struct gsp_cloud *out, const struct gsp_home *h, struct gsp_linode *api,
    struct gsp_err *err);
void gsp_cloud_release(struct gsp_cloud *c);

/** gsp_cloud_machine(c, id, session): by number (0: none), else the one with that session tag; NULL
 * if there is none. */
const struct gsp_instance *gsp_cloud_machine(const struct gsp_cloud *c, uint64_t id,
    const char *session);

/** gsp_cloud_labelled(c, label): NULL if there is none among those with our tag. */
const struct gsp_instance *gsp_cloud_labelled(const struct gsp_cloud *c, const char *label);

/** gsp_cloud_cost(c, it, now, hourly, hours, usd): the price of a machine that no journal knows,
 * add-ons included, and what it has cost; < 0 unknown. */
void gsp_cloud_cost(const struct gsp_cloud *c, const struct gsp_instance *it, int64_t now,
    double *hourly, uint64_t *hours, double *usd);

#endif
