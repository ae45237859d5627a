/* bot_runner: gsp-bot --run-job ID: runs one job to its end and notes what became of it. It outlives the
 * bot; whoever finds its lock free and no end.json knows that it was killed. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "discord/snowflake.h"
#include "sys/lock.h"
#include "bot_job_file.h"
#include "bot_mon.h"
#include "bot_run.h"

#include "base/banned.h"

static int
open_log(const struct gsp_home *h, const char *id, const char *name, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	int fd = open(job_path(&path, h, id, name), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
	    0600);

	if (fd == -1)
		(void)gsp_err_sys(err, GSP_ECREATE, errno, "cannot create '%s'", gsp_buf_str(&path));
	gsp_buf_release(&path);
	return fd;
}

/* The tool, to its end. */
static int
run_tool(int *status, const struct gsp_home *h, const struct gsp_talk *job, bool even,
    struct gsp_err *err)
{
	struct gsp_argv argv = GSP_ARGV_INIT;
	struct gsp_proc p = GSP_PROC_INIT;
	int rc = -1;

	p.in = GSP_PROC_NULL;
	p.out = open_log(h, job->interaction, "out", err);
	p.err = p.out != -1 ? open_log(h, job->interaction, "progress", err) : -1;
	if (p.out != -1 && p.err != -1 && words_job(&argv, h, job, even, err) == 0) {
		p.argv = (const char *const *)argv.v;
		if (gsp_proc_start(&p, err) == 0)
			rc = gsp_proc_wait(&p, status, err);
	}
	if (p.out != -1)
		close(p.out);
	if (p.err != -1)
		close(p.err);
	gsp_argv_release(&argv);
	return rc;
}

static int
run(const struct gsp_home *h, const char *id, struct gsp_err *err)
{
	struct gsp_err why = GSP_ERR_INIT;
	struct gsp_talk job;
	bool even;
	int status = -1, rc;

	/* begun before, or given up: never twice */
	if (job_has(h, id, "end.json") || job_has(h, id, "started"))
		return gsp_err_set(err, GSP_EREFUSED, "job %s was begun before", id);
	if (job_read(&job, &even, h, id, err) == -1)
		return -1;
	if (job_start(h, id, err) == -1) {
		gsp_talk_release(&job);
		return -1;
	}
	rc = run_tool(&status, h, &job, even, &why);
	gsp_talk_release(&job);
	return job_write_end(h, id, rc == 0 ? status : -1, why.msg, err);
}

int
bot_job_runner(struct tool *t, const char *id, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	int fd = -1, rc;

	if (!gsp_snowflake_ok(id))
		return gsp_err_set(err, GSP_EUSAGE, "--run-job is for gsp-bot's own use");
	if (tool_open(t, err) == -1)
		return -1;
	rc = gsp_lock_take(&fd, job_path(&path, t->home, id, "lock"), "gsp-bot: runs it", -1, err);
	if (rc == 0)
		rc = run(t->home, id, err);
	gsp_lock_drop(fd);
	gsp_buf_release(&path);
	return rc;
}
