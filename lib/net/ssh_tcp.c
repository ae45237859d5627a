/* net/ssh: the TCP connection under the session, and waiting on it. */
#include "net/ssh_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "sys/sig.h"

#include "base/banned.h"

#define POLL_MAX_MS 60000

int
gsp_ssh_poll(struct pollfd *p, nfds_t n, int64_t until_ms, struct gsp_err *err)
{
	int64_t now = gsp_now_ms();
	int wait_ms = 0;

	if (gsp_sig_check(err) == -1)
		return -1;
	p[0].fd = gsp_sig_fd();
	p[0].events = POLLIN;
	p[0].revents = 0;
	if (until_ms > now)
		wait_ms = until_ms - now > POLL_MAX_MS ? POLL_MAX_MS : (int)(until_ms - now);
	if (poll(p, n, gsp_sig_idle(wait_ms)) == -1) {
		if (errno != EINTR)
			return gsp_err_sys(err, GSP_ESYS, errno, "cannot wait for the network");
		for (nfds_t i = 0; i < n; i++)
			p[i].revents = 0;
	}
	return gsp_sig_check(err);
}

static void
set_int(int fd, int level, int name, int value)
{
	/* What cannot be set is not worth failing for: the keepalives of ssh remain. */
	(void)setsockopt(fd, level, name, &value, sizeof(value));
}

void
gsp_ssh_tcp_tune(int fd)
{
	int probe_s = gsp_ssh_keepalive_ms < 1000 ? 1 : (int)(gsp_ssh_keepalive_ms / 1000);
	int dead_ms = (int)(gsp_ssh_keepalive_ms * (GSP_SSH_KEEPALIVE_TRIES + 1));

	set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set_int(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_int(fd, IPPROTO_TCP, TCP_KEEPIDLE, probe_s);
	set_int(fd, IPPROTO_TCP, TCP_KEEPINTVL, probe_s);
	set_int(fd, IPPROTO_TCP, TCP_KEEPCNT, GSP_SSH_KEEPALIVE_TRIES);
	set_int(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, dead_ms);
}

void
gsp_ssh_tcp_quickack(int fd)
{
	set_int(fd, IPPROTO_TCP, TCP_QUICKACK, 1);
}

/* Wait for the outcome of a connect() that is under way: 0, an errno, or -1 with err. */
static int
connect_outcome(int fd, int64_t deadline_ms, struct gsp_err *err)
{
	struct pollfd p[2] = {{.fd = -1}, {.fd = fd, .events = POLLOUT}};
	int soerr = 0;
	socklen_t len = sizeof(soerr);

	while (p[1].revents == 0) {
		if (gsp_now_ms() >= deadline_ms)
			return ETIMEDOUT;
		if (gsp_ssh_poll(p, 2, deadline_ms, err) == -1)
			return -1;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &soerr, &len) == -1)
		return errno;
	return soerr;
}

int
gsp_ssh_tcp_connect(int *out, const char *host, unsigned port, int64_t deadline_ms,
    struct gsp_err *err)
{
	const struct addrinfo want = {
	    .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
	    .ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *ai = NULL;
	char service[16];
	int fd = -1, why, rc = -1;

	snprintf(service, sizeof(service), "%u", port);
	why = getaddrinfo(host, service, &want, &ai);
	if (why != 0)
		return gsp_err_set(err, GSP_ECONFIG, "'%s' port %u is not an IP address: %s", host,
		    port, gai_strerror(why));
	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
	if (fd == -1) {
		why = errno;
		/* A computer without IPv6 says this: the address is the trouble, try later. */
		gsp_err_sys(err, why == EAFNOSUPPORT ? GSP_ETEMP : GSP_ESYS, why,
		    "cannot make a socket for '%s'", host);
		goto out;
	}
	gsp_ssh_tcp_tune(fd);
	why = 0;
	if (connect(fd, ai->ai_addr, ai->ai_addrlen) == -1)
		why = errno;
	if (why == EINPROGRESS || why == EINTR)
		why = connect_outcome(fd, deadline_ms, err);
	if (why == -1)
		goto out;
	if (why != 0) {
		gsp_err_sys(err, GSP_ETEMP, why, "cannot connect to '%s' port %u", host, port);
		goto out;
	}
	*out = fd;
	fd = -1;
	rc = 0;
out:
	if (fd != -1)
		close(fd);
	freeaddrinfo(ai);
	return rc;
}
