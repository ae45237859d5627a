/* Any text as the answer of the script on the machine to hello: an error, or whole strings. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gsp/remote.h"
#include "text.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gsp_hello h;
	struct gsp_err err = GSP_ERR_INIT;
	char *text = fuzz_text(data, size);

	if (gsp_hello_parse(&h, text, &err) == -1)
		assert(err.code == GSP_EPROTO && err.msg[0] != '\0');
	else if (h.boot_id[0] == '\0' || strlen(h.boot_id) >= sizeof(h.boot_id) ||
	    strlen(h.rsync) >= sizeof(h.rsync) || h.now < 0)
		abort();
	free(text);
	return 0;
}
