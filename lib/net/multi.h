/*
 * net/multi: many HTTP exchanges at once, and whatever else is waited for, in one thread around
 * curl_multi_poll(3). What one request may be, and what an answer is, is net/http's; ceilings,
 * certificates, proxies and what may be plain http are the same.
 *
 * Connections are kept and shared (HTTP/2 where the server has it), also for POST: whoever minds a
 * request being sent twice sets req->once, and then it gets a connection of its own. One over which
 * nothing gets through for ten seconds is given up, with all that is under way on it.
 *
 * Source: libcurl 7.88 (Debian 12) or newer, libcurl-multi(3).
 */
#ifndef GSP_NET_MULTI_H
#define GSP_NET_MULTI_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "net/http.h"

struct gsp_multi;

/** gsp_multi_new(out, ca_file, err): ${ca_file}: trusted instead of the system's certificates; NULL:
 * those. GSP_ECONFIG if it cannot be read, which is looked at now; libcurl reads it later, at the first
 * connection and again when it is a day old. gsp_multi_free(NULL) is fine; what is still under way is dropped, its callback not called. */
int gsp_multi_new(struct gsp_multi **out, const char *ca_file, struct gsp_err *err);
void gsp_multi_free(struct gsp_multi *m);

/** Called once for each request, from gsp_multi_wait(): ${err} is NULL when there is a whole answer
 * (whatever its status); ${res} is there in any case, its fault and may_be_sent tell the kind. Both are
 * borrowed for the call. It may start more. */
typedef void gsp_multi_fn(void *ctx, const struct gsp_http_res *res, const struct gsp_err *err);

/** gsp_multi_start(m, req, fn, ctx, err): begin; what ${req} points to is copied. -1: it is refused
 * (GSP_ECONFIG, GSP_EUSAGE, as gsp_http_do()) and ${fn} is never called. */
int gsp_multi_start(struct gsp_multi *m, const struct gsp_http_req *req, gsp_multi_fn *fn, void *ctx,
    struct gsp_err *err);

/** gsp_multi_busy(m): requests under way. */
size_t gsp_multi_busy(const struct gsp_multi *m);

struct gsp_multi_fd {
	int fd;        /* < 0, or without events: ignored */
	short events;  /* POLLIN, POLLOUT */
	short revents; /* set by the wait: those, and POLLIN when the other side hung up */
};

/**
 * gsp_multi_wait(m, fds, n, timeout_ms, err):
 * Wait until one of ${fds} is ready, something of ours happened, or ${timeout_ms} passed (-1: no
 * limit of the caller's), and run the callbacks of what happened, those of net/ws too. A signal
 * (sys/sig) ends the wait: 0, and gsp_sig_pending() tells; while one is pending and not held off, no
 * wait takes long. -1 only if waiting itself is impossible. Not to be called from a callback.
 */
int gsp_multi_wait(struct gsp_multi *m, struct gsp_multi_fd *fds, size_t n, int timeout_ms,
    struct gsp_err *err);

#endif
