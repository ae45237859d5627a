/*
 * linode/client: one authenticated conversation with the Linode API v4, retry rules included.
 *
 * Every call below takes care of 429, busy, 408, 5xx, HTML bodies and lost connections as the
 * retry rules allow, within the client's budget per call, and stops with GSP_ECANCEL on a
 * signal. Base URL must be https, or http to a loopback address.
 */
#ifndef GSP_LINODE_CLIENT_H
#define GSP_LINODE_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "fmt/json.h"

struct gsp_linode;

/* Told before each wait for a retry ("rate limited, again in 12 s"), so that nobody stares at
 * a silent screen. */
typedef void gsp_linode_note(void *ctx, const char *text);

struct gsp_linode_opts {
	const char *base_url; /* ".../v4", no slash at the end */
	const char *token;    /* copied; never logged */
	int64_t budget_ms;    /* how long one call may go on retrying; 0: 120000 */
	gsp_linode_note *note;
	void *note_ctx;
	int64_t attempt_ms;   /* one HTTP exchange; 0: 60000 */
};

int gsp_linode_new(struct gsp_linode **out, const struct gsp_linode_opts *o, struct gsp_err *err);
void gsp_linode_free(struct gsp_linode *c);

/**
 * gsp_linode_set_deadline(c, deadline_ms):
 * No call waits for a retry past this absolute monotonic time; 0: no deadline, the budget alone
 * counts. Returns the former one, to be put back.
 */
int64_t gsp_linode_set_deadline(struct gsp_linode *c, int64_t deadline_ms);

/**
 * gsp_linode_set_once(c, once):
 * No call is repeated: for one that is only right at that moment. Returns what it was before.
 */
bool gsp_linode_set_once(struct gsp_linode *c, bool once);

/* What came back from a call. Release with gsp_linode_answer_release(). */
struct gsp_linode_answer {
	long http_status;        /* 0: no answer at all */
	bool doubtful;           /* the call may or may not have been carried out */
	struct gsp_json *body;   /* parsed, or NULL */
	char scopes[512];        /* X-OAuth-Scopes, if sent */
};
void gsp_linode_answer_release(struct gsp_linode_answer *a);

/**
 * gsp_linode_call(c, a, method, path, filter, body, err):
 * ${path} starts with '/' and is already encoded; ${filter} is X-Filter JSON or NULL; ${body}
 * is borrowed and may be NULL. 0 for 2xx. Errors: GSP_EAUTH (401; 403, naming the scope the
 * call wants), GSP_ENOTFOUND (404), GSP_ETEMP (budget over), GSP_EPROTO, GSP_EUNAVAIL
 * (maintenance), GSP_EREFUSED (any other 4xx: all reasons joined, fields named). On error
 * a->http_status and a->doubtful are set and a->body may hold the error body.
 * POST is repeated only after answers that say nothing was done (429, busy, 503).
 */
int gsp_linode_call(struct gsp_linode *c, struct gsp_linode_answer *a, const char *method,
    const char *path, const char *filter, const struct gsp_json *body, struct gsp_err *err);

/* Called for each element of a list, in order. Return 0 to go on, 1 to stop early, -1 on error. */
typedef int gsp_linode_each(void *ctx, const struct gsp_json *item, struct gsp_err *err);

/** gsp_linode_list(c, path, filter, each, ctx, err): every page (page_size 500). */
int gsp_linode_list(struct gsp_linode *c, const char *path, const char *filter,
    gsp_linode_each *each, void *ctx, struct gsp_err *err);

/**
 * gsp_linode_check_token(c, wanted, err):
 * GET /profile; ${wanted} is a NULL-terminated list such as "linodes:read_write". GSP_EAUTH
 * naming every missing scope and where to make a token, or saying that the token is invalid.
 */
int gsp_linode_check_token(struct gsp_linode *c, const char *const *wanted,
    struct gsp_err *err);

#endif
