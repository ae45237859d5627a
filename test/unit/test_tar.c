/* fmt/tar: what the blocks say, at every boundary. That tars read it is saves_change.t's. */
#include "fmt/tar.h"

#include <stdbool.h>

#include "tap.h"

#include "base/banned.h"

static struct gsp_buf out = GSP_BUF_INIT(1 << 20);

static uint64_t
octal(const char *p, size_t len)
{
	uint64_t v = 0;

	for (; len > 0 && *p >= '0' && *p <= '7'; p++, len--)
		v = v * 8 + (uint64_t)(*p - '0');
	return v;
}

/* The block is a header with a right checksum. */
static bool
is_header(const char *b, char type)
{
	unsigned sum = 0;

	for (int i = 0; i < GSP_TAR_BLOCK; i++)
		sum += i >= 148 && i < 156 ? ' ' : (unsigned char)b[i];
	return octal(b + 148, 8) == sum && b[156] == type && memcmp(b + 257, "ustar\0" "00", 8) == 0;
}

/* The value of one record of the extended header; "(none)", or "(broken)" if a length lies. */
static const char *
record(const char *key)
{
	static char value[20000];
	const char *p = out.data, *end;

	if (out.len < 1024 || !is_header(p, 'x'))
		return "(none)";
	end = p + GSP_TAR_BLOCK + octal(p + 124, 12);
	if ((size_t)(end - out.data) > out.len)
		return "(broken)";
	(void)snprintf(value, sizeof(value), "(none)");
	for (p += GSP_TAR_BLOCK; p < end;) {
		char *after;
		unsigned long len = strtoul(p, &after, 10);
		size_t klen = strlen(key);

		if (*after != ' ' || len == 0 || len > (size_t)(end - p) || p[len - 1] != '\n')
			return "(broken)";
		after++;
		if (strncmp(after, key, klen) == 0 && after[klen] == '=')
			(void)snprintf(value, sizeof(value), "%.*s",
			    (int)(p + len - 1 - (after + klen + 1)), after + klen + 1);
		p += len;
	}
	return value;
}

static const char *
header(void) /* of the entry itself: the last block */
{
	return out.data + out.len - GSP_TAR_BLOCK;
}

static void
make(const char *path, char type, uint64_t size, int64_t s, long ns, const char *target)
{
	const struct gsp_tar_entry e = {path, type, 0640, size, s, ns, target};

	gsp_buf_reset(&out);
	gsp_tar_header(&out, &e);
}

static void
test_plain(void)
{
	make("a/b", 'f', 5, 1000000000, 0, NULL);
	IS_INT(out.len, GSP_TAR_BLOCK);
	OK(is_header(header(), '0'));
	IS_STR(header(), "a/b");
	IS_INT(octal(header() + 100, 8), 0640);
	IS_INT(octal(header() + 108, 8), 0);
	IS_INT(octal(header() + 124, 12), 5);
	IS_INT(octal(header() + 136, 12), 1000000000);
	make("d", 'd', 0, 0, 0, NULL);
	OK(is_header(header(), '5'));
	IS_STR(header(), "d/");
	make("l", 'l', 0, 0, 0, "to/there");
	OK(is_header(header(), '2'));
	IS_STR(header() + 157, "to/there");
	IS_INT(gsp_tar_pad(0), 0);
	IS_INT(gsp_tar_pad(1), 511);
	IS_INT(gsp_tar_pad(512), 0);
	IS_INT(gsp_tar_pad(513), 511);
	gsp_buf_reset(&out);
	gsp_tar_end(&out);
	IS_INT(out.len, 1024);
	IS_INT(out.data[0] | out.data[1023], 0);
}

static void
test_numbers(void)
{
	make("f", 'f', 077777777777, 077777777777, 0, NULL);
	IS_INT(out.len, GSP_TAR_BLOCK);
	IS_INT(octal(header() + 124, 12), 077777777777);
	make("f", 'f', 0100000000000, 0, 0, NULL);
	IS_STR(record("size"), "8589934592");
	make("f", 'f', 0, 077777777777 + 1LL, 0, NULL);
	IS_STR(record("mtime"), "8589934592");
	make("f", 'f', 0, 1, 5, NULL);
	IS_STR(record("mtime"), "1.000000005");
	make("f", 'f', 0, 0, 999999999, NULL);
	IS_STR(record("mtime"), "0.999999999");
	make("f", 'f', 0, -2, 500000000, NULL);
	IS_STR(record("mtime"), "-1.500000000");
	make("f", 'f', 0, -1, 250000000, NULL);
	IS_STR(record("mtime"), "-0.750000000");
	make("f", 'f', 0, -1, 0, NULL);
	IS_STR(record("mtime"), "-1");
	make("f", 'f', 0, INT64_MIN, 0, NULL);
	IS_STR(record("mtime"), "-9223372036854775808");
	make("f", 'f', 0, INT64_MIN, 1, NULL);
	IS_STR(record("mtime"), "-9223372036854775807.999999999");
}

/* Lengths around which the count of digits in a record's own length changes. */
static void
test_names(void)
{
	char path[5000], want[5002];
	int bad = 0;

	for (size_t n = 1; n < 4096; n = n < 1100 ? n + 1 : n + 97) {
		memset(path, 'p', n);
		path[n] = '\0';
		make(path, 'f', 0, 0, 0, NULL);
		if (n <= 100)
			bad += out.len != GSP_TAR_BLOCK || strncmp(header(), path, n) != 0;
		else
			bad += strcmp(record("path"), path) != 0 || out.len % GSP_TAR_BLOCK != 0;
		make(path, 'd', 0, 0, 0, NULL);
		(void)snprintf(want, sizeof(want), "%s/", path);
		bad += n > 99 && strcmp(record("path"), want) != 0;
		make("l", 'l', 0, 0, 0, path);
		bad += n > 100 && strcmp(record("linkpath"), path) != 0;
		bad += !gsp_buf_ok(&out);
	}
	IS_INT(bad, 0);
	make("\xc3\xbc", 'f', 0, 0, 0, NULL);
	IS_STR(record("path"), "\xc3\xbc");
	make("a\nb=c", 'f', 0, 0, 0, NULL);
	IS_STR(header(), "a\nb=c");
	make("l", 'l', 0, 0, 0, "\xff\n");
	IS_STR(record("linkpath"), "\xff\n");
}

int
main(void)
{
	test_plain();
	test_numbers();
	test_names();
	gsp_buf_release(&out);
	return done();
}
