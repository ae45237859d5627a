/*
 * gsp/sync_priv: what the two ways of bringing a machine's directory home share: after a proven
 * stop (sync_down.c) and beside a running game (sync_live.c). Nobody else includes it.
 */
#ifndef GSP_GSP_SYNC_PRIV_H
#define GSP_GSP_SYNC_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "gsp/history.h"
#include "gsp/job.h"
#include "gsp/list.h"

/* One download: what is known while it goes on. */
struct gsp_download {
	struct gsp_job *job;
	struct gsp_history *h;
	const char *step;   /* for progress: "sync-down", "sync-live" */
	const char *states; /* of the marker, in which the machine may be read (gsp_wire_begin()) */
	struct gsp_hello hello;
	struct gsp_list sums;   /* what came down, with checksums */
	struct gsp_buf reasons; /* why it is suspect, when that was accepted */
	bool accept;
};

enum gsp_fetch_flags {
	GSP_FETCH_BY_SUM = 1, /* what differs is sent whatever its size and time say */
	GSP_FETCH_QUIETLY = 2 /* no word about what cannot travel */
};

/** gsp_sync_fetch(d, dir, dests, flags, err): bring the directory into ${dir}; ${dests}: what
 * --link-dest names, NULL-terminated, "" is skipped. Errors: as gsp_rsync_run(). */
int gsp_sync_fetch(struct gsp_download *d, const char *dir, const char *const *dests, int flags,
    struct gsp_err *err);

/**
 * gsp_sync_prove(d, dir, sealed, differs, err):
 * Both sides read every byte. Nothing in ${differs}: d->sums then hold what is home. ${sealed}:
 * ${dir} is a generation, whose directories are read-only. Errors: as gsp_rsync_prove().
 */
int gsp_sync_prove(struct gsp_download *d, const char *dir, bool sealed,
    struct gsp_diff *differs, struct gsp_err *err);

/**
 * gsp_sync_newest_live(d, dir, err):
 * The directory of this session's newest live generation, for --link-dest: most of what it holds
 * need not travel again. Nothing is believed of it; the proof is about what lies in the new one.
 * ${dir} stays empty if there is none.
 */
int gsp_sync_newest_live(struct gsp_download *d, struct gsp_buf *dir, struct gsp_err *err);

/**
 * gsp_sync_judge(d, outside, again, err):
 * Is what d->sums hold a save, against the generation the session was started from? With d->accept
 * a doubt is a warning, kept in d->reasons; without a doubt d->accept becomes false. ${outside}:
 * what the last proof of a stop found changed outside `dir` counts. ${again}: the command that
 * accepts it, for the message. Errors: GSP_EREFUSED suspect.
 */
int gsp_sync_judge(struct gsp_download *d, bool outside, const char *again, struct gsp_err *err);

#endif
