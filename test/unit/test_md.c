#include "base/md.h"
#include "base/utf8.h"
#include "tap.h"

#include "base/banned.h"

#define FFFD "\xef\xbf\xbd"
#define DOTS "\xe2\x80\xa6"

static const char *
escaped(const char *text, size_t max)
{
	static struct gsp_buf b = GSP_BUF_INIT(1 << 20);

	gsp_buf_reset(&b);
	gsp_md_escape(&b, text, max);
	return gsp_buf_str(&b);
}

int
main(void)
{
	static char emoji[5000 * 4 + 1], stars[3001];

	IS_STR(escaped("plain words, 1 (one).", 100), "plain words, 1 (one).");
	IS_STR(escaped("@everyone @here", 100), "\\@everyone \\@here");
	IS_STR(escaped("<@1> <@&2> <#3> <t:1:R> <a:x:1>", 100),
	    "\\<\\@1\\> \\<\\@&2\\> \\<\\#3\\> \\<t:1:R\\> \\<a:x:1\\>");
	IS_STR(escaped("||spoiler|| *a* _b_ ~~c~~", 100),
	    "\\|\\|spoiler\\|\\| \\*a\\* \\_b\\_ \\~\\~c\\~\\~");
	IS_STR(escaped("`x` ```y```", 100), "\\`x\\` \\`\\`\\`y\\`\\`\\`");
	IS_STR(escaped("\n# heading\n> quote\r\n-# small", 100), " \\# heading \\> quote  -\\# small");
	IS_STR(escaped("- item", 100), "\\- item");
	IS_STR(escaped("[x](http://evil.example/a_b)", 100), "\\[x\\](http\\://evil.example/a\\_b)");
	IS_STR(escaped("https://evil.example", 100), "https\\://evil.example");
	IS_STR(escaped("C:\\x", 100), "C:\\\\x");
	IS_STR(escaped("a\xe2\x80\xae" "b\xe2\x81\xa6" "c\xe2\x80\x8b" "d\xd8\x9c" "e\xef\xbb\xbf", 100),
	    "a" FFFD "b" FFFD "c" FFFD "d" FFFD "e" FFFD);
	IS_STR(escaped("\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x9a\x80", 100),
	    "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x9a\x80"); /* a joined emoji stays whole */
	IS_STR(escaped("\x01\x1b[31m\x7f\xc2\x85", 100), FFFD FFFD "\\[31m" FFFD FFFD);
	IS_STR(escaped("\xff\xc0\xaf\xed\xa0\x80\xf0\x9f", 100), FFFD FFFD FFFD FFFD FFFD FFFD FFFD FFFD);
	IS_STR(escaped("abcdef", 6), "abcdef");
	IS_STR(escaped("abcdef", 5), "abcd" DOTS);
	IS_STR(escaped("abc*", 4), "abc" DOTS);
	IS_STR(escaped("abc*", 5), "abc\\*");
	IS_STR(escaped("***", 3), "\\*" DOTS);
	IS_STR(escaped("ab", 0), "");
	IS_STR(escaped("ab", 1), DOTS);
	for (size_t i = 0; i < 5000; i++)
		memcpy(emoji + 4 * i, "\xf0\x9f\x8e\xb2", 5);
	IS_INT(gsp_utf8_count(escaped(emoji, 2000)), 2000);
	IS_INT(strlen(escaped(emoji, 2000)), 1999 * 4 + 3);
	memset(stars, '*', 3000);
	OK(gsp_utf8_count(escaped(stars, 2000)) <= 2000);
	IS_INT(gsp_utf8_count(escaped(stars, 6000)), 6000);
	return done();
}
