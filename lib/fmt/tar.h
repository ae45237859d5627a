/*
 * fmt/tar: the blocks of a tar archive: POSIX.1-2001 "pax interchange format", read by every tar
 * of this century. Source: POSIX.1-2017, pax, "pax Interchange Format" and "ustar Interchange
 * Format".
 *
 * An archive is, for each entry, gsp_tar_header(), the file's bytes, gsp_tar_pad(size) bytes of
 * zero, and gsp_tar_end() at its end. Nobody owns what is in it (uid and gid 0, no names).
 */
#ifndef GSP_FMT_TAR_H
#define GSP_FMT_TAR_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define GSP_TAR_BLOCK 512

struct gsp_tar_entry {
	const char *path;   /* relative; any bytes */
	char type;          /* f d l */
	unsigned mode;      /* permission bits */
	uint64_t size;      /* of a file; 0 for the others */
	int64_t mtime_s;
	long mtime_ns;      /* 0..999999999 */
	const char *target; /* of a symlink */
};

/** gsp_tar_header(out, e): append its header, whole blocks. */
void gsp_tar_header(struct gsp_buf *out, const struct gsp_tar_entry *e);

/** gsp_tar_pad(size): zero bytes after a file of ${size} bytes. */
size_t gsp_tar_pad(uint64_t size);

/** gsp_tar_end(out): append the end of the archive. */
void gsp_tar_end(struct gsp_buf *out);

#endif
