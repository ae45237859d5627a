/* What is wrong with a machine that costs, and what is to be said of it. */
#include "gsp/watch.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"
#include "gsp/offer.h"
#include "sys/lock.h"

#include "base/banned.h"

/* Not the game: a stage that leads to it, or away from it. */
static bool
on_the_way(const struct gsp_session *s)
{
	return s->phase > GSP_PHASE_INTENT && !(s->phase == GSP_PHASE_RUNNING && s->ready);
}

static bool
stalled(const struct gsp_session *s, const struct gsp_watch_look *look, int64_t now)
{
	int64_t since = look->worked > s->since && look->worked <= now ? look->worked : s->since;

	return on_the_way(s) && now - since >= GSP_WATCH_STALL_S;
}

static const char *
of_machine(const struct gsp_session *s, const struct gsp_watch_look *look)
{
	bool unsaved = s->start_intent && s->phase < GSP_PHASE_SAVED;

	if (look->cloud == GSP_WATCH_GONE)
		return unsaved ? "lost" : "gone";
	if (look->cloud == GSP_WATCH_OFF)
		return "offline";
	if (look->answered && s->phase == GSP_PHASE_RUNNING && look->dirty && !look->alive &&
	    !look->stopped)
		return look->rebooted ? "rebooted" : "crashed";
	return NULL;
}

const char *
gsp_watch_trouble(char *out, size_t size, const struct gsp_session *s,
    const struct gsp_watch_look *look, const char *was, int64_t now)
{
	const char *word = look->busy ? NULL : of_machine(s, look);
	bool silent = !look->answered && look->cloud == GSP_WATCH_UNASKED;

	if (strcmp(was, "held") == 0) /* that is known anew each time */
		was = "";
	if (look->busy && look->held != 0 && now - look->held >= GSP_WATCH_STALL_S)
		snprintf(out, size, "held");
	else if (word != NULL)
		snprintf(out, size, "%s", word);
	else if (look->busy || (silent && was[0] != '\0' && strncmp(was, "stalled", 7) != 0))
		snprintf(out, size, "%s", was); /* it is being mended; or nobody can tell */
	else if (stalled(s, look, now))
		snprintf(out, size, "stalled %s", s->phase == GSP_PHASE_RUNNING
		        ? "starting" : gsp_session_stage(s));
	else
		out[0] = '\0';
	return out;
}

/* A tool that hangs, or was stopped by hand, has the server's lock. */
static void
add_held(struct gsp_buf *out, const struct gsp_home *h, const struct gsp_session *s)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	char note[256];

	(void)gsp_lock_peek(gsp_home_state_path(h, &path, s->server, "lock"), note, sizeof(note));
	gsp_buf_addf(out, "%s is to end, and cannot: somebody has been at work on it for %d minutes (%s)",
	    s->server, GSP_WATCH_STALL_S / 60, note[0] != '\0' ? note : "nobody knows who");
	gsp_buf_release(&path);
}

static void
add_lost(struct gsp_buf *out, const struct gsp_home *h, const struct gsp_session *s)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_offer o;

	gsp_buf_addf(out, "the machine of %s is gone and its last game was not saved; ", s->server);
	memset(&o, 0, sizeof(o));
	if (gsp_offer_find(&o, h, s->server, s->id, &ignored) == 0)
		gsp_offer_text(out, &o, s->server);
	else
		gsp_buf_addf(out, "'gsp status %s' says what is left", s->server);
}

void
gsp_watch_trouble_text(struct gsp_buf *out, const struct gsp_home *h, const struct gsp_session *s,
    const char *trouble, int64_t now)
{
	char span[48], usd[24];

	if (strcmp(trouble, "lost") == 0) {
		add_lost(out, h, s);
		return;
	}
	if (strcmp(trouble, "gone") == 0) {
		gsp_buf_addf(out, "the machine of %s is gone; nothing was lost with it, and 'gsp down %s' "
		    "forgets it", s->server, s->server);
		return;
	}
	if (strcmp(trouble, "offline") == 0)
		gsp_buf_addf(out, "the machine of %s is off", s->server);
	else if (strcmp(trouble, "crashed") == 0)
		gsp_buf_addf(out, "the game of %s has ended by itself; its save is not home", s->server);
	else if (strcmp(trouble, "held") == 0)
		add_held(out, h, s);
	else if (strcmp(trouble, "rebooted") == 0)
		gsp_buf_addf(out, "the machine of %s was rebooted under the game; its save is not home",
		    s->server);
	else
		gsp_buf_addf(out, "%s is %s for %s, and nobody works on it", s->server,
		    s->phase == GSP_PHASE_RUNNING ? "starting" : gsp_session_stage(s),
		    gsp_num_span(span, sizeof(span), now - s->since));
	gsp_buf_addf(out, "; it costs %s an hour: ",
	    s->hourly_usd >= 0 ? gsp_num_usd(usd, sizeof(usd), s->hourly_usd) : "an unknown price");
	if (strcmp(trouble, "held") == 0)
		gsp_buf_addf(out, "when that process has ended, 'gsp down %s' goes on", s->server);
	else if (s->phase == GSP_PHASE_DELETING)
		gsp_buf_addf(out, "'gsp teardown %s' finishes deleting it", s->server);
	else if (s->phase >= GSP_PHASE_STOPPED)
		gsp_buf_addf(out, "'gsp down %s' goes on", s->server);
	else
		gsp_buf_addf(out, "'gsp up %s' goes on, 'gsp down %s' ends it", s->server, s->server);
}
