/*
 * discord/perms: what a member of a guild may do in one of its channels, from the guild's roles and
 * the channel's overwrites.
 *
 * Source: Discord API v10, "Permissions": "Permission Hierarchy", "Permission Overwrites", "Implicit
 * Permissions", and the table of bits (2026-08).
 */
#ifndef GSP_DISCORD_PERMS_H
#define GSP_DISCORD_PERMS_H

#include <stddef.h>
#include <stdint.h>

#include "fmt/json.h"

#define GSP_PERM_ADMINISTRATOR (UINT64_C(1) << 3)
#define GSP_PERM_VIEW_CHANNEL (UINT64_C(1) << 10)
#define GSP_PERM_SEND_MESSAGES (UINT64_C(1) << 11)
#define GSP_PERM_EMBED_LINKS (UINT64_C(1) << 14)
#define GSP_PERM_READ_MESSAGE_HISTORY (UINT64_C(1) << 16)
#define GSP_PERM_SEND_IN_THREADS (UINT64_C(1) << 38)

/* What the bot is invited with; nothing else is needed. */
#define GSP_PERM_BOT                                                                          \
	(GSP_PERM_VIEW_CHANNEL | GSP_PERM_SEND_MESSAGES | GSP_PERM_EMBED_LINKS |              \
	    GSP_PERM_READ_MESSAGE_HISTORY | GSP_PERM_SEND_IN_THREADS)

/** gsp_perm_name(bit): "View Channel", ... as Discord's settings call it; one of the above. */
const char *gsp_perm_name(uint64_t bit);

/**
 * gsp_perms(guild, owner, roles, member, channel):
 * ${guild}: its id. ${owner}: its owner's id; NULL: not known. ${roles}: the guild's, an array.
 * ${member}: the guild member object, with its user. ${channel}: its permission_overwrites count (of
 * a thread: give the channel that it hangs on); NULL: the guild as a whole.
 * What cannot be read gives nothing. All bits for the owner and for administrators.
 */
uint64_t gsp_perms(const char *guild, const char *owner, const struct gsp_json *roles,
    const struct gsp_json *member, const struct gsp_json *channel);

#endif
