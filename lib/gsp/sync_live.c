/* A copy of the directory beside a running game: not a proof, but much better than nothing. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/num.h"
#include "gsp/freeze.h"
#include "gsp/sync.h"
#include "gsp/sync_priv.h"
#include "sys/lock.h"
#include "sys/sig.h"

#include "base/banned.h"

/* A whole try reads the world on the machine once; a second one settles what moved by chance. */
#define TRIES 2

/* Beside a running game these are ordinary while copying: a file vanished (24), or became shorter
 * while it was read (23; but a full disk is that, too, so it is not ordinary twice). What is
 * missing for it, the comparison names. */
static bool
restless(const struct gsp_err *err, bool last)
{
	return err->code == GSP_EIO && (err->detail == 24 || (err->detail == 23 && !last));
}

static int
fetch(struct gsp_download *d, bool last, struct gsp_buf *dir, struct gsp_err *err)
{
	struct gsp_buf dest1 = GSP_BUF_INIT(GSP_PATH_BUF), dest2 = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_buf live = GSP_BUF_INIT(GSP_PATH_BUF);
	const char *dests[] = {"", "", "", NULL};
	int rc = -1;

	gsp_buf_reset(dir);
	/* always into an empty place: what lies in a former try may be hard links into a generation,
	 * and the game gives its files new times and modes while we look */
	if (gsp_history_incoming(d->h, d->job->session->id, dir, &dest1, &dest2, err) == -1 ||
	    gsp_sync_newest_live(d, &live, err) == -1)
		goto out;
	dests[0] = gsp_buf_str(&live);
	dests[1] = gsp_buf_str(&dest1);
	dests[2] = gsp_buf_str(&dest2);
	rc = gsp_sync_fetch(d, gsp_buf_str(dir), dests,
	    GSP_FETCH_QUIETLY | (last ? GSP_FETCH_BY_SUM : 0), err);
	if (rc == -1 && restless(err, last)) {
		gsp_debug("%s", err->msg);
		gsp_err_clear(err);
		rc = 0;
	}
out:
	gsp_buf_release(&dest1);
	gsp_buf_release(&dest2);
	gsp_buf_release(&live);
	return rc;
}

/* All copying ends before all comparing begins: when nothing differs, there was an instant
 * between the two at which the machine's directory was just what came home. */
static int
try_copy(struct gsp_download *d, bool last, struct gsp_diff *moving, struct gsp_err *err)
{
	struct gsp_buf dir = GSP_BUF_INIT(GSP_PATH_BUF);
	int rc;

	rc = fetch(d, last, &dir, err);
	if (rc == 0) {
		gsp_steps_update(d->job->steps, d->job->server, d->step, 100, 0, 0,
		    "comparing checksums on both sides");
		rc = gsp_sync_prove(d, gsp_buf_str(&dir), false, moving, err);
		if (rc == -1 && err->code == GSP_EIO && err->detail == 24) {
			gsp_err_clear(err); /* what it could not look at any more is not in the lists */
			rc = 0;
		}
	}
	gsp_buf_release(&dir);
	return rc;
}

/* What does not settle is kept as it came, and named. */
static int
copy(struct gsp_download *d, struct gsp_diff *moving, struct gsp_err *err)
{
	const char *session = d->job->session->id;

	for (int i = 1; i <= TRIES; i++) {
		if (try_copy(d, i == TRIES, moving, err) == -1)
			return -1;
		if (moving->n == 0)
			return 0;
		gsp_debug("try %d: %zu paths were moving, '%s' first", i, moving->n, moving->v[0].path);
		if (i < TRIES && gsp_history_unproven(d->h, session, moving, err) == -1)
			return -1;
	}
	return gsp_history_sum_incoming(d->h, session, &d->sums, err);
}

/* Nothing may keep the game frozen: not an error, not a signal. One that ends us at once leaves
 * state/<server>/frozen. */
static int
copy_frozen(struct gsp_download *d, struct gsp_diff *moving, struct gsp_err *err)
{
	struct gsp_buf dir = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_err thawed = GSP_ERR_INIT;
	int rc;

	/* while it is frozen only what changed since this has to travel */
	rc = fetch(d, false, &dir, err);
	gsp_buf_release(&dir);
	if (rc == -1)
		return -1;
	gsp_steps_update(d->job->steps, d->job->server, d->step, -1, 0, 0, "freezing the game");
	rc = gsp_freeze(d->job, err) == -1 || copy(d, moving, err) == -1 ? -1 : 0;
	if (rc == -1)
		gsp_job_hangup(d->job); /* whatever state it is in */
	gsp_sig_hold();
	if (gsp_thaw(d->job, &thawed) == -1)
		gsp_steps_warn(d->job->steps, d->job->server, "%s", thawed.msg);
	gsp_sig_release();
	return rc == 0 ? gsp_sig_check(err) : -1;
}

static int
commit(struct gsp_download *d, const struct gsp_diff *moving, uint64_t *number,
    struct gsp_err *err)
{
	uint64_t base = d->hello.marker.base;
	struct gsp_gen_meta meta;

	memset(&meta, 0, sizeof(meta));
	meta.kind = GSP_GEN_LIVE;
	meta.parent = base;
	meta.session = d->job->session->id;
	meta.actor = d->job->actor;
	meta.accepted = d->accept;
	meta.suspect = gsp_buf_str(&d->reasons);
	meta.moving = moving;
	return gsp_history_commit(d->h, meta.session, &meta, &d->sums,
	    gsp_history_has(d->h, base) ? base : 0, number, err);
}

static int
live(struct gsp_download *d, uint64_t *number, size_t *nmoving, struct gsp_err *err)
{
	struct gsp_session *s = d->job->session;
	struct gsp_diff moving = GSP_DIFF_INIT;
	bool frozen = false;
	int rc = -1;

	if (gsp_freeze_wanted(d->job, &frozen, err) == -1 || gsp_job_remote(d->job, err) == -1 ||
	    gsp_remote_hello(d->job->remote, "", &d->hello, err) == -1 ||
	    gsp_remote_ours(&d->hello, d->job->home, s, err) == -1)
		goto out;
	if (d->hello.marker.state != GSP_MARK_DIRTY) {
		gsp_err_set(err, GSP_EREFUSED, "the machine of '%s' is '%s': a live copy is for a game that "
		    "was started and is not going down", d->job->server,
		    gsp_marker_state_name(d->hello.marker.state));
		goto out;
	}
	if ((frozen ? copy_frozen(d, &moving, err) : copy(d, &moving, err)) == -1 ||
	    gsp_sync_judge(d, false, "sync down --live", err) == -1 ||
	    commit(d, &moving, number, err) == -1)
		goto out;
	*nmoving = moving.n;
	if (moving.n > 0)
		gsp_steps_warn(d->job->steps, d->job->server, "%zu path%s went on changing while generation "
		    "%" PRIu64 " was copied ('%s' first) and may be torn in it", moving.n,
		    moving.n == 1 ? "" : "s", *number, moving.v[0].path);
	rc = 0;
out:
	gsp_diff_release(&moving);
	return rc;
}

/* A run before this one may have been killed between freeze and thaw. */
static int
thaw_left(struct gsp_job *job, struct gsp_err *err)
{
	if (!gsp_freeze_left(job->home, job->session))
		return 0;
	gsp_steps_warn(job->steps, job->server, "a live copy was cut off and may have left the game "
	    "frozen; running 'thaw'");
	return gsp_thaw(job, err);
}

int
gsp_sync_live(struct gsp_job *job, bool accept, struct gsp_err *err)
{
	struct gsp_download d;
	struct gsp_gen gen;
	uint64_t number = 0;
	size_t moving = 0;
	char size[24];
	int rc;

	if (gsp_job_need_live(job, err) == -1)
		return -1;
	memset(&d, 0, sizeof(d));
	d.job = job;
	d.step = "sync-live";
	d.states = "dirty";
	d.accept = accept;
	gsp_buf_init(&d.reasons, 4096);
	gsp_steps_begin(job->steps, job->server, d.step, "comparing");
	rc = thaw_left(job, err);
	if (rc == 0)
		rc = gsp_sync_history(&d.h, job, job->session->conf, err);
	if (rc == 0)
		rc = live(&d, &number, &moving, err);
	if (rc == 0)
		rc = gsp_history_info(d.h, number, &gen, err);
	/* the copy is kept, but the game waits for somebody */
	if (rc == 0 && gsp_freeze_left(job->home, job->session))
		rc = gsp_err_set(err, GSP_ETEMP, "generation %" PRIu64 " is a live copy, but the game of '%s' "
		    "may still be frozen; run 'gsp run thaw %s'", number, job->server, job->server);
	if (rc == -1)
		gsp_steps_fail(job->steps, job->server, d.step, "%s", err->msg);
	else
		gsp_steps_done(job->steps, job->server, d.step, "generation %" PRIu64 " is a live copy: "
		    "%" PRIu64 " files, %s%s", number, gen.files,
		    gsp_num_bytes(size, sizeof(size), gen.bytes), moving > 0 ? ", some moving" : "");
	gsp_list_release(&d.sums);
	gsp_buf_release(&d.reasons);
	gsp_history_close(d.h);
	return rc;
}

/* ---- is one due? ---- */

/* Somebody else is at work on the server. */
static bool
busy(struct gsp_job *job)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	char note[8];
	bool yes;

	yes = job->lock_fd < 0 &&
	    gsp_lock_peek(gsp_home_state_path(job->home, &path, job->server, "lock"), note,
	        sizeof(note));
	gsp_buf_release(&path);
	return yes;
}

int
gsp_sync_live_due(struct gsp_job *job, bool *due, struct gsp_err *err)
{
	const struct gsp_session *s = job->session;
	struct gsp_history *h = NULL;
	struct gsp_gen g;
	int64_t every, age;
	uint64_t n;
	int rc = 0;

	*due = false;
	if (s == NULL || !s->start_intent || s->phase != GSP_PHASE_RUNNING ||
	    s->taking_from[0] != '\0')
		return 0;
	if (gsp_freeze_left(job->home, s)) {
		*due = true;
		return 0;
	}
	if ((every = s->conf->policy.backup_every_s) <= 0)
		return 0;
	if (gsp_sync_history(&h, job, s->conf, err) == -1)
		return -1;
	n = gsp_history_live_of(h, s->id, gsp_history_has(h, s->base) ? s->base : 0);
	age = gsp_wall_s() - s->since;
	if (n != 0 && (rc = gsp_history_info(h, n, &g, err)) == 0)
		age = gsp_wall_s() - g.time;
	/* a clock that was set back makes one copy too many, and no more: that one has its time. What is
	 * in somebody's way waits for the next look, but not for ever */
	*due = rc == 0 && (age < 0 || age >= every) && (age >= 2 * every || !busy(job));
	gsp_history_close(h);
	return rc;
}
