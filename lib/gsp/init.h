/*
 * gsp/init: a new home, and a new server made from an example. Nothing that exists is ever
 * overwritten; what is missing is added, so that every call may be repeated.
 *
 * Errors: GSP_ECREATE when something is in the way, GSP_EUNAVAIL for an unknown example,
 * GSP_EUSAGE for a name that is none, GSP_EIO.
 */
#ifndef GSP_GSP_INIT_H
#define GSP_GSP_INIT_H

#include <stdbool.h>

#include "base/argv.h"
#include "base/buf.h"
#include "base/err.h"
#include "gsp/config.h"

struct gsp_init_home {
	const char *dir;    /* made if missing, parents too */
	const char *region; /* NULL: us-ord */
	const char *type;   /* NULL: g6-standard-4 */
	const char *token;  /* put into DIR/token, mode 0600; NULL: none */
	const char *watch;  /* watch: by; NULL: session */
};

/**
 * gsp_init_home(o, made, err):
 * gsp.yaml with a new id and the public keys of ~/.ssh, .gitignore, servers/, state/. *made
 * tells whether gsp.yaml is new. A home inside another one is refused.
 */
int gsp_init_home(const struct gsp_init_home *o, bool *made, struct gsp_err *err);

/**
 * gsp_init_examples(dirs, err):
 * The examples' directories, sorted by name: beside the running program (../examples,
 * ../../examples, ../share/gsp/examples), else where gsp was installed to.
 */
int gsp_init_examples(struct gsp_argv *dirs, struct gsp_err *err);

/** gsp_init_example_name(dir): the last part of one of these paths; borrowed. */
const char *gsp_init_example_name(const char *dir);

/**
 * gsp_init_server(h, example, name, err):
 * Copy an example to servers/<name>/: all of it or nothing. Where the example's name ends
 * `dir:` in its server.yaml, ${name} takes its place. Scripts are executable.
 */
int gsp_init_server(const struct gsp_home *h, const char *example, const char *name,
    struct gsp_err *err);

#endif
