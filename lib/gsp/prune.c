#include "gsp/prune.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/num.h"
#include "gsp/keep.h"
#include "sys/sig.h"

#include "base/banned.h"

void
gsp_prune_release(struct gsp_prune *p)
{
	const struct gsp_prune none = GSP_PRUNE_INIT;

	free(p->v);
	*p = none;
}

/* ---- what is needed ---- */

/* All that is looked at, ascending by number. */
struct table {
	struct gsp_kept *v;
	size_t n;
};

static int
by_number(const void *a, const void *b)
{
	uint64_t x = ((const struct gsp_kept *)a)->gen.number;
	uint64_t y = ((const struct gsp_kept *)b)->gen.number;

	return (x > y) - (x < y);
}

static struct gsp_kept *
row(const struct table *t, uint64_t number)
{
	struct gsp_kept key;

	if (number == 0 || t->n == 0)
		return NULL;
	memset(&key, 0, sizeof(key));
	key.gen.number = number;
	return bsearch(&key, t->v, t->n, sizeof(*t->v), by_number);
}

static void
need(struct table *t, uint64_t number)
{
	struct gsp_kept *k = row(t, number);

	if (k != NULL)
		k->why |= GSP_KEEP_NEEDED;
}

/* Both, and everything down to where they parted: whether one was made from the other is read
 * from the generations in between. Nothing in common, or it is gone: then nothing in between
 * tells anybody anything. */
static void
need_line(struct table *t, const struct gsp_history *h, uint64_t a, uint64_t b)
{
	uint64_t common = a != 0 && b != 0 ? gsp_history_common(h, a, b) : 0;
	const uint64_t ends[2] = {a, b};

	for (int i = 0; i < 2; i++) {
		const struct gsp_kept *k = row(t, ends[i]);

		need(t, ends[i]);
		while (common != 0 && k != NULL && k->gen.number > common && k->gen.parent < k->gen.number) {
			need(t, k->gen.parent);
			k = row(t, k->gen.parent);
		}
	}
}

/* An edit, and an edit of an edit, is merged by what it was made from. */
static void
need_origin(struct table *t, uint64_t number)
{
	struct gsp_kept *k = row(t, number);

	while (k != NULL && k->gen.kind == GSP_GEN_EDIT && k->gen.parent < k->gen.number) {
		need(t, k->gen.parent);
		k = row(t, k->gen.parent);
	}
}

/* The machine's marker names its base and its save; the journal knows both, or BASE is the one
 * that it does not know yet. Whatever was made since is the session's business, too. */
static void
need_session(struct table *t, const struct gsp_session *s)
{
	if (s == NULL)
		return;
	need(t, s->base);
	need(t, s->saved);
	for (size_t i = 0; i < t->n; i++)
		if ((s->base != 0 && t->v[i].gen.number > s->base) ||
		    strcmp(t->v[i].gen.session, s->id) == 0)
			t->v[i].why |= GSP_KEEP_NEEDED;
}

static int
mark_needed(struct table *t, struct gsp_job *job, struct gsp_history *h, struct gsp_err *err)
{
	uint64_t base = gsp_history_base(h), newest = gsp_history_newest(h);
	struct gsp_next next;

	if (gsp_history_next(h, &next, err) == -1)
		return -1;
	need_line(t, h, base, newest);
	need_line(t, h, base, next.number);
	need_line(t, h, base, next.edit);
	need_origin(t, base);
	need_origin(t, newest);
	need_origin(t, next.edit);
	need_session(t, job->session);
	return 0;
}

static int
load_table(struct table *t, struct gsp_job *job, struct gsp_history *h, struct gsp_err *err)
{
	struct gsp_err why = GSP_ERR_INIT;
	const uint64_t *numbers;
	size_t n;

	gsp_history_numbers(h, &numbers, &n);
	if ((t->v = calloc(n + 1, sizeof(*t->v))) == NULL)
		return gsp_err_set(err, GSP_ESYS, "out of memory for %zu generations", n);
	for (size_t i = 0; i < n; i++)
		if (gsp_history_info(h, numbers[i], &t->v[t->n].gen, &why) == 0)
			t->n++;
		else /* it is in no table, so it stays */
			gsp_steps_warn(job->steps, job->server, "generation %" PRIu64 " is left alone: %s",
			    numbers[i], why.msg);
	return 0;
}

/* ---- what it frees ---- */

/* One file of a generation that goes. */
struct place {
	dev_t dev;
	ino_t ino;
	nlink_t links;   /* names it has anywhere */
	uint64_t bytes;  /* on disk */
	size_t item;     /* the generation, as a place in the plan */
};
struct places {
	struct place *v;
	size_t n, cap;
};

static int
by_inode(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	if (x->ino != y->ino)
		return x->ino < y->ino ? -1 : 1;
	return (x->item > y->item) - (x->item < y->item);
}

static int
add_place(struct places *p, const struct stat *st, size_t item, struct gsp_err *err)
{
	if (p->n == p->cap) {
		size_t want = p->cap == 0 ? 1024 : p->cap * 2;
		struct place *v = realloc(p->v, want * sizeof(*v));

		if (v == NULL)
			return gsp_err_set(err, GSP_ESYS, "out of memory");
		p->v = v;
		p->cap = want;
	}
	p->v[p->n++] = (struct place){st->st_dev, st->st_ino, st->st_nlink,
	    (uint64_t)st->st_blocks * 512, item};
	return 0;
}

static int
add_places(struct places *p, const struct gsp_history *h, uint64_t number, size_t item,
    struct gsp_err *err)
{
	struct gsp_buf dir = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_list l = GSP_LIST_INIT;
	struct stat st;
	int root = -1, rc = -1;

	if (gsp_history_gen_dir(h, number, &dir, err) == -1 ||
	    gsp_list_walk(&l, gsp_buf_str(&dir), NULL, NULL, NULL, err) == -1)
		goto out;
	if ((root = open(gsp_buf_str(&dir), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1) {
		gsp_err_sys(err, GSP_EIO, errno, "cannot open '%s'", gsp_buf_str(&dir));
		goto out;
	}
	for (size_t i = 0; i < l.n; i++)
		if (l.v[i].type == 'f' && fstatat(root, l.v[i].path, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    add_place(p, &st, item, err) == -1)
			goto out;
	rc = 0;
out:
	if (root != -1)
		close(root);
	gsp_list_release(&l);
	gsp_buf_release(&dir);
	return rc;
}

/* A file's blocks go with the last of its names, if all of them are in what goes. */
static int
count_freed(struct gsp_prune *out, const struct gsp_history *h, struct gsp_err *err)
{
	struct places p = {NULL, 0, 0};
	size_t end;
	int rc = -1;

	for (size_t i = 0; i < out->n; i++)
		if (gsp_sig_check(err) == -1 || add_places(&p, h, out->v[i].gen.number, i, err) == -1)
			goto out;
	if (p.n > 1)
		qsort(p.v, p.n, sizeof(*p.v), by_inode);
	for (size_t i = 0; i < p.n; i = end) {
		for (end = i + 1; end < p.n && p.v[end].dev == p.v[i].dev && p.v[end].ino == p.v[i].ino;)
			end++;
		if (p.v[i].links > end - i)
			continue;
		out->v[p.v[end - 1].item].frees += p.v[i].bytes;
		out->frees += p.v[i].bytes;
	}
	rc = 0;
out:
	free(p.v);
	return rc;
}

/* ---- the plan ---- */

/* Everything but its bytes: reading those is gsp-saves verify's work. */
static int
check_newest(struct gsp_job *job, const struct gsp_history *h, struct gsp_err *err)
{
	struct gsp_list was = GSP_LIST_INIT, is = GSP_LIST_INIT;
	struct gsp_buf dir = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_diff d = GSP_DIFF_INIT;
	uint64_t n = gsp_history_newest(h);
	int rc = -1;

	if (n == 0)
		return 0;
	if (gsp_history_gen_dir(h, n, &dir, err) == -1 || gsp_history_list(h, n, &was, err) == -1 ||
	    gsp_list_walk(&is, gsp_buf_str(&dir), NULL, NULL, NULL, err) == -1)
		goto out;
	for (size_t i = 0; i < is.n; i++)
		if (is.v[i].type == 'd')
			is.v[i].mode = GSP_MODE_UNKNOWN;
	if (gsp_list_diff(&d, &was, &is, err) == -1)
		goto out;
	rc = d.n == 0 ? 0
	    : gsp_err_set(err, GSP_EREFUSED, "generation %" PRIu64 " of '%s', the newest, is damaged "
	          "('%s' is not as it was); nothing was removed: 'gsp saves verify %s' tells which are "
	          "whole, 'gsp saves restore %s N' goes back to one", n, job->server, d.v[0].path,
	          job->server, job->server);
out:
	gsp_list_release(&was);
	gsp_list_release(&is);
	gsp_diff_release(&d);
	gsp_buf_release(&dir);
	return rc;
}

int
gsp_prune_plan(struct gsp_prune *out, struct gsp_job *job, struct gsp_history *h,
    const struct gsp_keep *keep, struct gsp_err *err)
{
	struct gsp_prune p = GSP_PRUNE_INIT;
	struct table t = {NULL, 0};
	int rc = -1;

	if (load_table(&t, job, h, err) == -1 || mark_needed(&t, job, h, err) == -1 ||
	    gsp_keep_apply(keep, t.v, t.n, err) == -1)
		goto out;
	if ((p.v = calloc(t.n + 1, sizeof(*p.v))) == NULL) {
		gsp_err_set(err, GSP_ESYS, "out of memory");
		goto out;
	}
	for (size_t i = 0; i < t.n; i++)
		if (t.v[i].why == 0)
			p.v[p.n++].gen = t.v[i].gen;
		else
			p.stay++;
	if (p.n > 0 && (check_newest(job, h, err) == -1 || count_freed(&p, h, err) == -1))
		goto out;
	gsp_prune_release(out);
	*out = p;
	p.v = NULL;
	rc = 0;
out:
	free(p.v);
	free(t.v);
	return rc;
}

int
gsp_prune_carry_out(const struct gsp_prune *p, struct gsp_job *job, struct gsp_history *h,
    struct gsp_err *err)
{
	char size[24];

	gsp_steps_begin(job->steps, job->server, "prune", "removing %zu generations", p->n);
	for (size_t i = 0; i < p->n; i++) {
		gsp_steps_update(job->steps, job->server, "prune", (int)(i * 100 / p->n), 0, 0,
		    "generation %" PRIu64, p->v[i].gen.number);
		if (gsp_sig_check(err) == -1 || gsp_history_remove(h, p->v[i].gen.number, err) == -1) {
			gsp_steps_fail(job->steps, job->server, "prune", "%s", err->msg);
			return -1;
		}
	}
	gsp_steps_done(job->steps, job->server, "prune", "%zu generations are gone, %s freed, %zu stay",
	    p->n, gsp_num_bytes(size, sizeof(size), p->frees), p->stay);
	return 0;
}
