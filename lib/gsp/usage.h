/*
 * gsp/usage: what the generations take on disk. A file that did not change is one inode in
 * several of them, so the sum of their sizes says nothing: what counts is what each has alone.
 */
#ifndef GSP_GSP_USAGE_H
#define GSP_GSP_USAGE_H

#include <stdint.h>

#include "base/err.h"

struct gsp_usage; /* the inodes met so far: each is asked for its size once */

struct gsp_use {
	uint64_t files, bytes; /* regular files and their sizes (holes count as if written) */
	uint64_t own;   /* bytes of inodes that have no other name: what removing the tree frees */
	uint64_t fresh; /* bytes of inodes not met before with this gsp_usage */
};

/** gsp_usage_new(out, err), gsp_usage_free(u). */
int gsp_usage_new(struct gsp_usage **out, struct gsp_err *err);
void gsp_usage_free(struct gsp_usage *u);

/**
 * gsp_usage_measure(u, dir, out, err):
 * Walk one generation. Reads names, and looks at each inode once over all calls, so that a
 * thousand generations that share their files cost little more than their directories. A name
 * outside the history (a hard link somebody made, a broken download) shares, too. What vanishes
 * meanwhile is left out. All trees must be on one file system.
 * Errors: GSP_EIO naming what cannot be read.
 */
int gsp_usage_measure(struct gsp_usage *u, const char *dir, struct gsp_use *out,
    struct gsp_err *err);

#endif
