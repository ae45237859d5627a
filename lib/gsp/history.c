/* Which generations there are, and what is known of them. */
#include "gsp/history.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/num.h"
#include "gsp/history_priv.h"
#include "sys/io.h"

#include "base/banned.h"

void (*gsp_history_step_hook)(const char *step);

void
gsp_history_step(const char *step)
{
	if (gsp_history_step_hook != NULL)
		gsp_history_step_hook(step);
}

int
gsp_history_path(const struct gsp_history *h, char *out, struct gsp_err *err, const char *fmt,
    ...)
{
	int n = snprintf(out, PATH_MAX, "%s/", h->dir), m = -1;
	va_list ap;

	if (n > 0 && n < PATH_MAX) {
		va_start(ap, fmt);
		m = vsnprintf(out + n, (size_t)(PATH_MAX - n), fmt, ap);
		va_end(ap);
	}
	if (m < 0 || m >= PATH_MAX - n)
		return gsp_err_set(err, GSP_ELIMIT, "path too long below '%s'", h->dir);
	return 0;
}

int
gsp_history_mkdir(const char *path, struct gsp_err *err)
{
	if (mkdir(path, 0755) == -1 || chmod(path, 0755) == -1)
		return gsp_err_sys(err, GSP_ECREATE, errno, "cannot create directory '%s'", path);
	return 0;
}

void
gsp_history_rsync(const struct gsp_history *h, struct gsp_rsync *r, struct gsp_argv *argv)
{
	const struct gsp_rsync init = GSP_RSYNC_INIT;

	*r = init;
	r->argv = argv;
	/* if we are killed, rsync goes on for a moment: the server must stay locked until it ends */
	r->keep_fd = h->lock_fd > 2 ? h->lock_fd : -1;
	gsp_argv_push(argv, "rsync");
	gsp_rsync_common(argv);
}

/* "000041" -> 41, "000041.gsp" -> 41 with *described. Only the way we write it counts. */
static bool
read_name(const char *name, uint64_t *n, bool *described)
{
	size_t len = strspn(name, "0123456789");
	char digits[24], again[24];

	*described = strcmp(name + len, ".gsp") == 0;
	if (len < 6 || len >= sizeof(digits) || (name[len] != '\0' && !*described))
		return false;
	memcpy(digits, name, len);
	digits[len] = '\0';
	if (gsp_num_u64(n, digits, 1, (uint64_t)1 << 53) == -1)
		return false;
	(void)snprintf(again, sizeof(again), "%06" PRIu64, *n);
	return strcmp(again, digits) == 0;
}

static int
by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

struct numbers {
	uint64_t *v;
	size_t n, cap;
};

static int
add_number(struct numbers *l, uint64_t n, struct gsp_err *err)
{
	if (l->n == l->cap) {
		size_t want = l->cap == 0 ? 64 : l->cap * 2;
		uint64_t *v = reallocarray(l->v, want, sizeof(*v));

		if (v == NULL)
			return gsp_err_set(err, GSP_ESYS, "out of memory for the generations' numbers");
		l->v = v;
		l->cap = want;
	}
	l->v[l->n++] = n;
	return 0;
}

/* Every number that is there as a directory, and every one that is described. */
static int
read_names(struct gsp_history *h, DIR *d, struct numbers *dirs, struct numbers *texts,
    struct gsp_err *err)
{
	struct dirent *e;
	bool described;
	uint64_t n;

	for (;;) {
		errno = 0;
		if ((e = readdir(d)) == NULL)
			break;
		if (!read_name(e->d_name, &n, &described))
			continue;
		if (n > h->highest)
			h->highest = n;
		if (add_number(described ? texts : dirs, n, err) == -1)
			return -1;
	}
	if (errno != 0)
		return gsp_err_sys(err, GSP_EIO, errno, "cannot read the directory '%s'", h->dir);
	return 0;
}

/* From the names alone: a history may have thousands, and nobody asked for the others. */
static int
scan_names(struct gsp_history *h, DIR *d, struct gsp_err *err)
{
	struct numbers dirs = {NULL, 0, 0}, texts = {NULL, 0, 0};
	size_t t = 0, n = 0;
	int rc = read_names(h, d, &dirs, &texts, err);

	free(h->numbers);
	h->numbers = NULL;
	h->n = 0;
	if (rc == 0) {
		if (dirs.n > 1)
			qsort(dirs.v, dirs.n, sizeof(*dirs.v), by_number);
		if (texts.n > 1)
			qsort(texts.v, texts.n, sizeof(*texts.v), by_number);
		for (size_t i = 0; i < dirs.n; i++) {
			while (t < texts.n && texts.v[t] < dirs.v[i])
				t++;
			if (t < texts.n && texts.v[t] == dirs.v[i])
				dirs.v[n++] = dirs.v[i];
			else
				gsp_debug("'%s/%06" PRIu64 "' has no .gsp file: not a generation", h->dir,
				    dirs.v[i]);
		}
		h->numbers = dirs.v;
		h->n = n;
		dirs.v = NULL;
	}
	free(dirs.v);
	free(texts.v);
	return rc;
}

static int
scan_base(struct gsp_history *h, struct gsp_err *err)
{
	struct gsp_buf b = GSP_BUF_INIT(64);
	char path[PATH_MAX];
	int rc = -1;

	h->base = 0;
	if (gsp_history_path(h, path, err, "BASE") == -1)
		return -1;
	if (gsp_io_read_file(&b, path, err) == -1) {
		if (err->code == GSP_ENOTFOUND) {
			gsp_err_clear(err);
			rc = 0;
		} else if (err->code == GSP_ELIMIT) {
			rc = gsp_err_set(err, GSP_EIO, "'%s' holds no generation's number", path);
		}
		goto out;
	}
	if (b.len > 0 && b.data[b.len - 1] == '\n')
		b.data[b.len - 1] = '\0';
	if (gsp_num_u64(&h->base, gsp_buf_str(&b), 1, (uint64_t)1 << 53) == -1) {
		gsp_err_set(err, GSP_EIO,
		    "'%s' holds no generation's number; write there the number of the generation "
		    "that files/ was made from, or remove it: all of files/ then counts as edited",
		    path);
		goto out;
	}
	if (!gsp_history_has(h, h->base)) {
		gsp_debug("'%s' names generation %" PRIu64 ", which is not there", path, h->base);
		h->base = 0;
	}
	rc = 0;
out:
	if (rc == -1 && h->looking) {
		gsp_debug("%s", err->msg);
		gsp_err_clear(err);
		h->base = 0;
		rc = 0;
	}
	gsp_buf_release(&b);
	return rc;
}

static int
scan_newest(struct gsp_history *h, struct gsp_err *err)
{
	struct gsp_gen g;

	h->newest = 0;
	for (size_t i = h->n; i-- > 0;) {
		if (gsp_history_info(h, h->numbers[i], &g, err) == -1) {
			if (!h->looking)
				return -1;
			gsp_debug("%s", err->msg);
			gsp_err_clear(err);
		} else if (g.kind != GSP_GEN_LIVE) {
			h->newest = g.number;
			break;
		}
	}
	return 0;
}

int
gsp_history_scan(struct gsp_history *h, struct gsp_err *err)
{
	DIR *d = opendir(h->dir);
	int rc;

	if (d == NULL && errno == ENOENT && h->looking)
		return 0;
	if (d == NULL)
		return gsp_err_sys(err, GSP_EIO, errno, "cannot read the directory '%s'", h->dir);
	rc = scan_names(h, d, err);
	closedir(d);
	if (rc == 0)
		rc = scan_base(h, err);
	return rc == 0 ? scan_newest(h, err) : -1;
}

static int
name_dir(char **out, const char *server_dir, const char *name, struct gsp_err *err)
{
	if (asprintf(out, "%s/%s", server_dir, name) == -1) {
		*out = NULL;
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	}
	if (strlen(*out) >= PATH_MAX - 64)
		return gsp_err_set(err, GSP_ELIMIT, "path too long: '%s'", *out);
	return 0;
}

static int
open_as(struct gsp_history **out, const struct gsp_history_opts *o, bool looking,
    struct gsp_err *err)
{
	struct gsp_history *h = calloc(1, sizeof(*h));

	if (h == NULL || (h->home_id = strdup(o->home_id != NULL ? o->home_id : "")) == NULL ||
	    (h->server = strdup(o->server != NULL ? o->server : "")) == NULL) {
		gsp_err_set(err, GSP_ESYS, "out of memory");
		goto fail;
	}
	h->exclude = o->exclude;
	h->push = o->push;
	h->lock_fd = o->lock_fd;
	h->looking = looking;
	if (name_dir(&h->files, o->server_dir, "files", err) == -1 ||
	    name_dir(&h->dir, o->server_dir, "history", err) == -1)
		goto fail;
	if (!looking &&
	    ((!gsp_io_is_dir(h->files) && gsp_history_mkdir(h->files, err) == -1) ||
	        (!gsp_io_is_dir(h->dir) && gsp_history_mkdir(h->dir, err) == -1)))
		goto fail;
	if (gsp_history_scan(h, err) == -1)
		goto fail;
	*out = h;
	return 0;
fail:
	gsp_history_close(h);
	return -1;
}

int
gsp_history_open(struct gsp_history **out, const struct gsp_history_opts *o,
    struct gsp_err *err)
{
	return open_as(out, o, false, err);
}

int
gsp_history_look(struct gsp_history **out, const struct gsp_history_opts *o,
    struct gsp_err *err)
{
	return open_as(out, o, true, err);
}

bool
gsp_history_gone(const struct gsp_history *h, uint64_t n)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	char path[PATH_MAX];

	return gsp_history_path(h, path, &ignored, "%06" PRIu64, n) == -1 || !gsp_io_exists(path) ||
	    gsp_history_path(h, path, &ignored, "%06" PRIu64 ".gsp", n) == -1 ||
	    !gsp_io_exists(path);
}

void
gsp_history_close(struct gsp_history *h)
{
	if (h == NULL)
		return;
	free(h->files);
	free(h->dir);
	free(h->home_id);
	free(h->server);
	free(h->numbers);
	free(h->rescued);
	free(h);
}

const char *
gsp_history_files_dir(const struct gsp_history *h)
{
	return h->files;
}

const char *
gsp_history_rescued(const struct gsp_history *h)
{
	return h->rescued;
}

uint64_t
gsp_history_newest(const struct gsp_history *h)
{
	return h->newest;
}

uint64_t
gsp_history_base(const struct gsp_history *h)
{
	return h->base;
}

bool
gsp_history_has(const struct gsp_history *h, uint64_t n)
{
	return h->n > 0 &&
	    bsearch(&n, h->numbers, h->n, sizeof(*h->numbers), by_number) != NULL;
}

void
gsp_history_numbers(const struct gsp_history *h, const uint64_t **v, size_t *n)
{
	*v = h->numbers;
	*n = h->n;
}

int
gsp_history_need(const struct gsp_history *h, uint64_t n, struct gsp_err *err)
{
	if (gsp_history_has(h, n))
		return 0;
	return gsp_err_set(err, GSP_EREFUSED, "there is no generation %" PRIu64 " in '%s'", n,
	    h->dir);
}

int
gsp_history_gen_dir(const struct gsp_history *h, uint64_t n, struct gsp_buf *path,
    struct gsp_err *err)
{
	if (gsp_history_need(h, n, err) == -1)
		return -1;
	gsp_buf_addf(path, "%s/%06" PRIu64, h->dir, n);
	return gsp_buf_ok(path) ? 0 : gsp_err_set(err, GSP_ELIMIT, "path too long in '%s'", h->dir);
}

/* The first line of a file, newline included, or what there is up to the ceiling. */
static int
read_first_line(struct gsp_buf *out, const char *path, struct gsp_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char block[4096];
	ssize_t n;

	if (fd == -1)
		return gsp_err_sys(err, GSP_EIO, errno, "cannot open '%s'", path);
	do {
		n = read(fd, block, sizeof(block));
		if (n > 0)
			gsp_buf_add(out, block, (size_t)n);
	} while ((n > 0 && gsp_buf_ok(out) && memchr(block, '\n', (size_t)n) == NULL) ||
	    (n == -1 && errno == EINTR));
	if (n == -1)
		gsp_err_sys(err, GSP_EIO, errno, "cannot read '%s'", path);
	close(fd);
	return n == -1 ? -1 : 0;
}

/* Both readers of a .gsp file: with a list, all of it. */
static int
load(const struct gsp_history *h, uint64_t n, struct gsp_gen *g, struct gsp_list *list,
    struct gsp_err *err)
{
	struct gsp_buf text = GSP_BUF_INIT(list != NULL ? GSP_GEN_TEXT_MAX : GSP_GEN_LINE_MAX);
	char path[PATH_MAX];
	int rc = -1;

	if (gsp_history_need(h, n, err) == -1 ||
	    gsp_history_path(h, path, err, "%06" PRIu64 ".gsp", n) == -1)
		return -1;
	if ((list != NULL ? gsp_io_read_file(&text, path, err)
			  : read_first_line(&text, path, err)) == -1) {
		err->code = GSP_EIO;
		goto out;
	}
	if (gsp_gen_parse(g, list, gsp_buf_str(&text), text.len, err) == -1) {
		gsp_err_wrap(err, "'%s' is damaged", path);
		goto out;
	}
	if (g->number != n) {
		gsp_err_set(err, GSP_EIO, "'%s' is damaged: line 1 is of generation %" PRIu64, path,
		    g->number);
		goto out;
	}
	rc = 0;
out:
	gsp_buf_release(&text);
	return rc;
}

int
gsp_history_info(const struct gsp_history *h, uint64_t n, struct gsp_gen *out,
    struct gsp_err *err)
{
	return load(h, n, out, NULL, err);
}

int
gsp_history_list(const struct gsp_history *h, uint64_t n, struct gsp_list *out,
    struct gsp_err *err)
{
	struct gsp_gen ignored;

	return load(h, n, &ignored, out, err);
}

int
gsp_history_list_or_none(const struct gsp_history *h, uint64_t n, struct gsp_list *out,
    struct gsp_err *err)
{
	return n == 0 ? 0 : gsp_history_list(h, n, out, err);
}

uint64_t
gsp_history_of_session(const struct gsp_history *h, const char *session)
{
	for (size_t i = h->n; i-- > 0;) {
		struct gsp_err ignored = GSP_ERR_INIT;
		struct gsp_gen g;

		/* one that cannot be read proves nothing: as if it were not there */
		if (gsp_history_info(h, h->numbers[i], &g, &ignored) == -1 ||
		    (g.kind != GSP_GEN_DOWN && g.kind != GSP_GEN_KILLED))
			continue;
		/* sessions of a server come one after the other: what is older than the save of
		 * another one is not of this one */
		return *session != '\0' && strcmp(g.session, session) == 0 ? g.number : 0;
	}
	return 0;
}

uint64_t
gsp_history_live_of(const struct gsp_history *h, const char *session, uint64_t after)
{
	for (size_t i = h->n; i-- > 0 && h->numbers[i] > after;) {
		struct gsp_err ignored = GSP_ERR_INIT;
		struct gsp_gen g;

		if (gsp_history_info(h, h->numbers[i], &g, &ignored) == -1)
			continue;
		if (*session != '\0' && strcmp(g.session, session) == 0 && g.kind == GSP_GEN_LIVE)
			return g.number;
		/* sessions of a server come one after the other */
		if ((g.kind == GSP_GEN_DOWN || g.kind == GSP_GEN_KILLED) &&
		    strcmp(g.session, session) != 0)
			return 0;
	}
	return 0;
}

bool
gsp_history_is_live(const struct gsp_history *h, uint64_t n)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_gen g;

	return n != 0 && gsp_history_info(h, n, &g, &ignored) == 0 && g.kind == GSP_GEN_LIVE;
}

static bool
is_edit(const struct gsp_history *h, uint64_t n)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_gen g;

	return n != 0 && gsp_history_info(h, n, &g, &ignored) == 0 && g.kind == GSP_GEN_EDIT;
}

uint64_t
gsp_history_common(const struct gsp_history *h, uint64_t a, uint64_t b)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_gen g;

	/* parents are always smaller, so this ends */
	while (a != b) {
		uint64_t *larger = a > b ? &a : &b;

		if (gsp_history_info(h, *larger, &g, &ignored) == -1 || g.parent >= *larger)
			return 0;
		*larger = g.parent;
	}
	return a;
}

uint64_t
gsp_history_pending_edit(const struct gsp_history *h, uint64_t n)
{
	uint64_t common = gsp_history_common(h, h->base, n);

	/* none in common (a machine taken over from another home): nobody knows what was edited and
	 * what is merely older */
	return is_edit(h, h->base) && common != 0 && common != h->base && common != n ? h->base : 0;
}

bool
gsp_history_strayed(const struct gsp_history *h)
{
	return h->base != 0 && is_edit(h, h->newest) &&
	    gsp_history_common(h, h->base, h->newest) != h->base;
}

int
gsp_history_state(struct gsp_history *h, const char *name, const char *text,
    struct gsp_err *err)
{
	char path[PATH_MAX];

	if (gsp_history_path(h, path, err, "%s", name) == -1)
		return -1;
	return gsp_io_replace(path, text, strlen(text), 0644, err);
}

int
gsp_history_set_base(struct gsp_history *h, uint64_t number, struct gsp_err *err)
{
	char text[32];

	if (gsp_history_need(h, number, err) == -1)
		return -1;
	(void)snprintf(text, sizeof(text), "%" PRIu64 "\n", number);
	gsp_history_step("base");
	if (gsp_history_state(h, "BASE", text, err) == -1)
		return -1;
	h->base = number;
	gsp_history_step("based");
	return 0;
}

int
gsp_history_edited(struct gsp_history *h, struct gsp_diff *out, struct gsp_err *err)
{
	struct gsp_list was = GSP_LIST_INIT, is = GSP_LIST_INIT;
	int rc = -1;

	if (gsp_history_list_or_none(h, h->base, &was, err) == -1 ||
	    gsp_list_walk(&is, h->files, h->exclude, NULL, NULL, err) == -1)
		goto out;
	gsp_list_drop(&was, h->exclude);
	rc = gsp_list_diff(out, &was, &is, err);
out:
	gsp_list_release(&was);
	gsp_list_release(&is);
	return rc;
}
