/*
 * gsp/prune: remove the generations that the policy (gsp/keep) does not keep and that nothing
 * needs. Looks at no machine: what one may still need is known from the session's journal.
 *
 * Needed, whatever the policy says: BASE and NEXT's; every generation between those, the newest
 * proven one and where they parted, and what an edit among them was made from (a bringing that
 * was cut off merges by them); while there is a session, its base, its own, and all that is
 * newer; one whose description cannot be read.
 */
#ifndef GSP_GSP_PRUNE_H
#define GSP_GSP_PRUNE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "gsp/config.h"
#include "gsp/history.h"
#include "gsp/job.h"

struct gsp_prune_item {
	struct gsp_gen gen;
	uint64_t frees; /* bytes on disk that go with it, once those before it are gone */
};

struct gsp_prune {
	struct gsp_prune_item *v; /* what goes, ascending */
	size_t n;
	size_t stay;    /* how many stay */
	uint64_t frees; /* all of it together */
};
#define GSP_PRUNE_INIT {NULL, 0, 0, 0}

/**
 * gsp_prune_plan(out, job, h, keep, err):
 * What would go. Changes nothing and needs no lock.
 * Errors: GSP_EREFUSED when the newest proven generation is not what its list says (names,
 * sizes, times): nothing may go while the one that must stay is in doubt.
 */
int gsp_prune_plan(struct gsp_prune *out, struct gsp_job *job, struct gsp_history *h,
    const struct gsp_keep *keep, struct gsp_err *err);
void gsp_prune_release(struct gsp_prune *p);

/**
 * gsp_prune_carry_out(p, job, h, err):
 * Remove them, oldest first; ${h} is settled and ${job} holds the lock since before the plan was
 * made. Each is whole or gone at every moment; run again it goes on.
 */
int gsp_prune_carry_out(const struct gsp_prune *p, struct gsp_job *job, struct gsp_history *h,
    struct gsp_err *err);

#endif
