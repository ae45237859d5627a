#include "gsp/sync.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "gsp/run.h"
#include "gsp/wire.h"

#include "base/banned.h"

static void
fill(struct gsp_history_opts *o, struct gsp_job *job, const struct gsp_server_conf *conf,
    struct gsp_buf *dir)
{
	memset(o, 0, sizeof(*o));
	o->server_dir = gsp_job_server_dir(job, dir);
	o->home_id = job->home->id;
	o->server = job->server;
	o->exclude = conf != NULL ? (const char *const *)conf->exclude.v : NULL;
	o->push = conf != NULL ? (const char *const *)conf->push.v : NULL;
	o->lock_fd = job->lock_fd;
}

int
gsp_sync_look(struct gsp_history **out, struct gsp_job *job, const struct gsp_server_conf *conf,
    struct gsp_err *err)
{
	struct gsp_buf dir = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_history_opts o;
	int rc;

	fill(&o, job, conf, &dir);
	rc = gsp_history_look(out, &o, err);
	gsp_buf_release(&dir);
	return rc;
}

int
gsp_sync_history(struct gsp_history **out, struct gsp_job *job,
    const struct gsp_server_conf *conf, struct gsp_err *err)
{
	struct gsp_buf dir = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_history_opts o;
	int rc;

	fill(&o, job, conf, &dir);
	rc = gsp_history_open(out, &o, err);
	if (rc == 0 && job->lock_fd >= 0 && gsp_history_settle(*out, err) == -1) {
		gsp_history_close(*out);
		*out = NULL;
		rc = -1;
	}
	if (rc == 0 && gsp_history_rescued(*out) != NULL)
		gsp_steps_warn(job->steps, job->server, "files/ was edited while it was being renewed; "
		    "those edits are kept in '%s'", gsp_history_rescued(*out));
	gsp_buf_release(&dir);
	return rc;
}

/* "'a', 'b' and 3 more" */
static void
name_some(struct gsp_buf *out, const struct gsp_diff *d)
{
	for (size_t i = 0; i < d->n && i < 5; i++)
		gsp_buf_addf(out, "%s'%.100s'", i > 0 ? ", " : "", d->v[i].path);
	if (d->n > 5)
		gsp_buf_addf(out, " and %zu more", d->n - 5);
}

static int
refuse_fork(struct gsp_job *job, struct gsp_history *h, const struct gsp_diff *edits,
    struct gsp_err *err)
{
	struct gsp_buf names = GSP_BUF_INIT(700);

	name_some(&names, edits);
	gsp_err_set(err, GSP_EREFUSED,
	    "files/ of '%s' was made from generation %" PRIu64 " and then edited (%s), but "
	    "generation %" PRIu64 " is newer; 'gsp up %s --from %" PRIu64 "' goes on from the newest "
	    "(the edits are kept as a generation of their own)", job->server, gsp_history_base(h),
	    gsp_buf_str(&names), gsp_history_newest(h), job->server, gsp_history_newest(h));
	gsp_buf_release(&names);
	return -1;
}

/* An edit was kept from before the evening that files/ is made from. */
static int
refuse_strayed(struct gsp_job *job, struct gsp_history *h, struct gsp_err *err)
{
	return gsp_err_set(err, GSP_EREFUSED, "files/ of '%s' was made from generation %" PRIu64 ", "
	    "and generation %" PRIu64 " is an edit of an older one; choose: 'gsp up %s --from %" PRIu64
	    "' or 'gsp up %s --from %" PRIu64 "'", job->server, gsp_history_base(h),
	    gsp_history_newest(h), job->server, gsp_history_base(h), job->server,
	    gsp_history_newest(h));
}

static int
capture(struct gsp_job *job, struct gsp_history *h, enum gsp_gen_kind kind, uint64_t *number,
    struct gsp_err *err)
{
	struct gsp_gen_meta meta;

	memset(&meta, 0, sizeof(meta));
	meta.kind = kind;
	meta.parent = gsp_history_base(h);
	meta.session = job->session != NULL ? job->session->id : "";
	meta.actor = job->actor;
	return gsp_history_capture(h, &meta, number, err);
}

static int
base_from(struct gsp_job *job, struct gsp_history *h, uint64_t from,
    const struct gsp_diff *edits, uint64_t *number, struct gsp_err *err)
{
	uint64_t kept;

	if (!gsp_history_has(h, from))
		return gsp_err_set(err, GSP_EUNAVAIL, "'%s' has no generation %" PRIu64 "; they are in "
		    "servers/%s/history", job->server, from, job->server);
	if (edits->n > 0 && gsp_history_newest(h) != 0) {
		if (capture(job, h, GSP_GEN_EDIT, &kept, err) == -1)
			return -1;
		gsp_steps_warn(job->steps, job->server, "the edits in files/ are kept as generation "
		    "%" PRIu64, kept);
	}
	if (gsp_history_base(h) != from && gsp_history_bring(h, from, 0, err) == -1)
		return -1;
	/* history is never rewound: going on from an old one makes a new one */
	if (gsp_history_newest(h) != from) {
		if (capture(job, h, GSP_GEN_RESTORE, &from, err) == -1)
			return -1;
		gsp_steps_warn(job->steps, job->server, "going on as generation %" PRIu64, from);
	}
	*number = from;
	return 0;
}

static int
base_now(struct gsp_job *job, struct gsp_history *h, uint64_t from, uint64_t *number,
    struct gsp_err *err)
{
	struct gsp_diff edits = GSP_DIFF_INIT;
	uint64_t base = gsp_history_base(h), newest = gsp_history_newest(h);
	int rc = -1;

	if (gsp_history_edited(h, &edits, err) == -1)
		goto out;
	if (from != 0)
		rc = base_from(job, h, from, &edits, number, err);
	else if (gsp_history_is_live(h, base)) /* a `--from` of one was cut off before its last step */
		rc = capture(job, h, edits.n > 0 ? GSP_GEN_EDIT : GSP_GEN_RESTORE, number, err);
	else if (newest == 0)
		rc = capture(job, h, GSP_GEN_IMPORT, number, err);
	else if (base == newest) {
		*number = base;
		rc = edits.n == 0 ? 0 : capture(job, h, GSP_GEN_EDIT, number, err);
	} else if (edits.n == 0 && gsp_history_strayed(h)) {
		rc = refuse_strayed(job, h, err);
	} else if (edits.n == 0) {
		*number = newest;
		rc = gsp_history_bring(h, newest, gsp_history_pending_edit(h, newest), err);
	} else
		rc = refuse_fork(job, h, &edits, err);
	/* what only the owner's edits kept out of the newest is a generation of its own, too */
	if (rc == 0) {
		gsp_diff_release(&edits);
		rc = gsp_history_edited(h, &edits, err);
		if (rc == 0 && edits.n > 0)
			rc = capture(job, h, GSP_GEN_EDIT, number, err);
	}
out:
	gsp_diff_release(&edits);
	return rc;
}

int
gsp_sync_base(struct gsp_job *job, const struct gsp_server_conf *conf, uint64_t from,
    uint64_t *number, struct gsp_err *err)
{
	struct gsp_history *h = NULL;
	int rc = -1;

	if (gsp_sync_history(&h, job, conf, err) == -1)
		goto out;
	rc = base_now(job, h, from, number, err);
out:
	gsp_history_close(h);
	return rc;
}

int
gsp_sync_unstart(struct gsp_job *job, struct gsp_err *err)
{
	const struct gsp_server_conf *c = job->session->conf;
	struct gsp_buf out = GSP_BUF_INIT(1024 * 1024);
	struct gsp_argv op = GSP_ARGV_INIT;
	struct gsp_hello hello;
	struct gsp_marker m;
	int status = -1, rc = -1;

	if (gsp_job_remote(job, err) == -1 || gsp_run_prove(job, 5, 2, err) == -1)
		goto out;
	/* not since this start: an earlier one of the session may have been played on */
	gsp_argv_push(&op, "changed-since");
	gsp_argv_push(&op, c->dir);
	gsp_argv_push(&op, "session");
	for (size_t i = 0; i < c->saves.n; i++)
		gsp_argv_push(&op, c->saves.v[i]);
	if (gsp_remote_ask(job->remote, &op, NULL, 0, &out, &status, err) == -1)
		goto out;
	if (status != 0) {
		gsp_err_set(err, GSP_ENO, "the saves may have changed since it was started");
		goto out;
	}
	gsp_argv_release(&op);
	gsp_argv_push(&op, "outside");
	gsp_buf_reset(&out);
	if (gsp_remote_ask(job->remote, &op, NULL, 0, &out, NULL, err) == -1)
		goto out;
	if (out.len > 0) {
		gsp_err_set(err, GSP_ENO, "the game changed files outside '%s'", c->dir);
		goto out;
	}
	if (gsp_remote_hello(job->remote, "", &hello, err) == -1 ||
	    gsp_remote_ours(&hello, job->home, job->session, err) == -1)
		goto out;
	if (hello.marker.state != GSP_MARK_DIRTY) {
		gsp_err_set(err, GSP_ENO, "the machine is '%s'",
		    gsp_marker_state_name(hello.marker.state));
		goto out;
	}
	m = hello.marker;
	m.state = GSP_MARK_UPLOADED;
	m.stopped = false;
	if (gsp_remote_mark(job->remote, &hello.marker, &m, err) == -1)
		goto out;
	job->session->start_intent = false;
	rc = gsp_session_phase(job->session, job->home, GSP_PHASE_UPLOADED, err);
out:
	gsp_argv_release(&op);
	gsp_buf_release(&out);
	return rc;
}
