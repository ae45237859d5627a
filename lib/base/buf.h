/*
 * base/buf: growing byte strings with a hard ceiling and a failure that sticks.
 *
 * Append freely, check once with gsp_buf_ok(). data is always NUL-terminated when len > 0
 * (and may be NULL when nothing was ever added: use gsp_buf_str()).
 */
#ifndef GSP_BASE_BUF_H
#define GSP_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct gsp_buf {
	char *data;
	size_t len;
	size_t cap;
	size_t max; /* ceiling in bytes, the final NUL included */
	bool failed;
};

#define GSP_BUF_INIT(ceiling) {NULL, 0, 0, (ceiling), false}

void gsp_buf_init(struct gsp_buf *b, size_t max);

/** gsp_buf_release(b): free what it holds; b is empty and usable again, the ceiling stays. */
void gsp_buf_release(struct gsp_buf *b);

/** gsp_buf_reset(b): empty it, keep the memory, forget a failure. */
void gsp_buf_reset(struct gsp_buf *b);

void gsp_buf_add(struct gsp_buf *b, const void *data, size_t len);
void gsp_buf_addc(struct gsp_buf *b, char c);
void gsp_buf_adds(struct gsp_buf *b, const char *s);
void gsp_buf_addf(struct gsp_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void gsp_buf_addv(struct gsp_buf *b, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

/** gsp_buf_reserve(b, n): room for n more bytes; returns where they go, NULL at the ceiling. */
char *gsp_buf_reserve(struct gsp_buf *b, size_t n);

/** gsp_buf_consume(b, n): drop the first n bytes. */
void gsp_buf_consume(struct gsp_buf *b, size_t n);

/** gsp_buf_ok(b): nothing was refused so far. */
bool gsp_buf_ok(const struct gsp_buf *b);

/** gsp_buf_str(b): the text, never NULL; borrowed, valid until b changes. */
const char *gsp_buf_str(const struct gsp_buf *b);

/** gsp_buf_take(b): the heap string leaves b for the caller (free()); never NULL unless failed. */
char *gsp_buf_take(struct gsp_buf *b);

#endif
