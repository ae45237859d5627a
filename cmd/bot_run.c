/* bot_run: the monitor's life. */
#include "bot_run.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/exitcode.h"
#include "cli/say.h"
#include "sys/lock.h"
#include "sys/sig.h"
#include "bot_mon.h"

#include "base/banned.h"

#define LEAVE_MS 5000  /* the network half closes its gateway so that it can be resumed */
#define IDLE_MS  30000
#define REAP_MS  1000
#define OUT_MAX  (16u << 20)

static volatile sig_atomic_t hangup;

static void
on_hangup(int signo)
{
	(void)signo;
	hangup = 1;
}

/* Blocked but while we wait, so that none is overlooked; children start with nothing blocked. */
static void
catch_hangup(void)
{
	struct sigaction sa;
	sigset_t hup;

	sigemptyset(&hup);
	sigaddset(&hup, SIGHUP);
	sigprocmask(SIG_BLOCK, &hup, NULL);

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = on_hangup;
	sigaction(SIGHUP, &sa, NULL);
}

static int
min_wait(int a, int b)
{
	return a == -1 ? b : b == -1 || a < b ? a : b;
}

static int
wait_ms(const struct mon *m)
{
	int wait = IDLE_MS;

	wait = min_wait(kids_wait_ms(m->kids), wait);
	wait = min_wait(jobs_wait_ms(m), wait);
	if (m->leaving) {
		int64_t left = m->leave_by_ms - gsp_now_ms();

		wait = min_wait(left < 0 ? 0 : (int)left, wait);
	}
	return wait;
}

static void
leave(struct mon *m)
{
	struct gsp_talk t;

	m->leaving = true;
	m->leave_by_ms = gsp_now_ms() + LEAVE_MS;
	gsp_talk_init(&t, GSP_TALK_STOP);
	mon_send(m, &t);
	gsp_talk_release(&t);
}

static void
turn(struct mon *m)
{
	struct pollfd fds[3 + KIDS_FDS];
	int ms = wait_ms(m);
	const struct timespec wait = {ms / 1000, ms % 1000 * 1000000L};
	sigset_t none;
	size_t n = 3;

	sigemptyset(&none);

	fds[0] = (struct pollfd){m->leaving ? -1 : gsp_sig_fd(), POLLIN, 0};
	fds[1] = (struct pollfd){m->sock, (short)(POLLIN | (m->out.len > 0 ? POLLOUT : 0)), 0};
	fds[2] = (struct pollfd){m->net.err_fd, POLLIN, 0};
	n += kids_fds(m->kids, fds + n);
	if (ppoll(fds, n, &wait, &none) == -1 && errno != EINTR) {
		mon_end(m, GSP_ESYS, "cannot wait: %s", strerror(errno));
		return;
	}
	if (hangup) {
		hangup = 0;
		memset(&m->yaml, 0, sizeof(m->yaml));
		mon_reload(m);
	}
	if (gsp_sig_pending() != 0 && !m->leaving)
		leave(m);
	if (m->net.err_fd >= 0 && fds[2].revents != 0)
		mon_read_says(m);
	mon_read(m);
	kids_tick(m->kids, m);
	asks_tick(m);
	jobs_tick(m);
	mon_flush(m);
	if (m->leaving && gsp_now_ms() >= m->leave_by_ms)
		mon_end(m, GSP_OK, "%s", "");
}

/* It has hung up, or shall; what its exit status says is more than that. */
static void
reap(struct mon *m)
{
	int64_t until = gsp_now_ms() + REAP_MS;
	int status = 0;

	if (m->sock >= 0)
		close(m->sock);
	m->sock = -1;
	if (m->net.pid <= 0)
		return;
	while (gsp_proc_poll(&m->net, &status) == 0) {
		struct pollfd p = {m->net.err_fd, POLLIN, 0};

		if (gsp_now_ms() >= until) {
			gsp_proc_kill(&m->net, SIGKILL); /* in vain where it is another user: it sees the end
			                                  * of its socket */
			break;
		}
		(void)poll(&p, 1, 20);
		if (m->net.err_fd >= 0 && p.revents != 0)
			mon_read_says(m);
	}
	while (m->net.err_fd >= 0 && m->net_says.len < 65536) {
		struct pollfd p = {m->net.err_fd, POLLIN, 0};

		if (poll(&p, 1, 0) <= 0)
			break;
		mon_read_says(m);
	}
	if (m->err->code != GSP_ETEMP)
		return;
	if (status == GSP_EXIT_AUTH)
		m->err->code = GSP_EAUTH;
	else if (status == GSP_EXIT_CONFIG)
		m->err->code = GSP_ECONFIG;
	else if (status == GSP_EXIT_SYS)
		m->err->code = GSP_ESYS;
}

static void
release(struct mon *m)
{
	kids_free(m->kids);
	asks_free(m->asks);
	queries_free(m->queries);
	jobs_free(m->jobs);
	seen_free(m->seen);
	if (m->net.err_fd >= 0)
		close(m->net.err_fd);
	gsp_token_wipe(&m->in);
	gsp_token_wipe(&m->out);
	gsp_buf_release(&m->net_says);
	free(m->session_id);
	free(m->resume_url);
}

int
bot_run(struct tool *t, struct gsp_err *err)
{
	struct mon m = {.t = t, .sock = -1, .err = err, .net = GSP_PROC_INIT,
	    .in = GSP_BUF_INIT(2 * GSP_TALK_LINE_MAX), .out = GSP_BUF_INIT(OUT_MAX),
	    .net_says = GSP_BUF_INIT(65536), .kids = kids_new(), .asks = asks_new(),
	    .queries = queries_new(), .jobs = jobs_new(), .seen = seen_new()};
	int lock_fd = -1, rc = -1;

	/* what whoever started us left open is not for the other half */
	(void)close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
	catch_hangup();
	if (mon_launch(&m, &lock_fd, err) == 0 && mon_hello(&m, err) == 0 && jobs_load(&m, err) == 0) {
		mon_first_rules(&m);
		mon_warn_killmode();
		while (!m.over)
			turn(&m);
		mon_keep_resume(&m);
	}
	reap(&m);
	rc = err->code == GSP_OK ? 0 : -1;
	release(&m);
	gsp_lock_drop(lock_fd);
	return rc;
}
