/* gsp/config: the bot's settings, and who may do what in chat. */
#include "gsp/config_discord.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/nearest.h"
#include "base/num.h"
#include "gsp/config_parts.h"
#include "gsp/setting.h"

#include "base/banned.h"

#define SERVERS_MAX 200
#define NET_USER "gsp-bot"

static const struct {
	const char *name;
	enum gsp_right right;
} rights[] = {{"view", GSP_RIGHT_VIEW}, {"operate", GSP_RIGHT_OPERATE}, {"extend", GSP_RIGHT_EXTEND},
    {"restore", GSP_RIGHT_RESTORE}, {"admin", GSP_RIGHT_ADMIN}};
#define RIGHTS (sizeof(rights) / sizeof(*rights))

const char *
gsp_right_name(enum gsp_right r)
{
	for (size_t i = 0; i < RIGHTS; i++)
		if (rights[i].right == r)
			return rights[i].name;
	return "?";
}

/* ---- values ---- */

static int
set_id(uint64_t *out, const struct gsp_yaml *v, struct gsp_err *err)
{
	const char *text;

	if (gsp_setting_text(&text, v, NULL, err) == -1)
		return -1;
	if (strlen(text) > 20 || gsp_num_u64(out, text, 1, UINT64_MAX) == -1)
		return gsp_yaml_err(err, v, "'%.64s' is no id of Discord's, a long number: switch on its "
		    "Developer Mode, then right-click the server, channel, role or person and copy it", text);
	return 0;
}

static int
set_token_file(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct gsp_discord_conf *c = ctx;

	if (c->token_command.n > 0)
		return gsp_yaml_key_err(err, v, "token_file or token_command, not both");
	return gsp_config_secret_file(&c->token_file, v, err);
}

static int
set_token_command(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct gsp_discord_conf *c = ctx;

	if (c->token_file != NULL)
		return gsp_yaml_key_err(err, v, "token_file or token_command, not both");
	return gsp_config_command(&c->token_command, v, "[pass, show, discord]", err);
}

static int
set_guild(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct gsp_discord_conf *c = ctx;

	return set_id(&c->guild, v, err);
}

static int
set_channels(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	const size_t max = sizeof(((struct gsp_discord_conf *)NULL)->channels) / sizeof(uint64_t);
	struct gsp_discord_conf *c = ctx;
	const struct gsp_yaml *item;

	if (v->kind == GSP_YAML_LIST ? v->count == 0 : gsp_yaml_is_null(v))
		return gsp_yaml_err(err, v, "no channel; leave 'channels' out to serve every channel of the "
		    "guild");
	for (size_t i = 0; (item = gsp_setting_item(v, i)) != NULL; i++) {
		if (c->nchannels == max)
			return gsp_yaml_err(err, item, "more than %zu channels", max);
		if (set_id(&c->channels[c->nchannels], item, err) == -1)
			return -1;
		c->nchannels++;
	}
	return 0;
}

static int
set_webhook_file(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct gsp_discord_conf *c = ctx;

	return gsp_config_secret_file(&c->webhook_file, v, err);
}

static const char *
check_user(const char *text)
{
	if (strcmp(text, "root") == 0)
		return "the half of the bot that talks to Discord shall not be root; name a user for it alone";
	if (*text == '\0' || strlen(text) > 32 || (*text >= '0' && *text <= '9') || *text == '-' ||
	    text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-")] != '\0')
		return "not a user name: a lower-case letter or '_', then letters, digits, '_', '-'";
	return NULL;
}

static int
set_user(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct gsp_discord_conf *c = ctx;
	const char *text;

	if (gsp_setting_text(&text, v, check_user, err) == -1)
		return -1;
	return gsp_config_keep(&c->user, text, err);
}

static int
set_api_url(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct gsp_discord_conf *c = ctx;
	const char *text;

	if (gsp_setting_text(&text, v, gsp_setting_url, err) == -1)
		return -1;
	return gsp_config_keep_url(&c->api_url, text, err);
}

static int
set_ca_file(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct gsp_discord_conf *c = ctx;

	return gsp_config_secret_file(&c->ca_file, v, err);
}

/* ---- allow ---- */

static int
set_role(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct gsp_discord_rule *r = ctx;

	if (v->text != NULL && strcmp(v->text, "everyone") == 0)
		return 0;
	if (v->text != NULL && (strcmp(v->text, "@everyone") == 0 || strcasecmp(v->text, "everyone") == 0))
		return gsp_yaml_err(err, v, "write everyone, in small letters and without '@'");
	return set_id(&r->role, v, err);
}

static int
set_rule_user(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct gsp_discord_rule *r = ctx;

	return set_id(&r->user, v, err);
}

static int
set_can(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	const char *known[RIGHTS + 1] = {NULL}, *text, *near;
	struct gsp_discord_rule *r = ctx;
	const struct gsp_yaml *item;

	for (size_t i = 0; i < RIGHTS; i++)
		known[i] = rights[i].name;
	for (size_t n = 0; (item = gsp_setting_item(v, n)) != NULL; n++) {
		size_t i = 0;

		if (gsp_setting_text(&text, item, NULL, err) == -1)
			return -1;
		while (i < RIGHTS && strcmp(rights[i].name, text) != 0)
			i++;
		if (i < RIGHTS) {
			r->rights |= rights[i].right;
			continue;
		}
		near = gsp_nearest(text, known);
		return near != NULL
		    ? gsp_yaml_err(err, item, "unknown right '%.20s'; did you mean '%s'?", text, near)
		    : gsp_yaml_err(err, item, "unknown right '%.20s'; known: view, operate, extend, restore, "
		          "admin", text);
	}
	return 0;
}

static int
set_servers(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct gsp_discord_rule *r = ctx;

	if (v->kind == GSP_YAML_LIST && v->count == 0)
		return gsp_yaml_err(err, v, "no server; leave 'servers' out to mean all of them");
	return gsp_setting_list(&r->servers, v, gsp_setting_server_name, NULL, SERVERS_MAX, err);
}

static int
set_rule(struct gsp_discord_rule *r, const struct gsp_yaml *v, struct gsp_err *err)
{
	static const struct gsp_setting_key keys[] = {{"role", set_role}, {"user", set_rule_user},
	    {"can", set_can}, {"servers", set_servers}, {NULL, NULL}};

	if (v->kind != GSP_YAML_MAP)
		return gsp_yaml_err(err, v, "a rule is a map, such as {role: \"334455667788990011\", can: "
		    "[operate, extend]}");
	if (gsp_setting_apply(keys, v, "a rule of allow", r, err) == -1)
		return -1;
	if ((gsp_yaml_get(v, "role") != NULL) == (gsp_yaml_get(v, "user") != NULL))
		return gsp_yaml_err(err, v, "a rule is for one role (an id, or everyone) or for one user");
	if (r->rights == 0)
		return gsp_yaml_err(err, v, "a rule says what they can: [view, operate, extend, restore, admin]");
	return 0;
}

static int
set_allow(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct gsp_discord_conf *c = ctx;

	if (gsp_yaml_is_null(v))
		return 0;
	if (v->kind != GSP_YAML_LIST)
		return gsp_yaml_err(err, v, "a list of rules is wanted here, such as [{role: everyone, can: "
		    "[view]}]");
	for (const struct gsp_yaml *e = v->first; e != NULL; e = e->next) {
		if (c->nrules == GSP_DISCORD_RULES_MAX)
			return gsp_yaml_err(err, e, "more than %d rules", GSP_DISCORD_RULES_MAX);
		if (set_rule(&c->rules[c->nrules++], e, err) == -1)
			return -1;
	}
	return 0;
}

int
gsp_discord_set(struct gsp_discord_conf *c, const struct gsp_yaml *v, struct gsp_err *err)
{
	static const struct gsp_setting_key keys[] = {{"token_file", set_token_file},
	    {"token_command", set_token_command}, {"guild", set_guild}, {"channels", set_channels},
	    {"webhook_file", set_webhook_file}, {"user", set_user}, {"api_url", set_api_url},
	    {"ca_file", set_ca_file}, {"allow", set_allow}, {NULL, NULL}};

	gsp_discord_release(c);
	if (gsp_yaml_is_null(v))
		return 0;
	c->set = true;
	if (gsp_config_keep(&c->api_url, GSP_DISCORD_URL, err) == -1 ||
	    gsp_config_keep(&c->user, NET_USER, err) == -1 || gsp_setting_apply(keys, v, "discord", c, err) == -1)
		return -1;
	if (c->guild == 0)
		return gsp_yaml_err(err, v, "no 'guild': the id of the Discord server that the bot serves");
	return 0;
}

void
gsp_discord_release(struct gsp_discord_conf *c)
{
	free(c->token_file);
	gsp_argv_release(&c->token_command);
	free(c->webhook_file);
	free(c->api_url);
	free(c->ca_file);
	free(c->user);
	for (size_t i = 0; i < c->nrules; i++)
		gsp_argv_release(&c->rules[i].servers);
	memset(c, 0, sizeof(*c));
}

/* ---- who may ---- */

static unsigned
with_what_they_bring(unsigned bits)
{
	if ((bits & GSP_RIGHT_ADMIN) != 0)
		return GSP_RIGHT_VIEW | GSP_RIGHT_OPERATE | GSP_RIGHT_EXTEND | GSP_RIGHT_RESTORE |
		    GSP_RIGHT_ADMIN;
	return bits != 0 ? bits | GSP_RIGHT_VIEW : 0;
}

static bool
is_about(const struct gsp_discord_rule *r, const char *server)
{
	return server == NULL || r->servers.n == 0 || gsp_argv_has(&r->servers, server);
}

/* Source: Discord API v10: the role @everyone has the guild's id, and is in nobody's list of roles. */
static bool
is_everyone(const struct gsp_discord_conf *c, const struct gsp_discord_rule *r)
{
	return r->user == 0 && (r->role == 0 || r->role == c->guild);
}

static bool
is_for(const struct gsp_discord_conf *c, const struct gsp_discord_rule *r, uint64_t user,
    const uint64_t *roles, size_t nroles)
{
	if (is_everyone(c, r))
		return true;
	if (r->user != 0)
		return r->user == user;
	for (size_t i = 0; i < nroles; i++)
		if (roles[i] == r->role)
			return true;
	return false;
}

unsigned
gsp_discord_rights(const struct gsp_discord_conf *c, uint64_t user, const uint64_t *roles,
    size_t nroles, const char *server)
{
	unsigned bits = 0;

	for (size_t i = 0; i < c->nrules; i++)
		if (is_about(&c->rules[i], server) && is_for(c, &c->rules[i], user, roles, nroles))
			bits |= with_what_they_bring(c->rules[i].rights);
	return bits;
}

const char *
gsp_discord_who_may(char *out, size_t size, const struct gsp_discord_conf *c, enum gsp_right right,
    const char *server)
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < c->nrules; i++) {
		const struct gsp_discord_rule *r = &c->rules[i];
		char one[40];
		int n;

		if (r->role == 0 || is_everyone(c, r) || !is_about(r, server) ||
		    (with_what_they_bring(r->rights) & right) == 0)
			continue;
		n = snprintf(one, sizeof(one), "<@&%" PRIu64 ">", r->role);
		if (strstr(out, one) != NULL || len + 2 + (size_t)n >= size)
			continue;
		len += (size_t)snprintf(out + len, size - len, "%s%s", len > 0 ? ", " : "", one);
	}
	return out;
}
