/*
 * query/minecraft: Minecraft Java's Server List Ping (1.7 and later), over TCP.
 *
 * A packet is a VarInt length, then that many bytes: a VarInt packet id and its fields. We send a
 * handshake that asks for "status" and the status request; the server sends one packet with a
 * string of JSON. The connection is the proof that it answers us.
 * Source: minecraft.wiki, "Java Edition protocol/Server List Ping" and ".../Data types".
 */
#ifndef GSP_QUERY_MINECRAFT_H
#define GSP_QUERY_MINECRAFT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "query/query.h"
#include "query/sock.h"

/* A string of the protocol has 32767 characters, 4 bytes each at most; servers with hundreds of
 * mods send more. Four times that is no status any more. */
#define GSP_MINECRAFT_MAX (512 * 1024)

/** gsp_minecraft_question(out, host, port): handshake and status request. */
void gsp_minecraft_question(struct gsp_buf *out, const char *host, uint16_t port);

/**
 * gsp_minecraft_frame(at, size, data, len, err):
 * The packet at the beginning of ${data}: where its ${size} bytes begin. 1 when its length is
 * known (it is whole if *at + *size <= ${len}), 0 when that takes more bytes.
 * Errors: GSP_EPROTO a length that is none; GSP_ELIMIT above GSP_MINECRAFT_MAX.
 */
int gsp_minecraft_frame(size_t *at, size_t *size, const uint8_t *data, size_t len,
    struct gsp_err *err);

/**
 * gsp_minecraft_status(q, data, len, err):
 * A whole packet without its length. GSP_EPROTO if it is not just one status that has a count.
 */
int gsp_minecraft_status(struct gsp_query *q, const uint8_t *data, size_t len,
    struct gsp_err *err);

/** gsp_minecraft_ask(q, peer, deadline_ms, err): over a connection. */
gsp_qsock_fn gsp_minecraft_ask;

#endif
