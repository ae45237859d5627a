#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/num.h"
#include "gsp/after.h"
#include "gsp/rsync.h"
#include "gsp/run.h"
#include "gsp/sync.h"
#include "gsp/sync_priv.h"
#include "gsp/wire.h"
#include "sys/sig.h"

#include "base/banned.h"

#define ANSWER_MAX (1024 * 1024)

static void
on_progress(void *ctx, uint64_t bytes, int pct)
{
	struct gsp_download *d = ctx;

	gsp_steps_update(d->job->steps, d->job->server, d->step, pct, bytes, 0, "downloading");
}

static void
on_odd(void *ctx, const char *path)
{
	struct gsp_download *d = ctx;

	gsp_steps_warn(d->job->steps, d->job->server, "'%s' is no file, directory or symlink and "
	    "does not travel", path);
}

static void
common_args(struct gsp_argv *a, struct gsp_download *d)
{
	const struct gsp_server_conf *c = d->job->session->conf;

	gsp_argv_push(a, "rsync");
	gsp_rsync_common(a);
	gsp_rsync_exclude(a, (const char *const *)c->exclude.v);
	gsp_rsync_exclude(a, (const char *const *)c->push.v);
}

int
gsp_sync_fetch(struct gsp_download *d, const char *dir, const char *const *dests, int flags,
    struct gsp_err *err)
{
	struct gsp_argv a = GSP_ARGV_INIT;
	struct gsp_rsync r = GSP_RSYNC_INIT;
	int rc = -1;

	common_args(&a, d);
	gsp_argv_push(&a, "--delete");
	gsp_argv_push(&a, "--info=progress2");
	if ((flags & GSP_FETCH_BY_SUM) != 0)
		gsp_argv_push(&a, "--checksum");
	for (; *dests != NULL; dests++)
		if (**dests != '\0')
			gsp_argv_pushf(&a, "--link-dest=%s", *dests);
	if (gsp_wire_begin(&a, d->job, d->states, err) == -1)
		goto out;
	gsp_argv_push(&a, "--");
	gsp_wire_far(&a, d->job);
	gsp_argv_pushf(&a, "%s/", dir);
	r.argv = &a;
	r.progress = on_progress;
	r.odd = (flags & GSP_FETCH_QUIETLY) != 0 ? NULL : on_odd;
	r.ctx = d;
	rc = gsp_wire_run(d->job, &r, err);
out:
	gsp_argv_release(&a);
	return rc;
}

int
gsp_sync_prove(struct gsp_download *d, const char *dir, bool sealed, struct gsp_diff *differs,
    struct gsp_err *err)
{
	struct gsp_argv a = GSP_ARGV_INIT;
	struct gsp_rsync r = GSP_RSYNC_INIT;
	int rc = -1;

	gsp_list_release(&d->sums);
	gsp_diff_release(differs);
	common_args(&a, d);
	gsp_rsync_dry(&a);
	if (sealed)
		gsp_argv_push(&a, "--chmod=Da-w"); /* as a generation's directories are */
	if (gsp_wire_begin(&a, d->job, d->states, err) == -1)
		goto out;
	gsp_argv_push(&a, "--");
	gsp_wire_far(&a, d->job);
	gsp_argv_pushf(&a, "%s/", dir);
	r.argv = &a;
	rc = gsp_wire_prove(d->job, &r, &d->sums, differs, err);
	if (rc == 0 && differs->n > 0)
		gsp_debug("proof: %zu paths differ, '%s' first", differs->n, differs->v[0].path);
out:
	gsp_argv_release(&a);
	return rc;
}

int
gsp_sync_newest_live(struct gsp_download *d, struct gsp_buf *dir, struct gsp_err *err)
{
	uint64_t base = d->hello.marker.base;
	uint64_t n = gsp_history_live_of(d->h, d->job->session->id,
	    gsp_history_has(d->h, base) ? base : 0);

	return n == 0 ? 0 : gsp_history_gen_dir(d->h, n, dir, err);
}

static int
fetch_and_prove(struct gsp_download *d, struct gsp_buf *dir, struct gsp_err *err)
{
	struct gsp_buf dest1 = GSP_BUF_INIT(GSP_PATH_BUF), dest2 = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_buf live = GSP_BUF_INIT(GSP_PATH_BUF);
	const char *const none[] = {NULL};
	const char *dests[] = {"", "", "", NULL}, *session = d->job->session->id;
	struct gsp_diff differs = GSP_DIFF_INIT;
	int rc = -1;

	if (gsp_history_incoming(d->h, session, dir, &dest1, &dest2, err) == -1 ||
	    gsp_sync_newest_live(d, &live, err) == -1)
		goto out;
	dests[0] = gsp_buf_str(&live);
	dests[1] = gsp_buf_str(&dest1);
	dests[2] = gsp_buf_str(&dest2);
	if (gsp_sync_fetch(d, gsp_buf_str(dir), dests, 0, err) == -1)
		goto out;
	gsp_steps_update(d->job->steps, d->job->server, "sync-down", 100, 0, 0,
	    "comparing checksums on both sides");
	if (gsp_sync_prove(d, gsp_buf_str(dir), false, &differs, err) == -1)
		goto out;
	if (differs.n > 0) {
		gsp_steps_warn(d->job->steps, d->job->server, "some files differ; sending them again");
		if (gsp_history_unproven(d->h, session, &differs, err) == -1 ||
		    gsp_sync_fetch(d, gsp_buf_str(dir), none, GSP_FETCH_BY_SUM | GSP_FETCH_QUIETLY,
		        err) == -1 ||
		    gsp_sync_prove(d, gsp_buf_str(dir), false, &differs, err) == -1)
			goto out;
	}
	if (differs.n > 0) {
		gsp_err_set(err, GSP_ETEMP, "the machine's files and what came home go on differing: "
		    "does something still write under '%s'? Nothing was deleted; run 'gsp down %s' "
		    "again", d->job->session->conf->dir, d->job->server);
		goto out;
	}
	rc = 0;
out:
	gsp_diff_release(&differs);
	gsp_buf_release(&dest1);
	gsp_buf_release(&dest2);
	gsp_buf_release(&live);
	return rc;
}

static int
capture(struct gsp_download *d, uint64_t *number, struct gsp_err *err)
{
	struct gsp_gen_meta meta;

	memset(&meta, 0, sizeof(meta));
	meta.kind = GSP_GEN_EDIT;
	meta.parent = gsp_history_base(d->h);
	meta.session = d->job->session->id;
	meta.actor = d->job->actor;
	return gsp_history_capture(d->h, &meta, number, err);
}

/* Edits made at home while the game ran become a generation before the game's own does, so
 * that the game's is the newest. */
static int
capture_edits(struct gsp_download *d, struct gsp_err *err)
{
	struct gsp_diff edits = GSP_DIFF_INIT;
	uint64_t n;
	int rc = -1;

	if (gsp_history_edited(d->h, &edits, err) == -1)
		goto out;
	if (edits.n > 0) {
		if (capture(d, &n, err) == -1)
			goto out;
		gsp_steps_warn(d->job->steps, d->job->server, "files/ was edited meanwhile (%zu paths); "
		    "the edits are kept as generation %" PRIu64, edits.n, n);
	}
	rc = 0;
out:
	gsp_diff_release(&edits);
	return rc;
}

static int
commit(struct gsp_download *d, uint64_t *number, struct gsp_err *err)
{
	uint64_t base = d->hello.marker.base;
	struct gsp_gen_meta meta;

	memset(&meta, 0, sizeof(meta));
	meta.kind = d->hello.marker.killed ? GSP_GEN_KILLED : GSP_GEN_DOWN;
	meta.parent = base;
	meta.session = d->job->session->id;
	meta.actor = d->job->actor;
	meta.accepted = d->accept;
	meta.suspect = gsp_buf_str(&d->reasons);
	return gsp_history_commit(d->h, d->job->session->id, &meta, &d->sums,
	    gsp_history_has(d->h, base) ? base : 0, number, err);
}

/* A former run may have died between the generation's rename and the marker. */
static int
former(struct gsp_download *d, uint64_t *number, struct gsp_err *err)
{
	struct gsp_buf dir = GSP_BUF_INIT(GSP_PATH_BUF);
	uint64_t n = gsp_history_of_session(d->h, d->job->session->id);
	struct gsp_diff differs = GSP_DIFF_INIT;
	int rc = -1;

	*number = 0;
	if (n == 0)
		return 0;
	if (gsp_history_gen_dir(d->h, n, &dir, err) == -1 ||
	    gsp_sync_prove(d, gsp_buf_str(&dir), true, &differs, err) == -1)
		goto out;
	if (differs.n == 0)
		*number = n;
	rc = 0;
out:
	gsp_diff_release(&differs);
	gsp_buf_release(&dir);
	return rc;
}

/* On disk before the machine learns that it may go; what keeps it from being noted costs no save. */
static void
owe_after(struct gsp_download *d, uint64_t number)
{
	struct gsp_err err = GSP_ERR_INIT;

	if (gsp_after_note(d->job->home, d->job->server, number, &err) == -1)
		gsp_steps_warn(d->job->steps, d->job->server, "after_save will not run for generation "
		    "%" PRIu64 ": %s", number, err.msg);
}

static int
mark_saved(struct gsp_download *d, uint64_t number, struct gsp_err *err)
{
	struct gsp_marker m = d->hello.marker;

	m.state = GSP_MARK_SAVED;
	m.saved = number;
	if (gsp_remote_mark(d->job->remote, &d->hello.marker, &m, err) == -1)
		return -1;
	d->job->session->saved = number;
	return gsp_session_phase(d->job->session, d->job->home, GSP_PHASE_SAVED, err);
}

/* Name what both sides changed. */
static int
warn_conflicts(struct gsp_download *d, uint64_t edit, uint64_t number, struct gsp_err *err)
{
	struct gsp_diff both = GSP_DIFF_INIT;

	if (gsp_history_conflicts(d->h, gsp_history_common(d->h, edit, number), edit, number, &both,
	        err) == -1)
		return -1;
	for (size_t i = 0; i < both.n && i < 5; i++)
		gsp_steps_warn(d->job->steps, d->job->server, "'%s' changed on both sides: files/ "
		    "has the game's, your edit is in generation %" PRIu64, both.v[i].path, edit);
	if (both.n > 5)
		gsp_steps_warn(d->job->steps, d->job->server, "and %zu more paths", both.n - 5);
	gsp_diff_release(&both);
	return 0;
}

/* files/ becomes generation ${number}; what only the owner edited stays edited. */
static int
renew(struct gsp_download *d, uint64_t number, struct gsp_err *err)
{
	uint64_t edit, newest, ignored;

	if (gsp_history_common(d->h, gsp_history_base(d->h), number) != number) {
		/* after a crash files/ may have been edited once more */
		if (capture_edits(d, err) == -1)
			return -1;
		edit = gsp_history_pending_edit(d->h, number);
		if ((edit != 0 && warn_conflicts(d, edit, number, err) == -1) ||
		    gsp_history_bring(d->h, number, edit, err) == -1)
			return -1;
	}
	/* an edit kept after the save has a higher number: what the next `up` goes on from must
	 * have both */
	newest = gsp_history_newest(d->h);
	if (gsp_history_common(d->h, newest, number) != number)
		return capture(d, &ignored, err);
	return 0;
}

static int
check_state(struct gsp_download *d, struct gsp_err *err)
{
	const struct gsp_marker *m = &d->hello.marker;

	if (m->state == GSP_MARK_STOPPING && m->stopped &&
	    strcmp(m->boot_id, d->hello.boot_id) == 0)
		return gsp_run_prove(d->job, 0, 0, err);
	if (m->state == GSP_MARK_CLOSING)
		return gsp_err_set(err, GSP_EREFUSED, "the machine of '%s' is being deleted; run 'gsp "
		    "teardown %s'", d->job->server, d->job->server);
	if (m->stopped && strcmp(m->boot_id, d->hello.boot_id) != 0)
		return gsp_err_set(err, GSP_EREFUSED, "the machine of '%s' was rebooted after the stop; "
		    "'gsp down %s' stops it again first", d->job->server, d->job->server);
	return gsp_err_set(err, GSP_EREFUSED, "the game of '%s' has no proven stop (%s); run 'gsp "
	    "run stop %s' first, or 'gsp down %s'", d->job->server,
	    gsp_marker_state_name(m->state), d->job->server, d->job->server);
}

static int
save(struct gsp_download *d, uint64_t *number, struct gsp_err *err)
{
	struct gsp_buf dir = GSP_BUF_INIT(GSP_PATH_BUF);
	int rc = -1;

	if (check_state(d, err) == -1 ||
	    gsp_remote_stamp(d->job->remote, "saved", err) == -1 || former(d, number, err) == -1)
		goto out;
	if (*number == 0 &&
	    (fetch_and_prove(d, &dir, err) == -1 || gsp_sync_judge(d, true, "down", err) == -1 ||
	        capture_edits(d, err) == -1))
		goto out;
	/* between the two the next run would have to prove the generation once more */
	gsp_sig_hold();
	if (*number != 0 || commit(d, number, err) == 0) {
		owe_after(d, *number);
		rc = mark_saved(d, *number, err);
	}
	gsp_sig_release();
out:
	gsp_buf_release(&dir);
	return rc;
}

/* Was the directory written after its save came home? */
static int
changed_since_saved(struct gsp_download *d, bool *changed, struct gsp_err *err)
{
	struct gsp_buf out = GSP_BUF_INIT(ANSWER_MAX);
	struct gsp_argv op = GSP_ARGV_INIT;
	int status, rc;

	gsp_argv_push(&op, "changed-since");
	gsp_argv_push(&op, d->job->session->conf->dir);
	gsp_argv_push(&op, "saved");
	rc = gsp_remote_ask(d->job->remote, &op, NULL, 0, &out, &status, err);
	if (rc == 0)
		*changed = status != 0;
	gsp_argv_release(&op);
	gsp_buf_release(&out);
	return rc;
}

/* Then that save is not what the machine holds: stopped once more, and saved once more. */
static int
reopen(struct gsp_download *d, bool *again, struct gsp_err *err)
{
	struct gsp_marker m = d->hello.marker;

	if (changed_since_saved(d, again, err) == -1)
		return -1;
	if (!*again)
		return 0;
	gsp_steps_warn(d->job->steps, d->job->server, "the machine's files were changed after "
	    "generation %" PRIu64 " came home; saving again", m.saved);
	if (gsp_run_prove(d->job, 30, 2, err) == -1)
		return -1;
	m.state = GSP_MARK_STOPPING;
	m.stopped = true;
	snprintf(m.boot_id, sizeof(m.boot_id), "%s", d->hello.boot_id);
	if (gsp_remote_mark(d->job->remote, &d->hello.marker, &m, err) == -1)
		return -1;
	d->hello.marker = m;
	return gsp_session_phase(d->job->session, d->job->home, GSP_PHASE_STOPPED, err);
}

static int
down(struct gsp_download *d, uint64_t *number, struct gsp_err *err)
{
	struct gsp_session *s = d->job->session;
	const struct gsp_marker *m = &d->hello.marker;
	bool again = false;

	if (gsp_job_remote(d->job, err) == -1 ||
	    gsp_remote_hello(d->job->remote, "", &d->hello, err) == -1 ||
	    gsp_remote_ours(&d->hello, d->job->home, s, err) == -1)
		return -1;
	*number = 0;
	if (m->state < GSP_MARK_DIRTY)
		return 0;
	if (m->state == GSP_MARK_SAVED && reopen(d, &again, err) == -1)
		return -1;
	if (m->state == GSP_MARK_SAVED || m->state == GSP_MARK_CLOSING) {
		if (!gsp_history_has(d->h, m->saved))
			return gsp_err_set(err, GSP_EREFUSED, "the machine says generation %" PRIu64 " is "
			    "home, but servers/%s/history does not have it", m->saved, d->job->server);
		*number = m->saved;
		s->saved = m->saved;
		if (s->phase < GSP_PHASE_SAVED &&
		    gsp_session_phase(s, d->job->home, GSP_PHASE_SAVED, err) == -1)
			return -1;
	} else if (save(d, number, err) == -1)
		return -1;
	return renew(d, *number, err);
}

int
gsp_sync_down(struct gsp_job *job, bool accept, struct gsp_err *err)
{
	struct gsp_download d;
	struct gsp_gen gen;
	uint64_t number = 0;
	char size[24];
	int rc;

	if (gsp_job_need_session(job, err) == -1)
		return -1;
	memset(&d, 0, sizeof(d));
	d.job = job;
	d.step = "sync-down";
	d.states = "stopping";
	d.accept = accept;
	gsp_buf_init(&d.reasons, 4096);
	gsp_steps_begin(job->steps, job->server, "sync-down", "comparing");
	rc = gsp_sync_history(&d.h, job, job->session->conf, err);
	if (rc == 0)
		rc = down(&d, &number, err);
	if (rc == 0 && number != 0)
		rc = gsp_history_info(d.h, number, &gen, err);
	if (rc == -1)
		gsp_steps_fail(job->steps, job->server, "sync-down", "%s", err->msg);
	else if (number == 0)
		gsp_steps_done(job->steps, job->server, "sync-down", "nothing was ever started: there is "
		    "nothing to save");
	else
		gsp_steps_done(job->steps, job->server, "sync-down", "generation %" PRIu64 " is home and "
		    "proven: %" PRIu64 " files, %s", number, gen.files,
		    gsp_num_bytes(size, sizeof(size), gen.bytes));
	gsp_list_release(&d.sums);
	gsp_buf_release(&d.reasons);
	gsp_history_close(d.h);
	return rc;
}
