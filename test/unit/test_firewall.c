/* linode/firewall and linode/rules. */
#include "linode_fake.h"

#include "linode/firewall.h"
#include "linode/rules.h"

#define OURS                                                                                  \
	"{\"id\":7,\"label\":\"gsp-a\",\"status\":\"enabled\",\"tags\":[\"gsp\",\"gsp-home:"  \
	"h\"],\"entities\":[{\"id\":1}]}"
#define REASON(r) "{\"errors\":[{\"reason\":\"" r "\",\"field\":\"label\"}]}"

static const char *const tags[] = {"gsp", "gsp-home:h", NULL};
static const char *const anybody[] = {"0.0.0.0/0", "::/0", NULL};
static const struct gsp_port game[] = {{25565, 25565, false}};

/* The rules as text; "" and e set when they are refused. */
static const char *
rules_text(const struct gsp_port *ports, size_t n, const char *const *from)
{
	struct gsp_firewall_rules r = {ports, n, from};
	static struct gsp_buf b = GSP_BUF_INIT(1u << 20);
	struct gsp_json *v = NULL;

	gsp_buf_reset(&b);
	if (gsp_rules_json(&v, &r, &e) == 0)
		gsp_json_print(&b, v);
	else
		printf("# %s\n", e.msg);
	gsp_json_free(v);
	return gsp_buf_str(&b);
}

static void
test_rules(void)
{
	static const struct gsp_port ports[] = {{2456, 2458, true}, {25565, 25565, false},
	    {24454, 24454, true}, {2459, 2460, true}, {2457, 2457, true},
	    {65535, 65535, false}, {65534, 65535, false}};
	static const char *const some[] = {
	    "198.51.100.7", "2001:db8::/32", "203.0.113.0/24", NULL};
	static const char *const bad[] = {
	    "198.51.100.7/33", "", "example.net", "-1", "1.2.3.4/", "1.2.3.4/08x", "::1/129"};
	const char *const none[] = {NULL};

	IS_STR(rules_text(ports, 7, some),
	    "{\"inbound\":["
	    "{\"label\":\"ssh\",\"action\":\"ACCEPT\",\"protocol\":\"TCP\",\"ports\":\"22\","
	    "\"addresses\":"
	    "{\"ipv4\":[\"198.51.100.7/32\",\"203.0.113.0/24\"],\"ipv6\":[\"2001:db8::/"
	    "32\"]}},"
	    "{\"label\":\"icmp\",\"action\":\"ACCEPT\",\"protocol\":\"ICMP\",\"addresses\":{"
	    "\"ipv4\":[\"0.0.0.0/0\"],\"ipv6\":[\"::/0\"]}},"
	    "{\"label\":\"game-tcp-1\",\"action\":\"ACCEPT\",\"protocol\":\"TCP\",\"ports\":"
	    "\"25565,65534-65535\",\"addresses\":"
	    "{\"ipv4\":[\"0.0.0.0/0\"],\"ipv6\":[\"::/0\"]}},"
	    "{\"label\":\"game-udp-1\",\"action\":\"ACCEPT\",\"protocol\":\"UDP\",\"ports\":"
	    "\"2456-2460,24454\",\"addresses\":"
	    "{\"ipv4\":[\"0.0.0.0/0\"],\"ipv6\":[\"::/0\"]}}],"
	    "\"inbound_policy\":\"DROP\",\"outbound\":[],\"outbound_policy\":\"ACCEPT\"}");
	OK(strstr(rules_text(NULL, 0, some + 1), "game") == NULL);
	IS_STR(rules_text(NULL, 0, none), "");
	IS_INT(e.code, GSP_ECONFIG);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *const from[] = {bad[i], NULL};

		gsp_err_clear(&e);
		IS_STR(rules_text(NULL, 0, from), "");
		IS_INT(e.code, GSP_ECONFIG);
	}
}

static void
test_rule_limits(void)
{
	static struct gsp_port ports[400];
	static char text[600][20];
	static const char *from[601];
	const char *s;

	for (unsigned i = 0; i < 400; i++)
		ports[i] = (struct gsp_port){
		    (uint16_t)(1000 + 10 * i), (uint16_t)(1000 + 10 * i), false};
	s = rules_text(ports, 15, anybody);
	OK(strstr(s, "game-tcp-1") != NULL && strstr(s, "game-tcp-2") == NULL);
	s = rules_text(ports, 16, anybody);
	OK(strstr(s, "\"1150\"") != NULL && strstr(s, "game-tcp-3") == NULL);
	for (unsigned i = 0; i < 8; i++)
		ports[i].last = (uint16_t)(ports[i].first + 2);
	s = rules_text(ports, 8, anybody); /* 16 pieces */
	OK(strstr(s,
	       "\"1000-1002,1010-1012,1020-1022,1030-1032,1040-1042,1050-1052,1060-1062\"") !=
	    NULL);
	OK(strstr(s, "\"1070-1072\"") != NULL);
	IS_STR(rules_text(ports, 400, anybody), "");
	IS_INT(e.code, GSP_ECONFIG);
	for (unsigned i = 0; i < 600; i++) {
		snprintf(text[i], sizeof(text[i]), "10.0.%u.%u", i / 256, i % 256);
		from[i] = text[i];
	}
	s = rules_text(NULL, 0, from);
	OK(strstr(s, "\"ssh-3\"") != NULL && strstr(s, "\"ssh-4\"") == NULL &&
	    strstr(s, "[]}") == NULL);
}

static int
ensure(uint64_t *id)
{
	struct gsp_firewall_rules r = {game, 1, anybody};
	int rc = gsp_firewall_ensure(c, "gsp-a", tags, &r, "gsp-home:h", id, &e);

	if (rc == -1)
		printf("# %s\n", e.msg);
	return rc;
}

static const char *
asked(size_t i)
{
	static char s[128];

	snprintf(s, sizeof(s), "%s %s", fake_httpd_request(srv, i)->method,
	    fake_httpd_request(srv, i)->path);
	return s;
}

static void
test_ensure(void)
{
	uint64_t id = 0;

	begin(); /* new */
	push(FAKE_ANSWER, 200, LIST(""));
	push(FAKE_ANSWER, 200, OURS);
	OK(ensure(&id) == 0 && id == 7);
	IS_STR(asked(1), "POST /networking/firewalls");
	OK(strstr(fake_httpd_request(srv, 1)->body,
	       "\"tags\":[\"gsp\",\"gsp-home:h\"],\"rules\":{\"inbound\":[") != NULL);
	begin(); /* there already */
	push(FAKE_ANSWER, 200, LIST(OURS));
	push(FAKE_ANSWER, 200, "{}");
	OK(ensure(&id) == 0 && id == 7);
	IS_STR(asked(1), "PUT /networking/firewalls/7/rules");
	IS_INT(fake_httpd_count(srv), 2);
	begin(); /* switched off, and without one of its tags */
	push(FAKE_ANSWER, 200,
	    LIST("{\"id\":7,\"label\":\"gsp-a\",\"status\":\"disabled\",\"tags\":[\"GSP-home:"
		 "h\"]}"));
	push(FAKE_ANSWER, 200, "{}");
	push(FAKE_ANSWER, 200, "{}");
	OK(ensure(&id) == 0);
	IS_STR(asked(2), "PUT /networking/firewalls/7");
	IS_STR(fake_httpd_request(srv, 2)->body,
	    "{\"status\":\"enabled\",\"tags\":[\"gsp\",\"gsp-home:h\"]}");
	begin(); /* somebody else's */
	push(FAKE_ANSWER, 200,
	    LIST("{\"id\":7,\"label\":\"gsp-a\",\"tags\":[\"gsp\",\"gsp-home:other\"]}"));
	OK(ensure(&id) == -1 && e.code == GSP_EREFUSED && strstr(e.msg, "gsp-home:h") != NULL);
	IS_INT(fake_httpd_count(srv), 1);
}

static void
test_ensure_doubtful(void)
{
	uint64_t id = 0;

	begin(); /* the answer was lost, and the list is a bit behind */
	push(FAKE_ANSWER, 200, LIST(""));
	push(FAKE_RESET, 0, NULL);
	push(FAKE_ANSWER, 200, LIST(""));
	push(FAKE_ANSWER, 200, LIST(OURS));
	push(FAKE_ANSWER, 200, "{}");
	OK(ensure(&id) == 0 && id == 7);
	IS_INT(fake_clock_total(), 1000);
	begin(); /* it never arrived: once more */
	push(FAKE_ANSWER, 200, LIST(""));
	push(FAKE_ANSWER, 504, "<html>");
	for (int i = 0; i < 4; i++)
		push(FAKE_ANSWER, 200, LIST(""));
	push(FAKE_ANSWER, 200, OURS);
	OK(ensure(&id) == 0 && id == 7);
	IS_STR(asked(6), "POST /networking/firewalls");
	begin(); /* made by a run that was killed a moment ago */
	push(FAKE_ANSWER, 200, LIST(""));
	push(FAKE_ANSWER, 400, REASON("Label must be unique among your Cloud Firewalls"));
	push(FAKE_ANSWER, 200, LIST(OURS));
	push(FAKE_ANSWER, 200, "{}");
	OK(ensure(&id) == 0 && id == 7);
	begin();
	push(FAKE_ANSWER, 200, LIST(""));
	for (int round = 0; round < 3; round++) {
		push(FAKE_ANSWER, 500, "{}");
		for (int i = 0; i < 4; i++)
			push(FAKE_ANSWER, 200, LIST(""));
	}
	OK(ensure(&id) == -1 && e.code == GSP_ETEMP);
	IS_INT(fake_httpd_count(srv), 16);
	begin();
	push(FAKE_ANSWER, 200, LIST(""));
	push(FAKE_ANSWER, 400, REASON("Label is too short"));
	OK(ensure(&id) == -1 && e.code == GSP_EREFUSED);
	begin(); /* a wrong address is not "none there" */
	push(FAKE_ANSWER, 404, REASON("Not found"));
	OK(ensure(&id) == -1 && e.code == GSP_EPROTO);
}

static void
test_rest(void)
{
	struct gsp_firewall f, *list = NULL;
	size_t n = 0;

	begin();
	push(FAKE_ANSWER, 200, LIST(OURS));
	OK(gsp_firewall_find(c, "gsp-a", &f, &e) == 0);
	IS_INT(f.ndevices, 1);
	IS_INT(f.ntags, 2);
	push(FAKE_ANSWER, 200, LIST(OURS));
	OK(gsp_firewall_find(c, "gsp-b", &f, &e) == -1 && e.code == GSP_ENOTFOUND);
	push(FAKE_ANSWER, 200,
	    LIST(OURS
		",{\"id\":8,\"label\":null,\"tags\":null,\"entities\":null,\"created\":0}"));
	OK(gsp_firewall_list(c, "gsp", &list, &n, &e) == 0 && n == 1 && list[0].id == 7);
	free(list);
	push(FAKE_ANSWER, 200, "{}");
	OK(gsp_firewall_delete(c, 7, &e) == 0);
	push(FAKE_ANSWER, 404, REASON("Not found"));
	OK(gsp_firewall_delete(c, 7, &e) == 0);
	push(FAKE_ANSWER, 400, REASON("This is a default firewall"));
	OK(gsp_firewall_delete(c, 7, &e) == -1 && e.code == GSP_EREFUSED);
}

int
main(void)
{
	if ((srv = fake_httpd_new()) == NULL)
		SKIP_ALL("cannot listen on loopback");
	gsp_retry_set_clock(&fake_clock);
	test_rules();
	test_rule_limits();
	test_ensure();
	test_ensure_doubtful();
	test_rest();
	gsp_linode_free(c);
	fake_httpd_free(srv);
	return done();
}
