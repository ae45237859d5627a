#include "net/curl_priv.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/version.h"
#include "net/retry.h"

#include "base/banned.h"

#define BUFFER 8192 /* bytes in which an answer of net/multi arrives: there may be hundreds at once */

static size_t
on_header(char *data, size_t size, size_t count, void *arg)
{
	struct gsp_curl_call *a = arg;
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
		gsp_buf_reset(&a->res.headers);
		return n;
	}
	if (keep == 0 || memchr(data, '\0', keep) != NULL)
		return n;
	/* values end up in messages and logs: nothing in them may steer a terminal */
	for (size_t i = 0; i < keep; i++)
		gsp_buf_addc(
		    &a->res.headers, iscntrl((unsigned char)data[i]) ? ' ' : data[i]);
	gsp_buf_addc(&a->res.headers, '\0');
	return n;
}

static size_t
on_body(char *data, size_t size, size_t count, void *arg)
{
	struct gsp_curl_call *a = arg;

	gsp_buf_add(&a->res.body, data, size * count);
	if (gsp_buf_ok(&a->res.body))
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
	const char *scheme = req->auth_scheme != NULL ? req->auth_scheme : "Bearer";
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
		(void)gsp_buf_reserve(&line, strlen(req->bearer) + strlen(scheme) + 32);
		gsp_buf_addf(&line, "Authorization: %s %s", scheme, req->bearer);
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
set_method(CURL *e, const struct gsp_http_req *req, bool many)
{
	bool has_body = req->body != NULL || strcmp(req->method, "POST") == 0;

	if (has_body) {
		curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)req->body_len);
		curl_easy_setopt(e, many ? CURLOPT_COPYPOSTFIELDS : CURLOPT_POSTFIELDS,
		    req->body != NULL ? req->body : "");
	}
	if (strcmp(req->method, "HEAD") == 0)
		curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
	else if (strcmp(req->method, has_body ? "POST" : "GET") != 0)
		curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, req->method);
	if (req->once || (!many && !gsp_retry_idempotent(req->method)))
		curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L);
}

static void
set_times(CURL *e, const struct gsp_http_req *req)
{
	int64_t connect_ms = req->connect_ms > 0 ? req->connect_ms : GSP_HTTP_CONNECT_MS;
	int64_t total_ms = req->total_ms > 0 ? req->total_ms : GSP_HTTP_TOTAL_MS;

	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms);
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)total_ms);
	curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, (long)GSP_HTTP_STALL_BPS);
	curl_easy_setopt(e, CURLOPT_LOW_SPEED_TIME, (long)GSP_HTTP_STALL_S);
}

static void
set_version(CURL *e, const struct gsp_curl_call *c, bool many)
{
	bool two = many && strcmp(c->target.scheme, "https") == 0;

	curl_easy_setopt(e, CURLOPT_HTTP_VERSION,
	    (long)(two ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
	if (two) /* rather wait for the first connection than open one each */
		curl_easy_setopt(e, CURLOPT_PIPEWAIT, 1L);
	if (many)
		curl_easy_setopt(e, CURLOPT_BUFFERSIZE, (long)BUFFER);
}

int
gsp_curl_call_begin(struct gsp_curl_call *c, CURL *e, const struct gsp_http_req *req,
    const struct gsp_curl_how *how, struct gsp_err *err)
{
	assert(req->method != NULL && req->url != NULL);
	memset(c, 0, sizeof(*c));
	c->easy = e;
	c->start_ms = gsp_now_ms();
	gsp_buf_init(&c->res.headers, GSP_HTTP_HEADERS_MAX + 1);
	gsp_buf_init(&c->res.body, (req->body_max > 0 ? req->body_max : GSP_HTTP_BODY_MAX) + 1);
	c->res.fault = GSP_HTTP_LOCAL;
	if (gsp_curl_target_parse(&c->target, req->url, req->shown, err) == -1 ||
	    headers_make(&c->headers, req, err) == -1)
		return -1;
	curl_easy_reset(e); /* keeps the connections */
	curl_easy_setopt(e, CURLOPT_URL, req->url);
	gsp_curl_secure(e, &c->target, how->ca_file);
	set_version(e, c, how->many);
	curl_easy_setopt(e, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
	curl_easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	set_times(e, req);
	if (how->many) {
		gsp_curl_hasten(e);
		gsp_curl_mortal(e);
	}
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, c->headers);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, c);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, c);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, c->reason);
	set_method(e, req, how->many);
	return 0;
}

void
gsp_curl_call_release(struct gsp_curl_call *c)
{
	curl_easy_reset(c->easy); /* it must not point at us, nor hold the headers */
	headers_wipe(c->headers);
	c->headers = NULL;
	gsp_curl_target_release(&c->target);
}

void
gsp_curl_call_measure(struct gsp_curl_call *c)
{
	long sent_bytes = 0;

	curl_easy_getinfo(c->easy, CURLINFO_REQUEST_SIZE, &sent_bytes);
	curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &c->res.status);
	c->res.elapsed_ms = gsp_now_ms() - c->start_ms;
	c->res.may_be_sent = sent_bytes > 0 || c->res.status != 0;
}

static enum gsp_http_fault
fault_of(CURLcode code, const struct gsp_curl_call *c)
{
	bool sent = c->res.may_be_sent;

	if (c->too_big)
		return GSP_HTTP_TOO_BIG;
	if (gsp_curl_untrusted(code))
		return GSP_HTTP_UNTRUSTED;
	switch (code) {
	case CURLE_OK: return GSP_HTTP_FINE;
	case CURLE_UNSUPPORTED_PROTOCOL: /* also: an answer without a status line */
	case CURLE_URL_MALFORMAT:
	case CURLE_OUT_OF_MEMORY:
	case CURLE_FAILED_INIT:
	case CURLE_NOT_BUILT_IN: return sent ? GSP_HTTP_BROKEN : GSP_HTTP_LOCAL;
	case CURLE_OPERATION_TIMEDOUT: return sent ? GSP_HTTP_TIMEOUT : GSP_HTTP_UNSENT;
	default: return sent ? GSP_HTTP_BROKEN : GSP_HTTP_UNSENT;
	}
}

/* Turn libcurl's verdict into an error for people. */
static int
explain(const struct gsp_curl_call *c, CURLcode code, struct gsp_err *err)
{
	const char *why = gsp_curl_why(code, c->reason), *proxy = gsp_curl_proxy(&c->target);
	const char *host = c->target.host;

	switch (c->res.fault) {
	case GSP_HTTP_FINE: return 0;
	case GSP_HTTP_TOO_BIG:
		return gsp_err_set(
		    err, GSP_ELIMIT, "the answer of '%s' is larger than its ceiling", host);
	case GSP_HTTP_TIMEOUT:
		return gsp_err_set(err, GSP_ETEMP, "'%s' did not answer within %lld s%s%s", host,
		    (long long)(c->res.elapsed_ms + 999) / 1000,
		    proxy != NULL ? " through the proxy of $" : "", proxy != NULL ? proxy : "");
	case GSP_HTTP_UNTRUSTED:
	case GSP_HTTP_UNSENT: return gsp_curl_unsent(err, c->easy, &c->target, code, c->reason);
	case GSP_HTTP_LOCAL:
		return gsp_err_set(err, GSP_ESYS, "cannot ask '%s' (%s)", host, why);
	default:
		if (proxy != NULL && gsp_curl_proxy_said(c->easy) != 0)
			return gsp_curl_unsent(err, c->easy, &c->target, code, c->reason);
		if (code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_WEIRD_SERVER_REPLY ||
		    code == CURLE_BAD_CONTENT_ENCODING)
			return gsp_err_set(
			    err, GSP_EPROTO, "'%s' does not speak HTTP (%s)", host, why);
		return gsp_err_set(
		    err, GSP_EIO, "the connection to '%s' broke off (%s)", host, why);
	}
}

int
gsp_curl_call_end(struct gsp_curl_call *c, CURLcode code, struct gsp_err *err)
{
	gsp_curl_call_measure(c);
	c->res.fault = fault_of(code, c);
	return explain(c, code, err);
}

void
gsp_curl_call_log(const struct gsp_curl_call *c, const struct gsp_http_req *req)
{
	const struct gsp_http_res *res = &c->res;

	if (req != NULL) {
		gsp_debug("> %s %s", req->method,
		    req->shown != NULL ? req->shown : c->target.path);
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
