#include "sys/proc.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "sys/sig.h"

#include "base/banned.h"

#define LOOK_MS 50

extern char **environ;

/* Both ends of the pipes for one child: [i][0] is the child's, [i][1] ours. */
struct ends {
	int child[3];
	int ours[3];
	bool opened[3]; /* child[i] is ours to close */
};

static void
close_ends(struct ends *e)
{
	for (int i = 0; i < 3; i++) {
		if (e->opened[i] && e->child[i] >= 0)
			close(e->child[i]);
		if (e->ours[i] >= 0)
			close(e->ours[i]);
	}
}

static int
open_end(struct ends *e, int i, int want, struct gsp_err *err)
{
	int fds[2];

	e->ours[i] = -1;
	e->opened[i] = false;
	if (want >= 0 || want == GSP_PROC_INHERIT) {
		e->child[i] = want >= 0 ? want : i;
		return 0;
	}
	e->opened[i] = true;
	if (want == GSP_PROC_NULL) {
		e->child[i] = open("/dev/null", (i == 0 ? O_RDONLY : O_WRONLY) | O_CLOEXEC);
		if (e->child[i] == -1)
			return gsp_err_sys(err, GSP_ESYS, errno, "cannot open '/dev/null'");
		return 0;
	}
	if (pipe2(fds, O_CLOEXEC) == -1) {
		e->child[i] = -1;
		return gsp_err_sys(err, GSP_ESYS, errno, "cannot make a pipe");
	}
	e->child[i] = fds[i == 0 ? 0 : 1];
	e->ours[i] = fds[i == 0 ? 1 : 0];
	return 0;
}

static void
child_signals(void)
{
	static const int reset[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGCHLD, SIGWINCH};
	struct sigaction sa;
	sigset_t none;

	memset(&sa, 0, sizeof(sa));
	sigemptyset(&sa.sa_mask);
	sa.sa_handler = SIG_DFL;
	for (size_t i = 0; i < sizeof(reset) / sizeof(reset[0]); i++) {
		struct sigaction old;

		/* what our own parent ignores (nohup) stays ignored, except SIGPIPE, which we do */
		if (reset[i] != SIGPIPE && sigaction(reset[i], NULL, &old) == 0 &&
		    old.sa_handler == SIG_IGN)
			continue;
		sigaction(reset[i], &sa, NULL);
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Put the three streams in place without one overwriting another on the way. */
static int
child_streams(const struct ends *e)
{
	int fd[3];

	for (int i = 0; i < 3; i++) {
		fd[i] = e->child[i];
		if (fd[i] < 3 && fd[i] != i && (fd[i] = fcntl(fd[i], F_DUPFD_CLOEXEC, 3)) == -1)
			return -1;
	}
	for (int i = 0; i < 3; i++) {
		if (fd[i] == i) {
			int flags = fcntl(i, F_GETFD);

			if (flags != -1)
				fcntl(i, F_SETFD, flags & ~FD_CLOEXEC);
		} else if (dup2(fd[i], i) == -1)
			return -1;
	}
	return 0;
}

/* ${parent}: who asked; it may have died before we could say so. */
static void
child_with_parent(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGINT);
	if (getppid() != parent)
		_exit(128 + SIGINT);
}

/* Somebody else's descriptor, left open in us, would be held for as long as it lives: a lock, say. */
static void
child_detach(int report_fd)
{
	pid_t pid;
	int why;

	setsid();
	pid = fork();
	if (pid > 0)
		_exit(0);
	if (pid == -1) {
		why = errno;
		if (write(report_fd, &why, sizeof(why)) == -1) { /* nobody hears of it then */
		}
		_exit(127);
	}
	(void)close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
}

/* The report must not be where the kept one goes. */
static int
child_keep(const struct gsp_proc *p, int *report_fd)
{
	int flags;

	if (p->keep_as > 0 && p->keep_as != p->keep_fd) {
		int other = *report_fd == p->keep_as ? fcntl(*report_fd, F_DUPFD_CLOEXEC, p->keep_as + 1)
		                                     : *report_fd;

		if (other == -1 || dup2(p->keep_fd, p->keep_as) == -1)
			return -1;
		*report_fd = other;
		return 0;
	}
	flags = fcntl(p->keep_fd, F_GETFD);
	return flags == -1 ? -1 : fcntl(p->keep_fd, F_SETFD, flags & ~FD_CLOEXEC);
}

static void
child_main(const struct gsp_proc *p, const struct ends *e, pid_t parent, int report_fd)
{
	int why;

	child_signals();
	if (p->with_us)
		child_with_parent(parent);
	if (p->detached)
		child_detach(report_fd);
	else if (p->new_group)
		setpgid(0, 0);
	if (child_streams(e) == -1)
		goto fail;
	if (p->keep_fd >= 0 && child_keep(p, &report_fd) == -1)
		goto fail;
	if (p->cwd != NULL && chdir(p->cwd) == -1)
		goto fail;
	if (p->clean_env && clearenv() != 0)
		goto fail;
	for (const char *const *v = p->env; v != NULL && *v != NULL; v++)
		if (putenv((char *)(uintptr_t)*v) != 0)
			goto fail;
	execvp(p->argv[0], (char *const *)(uintptr_t)p->argv);
fail:
	why = errno;
	if (write(report_fd, &why, sizeof(why)) == -1) { /* the parent sees 127 then */
	}
	_exit(127);
}

/* The child's errno if it could not exec, 0 if it did. */
static int
exec_report(int fd)
{
	int why = 0;
	ssize_t n;

	do
		n = read(fd, &why, sizeof(why));
	while (n == -1 && errno == EINTR);
	return n == (ssize_t)sizeof(why) ? why : 0;
}

int
gsp_proc_start(struct gsp_proc *p, struct gsp_err *err)
{
	struct ends e = {{-1, -1, -1}, {-1, -1, -1}, {false, false, false}};
	int report[2] = {-1, -1}, why;
	pid_t self = getpid();

	assert(p->keep_fd == -1 || p->keep_fd > STDERR_FILENO);
	p->pid = -1;
	p->in_fd = p->out_fd = p->err_fd = -1;
	if (open_end(&e, 0, p->in, err) == -1 || open_end(&e, 1, p->out, err) == -1 ||
	    open_end(&e, 2, p->err, err) == -1)
		goto fail;
	if (pipe2(report, O_CLOEXEC) == -1) {
		gsp_err_sys(err, GSP_ESYS, errno, "cannot make a pipe");
		goto fail;
	}
	p->pid = fork();
	if (p->pid == -1) {
		gsp_err_sys(err, GSP_ESYS, errno, "cannot start '%s'", p->argv[0]);
		goto fail;
	}
	if (p->pid == 0) {
		close(report[0]);
		child_main(p, &e, self, report[1]);
	}
	if (p->new_group)
		setpgid(p->pid, p->pid); /* both sides do it: whoever comes first */
	close(report[1]);
	report[1] = -1;
	if ((why = exec_report(report[0])) != 0) {
		while (waitpid(p->pid, NULL, 0) == -1 && errno == EINTR)
			;
		p->pid = -1;
		gsp_err_sys(err, GSP_ESYS, why, "cannot run '%s'", p->argv[0]);
		goto fail;
	}
	close(report[0]);
	if (p->detached) { /* only its first process is our child, and ends at once */
		while (waitpid(p->pid, NULL, 0) == -1 && errno == EINTR)
			;
		p->pid = -1;
	}
	for (int i = 0; i < 3; i++)
		if (e.opened[i])
			close(e.child[i]);
	p->in_fd = e.ours[0];
	p->out_fd = e.ours[1];
	p->err_fd = e.ours[2];
	return 0;
fail:
	for (int i = 0; i < 2; i++)
		if (report[i] != -1)
			close(report[i]);
	close_ends(&e);
	return -1;
}

static int
status_of(int wstatus)
{
	return WIFSIGNALED(wstatus) ? 128 + WTERMSIG(wstatus) : WEXITSTATUS(wstatus);
}

int
gsp_proc_poll(struct gsp_proc *p, int *status)
{
	int ws;

	if (p->pid == -1)
		return 1;
	if (waitpid(p->pid, &ws, WNOHANG) != p->pid)
		return 0;
	p->pid = -1;
	*status = status_of(ws);
	return 1;
}

void
gsp_proc_kill(struct gsp_proc *p, int signo)
{
	if (p->pid > 0)
		kill(p->new_group ? -p->pid : p->pid, signo);
}

static void
close_ours(struct gsp_proc *p)
{
	int *fds[3] = {&p->in_fd, &p->out_fd, &p->err_fd};

	for (int i = 0; i < 3; i++)
		if (*fds[i] >= 0) {
			close(*fds[i]);
			*fds[i] = -1;
		}
}

int
gsp_proc_wait(struct gsp_proc *p, int *status, struct gsp_err *err)
{
	bool told = false;
	int ws, pidfd;

	close_ours(p);
	if (p->pid == -1)
		return gsp_err_set(err, GSP_EBUG, "waiting for a child that was never started");
	pidfd = (int)syscall(SYS_pidfd_open, p->pid, 0);
	for (;;) {
		/* without a pidfd (Linux before 5.3) a signal that comes too early is only seen late */
		pid_t got = waitpid(p->pid, &ws, pidfd >= 0 ? WNOHANG : 0);

		if (got == p->pid)
			break;
		if (got == -1 && errno != EINTR) {
			gsp_err_sys(err, GSP_ESYS, errno, "cannot wait for '%s'", p->argv[0]);
			if (pidfd >= 0)
				close(pidfd);
			return -1;
		}
		if (gsp_sig_pending() != 0 && !told) {
			gsp_proc_kill(p, SIGTERM);
			told = true;
		}
		if (pidfd >= 0) {
			struct pollfd fds[2] = {{pidfd, POLLIN, 0}, {told ? -1 : gsp_sig_fd(), POLLIN, 0}};

			poll(fds, 2, -1);
		}
	}
	if (pidfd >= 0)
		close(pidfd);
	p->pid = -1;
	*status = status_of(ws);
	return 0;
}

static int
too_long(const struct gsp_proc *p, struct gsp_err *err)
{
	return gsp_err_set(err, GSP_ETEMP, "'%s' did not end in time", p->argv[0]);
}

/* Milliseconds that are left for a poll(), -1 for ever. */
static int
left_of(int64_t deadline_ms)
{
	int64_t left = deadline_ms - gsp_now_ms();

	if (deadline_ms == 0)
		return -1;
	return left <= 0 ? 0 : left < 60000 ? (int)left : 60000;
}

static int
read_until(struct gsp_buf *out, const struct gsp_proc *p, int64_t deadline_ms, struct gsp_err *err)
{
	char block[16384];
	ssize_t n;

	for (;;) {
		struct pollfd fds[2] = {{p->out_fd, POLLIN, 0}, {gsp_sig_fd(), POLLIN, 0}};

		if (gsp_sig_check(err) == -1)
			return -1;
		if (left_of(deadline_ms) == 0)
			return too_long(p, err);
		if (poll(fds, 2, gsp_sig_idle(left_of(deadline_ms))) <= 0 || fds[0].revents == 0)
			continue;
		n = read(p->out_fd, block, sizeof(block));
		if (n == 0)
			return 0;
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return gsp_err_sys(err, GSP_EIO, errno, "cannot read '%s'", p->argv[0]);
		gsp_buf_add(out, block, (size_t)n);
		explicit_bzero(block, sizeof(block)); /* it may have been a secret */
		if (!gsp_buf_ok(out))
			return gsp_err_set(err, GSP_ELIMIT, "'%s' is larger than %zu bytes", p->argv[0],
			    out->max);
	}
}

int
gsp_proc_read(struct gsp_buf *out, const struct gsp_proc *p, struct gsp_err *err)
{
	return read_until(out, p, 0, err);
}

/* It may be waited for without waiting. */
static bool
has_ended(const struct gsp_proc *p)
{
	siginfo_t info = {.si_pid = 0};

	return waitid(P_PID, (id_t)p->pid, &info, WEXITED | WNOHANG | WNOWAIT) == -1 || info.si_pid != 0;
}

/* It prints no more: is it over, too? Without a pidfd (Linux before 5.3) one looks now and then. */
static int
ends_until(struct gsp_proc *p, int64_t deadline_ms, struct gsp_err *err)
{
	int pidfd = deadline_ms == 0 ? -1 : (int)syscall(SYS_pidfd_open, p->pid, 0), left_ms, rc = 0;
	struct pollfd fds[2] = {{pidfd, POLLIN, 0}, {gsp_sig_fd(), POLLIN, 0}};

	while (deadline_ms != 0 && rc == 0 && gsp_sig_pending() == 0 && !has_ended(p)) {
		left_ms = left_of(deadline_ms);
		if (left_ms == 0)
			rc = too_long(p, err);
		else
			(void)poll(fds, 2, gsp_sig_idle(pidfd >= 0 || left_ms < LOOK_MS ? left_ms : LOOK_MS));
	}
	if (pidfd >= 0)
		close(pidfd);
	return rc;
}

int
gsp_proc_run_for(const char *const *argv, struct gsp_buf *out, int64_t limit_ms, int *status,
    struct gsp_err *err)
{
	int64_t deadline = limit_ms > 0 ? gsp_now_ms() + limit_ms : 0;
	struct gsp_proc p = GSP_PROC_INIT;
	int rc = 0;

	p.argv = argv;
	p.in = GSP_PROC_NULL;
	p.out = out != NULL ? GSP_PROC_PIPE : GSP_PROC_INHERIT;
	if (gsp_proc_start(&p, err) == -1)
		return -1;
	if (out != NULL)
		rc = read_until(out, &p, deadline, err);
	if (rc == 0)
		rc = ends_until(&p, deadline, err);
	if (rc == -1) {
		struct gsp_err ignored = GSP_ERR_INIT;

		gsp_proc_kill(&p, SIGKILL);
		gsp_proc_wait(&p, status, &ignored);
		return -1;
	}
	return gsp_proc_wait(&p, status, err);
}

int
gsp_proc_run(const char *const *argv, struct gsp_buf *out, int *status, struct gsp_err *err)
{
	return gsp_proc_run_for(argv, out, 0, status, err);
}
