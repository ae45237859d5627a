/*
 * gsp/list: what is in a tree, as a list sorted by path: from walking a directory, or from the
 * list of a generation (NNNNNN.gsp). Comparing two of them.
 *
 * A .gsp file is a first line of JSON (gsp/history writes it) and one line for each path:
 *   TYPE MODE SIZE MTIME CHECKSUM PATH[\tTARGET]
 * TYPE f d l; MODE four octal digits (permission bits only); SIZE bytes; MTIME
 * seconds.nanoseconds since 1970; CHECKSUM xxh128 in hex (as rsync prints it), "-" for d and l
 * and where unknown; PATH relative, bytes below 0x21, 0x7f and '\' written \ooo; TARGET of a
 * symlink, written the same way. Sorted bytewise by path, each path once.
 */
#ifndef GSP_GSP_LIST_H
#define GSP_GSP_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* The longest path accepted: Linux's PATH_MAX, NUL included; rsync's MAXPATHLEN is the same. */
#define GSP_LIST_PATH_MAX 4096

/* The mode of a directory that was walked inside a generation, where write bits are gone. */
#define GSP_MODE_UNKNOWN 0xffffu

/* One path of a generation, of files/, or of any tree. */
struct gsp_entry {
	char *path;    /* relative, no leading or trailing slash */
	char type;     /* f d l */
	unsigned mode; /* permission bits, 0777 at most; 0777 for l */
	uint64_t size; /* bytes; 0 for d and l */
	int64_t mtime_s;
	long mtime_ns;
	char sum[33]; /* xxh128 in hex; "" unknown */
	char *target; /* symlinks, else NULL */
};

/* Sorted bytewise by path. */
struct gsp_list {
	struct gsp_entry *v;
	size_t n, cap;
};
#define GSP_LIST_INIT {NULL, 0, 0}
void gsp_list_release(struct gsp_list *l);

/** gsp_list_add(l, e, err): append copies of e's strings; keep the order, or sort afterwards. */
int gsp_list_add(struct gsp_list *l, const struct gsp_entry *e, struct gsp_err *err);
void gsp_list_sort(struct gsp_list *l);

/** gsp_list_find(l, path): the entry, borrowed, or NULL. */
const struct gsp_entry *gsp_list_find(const struct gsp_list *l, const char *path);

/** gsp_list_below(l, top): index of the first entry below ${top} ("top/..."); l->n if none.
 * The entries below one directory are neighbours. */
size_t gsp_list_below(const struct gsp_list *l, const char *top);

/**
 * gsp_list_walk(out, dir, exclude, odd, odd_ctx, err):
 * Every file, directory and symlink below ${dir}, without the anchored paths ${exclude}
 * (NULL-terminated, relative; NULL none) and what is under them. Follows nothing, reads no
 * data: sums stay unknown. ${odd} (may be NULL) is told of what cannot travel (sockets, FIFOs,
 * devices: "socket", "fifo", "device"), of bits that do not ("setuid", "setgid", "sticky"), and
 * of "holes" (a file with fewer blocks than bytes). A missing ${dir} is an empty list. What
 * vanishes meanwhile is left out.
 * Errors: GSP_EIO naming the directory that cannot be read.
 */
typedef void gsp_list_odd(void *ctx, const char *path, const char *what);
int gsp_list_walk(struct gsp_list *out, const char *dir, const char *const *exclude,
    gsp_list_odd *odd, void *odd_ctx, struct gsp_err *err);

/**
 * gsp_list_look(out, dir, odd, fail, ctx, err):
 * The same for a tree that may be damaged: ${fail} is told of each path that cannot be looked at
 * ("." for ${dir} itself) and why, and the rest is listed all the same. Never copy or delete by
 * such a list: it may be short.
 */
int gsp_list_look(struct gsp_list *out, const char *dir, gsp_list_odd *odd, gsp_list_odd *fail,
    void *ctx, struct gsp_err *err);

/** gsp_path_under(path, top): path is top or below it (whole components). */
bool gsp_path_under(const char *path, const char *top);

/** gsp_path_under_any(path, tops): the same for a NULL-terminated list; NULL is none. */
bool gsp_path_under_any(const char *path, const char *const *tops);

/** gsp_path_clean(path): relative, not empty, no empty, "." or ".." component. */
bool gsp_path_clean(const char *path);

/** Bytes and regular files at or below ${top}; the whole list for "". */
void gsp_list_sum(const struct gsp_list *l, const char *top, uint64_t *files, uint64_t *bytes);

/** gsp_list_drop(l, tops): take out every path at or below one of ${tops}. */
void gsp_list_drop(struct gsp_list *l, const char *const *tops);

/* How one path differs between two lists. */
enum gsp_change { GSP_ADDED = '+', GSP_REMOVED = '-', GSP_CHANGED = '~' };
struct gsp_diff_item {
	char *path;
	enum gsp_change change;
};
struct gsp_diff {
	struct gsp_diff_item *v; /* sorted bytewise by path */
	size_t n, cap;
};
#define GSP_DIFF_INIT {NULL, 0, 0}
void gsp_diff_release(struct gsp_diff *d);
int gsp_diff_add(struct gsp_diff *d, const char *path, enum gsp_change change,
    struct gsp_err *err);
const struct gsp_diff_item *gsp_diff_find(const struct gsp_diff *d, const char *path);

/**
 * gsp_list_diff(out, from, to, err):
 * Content, type, mode of files, symlink target; sums when both are known, else size and mtime.
 * Times of directories are no difference; a directory counts only when added or removed or its
 * mode differs where both sides know it truly.
 */
int gsp_list_diff(struct gsp_diff *out, const struct gsp_list *from, const struct gsp_list *to,
    struct gsp_err *err);

/** gsp_entry_same(a, b): no difference in the sense above. */
bool gsp_entry_same(const struct gsp_entry *a, const struct gsp_entry *b);

/** gsp_list_print(out, l): the lines of a .gsp file. */
void gsp_list_print(struct gsp_buf *out, const struct gsp_list *l);

/**
 * gsp_list_parse(out, text, len, err):
 * The lines of a .gsp file after its first. Strict: an unknown type, a number out of range, a
 * path that is not clean, a line out of order, a last line without its newline are GSP_EIO with
 * the line's number in the file (the first line here is line 2). NULs cannot occur.
 */
int gsp_list_parse(struct gsp_list *out, const char *text, size_t len, struct gsp_err *err);

#endif
