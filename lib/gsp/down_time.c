#include "gsp/down_time.h"

#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "fmt/json.h"
#include "sys/io.h"

#include "base/banned.h"

#define TEXT_MAX 4096
#define DOWN_MAX_S (24 * 3600) /* more was no down */

static const char schema[] = "gsp.down/1";

static const char *
path_of(const struct gsp_home *h, const char *server, struct gsp_buf *b)
{
	return gsp_home_state_path(h, b, server, "down.json");
}

int64_t
gsp_down_time_parse(const char *text, size_t len)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_json *obj = NULL;
	uint64_t seconds = 0;

	if (gsp_json_parse(&obj, text, len, &ignored) == -1)
		return -1;
	if (strcmp(gsp_json_str(obj, "schema", ""), schema) == 0)
		seconds = gsp_json_u64(obj, "seconds", 0);
	gsp_json_free(obj);
	return seconds > 0 && seconds <= DOWN_MAX_S ? (int64_t)seconds : -1;
}

int64_t
gsp_down_time(const struct gsp_home *h, const char *server)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF), text = GSP_BUF_INIT(TEXT_MAX);
	struct gsp_err err = GSP_ERR_INIT;
	int64_t seconds = -1;

	if (gsp_io_read_file(&text, path_of(h, server, &path), &err) == 0)
		seconds = gsp_down_time_parse(gsp_buf_str(&text), text.len);
	else if (err.code != GSP_ENOTFOUND)
		gsp_debug("%s", err.msg);
	gsp_buf_release(&path);
	gsp_buf_release(&text);
	return seconds > 0 ? seconds : GSP_DOWN_TIME_GUESS_S;
}

int
gsp_down_time_keep(const struct gsp_home *h, const char *server, int64_t took_ms,
    struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF), text = GSP_BUF_INIT(TEXT_MAX);
	struct gsp_json *obj = gsp_json_new_obj();
	int64_t seconds = took_ms > 0 ? took_ms / 1000 + (took_ms % 1000 > 0) : 1;
	int rc;

	gsp_json_add_str(obj, "schema", schema);
	gsp_json_add_u64(obj, "seconds", seconds < DOWN_MAX_S ? (uint64_t)seconds : DOWN_MAX_S);
	gsp_json_add_time(obj, "t", gsp_wall_s());
	gsp_json_print(&text, obj);
	gsp_buf_addc(&text, '\n');
	rc = gsp_io_replace(path_of(h, server, &path), text.data, text.len, 0600, err);
	gsp_json_free(obj);
	gsp_buf_release(&path);
	gsp_buf_release(&text);
	return rc;
}
