/* Any bytes as JSON: an error, or a value that prints to one line that parses. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fmt/json.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
look(const struct gsp_json *v)
{
	uint64_t id = 0;

	(void)gsp_json_id(&id, v);
	(void)gsp_json_count(v);
	for (struct gsp_json *c = gsp_json_first(v); c != NULL; c = gsp_json_next(c))
		look(c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gsp_json *v = NULL, *again = NULL;
	struct gsp_buf one = GSP_BUF_INIT((size_t)1 << 26), two = GSP_BUF_INIT((size_t)1 << 26);
	struct gsp_err err = GSP_ERR_INIT;

	if (gsp_json_parse(&v, (const char *)data, size, &err) == -1) {
		assert(err.code == GSP_EPROTO && err.msg[0] != '\0' && v == NULL);
		return 0;
	}
	look(v);
	gsp_json_print(&one, v);
	if (!gsp_buf_ok(&one) || strchr(gsp_buf_str(&one), '\n') != NULL)
		abort();
	/* the texts may differ in the last digit of a number and where infinity became null */
	if (gsp_json_parse(&again, gsp_buf_str(&one), one.len, &err) == -1)
		abort();
	gsp_json_print(&two, again);
	if (gsp_json_count(v) != gsp_json_count(again) || !gsp_buf_ok(&two))
		abort();
	gsp_json_free(v);
	gsp_json_free(again);
	gsp_buf_release(&one);
	gsp_buf_release(&two);
	return 0;
}
