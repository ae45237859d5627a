/* Any bytes as a line of stdin: an error, or names that are safe in a path. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gsp/record.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gsp_record_name r;
	struct gsp_err err = GSP_ERR_INIT;

	if (gsp_record_parse(&r, (const char *)data, size, &err) == -1)
		assert(err.code == GSP_EREFUSED && err.msg[0] != '\0');
	else if (!gsp_server_name_ok(r.server) || strlen(r.session) >= sizeof(r.session) ||
	    strpbrk(r.session, "/. \n") != NULL || r.session[0] == '-')
		abort();
	return 0;
}
