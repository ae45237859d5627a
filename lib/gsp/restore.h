/*
 * gsp/restore: files/ becomes what an old generation held, or what a directory from elsewhere
 * holds. Either makes a new generation: history is never rewound. What was edited in files/
 * becomes a generation of its own first. Only while the server is down.
 */
#ifndef GSP_GSP_RESTORE_H
#define GSP_GSP_RESTORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "gsp/history.h"
#include "gsp/job.h"

struct gsp_restored {
	uint64_t number; /* the generation that files/ is made from now */
	uint64_t edit;   /* that keeps what was edited in files/; 0: nothing was */
	bool already;    /* files/ was that before, and nothing was made */
};

/**
 * gsp_restore(job, h, conf, n, accept, out, err):
 * Every byte of generation ${n} is read and compared with its sums; then a generation of kind
 * `restore` with the parent ${n} holds the same, hard-linked, but the push paths, which are
 * those of files/; then files/ is brought to it. ${h} is settled, ${job} holds the lock.
 * Run again after a crash at any point it ends in the same state, with no second generation.
 * Errors: GSP_EREFUSED while there is a session, and for a damaged generation, naming paths;
 * with ${accept} it is restored as it is now, and the new one is marked so. GSP_EUNAVAIL if
 * there is no generation ${n}.
 */
int gsp_restore(struct gsp_job *job, struct gsp_history *h, const struct gsp_server_conf *conf,
    uint64_t n, bool accept, struct gsp_restored *out, struct gsp_err *err);

/**
 * gsp_import(job, h, conf, dir, accept, out, err):
 * The tree of ${dir}, without excluded paths, becomes a generation of kind `import`, and files/
 * is brought to it, push paths too. ${dir} is only read. The same again is success.
 * Errors: GSP_EREFUSED while there is a session; for a directory without a file, one inside
 * this home's history or state or around or in the server's own, and, unless ${accept}, one
 * that lacks a save path. GSP_EUSAGE if it is no directory.
 */
int gsp_import(struct gsp_job *job, struct gsp_history *h, const struct gsp_server_conf *conf,
    const char *dir, bool accept, struct gsp_restored *out, struct gsp_err *err);

#endif
