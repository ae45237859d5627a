/*
 * gsp/lease_wish: what somebody may wish of a lease, read from words, and how much of it is granted.
 * No files, no network, and no clock but the local time zone's rules.
 *
 * Units: epoch seconds, and seconds.
 */
#ifndef GSP_GSP_LEASE_WISH_H
#define GSP_GSP_LEASE_WISH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct gsp_lease {
	int64_t until;  /* 0: no end (lease: {first: never}) */
	int64_t hold;   /* no idle stop before this; 0: none */
	int64_t latest; /* as far as lease: {max} lets it go; 0: no end */
};

enum gsp_lease_kind {
	GSP_LEASE_EXTEND, /* "+1h": by that much, from its end; from now if it is over */
	GSP_LEASE_UNTIL,  /* "until 23:30": sooner or later than it would end */
	GSP_LEASE_HOLD,   /* "hold 2h": no idle stop for that long, and a lease that lasts as long */
	GSP_LEASE_RELEASE /* "release": the hold ends; the lease stays */
};

struct gsp_lease_wish {
	enum gsp_lease_kind kind;
	int64_t s;  /* EXTEND, HOLD: how long */
	int64_t at; /* UNTIL: when */
};

#define GSP_LEASE_WISH_MAX_S (30 * 86400) /* as far ahead as one wish reaches */

/**
 * gsp_lease_wish_parse(out, words, n, now, err):
 * "+TIME", "until HH:MM" (the next time the clocks here show that), "until YYYY-MM-DDTHH:MM" (here;
 * with a "Z" in UTC; seconds may follow), "hold TIME", "release". A TIME is as 90s, 20m, 2h or 1d.
 * GSP_EUSAGE with why.
 */
int gsp_lease_wish_parse(struct gsp_lease_wish *out, char *const *words, size_t n, int64_t now,
    struct gsp_err *err);

/* What kept a wish from being granted in full. */
enum gsp_lease_bound {
	GSP_LEASE_FREE,   /* nothing */
	GSP_LEASE_MAX,    /* the session's latest */
	GSP_LEASE_BUDGET, /* the hour that begins then would pass a limit */
	GSP_LEASE_ENDLESS /* it has no end, so that there is nothing to extend */
};

struct gsp_lease_grant {
	struct gsp_lease to;        /* the lease as it will be */
	int64_t asked;              /* the end, or the hold's, that would have granted it in full; 0: none */
	enum gsp_lease_bound bound; /* why it got less, or nothing */
	bool changed;               /* ${to} differs from what was */
};

/**
 * gsp_lease_grant(out, l, w, now, budget_until):
 * ${budget_until} 0: none. Only UNTIL ever makes a lease shorter, and a hold never outlasts its
 * lease. A bound that is nearer than the lease's own end takes nothing away.
 */
void gsp_lease_grant(struct gsp_lease_grant *out, const struct gsp_lease *l,
    const struct gsp_lease_wish *w, int64_t now, int64_t budget_until);

/**
 * gsp_lease_first(tag, first, latest):
 * The end of a lease of which only the machine's tag is known (0: it has none), where its settings
 * alone would give ${first}: the tag's if that is later (but not past ${latest}), or nearly the same;
 * never one that is sooner: the clock of the computer that put it may have been wrong.
 */
int64_t gsp_lease_first(int64_t tag, int64_t first, int64_t latest);

#endif
