#include "net_send.h"

#include <string.h>

#include "fmt/json.h"
#include "net/http.h"

#include "base/banned.h"

enum { PATH_MAX_BYTES = 4096 };

enum net_outcome
net_outcome(const struct gsp_rest_res *res)
{
	if (res->status >= 200 && res->status < 300)
		return NET_TAKEN;
	if (res->dropped)
		return NET_DROPPED;
	if (res->code == 30046)
		return NET_SLOWER;
	if (res->status == 401 || res->status == 403 || res->status == 404 || res->code == 50027)
		return NET_GONE;
	if (res->status == 0 || res->status == 408 || res->status == 429 || res->status >= 500)
		return NET_AGAIN;
	return NET_WRONG;
}

/* Send it; ${path} and ${route} are released. */
static void
go(struct net *net, struct gsp_rest_req *req, struct gsp_buf *path, struct gsp_buf *route,
    const struct gsp_buf *body, gsp_rest_fn *fn, void *ctx)
{
	req->path = gsp_buf_str(path);
	req->route = route != NULL ? gsp_buf_str(route) : NULL;
	req->body = gsp_buf_str(body);
	gsp_rest_send(net->rest, req, fn, ctx);
	gsp_buf_release(path);
	if (route != NULL)
		gsp_buf_release(route);
}

void
net_send_callback(struct net *net, const char *id, const char *token, bool reply,
    const struct gsp_buf *body, int64_t until_ms, bool anew, gsp_rest_fn *fn, void *ctx)
{
	struct gsp_buf path = GSP_BUF_INIT(PATH_MAX_BYTES);
	struct gsp_rest_req req = {.method = "POST", .until_ms = until_ms, .anew = anew};

	gsp_buf_addf(&path, "/interactions/%s/", id);
	gsp_http_escape(&path, token);
	gsp_buf_addf(&path, "/callback%s", reply ? "?with_response=true" : "");
	go(net, &req, &path, NULL, body, fn, ctx);
}

void
net_send_original(struct net *net, const char *app, const char *token,
    const struct gsp_buf *body, uint64_t line, int64_t until_ms, gsp_rest_fn *fn, void *ctx)
{
	struct gsp_buf path = GSP_BUF_INIT(PATH_MAX_BYTES), route = GSP_BUF_INIT(PATH_MAX_BYTES);
	struct gsp_rest_req req = {.method = "PATCH", .until_ms = until_ms, .repeat = true,
	    .line = line, .newest_only = true};

	gsp_buf_addf(&path, "/webhooks/%s/", app);
	gsp_http_escape(&path, token);
	gsp_buf_addf(&route, "PATCH %s/messages/{}", gsp_buf_str(&path));
	gsp_buf_adds(&path, "/messages/@original");
	go(net, &req, &path, &route, body, fn, ctx);
}

void
net_send_edit(struct net *net, const char *channel, const char *message,
    const struct gsp_buf *body, uint64_t line, int64_t until_ms, gsp_rest_fn *fn, void *ctx)
{
	struct gsp_buf path = GSP_BUF_INIT(PATH_MAX_BYTES), route = GSP_BUF_INIT(PATH_MAX_BYTES);
	struct gsp_rest_req req = {.method = "PATCH", .until_ms = until_ms, .repeat = true,
	    .auth = true, .line = line, .newest_only = true};

	gsp_buf_addf(&path, "/channels/%s/messages/%s", channel, message);
	gsp_buf_addf(&route, "PATCH /channels/%s/messages/{}", channel);
	go(net, &req, &path, &route, body, fn, ctx);
}

void
net_send_post(struct net *net, const char *channel, const struct gsp_buf *body,
    int64_t until_ms, gsp_rest_fn *fn, void *ctx)
{
	struct gsp_buf path = GSP_BUF_INIT(PATH_MAX_BYTES), route = GSP_BUF_INIT(PATH_MAX_BYTES);
	struct gsp_rest_req req = {.method = "POST", .until_ms = until_ms, .repeat = true,
	    .auth = true};

	gsp_buf_addf(&path, "/channels/%s/messages", channel);
	gsp_buf_addf(&route, "POST %s", gsp_buf_str(&path));
	go(net, &req, &path, &route, body, fn, ctx);
}

/* As a webhook takes it. */
static void
plain(struct gsp_buf *out, const struct gsp_buf *body)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_json *v = NULL;

	if (gsp_json_parse(&v, gsp_buf_str(body), body->len, &ignored) == -1) {
		gsp_buf_adds(out, gsp_buf_str(body));
		return;
	}
	gsp_json_remove(v, "nonce");
	gsp_json_remove(v, "enforce_nonce");
	gsp_json_remove(v, "message_reference");
	gsp_json_print(out, v);
	gsp_json_free(v);
}

void
net_send_webhook(struct net *net, const char *path_text, const struct gsp_buf *body,
    int64_t until_ms, gsp_rest_fn *fn, void *ctx)
{
	struct gsp_buf path = GSP_BUF_INIT(PATH_MAX_BYTES), route = GSP_BUF_INIT(PATH_MAX_BYTES);
	struct gsp_buf text = GSP_BUF_INIT(NET_BODY_MAX);
	struct gsp_rest_req req = {.method = "POST", .until_ms = until_ms};

	plain(&text, body);
	gsp_buf_adds(&path, path_text);
	gsp_buf_adds(&route, "POST ");
	gsp_buf_add(&route, path_text, strcspn(path_text, "?"));
	gsp_buf_adds(&path, strchr(path_text, '?') != NULL ? "&wait=true" : "?wait=true");
	go(net, &req, &path, &route, &text, fn, ctx);
	gsp_buf_release(&text);
}

void
net_send_followup(struct net *net, const char *app, const char *token,
    const struct gsp_buf *body, int64_t until_ms, gsp_rest_fn *fn, void *ctx)
{
	struct gsp_buf path = GSP_BUF_INIT(PATH_MAX_BYTES);

	gsp_buf_addf(&path, "/webhooks/%s/", app);
	gsp_http_escape(&path, token);
	net_send_webhook(net, gsp_buf_str(&path), body, until_ms, fn, ctx);
	gsp_buf_release(&path);
}
