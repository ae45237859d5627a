/* sandbox/api_metadata: what a machine is told when it asks, and what nobody else is told. */
#include "sandbox/api_int.h"
#include "sandbox_fake.h"

#include "base/banned.h"

static struct gsp_world world;
static struct gsp_sb_meta_req r;
static char token[80];

/* One question; its status. r.out holds the answer. */
static int
ask(const char *peer, const char *method, const char *path, const char *with_token)
{
	gsp_buf_release(&r.out);
	gsp_buf_init(&r.out, 65536);
	r.peer = peer;
	r.method = method;
	r.path = path;
	r.token = with_token;
	gsp_sb_meta_serve(box, &r);
	return r.status;
}

static uint64_t
make_with(const char *label, const char *region, const char *user_data)
{
	char body[512];

	snprintf(body, sizeof(body),
	    "{\"region\":\"%s\",\"type\":\"g6-nanode-1\",\"image\":\"linode/debian12\","
	    "\"label\":\"%s\",\"tags\":[\"one\",\"two\"],\"authorized_keys\":[\"%s\"],"
	    "\"metadata\":{\"user_data\":\"%s\"}}",
	    region, label, KEY, user_data);
	if (call("POST", "/v4/linode/instances", NULL, body) != 200)
		return 0;
	return gsp_json_u64(answer, "id", 0);
}

static void
test_token(const char *peer)
{
	r.expiry = NULL;
	IS_INT(ask(peer, "PUT", "/v1/token", NULL), 400);
	r.expiry = "0";
	IS_INT(ask(peer, "PUT", "/v1/token", NULL), 400);
	r.expiry = "86401";
	IS_INT(ask(peer, "PUT", "/v1/token", NULL), 400);
	r.expiry = "3600x";
	IS_INT(ask(peer, "PUT", "/v1/token", NULL), 400);
	r.expiry = "3600";
	IS_INT(ask(peer, "GET", "/v1/token", NULL), 405);
	IS_INT(ask(peer, "PUT", "/v1/user-data", NULL), 405);
	IS_INT(ask("198.18.0.99", "PUT", "/v1/token", NULL), 403);
	IS_INT(ask("", "PUT", "/v1/token", NULL), 403);
	IS_INT(ask(peer, "PUT", "/v1/token", NULL), 200);
	IS_INT(r.out.len, 64);
	OK(!r.json);
	snprintf(token, sizeof(token), "%s", gsp_buf_str(&r.out));
	r.accept = "application/json";
	IS_INT(ask(peer, "PUT", "/v1/token", NULL), 200);
	IS_INT(r.out.len, 68);
	OK(r.json && strncmp(gsp_buf_str(&r.out), "[\"", 2) == 0);
	r.accept = NULL;
}

static void
test_pages(const char *peer, const char *other)
{
	struct gsp_json *v = NULL;
	struct gsp_err err = GSP_ERR_INIT;

	IS_INT(ask(peer, "GET", "/v1/user-data", NULL), 401);
	IS_INT(ask(peer, "GET", "/v1/user-data", ""), 401);
	IS_INT(ask(peer, "GET", "/v1/user-data", "0123"), 401);
	IS_INT(ask(other, "GET", "/v1/user-data", token), 401);
	IS_INT(ask(peer, "GET", "/v1/user-data", token), 200);
	IS_STR(gsp_buf_str(&r.out), "aGFsbG8=");
	IS_INT(ask(peer, "GET", "/v1/nothing", token), 404);
	IS_INT(ask(peer, "GET", "/v1/instance", token), 200);
	OK(strstr(gsp_buf_str(&r.out), "label: gsp-a\n") != NULL);
	OK(strstr(gsp_buf_str(&r.out), "tags: one\ntags: two\n") != NULL);
	r.accept = "application/json";
	IS_INT(ask(peer, "GET", "/v1/instance", token), 200);
	r.accept = NULL;
	if (OK(gsp_json_parse(&v, gsp_buf_str(&r.out), r.out.len, &err) == 0)) {
		IS_STR(gsp_json_str(v, "label", ""), "gsp-a");
		IS_INT(gsp_json_u64(gsp_json_get(v, "specs"), "memory", 0), 1024);
		IS_INT(gsp_json_count(gsp_json_get(v, "tags")), 2);
	}
	gsp_json_free(v);
}

/* A few are kept for each machine; time ends them all. */
static void
test_ends(uint64_t id, const char *peer)
{
	int n;

	for (n = 0; n < GSP_SB_META_TOKENS; n++)
		(void)ask(peer, "PUT", "/v1/token", NULL);
	IS_INT(ask(peer, "GET", "/v1/user-data", token), 401);
	snprintf(token, sizeof(token), "%s", gsp_sb_inst_find(box, id)->meta[0].text);
	IS_INT(ask(peer, "GET", "/v1/user-data", token), 200);
	gsp_sb_inst_find(box, id)->meta[0].until_ms = gsp_now_ms();
	IS_INT(ask(peer, "GET", "/v1/user-data", token), 401);
}

int
main(void)
{
	const struct gsp_sandbox_token all = {call_token, "*", false};
	struct gsp_sandbox_opts o = GSP_SANDBOX_OPTS_INIT;
	struct gsp_err err = GSP_ERR_INIT;
	char one[46], two[46];
	uint64_t a, b;

	o.world = &world;
	o.tokens = &all;
	o.ntokens = 1;
	o.create_ms = o.boot_ms = 0;
	if (!OK(gsp_sandbox_open(&box, &o, &err) == 0))
		return done();
	a = make_with("gsp-a", "us-ord", "aGFsbG8=");
	b = make_with("gsp-b", "us-ord", "");
	if (!OK(a != 0 && b != 0))
		return done();
	snprintf(one, sizeof(one), "%s", gsp_sb_inst_find(box, a)->ipv4);
	snprintf(two, sizeof(two), "%s", gsp_sb_inst_find(box, b)->ipv4);
	test_token(one);
	test_pages(one, two);
	test_ends(a, one);

	(void)ask(two, "PUT", "/v1/token", NULL);
	snprintf(token, sizeof(token), "%s", gsp_buf_str(&r.out));
	IS_INT(ask(two, "GET", "/v1/user-data", token), 200);
	IS_STR(gsp_buf_str(&r.out), "");
	gsp_buf_release(&r.out);
	gsp_sandbox_close(box);
	gsp_json_free(answer);
	gsp_buf_release(&raw_answer);
	return done();
}
