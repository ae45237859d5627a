/*
 * gsp/limits: how much may be spent in a month. A start that would pass it is refused, and a machine
 * that was bought is gone on with. What runs is never stopped here; gsp_limits_until() says when the
 * money will have come to its end, for those who end it in time, announced.
 */
#ifndef GSP_GSP_LIMITS_H
#define GSP_GSP_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

struct gsp_limits_end {
	int64_t until;     /* epoch seconds: the hour that begins then would pass a limit; 0: none does,
	                    * or not within 31 days */
	bool of_home;      /* the limit of all servers, not this server's own */
	uint64_t unpriced; /* sessions of this month whose price is not known, and which are not
	                    * counted; if ${s} is one of them it has no end by money */
};

/**
 * gsp_limits_until(out, h, s, now, err):
 * When the machine of ${s} has to be gone to stay within the limits of the home and of its server,
 * if all that runs goes on: every machine's paid hours begin with its creation, and of all of them
 * in the order of time the first that would pass a limit ends its server just before; the others go
 * on. Months are those of UTC: what was spent is forgotten with the first hour that begins in a new
 * one. To reach a limit exactly is allowed. Reads the ledger and the journals; asks nobody; 0 at
 * once when there is no limit. Errors: those of gsp_ledger_read().
 */
int gsp_limits_until(struct gsp_limits_end *out, const struct gsp_home *h,
    const struct gsp_session *s, int64_t now, struct gsp_err *err);

/* The same without files, for gsp_limits_until() and its tests. Amounts as in gsp/money. */
struct gsp_limits_machine {
	int64_t created, hourly, monthly; /* hourly -1: not known; monthly <= 0: no cap */
	size_t server;                    /* its place among the sums */
};
struct gsp_limits_sum {
	int64_t spent; /* this month, with what runs so far */
	int64_t limit; /* -1: none */
};

/** gsp_limits_course(of_home, m, n, mine, home, servers, nservers, now): ${until} of machine ${mine} of
 * the ${n} that run; -1 without memory. The sums are changed. */
int64_t gsp_limits_course(bool *of_home, const struct gsp_limits_machine *m, size_t n, size_t mine,
    struct gsp_limits_sum *home, struct gsp_limits_sum *servers, size_t nservers, int64_t now);

#endif
