#include "watch_act.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"
#include "gsp/notice.h"
#include "gsp/run.h"
#include "watch_kids.h"

#include "base/banned.h"

#define ACTOR     "watch"
#define SAY_MAX_S 20

/* Players who are not told are not kept: that it failed is a word for -v. */
static void
say(struct tool *t, struct gsp_job *job, const char *text)
{
	static const char *const env[] = {"LINODE_TOKEN=", NULL};
	struct gsp_argv argv = GSP_ARGV_INIT;
	struct gsp_err why = GSP_ERR_INIT;
	struct kid k;

	if (!gsp_run_has(job, "say"))
		return;
	if (tool_argv(&argv, t->home, "gsp-run", ACTOR, &why) == 0) {
		gsp_argv_push(&argv, "--progress=json"); /* what the script prints is nobody's */
		gsp_argv_push(&argv, "say");
		gsp_argv_push(&argv, job->server);
		gsp_argv_push(&argv, "--");
		gsp_argv_push(&argv, text);
		if (kid_start(&k, &argv, env, SAY_MAX_S, &why) == 0) {
			while (kids_wait(&k, 1))
				;
			if (k.late || k.status != 0)
				gsp_debug("%s: the players could not be told", job->server);
		}
		kid_release(&k);
	}
	if (why.code != GSP_OK)
		gsp_debug("%s: the players could not be told: %s", job->server, why.msg);
	gsp_argv_release(&argv);
}

static int
begin_down(struct tool *t, struct gsp_job *job, const struct gsp_decide_act *act,
    struct gsp_err *err)
{
	struct gsp_argv argv = GSP_ARGV_INIT;
	int rc = -1;

	if (tool_argv(&argv, t->home, "gsp-down", ACTOR, err) == 0) {
		/* who joined meanwhile is not thrown out by an idle stop: it counts once more */
		gsp_argv_push(&argv, act->even_if_playing ? "--even-if-playing" : "--if-empty");
		/* nor does anybody who was granted more time meanwhile lose it */
		if (act->even_if_playing)
			gsp_argv_pushf(&argv, "--unless-extended=%" PRId64, act->lease_until);
		gsp_argv_push(&argv, job->server);
		rc = kid_let_go(&argv, job->home, job->server, err);
	}
	gsp_argv_release(&argv);
	return rc == 0 ? 0 : gsp_err_wrap(err, "the down of '%s' could not be begun", job->server);
}

static enum gsp_notice_event
event_of(enum gsp_decide_kind kind)
{
	switch (kind) {
	case GSP_DECIDE_IDLE: return GSP_NOTICE_IDLE;
	case GSP_DECIDE_BUDGET: return GSP_NOTICE_BUDGET;
	case GSP_DECIDE_UNKNOWN: return GSP_NOTICE_UNKNOWN;
	case GSP_DECIDE_FAILED: return GSP_NOTICE_FAILED;
	default: return GSP_NOTICE_LEASE;
	}
}

int
watch_act(struct tool *t, struct gsp_job *job, const struct gsp_decide_act *acts, size_t n,
    struct gsp_err *err)
{
	int rc = 0;

	/* notices cost no time; a down is not to wait for a `say` that hangs */
	for (size_t i = 0; i < n; i++)
		if (acts[i].kind != GSP_DECIDE_SAY && acts[i].kind != GSP_DECIDE_DOWN)
			gsp_notice(t->home, job->server, job->session->id, event_of(acts[i].kind),
			    acts[i].text);
	for (size_t i = 0; i < n; i++)
		if (acts[i].kind == GSP_DECIDE_SAY)
			say(t, job, acts[i].text);
	for (size_t i = 0; i < n; i++)
		if (acts[i].kind == GSP_DECIDE_DOWN && begin_down(t, job, &acts[i], err) == -1)
			rc = -1;
	return rc;
}

int
watch_live(struct tool *t, struct gsp_job *job, struct gsp_err *err)
{
	struct gsp_argv argv = GSP_ARGV_INIT;
	int rc = -1;

	if (tool_argv(&argv, t->home, "gsp-sync", ACTOR, err) == 0) {
		gsp_argv_push(&argv, "down");
		gsp_argv_push(&argv, "--live");
		gsp_argv_push(&argv, "--if-due");
		gsp_argv_push(&argv, job->server);
		rc = kid_let_go(&argv, job->home, job->server, err);
	}
	gsp_argv_release(&argv);
	return rc;
}
