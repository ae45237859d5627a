/*
 * discord/snowflake: Discord's ids: 64 bits, as text in JSON, with the time of their making in them.
 * Source: Discord API v10, "Snowflakes".
 */
#ifndef GSP_DISCORD_SNOWFLAKE_H
#define GSP_DISCORD_SNOWFLAKE_H

#include <stdbool.h>
#include <stdint.h>

/** gsp_snowflake_ok(s): 1 to 20 digits, within uint64. gsp_snowflake_ms(s): its time, milliseconds
 * since 1970. */
bool gsp_snowflake_ok(const char *s);
int64_t gsp_snowflake_ms(const char *s);

#endif
