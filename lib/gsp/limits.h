/*
 * gsp/limits: how much may be spent in a month. Only a start is refused: what runs is never
 * stopped for money here, and a machine that was bought is gone on with.
 */
#ifndef GSP_GSP_LIMITS_H
#define GSP_GSP_LIMITS_H

#include <stdbool.h>

#include "base/err.h"
#include "gsp/job.h"

/**
 * gsp_limits_check(job, conf, type, hourly_usd, warn, err):
 * What this month (UTC) has cost, with what runs now so far, and one hour of ${type} more: not
 * above the home's limit (limits in gsp.yaml, all servers) nor the server's (${conf}, that server
 * alone). To reach it exactly is allowed. A machine whose create call is unanswered counts as one
 * that runs. Reads the ledger and the journals; asks nobody; 0 at once when there is no limit.
 * ${warn}: say also what could not be counted, and when four fifths are reached.
 * Errors: GSP_EUNAVAIL with the numbers and what to do, also when the price is not known; those of
 * gsp_ledger_read().
 */
int gsp_limits_check(struct gsp_job *job, const struct gsp_server_conf *conf, const char *type,
    double hourly_usd, bool warn, struct gsp_err *err);

/**
 * gsp_limits_take(fd, job, conf, err):
 * Keep every other start of this home from deciding until this one is in its journal: two at once
 * must not each spend what is left for one. Waits some seconds, then GSP_ETEMP. *fd is -1, and
 * nothing is locked, when there is no limit; gsp_lock_drop() it.
 */
int gsp_limits_take(int *fd, struct gsp_job *job, const struct gsp_server_conf *conf,
    struct gsp_err *err);

#endif
