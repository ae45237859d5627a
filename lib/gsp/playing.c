#include "gsp/playing.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "gsp/players.h"
#include "gsp/run.h"

#include "base/banned.h"

#define NAMES_SHOWN 8

int
gsp_playing_runs(struct gsp_job *job, bool *yes, struct gsp_err *err)
{
	const struct gsp_session *s = job->session;
	struct gsp_hello hello;
	int lives;

	*yes = false;
	if (s == NULL || !s->start_intent || s->phase < GSP_PHASE_CREATING || s->phase >= GSP_PHASE_SAVED)
		return 0;
	if (gsp_job_remote(job, err) == -1 || gsp_remote_hello(job->remote, "", &hello, err) == -1 ||
	    gsp_remote_ours(&hello, job->home, s, err) == -1)
		return -1;
	if (hello.marker.state != GSP_MARK_DIRTY)
		return 0;
	if ((lives = gsp_run_alive(job, err)) == -1) {
		if (err->code == GSP_ECANCEL)
			return -1;
		gsp_err_clear(err);
	}
	*yes = lives != 0;
	return 0;
}

/* " (anna, ben and 4 more)"; nothing if the game gave no names. */
static void
add_names(struct gsp_buf *b, const struct gsp_query *q)
{
	size_t shown = q->names.n < NAMES_SHOWN ? q->names.n : NAMES_SHOWN;

	for (size_t i = 0; i < shown; i++) {
		gsp_buf_adds(b, i == 0 ? " (" : ", ");
		gsp_buf_adds(b, q->names.v[i]);
	}
	if (shown == 0)
		return;
	if (q->players > shown)
		gsp_buf_addf(b, " and %" PRIu32 " more", q->players - (uint32_t)shown);
	gsp_buf_addc(b, ')');
}

static void
set_text(struct gsp_playing *out, const struct gsp_job *job, const struct gsp_query *q)
{
	struct gsp_buf b = GSP_BUF_INIT(NAMES_SHOWN * (GSP_QUERY_NAME_MAX + 2) + 200);

	out->who = GSP_PLAYING_SOMEBODY;
	gsp_buf_addf(&b, "%" PRIu32 " %s on '%s'", q->players, q->players == 1 ? "plays" : "play",
	    job->server);
	add_names(&b, q);
	snprintf(out->text, sizeof(out->text), "%.*s", (int)sizeof(out->text) - 1, gsp_buf_str(&b));
	gsp_buf_release(&b);
}

int
gsp_playing_count(struct gsp_playing *out, struct gsp_job *job, int64_t timeout_ms,
    struct gsp_err *err)
{
	struct gsp_query q = GSP_QUERY_INIT;
	int rc = gsp_players_ask(&q, job, timeout_ms, err);

	out->who = GSP_PLAYING_NOBODY;
	out->text[0] = '\0';
	if (rc == -1 && err->code == GSP_ECANCEL) {
		gsp_query_release(&q);
		return -1;
	}
	if (rc == -1) {
		out->who = GSP_PLAYING_UNKNOWN;
		snprintf(out->text, sizeof(out->text), "%.480s", err->msg); /* it says what nobody can tell */
		gsp_err_clear(err);
	} else if (q.players > 0)
		set_text(out, job, &q);
	gsp_query_release(&q);
	return 0;
}
