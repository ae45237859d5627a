#include "linode/answer.h"

#include <string.h>

#include "base/log.h"
#include "linode/parse.h"

#include "base/banned.h"

/* The API answers 202 and 299 with what somebody should know but nobody must act on. */
static void
log_warnings(const struct gsp_json *body)
{
	const struct gsp_json *list = gsp_json_get(body, "warnings");
	char title[120], detail[200];

	if (!gsp_json_is_arr(list))
		return;
	for (const struct gsp_json *w = gsp_json_first(list); w != NULL;
	     w = gsp_json_next(w)) {
		gsp_parse_text(title, sizeof(title), gsp_json_str(w, "title", ""));
		gsp_parse_text(detail, sizeof(detail), gsp_json_str(w, "detail", ""));
		gsp_debug("the API warns: %s %s", title, detail);
	}
}

/* The body is what the API promises for this status: JSON, and for an error one that says why.
 */
static bool
is_readable(const struct gsp_linode_answer *a, const struct gsp_http_res *res)
{
	if (a->http_status == 204)
		return true;
	if (a->http_status >= 400)
		return gsp_json_is_arr(gsp_json_get(a->body, "errors"));
	return res->body.len > 0 && (gsp_json_is_obj(a->body) || gsp_json_is_arr(a->body));
}

void
gsp_answer_read(struct gsp_linode_answer *a, struct gsp_retry_seen *seen,
    const struct gsp_http_res *res, int64_t wall_s)
{
	struct gsp_err bad = GSP_ERR_INIT;

	gsp_linode_answer_release(a);
	memset(seen, 0, sizeof(*seen));
	seen->fault = res->fault;
	seen->may_be_sent = res->may_be_sent;
	seen->status = res->status;
	seen->wall_s = wall_s;
	if (res->fault != GSP_HTTP_FINE)
		return;
	a->http_status = res->status;
	if (res->body.len > 0 &&
	    gsp_json_parse(&a->body, gsp_buf_str(&res->body), res->body.len, &bad) == -1)
		gsp_debug("the answer's body: %s", bad.msg);
	gsp_parse_text(a->scopes, sizeof(a->scopes), gsp_http_header(res, "X-OAuth-Scopes"));
	log_warnings(a->body);
	seen->readable = is_readable(a, res);
	/* Source: API v4 error "Linode busy." while a job runs on the machine. */
	seen->busy = res->status == 400 && gsp_parse_has_reason(a->body, "linode busy");
	seen->retry_after = gsp_http_header(res, "Retry-After");
	seen->ratelimit_reset = gsp_http_header(res, "X-RateLimit-Reset");
	seen->date = gsp_http_header(res, "Date");
	seen->maintenance = gsp_http_header(res, "X-Maintenance-Mode");
	seen->server = gsp_http_header(res, "Server");
	seen->content_type = gsp_http_header(res, "Content-Type");
}

static int
explain_forbidden(const struct gsp_linode_answer *a, const struct gsp_http_res *res,
    const char *method, const char *path, const char *why, struct gsp_err *err)
{
	const char *want = gsp_http_header(res, "X-Accepted-OAuth-Scopes");
	char scope[120];

	gsp_parse_text(scope, sizeof(scope), want);
	gsp_err_set(
	    err, GSP_EAUTH, "the Linode token may not %s '%s' (%s)", method, path, why);
	if (scope[0] != '\0')
		gsp_err_hint(err, "the call wants the scope '%s'", scope);
	if (a->scopes[0] != '\0')
		gsp_err_hint(err, "the token has '%.120s'", a->scopes);
	return gsp_err_hint(err,
	    "make a new one at cloud.linode.com > API Tokens with scopes " GSP_LINODE_SCOPES
	    "%s, or ask the account's owner for the right",
	    strncmp(path, "/domains", 8) == 0 ? " " GSP_LINODE_SCOPE_DNS : "");
}

/* No retry changes these. */
static int
explain_final(const struct gsp_linode_answer *a, const struct gsp_http_res *res,
    const char *method, const char *path, const char *why, struct gsp_err *err)
{
	long status = a->http_status;

	if (status == 401)
		return gsp_err_set(err, GSP_EAUTH,
		    "the Linode token was refused (%s); make a new one at "
		    "cloud.linode.com > API Tokens with scopes " GSP_LINODE_SCOPES,
		    why);
	if (status == 403)
		return explain_forbidden(a, res, method, path, why, err);
	/* only the API itself may say that something does not exist: a proxy's 404 is none */
	if (status == 404 && gsp_json_is_arr(gsp_json_get(a->body, "errors")))
		return gsp_err_set(err, GSP_ENOTFOUND, "%s '%s': %s", method, path, why);
	if (status == 404)
		return gsp_err_set(err, GSP_EPROTO, "%s '%s': %s; is linode.api_url right?",
		    method, path, why);
	if (status >= 300 && status < 400)
		return gsp_err_set(err, GSP_EPROTO,
		    "%s '%s' was redirected (HTTP %ld); is "
		    "linode.api_url right? The token is sent nowhere else",
		    method, path, status);
	if (status >= 400 && status < 500)
		return gsp_err_set(err, GSP_EREFUSED, "the Linode API refused %s '%s': %s",
		    method, path, why);
	return gsp_err_set(err, GSP_EPROTO, "%s '%s': %s", method, path, why);
}

int
gsp_answer_explain(const struct gsp_linode_answer *a, const struct gsp_http_res *res,
    enum gsp_retry_kind kind, const char *method, const char *path, struct gsp_err *err)
{
	struct gsp_buf why = GSP_BUF_INIT(GSP_PARSE_REASONS_MAX);
	const char *text, *mode;
	bool has_reason;
	int rc = -1;

	if (res->fault != GSP_HTTP_FINE)
		return -1;
	has_reason = gsp_parse_reasons(&why, a->body) > 0;
	if (!has_reason)
		gsp_buf_addf(&why, "HTTP %ld without a readable %s", a->http_status,
		    a->http_status >= 400 ? "reason" : "answer");
	text = gsp_buf_str(&why);
	switch (kind) {
	case GSP_RETRY_RATE:
		gsp_err_set(err, GSP_ETEMP,
		    "the Linode API's rate limit is used up (%s); try again in "
		    "some minutes",
		    text);
		break;
	case GSP_RETRY_BUSY:
		gsp_err_set(err, GSP_ETEMP,
		    "%s '%s': another job still runs on it (%s); try again in "
		    "a minute",
		    method, path, text);
		break;
	case GSP_RETRY_MAINTENANCE:
		mode = gsp_http_header(res, "X-Maintenance-Mode");
		gsp_err_set(err, GSP_EUNAVAIL,
		    "the Linode API is closed for maintenance (%.80s); see "
		    "status.linode.com",
		    mode != NULL ? mode : "");
		break;
	case GSP_RETRY_UNAVAILABLE:
	case GSP_RETRY_DOUBT:
		if (a->http_status >= 200 && a->http_status < 300)
			gsp_err_set(err, GSP_EPROTO,
			    "the Linode API's answer to %s '%s' is not what it "
			    "promises (%s)",
			    method, path, text);
		else
			gsp_err_set(err, GSP_ETEMP,
			    "the Linode API has trouble with %s '%s' (HTTP %ld%s%s); "
			    "see status.linode.com",
			    method, path, a->http_status, has_reason ? ": " : "",
			    has_reason ? text : "");
		break;
	default: rc = explain_final(a, res, method, path, text, err); break;
	}
	gsp_buf_release(&why);
	return rc;
}
