/* Making generations: from files/ (capture), and from a finished download (commit). */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "gsp/history_priv.h"
#include "sys/io.h"

#include "base/banned.h"

/* How often a capture is tried while files change under it. */
#define CAPTURE_TRIES 3

/* Give every path of now its checksum; sums must name exactly the same tree. */
static int
take_sums(struct gsp_list *now, const struct gsp_list *sums, const char *dir,
    struct gsp_err *err)
{
	for (size_t i = 0; i < sums->n; i++)
		if (gsp_list_find(now, sums->v[i].path) == NULL)
			return gsp_err_set(err, GSP_EREFUSED,
			    "'%s' was compared, but is not in '%s' any more", sums->v[i].path, dir);
	for (size_t i = 0; i < now->n; i++) {
		struct gsp_entry *e = &now->v[i];
		const struct gsp_entry *s = gsp_list_find(sums, e->path);

		if (s == NULL || s->type != e->type ||
		    (e->type == 'f' && (s->size != e->size || s->sum[0] == '\0')))
			return gsp_err_set(err, GSP_EREFUSED,
			    "'%s' in '%s' is not what was compared: nobody has proven it", e->path,
			    dir);
		memcpy(e->sum, s->sum, sizeof(e->sum));
	}
	return 0;
}

/* Can path be made in the tree of list? Not through a symlink or a file the game put there. */
static bool
reachable(const struct gsp_list *list, const char *path)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i].type != 'd' && gsp_path_under(path, list->v[i].path))
			return false;
	return true;
}

/* The push paths that generation n has (to tops), with their entries and those of the
 * directories above them (to out). */
static int
push_entries(const struct gsp_history *h, uint64_t n, const struct gsp_list *into,
    struct gsp_list *out, struct gsp_buf *tops, struct gsp_err *err)
{
	struct gsp_list all = GSP_LIST_INIT;
	int rc = -1;

	if (gsp_history_list(h, n, &all, err) == -1)
		return -1;
	for (const char *const *p = h->push; *p != NULL; p++) {
		if (gsp_list_find(&all, *p) == NULL)
			continue;
		if (!reachable(into, *p)) {
			gsp_debug("'%s' is not kept in the generation: something is in its way", *p);
			continue;
		}
		gsp_buf_add(tops, *p, strlen(*p) + 1); /* with its NUL: --from0 */
		for (size_t i = 0; i < all.n; i++)
			if ((gsp_path_under(all.v[i].path, *p) || gsp_path_under(*p, all.v[i].path)) &&
			    gsp_list_add(out, &all.v[i], err) == -1)
				goto out;
	}
	gsp_list_sort(out);
	rc = gsp_buf_ok(tops) ? 0 : gsp_err_set(err, GSP_ELIMIT, "too many push paths");
out:
	gsp_list_release(&all);
	return rc;
}

static int
link_push(const struct gsp_history *h, uint64_t n, const char *to, const struct gsp_buf *tops,
    struct gsp_err *err)
{
	struct gsp_argv a = GSP_ARGV_INIT;
	struct gsp_rsync r;
	int rc;

	gsp_history_rsync(h, &r, &a);
	/* implied directories would get the generation's read-only modes */
	gsp_argv_push(&a, "--no-implied-dirs");
	gsp_argv_push(&a, "--from0");
	gsp_argv_push(&a, "--files-from=-");
	gsp_argv_pushf(&a, "--link-dest=%s/%06" PRIu64, h->dir, n);
	gsp_argv_push(&a, "--");
	gsp_argv_pushf(&a, "%s/%06" PRIu64 "/", h->dir, n);
	gsp_argv_pushf(&a, "%s/", to);
	r.input = tops->data;
	r.input_len = tops->len;
	rc = gsp_rsync_run(&r, err);
	gsp_argv_release(&a);
	return rc == 0 ? 0 : gsp_err_wrap(err, "push paths of generation %" PRIu64, n);
}

/* Link the push paths of generation n into dir and add their entries to list. */
static int
add_push(const struct gsp_history *h, uint64_t n, const char *dir, struct gsp_list *list,
    struct gsp_err *err)
{
	struct gsp_buf tops = GSP_BUF_INIT((size_t)1 << 24);
	struct gsp_list more = GSP_LIST_INIT;
	size_t had = list->n;
	int rc = -1;

	if (n == 0 || h->push == NULL || h->push[0] == NULL)
		return 0;
	for (size_t i = 0; i < had; i++)
		if (gsp_path_under_any(list->v[i].path, h->push))
			return gsp_err_set(err, GSP_EREFUSED,
			    "'%s' came down although it is below a push path", list->v[i].path);
	if (push_entries(h, n, list, &more, &tops, err) == -1)
		goto out;
	if (tops.len > 0 && link_push(h, n, dir, &tops, err) == -1)
		goto out;
	for (size_t i = 0; i < more.n; i++) {
		const struct gsp_list old = {list->v, had, had};

		/* two push paths may share the directories above them */
		if ((i == 0 || strcmp(more.v[i - 1].path, more.v[i].path) != 0) &&
		    gsp_list_find(&old, more.v[i].path) == NULL &&
		    gsp_list_add(list, &more.v[i], err) == -1)
			goto out;
	}
	gsp_list_sort(list);
	rc = 0;
out:
	gsp_list_release(&more);
	gsp_buf_release(&tops);
	return rc;
}

/* Take the write bits from every directory: a slip of the hand in history/ does no harm. */
static int
lock_dirs(const char *dir, const struct gsp_list *list, struct gsp_err *err)
{
	int root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = -1;
	struct stat st;

	if (root == -1)
		return gsp_err_sys(err, GSP_EIO, errno, "cannot open '%s'", dir);
	/* children first: a parent may lose the bits that lead to them */
	for (size_t i = list->n; i-- > 0;) {
		const struct gsp_entry *e = &list->v[i];

		if (e->type == 'd' && fchmodat(root, e->path, e->mode & 0555, 0) == -1) {
			gsp_err_sys(err, GSP_EIO, errno, "cannot make '%s/%s' read-only", dir,
			    e->path);
			goto out;
		}
	}
	if (fstat(root, &st) == -1 || fchmod(root, (st.st_mode & 0555) | 0500) == -1) {
		gsp_err_sys(err, GSP_EIO, errno, "cannot make '%s' read-only", dir);
		goto out;
	}
	rc = 0;
out:
	close(root);
	return rc;
}

static int
write_gsp(const struct gsp_history *h, const char *path, uint64_t number,
    const struct gsp_gen_meta *meta, const struct gsp_list *list, struct gsp_err *err)
{
	struct gsp_buf text = GSP_BUF_INIT(GSP_GEN_TEXT_MAX);
	struct gsp_gen g;
	int rc;

	memset(&g, 0, sizeof(g));
	g.number = number;
	g.parent = meta->parent;
	g.kind = meta->kind;
	g.accepted = meta->accepted;
	g.time = gsp_wall_s();
	(void)snprintf(g.session, sizeof(g.session), "%s", meta->session ? meta->session : "");
	(void)snprintf(g.actor, sizeof(g.actor), "%s", meta->actor ? meta->actor : "");
	gsp_list_sum(list, "", &g.files, &g.bytes);
	gsp_gen_print(&text, &g, meta, h, list);
	rc = gsp_buf_ok(&text) ? gsp_io_replace(path, text.data, text.len, 0644, err)
			       : gsp_err_set(err, GSP_ELIMIT, "too many paths for '%s'", path);
	gsp_buf_release(&text);
	return rc;
}

/* rename(2) that never replaces anything. */
static int
rename_new(const char *from, const char *to, struct gsp_err *err)
{
	int rc = renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);

	if (rc == -1 && (errno == EINVAL || errno == ENOSYS)) {
		/* this file system cannot promise it; we hold the server's lock */
		errno = EEXIST;
		rc = gsp_io_exists(to) ? -1 : rename(from, to);
	}
	if (rc == -1)
		return gsp_err_sys(err, GSP_EIO, errno, "cannot rename '%s' to '%s'", from, to);
	return 0;
}

/* From here on the tree in tmp is finished: make it durable, then make it a generation. */
static int
publish(struct gsp_history *h, const char *tmp, const struct gsp_gen_meta *meta,
    const struct gsp_list *list, uint64_t number, struct gsp_err *err)
{
	char gsp[PATH_MAX], dir[PATH_MAX];
	struct gsp_err ignored = GSP_ERR_INIT;

	if (gsp_history_path(h, gsp, err, "%06" PRIu64 ".gsp", number) == -1 ||
	    gsp_history_path(h, dir, err, "%06" PRIu64, number) == -1)
		return -1;
	gsp_history_step("sync");
	if (gsp_io_syncfs(tmp, err) == -1)
		return -1;
	gsp_history_step("describe");
	if (write_gsp(h, gsp, number, meta, list, err) == -1)
		return -1;
	gsp_history_step("rename");
	if (rename_new(tmp, dir, err) == -1) {
		gsp_io_unlink(gsp, &ignored);
		return -1;
	}
	gsp_history_step("renamed");
	if (gsp_io_syncfs(h->dir, err) == -1)
		return -1;
	gsp_history_step("synced");
	return gsp_history_scan(h, err);
}

int
gsp_history_seal(struct gsp_history *h, const char *tmp, const struct gsp_gen_meta *meta,
    struct gsp_list *list, uint64_t push_from, uint64_t *number, struct gsp_err *err)
{
	struct gsp_list now = GSP_LIST_INIT;
	uint64_t n = h->highest + 1;
	char dir[PATH_MAX];
	int rc = -1;

	if (gsp_history_path(h, dir, err, "%s", tmp) == -1 ||
	    gsp_list_walk(&now, dir, NULL, NULL, NULL, err) == -1 ||
	    take_sums(&now, list, dir, err) == -1)
		goto out;
	gsp_history_step("push");
	if (add_push(h, push_from, dir, &now, err) == -1)
		goto out;
	gsp_history_step("read-only");
	if (lock_dirs(dir, &now, err) == -1 || publish(h, dir, meta, &now, n, err) == -1)
		goto out;
	gsp_list_release(list);
	*list = now;
	now = (struct gsp_list)GSP_LIST_INIT;
	*number = n;
	rc = 0;
out:
	gsp_list_release(&now);
	return rc;
}

/* A tree that becomes a generation: files/, or a directory from elsewhere. */
struct source {
	const char *dir;
	bool open_dirs; /* its directories may be read-only: no obstacle for whoever edits files/ */
};

static void
source_args(struct gsp_argv *a, const struct gsp_history *h, const struct source *from)
{
	if (from->open_dirs)
		gsp_argv_push(a, "--chmod=Du+rwx");
	gsp_rsync_exclude(a, h->exclude);
	gsp_argv_push(a, "--");
	gsp_argv_pushf(a, "%s/", from->dir);
}

static int
copy_tree(const struct gsp_history *h, const struct source *from, const char *to,
    bool by_checksum, struct gsp_err *err)
{
	struct gsp_argv a = GSP_ARGV_INIT;
	struct gsp_rsync r;
	int rc;

	gsp_history_rsync(h, &r, &a);
	gsp_argv_push(&a, "--no-inc-recursive");
	if (by_checksum)
		gsp_argv_push(&a, "--checksum");
	if (h->base != 0)
		gsp_argv_pushf(&a, "--link-dest=%s/%06" PRIu64, h->dir, h->base);
	source_args(&a, h, from);
	gsp_argv_pushf(&a, "%s/", to);
	rc = gsp_rsync_run(&r, err);
	gsp_argv_release(&a);
	return rc;
}

static int
prove_tree(const struct gsp_history *h, const struct source *from, const char *copy,
    struct gsp_list *sums, struct gsp_diff *differs, struct gsp_err *err)
{
	struct gsp_argv a = GSP_ARGV_INIT;
	struct gsp_rsync r;
	int rc;

	gsp_history_rsync(h, &r, &a);
	gsp_rsync_dry(&a);
	source_args(&a, h, from);
	gsp_argv_pushf(&a, "%s/", copy);
	rc = gsp_rsync_prove(&r, sums, differs, err);
	gsp_argv_release(&a);
	return rc;
}

/* One try: 1 when the copy is proven, 0 when something changed meanwhile (err says what). */
static int
try_capture(const struct gsp_history *h, const struct source *from, const char *dir,
    bool by_checksum, struct gsp_list *sums, struct gsp_err *err)
{
	struct gsp_diff differs = GSP_DIFF_INIT;
	int rc = -1;

	gsp_list_release(sums);
	/* never on top of what is there: its files may be hard links into a generation */
	if (gsp_io_rmtree(dir, err) == -1 || gsp_history_mkdir(dir, err) == -1)
		return -1;
	gsp_history_step("copy");
	if (copy_tree(h, from, dir, by_checksum, err) == -1)
		goto out;
	gsp_history_step("prove");
	if (prove_tree(h, from, dir, sums, &differs, err) == -1)
		goto out;
	if (differs.n > 0)
		gsp_err_set(err, GSP_ETEMP, "'%s' in '%s' changes while it is copied",
		    differs.v[0].path, from->dir);
	rc = differs.n == 0;
out:
	gsp_diff_release(&differs);
	if (rc == -1 && err->detail == 24) {
		err->code = GSP_ETEMP;
		rc = 0;
	}
	return rc;
}

/* history/.capture becomes a proven copy; its list with the sums. On failure it is gone. */
static int
capture_tree(struct gsp_history *h, const struct source *from, struct gsp_list *sums,
    struct gsp_err *err)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	char dir[PATH_MAX];
	int rc = 0;

	if (gsp_history_path(h, dir, err, GSP_HISTORY_CAPTURE) == -1)
		return -1;
	/* after the first try sizes and times are not believed any more */
	for (int i = 0; rc == 0 && i < CAPTURE_TRIES; i++)
		rc = try_capture(h, from, dir, i > 0, sums, err);
	if (rc == 0)
		gsp_err_hint(err, "stop what writes there and try again");
	if (rc == 1) {
		gsp_err_clear(err);
		return 0;
	}
	gsp_io_rmtree(dir, &ignored);
	return -1;
}

int
gsp_history_capture(struct gsp_history *h, const struct gsp_gen_meta *meta, uint64_t *number,
    struct gsp_err *err)
{
	const struct source from = {h->files, false};
	struct gsp_list sums = GSP_LIST_INIT;
	struct gsp_err ignored = GSP_ERR_INIT;
	char dir[PATH_MAX];
	int rc = -1;

	if (capture_tree(h, &from, &sums, err) == 0) {
		rc = gsp_history_seal(h, GSP_HISTORY_CAPTURE, meta, &sums, 0, number, err);
		if (rc == 0)
			rc = gsp_history_set_base(h, *number, err);
		if (rc == -1 && gsp_history_path(h, dir, &ignored, GSP_HISTORY_CAPTURE) == 0)
			gsp_io_rmtree(dir, &ignored);
	}
	gsp_list_release(&sums);
	return rc;
}

int
gsp_history_stage(struct gsp_history *h, const char *dir, struct gsp_list *sums,
    struct gsp_err *err)
{
	const struct source from = {dir, true};
	struct gsp_list now = GSP_LIST_INIT;
	char staged[PATH_MAX];
	int rc = -1;

	if (gsp_history_path(h, staged, err, GSP_HISTORY_CAPTURE) == -1 ||
	    capture_tree(h, &from, sums, err) == -1)
		return -1;
	if (gsp_list_walk(&now, staged, NULL, NULL, NULL, err) == -1 ||
	    take_sums(&now, sums, staged, err) == -1)
		goto out;
	gsp_list_release(sums);
	*sums = now;
	now = (struct gsp_list)GSP_LIST_INIT;
	rc = 0;
out:
	gsp_list_release(&now);
	if (rc == -1)
		gsp_history_unstage(h);
	return rc;
}
