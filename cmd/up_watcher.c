#include "up_watcher.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/num.h"
#include "cli/say.h"
#include "gsp/lease.h"
#include "gsp/watch.h"
#include "sys/sig.h"
#include "watch_kids.h"

#include "base/banned.h"

#define WAIT_MS 5000 /* for one that has just been started */

static bool
home_watched(const struct gsp_home *h)
{
	struct gsp_watch_seen seen;

	gsp_watch_seen_get(&seen, h);
	return gsp_watch_seen_fresh(&seen, gsp_wall_s());
}

void
up_watcher_begin(struct tool *t, struct gsp_job *job)
{
	struct gsp_argv argv = GSP_ARGV_INIT;
	struct gsp_err why = GSP_ERR_INIT;

	if (t->home->watch_by != GSP_WATCH_SESSION || home_watched(t->home) ||
	    gsp_watch_session_lives(t->home, job->server, job->session->id))
		return;
	if (tool_argv(&argv, t->home, "gsp-watch", "watch", &why) == 0) {
		gsp_argv_push(&argv, "--session");
		gsp_argv_push(&argv, job->server);
		(void)kid_let_go(&argv, t->home, job->server, &why);
	}
	if (why.code != GSP_OK)
		gsp_steps_warn(job->steps, job->server, "no watch could be started: %s", why.msg);
	gsp_argv_release(&argv);
}

static double
day_usd(const struct gsp_session *s)
{
	double usd = s->hourly_usd * 24;

	return s->monthly_usd > 0 && usd > s->monthly_usd ? s->monthly_usd : usd;
}

/* On a terminal: elsewhere the line that says it is ready has it. */
static void
add_lease(struct gsp_buf *out, struct gsp_job *job)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	char text[GSP_LEASE_TEXT];
	struct gsp_lease lease;

	if (isatty(STDOUT_FILENO) && gsp_lease_get(&lease, job->home, job->session, &ignored) == 0 &&
	    lease.until != 0)
		gsp_buf_addf(out, "; %s ('gsp lease %s +1h' extends it)",
		    gsp_lease_text(text, sizeof(text), &lease, gsp_wall_s()), job->server);
}

static void
add_day(struct gsp_buf *out, const struct gsp_session *s, const char *when)
{
	char usd[24];

	if (s->hourly_usd >= 0)
		gsp_buf_addf(out, "; %s a day costs %s", when, gsp_num_usd(usd, sizeof(usd), day_usd(s)));
}

/* One that was just started needs a moment to be there. */
static const char *
watched_by(char *out, size_t size, struct tool *t, struct gsp_job *job)
{
	int64_t until = gsp_now_ms() + WAIT_MS;
	struct gsp_err ignored = GSP_ERR_INIT;

	while (gsp_watch_by(out, size, t->home, job->server, job->session->id, gsp_wall_s())[0] == '\0')
		if (t->home->watch_by != GSP_WATCH_SESSION || gsp_now_ms() > until ||
		    gsp_sleep_ms(50, &ignored) == -1)
			break;
	return out;
}

void
up_watcher_tell(struct tool *t, struct gsp_job *job)
{
	struct gsp_buf text = GSP_BUF_INIT(4096);
	char by[200];

	if (t->home->watch_by == GSP_WATCH_NOBODY)
		return; /* as the owner wants it, and as the record's line says: until 'gsp down' */
	if (watched_by(by, sizeof(by), t, job)[0] == '\0') {
		gsp_buf_addf(&text, t->home->watch_by == GSP_WATCH_SERVICE
		        ? "nobody watches it: no 'gsp watch' was seen here in the last %d minutes (see "
		          "gsp-watch(1)); it costs until 'gsp down %s'"
		        : "nobody watches it: no watch was seen in the last %d minutes, and the one just started is gone "
		          "(state/%s/watch.log)", GSP_WATCH_FRESH_S / 60, job->server);
		add_day(&text, job->session, "until then");
		gsp_steps_warn(job->steps, job->server, "%s", gsp_buf_str(&text));
	} else if (!t->cli.quiet && !t->cli.progress_json) {
		gsp_buf_addf(&text, "watched by %s", by);
		add_lease(&text, job);
		add_day(&text, job->session, t->home->watch_by == GSP_WATCH_SERVICE
		        ? "if that stops nobody brings it down, and"
		        : "if this computer sleeps nobody stops it, and");
		gsp_cli_clear();
		fprintf(stderr, "%s: %s\n", job->server, gsp_buf_str(&text));
	}
	gsp_buf_release(&text);
}
