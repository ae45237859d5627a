/* Any bytes as a .gsp file: an error, or a list that prints to something that parses the same. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gsp/history_priv.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gsp_list list = GSP_LIST_INIT, again = GSP_LIST_INIT;
	struct gsp_buf text = GSP_BUF_INIT((size_t)1 << 26);
	struct gsp_diff d = GSP_DIFF_INIT;
	struct gsp_err err = GSP_ERR_INIT;
	const uint8_t *nl = size > 0 ? memchr(data, '\n', size) : NULL;
	struct gsp_gen g;

	(void)gsp_gen_parse(&g, NULL, (const char *)data, size, &err);
	if (gsp_gen_parse(&g, &list, (const char *)data, size, &err) == -1)
		assert(err.code != GSP_OK && err.msg[0] != '\0' && list.n == 0);
	gsp_list_release(&list);
	/* the list alone, whatever the first line says */
	if (nl != NULL && gsp_list_parse(&list, (const char *)nl + 1,
			      size - (size_t)(nl + 1 - data), &err) == 0) {
		gsp_list_print(&text, &list);
		assert(gsp_buf_ok(&text));
		if (gsp_list_parse(&again, gsp_buf_str(&text), text.len, &err) == -1)
			abort();
		if (gsp_list_diff(&d, &list, &again, &err) == -1 || d.n != 0)
			abort();
	}
	gsp_diff_release(&d);
	gsp_buf_release(&text);
	gsp_list_release(&list);
	gsp_list_release(&again);
	return 0;
}
