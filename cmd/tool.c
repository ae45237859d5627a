#include "tool.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/num.h"
#include "cli/exitcode.h"
#include "cli/say.h"
#include "gsp/after.h"
#include "gsp/lease.h"
#include "gsp/record.h"
#include "sys/io.h"
#include "sys/lock.h"
#include "sys/proc.h"
#include "sys/sig.h"

#include "base/banned.h"

#define LINE_MAX_BYTES 65536 /* of a line that a tool of ours prints */
#define TERMINAL_MS    200   /* by then a terminal's ^C has reached all it is meant for */

int
tool_open(struct tool *t, struct gsp_err *err)
{
	t->progress = gsp_progress_for(&t->cli);
	return gsp_home_open(&t->home, t->cli.dir, err);
}

void
tool_close(struct tool *t)
{
	if (t->progress != NULL)
		gsp_progress_free(t->progress);
	t->progress = NULL;
	gsp_home_free(t->home);
	t->home = NULL;
}

/* When the lease of what runs ends; 0: not at all, or nobody can tell. */
static int64_t
lease_end(struct tool *t, const struct gsp_session *s)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_lease l;

	if (s == NULL || s->phase < GSP_PHASE_CREATING || s->phase > GSP_PHASE_RUNNING ||
	    gsp_lease_get(&l, t->home, s, &ignored) == -1)
		return 0;
	return l.until;
}

/* One readable line where stdout is a terminal, one record where it is not. */
static int
print_record(struct tool *t, struct gsp_job *job, struct gsp_err *err)
{
	const struct gsp_session *s = job->session;
	struct gsp_buf b = GSP_BUF_INIT(GSP_RECORD_MAX), address = GSP_BUF_INIT(GSP_ADDRESS_MAX);
	char money[24], when[GSP_LEASE_TEXT];
	int64_t lease = lease_end(t, s);
	int rc = 0;

	if (t->cli.json || !isatty(STDOUT_FILENO))
		gsp_record_print(&b, job->server, s, lease);
	else if (s == NULL)
		gsp_buf_addf(&b, "%s: no machine", job->server);
	else {
		gsp_record_address(&address, s);
		gsp_buf_addf(&b, "%s: %s at %s, %s in %s, %s an hour until 'gsp down %s'",
		    job->server, gsp_session_stage(s), gsp_buf_str(&address), s->type, s->region,
		    gsp_num_usd(money, sizeof(money), s->hourly_usd > 0 ? s->hourly_usd : 0),
		    job->server);
		if (lease != 0)
			gsp_buf_addf(&b, " or %s, when its lease ends",
			    gsp_lease_when(when, sizeof(when), lease, gsp_wall_s()));
	}
	gsp_buf_addc(&b, '\n');
	/* at once: the next tool in the pipe begins while we go on with the next server */
	if (fwrite(gsp_buf_str(&b), 1, b.len, stdout) != b.len || fflush(stdout) == EOF)
		rc = gsp_err_sys(err, GSP_EIO, errno, "cannot write to stdout");
	gsp_buf_release(&address);
	gsp_buf_release(&b);
	return rc;
}

/* Whoever stops a tool shall know what goes on without it. */
static void
remind(struct gsp_job *job, const char *what, struct gsp_err *err)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	int signo = err->detail;

	if (job == NULL || job->lock_fd < 0 || gsp_job_reload(job, &ignored) == -1 ||
	    job->session == NULL || job->session->phase < GSP_PHASE_POSTING)
		return;
	if (job->session->phase >= GSP_PHASE_STOPPED || strcmp(what, "down") == 0 ||
	    strcmp(what, "stop") == 0)
		gsp_err_hint(err, "the machine of '%s' goes on, and costs: 'gsp down %s' goes on from here",
		    job->server, job->server);
	else
		gsp_err_hint(err, "the machine of '%s' goes on, and costs: 'gsp up %s' or 'gsp down %s' "
		    "goes on from here", job->server, job->server, job->server);
	err->detail = signo;
}

static int
one(struct tool *t, const char *name, const char *session, int flags, tool_fn *fn, void *ctx,
    struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	const struct gsp_steps *steps = gsp_progress_steps(t->progress);
	struct gsp_job *job = NULL;
	bool began = false;
	int rc = -1;

	if (gsp_job_open(&job, t->home, name, t->cli.actor, steps, t->what,
	        (flags & TOOL_LOCK) != 0 ? GSP_JOB_LOCK : GSP_JOB_LOOK, err) == -1)
		goto out;
	began = (flags & TOOL_STEPS) != 0;
	if (began)
		gsp_progress_open(t->progress, name,
		    gsp_home_state_path(t->home, &path, name, "progress.jsonl"));
	if (gsp_job_need_id(job, session, err) == -1 || fn(t, job, ctx, err) == -1 ||
	    gsp_sig_check(err) == -1)
		goto out;
	/* the next tool of a pipe may take the lock as soon as it reads our record */
	gsp_lock_drop(job->lock_fd);
	job->lock_fd = -1;
	rc = (flags & TOOL_PRINT) != 0 ? print_record(t, job, err) : 0;
out:
	if (rc == -1 && err->code == GSP_ECANCEL)
		remind(job, t->what, err);
	/* for people the error alone says it when nothing had begun; programs wait for "all" */
	if (began || ((flags & TOOL_STEPS) != 0 && t->cli.progress_json))
		gsp_progress_finish(t->progress, name, rc == 0, "%s", rc == 0 ? t->what : err->msg);
	gsp_job_close(job);
	gsp_buf_release(&path);
	return rc;
}

/* Keep the first error; print every other one now. */
static void
note_failure(struct gsp_err *first, const struct gsp_err *now)
{
	if (first->code == GSP_OK)
		*first = *now;
	else
		gsp_cli_error("%s", now->msg);
}

/* The next byte of stdin: 1, 0 at its end, -1. One at a time, and never in a read() that a signal
 * came just too early for: the tool before us in the pipe may take minutes. */
static int
next_byte(char *c, struct gsp_err *err)
{
	ssize_t n;

	for (;;) {
		struct pollfd fds[2] = {{STDIN_FILENO, POLLIN, 0}, {gsp_sig_fd(), POLLIN, 0}};

		if (gsp_sig_check(err) == -1)
			return -1;
		if (poll(fds, 2, gsp_sig_idle(-1)) == -1 || fds[0].revents == 0)
			continue;
		n = read(STDIN_FILENO, c, 1);
		if (n >= 0)
			return (int)n;
		if (errno != EINTR && errno != EAGAIN)
			return gsp_err_sys(err, GSP_EIO, errno, "cannot read records from stdin");
	}
}

/* The next line of stdin: 1, 0 at its end, -1 on a signal or an error. What is longer than a
 * record may be is cut, and gsp_buf_ok() then says no. */
static int
next_line(struct gsp_buf *line, struct gsp_err *err)
{
	char c;
	int got;

	gsp_buf_reset(line);
	while ((got = next_byte(&c, err)) == 1 && c != '\n')
		gsp_buf_addc(line, c);
	if (got != 0)
		return got;
	return line->len > 0 || !gsp_buf_ok(line);
}

static int
each_record(struct tool *t, int flags, tool_fn *fn, void *ctx, struct gsp_err *err)
{
	struct gsp_buf line = GSP_BUF_INIT(GSP_RECORD_MAX + 1);
	struct gsp_err now = GSP_ERR_INIT;
	struct gsp_record_name r;
	size_t n = 0, lineno = 0;
	int more;

	while ((more = next_line(&line, &now)) == 1) {
		const char *text = gsp_buf_str(&line);

		lineno++;
		if (gsp_buf_ok(&line) && text[strspn(text, " \t\r")] == '\0')
			continue;
		n++;
		gsp_err_clear(&now);
		if (!gsp_buf_ok(&line))
			gsp_err_set(&now, GSP_EREFUSED, "record on line %zu of stdin is too long", lineno);
		else if (gsp_record_parse(&r, text, line.len, &now) == -1)
			gsp_err_wrap(&now, "record on line %zu of stdin", lineno);
		else if (one(t, r.server, r.session, flags, fn, ctx, &now) == 0)
			continue;
		note_failure(err, &now);
		if (now.code == GSP_ECANCEL)
			break;
	}
	gsp_buf_release(&line);
	if (more == -1)
		note_failure(err, &now);
	else if (n == 0)
		return gsp_err_set(err, GSP_EREFUSED, "no record on stdin: did the tool before this one "
		    "in the pipe fail?");
	return err->code == GSP_OK ? 0 : -1;
}

int
tool_each(struct tool *t, char **names, size_t n, int flags, tool_fn *fn, void *ctx,
    struct gsp_err *err)
{
	struct gsp_err now = GSP_ERR_INIT;

	if ((flags & TOOL_RECORDS) != 0 && n == 1 && strcmp(names[0], "-") == 0)
		return each_record(t, flags, fn, ctx, err);
	for (size_t i = 0; i < n; i++) /* before the first of them is touched */
		if (strcmp(names[i], "-") == 0)
			return gsp_err_set(err, GSP_EUSAGE, (flags & TOOL_RECORDS) != 0
			        ? "'-' reads records from stdin and stands alone"
			        : "this tool takes names, not records");
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(names[i]);

		/* "vanilla/", as a shell completes it in servers/ */
		if (len > 1 && names[i][len - 1] == '/')
			names[i][len - 1] = '\0';
		gsp_err_clear(&now);
		if (one(t, names[i], NULL, flags, fn, ctx, &now) == -1) {
			note_failure(err, &now);
			if (now.code == GSP_ECANCEL)
				break;
		}
	}
	return err->code == GSP_OK ? 0 : -1;
}

int
tool_main(struct tool *t, int argc, char **argv, int flags, tool_fn *fn, void *ctx)
{
	struct gsp_err err = GSP_ERR_INIT;
	int rc = gsp_cli_parse(&t->cli, argc, argv, &err);

	if (rc == 0 &&
	    (tool_open(t, &err) == -1 ||
	        tool_each(t, t->cli.operands, t->cli.noperands, flags, fn, ctx, &err) == -1))
		rc = -1;
	tool_close(t);
	return gsp_cli_exit(rc < 0 ? -1 : 0, &err);
}

/* ---- after_save ---- */

static void
after_began(void *ctx, const char *server, uint64_t generation)
{
	const struct tool *t = ctx;

	if (!t->cli.quiet && !t->cli.progress_json)
		fprintf(stderr, "%s: everything else is done; running after_save for generation %" PRIu64
		    "\n", server, generation);
}

int
tool_end(struct tool *t, int rc, const struct gsp_err *err, const struct gsp_argv *after)
{
	const struct gsp_after_opts o = {t->cli.actor, after_began, t};
	bool cut = false;
	int status, fd;

	if (t->progress != NULL)
		gsp_progress_free(t->progress);
	t->progress = NULL;
	status = gsp_cli_exit(rc, err);
	/* that has closed stdout; a lock or a log must not get its number */
	fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (fd > STDERR_FILENO)
		close(fd);
	for (size_t i = 0; after != NULL && t->home != NULL && i < after->n && !cut; i++) {
		struct gsp_err why = GSP_ERR_INIT;

		if (gsp_after_run(t->home, after->v[i], &o, &why) == -1 && why.code != GSP_ECANCEL)
			gsp_cli_error("%s: %s; the save itself is home; 'gsp down %s' tries it again, "
			    "state/%s/after_save/log has its words", after->v[i], why.msg, after->v[i],
			    after->v[i]);
		cut = why.code == GSP_ECANCEL;
	}
	tool_close(t);
	/* a signal that found everything done and said has stopped nothing */
	if (cut)
		gsp_sig_die(gsp_sig_pending());
	return status;
}

/* ---- children ---- */

/* The child's own error line without its name; progress lines are relayed. */
struct relay {
	struct tool *t;
	char last[GSP_ERR_MAX];
};

static void
relay_line(struct relay *r, const char *line, const char *name)
{
	size_t len = strlen(name);

	if (gsp_progress_relay(r->t->progress, line))
		return;
	if (strncmp(line, name, len) == 0 && strncmp(line + len, ": ", 2) == 0) {
		if (r->last[0] != '\0')
			gsp_cli_error("%s", r->last);
		snprintf(r->last, sizeof(r->last), "%s", line + len + 2);
	} else if (line[0] != '\0')
		fprintf(stderr, "%s\n", line);
}

/* Cut what came into lines; at the end what is left is one, too. */
static void
relay_lines(struct relay *r, struct gsp_buf *in, const char *name, bool end)
{
	size_t from = 0;
	char *nl;

	while (from < in->len && (nl = memchr(in->data + from, '\n', in->len - from)) != NULL) {
		*nl = '\0';
		relay_line(r, in->data + from, name);
		from = (size_t)(nl + 1 - in->data);
	}
	gsp_buf_consume(in, from);
	/* a line without an end is passed on in pieces */
	if (in->len > 0 && (end || in->len > LINE_MAX_BYTES)) {
		relay_line(r, in->data, name);
		gsp_buf_reset(in);
	}
}

/* A signal stops the child as it stops us: SIGTERM, since a terminal has sent it SIGINT already,
 * and a second one would end it at once; a moment later, lest ours overtakes the terminal's and
 * makes that one the second. -1: told; else milliseconds until it is time. */
static int
tell_child(struct gsp_proc *p, int64_t *noticed_ms)
{
	int64_t now = gsp_now_ms(), wait_ms = gsp_sig_pending() == SIGINT ? TERMINAL_MS : 0;

	if (*noticed_ms == 0)
		*noticed_ms = now;
	if (now - *noticed_ms < wait_ms)
		return (int)(*noticed_ms + wait_ms - now);
	gsp_proc_kill(p, SIGTERM);
	return -1;
}

/* Until it closes its stderr. */
static void
relay_all(struct relay *r, struct gsp_proc *p, const char *name)
{
	struct gsp_buf in = GSP_BUF_INIT(LINE_MAX_BYTES + 8192);
	int64_t noticed_ms = 0;
	int tell_ms = -1;
	bool told = false;
	char block[4096];
	ssize_t n;

	for (;;) {
		bool asked = gsp_sig_pending() != 0;
		struct pollfd fds[2] = {{p->err_fd, POLLIN, 0}, {asked ? -1 : gsp_sig_fd(), POLLIN, 0}};

		if (asked && !told)
			told = (tell_ms = tell_child(p, &noticed_ms)) == -1;
		if (poll(fds, 2, tell_ms >= 0 ? tell_ms : gsp_sig_idle(-1)) == -1 && errno != EINTR)
			break;
		if (fds[0].revents == 0)
			continue;
		n = read(p->err_fd, block, sizeof(block));
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		gsp_buf_add(&in, block, (size_t)n);
		relay_lines(r, &in, name, false);
	}
	relay_lines(r, &in, name, true);
	gsp_buf_release(&in);
}

int
tool_argv(struct gsp_argv *argv, const struct gsp_home *h, const char *tool, const char *actor,
    struct gsp_err *err)
{
	struct gsp_buf dir = GSP_BUF_INIT(4096);
	int rc = gsp_io_self_dir(&dir, err);

	if (rc == 0) {
		gsp_argv_pushf(argv, "%s/%s", gsp_buf_str(&dir), tool);
		gsp_argv_push(argv, "-C");
		gsp_argv_push(argv, h->dir);
		gsp_argv_pushf(argv, "--actor=%s", actor);
	}
	gsp_buf_release(&dir);
	return rc;
}

static int
child_argv(struct gsp_argv *a, struct tool *t, const struct gsp_argv *argv, struct gsp_err *err)
{
	if (tool_argv(a, t->home, argv->v[0], t->cli.actor, err) == -1)
		return -1;
	gsp_argv_push(a, "--progress=json");
	if (t->cli.verbose > 0)
		gsp_argv_push(a, t->cli.verbose > 1 ? "-vv" : "-v");
	for (size_t i = 1; i < argv->n; i++)
		gsp_argv_push(a, argv->v[i]);
	return gsp_argv_ok(a) ? 0 : gsp_err_set(err, GSP_ESYS, "out of memory");
}

int
tool_child(struct tool *t, struct gsp_job *job, const struct gsp_argv *argv,
    struct gsp_err *err)
{
	struct gsp_argv a = GSP_ARGV_INIT;
	struct gsp_proc p = GSP_PROC_INIT;
	struct relay r = {t, ""};
	char lock[40];
	bool cloud = strcmp(argv->v[0], "gsp-provision") == 0 || strcmp(argv->v[0], "gsp-teardown") == 0;
	/* only these two speak to the API; empty is as good as none */
	const char *env[] = {"GSP_STEP_OF_PARENT=1", lock, cloud ? NULL : "LINODE_TOKEN=", NULL};
	int status = 0, rc = -1;

	if (gsp_sig_check(err) == -1 || child_argv(&a, t, argv, err) == -1)
		goto out;
	snprintf(lock, sizeof(lock), "%s=%d", GSP_LOCK_ENV, job->lock_fd);
	p.argv = (const char *const *)a.v;
	p.env = env;
	p.in = GSP_PROC_NULL;
	p.out = GSP_PROC_NULL;
	p.err = GSP_PROC_PIPE;
	p.keep_fd = job->lock_fd;
	p.with_us = true;
	if (gsp_proc_start(&p, err) == -1)
		goto out;
	relay_all(&r, &p, argv->v[0]);
	if (gsp_proc_wait(&p, &status, err) == -1 || gsp_sig_check(err) == -1)
		goto out;
	if (status != 0) {
		gsp_err_set(err, gsp_cli_status_code(status), "%s",
		    r.last[0] != '\0' ? r.last : "a step failed without a reason");
		if (r.last[0] == '\0')
			gsp_err_wrap(err, "%s (status %d)", argv->v[0], status);
		if (err->code == GSP_ESCRIPT)
			err->detail = status;
		goto out;
	}
	rc = gsp_job_reload(job, err);
out:
	gsp_argv_release(&a);
	return rc;
}

int
tool_step(struct tool *t, struct gsp_job *job, struct gsp_err *err, const char *name, ...)
{
	struct gsp_argv argv = GSP_ARGV_INIT;
	const char *word;
	va_list ap;
	int rc;

	gsp_argv_push(&argv, name);
	va_start(ap, name);
	while ((word = va_arg(ap, const char *)) != NULL)
		gsp_argv_push(&argv, word);
	va_end(ap);
	rc = gsp_argv_ok(&argv) ? tool_child(t, job, &argv, err)
	                        : gsp_err_set(err, GSP_ESYS, "out of memory");
	gsp_argv_release(&argv);
	return rc;
}
