/*
 * up_watcher: what gsp-up starts somebody must watch: a watch of the whole home that was seen of
 * late, else a process that outlives gsp-up and lives as long as the session.
 */
#ifndef GSP_CMD_UP_WATCHER_H
#define GSP_CMD_UP_WATCHER_H

#include "tool.h"

/** up_watcher_begin(t, job): see that somebody watches the session, as watch: in gsp.yaml wants it.
 * Never fails: that nobody does is a warning. */
void up_watcher_begin(struct tool *t, struct gsp_job *job);

/** up_watcher_tell(t, job): say who watches, until when it may run, and what a day costs if nobody
 * does. */
void up_watcher_tell(struct tool *t, struct gsp_job *job);

#endif
