#include "base/nearest.h"

#include <stddef.h>
#include <string.h>

#include "base/banned.h"

enum { WORD_MAX = 64 };

static size_t
min2(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Edit distance with swapped neighbours counted once, three rows at a time. */
static size_t
distance(const char *a, size_t na, const char *b, size_t nb)
{
	size_t rows[3][WORD_MAX + 1];
	size_t *before = rows[0], *prev = rows[1], *cur = rows[2], *t;

	for (size_t j = 0; j <= nb; j++) {
		prev[j] = j;
		before[j] = j;
	}
	for (size_t i = 1; i <= na; i++) {
		cur[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			cur[j] = min2(min2(prev[j], cur[j - 1]) + 1,
			    prev[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				cur[j] = min2(cur[j], before[j - 2] + 1);
		}
		t = before;
		before = prev;
		prev = cur;
		cur = t;
	}
	return prev[nb];
}

const char *
gsp_nearest(const char *word, const char *const *known)
{
	size_t n = strlen(word), best = (size_t)-1, d, len;
	const char *found = NULL;

	if (n == 0 || n > WORD_MAX)
		return NULL;
	for (; *known != NULL; known++) {
		len = strlen(*known);
		if (len > WORD_MAX)
			continue;
		d = distance(word, n, *known, len);
		/* a typo changes a small part of a word, never all of it */
		if (d < best && d <= 1 + (n > len ? n : len) / 4 && d < len) {
			best = d;
			found = *known;
		}
	}
	return found;
}
