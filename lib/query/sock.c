#include "query/sock.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "query/host.h"
#include "sys/sig.h"

#include "base/banned.h"

#define POLL_MAX_MS  60000
#define DATAGRAM_MAX 65536 /* UDP carries less */

int
gsp_qsock_wait(int fd, short events, int64_t deadline_ms, struct gsp_err *err)
{
	struct pollfd p[2] = {{.fd = gsp_sig_fd(), .events = POLLIN}, {.fd = fd, .events = events}};
	int64_t left;

	for (;;) {
		if (gsp_sig_check(err) == -1)
			return -1;
		left = deadline_ms - gsp_now_ms();
		if (left < 0)
			left = 0;
		else if (left > POLL_MAX_MS)
			left = POLL_MAX_MS;
		if (poll(p, 2, gsp_sig_idle((int)left)) == -1) {
			if (errno != EINTR)
				return gsp_err_sys(err, GSP_ESYS, errno, "cannot wait for the network");
			continue;
		}
		if (gsp_sig_check(err) == -1)
			return -1;
		if (p[1].revents != 0)
			return 1;
		if (gsp_now_ms() >= deadline_ms)
			return 0;
	}
}

static int
say_errno(const struct gsp_qpeer *peer, int errnum, struct gsp_err *err)
{
	if (errnum == ECONNREFUSED)
		return gsp_err_set(err, GSP_ETEMP, "'%s' has nothing that answers on port %u/%s",
		    peer->host, peer->port, peer->udp ? "udp" : "tcp");
	return gsp_err_sys(err, GSP_ETEMP, errnum, "cannot ask '%s' port %u/%s", peer->host,
	    peer->port, peer->udp ? "udp" : "tcp");
}

static int
say_late(const struct gsp_qpeer *peer, struct gsp_err *err)
{
	return gsp_err_set(err, GSP_ETEMP, "'%s' port %u/%s does not answer in time", peer->host,
	    peer->port, peer->udp ? "udp" : "tcp");
}

static int
connect_to(struct gsp_qpeer *peer, const struct gsp_query_addr *a, int64_t deadline_ms,
    struct gsp_err *err)
{
	int type = peer->udp ? SOCK_DGRAM : SOCK_STREAM, one = 1, soerr = 0, rc;
	socklen_t len = sizeof(soerr);

	peer->fd = socket(a->sa.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (peer->fd == -1)
		return say_errno(peer, errno, err);
	if (!peer->udp)
		(void)setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(peer->fd, (const struct sockaddr *)&a->sa, a->len) == 0)
		return 0;
	if (errno != EINPROGRESS && errno != EINTR)
		return say_errno(peer, errno, err);
	if ((rc = gsp_qsock_wait(peer->fd, POLLOUT, deadline_ms, err)) == -1)
		return -1;
	if (rc == 0)
		return say_late(peer, err);
	if (getsockopt(peer->fd, SOL_SOCKET, SO_ERROR, &soerr, &len) == -1)
		soerr = errno;
	return soerr != 0 ? say_errno(peer, soerr, err) : 0;
}

int
gsp_qsock_each(const char *host, uint16_t port, bool udp, int64_t deadline_ms, gsp_qsock_fn *fn,
    void *ctx, struct gsp_err *err)
{
	struct gsp_qpeer peer = {.fd = -1, .host = host, .port = port, .udp = udp};
	struct gsp_query_host h;
	int64_t now, until;
	int rc = -1;

	if (gsp_query_host(&h, host, port, deadline_ms, err) == -1)
		return -1;
	for (size_t i = 0; i < h.n; i++) {
		now = gsp_now_ms();
		if (i > 0 && now >= deadline_ms)
			break;
		until = now + (deadline_ms - now) / (int64_t)(h.n - i);
		gsp_err_clear(err);
		rc = connect_to(&peer, &h.v[i], until, err) == -1 || fn(ctx, &peer, until, err) == -1
		    ? -1
		    : 0;
		if (peer.fd != -1)
			close(peer.fd);
		peer.fd = -1;
		if (rc == 0 || err->code != GSP_ETEMP)
			break;
	}
	return rc;
}

int
gsp_qsock_send(const struct gsp_qpeer *peer, const void *data, size_t len, int64_t deadline_ms,
    struct gsp_err *err)
{
	const char *p = data;
	ssize_t n;
	int rc;

	while (len > 0) {
		n = send(peer->fd, p, len, MSG_NOSIGNAL);
		if (n >= 0) {
			p += n;
			len -= (size_t)n;
			continue;
		}
		if (errno != EAGAIN && errno != EINTR)
			return say_errno(peer, errno, err);
		if ((rc = gsp_qsock_wait(peer->fd, POLLOUT, deadline_ms, err)) != 1)
			return rc == 0 ? say_late(peer, err) : -1;
	}
	return 0;
}

int
gsp_qsock_recv(const struct gsp_qpeer *peer, void *data, size_t size, int64_t deadline_ms,
    struct gsp_err *err)
{
	ssize_t n;
	int rc;

	for (;;) {
		/* the deadline first: a peer that always has one more byte must not outlast it */
		if ((rc = gsp_qsock_wait(peer->fd, POLLIN, deadline_ms, err)) == -1)
			return -1;
		if (rc == 0 || gsp_now_ms() >= deadline_ms)
			return say_late(peer, err);
		n = recv(peer->fd, data, size, 0);
		if (n >= 0)
			return (int)n;
		if (errno != EAGAIN && errno != EINTR)
			return say_errno(peer, errno, err);
	}
}

/* ---- UDP ---- */

/* A datagram that does not fit the queue is one that got lost. */
static int
ask_once(const struct gsp_qask *q, const struct gsp_qpeer *peer, struct gsp_err *err)
{
	if (send(peer->fd, q->question, q->len, MSG_NOSIGNAL) == -1 && errno != EAGAIN &&
	    errno != EINTR && errno != ENOBUFS)
		return say_errno(peer, errno, err);
	return 0;
}

static int
give_up(const struct gsp_qpeer *peer, unsigned came, struct gsp_err *err)
{
	if (came == 0)
		return say_late(peer, err);
	return gsp_err_set(err, GSP_ETEMP, "'%s' port %u/udp sent %u datagram%s, but no whole answer "
	    "to what was asked", peer->host, peer->port, came, came == 1 ? "" : "s");
}

int
gsp_qask(struct gsp_qask *q, const struct gsp_qpeer *peer, int64_t deadline_ms,
    struct gsp_err *err)
{
	static uint8_t data[DATAGRAM_MAX]; /* one thread; too large for a stack */
	int64_t pause = 500, first = gsp_now_ms(), next = first;
	unsigned came = 0;
	enum gsp_qtake what;
	ssize_t n;
	int rc;

	for (;;) {
		int64_t now = gsp_now_ms();

		if (now >= deadline_ms)
			return give_up(peer, came, err);
		if (now >= next) {
			if (ask_once(q, peer, err) == -1)
				return -1;
			next = now + pause;
			pause = pause < 2000 ? pause * 2 : 2000;
		}
		rc = gsp_qsock_wait(peer->fd, POLLIN, next < deadline_ms ? next : deadline_ms, err);
		if (rc == -1)
			return -1;
		if (rc == 0)
			continue;
		if ((n = recv(peer->fd, data, sizeof(data), 0)) == -1) {
			if (errno == EAGAIN || errno == EINTR)
				continue;
			return say_errno(peer, errno, err);
		}
		if (++came > GSP_QSOCK_DATAGRAMS_MAX)
			return gsp_err_set(err, GSP_ELIMIT, "'%s' port %u/udp sends datagrams without end",
			    peer->host, peer->port);
		what = q->take(q->ctx, q, data, (size_t)n, err);
		if (what == GSP_QTAKE_BAD)
			return -1;
		q->latency_ms = gsp_now_ms() - first;
		if (what == GSP_QTAKE_DONE)
			return 0;
		if (what == GSP_QTAKE_AGAIN) {
			first = next = gsp_now_ms();
			pause = 500;
		}
	}
}
