/*
 * cli/progress: how far a tool is, on stderr and in a file under state/.
 *
 * On a terminal: one live line per step (elapsed, bytes, rate, ETA). Elsewhere: a line when a
 * step begins and ends, and at most one every ten seconds between. With --progress=json: one
 * JSON object a line, at most four a second per step:
 *   {"t":1795374000123,"server":"vanilla","step":"sync-up","state":"progress","pct":42,
 *    "bytes":1,"total":2,"rate":3,"eta_s":4,"message":"..."}
 * state is start, progress, done or fail; t is milliseconds since 1970; pct, bytes, total, rate
 * (bytes a second) and eta_s are absent when unknown. A warning is a progress line with
 * "level":"warn". A job ends in exactly one done or fail of the step "all" for each server it
 * was started for.
 * The state file gets the JSON lines whatever is shown, progress at most once a second. It
 * starts empty with each job and stops growing at GSP_PROGRESS_FILE_MAX except for the lines
 * that begin and end a step.
 *
 * The steps of a parent: with GSP_STEP_OF_PARENT=1 in the environment a parent tool is in
 * charge: it ends with "all", it truncated the state file, and we append.
 *
 * Quiet (-q) shows failures and warnings only. For people a failure shows no message: the
 * tool says why once, at its end. Ownership: borrows server and step names for
 * the call. Errors: none reach the caller: progress that cannot be shown must not fail a job.
 */
#ifndef GSP_CLI_PROGRESS_H
#define GSP_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/step.h"
#include "cli/opt.h"

#define GSP_PROGRESS_FILE_MAX (256 * 1024) /* bytes */

enum gsp_progress_mode {
	GSP_PROGRESS_AUTO,  /* live on a terminal of ours, else plain */
	GSP_PROGRESS_LIVE,
	GSP_PROGRESS_PLAIN,
	GSP_PROGRESS_JSON,
	GSP_PROGRESS_QUIET
};

struct gsp_progress;

struct gsp_progress_opts {
	enum gsp_progress_mode mode;
	FILE *f;                  /* NULL: stderr */
	int64_t (*now_ms)(void);  /* NULL: gsp_now_ms; tests bring their own clock */
	int64_t (*wall_ms)(void); /* NULL: gsp_wall_ms */
	int child;                /* -1: ask GSP_STEP_OF_PARENT; 0 no, 1 yes */
};

#define GSP_PROGRESS_OPTS_INIT {GSP_PROGRESS_AUTO, NULL, NULL, NULL, -1}

/** gsp_progress_new(o): never NULL. ${o} may be NULL for the defaults. */
struct gsp_progress *gsp_progress_new(const struct gsp_progress_opts *o);

/** gsp_progress_for(c): as the command line wants it (--progress=json, -q). */
struct gsp_progress *gsp_progress_for(const struct gsp_cli *c);

/**
 * gsp_progress_open(p, server, state_file):
 * A job for ${server} begins; ${state_file} (NULL: none) keeps its lines. Opening a server twice
 * is harmless: the first one counts.
 */
void gsp_progress_open(struct gsp_progress *p, const char *server, const char *state_file);

/** gsp_progress_steps(p): the callbacks for lib/; borrowed, valid until p is freed. */
const struct gsp_steps *gsp_progress_steps(struct gsp_progress *p);

/**
 * gsp_progress_relay(p, line):
 * One JSON progress line of a child tool (run with --progress=json): shown in our form. "all"
 * lines and anything else are dropped; the child wrote the state file itself.
 * Returns true if it was a progress line.
 */
bool gsp_progress_relay(struct gsp_progress *p, const char *line);

/**
 * gsp_progress_tick(p): show what came too soon after the line before it, and draw the live line
 * again when a second has passed, so that the clock of a step goes on while nothing is heard of
 * it. Every wait of lib/ calls it by itself (gsp_sig_idle()).
 * gsp_progress_wait_ms(p): for poll(): milliseconds until a tick has something to do, or -1.
 */
void gsp_progress_tick(struct gsp_progress *p);
int gsp_progress_wait_ms(const struct gsp_progress *p);

/**
 * gsp_progress_finish(p, server, ok, fmt, ...):
 * The job of ${server} is over: its one line of the step "all". A second call for it says
 * nothing. A step still open is closed first the same way.
 */
void gsp_progress_finish(struct gsp_progress *p, const char *server, bool ok, const char *fmt,
    ...) __attribute__((format(printf, 4, 5)));

/** gsp_progress_free(p): clears the live line. Servers never finished get a fail of "all". */
void gsp_progress_free(struct gsp_progress *p);

#endif
