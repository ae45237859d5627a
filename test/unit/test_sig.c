/* sys/sig and what sys/proc makes of signals. Each case in a process of its own: a signal that
 * has come stays. */
#include "sys/sig.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "sys/proc.h"
#include "tap.h"

#include "base/banned.h"

/* How a process that runs fn ends: its status, or 128 + signal. */
static int
end_of(int (*fn)(void))
{
	struct gsp_err err = GSP_ERR_INIT;
	pid_t pid = fork();
	int ws = 0;

	if (pid == 0) {
		signal(SIGINT, SIG_DFL); /* a job in the background of sh ignores it */
		if (gsp_sig_init(&err) == -1)
			_exit(99);
		_exit(fn());
	}
	while (waitpid(pid, &ws, 0) == -1 && errno == EINTR)
		;
	return WIFSIGNALED(ws) ? 128 + WTERMSIG(ws) : WEXITSTATUS(ws);
}

/* Send ourselves ${signo} in ${ms}. */
static void
later(int signo, int ms)
{
	pid_t parent = getpid();

	if (fork() != 0)
		return;
	poll(NULL, 0, ms);
	kill(parent, signo);
	_exit(0);
}

static int
plain(void)
{
	struct gsp_err err = GSP_ERR_INIT;

	if (gsp_sig_check(&err) != 0)
		return 1;
	raise(SIGTERM);
	raise(SIGHUP); /* the first counts */
	return gsp_sig_check(&err) == -1 && err.code == GSP_ECANCEL && err.detail == SIGTERM ? 0 : 2;
}

static int
wakes_sleep(void)
{
	struct gsp_err err = GSP_ERR_INIT;
	int64_t began = gsp_now_ms();

	later(SIGINT, 100);
	if (gsp_sleep_ms(20000, &err) == 0)
		return 1;
	return gsp_now_ms() - began < 10000 && err.detail == SIGINT ? 0 : 2;
}

static int
hold(void)
{
	struct gsp_err err = GSP_ERR_INIT;

	gsp_sig_hold();
	gsp_sig_hold();
	raise(SIGTERM);
	if (gsp_sig_check(&err) != 0 || gsp_sig_fd() != -1 || gsp_sig_pending() != SIGTERM)
		return 1;
	if (gsp_sleep_ms(50, &err) != 0)
		return 2;
	gsp_sig_release();
	if (gsp_sig_check(&err) != 0)
		return 3;
	gsp_sig_release();
	return gsp_sig_check(&err) == -1 && gsp_sig_fd() != -1 ? 0 : 4;
}

/* What is waited for never comes: neither does the end of a hold. */
static int
hold_ends(void)
{
	struct gsp_err err = GSP_ERR_INIT;
	int64_t began = gsp_now_ms(), took;

	gsp_sig_hold();
	later(SIGTERM, 50);
	if (gsp_sleep_ms(4 * GSP_SIG_HOLD_MS, &err) == 0)
		return 1;
	took = gsp_now_ms() - began;
	return took >= GSP_SIG_HOLD_MS && took < 2 * GSP_SIG_HOLD_MS ? 0 : 2;
}

static int
twice(void)
{
	gsp_sig_hold(); /* at once means at once */
	raise(SIGINT);
	raise(SIGINT);
	return 0;
}

static int
term_then_int(void)
{
	raise(SIGTERM);
	raise(SIGTERM); /* service managers repeat themselves */
	raise(SIGINT);
	return 0;
}

/* A signal while a program runs whose output is wanted: it ends, too. */
static int
run_cancelled(void)
{
	static const char *const argv[] = {"sh", "-c", "echo $$ >&3; exec sleep 50", NULL};
	struct gsp_buf out = GSP_BUF_INIT(100);
	struct gsp_err err = GSP_ERR_INIT;
	int64_t began = gsp_now_ms();
	int status = 0, fds[2];
	char text[16] = "";
	pid_t pid;

	if (pipe(fds) == -1 || dup2(fds[1], 3) == -1)
		return 1;
	later(SIGTERM, 300);
	if (gsp_proc_run(argv, &out, &status, &err) != -1 || err.code != GSP_ECANCEL)
		return 2;
	if (gsp_now_ms() - began > 20000 || read(fds[0], text, sizeof(text) - 1) <= 0)
		return 3;
	pid = (pid_t)strtol(text, NULL, 10);
	return pid > 1 && kill(pid, 0) == -1 && errno == ESRCH ? 0 : 4;
}

/* A child with_us does not outlive a parent that is killed; its stdout closes when it is gone. */
static bool
dies_with_parent(bool with_us)
{
	static const char *const argv[] = {"sleep", "3", NULL};
	struct gsp_proc p = GSP_PROC_INIT;
	struct gsp_err err = GSP_ERR_INIT;
	int fds[2], ws;
	struct pollfd end;
	pid_t pid;

	if (pipe(fds) == -1)
		return false;
	pid = fork();
	if (pid == 0) {
		signal(SIGINT, SIG_DFL);
		close(fds[0]);
		p.argv = argv;
		p.out = fds[1];
		p.with_us = with_us;
		if (gsp_proc_start(&p, &err) == 0)
			raise(SIGKILL);
		_exit(1);
	}
	close(fds[1]);
	while (waitpid(pid, &ws, 0) == -1 && errno == EINTR)
		;
	end = (struct pollfd){fds[0], POLLIN, 0};
	ws = poll(&end, 1, 1500);
	close(fds[0]);
	return ws == 1;
}

int
main(void)
{
	IS_INT(end_of(plain), 0);
	IS_INT(end_of(wakes_sleep), 0);
	IS_INT(end_of(hold), 0);
	IS_INT(end_of(hold_ends), 0);
	IS_INT(end_of(twice), 128 + SIGINT);
	IS_INT(end_of(term_then_int), 128 + SIGINT);
	IS_INT(end_of(run_cancelled), 0);
	OK(dies_with_parent(true));
	OK(!dies_with_parent(false));
	return done();
}
