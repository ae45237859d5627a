/* linode/instance: parse, create, wait, delete, against a scripted server. */
#include "keep_log.h"
#include "tap.h"

#include <ctype.h>

#include "../fake/clock.h"
#include "../fake/httpd.h"
#include "base/log.h"
#include "linode/instance.h"
#include "linode/parse.h"

#define INSTANCE(id, status, label)                                                           \
	"{\"id\":" id ",\"status\":\"" status "\",\"label\":\"" label                         \
	"\",\"ipv4\":[\"192.168.140.2\",\"192.0.2.10\"],"                                     \
	"\"ipv6\":\"2001:db8::1/128\",\"tags\":[\"gsp\",\"gsp-session:s1\"]}"
#define LIST(items) "{\"data\":[" items "],\"page\":1,\"pages\":1,\"results\":1}"
#define NOT_FOUND "{\"errors\":[{\"reason\":\"Not found\"}]}"

static struct fake_httpd *srv;
static struct gsp_linode *c;
static struct gsp_err e;

static void
begin(void)
{
	struct gsp_linode_opts o = {.token = "t0k3n"};
	char base[128];

	fake_httpd_forget(srv);
	fake_clock_reset();
	gsp_err_clear(&e);
	gsp_linode_free(c);
	snprintf(base, sizeof(base), "%s/v4", fake_httpd_url(srv));
	o.base_url = base;
	if (gsp_linode_new(&c, &o, &e) == -1)
		abort();
}

static void
push(enum fake_how how, int status, const char *body)
{
	struct fake_answer a = {how, status, NULL, body};

	fake_httpd_push(srv, &a);
}

static bool
says(const char *text)
{
	return strstr(e.msg, text) != NULL;
}

static int
parse(struct gsp_instance *i, const char *text)
{
	struct gsp_json *v = NULL;
	int rc;

	if (gsp_json_parse(&v, text, strlen(text), &e) == -1)
		abort();
	rc = gsp_parse_instance(i, v, &e);
	gsp_json_free(v);
	return rc;
}

static void
test_parse(void)
{
	struct gsp_instance i;

	OK(parse(&i,
	       "{\"id\":60303116,\"label\":\"gsp-a\",\"status\":\"provisioning\",\"created\":"
	       "\"2026-01-02T03:04:05\","
	       "\"type\":\"g6-nanode-1\",\"region\":\"us-ord\",\"ipv4\":[\"192.168.255.1\","
	       "\"192.0.2.10\",\"192.0.2.11\"],"
	       "\"ipv6\":\"2001:db8::1/"
	       "128\",\"tags\":[\"GSP\",\"gsp-lease:12\"],\"backups\":{\"enabled\":true},"
	       "\"locks\":[\"cannot_delete\"],\"surprise\":{\"x\":[]}}") == 0);
	IS_INT(i.id, 60303116);
	IS_INT(i.status, GSP_LS_TRANSIT);
	IS_STR(i.status_text, "provisioning");
	IS_STR(i.label, "gsp-a");
	IS_STR(i.type, "g6-nanode-1");
	IS_STR(i.region, "us-ord");
	IS_STR(i.ipv4, "192.0.2.10");
	IS_STR(i.ipv6, "2001:db8::1");
	IS_INT(i.created, 1767323045);
	OK(i.backups && i.locked_delete);
	OK(gsp_instance_has_tag(&i, "gsp") && !gsp_instance_has_tag(&i, "gsp-lease"));
	IS_STR(gsp_instance_tag(&i, "GSP-Lease:"), "12");
	OK(gsp_instance_tag(&i, "gsp-home:") == NULL);

	OK(parse(&i, "{\"id\":1,\"label\":null,\"status\":null,\"created\":null,\"type\":null,"
		     "\"region\":7,\"ipv4\":null,"
		     "\"ipv6\":null,\"tags\":null,\"backups\":null,\"locks\":null}") == 0);
	OK(i.ipv4[0] == '\0' && i.ipv6[0] == '\0' && i.ntags == 0 && !i.backups &&
	    !i.locked_delete && i.created == 0);
	IS_INT(i.status, GSP_LS_TRANSIT);
	OK(parse(&i,
	       "{\"id\":\"77\",\"ipv4\":[\"nonsense\",5,null],\"ipv6\":\""
	       "0123456789012345678901234567890123456789012345678"
	       "\","
	       "\"tags\":[\"a\\nb\",5,"
	       "\"012345678901234567890123456789012345678901234567890123456789\"]}") == 0);
	IS_INT(i.id, 77);
	OK(i.ipv4[0] == '\0' && i.ipv6[0] == '\0');
	IS_INT(i.ntags, 2);
	IS_STR(i.tags[0], "a?b");
	IS_INT(strlen(i.tags[1]), 50);
	OK(parse(&i, "{\"label\":\"x\"}") == -1 && e.code == GSP_EPROTO);
	OK(parse(&i, "{\"id\":1.5}") == -1 && parse(&i, "{\"id\":-1}") == -1 &&
	    parse(&i, "{\"id\":0}") == -1);
	OK(parse(&i, "[]") == -1 && parse(&i, "3") == -1 && parse(&i, "null") == -1);
}

static void
test_statuses(void)
{
	static const struct {
		const char *text;
		enum gsp_linode_status want;
	} table[] = {{"running", GSP_LS_RUNNING}, {"offline", GSP_LS_OFFLINE},
	    {"stopped", GSP_LS_OFFLINE}, {"deleting", GSP_LS_DELETING},
	    {"billing_suspension", GSP_LS_SUSPENDED}, {"booting", GSP_LS_TRANSIT},
	    {"busy", GSP_LS_TRANSIT}, {"shutting_down", GSP_LS_TRANSIT},
	    {"a new one nobody told us of", GSP_LS_TRANSIT}};
	struct gsp_instance i;
	char text[128];

	for (size_t n = 0; n < sizeof(table) / sizeof(table[0]); n++) {
		snprintf(text, sizeof(text), "{\"id\":1,\"status\":\"%s\"}", table[n].text);
		OK(parse(&i, text) == 0 && i.status == table[n].want);
	}
}

static const char *const keys[] = {"ssh-ed25519 AAAA x", NULL};
static const char *const tags[] = {"gsp", "gsp-session:s1", NULL};

static struct gsp_instance_create
order(void)
{
	struct gsp_instance_create r = {.label = "gsp-a",
	    .region = "us-ord",
	    .type = "g6-nanode-1",
	    .image = "linode/debian12",
	    .authorized_keys = keys,
	    .tags = tags,
	    .user_data = "#cloud-config\n",
	    .firewall_id = 123};

	return r;
}

static bool doubt;

static int
buy(const struct gsp_instance_create *r)
{
	struct gsp_instance i;
	int rc = gsp_instance_create(c, r, &i, &doubt, &e);

	if (rc == -1)
		printf("# %s\n", e.msg);
	return rc;
}

static void
check_password(const char *p)
{
	bool lower = false, upper = false, digit = false, punct = false;

	IS_INT(strlen(p), 64);
	for (; *p != '\0'; p++) {
		lower = lower || islower((unsigned char)*p);
		upper = upper || isupper((unsigned char)*p);
		digit = digit || isdigit((unsigned char)*p);
		punct = punct || ispunct((unsigned char)*p);
	}
	OK(lower && upper && digit && punct);
}

static void
test_create_body(void)
{
	struct gsp_instance_create r = order();
	struct gsp_json *v = NULL, *nic;
	const char *text;
	char first[65], *long_data = malloc(49151);

	begin();
	push(FAKE_ANSWER, 200, INSTANCE("5", "provisioning", "gsp-a"));
	push(FAKE_ANSWER, 200, INSTANCE("6", "provisioning", "gsp-a"));
	OK(buy(&r) == 0 && !doubt);
	r.linode_interfaces = true;
	r.user_data = "ab";
	OK(buy(&r) == 0);

	text = fake_httpd_request(srv, 0)->body;
	IS_STR(fake_httpd_request(srv, 0)->path, "/v4/linode/instances");
	OK(gsp_json_parse(&v, text, strlen(text), &e) == 0);
	IS_STR(gsp_json_str(v, "label", ""), "gsp-a");
	IS_STR(gsp_json_str(v, "image", ""), "linode/debian12");
	IS_STR(gsp_json_str(v, "interface_generation", ""), "legacy_config");
	IS_INT(gsp_json_u64(v, "firewall_id", 0), 123);
	OK(gsp_json_get(v, "interfaces") == NULL);
	IS_STR(gsp_json_str(gsp_json_get(v, "metadata"), "user_data", ""),
	    "I2Nsb3VkLWNvbmZpZwo=");
	IS_STR(gsp_json_text(gsp_json_first(gsp_json_get(v, "authorized_keys")), ""), keys[0]);
	IS_INT(gsp_json_count(gsp_json_get(v, "tags")), 2);
	check_password(gsp_json_str(v, "root_pass", ""));
	snprintf(first, sizeof(first), "%s", gsp_json_str(v, "root_pass", ""));
	gsp_json_free(v);

	text = fake_httpd_request(srv, 1)->body;
	OK(gsp_json_parse(&v, text, strlen(text), &e) == 0);
	OK(gsp_json_get(v, "firewall_id") == NULL);
	nic = gsp_json_first(gsp_json_get(v, "interfaces"));
	IS_INT(gsp_json_u64(nic, "firewall_id", 0), 123);
	OK(gsp_json_bool(gsp_json_get(nic, "default_route"), "ipv6", false));
	IS_STR(gsp_json_str(gsp_json_get(v, "metadata"), "user_data", ""), "YWI=");
	OK(strcmp(first, gsp_json_str(v, "root_pass", "")) != 0);
	OK(strstr(logged, first) == NULL);
	gsp_json_free(v);

	if (long_data == NULL)
		abort();
	memset(long_data, 'x', 49150);
	long_data[49150] = '\0';
	r.user_data = long_data;
	OK(buy(&r) == -1 && e.code == GSP_ELIMIT && !doubt);
	long_data[49149] = '\0';
	push(FAKE_ANSWER, 200, INSTANCE("7", "provisioning", "gsp-a"));
	OK(buy(&r) == 0);
	free(long_data);
}

static void
test_create_refused(void)
{
	static const struct {
		const char *errors;
		enum gsp_errcode code;
		int detail;
	} table[] = {
	    {"{\"reason\":\"Label must be unique among your linodes\",\"field\":\"label\"}",
		GSP_ECREATE, 1},
	    {"{\"reason\":\"Label must be unique among your linodes\"}", GSP_ECREATE, 1},
	    {"{\"reason\":\"Account Limit reached. Please open a support ticket.\"}",
		GSP_ECREATE, 0},
	    {"{\"reason\":\"A limit on the number of active services on your account has been "
	     "reached.\"}",
		GSP_ECREATE, 0},
	    {"{\"reason\":\"region is not valid\",\"field\":\"region\"}", GSP_EUNAVAIL, 0},
	    {"{\"reason\":\"region is not valid\"}", GSP_EUNAVAIL, 0},
	    {"{\"reason\":\"This plan is SOLD OUT in us-ord\",\"field\":\"type\"}",
		GSP_EUNAVAIL, 0},
	    {"{\"reason\":\"Insufficient capacity\",\"field\":null}", GSP_EUNAVAIL, 0},
	    {"{\"reason\":\"x\"},{\"reason\":\"Linode type not available in this region\"}",
		GSP_EUNAVAIL, 0},
	    {"{\"reason\":\"firewall is not available\",\"field\":\"firewall_id\"}",
		GSP_EREFUSED, 0},
	    {"{\"reason\":\"label is not valid\",\"field\":\"label\"}", GSP_EREFUSED, 0},
	    {"{\"reason\":\"Must provide valid root_pass, authorized_keys, or "
	     "authorized_users\"}",
		GSP_EREFUSED, 0},
	};
	struct gsp_instance_create r = order();
	char body[400];

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		begin();
		snprintf(body, sizeof(body), "{\"errors\":[%s]}", table[i].errors);
		push(FAKE_ANSWER, 400, body);
		OK(buy(&r) == -1 && !doubt);
		IS_INT(e.code, table[i].code);
		IS_INT(e.detail, table[i].detail);
	}
}

static void
test_create_doubtful(void)
{
	struct gsp_instance_create r = order();

	begin();
	push(FAKE_TRUNCATE, 200, INSTANCE("5", "provisioning", "gsp-a"));
	OK(buy(&r) == -1 && doubt);
	IS_INT(fake_httpd_count(srv), 1);
	begin();
	push(FAKE_ANSWER, 200, "{\"label\":\"gsp-a\"}");
	OK(buy(&r) == -1 && doubt && e.code == GSP_EPROTO);
	begin();
	push(FAKE_ANSWER, 504, "<html>");
	OK(buy(&r) == -1 && doubt && e.code == GSP_ETEMP);
	begin();
	push(FAKE_ANSWER, 429, "{}");
	push(FAKE_ANSWER, 503, "{}");
	push(FAKE_ANSWER, 200, INSTANCE("5", "provisioning", "gsp-a"));
	OK(buy(&r) == 0 && !doubt);
	IS_INT(fake_httpd_count(srv), 3);
	begin();
	fake_clock_cancel_at(0);
	push(FAKE_ANSWER, 429, "{}");
	OK(buy(&r) == -1 && !doubt && e.code == GSP_ECANCEL);
}

static void
test_find(void)
{
	struct gsp_instance i, *list = NULL;
	char v[128];
	size_t n;

	begin();
	push(FAKE_ANSWER, 200,
	    LIST(INSTANCE("4", "running", "gsp-ab") "," INSTANCE("5", "running", "gsp-a")));
	OK(gsp_instance_find(c, "gsp-a", &i, &e) == 0 && i.id == 5);
	IS_STR(fake_httpd_header(fake_httpd_request(srv, 0), "X-Filter", v, sizeof(v)),
	    "{\"label\":\"gsp-a\"}");
	push(FAKE_ANSWER, 200, LIST(INSTANCE("4", "running", "gsp-ab")));
	OK(gsp_instance_find(c, "gsp-a", &i, &e) == -1 && e.code == GSP_ENOTFOUND);
	push(FAKE_ANSWER, 404, NOT_FOUND);
	OK(gsp_instance_find(c, "gsp-a", &i, &e) == -1 && e.code == GSP_EPROTO);
	push(FAKE_ANSWER, 200,
	    LIST(INSTANCE("4", "running", "x") ",{\"id\":5,\"tags\":[\"other\"]}"));
	OK(gsp_instance_list(c, "GSP", &list, &n, &e) == 0 && n == 1 && list[0].id == 4);
	free(list);
	push(FAKE_ANSWER, 200, LIST(""));
	OK(gsp_instance_list(c, "gsp", &list, &n, &e) == 0 && n == 0);
	free(list);
	push(FAKE_ANSWER, 404, NOT_FOUND);
	OK(gsp_instance_get(c, 9, &i, &e) == -1 && e.code == GSP_ENOTFOUND);
	push(FAKE_ANSWER, 200, INSTANCE("9", "running", "x"));
	OK(gsp_instance_set_tags(c, 9, tags, &e) == 0);
	IS_STR(fake_httpd_request(srv, fake_httpd_count(srv) - 1)->body,
	    "{\"tags\":[\"gsp\",\"gsp-session:s1\"]}");
	push(FAKE_ANSWER, 400, "{\"errors\":[{\"reason\":\"Linode 9 already booted.\"}]}");
	OK(gsp_instance_boot(c, 9, &e) == 0);
	push(FAKE_ANSWER, 200, "{}");
	OK(gsp_instance_boot(c, 9, &e) == 0);
	IS_STR(fake_httpd_request(srv, fake_httpd_count(srv) - 1)->path,
	    "/v4/linode/instances/9/boot");
}

/* A machine whose status is a list of steps, one a poll, the last staying; events likewise. */
struct life {
	const char *const *status;
	size_t at;
	const char *events;
	int events_status;
	unsigned events_asked;
	char body[512];
};

static void
live(void *ctx, const struct fake_request *r, struct fake_answer *a)
{
	struct life *l = ctx;

	if (strstr(r->path, "/account/events") != NULL) {
		l->events_asked++;
		a->status = l->events_status != 0 ? l->events_status : 200;
		a->body = l->events != NULL ? l->events : "{\"data\":[]}";
		return;
	}
	a->status = 200;
	snprintf(l->body, sizeof(l->body), "{\"id\":5,\"label\":\"gsp-a\",\"status\":\"%s\"}",
	    l->status[l->at]);
	a->body = l->body;
	if (l->status[l->at][0] == '\0') {
		a->status = 404;
		a->body = NOT_FOUND;
	} else if (l->status[l->at + 1] != NULL)
		l->at++;
}

static int last_percent;
static unsigned seen_count;

static void
saw(void *ctx, const struct gsp_instance *i, int percent)
{
	(void)ctx;
	(void)i;
	seen_count++;
	if (percent >= 0 && percent < 100)
		last_percent = percent;
}

static int
wait_for(struct life *l, int64_t budget_ms)
{
	struct gsp_instance i;
	int rc;

	begin();
	last_percent = -1;
	seen_count = 0;
	fake_httpd_handler(srv, live, l);
	rc = gsp_instance_wait_running(
	    c, 5, 100, FAKE_CLOCK_START + budget_ms, 0, saw, NULL, &i, &e);
	if (rc == -1)
		printf("# %s\n", e.msg);
	else
		OK(i.status == GSP_LS_RUNNING);
	return rc;
}

#define EVENT(id, action, status)                                                             \
	"{\"data\":[{\"id\":" id ",\"action\":\"" action "\",\"status\":\"" status            \
	"\",\"percent_complete\":37,"                                                         \
	"\"message\":\"no such disk\",\"entity\":{\"id\":5,\"type\":\"linode\"}}]}"

static void
test_wait(void)
{
	static const char *const good[] = {"provisioning", "provisioning", "booting",
	    "booting", "booting", "booting", "booting", "booting", "running", NULL};
	static const char *const jump[] = {"running", NULL};
	static const char *const stuck[] = {"provisioning", NULL};
	static const char *const gone[] = {"provisioning", "", NULL};
	static const char *const unpaid[] = {"billing_suspension", NULL};
	struct life l = {.status = good};

	OK(wait_for(&l, 600000) == 0);
	IS_INT(fake_clock_sleep(0), 250);
	IS_INT(fake_clock_sleep(7), 250);
	IS_INT(seen_count, 9);
	IS_INT(l.events_asked, 0); /* not with every poll */

	l = (struct life){.status = jump};
	OK(wait_for(&l, 600000) == 0);
	IS_INT(fake_clock_sleeps(), 0);

	l = (struct life){.status = stuck, .events = EVENT("101", "linode_create", "started")};
	OK(wait_for(&l, 60000) == -1 && e.code == GSP_ETEMP && says("provisioning"));
	IS_INT(fake_clock_total(), 60000);
	IS_INT(fake_clock_sleep(30), 583); /* a sixteenth of what has passed */
	OK(fake_clock_sleeps() < 65);
	IS_INT(last_percent, 37);
	OK(l.events_asked <= 7);

	l = (struct life){.status = gone};
	OK(wait_for(&l, 60000) == -1 && e.code == GSP_ENOTFOUND);
	l = (struct life){.status = unpaid};
	OK(wait_for(&l, 60000) == -1 && e.code == GSP_ECREATE && says("suspended"));
}

static void
test_wait_failures(void)
{
	static const char *const brief[] = {
	    "provisioning", "offline", "offline", "booting", "running", NULL};
	static const char *const offline[] = {"offline", NULL};
	static const char *const stuck[] = {"provisioning", NULL};
	struct life l = {.status = brief};

	OK(wait_for(&l, 600000) == 0);
	l = (struct life){.status = offline, .events = EVENT("101", "linode_boot", "failed")};
	OK(wait_for(&l, 600000) == -1 && e.code == GSP_ECREATE &&
	    says("'linode_boot' failed (no such disk)"));
	IS_INT(fake_clock_sleeps(), 0);
	/* not ours: it failed before */
	l = (struct life){.status = offline, .events = EVENT("100", "linode_boot", "failed")};
	OK(wait_for(&l, 600000) == -1 && e.code == GSP_ECREATE && says("stays 'offline'"));
	OK(fake_clock_total() >= 30000 && fake_clock_total() < 40000);
	l = (struct life){
	    .status = offline, .events = EVENT("101", "linode_boot", "scheduled")};
	OK(wait_for(&l, 100000) == -1 && e.code == GSP_ETEMP);
	l = (struct life){.status = stuck, .events = EVENT("101", "linode_create", "failed")};
	OK(wait_for(&l, 600000) == -1 && e.code == GSP_ECREATE);
	OK(fake_clock_total() < 20000);
	/* a token that may not see events */
	l = (struct life){.status = offline, .events = NOT_FOUND, .events_status = 403};
	OK(wait_for(&l, 600000) == -1 && e.code == GSP_ECREATE);
	IS_INT(l.events_asked, 1);
}

static int
drop(int64_t budget_ms)
{
	int rc = gsp_instance_delete(c, 5, "gsp-a", FAKE_CLOCK_START + budget_ms, &e);

	if (rc == -1)
		printf("# %s\n", e.msg);
	return rc;
}

static size_t
count(const char *method)
{
	size_t n = 0;

	for (size_t i = 0; i < fake_httpd_count(srv); i++)
		n += strcmp(fake_httpd_request(srv, i)->method, method) == 0;
	return n;
}

static void
test_delete(void)
{
	begin();
	push(FAKE_ANSWER, 200, INSTANCE("5", "running", "gsp-a"));
	push(FAKE_ANSWER, 200, "{}");
	push(FAKE_ANSWER, 200, INSTANCE("5", "running", "gsp-a"));
	push(FAKE_ANSWER, 200, INSTANCE("5", "deleting", "gsp-a"));
	push(FAKE_ANSWER, 404, NOT_FOUND);
	push(FAKE_ANSWER, 200,
	    LIST(INSTANCE("5", "deleting", "gsp-a"))); /* the list is behind */
	push(FAKE_ANSWER, 404, NOT_FOUND);
	push(FAKE_ANSWER, 200, LIST(""));
	OK(drop(60000) == 0);
	IS_INT(count("DELETE"), 1);
	IS_INT(fake_clock_sleep(0), 100);
	IS_INT(fake_clock_sleep(1), 200);
	IS_INT(fake_clock_sleep(2), 400);
	IS_INT(fake_clock_sleep(3), 800);

	begin(); /* already gone */
	push(FAKE_ANSWER, 404, NOT_FOUND);
	push(FAKE_ANSWER, 200, LIST(""));
	OK(drop(60000) == 0);
	IS_INT(count("DELETE"), 0);

	begin(); /* gone between two looks; the label is somebody else's by now */
	push(FAKE_ANSWER, 200, INSTANCE("5", "running", "gsp-a"));
	push(FAKE_ANSWER, 404, NOT_FOUND);
	push(FAKE_ANSWER, 404, NOT_FOUND);
	push(FAKE_ANSWER, 200, LIST(INSTANCE("6", "running", "gsp-a")));
	OK(drop(60000) == 0);

	begin(); /* a lost answer to DELETE is asked again */
	push(FAKE_ANSWER, 200, INSTANCE("5", "running", "gsp-a"));
	push(FAKE_RESET, 0, NULL);
	push(FAKE_ANSWER, 200, "{}");
	push(FAKE_ANSWER, 404, NOT_FOUND);
	push(FAKE_ANSWER, 200, LIST(""));
	OK(drop(60000) == 0);
}

static void
test_delete_refused(void)
{
	static const char *const stays[] = {"running", NULL};
	struct life l = {.status = stays};

	begin(); /* another machine under that number: a bug somewhere, so hands off */
	push(FAKE_ANSWER, 200, INSTANCE("5", "running", "gsp-b"));
	OK(drop(60000) == -1 && e.code == GSP_EREFUSED && says("gsp-b"));
	IS_INT(count("DELETE"), 0);
	begin();
	push(FAKE_ANSWER, 200, "{\"id\":5,\"label\":\"gsp-a\",\"locks\":[\"cannot_delete\"]}");
	OK(drop(60000) == -1 && e.code == GSP_EREFUSED && says("locked"));
	begin(); /* a wrong address is not "gone" */
	push(FAKE_ANSWER, 404, "<html>nothing here</html>");
	OK(drop(60000) == -1 && e.code == GSP_EPROTO);
	begin();
	push(FAKE_ANSWER, 404, NOT_FOUND);
	push(FAKE_ANSWER, 404, NOT_FOUND);
	OK(drop(60000) == -1 && e.code == GSP_EPROTO);
	begin(); /* nothing comes of it: asked again now and then, until the deadline */
	fake_httpd_handler(srv, live, &l);
	OK(drop(100000) == -1 && e.code == GSP_ETEMP && says("costs money"));
	IS_INT(count("DELETE"), 4);
	IS_INT(fake_clock_total(), 100000);
}

int
main(void)
{
	if ((srv = fake_httpd_new()) == NULL)
		SKIP_ALL("cannot listen on loopback");
	gsp_retry_set_clock(&fake_clock);
	gsp_log_handler(keep_log, NULL, GSP_LOG_TRACE);
	test_parse();
	test_statuses();
	test_create_body();
	test_create_refused();
	test_create_doubtful();
	test_find();
	test_wait();
	test_wait_failures();
	test_delete();
	test_delete_refused();
	gsp_linode_free(c);
	fake_httpd_free(srv);
	return done();
}
