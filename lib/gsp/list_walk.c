#include "gsp/list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

struct walk {
	struct gsp_list *out;
	const char *dir; /* for messages */
	const char *const *exclude;
	gsp_list_odd *odd;
	gsp_list_odd *fail; /* NULL: what cannot be read ends the walk */
	void *odd_ctx;
	int root;  /* descriptor of dir */
	char path[GSP_LIST_PATH_MAX]; /* of the entry in hand */
};

static void
tell_odd(const struct walk *w, const char *what)
{
	if (w->odd != NULL)
		w->odd(w->odd_ctx, w->path, what);
}

/* One path cannot be looked at. */
static int
cannot(const struct walk *w, const char *what, const char *path, int why, struct gsp_err *err)
{
	if (w->fail == NULL)
		return gsp_err_sys(err, GSP_EIO, why, "cannot %s '%s/%s'", what, w->dir, path);
	w->fail(w->odd_ctx, *path != '\0' ? path : ".", strerror(why));
	return 0;
}

static void
tell_bits(const struct walk *w, const struct stat *st)
{
	if (S_ISLNK(st->st_mode))
		return;
	if (st->st_mode & S_ISUID)
		tell_odd(w, "setuid");
	if (st->st_mode & S_ISGID)
		tell_odd(w, "setgid");
	if (st->st_mode & S_ISVTX)
		tell_odd(w, "sticky");
}

/* The target of a symlink, on the heap. NULL with errno 0: it vanished or is none any more. */
static int
read_target(const struct walk *w, int dirfd, const char *name, char **target,
    struct gsp_err *err)
{
	char text[GSP_LIST_PATH_MAX + 1];
	ssize_t n = readlinkat(dirfd, name, text, sizeof(text));

	*target = NULL;
	if (n == -1) {
		if (errno == ENOENT || errno == EINVAL)
			return 0;
		return cannot(w, "read the symlink", w->path, errno, err);
	}
	if ((size_t)n >= sizeof(text))
		return gsp_err_set(err, GSP_ELIMIT, "the target of the symlink '%s/%s' is too long",
		    w->dir, w->path);
	text[n] = '\0';
	if ((*target = strdup(text)) == NULL)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	return 0;
}

static int
add_entry(struct walk *w, int dirfd, const char *name, struct gsp_err *err)
{
	struct gsp_entry e;
	struct stat st;
	int rc;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == -1) {
		if (errno == ENOENT)
			return 0; /* gone since the directory was read */
		return cannot(w, "look at", w->path, errno, err);
	}
	memset(&e, 0, sizeof(e));
	e.path = w->path;
	e.mode = st.st_mode & 0777;
	e.mtime_s = st.st_mtim.tv_sec;
	e.mtime_ns = st.st_mtim.tv_nsec;
	if (S_ISREG(st.st_mode)) {
		e.type = 'f';
		e.size = (uint64_t)st.st_size;
		if (st.st_blocks < st.st_size / 512)
			tell_odd(w, "holes");
	} else if (S_ISDIR(st.st_mode)) {
		e.type = 'd';
	} else if (S_ISLNK(st.st_mode)) {
		e.type = 'l';
		if (read_target(w, dirfd, name, &e.target, err) == -1)
			return -1;
		if (e.target == NULL)
			return 0;
	} else {
		tell_odd(w, S_ISSOCK(st.st_mode) ? "socket"
			: S_ISFIFO(st.st_mode) ? "fifo"
					       : "device");
		return 0;
	}
	tell_bits(w, &st);
	rc = gsp_list_add(w->out, &e, err);
	free(e.target);
	return rc;
}

/* Put "top/name" into w->path; top "" is the root. */
static int
join(struct walk *w, const char *top, const char *name, struct gsp_err *err)
{
	size_t tlen = strlen(top), nlen = strlen(name);

	if (tlen + 1 + nlen >= sizeof(w->path))
		return gsp_err_set(err, GSP_ELIMIT, "path too long: '%s/%s' in '%s'", top, name,
		    w->dir);
	memcpy(w->path, top, tlen);
	if (tlen > 0)
		w->path[tlen++] = '/';
	memcpy(w->path + tlen, name, nlen + 1);
	return 0;
}

/* Add what is directly in one directory; top is its path below the root, "" the root. */
static int
walk_one(struct walk *w, const char *top, struct gsp_err *err)
{
	struct dirent *e;
	DIR *d = NULL;
	int fd, rc = -1;

	fd = openat(w->root, *top != '\0' ? top : ".",
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 || (d = fdopendir(fd)) == NULL) {
		int why = errno;

		if (fd != -1)
			close(fd);
		if (why == ENOENT)
			return 0;
		return cannot(w, "read the directory", top, why, err);
	}
	for (;;) {
		errno = 0;
		if ((e = readdir(d)) == NULL)
			break;
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (join(w, top, e->d_name, err) == -1)
			goto out;
		if (gsp_path_under_any(w->path, w->exclude))
			continue;
		if (add_entry(w, dirfd(d), e->d_name, err) == -1)
			goto out;
	}
	rc = errno == 0 ? 0 : cannot(w, "read the directory", top, errno, err);
out:
	closedir(d);
	return rc;
}

static int
walk(struct walk *w, struct gsp_list *out, struct gsp_err *err)
{
	struct gsp_list found = GSP_LIST_INIT;
	int rc;

	w->out = &found; /* cppcheck-suppress autoVariables; until we return */
	w->root = open(w->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (w->root == -1) {
		gsp_list_release(out);
		if (errno == ENOENT)
			return 0;
		if (w->fail != NULL)
			return cannot(w, "", "", errno, err);
		return gsp_err_sys(err, GSP_EIO, errno, "cannot read the directory '%s'", w->dir);
	}
	rc = walk_one(w, "", err);
	/* the list itself is the queue of directories: no recursion, one descriptor at a time */
	for (size_t i = 0; rc == 0 && i < found.n; i++)
		if (found.v[i].type == 'd')
			rc = walk_one(w, found.v[i].path, err);
	close(w->root);
	if (rc == -1) {
		gsp_list_release(&found);
		return -1;
	}
	gsp_list_sort(&found);
	gsp_list_release(out);
	*out = found;
	return 0;
}

int
gsp_list_walk(struct gsp_list *out, const char *dir, const char *const *exclude,
    gsp_list_odd *odd, void *odd_ctx, struct gsp_err *err)
{
	struct walk w = {NULL, dir, exclude, odd, NULL, odd_ctx, -1, ""};

	return walk(&w, out, err);
}

int
gsp_list_look(struct gsp_list *out, const char *dir, gsp_list_odd *odd, gsp_list_odd *fail,
    void *ctx, struct gsp_err *err)
{
	struct walk w = {NULL, dir, NULL, odd, fail, ctx, -1, ""};

	return walk(&w, out, err);
}
