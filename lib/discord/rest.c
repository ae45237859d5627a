#include "discord/rest.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/must.h"
#include "base/num.h"
#include "base/rand.h"
#include "base/version.h"
#include "discord/rest_priv.h"

#include "base/banned.h"

#define HOUR_MS   3600000
#define TOTAL_MS  30000 /* one attempt */
#define LEAST_MS  500
#define BACK_MIN  500 /* after 5xx and lost answers: doubling, half of it by the die */
#define BACK_MAX  30000
#define BODY_MAX  (4u << 20)
#define PATH_MAX_ 2048
#define TOKEN_MAX 4000 /* bytes; Discord's has about 72 */
#define OLD_EDITS 30046 /* too many edits of a message older than an hour: told with 429, or 400 */

static char *
copy(const char *s)
{
	return s != NULL ? gsp_must(strdup(s)) : NULL;
}

/* Messages and edits. Answers to interactions and the way to the gateway (a GET) wait for none of them. */
static bool
is_slow(const struct gsp_rest_item *it)
{
	return it->route != NULL && strcmp(it->method, "GET") != 0;
}

/* ---- the end of a request ---- */

static void
tell(struct gsp_rest_item *it, const struct gsp_json *body)
{
	struct gsp_rest_res res = {.status = it->status, .code = it->code, .body = body,
	    .dropped = it->dropped, .why = it->why};

	if (it->fn != NULL)
		it->fn(it->ctx, &res);
	gsp_rest_item_free(it);
}

__attribute__((format(printf, 5, 6))) static void
end(struct gsp_rest_item *it, long status, int code, bool dropped, const char *fmt, ...)
{
	struct gsp_rest *r = it->r;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(it->why, sizeof(it->why), fmt, ap);
	va_end(ap);
	it->status = status;
	it->code = code;
	it->dropped = dropped;
	gsp_rest_take(&r->queue, it);
	gsp_rest_put(&r->over, it, NULL);
	r->next = INT64_MIN;
}

static void
tell_over(struct gsp_rest *r)
{
	struct gsp_rest_item *it;

	while ((it = r->over.first) != NULL) {
		gsp_rest_take(&r->over, it);
		tell(it, NULL);
	}
}

/* Its time is up: what the last try said, if there was one. */
static void
end_late(struct gsp_rest_item *it)
{
	char last[GSP_REST_WHY];

	if (it->tries == 0) {
		end(it, 0, 0, true, "it was too late to send it");
		return;
	}
	memcpy(last, it->why, sizeof(last));
	end(it, it->status, it->code, false, "%.200s (no time is left to try again)", last);
}

/* ---- answers ---- */

static bool
is_lost(long status)
{
	return status == 0 || status == 408 || status >= 500;
}

static void
learn(struct gsp_rest_item *it, const struct gsp_http_res *res, const struct gsp_json *body,
    int64_t *wait)
{
	struct gsp_limits_seen s = {.status = it->status, .body_retry_after_s = -1,
	    .one_message = it->code == OLD_EDITS};

	if (it->status != 0) {
		s.limit = gsp_http_header(res, "X-RateLimit-Limit");
		s.remaining = gsp_http_header(res, "X-RateLimit-Remaining");
		s.reset_after = gsp_http_header(res, "X-RateLimit-Reset-After");
		s.bucket = gsp_http_header(res, "X-RateLimit-Bucket");
		s.scope = gsp_http_header(res, "X-RateLimit-Scope");
		s.global = gsp_http_header(res, "X-RateLimit-Global");
		s.retry_after = gsp_http_header(res, "Retry-After");
		s.body_retry_after_s = gsp_json_num(body, "retry_after", -1);
		s.body_global = gsp_json_bool(body, "global", false);
	}
	gsp_limits_answer(it->r->limits, it->route, &s, it->r->now_ms());
	*wait = gsp_limits_wait_ms(&s);
}

static int64_t
back_off(struct gsp_rest_item *it)
{
	int64_t most = it->tries < 8 ? (int64_t)BACK_MIN << (it->tries - 1) : BACK_MAX;

	if (most > BACK_MAX)
		most = BACK_MAX;
	return most / 2 + it->r->below((uint32_t)(most / 2 + 1));
}

/* When it is sent again, from now in ms; -1: not. */
static int64_t
repeat_in(struct gsp_rest_item *it, const struct gsp_http_res *res, int64_t limit_ms)
{
	if (it->code == OLD_EDITS)
		return -1;
	if (it->status == 429)
		return limit_ms;
	if (!is_lost(it->status) || (it->once && it->status == 0))
		return -1;
	if (it->status == 0 && res != NULL) {
		if (res->fault == GSP_HTTP_UNSENT)
			return back_off(it);
		if (res->fault != GSP_HTTP_BROKEN && res->fault != GSP_HTTP_TIMEOUT)
			return -1;
	}
	return it->repeat ? back_off(it) : -1;
}

static void
read_answer(struct gsp_rest_item *it, struct gsp_json **body, const struct gsp_http_res *res,
    const struct gsp_err *err)
{
	struct gsp_err parse = GSP_ERR_INIT;

	it->why[0] = '\0';
	it->status = err == NULL && res != NULL ? res->status : 0;
	it->code = 0;
	if (it->status == 0) {
		(void)snprintf(it->why, sizeof(it->why), "%.250s",
		    err != NULL && err->msg[0] != '\0' ? err->msg : "no answer");
		return;
	}
	if (res->body.len > 0)
		(void)gsp_json_parse(body, res->body.data, res->body.len, &parse);
	if (it->status >= 200 && it->status < 300)
		return;
	it->code = (int)gsp_json_num(*body, "code", 0) > 0 ? (int)gsp_json_u64(*body, "code", 0) : 0;
	gsp_discord_explain(it->why, sizeof(it->why), it->status, *body);
}

static void
on_answer(void *ctx, const struct gsp_http_res *res, const struct gsp_err *err)
{
	struct gsp_rest_item *it = ctx;
	struct gsp_rest *r = it->r;
	struct gsp_json *body = NULL;
	int64_t limit_ms, wait, now = r->now_ms();

	it->flying = false;
	r->slow -= is_slow(it);
	if (it->line != NULL)
		it->line->busy = false;
	r->next = INT64_MIN;
	read_answer(it, &body, res, err);
	learn(it, res, body, &limit_ms);
	r->unanswered += it->status == 0;
	if (it->status == 401 && it->auth)
		r->refused = true;
	gsp_refused_note(&r->no, it->route, it->path, it->status, it->code, now);
	wait = repeat_in(it, res, limit_ms);
	if (wait >= 0 && now + wait < it->until) {
		it->not_before = now + wait;
		gsp_json_free(body);
		return;
	}
	gsp_rest_take(&r->queue, it);
	tell(it, body);
	gsp_json_free(body);
}

/* ---- sending ---- */

static void
start(struct gsp_rest_item *it, int64_t now)
{
	struct gsp_rest *r = it->r;
	struct gsp_buf url = GSP_BUF_INIT(PATH_MAX_ + 1024);
	const char *headers[] = {"User-Agent: " GSP_DISCORD_AGENT, NULL};
	struct gsp_http_req req = {.method = it->method, .headers = headers, .body = it->body,
	    .body_len = it->body != NULL ? strlen(it->body) : 0, .shown = gsp_discord_hides(it->path),
	    .body_max = BODY_MAX};
	struct gsp_err err = GSP_ERR_INIT;

	gsp_buf_addf(&url, "%s%s", r->base, it->path);
	req.url = gsp_buf_str(&url);
	if (it->auth) {
		req.bearer = r->token;
		req.auth_scheme = "Bot";
	}
	req.total_ms = it->until - now < TOTAL_MS ? it->until - now : TOTAL_MS;
	if (req.total_ms < LEAST_MS)
		req.total_ms = LEAST_MS;
	/* An interaction takes one answer: a second one by libcurl is refused (40060), and does not
	 * cost every answer a new connection. */
	req.once = it->anew || (!it->repeat && it->route != NULL);
	it->tries++;
	if (!gsp_buf_ok(&url))
		end(it, 0, 0, false, "its address is too long");
	else if (gsp_multi_start(r->multi, &req, on_answer, it, &err) == -1)
		end(it, 0, 0, false, "%s", err.msg);
	else {
		gsp_limits_sent(r->limits, it->route, now);
		it->flying = true;
		r->slow += is_slow(it);
		if (it->line != NULL)
			it->line->busy = true;
	}
	if (url.data != NULL)
		explicit_bzero(url.data, url.len);
	gsp_buf_release(&url);
}

/* A second try beside a first that was told to wait: until when. */
static int64_t
twin_waits(const struct gsp_rest_item *it)
{
	int64_t until = INT64_MIN;

	for (const struct gsp_rest_item *o = it->r->queue.first; it->anew && o != NULL; o = o->next)
		if (o != it && !o->flying && o->not_before > until && strcmp(o->path, it->path) == 0)
			until = o->not_before;
	return until;
}

/* One waiting request: sent, ended, or left; then INT64_MAX or when to look again. */
static int64_t
visit(struct gsp_rest_item *it, int64_t now)
{
	struct gsp_rest *r = it->r;
	const struct gsp_refused_no *no;
	int64_t at;

	if (it->until <= now) {
		end_late(it);
		return INT64_MAX;
	}
	if (it->auth && r->refused) {
		end(it, 401, 0, false, "not sent: the bot token was refused");
		return INT64_MAX;
	}
	if ((no = gsp_refused_find(&r->no, it->route, it->path, now)) != NULL) {
		end(it, no->status, no->code, false,
		    no->gone ? "not sent: this webhook is gone (HTTP %ld, %d)"
			     : "not sent: Discord forbade it just before (HTTP %ld, %d)",
		    no->status, no->code);
		return INT64_MAX;
	}
	if (is_slow(it) && r->slow >= GSP_REST_SLOW)
		return it->until;
	if (it->line != NULL) {
		if (it->line->busy || it->line->pass == r->pass)
			return it->until;
		it->line->pass = r->pass;
	}
	at = gsp_limits_when(r->limits, it->route, now);
	if (at < it->not_before)
		at = it->not_before;
	if (at < twin_waits(it))
		at = twin_waits(it);
	if (at > now)
		return at < it->until ? at : it->until;
	start(it, now);
	return INT64_MAX;
}

void
gsp_rest_tick(struct gsp_rest *r)
{
	int64_t now = r->now_ms(), next = INT64_MAX, at;

	if (now < r->next)
		return;
	r->pass++;
	for (struct gsp_rest_item *it = r->queue.first, *after; it != NULL; it = after) {
		after = it->next;
		if (!it->flying && (at = visit(it, now)) < next)
			next = at;
	}
	r->next = next;
	tell_over(r); /* which may send more */
}

int64_t
gsp_rest_next_ms(const struct gsp_rest *r)
{
	return r->next;
}

/* ---- queueing ---- */

static bool
is_path(const char *path)
{
	if (path[0] != '/' || strlen(path) > PATH_MAX_)
		return false;
	for (; *path != '\0'; path++)
		if (*path <= ' ' || *path > '~' || *path == '#')
			return false;
	return true;
}

/* Where ${it} goes: in the place of the one that it makes needless, unless another of its line has
 * come since; NULL: at the end. */
static struct gsp_rest_item *
replace(struct gsp_rest_item *it)
{
	struct gsp_rest_item *old = NULL, *place = NULL;

	for (struct gsp_rest_item *o = it->r->queue.first; o != NULL; o = o->next) {
		if (o->line != it->line)
			continue;
		if (o->flying || !o->newest_only || strcmp(o->path, it->path) != 0 ||
		    strcmp(o->method, it->method) != 0)
			continue;
		old = o;
		place = o->next;
		break;
	}
	if (old == NULL)
		return NULL;
	for (struct gsp_rest_item *o = old->next; o != NULL; o = o->next)
		if (o->line == it->line) {
			place = NULL;
			break;
		}
	it->not_before = old->not_before;
	end(old, 0, 0, true, "a newer one took its place");
	return place;
}

void
gsp_rest_send(struct gsp_rest *r, const struct gsp_rest_req *req, gsp_rest_fn *fn, void *ctx)
{
	struct gsp_rest_item *it = gsp_must(calloc(1, sizeof(*it)));

	it->r = r;
	it->method = copy(req->method);
	it->path = copy(req->path);
	it->route = copy(req->route);
	it->body = copy(req->body);
	it->auth = req->auth;
	it->repeat = req->repeat;
	it->once = req->once;
	it->anew = req->anew;
	it->newest_only = req->newest_only;
	it->until = req->until_ms != 0 ? req->until_ms : r->now_ms() + HOUR_MS;
	it->not_before = INT64_MIN;
	it->fn = fn;
	it->ctx = ctx;
	if (req->line != 0)
		it->line = gsp_rest_join(r, req->line);
	gsp_rest_put(&r->queue, it,
	    req->newest_only && it->line != NULL && it->line->n > 1 ? replace(it) : NULL);
	r->next = INT64_MIN;
	assert(!(it->auth && gsp_discord_hides(it->path) != NULL)); /* the path's token is the secret there */
	if (!is_path(it->path))
		end(it, 0, 0, false, "it has no proper path");
}

bool
gsp_rest_refused(const struct gsp_rest *r)
{
	return r->refused;
}

uint64_t
gsp_rest_unanswered(const struct gsp_rest *r)
{
	return r->unanswered;
}

bool
gsp_rest_idle(const struct gsp_rest *r)
{
	return r->queue.first == NULL && r->over.first == NULL;
}

int
gsp_rest_new(struct gsp_rest **out, const struct gsp_rest_opts *o, struct gsp_err *err)
{
	const char *token = o->token != NULL ? o->token : "";
	struct gsp_rest *r;

	if (gsp_http_url_check(o->base, err) == -1)
		return -1;
	if (strlen(token) > TOKEN_MAX || strpbrk(token, "\r\n") != NULL)
		return gsp_err_set(err, GSP_ECONFIG, "the bot token is none: too long, or of two lines");
	r = gsp_must(calloc(1, sizeof(*r)));
	r->multi = o->multi;
	r->base = copy(o->base);
	r->token = copy(token);
	r->now_ms = o->now_ms != NULL ? o->now_ms : gsp_now_ms;
	r->below = o->below != NULL ? o->below : gsp_rand_below;
	r->limits = gsp_limits_new();
	r->next = INT64_MAX;
	*out = r;
	return 0;
}

static void
free_list(struct gsp_rest_list *l)
{
	for (struct gsp_rest_item *it; (it = l->first) != NULL;) {
		gsp_rest_take(l, it);
		gsp_rest_item_free(it);
	}
}

void
gsp_rest_free(struct gsp_rest *r)
{
	if (r == NULL)
		return;
	free_list(&r->queue);
	free_list(&r->over);
	gsp_limits_free(r->limits);
	gsp_refused_release(&r->no);
	free(r->base);
	gsp_rest_wipe(r->token);
	free(r);
}
