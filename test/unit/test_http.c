#include "keep_log.h"
#include "tap.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "../fake/httpd.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/http.h"
#include "sys/sig.h"

static struct fake_httpd *srv;
static struct gsp_http *http;
static char url[256];

static struct gsp_http_req
get(const char *path)
{
	struct gsp_http_req r = {.method = "GET", .url = url};

	snprintf(url, sizeof(url), "%s%s", fake_httpd_url(srv), path);
	return r;
}

static void
push(enum fake_how how, int status, const char *headers, const char *body)
{
	struct fake_answer a = {how, status, headers, body};

	fake_httpd_push(srv, &a);
}

/* No kept connections: on those libcurl sends a GET again by itself. */
static void
fresh(void)
{
	struct gsp_err e = GSP_ERR_INIT;

	gsp_http_free(http);
	if (gsp_http_new(&http, &e) == -1)
		abort();
}

/* One attempt that must end in ${fault} and ${code}. */
static void
fails(const struct gsp_http_req *req, enum gsp_http_fault fault, enum gsp_errcode code,
    bool sent)
{
	struct gsp_http_res res;
	struct gsp_err e = GSP_ERR_INIT;

	IS_INT(gsp_http_do(http, req, &res, &e), -1);
	IS_INT(res.fault, fault);
	IS_INT(e.code, code);
	IS_INT(res.may_be_sent, sent);
	OK(e.msg[0] != '\0');
	printf("# %s\n", e.msg);
	gsp_http_res_release(&res);
}

static void
test_plain(void)
{
	static const char *const extra[] = {"X-Filter: {\"label\":\"gsp-a\"}", NULL};
	struct gsp_http_req req = get("/v4/x?a=b");
	struct gsp_http_res res;
	struct gsp_err e = GSP_ERR_INIT;
	const struct fake_request *r;
	char v[256];

	push(FAKE_ANSWER, 200,
	    "X-OAuth-Scopes:  *  \r\nX-Bad: a\033[2Jb\r\nDate: Sun, 06 Nov 1994 08:49:37 "
	    "GMT\r\n",
	    "{\"a\":1}");
	req.bearer = "s3cret";
	req.headers = extra;
	OK(gsp_http_do(http, &req, &res, &e) == 0);
	IS_INT(res.status, 200);
	IS_INT(res.fault, GSP_HTTP_FINE);
	IS_STR(gsp_buf_str(&res.body), "{\"a\":1}");
	IS_STR(gsp_http_header(&res, "x-oauth-scopes"), "*");
	IS_STR(gsp_http_header(&res, "Date"), "Sun, 06 Nov 1994 08:49:37 GMT");
	IS_STR(gsp_http_header(&res, "X-Bad"), "a [2Jb");
	OK(gsp_http_header(&res, "X-OAuth") == NULL);
	gsp_http_res_release(&res);
	r = fake_httpd_request(srv, 0);
	IS_STR(r->method, "GET");
	IS_STR(r->path, "/v4/x?a=b");
	IS_STR(r->body, "");
	IS_STR(fake_httpd_header(r, "Authorization", v, sizeof(v)), "Bearer s3cret");
	IS_STR(fake_httpd_header(r, "Accept", v, sizeof(v)), "application/json");
	IS_STR(fake_httpd_header(r, "X-Filter", v, sizeof(v)), "{\"label\":\"gsp-a\"}");
	OK(fake_httpd_header(r, "User-Agent", v, sizeof(v)) != NULL &&
	    strncmp(v, "gsp/", 4) == 0);
	OK(fake_httpd_header(r, "Content-Type", v, sizeof(v)) == NULL);
	fake_httpd_forget(srv);
}

static void
test_methods(void)
{
	static const char *const methods[] = {"POST", "PUT", "DELETE"};
	struct gsp_http_res res;
	struct gsp_err e = GSP_ERR_INIT;
	const struct fake_request *r;
	char v[64];

	for (size_t i = 0; i < 3; i++) {
		struct gsp_http_req req = get("/m");

		req.method = methods[i];
		req.body = i < 2 ? "{}" : NULL;
		req.body_len = i < 2 ? 2 : 0;
		push(FAKE_ANSWER, 200, NULL, "{}");
		OK(gsp_http_do(http, &req, &res, &e) == 0);
		gsp_http_res_release(&res);
		r = fake_httpd_request(srv, i);
		IS_STR(r->method, methods[i]);
		IS_STR(r->body, i < 2 ? "{}" : "");
		if (i < 2)
			IS_STR(fake_httpd_header(r, "Content-Type", v, sizeof(v)),
			    "application/json");
		OK(fake_httpd_header(r, "Expect", v, sizeof(v)) == NULL);
	}
	fake_httpd_forget(srv);
}

static void
test_statuses(void)
{
	static const int codes[] = {204, 301, 400, 404, 500, 503};
	struct gsp_http_res res;
	struct gsp_err e = GSP_ERR_INIT;

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		struct gsp_http_req req = get("/s");

		push(FAKE_ANSWER, codes[i], "Location: http://127.0.0.1:9/elsewhere\r\n", "");
		OK(gsp_http_do(http, &req, &res, &e) == 0);
		IS_INT(res.status, codes[i]);
		gsp_http_res_release(&res);
	}
	IS_INT(fake_httpd_count(srv), 6); /* no redirect was followed */
	fake_httpd_forget(srv);
}

static void
test_faults(void)
{
	struct gsp_http_req req = get("/f");

	fresh();
	push(FAKE_RESET, 0, NULL, NULL);
	fails(&req, GSP_HTTP_BROKEN, GSP_EIO, true);
	push(FAKE_TRUNCATE, 200, NULL, "{\"data\":[1,2,3]}");
	fails(&req, GSP_HTTP_BROKEN, GSP_EIO, true);
	push(FAKE_GARBAGE, 0, NULL, NULL);
	fails(&req, GSP_HTTP_BROKEN, GSP_EPROTO, true);
	req.total_ms = 150;
	push(FAKE_HANG, 0, NULL, NULL);
	fails(&req, GSP_HTTP_TIMEOUT, GSP_ETEMP, true);
	push(FAKE_STALL, 200, NULL, "{\"data\":[1,2,3]}");
	fails(&req, GSP_HTTP_TIMEOUT, GSP_ETEMP, true);
	fake_httpd_forget(srv);
}

/* A kept connection that turns out to be dead must not make libcurl send a POST twice. */
static void
test_one_post(void)
{
	struct gsp_http_req req = get("/warm");
	struct gsp_http_res res;
	struct gsp_err e = GSP_ERR_INIT;

	push(FAKE_ANSWER, 200, NULL, "{}");
	push(FAKE_ANSWER, 200, NULL, "{}");
	push(FAKE_CLOSE, 0, NULL, NULL);
	OK(gsp_http_do(http, &req, &res, &e) == 0);
	gsp_http_res_release(&res);
	OK(gsp_http_do(http, &req, &res, &e) == 0);
	gsp_http_res_release(&res);
	req = get("/buy");
	req.method = "POST";
	req.body = "{}";
	req.body_len = 2;
	fails(&req, GSP_HTTP_BROKEN, GSP_EIO, true);
	IS_INT(fake_httpd_count(srv), 3);
	IS_INT(fake_httpd_request(srv, 0)->connection, fake_httpd_request(srv, 1)->connection);
	OK(fake_httpd_request(srv, 1)->connection != fake_httpd_request(srv, 2)->connection);
	fake_httpd_forget(srv);
}

static void
test_ceilings(void)
{
	struct gsp_http_req req = get("/big");
	struct gsp_http_res res;
	struct gsp_err e = GSP_ERR_INIT;
	char *head = malloc(80000), block[4097];
	size_t n = 0;

	req.body_max = 10;
	push(FAKE_ANSWER, 200, NULL, "0123456789");
	OK(gsp_http_do(http, &req, &res, &e) == 0);
	IS_STR(gsp_buf_str(&res.body), "0123456789");
	gsp_http_res_release(&res);
	push(FAKE_ANSWER, 200, NULL, "0123456789a");
	fails(&req, GSP_HTTP_TOO_BIG, GSP_ELIMIT, true);

	req.body_max = 0;
	memset(block, 'x', sizeof(block) - 1);
	block[sizeof(block) - 1] = '\0';
	push(FAKE_FLOOD, 200, NULL, block);
	fails(&req, GSP_HTTP_TOO_BIG, GSP_ELIMIT, true);

	if (head == NULL)
		abort();
	while (n < 70000)
		n += (size_t)snprintf(head + n, 80000 - n,
		    "X-Noise-%zu: 0123456789012345678901234567890123456789\r\n", n);
	push(FAKE_ANSWER, 200, head, "{}");
	fails(&req, GSP_HTTP_TOO_BIG, GSP_ELIMIT, true);
	free(head);
	fake_httpd_forget(srv);
}

static void
test_unsent(void)
{
	struct gsp_http_req req = {
	    .method = "POST", .url = "http://127.0.0.1:1/", .body = "{}", .body_len = 2};

	fails(&req, GSP_HTTP_UNSENT, GSP_ETEMP, false);
	req.url = "https://no-such-host.invalid/";
	fails(&req, GSP_HTTP_UNSENT, GSP_ETEMP, false);
	/* TLS to somebody who does not speak it: nothing of the request was said */
	snprintf(url, sizeof(url), "https%s/", fake_httpd_url(srv) + 4);
	req.url = url;
	req.connect_ms = 200;
	fails(&req, GSP_HTTP_UNSENT, GSP_ETEMP, false);
	IS_INT(fake_httpd_count(srv), 0);
}

static void
test_urls(void)
{
	static const char *const good[] = {"https://api.linode.com/v4",
	    "http://127.0.0.1:4010/v4", "http://127.9.9.9/", "http://localhost:80",
	    "http://[::1]:80/v4", "https://192.0.2.1/"};
	static const char *const bad[] = {"http://api.linode.com/v4", "http://192.0.2.1/",
	    "http://127.0.0.1.evil.example/", "http://localhost.example/", "http://128.0.0.1/",
	    "http://[::2]/", "ftp://127.0.0.1/", "file:///etc/passwd",
	    "https://user:pw@api.linode.com/", "http://127.0.0.1@evil.example/",
	    "api.linode.com", "", "https://", "-x", "http://evil.example/#127.0.0.1",
	    "http://[::ffff:127.0.0.1]/",
	    "https://a b/", "https://h:/", "https://h:0/", "https://h:65536/", "https://h:1:2/", "https://[::1/",
	    "https://h\\@evil.example/", "https://%31/", "https:/h/", "https://h\x7f/", "http://0x7f.1/"};
	struct gsp_http_req req = {.method = "GET"};
	struct gsp_err e = GSP_ERR_INIT;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!OK(gsp_http_url_check(good[i], &e) == 0))
			printf("# %s: %s\n", good[i], e.msg);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!OK(gsp_http_url_check(bad[i], &e) == -1 && e.code == GSP_ECONFIG))
			printf("# %s\n", bad[i]);
	req.url = "http://192.0.2.1/";
	fails(&req, GSP_HTTP_LOCAL, GSP_ECONFIG, false);
}

static void
test_injection(void)
{
	static const char *const extra[] = {"X-Filter: a\r\nX-Evil: b", NULL};
	struct gsp_http_req req = get("/i");

	req.headers = extra;
	fails(&req, GSP_HTTP_LOCAL, GSP_EUSAGE, false);
	req.headers = NULL;
	req.bearer = "a\nb";
	fails(&req, GSP_HTTP_LOCAL, GSP_EUSAGE, false);
	IS_INT(fake_httpd_count(srv), 0);
}

static void
test_log(void)
{
	struct gsp_http_req req = get("/v4/profile?q=1");
	struct gsp_http_res res;
	struct gsp_err e = GSP_ERR_INIT;

	gsp_log_handler(keep_log, NULL, GSP_LOG_TRACE);
	req.bearer = "s3cret-token";
	push(FAKE_ANSWER, 200, "Set-Cookie: s3cret-cookie\r\nX-Seen: yes\r\n",
	    "{\"x\":\"s3cret-body\"}");
	OK(gsp_http_do(http, &req, &res, &e) == 0);
	gsp_http_res_release(&res);
	push(FAKE_ANSWER, 200, NULL, "{}");
	req = get("/webhooks/1/s3cret-path");
	req.shown = "/webhooks/...";
	OK(gsp_http_do(http, &req, &res, &e) == 0);
	gsp_http_res_release(&res);
	fresh();
	push(FAKE_RESET, 0, NULL, NULL);
	OK(gsp_http_do(http, &req, &res, &e) == -1);
	gsp_http_res_release(&res);
	gsp_log_handler(NULL, NULL, GSP_LOG_ERROR);
	OK(strstr(logged, "s3cret") == NULL);
	OK(strstr(logged, "> GET /v4/profile\n") != NULL);
	OK(strstr(logged, "< 200 in ") != NULL);
	OK(strstr(logged, "Authorization: [redacted]") != NULL);
	OK(strstr(logged, "X-Seen: yes") != NULL);
	OK(strstr(logged, "> GET /webhooks/...\n") != NULL);
	OK(strstr(e.msg, "s3cret") == NULL);
	fake_httpd_forget(srv);
}

static void
test_proxy(void)
{
	struct gsp_http_req req = get("/direct");
	struct gsp_http_res res;
	struct gsp_err e = GSP_ERR_INIT;

	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("all_proxy", "http://127.0.0.1:1", 1);
	push(FAKE_ANSWER, 200, NULL, "{}");
	OK(gsp_http_do(http, &req, &res, &e) == 0);
	gsp_http_res_release(&res);
	unsetenv("http_proxy");
	unsetenv("all_proxy");
	fake_httpd_forget(srv);
}

static void
test_escape(void)
{
	struct gsp_buf b = GSP_BUF_INIT(128);

	gsp_http_escape(&b, "linode/debian12 \xc3\xa9?#%~-_.");
	IS_STR(gsp_buf_str(&b), "linode%2Fdebian12%20%C3%A9%3F%23%25~-_.");
	gsp_buf_release(&b);
}

static void *
interrupt(void *arg)
{
	struct timespec t = {0, 1000000};
	(void)arg;
	while (fake_httpd_count(srv) == 0)
		nanosleep(&t, NULL);
	kill(getpid(), SIGTERM);
	return NULL;
}

/* Last: the signal stays pending. */
static void
test_signal(void)
{
	struct gsp_http_req req = get("/hang");
	struct gsp_err e = GSP_ERR_INIT;
	int64_t start = gsp_now_ms();
	struct gsp_http_res res;
	pthread_t t;

	OK(gsp_sig_init(&e) == 0);
	push(FAKE_HANG, 0, NULL, NULL);
	if (pthread_create(&t, NULL, interrupt, NULL) != 0)
		abort();
	fails(&req, GSP_HTTP_CANCEL, GSP_ECANCEL, true);
	pthread_join(t, NULL);
	OK(gsp_now_ms() - start < 5000);
	IS_INT(fake_httpd_count(srv), 1);
	fails(&req, GSP_HTTP_CANCEL, GSP_ECANCEL, false);
	IS_INT(fake_httpd_count(srv), 1);
	/* held: it is as if it had not come */
	gsp_sig_hold();
	push(FAKE_SLOW, 200, NULL, "{\"held\":true}");
	OK(gsp_http_do(http, &req, &res, &e) == 0);
	gsp_http_res_release(&res);
	gsp_sig_release();
}

int
main(void)
{
	if ((srv = fake_httpd_new()) == NULL)
		SKIP_ALL("cannot listen on loopback");
	fresh();
	test_plain();
	test_methods();
	test_statuses();
	test_faults();
	test_one_post();
	test_ceilings();
	test_unsent();
	test_urls();
	test_injection();
	test_log();
	test_proxy();
	test_escape();
	test_signal();
	gsp_http_free(http);
	fake_httpd_free(srv);
	return done();
}
