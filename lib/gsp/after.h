/*
 * gsp/after: the script `after_save` of a server, run on this computer after a save came home:
 * for a second copy elsewhere, say. It is nobody's condition: a save is home without it, and a
 * machine is deleted without it.
 *
 * In state/<server>/after_save/:
 *   owed         number of the newest generation it is to be run for; on disk before the machine
 *                learns that its save is home
 *   result.json  the last try: generation, state (running, done, failed), why, tries, time
 *   log, log.1   what it printed; bounded
 *   lock         held while it runs, also by a script whose gsp was killed
 * It is owed until result.json says `done` for that number; whoever comes next tries again.
 */
#ifndef GSP_GSP_AFTER_H
#define GSP_GSP_AFTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "gsp/config.h"

/** gsp_after_note(h, server, generation, err): it is owed for that one from now on, if the server
 * has the script. Under the server's lock. On disk when it returns 0. */
int gsp_after_note(const struct gsp_home *h, const char *server, uint64_t generation,
    struct gsp_err *err);

struct gsp_after_opts {
	const char *actor; /* for the lock's note */
	/* called just before the script starts; may be NULL */
	void (*began)(void *ctx, const char *server, uint64_t generation);
	void *ctx;
};

/**
 * gsp_after_run(h, server, o, err):
 * Run what is owed, now, and wait for its end; for the newest proven generation if the one owed is
 * gone. 0 when nothing is owed (any more), or somebody else runs it at the moment. Needs no lock
 * of the server's, and must be called without it: it may take long (`timeouts: sync`).
 * The script gets its own environment alone: GSP_SERVER, GSP_GENERATION, GSP_PATH (the
 * generation's directory), GSP_HOME, PATH, HOME, LANG; never a token.
 * Errors: GSP_ETEMP it failed, or took too long: kept, and tried again next time; GSP_ECANCEL.
 */
int gsp_after_run(const struct gsp_home *h, const char *server, const struct gsp_after_opts *o,
    struct gsp_err *err);

/** gsp_after_text(h, server, out, size): one sentence for people while something is owed, with
 * what tries it again; "" when not. */
void gsp_after_text(const struct gsp_home *h, const char *server, char *out, size_t size);

#endif
