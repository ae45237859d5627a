/*
 * net_fake: the network half's parts around a REST client that only takes notes: what would have
 * been sent, to be answered by the test; two clocks; and the other end of the monitor's socket.
 */
#ifndef GSP_TEST_NET_FAKE_H
#define GSP_TEST_NET_FAKE_H

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../cmd/net.h"
#include "../../cmd/net_asks.h"
#include "../../cmd/net_jobs.h"
#include "../../cmd/net_link.h"
#include "discord/interaction.h"
#include "fmt/json.h"
#include "tap.h"

#define WALL 1764000000000 /* the wall clock when the other one is at 1000000 */

struct sent {
	char method[8], path[700], route[700], *body;
	bool auth, repeat, newest_only, anew, done;
	uint64_t line;
	int64_t until_ms;
	gsp_rest_fn *fn;
	void *ctx;
};

static struct sent sent[4096];
static size_t nsent;
static int64_t now = 1000000;
static struct net net;
static int monitor = -1;

static int64_t
fake_now(void)
{
	return now;
}

static int64_t
fake_wall(void)
{
	return WALL - 1000000 + now;
}

void
gsp_rest_send(struct gsp_rest *r, const struct gsp_rest_req *q, gsp_rest_fn *fn, void *ctx)
{
	struct sent *s = &sent[nsent];

	(void)r;
	if (nsent == sizeof(sent) / sizeof(sent[0]))
		abort();
	nsent++;
	memset(s, 0, sizeof(*s));
	(void)snprintf(s->method, sizeof(s->method), "%s", q->method);
	(void)snprintf(s->path, sizeof(s->path), "%s", q->path);
	(void)snprintf(s->route, sizeof(s->route), "%s", q->route != NULL ? q->route : "-");
	s->body = strdup(q->body != NULL ? q->body : "");
	s->auth = q->auth;
	s->repeat = q->repeat;
	s->newest_only = q->newest_only;
	s->anew = q->anew;
	s->line = q->line;
	s->until_ms = q->until_ms;
	s->fn = fn;
	s->ctx = ctx;
}

void
net_fatal(struct net *n, int code, const char *why)
{
	(void)why;
	n->fatal = code;
}

/* Let Discord answer request ${i}. */
static inline void
answer(size_t i, long status, int code, const char *body)
{
	struct gsp_rest_res res = {.status = status, .code = code, .why = status < 300 ? "" : "no"};
	struct gsp_json *v = NULL;
	struct gsp_err err = GSP_ERR_INIT;

	if (i >= nsent || sent[i].done) {
		OK(!"there is such a request");
		return;
	}
	if (body != NULL && gsp_json_parse(&v, body, strlen(body), &err) == 0)
		res.body = v;
	sent[i].done = true;
	sent[i].fn(sent[i].ctx, &res);
	gsp_json_free(v);
}

static inline void
drop(size_t i)
{
	struct gsp_rest_res res = {.dropped = true, .why = ""};

	sent[i].done = true;
	sent[i].fn(sent[i].ctx, &res);
}

/* What the monitor was told since: the last message, and how many. */
static struct gsp_talk heard;
static inline size_t
hear(void)
{
	static char text[4 << 20];
	struct gsp_err err = GSP_ERR_INIT;
	ssize_t n;
	char *line = text, *nl;
	size_t count = 0, len = 0;

	for (;;) {
		net_link_flush(net.link);
		n = recv(monitor, text + len, sizeof(text) - 1 - len, MSG_DONTWAIT);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	text[len] = '\0';
	for (; (nl = strchr(line, '\n')) != NULL; line = nl + 1, count++) {
		gsp_talk_release(&heard);
		if (gsp_talk_parse(&heard, line, (size_t)(nl - line), &err) == -1)
			OK(!"the monitor hears a message");
	}
	return count;
}

static inline bool
has(size_t i, const char *text)
{
	bool ok = i < nsent && strstr(sent[i].body, text) != NULL;

	if (!ok)
		printf("# body %zu: %s\n", i, i < nsent ? sent[i].body : "(not sent)");
	return ok;
}

static inline void
forget(void)
{
	while (nsent > 0)
		free(sent[--nsent].body);
}

static inline void
tick(int64_t ms)
{
	now += ms;
	net_asks_tick(net.asks);
	net_jobs_tick(net.jobs);
}

static inline void
setup(void)
{
	int sv[2];

	now = 1000000;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) == -1)
		abort();
	monitor = sv[1];
	memset(&net, 0, sizeof(net));
	net.now_ms = fake_now;
	net.wall_ms = fake_wall;
	gsp_talk_init(&net.hello, GSP_TALK_HELLO);
	gsp_talk_init(&heard, GSP_TALK_STOP);
	net.link = net_link_new(sv[0]);
	net.asks = net_asks_new(&net);
	net.jobs = net_jobs_new(&net);
}

static inline void
teardown(void)
{
	int fd = net_link_fd(net.link);

	net_asks_free(net.asks);
	net_jobs_free(net.jobs);
	net_link_free(net.link);
	gsp_talk_release(&net.hello);
	gsp_talk_release(&heard);
	if (fd >= 0)
		close(fd);
	close(monitor);
	forget();
}

#endif
