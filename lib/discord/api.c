#include "discord/api.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/num.h"
#include "base/version.h"
#include "discord/rest.h"
#include "net/http.h"
#include "net/retry.h"

#include "base/banned.h"

#define AGENT "User-Agent: " GSP_DISCORD_AGENT

enum {
	URL_MAX = 2048,
	BODY_MAX = 256 * 1024,
	ANSWER_MAX = 4 * 1024 * 1024,
	ATTEMPT_MS = 20000,
	TRIES_COLD = 2,  /* without a connection ever */
	TRIES_BROKEN = 3, /* of an answer that cannot be read */
	TRIES_MAX = 6,
	FULL_MAX_MS = 10000, /* a limit that lasts longer is met when it is met */
	WAIT_MAX_MS = 3600 * 1000 /* asked for; longer is the same as this */
};

struct gsp_api {
	struct gsp_http *http;
	char *base, *token, *ca_file;
	int64_t budget_ms;
	void (*note)(void *ctx, const char *text);
	void *note_ctx;
	bool reached; /* it has answered before */
	char full[URL_MAX]; /* method and path, but for their last word, that take nothing more ... */
	int64_t full_until_ms; /* ... before that */
};

int
gsp_api_new(struct gsp_api **out, const struct gsp_api_opts *o, struct gsp_err *err)
{
	struct gsp_api *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	a->base = strdup(o->base);
	a->token = strdup(o->token);
	a->ca_file = o->ca_file != NULL ? strdup(o->ca_file) : NULL;
	a->budget_ms = o->budget_ms > 0 ? o->budget_ms : GSP_API_BUDGET_MS;
	a->note = o->note;
	a->note_ctx = o->note_ctx;
	if (a->base == NULL || a->token == NULL || (o->ca_file != NULL && a->ca_file == NULL)) {
		gsp_api_free(a);
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	}
	if (gsp_http_new(&a->http, err) == -1) {
		gsp_api_free(a);
		return -1;
	}
	*out = a;
	return 0;
}

void
gsp_api_free(struct gsp_api *a)
{
	if (a == NULL)
		return;
	if (a->token != NULL)
		explicit_bzero(a->token, strlen(a->token));
	gsp_http_free(a->http);
	free(a->base);
	free(a->token);
	free(a->ca_file);
	free(a);
}

void
gsp_api_answer_release(struct gsp_api_answer *a)
{
	gsp_json_free(a->body);
	memset(a, 0, sizeof(*a));
}

static const char *
shown(const char *path)
{
	const char *hidden = gsp_discord_hides(path);

	return hidden != NULL ? hidden : path;
}

static void
read_answer(struct gsp_api_answer *out, const struct gsp_http_res *res)
{
	struct gsp_err bad = GSP_ERR_INIT;

	gsp_api_answer_release(out);
	if (res->fault != GSP_HTTP_FINE)
		return;
	out->status = res->status;
	if (res->body.len > 0 &&
	    gsp_json_parse(&out->body, gsp_buf_str(&res->body), res->body.len, &bad) == -1)
		gsp_debug("the answer's body: %s", bad.msg);
	if (out->status >= 400)
		out->code = (int)gsp_json_u64(out->body, "code", 0);
}

static bool
is_good(const struct gsp_api_answer *a)
{
	return a->status >= 200 && a->status < 300 &&
	    (gsp_json_is_obj(a->body) || gsp_json_is_arr(a->body));
}

/* ---- again? ---- */

static void
look(struct gsp_retry_seen *seen, const struct gsp_api_answer *a, const struct gsp_http_res *res)
{
	memset(seen, 0, sizeof(*seen));
	seen->fault = res->fault;
	seen->may_be_sent = res->may_be_sent;
	seen->status = res->status;
	seen->wall_s = gsp_retry_clock()->wall_s();
	if (res->fault != GSP_HTTP_FINE)
		return;
	seen->readable = is_good(a) || (a->status >= 300 && a->status < 500);
	seen->retry_after = gsp_http_header(res, "Retry-After");
	seen->date = gsp_http_header(res, "Date");
}

static unsigned
tries(const struct gsp_api *a, const struct gsp_api_answer *ans)
{
	if (!a->reached)
		return TRIES_COLD;
	return ans->status >= 200 && ans->status < 300 ? TRIES_BROKEN : TRIES_MAX;
}

/* The body has it to the millisecond; a header, in whole seconds, is what is left without one. */
static int64_t
wait_ms(enum gsp_retry_kind kind, const struct gsp_retry_seen *seen, const struct gsp_api_answer *a,
    unsigned nth)
{
	unsigned rnd = gsp_retry_clock()->below(1000);
	double s = gsp_json_num(a->body, "retry_after", -1);

	if (a->status != 429 || !(s >= 0))
		return gsp_retry_wait_ms(kind, seen, nth, rnd);
	return gsp_num_seconds_ms(s, WAIT_MAX_MS) + 50 + rnd / 4;
}

static void
tell(const struct gsp_api *a, const struct gsp_api_answer *ans, const struct gsp_err *err,
    int64_t ms)
{
	char text[400];
	long long s = (long long)(ms + 999) / 1000;

	if (ans->status == 429)
		(void)snprintf(text, sizeof(text), "Discord wants fewer requests, again in %lld s", s);
	else if (ans->status == 0)
		(void)snprintf(text, sizeof(text), "%.300s, again in %lld s", err->msg, s);
	else if (ans->status < 300)
		(void)snprintf(text, sizeof(text), "Discord's answer was unreadable, again in %lld s", s);
	else
		(void)snprintf(text, sizeof(text), "Discord has trouble (HTTP %ld), again in %lld s",
		    ans->status, s);
	gsp_debug("%s", text);
	if (a->note != NULL)
		a->note(a->note_ctx, text);
}

/* Requests that differ in nothing but their last word share a limit, or nearly: when Discord says
 * that no more of them are left, the next one waits rather than be refused. */
static size_t
stem(const char *path)
{
	return strlen(path) - strlen(strrchr(path, '/'));
}

static void
note_full(struct gsp_api *a, const struct gsp_http_res *res, const char *method, const char *path)
{
	const char *left = gsp_http_header(res, "X-RateLimit-Remaining");
	const char *after = gsp_http_header(res, "X-RateLimit-Reset-After");
	int64_t ms = gsp_num_seconds_text_ms(after, FULL_MAX_MS + 1);

	if (res->fault != GSP_HTTP_FINE || left == NULL || strcmp(left, "0") != 0 || ms <= 0 ||
	    ms > FULL_MAX_MS || gsp_discord_hides(path) != NULL)
		return;
	(void)snprintf(a->full, sizeof(a->full), "%s %.*s", method, (int)stem(path), path);
	a->full_until_ms = gsp_retry_clock()->now_ms() + ms;
}

static int
wait_full(struct gsp_api *a, const char *method, const char *path, struct gsp_err *err)
{
	const struct gsp_retry_clock *clock = gsp_retry_clock();
	int64_t ms = a->full_until_ms - clock->now_ms();
	char now[URL_MAX];

	if (ms <= 0)
		return 0;
	(void)snprintf(now, sizeof(now), "%s %.*s", method, (int)stem(path), path);
	return strcmp(now, a->full) == 0 ? clock->sleep_ms(ms, err) : 0;
}

/* ---- what went wrong, and what to do ---- */

static int
explain(const struct gsp_api *a, const struct gsp_api_answer *ans, const struct gsp_http_res *res,
    const char *method, const char *path, int64_t wait, struct gsp_err *err)
{
	char why[300];

	if (res->fault != GSP_HTTP_FINE)
		return err->code == GSP_EIO ? (err->code = GSP_ETEMP, -1) : -1;
	gsp_discord_explain(why, sizeof(why), ans->status, ans->body);
	if (ans->status == 401 && gsp_discord_hides(path) == NULL)
		return gsp_err_set(err, GSP_EAUTH, "Discord refused the bot's token: %s; make a new one: "
		    "Developer Portal > your application > Bot > Reset Token, and put it where discord: "
		    "{token_file: ...} points", why);
	path = shown(path);
	if (ans->code == GSP_API_DAILY_CREATES)
		return gsp_err_set(err, GSP_ETEMP, "%s '%s': %s; again tomorrow", method, path, why);
	if (ans->status == 429)
		return gsp_err_set(err, GSP_ETEMP, "%s '%s': %s; Discord wants no request for another %lld "
		    "s", method, path, why, (long long)(wait + 999) / 1000);
	if (ans->code == GSP_API_USER_AGENT || (ans->status == 403 && ans->body == NULL))
		return gsp_err_set(err, GSP_EAUTH, "%s '%s': %s: Discord, or a proxy on the way, blocks this "
		    "computer", method, path, why);
	if (ans->status == 401 || ans->status == 403)
		return gsp_err_set(err, GSP_EAUTH, "Discord does not allow %s '%s': %s", method, path, why);
	if (ans->status == 404 && ans->code != 0)
		return gsp_err_set(err, GSP_ENOTFOUND, "%s '%s': %s", method, path, why);
	if (ans->status == 404 || (ans->status >= 300 && ans->status < 400))
		return gsp_err_set(err, GSP_EPROTO, "%s '%s': %s; is discord: api_url in gsp.yaml right? "
		    "The token is sent nowhere else than '%s'", method, path, why, a->base);
	if (ans->status >= 500)
		return gsp_err_set(err, GSP_ETEMP, "%s '%s': Discord has trouble (%s); again later", method,
		    path, why);
	if (ans->status < 300)
		return gsp_err_set(err, GSP_EPROTO, "%s '%s': the answer is not what Discord promises; is "
		    "discord: api_url in gsp.yaml right?", method, path);
	return gsp_err_set(err, GSP_EPROTO, "Discord refused %s '%s': %s", method, path, why);
}

/* Send ${req} until there is an answer that stands. */
static int
converse(struct gsp_api *a, struct gsp_api_answer *out, struct gsp_http_res *res,
    struct gsp_http_req *req, const char *path, struct gsp_err *err)
{
	const struct gsp_retry_clock *clock = gsp_retry_clock();
	int64_t until = clock->now_ms() + a->budget_ms, wait = 0, left;
	struct gsp_retry_seen seen;
	enum gsp_retry_kind kind;

	for (unsigned nth = 1;; nth++) {
		left = until - clock->now_ms();
		req->total_ms = left < 1000 ? 1000 : left < ATTEMPT_MS ? left : ATTEMPT_MS;
		gsp_err_clear(err);
		if (wait_full(a, req->method, path, err) == -1)
			return -1;
		(void)gsp_http_do(a->http, req, res, err);
		note_full(a, res, req->method, path);
		read_answer(out, res);
		a->reached = a->reached || res->status != 0;
		if (is_good(out))
			return 0;
		look(&seen, out, res);
		kind = gsp_retry_classify(&seen);
		if (!gsp_retry_may_repeat(kind, "GET") || out->code == GSP_API_DAILY_CREATES)
			break;
		wait = wait_ms(kind, &seen, out, nth);
		if (nth >= tries(a, out) || clock->now_ms() + wait >= until)
			break;
		tell(a, out, err, wait);
		if (clock->sleep_ms(wait, err) == -1)
			return -1;
		gsp_http_res_release(res);
	}
	return explain(a, out, res, req->method, path, wait, err);
}

int
gsp_api_call(struct gsp_api *a, struct gsp_api_answer *out, const char *method, const char *path,
    const struct gsp_json *body, struct gsp_err *err)
{
	static const char *const agent[] = {AGENT, NULL};
	struct gsp_buf url = GSP_BUF_INIT(URL_MAX), text = GSP_BUF_INIT(BODY_MAX);
	struct gsp_http_req req = {.method = method,
	    .headers = agent,
	    .bearer = gsp_discord_hides(path) != NULL ? NULL : a->token,
	    .auth_scheme = "Bot",
	    .ca_file = a->ca_file,
	    .shown = gsp_discord_hides(path),
	    .body_max = ANSWER_MAX};
	struct gsp_http_res res = {0};
	int rc = -1;

	assert(path[0] == '/');
	memset(out, 0, sizeof(*out));
	(void)gsp_buf_reserve(&url, URL_MAX - 1); /* at once: growing leaves copies of a secret */
	gsp_buf_addf(&url, "%s%s", a->base, path);
	if (body != NULL) {
		gsp_json_print(&text, body);
		req.body = gsp_buf_str(&text);
		req.body_len = text.len;
	}
	req.url = gsp_buf_str(&url);
	if (!gsp_buf_ok(&url) || !gsp_buf_ok(&text))
		gsp_err_set(err, GSP_ELIMIT, "the request %s '%.100s' is too long", method, shown(path));
	else
		rc = converse(a, out, &res, &req, path, err);
	gsp_http_res_release(&res);
	if (url.data != NULL)
		explicit_bzero(url.data, url.cap);
	gsp_buf_release(&url);
	gsp_buf_release(&text);
	return rc;
}
