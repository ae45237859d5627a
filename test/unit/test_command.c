#include "discord/command.h"
#include "discord/command_priv.h"
#include "discord/talk.h"
#include "tap.h"

#include "base/banned.h"

static struct gsp_err err;

static struct gsp_json *
parse(const char *text)
{
	struct gsp_json *o = NULL;

	if (gsp_json_parse(&o, text, strlen(text), &err) == -1) {
		printf("Bail out! %s\n", err.msg);
		exit(1);
	}
	return o;
}

static char *
printed(void)
{
	struct gsp_buf b = GSP_BUF_INIT(65536);
	struct gsp_json *o = gsp_command_all();

	gsp_json_print(&b, o);
	gsp_json_free(o);
	return gsp_buf_take(&b);
}

/* ---- what Discord wants. Source: Discord API v10, "Application Command Structure" ---- */

static size_t total; /* characters of names, descriptions and values: 8000 a command */

static bool
is_word(const char *s, size_t max)
{
	return s[0] != '\0' && strlen(s) <= max && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_-") == strlen(s);
}

static bool
described(const struct gsp_json *o)
{
	const char *d = gsp_json_str(o, "description", "");

	total += strlen(gsp_json_str(o, "name", "")) + strlen(d);
	return is_word(gsp_json_str(o, "name", ""), 32) && d[0] != '\0' && strlen(d) <= 100;
}

static bool
choices_fit(const struct gsp_json *o)
{
	const struct gsp_json *list = gsp_json_get(o, "choices");

	if (list == NULL)
		return true;
	if (gsp_json_bool(o, "autocomplete", false) || gsp_json_count(list) > 25)
		return false;
	for (const struct gsp_json *c = gsp_json_first(list); c != NULL; c = gsp_json_next(c)) {
		size_t n = strlen(gsp_json_str(c, "name", "")), v = strlen(gsp_json_str(c, "value", ""));

		total += n + v;
		if (n < 1 || n > 100 || v < 1 || v > 100)
			return false;
	}
	return true;
}

static bool
options_fit(const struct gsp_json *sub)
{
	bool optional = false;
	const struct gsp_json *list = gsp_json_get(sub, "options");

	if (gsp_json_count(list) > 25)
		return false;
	for (const struct gsp_json *o = gsp_json_first(list); o != NULL; o = gsp_json_next(o)) {
		bool required = gsp_json_bool(o, "required", false);

		if (!described(o) || !choices_fit(o) || (required && optional))
			return false;
		optional |= !required;
	}
	return true;
}

static void
form(void)
{
	struct gsp_json *all = gsp_command_all();
	const struct gsp_json *c = gsp_json_first(all), *list = gsp_json_get(c, "options");
	int v = 0;

	OK(gsp_json_is_arr(all) && gsp_json_count(all) == 1);
	OK(described(c));
	OK(gsp_json_is_null(gsp_json_get(c, "default_member_permissions")));
	IS_INT(gsp_json_count(list), GSP_VERBS);
	for (const struct gsp_json *s = gsp_json_first(list); s != NULL; s = gsp_json_next(s), v++) {
		OK(described(s) && options_fit(s) && gsp_json_u64(s, "type", 0) == 1);
		IS_STR(gsp_json_str(s, "name", ""), gsp_verb_name((enum gsp_verb)v));
	}
	OK(total < 8000);
	gsp_json_free(all);
}

/* ---- the same, or not ---- */

/* What Discord stores of ours, with what it adds. */
static char *
stored(const char *ours)
{
	struct gsp_buf b = GSP_BUF_INIT(1 << 20);
	const char *p = ours, *q;

	while ((q = strstr(p, "\"type\":")) != NULL) {
		gsp_buf_add(&b, p, (size_t)(q - p));
		gsp_buf_adds(&b, "\"name_localizations\":null,\"description_localizations\":null,");
		gsp_buf_add(&b, q, 7);
		p = q + 7;
	}
	gsp_buf_adds(&b, p);
	gsp_buf_consume(&b, 2); /* "[{" */
	p = gsp_buf_take(&b);
	gsp_buf_addf(&b, "[{\"id\":\"41771983423143937\",\"application_id\":\"41771983423143936\","
	    "\"version\":\"1\",\"guild_id\":\"2\",\"dm_permission\":true,\"contexts\":null,"
	    "\"integration_types\":[0],\"nsfw\":false,%s", p);
	free((char *)(uintptr_t)p);
	return gsp_buf_take(&b);
}

/* Once ${from} is ${to} in what is stored, it is another. */
static bool
other(const char *text, const char *from, const char *to)
{
	struct gsp_buf b = GSP_BUF_INIT(1 << 20);
	const char *at = strstr(text, from);
	struct gsp_json *ours = gsp_command_all(), *theirs;
	bool same;

	if (at == NULL) {
		gsp_json_free(ours);
		return false;
	}
	gsp_buf_add(&b, text, (size_t)(at - text));
	gsp_buf_addf(&b, "%s%s", to, at + strlen(from));
	theirs = parse(gsp_buf_str(&b));
	same = gsp_command_same(ours, theirs);
	gsp_json_free(ours);
	gsp_json_free(theirs);
	gsp_buf_release(&b);
	return !same;
}

static void
same(void)
{
	char *ours = printed(), *theirs = stored(ours);
	struct gsp_json *a = parse(ours), *b = parse(theirs), *none = parse("[]"), *no = parse("{}");

	OK(gsp_command_same(a, a));
	OK(gsp_command_same(a, b));
	OK(!gsp_command_same(a, none));
	OK(!gsp_command_same(none, a));
	OK(gsp_command_same(none, none));
	OK(!gsp_command_same(a, no));
	OK(!gsp_command_same(a, NULL));
	OK(other(theirs, "\"default_member_permissions\":null", "\"default_member_permissions\":\"0\""));
	OK(other(theirs, "\"required\":true", "\"required\":false"));
	OK(other(theirs, "\"autocomplete\":true", "\"autocomplete\":false"));
	OK(other(theirs, "\"name\":\"down\"", "\"name\":\"stop\""));
	OK(other(theirs, "Which server", "Which one"));
	OK(other(theirs, "\"value\":\"30m\"", "\"value\":\"31m\""));
	OK(other(theirs, "\"value\":\"30m\"", "\"value\":30"));
	OK(other(theirs, "\"max_length\":28", "\"max_length\":29"));
	OK(other(theirs, "\"max_length\":28", "\"max_length\":28,\"min_length\":3"));
	OK(other(theirs, "\"description_localizations\":null", "\"description_localizations\":{\"de\":\"x\"}"));
	OK(other(theirs, "\"nsfw\":false", "\"nsfw\":true"));
	OK(other(theirs, "\"name\":\"list\"", "\"required\":true,\"name\":\"list\""));
	OK(!other(theirs, "\"nsfw\":false", "\"nsfw\":false,\"new_field\":[1]"));
	gsp_json_free(a);
	gsp_json_free(b);
	gsp_json_free(none);
	gsp_json_free(no);
	free(ours);
	free(theirs);
}

int
main(void)
{
	form();
	same();
	OK(gsp_command_must(GSP_VERB_RESTORE, GSP_OPTION_SAVE));
	OK(!gsp_command_must(GSP_VERB_UP, GSP_OPTION_SAVE) && gsp_command_may(GSP_VERB_UP, GSP_OPTION_SAVE));
	OK(!gsp_command_may(GSP_VERB_DOWN, GSP_OPTION_SAVE));
	OK(gsp_command_script("start") && !gsp_command_script("../start"));
	return done();
}
