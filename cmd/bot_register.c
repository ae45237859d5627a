/* The command /server in the guild: what is there, what differs, and putting it there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot.h"
#include "cli/say.h"
#include "discord/command.h"
#include "fmt/out.h"

#include "base/banned.h"

/* ---- what differs ---- */

static const struct gsp_json *
find(const struct gsp_json *list, const char *name, uint64_t type)
{
	for (const struct gsp_json *c = gsp_json_first(list); c != NULL; c = gsp_json_next(c))
		if (strcmp(gsp_json_str(c, "name", ""), name) == 0 &&
		    gsp_json_u64(c, "type", 1) == type)
			return c;
	return NULL;
}

/* A list of one command, and with ${option} of one that has nothing but this. */
static struct gsp_json *
alone(const struct gsp_json *command, const struct gsp_json *option)
{
	struct gsp_json *list = gsp_json_new_arr(), *c;

	if (option == NULL) {
		gsp_json_add_copy(list, NULL, command);
		return list;
	}
	c = gsp_json_add_obj(list, NULL);
	gsp_json_add_str(c, "name", "server");
	gsp_json_add_u64(c, "type", 1);
	gsp_json_add_str(c, "description", "-");
	gsp_json_add_copy(gsp_json_add_arr(c, "options"), NULL, option);
	return list;
}

static bool
is_same(const struct gsp_json *ours, const struct gsp_json *our_option, const struct gsp_json *theirs,
    const struct gsp_json *their_option)
{
	struct gsp_json *a = alone(ours, our_option), *b = alone(theirs, their_option);
	bool same = gsp_command_same(a, b);

	gsp_json_free(a);
	gsp_json_free(b);
	return same;
}

static void
compare_options(struct bot_diff *d, const struct gsp_json *ours, const struct gsp_json *theirs)
{
	const struct gsp_json *mine = gsp_json_get(ours, "options");
	const struct gsp_json *there = gsp_json_get(theirs, "options"), *o, *other;

	for (o = gsp_json_first(mine); o != NULL; o = gsp_json_next(o)) {
		const char *name = gsp_json_str(o, "name", "");

		d->subcommands++;
		other = find(there, name, gsp_json_u64(o, "type", 1));
		if (other == NULL)
			gsp_argv_push(&d->added, name);
		else if (!is_same(ours, o, theirs, other))
			gsp_argv_push(&d->changed, name);
	}
	for (o = gsp_json_first(there); o != NULL; o = gsp_json_next(o))
		if (find(mine, gsp_json_str(o, "name", ""), gsp_json_u64(o, "type", 1)) == NULL)
			gsp_argv_push(&d->gone, gsp_json_str(o, "name", ""));
}

void
bot_compare(struct bot_diff *d, const struct gsp_json *ours, const struct gsp_json *theirs)
{
	const struct gsp_json *c, *there;

	memset(d, 0, sizeof(*d));
	for (c = gsp_json_first(ours); c != NULL; c = gsp_json_next(c)) {
		there = find(theirs, gsp_json_str(c, "name", ""), gsp_json_u64(c, "type", 1));
		d->there = d->there || there != NULL;
		d->differs = d->differs || there == NULL || !is_same(c, NULL, there, NULL);
		compare_options(d, c, there);
	}
	for (c = gsp_json_first(theirs); c != NULL; c = gsp_json_next(c))
		if (find(ours, gsp_json_str(c, "name", ""), gsp_json_u64(c, "type", 1)) == NULL)
			gsp_argv_pushf(&d->others, "%s%s", gsp_json_u64(c, "type", 1) == 1 ? "/" : "",
			    gsp_json_str(c, "name", ""));
}

void
bot_diff_release(struct bot_diff *d)
{
	gsp_argv_release(&d->added);
	gsp_argv_release(&d->changed);
	gsp_argv_release(&d->gone);
	gsp_argv_release(&d->others);
}

/* ---- asking and putting ---- */

static int
not_there(const struct bot *b, const struct gsp_api_answer *a, struct gsp_err *err)
{
	if (a->code == GSP_API_UNKNOWN_GUILD || a->code == GSP_API_MISSING_ACCESS ||
	    a->code == GSP_API_MISSING_PERMISSIONS) {
		err->code = GSP_EUNAVAIL;
		return gsp_err_hint(err, "is the bot in the guild %s, and is this discord: guild right? 'gsp "
		    "bot invite' prints the link that brings it in", b->guild);
	}
	return -1;
}

int
bot_commands(struct bot *b, struct gsp_json **theirs, struct gsp_err *err)
{
	struct gsp_api_answer a;
	int rc = bot_get(b, &a, err, "/applications/%s/guilds/%s/commands", b->app_id, b->guild);

	if (rc == -1)
		(void)not_there(b, &a, err);
	else if (!gsp_json_is_arr(a.body))
		rc = gsp_err_set(err, GSP_EPROTO, "Discord's list of commands is no list");
	else {
		*theirs = a.body;
		a.body = NULL;
	}
	gsp_api_answer_release(&a);
	return rc;
}

/* ${stored}: the list as it is now, if the answer says. */
static int
send_commands(struct gsp_json **stored, struct bot *b, const char *method, const struct gsp_json *body,
    struct gsp_err *err)
{
	struct gsp_api_answer a;
	char path[128];
	int rc;

	(void)snprintf(path, sizeof(path), "/applications/%s/guilds/%s/commands", b->app_id, b->guild);
	rc = gsp_api_call(b->api, &a, method, path, body, err);
	if (rc == -1)
		(void)not_there(b, &a, err);
	else if (gsp_json_is_arr(a.body)) {
		gsp_json_free(*stored);
		*stored = a.body;
		a.body = NULL;
	}
	gsp_api_answer_release(&a);
	return rc;
}

/*
 * PUT of the whole list, the documented way, takes away every other command that the application has
 * here, which may be somebody's work. So where there are others: one POST for each command that
 * differs; it creates or replaces the one of its name.
 */
static int
put(struct gsp_json **stored, struct bot *b, const struct gsp_json *ours, const struct gsp_json *theirs,
    const struct bot_diff *d, struct gsp_err *err)
{
	const struct gsp_json *there;
	int rc = 0;

	if (d->others.n == 0)
		return send_commands(stored, b, "PUT", ours, err);
	for (const struct gsp_json *c = gsp_json_first(ours); c != NULL && rc == 0;
	     c = gsp_json_next(c)) {
		there = find(theirs, gsp_json_str(c, "name", ""), gsp_json_u64(c, "type", 1));
		if (there == NULL || !is_same(c, NULL, there, NULL))
			rc = send_commands(stored, b, "POST", c, err);
	}
	return rc;
}

/* Sends it, and looks at what came of it. */
static int
replace(struct bot *b, const struct gsp_json *ours, const struct gsp_json *theirs,
    const struct bot_diff *was, struct gsp_err *err)
{
	struct gsp_json *stored = NULL;
	struct bot_diff d;
	int rc;

	if (put(&stored, b, ours, theirs, was, err) == -1)
		return -1;
	if (stored == NULL && bot_commands(b, &stored, err) == -1)
		return gsp_err_wrap(err, "the command was sent, but cannot be read back");
	bot_compare(&d, ours, stored);
	rc = !d.differs ? 0
	    : gsp_err_set(err, GSP_EPROTO, "Discord took the command, but now has another one; try again, "
	        "and if that does not help: is a newer gsp registering its own?");
	bot_diff_release(&d);
	gsp_json_free(stored);
	return rc;
}

/* ---- what is said ---- */

static void
guild_name(struct bot *b, struct gsp_buf *out)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_api_answer a;

	/* Without the bot itself the guild is only a number; that is check's to tell. */
	if (bot_get(b, &a, &ignored, "/guilds/%s", b->guild) == 0) {
		gsp_buf_addc(out, '\'');
		gsp_buf_adds(out, gsp_json_str(a.body, "name", b->guild));
		gsp_buf_addc(out, '\'');
	} else
		gsp_buf_adds(out, b->guild);
	gsp_api_answer_release(&a);
}

static void
rows(struct gsp_out *o, const struct tool *t, const struct gsp_argv *names, const char *change)
{
	for (size_t i = 0; i < names->n; i++) {
		if (t->cli.json)
			gsp_out_str(o, "schema", "gsp.bot.command/1");
		gsp_out_str(o, "subcommand", names->v[i]);
		gsp_out_str(o, "change", change);
		gsp_out_end(o);
	}
}

static int
print(const struct tool *t, const struct bot_diff *d, struct gsp_err *err)
{
	struct gsp_out *o = gsp_out_new(stdout, t->cli.json ? GSP_OUT_JSON : GSP_OUT_TABLE, NULL);

	rows(o, t, &d->added, "new");
	rows(o, t, &d->changed, "changed");
	rows(o, t, &d->gone, "gone");
	return gsp_out_free(o, err);
}

static void
say(struct bot *b, const struct bot_diff *d, bool dry_run)
{
	struct gsp_buf guild = GSP_BUF_INIT(1024), text = GSP_BUF_INIT(8192);

	guild_name(b, &guild);
	if (!d->differs)
		gsp_buf_addf(&text, "/server is registered in guild %s already; nothing %s",
		    gsp_buf_str(&guild), dry_run ? "would be sent" : "was sent");
	else
		gsp_buf_addf(&text, "%s /server with %zu subcommands in guild %s%s",
		    dry_run ? "would register" : "registered", d->subcommands, gsp_buf_str(&guild),
		    !d->there                                                  ? ""
			: d->added.n + d->changed.n + d->gone.n > 0 ? ", where it was another"
		                                                               : ", where its description, its "
		                                                                 "order or who sees it was "
		                                                                 "another");
	for (size_t i = 0; i < d->others.n; i++)
		gsp_buf_addf(&text, "%s%s", i == 0 ? "; left as they are: " : ", ", d->others.v[i]);
	if (!b->t->cli.quiet) {
		struct gsp_buf safe = GSP_BUF_INIT(65536);

		gsp_cli_escape(&safe, gsp_buf_str(&text));
		fprintf(stderr, "%s\n", gsp_buf_str(&safe));
		gsp_buf_release(&safe);
	}
	gsp_buf_release(&guild);
	gsp_buf_release(&text);
}

int
bot_register(struct tool *t, bool dry_run, struct gsp_err *err)
{
	struct gsp_json *ours = gsp_command_all(), *theirs = NULL;
	struct bot b = {.t = t};
	struct bot_diff d = {.differs = false};
	int rc = -1;

	if (bot_open(&b, t, err) == -1 || bot_app(&b, err) == -1 || bot_commands(&b, &theirs, err) == -1)
		goto out;
	bot_compare(&d, ours, theirs);
	if (d.differs && !dry_run && replace(&b, ours, theirs, &d, err) == -1)
		goto out;
	say(&b, &d, dry_run);
	rc = print(t, &d, err);
out:
	bot_diff_release(&d);
	gsp_json_free(theirs);
	gsp_json_free(ours);
	bot_close(&b);
	return rc;
}
