/*
 * gsp/rsync: rsync's command line and its output, in one place. Source: rsync(1), 3.2.7.
 *
 * A command is built in this order: "rsync", gsp_rsync_common(), what the job needs,
 * gsp_rsync_exclude(), "--", source, destination. Never through a shell.
 */
#ifndef GSP_GSP_RSYNC_H
#define GSP_GSP_RSYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/argv.h"
#include "base/buf.h"
#include "base/err.h"
#include "gsp/list.h"

/* What a line about one path looks like. %L (" -> target") is left out on purpose: a name may
 * hold " -> " itself. */
#define GSP_RSYNC_FORMAT "GSP %i %C %l %n"

/** gsp_rsync_literal(out, path): escape rsync's pattern characters (* ? [ \) so that the path
 * means itself in a filter rule. A path with a newline is fine: rules go in argv, or NUL-ended
 * in a file. */
void gsp_rsync_literal(struct gsp_buf *out, const char *path);

/** Add "--filter=- /path" for each path: anchored at the transfer's root, not sent and not
 * deleted. NULL is none. */
void gsp_rsync_exclude(struct gsp_argv *a, const char *const *paths);

/**
 * gsp_rsync_common(a):
 * The flags every copy of ours has: -rlptS, --chmod without setuid/setgid/sticky bits, no
 * ownership, no devices, times compared to the nanosecond (a file rewritten within the second
 * is another file), xxh128, plain numbers, 8-bit output, GSP_RSYNC_FORMAT. LC_ALL is set to C
 * by gsp_rsync_run().
 */
void gsp_rsync_common(struct gsp_argv *a);

/**
 * gsp_rsync_dry(a):
 * After gsp_rsync_common(): change nothing, compare content by checksum and times to the
 * second, --delete, and name every path, also those that are the same. For gsp_rsync_prove().
 */
void gsp_rsync_dry(struct gsp_argv *a);

/* One line of GSP_RSYNC_FORMAT (names escaped by rsync as \#ooo are decoded). */
struct gsp_rsync_item {
	char flags[12]; /* "%i", e.g. ">f.st......", ".f         ", "*deleting" */
	char sum[33];   /* "" when blank */
	uint64_t size;  /* what rsync says: of directories the file system's number */
	char *path;     /* no trailing slash; "." is the root; borrowed during the call */
	bool dir;
};
typedef int gsp_rsync_item_fn(void *ctx, const struct gsp_rsync_item *it, struct gsp_err *err);
typedef void gsp_rsync_progress_fn(void *ctx, uint64_t bytes, int pct);
typedef void gsp_rsync_odd_fn(void *ctx, const char *path); /* "skipping non-regular file" */

/**
 * gsp_rsync_line(it, line):
 * Read one line in place (its bytes change; it->path points into it). True if it is one of
 * GSP_RSYNC_FORMAT, false if it is anything else rsync says.
 */
bool gsp_rsync_line(struct gsp_rsync_item *it, char *line);

/** gsp_rsync_decode(s): undo rsync's \#ooo in place. */
void gsp_rsync_decode(char *s);

/** gsp_rsync_differs(it): the line says that the two sides are not the same. Times of
 * directories and of symlinks are no difference. */
bool gsp_rsync_differs(const struct gsp_rsync_item *it);

struct gsp_rsync {
	struct gsp_argv *argv;          /* complete, argv[0] "rsync" */
	const char *const *env;         /* added to ours; may be NULL */
	const char *input;              /* for --files-from=- ; may be NULL */
	size_t input_len;
	int keep_fd;                    /* -1: none */
	gsp_rsync_item_fn *item;        /* may be NULL */
	gsp_rsync_progress_fn *progress; /* lines of --info=progress2; may be NULL */
	gsp_rsync_odd_fn *odd;          /* may be NULL */
	void *ctx;
	bool far; /* it writes on the machine: whose disk is full, should one be */
};
#define GSP_RSYNC_INIT {NULL, NULL, NULL, 0, -1, NULL, NULL, NULL, NULL, false}

/**
 * gsp_rsync_run(r, err):
 * Run it, read its output, wait. 0 for exit 0. rsync's stderr (first 2 KiB, one line) goes
 * into the error. Exit codes: 23/24 partial -> GSP_EIO (24, vanished files, has err->detail
 * 24), 10 12 30 35 75 255 connection -> GSP_ETEMP, 11 file I/O -> GSP_EIO (disk full is named),
 * 127/exec -> GSP_ESYS "rsync is not installed", 2 4 -> GSP_EPROTO (rsync too old), 1 ->
 * GSP_EBUG, 20 or a signal of ours -> GSP_ECANCEL. err->detail is rsync's exit code (for GSP_ECANCEL the signal).
 */
int gsp_rsync_run(struct gsp_rsync *r, struct gsp_err *err);

/**
 * gsp_rsync_prove(r, sums, differs, err):
 * Run a command that has gsp_rsync_dry()'s flags. ${sums}: every path rsync named, with type,
 * size and checksum of files as the sending side has them (modes and times are not known: 0).
 * ${differs}: what is not the same, GSP_REMOVED for what only the receiving side has. It is
 * proven when ${differs} is empty. The callbacks of ${r} but odd must be NULL.
 * When files vanished meanwhile (GSP_EIO, detail 24) both hold all the same what could be compared.
 */
int gsp_rsync_prove(struct gsp_rsync *r, struct gsp_list *sums, struct gsp_diff *differs,
    struct gsp_err *err);

#endif
