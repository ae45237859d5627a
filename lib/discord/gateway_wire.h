/*
 * discord/gateway_wire: what goes over the gateway's wire, and what its codes mean: addresses,
 * payloads, close codes. No state; gateway.c has that.
 *
 * Source: Discord API v10, "Gateway" and "Opcodes and Status Codes" (2026-08).
 */
#ifndef GSP_DISCORD_GATEWAY_WIRE_H
#define GSP_DISCORD_GATEWAY_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum gsp_gateway_op {
	GSP_OP_DISPATCH = 0,
	GSP_OP_HEARTBEAT = 1,
	GSP_OP_IDENTIFY = 2,
	GSP_OP_RESUME = 6,
	GSP_OP_RECONNECT = 7,
	GSP_OP_INVALID = 9,
	GSP_OP_HELLO = 10,
	GSP_OP_ACK = 11
};

/**
 * gsp_gateway_url(out, url):
 * The address to open: ${url}'s host and path, exactly one '/', and our query. -1, with nothing
 * added, unless ${url} is wss:// (or ws:// to loopback), in printable ASCII, with a host, without a
 * user, and short enough.
 */
int gsp_gateway_url(struct gsp_buf *out, const char *url);

/** Payloads, as JSON. ${seq} < 0 is null. The first two hold the token. */
void gsp_gateway_identify(struct gsp_buf *out, const char *token);
void gsp_gateway_resume_text(
    struct gsp_buf *out, const char *token, const char *session_id, int64_t seq);
void gsp_gateway_heartbeat(struct gsp_buf *out, int64_t seq);

enum gsp_gateway_after {
	GSP_AFTER_RESUME,   /* reconnect and go on with the session */
	GSP_AFTER_IDENTIFY, /* reconnect; the session is gone */
	GSP_AFTER_NOTHING   /* never again */
};

/** gsp_gateway_after(code): what a close code asks for; 0: there was none. */
enum gsp_gateway_after gsp_gateway_after(int code);

/** gsp_gateway_fatal(code): why it is over and what to do, for people. For GSP_AFTER_NOTHING and the
 * HTTP status 401. Never NULL. */
const char *gsp_gateway_fatal(int code);

/** gsp_gateway_clean(out, size, text): ${text} of others on one line of a log: printable ASCII, all
 * else '?', cut. Returns out. */
const char *gsp_gateway_clean(char *out, size_t size, const char *text);

#endif
