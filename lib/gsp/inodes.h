/*
 * gsp/inodes: a table of inodes of one file system, with room for what its user knows of each.
 */
#ifndef GSP_GSP_INODES_H
#define GSP_GSP_INODES_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct gsp_inodes {
	unsigned char *slots; /* each: uint64_t ino (0: free), then the user's bytes */
	size_t each, n, cap;
};

/** gsp_inodes_init(t, size): ${size} bytes for each inode, aligned as for a uint64_t. */
void gsp_inodes_init(struct gsp_inodes *t, size_t size);
void gsp_inodes_release(struct gsp_inodes *t);

/** gsp_inodes_find(t, ino): what is known of it, or NULL. Valid until the next _add. */
void *gsp_inodes_find(const struct gsp_inodes *t, uint64_t ino);

/** gsp_inodes_add(t, ino, err): zeroed bytes for an inode that is not in the table; NULL when
 * there is no memory. No file has inode 0. */
void *gsp_inodes_add(struct gsp_inodes *t, uint64_t ino, struct gsp_err *err);

#endif
