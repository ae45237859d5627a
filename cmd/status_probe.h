/*
 * status_probe: gsp-status asks the machines: a process of its own for each, so that a slow one
 * keeps no other waiting.
 */
#ifndef GSP_CMD_STATUS_PROBE_H
#define GSP_CMD_STATUS_PROBE_H

#include <stddef.h>

#include "base/err.h"
#include "gsp/status.h"
#include "tool.h"

/** status_probe_child(t, name, err): the child: ask the machine of one server, print one line of
 * JSON. */
int status_probe_child(struct tool *t, const char *name, struct gsp_err *err);

/** status_probe_all(t, cloud, names, n, out, err): ask every machine that may answer, some at a
 * time; ${out} has room for ${n}, in the order of ${names}. */
int status_probe_all(struct tool *t, const struct gsp_cloud *cloud, char **names, size_t n,
    struct gsp_probe *out, struct gsp_err *err);

#endif
