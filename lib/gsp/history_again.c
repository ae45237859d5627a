/* A generation read again: is it what it was; made once more; and removed. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gsp/history_priv.h"
#include "sys/io.h"

#include "base/banned.h"

/* The checksum of every file, by a dry run of rsync to a place that is not there. */
static int
read_sums(const struct gsp_history *h, uint64_t n, struct gsp_list *sums, struct gsp_err *err)
{
	struct gsp_diff all_new = GSP_DIFF_INIT;
	struct gsp_argv a = GSP_ARGV_INIT;
	struct gsp_rsync r;
	int rc;

	gsp_history_rsync(h, &r, &a);
	gsp_rsync_dry(&a);
	gsp_argv_push(&a, "--");
	gsp_argv_pushf(&a, "%s/%06" PRIu64 "/", h->dir, n);
	gsp_argv_pushf(&a, "%s/.nowhere/", h->dir);
	rc = gsp_rsync_prove(&r, sums, &all_new, err);
	gsp_argv_release(&a);
	gsp_diff_release(&all_new);
	return rc == 0 ? 0 : gsp_err_wrap(err, "generation %" PRIu64, n);
}

/* What is there now; the true modes of directories are only in the list. */
static int
look(const struct gsp_history *h, uint64_t n, const struct gsp_list *was,
    const struct gsp_list *sums, struct gsp_list *is, struct gsp_err *err)
{
	char dir[PATH_MAX];

	if (gsp_history_path(h, dir, err, "%06" PRIu64, n) == -1 ||
	    gsp_list_walk(is, dir, NULL, NULL, NULL, err) == -1)
		return -1;
	for (size_t i = 0; i < is->n; i++) {
		struct gsp_entry *e = &is->v[i];
		const struct gsp_entry *w = gsp_list_find(was, e->path);
		const struct gsp_entry *s = gsp_list_find(sums, e->path);

		if (e->type == 'd')
			e->mode = w != NULL && w->type == 'd' ? w->mode : e->mode | 0700;
		else if (e->type == 'f' && (s == NULL || s->sum[0] == '\0' || s->size != e->size))
			return gsp_err_set(err, GSP_ETEMP, "'%s' in '%s' changes while it is read",
			    e->path, dir);
		else if (e->type == 'f')
			memcpy(e->sum, s->sum, sizeof(e->sum));
	}
	return 0;
}

int
gsp_history_check(struct gsp_history *h, uint64_t n, struct gsp_list *is,
    struct gsp_diff *damage, struct gsp_err *err)
{
	struct gsp_list was = GSP_LIST_INIT, sums = GSP_LIST_INIT;
	int rc = -1;

	if (gsp_history_list(h, n, &was, err) == -1 || read_sums(h, n, &sums, err) == -1 ||
	    look(h, n, &was, &sums, is, err) == -1)
		goto out;
	rc = gsp_list_diff(damage, &was, is, err);
out:
	gsp_list_release(&was);
	gsp_list_release(&sums);
	return rc;
}

static int
link_tree(const struct gsp_history *h, uint64_t n, const char *to, struct gsp_err *err)
{
	struct gsp_argv a = GSP_ARGV_INIT;
	struct gsp_rsync r;
	int rc;

	gsp_history_rsync(h, &r, &a);
	gsp_argv_push(&a, "--no-inc-recursive");
	gsp_argv_push(&a, "--chmod=Du+rwx");
	gsp_argv_pushf(&a, "--link-dest=%s/%06" PRIu64, h->dir, n);
	gsp_rsync_exclude(&a, h->exclude);
	gsp_rsync_exclude(&a, h->push);
	gsp_argv_push(&a, "--");
	gsp_argv_pushf(&a, "%s/%06" PRIu64 "/", h->dir, n);
	gsp_argv_pushf(&a, "%s/", to);
	rc = gsp_rsync_run(&r, err);
	gsp_argv_release(&a);
	return rc;
}

/* Children first: a parent may lose the bits that lead to them. */
static int
true_modes(const char *dir, const struct gsp_list *list, struct gsp_err *err)
{
	int root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;

	if (root == -1)
		return gsp_err_sys(err, GSP_EIO, errno, "cannot open '%s'", dir);
	for (size_t i = list->n; rc == 0 && i-- > 0;)
		if (list->v[i].type == 'd' &&
		    fchmodat(root, list->v[i].path, list->v[i].mode, 0) == -1)
			rc = gsp_err_sys(err, GSP_EIO, errno, "cannot set the mode of '%s/%s'", dir,
			    list->v[i].path);
	close(root);
	return rc;
}

int
gsp_history_stage_again(struct gsp_history *h, uint64_t n, const struct gsp_list *is,
    struct gsp_list *list, struct gsp_err *err)
{
	char dir[PATH_MAX];

	for (size_t i = 0; i < is->n; i++)
		if (gsp_list_add(list, &is->v[i], err) == -1)
			return -1;
	gsp_list_drop(list, h->exclude);
	gsp_list_drop(list, h->push);
	if (gsp_history_path(h, dir, err, GSP_HISTORY_CAPTURE) == -1 ||
	    gsp_io_rmtree(dir, err) == -1 || gsp_history_mkdir(dir, err) == -1)
		return -1;
	gsp_history_step("link");
	if (link_tree(h, n, dir, err) == -1 || true_modes(dir, list, err) == -1) {
		gsp_history_unstage(h);
		return -1;
	}
	return 0;
}

void
gsp_history_unstage(struct gsp_history *h)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	char dir[PATH_MAX];

	if (gsp_history_path(h, dir, &ignored, GSP_HISTORY_CAPTURE) == 0)
		gsp_io_rmtree(dir, &ignored); /* else the next settle does it */
}

int
gsp_history_remove(struct gsp_history *h, uint64_t n, struct gsp_err *err)
{
	char dir[PATH_MAX], gsp[PATH_MAX], gone[PATH_MAX];

	if (gsp_history_need(h, n, err) == -1 ||
	    gsp_history_path(h, dir, err, "%06" PRIu64, n) == -1 ||
	    gsp_history_path(h, gsp, err, "%06" PRIu64 ".gsp", n) == -1 ||
	    gsp_history_path(h, gone, err, GSP_HISTORY_REMOVING "%06" PRIu64, n) == -1)
		return -1;
	/* what an earlier try could not remove */
	if (gsp_io_rmtree(gone, err) == -1)
		return -1;
	gsp_history_step("remove");
	/* no directory of that name, no generation; on disk before anything of it goes */
	if (gsp_io_rename(dir, gone, err) == -1)
		return -1;
	gsp_history_step("removing");
	if (gsp_io_unlink(gsp, err) == -1)
		return -1;
	gsp_history_step("undescribed");
	if (gsp_io_rmtree(gone, err) == -1)
		return -1;
	gsp_history_step("removed");
	if (n == h->newest || n == h->base)
		return gsp_history_scan(h, err);
	for (size_t i = 0; i < h->n; i++)
		if (h->numbers[i] == n) {
			memmove(h->numbers + i, h->numbers + i + 1, (h->n - i - 1) * sizeof(*h->numbers));
			h->n--;
			break;
		}
	return 0;
}
