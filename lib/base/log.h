/*
 * base/log: what lib/ may say while it works. lib/ logs at debug only; a tool's main installs
 * the handler and the level. Without a handler nothing is said.
 */
#ifndef GSP_BASE_LOG_H
#define GSP_BASE_LOG_H

enum gsp_loglevel { GSP_LOG_ERROR, GSP_LOG_WARN, GSP_LOG_INFO, GSP_LOG_DEBUG, GSP_LOG_TRACE };

typedef void gsp_log_fn(void *ctx, enum gsp_loglevel level, const char *text);

/** gsp_log_handler(fn, ctx, level): call fn for every message of level or more urgent. */
void gsp_log_handler(gsp_log_fn *fn, void *ctx, enum gsp_loglevel level);

/** gsp_log(level, fmt, ...): one line without a newline. Never a secret. */
void gsp_log(enum gsp_loglevel level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define gsp_debug(...) gsp_log(GSP_LOG_DEBUG, __VA_ARGS__)

#endif
