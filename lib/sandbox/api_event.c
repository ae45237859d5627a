/* The account's event list: newest first, ids only ever grow, the oldest fall off. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "sandbox/api_int.h"

#include "base/banned.h"

static const char *const event_fields[] = {
    "id", "action", "created", "entity.id", "entity.type", "read", NULL};

static const struct {
	const char *type, *url;
} entity_urls[] = {
    {"linode", "/v4/linode/instances/"},
    {"firewall", "/v4/networking/firewalls/"},
    {"domain", "/v4/domains/"},
    {"user_ssh_key", "/v4/profile/sshkeys/"},
};

static void
drop_oldest(struct gsp_sandbox *sb)
{
	struct gsp_sb_event **p = &sb->events;

	while (*p != NULL && (*p)->next != NULL)
		p = &(*p)->next;
	free(*p);
	*p = NULL;
	sb->nevents--;
}

struct gsp_sb_event *
gsp_sb_event_new(struct gsp_sandbox *sb, const char *action, const char *status,
    const char *type, uint64_t id, const char *label, int64_t planned_ms)
{
	struct gsp_sb_event *e = calloc(1, sizeof(*e));

	if (e == NULL)
		abort();
	e->id = sb->next_event++;
	e->action = action;
	e->status = status;
	e->entity.type = type;
	e->entity.id = id;
	gsp_sb_copy_text(e->entity.label, sizeof(e->entity.label), label ? label : "");
	e->created_s = gsp_sb_wall_s(sb);
	e->start_ms = e->end_ms = gsp_now_ms();
	e->planned_ms = planned_ms;
	e->visible_ms = e->start_ms + sb->o.event_lag_ms;
	e->next = sb->events;
	sb->events = e;
	if (++sb->nevents > GSP_SB_EVENTS_MAX)
		drop_oldest(sb);
	return e;
}

struct gsp_sb_event *
gsp_sb_event_find(struct gsp_sandbox *sb, uint64_t id)
{
	struct gsp_sb_event *e = sb->events;

	while (e != NULL && e->id != id)
		e = e->next;
	return e;
}

void
gsp_sb_event_end(struct gsp_sandbox *sb, uint64_t id, bool ok, const char *message)
{
	struct gsp_sb_event *e = gsp_sb_event_find(sb, id);

	if (e == NULL)
		return;
	e->status = ok ? "finished" : "failed";
	e->end_ms = gsp_now_ms();
	if (message != NULL)
		gsp_sb_copy_text(e->message, sizeof(e->message), message);
}

void
gsp_sb_events_free(struct gsp_sandbox *sb)
{
	while (sb->events != NULL) {
		struct gsp_sb_event *e = sb->events;

		sb->events = e->next;
		free(e);
	}
	sb->nevents = 0;
}

static void
add_entity(const struct gsp_sandbox *sb, const struct gsp_sb_event *e, struct gsp_json *o)
{
	struct gsp_json *ent;
	struct gsp_buf b = GSP_BUF_INIT(80);

	if (e->entity.type == NULL) {
		gsp_sb_add_real_null(sb, o, "entity");
		return;
	}
	for (size_t i = 0; i < sizeof(entity_urls) / sizeof(entity_urls[0]); i++)
		if (strcmp(entity_urls[i].type, e->entity.type) == 0)
			gsp_buf_addf(&b, "%s%" PRIu64, entity_urls[i].url, e->entity.id);
	ent = gsp_json_add_obj(o, "entity");
	gsp_json_add_str(ent, "label", e->entity.label);
	gsp_json_add_u64(ent, "id", e->entity.id);
	gsp_json_add_str(ent, "type", e->entity.type);
	gsp_json_add_str(ent, "url", gsp_buf_str(&b));
	gsp_buf_release(&b);
}

static uint64_t
percent(const struct gsp_sb_event *e)
{
	int64_t gone = gsp_now_ms() - e->start_ms;

	if (strcmp(e->status, "scheduled") == 0)
		return 0;
	if (strcmp(e->status, "started") != 0)
		return 100;
	if (e->planned_ms <= 0 || gone * 100 >= e->planned_ms * 99)
		return 99;
	return (uint64_t)(gone * 100 / e->planned_ms);
}

static void
event_json(const struct gsp_sandbox *sb, const struct gsp_sb_event *e, struct gsp_json *o)
{
	bool running = strcmp(e->status, "started") == 0;

	gsp_json_add_u64(o, "id", e->id);
	gsp_json_add_str(o, "action", e->action);
	gsp_sb_add_time(o, "created", e->created_s);
	gsp_json_add_num(o, "duration", (double)((e->end_ms - e->start_ms) / 100) / 10);
	add_entity(sb, e, o);
	gsp_sb_add_real_null(sb, o, "secondary_entity");
	gsp_json_add_str(o, "message", e->message);
	gsp_json_add_u64(o, "percent_complete", percent(e));
	gsp_json_add_null(o, "rate");
	gsp_json_add_bool(o, "read", e->read);
	gsp_json_add_bool(o, "seen", e->seen);
	gsp_json_add_str(o, "status", e->status);
	/* documented as a string or null; arrives as 0 while the job runs */
	if (running && !sb->o.spec_only)
		gsp_json_add_u64(o, "time_remaining", 0);
	else
		gsp_json_add_null(o, "time_remaining");
	gsp_json_add_str(o, "username", "sandbox");
}

void
gsp_sb_events_list(struct gsp_sb_req *q)
{
	struct gsp_json *list = gsp_json_new_arr();
	int64_t now = gsp_now_ms();

	for (const struct gsp_sb_event *e = q->sb->events; e != NULL; e = e->next)
		if (e->visible_ms <= now)
			event_json(q->sb, e, gsp_json_add_obj(list, NULL));
	gsp_sb_page(q, list, event_fields);
}

static struct gsp_sb_event *
event_of(struct gsp_sb_req *q)
{
	uint64_t id = gsp_sb_seg_id(q, 2);
	struct gsp_sb_event *e = id == 0 ? NULL : gsp_sb_event_find(q->sb, id);

	if (e != NULL && e->visible_ms <= gsp_now_ms())
		return e;
	if (id != 0)
		gsp_sb_not_found(q);
	return NULL;
}

void
gsp_sb_event_get(struct gsp_sb_req *q)
{
	struct gsp_sb_event *e = event_of(q);

	if (e != NULL)
		event_json(q->sb, e, gsp_sb_answer(q));
}

/* Both mark this event and every older one. */
void
gsp_sb_event_seen(struct gsp_sb_req *q)
{
	for (struct gsp_sb_event *e = event_of(q); e != NULL; e = e->next)
		e->seen = true;
}

void
gsp_sb_event_read(struct gsp_sb_req *q)
{
	for (struct gsp_sb_event *e = event_of(q); e != NULL; e = e->next)
		e->read = true;
}
