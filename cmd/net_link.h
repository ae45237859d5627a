/*
 * net_link: the socket to the monitor: whole lines both ways, never blocking, never without bound.
 */
#ifndef GSP_CMD_NET_LINK_H
#define GSP_CMD_NET_LINK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "discord/talk.h"

struct net_link;

/** net_link_new(fd): of a connected stream socket, which becomes non-blocking and is not closed. */
struct net_link *net_link_new(int fd);
void net_link_free(struct net_link *l);

int net_link_fd(const struct net_link *l);
short net_link_events(const struct net_link *l); /* for poll */

/** net_link_read(l): take in what is there; ended at the end of file or a broken socket. */
void net_link_read(struct net_link *l);

/** net_link_next(t, l): the next message; false: none yet. A line that makes no sense ends the link:
 * the monitor would never send one. */
bool net_link_next(struct gsp_talk *t, struct net_link *l);

/** net_link_send(l, t): queue it and send what goes. A monitor that reads nothing any more ends it. */
void net_link_send(struct net_link *l, const struct gsp_talk *t);
void net_link_flush(struct net_link *l);

/** net_link_slow(l): so much waits to be read by the monitor that nothing new should be asked. */
bool net_link_slow(const struct net_link *l);
bool net_link_empty(const struct net_link *l); /* all is sent */

/** net_link_ended(l): NULL, or why nothing comes and goes any more; "" for a plain end of file. */
const char *net_link_ended(const struct net_link *l);

#endif
