/*
 * net/curl_priv: what those that see libcurl share: http.c (one exchange at a time), multi.c (many)
 * and ws.c (a bare connection). Nobody else includes it.
 *
 * curl.c has what holds for every connection: which URLs are allowed, TLS, proxies. curl_call.c has
 * one HTTP exchange: from a struct gsp_http_req to an easy handle, and from libcurl's verdict to a
 * struct gsp_http_res and an error for people. Who drives the handle is each user's own affair.
 */
#ifndef GSP_NET_CURL_PRIV_H
#define GSP_NET_CURL_PRIV_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "net/http.h"

/* ---- curl.c ---- */

/** gsp_curl_start(err): GSP_ESYS if libcurl cannot start. Any number of times. */
int gsp_curl_start(struct gsp_err *err);

/* Where an URL leads, as libcurl understands it. */
struct gsp_curl_target {
	char *scheme, *host, *port, *path;
	char *query; /* NULL: none */
	bool loopback;
};

/**
 * gsp_curl_target_parse(t, url, shown, err):
 * GSP_ECONFIG unless ${url} is https, or http to loopback, without a user in it. ${shown}: what it
 * is called in errors, for an URL that holds a secret; NULL: itself. Release ${t} also after -1.
 */
int gsp_curl_target_parse(struct gsp_curl_target *t, const char *url, const char *shown,
    struct gsp_err *err);
void gsp_curl_target_release(struct gsp_curl_target *t);

/** gsp_curl_secure(e, t, ca_file): what every handle gets: protocol, certificates (${ca_file}: these
 * instead of the system's; NULL: those), no proxy to loopback, no redirect, no signals. */
void gsp_curl_secure(CURL *e, const struct gsp_curl_target *t, const char *ca_file);

/** gsp_curl_hasten(e): for a handle that is not alone in its multi: when its time is up it ends, and does
 * not wait, with all the others, for a name look-up that is still under way. */
void gsp_curl_hasten(CURL *e);

/** gsp_curl_mortal(e): a connection ends when nothing of what was sent gets through for gsp_curl_dead_ms.
 * When a request's time is up libcurl keeps a connection of HTTP/2, and all that follows would go the same
 * way until TCP gives up: a quarter of an hour. */
#define GSP_CURL_DEAD_MS 10000
extern unsigned gsp_curl_dead_ms; /* GSP_CURL_DEAD_MS; changed by tests only */
void gsp_curl_mortal(CURL *e);

/**
 * gsp_curl_trust_dir(e): of the system's certificates, only those in its directory, of which OpenSSL reads
 * the one that is asked for; gsp_curl_trust_file(e): only its file, which is read whole (140 certificates:
 * 40 ms and a megabyte), once for all handles of a multi. After gsp_curl_secure(). With both, which is
 * libcurl's way, each connection reads the file again. gsp_curl_has_dir(): there is such a directory.
 */
void gsp_curl_trust_dir(CURL *e);
void gsp_curl_trust_file(CURL *e);
bool gsp_curl_has_dir(void);

/** gsp_curl_unsent(err, e, t, code, reason): why there is no connection, for people: GSP_EAUTH for a
 * certificate, else GSP_ETEMP. ${reason}: of CURLOPT_ERRORBUFFER. Returns -1. */
int gsp_curl_unsent(struct gsp_err *err, CURL *e, const struct gsp_curl_target *t, CURLcode code,
    const char *reason);

/** gsp_curl_why(code, reason): libcurl's words; none that repeat a URL, which may hold the password of a
 * proxy. gsp_curl_proxy(t): the variable that names the proxy on the way to ${t}; NULL: none does.
 * gsp_curl_proxy_said(e): the status by which a proxy refused to connect; 0: it did not. */
const char *gsp_curl_why(CURLcode code, const char *reason);
const char *gsp_curl_proxy(const struct gsp_curl_target *t);
long gsp_curl_proxy_said(CURL *e);

/** gsp_curl_untrusted(code): the certificate of the other side was refused. */
bool gsp_curl_untrusted(CURLcode code);

/* ---- curl_call.c ---- */

/* One HTTP exchange. It stays where it is while the handle is in use. */
struct gsp_curl_call {
	CURL *easy; /* borrowed */
	struct gsp_http_res res;
	struct gsp_curl_target target;
	struct curl_slist *headers; /* they hold the token */
	int64_t start_ms;
	size_t header_bytes;
	bool too_big;
	char reason[CURL_ERROR_SIZE];
};

struct gsp_curl_how {
	const char *ca_file; /* NULL: the system's */
	bool many;           /* of net/multi: HTTP/2 where it can be had; POST on kept connections; what
	                      * the request points to is copied */
};

/**
 * gsp_curl_call_begin(c, easy, req, how, err):
 * Make ${easy} ready for ${req}; its options are reset before. -1 is GSP_ECONFIG or GSP_EUSAGE. Either
 * way release ${c}; ->res need not be set before.
 */
int gsp_curl_call_begin(struct gsp_curl_call *c, CURL *easy, const struct gsp_http_req *req,
    const struct gsp_curl_how *how, struct gsp_err *err);

/** gsp_curl_call_measure(c): fill in what ->res says of status, time, and whether it was sent. */
void gsp_curl_call_measure(struct gsp_curl_call *c);

/** gsp_curl_call_end(c, code, err): measure, and set ->res.fault from libcurl's verdict. 0 for a whole
 * answer, -1 with the errors of gsp_http_do(). */
int gsp_curl_call_end(struct gsp_curl_call *c, CURLcode code, struct gsp_err *err);

/** gsp_curl_call_log(c, req): that it begins (${req}) or has ended (NULL). No secret, no body. */
void gsp_curl_call_log(const struct gsp_curl_call *c, const struct gsp_http_req *req);

/** gsp_curl_call_release(c): all but ->res, which is the caller's; the handle forgets it. */
void gsp_curl_call_release(struct gsp_curl_call *c);

#endif
