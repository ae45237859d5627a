/*
 * base/argv: argument vectors that own their strings, and quoting for a remote shell.
 */
#ifndef GSP_BASE_ARGV_H
#define GSP_BASE_ARGV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct gsp_argv {
	char **v; /* NULL-terminated once anything was pushed */
	size_t n;
	size_t cap;
	bool failed; /* out of memory: sticks */
};

#define GSP_ARGV_INIT {NULL, 0, 0, false}

void gsp_argv_push(struct gsp_argv *a, const char *s);
void gsp_argv_pushf(struct gsp_argv *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void gsp_argv_release(struct gsp_argv *a);

/** gsp_argv_ok(a): nothing was refused; a->v may be handed to exec. */
bool gsp_argv_ok(const struct gsp_argv *a);

/** gsp_argv_has(a, s): one of them is ${s}. */
bool gsp_argv_has(const struct gsp_argv *a, const char *s);

/**
 * gsp_argv_quote(b, word):
 * Append ${word} to ${b} as one word of a POSIX shell: plain where every byte is harmless,
 * else in single quotes. Any byte but NUL survives.
 */
void gsp_argv_quote(struct gsp_buf *b, const char *word);

/** gsp_argv_is_option(s): true if s could be taken for an option ("-x") or is empty. */
bool gsp_argv_is_option(const char *s);

#endif
