/* discord/talk: its reader, which takes nothing but what the table says. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "discord/snowflake.h"
#include "discord/talk.h"
#include "discord/talk_priv.h"
#include "fmt/json.h"

#include "base/banned.h"

static int
wrong(struct gsp_err *err, const char *key, const char *why)
{
	return gsp_err_set(err, GSP_EPROTO, "'%s' is %s", key, why);
}

/* ${text} is of the size and of the characters that may be there. */
static int
check_text(const char *text, size_t size, bool lines, const char *key, struct gsp_err *err)
{
	if (strlen(text) >= size)
		return wrong(err, key, "too long");
	for (const char *p = text; *p != '\0';) {
		size_t n = talk_char(p, lines);

		if (n == 0)
			return wrong(err, key, "no plain text");
		p += n;
	}
	return 0;
}

static int
read_text(char *out, size_t size, bool lines, const struct gsp_json *o, const char *key,
    struct gsp_err *err)
{
	const char *text;

	if (gsp_json_need_str(&text, o, key, err) == -1 || check_text(text, size, lines, key, err) == -1)
		return -1;
	memcpy(out, text, strlen(text) + 1);
	return 0;
}

static int
check_id(const char *text, bool none, const char *key, struct gsp_err *err)
{
	if ((none && *text == '\0') || gsp_snowflake_ok(text))
		return 0;
	return wrong(err, key, "no id");
}

static int
read_id(char out[GSP_TALK_ID], bool none, const struct gsp_json *o, const char *key,
    struct gsp_err *err)
{
	const char *text;

	if (gsp_json_need_str(&text, o, key, err) == -1 || check_id(text, none, key, err) == -1)
		return -1;
	memcpy(out, text, strlen(text) + 1);
	return 0;
}

static int
read_long(char **out, size_t size, const struct gsp_json *o, const char *key, struct gsp_err *err)
{
	const char *text;

	if (gsp_json_need_str(&text, o, key, err) == -1 || check_text(text, size, true, key, err) == -1)
		return -1;
	free(*out);
	*out = strdup(text);
	return *out != NULL ? 0 : gsp_err_set(err, GSP_ESYS, "out of memory");
}

static int
read_whole(int64_t *out, int64_t least, const struct gsp_json *o, const char *key, struct gsp_err *err)
{
	const struct gsp_json *v = gsp_json_get(o, key);
	double d = gsp_json_num(o, key, NAN);

	if (v == NULL)
		return wrong(err, key, "missing");
	if (!(d >= (double)least && d <= (double)TALK_WHOLE_MAX) || d != floor(d))
		return wrong(err, key, "no number that can be");
	*out = (int64_t)d;
	return 0;
}

static int
read_num(double *out, const struct gsp_json *o, const char *key, struct gsp_err *err)
{
	double d = gsp_json_num(o, key, NAN);

	if (!isfinite(d))
		return wrong(err, key, "missing, or no number");
	*out = d;
	return 0;
}

static int
read_bool(bool *out, const struct gsp_json *o, const char *key, struct gsp_err *err)
{
	if (!gsp_json_is_bool(gsp_json_get(o, key)))
		return wrong(err, key, "missing, or neither true nor false");
	*out = gsp_json_bool(o, key, false);
	return 0;
}

static int
read_who(struct gsp_talk_who *w, const struct gsp_json *o, const char *key, struct gsp_err *err)
{
	const struct gsp_json *v = gsp_json_get(o, key), *roles = gsp_json_get(v, "roles");
	size_t n = gsp_json_count(roles);

	if (!gsp_json_is_obj(v) || gsp_json_count(v) != 6 || !gsp_json_is_arr(roles) ||
	    n > GSP_TALK_ROLES_MAX)
		return wrong(err, key, "not what it should be");
	if (read_id(w->user, false, v, "user", err) == -1 ||
	    read_text(w->name, sizeof(w->name), false, v, "name", err) == -1 ||
	    read_id(w->guild, true, v, "guild", err) == -1 ||
	    read_id(w->channel, true, v, "channel", err) == -1 ||
	    read_id(w->parent, true, v, "parent", err) == -1)
		return -1;
	if (n > 0 && (w->roles = calloc(n, sizeof(*w->roles))) == NULL)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	for (const struct gsp_json *r = gsp_json_first(roles); r != NULL; r = gsp_json_next(r)) {
		const char *text = gsp_json_text(r, "");

		if (check_id(text, false, "roles", err) == -1)
			return -1;
		memcpy(w->roles[w->nroles++], text, strlen(text) + 1);
	}
	return 0;
}

static int
read_choices(struct gsp_talk *t, const struct gsp_json *o, const char *key, struct gsp_err *err)
{
	const struct gsp_json *list = gsp_json_get(o, key);
	size_t n = gsp_json_count(list);

	if (!gsp_json_is_arr(list) || n > TALK_CHOICES_MAX)
		return wrong(err, key, "not what it should be");
	if (n > 0 && (t->choices = calloc(n, sizeof(*t->choices))) == NULL)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	for (const struct gsp_json *v = gsp_json_first(list); v != NULL; v = gsp_json_next(v)) {
		struct gsp_talk_choice *c = &t->choices[t->nchoices++];

		if (!gsp_json_is_obj(v) || gsp_json_count(v) != 2)
			return wrong(err, key, "not what it should be");
		if (read_text(c->name, sizeof(c->name), false, v, "name", err) == -1 ||
		    read_text(c->value, sizeof(c->value), false, v, "value", err) == -1)
			return -1;
	}
	return 0;
}

static int
read_verb(enum gsp_verb *out, const struct gsp_json *o, const char *key, struct gsp_err *err)
{
	const char *text;

	if (gsp_json_need_str(&text, o, key, err) == -1)
		return -1;
	return gsp_verb_find(out, text) == 0 ? 0 : wrong(err, key, "none that we know");
}

static int
read_field(struct gsp_talk *t, const struct talk_field *f, const struct gsp_json *o, struct gsp_err *err)
{
	void *at = (char *)t + f->at;
	int64_t whole = 0;

	switch (f->form) {
	case TALK_WHOLE:
	case TALK_SIGNED:
	case TALK_INT:
		if (read_whole(&whole, f->least, o, f->key, err) == -1)
			return -1;
		if (f->form == TALK_WHOLE)
			*(uint64_t *)at = (uint64_t)whole;
		else if (f->form == TALK_SIGNED)
			*(int64_t *)at = whole;
		else if (whole > INT32_MAX)
			return wrong(err, f->key, "no number that can be");
		else
			*(int *)at = (int)whole;
		return 0;
	case TALK_NUM:
		return read_num(at, o, f->key, err);
	case TALK_BOOL:
		return read_bool(at, o, f->key, err);
	case TALK_VERB:
		return read_verb(at, o, f->key, err);
	case TALK_ID:
	case TALK_ID_NONE:
		return read_id(at, f->form == TALK_ID_NONE, o, f->key, err);
	case TALK_WORD:
	case TALK_TEXT:
		return read_text(at, f->size, f->form == TALK_TEXT, o, f->key, err);
	case TALK_LONG:
		return read_long(at, f->size, o, f->key, err);
	case TALK_WHO:
		return read_who(at, o, f->key, err);
	case TALK_CHOICES:
		return read_choices(t, o, f->key, err);
	}
	return -1;
}

static int
read_kind(enum gsp_talk_kind *out, const struct gsp_json *o, struct gsp_err *err)
{
	const char *name;

	if (!gsp_json_is_obj(o))
		return gsp_err_set(err, GSP_EPROTO, "not an object");
	if (gsp_json_need_str(&name, o, "kind", err) == -1)
		return -1;
	for (size_t i = 0; i < TALK_KINDS; i++)
		if (strcmp(talk_kind_name((enum gsp_talk_kind)i), name) == 0) {
			*out = (enum gsp_talk_kind)i;
			return 0;
		}
	return wrong(err, "kind", "none that we know");
}

/* A NUL would end a text early, and what follows it would not have been looked at. */
static bool
has_nul(const char *line, size_t len)
{
	if (memchr(line, '\0', len) != NULL)
		return true;
	for (size_t i = 0; i + 1 < len; i++)
		if (line[i] == '\\') {
			if (len - i >= 6 && memcmp(line + i, "\\u0000", 6) == 0)
				return true;
			i++;
		}
	return false;
}

int
gsp_talk_parse(struct gsp_talk *t, const char *line, size_t len, struct gsp_err *err)
{
	struct gsp_json *o = NULL;
	size_t n = 1;
	int rc = -1;

	gsp_talk_init(t, GSP_TALK_STOP);
	if (len >= GSP_TALK_LINE_MAX)
		return gsp_err_set(err, GSP_EPROTO, "a line of more than %u bytes", GSP_TALK_LINE_MAX - 1);
	if (has_nul(line, len))
		return gsp_err_set(err, GSP_EPROTO, "a NUL in a line");
	if (gsp_json_parse(&o, line, len, err) == -1 || read_kind(&t->kind, o, err) == -1)
		goto out;
	for (int i = 0; i < TALK_FIELDS; i++) {
		if (!talk_has(t->kind, i))
			continue;
		n++;
		if (read_field(t, &talk_fields[i], o, err) == -1) {
			(void)gsp_err_wrap(err, "%s", talk_kind_name(t->kind));
			goto out;
		}
	}
	if (gsp_json_count(o) != n)
		(void)gsp_err_set(err, GSP_EPROTO, "%s: a key that does not belong there, or one twice",
		    talk_kind_name(t->kind));
	else
		rc = 0;
out:
	gsp_json_free(o);
	if (rc == -1)
		gsp_talk_release(t);
	return rc;
}
