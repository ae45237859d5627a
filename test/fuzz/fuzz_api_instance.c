/* Bytes as an answer of the Linode API: every parser of linode/ sees them, as an object, as an
 * error body, and each element of a list. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "linode/answer.h"
#include "linode/parse.h"
#include "net/retry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must_be_text(const char *s, size_t size)
{
	if (strnlen(s, size) >= size)
		abort();
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20)
			abort();
}

static void
one(const struct gsp_json *v)
{
	struct gsp_err e = GSP_ERR_INIT;
	struct gsp_instance i;
	struct gsp_firewall f;
	struct gsp_event ev;
	struct gsp_plan p;
	struct gsp_region r;
	struct gsp_domain d;
	struct gsp_domain_record dr;

	if (gsp_parse_instance(&i, v, &e) == 0) {
		must_be_text(i.label, sizeof(i.label));
		must_be_text(i.status_text, sizeof(i.status_text));
		must_be_text(i.ipv4, sizeof(i.ipv4));
		must_be_text(i.ipv6, sizeof(i.ipv6));
		for (size_t t = 0; t < i.ntags; t++)
			must_be_text(i.tags[t], sizeof(i.tags[t]));
		(void)gsp_instance_tag(&i, "gsp-lease:");
		(void)gsp_instance_has_tag(&i, "gsp");
	}
	if (gsp_parse_firewall(&f, v, &e) == 0)
		must_be_text(f.label, sizeof(f.label));
	if (gsp_parse_event(&ev, v, &e) == 0) {
		must_be_text(ev.message, sizeof(ev.message));
		if (ev.percent < -1 || ev.percent > 100)
			abort();
	}
	if (gsp_parse_plan(&p, v, "us-ord", &e) == 0) {
		must_be_text(p.id, sizeof(p.id));
		if (!(p.hourly_usd >= 0 || p.hourly_usd == -1))
			abort();
	}
	if (gsp_parse_region(&r, v, &e) == 0)
		must_be_text(r.id, sizeof(r.id));
	if (gsp_parse_domain(&d, v, &e) == 0)
		must_be_text(d.domain, sizeof(d.domain));
	if (gsp_parse_domain_record(&dr, v, &e) == 0) {
		must_be_text(dr.type, sizeof(dr.type));
		must_be_text(dr.name, sizeof(dr.name));
		must_be_text(dr.target, sizeof(dr.target));
	}
}

/* The same bytes as a whole HTTP answer: the retry rules and the error text. */
static void
as_answer(const uint8_t *data, size_t size)
{
	static const long statuses[] = {
	    200, 204, 299, 302, 400, 401, 403, 404, 408, 418, 429, 500, 503};
	struct gsp_linode_answer a = {0};
	struct gsp_retry_seen seen;
	struct gsp_http_res res = {0};
	struct gsp_err e = GSP_ERR_INIT;
	enum gsp_retry_kind kind;
	size_t n = size < 64 ? size : 64;

	gsp_buf_init(&res.body, GSP_HTTP_BODY_MAX + 1);
	gsp_buf_init(&res.headers, GSP_HTTP_HEADERS_MAX + 1);
	gsp_buf_add(&res.body, data, size);
	/* the first bytes are also a header's value, its terminating NUL included */
	gsp_buf_adds(&res.headers, "Retry-After: ");
	for (size_t i = 0; i < n; i++)
		if (data[i] != '\0')
			gsp_buf_addc(&res.headers, (char)data[i]);
	gsp_buf_addc(&res.headers, '\0');
	res.status = statuses[size % (sizeof(statuses) / sizeof(statuses[0]))];
	gsp_answer_read(&a, &seen, &res, 1000000);
	kind = gsp_retry_classify(&seen);
	if (gsp_retry_wait_ms(kind, &seen, 1, 999) > 122000)
		abort();
	(void)gsp_retry_doubtful(&seen, "POST");
	if (gsp_answer_explain(&a, &res, kind, "POST", "/x", &e) != -1)
		abort();
	must_be_text(e.msg, sizeof(e.msg));
	gsp_linode_answer_release(&a);
	gsp_http_res_release(&res);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gsp_err e = GSP_ERR_INIT;
	struct gsp_json *v = NULL, *item;

	if (size > 65536)
		return 0;
	as_answer(data, size);
	if (gsp_json_parse(&v, (const char *)data, size, &e) == -1)
		return 0;
	one(v);
	for (item = gsp_json_first(gsp_json_get(v, "data")); item != NULL;
	     item = gsp_json_next(item))
		one(item);
	gsp_json_free(v);
	return 0;
}
