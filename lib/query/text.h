/*
 * query/text: what a stranger calls himself or his server, made fit to be shown.
 */
#ifndef GSP_QUERY_TEXT_H
#define GSP_QUERY_TEXT_H

#include <stddef.h>

/**
 * gsp_query_text(out, size, text, len):
 * Put ${len} bytes of ${text} into ${out} as printable UTF-8 of at most ${size} - 1 bytes, cut at
 * a character; returns the length. A byte that is no UTF-8 becomes "?", white space and control
 * characters one space, none at the ends. Marks that a terminal or a chat would obey (direction,
 * zero width) go, and so do Minecraft's colours: U+00A7 and the character after it.
 */
size_t gsp_query_text(char *out, size_t size, const char *text, size_t len);

#endif
