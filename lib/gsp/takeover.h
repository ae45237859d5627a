/*
 * gsp/takeover: a machine changes homes: from another one, or from this one to itself when
 * state/ was lost.
 *
 * The machine answers for itself, never this computer: its host key must have the hash that its
 * tags hold, its marker must name the server and the session of its tags. The way in is a key of
 * ssh_keys. The order is this, each step repeatable, so that the same command again finishes what
 * a crash cut off, and nobody is locked out before somebody else holds a journal:
 *   a login key of ours in state/, its public line on the machine
 *   the ledger, then the journal, with taking_from (every other tool refuses such a session)
 *   the marker, by compare-and-swap: from here on the other home's tools refuse
 *   the tags of the machine and of its firewall
 *   the journal without taking_from
 * The session keeps its id. A save that only the other home has is brought home again: the marker
 * goes from `saved` back to `stopping`.
 */
#ifndef GSP_GSP_TAKEOVER_H
#define GSP_GSP_TAKEOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "gsp/job.h"

/* Told what is there and what will be done, before it is. 0: go on; -1 with err: do not. */
typedef int gsp_takeover_confirm(void *ctx, const char *what, struct gsp_err *err);

struct gsp_takeover_opts {
	uint64_t id;  /* this machine; 0: the one with the server's label, or the one with its tag */
	/* only what is this home's by its tag and by its marker, and runs: a lost state/ is rebuilt,
	 * nothing changes hands. The ledger gets a "create" with the cloud's times. */
	bool rebuild;
	gsp_takeover_confirm *confirm; /* may be NULL */
	void *ctx;
};

/**
 * gsp_takeover(job, o, err):
 * Needs the lock. Afterwards job->session is the machine's, as if it had been made here. What is
 * this home's already is success.
 * Errors: GSP_EREFUSED no such machine, tags or marker that do not fit, a session of our own;
 * GSP_EAUTH a host key with another hash, or no key of ssh_keys that opens it (each is named);
 * GSP_ETEMP it does not answer, or the other home works on it right now.
 */
int gsp_takeover(struct gsp_job *job, const struct gsp_takeover_opts *o, struct gsp_err *err);

#endif
