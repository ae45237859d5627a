#include "gsp/state_file.h"

#include <string.h>

#include "base/buf.h"
#include "sys/io.h"

#include "base/banned.h"

int
gsp_state_file_read(struct gsp_json **out, const char *path, const char *schema,
    struct gsp_err *err)
{
	struct gsp_buf text = GSP_BUF_INIT(GSP_STATE_FILE_MAX);
	struct gsp_json *v = NULL;
	int rc = -1;

	*out = NULL;
	if (gsp_io_read_file(&text, path, err) == -1) {
		if (err->code == GSP_ENOTFOUND) {
			gsp_err_clear(err);
			rc = 0;
		}
	} else if (gsp_json_parse(&v, gsp_buf_str(&text), text.len, err) == 0) {
		if (strcmp(gsp_json_str(v, "schema", ""), schema) == 0)
			rc = 0;
		else
			gsp_err_set(err, GSP_EPROTO, "not a %s", schema);
	}
	if (rc == 0)
		*out = v;
	else
		gsp_json_free(v);
	gsp_buf_release(&text);
	return rc;
}

int
gsp_state_file_write(const struct gsp_json *v, const char *path, struct gsp_err *err)
{
	struct gsp_buf text = GSP_BUF_INIT(GSP_STATE_FILE_MAX);
	int rc;

	gsp_json_print(&text, v);
	gsp_buf_addc(&text, '\n');
	rc = gsp_buf_ok(&text) ? gsp_io_replace(path, text.data, text.len, 0600, err)
	                       : gsp_err_set(err, GSP_ELIMIT, "'%s' would be too large", path);
	gsp_buf_release(&text);
	return rc;
}
