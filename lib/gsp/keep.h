/*
 * gsp/keep: which generations a policy keeps. A pure function of what is known of them: no
 * clock, no files.
 *
 * They are gone through from the highest number down; the number is the order, never the time,
 * so that a clock that once was wrong moves nothing but the day a generation is counted for.
 *
 * Counted for `last`, `daily` and `weekly` are all kinds but `live`: an edit or an import may hold
 * what nothing else does. Of a session that never came home (no `down` or `killed` of it), its
 * last live generation is counted too; the other live ones are kept for no reason of their own.
 *
 * daily: the highest-numbered generation of each of the last so many days that have one; weekly
 * the same. A game played on Fridays keeps seven Fridays with `daily: 7`. Days are UTC, weeks
 * begin on Monday: the same wherever and from whatever cron line it runs.
 */
#ifndef GSP_GSP_KEEP_H
#define GSP_GSP_KEEP_H

#include <stddef.h>

#include "base/err.h"
#include "gsp/config_policy.h"
#include "gsp/history.h"

/* Why a generation stays; together they are bits. None: it goes. */
enum gsp_keep_why {
	GSP_KEEP_NEEDED = 1,  /* set by the caller: never goes, whatever the policy */
	GSP_KEEP_LAST = 2,
	GSP_KEEP_DAILY = 4,
	GSP_KEEP_WEEKLY = 8,
	GSP_KEEP_NEWEST = 16  /* the newest proven one, the newest from a game, the highest number */
};

struct gsp_kept {
	struct gsp_gen gen;
	int why;
};

/**
 * gsp_keep_apply(policy, v, n, err):
 * Add to each v[i].why. ${v} is ascending by number. One that is GSP_KEEP_NEEDED is counted like
 * the others.
 */
int gsp_keep_apply(const struct gsp_keep *policy, struct gsp_kept *v, size_t n,
    struct gsp_err *err);

#endif
