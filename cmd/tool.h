/*
 * tool: what the tools share between their options and the library: home, progress, servers by
 * name or by record, one record out for each that succeeded, and children that are tools too.
 */
#ifndef GSP_CMD_TOOL_H
#define GSP_CMD_TOOL_H

#include <stdbool.h>

#include "base/argv.h"
#include "base/err.h"
#include "cli/opt.h"
#include "cli/progress.h"
#include "gsp/job.h"

struct tool {
	struct gsp_cli cli;
	struct gsp_home *home;
	struct gsp_progress *progress;
	const char *what; /* "sync down": for the lock's note */
};

/** tool_open(t, err): find the home, start progress. tool_close(t) is safe at any time. */
int tool_open(struct tool *t, struct gsp_err *err);
void tool_close(struct tool *t);

/** What to do for one server. 0, or -1 with err. */
typedef int tool_fn(struct tool *t, struct gsp_job *job, void *ctx, struct gsp_err *err);

enum tool_flags {
	TOOL_LOCK = 1,    /* hold the server's lock */
	TOOL_RECORDS = 2, /* "-" reads records from stdin */
	TOOL_PRINT = 4,   /* print the record of each success */
	TOOL_STEPS = 8    /* a job with progress: ends in "all" */
};

/**
 * tool_each(t, names, n, flags, fn, ctx, err):
 * fn for each server named, in order; one that fails does not keep the others from their turn.
 * Returns -1 with the first error if any failed; all but that one were printed.
 */
int tool_each(struct tool *t, char **names, size_t n, int flags, tool_fn *fn, void *ctx,
    struct gsp_err *err);

/**
 * tool_main(t, argc, argv, flags, fn, ctx):
 * The whole main() of a tool that does one thing for each server it is given: options, home,
 * tool_each(), exit status.
 */
int tool_main(struct tool *t, int argc, char **argv, int flags, tool_fn *fn, void *ctx);

/**
 * tool_end(t, rc, err, after):
 * The end of a tool after which a server's after_save may be owed: tool_close(), gsp_cli_exit(),
 * and only then, when everything else is done and said, what is owed for each of the servers in
 * ${after} (NULL: none). A failure there is a warning; the status stays.
 */
int tool_end(struct tool *t, int rc, const struct gsp_err *err, const struct gsp_argv *after);

/**
 * tool_argv(argv, h, tool, actor, err):
 * "<our directory>/TOOL -C HOME --actor=WHO", of a sibling tool; add the rest. Check gsp_argv_ok().
 */
int tool_argv(struct gsp_argv *argv, const struct gsp_home *h, const char *tool, const char *actor,
    struct gsp_err *err);

/**
 * tool_child(t, job, argv, err):
 * Start a sibling tool (${argv}[0] is its name) for this job's server: it inherits the lock, its
 * progress is shown as ours, its record is dropped, its journal is read again. -1 with its
 * message and the code of its exit status.
 */
int tool_child(struct tool *t, struct gsp_job *job, const struct gsp_argv *argv,
    struct gsp_err *err);

/** tool_step(t, job, err, NAME, ARG..., NULL): tool_child() with the words in place. */
int tool_step(struct tool *t, struct gsp_job *job, struct gsp_err *err, const char *name, ...)
    __attribute__((sentinel));

#endif
