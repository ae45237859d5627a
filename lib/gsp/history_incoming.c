/* The room a download is made in, and what broken tries leave of it. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "gsp/history_priv.h"
#include "sys/io.h"

#include "base/banned.h"

/* Session ids become file names here. */
static int
check_session(const char *session, struct gsp_err *err)
{
	size_t len = strspn(session, "abcdefghijklmnopqrstuvwxyz0123456789-");

	if (len > 0 && len <= 32 && session[len] == '\0')
		return 0;
	return gsp_err_set(err, GSP_EREFUSED, "'%s' is no session's id", session);
}

/* A real directory we may write into at fd/path. Never through a symlink: what is in a
 * left-over was made by a stranger's game. */
static int
make_room(int fd, const char *path)
{
	struct stat st;

	if (fstatat(fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (S_ISDIR(st.st_mode))
			return fchmodat(fd, path, 0700, 0);
		if (unlinkat(fd, path, 0) == -1)
			return -1;
	}
	return mkdirat(fd, path, 0700);
}

/* Move every file of one left-over into another. What cannot be moved is lost with it: both
 * are only there to save sending something again. */
static int
merge_left_over(const char *from, const char *to, struct gsp_err *err)
{
	struct gsp_list list = GSP_LIST_INIT;
	int fd[2] = {-1, -1}, rc = -1;

	if ((fd[0] = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1 ||
	    (fd[1] = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1) {
		gsp_err_sys(err, GSP_EIO, errno, "cannot open '%s'", fd[0] == -1 ? from : to);
		goto out;
	}
	if (gsp_list_walk(&list, from, NULL, NULL, NULL, err) == -1)
		goto out;
	for (size_t i = 0; i < list.n; i++) {
		const struct gsp_entry *e = &list.v[i];

		if (e->type == 'd') {
			if (fchmodat(fd[0], e->path, 0700, 0) == -1 || make_room(fd[1], e->path) == -1) {
				gsp_err_sys(err, GSP_EIO, errno, "cannot make '%s/%s'", to, e->path);
				goto out;
			}
		} else if (renameat(fd[0], e->path, fd[1], e->path) == -1) {
			gsp_debug("'%s/%s' is not kept: %s", from, e->path, strerror(errno));
		}
	}
	rc = 0;
out:
	for (int i = 0; i < 2; i++)
		if (fd[i] != -1)
			close(fd[i]);
	gsp_list_release(&list);
	return rc;
}

/* A left-over is never continued in place: its files may be hard links into a generation, and
 * rsync would change their times and modes there too. */
static int
set_aside(const char *dir, const char *aside, struct gsp_err *err)
{
	struct gsp_err ignored = GSP_ERR_INIT;

	gsp_history_step("aside");
	if (!gsp_io_exists(aside))
		return gsp_io_rename(dir, aside, err);
	if (merge_left_over(dir, aside, &ignored) == -1)
		gsp_debug("left-over not kept: %s", ignored.msg);
	gsp_history_step("merged");
	return gsp_io_rmtree(dir, err);
}

int
gsp_history_incoming(struct gsp_history *h, const char *session, struct gsp_buf *dir,
    struct gsp_buf *link_dest_1, struct gsp_buf *link_dest_2, struct gsp_err *err)
{
	char path[PATH_MAX], aside[PATH_MAX];

	if (check_session(session, err) == -1 ||
	    gsp_history_path(h, path, err, ".incoming-%s", session) == -1 ||
	    gsp_history_path(h, aside, err, ".broken-%s", session) == -1)
		return -1;
	if (gsp_io_exists(path) && set_aside(path, aside, err) == -1)
		return -1;
	gsp_history_step("incoming");
	if (gsp_history_mkdir(path, err) == -1)
		return -1;
	gsp_buf_adds(dir, path);
	if (h->newest != 0 && gsp_history_gen_dir(h, h->newest, link_dest_1, err) == -1)
		return -1;
	if (gsp_io_is_dir(aside))
		gsp_buf_adds(link_dest_2, aside);
	if (!gsp_buf_ok(dir) || !gsp_buf_ok(link_dest_1) || !gsp_buf_ok(link_dest_2))
		return gsp_err_set(err, GSP_ELIMIT, "path too long in '%s'", h->dir);
	return 0;
}

/* Remove one file of a download. Its directory may be read-only, as it is on the machine; rsync
 * gives it its mode again. */
static int
drop_file(int root, const char *path)
{
	char parent[GSP_LIST_PATH_MAX];
	const char *slash = strrchr(path, '/');
	size_t len = slash != NULL ? (size_t)(slash - path) : 0;

	if (unlinkat(root, path, 0) == 0 || errno == ENOENT || errno == EISDIR)
		return 0; /* directories are never shared: rsync may change them in place */
	if (errno != EACCES || slash == NULL || len >= sizeof(parent))
		return -1;
	memcpy(parent, path, len);
	parent[len] = '\0';
	if (fchmodat(root, parent, 0700, 0) == -1)
		return -1;
	return unlinkat(root, path, 0) == 0 || errno == EISDIR ? 0 : -1;
}

int
gsp_history_unproven(struct gsp_history *h, const char *session, const struct gsp_diff *differs,
    struct gsp_err *err)
{
	char dir[PATH_MAX];
	int root, rc = 0;

	if (check_session(session, err) == -1 ||
	    gsp_history_path(h, dir, err, ".incoming-%s", session) == -1)
		return -1;
	if ((root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return gsp_err_sys(err, GSP_EIO, errno, "cannot open '%s'", dir);
	for (size_t i = 0; rc == 0 && i < differs->n; i++)
		if (differs->v[i].change == GSP_CHANGED && drop_file(root, differs->v[i].path) == -1)
			rc = gsp_err_sys(err, GSP_EIO, errno, "cannot remove '%s/%s'", dir,
			    differs->v[i].path);
	close(root);
	return rc;
}

int
gsp_history_sum_incoming(struct gsp_history *h, const char *session, struct gsp_list *sums,
    struct gsp_err *err)
{
	struct gsp_argv a = GSP_ARGV_INIT;
	struct gsp_diff all = GSP_DIFF_INIT;
	struct gsp_rsync r;
	int rc = -1;

	if (check_session(session, err) == -1)
		return -1;
	gsp_history_rsync(h, &r, &a);
	gsp_rsync_dry(&a);
	gsp_argv_push(&a, "--");
	gsp_argv_pushf(&a, "%s/.incoming-%s/", h->dir, session);
	gsp_argv_pushf(&a, "%s/.nothing/", h->dir); /* a dry run: it is never made */
	gsp_list_release(sums);
	rc = gsp_rsync_prove(&r, sums, &all, err);
	gsp_diff_release(&all);
	gsp_argv_release(&a);
	return rc;
}

int
gsp_history_commit(struct gsp_history *h, const char *session, const struct gsp_gen_meta *meta,
    struct gsp_list *list, uint64_t push_from, uint64_t *number, struct gsp_err *err)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	char name[64], aside[PATH_MAX];

	if (check_session(session, err) == -1 ||
	    gsp_history_path(h, aside, err, ".broken-%s", session) == -1)
		return -1;
	(void)snprintf(name, sizeof(name), ".incoming-%s", session);
	if (gsp_history_seal(h, name, meta, list, push_from, number, err) == -1)
		return -1;
	gsp_history_step("left-over");
	if (gsp_io_rmtree(aside, &ignored) == -1) /* the save is home: this is only untidy */
		gsp_debug("left-over stays: %s", ignored.msg);
	return 0;
}
