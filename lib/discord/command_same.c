#include "discord/command.h"

#include <string.h>

#include "base/banned.h"

/* What Discord leaves out, gives as null, or fills in with these, is the same. */
static const struct {
	const char *key;
	enum { WORDS, NUMBER, TRUTH, LIST, NAMES } form;
	double dflt; /* of a number */
} keys[] = {
    {"name", WORDS, 0},
    {"description", WORDS, 0},
    {"type", NUMBER, 1}, /* CHAT_INPUT, of a command; an option always has it */
    {"default_member_permissions", WORDS, 0},
    {"nsfw", TRUTH, 0},
    {"required", TRUTH, 0},
    {"autocomplete", TRUTH, 0},
    {"min_length", NUMBER, -1},
    {"max_length", NUMBER, -1},
    {"min_value", NUMBER, -1e300},
    {"max_value", NUMBER, -1e300},
    {"name_localizations", NAMES, 0},
    {"description_localizations", NAMES, 0},
    {"choices", LIST, 0},
    {"options", LIST, 0},
};

static bool option_same(const struct gsp_json *a, const struct gsp_json *b);

/* What a choice stands for: a text, or a number. */
static bool
value_same(const struct gsp_json *a, const struct gsp_json *b)
{
	const struct gsp_json *v = gsp_json_get(a, "value"), *w = gsp_json_get(b, "value");

	if (gsp_json_is_num(v) != gsp_json_is_num(w))
		return false;
	if (gsp_json_is_num(v))
		return gsp_json_num(a, "value", 0) == gsp_json_num(b, "value", 0);
	return strcmp(gsp_json_text(v, ""), gsp_json_text(w, "")) == 0;
}

/* The order counts: it is what people see. */
static bool
list_same(const struct gsp_json *a, const struct gsp_json *b)
{
	const struct gsp_json *v = gsp_json_first(a), *w = gsp_json_first(b);

	for (; v != NULL && w != NULL; v = gsp_json_next(v), w = gsp_json_next(w))
		if (!option_same(v, w))
			return false;
	return v == NULL && w == NULL;
}

/* A map of languages. We have none. */
static bool
names_same(const struct gsp_json *a, const struct gsp_json *b)
{
	if (gsp_json_count(a) != gsp_json_count(b))
		return false;
	for (const struct gsp_json *v = gsp_json_first(a); v != NULL; v = gsp_json_next(v))
		if (strcmp(gsp_json_text(v, ""), gsp_json_str(b, gsp_json_key(v), "")) != 0)
			return false;
	return true;
}

static bool
key_same(size_t i, const struct gsp_json *a, const struct gsp_json *b)
{
	const char *key = keys[i].key;

	switch (keys[i].form) {
	case WORDS: {
		const struct gsp_json *v = gsp_json_get(a, key), *w = gsp_json_get(b, key);

		/* no permissions are wanted (null), or "0": these are not the same */
		return gsp_json_is_str(v) == gsp_json_is_str(w) &&
		    strcmp(gsp_json_text(v, ""), gsp_json_text(w, "")) == 0;
	}
	case NUMBER:
		return gsp_json_num(a, key, keys[i].dflt) == gsp_json_num(b, key, keys[i].dflt);
	case TRUTH: return gsp_json_bool(a, key, false) == gsp_json_bool(b, key, false);
	case LIST: return list_same(gsp_json_get(a, key), gsp_json_get(b, key));
	default: return names_same(gsp_json_get(a, key), gsp_json_get(b, key));
	}
}

/* Of a command, an option or a choice. */
static bool
option_same(const struct gsp_json *a, const struct gsp_json *b)
{
	if (!gsp_json_is_obj(a) || !gsp_json_is_obj(b))
		return false;
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (!key_same(i, a, b))
			return false;
	return value_same(a, b);
}

bool
gsp_command_same(const struct gsp_json *ours, const struct gsp_json *theirs)
{
	if (!gsp_json_is_arr(ours) || !gsp_json_is_arr(theirs) ||
	    gsp_json_count(ours) != gsp_json_count(theirs))
		return false;
	/* the commands themselves have no order */
	for (const struct gsp_json *a = gsp_json_first(ours); a != NULL; a = gsp_json_next(a)) {
		const struct gsp_json *b = gsp_json_first(theirs);

		while (b != NULL && !option_same(a, b))
			b = gsp_json_next(b);
		if (b == NULL)
			return false;
	}
	return true;
}
