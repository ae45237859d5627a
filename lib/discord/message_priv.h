/*
 * discord/message: what its parts share: texts made harmless and counted, the tools' language turned
 * into the chat's, and the contents that the renderers make.
 *
 * Counts are characters, which to Discord are code points (Source: its developers, discord-api-docs,
 * 2020-01, "how is the length determined"), of what is written: a backslash that
 * escapes is one. A text that is cut ends in "…".
 */
#ifndef GSP_DISCORD_MESSAGE_PRIV_H
#define GSP_DISCORD_MESSAGE_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/md.h"
#include "base/utf8.h"
#include "discord/message.h"
#include "fmt/json.h"

#define GSP_TEXT_BUF (8 * GSP_MESSAGE_CONTENT_MAX) /* ceiling, bytes, of a content being made */

/** gsp_text_cut(b, max): keep at most ${max} characters of it, the last one "…" if it was longer. */
void gsp_text_cut(struct gsp_buf *b, size_t max);

/** gsp_text_code(out, text, max): `text`, which cannot end it. */
void gsp_text_code(struct gsp_buf *out, const char *text, size_t max);

/** gsp_text_name(out, server): "**vanilla**", or "the servers" for "". */
void gsp_text_name(struct gsp_buf *out, const char *server);

/** gsp_text_actor(out, actor): "kim" of "discord:1234/kim", escaped; "somebody" of "". */
void gsp_text_actor(struct gsp_buf *out, const char *actor);

/**
 * gsp_text_words(out, text, max):
 * What a tool says, for chat: escaped; its commands as the chat's ('gsp up toy': `/server up
 * name:toy`), or named as the owner's; without the paths of the owner's computer. Role mentions in
 * just the form <@&DIGITS> stay (they ping nobody: allowed_mentions).
 */
void gsp_text_words(struct gsp_buf *out, const char *text, size_t max);

/** gsp_text_command(out, command): `/server up name:toy` for "gsp up toy"; false, and nothing added:
 * the chat has no such command. */
bool gsp_text_command(struct gsp_buf *out, const char *command);

/** gsp_text_failure(out, server, status, said): in a sentence or two: the last of what the tool said,
 * and what its status means for who asked. */
void gsp_text_failure(struct gsp_buf *out, const char *server, int status, const char *said);

/* A content of lines, of which those that do not fit are counted. */
struct gsp_lines {
	struct gsp_buf text;
	size_t chars, left;
};
#define GSP_LINES_INIT {GSP_BUF_INIT(GSP_TEXT_BUF), 0, 0}
/** gsp_lines_add(l, line): ${line} is reset for the next one. */
void gsp_lines_add(struct gsp_lines *l, struct gsp_buf *line);
/** gsp_lines_end(out, l): all of it, and "…and 7 more"; ${l} is released. */
void gsp_lines_end(struct gsp_buf *out, struct gsp_lines *l);

/** gsp_rows_next(at): the next JSON object of the lines from ${*at} on; NULL: no more. Free it. What is
 * no object is passed over. ${*at} may be NULL: none. */
struct gsp_json *gsp_rows_next(const char **at);

/** gsp_message_body(content): {"content":...,"allowed_mentions":{"parse":[]}}, content cut to fit. */
struct gsp_json *gsp_message_body(const char *content);

/* What RESULT says, of a tool that succeeded; append to a content. */
void gsp_render_status(struct gsp_buf *out, const struct gsp_talk *t);
void gsp_render_list(struct gsp_buf *out, const struct gsp_talk *t);
void gsp_render_lease(struct gsp_buf *out, const struct gsp_talk *t, int64_t now_s);
void gsp_render_players(struct gsp_buf *out, const struct gsp_talk *t);
void gsp_render_saves(struct gsp_buf *out, const struct gsp_talk *t);
void gsp_render_cost(struct gsp_buf *out, const struct gsp_talk *t);
void gsp_render_say(struct gsp_buf *out, const struct gsp_talk *t);
void gsp_render_logs(struct gsp_buf *out, const struct gsp_talk *t);

#endif
