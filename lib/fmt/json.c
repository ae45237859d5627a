#include "fmt/json.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"
#include "base/utf8.h"

#include "base/banned.h"

/* 2^53: from here on a double may stand for a neighbour of what was written. */
#define WHOLE_MAX 9007199254740992.0

static cJSON *
raw(const struct gsp_json *v)
{
	return (cJSON *)(uintptr_t)v;
}

static struct gsp_json *
wrap(cJSON *v)
{
	return (struct gsp_json *)v;
}

static bool
too_deep(const char *text, size_t len)
{
	bool in_string = false;
	int depth = 0;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
		} else if (c == '"')
			in_string = true;
		else if ((c == '{' || c == '[') && ++depth > GSP_JSON_DEPTH)
			return true;
		else if (c == '}' || c == ']')
			depth--;
	}
	return false;
}

int
gsp_json_parse(struct gsp_json **out, const char *text, size_t len, struct gsp_err *err)
{
	const char *end = NULL;
	cJSON *v;

	if (too_deep(text, len))
		return gsp_err_set(err, GSP_EPROTO, "JSON nested deeper than %d levels",
		    GSP_JSON_DEPTH);
	v = cJSON_ParseWithLengthOpts(text, len, &end, 0);
	if (v == NULL)
		return gsp_err_set(err, GSP_EPROTO, "not JSON (at byte %zu of %zu)",
		    end != NULL ? (size_t)(end - text) : 0, len);
	while (end < text + len && (*end == ' ' || *end == '\t' || *end == '\r' || *end == '\n'))
		end++;
	if (end != text + len) {
		gsp_err_set(err, GSP_EPROTO, "something follows the JSON value (at byte %zu of %zu)",
		    (size_t)(end - text), len);
		cJSON_Delete(v);
		return -1;
	}
	*out = wrap(v);
	return 0;
}

void
gsp_json_free(struct gsp_json *root)
{
	cJSON_Delete(raw(root));
}

struct gsp_json *
gsp_json_get(const struct gsp_json *obj, const char *key)
{
	if (obj == NULL || !cJSON_IsObject(raw(obj)))
		return NULL;
	return wrap(cJSON_GetObjectItemCaseSensitive(raw(obj), key));
}

struct gsp_json *
gsp_json_first(const struct gsp_json *v)
{
	if (v == NULL || !(cJSON_IsArray(raw(v)) || cJSON_IsObject(raw(v))))
		return NULL;
	return wrap(raw(v)->child);
}

struct gsp_json *
gsp_json_next(const struct gsp_json *child)
{
	return wrap(raw(child)->next);
}

const char *
gsp_json_key(const struct gsp_json *child)
{
	return raw(child)->string;
}

size_t
gsp_json_count(const struct gsp_json *v)
{
	size_t n = 0;

	for (struct gsp_json *c = gsp_json_first(v); c != NULL; c = gsp_json_next(c))
		n++;
	return n;
}

bool
gsp_json_is_obj(const struct gsp_json *v)
{
	return v != NULL && cJSON_IsObject(raw(v));
}

bool
gsp_json_is_arr(const struct gsp_json *v)
{
	return v != NULL && cJSON_IsArray(raw(v));
}

bool
gsp_json_is_str(const struct gsp_json *v)
{
	return v != NULL && cJSON_IsString(raw(v)) && raw(v)->valuestring != NULL;
}

bool
gsp_json_is_num(const struct gsp_json *v)
{
	return v != NULL && cJSON_IsNumber(raw(v));
}

bool
gsp_json_is_bool(const struct gsp_json *v)
{
	return v != NULL && cJSON_IsBool(raw(v));
}

bool
gsp_json_is_null(const struct gsp_json *v)
{
	return v != NULL && cJSON_IsNull(raw(v));
}

const char *
gsp_json_text(const struct gsp_json *v, const char *dflt)
{
	return gsp_json_is_str(v) ? raw(v)->valuestring : dflt;
}

const char *
gsp_json_str(const struct gsp_json *obj, const char *key, const char *dflt)
{
	return gsp_json_text(gsp_json_get(obj, key), dflt);
}

static int
whole(uint64_t *out, const struct gsp_json *v)
{
	double d;

	if (!gsp_json_is_num(v))
		return -1;
	d = raw(v)->valuedouble;
	if (!(d >= 0 && d < WHOLE_MAX) || d != floor(d))
		return -1;
	*out = (uint64_t)d;
	return 0;
}

uint64_t
gsp_json_u64(const struct gsp_json *obj, const char *key, uint64_t dflt)
{
	uint64_t v = dflt;

	return whole(&v, gsp_json_get(obj, key)) == 0 ? v : dflt;
}

double
gsp_json_num(const struct gsp_json *obj, const char *key, double dflt)
{
	struct gsp_json *v = gsp_json_get(obj, key);

	return gsp_json_is_num(v) && isfinite(raw(v)->valuedouble) ? raw(v)->valuedouble : dflt;
}

bool
gsp_json_bool(const struct gsp_json *obj, const char *key, bool dflt)
{
	struct gsp_json *v = gsp_json_get(obj, key);

	return gsp_json_is_bool(v) ? cJSON_IsTrue(raw(v)) != 0 : dflt;
}

void
gsp_json_copy(char *out, size_t size, const struct gsp_json *obj, const char *key)
{
	snprintf(out, size, "%s", gsp_json_str(obj, key, ""));
}

int64_t
gsp_json_time(const struct gsp_json *obj, const char *key)
{
	int64_t t = 0;

	return gsp_clock_parse(&t, gsp_json_str(obj, key, "")) == 0 ? t : 0;
}

int
gsp_json_id(uint64_t *out, const struct gsp_json *v)
{
	if (gsp_json_is_str(v))
		return gsp_num_u64(out, raw(v)->valuestring, 0, UINT64_MAX);
	return whole(out, v);
}

int
gsp_json_need_str(const char **out, const struct gsp_json *obj, const char *key,
    struct gsp_err *err)
{
	struct gsp_json *v = gsp_json_get(obj, key);

	if (!gsp_json_is_str(v))
		return gsp_err_set(err, GSP_EPROTO, "'%s' is %s", key,
		    v == NULL ? "missing" : "not a string");
	*out = raw(v)->valuestring;
	return 0;
}

int
gsp_json_need_u64(uint64_t *out, const struct gsp_json *obj, const char *key,
    struct gsp_err *err)
{
	struct gsp_json *v = gsp_json_get(obj, key);

	if (whole(out, v) == -1)
		return gsp_err_set(err, GSP_EPROTO, "'%s' is %s", key,
		    v == NULL ? "missing" : "not a whole number");
	return 0;
}

static cJSON *
made(cJSON *v)
{
	if (v == NULL)
		abort();
	return v;
}

static void
put(struct gsp_json *parent, const char *key, cJSON *v)
{
	int ok = key != NULL ? cJSON_AddItemToObject(raw(parent), key, made(v))
	                     : cJSON_AddItemToArray(raw(parent), made(v));

	if (!ok)
		abort();
}

struct gsp_json *
gsp_json_new_obj(void)
{
	return wrap(made(cJSON_CreateObject()));
}

struct gsp_json *
gsp_json_new_arr(void)
{
	return wrap(made(cJSON_CreateArray()));
}

struct gsp_json *
gsp_json_add_obj(struct gsp_json *parent, const char *key)
{
	struct gsp_json *v = gsp_json_new_obj();

	put(parent, key, raw(v));
	return v;
}

struct gsp_json *
gsp_json_add_arr(struct gsp_json *parent, const char *key)
{
	struct gsp_json *v = gsp_json_new_arr();

	put(parent, key, raw(v));
	return v;
}

static void
add_clean(struct gsp_buf *out, const char *text)
{
	for (const char *p = text; *p != '\0';) {
		size_t n = gsp_utf8_len(p);

		if (n == 0) {
			gsp_buf_adds(out, "\xef\xbf\xbd");
			n = 1;
		} else
			gsp_buf_add(out, p, n);
		p += n;
	}
}

void
gsp_json_add_str(struct gsp_json *parent, const char *key, const char *value)
{
	struct gsp_buf clean = GSP_BUF_INIT(SIZE_MAX / 4);

	add_clean(&clean, value);
	put(parent, key, cJSON_CreateString(gsp_buf_str(&clean)));
	gsp_buf_release(&clean);
}

void
gsp_json_add_u64(struct gsp_json *parent, const char *key, uint64_t value)
{
	put(parent, key, cJSON_CreateNumber((double)value));
}

void
gsp_json_add_num(struct gsp_json *parent, const char *key, double value)
{
	put(parent, key, cJSON_CreateNumber(value));
}

void
gsp_json_add_bool(struct gsp_json *parent, const char *key, bool value)
{
	put(parent, key, cJSON_CreateBool(value));
}

void
gsp_json_add_time(struct gsp_json *parent, const char *key, int64_t t)
{
	char text[GSP_CLOCK_TEXT];

	gsp_json_add_str(parent, key, gsp_clock_format(text, sizeof(text), t));
}

void
gsp_json_add_null(struct gsp_json *parent, const char *key)
{
	put(parent, key, cJSON_CreateNull());
}

void
gsp_json_add_copy(struct gsp_json *parent, const char *key, const struct gsp_json *v)
{
	put(parent, key, cJSON_Duplicate(raw(v), 1));
}

void
gsp_json_remove(struct gsp_json *obj, const char *key)
{
	cJSON_DeleteItemFromObjectCaseSensitive(raw(obj), key);
}

void
gsp_json_print(struct gsp_buf *out, const struct gsp_json *v)
{
	char *text = cJSON_PrintUnformatted(raw(v));

	if (text == NULL)
		abort();
	add_clean(out, text); /* what was parsed, and keys, come as they were */
	cJSON_free(text);
}
