/*
 * gsp/moved: how the home that had a machine sees that another home has taken it over
 * (gsp/takeover): by the tag in the cloud. It refuses to touch such a machine; all it may do is
 * forget its own session.
 */
#ifndef GSP_GSP_MOVED_H
#define GSP_GSP_MOVED_H

#include <stdbool.h>

#include "base/err.h"
#include "gsp/job.h"
#include "linode/instance.h"

/** gsp_moved_home(h, it): the other home that the machine's tag names; NULL if that is ${h}, or
 * there is no such tag. Borrowed from ${it}. */
const char *gsp_moved_home(const struct gsp_home *h, const struct gsp_instance *it);

/** gsp_moved_refuse(job, it, err): GSP_EREFUSED if another home has it, with what to do; else 0. */
int gsp_moved_refuse(struct gsp_job *job, const struct gsp_instance *it, struct gsp_err *err);

/** gsp_moved_ask(job): does the cloud say that another home has the session's machine? False when
 * it cannot be asked within a few seconds. */
bool gsp_moved_ask(struct gsp_job *job);

/**
 * gsp_moved_forget(job, it, err):
 * End our session of a machine that another home has; nothing else is touched, and the ledger
 * says so. job->session is NULL afterwards.
 */
int gsp_moved_forget(struct gsp_job *job, const struct gsp_instance *it, struct gsp_err *err);

#endif
