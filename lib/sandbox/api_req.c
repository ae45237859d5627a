/* A request and its answer: errors, headers, pages, and small conversions. */
#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"
#include "sandbox/api_filter.h"
#include "sandbox/api_int.h"

#include "base/banned.h"

void
gsp_sb_fail(struct gsp_sb_req *q, int status, const char *field, const char *fmt, ...)
{
	struct gsp_json *e;
	char reason[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	if (q->errors == NULL) {
		q->errors = gsp_json_new_arr();
		q->status = status;
	}
	e = gsp_json_add_obj(q->errors, NULL);
	gsp_json_add_str(e, "reason", reason);
	if (field != NULL)
		gsp_json_add_str(e, "field", field);
}

bool
gsp_sb_failed(const struct gsp_sb_req *q)
{
	return q->errors != NULL;
}

void
gsp_sb_not_found(struct gsp_sb_req *q)
{
	gsp_sb_fail(q, 404, NULL, "Not found");
}

void
gsp_sb_busy(struct gsp_sb_req *q)
{
	gsp_sb_fail(q, 400, NULL, "Linode busy.");
}

void
gsp_sb_forget(struct gsp_sb_req *q)
{
	gsp_json_free(q->out);
	gsp_json_free(q->errors);
	q->out = q->errors = NULL;
	q->html = NULL;
	q->status = 200;
}

void
gsp_sb_header(struct gsp_sb_req *q, const char *name, const char *fmt, ...)
{
	struct gsp_sb_header *h = NULL;
	va_list ap;

	for (size_t i = 0; i < q->nhdr; i++)
		if (strcmp(q->hdr[i].name, name) == 0)
			h = &q->hdr[i];
	if (h == NULL) {
		assert(q->nhdr < sizeof(q->hdr) / sizeof(q->hdr[0]));
		h = &q->hdr[q->nhdr++];
	}
	gsp_sb_copy_text(h->name, sizeof(h->name), name);
	va_start(ap, fmt);
	vsnprintf(h->value, sizeof(h->value), fmt, ap);
	va_end(ap);
}

struct gsp_json *
gsp_sb_answer(struct gsp_sb_req *q)
{
	if (q->out == NULL)
		q->out = gsp_json_new_obj();
	return q->out;
}

uint64_t
gsp_sb_seg_id(struct gsp_sb_req *q, size_t i)
{
	uint64_t id;

	if (i < q->nseg && gsp_num_u64(&id, q->seg[i], 1, UINT64_C(1) << 53) == 0)
		return id;
	gsp_sb_not_found(q);
	return 0;
}

/* The value of a query parameter: 0 and *out, 1 if absent, -1 if it is no number in range. */
static int
query_u64(
    const struct gsp_sb_req *q, const char *name, uint64_t min, uint64_t max, uint64_t *out)
{
	size_t len = strlen(name);
	const char *p = q->query;

	while (*p != '\0') {
		size_t n = strcspn(p, "&");

		if (n > len && strncmp(p, name, len) == 0 && p[len] == '=') {
			char text[24];
			size_t vlen = n - len - 1;

			if (vlen == 0 || vlen >= sizeof(text))
				return -1;
			memcpy(text, p + len + 1, vlen);
			text[vlen] = '\0';
			return gsp_num_u64(out, text, min, max);
		}
		p += n;
		p += *p == '&';
	}
	return 1;
}

/* Reads ?page and ?page_size; false after errors. */
static bool
page_wanted(struct gsp_sb_req *q, uint64_t *page, uint64_t *size)
{
	*page = 1;
	*size = 100;
	if (query_u64(q, "page_size", 25, 500, size) == -1)
		gsp_sb_fail(q, 400, "page_size", "Must be 25-500");
	if (query_u64(q, "page", 1, 1000000, page) == -1)
		gsp_sb_fail(q, 400, "page", "Must be 1 or greater");
	return !gsp_sb_failed(q);
}

void
gsp_sb_page(struct gsp_sb_req *q, struct gsp_json *list, const char *const *fields)
{
	struct gsp_sb_filter *f = NULL;
	struct gsp_json *kept, *data, *o = gsp_json_first(list);
	struct gsp_err why = GSP_ERR_INIT;
	uint64_t page, size, n, pages, pos = 0;

	if (page_wanted(q, &page, &size) && q->filter_text != NULL &&
	    gsp_sb_filter_parse(&f, q->filter_text, strlen(q->filter_text), fields, &why) ==
		-1)
		gsp_sb_fail(q, 400, "X-Filter", "%s", why.msg);
	if (gsp_sb_failed(q)) {
		gsp_json_free(list);
		return;
	}
	kept = gsp_sb_filter_apply(f, list);
	gsp_sb_filter_free(f);
	gsp_json_free(list);
	n = gsp_json_count(kept);
	pages = n == 0 ? 1 : (n + size - 1) / size;
	if (page > pages) {
		gsp_json_free(kept);
		gsp_sb_not_found(q);
		return;
	}
	data = gsp_json_add_arr(gsp_sb_answer(q), "data");
	for (o = gsp_json_first(kept); o != NULL; o = gsp_json_next(o), pos++)
		if (pos >= (page - 1) * size && pos < page * size)
			gsp_json_add_copy(data, NULL, o);
	gsp_json_free(kept);
	gsp_json_add_u64(q->out, "page", page);
	gsp_json_add_u64(q->out, "pages", pages);
	gsp_json_add_u64(q->out, "results", n);
}

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

char *
gsp_sb_unescape(const char *s, size_t len)
{
	char *out = malloc(len + 1), *w = out;

	if (out == NULL)
		abort();
	for (size_t i = 0; i < len; i++) {
		int hi, lo;

		if (s[i] != '%') {
			*w++ = s[i];
			continue;
		}
		if (i + 2 >= len || (hi = hex(s[i + 1])) < 0 || (lo = hex(s[i + 2])) < 0 ||
		    hi + lo == 0) {
			free(out);
			return NULL;
		}
		*w++ = (char)(hi * 16 + lo);
		i += 2;
	}
	*w = '\0';
	return out;
}

int64_t
gsp_sb_wall_s(const struct gsp_sandbox *sb)
{
	return gsp_wall_s() + sb->o.clock_ahead_s;
}

void
gsp_sb_add_time(struct gsp_json *obj, const char *key, int64_t s)
{
	char text[GSP_CLOCK_TEXT];
	char *z;

	gsp_clock_format(text, sizeof(text), s);
	if ((z = strchr(text, 'Z')) != NULL)
		*z = '\0';
	gsp_json_add_str(obj, key, text);
}

void
gsp_sb_add_real_null(const struct gsp_sandbox *sb, struct gsp_json *obj, const char *key)
{
	if (!sb->o.spec_only)
		gsp_json_add_null(obj, key);
}

void
gsp_sb_copy_text(char *dst, size_t size, const char *src)
{
	if (dst != src) /* an unchanged field is copied onto itself */
		snprintf(dst, size, "%s", src);
}

char *
gsp_sb_dup(const char *s)
{
	char *d = strdup(s);

	if (d == NULL)
		abort();
	return d;
}

struct gsp_json *
gsp_sb_json_dup(const struct gsp_json *v)
{
	struct gsp_json *d = gsp_json_is_arr(v) ? gsp_json_new_arr() : gsp_json_new_obj();

	assert(gsp_json_is_arr(v) || gsp_json_is_obj(v));
	for (struct gsp_json *c = gsp_json_first(v); c != NULL; c = gsp_json_next(c))
		gsp_json_add_copy(d, gsp_json_key(c), c);
	return d;
}

void
gsp_sb_json_set(struct gsp_json **slot, struct gsp_json *v)
{
	gsp_json_free(*slot);
	*slot = v;
}
