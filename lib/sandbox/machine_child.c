/*
 * sandbox/machine_child: children that work in other namespaces, and small file helpers.
 *
 * Helpers run in a session of their own, so that ^C on the terminal never interrupts the
 * cleaning up.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "sandbox/machine_int.h"
#include "sys/io.h"

#include "base/banned.h"

/* What a tool may say on stdout or stderr before we stop listening. */
#define SAID_MAX 65536

static const char tool_path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

void
gsp_vm_child_reset(void)
{
	struct sigaction sa;
	sigset_t none;
	int i;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = SIG_DFL;
	for (i = 1; i < NSIG; i++)
		(void)sigaction(i, &sa, NULL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)setsid();
}

void
gsp_vm_close_all_but(int a, int b)
{
	int lo = a < b ? a : b, hi = a < b ? b : a;
	unsigned from = 3;

	if (lo >= 3) {
		if (lo > 3)
			(void)syscall(SYS_close_range, from, (unsigned)lo - 1, 0);
		from = (unsigned)lo + 1;
	}
	if (hi >= (int)from) {
		if (hi > (int)from)
			(void)syscall(SYS_close_range, from, (unsigned)hi - 1, 0);
		from = (unsigned)hi + 1;
	}
	(void)syscall(SYS_close_range, from, ~0U, 0);
}

static int
wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) == -1) {
		if (errno != EINTR)
			return -1;
	}
	return status;
}

/* In the child: become the tool. Does not return. */
__attribute__((noreturn)) static void
become(const struct gsp_vm_cmd *c, int in, int out, int said)
{
	gsp_vm_child_reset();
	if (c->net_fd >= 0 && setns(c->net_fd, CLONE_NEWNET) == -1) {
		dprintf(said, "cannot enter its network namespace: %s\n", strerror(errno));
		_exit(127);
	}
	if (dup2(in, 0) == -1 || dup2(out, 1) == -1 || dup2(said, 2) == -1)
		_exit(127);
	(void)setenv("PATH", tool_path, 1);
	(void)setenv("LC_ALL", "C", 1);
	(void)execvp(c->argv[0], (char *const *)(uintptr_t)c->argv);
	dprintf(2, "cannot run: %s\n", strerror(errno));
	_exit(127);
}

/* Fold what a tool said into one line. */
static void
read_said(struct gsp_buf *b, int fd)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	size_t i;

	if (lseek(fd, 0, SEEK_SET) == -1)
		return;
	(void)gsp_io_read_all(b, fd, "messages of a tool", &ignored);
	while (b->len > 0 && b->data[b->len - 1] == '\n')
		b->data[--b->len] = '\0';
	for (i = 0; i < b->len; i++) {
		if (b->data[i] == '\n')
			b->data[i] = ' ';
	}
}

static int
judge(const struct gsp_vm_cmd *c, int status, int said, struct gsp_err *err)
{
	struct gsp_buf text = GSP_BUF_INIT(SAID_MAX);

	if (status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	read_said(&text, said);
	if (status != -1 && WIFSIGNALED(status))
		(void)gsp_err_set(err, GSP_ESYS, "'%s' ended by signal %d", c->argv[0],
		    WTERMSIG(status));
	else
		(void)gsp_err_set(err, GSP_ESYS, "'%s %s' failed: %.600s", c->argv[0],
		    c->argv[1] != NULL ? c->argv[1] : "",
		    text.len > 0 ? gsp_buf_str(&text) : "it did not say why");
	gsp_buf_release(&text);
	return -1;
}

int
gsp_vm_run(const struct gsp_vm_cmd *c, struct gsp_err *err)
{
	int in = -1, out = -1, said = -1, rc = -1;
	pid_t pid;

	said = memfd_create("said", MFD_CLOEXEC);
	in = c->input != NULL ? memfd_create("in", MFD_CLOEXEC) :
				open("/dev/null", O_RDONLY | O_CLOEXEC);
	out = c->out != NULL ? memfd_create("out", MFD_CLOEXEC) :
			       open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (said == -1 || in == -1 || out == -1) {
		(void)gsp_err_sys(err, GSP_ESYS, errno, "cannot prepare to run '%s'", c->argv[0]);
		goto out;
	}
	if (c->input != NULL &&
	    (gsp_io_write_all(in, c->input, strlen(c->input), "input of a tool", err) == -1 ||
		lseek(in, 0, SEEK_SET) == -1))
		goto out;
	pid = fork();
	if (pid == 0)
		become(c, in, out, said);
	if (pid == -1) {
		(void)gsp_err_sys(err, GSP_ESYS, errno, "cannot start '%s'", c->argv[0]);
		goto out;
	}
	rc = judge(c, wait_for(pid), said, err);
	if (c->out != NULL && lseek(out, 0, SEEK_SET) == 0 && rc == 0)
		rc = gsp_io_read_all(c->out, out, c->argv[0], err);
out:
	if (said != -1)
		close(said);
	if (in != -1)
		close(in);
	if (out != -1)
		close(out);
	return rc;
}

/* In the child: the function, its error back through the pipe. Does not return. */
__attribute__((noreturn)) static void
perform(gsp_vm_child_fn *fn, void *arg, int mnt_fd, int net_fd, int report)
{
	struct gsp_err e = GSP_ERR_INIT;
	int rc = -1;

	gsp_vm_child_reset();
	if (net_fd >= 0 && setns(net_fd, CLONE_NEWNET) == -1)
		(void)gsp_err_sys(&e, GSP_ESYS, errno, "cannot enter the sandbox's network");
	else if (mnt_fd >= 0 && setns(mnt_fd, CLONE_NEWNS) == -1)
		(void)gsp_err_sys(&e, GSP_ESYS, errno, "cannot enter the sandbox's mounts");
	else
		rc = fn(arg, &e);
	if (rc == -1 && write(report, &e, sizeof(e)) == -1)
		_exit(2);
	_exit(rc == 0 ? 0 : 1);
}

int
gsp_vm_in_child(gsp_vm_child_fn *fn, void *arg, int mnt_fd, int net_fd, struct gsp_err *err)
{
	struct gsp_err e = GSP_ERR_INIT;
	int fds[2], status;
	ssize_t n;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) == -1)
		return gsp_err_sys(err, GSP_ESYS, errno, "cannot make a pipe");
	pid = fork();
	if (pid == 0)
		perform(fn, arg, mnt_fd, net_fd, fds[1]);
	close(fds[1]);
	if (pid == -1) {
		close(fds[0]);
		return gsp_err_sys(err, GSP_ESYS, errno, "cannot start a process");
	}
	do
		n = read(fds[0], &e, sizeof(e));
	while (n == -1 && errno == EINTR);
	close(fds[0]);
	status = wait_for(pid);
	if (status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (n != (ssize_t)sizeof(e))
		return gsp_err_set(err, GSP_ESYS, "a helper process died (status %d)", status);
	*err = e;
	return -1;
}

int
gsp_vm_put(const char *path, mode_t mode, const void *data, size_t len, struct gsp_err *err)
{
	int fd, rc;

	if (unlink(path) == -1 && errno != ENOENT)
		return gsp_err_sys(err, GSP_EIO, errno, "cannot replace '%s'", path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd == -1)
		return gsp_err_sys(err, GSP_EIO, errno, "cannot create '%s'", path);
	rc = gsp_io_write_all(fd, data, len, path, err);
	if (rc == 0 && fchmod(fd, mode) == -1)
		rc = gsp_err_sys(err, GSP_EIO, errno, "cannot set the mode of '%s'", path);
	if (close(fd) == -1 && rc == 0)
		rc = gsp_err_sys(err, GSP_EIO, errno, "cannot write '%s'", path);
	return rc;
}

int
gsp_vm_puts(const char *path, mode_t mode, const char *text, struct gsp_err *err)
{
	return gsp_vm_put(path, mode, text, strlen(text), err);
}

int
gsp_vm_poke(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), saved;
	ssize_t n;

	if (fd == -1)
		return -1;
	n = write(fd, text, strlen(text));
	saved = errno;
	close(fd);
	errno = saved;
	return n == -1 ? -1 : 0;
}

char *
gsp_vm_path(char *out, const char *a, const char *b)
{
	int n = snprintf(out, PATH_MAX, "%s/%s", a, b);

	/* World directories are limited to 1 KiB when they are opened. */
	if (n < 0 || n >= PATH_MAX)
		abort();
	return out;
}
