#include "net_link.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/must.h"

#include "base/banned.h"

enum {
	CHUNK = 16 << 10,    /* read at once */
	SLOW = 256 << 10,    /* so much unread by the monitor: ask nothing new */
	OUT_MAX = 4 << 20,   /* so much: it is not alive */
	KEEP = 64 << 10      /* memory kept for the next line */
};

struct net_link {
	int fd;
	struct gsp_buf in, out;
	size_t taken; /* bytes of `in` that were handed out */
	bool ended;
	char why[256];
};

struct net_link *
net_link_new(int fd)
{
	struct net_link *l = gsp_must(calloc(1, sizeof(*l)));

	l->fd = fd;
	gsp_buf_init(&l->in, GSP_TALK_LINE_MAX + CHUNK + 1);
	gsp_buf_init(&l->out, OUT_MAX);
	(void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	return l;
}

/* Tokens pass through here. */
static void
wipe(struct gsp_buf *b)
{
	if (b->data != NULL)
		explicit_bzero(b->data, b->cap);
	gsp_buf_release(b);
}

void
net_link_free(struct net_link *l)
{
	if (l == NULL)
		return;
	wipe(&l->in);
	wipe(&l->out);
	free(l);
}

int
net_link_fd(const struct net_link *l)
{
	return l->ended ? -1 : l->fd;
}

short
net_link_events(const struct net_link *l)
{
	return l->out.len > 0 ? POLLIN | POLLOUT : POLLIN;
}

static void
end(struct net_link *l, const char *what, const char *why)
{
	if (l->ended)
		return;
	l->ended = true;
	(void)snprintf(l->why, sizeof(l->why), "%s%s", what, why);
}

static void
drop_taken(struct net_link *l)
{
	if (l->taken == 0)
		return;
	gsp_buf_consume(&l->in, l->taken);
	l->taken = 0;
	if (l->in.len == 0 && l->in.cap > KEEP)
		wipe(&l->in);
}

void
net_link_read(struct net_link *l)
{
	char *room;
	ssize_t n;

	if (l->ended)
		return;
	drop_taken(l);
	room = gsp_buf_reserve(&l->in, CHUNK);
	if (room == NULL) {
		end(l, "the monitor sent a line that is too long", "");
		return;
	}
	n = recv(l->fd, room, CHUNK, MSG_DONTWAIT);
	if (n > 0) {
		l->in.len += (size_t)n;
		l->in.data[l->in.len] = '\0';
	} else if (n == 0) {
		end(l, "", "");
	} else if (errno != EAGAIN && errno != EINTR) {
		end(l, "cannot read from the monitor: ", strerror(errno));
	}
}

bool
net_link_next(struct gsp_talk *t, struct net_link *l)
{
	struct gsp_err err = GSP_ERR_INIT;
	const char *line, *nl;

	if (l->in.len == l->taken)
		return false;
	line = l->in.data + l->taken;
	nl = memchr(line, '\n', l->in.len - l->taken);
	if (nl == NULL)
		return false;
	l->taken += (size_t)(nl - line) + 1;
	if (gsp_talk_parse(t, line, (size_t)(nl - line), &err) == 0)
		return true;
	end(l, "the monitor sent nonsense: ", err.msg);
	l->taken = l->in.len;
	return false;
}

void
net_link_flush(struct net_link *l)
{
	size_t sent = 0;
	ssize_t n;

	while (!l->ended && sent < l->out.len) {
		n = send(l->fd, l->out.data + sent, l->out.len - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n >= 0)
			sent += (size_t)n;
		else if (errno == EAGAIN)
			break;
		else if (errno == EPIPE || errno == ECONNRESET)
			end(l, "", "");
		else if (errno != EINTR)
			end(l, "cannot write to the monitor: ", strerror(errno));
	}
	gsp_buf_consume(&l->out, sent);
	if (l->out.len == 0 && l->out.cap > KEEP)
		wipe(&l->out);
}

void
net_link_send(struct net_link *l, const struct gsp_talk *t)
{
	if (l->ended)
		return;
	gsp_talk_write(&l->out, t);
	if (!gsp_buf_ok(&l->out))
		end(l, "the monitor reads nothing any more", "");
	else
		net_link_flush(l);
}

bool
net_link_slow(const struct net_link *l)
{
	return l->ended || l->out.len > SLOW;
}

bool
net_link_empty(const struct net_link *l)
{
	return l->ended || l->out.len == 0;
}

const char *
net_link_ended(const struct net_link *l)
{
	return l->ended ? l->why : NULL;
}
