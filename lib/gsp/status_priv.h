/*
 * gsp/status_priv: shared by the files that make up gsp/status. Nobody else includes it.
 */
#ifndef GSP_GSP_STATUS_PRIV_H
#define GSP_GSP_STATUS_PRIV_H

#include "gsp/session.h"
#include "gsp/status.h"

/** gsp_status_fill_cloud(r, cloud, it): address, place, age and cost, as the cloud knows them. */
void gsp_status_fill_cloud(struct gsp_status_row *r, const struct gsp_cloud *cloud,
    const struct gsp_instance *it);

/** gsp_status_unknown(c, name): a machine labelled gsp-<name> with a home's tag, or NULL. */
const struct gsp_instance *gsp_status_unknown(const struct gsp_cloud *c, const char *name);

/**
 * gsp_status_last(r, h, s):
 * Add to r->why how the last job on that server ended, if it did not end well and nothing has
 * moved since: from state/<server>/progress.jsonl. What cannot be read is not mentioned.
 */
void gsp_status_last(struct gsp_status_row *r, const struct gsp_home *h,
    const struct gsp_session *s);

/**
 * gsp_status_watch(r, h, s):
 * Who watches the session's machine, and what the last watch knows: players, an idle stop, the end
 * of the lease. From state/ alone.
 */
void gsp_status_watch(struct gsp_status_row *r, const struct gsp_home *h,
    const struct gsp_session *s);

#endif
