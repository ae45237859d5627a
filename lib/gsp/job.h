/*
 * gsp/job: what every operation on one server needs, opened once: the home, the lock, the
 * session's journal, and, when first asked for, the Linode client and the ssh connection.
 */
#ifndef GSP_GSP_JOB_H
#define GSP_GSP_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/step.h"
#include "gsp/config.h"
#include "gsp/remote.h"
#include "gsp/session.h"
#include "linode/client.h"

struct gsp_job {
	struct gsp_home *home;        /* borrowed */
	char server[29];
	const char *actor;            /* borrowed */
	const struct gsp_steps *steps; /* borrowed */
	int lock_fd;                  /* -1: only looking */
	struct gsp_session *session;  /* NULL: none */
	struct gsp_linode *api;       /* gsp_job_api() */
	struct gsp_remote *remote;    /* gsp_job_remote() */
	uint64_t stray;               /* not 0: ${session} is no journal, only what this machine, which
	                               * nobody here accounts for, says of itself (gsp/stray) */
};

enum gsp_job_flags {
	GSP_JOB_LOOK = 0,
	GSP_JOB_LOCK = 1 /* hold state/<server>/lock; a parent's is found through $GSP_LOCK_FD */
};

/**
 * gsp_job_open(job, home, server, actor, steps, what, flags, err):
 * Check the name, take the lock (its note says ${actor} and ${what}), load the journal. The
 * server's own settings are not read. GSP_ETEMP when the lock is held.
 */
int gsp_job_open(struct gsp_job **job, struct gsp_home *home, const char *server,
    const char *actor, const struct gsp_steps *steps, const char *what, int flags,
    struct gsp_err *err);
void gsp_job_close(struct gsp_job *job);

/** gsp_job_api(job, err): the Linode client; reads the token the first time. */
int gsp_job_api(struct gsp_job *job, struct gsp_err *err);

/** gsp_job_remote(job, err): a connection to the session's machine; one attempt. */
int gsp_job_remote(struct gsp_job *job, struct gsp_err *err);
/** gsp_job_hangup(job): forget the connection (it broke, or the machine is going). */
void gsp_job_hangup(struct gsp_job *job);

/** gsp_job_need_whole(job, err): GSP_EREFUSED while a take-over of its machine is unfinished. */
int gsp_job_need_whole(struct gsp_job *job, struct gsp_err *err);

/** gsp_job_need_session(job, err): GSP_EREFUSED "no machine" unless there is a session with one. */
int gsp_job_need_session(struct gsp_job *job, struct gsp_err *err);

/**
 * gsp_home_api(out, h, call_ms, err):
 * Linode for ${h}, for a look without a job. No call takes longer than ${call_ms}; 0: the client's own
 * limits. Release with gsp_linode_free(). Errors: as gsp_home_token(), gsp_linode_new().
 */
int gsp_home_api(struct gsp_linode **out, const struct gsp_home *h, int64_t call_ms,
    struct gsp_err *err);

/** gsp_job_need_live(job, err): the same, and its delete is not under way. */
int gsp_job_need_live(struct gsp_job *job, struct gsp_err *err);

/** gsp_job_need_id(job, session, err): the session a record names is the one we have. */
int gsp_job_need_id(struct gsp_job *job, const char *session, struct gsp_err *err);

/** gsp_job_reload(job, err): read the journal again: a tool we started has changed it. */
int gsp_job_reload(struct gsp_job *job, struct gsp_err *err);

/** gsp_job_server_dir(job, b): "<home>/servers/<server>"; borrowed from b. */
const char *gsp_job_server_dir(struct gsp_job *job, struct gsp_buf *b);

/** The variable through which a parent hands its lock's descriptor to the tools it starts. */
#define GSP_LOCK_ENV "GSP_LOCK_FD"

#endif
