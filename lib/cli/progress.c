#include "cli/progress.h"

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "cli/progress_line.h"
#include "cli/say.h"
#include "fmt/json.h"
#include "sys/sig.h"
#include "sys/tty.h"

#include "base/banned.h"

enum {
	SHOW_MS = 250,   /* DESIGN section 3: at most four a second per step */
	PLAIN_MS = 10000,
	FILE_MS = 1000,
	FILE_SLOW_MS = 10000, /* from a quarter of the file's room on */
	TICK_MS = 1000,       /* the clock of the live line */
	STALE_MS = 3000,      /* a rate that old says nothing about now */
	OPEN_MAX = 16,        /* steps of one server at once */
	NAME_MAX_BYTES = 64,
	LINE_MAX_BYTES = 16384
};

struct step {
	char name[NAME_MAX_BYTES];
	int64_t begun_ms;
	int64_t shown_ms, filed_ms; /* when it was last told */
	int64_t rate_ms;            /* when the rate was last taken */
	uint64_t rate_bytes;
	double rate; /* bytes a second, smoothed; 0 unknown */
	/* what was last told of it, to be shown (again) later; its strings are not set */
	struct gsp_progress_line last;
	int64_t told_ms;
	bool pending; /* it came too soon to be shown */
	bool ours;    /* no child of ours has filed it */
	char msg[GSP_STEP_MSG_MAX];
};

struct job {
	struct job *next;
	char server[NAME_MAX_BYTES];
	int64_t begun_ms;
	int fd; /* the state file, or -1 */
	size_t filed;
	bool ended;
	size_t nopen;
	struct step open[OPEN_MAX];
};

struct gsp_progress {
	enum gsp_progress_mode mode;
	FILE *f;
	int64_t (*now_ms)(void);
	int64_t (*wall_ms)(void);
	bool child;
	bool color;
	bool live_shown;     /* the live line is on the terminal */
	int64_t live_ms;     /* when it was last drawn */
	struct job *current; /* the last that was told of */
	struct job *jobs;
	struct gsp_steps steps;
};

static void
clear_live(void *ctx)
{
	struct gsp_progress *p = ctx;

	if (!p->live_shown)
		return;
	fputs("\r\033[K", p->f);
	fflush(p->f);
	p->live_shown = false;
}

static struct job *
job_of(struct gsp_progress *p, const char *server)
{
	struct job *j, **end = &p->jobs;

	for (j = p->jobs; j != NULL; end = &j->next, j = j->next)
		if (strncmp(j->server, server, NAME_MAX_BYTES - 1) == 0)
			return j;
	if ((j = calloc(1, sizeof(*j))) == NULL)
		abort();
	(void)snprintf(j->server, sizeof(j->server), "%s", server);
	j->fd = -1;
	j->begun_ms = p->now_ms();
	*end = j;
	return j;
}

static struct step *
step_of(struct job *j, const char *name)
{
	for (size_t i = 0; i < j->nopen; i++)
		if (strncmp(j->open[i].name, name, NAME_MAX_BYTES - 1) == 0)
			return &j->open[i];
	return NULL;
}

static void
close_step(struct job *j, struct step *s)
{
	size_t i = (size_t)(s - j->open);

	j->nopen--;
	memmove(s, s + 1, (j->nopen - i) * sizeof(*s));
}

static struct step *
open_step(struct gsp_progress *p, struct job *j, const char *name)
{
	struct step *s = step_of(j, name);

	if (s != NULL)
		close_step(j, s);
	else if (j->nopen == OPEN_MAX)
		close_step(j, &j->open[0]);
	s = &j->open[j->nopen++];
	memset(s, 0, sizeof(*s));
	(void)snprintf(s->name, sizeof(s->name), "%s", name);
	s->begun_ms = s->rate_ms = p->now_ms();
	return s;
}

/* --- where lines go --- */

static void
file_line(struct job *j, const struct gsp_progress_line *e, const char *line, size_t len)
{
	bool must = e->state != GSP_LINE_PROGRESS && e->state != GSP_LINE_WARN;
	size_t room = must ? 2 * GSP_PROGRESS_FILE_MAX : GSP_PROGRESS_FILE_MAX;

	if (j->fd == -1 || j->filed + len > room)
		return;
	j->filed += len;
	if (write(j->fd, line, len) == -1) {
		/* a full disk must not fail the job that may be about to free it */
	}
}

static void
live_line(struct gsp_progress *p, const struct job *j, const struct gsp_progress_line *e)
{
	struct gsp_buf b = GSP_BUF_INIT(LINE_MAX_BYTES);

	gsp_progress_live(&b, j->server, e, (size_t)gsp_tty_width(fileno(p->f)) - 1);
	if (gsp_buf_ok(&b)) {
		fprintf(p->f, "\r%s\033[K", gsp_buf_str(&b));
		fflush(p->f);
		p->live_shown = true;
		p->live_ms = p->now_ms();
	}
	gsp_buf_release(&b);
}

static bool
wanted(const struct gsp_progress *p, enum gsp_progress_state state)
{
	switch (p->mode) {
	case GSP_PROGRESS_QUIET: return state == GSP_LINE_FAIL || state == GSP_LINE_WARN;
	case GSP_PROGRESS_LIVE:
	case GSP_PROGRESS_PLAIN:
	case GSP_PROGRESS_JSON:
	case GSP_PROGRESS_AUTO:
	default: return true;
	}
}

static void
show(struct gsp_progress *p, const struct job *j, const struct gsp_progress_line *e,
    const char *json, size_t json_len)
{
	struct gsp_buf b = GSP_BUF_INIT(LINE_MAX_BYTES);

	if (!wanted(p, e->state))
		return;
	if (p->mode == GSP_PROGRESS_JSON) {
		(void)fwrite(json, 1, json_len, p->f);
		fflush(p->f);
		return;
	}
	if (p->mode == GSP_PROGRESS_LIVE &&
	    (e->state == GSP_LINE_START || e->state == GSP_LINE_PROGRESS)) {
		live_line(p, j, e);
		return;
	}
	gsp_progress_people(&b, j->server, e, p->color);
	gsp_buf_addc(&b, '\n');
	clear_live(p);
	if (gsp_buf_ok(&b)) {
		(void)fwrite(b.data, 1, b.len, p->f);
		fflush(p->f);
	}
	gsp_buf_release(&b);
}

/* --- events --- */

static bool
due(int64_t *last, int64_t now, int64_t every)
{
	if (*last != 0 && now - *last < every)
		return false;
	*last = now;
	return true;
}

static int64_t
show_every(const struct gsp_progress *p)
{
	return p->mode == GSP_PROGRESS_PLAIN ? PLAIN_MS : SHOW_MS;
}

static bool
file_due(const struct job *j, struct step *s, int64_t now)
{
	return due(&s->filed_ms, now, j->filed > GSP_PROGRESS_FILE_MAX / 4 ? FILE_SLOW_MS : FILE_MS);
}

/* Rate and time left, from what moved since they were last taken. */
static void
measure(struct step *s, struct gsp_progress_line *e, int64_t now)
{
	int64_t ms = now - s->rate_ms;

	if (e->bytes < s->rate_bytes) { /* a new try: count from here */
		s->rate = 0;
		s->rate_bytes = e->bytes;
		s->rate_ms = now;
	} else if (ms >= SHOW_MS) {
		double fresh = (double)(e->bytes - s->rate_bytes) * 1000 / (double)ms;

		s->rate = s->rate > 0 ? 0.7 * s->rate + 0.3 * fresh : fresh;
		s->rate_bytes = e->bytes;
		s->rate_ms = now;
	}
	e->rate = (uint64_t)s->rate;
	if (e->total > e->bytes && s->rate >= 1) {
		double left = (double)(e->total - e->bytes) / s->rate;

		e->eta_s = left < 1e6 ? (int64_t)left : -1;
	}
	if (e->pct < 0 && e->total > 0)
		e->pct = e->bytes >= e->total ? 100 : (int)((double)e->bytes * 100 / (double)e->total);
}

static void
tell(struct gsp_progress *p, struct job *j, const struct gsp_progress_line *e, bool to_screen,
    bool to_file)
{
	struct gsp_buf json = GSP_BUF_INIT(LINE_MAX_BYTES);

	if (to_screen || to_file)
		gsp_progress_json(&json, p->wall_ms(), j->server, e);
	if (!gsp_buf_ok(&json))
		to_file = to_screen = false; /* names and messages are cut: cannot happen */
	if (to_file)
		file_line(j, e, json.data, json.len);
	if (to_screen)
		show(p, j, e, json.data, json.len);
	gsp_buf_release(&json);
}

static void
remember(struct gsp_progress *p, struct job *j, struct step *s, const struct gsp_progress_line *e,
    int64_t now)
{
	s->last = *e;
	s->last.step = s->last.msg = NULL;
	s->told_ms = now;
	(void)snprintf(s->msg, sizeof(s->msg), "%s", e->msg);
	p->current = j;
}

/* The one way in: from lib/ (file: true) or from a child's line, which it filed itself. */
static void
take(struct gsp_progress *p, const char *server, const struct gsp_progress_line *told,
    bool file)
{
	int64_t now = p->now_ms();
	struct job *j = job_of(p, server);
	char name[NAME_MAX_BYTES], msg[GSP_STEP_MSG_MAX];
	struct gsp_progress_line e = *told;
	bool screen = true;
	struct step *s;

	(void)snprintf(name, sizeof(name), "%s", told->step);
	(void)snprintf(msg, sizeof(msg), "%s", told->msg);
	e.step = name;
	e.msg = msg;
	if (j->ended)
		return;
	if (e.state == GSP_LINE_WARN) {
		tell(p, j, &e, true, file);
		return;
	}
	if (strcmp(name, "all") == 0)
		return; /* finish_job() alone ends a job */
	s = step_of(j, name);
	if (s == NULL || e.state == GSP_LINE_START)
		s = open_step(p, j, name);
	e.elapsed_s = (now - s->begun_ms) / 1000;
	if (e.state == GSP_LINE_PROGRESS) {
		measure(s, &e, now);
		s->ours = file;
		screen = due(&s->shown_ms, now, show_every(p));
		file = file && file_due(j, s, now);
		s->pending = !screen;
	} else if (e.state == GSP_LINE_START) {
		s->shown_ms = s->filed_ms = now;
	}
	if (e.state == GSP_LINE_START || e.state == GSP_LINE_PROGRESS)
		remember(p, j, s, &e, now);
	else
		close_step(j, s);
	tell(p, j, &e, screen, file);
}

/* The step that was last told of, or NULL. */
static struct step *
current_step(const struct gsp_progress *p)
{
	struct job *j = p->current;

	return p->mode != GSP_PROGRESS_QUIET && j != NULL && !j->ended && j->nopen > 0
	    ? &j->open[j->nopen - 1]
	    : NULL;
}

int
gsp_progress_wait_ms(const struct gsp_progress *p)
{
	const struct step *s = current_step(p);
	int64_t until = INT64_MAX, now = p->now_ms();

	if (s != NULL && s->pending)
		until = s->shown_ms + show_every(p);
	if (s != NULL && p->mode == GSP_PROGRESS_LIVE && p->live_ms + TICK_MS < until)
		until = p->live_ms + TICK_MS;
	if (until == INT64_MAX)
		return -1;
	return until <= now ? 0 : (int)(until - now);
}

void
gsp_progress_tick(struct gsp_progress *p)
{
	struct step *s = current_step(p);
	int64_t now = p->now_ms();
	struct gsp_progress_line e;
	bool file;

	if (gsp_progress_wait_ms(p) != 0)
		return;
	e = s->last;
	e.step = s->name;
	e.msg = s->msg;
	e.elapsed_s = (now - s->begun_ms) / 1000;
	if (now - s->told_ms >= STALE_MS) {
		e.rate = 0;
		e.eta_s = -1;
	}
	file = s->pending && s->ours && file_due(p->current, s, now);
	s->pending = false;
	s->shown_ms = p->live_ms = now;
	tell(p, p->current, &e, true, file);
}

static int
on_idle(void *ctx)
{
	gsp_progress_tick(ctx);
	return gsp_progress_wait_ms(ctx);
}

static void
take_simple(struct gsp_progress *p, enum gsp_progress_state state, const char *server,
    const char *step, const char *msg)
{
	struct gsp_progress_line e = {state, step, -1, 0, 0, 0, -1, 0, msg};

	take(p, server, &e, true);
}

static void
on_begin(void *ctx, const char *server, const char *step, const char *msg)
{
	take_simple(ctx, GSP_LINE_START, server, step, msg);
}

static void
on_update(void *ctx, const char *server, const char *step, int pct, uint64_t bytes,
    uint64_t total, const char *msg)
{
	struct gsp_progress_line e = {
	    GSP_LINE_PROGRESS, step, pct > 100 ? 100 : pct, bytes, total, 0, -1, 0, msg};

	take(ctx, server, &e, true);
}

static void
on_done(void *ctx, const char *server, const char *step, const char *msg)
{
	take_simple(ctx, GSP_LINE_DONE, server, step, msg);
}

static void
on_fail(void *ctx, const char *server, const char *step, const char *msg)
{
	take_simple(ctx, GSP_LINE_FAIL, server, step, msg);
}

static void
on_warn(void *ctx, const char *server, const char *msg)
{
	struct gsp_progress *p = ctx;
	struct job *j = job_of(p, server);

	take_simple(p, GSP_LINE_WARN, server, j->nopen > 0 ? j->open[j->nopen - 1].name : "all", msg);
}

/* --- life --- */

static enum gsp_progress_mode
pick_mode(enum gsp_progress_mode asked, FILE *f)
{
	if (asked != GSP_PROGRESS_AUTO)
		return asked;
	return gsp_tty_live(fileno(f)) ? GSP_PROGRESS_LIVE : GSP_PROGRESS_PLAIN;
}

struct gsp_progress *
gsp_progress_new(const struct gsp_progress_opts *o)
{
	static const struct gsp_progress_opts dflt = GSP_PROGRESS_OPTS_INIT;
	struct gsp_progress *p = calloc(1, sizeof(*p));
	const char *child = getenv("GSP_STEP_OF_PARENT"), *plain = getenv("NO_COLOR");

	if (p == NULL)
		abort();
	if (o == NULL)
		o = &dflt;
	p->f = o->f != NULL ? o->f : stderr;
	p->mode = pick_mode(o->mode, p->f);
	p->now_ms = o->now_ms != NULL ? o->now_ms : gsp_now_ms;
	p->wall_ms = o->wall_ms != NULL ? o->wall_ms : gsp_wall_ms;
	p->child = o->child >= 0 ? o->child != 0 : child != NULL && strcmp(child, "1") == 0;
	p->color = p->mode == GSP_PROGRESS_LIVE && (plain == NULL || *plain == '\0');
	p->steps = (struct gsp_steps){on_begin, on_update, on_done, on_fail, on_warn, p};
	gsp_cli_before_line(clear_live, p);
	gsp_sig_on_idle(on_idle, p);
	return p;
}

struct gsp_progress *
gsp_progress_for(const struct gsp_cli *c)
{
	struct gsp_progress_opts o = GSP_PROGRESS_OPTS_INIT;

	if (c->progress_json)
		o.mode = GSP_PROGRESS_JSON;
	else if (c->quiet)
		o.mode = GSP_PROGRESS_QUIET;
	return gsp_progress_new(&o);
}

void
gsp_progress_open(struct gsp_progress *p, const char *server, const char *state_file)
{
	struct job *j = job_of(p, server);
	struct stat st;

	if (j->fd != -1 || state_file == NULL)
		return;
	j->fd = open(state_file,
	    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | (p->child ? 0 : O_TRUNC), 0600);
	if (j->fd != -1 && fstat(j->fd, &st) == 0)
		j->filed = (size_t)st.st_size;
}

const struct gsp_steps *
gsp_progress_steps(struct gsp_progress *p)
{
	return &p->steps;
}

static bool
state_of(enum gsp_progress_state *out, const char *name, bool warn)
{
	for (int i = GSP_LINE_START; i < GSP_LINE_WARN; i++)
		if (strcmp(gsp_progress_state_name((enum gsp_progress_state)i), name) == 0) {
			*out = warn ? GSP_LINE_WARN : (enum gsp_progress_state)i;
			return true;
		}
	return false;
}

bool
gsp_progress_relay(struct gsp_progress *p, const char *line)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_json *v = NULL;
	const char *server, *step;
	struct gsp_progress_line e = {GSP_LINE_PROGRESS, "", -1, 0, 0, 0, -1, 0, ""};
	uint64_t pct;
	bool ok;

	if (line[0] != '{' || gsp_json_parse(&v, line, strlen(line), &ignored) == -1)
		return false;
	server = gsp_json_str(v, "server", NULL);
	step = gsp_json_str(v, "step", NULL);
	ok = server != NULL && step != NULL &&
	    state_of(&e.state, gsp_json_str(v, "state", ""),
		strcmp(gsp_json_str(v, "level", ""), "warn") == 0);
	if (ok && (strcmp(step, "all") != 0 || e.state == GSP_LINE_WARN)) {
		e.step = step;
		e.msg = gsp_json_str(v, "message", "");
		pct = gsp_json_u64(v, "pct", 101);
		e.pct = pct <= 100 ? (int)pct : -1;
		e.bytes = gsp_json_u64(v, "bytes", 0);
		e.total = gsp_json_u64(v, "total", 0);
		take(p, server, &e, false);
	}
	gsp_json_free(v);
	return ok;
}

static void
finish_job(struct gsp_progress *p, struct job *j, bool ok, const char *msg)
{
	struct gsp_progress_line e = {
	    ok ? GSP_LINE_DONE : GSP_LINE_FAIL, "all", -1, 0, 0, 0, -1, 0, msg};

	if (j->ended)
		return;
	while (j->nopen > 0) {
		char step[NAME_MAX_BYTES];

		(void)snprintf(step, sizeof(step), "%s", j->open[j->nopen - 1].name);
		take_simple(p, ok ? GSP_LINE_DONE : GSP_LINE_FAIL, j->server, step, ok ? "" : msg);
	}
	e.elapsed_s = (p->now_ms() - j->begun_ms) / 1000;
	if (!p->child)
		tell(p, j, &e, true, true);
	j->ended = true;
	if (j->fd != -1)
		close(j->fd);
	j->fd = -1;
}

void
gsp_progress_finish(struct gsp_progress *p, const char *server, bool ok, const char *fmt, ...)
{
	char msg[GSP_STEP_MSG_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	finish_job(p, job_of(p, server), ok, msg);
	clear_live(p);
}

void
gsp_progress_free(struct gsp_progress *p)
{
	struct job *j, *next;

	if (p == NULL)
		return;
	for (j = p->jobs; j != NULL; j = next) {
		next = j->next;
		finish_job(p, j, false, "ended without a result");
		if (p->current == j)
			p->current = NULL;
		free(j);
	}
	clear_live(p);
	gsp_cli_before_line(NULL, NULL);
	gsp_sig_on_idle(NULL, NULL);
	free(p);
}
