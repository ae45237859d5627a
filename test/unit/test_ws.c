/* net/ws on real connections: against fake/wsd, and through TLS and a proxy (fake/tls.py). */
#include "cut.h"
#include "keep_log.h"
#include "tap.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../fake/httpd.h"
#include "../fake/wsd.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/curl_priv.h"
#include "net/multi.h"
#include "net/ws.h"
#include "net/ws_priv.h"

#define FIN 0x80
#define BIG (1u << 20)

static struct gsp_multi *m;

/* What came of a WebSocket. */
struct seen {
	struct gsp_ws *ws;
	int opened, texts, ended, code;
	size_t bytes;
	char last[64], why[512];
	enum { KEEP, FREE_OPEN, FREE_TEXT, FREE_CLOSED, ECHO, CLOSE_TEXT } then;
};

static void
drop(struct seen *s)
{
	gsp_ws_free(s->ws);
	s->ws = NULL;
}

static void
on_open(void *ctx)
{
	struct seen *s = ctx;

	s->opened++;
	if (s->then == FREE_OPEN)
		drop(s);
}

static void
on_text(void *ctx, const char *text, size_t len)
{
	struct seen *s = ctx;
	struct gsp_err e = GSP_ERR_INIT;

	s->texts++;
	s->bytes += len;
	snprintf(s->last, sizeof(s->last), "%.*s", (int)(len < 60 ? len : 60), text);
	if (s->then == ECHO && gsp_ws_send(s->ws, text, len, &e) == -1)
		abort();
	if (s->then == CLOSE_TEXT)
		gsp_ws_close(s->ws, 4000);
	if (s->then == FREE_TEXT)
		drop(s);
}

static void
on_closed(void *ctx, int code, const char *why)
{
	struct seen *s = ctx;

	s->ended++;
	s->code = code;
	snprintf(s->why, sizeof(s->why), "%s", why);
	if (s->then == FREE_CLOSED)
		drop(s);
}

static const struct gsp_ws_events events = {on_open, on_text, on_closed};

/* Until it has ended, or ${texts} came, or ten seconds passed. */
static void
run(struct seen *s, int texts)
{
	int64_t end = gsp_now_ms() + 20000;
	struct gsp_err e = GSP_ERR_INIT;

	while (s->ws != NULL && s->ended == 0 && (texts == 0 || s->texts < texts) &&
	       gsp_now_ms() < end)
		if (gsp_multi_wait(m, NULL, 0, 50, &e) == -1)
			abort();
}

static void
begin(struct seen *s, const char *scheme, const char *host, unsigned port)
{
	struct gsp_err e = GSP_ERR_INIT;
	char url[256];

	snprintf(url, sizeof(url), "%s://%s:%u/gate/?v=10&key=s3cret", scheme, host, port);
	if (gsp_ws_new(&s->ws, m, url, "DiscordBot (x, 1)", &events, s, &e) == -1) {
		printf("# %s\n", e.msg);
		abort();
	}
}

/* One connection to a server that plays ${script}. */
static struct seen
play(fake_ws_script *script, void *ctx, int then)
{
	struct fake_wsd *d = fake_wsd_new(script, ctx);
	struct seen s = {0};

	if (d == NULL)
		abort();
	s.then = then;
	begin(&s, "ws", "127.0.0.1", fake_wsd_port(d));
	run(&s, 0);
	gsp_ws_free(s.ws);
	fake_wsd_free(d);
	if (s.ended)
		printf("# %d: %s\n", s.code, s.why);
	OK(strstr(s.why, "s3cret") == NULL);
	return s;
}

static void
hello(struct fake_ws *w)
{
	if (fake_ws_open(w)) {
		fake_ws_frame(w, FIN | 1, "hello", 5);
		fake_ws_frame(w, FIN | 8, "\x0f\xa4no", 4);
		fake_ws_until_gone(w);
	}
	snprintf(w->ctx, 8192, "%s", w->head);
}

static void
test_plain(void)
{
	static char head[8192];
	struct seen s = play(hello, head, KEEP);
	int i;

	IS_INT(s.opened, 1);
	IS_INT(s.texts, 1);
	IS_STR(s.last, "hello");
	IS_INT(s.ended, 1);
	IS_INT(s.code, 4004);
	OK(strstr(s.why, "the peer closed: 4004 'no'") != NULL);
	OK(strncmp(head, "GET /gate/?v=10&key=s3cret HTTP/1.1\r\nHost: 127.0.0.1:", 53) == 0);
	OK(strstr(head, "\r\nUser-Agent: DiscordBot (x, 1)\r\n") != NULL);
	/* freed in each callback, many times: its memory is looked at by the sanitizer */
	for (i = FREE_OPEN; i <= FREE_CLOSED; i++) {
		s = play(hello, head, i);
		OK(s.ws == NULL);
		IS_INT(s.opened, 1);
		IS_INT(s.texts, i == FREE_OPEN ? 0 : 1);
		IS_INT(s.ended, i == FREE_CLOSED);
	}
}

static void
raw(struct fake_ws *w)
{
	if (fake_ws_read_head(w)) {
		fake_ws_write(w, w->ctx, strlen(w->ctx));
		fake_ws_until_gone(w);
	}
}

static void
huge_head(struct fake_ws *w)
{
	static const char line[] = "X-Noise: 0123456789012345678901234567890123456789\r\n";

	if (fake_ws_read_head(w) && fake_ws_write(w, "HTTP/1.1 101 x\r\n", 16))
		while (fake_ws_write(w, line, sizeof(line) - 1)) {
		}
}

static void
slow_head(struct fake_ws *w)
{
	if (fake_ws_read_head(w))
		while (fake_ws_write(w, "H", 1))
			usleep(20000);
}

static void
silent(struct fake_ws *w)
{
	fake_ws_until_gone(w);
}

static void
reset_at_once(struct fake_ws *w)
{
	if (fake_ws_read_head(w))
		fake_ws_reset(w);
}

static void
test_handshakes(void)
{
	static char redirect[] =
	    "HTTP/1.1 301 Moved\r\nLocation: ws://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
	static char bad[] = "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
			    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
	int64_t begun;
	struct seen s;

	s = play(raw, redirect, KEEP);
	OK(s.opened == 0 && s.ended == 1 && strstr(s.why, "answered 301") != NULL);
	s = play(raw, bad, KEEP);
	OK(s.opened == 0 && s.ended == 1 && strstr(s.why, "wrong Sec-WebSocket-Accept") != NULL);
	s = play(huge_head, NULL, KEEP);
	OK(s.opened == 0 && s.ended == 1 && strstr(s.why, "no end") != NULL);
	s = play(reset_at_once, NULL, KEEP);
	OK(s.opened == 0 && s.ended == 1 && s.code == 0);
	gsp_ws_open_ms = 300;
	begun = gsp_now_ms();
	s = play(slow_head, NULL, KEEP);
	OK(s.opened == 0 && s.ended == 1 && strstr(s.why, "in time") != NULL);
	s = play(silent, NULL, KEEP);
	OK(s.opened == 0 && s.ended == 1 && strstr(s.why, "in time") != NULL);
	OK(gsp_now_ms() - begun < 5000);
	gsp_ws_open_ms = GSP_WS_OPEN_MS;
}

static void
refused_url(const char *url, const char *reason)
{
	struct gsp_err e = GSP_ERR_INIT;
	struct seen s = {0};

	IS_INT(gsp_ws_new(&s.ws, m, url, "a", &events, &s, &e), -1);
	IS_INT(e.code, GSP_ECONFIG);
	OK(s.ws == NULL && strstr(e.msg, "s3cret") == NULL);
	if (!OK(strstr(e.msg, reason) != NULL))
		printf("# %s\n", e.msg);
}

static void
test_urls(void)
{
	struct seen s = {0};

	refused_url("ws://192.0.2.1/?s3cret", "not encrypted");
	refused_url("ws://gateway.example/s3cret", "not encrypted");
	refused_url("ws://127.0.0.1.example/?s3cret", "not encrypted");
	refused_url("https://127.0.0.1/?s3cret", "does not begin");
	refused_url("s3cret?", "does not begin");
	refused_url("wss://", "not a URL");
	refused_url("wss://a b/?s3cret", "not a URL");
	refused_url("wss://user:s3cret@gateway.example/", "user");
	begin(&s, "ws", "127.0.0.1", 1);
	run(&s, 0);
	OK(s.ended == 1 && s.opened == 0 && strstr(s.why, "Connection refused") != NULL);
	OK(strstr(s.why, "s3cret") == NULL);
	gsp_ws_free(s.ws);
	memset(&s, 0, sizeof(s));
	begin(&s, "wss", "no-such-host.invalid", 443);
	run(&s, 0);
	OK(s.ended == 1 && strstr(s.why, "cannot find the address") != NULL);
	gsp_ws_free(s.ws);
	/* freed, or closed, before it is open */
	memset(&s, 0, sizeof(s));
	begin(&s, "wss", "no-such-host.invalid", 443);
	gsp_ws_close(s.ws, 1000);
	run(&s, 0);
	OK(s.ended == 1 && s.opened == 0 && s.code == 0);
	gsp_ws_free(s.ws);
	begin(&s, "wss", "no-such-host.invalid", 443);
	gsp_ws_free(s.ws);
}

/* A megabyte comes, in fragments; and goes back to one that reads slowly. */
static void
echo_big(struct fake_ws *w)
{
	uint8_t *buf = malloc(BIG + 64);
	size_t len = 0;
	int first = -1;

	if (buf != NULL && fake_ws_open(w)) {
		memset(buf, 'a', BIG);
		fake_ws_frame(w, 1, buf, BIG / 2);
		fake_ws_frame(w, FIN | 9, "are you there", 13);
		fake_ws_frame(w, FIN | 0, buf, BIG / 2);
		usleep(300000); /* its buffers are full */
		while ((first = fake_ws_take(w, buf, BIG, &len)) == (FIN | 10)) {
		}
		*(size_t *)w->ctx = first == (FIN | 1) ? len : 0;
		fake_ws_frame(w, FIN | 8, "", 0);
		fake_ws_until_gone(w);
	}
	free(buf);
}

static void
flood(struct fake_ws *w)
{
	uint8_t *buf = calloc(1, BIG);

	if (buf != NULL && fake_ws_open(w)) {
		memset(buf, 'a', BIG);
		fake_ws_frame(w, 1, buf, BIG);
		while (fake_ws_frame(w, 0, buf, BIG)) {
		}
	}
	free(buf);
}

static void
test_sizes(void)
{
	size_t back = 0;
	struct seen s;

	s = play(echo_big, &back, ECHO);
	OK(s.texts == 1 && s.bytes == BIG && s.ended == 1 && s.code == 0);
	IS_INT(back, BIG);
	s = play(flood, NULL, KEEP);
	OK(s.texts == 0 && s.ended == 1 && strstr(s.why, "above the ceiling") != NULL);
}

static void
cut(struct fake_ws *w)
{
	if (fake_ws_open(w)) {
		fake_ws_frame(w, FIN | 1, "one", 3);
		fake_ws_write(w, "\x81\x05th", 4);
		usleep(100000);
		if (w->ctx != NULL)
			fake_ws_reset(w);
	}
}

static void
drip(struct fake_ws *w)
{
	if (fake_ws_open(w)) {
		fake_ws_drip(w, "\x01\x02h\xc3\x89\x01!\x80\x01\xa9\x81\x03two\x88\x02\x03\xf4", 19);
		fake_ws_until_gone(w);
	}
}

static void
never_closes(struct fake_ws *w)
{
	if (fake_ws_open(w)) {
		fake_ws_frame(w, FIN | 1, "x", 1);
		for (int i = 0; i < 1000 && fake_ws_frame(w, FIN | 1, "y", 1); i++)
			usleep(10000);
	}
}

static void
closes_back(struct fake_ws *w)
{
	uint8_t buf[125];
	size_t len = 0;

	if (fake_ws_open(w) && fake_ws_frame(w, FIN | 1, "x", 1) &&
	    fake_ws_take(w, buf, sizeof(buf), &len) == (FIN | 8)) {
		*(int *)w->ctx = buf[0] << 8 | buf[1];
		fake_ws_frame(w, FIN | 8, buf, len);
		fake_ws_until_gone(w);
	}
}

static void
test_ends(void)
{
	static char yes[] = "reset";
	int64_t begun;
	struct seen s;
	int got = 0;

	s = play(cut, yes, KEEP);
	OK(s.texts == 1 && s.ended == 1 && s.code == 0);
	s = play(cut, NULL, KEEP);
	OK(s.texts == 1 && s.ended == 1 && strstr(s.why, "without a close frame") != NULL);
	s = play(drip, NULL, KEEP);
	OK(s.texts == 2 && s.ended == 1 && s.code == 1012);
	IS_STR(s.last, "two");
	s = play(closes_back, &got, CLOSE_TEXT);
	OK(s.ended == 1 && s.code == 0 && s.texts == 1);
	IS_STR(s.why, "closed");
	IS_INT(got, 4000);
	begun = gsp_now_ms();
	s = play(never_closes, NULL, CLOSE_TEXT);
	OK(s.ended == 1 && s.code == 0 && s.texts == 1);
	OK(gsp_now_ms() - begun >= GSP_WS_CLOSE_MS - 100);
	OK(gsp_now_ms() - begun < GSP_WS_CLOSE_MS + 4000);
}

/* ---- beside requests ---- */

static int answered;

static void
on_answer(void *ctx, const struct gsp_http_res *res, const struct gsp_err *err)
{
	(void)ctx;
	(void)err;
	answered += res->status == 200;
}

static void
answer(void *ctx, const struct fake_request *r, struct fake_answer *a)
{
	(void)ctx;
	(void)r;
	*a = (struct fake_answer){FAKE_ANSWER, 200, NULL, "{}"};
}

static void
late_hello(struct fake_ws *w)
{
	uint8_t buf[125];
	size_t len = 0;

	if (fake_ws_open(w) && fake_ws_frame(w, FIN | 1, "one", 3) &&
	    fake_ws_take(w, buf, sizeof(buf), &len) == (FIN | 1)) {
		fake_ws_frame(w, FIN | 1, buf, len);
		fake_ws_until_gone(w);
	}
}

/* Its connection is not one of those that libcurl may close to make room. */
static void
test_beside(void)
{
	struct fake_httpd *h = fake_httpd_new();
	struct fake_wsd *d = fake_wsd_new(late_hello, NULL);
	struct gsp_err e = GSP_ERR_INIT;
	struct seen s = {0};
	struct gsp_http_req req = {.method = "POST", .body = "{}", .body_len = 2};

	if (h == NULL || d == NULL)
		abort();
	fake_httpd_handler(h, answer, NULL);
	req.url = fake_httpd_url(h);
	begin(&s, "ws", "127.0.0.1", fake_wsd_port(d));
	run(&s, 1);
	IS_STR(s.last, "one");
	for (int i = 0; i < 200; i++) {
		req.once = i % 2 == 0;
		if (gsp_multi_start(m, &req, on_answer, NULL, &e) == -1)
			abort();
	}
	while (gsp_multi_busy(m) > 0)
		gsp_multi_wait(m, NULL, 0, 100, &e);
	IS_INT(answered, 200);
	usleep(1100000); /* libcurl looks for dead connections once a second */
	if (gsp_multi_start(m, &req, on_answer, NULL, &e) == -1)
		abort();
	while (gsp_multi_busy(m) > 0)
		gsp_multi_wait(m, NULL, 0, 100, &e);
	OK(gsp_ws_send(s.ws, "two", 3, &e) == 0);
	run(&s, 2);
	IS_STR(s.last, "two");
	IS_INT(s.ended, 0);
	gsp_ws_free(s.ws);
	fake_wsd_free(d);
	fake_httpd_free(h);
}

/* ---- a way that is cut ---- */

static void
stay(struct fake_ws *w)
{
	if (fake_ws_open(w)) {
		fake_ws_frame(w, FIN | 1, "hello", 5);
		fake_ws_until_gone(w);
	}
}

/* What is sent gets nowhere: known soon, and not when TCP gives up. */
static void
test_cut(void)
{
	struct fake_wsd *d = fake_wsd_new(stay, NULL);
	struct gsp_err e = GSP_ERR_INIT;
	struct seen s = {0};
	int64_t sent;

	if (d == NULL)
		abort();
	gsp_curl_dead_ms = 500;
	begin(&s, "ws", "127.0.0.1", fake_wsd_port(d));
	run(&s, 1);
	IS_INT(s.texts, 1);
	OK(cut_off(fake_wsd_port(d)) > 0);
	sent = gsp_now_ms();
	OK(gsp_ws_send(s.ws, "are you there", 13, &e) == 0);
	run(&s, 0);
	IS_INT(s.ended, 1);
	IS_STR(s.why, "the connection broke off");
	OK(gsp_now_ms() - sent < 8000);
	gsp_ws_free(s.ws);
	fake_wsd_free(d);
	gsp_curl_dead_ms = GSP_CURL_DEAD_MS;
}

/* ---- TLS and a proxy ---- */

static char dir[] = "/tmp/gsp-test-ws-XXXXXX";
static int tls_in[2], tls_out[2];
static pid_t tls_pid;

static bool
certificate(const char *name)
{
	char cmd[1024];

	snprintf(cmd, sizeof(cmd),
	    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
	    "-subj /CN=%s -addext 'subjectAltName=DNS:gateway.example,IP:127.0.0.1' "
	    "-keyout %s/%s.key -out %s/%s.pem 2>%s/log",
	    name, dir, name, dir, name, dir);
	return system(cmd) == 0;
}

static bool
tls_start(unsigned port, unsigned *tls_port, unsigned *proxy_port)
{
	char cert[128], key[128], text[16], line[64] = "";

	snprintf(cert, sizeof(cert), "%s/good.pem", dir);
	snprintf(key, sizeof(key), "%s/good.key", dir);
	snprintf(text, sizeof(text), "%u", port);
	if (pipe(tls_in) == -1 || pipe(tls_out) == -1 || (tls_pid = fork()) == -1)
		abort();
	if (tls_pid == 0) {
		dup2(tls_in[0], 0);
		dup2(tls_out[1], 1);
		close(tls_in[1]); /* its stdin ends with us */
		execlp("python3", "python3", "test/fake/tls.py", cert, key, text, (char *)NULL);
		_exit(127);
	}
	close(tls_in[0]);
	close(tls_out[1]);
	for (size_t n = 0; n + 1 < sizeof(line) && read(tls_out[0], line + n, 1) == 1; n++)
		if (line[n] == '\n')
			return sscanf(line, "%u %u", tls_port, proxy_port) == 2;
	return false;
}

static void
tls_stop(void)
{
	close(tls_in[1]);
	close(tls_out[0]);
	waitpid(tls_pid, NULL, 0);
}

static void
with_ca(const char *name)
{
	struct gsp_err e = GSP_ERR_INIT;
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name != NULL ? name : "");
	gsp_multi_free(m);
	if (gsp_multi_new(&m, name != NULL ? path : NULL, &e) == -1)
		abort();
}

static struct seen
secure(const char *host, unsigned port)
{
	struct seen s = {0};

	begin(&s, "wss", host, port);
	run(&s, 0);
	gsp_ws_free(s.ws);
	printf("# %d: %s\n", s.code, s.why);
	OK(strstr(s.why, "s3cret") == NULL);
	return s;
}

/* A WebSocket, or a request: of the same server. */
static void
either(struct fake_ws *w)
{
	static const char none[] = "HTTP/1.1 200 x\r\nContent-Length: 0\r\n\r\n";
	char accept[29], head[256];

	while (fake_ws_read_head(w)) {
		if (strncmp(w->head, "GET", 3) != 0) {
			fake_ws_write(w, none, sizeof(none) - 1);
			continue;
		}
		if (!fake_ws_accept(w, accept))
			return;
		snprintf(head, sizeof(head),
		    "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		    "Sec-WebSocket-Accept: %s\r\n\r\n\x81\x03one",
		    accept);
		fake_ws_write(w, head, strlen(head));
		fake_ws_until_gone(w);
		return;
	}
}

/* Requests do not wait for the WebSocket's connection to become theirs. */
static void
test_same_host(void)
{
	struct fake_wsd *d = fake_wsd_new(either, NULL);
	struct gsp_err e = GSP_ERR_INIT;
	struct seen s = {0};
	unsigned tls_port = 0, proxy_port = 0;
	struct gsp_http_req req = {.method = "DELETE", .total_ms = 10000};
	char url[64];

	if (d == NULL || !OK(tls_start(fake_wsd_port(d), &tls_port, &proxy_port)))
		abort();
	with_ca("good.pem");
	snprintf(url, sizeof(url), "https://127.0.0.1:%u/", tls_port);
	req.url = url;
	answered = 0;
	begin(&s, "wss", "127.0.0.1", tls_port);
	run(&s, 1);
	for (int i = 0; i < 20; i++)
		if (gsp_multi_start(m, &req, on_answer, NULL, &e) == -1)
			abort();
	while (gsp_multi_busy(m) > 0)
		gsp_multi_wait(m, NULL, 0, 100, &e);
	IS_INT(answered, 20);
	OK(s.texts == 1 && s.ended == 0);
	gsp_ws_free(s.ws);
	tls_stop();
	fake_wsd_free(d);
}

/* In the place of the C library's, for OpenSSL. */
static time_t clock_off_s;

time_t
time(time_t *out)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec += clock_off_s;
	if (out != NULL)
		*out = t.tv_sec;
	return t.tv_sec;
}

static void
tls_cases(unsigned tls_port, unsigned proxy_port)
{
	char proxy[64], line[128] = "";
	struct seen s;

	with_ca("good.pem");
	s = secure("127.0.0.1", tls_port);
	OK(s.opened == 1 && s.texts == 1 && s.code == 4004);
	s = secure("localhost", tls_port); /* a name that the certificate has not */
	OK(s.opened == 0 && s.ended == 1 && strstr(s.why, "certificate") != NULL);
	with_ca("other.pem");
	s = secure("127.0.0.1", tls_port);
	OK(s.opened == 0 && s.ended == 1 && strstr(s.why, "was refused") != NULL);
	with_ca("good.pem");
	for (int i = 0; i < 2; i++) { /* a computer that lost its time */
		clock_off_s = i == 0 ? -86400 : 30 * 86400;
		s = secure("127.0.0.1", tls_port);
		OK(s.ended == 1 && strstr(s.why, "is this computer's clock right") != NULL);
	}
	clock_off_s = 0;
	with_ca(NULL);
	s = secure("127.0.0.1", tls_port);
	OK(s.opened == 0 && s.ended == 1 && strstr(s.why, "was refused") != NULL);

	with_ca("good.pem");
	snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%u", proxy_port);
	setenv("https_proxy", proxy, 1);
	s = secure("gateway.example", 4433);
	OK(s.opened == 1 && s.texts == 1 && s.code == 4004);
	if (read(tls_out[0], line, sizeof(line) - 1) <= 0)
		abort();
	IS_STR(line, "CONNECT gateway.example:4433 HTTP/1.1\n");
	s = secure("refused.example", 443);
	OK(s.opened == 0 && s.ended == 1 && strstr(s.why, "403") != NULL);
	/* which of the two it is; and no word of the proxy's password */
	OK(strstr(s.why, "the proxy of $https_proxy") != NULL);
	setenv("https_proxy", "htp://me:s3cret@127.0.0.1:1", 1);
	s = secure("gateway.example", 4433); /* which looks for it */
	OK(s.ended == 1 && strstr(s.why, "the proxy of $https_proxy") != NULL);
	setenv("https_proxy", "http://127.0.0.1:1", 1);
	s = secure("gateway.example", 4433);
	OK(s.ended == 1 && strstr(s.why, "the proxy of $https_proxy (Connection refused)") != NULL);
	setenv("all_proxy", "http://127.0.0.1:1", 1);
	s = secure("127.0.0.1", tls_port); /* never for loopback */
	OK(s.opened == 1 && s.texts == 1 && s.code == 4004);
	unsetenv("https_proxy");
	unsetenv("all_proxy");
}

static void
test_tls(void)
{
	static char head[8192];
	struct fake_wsd *d;
	unsigned tls_port = 0, proxy_port = 0;
	char cmd[128];

	if (mkdtemp(dir) == NULL)
		abort();
	if (!certificate("good") || !certificate("other")) {
		SKIP("no openssl command");
		goto out;
	}
	if ((d = fake_wsd_new(hello, head)) == NULL)
		abort();
	if (OK(tls_start(fake_wsd_port(d), &tls_port, &proxy_port)))
		tls_cases(tls_port, proxy_port);
	tls_stop();
	fake_wsd_free(d);
	test_same_host();
	with_ca(NULL);
out:
	snprintf(cmd, sizeof(cmd), "rm -r %s", dir);
	if (system(cmd) != 0)
		abort();
}

int
main(void)
{
	struct gsp_err e = GSP_ERR_INIT;

	signal(SIGPIPE, SIG_IGN);
	if (gsp_multi_new(&m, NULL, &e) == -1)
		abort();
	gsp_log_handler(keep_log, NULL, GSP_LOG_DEBUG);
	test_plain();
	gsp_log_handler(NULL, NULL, GSP_LOG_ERROR);
	OK(strstr(logged, "is open") != NULL && strstr(logged, "s3cret") == NULL);
	test_handshakes();
	test_urls();
	test_sizes();
	test_ends();
	test_beside();
	test_cut();
	test_tls();
	gsp_multi_free(m);
	return done();
}
