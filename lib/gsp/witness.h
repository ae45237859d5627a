/*
 * gsp/witness: what a machine that gsp made says of itself when this home has no journal of it:
 * its tags, its host key (whose hash is one of them) and its marker, which must agree. The one
 * way in for gsp/takeover (which also rebuilds a lost state/) and gsp/stray.
 *
 * Nothing is taken on trust: the host key is compared before anything is signed for it.
 */
#ifndef GSP_GSP_WITNESS_H
#define GSP_GSP_WITNESS_H

#include <stdint.h>

#include "base/err.h"
#include "gsp/config.h"
#include "gsp/job.h"
#include "gsp/remote.h"
#include "gsp/session.h"
#include "linode/instance.h"

#define GSP_WITNESS_HASH_DIGITS 40

struct gsp_witness {
	struct gsp_instance it;   /* as the cloud tells it; set by the caller */
	char home[9], server[29], session[33]; /* of its tags */
	char hash40[GSP_WITNESS_HASH_DIGITS + 1];
	struct gsp_remote *remote; /* logged in; gsp_witness_open() */
	struct gsp_hello hello;
};

/** gsp_witness_tags(w, err): read and check the tags of w->it. GSP_EREFUSED naming the one that is
 * missing or not of our form. */
int gsp_witness_tags(struct gsp_witness *w, struct gsp_err *err);

/**
 * gsp_witness_open(w, h, deadline_ms, err):
 * Log in (a login key still in state/<server>/, then the keys of ssh_keys) and read the marker,
 * which must be of the server and the session of the tags; its home is not judged.
 * ${deadline_ms} as gsp_owner_open(). Errors: GSP_EAUTH, GSP_ETEMP as there; GSP_EREFUSED
 * without a marker (err->detail GSP_WITNESS_NO_MARKER), or with one of another session.
 */
#define GSP_WITNESS_NO_MARKER 1
int gsp_witness_open(struct gsp_witness *w, const struct gsp_home *h, int64_t deadline_ms,
    struct gsp_err *err);

/** gsp_witness_check_dir(w, conf, err): the files are where ${conf} says, and the game user's:
 * another `dir` would bring home, and prove, the wrong files. GSP_EREFUSED. */
int gsp_witness_check_dir(struct gsp_witness *w, const struct gsp_server_conf *conf,
    struct gsp_err *err);

/**
 * gsp_witness_fill(w, job, want, s, err):
 * Make ${s} (zeroed but for its settings, or an older one) the session that the machine tells
 * of, with the price of its plan. ${want}: the marker as it will be. Needs job->api; s->actor is
 * the job's. Saves nothing.
 */
int gsp_witness_fill(struct gsp_witness *w, struct gsp_job *job, const struct gsp_marker *want,
    struct gsp_session *s, struct gsp_err *err);

/** gsp_witness_facts(w, job, s, err): only what the cloud knows: ids, place, times, price (< 0 if
 * the plan is unknown). Of a machine without tags the session is "stray<id>". */
int gsp_witness_facts(struct gsp_witness *w, struct gsp_job *job, struct gsp_session *s,
    struct gsp_err *err);

void gsp_witness_release(struct gsp_witness *w);

#endif
