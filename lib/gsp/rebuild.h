/*
 * gsp/rebuild: state/ was lost, or this computer has only the home's git checkout: which machines
 * of the account are this home's, and are not known here. What is then done for each of them is
 * gsp/takeover's (with `rebuild`). Nothing is deleted, here or there.
 */
#ifndef GSP_GSP_REBUILD_H
#define GSP_GSP_REBUILD_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "gsp/config.h"
#include "gsp/status.h"

struct gsp_rebuild_item {
	char server[65];  /* a server of this home; when refused, the machine's label may stand here */
	uint64_t id;      /* its machine */
	bool by_label;    /* it is labelled gsp-<server> */
	char why[400];    /* not "": refused, for this reason */
};

struct gsp_rebuild {
	struct gsp_rebuild_item *v; /* sorted by server */
	size_t n;
};

/**
 * gsp_rebuild_plan(out, h, cloud, err):
 * Every machine that carries this home's tag and has no whole journal here; those that cannot be
 * taken back, too, each with its reason. A machine that is known is not listed, so a second run
 * has nothing to do. Release with gsp_rebuild_release().
 */
int gsp_rebuild_plan(struct gsp_rebuild *out, const struct gsp_home *h,
    const struct gsp_cloud *cloud, struct gsp_err *err);
void gsp_rebuild_release(struct gsp_rebuild *r);

#endif
