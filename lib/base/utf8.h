/*
 * base/utf8: where characters end, and which they are.
 */
#ifndef GSP_BASE_UTF8_H
#define GSP_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/**
 * gsp_utf8_len(p):
 * Bytes of the character that begins at ${p}, 1..4; 0 if none does: a stray or overlong byte, a
 * surrogate, a character cut short. The text must end in a NUL (of which it is 1 byte long), beyond
 * which nothing is read.
 * Source: RFC 3629, table 3-7 of The Unicode Standard.
 */
size_t gsp_utf8_len(const char *p);

/** gsp_utf8_plain(p): the same, and 0 for a control character: below U+0020, U+007F to U+009F. */
size_t gsp_utf8_plain(const char *p);

/** gsp_utf8_shown(p): the same, and 0 for what turns or hides the text around it: directions, spaces
 * without width, tags. Not for the joiners U+200C and U+200D: Persian and emoji are written with them.
 * Source: The Unicode Standard, general category Cf; U+2028 and U+2029 end lines. */
size_t gsp_utf8_shown(const char *p);

/** gsp_utf8_count(text): how many characters; a byte that is none counts as one. */
size_t gsp_utf8_count(const char *text);

/** gsp_utf8_code(p, n): the code point of the character of ${n} bytes at ${p}. */
uint32_t gsp_utf8_code(const char *p, size_t n);

#endif
