/*
 * tree: small directories for tests: make them, look at them, throw them away.
 * Everything ends the test at once when the operating system refuses: nothing is tested then.
 */
#ifndef GSP_TEST_TREE_H
#define GSP_TEST_TREE_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "sys/io.h"

static char tree_root[PATH_MAX / 4]; /* of this test; removed at exit */
static pid_t tree_owner;

#define TREE_NEED(cond)                                                                            \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			printf("Bail out! %s:%d: %s: %s\n", __FILE__, __LINE__, #cond,             \
			    strerror(errno));                                                      \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

__attribute__((unused)) static void
tree_gone(void)
{
	struct gsp_err err = GSP_ERR_INIT;

	if (getpid() == tree_owner)
		gsp_io_rmtree(tree_root, &err);
}

/* A new empty directory of our own; gone at exit. */
__attribute__((unused)) static const char *
tree_new(const char *name)
{
	const char *tmp = getenv("TMPDIR");

	if (tmp == NULL) /* memory where there is some: many syncs cost nothing there */
		tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	(void)snprintf(tree_root, sizeof(tree_root), "%s/gsp-%s-XXXXXX", tmp, name);
	TREE_NEED(mkdtemp(tree_root) != NULL);
	tree_owner = getpid();
	atexit(tree_gone);
	return tree_root;
}

/* "root/<formatted>", in one of eight buffers in turn. */
__attribute__((unused, format(printf, 1, 2))) static const char *
at(const char *fmt, ...)
{
	static char bufs[8][PATH_MAX];
	static int turn;
	char *b = bufs[turn++ % 8];
	int n = snprintf(b, PATH_MAX, "%s/", tree_root);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(b + n, (size_t)(PATH_MAX - n), fmt, ap);
	va_end(ap);
	return b;
}

/* A file and the directories above it; ${age_s} seconds old. */
__attribute__((unused)) static void
put(const char *path, const char *text, int age_s)
{
	struct gsp_err err = GSP_ERR_INIT;
	struct timespec ts[2];
	char dir[PATH_MAX];
	mode_t was;
	char *slash;
	int fd;

	(void)snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	TREE_NEED(slash != NULL);
	*slash = '\0';
	was = umask(022); /* whatever the code under test runs with */
	TREE_NEED(gsp_io_mkdirs(dir, 0755, &err) == 0);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	umask(was);
	TREE_NEED(fd != -1);
	TREE_NEED(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	clock_gettime(CLOCK_REALTIME, &ts[0]);
	ts[0].tv_sec -= age_s;
	ts[1] = ts[0];
	if (age_s > 0)
		TREE_NEED(futimens(fd, ts) == 0);
	close(fd);
}

/* The text of a file, "(none)" if it is not there; valid until the eighth call after. */
__attribute__((unused)) static const char *
get(const char *path)
{
	static char bufs[8][4096];
	static int turn;
	char *b = bufs[turn++ % 8];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n;

	if (fd == -1) {
		(void)snprintf(b, 4096, "(none)");
		return b;
	}
	n = read(fd, b, 4095);
	TREE_NEED(n >= 0);
	b[n] = '\0';
	close(fd);
	return b;
}

__attribute__((unused)) static unsigned
mode_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 ? (unsigned)st.st_mode & 07777 : 0;
}

__attribute__((unused)) static bool
same_inode(const char *a, const char *b)
{
	struct stat x, y;

	return lstat(a, &x) == 0 && lstat(b, &y) == 0 && x.st_ino == y.st_ino &&
	    x.st_dev == y.st_dev;
}

#endif
