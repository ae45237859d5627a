/*
 * gsp/preflight: everything that can be known before money is spent.
 */
#ifndef GSP_GSP_PREFLIGHT_H
#define GSP_GSP_PREFLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "gsp/job.h"
#include "linode/catalogue.h"

/* One place and plan where the machine may be made. */
struct gsp_rung {
	char region[33];
	char type[49];
	double hourly_usd, monthly_usd; /* forced backups included; < 0 unknown */
	uint64_t disk_mb;
};

struct gsp_preflight {
	struct gsp_rung *rungs; /* for each type, each region; those that cannot work left out */
	size_t nrungs;
	bool linode_interfaces;
	bool backups_forced;
	uint64_t tree_bytes, tree_files; /* what will be uploaded */
	uint64_t home_free;              /* bytes free for history/ */
};

/**
 * gsp_preflight(out, job, conf, err):
 * Token and scopes; every region has Metadata and Cloud Firewall and every plan exists; image
 * knows cloud-init; plan's disk against the tree; room at home for a full generation; scripts
 * there and executable; rsync there and new enough; the first place's price within `limits`; the domain of
 * `dns` there, and its name nobody else's. The first thing that is wrong is the error.
 * Buys nothing, changes nothing. Release with gsp_preflight_release().
 */
int gsp_preflight(struct gsp_preflight *out, struct gsp_job *job,
    const struct gsp_server_conf *conf, struct gsp_err *err);
void gsp_preflight_release(struct gsp_preflight *p);

#endif
