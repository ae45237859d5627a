/* linode/client, event and catalogue against a scripted server. */
#include "keep_log.h"
#include "tap.h"

#include "../fake/clock.h"
#include "../fake/httpd.h"
#include "base/log.h"
#include "linode/catalogue.h"
#include "linode/client.h"
#include "linode/event.h"
#include "linode/parse.h"

static struct fake_httpd *srv;
static struct gsp_linode *c;
static char noted[2048];
static struct gsp_err e;
static int64_t attempt_ms; /* short only where the server hangs */

static void
keep_note(void *ctx, const char *text)
{
	size_t n = strlen(noted);

	(void)ctx;
	snprintf(noted + n, sizeof(noted) - n, "%s\n", text);
}

static struct gsp_linode *
open_client(const char *base)
{
	struct gsp_linode_opts o = {
	    .base_url = base, .token = "t0k3n-s3cret", .note = keep_note, .attempt_ms = attempt_ms};
	struct gsp_linode *n = NULL;

	if (gsp_linode_new(&n, &o, &e) == -1) {
		printf("# %s\n", e.msg);
		abort();
	}
	return n;
}

static void
begin(void)
{
	char base[128];

	fake_httpd_forget(srv);
	fake_clock_reset();
	gsp_err_clear(&e);
	noted[0] = '\0';
	gsp_linode_free(c);
	snprintf(base, sizeof(base), "%s/v4/", fake_httpd_url(srv));
	c = open_client(base);
}

static void
push(enum fake_how how, int status, const char *headers, const char *body)
{
	struct fake_answer a = {how, status, headers, body};

	fake_httpd_push(srv, &a);
}

/* One call; the answer's doubt and status are left behind. */
static bool doubtful;
static long status;

static int
call(const char *method)
{
	struct gsp_json *body = strcmp(method, "GET") == 0 ? NULL : gsp_json_new_obj();
	struct gsp_linode_answer a;
	int rc = gsp_linode_call(c, &a, method, "/x", NULL, body, &e);

	doubtful = a.doubtful;
	status = a.http_status;
	gsp_linode_answer_release(&a);
	gsp_json_free(body);
	if (rc == -1)
		printf("# %s\n", e.msg);
	return rc;
}

static bool
says(const char *text)
{
	return strstr(e.msg, text) != NULL;
}

static void
test_new(void)
{
	struct gsp_linode_opts o = {.base_url = "https://api.linode.com/v4", .token = "x"};
	static const char *const bad[] = {"", "a b", "a\n", "\xc3\xa9"};
	struct gsp_linode *n = NULL;

	OK(gsp_linode_new(&n, &o, &e) == 0);
	gsp_linode_free(n);
	gsp_linode_free(NULL);
	for (size_t i = 0; i < 4; i++) {
		o.token = bad[i];
		OK(gsp_linode_new(&n, &o, &e) == -1 && e.code == GSP_ECONFIG);
	}
	o.token = "s3cret";
	o.base_url = "http://api.linode.com/v4";
	OK(gsp_linode_new(&n, &o, &e) == -1 && e.code == GSP_ECONFIG && !says("s3cret"));
}

static void
test_success(void)
{
	struct gsp_linode_answer a;
	char v[128];

	begin();
	push(FAKE_ANSWER, 200, "X-OAuth-Scopes: *\r\n", "{\"a\":1}");
	OK(gsp_linode_call(c, &a, "GET", "/x", "{\"label\":\"b\"}", NULL, &e) == 0);
	IS_INT(a.http_status, 200);
	IS_STR(a.scopes, "*");
	IS_INT(gsp_json_u64(a.body, "a", 0), 1);
	OK(!a.doubtful);
	gsp_linode_answer_release(&a);
	IS_STR(fake_httpd_request(srv, 0)->path, "/v4/x");
	IS_STR(fake_httpd_header(fake_httpd_request(srv, 0), "X-Filter", v, sizeof(v)),
	    "{\"label\":\"b\"}");
	IS_STR(fake_httpd_header(fake_httpd_request(srv, 0), "Authorization", v, sizeof(v)),
	    "Bearer t0k3n-s3cret");
	push(FAKE_ANSWER, 202, NULL,
	    "{\"warnings\":[{\"title\":\"t\",\"detail\":\"d\"},null,3]}");
	OK(call("POST") == 0);
	push(FAKE_ANSWER, 299, NULL, "[]");
	OK(call("GET") == 0);
	push(FAKE_ANSWER, 204, NULL, NULL);
	OK(call("DELETE") == 0);
	push(FAKE_SLOW, 200, NULL, "{\"slow\":\"but well\"}");
	OK(call("GET") == 0);
	IS_INT(fake_clock_sleeps(), 0);
}

static void
test_rate_limit(void)
{
	begin();
	push(FAKE_ANSWER, 429, "Retry-After: 12\r\n",
	    "{\"errors\":[{\"reason\":\"Too many requests\"}]}");
	push(FAKE_ANSWER, 429, NULL, "{\"errors\":[{\"reason\":\"Too many requests\"}]}");
	push(FAKE_ANSWER, 429, "Retry-After: -1509450059\r\nX-RateLimit-Reset: -1\r\n",
	    "<html>");
	push(FAKE_ANSWER, 429, "Retry-After: 100000\r\n", "");
	push(FAKE_ANSWER, 200, NULL, "{}");
	OK(call("POST") == 0);
	IS_INT(fake_httpd_count(srv), 5);
	IS_INT(fake_clock_sleep(0), 12000);
	IS_INT(fake_clock_sleep(1), 10000);
	IS_INT(fake_clock_sleep(2), 1000);
	IS_INT(fake_clock_sleep(3), 120000);
	OK(strstr(noted, "rate limited by the Linode API, again in 12 s\n") != NULL);

	begin();
	for (int i = 0; i < 20; i++)
		push(FAKE_ANSWER, 429, NULL,
		    "{\"errors\":[{\"reason\":\"Too many requests\"}]}");
	OK(call("POST") == -1 && e.code == GSP_ETEMP && !doubtful);
	OK(fake_clock_total() >= 120000 && fake_clock_total() < 145000);
	OK(says("rate limit") && says("Too many requests"));

	begin(); /* a deadline of the caller's: no wait goes past it */
	push(FAKE_ANSWER, 429, "Retry-After: 30\r\n", "{}");
	IS_INT(gsp_linode_set_deadline(c, FAKE_CLOCK_START + 20000), 0);
	OK(call("GET") == -1 && e.code == GSP_ETEMP);
	IS_INT(fake_clock_sleeps(), 0);
	IS_INT(gsp_linode_set_deadline(c, 0), FAKE_CLOCK_START + 20000);

	begin(); /* only right at that moment */
	push(FAKE_ANSWER, 503, NULL, "{}");
	push(FAKE_ANSWER, 200, NULL, "{}");
	OK(!gsp_linode_set_once(c, true));
	OK(call("PUT") == -1 && e.code == GSP_ETEMP);
	IS_INT(fake_httpd_count(srv), 1);
	OK(gsp_linode_set_once(c, false));
	OK(call("PUT") == 0);
}

static void
test_server_trouble(void)
{
	static const int codes[] = {408, 500, 502, 504};

	for (size_t i = 0; i < 4; i++) {
		begin();
		push(FAKE_ANSWER, codes[i], NULL,
		    "{\"errors\":[{\"reason\":\"Please try again\"}]}");
		push(
		    FAKE_ANSWER, codes[i], "Content-Type: text/html\r\n", "<html>oops</html>");
		push(FAKE_ANSWER, 200, NULL, "{}");
		OK(call(i % 2 == 0 ? "GET" : "DELETE") == 0);
		IS_INT(fake_clock_sleep(0), 1000);
		IS_INT(fake_clock_sleep(1), 2000);
		begin();
		push(FAKE_ANSWER, codes[i], NULL,
		    "{\"errors\":[{\"reason\":\"Please try again\"}]}");
		OK(call("POST") == -1 && doubtful && e.code == GSP_ETEMP);
		IS_INT(status, codes[i]);
		IS_INT(fake_httpd_count(srv), 1);
	}
	begin();
	push(FAKE_ANSWER, 503, NULL, "");
	push(FAKE_ANSWER, 503, "Retry-After: 3\r\n", "");
	push(FAKE_ANSWER, 200, NULL, "{}");
	OK(call("POST") == 0);
	IS_INT(fake_clock_sleep(0), 5000);
	IS_INT(fake_clock_sleep(1), 3000);
	begin();
	push(FAKE_ANSWER, 503, "X-Maintenance-Mode: all,Core systems maintenance\r\n", "{}");
	OK(call("GET") == -1 && e.code == GSP_EUNAVAIL && says("maintenance") &&
	    says("Core systems"));
	IS_INT(fake_httpd_count(srv), 1);
	begin();
	push(FAKE_ANSWER, 400, "Server: nginx\r\nContent-Type: text/html\r\n",
	    "<html>400</html>");
	push(FAKE_ANSWER, 200, NULL, "{}");
	OK(call("GET") == 0);
	begin();
	push(FAKE_ANSWER, 400, "Server: nginx\r\nContent-Type: text/html\r\n",
	    "<html>400</html>");
	OK(call("POST") == -1 && doubtful && e.code == GSP_ETEMP);
	begin();
	push(FAKE_ANSWER, 400, NULL, "{\"errors\":[{\"reason\":\"Linode busy.\"}]}");
	push(FAKE_ANSWER, 400, NULL,
	    "{\"errors\":[{\"reason\":\"Linode busy.\",\"field\":null}]}");
	push(FAKE_ANSWER, 200, NULL, "{}");
	OK(call("POST") == 0);
	IS_INT(fake_clock_total(), 10000);
}

static void
test_links(void)
{
	static const enum fake_how how[] = {
	    FAKE_RESET, FAKE_CLOSE, FAKE_HANG, FAKE_TRUNCATE, FAKE_STALL, FAKE_GARBAGE};

	for (size_t i = 0; i < sizeof(how) / sizeof(how[0]); i++) {
		attempt_ms = how[i] == FAKE_HANG || how[i] == FAKE_STALL ? 300 : 0;
		begin();
		push(how[i], 200, NULL, "{\"id\":1,\"more\":2}");
		push(FAKE_ANSWER, 200, NULL, "{}");
		OK(call("GET") == 0);
		begin();
		push(how[i], 200, NULL, "{\"id\":1,\"more\":2}");
		OK(call("POST") == -1 && doubtful);
		IS_INT(status, 0);
		IS_INT(fake_httpd_count(srv), 1);
		IS_INT(fake_clock_sleeps(), 0);
	}
	attempt_ms = 0;
	begin(); /* whole, and not JSON */
	push(FAKE_ANSWER, 200, NULL, "{\"id\":");
	OK(call("POST") == -1 && doubtful && e.code == GSP_EPROTO);
	begin();
	push(FAKE_ANSWER, 200, NULL, "");
	OK(call("POST") == -1 && doubtful);
	begin();
	for (int i = 0; i < 10; i++)
		push(FAKE_ANSWER, 200, "Content-Type: text/html\r\n",
		    "<html>please log in</html>");
	OK(call("GET") == -1 && e.code == GSP_EPROTO && !doubtful);
	IS_INT(fake_httpd_count(srv), 4);
}

static void
test_no_connection(void)
{
	struct gsp_linode *lost = open_client("http://127.0.0.1:1/v4");
	struct gsp_linode_answer a;

	begin();
	OK(gsp_linode_call(lost, &a, "POST", "/x", NULL, NULL, &e) == -1);
	OK(!a.doubtful && e.code == GSP_ETEMP && says("cannot connect"));
	IS_INT(a.http_status, 0);
	IS_INT(fake_clock_sleeps(), 3); /* never reached it: no long patience */
	OK(strstr(noted, "cannot connect") != NULL);
	gsp_linode_answer_release(&a);
	gsp_linode_free(lost);
}

static void
test_refusals(void)
{
	begin();
	push(FAKE_ANSWER, 401, NULL, "{\"errors\":[{\"reason\":\"Invalid Token\"}]}");
	OK(call("GET") == -1 && e.code == GSP_EAUTH);
	OK(says("the Linode token was refused (Invalid Token); make a new one at "
		"cloud.linode.com > API Tokens"));
	OK(says("firewall:read_write") && !says("t0k3n"));
	push(FAKE_ANSWER, 403,
	    "X-Accepted-OAuth-Scopes: linodes:read_write\r\nX-OAuth-Scopes: "
	    "linodes:read_only\r\n",
	    "{\"errors\":[{\"reason\":\"Your OAuth token is not authorized to use this "
	    "endpoint.\"}]}");
	OK(call("POST") == -1 && e.code == GSP_EAUTH && says("linodes:read_write") &&
	    says("linodes:read_only"));
	push(FAKE_ANSWER, 404, NULL, "{\"errors\":[{\"reason\":\"Not found\"}]}");
	OK(call("GET") == -1 && e.code == GSP_ENOTFOUND);
	push(FAKE_ANSWER, 404, "Content-Type: text/html\r\n", "<html>Not found</html>");
	OK(call("GET") == -1 && e.code == GSP_EPROTO);
	push(FAKE_ANSWER, 400, NULL,
	    "{\"errors\":[{\"reason\":\"region is not valid\",\"field\":\"region\"},"
	    "{\"reason\":\"bad\\u001b[2Jlabel\",\"field\":\"label\"},{\"field\":null},7,{"
	    "\"reason\":\"x\",\"field\":\"a.b\"}]}");
	OK(call("POST") == -1 && e.code == GSP_EREFUSED && !doubtful);
	OK(says("region is not valid (field 'region'); bad?[2Jlabel (field 'label'); no "
		"reason given; x (field 'a.b')"));
	push(FAKE_ANSWER, 302, "Location: https://evil.example/\r\n", "");
	OK(call("GET") == -1 && e.code == GSP_EPROTO && says("redirected"));
	push(FAKE_ANSWER, 418, NULL, "{\"errors\":\"teapot\"}");
	OK(call("POST") == -1 && e.code == GSP_EREFUSED && doubtful);
	IS_INT(fake_clock_sleeps(), 0);
}

static void
test_cancel(void)
{
	begin();
	fake_clock_cancel_at(1);
	push(FAKE_ANSWER, 429, NULL, "{}");
	push(FAKE_ANSWER, 429, NULL, "{}");
	OK(call("POST") == -1 && e.code == GSP_ECANCEL && !doubtful);
	IS_INT(fake_httpd_count(srv), 2);
}

static int
count_one(void *ctx, const struct gsp_json *item, struct gsp_err *err)
{
	uint64_t *sum = ctx;

	(void)err;
	*sum += gsp_json_u64(item, "id", 1000);
	return gsp_json_bool(item, "stop", false)  ? 1
	       : gsp_json_bool(item, "bad", false) ? gsp_err_set(err, GSP_EPROTO, "bad item")
						   : 0;
}

static int
list(uint64_t *sum)
{
	int rc;

	*sum = 0;
	rc = gsp_linode_list(c, "/l", "{}", count_one, sum, &e);
	if (rc == -1)
		printf("# %s\n", e.msg);
	return rc;
}

static void
test_list(void)
{
	uint64_t sum;

	begin();
	fake_httpd_say(srv, 200,
	    "{\"data\":[{\"id\":1},{\"id\":2}],\"page\":1,\"pages\":3,\"results\":5}");
	fake_httpd_say(srv, 200,
	    "{\"data\":[{\"id\":4},{\"id\":8}],\"page\":2,\"pages\":3,\"results\":5}");
	fake_httpd_say(
	    srv, 200, "{\"data\":[{\"id\":16}],\"page\":3,\"pages\":3,\"results\":5}");
	OK(list(&sum) == 0);
	IS_INT(sum, 31);
	IS_STR(fake_httpd_request(srv, 0)->path, "/v4/l?page=1&page_size=500");
	IS_STR(fake_httpd_request(srv, 2)->path, "/v4/l?page=3&page_size=500");
	begin();
	fake_httpd_say(srv, 200, "{\"data\":[]}");
	OK(list(&sum) == 0);
	begin(); /* shorter while we read */
	fake_httpd_say(srv, 200, "{\"data\":[{\"id\":1}],\"page\":1,\"pages\":2}");
	fake_httpd_say(srv, 404, "{\"errors\":[{\"reason\":\"Not found\"}]}");
	OK(list(&sum) == 0 && sum == 1);
	begin();
	fake_httpd_say(srv, 200,
	    "{\"data\":[{\"id\":1,\"stop\":true},{\"id\":2}],\"page\":1,\"pages\":2}");
	OK(list(&sum) == 0 && sum == 1);
	IS_INT(fake_httpd_count(srv), 1);
	begin();
	fake_httpd_say(
	    srv, 200, "{\"data\":[{\"id\":1,\"bad\":true}],\"page\":1,\"pages\":1}");
	OK(list(&sum) == -1 && says("bad item"));
}

static void
test_lying_list(void)
{
	static const char *const lies[] = {"{}", "{\"data\":{}}",
	    "{\"data\":null,\"page\":1,\"pages\":1}",
	    "{\"data\":[],\"page\":1,\"pages\":999999999}",
	    "{\"data\":[],\"page\":7,\"pages\":9}", "{\"data\":[],\"pages\":2}"};
	uint64_t sum;
	char *big = malloc(32768);
	size_t n;

	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		begin();
		fake_httpd_say(srv, 200, lies[i]);
		OK(list(&sum) == -1 && e.code == GSP_EPROTO);
		IS_INT(fake_httpd_count(srv), 1);
	}
	begin(); /* the same page for ever */
	fake_httpd_say(srv, 200, "{\"data\":[{\"id\":1}],\"page\":1,\"pages\":100}");
	fake_httpd_say(srv, 200, "{\"data\":[{\"id\":1}],\"page\":1,\"pages\":100}");
	OK(list(&sum) == -1 && e.code == GSP_EPROTO);
	begin(); /* never "no such thing" */
	fake_httpd_say(srv, 404, "{\"errors\":[{\"reason\":\"Not found\"}]}");
	OK(list(&sum) == -1 && e.code == GSP_EPROTO);
	if (big == NULL)
		abort();
	n = (size_t)snprintf(big, 32768, "{\"page\":1,\"pages\":1,\"data\":[{}");
	for (int i = 0; i < 500; i++)
		n += (size_t)snprintf(big + n, 32768 - n, ",{\"id\":1}");
	snprintf(big + n, 32768 - n, "]}");
	begin();
	fake_httpd_say(srv, 200, big);
	OK(list(&sum) == -1 && e.code == GSP_EPROTO);
	free(big);
}

static int
token(const char *scopes)
{
	static const char *const wanted[] = {
	    "linodes:read_write", "firewall:read_write", "events:read_only", NULL};
	char head[300];
	int rc;

	begin();
	snprintf(head, sizeof(head), "X-OAuth-Scopes: %s\r\n", scopes);
	push(FAKE_ANSWER, 200, scopes[0] != '\0' ? head : NULL,
	    "{\"username\":\"u\",\"restricted\":false}");
	rc = gsp_linode_check_token(c, wanted, &e);
	if (rc == -1)
		printf("# %s\n", e.msg);
	return rc;
}

static void
test_token(void)
{
	static const char *const none[] = {NULL};

	OK(token("*") == 0);
	OK(token("linodes:read_write firewall:read_write events:read_only") == 0);
	OK(token("linodes:read_write,firewall:read_write, events:read_write") == 0);
	OK(token("linodes:* firewall:* events:*") == 0);
	OK(token("") == 0); /* not said: the calls will tell */
	OK(token("linodes:read_only firewall:read_write") == -1 && e.code == GSP_EAUTH);
	OK(says("lacks the scope 'linodes:read_write', 'events:read_only'") &&
	    !says("'firewall:read_write'"));
	OK(token("linodes:read_writes firewall events:read_only:x linodes") == -1);
	begin();
	push(FAKE_ANSWER, 401, NULL, "{\"errors\":[{\"reason\":\"Invalid Token\"}]}");
	OK(gsp_linode_check_token(c, none, &e) == -1 && e.code == GSP_EAUTH &&
	    says("refused"));
	IS_STR(fake_httpd_request(srv, 0)->path, "/v4/profile");
}

static void
test_events(void)
{
	struct gsp_event ev[2];
	uint64_t newest = 9;
	char v[256];
	size_t n;

	begin();
	fake_httpd_say(srv, 200,
	    "{\"data\":[{\"id\":11},{\"id\":\"30\",\"entity\":null},{\"id\":12}],\"page\":1,"
	    "\"pages\":9}");
	OK(gsp_event_newest_id(c, &newest, &e) == 0 && newest == 30);
	fake_httpd_say(srv, 200, "{\"data\":[]}");
	OK(gsp_event_newest_id(c, &newest, &e) == 0 && newest == 0);
	fake_httpd_say(srv, 200, "{\"data\":[{\"action\":\"x\"}]}");
	OK(gsp_event_newest_id(c, &newest, &e) == -1 && e.code == GSP_EPROTO);

	begin();
	fake_httpd_say(srv, 200,
	    "{\"data\":["
	    "{\"id\":21,\"action\":\"linode_create\",\"status\":\"finished\",\"percent_"
	    "complete\":100,\"entity\":{\"id\":5,\"type\":\"linode\"},"
	    "\"created\":\"2026-01-02T03:04:05\",\"time_remaining\":0,\"message\":null},"
	    "{\"id\":23,\"action\":\"linode_boot\",\"status\":\"started\",\"percent_"
	    "complete\":40.0,\"entity\":{\"id\":\"5\",\"type\":\"linode\"}},"
	    "{\"id\":22,\"action\":\"other\",\"status\":\"failed\",\"percent_complete\":null,"
	    "\"entity\":{\"id\":5,\"type\":\"linode\"}},"
	    "{\"id\":24,\"entity\":{\"id\":6,\"type\":\"linode\"}},{\"id\":25,\"entity\":{"
	    "\"id\":5,\"type\":\"volume\"}},"
	    "{\"id\":20,\"entity\":{\"id\":5,\"type\":\"linode\"}}]}");
	OK(gsp_event_of_instance(c, 5, 20, ev, 2, &n, &e) == 0);
	IS_INT(n, 2);
	IS_INT(ev[0].id, 23);
	IS_INT(ev[0].percent, 40);
	IS_INT(ev[1].id, 22);
	IS_INT(ev[1].percent, -1);
	IS_STR(fake_httpd_header(fake_httpd_request(srv, 0), "X-Filter", v, sizeof(v)),
	    "{\"entity.id\":5,\"entity.type\":\"linode\",\"+order_by\":\"created\",\"+order\":"
	    "\"desc\"}");
}

#define TYPE                                                                                  \
	"{\"id\":\"g6-standard-4\",\"label\":\"Linode "                                       \
	"8GB\",\"memory\":8192,\"disk\":163840,\"vcpus\":4,\"new\":[1],"                      \
	"\"price\":{\"hourly\":0.072,\"monthly\":48.0},\"region_prices\":[{\"id\":\"id-"      \
	"cgk\",\"hourly\":0.086,\"monthly\":57.6},"                                           \
	"{\"id\":\"br-gru\",\"hourly\":null,\"monthly\":null}],"                              \
	"\"addons\":{\"backups\":{\"price\":{\"hourly\":0.015,\"monthly\":10.0},\"region_"    \
	"prices\":[{\"id\":\"id-cgk\",\"hourly\":0.018,\"monthly\":12}]}}}"

static void
test_plans(void)
{
	struct gsp_plan p;

	begin();
	fake_httpd_say(srv, 200, TYPE);
	OK(gsp_plan_get(c, "g6-standard-4", "us-ord", &p, &e) == 0);
	IS_STR(p.label, "Linode 8GB");
	IS_INT(p.memory_mb, 8192);
	IS_INT(p.disk_mb, 163840);
	OK(p.hourly_usd == 0.072 && p.monthly_usd == 48 && p.backup_hourly_usd == 0.015);
	fake_httpd_say(srv, 200, TYPE);
	OK(gsp_plan_get(c, "g6-standard-4", "id-cgk", &p, &e) == 0);
	OK(p.hourly_usd == 0.086 && p.monthly_usd == 57.6 && p.backup_monthly_usd == 12);
	fake_httpd_say(srv, 200, TYPE);
	OK(gsp_plan_get(c, "g6-standard-4", "br-gru", &p, &e) == 0);
	OK(p.hourly_usd == 0.072);
	fake_httpd_say(srv, 200, "{\"id\":\"x\",\"price\":null,\"addons\":{\"backups\":[]}}");
	OK(gsp_plan_get(c, "x", "br-gru", &p, &e) == 0);
	OK(p.hourly_usd < 0 && p.backup_hourly_usd < 0 && p.disk_mb == 0);
	fake_httpd_say(srv, 404, "{\"errors\":[{\"reason\":\"Not found\"}]}");
	fake_httpd_say(srv, 200,
	    "{\"data\":[{\"id\":\"g6-nanode-1\"},{\"id\":\"g6-standard-4\"}],\"page\":1,"
	    "\"pages\":1}");
	OK(gsp_plan_get(c, "g6-standart-4", "us-ord", &p, &e) == -1 && e.code == GSP_EUNAVAIL);
	IS_STR(e.msg, "there is no plan 'g6-standart-4'; did you mean 'g6-standard-4'?");
	OK(gsp_plan_get(c, "", "us-ord", &p, &e) == -1 && e.code == GSP_EUNAVAIL);
}

static void
test_regions(void)
{
	struct gsp_account_settings s;
	struct gsp_region r;
	bool has = false;

	begin();
	fake_httpd_say(srv, 200,
	    "{\"id\":\"us-ord\",\"status\":\"ok\",\"capabilities\":[\"Linodes\",\"Metadata\","
	    "4,null]}");
	OK(gsp_region_get(c, "us-ord", &r, &e) == 0);
	OK(r.up && r.has_linodes && r.has_metadata && !r.has_firewall);
	fake_httpd_say(srv, 404, "{\"errors\":[{\"reason\":\"Not found\"}]}");
	fake_httpd_say(srv, 500, "");
	OK(gsp_region_get(c, "../x", &r, &e) == -1 && e.code == GSP_EUNAVAIL);
	IS_STR(fake_httpd_request(srv, 1)->path, "/v4/regions/..%2Fx");
	begin();
	fake_httpd_say(srv, 200,
	    "[{\"region\":\"us-ord\",\"plan\":\"a\",\"available\":false},{\"plan\":\"b\","
	    "\"available\":true}]");
	OK(gsp_region_has_plan(c, "us-ord", "a", &has, &e) == 0 && !has);
	fake_httpd_say(
	    srv, 200, "[{\"region\":\"us-ord\",\"plan\":\"a\",\"available\":false}]");
	OK(gsp_region_has_plan(c, "us-ord", "c", &has, &e) == 0 && has);

	fake_httpd_say(
	    srv, 200, "{\"id\":\"linode/debian12\",\"capabilities\":[\"cloud-init\"]}");
	OK(gsp_image_check(c, "linode/debian12", &e) == 0);
	IS_STR(fake_httpd_request(srv, 2)->path, "/v4/images/linode%2Fdebian12");
	fake_httpd_say(srv, 200, "{\"id\":\"linode/slackware15\",\"capabilities\":[]}");
	OK(gsp_image_check(c, "linode/slackware15", &e) == -1 && e.code == GSP_EUNAVAIL &&
	    says("cloud-init"));
	fake_httpd_say(srv, 404, "{\"errors\":[{\"reason\":\"Not found\"}]}");
	OK(gsp_image_check(c, "linode/nope", &e) == -1 && e.code == GSP_EUNAVAIL);

	fake_httpd_say(srv, 200,
	    "{\"interfaces_for_new_linodes\":\"linode_only\",\"backups_enabled\":true}");
	OK(gsp_account_settings_get(c, &s, &e) == 0 && s.known && s.linode_interfaces_only &&
	    s.backups_forced);
	fake_httpd_say(srv, 200, "{\"interfaces_for_new_linodes\":\"legacy_config_only\"}");
	OK(gsp_account_settings_get(c, &s, &e) == 0 && s.known && !s.linode_interfaces_only &&
	    !s.backups_forced);
	fake_httpd_say(srv, 403, "{\"errors\":[{\"reason\":\"Unauthorized\"}]}");
	OK(gsp_account_settings_get(c, &s, &e) == 0 && !s.known);
}

int
main(void)
{
	if ((srv = fake_httpd_new()) == NULL)
		SKIP_ALL("cannot listen on loopback");
	gsp_retry_set_clock(&fake_clock);
	gsp_log_handler(keep_log, NULL, GSP_LOG_TRACE);
	test_new();
	test_success();
	test_rate_limit();
	test_server_trouble();
	test_links();
	test_no_connection();
	test_refusals();
	test_cancel();
	test_list();
	test_lying_list();
	test_token();
	test_events();
	test_plans();
	test_regions();
	OK(strstr(logged, "t0k3n") == NULL);
	OK(strstr(logged, "> POST /v4/x") != NULL);
	gsp_linode_free(c);
	fake_httpd_free(srv);
	return done();
}
