#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

/* Cut where a UTF-8 character begins, so that a long path never ends in half a character. */
static void
trim_utf8(char *s, size_t len)
{
	while (len > 0 && ((unsigned char)s[len] & 0xc0) == 0x80)
		len--;
	s[len] = '\0';
}

__attribute__((format(printf, 2, 0))) static void
format(struct gsp_err *err, const char *fmt, va_list ap)
{
	int n = vsnprintf(err->msg, sizeof(err->msg), fmt, ap);

	if (n < 0)
		err->msg[0] = '\0';
	else if ((size_t)n >= sizeof(err->msg)) {
		err->msg[sizeof(err->msg) - 1] = '\0';
		trim_utf8(err->msg, sizeof(err->msg) - 2);
	}
}

static void
append(struct gsp_err *err, const char *sep, const char *text)
{
	size_t len = strlen(err->msg);
	int n = snprintf(err->msg + len, sizeof(err->msg) - len, "%s%s", sep, text);

	if (n < 0)
		err->msg[len] = '\0';
	else if ((size_t)n >= sizeof(err->msg) - len)
		trim_utf8(err->msg, sizeof(err->msg) - 2);
}

int
gsp_err_set(struct gsp_err *err, enum gsp_errcode code, const char *fmt, ...)
{
	va_list ap;

	err->code = code;
	err->detail = 0;
	va_start(ap, fmt);
	format(err, fmt, ap);
	va_end(ap);
	return -1;
}

int
gsp_err_sys(struct gsp_err *err, enum gsp_errcode code, int errnum, const char *fmt, ...)
{
	va_list ap;

	err->code = code;
	err->detail = 0;
	va_start(ap, fmt);
	format(err, fmt, ap);
	va_end(ap);
	append(err, ": ", strerror(errnum));
	if (errnum == ENOSPC || errnum == EDQUOT)
		append(err, "; ", "make room there and try again");
	return -1;
}

int
gsp_err_wrap(struct gsp_err *err, const char *fmt, ...)
{
	char old[GSP_ERR_MAX];
	va_list ap;

	memcpy(old, err->msg, sizeof(old));
	va_start(ap, fmt);
	format(err, fmt, ap);
	va_end(ap);
	append(err, ": ", old);
	return -1;
}

int
gsp_err_hint(struct gsp_err *err, const char *fmt, ...)
{
	struct gsp_err hint = GSP_ERR_INIT;
	va_list ap;

	va_start(ap, fmt);
	format(&hint, fmt, ap);
	va_end(ap);
	append(err, "; ", hint.msg);
	return -1;
}

void
gsp_err_clear(struct gsp_err *err)
{
	err->code = GSP_OK;
	err->detail = 0;
	err->msg[0] = '\0';
}
