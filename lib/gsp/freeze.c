#include "gsp/freeze.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "gsp/run.h"
#include "gsp/script.h"
#include "sys/io.h"
#include "sys/sig.h"

#include "base/banned.h"

#define LINK_MS       60000 /* how long thaw is tried over a link that breaks */
#define SCRIPT_MS      5000 /* and when it fails itself */
#define THAW_PAUSE_MS  1000
#define ENDING_S        20 /* what a script over its time takes to be ended */

static const char *
flag_path(const struct gsp_home *h, const char *server, struct gsp_buf *b)
{
	return gsp_home_state_path(h, b, server, "frozen");
}

int
gsp_freeze_wanted(struct gsp_job *job, bool *yes, struct gsp_err *err)
{
	bool freeze = gsp_run_has(job, "freeze"), thaw = gsp_run_has(job, "thaw");

	*yes = freeze && thaw;
	if (freeze == thaw)
		return 0;
	return gsp_err_set(err, GSP_ECONFIG, "server '%s' has an executable '%s' but no executable '%s'; "
	    "it needs both, or none", job->server, freeze ? "freeze" : "thaw",
	    freeze ? "thaw" : "freeze");
}

bool
gsp_freeze_left(const struct gsp_home *h, const struct gsp_session *s)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF), text = GSP_BUF_INIT(64);
	struct gsp_err err = GSP_ERR_INIT;
	bool left = false;

	/* one that cannot be read may be ours: a thaw too many does no harm */
	if (gsp_io_read_file(&text, flag_path(h, s->server, &path), &err) == 0)
		left = strcmp(gsp_buf_str(&text), s->id) == 0;
	else
		left = err.code != GSP_ENOTFOUND;
	gsp_buf_release(&path);
	gsp_buf_release(&text);
	return left;
}

void
gsp_freeze_forget(struct gsp_job *job)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_err err = GSP_ERR_INIT;

	if (gsp_io_unlink(flag_path(job->home, job->server, &path), &err) == -1)
		gsp_debug("%s", err.msg); /* the next one thaws once more */
	gsp_buf_release(&path);
}

int
gsp_freeze(struct gsp_job *job, struct gsp_err *err)
{
	const struct gsp_run_opts o = {.script = "freeze"};
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	const char *id = job->session->id;
	int rc;

	rc = gsp_io_replace(flag_path(job->home, job->server, &path), id, strlen(id), 0600, err);
	gsp_buf_release(&path);
	if (rc == -1 || gsp_run(job, &o, err) == 0)
		return rc;
	if (err->code == GSP_ESCRIPT) { /* its status is for people, not for who called us */
		err->code = GSP_ETEMP;
		err->detail = 0;
	}
	return -1;
}

/* A freeze that goes on there, maybe of a run of ours that died, would come after our thaw. */
static int
wait_for_freeze(struct gsp_job *job, struct gsp_err *err)
{
	int64_t deadline = gsp_now_ms() + (job->session->conf->timeouts.start_s + ENDING_S) * 1000;
	bool told = false, running;

	for (;;) {
		if (gsp_job_remote(job, err) == -1 ||
		    gsp_script_running(job, "freeze", &running, err) == -1)
			return -1;
		if (!running)
			return 0;
		if (gsp_now_ms() > deadline)
			return gsp_err_set(err, GSP_ETEMP, "'freeze' goes on running on the machine");
		if (!told)
			gsp_steps_warn(job->steps, job->server, "'freeze' still runs there; 'thaw' follows it");
		told = true;
		if (gsp_sleep_ms(200, err) == -1)
			return -1;
	}
}

static int
thaw_once(struct gsp_job *job, struct gsp_err *err)
{
	const struct gsp_run_opts o = {.script = "thaw"};

	return wait_for_freeze(job, err) == -1 || gsp_run(job, &o, err) == -1 ? -1 : 0;
}

int
gsp_thaw(struct gsp_job *job, struct gsp_err *err)
{
	int64_t began = gsp_now_ms(), limit_ms;
	char why[500];

	if (!gsp_run_has(job, "thaw")) {
		gsp_freeze_forget(job);
		return 0;
	}
	while (thaw_once(job, err) == -1) {
		if (err->code == GSP_ECANCEL)
			return -1;
		snprintf(why, sizeof(why), "%.490s", err->msg);
		/* a broken link, a game that is busy with its flush: both may pass */
		limit_ms = err->code == GSP_ETEMP || err->code == GSP_EIO ? LINK_MS
		    : err->code == GSP_ESCRIPT                             ? SCRIPT_MS
		                                                            : 0;
		if (gsp_now_ms() - began > limit_ms)
			return gsp_err_set(err, GSP_ETEMP, "the game of '%s' may still be frozen (%s); mend "
			    "that and run 'gsp run thaw %s'", job->server, why, job->server);
		gsp_err_clear(err);
		gsp_job_hangup(job);
		if (gsp_sleep_ms(THAW_PAUSE_MS, err) == -1)
			return -1;
	}
	gsp_freeze_forget(job);
	return 0;
}

int
gsp_thaw_first(struct gsp_job *job, struct gsp_err *err)
{
	if (!gsp_run_has(job, "freeze"))
		return 0;
	if (gsp_thaw(job, err) == -1) {
		if (err->code == GSP_ECANCEL)
			return -1;
		gsp_steps_warn(job->steps, job->server, "%s", err->msg);
		gsp_err_clear(err);
	}
	return gsp_job_remote(job, err); /* it may have hung up */
}
