/* Any text as a marker: an error, or one that is the same after printing and parsing. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gsp/marker.h"
#include "text.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
same(const struct gsp_marker *a, const struct gsp_marker *b)
{
	return strcmp(a->home, b->home) == 0 && strcmp(a->server, b->server) == 0 &&
	    strcmp(a->session, b->session) == 0 && strcmp(a->boot_id, b->boot_id) == 0 &&
	    a->state == b->state && a->base == b->base && a->saved == b->saved &&
	    a->stopped == b->stopped && a->killed == b->killed;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gsp_marker m, printed, again;
	struct gsp_err err = GSP_ERR_INIT;
	char *text = fuzz_text(data, size);

	if (gsp_marker_parse(&m, text, &err) == -1) {
		assert(err.code == GSP_EPROTO && err.msg[0] != '\0');
	} else {
		if (strcmp(m.text, text) != 0)
			abort();
		printed = m;
		gsp_marker_print(&printed);
		if (gsp_marker_parse(&again, printed.text, &err) == -1 || !same(&m, &again))
			abort();
	}
	free(text);
	return 0;
}
