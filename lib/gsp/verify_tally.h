/*
 * gsp/verify_tally: what gsp/verify found, kept until it is told, and what follows from it. Part
 * of gsp/verify: nobody else includes it.
 */
#ifndef GSP_GSP_VERIFY_TALLY_H
#define GSP_GSP_VERIFY_TALLY_H

#include "base/buf.h"
#include "gsp/verify.h"

struct gsp_verify_kept {
	struct gsp_verify_finding f;
	char *text; /* owns f's strings */
};

/* Of one generation. */
struct gsp_verify_notes {
	struct gsp_verify_kept *v;
	size_t n, cap;
};

/** gsp_verify_note(n, problem, path, wanted, found): copies; -1 without memory. */
int gsp_verify_note(struct gsp_verify_notes *n, enum gsp_verify_problem problem,
    const char *path, const char *wanted, const char *found);
void gsp_verify_notes_sort(struct gsp_verify_notes *n);
void gsp_verify_notes_release(struct gsp_verify_notes *n);

/** gsp_verify_judge(r, n): problems, unproven and verdict from the notes. */
void gsp_verify_judge(struct gsp_verify_result *r, const struct gsp_verify_notes *n);

/* Of all generations. */
struct gsp_verify_tally {
	size_t checked, damaged;
	struct gsp_buf names;  /* "41, 40": the damaged ones */
	uint64_t good;         /* the newest that is good and not live; 0 none yet */
	uint64_t newest_bad;   /* the newest damaged one */
};

/** gsp_verify_count(t, r): newest first. */
void gsp_verify_count(struct gsp_verify_tally *t, const struct gsp_verify_result *r);
void gsp_verify_tally_release(struct gsp_verify_tally *t);

/** gsp_verify_sum_up(t, o, err): 0, or GSP_EREFUSED with what to do about the damage. */
int gsp_verify_sum_up(const struct gsp_verify_tally *t, const struct gsp_verify_opts *o,
    struct gsp_err *err);

#endif
