#include "gsp/list.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static bool
must_escape(unsigned char c)
{
	return c <= 0x20 || c == 0x7f || c == '\\';
}

static void
print_name(struct gsp_buf *out, const char *name)
{
	size_t plain = 0;

	for (size_t i = 0;; i++) {
		unsigned char c = (unsigned char)name[i];

		if (c != '\0' && !must_escape(c))
			continue;
		gsp_buf_add(out, name + plain, i - plain);
		if (c == '\0')
			return;
		gsp_buf_addf(out, "\\%03o", c);
		plain = i + 1;
	}
}

void
gsp_list_print(struct gsp_buf *out, const struct gsp_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct gsp_entry *e = &l->v[i];

		gsp_buf_addf(out, "%c %04o %" PRIu64 " %" PRId64 ".%09ld %s ", e->type,
		    e->mode & 0777, e->size, e->mtime_s, e->mtime_ns,
		    e->sum[0] != '\0' ? e->sum : "-");
		print_name(out, e->path);
		if (e->type == 'l') {
			gsp_buf_addc(out, '\t');
			print_name(out, e->target);
		}
		gsp_buf_addc(out, '\n');
	}
}

/* A line being read. Every reader returns false when what it wants is not there. */
struct cursor {
	const char *p, *end;
};

static bool
take_char(struct cursor *c, char want)
{
	if (c->p == c->end || *c->p != want)
		return false;
	c->p++;
	return true;
}

/* Digits in ${base}, at most ${max}; no sign, no white space. */
static bool
take_digits(struct cursor *c, unsigned base, uint64_t max, uint64_t *out)
{
	const char *from = c->p;
	uint64_t n = 0;

	for (; c->p < c->end && *c->p >= '0' && (unsigned)(*c->p - '0') < base; c->p++) {
		unsigned d = (unsigned)(*c->p - '0');

		if (n > (max - d) / base)
			return false;
		n = n * base + d;
	}
	*out = n;
	return c->p > from;
}

static bool
take_mtime(struct cursor *c, struct gsp_entry *e)
{
	bool negative = take_char(c, '-');
	uint64_t s, ns;
	const char *frac;

	if (!take_digits(c, 10, INT64_MAX, &s) || !take_char(c, '.'))
		return false;
	frac = c->p;
	if (!take_digits(c, 10, 999999999, &ns) || c->p - frac != 9)
		return false;
	e->mtime_s = negative ? -(int64_t)s : (int64_t)s;
	e->mtime_ns = (long)ns;
	return true;
}

static bool
take_sum(struct cursor *c, struct gsp_entry *e)
{
	size_t n = 0;

	if (take_char(c, '-'))
		return true;
	while (c->p < c->end && n < 32 &&
	    ((*c->p >= '0' && *c->p <= '9') || (*c->p >= 'a' && *c->p <= 'f')))
		e->sum[n++] = *c->p++;
	e->sum[n] = '\0';
	return n == 32;
}

/* A name up to ${stop} or the end of the line, into out (size GSP_LIST_PATH_MAX). */
static bool
take_name(struct cursor *c, char stop, char *out)
{
	size_t n = 0;

	while (c->p < c->end && *c->p != stop) {
		unsigned char b = (unsigned char)*c->p++;
		uint64_t oct;

		if (b == '\\') {
			struct cursor three = {c->p, c->end - c->p < 3 ? c->end : c->p + 3};

			if (!take_digits(&three, 8, 255, &oct) || three.p - c->p != 3)
				return false;
			b = (unsigned char)oct;
			if (!must_escape(b))
				return false; /* one way to write a name, so that order is order */
			c->p = three.p;
		} else if (must_escape(b)) {
			return false;
		}
		if (b == '\0' || n + 1 >= GSP_LIST_PATH_MAX)
			return false;
		out[n++] = (char)b;
	}
	out[n] = '\0';
	return n > 0;
}

/* path and target: room for GSP_LIST_PATH_MAX each. NULL, or what is wrong. */
static const char *
parse_line(struct cursor *c, struct gsp_entry *e, char *path, char *target)
{
	uint64_t mode;
	const char *at;

	memset(e, 0, sizeof(*e));
	if (c->p == c->end || memchr("fdl", *c->p, 3) == NULL)
		return "starts with no f, d or l";
	e->type = *c->p++;
	at = c->p + 1;
	if (!take_char(c, ' ') || !take_digits(c, 8, 0777, &mode) || c->p - at != 4)
		return "has no mode of four octal digits";
	e->mode = (unsigned)mode;
	if (!take_char(c, ' ') || !take_digits(c, 10, INT64_MAX, &e->size))
		return "has no size";
	if (!take_char(c, ' ') || !take_mtime(c, e))
		return "has no time";
	if (!take_char(c, ' ') || !take_sum(c, e))
		return "has no checksum";
	if (!take_char(c, ' ') || !take_name(c, '\t', path) || !gsp_path_clean(path))
		return "has no clean path";
	e->path = path;
	if (e->type == 'l') {
		if (!take_char(c, '\t') || !take_name(c, '\t', target))
			return "is a symlink without a target";
		e->target = target;
	}
	return c->p == c->end ? NULL : "goes on after its end";
}

int
gsp_list_parse(struct gsp_list *out, const char *text, size_t len, struct gsp_err *err)
{
	static const char *const disorder = "is not after the one before it";
	struct gsp_list got = GSP_LIST_INIT;
	char path[GSP_LIST_PATH_MAX], target[GSP_LIST_PATH_MAX];
	const char *end = text + len, *why = NULL;
	struct gsp_entry e;
	size_t line = 2;

	for (const char *p = text; p < end; line++) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		struct cursor c = {p, nl};

		why = nl == NULL ? "has no end" : parse_line(&c, &e, path, target);
		if (why == NULL && got.n > 0 && strcmp(got.v[got.n - 1].path, e.path) >= 0)
			why = disorder;
		if (why != NULL) {
			gsp_err_set(err, GSP_EIO, "line %zu %s", line, why);
			goto fail;
		}
		if (gsp_list_add(&got, &e, err) == -1)
			goto fail;
		p = nl + 1;
	}
	gsp_list_release(out);
	*out = got;
	return 0;
fail:
	gsp_list_release(&got);
	return -1;
}
