/*
 * gsp/freeze: the scripts `freeze` and `thaw` around a live copy, for games that must flush, or
 * must not write, while they are copied. A server has both or none.
 *
 * A game that stays frozen is a save at risk. So the fact is on disk here before `freeze` runs
 * (state/<server>/frozen, the session's id) and goes only when `thaw` has succeeded; and `thaw`
 * may run at any time: by a live copy, by the next one, before every stop, by hand.
 */
#ifndef GSP_GSP_FREEZE_H
#define GSP_GSP_FREEZE_H

#include <stdbool.h>

#include "base/err.h"
#include "gsp/config.h"
#include "gsp/job.h"

/** gsp_freeze_wanted(job, yes, err): the server has both scripts. GSP_ECONFIG when it has one. */
int gsp_freeze_wanted(struct gsp_job *job, bool *yes, struct gsp_err *err);

/** gsp_freeze_left(h, s): a run of this session that was cut off may have left its game frozen. */
bool gsp_freeze_left(const struct gsp_home *h, const struct gsp_session *s);

/**
 * gsp_freeze(job, err):
 * Run `freeze`. Whatever it returns, gsp_thaw() is to follow. Errors: as gsp_run(), but a script
 * that failed is GSP_ETEMP.
 */
int gsp_freeze(struct gsp_job *job, struct gsp_err *err);

/**
 * gsp_thaw(job, err):
 * Wait until no `freeze` runs there any more, then run `thaw`; again for a minute if the link
 * breaks, for some seconds if it fails; then forget that the game was frozen. Success if the server has no `thaw`.
 * Not cut off by a signal if the caller holds them (gsp_sig_hold()).
 * Errors: GSP_ETEMP saying that the game may still be frozen; GSP_ECANCEL.
 */
int gsp_thaw(struct gsp_job *job, struct gsp_err *err);

/**
 * gsp_thaw_first(job, err):
 * Before a stop: a live copy that was killed, here or on another computer, may have left the game
 * frozen, and a frozen game may not write its world. That it fails is a warning: what comes of the
 * stop, the proof tells. Errors: GSP_ECANCEL, or the machine cannot be reached.
 */
int gsp_thaw_first(struct gsp_job *job, struct gsp_err *err);

/** gsp_freeze_forget(job): a `thaw` run otherwise has succeeded, or nothing of the game runs. */
void gsp_freeze_forget(struct gsp_job *job);

#endif
