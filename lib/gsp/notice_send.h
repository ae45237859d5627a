/*
 * gsp/notice_send: one notice to one target, once, and what became of it. Part of gsp/notice.
 */
#ifndef GSP_GSP_NOTICE_SEND_H
#define GSP_GSP_NOTICE_SEND_H

#include "gsp/config.h"
#include "gsp/notice_spool.h"
#include "net/http.h"

enum gsp_notice_outcome {
	GSP_NOTICE_SENT,
	GSP_NOTICE_LATER,   /* not now: no network, too many requests, an error of theirs */
	GSP_NOTICE_REFUSED, /* this one will never be taken; the next may be */
	GSP_NOTICE_BROKEN,  /* none will be taken until somebody mends the target */
	GSP_NOTICE_CANCEL   /* a signal */
};

/**
 * gsp_notice_send(h, t, it, http, wait_ms, err):
 * The secret is read now, and wiped. *wait_ms: how long the target wants to be left alone (also
 * after GSP_NOTICE_SENT); -1: it did not say. Anything but GSP_NOTICE_SENT says why in ${err},
 * without a secret. At most one line of messages.json is lost if the process dies here; then the
 * next notice of that evening is a message of its own.
 */
enum gsp_notice_outcome gsp_notice_send(const struct gsp_home *h,
    const struct gsp_notify_target *t, const struct gsp_notice_item *it, struct gsp_http *http,
    int64_t *wait_ms, struct gsp_err *err);

/** gsp_notice_command(h, t, it, err): the same for a command: the notice on stdin, thirty seconds. */
enum gsp_notice_outcome gsp_notice_command(const struct gsp_home *h,
    const struct gsp_notify_target *t, const struct gsp_notice_item *it, struct gsp_err *err);

#endif
