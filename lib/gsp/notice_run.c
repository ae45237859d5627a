#include "gsp/notice_run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/num.h"
#include "gsp/config_parts.h"
#include "gsp/notice_state.h"
#include "gsp/notice_text.h"
#include "net/retry.h"
#include "sys/io.h"
#include "sys/lock.h"
#include "sys/sig.h"

#include "base/banned.h"

#define FIRST_MS 5000
#define LONGEST_MS (300 * 1000)
#define BROKEN_MS (3600 * 1000) /* then a broken one is asked once more: it may have been wrong */
#define DAY_MS (86400 * 1000LL)
#define HOUR_MS (3600 * 1000LL)

/* ---- who ---- */

static void
add_all(struct gsp_notice_targets *out, const struct gsp_notify *n)
{
	for (size_t i = 0; i < n->n; i++) {
		size_t at = 0;

		while (at < out->n && strcmp(out->v[at]->id, n->v[i].id) != 0)
			at++;
		if (at == sizeof(out->v) / sizeof(out->v[0]))
			return;
		out->v[at] = &n->v[i];
		out->n += at == out->n;
	}
}

static void
add_server(struct gsp_notice_targets *out, const struct gsp_home *h, const char *server)
{
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_server_conf *conf, **more;

	if (gsp_server_conf_load(&conf, h, server, &err) == -1) {
		gsp_debug("notify: %s", err.msg);
		return;
	}
	more = realloc(out->confs, (out->nconfs + 1) * sizeof(*more));
	if (more == NULL) {
		gsp_server_conf_free(conf);
		return;
	}
	out->confs = more;
	out->confs[out->nconfs++] = conf;
	add_all(out, &conf->notify);
}

void
gsp_notice_targets(struct gsp_notice_targets *out, const struct gsp_home *h, const char *server)
{
	memset(out, 0, sizeof(*out));
	add_all(out, &h->notify);
	if (server != NULL)
		add_server(out, h, server);
}

void
gsp_notice_targets_all(struct gsp_notice_targets *out, const struct gsp_home *h)
{
	struct gsp_argv names = GSP_ARGV_INIT;
	struct gsp_err ignored = GSP_ERR_INIT;

	memset(out, 0, sizeof(*out));
	add_all(out, &h->notify);
	if (gsp_home_servers(h, &names, &ignored) == 0)
		for (size_t i = 0; i < names.n; i++)
			add_server(out, h, names.v[i]);
	gsp_argv_release(&names);
}

void
gsp_notice_targets_release(struct gsp_notice_targets *t)
{
	for (size_t i = 0; i < t->nconfs; i++)
		gsp_server_conf_free(t->confs[i]);
	free(t->confs);
	memset(t, 0, sizeof(*t));
}

/* ---- whether it works ---- */

/* Of the file that has to change before a broken target can work again. */
static void
stamp_of(char out[64], const struct gsp_home *h, const struct gsp_notify_target *t)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct stat st;

	out[0] = '\0';
	if (t->file != NULL) {
		gsp_home_expand(&path, h->dir, t->file);
		if (stat(gsp_buf_str(&path), &st) == 0)
			snprintf(out, 64, "%" PRId64 ".%09ld %" PRId64 " %o", (int64_t)st.st_mtim.tv_sec,
			    st.st_mtim.tv_nsec, (int64_t)st.st_size, (unsigned)st.st_mode);
	}
	gsp_buf_release(&path);
}

int64_t
gsp_notice_backoff_ms(uint64_t tries, uint32_t rnd)
{
	int64_t ms = FIRST_MS;

	for (uint64_t i = 1; i < tries && ms < LONGEST_MS; i++)
		ms *= 2;
	if (ms > LONGEST_MS)
		ms = LONGEST_MS;
	return ms + ms / 4 * rnd / 1000;
}

/* What came of one try. */
static void
note_outcome(struct gsp_notice_status *s, const struct gsp_home *h,
    const struct gsp_notify_target *t, enum gsp_notice_outcome what, int64_t wait_ms, const char *why)
{
	struct gsp_buf clean = GSP_BUF_INIT(sizeof(s->why));
	struct gsp_notice_status was = *s;
	int64_t now = gsp_wall_ms();

	memset(s, 0, sizeof(*s));
	if (what != GSP_NOTICE_SENT) {
		gsp_notice_clean(&clean, why, sizeof(s->why) - 1);
		snprintf(s->why, sizeof(s->why), "%s", gsp_buf_str(&clean));
		s->tries = was.tries + 1;
		s->since_ms = was.since_ms > 0 ? was.since_ms : now;
		s->broken = what == GSP_NOTICE_BROKEN;
		if (what == GSP_NOTICE_LATER && wait_ms < 0)
			wait_ms = gsp_notice_backoff_ms(s->tries, gsp_retry_clock()->below(1000));
		if (s->broken) {
			stamp_of(s->stamp, h, t);
			wait_ms = BROKEN_MS;
		}
	}
	if (wait_ms > 0)
		s->not_before_ms = now + wait_ms;
	if (what != GSP_NOTICE_SENT || wait_ms > 0 || was.tries > 0 || was.not_before_ms > 0)
		gsp_notice_status_save(s, h, t->id);
	gsp_buf_release(&clean);
}

/* Milliseconds until it may be asked; a clock that was put back makes nobody wait for years. */
static int64_t
wait_left_ms(const struct gsp_notice_status *s)
{
	int64_t left = s->not_before_ms - gsp_wall_ms();

	return left <= 0 || left > BROKEN_MS ? 0 : left;
}

/* ---- one target's queue ---- */

struct sender {
	const struct gsp_home *h;
	const struct gsp_notify_target *t; /* NULL: nobody is called so any more */
	const char *id;
	struct gsp_http *http;
	struct gsp_notice_status status;
};

static int64_t
worth_ms(int event)
{
	switch (event) {
	case GSP_NOTICE_IDLE:
	case GSP_NOTICE_LEASE: return HOUR_MS / 4;
	case GSP_NOTICE_UP:
	case GSP_NOTICE_READY:
	case GSP_NOTICE_STOPPING: return HOUR_MS;
	default: return DAY_MS;
	}
}

static bool
is_still_broken(struct sender *s)
{
	char stamp[64];

	if (!s->status.broken)
		return false;
	stamp_of(stamp, s->h, s->t);
	return strcmp(stamp, s->status.stamp) == 0 && wait_left_ms(&s->status) > 0;
}

/* One try: 1 its turn is over, 0 it is to be tried again, -1 a signal. */
static int
try_once(struct sender *s, const struct gsp_notice_item *it, struct gsp_err *err)
{
	struct gsp_err why = GSP_ERR_INIT;
	const char *event = gsp_notice_item_event(it), *server = it->server;
	enum gsp_notice_outcome what;
	int64_t wait_ms;

	what = gsp_notice_send(s->h, s->t, it, s->http, &wait_ms, &why);
	if (what == GSP_NOTICE_CANCEL) {
		*err = why;
		return -1;
	}
	note_outcome(&s->status, s->h, s->t, what, wait_ms, why.msg);
	if (what == GSP_NOTICE_SENT) {
		gsp_notice_log(s->h, s->id, "sent %s %s", server, event);
		return 1;
	}
	if (what == GSP_NOTICE_LATER && gsp_wall_ms() - it->t_ms <= worth_ms(it->event)) {
		gsp_notice_log(s->h, s->id, "not now: %s %s: %s", server, event, why.msg);
		return 0;
	}
	gsp_notice_log(s->h, s->id, "dropped %s %s: %s", server, event, why.msg);
	return 1;
}

enum turn { STOPPED = -1, NOTHING, OVER, NOT_YET };

/* Once. */
static enum turn
deliver(struct sender *s, const struct gsp_notice_item *it, struct gsp_err *err)
{
	if (s->t == NULL) {
		gsp_notice_log(s->h, s->id, "dropped %s %s: it is in no notify: any more", it->server,
		    gsp_notice_item_event(it));
		return OVER;
	}
	if (is_still_broken(s)) {
		gsp_notice_log(s->h, s->id, "dropped %s %s: it does not work: %s", it->server,
		    gsp_notice_item_event(it), s->status.why);
		return OVER;
	}
	if (!s->status.broken && wait_left_ms(&s->status) > 0)
		return NOT_YET;
	switch (try_once(s, it, err)) {
	case 1: return OVER;
	case 0: return NOT_YET;
	default: return STOPPED;
	}
}

/* The oldest. */
static enum turn
next(struct sender *s, struct gsp_err *err)
{
	struct gsp_notice_item it = GSP_NOTICE_ITEM_INIT;
	struct gsp_argv names = GSP_ARGV_INIT;
	struct gsp_err why = GSP_ERR_INIT;
	enum turn turn = NOTHING;

	gsp_notice_waiting(&names, s->h, s->id);
	if (names.n == 0)
		goto out;
	turn = OVER;
	if (gsp_notice_get(&it, s->h, s->id, names.v[0], &why) == -1)
		gsp_notice_log(s->h, s->id, "dropped %s: %s", names.v[0], why.msg);
	else
		turn = deliver(s, &it, err);
	if (turn == OVER && gsp_notice_done(s->h, s->id, names.v[0], err) == -1)
		turn = STOPPED; /* never in a circle with it */
out:
	gsp_argv_release(&names);
	gsp_notice_item_release(&it);
	return turn;
}

/* All that waits, by the settings of now, until the target wants to be left alone. */
static enum turn
drain(struct sender *s, struct gsp_err *err)
{
	struct gsp_notice_targets all;
	enum turn turn;

	gsp_notice_targets_all(&all, s->h);
	s->t = NULL;
	for (size_t i = 0; i < all.n; i++)
		if (strcmp(all.v[i]->id, s->id) == 0)
			s->t = all.v[i];
	gsp_notice_log_turn(s->h, s->id);
	while ((turn = next(s, err)) == OVER)
		;
	gsp_notice_targets_release(&all);
	return turn;
}

/* With the lock. The settings are read again after each wait, which may have been long. */
static enum turn
drain_now(struct sender *s, const struct gsp_home *h, struct gsp_err *err)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_home *now = NULL;
	enum turn turn = STOPPED;

	if (s->status.broken ||
	    gsp_retry_clock()->sleep_ms(wait_left_ms(&s->status), err) == 0) {
		/* while somebody is editing them the ones before will do */
		s->h = gsp_home_open(&now, h->dir, &ignored) == 0 ? now : h;
		turn = drain(s, err);
		s->h = h;
	}
	gsp_home_free(now);
	return turn;
}

static bool
anything_waits(const struct gsp_home *h, const char *id)
{
	struct gsp_argv names = GSP_ARGV_INIT;
	bool yes;

	gsp_notice_waiting(&names, h, id);
	yes = names.n > 0;
	gsp_argv_release(&names);
	return yes;
}

int
gsp_notice_run(const struct gsp_home *h, const char *id, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct sender s = {.h = h, .id = id};
	struct gsp_err now = GSP_ERR_INIT;
	enum turn turn = NOTHING;
	int fd;

	if (!anything_waits(h, id))
		return 0;
	if (gsp_http_new(&s.http, err) == -1)
		return -1;
	gsp_notice_status_load(&s.status, h, id);
	/* whoever queues a notice while the lock is held starts nobody: so it is looked at again after
	 * the lock was given back */
	while (turn != STOPPED && anything_waits(h, id)) {
		gsp_err_clear(&now);
		if (gsp_lock_take(&fd, gsp_notice_dir(h, &path, id, "lock"), "sending notices", -1,
		        &now) == -1) {
			turn = now.code == GSP_ETEMP ? NOTHING : STOPPED;
			break;
		}
		(void)gsp_io_sweep(gsp_notice_dir(h, &path, id, ""), &now);
		gsp_err_clear(&now);
		turn = drain_now(&s, h, &now);
		gsp_lock_free(fd);
	}
	if (turn == STOPPED)
		*err = now;
	gsp_http_free(s.http);
	gsp_buf_release(&path);
	return turn == STOPPED ? -1 : 0;
}

/* ---- for people ---- */

enum gsp_notice_outcome
gsp_notice_test(const struct gsp_home *h, const struct gsp_notify_target *t, const char *server,
    struct gsp_http *http, struct gsp_err *err)
{
	struct gsp_notice_item it = GSP_NOTICE_ITEM_INIT;
	struct gsp_notice_status s;
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_err why = GSP_ERR_INIT;
	enum gsp_notice_outcome what;
	char text[128];
	int64_t wait_ms;

	snprintf(text, sizeof(text), "this is a test: notices %s%s arrive here",
	    server != NULL ? "of " : "of gsp", server != NULL ? server : "");
	gsp_notice_item_make(&it, h, server, NULL, GSP_NOTICE_TEST, text);
	what = gsp_notice_send(h, t, &it, http, &wait_ms, err);
	/* what a test found out the sender need not find out again */
	if (what != GSP_NOTICE_CANCEL && gsp_home_state_make(h, NULL, &why) == 0 &&
	    gsp_io_mkdirs(gsp_notice_dir(h, &path, t->id, ""), 0700, &why) == 0) {
		gsp_notice_status_load(&s, h, t->id);
		note_outcome(&s, h, t, what, wait_ms, err->msg);
	}
	gsp_buf_release(&path);
	gsp_notice_item_release(&it);
	return what;
}

void
gsp_notice_trouble(struct gsp_argv *out, const struct gsp_home *h)
{
	struct gsp_buf label = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_notice_targets all;
	struct gsp_notice_status s;
	char span[48];

	gsp_notice_targets_all(&all, h);
	for (size_t i = 0; i < all.n; i++) {
		gsp_notice_status_load(&s, h, all.v[i]->id);
		if (s.tries == 0)
			continue;
		gsp_buf_reset(&label);
		gsp_notify_label(&label, all.v[i]);
		gsp_argv_pushf(out, "notify: %s has not worked for %s: %s; 'gsp notify --test' tries it",
		    gsp_buf_str(&label),
		    gsp_num_span(span, sizeof(span), (gsp_wall_ms() - s.since_ms) / 1000), s.why);
	}
	gsp_notice_targets_release(&all);
	gsp_buf_release(&label);
}
