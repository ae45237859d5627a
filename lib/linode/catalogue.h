/*
 * linode/catalogue: what can be bought, where, at what price. Source: Linode API v4,
 * /linode/types, /regions, /images, /account/settings. Prices are read live, by region.
 */
#ifndef GSP_LINODE_CATALOGUE_H
#define GSP_LINODE_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "linode/client.h"

struct gsp_plan {
	char id[49];
	char label[65];
	uint64_t memory_mb, disk_mb, vcpus;
	double hourly_usd, monthly_usd;               /* for the region asked; < 0 unknown */
	double backup_hourly_usd, backup_monthly_usd; /* the backups add-on there; < 0 unknown */
};

/** gsp_plan_price(p, backups, hourly_usd, monthly_usd): what a machine of this plan costs there, with
 * the backups add-on or without; < 0 unknown. */
void gsp_plan_price(const struct gsp_plan *p, bool backups, double *hourly_usd,
    double *monthly_usd);

struct gsp_region {
	char id[33];
	char label[65];
	bool up;                                     /* status "ok" */
	bool has_linodes, has_metadata, has_firewall;
};

struct gsp_account_settings {
	bool known;             /* false: the token may not read them; defaults apply */
	bool linode_interfaces_only; /* interfaces_for_new_linodes == "linode_only" */
	bool backups_forced;
};

/** GSP_EUNAVAIL "no such plan 'x'", with the nearest known id suggested. */
int gsp_plan_get(struct gsp_linode *c, const char *type, const char *region,
    struct gsp_plan *out, struct gsp_err *err);

/* A plan at a place. */
struct gsp_plan_at {
	char type[49];
	char region[33];
	bool known; /* plan is filled */
	struct gsp_plan plan;
};

/** gsp_plan_list(c, v, n, err): fill in the plan of each of the ${n} places, from one reading of the
 * whole list. ${v} must be sorted by type. One that is not sold any more stays unknown. */
int gsp_plan_list(struct gsp_linode *c, struct gsp_plan_at *v, size_t n, struct gsp_err *err);

/** GSP_EUNAVAIL "no such region 'x'". */
int gsp_region_get(struct gsp_linode *c, const char *region, struct gsp_region *out,
    struct gsp_err *err);

/** *available: false only when the API lists the plan as not available there; true also when it
 * lists nothing. */
int gsp_region_has_plan(struct gsp_linode *c, const char *region, const char *type,
    bool *available, struct gsp_err *err);

/** GSP_EUNAVAIL if the image does not exist or lacks the cloud-init capability; 0 also when the token
 * may not read images. */
int gsp_image_check(struct gsp_linode *c, const char *image, struct gsp_err *err);

/** That the token may not read them (401, 403) or that there are none (404) is no error: known is
 * then false. */
int gsp_account_settings_get(struct gsp_linode *c, struct gsp_account_settings *out,
    struct gsp_err *err);

#endif
