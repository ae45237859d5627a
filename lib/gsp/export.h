/*
 * gsp/export: a generation as one archive: tar (pax), plain, or compressed by gzip(1) or zstd(1),
 * whichever the name ends in. Everything in it is in one directory, SERVER-000041/; directories
 * have the modes they really have, nobody owns anything, holes are zeros.
 *
 * How it is proven: every byte of the generation is first read and compared with its checksums;
 * the finished archive, on disk, is read back, decompressed, and compared byte by byte with what
 * the generation gives once more. Only then it gets its name.
 */
#ifndef GSP_GSP_EXPORT_H
#define GSP_GSP_EXPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "gsp/history.h"
#include "gsp/job.h"

/**
 * gsp_export(job, h, n, path, replace, bytes, err):
 * Write generation ${n} to ${path}: ".tar", ".tar.gz", ".tgz" or ".tar.zst"; "-" is stdout, a
 * plain tar, not read back. An existing file is replaced only with ${replace}, and stays what it
 * was until the new one is whole; nothing half is ever left under the name. *bytes: its size.
 * Needs no lock: a generation that is pruned meanwhile is an error.
 * Errors: GSP_EUSAGE for another ending, or a terminal; GSP_EUNAVAIL if there is no generation
 * ${n}; GSP_EREFUSED for a damaged one, and when the file exists; GSP_ECREATE if it cannot be
 * made; GSP_EIO (a full disk is named); GSP_ESYS if the compressor is not installed.
 */
int gsp_export(struct gsp_job *job, struct gsp_history *h, uint64_t n, const char *path,
    bool replace, uint64_t *bytes, struct gsp_err *err);

#endif
