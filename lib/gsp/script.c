#include "gsp/script.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/num.h"
#include "gsp/run.h"
#include "sys/io.h"

#include "base/banned.h"

#define SCRIPT_MAX (4 * 1024 * 1024)
#define RELINK_MS  120000

/* One script on its way: what was read of its log, and how it ended. */
struct follow {
	const struct gsp_script *s;
	char id[64];
	uint64_t offset;  /* of the log, after what has been delivered */
	bool headed;      /* the line "run ID OFFSET" has come */
	struct gsp_buf head;
	char ctl[1024];   /* stderr of the agent, a line at a time */
	size_t ctl_len;
	char why[512];    /* its last line that was no control line */
	bool ended;
	struct gsp_script_end *end;
};

static void
keep_tail(struct gsp_script_end *e, const char *data, size_t len)
{
	size_t have = strlen(e->tail), room = sizeof(e->tail) - 1, drop;

	if (len > room) {
		data += len - room;
		len = room;
	}
	if (have + len > room) {
		drop = have + len - room;
		memmove(e->tail, e->tail + drop, have - drop);
		have -= drop;
	}
	memcpy(e->tail + have, data, len);
	e->tail[have + len] = '\0';
}

static void
deliver(struct follow *f, const char *data, size_t len)
{
	f->offset += len;
	keep_tail(f->end, data, len);
	if (f->s->output != NULL && len > 0)
		f->s->output(f->s->output_ctx, data, len);
}

static int
on_out(void *ctx, const char *data, size_t len, struct gsp_err *err)
{
	struct follow *f = ctx;
	const char *nl;
	char id[64];

	if (f->headed) {
		deliver(f, data, len);
		return 0;
	}
	nl = memchr(data, '\n', len);
	gsp_buf_add(&f->head, data, nl == NULL ? len : (size_t)(nl - data));
	if (!gsp_buf_ok(&f->head))
		return gsp_err_set(err, GSP_EPROTO, "the machine's answer has no first line");
	if (nl == NULL)
		return 0;
	if (sscanf(gsp_buf_str(&f->head), "run %63s %" SCNu64, id, &f->offset) != 2)
		return gsp_err_set(err, GSP_EPROTO, "unexpected answer '%.80s'",
		    gsp_buf_str(&f->head));
	snprintf(f->id, sizeof(f->id), "%s", id);
	f->headed = true;
	deliver(f, nl + 1, len - (size_t)(nl + 1 - data));
	return 0;
}

static void
control(struct follow *f, const char *line)
{
	struct gsp_script_end *e = f->end;

	if (strncmp(line, "@end ", 5) != 0) {
		if (line[0] != '\0')
			snprintf(f->why, sizeof(f->why), "%.500s", line);
		return;
	}
	line += 5;
	f->ended = true;
	if (sscanf(line, "exit %d", &e->status) == 1)
		e->how = GSP_SCRIPT_EXIT;
	else if (sscanf(line, "signal %15s", e->signame) == 1)
		e->how = GSP_SCRIPT_SIGNAL;
	else if (strcmp(line, "timeout") == 0)
		e->how = GSP_SCRIPT_TIMEOUT;
	else
		e->how = GSP_SCRIPT_LOST;
}

static int
on_err(void *ctx, const char *data, size_t len, struct gsp_err *err)
{
	struct follow *f = ctx;

	(void)err;
	for (size_t i = 0; i < len; i++) {
		if (data[i] != '\n') {
			if (f->ctl_len + 1 < sizeof(f->ctl))
				f->ctl[f->ctl_len++] = data[i];
			continue;
		}
		f->ctl[f->ctl_len] = '\0';
		f->ctl_len = 0;
		control(f, f->ctl);
	}
	return 0;
}

/* With Windows line ends the kernel looks for an interpreter whose name ends in a carriage return,
 * and says no more than "No such file". */
static int
check_first_line(const char *path, const char *text, size_t len, struct gsp_err *err)
{
	const char *nl = memchr(text, '\n', len);

	if (nl == NULL || nl == text || nl[-1] != '\r' ||
	    memchr(text, '\0', (size_t)(nl - text)) != NULL)
		return 0;
	return gsp_err_set(err, GSP_ECONFIG, "'%s': line 1 ends in a carriage return (Windows line "
	    "ends); run: sed -i 's/\\r$//' '%s'", path, path);
}

int
gsp_script_check(const char *path, struct gsp_err *err)
{
	char head[1024];
	struct stat st;
	ssize_t n;
	int fd;

	if (stat(path, &st) == -1)
		return gsp_err_sys(err, GSP_ECONFIG, errno, "cannot find the script '%s'", path);
	if (!S_ISREG(st.st_mode) || (st.st_mode & 0111) == 0)
		return gsp_err_set(err, GSP_ECONFIG, "'%s' is not an executable file; run: chmod +x '%s'",
		    path, path);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)) == -1)
		return gsp_err_sys(err, GSP_ECONFIG, errno, "cannot open the script '%s'", path);
	do
		n = read(fd, head, sizeof(head));
	while (n == -1 && errno == EINTR);
	if (n == -1)
		gsp_err_sys(err, GSP_EIO, errno, "cannot read the script '%s'", path);
	close(fd);
	return n == -1 ? -1 : check_first_line(path, head, (size_t)n, err);
}

static int
read_script(struct gsp_job *job, const char *name, struct gsp_buf *text, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct stat st;
	int rc = -1;

	if (strchr(name, '/') != NULL || name[0] == '.' || name[0] == '-' || name[0] == '\0') {
		gsp_err_set(err, GSP_EUSAGE, "'%s' is no script's name", name);
		goto out;
	}
	gsp_home_server_path(job->home, &path, job->server, name);
	if (stat(gsp_buf_str(&path), &st) == -1) {
		gsp_err_sys(err, GSP_ECONFIG, errno, "server '%s' has no script '%s'", job->server, name);
		goto out;
	}
	if (gsp_script_check(gsp_buf_str(&path), err) == 0)
		rc = gsp_io_read_file(text, gsp_buf_str(&path), err);
out:
	gsp_buf_release(&path);
	return rc;
}

static void
add_env(struct gsp_argv *op, struct gsp_job *job)
{
	const struct gsp_session *s = job->session;
	struct gsp_buf ports = GSP_BUF_INIT(4096);

	gsp_run_ports(&ports, s->conf);
	gsp_argv_pushf(op, "HOME=%s", s->conf->dir);
	gsp_argv_push(op, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	gsp_argv_push(op, "LANG=C.UTF-8");
	gsp_argv_pushf(op, "GSP_SERVER=%s", s->server);
	gsp_argv_pushf(op, "GSP_DIR=%s", s->conf->dir);
	gsp_argv_push(op, "GSP_OPT=/opt/gsp");
	gsp_argv_pushf(op, "GSP_SESSION=%s", s->id);
	gsp_argv_pushf(op, "GSP_GENERATION=%" PRIu64, s->base);
	gsp_argv_pushf(op, "GSP_PORTS=%s", gsp_buf_str(&ports));
	for (size_t i = 0; i < s->conf->env.n; i++)
		gsp_argv_push(op, s->conf->env.v[i]);
	gsp_buf_release(&ports);
}

static int
begin(struct gsp_job *job, struct follow *f, const struct gsp_buf *text, struct gsp_err *err)
{
	const struct gsp_server_conf *c = job->session->conf;
	bool as_root = strcmp(f->s->name, "bootstrap") == 0;
	struct gsp_argv op = GSP_ARGV_INIT;
	struct gsp_ssh_io io;
	int rc, status = 0;

	gsp_argv_push(&op, "run");
	/* with its length, so that a cut link never leaves half a script to be believed */
	gsp_argv_pushf(&op, "%s:%zu", f->s->name, text->len);
	gsp_argv_pushf(&op, "%" PRId64, f->s->timeout_s);
	gsp_argv_push(&op, as_root ? "root" : c->user);
	gsp_argv_push(&op, as_root ? "/" : c->dir);
	add_env(&op, job);
	gsp_argv_push(&op, "--");
	for (const char *const *a = f->s->args; a != NULL && *a != NULL; a++)
		gsp_argv_push(&op, *a);
	memset(&io, 0, sizeof(io));
	io.in = text->data;
	io.in_len = text->len;
	io.out = on_out;
	io.out_ctx = f;
	io.errs = on_err;
	io.errs_ctx = f;
	io.deadline_ms = f->s->deadline_ms;
	rc = gsp_remote_call(job->remote, &op, &io, &status, err);
	gsp_argv_release(&op);
	if (rc == 0 && !f->ended && status != 0)
		return gsp_err_set(err, status == 75 ? GSP_ETEMP : status == 74 ? GSP_EIO : GSP_EREFUSED,
		    "cannot run '%s' on the machine: %s", f->s->name,
		    f->why[0] != '\0' ? f->why : "no reason given");
	return rc;
}

/* The run of this script that is going on there, left by a process of ours that died. */
static int
find_running(struct gsp_job *job, struct follow *f, struct gsp_err *err)
{
	struct gsp_buf text = GSP_BUF_INIT(1024 * 1024);
	struct gsp_argv op = GSP_ARGV_INIT;
	char id[64], name[128], state[16];
	uint64_t offset;
	int rc;

	gsp_argv_push(&op, "runs");
	rc = gsp_remote_ask(job->remote, &op, NULL, 0, &text, NULL, err);
	for (const char *p = gsp_buf_str(&text); rc == 0 && *p != '\0';) {
		if (sscanf(p, "run %63s %127s %" SCNu64 " %15s", id, name, &offset, state) == 4 &&
		    strcmp(name, f->s->name) == 0 && strcmp(state, "running") == 0) {
			snprintf(f->id, sizeof(f->id), "%s", id);
			f->offset = offset;
			f->headed = true;
		}
		p += strcspn(p, "\n");
		p += *p == '\n';
	}
	gsp_argv_release(&op);
	gsp_buf_release(&text);
	return rc;
}

/* Is what runs there what we would run? */
static int
same_text(struct gsp_job *job, const struct follow *f, const struct gsp_buf *text, bool *same,
    struct gsp_err *err)
{
	struct gsp_buf there = GSP_BUF_INIT(SCRIPT_MAX);
	struct gsp_argv op = GSP_ARGV_INIT;
	int rc;

	gsp_argv_push(&op, "script");
	gsp_argv_push(&op, f->id);
	rc = gsp_remote_ask(job->remote, &op, NULL, 0, &there, NULL, err);
	*same = rc == 0 && there.len == text->len &&
	    (text->len == 0 || memcmp(there.data, text->data, text->len) == 0);
	gsp_argv_release(&op);
	gsp_buf_release(&there);
	return rc;
}

static int
end_running(struct gsp_job *job, const struct follow *f, struct gsp_err *err)
{
	struct gsp_buf out = GSP_BUF_INIT(4096);
	struct gsp_argv op = GSP_ARGV_INIT;
	int rc;

	gsp_argv_push(&op, "end");
	gsp_argv_push(&op, f->id);
	rc = gsp_remote_ask(job->remote, &op, NULL, 0, &out, NULL, err);
	gsp_argv_release(&op);
	gsp_buf_release(&out);
	return rc;
}

/* One of that name runs there already, and we hold the lock: a process of ours left it. Follow
 * it, unless it was changed at home since, as by somebody who mends what did not come to an end. */
static int
take_up(struct gsp_job *job, struct follow *f, const struct gsp_buf *text, struct gsp_err *err)
{
	struct gsp_err why = GSP_ERR_INIT;
	bool same = false;

	if (find_running(job, f, &why) == -1 || !f->headed)
		return -1;
	if (same_text(job, f, text, &same, &why) == -1 || same) {
		gsp_steps_warn(job->steps, job->server, "'%s' is already running there; following it",
		    f->s->name);
		return -1;
	}
	gsp_steps_warn(job->steps, job->server, "'%s' was changed at home, and the old one still runs "
	    "there; ending that", f->s->name);
	f->headed = false;
	if (end_running(job, f, err) == -1)
		return -1;
	gsp_err_clear(err);
	gsp_buf_reset(&f->head);
	f->why[0] = '\0';
	return begin(job, f, text, err);
}

int
gsp_script_running(struct gsp_job *job, const char *name, bool *yes, struct gsp_err *err)
{
	const struct gsp_script s = {.name = name};
	struct follow f;

	memset(&f, 0, sizeof(f));
	f.s = &s;
	if (find_running(job, &f, err) == -1)
		return -1;
	*yes = f.headed;
	return 0;
}

static int
reconnect(struct gsp_job *job, int64_t deadline_ms, struct gsp_err *err)
{
	int64_t until = gsp_now_ms() + RELINK_MS;

	if (deadline_ms != 0 && deadline_ms < until)
		until = deadline_ms;
	gsp_job_hangup(job);
	return gsp_remote_open(&job->remote, job->home, job->session, until, err);
}

static bool
too_late(const struct gsp_script *s)
{
	return s->deadline_ms != 0 && gsp_now_ms() >= s->deadline_ms;
}

static int
again(struct gsp_job *job, struct follow *f, struct gsp_err *err)
{
	struct gsp_argv op = GSP_ARGV_INIT;
	struct gsp_ssh_io io;
	int rc, status = 0;

	f->ctl_len = 0;
	gsp_argv_push(&op, "follow");
	gsp_argv_push(&op, f->id);
	gsp_argv_pushf(&op, "%" PRIu64, f->offset);
	memset(&io, 0, sizeof(io));
	io.out = on_out;
	io.out_ctx = f;
	io.errs = on_err;
	io.errs_ctx = f;
	io.deadline_ms = f->s->deadline_ms;
	rc = gsp_remote_call(job->remote, &op, &io, &status, err);
	gsp_argv_release(&op);
	if (rc == 0 && !f->ended && status != 0)
		return gsp_err_set(err, GSP_EREFUSED, "'%s' on the machine cannot be followed: %s",
		    f->s->name, f->why[0] != '\0' ? f->why : "no reason given");
	return rc;
}

int
gsp_script_run(struct gsp_job *job, const struct gsp_script *s, struct gsp_script_end *end,
    struct gsp_err *err)
{
	struct gsp_buf text = GSP_BUF_INIT(SCRIPT_MAX);
	struct follow f;
	int rc = -1, tries = 0;

	memset(&f, 0, sizeof(f));
	memset(end, 0, sizeof(*end));
	gsp_buf_init(&f.head, 256);
	f.s = s;
	f.end = end;
	if (read_script(job, s->name, &text, err) == -1 || gsp_job_remote(job, err) == -1)
		goto out;
	rc = begin(job, &f, &text, err);
	/* without our lock it is somebody else's, maybe with other words to say */
	if (rc == -1 && err->code == GSP_ETEMP && !f.headed && job->lock_fd >= 0 &&
	    s->deadline_ms == 0)
		rc = take_up(job, &f, &text, err);
	/* once it has an id it runs without us: a cut link is only a pause in the log */
	while (f.headed && !f.ended && !too_late(s) &&
	    (rc == 0 || err->code == GSP_EIO || err->code == GSP_ETEMP) && tries++ < 20) {
		if (tries > 1 || f.head.len > 0)
			gsp_steps_warn(job->steps, job->server, "the link was cut; '%s' goes on there, "
			    "connecting again", s->name);
		if (reconnect(job, s->deadline_ms, err) == -1) {
			rc = gsp_err_hint(err, "'%s' may still run there", s->name);
			break;
		}
		rc = again(job, &f, err);
	}
	if (rc == 0 && !f.ended)
		rc = gsp_err_set(err, too_late(s) ? GSP_ETEMP : GSP_EIO,
		    "'%s' was followed, but its end never came", s->name);
	if (f.ended) {
		gsp_err_clear(err); /* of links that were cut, and mended */
		rc = 0;
	}
	if (rc == -1 && err->code == GSP_ECANCEL && f.headed && !s->asks)
		gsp_steps_warn(job->steps, job->server, "'%s' goes on there; the same command again "
		    "follows it", s->name);
out:
	gsp_buf_release(&f.head);
	gsp_buf_release(&text);
	return rc;
}
