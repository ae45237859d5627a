#include "discord/interaction.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "base/num.h"
#include "base/utf8.h"
#include "discord/command_priv.h"
#include "discord/message.h"
#include "discord/snowflake.h"

#include "base/banned.h"

/* Source: Discord API v10, "Interaction Type", "Channel Types", "Component Types". */
enum { COMMAND = 2, COMPONENT = 3, AUTOCOMPLETE = 4 };
enum { CHAT_INPUT = 1, SUBCOMMAND = 1, BUTTON = 2 };
enum { ANNOUNCEMENT_THREAD = 10, PUBLIC_THREAD = 11, PRIVATE_THREAD = 12 };

#define USERNAME_MAX 32                 /* characters. Source: Discord API v10, "Usernames" */
#define TYPED_MAX 100                   /* characters of what is being typed; more is cut */

/* ---- texts ---- */

/* Characters of ${s}; -1 if it is no UTF-8, or has control characters. */
static int64_t
plain_chars(const char *s)
{
	int64_t n = 0;

	for (size_t len; *s != '\0'; s += len, n++) {
		len = gsp_utf8_plain(s);
		if (len == 0)
			return -1;
	}
	return n;
}

/* At most ${max} characters of it; what is none, or a control character, is '?'. */
static void
copy_plain(char *out, size_t size, const char *s, size_t max)
{
	size_t used = 0;

	for (size_t n = 0; *s != '\0' && n < max; n++) {
		size_t len = gsp_utf8_plain(s), skip = gsp_utf8_len(s);
		bool bad = len == 0;

		if (used + (bad ? 1 : len) >= size)
			break;
		if (bad)
			out[used++] = '?';
		else {
			memcpy(out + used, s, len);
			used += len;
		}
		s += skip > 0 ? skip : 1;
	}
	out[used] = '\0';
}

/* Required: it is there, a string of digits. */
static int
need_id(char out[GSP_TALK_ID], const struct gsp_json *o, const char *key, struct gsp_err *err)
{
	const char *s = gsp_json_str(o, key, "");

	if (!gsp_snowflake_ok(s))
		return gsp_err_set(err, GSP_EPROTO, "the interaction has no valid '%s'", key);
	snprintf(out, GSP_TALK_ID, "%s", s);
	return 0;
}

/* It becomes part of a URL: the letters of base64 and its kin, and no dots that lead elsewhere. */
static int
need_token(char out[513], const struct gsp_json *d, struct gsp_err *err)
{
	static const char word[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=.";
	const char *s = gsp_json_str(d, "token", "");
	size_t n = strlen(s);

	if (n == 0 || n > 512 || strspn(s, word) != n || s[0] == '.')
		return gsp_err_set(err, GSP_EPROTO, "the interaction has no valid token");
	memcpy(out, s, n + 1);
	return 0;
}

/* Fields may be absent or null. */
static bool
given(const struct gsp_json *v)
{
	return v != NULL && !gsp_json_is_null(v);
}

/* ---- who, and where ---- */

static int
parse_roles(struct gsp_talk_who *w, const struct gsp_json *member, struct gsp_err *err)
{
	const struct gsp_json *list = gsp_json_get(member, "roles");
	size_t n = gsp_json_count(list);

	if (!given(list))
		return 0; /* they have none */
	if (!gsp_json_is_arr(list) || n > GSP_TALK_ROLES_MAX)
		return gsp_err_set(err, GSP_EPROTO, "the interaction has no valid roles");
	if (n == 0)
		return 0;
	w->roles = gsp_must(calloc(n, sizeof(*w->roles)));
	for (const struct gsp_json *r = gsp_json_first(list); r != NULL; r = gsp_json_next(r)) {
		const char *id = gsp_json_text(r, "");

		if (!gsp_snowflake_ok(id))
			return gsp_err_set(err, GSP_EPROTO, "the interaction has no valid roles");
		snprintf(w->roles[w->nroles++], GSP_TALK_ID, "%s", id);
	}
	return 0;
}

/* A thread counts as its channel: Discord sends the channel's own object along. */
static int
parse_place(struct gsp_talk_who *w, const struct gsp_json *d, struct gsp_err *err)
{
	const struct gsp_json *c = gsp_json_get(d, "channel");
	uint64_t type = gsp_json_u64(c, "type", 0);

	if (need_id(w->channel, d, "channel_id", err) == -1)
		return -1;
	if (gsp_json_get(c, "id") != NULL && strcmp(gsp_json_str(c, "id", ""), w->channel) != 0)
		return gsp_err_set(err, GSP_EPROTO, "the interaction names two channels");
	if (type != ANNOUNCEMENT_THREAD && type != PUBLIC_THREAD && type != PRIVATE_THREAD)
		return 0;
	if (!given(gsp_json_get(c, "parent_id")))
		return 0; /* then it is in no channel that we serve, unless we serve them all */
	return need_id(w->parent, c, "parent_id", err);
}

static int
parse_who(struct gsp_talk_who *w, const struct gsp_json *d, struct gsp_err *err)
{
	const struct gsp_json *member = gsp_json_get(d, "member"), *user;
	bool guild = gsp_json_is_str(gsp_json_get(d, "guild_id"));

	user = gsp_json_get(guild ? member : d, "user");
	if (!gsp_json_is_obj(user) || need_id(w->user, user, "id", err) == -1)
		return gsp_err_set(err, GSP_EPROTO, "the interaction does not say who it is from");
	copy_plain(w->name, sizeof(w->name), gsp_json_str(user, "username", ""), USERNAME_MAX);
	if (guild &&
	    (need_id(w->guild, d, "guild_id", err) == -1 || parse_roles(w, member, err) == -1))
		return -1;
	return parse_place(w, d, err);
}

/* ---- the options of a command ---- */

/* A phone begins a word with a capital, and may leave a space behind it; servers have neither. */
static void
fold(char *out, size_t size, const char *s)
{
	size_t n;

	s += strspn(s, " ");
	for (n = 0; s[n] != '\0' && n + 1 < size; n++)
		out[n] = s[n] >= 'A' && s[n] <= 'Z' ? (char)(s[n] - 'A' + 'a') : s[n];
	while (n > 0 && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
}

/* A letter, then letters, digits and single dashes. False: none can be called that. */
static bool
read_server(char *server, size_t size, const char *typed)
{
	static const char rest[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
	char s[65];
	size_t n;

	if (strlen(typed) >= sizeof(s))
		return false;
	fold(s, sizeof(s), typed);
	n = strlen(s);
	if (n < 2 || n > GSP_COMMAND_NAME_MAX || s[0] < 'a' || s[0] > 'z' || strspn(s, rest) != n ||
	    s[n - 1] == '-' || strstr(s, "--") != NULL)
		return false;
	snprintf(server, size, "%s", s);
	return true;
}

static int
set_name(struct gsp_talk *t, const char *s, struct gsp_err *err)
{
	if (!read_server(t->server, sizeof(t->server), s))
		return gsp_err_set(err, GSP_EPROTO, "there is no server of that name; '/server list' shows "
		    "which there are");
	return 0;
}

static int
set_time(struct gsp_talk *t, const char *s, struct gsp_err *err)
{
	int64_t seconds;

	if ((t->verb != GSP_VERB_HOLD || strcmp(s, GSP_COMMAND_RELEASE) != 0) &&
	    (strlen(s) >= sizeof(t->time) ||
	        gsp_num_duration_s(&seconds, s, GSP_COMMAND_TIME_MAX_S) == -1))
		return gsp_err_set(err, GSP_EPROTO, "a time is a number and a letter, such as 30m, 2h or 1d, "
		    "and at most 30d");
	snprintf(t->time, sizeof(t->time), "%s", s);
	return 0;
}

static int
set_text(struct gsp_talk *t, const char *s, struct gsp_err *err)
{
	int64_t n = plain_chars(s);

	if (n == 0 || s[strspn(s, " ")] == '\0')
		return gsp_err_set(err, GSP_EPROTO, "there is nothing to say");
	if (n == -1)
		return gsp_err_set(err, GSP_EPROTO, "the text has characters that cannot be said");
	if (n > GSP_COMMAND_TEXT_MAX)
		return gsp_err_set(err, GSP_EPROTO, "the text is longer than %d characters",
		    GSP_COMMAND_TEXT_MAX);
	snprintf(t->text, sizeof(t->text), "%s", s);
	return 0;
}

static int
set_month(struct gsp_talk *t, const char *s, struct gsp_err *err)
{
	static const char digits[] = "0123456789";
	uint64_t month;
	bool ok = strlen(s) == 7 && strspn(s, digits) == 4 && s[4] == '-' &&
	    gsp_num_u64(&month, s + 5, 1, 12) == 0;

	if (!ok && strcmp(s, "all") != 0)
		return gsp_err_set(err, GSP_EPROTO, "a month looks like 2026-11; or say 'all'");
	snprintf(t->month, sizeof(t->month), "%s", s);
	return 0;
}

static int
set_option(struct gsp_talk *t, enum gsp_option o, const struct gsp_json *value, struct gsp_err *err)
{
	const char *s = gsp_json_text(value, NULL);
	uint64_t n;

	if (o == GSP_OPTION_SAVE) {
		if (!gsp_json_is_num(value) || gsp_json_id(&n, value) == -1 || n < 1 ||
		    n > GSP_COMMAND_SAVE_MAX)
			return gsp_err_set(err, GSP_EPROTO, "a save is a whole number, 1 or more");
		t->save = n;
		return 0;
	}
	if (!gsp_json_is_str(value) || s == NULL)
		return gsp_err_set(err, GSP_EPROTO, "'%s' is not a text", gsp_command_options[o].name);
	switch (o) {
	case GSP_OPTION_NAME: return set_name(t, s, err);
	case GSP_OPTION_TIME: return set_time(t, s, err);
	case GSP_OPTION_TEXT: return set_text(t, s, err);
	case GSP_OPTION_MONTH: return set_month(t, s, err);
	default: break;
	}
	if (!gsp_command_script(s))
		return gsp_err_set(err, GSP_EPROTO, "there is no script of that name to show");
	snprintf(t->script, sizeof(t->script), "%s", s);
	return 0;
}

/* Which option ${v} is. Each may be there once. */
static int
find_option(enum gsp_option *out, unsigned *seen, const struct gsp_talk *t, const struct gsp_json *v,
    struct gsp_err *err)
{
	const char *name = gsp_json_str(v, "name", "");

	for (int i = 0; i < GSP_OPTIONS; i++) {
		const struct gsp_command_option *o = &gsp_command_options[i];

		if (strcmp(o->name, name) != 0 || !gsp_command_may(t->verb, (enum gsp_option)i))
			continue;
		if (gsp_json_u64(v, "type", 0) != o->type)
			return gsp_err_set(err, GSP_EPROTO, "'%s' is of the wrong type", o->name);
		if ((*seen & 1u << i) != 0)
			return gsp_err_set(err, GSP_EPROTO, "'%s' is there twice", o->name);
		*seen |= 1u << i;
		*out = (enum gsp_option)i;
		return 0;
	}
	return gsp_err_set(err, GSP_EPROTO, "'/server %s' has no such option: the bot is older or newer "
	    "than its commands, which 'gsp bot register' mends", gsp_verb_name(t->verb));
}

/* The subcommand: there is exactly one, and it is in the list of options. */
static int
find_verb(struct gsp_talk *t, const struct gsp_json **options, const struct gsp_json *data,
    struct gsp_err *err)
{
	const struct gsp_json *list = gsp_json_get(data, "options"), *sub = gsp_json_first(list);

	if (gsp_json_u64(data, "type", CHAT_INPUT) != CHAT_INPUT ||
	    strcmp(gsp_json_str(data, "name", ""), GSP_COMMAND_NAME) != 0)
		return gsp_err_set(err, GSP_EPROTO, "that is not a command of this bot");
	if (!gsp_json_is_arr(list) || gsp_json_count(list) != 1 ||
	    gsp_json_u64(sub, "type", 0) != SUBCOMMAND ||
	    gsp_verb_find(&t->verb, gsp_json_str(sub, "name", "")) == -1)
		return gsp_err_set(err, GSP_EPROTO, "'/server' has no such command: the bot is older or "
		    "newer than its commands, which 'gsp bot register' mends");
	*options = gsp_json_get(sub, "options");
	if (given(*options) && !gsp_json_is_arr(*options))
		return gsp_err_set(err, GSP_EPROTO, "the options of '/server' are no list");
	return 0;
}

static int
parse_command(struct gsp_interaction *out, const struct gsp_json *data, struct gsp_err *err)
{
	const struct gsp_json *options = NULL;
	struct gsp_talk *t = &out->talk;
	enum gsp_option id = GSP_OPTION_NAME;
	unsigned seen = 0;

	if (find_verb(t, &options, data, err) == -1)
		return -1;
	for (const struct gsp_json *v = gsp_json_first(options); v != NULL; v = gsp_json_next(v))
		if (find_option(&id, &seen, t, v, err) == -1 ||
		    set_option(t, id, gsp_json_get(v, "value"), err) == -1)
			return -1;
	for (int i = 0; i < GSP_OPTIONS; i++)
		if (gsp_command_must(t->verb, (enum gsp_option)i) && (seen & 1u << i) == 0)
			return gsp_err_set(err, GSP_EPROTO, "'/server %s' wants '%s'", gsp_verb_name(t->verb),
			    gsp_command_options[i].name);
	if (gsp_command_may(t->verb, GSP_OPTION_TIME) && t->time[0] == '\0')
		snprintf(t->time, sizeof(t->time), "%s", GSP_COMMAND_TIME);
	return 0;
}

/* What is typed so far: anything; of a number too it comes as a text, in some clients. In small letters,
 * as the names of servers are: the keyboards of phones begin with a capital one. */
static void
typed(struct gsp_talk *t, const struct gsp_json *value)
{
	uint64_t n;

	if (gsp_json_is_num(value) && gsp_json_id(&n, value) == 0)
		snprintf(t->text, sizeof(t->text), "%" PRIu64, n);
	else
		copy_plain(t->text, sizeof(t->text), gsp_json_text(value, ""), TYPED_MAX);
	fold(t->text, sizeof(t->text), t->text);
}

/* The others are as they are: a server that is not valid yet is none. */
static int
parse_autocomplete(struct gsp_interaction *out, const struct gsp_json *data, struct gsp_err *err)
{
	const struct gsp_json *options = NULL;
	struct gsp_talk *t = &out->talk;
	enum gsp_option id = GSP_OPTION_NAME;
	unsigned seen = 0;
	bool focused = false;

	if (find_verb(t, &options, data, err) == -1)
		return -1;
	for (const struct gsp_json *v = gsp_json_first(options); v != NULL; v = gsp_json_next(v)) {
		const struct gsp_json *value = gsp_json_get(v, "value");

		if (find_option(&id, &seen, t, v, err) == -1)
			return -1;
		if (gsp_json_bool(v, "focused", false)) {
			if (focused || (id != GSP_OPTION_NAME && id != GSP_OPTION_SAVE))
				return gsp_err_set(err, GSP_EPROTO, "there is nothing to offer for that");
			focused = true;
			t->saves = id == GSP_OPTION_SAVE;
			typed(t, value);
		} else if (id == GSP_OPTION_NAME)
			(void)read_server(t->server, sizeof(t->server), gsp_json_text(value, ""));
	}
	if (!focused)
		return gsp_err_set(err, GSP_EPROTO, "nothing is being typed");
	if (!t->saves)
		t->server[0] = '\0';
	return 0;
}

static int
parse_button(struct gsp_interaction *out, const struct gsp_json *d, const struct gsp_json *data,
    struct gsp_err *err)
{
	struct gsp_talk *t = &out->talk;

	if (gsp_json_u64(data, "component_type", 0) != BUTTON ||
	    gsp_message_button(t->nonce, &t->yes, gsp_json_str(data, "custom_id", "")) == -1)
		return gsp_err_set(err, GSP_EPROTO, "that is not a button of this bot");
	snprintf(t->channel, sizeof(t->channel), "%s", t->who.channel);
	return need_id(t->message, gsp_json_get(d, "message"), "id", err);
}

int
gsp_interaction_parse(struct gsp_interaction *out, const struct gsp_json *d, struct gsp_err *err)
{
	const struct gsp_json *data = gsp_json_get(d, "data");
	uint64_t type = gsp_json_u64(d, "type", 0);
	int rc;

	memset(out, 0, sizeof(*out));
	gsp_talk_init(&out->talk, type == AUTOCOMPLETE ? GSP_TALK_NAMES
	    : type == COMPONENT ? GSP_TALK_PRESS : GSP_TALK_ASK);
	out->kind = type == COMMAND ? GSP_INTERACTION_COMMAND
	    : type == COMPONENT    ? GSP_INTERACTION_BUTTON
	    : type == AUTOCOMPLETE ? GSP_INTERACTION_AUTOCOMPLETE
	                           : GSP_INTERACTION_OTHER;
	if (need_id(out->id, d, "id", err) == -1 || need_token(out->token, d, err) == -1 ||
	    need_id(out->app, d, "application_id", err) == -1) {
		if (out->token[0] == '\0')
			out->id[0] = '\0'; /* both, or there is no answer */
		return -1;
	}
	if (out->kind == GSP_INTERACTION_OTHER)
		return 0;
	snprintf(out->talk.interaction, sizeof(out->talk.interaction), "%s", out->id);
	snprintf(out->talk.app, sizeof(out->talk.app), "%s", out->app);
	memcpy(out->talk.token, out->token, sizeof(out->token));
	if (parse_who(&out->talk.who, d, err) == -1)
		rc = -1;
	else if (out->kind == GSP_INTERACTION_COMMAND)
		rc = parse_command(out, data, err);
	else if (out->kind == GSP_INTERACTION_BUTTON)
		rc = parse_button(out, d, data, err);
	else
		rc = parse_autocomplete(out, data, err);
	if (rc == -1)
		gsp_talk_release(&out->talk);
	return rc;
}

void
gsp_interaction_release(struct gsp_interaction *i)
{
	gsp_talk_release(&i->talk);
	explicit_bzero(i->token, sizeof(i->token));
}
