#include "gsp/marker.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "fmt/json.h"

#include "base/banned.h"

static const char *const state_names[] = {
    "fresh", "uploaded", "dirty", "stopping", "saved", "closing"};

const char *
gsp_marker_state_name(enum gsp_marker_state s)
{
	return state_names[s];
}

/* Names, ids and boot ids are of these characters; anything else is no text of ours. */
static int
copy_word(char *out, size_t size, const struct gsp_json *obj, const char *key,
    struct gsp_err *err)
{
	const char *s;

	if (gsp_json_need_str(&s, obj, key, err) == -1)
		return -1;
	if (strlen(s) >= size ||
	    strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(s))
		return gsp_err_set(err, GSP_EPROTO, "'%s' is not one of ours", key);
	snprintf(out, size, "%s", s);
	return 0;
}

static int
parse_fields(struct gsp_marker *m, const struct gsp_json *v, struct gsp_err *err)
{
	char state[16];
	size_t i;

	if (copy_word(m->home, sizeof(m->home), v, "home", err) == -1 ||
	    copy_word(m->server, sizeof(m->server), v, "server", err) == -1 ||
	    copy_word(m->session, sizeof(m->session), v, "session", err) == -1 ||
	    copy_word(state, sizeof(state), v, "state", err) == -1 ||
	    copy_word(m->boot_id, sizeof(m->boot_id), v, "boot_id", err) == -1 ||
	    gsp_json_need_u64(&m->base, v, "base", err) == -1 ||
	    gsp_json_need_u64(&m->saved, v, "saved", err) == -1)
		return -1;
	m->stopped = gsp_json_bool(v, "stopped", false);
	m->killed = gsp_json_bool(v, "killed", false);
	for (i = 0; i < sizeof(state_names) / sizeof(state_names[0]); i++)
		if (strcmp(state, state_names[i]) == 0)
			break;
	if (i == sizeof(state_names) / sizeof(state_names[0]))
		return gsp_err_set(err, GSP_EPROTO, "unknown state '%s'", state);
	m->state = (enum gsp_marker_state)i;
	return 0;
}

int
gsp_marker_parse(struct gsp_marker *out, const char *text, struct gsp_err *err)
{
	struct gsp_marker m;
	struct gsp_json *v = NULL;
	size_t len = strlen(text);
	int rc = -1;

	memset(&m, 0, sizeof(m));
	if (len >= sizeof(m.text)) {
		gsp_err_set(err, GSP_EPROTO, "too long");
		goto out;
	}
	memcpy(m.text, text, len);
	if (gsp_json_parse(&v, text, len, err) == -1)
		goto out;
	if (strcmp(gsp_json_str(v, "schema", ""), "gsp.marker/1") != 0) {
		gsp_err_set(err, GSP_EPROTO, "not a gsp.marker/1");
		goto out;
	}
	if (parse_fields(&m, v, err) == -1)
		goto out;
	*out = m;
	rc = 0;
out:
	if (rc == -1)
		gsp_err_wrap(err, "the machine's marker");
	gsp_json_free(v);
	return rc;
}

void
gsp_marker_print(struct gsp_marker *m)
{
	char when[GSP_CLOCK_TEXT];

	snprintf(m->text, sizeof(m->text),
	    "{\"schema\":\"gsp.marker/1\",\"home\":\"%s\",\"server\":\"%s\",\"session\":\"%s\","
	    "\"state\":\"%s\",\"base\":%" PRIu64 ",\"saved\":%" PRIu64 ",\"stopped\":%s,"
	    "\"killed\":%s,\"boot_id\":\"%s\",\"time\":\"%s\"}",
	    m->home, m->server, m->session, state_names[m->state], m->base, m->saved,
	    m->stopped ? "true" : "false", m->killed ? "true" : "false", m->boot_id,
	    gsp_clock_format(when, sizeof(when), gsp_wall_s()));
}
