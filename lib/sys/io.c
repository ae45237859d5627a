#include "sys/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/rand.h"

#include "base/banned.h"

int
gsp_io_read_all(struct gsp_buf *out, int fd, const char *what, struct gsp_err *err)
{
	char block[65536];
	ssize_t n;

	for (;;) {
		n = read(fd, block, sizeof(block));
		if (n == 0)
			return 0;
		if (n < 0) {
			if (errno == EINTR)
				continue;
			return gsp_err_sys(err, GSP_EIO, errno, "cannot read '%s'", what);
		}
		gsp_buf_add(out, block, (size_t)n);
		if (!gsp_buf_ok(out))
			return gsp_err_set(err, GSP_ELIMIT, "'%s' is larger than %zu bytes", what,
			    out->max);
	}
}

int
gsp_io_read_file(struct gsp_buf *out, const char *path, struct gsp_err *err)
{
	int fd, rc;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd == -1)
		return gsp_err_sys(err, errno == ENOENT ? GSP_ENOTFOUND : GSP_EIO, errno,
		    "cannot open '%s'", path);
	rc = gsp_io_read_all(out, fd, path, err);
	close(fd);
	return rc;
}

int
gsp_io_write_all(int fd, const void *data, size_t len, const char *what, struct gsp_err *err)
{
	const char *p = data;
	ssize_t n;

	while (len > 0) {
		n = write(fd, p, len);
		if (n < 0) {
			if (errno == EINTR)
				continue;
			return gsp_err_sys(err, GSP_EIO, errno, "cannot write '%s'", what);
		}
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* The directory of path: "a/b" -> "a", "b" -> ".", "/b" -> "/". */
static int
parent_of(char *out, size_t size, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash == NULL ? 0 : (size_t)(slash - path);

	if (slash == NULL)
		return snprintf(out, size, ".") < 0 ? -1 : 0;
	if (len == 0)
		len = 1;
	if (len >= size)
		return -1;
	memcpy(out, path, len);
	out[len] = '\0';
	return 0;
}

static int
fsync_of(const char *path, int flags, struct gsp_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | flags);

	if (fd == -1)
		return gsp_err_sys(err, GSP_EIO, errno, "cannot open '%s'", path);
	if (fsync(fd) == -1) {
		gsp_err_sys(err, GSP_EIO, errno, "cannot sync '%s'", path);
		close(fd);
		return -1;
	}
	close(fd);
	return 0;
}

int
gsp_io_fsync_dir(const char *path, struct gsp_err *err)
{
	return fsync_of(path, O_DIRECTORY, err);
}

int
gsp_io_fsync_file(const char *path, struct gsp_err *err)
{
	return fsync_of(path, O_NOFOLLOW, err);
}

static int
fsync_parent(const char *path, struct gsp_err *err)
{
	char dir[PATH_MAX];

	if (parent_of(dir, sizeof(dir), path) == -1)
		return gsp_err_set(err, GSP_ELIMIT, "path too long: '%s'", path);
	return gsp_io_fsync_dir(dir, err);
}

int
gsp_io_syncfs(const char *path, struct gsp_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd == -1)
		return gsp_err_sys(err, GSP_EIO, errno, "cannot open '%s'", path);
	if (syncfs(fd) == -1) {
		gsp_err_sys(err, GSP_EIO, errno, "cannot write '%s' to disk", path);
		close(fd);
		return -1;
	}
	close(fd);
	return 0;
}

static int
write_and_sync(int fd, const void *data, size_t len, bool sync, const char *path, struct gsp_err *err)
{
	if (gsp_io_write_all(fd, data, len, path, err) == -1)
		return -1;
	if (sync && fsync(fd) == -1)
		return gsp_err_sys(err, GSP_EIO, errno, "cannot sync '%s'", path);
	return 0;
}

/* A new file beside ${path}, locked: gsp_io_sweep() takes it for what it is, one that is being
 * written. One that was swept before it was locked is made again. */
static int
create_beside(char tmp[PATH_MAX], const char *path, mode_t mode, struct gsp_err *err)
{
	for (;;) {
		struct stat st;
		char id[9];
		int fd;

		gsp_rand_id(id, 8);
		if (snprintf(tmp, PATH_MAX, "%s.new-%s", path, id) >= PATH_MAX)
			return gsp_err_set(err, GSP_ELIMIT, "path too long: '%s'", path);
		fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
		if (fd == -1)
			return gsp_err_sys(err, GSP_EIO, errno, "cannot create '%s'", tmp);
		while (flock(fd, LOCK_EX) == -1 && errno == EINTR)
			;
		if (fstat(fd, &st) == -1 || st.st_nlink > 0)
			return fd;
		close(fd);
	}
}

static int
replace(const char *path, const void *data, size_t len, mode_t mode, bool sync, struct gsp_err *err)
{
	char tmp[PATH_MAX];
	int fd = create_beside(tmp, path, mode, err), lock, rc;

	if (fd == -1)
		return -1;
	lock = fcntl(fd, F_DUPFD_CLOEXEC, 0); /* held until it has its name */
	rc = lock == -1 ? gsp_err_sys(err, GSP_EIO, errno, "cannot write '%s'", path)
	                : write_and_sync(fd, data, len, sync, path, err);
	if (close(fd) == -1 && rc == 0)
		rc = gsp_err_sys(err, GSP_EIO, errno, "cannot write '%s'", path);
	if (rc == 0 && rename(tmp, path) == -1)
		rc = gsp_err_sys(err, GSP_EIO, errno, "cannot replace '%s'", path);
	if (lock != -1)
		close(lock);
	if (rc == -1) {
		unlink(tmp);
		return -1;
	}
	return sync ? fsync_parent(path, err) : 0;
}

int
gsp_io_replace(const char *path, const void *data, size_t len, mode_t mode,
    struct gsp_err *err)
{
	return replace(path, data, len, mode, true, err);
}

int
gsp_io_replace_soon(const char *path, const void *data, size_t len, mode_t mode,
    struct gsp_err *err)
{
	return replace(path, data, len, mode, false, err);
}

/* "session.json.new-abcdefgh": the name gsp_io_replace() gives what it writes. */
static bool
is_leftover(const char *name)
{
	const char *tail = strstr(name, ".new-");

	return tail != NULL && strlen(tail) == strlen(".new-") + 8;
}

/* Is somebody writing it? A file that cannot be opened is nobody's. *fd keeps others from it. */
static bool
is_written(int *fd, int dir, const char *name)
{
	*fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	return *fd != -1 && flock(*fd, LOCK_EX | LOCK_NB) == -1 && errno == EWOULDBLOCK;
}

static int
sweep_one(int at, const char *dir, const char *name, struct gsp_err *err)
{
	int fd, rc = 0;

	if (!is_written(&fd, at, name) && unlinkat(at, name, 0) == -1 && errno != ENOENT)
		rc = gsp_err_sys(err, GSP_EIO, errno, "cannot remove '%s/%s'", dir, name);
	if (fd != -1)
		close(fd);
	return rc;
}

int
gsp_io_sweep(const char *dir, struct gsp_err *err)
{
	struct dirent *e;
	DIR *d = opendir(dir);
	int rc = 0;

	if (d == NULL)
		return gsp_err_sys(err, GSP_EIO, errno, "cannot read '%s'", dir);
	while (rc == 0 && (e = readdir(d)) != NULL)
		if (is_leftover(e->d_name))
			rc = sweep_one(dirfd(d), dir, e->d_name, err);
	closedir(d);
	return rc;
}

int
gsp_io_append(const char *path, const void *data, size_t len, mode_t mode,
    struct gsp_err *err)
{
	int fd, rc;

	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, mode);
	if (fd == -1)
		return gsp_err_sys(err, GSP_EIO, errno, "cannot open '%s'", path);
	rc = write_and_sync(fd, data, len, true, path, err);
	if (close(fd) == -1 && rc == 0)
		rc = gsp_err_sys(err, GSP_EIO, errno, "cannot write '%s'", path);
	return rc == 0 ? fsync_parent(path, err) : -1; /* it may be new */
}

/* Does the file end within a line? */
static int
ends_torn(int fd, const char *path, bool *torn, struct gsp_err *err)
{
	struct stat st;
	char last = '\n';

	if (fstat(fd, &st) == -1 || (st.st_size > 0 && pread(fd, &last, 1, st.st_size - 1) == -1))
		return gsp_err_sys(err, GSP_EIO, errno, "cannot read '%s'", path);
	*torn = last != '\n';
	return 0;
}

int
gsp_io_append_line(const char *path, const void *line, size_t len, mode_t mode,
    struct gsp_err *err)
{
	struct gsp_buf block = GSP_BUF_INIT(len + 8);
	bool torn = false;
	int fd, rc;

	fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, mode);
	if (fd == -1)
		return gsp_err_sys(err, GSP_EIO, errno, "cannot open '%s'", path);
	while ((rc = flock(fd, LOCK_EX)) == -1 && errno == EINTR)
		;
	if (rc == -1)
		gsp_err_sys(err, GSP_EIO, errno, "cannot lock '%s'", path);
	else if ((rc = ends_torn(fd, path, &torn, err)) == 0) {
		if (torn)
			gsp_buf_addc(&block, '\n');
		gsp_buf_add(&block, line, len);
		rc = gsp_buf_ok(&block) ? write_and_sync(fd, block.data, block.len, true, path, err)
		                        : gsp_err_set(err, GSP_ESYS, "out of memory");
	}
	gsp_buf_release(&block);
	if (close(fd) == -1 && rc == 0)
		rc = gsp_err_sys(err, GSP_EIO, errno, "cannot write '%s'", path);
	return rc == 0 ? fsync_parent(path, err) : -1; /* it may be new */
}

int
gsp_io_mkdirs(const char *path, mode_t mode, struct gsp_err *err)
{
	char part[PATH_MAX];
	size_t len = strlen(path);
	struct stat st;

	if (len == 0 || len >= sizeof(part))
		return gsp_err_set(err, GSP_ELIMIT, "path too long: '%s'", path);
	memcpy(part, path, len + 1);
	for (size_t i = 1; i <= len; i++) {
		if (part[i] != '/' && part[i] != '\0')
			continue;
		part[i] = '\0';
		if (mkdir(part, mode) == -1) {
			if (errno != EEXIST)
				return gsp_err_sys(err, GSP_ECREATE, errno,
				    "cannot create directory '%s'", part);
		} else if (fsync_parent(part, err) == -1) /* what is put there shall be found */
			return -1;
		part[i] = path[i];
	}
	if (stat(path, &st) == -1)
		return gsp_err_sys(err, GSP_EIO, errno, "cannot look at '%s'", path);
	if (!S_ISDIR(st.st_mode))
		return gsp_err_set(err, GSP_ECREATE, "'%s' is not a directory", path);
	return 0;
}

int
gsp_io_rename(const char *from, const char *to, struct gsp_err *err)
{
	if (rename(from, to) == -1)
		return gsp_err_sys(err, GSP_EIO, errno, "cannot rename '%s' to '%s'", from, to);
	return fsync_parent(to, err);
}

int
gsp_io_unlink(const char *path, struct gsp_err *err)
{
	if (unlink(path) == -1 && errno != ENOENT)
		return gsp_err_sys(err, GSP_EIO, errno, "cannot remove '%s'", path);
	return 0;
}

static int rmtree_at(int dirfd, const char *name, const char *shown, struct gsp_err *err);

static int
rmtree_entries(int fd, const char *shown, struct gsp_err *err)
{
	struct dirent *e;
	DIR *d = fdopendir(fd);
	int rc = 0;

	if (d == NULL) {
		gsp_err_sys(err, GSP_EIO, errno, "cannot read '%s'", shown);
		close(fd);
		return -1;
	}
	while (rc == 0 && (e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (unlinkat(dirfd(d), e->d_name, 0) == -1)
			rc = rmtree_at(dirfd(d), e->d_name, shown, err);
	}
	closedir(d);
	return rc;
}

/* Reached when plain unlink failed: a directory, or something that really cannot be removed. */
static int
rmtree_at(int dirfd, const char *name, const char *shown, struct gsp_err *err)
{
	int why = errno, fd;
	struct stat st;

	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 && errno == EACCES && fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISDIR(st.st_mode) && fchmodat(dirfd, name, 0700, 0) == 0)
		fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1) {
		if (errno == ENOENT)
			return 0;
		return gsp_err_sys(err, GSP_EIO, errno == ENOTDIR ? why : errno,
		    "cannot remove '%s' in '%s'", name, shown);
	}
	/* a generation's directories are read-only; without this only root could remove them */
	fchmod(fd, 0700);
	if (rmtree_entries(fd, shown, err) == -1)
		return -1;
	if (unlinkat(dirfd, name, AT_REMOVEDIR) == -1 && errno != ENOENT)
		return gsp_err_sys(err, GSP_EIO, errno, "cannot remove '%s' in '%s'", name, shown);
	return 0;
}

int
gsp_io_rmtree(const char *path, struct gsp_err *err)
{
	if (unlink(path) == 0 || errno == ENOENT)
		return 0;
	return rmtree_at(AT_FDCWD, path, path, err);
}

bool
gsp_io_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

bool
gsp_io_is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int
gsp_io_self_dir(struct gsp_buf *out, struct gsp_err *err)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash;

	if (n < 0)
		return gsp_err_sys(err, GSP_ESYS, errno, "cannot read '/proc/self/exe'");
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (slash == NULL || slash == path)
		return gsp_err_set(err, GSP_ESYS, "no directory in '%s'", path);
	*slash = '\0';
	gsp_buf_adds(out, path);
	return gsp_buf_ok(out) ? 0 : gsp_err_set(err, GSP_ELIMIT, "path too long: '%s'", path);
}
