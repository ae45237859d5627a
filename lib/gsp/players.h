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

/**
 * gsp_players_ask(out, job, timeout_ms, err):
 * ${job} needs a session with a machine, and no lock. Without `query:` in server.yaml: the script
 * `players` if there is one; else the established connections if all its ports are tcp; else
 * nobody can tell.
 * Errors: GSP_ETEMP cannot tell, with why and what would let it; GSP_ECANCEL. Never a guess.
 */
int gsp_players_ask(struct gsp_query *out, struct gsp_job *job, int64_t timeout_ms,
    struct gsp_err *err);

#endif
