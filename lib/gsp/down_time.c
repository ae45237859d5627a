#include "gsp/down_time.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "gsp/state_file.h"

#include "base/banned.h"

#define DOWN_MAX_S (24 * 3600) /* more was no down */

static const char schema[] = "gsp.down/1";

static const char *
path_of(const struct gsp_home *h, const char *server, struct gsp_buf *b)
{
	return gsp_home_state_path(h, b, server, "down.json");
}

int64_t
gsp_down_time(const struct gsp_home *h, const char *server)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_json *obj;
	uint64_t seconds;

	if (gsp_state_file_read(&obj, path_of(h, server, &path), schema, &err) == -1)
		gsp_debug("'%s': %s", gsp_buf_str(&path), err.msg);
	seconds = gsp_json_u64(obj, "seconds", 0);
	gsp_json_free(obj);
	gsp_buf_release(&path);
	return seconds > 0 && seconds <= DOWN_MAX_S ? (int64_t)seconds : GSP_DOWN_TIME_GUESS_S;
}

int
gsp_down_time_keep(const struct gsp_home *h, const char *server, int64_t took_ms,
    struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_json *obj = gsp_json_new_obj();
	int64_t seconds = took_ms > 0 ? took_ms / 1000 + (took_ms % 1000 > 0) : 1;
	int rc;

	gsp_json_add_str(obj, "schema", schema);
	gsp_json_add_u64(obj, "seconds", seconds < DOWN_MAX_S ? (uint64_t)seconds : DOWN_MAX_S);
	gsp_json_add_time(obj, "t", gsp_wall_s());
	rc = gsp_state_file_write(obj, path_of(h, server, &path), err);
	gsp_json_free(obj);
	gsp_buf_release(&path);
	return rc;
}
