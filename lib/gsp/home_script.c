#include "gsp/home_script.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/num.h"
#include "sys/io.h"
#include "sys/proc.h"
#include "sys/sig.h"

#include "base/banned.h"

#define LOG_MAX   (512 * 1024) /* bytes, twice: log and log.1 */
#define LOOK_MS   100          /* how often we look whether it has ended */
#define KILL_MS   10000        /* between TERM and KILL */

struct child {
	const struct gsp_home_script *c;
	struct gsp_proc p;
	pid_t group;
	int out;     /* we read what it prints here; -1 at the end */
	int log;
	size_t logged;
};

static int
open_log(struct child *x, struct gsp_err *err)
{
	char when[GSP_CLOCK_TEXT], line[400];
	int n;

	x->log = open(x->c->log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (x->log == -1)
		return gsp_err_sys(err, GSP_EIO, errno, "cannot open '%s'", x->c->log);
	n = snprintf(line, sizeof(line), "%s gsp: %.300s\n",
	    gsp_clock_format(when, sizeof(when), gsp_wall_s()), x->c->title);
	return gsp_io_write_all(x->log, line, (size_t)n, x->c->log, err);
}

/* The end of what it says matters most: the beginning goes aside, and is lost in the end. */
static void
turn_log(struct child *x)
{
	struct gsp_buf old = GSP_BUF_INIT(8192);
	int fd;

	gsp_buf_addf(&old, "%s.1", x->c->log);
	if (gsp_buf_ok(&old) && rename(x->c->log, gsp_buf_str(&old)) == 0 &&
	    (fd = open(x->c->log, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) != -1) {
		close(x->log);
		x->log = fd;
	} else if (ftruncate(x->log, 0) == 0) {
		(void)lseek(x->log, 0, SEEK_SET);
	}
	x->logged = 0;
	gsp_buf_release(&old);
}

/* One read; a log that cannot be written is no reason to stop the script. */
static void
relay(struct child *x)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	char block[16384];
	ssize_t n = read(x->out, block, sizeof(block));

	if (n == -1 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		close(x->out);
		x->out = -1;
		return;
	}
	if (x->logged + (size_t)n > LOG_MAX)
		turn_log(x);
	x->logged += (size_t)n;
	(void)gsp_io_write_all(x->log, block, (size_t)n, x->c->log, &ignored);
}

static void
add_ours(struct gsp_argv *env, const char *name, const char *otherwise)
{
	const char *v = getenv(name);

	if (v == NULL || v[0] == '\0')
		v = otherwise;
	if (v != NULL)
		gsp_argv_pushf(env, "%s=%s", name, v);
}

static void
make_env(struct gsp_argv *env, const struct gsp_home_script *c)
{
	for (size_t i = 0; i < c->env->n; i++)
		gsp_argv_push(env, c->env->v[i]);
	gsp_argv_pushf(env, "GSP_HOME=%s", c->home);
	add_ours(env, "PATH", "/usr/local/bin:/usr/bin:/bin");
	add_ours(env, "HOME", NULL);
	add_ours(env, "LANG", "C.UTF-8");
}

static int
start(struct child *x, struct gsp_err *err)
{
	static const struct gsp_proc init = GSP_PROC_INIT;
	const char *argv[] = {x->c->script, x->c->arg, NULL};
	struct gsp_argv env = GSP_ARGV_INIT;
	int fds[2] = {-1, -1}, rc = -1;

	make_env(&env, x->c);
	if (!gsp_argv_ok(&env))
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	if (pipe2(fds, O_CLOEXEC) == -1) {
		gsp_err_sys(err, GSP_ESYS, errno, "cannot make a pipe");
		goto out;
	}
	(void)fcntl(fds[0], F_SETFL, O_NONBLOCK);
	x->p = init;
	x->p.argv = argv;
	x->p.env = (const char *const *)env.v;
	x->p.clean_env = true;
	x->p.cwd = x->c->home;
	x->p.in = GSP_PROC_NULL;
	x->p.out = x->p.err = fds[1];
	x->p.keep_fd = x->c->lock_fd;
	x->p.new_group = true;
	rc = gsp_proc_start(&x->p, err);
	x->p.argv = NULL;
	if (rc == 0) {
		x->group = x->p.pid;
		x->out = fds[0];
		fds[0] = -1;
	}
out:
	for (int i = 0; i < 2; i++)
		if (fds[i] != -1)
			close(fds[i]);
	gsp_argv_release(&env);
	return rc;
}

/* Until it ends by itself, or was ended: *status, and whether it was over its time. */
static void
watch(struct child *x, int *status, bool *late)
{
	int64_t next = gsp_now_ms() + x->c->limit_s * 1000;
	struct gsp_err ignored = GSP_ERR_INIT;
	bool told = false;
	int signo = SIGTERM;

	*late = false;
	while (!gsp_proc_poll(&x->p, status)) {
		struct pollfd fds[2] = {{x->out, POLLIN, 0}, {told ? -1 : gsp_sig_fd(), POLLIN, 0}};

		bool stop = !told && gsp_sig_check(&ignored) == -1;

		if (gsp_now_ms() >= next || stop) {
			*late = *late || (!told && !stop);
			told = true;
			(void)kill(-x->group, signo);
			signo = SIGKILL;
			next = gsp_now_ms() + KILL_MS;
			continue;
		}
		(void)poll(fds, 2, gsp_sig_idle(LOOK_MS));
		if (fds[0].revents != 0)
			relay(x);
	}
	if (told)
		(void)kill(-x->group, SIGKILL); /* what did not listen to the first one */
	for (int i = 0; i < 64 && x->out >= 0; i++) { /* what is in the pipe still, and no more */
		struct pollfd last = {x->out, POLLIN, 0};

		if (poll(&last, 1, 0) <= 0)
			break;
		relay(x);
	}
}

static int
judge(const struct child *x, int status, bool late, struct gsp_err *err)
{
	char span[48];

	if (gsp_sig_pending() != 0 && gsp_sig_check(err) == -1)
		return -1;
	if (late)
		return gsp_err_set(err, GSP_ETEMP, "%s did not end within %s", x->c->name,
		    gsp_num_span(span, sizeof(span), x->c->limit_s));
	if (status == 0)
		return 0;
	if (status > 128)
		return gsp_err_set(err, GSP_ETEMP, "%s was ended by signal %d", x->c->name, status - 128);
	gsp_err_set(err, GSP_ESCRIPT, "%s failed with status %d", x->c->name, status);
	err->detail = status;
	return -1;
}

int
gsp_home_script_run(const struct gsp_home_script *c, struct gsp_err *err)
{
	struct child x;
	int status = 0, rc = -1;
	bool late;

	memset(&x, 0, sizeof(x));
	x.c = c;
	x.out = x.log = -1;
	if (open_log(&x, err) == -1 || start(&x, err) == -1)
		goto out;
	watch(&x, &status, &late);
	rc = judge(&x, status, late, err);
out:
	if (x.out >= 0)
		close(x.out);
	if (x.log >= 0)
		close(x.log);
	return rc;
}
