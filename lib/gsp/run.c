#include "gsp/run.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "gsp/freeze.h"
#include "gsp/script.h"

#include "base/banned.h"

/* How long the proof waits for what is already on its way out after the stop script ended. */
#define FULL_BYTES (1024 * 1024) /* a disk with less is full, for people */
#define PROOF_GRACE_S 30
#define PROOF_QUIET_S 2
#define KILL_TERM_S   30

void
gsp_run_ports(struct gsp_buf *out, const struct gsp_server_conf *conf)
{
	for (size_t i = 0; i < conf->nports; i++) {
		if (i > 0)
			gsp_buf_addc(out, ',');
		gsp_port_format(out, &conf->ports[i]);
	}
}

bool
gsp_run_has(struct gsp_job *job, const char *script)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct stat st;
	bool has;

	has = stat(gsp_home_server_path(job->home, &path, job->server, script), &st) == 0 &&
	    S_ISREG(st.st_mode) && (st.st_mode & 0111) != 0;
	gsp_buf_release(&path);
	return has;
}

static int
prepare(struct gsp_job *job, struct gsp_err *err)
{
	return gsp_remote_prepare(job->remote, job->session->conf->user, job->session->conf->dir, err);
}

/* The last lines of a script's output, on one line, for an error message. */
static void
last_lines(char *out, size_t size, const char *tail)
{
	size_t len = strlen(tail), from = len > 300 ? len - 300 : 0, n = 0;

	while (len > from && (tail[len - 1] == '\n' || tail[len - 1] == ' '))
		len--;
	if (from > 0) /* begin at a line */
		while (from < len && tail[from - 1] != '\n')
			from++;
	for (; from < len && n + 4 < size; from++) {
		unsigned char c = (unsigned char)tail[from];

		if (c == '\n') {
			out[n++] = ' ';
			out[n++] = '|';
			out[n++] = ' ';
		} else
			out[n++] = c < 0x20 || c == 0x7f ? '?' : (char)c;
	}
	out[n] = '\0';
}

static int
judge(struct gsp_job *job, const char *name, const struct gsp_script_end *end,
    struct gsp_err *err)
{
	char said[400];
	const char *sep;

	last_lines(said, sizeof(said), end->tail);
	sep = said[0] != '\0' ? ": " : "";
	switch (end->how) {
	case GSP_SCRIPT_SIGNAL:
		return gsp_err_set(err, GSP_EREFUSED, "script '%s' of '%s' was ended by signal %s%s%s",
		    name, job->server, end->signame, sep, said);
	case GSP_SCRIPT_TIMEOUT:
		return gsp_err_set(err, GSP_ETEMP, "script '%s' of '%s' did not end in time (timeouts "
		    "in server.yaml) and was ended%s%s", name, job->server, sep, said);
	case GSP_SCRIPT_LOST:
		return gsp_err_set(err, GSP_EREFUSED, "script '%s' of '%s' vanished without a status; "
		    "was the machine rebooted? 'gsp status %s' tells", name, job->server, job->server);
	case GSP_SCRIPT_EXIT: break;
	}
	if (end->status == 0)
		return 0;
	if (end->status < 64 || end->status == 75) {
		gsp_err_set(err, GSP_ESCRIPT, "script '%s' of '%s' failed with status %d%s%s", name,
		    job->server, end->status, sep, said);
		err->detail = end->status;
		return -1;
	}
	return gsp_err_set(err, GSP_EREFUSED, "script '%s' of '%s' failed with status %d%s%s", name,
	    job->server, end->status, sep, said);
}

static bool
is_step(const char *script)
{
	return strcmp(script, "bootstrap") == 0 || strcmp(script, "start") == 0 ||
	    strcmp(script, "stop") == 0;
}

/* A script whose disk is full fails for that, and its log is too short to say so. */
static int
blame_disk(struct gsp_job *job, struct gsp_err *err)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_hello hello;

	if (gsp_job_remote(job, &ignored) == 0 &&
	    gsp_remote_hello(job->remote, job->session->conf->dir, &hello, &ignored) == 0 &&
	    hello.free_bytes < FULL_BYTES)
		gsp_err_hint(err, "no space left on the machine's disk: make room there");
	return -1;
}

/* ${end}: how, if its end came; else it is left as it is. */
static int
run_to_end(struct gsp_job *job, const struct gsp_run_opts *o, int64_t timeout_s,
    struct gsp_script_end *end, struct gsp_err *err)
{
	struct gsp_script s = {.name = o->script, .args = o->args, .timeout_s = timeout_s,
	    .output = o->output, .output_ctx = o->output_ctx, .asks = !is_step(o->script)};
	struct gsp_script_end e;

	if (gsp_script_run(job, &s, &e, err) == -1)
		return -1;
	*end = e;
	if (judge(job, o->script, &e, err) == 0)
		return 0;
	/* health and players say no often, and cheaply */
	return is_step(o->script) ? blame_disk(job, err) : -1;
}

static int
run_script(struct gsp_job *job, const struct gsp_run_opts *o, int64_t timeout_s,
    struct gsp_err *err)
{
	struct gsp_script_end end;

	return run_to_end(job, o, timeout_s, &end, err);
}

static int
look(struct gsp_job *job, struct gsp_hello *hello, struct gsp_err *err)
{
	if (gsp_job_remote(job, err) == -1 || gsp_remote_hello(job->remote, "", hello, err) == -1)
		return -1;
	return gsp_remote_ours(hello, job->home, job->session, err);
}

int
gsp_run_alive(struct gsp_job *job, struct gsp_err *err)
{
	struct gsp_buf out = GSP_BUF_INIT(1024 * 1024);
	struct gsp_argv op = GSP_ARGV_INIT;
	int status = -1, rc;

	if (gsp_job_remote(job, err) == -1) /* a script before us may have lost the link */
		return -1;
	gsp_argv_push(&op, "alive");
	rc = gsp_remote_ask(job->remote, &op, NULL, 0, &out, &status, err);
	gsp_argv_release(&op);
	gsp_buf_release(&out);
	if (rc == -1)
		return -1;
	if (status != 0 && status != 1)
		return gsp_err_set(err, GSP_EPROTO, "'alive' on the machine ended with status %d",
		    status);
	return status == 0;
}

static int
run_bootstrap(struct gsp_job *job, const struct gsp_run_opts *o, struct gsp_err *err)
{
	struct gsp_hello hello;

	if (look(job, &hello, err) == -1)
		return -1;
	if (hello.marker.state >= GSP_MARK_STOPPING)
		return gsp_err_set(err, GSP_EREFUSED, "'%s' is going down (%s); nothing is installed "
		    "any more", job->server, gsp_marker_state_name(hello.marker.state));
	if (prepare(job, err) == -1 ||
	    run_script(job, o, job->session->conf->timeouts.bootstrap_s, err) == -1)
		return -1;
	/* it runs as root and may leave things in `dir` */
	if (job->session->phase < GSP_PHASE_BOOTSTRAPPED)
		return gsp_session_phase(job->session, job->home, GSP_PHASE_BOOTSTRAPPED, err);
	return 0;
}

/* What a killed run had asked for may get there after we have looked: then the machine refuses to
 * start it twice, and it runs. */
static int
start_script(struct gsp_job *job, const struct gsp_run_opts *o, struct gsp_err *err)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_script_end end = {.status = -1};

	if (run_to_end(job, o, job->session->conf->timeouts.start_s, &end, err) == 0)
		return 0;
	if (end.status != -1 || err->code != GSP_EREFUSED || gsp_run_alive(job, &ignored) != 1)
		return -1;
	gsp_err_clear(err);
	return 0;
}

static int
run_start(struct gsp_job *job, const struct gsp_run_opts *o, struct gsp_err *err)
{
	struct gsp_session *s = job->session;
	struct gsp_marker m;
	struct gsp_hello hello;
	int lives;

	if (look(job, &hello, err) == -1)
		return -1;
	if (hello.marker.state >= GSP_MARK_STOPPING)
		return gsp_err_set(err, GSP_EREFUSED, "'%s' is going down (%s) and cannot be started; "
		    "'gsp down %s' finishes that, then 'gsp up %s'", job->server,
		    gsp_marker_state_name(hello.marker.state), job->server, job->server);
	if (hello.marker.state == GSP_MARK_FRESH)
		return gsp_err_set(err, GSP_EREFUSED, "nothing was uploaded to '%s' yet; run 'gsp sync "
		    "up %s' first", s->label, job->server);
	if (hello.marker.state == GSP_MARK_DIRTY) {
		if ((lives = gsp_run_alive(job, err)) == -1)
			return -1;
		if (lives) {
			s->start_intent = true;
			return gsp_session_phase(s, job->home, GSP_PHASE_RUNNING, err);
		}
	}
	/* nothing on it is anybody's save yet: what changes from here on may be one */
	if (hello.marker.state == GSP_MARK_UPLOADED && gsp_remote_stamp(job->remote, "session", err) == -1)
		return -1;
	/* on disk here, then there, before the game can write its first byte */
	s->start_intent = true;
	s->ready = false;
	if (gsp_session_save(s, job->home, err) == -1)
		return -1;
	m = hello.marker;
	m.state = GSP_MARK_DIRTY;
	m.stopped = false;
	snprintf(m.boot_id, sizeof(m.boot_id), "%s", hello.boot_id);
	if (gsp_remote_mark(job->remote, &hello.marker, &m, err) == -1 || prepare(job, err) == -1 ||
	    start_script(job, o, err) == -1)
		return -1;
	return gsp_session_phase(s, job->home, GSP_PHASE_RUNNING, err);
}

static int
kill_leftovers(struct gsp_job *job, struct gsp_err *err)
{
	struct gsp_buf out = GSP_BUF_INIT(1024 * 1024);
	struct gsp_argv op = GSP_ARGV_INIT;
	int rc;

	if (gsp_job_remote(job, err) == -1)
		return -1;
	gsp_steps_warn(job->steps, job->server, "ending the game by force: TERM, %d s, KILL",
	    KILL_TERM_S);
	gsp_argv_push(&op, "kill");
	gsp_argv_push(&op, job->session->conf->user);
	gsp_argv_push(&op, job->session->conf->dir);
	gsp_argv_pushf(&op, "%d", KILL_TERM_S);
	rc = gsp_remote_ask(job->remote, &op, NULL, 0, &out, NULL, err);
	gsp_argv_release(&op);
	gsp_buf_release(&out);
	return rc;
}

/* The first few lines of a failed proof, as one sentence. */
static void
proof_reasons(struct gsp_buf *why, const char *text)
{
	size_t n = 0;

	for (const char *p = text; *p != '\0' && n < 4; n++) {
		size_t len = strcspn(p, "\n");

		gsp_buf_adds(why, n > 0 ? "; " : "");
		if (strncmp(p, "process ", 8) == 0)
			gsp_buf_addf(why, "still running: %.*s", (int)(len - 8), p + 8);
		else if (strncmp(p, "open ", 5) == 0)
			gsp_buf_addf(why, "open for writing: %.*s", (int)(len - 5), p + 5);
		else if (strncmp(p, "port ", 5) == 0)
			gsp_buf_addf(why, "still listening: %.*s", (int)(len - 5), p + 5);
		else if (strncmp(p, "changed ", 8) == 0)
			gsp_buf_addf(why, "still written: %.*s", (int)(len - 8), p + 8);
		else
			n--; /* nothing for people */
		p += len;
		p += *p == '\n';
	}
}

int
gsp_run_prove(struct gsp_job *job, int grace_s, int quiet_s, struct gsp_err *err)
{
	struct gsp_buf out = GSP_BUF_INIT(1024 * 1024), why = GSP_BUF_INIT(900);
	struct gsp_buf ports = GSP_BUF_INIT(4096);
	struct gsp_argv op = GSP_ARGV_INIT;
	int status, rc;

	if (gsp_job_remote(job, err) == -1)
		return -1;
	gsp_run_ports(&ports, job->session->conf);
	gsp_argv_push(&op, "proof");
	gsp_argv_push(&op, job->session->conf->user);
	gsp_argv_push(&op, job->session->conf->dir);
	gsp_argv_push(&op, gsp_buf_str(&ports));
	gsp_argv_pushf(&op, "%d", grace_s);
	gsp_argv_pushf(&op, "%d", quiet_s);
	rc = gsp_remote_ask(job->remote, &op, NULL, 0, &out, &status, err);
	if (rc == 0 && status == 65) {
		proof_reasons(&why, gsp_buf_str(&out));
		rc = gsp_err_set(err, GSP_EREFUSED, "the game of '%s' has not stopped: %s", job->server,
		    why.len > 0 ? gsp_buf_str(&why) : err->msg);
	} else if (rc == 0 && status != 0) {
		char said[400];

		snprintf(said, sizeof(said), "%.390s", err->msg);
		rc = gsp_err_set(err, status == 75 ? GSP_ETEMP : GSP_EREFUSED,
		    "nobody can tell whether the game of '%s' has stopped: %s", job->server, said);
	}
	gsp_argv_release(&op);
	gsp_buf_release(&out);
	gsp_buf_release(&why);
	gsp_buf_release(&ports);
	return rc;
}

/* Mark that the stop was proven, during this boot. */
static int
mark_stopped(struct gsp_job *job, bool killed, struct gsp_err *err)
{
	struct gsp_hello hello;
	struct gsp_marker m;

	if (look(job, &hello, err) == -1)
		return -1;
	m = hello.marker;
	m.stopped = true;
	m.killed = m.killed || killed;
	snprintf(m.boot_id, sizeof(m.boot_id), "%s", hello.boot_id);
	if (gsp_remote_mark(job->remote, &hello.marker, &m, err) == -1)
		return -1;
	return gsp_session_phase(job->session, job->home, GSP_PHASE_STOPPED, err);
}

/* The stop script failed. Is force in order? */
static bool
kill_after_script(const struct gsp_run_opts *o, const struct gsp_script_end *end,
    const struct gsp_err *err)
{
	if (o->kill)
		return err->code != GSP_ECANCEL && err->code != GSP_EIO && err->code != GSP_ECONFIG;
	/* only when it is known that it failed: it may still run on a machine out of reach, and 75
	 * asks to be tried again */
	return o->kill_stuck && (end->how == GSP_SCRIPT_TIMEOUT || end->how == GSP_SCRIPT_SIGNAL ||
	    (end->how == GSP_SCRIPT_EXIT && end->status != 0 && end->status != 75));
}

/* The proof failed. The same question: without a process of `start` force has no aim. */
static bool
kill_after_proof(struct gsp_job *job, const struct gsp_run_opts *o, const struct gsp_err *err)
{
	struct gsp_err ignored = GSP_ERR_INIT;

	if (err->code != GSP_EREFUSED)
		return false;
	return o->kill || (o->kill_stuck && gsp_run_alive(job, &ignored) == 1);
}

static int
not_stopped(struct gsp_job *job, const struct gsp_run_opts *o, struct gsp_err *err)
{
	if (!o->kill && (err->code == GSP_ESCRIPT || err->code == GSP_EREFUSED ||
	        err->code == GSP_ETEMP))
		gsp_err_hint(err, "nothing was synced or deleted; 'gsp down %s --kill' ends the game by "
		    "force", job->server);
	return -1;
}

/* From here on it is a killed game, and everybody shall know why. */
static int
use_force(struct gsp_job *job, const struct gsp_run_opts *o, struct gsp_err *err)
{
	gsp_steps_warn(job->steps, job->server, "%s%s", err->msg,
	    o->kill ? "" : "; ITS GAME IS KILLED NOW (on_stop_failure: kill), what it had not written "
	                   "is lost");
	gsp_err_clear(err);
	return kill_leftovers(job, err);
}

static int
stop_and_prove(struct gsp_job *job, const struct gsp_run_opts *o, struct gsp_err *err)
{
	struct gsp_script_end end = {.how = GSP_SCRIPT_LOST};
	bool killed = false;

	if (run_to_end(job, o, job->session->conf->timeouts.stop_s, &end, err) == -1) {
		if (!kill_after_script(o, &end, err))
			return not_stopped(job, o, err);
		killed = true;
		if (use_force(job, o, err) == -1)
			return -1;
	}
	if (gsp_run_prove(job, o->kill || killed ? 5 : PROOF_GRACE_S, PROOF_QUIET_S, err) == -1) {
		if (killed || !kill_after_proof(job, o, err))
			return not_stopped(job, o, err);
		killed = true;
		if (use_force(job, o, err) == -1 ||
		    gsp_run_prove(job, 5, PROOF_QUIET_S, err) == -1)
			return -1;
	}
	return mark_stopped(job, killed, err);
}

static int
run_stop(struct gsp_job *job, const struct gsp_run_opts *o, struct gsp_err *err)
{
	struct gsp_hello hello;
	struct gsp_marker m;
	int lives;

	if (look(job, &hello, err) == -1)
		return -1;
	if (hello.marker.state < GSP_MARK_DIRTY || hello.marker.state >= GSP_MARK_SAVED)
		return 0; /* never started, or saved already: nothing of the game runs */
	if (hello.marker.stopped && strcmp(hello.marker.boot_id, hello.boot_id) == 0) {
		if (gsp_run_prove(job, 0, 0, err) == 0) {
			if (o->resume || hello.marker.state == GSP_MARK_STOPPING)
				return gsp_session_phase(job->session, job->home, GSP_PHASE_STOPPED, err);
		} else if (err->code == GSP_ECANCEL || err->code == GSP_EIO)
			return -1;
		gsp_err_clear(err); /* something lives again: stop it again */
	}
	if (gsp_run_has(job, "freeze")) {
		if ((lives = gsp_run_alive(job, err)) == -1 || (lives && gsp_thaw_first(job, err) == -1))
			return -1;
	}
	m = hello.marker;
	m.stopped = false;
	if (!o->resume)
		m.state = GSP_MARK_STOPPING; /* from here on nobody starts it again */
	if (gsp_remote_mark(job->remote, &hello.marker, &m, err) == -1 || prepare(job, err) == -1)
		return -1;
	return stop_and_prove(job, o, err);
}

int
gsp_run(struct gsp_job *job, const struct gsp_run_opts *o, struct gsp_err *err)
{
	int (*fn)(struct gsp_job *, const struct gsp_run_opts *, struct gsp_err *) = NULL;
	struct gsp_hello hello;
	int rc;

	if (gsp_job_need_live(job, err) == -1)
		return -1;
	if (strcmp(o->script, "bootstrap") == 0)
		fn = run_bootstrap;
	else if (strcmp(o->script, "start") == 0)
		fn = run_start;
	else if (strcmp(o->script, "stop") == 0)
		fn = run_stop;
	assert(fn == NULL || job->lock_fd >= 0);
	if (fn == NULL) { /* only looks, or talks to the players: no step of its own */
		if (look(job, &hello, err) == -1 ||
		    run_script(job, o, job->session->conf->timeouts.start_s, err) == -1)
			return -1;
		if (strcmp(o->script, "thaw") == 0)
			gsp_freeze_forget(job);
		return 0;
	}
	gsp_steps_begin(job->steps, job->server, o->script, "running %s", o->script);
	rc = fn(job, o, err);
	if (rc == 0)
		gsp_steps_done(job->steps, job->server, o->script, "%s is done", o->script);
	else
		gsp_steps_fail(job->steps, job->server, o->script, "%s", err->msg);
	return rc;
}
