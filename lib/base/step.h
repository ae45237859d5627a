/*
 * base/step: how the library tells whoever listens how far it is.
 *
 * A job is a sequence of named steps ("create", "sync-up", ...), each for one server: begin,
 * any number of updates, then exactly one done or fail. lib/ calls the helpers below and never
 * prints; a tool's main hands in a struct gsp_steps (cli/progress fills one). A NULL struct or
 * a NULL callback is silence.
 *
 * Units: pct is 0..100, or -1 when unknown; bytes and total are bytes, 0 when unknown.
 * Ownership: every string is borrowed for the call only. Messages are one line, or get made one.
 */
#ifndef GSP_BASE_STEP_H
#define GSP_BASE_STEP_H

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#define GSP_STEP_MSG_MAX 512 /* longer messages are cut */

struct gsp_steps {
	void (*begin)(void *ctx, const char *server, const char *step, const char *msg);
	void (*update)(void *ctx, const char *server, const char *step, int pct, uint64_t bytes,
	    uint64_t total, const char *msg);
	void (*done)(void *ctx, const char *server, const char *step, const char *msg);
	void (*fail)(void *ctx, const char *server, const char *step, const char *msg);
	void (*warn)(void *ctx, const char *server, const char *msg);
	void *ctx;
};

#define GSP_STEP_FORMAT_(msg, fmt)                                                                 \
	do {                                                                                       \
		va_list ap_;                                                                       \
		va_start(ap_, fmt);                                                                \
		(void)vsnprintf(msg, sizeof(msg), fmt, ap_);                                       \
		va_end(ap_);                                                                       \
	} while (0)

/** gsp_steps_begin(s, server, step, fmt, ...): ${step} starts now. */
__attribute__((format(printf, 4, 5), unused)) static inline void
gsp_steps_begin(const struct gsp_steps *s, const char *server, const char *step,
    const char *fmt, ...)
{
	char msg[GSP_STEP_MSG_MAX];

	if (s == NULL || s->begin == NULL)
		return;
	GSP_STEP_FORMAT_(msg, fmt);
	s->begin(s->ctx, server, step, msg);
}

/** gsp_steps_update(s, server, step, pct, bytes, total, fmt, ...): cheap; call it often. */
__attribute__((format(printf, 7, 8), unused)) static inline void
gsp_steps_update(const struct gsp_steps *s, const char *server, const char *step, int pct,
    uint64_t bytes, uint64_t total, const char *fmt, ...)
{
	char msg[GSP_STEP_MSG_MAX];

	if (s == NULL || s->update == NULL)
		return;
	GSP_STEP_FORMAT_(msg, fmt);
	s->update(s->ctx, server, step, pct, bytes, total, msg);
}

/** gsp_steps_done(s, server, step, fmt, ...): ${step} ended well. */
__attribute__((format(printf, 4, 5), unused)) static inline void
gsp_steps_done(const struct gsp_steps *s, const char *server, const char *step, const char *fmt,
    ...)
{
	char msg[GSP_STEP_MSG_MAX];

	if (s == NULL || s->done == NULL)
		return;
	GSP_STEP_FORMAT_(msg, fmt);
	s->done(s->ctx, server, step, msg);
}

/** gsp_steps_fail(s, server, step, fmt, ...): ${step} ended badly. */
__attribute__((format(printf, 4, 5), unused)) static inline void
gsp_steps_fail(const struct gsp_steps *s, const char *server, const char *step, const char *fmt,
    ...)
{
	char msg[GSP_STEP_MSG_MAX];

	if (s == NULL || s->fail == NULL)
		return;
	GSP_STEP_FORMAT_(msg, fmt);
	s->fail(s->ctx, server, step, msg);
}

/** gsp_steps_warn(s, server, fmt, ...): something the user should know; nothing ends. */
__attribute__((format(printf, 3, 4), unused)) static inline void
gsp_steps_warn(const struct gsp_steps *s, const char *server, const char *fmt, ...)
{
	char msg[GSP_STEP_MSG_MAX];

	if (s == NULL || s->warn == NULL)
		return;
	GSP_STEP_FORMAT_(msg, fmt);
	s->warn(s->ctx, server, msg);
}

#endif
