#include "watch_one.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "gsp/lease.h"
#include "gsp/limits.h"
#include "gsp/moved.h"
#include "gsp/notice.h"
#include "gsp/sync.h"
#include "gsp/watch.h"
#include "linode/instance.h"
#include "sys/io.h"
#include "sys/lock.h"
#include "sys/sig.h"
#include "watch_act.h"
#include "watch_measure.h"

#include "base/banned.h"

#define MEASURE_S  90     /* for a machine that hangs; one that is dead takes ten */
#define CLOUD_MS   10000
#define ASK_EACH_S 300    /* Linode is asked about a machine that is silent */
#define LIVE_EACH_S 600   /* between the beginnings of two live copies, the last of which failed */
#define BLIND      "no end known" /* a trouble, beside those of gsp_watch_trouble() */

/* One pass, and what it knows so far. */
struct pass {
	struct tool *t;
	const struct watch_opts *o;
	struct gsp_job *job;
	struct watch_row *row;
	struct watch_measured seen;
	struct gsp_watch_look look;
	struct gsp_watch_memory m;
	struct gsp_lease lease;
	struct gsp_limits_end budget;
	struct gsp_decide_rules rules;
	int64_t now;
	bool theirs; /* another home has it: we look, and do nothing */
	bool live;   /* a live copy is to be begun */
	bool ending; /* it is being brought down now */
	struct gsp_err blind; /* the lease or the budget cannot be read: no end by the clock is known */
};

__attribute__((format(printf, 2, 3))) static void
decided(struct pass *p, const char *fmt, ...)
{
	size_t len = strlen(p->row->decided);
	va_list ap;

	if (len > 0 && len + 3 < sizeof(p->row->decided)) {
		memcpy(p->row->decided + len, "; ", 3);
		len += 2;
	}
	va_start(ap, fmt);
	vsnprintf(p->row->decided + len, sizeof(p->row->decided) - len, fmt, ap);
	va_end(ap);
}

/* ---- what is known ---- */

/* Somebody works on the server; and is what they do the end of its session? */
static bool
is_busy(struct pass *p)
{
	static const char *const ends[] = {"down", "stop", "sync down", "teardown", "restart", NULL};
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	char note[GSP_LOCK_NOTE];
	bool yes = gsp_lock_peek(gsp_home_state_path(p->t->home, &path, p->job->server, "lock"), note,
	    sizeof(note));

	p->ending = yes && gsp_lock_says(note, ends);
	gsp_buf_release(&path);
	return yes;
}

/* When the last job said its last word: its lines are kept. */
static int64_t
last_work(struct pass *p)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct stat st;
	int rc = stat(gsp_home_state_path(p->t->home, &path, p->job->server, "progress.jsonl"), &st);

	gsp_buf_release(&path);
	return rc == 0 ? (int64_t)st.st_mtime : 0;
}

/* A machine that does not answer: does it exist, does it run? Ten seconds, one try. */
static enum gsp_watch_cloud
ask_cloud(struct pass *p)
{
	struct gsp_linode *api = NULL;
	struct gsp_err why = GSP_ERR_INIT;
	struct gsp_instance it;
	enum gsp_watch_cloud answer = GSP_WATCH_UNASKED;

	if (gsp_home_api(&api, p->t->home, CLOUD_MS, &why) == 0) {
		if (gsp_instance_get(api, p->job->session->linode_id, &it, &why) == 0) {
			p->theirs = gsp_moved_home(p->t->home, &it) != NULL;
			answer = it.status == GSP_LS_OFFLINE ? GSP_WATCH_OFF : GSP_WATCH_THERE;
		} else if (why.code == GSP_ENOTFOUND)
			answer = GSP_WATCH_GONE;
	}
	if (answer == GSP_WATCH_UNASKED)
		gsp_debug("%s: Linode cannot tell either: %s", p->job->server, why.msg);
	gsp_linode_free(api);
	return answer;
}

/* What it says, and for one that is silent what Linode says. -1: a signal, or no session any more. */
static int
measure(struct pass *p, struct gsp_err *err)
{
	const char *id = p->row->session;
	struct gsp_session *s = p->job->session;

	if (s->phase >= GSP_PHASE_CREATED && s->phase < GSP_PHASE_STOPPED &&
	    watch_measure(&p->seen, p->t, p->job->server, MEASURE_S, err) == -1)
		return -1;
	if (gsp_job_reload(p->job, err) == -1) /* it took its time */
		return -1;
	s = p->job->session;
	if (s == NULL || strcmp(s->id, id) != 0)
		return 0;
	p->now = gsp_wall_s();
	gsp_watch_load(&p->m, p->t->home, p->job->server, id);
	p->theirs = p->seen.theirs || s->taking_from[0] != '\0';
	p->look = (struct gsp_watch_look){.busy = is_busy(p), .worked = last_work(p),
	    .answered = p->seen.answered, .dirty = p->seen.dirty, .alive = p->seen.alive,
	    .stopped = p->seen.stopped, .rebooted = p->seen.rebooted};
	if (p->seen.answered)
		p->m.asked = 0;
	else if (s->linode_id != 0 && s->phase < GSP_PHASE_DELETING && !p->look.busy &&
	    (p->now - p->m.asked >= ASK_EACH_S || p->m.asked > p->now)) {
		p->look.cloud = ask_cloud(p);
		p->m.asked = p->now;
	}
	return 0;
}

/* ---- what is to be done ---- */

/* Somebody's work is in the way of its end, or is its end. */
static void
held(struct pass *p)
{
	p->look.held = p->m.held != 0 && p->m.held <= p->now ? p->m.held : p->now;
}

/* A down is not begun into somebody's work: what was decided is forgotten, and comes again. */
static size_t
without_down(struct pass *p, struct gsp_decide_act *acts, size_t n,
    const struct gsp_decide_memory *before)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (acts[i].kind != GSP_DECIDE_DOWN) {
			acts[kept++] = acts[i];
			continue;
		}
		p->m.decide.down = before->down;
		p->m.decide.down_at = before->down_at;
		p->m.decide.down_tries = before->down_tries;
		held(p);
		decided(p, "it would go down, and is busy");
	}
	return kept;
}

static size_t
decide(struct pass *p, struct gsp_decide_act *acts)
{
	const struct gsp_session *s = p->job->session;
	struct gsp_decide_memory before = p->m.decide;
	bool plays = s->phase == GSP_PHASE_RUNNING && s->ready;
	struct gsp_decide_seen seen = {.now = p->now,
	    .counted = plays && p->seen.counted,
	    .players = p->seen.players,
	    .health = plays ? p->seen.health : -1,
	    .stopped = p->seen.stopping || s->phase >= GSP_PHASE_STOPPED,
	    .met = gsp_watch_met(p->t->home, p->job->server, s->id),
	    .why = p->seen.why[0] != '\0' ? p->seen.why : NULL};
	size_t n;

	p->m.passed = p->now;
	p->m.counted = seen.counted;
	p->m.players = p->seen.players;
	p->m.health = seen.health;
	snprintf(p->m.why, sizeof(p->m.why), "%s", p->seen.why);
	if (s->phase == GSP_PHASE_INTENT) /* nothing was bought */
		return 0;
	if (p->ending) {
		held(p);
		if (p->look.worked > p->look.held && p->look.worked <= p->now)
			p->look.held = p->look.worked; /* it says what it does: a large save takes its time */
		decided(p, "it is going down");
		return 0;
	}
	n = gsp_decide(acts, &p->m.decide, &p->rules, &seen);
	return p->look.busy ? without_down(p, acts, n, &before) : n;
}

static void
note_acts(struct pass *p, const struct gsp_decide_act *acts, size_t n, const char *trouble)
{
	for (size_t i = 0; i < n; i++)
		if (acts[i].kind != GSP_DECIDE_SAY)
			decided(p, "%s%s", acts[i].kind == GSP_DECIDE_DOWN
			        ? p->o->dry_run ? "would go down: " : "goes down: " : "",
			    acts[i].text);
	if (trouble[0] != '\0' && strcmp(trouble, p->m.trouble) != 0)
		decided(p, "%s", trouble);
}

static int
act(struct pass *p, const struct gsp_decide_act *acts, size_t n, const char *told,
    struct gsp_err *err)
{
	struct gsp_buf text = GSP_BUF_INIT(4096);
	struct gsp_err later = GSP_ERR_INIT;
	int rc = 0;

	if (p->m.trouble[0] != '\0' && strcmp(p->m.trouble, told) != 0) {
		if (strcmp(p->m.trouble, BLIND) == 0)
			gsp_buf_addf(&text, "nobody knows when %s is to end: %.600s; it costs until 'gsp down %s'",
			    p->job->server, p->blind.msg, p->job->server);
		else
			gsp_watch_trouble_text(&text, p->t->home, p->job->session, p->m.trouble, p->now);
		gsp_notice(p->t->home, p->job->server, p->job->session->id, GSP_NOTICE_FAILED,
		    gsp_buf_str(&text));
	}
	gsp_buf_release(&text);
	rc = watch_act(p->t, p->job, acts, n, err);
	if (p->live && watch_live(p->t, p->job, &later) == -1) {
		if (rc == 0)
			*err = later;
		rc = -1;
	}
	return rc;
}

/* A copy beside the game is due, and nothing is in its way. */
static bool
live_due(struct pass *p, const struct gsp_decide_act *acts, size_t n)
{
	struct gsp_err why = GSP_ERR_INIT;
	bool due = false;

	for (size_t i = 0; i < n; i++)
		if (acts[i].kind == GSP_DECIDE_DOWN)
			return false;
	if (p->look.busy || !p->seen.answered ||
	    (p->m.live <= p->now && p->now - p->m.live < LIVE_EACH_S))
		return false;
	if (gsp_sync_live_due(p->job, &due, &why) == -1)
		gsp_debug("%s: is a live copy due? %s", p->job->server, why.msg);
	return due;
}

static int
judge(struct pass *p, struct gsp_err *err)
{
	struct gsp_decide_act acts[GSP_DECIDE_ACTS];
	char trouble[sizeof(p->m.trouble)], told[sizeof(p->m.trouble)];
	size_t n;
	int rc;

	/* one that cannot be read is no reason to let idle servers run, too */
	if (gsp_lease_get(&p->lease, p->t->home, p->job->session, &p->blind) == -1)
		memset(&p->lease, 0, sizeof(p->lease));
	if (gsp_limits_until(&p->budget, p->t->home, p->job->session, p->now, &p->blind) == -1)
		memset(&p->budget, 0, sizeof(p->budget));
	p->row->lease = p->lease.until;
	gsp_watch_rules(&p->rules, p->t->home, p->job->session, &p->lease, p->budget.until);
	p->rules.no_wait = p->o->now;
	n = decide(p, acts);
	p->m.held = p->look.held;
	gsp_watch_trouble(trouble, sizeof(trouble), p->job->session, &p->look, p->m.trouble, p->now);
	if (trouble[0] == '\0' && p->blind.code != GSP_OK)
		snprintf(trouble, sizeof(trouble), "%s", BLIND);
	note_acts(p, acts, n, trouble);
	if (p->o->dry_run)
		return 0;
	memcpy(told, p->m.trouble, sizeof(told));
	memcpy(p->m.trouble, trouble, sizeof(trouble));
	if ((p->live = live_due(p, acts, n))) {
		p->m.live = p->now;
		decided(p, "a live copy begins");
	}
	/* on disk before anything is done: a pass that dies here says nothing twice; a stop comes again */
	gsp_sig_hold();
	rc = gsp_watch_save(&p->m, p->t->home, p->job->server, err) == -1 ? -1 : act(p, acts, n, told, err);
	gsp_sig_release();
	if (rc == 0 && p->blind.code != GSP_OK) {
		*err = p->blind;
		rc = -1;
	}
	return rc;
}

/* ---- the pass ---- */

static void
fill_row(struct pass *p)
{
	struct watch_row *r = p->row;
	const struct gsp_session *s = p->job->session;
	const char *trouble = p->m.trouble;

	snprintf(r->stage, sizeof(r->stage), "%s",
	    trouble[0] != '\0' && strncmp(trouble, "stalled", 7) != 0 &&
	            strcmp(trouble, "held") != 0 && strcmp(trouble, BLIND) != 0
	        ? trouble : gsp_session_stage(s));
	r->counted = p->m.counted;
	r->players = p->m.players;
	r->health = p->m.health;
	snprintf(r->why, sizeof(r->why), "%s", p->m.why);
	if (p->rules.server == NULL || !p->m.counted) /* left alone; or nothing stops it for that */
		return;
	r->stop_at = gsp_watch_stop_at(&p->m, &p->rules, p->now);
	gsp_watch_idle_text(r->idle, sizeof(r->idle), &p->m, &p->rules, p->now);
}

static int
look_at(struct pass *p, struct gsp_err *err)
{
	struct gsp_err elsewhere = GSP_ERR_INIT;
	const struct gsp_session *s = p->job->session;
	int rc = 0;

	snprintf(p->row->server, sizeof(p->row->server), "%s", p->job->server);
	snprintf(p->row->session, sizeof(p->row->session), "%s", s->id);
	if (gsp_session_check_here(s, p->t->home, &elsewhere) == -1) {
		snprintf(p->row->stage, sizeof(p->row->stage), "%s", gsp_session_stage(s));
		decided(p, "left alone: %.300s", elsewhere.msg);
		return 0;
	}
	if (measure(p, err) == -1)
		return -1;
	if (p->job->session == NULL || strcmp(p->job->session->id, p->row->session) != 0) {
		p->row->server[0] = '\0'; /* it ended meanwhile */
		return 0;
	}
	if (p->theirs)
		decided(p, "left alone: another home has the machine ('gsp status %s')", p->job->server);
	else
		rc = judge(p, err);
	fill_row(p);
	return rc;
}

int
watch_one(struct watch_row *row, struct tool *t, const char *server, const struct watch_opts *o,
    struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct pass p = {.t = t, .o = o, .row = row, .seen = {.health = -1}};
	char note[GSP_LOCK_NOTE];
	int lock = -1, rc = -1;

	memset(row, 0, sizeof(*row));
	row->health = -1;
	if (gsp_job_open(&p.job, t->home, server, t->cli.actor, NULL, "watch", GSP_JOB_LOOK, err) == -1)
		goto out;
	if (p.job->session == NULL) {
		rc = 0;
		goto out;
	}
	if (gsp_lock_take(&lock, gsp_home_state_path(t->home, &path, server, "watch.lock"),
	        gsp_lock_who(note, "watch", "a pass"), -1, err) == -1) {
		if (err->code == GSP_ETEMP) {
			gsp_debug("%s: left to another watch: %s", server, err->msg);
			gsp_err_clear(err);
			rc = 0;
		}
		goto out;
	}
	if (gsp_io_sweep(gsp_home_state_path(t->home, &path, server, ""), err) == 0)
		rc = look_at(&p, err);
out:
	gsp_lock_drop(lock);
	gsp_job_close(p.job);
	gsp_buf_release(&path);
	return rc;
}
