/* linode/domain, and gsp/config_dns. */
#include "linode_fake.h"

#include "fmt/yaml.h"
#include "gsp/config_dns.h"
#include "gsp/dns_state.h"
#include "linode/domain.h"

#define PAGE(items, n, of) "{\"data\":[" items "],\"page\":" #n ",\"pages\":" #of "}"
#define ORG "{\"id\":9,\"domain\":\"example.org\",\"type\":\"master\",\"status\":\"active\"}"
#define REC(id, type, name, target)                                                            \
	"{\"id\":" #id ",\"type\":\"" type "\",\"name\":\"" name "\",\"target\":\"" target       \
	"\",\"ttl_sec\":300}"
#define REASON(r) "{\"errors\":[{\"reason\":\"" r "\",\"field\":\"target\"}]}"

static const struct gsp_domain org = {.id = 9, .domain = "example.org"};
static const struct gsp_domain_record want = {
    .type = "A", .name = "mc", .target = "192.0.2.7", .ttl_s = 300};

static const char *
asked(size_t i)
{
	static char s[200];

	snprintf(s, sizeof(s), "%s %s", fake_httpd_request(srv, i)->method,
	    fake_httpd_request(srv, i)->path);
	return s;
}

static const char *
filter(size_t i)
{
	static char s[200];

	return fake_httpd_header(fake_httpd_request(srv, i), "X-Filter", s, sizeof(s));
}

static void
test_find(void)
{
	struct gsp_domain d;

	begin();
	push(FAKE_ANSWER, 200, LIST(ORG));
	OK(gsp_domain_find(c, "example.org", &d, &e) == 0 && d.id == 9 && !d.secondary && !d.disabled);
	IS_STR(filter(0), "{\"domain\":\"example.org\"}");
	begin(); /* on the second page, and in other letters */
	push(FAKE_ANSWER, 200, PAGE("{\"id\":1,\"domain\":\"not-example.org\"}", 1, 2));
	push(FAKE_ANSWER, 200, PAGE("{\"id\":2,\"domain\":\"Example.ORG\",\"type\":\"slave\","
	                            "\"status\":\"disabled\"}", 2, 2));
	OK(gsp_domain_find(c, "example.org", &d, &e) == 0 && d.id == 2 && d.secondary && d.disabled);
	begin();
	push(FAKE_ANSWER, 200, LIST("{\"id\":1,\"domain\":\"not-example.org\"}"));
	OK(gsp_domain_find(c, "example.org", &d, &e) == -1 && e.code == GSP_ENOTFOUND);
	begin();
	push(FAKE_ANSWER, 403, REASON("Your OAuth token is not authorized to use this endpoint."));
	OK(gsp_domain_find(c, "example.org", &d, &e) == -1 && e.code == GSP_EAUTH);
	OK(strstr(e.msg, "domains:read_write") != NULL);
	begin(); /* a wrong address is not "no such domain" */
	push(FAKE_ANSWER, 404, REASON("Not found"));
	OK(gsp_domain_find(c, "example.org", &d, &e) == -1 && e.code == GSP_EPROTO);
	begin();
	push(FAKE_ANSWER, 200, LIST("{\"domain\":\"example.org\"}"));
	OK(gsp_domain_find(c, "example.org", &d, &e) == -1 && e.code == GSP_EPROTO);
}

static void
test_records(void)
{
	struct gsp_domain_record *v = NULL;
	size_t n = 0;

	begin();
	push(FAKE_ANSWER, 200, PAGE(REC(1, "A", "mc", "192.0.2.1") "," REC(2, "A", "mc2", "192.0.2.2"), 1, 2));
	push(FAKE_ANSWER, 200, PAGE(REC(3, "AAAA", "MC.example.org", "2001:db8::1") ","
	                            REC(4, "A", "mc.example.org.example.org", "192.0.2.4"), 2, 2));
	OK(gsp_domain_records(c, &org, "mc", &v, &n, &e) == 0 && n == 2);
	OK(n == 2 && v[0].id == 1 && v[0].ttl_s == 300 && v[1].id == 3);
	IS_STR(n == 2 ? v[1].name : "", "MC");
	IS_STR(asked(0), "GET /domains/9/records?page=1&page_size=500");
	IS_STR(filter(1), "{\"+or\":[{\"name\":\"mc\"},{\"name\":\"mc.example.org\"}]}");
	free(v);
	begin(); /* the domain itself: its records have no name, or an empty one, or its own */
	push(FAKE_ANSWER, 200, LIST("{\"id\":1,\"type\":\"A\",\"target\":\"192.0.2.1\"},"
	                            REC(2, "MX", "", "mail.example.org") ","
	                            REC(3, "A", "example.org", "192.0.2.1") ","
	                            REC(4, "A", "mc", "192.0.2.2")));
	OK(gsp_domain_records(c, &org, "", &v, &n, &e) == 0 && n == 3);
	OK(filter(0) == NULL);
	free(v);
	v = NULL;
	begin();
	push(FAKE_ANSWER, 200, LIST("{\"type\":\"A\"}"));
	OK(gsp_domain_records(c, &org, "mc", &v, &n, &e) == -1 && e.code == GSP_EPROTO && v == NULL);
}

static void
test_add(void)
{
	uint64_t id = 0;

	begin();
	push(FAKE_ANSWER, 200, REC(5, "A", "mc", "192.0.2.7"));
	OK(gsp_domain_record_add(c, &org, &want, &id, &e) == 0 && id == 5);
	IS_STR(asked(0), "POST /domains/9/records");
	IS_STR(fake_httpd_request(srv, 0)->body,
	    "{\"type\":\"A\",\"name\":\"mc\",\"target\":\"192.0.2.7\",\"ttl_sec\":300}");
	begin(); /* the answer was lost: it is there, and asked for once */
	push(FAKE_RESET, 0, NULL);
	push(FAKE_ANSWER, 200, LIST(REC(4, "AAAA", "mc", "192.0.2.7") "," REC(5, "A", "mc", "192.0.2.8")));
	push(FAKE_ANSWER, 200, LIST(REC(6, "A", "mc", "192.0.2.7")));
	OK(gsp_domain_record_add(c, &org, &want, &id, &e) == 0 && id == 6 && e.code == GSP_OK);
	IS_INT(fake_clock_total(), 1000);
	IS_INT(fake_httpd_count(srv), 3);
	begin(); /* it never came there: once more */
	push(FAKE_ANSWER, 500, "{}");
	for (int i = 0; i < 4; i++)
		push(FAKE_ANSWER, 200, LIST(""));
	push(FAKE_ANSWER, 200, REC(5, "A", "mc", "192.0.2.7"));
	OK(gsp_domain_record_add(c, &org, &want, &id, &e) == 0 && id == 5);
	IS_STR(asked(5), "POST /domains/9/records");
	begin(); /* an answer that makes no sense may have made one */
	push(FAKE_ANSWER, 200, "{}");
	push(FAKE_ANSWER, 200, LIST(REC(6, "A", "mc", "192.0.2.7")));
	OK(gsp_domain_record_add(c, &org, &want, &id, &e) == 0 && id == 6);
	begin();
	push(FAKE_ANSWER, 400, REASON("You must specify a valid IPv4 address"));
	OK(gsp_domain_record_add(c, &org, &want, &id, &e) == -1 && e.code == GSP_EREFUSED);
	OK(strstr(e.msg, "'mc.example.org'") != NULL);
	IS_INT(fake_httpd_count(srv), 1);
	begin(); /* nobody can tell: not asked for again */
	push(FAKE_RESET, 0, NULL);
	for (int i = 0; i < 40; i++)
		push(FAKE_ANSWER, 500, "{}");
	OK(gsp_domain_record_add(c, &org, &want, &id, &e) == -1);
	IS_INT(e.code, GSP_EIO);
	OK(strstr(e.msg, "broke off") != NULL);
	for (size_t i = 1; i < fake_httpd_count(srv); i++)
		if (strcmp(fake_httpd_request(srv, i)->method, "GET") != 0)
			OK(!"asked for twice");
}

static void
test_change(void)
{
	struct gsp_domain_record apex = want;
	uint64_t id;

	begin();
	push(FAKE_ANSWER, 200, REC(5, "A", "mc", "192.0.2.8"));
	OK(gsp_domain_record_change(c, &org, 5, "192.0.2.8", 300, &e) == 0);
	IS_STR(asked(0), "PUT /domains/9/records/5");
	IS_STR(fake_httpd_request(srv, 0)->body, "{\"target\":\"192.0.2.8\",\"ttl_sec\":300}");
	push(FAKE_ANSWER, 404, REASON("Not found"));
	OK(gsp_domain_record_change(c, &org, 5, "192.0.2.8", 300, &e) == -1 && e.code == GSP_ENOTFOUND);
	begin();
	push(FAKE_ANSWER, 200, "{}");
	OK(gsp_domain_record_delete(c, &org, 5, &e) == 0);
	IS_STR(asked(0), "DELETE /domains/9/records/5");
	push(FAKE_ANSWER, 404, REASON("Not found"));
	OK(gsp_domain_record_delete(c, &org, 5, &e) == 0 && e.code == GSP_OK);
	push(FAKE_ANSWER, 400, REASON("No"));
	OK(gsp_domain_record_delete(c, &org, 5, &e) == -1 && e.code == GSP_EREFUSED);
	begin(); /* the domain itself has no name to send */
	apex.name[0] = '\0';
	push(FAKE_ANSWER, 200, "{\"id\":5,\"type\":\"A\"}");
	OK(gsp_domain_record_add(c, &org, &apex, &id, &e) == 0);
	IS_STR(fake_httpd_request(srv, 0)->body, "{\"type\":\"A\",\"target\":\"192.0.2.7\",\"ttl_sec\":300}");
}

/* ---- the setting ---- */

/* The name of server "toy" by "dns: TEXT", or "file:line:column: why" cut to the why. */
static const char *
conf(const char *text)
{
	static char out[GSP_ERR_MAX];
	struct gsp_dns_conf d = {.domain = ""};
	struct gsp_yaml_doc *doc = NULL;
	const struct gsp_yaml *v;
	char line[600];

	gsp_err_clear(&e);
	snprintf(line, sizeof(line), "dns: %s\n", text);
	if (gsp_yaml_parse(&doc, "s", line, strlen(line), &e) == -1)
		return e.msg;
	v = gsp_yaml_get(gsp_yaml_root(doc), "dns");
	if (gsp_dns_conf_set(&d, v, &e) == -1 || gsp_dns_conf_check(&d, "toy", v, &e) == -1)
		snprintf(out, sizeof(out), "%s", strstr(e.msg, ": ") + 2);
	else
		gsp_dns_conf_full(&d, "toy", out, GSP_DNS_NAME);
	gsp_yaml_free(doc);
	return out;
}

static bool
refused(const char *text, const char *why)
{
	const char *got = conf(text);

	if (e.code == GSP_ECONFIG && strstr(got, why) != NULL)
		return true;
	printf("# %s: %s\n", text, got);
	return false;
}

static void
test_conf(void)
{
	static const char l63[] = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk";
	char text[600];

	IS_STR(conf("{domain: example.org, name: mc, ttl: 300}"), "mc.example.org");
	IS_STR(conf("{domain: Example.ORG., name: MC.eu, ttl: 5m}"), "mc.eu.example.org");
	IS_STR(conf("{domain: example.org, name: '@'}"), "example.org");
	IS_STR(conf("{domain: example.org}"), "toy.example.org");
	IS_STR(conf("{domain: duckdns.org, name: x, provider: script}"), "x.duckdns.org");
	IS_STR(conf("none"), "");
	IS_STR(conf(""), "");
	OK(refused("{name: mc}", "'domain' is missing"));
	OK(refused("{domain: example}", "has a dot"));
	OK(refused("{domain: 192.0.2.1}", "an address"));
	OK(refused("{domain: example..org}", "empty"));
	OK(refused("{domain: .example.org}", "empty"));
	OK(refused("{domain: -a.org}", "'-'"));
	OK(refused("{domain: a-.org}", "'-'"));
	OK(refused("{domain: ex_ample.org}", "only a-z"));
	OK(refused("{domain: 'ex ample.org'}", "only a-z"));
	OK(refused("{domain: exämple.org}", "xn--"));
	OK(refused("{domain: example.org, name: '*'}", "only a-z"));
	OK(refused("{domain: example.org, name: 'a/../b'}", "only a-z"));
	OK(refused("{domain: example.org, name: ''}", "empty"));
	OK(refused("{domain: example.org, name: mc.}", "empty"));
	OK(refused("{domain: example.org, ttl: 0}", "300"));
	OK(refused("{domain: example.org, ttl: 29d}", "28d"));
	OK(refused("{domain: example.org, provider: bind}", "'linode' or 'script'"));
	OK(refused("{domain: example.org, nam: mc}", "name"));
	OK(refused("mc.example.org", "dns"));
	snprintf(text, sizeof(text), "{domain: %s.org}", l63);
	OK(strlen(conf(text)) == 3 + 1 + 63 + 4);
	snprintf(text, sizeof(text), "{domain: a%s.org}", l63);
	OK(refused(text, "63"));
	snprintf(text, sizeof(text), "{domain: %s.%s.%s.org, name: %s}", l63, l63, l63, l63);
	OK(refused(text, "253"));
}

static void
test_address(void)
{
	OK(gsp_dns_same_address("192.0.2.1", "192.0.2.1"));
	OK(gsp_dns_same_address("2001:db8::1", "2001:DB8:0:0::0001"));
	OK(!gsp_dns_same_address("192.0.2.1", "192.0.2.10"));
	OK(!gsp_dns_same_address("", ""));
	OK(!gsp_dns_same_address("192.0.2.1", "::ffff:192.0.2.1"));
}

int
main(void)
{
	if ((srv = fake_httpd_new()) == NULL)
		SKIP_ALL("cannot listen on loopback");
	gsp_retry_set_clock(&fake_clock);
	test_find();
	test_records();
	test_add();
	test_change();
	test_conf();
	test_address();
	gsp_linode_free(c);
	fake_httpd_free(srv);
	return done();
}
