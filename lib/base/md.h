/*
 * base/md: words of others in a chat message whose Markdown is Discord's.
 */
#ifndef GSP_BASE_MD_H
#define GSP_BASE_MD_H

#include <stddef.h>

#include "base/buf.h"

/**
 * gsp_md_escape(out, text, max):
 * Append ${text} as plain words: Markdown, mentions and links in it are only text, line breaks are spaces,
 * what is not shown (gsp_utf8_shown) is U+FFFD. At most ${max} characters, backslashes included, the last
 * one "…" if it was cut.
 */
void gsp_md_escape(struct gsp_buf *out, const char *text, size_t max);

#endif
