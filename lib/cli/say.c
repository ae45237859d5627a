#include "cli/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/err.h"
#include "base/utf8.h"

#include "base/banned.h"

static const char *tool = "gsp";
static bool quiet_now;
static void (*before)(void *);
static void *before_ctx;

void
gsp_cli_set_tool(const char *name)
{
	tool = name;
}

void
gsp_cli_set_quiet(bool quiet)
{
	quiet_now = quiet;
}

void
gsp_cli_before_line(void (*fn)(void *ctx), void *ctx)
{
	before = fn;
	before_ctx = ctx;
}

void
gsp_cli_clear(void)
{
	if (before != NULL)
		before(before_ctx);
}

void
gsp_cli_escape(struct gsp_buf *out, const char *text)
{
	const char *p = text;

	while (*p != '\0') {
		size_t n = gsp_utf8_shown(p);

		if (n > 0)
			gsp_buf_add(out, p, n);
		else
			gsp_buf_addf(out, "\\x%02x", (unsigned char)*p);
		p += n > 0 ? n : 1;
	}
}

__attribute__((format(printf, 1, 0))) static void
say(const char *fmt, va_list ap)
{
	char text[GSP_ERR_MAX + 256];
	struct gsp_buf line = GSP_BUF_INIT(8 * sizeof(text));

	(void)vsnprintf(text, sizeof(text), fmt, ap);
	gsp_buf_addf(&line, "%s: ", tool);
	gsp_cli_escape(&line, text);
	gsp_buf_addc(&line, '\n');
	gsp_cli_clear();
	/* one write, so that lines of several tools on one terminal do not mix */
	(void)fflush(stderr);
	if (gsp_buf_ok(&line) && write(STDERR_FILENO, line.data, line.len) == -1) {
		/* nowhere left to complain */
	}
	gsp_buf_release(&line);
}

void
gsp_cli_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}

void
gsp_cli_warn(const char *fmt, ...)
{
	va_list ap;

	if (quiet_now)
		return;
	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}
