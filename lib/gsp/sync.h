/*
 * gsp/sync: the server directory to the machine and home again. What "home" means is
 * gsp/history's; what the machine's saves are worth is the marker's.
 */
#ifndef GSP_GSP_SYNC_H
#define GSP_GSP_SYNC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "gsp/history.h"
#include "gsp/job.h"

/** gsp_sync_history(out, job, err): the server's history, opened with the settings of its session
 * (or of server.yaml) and settled. ${conf} must outlive it. */
int gsp_sync_history(struct gsp_history **out, struct gsp_job *job,
    const struct gsp_server_conf *conf, struct gsp_err *err);

/** gsp_sync_look(out, job, conf, err): the same to look only (gsp_history_look()). ${conf} NULL: its
 * excluded and push paths are not wanted. */
int gsp_sync_look(struct gsp_history **out, struct gsp_job *job,
    const struct gsp_server_conf *conf, struct gsp_err *err);

struct gsp_sync_up_opts {
	uint64_t from;            /* go on from this generation; 0: the newest */
	const char *const *paths; /* NULL-terminated: send just these; NULL: all */
};

/**
 * gsp_sync_up(job, o, err):
 * To a machine that has not started: the whole tree, what an earlier upload of this session put
 * there and files/ no longer has is removed, push paths are mirrored. To a dirty one: nothing,
 * which is success if files/ equals the session's base; after a proven stop, only what was
 * changed at home.
 * Errors: GSP_EREFUSED files/ is edited and older than the newest generation; paths changed on
 * both sides; no proven stop; going down already.
 */
int gsp_sync_up(struct gsp_job *job, const struct gsp_sync_up_opts *o, struct gsp_err *err);

/**
 * gsp_sync_base(job, conf, from, number, err):
 * What `up` does at home, before any machine is needed: files/ becomes the base of the next
 * session, edits become a generation. *number is that base.
 */
int gsp_sync_base(struct gsp_job *job, const struct gsp_server_conf *conf, uint64_t from,
    uint64_t *number, struct gsp_err *err);

/**
 * gsp_sync_down(job, accept, err):
 * After a proven stop: a new generation, proven by checksums on both sides, on disk; then the
 * marker says `saved`; then files/ is brought to it. Run again at any moment it goes on. A
 * machine on which nothing was ever started has nothing to save: success.
 * Errors: GSP_EREFUSED no proven stop, or a suspect save (${accept} overrides); GSP_ETEMP the
 * two sides go on differing, or the link broke.
 */
int gsp_sync_down(struct gsp_job *job, bool accept, struct gsp_err *err);

/**
 * gsp_sync_live(job, accept, err):
 * Beside a running game: a new generation of the kind `live`, between the scripts `freeze` and
 * `thaw` if the server has them (gsp/freeze.h). It is never the proof for a teardown, never the
 * newest proven one, and files/ and the marker stay as they are. Paths that went on changing are
 * named in it as `moving`; without one it is the directory of one instant.
 * A run that was killed leaves a `.incoming-*` that the next down does not trust.
 * Errors: GSP_EREFUSED nothing was started, it is going down, or the copy is suspect (${accept}
 * overrides); GSP_ETEMP the link broke, or `freeze` or `thaw` failed.
 */
int gsp_sync_live(struct gsp_job *job, bool accept, struct gsp_err *err);

/**
 * gsp_sync_live_due(job, due, err):
 * Is it time for one? Yes when the session's game was started and its newest live generation (or
 * the start) is `backup: {every}` ago, and the server is not busy or that was twice as long ago;
 * and when a run that was cut off left the game frozen. ${job} needs no lock.
 */
int gsp_sync_live_due(struct gsp_job *job, bool *due, struct gsp_err *err);

/**
 * gsp_sync_unstart(job, err):
 * After a start that ended before "ready": if nothing of it runs and the saves did not change,
 * the machine is `uploaded` again. GSP_ENO when that is not so (it stays dirty).
 */
int gsp_sync_unstart(struct gsp_job *job, struct gsp_err *err);

/* One difference for gsp_sync_diff(): side is "home" or "game". */
typedef int gsp_sync_diff_fn(void *ctx, const char *side, const struct gsp_diff_item *item,
    struct gsp_err *err);

/**
 * gsp_sync_diff(job, fn, ctx, err):
 * What would move. Home: what `up` would send (files/ against its base, or against the running
 * session's). Game: what `down` would bring (the machine against the session's base), when
 * there is a machine that was started. Changes nothing.
 */
int gsp_sync_diff(struct gsp_job *job, gsp_sync_diff_fn *fn, void *ctx, struct gsp_err *err);

#endif
