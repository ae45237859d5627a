#include "gsp/notice_send.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"
#include "base/version.h"
#include "gsp/config_parts.h"
#include "gsp/notice_state.h"
#include "gsp/notice_text.h"

#include "base/banned.h"

#define URL_MAX_BYTES 2048
#define BODY_MAX 65536
#define ANSWER_MAX (256 * 1024)
#define TOTAL_MS 20000
#define AGENT "User-Agent: " GSP_DISCORD_AGENT
#define UNKNOWN_WEBHOOK 10015 /* Source: Discord API v10, JSON error codes */

struct delivery {
	const struct gsp_home *h;
	const struct gsp_notify_target *t;
	const struct gsp_notice_item *it;
	struct gsp_http *http;
	const char *bearer;
	int64_t wait_ms;
	long status; /* of the last answer */
	struct gsp_notice_answer answer;
};

/* ---- one request ---- */

static enum gsp_notice_outcome
judge(const struct delivery *d, struct gsp_err *err)
{
	const char *why = d->answer.why;
	const char *colon = why[0] != '\0' ? ": " : "";
	long s = d->status;

	if (s >= 200 && s < 300)
		return GSP_NOTICE_SENT;
	if (s == 429 || s == 408 || s == 425 || s >= 500) {
		gsp_err_set(err, GSP_ETEMP, "it answered %ld%s%s", s, colon, why);
		return GSP_NOTICE_LATER;
	}
	if (s >= 300 && s < 400) {
		gsp_err_set(err, GSP_ECONFIG, "it answered %ld: the URL leads elsewhere; write down where", s);
		return GSP_NOTICE_BROKEN;
	}
	if (s == 401 || s == 403 || s == 404 || s == 405 || s == 410) {
		gsp_err_set(err, GSP_EAUTH, "it answered %ld%s%s; is the URL still right?", s, colon, why);
		return GSP_NOTICE_BROKEN;
	}
	gsp_err_set(err, GSP_EPROTO, "it refused the notice with %ld%s%s", s, colon, why);
	return GSP_NOTICE_REFUSED;
}

/* What it asks for: in the body to the millisecond, in the headers else. */
static int64_t
wait_of(const struct delivery *d, const struct gsp_http_res *res)
{
	const char *left = gsp_http_header(res, "X-RateLimit-Remaining");

	if (d->status == 429 && d->answer.retry_ms >= 0)
		return d->answer.retry_ms;
	if (d->status == 429 || d->status == 503)
		return gsp_num_seconds_text_ms(gsp_http_header(res, "Retry-After"), GSP_NOTICE_WAIT_MAX_MS);
	if (left != NULL && strcmp(left, "0") == 0)
		return gsp_num_seconds_text_ms(gsp_http_header(res, "X-RateLimit-Reset-After"),
		    GSP_NOTICE_WAIT_MAX_MS);
	return -1;
}

static enum gsp_notice_outcome
request(struct delivery *d, const char *method, const char *url, const struct gsp_buf *body,
    struct gsp_err *err)
{
	static const char *const agent[] = {AGENT, NULL};
	struct gsp_http_req req = {.method = method,
	    .url = url,
	    .bearer = d->bearer,
	    .headers = d->t->kind == GSP_NOTIFY_DISCORD ? agent : NULL,
	    .body = body->data,
	    .body_len = body->len,
	    .shown = "/...",
	    .body_max = ANSWER_MAX,
	    .total_ms = TOTAL_MS};
	enum gsp_notice_outcome what;
	struct gsp_http_res res;

	gsp_err_clear(err);
	d->wait_ms = -1;
	d->status = 0;
	if (!gsp_buf_ok(body)) {
		gsp_err_set(err, GSP_ELIMIT, "the notice is too large");
		return GSP_NOTICE_REFUSED;
	}
	if (gsp_http_do(d->http, &req, &res, err) == 0 || res.fault == GSP_HTTP_TOO_BIG) {
		/* an answer that is too long is still one */
		gsp_err_clear(err);
		d->status = res.status;
		gsp_notice_answer_parse(&d->answer, gsp_buf_str(&res.body), res.body.len);
		d->wait_ms = wait_of(d, &res);
		what = judge(d, err);
	} else if (res.fault == GSP_HTTP_CANCEL)
		what = GSP_NOTICE_CANCEL;
	else if (res.fault == GSP_HTTP_LOCAL) {
		gsp_err_set(err, GSP_ECONFIG, "its URL cannot be asked");
		what = GSP_NOTICE_BROKEN;
	} else
		what = GSP_NOTICE_LATER;
	gsp_http_res_release(&res);
	return what;
}

/* ---- discord ---- */

/* Told by one message that is edited: the course of an evening. The others are for somebody who
 * has to do something, and an edit makes no sound. */
static bool
is_evening(const struct gsp_notice_item *it)
{
	static const unsigned evening = 1u << GSP_NOTICE_UP | 1u << GSP_NOTICE_READY |
	    1u << GSP_NOTICE_IDLE | 1u << GSP_NOTICE_LEASE | 1u << GSP_NOTICE_STOPPING |
	    1u << GSP_NOTICE_SAVED;

	return it->event >= 0 && (evening & 1u << it->event) != 0 && it->server[0] != '\0' &&
	    it->session[0] != '\0';
}

/* GSP_NOTICE_REFUSED: it is no longer there, or may not be edited any more: a new one will do. */
static enum gsp_notice_outcome
edit(struct delivery *d, const struct gsp_discord_hook *hook, const char *message,
    const struct gsp_buf *body, struct gsp_err *err)
{
	struct gsp_buf url = GSP_BUF_INIT(URL_MAX_BYTES);
	enum gsp_notice_outcome what;

	(void)gsp_buf_reserve(&url, hook->edit.len + 64); /* at once: growing leaves copies */
	gsp_buf_addf(&url, "%s%s", gsp_buf_str(&hook->edit), message);
	if (hook->thread[0] != '\0')
		gsp_buf_addf(&url, "?thread_id=%s", hook->thread);
	what = request(d, "PATCH", gsp_buf_str(&url), body, err);
	if (what == GSP_NOTICE_BROKEN && d->status == 404 && d->answer.code != UNKNOWN_WEBHOOK)
		what = GSP_NOTICE_REFUSED;
	gsp_token_wipe(&url);
	return what;
}

/* What was sent is sent, even if it cannot be remembered. */
static void
remember(const struct delivery *d, const struct gsp_notice_message *m)
{
	struct gsp_err why = GSP_ERR_INIT;

	if (gsp_notice_message_save(m, d->h, d->t->id, &why) == -1)
		gsp_notice_log(d->h, d->t->id, "cannot remember the message: %s", why.msg);
}

static enum gsp_notice_outcome
tell(struct delivery *d, const struct gsp_discord_hook *hook, struct gsp_err *err)
{
	struct gsp_buf body = GSP_BUF_INIT(BODY_MAX);
	enum gsp_notice_outcome what = GSP_NOTICE_REFUSED;
	struct gsp_notice_message m;
	bool evening = is_evening(d->it);

	if (evening)
		gsp_notice_message_load(&m, d->h, d->t->id, d->it->server, d->it->session);
	else {
		memset(&m, 0, sizeof(m));
		snprintf(m.server, sizeof(m.server), "%s", d->it->server);
	}
	gsp_notice_message_add(&m, d->it->t_ms, d->it->event, gsp_buf_str(&d->it->text));
	gsp_discord_body(&body, &m);
	if (m.id[0] != '\0')
		what = edit(d, hook, m.id, &body, err);
	if (what == GSP_NOTICE_REFUSED) {
		m.id[0] = '\0';
		what = request(d, "POST", gsp_buf_str(&hook->post), &body, err);
		if (what == GSP_NOTICE_SENT)
			snprintf(m.id, sizeof(m.id), "%s", d->answer.message_id);
	}
	/* below a message of its own the evening goes on in a new one: who reads the last line of the
	 * channel shall read what is true */
	if (!evening)
		m.nlines = 0;
	if (what == GSP_NOTICE_SENT && d->it->event != GSP_NOTICE_TEST && d->it->server[0] != '\0')
		remember(d, &m);
	gsp_buf_release(&body);
	return what;
}

/* ---- secrets ---- */

/* The URL: as it is written in the settings, or in the file that they name. */
static int
url_of(struct gsp_buf *out, const struct gsp_home *h, const struct gsp_notify_target *t,
    struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF), label = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_err ignored = GSP_ERR_INIT;
	int rc = 0;

	if (t->file == NULL)
		gsp_buf_adds(out, t->url);
	else {
		static const char *const keys[] = {"discord_file", "webhook_file", "ntfy_file"};

		gsp_home_expand(&path, h->dir, t->file);
		(void)gsp_buf_reserve(out, GSP_TOKEN_MAX + 1);
		rc = gsp_secret_from_file(out, gsp_buf_str(&path), keys[t->kind], "URL", err);
		if (rc == 0 && gsp_http_url_check(gsp_buf_str(out), &ignored) == -1) {
			gsp_notify_label(&label, t);
			rc = gsp_err_set(err, GSP_ECONFIG, "%s: what is in it is no https URL",
			    gsp_buf_str(&label));
		}
	}
	gsp_buf_release(&label);
	gsp_buf_release(&path);
	return rc;
}

static int
bearer_of(struct gsp_buf *out, const struct gsp_home *h, const struct gsp_notify_target *t,
    struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	int rc;

	if (t->token_file == NULL)
		return 0;
	gsp_home_expand(&path, h->dir, t->token_file);
	(void)gsp_buf_reserve(out, GSP_TOKEN_MAX + 1);
	rc = gsp_secret_from_file(out, gsp_buf_str(&path), "token_file", "token", err);
	gsp_buf_release(&path);
	return rc;
}

/* ---- each kind ---- */

static enum gsp_notice_outcome
send_discord(struct delivery *d, const char *url, struct gsp_err *err)
{
	struct gsp_discord_hook hook = GSP_DISCORD_HOOK_INIT;
	enum gsp_notice_outcome what = gsp_discord_hook_parse(&hook, url, err) == -1
	    ? GSP_NOTICE_BROKEN
	    : tell(d, &hook, err);

	gsp_discord_hook_release(&hook);
	return what;
}

static enum gsp_notice_outcome
send_ntfy(struct delivery *d, const char *url, struct gsp_err *err)
{
	struct gsp_buf base = GSP_BUF_INIT(URL_MAX_BYTES), topic = GSP_BUF_INIT(128);
	struct gsp_buf body = GSP_BUF_INIT(BODY_MAX);
	enum gsp_notice_outcome what = GSP_NOTICE_BROKEN;

	if (gsp_ntfy_split(&base, &topic, url, err) == 0) {
		gsp_ntfy_body(&body, d->it, gsp_buf_str(&topic), gsp_wall_ms());
		what = request(d, "POST", gsp_buf_str(&base), &body, err);
	}
	gsp_buf_release(&body);
	gsp_buf_release(&topic);
	gsp_buf_release(&base);
	return what;
}

enum gsp_notice_outcome
gsp_notice_send(const struct gsp_home *h, const struct gsp_notify_target *t,
    const struct gsp_notice_item *it, struct gsp_http *http, int64_t *wait_ms, struct gsp_err *err)
{
	struct gsp_buf url = GSP_BUF_INIT(GSP_TOKEN_MAX + 2), bearer = GSP_BUF_INIT(GSP_TOKEN_MAX + 2);
	struct delivery d = {.h = h, .t = t, .it = it, .http = http, .wait_ms = -1};
	enum gsp_notice_outcome what = GSP_NOTICE_BROKEN;

	*wait_ms = -1;
	if (t->kind == GSP_NOTIFY_COMMAND)
		return gsp_notice_command(h, t, it, err);
	if (url_of(&url, h, t, err) == -1 || bearer_of(&bearer, h, t, err) == -1)
		goto out;
	d.bearer = bearer.len > 0 ? gsp_buf_str(&bearer) : NULL;
	if (t->kind == GSP_NOTIFY_DISCORD)
		what = send_discord(&d, gsp_buf_str(&url), err);
	else if (t->kind == GSP_NOTIFY_NTFY)
		what = send_ntfy(&d, gsp_buf_str(&url), err);
	else
		what = request(&d, "POST", gsp_buf_str(&url), &it->json, err);
	*wait_ms = d.wait_ms;
out:
	gsp_token_wipe(&url);
	gsp_token_wipe(&bearer);
	return what;
}
