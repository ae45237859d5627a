/*
 * gsp/compare: what differs between two trees of a server, path by path, for people: which
 * paths, in what respect, from which size to which. What a difference is, gsp/list.h says.
 */
#ifndef GSP_GSP_COMPARE_H
#define GSP_GSP_COMPARE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "gsp/history.h"
#include "gsp/list.h"

/* One path that is not the same. At least one side is there. */
struct gsp_delta {
	enum gsp_change change;
	const struct gsp_entry *from, *to; /* borrowed from the lists; NULL: not there */
	const char *what; /* of a changed one: "content", "mode", "type" or "target" */
};

struct gsp_deltas {
	struct gsp_delta *v; /* sorted bytewise by path */
	size_t n, cap;
};
#define GSP_DELTAS_INIT {NULL, 0, 0}

/** gsp_deltas_make(out, from, to, err): the lists must stay as they are while ${out} is used. */
int gsp_deltas_make(struct gsp_deltas *out, const struct gsp_list *from,
    const struct gsp_list *to, struct gsp_err *err);
void gsp_deltas_release(struct gsp_deltas *d);

/** gsp_deltas_by_size(d): the largest first (the larger of its two sizes), then by path. */
void gsp_deltas_by_size(struct gsp_deltas *d);

const char *gsp_delta_path(const struct gsp_delta *d);
/** gsp_delta_type(d): 'f', 'd' or 'l': of what is there now, or was. */
char gsp_delta_type(const struct gsp_delta *d);

/**
 * gsp_compare_files(h, was, out, err):
 * files/ as it is now, without excluded paths, to be compared with the list ${was}. A file whose
 * size is the same but whose time is not is read, so that one that was only touched is no
 * difference. Changes nothing. What vanishes meanwhile is left out.
 * Errors: GSP_EIO naming what cannot be read.
 */
int gsp_compare_files(const struct gsp_history *h, const struct gsp_list *was,
    struct gsp_list *out, struct gsp_err *err);

#endif
