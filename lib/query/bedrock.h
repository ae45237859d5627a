/*
 * query/bedrock: Minecraft Bedrock's "unconnected ping", of the RakNet protocol, over UDP.
 *
 * The ping has eight bytes of our choice where RakNet puts its time; the pong brings them back,
 * which proves that whoever answers has read our question.
 * Source: minecraft.wiki, "RakNet" (Unconnected Ping, Unconnected Pong).
 */
#ifndef GSP_QUERY_BEDROCK_H
#define GSP_QUERY_BEDROCK_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "query/query.h"
#include "query/sock.h"

#define GSP_BEDROCK_PING  33 /* bytes */
#define GSP_BEDROCK_NONCE 8

/** gsp_bedrock_ping(out, nonce, guid): both 8 random bytes. */
void gsp_bedrock_ping(uint8_t out[GSP_BEDROCK_PING], const uint8_t nonce[GSP_BEDROCK_NONCE],
    const uint8_t guid[8]);

/**
 * gsp_bedrock_pong(q, nonce, data, len, err):
 * 1 an answer, in *q; 0 a datagram that does not answer our ping; -1 GSP_EPROTO, it answers, but
 * without a count that can be believed.
 */
int gsp_bedrock_pong(struct gsp_query *q, const uint8_t nonce[GSP_BEDROCK_NONCE],
    const uint8_t *data, size_t len, struct gsp_err *err);

gsp_qsock_fn gsp_bedrock_ask;

#endif
