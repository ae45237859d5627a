#include "wsd.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS 10000

struct fake_wsd {
	int listen_fd, stop_pipe[2];
	unsigned port;
	fake_ws_script *script;
	void *ctx;
	pthread_t thread;
	atomic_int busy; /* connections */
};

/* The descriptor is ready. false: it was not in time, or the test is over. */
static bool
ready(struct fake_wsd *d, int fd, short events, int ms)
{
	struct pollfd p[2] = {{fd, events, 0}, {d->stop_pipe[0], POLLIN, 0}};

	return poll(p, 2, ms) > 0 && p[1].revents == 0;
}

static bool
read_exactly(struct fake_ws *w, void *buf, size_t len)
{
	uint8_t *p = buf;

	while (len > 0) {
		ssize_t n = ready(w->d, w->fd, POLLIN, PATIENCE_MS) ? recv(w->fd, p, len, 0) : -1;

		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

bool
fake_ws_read_head(struct fake_ws *w)
{
	size_t n = 0;

	while (n + 1 < sizeof(w->head)) {
		if (!read_exactly(w, w->head + n, 1))
			return false;
		w->head[++n] = '\0';
		if (n >= 4 && memcmp(w->head + n - 4, "\r\n\r\n", 4) == 0)
			return true;
	}
	return false;
}

bool
fake_ws_accept(struct fake_ws *w, char out[29])
{
	const char *key = strcasestr(w->head, "\r\nSec-WebSocket-Key: ");
	char cmd[256], line[64];
	bool ok;
	FILE *f;

	if (key == NULL || strspn(key + 21, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	                                    "0123456789+/=") != 24)
		return false;
	snprintf(cmd, sizeof(cmd),
	    "printf %%s%%s '%.24s' 258EAFA5-E914-47DA-95CA-C5AB0DC85B11 | "
	    "python3 -c 'import sys,hashlib,base64; "
	    "print(base64.b64encode(hashlib.sha1(sys.stdin.buffer.read()).digest()).decode())'",
	    key + 21);
	if ((f = popen(cmd, "re")) == NULL)
		return false;
	ok = fgets(line, sizeof(line), f) != NULL && strlen(line) == 29;
	pclose(f);
	if (ok)
		snprintf(out, 29, "%.28s", line);
	return ok;
}

bool
fake_ws_open(struct fake_ws *w)
{
	char accept[29], answer[256];

	if (!fake_ws_read_head(w) || !fake_ws_accept(w, accept))
		return false;
	snprintf(answer, sizeof(answer),
	    "HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\n"
	    "Connection: keep-alive, upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
	    accept);
	return fake_ws_write(w, answer, strlen(answer));
}

bool
fake_ws_write(struct fake_ws *w, const void *data, size_t len)
{
	const uint8_t *p = data;

	while (len > 0) {
		ssize_t n = ready(w->d, w->fd, POLLOUT, PATIENCE_MS)
				? send(w->fd, p, len, MSG_NOSIGNAL | MSG_DONTWAIT)
				: -1;

		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

bool
fake_ws_drip(struct fake_ws *w, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i++) {
		if (!fake_ws_write(w, p + i, 1))
			return false;
		usleep(500);
	}
	return true;
}

size_t
fake_ws_put(uint8_t *buf, uint8_t first, bool mask, const void *data, size_t len)
{
	uint8_t *p = buf, m = mask ? 0x80 : 0;

	*p++ = first;
	if (len < 126)
		*p++ = (uint8_t)(m | len);
	else if (len < 65536) {
		*p++ = m | 126;
		*p++ = (uint8_t)(len >> 8);
		*p++ = (uint8_t)len;
	} else {
		*p++ = m | 127;
		for (int i = 7; i >= 0; i--)
			*p++ = (uint8_t)((uint64_t)len >> 8 * i);
	}
	if (mask) {
		memset(p, 0, 4);
		p += 4;
	}
	if (data != NULL && len > 0) {
		memcpy(p, data, len);
		p += len;
	}
	return (size_t)(p - buf);
}

bool
fake_ws_frame(struct fake_ws *w, uint8_t first, const void *data, size_t len)
{
	uint8_t *buf = malloc(len + 14);
	bool ok = buf != NULL &&
		  fake_ws_write(w, buf, fake_ws_put(buf, first, false, data, len));

	free(buf);
	return ok;
}

int
fake_ws_take(struct fake_ws *w, uint8_t *buf, size_t size, size_t *len)
{
	uint8_t h[2], more[8], mask[4];
	uint64_t n;
	int extra;

	if (!read_exactly(w, h, 2) || (h[1] & 0x80) == 0)
		return -1;
	n = h[1] & 0x7f;
	extra = n == 126 ? 2 : n == 127 ? 8 : 0;
	if (!read_exactly(w, more, (size_t)extra))
		return -1;
	for (int i = 0; i < extra; i++)
		n = (i == 0 ? 0 : n << 8) | more[i];
	if (n > size || !read_exactly(w, mask, 4) || !read_exactly(w, buf, (size_t)n))
		return -1;
	for (uint64_t i = 0; i < n; i++)
		buf[i] ^= mask[i % 4];
	*len = (size_t)n;
	return h[0];
}

void
fake_ws_reset(struct fake_ws *w)
{
	struct linger now = {1, 0};

	setsockopt(w->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(w->fd);
	w->fd = -1;
}

void
fake_ws_until_gone(struct fake_ws *w)
{
	char c;

	while (read_exactly(w, &c, 1)) {
	}
}

static void *
serve_one(void *arg)
{
	struct fake_ws *w = arg;
	struct fake_wsd *d = w->d;

	d->script(w);
	if (w->fd != -1)
		close(w->fd);
	free(w);
	d->busy--;
	return NULL;
}

static void *
serve(void *arg)
{
	struct fake_wsd *d = arg;

	while (ready(d, d->listen_fd, POLLIN, -1)) {
		struct fake_ws *w = calloc(1, sizeof(*w));
		pthread_t t;
		int on = 1;

		if (w == NULL)
			abort();
		w->ctx = d->ctx;
		w->d = d;
		w->fd = accept4(d->listen_fd, NULL, NULL, SOCK_CLOEXEC);
		setsockopt(w->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		d->busy++;
		if (w->fd == -1 || pthread_create(&t, NULL, serve_one, w) != 0)
			abort();
		pthread_detach(t);
	}
	return NULL;
}

struct fake_wsd *
fake_wsd_new(fake_ws_script *script, void *ctx)
{
	struct fake_wsd *d = calloc(1, sizeof(*d));
	struct sockaddr_in a = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(a);

	if (d == NULL)
		return NULL;
	d->script = script;
	d->ctx = ctx;
	d->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (d->listen_fd == -1 || pipe2(d->stop_pipe, O_CLOEXEC) == -1 ||
	    bind(d->listen_fd, (struct sockaddr *)&a, sizeof(a)) == -1 ||
	    listen(d->listen_fd, 16) == -1 ||
	    getsockname(d->listen_fd, (struct sockaddr *)&a, &n) == -1 ||
	    pthread_create(&d->thread, NULL, serve, d) != 0) {
		free(d);
		return NULL;
	}
	d->port = ntohs(a.sin_port);
	return d;
}

void
fake_wsd_free(struct fake_wsd *d)
{
	if (d == NULL)
		return;
	if (write(d->stop_pipe[1], "", 1) == -1)
		abort();
	pthread_join(d->thread, NULL);
	while (d->busy > 0)
		usleep(1000);
	close(d->listen_fd);
	close(d->stop_pipe[0]);
	close(d->stop_pipe[1]);
	free(d);
}

unsigned
fake_wsd_port(const struct fake_wsd *d)
{
	return d->port;
}
