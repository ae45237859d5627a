#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "gsp/rsync.h"
#include "gsp/sync.h"
#include "gsp/wire.h"

#include "base/banned.h"

#define NAMES_MAX (512 * 1024 * 1024)

/* One upload: what is known before the first byte moves. */
struct upload {
	struct gsp_job *job;
	struct gsp_history *h;
	struct gsp_hello hello;
	uint64_t total_bytes;
	bool holes; /* some file has them */
};

static void
on_progress(void *ctx, uint64_t bytes, int pct)
{
	struct upload *u = ctx;

	(void)pct; /* rsync's own counts only what it has looked at so far */
	gsp_steps_update(u->job->steps, u->job->server, "sync-up",
	    u->total_bytes > 0 ? (int)(bytes >= u->total_bytes ? 100 : bytes * 100 / u->total_bytes)
	                       : -1,
	    bytes, u->total_bytes, "uploading");
}

static void
on_odd(void *ctx, const char *path)
{
	struct upload *u = ctx;

	gsp_steps_warn(u->job->steps, u->job->server, "'%s' is no file, directory or symlink and "
	    "does not travel", path);
}

static void
on_odd_walk(void *ctx, const char *path, const char *what)
{
	struct upload *u = ctx;

	if (strcmp(what, "holes") == 0)
		u->holes = true;
	if (strncmp(what, "set", 3) == 0 || strcmp(what, "sticky") == 0)
		gsp_steps_warn(u->job->steps, u->job->server, "'%s' has the %s bit, which does not "
		    "travel", path, what);
}

static int
op_with_input(struct gsp_job *job, struct gsp_argv *op, const struct gsp_buf *in, int *same,
    struct gsp_err *err)
{
	struct gsp_buf out = GSP_BUF_INIT(65536);
	int rc;

	rc = gsp_remote_ask(job->remote, op, in->data, in->len, &out, NULL, err);
	if (rc == 0 && same != NULL)
		*same = strncmp(gsp_buf_str(&out), "same", 4) == 0;
	gsp_buf_release(&out);
	return rc;
}

/* The whole tree to a machine on which nothing was started. */
static int
rsync_whole(struct upload *u, struct gsp_err *err)
{
	const struct gsp_server_conf *c = u->job->session->conf;
	struct gsp_argv a = GSP_ARGV_INIT;
	struct gsp_rsync r = GSP_RSYNC_INIT;
	struct gsp_buf rule = GSP_BUF_INIT(65536);
	int rc = -1;

	gsp_argv_push(&a, "rsync");
	gsp_rsync_common(&a);
	gsp_argv_push(&a, "-og");
	gsp_argv_pushf(&a, "--chown=%s:%s", c->user, c->user);
	gsp_argv_push(&a, "--info=progress2");
	gsp_argv_push(&a, "--no-inc-recursive");
	if (!u->holes) /* looking for them costs the receiver a tenth of its time */
		gsp_argv_push(&a, "--no-sparse");
	gsp_rsync_exclude(&a, (const char *const *)c->exclude.v);
	if (c->push.n > 0) {
		/* mirrored: what is gone here goes there; everything else is protected */
		gsp_argv_push(&a, "--delete");
		for (size_t i = 0; i < c->push.n; i++) {
			gsp_buf_reset(&rule);
			gsp_rsync_literal(&rule, c->push.v[i]);
			gsp_argv_pushf(&a, "--filter=R /%s", gsp_buf_str(&rule));
			gsp_argv_pushf(&a, "--filter=R /%s/**", gsp_buf_str(&rule));
		}
		gsp_argv_push(&a, "--filter=P /**");
	}
	if (gsp_wire_begin(&a, u->job, "fresh,uploaded", err) == -1)
		goto out;
	gsp_argv_push(&a, "--");
	gsp_argv_pushf(&a, "%s/", gsp_history_files_dir(u->h));
	gsp_wire_far(&a, u->job);
	r.argv = &a;
	r.progress = on_progress;
	r.odd = on_odd;
	r.ctx = u;
	r.far = true;
	rc = gsp_wire_run(u->job, &r, err);
out:
	gsp_buf_release(&rule);
	gsp_argv_release(&a);
	return rc;
}

/* Names of what goes up, so that a later upload of this session knows what is ours to remove;
 * push paths have rsync's own mirror. */
static int
list_names(struct upload *u, struct gsp_buf *names, struct gsp_err *err)
{
	const struct gsp_server_conf *c = u->job->session->conf;
	struct gsp_list l = GSP_LIST_INIT;
	uint64_t files;
	int rc = -1;

	if (gsp_list_walk(&l, gsp_history_files_dir(u->h), (const char *const *)c->exclude.v,
	        on_odd_walk, u, err) == -1)
		goto out;
	gsp_list_sum(&l, "", &files, &u->total_bytes);
	gsp_list_drop(&l, (const char *const *)c->push.v);
	for (size_t i = 0; i < l.n; i++)
		gsp_wire_name(names, l.v[i].path);
	rc = gsp_buf_ok(names) ? 0 : gsp_err_set(err, GSP_ELIMIT, "too many files to list");
out:
	gsp_list_release(&l);
	return rc;
}

static int
send_end(struct upload *u, const struct gsp_buf *names, struct gsp_err *err)
{
	const struct gsp_server_conf *c = u->job->session->conf;
	struct gsp_argv op = GSP_ARGV_INIT;
	struct gsp_buf agent = GSP_BUF_INIT(256);
	struct gsp_argv none = GSP_ARGV_INIT;
	int rc;

	/* under one lock with the check of the marker: nobody may start the game in between */
	gsp_remote_command(&agent, &none);
	gsp_argv_push(&op, "guard");
	gsp_argv_push(&op, "fresh,uploaded");
	gsp_argv_push(&op, u->job->session->id);
	gsp_argv_push(&op, "--");
	gsp_argv_push(&op, gsp_buf_str(&agent));
	gsp_argv_push(&op, "sent-end");
	gsp_argv_push(&op, c->user);
	gsp_argv_push(&op, c->dir);
	gsp_argv_pushf(&op, "%zu", names->len);
	rc = op_with_input(u->job, &op, names, NULL, err);
	gsp_argv_release(&op);
	gsp_buf_release(&agent);
	return rc;
}

static int
mark_uploaded(struct upload *u, uint64_t base, struct gsp_err *err)
{
	struct gsp_marker m = u->hello.marker;

	m.state = GSP_MARK_UPLOADED;
	m.base = base;
	m.stopped = false;
	snprintf(m.boot_id, sizeof(m.boot_id), "%s", u->hello.boot_id);
	if (gsp_remote_mark(u->job->remote, &u->hello.marker, &m, err) == -1)
		return -1;
	u->job->session->base = base;
	return gsp_session_phase(u->job->session, u->job->home, GSP_PHASE_UPLOADED, err);
}

static int
up_whole(struct upload *u, uint64_t from, struct gsp_err *err)
{
	const struct gsp_server_conf *c = u->job->session->conf;
	struct gsp_buf names = GSP_BUF_INIT(NAMES_MAX);
	struct gsp_argv op = GSP_ARGV_INIT;
	uint64_t base;
	int rc = -1;

	gsp_history_close(u->h);
	u->h = NULL;
	if (gsp_sync_base(u->job, c, from, &base, err) == -1 ||
	    gsp_sync_history(&u->h, u->job, c, err) == -1 ||
	    gsp_remote_prepare(u->job->remote, c->user, c->dir, err) == -1 ||
	    list_names(u, &names, err) == -1)
		goto out;
	gsp_argv_push(&op, "sent-begin");
	gsp_argv_pushf(&op, "%zu", names.len);
	if (op_with_input(u->job, &op, &names, NULL, err) == -1 || rsync_whole(u, err) == -1 ||
	    send_end(u, &names, err) == -1 || mark_uploaded(u, base, err) == -1)
		goto out;
	rc = 0;
out:
	gsp_argv_release(&op);
	gsp_buf_release(&names);
	return rc;
}

/* ---- a machine that was started: only what was changed at home ---- */

struct changes {
	struct gsp_diff all;       /* base of the session -> files/ now */
	struct gsp_buf send;       /* NUL-ended names */
	struct gsp_buf removed;    /* deepest first is not needed: the agent sorts */
	struct gsp_buf known;      /* files and symlinks that the base has too */
	struct gsp_buf added;      /* files and symlinks it has not */
	struct gsp_list now;       /* files/ */
};

static void
changes_release(struct changes *c)
{
	gsp_diff_release(&c->all);
	gsp_buf_release(&c->send);
	gsp_buf_release(&c->removed);
	gsp_buf_release(&c->known);
	gsp_buf_release(&c->added);
	gsp_list_release(&c->now);
}

static bool
wanted(const char *path, const char *const *paths)
{
	return paths == NULL || paths[0] == NULL || gsp_path_under_any(path, paths);
}

/* A mistyped path would be sent as "nothing to do". */
static int
check_paths(struct upload *u, const char *const *paths, const struct gsp_list *base,
    const struct gsp_list *now, struct gsp_err *err)
{
	for (; paths != NULL && *paths != NULL; paths++) {
		bool there = false;

		for (size_t i = 0; !there && i < now->n; i++)
			there = gsp_path_under(now->v[i].path, *paths);
		for (size_t i = 0; !there && i < base->n; i++)
			there = gsp_path_under(base->v[i].path, *paths);
		if (!there)
			return gsp_err_set(err, GSP_EUSAGE, "'%s' is not in files/ of '%s' (or is excluded), "
			    "nor was it there", *paths, u->job->server);
	}
	return 0;
}

static int
find_changes(struct upload *u, const char *const *paths, struct changes *c,
    struct gsp_err *err)
{
	const struct gsp_server_conf *conf = u->job->session->conf;
	struct gsp_list base = GSP_LIST_INIT;
	const struct gsp_entry *b, *n;
	int rc = -1;

	if (gsp_history_list(u->h, u->hello.marker.base, &base, err) == -1 ||
	    gsp_list_walk(&c->now, gsp_history_files_dir(u->h),
	        (const char *const *)conf->exclude.v, NULL, NULL, err) == -1 ||
	    gsp_list_diff(&c->all, &base, &c->now, err) == -1 ||
	    check_paths(u, paths, &base, &c->now, err) == -1)
		goto out;
	for (size_t i = 0; i < c->all.n; i++) {
		const char *path = c->all.v[i].path;

		if (!wanted(path, paths))
			continue;
		b = gsp_list_find(&base, path);
		n = gsp_list_find(&c->now, path);
		gsp_wire_name(n != NULL ? &c->send : &c->removed, path);
		if (b != NULL && b->type != 'd')
			gsp_wire_name(&c->known, path);
		else if (b == NULL && n != NULL && n->type != 'd')
			gsp_wire_name(&c->added, path);
	}
	rc = 0;
out:
	gsp_list_release(&base);
	return rc;
}

struct conflicts {
	struct changes *changes;
	struct gsp_buf names;
	size_t n;
	bool added; /* looking at paths of files/, not at those of the base */
};

/* A path that is on the machine what it is at home is no conflict: an earlier try sent it, or
 * removed it. */
static int
on_conflict(void *ctx, const struct gsp_rsync_item *it, struct gsp_err *err)
{
	struct conflicts *c = ctx;
	bool at_home = gsp_list_find(&c->changes->now, it->path) != NULL;
	bool missing = strncmp(it->flags + 2, "++++", 4) == 0;
	/* content or type differs; times and modes alone are no conflict */
	bool content = it->flags[2] == 'c' || it->flags[3] == 's' ||
	    (it->flags[0] == 'c' && it->flags[1] == 'L');

	(void)err;
	if (it->dir || (c->added ? missing || !content : !missing && !content))
		return 0;
	if (!c->added && missing && !at_home)
		return 0;
	if (!c->added && !missing && at_home) {
		gsp_wire_name(&c->changes->added, it->path); /* not the base's: files/'s, then? */
		return 0;
	}
	if (c->n++ < 10)
		gsp_buf_addf(&c->names, "%s'%.100s'", c->n > 1 ? ", " : "", it->path);
	return 0;
}

/* rsync of just these NUL-ended names of a local directory to a started machine, the caller's
 * flags between the common ones and those. No names: nothing to do. */
static int
rsync_names(struct upload *u, struct gsp_argv *a, const char *local, const struct gsp_buf *names,
    struct gsp_rsync *r, struct gsp_err *err)
{
	if (names->len == 0)
		return 0;
	gsp_argv_push(a, "--from0");
	gsp_argv_push(a, "--files-from=-");
	if (gsp_wire_begin(a, u->job, "dirty", err) == -1)
		return -1;
	gsp_argv_push(a, "--");
	gsp_argv_pushf(a, "%s/", local);
	gsp_wire_far(a, u->job);
	r->argv = a;
	r->input = names->data;
	r->input_len = names->len;
	return gsp_wire_run(u->job, r, err);
}

/* Compare some paths of a local directory with the machine's, by content. */
static int
compare(struct upload *u, const char *local, const struct gsp_buf *names,
    struct conflicts *found, struct gsp_err *err)
{
	struct gsp_argv a = GSP_ARGV_INIT;
	struct gsp_rsync r = GSP_RSYNC_INIT;
	int rc;

	gsp_argv_push(&a, "rsync");
	gsp_rsync_common(&a);
	gsp_argv_push(&a, "-nc");
	gsp_argv_push(&a, "-ii");
	gsp_argv_push(&a, "--no-perms");
	r.item = on_conflict;
	r.ctx = found;
	rc = rsync_names(u, &a, local, names, &r, err);
	gsp_argv_release(&a);
	return rc;
}

static int
check_conflicts(struct upload *u, struct changes *c, struct gsp_err *err)
{
	struct conflicts found = {c, GSP_BUF_INIT(2048), 0, false};
	struct gsp_buf dir = GSP_BUF_INIT(GSP_PATH_BUF);
	int rc = -1;

	if (gsp_history_gen_dir(u->h, u->hello.marker.base, &dir, err) == -1 ||
	    compare(u, gsp_buf_str(&dir), &c->known, &found, err) == -1)
		goto out;
	found.added = true;
	if (compare(u, gsp_history_files_dir(u->h), &c->added, &found, err) == -1)
		goto out;
	if (found.n > 0) {
		gsp_err_set(err, GSP_EREFUSED, "changed at home and by the game of '%s': %s%s; 'gsp "
		    "down %s' keeps both (the game's in files/, yours as a generation)",
		    u->job->server, gsp_buf_str(&found.names), found.n > 10 ? " and more" : "",
		    u->job->server);
		goto out;
	}
	rc = 0;
out:
	gsp_buf_release(&found.names);
	gsp_buf_release(&dir);
	return rc;
}

static int
send_names(struct upload *u, const struct gsp_buf *names, struct gsp_err *err)
{
	const char *user = u->job->session->conf->user;
	struct gsp_argv a = GSP_ARGV_INIT;
	struct gsp_rsync r = GSP_RSYNC_INIT;
	int rc;

	gsp_argv_push(&a, "rsync");
	gsp_rsync_common(&a);
	gsp_argv_push(&a, "--no-recursive");
	gsp_argv_push(&a, "-og");
	gsp_argv_pushf(&a, "--chown=%s:%s", user, user);
	r.far = true;
	rc = rsync_names(u, &a, gsp_history_files_dir(u->h), names, &r, err);
	gsp_argv_release(&a);
	return rc;
}

static int
remove_names(struct upload *u, const struct gsp_buf *names, struct gsp_err *err)
{
	struct gsp_argv op = GSP_ARGV_INIT;
	int rc;

	if (names->len == 0)
		return 0;
	gsp_argv_push(&op, "remove");
	gsp_argv_push(&op, u->job->session->conf->dir);
	gsp_argv_pushf(&op, "%zu", names->len);
	rc = op_with_input(u->job, &op, names, NULL, err);
	gsp_argv_release(&op);
	return rc;
}

static int
own(struct upload *u, struct gsp_err *err)
{
	struct gsp_argv op = GSP_ARGV_INIT;
	int rc;

	gsp_argv_push(&op, "own");
	gsp_argv_push(&op, u->job->session->conf->user);
	gsp_argv_push(&op, u->job->session->conf->dir);
	rc = op_with_input(u->job, &op, &(struct gsp_buf)GSP_BUF_INIT(1), NULL, err);
	gsp_argv_release(&op);
	return rc;
}

/* The machine now is the base with these edits: so is what `down` compares with. */
static int
rebase(struct upload *u, struct gsp_err *err)
{
	struct gsp_diff edits = GSP_DIFF_INIT;
	struct gsp_marker m = u->hello.marker;
	struct gsp_gen_meta meta;
	uint64_t n = gsp_history_base(u->h);
	int rc = -1;

	memset(&meta, 0, sizeof(meta));
	meta.kind = GSP_GEN_EDIT;
	meta.parent = u->hello.marker.base;
	meta.session = u->job->session->id;
	meta.actor = u->job->actor;
	if (gsp_history_edited(u->h, &edits, err) == -1)
		goto out;
	if (edits.n > 0 && gsp_history_capture(u->h, &meta, &n, err) == -1)
		goto out;
	m.base = n;
	if (gsp_remote_mark(u->job->remote, &u->hello.marker, &m, err) == -1)
		goto out;
	u->job->session->base = n;
	rc = gsp_session_save(u->job->session, u->job->home, err);
out:
	gsp_diff_release(&edits);
	return rc;
}

static bool
stopped(const struct upload *u)
{
	return u->hello.marker.stopped && strcmp(u->hello.marker.boot_id, u->hello.boot_id) == 0;
}

/* Paths the owner names may go to a game that runs (a whitelist, a message of the day), but
 * never into its saves; without `saves` every path may be one. */
static bool
harmless(const struct upload *u, const char *const *paths)
{
	const struct gsp_argv *saves = &u->job->session->conf->saves;

	if (paths == NULL || paths[0] == NULL || saves->n == 0)
		return false;
	for (; *paths != NULL; paths++)
		for (size_t i = 0; i < saves->n; i++)
			if (gsp_path_under(*paths, saves->v[i]) || gsp_path_under(saves->v[i], *paths))
				return false;
	return true;
}

static int
up_changed(struct upload *u, const char *const *paths, struct gsp_err *err)
{
	struct changes c = {GSP_DIFF_INIT, GSP_BUF_INIT(NAMES_MAX), GSP_BUF_INIT(NAMES_MAX),
	    GSP_BUF_INIT(NAMES_MAX), GSP_BUF_INIT(NAMES_MAX), GSP_LIST_INIT};
	int rc = -1;

	if (find_changes(u, paths, &c, err) == -1)
		goto out;
	if (c.send.len == 0 && c.removed.len == 0) {
		rc = 0;
		goto out;
	}
	if (!stopped(u) && !harmless(u, paths)) {
		gsp_err_set(err, GSP_EREFUSED, "files/ of '%s' was edited (%zu paths, '%s' first) while "
		    "the game was started; 'gsp restart %s' stops it, sends the edits and starts it "
		    "again", u->job->server, c.all.n, c.all.v[0].path, u->job->server);
		goto out;
	}
	if (check_conflicts(u, &c, err) == -1 || send_names(u, &c.send, err) == -1 ||
	    remove_names(u, &c.removed, err) == -1 || own(u, err) == -1)
		goto out;
	/* with PATH... the rest stays unsent, so the base stays what it was */
	rc = paths != NULL && paths[0] != NULL ? 0 : rebase(u, err);
out:
	changes_release(&c);
	return rc;
}

/* The machine came from another home (gsp/takeover): what it was started from is not here. */
static int
base_unknown(struct upload *u, const char *const *paths, struct gsp_err *err)
{
	if (paths != NULL && paths[0] != NULL)
		return gsp_err_set(err, GSP_EREFUSED, "the game of '%s' was started from files that are "
		    "not in this home's history, so nothing can be compared or sent; 'gsp down %s' "
		    "brings them home", u->job->server, u->job->server);
	gsp_steps_warn(u->job->steps, u->job->server, "the game was started from files that are not in "
	    "this home's history; nothing is sent");
	return 0;
}

static int
up(struct upload *u, const struct gsp_sync_up_opts *o, struct gsp_err *err)
{
	struct gsp_session *s = u->job->session;

	if (gsp_job_remote(u->job, err) == -1 ||
	    gsp_remote_hello(u->job->remote, s->conf->dir, &u->hello, err) == -1 ||
	    gsp_remote_ours(&u->hello, u->job->home, s, err) == -1)
		return -1;
	if (u->hello.marker.state >= GSP_MARK_STOPPING)
		return gsp_err_set(err, GSP_EREFUSED, "'%s' is going down (%s); 'gsp down %s' finishes "
		    "that", u->job->server, gsp_marker_state_name(u->hello.marker.state),
		    u->job->server);
	if (u->hello.rsync[0] == '\0')
		return gsp_err_set(err, GSP_EUNAVAIL, "machine '%s' has no rsync; its image must be able "
		    "to install it at first boot", s->label);
	if (u->hello.marker.state == GSP_MARK_DIRTY) {
		if (o->from != 0)
			return gsp_err_set(err, GSP_EREFUSED, "the game of '%s' was started; --from is for "
			    "a server that is down", u->job->server);
		if (!gsp_history_has(u->h, u->hello.marker.base))
			return base_unknown(u, o->paths, err);
		return up_changed(u, o->paths, err);
	}
	if (o->paths != NULL && o->paths[0] != NULL)
		return gsp_err_set(err, GSP_EREFUSED, "the game of '%s' was not started yet: 'gsp sync up "
		    "%s' sends everything", u->job->server, u->job->server);
	return up_whole(u, o->from, err);
}

int
gsp_sync_up(struct gsp_job *job, const struct gsp_sync_up_opts *o, struct gsp_err *err)
{
	struct upload u;
	char size[24];
	int rc;

	if (gsp_job_need_live(job, err) == -1)
		return -1;
	memset(&u, 0, sizeof(u));
	u.job = job;
	gsp_steps_begin(job->steps, job->server, "sync-up", "comparing");
	rc = gsp_sync_history(&u.h, job, job->session->conf, err);
	if (rc == 0)
		rc = up(&u, o, err);
	if (rc == 0)
		gsp_steps_done(job->steps, job->server, "sync-up", "generation %" PRIu64 " is there%s%s",
		    job->session->base, u.total_bytes > 0 ? ", " : "",
		    u.total_bytes > 0 ? gsp_num_bytes(size, sizeof(size), u.total_bytes) : "");
	else
		gsp_steps_fail(job->steps, job->server, "sync-up", "%s", err->msg);
	gsp_history_close(u.h);
	return rc;
}
