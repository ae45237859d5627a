#include "tcpproxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/banned.h"

#define CONNS 32
#define BYTES 65536

/* Bytes on their way from one descriptor to another. */
struct flow {
	size_t off, len;
	bool eof, shut;
	char data[BYTES];
};

struct conn {
	int fd[2]; /* client, server (-1: none); both -1: free */
	struct flow flow[2]; /* from client, from server */
};

struct order {
	enum tcpproxy_mode mode;
	uint64_t after_bytes;
};

struct state {
	int listen_fd, ctl;
	unsigned target;
	enum tcpproxy_mode mode;
	struct order next; /* waiting for its bytes when after_bytes > 0 */
	struct conn *conns;
};

static struct sockaddr_in
loopback(unsigned port)
{
	struct sockaddr_in a;

	memset(&a, 0, sizeof(a));
	a.sin_family = AF_INET;
	a.sin_port = htons((uint16_t)port);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return a;
}

static void
conn_close(struct conn *c, bool reset)
{
	const struct linger now = {1, 0};

	for (int i = 0; i < 2; i++) {
		if (c->fd[i] == -1)
			continue;
		if (reset)
			(void)setsockopt(c->fd[i], SOL_SOCKET, SO_LINGER, &now, sizeof(now));
		close(c->fd[i]);
		c->fd[i] = -1;
	}
}

static void
put_garbage(int fd)
{
	static const char junk[] = "\x7f\x00garbage, not a protocol\r\n\xff\xfe\r\n\r\n";

	if (fd != -1 && send(fd, junk, sizeof(junk) - 1, MSG_NOSIGNAL | MSG_DONTWAIT) == -1) {
		/* a client that is gone needs none */
	}
}

static void
apply(struct state *s, enum tcpproxy_mode mode)
{
	s->mode = mode;
	s->next.after_bytes = 0;
	for (int i = 0; i < CONNS; i++) {
		if (mode == TCPPROXY_RESET || mode == TCPPROXY_CLOSE)
			conn_close(&s->conns[i], mode == TCPPROXY_RESET);
		else if (mode == TCPPROXY_GARBAGE)
			put_garbage(s->conns[i].fd[0]);
	}
}

static int
dial(unsigned port)
{
	struct sockaddr_in to = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd != -1 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == -1) {
		close(fd);
		return -1;
	}
	if (fd != -1)
		(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static void
accept_one(struct state *s)
{
	int fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct conn *c = NULL;

	for (int i = 0; i < CONNS && c == NULL; i++)
		if (s->conns[i].fd[0] == -1 && s->conns[i].fd[1] == -1)
			c = &s->conns[i];
	if (fd == -1 || c == NULL) {
		if (fd != -1)
			close(fd);
		return;
	}
	memset(c->flow, 0, sizeof(c->flow));
	c->fd[0] = fd;
	if (s->mode == TCPPROXY_RESET || s->mode == TCPPROXY_CLOSE) {
		conn_close(c, s->mode == TCPPROXY_RESET);
	} else if (s->mode == TCPPROXY_GARBAGE) {
		put_garbage(fd);
	} else if (s->mode == TCPPROXY_FORWARD) {
		c->fd[1] = dial(s->target);
		if (c->fd[1] == -1)
			conn_close(c, true);
	}
}

/* Bytes from c->fd[from] towards the other side. */
static void
flow_in(struct state *s, struct conn *c, int from)
{
	struct flow *f = &c->flow[from];
	ssize_t n = recv(c->fd[from], f->data, BYTES, MSG_DONTWAIT);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		f->eof = true;
		return;
	}
	if (s->mode == TCPPROXY_SILENT || c->fd[1] == -1)
		return;
	f->off = 0;
	f->len = (size_t)n;
	if (from == 1 && s->next.after_bytes > 0) {
		if ((uint64_t)n < s->next.after_bytes)
			s->next.after_bytes -= (uint64_t)n;
		else
			apply(s, s->next.mode);
	}
}

static void
flow_out(struct conn *c, int from)
{
	struct flow *f = &c->flow[from];
	int to = c->fd[!from];
	ssize_t n;

	if (f->off < f->len && to != -1) {
		n = send(to, f->data + f->off, f->len - f->off, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n > 0)
			f->off += (size_t)n;
		else if (n == -1 && errno != EAGAIN && errno != EINTR)
			f->off = f->len;
	}
	if (f->off == f->len && f->eof && !f->shut && to != -1) {
		shutdown(to, SHUT_WR);
		f->shut = true;
	}
}

static short
wanted(const struct state *s, const struct conn *c, int side)
{
	const struct flow *in = &c->flow[side], *out = &c->flow[!side];
	short events = 0;

	if (s->mode == TCPPROXY_STALL)
		return 0;
	if (!in->eof && in->off == in->len)
		events |= POLLIN;
	if (out->off < out->len && s->mode != TCPPROXY_SILENT)
		events |= POLLOUT;
	return events;
}

static bool
side_done(const struct conn *c, int side)
{
	const struct flow *f = &c->flow[side];

	return c->fd[side] == -1 || (f->eof && f->off == f->len);
}

static void
serve_conn(struct state *s, struct conn *c, const struct pollfd *p)
{
	for (int side = 0; side < 2; side++)
		if (p[side].revents != 0 && (p[side].events & POLLIN) && c->fd[side] != -1)
			flow_in(s, c, side);
	/* A mode that came with these very bytes may have closed everything. */
	if (s->mode != TCPPROXY_SILENT && s->mode != TCPPROXY_STALL)
		for (int side = 0; side < 2; side++)
			if (c->fd[side] != -1)
				flow_out(c, side);
	if (side_done(c, 0) && side_done(c, 1))
		conn_close(c, false);
}

static void
take_order(struct state *s)
{
	struct order o;

	if (recv(s->ctl, &o, sizeof(o), 0) != (ssize_t)sizeof(o))
		_exit(0); /* the test has ended */
	if (o.after_bytes == 0)
		apply(s, o.mode);
	else
		s->next = o;
	if (send(s->ctl, "k", 1, MSG_NOSIGNAL) != 1)
		_exit(0);
}

static void
serve(struct state *s)
{
	struct pollfd p[2 + 2 * CONNS];

	for (;;) {
		p[0] = (struct pollfd){.fd = s->ctl, .events = POLLIN};
		p[1] = (struct pollfd){.fd = s->listen_fd, .events = POLLIN};
		for (int i = 0; i < 2 * CONNS; i++) {
			struct pollfd *q = &p[2 + i];

			q->events = wanted(s, &s->conns[i / 2], i % 2);
			/* without events it would still be woken by a hang-up, again and again */
			q->fd = q->events != 0 ? s->conns[i / 2].fd[i % 2] : -1;
			q->revents = 0;
		}
		if (poll(p, 2 + 2 * CONNS, -1) == -1)
			continue;
		for (int i = 0; i < CONNS; i++)
			if (s->conns[i].fd[0] != -1 || s->conns[i].fd[1] != -1)
				serve_conn(s, &s->conns[i], &p[2 + 2 * i]);
		if (p[1].revents != 0)
			accept_one(s);
		if (p[0].revents != 0)
			take_order(s);
	}
}

static int
listen_loopback(unsigned *port)
{
	struct sockaddr_in a = loopback(0);
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd == -1 || bind(fd, (struct sockaddr *)&a, sizeof(a)) == -1 ||
	    listen(fd, CONNS) == -1 || getsockname(fd, (struct sockaddr *)&a, &len) == -1) {
		if (fd != -1)
			close(fd);
		return -1;
	}
	*port = ntohs(a.sin_port);
	return fd;
}

static void
child(int listen_fd, int ctl, unsigned target)
{
	struct state s = {.listen_fd = listen_fd, .ctl = ctl, .target = target};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_IGN);
	s.conns = calloc(CONNS, sizeof(*s.conns));
	if (s.conns == NULL)
		_exit(1);
	for (int i = 0; i < CONNS; i++)
		s.conns[i].fd[0] = s.conns[i].fd[1] = -1;
	serve(&s);
}

int
tcpproxy_start(struct tcpproxy *p, unsigned target_port)
{
	int ctl[2], fd = listen_loopback(&p->port);

	if (fd == -1)
		return -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ctl) == -1) {
		close(fd);
		return -1;
	}
	p->pid = fork();
	if (p->pid == 0) {
		close(ctl[0]);
		child(fd, ctl[1], target_port);
		_exit(0);
	}
	close(fd);
	close(ctl[1]);
	p->ctl = ctl[0];
	if (p->pid == -1) {
		close(ctl[0]);
		return -1;
	}
	return 0;
}

int
tcpproxy_set(struct tcpproxy *p, enum tcpproxy_mode mode, uint64_t after_bytes)
{
	struct order o;
	char b;

	memset(&o, 0, sizeof(o));
	o.mode = mode;
	o.after_bytes = after_bytes;
	if (send(p->ctl, &o, sizeof(o), MSG_NOSIGNAL) != (ssize_t)sizeof(o))
		return -1;
	return recv(p->ctl, &b, 1, 0) == 1 ? 0 : -1;
}

void
tcpproxy_stop(struct tcpproxy *p)
{
	close(p->ctl);
	kill(p->pid, SIGKILL);
	while (waitpid(p->pid, NULL, 0) == -1 && errno == EINTR)
		;
}
