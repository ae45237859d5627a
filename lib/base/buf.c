#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

void
gsp_buf_init(struct gsp_buf *b, size_t max)
{
	struct gsp_buf empty = GSP_BUF_INIT(max);

	*b = empty;
}

void
gsp_buf_release(struct gsp_buf *b)
{
	free(b->data);
	gsp_buf_init(b, b->max);
}

void
gsp_buf_reset(struct gsp_buf *b)
{
	b->len = 0;
	b->failed = false;
	if (b->data != NULL)
		b->data[0] = '\0';
}

char *
gsp_buf_reserve(struct gsp_buf *b, size_t n)
{
	size_t need, cap;
	char *p;

	if (b->failed)
		return NULL;
	if (n >= b->max || b->len >= b->max - n) { /* one byte more for the NUL */
		b->failed = true;
		return NULL;
	}
	need = b->len + n + 1;
	if (need > b->cap) {
		cap = b->cap < 64 ? 64 : b->cap;
		while (cap < need)
			cap = cap > b->max / 2 ? b->max : cap * 2;
		if ((p = realloc(b->data, cap)) == NULL) {
			b->failed = true;
			return NULL;
		}
		b->data = p;
		b->cap = cap;
		b->data[b->len] = '\0'; /* a text also when nobody fills what was reserved */
	}
	return b->data + b->len;
}

void
gsp_buf_add(struct gsp_buf *b, const void *data, size_t len)
{
	char *p = gsp_buf_reserve(b, len);

	if (p == NULL)
		return;
	if (len > 0)
		memcpy(p, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void
gsp_buf_addc(struct gsp_buf *b, char c)
{
	gsp_buf_add(b, &c, 1);
}

void
gsp_buf_adds(struct gsp_buf *b, const char *s)
{
	gsp_buf_add(b, s, strlen(s));
}

void
gsp_buf_addv(struct gsp_buf *b, const char *fmt, va_list ap)
{
	va_list again;
	char *p;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0) {
		b->failed = true;
		return;
	}
	if ((p = gsp_buf_reserve(b, (size_t)n)) == NULL)
		return;
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	b->len += (size_t)n;
}

void
gsp_buf_addf(struct gsp_buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	gsp_buf_addv(b, fmt, ap);
	va_end(ap);
}

void
gsp_buf_consume(struct gsp_buf *b, size_t n)
{
	if (n >= b->len) {
		b->len = 0;
	} else {
		memmove(b->data, b->data + n, b->len - n);
		b->len -= n;
	}
	if (b->data != NULL)
		b->data[b->len] = '\0';
}

bool
gsp_buf_ok(const struct gsp_buf *b)
{
	return !b->failed;
}

const char *
gsp_buf_str(const struct gsp_buf *b)
{
	return b->data != NULL ? b->data : "";
}

char *
gsp_buf_take(struct gsp_buf *b)
{
	char *p;

	if (b->failed)
		return NULL;
	p = b->data != NULL ? b->data : calloc(1, 1);
	gsp_buf_init(b, b->max);
	return p;
}
