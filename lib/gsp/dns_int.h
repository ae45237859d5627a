/*
 * gsp/dns_int: what the files of gsp/dns share.
 */
#ifndef GSP_GSP_DNS_INT_H
#define GSP_GSP_DNS_INT_H

#include "base/err.h"
#include "gsp/dns_state.h"
#include "gsp/job.h"

/**
 * gsp_dns_remove(job, st, going, living, err):
 * The records of every place in ${st} that leads to a machine that is gone, or is of the session
 * ${going}, are deleted and the place dropped; those of the session ${living} stay. Either may be
 * NULL. ${st} is not saved. With an error what could not be removed stays, with why. Asks nobody
 * when there is nothing to do.
 */
int gsp_dns_remove(struct gsp_job *job, struct gsp_dns_state *st, const char *going,
    const char *living, struct gsp_err *err);

/** gsp_dns_join(err, more): both have failed, and neither hides the other. A signal goes first. */
void gsp_dns_join(struct gsp_err *err, const struct gsp_err *more);

#endif
