#include "watch_loop.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "cli/say.h"
#include "gsp/notice.h"
#include "gsp/status.h"
#include "gsp/watch.h"
#include "sys/io.h"
#include "sys/lock.h"
#include "sys/sig.h"
#include "watch_cloud.h"
#include "watch_kids.h"

#include "base/banned.h"

#define LOOK_MS      2000  /* how often a loop looks whether it is still wanted */
#define TAKE_MS      20000 /* a watch of the session before may need that long to see its end */
#define NO_API_MAX   3     /* passes without an API on this computer: a sandbox that is over */
#define NO_API_MS    5000
#define GONE_MS      5000  /* a home that is gone for longer is gone */

/* ---- one pass ---- */

static void
note_seen(struct watch_loop *l)
{
	struct gsp_watch_seen s = {.at = gsp_wall_s(), .every_s = l->every_s, .pid = getpid()};
	struct gsp_err err = GSP_ERR_INIT;

	if (gethostname(s.host, sizeof(s.host) - 1) == -1)
		snprintf(s.host, sizeof(s.host), "?");
	if (gsp_watch_seen_put(&s, l->t->home, &err) == -1)
		gsp_cli_warn("%s", err.msg);
}

static int
all_names(struct gsp_argv *out, const struct gsp_argv *all, char **names, size_t n,
    struct gsp_err *err)
{
	if (gsp_status_known(all, names, n, err) == -1)
		return -1;
	for (size_t i = 0; i < (n > 0 ? n : all->n); i++)
		gsp_argv_push(out, n > 0 ? names[i] : all->v[i]);
	return out->failed ? gsp_err_set(err, GSP_ESYS, "out of memory") : 0;
}

int
watch_pass(struct watch_loop *l, char **names, size_t n, struct gsp_err *err)
{
	struct gsp_argv all = GSP_ARGV_INIT, some = GSP_ARGV_INIT;
	bool whole = n == 0 && !l->o->dry_run;
	int rc = -1;

	if (!l->o->dry_run)
		gsp_notice_resume(l->t->home);
	if (gsp_status_servers(&all, l->t->home, err) == 0 && all_names(&some, &all, names, n, err) == 0)
		rc = watch_pool(l->t, &some, l->o, whole && watch_cloud_due(l->t->home, gsp_wall_s()), l->fn,
		    l->ctx, err);
	/* a single pass on a terminal is somebody who looks, not what comes again by itself */
	if (whole && (l->every_s > 0 || !isatty(STDOUT_FILENO)) && (rc == 0 || err->code != GSP_ECANCEL))
		note_seen(l);
	gsp_argv_release(&all);
	gsp_argv_release(&some);
	return rc;
}

/* ---- again and again ---- */

/* gsp.yaml may have changed; one that cannot be read now may be in the middle of being edited. */
static void
reopen(struct tool *t)
{
	struct gsp_home *h = NULL;
	struct gsp_err err = GSP_ERR_INIT;

	if (gsp_home_open(&h, t->home->dir, &err) == 0) {
		gsp_home_free(t->home);
		t->home = h;
	} else
		gsp_cli_warn("%s; going on as before", err.msg);
}

/* An editor that saves gsp.yaml may take it away for a moment, and so may a network. */
static bool
home_there(const struct tool *t)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	int64_t until = gsp_now_ms() + GONE_MS;
	struct gsp_err asked = GSP_ERR_INIT;
	bool yes;

	gsp_home_path(t->home, &path, "gsp.yaml");
	while (!(yes = gsp_io_exists(gsp_buf_str(&path))) && gsp_now_ms() < until)
		if (gsp_sleep_ms(200, &asked) == -1) {
			yes = true; /* a signal: whoever rests sees to that */
			break;
		}
	gsp_buf_release(&path);
	return yes;
}

/* What went wrong, each time it is another thing: the next pass tries again. */
static void
say_once(char *last, size_t size, const struct gsp_err *err)
{
	if (err->msg[0] != '\0' && strcmp(last, err->msg) != 0)
		gsp_cli_error("%s", err->msg);
	snprintf(last, size, "%s", err->msg);
}

/* SIGTERM is how a loop is told to end. */
static int
ended(struct gsp_err *err)
{
	if (err->code != GSP_ECANCEL || err->detail != SIGTERM)
		return -1;
	gsp_err_clear(err);
	return 0;
}

typedef bool still_fn(struct watch_loop *l, const char *server, const char *session);

/* Until the next pass is due. 1: go on; 0: nobody wants it any more; -1 a signal. */
static int
rest(struct watch_loop *l, int64_t until_ms, still_fn *still, const char *server,
    const char *session, struct gsp_err *err)
{
	int64_t left;

	while (still(l, server, session)) {
		if ((left = until_ms - gsp_now_ms()) <= 0)
			return 1;
		if (gsp_sleep_ms(left < LOOK_MS ? left : LOOK_MS, err) == -1)
			return -1;
	}
	return 0;
}

static bool
still_home(struct watch_loop *l, const char *server, const char *session)
{
	(void)server;
	(void)session;
	return home_there(l->t);
}

int
watch_for_ever(struct watch_loop *l, char **names, size_t n, struct gsp_err *err)
{
	char last[GSP_ERR_MAX] = "";
	int more;

	for (;;) {
		int64_t until = gsp_now_ms() + l->every_s * 1000;

		if (watch_pass(l, names, n, err) == -1) {
			if (err->code == GSP_ECANCEL)
				return ended(err);
			if (err->code == GSP_EUNAVAIL && n > 0)
				return -1;
			say_once(last, sizeof(last), err);
			gsp_err_clear(err);
		}
		if ((more = rest(l, until, still_home, NULL, NULL, err)) == -1)
			return ended(err);
		if (more == 0)
			return 0;
		reopen(l->t);
	}
}

/* ---- one session ---- */

static bool
still_session(struct watch_loop *l, const char *server, const char *session)
{
	struct gsp_session *s = NULL;
	struct gsp_err ignored = GSP_ERR_INIT;
	bool yes = home_there(l->t);

	/* a journal that cannot be read is no end */
	if (yes && gsp_session_load(&s, l->t->home, server, &ignored) == 0)
		yes = s != NULL && strcmp(s->id, session) == 0;
	gsp_session_free(s);
	return yes;
}

/* Plain http is for this computer alone: a stand-in that does not answer has ended, and its
 * machines with it. */
static bool
api_gone(struct watch_loop *l)
{
	struct gsp_linode_opts o = {.base_url = l->t->home->api_url, .token = "none",
	    .budget_ms = NO_API_MS, .attempt_ms = NO_API_MS};
	struct gsp_linode_answer a;
	struct gsp_linode *api = NULL;
	struct gsp_err ignored = GSP_ERR_INIT;
	bool gone = false;

	if (strncmp(o.base_url, "http://", 7) != 0 || gsp_linode_new(&api, &o, &ignored) == -1)
		return false;
	memset(&a, 0, sizeof(a));
	gone = gsp_linode_call(api, &a, "GET", "/regions", NULL, NULL, &ignored) == -1 &&
	    ignored.code != GSP_ECANCEL && a.http_status == 0;
	gsp_linode_answer_release(&a);
	gsp_linode_free(api);
	return gone;
}

static int
session_passes(struct watch_loop *l, const char *server, const char *session, struct gsp_err *err)
{
	const struct gsp_argv nobody = GSP_ARGV_INIT;
	char last[GSP_ERR_MAX] = "";
	int more, silent = 0;

	for (;;) {
		int64_t until = gsp_now_ms() + l->every_s * 1000;
		struct watch_row row;
		int rc;

		if (!l->o->dry_run)
			gsp_notice_resume(l->t->home);
		rc = watch_one(&row, l->t, server, l->o, err);
		if (row.server[0] != '\0')
			l->fn(l->ctx, &row);
		if (rc == 0 && !l->o->dry_run)
			rc = watch_pool(l->t, &nobody, l->o, watch_cloud_due(l->t->home, gsp_wall_s()), l->fn,
			    l->ctx, err);
		if (rc == -1) {
			if (err->code == GSP_ECANCEL)
				return ended(err);
			say_once(last, sizeof(last), err);
			gsp_err_clear(err);
		}
		silent = row.counted || !api_gone(l) ? 0 : silent + 1;
		if (silent >= NO_API_MAX)
			return gsp_err_set(err, GSP_EUNAVAIL, "nothing answers at '%s', which is on this "
			    "computer: '%s' is watched no more", l->t->home->api_url, server);
		if (silent > 0) /* soon, so that what has ended is not watched for long */
			until = gsp_now_ms() + NO_API_MS;
		if ((more = rest(l, until, still_session, server, session, err)) == -1)
			return ended(err);
		if (more == 0)
			return 0;
		reopen(l->t);
	}
}

/* 1: it is ours to watch; 0: somebody else does. */
static int
take(int *fd, struct watch_loop *l, const char *server, const char *session, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	int64_t until = gsp_now_ms() + TAKE_MS;
	char note[128];
	int rc;

	gsp_watch_session_note(note, sizeof(note), session);
	gsp_home_state_path(l->t->home, &path, server, "watcher");
	for (;;) {
		gsp_err_clear(err);
		rc = gsp_lock_take(fd, gsp_buf_str(&path), note, -1, err) == 0 ? 1 : -1;
		if (rc == 1 || err->code != GSP_ETEMP)
			break;
		/* of this session, or of one before that has not seen its end yet */
		if (gsp_watch_session_lives(l->t->home, server, session)) {
			gsp_debug("%s is watched: %s", server, err->msg);
			rc = 0;
			break;
		}
		if (gsp_now_ms() > until || gsp_sleep_ms(200, err) == -1)
			break;
	}
	gsp_buf_release(&path);
	return rc;
}

int
watch_session(struct watch_loop *l, const char *server, struct gsp_err *err)
{
	struct gsp_job *job = NULL;
	char session[33] = "";
	int fd = -1, rc;

	/* only to look: an unknown name is refused here */
	if (gsp_job_open(&job, l->t->home, server, l->t->cli.actor, NULL, "watch", GSP_JOB_LOOK, err) == -1)
		return -1;
	if (job->session != NULL)
		snprintf(session, sizeof(session), "%s", job->session->id);
	gsp_job_close(job);
	if (session[0] == '\0')
		return 0;
	if ((rc = take(&fd, l, server, session, err)) == 1)
		rc = session_passes(l, server, session, err);
	gsp_lock_drop(fd);
	return rc;
}
