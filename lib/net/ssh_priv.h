/*
 * net/ssh_priv: what the ssh*.c files share. Nobody else includes it, but for the test of
 * net/ssh, which shortens the keepalive with it.
 *
 * libssh is driven like this: the socket is ours (ssh_tcp.c) and non-blocking; until the login
 * is through, its calls are repeated while they say "again" (ssh.c); afterwards everything goes
 * through gsp_ssh_turn(), which polls, feeds libssh and keeps the link alive (ssh_cmd.c).
 */
#ifndef GSP_NET_SSH_PRIV_H
#define GSP_NET_SSH_PRIV_H

#include <libssh/callbacks.h>
#include <libssh/libssh.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "net/ssh.h"

/* After that many milliseconds without a byte from the server a keepalive goes out; the third
 * interval without an answer ends the link: 3 * 15 s = 45 s. Changed by tests only. */
extern int64_t gsp_ssh_keepalive_ms;
#define GSP_SSH_KEEPALIVE_TRIES 2

struct gsp_ssh {
	ssh_session ses;
	ssh_event ev;    /* NULL until the login is through */
	int fd;          /* the TCP socket: ours to close, after ssh_free() */
	ino_t inode;     /* its identity */
	bool busy;       /* a command runs: one at a time */
	struct ssh_counter_struct seen; /* what the socket moved; libssh keeps it */
	uint64_t seen_in;               /* seen.in_bytes at the last look */
	int64_t ka_next_ms;             /* when silence asks for a keepalive */
	int ka_missed;
	char where[128]; /* "'192.0.2.10' port 22", for messages */
	char host_key[128]; /* the one that was accepted, as a public line */
};

/* One command on one channel. */
struct gsp_ssh_cmd {
	struct gsp_ssh *s;
	ssh_channel ch;
	struct ssh_channel_callbacks_struct cb;
	/* bytes from the command; returns how many were taken, the rest is offered again */
	size_t (*data)(void *ctx, const char *data, size_t len, bool is_err);
	void *ctx;
	bool have_end; /* exit-status or exit-signal came */
	bool bad_end;  /* it was nonsense */
	bool eof, closed;
	bool eof_sent;
	struct gsp_ssh_end end;
};

/* ssh_tcp.c */
/* Connect to a literal address: GSP_ETEMP, GSP_ECONFIG, GSP_ECANCEL. */
int gsp_ssh_tcp_connect(int *fd, const char *host, unsigned port, int64_t deadline_ms,
    struct gsp_err *err);
/* No delay, and the kernel's own checks that the peer still lives. */
void gsp_ssh_tcp_tune(int fd);
/* Answer what came with an ACK at once, until the kernel changes its mind: sshd has Nagle on
 * until a session starts, so each delayed ACK of ours costs 40 ms of connecting. */
void gsp_ssh_tcp_quickack(int fd);
/* poll() that a signal ends, unless signals are held: -1 is GSP_ECANCEL or GSP_ESYS. p[0] is
 * left to this function. Times are absolute; INT64_MAX: none. */
int gsp_ssh_poll(struct pollfd *p, nfds_t n, int64_t until_ms, struct gsp_err *err);

/* ssh_key.c */
/* GSP_ECONFIG if ${public_line} is no OpenSSH public key. */
int gsp_ssh_key_parse(ssh_key *out, const char *public_line, struct gsp_err *err);
/* SHA-256 of the blob in lower-case hex. -1: libssh could not. */
int gsp_ssh_key_hex(char hex[65], ssh_key key);

/* ssh.c */
/* libssh's word on what went wrong, fit for a message. Valid until the next call. */
const char *gsp_ssh_why(const struct gsp_ssh *s);

/* ssh_cmd.c */
/* Wait until something happens on the link or one of more[] is ready or ${until_ms} has come;
 * feed libssh; send keepalives. -1: GSP_EIO the link is lost, GSP_ECANCEL, GSP_ESYS. */
int gsp_ssh_turn(struct gsp_ssh *s, struct pollfd *more, nfds_t nmore, int64_t until_ms,
    struct gsp_err *err);
/* Set c->s, c->data and c->ctx before. */
int gsp_ssh_cmd_open(struct gsp_ssh_cmd *c, int64_t deadline_ms, struct gsp_err *err);
int gsp_ssh_cmd_pty(struct gsp_ssh_cmd *c, const char *term, int cols, int rows,
    struct gsp_err *err);
/* ${command} NULL: the login shell. */
int gsp_ssh_cmd_start(struct gsp_ssh_cmd *c, const char *command, int64_t deadline_ms,
    struct gsp_err *err);
/* Send what fits now, at most ${len}: the count, or -1 when the command takes no more input. */
int gsp_ssh_cmd_write(struct gsp_ssh_cmd *c, const char *data, size_t len);
bool gsp_ssh_cmd_can_write(const struct gsp_ssh_cmd *c);
void gsp_ssh_cmd_eof(struct gsp_ssh_cmd *c);
/* How it ended, or GSP_EIO, GSP_EPROTO if nobody knows. */
int gsp_ssh_cmd_end(const struct gsp_ssh_cmd *c, struct gsp_ssh_end *end,
    struct gsp_err *err);
void gsp_ssh_cmd_close(struct gsp_ssh_cmd *c);

/* ssh_pump.c */
/* Move bytes between an open, started command and three descriptors until it has ended. */
struct gsp_ssh_pump_hook {
	void (*tick)(void *ctx); /* at least once a second; NULL: never */
	void *ctx;
};
size_t gsp_ssh_pump_data(void *pump, const char *data, size_t len, bool is_err);
struct gsp_ssh_pump *gsp_ssh_pump_new(struct gsp_ssh_cmd *c, int in_fd, int out_fd,
    int err_fd, struct gsp_err *err);
int gsp_ssh_pump_run(struct gsp_ssh_pump *p, const struct gsp_ssh_pump_hook *hook,
    struct gsp_ssh_end *end, struct gsp_err *err);
void gsp_ssh_pump_free(struct gsp_ssh_pump *p);

#endif
