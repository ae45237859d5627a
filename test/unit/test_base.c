/* base: err, buf, argv, num, clock, rand. What gsp_nearest() finds is test_nearest's. */
#include <ctype.h>
#include <errno.h>

#include "base/argv.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/num.h"
#include "base/rand.h"
#include "base/utf8.h"
#include "sys/proc.h"
#include "tap.h"

#include "base/banned.h"

static void
test_err(void)
{
	struct gsp_err err = GSP_ERR_INIT;

	IS_INT(err.code, GSP_OK);
	IS_STR(err.msg, "");
	IS_INT(gsp_err_set(&err, GSP_ETEMP, "no %s at %d", "answer", 7), -1);
	IS_INT(err.code, GSP_ETEMP);
	IS_INT(err.detail, 0);
	IS_STR(err.msg, "no answer at 7");
	IS_INT(gsp_err_wrap(&err, "server '%s'", "ab"), -1);
	IS_STR(err.msg, "server 'ab': no answer at 7");
	IS_INT(gsp_err_hint(&err, "try %d", 2), -1);
	IS_STR(err.msg, "server 'ab': no answer at 7; try 2");
	IS_INT(err.code, GSP_ETEMP);

	err.detail = 9;
	IS_INT(gsp_err_sys(&err, GSP_EIO, ENOSPC, "cannot write '%s'", "x"), -1);
	IS_STR(err.msg, "cannot write 'x': No space left on device; "
	    "make room there and try again");
	IS_INT(err.detail, 0); /* of the error before */
	err.detail = 9;
	gsp_err_wrap(&err, "y");
	IS_INT(err.detail, 9);
	gsp_err_clear(&err);
	IS_INT(err.code, GSP_OK);
	IS_INT(err.detail, 0);
	IS_STR(err.msg, "");
}

/* Only whole two-byte characters from ${from} to the end. */
static int
whole_chars(const char *s, size_t from)
{
	size_t len = strlen(s);

	if ((len - from) % 2 != 0)
		return 0;
	for (size_t i = from; i < len; i += 2)
		if (memcmp(s + i, "\xc3\xa4", 2) != 0)
			return 0;
	return 1;
}

static void
test_err_cut(void)
{
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_buf b = GSP_BUF_INIT(8192);

	for (int i = 0; i < 1500; i++)
		gsp_buf_adds(&b, "\xc3\xa4");
	for (size_t lead = 0; lead < 4; lead++) {
		gsp_err_set(&err, GSP_EIO, "%.*s%s", (int)lead, "aaaa", gsp_buf_str(&b));
		OK(strlen(err.msg) >= GSP_ERR_MAX - 3 && whole_chars(err.msg, lead));
		gsp_err_wrap(&err, "%.*s", (int)lead, "bbbb"); /* again full, "bb: " before it */
		OK(strlen(err.msg) >= GSP_ERR_MAX - 6 && whole_chars(err.msg, 2 * lead + 2));
		gsp_err_hint(&err, "never seen");
		OK(whole_chars(err.msg, 2 * lead + 2) || strstr(err.msg, "; ") != NULL);
		OK(strlen(err.msg) < GSP_ERR_MAX);
	}
	/* what just fits is not cut */
	gsp_err_set(&err, GSP_EIO, "%0*d", GSP_ERR_MAX - 1, 1);
	IS_INT(strlen(err.msg), GSP_ERR_MAX - 1);
	gsp_err_set(&err, GSP_EIO, "%0*d", GSP_ERR_MAX, 1);
	OK(strlen(err.msg) < GSP_ERR_MAX && strchr(err.msg, '1') == NULL);
	gsp_buf_release(&b);
}

static void
test_buf(void)
{
	struct gsp_buf b = GSP_BUF_INIT(8), big = GSP_BUF_INIT(100000);
	char *p;

	IS_STR(gsp_buf_str(&b), "");
	gsp_buf_adds(&b, "1234567"); /* and the NUL: full */
	OK(gsp_buf_ok(&b));
	gsp_buf_adds(&b, "");
	OK(gsp_buf_ok(&b));
	gsp_buf_addc(&b, '8');
	OK(!gsp_buf_ok(&b));
	gsp_buf_consume(&b, 5);
	gsp_buf_addc(&b, 'x'); /* there would be room now: the failure sticks */
	OK(!gsp_buf_ok(&b));
	IS_STR(gsp_buf_str(&b), "67");
	OK(gsp_buf_reserve(&b, 1) == NULL);
	OK(gsp_buf_take(&b) == NULL);
	gsp_buf_reset(&b);
	OK(gsp_buf_ok(&b) && b.len == 0);
	gsp_buf_addf(&b, "%d-%s", 12, "ab");
	IS_STR(gsp_buf_str(&b), "12-ab");
	gsp_buf_addf(&b, "%s", "too much");
	OK(!gsp_buf_ok(&b));
	IS_STR(gsp_buf_str(&b), "12-ab");
	gsp_buf_release(&b);
	OK(gsp_buf_ok(&b) && b.max == 8 && b.data == NULL);

	OK((p = gsp_buf_reserve(&b, 3)) != NULL);
	IS_STR(gsp_buf_str(&b), ""); /* reserved is not there yet */
	OK(gsp_buf_reserve(&b, 8) == NULL && !gsp_buf_ok(&b));
	gsp_buf_reset(&b);
	OK(gsp_buf_reserve(&b, SIZE_MAX) == NULL);
	gsp_buf_release(&b);

	for (int i = 0; i < 9999; i++)
		gsp_buf_addf(&big, "%04d,", i);
	gsp_buf_add(&big, "\0z", 2);
	IS_INT(big.len, 49997);
	gsp_buf_consume(&big, 49990);
	OK(big.len == 7 && memcmp(big.data, "9998,\0z", 8) == 0);
	gsp_buf_consume(&big, 1000);
	IS_INT(big.len, 0);
	IS_STR(gsp_buf_str(&big), "");
	gsp_buf_release(&big);
}

static void
test_buf_take(void)
{
	struct gsp_buf b = GSP_BUF_INIT(16), none = GSP_BUF_INIT(0);
	char *s = gsp_buf_take(&b);

	IS_STR(s, ""); /* of a buffer nothing was added to */
	free(s);
	gsp_buf_adds(&b, "mine");
	s = gsp_buf_take(&b);
	IS_STR(s, "mine");
	free(s);
	IS_INT(b.len, 0);
	gsp_buf_adds(&b, "again");
	IS_STR(gsp_buf_str(&b), "again");
	gsp_buf_release(&b);
	gsp_buf_add(&none, "", 0); /* not even room for the NUL */
	OK(!gsp_buf_ok(&none));
}

static void
test_argv(void)
{
	struct gsp_argv a = GSP_ARGV_INIT;

	OK(!gsp_argv_ok(&a)); /* nothing to run */
	for (int i = 0; i < 100; i++)
		gsp_argv_pushf(&a, "%d", i);
	gsp_argv_push(&a, "");
	OK(gsp_argv_ok(&a) && a.n == 101 && a.v[101] == NULL);
	OK(gsp_argv_has(&a, "99") && !gsp_argv_has(&a, "no such word"));
	IS_STR(a.v[0], "0");
	IS_STR(a.v[99], "99");
	IS_STR(a.v[100], "");
	gsp_argv_release(&a);
	OK(a.v == NULL && a.n == 0);
	a.failed = true;
	gsp_argv_push(&a, "x"); /* sticks */
	OK(!gsp_argv_ok(&a) && a.n == 0);
	gsp_argv_release(&a);

	OK(gsp_argv_is_option("-x"));
	OK(gsp_argv_is_option("-"));
	OK(gsp_argv_is_option(""));
	OK(!gsp_argv_is_option("x-"));
	OK(!gsp_argv_is_option(" -x"));
}

/* What a shell makes of the quoted word, between < and >. */
static const char *
through_sh(struct gsp_buf *out, const char *word)
{
	struct gsp_buf cmd = GSP_BUF_INIT(65536);
	struct gsp_err err = GSP_ERR_INIT;
	int status = -1;

	gsp_buf_reset(out);
	gsp_buf_adds(&cmd, "printf '<%s>' ");
	gsp_argv_quote(&cmd, word);
	const char *const argv[] = {"sh", "-c", gsp_buf_str(&cmd), NULL};
	if (gsp_proc_run(argv, out, &status, &err) == -1 || status != 0)
		gsp_buf_reset(out);
	gsp_buf_release(&cmd);
	return gsp_buf_str(out);
}

static void
test_quote(void)
{
	static const char *const words[] = {"", "'", "''", "a'b", "$HOME", "`id`", "$(id)", "a b",
	    "-n", "*", "~", "~root", "a\nb", "\n", "\\", "\\'", "\"", "!x", "#x", "x=y", "{a,b}", "[a]",
	    "a;b", "a&b", "a|b", "<x>", "%s", "\t", "\x01\x7f", "\xc3\xa4\xff\xfe", "if"};
	struct gsp_buf out = GSP_BUF_INIT(65536), want = GSP_BUF_INIT(65536);
	char every[256], one[4] = "a?b";

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		gsp_buf_reset(&want);
		gsp_buf_addf(&want, "<%s>", words[i]);
		IS_STR(through_sh(&out, words[i]), gsp_buf_str(&want));
	}
	for (int i = 1; i < 256; i++)
		every[i - 1] = (char)i;
	every[255] = '\0';
	gsp_buf_reset(&want);
	gsp_buf_addf(&want, "<%s>", every);
	OK(strcmp(through_sh(&out, every), gsp_buf_str(&want)) == 0);

	/* alone, each byte is either harmless to every shell or inside quotes */
	for (int i = 1; i < 256; i++) {
		one[1] = (char)i;
		gsp_buf_reset(&out);
		gsp_argv_quote(&out, one);
		if (gsp_buf_str(&out)[0] != '\'' &&
		    !(i < 128 && (isalnum(i) || strchr("%+,-./:=@_", i) != NULL)))
			OK(!"unquoted");
	}
	gsp_buf_reset(&out);
	gsp_argv_quote(&out, "/srv/a-b_c.d:e@f%g+h,i=9");
	IS_STR(gsp_buf_str(&out), "/srv/a-b_c.d:e@f%g+h,i=9");
	gsp_buf_release(&out);
	gsp_buf_release(&want);
}

static void
test_num(void)
{
	uint64_t u = 77;
	int64_t i = 77;

	OK(gsp_num_u64(&u, "0", 0, UINT64_MAX) == 0 && u == 0);
	OK(gsp_num_u64(&u, "0007", 0, 10) == 0 && u == 7);
	OK(gsp_num_u64(&u, "18446744073709551615", 0, UINT64_MAX) == 0 && u == UINT64_MAX);
	u = 77;
	OK(gsp_num_u64(&u, "18446744073709551616", 0, UINT64_MAX) == -1);
	OK(gsp_num_u64(&u, "99999999999999999999999", 0, UINT64_MAX) == -1);
	static const char *const bad[] = {"", " ", "1 ", " 1", "+1", "-1", "1x", "0x1", "1.0", "1e3",
	    "\xb2", "1\n"};
	for (size_t n = 0; n < sizeof(bad) / sizeof(bad[0]); n++)
		OK(gsp_num_u64(&u, bad[n], 0, UINT64_MAX) == -1);
	OK(gsp_num_u64(&u, "4", 5, 9) == -1);
	OK(gsp_num_u64(&u, "10", 5, 9) == -1);
	IS_INT(u, 77); /* untouched */

	OK(gsp_num_i64(&i, "-5", -9, 9) == 0 && i == -5);
	OK(gsp_num_i64(&i, "-0", -9, 9) == 0 && i == 0);
	OK(gsp_num_i64(&i, "9223372036854775807", 0, INT64_MAX) == 0 && i == INT64_MAX);
	i = 77;
	OK(gsp_num_i64(&i, "9223372036854775808", 0, INT64_MAX) == -1);
	OK(gsp_num_i64(&i, "-", INT64_MIN, INT64_MAX) == -1);
	OK(gsp_num_i64(&i, "--5", INT64_MIN, INT64_MAX) == -1);
	OK(gsp_num_i64(&i, "+5", INT64_MIN, INT64_MAX) == -1);
	OK(gsp_num_i64(&i, "-10", -9, 9) == -1);
	IS_INT(i, 77);
}

static void
test_duration(void)
{
	static const struct {
		const char *text;
		int64_t s; /* 0: refused */
	} t[] = {{"90", 90}, {"90s", 90}, {"20m", 1200}, {"2h", 7200}, {"1d", 86400}, {"24h", 86400},
	    {"25h", 0}, {"86401", 0}, {"2d", 0}, {"0", 0}, {"0s", 0}, {"", 0}, {"s", 0}, {"-1", 0},
	    {"-1m", 0}, {"1.5h", 0}, {"1h30m", 0}, {"1w", 0}, {"1M", 0}, {" 1", 0}, {"1 s", 0},
	    {"1ms", 0}, {"99999999999999999999999999", 0}, {"9223372036854775807d", 0}};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		int64_t got = 0;
		int rc = gsp_num_duration_s(&got, t[i].text, 86400);

		if (!OK(rc == (t[i].s == 0 ? -1 : 0) && got == t[i].s))
			printf("# '%s': %d, %" PRId64 "\n", t[i].text, rc, got);
	}
}

static void
test_num_texts(void)
{
	char b[48];

	IS_STR(gsp_num_bytes(b, sizeof(b), 0), "0 B");
	IS_STR(gsp_num_bytes(b, sizeof(b), 512), "512 B");
	IS_STR(gsp_num_bytes(b, sizeof(b), 999), "999 B");
	IS_STR(gsp_num_bytes(b, sizeof(b), 1000), "1.0 kB");
	IS_STR(gsp_num_bytes(b, sizeof(b), 1400000), "1.4 MB");
	IS_STR(gsp_num_bytes(b, sizeof(b), 99940), "99.9 kB");
	IS_STR(gsp_num_bytes(b, sizeof(b), 99960), "100 kB");
	IS_STR(gsp_num_bytes(b, sizeof(b), 999499), "999 kB");
	IS_STR(gsp_num_bytes(b, sizeof(b), 999500), "1.0 MB");
	IS_STR(gsp_num_bytes(b, sizeof(b), 3200000000), "3.2 GB");
	IS_STR(gsp_num_bytes(b, sizeof(b), UINT64_MAX), "18.4 EB");
	IS_STR(gsp_num_usd(b, sizeof(b), 0), "$0.00");
	IS_STR(gsp_num_usd(b, sizeof(b), 0.0075), "$0.0075");
	IS_STR(gsp_num_usd(b, sizeof(b), 0.036), "$0.036");
	IS_STR(gsp_num_usd(b, sizeof(b), 0.5), "$0.50");
	IS_STR(gsp_num_usd(b, sizeof(b), 0.99996), "$1.00");
	IS_STR(gsp_num_usd(b, sizeof(b), 12.4), "$12.40");
	IS_STR(gsp_num_span(b, sizeof(b), -5), "0 s");
	IS_STR(gsp_num_span(b, sizeof(b), 45), "45 s");
	IS_STR(gsp_num_span(b, sizeof(b), 60), "1 min 00 s");
	IS_STR(gsp_num_span(b, sizeof(b), 200), "3 min 20 s");
	IS_STR(gsp_num_span(b, sizeof(b), 3599), "59 min 59 s");
	IS_STR(gsp_num_span(b, sizeof(b), 7500), "2 h 05 min");
	IS_STR(gsp_num_span(b, sizeof(b), 86399), "23 h 59 min");
	IS_STR(gsp_num_span(b, sizeof(b), 86400 * 3 + 4 * 3600), "3 d 4 h");
	IS_STR(gsp_num_span(b, 4, 86400), "1 d"); /* cut, never past the end */
}

static void
test_seconds(void)
{
	IS_INT(gsp_num_seconds_ms(64.57, 3600000), 64570);
	IS_INT(gsp_num_seconds_ms(0.0001, 3600000), 1); /* up */
	IS_INT(gsp_num_seconds_ms(0, 3600000), 0);
	IS_INT(gsp_num_seconds_ms(3600.5, 3600000), 3600000);
	IS_INT(gsp_num_seconds_ms(1e300, 3600000), 3600000);
	IS_INT(gsp_num_seconds_ms(-1, 3600000), -1);
	IS_INT(gsp_num_seconds_text_ms("2", 3600000), 2000);
	IS_INT(gsp_num_seconds_text_ms("0.4", 3600000), 400);
	IS_INT(gsp_num_seconds_text_ms("1.2345", 3600000), 1235);
	IS_INT(gsp_num_seconds_text_ms("99999999", 3600000), 3600000);
	static const char *const bad[] = {"", "-1", "+1", " 1", "1 ", "1s", "1e3", "0x10", ".5", "inf", "nan",
	    "1.2.3", "Sun, 06 Nov 1994", "111111111111111111111111111111111"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		IS_INT(gsp_num_seconds_text_ms(bad[i], 3600000), -1);
	IS_INT(gsp_num_seconds_text_ms(NULL, 3600000), -1);
}

static void
test_utf8(void)
{
	static const struct {
		const char *text;
		size_t len, plain, shown;
		uint32_t code;
	} v[] = {{"a", 1, 1, 1, 'a'}, {"\t", 1, 0, 0, '\t'}, {"\x7f", 1, 0, 0, 0x7f}, {"\xc2\x80", 2, 0, 0, 0x80},
	    {"\xc2\x9f", 2, 0, 0, 0x9f}, {"\xc2\xa0", 2, 2, 2, 0xa0}, {"\xc3\xab", 2, 2, 2, 0xeb},
	    {"\xd8\x9c", 2, 2, 0, 0x61c}, {"\xe2\x80\x8b", 3, 3, 0, 0x200b},
	    {"\xe2\x80\x8d", 3, 3, 3, 0x200d}, {"\xe2\x80\xae", 3, 3, 0, 0x202e},
	    {"\xe2\x81\xa6", 3, 3, 0, 0x2066}, {"\xe2\x82\xac", 3, 3, 3, 0x20ac},
	    {"\xef\xbb\xbf", 3, 3, 0, 0xfeff}, {"\xf0\x9f\x98\x80", 4, 4, 4, 0x1f600},
	    {"\xf3\xa0\x80\xa0", 4, 4, 0, 0xe0020}, {"\xf4\x8f\xbf\xbf", 4, 4, 4, 0x10ffff}};
	static const char *const none[] = {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80",
	    "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xc3",
	    "\xe2\x82", "\xf0\x9f\x98", "\xc3\x61"};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		IS_INT(gsp_utf8_len(v[i].text), v[i].len);
		IS_INT(gsp_utf8_plain(v[i].text), v[i].plain);
		IS_INT(gsp_utf8_shown(v[i].text), v[i].shown);
		IS_INT(gsp_utf8_code(v[i].text, v[i].len), v[i].code);
	}
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		OK(gsp_utf8_len(none[i]) == 0 && gsp_utf8_plain(none[i]) == 0 && gsp_utf8_shown(none[i]) == 0);
	IS_INT(gsp_utf8_count("a\xc3\xab\xf0\x9f\x98\x80"), 3);
	IS_INT(gsp_utf8_count("\xff\xe2\x82"), 3);
}

static void
test_clock(void)
{
	static const struct {
		const char *text;
		int64_t s;
	} good[] = {{"1970-01-01T00:00:00Z", 0}, {"2026-11-22T19:00:00Z", 1795374000},
	    {"2026-11-22T19:00:00", 1795374000}, {"2024-02-29T12:00:00Z", 1709208000},
	    {"2038-01-19T03:14:08Z", INT64_C(2147483648)}, {"2016-12-31T23:59:60Z", 1483228800},
	    {"9999-12-31T23:59:59Z", INT64_C(253402300799)}};
	static const char *const bad[] = {"", "2026", "2026-11-22", "2026-11-22 19:00:00",
	    "2026-11-22T19:00:00z", "2026-11-22T19:00:00+01:00", "2026-11-22T19:00:00Z ",
	    "2026-11-22T19:00:00.5Z", "2026-02-29T00:00:00Z", "2026-02-31T00:00:00Z",
	    "2026-04-31T00:00:60Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
	    "2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z", "2026-01-01T24:00:00Z",
	    "2026-01-01T00:60:00Z", "2026-01-01T00:00:61Z", "1969-12-31T23:59:59Z",
	    "2026-1 -01T00:00:00Z", "2026-+1-01T00:00:00Z", "-026-01-01T00:00:00Z",
	    "2026-11-22T19:00:0xZ"};
	char b[GSP_CLOCK_TEXT];
	int64_t s, before;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		s = -1;
		IS_INT(gsp_clock_parse(&s, good[i].text), 0);
		IS_INT(s, good[i].s);
	}
	s = 77;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!OK(gsp_clock_parse(&s, bad[i]) == -1))
			printf("# accepted: '%s'\n", bad[i]);
	IS_INT(s, 77);
	IS_STR(gsp_clock_format(b, sizeof(b), 1795374000), "2026-11-22T19:00:00Z");
	IS_STR(gsp_clock_format(b, sizeof(b), 0), "1970-01-01T00:00:00Z");
	IS_STR(gsp_clock_format(b, sizeof(b), INT64_MAX), "?"); /* no such year */
	/* the zone of the computer is no part of it */
	setenv("TZ", "America/Chicago", 1);
	OK(gsp_clock_parse(&s, "2026-07-22T19:00:00") == 0 && s == 1784746800);
	IS_STR(gsp_clock_format(b, sizeof(b), 1784746800), "2026-07-22T19:00:00Z");
	unsetenv("TZ");
	before = gsp_now_ms();
	OK(gsp_now_ms() >= before);
	OK(gsp_wall_s() > 1700000000 && gsp_wall_ms() / 1000 - gsp_wall_s() <= 1);
}

static void
test_rand(void)
{
	char id[64], other[64];
	bool low = false, high = false, digit = false, bad = false;
	unsigned char bytes[64] = {0};
	int zero = 0;

	for (int n = 0; n < 500; n++) {
		gsp_rand_id(id, 40);
		bad = bad || strlen(id) != 40 || !islower((unsigned char)id[0]) ||
		    strspn(id, "abcdefghjkmnpqrstuvwxyz23456789") != 40;
		digit = digit || strpbrk(id, "23456789") != NULL;
		uint32_t r = gsp_rand_below(3);
		bad = bad || r > 2 || gsp_rand_below(1) != 0;
		low = low || r == 0;
		high = high || r == 2;
	}
	OK(!bad);
	OK(low && high && digit);
	gsp_rand_id(id, 20);
	gsp_rand_id(other, 20);
	OK(strcmp(id, other) != 0);
	gsp_rand_id(id, 0);
	IS_STR(id, "");
	gsp_rand_bytes(bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		zero += bytes[i] == 0;
	OK(zero < 32);
	gsp_rand_bytes(bytes, 0);
}

int
main(void)
{
	test_err();
	test_err_cut();
	test_buf();
	test_buf_take();
	test_argv();
	test_quote();
	test_num();
	test_duration();
	test_num_texts();
	test_seconds();
	test_utf8();
	test_clock();
	test_rand();
	return done();
}
