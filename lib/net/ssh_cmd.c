/* net/ssh: the event loop, and one command on one channel. */
#include "net/ssh_priv.h"

/* ssh_send_keepalive() works for clients too, but is declared here. */
#include <libssh/server.h>

#include <assert.h>
#include <ctype.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

#include "base/banned.h"

#define FEED_MAX  64     /* libssh reads a few KiB at a time: go on while there is more */
#define EXEC_SEND 262144 /* per write */
#define ERRS_MAX  4096   /* of stderr that nobody asked for */

int64_t gsp_ssh_keepalive_ms = 15000;

static int
lost(const struct gsp_ssh *s, const char *why, struct gsp_err *err)
{
	return gsp_err_set(err, GSP_EIO, "the ssh link to %s was lost: %s", s->where, why);
}

static bool
is_lost(const struct gsp_ssh *s)
{
	return !ssh_is_connected(s->ses) ||
	    (ssh_get_status(s->ses) & (SSH_CLOSED | SSH_CLOSED_ERROR)) != 0;
}

/*
 * A keepalive asks for an answer, so silence means something. Missed ones are counted instead of
 * looking at the clock: after this process was stopped for a while the link gets its chance.
 */
static int
keep_alive(struct gsp_ssh *s, struct gsp_err *err)
{
	int64_t now = gsp_now_ms();

	if (s->seen.in_bytes != s->seen_in) {
		s->seen_in = s->seen.in_bytes;
		s->ka_missed = 0;
		s->ka_next_ms = now + gsp_ssh_keepalive_ms;
		return 0;
	}
	if (now < s->ka_next_ms)
		return 0;
	if (s->ka_missed == GSP_SSH_KEEPALIVE_TRIES)
		return lost(s, "nothing came over it for too long", err);
	s->ka_missed++;
	s->ka_next_ms = now + gsp_ssh_keepalive_ms;
	/* If libssh still holds the answer to the last one, the first call only picks it up. */
	(void)ssh_send_keepalive(s->ses);
	(void)ssh_send_keepalive(s->ses);
	return 0;
}

int
gsp_ssh_turn(struct gsp_ssh *s, struct pollfd *more, nfds_t nmore, int64_t until_ms,
    struct gsp_err *err)
{
	struct pollfd p[2 + 3] = {{.fd = -1}, {.fd = s->fd, .events = POLLIN}};

	assert(nmore <= 3);
	if (is_lost(s))
		return lost(s, gsp_ssh_why(s), err);
	if (ssh_get_poll_flags(s->ses) & SSH_WRITE_PENDING)
		p[1].events |= POLLOUT;
	for (nfds_t i = 0; i < nmore; i++)
		p[2 + i] = more[i];
	if (gsp_ssh_poll(p, 2 + nmore, until_ms < s->ka_next_ms ? until_ms : s->ka_next_ms,
		err) == -1)
		return -1;
	for (nfds_t i = 0; i < nmore; i++)
		more[i].revents = p[2 + i].revents;
	if (p[1].revents != 0)
		for (int i = 0; i < FEED_MAX && ssh_event_dopoll(s->ev, 0) == SSH_OK; i++)
			if (is_lost(s))
				break;
	if (is_lost(s))
		return lost(s, gsp_ssh_why(s), err);
	return keep_alive(s, err);
}

static int
on_data(ssh_session ses, ssh_channel ch, void *data, uint32_t len, int is_stderr, void *ctx)
{
	struct gsp_ssh_cmd *c = ctx;

	(void)ses;
	(void)ch;
	return (int)c->data(c->ctx, data, len, is_stderr != 0);
}

static void
on_eof(ssh_session ses, ssh_channel ch, void *ctx)
{
	struct gsp_ssh_cmd *c = ctx;

	(void)ses;
	(void)ch;
	c->eof = true;
}

static void
on_close(ssh_session ses, ssh_channel ch, void *ctx)
{
	struct gsp_ssh_cmd *c = ctx;

	(void)ses;
	(void)ch;
	c->closed = true;
}

static void
on_exit_status(ssh_session ses, ssh_channel ch, int status, void *ctx)
{
	struct gsp_ssh_cmd *c = ctx;

	(void)ses;
	(void)ch;
	c->have_end = true;
	c->bad_end = status < 0 || status > 255;
	c->end.status = status;
	c->end.signame[0] = '\0';
}

static void
on_exit_signal(ssh_session ses, ssh_channel ch, const char *name, int core, const char *msg,
    const char *lang, void *ctx)
{
	struct gsp_ssh_cmd *c = ctx;
	size_t n = 0;

	(void)ses;
	(void)ch;
	(void)core;
	(void)msg;
	(void)lang;
	/* RFC 4254, 6.10: "TERM" and so on, or a local name "x@domain". */
	for (; name != NULL && name[n] != '\0' && n + 1 < sizeof(c->end.signame); n++)
		c->end.signame[n] = isalnum((unsigned char)name[n]) ? name[n] : '_';
	c->end.signame[n] = '\0';
	c->have_end = true;
	c->bad_end = n == 0;
	c->end.status = -1;
}

/* Turn while libssh says "again", at most until the deadline. */
static int
wait_turn(struct gsp_ssh_cmd *c, int64_t deadline_ms, const char *doing, struct gsp_err *err)
{
	if (gsp_now_ms() >= deadline_ms)
		return gsp_err_set(err, GSP_ETEMP, "%s took too long for %s", c->s->where, doing);
	gsp_ssh_tcp_quickack(c->s->fd);
	return gsp_ssh_turn(c->s, NULL, 0, deadline_ms, err);
}

int
gsp_ssh_cmd_open(struct gsp_ssh_cmd *c, int64_t deadline_ms, struct gsp_err *err)
{
	int rc;

	assert(!c->s->busy);
	c->ch = ssh_channel_new(c->s->ses);
	if (c->ch == NULL)
		return is_lost(c->s) ? lost(c->s, gsp_ssh_why(c->s), err)
				     : gsp_err_set(err, GSP_ESYS, "out of memory");
	c->s->busy = true;
	c->cb.userdata = c;
	c->cb.channel_data_function = on_data;
	c->cb.channel_eof_function = on_eof;
	c->cb.channel_close_function = on_close;
	c->cb.channel_exit_status_function = on_exit_status;
	c->cb.channel_exit_signal_function = on_exit_signal;
	ssh_callbacks_init(&c->cb);
	if (ssh_set_channel_callbacks(c->ch, &c->cb) != SSH_OK)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	while ((rc = ssh_channel_open_session(c->ch)) == SSH_AGAIN)
		if (wait_turn(c, deadline_ms, "opening a channel", err) == -1)
			return -1;
	if (rc == SSH_OK)
		return 0;
	if (is_lost(c->s))
		return lost(c->s, gsp_ssh_why(c->s), err);
	return gsp_err_set(err, GSP_EPROTO, "%s refused a channel: %s", c->s->where,
	    gsp_ssh_why(c->s));
}

int
gsp_ssh_cmd_pty(struct gsp_ssh_cmd *c, const char *term, int cols, int rows,
    struct gsp_err *err)
{
	int rc;

	while ((rc = ssh_channel_request_pty_size(c->ch, term, cols, rows)) == SSH_AGAIN)
		if (wait_turn(c, INT64_MAX, "making a terminal", err) == -1)
			return -1;
	if (rc != SSH_OK)
		return gsp_err_set(err, GSP_EPROTO, "%s refused a terminal: %s", c->s->where,
		    gsp_ssh_why(c->s));
	return 0;
}

static int
request_start(struct gsp_ssh_cmd *c, const char *command)
{
	return command != NULL ? ssh_channel_request_exec(c->ch, command)
			       : ssh_channel_request_shell(c->ch);
}

int
gsp_ssh_cmd_start(struct gsp_ssh_cmd *c, const char *command, int64_t deadline_ms,
    struct gsp_err *err)
{
	int rc;

	while ((rc = request_start(c, command)) == SSH_AGAIN)
		if (wait_turn(c, deadline_ms, "starting a command", err) == -1)
			return -1;
	if (rc == SSH_OK)
		return 0;
	if (is_lost(c->s))
		return lost(c->s, gsp_ssh_why(c->s), err);
	return gsp_err_set(err, GSP_EPROTO, "%s refused to run a command: %s", c->s->where,
	    gsp_ssh_why(c->s));
}

bool
gsp_ssh_cmd_can_write(const struct gsp_ssh_cmd *c)
{
	/* What libssh cannot pass on it gathers in memory: let it empty that first. */
	return !c->closed && !c->eof_sent && ssh_channel_window_size(c->ch) > 0 &&
	    (ssh_get_status(c->s->ses) & SSH_WRITE_PENDING) == 0;
}

int
gsp_ssh_cmd_write(struct gsp_ssh_cmd *c, const char *data, size_t len)
{
	uint32_t room = ssh_channel_window_size(c->ch);

	if (c->closed)
		return -1;
	return ssh_channel_write(c->ch, data, len < room ? (uint32_t)len : room);
}

void
gsp_ssh_cmd_eof(struct gsp_ssh_cmd *c)
{
	if (c->eof_sent)
		return;
	c->eof_sent = true;
	/* A channel that is closed already takes none; a lost link shows in the next turn. */
	(void)ssh_channel_send_eof(c->ch);
}

int
gsp_ssh_cmd_end(const struct gsp_ssh_cmd *c, struct gsp_ssh_end *end, struct gsp_err *err)
{
	if (!c->have_end)
		return gsp_err_set(err, GSP_EIO,
		    "the link to %s was lost before the command's status arrived", c->s->where);
	if (c->bad_end)
		return gsp_err_set(err, GSP_EPROTO, "%s sent an impossible exit status (%d)",
		    c->s->where, c->end.status);
	*end = c->end;
	return 0;
}

void
gsp_ssh_cmd_close(struct gsp_ssh_cmd *c)
{
	if (c->ch == NULL)
		return;
	/* libssh keeps the channel until the other side has closed it too, and would call us for
	 * what is still under way. */
	ssh_remove_channel_callbacks(c->ch, &c->cb);
	/* Sends the close, if there is none yet. */
	ssh_channel_free(c->ch);
	c->ch = NULL;
	c->s->busy = false;
}

int
gsp_ssh_sink_buf(void *ctx, const char *data, size_t len, struct gsp_err *err)
{
	struct gsp_buf *b = ctx;

	gsp_buf_add(b, data, len);
	if (!gsp_buf_ok(b))
		return gsp_err_set(err, GSP_ELIMIT, "the command said more than %zu bytes", b->max);
	return 0;
}

/* What exec's data callback knows. */
struct exec {
	const struct gsp_ssh_io *io;
	struct gsp_err *err;
	struct gsp_buf errs;
	bool failed;
};

static size_t
exec_data(void *ctx, const char *data, size_t len, bool is_err)
{
	struct exec *x = ctx;
	gsp_ssh_sink *sink = is_err ? x->io->errs : x->io->out;
	void *sink_ctx = is_err ? x->io->errs_ctx : x->io->out_ctx;
	size_t room = ERRS_MAX - x->errs.len;

	if (sink != NULL && !x->failed)
		x->failed = sink(sink_ctx, data, len, x->err) == -1;
	else if (sink == NULL && is_err)
		gsp_buf_add(&x->errs, data, len < room ? len : room);
	return len;
}

static int
exec_run(struct gsp_ssh_cmd *c, struct exec *x, struct gsp_ssh_end *end, struct gsp_err *err)
{
	struct gsp_err link = GSP_ERR_INIT;
	const struct gsp_ssh_io *io = x->io;
	int64_t deadline_ms = io->deadline_ms > 0 ? io->deadline_ms : INT64_MAX;
	size_t sent = 0, n;
	int wrote;

	while (!c->closed) {
		while (sent < io->in_len && gsp_ssh_cmd_can_write(c)) {
			n = io->in_len - sent < EXEC_SEND ? io->in_len - sent : EXEC_SEND;
			wrote = gsp_ssh_cmd_write(c, io->in + sent, n);
			if (wrote <= 0)
				break;
			sent += (size_t)wrote;
		}
		if (sent == io->in_len)
			gsp_ssh_cmd_eof(c);
		if (x->failed)
			return -1;
		if (gsp_now_ms() >= deadline_ms)
			return gsp_err_set(err, GSP_ETEMP,
			    "the command on %s did not end before its deadline", c->s->where);
		if (gsp_ssh_turn(c->s, NULL, 0, deadline_ms, &link) == 0)
			continue;
		/* It said how it ended and all it had to say: losing the link now is no loss. */
		if (link.code == GSP_EIO && (c->closed || (c->have_end && c->eof)))
			break;
		if (!x->failed)
			*err = link;
		return -1;
	}
	return x->failed ? -1 : gsp_ssh_cmd_end(c, end, err);
}

int
gsp_ssh_exec(struct gsp_ssh *s, const char *command, const struct gsp_ssh_io *io,
    struct gsp_ssh_end *end, struct gsp_err *err)
{
	static const struct gsp_ssh_io none;
	struct exec x = {.io = io != NULL ? io : &none, .err = err,
	    .errs = GSP_BUF_INIT(ERRS_MAX + 1)};
	struct gsp_ssh_cmd c = {.s = s, .data = exec_data, .ctx = &x};
	int64_t deadline_ms = x.io->deadline_ms > 0 ? x.io->deadline_ms : INT64_MAX;
	int rc = -1;

	if (gsp_ssh_cmd_open(&c, deadline_ms, err) == 0 &&
	    gsp_ssh_cmd_start(&c, command, deadline_ms, err) == 0)
		rc = exec_run(&c, &x, end, err);
	if (x.errs.len > 0)
		gsp_debug("stderr on %s: %s", s->where, gsp_buf_str(&x.errs));
	gsp_ssh_cmd_close(&c);
	gsp_buf_release(&x.errs);
	return rc;
}
