/* gsp-bot check: what is wrong with token, application, guild, channels, permissions, rules. */
#include "bot_check.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/say.h"
#include "discord/command.h"
#include "gsp/config_parts.h"

#include "base/banned.h"

#define BUDGET_MS 8000 /* of each request: there are many, and somebody waits for all */
#define IDENTIFIES_FEW 50 /* of 1000 a day: something starts the bot again and again */

static int
check_token(struct check *c, struct gsp_err *err)
{
	struct gsp_err why = GSP_ERR_INIT;
	struct gsp_api_answer a;
	uint64_t id;
	int rc = 0;

	if (bot_open(&c->b, c->b.t, &why) == -1)
		return bot_found_err(&c->f, "token", NULL, &why, err);
	if (bot_get(&c->b, &a, &why, "/users/@me") == -1)
		rc = bot_found_err(&c->f, "token", a.status == 401
		    ? "it is one line, with two dots in it, which the other keys and secrets of the portal have "
		      "not" : NULL, &why, err);
	else if (gsp_json_id(&id, gsp_json_get(a.body, "id")) == -1)
		bot_found(&c->f, BOT_WRONG, "token", "is discord: api_url right?", "the answer to "
		    "'/users/@me' has no id");
	else if (!gsp_json_bool(a.body, "bot", false))
		bot_found(&c->f, BOT_WRONG, "token", "take the one of the page Bot in the Developer Portal",
		    "it belongs to a person, '%s', not to a bot", gsp_json_str(a.body, "username", ""));
	else {
		c->online = true;
		(void)snprintf(c->user, sizeof(c->user), "%" PRIu64, id);
		bot_found(&c->f, BOT_OK, "token", NULL, "it works: the bot is '%s'",
		    gsp_json_str(a.body, "username", ""));
	}
	gsp_api_answer_release(&a);
	return rc;
}

static int
check_app(struct check *c, struct gsp_err *err)
{
	struct gsp_err why = GSP_ERR_INIT;
	const char *url;

	if (bot_app(&c->b, &why) == -1)
		return bot_found_err(&c->f, "app", NULL, &why, err);
	url = gsp_json_str(c->b.app, "interactions_endpoint_url", "");
	if (*url != '\0')
		bot_found(&c->f, BOT_WRONG, "app", "Developer Portal > General Information: empty that field",
		    "it has an Interactions Endpoint URL ('%s'), so Discord sends all commands there and none "
		    "to the bot", url);
	else
		bot_found(&c->f, BOT_OK, "app", NULL, "'%s' (%s) gets its commands here",
		    gsp_json_str(c->b.app, "name", ""), c->b.app_id);
	if (gsp_json_bool(c->b.app, "bot_require_code_grant", false))
		bot_found(&c->f, BOT_WRONG, "app", "Developer Portal > Bot: switch it off", "'Requires OAuth2 "
		    "Code Grant' is on, so the link of 'gsp bot invite' does not work");
	return 0;
}

static int
check_gateway(struct check *c, struct gsp_err *err)
{
	struct gsp_err why = GSP_ERR_INIT;
	const struct gsp_json *limit;
	struct gsp_api_answer a;
	uint64_t left, total;
	int rc = 0;

	if (bot_get(&c->b, &a, &why, "/gateway/bot") == -1)
		rc = bot_found_err(&c->f, "gateway", NULL, &why, err);
	else {
		limit = gsp_json_get(a.body, "session_start_limit");
		total = gsp_json_u64(limit, "total", 0);
		left = gsp_json_u64(limit, "remaining", total);
		bot_found(&c->f, total > 0 && left == 0 ? BOT_WRONG : left < IDENTIFIES_FEW ? BOT_NOTE : BOT_OK,
		    "gateway", total > 0 && left < IDENTIFIES_FEW ? "find out what starts it so often: "
		    "'journalctl -u gsp-bot'" : NULL,
		    "%s; %" PRIu64 " of %" PRIu64 " starts are left today", gsp_json_str(a.body, "url", "-"),
		    left, total);
	}
	gsp_api_answer_release(&a);
	return rc;
}

/* One of the objects that the rest is judged by. */
static int
fetch(struct check *c, struct gsp_json **out, const char *what, const char *path,
    const char *todo, struct gsp_err *err)
{
	struct gsp_err why = GSP_ERR_INIT;
	struct gsp_api_answer a;
	int rc = 0;

	if (bot_get(&c->b, &a, &why, "%s", path) == -1)
		rc = bot_found_err(&c->f, what, why.code == GSP_ETEMP ? NULL : todo, &why, err);
	else {
		*out = a.body;
		a.body = NULL;
	}
	gsp_api_answer_release(&a);
	return rc;
}

static int
check_guild(struct check *c, struct gsp_err *err)
{
	char path[128], todo[512], url[256];
	struct gsp_err why = GSP_ERR_INIT;
	struct gsp_api_answer a;
	int rc;

	(void)snprintf(todo, sizeof(todo), "if discord: guild is right, open %s (it is what 'gsp bot invite' "
	    "prints)", bot_invite_url(url, sizeof(url), c->b.app_id));
	rc = bot_get(&c->b, &a, &why, "/guilds/%s", c->b.guild);
	if (rc == 0) {
		c->guild = a.body;
		a.body = NULL;
		bot_found(&c->f, BOT_OK, "guild", NULL, "the bot is in '%s' (%s)",
		    gsp_json_str(c->guild, "name", ""), c->b.guild);
	} else if (a.code == GSP_API_UNKNOWN_GUILD || a.code == GSP_API_MISSING_ACCESS)
		bot_found(&c->f, BOT_WRONG, "guild", todo, "the bot is not in the guild %s", c->b.guild);
	else if (bot_found_err(&c->f, "guild", NULL, &why, err) == -1) {
		gsp_api_answer_release(&a);
		return -1;
	}
	gsp_api_answer_release(&a);
	if (c->guild == NULL)
		return 0;
	(void)snprintf(path, sizeof(path), "/guilds/%s/roles", c->b.guild);
	if (fetch(c, &c->roles, "guild", path, NULL, err) == -1)
		return -1;
	(void)snprintf(path, sizeof(path), "/guilds/%s/members/%s", c->b.guild, c->user);
	return fetch(c, &c->member, "guild", path, NULL, err);
}

/* "up, down" */
static const char *
listed(struct gsp_buf *b, const char *before, const struct gsp_argv *a)
{
	for (size_t i = 0; i < a->n; i++)
		gsp_buf_addf(b, "%s%s", i > 0 ? ", " : before, a->v[i]);
	return gsp_buf_str(b);
}

static int
check_commands(struct check *c, struct gsp_err *err)
{
	struct gsp_json *ours = gsp_command_all(), *theirs = NULL;
	struct gsp_buf text = GSP_BUF_INIT(4096);
	struct gsp_err why = GSP_ERR_INIT;
	struct bot_diff d;
	int rc = 0;

	if (bot_commands(&c->b, &theirs, &why) == -1)
		rc = bot_found_err(&c->f, "commands", NULL, &why, err);
	else {
		bot_compare(&d, ours, theirs);
		listed(&text, "; new: ", &d.added);
		listed(&text, "; changed: ", &d.changed);
		listed(&text, "; gone: ", &d.gone);
		if (!d.there)
			bot_found(&c->f, BOT_WRONG, "commands", "gsp bot register", "/server is not registered");
		else if (d.differs)
			bot_found(&c->f, BOT_WRONG, "commands", "gsp bot register", "/server is registered, but "
			    "by another version of gsp%s", gsp_buf_str(&text));
		else
			bot_found(&c->f, BOT_OK, "commands", NULL, "/server is registered, with %zu subcommands",
			    d.subcommands);
		bot_diff_release(&d);
	}
	gsp_buf_release(&text);
	gsp_json_free(theirs);
	gsp_json_free(ours);
	return rc;
}

/* Where the end of a job is told when the bot may not write. */
static int
check_webhook(struct check *c, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(2048);
	struct gsp_err why = GSP_ERR_INIT;
	struct gsp_api_answer a = {0};
	int rc = 0;

	if (c->b.conf->webhook_file == NULL)
		return 0;
	if (gsp_discord_webhook(&path, c->b.t->home, &why) == 0 && path.len > 0)
		path.data[strcspn(path.data, "?")] = '\0'; /* its thread is for messages */
	if (why.code != GSP_OK)
		rc = bot_found_err(&c->f, "webhook", NULL, &why, err);
	else if (gsp_api_call(c->b.api, &a, "GET", gsp_buf_str(&path), NULL, &why) == -1)
		rc = bot_found_err(&c->f, "webhook", why.code == GSP_ETEMP ? NULL : "make a new one (channel "
		    "settings > Integrations) and put its URL into the file of discord: webhook_file", &why,
		    err);
	else if (strcmp(gsp_json_str(a.body, "guild_id", c->b.guild), c->b.guild) != 0)
		bot_found(&c->f, BOT_WRONG, "webhook", "make one in a channel of the bot's own guild",
		    "it writes to another guild, %s", gsp_json_str(a.body, "guild_id", ""));
	else
		bot_found(&c->f, BOT_OK, "webhook", NULL, "it works: '%s' writes to channel %s",
		    gsp_json_str(a.body, "name", ""), gsp_json_str(a.body, "channel_id", "-"));
	gsp_api_answer_release(&a);
	gsp_token_wipe(&path);
	return rc;
}

static int
check_all(struct check *c, struct gsp_err *err)
{
	if (check_token(c, err) == -1)
		return -1;
	if (c->online &&
	    (check_app(c, err) == -1 || check_gateway(c, err) == -1))
		return -1;
	if (c->b.app != NULL &&
	    (check_guild(c, err) == -1 ||
	        (c->guild != NULL && check_commands(c, err) == -1) ||
	        bot_check_channels(c, err) == -1 || check_webhook(c, err) == -1))
		return -1;
	if (bot_check_rules(c, err) == -1 || bot_check_here(c, err) == -1)
		return -1;
	return bot_print_rules(c, err);
}

int
bot_check(struct tool *t, struct gsp_err *err)
{
	struct check c = {.b = {.t = t, .budget_ms = BUDGET_MS}, .servers = GSP_ARGV_INIT};
	struct gsp_err ignored = GSP_ERR_INIT;
	int rc;

	if (!t->home->discord.set)
		return bot_open(&c.b, t, err); /* says so */
	c.b.conf = &t->home->discord;
	if (gsp_home_servers(t->home, &c.servers, err) == -1)
		return -1;
	bot_finds_init(&c.f, t->cli.json, t->cli.quiet);
	rc = check_all(&c, err);
	if (bot_finds_end(&c.f, rc == 0 ? err : &ignored) == -1)
		rc = -1;
	gsp_json_free(c.guild);
	gsp_json_free(c.roles);
	gsp_json_free(c.member);
	gsp_argv_release(&c.servers);
	bot_close(&c.b);
	return rc;
}
