/*
 * sandbox/machine_init: PID 1 of a machine. It starts cloud-init and sshd, reaps orphans,
 * and ends when it is told to: by SIGTERM from outside, by a line in /run/initctl from inside
 * (reboot, poweroff), or because the sandbox that made it is gone.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "sandbox/machine_int.h"
#include "sys/io.h"

#include "base/banned.h"

#define STOP_MS 5000       /* from TERM to KILL */
#define SSHD_RESTARTS 5

struct init {
	const struct gsp_machine *m;
	int sig_fd, ctl_fd, fifo_fd, ready_fd;
	pid_t cloud, sshd;
	unsigned sshd_failures;
	bool stopping;
	int exit_status;
	int64_t kill_at_ms;
};

static pid_t
start_sshd(void)
{
	static const char *const argv[] = {"/usr/sbin/sshd", "-D", "-E", "/var/log/auth.log", NULL};
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	gsp_vm_child_reset();
	gsp_vm_close_all_but(-1, -1);
	(void)execv(argv[0], (char *const *)(uintptr_t)argv);
	dprintf(2, "init: cannot run '%s': %s\n", argv[0], strerror(errno));
	_exit(127);
}

static void
start_cloud(struct init *in)
{
	int fds[2];

	in->ready_fd = -1;
	if (pipe2(fds, O_CLOEXEC) == -1)
		return;
	in->cloud = fork();
	if (in->cloud == 0) {
		gsp_vm_child_reset();
		gsp_vm_close_all_but(fds[1], -1);
		(void)prctl(PR_SET_NAME, "cloud-init", 0, 0, 0);
		gsp_vm_cloud_main(in->m, fds[1]);
		_exit(0);
	}
	close(fds[1]);
	in->ready_fd = fds[0];
}

static void
begin_stop(struct init *in, int exit_status)
{
	if (in->stopping)
		return;
	in->stopping = true;
	in->exit_status = exit_status;
	in->kill_at_ms = gsp_now_ms() + STOP_MS;
	dprintf(1, "init: %s\n", exit_status == GSP_VM_EXIT_REBOOT ? "reboot" : "power off");
	(void)kill(-1, SIGTERM);
	(void)kill(-1, SIGCONT);
}

/* systemd restarts sshd when it failed, not when it was asked to end. */
static void
sshd_ended(struct init *in, int status)
{
	bool asked = (WIFEXITED(status) && WEXITSTATUS(status) == 0) ||
	    (WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);

	in->sshd = 0;
	if (in->stopping || asked)
		return;
	dprintf(1, "init: sshd ended with status %d\n", status);
	if (++in->sshd_failures <= SSHD_RESTARTS)
		in->sshd = start_sshd();
}

/* True when there is no process left but us. */
static bool
reap(struct init *in)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == in->sshd)
			sshd_ended(in, status);
	}
	return pid == -1 && errno == ECHILD;
}

static void
read_signals(struct init *in)
{
	struct signalfd_siginfo si;

	while (read(in->sig_fd, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		if (si.ssi_signo == SIGTERM)
			begin_stop(in, GSP_VM_EXIT_OFF);
	}
}

/* A writer is done with one word and a newline; more than that nobody has to say. */
static void
read_fifo(struct init *in)
{
	char text[128];
	ssize_t n = read(in->fifo_fd, text, sizeof(text) - 1);

	if (n <= 0)
		return;
	text[n] = '\0';
	if (strstr(text, "reboot") != NULL)
		begin_stop(in, GSP_VM_EXIT_REBOOT);
	else if (strstr(text, "poweroff") != NULL)
		begin_stop(in, GSP_VM_EXIT_OFF);
}

static int
wait_ms(const struct init *in)
{
	int64_t left;

	if (!in->stopping)
		return -1;
	left = in->kill_at_ms - gsp_now_ms();
	return left < 0 ? 0 : (int)left;
}

/* One turn; false when it is time to go. */
static bool
turn(struct init *in)
{
	struct pollfd p[] = {{in->sig_fd, POLLIN, 0}, {in->ctl_fd, POLLIN, 0},
	    {in->fifo_fd, POLLIN, 0}, {in->ready_fd, POLLIN, 0}};
	char byte;

	if (poll(p, 4, wait_ms(in)) == -1 && errno != EINTR)
		return false;
	if (p[1].revents != 0 && read(in->ctl_fd, &byte, 1) <= 0)
		return false; /* the sandbox is gone */
	if (p[0].revents != 0)
		read_signals(in);
	if (p[2].revents != 0)
		read_fifo(in);
	if (p[3].revents != 0) {
		/* A byte, or the end of cloud-init: a broken one must not lock us out. */
		close(in->ready_fd);
		in->ready_fd = -1;
		if (!in->stopping)
			in->sshd = start_sshd();
	}
	if (in->stopping && gsp_now_ms() >= in->kill_at_ms)
		(void)kill(-1, SIGKILL);
	return !(reap(in) && in->stopping);
}

/* We are a fork of the sandbox: its arguments and environment (a token, perhaps) would be read
 * in /proc/1. Source: proc(5), fields 48 to 51 of /proc/self/stat. */
static void
scrub(void)
{
	unsigned long from[2], to[2];
	struct gsp_buf b = GSP_BUF_INIT(8192);
	struct gsp_err ignored = GSP_ERR_INIT;
	const char *p;
	int i;

	(void)clearenv();
	if (gsp_io_read_file(&b, "/proc/self/stat", &ignored) == 0 &&
	    (p = strrchr(gsp_buf_str(&b), ')')) != NULL) {
		for (i = 2; i < 48 && p != NULL; i++)
			p = strchr(p + 1, ' ');
		if (p != NULL &&
		    sscanf(p, "%lu %lu %lu %lu", &from[0], &to[0], &from[1], &to[1]) == 4) {
			for (i = 0; i < 2; i++)
				memset((void *)from[i], 0, to[i] - from[i]);
			if (to[0] - from[0] > 5)
				memcpy((void *)from[0], "init", 4);
		}
	}
	gsp_buf_release(&b);
}

void
gsp_vm_init_main(const struct gsp_machine *m, int ctl_fd)
{
	static const int caught[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGPIPE, SIGQUIT};
	struct init in = {.m = m, .ctl_fd = ctl_fd, .fifo_fd = -1, .ready_fd = -1};
	sigset_t set;
	size_t i;

	(void)umask(022);
	scrub();
	sigemptyset(&set);
	for (i = 0; i < sizeof(caught) / sizeof(caught[0]); i++)
		sigaddset(&set, caught[i]);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	in.sig_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (mkfifo("/run/initctl", 0600) == 0)
		in.fifo_fd = open("/run/initctl", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (in.sig_fd == -1 || in.fifo_fd == -1) {
		dprintf(2, "init: cannot start: %s\n", strerror(errno));
		_exit(GSP_VM_EXIT_FAILED);
	}
	start_cloud(&in);
	while (turn(&in))
		;
	_exit(in.exit_status);
}
