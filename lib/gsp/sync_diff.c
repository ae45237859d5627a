#include <string.h>

#include "gsp/rsync.h"
#include "gsp/sync.h"
#include "gsp/wire.h"

#include "base/banned.h"

static int
tell(const struct gsp_diff *d, const char *side, gsp_sync_diff_fn *fn, void *ctx,
    struct gsp_err *err)
{
	for (size_t i = 0; i < d->n; i++)
		if (fn(ctx, side, &d->v[i], err) == -1)
			return -1;
	return 0;
}

/* files/ against a generation; 0 stands for "nothing yet". */
static int
home_side(struct gsp_history *h, const struct gsp_server_conf *c, uint64_t base,
    struct gsp_diff *out, struct gsp_err *err)
{
	struct gsp_list was = GSP_LIST_INIT, now = GSP_LIST_INIT;
	int rc = -1;

	if ((base != 0 && gsp_history_list(h, base, &was, err) == -1) ||
	    gsp_list_walk(&now, gsp_history_files_dir(h), (const char *const *)c->exclude.v, NULL,
	        NULL, err) == -1)
		goto out;
	gsp_list_drop(&was, (const char *const *)c->exclude.v);
	rc = gsp_list_diff(out, &was, &now, err);
out:
	gsp_list_release(&was);
	gsp_list_release(&now);
	return rc;
}

/* The machine against the generation it was given, by size and time: quick, a look only. */
static int
game_side(struct gsp_job *job, struct gsp_history *h, uint64_t base, struct gsp_diff *out,
    struct gsp_err *err)
{
	const struct gsp_server_conf *c = job->session->conf;
	struct gsp_buf dir = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_list sums = GSP_LIST_INIT;
	struct gsp_argv a = GSP_ARGV_INIT;
	struct gsp_rsync r = GSP_RSYNC_INIT;
	int rc = -1;

	if (gsp_history_gen_dir(h, base, &dir, err) == -1)
		goto out;
	gsp_argv_push(&a, "rsync");
	gsp_rsync_common(&a);
	gsp_argv_push(&a, "--chmod=Da-w"); /* as a generation's directories are */
	gsp_argv_push(&a, "-n");
	gsp_argv_push(&a, "--delete");
	gsp_rsync_exclude(&a, (const char *const *)c->exclude.v);
	gsp_rsync_exclude(&a, (const char *const *)c->push.v);
	if (gsp_wire_begin(&a, job, "dirty,stopping,saved", err) == -1)
		goto out;
	gsp_argv_push(&a, "--");
	gsp_wire_far(&a, job);
	gsp_argv_pushf(&a, "%s/", gsp_buf_str(&dir));
	r.argv = &a;
	rc = gsp_wire_prove(job, &r, &sums, out, err);
out:
	gsp_list_release(&sums);
	gsp_argv_release(&a);
	gsp_buf_release(&dir);
	return rc;
}

int
gsp_sync_diff(struct gsp_job *job, gsp_sync_diff_fn *fn, void *ctx, struct gsp_err *err)
{
	struct gsp_server_conf *own = NULL;
	const struct gsp_server_conf *c;
	struct gsp_diff home = GSP_DIFF_INIT, game = GSP_DIFF_INIT;
	struct gsp_history *h = NULL;
	struct gsp_hello hello;
	bool started = job->session != NULL && job->session->start_intent;
	uint64_t base;
	int rc = -1;

	if (job->session == NULL &&
	    gsp_server_conf_load(&own, job->home, job->server, err) == -1)
		return -1;
	c = own != NULL ? own : job->session->conf;
	if (gsp_sync_history(&h, job, c, err) == -1)
		goto out;
	base = gsp_history_base(h);
	if (started) {
		if (gsp_job_remote(job, err) == -1 ||
		    gsp_remote_hello(job->remote, "", &hello, err) == -1 ||
		    gsp_remote_ours(&hello, job->home, job->session, err) == -1)
			goto out;
		base = hello.marker.base;
		if (gsp_history_has(h, base) && game_side(job, h, base, &game, err) == -1)
			goto out;
	}
	if (started && !gsp_history_has(h, base))
		gsp_steps_warn(job->steps, job->server, "the game was started from files that are not in "
		    "this home's history; there is nothing to compare with");
	else if (home_side(h, c, base, &home, err) == -1)
		goto out;
	if (tell(&home, "home", fn, ctx, err) == -1 || tell(&game, "game", fn, ctx, err) == -1)
		goto out;
	rc = 0;
out:
	gsp_diff_release(&home);
	gsp_diff_release(&game);
	gsp_history_close(h);
	gsp_server_conf_free(own);
	return rc;
}
