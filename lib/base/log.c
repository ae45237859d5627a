#include "base/log.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include "base/banned.h"

static gsp_log_fn *handler;
static void *handler_ctx;
static enum gsp_loglevel handler_level;

void
gsp_log_handler(gsp_log_fn *fn, void *ctx, enum gsp_loglevel level)
{
	handler = fn;
	handler_ctx = ctx;
	handler_level = level;
}

void
gsp_log(enum gsp_loglevel level, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	if (handler == NULL || level > handler_level)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	handler(handler_ctx, level, text);
}
