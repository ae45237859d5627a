/*
 * cli/say: lines for people on stderr, "tool: text", with nothing in them that a terminal
 * would obey.
 */
#ifndef GSP_CLI_SAY_H
#define GSP_CLI_SAY_H

#include <stdbool.h>

#include "base/buf.h"

/** gsp_cli_set_tool(name): the tool in front of each line; "gsp" until it is set. Borrowed. */
void gsp_cli_set_tool(const char *name);

/** gsp_cli_set_quiet(quiet): gsp_cli_warn() is silent from now on. */
void gsp_cli_set_quiet(bool quiet);

/** gsp_cli_error(fmt, ...): always said. */
void gsp_cli_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** gsp_cli_warn(fmt, ...): said unless -q was given. */
void gsp_cli_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** gsp_cli_before_line(fn, ctx): call fn before each line, to clear a live one. NULL: nothing. */
void gsp_cli_before_line(void (*fn)(void *ctx), void *ctx);

/** gsp_cli_clear(): before anything else is written to the terminal: takes a live line away. */
void gsp_cli_clear(void);

/**
 * gsp_cli_escape(out, text):
 * Append ${text} with control characters, broken UTF-8 and what turns or hides the text around it as
 * \xNN: a line is read as it was written.
 */
void gsp_cli_escape(struct gsp_buf *out, const char *text);

#endif
