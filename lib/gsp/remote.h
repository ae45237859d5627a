/*
 * gsp/remote: the machine of a session, reached over the pinned key, and the calls of the script
 * that works there (lib/gsp/agent.sh, installed on first use).
 */
#ifndef GSP_GSP_REMOTE_H
#define GSP_GSP_REMOTE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/argv.h"
#include "base/err.h"
#include "gsp/config.h"
#include "gsp/marker.h"
#include "gsp/session.h"
#include "net/ssh.h"

struct gsp_remote;

/**
 * gsp_remote_open(out, h, s, deadline_ms, err):
 * ${deadline_ms} 0: one attempt (20 s); else keep trying until then, as for a machine in its
 * first minutes. Errors as gsp_ssh_open(), with what to do next.
 */
int gsp_remote_open(struct gsp_remote **out, const struct gsp_home *h,
    const struct gsp_session *s, int64_t deadline_ms, struct gsp_err *err);
void gsp_remote_close(struct gsp_remote *r);

/** gsp_remote_adopt(out, ssh, label, err): the same over a connection made otherwise; takes it,
 * also when it fails. */
int gsp_remote_adopt(struct gsp_remote **out, struct gsp_ssh *ssh, const char *label,
    struct gsp_err *err);

/** The connection itself; borrowed. */
struct gsp_ssh *gsp_remote_ssh(struct gsp_remote *r);

/**
 * gsp_remote_call(r, op, io, status, err):
 * Run one op of the agent (${op}: argument vector without the agent's name). io->out gets what
 * it prints; its stderr (one line) is the message of an error. *status NULL: any status but 0
 * is an error with the code that status stands for (65 GSP_EREFUSED, 75 GSP_ETEMP, ...); else
 * the status is handed out and err->msg holds the stderr text.
 */
int gsp_remote_call(struct gsp_remote *r, const struct gsp_argv *op, const struct gsp_ssh_io *io,
    int *status, struct gsp_err *err);

/** The same with everything printed gathered in ${out}. */
int gsp_remote_ask(struct gsp_remote *r, const struct gsp_argv *op, const char *in,
    size_t in_len, struct gsp_buf *out, int *status, struct gsp_err *err);

/** gsp_remote_prepare(r, user, dir, err): the game's user and its directory are there. */
int gsp_remote_prepare(struct gsp_remote *r, const char *user, const char *dir,
    struct gsp_err *err);

/** gsp_remote_stamp(r, name, err): what changes there from now on has changed since ${name}. */
int gsp_remote_stamp(struct gsp_remote *r, const char *name, struct gsp_err *err);

/** The remote command line of an op, for programs that start it themselves (rsync). */
void gsp_remote_command(struct gsp_buf *out, const struct gsp_argv *op);

/** Put the agent there if it is not; for before a program starts an op itself. */
int gsp_remote_install(struct gsp_remote *r, struct gsp_err *err);

struct gsp_hello {
	char boot_id[40];
	int64_t now;
	bool has_marker;
	struct gsp_marker marker;
	uint64_t free_bytes;
	char rsync[32]; /* version, "" none */
};

/** gsp_hello_parse(out, text, err): the agent's answer to hello, cut up in place; NULL is an empty
 * one. GSP_EPROTO without a boot id, or for a marker that is none. */
int gsp_hello_parse(struct gsp_hello *out, char *text, struct gsp_err *err);

/** gsp_remote_hello(r, dir, out, err): what is true there now. ${dir} "" leaves free_bytes 0. */
int gsp_remote_hello(struct gsp_remote *r, const char *dir, struct gsp_hello *out,
    struct gsp_err *err);

/**
 * gsp_remote_mark(r, m, change..., err):
 * Compare-and-swap: ${now} (its text printed) replaces ${was} (NULL: there must be none). On
 * success now->text is what is on the machine's disk. GSP_EREFUSED if it is another meanwhile.
 */
int gsp_remote_mark(struct gsp_remote *r, const struct gsp_marker *was, struct gsp_marker *now,
    struct gsp_err *err);

/** gsp_remote_ours(hello, h, s, err): the marker is there and is this session's; else
 * GSP_EREFUSED naming whose it is. */
int gsp_remote_ours(const struct gsp_hello *hello, const struct gsp_home *h,
    const struct gsp_session *s, struct gsp_err *err);

#endif
