/* Any line as one of the talk between the bot's halves: an error, or a message that, written and read
 * again, is the same line. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "discord/talk.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gsp_buf one = GSP_BUF_INIT(GSP_TALK_LINE_MAX + 1), two = GSP_BUF_INIT(GSP_TALK_LINE_MAX + 1);
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_talk t;

	if (gsp_talk_parse(&t, (const char *)data, size, &err) == -1) {
		assert(err.code == GSP_EPROTO && err.msg[0] != '\0');
		return 0;
	}
	gsp_talk_write(&one, &t);
	gsp_talk_release(&t);
	assert(gsp_buf_ok(&one) && one.len > 1 && one.data[one.len - 1] == '\n');
	assert(memchr(one.data, '\n', one.len - 1) == NULL);
	if (gsp_talk_parse(&t, one.data, one.len - 1, &err) == -1)
		abort();
	gsp_talk_write(&two, &t);
	gsp_talk_release(&t);
	assert(two.len == one.len && memcmp(one.data, two.data, one.len) == 0);
	gsp_buf_release(&one);
	gsp_buf_release(&two);
	return 0;
}
