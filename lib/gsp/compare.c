#include "gsp/compare.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gsp/history_priv.h"
#include "sys/sig.h"
#include "sys/sum.h"

#include "base/banned.h"

const char *
gsp_delta_path(const struct gsp_delta *d)
{
	return d->to != NULL ? d->to->path : d->from->path;
}

char
gsp_delta_type(const struct gsp_delta *d)
{
	return d->to != NULL ? d->to->type : d->from->type;
}

static int
add(struct gsp_deltas *d, const struct gsp_delta *one, struct gsp_err *err)
{
	if (d->n == d->cap) {
		size_t want = d->cap == 0 ? 64 : d->cap * 2;
		struct gsp_delta *v = realloc(d->v, want * sizeof(*v));

		if (v == NULL)
			return gsp_err_set(err, GSP_ESYS, "out of memory for %zu differences", d->n);
		d->v = v;
		d->cap = want;
	}
	d->v[d->n++] = *one;
	return 0;
}

void
gsp_deltas_release(struct gsp_deltas *d)
{
	const struct gsp_deltas empty = GSP_DELTAS_INIT;

	free(d->v);
	*d = empty;
}

/* In what respect two entries of one path differ, that are not the same. */
static const char *
respect(const struct gsp_entry *a, const struct gsp_entry *b)
{
	struct gsp_entry like;

	if (a->type != b->type)
		return "type";
	if (a->type == 'l')
		return "target";
	like = *b;
	like.mode = a->mode;
	return gsp_entry_same(a, &like) ? "mode" : "content";
}

int
gsp_deltas_make(struct gsp_deltas *out, const struct gsp_list *from, const struct gsp_list *to,
    struct gsp_err *err)
{
	size_t i = 0, j = 0;
	int rc = 0;

	while (rc == 0 && (i < from->n || j < to->n)) {
		int c = i == from->n ? 1
		    : j == to->n     ? -1
				     : strcmp(from->v[i].path, to->v[j].path);
		struct gsp_delta d = {GSP_CHANGED, NULL, NULL, NULL};

		if (c <= 0)
			d.from = &from->v[i++];
		if (c >= 0)
			d.to = &to->v[j++];
		if (c == 0 && gsp_entry_same(d.from, d.to))
			continue;
		if (c == 0)
			d.what = respect(d.from, d.to);
		else
			d.change = c < 0 ? GSP_REMOVED : GSP_ADDED;
		rc = add(out, &d, err);
	}
	return rc;
}

static uint64_t
weight(const struct gsp_delta *d)
{
	uint64_t from = d->from != NULL ? d->from->size : 0, to = d->to != NULL ? d->to->size : 0;

	return from > to ? from : to;
}

static int
by_weight(const void *a, const void *b)
{
	uint64_t x = weight(a), y = weight(b);

	return x != y ? (x < y) - (x > y) : strcmp(gsp_delta_path(a), gsp_delta_path(b));
}

void
gsp_deltas_by_size(struct gsp_deltas *d)
{
	if (d->n > 1)
		qsort(d->v, d->n, sizeof(*d->v), by_weight);
}

static int
on_block(void *ctx, uint64_t bytes, struct gsp_err *err)
{
	(void)ctx;
	(void)bytes;
	return gsp_sig_check(err);
}

/* Read one file of files/ for its checksum. */
static int
read_sum(struct gsp_entry *e, int root, const char *dir, struct gsp_err *err)
{
	/* not a FIFO's end: it may have become one since it was looked at */
	int fd = openat(root, e->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	int rc;

	if (fd == -1)
		return gsp_err_sys(err, GSP_EIO, errno, "cannot open '%s/%s'", dir, e->path);
	rc = gsp_sum_fd(e->sum, &e->size, fd, e->path, on_block, NULL, err);
	close(fd);
	return rc;
}

int
gsp_compare_files(const struct gsp_history *h, const struct gsp_list *was, struct gsp_list *out,
    struct gsp_err *err)
{
	int root, rc = 0;

	if (gsp_list_walk(out, h->files, h->exclude, NULL, NULL, err) == -1)
		return -1;
	if (out->n == 0)
		return 0;
	if ((root = open(h->files, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return gsp_err_sys(err, GSP_EIO, errno, "cannot read the directory '%s'", h->files);
	for (size_t i = 0; rc == 0 && i < out->n; i++) {
		struct gsp_entry *e = &out->v[i];
		const struct gsp_entry *w = gsp_list_find(was, e->path);

		if (w != NULL && w->type == 'f' && e->type == 'f' && w->size == e->size &&
		    w->sum[0] != '\0' && (w->mtime_s != e->mtime_s || w->mtime_ns != e->mtime_ns))
			rc = read_sum(e, root, h->files, err);
	}
	close(root);
	return rc;
}
