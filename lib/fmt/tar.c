#include "fmt/tar.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

#define OCTAL_11 077777777777ULL /* the most that size and mtime hold */

/* ustar header: offset and length of each field. */
enum {
	NAME = 0, NAME_LEN = 100, MODE = 100, UID = 108, GID = 116, ID_LEN = 8, SIZE = 124,
	MTIME = 136, NUM_LEN = 12, CHKSUM = 148, TYPE = 156, LINK = 157, LINK_LEN = 100, MAGIC = 257
};

static void
put_text(char *block, size_t at, size_t len, const char *text)
{
	size_t n = strlen(text);

	memcpy(block + at, text, n < len ? n : len);
}

static void
put_octal(char *block, size_t at, size_t len, uint64_t v)
{
	(void)snprintf(block + at, len, "%0*" PRIo64, (int)len - 1, v);
}

static void
put_block(struct gsp_buf *out, const char *name, char type, const struct gsp_tar_entry *e,
    uint64_t size)
{
	char b[GSP_TAR_BLOCK];
	unsigned sum = 0;
	int64_t t = e->mtime_s;

	memset(b, 0, sizeof(b));
	put_text(b, NAME, NAME_LEN, name);
	put_octal(b, MODE, ID_LEN, e->mode & 07777);
	put_octal(b, UID, ID_LEN, 0);
	put_octal(b, GID, ID_LEN, 0);
	put_octal(b, SIZE, NUM_LEN, size <= OCTAL_11 ? size : 0);
	put_octal(b, MTIME, NUM_LEN, t >= 0 && (uint64_t)t <= OCTAL_11 ? (uint64_t)t : 0);
	b[TYPE] = type;
	if (type == '2')
		put_text(b, LINK, LINK_LEN, e->target);
	memcpy(b + MAGIC, "ustar\0" "00", 8);
	memset(b + CHKSUM, ' ', 8); /* counts as blanks */
	for (size_t i = 0; i < sizeof(b); i++)
		sum += (unsigned char)b[i];
	(void)snprintf(b + CHKSUM, 8, "%06o", sum);
	gsp_buf_add(out, b, sizeof(b));
}

/* "LENGTH KEY=VALUE\n", where the length counts its own digits. */
static void
put_record(struct gsp_buf *out, const char *key, const char *value)
{
	size_t rest = strlen(key) + strlen(value) + 3, len = rest + 1;
	char digits[24];

	while (len < rest + (size_t)snprintf(digits, sizeof(digits), "%zu", len))
		len++;
	gsp_buf_addf(out, "%zu %s=%s\n", len, key, value);
}

static void
put_time(struct gsp_buf *out, int64_t s, long ns)
{
	char text[48];

	/* -1.5 s is kept as -2 s and 500,000,000 ns */
	if (s < 0 && ns > 0)
		(void)snprintf(text, sizeof(text), "-%" PRIu64 ".%09ld", (uint64_t)-(s + 1),
		    1000000000 - ns);
	else if (ns > 0)
		(void)snprintf(text, sizeof(text), "%" PRId64 ".%09ld", s, ns);
	else
		(void)snprintf(text, sizeof(text), "%" PRId64, s);
	put_record(out, "mtime", text);
}

static bool
is_ascii(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s >= 0x80)
			return false;
	return true;
}

/* What a ustar header cannot say. */
static void
put_extended(struct gsp_buf *out, const struct gsp_tar_entry *e, const char *name)
{
	char number[24];

	if (strlen(name) > NAME_LEN || !is_ascii(name))
		put_record(out, "path", name);
	if (e->type == 'l' && (strlen(e->target) > LINK_LEN || !is_ascii(e->target)))
		put_record(out, "linkpath", e->target);
	if (e->size > OCTAL_11) {
		(void)snprintf(number, sizeof(number), "%" PRIu64, e->size);
		put_record(out, "size", number);
	}
	if (e->mtime_ns != 0 || e->mtime_s < 0 || (uint64_t)e->mtime_s > OCTAL_11)
		put_time(out, e->mtime_s, e->mtime_ns);
}

static void
put_zeros(struct gsp_buf *out, size_t n)
{
	static const char zeros[GSP_TAR_BLOCK];

	for (; n > 0; n -= n < sizeof(zeros) ? n : sizeof(zeros))
		gsp_buf_add(out, zeros, n < sizeof(zeros) ? n : sizeof(zeros));
}

void
gsp_tar_header(struct gsp_buf *out, const struct gsp_tar_entry *e)
{
	struct gsp_buf name = GSP_BUF_INIT(65536), more = GSP_BUF_INIT(1 << 18);
	const struct gsp_tar_entry plain = {"", 'f', 0644, 0, e->mtime_s, 0, NULL};

	gsp_buf_addf(&name, "%s%s", e->path, e->type == 'd' ? "/" : "");
	put_extended(&more, e, gsp_buf_str(&name));
	if (more.len > 0) {
		put_block(out, "PaxHeaders/entry", 'x', &plain, more.len);
		gsp_buf_add(out, more.data, more.len);
		put_zeros(out, gsp_tar_pad(more.len));
	}
	put_block(out, gsp_buf_str(&name), e->type == 'd' ? '5' : e->type == 'l' ? '2' : '0', e,
	    e->type == 'f' ? e->size : 0);
	if (!gsp_buf_ok(&name) || !gsp_buf_ok(&more))
		out->failed = true;
	gsp_buf_release(&name);
	gsp_buf_release(&more);
}

size_t
gsp_tar_pad(uint64_t size)
{
	return (GSP_TAR_BLOCK - (size_t)(size % GSP_TAR_BLOCK)) % GSP_TAR_BLOCK;
}

void
gsp_tar_end(struct gsp_buf *out)
{
	put_zeros(out, 2 * GSP_TAR_BLOCK);
}
