#include "net/http.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "net/curl_priv.h"
#include "sys/sig.h"

#include "base/banned.h"

#define POLL_MS 1000 /* libcurl's own timers end a wait earlier */

struct gsp_http {
	CURLM *multi;
	CURL *easy;
};

void
gsp_http_escape(struct gsp_buf *b, const char *segment)
{
	for (const unsigned char *p = (const unsigned char *)segment; *p != '\0'; p++) {
		if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
		    (*p >= '0' && *p <= '9') || strchr("._~-", *p) != NULL)
			gsp_buf_addc(b, (char)*p);
		else
			gsp_buf_addf(b, "%%%02X", *p);
	}
}

int
gsp_http_new(struct gsp_http **out, struct gsp_err *err)
{
	struct gsp_http *h;

	if (gsp_curl_start(err) == -1)
		return -1;
	h = calloc(1, sizeof(*h));
	if (h != NULL) {
		h->multi = curl_multi_init();
		h->easy = curl_easy_init();
	}
	if (h == NULL || h->multi == NULL || h->easy == NULL) {
		gsp_http_free(h);
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	}
	*out = h;
	return 0;
}

void
gsp_http_free(struct gsp_http *h)
{
	if (h == NULL)
		return;
	curl_easy_cleanup(h->easy);
	curl_multi_cleanup(h->multi);
	free(h);
}

void
gsp_http_res_release(struct gsp_http_res *res)
{
	gsp_buf_release(&res->headers);
	gsp_buf_release(&res->body);
	res->status = 0;
}

const char *
gsp_http_header(const struct gsp_http_res *res, const char *name)
{
	size_t n = strlen(name), at = 0;

	/* headers holds "Name: value\0" for each line */
	while (at < res->headers.len) {
		const char *line = res->headers.data + at;

		if (strncasecmp(line, name, n) == 0 && line[n] == ':') {
			line += n + 1;
			return line + strspn(line, " \t");
		}
		at += strlen(line) + 1;
	}
	return NULL;
}

/* Drive the one transfer to its end. 0: *code is libcurl's verdict; -1: a signal, or no
 * memory. */
static int
drive(struct gsp_http *h, CURLcode *code, struct gsp_err *err)
{
	struct curl_waitfd sig = {gsp_sig_fd(), CURL_WAIT_POLLIN, 0};
	int running = 1, left;
	CURLMsg *m;

	for (;;) {
		if (gsp_sig_check(err) == -1)
			return -1;
		if (curl_multi_perform(h->multi, &running) != CURLM_OK)
			return gsp_err_set(err, GSP_ESYS, "out of memory");
		if (running == 0)
			break;
		if (curl_multi_poll(h->multi, &sig, sig.fd >= 0 ? 1 : 0, gsp_sig_idle(POLL_MS),
		        NULL) != CURLM_OK)
			return gsp_err_set(err, GSP_ESYS, "cannot wait for the network");
	}
	*code = CURLE_RECV_ERROR;
	while ((m = curl_multi_info_read(h->multi, &left)) != NULL)
		if (m->msg == CURLMSG_DONE)
			*code = m->data.result;
	return 0;
}

static int
perform(struct gsp_http *h, struct gsp_curl_call *c, struct gsp_err *err)
{
	CURLcode code = CURLE_FAILED_INIT;
	int rc;

	if (curl_multi_add_handle(h->multi, h->easy) != CURLM_OK)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	rc = drive(h, &code, err);
	if (rc == -1) {
		gsp_curl_call_measure(c);
		c->res.fault = err->code == GSP_ECANCEL ? GSP_HTTP_CANCEL : GSP_HTTP_BROKEN;
		/* do not wait for a name look-up that is still under way */
		curl_easy_setopt(h->easy, CURLOPT_QUICK_EXIT, 1L);
	} else
		rc = gsp_curl_call_end(c, code, err);
	curl_multi_remove_handle(h->multi, h->easy);
	return rc;
}

int
gsp_http_do(struct gsp_http *h, const struct gsp_http_req *req, struct gsp_http_res *res,
    struct gsp_err *err)
{
	const struct gsp_curl_how how = {.ca_file = req->ca_file};
	struct gsp_curl_call c;
	int rc = gsp_curl_call_begin(&c, h->easy, req, &how, err);

	if (rc == 0) {
		gsp_curl_call_log(&c, req);
		rc = perform(h, &c, err);
		gsp_curl_call_log(&c, NULL);
	}
	*res = c.res;
	gsp_curl_call_release(&c);
	return rc;
}
