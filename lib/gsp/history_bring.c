/* Bringing files/ to a generation, so that it can be done again after a crash at any point. */
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
#include "gsp/history_priv.h"
#include "gsp/merge.h"
#include "sys/io.h"

#include "base/banned.h"

/* One bringing. Everything in it comes from NEXT and the generations' lists, nothing from
 * files/: a second try after a crash does the same. */
struct bring {
	struct gsp_history *h;
	uint64_t number, edit;
	const char **skip; /* exclude and, mostly, push: not ours to touch */
	struct gsp_list game, edited, from; /* from: what files/ was made from */
	struct gsp_merge merge;
	struct gsp_buf shields;
	bool by_checksum; /* sizes and times do not tell the two generations apart */
};

static void
bring_release(struct bring *b)
{
	free(b->skip);
	gsp_list_release(&b->game);
	gsp_list_release(&b->edited);
	gsp_list_release(&b->from);
	gsp_merge_release(&b->merge);
	gsp_buf_release(&b->shields);
}

static const char **
join_paths(const char *const *a, const char *const *b)
{
	const char *const *both[2] = {a, b};
	const char **out;
	size_t n = 0;

	for (int i = 0; i < 2; i++)
		for (const char *const *p = both[i]; p != NULL && *p != NULL; p++)
			n++;
	if ((out = calloc(n + 1, sizeof(*out))) == NULL)
		return NULL;
	n = 0;
	for (int i = 0; i < 2; i++)
		for (const char *const *p = both[i]; p != NULL && *p != NULL; p++)
			out[n++] = *p;
	return out;
}

/* Some games set a file's time back after writing it. Where two lists know the sums, they
 * tell. */
static bool
times_lie(const struct gsp_list *from, const struct gsp_list *to)
{
	for (size_t i = 0; i < to->n; i++) {
		const struct gsp_entry *a = &to->v[i];
		const struct gsp_entry *b = gsp_list_find(from, a->path);

		if (b != NULL && a->type == 'f' && b->type == 'f' && a->size == b->size &&
		    a->mtime_s == b->mtime_s && a->mtime_ns == b->mtime_ns &&
		    strcmp(a->sum, b->sum) != 0)
			return true;
	}
	return false;
}

/* Where the owner's edits and the game parted: the game's parent, if the edits descend from it
 * (a down that was cut off captures a second time, an edit of an edit), else the edit's own. */
static int
parting(struct gsp_history *h, uint64_t edit, uint64_t game, uint64_t *out,
    struct gsp_err *err)
{
	struct gsp_gen g, e;

	if (gsp_history_info(h, game, &g, err) == -1 || gsp_history_info(h, edit, &e, err) == -1)
		return -1;
	*out = e.parent;
	/* numbers fall from child to parent: this ends */
	while (e.parent != 0 && e.parent != g.parent && e.parent < e.number &&
	    gsp_history_has(h, e.parent))
		if (gsp_history_info(h, e.parent, &e, err) == -1)
			return -1;
	if (e.parent == g.parent)
		*out = g.parent;
	return 0;
}

static int
load_merge(struct bring *b, struct gsp_err *err)
{
	struct gsp_list base = GSP_LIST_INIT;
	uint64_t from;
	int rc = -1;

	if (parting(b->h, b->edit, b->number, &from, err) == -1 ||
	    gsp_history_list(b->h, b->edit, &b->edited, err) == -1)
		return -1;
	if (gsp_history_list_or_none(b->h, from, &base, err) == -1) {
		gsp_err_wrap(err, "the edit %" PRIu64 " was made from generation %" PRIu64, b->edit,
		    from);
		goto out;
	}
	if (gsp_merge_make(&b->merge, &base, &b->edited, &b->game, b->skip, err) == -1 ||
	    gsp_merge_shields(&b->merge, &b->edited, &b->game, &b->shields, err) == -1)
		goto out;
	rc = 0;
out:
	gsp_list_release(&base);
	return rc;
}

static int
bring_load(struct bring *b, struct gsp_history *h, const struct gsp_next *to,
    struct gsp_err *err)
{
	memset(b, 0, sizeof(*b));
	gsp_buf_init(&b->shields, (size_t)1 << 28);
	b->h = h;
	b->number = to->number;
	b->edit = to->edit;
	if ((b->skip = join_paths(h->exclude, to->push ? NULL : h->push)) == NULL)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	if (gsp_history_list(h, b->number, &b->game, err) == -1 ||
	    gsp_history_list_or_none(h, h->base, &b->from, err) == -1 ||
	    (b->edit != 0 && load_merge(b, err) == -1))
		return -1;
	b->by_checksum = times_lie(&b->from, &b->game);
	return 0;
}

static int
copy_over(struct bring *b, struct gsp_err *err)
{
	struct gsp_argv a = GSP_ARGV_INIT;
	struct gsp_rsync r;
	int rc;

	gsp_history_rsync(b->h, &r, &a);
	gsp_argv_push(&a, "--delete");
	/* delete only once all of the generation could be read */
	gsp_argv_push(&a, "--no-inc-recursive");
	/* the generation's directories are read-only; true modes come afterwards */
	gsp_argv_push(&a, "--chmod=Du+w");
	if (b->by_checksum)
		gsp_argv_push(&a, "--checksum");
	gsp_rsync_exclude(&a, b->skip);
	if (b->shields.len > 0) {
		gsp_argv_push(&a, "--from0");
		gsp_argv_push(&a, "--exclude-from=-");
		r.input = b->shields.data;
		r.input_len = b->shields.len;
	}
	gsp_argv_push(&a, "--");
	gsp_argv_pushf(&a, "%s/%06" PRIu64 "/", b->h->dir, b->number);
	gsp_argv_pushf(&a, "%s/", b->h->files);
	rc = gsp_rsync_run(&r, err);
	gsp_argv_release(&a);
	return rc;
}

/* The mode a directory shall have; GSP_MODE_UNKNOWN: not ours to set. */
static unsigned
wanted_mode(const struct bring *b, const struct gsp_entry *is)
{
	const struct gsp_entry *g = gsp_list_find(&b->game, is->path);
	const struct gsp_entry *e;

	if (is->type != 'd' || g == NULL || g->type != 'd' || gsp_path_under_any(is->path, b->skip))
		return GSP_MODE_UNKNOWN;
	if (gsp_diff_find(&b->merge.kept, is->path) != NULL &&
	    (e = gsp_list_find(&b->edited, is->path)) != NULL && e->type == 'd')
		return e->mode;
	return g->mode;
}

/* Only what a walk found to be a directory is changed: never through a symlink. */
static int
set_modes(const struct bring *b, struct gsp_list *is, struct gsp_err *err)
{
	int root = open(b->h->files, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;

	if (root == -1)
		return gsp_err_sys(err, GSP_EIO, errno, "cannot open '%s'", b->h->files);
	for (size_t i = is->n; rc == 0 && i-- > 0;) { /* children first */
		struct gsp_entry *e = &is->v[i];
		unsigned mode = wanted_mode(b, e);

		if (mode == GSP_MODE_UNKNOWN || mode == e->mode)
			continue;
		if (fchmodat(root, e->path, mode, 0) == -1)
			rc = gsp_err_sys(err, GSP_EIO, errno, "cannot set the mode of '%s/%s'",
			    b->h->files, e->path);
		e->mode = mode;
	}
	close(root);
	return rc;
}

/* A directory the generation lacks may stand when something that stays is in it. */
static bool
shelters(const struct bring *b, const char *dir)
{
	for (const char *const *p = b->skip; *p != NULL; p++)
		if (gsp_path_under(*p, dir))
			return true;
	for (size_t i = 0; i < b->merge.kept.n; i++)
		if (gsp_path_under(b->merge.kept.v[i].path, dir))
			return true;
	return false;
}

/* Is path one of those that stay, or below one that was put in the game's way? */
static bool
stays(const struct bring *b, const char *path)
{
	char above[GSP_LIST_PATH_MAX];
	size_t len = strlen(path);

	if (len >= sizeof(above))
		return false;
	memcpy(above, path, len + 1);
	for (char *slash = above + len; slash != NULL; slash = strrchr(above, '/')) {
		*slash = '\0';
		if (gsp_diff_find(&b->merge.kept, above) != NULL)
			return true;
	}
	return false;
}

/* files/ must now be the generation, but for what stays. */
static int
check_result(const struct bring *b, struct gsp_list *is, struct gsp_err *err)
{
	struct gsp_diff d = GSP_DIFF_INIT;
	int rc = -1;

	gsp_list_drop(is, b->skip);
	if (gsp_list_diff(&d, &b->game, is, err) == -1)
		goto out;
	for (size_t i = 0; i < d.n; i++) {
		const char *path = d.v[i].path;
		const struct gsp_entry *e = gsp_list_find(is, path);

		if (gsp_path_under_any(path, b->skip) || stays(b, path) ||
		    (d.v[i].change == GSP_ADDED && e->type == 'd' && shelters(b, path)))
			continue;
		gsp_err_set(err, GSP_ETEMP,
		    "'%s' in '%s' is not as in generation %" PRIu64
		    "; something writes there: stop it and run the same again",
		    path, b->h->files, b->number);
		goto out;
	}
	rc = 0;
out:
	gsp_diff_release(&d);
	return rc;
}

static int
finish_modes(struct bring *b, struct gsp_err *err)
{
	struct gsp_list is = GSP_LIST_INIT;
	int rc = 0;

	if (gsp_list_walk(&is, b->h->files, b->h->exclude, NULL, NULL, err) == -1 ||
	    set_modes(b, &is, err) == -1 || check_result(b, &is, err) == -1)
		rc = -1;
	gsp_list_release(&is);
	return rc;
}

/* With NEXT on disk: everything up to its removal. */
static int
carry_out(struct bring *b, struct gsp_err *err)
{
	struct stat st;

	if (stat(b->h->files, &st) == -1)
		return gsp_err_sys(err, GSP_EIO, errno, "cannot look at '%s'", b->h->files);
	gsp_history_step("bring");
	if (copy_over(b, err) == -1)
		return -1;
	gsp_history_step("modes");
	/* the mode of files/ itself is the owner's affair and in no list */
	if (chmod(b->h->files, st.st_mode & 07777) == -1)
		return gsp_err_sys(err, GSP_EIO, errno, "cannot set the mode of '%s'", b->h->files);
	if (finish_modes(b, err) == -1)
		return -1;
	gsp_history_step("files-sync");
	if (gsp_io_syncfs(b->h->files, err) == -1 ||
	    gsp_history_set_base(b->h, b->number, err) == -1)
		return -1;
	return gsp_history_next_gone(b->h, err);
}

/* ".region.mca.Xy12Zz": under that name rsync was writing "region.mca" when it was cut off. */
static bool
is_temporary(const struct bring *b, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
	size_t dir = (size_t)(name - path), len = strlen(name);
	char meant[GSP_LIST_PATH_MAX];

	if (len < 9 || name[0] != '.' || name[len - 7] != '.' || dir + len >= sizeof(meant))
		return false;
	memcpy(meant, path, dir);
	memcpy(meant + dir, name + 1, len - 8);
	meant[dir + len - 8] = '\0';
	return gsp_list_find(&b->game, meant) != NULL;
}

/* Does any list know this file as it is? Then it is in a generation. */
static bool
is_known(const struct bring *b, const struct gsp_entry *e)
{
	const struct gsp_list *lists[3] = {&b->game, &b->from, &b->edited};

	for (int i = 0; i < 3; i++) {
		const struct gsp_entry *l = gsp_list_find(lists[i], e->path);

		if (l != NULL && gsp_entry_same(l, e))
			return true;
	}
	return stays(b, e->path) || is_temporary(b, e->path);
}

static int
copy_aside(struct bring *b, const struct gsp_buf *paths, struct gsp_err *err)
{
	char dir[PATH_MAX], when[GSP_CLOCK_TEXT];
	struct gsp_argv a = GSP_ARGV_INIT;
	struct gsp_rsync r;
	int rc;

	gsp_clock_format(when, sizeof(when), gsp_wall_s());
	if (gsp_history_path(b->h, dir, err, ".rescued-%s", when) == -1)
		return -1;
	gsp_history_rsync(b->h, &r, &a);
	gsp_argv_push(&a, "--from0");
	gsp_argv_push(&a, "--files-from=-");
	gsp_argv_push(&a, "--");
	gsp_argv_pushf(&a, "%s/", b->h->files);
	gsp_argv_pushf(&a, "%s/", dir);
	r.input = paths->data;
	r.input_len = paths->len;
	rc = gsp_rsync_run(&r, err);
	gsp_argv_release(&a);
	if (rc == -1 || gsp_io_syncfs(b->h->dir, err) == -1)
		return gsp_err_wrap(err, "cannot keep what was edited in '%s'", b->h->files);
	free(b->h->rescued);
	b->h->rescued = strdup(dir);
	return 0;
}

/* Somebody may have edited files/ after the crash. What no generation holds is copied aside
 * before the second try overwrites it. */
static int
rescue(struct bring *b, struct gsp_err *err)
{
	struct gsp_buf paths = GSP_BUF_INIT((size_t)1 << 28);
	struct gsp_list is = GSP_LIST_INIT;
	int rc = -1;

	gsp_history_step("rescue");
	if (gsp_list_walk(&is, b->h->files, b->skip, NULL, NULL, err) == -1)
		goto out;
	for (size_t i = 0; i < is.n; i++)
		if (is.v[i].type != 'd' && !is_known(b, &is.v[i]))
			gsp_buf_add(&paths, is.v[i].path, strlen(is.v[i].path) + 1);
	if (!gsp_buf_ok(&paths))
		gsp_err_set(err, GSP_ELIMIT, "too many edited paths in '%s'", b->h->files);
	else
		rc = paths.len > 0 ? copy_aside(b, &paths, err) : 0;
out:
	gsp_list_release(&is);
	gsp_buf_release(&paths);
	return rc;
}

/* Nothing may be overwritten that is in no generation. */
static int
refuse_edits(struct gsp_history *h, struct gsp_err *err)
{
	struct gsp_diff d = GSP_DIFF_INIT;
	int rc = gsp_history_edited(h, &d, err);

	if (rc == 0 && d.n > 0)
		rc = gsp_err_set(err, GSP_EREFUSED,
		    "'%s' in '%s' was edited and is in no generation yet (%zu such); run the same "
		    "again to keep it",
		    d.v[0].path, h->files, d.n);
	gsp_diff_release(&d);
	return rc;
}

/* What stays in files/ must have a place in the generation: a directory with something that
 * stays cannot become a file, and half-way is too late to find out. */
static int
refuse_blocked(const struct gsp_history *h, const struct gsp_list *list, const char **skip,
    struct gsp_err *err)
{
	char path[PATH_MAX];

	for (const char **p = skip; *p != NULL; p++)
		for (const char *slash = strchr(*p, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
			const struct gsp_entry *e;

			(void)snprintf(path, sizeof(path), "%.*s", (int)(slash - *p), *p);
			if ((e = gsp_list_find(list, path)) == NULL || e->type == 'd')
				continue;
			if (snprintf(path, sizeof(path), "%s/%s", h->files, *p) >= (int)sizeof(path) ||
			    !gsp_io_exists(path))
				continue;
			return gsp_err_set(err, GSP_EREFUSED, "'%s' is no directory in that generation, but "
			    "'%s' is excluded or a push path and stays in files/; move that away first",
			    e->path, path);
		}
	return 0;
}

int
gsp_history_bring(struct gsp_history *h, uint64_t number, uint64_t edit, struct gsp_err *err)
{
	const struct gsp_next to = {.number = number, .edit = edit};
	struct bring b;
	int rc = -1;

	/* everything that can be refused is refused before NEXT commits us */
	if (bring_load(&b, h, &to, err) == -1 || refuse_blocked(h, &b.game, b.skip, err) == -1 ||
	    refuse_edits(h, err) == -1)
		goto out;
	if (gsp_history_next_write(h, &to, err) == -1)
		goto out;
	rc = carry_out(&b, err);
out:
	bring_release(&b);
	return rc;
}

int
gsp_history_bring_again(struct gsp_history *h, const struct gsp_next *to, struct gsp_err *err)
{
	struct bring b;
	int rc = -1;

	if (bring_load(&b, h, to, err) == 0 && rescue(&b, err) == 0)
		rc = carry_out(&b, err);
	bring_release(&b);
	return rc;
}

int
gsp_history_become(struct gsp_history *h, const struct gsp_gen_meta *meta,
    struct gsp_list *list, uint64_t push_from, bool push, uint64_t *number,
    struct gsp_err *err)
{
	const struct gsp_next to = {.number = h->highest + 1, .push = push, .coming = true};
	const char **skip = join_paths(h->exclude, push ? NULL : h->push);
	struct gsp_err ignored = GSP_ERR_INIT;
	struct bring b;
	int rc = -1;

	if (skip == NULL)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	if (refuse_blocked(h, list, skip, err) == -1 || refuse_edits(h, err) == -1) {
		free(skip);
		gsp_history_unstage(h);
		return -1;
	}
	free(skip);
	/* NEXT before the generation: from the moment that exists, whoever comes next finishes */
	if (gsp_history_next_write(h, &to, err) == -1 ||
	    gsp_history_seal(h, GSP_HISTORY_CAPTURE, meta, list, push_from, number, err) == -1) {
		if (!gsp_history_has(h, to.number) && gsp_history_next_gone(h, &ignored) == 0)
			gsp_history_unstage(h);
		return -1;
	}
	assert(*number == to.number);
	if (bring_load(&b, h, &to, err) == 0)
		rc = carry_out(&b, err);
	bring_release(&b);
	return rc;
}

int
gsp_history_conflicts(struct gsp_history *h, uint64_t base, uint64_t edit, uint64_t game,
    struct gsp_diff *out, struct gsp_err *err)
{
	struct gsp_list lists[3] = {GSP_LIST_INIT, GSP_LIST_INIT, GSP_LIST_INIT};
	const uint64_t numbers[3] = {base, edit, game};
	struct gsp_merge m = GSP_MERGE_INIT;
	const char **skip = join_paths(h->exclude, h->push);
	int rc = -1;

	if (skip == NULL) {
		gsp_err_set(err, GSP_ESYS, "out of memory");
		goto out;
	}
	for (int i = 0; i < 3; i++)
		if (gsp_history_list_or_none(h, numbers[i], &lists[i], err) == -1)
			goto out;
	if (gsp_merge_make(&m, &lists[0], &lists[1], &lists[2], skip, err) == -1)
		goto out;
	gsp_diff_release(out);
	*out = m.both;
	m.both = (struct gsp_diff)GSP_DIFF_INIT;
	rc = 0;
out:
	free(skip);
	gsp_merge_release(&m);
	for (int i = 0; i < 3; i++)
		gsp_list_release(&lists[i]);
	return rc;
}
