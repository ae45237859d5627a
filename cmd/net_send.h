/*
 * net_send: the requests that the network half makes of Discord, each with its path, its limits'
 * route and whether it may be repeated. Bodies are JSON from discord/message and discord/view.
 *
 * Every ${fn} is called once, later, from the wait or the tick. Tokens in paths are secret: nothing
 * here logs a path.
 * Source: Discord API v10, "Receiving and Responding", "Message", "Webhook" (2026-08).
 */
#ifndef GSP_CMD_NET_SEND_H
#define GSP_CMD_NET_SEND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "discord/rest.h"
#include "net.h"

#define NET_BODY_MAX (64u << 10)

/* What became of a request: what to do about it. */
enum net_outcome {
	NET_TAKEN,   /* 2xx */
	NET_DROPPED, /* never sent: a newer one took its place, or it was too late */
	NET_AGAIN,   /* no answer, or Discord has trouble: another time */
	NET_SLOWER,  /* it may not be edited so often (30046) */
	NET_GONE,    /* not this way, ever: 401, 403, 404 */
	NET_WRONG    /* it does not like what was sent */
};
enum net_outcome net_outcome(const struct gsp_rest_res *res);

/** The first answer to an interaction; ${reply}: it says which message that became; ${anew}: on a
 * connection of its own. */
void net_send_callback(struct net *net, const char *id, const char *token, bool reply,
    const struct gsp_buf *body, int64_t until_ms, bool anew, gsp_rest_fn *fn, void *ctx);

/** Edits of the answer, while its token lives; ${line}: one at a time, of those waiting the newest. */
void net_send_original(struct net *net, const char *app, const char *token,
    const struct gsp_buf *body, uint64_t line, int64_t until_ms, gsp_rest_fn *fn, void *ctx);

/** The same message with the bot's token. */
void net_send_edit(struct net *net, const char *channel, const char *message,
    const struct gsp_buf *body, uint64_t line, int64_t until_ms, gsp_rest_fn *fn, void *ctx);

/** A new message, ${body} with a nonce: may be repeated. */
void net_send_post(struct net *net, const char *channel, const struct gsp_buf *body,
    int64_t until_ms, gsp_rest_fn *fn, void *ctx);

/** A new message by an interaction's token; by a webhook ("/webhooks/ID/TOKEN", with "?thread_id=N" or
 * without). What only a
 * channel's messages have (nonce, reference) is taken out of ${body}. */
void net_send_followup(struct net *net, const char *app, const char *token,
    const struct gsp_buf *body, int64_t until_ms, gsp_rest_fn *fn, void *ctx);
void net_send_webhook(struct net *net, const char *path, const struct gsp_buf *body,
    int64_t until_ms, gsp_rest_fn *fn, void *ctx);

#endif
