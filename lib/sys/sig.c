#include "sys/sig.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#include "base/banned.h"

static int sig_pipe[2] = {-1, -1};
static volatile sig_atomic_t sig_first;
static int held;
static int64_t noticed_ms; /* when a signal was first seen during a hold; 0: none was */
static int (*idle)(void *);
static void *idle_ctx;

static void
on_signal(int signo)
{
	int saved = errno;
	unsigned char b = (unsigned char)signo;

	if (signo == SIGINT && sig_first != 0)
		gsp_sig_die(SIGINT); /* asked twice: end now; the next run recovers */
	if (sig_first == 0)
		sig_first = signo;
	if (write(sig_pipe[1], &b, 1) == -1) { /* pipe full: a wake-up is already pending */
	}
	errno = saved;
}

int
gsp_sig_init(struct gsp_err *err)
{
	static const int caught[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	struct sigaction sa;

	if (sig_pipe[0] != -1)
		return 0;
	if (pipe2(sig_pipe, O_CLOEXEC | O_NONBLOCK) == -1)
		return gsp_err_sys(err, GSP_ESYS, errno, "cannot make a pipe");
	memset(&sa, 0, sizeof(sa));
	sigemptyset(&sa.sa_mask);
	sa.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &sa, NULL);
	for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++) {
		struct sigaction old;

		/* nohup and background jobs of sh arrive with a signal ignored: leave it so */
		if (sigaction(caught[i], NULL, &old) == 0 && old.sa_handler == SIG_IGN)
			continue;
		sa.sa_handler = on_signal;
		sigaction(caught[i], &sa, NULL);
	}
	return 0;
}

int
gsp_sig_fd(void)
{
	return held > 0 ? -1 : sig_pipe[0];
}

int
gsp_sig_pending(void)
{
	return sig_first;
}

static const char *
name_of(int signo)
{
	switch (signo) {
	case SIGINT: return "SIGINT";
	case SIGTERM: return "SIGTERM";
	case SIGHUP: return "SIGHUP";
	case SIGQUIT: return "SIGQUIT";
	default: return "a signal";
	}
}

/* How long a signal that has come is still held off; 0: no longer. */
static int64_t
patience_ms(void)
{
	int64_t now = gsp_now_ms();

	if (noticed_ms == 0)
		noticed_ms = now;
	return now - noticed_ms < GSP_SIG_HOLD_MS ? GSP_SIG_HOLD_MS - (now - noticed_ms) : 0;
}

int
gsp_sig_check(struct gsp_err *err)
{
	if (sig_first == 0 || (held > 0 && patience_ms() > 0))
		return 0;
	gsp_err_set(err, GSP_ECANCEL, "stopped by %s", name_of(sig_first));
	err->detail = sig_first;
	return -1;
}

void
gsp_sig_hold(void)
{
	held++;
}

void
gsp_sig_release(void)
{
	if (held > 0)
		held--;
}

void
gsp_sig_on_idle(int (*fn)(void *ctx), void *ctx)
{
	idle = fn;
	idle_ctx = ctx;
}

int
gsp_sig_idle(int ms)
{
	int turn_ms = idle != NULL ? idle(idle_ctx) : -1, left_ms;

	if (turn_ms >= 0 && (ms < 0 || turn_ms < ms))
		ms = turn_ms;
	if (held > 0 && sig_first != 0) {
		left_ms = (int)patience_ms();
		if (ms < 0 || left_ms < ms)
			ms = left_ms;
	}
	return ms;
}

int
gsp_sleep_ms(int64_t ms, struct gsp_err *err)
{
	int64_t until = gsp_now_ms() + ms, left;
	struct pollfd p;

	for (;;) {
		if (gsp_sig_check(err) == -1)
			return -1;
		left = until - gsp_now_ms();
		if (left <= 0)
			return 0;
		p.fd = gsp_sig_fd(); /* poll() skips a negative descriptor */
		p.events = POLLIN;
		poll(&p, 1, gsp_sig_idle(left > 1000000 ? 1000000 : (int)left));
	}
}

void
gsp_sig_die(int signo)
{
	struct sigaction sa;
	sigset_t set;

	memset(&sa, 0, sizeof(sa));
	sigemptyset(&sa.sa_mask);
	sa.sa_handler = SIG_DFL;
	sigaction(signo, &sa, NULL);
	sigemptyset(&set);
	sigaddset(&set, signo);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(signo);
	_exit(128 + signo);
}
