/*
 * gsp/script: one script, sent and followed to its end. What the end means is gsp/run's.
 */
#ifndef GSP_GSP_SCRIPT_H
#define GSP_GSP_SCRIPT_H

#include <stdbool.h>

#include "base/err.h"
#include "gsp/job.h"

enum gsp_script_how { GSP_SCRIPT_EXIT, GSP_SCRIPT_SIGNAL, GSP_SCRIPT_TIMEOUT, GSP_SCRIPT_LOST };

struct gsp_script_end {
	enum gsp_script_how how;
	int status;       /* GSP_SCRIPT_EXIT */
	char signame[16]; /* GSP_SCRIPT_SIGNAL */
	char tail[2048];  /* the end of its output, for an error message */
};

struct gsp_script {
	const char *name;
	const char *const *args; /* NULL-terminated or NULL */
	int64_t timeout_s;
	void (*output)(void *ctx, const char *data, size_t len);
	void *output_ctx;
	bool asks; /* it only looks: that it goes on after a signal is not worth a word */
	int64_t deadline_ms; /* 0: none; else its answer is worth nothing later: GSP_ETEMP, and no run
	                      * that somebody else began is followed or ended */
};

/**
 * gsp_script_run(job, s, end, err):
 * 0 when the end is known, told in *end. A cut link is mended for up to two minutes.
 * Errors: GSP_ECONFIG no such script or not executable; GSP_ETEMP the machine cannot be reached
 * again (the script may still run; job->remote is NULL then), or a script of that name runs there
 * already and we hold no lock; GSP_ECANCEL (it goes on running there).
 * Under our lock, one of that name that runs there was left by a process of ours that ended: it is
 * followed if it is the same text as ours; of another text it is ended first (TERM, 10 s, KILL).
 */
int gsp_script_run(struct gsp_job *job, const struct gsp_script *s, struct gsp_script_end *end,
    struct gsp_err *err);

/** gsp_script_running(job, name, yes, err): a run of that script goes on on the machine, whoever
 * began it. */
int gsp_script_running(struct gsp_job *job, const char *name, bool *yes, struct gsp_err *err);

/**
 * gsp_script_check(path, err):
 * ${path} is an executable file whose first line a machine can read. GSP_ECONFIG when it is not,
 * with the command that mends it.
 */
int gsp_script_check(const char *path, struct gsp_err *err);

#endif
