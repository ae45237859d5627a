/*
 * gsp/ledger: state/ledger.jsonl, append-only: who made which machine when, and what it cost. One
 * JSON object a line, fsynced before the call that spends.
 */
#ifndef GSP_GSP_LEDGER_H
#define GSP_GSP_LEDGER_H

#include "base/err.h"
#include "gsp/config.h"
#include "gsp/session.h"

/**
 * gsp_ledger_add(h, s, what, actor, err):
 * ${what}: "intent" before the create call, "create" once the machine is known; then one of
 * "delete", "discard" (after "discard-unsaved"), "gone" and "lost" (the cloud had it no more),
 * "moved" (to another home), or "take-over" (from one). A run that died in between may say the
 * same of a session twice: the last line of each counts.
 */
int gsp_ledger_add(const struct gsp_home *h, const struct gsp_session *s, const char *what,
    const char *actor, struct gsp_err *err);

#endif
