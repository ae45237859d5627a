/* Any bytes as a pong. The first eight after its id are taken for our nonce, so that it gets in. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "query/bedrock.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t nonce[GSP_BEDROCK_NONCE] = {0};
	struct gsp_query q = GSP_QUERY_INIT;
	struct gsp_err err = GSP_ERR_INIT;
	int rc;

	if (size > sizeof(nonce))
		memcpy(nonce, data + 1, sizeof(nonce));
	rc = gsp_bedrock_pong(&q, nonce, data, size, &err);
	assert(rc != -1 || (err.code == GSP_EPROTO && err.msg[0] != '\0'));
	assert(rc != 1 || (q.players <= GSP_QUERY_PLAYERS_MAX && q.max >= -1));
	nonce[0] ^= 1;
	assert(gsp_bedrock_pong(&q, nonce, data, size, &err) == 0);
	gsp_query_release(&q);
	return 0;
}
