/* bot_again: the network half's end, and another one in its place. */
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rand.h"
#include "cli/exitcode.h"
#include "cli/say.h"
#include "sys/sig.h"
#include "bot_mon.h"

#include "base/banned.h"

enum {
	REAP_MS = 1000,
	STABLE_MS = 60000, /* lived for so long: the next end is a new trouble */
	BACK_MIN_MS = 1000,
	BACK_MAX_MS = 300000
};

void
mon_reap(struct mon *m)
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

/* Doubles with each fall, and up to a quarter more by the die. */
static int64_t
back_off(struct mon *m)
{
	int64_t wait = m->falls < 9 ? (int64_t)BACK_MIN_MS << m->falls : BACK_MAX_MS;

	if (wait > BACK_MAX_MS)
		wait = BACK_MAX_MS;
	m->falls++;
	return wait + gsp_rand_below((uint32_t)wait / 4);
}

/* What the last network half was told and had asked, the next one does not know; its numbers begin anew. */
static void
forget(struct mon *m)
{
	kids_free(m->kids);
	asks_free(m->asks);
	jobs_free(m->jobs);
	m->kids = kids_new();
	m->asks = asks_new();
	m->jobs = jobs_new();
	if (m->net.err_fd >= 0)
		close(m->net.err_fd);
	m->net = (struct gsp_proc)GSP_PROC_INIT;
	gsp_token_wipe(&m->in);
	gsp_token_wipe(&m->out);
	gsp_buf_release(&m->net_says);
	m->over = m->ready = false;
}

bool
mon_again(struct mon *m)
{
	struct gsp_err err = GSP_ERR_INIT;
	int64_t wait;

	if (m->err->code != GSP_ETEMP || m->leaving || !m->can_relaunch)
		return false;
	if (m->ready && gsp_now_ms() - m->net_since_ms >= STABLE_MS)
		m->falls = 0;
	wait = back_off(m);
	gsp_cli_warn("the network half ended; another one is started in %.1f s", (double)wait / 1000);
	gsp_err_clear(m->err);
	forget(m);
	if (gsp_sleep_ms(wait, &err) == -1) /* a signal: we leave */
		return false;
	while (waitpid(-1, NULL, WNOHANG) > 0) /* what was ended, by forget() too */
		;
	if (mon_relaunch(m, &err) == 0 && mon_hello(m, &err) == 0 && jobs_load(m, &err) == 0)
		return true;
	*m->err = err;
	return false;
}
