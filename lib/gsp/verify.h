/*
 * gsp/verify: are the generations what their lists say? Every byte is read again and compared
 * with the checksums that were proven when the generation was made. Changes nothing and needs no
 * lock.
 */
#ifndef GSP_GSP_VERIFY_H
#define GSP_GSP_VERIFY_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/step.h"
#include "gsp/history.h"

enum gsp_verify_problem {
	GSP_VERIFY_MISSING,
	GSP_VERIFY_EXTRA,      /* there, but in no list */
	GSP_VERIFY_TYPE,       /* a directory where a file was, ... */
	GSP_VERIFY_SIZE,
	GSP_VERIFY_CONTENT,    /* the size is right, the bytes are not */
	GSP_VERIFY_TARGET,     /* of a symlink */
	GSP_VERIFY_MODE,
	GSP_VERIFY_UNREADABLE, /* found says why */
	GSP_VERIFY_LIST,       /* NNNNNN.gsp itself is damaged; found says how, path is its name */
	GSP_VERIFY_UNPROVEN    /* no damage: no checksum was kept, there is nothing to compare with */
};
const char *gsp_verify_problem_name(enum gsp_verify_problem p); /* "missing", ... */

/* One path that is not as it was. */
struct gsp_verify_finding {
	uint64_t generation;
	enum gsp_verify_problem problem;
	const char *path;           /* "." is the generation's own directory */
	const char *wanted, *found; /* sizes, checksums, modes, types, targets as text; may be NULL */
};

enum gsp_verify_verdict {
	GSP_VERIFY_GOOD,
	GSP_VERIFY_NO_SUM,  /* nothing wrong, but some files have no checksum */
	GSP_VERIFY_DAMAGED,
	GSP_VERIFY_GONE     /* removed by another tool meanwhile: nothing to say */
};
const char *gsp_verify_verdict_name(enum gsp_verify_verdict v); /* good unproven damaged gone */

struct gsp_verify_result {
	uint64_t generation;
	enum gsp_verify_verdict verdict;
	enum gsp_gen_kind kind; /* meaningless with a damaged list */
	uint64_t files, bytes;  /* of its list */
	size_t problems;        /* findings that are damage */
	size_t unproven;        /* files without a checksum */
};

struct gsp_verify_opts {
	const struct gsp_history *h;
	const char *server;
	uint64_t only;                 /* just this generation; 0: all */
	const struct gsp_steps *steps; /* step "verify" */
	/* A generation's findings in order of path, then its result; newest generation first. -1
	 * ends it all. */
	int (*finding)(void *ctx, const struct gsp_verify_finding *f, struct gsp_err *err);
	int (*result)(void *ctx, const struct gsp_verify_result *r, struct gsp_err *err);
	void *ctx;
};

/**
 * gsp_verify_run(o, err):
 * A file that several generations share is read once. What the kernel holds in memory is read
 * from the disk again where it can be. Times are not compared: a backup that was copied back
 * without them still holds every byte.
 * Errors: GSP_EREFUSED if any generation is damaged (what could not be read is damage: nobody
 * can restore it), naming them and the newest good one; GSP_EUNAVAIL no such generation.
 */
int gsp_verify_run(const struct gsp_verify_opts *o, struct gsp_err *err);

#endif
