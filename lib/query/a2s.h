/*
 * query/a2s: the queries of Source and GoldSrc games, over UDP.
 *
 * A2S_INFO has the count. A server may first want its four bytes of challenge sent back, so that
 * it does not answer to a forged address; its answer itself has no nonce, so what proves it is that
 * it comes from the address and port we asked, to the random port we asked from. A2S_PLAYER has
 * the names. An answer too large for one datagram comes in parts.
 * Source: Valve Developer Community, "Server queries".
 */
#ifndef GSP_QUERY_A2S_H
#define GSP_QUERY_A2S_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "query/query.h"
#include "query/sock.h"

#define GSP_A2S_PARTS_MAX 32
#define GSP_A2S_BYTES_MAX 65536 /* of all parts: 255 players with long names take a fifth of it */
#define GSP_A2S_HEAD      5     /* four bytes 0xff and the letter that says what it is */

/** gsp_a2s_letter(data, len): what a whole answer is: 'A' a challenge, 'I' and 'm' (GoldSrc)
 * info, 'D' players, ...; 0: it is not a whole answer. */
int gsp_a2s_letter(const uint8_t *data, size_t len);

/**
 * gsp_a2s_info(q, bots, data, len, err):
 * A whole answer 'I' or 'm'. q->players are without the ${bots}. What follows the version is not
 * looked at. GSP_EPROTO if it is cut short, or has more bots than players.
 */
int gsp_a2s_info(struct gsp_query *q, unsigned *bots, const uint8_t *data, size_t len,
    struct gsp_err *err);

/** gsp_a2s_names(q, data, len): the names in a whole answer 'D'. False, and no names, if it is
 * cut short. */
bool gsp_a2s_names(struct gsp_query *q, const uint8_t *data, size_t len);

struct gsp_a2s_split {
	struct gsp_buf part[GSP_A2S_PARTS_MAX]; /* datagrams as they came */
	size_t n, bytes;
	uint32_t id;
};

/**
 * gsp_a2s_split_add(s, out, data, len, err):
 * A datagram that begins with the mark of a part (0xfffffffe, little-endian). 1 when it was the
 * last that was missing: the whole answer is in ${out}; 0 when more are missing. A part of another
 * answer than the last begins anew.
 * Errors: GSP_EPROTO parts that contradict each other, or compressed ones (no server that is alive
 * today is known to send them); GSP_ELIMIT more than the above.
 */
int gsp_a2s_split_add(struct gsp_a2s_split *s, struct gsp_buf *out, const uint8_t *data,
    size_t len, struct gsp_err *err);

/** gsp_a2s_split_is(data, len): it has the mark of a part. */
bool gsp_a2s_split_is(const uint8_t *data, size_t len);
/** gsp_a2s_split_init(s), gsp_a2s_split_release(s): empty; and what it holds is freed. */
void gsp_a2s_split_init(struct gsp_a2s_split *s);
void gsp_a2s_split_release(struct gsp_a2s_split *s);

gsp_qsock_fn gsp_a2s_ask;

#endif
