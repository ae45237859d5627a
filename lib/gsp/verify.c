#include "gsp/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/argv.h"
#include "base/num.h"
#include "gsp/history_priv.h"
#include "gsp/inodes.h"
#include "gsp/usage.h"
#include "gsp/verify_tally.h"
#include "sys/sig.h"
#include "sys/sum.h"

#include "base/banned.h"

/* A file that has several names, once it was read. */
struct read_once {
	uint64_t size;
	int errnum; /* why it could not be read, or 0 */
	char sum[GSP_SUM_TEXT];
};

struct verify {
	const struct gsp_verify_opts *o;
	struct gsp_inodes inodes; /* of struct read_once */
	uint64_t bytes, total;    /* read, and to be read */
	struct gsp_verify_tally tally;
	/* the generation in hand */
	uint64_t number;
	int root; /* its directory */
	struct gsp_verify_notes notes;
	struct gsp_argv blind; /* directories that cannot be read: what is below is unknown */
	bool failed;           /* no memory for a note */
};

static const char *const problem_names[] = {
    [GSP_VERIFY_MISSING] = "missing",
    [GSP_VERIFY_EXTRA] = "extra",
    [GSP_VERIFY_TYPE] = "type",
    [GSP_VERIFY_SIZE] = "size",
    [GSP_VERIFY_CONTENT] = "content",
    [GSP_VERIFY_TARGET] = "target",
    [GSP_VERIFY_MODE] = "mode",
    [GSP_VERIFY_UNREADABLE] = "unreadable",
    [GSP_VERIFY_LIST] = "list",
    [GSP_VERIFY_UNPROVEN] = "unproven",
};

const char *
gsp_verify_problem_name(enum gsp_verify_problem p)
{
	return (size_t)p < sizeof(problem_names) / sizeof(problem_names[0]) ? problem_names[p] : "?";
}

static const char *
type_name(char type)
{
	return type == 'f' ? "file" : type == 'd' ? "directory" : "symlink";
}

static void
note(struct verify *v, enum gsp_verify_problem problem, const char *path, const char *wanted,
    const char *found)
{
	if (gsp_verify_note(&v->notes, problem, path, wanted, found) == -1)
		v->failed = true;
}

/* ---- reading ---- */

static int
on_block(void *ctx, uint64_t bytes, struct gsp_err *err)
{
	struct verify *v = ctx;

	v->bytes += bytes;
	gsp_steps_update(v->o->steps, v->o->server, "verify", -1, v->bytes, v->total,
	    "generation %" PRIu64, v->number);
	return gsp_sig_check(err);
}

/* Read an open file. A failure of the disk is a result, not an error. */
static int
read_file(struct verify *v, int fd, struct read_once *r, struct gsp_err *err)
{
	r->errnum = 0;
	if (gsp_sum_fd(r->sum, &r->size, fd, "a generation's file", on_block, v, err) == 0)
		return 0;
	if (err->code != GSP_EIO)
		return -1;
	r->errnum = err->detail != 0 ? err->detail : EIO;
	gsp_err_clear(err);
	return 0;
}

/* The same for a file by its path, or what is known of it under another name. */
static int
read_path(struct verify *v, const char *path, struct read_once *r, struct gsp_err *err)
{
	/* not a FIFO's end: it may have become one since it was looked at */
	int fd = openat(v->root, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	struct read_once *known;
	struct stat st;
	int rc = -1;

	memset(r, 0, sizeof(*r));
	if (fd == -1 || fstat(fd, &st) == -1) {
		r->errnum = errno;
		rc = 0;
	} else if ((known = gsp_inodes_find(&v->inodes, st.st_ino)) != NULL) {
		*r = *known;
		rc = 0;
	} else if (read_file(v, fd, r, err) == 0) {
		if (st.st_nlink < 2) {
			rc = 0;
		} else if ((known = gsp_inodes_add(&v->inodes, st.st_ino, err)) != NULL) {
			*known = *r;
			rc = 0;
		}
	}
	if (fd != -1)
		close(fd);
	return rc;
}

static int
check_bytes(struct verify *v, const struct gsp_entry *was, struct gsp_err *err)
{
	char wanted[24], found[24];
	struct read_once r;

	if (read_path(v, was->path, &r, err) == -1)
		return -1;
	if (r.errnum != 0) {
		note(v, GSP_VERIFY_UNREADABLE, was->path, NULL, strerror(r.errnum));
	} else if (r.size != was->size) {
		(void)snprintf(wanted, sizeof(wanted), "%" PRIu64, was->size);
		(void)snprintf(found, sizeof(found), "%" PRIu64, r.size);
		note(v, GSP_VERIFY_SIZE, was->path, wanted, found);
	} else if (was->sum[0] == '\0') {
		note(v, GSP_VERIFY_UNPROVEN, was->path, NULL, NULL);
	} else if (strcmp(r.sum, was->sum) != 0) {
		note(v, GSP_VERIFY_CONTENT, was->path, was->sum, r.sum);
	}
	return 0;
}

/* ---- one generation ---- */

static void
check_mode(struct verify *v, const char *path, unsigned wanted, unsigned found)
{
	char a[8], b[8];

	if (wanted == found)
		return;
	(void)snprintf(a, sizeof(a), "%04o", wanted & 0777);
	(void)snprintf(b, sizeof(b), "%04o", found & 0777);
	note(v, GSP_VERIFY_MODE, path, a, b);
}

static int
check_entry(struct verify *v, const struct gsp_entry *was, const struct gsp_entry *is,
    struct gsp_err *err)
{
	if (was->type != is->type) {
		note(v, GSP_VERIFY_TYPE, was->path, type_name(was->type), type_name(is->type));
		return 0;
	}
	if (was->type == 'l') {
		if (strcmp(was->target, is->target) != 0)
			note(v, GSP_VERIFY_TARGET, was->path, was->target, is->target);
		return 0;
	}
	if (was->type == 'f' && check_bytes(v, was, err) == -1)
		return -1;
	/* the directories of a generation have lost their write bits, the list knows the true ones */
	check_mode(v, was->path, was->type == 'd' ? was->mode & 0555 : was->mode, is->mode);
	return 0;
}

static void
missing(struct verify *v, const struct gsp_entry *was)
{
	/* whether it is there nobody knows; the directory is named */
	if (!gsp_path_under_any(was->path, (const char *const *)v->blind.v))
		note(v, GSP_VERIFY_MISSING, was->path, type_name(was->type), NULL);
}

static int
check_lists(struct verify *v, const struct gsp_list *was, const struct gsp_list *is,
    struct gsp_err *err)
{
	size_t i = 0, j = 0;
	int rc = 0;

	while (rc == 0 && !v->failed && (i < was->n || j < is->n)) {
		int c = i == was->n ? 1
		    : j == is->n    ? -1
				    : strcmp(was->v[i].path, is->v[j].path);

		if (c < 0) {
			missing(v, &was->v[i++]);
		} else if (c > 0) {
			note(v, GSP_VERIFY_EXTRA, is->v[j].path, NULL, type_name(is->v[j].type));
			j++;
		} else {
			rc = check_entry(v, &was->v[i++], &is->v[j++], err);
		}
	}
	if (rc == 0 && v->failed)
		rc = gsp_err_set(err, GSP_ESYS, "out of memory");
	return rc;
}

static void
on_odd(void *ctx, const char *path, const char *what)
{
	/* a directory may have its parent's setgid bit, and a save may have holes */
	if (strcmp(what, "socket") == 0 || strcmp(what, "fifo") == 0 || strcmp(what, "device") == 0)
		note(ctx, GSP_VERIFY_EXTRA, path, NULL, what);
}

static void
on_fail(void *ctx, const char *path, const char *why)
{
	struct verify *v = ctx;

	note(v, GSP_VERIFY_UNREADABLE, path, NULL, why);
	gsp_argv_push(&v->blind, path);
}

static int
check_tree(struct verify *v, const struct gsp_list *was, struct gsp_err *err)
{
	struct gsp_list is = GSP_LIST_INIT;
	char dir[PATH_MAX];
	struct stat st;
	int rc = -1;

	if (gsp_history_path(v->o->h, dir, err, "%06" PRIu64, v->number) == -1)
		return -1;
	v->root = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (v->root == -1 || fstat(v->root, &st) == -1) {
		note(v, GSP_VERIFY_UNREADABLE, ".", NULL, strerror(errno));
		rc = 0;
		goto out;
	}
	check_mode(v, ".", st.st_mode & 0555, st.st_mode & 0777);
	if (gsp_list_look(&is, dir, on_odd, on_fail, v, err) == -1)
		goto out;
	v->failed = v->failed || v->blind.failed;
	rc = is.n == 0 && v->blind.n > 0 ? 0 : check_lists(v, was, &is, err);
out:
	if (v->root != -1)
		close(v->root);
	gsp_argv_release(&v->blind);
	gsp_list_release(&is);
	return rc;
}

static int
check_generation(struct verify *v, struct gsp_verify_result *r, struct gsp_err *err)
{
	struct gsp_list was = GSP_LIST_INIT;
	struct gsp_gen g;
	char name[32];
	int rc = 0;

	memset(r, 0, sizeof(*r));
	r->generation = v->number;
	if (gsp_history_list(v->o->h, v->number, &was, err) == -1 ||
	    gsp_history_info(v->o->h, v->number, &g, err) == -1) {
		if (err->code != GSP_EIO) {
			rc = -1;
			goto out;
		}
		(void)snprintf(name, sizeof(name), "%06" PRIu64 ".gsp", v->number);
		note(v, GSP_VERIFY_LIST, name, NULL, err->msg);
		gsp_err_clear(err);
	} else {
		r->kind = g.kind;
		r->files = g.files;
		r->bytes = g.bytes;
		rc = check_tree(v, &was, err);
	}
	if (rc == 0 && v->failed)
		rc = gsp_err_set(err, GSP_ESYS, "out of memory");
out:
	gsp_list_release(&was);
	return rc;
}

/* Tell what was found, unless the generation was taken away under our hands. */
static int
tell(struct verify *v, struct gsp_verify_result *r, struct gsp_err *err)
{
	gsp_verify_notes_sort(&v->notes);
	gsp_verify_judge(r, &v->notes);
	if (r->problems > 0 && gsp_history_gone(v->o->h, v->number)) {
		r->verdict = GSP_VERIFY_GONE;
		r->problems = r->unproven = 0;
	} else {
		for (size_t i = 0; i < v->notes.n; i++) {
			v->notes.v[i].f.generation = v->number;
			if (v->o->finding(v->o->ctx, &v->notes.v[i].f, err) == -1)
				return -1;
		}
	}
	gsp_verify_count(&v->tally, r);
	return v->o->result(v->o->ctx, r, err);
}

static int
verify_one(struct verify *v, uint64_t number, struct gsp_err *err)
{
	struct gsp_verify_result r;
	int rc;

	v->number = number;
	gsp_steps_update(v->o->steps, v->o->server, "verify", -1, v->bytes, v->total,
	    "generation %" PRIu64, number);
	rc = gsp_sig_check(err) == -1 || check_generation(v, &r, err) == -1 ||
		tell(v, &r, err) == -1
	    ? -1
	    : 0;
	gsp_verify_notes_release(&v->notes);
	return rc;
}

/* How much there is to read, for a percentage. Failures come up again when it is read. */
static int
weigh(struct verify *v, const uint64_t *numbers, size_t n, struct gsp_err *err)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_usage *u = NULL;
	char dir[PATH_MAX];
	struct gsp_use use;

	if (gsp_usage_new(&u, err) == -1)
		return -1;
	for (size_t i = n; i-- > 0;)
		if (gsp_history_path(v->o->h, dir, &ignored, "%06" PRIu64, numbers[i]) == 0 &&
		    gsp_usage_measure(u, dir, &use, &ignored) == 0)
			v->total += use.fresh;
	gsp_usage_free(u);
	return 0;
}

static int
verify_all(struct verify *v, struct gsp_err *err)
{
	const uint64_t *numbers = &v->o->only;
	size_t n = 1;

	if (v->o->only == 0)
		gsp_history_numbers(v->o->h, &numbers, &n);
	else if (!gsp_history_has(v->o->h, v->o->only))
		return gsp_err_set(err, GSP_EUNAVAIL, "'%s' has no generation %" PRIu64
		    "; 'gsp saves list %s' shows them", v->o->server, v->o->only, v->o->server);
	if (weigh(v, numbers, n, err) == -1)
		return -1;
	for (size_t i = n; i-- > 0;)
		if (verify_one(v, numbers[i], err) == -1)
			return -1;
	return gsp_verify_sum_up(&v->tally, v->o, err);
}

int
gsp_verify_run(const struct gsp_verify_opts *o, struct gsp_err *err)
{
	struct verify v = {.o = o, .root = -1};
	char size[24];
	int rc;

	gsp_inodes_init(&v.inodes, sizeof(struct read_once));
	gsp_steps_begin(o->steps, o->server, "verify", "looking");
	rc = verify_all(&v, err);
	if (rc == 0)
		gsp_steps_done(o->steps, o->server, "verify", "%zu generation%s, %s read",
		    v.tally.checked, v.tally.checked == 1 ? "" : "s",
		    gsp_num_bytes(size, sizeof(size), v.bytes));
	else
		gsp_steps_fail(o->steps, o->server, "verify", "%s", err->msg);
	gsp_inodes_release(&v.inodes);
	gsp_verify_tally_release(&v.tally);
	return rc;
}
