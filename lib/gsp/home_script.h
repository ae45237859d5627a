/*
 * gsp/home_script: the process of a script that runs on this computer (after_save, dns): its
 * environment, its output in a bounded file, its time limit. What it is run for, and what its end
 * means, is the caller's.
 */
#ifndef GSP_GSP_HOME_SCRIPT_H
#define GSP_GSP_HOME_SCRIPT_H

#include <stdint.h>

#include "base/argv.h"
#include "base/err.h"

/* All borrowed; paths are absolute. */
struct gsp_home_script {
	const char *name;   /* "after_save": in messages */
	const char *script;
	const char *arg;    /* its only argument, or NULL */
	const char *home;   /* working directory, and GSP_HOME */
	const struct gsp_argv *env; /* "NAME=value": all it gets besides GSP_HOME, PATH, HOME, LANG */
	const char *title;  /* what the log says it is run for */
	const char *log;    /* begins anew with each run; ${log}.1 has what no longer fits */
	int64_t limit_s;
	int lock_fd;        /* the script holds it, too, as long as it lives; -1 none */
};

/**
 * gsp_home_script_run(c, err):
 * Start it in a process group of its own and wait until it has ended (what it leaves behind in
 * the background loses its output). At the limit, and when a signal stops us, the group gets
 * TERM, ten seconds later KILL.
 * Errors: GSP_ESCRIPT (detail: status) it failed, GSP_ETEMP over its time, GSP_ECANCEL,
 * GSP_ESYS it cannot be run, GSP_EIO.
 */
int gsp_home_script_run(const struct gsp_home_script *c, struct gsp_err *err);

#endif
