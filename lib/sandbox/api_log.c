/* Every request that came in, for tests to look at. Bodies are kept without their secrets. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "sandbox/api_int.h"

#include "base/banned.h"

enum { LOG_BODY_MAX = 256 * 1024 }; /* larger bodies are not kept */

struct entry {
	struct entry *next;
	struct gsp_json *obj;
};

struct gsp_sb_log {
	struct entry *first, *last;
	size_t n;
};

static void
add_body(const struct gsp_sb_req *q, struct gsp_json *o)
{
	struct gsp_json *body;

	if (q->in == NULL || !gsp_json_is_obj(q->in) || q->body.len > LOG_BODY_MAX)
		return;
	body = gsp_sb_json_dup(q->in);
	if (gsp_json_get(body, "root_pass") != NULL) {
		gsp_json_remove(body, "root_pass");
		gsp_json_add_str(body, "root_pass", "(hidden)");
	}
	if (gsp_json_get(body, "metadata") != NULL) {
		gsp_json_remove(body, "metadata");
		gsp_json_add_str(gsp_json_add_obj(body, "metadata"), "user_data", "(hidden)");
	}
	gsp_json_add_copy(o, "body", body);
	gsp_json_free(body);
}

static void
drop_first(struct gsp_sb_log *log)
{
	struct entry *e = log->first;

	log->first = e->next;
	if (log->first == NULL)
		log->last = NULL;
	log->n--;
	gsp_json_free(e->obj);
	free(e);
}

void
gsp_sb_log_add(struct gsp_sb_req *q)
{
	struct gsp_sb_log *log = q->sb->log;
	struct entry *e = calloc(1, sizeof(*e));
	bool answered =
	    q->wire != GSP_SB_RESET && q->wire != GSP_SB_HANG && q->wire != GSP_SB_BADHTTP;

	if (log == NULL)
		log = q->sb->log = calloc(1, sizeof(*log));
	if (e == NULL || log == NULL)
		abort();
	e->obj = gsp_json_new_obj();
	gsp_json_add_u64(e->obj, "n", ++q->sb->next_request);
	gsp_json_add_str(e->obj, "method", q->method);
	gsp_json_add_str(e->obj, "path", q->path ? q->path : "");
	gsp_json_add_str(e->obj, "query", q->query ? q->query : "");
	if (q->filter_text != NULL)
		gsp_json_add_str(e->obj, "filter", q->filter_text);
	else
		gsp_json_add_null(e->obj, "filter");
	gsp_json_add_u64(e->obj, "status", answered ? (uint64_t)q->status : 0);
	gsp_json_add_u64(e->obj, "ms", (uint64_t)(gsp_now_ms() - q->t0_ms));
	gsp_json_add_str(e->obj, "fault", q->fault);
	add_body(q, e->obj);
	if (log->last != NULL)
		log->last->next = e;
	else
		log->first = e;
	log->last = e;
	if (++log->n > GSP_SB_LOG_MAX)
		drop_first(log);
}

void
gsp_sb_log_json(const struct gsp_sandbox *sb, struct gsp_json *arr)
{
	for (const struct entry *e = sb->log ? sb->log->first : NULL; e != NULL; e = e->next)
		gsp_json_add_copy(arr, NULL, e->obj);
}

void
gsp_sb_log_clear(struct gsp_sandbox *sb)
{
	if (sb->log == NULL)
		return;
	while (sb->log->first != NULL)
		drop_first(sb->log);
	free(sb->log);
	sb->log = NULL;
}
