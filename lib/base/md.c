#include "base/md.h"

#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"

#include "base/banned.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
#define ELLIPSIS "\xe2\x80\xa6"    /* U+2026 */

/* What Discord's Markdown, mentions and links are made of. A backslash before any of them makes it
 * plain. Source: Discord, "Markdown Text 101" and "Message Formatting". */
static const char special[] = "\\*_~`|<>[]#@";

/* How many characters ${p} is written with. */
static size_t
escape_one(struct gsp_buf *out, const char *p, size_t n, bool first)
{
	bool link = *p == ':' && p[1] == '/' && p[2] == '/';
	bool list = first && (*p == '-' || *p == '+');

	if (*p == '\n' || *p == '\t' || *p == '\r') {
		gsp_buf_addc(out, ' ');
		return 1;
	}
	if (gsp_utf8_shown(p) == 0) {
		gsp_buf_adds(out, REPLACEMENT);
		return 1;
	}
	if (link || list || (n == 1 && strchr(special, *p) != NULL)) {
		gsp_buf_addc(out, '\\');
		gsp_buf_addc(out, *p);
		return 2;
	}
	gsp_buf_add(out, p, n);
	return 1;
}

void
gsp_md_escape(struct gsp_buf *out, const char *text, size_t max)
{
	size_t used = 0, safe = out->len, n;

	if (max == 0)
		return;
	for (const char *p = text; *p != '\0'; p += n > 0 ? n : 1) {
		n = gsp_utf8_len(p);
		if (used + 1 <= max)
			safe = out->len;
		used += escape_one(out, p, n, p == text);
		if (used > max || (used == max && p[n > 0 ? n : 1] != '\0')) {
			out->len = safe;
			gsp_buf_adds(out, ELLIPSIS);
			return;
		}
	}
}
