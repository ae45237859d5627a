/*
 * gsp/provision: from nothing to a machine that answers over the pinned key, bought once.
 *
 * The intent (session, label, keys, place, price) is on disk before the create call. If the
 * call's answer is lost the machine is looked up by label and adopted only if it carries this
 * session's tag. Run again at any moment it goes on where the truth is.
 */
#ifndef GSP_GSP_PROVISION_H
#define GSP_GSP_PROVISION_H

#include <stdbool.h>

#include "base/err.h"
#include "gsp/job.h"

/**
 * gsp_provision(job, err):
 * Needs the lock. Afterwards job->session is at GSP_PHASE_CREATED or later and its machine runs.
 * Errors: GSP_EREFUSED when the machine is gone and its session was dirty ("lost"), when the
 * label belongs to another home, or a delete is under way; GSP_EUNAVAIL no capacity; GSP_ECREATE
 * boot failed; GSP_ETEMP a deadline of `timeouts`; GSP_EAUTH a wrong host key.
 */
int gsp_provision(struct gsp_job *job, struct gsp_err *err);

/** gsp_provision_is_lost(job, yes, err): the cloud has no machine of that id (any more). */
int gsp_provision_is_lost(struct gsp_job *job, bool *yes, struct gsp_err *err);

/** gsp_provision_forget_lost(job, err): the owner chose to go on without the lost machine; ends
 * the session. */
int gsp_provision_forget_lost(struct gsp_job *job, struct gsp_err *err);

#endif
