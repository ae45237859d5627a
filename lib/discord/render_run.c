/* What gsp-run and gsp-logs print, for chat. */
#include <string.h>

#include "discord/message_priv.h"

#include "base/banned.h"

void
gsp_render_say(struct gsp_buf *out, const struct gsp_talk *t)
{
	gsp_buf_adds(out, "\xf0\x9f\x93\xa3 The players of ");
	gsp_text_name(out, t->server);
	gsp_buf_adds(out, " were told.");
}

void
gsp_render_logs(struct gsp_buf *out, const struct gsp_talk *t)
{
	const char *text = t->out != NULL ? t->out : "";

	if (text[strspn(text, " \r\n\t")] == '\0') {
		gsp_text_name(out, t->server);
		gsp_buf_adds(out, " has printed nothing yet.");
		return;
	}
	gsp_buf_adds(out, "The last words of ");
	gsp_text_name(out, t->server);
	gsp_buf_addc(out, '\n');
	gsp_message_block(out, text, GSP_MESSAGE_CONTENT_MAX - gsp_utf8_count(gsp_buf_str(out)) - 10);
}
