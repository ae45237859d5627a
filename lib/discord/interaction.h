/*
 * discord/interaction: what people did in chat (INTERACTION_CREATE), read strictly: ids are digits,
 * every text has its ceiling, a command or an option that we did not register is refused.
 *
 * Of an ASK then: server is a name as servers have it (and may not exist), extend and hold have a time
 * ("1h" if none was given; "release" only for hold), month is YYYY-MM or "all", script one of those
 * offered, save 1 or more, text 1 to 200 characters without control characters. Of a NAMES: text is
 * what is typed so far in small letters, anything of up to 100 characters; server is "" unless it is a
 * valid name.
 *
 * Source: Discord API v10, "Receiving and Responding" (2026-08).
 */
#ifndef GSP_DISCORD_INTERACTION_H
#define GSP_DISCORD_INTERACTION_H

#include "base/err.h"
#include "discord/talk.h"
#include "fmt/json.h"

enum gsp_interaction_kind {
	GSP_INTERACTION_COMMAND,      /* talk is an ASK */
	GSP_INTERACTION_BUTTON,       /* talk is a PRESS */
	GSP_INTERACTION_AUTOCOMPLETE, /* talk is a NAMES */
	GSP_INTERACTION_OTHER         /* not for us: ignored */
};

struct gsp_interaction {
	enum gsp_interaction_kind kind;
	char id[GSP_TALK_ID], app[GSP_TALK_ID];
	char token[513];       /* secret */
	struct gsp_talk talk;  /* ready to be sent but for its n */
};

/**
 * gsp_interaction_parse(out, d, err):
 * 0: ${out} is set (release it). -1, GSP_EPROTO: it makes no sense; ${out}->id and ->token are set if
 * they could be read, so that it can be answered, and "" otherwise.
 */
int gsp_interaction_parse(struct gsp_interaction *out, const struct gsp_json *d, struct gsp_err *err);
void gsp_interaction_release(struct gsp_interaction *i);

/* err->msg is for the person: one sentence, without what was sent. */

#endif
