/* fmt/json: lenient where documents from outside grow, exact where a value is required. */
#include "fmt/json.h"
#include "tap.h"

#include "base/banned.h"

static struct gsp_err err;

static struct gsp_json *
parse(const char *text)
{
	struct gsp_json *v = NULL;

	gsp_err_clear(&err);
	return gsp_json_parse(&v, text, strlen(text), &err) == 0 ? v : NULL;
}

static void
test_refused(void)
{
	static const char *const bad[] = {"", " ", "{", "[1,]", "{\"a\":}", "{\"a\" 1}", "{a:1}",
	    "nul", "'a'", "\"a", "1 2", "{} {}", "{}x", "[1]]", "{}\x01", "+1", "-", "\"\\x\"",
	    "\"\\ud800\"", "<html>"};
	struct gsp_json *v = NULL;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		v = parse(bad[i]);
		if (!OK(v == NULL && err.code == GSP_EPROTO))
			printf("# accepted: '%s'\n", bad[i]);
		gsp_json_free(v);
	}
	OK(parse("{}x") == NULL);
	IS_STR(err.msg, "something follows the JSON value (at byte 2 of 3)");
	v = NULL;
	OK(gsp_json_parse(&v, "{}\0", 3, &err) == -1 && v == NULL); /* a NUL is something, too */
	OK(gsp_json_parse(&v, NULL, 0, &err) == -1 && v == NULL);
	/* not NUL-terminated: nothing past len is looked at */
	OK(gsp_json_parse(&v, "12345", 2, &err) == 0);
	uint64_t n = 0;
	OK(gsp_json_id(&n, v) == 0 && n == 12);
	gsp_json_free(v);
	OK((v = parse(" \t\r\n{} \t\r\n")) != NULL);
	gsp_json_free(v);
	gsp_json_free(NULL);
}

static void
test_depth(void)
{
	char text[GSP_JSON_DEPTH * 2 + 3];
	struct gsp_json *v;

	memset(text, '[', GSP_JSON_DEPTH);
	memset(text + GSP_JSON_DEPTH, ']', GSP_JSON_DEPTH);
	text[2 * GSP_JSON_DEPTH] = '\0';
	OK((v = parse(text)) != NULL);
	gsp_json_free(v);
	memset(text, '[', GSP_JSON_DEPTH + 1);
	memset(text + GSP_JSON_DEPTH + 1, ']', GSP_JSON_DEPTH + 1);
	text[2 * GSP_JSON_DEPTH + 2] = '\0';
	OK(parse(text) == NULL);
	IS_INT(err.code, GSP_EPROTO);
	IS_STR(err.msg, "JSON nested deeper than 64 levels");
	/* brackets inside strings are no nesting */
	memset(text, '[', sizeof(text) - 1);
	text[0] = '"';
	text[1] = '\\';
	text[2] = '"';
	text[sizeof(text) - 2] = '"';
	text[sizeof(text) - 1] = '\0';
	OK((v = parse(text)) != NULL);
	gsp_json_free(v);
}

static void
test_types(void)
{
	struct gsp_json *v = parse("{\"s\":\"t\",\"n\":3,\"f\":1.5,\"b\":true,\"z\":null,"
				   "\"a\":[1,\"x\"],\"o\":{\"k\":2},\"S\":\"other\"}");
	const char *s = "kept";
	uint64_t u = 77;

	if (!OK(v != NULL))
		return;
	IS_INT(gsp_json_count(v), 8);
	IS_STR(gsp_json_str(v, "s", "d"), "t");
	IS_STR(gsp_json_str(v, "S", "d"), "other"); /* case counts */
	IS_INT(gsp_json_u64(v, "n", 9), 3);
	OK(gsp_json_num(v, "f", 0) > 1.4 && gsp_json_num(v, "f", 0) < 1.6);
	OK(gsp_json_bool(v, "b", false));
	OK(gsp_json_is_obj(v) && gsp_json_is_obj(gsp_json_get(v, "o")));
	OK(gsp_json_is_arr(gsp_json_get(v, "a")) && gsp_json_count(gsp_json_get(v, "a")) == 2);
	OK(gsp_json_is_str(gsp_json_get(v, "s")) && gsp_json_is_num(gsp_json_get(v, "n")));
	OK(gsp_json_is_bool(gsp_json_get(v, "b")));
	OK(gsp_json_is_null(gsp_json_get(v, "z")) && !gsp_json_is_null(gsp_json_get(v, "none")));
	IS_STR(gsp_json_text(gsp_json_next(gsp_json_first(gsp_json_get(v, "a"))), "d"), "x");
	IS_STR(gsp_json_key(gsp_json_first(v)), "s");
	OK(gsp_json_key(gsp_json_first(gsp_json_get(v, "a"))) == NULL);

	/* missing, null and another type: the default */
	static const char *const keys[] = {"none", "z", "a", "o"};
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		IS_STR(gsp_json_str(v, keys[i], "d"), "d");
		IS_INT(gsp_json_u64(v, keys[i], 9), 9);
		OK(gsp_json_num(v, keys[i], -1) < 0);
		OK(gsp_json_bool(v, keys[i], true) && !gsp_json_bool(v, keys[i], false));
		IS_INT(gsp_json_need_str(&s, v, keys[i], &err), -1);
		IS_INT(gsp_json_need_u64(&u, v, keys[i], &err), -1);
	}
	OK(gsp_json_get(NULL, "x") == NULL && gsp_json_first(NULL) == NULL);
	OK(gsp_json_get(gsp_json_get(v, "a"), "x") == NULL); /* of an array */
	OK(gsp_json_first(gsp_json_get(v, "s")) == NULL);
	IS_STR(s, "kept");
	IS_INT(u, 77);
	gsp_json_need_str(&s, v, "none", &err);
	IS_STR(err.msg, "'none' is missing");
	gsp_json_need_str(&s, v, "n", &err);
	IS_STR(err.msg, "'n' is not a string");
	gsp_json_need_u64(&u, v, "f", &err);
	IS_STR(err.msg, "'f' is not a whole number");
	IS_INT(err.code, GSP_EPROTO);
	OK(gsp_json_need_str(&s, v, "s", &err) == 0 && strcmp(s, "t") == 0);
	OK(gsp_json_need_u64(&u, v, "n", &err) == 0 && u == 3);
	gsp_json_free(v);
}

static void
test_whole(void)
{
	static const struct {
		const char *text;
		int64_t want; /* -1: none */
	} t[] = {{"0", 0}, {"1", 1}, {"1.0", 1}, {"1e3", 1000}, {"-0", 0}, {"9007199254740991",
	    INT64_C(9007199254740991)}, {"9007199254740992", -1}, {"9007199254740993", -1}, {"-1", -1},
	    {"1.5", -1}, {"1e300", -1}, {"1e999", -1}, {"-1e999", -1}, {"true", -1}, {"null", -1},
	    {"[]", -1}};
	uint64_t id;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct gsp_json *o = NULL, *v = parse(t[i].text);

		id = 77;
		if (!OK(gsp_json_id(&id, v) == (t[i].want == -1 ? -1 : 0) &&
			id == (t[i].want == -1 ? 77 : (uint64_t)t[i].want)))
			printf("# %s: %" PRIu64 "\n", t[i].text, id);
		o = gsp_json_new_obj();
		if (v != NULL)
			gsp_json_add_copy(o, "n", v);
		IS_INT(gsp_json_u64(o, "n", 55), t[i].want == -1 ? 55 : t[i].want);
		gsp_json_free(o);
		gsp_json_free(v);
	}
	/* an id may be a string of digits as well, and is then exact */
	struct gsp_json *v = parse("[\"18446744073709551615\",\"1x\",\"\",\"-1\",\" 1\"]");
	const struct gsp_json *c = gsp_json_first(v);

	OK(gsp_json_id(&id, c) == 0 && id == UINT64_MAX);
	for (c = gsp_json_next(c); c != NULL; c = gsp_json_next(c))
		OK(gsp_json_id(&id, c) == -1);
	OK(gsp_json_id(&id, NULL) == -1);
	gsp_json_free(v);
	/* infinity is no number */
	v = parse("{\"n\":1e999}");
	OK(gsp_json_num(v, "n", -2) < 0);
	gsp_json_free(v);
}

static const char *
printed(struct gsp_buf *b, const struct gsp_json *v)
{
	gsp_buf_reset(b);
	gsp_json_print(b, v);
	return gsp_buf_str(b);
}

static void
test_build(void)
{
	struct gsp_buf b = GSP_BUF_INIT(4096);
	struct gsp_json *o = gsp_json_new_obj(), *a, *copy = gsp_json_new_arr();

	gsp_json_add_str(o, "s", "a\"\\\n\x01/\xc3\xa4");
	gsp_json_add_u64(o, "u", 123456789012345);
	gsp_json_add_num(o, "f", 0.0075);
	gsp_json_add_num(o, "m", -1);
	gsp_json_add_bool(o, "t", true);
	gsp_json_add_bool(o, "n", false);
	gsp_json_add_null(o, "z");
	a = gsp_json_add_arr(o, "a");
	gsp_json_add_u64(a, NULL, 1);
	gsp_json_add_str(a, NULL, "");
	gsp_json_add_obj(a, NULL);
	gsp_json_add_arr(a, NULL);
	gsp_json_add_str(gsp_json_add_obj(o, "o"), "k", "v");
	IS_STR(printed(&b, o), "{\"s\":\"a\\\"\\\\\\n\\u0001/\xc3\xa4\",\"u\":123456789012345,"
			       "\"f\":0.0075,\"m\":-1,\"t\":true,\"n\":false,\"z\":null,"
			       "\"a\":[1,\"\",{},[]],\"o\":{\"k\":\"v\"}}");
	gsp_json_add_copy(copy, NULL, a);
	gsp_json_remove(o, "a");
	gsp_json_remove(o, "never there");
	gsp_json_remove(o, "S");
	OK(gsp_json_get(o, "a") == NULL && gsp_json_get(o, "s") != NULL);
	gsp_json_add_str(o, "a", "again");
	IS_STR(gsp_json_str(o, "a", ""), "again");
	gsp_json_free(o);
	IS_STR(printed(&b, copy), "[[1,\"\",{},[]]]"); /* a copy lives on */
	gsp_json_free(copy);

	/* up to 2^52 what is written is read back */
	static const uint64_t exact[] = {2147483648u, UINT64_C(999999999999999),
	    UINT64_C(1000000000000001), UINT64_C(4503599627370495)};
	for (size_t i = 0; i < sizeof(exact) / sizeof(exact[0]); i++) {
		o = gsp_json_new_arr();
		gsp_json_add_u64(o, NULL, exact[i]);
		printed(&b, o);
		gsp_json_free(o);
		uint64_t back = 0;
		o = parse(gsp_buf_str(&b));
		gsp_json_id(&back, gsp_json_first(o));
		gsp_json_free(o);
		IS_INT(back, exact[i]);
	}
	gsp_buf_release(&b);
}

static void
test_utf8(void)
{
	static const struct {
		const char *in, *out;
	} t[] = {{"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
	    {"a\xff" "b", "a\xef\xbf\xbd" "b"}, {"\xc3", "\xef\xbf\xbd"},
	    {"\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd"}, /* cut off */
	    {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"}, /* overlong '/' */
	    {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, /* a surrogate */
	    {"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
	    {"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"}};
	struct gsp_buf b = GSP_BUF_INIT(4096);

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct gsp_json *o = gsp_json_new_obj();

		gsp_json_add_str(o, "v", t[i].in);
		IS_STR(gsp_json_str(o, "v", ""), t[i].out);
		gsp_json_free(o);
	}
	/* what came from outside, and a key, too */
	struct gsp_json *v = parse("{\"k\xff\":\"v\xfe\"}");

	if (OK(v != NULL))
		IS_STR(printed(&b, v), "{\"k\xef\xbf\xbd\":\"v\xef\xbf\xbd\"}");
	gsp_json_free(v);
	gsp_buf_release(&b);
}

static void
test_time_and_copy(void)
{
	struct gsp_buf b = GSP_BUF_INIT(4096);
	struct gsp_json *o = gsp_json_new_obj(), *v;
	char text[4] = "old";

	gsp_json_add_time(o, "t", 1795373442);
	IS_STR(printed(&b, o), "{\"t\":\"2026-11-22T18:50:42Z\"}");
	IS_INT(gsp_json_time(o, "t"), 1795373442);
	gsp_json_free(o);
	v = parse("{\"bad\":\"today\",\"num\":7,\"s\":\"long\"}");
	IS_INT(gsp_json_time(v, "bad"), 0);
	IS_INT(gsp_json_time(v, "num"), 0);
	IS_INT(gsp_json_time(v, "none"), 0);
	gsp_json_copy(text, sizeof(text), v, "s");
	IS_STR(text, "lon");
	gsp_json_copy(text, sizeof(text), v, "num");
	IS_STR(text, "");
	gsp_json_free(v);
	gsp_buf_release(&b);
}

int
main(void)
{
	test_refused();
	test_depth();
	test_types();
	test_whole();
	test_build();
	test_utf8();
	test_time_and_copy();
	return done();
}
