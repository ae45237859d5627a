/* What comes from outside of a notice: an answer, a URL from a file, a text. The first byte says
 * which. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gsp/notice_spool.h"
#include "gsp/notice_state.h"
#include "gsp/notice_text.h"
#include "text.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
answer(const char *text, size_t len)
{
	struct gsp_notice_answer a;

	gsp_notice_answer_parse(&a, text, len);
	assert(a.retry_ms >= -1 && a.retry_ms <= 3600000);
	assert(strspn(a.message_id, "0123456789") == strlen(a.message_id));
	for (const char *p = a.why; *p != '\0'; p++)
		assert((unsigned char)*p >= ' ');
}

static void
url(const char *text)
{
	struct gsp_discord_hook h = GSP_DISCORD_HOOK_INIT;
	struct gsp_buf base = GSP_BUF_INIT(2048), topic = GSP_BUF_INIT(128);
	struct gsp_err err = GSP_ERR_INIT;

	if (gsp_discord_hook_parse(&h, text, &err) == 0)
		assert(strstr(gsp_buf_str(&h.post), "/api/v10/webhooks/") != NULL &&
		    strstr(gsp_buf_str(&h.edit), "..") == NULL);
	if (gsp_ntfy_split(&base, &topic, text, &err) == 0)
		assert(topic.len > 0 && topic.len <= 64);
	gsp_discord_hook_release(&h);
	gsp_buf_release(&base);
	gsp_buf_release(&topic);
}

static void
message(const char *text)
{
	static struct gsp_notice_message m;
	struct gsp_buf clean = GSP_BUF_INIT(4096), again = GSP_BUF_INIT(4096), body = GSP_BUF_INIT(65536);

	gsp_notice_clean(&clean, text, 1500);
	assert(gsp_buf_ok(&clean) && clean.len <= 1500);
	gsp_notice_clean(&again, gsp_buf_str(&clean), 1500);
	assert(strcmp(gsp_buf_str(&clean), gsp_buf_str(&again)) == 0);
	memset(&m, 0, sizeof(m));
	gsp_notice_message_add(&m, 0, GSP_NOTICE_UP, gsp_buf_str(&clean));
	gsp_notice_message_add(&m, 0, GSP_NOTICE_READY, gsp_buf_str(&clean));
	gsp_discord_body(&body, &m);
	assert(gsp_buf_ok(&body) && body.len > 0);
	gsp_buf_release(&clean);
	gsp_buf_release(&again);
	gsp_buf_release(&body);
}

static void
item(const char *text, size_t len)
{
	struct gsp_notice_item it = GSP_NOTICE_ITEM_INIT;
	struct gsp_err err = GSP_ERR_INIT;

	if (gsp_notice_item_parse(&it, text, len, &err) == -1)
		assert(err.msg[0] != '\0');
	gsp_notice_item_release(&it);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size == 0)
		return 0;
	text = fuzz_text(data + 1, size - 1);
	switch (data[0]) {
	case 'a': answer(text, size - 1); break;
	case 'u': url(text); break;
	case 'm': message(text); break;
	default: item(text, size - 1);
	}
	free(text);
	return 0;
}
