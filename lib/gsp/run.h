/*
 * gsp/run: a server's scripts on its machine, and what they mean for its saves.
 *
 * The local text of a script is sent each time. It runs detached from the link: if ssh is cut
 * the script goes on and its log is followed again over a new connection.
 */
#ifndef GSP_GSP_RUN_H
#define GSP_GSP_RUN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "gsp/job.h"

struct gsp_run_opts {
	const char *script;          /* "bootstrap", "start", ..., or any executable in the
	                              * server's directory */
	const char *const *args;     /* NULL-terminated or NULL */
	bool resume;                 /* stop: to start again; the marker stays dirty */
	bool kill;                   /* stop: end by force what the script does not */
	bool kill_stuck;             /* stop: the same, but only after the script failed or ran out
	                              * of time, or if the game outlived it: never because the
	                              * machine is out of reach, or cannot tell, or says 75 */
	/* the script's output as it comes; may be NULL */
	void (*output)(void *ctx, const char *data, size_t len);
	void *output_ctx;
};

/**
 * gsp_run(job, o, err):
 * Run it and wait for its end. bootstrap, start and stop need the lock, and do what is missing:
 * start on a running game and stop on a stopped one are success.
 *   start  journal and marker say "dirty" on disk before it runs; refused from `stopping` on.
 *   stop   marker `stopping`, the script, then the proof that nothing of the game is left;
 *          GSP_EREFUSED naming what is. Nothing is synced or deleted after a stop that failed.
 * Errors: GSP_ESCRIPT (detail: the script's own status 1..63 or 75), GSP_EREFUSED ended by a
 * signal or with another status, GSP_ETEMP over its time, GSP_ECONFIG no such script.
 */
int gsp_run(struct gsp_job *job, const struct gsp_run_opts *o, struct gsp_err *err);

/** gsp_run_alive(job, err): 1 something of what `start` left lives, 0 nothing, -1 cannot tell. */
int gsp_run_alive(struct gsp_job *job, struct gsp_err *err);

/** gsp_run_has(job, script): the server has an executable of that name. */
bool gsp_run_has(struct gsp_job *job, const char *script);

/**
 * gsp_run_prove(job, grace_s, quiet_s, err):
 * The proof after stop on its own. GSP_EREFUSED naming what still runs, holds a file open,
 * listens or changed.
 */
int gsp_run_prove(struct gsp_job *job, int grace_s, int quiet_s, struct gsp_err *err);

/** gsp_run_ports(out, conf): "25565/tcp,24454/udp". */
void gsp_run_ports(struct gsp_buf *out, const struct gsp_server_conf *conf);

#endif
