/*
 * keep_log: what the library logs, kept to be looked at:
 * gsp_log_handler(keep_log, NULL, GSP_LOG_TRACE); logged[0] = '\0' begins anew.
 */
#ifndef GSP_TEST_KEEP_LOG_H
#define GSP_TEST_KEEP_LOG_H

#include <stdio.h>
#include <string.h>

#include "base/log.h"

static char logged[65536];

static void
keep_log(void *ctx, enum gsp_loglevel level, const char *text)
{
	size_t n = strlen(logged);

	(void)ctx;
	(void)level;
	snprintf(logged + n, sizeof(logged) - n, "%s\n", text);
}

#endif
