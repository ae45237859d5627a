/*
 * watch_cloud: what the account has that no server here accounts for. Seldom, by a process of its
 * own: the cloud's list is read, the ledger (gsp/reconcile), the tags of leases (gsp/lease_tag) and
 * names that lead nowhere (gsp/dns) are mended, and of each machine that costs without a name
 * somebody hears once.
 *
 * state/watch-cloud.json: {"schema":"gsp.watch-cloud/1","looked":T,"failing":T,"failing_told":B,
 * "strays":[{"id":N,"told":B}]}.
 */
#ifndef GSP_CMD_WATCH_CLOUD_H
#define GSP_CMD_WATCH_CLOUD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "tool.h"

/** watch_cloud_due(h, now): is it time to look again? Every ten minutes; after one if something was
 * seen that may be a machine on its way. */
bool watch_cloud_due(const struct gsp_home *h, int64_t now);

/**
 * watch_cloud(t, err):
 * Look. A stray is told when two looks in succession have seen it, so that a machine that comes or
 * goes meanwhile is none. What Linode does not answer is told after half an hour of that, a token
 * that it refuses at once. -1 only for what failed here.
 */
int watch_cloud(struct tool *t, struct gsp_err *err);

#endif
