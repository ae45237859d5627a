/*
 * discord/command: the slash command /server, as Discord wants it registered, and whether what is
 * registered is the same.
 *
 * Source: Discord API v10, "Application Commands" (2026-08).
 */
#ifndef GSP_DISCORD_COMMAND_H
#define GSP_DISCORD_COMMAND_H

#include <stdbool.h>

#include "fmt/json.h"

/** gsp_command_all(): the array for PUT .../commands. Free with gsp_json_free(). */
struct gsp_json *gsp_command_all(void);

/** gsp_command_same(ours, theirs): ${theirs} (an answer of Discord, which adds ids, versions and
 * defaults of its own) says what ${ours} does. */
bool gsp_command_same(const struct gsp_json *ours, const struct gsp_json *theirs);

#endif
