/*
 * gsp/lease: how long a session may run. Every session has one; it ends in a normal, safe down.
 *
 * Kept in state/<server>/lease.json, which only counts for the session that it names, under a lock
 * of its own, state/<server>/lease.lock: it can be changed while a backup or a start holds the
 * server's lock for an hour. Without that file a session has what its settings gave it at its
 * creation. The machine carries it too, as a tag (gsp/lease_tag), for a computer that has to learn
 * of the session anew.
 *
 * Units: epoch seconds. Here and in the tag alike: what counts is the file.
 */
#ifndef GSP_GSP_LEASE_H
#define GSP_GSP_LEASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "gsp/job.h"
#include "gsp/lease_wish.h"
#include "linode/instance.h"

/**
 * gsp_lease_get(out, h, s, err):
 * Of session ${s}: what it got at its creation until somebody changed it; never past its latest.
 * Takes no lock. GSP_EIO when the file cannot be read or understood: then nobody can tell.
 */
int gsp_lease_get(struct gsp_lease *out, const struct gsp_home *h, const struct gsp_session *s,
    struct gsp_err *err);

/** gsp_lease_get_settled(out, h, s, actor, err): the same, after a change that is under way. Who holds
 * the server's lock as one that brings it down has with it the last word: no wish is granted after. */
int gsp_lease_get_settled(struct gsp_lease *out, const struct gsp_home *h, const struct gsp_session *s,
    const char *actor, struct gsp_err *err);

/* What became of a wish. */
struct gsp_lease_change {
	struct gsp_lease was, now;
	struct gsp_lease_grant grant;
	int64_t budget_until; /* gsp_limits_until(); 0: no limit in sight */
	uint64_t unpriced;    /* machines that the budget cannot count */
};

/**
 * gsp_lease_change(out, job, wish, err):
 * Carry out a wish, bounded by the session's latest and by the budget, and write who wished it to
 * the ledger, then to the file. Two at once both count. Needs no lock of the server, and asks
 * nobody; the tag is gsp_lease_sync_tag()'s. job->session is read again. What is so already is
 * success; look at out->grant for what was granted.
 * Errors: GSP_EREFUSED no machine, one that another home is taking, or one that is stopped or being
 * deleted; GSP_ETEMP one that is being brought down right now, or another change that takes too
 * long; GSP_EIO.
 */
int gsp_lease_change(struct gsp_lease_change *out, struct gsp_job *job,
    const struct gsp_lease_wish *wish, struct gsp_err *err);

/**
 * gsp_lease_begin(h, s, it, anew, actor, err):
 * The session's machine is known, ${it}: if it has no lease on file yet (or ${anew}: what is on file
 * is older than what the machine carries), it gets the one of its tag, as gsp_lease_first() has it.
 * Nothing is asked or changed in the cloud.
 */
int gsp_lease_begin(const struct gsp_home *h, const struct gsp_session *s,
    const struct gsp_instance *it, bool anew, const char *actor, struct gsp_err *err);

/** gsp_lease_end(l, budget_until): when it ends by lease or budget, the sooner; 0: by neither. */
int64_t gsp_lease_end(const struct gsp_lease *l, int64_t budget_until);

#define GSP_LEASE_TEXT 128

/** gsp_lease_when(buf, size, when, now): "23:30 CET", on another day "2026-11-23 01:00 CET", by the
 * clocks here. Returns buf. */
const char *gsp_lease_when(char *buf, size_t size, int64_t when, int64_t now);

/** gsp_lease_text(buf, size, l, now): "its lease ends at 23:30 CET, in 2 h 05 min", or that it ended,
 * or has no end. Returns buf. */
const char *gsp_lease_text(char *buf, size_t size, const struct gsp_lease *l, int64_t now);

#endif
