/*
 * gsp/stray_firewall: the half of gsp/stray for firewalls, and what both halves share. Nobody else
 * includes it.
 */
#ifndef GSP_GSP_STRAY_FIREWALL_H
#define GSP_GSP_STRAY_FIREWALL_H

#include <stdint.h>

#include "base/err.h"
#include "gsp/job.h"
#include "gsp/stray.h"

/**
 * gsp_stray_job(job, h, server, o, err):
 * *job (closed first) becomes one that can ask the API: with the lock of ${server} if this home has
 * that server, without one (lock_fd -1) else.
 */
int gsp_stray_job(struct gsp_job **job, struct gsp_home *h, const char *server,
    const struct gsp_stray_opts *o, struct gsp_err *err);

/**
 * gsp_stray_firewall(job, id, o, err):
 * Delete the firewall ${id}: tagged, without devices, of no session and no machine of that name.
 * Errors: GSP_ENOTFOUND it is gone; GSP_EREFUSED.
 */
int gsp_stray_firewall(struct gsp_job **job, uint64_t id, const struct gsp_stray_opts *o,
    struct gsp_err *err);

#endif
