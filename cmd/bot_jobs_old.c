/* bot_jobs_old: the jobs of earlier runs: found again, told, and at last removed. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "cli/say.h"
#include "discord/snowflake.h"
#include "sys/io.h"
#include "bot_job_file.h"
#include "bot_jobs.h"

#include "base/banned.h"

enum {
	KEPT_S = 3600, /* a directory, after the chat was told */
	OLD_S = 86400, /* after its end, one that could not be told */
	KEPT_MAX = 500
};

static int64_t
age_s(struct mon *m, const char *id, const char *name)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct stat st;
	int64_t age = stat(job_path(&path, m->t->home, id, name), &st) == 0
	    ? gsp_wall_s() - (int64_t)st.st_mtim.tv_sec : -1;

	gsp_buf_release(&path);
	return age;
}

/* What is over and told, or too old to be told, or acted at once; never what runs. */
static bool
is_old(struct mon *m, const char *id, size_t kept)
{
	int64_t told = age_s(m, id, "told"), ended = age_s(m, id, "end.json");

	if (told >= 0)
		return told > KEPT_S || kept > KEPT_MAX;
	if (!job_has(m->t->home, id, "job.json"))
		return age_s(m, id, "") > KEPT_S || kept > KEPT_MAX;
	return ended > OLD_S;
}

/* What a write that was killed has left, which may be a token. */
static void
sweep_dir(struct mon *m, const char *id)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_err err = GSP_ERR_INIT;

	if (gsp_io_sweep(job_path(&path, m->t->home, id, ""), &err) == -1)
		gsp_cli_warn("%s", err.msg);
	gsp_buf_release(&path);
}

/* A question and the job that its button made, of which neither began: one of them says so. */
static bool
is_said_by_another(struct mon *m, const struct job *j)
{
	if (j->begin.message[0] == '\0' || job_has(m->t->home, j->begin.interaction, "started"))
		return false;
	for (const struct job *o = m->jobs->first; o != NULL; o = o->next)
		if (o != j && strcmp(o->begin.message, j->begin.message) == 0)
			return true;
	return false;
}

static void
load_one(struct mon *m, const char *id)
{
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_talk b;
	struct job *j;
	bool even, known;

	sweep_dir(m, id);
	if (job_has(m->t->home, id, "told"))
		return;
	known = job_read(&b, &even, m->t->home, id, &err) == 0;
	if (!known && err.code == GSP_ENOTFOUND) {
		/* it was never noted, so nothing can have begun: it may come again */
		jobs_remove_dir(m, id);
		return;
	}
	if (!known)
		gsp_cli_warn("job %s: %s; whoever asked for it cannot be told what became of it", id, err.msg);
	/* also what nobody can read gets an end, for it goes a day after that */
	if (job_settle(m->t->home, id, &err) == -1)
		gsp_cli_warn("job %s: %s", id, err.msg);
	if (!known)
		return;
	j = jobs_add(m);
	j->begin = b;
	j->even = even;
	j->stage = RUNS; /* what it has written is told in any case */
	j->started_ms = gsp_now_ms() - JOB_BEGIN_MS;
	if (is_said_by_another(m, j)) {
		jobs_close_dir(m, j);
		jobs_take_out(m, j);
	}
}

/* The greater an id of Discord's, the later. */
static int
by_age(const void *a, const void *b)
{
	const char *x = *(char *const *)a, *y = *(char *const *)b;
	size_t n = strlen(x), k = strlen(y);

	return n != k ? (n < k ? -1 : 1) : strcmp(x, y);
}

/* ${fn} for each directory, the oldest first; the names are collected first, for some of them go. */
static void
each(struct mon *m, void (*fn)(struct mon *, const char *, size_t))
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_argv ids = GSP_ARGV_INIT;
	DIR *d = opendir(job_path(&path, m->t->home, "", ""));
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL)
		if (gsp_snowflake_ok(e->d_name))
			gsp_argv_push(&ids, e->d_name);
	if (d != NULL)
		closedir(d);
	if (ids.n > 1)
		qsort(ids.v, ids.n, sizeof(*ids.v), by_age);
	for (size_t i = 0; i < ids.n; i++)
		fn(m, ids.v[i], ids.n - i);
	gsp_argv_release(&ids);
	gsp_buf_release(&path);
}

static void
sweep_one(struct mon *m, const char *id, size_t kept)
{
	if (jobs_find(m, id) == NULL && is_old(m, id, kept))
		jobs_remove_dir(m, id);
}

void
jobs_sweep(struct mon *m)
{
	each(m, sweep_one);
}

static void
load_each(struct mon *m, const char *id, size_t kept)
{
	(void)kept;
	load_one(m, id);
}

int
jobs_load(struct mon *m, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	int rc = gsp_io_mkdirs(gsp_home_path(m->t->home, &path, "state/discord/jobs"), 0700, err);

	if (rc == 0)
		rc = gsp_io_sweep(gsp_home_path(m->t->home, &path, "state/discord"), err);
	gsp_buf_release(&path);
	if (rc == -1)
		return -1;
	jobs_sweep(m);
	each(m, load_each);
	return 0;
}
