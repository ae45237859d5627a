/*
 * gsp/wire: rsync between this computer and a session's machine, over gsp's own transport
 * ("gsp-ssh --transport"), guarded on the machine: the agent takes the lock there and checks the
 * marker before rsync's far end starts.
 */
#ifndef GSP_GSP_WIRE_H
#define GSP_GSP_WIRE_H

#include "base/argv.h"
#include "base/err.h"
#include "gsp/job.h"
#include "gsp/rsync.h"

/**
 * gsp_wire_begin(a, job, states, err):
 * Add to ${a} (which begins with "rsync" and its flags) the transport and the guard: the
 * transfer runs only while the marker is this session's and its state is one of ${states}
 * (comma-separated). Installs the agent if it is missing.
 */
int gsp_wire_begin(struct gsp_argv *a, struct gsp_job *job, const char *states,
    struct gsp_err *err);

/** gsp_wire_far(a, job): push "SERVER:DIR/", the directory on the machine. */
void gsp_wire_far(struct gsp_argv *a, struct gsp_job *job);

/** gsp_wire_run(job, r, err): set the transport's environment and the inherited lock, then
 * gsp_rsync_run(). */
int gsp_wire_run(struct gsp_job *job, struct gsp_rsync *r, struct gsp_err *err);

/** The same for gsp_rsync_prove(). */
int gsp_wire_prove(struct gsp_job *job, struct gsp_rsync *r, struct gsp_list *sums,
    struct gsp_diff *differs, struct gsp_err *err);

/** gsp_wire_name(out, path): append a path and its NUL, as --from0 and the agent want. */
void gsp_wire_name(struct gsp_buf *out, const char *path);

#endif
