/*
 * gsp/reconcile: the ledger brought to what the cloud says. A run that died between a call and its
 * line, a machine that somebody else deleted, an answer that was lost and a state/ that was lost
 * leave a ledger that is silent about money; whoever reads the cloud's list anyway mends that.
 */
#ifndef GSP_GSP_RECONCILE_H
#define GSP_GSP_RECONCILE_H

#include "base/err.h"
#include "gsp/job.h"
#include "gsp/status.h"

/** Hears of each line that was added, as a sentence. */
typedef void gsp_reconcile_fn(void *ctx, const char *text);

/**
 * gsp_reconcile(h, api, cloud, actor, told, ctx, err):
 * Add the lines that the ledger lacks:
 * "gone" for a session whose machine the account has no more, neither by its id nor by its tag
 * (ended: the cloud's event if it has one, else now and marked as estimated);
 * "create" for a machine with this home's tags that the ledger does not know, or calls gone (from
 * its creation, at the price of its type there; by whoever the journal or the intent names);
 * "moved" for one that another home has taken and no journal here remembers.
 * Journals are left as they are: what becomes of the session is for `up`, `down` and take-over.
 *
 * Each line is written under the server's lock, after asking the cloud and the ledger once more: a
 * server that is being worked on is left to that job, and to the next call. Run again it adds
 * nothing. One request for each line at most a few; none when there is nothing to mend.
 * Errors: those of the API and of the ledger; what was added before stays.
 */
int gsp_reconcile(const struct gsp_home *h, struct gsp_linode *api, const struct gsp_cloud *cloud,
    const char *actor, gsp_reconcile_fn *told, void *ctx, struct gsp_err *err);

/**
 * gsp_reconcile_end(job):
 * The session's machine is gone: set ended to when it was deleted, as the cloud's events tell; else
 * to when its delete was begun, or to now, and ended_guess. Best effort, a few seconds.
 */
void gsp_reconcile_end(struct gsp_job *job);

#endif
