/* gsp/notice_send, part two: a command of the owner's. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "gsp/config_parts.h"
#include "gsp/notice_send.h"
#include "sys/io.h"
#include "sys/proc.h"
#include "sys/sig.h"

#include "base/banned.h"

#define LIMIT_MS 30000
#define KILL_MS 3000
#define LOOK_MS 50
#define OUTPUT_MAX 8192 /* bytes of what it prints that are kept */
#define TRY_AGAIN 75    /* as with gsp's own tools */

struct command {
	struct gsp_proc p;
	pid_t group;
	int out;            /* -1 at its end */
	struct gsp_buf said;
};

static void
make_env(struct gsp_argv *env, const struct gsp_home *h, const struct gsp_notice_item *it)
{
	/* empty is as good as none */
	gsp_argv_push(env, "LINODE_TOKEN=");
	gsp_argv_push(env, "GSP_LOCK_FD=");
	gsp_argv_pushf(env, "GSP_EVENT=%s", gsp_notice_item_event(it));
	gsp_argv_pushf(env, "GSP_SERVER=%s", it->server);
	gsp_argv_pushf(env, "GSP_SESSION=%s", it->session);
	gsp_argv_pushf(env, "GSP_TEXT=%s", gsp_buf_str(&it->text));
	gsp_argv_pushf(env, "GSP_HOME=%s", h->dir);
}

static int
start(struct command *c, const struct gsp_home *h, const struct gsp_notify_target *t,
    const struct gsp_notice_item *it, struct gsp_err *err)
{
	static const struct gsp_proc init = GSP_PROC_INIT;
	struct gsp_argv argv = GSP_ARGV_INIT, env = GSP_ARGV_INIT;
	struct gsp_buf program = GSP_BUF_INIT(GSP_PATH_BUF);
	int fds[2] = {-1, -1}, rc = -1;

	make_env(&env, h, it);
	/* a path, not a name for PATH: as in token_command */
	if (strchr(t->command.v[0], '/') != NULL)
		gsp_home_expand(&program, h->dir, t->command.v[0]);
	else
		gsp_buf_adds(&program, t->command.v[0]);
	gsp_argv_push(&argv, gsp_buf_str(&program));
	for (size_t i = 1; i < t->command.n; i++)
		gsp_argv_push(&argv, t->command.v[i]);
	if (!gsp_argv_ok(&argv) || !gsp_argv_ok(&env)) {
		gsp_err_set(err, GSP_ESYS, "out of memory");
		goto out;
	}
	if (pipe2(fds, O_CLOEXEC) == -1) {
		gsp_err_sys(err, GSP_ESYS, errno, "cannot make a pipe");
		goto out;
	}
	(void)fcntl(fds[0], F_SETFL, O_NONBLOCK);
	c->p = init;
	c->p.argv = (const char *const *)argv.v;
	c->p.env = (const char *const *)env.v;
	c->p.cwd = h->dir;
	c->p.in = GSP_PROC_PIPE;
	c->p.out = c->p.err = fds[1];
	c->p.new_group = true;
	rc = gsp_proc_start(&c->p, err);
	c->p.argv = NULL;
	c->p.env = NULL;
	if (rc == 0) {
		c->group = c->p.pid;
		c->out = fds[0];
		fds[0] = -1;
	}
out:
	for (int i = 0; i < 2; i++)
		if (fds[i] != -1)
			close(fds[i]);
	gsp_buf_release(&program);
	gsp_argv_release(&argv);
	gsp_argv_release(&env);
	return rc;
}

/* The notice fits into the pipe, whoever reads it or not. */
static void
feed(struct command *c, const struct gsp_notice_item *it)
{
	struct gsp_err ignored = GSP_ERR_INIT;

	(void)fcntl(c->p.in_fd, F_SETFL, O_NONBLOCK);
	if (gsp_io_write_all(c->p.in_fd, it->json.data, it->json.len, "the command", &ignored) == 0)
		(void)gsp_io_write_all(c->p.in_fd, "\n", 1, "the command", &ignored);
	close(c->p.in_fd);
	c->p.in_fd = -1;
}

static void
read_some(struct command *c)
{
	char block[4096];
	ssize_t n = read(c->out, block, sizeof(block));

	if (n == -1 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		close(c->out);
		c->out = -1;
		return;
	}
	for (ssize_t i = 0; i < n && c->said.len < OUTPUT_MAX; i++)
		gsp_buf_addc(&c->said, block[i] != '\0' ? block[i] : '?');
}

/* Until it ends, or was ended: 0 its status is in *status; else why not. */
static int
watch(struct command *c, int *status, struct gsp_err *err)
{
	int64_t next = gsp_now_ms() + LIMIT_MS;
	int signo = SIGTERM, rc = 0;

	while (!gsp_proc_poll(&c->p, status)) {
		struct pollfd fds[2] = {{c->out, POLLIN, 0}, {rc == -1 ? -1 : gsp_sig_fd(), POLLIN, 0}};
		bool asked = rc == 0 && gsp_sig_check(err) == -1;

		if (asked || gsp_now_ms() >= next) {
			if (!asked && rc == 0)
				gsp_err_set(err, GSP_ETEMP, "it did not end within %d s", LIMIT_MS / 1000);
			rc = -1;
			(void)kill(-c->group, signo);
			signo = SIGKILL;
			next = gsp_now_ms() + KILL_MS;
			continue;
		}
		(void)poll(fds, 2, gsp_sig_idle(LOOK_MS));
		if (fds[0].revents != 0)
			read_some(c);
	}
	while (c->out >= 0 && c->said.len < OUTPUT_MAX) { /* what is in the pipe still, and no more */
		struct pollfd last = {c->out, POLLIN, 0};

		if (poll(&last, 1, 0) <= 0)
			break;
		read_some(c);
	}
	if (rc == -1)
		(void)kill(-c->group, SIGKILL);
	return rc;
}

/* Ended from outside, not by itself: that says nothing about the next time. */
static bool
was_killed(int status)
{
	return status == 128 + SIGKILL || status == 128 + SIGTERM || status == 128 + SIGINT ||
	    status == 128 + SIGHUP;
}

enum gsp_notice_outcome
gsp_notice_command(const struct gsp_home *h, const struct gsp_notify_target *t,
    const struct gsp_notice_item *it, struct gsp_err *err)
{
	struct command c = {.out = -1, .said = GSP_BUF_INIT(OUTPUT_MAX + 2)};
	enum gsp_notice_outcome what;
	int status = 0;

	if (start(&c, h, t, it, err) == -1)
		return GSP_NOTICE_REFUSED;
	feed(&c, it);
	if (watch(&c, &status, err) == -1)
		what = err->code == GSP_ECANCEL ? GSP_NOTICE_CANCEL : GSP_NOTICE_REFUSED;
	else if (status == 0)
		what = GSP_NOTICE_SENT;
	else {
		what = status == TRY_AGAIN || was_killed(status) ? GSP_NOTICE_LATER : GSP_NOTICE_REFUSED;
		gsp_err_set(err, what == GSP_NOTICE_LATER ? GSP_ETEMP : GSP_ESYS, "it ended with status %d",
		    status);
	}
	if (c.said.len > 0)
		gsp_notice_log(h, t->id, "the command said: %.1500s", gsp_buf_str(&c.said));
	if (c.out >= 0)
		close(c.out);
	gsp_buf_release(&c.said);
	return what;
}
