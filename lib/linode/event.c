#include "linode/event.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "linode/parse.h"

#include "base/log.h"

#include "base/banned.h"

/* The newest 25 are plenty: a create makes two. Source: API v4, page_size 25..500. */
#define EVENTS_PATH "/account/events?page=1&page_size=25"

int
gsp_parse_event(struct gsp_event *out, const struct gsp_json *v, struct gsp_err *err)
{
	const struct gsp_json *entity = gsp_json_get(v, "entity");
	uint64_t percent = gsp_json_u64(v, "percent_complete", 101);

	memset(out, 0, sizeof(*out));
	if (gsp_json_id(&out->id, gsp_json_get(v, "id")) == -1)
		return gsp_err_set(err, GSP_EPROTO, "an event without an id");
	if (gsp_json_id(&out->entity_id, gsp_json_get(entity, "id")) == -1)
		out->entity_id = 0; /* null, or a name: a database, a user */
	gsp_parse_text(
	    out->entity_type, sizeof(out->entity_type), gsp_json_str(entity, "type", ""));
	gsp_parse_text(out->action, sizeof(out->action), gsp_json_str(v, "action", ""));
	gsp_parse_text(out->status, sizeof(out->status), gsp_json_str(v, "status", ""));
	gsp_parse_text(out->message, sizeof(out->message), gsp_json_str(v, "message", ""));
	out->percent = percent <= 100 ? (int)percent : -1;
	out->created = gsp_json_time(v, "created");
	return 0;
}

/* Ask for one page; the answer's "data" is borrowed from ${a}. */
static int
fetch(struct gsp_linode *c, struct gsp_linode_answer *a, const char *filter,
    const struct gsp_json **data, struct gsp_err *err)
{
	if (gsp_linode_call(c, a, "GET", EVENTS_PATH, filter, NULL, err) == -1)
		return -1;
	*data = gsp_json_get(a->body, "data");
	if (!gsp_json_is_arr(*data))
		return gsp_err_set(err, GSP_EPROTO, "the event list has no 'data'");
	return 0;
}

int
gsp_event_newest_id(struct gsp_linode *c, uint64_t *out, struct gsp_err *err)
{
	struct gsp_linode_answer a;
	const struct gsp_json *data;
	struct gsp_event e;
	uint64_t newest = 0;
	int rc;

	rc = fetch(c, &a, "{\"+order_by\":\"created\",\"+order\":\"desc\"}", &data, err);
	for (const struct gsp_json *v = rc == 0 ? gsp_json_first(data) : NULL; v != NULL;
	     v = gsp_json_next(v)) {
		if ((rc = gsp_parse_event(&e, v, err)) == -1)
			break;
		if (e.id > newest)
			newest = e.id;
	}
	if (rc == -1 && (a.http_status == 401 || a.http_status == 403 || a.http_status == 404)) {
		/* a mark of 0 lets every event of the new machine count: there are no older ones */
		gsp_debug("no events: %s", err->msg);
		gsp_err_clear(err);
		newest = 0;
		rc = 0;
	}
	gsp_linode_answer_release(&a);
	if (rc == 0)
		*out = newest;
	return rc;
}

/* Keep ${e} in the newest-first ${list} of at most ${max}. */
static void
insert(struct gsp_event *list, size_t max, size_t *n, const struct gsp_event *e)
{
	size_t at = 0, tail;

	while (at < *n && list[at].id > e->id)
		at++;
	if (at >= max)
		return;
	if (*n < max)
		(*n)++;
	tail = *n - at - 1;
	memmove(list + at + 1, list + at, tail * sizeof(*list));
	list[at] = *e;
}

int
gsp_event_of_instance(struct gsp_linode *c, uint64_t linode_id, uint64_t after,
    struct gsp_event *out, size_t max, size_t *n, struct gsp_err *err)
{
	struct gsp_linode_answer a;
	const struct gsp_json *data;
	struct gsp_event e;
	char filter[160];
	int rc;

	*n = 0;
	(void)snprintf(filter, sizeof(filter),
	    "{\"entity.id\":%" PRIu64 ",\"entity.type\":\"linode\","
	    "\"+order_by\":\"created\",\"+order\":\"desc\"}",
	    linode_id);
	rc = fetch(c, &a, filter, &data, err);
	for (const struct gsp_json *v = rc == 0 ? gsp_json_first(data) : NULL; v != NULL;
	     v = gsp_json_next(v)) {
		if ((rc = gsp_parse_event(&e, v, err)) == -1)
			break;
		/* the filter is the server's promise; this is ours */
		if (e.id > after && e.entity_id == linode_id &&
		    strcmp(e.entity_type, "linode") == 0)
			insert(out, max, n, &e);
	}
	gsp_linode_answer_release(&a);
	return rc;
}
