#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "net.h"
#include "net_asks.h"
#include "net_gateway.h"
#include "net_jobs.h"
#include "net_link.h"
#include "net_send.h"
#include "sys/confine.h"
#include "sys/sig.h"

#include "base/banned.h"

enum {
	HELLO_MS = 10000,     /* for the monitor's first line */
	LEAVE_MS = 3000,      /* for what is under way at the end */
	LEAVE_ALONE_MS = 1000 /* the same without a monitor */
};

/* ---- start ---- */

/* A proxy may be anywhere, at any port. */
static bool
has_proxy(void)
{
	return getenv("https_proxy") != NULL || getenv("HTTPS_PROXY") != NULL ||
	    getenv("all_proxy") != NULL || getenv("ALL_PROXY") != NULL;
}

/* Give away, before a byte is read, whatever is not needed. */
static int
confine(const struct net_start *s, struct gsp_err *err)
{
	static const uint16_t https_and_dns[] = {443, 53, 0};
	const char *const more[] = {s->ca_file, getenv("SSL_CERT_FILE"), getenv("SSL_CERT_DIR")};
	const char *read[4] = {NULL};
	size_t n = 0;

	for (size_t i = 0; i < 3; i++)
		if (more[i] != NULL)
			read[n++] = more[i];
	if (prctl(PR_SET_DUMPABLE, 0) == -1)
		return gsp_err_set(err, GSP_ESYS, "cannot keep this process's memory to itself: %m");
	if (s->uid >= 0 && gsp_confine_become((uid_t)s->uid, (gid_t)s->gid, err) == -1)
		return -1;
	return gsp_confine_net(read, s->https_only && !has_proxy() ? https_and_dns : NULL, s->uid >= 0,
	    err);
}

/* Which of the files that are read again while we live are there, and not to be read: bits. Landlock
 * allows a file, not a name: once another program has put a new resolv.conf in its place (a lease, another
 * network) it is shut, the C library, which looks at it again when it has changed, fails, and no name is
 * found any more; libcurl reads certificates again after a day. Nothing but a new process mends that. */
static unsigned
shut(const struct net *net, const char **which)
{
	const char *ca = net->hello.ca_file;
	const char *const files[] = {_PATH_RESCONF, ca[0] != '\0' ? ca : getenv("SSL_CERT_FILE")};
	unsigned bits = 0;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		int fd = files[i] != NULL ? open(files[i], O_RDONLY | O_CLOEXEC) : -1;

		if (fd >= 0)
			close(fd);
		else if (files[i] != NULL && errno == EACCES && (net->blind & 1u << i) == 0) {
			bits |= 1u << i;
			*which = files[i];
		}
	}
	return bits;
}

/* The first line. */
static int
greet(struct net *net, struct gsp_err *err)
{
	struct pollfd fds[2] = {{.fd = NET_FD, .events = POLLIN},
	    {.fd = gsp_sig_fd(), .events = POLLIN}};
	int64_t by = net->now_ms() + HELLO_MS;
	const char *why;

	while (!net_link_next(&net->hello, net->link)) {
		why = net_link_ended(net->link);
		if (why != NULL) /* an end without a reason: gsp-bot itself says it */
			return gsp_err_set(err, GSP_EPROTO, "%s%s",
			    why[0] != '\0' ? "gsp-bot ended before it said hello: " : "", why);
		if (gsp_sig_check(err) == -1)
			return -1;
		if (net->now_ms() >= by)
			return gsp_err_set(err, GSP_ETEMP, "gsp-bot says nothing");
		if (poll(fds, 2, HELLO_MS) > 0 && fds[0].revents != 0)
			net_link_read(net->link);
	}
	if (net->hello.kind != GSP_TALK_HELLO)
		return gsp_err_set(err, GSP_EPROTO, "gsp-bot did not say hello first");
	return 0;
}

static int
start(struct net *net, struct gsp_err *err)
{
	struct gsp_rest_opts o = {0};
	const char *none;

	net->link = net_link_new(NET_FD);
	if (greet(net, err) == -1)
		return -1;
	net->blind = shut(net, &none);
	if (gsp_multi_new(&net->multi, net->hello.ca_file[0] != '\0' ? net->hello.ca_file : NULL, err) == -1)
		return -1;
	o.multi = net->multi;
	o.base = net->hello.base;
	o.token = net->hello.token;
	if (gsp_rest_new(&net->rest, &o, err) == -1)
		return -1;
	net->asks = net_asks_new(net);
	net->jobs = net_jobs_new(net);
	net->gateway = net_gateway_new(net);
	return 0;
}

static void
stop(struct net *net)
{
	net_gateway_free(net->gateway);
	gsp_rest_free(net->rest);
	net_asks_free(net->asks);
	net_jobs_free(net->jobs);
	net_link_free(net->link);
	gsp_multi_free(net->multi);
	gsp_talk_release(&net->hello);
}

/* ---- end ---- */

static void
leave(struct net *net, int64_t within_ms)
{
	if (net->leaving)
		return;
	net->leaving = true;
	net->leave_by_ms = net->now_ms() + within_ms;
	net_gateway_leave(net->gateway);
	net_asks_leave(net->asks);
}

void
net_fatal(struct net *net, int code, const char *why)
{
	struct gsp_talk t;

	if (net->fatal != 0)
		return;
	net->fatal = code != 0 ? code : -1;
	gsp_debug("%s", why); /* the monitor says it */
	gsp_talk_init(&t, GSP_TALK_FATAL);
	t.code = code;
	(void)snprintf(t.text, sizeof(t.text), "%s", why);
	net_link_send(net->link, &t);
	gsp_talk_release(&t);
	leave(net, LEAVE_MS);
}

static bool
left(const struct net *net)
{
	if (!net->leaving)
		return false;
	if (net->now_ms() >= net->leave_by_ms)
		return true;
	return net_gateway_gone(net->gateway) && net_asks_busy(net->asks) == 0 &&
	    net_jobs_busy(net->jobs) == 0 && net_link_empty(net->link);
}

/* ---- the loop ---- */

static void
told(struct net *net, const struct gsp_talk *t)
{
	switch (t->kind) {
	case GSP_TALK_CHOICES:
	case GSP_TALK_REFUSED:
	case GSP_TALK_DEFER:
	case GSP_TALK_RESULT:
	case GSP_TALK_QUESTION: net_asks_told(net->asks, t); break;
	case GSP_TALK_BEGIN:
	case GSP_TALK_LINE:
	case GSP_TALK_END: net_jobs_told(net->jobs, t); break;
	case GSP_TALK_STOP: leave(net, LEAVE_MS); break;
	default: net_say("the monitor sent what is not its to say"); break;
	}
}

static void
hear(struct net *net, short revents)
{
	struct gsp_talk t;

	if (revents & POLLOUT)
		net_link_flush(net->link);
	if (revents & (POLLIN | POLLHUP | POLLERR))
		net_link_read(net->link);
	while (net_link_next(&t, net->link)) {
		told(net, &t);
		gsp_talk_release(&t);
	}
	if (net_link_ended(net->link) == NULL || net->leaving)
		return;
	net_say("gsp-bot is gone%s%s: leaving", net_link_ended(net->link)[0] != '\0' ? ": " : "",
	    net_link_ended(net->link));
	leave(net, LEAVE_ALONE_MS);
}

/* Discord was not reached: is it that its name cannot be found any more, or its certificate not judged? */
static void
look_around(struct net *net)
{
	uint64_t n = gsp_rest_unanswered(net->rest);

	if (n == net->unanswered || net->leaving)
		return;
	net->unanswered = n;
	if (shut(net, &net->stale) != 0)
		leave(net, LEAVE_MS);
}

static void
tick(struct net *net)
{
	net_gateway_tick(net->gateway);
	net_asks_tick(net->asks);
	net_jobs_tick(net->jobs);
	gsp_rest_tick(net->rest);
	look_around(net);
	if (gsp_rest_refused(net->rest) && net->fatal == 0)
		net_fatal(net, 401, "Discord refuses the bot's token; put a new one where "
				    "'discord: {token_file: ...}' points, and start gsp-bot again");
}

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int
wait_ms(const struct net *net)
{
	int64_t next = earlier(net_gateway_next_ms(net->gateway), net_asks_next_ms(net->asks)), ms;

	next = earlier(next, net_jobs_next_ms(net->jobs));
	next = earlier(next, gsp_rest_next_ms(net->rest));
	if (net->leaving)
		next = earlier(next, net->leave_by_ms);
	if (next == NET_NEVER)
		return -1;
	ms = next - net->now_ms();
	return ms < 0 ? 0 : ms > 60000 ? 60000 : (int)ms;
}

static int
loop(struct net *net, struct gsp_err *err)
{
	struct gsp_multi_fd fd = {0};

	while (!left(net)) {
		fd.fd = net_link_fd(net->link);
		fd.events = net_link_events(net->link);
		fd.revents = 0;
		if (gsp_multi_wait(net->multi, &fd, 1, wait_ms(net), err) == -1)
			return -1;
		if (gsp_sig_pending() != 0 && !net->leaving) {
			gsp_sig_hold(); /* what is under way is finished all the same */
			leave(net, LEAVE_MS);
		}
		hear(net, fd.revents);
		tick(net);
	}
	if (net->fatal != 0)
		return gsp_err_set(err, net->fatal == 401 || net->fatal == 4004 ? GSP_EAUTH : GSP_ECONFIG,
		    "%s", "");
	if (net->stale != NULL)
		return gsp_err_set(err, GSP_ETEMP, "'%s' was replaced, and the new one is shut to this process: "
		    "it has to be started again", net->stale);
	return 0;
}

int
net_main(const struct net_start *how, struct gsp_err *err)
{
	struct net net = {.now_ms = gsp_now_ms, .wall_ms = gsp_wall_ms};
	int rc = -1;

	gsp_talk_init(&net.hello, GSP_TALK_HELLO);
	if (confine(how, err) == 0 && start(&net, err) == 0)
		rc = loop(&net, err);
	stop(&net);
	return rc;
}
