/*
 * net_gateway: discord/gateway's machine with a socket (net/ws) and REST around it.
 */
#ifndef GSP_CMD_NET_GATEWAY_H
#define GSP_CMD_NET_GATEWAY_H

#include "net.h"

/** net_gateway_new(net): from net->hello; begins at the first tick. */
struct net_gateway *net_gateway_new(struct net *net);
void net_gateway_free(struct net_gateway *g);
void net_gateway_tick(struct net_gateway *g);
int64_t net_gateway_next_ms(const struct net_gateway *g);

/** net_gateway_leave(g): hang up so that the session can be resumed, and tell the monitor how; no
 * event comes any more. net_gateway_gone(g): the close frame was answered, or need not be. */
void net_gateway_leave(struct net_gateway *g);
bool net_gateway_gone(const struct net_gateway *g);

#endif
