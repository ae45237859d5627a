#include "cut.h"
#include "keep_log.h"
#include "tap.h"

#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "../fake/httpd.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/curl_priv.h"
#include "net/multi.h"
#include "net/ws.h"
#include "net/ws_priv.h"
#include "sys/sig.h"

#define LOOK_UP_MS 3000 /* servers of names that do not answer: by resolv.conf(5) 5 s and more */

static struct fake_httpd *srv;
static struct gsp_multi *m;
static char url[256];

/* What came of a request. */
struct end {
	int called;
	long status;
	enum gsp_http_fault fault;
	enum gsp_errcode code;
	char msg[GSP_ERR_MAX];
	char body[256];
	bool may_be_sent;
	int again; /* start that many more, one after the other */
};

static struct gsp_http_req
to(const char *method, const char *path)
{
	struct gsp_http_req r = {.method = method, .url = url};

	snprintf(url, sizeof(url), "%s%s", fake_httpd_url(srv), path);
	if (strcmp(method, "POST") == 0) {
		r.body = "{}";
		r.body_len = 2;
	}
	return r;
}

static void
on_end(void *ctx, const struct gsp_http_res *res, const struct gsp_err *err)
{
	struct end *e = ctx;
	struct gsp_err mine = GSP_ERR_INIT;
	struct gsp_http_req req;

	e->called++;
	e->status = res->status;
	e->fault = res->fault;
	e->may_be_sent = res->may_be_sent;
	e->code = err != NULL ? err->code : GSP_OK;
	snprintf(e->msg, sizeof(e->msg), "%s", err != NULL ? err->msg : "");
	snprintf(e->body, sizeof(e->body), "%.*s", (int)res->body.len,
	    res->body.data != NULL ? res->body.data : "");
	if (e->again-- > 0) {
		req = to("POST", "/more");
		if (gsp_multi_start(m, &req, on_end, e, &mine) == -1)
			abort();
	}
}

/* Wait until nothing is under way, for ${ms} at most. */
static bool
until_idle(int64_t ms)
{
	int64_t end = gsp_now_ms() + ms;
	struct gsp_err e = GSP_ERR_INIT;

	while (gsp_multi_busy(m) > 0 && gsp_now_ms() < end)
		if (gsp_multi_wait(m, NULL, 0, 50, &e) == -1)
			return false;
	return gsp_multi_busy(m) == 0;
}

static void
start(struct end *end, const struct gsp_http_req *req)
{
	struct gsp_err e = GSP_ERR_INIT;

	memset(end, 0, sizeof(*end));
	if (!OK(gsp_multi_start(m, req, on_end, end, &e) == 0))
		printf("# %s\n", e.msg);
}

static void
fresh(void)
{
	struct gsp_err e = GSP_ERR_INIT;

	gsp_multi_free(m);
	if (gsp_multi_new(&m, NULL, &e) == -1)
		abort();
}

static void
answer(void *ctx, const struct fake_request *r, struct fake_answer *a)
{
	static char path[256]; /* the request may be forgotten while it is sent */

	(void)ctx;
	snprintf(path, sizeof(path), "%s", r->path);
	*a = (struct fake_answer){FAKE_ANSWER, 200, NULL, path};
}

static void
test_one(void)
{
	static const char *const extra[] = {"X-A: b", NULL};
	char bearer[] = "s3cret", body[] = "{\"a\":1}", path[] = "/x?a=b";
	struct gsp_http_req req = to("POST", path);
	const struct fake_request *r;
	struct end end;
	char v[128];

	req.bearer = bearer;
	req.auth_scheme = "Bot";
	req.headers = extra;
	req.body = body;
	req.body_len = strlen(body);
	fake_httpd_handler(srv, answer, NULL);
	start(&end, &req);
	/* it is copied */
	memset(bearer, 'x', sizeof(bearer) - 1);
	memset(body, 'x', sizeof(body) - 1);
	memset(url, 'x', sizeof(url) - 1);
	IS_INT(end.called, 0);
	IS_INT(gsp_multi_busy(m), 1);
	OK(until_idle(5000));
	IS_INT(end.called, 1);
	IS_INT(end.status, 200);
	IS_INT(end.fault, GSP_HTTP_FINE);
	IS_STR(end.body, "/x?a=b");
	r = fake_httpd_request(srv, 0);
	IS_STR(r->method, "POST");
	IS_STR(r->body, "{\"a\":1}");
	IS_STR(fake_httpd_header(r, "Authorization", v, sizeof(v)), "Bot s3cret");
	IS_STR(fake_httpd_header(r, "X-A", v, sizeof(v)), "b");
	OK(fake_httpd_header(r, "Expect", v, sizeof(v)) == NULL);
	fake_httpd_forget(srv);
}

/* A callback starts the next; POST goes on the kept connection, unless it is to be sent once. */
static void
test_kept(void)
{
	struct gsp_http_req req = to("POST", "/first");
	struct end end;
	int conn;

	fresh();
	fake_httpd_handler(srv, answer, NULL);
	start(&end, &req);
	end.again = 3;
	OK(until_idle(5000));
	IS_INT(end.called, 4);
	IS_INT(fake_httpd_count(srv), 4);
	conn = fake_httpd_request(srv, 0)->connection;
	IS_INT(fake_httpd_request(srv, 3)->connection, conn);
	req = to("POST", "/once");
	req.once = true;
	start(&end, &req);
	OK(until_idle(5000));
	IS_INT(end.status, 200);
	OK(fake_httpd_request(srv, 4)->connection != conn);
	fake_httpd_forget(srv);
	/* and a fresh connection that dies is not tried again */
	fake_httpd_push(srv, &(struct fake_answer){FAKE_CLOSE, 0, NULL, NULL});
	start(&end, &req);
	OK(until_idle(5000));
	IS_INT(end.fault, GSP_HTTP_BROKEN);
	OK(end.may_be_sent);
	IS_INT(fake_httpd_count(srv), 1);
	fake_httpd_forget(srv);
}

static void
test_faults(void)
{
	static const struct {
		enum fake_how how;
		enum gsp_http_fault fault;
		enum gsp_errcode code;
	} t[] = {
	    {FAKE_RESET, GSP_HTTP_BROKEN, GSP_EIO},
	    {FAKE_TRUNCATE, GSP_HTTP_BROKEN, GSP_EIO},
	    {FAKE_GARBAGE, GSP_HTTP_BROKEN, GSP_EPROTO},
	    {FAKE_HANG, GSP_HTTP_TIMEOUT, GSP_ETEMP},
	    {FAKE_FLOOD, GSP_HTTP_TOO_BIG, GSP_ELIMIT},
	};
	struct gsp_http_req req;
	struct end end;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		req = to("GET", "/f");
		req.once = true;
		req.total_ms = t[i].how == FAKE_HANG ? 100 : 5000;
		req.body_max = 1000;
		fake_httpd_push(srv, &(struct fake_answer){t[i].how, 200, NULL, "0123456789"});
		start(&end, &req);
		OK(until_idle(8000));
		IS_INT(end.called, 1);
		IS_INT(end.fault, t[i].fault);
		IS_INT(end.code, t[i].code);
		OK(end.may_be_sent);
		printf("# %s\n", end.msg);
	}
	req.url = "http://127.0.0.1:1/";
	start(&end, &req);
	OK(until_idle(5000));
	IS_INT(end.fault, GSP_HTTP_UNSENT);
	OK(!end.may_be_sent);
	fake_httpd_forget(srv);
}

static void
test_refused(void)
{
	struct gsp_http_req req = {.method = "GET", .url = "http://192.0.2.1/s3cret"};
	struct gsp_multi *other = NULL;
	struct gsp_err e = GSP_ERR_INIT;
	struct end end = {0};

	req.shown = "/...";
	OK(gsp_multi_start(m, &req, on_end, &end, &e) == -1 && e.code == GSP_ECONFIG);
	OK(strstr(e.msg, "s3cret") == NULL);
	req = to("GET", "/");
	req.bearer = "a\r\nb";
	OK(gsp_multi_start(m, &req, on_end, &end, &e) == -1 && e.code == GSP_EUSAGE);
	req.bearer = "a";
	req.auth_scheme = "Bot\n";
	OK(gsp_multi_start(m, &req, on_end, &end, &e) == -1 && e.code == GSP_EUSAGE);
	IS_INT(gsp_multi_busy(m), 0);
	IS_INT(end.called, 0);
	OK(gsp_multi_new(&other, "/nonexistent/ca.pem", &e) == -1 && e.code == GSP_ECONFIG);
	OK(other == NULL && strstr(e.msg, "/nonexistent/ca.pem") != NULL);
}

static void
test_log(void)
{
	struct gsp_http_req req = to("POST", "/interactions/1/s3cret-path/callback");
	struct end end;

	fake_httpd_handler(srv, answer, NULL);
	req.bearer = "s3cret-token";
	req.body = "s3cret-body";
	req.body_len = 11;
	req.shown = "/interactions/1/.../callback";
	gsp_log_handler(keep_log, NULL, GSP_LOG_TRACE);
	start(&end, &req);
	OK(until_idle(5000));
	gsp_log_handler(NULL, NULL, GSP_LOG_ERROR);
	OK(strstr(logged, "s3cret") == NULL);
	OK(strstr(logged, "> POST /interactions/1/.../callback\n") != NULL);
	OK(strstr(logged, "< 200 in ") != NULL);
	fake_httpd_forget(srv);
}

/* Two hundred at once. */
static void
test_burst(void)
{
	enum { N = 200 };
	static struct end ends[N];
	int64_t begin, took;
	int good = 0;
	char path[32];

	fresh();
	fake_httpd_handler(srv, answer, NULL);
	begin = gsp_now_ms();
	for (int i = 0; i < N; i++) {
		struct gsp_http_req req;
		struct gsp_err e = GSP_ERR_INIT;

		snprintf(path, sizeof(path), "/p/%d", i);
		req = to("POST", path);
		if (gsp_multi_start(m, &req, on_end, &ends[i], &e) == -1)
			abort();
	}
	IS_INT(gsp_multi_busy(m), N);
	OK(until_idle(20000));
	took = gsp_now_ms() - begin;
	for (int i = 0; i < N; i++) {
		snprintf(path, sizeof(path), "/p/%d", i);
		good += ends[i].called == 1 && ends[i].status == 200 &&
			strcmp(ends[i].body, path) == 0;
	}
	IS_INT(good, N);
	IS_INT(fake_httpd_count(srv), N);
	printf("# %d requests in %d ms\n", N, (int)took);
	OK(took < 5000); /* generous: this may run under valgrind */
	fake_httpd_forget(srv);
}

static void
test_fds(void)
{
	struct gsp_multi_fd f[3] = {{.fd = -1, .events = POLLIN}};
	struct gsp_err e = GSP_ERR_INIT;
	int64_t begin = gsp_now_ms();
	int p[2];

	if (pipe(p) == -1)
		abort();
	f[1] = (struct gsp_multi_fd){.fd = p[0], .events = POLLIN};
	f[2] = (struct gsp_multi_fd){.fd = p[1], .events = 0};
	OK(gsp_multi_wait(m, f, 3, 30, &e) == 0);
	OK(gsp_now_ms() - begin >= 29);
	IS_INT(f[1].revents, 0);
	f[2].events = POLLOUT;
	OK(gsp_multi_wait(m, f, 3, -1, &e) == 0);
	IS_INT(f[0].revents, 0);
	IS_INT(f[1].revents, 0);
	IS_INT(f[2].revents, POLLOUT);
	if (write(p[1], "x", 1) != 1)
		abort();
	f[2].fd = -1;
	OK(gsp_multi_wait(m, f, 3, -1, &e) == 0);
	IS_INT(f[1].revents, POLLIN);
	IS_INT(f[2].revents, 0);
	/* the other end hung up, and nothing is left to read: said, too */
	if (read(p[0], &e.msg, 1) != 1)
		abort();
	close(p[1]);
	OK(gsp_multi_wait(m, f, 3, -1, &e) == 0);
	IS_INT(f[1].revents, POLLIN);
	close(p[0]);
}

/* Freed with requests under way, one of them looking up a name: at once, nobody is called. */
static void
test_dropped(void)
{
	struct gsp_http_req req = to("GET", "/hang");
	struct gsp_err e = GSP_ERR_INIT;
	int64_t begin = gsp_now_ms();
	struct end end[2];

	fake_httpd_push(srv, &(struct fake_answer){FAKE_HANG, 0, NULL, NULL});
	start(&end[0], &req);
	req.url = "https://no-such-host.invalid/";
	start(&end[1], &req);
	while (fake_httpd_count(srv) == 0 && gsp_now_ms() - begin < 5000)
		gsp_multi_wait(m, NULL, 0, 10, &e);
	end[1].called = 0; /* it may have been quick */
	fresh();
	IS_INT(end[0].called, 0);
	IS_INT(end[1].called, 0);
	OK(gsp_now_ms() - begin < 5000);
	fake_httpd_forget(srv);
}

/* A connection that was kept leads nowhere: it ends long before the request does, which then takes another. */
static void
test_cut(void)
{
	struct gsp_http_req req = to("POST", "/before");
	struct end end;
	int conn;

	gsp_curl_dead_ms = 500;
	fresh();
	fake_httpd_handler(srv, answer, NULL);
	start(&end, &req);
	OK(until_idle(5000));
	conn = fake_httpd_request(srv, 0)->connection;
	OK(cut_off((unsigned)atoi(strrchr(fake_httpd_url(srv), ':') + 1)) > 0);
	req = to("POST", "/after");
	req.total_ms = 8000;
	start(&end, &req);
	OK(until_idle(6000));
	IS_INT(end.status, 200);
	IS_INT(fake_httpd_count(srv), 2);
	OK(fake_httpd_request(srv, 1)->connection != conn);
	gsp_curl_dead_ms = GSP_CURL_DEAD_MS;
	fresh();
	fake_httpd_forget(srv);
}

/* In the place of the C library's, for libcurl: no name server answers. */
int
getaddrinfo(const char *restrict node, const char *restrict service,
    const struct addrinfo *restrict hints, struct addrinfo **restrict out)
{
	struct timespec t = {LOOK_UP_MS / 1000, 0};

	(void)service;
	(void)hints;
	*out = NULL;
	if (node != NULL && strncmp(node, "no-", 3) == 0)
		return EAI_NONAME;
	nanosleep(&t, NULL);
	return EAI_AGAIN;
}

static void
on_open(void *ctx)
{
	(void)ctx;
}

static void
on_text(void *ctx, const char *text, size_t len)
{
	(void)ctx;
	(void)text;
	(void)len;
}

static void
on_closed(void *ctx, int code, const char *why)
{
	(void)code;
	(void)why;
	*(bool *)ctx = true;
}

/* A name that nobody tells: what wanted it ends in its time, and the others do not wait meanwhile. */
static void
test_look_up(void)
{
	static const struct gsp_ws_events ev = {on_open, on_text, on_closed};
	struct gsp_http_req req = {.method = "GET", .url = "https://slow.invalid/", .total_ms = 200};
	int64_t begin = gsp_now_ms();
	struct gsp_err e = GSP_ERR_INIT;
	bool closed = false;
	struct gsp_ws *ws;
	struct end end;

	start(&end, &req);
	OK(until_idle(LOOK_UP_MS));
	IS_INT(end.fault, GSP_HTTP_UNSENT);
	OK(gsp_now_ms() - begin < LOOK_UP_MS / 2);
	/* whose name it is that nobody knows */
	req.url = "https://no-host.invalid/";
	start(&end, &req);
	OK(until_idle(LOOK_UP_MS));
	IS_STR(end.msg, "cannot find the address of 'no-host.invalid'; is this computer online?");
	setenv("all_proxy", "http://me:s3cret@no-proxy.invalid:1", 1);
	start(&end, &req);
	OK(until_idle(LOOK_UP_MS));
	IS_STR(end.msg, "cannot find the address of the proxy of $all_proxy, which leads to 'no-host.invalid'; "
	    "is it right, and this computer online?");
	setenv("no_proxy", "no-host.invalid", 1);
	start(&end, &req);
	OK(until_idle(LOOK_UP_MS));
	IS_STR(end.msg, "cannot find the address of 'no-host.invalid'; is this computer online?");
	unsetenv("all_proxy");
	unsetenv("no_proxy");
	gsp_ws_open_ms = 200;
	begin = gsp_now_ms();
	if (!OK(gsp_ws_new(&ws, m, "wss://slow.invalid/", "test", &ev, &closed, &e) == 0))
		return;
	while (!closed && gsp_now_ms() - begin < LOOK_UP_MS)
		gsp_multi_wait(m, NULL, 0, 50, &e);
	OK(closed);
	OK(gsp_now_ms() - begin < LOOK_UP_MS / 2);
	gsp_ws_free(ws);
	gsp_ws_open_ms = GSP_WS_OPEN_MS;
}

static int turns;

static int
on_idle(void *ctx)
{
	(void)ctx;
	turns++;
	return 5;
}

/* Last: the signal stays pending. */
static void
test_signal(void)
{
	struct gsp_http_req req = to("GET", "/hang");
	struct gsp_err e = GSP_ERR_INIT;
	int64_t begin;
	struct end end;

	gsp_sig_on_idle(on_idle, NULL);
	OK(gsp_multi_wait(m, NULL, 0, 200, &e) == 0);
	gsp_sig_on_idle(NULL, NULL);
	OK(turns > 2);
	OK(gsp_sig_init(&e) == 0);
	fake_httpd_push(srv, &(struct fake_answer){FAKE_HANG, 0, NULL, NULL});
	start(&end, &req);
	kill(getpid(), SIGTERM);
	begin = gsp_now_ms();
	OK(gsp_multi_wait(m, NULL, 0, -1, &e) == 0);
	IS_INT(gsp_sig_pending(), SIGTERM);
	OK(gsp_now_ms() - begin < 2000);
	IS_INT(end.called, 0);
	/* held: the last words can be said */
	gsp_sig_hold();
	req = to("POST", "/last");
	fake_httpd_handler(srv, answer, NULL);
	fresh();
	start(&end, &req);
	OK(until_idle(3000));
	IS_INT(end.status, 200);
	begin = gsp_now_ms();
	OK(gsp_multi_wait(m, NULL, 0, 30, &e) == 0);
	OK(gsp_now_ms() - begin >= 29);
	gsp_sig_release();
	fake_httpd_forget(srv);
}

int
main(void)
{
	static const char *const proxies[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
	    "no_proxy", "NO_PROXY"};

	for (size_t i = 0; i < sizeof(proxies) / sizeof(proxies[0]); i++)
		unsetenv(proxies[i]);
	if ((srv = fake_httpd_new()) == NULL)
		SKIP_ALL("cannot listen on loopback");
	fresh();
	test_one();
	test_kept();
	test_faults();
	test_refused();
	test_log();
	test_burst();
	test_fds();
	test_dropped();
	test_cut();
	test_look_up();
	test_signal();
	gsp_multi_free(m);
	fake_httpd_free(srv);
	return done();
}
