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

#endif
