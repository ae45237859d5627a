#include "gsp/usage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/argv.h"
#include "gsp/inodes.h"
#include "gsp/list.h"

#include "base/banned.h"

/* An inode with several names. */
struct seen {
	uint64_t size;
	uint32_t nlink;
	uint32_t here;   /* of its names, how many were met in the generation in hand */
	uint64_t in;     /* which one that is */
};

struct gsp_usage {
	struct gsp_inodes inodes; /* of struct seen */
	uint64_t turn; /* number of the generation in hand, from 1 */
};

/* One call of gsp_usage_measure(). */
struct measure {
	struct gsp_usage *u;
	const char *dir;
	int root;
	struct gsp_argv dirs; /* still to be read, relative */
	struct gsp_use use;
};

int
gsp_usage_new(struct gsp_usage **out, struct gsp_err *err)
{
	if ((*out = calloc(1, sizeof(**out))) == NULL)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	gsp_inodes_init(&(*out)->inodes, sizeof(struct seen));
	return 0;
}

void
gsp_usage_free(struct gsp_usage *u)
{
	if (u == NULL)
		return;
	gsp_inodes_release(&u->inodes);
	free(u);
}

static void
count(struct measure *m, struct seen *s)
{
	if (s->in != m->u->turn) {
		s->in = m->u->turn;
		s->here = 0;
	}
	m->use.files++;
	m->use.bytes += s->size;
	if (++s->here == s->nlink)
		m->use.own += s->size;
}

/* A regular file that was not met before. */
static int
count_new(struct measure *m, const struct stat *st, struct gsp_err *err)
{
	struct seen alone, *s = &alone;

	/* most inodes have one name and are met once: not worth a slot */
	if (st->st_nlink > 1 && (s = gsp_inodes_add(&m->u->inodes, st->st_ino, err)) == NULL)
		return -1;
	memset(s, 0, sizeof(*s));
	s->size = (uint64_t)st->st_size;
	s->nlink = (uint32_t)st->st_nlink;
	m->use.fresh += s->size;
	count(m, s);
	return 0;
}

static int
on_name(struct measure *m, int dirfd, const char *top, const struct dirent *e,
    struct gsp_err *err)
{
	struct seen *s;
	struct stat st;

	if (e->d_type == DT_REG && (s = gsp_inodes_find(&m->u->inodes, e->d_ino)) != NULL) {
		count(m, s);
		return 0;
	}
	if (e->d_type == DT_REG || e->d_type == DT_UNKNOWN) {
		if (fstatat(dirfd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == -1)
			return errno == ENOENT ? 0
			                       : gsp_err_sys(err, GSP_EIO, errno,
			                             "cannot look at '%s/%s/%s'", m->dir, top, e->d_name);
		if (S_ISREG(st.st_mode)) {
			/* where readdir(3) tells no type, or another number than stat(2) */
			if ((s = gsp_inodes_find(&m->u->inodes, st.st_ino)) == NULL)
				return count_new(m, &st, err);
			count(m, s);
		}
	}
	if (e->d_type == DT_DIR || (e->d_type == DT_UNKNOWN && S_ISDIR(st.st_mode)))
		gsp_argv_pushf(&m->dirs, "%s%s%s", top, *top != '\0' ? "/" : "", e->d_name);
	return 0;
}

static int
read_one(struct measure *m, const char *top, struct gsp_err *err)
{
	int fd = openat(m->root, *top != '\0' ? top : ".",
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *e;
	int rc = 0;

	if (d == NULL) {
		int why = errno;

		if (fd != -1)
			close(fd);
		return why == ENOENT ? 0
		                     : gsp_err_sys(err, GSP_EIO, why,
		                           "cannot read the directory '%s/%s'", m->dir, top);
	}
	while (rc == 0 && (errno = 0, e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			rc = on_name(m, dirfd(d), top, e, err);
	if (rc == 0 && errno != 0)
		rc = gsp_err_sys(err, GSP_EIO, errno, "cannot read the directory '%s/%s'", m->dir, top);
	closedir(d);
	return rc;
}

int
gsp_usage_measure(struct gsp_usage *u, const char *dir, struct gsp_use *out, struct gsp_err *err)
{
	struct measure m = {.u = u, .dir = dir, .dirs = GSP_ARGV_INIT};
	int rc;

	m.root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (m.root == -1 && errno != ENOENT)
		return gsp_err_sys(err, GSP_EIO, errno, "cannot read the directory '%s'", dir);
	u->turn++;
	rc = m.root == -1 ? 0 : read_one(&m, "", err);
	for (size_t i = 0; rc == 0 && i < m.dirs.n; i++)
		rc = read_one(&m, m.dirs.v[i], err);
	if (rc == 0 && m.dirs.failed)
		rc = gsp_err_set(err, GSP_ESYS, "out of memory");
	if (m.root != -1)
		close(m.root);
	gsp_argv_release(&m.dirs);
	if (rc == 0)
		*out = m.use;
	return rc;
}
