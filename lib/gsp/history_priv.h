/*
 * gsp/history_priv: shared by the files that make up gsp/history, and by its tests. Nobody else
 * includes it.
 */
#ifndef GSP_GSP_HISTORY_PRIV_H
#define GSP_GSP_HISTORY_PRIV_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "gsp/history.h"
#include "gsp/rsync.h"

/* A .gsp file: a million paths are about 120 MB. */
#define GSP_GEN_TEXT_MAX ((size_t)1 << 30)
/* Its first line. */
#define GSP_GEN_LINE_MAX ((size_t)1 << 20)

/* Where a capture is made. The name is no session's, and never that of a generation. */
#define GSP_HISTORY_CAPTURE ".capture"

/* A generation that is being removed: no longer one. */
#define GSP_HISTORY_REMOVING ".removing-"

struct gsp_history {
	char *files, *dir; /* .../files, .../history */
	char *home_id, *server;
	const char *const *exclude, *const *push; /* borrowed */
	int lock_fd;
	bool looking; /* opened by gsp_history_look() */
	uint64_t *numbers; /* ascending: directory and .gsp are both there */
	size_t n;
	uint64_t highest; /* of every number seen, whole generation or not */
	uint64_t base, newest;
	char *rescued;
};

/*
 * Called before and after each change of state with its name. For tests alone: they end the
 * process there, or damage something.
 */
extern void (*gsp_history_step_hook)(const char *step);
void gsp_history_step(const char *step);

/** gsp_history_path(h, out, err, fmt, ...): "history/" and the text; ${out} holds PATH_MAX. */
int gsp_history_path(const struct gsp_history *h, char *out, struct gsp_err *err,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/** gsp_history_scan(h, err): read the generations' names and BASE again. */
int gsp_history_scan(struct gsp_history *h, struct gsp_err *err);

/** Replace history/${name} (BASE, NEXT) by text, fsynced. */
int gsp_history_state(struct gsp_history *h, const char *name, const char *text,
    struct gsp_err *err);

/** gsp_history_need(h, n, err): GSP_EREFUSED unless generation n is whole. */
int gsp_history_need(const struct gsp_history *h, uint64_t n, struct gsp_err *err);

/** gsp_history_list_or_none(h, n, out, err): the list of n; an empty one for 0. */
int gsp_history_list_or_none(const struct gsp_history *h, uint64_t n, struct gsp_list *out,
    struct gsp_err *err);

/** gsp_history_rsync(h, r, argv): an rsync run of ours, argv holding rsync and the common flags. */
void gsp_history_rsync(const struct gsp_history *h, struct gsp_rsync *r, struct gsp_argv *argv);

/** gsp_history_mkdir(path, err): a new directory, mode 0755 whatever the umask is. */
int gsp_history_mkdir(const char *path, struct gsp_err *err);

/**
 * gsp_history_seal(h, tmp, meta, list, push_from, number, err):
 * history/${tmp} becomes the next generation; see gsp_history_commit() for the rest.
 */
int gsp_history_seal(struct gsp_history *h, const char *tmp, const struct gsp_gen_meta *meta,
    struct gsp_list *list, uint64_t push_from, uint64_t *number, struct gsp_err *err);

/** gsp_history_next_write(h, to, err): write NEXT, fsynced. */
int gsp_history_next_write(struct gsp_history *h, const struct gsp_next *to, struct gsp_err *err);

/** gsp_history_next_gone(h, err): remove NEXT, fsynced. */
int gsp_history_next_gone(struct gsp_history *h, struct gsp_err *err);

/** gsp_history_bring_again(h, to, err): what NEXT says, once more after a crash. */
int gsp_history_bring_again(struct gsp_history *h, const struct gsp_next *to,
    struct gsp_err *err);

/* ---- the text of a .gsp file (gen_text.c) ---- */

/** gsp_gen_print(out, g, meta, h, list): all of it. */
void gsp_gen_print(struct gsp_buf *out, const struct gsp_gen *g, const struct gsp_gen_meta *meta,
    const struct gsp_history *h, const struct gsp_list *list);

/**
 * gsp_gen_parse(g, list, text, len, err):
 * ${text} is the whole file, or with a NULL ${list} its first line at least. Errors: GSP_EIO
 * naming the line; the counts in the first line must fit the list.
 */
int gsp_gen_parse(struct gsp_gen *g, struct gsp_list *list, const char *text, size_t len,
    struct gsp_err *err);

#endif
