#include "gsp/job.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/num.h"
#include "sys/io.h"
#include "sys/lock.h"

#include "base/banned.h"

static int
inherited_lock(void)
{
	const char *text = getenv(GSP_LOCK_ENV);
	uint64_t fd;

	return text != NULL && gsp_num_u64(&fd, text, 3, 1 << 20) == 0 ? (int)fd : -1;
}

static int
take_lock(struct gsp_job *job, const char *what, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	char note[GSP_LOCK_NOTE];
	int rc;

	gsp_lock_who(note, job->actor, what);
	gsp_home_state_path(job->home, &path, job->server, "lock");
	rc = gsp_lock_take(&job->lock_fd, gsp_buf_str(&path), note, inherited_lock(), err);
	if (rc == 0 && job->lock_fd == inherited_lock())
		gsp_lock_note(job->lock_fd, note); /* whoever is turned away reads which step it is */
	if (rc == 0)
		rc = gsp_io_sweep(gsp_home_state_path(job->home, &path, job->server, ""), err);
	if (rc == -1 && err->code == GSP_ETEMP) {
		gsp_err_wrap(err, "server '%s' is busy", job->server);
		gsp_err_hint(err, "'gsp status %s' shows how far it is", job->server);
	}
	gsp_buf_release(&path);
	return rc;
}

/* A name nobody has is a typo, not a server that is down. */
static int
check_known(struct gsp_job *job, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_server_conf *conf = NULL;
	int rc = 0;

	if (job->session == NULL &&
	    !gsp_io_exists(gsp_home_server_path(job->home, &path, job->server, "server.yaml")))
		rc = gsp_server_conf_load(&conf, job->home, job->server, err);
	gsp_server_conf_free(conf);
	gsp_buf_release(&path);
	return rc;
}

int
gsp_job_open(struct gsp_job **out, struct gsp_home *home, const char *server,
    const char *actor, const struct gsp_steps *steps, const char *what, int flags,
    struct gsp_err *err)
{
	struct gsp_job *job;

	if (!gsp_server_name_ok(server))
		return gsp_err_set(err, GSP_EUNAVAIL, "'%s' is no server name (a-z, 0-9 and '-', "
		    "2 to 28 characters, a letter first)", server);
	if ((job = calloc(1, sizeof(*job))) == NULL)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	job->home = home;
	job->actor = actor;
	job->steps = steps;
	job->lock_fd = -1;
	snprintf(job->server, sizeof(job->server), "%s", server);
	if (gsp_session_load(&job->session, home, server, err) == -1 || check_known(job, err) == -1)
		goto fail;
	if ((flags & GSP_JOB_LOCK) != 0 &&
	    (gsp_home_state_make(home, server, err) == -1 || take_lock(job, what, err) == -1 ||
	        gsp_job_reload(job, err) == -1)) /* another tool may have changed it meanwhile */
		goto fail;
	*out = job;
	return 0;
fail:
	gsp_job_close(job);
	return -1;
}

void
gsp_job_hangup(struct gsp_job *job)
{
	gsp_remote_close(job->remote);
	job->remote = NULL;
}

void
gsp_job_close(struct gsp_job *job)
{
	if (job == NULL)
		return;
	gsp_job_hangup(job);
	gsp_linode_free(job->api);
	gsp_session_free(job->session);
	gsp_lock_drop(job->lock_fd);
	free(job);
}

static void
api_note(void *ctx, const char *text)
{
	struct gsp_job *job = ctx;

	gsp_steps_warn(job->steps, job->server, "%s", text);
}

/* The token goes nowhere but there. */
static int
open_api(struct gsp_linode **out, const struct gsp_home *h, struct gsp_linode_opts *o,
    struct gsp_err *err)
{
	struct gsp_buf token = GSP_BUF_INIT(4096);
	int rc;

	if (gsp_home_token(h, &token, err) == -1)
		return -1;
	o->base_url = h->api_url;
	o->token = gsp_buf_str(&token);
	rc = gsp_linode_new(out, o, err);
	gsp_token_wipe(&token);
	gsp_buf_release(&token);
	return rc;
}

int
gsp_home_api(struct gsp_linode **out, const struct gsp_home *h, int64_t call_ms,
    struct gsp_err *err)
{
	struct gsp_linode_opts o = {.budget_ms = call_ms, .attempt_ms = call_ms};

	return open_api(out, h, &o, err);
}

int
gsp_job_api(struct gsp_job *job, struct gsp_err *err)
{
	struct gsp_linode_opts o = {.note = api_note, .note_ctx = job};

	return job->api != NULL ? 0 : open_api(&job->api, job->home, &o, err);
}

int
gsp_job_remote(struct gsp_job *job, struct gsp_err *err)
{
	if (job->remote != NULL)
		return 0;
	if (gsp_job_need_session(job, err) == -1)
		return -1;
	return gsp_remote_open(&job->remote, job->home, job->session, 0, err);
}

int
gsp_job_need_whole(struct gsp_job *job, struct gsp_err *err)
{
	if (job->session == NULL || job->session->taking_from[0] == '\0')
		return 0;
	return gsp_err_set(err, GSP_EREFUSED, "the take-over of '%s' from home '%s' is not finished; "
	    "run 'gsp status --take-over %s' again", job->server, job->session->taking_from,
	    job->server);
}

int
gsp_job_need_session(struct gsp_job *job, struct gsp_err *err)
{
	if (job->session == NULL)
		return gsp_err_set(err, GSP_EREFUSED, "server '%s' has no machine; 'gsp up %s' makes "
		    "one", job->server, job->server);
	if (job->session->phase < GSP_PHASE_CREATING)
		return gsp_err_set(err, GSP_EREFUSED, "the machine of '%s' is not created yet; run "
		    "'gsp up %s' again", job->server, job->server);
	return gsp_job_need_whole(job, err);
}

int
gsp_job_need_live(struct gsp_job *job, struct gsp_err *err)
{
	if (gsp_job_need_session(job, err) == -1)
		return -1;
	/* a delete was permitted and may be carried out at any moment: nothing new begins there */
	if (job->session->phase == GSP_PHASE_DELETING)
		return gsp_err_set(err, GSP_EREFUSED, "the machine of '%s' is being deleted; 'gsp teardown "
		    "%s' finishes that", job->server, job->server);
	return 0;
}

int
gsp_job_need_id(struct gsp_job *job, const char *session, struct gsp_err *err)
{
	if (session == NULL || session[0] == '\0')
		return 0;
	if (job->session == NULL || strcmp(job->session->id, session) != 0)
		return gsp_err_set(err, GSP_EREFUSED,
		    "the record names session '%.32s' of server '%s', and that is not its session "
		    "now (%s)", session, job->server,
		    job->session != NULL ? job->session->id : "none");
	return 0;
}

const char *
gsp_job_server_dir(struct gsp_job *job, struct gsp_buf *b)
{
	return gsp_home_server_path(job->home, b, job->server, "");
}

int
gsp_job_reload(struct gsp_job *job, struct gsp_err *err)
{
	struct gsp_session *s;

	if (gsp_session_load(&s, job->home, job->server, err) == -1)
		return -1;
	gsp_session_free(job->session);
	job->session = s;
	return 0;
}
