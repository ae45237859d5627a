/*
 * discord/rest with another multi in its place: what would be sent is kept in a table, and each
 * answer is given by hand; the clock is the test's.
 */
#include "tap.h"

#include "discord/refused.h"
#include "discord/rest.h"

#define TOKEN "bot.token"
#define MAX   3000

struct sent {
	char *line, *auth, *agent, *body, *shown;
	gsp_multi_fn *fn;
	void *ctx;
	int64_t total_ms;
	bool once, answered;
};

static struct sent sent[MAX];
static size_t nsent;
static const char *refuse; /* what gsp_multi_start() says instead */
static int64_t now;
static struct gsp_rest *rest;

static int64_t
clock_ms(void)
{
	return now;
}

static uint32_t
most(uint32_t n)
{
	return n - 1;
}

static char *
copy(const char *s)
{
	return s != NULL ? strdup(s) : NULL;
}

int
gsp_multi_start(struct gsp_multi *m, const struct gsp_http_req *req, gsp_multi_fn *fn, void *ctx,
    struct gsp_err *err)
{
	struct sent *s = &sent[nsent];
	char line[4096];

	(void)m;
	if (refuse != NULL)
		return gsp_err_set(err, GSP_ECONFIG, "%s", refuse);
	if (nsent == MAX)
		abort();
	memset(s, 0, sizeof(*s));
	(void)snprintf(line, sizeof(line), "%s %s", req->method, req->url);
	s->line = copy(line);
	for (const char *const *h = req->headers; h != NULL && *h != NULL; h++) {
		if (strncmp(*h, "User-Agent: ", 12) == 0)
			s->agent = copy(*h + 12);
	}
	if (req->bearer != NULL) {
		(void)snprintf(line, sizeof(line), "%s %s", req->auth_scheme, req->bearer);
		s->auth = copy(line);
	}
	s->body = copy(req->body);
	s->shown = copy(req->shown);
	s->fn = fn;
	s->ctx = ctx;
	s->total_ms = req->total_ms;
	s->once = req->once;
	nsent++;
	return 0;
}

/* ---- answers ---- */

static void
answer(size_t i, long status, const char *headers, const char *body)
{
	struct gsp_http_res res;

	memset(&res, 0, sizeof(res));
	res.status = status;
	gsp_buf_init(&res.headers, 4096);
	gsp_buf_init(&res.body, 1u << 20);
	for (size_t len; *headers != '\0'; headers += len + 2) { /* as net/http keeps them */
		len = strcspn(headers, "\r");
		gsp_buf_add(&res.headers, headers, len);
		gsp_buf_addc(&res.headers, '\0');
	}
	gsp_buf_adds(&res.body, body);
	if (i >= nsent || sent[i].answered)
		abort();
	sent[i].answered = true;
	sent[i].fn(sent[i].ctx, &res, NULL);
	gsp_http_res_release(&res);
}

static void
fail(size_t i, enum gsp_http_fault fault)
{
	struct gsp_err err = {GSP_EIO, 0, "cut off"};
	struct gsp_http_res res;

	memset(&res, 0, sizeof(res));
	gsp_buf_init(&res.headers, 16);
	gsp_buf_init(&res.body, 16);
	res.fault = fault;
	sent[i].answered = true;
	sent[i].fn(sent[i].ctx, &res, &err);
	gsp_http_res_release(&res);
}

/* What became of a request. */
struct got {
	int calls;
	long status;
	int code;
	bool dropped, body;
	char why[400];
};

static void
on_end(void *ctx, const struct gsp_rest_res *res)
{
	struct got *g = ctx;

	g->calls++;
	g->status = res->status;
	g->code = res->code;
	g->dropped = res->dropped;
	g->body = res->body != NULL;
	(void)snprintf(g->why, sizeof(g->why), "%s", res->why);
}

/* ---- a test's frame ---- */

static void
begin(void)
{
	struct gsp_rest_opts o = {.base = "http://127.0.0.1:1/api/v10", .token = TOKEN,
	    .now_ms = clock_ms, .below = most};
	struct gsp_err err = GSP_ERR_INIT;

	now = 1000000;
	nsent = 0;
	refuse = NULL;
	OK(gsp_rest_new(&rest, &o, &err) == 0);
}

static void
over(void)
{
	gsp_rest_free(rest);
	for (size_t i = 0; i < nsent; i++) {
		free(sent[i].line);
		free(sent[i].auth);
		free(sent[i].agent);
		free(sent[i].body);
		free(sent[i].shown);
	}
	nsent = 0;
}

/* An edit of a channel's message, as the bot. */
static struct gsp_rest_req
edit(const char *path, const char *body)
{
	struct gsp_rest_req q = {.method = "PATCH", .path = path, .body = body, .auth = true,
	    .route = "PATCH /channels/1/messages/{}", .repeat = true};

	return q;
}

static void
ask(struct gsp_rest_req q, struct got *g)
{
	if (g != NULL)
		memset(g, 0, sizeof(*g));
	gsp_rest_send(rest, &q, g != NULL ? on_end : NULL, g);
	gsp_rest_tick(rest);
}

static void
later(int64_t ms)
{
	now += ms;
	gsp_rest_tick(rest);
}

#define LIMIT(n, left, after)                                                                 \
	"X-RateLimit-Limit: " n "\r\nX-RateLimit-Remaining: " left                            \
	"\r\nX-RateLimit-Reset-After: " after "\r\nX-RateLimit-Bucket: abc\r\n"

static void
test_plain(void)
{
	struct gsp_rest_req hook = {.method = "POST", .path = "/webhooks/1/tok?wait=true",
	    .route = "POST /webhooks/1/tok", .body = "{}"};
	struct gsp_rest_req call = {.method = "POST", .path = "/interactions/1/tok/callback",
	    .body = "{\"type\":5}", .until_ms = 1003000};
	struct got a, b, c;

	begin();
	OK(gsp_rest_idle(rest) && gsp_rest_next_ms(rest) == INT64_MAX);
	ask(edit("/channels/1/messages/2", "{\"content\":\"x\"}"), &a);
	ask(hook, &b);
	ask(call, &c);
	IS_INT(nsent, 3);
	IS_STR(sent[0].line, "PATCH http://127.0.0.1:1/api/v10/channels/1/messages/2");
	IS_STR(sent[0].auth, "Bot " TOKEN);
	OK(strncmp(sent[0].agent, "DiscordBot (", 12) == 0);
	IS_STR(sent[0].body, "{\"content\":\"x\"}");
	OK(sent[1].auth == NULL && sent[2].auth == NULL);
	IS_STR(sent[1].shown, "/webhooks/..."); /* no token in a log */
	IS_STR(sent[2].shown, "/interactions/...");
	OK(!sent[0].once && sent[1].once);
	IS_INT(sent[2].total_ms, 3000);
	answer(0, 200, "", "{\"id\":\"2\"}");
	answer(1, 204, "", "");
	answer(2, 400, "", "{\"code\":40060,\"message\":\"Interaction has already been acknowledged.\"}");
	OK(a.calls == 1 && a.status == 200 && a.body && a.why[0] == '\0');
	OK(b.calls == 1 && b.status == 204 && !b.body);
	OK(c.calls == 1 && c.status == 400 && c.code == 40060);
	IS_STR(c.why, "Interaction has already been acknowledged. (40060)");
	OK(gsp_rest_idle(rest));
	ask(edit("channels", NULL), &a);
	OK(a.calls == 1 && a.status == 0 && strstr(a.why, "path") != NULL);
	ask(edit("/channels/1 HTTP/1.1\r\nX: y", NULL), &a);
	OK(a.calls == 1 && a.status == 0);
	refuse = "not allowed";
	ask(edit("/channels/1/messages/2", NULL), &a);
	OK(a.calls == 1 && a.status == 0 && strcmp(a.why, "not allowed") == 0);
	OK(gsp_rest_idle(rest));
	over();
}

static void
test_line(void)
{
	struct gsp_rest_req q = edit("/channels/1/messages/2", "1"), p;
	struct got g[6];

	begin();
	ask(edit("/channels/1/messages/9", "0"), NULL); /* so that the bucket is known */
	answer(0, 200, LIMIT("50", "49", "60"), "");
	q.line = 7;
	q.newest_only = true;
	ask(q, &g[0]);
	IS_INT(nsent, 2);
	q.body = "2";
	ask(q, &g[1]);
	q.body = "3";
	ask(q, &g[2]);
	OK(g[1].calls == 1 && g[1].dropped && g[0].calls == 0);
	p = q;
	p.method = "POST";
	p.path = "/channels/1/messages";
	p.route = "POST /channels/1/messages";
	p.newest_only = false;
	p.body = "end";
	ask(p, &g[3]);
	q.body = "4"; /* comes after the new message, not in the place of 3 */
	ask(q, &g[4]);
	OK(g[2].calls == 1 && g[2].dropped);
	q.line = 8; /* another line does not wait */
	q.body = "other";
	ask(q, &g[5]);
	IS_INT(nsent, 3);
	IS_STR(sent[2].body, "other");
	answer(1, 200, LIMIT("50", "48", "60"), "{}");
	later(0);
	IS_INT(nsent, 4);
	IS_STR(sent[3].body, "end");
	later(10);
	IS_INT(nsent, 4);
	answer(3, 200, "", "{}");
	later(0);
	IS_INT(nsent, 5);
	IS_STR(sent[4].body, "4");
	answer(4, 200, "", "{}");
	answer(2, 200, "", "{}");
	OK(g[0].calls == 1 && g[3].calls == 1 && g[4].calls == 1 && g[5].calls == 1);
	OK(gsp_rest_idle(rest));
	over();
}

/* The first of a line waits for another reason: nobody of it overtakes. */
static void
test_line_waits(void)
{
	struct gsp_rest_req q = edit("/channels/1/messages/2", "1"), p = q;
	struct got g[4];

	begin();
	q.line = p.line = 7;
	q.newest_only = true;
	p.method = "POST";
	p.path = "/channels/1/messages";
	p.route = "POST /channels/1/messages";
	p.body = "end";
	ask(q, &g[0]);
	answer(0, 500, "", "");
	ask(p, &g[1]);
	IS_INT(nsent, 1);
	IS_INT(gsp_rest_next_ms(rest) - now, 500);
	later(500);
	IS_INT(nsent, 2);
	IS_STR(sent[1].body, "1");
	answer(1, 200, "", "");
	later(0);
	IS_INT(nsent, 3);
	answer(2, 200, "", "");
	/* one that waits after 500 is replaced: the new one waits on, in its place */
	ask(q, &g[0]);
	answer(3, 500, "", "");
	q.body = "2";
	ask(q, &g[2]);
	ask(p, &g[1]);
	OK(g[0].calls == 1 && g[0].dropped);
	IS_INT(nsent, 4);
	later(500);
	IS_INT(nsent, 5);
	IS_STR(sent[4].body, "2");
	over();
}

static void
test_bucket(void)
{
	struct got g[3];

	begin();
	ask(edit("/channels/1/messages/2", "1"), &g[0]);
	ask(edit("/channels/1/messages/3", "2"), &g[1]);
	IS_INT(nsent, 1); /* the first one shows how many there may be */
	answer(0, 200, LIMIT("5", "0", "1.5"), "{}");
	later(0);
	IS_INT(nsent, 1);
	IS_INT(gsp_rest_next_ms(rest) - now, 1500);
	later(1499);
	IS_INT(nsent, 1);
	later(1);
	IS_INT(nsent, 2);
	answer(1, 200, LIMIT("5", "4", "1.5"), "{}");
	for (int i = 0; i < 3; i++)
		ask(edit("/channels/1/messages/4", "3"), &g[i]);
	IS_INT(nsent, 5);
	over();
}

static void
test_429(void)
{
	static const char body[] =
	    "{\"message\":\"You are being rate limited.\",\"retry_after\":64.57,\"global\":false}";
	static const char all[] =
	    "{\"message\":\"You are being rate limited.\",\"retry_after\":0.25,\"global\":true}";
	struct gsp_rest_req q = edit("/channels/1/messages/2", "1"), o = q, call = {.method = "POST",
	    .path = "/interactions/1/t/callback", .body = "{}"};
	struct got g[3];

	begin();
	q.repeat = false; /* a 429 was not carried out: it is repeated all the same */
	ask(q, &g[0]);
	answer(0, 429, "X-RateLimit-Scope: user\r\nRetry-After: 65\r\n" LIMIT("5", "0", "64.57"), body);
	IS_INT(g[0].calls, 0);
	later(0);
	IS_INT(gsp_rest_next_ms(rest) - now, 64570);
	later(64570);
	IS_INT(nsent, 2);
	answer(1, 429, "X-RateLimit-Scope: shared\r\n", body);
	later(64569);
	IS_INT(nsent, 2);
	later(1);
	IS_INT(nsent, 3);
	answer(2, 429, "X-RateLimit-Scope: global\r\nX-RateLimit-Global: true\r\n", all);
	o.route = "PATCH /channels/2/messages/{}";
	ask(o, &g[1]);
	ask(call, &g[2]);
	IS_INT(nsent, 4); /* the interaction's answer alone */
	IS_STR(sent[3].line, "POST http://127.0.0.1:1/api/v10/interactions/1/t/callback");
	later(250);
	IS_INT(nsent, 6);
	answer(4, 200, "", "{}");
	answer(5, 200, "", "{}");
	answer(3, 429, "Retry-After: 1\r\n", ""); /* its own, then */
	IS_INT(g[2].calls, 0);
	later(1000);
	IS_INT(nsent, 7);
	answer(6, 204, "", "");
	OK(g[0].status == 200 && g[1].status == 200 && g[2].status == 204);
	/* longer than it is of use */
	q.until_ms = now + 10000;
	ask(q, &g[0]);
	answer(7, 429, "", body);
	OK(g[0].calls == 1 && g[0].status == 429 && strstr(g[0].why, "rate limited") != NULL);
	over();
}

/* An old message may be edited only so often: that is told with a 429, too, but it is no limit of the
 * route, and waiting for it would hold up the edits of the others. */
static void
test_old_edits(void)
{
	static const char body[] = "{\"message\":\"Maximum number of edits to messages older than 1 hour reached. "
	                           "Try again later.\",\"code\":30046,\"retry_after\":300.5,\"global\":false}";
	struct gsp_rest_req old = edit("/channels/1/messages/2", "1"), young = edit("/channels/1/messages/3", "2");
	struct got g[3];

	young.line = 8;
	begin();
	ask(old, &g[0]);
	answer(0, 429, "X-RateLimit-Scope: user\r\nRetry-After: 301\r\n", body);
	OK(g[0].calls == 1 && g[0].status == 429 && g[0].code == 30046);
	ask(young, &g[1]);
	IS_INT(nsent, 2);
	answer(1, 200, "", "{}");
	IS_INT(g[1].status, 200);
	/* the same without a word of how long: that does not stop everything either */
	ask(old, &g[0]);
	answer(2, 429, "", "{\"message\":\"Maximum number of edits\",\"code\":30046}");
	OK(g[0].calls == 1 && g[0].code == 30046);
	ask(young, &g[2]);
	IS_INT(nsent, 4);
	answer(3, 200, "", "{}");
	over();
}

static void
test_5xx(void)
{
	struct gsp_rest_req q = edit("/channels/1/messages/2", "1");
	struct got g;
	int64_t at;

	begin();
	q.until_ms = now + 60000;
	ask(q, &g);
	for (size_t i = 0; i < 7 && g.calls == 0; i++) {
		answer(i, 502, "", "<html>bad gateway</html>");
		if (g.calls > 0)
			break;
		later(0);
		at = gsp_rest_next_ms(rest) - now;
		if (!OK(at == (i < 6 ? (int64_t)500 << i : 30000)))
			printf("# %zu: %" PRId64 "\n", i, at);
		later(at);
	}
	OK(g.calls == 1 && g.status == 502 && !g.dropped);
	IS_STR(g.why, "HTTP 502");
	IS_INT(nsent, 7);
	q.repeat = false;
	ask(q, &g);
	OK(nsent == 8);
	answer(7, 503, "", "");
	OK(g.calls == 1 && g.status == 503);
	over();
}

static void
test_lost(void)
{
	struct gsp_rest_req q = edit("/channels/1/messages/2", "1");
	struct got g;

	begin();
	ask(q, &g);
	fail(0, GSP_HTTP_BROKEN); /* to be repeated */
	later(500);
	IS_INT(nsent, 2);
	fail(1, GSP_HTTP_TIMEOUT);
	later(1000);
	IS_INT(nsent, 3);
	fail(2, GSP_HTTP_UNTRUSTED);
	OK(g.calls == 1 && g.status == 0 && strcmp(g.why, "cut off") == 0);
	q.repeat = false;
	ask(q, &g);
	fail(3, GSP_HTTP_UNSENT); /* reached nobody: again, whatever it is */
	later(500);
	IS_INT(nsent, 5);
	fail(4, GSP_HTTP_BROKEN);
	OK(g.calls == 1 && g.status == 0 && !g.dropped);
	over();
}

static void
test_too_late(void)
{
	struct gsp_rest_req q = edit("/channels/1/messages/2", "1");
	struct got g[2];

	begin();
	ask(q, &g[0]);
	q.until_ms = now + 2000;
	ask(q, &g[1]);
	IS_INT(nsent, 1);
	IS_INT(gsp_rest_next_ms(rest) - now, 2000);
	later(2000);
	OK(g[1].calls == 1 && g[1].dropped && g[1].status == 0 && g[0].calls == 0);
	/* tried, and then no time left */
	answer(0, 200, "", "{}");
	q.until_ms = now + 2000;
	ask(q, &g[1]);
	answer(1, 500, "", "{\"message\":\"oh\",\"code\":0}");
	later(100);
	ask(edit("/channels/1/messages/3", "2"), NULL);
	IS_INT(nsent, 3);
	now += 3000; /* asleep over it */
	gsp_rest_tick(rest);
	OK(g[1].calls == 1 && g[1].status == 500 && !g[1].dropped && strstr(g[1].why, "oh") != NULL);
	over();
}

static void
test_401(void)
{
	struct gsp_rest_req q = edit("/channels/1/messages/2", "1"), call = {.method = "POST",
	    .path = "/interactions/1/t/callback", .body = "{}"}, hook = {.method = "PATCH",
	    .path = "/webhooks/1/t/messages/@original", .route = "PATCH /webhooks/1/t/messages/@original"};
	struct got g[4];

	begin();
	ask(q, &g[0]);
	ask(q, &g[1]); /* waits */
	OK(!gsp_rest_refused(rest));
	answer(0, 401, "", "{\"message\":\"401: Unauthorized\",\"code\":0}");
	OK(gsp_rest_refused(rest));
	OK(g[0].calls == 1 && g[0].status == 401);
	IS_STR(g[0].why, "401: Unauthorized (HTTP 401)");
	later(0);
	OK(g[1].calls == 1 && g[1].status == 401 && strstr(g[1].why, "not sent") != NULL);
	q.route = "GET /users/@me";
	ask(q, &g[1]);
	OK(g[1].calls == 1 && g[1].status == 401);
	IS_INT(nsent, 1);
	ask(call, &g[2]);
	ask(hook, &g[3]);
	IS_INT(nsent, 3);
	answer(1, 204, "", "");
	answer(2, 401, "", "{\"message\":\"Invalid Webhook Token\",\"code\":50027}");
	IS_INT(g[3].code, 50027);
	over();
	begin(); /* a webhook's 401 says nothing of the bot's token */
	ask(hook, &g[3]);
	answer(0, 401, "", "{\"message\":\"Invalid Webhook Token\",\"code\":50027}");
	OK(!gsp_rest_refused(rest));
	ask(hook, &g[3]);
	OK(g[3].calls == 1 && g[3].status == 401 && nsent == 1);
	over();
}

static void
test_403_404(void)
{
	struct gsp_rest_req q = edit("/channels/1/messages/2", "1"), hook = {.method = "POST",
	    .path = "/webhooks/1/t?wait=true", .route = "POST /webhooks/1/t"};
	struct got g[3];

	begin();
	ask(q, &g[0]);
	ask(q, &g[1]);
	answer(0, 403, "", "{\"message\":\"Missing Permissions\",\"code\":50013}");
	IS_STR(g[0].why, "Missing Permissions (50013)");
	later(0);
	OK(g[1].calls == 1 && g[1].status == 403 && g[1].code == 50013 && !g[1].dropped);
	IS_INT(nsent, 1);
	later(GSP_REFUSED_FORBIDDEN_MS);
	ask(q, &g[1]);
	IS_INT(nsent, 2); /* somebody may have mended it */
	ask(hook, &g[2]);
	answer(2, 404, "", "{\"message\":\"Unknown Webhook\",\"code\":10015}");
	ask(hook, &g[2]);
	OK(g[2].calls == 1 && g[2].status == 404 && g[2].code == 10015 && nsent == 3);
	later(86400000);
	ask(hook, &g[2]);
	IS_INT(nsent, 3);
	over();
}

static void
test_many(void)
{
	static struct got g[1000];
	struct gsp_rest_req q = edit("/channels/1/messages/2", "1");
	char path[64], route[64], head[256];
	size_t answered = 0, worst = 0, from;
	int64_t second = 0;
	int n = 0;

	begin();
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(path, sizeof(path), "/channels/%d/messages/%d", i % 40, i);
		(void)snprintf(route, sizeof(route), "PATCH /channels/%d/messages/{}", i % 40);
		q.path = path;
		q.route = route;
		q.line = (uint64_t)i % 100 + 1;
		memset(&g[i], 0, sizeof(g[i]));
		gsp_rest_send(rest, &q, on_end, &g[i]);
	}
	second = now;
	from = 0;
	while (!gsp_rest_idle(rest) && n++ < 100000) {
		gsp_rest_tick(rest);
		if (now - second >= 1000) {
			worst = nsent - from > worst ? nsent - from : worst;
			from = nsent;
			second = now;
		}
		(void)snprintf(head, sizeof(head), LIMIT("5", "%d", "2"), 4 - (int)(answered % 5));
		if (answered < nsent) {
			answer(answered, 200, head, "{}");
			answered++;
		} else
			now = gsp_rest_next_ms(rest) > now ? gsp_rest_next_ms(rest) : now + 1;
	}
	OK(gsp_rest_idle(rest));
	for (int i = 0; i < 1000; i++)
		n = g[i].calls == 1 && g[i].status == 200 ? n : -1;
	OK(n > 0);
	OK(worst <= 2 * 45);
	printf("# 1000 edits of 40 channels in %" PRId64 " ms\n", now - 1000000);
	over();
}

/* Edits that nobody answers leave room for what has three seconds, and for the gateway. */
static void
test_slow(void)
{
	struct gsp_rest_req q = edit("/channels/1/messages/2", "1");
	struct gsp_rest_req first = {.method = "POST", .path = "/interactions/1/tok/callback", .body = "{}"};
	struct gsp_rest_req where = {.method = "GET", .path = "/gateway/bot", .route = "GET /gateway/bot",
	    .auth = true};
	char route[64];

	begin();
	for (int i = 0; i < 40; i++) {
		(void)snprintf(route, sizeof(route), "PATCH /channels/%d/messages/{}", i);
		q.route = route;
		ask(q, NULL);
	}
	IS_INT(nsent, 8);
	ask(first, NULL);
	ask(where, NULL);
	IS_INT(nsent, 10);
	fail(0, GSP_HTTP_LOCAL);
	answer(1, 200, "", "{}");
	later(0);
	IS_INT(nsent, 12);
	over();
}

/* A second try has a connection of its own, and goes no sooner than the first may after 429. */
static void
test_beside(void)
{
	struct gsp_rest_req q = {.method = "POST", .path = "/interactions/1/tok/callback", .body = "{}"};

	begin();
	ask(q, NULL);
	OK(!sent[0].once);
	q.anew = true;
	ask(q, NULL);
	IS_INT(nsent, 2);
	OK(sent[1].once);
	over();
	begin();
	q.anew = false;
	ask(q, NULL);
	answer(0, 429, "X-RateLimit-Scope: shared\r\n", "{\"retry_after\":1.5,\"global\":false}");
	q.anew = true;
	ask(q, NULL);
	IS_INT(nsent, 1);
	q.path = "/interactions/2/tok/callback";
	ask(q, NULL);
	IS_INT(nsent, 2);
	later(1499);
	IS_INT(nsent, 2);
	later(1);
	IS_INT(nsent, 4);
	over();
}

static void
again(void *ctx, const struct gsp_rest_res *res)
{
	int *left = ctx;

	(void)res;
	if (--*left > 0) {
		struct gsp_rest_req q = edit("bad path", NULL);

		gsp_rest_send(rest, &q, again, left); /* from within: told in the same tick, no recursion */
	}
}

static void
test_from_within(void)
{
	struct gsp_rest_req q = edit("/channels/1/messages/2", "1");
	int left = 5;

	begin();
	gsp_rest_send(rest, &q, again, &left);
	gsp_rest_tick(rest);
	answer(0, 200, "", "{}");
	gsp_rest_tick(rest);
	IS_INT(left, 0);
	OK(gsp_rest_idle(rest));
	ask(q, NULL); /* what is queued or under way is dropped with it */
	ask(q, NULL);
	over();
	gsp_rest_free(NULL);
}

static void
explain(const char *want, long status, const char *body)
{
	struct gsp_json *root = NULL;
	struct gsp_err err = GSP_ERR_INIT;
	char text[300];

	(void)gsp_json_parse(&root, body, strlen(body), &err);
	gsp_discord_explain(text, sizeof(text), status, root);
	IS_STR(text, want);
	gsp_json_free(root);
}

static void
test_explain(void)
{
	struct gsp_json *root = NULL;
	struct gsp_err err = GSP_ERR_INIT;
	char text[20];

	explain("Missing Permissions (50013)", 403, "{\"message\":\"Missing Permissions\",\"code\":50013}");
	explain("HTTP 502", 502, "<html>");
	explain("HTTP 500", 500, "[]");
	explain("error (7)", 500, "{\"code\":7}");
	explain("two?lines?? (1)", 400, "{\"message\":\"two\\nlines\xc3\xa9\",\"code\":1}");
	explain("Invalid Form Body (50035); embeds.0.description: too long; content: bad; content: worse",
	    400, "{\"code\":50035,\"message\":\"Invalid Form Body\",\"errors\":{\"embeds\":{\"0\":{"
		 "\"description\":{\"_errors\":[{\"code\":\"X\",\"message\":\"too long\"}]}}},\"content\":{"
		 "\"_errors\":[{\"message\":\"bad\"},{\"message\":\"worse\"}]}}}");
	explain("Invalid Form Body (50035); body: empty", 400,
	    "{\"code\":50035,\"message\":\"Invalid Form Body\",\"errors\":{\"_errors\":[{\"message\":"
	    "\"empty\"}]}}");
	OK(gsp_json_parse(&root, "{\"message\":\"0123456789012345678901234567890\",\"code\":5}", 55, &err) ==
		-1 || root != NULL);
	gsp_discord_explain(text, sizeof(text), 400, root);
	IS_STR(text, root != NULL ? "0123456789012345678" : "HTTP 400");
	gsp_json_free(root);
	/* what is not for a log */
	IS_STR(gsp_discord_hides("/interactions/1/SeCrEt/callback"), "/interactions/...");
	IS_STR(gsp_discord_hides("/webhooks/1/SeCrEt/messages/@original"), "/webhooks/...");
	OK(gsp_discord_hides("/channels/1/messages") == NULL);
}

static void
test_new(void)
{
	struct gsp_rest_opts o = {.base = "http://discord.example/api", .token = TOKEN};
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_rest *r = NULL;

	OK(gsp_rest_new(&r, &o, &err) == -1 && err.code == GSP_ECONFIG);
	o.base = "https://discord.example/api";
	o.token = "two\nlines";
	OK(gsp_rest_new(&r, &o, &err) == -1 && err.code == GSP_ECONFIG);
	OK(r == NULL && strchr(err.msg, '\n') == NULL);
}

int
main(void)
{
	test_plain();
	test_line();
	test_line_waits();
	test_bucket();
	test_429();
	test_old_edits();
	test_5xx();
	test_lost();
	test_too_late();
	test_401();
	test_403_404();
	test_many();
	test_slow();
	test_beside();
	test_from_within();
	test_explain();
	test_new();
	return done();
}
