#include "gsp/list.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* Room for one more element of a growing array. */
static int
grow(void **v, size_t *cap, size_t n, size_t each, struct gsp_err *err)
{
	size_t want;
	void *p;

	if (n < *cap)
		return 0;
	want = *cap < 16 ? 16 : *cap * 2;
	if (want > SIZE_MAX / each || (p = realloc(*v, want * each)) == NULL)
		return gsp_err_set(err, GSP_ESYS, "out of memory for a list of %zu paths", n);
	*v = p;
	*cap = want;
	return 0;
}

static void
entry_release(struct gsp_entry *e)
{
	free(e->path);
	free(e->target);
}

void
gsp_list_release(struct gsp_list *l)
{
	const struct gsp_list empty = GSP_LIST_INIT;

	for (size_t i = 0; i < l->n; i++)
		entry_release(&l->v[i]);
	free(l->v);
	*l = empty;
}

int
gsp_list_add(struct gsp_list *l, const struct gsp_entry *e, struct gsp_err *err)
{
	struct gsp_entry copy = *e;

	if (grow((void **)&l->v, &l->cap, l->n, sizeof(*l->v), err) == -1)
		return -1;
	copy.path = strdup(e->path);
	copy.target = e->target != NULL ? strdup(e->target) : NULL;
	if (copy.path == NULL || (e->target != NULL && copy.target == NULL)) {
		entry_release(&copy);
		return gsp_err_set(err, GSP_ESYS, "out of memory for a list of %zu paths", l->n);
	}
	l->v[l->n++] = copy;
	return 0;
}

static int
by_path(const void *a, const void *b)
{
	return strcmp(((const struct gsp_entry *)a)->path, ((const struct gsp_entry *)b)->path);
}

void
gsp_list_sort(struct gsp_list *l)
{
	if (l->n > 1)
		qsort(l->v, l->n, sizeof(*l->v), by_path);
}

/* The first entry whose path is not smaller than path. */
static size_t
lower_bound(const struct gsp_list *l, const char *path)
{
	size_t lo = 0, hi = l->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (strcmp(l->v[mid].path, path) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

const struct gsp_entry *
gsp_list_find(const struct gsp_list *l, const char *path)
{
	size_t i = lower_bound(l, path);

	return i < l->n && strcmp(l->v[i].path, path) == 0 ? &l->v[i] : NULL;
}

/* How path compares with "top/" + anything: 0 when it starts with it. */
static int
compare_below(const char *path, const char *top, size_t len)
{
	int c = strncmp(path, top, len);

	if (c != 0)
		return c;
	return (unsigned char)path[len] - '/'; /* both have len bytes in common */
}

size_t
gsp_list_below(const struct gsp_list *l, const char *top)
{
	size_t lo = 0, hi = l->n, len = strlen(top);

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (compare_below(l->v[mid].path, top, len) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < l->n && compare_below(l->v[lo].path, top, len) == 0 ? lo : l->n;
}

bool
gsp_path_under(const char *path, const char *top)
{
	size_t len = strlen(top);

	return strncmp(path, top, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

bool
gsp_path_under_any(const char *path, const char *const *tops)
{
	for (; tops != NULL && *tops != NULL; tops++)
		if (gsp_path_under(path, *tops))
			return true;
	return false;
}

bool
gsp_path_clean(const char *path)
{
	size_t len;

	for (;; path += len + 1) {
		len = strcspn(path, "/");
		if (len == 0 || (len == 1 && path[0] == '.') ||
		    (len == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		if (path[len] == '\0')
			return true;
	}
}

void
gsp_list_sum(const struct gsp_list *l, const char *top, uint64_t *files, uint64_t *bytes)
{
	*files = *bytes = 0;
	for (size_t i = 0; i < l->n; i++) {
		const struct gsp_entry *e = &l->v[i];

		if (e->type != 'f' || (*top != '\0' && !gsp_path_under(e->path, top)))
			continue;
		(*files)++;
		*bytes += e->size;
	}
}

void
gsp_list_drop(struct gsp_list *l, const char *const *tops)
{
	size_t kept = 0;

	for (size_t i = 0; i < l->n; i++) {
		if (gsp_path_under_any(l->v[i].path, tops))
			entry_release(&l->v[i]);
		else
			l->v[kept++] = l->v[i];
	}
	l->n = kept;
}

void
gsp_diff_release(struct gsp_diff *d)
{
	const struct gsp_diff empty = GSP_DIFF_INIT;

	for (size_t i = 0; i < d->n; i++)
		free(d->v[i].path);
	free(d->v);
	*d = empty;
}

int
gsp_diff_add(struct gsp_diff *d, const char *path, enum gsp_change change, struct gsp_err *err)
{
	char *copy;

	if (grow((void **)&d->v, &d->cap, d->n, sizeof(*d->v), err) == -1)
		return -1;
	if ((copy = strdup(path)) == NULL)
		return gsp_err_set(err, GSP_ESYS, "out of memory for a list of %zu paths", d->n);
	d->v[d->n].path = copy;
	d->v[d->n++].change = change;
	return 0;
}

const struct gsp_diff_item *
gsp_diff_find(const struct gsp_diff *d, const char *path)
{
	size_t lo = 0, hi = d->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = strcmp(d->v[mid].path, path);

		if (c == 0)
			return &d->v[mid];
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

bool
gsp_entry_same(const struct gsp_entry *a, const struct gsp_entry *b)
{
	bool modes_known = a->mode != GSP_MODE_UNKNOWN && b->mode != GSP_MODE_UNKNOWN;

	if (a->type != b->type)
		return false;
	if (a->type == 'd')
		return !modes_known || a->mode == b->mode;
	if (a->type == 'l')
		return strcmp(a->target, b->target) == 0;
	if (a->mode != b->mode || a->size != b->size)
		return false;
	if (a->sum[0] != '\0' && b->sum[0] != '\0')
		return strcmp(a->sum, b->sum) == 0;
	return a->mtime_s == b->mtime_s && a->mtime_ns == b->mtime_ns;
}

int
gsp_list_diff(struct gsp_diff *out, const struct gsp_list *from, const struct gsp_list *to,
    struct gsp_err *err)
{
	size_t i = 0, j = 0;
	int rc = 0;

	while (rc == 0 && (i < from->n || j < to->n)) {
		int c = i == from->n ? 1
		    : j == to->n     ? -1
				     : strcmp(from->v[i].path, to->v[j].path);

		if (c < 0) {
			rc = gsp_diff_add(out, from->v[i++].path, GSP_REMOVED, err);
		} else if (c > 0) {
			rc = gsp_diff_add(out, to->v[j++].path, GSP_ADDED, err);
		} else {
			if (!gsp_entry_same(&from->v[i], &to->v[j]))
				rc = gsp_diff_add(out, to->v[j].path, GSP_CHANGED, err);
			i++;
			j++;
		}
	}
	return rc;
}
