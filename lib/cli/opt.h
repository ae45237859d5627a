/*
 * cli/opt: the command line of every tool: common options, the tool's own, --help, --version.
 *
 * Common to all: -C DIR, --json, -q, -v, -vv, --progress=json, --actor WHO, --yes, --help,
 * --version. A tool lists its own in a table; values are stored where the table points.
 * "--" ends options; operands may stand before or after options (as getopt_long permutes).
 *
 * Ownership: texts point into argv or the environment, or into static storage (the actor).
 */
#ifndef GSP_CLI_OPT_H
#define GSP_CLI_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/argv.h"
#include "base/err.h"

#define GSP_ACTOR_MAX 128 /* bytes */

enum gsp_opt_kind {
	GSP_OPT_FLAG,     /* bool: set to true */
	GSP_OPT_TEXT,     /* const char *: the argument */
	GSP_OPT_U64,      /* uint64_t: a whole number */
	GSP_OPT_DURATION, /* int64_t: seconds, from "90", "20m", "2h" */
	GSP_OPT_LIST      /* struct gsp_argv: one more entry each time */
};

struct gsp_opt {
	const char *name;    /* "from", without dashes; the last entry of a table has NULL */
	char letter;         /* 0: none */
	enum gsp_opt_kind kind;
	void *out;
	const char *arg;     /* "N" as shown in the help; NULL for flags */
	const char *help;    /* one line; NULL: between our own processes, not shown */
};

struct gsp_cli {
	/* set by the tool */
	const char *tool;     /* "gsp-sync" */
	const char *synopsis; /* "up|down|diff SERVER... [-- PATH...]" after the options */
	const char *summary;  /* one line: what it does */
	const char *notes;    /* more text for --help, or NULL */
	const struct gsp_opt *opts;
	size_t min_operands, max_operands; /* max 0: none allowed; SIZE_MAX: any number */
	bool stop_at_operand; /* options end at the first operand */
	bool split_dashes;    /* what follows "--" after an operand is `rest`, not operands */

	/* set by gsp_cli_parse() */
	const char *dir;      /* -C, or NULL */
	bool json, yes, quiet;
	int verbose;          /* 0, 1 (-v), 2 (-vv) */
	bool progress_json;
	const char *actor;    /* --actor, $GSP_ACTOR or the login name: printable, never NULL */
	char **operands;      /* NULL-terminated */
	size_t noperands;
	char **rest;          /* NULL-terminated; with split_dashes what follows "--", else empty */
	size_t nrest;
	bool has_rest;        /* "--" was there */
};

#define GSP_CLI_OPERANDS_ANY ((size_t)-1)

/**
 * gsp_cli_parse(c, argc, argv, err):
 * Parse, install the log handler (warnings; with -v debug, with -vv trace too), and catch
 * signals. argv is permuted. 0: go on; 1: --help or --version was printed, return
 * gsp_cli_exit(0, err) now; -1: GSP_EUSAGE. Options are never abbreviated: what destroys must
 * be spelled out.
 */
int gsp_cli_parse(struct gsp_cli *c, int argc, char **argv, struct gsp_err *err);

/** gsp_cli_actor_ok(s): 1..128 bytes of printable UTF-8, no control characters. */
bool gsp_cli_actor_ok(const char *s);

#endif
