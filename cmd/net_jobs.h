/*
 * net_jobs: jobs that run: one message each, edited at a civil pace, and at the end a new message
 * that pings whoever asked.
 *
 * Edits go by the interaction's token until minute 14, then by the bot's own; a way that is refused
 * is not tried again. The end goes to the channel, else as a followup of the interaction, else to the
 * webhook, and is tried for a day; a network that is down loses nothing.
 */
#ifndef GSP_CMD_NET_JOBS_H
#define GSP_CMD_NET_JOBS_H

#include "net.h"

#define NET_JOBS_MAX 1000

struct net_jobs *net_jobs_new(struct net *net);
void net_jobs_free(struct net_jobs *j);

/** net_jobs_told(j, t): BEGIN, LINE or END of the monitor. */
void net_jobs_told(struct net_jobs *j, const struct gsp_talk *t);

void net_jobs_tick(struct net_jobs *j);
int64_t net_jobs_next_ms(const struct net_jobs *j);

/** net_jobs_busy(j): requests under way. */
size_t net_jobs_busy(const struct net_jobs *j);

#endif
