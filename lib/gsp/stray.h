/*
 * gsp/stray: delete what the account has with gsp's tags and no session here accounts for: a
 * machine after the same proof as gsp/teardown's, or a firewall that protects nothing.
 *
 * A machine is asked over a login key still in state/ or an owner's key (gsp/witness); its marker
 * decides. What another home has is touched only with `take_over`: then it is moved here first
 * (gsp/takeover), and must pass the same proof. What does not carry the tag `gsp` is never
 * touched.
 *
 * Nothing is remembered between two runs, and each step can run again: the proof finds `closing`,
 * the delete finds the machine gone, which is success. The ledger is told of the machine before
 * the delete, so that a run that dies after it leaves a session without an end, which gsp-status
 * ends.
 */
#ifndef GSP_GSP_STRAY_H
#define GSP_GSP_STRAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/step.h"
#include "gsp/config.h"
#include "gsp/takeover.h"

#define GSP_STRAY_NAME 29

struct gsp_stray_opts {
	bool take_over; /* also what another home has */
	bool discard;   /* a machine without the proof: its save is given up. Asks through confirm */
	gsp_takeover_confirm *confirm; /* may be NULL: yes */
	void *ctx;
	const char *actor;             /* borrowed */
	const struct gsp_steps *steps; /* borrowed */
};

/**
 * gsp_stray_delete(h, what, o, name, err):
 * ${what}: a machine's id, "60303116", or "firewall:1234". ${name}: what the steps are told under,
 * set in any case. Already gone is success.
 * Errors: GSP_EUSAGE for another ${what}; GSP_EREFUSED with what to do; GSP_ETEMP its server is
 * busy here, or it is not gone at the deadline.
 */
int gsp_stray_delete(struct gsp_home *h, const char *what, const struct gsp_stray_opts *o,
    char name[GSP_STRAY_NAME], struct gsp_err *err);

#endif
