/*
 * gsp/cost: the ledger summed: by session, server, actor or month. Asks nobody.
 *
 * Amounts and months as in gsp/money.
 */
#ifndef GSP_GSP_COST_H
#define GSP_GSP_COST_H

#include "base/err.h"
#include "gsp/ledger.h"

/* Which sessions, and of which months. */
struct gsp_cost_pick {
	int first, last;    /* months; a session of several has its part in each */
	const char *server; /* NULL: all */
	const char *api_url; /* where machines are made now: gsp_cost_counts() */
	int64_t now;
};

enum gsp_cost_by { GSP_COST_TOTAL, GSP_COST_SERVER, GSP_COST_ACTOR, GSP_COST_MONTH };

struct gsp_cost_sum {
	const char *name; /* server or actor; borrowed from the ledger; NULL: total, month */
	int month;        /* of GSP_COST_MONTH */
	uint64_t sessions, running, unpriced; /* unpriced: of the sessions, their amount is not known */
	uint64_t hours;
	int64_t amount;   /* of those with a price */
	int64_t always;   /* what the same plans would have cost, always on; -1 not known */
};

struct gsp_cost_sums {
	struct gsp_cost_sum *v; /* the dearest first; months in order */
	size_t n;
};

/**
 * gsp_cost_counts(s, pick):
 * Is it a session with a machine, of the server picked, paid for in earnest? What was made at
 * another address over plain http was a rehearsal in a sandbox of this computer.
 */
bool gsp_cost_counts(const struct gsp_ledger_session *s, const struct gsp_cost_pick *pick);

/** gsp_cost_first_month(l, pick): of the earliest session that counts; that of now if none does. */
int gsp_cost_first_month(const struct gsp_ledger *l, const struct gsp_cost_pick *pick);

/**
 * gsp_cost_bill(s, month, now, bill):
 * Its part in one month; false if it has none there.
 */
bool gsp_cost_bill(const struct gsp_ledger_session *s, int month, int64_t now,
    struct gsp_bill *bill);

/**
 * gsp_cost_sum(out, l, by, pick, err):
 * One sum for each server, actor or month with a session, or one in all (also when it is of
 * nothing). Always on: for each server, and each month in which it had a session, the plan of its
 * last session there, for all of the month (until now in the month of now). Not told by actor.
 * GSP_ESYS without memory. Release with gsp_cost_sums_release().
 */
int gsp_cost_sum(struct gsp_cost_sums *out, const struct gsp_ledger *l, enum gsp_cost_by by,
    const struct gsp_cost_pick *pick, struct gsp_err *err);
void gsp_cost_sums_release(struct gsp_cost_sums *s);

#endif
