#include "discord/perms.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"

#include "base/banned.h"

static const struct {
	uint64_t bit;
	const char *name;
} names[] = {{GSP_PERM_ADMINISTRATOR, "Administrator"}, {GSP_PERM_VIEW_CHANNEL, "View Channel"},
    {GSP_PERM_SEND_MESSAGES, "Send Messages"}, {GSP_PERM_EMBED_LINKS, "Embed Links"},
    {GSP_PERM_READ_MESSAGE_HISTORY, "Read Message History"},
    {GSP_PERM_SEND_IN_THREADS, "Send Messages in Threads"}};

const char *
gsp_perm_name(uint64_t bit)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].bit == bit)
			return names[i].name;
	assert(0);
	return "";
}

/* A set is a decimal string: more bits than a double can hold. */
static uint64_t
set_of(const struct gsp_json *obj, const char *key)
{
	uint64_t set;

	return gsp_num_u64(&set, gsp_json_str(obj, key, ""), 0, UINT64_MAX) == 0 ? set : 0;
}

static bool
is_id(const struct gsp_json *obj, const char *id)
{
	return *id != '\0' && strcmp(gsp_json_str(obj, "id", ""), id) == 0;
}

static bool
has_role(const struct gsp_json *member, const char *id)
{
	const struct gsp_json *list = gsp_json_get(member, "roles");

	for (const struct gsp_json *r = gsp_json_first(list); r != NULL; r = gsp_json_next(r))
		if (strcmp(gsp_json_text(r, ""), id) == 0)
			return true;
	return false;
}

/* Of the guild, before any channel: everybody's role has the guild's id. */
static uint64_t
base(const char *guild, const struct gsp_json *roles, const struct gsp_json *member)
{
	uint64_t set = 0;

	for (const struct gsp_json *r = gsp_json_first(roles); r != NULL; r = gsp_json_next(r))
		if (is_id(r, guild) || has_role(member, gsp_json_str(r, "id", "")))
			set |= set_of(r, "permissions");
	return set;
}

/* In three steps, each taking before it gives: everybody's, that of all roles together, the
 * member's own. */
static uint64_t
overwrite(uint64_t set, const char *guild, const char *user, const struct gsp_json *member,
    const struct gsp_json *channel)
{
	const struct gsp_json *list = gsp_json_get(channel, "permission_overwrites");
	uint64_t deny[3] = {0}, allow[3] = {0};

	for (const struct gsp_json *o = gsp_json_first(list); o != NULL; o = gsp_json_next(o)) {
		const char *id = gsp_json_str(o, "id", "");
		uint64_t type = gsp_json_u64(o, "type", 9); /* 0 a role's, 1 a member's */
		int step;

		if (type == 1 && strcmp(id, user) == 0)
			step = 2;
		else if (type == 0 && strcmp(id, guild) == 0)
			step = 0;
		else if (type == 0 && has_role(member, id))
			step = 1;
		else
			continue;
		deny[step] |= set_of(o, "deny");
		allow[step] |= set_of(o, "allow");
	}
	for (int i = 0; i < 3; i++)
		set = (set & ~deny[i]) | allow[i];
	return set;
}

/* Who cannot see a channel can do nothing there; who cannot write has nothing to write. */
static uint64_t
implied(uint64_t set)
{
	if ((set & GSP_PERM_VIEW_CHANNEL) == 0)
		return 0;
	if ((set & (GSP_PERM_SEND_MESSAGES | GSP_PERM_SEND_IN_THREADS)) == 0)
		set &= ~GSP_PERM_EMBED_LINKS;
	return set;
}

/* "2026-11-22T19:00:00.000000+00:00": always UTC, so the rest says nothing. */
static bool
in_time_out(const struct gsp_json *member)
{
	char text[20];
	int64_t until;

	gsp_json_copy(text, sizeof(text), member, "communication_disabled_until");
	return gsp_clock_parse(&until, text) == 0 && until > gsp_wall_s();
}

uint64_t
gsp_perms(const char *guild, const char *owner, const struct gsp_json *roles,
    const struct gsp_json *member, const struct gsp_json *channel)
{
	const char *user = gsp_json_str(gsp_json_get(member, "user"), "id", "");
	uint64_t set = base(guild, roles, member);

	if ((*user != '\0' && owner != NULL && strcmp(user, owner) == 0) ||
	    (set & GSP_PERM_ADMINISTRATOR) != 0)
		return UINT64_MAX;
	if (channel != NULL)
		set = overwrite(set, guild, user, member, channel);
	if (in_time_out(member))
		set &= GSP_PERM_VIEW_CHANNEL | GSP_PERM_READ_MESSAGE_HISTORY;
	return implied(set);
}
