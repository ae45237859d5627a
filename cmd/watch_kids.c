#include "watch_kids.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "gsp/job.h"
#include "sys/io.h"
#include "sys/sig.h"

#include "base/banned.h"

#define GRACE_MS 2000
#define LOOK_MS  100          /* how often we look whether one has ended */
#define LOG_MAX  (256 * 1024) /* bytes, twice: watch.log and watch.log.1 */

int
kid_start(struct kid *k, const struct gsp_argv *argv, const char *const *env, int64_t limit_s,
    struct gsp_err *err)
{
	static const struct gsp_proc init = GSP_PROC_INIT;
	int rc;

	memset(k, 0, sizeof(*k));
	k->p = init;
	gsp_buf_init(&k->out, KID_OUT_MAX);
	k->deadline_ms = gsp_now_ms() + limit_s * 1000;
	k->signo = SIGTERM;
	if (!gsp_argv_ok(argv))
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	k->p.argv = (const char *const *)argv->v;
	k->p.env = env;
	k->p.in = GSP_PROC_NULL;
	k->p.out = GSP_PROC_PIPE;
	k->p.new_group = true;
	k->p.with_us = true;
	rc = gsp_proc_start(&k->p, err);
	k->p.argv = k->p.env = NULL; /* the caller's */
	if (rc == 0)
		(void)fcntl(k->p.out_fd, F_SETFL, O_NONBLOCK);
	k->done = rc == -1;
	return rc;
}

/* What is there now; more than it may say is dropped, or it would wait for ever for us to read. */
static void
read_kid(struct kid *k)
{
	char block[8192];
	ssize_t n;

	while (k->p.out_fd >= 0 && (n = read(k->p.out_fd, block, sizeof(block))) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return;
		gsp_buf_add(&k->out, block, (size_t)n);
	}
	if (k->p.out_fd >= 0)
		close(k->p.out_fd);
	k->p.out_fd = -1;
}

/* Its end, or its time. */
static bool
look(struct kid *k, int64_t now)
{
	read_kid(k);
	if (gsp_proc_poll(&k->p, &k->status)) {
		read_kid(k);
		k->done = true;
		return true;
	}
	if (now >= k->deadline_ms) {
		k->late = k->late || gsp_sig_pending() == 0;
		gsp_proc_kill(&k->p, k->signo);
		k->signo = SIGKILL;
		k->deadline_ms = now + GRACE_MS;
	}
	return false;
}

bool
kids_wait(struct kid *v, size_t n)
{
	for (;;) {
		struct pollfd fds[17];
		size_t nfds = 0, left = 0;
		int64_t now = gsp_now_ms();
		bool asked = gsp_sig_pending() != 0, one = false;

		for (size_t i = 0; i < n; i++) {
			if (v[i].done)
				continue;
			left++;
			if (asked && v[i].signo == SIGTERM)
				v[i].deadline_ms = now;
			one = look(&v[i], now) || one;
			if (!v[i].done && v[i].p.out_fd >= 0 && nfds < 16)
				fds[nfds++] = (struct pollfd){v[i].p.out_fd, POLLIN, 0};
		}
		if (one || left == 0)
			return left > 0;
		fds[nfds++] = (struct pollfd){asked ? -1 : gsp_sig_fd(), POLLIN, 0};
		(void)poll(fds, nfds, gsp_sig_idle(LOOK_MS));
	}
}

void
kid_release(struct kid *k)
{
	if (k->p.out_fd >= 0)
		close(k->p.out_fd);
	k->p.out_fd = -1;
	gsp_buf_release(&k->out);
}

/* ---- let go ---- */

static int
open_log(const struct gsp_home *h, const char *server, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF), old = GSP_BUF_INIT(GSP_PATH_BUF);
	struct stat st;
	int fd;

	gsp_home_state_path(h, &path, server, "watch.log");
	/* two at once turn it twice, at worst: the older half of some chatter is gone then */
	if (stat(gsp_buf_str(&path), &st) == 0 && st.st_size > LOG_MAX)
		(void)rename(gsp_buf_str(&path), gsp_home_state_path(h, &old, server, "watch.log.1"));
	fd = open(gsp_buf_str(&path), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd == -1)
		gsp_err_sys(err, GSP_EIO, errno, "cannot open '%s'", gsp_buf_str(&path));
	gsp_buf_release(&path);
	gsp_buf_release(&old);
	return fd;
}

static void
log_line(int fd, const struct gsp_argv *argv)
{
	struct gsp_buf line = GSP_BUF_INIT(8192);
	struct gsp_err ignored = GSP_ERR_INIT;
	char when[GSP_CLOCK_TEXT];

	gsp_buf_addf(&line, "%s", gsp_clock_format(when, sizeof(when), gsp_wall_s()));
	for (size_t i = 0; i < argv->n; i++) {
		const char *slash = i == 0 ? strrchr(argv->v[0], '/') : NULL;

		gsp_buf_addc(&line, ' ');
		gsp_argv_quote(&line, slash != NULL ? slash + 1 : argv->v[i]);
	}
	gsp_buf_addc(&line, '\n');
	(void)gsp_io_write_all(fd, gsp_buf_str(&line), line.len, "watch.log", &ignored);
	gsp_buf_release(&line);
}

int
kid_let_go(const struct gsp_argv *argv, const struct gsp_home *h, const char *server,
    struct gsp_err *err)
{
	/* empty is as good as none: it is nobody's step, and has no lock of ours */
	static const char *const env[] = {"GSP_STEP_OF_PARENT=", GSP_LOCK_ENV "=", NULL};
	struct gsp_proc p = GSP_PROC_INIT;
	int rc;

	if (!gsp_argv_ok(argv))
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	if ((p.out = open_log(h, server, err)) == -1)
		return -1;
	log_line(p.out, argv);
	p.argv = (const char *const *)argv->v;
	p.env = env;
	p.cwd = "/";
	p.in = GSP_PROC_NULL;
	p.err = p.out;
	p.detached = true;
	rc = gsp_proc_start(&p, err);
	close(p.out);
	return rc;
}
