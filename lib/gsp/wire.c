#include "gsp/wire.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sys/io.h"

#include "base/banned.h"

/* rsync gives up on a link that moves nothing for so long; gsp-ssh notices sooner (45 s). */
#define IO_TIMEOUT_S 120

int
gsp_wire_begin(struct gsp_argv *a, struct gsp_job *job, const char *states,
    struct gsp_err *err)
{
	struct gsp_buf dir = GSP_BUF_INIT(4096), rsh = GSP_BUF_INIT(8192);
	struct gsp_buf far = GSP_BUF_INIT(4096);
	struct gsp_argv op = GSP_ARGV_INIT;
	int64_t minutes = (job->session->conf->timeouts.sync_s + 59) / 60;
	int rc = -1;

	if (gsp_job_remote(job, err) == -1 || gsp_remote_install(job->remote, err) == -1 ||
	    gsp_io_self_dir(&dir, err) == -1)
		goto out;
	/* rsync splits this at blanks and knows quotes: a quote inside is doubled */
	gsp_buf_addc(&rsh, '\'');
	for (const char *p = gsp_buf_str(&dir); *p != '\0'; p++) {
		if (*p == '\'')
			gsp_buf_addc(&rsh, '\'');
		gsp_buf_addc(&rsh, *p);
	}
	gsp_buf_adds(&rsh, "/gsp-ssh' --transport");
	gsp_argv_push(&op, "guard");
	gsp_argv_push(&op, states);
	gsp_argv_push(&op, job->session->id);
	gsp_argv_push(&op, "--");
	if (strcmp(states, "dirty") == 0) { /* a game may be running: it goes first */
		gsp_argv_push(&op, "nice");
		gsp_argv_push(&op, "-n");
		gsp_argv_push(&op, "10");
	}
	gsp_argv_push(&op, "rsync");
	gsp_remote_command(&far, &op);
	gsp_argv_push(a, "-e");
	gsp_argv_push(a, gsp_buf_str(&rsh));
	gsp_argv_pushf(a, "--rsync-path=%s", gsp_buf_str(&far));
	gsp_argv_pushf(a, "--timeout=%d", IO_TIMEOUT_S);
	gsp_argv_pushf(a, "--stop-after=%" PRId64, minutes);
	rc = gsp_buf_ok(&rsh) && gsp_buf_ok(&far) ? 0
	                                          : gsp_err_set(err, GSP_ELIMIT, "command too long");
out:
	gsp_argv_release(&op);
	gsp_buf_release(&far);
	gsp_buf_release(&rsh);
	gsp_buf_release(&dir);
	return rc;
}

void
gsp_wire_far(struct gsp_argv *a, struct gsp_job *job)
{
	gsp_argv_pushf(a, "%s:%s/", job->server, job->session->conf->dir);
}

void
gsp_wire_name(struct gsp_buf *out, const char *path)
{
	gsp_buf_add(out, path, strlen(path) + 1);
}

struct wire_env {
	struct gsp_buf home;
	const char *v[2];
};

static void
wire_env(struct wire_env *e, struct gsp_job *job, struct gsp_rsync *r)
{
	gsp_buf_init(&e->home, GSP_PATH_BUF);
	gsp_buf_addf(&e->home, "GSP_HOME=%s", job->home->dir);
	e->v[0] = gsp_buf_str(&e->home);
	e->v[1] = NULL;
	r->env = e->v;
	/* an rsync that outlives us keeps the server locked until it is gone */
	r->keep_fd = job->lock_fd;
}

int
gsp_wire_run(struct gsp_job *job, struct gsp_rsync *r, struct gsp_err *err)
{
	struct wire_env e;
	int rc;

	wire_env(&e, job, r);
	rc = gsp_rsync_run(r, err);
	gsp_buf_release(&e.home);
	return rc;
}

int
gsp_wire_prove(struct gsp_job *job, struct gsp_rsync *r, struct gsp_list *sums,
    struct gsp_diff *differs, struct gsp_err *err)
{
	struct wire_env e;
	int rc;

	wire_env(&e, job, r);
	rc = gsp_rsync_prove(r, sums, differs, err);
	gsp_buf_release(&e.home);
	return rc;
}
