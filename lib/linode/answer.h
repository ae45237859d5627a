/*
 * linode/answer: what an answer of the API means: from one HTTP exchange to the retry rules'
 * facts, and from a final failure to an error for people. Not for callers outside linode/.
 */
#ifndef GSP_LINODE_ANSWER_H
#define GSP_LINODE_ANSWER_H

#include "linode/client.h"
#include "net/http.h"
#include "net/retry.h"

/* The scopes gsp asks for; named in every message that sends somebody to make a token. */
#define GSP_LINODE_SCOPES "linodes:read_write firewall:read_write events:read_only"
/* ... and what a server with dns: wants besides. */
#define GSP_LINODE_SCOPE_DNS "domains:read_write"

/**
 * gsp_answer_read(a, seen, res, wall_s):
 * Parse ${res} into ${a} (status, body, scopes; doubtful untouched) and gather in ${seen} what
 * the retry rules want to know. ${seen} borrows from ${res}.
 */
void gsp_answer_read(struct gsp_linode_answer *a, struct gsp_retry_seen *seen,
    const struct gsp_http_res *res, int64_t wall_s);

/**
 * gsp_answer_explain(a, res, kind, method, path, err):
 * The error of a call that ended with ${a}; always -1. When there was no whole answer, ${err}
 * already says why and is only added to. Codes: see gsp_linode_call().
 */
int gsp_answer_explain(const struct gsp_linode_answer *a, const struct gsp_http_res *res,
    enum gsp_retry_kind kind, const char *method, const char *path, struct gsp_err *err);

#endif
