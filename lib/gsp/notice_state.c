#include "gsp/notice_state.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "gsp/notice_spool.h"
#include "gsp/state_file.h"

#include "base/banned.h"

#define SERVERS_MAX 32

static const char status_schema[] = "gsp.notice.status/1", messages_schema[] = "gsp.notice.messages/1";

/* The object in a file of the target's; NULL, which has no keys, when there is none to be read. */
static struct gsp_json *
load(const struct gsp_home *h, const char *id, const char *name, const char *schema)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_err why = GSP_ERR_INIT;
	struct gsp_json *o;

	if (gsp_state_file_read(&o, gsp_notice_dir(h, &path, id, name), schema, &why) == -1)
		gsp_debug("notify: '%s': %s", gsp_buf_str(&path), why.msg);
	gsp_buf_release(&path);
	return o;
}

static int
save(const struct gsp_home *h, const char *id, const char *name, const struct gsp_json *o,
    struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	int rc = gsp_state_file_write(o, gsp_notice_dir(h, &path, id, name), err);

	gsp_buf_release(&path);
	return rc;
}

void
gsp_notice_status_load(struct gsp_notice_status *s, const struct gsp_home *h, const char *id)
{
	struct gsp_json *o = load(h, id, "status.json", status_schema);

	memset(s, 0, sizeof(*s));
	s->broken = gsp_json_bool(o, "broken", false);
	s->tries = gsp_json_u64(o, "tries", 0);
	s->since_ms = (int64_t)gsp_json_u64(o, "since", 0);
	s->not_before_ms = (int64_t)gsp_json_u64(o, "not_before", 0);
	gsp_json_copy(s->stamp, sizeof(s->stamp), o, "stamp");
	gsp_json_copy(s->why, sizeof(s->why), o, "why");
	gsp_json_free(o);
}

void
gsp_notice_status_save(const struct gsp_notice_status *s, const struct gsp_home *h, const char *id)
{
	struct gsp_json *o = gsp_json_new_obj();
	struct gsp_err err = GSP_ERR_INIT;

	gsp_json_add_str(o, "schema", status_schema);
	gsp_json_add_bool(o, "broken", s->broken);
	gsp_json_add_u64(o, "tries", s->tries);
	gsp_json_add_u64(o, "since", s->since_ms > 0 ? (uint64_t)s->since_ms : 0);
	gsp_json_add_u64(o, "not_before", s->not_before_ms > 0 ? (uint64_t)s->not_before_ms : 0);
	gsp_json_add_str(o, "stamp", s->stamp);
	gsp_json_add_str(o, "why", s->why);
	if (save(h, id, "status.json", o, &err) == -1)
		gsp_debug("notify: %s", err.msg);
	gsp_json_free(o);
}

void
gsp_notice_message_add(struct gsp_notice_message *m, int64_t t_ms, int event, const char *text)
{
	struct gsp_notice_line *l;

	if (m->nlines > 0 && m->lines[m->nlines - 1].event == event)
		m->nlines--;
	if (m->nlines == GSP_NOTICE_LINES) {
		memmove(&m->lines[0], &m->lines[1], sizeof(m->lines[0]) * (GSP_NOTICE_LINES - 1));
		m->nlines--;
	}
	l = &m->lines[m->nlines++];
	l->t_ms = t_ms;
	l->event = event;
	snprintf(l->text, sizeof(l->text), "%s", text);
}

static void
fill(struct gsp_notice_message *m, const struct gsp_json *o)
{
	enum gsp_notice_event event;

	gsp_json_copy(m->id, sizeof(m->id), o, "message");
	if (strspn(m->id, "0123456789") != strlen(m->id))
		m->id[0] = '\0'; /* it becomes a part of a URL */
	for (const struct gsp_json *l = gsp_json_first(gsp_json_get(o, "lines")); l != NULL;
	     l = gsp_json_next(l))
		if (gsp_notice_event(&event, gsp_json_str(l, "event", "")) == 0)
			gsp_notice_message_add(m, (int64_t)gsp_json_u64(l, "t", 0), (int)event,
			    gsp_json_str(l, "text", ""));
}

void
gsp_notice_message_load(struct gsp_notice_message *m, const struct gsp_home *h, const char *id,
    const char *server, const char *session)
{
	struct gsp_json *o = load(h, id, "messages.json", messages_schema);

	memset(m, 0, sizeof(*m));
	snprintf(m->server, sizeof(m->server), "%s", server);
	snprintf(m->session, sizeof(m->session), "%s", session);
	for (const struct gsp_json *e = gsp_json_first(gsp_json_get(o, "messages")); e != NULL;
	     e = gsp_json_next(e))
		if (strcmp(gsp_json_str(e, "server", ""), server) == 0 &&
		    strcmp(gsp_json_str(e, "session", ""), session) == 0) {
			fill(m, e);
			break;
		}
	gsp_json_free(o);
}

static void
add_message(struct gsp_json *arr, const struct gsp_notice_message *m)
{
	struct gsp_json *o = gsp_json_add_obj(arr, NULL), *lines;

	gsp_json_add_str(o, "server", m->server);
	gsp_json_add_str(o, "session", m->session);
	gsp_json_add_str(o, "message", m->id);
	lines = gsp_json_add_arr(o, "lines");
	for (size_t i = 0; i < m->nlines; i++) {
		struct gsp_json *l = gsp_json_add_obj(lines, NULL);

		gsp_json_add_u64(l, "t", m->lines[i].t_ms > 0 ? (uint64_t)m->lines[i].t_ms : 0);
		gsp_json_add_str(l, "event", gsp_notice_name((enum gsp_notice_event)m->lines[i].event));
		gsp_json_add_str(l, "text", m->lines[i].text);
	}
}

int
gsp_notice_message_save(const struct gsp_notice_message *m, const struct gsp_home *h,
    const char *id, struct gsp_err *err)
{
	struct gsp_json *old = load(h, id, "messages.json", messages_schema), *o = gsp_json_new_obj(), *arr;
	size_t n = 1;
	int rc;

	gsp_json_add_str(o, "schema", messages_schema);
	arr = gsp_json_add_arr(o, "messages");
	if (m->nlines > 0)
		add_message(arr, m);
	for (const struct gsp_json *e = gsp_json_first(gsp_json_get(old, "messages"));
	     e != NULL && n < SERVERS_MAX; e = gsp_json_next(e))
		if (strcmp(gsp_json_str(e, "server", ""), m->server) != 0) {
			gsp_json_add_copy(arr, NULL, e);
			n++;
		}
	rc = save(h, id, "messages.json", o, err);
	gsp_json_free(o);
	gsp_json_free(old);
	return rc;
}
