/*
 * gsp/history: the generations of one server at home, and the directory files/ that is made
 * from them. Knows nothing of machines: it is given local directories.
 *
 * On disk, in servers/<name>/:
 *   files/                     what the owner edits and what goes up
 *   history/000041/            a generation: plain files; its directories are read-only
 *   history/000041.gsp         its description and list, written before the directory appears;
 *                              a generation exists when both are there
 *   history/BASE               number of the generation files/ was made from
 *   history/NEXT               one JSON line while files/ is being brought somewhere:
 *                              {"generation":42,"edit":41}  (edit absent when none;
 *                              "push":true: push paths too; "coming":true: the generation was
 *                              yet to be made, and without it NEXT means nothing)
 *   history/.incoming-<id>     a generation in the making, never looked at as one
 *
 * The first line of a .gsp file is JSON, "gsp.generation/1"; the list after it is described in
 * gsp/list.h.
 *
 * Copying is rsync's work (run locally, never through a shell).
 */
#ifndef GSP_GSP_HISTORY_H
#define GSP_GSP_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "gsp/list.h"

enum gsp_gen_kind {
	GSP_GEN_DOWN,
	GSP_GEN_EDIT,
	GSP_GEN_IMPORT,
	GSP_GEN_RESTORE,
	GSP_GEN_LIVE,
	GSP_GEN_KILLED
};
const char *gsp_gen_kind_name(enum gsp_gen_kind k);
int gsp_gen_kind_parse(enum gsp_gen_kind *out, const char *name);

/* What is known of a generation without reading its list. */
struct gsp_gen {
	uint64_t number;
	uint64_t parent; /* 0: none */
	enum gsp_gen_kind kind;
	int64_t time; /* epoch seconds */
	char home[9];     /* that made it; "" unknown */
	char session[33]; /* "" if none */
	char actor[129];
	uint64_t files, bytes; /* regular files and their sizes */
	bool accepted;         /* a suspect save somebody accepted */
	uint64_t moving;       /* live: so many paths changed while they were copied; 0: one instant */
};

struct gsp_history; /* opened for one server */

struct gsp_history_opts {
	const char *server_dir;     /* absolute: .../servers/<name> */
	const char *home_id, *server;
	const char *const *exclude; /* NULL-terminated, relative, no trailing slash; borrowed */
	const char *const *push;
	int lock_fd; /* the server's lock, or 0 or -1: rsync inherits it, so that an rsync that
	              * outlives a killed tool keeps the server locked */
};

/** Makes files/ and history/ if they are missing; reads the generations' names. */
int gsp_history_open(struct gsp_history **out, const struct gsp_history_opts *o,
    struct gsp_err *err);
void gsp_history_close(struct gsp_history *h);

/**
 * gsp_history_look(out, o, err):
 * To look only, without the server's lock: makes nothing and settles nothing. No history/ is an
 * empty one. What is damaged hides nothing else: a generation that cannot be described is among
 * the numbers and is never the newest; a BASE that cannot be read is 0.
 * Another tool may change or remove a generation meanwhile; see gsp_history_gone().
 */
int gsp_history_look(struct gsp_history **out, const struct gsp_history_opts *o,
    struct gsp_err *err);

/** gsp_history_gone(h, n): generation ${n} is not there now: it was removed after the opening. */
bool gsp_history_gone(const struct gsp_history *h, uint64_t n);

const char *gsp_history_files_dir(const struct gsp_history *h); /* absolute, borrowed */
uint64_t gsp_history_newest(const struct gsp_history *h);        /* proven: not live; 0 none */
/* BASE; 0: none, or it names a generation that is not there. */
uint64_t gsp_history_base(const struct gsp_history *h);
bool gsp_history_has(const struct gsp_history *h, uint64_t n);
int gsp_history_gen_dir(const struct gsp_history *h, uint64_t n, struct gsp_buf *path,
    struct gsp_err *err);
/** gsp_history_numbers(h, v, n): ascending, borrowed. */
void gsp_history_numbers(const struct gsp_history *h, const uint64_t **v, size_t *n);
int gsp_history_info(const struct gsp_history *h, uint64_t n, struct gsp_gen *out,
    struct gsp_err *err);
int gsp_history_list(const struct gsp_history *h, uint64_t n, struct gsp_list *out,
    struct gsp_err *err);
/** The newest generation of kind down or killed, if ${session} made it; else 0. Looks no further
 * back: sessions of a server follow each other. */
uint64_t gsp_history_of_session(const struct gsp_history *h, const char *session);

/** gsp_history_live_of(h, session, after): the newest of kind live made by ${session} with a
 * number above ${after}; 0 none. Reads no generation up to ${after}. */
uint64_t gsp_history_live_of(const struct gsp_history *h, const char *session, uint64_t after);

/** gsp_history_is_live(h, n): n is there and of the kind live: a copy nothing was proven with. */
bool gsp_history_is_live(const struct gsp_history *h, uint64_t n);

/**
 * gsp_history_pending_edit(h, n):
 * BASE, if it is an edit generation that generation ${n} was not made from, nor it from that (a
 * down was cut off before files/ was brought to it): hand it to gsp_history_bring() as ${edit}. Else 0.
 */
uint64_t gsp_history_pending_edit(const struct gsp_history *h, uint64_t n);

/** gsp_history_common(h, a, b): the nearest generation that both were made from, or are; 0 none.
 * It may be one that is not there any more. */
uint64_t gsp_history_common(const struct gsp_history *h, uint64_t a, uint64_t b);

/** gsp_history_strayed(h): the newest is an edit of something older than BASE, so that going on
 * from it would undo what BASE holds: somebody has to choose. */
bool gsp_history_strayed(const struct gsp_history *h);

struct gsp_gen_meta {
	enum gsp_gen_kind kind;
	uint64_t parent;
	const char *session; /* may be "" */
	const char *actor;
	bool accepted;
	const char *suspect;           /* accepted: the reasons there were; may be NULL */
	const struct gsp_diff *moving; /* live: what changed while it was copied; may be NULL */
};

/**
 * gsp_history_settle(h, err):
 * Complete an unfinished NEXT, set BASE if a capture was cut off just before that, then remove
 * what broken runs left (.gsp files without a directory, half captures; .incoming-* and
 * .broken-* are kept for reuse, never counted). To be called before anything else touches
 * files/. No NEXT: quick.
 * What was edited in files/ between the crash and now, and would be overwritten, is first
 * copied to history/.rescued-<time>/; gsp_history_rescued() then names it.
 * Errors: GSP_EIO for a damaged NEXT, GSP_EREFUSED if it names a generation that is not there.
 */
int gsp_history_settle(struct gsp_history *h, struct gsp_err *err);

/** Where the last settle put edits aside (absolute, borrowed), or NULL: warn the owner. */
const char *gsp_history_rescued(const struct gsp_history *h);

/**
 * gsp_history_edited(h, out, err):
 * Compare files/ with its base (size and mtime, modes of files; not excluded paths). Without a
 * base everything in files/ is added.
 */
int gsp_history_edited(struct gsp_history *h, struct gsp_diff *out, struct gsp_err *err);

/**
 * gsp_history_capture(h, meta, number, err):
 * Make a generation of files/ as it is now (identical files hard-linked to the base's; no inode
 * shared with files/), proven by checksum, then BASE = it. A file that changes while it is read
 * is read again; if it goes on changing: GSP_ETEMP naming it. What cannot be read: GSP_EIO.
 */
int gsp_history_capture(struct gsp_history *h, const struct gsp_gen_meta *meta,
    uint64_t *number, struct gsp_err *err);

/**
 * gsp_history_incoming(h, session, dir, link_dest_1, link_dest_2, err):
 * An empty directory .incoming-<session> for a download, and the directories for --link-dest
 * (absolute; "" when there is none): the newest proven generation, then what broken tries of
 * this session left (set aside as .broken-<session>, never continued in place).
 */
int gsp_history_incoming(struct gsp_history *h, const char *session, struct gsp_buf *dir,
    struct gsp_buf *link_dest_1, struct gsp_buf *link_dest_2, struct gsp_err *err);

/**
 * gsp_history_unproven(h, session, differs, err):
 * Before what differs is sent once more (by --checksum): take those files out of .incoming-*,
 * because they may be hard links into a generation, where a changed time or mode would show.
 */
int gsp_history_unproven(struct gsp_history *h, const char *session,
    const struct gsp_diff *differs, struct gsp_err *err);

/**
 * gsp_history_sum_incoming(h, session, sums, err):
 * The checksums of what lies in .incoming-<session>, read here: for a copy that nobody can prove,
 * because what it was made from goes on changing.
 */
int gsp_history_sum_incoming(struct gsp_history *h, const char *session, struct gsp_list *sums,
    struct gsp_err *err);

/**
 * gsp_history_commit(h, session, meta, list, push_from, number, err):
 * Turn .incoming-<session> into the next generation: the push paths of generation ${push_from}
 * are hard-linked in (0: none), directories lose their write bits (their true modes stay in
 * the list), syncfs checked, the .gsp file, rename, syncfs. Afterwards the left-over of a
 * broken try is removed.
 * ${list} holds what was proven, from gsp_rsync_prove(): types, sizes and checksums; modes and
 * times are read from the directory. It becomes the generation's whole list.
 * Errors: GSP_EREFUSED if the directory and ${list} are not the same tree. On failure
 * .incoming-<session> stays.
 */
int gsp_history_commit(struct gsp_history *h, const char *session,
    const struct gsp_gen_meta *meta, struct gsp_list *list, uint64_t push_from,
    uint64_t *number, struct gsp_err *err);

/**
 * gsp_history_bring(h, number, edit, err):
 * Bring files/ to generation ${number}: NEXT written and fsynced, rsync (--delete; excluded and
 * push paths stay; no inode shared; the true directory modes), the result compared with the
 * list, BASE, NEXT removed. With ${edit} != 0 (an edit generation whose parent is the old base)
 * paths changed only there stay as edited; those changed on both sides take ${number}'s version
 * (gsp/merge.h has the rules). A failure after NEXT is finished by the next settle.
 * Errors: GSP_EREFUSED if files/ differs from BASE (capture it first) or a generation is not
 * there; GSP_ETEMP if something writes to files/ meanwhile.
 */
int gsp_history_bring(struct gsp_history *h, uint64_t number, uint64_t edit,
    struct gsp_err *err);

/** gsp_history_conflicts(h, base, edit, game, out, err): paths changed on both sides. */
int gsp_history_conflicts(struct gsp_history *h, uint64_t base, uint64_t edit, uint64_t game,
    struct gsp_diff *out, struct gsp_err *err);

/* What history/NEXT says. */
struct gsp_next {
	uint64_t number; /* 0: there is no NEXT */
	uint64_t edit;
	bool push;   /* push paths are brought too (an import) */
	bool coming; /* written before the generation was made: if that is not there, never mind */
};

/** gsp_history_next(h, to, err): read NEXT. GSP_EIO if it is damaged. */
int gsp_history_next(struct gsp_history *h, struct gsp_next *to, struct gsp_err *err);

/* ---- going back, and bringing a tree from elsewhere (gsp/restore) ---- */

/**
 * gsp_history_check(h, n, is, damage, err):
 * Read every byte of generation ${n}. ${is}: what is there, with the checksums of now; a
 * directory's mode is that of the generation's list. ${damage}: how that differs from the
 * list; empty when the generation is as it was made.
 * Errors: GSP_EIO for what cannot be read at all.
 */
int gsp_history_check(struct gsp_history *h, uint64_t n, struct gsp_list *is,
    struct gsp_diff *damage, struct gsp_err *err);

/**
 * gsp_history_stage(h, dir, sums, err):
 * A copy of the directory ${dir} (absolute), without the excluded paths, proven by checksum,
 * ready for gsp_history_become(). What equals BASE's is hard-linked to that. Its directories
 * become writable for their owner.
 * Errors: GSP_ETEMP naming a file that changes while it is read.
 *
 * gsp_history_stage_again(h, n, is, list, err):
 * The same of generation ${n}, as ${is} of gsp_history_check() found it, all of it hard links;
 * without the push paths. ${list} is what was staged.
 *
 * gsp_history_unstage(h): drop what was staged.
 */
int gsp_history_stage(struct gsp_history *h, const char *dir, struct gsp_list *sums,
    struct gsp_err *err);
int gsp_history_stage_again(struct gsp_history *h, uint64_t n, const struct gsp_list *is,
    struct gsp_list *list, struct gsp_err *err);
void gsp_history_unstage(struct gsp_history *h);

/**
 * gsp_history_become(h, meta, list, push_from, push, number, err):
 * What was staged becomes the next generation (with the push paths of generation ${push_from};
 * 0: none), and files/ is brought to it; with ${push} its push paths too. One step for whoever
 * comes after a crash: both, or nothing.
 * Errors: as gsp_history_commit() and gsp_history_bring().
 */
int gsp_history_become(struct gsp_history *h, const struct gsp_gen_meta *meta,
    struct gsp_list *list, uint64_t push_from, bool push, uint64_t *number,
    struct gsp_err *err);

/**
 * gsp_history_remove(h, n, err):
 * Generation ${n} is no more: from one moment to the next, then its files go; other generations
 * keep theirs. Cut off in between, the next settle finishes. Who may go, gsp/prune decides.
 */
int gsp_history_remove(struct gsp_history *h, uint64_t n, struct gsp_err *err);

/** Set BASE without moving a file: files/ is known to equal it (after a capture by hand). */
int gsp_history_set_base(struct gsp_history *h, uint64_t number, struct gsp_err *err);

#endif
