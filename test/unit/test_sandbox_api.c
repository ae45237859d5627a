/* The sandbox answers as the Linode API does. */
#include "sandbox_fake.h"

#include "base/banned.h"

static struct gsp_world world;

static void
open_box(void)
{
	static const struct gsp_sandbox_token tokens[] = {{"t0ken", "*", false},
	    {"reader", "linodes:read_only, events:read_only", false},
	    {"writer", "linodes:read_write", false}, {"poor", "*", true}};
	struct gsp_sandbox_opts o = GSP_SANDBOX_OPTS_INIT;
	struct gsp_err err = GSP_ERR_INIT;

	o.world = &world;
	o.tokens = tokens;
	o.ntokens = 4;
	o.create_ms = o.boot_ms = o.shutdown_ms = 20;
	if (!OK(gsp_sandbox_open(&box, &o, &err) == 0)) {
		printf("Bail out! %s\n", err.msg);
		exit(1);
	}
	OK(gsp_sandbox_port(box) > 1023);
}

static void
test_open_errors(void)
{
	struct gsp_sandbox_token none = {"", "*", false}, one = {"x", "*", false};
	struct gsp_sandbox_opts o = GSP_SANDBOX_OPTS_INIT;
	struct gsp_sandbox *sb = NULL;
	struct gsp_err err = GSP_ERR_INIT;

	OK(gsp_sandbox_open(&sb, &o, &err) == -1 && err.code == GSP_EUSAGE);
	o.tokens = &none;
	o.ntokens = 1;
	OK(gsp_sandbox_open(&sb, &o, &err) == -1 && err.code == GSP_EUSAGE);
	o.tokens = &one;
	o.faults = "{\"fault\":\"nonsense\"}";
	OK(gsp_sandbox_open(&sb, &o, &err) == -1 && err.code == GSP_EUSAGE);
	o.faults = "[";
	OK(gsp_sandbox_open(&sb, &o, &err) == -1 && err.code == GSP_EUSAGE);
	o.faults = NULL;
	o.port = gsp_sandbox_port(box);
	OK(gsp_sandbox_open(&sb, &o, &err) == -1 && err.code == GSP_ESYS);
	gsp_sandbox_close(NULL);
}

static void
test_tokens(void)
{
	call_token = NULL;
	IS_INT(get("/v4/profile"), 401);
	IS_STR(answer_body, "{\"errors\":[{\"reason\":\"Invalid Token\"}]}");
	IS_INT(get("/v4/regions"), 200);
	IS_INT(get("/v4/linode/types/g6-nanode-1"), 200);
	IS_INT(get("/v4/images"), 200);
	IS_INT(get("/v4/linode/instances"), 401);
	call_token = "wrong";
	IS_INT(get("/v4/regions"), 401);
	call_token = "reader";
	IS_INT(get("/v4/profile"), 200);
	OK(has_header("X-OAuth-Scopes: linodes:read_only, events:read_only"));
	IS_INT(get("/v4/linode/instances"), 200);
	OK(has_header("X-Accepted-OAuth-Scopes: linodes:read_only"));
	IS_INT(get("/v4/account/events"), 200);
	IS_INT(call("POST", "/v4/linode/instances", NULL, "{}"), 401);
	IS_STR(reason(), "Your OAuth token is not authorized to use this endpoint.");
	OK(has_header("X-Accepted-OAuth-Scopes: linodes:read_write"));
	IS_INT(get("/v4/networking/firewalls"), 401);
	call_token = "writer";
	IS_INT(get("/v4/linode/instances"), 200);
	call_token = "poor";
	IS_INT(get("/v4/profile"), 200);
	OK(gsp_json_bool(answer, "restricted", false));
	IS_INT(call("POST", "/v4/linode/instances", NULL, "{}"), 403);
	call_token = "t0ken";
	IS_INT(get("/v4/profile"), 200);
	OK(has_header("X-OAuth-Scopes: *"));
	OK(has_header("X-RateLimit-Limit: ") && has_header("X-RateLimit-Remaining: ") &&
	    has_header("X-RateLimit-Reset: "));
	IS_STR(gsp_json_str(answer, "username", ""), "sandbox");
}

static void
test_paths(void)
{
	IS_INT(get("/v4beta/profile"), 200);
	IS_INT(get("/v5/profile"), 404);
	IS_INT(get("/v4/volumes"), 404);
	IS_STR(answer_body, "{\"errors\":[{\"reason\":\"Not found\"}]}");
	IS_INT(get("/v4/linode/instances/abc"), 404);
	IS_INT(get("/v4/linode/instances/1%00"), 404);
	IS_INT(get("/v4/a/b/c/d/e/f/g/h/i/j/k"), 404);
	IS_INT(call("DELETE", "/v4/profile", NULL, NULL), 405);
	OK(has_header("Allow: GET"));
	IS_INT(get("/v4/images/linode%2Fdebian12"), 200);
	IS_STR(gsp_json_str(answer, "id", ""), "linode/debian12");
	OK(gsp_json_count(gsp_json_get(answer, "capabilities")) == 1);
	IS_INT(get("/v4/images/linode%2Fslackware15.0"), 200);
	OK(gsp_json_count(gsp_json_get(answer, "capabilities")) == 0);
	IS_INT(get("/v4/images/linode%2Fnone"), 404);
}

static void
test_bodies(void)
{
	char *big = malloc(2 * 1024 * 1024);

	IS_INT(call("POST", "/v4/linode/instances", NULL, "{nope"), 400);
	IS_STR(reason(), "Invalid JSON");
	IS_INT(call("POST", "/v4/linode/instances", NULL, "[]"), 400);
	call_type = "text/plain";
	IS_INT(call("POST", "/v4/linode/instances", NULL, "{}"), 400);
	call_type = "application/json; charset=utf-8";
	IS_INT(call("POST", "/v4/linode/instances", NULL, "{}"), 400);
	call_type = "application/json";
	IS_INT(gsp_json_count(gsp_json_get(answer, "errors")), 2);
	OK(has_error("region") && has_error("type"));
	memset(big, ' ', 2 * 1024 * 1024);
	big[2 * 1024 * 1024 - 1] = '\0';
	IS_INT(call("POST", "/v4/linode/instances", NULL, big), 413);
	free(big);
	IS_INT(call("POST", "/v4/linode/instances", NULL,
		   "{\"region\":1,\"type\":\"x\",\"tags\":\"a\",\"booted\":1,\"wrong\":2,"
		   "\"swap_size\":0.5}"),
	    400);
	OK(has_error("region") && has_error("tags") && has_error("booted") &&
	    has_error("wrong") && has_error("swap_size") && !has_error("type"));
	IS_INT(call("POST", "/v4/linode/instances", NULL,
		   "{\"region\":\"xx\",\"type\":\"x\",\"label\":\"a--b\",\"image\":\"linode/"
		   "none\",\"tags\":[\"ab\"],"
		   "\"root_pass\":\"aaaaaaaaaaaaaaaaaaaa\",\"authorized_keys\":[\"nokey\"],"
		   "\"metadata\":{\"user_data\":\"###\"},\"firewall_id\":7}"),
	    400);
	OK(has_error("region") && has_error("type") && has_error("label") &&
	    has_error("image") && has_error("tags") && has_error("root_pass") &&
	    has_error("authorized_keys") && has_error("metadata.user_data") &&
	    has_error("firewall_id"));
	IS_INT(call("POST", "/v4/linode/instances", NULL,
		   "{\"region\":\"us-ord\",\"type\":\"g6-nanode-1\",\"image\":\"linode/"
		   "debian12\"}"),
	    400);
	IS_STR(reason(), "Must provide valid root_pass, authorized_keys, or authorized_users");
	IS_INT(world.machines, 0);
}

static void
test_catalogue(void)
{
	const struct gsp_json *p;

	IS_INT(get("/v4/linode/types"), 200);
	IS_INT(results(), 7);
	IS_INT(get("/v4/linode/types/g6-standard-4"), 200);
	OK(gsp_json_num(gsp_json_get(answer, "price"), "hourly", 0) == 0.072);
	p = item(gsp_json_get(answer, "region_prices"), 0);
	IS_STR(gsp_json_str(p, "id", ""), "id-cgk");
	OK(gsp_json_num(p, "hourly", 0) == 0.086);
	IS_INT(get("/v4/linode/types/nope"), 404);
	IS_INT(get("/v4/regions/us-ord"), 200);
	IS_STR(gsp_json_str(answer, "site_type", ""), "core");
	IS_INT(get("/v4/regions/us-den-edge-1"), 200);
	IS_STR(gsp_json_str(answer, "site_type", ""), "distributed");
	OK(strstr(answer_body, "Metadata") == NULL);
	IS_INT(get("/v4/regions/us-ord/availability"), 200);
	OK(gsp_json_is_arr(answer) && gsp_json_count(answer) == 7);
	IS_INT(get("/v4/regions/availability?page_size=25"), 200);
	OK(results() > 100 && gsp_json_count(gsp_json_get(answer, "data")) == 25);
}

static void
test_create(void)
{
	uint64_t id, first_event;
	const struct gsp_json *e;
	char path[128];
	struct gsp_machine *m;

	IS_INT(get("/v4/account/events"), 200);
	first_event = gsp_json_u64(item(gsp_json_get(answer, "data"), 0), "id", 0);
	IS_INT(
	    call("POST", "/v4/linode/instances", NULL,
		"{\"region\":\"us-ord\",\"type\":\"g6-standard-2\",\"image\":\"linode/"
		"debian12\",\"label\":\"gsp-a\","
		"\"tags\":[\"gsp\",\"GSP-Home:X\",\"gsp\"],\"authorized_keys\":[\"" KEY "\"],"
		"\"root_pass\":\"Correct-horse-7-battery\","
		"\"metadata\":{\"user_data\":\"I2Nsb3VkLWNvbmZpZwo=\"}}"),
	    200);
	id = gsp_json_u64(answer, "id", 0);
	IS_STR(gsp_json_str(answer, "status", ""), "provisioning");
	IS_STR(gsp_json_text(item(gsp_json_get(answer, "ipv4"), 0), ""), "198.18.0.2");
	IS_STR(gsp_json_str(answer, "ipv6", ""), "2001:db8::2/128");
	IS_INT(gsp_json_count(gsp_json_get(answer, "tags")), 2);
	IS_STR(gsp_json_text(item(gsp_json_get(answer, "tags"), 1), ""), "gsp-home:x");
	IS_INT(strlen(gsp_json_str(answer, "created", "")), 19);
	OK(gsp_json_bool(answer, "has_user_data", false));
	IS_STR(gsp_json_str(answer, "interface_generation", ""), "legacy_config");
	OK((m = fake_find(id)) != NULL);
	IS_STR(m->user_data, "#cloud-config\n");
	IS_STR(m->first_key, KEY);
	IS_STR(m->rules, "open");
	OK(make("gsp-a") == 0);
	IS_STR(reason(), "Label must be unique among your linodes");
	OK(has_error("label"));
	snprintf(path, sizeof(path), "/v4/linode/instances/%" PRIu64 "/shutdown", id);
	IS_INT(call("POST", path, NULL, NULL), 400);
	IS_STR(reason(), "Linode busy.");
	OK(until_status(id, "running"));
	IS_INT(m->boots, 1);
	snprintf(path, sizeof(path),
	    "{\"entity.id\":%" PRIu64
	    ",\"entity.type\":\"linode\",\"+order_by\":\"created\",\"+order\":\"desc\"}",
	    id);
	IS_INT(call("GET", "/v4/account/events?page_size=25", path, NULL), 200);
	IS_INT(results(), 2);
	e = gsp_json_get(answer, "data");
	IS_STR(gsp_json_str(item(e, 0), "action", ""), "linode_boot");
	IS_STR(gsp_json_str(item(e, 1), "action", ""), "linode_create");
	IS_STR(gsp_json_str(item(e, 1), "status", ""), "finished");
	IS_INT(gsp_json_u64(item(e, 1), "percent_complete", 0), 100);
	OK(gsp_json_u64(item(e, 1), "id", 0) > first_event);
	OK(gsp_json_u64(item(e, 0), "id", 0) > gsp_json_u64(item(e, 1), "id", 0));
}

static uint64_t
id_of(const char *label)
{
	char filter[128];

	snprintf(filter, sizeof(filter), "{\"label\":\"%s\"}", label);
	if (call("GET", "/v4/linode/instances", filter, NULL) != 200 || results() != 1)
		return 0;
	return gsp_json_u64(item(gsp_json_get(answer, "data"), 0), "id", 0);
}

static int
act(uint64_t id, const char *what, const char *body)
{
	char path[128];

	snprintf(path, sizeof(path), "/v4/linode/instances/%" PRIu64 "/%s", id, what);
	return call("POST", path, NULL, body);
}

static void
test_actions(void)
{
	uint64_t id = id_of("gsp-a");
	struct gsp_machine *m = fake_find(id);
	char path[64];

	OK(m != NULL);
	IS_INT(act(id, "boot", "{}"), 400);
	IS_INT(act(id, "reboot", "{\"config_id\":1}"), 400);
	IS_INT(act(id, "reboot", "{}"), 200);
	IS_STR(answer_body, "{}");
	OK(until_status(id, "running"));
	IS_INT(m->boots, 2);
	IS_INT(act(id, "password", "{\"root_pass\":\"Correct-horse-7-battery\"}"), 400);
	IS_INT(act(id, "shutdown", NULL), 200);
	OK(until_status(id, "offline"));
	OK(!m->alive);
	IS_INT(act(id, "password", "{\"root_pass\":\"Correct-horse-7-battery\"}"), 200);
	IS_INT(act(id, "shutdown", NULL), 400);
	IS_INT(act(id, "boot", NULL), 200);
	OK(until_status(id, "running"));
	IS_INT(act(id, "rebuild", "{}"), 400);
	OK(has_error("image"));
	IS_INT(act(id, "rebuild",
		   "{\"image\":\"linode/debian13\",\"authorized_keys\":[\"" KEY
		   "\"],\"metadata\":{\"user_data\":\"aGk=\"}}"),
	    200);
	IS_STR(gsp_json_str(answer, "status", ""), "rebuilding");
	snprintf(path, sizeof(path), "%s", m->ipv4);
	OK(until_status(id, "running"));
	IS_STR(fake_find(id)->ipv4, path);
	IS_STR(gsp_json_text(item(gsp_json_get(answer, "ipv4"), 0), ""), path);
	IS_STR(fake_find(id)->user_data, "hi");
	snprintf(path, sizeof(path), "/v4/linode/instances/%" PRIu64, id);
	IS_INT(call("PUT", path, NULL,
		   "{\"tags\":[\"one\",\"two\"],\"watchdog_enabled\":false,\"status\":\"x\"}"),
	    200);
	IS_INT(gsp_json_count(gsp_json_get(answer, "tags")), 2);
	OK(!gsp_json_bool(answer, "watchdog_enabled", true));
	IS_INT(call("PUT", path, NULL, "{\"label\":\"x\"}"), 400);
	IS_INT(
	    call("PUT", path, NULL, "{\"label\":\"gsp-a2\",\"watchdog_enabled\":true}"), 200);
	IS_INT(call("PUT", path, NULL, "{\"label\":\"gsp-a\"}"), 200);
	IS_INT(act(id, "disks", NULL), 405);
	snprintf(path, sizeof(path), "/v4/linode/instances/%" PRIu64 "/disks", id);
	IS_INT(get(path), 200);
	IS_INT(results(), 2);
	snprintf(path, sizeof(path), "/v4/linode/instances/%" PRIu64 "/ips", id);
	IS_INT(get(path), 200);
	snprintf(path, sizeof(path), "/v4/linode/instances/%" PRIu64 "/transfer", id);
	IS_INT(get(path), 200);
	IS_INT(gsp_json_u64(answer, "quota", 0), 4000);
}

static void
test_watchdog(void)
{
	uint64_t id = id_of("gsp-a");
	struct gsp_machine *m = fake_find(id);
	int boots = m->boots;

	m->alive = false; /* powered off from inside */
	turn(0, -1);
	IS_INT(get("/v4/account/events"), 200);
	IS_STR(gsp_json_str(item(gsp_json_get(answer, "data"), 0), "action", ""),
	    "lassie_reboot");
	OK(until_status(id, "running"));
	IS_INT(m->boots, boots + 1);
}

static void
test_own_reboot(void)
{
	uint64_t id = id_of("gsp-a"), newest;
	struct gsp_machine *m = fake_find(id);
	int boots = m->boots;

	IS_INT(get("/v4/account/events"), 200);
	newest = gsp_json_u64(item(gsp_json_get(answer, "data"), 0), "id", 0);
	m->alive = false; /* `reboot` typed inside */
	m->wants_reboot = true;
	turn(0, -1);
	OK(m->alive);
	IS_INT(m->boots, boots + 1);
	OK(until_status(id, "running"));
	IS_INT(get("/v4/account/events"), 200);
	IS_INT(gsp_json_u64(item(gsp_json_get(answer, "data"), 0), "id", 0), newest);
}

static void
test_filters(void)
{
	static const struct {
		const char *filter;
		int status, results;
	} cases[] = {
	    {"{\"label\":\"gsp-a\"}", 200, 1},
	    {"{\"label\":\"gsp-\"}", 200, 0},
	    {"{\"label\":{\"+contains\":\"gsp\"}}", 200, 3},
	    {"{\"tags\":\"ONE\"}", 200, 1},
	    {"{\"+or\":[{\"label\":\"gsp-a\"},{\"label\":\"gsp-b\"}]}", 200, 2},
	    {"{\"+and\":[{\"label\":\"gsp-a\"},{\"label\":\"gsp-b\"}]}", 200, 0},
	    {"{\"label\":{\"+neq\":\"gsp-a\"}}", 200, 2},
	    {"{\"id\":{\"+gt\":1}}", 200, 3},
	    {"{\"id\":{\"+lte\":1}}", 200, 0},
	    {"{\"status\":\"running\"}", 400, 0},
	    {"{\"label\":{\"+like\":\"x\"}}", 400, 0},
	    {"[]", 400, 0},
	    {"{", 400, 0},
	    {"{\"+order_by\":\"label\",\"+order\":\"desc\"}", 200, 3},
	    {"{\"+order_by\":\"status\"}", 400, 0},
	    {"{\"ipv4\":\"198.18.0.3\"}", 200, 1},
	};
	uint64_t b = make("gsp-b"), c = make("gsp-c");

	OK(b != 0 && c > b);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		IS_INT(call("GET", "/v4/linode/instances", cases[i].filter, NULL),
		    cases[i].status);
		if (cases[i].status == 200)
			IS_INT(results(), cases[i].results);
		else
			OK(has_error("X-Filter"));
	}
	call("GET", "/v4/linode/instances", "{\"status\":\"x\"}", NULL);
	IS_STR(reason(), "Cannot filter on status");
	call("GET", "/v4/linode/instances", "{\"+order_by\":\"label\",\"+order\":\"desc\"}",
	    NULL);
	IS_STR(gsp_json_str(item(gsp_json_get(answer, "data"), 0), "label", ""), "gsp-c");
	IS_INT(get("/v4/linode/instances?page_size=24"), 400);
	OK(has_error("page_size"));
	IS_INT(get("/v4/linode/instances?page_size=501"), 400);
	IS_INT(get("/v4/linode/instances?page_size=x"), 400);
	IS_INT(get("/v4/linode/instances?page=0"), 400);
	IS_INT(get("/v4/linode/instances?page=2&page_size=500"), 404);
	IS_INT(get("/v4/regions?page=2&page_size=25"), 404);
	IS_INT(get("/v4/regions/availability?page=2&page_size=50"), 200);
	IS_INT(gsp_json_u64(answer, "page", 0), 2);
}

static uint64_t
make_firewall(const char *label, const char *more)
{
	char body[1024];

	snprintf(body, sizeof(body),
	    "{\"label\":\"%s\",\"tags\":[\"gsp\"],\"rules\":{\"inbound_policy\":\"DROP\","
	    "\"outbound_policy\":\"ACCEPT\","
	    "\"outbound\":[],\"inbound\":[{\"label\":\"ssh\",\"action\":\"ACCEPT\","
	    "\"protocol\":\"TCP\",\"ports\":\"22\","
	    "\"addresses\":{\"ipv4\":[\"0.0.0.0/0\"],\"ipv6\":[\"::/0\"]}}]}%s}",
	    label, more);
	return call("POST", "/v4/networking/firewalls", NULL, body) == 200
		   ? gsp_json_u64(answer, "id", 0)
		   : 0;
}

static void
test_firewall(void)
{
	uint64_t fw = make_firewall("gsp-fw", ""), id = id_of("gsp-b"), dev;
	struct gsp_machine *m = fake_find(id);
	char path[96], body[256];

	OK(fw != 0);
	OK(make_firewall("gsp-fw", "") == 0 && has_error("label"));
	snprintf(path, sizeof(path), "/v4/networking/firewalls/%" PRIu64 "/devices", fw);
	snprintf(body, sizeof(body), "{\"type\":\"linode\",\"id\":%" PRIu64 "}", id);
	IS_INT(call("POST", path, NULL, body), 200);
	dev = gsp_json_u64(answer, "id", 0);
	IS_STR(gsp_json_str(gsp_json_get(answer, "entity"), "label", ""), "gsp-b");
	IS_STR(m->rules, "in:+tcp/22@0.0.0.0/0@::/0 else- out:else+");
	IS_INT(call("POST", path, NULL, body), 400);
	IS_INT(get(path), 200);
	IS_INT(results(), 1);
	snprintf(path, sizeof(path), "/v4/networking/firewalls/%" PRIu64 "/rules", fw);
	IS_INT(call("PUT", path, NULL,
		   "{\"inbound_policy\":\"ACCEPT\",\"outbound_policy\":\"DROP\",\"outbound\":["
		   "],\"inbound\":["
		   "{\"action\":\"DROP\",\"protocol\":\"UDP\",\"ports\":\"80, "
		   "2456-2458\",\"addresses\":{\"ipv4\":[\"10.0.0.0/8\"]}}]}"),
	    200);
	IS_STR(m->rules, "in:-udp/80,2456-2458@10.0.0.0/8 else+ out:else-");
	IS_INT(gsp_json_u64(answer, "version", 0), 2);
	IS_INT(call("PUT", path, NULL, "{\"inbound\":[],\"inbound_policy\":\"DROP\"}"), 400);
	OK(has_error("outbound") && has_error("outbound_policy"));
	IS_INT(call("PUT", path, NULL,
		   "{\"inbound_policy\":\"ACCEPT\",\"outbound_policy\":\"DROP\",\"outbound\":["
		   "],\"inbound\":["
		   "{\"action\":\"DROP\",\"protocol\":\"UDP\",\"ports\":\"080\",\"addresses\":"
		   "{\"ipv4\":[]}},"
		   "{\"action\":\"no\",\"protocol\":\"ICMP\",\"ports\":\"1\",\"addresses\":{"
		   "\"ipv4\":[\"1.2.3.4\"]}},{}]}"),
	    400);
	OK(has_error("inbound[0].ports") && has_error("inbound[0].addresses.ipv4") &&
	    has_error("inbound[1].action") && has_error("inbound[1].ports") &&
	    has_error("inbound[1].addresses.ipv4") && has_error("inbound[2].addresses"));
	snprintf(path, sizeof(path), "/v4/networking/firewalls/%" PRIu64, fw);
	IS_INT(call("PUT", path, NULL, "{\"status\":\"disabled\"}"), 200);
	IS_STR(m->rules, "open");
	IS_INT(call("PUT", path, NULL, "{\"status\":\"enabled\"}"), 200);
	snprintf(path, sizeof(path), "/v4/networking/firewalls/%" PRIu64 "/devices/%" PRIu64,
	    fw, dev);
	IS_INT(call("DELETE", path, NULL, NULL), 200);
	IS_STR(m->rules, "open");
	IS_INT(call("DELETE", path, NULL, NULL), 404);
	snprintf(body, sizeof(body), ",\"devices\":{\"linodes\":[%" PRIu64 "]}", id);
	OK(make_firewall("gsp-fw2", body) != 0);
	OK(strstr(m->rules, "+tcp/22") != NULL);
	IS_INT(call("GET", "/v4/networking/firewalls", "{\"tags\":\"gsp\"}", NULL), 200);
	IS_INT(results(), 2);
}

static void
test_interfaces(void)
{
	uint64_t fw = make_firewall("gsp-if", ""), id;
	char body[600], path[96];

	IS_INT(
	    call("PUT", "/v4/account/settings", NULL,
		"{\"interfaces_for_new_linodes\":\"linode_only\",\"backups_enabled\":true}"),
	    200);
	snprintf(body, sizeof(body),
	    "{\"region\":\"us-ord\",\"type\":\"g6-nanode-1\",\"image\":\"linode/debian12\","
	    "\"authorized_keys\":[\"" KEY "\"],\"interface_generation\":\"legacy_config\"}");
	IS_INT(call("POST", "/v4/linode/instances", NULL, body), 400);
	OK(has_error("interface_generation"));
	snprintf(body, sizeof(body),
	    "{\"region\":\"us-ord\",\"type\":\"g6-nanode-1\",\"image\":\"linode/debian12\","
	    "\"authorized_keys\":[\"" KEY
	    "\"],\"label\":\"gsp-if\",\"interface_generation\":\"linode\",\"interfaces\":[{"
	    "\"firewall_id\":%" PRIu64
	    ",\"default_route\":{\"ipv4\":true,\"ipv6\":true},\"public\":{}}]}",
	    fw);
	IS_INT(call("POST", "/v4/linode/instances", NULL, body), 200);
	id = gsp_json_u64(answer, "id", 0);
	OK(gsp_json_bool(gsp_json_get(answer, "backups"), "enabled", false));
	OK(strstr(fake_find(id)->rules, "+tcp/22") != NULL);
	snprintf(path, sizeof(path), "/v4/linode/instances/%" PRIu64 "/interfaces", id);
	IS_INT(get(path), 200);
	IS_INT(gsp_json_count(gsp_json_get(answer, "interfaces")), 1);
	snprintf(path, sizeof(path), "/v4/networking/firewalls/%" PRIu64, fw);
	snprintf(body, sizeof(body),
	    "{\"default_firewall_ids\":{\"linode\":%" PRIu64 ",\"vpc_interface\":null}}", fw);
	IS_INT(call("PUT", "/v4/networking/firewalls/settings", NULL, body), 200);
	IS_INT(call("DELETE", path, NULL, NULL), 400);
	IS_INT(call("PUT", "/v4/account/settings", NULL,
		   "{\"interfaces_for_new_linodes\":\"legacy_config_only\",\"backups_"
		   "enabled\":false}"),
	    200);
	OK((id = make("gsp-dflt")) != 0);
	OK(strstr(fake_find(id)->rules, "+tcp/22") != NULL);
	IS_INT(call("PUT", "/v4/networking/firewalls/settings", NULL,
		   "{\"default_firewall_ids\":{\"linode\":null}}"),
	    200);
	IS_INT(call("DELETE", path, NULL, NULL), 200);
	IS_STR(fake_find(id)->rules, "open");
}

static void
test_domains(void)
{
	uint64_t id, rid;
	char path[96];

	IS_INT(call("POST", "/v4/domains", NULL, "{}"), 400);
	OK(has_error("domain") && has_error("type"));
	IS_INT(call("POST", "/v4/domains", NULL,
		   "{\"domain\":\"example.org\",\"type\":\"master\"}"),
	    400);
	OK(has_error("soa_email"));
	IS_INT(call("POST", "/v4/domains", NULL,
		   "{\"domain\":\"example.org\",\"type\":\"master\",\"soa_email\":\"a@example."
		   "org\",\"ttl_sec\":310}"),
	    200);
	id = gsp_json_u64(answer, "id", 0);
	IS_INT(gsp_json_u64(answer, "ttl_sec", 0), 3600);
	IS_INT(call("GET", "/v4/domains", "{\"domain\":\"example.org\"}", NULL), 200);
	IS_INT(results(), 1);
	snprintf(path, sizeof(path), "/v4/domains/%" PRIu64 "/records", id);
	IS_INT(call("POST", path, NULL,
		   "{\"type\":\"A\",\"name\":\"mc\",\"target\":\"nonsense\"}"),
	    400);
	IS_INT(
	    call("POST", path, NULL,
		"{\"type\":\"A\",\"name\":\"mc\",\"target\":\"203.0.113.4\",\"ttl_sec\":300}"),
	    200);
	rid = gsp_json_u64(answer, "id", 0);
	IS_INT(call("GET", path, "{\"type\":\"A\",\"name\":\"mc\"}", NULL), 200);
	IS_INT(results(), 1);
	snprintf(path, sizeof(path), "/v4/domains/%" PRIu64 "/records/%" PRIu64, id, rid);
	IS_INT(call("PUT", path, NULL, "{\"target\":\"203.0.113.5\"}"), 200);
	IS_STR(gsp_json_str(answer, "target", ""), "203.0.113.5");
	IS_INT(gsp_json_u64(answer, "ttl_sec", 0), 300);
	IS_INT(call("DELETE", path, NULL, NULL), 200);
	IS_INT(get(path), 404);
	snprintf(path, sizeof(path), "/v4/domains/%" PRIu64, id);
	IS_INT(call("DELETE", path, NULL, NULL), 200);
}

static void
test_account(void)
{
	uint64_t id;
	char path[96];

	IS_INT(get("/v4/account"), 200);
	OK(gsp_json_num(answer, "balance_uninvoiced", 0) > 0);
	IS_INT(get("/v4/account/transfer"), 200);
	IS_INT(get("/v4/profile/grants"), 204);
	IS_INT(call("POST", "/v4/profile/sshkeys", NULL,
		   "{\"label\":\"me\",\"ssh_key\":\"" KEY "\"}"),
	    200);
	id = gsp_json_u64(answer, "id", 0);
	snprintf(path, sizeof(path), "/v4/profile/sshkeys/%" PRIu64, id);
	IS_INT(call("PUT", path, NULL, "{\"label\":\"you\"}"), 200);
	IS_INT(call("DELETE", path, NULL, NULL), 200);
	IS_INT(get("/v4/tags"), 200);
	OK(strstr(answer_body, "\"one\"") != NULL);
	IS_INT(get("/v4/tags/one"), 200);
	IS_INT(results(), 1);
	IS_INT(call("DELETE", "/v4/tags/one", NULL, NULL), 200);
	IS_INT(get("/v4/tags/one"), 404);
	IS_INT(call("POST", "/v4/tags", NULL, "{\"label\":\"New\"}"), 200);
	IS_INT(call("POST", "/v4/tags", NULL, "{\"label\":\"new\"}"), 400);
}

static void
test_delete(void)
{
	uint64_t id = id_of("gsp-a");
	char path[96];
	int left = world.machines;

	snprintf(path, sizeof(path), "/v4/linode/instances/%" PRIu64, id);
	IS_INT(call("DELETE", path, NULL, NULL), 200);
	IS_STR(answer_body, "{}");
	IS_INT(world.machines, left - 1);
	IS_INT(get(path), 404);
	IS_STR(reason(), "Not found");
	IS_INT(call("DELETE", path, NULL, NULL), 404);
	OK(id_of("gsp-a") == 0);
	IS_INT(call("PUT", "/_sandbox/options", NULL, "{\"delete_ms\":60}"), 200);
	id = id_of("gsp-b");
	snprintf(path, sizeof(path), "/v4/linode/instances/%" PRIu64, id);
	IS_INT(call("DELETE", path, NULL, NULL), 200);
	IS_INT(world.machines, left - 2);
	IS_INT(get(path), 200);
	IS_STR(gsp_json_str(answer, "status", ""), "deleting");
	OK(make("gsp-b") == 0);
	while (get(path) == 200)
		turn(10, -1);
	IS_STR(reason(), "Not found");
	fake_new_breaks = true;
	OK(make("gsp-b") == 0);
	IS_STR(reason(), "The sandbox cannot make a machine: no room for a machine");
	fake_new_breaks = false;
	OK(make("gsp-b") != 0);
}

/* The times it tells, for who simulates time. */
static void
test_clock(void)
{
	int64_t created = 0, now = gsp_wall_s(), day = 86400;
	char path[96];

	IS_INT(call("PUT", "/_sandbox/options", NULL, "{\"clock_ahead_s\":-1}"), 400);
	IS_INT(call("PUT", "/_sandbox/options", NULL, "{\"clock_ahead_s\":86400}"), 200);
	snprintf(path, sizeof(path), "/v4/linode/instances/%" PRIu64, make("gsp-clock"));
	IS_INT(get(path), 200);
	OK(gsp_clock_parse(&created, gsp_json_str(answer, "created", "")) == 0);
	OK(created >= now + day && created < now + day + 60);
	IS_INT(get("/v4/account/events"), 200);
	OK(gsp_clock_parse(&created, gsp_json_str(gsp_json_first(gsp_json_get(answer, "data")),
	       "created", "")) == 0);
	OK(created >= now + day && created < now + day + 60);
	IS_INT(call("PUT", "/_sandbox/options", NULL, "{\"clock_ahead_s\":0}"), 200);
	IS_INT(call("DELETE", path, NULL, NULL), 200);
}

int
main(void)
{
	open_box();
	test_open_errors();
	test_tokens();
	test_paths();
	test_bodies();
	test_catalogue();
	test_create();
	test_actions();
	test_watchdog();
	test_own_reboot();
	test_filters();
	test_firewall();
	test_interfaces();
	test_domains();
	test_account();
	test_delete();
	test_clock();
	gsp_sandbox_close(box);
	IS_INT(world.machines, 0);
	gsp_json_free(answer);
	gsp_buf_release(&raw_answer);
	return done();
}
