/*
 * gsp/players: how many play on a server of this home, asked as its `query:` says: the game's own
 * protocol, the script `players`, or the connections on its ports.
 */
#ifndef GSP_GSP_PLAYERS_H
#define GSP_GSP_PLAYERS_H

#include "base/err.h"
#include "gsp/job.h"
#include "query/query.h"

/** How gsp_players_ask() asks: "script", "tcp", or a protocol's name; "none": there is no honest
 * way. */
const char *gsp_players_how(const struct gsp_home *h, const struct gsp_server_conf *conf);

/** gsp_players_port(conf, proto): where ${proto} is asked: `query: {port: N}`, else the first
 * listed port of its kind (tcp, udp), else its usual one. */
uint16_t gsp_players_port(const struct gsp_server_conf *conf, const char *proto);

/**
 * gsp_players_ask(out, job, timeout_ms, err):
 * ${job} needs a session with a machine, and no lock. Without `query:` in server.yaml: the script
 * `players` if there is one; else the established connections if all its ports are tcp; else
 * nobody can tell.
 * ${timeout_ms} is for the question; to connect over ssh (script, tcp) may take 20 s more. A
 * script that another process runs there is waited for, not disturbed.
 * Errors: GSP_ETEMP cannot tell, with why and what would let it; GSP_ECANCEL. Never a guess.
 * Release ${out} with gsp_query_release(), also after an error.
 */
int gsp_players_ask(struct gsp_query *out, struct gsp_job *job, int64_t timeout_ms,
    struct gsp_err *err);

/** gsp_players_ask_by(out, job, how, timeout_ms, err): the same, asked by ${how} ("script", "tcp",
 * a protocol), whatever its settings say. */
int gsp_players_ask_by(struct gsp_query *out, struct gsp_job *job, const char *how,
    int64_t timeout_ms, struct gsp_err *err);

/** gsp_players_number(out, text, err): what a script `players` printed: one whole number, white
 * space around it. GSP_EPROTO. */
int gsp_players_number(uint32_t *out, const char *text, struct gsp_err *err);

#endif
