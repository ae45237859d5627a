/*
 * query: how many play, asked of the game itself over the network. One parser a protocol; every
 * byte that comes back is a stranger's.
 *
 * An answer counts only if it proves that it answers us (a nonce where the protocol has one) and
 * is whole. "Cannot tell" is an error with a reason, never a zero.
 *
 * Minetest (Luanti) is not among them: its protocol tells a client who plays only after it has
 * logged in as a player. Its script `players` counts (examples/minetest).
 */
#ifndef GSP_QUERY_QUERY_H
#define GSP_QUERY_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/argv.h"
#include "base/err.h"

#define GSP_QUERY_NAMES_MAX 200 /* names kept; the count is not bound by it */
#define GSP_QUERY_NAME_MAX  64  /* bytes of one */
/* A count above it is nonsense: no server holds so many, and nobody is to believe it. */
#define GSP_QUERY_PLAYERS_MAX 1000000

struct gsp_query {
	uint32_t players;      /* people: bots are subtracted where the protocol tells */
	int64_t max;           /* -1: not said */
	struct gsp_argv names; /* those it gave, printable UTF-8; may be fewer than ${players} */
	char version[65];      /* "" not said; printable UTF-8 */
	char title[129];       /* what the server calls itself; the same */
	int64_t latency_ms;    /* from the question, first sent, to its whole answer; -1 unknown */
};

#define GSP_QUERY_INIT {.max = -1, .names = GSP_ARGV_INIT, .latency_ms = -1}

/** gsp_query_port(proto): the protocol's usual port; 0: no such protocol. */
uint16_t gsp_query_port(const char *proto);

/** gsp_query_udp(proto): it is asked over UDP, not TCP. */
bool gsp_query_udp(const char *proto);

/**
 * gsp_query_ask(out, proto, host, port, deadline_ms, err):
 * ${host}: a name or an address, IPv6 without brackets. Tries again within the deadline where the
 * protocol loses packets.
 * Errors: GSP_ETEMP no answer, refused, unknown host; GSP_EPROTO nonsense, or an answer that lacks
 * the count; GSP_ELIMIT above a ceiling; GSP_EUSAGE no such protocol, or no name of a host;
 * GSP_ECANCEL. All but the last two mean: cannot tell.
 * Release ${out} with gsp_query_release(), also after an error.
 */
int gsp_query_ask(struct gsp_query *out, const char *proto, const char *host, uint16_t port,
    int64_t deadline_ms, struct gsp_err *err);
void gsp_query_release(struct gsp_query *q);

/** gsp_query_set_players(q, n, err): for the parsers. GSP_EPROTO above GSP_QUERY_PLAYERS_MAX. */
int gsp_query_set_players(struct gsp_query *q, uint64_t n, struct gsp_err *err);

#endif
