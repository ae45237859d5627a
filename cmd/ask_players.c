#include "ask_players.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "gsp/playing.h"
#include "gsp/watch.h"
#include "sys/tty.h"

#include "base/banned.h"

#define COUNT_MS  5000   /* a game that hangs is one that cannot tell */
#define ANSWER_MS 120000 /* the server is locked meanwhile, and its lease may end */

int
ask_players_check(const struct ask_players *a, struct gsp_err *err)
{
	return a->even && a->if_empty
	    ? gsp_err_set(err, GSP_EUSAGE, "--even-if-playing and --if-empty exclude each other")
	    : 0;
}

/* The watch that wanted it down did not see them: whoever leaves again before its next pass has
 * played all the same. */
static void
tell_watch(struct gsp_job *job)
{
	struct gsp_err err = GSP_ERR_INIT;

	if (gsp_watch_met_put(job->home, job->server, job->session->id, gsp_wall_s(), &err) == -1)
		gsp_steps_warn(job->steps, job->server, "the watch will not know that somebody plays: %s",
		    err.msg);
}

/* Nobody is here to be asked. */
static int
refuse(struct tool *t, struct gsp_job *job, const struct gsp_playing *p, const struct ask_players *a,
    struct gsp_err *err)
{
	if (a->if_empty)
		return gsp_err_set(err, p->who == GSP_PLAYING_UNKNOWN ? GSP_ETEMP : GSP_EREFUSED,
		    "%s; nothing was stopped (--if-empty)", p->text);
	return gsp_err_set(err, GSP_EREFUSED, "%s; nothing was stopped: 'gsp %s %s --even-if-playing' "
	    "stops it all the same", p->text, t->what, job->server);
}

int
ask_players(struct tool *t, struct gsp_job *job, struct ask_players *a, struct gsp_err *err)
{
	struct gsp_playing p;
	char question[sizeof(p.text) + 16];

	a->refused = false;
	if (gsp_playing_runs(job, &a->runs, err) == -1)
		return -1;
	if (!a->runs || a->even)
		return 0;
	if (gsp_playing_count(&p, job, COUNT_MS, err) == -1)
		return -1;
	if (p.who == GSP_PLAYING_NOBODY)
		return 0;
	if (a->if_empty || !isatty(STDIN_FILENO)) {
		a->refused = true;
		if (a->if_empty && p.who == GSP_PLAYING_SOMEBODY)
			tell_watch(job);
		return refuse(t, job, &p, a, err);
	}
	(void)snprintf(question, sizeof(question), "%s: stop it?", p.text);
	if (gsp_tty_ask(question, ANSWER_MS, err) == 0)
		return 0;
	a->refused = err->code != GSP_ECANCEL;
	return -1;
}
