#include "httpd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNS 128
#define INPUT (256 * 1024)
#define REQUESTS 4096
#define ANSWERS 4096

struct conn {
	int fd; /* -1: free */
	int number;
	char *in;
	size_t len;
	bool dead; /* answered badly: keep it open, read no more */
};

struct fake_httpd {
	int listen_fd, stop_pipe[2];
	char url[64];
	pthread_t thread;
	pthread_mutex_t lock; /* for all below */
	struct fake_request requests[REQUESTS];
	size_t nrequests;
	struct fake_answer answers[ANSWERS];
	size_t first, nanswers;
	fake_handler *handler;
	void *handler_ctx;
	struct conn conns[CONNS];
	int connections;
};

static char *
copy(const char *s, size_t n)
{
	char *p = malloc(n + 1);

	if (p == NULL)
		abort();
	memcpy(p, s, n);
	p[n] = '\0';
	return p;
}

static void
free_request(struct fake_request *r)
{
	free((char *)r->method);
	free((char *)r->path);
	free((char *)r->headers);
	free((char *)r->body);
}

static void
free_answer(struct fake_answer *a)
{
	free((char *)a->headers);
	free((char *)a->body);
}

static void
send_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t w = send(fd, p, n, MSG_NOSIGNAL);

		if (w <= 0)
			return;
		p += w;
		n -= (size_t)w;
	}
}

static void
drip(int fd, const char *p, size_t n)
{
	struct timespec ms = {0, 1000000};

	for (size_t i = 0; i < n; i++) {
		send_all(fd, p + i, 1);
		nanosleep(&ms, NULL);
	}
}

static void
flood(int fd, const char *body)
{
	char chunk[16];
	size_t n = strlen(body);
	int len = snprintf(chunk, sizeof(chunk), "%zx\r\n", n);

	while (send(fd, chunk, (size_t)len, MSG_NOSIGNAL) > 0 &&
	       send(fd, body, n, MSG_NOSIGNAL) > 0 && send(fd, "\r\n", 2, MSG_NOSIGNAL) > 0) {
	}
}

static void
drop(struct conn *c, bool reset)
{
	struct linger now = {1, 0};

	if (reset)
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(c->fd);
	free(c->in);
	memset(c, 0, sizeof(*c));
	c->fd = -1;
}

static void
give(struct conn *c, const struct fake_answer *a)
{
	const char *body = a->body != NULL ? a->body : "";
	size_t n = strlen(body);
	char head[512];

	switch (a->how) {
	case FAKE_RESET: drop(c, true); return;
	case FAKE_CLOSE: drop(c, false); return;
	case FAKE_HANG: c->dead = true; return;
	case FAKE_GARBAGE:
		send_all(c->fd, "\x16\x03garbage, not a status line\r\n\r\n", 32);
		drop(c, false);
		return;
	default: break;
	}
	if (a->how == FAKE_FLOOD)
		snprintf(head, sizeof(head),
		    "HTTP/1.1 %d Fake\r\nTransfer-Encoding: chunked\r\n", a->status);
	else
		snprintf(head, sizeof(head), "HTTP/1.1 %d Fake\r\nContent-Length: %zu\r\n",
		    a->status, n);
	send_all(c->fd, head, strlen(head));
	if (a->headers != NULL)
		send_all(c->fd, a->headers, strlen(a->headers));
	if (a->headers == NULL || strcasestr(a->headers, "content-type:") == NULL)
		send_all(c->fd, "Content-Type: application/json\r\n", 32);
	send_all(c->fd, "\r\n", 2);
	switch (a->how) {
	case FAKE_TRUNCATE:
		send_all(c->fd, body, n / 2);
		drop(c, false);
		break;
	case FAKE_STALL:
		send_all(c->fd, body, n / 2);
		c->dead = true;
		break;
	case FAKE_SLOW: drip(c->fd, body, n); break;
	case FAKE_FLOOD:
		flood(c->fd, body);
		drop(c, false);
		break;
	default: send_all(c->fd, body, n); break;
	}
}

static void
answer(struct fake_httpd *h, struct conn *c, const struct fake_request *r)
{
	static const struct fake_answer unscripted = {
	    FAKE_ANSWER, 500, NULL, "{\"errors\":[{\"reason\":\"not scripted\"}]}"};
	struct fake_answer a = unscripted;
	bool mine = false;

	pthread_mutex_lock(&h->lock);
	if (h->first < h->nanswers) {
		a = h->answers[h->first];
		memset(&h->answers[h->first++], 0, sizeof(a));
		mine = true;
	} else if (h->handler != NULL)
		h->handler(h->handler_ctx, r, &a);
	pthread_mutex_unlock(&h->lock);
	give(c, &a);
	if (mine)
		free_answer(&a);
}

/* Take one whole request off the front of the input. false: not there yet. */
static bool
take_request(struct fake_httpd *h, struct conn *c)
{
	char *end, *line_end, *sp1, *sp2;
	struct fake_request r, *kept;
	size_t head, body = 0;
	const char *cl;

	c->in[c->len] = '\0';
	if ((end = strstr(c->in, "\r\n\r\n")) == NULL)
		return false;
	head = (size_t)(end - c->in) + 4;
	cl = strcasestr(c->in, "\r\ncontent-length:");
	if (cl != NULL && cl < end)
		body = strtoul(cl + 17, NULL, 10);
	if (c->len < head + body)
		return false;
	line_end = strstr(c->in, "\r\n");
	sp1 = memchr(c->in, ' ', (size_t)(line_end - c->in));
	sp2 = sp1 != NULL ? memchr(sp1 + 1, ' ', (size_t)(line_end - sp1 - 1)) : NULL;
	if (sp2 == NULL)
		abort();
	r.method = copy(c->in, (size_t)(sp1 - c->in));
	r.path = copy(sp1 + 1, (size_t)(sp2 - sp1 - 1));
	r.headers = copy(line_end, (size_t)(end - line_end) + 2);
	r.body = copy(c->in + head, body);
	r.connection = c->number;
	c->len -= head + body;
	memmove(c->in, c->in + head + body, c->len);
	pthread_mutex_lock(&h->lock);
	if (h->nrequests == REQUESTS)
		abort();
	kept = &h->requests[h->nrequests++];
	*kept = r;
	pthread_mutex_unlock(&h->lock);
	answer(h, c, kept);
	return true;
}

static void
read_some(struct fake_httpd *h, struct conn *c)
{
	ssize_t n = recv(c->fd, c->in + c->len, INPUT - 1 - c->len, 0);

	if (n <= 0) {
		drop(c, false);
		return;
	}
	if (c->dead)
		return;
	c->len += (size_t)n;
	while (c->fd != -1 && !c->dead && take_request(h, c)) {
	}
}

static void
take_connection(struct fake_httpd *h)
{
	int fd = accept4(h->listen_fd, NULL, NULL, SOCK_CLOEXEC), on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));

	for (size_t i = 0; fd != -1 && i < CONNS; i++) {
		struct conn *c = &h->conns[i];

		if (c->fd != -1)
			continue;
		memset(c, 0, sizeof(*c));
		c->fd = fd;
		c->number = ++h->connections;
		if ((c->in = malloc(INPUT)) == NULL)
			abort();
		return;
	}
	close(fd);
}

static void *
serve(void *arg)
{
	struct fake_httpd *h = arg;
	struct pollfd p[CONNS + 2];

	for (;;) {
		p[0] = (struct pollfd){h->stop_pipe[0], POLLIN, 0};
		p[1] = (struct pollfd){h->listen_fd, POLLIN, 0};
		for (size_t i = 0; i < CONNS; i++)
			p[i + 2] = (struct pollfd){h->conns[i].fd, POLLIN, 0};
		if (poll(p, CONNS + 2, -1) == -1)
			continue;
		if (p[0].revents != 0)
			return NULL;
		for (size_t i = 0; i < CONNS; i++)
			if (h->conns[i].fd != -1 && p[i + 2].revents != 0)
				read_some(h, &h->conns[i]);
		if (p[1].revents != 0)
			take_connection(h);
	}
}

struct fake_httpd *
fake_httpd_new(void)
{
	struct fake_httpd *h = calloc(1, sizeof(*h));
	struct sockaddr_in a = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(a);

	if (h == NULL)
		return NULL;
	for (size_t i = 0; i < CONNS; i++)
		h->conns[i].fd = -1;
	pthread_mutex_init(&h->lock, NULL);
	h->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (h->listen_fd == -1 || pipe2(h->stop_pipe, O_CLOEXEC) == -1 ||
	    bind(h->listen_fd, (struct sockaddr *)&a, sizeof(a)) == -1 ||
	    listen(h->listen_fd, 256) == -1 ||
	    getsockname(h->listen_fd, (struct sockaddr *)&a, &n) == -1 ||
	    pthread_create(&h->thread, NULL, serve, h) != 0) {
		free(h);
		return NULL;
	}
	snprintf(h->url, sizeof(h->url), "http://127.0.0.1:%u", ntohs(a.sin_port));
	return h;
}

void
fake_httpd_forget(struct fake_httpd *h)
{
	pthread_mutex_lock(&h->lock);
	for (size_t i = 0; i < h->nrequests; i++)
		free_request(&h->requests[i]);
	for (size_t i = h->first; i < h->nanswers; i++)
		free_answer(&h->answers[i]);
	h->nrequests = h->first = h->nanswers = 0;
	h->handler = NULL;
	pthread_mutex_unlock(&h->lock);
}

void
fake_httpd_free(struct fake_httpd *h)
{
	if (h == NULL)
		return;
	if (write(h->stop_pipe[1], "", 1) == -1)
		abort();
	pthread_join(h->thread, NULL);
	fake_httpd_forget(h);
	for (size_t i = 0; i < CONNS; i++)
		if (h->conns[i].fd != -1)
			drop(&h->conns[i], false);
	close(h->listen_fd);
	close(h->stop_pipe[0]);
	close(h->stop_pipe[1]);
	pthread_mutex_destroy(&h->lock);
	free(h);
}

const char *
fake_httpd_url(const struct fake_httpd *h)
{
	return h->url;
}

void
fake_httpd_push(struct fake_httpd *h, const struct fake_answer *a)
{
	struct fake_answer mine = *a;

	mine.headers = a->headers != NULL ? copy(a->headers, strlen(a->headers)) : NULL;
	mine.body = a->body != NULL ? copy(a->body, strlen(a->body)) : NULL;
	pthread_mutex_lock(&h->lock);
	if (h->nanswers == ANSWERS)
		abort();
	h->answers[h->nanswers++] = mine;
	pthread_mutex_unlock(&h->lock);
}

void
fake_httpd_say(struct fake_httpd *h, int status, const char *body)
{
	struct fake_answer a = {FAKE_ANSWER, status, NULL, body};

	fake_httpd_push(h, &a);
}

void
fake_httpd_handler(struct fake_httpd *h, fake_handler *fn, void *ctx)
{
	pthread_mutex_lock(&h->lock);
	h->handler = fn;
	h->handler_ctx = ctx;
	pthread_mutex_unlock(&h->lock);
}

size_t
fake_httpd_count(struct fake_httpd *h)
{
	size_t n;

	pthread_mutex_lock(&h->lock);
	n = h->nrequests;
	pthread_mutex_unlock(&h->lock);
	return n;
}

const struct fake_request *
fake_httpd_request(struct fake_httpd *h, size_t i)
{
	if (i >= fake_httpd_count(h))
		abort();
	return &h->requests[i];
}

const char *
fake_httpd_header(const struct fake_request *r, const char *name, char *buf, size_t size)
{
	size_t n = strlen(name);

	for (const char *line = r->headers; (line = strstr(line, "\r\n")) != NULL;) {
		line += 2;
		if (strncasecmp(line, name, n) != 0 || line[n] != ':')
			continue;
		line += n + 1 + strspn(line + n + 1, " ");
		snprintf(buf, size, "%.*s", (int)strcspn(line, "\r\n"), line);
		return buf;
	}
	return NULL;
}
