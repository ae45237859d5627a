/*
 * gsp/suspect: does a save that came home look like a save, or like the ruin of one? Numbers
 * only: each save path must be there, not be empty, and not have lost more than half of its
 * bytes or of its files against the parent generation.
 */
#ifndef GSP_GSP_SUSPECT_H
#define GSP_GSP_SUSPECT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "gsp/list.h"

/**
 * gsp_suspect_check(parent, now, saves, push, reasons, suspect, err):
 * ${saves}: NULL-terminated paths; NULL or none: the whole tree is one save path, without the
 * paths ${push} (they never come down; NULL none). ${parent} may be NULL: then nothing can have
 * shrunk. A save path that is a symlink counts as a file of one byte for each of its target's.
 * ${reasons}: one sentence for each save path in doubt, joined by "; ", with sizes and counts.
 * Errors: GSP_ELIMIT when ${reasons} is full (*suspect is set all the same).
 */
int gsp_suspect_check(const struct gsp_list *parent, const struct gsp_list *now,
    const char *const *saves, const char *const *push, struct gsp_buf *reasons, bool *suspect,
    struct gsp_err *err);

#endif
