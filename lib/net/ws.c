#include "net/ws.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/multi_priv.h"
#include "net/ws_priv.h"

#include "base/banned.h"

#define READ_BYTES 16384 /* a record of TLS */
#define READS_MAX 64     /* per turn: others want theirs */
#define KEEP_IDLE_S 60   /* the kernel's own look whether the peer lives */
#define KEEP_INTVL_S 15

int64_t gsp_ws_open_ms = GSP_WS_OPEN_MS;

struct gsp_ws {
	struct gsp_multi_job job;
	struct gsp_multi_watch watch;
	struct gsp_multi *m;
	CURL *easy;
	struct gsp_curl_target target;
	struct gsp_ws_proto *proto;
	const struct gsp_ws_events *ev;
	void *ctx;
	bool connected, closing, ended;
	bool mute; /* nothing can be sent any more; what the peer said before may still be there */
	bool *freed; /* of who calls back: set when we are freed meanwhile */
	char reason[CURL_ERROR_SIZE];
};

static struct gsp_ws *
of_watch(struct gsp_multi_watch *w)
{
	return (struct gsp_ws *)(void *)((char *)w - offsetof(struct gsp_ws, watch));
}

/* ---- bytes ---- */

/* Read what there is, a bounded part of it. true: there may be more. */
static bool
pull(struct gsp_ws *ws, unsigned *reads)
{
	char buf[READ_BYTES];
	size_t n = 0;
	CURLcode code;

	if (!gsp_ws_proto_hungry(ws->proto) || *reads == READS_MAX)
		return false;
	++*reads;
	code = curl_easy_recv(ws->easy, buf, sizeof(buf), &n);
	if (code == CURLE_AGAIN)
		return false;
	if (code != CURLE_OK)
		gsp_ws_proto_lost(ws->proto, "the connection broke off");
	else if (n == 0)
		gsp_ws_proto_lost(ws->proto, NULL);
	else
		gsp_ws_proto_feed(ws->proto, buf, n);
	return true;
}

/* Send what can be sent now. */
static void
push(struct gsp_ws *ws)
{
	const char *data;
	size_t n, sent;

	while (!ws->mute && (n = gsp_ws_proto_out(ws->proto, &data)) > 0) {
		CURLcode code = curl_easy_send(ws->easy, data, n, &sent);

		if (code == CURLE_AGAIN)
			return;
		if (code != CURLE_OK) {
			ws->mute = true;
			return;
		}
		gsp_ws_proto_sent(ws->proto, sent);
	}
}

/* libcurl closes the connection as the handle leaves. */
static void
disconnect(struct gsp_ws *ws)
{
	gsp_multi_unwatch(ws->m, &ws->watch);
	if (ws->easy == NULL)
		return;
	curl_multi_remove_handle(gsp_multi_handle(ws->m), ws->easy);
	curl_easy_cleanup(ws->easy);
	ws->easy = NULL;
}

/* ---- facts ---- */

/* Tell what happened. false: we are freed, or it was the end. */
static bool
tell(struct gsp_ws *ws)
{
	struct gsp_ws_fact f;
	bool freed = false;

	ws->freed = &freed;
	for (;;) {
		switch (gsp_ws_proto_pop(ws->proto, &f)) {
		case GSP_WS_NOTHING: ws->freed = NULL; return true;
		case GSP_WS_OPENED:
			ws->watch.due_ms = INT64_MAX;
			gsp_debug("websocket to %s is open", ws->target.host);
			ws->ev->open(ws->ctx);
			break;
		case GSP_WS_TEXT: ws->ev->text(ws->ctx, f.text, f.len); break;
		case GSP_WS_ENDED:
			ws->ended = true;
			disconnect(ws);
			gsp_debug("websocket to %s: %s", ws->target.host, f.why);
			ws->ev->closed(ws->ctx, f.code, f.why);
			if (!freed)
				ws->freed = NULL;
			return false;
		}
		if (freed)
			return false;
	}
}

/* What to wait for next. */
static void
arm(struct gsp_ws *ws)
{
	const char *data;

	ws->watch.events = (short)((gsp_ws_proto_hungry(ws->proto) ? POLLIN : 0) |
				   (gsp_ws_proto_out(ws->proto, &data) > 0 ? POLLOUT : 0));
	if (!ws->closing && gsp_ws_proto_is_closing(ws->proto)) {
		ws->closing = true;
		ws->watch.due_ms = gsp_now_ms() + GSP_WS_CLOSE_MS;
	}
}

/* Tell, answer, and tell what came of it. false: as tell(). */
static bool
settle(struct gsp_ws *ws)
{
	if (!tell(ws))
		return false;
	if (ws->connected)
		push(ws);
	return tell(ws);
}

/* Everything that can be done now. */
static void
go(struct gsp_ws *ws)
{
	unsigned reads = 0;

	do {
		if (!settle(ws))
			return;
	} while (ws->connected && pull(ws, &reads));
	if (ws->mute) {
		gsp_ws_proto_lost(ws->proto, "the connection broke off");
		settle(ws);
		return;
	}
	arm(ws);
	if (reads == READS_MAX)
		ws->watch.soon = true;
}

static void
on_turn(struct gsp_multi_watch *w, short revents)
{
	struct gsp_ws *ws = of_watch(w);

	(void)revents;
	if (ws->watch.due_ms <= gsp_now_ms()) {
		ws->watch.due_ms = INT64_MAX;
		gsp_ws_proto_lost(ws->proto,
		    ws->closing ? NULL : "it did not open the WebSocket in time");
	}
	go(ws);
}

/* libcurl has a connection, or has none. */
static void
on_connected(struct gsp_multi_job *job, CURLcode code)
{
	struct gsp_ws *ws = (struct gsp_ws *)(void *)job;
	curl_socket_t fd = CURL_SOCKET_BAD;
	struct gsp_err err = GSP_ERR_INIT;

	if (code == CURLE_OK)
		curl_easy_getinfo(ws->easy, CURLINFO_ACTIVESOCKET, &fd);
	if (gsp_curl_untrusted(code))
		(void)gsp_multi_distrust(ws->m); /* the next one looks elsewhere */
	if (code != CURLE_OK) {
		gsp_curl_unsent(&err, ws->easy, &ws->target, code, ws->reason);
		gsp_ws_proto_lost(ws->proto, err.msg);
	} else if (fd == CURL_SOCKET_BAD)
		gsp_ws_proto_lost(ws->proto, "the connection broke off");
	else {
		ws->watch.fd = (int)fd;
		ws->connected = true;
	}
	go(ws);
}

/* ---- life ---- */

/* wss://host:port/path?query as libcurl's https://host:port/..., and what of it may be shown. */
static int
translate(struct gsp_buf *url, char *shown, size_t size, const char *ws_url)
{
	bool tls = strncasecmp(ws_url, "wss://", 6) == 0;
	const char *rest;

	if (!tls && strncasecmp(ws_url, "ws://", 5) != 0)
		return -1;
	rest = ws_url + (tls ? 6 : 5);
	snprintf(shown, size, "%s://%.*s", tls ? "wss" : "ws", (int)strcspn(rest, "/?#@"), rest);
	gsp_buf_addf(url, "%s://%s", tls ? "https" : "http", rest);
	return gsp_buf_ok(url) ? 0 : -1;
}

/* The protocol's part of the URL: libcurl gets no path and no query. */
static int
prepare(struct gsp_ws *ws, const char *agent, struct gsp_err *err)
{
	const struct gsp_curl_target *t = &ws->target;
	bool tls = strcmp(t->scheme, "https") == 0;
	struct gsp_buf host = GSP_BUF_INIT(1024), target = GSP_BUF_INIT(8192);
	int rc;

	gsp_buf_adds(&host, t->host);
	if (strcmp(t->port, tls ? "443" : "80") != 0)
		gsp_buf_addf(&host, ":%s", t->port);
	gsp_buf_addf(&target, "%s%s%s", t->path, t->query != NULL ? "?" : "",
	    t->query != NULL ? t->query : "");
	if (!gsp_buf_ok(&host) || !gsp_buf_ok(&target))
		rc = gsp_err_set(err, GSP_ECONFIG, "the URL of a WebSocket is too long");
	else
		rc = gsp_ws_proto_new(&ws->proto, gsp_buf_str(&host), gsp_buf_str(&target), agent,
		    GSP_WS_TEXT_MAX, err);
	gsp_buf_release(&host);
	gsp_buf_release(&target);
	return rc;
}

static int
connect_to(struct gsp_ws *ws, struct gsp_err *err)
{
	const struct gsp_curl_target *t = &ws->target;
	struct gsp_buf url = GSP_BUF_INIT(1024);
	CURL *e = ws->easy = curl_easy_init();
	bool ok;

	gsp_buf_addf(&url, "%s://%s:%s/", t->scheme, t->host, t->port);
	ok = e != NULL && gsp_buf_ok(&url);
	if (ok) {
		curl_easy_setopt(e, CURLOPT_URL, gsp_buf_str(&url));
		curl_easy_setopt(e, CURLOPT_CONNECT_ONLY, 1L);
		gsp_curl_secure(e, t, gsp_multi_ca_file(ws->m));
		gsp_multi_trust(ws->m, e);
		gsp_curl_hasten(e);
		gsp_curl_mortal(e);
		/* ALPN says http/1.1: without any, libcurl would not know whether requests to the
		 * same host can share this connection, and let them wait to find out */
		curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
		curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L);
		curl_easy_setopt(e, CURLOPT_HTTPPROXYTUNNEL, 1L);
		curl_easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
		curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
		curl_easy_setopt(e, CURLOPT_TCP_KEEPIDLE, (long)KEEP_IDLE_S);
		curl_easy_setopt(e, CURLOPT_TCP_KEEPINTVL, (long)KEEP_INTVL_S);
		curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)gsp_ws_open_ms);
		curl_easy_setopt(e, CURLOPT_BUFFERSIZE, 1024L); /* unused but by a proxy's answer */
		curl_easy_setopt(e, CURLOPT_ERRORBUFFER, ws->reason);
		curl_easy_setopt(e, CURLOPT_PRIVATE, &ws->job);
		ok = curl_multi_add_handle(gsp_multi_handle(ws->m), e) == CURLM_OK;
	}
	gsp_buf_release(&url);
	return ok ? 0 : gsp_err_set(err, GSP_ESYS, "out of memory");
}

int
gsp_ws_new(struct gsp_ws **out, struct gsp_multi *m, const char *url, const char *agent,
    const struct gsp_ws_events *ev, void *ctx, struct gsp_err *err)
{
	struct gsp_buf http = GSP_BUF_INIT(8192);
	struct gsp_ws *ws = calloc(1, sizeof(*ws));
	char shown[256];
	int rc = -1;

	if (ws == NULL)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	ws->m = m;
	ws->ev = ev;
	ws->ctx = ctx;
	ws->job.done = on_connected;
	ws->watch = (struct gsp_multi_watch){
	    .fd = -1, .due_ms = gsp_now_ms() + gsp_ws_open_ms, .turn = on_turn};
	if (translate(&http, shown, sizeof(shown), url) == -1)
		gsp_err_set(err, GSP_ECONFIG, "the URL of a WebSocket does not begin with wss://");
	else if (gsp_curl_target_parse(&ws->target, gsp_buf_str(&http), shown, err) == 0 &&
		 prepare(ws, agent, err) == 0 && connect_to(ws, err) == 0)
		rc = 0;
	gsp_buf_release(&http);
	if (rc == -1) {
		gsp_ws_free(ws);
		return -1;
	}
	gsp_multi_watch(m, &ws->watch);
	gsp_debug("opening a websocket to %s port %s", ws->target.host, ws->target.port);
	*out = ws;
	return 0;
}

int
gsp_ws_send(struct gsp_ws *ws, const char *text, size_t len, struct gsp_err *err)
{
	if (ws->ended)
		return gsp_err_set(err, GSP_EIO, "the WebSocket is closed");
	if (gsp_ws_proto_text(ws->proto, text, len, err) == -1)
		return -1;
	ws->watch.soon = true;
	return 0;
}

void
gsp_ws_close(struct gsp_ws *ws, int code)
{
	if (ws->ended)
		return;
	gsp_ws_proto_close(ws->proto, code);
	ws->watch.soon = true; /* ->closed comes from the wait, never from here */
}

void
gsp_ws_free(struct gsp_ws *ws)
{
	if (ws == NULL)
		return;
	if (ws->freed != NULL)
		*ws->freed = true;
	disconnect(ws);
	gsp_ws_proto_free(ws->proto);
	gsp_curl_target_release(&ws->target);
	free(ws);
}
