/*
 * gsp/merge: two sides changed a tree since they parted: the owner at home, and the game. Which
 * of the owner's paths stay as edited?
 */
#ifndef GSP_GSP_MERGE_H
#define GSP_GSP_MERGE_H

#include "base/err.h"
#include "gsp/list.h"

struct gsp_merge {
	/* Changed at home alone: they stay as edited (+ added, - deleted, ~ changed there). */
	struct gsp_diff kept;
	/* Changed on both sides and not to the same thing, or impossible to have together (a
	 * directory here, a file in its place there): the game's version holds. */
	struct gsp_diff both;
};
#define GSP_MERGE_INIT {GSP_DIFF_INIT, GSP_DIFF_INIT}
void gsp_merge_release(struct gsp_merge *m);

/**
 * gsp_merge_make(out, base, edit, game, skip, err):
 * ${base} is where the two parted. Paths at or below ${skip} (NULL-terminated, may be NULL) are
 * no business of either. Depends on nothing but its arguments: after a crash it says the same.
 */
int gsp_merge_make(struct gsp_merge *out, const struct gsp_list *base,
    const struct gsp_list *edit, const struct gsp_list *game, const char *const *skip,
    struct gsp_err *err);

/**
 * gsp_merge_shields(m, edit, game, out, err):
 * The paths a copy of ${game} over the edited tree must neither write nor delete, with all that
 * is below them, so that exactly m->kept stays. A directory of which only the mode was changed
 * is not among them. Each is NUL-ended in ${out}: "/path", as an rsync pattern.
 */
int gsp_merge_shields(const struct gsp_merge *m, const struct gsp_list *edit,
    const struct gsp_list *game, struct gsp_buf *out, struct gsp_err *err);

#endif
