#include "query/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/banned.h"

#define SECTION 0xa7 /* Minecraft: begins a colour code */

/* The character at ${s}: its bytes, or 0 if it is none (RFC 3629: shortest form, no surrogates). */
static size_t
decode(uint32_t *c, const unsigned char *s, size_t len)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = s[0] < 0x80 ? 1 : s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;

	if (n == 1) {
		*c = s[0];
		return 1;
	}
	if (s[0] < 0xc2 || s[0] > 0xf4 || n > len)
		return 0;
	*c = s[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (s[i] & 0x3fu);
	}
	return *c < least[n] || *c > 0x10ffff || (*c >= 0xd800 && *c < 0xe000) ? 0 : n;
}

static bool
is_blank(uint32_t c)
{
	return c <= 0x20 || (c >= 0x7f && c <= 0xa0) || c == 0x2028 || c == 0x2029;
}

/* Directions, joiners, tags, soft hyphens: unseen, and they change what is seen around them. */
static bool
is_unseen(uint32_t c)
{
	return c == 0xad || c == 0x61c || (c >= 0x200b && c <= 0x200f) ||
	    (c >= 0x202a && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
	    (c >= 0xfff0 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe0fff);
}

size_t
gsp_query_text(char *out, size_t size, const char *text, size_t len)
{
	bool blank = false, code = false;
	size_t n, used = 0;
	uint32_t c;

	for (size_t i = 0; i < len; i += n) {
		const char *from = text + i;
		size_t width;

		c = '?';
		n = width = decode(&c, (const unsigned char *)from, len - i);
		if (n == 0) {
			from = "?";
			n = width = 1;
		}
		if (code || c == SECTION) {
			code = !code;
			continue;
		}
		if (is_blank(c)) {
			blank = used > 0;
			continue;
		}
		if (is_unseen(c))
			continue;
		if (used + width + (blank ? 1 : 0) >= size)
			break;
		if (blank)
			out[used++] = ' ';
		blank = false;
		memcpy(out + used, from, width);
		used += width;
	}
	out[used] = '\0';
	return used;
}
