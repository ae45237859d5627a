/* Any bytes as what a Minecraft server sends: an error, or a count within its bounds. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "query/minecraft.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gsp_query q = GSP_QUERY_INIT;
	struct gsp_err err = GSP_ERR_INIT;
	size_t at = 0, n = 0;
	int rc = gsp_minecraft_frame(&at, &n, data, size, &err);

	assert(rc != -1 || err.msg[0] != '\0');
	if (rc == 1) {
		assert(at <= size && n > 0 && n <= GSP_MINECRAFT_MAX);
		if (size - at >= n && gsp_minecraft_status(&q, data + at, n, &err) == 0) {
			assert(q.players <= GSP_QUERY_PLAYERS_MAX && q.max >= -1);
			assert(q.names.n <= GSP_QUERY_NAMES_MAX);
			for (size_t i = 0; i < q.names.n; i++)
				assert(strlen(q.names.v[i]) <= GSP_QUERY_NAME_MAX);
		}
	}
	gsp_query_release(&q);
	return 0;
}
