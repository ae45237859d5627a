/*
 * discord/message: bodies of messages and answers. Every body sets allowed_mentions; every text of
 * others is cut to Discord's limits on character borders and escaped, so that no name, log line or
 * error can ping, link, format or break out of its place.
 *
 * All functions append one JSON object to ${out}, whose ceiling should be 16 KiB or more.
 * Source: Discord API v10, "Message", "Components", "Interactions" (2026-08).
 */
#ifndef GSP_DISCORD_MESSAGE_H
#define GSP_DISCORD_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "discord/talk.h"

#define GSP_MESSAGE_CONTENT_MAX 2000 /* characters */

/** gsp_message_save_kind(kind): "after playing" for "down", and so on: how a save came to be, for people.
 * ${kind} itself if it is another. */
const char *gsp_message_save_kind(const char *kind);

/** gsp_message_block(out, text, max): as a ``` block that ${text} cannot leave: its last ${max}
 * characters, from the beginning of a line; the fences come on top (8 characters). Colours of a
 * terminal are left out. */
void gsp_message_block(struct gsp_buf *out, const char *text, size_t max);

/* ---- answers to an interaction: the callback's body {"type":...,"data":...} ---- */
void gsp_message_defer(struct gsp_buf *out, bool is_public);          /* type 5 */
void gsp_message_update(struct gsp_buf *out, const char *content);    /* type 7: buttons gone; not escaped */
/** Type 4, flags 64. ${text} is a sentence of the tools or of the bot: escaped but for role mentions
 * <@&DIGITS>, which ping nobody; 'gsp up x' becomes `/server up name:x`. */
void gsp_message_ephemeral(struct gsp_buf *out, const char *text);
/** Type 8, from CHOICES. Values are numbers if all of them are (saves), else texts. */
void gsp_message_choices(struct gsp_buf *out, const struct gsp_talk *t);

/* ---- contents of messages ---- */
/** A refusal or an error that only the invoker sees, for PATCH @original; text as for _ephemeral. */
void gsp_message_text(struct gsp_buf *out, const char *text);
/** RESULT: what status, list, players, saves, cost, extend, hold, say and logs have to say, or why
 * they failed. Wants out as the tools print it with --json, but of logs. Edits take buttons away. */
void gsp_message_result(struct gsp_buf *out, const struct gsp_talk *t, int64_t now_s);
/** QUESTION with its two buttons; _over: without them, saying that nothing was done. */
void gsp_message_question(struct gsp_buf *out, const struct gsp_talk *t);
void gsp_message_question_over(struct gsp_buf *out, const struct gsp_talk *t);
/** gsp_message_pressed(out, defer, yes): the callback to a button: type 7, buttons gone, what was decided. */
void gsp_message_pressed(struct gsp_buf *out, const struct gsp_talk *defer, bool yes);

/** gsp_message_button(nonce, yes, custom_id): read a custom_id of ours: 0, or -1. */
int gsp_message_button(char nonce[33], bool *yes, const char *custom_id);

#endif
