#include "net/http.h"

#include <arpa/inet.h>
#include <assert.h>
#include <ctype.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/version.h"
#include "net/retry.h"
#include "sys/sig.h"

#include "base/banned.h"

#define POLL_MS 1000 /* libcurl's own timers end a wait earlier */

struct gsp_http {
	CURLM *multi;
	CURL *easy;
};

/* Where an URL leads, as libcurl understands it. */
struct target {
	char *scheme, *host, *port, *path;
	bool loopback;
};

/* One attempt, as the callbacks see it. */
struct attempt {
	struct gsp_http_res *res;
	int64_t start_ms;
	long os_errno;
	size_t header_bytes;
	bool too_big;
	char reason[CURL_ERROR_SIZE];
};

static bool
is_loopback(const char *host)
{
	struct in_addr a;

	if (strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0)
		return true;
	return inet_pton(AF_INET, host, &a) == 1 && ntohl(a.s_addr) >> 24 == 127;
}

static void
target_release(struct target *t)
{
	curl_free(t->scheme);
	curl_free(t->host);
	curl_free(t->port);
	curl_free(t->path);
	memset(t, 0, sizeof(*t));
}

static int
target_parse(struct target *t, const char *url, struct gsp_err *err)
{
	CURLU *u = curl_url();
	CURLUcode rc;

	memset(t, 0, sizeof(*t));
	if (u == NULL)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	rc = curl_url_set(
	    u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME | CURLU_DISALLOW_USER);
	if (rc == CURLUE_OK)
		rc = curl_url_get(u, CURLUPART_SCHEME, &t->scheme, 0);
	if (rc == CURLUE_OK)
		rc = curl_url_get(u, CURLUPART_HOST, &t->host, 0);
	if (rc == CURLUE_OK)
		rc = curl_url_get(u, CURLUPART_PATH, &t->path, 0);
	if (rc == CURLUE_OK)
		rc = curl_url_get(u, CURLUPART_PORT, &t->port, CURLU_DEFAULT_PORT);
	curl_url_cleanup(u);
	if (rc == CURLUE_USER_NOT_ALLOWED)
		return gsp_err_set(err, GSP_ECONFIG, "the URL holds a user name or password");
	if (rc != CURLUE_OK)
		return gsp_err_set(
		    err, GSP_ECONFIG, "'%s' is not a URL (%s)", url, curl_url_strerror(rc));
	t->loopback = is_loopback(t->host);
	if (strcmp(t->scheme, "https") != 0 && strcmp(t->scheme, "http") != 0)
		return gsp_err_set(err, GSP_ECONFIG, "'%s' is not an https URL", url);
	if (strcmp(t->scheme, "http") == 0 && !t->loopback)
		return gsp_err_set(err, GSP_ECONFIG,
		    "'%s' is not encrypted; use https (plain http is for 127.0.0.1 alone)",
		    url);
	return 0;
}

int
gsp_http_url_check(const char *url, struct gsp_err *err)
{
	struct target t;
	int rc = target_parse(&t, url, err);

	target_release(&t);
	return rc;
}

void
gsp_http_escape(struct gsp_buf *b, const char *segment)
{
	for (const unsigned char *p = (const unsigned char *)segment; *p != '\0'; p++) {
		if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
		    (*p >= '0' && *p <= '9') || strchr("._~-", *p) != NULL)
			gsp_buf_addc(b, (char)*p);
		else
			gsp_buf_addf(b, "%%%02X", *p);
	}
}

int
gsp_http_new(struct gsp_http **out, struct gsp_err *err)
{
	static bool started;
	struct gsp_http *h;

	if (!started && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return gsp_err_set(err, GSP_ESYS, "libcurl does not start");
	started = true;
	h = calloc(1, sizeof(*h));
	if (h != NULL) {
		h->multi = curl_multi_init();
		h->easy = curl_easy_init();
	}
	if (h == NULL || h->multi == NULL || h->easy == NULL) {
		gsp_http_free(h);
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	}
	*out = h;
	return 0;
}

void
gsp_http_free(struct gsp_http *h)
{
	if (h == NULL)
		return;
	curl_easy_cleanup(h->easy);
	curl_multi_cleanup(h->multi);
	free(h);
}

void
gsp_http_res_release(struct gsp_http_res *res)
{
	gsp_buf_release(&res->headers);
	gsp_buf_release(&res->body);
	res->status = 0;
}

const char *
gsp_http_header(const struct gsp_http_res *res, const char *name)
{
	size_t n = strlen(name), at = 0;

	/* headers holds "Name: value\0" for each line */
	while (at < res->headers.len) {
		const char *line = res->headers.data + at;

		if (strncasecmp(line, name, n) == 0 && line[n] == ':') {
			line += n + 1;
			return line + strspn(line, " \t");
		}
		at += strlen(line) + 1;
	}
	return NULL;
}

static size_t
on_header(char *data, size_t size, size_t count, void *arg)
{
	struct attempt *a = arg;
	size_t n = size * count, keep = n;

	a->header_bytes += n;
	if (a->header_bytes > GSP_HTTP_HEADERS_MAX) {
		a->too_big = true;
		return 0;
	}
	while (keep > 0 && isspace((unsigned char)data[keep - 1]))
		keep--;
	if (n >= 5 && memcmp(data, "HTTP/", 5) == 0) {
		/* a new answer starts: what was before was a "100 Continue" or its like */
		gsp_buf_reset(&a->res->headers);
		return n;
	}
	if (keep == 0 || memchr(data, '\0', keep) != NULL)
		return n;
	/* values end up in messages and logs: nothing in them may steer a terminal */
	for (size_t i = 0; i < keep; i++)
		gsp_buf_addc(
		    &a->res->headers, iscntrl((unsigned char)data[i]) ? ' ' : data[i]);
	gsp_buf_addc(&a->res->headers, '\0');
	return n;
}

static size_t
on_body(char *data, size_t size, size_t count, void *arg)
{
	struct attempt *a = arg;

	gsp_buf_add(&a->res->body, data, size * count);
	if (gsp_buf_ok(&a->res->body))
		return size * count;
	a->too_big = true;
	return 0;
}

static bool
add_header(struct curl_slist **list, const char *line)
{
	struct curl_slist *longer;

	if (strpbrk(line, "\r\n") != NULL)
		return false;
	longer = curl_slist_append(*list, line);
	if (longer == NULL)
		return false;
	*list = longer;
	return true;
}

static bool
has_user_agent(const struct gsp_http_req *req)
{
	for (size_t i = 0; req->headers != NULL && req->headers[i] != NULL; i++)
		if (strncasecmp(req->headers[i], "User-Agent:", 11) == 0)
			return true;
	return false;
}

/* The header lines of a request. They hold the token: free with headers_wipe(). */
static int
headers_make(struct curl_slist **list, const struct gsp_http_req *req, struct gsp_err *err)
{
	struct gsp_buf line = GSP_BUF_INIT(8192);
	bool ok;

	/* "Expect:" without a value: send the body at once, whatever its size */
	ok = add_header(list, "Accept: application/json") &&
	     (has_user_agent(req) || add_header(list, "User-Agent: gsp/" GSP_VERSION)) &&
	     add_header(list, "Expect:");
	if (ok && req->body != NULL) {
		gsp_buf_addf(&line, "Content-Type: %s",
		    req->content_type != NULL ? req->content_type : "application/json");
		ok = gsp_buf_ok(&line) && add_header(list, gsp_buf_str(&line));
	}
	if (ok && req->bearer != NULL) {
		gsp_buf_reset(&line);
		/* room at once: growing would leave a copy behind in freed memory */
		(void)gsp_buf_reserve(&line, strlen(req->bearer) + 32);
		gsp_buf_addf(&line, "Authorization: Bearer %s", req->bearer);
		ok = gsp_buf_ok(&line) && add_header(list, gsp_buf_str(&line));
		if (line.data != NULL)
			explicit_bzero(line.data, line.cap);
	}
	for (size_t i = 0; ok && req->headers != NULL && req->headers[i] != NULL; i++)
		ok = add_header(list, req->headers[i]);
	gsp_buf_release(&line);
	return ok ? 0
		  : gsp_err_set(err, GSP_EUSAGE,
			"a header or token is too long or holds a line break");
}

static void
headers_wipe(struct curl_slist *list)
{
	for (struct curl_slist *l = list; l != NULL; l = l->next)
		explicit_bzero(l->data, strlen(l->data));
	curl_slist_free_all(list);
}

static void
set_method(CURL *e, const struct gsp_http_req *req)
{
	bool has_body = req->body != NULL || strcmp(req->method, "POST") == 0;

	if (has_body) {
		curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)req->body_len);
		curl_easy_setopt(e, CURLOPT_POSTFIELDS, req->body != NULL ? req->body : "");
	}
	if (strcmp(req->method, "HEAD") == 0)
		curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
	else if (strcmp(req->method, has_body ? "POST" : "GET") != 0)
		curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, req->method);
	if (req->once || !gsp_retry_idempotent(req->method))
		curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L);
}

static void
set_options(CURL *e, const struct gsp_http_req *req, const struct target *t, struct attempt *a,
    struct curl_slist *headers)
{
	int64_t connect_ms = req->connect_ms > 0 ? req->connect_ms : GSP_HTTP_CONNECT_MS;
	int64_t total_ms = req->total_ms > 0 ? req->total_ms : GSP_HTTP_TOTAL_MS;

	curl_easy_reset(e); /* keeps the connections */
	curl_easy_setopt(e, CURLOPT_URL, req->url);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, t->scheme);
	curl_easy_setopt(e, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
	if (t->loopback)
		curl_easy_setopt(e, CURLOPT_PROXY, "");
	curl_easy_setopt(e, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
	curl_easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms);
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)total_ms);
	curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, (long)GSP_HTTP_STALL_BPS);
	curl_easy_setopt(e, CURLOPT_LOW_SPEED_TIME, (long)GSP_HTTP_STALL_S);
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, a);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, a);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, a->reason);
	set_method(e, req);
}

/* Drive the one transfer to its end. 0: *code is libcurl's verdict; -1: a signal, or no
 * memory. */
static int
drive(struct gsp_http *h, CURLcode *code, struct gsp_err *err)
{
	struct curl_waitfd sig = {gsp_sig_fd(), CURL_WAIT_POLLIN, 0};
	int running = 1, left;
	CURLMsg *m;

	for (;;) {
		if (gsp_sig_check(err) == -1)
			return -1;
		if (curl_multi_perform(h->multi, &running) != CURLM_OK)
			return gsp_err_set(err, GSP_ESYS, "out of memory");
		if (running == 0)
			break;
		if (curl_multi_poll(h->multi, &sig, sig.fd >= 0 ? 1 : 0, gsp_sig_idle(POLL_MS),
		        NULL) != CURLM_OK)
			return gsp_err_set(err, GSP_ESYS, "cannot wait for the network");
	}
	*code = CURLE_RECV_ERROR;
	while ((m = curl_multi_info_read(h->multi, &left)) != NULL)
		if (m->msg == CURLMSG_DONE)
			*code = m->data.result;
	return 0;
}

static enum gsp_http_fault
fault_of(CURLcode code, const struct attempt *a)
{
	if (a->too_big)
		return GSP_HTTP_TOO_BIG;
	switch (code) {
	case CURLE_OK: return GSP_HTTP_FINE;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR: return GSP_HTTP_UNTRUSTED;
	case CURLE_UNSUPPORTED_PROTOCOL: /* also: an answer without a status line */
		return a->res->may_be_sent ? GSP_HTTP_BROKEN : GSP_HTTP_LOCAL;
	case CURLE_URL_MALFORMAT:
	case CURLE_OUT_OF_MEMORY:
	case CURLE_FAILED_INIT:
	case CURLE_NOT_BUILT_IN: return a->res->may_be_sent ? GSP_HTTP_BROKEN : GSP_HTTP_LOCAL;
	case CURLE_OPERATION_TIMEDOUT:
		return a->res->may_be_sent ? GSP_HTTP_TIMEOUT : GSP_HTTP_UNSENT;
	default: return a->res->may_be_sent ? GSP_HTTP_BROKEN : GSP_HTTP_UNSENT;
	}
}

/* Turn libcurl's verdict into an error for people. */
static int
explain(CURLcode code, const struct attempt *a, const struct target *t, struct gsp_err *err)
{
	const char *why = a->reason[0] != '\0' ? a->reason : curl_easy_strerror(code);
	const char *host = t->host;

	if (code == CURLE_COULDNT_CONNECT && a->os_errno != 0)
		why = strerror((int)a->os_errno);
	switch (a->res->fault) {
	case GSP_HTTP_FINE: return 0;
	case GSP_HTTP_TOO_BIG:
		return gsp_err_set(
		    err, GSP_ELIMIT, "the answer of '%s' is larger than its ceiling", host);
	case GSP_HTTP_UNTRUSTED:
		return gsp_err_set(
		    err, GSP_EAUTH, "the certificate of '%s' was refused (%s)", host, why);
	case GSP_HTTP_TIMEOUT:
		return gsp_err_set(err, GSP_ETEMP, "'%s' did not answer within %lld s", host,
		    (long long)(a->res->elapsed_ms + 999) / 1000);
	case GSP_HTTP_UNSENT:
		if (code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY)
			return gsp_err_set(err, GSP_ETEMP,
			    "cannot find the address of '%s'; is this computer online?", host);
		return gsp_err_set(
		    err, GSP_ETEMP, "cannot connect to '%s' port %s (%s)", host, t->port, why);
	case GSP_HTTP_LOCAL:
		return gsp_err_set(err, GSP_ESYS, "cannot ask '%s' (%s)", host, why);
	default:
		if (code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_WEIRD_SERVER_REPLY ||
		    code == CURLE_BAD_CONTENT_ENCODING)
			return gsp_err_set(
			    err, GSP_EPROTO, "'%s' does not speak HTTP (%s)", host, why);
		return gsp_err_set(
		    err, GSP_EIO, "the connection to '%s' broke off (%s)", host, why);
	}
}

static void
trace(const char *url_path, const struct gsp_http_req *req, const struct gsp_http_res *res)
{
	const char *path = req->shown != NULL ? req->shown : url_path;

	if (res == NULL) {
		gsp_debug("> %s %s", req->method, path);
		for (size_t i = 0; req->headers != NULL && req->headers[i] != NULL; i++)
			gsp_log(GSP_LOG_TRACE, "> %.*s: ...",
			    (int)strcspn(req->headers[i], ":"), req->headers[i]);
		if (req->bearer != NULL)
			gsp_log(GSP_LOG_TRACE, "> Authorization: [redacted]");
		return;
	}
	if (res->fault != GSP_HTTP_FINE)
		gsp_debug("< no whole answer after %lld ms", (long long)res->elapsed_ms);
	else
		gsp_debug("< %ld in %lld ms", res->status, (long long)res->elapsed_ms);
	for (size_t at = 0; at < res->headers.len; at += strlen(res->headers.data + at) + 1)
		if (strncasecmp(res->headers.data + at, "set-cookie", 10) != 0)
			gsp_log(GSP_LOG_TRACE, "< %s", res->headers.data + at);
}

static int
perform(struct gsp_http *h, const struct target *t, struct attempt *a, struct gsp_err *err)
{
	struct gsp_http_res *res = a->res;
	CURLcode code = CURLE_FAILED_INIT;
	long sent_bytes = 0;
	int rc;

	if (curl_multi_add_handle(h->multi, h->easy) != CURLM_OK) {
		res->fault = GSP_HTTP_LOCAL;
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	}
	rc = drive(h, &code, err);
	curl_easy_getinfo(h->easy, CURLINFO_REQUEST_SIZE, &sent_bytes);
	curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &res->status);
	curl_easy_getinfo(h->easy, CURLINFO_OS_ERRNO, &a->os_errno);
	res->elapsed_ms = gsp_now_ms() - a->start_ms;
	res->may_be_sent = sent_bytes > 0 || res->status != 0;
	if (rc == -1) {
		res->fault = err->code == GSP_ECANCEL ? GSP_HTTP_CANCEL : GSP_HTTP_BROKEN;
		/* do not wait for a name look-up that is still under way */
		curl_easy_setopt(h->easy, CURLOPT_QUICK_EXIT, 1L);
	}
	curl_multi_remove_handle(h->multi, h->easy);
	if (rc == -1)
		return -1;
	res->fault = fault_of(code, a);
	return explain(code, a, t, err);
}

int
gsp_http_do(struct gsp_http *h, const struct gsp_http_req *req, struct gsp_http_res *res,
    struct gsp_err *err)
{
	struct attempt a = {.res = res, .start_ms = gsp_now_ms()};
	struct curl_slist *headers = NULL;
	struct target t;
	int rc = -1;

	assert(req->method != NULL && req->url != NULL);
	memset(res, 0, sizeof(*res));
	gsp_buf_init(&res->headers, GSP_HTTP_HEADERS_MAX + 1);
	gsp_buf_init(&res->body, (req->body_max > 0 ? req->body_max : GSP_HTTP_BODY_MAX) + 1);
	res->fault = GSP_HTTP_LOCAL;
	if (target_parse(&t, req->url, err) == -1 || headers_make(&headers, req, err) == -1)
		goto out;
	set_options(h->easy, req, &t, &a, headers);
	trace(t.path, req, NULL);
	rc = perform(h, &t, &a, err);
	trace(t.path, req, res);
out:
	curl_easy_reset(h->easy); /* it must not point at our stack, nor hold the headers */
	headers_wipe(headers);
	target_release(&t);
	return rc;
}
