/*
 * net/multi_priv: how others than HTTP requests take part in the wait of net/multi. For net/ws.
 */
#ifndef GSP_NET_MULTI_PRIV_H
#define GSP_NET_MULTI_PRIV_H

#include "net/curl_priv.h"
#include "net/multi.h"

/* A handle in the multi: CURLOPT_PRIVATE points to one. done() is called once, when libcurl is
 * through with it; it may free itself, and the handle with it. */
struct gsp_multi_job {
	void (*done)(struct gsp_multi_job *job, CURLcode code);
};

/* Something with a descriptor or a deadline of its own. The fields may change at any time. */
struct gsp_multi_watch {
	int fd;         /* -1: none */
	short events;   /* POLLIN, POLLOUT */
	int64_t due_ms; /* turn() is called then, too; INT64_MAX: never */
	void (*turn)(struct gsp_multi_watch *w, short revents); /* may unwatch, and free, itself */
	bool soon;      /* ... and in the next wait at once, whatever else is said here; then false again */
	struct gsp_multi_watch *next; /* this and ->ready are the multi's */
	short ready;
};

CURLM *gsp_multi_handle(struct gsp_multi *m);
const char *gsp_multi_ca_file(const struct gsp_multi *m); /* NULL: the system's */

/** gsp_multi_trust(m, easy): whose certificates, after gsp_curl_secure(). gsp_multi_distrust(m): a
 * connection was refused for its certificate. true: another try looks elsewhere. */
void gsp_multi_trust(const struct gsp_multi *m, CURL *easy);
bool gsp_multi_distrust(struct gsp_multi *m);

void gsp_multi_watch(struct gsp_multi *m, struct gsp_multi_watch *w);
void gsp_multi_unwatch(struct gsp_multi *m, struct gsp_multi_watch *w); /* unknown: nothing */


#endif
