/* history/NEXT: which generation files/ is being brought to. */
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "fmt/json.h"
#include "gsp/history_priv.h"
#include "sys/io.h"

#include "base/banned.h"

static int
parse_next(const struct gsp_buf *text, struct gsp_next *to, struct gsp_err *err)
{
	struct gsp_json *o = NULL;
	int rc = -1;

	memset(to, 0, sizeof(*to));
	if (gsp_json_parse(&o, gsp_buf_str(text), text->len, err) == 0 &&
	    gsp_json_need_u64(&to->number, o, "generation", err) == 0 &&
	    (gsp_json_get(o, "edit") == NULL ||
		gsp_json_need_u64(&to->edit, o, "edit", err) == 0)) {
		to->push = gsp_json_bool(o, "push", false);
		to->coming = gsp_json_bool(o, "coming", false);
		rc = 0;
	}
	gsp_json_free(o);
	return rc;
}

int
gsp_history_next(struct gsp_history *h, struct gsp_next *to, struct gsp_err *err)
{
	struct gsp_buf text = GSP_BUF_INIT(4096);
	char path[PATH_MAX];
	int rc = -1;

	memset(to, 0, sizeof(*to));
	if (gsp_history_path(h, path, err, "NEXT") == -1)
		return -1;
	if (gsp_io_read_file(&text, path, err) == -1) {
		if (err->code == GSP_ENOTFOUND) {
			gsp_err_clear(err);
			rc = 0;
		} else {
			err->code = GSP_EIO;
		}
		goto out;
	}
	if (parse_next(&text, to, err) == -1) {
		err->code = GSP_EIO;
		gsp_err_wrap(err, "'%s' is damaged", path);
		gsp_err_hint(err, "it names the generation that files/ was being brought to: write "
				  "{\"generation\":N} there to go on, or remove it to keep files/ "
				  "as it is");
		goto out;
	}
	rc = 0;
out:
	gsp_buf_release(&text);
	return rc;
}

int
gsp_history_next_write(struct gsp_history *h, const struct gsp_next *to, struct gsp_err *err)
{
	struct gsp_buf text = GSP_BUF_INIT(256);
	int rc;

	gsp_buf_addf(&text, "{\"generation\":%" PRIu64, to->number);
	if (to->edit != 0)
		gsp_buf_addf(&text, ",\"edit\":%" PRIu64, to->edit);
	if (to->push)
		gsp_buf_adds(&text, ",\"push\":true");
	if (to->coming)
		gsp_buf_adds(&text, ",\"coming\":true");
	gsp_buf_adds(&text, "}\n");
	gsp_history_step("next");
	rc = gsp_history_state(h, "NEXT", gsp_buf_str(&text), err);
	gsp_buf_release(&text);
	return rc;
}

int
gsp_history_next_gone(struct gsp_history *h, struct gsp_err *err)
{
	char path[PATH_MAX];

	gsp_history_step("next-gone");
	if (gsp_history_path(h, path, err, "NEXT") == -1 || gsp_io_unlink(path, err) == -1)
		return -1;
	return gsp_io_fsync_dir(h->dir, err);
}
