/*
 * discord/view: one job as a message that is edited: a line for each step with its mark and elapsed
 * time, folded from the lines of --progress=json; and the message at its end. No I/O, no clock.
 */
#ifndef GSP_DISCORD_VIEW_H
#define GSP_DISCORD_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "discord/talk.h"

struct gsp_view;

/** gsp_view_new(begin): from a BEGIN. Never NULL. */
struct gsp_view *gsp_view_new(const struct gsp_talk *begin);
void gsp_view_free(struct gsp_view *v);

/** gsp_view_line(v, line): fold one progress line in; anything else is ignored. True: it looks
 * different now. */
bool gsp_view_line(struct gsp_view *v, const char *line);

/** gsp_view_end(v, end): from an END. */
void gsp_view_end(struct gsp_view *v, const struct gsp_talk *end);
bool gsp_view_ended(const struct gsp_view *v);

/** gsp_view_message(out, v, now_ms): the body for the message that is edited. ${now_ms}: wall. */
void gsp_view_message(struct gsp_buf *out, const struct gsp_view *v, int64_t now_ms);

/**
 * gsp_view_final(out, v, reply_to):
 * The new message of the end: pings the asker alone, says what became of it in a sentence: address,
 * time taken and price; or why it failed and the command that goes on. Refers to ${reply_to} ("" no
 * message). Has a nonce of the job's id with enforce_nonce, so that posting twice is posting once.
 */
void gsp_view_final(struct gsp_buf *out, const struct gsp_view *v, const char *reply_to);

/** gsp_view_edit_ms(begun_ms, last_edit_ms): the earliest moment of the next edit: every 3 s in the
 * first minute, then 10 s, after 15 minutes 60 s. */
int64_t gsp_view_edit_ms(int64_t begun_ms, int64_t last_edit_ms);

#endif
