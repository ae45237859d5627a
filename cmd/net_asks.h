/*
 * net_asks: what people do in chat, from the event until it is answered: names while they type,
 * commands, buttons, and questions that wait for one.
 *
 * Discord wants its first answer within three seconds of the event, whatever the monitor, the
 * network or Discord itself do; nothing is started unless Discord took that answer.
 */
#ifndef GSP_CMD_NET_ASKS_H
#define GSP_CMD_NET_ASKS_H

#include "fmt/json.h"
#include "net.h"

#define NET_ASKS_MAX 1000     /* at once; more are dropped */
#define NET_SEEN_MAX 2048     /* ids remembered, since events are repeated at times */
#define NET_MONITOR_MS 2000   /* for the monitor's answer; then it is "busy" */
#define NET_ANSWER_MS 2900    /* for our answer: Discord's three seconds less the way */
#define NET_TOKEN_MS (14 * 60 * 1000) /* an interaction's token lives 15 minutes */

struct net_asks *net_asks_new(struct net *net);
void net_asks_free(struct net_asks *a);

/** net_asks_event(a, d): an INTERACTION_CREATE. */
void net_asks_event(struct net_asks *a, const struct gsp_json *d);

/** net_asks_told(a, t): CHOICES, REFUSED, DEFER, RESULT or QUESTION of the monitor. */
void net_asks_told(struct net_asks *a, const struct gsp_talk *t);

/** net_asks_job(a, begin): that job's message belongs to net_jobs from now on. Returns the moment at
 * which its token came, 0 if it is not of ours (of an earlier life, say). */
int64_t net_asks_job(struct net_asks *a, const struct gsp_talk *begin);

void net_asks_tick(struct net_asks *a);
int64_t net_asks_next_ms(const struct net_asks *a);

/** net_asks_leave(a): whoever still waits is told that the bot restarts; questions are closed. */
void net_asks_leave(struct net_asks *a);
/** net_asks_busy(a): requests under way. */
size_t net_asks_busy(const struct net_asks *a);

#endif
