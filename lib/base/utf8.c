#include "base/utf8.h"

#include "base/banned.h"

size_t
gsp_utf8_len(const char *p)
{
	const unsigned char *s = (const unsigned char *)p;
	size_t n;

	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		n = 2;
	else if ((s[0] & 0xf0) == 0xe0)
		n = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		n = 4;
	else
		return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

size_t
gsp_utf8_plain(const char *p)
{
	size_t n = gsp_utf8_len(p);
	uint32_t c = gsp_utf8_code(p, n);

	return c < ' ' || (c >= 0x7f && c < 0xa0) ? 0 : n;
}

size_t
gsp_utf8_shown(const char *p)
{
	size_t n = gsp_utf8_plain(p);
	uint32_t c = gsp_utf8_code(p, n);

	return c == 0x61c || c == 0x200b || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
	        (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xe0000 && c <= 0xe0fff)
	    ? 0
	    : n;
}

size_t
gsp_utf8_count(const char *text)
{
	size_t count = 0, n;

	for (; *text != '\0'; text += n > 0 ? n : 1, count++)
		n = gsp_utf8_len(text);
	return count;
}

uint32_t
gsp_utf8_code(const char *p, size_t n)
{
	const unsigned char *s = (const unsigned char *)p;

	switch (n) {
	case 2: return (s[0] & 0x1fu) << 6 | (s[1] & 0x3fu);
	case 3: return (s[0] & 0xfu) << 12 | (s[1] & 0x3fu) << 6 | (s[2] & 0x3fu);
	case 4:
		return (s[0] & 0x7u) << 18 | (s[1] & 0x3fu) << 12 | (s[2] & 0x3fu) << 6 | (s[3] & 0x3fu);
	default: return s[0];
	}
}
