#include "gsp/restore.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/io.h"

#include "base/banned.h"

struct restore {
	struct gsp_job *job;
	struct gsp_history *h;
	const struct gsp_server_conf *conf;
	const char *const *exclude, *const *push;
	struct gsp_restored *out;
};

static void
begin(struct restore *r, struct gsp_job *job, struct gsp_history *h,
    const struct gsp_server_conf *conf, struct gsp_restored *out)
{
	r->job = job;
	r->h = h;
	r->conf = conf;
	r->exclude = (const char *const *)conf->exclude.v;
	r->push = (const char *const *)conf->push.v;
	r->out = out;
	memset(out, 0, sizeof(*out));
}

/* With a machine there is another truth than files/: its own. */
static int
need_down(struct restore *r, uint64_t n, struct gsp_err *err)
{
	const struct gsp_session *s = r->job->session;

	if (s == NULL)
		return 0;
	gsp_err_set(err, GSP_EREFUSED, "server '%s' is not down (session %s, %s): 'gsp down %s' brings "
	    "its save home first", r->job->server, s->id, gsp_session_stage(s), r->job->server);
	if (n != 0 && s->start_intent)
		gsp_err_hint(err, "if its machine is lost, 'gsp up %s --from %" PRIu64 "' goes on from "
		    "there", r->job->server, n);
	return -1;
}

static int
keep_edits(struct restore *r, struct gsp_err *err)
{
	struct gsp_diff edits = GSP_DIFF_INIT;
	struct gsp_gen_meta meta;
	int rc = -1;

	if (gsp_history_edited(r->h, &edits, err) == -1)
		goto out;
	rc = 0;
	if (edits.n == 0)
		goto out;
	memset(&meta, 0, sizeof(meta));
	/* what a server begins with is no edit of anything */
	meta.kind = gsp_history_newest(r->h) != 0 ? GSP_GEN_EDIT : GSP_GEN_IMPORT;
	meta.parent = gsp_history_base(r->h);
	meta.session = "";
	meta.actor = r->job->actor;
	rc = gsp_history_capture(r->h, &meta, &r->out->edit, err);
	if (rc == 0)
		gsp_steps_warn(r->job->steps, r->job->server, "what was in files/ (%zu paths edited) is "
		    "kept as generation %" PRIu64, edits.n, r->out->edit);
out:
	gsp_diff_release(&edits);
	return rc;
}

/* Is the newest generation of that kind, made of just this? Push paths aside, unless ${push}. */
static int
newest_is(struct restore *r, enum gsp_gen_kind kind, uint64_t parent,
    const struct gsp_list *list, bool push, bool *same, struct gsp_err *err)
{
	struct gsp_list newest = GSP_LIST_INIT;
	struct gsp_diff d = GSP_DIFF_INIT;
	uint64_t n = gsp_history_newest(r->h);
	struct gsp_gen g;
	int rc = -1;

	*same = false;
	if (n == 0 || n != gsp_history_base(r->h))
		return 0;
	if (gsp_history_info(r->h, n, &g, err) == -1)
		return -1;
	if (g.number != parent && (g.kind != kind || (kind == GSP_GEN_RESTORE && g.parent != parent)))
		return 0;
	if (gsp_history_list(r->h, n, &newest, err) == -1)
		goto out;
	gsp_list_drop(&newest, r->exclude);
	if (!push)
		gsp_list_drop(&newest, r->push);
	if (gsp_list_diff(&d, &newest, list, err) == -1)
		goto out;
	*same = d.n == 0;
	rc = 0;
out:
	gsp_list_release(&newest);
	gsp_diff_release(&d);
	return rc;
}

/* ---- restore ---- */

static int
refuse_damaged(struct restore *r, uint64_t n, const struct gsp_diff *damage, bool accept,
    struct gsp_err *err)
{
	struct gsp_buf names = GSP_BUF_INIT(700);

	for (size_t i = 0; i < damage->n && i < 5; i++)
		gsp_buf_addf(&names, "%s'%.100s' %s", i > 0 ? ", " : "", damage->v[i].path,
		    damage->v[i].change == GSP_REMOVED     ? "is missing"
		        : damage->v[i].change == GSP_ADDED ? "was not there"
		                                           : "has changed");
	if (damage->n > 5)
		gsp_buf_addf(&names, " and %zu more", damage->n - 5);
	if (accept)
		gsp_steps_warn(r->job->steps, r->job->server, "generation %" PRIu64 " is not what it was "
		    "when it was made (%s); accepted as it is now", n, gsp_buf_str(&names));
	else
		gsp_err_set(err, GSP_EREFUSED, "generation %" PRIu64 " of '%s' is damaged: %s; nothing was "
		    "restored; 'gsp saves list %s' shows the others, --accept restores it as it is now",
		    n, r->job->server, gsp_buf_str(&names), r->job->server);
	gsp_buf_release(&names);
	return accept ? 0 : -1;
}

/* Push paths go up and never come back: what files/ has there is what the owner wants. */
static int
tell_push(struct restore *r, uint64_t n, const struct gsp_list *is, struct gsp_err *err)
{
	struct gsp_list now = GSP_LIST_INIT;
	struct gsp_diff d = GSP_DIFF_INIT;
	int rc = -1;

	if (r->push == NULL)
		return 0;
	if ((gsp_history_base(r->h) != 0 &&
	        gsp_history_list(r->h, gsp_history_base(r->h), &now, err) == -1) ||
	    gsp_list_diff(&d, &now, is, err) == -1)
		goto out;
	for (const char *const *p = r->push; *p != NULL; p++)
		for (size_t i = 0; i < d.n; i++)
			if (gsp_path_under(d.v[i].path, *p)) {
				gsp_steps_warn(r->job->steps, r->job->server, "'%s' is a push path and stays as "
				    "it is in files/; as it was then: 'servers/%s/history/%06" PRIu64 "/%s'", *p,
				    r->job->server, n, *p);
				break;
			}
	rc = 0;
out:
	gsp_list_release(&now);
	gsp_diff_release(&d);
	return rc;
}

static int
make_again(struct restore *r, uint64_t n, const struct gsp_list *is, bool accepted,
    struct gsp_err *err)
{
	struct gsp_list staged = GSP_LIST_INIT;
	struct gsp_gen_meta meta;
	int rc = -1;

	memset(&meta, 0, sizeof(meta));
	meta.kind = GSP_GEN_RESTORE;
	meta.parent = n;
	meta.session = "";
	meta.actor = r->job->actor;
	meta.accepted = accepted;
	if (gsp_history_stage_again(r->h, n, is, &staged, err) == 0)
		rc = gsp_history_become(r->h, &meta, &staged, gsp_history_base(r->h), false,
		    &r->out->number, err);
	gsp_list_release(&staged);
	return rc;
}

static int
restore(struct restore *r, uint64_t n, bool accept, struct gsp_err *err)
{
	struct gsp_list is = GSP_LIST_INIT, synced = GSP_LIST_INIT;
	struct gsp_diff damage = GSP_DIFF_INIT;
	int rc = -1;

	if (gsp_history_check(r->h, n, &is, &damage, err) == -1 ||
	    (damage.n > 0 && refuse_damaged(r, n, &damage, accept, err) == -1) ||
	    keep_edits(r, err) == -1 || tell_push(r, n, &is, err) == -1)
		goto out;
	for (size_t i = 0; i < is.n; i++)
		if (!gsp_path_under_any(is.v[i].path, r->exclude) &&
		    !gsp_path_under_any(is.v[i].path, r->push) &&
		    gsp_list_add(&synced, &is.v[i], err) == -1)
			goto out;
	if (newest_is(r, GSP_GEN_RESTORE, n, &synced, false, &r->out->already, err) == -1)
		goto out;
	if (r->out->already) {
		r->out->number = gsp_history_newest(r->h);
		rc = 0;
	} else
		rc = make_again(r, n, &is, damage.n > 0, err);
out:
	gsp_list_release(&is);
	gsp_list_release(&synced);
	gsp_diff_release(&damage);
	return rc;
}

/* Nothing is lost by a full disk, but whoever meets one should know how to go on. */
static int
finish(struct restore *r, const char *step, const char *from, int rc, struct gsp_err *err)
{
	struct gsp_job *job = r->job;

	if (rc == -1 && err->code == GSP_EIO)
		gsp_err_hint(err, "nothing was lost; the same command again goes on from here");
	if (rc == -1)
		gsp_steps_fail(job->steps, job->server, step, "%s", err->msg);
	else if (r->out->already)
		gsp_steps_done(job->steps, job->server, step, "files/ is %s already, as generation "
		    "%" PRIu64, from, r->out->number);
	else
		gsp_steps_done(job->steps, job->server, step, "files/ is %s now, as generation %" PRIu64,
		    from, r->out->number);
	return rc;
}

int
gsp_restore(struct gsp_job *job, struct gsp_history *h, const struct gsp_server_conf *conf,
    uint64_t n, bool accept, struct gsp_restored *out, struct gsp_err *err)
{
	struct restore r;
	char from[40];

	begin(&r, job, h, conf, out);
	if (!gsp_history_has(h, n))
		return gsp_err_set(err, GSP_EUNAVAIL, "'%s' has no generation %" PRIu64 "; 'gsp saves list "
		    "%s' shows them", job->server, n, job->server);
	if (need_down(&r, n, err) == -1)
		return -1;
	gsp_steps_begin(job->steps, job->server, "restore", "reading generation %" PRIu64, n);
	(void)snprintf(from, sizeof(from), "generation %" PRIu64, n);
	return finish(&r, "restore", from, restore(&r, n, accept, err), err);
}

/* ---- import ---- */

static bool
is_below(const char *path, const char *top)
{
	size_t n = strlen(top);

	return strncmp(path, top, n) == 0 && (path[n] == '\0' || path[n] == '/' || n == 1);
}

/* "<home>/servers/NAME/history" or below it. */
static bool
in_a_history(const char *path, const char *home)
{
	size_t n = strlen(home);
	const char *p;

	if (strncmp(path, home, n) != 0 || strncmp(path + n, "/servers/", 9) != 0 ||
	    (p = strchr(path + n + 9, '/')) == NULL)
		return false;
	return strncmp(p, "/history", 8) == 0 && (p[8] == '\0' || p[8] == '/');
}

/* ${real}: where the directory is, PATH_MAX bytes. */
static int
check_place(struct restore *r, const char *dir, char *real, struct gsp_err *err)
{
	struct gsp_buf b = GSP_BUF_INIT(GSP_PATH_BUF);
	const char *home = r->job->home->dir;
	int rc = 0;

	if (realpath(dir, real) == NULL)
		return gsp_err_sys(err, GSP_EUSAGE, errno, "cannot import '%s'", dir);
	if (!gsp_io_is_dir(real))
		return gsp_err_set(err, GSP_EUSAGE, "cannot import '%s': it is no directory; unpack an "
		    "archive first", dir);
	if (in_a_history(real, home))
		rc = gsp_err_set(err, GSP_EREFUSED, "'%s' is in this home's history; 'gsp saves restore "
		    "SERVER N' goes back to a generation", dir);
	else if (is_below(real, gsp_home_path(r->job->home, &b, "state")))
		rc = gsp_err_set(err, GSP_EREFUSED, "'%s' is in this home's state, which holds keys", dir);
	else if (is_below(gsp_history_files_dir(r->h), real) ||
	    is_below(real, gsp_history_files_dir(r->h)))
		rc = gsp_err_set(err, GSP_EREFUSED, "'%s' and files/ of '%s' are in each other; give the "
		    "directory of another world", dir, r->job->server);
	gsp_buf_release(&b);
	return rc;
}

static void
on_odd(void *ctx, const char *path, const char *what)
{
	struct restore *r = ctx;

	if (strcmp(what, "holes") == 0)
		return;
	if (strncmp(what, "set", 3) == 0 || strcmp(what, "sticky") == 0)
		gsp_steps_warn(r->job->steps, r->job->server, "'%s' has the %s bit, which is not taken",
		    path, what);
	else
		gsp_steps_warn(r->job->steps, r->job->server, "'%s' is a %s and is not taken", path, what);
}

/* Is there something in it, and is it this server's directory? */
static int
check_tree(struct restore *r, const char *dir, bool accept, bool *strange, struct gsp_err *err)
{
	struct gsp_list l = GSP_LIST_INIT;
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	uint64_t files, bytes;
	int rc = -1;

	if (gsp_list_walk(&l, dir, r->exclude, on_odd, r, err) == -1)
		goto out;
	gsp_list_sum(&l, "", &files, &bytes);
	if (files == 0) {
		gsp_err_set(err, GSP_EREFUSED, "there is no file in '%s' that would travel", dir);
		goto out;
	}
	*strange = false;
	for (size_t i = 0; i < r->conf->saves.n; i++) {
		if (gsp_list_find(&l, r->conf->saves.v[i]) != NULL)
			continue;
		*strange = true;
		if (!accept) {
			gsp_err_set(err, GSP_EREFUSED, "'%s' has no '%s', where '%s' keeps its saves; give the "
			    "whole server directory, or --accept to take this one as it is", dir,
			    r->conf->saves.v[i], r->job->server);
			goto out;
		}
	}
	for (size_t i = 0; i < r->conf->exclude.n; i++) {
		gsp_buf_reset(&path);
		gsp_buf_addf(&path, "%s/%s", dir, r->conf->exclude.v[i]);
		if (gsp_buf_ok(&path) && gsp_io_exists(gsp_buf_str(&path)))
			gsp_steps_warn(r->job->steps, r->job->server, "'%s' is excluded and is not taken",
			    r->conf->exclude.v[i]);
	}
	rc = 0;
out:
	gsp_list_release(&l);
	gsp_buf_release(&path);
	return rc;
}

static int
import(struct restore *r, const char *dir, bool accept, struct gsp_err *err)
{
	struct gsp_list staged = GSP_LIST_INIT;
	struct gsp_gen_meta meta;
	bool strange = false;
	int rc = -1;

	if (check_tree(r, dir, accept, &strange, err) == -1 || keep_edits(r, err) == -1 ||
	    gsp_history_stage(r->h, dir, &staged, err) == -1)
		goto out;
	if (newest_is(r, GSP_GEN_IMPORT, 0, &staged, true, &r->out->already, err) == -1) {
		gsp_history_unstage(r->h);
		goto out;
	}
	if (r->out->already) {
		gsp_history_unstage(r->h);
		r->out->number = gsp_history_newest(r->h);
		rc = 0;
		goto out;
	}
	memset(&meta, 0, sizeof(meta));
	meta.kind = GSP_GEN_IMPORT;
	meta.parent = gsp_history_base(r->h);
	meta.session = "";
	meta.actor = r->job->actor;
	meta.accepted = strange;
	rc = gsp_history_become(r->h, &meta, &staged, 0, true, &r->out->number, err);
out:
	gsp_list_release(&staged);
	return rc;
}

int
gsp_import(struct gsp_job *job, struct gsp_history *h, const struct gsp_server_conf *conf,
    const char *dir, bool accept, struct gsp_restored *out, struct gsp_err *err)
{
	char real[PATH_MAX];
	struct restore r;

	begin(&r, job, h, conf, out);
	if (check_place(&r, dir, real, err) == -1 || need_down(&r, 0, err) == -1)
		return -1;
	gsp_steps_begin(job->steps, job->server, "import", "reading '%s'", real);
	return finish(&r, "import", dir, import(&r, real, accept, err), err);
}
