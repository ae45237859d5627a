/* rsync's output, line by line. */
#include <stdint.h>
#include <string.h>

#include "base/num.h"
#include "gsp/rsync.h"

#include "base/banned.h"

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* rsync writes control bytes, and a backslash that would be mistaken for one of its own
 * escapes (one before "#" and three digits), as \#ooo. Everything else stands for itself. */
void
gsp_rsync_decode(char *s)
{
	char *to = s;

	while (*s != '\0') {
		if (s[0] == '\\' && s[1] == '#' && is_digit(s[2]) && is_digit(s[3]) &&
		    is_digit(s[4])) {
			int c = (s[2] - '0') * 64 + (s[3] - '0') * 8 + (s[4] - '0');

			if (c > 0 && c < 256 && s[2] < '8' && s[3] < '8' && s[4] < '8') {
				*to++ = (char)(unsigned char)c;
				s += 5;
				continue;
			}
		}
		*to++ = *s++;
	}
	*to = '\0';
}

static bool
is_sum(const char *s, size_t len)
{
	return len == 32 && strspn(s, "0123456789abcdef") >= len;
}

/* "%i": eleven characters, or "*deleting" padded or not. Returns where the rest starts. */
static char *
take_flags(struct gsp_rsync_item *it, char *p)
{
	static const char deleting[] = "*deleting";
	size_t n = strncmp(p, deleting, sizeof(deleting) - 1) == 0 ? sizeof(deleting) - 1 : 11;

	if (strnlen(p, n + 1) <= n || p[n] != ' ')
		return NULL;
	if (p[0] != '*' && (strchr("<>ch.", p[0]) == NULL || strchr("fdLDS", p[1]) == NULL))
		return NULL;
	memcpy(it->flags, p, n);
	it->flags[n] = '\0';
	return p + n + 1;
}

bool
gsp_rsync_line(struct gsp_rsync_item *it, char *line)
{
	char *p = line;
	size_t len;

	memset(it, 0, sizeof(*it));
	if (strncmp(p, "GSP ", 4) != 0 || (p = take_flags(it, p + 4)) == NULL)
		return false;
	p += strspn(p, " "); /* a missing checksum is as many blanks */
	len = strcspn(p, " ");
	if (is_sum(p, len)) {
		memcpy(it->sum, p, len);
		it->sum[len] = '\0';
		p += len;
		p += strspn(p, " ");
		len = strcspn(p, " ");
	}
	if (p[len] != ' ')
		return false;
	p[len] = '\0';
	if (gsp_num_u64(&it->size, p, 0, UINT64_MAX) == -1)
		return false;
	p += len + 1;
	gsp_rsync_decode(p);
	len = strlen(p);
	if (len > 1 && p[len - 1] == '/') {
		it->dir = true;
		p[len - 1] = '\0';
	}
	it->path = p;
	return len > 0;
}

bool
gsp_rsync_differs(const struct gsp_rsync_item *it)
{
	const char *f = it->flags;

	if (f[0] != '.')
		return true; /* sent, made, or deleted */
	for (size_t i = 2; f[i] != '\0'; i++) {
		if (f[i] == '.' || f[i] == ' ')
			continue;
		if (i == 4 && (f[1] == 'd' || f[1] == 'L'))
			continue;
		return true;
	}
	return false;
}
