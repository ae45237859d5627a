/*
 * base/utf8: where characters end.
 */
#ifndef GSP_BASE_UTF8_H
#define GSP_BASE_UTF8_H

#include <stddef.h>

/**
 * gsp_utf8_len(p):
 * Bytes of the character that begins at ${p}, 1..4; 0 if none does: a stray or overlong byte, a
 * surrogate, a character cut short. The text must end in a NUL (of which it is 1 byte long), beyond
 * which nothing is read.
 * Source: RFC 3629, table 3-7 of The Unicode Standard.
 */
size_t gsp_utf8_len(const char *p);

#endif
