/* Any datagrams as A2S's answers, each a 16-bit little-endian length and that many bytes: whole
 * ones are read as info and as players, parts are joined. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "query/a2s.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
whole(const uint8_t *data, size_t size)
{
	struct gsp_query q = GSP_QUERY_INIT;
	struct gsp_err err = GSP_ERR_INIT;
	unsigned bots = 0;

	if (gsp_a2s_info(&q, &bots, data, size, &err) == 0)
		assert(q.players + bots <= 255 && q.max >= 0 && q.max <= 255);
	else
		assert(err.code == GSP_EPROTO && err.msg[0] != '\0');
	if (gsp_a2s_letter(data, size) == 'D' && !gsp_a2s_names(&q, data, size))
		assert(q.names.n == 0);
	assert(q.names.n <= GSP_QUERY_NAMES_MAX);
	gsp_query_release(&q);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gsp_buf out = GSP_BUF_INIT(GSP_A2S_BYTES_MAX + 1);
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_a2s_split s;

	gsp_a2s_split_init(&s);
	while (size >= 2) {
		size_t n = (size_t)data[0] | (size_t)data[1] << 8;
		uint8_t *one;

		data += 2;
		size -= 2;
		n = n < size ? n : size;
		if ((one = malloc(n > 0 ? n : 1)) == NULL) /* its own, so that a read past its end is seen */
			abort();
		if (n > 0)
			memcpy(one, data, n);
		if (!gsp_a2s_split_is(one, n))
			whole(one, n);
		else if (gsp_a2s_split_add(&s, &out, one, n, &err) == 1) {
			assert(out.len <= GSP_A2S_BYTES_MAX);
			whole((const uint8_t *)out.data, out.len);
			gsp_a2s_split_release(&s);
		}
		assert(s.n <= GSP_A2S_PARTS_MAX && s.bytes <= GSP_A2S_BYTES_MAX);
		free(one);
		data += n;
		size -= n;
	}
	gsp_a2s_split_release(&s);
	gsp_buf_release(&out);
	return 0;
}
