/* Any JSON as what Discord answers to a check: rights that hang together, and a comparison that ends. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "discord/command.h"
#include "discord/perms.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct gsp_json *ours;
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_json *v;
	uint64_t set;

	if (ours == NULL)
		ours = gsp_command_all();
	if (gsp_json_parse(&v, (const char *)data, size, &err) == -1)
		return 0;
	set = gsp_perms("100", gsp_json_str(v, "owner_id", NULL), gsp_json_get(v, "roles"),
	    gsp_json_get(v, "member"), gsp_json_get(v, "channel"));
	if (set != 0 && (set & GSP_PERM_VIEW_CHANNEL) == 0)
		abort();
	if (gsp_perms("100", "9", NULL, NULL, v) != 0) /* a member of nothing */
		abort();
	(void)gsp_command_same(ours, v);
	(void)gsp_command_same(ours, gsp_json_get(v, "commands"));
	gsp_json_free(v);
	return 0;
}
