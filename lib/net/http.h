/*
 * net/http: one HTTP exchange at a time, exactly as asked (net/multi: many at once).
 *
 * A call is one attempt: it follows no redirect and repeats nothing (net/retry has the
 * policy). Every size has a ceiling that holds while bytes arrive. Every wait listens to
 * sys/sig, so a signal is GSP_ECANCEL at once. https is verified against the system's
 * certificates; plain http goes to loopback alone. The proxies of the environment
 * (https_proxy, no_proxy) are used for https, never for a loopback address.
 *
 * Nothing of a body and no header value but harmless ones is logged: at debug a request is
 * "> POST /path" and its answer "< 200 in 34 ms", at trace its header names are added.
 *
 * Source: libcurl 7.88 (Debian 12) or newer, curl_easy_setopt(3), curl_multi_poll(3).
 */
#ifndef GSP_NET_HTTP_H
#define GSP_NET_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define GSP_HTTP_BODY_MAX                                                                     \
	(16u << 20) /* bytes of an answer's body, unless the request says less */
#define GSP_HTTP_HEADERS_MAX 65536u /* bytes of all header lines of one answer */
#define GSP_HTTP_CONNECT_MS 10000   /* name look-up, TCP and TLS together */
#define GSP_HTTP_TOTAL_MS 60000	    /* the whole attempt */
#define GSP_HTTP_STALL_S 30	    /* this long below GSP_HTTP_STALL_BPS: given up */
#define GSP_HTTP_STALL_BPS 1

struct gsp_http; /* connections, kept open between requests */

/** gsp_http_new(out, err): GSP_ESYS if libcurl cannot start. gsp_http_free(NULL) is fine. */
int gsp_http_new(struct gsp_http **out, struct gsp_err *err);
void gsp_http_free(struct gsp_http *h);

struct gsp_http_req {
	const char *method; /* "GET", "POST", ... */
	const char *url;    /* absolute */
	const char *bearer; /* sent as Authorization: Bearer, wiped afterwards; NULL: none */
	const char *auth_scheme; /* instead of "Bearer"; NULL: that */
	const char *ca_file; /* trusted instead of the system's certificates; NULL: those. net/multi
	                      * has its own */
	const char *const *headers; /* NULL-terminated "Name: value", also a User-Agent
	                             * instead of ours; NULL: none */
	const char *body;	    /* sent as it is; NULL: none */
	size_t body_len;
	const char *content_type; /* of the body; NULL: application/json */
	const char *shown;  /* instead of the path in logs: for paths that hold a secret */
	size_t body_max;    /* 0: GSP_HTTP_BODY_MAX */
	int64_t connect_ms; /* 0: GSP_HTTP_CONNECT_MS */
	int64_t total_ms;   /* 0: GSP_HTTP_TOTAL_MS */
	bool once;          /* never sent twice, as POST never is: a connection that was used before may
	                     * die as it is used again, and libcurl then sends what is idempotent anew */
};

/* Why there is no whole answer. */
enum gsp_http_fault {
	GSP_HTTP_FINE,	    /* there is one */
	GSP_HTTP_UNSENT,    /* no connection: the request cannot have reached anybody */
	GSP_HTTP_BROKEN,    /* reset, closed early, not HTTP: it may have been carried out */
	GSP_HTTP_TIMEOUT,   /* too slow, after the request may have been sent */
	GSP_HTTP_TOO_BIG,   /* past a ceiling */
	GSP_HTTP_UNTRUSTED, /* the server's certificate was refused; nothing was sent */
	GSP_HTTP_CANCEL,    /* a signal; may_be_sent tells whether it was in time */
	GSP_HTTP_LOCAL	    /* our side: a bad URL or header, no memory; nothing was sent */
};

struct gsp_http_res {
	enum gsp_http_fault fault;
	bool may_be_sent;	/* the request or a part of it left this computer */
	long status;		/* 0 when no status line came */
	struct gsp_buf headers; /* read with gsp_http_header() */
	struct gsp_buf body;	/* NUL-terminated; what came so far when there is a fault */
	int64_t elapsed_ms;
};

/**
 * gsp_http_do(h, req, res, err):
 * One attempt. 0: a whole answer is in ${res}, whatever its status. -1: ${res}->fault says of
 * which kind. Either way release ${res} with gsp_http_res_release(); it need not be set
 * before. GET and its like may travel on a kept connection; POST gets a fresh one, because
 * libcurl would send a request again by itself when a kept connection turns out to be dead.
 * Errors: GSP_ETEMP could not connect, or timed out; GSP_EIO broken off; GSP_EPROTO not HTTP;
 * GSP_ELIMIT too large; GSP_EAUTH certificate refused; GSP_ECANCEL; GSP_ECONFIG a URL that is
 * not allowed; GSP_EUSAGE a header or token with a line break in it.
 */
int gsp_http_do(struct gsp_http *h, const struct gsp_http_req *req, struct gsp_http_res *res,
    struct gsp_err *err);
void gsp_http_res_release(struct gsp_http_res *res);

/** gsp_http_header(res, name): value of the first such header, or NULL; borrowed from res. */
const char *gsp_http_header(const struct gsp_http_res *res, const char *name);

/**
 * gsp_http_url_check(url, err):
 * GSP_ECONFIG unless ${url} is https, or http to 127.0.0.0/8, [::1] or localhost, without a
 * user or password in it. Needs no libcurl (url.c).
 */
int gsp_http_url_check(const char *url, struct gsp_err *err);

/** gsp_http_is_loopback(host): 127.0.0.0/8, [::1] or localhost. */
bool gsp_http_is_loopback(const char *host);

/** gsp_http_escape(b, segment): append ${segment} with all but [A-Za-z0-9._~-]
 * percent-encoded. */
void gsp_http_escape(struct gsp_buf *b, const char *segment);

#endif
