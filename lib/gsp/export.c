#include "gsp/export.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/num.h"
#include "base/rand.h"
#include "fmt/tar.h"
#include "sys/io.h"
#include "sys/proc.h"
#include "sys/sig.h"

#include "base/banned.h"

#define BLOCK 65536

/* What a name ends in, and who makes that. */
static const struct format {
	const char *end;
	const char *pack[4], *unpack[4]; /* NULL: nobody */
} formats[] = {
    {".tar", {NULL}, {NULL}},
    {".tar.gz", {"gzip", "-nc", NULL}, {"gzip", "-dc", NULL}},
    {".tgz", {"gzip", "-nc", NULL}, {"gzip", "-dc", NULL}},
    {".tar.zst", {"zstd", "-qc", "-T0", NULL}, {"zstd", "-qdc", NULL}}};

/* One export. The archive's bytes go to fd, or, to prove it, must be what comes from fd. */
struct export {
	struct gsp_job *job;
	const struct format *format;
	const char *path; /* as given */
	uint64_t n;
	struct gsp_list list;
	int root;         /* the generation */
	int file;         /* the archive in the making */
	int fd;
	bool prove;
	uint64_t done, total; /* bytes, of both readings */
};

/* ---- the archive, made from the generation ---- */

static int
expect(struct export *x, const char *data, size_t len, struct gsp_err *err)
{
	char got[BLOCK];

	while (len > 0) {
		ssize_t n = read(x->fd, got, len < sizeof(got) ? len : sizeof(got));

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return gsp_err_sys(err, GSP_EIO, errno, "cannot read '%s' back", x->path);
		if (n == 0 || memcmp(got, data, (size_t)n) != 0)
			return gsp_err_set(err, GSP_EIO, "'%s' was written, but reads back as something "
			    "else: is its disk broken?", x->path);
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int
put(struct export *x, const char *data, size_t len, struct gsp_err *err)
{
	if (gsp_sig_check(err) == -1)
		return -1;
	return x->prove ? expect(x, data, len, err) : gsp_io_write_all(x->fd, data, len, x->path, err);
}

static int
put_content(struct export *x, const struct gsp_entry *e, int fd, struct gsp_err *err)
{
	static const char zeros[GSP_TAR_BLOCK];
	char block[BLOCK];
	uint64_t left = e->size;

	while (left > 0) {
		ssize_t n = read(fd, block, left < sizeof(block) ? (size_t)left : sizeof(block));

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return gsp_err_sys(err, GSP_EIO, errno, "cannot read '%s' of generation %" PRIu64,
			    e->path, x->n);
		if (n == 0)
			return gsp_err_set(err, GSP_EIO, "'%s' of generation %" PRIu64 " became shorter while "
			    "it was read", e->path, x->n);
		if (put(x, block, (size_t)n, err) == -1)
			return -1;
		left -= (uint64_t)n;
		x->done += (uint64_t)n;
		gsp_steps_update(x->job->steps, x->job->server, "export",
		    x->total > 0 ? (int)(x->done * 100 / x->total) : -1, x->done, x->total, "%s",
		    x->prove ? "reading it back" : "writing");
	}
	return put(x, zeros, gsp_tar_pad(e->size), err);
}

static int
put_entry(struct export *x, const struct gsp_entry *e, const char *prefix, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(2 * GSP_LIST_PATH_MAX), head = GSP_BUF_INIT(1 << 19);
	struct gsp_tar_entry t = {"", e->type, e->mode, e->size, e->mtime_s, e->mtime_ns, e->target};
	int fd = -1, rc = -1;

	gsp_buf_addf(&path, "%s/%s", prefix, e->path);
	t.path = gsp_buf_str(&path);
	gsp_tar_header(&head, &t);
	if (!gsp_buf_ok(&path) || !gsp_buf_ok(&head)) {
		gsp_err_set(err, GSP_ELIMIT, "path too long: '%s'", e->path);
		goto out;
	}
	if (e->type == 'f' &&
	    (fd = openat(x->root, e->path, O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC)) == -1) {
		gsp_err_sys(err, GSP_EIO, errno, "cannot open '%s' of generation %" PRIu64, e->path, x->n);
		goto out;
	}
	if (put(x, head.data, head.len, err) == -1 || (fd != -1 && put_content(x, e, fd, err) == -1))
		goto out;
	rc = 0;
out:
	if (fd != -1)
		close(fd);
	gsp_buf_release(&path);
	gsp_buf_release(&head);
	return rc;
}

static int
put_archive(struct export *x, struct gsp_err *err)
{
	struct gsp_buf b = GSP_BUF_INIT(8192);
	struct gsp_tar_entry top = {NULL, 'd', 0755, 0, 0, 0, NULL};
	char prefix[64];
	struct stat st;
	int rc = -1;

	(void)snprintf(prefix, sizeof(prefix), "%s-%06" PRIu64, x->job->server, x->n);
	if (fstat(x->root, &st) == 0)
		top.mtime_s = st.st_mtim.tv_sec;
	top.path = prefix;
	gsp_tar_header(&b, &top);
	if (put(x, b.data, b.len, err) == -1)
		goto out;
	for (size_t i = 0; i < x->list.n; i++)
		if (put_entry(x, &x->list.v[i], prefix, err) == -1)
			goto out;
	gsp_buf_reset(&b);
	gsp_tar_end(&b);
	rc = put(x, b.data, b.len, err);
out:
	gsp_buf_release(&b);
	return rc;
}

/* ---- through a compressor ---- */

/* When its work could not be handed to it, what the compressor says is nearer to the cause; when
 * what came from it was wrong, that it ended badly is only our hanging up. */
static int
judge(struct gsp_proc *p, int made, bool prove, struct gsp_err *err)
{
	struct gsp_buf said = GSP_BUF_INIT(2048);
	struct gsp_err ignored = GSP_ERR_INIT;
	int status = 0, rc = made;

	if (p->in_fd != -1)
		close(p->in_fd);
	if (p->out_fd != -1)
		close(p->out_fd);
	p->in_fd = p->out_fd = -1;
	(void)gsp_io_read_all(&said, p->err_fd, p->argv[0], &ignored);
	if (gsp_proc_wait(p, &status, made == 0 ? err : &ignored) == -1)
		rc = -1;
	else if (status != 0 && (made == 0 || (!prove && err->code != GSP_ECANCEL))) {
		const char *text = gsp_buf_str(&said);
		bool full = strstr(text, "No space left") != NULL || strstr(text, "quota") != NULL;

		if (made == 0 || said.len > 0)
			gsp_err_set(err, GSP_EIO, "%s failed%s: %.*s", p->argv[0],
			    full ? " because the disk is full" : "", (int)strcspn(text, "\n"),
			    text[0] != '\0' ? text : "it did not say why");
		rc = -1;
	}
	gsp_buf_release(&said);
	return rc;
}

static int
through(struct export *x, const char *const *argv, struct gsp_err *err)
{
	static const char *const env[] = {"LC_ALL=C", "LINODE_TOKEN=", NULL};
	struct gsp_proc p = GSP_PROC_INIT;
	char more;
	int rc;

	p.argv = argv;
	p.env = env;
	p.in = x->prove ? x->file : GSP_PROC_PIPE;
	p.out = x->prove ? GSP_PROC_PIPE : x->file;
	p.err = GSP_PROC_PIPE;
	if (gsp_proc_start(&p, err) == -1)
		return gsp_err_hint(err, "is %s installed? A name that ends in .tar needs nobody", argv[0]);
	x->fd = x->prove ? p.out_fd : p.in_fd;
	rc = put_archive(x, err);
	if (rc == 0 && x->prove && read(x->fd, &more, 1) != 0)
		rc = gsp_err_set(err, GSP_EIO, "'%s' is longer than what was written", x->path);
	return judge(&p, rc, x->prove, err);
}

static int
pass(struct export *x, bool prove, struct gsp_err *err)
{
	const char *const *argv = prove ? x->format->unpack : x->format->pack;

	x->prove = prove;
	if (argv[0] != NULL)
		return through(x, argv, err);
	x->fd = x->file;
	return put_archive(x, err);
}

/* ---- the file ---- */

static int
temp_name(const struct export *x, const char *dir, char *temp, struct gsp_err *err)
{
	char id[9];

	gsp_rand_id(id, sizeof(id) - 1);
	if (snprintf(temp, PATH_MAX, "%s/.gsp-export-%s", dir, id) < PATH_MAX)
		return 0;
	temp[0] = '\0';
	return gsp_err_set(err, GSP_ELIMIT, "path too long: '%s'", x->path);
}

/* An unnamed file where there are such, which a kill leaves nothing of; else ${temp} names it. */
static int
open_file(struct export *x, const char *dir, char *temp, struct gsp_err *err)
{
	temp[0] = '\0';
	x->file = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
	if (x->file != -1)
		return 0;
	if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)
		return gsp_err_sys(err, GSP_ECREATE, errno, "cannot make '%s'", x->path);
	if (temp_name(x, dir, temp, err) == -1)
		return -1;
	x->file = open(temp, O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (x->file == -1) {
		temp[0] = '\0';
		return gsp_err_sys(err, GSP_ECREATE, errno, "cannot make '%s'", x->path);
	}
	return 0;
}

static int
name_file(struct export *x, const char *as, struct gsp_err *err)
{
	char proc[40];

	(void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d", x->file);
	if (linkat(AT_FDCWD, proc, AT_FDCWD, as, AT_SYMLINK_FOLLOW) == -1)
		return gsp_err_sys(err, errno == EEXIST ? GSP_EREFUSED : GSP_EIO, errno,
		    "cannot give '%s' its name", x->path);
	return 0;
}

/* The last moment: a file that came meanwhile is not replaced either, unless that is wanted. */
static int
publish(struct export *x, const char *dir, char *temp, bool replace, struct gsp_err *err)
{
	if (!replace && temp[0] == '\0') {
		if (name_file(x, x->path, err) == -1)
			return -1;
		return gsp_io_fsync_dir(dir, err);
	}
	if (temp[0] == '\0') {
		char as[PATH_MAX];

		if (temp_name(x, dir, as, err) == -1 || name_file(x, as, err) == -1)
			return -1;
		memcpy(temp, as, sizeof(as));
	}
	if (renameat2(AT_FDCWD, temp, AT_FDCWD, x->path, replace ? 0 : RENAME_NOREPLACE) == -1)
		return gsp_err_sys(err, errno == EEXIST ? GSP_EREFUSED : GSP_EIO, errno,
		    "cannot give '%s' its name", x->path);
	temp[0] = '\0';
	return gsp_io_fsync_dir(dir, err);
}

static int
to_file(struct export *x, bool replace, uint64_t *bytes, struct gsp_err *err)
{
	const char *slash = strrchr(x->path, '/');
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_buf dir = GSP_BUF_INIT(PATH_MAX);
	char temp[PATH_MAX];
	struct stat st;
	int rc = -1;

	gsp_buf_add(&dir, slash == NULL ? "." : slash == x->path ? "/" : x->path,
	    slash == NULL || slash == x->path ? 1 : (size_t)(slash - x->path));
	if (!gsp_buf_ok(&dir))
		return gsp_err_set(err, GSP_ELIMIT, "path too long: '%s'", x->path);
	if (open_file(x, gsp_buf_str(&dir), temp, err) == -1)
		goto out;
	x->total *= 2;
	if (pass(x, false, err) == -1)
		goto out;
	if (fsync(x->file) == -1) {
		gsp_err_sys(err, GSP_EIO, errno, "cannot write '%s'", x->path);
		goto out;
	}
	/* what is read back shall come from the disk */
	(void)posix_fadvise(x->file, 0, 0, POSIX_FADV_DONTNEED);
	if (lseek(x->file, 0, SEEK_SET) == -1 || fstat(x->file, &st) == -1) {
		gsp_err_sys(err, GSP_EIO, errno, "cannot read '%s' back", x->path);
		goto out;
	}
	if (pass(x, true, err) == -1 || publish(x, gsp_buf_str(&dir), temp, replace, err) == -1)
		goto out;
	*bytes = (uint64_t)st.st_size;
	rc = 0;
out:
	if (x->file != -1)
		close(x->file);
	if (rc == -1 && temp[0] != '\0')
		gsp_io_unlink(temp, &ignored);
	gsp_buf_release(&dir);
	return rc;
}

/* ---- before anything is written ---- */

static int
choose_format(struct export *x, struct gsp_err *err)
{
	size_t len = strlen(x->path);

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		size_t n = strlen(formats[i].end);

		if (len > n && strcmp(x->path + len - n, formats[i].end) == 0 &&
		    x->path[len - n - 1] != '/') {
			x->format = &formats[i];
			return 0;
		}
	}
	return gsp_err_set(err, GSP_EUSAGE, "'%s' must end in .tar, .tar.gz or .tar.zst, or be '-'",
	    x->path);
}

static int
check_target(struct export *x, bool replace, struct gsp_err *err)
{
	struct stat st;

	if (strcmp(x->path, "-") == 0) {
		x->format = &formats[0];
		return !isatty(STDOUT_FILENO) ? 0
		    : gsp_err_set(err, GSP_EUSAGE, "an archive is nothing for a terminal: give a file's "
		          "name, or a pipe");
	}
	if (choose_format(x, err) == -1)
		return -1;
	if (lstat(x->path, &st) == -1)
		return 0;
	if (!S_ISREG(st.st_mode))
		return gsp_err_set(err, GSP_EREFUSED, "'%s' is there and is no file", x->path);
	return replace ? 0 : gsp_err_set(err, GSP_EREFUSED, "'%s' is there already; --yes replaces it",
	                         x->path);
}

static int
check_generation(struct export *x, struct gsp_history *h, struct gsp_err *err)
{
	struct gsp_diff damage = GSP_DIFF_INIT;
	struct gsp_list is = GSP_LIST_INIT;
	int rc = -1;

	if (gsp_history_check(h, x->n, &is, &damage, err) == -1 ||
	    gsp_history_list(h, x->n, &x->list, err) == -1)
		goto out;
	rc = damage.n == 0 ? 0
	    : gsp_err_set(err, GSP_EREFUSED, "generation %" PRIu64 " of '%s' is damaged: '%s' and %zu "
	          "more paths are not as they were; nothing was written", x->n, x->job->server,
	          damage.v[0].path, damage.n - 1);
out:
	gsp_list_release(&is);
	gsp_diff_release(&damage);
	return rc;
}

static int
export(struct export *x, struct gsp_history *h, bool replace, uint64_t *bytes,
    struct gsp_err *err)
{
	struct gsp_buf dir = GSP_BUF_INIT(GSP_PATH_BUF);
	uint64_t files;
	int rc = -1;

	if (gsp_history_gen_dir(h, x->n, &dir, err) == -1 || check_generation(x, h, err) == -1)
		goto out;
	if ((x->root = open(gsp_buf_str(&dir), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1) {
		gsp_err_sys(err, GSP_EIO, errno, "cannot open '%s'", gsp_buf_str(&dir));
		goto out;
	}
	gsp_list_sum(&x->list, "", &files, &x->total);
	*bytes = 0;
	if (strcmp(x->path, "-") != 0)
		rc = to_file(x, replace, bytes, err);
	else {
		x->fd = STDOUT_FILENO;
		rc = put_archive(x, err);
	}
out:
	/* without the lock another tool may have removed it: that is the reason, then */
	if (rc == -1 && err->code != GSP_ECANCEL && dir.len > 0 && !gsp_io_is_dir(gsp_buf_str(&dir)))
		gsp_err_set(err, GSP_EUNAVAIL, "generation %" PRIu64 " of '%s' was removed meanwhile; "
		    "'gsp saves list %s' shows what is there", x->n, x->job->server, x->job->server);
	if (x->root != -1)
		close(x->root);
	gsp_buf_release(&dir);
	return rc;
}

int
gsp_export(struct gsp_job *job, struct gsp_history *h, uint64_t n, const char *path,
    bool replace, uint64_t *bytes, struct gsp_err *err)
{
	struct export x = {.job = job, .path = path, .n = n, .list = GSP_LIST_INIT, .root = -1,
	    .file = -1, .fd = -1};
	char size[24];
	int rc;

	if (!gsp_history_has(h, n))
		return gsp_err_set(err, GSP_EUNAVAIL, "'%s' has no generation %" PRIu64 "; 'gsp saves list "
		    "%s' shows them", job->server, n, job->server);
	if (check_target(&x, replace, err) == -1)
		return -1;
	gsp_steps_begin(job->steps, job->server, "export", "reading generation %" PRIu64, n);
	rc = export(&x, h, replace, bytes, err);
	if (rc == -1)
		gsp_steps_fail(job->steps, job->server, "export", "%s", err->msg);
	else if (strcmp(path, "-") == 0)
		gsp_steps_done(job->steps, job->server, "export", "generation %" PRIu64 " is out", n);
	else
		gsp_steps_done(job->steps, job->server, "export", "generation %" PRIu64 " is in '%s', %s, "
		    "read back and the same", n, path, gsp_num_bytes(size, sizeof(size), *bytes));
	gsp_list_release(&x.list);
	return rc;
}
