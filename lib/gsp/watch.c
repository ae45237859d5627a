#include "gsp/watch.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/num.h"
#include "gsp/state_file.h"
#include "sys/lock.h"

#include "base/banned.h"

#define AHEAD_S 60 /* a clock that was set back a little is no reason to see nobody */

static const char schema[] = "gsp.watch/1";

/* ---- memory ---- */

static int64_t
get_time(const struct gsp_json *v, const char *key)
{
	return (int64_t)gsp_json_u64(v, key, 0);
}

static void
add_time(struct gsp_json *v, const char *key, int64_t t)
{
	gsp_json_add_u64(v, key, t > 0 ? (uint64_t)t : 0);
}

/* What cannot be read is as good as none. */
static struct gsp_json *
read_json(const char *path)
{
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_json *v;

	if (gsp_state_file_read(&v, path, schema, &err) == -1)
		gsp_debug("'%s': %s", path, err.msg);
	return v;
}

static void
fill(struct gsp_watch_memory *m, const struct gsp_json *v)
{
	struct gsp_err err = GSP_ERR_INIT;
	const struct gsp_json *decide = gsp_json_get(v, "decide");
	uint64_t players;

	if (decide != NULL && gsp_decide_from_json(&m->decide, decide, &err) == -1) {
		gsp_debug("watch.json: %s", err.msg);
		memset(&m->decide, 0, sizeof(m->decide));
		return;
	}
	players = gsp_json_u64(v, "players", UINT64_MAX);
	m->counted = players <= UINT32_MAX;
	m->players = m->counted ? (uint32_t)players : 0;
	m->health = !gsp_json_is_bool(gsp_json_get(v, "healthy")) ? -1
	                                                          : gsp_json_bool(v, "healthy", false);
	m->passed = get_time(v, "passed");
	m->asked = get_time(v, "asked");
	m->live = get_time(v, "live");
	m->held = get_time(v, "held");
	gsp_json_copy(m->why, sizeof(m->why), v, "why");
	gsp_json_copy(m->trouble, sizeof(m->trouble), v, "trouble");
}

void
gsp_watch_load(struct gsp_watch_memory *m, const struct gsp_home *h, const char *server,
    const char *session)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_json *v = read_json(gsp_home_state_path(h, &path, server, "watch.json"));

	memset(m, 0, sizeof(*m));
	m->health = -1;
	if (v != NULL && strcmp(gsp_json_str(v, "session", ""), session) == 0)
		fill(m, v);
	gsp_decide_session(&m->decide, session);
	gsp_json_free(v);
	gsp_buf_release(&path);
}

int
gsp_watch_save(const struct gsp_watch_memory *m, const struct gsp_home *h, const char *server,
    struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_json *v = gsp_json_new_obj();
	int rc;

	gsp_json_add_str(v, "schema", schema);
	gsp_json_add_str(v, "session", m->decide.session);
	add_time(v, "passed", m->passed);
	if (m->counted)
		gsp_json_add_u64(v, "players", m->players);
	if (m->health >= 0)
		gsp_json_add_bool(v, "healthy", m->health == 1);
	gsp_json_add_str(v, "why", m->why);
	gsp_json_add_str(v, "trouble", m->trouble);
	add_time(v, "asked", m->asked);
	add_time(v, "live", m->live);
	add_time(v, "held", m->held);
	gsp_decide_to_json(&m->decide, gsp_json_add_obj(v, "decide"));
	rc = gsp_state_file_write(v, gsp_home_state_path(h, &path, server, "watch.json"), err);
	gsp_json_free(v);
	gsp_buf_release(&path);
	return rc;
}

int
gsp_watch_met_put(const struct gsp_home *h, const char *server, const char *session, int64_t at,
    struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_json *v = gsp_json_new_obj();
	int rc;

	gsp_json_add_str(v, "schema", schema);
	gsp_json_add_str(v, "session", session);
	add_time(v, "met", at);
	rc = gsp_state_file_write(v, gsp_home_state_path(h, &path, server, "met.json"), err);
	gsp_json_free(v);
	gsp_buf_release(&path);
	return rc;
}

int64_t
gsp_watch_met(const struct gsp_home *h, const char *server, const char *session)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_json *v = read_json(gsp_home_state_path(h, &path, server, "met.json"));
	int64_t at = v != NULL && strcmp(gsp_json_str(v, "session", ""), session) == 0
	    ? get_time(v, "met")
	    : 0;

	gsp_json_free(v);
	gsp_buf_release(&path);
	return at;
}

/* ---- who watches ---- */

int
gsp_watch_seen_put(const struct gsp_watch_seen *s, const struct gsp_home *h, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_json *v;
	int rc;

	if (gsp_home_state_make(h, NULL, err) == -1)
		return -1;
	v = gsp_json_new_obj();
	gsp_json_add_str(v, "schema", schema);
	add_time(v, "seen", s->at);
	add_time(v, "every_s", s->every_s);
	gsp_json_add_u64(v, "pid", (uint64_t)s->pid);
	gsp_json_add_str(v, "host", s->host);
	rc = gsp_state_file_write(v, gsp_home_path(h, &path, "state/watch.json"), err);
	gsp_json_free(v);
	gsp_buf_release(&path);
	return rc;
}

/* A loop of this computer that is no more will not come again, however short ago it was here. */
static bool
has_ended(const struct gsp_watch_seen *s)
{
	char host[sizeof(s->host)] = "";

	if (s->every_s == 0 || s->pid <= 0 || s->pid > INT32_MAX ||
	    gethostname(host, sizeof(host) - 1) == -1 || strcmp(host, s->host) != 0)
		return false;
	return kill((pid_t)s->pid, 0) == -1 && errno == ESRCH;
}

void
gsp_watch_seen_get(struct gsp_watch_seen *s, const struct gsp_home *h)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_json *v = read_json(gsp_home_path(h, &path, "state/watch.json"));

	memset(s, 0, sizeof(*s));
	if (v != NULL) {
		s->at = get_time(v, "seen");
		s->every_s = get_time(v, "every_s");
		s->pid = get_time(v, "pid");
		gsp_json_copy(s->host, sizeof(s->host), v, "host");
		if (has_ended(s))
			memset(s, 0, sizeof(*s));
	}
	gsp_json_free(v);
	gsp_buf_release(&path);
}

bool
gsp_watch_seen_fresh(const struct gsp_watch_seen *s, int64_t now)
{
	return s->at > 0 && now - s->at <= GSP_WATCH_FRESH_S && s->at - now <= AHEAD_S;
}

void
gsp_watch_session_note(char *out, size_t size, const char *session)
{
	snprintf(out, size, "session %.32s (pid %ld)", session, (long)getpid());
}

static bool
session_note(char *note, size_t size, const struct gsp_home *h, const char *server,
    const char *session)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	char want[48];
	bool lives;

	snprintf(want, sizeof(want), "session %.32s ", session);
	lives = gsp_lock_peek(gsp_home_state_path(h, &path, server, "watcher"), note, size) &&
	    strncmp(note, want, strlen(want)) == 0;
	gsp_buf_release(&path);
	return lives;
}

bool
gsp_watch_session_lives(const struct gsp_home *h, const char *server, const char *session)
{
	char note[128];

	return session_note(note, sizeof(note), h, server, session);
}

const char *
gsp_watch_by(char *out, size_t size, const struct gsp_home *h, const char *server,
    const char *session, int64_t now)
{
	struct gsp_watch_seen seen;
	char note[128], span[48];

	out[0] = '\0';
	if (session_note(note, sizeof(note), h, server, session)) {
		const char *pid = strrchr(note, '(');

		snprintf(out, size, "gsp-watch of this session %.40s", pid != NULL ? pid : "");
		return out;
	}
	gsp_watch_seen_get(&seen, h);
	if (gsp_watch_seen_fresh(&seen, now))
		snprintf(out, size, "gsp-watch on '%.64s', %s ago", seen.host,
		    gsp_num_span(span, sizeof(span), now > seen.at ? now - seen.at : 0));
	return out;
}
