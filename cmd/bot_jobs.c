/* bot_jobs: tools that take longer: started so that they outlive us, followed by what they write. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/must.h"
#include "cli/say.h"
#include "sys/io.h"
#include "bot_job_file.h"
#include "bot_jobs.h"
#include "bot_mon.h"

#include "base/banned.h"

enum {
	JOBS_MAX = 200,        /* at once */
	FORGET_MS = 86400000,
	SWEEP_MS = 600000,
	MADE_MAX = 250,        /* directories, and it is time for another */
	LOOK_MS = 200,         /* at what a running job has written */
	LOCK_MS = 2000,        /* whether its runner lives */
	TOKEN_MS = 15 * 60000, /* Source: Discord API v10: an interaction's token lives 15 minutes */
};

struct jobs *
jobs_new(void)
{
	return gsp_must(calloc(1, sizeof(struct jobs)));
}

static void
job_free(struct job *j)
{
	gsp_talk_release(&j->begin);
	gsp_buf_release(&j->part);
	free(j->held);
	free(j);
}

void
jobs_free(struct jobs *jobs)
{
	struct job *next;

	if (jobs == NULL)
		return;
	for (struct job *j = jobs->first; j != NULL; j = next) {
		next = j->next;
		job_free(j);
	}
	free(jobs);
}

struct job *
jobs_find(struct mon *m, const char *id)
{
	struct job *j = m->jobs->first;

	while (j != NULL && strcmp(j->begin.interaction, id) != 0)
		j = j->next;
	return j;
}

struct job *
jobs_add(struct mon *m)
{
	struct job *j = gsp_must(calloc(1, sizeof(*j)));

	gsp_buf_init(&j->part, JOB_LINE_BYTES);
	j->next = m->jobs->first;
	m->jobs->first = j;
	return j;
}

void
jobs_take_out(struct mon *m, struct job *j)
{
	struct job **at = &m->jobs->first;

	while (*at != j)
		at = &(*at)->next;
	*at = j->next;
	job_free(j);
}

const struct gsp_talk *
jobs_busy(const struct mon *m, const char *server)
{
	for (const struct job *j = m->jobs->first; j != NULL; j = j->next)
		if (j->stage == RUNS && strcmp(j->begin.server, server) == 0)
			return &j->begin;
	return NULL;
}

/* ---- made, started ---- */

int
jobs_claim(struct mon *m, const char *id, struct gsp_err *err)
{
	m->jobs->made++;
	if (job_claim(m->t->home, id, err) == -1)
		return -1;
	if (job_tell(m->t->home, id, err) == 0)
		return 0;
	jobs_remove_dir(m, id);
	return -1;
}

static void
copy_who(struct gsp_talk_who *to, const struct gsp_talk_who *from)
{
	*to = *from;
	to->roles = NULL; /* of no use once the rules were asked */
	to->nroles = 0;
}

int
jobs_make(struct mon *m, const struct gsp_talk *ask, bool even, struct gsp_err *err)
{
	struct gsp_talk *b;
	struct job *j;
	size_t n = 0;

	for (j = m->jobs->first; j != NULL; j = j->next)
		n += !j->ended;
	if (n >= JOBS_MAX)
		return gsp_err_set(err, GSP_ETEMP, "%zu jobs are under way", n);
	j = jobs_add(m);
	b = &j->begin;
	gsp_talk_init(b, GSP_TALK_BEGIN);
	copy_who(&b->who, &ask->who);
	b->verb = ask->verb;
	b->save = ask->save;
	b->asked_ms = gsp_wall_ms();
	snprintf(b->interaction, sizeof(b->interaction), "%s", ask->interaction);
	snprintf(b->app, sizeof(b->app), "%s", ask->app);
	snprintf(b->token, sizeof(b->token), "%s", ask->token);
	snprintf(b->server, sizeof(b->server), "%s", ask->server);
	snprintf(b->message, sizeof(b->message), "%s", ask->message);
	snprintf(b->channel, sizeof(b->channel), "%s", ask->channel);
	j->even = even;
	j->stage = ASKED;
	m->jobs->made++;
	if (job_make(m->t->home, b, even, err) == 0)
		return 0;
	jobs_take_out(m, j);
	return -1;
}

static int
start_runner(struct mon *m, const char *id, struct gsp_err *err)
{
	struct gsp_buf dir = GSP_BUF_INIT(4096);
	struct gsp_argv argv = GSP_ARGV_INIT;
	struct gsp_proc p = GSP_PROC_INIT;
	int rc = gsp_io_self_dir(&dir, err);

	gsp_argv_pushf(&argv, "%s/gsp-bot", gsp_buf_str(&dir));
	gsp_argv_push(&argv, "-C");
	gsp_argv_push(&argv, m->t->home->dir);
	gsp_argv_pushf(&argv, "--run-job=%s", id);
	p.argv = (const char *const *)argv.v;
	p.cwd = "/";
	p.in = p.out = p.err = GSP_PROC_NULL;
	p.detached = true;
	if (rc == 0)
		rc = gsp_argv_ok(&argv) ? gsp_proc_start(&p, err) : gsp_err_set(err, GSP_ESYS, "out of memory");
	gsp_argv_release(&argv);
	gsp_buf_release(&dir);
	return rc;
}

static void
begin(struct mon *m, struct job *j)
{
	j->begun = true;
	mon_send(m, &j->begin);
}

/* For whoever reads the log: who asked for what, and what came of it. */
__attribute__((format(printf, 2, 3))) static void
note(const struct gsp_talk *b, const char *fmt, ...)
{
	char actor[129], save[32] = "", what[1200];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	words_actor(actor, &b->who);
	if (b->save != 0)
		snprintf(save, sizeof(save), " (save %" PRIu64 ")", b->save);
	gsp_cli_warn("job %s: %s %s%s, asked by %s: %s", b->interaction, gsp_verb_name(b->verb), b->server,
	    save, actor, what);
}

int
jobs_place(struct mon *m, const char *id, const char *message, const char *channel, struct gsp_err *err)
{
	struct job *j = jobs_find(m, id);

	if (j == NULL)
		return gsp_err_set(err, GSP_EBUG, "there is no such job");
	snprintf(j->begin.message, sizeof(j->begin.message), "%s", message);
	snprintf(j->begin.channel, sizeof(j->begin.channel), "%s", channel);
	return job_write(m->t->home, &j->begin, j->even, err);
}

int
jobs_go(struct mon *m, const char *id, const char *message, const char *channel, bool even,
    struct gsp_err *err)
{
	struct job *j = jobs_find(m, id);

	if (j == NULL || j->stage != ASKED)
		return gsp_err_set(err, GSP_EBUG, "there is no such job");
	j->even = even;
	if (jobs_place(m, id, message, channel, err) == -1 || start_runner(m, id, err) == -1)
		return -1;
	j->stage = RUNS;
	j->started_ms = j->lock_ms = gsp_now_ms();
	note(&j->begin, "begun");
	begin(m, j);
	return 0;
}

void
jobs_remove_dir(struct mon *m, const char *id)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_err err = GSP_ERR_INIT;

	if (gsp_io_rmtree(job_path(&path, m->t->home, id, ""), &err) == -1)
		gsp_cli_warn("%s", err.msg);
	gsp_buf_release(&path);
}

/* The token is of no use any more: it goes from the disk, and then from memory. If that fails it is
 * tried again. */
static int
wipe_token(struct mon *m, struct job *j, struct gsp_err *err)
{
	struct gsp_talk without = j->begin;

	if (j->begin.token[0] == '\0')
		return 0;
	without.token[0] = '\0';
	explicit_bzero(without.token, sizeof(without.token));
	if (job_write(m->t->home, &without, j->even, err) == -1)
		return -1;
	explicit_bzero(j->begin.token, sizeof(j->begin.token));
	return 0;
}

/* All is said; the directory stays, so that what Discord repeats starts nothing. A disk without room
 * still lets files be removed. */
void
jobs_close_dir(struct mon *m, struct job *j)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_err err = GSP_ERR_INIT, ignored = GSP_ERR_INIT;
	const char *id = j->begin.interaction;

	(void)gsp_io_sweep(job_path(&path, m->t->home, id, ""), &ignored);
	if (wipe_token(m, j, &ignored) == -1)
		(void)unlink(job_path(&path, m->t->home, id, "job.json"));
	if (job_tell(m->t->home, id, &err) == -1)
		gsp_cli_warn("%s; after a restart it will be told again", err.msg);
	gsp_buf_release(&path);
}

void
jobs_drop(struct mon *m, const char *id)
{
	struct job *j = jobs_find(m, id);

	if (j == NULL || j->stage != ASKED)
		return;
	jobs_close_dir(m, j);
	jobs_take_out(m, j);
}

/* ---- its end ---- */

static void
end(struct mon *m, struct job *j)
{
	struct job_end e;
	struct gsp_talk t;

	gsp_talk_init(&t, GSP_TALK_END);
	if (job_read_end(&e, m->t->home, j->begin.interaction) == -1) {
		e.status = -1;
		snprintf(e.why, sizeof(e.why), "%s", j->lost);
	}
	snprintf(t.interaction, sizeof(t.interaction), "%s", j->begin.interaction);
	t.asked_ms = j->begin.asked_ms;
	job_last_words(&t, m->t->home, &j->begin, &e);
	j->ended = true;
	if (t.status == -1)
		note(&j->begin, "lost: %s", t.text);
	else
		note(&j->begin, "ended with %d%s%s", t.status, t.text[0] != '\0' ? ": " : "", t.text);
	mon_send(m, &t);
	gsp_talk_release(&t);
}

/* Has it an end? One whose runner was killed gets one. */
static bool
is_over(struct mon *m, struct job *j, int64_t now)
{
	struct gsp_err err = GSP_ERR_INIT;
	const char *id = j->begin.interaction;

	if (job_has(m->t->home, id, "end.json"))
		return true;
	if (now < j->lock_ms || (now - j->started_ms < JOB_BEGIN_MS && !job_has(m->t->home, id, "started")))
		return false;
	j->lock_ms = now + LOCK_MS;
	if (job_settle(m->t->home, id, &err) == -1) {
		gsp_cli_warn("job %s: %s", id, err.msg);
		snprintf(j->lost, sizeof(j->lost), "what became of it is not known: %.600s", err.msg);
		return true; /* whoever asked does not wait until there is room */
	}
	return job_has(m->t->home, id, "end.json");
}

static void
look_after(struct mon *m, struct job *j, int64_t now)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	bool over;

	if (j->stage == RUNS && now >= j->look_ms) {
		j->look_ms = now + LOOK_MS;
		over = is_over(m, j, now);
		if (job_follow(m, j) && over)
			j->stage = ENDED;
	}
	if (j->stage == ENDED && j->begun && !j->ended)
		end(m, j);
	if (j->ended || gsp_wall_ms() - j->begin.asked_ms > TOKEN_MS)
		(void)wipe_token(m, j, &ignored);
}

/* ---- told ---- */

void
jobs_told(struct mon *m, const char *id)
{
	struct job *j = jobs_find(m, id);

	if (j == NULL || !j->ended)
		return;
	jobs_close_dir(m, j);
	jobs_take_out(m, j);
}

void
jobs_tell(struct mon *m)
{
	struct gsp_err ignored = GSP_ERR_INIT;

	for (struct job *j = m->jobs->first; j != NULL; j = j->next) {
		if (j->begun || j->stage == ASKED)
			continue;
		/* What the token's first answer became is not known, it may be a refusal of what Discord
		 * repeated: the message is edited in its channel. */
		if (j->begin.message[0] != '\0' && !job_has(m->t->home, j->begin.interaction, "started"))
			(void)wipe_token(m, j, &ignored);
		begin(m, j);
	}
}

/* Those whose end nobody has confirmed for a day: it was told as well as it could be. */
static void
forget_old(struct mon *m)
{
	struct job *next;

	for (struct job *j = m->jobs->first; j != NULL; j = next) {
		next = j->next;
		if (j->ended && gsp_now_ms() - j->look_ms > FORGET_MS)
			jobs_take_out(m, j);
	}
}

void
jobs_tick(struct mon *m)
{
	int64_t now = gsp_now_ms();

	for (struct job *j = m->jobs->first; j != NULL && !m->over; j = j->next)
		if (j->begun) /* those of earlier runs wait for the gateway */
			look_after(m, j, now);
	if (now >= m->jobs->sweep_ms || m->jobs->made >= MADE_MAX) {
		m->jobs->sweep_ms = now + SWEEP_MS;
		m->jobs->made = 0;
		forget_old(m);
		jobs_sweep(m);
	}
}

int
jobs_wait_ms(const struct mon *m)
{
	for (const struct job *j = m->jobs->first; j != NULL; j = j->next)
		if (j->begun && j->stage == RUNS)
			return LOOK_MS;
	return -1;
}
