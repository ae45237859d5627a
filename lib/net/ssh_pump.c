/* net/ssh: a command joined to three descriptors of ours. */
#include "net/ssh_priv.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#include "base/banned.h"

#define IN_BYTES  262144 /* one read of our input */
#define OUT_BYTES 65536  /* at first, for what libssh had to keep for us */
#define KEPT_MAX  (16 * 1024 * 1024) /* libssh keeps two of its windows of 1.28 MB at most */
#define TICK_MS   1000

/*
 * How a descriptor is written without blocking. O_NONBLOCK belongs to the open file, which the
 * shell that started us and its other children may share, so it is never set on what we were
 * handed.
 */
enum out_kind {
	OUT_SOCKET, /* MSG_DONTWAIT */
	OUT_OWN,    /* a pipe, opened once more with O_NONBLOCK */
	OUT_CAREFUL /* poll, then no more than certainly fits; files are always ready */
};

struct out {
	int fd;
	int own_fd; /* to close; else -1 */
	enum out_kind kind;
	size_t chunk;  /* OUT_CAREFUL: at most this much after each poll */
	bool dead;     /* what comes is thrown away */
	bool broken;   /* its reader left while we wrote */
	bool more;     /* libssh keeps bytes of this stream */
	bool draining; /* ... and we are taking them out */
	size_t off, len, size;
	char *rest; /* taken out of libssh, not written yet: rest[off..len] of size */
};

struct gsp_ssh_pump {
	struct gsp_ssh_cmd *c;
	int in_fd; /* -1 after its end */
	char *in;
	size_t in_off, in_len;
	struct out out[2]; /* stdout, stderr */
	bool failed;       /* err is set: writing or reading our side failed */
	struct gsp_err err;
};

static void
out_init(struct out *o, int fd)
{
	struct stat st;
	char path[32];

	*o = (struct out){.fd = fd, .own_fd = -1, .kind = OUT_CAREFUL, .chunk = OUT_BYTES};
	if (fd < 0 || fstat(fd, &st) == -1) {
		o->dead = true;
	} else if (S_ISSOCK(st.st_mode)) {
		o->kind = OUT_SOCKET;
	} else if (S_ISFIFO(st.st_mode)) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		o->own_fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
		/* A writable pipe takes 4096 bytes (Linux, pipe(7)); a terminal 256. */
		o->chunk = 4096;
		if (o->own_fd != -1) {
			o->kind = OUT_OWN;
			o->fd = o->own_fd;
		}
	} else if (isatty(fd)) {
		o->chunk = 256;
	}
}

static bool
is_writable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	return poll(&p, 1, 0) == 1;
}

/* One write: how much went, 0 if none can go now, -1 and errno. */
static ssize_t
out_once(struct out *o, const char *data, size_t len)
{
	ssize_t n;

	if (o->kind == OUT_CAREFUL) {
		if (!is_writable(o->fd))
			return 0;
		if (len > o->chunk)
			len = o->chunk;
	}
	do
		n = o->kind == OUT_SOCKET ? send(o->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL)
					  : write(o->fd, data, len);
	while (n == -1 && errno == EINTR);
	return n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK) ? 0 : n;
}

/* Write what can be written now: how much was taken. What nobody reads is thrown away. */
static size_t
out_write(struct gsp_ssh_pump *p, struct out *o, const char *data, size_t len)
{
	size_t done = 0;
	ssize_t n;

	while (done < len && !o->dead) {
		n = out_once(o, data + done, len - done);
		if (n == 0)
			return done;
		if (n > 0) {
			done += (size_t)n;
			continue;
		}
		o->dead = true;
		o->broken = errno == EPIPE || errno == ECONNRESET;
		if (!o->broken && !p->failed) {
			p->failed = true;
			gsp_err_sys(&p->err, GSP_EIO, errno, "cannot write the command's output");
		}
	}
	return len;
}

size_t
gsp_ssh_pump_data(void *ctx, const char *data, size_t len, bool is_err)
{
	struct gsp_ssh_pump *p = ctx;
	struct out *o = &p->out[is_err];
	size_t n;

	/* Order: what was taken out before goes first. What is refused here stays in libssh,
	 * whose window then fills up, which stops the other side. */
	if (o->draining || o->off < o->len) {
		o->more = true;
		return 0;
	}
	n = out_write(p, o, data, len);
	o->more = n < len;
	return n;
}

static bool
out_pending(const struct out *o)
{
	return o->more || o->off < o->len;
}

/*
 * Take out what libssh keeps, all of it. libssh 0.10 opens the window again with every read,
 * however much it still keeps: read piece by piece it would gather up to 256 MiB, and then drop
 * what comes without a word.
 */
static void
out_take(struct gsp_ssh_pump *p, struct out *o, bool is_err)
{
	int n = ssh_channel_poll(p->c->ch, is_err);
	char *bigger;

	o->off = o->len = 0;
	if (n > 0 && (size_t)n > o->size) {
		bigger = n <= KEPT_MAX ? realloc(o->rest, (size_t)n) : NULL;
		if (bigger == NULL) {
			p->failed = true;
			gsp_err_set(&p->err, GSP_ESYS, "no room for %d bytes of the command's output", n);
			o->more = false;
			return;
		}
		o->rest = bigger;
		o->size = (size_t)n;
	}
	if (n > 0)
		n = ssh_channel_read_nonblocking(p->c->ch, o->rest, (uint32_t)n, is_err);
	if (n > 0)
		o->len = (size_t)n;
	else
		o->more = false;
}

/* Its descriptor takes bytes again: pass on the rest, then what libssh keeps. */
static void
out_drain(struct gsp_ssh_pump *p, struct out *o, bool is_err)
{
	o->draining = true;
	for (;;) {
		if (o->off < o->len)
			o->off += out_write(p, o, o->rest + o->off, o->len - o->off);
		if (o->off < o->len || !o->more)
			break;
		out_take(p, o, is_err);
	}
	o->draining = false;
}

static void
read_input(struct gsp_ssh_pump *p)
{
	ssize_t n = read(p->in_fd, p->in, IN_BYTES);

	if (n > 0) {
		p->in_off = 0;
		p->in_len = (size_t)n;
	} else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
		/* A terminal that hung up says EIO, a closed descriptor EBADF: that is an end. */
		if (n == -1 && errno != EIO && errno != EBADF && errno != ECONNRESET) {
			p->failed = true;
			gsp_err_sys(&p->err, GSP_EIO, errno, "cannot read the command's input");
		}
		p->in_fd = -1;
	}
}

static void
send_input(struct gsp_ssh_pump *p)
{
	int n;

	if (p->in_off < p->in_len && gsp_ssh_cmd_can_write(p->c)) {
		n = gsp_ssh_cmd_write(p->c, p->in + p->in_off, p->in_len - p->in_off);
		if (n > 0)
			p->in_off += (size_t)n;
	}
	if (p->in_fd == -1 && p->in_off == p->in_len)
		gsp_ssh_cmd_eof(p->c);
}

/* One round: send what we have, wait, take what has come. */
static int
pump_turn(struct gsp_ssh_pump *p, int64_t until_ms, struct gsp_err *err)
{
	struct pollfd fds[3] = {
	    {.fd = -1, .events = POLLIN},
	    {.fd = -1, .events = POLLOUT},
	    {.fd = -1, .events = POLLOUT},
	};
	int rc;

	send_input(p);
	if (p->in_off == p->in_len && gsp_ssh_cmd_can_write(p->c))
		fds[0].fd = p->in_fd;
	for (int i = 0; i < 2; i++)
		if (out_pending(&p->out[i]))
			fds[1 + i].fd = p->out[i].fd;
	rc = gsp_ssh_turn(p->c->s, fds, 3, until_ms, err);
	for (int i = 0; i < 2; i++)
		if (fds[1 + i].revents != 0)
			out_drain(p, &p->out[i], i == 1);
	if (rc == -1)
		return -1;
	if (fds[0].revents != 0)
		read_input(p);
	return 0;
}

/* Our consumer is gone, as with "| head": the command is told by closing its channel, and would
 * die of SIGPIPE if it ran here. */
static void
say_sigpipe(const struct gsp_ssh_cmd *c, struct gsp_ssh_end *end)
{
	if (c->have_end && !c->bad_end) {
		*end = c->end;
		return;
	}
	end->status = -1;
	snprintf(end->signame, sizeof(end->signame), "PIPE");
}

int
gsp_ssh_pump_run(struct gsp_ssh_pump *p, const struct gsp_ssh_pump_hook *hook,
    struct gsp_ssh_end *end, struct gsp_err *err)
{
	struct gsp_ssh_cmd *c = p->c;
	struct gsp_err link = GSP_ERR_INIT;
	int64_t until_ms = INT64_MAX;

	for (;;) {
		bool pending = out_pending(&p->out[0]) || out_pending(&p->out[1]);

		if (p->failed) {
			*err = p->err;
			return -1;
		}
		if (p->out[0].broken) {
			say_sigpipe(c, end);
			return 0;
		}
		if (c->closed && !pending)
			break;
		if (hook->tick != NULL) {
			hook->tick(hook->ctx);
			until_ms = gsp_now_ms() + TICK_MS;
		}
		if (pump_turn(p, until_ms, &link) == 0)
			continue;
		pending = out_pending(&p->out[0]) || out_pending(&p->out[1]);
		if (link.code == GSP_EIO && !pending && (c->closed || (c->have_end && c->eof)))
			break;
		*err = link;
		return -1;
	}
	return gsp_ssh_cmd_end(c, end, err);
}

struct gsp_ssh_pump *
gsp_ssh_pump_new(struct gsp_ssh_cmd *c, int in_fd, int out_fd, int err_fd,
    struct gsp_err *err)
{
	struct gsp_ssh_pump *p = calloc(1, sizeof(*p));

	if (p != NULL) {
		p->c = c;
		p->in_fd = in_fd < 0 ? -1 : in_fd;
		out_init(&p->out[0], out_fd);
		out_init(&p->out[1], err_fd);
		p->in = malloc(IN_BYTES);
		for (int i = 0; i < 2; i++) {
			p->out[i].size = OUT_BYTES;
			p->out[i].rest = malloc(OUT_BYTES);
		}
	}
	if (p == NULL || p->in == NULL || p->out[0].rest == NULL || p->out[1].rest == NULL) {
		gsp_ssh_pump_free(p);
		gsp_err_set(err, GSP_ESYS, "out of memory");
		return NULL;
	}
	c->data = gsp_ssh_pump_data;
	c->ctx = p;
	return p;
}

void
gsp_ssh_pump_free(struct gsp_ssh_pump *p)
{
	if (p == NULL)
		return;
	for (int i = 0; i < 2; i++) {
		if (p->out[i].own_fd != -1)
			close(p->out[i].own_fd);
		free(p->out[i].rest);
	}
	free(p->in);
	free(p);
}

int
gsp_ssh_pump(struct gsp_ssh *s, const char *command, int in_fd, int out_fd, int err_fd,
    struct gsp_ssh_end *end, struct gsp_err *err)
{
	static const struct gsp_ssh_pump_hook no_hook;
	struct gsp_ssh_cmd c = {.s = s};
	struct gsp_ssh_pump *p = gsp_ssh_pump_new(&c, in_fd, out_fd, err_fd, err);
	int rc = -1;

	if (p == NULL)
		return -1;
	if (gsp_ssh_cmd_open(&c, INT64_MAX, err) == 0 &&
	    gsp_ssh_cmd_start(&c, command, INT64_MAX, err) == 0)
		rc = gsp_ssh_pump_run(p, &no_hook, end, err);
	gsp_ssh_cmd_close(&c);
	gsp_ssh_pump_free(p);
	return rc;
}
