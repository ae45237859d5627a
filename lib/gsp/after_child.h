/*
 * gsp/after_child: the process of an after_save script: its environment, its output in a bounded
 * file, its time limit. What it is run for, and what its end means, is gsp/after's.
 */
#ifndef GSP_GSP_AFTER_CHILD_H
#define GSP_GSP_AFTER_CHILD_H

#include <stdint.h>

#include "base/err.h"

/* All borrowed; paths are absolute. */
struct gsp_after_child {
	const char *script, *server, *home;
	uint64_t generation;
	const char *path; /* the generation's directory */
	const char *log;  /* begins anew with each run; ${log}.1 has what no longer fits */
	int64_t limit_s;
	int lock_fd; /* the script holds it, too, as long as it lives */
};

/**
 * gsp_after_child_run(c, err):
 * Start it in a process group of its own and wait until it has ended (what it leaves behind in
 * the background loses its output). At the limit, and when a signal reaches us, the group gets
 * TERM, ten seconds later KILL.
 * Errors: GSP_ESCRIPT (detail: status) it failed, GSP_ETEMP over its time, GSP_ECANCEL,
 * GSP_ESYS it cannot be run, GSP_EIO.
 */
int gsp_after_child_run(const struct gsp_after_child *c, struct gsp_err *err);

#endif
