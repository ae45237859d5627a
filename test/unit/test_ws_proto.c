/* The protocol half of net/ws, byte by byte, without a socket. */
#include "tap.h"

#include <stdbool.h>

#include "../fake/wsd.h"
#include "base/rand.h"
#include "base/sha1.h"
#include "net/ws_priv.h"

#define TEXT_MAX 100000
#define FIN 0x80

static struct gsp_ws_proto *p;
static char sent[1 << 20]; /* what went to the peer */
static size_t nsent;
static int opened, texts, ended, code;
static char last[256], why[256];
static size_t last_len;

static void
drain(void)
{
	struct gsp_ws_fact f;
	const char *data;
	size_t n;

	for (;;) {
		enum gsp_ws_what what = gsp_ws_proto_pop(p, &f);

		while ((n = gsp_ws_proto_out(p, &data)) > 0) {
			if (n > sizeof(sent) - nsent)
				abort();
			memcpy(sent + nsent, data, n);
			nsent += n;
			gsp_ws_proto_sent(p, n);
			if (what == GSP_WS_NOTHING)
				what = GSP_WS_OPENED + 100; /* look again */
		}
		switch ((int)what) {
		case GSP_WS_NOTHING: return;
		case GSP_WS_OPENED: opened++; break;
		case GSP_WS_TEXT:
			texts++;
			last_len = f.len;
			snprintf(last, sizeof(last), "%.*s", (int)(f.len < 200 ? f.len : 200), f.text);
			if (f.text[f.len] != '\0')
				abort();
			break;
		case GSP_WS_ENDED:
			ended++;
			code = f.code;
			snprintf(why, sizeof(why), "%s", f.why);
			break;
		default: break;
		}
	}
}

/* In pieces of ${step} bytes, as long as it wants any. Returns how much it took. */
static size_t
feed(const void *data, size_t len, size_t step)
{
	const char *d = data;
	size_t at = 0;

	drain();
	while (at < len && gsp_ws_proto_hungry(p)) {
		size_t n = len - at < step ? len - at : step;

		gsp_ws_proto_feed(p, d + at, n);
		at += n;
		drain();
	}
	return at;
}

static void
begin(void)
{
	struct gsp_err e = GSP_ERR_INIT;

	gsp_ws_proto_free(p);
	nsent = last_len = 0;
	opened = texts = ended = code = 0;
	last[0] = why[0] = '\0';
	if (gsp_ws_proto_new(&p, "h:1", "/?v=10", "gsp", TEXT_MAX, &e) == -1)
		abort();
	drain();
	sent[nsent] = '\0';
}

static const char *
good_head(void)
{
	static char head[512];
	char accept[GSP_WS_ACCEPT_LEN + 1], key[GSP_WS_KEY_LEN + 1];
	const char *at = strstr(sent, "Sec-WebSocket-Key: ");

	if (at == NULL)
		abort();
	snprintf(key, sizeof(key), "%.24s", at + 19);
	gsp_ws_accept(accept, key);
	snprintf(head, sizeof(head),
	    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
	    "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
	    accept);
	return head;
}

static void
open_it(void)
{
	const char *head;

	begin();
	head = good_head();
	feed(head, strlen(head), strlen(head));
	nsent = 0;
	if (opened != 1)
		abort();
}

/* The code of the close frame that was sent; 0: one without; -1: none. */
static int
sent_close(void)
{
	const uint8_t *s = (const uint8_t *)sent;

	for (size_t at = 0; at + 6 <= nsent;) {
		size_t n = s[at + 1] & 0x7f;

		if ((s[at + 1] & 0x80) == 0 || n > 125)
			abort(); /* a client masks */
		if (s[at] == (FIN | 8))
			return n < 2 ? 0
				     : (s[at + 6] ^ s[at + 2]) << 8 | (s[at + 7] ^ s[at + 3]);
		at += 6 + n;
	}
	return -1;
}

static void
test_sums(void)
{
	/* RFC 3174 section 7.3, tests 1, 2 and 4; and lengths about the end of a block */
	static const struct {
		const char *unit;
		int times;
		const char *hex;
	} t[] = {
	    {"abc", 1, "a9993e364706816aba3e25717850c26c9cd0d89d"},
	    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
	        "84983e441c3bd26ebaae4aa1f95129e5e54670f1"},
	    {"01234567012345670123456701234567", 20,
	        "dea356a2cddd90c7a7ecedc5ebb563934f460452"},
	    {"", 1, "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
	    {"a", 55, "c1c8bbdc22796e28c0e15163d20899b65621d65a"},
	    {"a", 56, "c2db330f6083854c99d4b5bfb6e8f29f201be699"},
	    {"a", 63, "03f09f5b158a7a8cdad920bddc29b81c18a551f5"},
	    {"a", 64, "0098ba824b5c16427bd7a1122a5a442a25ec644d"},
	};
	char accept[GSP_WS_ACCEPT_LEN + 1];

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		char text[1024] = "", hex[41];
		uint8_t sum[GSP_SHA1_LEN];
		size_t n = 0;

		for (int k = 0; k < t[i].times; k++)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s", t[i].unit);
		gsp_sha1(sum, text, n);
		for (size_t k = 0; k < sizeof(sum); k++)
			snprintf(hex + 2 * k, 3, "%02x", sum[k]);
		IS_STR(hex, t[i].hex);
	}
	gsp_ws_accept(accept, "dGhlIHNhbXBsZSBub25jZQ=="); /* RFC 6455 section 1.3 */
	IS_STR(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

static void
test_request(void)
{
	struct gsp_ws_proto *q = NULL;
	struct gsp_err e = GSP_ERR_INIT;
	char first[GSP_WS_KEY_LEN + 1], second[GSP_WS_KEY_LEN + 1], *long_path;

	begin();
	OK(strstr(sent, "GET /?v=10 HTTP/1.1\r\nHost: h:1\r\nUser-Agent: gsp\r\n") == sent);
	OK(strstr(sent, "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n") != NULL);
	OK(strstr(sent, "\r\nSec-WebSocket-Version: 13\r\n\r\n") != NULL);
	OK(strstr(sent, "xtensions") == NULL);
	gsp_ws_key(first);
	gsp_ws_key(second);
	OK(strlen(first) == 24 && strcmp(first, second) != 0);
	OK(gsp_ws_proto_new(&q, "h", "/ x", "gsp", 10, &e) == -1 && e.code == GSP_EUSAGE);
	OK(gsp_ws_proto_new(&q, "h\r\nX: y", "/", "gsp", 10, &e) == -1);
	OK(gsp_ws_proto_new(&q, "h", "/", "gsp\n", 10, &e) == -1);
	if ((long_path = malloc(20001)) == NULL)
		abort();
	memset(long_path, 'x', 20000);
	long_path[20000] = '\0';
	OK(gsp_ws_proto_new(&q, "h", long_path, "gsp", 10, &e) == -1 && e.code == GSP_ELIMIT);
	free(long_path);
	OK(q == NULL);
}

/* ${from} in the good answer becomes ${to}, and it is refused for ${reason}. */
static void
refused(const char *from, const char *to, const char *reason)
{
	const char *head, *at;
	char bad[1024];

	begin();
	head = good_head();
	if ((at = strstr(head, from)) == NULL)
		abort();
	snprintf(bad, sizeof(bad), "%.*s%s%s", (int)(at - head), head, to, at + strlen(from));
	feed(bad, strlen(bad), 7);
	IS_INT(opened, 0);
	IS_INT(ended, 1);
	IS_INT(code, 0);
	if (!OK(strstr(why, reason) != NULL))
		printf("# %s instead of %s: %s\n", to, from, why);
}

static void
test_heads(void)
{
	char *noise = malloc(20000);
	const char *head;

	if (noise == NULL)
		abort();
	refused("101 Switching Protocols", "200 OK", "answered 200");
	refused("101 Switching Protocols", "302 Found", "answered 302");
	refused("HTTP/1.1 101", "HTTP/1.0 101", "not HTTP/1.1");
	refused("HTTP/1.1 101", "HTTP/1.1 1010", "not HTTP/1.1");
	refused("HTTP/1.1 101", "SSH-2.0-x", "not HTTP/1.1");
	refused("HTTP/1.1 101", "\r\nHTTP/1.1 101", "not HTTP/1.1");
	refused("Upgrade: websocket", "Upgrade: h2c", "does not switch");
	refused("Upgrade: websocket\r\n", "", "does not switch");
	refused("Connection: Upgrade", "Connection: keep-alive", "does not switch");
	refused("Connection: Upgrade", "Connection: x-upgrade", "does not switch");
	refused("Sec-WebSocket-Accept: ", "Sec-WebSocket-Accept: A", "wrong Sec-WebSocket-Accept");
	refused("Sec-WebSocket-Accept", "X-Accept", "wrong Sec-WebSocket-Accept");
	refused("Sec-WebSocket-Accept", "Sec-WebSocket-Accept: x\r\nSec-WebSocket-Accept",
	    "wrong Sec-WebSocket-Accept");
	refused("Upgrade: websocket\r\n",
	    "Upgrade: websocket\r\nSec-WebSocket-Extensions: permessage-deflate\r\n",
	    "not offered");
	refused("Upgrade: websocket\r\n", "Upgrade: websocket\r\nsec-websocket-protocol: v1\r\n",
	    "not offered");
	refused("Upgrade: websocket\r\n", "Upgrade: websocket\r\nno colon\r\n", "not HTTP/1.1");
	refused("Upgrade: websocket\r\n", "Upgrade: websocket\r\n folded: x\r\n", "not HTTP/1.1");
	refused("Upgrade: websocket\r\n", "Upgrade: websocket\nX: y\r\n", "not HTTP/1.1");

	begin();
	memset(noise, 'x', 20000);
	memcpy(noise, "HTTP/1.1 101 x\r\nX: ", 19);
	OK(feed(noise, 20000, 1000) < 20000);
	OK(ended == 1 && strstr(why, "no end") != NULL);
	free(noise);

	/* many headers, in any case and order, at every split */
	begin();
	head = good_head();
	for (size_t at = 1; at < strlen(head); at++) {
		begin();
		head = good_head();
		feed(head, at, at);
		IS_INT(opened, 0);
		feed(head + at, strlen(head) - at, 1000);
		if (opened != 1)
			OK(opened == 1);
	}
	begin();
	gsp_ws_proto_lost(p, NULL);
	drain();
	OK(opened == 0 && ended == 1 && strstr(why, "ended without") != NULL);
}

/* Frames in the packet of the answer, text in fragments with a ping between, at every split. */
static void
test_splits(void)
{
	uint8_t f[256], bye[16];
	size_t n = 0, nbye, bad = 0;
	const char *head;
	char all[1024];

	n += fake_ws_put(f + n, 1, false, "h\xc3", 2); /* in the middle of a letter */
	n += fake_ws_put(f + n, FIN | 9, false, "ping", 4);
	n += fake_ws_put(f + n, 0, false, "\xa9", 1);
	n += fake_ws_put(f + n, 0, false, "", 0);
	n += fake_ws_put(f + n, FIN | 0, false, "llo", 3);
	n += fake_ws_put(f + n, FIN | 10, false, "", 0); /* a pong nobody asked for */
	n += fake_ws_put(f + n, FIN | 1, false, "", 0);
	n += fake_ws_put(f + n, FIN | 1, false, "second", 6);
	nbye = fake_ws_put(bye, FIN | 8, false, "\x0f\xa4n\xc3\xa9", 5); /* 4004 */
	for (size_t step = 1; step < 300; step++) {
		size_t len;

		begin();
		head = good_head();
		len = strlen(head);
		memcpy(all, head, len);
		memcpy(all + len, f, n);
		nsent = 0;
		feed(all, len + n, step);
		feed(bye, nbye, step);
		bad += opened != 1 || texts != 3 || ended != 1 || code != 4004 ||
		       strcmp(last, "second") != 0 || strncmp(why, "the peer closed: 4004", 21) != 0;
		/* the pong, with what the ping said */
		bad += nsent < 10 || (uint8_t)sent[0] != (FIN | 10) ||
		       (uint8_t)sent[1] != (0x80 | 4) || (sent[6] ^ sent[2]) != 'p';
	}
	IS_INT(bad, 0);
}

/* One frame (or more) that must end it with our ${close}. */
static void
broken(const void *bytes, size_t len, int close, const char *reason)
{
	for (size_t step = 1; step <= len; step += len > 8 && step > 2 ? len / 3 : 1) {
		open_it();
		feed(bytes, len, step);
		IS_INT(ended, 1);
		IS_INT(code, 0);
		IS_INT(sent_close(), close);
		OK(texts == 0);
		if (!OK(strstr(why, reason) != NULL))
			printf("# %s: %s, in steps of %zu\n", why, reason, step);
	}
}

static void
test_broken(void)
{
	static uint8_t big[TEXT_MAX + 100];
	uint8_t f[300];
	size_t n;

	broken(f, fake_ws_put(f, FIN | 2, false, "bin", 3), 1003, "not text");
	broken(f, fake_ws_put(f, FIN | 1, false, "\xff\xfe", 2), 1007, "not UTF-8");
	broken(f, fake_ws_put(f, FIN | 1, false, "\xc3", 1), 1007, "not UTF-8");
	broken(f, fake_ws_put(f, FIN | 1, false, "\xed\xa0\x80", 3), 1007, "not UTF-8");
	broken(f, fake_ws_put(f, FIN | 0x40 | 1, false, "rsv", 3), 1002, "protocol");
	broken(f, fake_ws_put(f, FIN | 0x10 | 9, false, "", 0), 1002, "protocol");
	broken(f, fake_ws_put(f, FIN | 3, false, "op", 2), 1002, "protocol");
	broken(f, fake_ws_put(f, FIN | 11, false, "op", 2), 1002, "protocol");
	broken(f, fake_ws_put(f, FIN | 0, false, "from nowhere", 12), 1002, "protocol");
	broken(f, fake_ws_put(f, FIN | 1, true, "masked", 6), 1002, "protocol");
	broken(f, fake_ws_put(f, 9, false, "half a ping", 11), 0, "protocol");
	memset(big, 'x', sizeof(big));
	broken(f, fake_ws_put(f, FIN | 9, false, big, 126), 0, "protocol");
	broken(f, fake_ws_put(f, FIN | 8, false, "x", 1), 0, "");
	n = fake_ws_put(f, 1, false, "a", 1);
	n += fake_ws_put(f + n, 1, false, "b", 1);
	broken(f, n, 1002, "protocol");
	/* lengths that are too long: said before they come, or in sum */
	broken("\x81\x7f\x00\x00\x00\x01\x00\x00\x00\x00x", 11, 1009, "above the ceiling");
	broken("\x81\x7f\x7f\xff\xff\xff\xff\xff\xff\xffx", 11, 1009, "above the ceiling");
	broken("\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff", 10, 0, "protocol");
	open_it();
	n = fake_ws_put(big, FIN | 1, false, NULL, TEXT_MAX);
	feed(big, n + TEXT_MAX, 60000);
	OK(texts == 1 && ended == 0 && last_len == TEXT_MAX);
	for (int i = 0; i < 60000 && ended == 0; i++)
		feed(f, fake_ws_put(f, i == 0 ? 1 : 0, false, "xy", 2), 100);
	OK(texts == 1 && ended == 1 && sent_close() == 1009);
	OK(strstr(why, "above the ceiling") != NULL);
}

static void
test_codes(void)
{
	static const int codes[] = {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012,
	    1013, 1014, 3000, 4000, 4001, 4004, 4009, 4014, 4999};
	uint8_t f[200];

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		char payload[8] = {(char)(codes[i] >> 8), (char)codes[i], 'b', 'y', 'e'};

		open_it();
		feed(f, fake_ws_put(f, FIN | 8, false, payload, 5), 100);
		IS_INT(ended, 1);
		IS_INT(code, codes[i]);
		OK(strstr(why, "'bye'") != NULL);
		OK(sent_close() > 0);
	}
	open_it();
	feed(f, fake_ws_put(f, FIN | 8, false, "", 0), 100);
	OK(ended == 1 && code == 0 && strstr(why, "without a reason") != NULL);
	OK(sent_close() == 0);
	/* what is said after the close is not heard */
	open_it();
	feed("\x88\x02\x0f\xa0\x81\x01x", 7, 7);
	OK(ended == 1 && code == 4000 && texts == 0);
	open_it();
	feed("\x88\x05\x0f\xa0\x1b[m", 7, 7);
	OK(ended == 1 && strstr(why, "'?[m'") != NULL);
	open_it();
	feed("\x81\x05he", 4, 4);
	gsp_ws_proto_lost(p, NULL);
	drain();
	OK(ended == 1 && texts == 0 && code == 0 && strstr(why, "without a close") != NULL);
}

static void
test_ours(void)
{
	struct gsp_err e = GSP_ERR_INIT;
	static char big[TEXT_MAX];
	uint8_t f[200];

	begin();
	OK(gsp_ws_proto_text(p, "x", 1, &e) == -1 && e.code == GSP_EIO);
	gsp_ws_proto_close(p, 1000);
	drain();
	OK(opened == 0 && ended == 1 && code == 0);

	open_it();
	OK(gsp_ws_proto_is_open(p));
	OK(gsp_ws_proto_text(p, "hello", 5, &e) == 0);
	drain();
	IS_INT(nsent, 11);
	OK((uint8_t)sent[0] == (FIN | 1) && (uint8_t)sent[1] == (0x80 | 5) &&
	    (sent[6] ^ sent[2]) == 'h');
	gsp_ws_proto_close(p, 4000);
	OK(!gsp_ws_proto_is_open(p) && gsp_ws_proto_is_closing(p));
	OK(gsp_ws_proto_text(p, "x", 1, &e) == -1 && e.code == GSP_EIO);
	drain();
	IS_INT(ended, 0);
	nsent = 0; /* a text and the answer */
	feed("\x81\x01x\x88\x02\x0f\xa0", 7, 7);
	OK(ended == 1 && texts == 0 && code == 0);
	IS_STR(why, "closed");

	open_it();
	memset(big, 'x', sizeof(big));
	OK(gsp_ws_proto_text(p, big, TEXT_MAX, &e) == 0);
	OK(gsp_ws_proto_text(p, "x", 1, &e) == -1 && e.code == GSP_ELIMIT);
	drain();
	OK(nsent == TEXT_MAX + 14 && gsp_ws_proto_text(p, "x", 1, &e) == 0);

	/* a peer that sends pings and reads nothing */
	open_it();
	for (int i = 0; i < 100000 && ended == 0 && gsp_ws_proto_hungry(p); i++) {
		struct gsp_ws_fact fact;

		gsp_ws_proto_feed(p, f, fake_ws_put(f, FIN | 9, false, "0123456789", 10));
		if (gsp_ws_proto_pop(p, &fact) == GSP_WS_ENDED) {
			ended = 1;
			OK(strstr(fact.why, "pings") != NULL);
		}
	}
	IS_INT(ended, 1);
}

int
main(void)
{
	test_sums();
	test_request();
	test_heads();
	test_splits();
	test_broken();
	test_codes();
	test_ours();
	gsp_ws_proto_free(p);
	return done();
}
