#include "linode/client.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "linode/answer.h"
#include "net/http.h"
#include "net/retry.h"
#include "sys/sig.h"

#include "base/banned.h"

#define BUDGET_MS 120000
#define URL_MAX 2048
#define BODY_MAX (256u << 10) /* user data is the largest part: 64 KiB encoded */
#define TOKEN_MAX 1024
#define TRIES_COLD 4   /* no connection, and never had one: do not make anybody wait minutes */
#define TRIES_BROKEN 4 /* success with an unreadable body: it seldom gets better */
#define PAGE_SIZE 500  /* Source: API v4 "Pagination": 25..500 */
#define PAGES_MAX 200  /* 100000 items: nobody has them, somebody lies */

struct gsp_linode {
	struct gsp_http *http;
	char *base;
	char *token;
	int64_t budget_ms, attempt_ms, until_ms;
	bool once;
	gsp_linode_note *note;
	void *note_ctx;
	bool reached; /* some answer has come before */
};

int
gsp_linode_new(struct gsp_linode **out, const struct gsp_linode_opts *o, struct gsp_err *err)
{
	struct gsp_linode *c;
	size_t n;

	assert(o->base_url != NULL && o->token != NULL);
	if (gsp_http_url_check(o->base_url, err) == -1)
		return gsp_err_wrap(err, "the Linode API's address");
	n = strlen(o->token);
	if (n == 0 || n > TOKEN_MAX)
		return gsp_err_set(
		    err, GSP_ECONFIG, "the Linode token is %s", n == 0 ? "empty" : "too long");
	for (const char *p = o->token; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~')
			return gsp_err_set(err, GSP_ECONFIG,
			    "the Linode token holds a space, a line break or a letter no "
			    "token has");
	if ((c = calloc(1, sizeof(*c))) == NULL)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	c->base = strdup(o->base_url);
	c->token = strdup(o->token);
	c->budget_ms = o->budget_ms > 0 ? o->budget_ms : BUDGET_MS;
	c->attempt_ms = o->attempt_ms > 0 ? o->attempt_ms : GSP_HTTP_TOTAL_MS;
	c->note = o->note;
	c->note_ctx = o->note_ctx;
	if (c->base == NULL || c->token == NULL) {
		gsp_linode_free(c);
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	}
	for (n = strlen(c->base); n > 0 && c->base[n - 1] == '/'; n--)
		c->base[n - 1] = '\0';
	if (gsp_http_new(&c->http, err) == -1) {
		gsp_linode_free(c);
		return -1;
	}
	*out = c;
	return 0;
}

void
gsp_linode_free(struct gsp_linode *c)
{
	if (c == NULL)
		return;
	if (c->token != NULL)
		explicit_bzero(c->token, strlen(c->token));
	gsp_http_free(c->http);
	free(c->token);
	free(c->base);
	free(c);
}

int64_t
gsp_linode_set_deadline(struct gsp_linode *c, int64_t deadline_ms)
{
	int64_t before = c->until_ms;

	c->until_ms = deadline_ms;
	return before;
}

bool
gsp_linode_set_once(struct gsp_linode *c, bool once)
{
	bool before = c->once;

	c->once = once;
	return before;
}

void
gsp_linode_answer_release(struct gsp_linode_answer *a)
{
	gsp_json_free(a->body);
	memset(a, 0, sizeof(*a));
}

/* What is said before a wait. */
static void
note_wait(const struct gsp_linode *c, enum gsp_retry_kind kind,
    const struct gsp_retry_seen *seen, int64_t wait_ms, const struct gsp_err *err)
{
	char text[400];
	long long s = (long long)(wait_ms + 999) / 1000;

	if (kind == GSP_RETRY_RATE)
		(void)snprintf(
		    text, sizeof(text), "rate limited by the Linode API, again in %lld s", s);
	else if (kind == GSP_RETRY_BUSY)
		(void)snprintf(text, sizeof(text),
		    "the machine is busy with another job, again in %lld s", s);
	else if (seen->fault != GSP_HTTP_FINE)
		(void)snprintf(text, sizeof(text), "%.300s, again in %lld s", err->msg, s);
	else if (seen->status >= 200 && seen->status < 300)
		(void)snprintf(text, sizeof(text),
		    "the Linode API's answer was unreadable, again in %lld s", s);
	else
		(void)snprintf(text, sizeof(text),
		    "the Linode API has trouble (HTTP %ld), again in %lld s", seen->status, s);
	gsp_debug("%s", text);
	if (c->note != NULL)
		c->note(c->note_ctx, text);
}

/* A connection that never was, or an answer that is never readable, is not worth the budget.
 */
static bool
is_hopeless(const struct gsp_linode *c, enum gsp_retry_kind kind,
    const struct gsp_retry_seen *seen, unsigned nth)
{
	if (kind == GSP_RETRY_UNSENT)
		return !c->reached && nth >= TRIES_COLD;
	return seen->fault == GSP_HTTP_FINE && seen->status >= 200 && seen->status < 300 &&
	       nth >= TRIES_BROKEN;
}

/* A wait begins only before the budget is over, and never ends after the deadline: a call
 * takes at most its budget, one wait and one attempt. */
static bool
may_wait(const struct gsp_linode *c, int64_t start_ms, int64_t wait_ms)
{
	int64_t now = gsp_retry_clock()->now_ms();

	return !c->once && now - start_ms < c->budget_ms &&
	       (c->until_ms == 0 || now + wait_ms < c->until_ms);
}

static int64_t
attempt_budget_ms(const struct gsp_linode *c)
{
	int64_t left;

	if (c->until_ms == 0)
		return c->attempt_ms;
	left = c->until_ms - gsp_retry_clock()->now_ms();
	if (left < 1000)
		left = 1000; /* at the deadline one quick question is still allowed */
	return left < c->attempt_ms ? left : c->attempt_ms;
}

/* Send ${req} until there is an answer that stands. The last exchange is left in ${a} and
 * ${res}. */
static int
converse(struct gsp_linode *c, struct gsp_linode_answer *a, struct gsp_http_res *res,
    struct gsp_http_req *req, const char *path, struct gsp_err *err)
{
	const struct gsp_retry_clock *clock = gsp_retry_clock();
	enum gsp_retry_kind kind, last = GSP_RETRY_DONE;
	int64_t start = clock->now_ms(), wait_ms;
	struct gsp_retry_seen seen;
	unsigned nth = 0;

	for (;;) {
		req->total_ms = attempt_budget_ms(c);
		/* what changes something is not left without hearing what became of it */
		if (strcmp(req->method, "GET") != 0)
			gsp_sig_hold();
		(void)gsp_http_do(c->http, req, res, err);
		if (strcmp(req->method, "GET") != 0)
			gsp_sig_release();
		gsp_answer_read(a, &seen, res, clock->wall_s());
		kind = gsp_retry_classify(&seen);
		c->reached = c->reached || res->status != 0;
		if (kind == GSP_RETRY_DONE && a->http_status >= 200 && a->http_status < 300)
			return 0;
		nth = kind == last ? nth + 1 : 1;
		last = kind;
		a->doubtful = gsp_retry_doubtful(&seen, req->method);
		if (!gsp_retry_may_repeat(kind, req->method) ||
		    is_hopeless(c, kind, &seen, nth))
			break;
		wait_ms = gsp_retry_wait_ms(kind, &seen, nth, clock->below(1000));
		if (!may_wait(c, start, wait_ms))
			break;
		note_wait(c, kind, &seen, wait_ms, err);
		if (clock->sleep_ms(wait_ms, err) == -1)
			return -1;
		gsp_http_res_release(res);
	}
	return gsp_answer_explain(a, res, kind, req->method, path, err);
}

int
gsp_linode_call(struct gsp_linode *c, struct gsp_linode_answer *a, const char *method,
    const char *path, const char *filter, const struct gsp_json *body, struct gsp_err *err)
{
	struct gsp_buf url = GSP_BUF_INIT(URL_MAX), text = GSP_BUF_INIT(BODY_MAX);
	struct gsp_buf xfilter = GSP_BUF_INIT(URL_MAX);
	const char *headers[2] = {NULL, NULL};
	struct gsp_http_req req = {.method = method, .bearer = c->token, .headers = headers};
	struct gsp_http_res res = {0};
	int rc = -1;

	assert(path[0] == '/');
	req.once = c->once;
	memset(a, 0, sizeof(*a));
	gsp_buf_addf(&url, "%s%s", c->base, path);
	if (filter != NULL) {
		gsp_buf_addf(&xfilter, "X-Filter: %s", filter);
		headers[0] = gsp_buf_str(&xfilter);
	}
	if (body != NULL) {
		/* room at once: growing would leave parts of a secret behind in freed memory
		 */
		(void)gsp_buf_reserve(&text, BODY_MAX - 1);
		gsp_json_print(&text, body);
		req.body = gsp_buf_str(&text);
		req.body_len = text.len;
	}
	req.url = gsp_buf_str(&url);
	if (!gsp_buf_ok(&url) || !gsp_buf_ok(&xfilter) || !gsp_buf_ok(&text))
		gsp_err_set(
		    err, GSP_ELIMIT, "the request %s '%.100s' is too long", method, path);
	else
		rc = converse(c, a, &res, &req, path, err);
	gsp_http_res_release(&res);
	if (text.data != NULL)
		explicit_bzero(text.data, text.cap);
	gsp_buf_release(&text);
	gsp_buf_release(&xfilter);
	gsp_buf_release(&url);
	return rc;
}

/* One page. *more: there is another. Returns what ${each} returns, or -1. */
static int
list_page(struct gsp_linode *c, const char *path, const char *filter, unsigned page,
    gsp_linode_each *each, void *ctx, bool *more, struct gsp_err *err)
{
	struct gsp_buf where = GSP_BUF_INIT(URL_MAX);
	struct gsp_linode_answer a;
	const struct gsp_json *data, *v;
	uint64_t pages;
	size_t n = 0;
	int rc;

	*more = false;
	gsp_buf_addf(&where, "%s%cpage=%u&page_size=%d", path, strchr(path, '?') ? '&' : '?',
	    page, PAGE_SIZE);
	rc = gsp_linode_call(c, &a, "GET", gsp_buf_str(&where), filter, NULL, err);
	gsp_buf_release(&where);
	if (rc == -1) {
		/* the list became shorter while we read it */
		if (page > 1 && a.http_status == 404) {
			gsp_err_clear(err);
			rc = 0;
		} else if (err->code == GSP_ENOTFOUND) {
			/* A list may be empty, but it is there: never let a wrong address look
			 * like "no such machine". */
			err->code = GSP_EPROTO;
			gsp_err_hint(err, "is linode.api_url right?");
		}
		goto out;
	}
	data = gsp_json_get(a.body, "data");
	pages = gsp_json_u64(a.body, "pages", 1);
	if (!gsp_json_is_arr(data)) {
		rc = gsp_err_set(err, GSP_EPROTO, "the list '%s' has no 'data'", path);
		goto out;
	}
	if (pages > PAGES_MAX) {
		rc = gsp_err_set(err, GSP_EPROTO,
		    "the list '%s' claims to have %" PRIu64 " pages", path, pages);
		goto out;
	}
	if (gsp_json_u64(a.body, "page", pages > 1 ? 0 : page) != page) {
		rc = gsp_err_set(err, GSP_EPROTO,
		    "the list '%s': page %u of %" PRIu64 " claims to be page %" PRIu64, path,
		    page, pages, gsp_json_u64(a.body, "page", 0));
		goto out;
	}
	*more = pages > page;
	for (v = gsp_json_first(data); v != NULL && rc == 0; v = gsp_json_next(v)) {
		if (++n > PAGE_SIZE)
			rc = gsp_err_set(err, GSP_EPROTO,
			    "the list '%s' has more than %d entries on a page", path,
			    PAGE_SIZE);
		else
			rc = each(ctx, v, err);
	}
out:
	gsp_linode_answer_release(&a);
	return rc;
}

int
gsp_linode_list(struct gsp_linode *c, const char *path, const char *filter,
    gsp_linode_each *each, void *ctx, struct gsp_err *err)
{
	bool more = true;
	int rc = 0;

	for (unsigned page = 1; more && rc == 0; page++)
		rc = list_page(c, path, filter, page, each, ctx, &more, err);
	return rc == -1 ? -1 : 0;
}

/* ${scopes}: "a:read_only b:read_write" or with commas, "*" is everything. A wider right
 * includes the narrower one. */
static bool
has_scope(const char *scopes, const char *wanted)
{
	size_t area = strcspn(wanted, ":"), n;
	const char *right = wanted + area + (wanted[area] == ':'), *have;

	for (const char *p = scopes; *(p += strspn(p, " ,\t")) != '\0'; p += n) {
		n = strcspn(p, " ,\t");
		if (n == 1 && *p == '*')
			return true;
		if (n <= area || strncmp(p, wanted, area) != 0 || p[area] != ':')
			continue;
		have = p + area + 1;
		if (n - area - 1 == strlen(right) && strncmp(have, right, n - area - 1) == 0)
			return true;
		if (n - area - 1 == 1 && *have == '*')
			return true;
		if (strcmp(right, "read_only") == 0 && n - area - 1 == 10 &&
		    memcmp(have, "read_write", 10) == 0)
			return true;
	}
	return false;
}

int
gsp_linode_check_token(struct gsp_linode *c, const char *const *wanted, struct gsp_err *err)
{
	struct gsp_buf missing = GSP_BUF_INIT(512), all = GSP_BUF_INIT(512);
	struct gsp_linode_answer a;
	int rc;

	rc = gsp_linode_call(c, &a, "GET", "/profile", NULL, NULL, err);
	if (rc == 0 && a.scopes[0] == '\0')
		gsp_debug("the API does not say which scopes the token has");
	for (size_t i = 0; rc == 0 && a.scopes[0] != '\0' && wanted[i] != NULL; i++)
		if (!has_scope(a.scopes, wanted[i]))
			gsp_buf_addf(
			    &missing, "%s'%s'", missing.len > 0 ? ", " : "", wanted[i]);
	for (size_t i = 0; wanted[i] != NULL; i++)
		gsp_buf_addf(&all, "%s%s", i > 0 ? " " : "", wanted[i]);
	if (missing.len > 0)
		rc = gsp_err_set(err, GSP_EAUTH,
		    "the Linode token lacks the scope %s (it has '%.200s'); "
		    "make a new one at cloud.linode.com > API Tokens with "
		    "scopes %s",
		    gsp_buf_str(&missing), a.scopes, gsp_buf_str(&all));
	gsp_buf_release(&missing);
	gsp_buf_release(&all);
	gsp_linode_answer_release(&a);
	return rc;
}
