/*
 * net/ssh: one authenticated connection to one machine whose host key is known beforehand.
 * The only place that sees libssh.
 *
 * Non-blocking inside: every wait also listens to sys/sig, so a signal is GSP_ECANCEL.
 * Keepalives go out while a command runs; a link that has been dead for 45 s is GSP_EIO.
 */
#ifndef GSP_NET_SSH_H
#define GSP_NET_SSH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct gsp_ssh;

struct gsp_ssh_opts {
	const char *host;       /* address, no name look-up surprises: literal IPv4 or IPv6 */
	unsigned port;          /* 22 */
	const char *user;       /* "root" */
	const char *host_key;   /* "ssh-ed25519 AAAA...": the only key that is accepted; or NULL and */
	const char *host_key_hash40; /* the first 40 hex digits of its SHA-256, of either case */
	const char *key_file;   /* private login key, OpenSSH format, no passphrase; NULL: what the */
	                        /* agent at $SSH_AUTH_SOCK holds */
	int64_t connect_ms;     /* budget for TCP, handshake and login together; 0: 20000 */
};

/**
 * gsp_ssh_open(out, opts, err):
 * Connect once, check the host key before anything else, log in.
 * Errors: GSP_ETEMP refused, reset, unreachable, timed out; GSP_EAUTH wrong host key or login
 * refused (told apart by gsp_err.detail: GSP_SSH_BAD_HOSTKEY, GSP_SSH_BAD_LOGIN); GSP_EPROTO;
 * GSP_ECANCEL; GSP_ECONFIG, GSP_EIO for opts that are no good: a host that is no address, a
 * malformed key, a key file that cannot be read, no passphrase being asked for.
 */
#define GSP_SSH_BAD_HOSTKEY 1
#define GSP_SSH_BAD_LOGIN   2
int gsp_ssh_open(struct gsp_ssh **out, const struct gsp_ssh_opts *opts, struct gsp_err *err);

/**
 * gsp_ssh_open_wait(out, opts, deadline_ms, err):
 * For a machine in its first minutes: as gsp_ssh_open(), but everything except a wrong host key
 * (and a signal, and trouble on our own side: keys that cannot be read) is tried again, quickly
 * at first, until absolute ${deadline_ms}. Then the last error, with "gave up" before it.
 */
int gsp_ssh_open_wait(struct gsp_ssh **out, const struct gsp_ssh_opts *opts,
    int64_t deadline_ms, struct gsp_err *err);

void gsp_ssh_close(struct gsp_ssh *s); /* NULL is fine */

/** gsp_ssh_host_key(s): the key that was accepted, "ssh-ed25519 AAAA..."; borrowed. */
const char *gsp_ssh_host_key(const struct gsp_ssh *s);

/* How a remote command ended. */
struct gsp_ssh_end {
	int status;      /* exit status 0..255, or -1 when a signal ended it */
	char signame[16]; /* "TERM", "KILL", ... without SIG, when status is -1 */
};

/* Called with bytes as they come. Return 0, or -1 with err set to abort the command. It must
 * not use the connection the bytes came from. */
typedef int gsp_ssh_sink(void *ctx, const char *data, size_t len, struct gsp_err *err);

struct gsp_ssh_io {
	const char *in;      /* sent to the command's stdin, then EOF; may be NULL */
	size_t in_len;
	gsp_ssh_sink *out;   /* stdout; NULL discards */
	void *out_ctx;
	gsp_ssh_sink *errs;  /* stderr; NULL: gathered (at most 4 KiB) and logged at debug */
	void *errs_ctx;
	int64_t deadline_ms; /* absolute; 0: none. GSP_ETEMP; the channel is closed */
};

/**
 * gsp_ssh_exec(s, command, io, end, err):
 * Run ${command} (a line for the login shell; quote words with gsp_argv_quote) and wait.
 * 0: it ran to an end, told truthfully in *end. -1: GSP_EIO link lost, GSP_ETEMP deadline,
 * GSP_ECANCEL, GSP_EPROTO, or what a sink said. After GSP_EIO the connection is of no use.
 */
int gsp_ssh_exec(struct gsp_ssh *s, const char *command, const struct gsp_ssh_io *io,
    struct gsp_ssh_end *end, struct gsp_err *err);

/** gsp_ssh_sink_buf: a sink whose ctx is a struct gsp_buf; GSP_ELIMIT at its ceiling. */
gsp_ssh_sink gsp_ssh_sink_buf;

/**
 * gsp_ssh_pump(s, command, in_fd, out_fd, err_fd, end, err):
 * Run ${command} with its streams joined to three descriptors of ours: rsync's transport, and
 * gsp-ssh's non-interactive commands. Reads in large blocks; back-pressure both ways. A
 * descriptor of -1 is an empty input, an output nobody wants. O_NONBLOCK is not set on any.
 * When ${out_fd} breaks (its reader left, as head does) the channel is closed and *end says
 * signal PIPE, which is what would have happened here.
 */
int gsp_ssh_pump(struct gsp_ssh *s, const char *command, int in_fd, int out_fd, int err_fd,
    struct gsp_ssh_end *end, struct gsp_err *err);

/**
 * gsp_ssh_shell(s, command, end, err):
 * Interactive: a pty of our terminal's size and type, raw mode while it lasts (restored on
 * every way out), window changes passed on. ${command} NULL is the login shell.
 */
int gsp_ssh_shell(struct gsp_ssh *s, const char *command, struct gsp_ssh_end *end,
    struct gsp_err *err);

/**
 * gsp_ssh_keygen(private_pem, public_line, comment, err):
 * A new ed25519 pair: OpenSSH private key text (with its final newline) and
 * "ssh-ed25519 AAAA... comment" (no newline).
 */
int gsp_ssh_keygen(struct gsp_buf *private_pem, struct gsp_buf *public_line,
    const char *comment, struct gsp_err *err);

/**
 * gsp_ssh_key_hash(hex, public_line, err):
 * SHA-256 of the key blob as 64 lower-case hex digits and NUL: ${hex} holds 65. Also the check
 * that a line is an OpenSSH public key: GSP_ECONFIG if not.
 */
int gsp_ssh_key_hash(char hex[65], const char *public_line, struct gsp_err *err);

#endif
