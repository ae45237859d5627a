#include "sys/sum.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <xxhash.h>

#include "base/banned.h"

static int
read_all(XXH3_state_t *state, uint64_t *size, int fd, const char *what, gsp_sum_fn *fn, void *ctx,
    struct gsp_err *err)
{
	static unsigned char block[256 * 1024]; /* one thread; too much for a stack */
	ssize_t n;

	*size = 0;
	for (;;) {
		n = read(fd, block, sizeof(block));
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		(void)XXH3_128bits_update(state, block, (size_t)n);
		*size += (uint64_t)n;
		if (fn != NULL && fn(ctx, (uint64_t)n, err) == -1)
			return -1;
	}
	if (n == -1) {
		int why = errno;

		gsp_err_sys(err, GSP_EIO, why, "cannot read '%s'", what);
		err->detail = why;
		return -1;
	}
	return 0;
}

int
gsp_sum_fd(char hex[GSP_SUM_TEXT], uint64_t *size, int fd, const char *what, gsp_sum_fn *fn,
    void *ctx, struct gsp_err *err)
{
	XXH3_state_t *state = XXH3_createState();
	XXH128_canonical_t sum; /* big endian: rsync prints its digits in this order */
	int rc = -1;

	if (state == NULL)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	(void)XXH3_128bits_reset(state);
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	if (read_all(state, size, fd, what, fn, ctx, err) == -1)
		goto out;
	XXH128_canonicalFromHash(&sum, XXH3_128bits_digest(state));
	for (size_t i = 0; i < sizeof(sum.digest); i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", sum.digest[i]);
	rc = 0;
out:
	(void)XXH3_freeState(state);
	return rc;
}
