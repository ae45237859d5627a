/* The sandbox goes wrong on demand, exactly as asked, and keeps a log of it. */
#include "sandbox_fake.h"

#include "base/banned.h"

static struct gsp_world world;

static void
open_box(void)
{
	static const struct gsp_sandbox_token tokens[] = {{"t0ken", "*", false}};
	struct gsp_sandbox_opts o = GSP_SANDBOX_OPTS_INIT;
	struct gsp_err err = GSP_ERR_INIT;

	o.world = &world;
	o.tokens = tokens;
	o.ntokens = 1;
	o.create_ms = o.boot_ms = o.shutdown_ms = 20;
	o.faults = "[{\"match\":{\"path\":\"/regions/*\"},\"fault\":\"502\"}]";
	OK(gsp_sandbox_open(&box, &o, &err) == 0);
}

/* Arms one rule; whatever was armed before goes. */
static void
arm(const char *rule)
{
	call("DELETE", "/_sandbox/faults", NULL, NULL);
	IS_INT(call("POST", "/_sandbox/faults", NULL, rule), 200);
}

static void
test_rules(void)
{
	IS_INT(get("/v4/regions/us-ord"), 502);
	IS_STR(reason(), "Bad Gateway");
	IS_INT(get("/v4/regions/us-ord"), 200);
	call_token = NULL;
	IS_INT(call("POST", "/_sandbox/faults", NULL, "{\"fault\":\"500\"}"), 401);
	call_token = "t0ken";
	IS_INT(call("POST", "/_sandbox/faults", NULL, "{\"fault\":\"no\"}"), 400);
	IS_INT(call("POST", "/_sandbox/faults", NULL, "{\"fault\":\"500\",\"tines\":2}"), 400);
	IS_STR(reason(), "a fault rule has no key 'tines'");
	IS_INT(call("POST", "/_sandbox/faults", NULL,
		   "{\"fault\":\"500\",\"match\":{\"path\":3}}"),
	    400);
	IS_INT(call("POST", "/_sandbox/faults", NULL, "{\"fault\":\"500\",\"match\":\"x\"}"),
	    400);
	IS_INT(call("POST", "/_sandbox/faults", NULL, NULL), 400);
	IS_INT(
	    call("POST", "/_sandbox/faults", NULL, "[{\"fault\":\"500\"},{\"fault\":\"no\"}]"),
	    400);
	IS_INT(get("/_sandbox/faults"), 200);
	IS_INT(gsp_json_count(gsp_json_get(answer, "faults")), 0);
	arm("{\"fault\":\"500\",\"match\":{\"method\":\"GET\",\"path\":\"/"
	    "profile\",\"nth\":2},\"times\":2}");
	IS_INT(get("/v4/profile"), 200);
	IS_INT(get("/v4/regions"), 200);
	IS_INT(get("/v4/profile"), 500);
	IS_INT(get("/v4/profile"), 500);
	IS_INT(get("/v4/profile"), 200);
	arm("{\"fault\":\"503\",\"times\":0}");
	for (int i = 0; i < 4; i++)
		IS_INT(get("/v4/profile"), 503);
}

static void
test_statuses(void)
{
	arm("[{\"fault\":\"429\",\"retry_after\":7},{\"fault\":\"retry_after_negative\"},{"
	    "\"fault\":\"maintenance\"},"
	    "{\"fault\":\"html400\"},{\"fault\":\"html502\"},{\"fault\":\"redirect\"},{"
	    "\"fault\":\"408\"},"
	    "{\"fault\":\"busy\"},{\"fault\":\"limit\"},{\"fault\":\"400\",\"reason\":\"no\","
	    "\"field\":\"f\"}]");
	IS_INT(get("/v4/profile"), 429);
	OK(has_header("Retry-After: 7\r\n"));
	IS_STR(reason(), "Too many requests");
	IS_INT(get("/v4/profile"), 429);
	OK(has_header("Retry-After: -5\r\n"));
	IS_INT(get("/v4/profile"), 503);
	OK(has_header("X-Maintenance-Mode: "));
	IS_INT(get("/v4/profile"), 400);
	OK(has_header("Server: nginx") && has_header("Content-Type: text/html") &&
	    answer == NULL);
	IS_INT(get("/v4/profile"), 502);
	IS_INT(get("/v4/profile"), 302);
	OK(has_header("Location: "));
	IS_INT(get("/v4/profile"), 408);
	IS_STR(reason(), "Please try again");
	IS_INT(get("/v4/profile"), 400);
	IS_STR(reason(), "Linode busy.");
	IS_INT(get("/v4/profile"), 400);
	IS_INT(get("/v4/profile"), 400);
	OK(has_error("f"));
	IS_INT(get("/v4/profile"), 200);
}

static void
test_wire(void)
{
	arm("[{\"fault\":\"reset\"},{\"fault\":\"badhttp\"},{\"fault\":\"garbage\"},{"
	    "\"fault\":\"truncate\"},"
	    "{\"fault\":\"empty\"},{\"fault\":\"hang\",\"ms\":30},{\"fault\":\"slow\",\"ms\":"
	    "30},"
	    "{\"fault\":\"huge\",\"bytes\":3000000}]");
	IS_INT(get("/v4/profile"), 0);
	OK(answer_reset && raw_answer.len == 0);
	IS_INT(get("/v4/profile"), 0);
	OK(raw_answer.len > 0);
	IS_INT(get("/v4/profile"), 200);
	OK(answer == NULL && answer_body[0] == '{');
	IS_INT(get("/v4/profile"), 200);
	OK(answer == NULL && strstr(answer_body, "username") != NULL);
	IS_INT(get("/v4/profile"), 200);
	OK(answer == NULL && answer_body[0] == '\0');
	IS_INT(get("/v4/profile"), 0);
	OK(raw_answer.len == 0);
	IS_INT(get("/v4/profile"), 200);
	IS_STR(gsp_json_str(answer, "username", ""), "sandbox");
	IS_INT(get("/v4/profile"), 200);
	IS_INT(strlen(answer_body), 3000002);
	OK(gsp_json_is_obj(answer));
}

static void
test_create_faults(void)
{
	uint64_t id;

	arm("{\"fault\":\"lost\",\"match\":{\"method\":\"POST\",\"path\":\"/linode/"
	    "instances\"}}");
	IS_INT(make("gsp-lost"), 0);
	OK(answer_reset);
	IS_INT(call("GET", "/v4/linode/instances", "{\"label\":\"gsp-lost\"}", NULL), 200);
	IS_INT(results(), 1);
	arm("{\"fault\":\"502\",\"commit\":true,\"match\":{\"method\":\"POST\",\"label\":"
	    "\"gsp-gw\"}}");
	IS_INT(make("gsp-other") != 0, 1);
	IS_INT(make("gsp-gw"), 0);
	IS_INT(world.machines, 3);
	arm("{\"fault\":\"nocapacity\",\"times\":0,\"match\":{\"region\":\"us-ord\",\"type\":"
	    "\"g6-nanode-1\"}}");
	IS_INT(make("gsp-full"), 0);
	OK(has_error("region") && strstr(reason(), "capacity") != NULL);
	IS_INT(get("/v4/regions/us-ord/availability"), 200);
	OK(!gsp_json_bool(item(answer, 0), "available", true));
	OK(gsp_json_bool(item(answer, 1), "available", false));
	arm("{\"fault\":\"boot-fail\",\"reason\":\"host is "
	    "tired\",\"match\":{\"label\":\"gsp-tired\"}}");
	id = make("gsp-tired");
	OK(id != 0 && until_status(id, "booting") && until_status(id, "offline"));
	IS_INT(get("/v4/account/events"), 200);
	IS_STR(gsp_json_str(item(gsp_json_get(answer, "data"), 0), "status", ""), "failed");
	IS_STR(gsp_json_str(item(gsp_json_get(answer, "data"), 0), "message", ""),
	    "host is tired");
	arm("{\"fault\":\"create-fail\",\"match\":{\"label\":\"gsp-never\"}}");
	id = make("gsp-never");
	OK(id != 0 && until_status(id, "offline"));
	IS_INT(get("/v4/account/events"), 200);
	IS_STR(gsp_json_str(item(gsp_json_get(answer, "data"), 0), "action", ""),
	    "linode_create");
	IS_STR(gsp_json_str(item(gsp_json_get(answer, "data"), 0), "status", ""), "failed");
	fake_boot_breaks = true;
	id = make("gsp-broken");
	OK(id != 0 && until_status(id, "offline"));
	IS_INT(get("/v4/account/events"), 200);
	IS_STR(gsp_json_str(item(gsp_json_get(answer, "data"), 0), "message", ""), "no init");
	fake_boot_breaks = false;
}

static int
machine(const char *which, const char *act, const char *body)
{
	char path[128];

	snprintf(path, sizeof(path), "/_sandbox/machines/%s/%s", which, act);
	return call("POST", path, NULL, body);
}

static void
test_machines(void)
{
	uint64_t id = make("gsp-m");
	struct gsp_machine *m = fake_find(id);
	char path[64], text[24];

	OK(until_status(id, "running"));
	snprintf(text, sizeof(text), "%" PRIu64, id);
	IS_INT(machine(text, "cut", NULL), 200);
	OK(m->cut);
	IS_INT(machine("gsp-m", "mend", "{}"), 200);
	OK(!m->cut);
	IS_INT(machine("gsp-m", "reset-ssh", NULL), 200);
	IS_INT(m->resets, 1);
	IS_INT(machine("gsp-m", "fill-disk", "{\"free_bytes\":4096}"), 200);
	IS_INT(m->free_bytes, 4096);
	IS_INT(machine("gsp-m", "fill-disk", "{\"free_bytes\":null}"), 200);
	OK(m->free_bytes == UINT64_MAX);
	IS_INT(machine("gsp-m", "fly", NULL), 404);
	IS_INT(machine("gsp-x", "cut", NULL), 404);
	IS_INT(machine("gsp-m", "crash", NULL), 200);
	OK(!m->alive && until_status(id, "offline"));
	turn(0, -1);
	OK(until_status(id, "offline")); /* the watchdog leaves it */
	IS_INT(machine("gsp-m", "reboot", NULL), 200);
	OK(until_status(id, "running"));
	IS_INT(get("/v4/account/events"), 200);
	IS_STR(
	    gsp_json_str(item(gsp_json_get(answer, "data"), 0), "action", ""), "host_reboot");
	IS_INT(machine("gsp-m", "boot-fail", "{\"message\":\"once\"}"), 200);
	IS_INT(machine("gsp-m", "poweroff", NULL), 200);
	OK(until_status(id, "offline"));
	IS_INT(get("/v4/account/events"), 200);
	IS_STR(gsp_json_str(item(gsp_json_get(answer, "data"), 0), "message", ""), "once");
	IS_INT(machine("gsp-m", "lock", NULL), 200);
	snprintf(path, sizeof(path), "/v4/linode/instances/%" PRIu64, id);
	IS_INT(call("DELETE", path, NULL, NULL), 400);
	IS_INT(machine("gsp-m", "unlock", NULL), 200);
	IS_INT(machine("gsp-m", "suspend", NULL), 200);
	OK(until_status(id, "billing_suspension"));
	IS_INT(machine("gsp-m", "gone", NULL), 200);
	IS_INT(get(path), 404);
}

static void
test_limits(void)
{
	uint64_t id;

	IS_INT(call("PUT", "/_sandbox/options", NULL,
		   "{\"create_limit\":1,\"create_window_ms\":60000,\"nope\":1}"),
	    400);
	IS_INT(call("PUT", "/_sandbox/options", NULL,
		   "{\"create_limit\":0,\"create_window_ms\":60000}"),
	    200);
	IS_INT(make("gsp-r"), 0);
	OK(has_header("HTTP/1.1 429") || strncmp(raw_answer.data, "HTTP/1.1 429", 12) == 0);
	OK(has_header("Retry-After: ") && has_header("X-RateLimit-Remaining: 0"));
	IS_INT(call("PUT", "/_sandbox/options", NULL,
		   "{\"create_limit\":1000,\"account_limit\":1}"),
	    200);
	IS_INT(make("gsp-r"), 0);
	IS_STR(reason(), "Account Limit reached. Please open a support ticket.");
	IS_INT(call("PUT", "/_sandbox/options", NULL,
		   "{\"account_limit\":100,\"event_lag_ms\":60000}"),
	    200);
	IS_INT(get("/v4/account/events"), 200);
	id = results();
	OK(make("gsp-r") != 0);
	IS_INT(get("/v4/account/events"), 200);
	IS_INT(results(), id);
	IS_INT(call("PUT", "/_sandbox/options", NULL, "{\"event_lag_ms\":0,\"rate_limit\":0}"),
	    200);
	IS_INT(get("/v4/profile"), 429);
	IS_INT(call("PUT", "/_sandbox/options", NULL, "{\"rate_limit\":100000}"), 200);
	IS_INT(get("/_sandbox/options"), 200);
	IS_INT(gsp_json_u64(answer, "rate_limit", 0), 100000);
}

static void
test_log(void)
{
	const struct gsp_json *r;

	IS_INT(call("DELETE", "/_sandbox/log", NULL, NULL), 200);
	arm("{\"fault\":\"lost\"}");
	call("POST", "/v4/linode/instances?x=1", NULL,
	    "{\"region\":\"us-ord\",\"root_pass\":\"s3cret\",\"metadata\":{\"user_data\":"
	    "\"czNjcmV0\"}}");
	call("GET", "/v4/linode/instances", "{\"label\":\"gsp-a\"}", NULL);
	IS_INT(get("/_sandbox/log"), 200);
	r = gsp_json_get(answer, "requests");
	IS_INT(gsp_json_count(r), 2);
	IS_STR(gsp_json_str(item(r, 0), "method", ""), "POST");
	IS_STR(gsp_json_str(item(r, 0), "path", ""), "/v4/linode/instances");
	IS_STR(gsp_json_str(item(r, 0), "query", ""), "x=1");
	IS_STR(gsp_json_str(item(r, 0), "fault", ""), "lost");
	IS_INT(gsp_json_u64(item(r, 0), "status", 9), 0);
	IS_STR(gsp_json_str(gsp_json_get(item(r, 0), "body"), "region", ""), "us-ord");
	IS_STR(gsp_json_str(item(r, 1), "filter", ""), "{\"label\":\"gsp-a\"}");
	IS_INT(gsp_json_u64(item(r, 1), "status", 0), 200);
	OK(strstr(answer_body, "s3cret") == NULL && strstr(answer_body, "czNjcmV0") == NULL &&
	    strstr(answer_body, "t0ken") == NULL);
	IS_INT(get("/_sandbox/state"), 200);
	OK(gsp_json_count(gsp_json_get(answer, "machines")) > 0);
	IS_INT(get("/_sandbox/nothing"), 404);
	IS_INT(call("POST", "/_sandbox/state", NULL, NULL), 405);
}

/* A client that hangs is no reason to hang when closing. */
static void
test_close(void)
{
	struct gsp_buf req = GSP_BUF_INIT(256);
	int fd;

	arm("{\"fault\":\"hang\"}");
	fd = dial();
	gsp_buf_adds(&req, "GET /v4/profile HTTP/1.1\r\nHost: x\r\n\r\n");
	OK(send(fd, req.data, req.len, MSG_NOSIGNAL) == (ssize_t)req.len);
	for (int i = 0; i < 5; i++)
		turn(10, -1);
	gsp_sandbox_close(box);
	IS_INT(world.machines, 0);
	close(fd);
	gsp_buf_release(&req);
}

int
main(void)
{
	open_box();
	test_rules();
	test_statuses();
	test_wire();
	test_create_faults();
	test_machines();
	test_limits();
	test_log();
	test_close();
	gsp_json_free(answer);
	gsp_buf_release(&raw_answer);
	return done();
}
