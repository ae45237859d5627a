/*
 * sys/sum: the checksum that gsp keeps of a file: XXH3-128 in hex, the same 32 digits that
 * `rsync --checksum-choice=xxh128 --out-format=%C` prints. The only place that sees libxxhash.
 */
#ifndef GSP_SYS_SUM_H
#define GSP_SYS_SUM_H

#include <stdint.h>

#include "base/err.h"

#define GSP_SUM_TEXT 33 /* room for the digits and a NUL */

/** Told of every ${bytes} just read, before the next are; -1 ends the reading with its error. */
typedef int gsp_sum_fn(void *ctx, uint64_t bytes, struct gsp_err *err);

/**
 * gsp_sum_fd(hex, size, fd, what, fn, ctx, err):
 * Read ${fd} to its end; *size is how many bytes there were. What the kernel kept of it in
 * memory is first dropped where that is possible, so that the disk is asked and not the memory.
 * ${what} names the file in errors; ${fn} may be NULL.
 * Errors: GSP_EIO with errno in err->detail; what ${fn} says.
 */
int gsp_sum_fd(char hex[GSP_SUM_TEXT], uint64_t *size, int fd, const char *what, gsp_sum_fn *fn,
    void *ctx, struct gsp_err *err);

#endif
