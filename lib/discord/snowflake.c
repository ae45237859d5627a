#include "discord/snowflake.h"

#include <string.h>

#include "base/num.h"

#include "base/banned.h"

#define EPOCH_MS INT64_C(1420070400000) /* 2015-01-01. Source: Discord API v10, "Snowflakes" */

bool
gsp_snowflake_ok(const char *s)
{
	uint64_t n;

	return s[0] >= '0' && s[0] <= '9' && strlen(s) <= 20 && gsp_num_u64(&n, s, 0, UINT64_MAX) == 0;
}

int64_t
gsp_snowflake_ms(const char *s)
{
	uint64_t n = 0;

	if (!gsp_snowflake_ok(s) || gsp_num_u64(&n, s, 0, UINT64_MAX) == -1)
		return 0;
	return (int64_t)(n >> 22) + EPOCH_MS;
}
