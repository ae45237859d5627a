#include "sandbox/api_filter.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"

enum { FIELD_MAX = 64 }; /* longest field name the API has is far below */

enum op { OP_EQ, OP_NEQ, OP_GT, OP_GTE, OP_LT, OP_LTE, OP_CONTAINS, OP_NONE };

static const char *const op_names[] = {"=", "+neq", "+gt", "+gte", "+lt", "+lte", "+contains"};

struct gsp_sb_filter {
	struct gsp_json *root;
	const char *order_by; /* inside root, or NULL */
	bool desc;
};

/* A value as found: fmt/json hands out numbers by key only, so the parent comes along. */
struct value {
	const struct gsp_json *parent;
	const char *key;
	const struct gsp_json *v; /* NULL: absent */
};

static enum op
op_of(const char *name)
{
	for (size_t i = OP_NEQ; i < OP_NONE; i++)
		if (strcmp(name, op_names[i]) == 0)
			return (enum op)i;
	return OP_NONE;
}

static bool
is_scalar(const struct gsp_json *v)
{
	return !gsp_json_is_obj(v) && !gsp_json_is_arr(v);
}

static int
check_field(const char *name, const char *const *fields, struct gsp_err *err)
{
	for (; *fields != NULL; fields++)
		if (strcmp(*fields, name) == 0)
			return 0;
	/* worded as seen in recorded answers */
	return gsp_err_set(err, GSP_EPROTO, "Cannot filter on %.64s", name);
}

static int
check_ops(const struct gsp_json *ops, struct gsp_err *err)
{
	if (gsp_json_first(ops) == NULL)
		return gsp_err_set(err, GSP_EPROTO, "Filter operators are missing");
	for (struct gsp_json *o = gsp_json_first(ops); o != NULL; o = gsp_json_next(o)) {
		enum op op = op_of(gsp_json_key(o));

		if (op == OP_NONE)
			return gsp_err_set(
			    err, GSP_EPROTO, "Unknown filter operator %.64s", gsp_json_key(o));
		if (!is_scalar(o) || (op == OP_CONTAINS && !gsp_json_is_str(o)))
			return gsp_err_set(err, GSP_EPROTO, "Bad value for filter operator %s",
			    gsp_json_key(o));
	}
	return 0;
}

static int check_object(
    const struct gsp_json *obj, const char *const *fields, bool top, struct gsp_err *err);

static int
check_list(const struct gsp_json *list, const char *const *fields, struct gsp_err *err)
{
	if (!gsp_json_is_arr(list))
		return gsp_err_set(
		    err, GSP_EPROTO, "%s must be a list of filters", gsp_json_key(list));
	for (struct gsp_json *f = gsp_json_first(list); f != NULL; f = gsp_json_next(f))
		if (check_object(f, fields, false, err) == -1)
			return -1;
	return 0;
}

static int
check_order(const struct gsp_json *v, const char *const *fields, bool top, struct gsp_err *err)
{
	const char *text = gsp_json_text(v, NULL);
	bool by = strcmp(gsp_json_key(v), "+order_by") == 0;

	if (!top)
		return gsp_err_set(
		    err, GSP_EPROTO, "%s belongs to the outermost filter", gsp_json_key(v));
	if (text == NULL)
		return gsp_err_set(err, GSP_EPROTO, "%s must be a string", gsp_json_key(v));
	if (by)
		return check_field(text, fields, err);
	if (strcmp(text, "asc") != 0 && strcmp(text, "desc") != 0)
		return gsp_err_set(err, GSP_EPROTO, "+order must be asc or desc");
	return 0;
}

static int
check_object(
    const struct gsp_json *obj, const char *const *fields, bool top, struct gsp_err *err)
{
	if (!gsp_json_is_obj(obj))
		return gsp_err_set(err, GSP_EPROTO, "A filter must be a JSON object");
	for (struct gsp_json *v = gsp_json_first(obj); v != NULL; v = gsp_json_next(v)) {
		const char *key = gsp_json_key(v);
		int rc;

		if (strcmp(key, "+and") == 0 || strcmp(key, "+or") == 0)
			rc = check_list(v, fields, err);
		else if (strcmp(key, "+order_by") == 0 || strcmp(key, "+order") == 0)
			rc = check_order(v, fields, top, err);
		else if (key[0] == '+')
			rc =
			    gsp_err_set(err, GSP_EPROTO, "Unknown filter operator %.64s", key);
		else if ((rc = check_field(key, fields, err)) == 0 && gsp_json_is_obj(v))
			rc = check_ops(v, err);
		else if (rc == 0 && gsp_json_is_arr(v))
			rc = gsp_err_set(
			    err, GSP_EPROTO, "Bad value for filter field %.64s", key);
		if (rc == -1)
			return -1;
	}
	return 0;
}

int
gsp_sb_filter_parse(struct gsp_sb_filter **out, const char *text, size_t len,
    const char *const *fields, struct gsp_err *err)
{
	struct gsp_sb_filter *f;
	struct gsp_json *root;
	struct gsp_err why = GSP_ERR_INIT;

	if (gsp_json_parse(&root, text, len, &why) == -1)
		return gsp_err_set(err, GSP_EPROTO, "Invalid JSON");
	if (check_object(root, fields, true, err) == -1) {
		gsp_json_free(root);
		return -1;
	}
	if ((f = calloc(1, sizeof(*f))) == NULL)
		abort();
	f->root = root;
	f->order_by = gsp_json_str(root, "+order_by", NULL);
	f->desc = strcmp(gsp_json_str(root, "+order", "asc"), "desc") == 0;
	*out = f;
	return 0;
}

void
gsp_sb_filter_free(struct gsp_sb_filter *f)
{
	if (f == NULL)
		return;
	gsp_json_free(f->root);
	free(f);
}

/* "entity.id" of obj: the member id of the member entity. */
static struct value
lookup(const struct gsp_json *obj, const char *field)
{
	const char *dot;

	while ((dot = strchr(field, '.')) != NULL) {
		char part[FIELD_MAX];
		size_t n = (size_t)(dot - field);

		if (n >= sizeof(part))
			break;
		memcpy(part, field, n);
		part[n] = '\0';
		obj = gsp_json_get(obj, part);
		if (obj == NULL || !gsp_json_is_obj(obj))
			return (struct value){NULL, NULL, NULL};
		field = dot + 1;
	}
	return (struct value){obj, field, gsp_json_get(obj, field)};
}

static bool
is_null(const struct gsp_json *v)
{
	return v == NULL || gsp_json_is_null(v);
}

/* Order of two scalars; false if they cannot be compared. */
static bool
compare(const struct value *a, const struct value *b, int *order)
{
	uint64_t x, y;

	if (is_null(a->v) || is_null(b->v)) {
		*order = (is_null(a->v) ? 0 : 1) - (is_null(b->v) ? 0 : 1);
		return is_null(a->v) && is_null(b->v);
	}
	if (gsp_json_is_num(a->v) && gsp_json_is_num(b->v)) {
		double m = gsp_json_num(a->parent, a->key, 0);
		double n = gsp_json_num(b->parent, b->key, 0);

		*order = m < n ? -1 : m > n;
		return true;
	}
	if (gsp_json_is_bool(a->v) && gsp_json_is_bool(b->v)) {
		*order = gsp_json_bool(a->parent, a->key, false) -
			 gsp_json_bool(b->parent, b->key, false);
		return true;
	}
	if (gsp_json_is_str(a->v) && gsp_json_is_str(b->v)) {
		*order = strcasecmp(gsp_json_text(a->v, ""), gsp_json_text(b->v, ""));
		return true;
	}
	/* ids are sent as numbers by some and as digits by others */
	if (gsp_json_id(&x, a->v) == 0 && gsp_json_id(&y, b->v) == 0) {
		*order = x < y ? -1 : x > y;
		return true;
	}
	return false;
}

static bool
fits_scalar(const struct value *have, enum op op, const struct value *want)
{
	int order = 0;

	if (op == OP_CONTAINS)
		return gsp_json_is_str(have->v) && strcasestr(gsp_json_text(have->v, ""),
						       gsp_json_text(want->v, "")) != NULL;
	if (!compare(have, want, &order))
		return op == OP_NEQ;
	switch (op) {
	case OP_EQ: return order == 0;
	case OP_NEQ: return order != 0;
	case OP_GT: return order > 0;
	case OP_GTE: return order >= 0;
	case OP_LT: return order < 0;
	case OP_LTE: return order <= 0;
	default: return false;
	}
}

static bool
fits_value(const struct value *have, enum op op, const struct value *want)
{
	if (have->v == NULL || !gsp_json_is_arr(have->v)) {
		if (have->v == NULL && op == OP_CONTAINS)
			return false;
		return fits_scalar(have, op, want);
	}
	if (op == OP_NEQ)
		return !fits_value(have, OP_EQ, want);
	for (struct gsp_json *e = gsp_json_first(have->v); e != NULL; e = gsp_json_next(e)) {
		struct value one = {NULL, NULL, e};

		/* the API's filterable lists hold strings alone */
		if (gsp_json_is_str(e) && fits_scalar(&one, op, want))
			return true;
	}
	return false;
}

static bool
fits_field(const struct gsp_json *obj, const struct gsp_json *filter, const struct gsp_json *v)
{
	struct value have = lookup(obj, gsp_json_key(v));

	if (!gsp_json_is_obj(v)) {
		struct value want = {filter, gsp_json_key(v), v};

		return fits_value(&have, OP_EQ, &want);
	}
	for (struct gsp_json *o = gsp_json_first(v); o != NULL; o = gsp_json_next(o)) {
		struct value want = {v, gsp_json_key(o), o};

		if (!fits_value(&have, op_of(gsp_json_key(o)), &want))
			return false;
	}
	return true;
}

static bool
fits(const struct gsp_json *obj, const struct gsp_json *filter)
{
	for (struct gsp_json *v = gsp_json_first(filter); v != NULL; v = gsp_json_next(v)) {
		const char *key = gsp_json_key(v);
		bool all = strcmp(key, "+and") == 0, any = strcmp(key, "+or") == 0;
		bool one = false;

		if (strcmp(key, "+order_by") == 0 || strcmp(key, "+order") == 0)
			continue;
		if (!all && !any) {
			if (!fits_field(obj, filter, v))
				return false;
			continue;
		}
		for (struct gsp_json *f = gsp_json_first(v); f != NULL; f = gsp_json_next(f)) {
			bool yes = fits(obj, f);

			if (all && !yes)
				return false;
			one = one || yes;
		}
		if (any && !one)
			return false;
	}
	return true;
}

struct row {
	const struct gsp_json *obj;
	const struct gsp_sb_filter *f;
	size_t pos; /* keeps the sort stable */
};

static int
by_order(const void *va, const void *vb)
{
	const struct row *a = va, *b = vb;
	struct value x = lookup(a->obj, a->f->order_by), y = lookup(b->obj, b->f->order_by);
	int order = 0;

	/* whatever cannot be compared is left where it was */
	if (!compare(&x, &y, &order) && !is_null(x.v) && !is_null(y.v))
		order = 0;
	if (order == 0)
		return a->pos < b->pos ? -1 : a->pos > b->pos;
	return a->f->desc ? -order : order;
}

struct gsp_json *
gsp_sb_filter_apply(const struct gsp_sb_filter *f, const struct gsp_json *list)
{
	size_t n = gsp_json_count(list), kept = 0;
	struct row *rows = calloc(n + 1, sizeof(*rows));
	struct gsp_json *out = gsp_json_new_arr();

	assert(gsp_json_is_arr(list));
	if (rows == NULL)
		abort();
	for (struct gsp_json *o = gsp_json_first(list); o != NULL; o = gsp_json_next(o))
		if (f == NULL || fits(o, f->root)) {
			rows[kept] = (struct row){o, f, kept};
			kept++;
		}
	if (f != NULL && f->order_by != NULL)
		qsort(rows, kept, sizeof(*rows), by_order);
	for (size_t i = 0; i < kept; i++)
		gsp_json_add_copy(out, NULL, rows[i].obj);
	free(rows);
	return out;
}
