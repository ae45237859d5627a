/*
 * net: the network half of gsp-bot: what its parts share. One thread, one wait (net/multi); every
 * part has a _tick() and a _next_ms() for what it does by the clock.
 *
 *   net_main     start and loop          net_asks   what people ask, until it is answered
 *   net_link     the monitor's socket    net_jobs   jobs: their message and their end
 *   net_gateway  Discord's gateway       net_send   the requests themselves
 *
 * Moments are milliseconds of net->now_ms (monotonic) unless named wall.
 */
#ifndef GSP_CMD_NET_H
#define GSP_CMD_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"
#include "discord/rest.h"
#include "discord/talk.h"
#include "net/multi.h"

#define NET_NEVER INT64_MAX

struct net_link;
struct net_gateway;
struct net_asks;
struct net_jobs;

struct net {
	struct gsp_multi *multi;
	struct gsp_rest *rest;
	struct net_link *link;
	struct net_gateway *gateway;
	struct net_asks *asks;
	struct net_jobs *jobs;
	struct gsp_talk hello;
	int64_t (*now_ms)(void);
	int64_t (*wall_ms)(void);
	bool leaving;         /* nothing new is taken any more */
	int64_t leave_by_ms;
	int fatal;            /* the code of a FATAL that was told; 0 none */
	uint64_t unanswered;  /* gsp_rest_unanswered(), as last looked at */
	unsigned blind;       /* bits: files that were shut to us when we began */
	const char *stale;    /* one that is since then: leaving, to be started anew; NULL */
};

/** net_say(fmt, ...): one line for the log: what happened, ids, never a secret nor people's text. */
#define net_say(...) gsp_log(GSP_LOG_INFO, __VA_ARGS__)

/** net_fatal(net, code, why): tell the monitor that Discord refused for good, and leave. */
void net_fatal(struct net *net, int code, const char *why);

struct net_start {
	int64_t uid, gid;    /* whom to become; -1 to stay who we are */
	const char *ca_file; /* can be read afterwards, as what $SSL_CERT_FILE and $SSL_CERT_DIR name; NULL */
	bool https_only;     /* Discord is where it always is: no ports but https and DNS, if no proxy is set */
};

/** net_main(how, err): the whole life, on the socket NET_FD. */
int net_main(const struct net_start *how, struct gsp_err *err);
#define NET_FD 3

#endif
