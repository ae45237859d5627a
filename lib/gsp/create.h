/*
 * gsp/create: the purchase itself: intent, firewall, the ladder of places, the create call, and
 * what to do when its answer is lost.
 */
#ifndef GSP_GSP_CREATE_H
#define GSP_GSP_CREATE_H

#include "base/err.h"
#include "gsp/job.h"
#include "linode/instance.h"

/**
 * gsp_create(job, out, err):
 * Make job->session (or go on with one that never got an id) and its machine; *out is the
 * machine as the cloud tells it. Never buys twice: a doubtful call is looked up by label, and
 * what is found counts only with this session's tag.
 */
int gsp_create(struct gsp_job *job, struct gsp_instance *out, struct gsp_err *err);

/**
 * gsp_create_vacant(job, err):
 * Nobody has a machine with this server's label: the label is the lock between homes.
 * GSP_EREFUSED naming whose it is and what to do (err->detail GSP_CREATE_NOBODYS: no gsp made
 * it); GSP_ETEMP while one is being deleted.
 */
#define GSP_CREATE_NOBODYS 1
int gsp_create_vacant(struct gsp_job *job, struct gsp_err *err);

#endif
