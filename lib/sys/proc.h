/*
 * sys/proc: child processes by argument vector, never through a shell.
 *
 * Every descriptor of ours is close-on-exec; a child gets its three standard ones and those
 * named in keep_fd. Signals are reset in the child. A failed exec is reported with its errno.
 */
#ifndef GSP_SYS_PROC_H
#define GSP_SYS_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

enum { GSP_PROC_INHERIT = -1, GSP_PROC_NULL = -2, GSP_PROC_PIPE = -3 };

struct gsp_proc {
	/* set by the caller; start from GSP_PROC_INIT */
	const char *const *argv; /* argv[0] is looked up in PATH unless it has a slash */
	const char *const *env;  /* NULL: ours; else "NAME=value" entries added to ours */
	const char *cwd;         /* NULL: ours */
	int in, out, err;        /* a descriptor, or one of the above; PIPE leaves our end below */
	int keep_fd;             /* one more descriptor the child inherits, same number, above 2; -1: none */
	int keep_as;             /* its number in the child, above 2; 0: the same */
	bool clean_env;          /* env is all it gets, not added to ours */
	bool new_group;          /* own process group; gsp_proc_kill() then reaches all of it */
	bool detached;           /* nobody's child, with a session of its own, and without any descriptor
	                          * that others left open in us: pid stays -1, nobody waits for it */
	bool with_us;            /* it gets SIGINT when we die first, of whatever */

	/* set by gsp_proc_start() */
	pid_t pid;
	int in_fd, out_fd, err_fd; /* our ends of pipes, else -1; close-on-exec */
};

#define GSP_PROC_INIT                                                                              \
	{                                                                                          \
		.in = GSP_PROC_INHERIT, .out = GSP_PROC_INHERIT, .err = GSP_PROC_INHERIT,          \
		.keep_fd = -1, .pid = -1, .in_fd = -1, .out_fd = -1, .err_fd = -1                  \
	}

/** gsp_proc_start(p, err): start it. GSP_ESYS with the real reason if it cannot run. */
int gsp_proc_start(struct gsp_proc *p, struct gsp_err *err);

/**
 * gsp_proc_wait(p, status, err):
 * Wait for the end, closing our pipe ends first. *status: exit status, or 128 + signal number.
 * If a signal has reached us the child is sent SIGTERM once and is still waited for; afterwards
 * gsp_sig_check() tells. Never SIGINT: a terminal sends that by itself, and a second one means
 * "at once".
 */
int gsp_proc_wait(struct gsp_proc *p, int *status, struct gsp_err *err);

/** gsp_proc_read(out, p, err): what it prints into the pipe p->out_fd, to its end. GSP_ECANCEL on a
 * signal, GSP_ELIMIT above ${out}'s ceiling; then it still runs. */
int gsp_proc_read(struct gsp_buf *out, const struct gsp_proc *p, struct gsp_err *err);

/** gsp_proc_poll(p, status): 1 ended (status set), 0 still running. Never blocks. */
int gsp_proc_poll(struct gsp_proc *p, int *status);

/** gsp_proc_kill(p, signo): signal the child (its group with new_group); harmless when it ended. */
void gsp_proc_kill(struct gsp_proc *p, int signo);

/**
 * gsp_proc_run(argv, out, status, err):
 * Run with stdin from /dev/null, stdout into ${out} (NULL: ours), stderr ours; wait. ${out}'s
 * ceiling holds: GSP_ELIMIT. GSP_ECANCEL when a signal came while it ran; it is gone then.
 */
int gsp_proc_run(const char *const *argv, struct gsp_buf *out, int *status,
    struct gsp_err *err);

/** gsp_proc_run_for(argv, out, limit_ms, status, err): the same, but it is killed and GSP_ETEMP after
 * that time; 0: never. */
int gsp_proc_run_for(const char *const *argv, struct gsp_buf *out, int64_t limit_ms, int *status,
    struct gsp_err *err);

#endif
