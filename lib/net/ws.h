/*
 * net/ws: a WebSocket client (RFC 6455) for text, on a connection that libcurl makes (name look-up,
 * proxy, TLS, certificates) and in the wait of net/multi. Frames are libwslay's.
 *
 * Answers pings by itself. A message may come in fragments; one above the ceiling closes with 1009.
 * No extension is offered, so one in the answer is refused, as is a wrong Sec-WebSocket-Accept.
 *
 * When nothing of what is sent gets through for ten seconds, the connection is given up.
 *
 * Bytes are sent and read in gsp_multi_wait() alone. SIGPIPE must be ignored, as gsp_sig_init() does.
 *
 * Source: RFC 6455; wslay 1.1; Debian 12's libcurl 7.88 has no ws:// of its own, hence
 * CURLOPT_CONNECT_ONLY.
 */
#ifndef GSP_NET_WS_H
#define GSP_NET_WS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "net/multi.h"

#define GSP_WS_TEXT_MAX (16u << 20) /* bytes of one message */
#define GSP_WS_OPEN_MS 20000        /* connection and handshake together */

struct gsp_ws;

/* Called from gsp_multi_wait(). In any of them gsp_ws_free() is allowed. */
struct gsp_ws_events {
	void (*open)(void *ctx);
	void (*text)(void *ctx, const char *text, size_t len); /* NUL-terminated; valid UTF-8 */
	/* The end, once, also of one that never opened: ${code} is what the peer's close frame said, 0
	 * for none; ${why} has the rest for a log ("cannot connect to ...", "the peer closed: ..."). */
	void (*closed)(void *ctx, int code, const char *why); /* nothing of the URL but its host in it */
};

/**
 * gsp_ws_new(out, m, url, agent, ev, ctx, err):
 * Begin to open ${url}: wss://, or ws:// to loopback. ${agent}: the User-Agent. -1 for a URL that is
 * refused (GSP_ECONFIG); all that happens later is told by ${ev}, which must outlive it.
 */
int gsp_ws_new(struct gsp_ws **out, struct gsp_multi *m, const char *url, const char *agent,
    const struct gsp_ws_events *ev, void *ctx, struct gsp_err *err);

/** gsp_ws_send(ws, text, len, err): queue a text message; it is copied, and sent in gsp_multi_wait().
 * GSP_EIO if it is not open, GSP_ELIMIT if with it more than GSP_WS_TEXT_MAX would wait. */
int gsp_ws_send(struct gsp_ws *ws, const char *text, size_t len, struct gsp_err *err);

/** gsp_ws_close(ws, code): send a close frame, and end at the peer's or after two seconds: ->closed
 * follows with code 0, from gsp_multi_wait(). No ->text comes in between. Before it is open: it just
 * ends, with ->closed. */
void gsp_ws_close(struct gsp_ws *ws, int code);

/** gsp_ws_free(ws): at once, no close frame, no callback. NULL is fine. Before its multi is freed. */
void gsp_ws_free(struct gsp_ws *ws);

#endif
