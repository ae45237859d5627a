/* Any bytes as a line of rsync's output. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gsp/rsync.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gsp_rsync_item it;
	char *line = malloc(size + 1);

	if (line == NULL)
		return 0;
	if (size > 0)
		memcpy(line, data, size);
	line[size] = '\0';
	if (gsp_rsync_line(&it, line)) {
		assert(it.path > line && it.path <= line + size && *it.path != '\0');
		assert(strlen(it.flags) < sizeof(it.flags));
		assert(it.sum[0] == '\0' || strlen(it.sum) == 32);
		(void)gsp_rsync_differs(&it);
	}
	free(line);
	return 0;
}
