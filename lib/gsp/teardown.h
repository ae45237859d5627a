/*
 * gsp/teardown: the machine is deleted, only when its saves are proven home.
 */
#ifndef GSP_GSP_TEARDOWN_H
#define GSP_GSP_TEARDOWN_H

#include <stdbool.h>

#include "base/err.h"
#include "gsp/job.h"

/**
 * gsp_teardown(job, discard, err):
 * The marker decides: `saved n` with n in this history, or never started, becomes `closing`
 * (which also checks that nothing runs and nothing was written since), is read back, and only
 * then the machine and its firewall are deleted; returns when both are gone from the account.
 * A machine that cannot be reached may be deleted only if its journal holds no intent to start.
 * ${discard}: delete without a save; the caller has asked.
 * A machine that another home has taken over stays: only our session of it is ended.
 * On success job->session is NULL. No session is success.
 * Errors: GSP_EREFUSED with what to do; GSP_ETEMP it is not gone at the deadline.
 */
int gsp_teardown(struct gsp_job *job, bool discard, struct gsp_err *err);

/**
 * gsp_teardown_permit(job, err):
 * The proof alone, for gsp/stray: job->remote is open, job->session what the machine said. 0: its
 * marker is `closing`, and it may be deleted.
 */
int gsp_teardown_permit(struct gsp_job *job, struct gsp_err *err);

/** gsp_teardown_firewall(job, err): delete the server's firewall, if it is this home's and protects
 * nothing any more. None is success. */
int gsp_teardown_firewall(struct gsp_job *job, struct gsp_err *err);

#define GSP_TEARDOWN_GONE_MS 600000 /* how long a delete may take to show */

#endif
