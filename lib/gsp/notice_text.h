/*
 * gsp/notice_text: a notice as each kind of target wants it, and what the targets answer. Part of
 * gsp/notice. Nothing is sent here.
 */
#ifndef GSP_GSP_NOTICE_TEXT_H
#define GSP_GSP_NOTICE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct gsp_notice_item;
struct gsp_notice_message;

/**
 * gsp_notice_clean(out, text, max):
 * Append ${text} as one line of valid UTF-8 without control characters, at most ${max} bytes of
 * it; a longer one is cut between characters and ends in "...".
 */
void gsp_notice_clean(struct gsp_buf *out, const char *text, size_t max);

/* Where a Discord webhook is. Both hold the secret: gsp_token_wipe(). */
struct gsp_discord_hook {
	struct gsp_buf post;  /* URL to POST to, with its query */
	struct gsp_buf edit;  /* the beginning of a URL to PATCH, up to the message's id */
	char thread[24];      /* "" none */
};
#define GSP_DISCORD_HOOK_INIT {GSP_BUF_INIT(2048), GSP_BUF_INIT(2048), ""}

/**
 * gsp_discord_hook_parse(out, url, err):
 * What Discord copies to the clipboard: https://discord.com/api/webhooks/ID/TOKEN, with or without
 * a version (v10 is asked in any case) and ?thread_id=. ${url} is in no message.
 * Source: Discord API v10, "Execute Webhook", "Edit Webhook Message".
 */
int gsp_discord_hook_parse(struct gsp_discord_hook *out, const char *url, struct gsp_err *err);
void gsp_discord_hook_release(struct gsp_discord_hook *h);

/** gsp_discord_body(out, m): the JSON of a message: its lines, at most 2000 characters, the
 * oldest left out, nothing in it pings, looks like markup or unfolds. */
void gsp_discord_body(struct gsp_buf *out, const struct gsp_notice_message *m);

/** gsp_ntfy_split(base, topic, url, err): "https://ntfy.sh/topic" is asked at "https://ntfy.sh/". */
int gsp_ntfy_split(struct gsp_buf *base, struct gsp_buf *topic, const char *url,
    struct gsp_err *err);

/** gsp_ntfy_body(out, it, topic, now_ms): Source: ntfy's documentation, "Publish as JSON". */
void gsp_ntfy_body(struct gsp_buf *out, const struct gsp_notice_item *it, const char *topic,
    int64_t now_ms);

#define GSP_NOTICE_WAIT_MAX_MS (3600 * 1000) /* nobody is obeyed for longer */

/* What an answer says, of Discord or of one of its kin. */
struct gsp_notice_answer {
	char message_id[24];   /* "" none */
	uint64_t code;         /* Discord's own number of an error; 0 none */
	char why[160];         /* in words; clean; "" none */
	int64_t retry_ms;      /* asked for, at most that; -1 none */
};

/** gsp_notice_answer_parse(a, body, len): whatever came; what is not understood is not there. */
void gsp_notice_answer_parse(struct gsp_notice_answer *a, const char *body, size_t len);

#endif
