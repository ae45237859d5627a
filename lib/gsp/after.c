#include "gsp/after.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/num.h"
#include "fmt/json.h"
#include "gsp/home_script.h"
#include "gsp/history.h"
#include "gsp/script.h"
#include "gsp/state_file.h"
#include "sys/io.h"
#include "sys/lock.h"

#include "base/banned.h"

static const char schema[] = "gsp.after-save/1";

enum after_state { AFTER_NEVER, AFTER_RUNNING, AFTER_DONE, AFTER_FAILED };

static const char *const state_names[] = {"", "running", "done", "failed"};

/* result.json */
struct result {
	uint64_t owed;       /* what was to be done */
	uint64_t generation; /* what was done it with: another if that one is gone */
	enum after_state state;
	uint64_t tries;
	int64_t time;
	char why[300];
};

static const char *
path_of(const struct gsp_home *h, const char *server, const char *name, struct gsp_buf *b)
{
	char rest[64];

	snprintf(rest, sizeof(rest), "after_save/%s", name);
	return gsp_home_state_path(h, b, server, rest);
}

static bool
has_script(const struct gsp_home *h, const char *server, struct gsp_buf *path)
{
	return gsp_io_exists(gsp_home_server_path(h, path, server, "after_save"));
}

/* *n is 0 if nothing was ever owed. */
static int
read_owed(const struct gsp_home *h, const char *server, uint64_t *n, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF), text = GSP_BUF_INIT(64);
	int rc = 0;

	*n = 0;
	if (gsp_io_read_file(&text, path_of(h, server, "owed", &path), err) == -1) {
		rc = err->code == GSP_ENOTFOUND ? 0 : -1;
		if (rc == 0)
			gsp_err_clear(err);
	} else {
		if (text.len > 0 && text.data[text.len - 1] == '\n')
			text.data[text.len - 1] = '\0';
		if (gsp_num_u64(n, gsp_buf_str(&text), 1, (uint64_t)1 << 53) == -1)
			rc = gsp_err_set(err, GSP_EIO, "'%s' holds no generation's number", gsp_buf_str(&path));
	}
	gsp_buf_release(&path);
	gsp_buf_release(&text);
	return rc;
}

/* What cannot be read is as if it had never been: the script runs once more than it must. */
static void
read_result(const struct gsp_home *h, const char *server, struct result *r)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF), text = GSP_BUF_INIT(8192);
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_json *o = NULL;
	const char *state;

	memset(r, 0, sizeof(*r));
	if (gsp_io_read_file(&text, path_of(h, server, "result.json", &path), &ignored) == 0 &&
	    gsp_json_parse(&o, gsp_buf_str(&text), text.len, &ignored) == 0) {
		r->owed = gsp_json_u64(o, "owed", 0);
		r->generation = gsp_json_u64(o, "generation", 0);
		r->tries = gsp_json_u64(o, "tries", 0);
		state = gsp_json_str(o, "state", "");
		for (int i = AFTER_RUNNING; i <= AFTER_FAILED; i++)
			if (strcmp(state, state_names[i]) == 0)
				r->state = (enum after_state)i;
		if (gsp_clock_parse(&r->time, gsp_json_str(o, "time", "")) == -1)
			r->time = 0;
		gsp_json_copy(r->why, sizeof(r->why), o, "why");
	}
	gsp_json_free(o);
	gsp_buf_release(&path);
	gsp_buf_release(&text);
}

static int
write_result(const struct gsp_home *h, const char *server, struct result *r,
    enum after_state state, const char *why, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_json *o = gsp_json_new_obj();
	int rc;

	r->state = state;
	r->time = gsp_wall_s();
	gsp_json_add_str(o, "schema", schema);
	gsp_json_add_str(o, "server", server);
	gsp_json_add_u64(o, "owed", r->owed);
	gsp_json_add_u64(o, "generation", r->generation);
	gsp_json_add_str(o, "state", state_names[state]);
	gsp_json_add_str(o, "why", why);
	gsp_json_add_u64(o, "tries", r->tries);
	gsp_json_add_time(o, "time", r->time);
	rc = gsp_state_file_write(o, path_of(h, server, "result.json", &path), err);
	gsp_json_free(o);
	gsp_buf_release(&path);
	return rc;
}

int
gsp_after_note(const struct gsp_home *h, const char *server, uint64_t generation,
    struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_err damaged = GSP_ERR_INIT;
	char text[32];
	uint64_t was;
	int rc = 0;

	if (!has_script(h, server, &path))
		goto out;
	if (read_owed(h, server, &was, &damaged) == 0 && was == generation)
		goto out;
	snprintf(text, sizeof(text), "%" PRIu64 "\n", generation);
	rc = gsp_io_mkdirs(path_of(h, server, "", &path), 0700, err) == -1 ||
	        gsp_io_replace(path_of(h, server, "owed", &path), text, strlen(text), 0600, err) == -1
	    ? -1
	    : 0;
out:
	gsp_buf_release(&path);
	return rc;
}

/* The generation's directory; when it was pruned meanwhile, that of the newest proven one. */
static int
find_generation(const struct gsp_home *h, const char *server, uint64_t owed, uint64_t *number,
    struct gsp_buf *dir, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_history *hist = NULL;
	struct gsp_history_opts o;
	int rc = -1;

	memset(&o, 0, sizeof(o));
	o.server_dir = gsp_home_server_path(h, &path, server, "");
	o.home_id = h->id;
	o.server = server;
	if (gsp_history_open(&hist, &o, err) == 0) {
		*number = gsp_history_has(hist, owed) ? owed : gsp_history_newest(hist);
		rc = gsp_history_gen_dir(hist, *number, dir, err);
	}
	gsp_history_close(hist);
	gsp_buf_release(&path);
	return rc;
}

static int64_t
limit_of(const struct gsp_home *h, const char *server)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_server_conf *conf = NULL;
	int64_t s = 7200;

	if (gsp_server_conf_load(&conf, h, server, &ignored) == 0)
		s = conf->timeouts.sync_s;
	gsp_server_conf_free(conf);
	return s;
}

static int
attempt(const struct gsp_home *h, const char *server, const struct gsp_after_opts *o,
    struct result *r, int lock_fd, struct gsp_err *err)
{
	struct gsp_buf script = GSP_BUF_INIT(GSP_PATH_BUF), dir = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_buf log = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_argv env = GSP_ARGV_INIT;
	struct gsp_home_script c = {.name = "after_save", .home = h->dir, .env = &env,
	    .limit_s = limit_of(h, server), .lock_fd = lock_fd};
	char title[64];
	int rc = -1;

	gsp_home_server_path(h, &script, server, "after_save");
	if (gsp_script_check(gsp_buf_str(&script), err) == -1 ||
	    find_generation(h, server, r->owed, &r->generation, &dir, err) == -1 ||
	    write_result(h, server, r, AFTER_RUNNING, "", err) == -1)
		goto out;
	if (o->began != NULL)
		o->began(o->ctx, server, r->generation);
	gsp_argv_pushf(&env, "GSP_SERVER=%s", server);
	gsp_argv_pushf(&env, "GSP_GENERATION=%" PRIu64, r->generation);
	gsp_argv_pushf(&env, "GSP_PATH=%s", gsp_buf_str(&dir));
	snprintf(title, sizeof(title), "after_save of generation %" PRIu64, r->generation);
	c.script = gsp_buf_str(&script);
	c.title = title;
	c.log = path_of(h, server, "log", &log);
	rc = gsp_argv_ok(&env) ? gsp_home_script_run(&c, err)
	                       : gsp_err_set(err, GSP_ESYS, "out of memory");
out:
	gsp_argv_release(&env);
	gsp_buf_release(&script);
	gsp_buf_release(&dir);
	gsp_buf_release(&log);
	return rc;
}

/* With the lock: try, and keep what came of it. */
static int
try(const struct gsp_home *h, const char *server, const struct gsp_after_opts *o, uint64_t owed,
    int lock_fd, struct gsp_err *err)
{
	struct gsp_err lost = GSP_ERR_INIT;
	struct result r;
	char why[300];

	read_result(h, server, &r);
	if (r.owed == owed && r.state == AFTER_DONE)
		return 0; /* somebody did it meanwhile */
	if (r.owed != owed)
		r.tries = 0;
	r.owed = r.generation = owed;
	r.tries++;
	if (attempt(h, server, o, &r, lock_fd, err) == 0)
		return write_result(h, server, &r, AFTER_DONE, "", err);
	snprintf(why, sizeof(why), "%.290s", err->msg);
	if (write_result(h, server, &r, AFTER_FAILED, why, &lost) == -1)
		gsp_err_hint(err, "%s", lost.msg);
	if (err->code != GSP_ECANCEL)
		err->code = GSP_ETEMP;
	return -1;
}

static int
take_lock(const struct gsp_home *h, const char *server, const char *actor, int *fd,
    struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	char note[GSP_LOCK_NOTE];
	int rc;

	rc = gsp_lock_take(fd, path_of(h, server, "lock", &path),
	    gsp_lock_who(note, actor, "after_save"), -1, err);
	gsp_buf_release(&path);
	return rc;
}

int
gsp_after_run(const struct gsp_home *h, const char *server, const struct gsp_after_opts *o,
    struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct result r;
	uint64_t owed;
	int fd = -1, rc;
	bool has;

	if (read_owed(h, server, &owed, err) == -1)
		return gsp_err_hint(err, "remove it; the next save is noted there again");
	has = has_script(h, server, &path);
	gsp_buf_release(&path);
	read_result(h, server, &r);
	if (owed == 0 || !has || (r.owed == owed && r.state == AFTER_DONE))
		return 0;
	if (take_lock(h, server, o->actor, &fd, err) == -1) {
		if (err->code != GSP_ETEMP)
			return -1;
		gsp_err_clear(err); /* it runs: what comes of it, the other one keeps */
		return 0;
	}
	rc = try(h, server, o, owed, fd, err);
	gsp_lock_free(fd);
	return rc;
}

static bool
runs_now(const struct gsp_home *h, const char *server)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	char note[8];
	bool yes = gsp_lock_peek(path_of(h, server, "lock", &path), note, sizeof(note));

	gsp_buf_release(&path);
	return yes;
}

void
gsp_after_text(const struct gsp_home *h, const char *server, char *out, size_t size)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_err err = GSP_ERR_INIT;
	struct result r;
	uint64_t owed;
	char age[48];
	bool has = has_script(h, server, &path);

	gsp_buf_release(&path);
	out[0] = '\0';
	if (!has)
		return;
	if (read_owed(h, server, &owed, &err) == -1) {
		snprintf(out, size, "after_save: %s", err.msg);
		return;
	}
	read_result(h, server, &r);
	if (owed == 0 || (r.owed == owed && r.state == AFTER_DONE))
		return;
	gsp_num_span(age, sizeof(age), gsp_wall_s() > r.time ? gsp_wall_s() - r.time : 0);
	if (runs_now(h, server))
		snprintf(out, size, "after_save of generation %" PRIu64 " has been running for %s",
		    r.generation, age);
	else if (r.owed == owed && r.state == AFTER_FAILED)
		snprintf(out, size, "after_save of generation %" PRIu64 " failed %s ago (%.180s); 'gsp down "
		    "%s' tries it again, state/%s/after_save/log has its words", owed, age, r.why, server,
		    server);
	else
		snprintf(out, size, "after_save of generation %" PRIu64 " %s; 'gsp down %s' runs it", owed,
		    r.owed == owed && r.state == AFTER_RUNNING ? "was cut off" : "has not run yet", server);
}
