#include "gsp/lease.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/num.h"
#include "gsp/ledger.h"
#include "gsp/lease_tag.h"
#include "gsp/limits.h"
#include "gsp/state_file.h"
#include "sys/io.h"
#include "sys/lock.h"

#include "base/banned.h"

#define LOCK_WAIT_MS 10000 /* another change reads the ledger and writes two files under it */

static const char schema[] = "gsp.lease-file/1";

/* ---- the file ---- */

static void
add_time(struct gsp_json *v, const char *key, int64_t t)
{
	if (t != 0)
		gsp_json_add_time(v, key, t);
	else
		gsp_json_add_str(v, key, "never");
}

/* "never", or no such key: 0. */
static int
get_time(int64_t *out, const struct gsp_json *v, const char *key, struct gsp_err *err)
{
	const char *text = gsp_json_str(v, key, "never");

	*out = 0;
	if (strcmp(text, "never") == 0 || gsp_clock_parse(out, text) == 0)
		return 0;
	return gsp_err_set(err, GSP_EIO, "'%s' is no time", key);
}

static void
from_settings(struct gsp_lease *out, const struct gsp_session *s)
{
	const struct gsp_stop_rules *r = &s->conf->stop;

	out->until = r->first_s > 0 ? s->created + r->first_s : 0;
	out->hold = 0;
	out->latest = r->max_s > 0 ? s->created + r->max_s : 0;
}

/* 1: what the file says of ${s}; 0: it is of another session. */
static int
from_json(struct gsp_lease *out, const struct gsp_json *v, const struct gsp_session *s,
    struct gsp_err *err)
{
	if (strcmp(gsp_json_str(v, "session", ""), s->id) != 0)
		return 0;
	if (gsp_json_str(v, "until", NULL) == NULL)
		return gsp_err_set(err, GSP_EIO, "'until' is missing");
	return get_time(&out->until, v, "until", err) == -1 || get_time(&out->hold, v, "hold", err) == -1
	    ? -1
	    : 1;
}

/* 1: on file; 0: there is none of this session, and *out is what its settings say; -1. */
static int
read_lease(struct gsp_lease *out, const struct gsp_home *h, const struct gsp_session *s,
    struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_json *v;
	int rc;

	from_settings(out, s);
	gsp_home_state_path(h, &path, s->server, "lease.json");
	rc = gsp_state_file_read(&v, gsp_buf_str(&path), schema, err);
	if (v != NULL)
		rc = from_json(out, v, s, err);
	if (rc == -1) {
		err->code = GSP_EIO;
		gsp_err_wrap(err, "lease '%s'", gsp_buf_str(&path));
		gsp_err_hint(err, "move that file away: the lease is then as at the start");
	}
	if (out->latest != 0 && (out->until == 0 || out->until > out->latest))
		out->until = out->latest;
	gsp_json_free(v);
	gsp_buf_release(&path);
	return rc;
}

int
gsp_lease_get(struct gsp_lease *out, const struct gsp_home *h, const struct gsp_session *s,
    struct gsp_err *err)
{
	return read_lease(out, h, s, err) == -1 ? -1 : 0;
}

static int
write_lease(const struct gsp_lease *l, const struct gsp_home *h, const struct gsp_session *s,
    const char *actor, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_json *v = gsp_json_new_obj();
	int rc;

	gsp_json_add_str(v, "schema", schema);
	gsp_json_add_str(v, "session", s->id);
	add_time(v, "until", l->until);
	if (l->hold != 0)
		add_time(v, "hold", l->hold);
	gsp_json_add_str(v, "by", actor);
	add_time(v, "at", gsp_wall_s());
	rc = gsp_state_file_write(v, gsp_home_state_path(h, &path, s->server, "lease.json"), err);
	gsp_json_free(v);
	gsp_buf_release(&path);
	return rc;
}

/* Held for no longer than two files take. What a change that was killed left beside them goes. */
static int
take_lock(int *fd, const struct gsp_home *h, const char *server, const char *actor,
    struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	char note[GSP_LOCK_NOTE];
	int rc;

	rc = gsp_lock_wait(fd, gsp_home_state_path(h, &path, server, "lease.lock"),
	    gsp_lock_who(note, actor, "lease"), LOCK_WAIT_MS, err);
	if (rc == 0 && gsp_io_sweep(gsp_home_state_path(h, &path, server, ""), err) == -1) {
		gsp_lock_drop(*fd);
		rc = -1;
	}
	gsp_buf_release(&path);
	return rc;
}

int
gsp_lease_get_settled(struct gsp_lease *out, const struct gsp_home *h, const struct gsp_session *s,
    const char *actor, struct gsp_err *err)
{
	int fd, rc;

	if (take_lock(&fd, h, s->server, actor, err) == -1)
		return -1;
	rc = gsp_lease_get(out, h, s, err);
	gsp_lock_drop(fd);
	return rc;
}

int
gsp_lease_begin(const struct gsp_home *h, const struct gsp_session *s,
    const struct gsp_instance *it, bool anew, const char *actor, struct gsp_err *err)
{
	struct gsp_err unread = GSP_ERR_INIT;
	struct gsp_lease l;
	int fd, rc = 0;

	if (!anew && read_lease(&l, h, s, &unread) != 0)
		return 0; /* one that cannot be read is left for those who want to know it */
	if (take_lock(&fd, h, s->server, actor, err) == -1)
		return -1;
	if (anew || read_lease(&l, h, s, &unread) == 0) {
		from_settings(&l, s);
		l.until = gsp_lease_first(gsp_lease_tag_read(it), l.until, l.latest);
		rc = write_lease(&l, h, s, actor, err);
	}
	gsp_lock_drop(fd);
	return rc;
}

/* ---- a change ---- */

/* A session that is on its way out has no use for more time, and a promise of it would be empty. */
static int
refuse_going(struct gsp_job *job, struct gsp_err *err)
{
	static const char *const ends[] = {"down", "stop", "sync down", "teardown", NULL};
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	char note[300];
	bool busy;

	if (gsp_job_need_session(job, err) == -1)
		return -1;
	if (job->session->phase >= GSP_PHASE_STOPPED)
		return gsp_err_set(err, GSP_EREFUSED, "'%s' is going down (%s): its lease is over; 'gsp down "
		    "%s' finishes that, then 'gsp up %s' begins anew", job->server,
		    gsp_session_stage(job->session), job->server, job->server);
	busy = gsp_lock_peek(gsp_home_state_path(job->home, &path, job->server, "lock"), note,
	    sizeof(note));
	gsp_buf_release(&path);
	if (busy && gsp_lock_says(note, ends))
		return gsp_err_set(err, GSP_ETEMP, "'%s' is going down right now (%s): its lease is over; "
		    "'gsp up %s' when it is gone", job->server, note, job->server);
	return 0;
}

static int
change(struct gsp_lease_change *c, struct gsp_job *job, const struct gsp_lease_wish *w,
    struct gsp_err *err)
{
	struct gsp_limits_end budget;
	int64_t now = gsp_wall_s();

	/* under the lock: a session that ended meanwhile takes no wish of the one before it */
	if (gsp_job_reload(job, err) == -1 || refuse_going(job, err) == -1 ||
	    gsp_lease_get(&c->was, job->home, job->session, err) == -1 ||
	    gsp_limits_until(&budget, job->home, job->session, now, err) == -1)
		return -1;
	c->budget_until = budget.until;
	c->unpriced = budget.unpriced;
	gsp_lease_grant(&c->grant, &c->was, w, now, budget.until);
	c->now = c->grant.to;
	if (!c->grant.changed)
		return 0;
	return gsp_ledger_add_lease(job->home, job->session, c->now.until, c->now.hold, job->actor,
	           err) == -1 ||
	        write_lease(&c->now, job->home, job->session, job->actor, err) == -1
	    ? -1
	    : 0;
}

int
gsp_lease_change(struct gsp_lease_change *out, struct gsp_job *job,
    const struct gsp_lease_wish *wish, struct gsp_err *err)
{
	struct gsp_lease_change c = {.unpriced = 0};
	int fd, rc;

	if (refuse_going(job, err) == -1 ||
	    take_lock(&fd, job->home, job->server, job->actor, err) == -1)
		return -1;
	rc = change(&c, job, wish, err);
	gsp_lock_drop(fd);
	if (rc == 0)
		*out = c;
	return rc;
}

/* ---- for people ---- */

int64_t
gsp_lease_end(const struct gsp_lease *l, int64_t budget_until)
{
	if (l->until == 0 || (budget_until != 0 && budget_until < l->until))
		return budget_until;
	return l->until;
}

const char *
gsp_lease_when(char *buf, size_t size, int64_t when, int64_t now)
{
	time_t t = (time_t)when, n = (time_t)now;
	struct tm tm, today;
	bool same;

	if (localtime_r(&t, &tm) == NULL || localtime_r(&n, &today) == NULL)
		return gsp_clock_format(buf, size, when);
	same = tm.tm_yday == today.tm_yday && tm.tm_year == today.tm_year;
	if (strftime(buf, size, same ? "%H:%M %Z" : "%Y-%m-%d %H:%M %Z", &tm) == 0)
		return gsp_clock_format(buf, size, when);
	return buf;
}

const char *
gsp_lease_text(char *buf, size_t size, const struct gsp_lease *l, int64_t now)
{
	char when[GSP_LEASE_TEXT], span[48];

	if (l->until == 0)
		snprintf(buf, size, "its lease has no end");
	else if (l->until > now)
		snprintf(buf, size, "its lease ends at %.60s, in %s",
		    gsp_lease_when(when, sizeof(when), l->until, now),
		    gsp_num_span(span, sizeof(span), l->until - now));
	else
		snprintf(buf, size, "its lease ended at %.60s, %s ago",
		    gsp_lease_when(when, sizeof(when), l->until, now),
		    gsp_num_span(span, sizeof(span), now - l->until));
	return buf;
}
