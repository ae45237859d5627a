/*
 * net/ws_priv: the protocol half of net/ws, without I/O: bytes of the peer go in, bytes for the peer
 * and what they mean come out. ws.c carries the bytes; tests and the fuzzer do without it.
 *
 * ws_head.c is the opening handshake (RFC 6455 section 4), ws_proto.c the frames (section 5 on, by
 * libwslay) and what both make of the connection's life.
 */
#ifndef GSP_NET_WS_PRIV_H
#define GSP_NET_WS_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define GSP_WS_CLOSE_MS 2000     /* from the first close frame of either side to the end */
#define GSP_WS_HEAD_MAX 16384u   /* bytes of the handshake's answer */
#define GSP_WS_KEY_LEN 24        /* 16 bytes in base64 */
#define GSP_WS_ACCEPT_LEN 28     /* 20 bytes in base64 */
#define GSP_WS_PONGS_MAX 256     /* answers that wait because the peer does not read */
#define GSP_WS_WHY_MAX 256

extern int64_t gsp_ws_open_ms; /* GSP_WS_OPEN_MS; changed by tests only */

/* ---- ws_head.c ---- */

/** gsp_ws_accept(out, key): what a server answers to ${key}. */
void gsp_ws_accept(char out[GSP_WS_ACCEPT_LEN + 1], const char *key);

/** gsp_ws_key(out): a new random key. */
void gsp_ws_key(char out[GSP_WS_KEY_LEN + 1]);

/** gsp_ws_head_request(b, host, target, agent, key): append the client's half. */
void gsp_ws_head_request(struct gsp_buf *b, const char *host, const char *target,
    const char *agent, const char *key);

/** gsp_ws_head_check(head, len, key, err): the server's half: all lines, to the empty one. GSP_EPROTO
 * unless it switches to exactly the protocol that was asked for. */
int gsp_ws_head_check(const char *head, size_t len, const char *key, struct gsp_err *err);

/* ---- ws_proto.c ---- */

struct gsp_ws_proto;

enum gsp_ws_what {
	GSP_WS_NOTHING, /* until more bytes came, or went */
	GSP_WS_OPENED,
	GSP_WS_TEXT,    /* ->text, ->len */
	GSP_WS_ENDED    /* ->code, ->why; once, and the last: nothing more is to be sent or read */
};

struct gsp_ws_fact {
	const char *text; /* NUL-terminated; valid until the next call */
	size_t len;
	int code;
	const char *why;
};

/** gsp_ws_proto_new(out, host, target, agent, text_max, err): ${host}: with its port unless that is the
 * default; ${target}: path and query. Errors: GSP_EUSAGE for a line break or space in one of them. */
int gsp_ws_proto_new(struct gsp_ws_proto **out, const char *host, const char *target,
    const char *agent, size_t text_max, struct gsp_err *err);
void gsp_ws_proto_free(struct gsp_ws_proto *p);

/** gsp_ws_proto_hungry(p): it wants bytes of the peer: all that came before is worked off. */
bool gsp_ws_proto_hungry(const struct gsp_ws_proto *p);

/** gsp_ws_proto_feed(p, data, len): some came; only when it is hungry. ${data} is copied. */
void gsp_ws_proto_feed(struct gsp_ws_proto *p, const void *data, size_t len);

/** gsp_ws_proto_pop(p, fact): work, and say the next thing that happened. */
enum gsp_ws_what gsp_ws_proto_pop(struct gsp_ws_proto *p, struct gsp_ws_fact *fact);

/** gsp_ws_proto_out(p, data): bytes for the peer: how many. Until they are sent they stay where they
 * are. gsp_ws_proto_sent(p, n): the first ${n} are gone. */
size_t gsp_ws_proto_out(struct gsp_ws_proto *p, const char **data);
void gsp_ws_proto_sent(struct gsp_ws_proto *p, size_t n);

/** gsp_ws_proto_lost(p, why): the connection is gone, or is given up; NULL: the peer just ended it. */
void gsp_ws_proto_lost(struct gsp_ws_proto *p, const char *why);

bool gsp_ws_proto_is_open(const struct gsp_ws_proto *p);    /* texts may be sent */
bool gsp_ws_proto_is_closing(const struct gsp_ws_proto *p); /* a close frame came or is to go */

/** gsp_ws_proto_text(p, text, len, err): queue a message: GSP_EIO if it is not open, GSP_ELIMIT when
 * more than the ceiling of a message waits already. */
int gsp_ws_proto_text(struct gsp_ws_proto *p, const char *text, size_t len, struct gsp_err *err);
void gsp_ws_proto_close(struct gsp_ws_proto *p, int code);

#endif
