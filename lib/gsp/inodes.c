#include "gsp/inodes.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

void
gsp_inodes_init(struct gsp_inodes *t, size_t size)
{
	memset(t, 0, sizeof(*t));
	/* whole words, so that the next slot is aligned */
	t->each = sizeof(uint64_t) * (1 + (size + sizeof(uint64_t) - 1) / sizeof(uint64_t));
}

void
gsp_inodes_release(struct gsp_inodes *t)
{
	free(t->slots);
	t->slots = NULL;
	t->n = t->cap = 0;
}

static uint64_t *
slot(const struct gsp_inodes *t, size_t i)
{
	return (uint64_t *)(void *)(t->slots + i * t->each);
}

/* Where ino is, or where it would go. Inodes are handed out in order: spread them. cap is a
 * power of two, and never full. */
static uint64_t *
place(const struct gsp_inodes *t, uint64_t ino)
{
	size_t i = (size_t)((ino * UINT64_C(0x9e3779b97f4a7c15)) >> 20) & (t->cap - 1);

	while (*slot(t, i) != 0 && *slot(t, i) != ino)
		i = (i + 1) & (t->cap - 1);
	return slot(t, i);
}

void *
gsp_inodes_find(const struct gsp_inodes *t, uint64_t ino)
{
	uint64_t *s = t->cap > 0 && ino != 0 ? place(t, ino) : NULL;

	return s != NULL && *s == ino ? s + 1 : NULL;
}

static int
grow(struct gsp_inodes *t, struct gsp_err *err)
{
	struct gsp_inodes more = *t;

	more.cap = t->cap == 0 ? 1024 : t->cap * 2;
	if (more.cap > SIZE_MAX / t->each || (more.slots = calloc(more.cap, t->each)) == NULL)
		return gsp_err_set(err, GSP_ESYS, "out of memory for %zu inodes", t->n);
	for (size_t i = 0; i < t->cap; i++)
		if (*slot(t, i) != 0)
			memcpy(place(&more, *slot(t, i)), slot(t, i), t->each);
	free(t->slots);
	*t = more;
	return 0;
}

void *
gsp_inodes_add(struct gsp_inodes *t, uint64_t ino, struct gsp_err *err)
{
	uint64_t *s;

	if ((t->n + 1) * 3 > t->cap * 2 && grow(t, err) == -1)
		return NULL;
	s = place(t, ino);
	assert(ino != 0 && *s == 0);
	*s = ino;
	t->n++;
	return s + 1;
}
