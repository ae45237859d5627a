/*
 * gsp/dns: a name that stays while machines come and go: dns: in server.yaml (records in Linode's
 * DNS), the script `dns` at home for any other provider, or both.
 *
 * Nobody's evening hangs on it: what fails here is a warning for whoever calls, and is kept
 * (gsp/dns_state) and tried again by the next up, down, teardown or status. What is not known to
 * be ours is never changed. A record of a machine that is gone is removed, since its address will
 * be somebody else's.
 *
 * Errors, unless said otherwise: GSP_ECONFIG no such domain; GSP_EREFUSED the name leads elsewhere
 * by another hand, or to another server of this home; GSP_EAUTH the token has not the scope
 * domains:read_write; GSP_ETEMP; GSP_EIO; GSP_ECANCEL.
 */
#ifndef GSP_GSP_DNS_H
#define GSP_GSP_DNS_H

#include "base/err.h"
#include "gsp/job.h"

/**
 * gsp_dns_point(job, err):
 * The name leads to the session's machine when it returns 0, as far as DNS promises (the records
 * are there; caches go by the ttl); the session's name is then set. Nothing to do without dns: and
 * without the script. Safe to run again; changes no record that is right already. Under the
 * server's lock. Takes a minute at most, and the script's time.
 */
int gsp_dns_point(struct gsp_job *job, struct gsp_err *err);

/**
 * gsp_dns_clear(job, err):
 * No record of ours leads to the session's machine, nor to former ones that are gone; the script
 * was told. Asked for before the machine is deleted, or when it is gone. Takes ten seconds at
 * most, and the script's time. Under the server's lock. Without a session: former ones alone.
 */
int gsp_dns_clear(struct gsp_job *job, struct gsp_err *err);

/** gsp_dns_moved(h, server, err): another home has the machine now: the script is owed nothing any
 * more; our records go when the machine does, unless that home has made them its own. */
int gsp_dns_moved(const struct gsp_home *h, const char *server, struct gsp_err *err);

/**
 * gsp_dns_check(job, conf, err):
 * Before anything is bought: the domain is there, no other server of this home has the name now,
 * the script can be run. What cannot be asked, and a record that is in the way, is a warning.
 */
int gsp_dns_check(struct gsp_job *job, const struct gsp_server_conf *conf, struct gsp_err *err);

/**
 * gsp_dns_settle(h, api, warn, ctx, err):
 * Of every server of the home that nobody works on: remove what leads to machines that are gone. No
 * script is run. What fails is warned of. Errors: GSP_ECANCEL alone.
 */
int gsp_dns_settle(struct gsp_home *h, struct gsp_linode *api,
    void (*warn)(void *ctx, const char *text), void *ctx, struct gsp_err *err);

/** gsp_dns_text(h, server, session, out, size): one sentence for people while a name leads where it
 * should not, or not where it should, with what tries it again; "" when all is well. ${session}:
 * the id of the one under way, or NULL. */
void gsp_dns_text(const struct gsp_home *h, const char *server, const char *session, char *out,
    size_t size);

#endif
