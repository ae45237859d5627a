/* query: what real servers answered, every cut of it, and what nobody should believe. */
#include <stdbool.h>

#include "base/num.h"
#include "gsp/players.h"
#include "query/a2s.h"
#include "query/bedrock.h"
#include "query/host.h"
#include "query/minecraft.h"
#include "query/text.h"
#include "sys/io.h"
#include "tap.h"

#include "base/banned.h"

#define DATA "test/data/query/"

static struct gsp_err err;
static struct gsp_query q;
static const uint8_t nonce[8] = "NONCE123";

static void
fresh(void)
{
	gsp_query_release(&q);
	q = (struct gsp_query)GSP_QUERY_INIT;
	gsp_err_clear(&err);
}

static struct gsp_buf
load(const char *name)
{
	struct gsp_buf b = GSP_BUF_INIT(1024 * 1024), path = GSP_BUF_INIT(256);

	gsp_buf_addf(&path, DATA "%s", name);
	if (gsp_io_read_file(&b, gsp_buf_str(&path), &err) == -1) {
		printf("Bail out! %s\n", err.msg);
		exit(1);
	}
	gsp_buf_release(&path);
	return b;
}

static const uint8_t *
bytes(const struct gsp_buf *b)
{
	return (const uint8_t *)b->data;
}

/* ---- text ---- */

static void
test_text(void)
{
	static const struct {
		const char *in, *want;
	} cases[] = {{"plain", "plain"}, {"  two \t\n words  ", "two words"}, {"\xc2\xa7" "cred", "red"},
	    {"end\xc2\xa7", "end"}, {"\xe2\x80\xaeltr", "ltr"}, {"a\x1b[31mb", "a [31mb"},
	    {"\xff\xfe", "??"}, {"\xc0\xaf", "??"}, {"\xed\xa0\x80", "???"}, {"\xe2\x82\xac", "\xe2\x82\xac"},
	    {"\xf4\x90\x80\x80", "????"}, {"cut\xe2\x82", "cut??"}, {"\xc2\x9b" "31m", "31m"}, {"", ""},
	    {"\xe2\x80\xa8x", "x"}, {"zero\xe2\x80\x8bwidth", "zerowidth"}};
	char out[64];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		gsp_query_text(out, sizeof(out), cases[i].in, strlen(cases[i].in));
		IS_STR(out, cases[i].want);
	}
	IS_INT(gsp_query_text(out, 4, "\xe2\x82\xac\xe2\x82\xac", 6), 3);
	IS_INT(gsp_query_text(out, 6, "abcd efgh", 9), 4);
	IS_INT(gsp_query_text(out, 6, "a\0b", 3), 3);
	IS_STR(out, "a b");
}

/* ---- addresses ---- */

static void
test_host(void)
{
	struct gsp_query_host h = {.n = 0};

	OK(gsp_query_host_add(&h, "192.0.2.1", 5) && gsp_query_host_add(&h, "2001:db8::1", 5));
	OK(gsp_query_host_add(&h, "192.0.2.1", 5) && h.n == 2);
	OK(!gsp_query_host_add(&h, "example.org", 5) && !gsp_query_host_add(&h, "", 5));
	for (int i = 0; i < 20; i++) {
		char a[32];

		snprintf(a, sizeof(a), "198.51.100.%d", i);
		gsp_query_host_add(&h, a, 5);
	}
	IS_INT(h.n, GSP_QUERY_ADDRS_MAX);
	OK(gsp_query_host(&h, "-x", 1, 0, &err) == -1 && err.code == GSP_EUSAGE);
	OK(gsp_query_host(&h, "a b", 1, 0, &err) == -1 && err.code == GSP_EUSAGE);
	OK(gsp_query_host(&h, "", 1, 0, &err) == -1 && err.code == GSP_EUSAGE);
	gsp_err_clear(&err);
	OK(gsp_query_host(&h, "example.org", 1, 0, &err) == -1 && err.code == GSP_ETEMP);
	/* a resolver may say no before we find that it is too late */
	OK(strstr(err.msg, "'example.org'") != NULL);
}

/* ---- Minecraft ---- */

static int
status(const struct gsp_buf *b, size_t len)
{
	size_t at, size;
	int rc;

	fresh();
	rc = gsp_minecraft_frame(&at, &size, bytes(b), len, &err);
	if (rc != 1)
		return rc;
	if (len < at + size)
		return 0;
	return gsp_minecraft_status(&q, bytes(b) + at, size, &err) == -1 ? -1 : 1;
}

static int
frame(const char *data, size_t len)
{
	size_t at, size;

	gsp_err_clear(&err);
	return gsp_minecraft_frame(&at, &size, (const uint8_t *)data, len, &err);
}

/* One packet around some JSON of less than 128 bytes. */
static int
json(const char *text)
{
	uint8_t data[256];
	size_t len = strlen(text);

	fresh();
	data[0] = 0;
	data[1] = (uint8_t)len;
	memcpy(data + 2, text, len);
	return gsp_minecraft_status(&q, data, len + 2, &err);
}

static void
test_minecraft(void)
{
	struct gsp_buf b = load("minecraft-protocol-1.20.4.bin"), out = GSP_BUF_INIT(1024);
	bool cut = true;

	OK(status(&b, b.len) == 1 && q.players == 3 && q.max == 20 && q.names.n == 1);
	IS_STR(q.names.v[0], "alice");
	IS_STR(q.version, "1.20.4");
	IS_STR(q.title, "hello world");
	for (size_t i = 0; i < b.len; i++)
		cut = cut && status(&b, i) == 0;
	OK(cut);
	gsp_buf_release(&b);

	gsp_minecraft_question(&out, "mc.example.org", 25565);
	IS_INT(out.len, 1 + 1 + 5 + 1 + 14 + 2 + 1 + 2);
	OK(memcmp(out.data, "\x18\0\xff\xff\xff\xff\x0f\x0emc.example.org\x63\xdd\1\1\0", out.len) == 0);
	gsp_buf_release(&out);

	IS_INT(frame("\x80", 1), 0);
	IS_INT(frame("\x80\x80\x80\x80", 4), 0);
	IS_INT(frame("\x81\x80\x00", 3), 1); /* padded: some proxies write it */
	OK(frame("\0", 1) == -1 && err.code == GSP_EPROTO);
	OK(frame("\x80\x80\x80\x80\x80", 5) == -1 && err.code == GSP_EPROTO);
	OK(frame("\xff\xff\xff\xff\x0f", 5) == -1 && err.code == GSP_EPROTO); /* -1 */
	OK(frame("\xff\xff\xff\xff\x7f", 5) == -1 && err.code == GSP_EPROTO);
	OK(frame("\x80\x80\x20", 3) == 1); /* 512 KiB */
	OK(frame("\x81\x80\x20", 3) == -1 && err.code == GSP_ELIMIT);

	OK(json("{\"players\":{\"online\":0}}") == 0 && q.players == 0 && q.max == -1);
	OK(json("{\"players\":{\"online\":1,\"max\":-1}}") == 0 && q.max == -1);
	OK(json("{\"players\":{\"online\":1000000}}") == 0 && q.players == 1000000);
	OK(json("{\"players\":{\"online\":1000001}}") == -1 && err.code == GSP_EPROTO);
	OK(json("{\"players\":{\"online\":-1}}") == -1 && err.code == GSP_EPROTO);
	OK(json("{\"players\":{\"online\":true}}") == -1 && err.code == GSP_EPROTO);
	OK(json("{\"players\":{\"online\":0.5}}") == -1 && json("{\"players\":7}") == -1);
	OK(json("{}") == -1 && json("7") == -1 && json("") == -1 && json("{\"players\":{\"online\":0}") == -1);
	OK(json("{\"players\":{\"online\":2,\"sample\":{\"name\":\"x\"}}}") == 0 && q.names.n == 0);
	OK(json("{\"players\":{\"online\":2,\"sample\":[[],{},{\"name\":3},{\"name\":\"y\"}]}}") == 0 &&
	    q.names.n == 1);
	OK(gsp_minecraft_status(&q, (const uint8_t *)"\1\2{}", 4, &err) == -1); /* another packet */
	OK(gsp_minecraft_status(&q, (const uint8_t *)"\0\3{}", 4, &err) == -1); /* longer than it is */
	OK(gsp_minecraft_status(&q, (const uint8_t *)"\0\1{}", 4, &err) == -1); /* something after it */
	OK(gsp_minecraft_status(&q, (const uint8_t *)"", 0, &err) == -1);
}

/* ---- Bedrock ---- */

static int
pong(const char *text, size_t announced)
{
	struct gsp_buf b = load("bedrock-protocol.bin");
	uint8_t data[512];
	size_t len = strlen(text);
	int rc;

	fresh();
	memcpy(data, b.data, 35);
	data[33] = (uint8_t)(announced >> 8);
	data[34] = (uint8_t)announced;
	memcpy(data + 35, text, len);
	rc = gsp_bedrock_pong(&q, nonce, data, 35 + len, &err);
	gsp_buf_release(&b);
	return rc;
}

static int
motd(const char *text)
{
	return pong(text, strlen(text));
}

static void
test_bedrock(void)
{
	static const char *const files[] = {"bedrock-protocol.bin", "bedrock-jsp-raknet.bin"};
	uint8_t ping[GSP_BEDROCK_PING];
	struct gsp_buf b;

	for (size_t f = 0; f < 2; f++) {
		int bad = 0;

		b = load(files[f]);
		fresh();
		OK(gsp_bedrock_pong(&q, nonce, bytes(&b), b.len, &err) == 1 && q.players == 0 && q.max == 7);
		IS_STR(q.title, f == 0 ? "friends only" : "pure js");
		IS_STR(q.version, "1.20.0");
		OK(gsp_bedrock_pong(&q, (const uint8_t *)"NONCE124", bytes(&b), b.len, &err) == 0);
		for (size_t i = 0; i < b.len; i++)
			bad += gsp_bedrock_pong(&q, nonce, bytes(&b), i, &err) != (i < 35 ? 0 : -1);
		IS_INT(bad, 0);
		gsp_buf_release(&b);
	}
	b = load("bedrock-protocol-semicolon.bin");
	fresh();
	OK(gsp_bedrock_pong(&q, nonce, bytes(&b), b.len, &err) == -1 && err.code == GSP_EPROTO);
	gsp_buf_release(&b);
	OK(motd("MCPE;a\\;b;686;1.21.2;4;10") == 1 && q.players == 4);
	IS_STR(q.title, "a;b");
	OK(motd("MCEE;a;686;1.21.2;4") == 1 && q.max == -1);
	OK(motd("MCPE;a;686;1.21.2;4;lots;") == 1 && q.max == -1);
	OK(motd("MCPE;a;686;1.21.2;-4;10;") == -1 && motd("MCPE;a;686;1.21.2; 4;10;") == -1);
	OK(motd("MCPE;a;686;1.21.2;;10;") == -1 && motd("MCPE;a;686;1.21.2") == -1 && motd("") == -1);
	OK(motd("MCPE;a;686;1.21.2;1000001;10;") == -1 && motd("mcpe;a;686;1.21.2;4;10;") == -1);
	OK(motd("MCPE;a;b;686;1.21.2;0;10;") == -1 && motd("MCPE;a;b;c;686;1.21.2;0;10;") == -1);
	OK(motd("MCPE;a;b;c;d;686;1.21.2;0;10;") == -1 && motd("MCPE;a;;;;0;10;") == -1);
	OK(pong("MCPE;a;686;1.21.2;4;10;", 10) == -1 && pong("MCPE;a;686;1.21.2;4;10;", 65535) == -1);
	gsp_bedrock_ping(ping, nonce, (const uint8_t *)"GUIDGUID");
	OK(ping[0] == 1 && memcmp(ping + 1, nonce, 8) == 0 && memcmp(ping + 25, "GUIDGUID", 8) == 0);
}

/* ---- A2S ---- */

static void
test_a2s(void)
{
	struct gsp_buf b = load("a2s-info.bin");
	unsigned bots = 9;
	int bad = 0;

	fresh();
	OK(gsp_a2s_info(&q, &bots, bytes(&b), b.len, &err) == 0 && q.players == 3 && bots == 0 &&
	    q.max == 32);
	IS_STR(q.title, "a server");
	IS_STR(q.version, "1.38.7.9");
	/* what follows the version need not be there */
	for (size_t i = 0; i < b.len - 30; i++)
		bad += gsp_a2s_info(&q, &bots, bytes(&b), i, &err) == 0;
	IS_INT(bad, 0);
	gsp_buf_release(&b);

	b = load("a2s-goldsrc.bin");
	fresh();
	OK(gsp_a2s_info(&q, &bots, bytes(&b), b.len, &err) == 0 && q.players == 2 && bots == 1);
	bad = 0;
	for (size_t i = 0; i < b.len; i++)
		bad += gsp_a2s_info(&q, &bots, bytes(&b), i, &err) == 0;
	IS_INT(bad, 0);
	b.data[b.len - 1] = 4; /* more bots than players */
	OK(gsp_a2s_info(&q, &bots, bytes(&b), b.len, &err) == -1 && err.code == GSP_EPROTO);
	gsp_buf_release(&b);

	b = load("a2s-players.bin");
	fresh();
	OK(gsp_a2s_names(&q, bytes(&b), b.len) && q.names.n == 3);
	IS_STR(q.names.v[2], "cat");
	fresh();
	OK(!gsp_a2s_names(&q, bytes(&b), b.len - 1) && q.names.n == 0);
	OK(!gsp_a2s_names(&q, bytes(&b), 5));
	gsp_buf_release(&b);
	b = load("a2s-challenge.bin");
	IS_INT(gsp_a2s_letter(bytes(&b), b.len), 'A');
	IS_INT(gsp_a2s_letter(bytes(&b), 4), 0);
	gsp_buf_release(&b);
}

static int
feed(struct gsp_a2s_split *s, struct gsp_buf *out, const char *form, int from, int n)
{
	char name[64];
	int rc = 0;

	for (int i = from; i < n && rc == 0; i++) {
		struct gsp_buf b;

		snprintf(name, sizeof(name), "a2s-split-%s-%d.bin", form, i);
		b = load(name);
		OK(gsp_a2s_split_is(bytes(&b), b.len));
		rc = gsp_a2s_split_add(s, out, bytes(&b), b.len, &err);
		gsp_buf_release(&b);
	}
	return rc;
}

static void
test_split(void)
{
	static const char *const forms[] = {"source", "old", "goldsrc"};
	struct gsp_a2s_split s;
	struct gsp_buf out = GSP_BUF_INIT(GSP_A2S_BYTES_MAX + 1);
	uint8_t part[64] = {0xfe, 0xff, 0xff, 0xff};
	unsigned bots = 0;
	int rc = 0;

	gsp_a2s_split_init(&s);
	for (size_t f = 0; f < 3; f++) {
		fresh();
		feed(&s, &out, forms[f], 0, 1); /* of an answer of which the rest got lost */
		IS_INT(feed(&s, &out, forms[f], 0, 3), 1);
		OK(gsp_a2s_info(&q, &bots, bytes(&out), out.len, &err) == 0 && q.players == 2 && bots == 1);
		gsp_a2s_split_release(&s);
	}
	fresh();
	OK(feed(&s, &out, "compressed", 0, 2) == 0);
	OK(feed(&s, &out, "compressed", 2, 3) == -1 && err.code == GSP_EPROTO);
	gsp_a2s_split_release(&s);

	fresh();
	OK(gsp_a2s_split_add(&s, &out, part, 9, &err) == -1 && err.code == GSP_EPROTO);
	for (int i = 0; i <= GSP_A2S_PARTS_MAX && rc == 0; i++) {
		part[8] = 200; /* of 200, and never the first */
		part[9] = (uint8_t)(i + 1);
		rc = gsp_a2s_split_add(&s, &out, part, 40, &err);
	}
	OK(rc == -1 && err.code == GSP_ELIMIT);
	gsp_a2s_split_release(&s);
	part[8] = 0; /* none of none, and it begins */
	part[9] = 0;
	memset(part + 12, 0xff, 4);
	OK(gsp_a2s_split_add(&s, &out, part, 40, &err) == -1 && err.code == GSP_EPROTO);
	gsp_a2s_split_release(&s);
	part[8] = 33;
	OK(gsp_a2s_split_add(&s, &out, part, 40, &err) == -1 && err.code == GSP_ELIMIT);
	gsp_a2s_split_release(&s);
	part[8] = 2;
	OK(gsp_a2s_split_add(&s, &out, part, 40, &err) == 0);
	OK(gsp_a2s_split_add(&s, &out, part, 40, &err) == 0 && s.n == 1); /* twice */
	part[8] = 3; /* it says three now */
	part[9] = 1;
	OK(gsp_a2s_split_add(&s, &out, part, 40, &err) == -1 && err.code == GSP_EPROTO);
	gsp_a2s_split_release(&s);
	gsp_buf_release(&out);
}

/* ---- the script's number ---- */

static void
test_number(void)
{
	static const char *const bad[] = {"", " ", "x", "-1", "1.0", "1 2", "1\n2", "+1", "0x1", "1e3",
	    "1000001", "99999999999999999999", "one"};
	uint32_t n = 9;

	OK(gsp_players_number(&n, "0", &err) == 0 && n == 0);
	OK(gsp_players_number(&n, " 17\n", &err) == 0 && n == 17);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		OK(gsp_players_number(&n, bad[i], &err) == -1 && err.code == GSP_EPROTO);
	IS_INT(n, 17);
}

int
main(void)
{
	q = (struct gsp_query)GSP_QUERY_INIT;
	test_text();
	test_host();
	test_minecraft();
	test_bedrock();
	test_a2s();
	test_split();
	test_number();
	IS_INT(gsp_query_port("bedrock"), 19132);
	OK(gsp_query_udp("a2s") && !gsp_query_udp("minecraft") && gsp_query_port("minetest") == 0);
	gsp_query_release(&q);
	return done();
}
