/* Texts of others, made harmless. */
#include <string.h>

#include "base/utf8.h"
#include "discord/message_priv.h"

#include "base/banned.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
#define ELLIPSIS "\xe2\x80\xa6"    /* U+2026 */
#define NOTHING "\xe2\x80\x8b"     /* U+200B: has no width */

static size_t
char_bytes(const char *p)
{
	size_t n = gsp_utf8_len(p);

	return n > 0 ? n : 1;
}

/* Whether `code` is still open at the end of ${n} bytes. */
static bool
in_code(const char *text, size_t n)
{
	bool open = false;

	for (size_t i = 0; i < n; i++)
		if (text[i] == '\\' && !open)
			i++;
		else if (text[i] == '`')
			open = !open;
	return open;
}

void
gsp_text_cut(struct gsp_buf *b, size_t max)
{
	const char *text = gsp_buf_str(b);
	size_t keep = 0, at = 0, n = 0;

	/* two characters are for "`…" */
	for (; text[at] != '\0' && n < max; at += char_bytes(text + at), n++)
		if (n + 2 <= max)
			keep = at;
	if (text[at] == '\0' || max == 0)
		return;
	/* not within an escape: half of one would be a backslash, and escape what comes next */
	while (keep > 0 && text[keep - 1] == '\\')
		keep--;
	b->len = keep;
	if (in_code(text, keep))
		gsp_buf_addc(b, '`');
	gsp_buf_adds(b, ELLIPSIS);
}

/* ---- code ---- */

/* Past a terminal's colours and their kin: ESC [ ... letter. */
static const char *
past_colour(const char *p)
{
	if (p[0] != '\x1b' || p[1] != '[')
		return p;
	p += 2;
	p += strspn(p, "0123456789;?");
	return *p != '\0' ? p + 1 : p;
}

/* The text as it is shown in code: no control characters, backticks apart. */
static void
add_code(struct gsp_buf *out, const char *text)
{
	bool tick = false;

	while (*text != '\0') {
		const char *next = past_colour(text);
		size_t n;

		if (next != text) {
			text = next;
			continue;
		}
		n = gsp_utf8_len(text);
		if (*text == '`' && tick)
			gsp_buf_adds(out, NOTHING);
		tick = *text == '`';
		if (*text == '\n' || *text == '\t' || gsp_utf8_shown(text) > 0)
			gsp_buf_add(out, text, n);
		else if (*text != '\r')
			gsp_buf_adds(out, REPLACEMENT);
		text += n > 0 ? n : 1;
	}
}

void
gsp_message_block(struct gsp_buf *out, const char *text, size_t max)
{
	struct gsp_buf b = GSP_BUF_INIT(4 * (strlen(text) + 64));
	const char *p;
	size_t n;

	add_code(&b, text);
	while (b.len > 0 && (b.data[b.len - 1] == '\n' || b.data[b.len - 1] == ' '))
		b.data[--b.len] = '\0';
	p = gsp_buf_str(&b);
	n = gsp_utf8_count(p);
	if (n > max) {
		const char *line;

		for (; n > max; n--)
			p += char_bytes(p);
		/* from the beginning of a line, unless the last one alone is too long */
		line = strchr(p, '\n');
		if (line != NULL && p > gsp_buf_str(&b) && p[-1] != '\n')
			p = line + 1;
	}
	gsp_buf_addf(out, "```\n%s\n```", p);
	gsp_buf_release(&b);
}

void
gsp_text_code(struct gsp_buf *out, const char *text, size_t max)
{
	struct gsp_buf b = GSP_BUF_INIT(GSP_TEXT_BUF);

	for (const char *p = text; *p != '\0' && gsp_buf_ok(&b) && b.len < 4 * max;) {
		size_t n = gsp_utf8_len(p);

		if (*p == '`' || gsp_utf8_shown(p) == 0)
			gsp_buf_adds(&b, REPLACEMENT);
		else
			gsp_buf_add(&b, p, n);
		p += n > 0 ? n : 1;
	}
	gsp_text_cut(&b, max > 2 ? max - 2 : 1);
	/* an empty pair would be two backticks */
	gsp_buf_addf(out, "`%s`", b.len > 0 ? gsp_buf_str(&b) : " ");
	gsp_buf_release(&b);
}

void
gsp_text_name(struct gsp_buf *out, const char *server)
{
	if (server[0] == '\0') {
		gsp_buf_adds(out, "the servers");
		return;
	}
	gsp_buf_adds(out, "**");
	gsp_md_escape(out, server, 64);
	gsp_buf_adds(out, "**");
}

void
gsp_text_actor(struct gsp_buf *out, const char *actor)
{
	const char *slash = strchr(actor, '/');

	if (slash != NULL && slash[1] != '\0')
		actor = slash + 1;
	gsp_md_escape(out, actor[0] != '\0' ? actor : "somebody", 40);
}

/* ---- lines ---- */

#define LEFT_ROOM 24 /* characters of "…and 123456789 more" and its line break */

void
gsp_lines_add(struct gsp_lines *l, struct gsp_buf *line)
{
	size_t n = gsp_utf8_count(gsp_buf_str(line)) + 1;

	if (l->left > 0 || !gsp_buf_ok(line) ||
	    l->chars + n > GSP_MESSAGE_CONTENT_MAX - LEFT_ROOM)
		l->left++;
	else {
		if (l->text.len > 0)
			gsp_buf_addc(&l->text, '\n');
		gsp_buf_adds(&l->text, gsp_buf_str(line));
		l->chars += n;
	}
	gsp_buf_reset(line);
}

void
gsp_lines_end(struct gsp_buf *out, struct gsp_lines *l)
{
	gsp_buf_adds(out, gsp_buf_str(&l->text));
	if (l->left > 0)
		gsp_buf_addf(out, "%s" ELLIPSIS "and %zu more", l->text.len > 0 ? "\n" : "", l->left);
	gsp_buf_release(&l->text);
}

struct gsp_json *
gsp_rows_next(const char **at)
{
	struct gsp_err ignored = GSP_ERR_INIT;

	while (*at != NULL && **at != '\0') {
		size_t n = strcspn(*at, "\n");
		struct gsp_json *o = NULL;
		int rc = gsp_json_parse(&o, *at, n, &ignored);

		*at += n + ((*at)[n] == '\n');
		if (rc == 0 && gsp_json_is_obj(o))
			return o;
		if (rc == 0)
			gsp_json_free(o);
	}
	return NULL;
}
