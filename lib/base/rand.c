#include "base/rand.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/banned.h"

void
gsp_rand_bytes(void *p, size_t n)
{
	unsigned char *c = p;
	ssize_t got;

	while (n > 0) {
		got = getrandom(c, n, 0);
		if (got < 0) {
			if (errno == EINTR)
				continue;
			abort();
		}
		c += got;
		n -= (size_t)got;
	}
}

uint32_t
gsp_rand_below(uint32_t n)
{
	uint32_t limit = UINT32_MAX - UINT32_MAX % n; /* beyond it the rest would be uneven */
	uint32_t v;

	do
		gsp_rand_bytes(&v, sizeof(v));
	while (v >= limit);
	return v % n;
}

void
gsp_rand_id(char *buf, size_t n)
{
	static const char set[] = "abcdefghjkmnpqrstuvwxyz23456789";

	for (size_t i = 0; i < n; i++)
		buf[i] = set[gsp_rand_below(i == 0 ? 23 : (uint32_t)sizeof(set) - 1)];
	buf[n] = '\0';
}
