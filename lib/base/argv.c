#include "base/argv.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static void
push_own(struct gsp_argv *a, char *s)
{
	char **v;
	size_t cap;

	if (s == NULL || a->failed) {
		a->failed = true;
		free(s);
		return;
	}
	if (a->n + 2 > a->cap) {
		cap = a->cap == 0 ? 16 : a->cap * 2;
		if ((v = realloc(a->v, cap * sizeof(*v))) == NULL) {
			a->failed = true;
			free(s);
			return;
		}
		a->v = v;
		a->cap = cap;
	}
	a->v[a->n++] = s;
	a->v[a->n] = NULL;
}

void
gsp_argv_push(struct gsp_argv *a, const char *s)
{
	push_own(a, strdup(s));
}

void
gsp_argv_pushf(struct gsp_argv *a, const char *fmt, ...)
{
	struct gsp_buf b = GSP_BUF_INIT(SIZE_MAX / 4);
	va_list ap;

	va_start(ap, fmt);
	gsp_buf_addv(&b, fmt, ap);
	va_end(ap);
	push_own(a, gsp_buf_take(&b));
	gsp_buf_release(&b);
}

void
gsp_argv_release(struct gsp_argv *a)
{
	struct gsp_argv empty = GSP_ARGV_INIT;

	for (size_t i = 0; i < a->n; i++)
		free(a->v[i]);
	free(a->v);
	*a = empty;
}

bool
gsp_argv_has(const struct gsp_argv *a, const char *s)
{
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->v[i], s) == 0)
			return true;
	return false;
}

bool
gsp_argv_ok(const struct gsp_argv *a)
{
	return !a->failed && a->n > 0;
}

void
gsp_argv_quote(struct gsp_buf *b, const char *word)
{
	static const char plain[] = "%+,-./:=@_";
	const char *p;

	for (p = word; *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) && strchr(plain, *p) == NULL)
			break;
	if (*p == '\0' && p != word) {
		gsp_buf_adds(b, word);
		return;
	}
	gsp_buf_addc(b, '\'');
	for (p = word; *p != '\0'; p++) {
		if (*p == '\'')
			gsp_buf_adds(b, "'\\''");
		else
			gsp_buf_addc(b, *p);
	}
	gsp_buf_addc(b, '\'');
}

bool
gsp_argv_is_option(const char *s)
{
	return s[0] == '-' || s[0] == '\0';
}
