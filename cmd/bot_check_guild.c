/* gsp-bot check: the channels, the rules, and the table of who may what. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bot_check.h"
#include "cli/say.h"
#include "discord/perms.h"
#include "fmt/out.h"

#include "base/banned.h"

/* Source: Discord API v10, "Channel Types". */
enum {
	TEXT = 0,
	VOICE = 2,
	NEWS = 5,
	NEWS_THREAD = 10,
	PRIVATE_THREAD = 12,
	STAGE = 13,
	FORUM = 15,
	MEDIA = 16
};

#define COPY_ID "Discord > Settings > Advanced > Developer Mode, then a right click and 'Copy ... ID'"

/* ---- channels ---- */

/* The names of ${missing}, for people. */
static void
name_perms(struct gsp_buf *out, uint64_t missing)
{
	for (unsigned i = 0; i < 64; i++)
		if ((missing & UINT64_C(1) << i) != 0)
			gsp_buf_addf(out, "%s'%s'", out->len > 0 ? ", " : "", gsp_perm_name(UINT64_C(1) << i));
}

static uint64_t
perms_in(const struct check *c, const struct gsp_json *channel)
{
	return gsp_perms(c->b.guild, gsp_json_str(c->guild, "owner_id", NULL), c->roles, c->member,
	    channel);
}

/* ${where}: "in #general"; ${threads}: only threads are written to there. */
static void
judge_perms(struct check *c, const char *where, uint64_t have, bool threads)
{
	uint64_t need = GSP_PERM_VIEW_CHANNEL | GSP_PERM_EMBED_LINKS | GSP_PERM_READ_MESSAGE_HISTORY |
	    (threads ? GSP_PERM_SEND_IN_THREADS : GSP_PERM_SEND_MESSAGES);
	struct gsp_buf names = GSP_BUF_INIT(512), todo = GSP_BUF_INIT(1024);

	/* gone with the other, and likely back with it */
	if ((need & ~have & (GSP_PERM_SEND_IN_THREADS | GSP_PERM_SEND_MESSAGES)) != 0)
		need &= ~GSP_PERM_EMBED_LINKS;
	name_perms(&names, need & ~have);
	if (names.len > 0) {
		gsp_buf_addf(&todo, "allow the bot's role %s%s", gsp_buf_str(&names),
		    c->b.conf->nchannels > 0 ? " there (channel settings > Permissions)"
		                             : " (server settings > Roles)");
		bot_found(&c->f, BOT_WRONG, "channel", gsp_buf_str(&todo), "the bot has no %s %s",
		    gsp_buf_str(&names), where);
	} else if ((have & GSP_PERM_SEND_IN_THREADS) == 0)
		bot_found(&c->f, BOT_NOTE, "channel", "allow the bot's role 'Send Messages in Threads' there, "
		    "if commands are given in threads", "the bot may write %s, but not in threads there", where);
	else
		bot_found(&c->f, BOT_OK, "channel", NULL, "the bot may write %s", where);
	gsp_buf_release(&names);
	gsp_buf_release(&todo);
}

/* Overwrites of a thread are those of the channel it hangs on. 0 with ${parent}, or told. */
static int
fetch_parent(struct check *c, struct gsp_api_answer *parent, const struct gsp_json *thread,
    struct gsp_err *err)
{
	struct gsp_err why = GSP_ERR_INIT;
	uint64_t id;

	memset(parent, 0, sizeof(*parent));
	if (gsp_json_id(&id, gsp_json_get(thread, "parent_id")) == -1 ||
	    bot_get(&c->b, parent, &why, "/channels/%" PRIu64, id) == 0)
		return 0;
	return bot_found_err(&c->f, "channel", NULL, &why, err);
}

static int
judge_channel(struct check *c, const struct gsp_json *ch, uint64_t id, struct gsp_err *err)
{
	uint64_t type = gsp_json_u64(ch, "type", 99);
	bool thread = type >= NEWS_THREAD && type <= PRIVATE_THREAD;
	struct gsp_api_answer parent = {0};
	char where[300];

	(void)snprintf(where, sizeof(where), "in #%.100s (%" PRIu64 ")", gsp_json_str(ch, "name", "?"), id);
	if (strcmp(gsp_json_str(ch, "guild_id", ""), c->b.guild) != 0)
		bot_found(&c->f, BOT_WRONG, "channel", "correct discord: channels, or discord: guild",
		    "%s is in another guild", where + 3);
	else if (type != TEXT && type != VOICE && type != NEWS && type != STAGE && !thread &&
	    type != FORUM && type != MEDIA)
		bot_found(&c->f, BOT_WRONG, "channel", "name a channel in which people write; " COPY_ID,
		    "%s is a category, or something else in which nobody can write", where + 3);
	else if (c->member == NULL || c->roles == NULL)
		bot_found(&c->f, BOT_UNKNOWN, "channel", NULL, "what the bot may do %s", where);
	else {
		if (thread && fetch_parent(c, &parent, ch, err) == -1)
			return -1;
		judge_perms(c, where, perms_in(c, parent.body != NULL ? parent.body : ch),
		    thread || type == FORUM || type == MEDIA);
		gsp_api_answer_release(&parent);
	}
	return 0;
}

static int
check_channel(struct check *c, uint64_t id, struct gsp_err *err)
{
	struct gsp_err why = GSP_ERR_INIT;
	struct gsp_api_answer a;
	int rc = 0;

	if (bot_get(&c->b, &a, &why, "/channels/%" PRIu64, id) == 0)
		rc = judge_channel(c, a.body, id, err);
	else if (a.code == GSP_API_UNKNOWN_CHANNEL)
		bot_found(&c->f, BOT_WRONG, "channel", "correct discord: channels; " COPY_ID,
		    "there is no channel %" PRIu64, id);
	else if (a.code == GSP_API_MISSING_ACCESS)
		bot_found(&c->f, BOT_WRONG, "channel", "allow the bot's role 'View Channel', 'Send Messages', "
		    "'Embed Links' and 'Read Message History' there (channel settings > Permissions)",
		    "the bot cannot see the channel %" PRIu64, id);
	else
		rc = bot_found_err(&c->f, "channel", NULL, &why, err);
	gsp_api_answer_release(&a);
	return rc;
}

int
bot_check_channels(struct check *c, struct gsp_err *err)
{
	if (c->guild == NULL)
		return 0; /* told */
	if (c->b.conf->nchannels == 0 && c->member != NULL && c->roles != NULL)
		judge_perms(c, "in the guild, where no channel says otherwise; commands are taken in all",
		    perms_in(c, NULL), false);
	for (size_t i = 0; i < c->b.conf->nchannels; i++)
		if (check_channel(c, c->b.conf->channels[i], err) == -1)
			return -1;
	return 0;
}

/* ---- rules ---- */

static const char *
role_name(const struct check *c, uint64_t id)
{
	uint64_t n;

	for (const struct gsp_json *r = gsp_json_first(c->roles); r != NULL; r = gsp_json_next(r))
		if (gsp_json_id(&n, gsp_json_get(r, "id")) == 0 && n == id)
			return gsp_json_str(r, "name", "");
	return NULL;
}

static void
check_servers(struct check *c, const struct gsp_discord_rule *r, size_t nth)
{
	for (size_t i = 0; i < r->servers.n; i++)
		if (!gsp_argv_has(&c->servers, r->servers.v[i]))
			bot_found(&c->f, BOT_WRONG, "allow", "correct its name, or take it out",
			    "rule %zu: there is no server '%s'", nth, r->servers.v[i]);
}

static int
check_user(struct check *c, uint64_t id, size_t nth, struct gsp_err *err)
{
	struct gsp_err why = GSP_ERR_INIT;
	struct gsp_api_answer a;
	int rc = 0;

	if (bot_get(&c->b, &a, &why, "/guilds/%s/members/%" PRIu64, c->b.guild, id) == 0)
		gsp_json_copy(c->names[nth - 1], sizeof(c->names[0]), gsp_json_get(a.body, "user"),
		    "username");
	else if (a.code == GSP_API_UNKNOWN_MEMBER || a.code == GSP_API_UNKNOWN_USER)
		bot_found(&c->f, BOT_WRONG, "allow", "correct it, or take the rule out; " COPY_ID,
		    "rule %zu: nobody in the guild is the user %" PRIu64, nth, id);
	else
		rc = bot_found_err(&c->f, "allow", NULL, &why, err);
	gsp_api_answer_release(&a);
	return rc;
}

static int
check_rule(struct check *c, const struct gsp_discord_rule *r, size_t nth, struct gsp_err *err)
{
	uint64_t guild = c->b.conf->guild;

	check_servers(c, r, nth);
	if (r->rights == 0)
		bot_found(&c->f, BOT_WRONG, "allow", "say what in 'can:', or take the rule out",
		    "rule %zu allows nothing", nth);
	if (r->role == 0 && r->user == 0) {
		if ((r->rights & ~(unsigned)(GSP_RIGHT_VIEW | GSP_RIGHT_EXTEND)) != 0)
			bot_found(&c->f, BOT_NOTE, "allow", NULL, "rule %zu: everyone in the guild may start what "
			    "costs money, or stop what others play on", nth);
		return 0;
	}
	if (r->role == guild)
		bot_found(&c->f, BOT_NOTE, "allow", NULL, "rule %zu: the role %" PRIu64 " is @everyone", nth,
		    r->role);
	if (r->role != 0 && c->roles != NULL && role_name(c, r->role) == NULL)
		bot_found(&c->f, BOT_WRONG, "allow", "correct it, or take the rule out; " COPY_ID,
		    "rule %zu: the guild has no role %" PRIu64 ", so it helps nobody", nth, r->role);
	if (r->user != 0 && c->guild != NULL)
		return check_user(c, r->user, nth, err);
	return 0;
}

int
bot_check_rules(struct check *c, struct gsp_err *err)
{
	const struct gsp_discord_conf *conf = c->b.conf;
	size_t wrong = c->f.n[BOT_WRONG];

	for (size_t i = 0; i < conf->nrules; i++)
		if (check_rule(c, &conf->rules[i], i + 1, err) == -1)
			return -1;
	if (conf->nrules == 0)
		bot_found(&c->f, BOT_WRONG, "allow", "write rules into discord: allow; see gsp.yaml(5)",
		    "there are no rules, so nobody may do anything");
	else if (c->f.n[BOT_WRONG] == wrong)
		bot_found(&c->f, BOT_OK, "allow", NULL, "%zu rule%s", conf->nrules,
		    conf->nrules == 1 ? "" : "s");
	return 0;
}

/* ---- the table ---- */

static void
put_who(struct gsp_out *o, const struct check *c, size_t nth)
{
	const struct gsp_discord_rule *r = &c->b.conf->rules[nth];
	uint64_t id = r->role != 0 ? r->role : r->user;
	const char *name = r->role != 0 ? role_name(c, r->role) : c->names[nth];
	char text[200], number[24];

	if (name != NULL && *name == '\0')
		name = NULL;
	(void)snprintf(number, sizeof(number), "%" PRIu64, id);
	if (id == 0)
		(void)snprintf(text, sizeof(text), "everyone");
	else
		(void)snprintf(text, sizeof(text), "%s %s%.100s%s", r->role != 0 ? "role" : "user", number,
		    name != NULL ? " " : "", name != NULL ? name : "");
	if (c->f.json != NULL) {
		gsp_out_str(o, "kind", id == 0 ? "everyone" : r->role != 0 ? "role" : "user");
		gsp_out_str(o, "id", id == 0 ? NULL : number);
		gsp_out_str(o, "name", name);
	} else
		gsp_out_str(o, "who", text);
}

/* What a rule comes to on ${server}, with what the rights bring along. */
static void
put_rights(struct gsp_out *o, const struct check *c, const struct gsp_discord_rule *r,
    const char *server)
{
	static const enum gsp_right all[] = {GSP_RIGHT_VIEW, GSP_RIGHT_OPERATE, GSP_RIGHT_EXTEND,
	    GSP_RIGHT_RESTORE, GSP_RIGHT_ADMIN};
	struct gsp_discord_conf one = {.set = true, .nrules = 1, .guild = c->b.conf->guild};
	struct gsp_buf text = GSP_BUF_INIT(256);
	unsigned rights;

	one.rules[0] = *r;
	rights = gsp_discord_rights(&one, r->user, &r->role, r->role != 0 ? 1 : 0, server);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if ((rights & all[i]) != 0)
			gsp_buf_addf(&text, "%s%s", text.len > 0 ? " " : "", gsp_right_name(all[i]));
	gsp_out_str(o, "may", text.len > 0 ? gsp_buf_str(&text) : NULL);
	gsp_buf_release(&text);
}

int
bot_print_rules(struct check *c, struct gsp_err *err)
{
	struct gsp_out *o = c->f.json;
	struct gsp_buf on = GSP_BUF_INIT(4096);

	if (c->b.conf->nrules == 0 || (o == NULL && c->f.quiet))
		return 0;
	if (o == NULL) {
		printf("\n");
		o = gsp_out_new(stdout, GSP_OUT_TABLE, NULL);
	}
	for (size_t i = 0; i < c->b.conf->nrules; i++) {
		const struct gsp_discord_rule *r = &c->b.conf->rules[i];

		gsp_buf_reset(&on);
		for (size_t k = 0; k < r->servers.n; k++)
			gsp_buf_addf(&on, "%s%s", k > 0 ? " " : "", r->servers.v[k]);
		if (c->f.json != NULL)
			gsp_out_str(o, "schema", "gsp.bot.rule/1");
		put_who(o, c, i);
		put_rights(o, c, r, r->servers.n > 0 ? r->servers.v[0] : NULL);
		gsp_out_str(o, "on", r->servers.n > 0 ? gsp_buf_str(&on) : "all servers");
		gsp_out_end(o);
	}
	gsp_buf_release(&on);
	return c->f.json == NULL ? gsp_out_free(o, err) : 0;
}
