/*
 * gsp/owner: the way into a machine when its login key is not here: a key of ssh_keys, which
 * every machine was given. The machine has to show the host key whose hash is in its tags, before
 * anything is signed for it.
 */
#ifndef GSP_GSP_OWNER_H
#define GSP_GSP_OWNER_H

#include <stdint.h>

#include "base/err.h"
#include "gsp/config.h"
#include "gsp/remote.h"
#include "linode/instance.h"

/**
 * gsp_owner_open(out, h, server, it, hash40, deadline_ms, err):
 * Try a login key that is still in state/${server}/, each file of ssh_keys without its ".pub", in
 * order, and then what the agent at $SSH_AUTH_SOCK holds. ${deadline_ms}: for a machine that was
 * just booted, keep trying until then; 0: one attempt.
 * Errors: GSP_EAUTH naming every key and why it was of no use, or a host key with another hash;
 * GSP_ETEMP no answer.
 */
int gsp_owner_open(struct gsp_remote **out, const struct gsp_home *h, const char *server,
    const struct gsp_instance *it, const char *hash40, int64_t deadline_ms, struct gsp_err *err);

/** gsp_owner_authorize(r, line, err): root's authorized_keys holds ${line}; once. */
int gsp_owner_authorize(struct gsp_remote *r, const char *line, struct gsp_err *err);

/** gsp_owner_of(r, dir, user, err): the owner of ${dir} there, "" if there is no such directory. */
int gsp_owner_of(struct gsp_remote *r, const char *dir, char user[64], struct gsp_err *err);

#endif
