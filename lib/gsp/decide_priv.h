/*
 * gsp/decide_priv: what the files of gsp/decide share: one pass in the works, and its words.
 */
#ifndef GSP_GSP_DECIDE_PRIV_H
#define GSP_GSP_DECIDE_PRIV_H

#include "gsp/decide.h"

/* What is believed of the players in this pass. */
enum gsp_decide_count { GSP_DECIDE_CANNOT_TELL, GSP_DECIDE_NOBODY, GSP_DECIDE_PLAYED };

/* One call of gsp_decide(). */
struct gsp_decide_pass {
	struct gsp_decide_act *acts;
	size_t n;
	struct gsp_decide_memory *m;
	const struct gsp_decide_rules *r;
	const struct gsp_decide_seen *seen;
	int64_t now;
	enum gsp_decide_count count;
	bool slept; /* no pass for long, and that is not the habit */
};

/* A moment at which the clock ends it. */
struct gsp_decide_end {
	int64_t at; /* the down begins; 0 never */
	int64_t of; /* lease_until or budget_until */
	bool budget;
	bool late; /* the hour that is too much has begun, or will have: say so at once */
};

/* What people read. ${left_s}: until the stop. */
void gsp_decide_say_idle(struct gsp_decide_pass *p, int64_t left_s, bool first);
void gsp_decide_say_end(struct gsp_decide_pass *p, const struct gsp_decide_end *end,
    int64_t left_s);
enum gsp_decide_stays { GSP_DECIDE_JOINED, GSP_DECIDE_HELD, GSP_DECIDE_MISSED };
void gsp_decide_say_stays(struct gsp_decide_pass *p, enum gsp_decide_stays why);
void gsp_decide_say_unknown(struct gsp_decide_pass *p);
void gsp_decide_say_known(struct gsp_decide_pass *p);
void gsp_decide_say_unwell(struct gsp_decide_pass *p);
void gsp_decide_say_well(struct gsp_decide_pass *p);
void gsp_decide_say_failing(struct gsp_decide_pass *p);
/* ${end}: NULL for an idle one */
void gsp_decide_say_down(struct gsp_decide_pass *p, const struct gsp_decide_end *end);

#endif
