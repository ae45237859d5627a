/* X-Filter: text from outside, parsed, checked and run over a list. */
#include <stddef.h>
#include <stdint.h>

#include "sandbox/api_filter.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Objects with every kind of value that answers hold. */
static struct gsp_json *
objects(void)
{
	static const char text[] = "[{\"id\":1,\"label\":\"gsp-a\",\"tags\":[\"gsp\",\"x\"],"
				   "\"read\":true,\"price\":0.5,"
				   "\"entity\":{\"id\":7,\"type\":\"linode\"},\"none\":null},"
				   "{\"id\":\"2\",\"label\":\"gsp-b\",\"tags\":[],\"read\":"
				   "false,\"price\":3,\"entity\":null},"
				   "{\"id\":3,\"label\":\"GSP-A\",\"tags\":[1,[2],\"gsp\"],"
				   "\"entity\":{\"id\":\"7\"}},{}]";
	struct gsp_json *v = NULL;
	struct gsp_err err = GSP_ERR_INIT;

	(void)gsp_json_parse(&v, text, sizeof(text) - 1, &err);
	return v;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const fields[] = {
	    "id", "label", "tags", "read", "price", "none", "entity.id", "entity.type", NULL};
	struct gsp_sb_filter *f = NULL;
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_json *list, *kept;

	if (size > 65536 ||
	    gsp_sb_filter_parse(&f, (const char *)data, size, fields, &err) == -1)
		return 0;
	list = objects();
	kept = gsp_sb_filter_apply(f, list);
	if (gsp_json_count(kept) > gsp_json_count(list))
		__builtin_trap();
	gsp_json_free(kept);
	gsp_json_free(list);
	gsp_sb_filter_free(f);
	return 0;
}
