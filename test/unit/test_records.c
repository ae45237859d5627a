/* gsp/marker, record, userdata, session, ledger: what gsp writes down and believes again. */
#include "base/clock.h"
#include "fmt/yaml.h"
#include "gsp/ledger.h"
#include "gsp/marker.h"
#include "gsp/record.h"
#include "gsp/remote.h"
#include "gsp/session.h"
#include "gsp/userdata.h"
#include "tap.h"
#include "tree.h"

#include "base/banned.h"

static struct gsp_err err;
static struct gsp_home *home;

/* ---- marker ---- */

#define MARKER                                                                                     \
	"{\"schema\":\"gsp.marker/1\",\"home\":\"h4f8k2m9\",\"server\":\"vanilla\","               \
	"\"session\":\"abcdefgh\",\"state\":\"dirty\",\"base\":41,\"saved\":0,\"stopped\":false,"  \
	"\"killed\":true,\"boot_id\":\"0f9c-1\",\"time\":\"2026-11-22T19:00:00Z\"}"

static void
test_marker(void)
{
	struct gsp_marker m, back;

	IS_INT(gsp_marker_parse(&m, MARKER, &err), 0);
	IS_STR(m.home, "h4f8k2m9");
	IS_STR(m.server, "vanilla");
	IS_STR(m.session, "abcdefgh");
	IS_INT(m.state, GSP_MARK_DIRTY);
	OK(m.base == 41 && m.saved == 0 && !m.stopped && m.killed);
	IS_STR(m.boot_id, "0f9c-1");
	IS_STR(m.text, MARKER); /* to the byte: what compare-and-swap compares */
	for (int s = GSP_MARK_FRESH; s <= GSP_MARK_CLOSING; s++) {
		m.state = (enum gsp_marker_state)s;
		m.stopped = s % 2 == 0;
		m.base = UINT64_C(9007199254740991);
		gsp_marker_print(&m);
		OK(strncmp(m.text, MARKER, strlen("{\"schema\":\"gsp.marker/1\",\"home\":")) == 0);
		OK(strstr(m.text, gsp_marker_state_name(m.state)) != NULL && strchr(m.text, '\n') == NULL);
		IS_INT(gsp_marker_parse(&back, m.text, &err), 0);
		OK(back.state == m.state && back.stopped == m.stopped && back.killed == m.killed &&
		    back.base == m.base && back.saved == m.saved && strcmp(back.home, m.home) == 0 &&
		    strcmp(back.server, m.server) == 0 && strcmp(back.session, m.session) == 0 &&
		    strcmp(back.boot_id, m.boot_id) == 0);
	}
	/* the longest of everything has room */
	memset(m.home, 'a', sizeof(m.home) - 1);
	memset(m.server, 'b', sizeof(m.server) - 1);
	memset(m.session, 'c', sizeof(m.session) - 1);
	memset(m.boot_id, 'd', sizeof(m.boot_id) - 1);
	m.home[8] = m.server[28] = m.session[32] = m.boot_id[39] = '\0';
	m.saved = m.base;
	gsp_marker_print(&m);
	IS_INT(gsp_marker_parse(&back, m.text, &err), 0);
}

static void
test_marker_refused(void)
{
	static const struct {
		const char *was, *now;
	} t[] = {{"gsp.marker/1", "gsp.marker/2"}, {"\"schema\"", "\"scheme\""}, {"dirty", "filthy"},
	    {"dirty", "Dirty"}, {"\"dirty\"", "3"}, {"h4f8k2m9", "h4f8k2m99"}, {"h4f8k2m9", "h4f8k2m$"},
	    {"vanilla", "va nilla"}, {"vanilla", "../x"}, {"\"vanilla\"", "null"},
	    {"\"session\"", "\"sessions\""}, {"41", "-41"}, {"41", "4.5"}, {"41", "\"41\""},
	    {"41", "9007199254740993"}, {"\"saved\":0,", ""},
	    {"0f9c-1", "0123456789012345678901234567890123456789"}, {"{", "["}, {"}", ""}, {"}", "}}"}};
	struct gsp_marker m, kept;
	struct gsp_buf b = GSP_BUF_INIT(4096);

	memset(&m, 0, sizeof(m));
	kept = m;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const char *p = strstr(MARKER, t[i].was);

		gsp_buf_reset(&b);
		gsp_buf_add(&b, MARKER, (size_t)(p - MARKER));
		gsp_buf_adds(&b, t[i].now);
		gsp_buf_adds(&b, p + strlen(t[i].was));
		if (!OK(gsp_marker_parse(&m, gsp_buf_str(&b), &err) == -1 && err.code == GSP_EPROTO &&
			strncmp(err.msg, "the machine's marker: ", 22) == 0))
			printf("# %s\n", gsp_buf_str(&b));
	}
	gsp_buf_reset(&b);
	gsp_buf_addf(&b, "%*s", (int)sizeof(m.text), MARKER);
	while (b.len < sizeof(m.text))
		gsp_buf_addc(&b, ' ');
	OK(gsp_marker_parse(&m, gsp_buf_str(&b), &err) == -1);
	IS_STR(err.msg, "the machine's marker: too long");
	OK(gsp_marker_parse(&m, "", &err) == -1);
	OK(memcmp(&m, &kept, sizeof(m)) == 0);
	gsp_buf_release(&b);
}

static void
test_hello(void)
{
	char good[] = "boot 0f9c-1\nnow 1795374000\nfree 123456\nrsync 3.2.7\nlater x\nmarker " MARKER
		      "\n";
	char least[] = "boot b\nrsync -\nmarker -";
	char none[] = "now 5\n", bad[] = "boot b\nmarker {}\n";
	struct gsp_hello h;

	IS_INT(gsp_hello_parse(&h, good, &err), 0);
	IS_STR(h.boot_id, "0f9c-1");
	OK(h.now == 1795374000 && h.free_bytes == 123456 && h.has_marker);
	IS_STR(h.rsync, "3.2.7");
	IS_STR(h.marker.text, MARKER);
	IS_INT(gsp_hello_parse(&h, least, &err), 0);
	OK(!h.has_marker && h.rsync[0] == '\0' && h.now == 0 && h.free_bytes == 0);
	IS_INT(gsp_hello_parse(&h, none, &err), -1);
	IS_INT(err.code, GSP_EPROTO);
	IS_INT(gsp_hello_parse(&h, NULL, &err), -1);
	IS_INT(gsp_hello_parse(&h, bad, &err), -1);
	OK(strstr(err.msg, "marker") != NULL);
}

/* ---- session ---- */

static void
open_home(void)
{
	static const char yaml[] = "home: h4f8k2m9\n", server[] = "region: us-ord\ntype: g6-standard-2\n"
								    "ports: [25565/tcp, 2456-2458/udp]\n"
								    "ssh_from: [192.0.2.1/32]\n"
								    "env: {LEVEL: a b}\n";

	TREE_NEED(gsp_io_replace(at("gsp.yaml"), yaml, sizeof(yaml) - 1, 0600, &err) == 0);
	TREE_NEED(gsp_io_mkdirs(at("servers/vanilla"), 0700, &err) == 0);
	TREE_NEED(gsp_io_replace(at("servers/vanilla/server.yaml"), server, sizeof(server) - 1, 0600,
		      &err) == 0);
	if (gsp_home_open(&home, at("."), &err) == -1) {
		printf("Bail out! %s\n", err.msg);
		exit(1);
	}
}

static struct gsp_session *
new_session(void)
{
	struct gsp_server_conf *conf = NULL;
	struct gsp_session *s = NULL;

	if (gsp_server_conf_load(&conf, home, "vanilla", &err) == -1 ||
	    gsp_session_new(&s, home, conf, "cli:tester", &err) == -1) {
		printf("Bail out! %s\n", err.msg);
		exit(1);
	}
	return s;
}

static void
test_session(void)
{
	struct gsp_session *s = NULL, *l = NULL;
	struct gsp_buf b = GSP_BUF_INIT(GSP_PATH_BUF);
	char *line = NULL;
	struct stat st;

	IS_INT(gsp_session_load(&l, home, "vanilla", &err), 0);
	OK(l == NULL && err.code == GSP_OK); /* no session is no error */
	s = new_session();
	IS_INT(strlen(s->id), GSP_SESSION_ID_LEN);
	IS_STR(s->label, "gsp-vanilla");
	OK(strncmp(s->host_key, "ssh-ed25519 ", 12) == 0 && s->host_key_private != NULL);
	OK(!gsp_io_exists(at("state/vanilla/session.json"))); /* not saved yet */
	OK(stat(at("state/vanilla/id_ed25519"), &st) == 0 && (st.st_mode & 0777) == 0600);
	OK(gsp_session_login_public(&line, home, "vanilla", &err) == 0 &&
	    strncmp(line, "ssh-ed25519 ", 12) == 0 && strchr(line, '\n') == NULL);
	OK(line != NULL && strcmp(line, s->host_key) != 0); /* two pairs */
	free(line);

	IS_STR(gsp_session_stage(s), "creating");
	s->linode_id = 4711;
	s->firewall_id = 12;
	s->after_event = 99;
	s->start_intent = s->ready = true;
	s->hourly_usd = 0.036;
	s->monthly_usd = 24;
	s->base = 41;
	s->saved = 42;
	(void)snprintf(s->region, sizeof(s->region), "us-ord");
	(void)snprintf(s->type, sizeof(s->type), "g6-standard-2");
	(void)snprintf(s->ipv4, sizeof(s->ipv4), "192.0.2.10");
	(void)snprintf(s->ipv6, sizeof(s->ipv6), "2001:db8::1");
	(void)snprintf(s->taking_from, sizeof(s->taking_from), "aaaaaaaa");
	IS_INT(gsp_session_phase(s, home, GSP_PHASE_RUNNING, &err), 0);
	OK(stat(at("state/vanilla/session.json"), &st) == 0 && (st.st_mode & 0777) == 0600);
	if (!OK(gsp_session_load(&l, home, "vanilla", &err) == 0 && l != NULL)) {
		printf("# %s\n", err.msg);
		gsp_session_free(s);
		return;
	}
	IS_STR(l->server, "vanilla");
	IS_STR(l->id, s->id);
	IS_STR(l->actor, "cli:tester");
	IS_INT(l->phase, GSP_PHASE_RUNNING);
	IS_STR(gsp_session_stage(l), "running");
	OK(l->created == s->created && l->since == s->since);
	OK(l->start_intent && l->ready);
	OK(l->linode_id == 4711 && l->firewall_id == 12 && l->after_event == 99);
	OK(l->base == 41 && l->saved == 42);
	OK(l->hourly_usd > 0.0359 && l->hourly_usd < 0.0361 && l->monthly_usd > 23.9);
	IS_STR(l->region, "us-ord");
	IS_STR(l->type, "g6-standard-2");
	IS_STR(l->ipv4, "192.0.2.10");
	IS_STR(l->ipv6, "2001:db8::1");
	IS_STR(l->taking_from, "aaaaaaaa");
	IS_STR(l->host_key, s->host_key);
	IS_STR(l->host_key_private, s->host_key_private);
	IS_STR(l->api_url, home->api_url);
	IS_INT(l->conf->nports, 2);
	IS_INT(l->conf->ports[0].first, 25565);
	IS_STR(l->conf->regions.v[0], "us-ord");
	IS_STR(l->conf->env.v[0], "LEVEL=a b");
	IS_INT(gsp_session_check_here(l, home, &err), 0);
	free(l->api_url);
	l->api_url = strdup("http://127.0.0.1:1/v4");
	IS_INT(gsp_session_check_here(l, home, &err), -1);
	IS_INT(err.code, GSP_EREFUSED);
	gsp_session_free(l);

	/* the end: kept without the secret, the keys gone */
	IS_INT(gsp_session_end(s, home, "deleted", &err), 0);
	OK(!gsp_io_exists(at("state/vanilla/session.json")));
	OK(!gsp_io_exists(at("state/vanilla/id_ed25519")));
	OK(!gsp_io_exists(at("state/vanilla/id_ed25519.pub")));
	gsp_buf_release(&b);
	gsp_buf_init(&b, 65536);
	IS_INT(gsp_io_read_file(&b, at("state/vanilla/ended/%s.json", s->id), &err), 0);
	OK(strstr(gsp_buf_str(&b), "\"ended\":\"deleted\"") != NULL);
	OK(strstr(gsp_buf_str(&b), "PRIVATE") == NULL);
	OK(gsp_session_load(&l, home, "vanilla", &err) == 0 && l == NULL);
	gsp_session_free(s);
	gsp_session_free(NULL);
	gsp_buf_release(&b);
}

/* The journal with ${was} replaced by ${now} loads: 0, or -1. */
static int
load_changed(const char *text, const char *was, const char *now)
{
	struct gsp_buf b = GSP_BUF_INIT(1 << 20);
	struct gsp_session *l = NULL;
	const char *p = strstr(text, was);
	int rc;

	TREE_NEED(p != NULL);
	gsp_buf_add(&b, text, (size_t)(p - text));
	gsp_buf_adds(&b, now);
	gsp_buf_adds(&b, p + strlen(was));
	TREE_NEED(gsp_io_replace(at("state/vanilla/session.json"), b.data, b.len, 0600, &err) == 0);
	gsp_err_clear(&err);
	rc = gsp_session_load(&l, home, "vanilla", &err);
	if (rc == -1 && l != NULL)
		abort();
	gsp_session_free(l);
	gsp_buf_release(&b);
	return rc;
}

static void
test_session_garbled(void)
{
	struct gsp_buf text = GSP_BUF_INIT(1 << 20);
	struct gsp_session *s = new_session(), *l = NULL;
	const char *path = "state/vanilla/session.json";

	TREE_NEED(gsp_session_save(s, home, &err) == 0);
	TREE_NEED(gsp_io_read_file(&text, at("%s", path), &err) == 0);
	IS_INT(load_changed(gsp_buf_str(&text), "gsp.session/1", "gsp.session/1"), 0);
	static const struct {
		const char *was, *now;
	} t[] = {{"gsp.session/1", "gsp.session/2"}, {"{", ""}, {"\"intent\"", "\"intended\""},
	    {"\"intent\"", "7"}, {"\"host_key\"", "\"hostkey\""}, {"\"session\"", "\"sesion\""},
	    {"\"settings\"", "\"set\""}, {"us-ord", "US ORD"}, {"25565", "99999"}};
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		if (!OK(load_changed(gsp_buf_str(&text), t[i].was, t[i].now) == -1))
			printf("# accepted: %s\n", t[i].now);
		IS_INT(err.code, GSP_EIO);
		OK(strncmp(err.msg, "journal '", 9) == 0 && strstr(err.msg, path) != NULL);
	}
	/* in doubt there is a save */
	TREE_NEED(load_changed(gsp_buf_str(&text), "\"start_intent\":false,", "") == 0);
	OK(gsp_session_load(&l, home, "vanilla", &err) == 0 && l->start_intent);
	gsp_session_free(l);
	/* cut off anywhere: an error, never half a session */
	for (size_t n = 0; n + 1 < text.len; n += 37) {
		TREE_NEED(gsp_io_replace(at("%s", path), text.data, n, 0600, &err) == 0);
		if (gsp_session_load(&l, home, "vanilla", &err) != -1 || l != NULL)
			OK(!"half a journal");
	}
	TREE_NEED(gsp_io_unlink(at("%s", path), &err) == 0);
	gsp_session_free(s);
	gsp_buf_release(&text);
}

static void
test_cost(void)
{
	struct gsp_session s;
	uint64_t hours = 77;
	double usd = 77;

	memset(&s, 0, sizeof(s));
	s.created = 1000000;
	s.hourly_usd = 0.036;
	s.monthly_usd = 24;
	gsp_session_cost(&s, s.created + 9999, &hours, &usd);
	OK(hours == 0 && usd <= 0); /* nothing was made yet */
	s.linode_id = 1;
	static const struct {
		int64_t after;
		uint64_t hours;
	} t[] = {{-50, 1}, {0, 1}, {3599, 1}, {3600, 2}, {7199, 2}, {86400, 25}};
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		gsp_session_cost(&s, s.created + t[i].after, &hours, &usd);
		IS_INT(hours, t[i].hours);
		OK(usd > 0.036 * (double)hours - 1e-9 && usd < 0.036 * (double)hours + 1e-9);
	}
	/* 1970-01-12 13:46:40 and 83 days 8 hours: the cap is of each calendar month */
	gsp_session_cost(&s, s.created + 3600 * 2000, &hours, &usd);
	OK(hours == 2001);
	OK(usd > 467 * 0.036 + 24 + 24 + 118 * 0.036 - 1e-9 && usd < 467 * 0.036 + 24 + 24 + 118 * 0.036 + 1e-9);
	s.monthly_usd = -1;
	gsp_session_cost(&s, s.created + 3600 * 2000, &hours, &usd);
	OK(usd > 72 && usd < 73);
	s.ended = s.created + 60; /* found gone: it cost no more after that */
	gsp_session_cost(&s, s.created + 3600 * 2000, &hours, &usd);
	IS_INT(hours, 1);
	s.hourly_usd = -1; /* unknown */
	gsp_session_cost(&s, s.created, &hours, &usd);
	OK(hours == 1 && usd <= 0);
}

/* ---- record ---- */

static void
test_record(void)
{
	struct gsp_session *s = new_session();
	struct gsp_buf b = GSP_BUF_INIT(GSP_RECORD_MAX);
	struct gsp_record_name n;
	struct gsp_json *v = NULL;

	gsp_record_print(&b, "vanilla", NULL, 0);
	IS_STR(gsp_buf_str(&b), "{\"schema\":\"gsp.record/1\",\"server\":\"vanilla\",\"stage\":\"none\"}");
	IS_INT(gsp_record_parse(&n, b.data, b.len, &err), 0);
	IS_STR(n.server, "vanilla");
	IS_STR(n.session, "");

	gsp_buf_reset(&b);
	gsp_record_print(&b, "vanilla", s, 0); /* nothing is known of the machine */
	OK(strstr(gsp_buf_str(&b), "linode_id") == NULL && strstr(gsp_buf_str(&b), "ipv4") == NULL &&
	    strstr(gsp_buf_str(&b), "hourly_usd") == NULL);
	s->linode_id = 4711;
	s->hourly_usd = 0.036;
	s->base = 41;
	(void)snprintf(s->ipv4, sizeof(s->ipv4), "192.0.2.10");
	s->phase = GSP_PHASE_RUNNING;
	gsp_buf_reset(&b);
	gsp_record_print(&b, "vanilla", s, 0);
	OK(gsp_buf_ok(&b) && strchr(gsp_buf_str(&b), '\n') == NULL);
	OK(strstr(gsp_buf_str(&b), "PRIVATE") == NULL);
	if (OK(gsp_json_parse(&v, b.data, b.len, &err) == 0)) {
		IS_STR(gsp_json_str(v, "stage", ""), "running");
		IS_STR(gsp_json_str(v, "address", ""), "192.0.2.10:25565");
		IS_INT(gsp_json_u64(v, "linode_id", 0), 4711);
		IS_INT(gsp_json_u64(v, "generation", 0), 41);
		IS_STR(gsp_json_str(gsp_json_get(v, "ssh"), "host_key", ""), s->host_key);
	}
	gsp_json_free(v);
	IS_INT(gsp_record_parse(&n, b.data, b.len, &err), 0);
	IS_STR(n.server, "vanilla");
	IS_STR(n.session, s->id);
	gsp_session_free(s);
	gsp_buf_release(&b);
}

static void
test_record_refused(void)
{
#define R "{\"schema\":\"gsp.record/1\","
	static const char *const bad[] = {"", "{}", "[]", "null", "not json", "{\"server\":\"vanilla\"}",
	    "{\"schema\":\"gsp.record/2\",\"server\":\"vanilla\"}", R "\"stage\":\"none\"}",
	    R "\"server\":\"\"}", R "\"server\":null}", R "\"server\":7}", R "\"server\":\"../x\"}",
	    R "\"server\":\"-x\"}", R "\"server\":\"Vanilla\"}", R "\"server\":\"a b\"}",
	    R "\"server\":\"7days\"}", R "\"server\":\"abcdefghijklmnopqrstuvwxyzabc\"}",
	    R "\"server\":\"vanilla\",\"session\":\"../../x\"}",
	    R "\"server\":\"vanilla\",\"session\":\"-x\"}",
	    R "\"server\":\"vanilla\",\"session\":\"123456789012345678901234567890123\"}",
	    R "\"server\":\"vanilla\"} x"};
	struct gsp_record_name n;

	memset(&n, 0, sizeof(n));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		gsp_err_clear(&err);
		if (!OK(gsp_record_parse(&n, bad[i], strlen(bad[i]), &err) == -1 &&
			err.code == GSP_EREFUSED && err.msg[0] != '\0'))
			printf("# accepted: %s\n", bad[i]);
	}
	IS_STR(n.server, "");
	static const char more[] = R "\"server\":\"vanilla\",\"session\":null,\"later\":[1]}";
	IS_INT(gsp_record_parse(&n, more, sizeof(more) - 1, &err), 0); /* keys may be added */
	IS_STR(n.server, "vanilla");
	IS_STR(n.session, "");
#undef R
}

/* ---- userdata ---- */

static void
test_userdata(void)
{
	struct gsp_buf b = GSP_BUF_INIT(49149), small = GSP_BUF_INIT(200);
	struct gsp_session *s = new_session();
	struct gsp_yaml_doc *doc = NULL;
	const struct gsp_yaml *r, *f;

	IS_INT(gsp_userdata(&b, s->host_key_private, s->host_key, &err), 0);
	OK(strncmp(gsp_buf_str(&b), "#cloud-config\n", 14) == 0);
	OK(b.len < 8192);
	if (OK(gsp_yaml_parse(&doc, "user-data", b.data, b.len, &err) == 0)) {
		r = gsp_yaml_root(doc);
		f = gsp_yaml_get(r, "ssh_keys");
		IS_STR(gsp_yaml_get(f, "ed25519_private")->text, s->host_key_private);
		IS_STR(gsp_yaml_get(f, "ed25519_public")->text, s->host_key);
		static const struct {
			const char *key, *value;
		} t[] = {{"ssh_deletekeys", "true"}, {"disable_root", "false"}, {"ssh_pwauth", "false"},
		    {"package_update", "true"}, {"no_ssh_fingerprints", "true"}};
		for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
			IS_STR(gsp_yaml_get(r, t[i].key)->text, t[i].value);
		IS_INT(gsp_yaml_get(r, "packages")->count, 2);
		IS_INT(gsp_yaml_get(r, "bootcmd")->count, 1);
		IS_INT(gsp_yaml_get(r, "runcmd")->count, 1);
		f = gsp_yaml_get(r, "write_files");
		IS_INT(f->count, 2);
		for (f = f->first; f != NULL; f = f->next)
			OK(gsp_yaml_get(f, "path")->text[0] == '/' && gsp_yaml_get(f, "content") != NULL &&
			    !gsp_yaml_get(f, "permissions")->plain); /* a bare 0600 is a number to some */
	} else
		printf("# %s\n", err.msg);
	gsp_yaml_free(doc);
	IS_INT(gsp_userdata(&small, s->host_key_private, s->host_key, &err), -1);
	gsp_session_free(s);
	gsp_buf_release(&b);
	gsp_buf_release(&small);
}

/* ---- ledger ---- */

static void
test_ledger(void)
{
	static const char torn[] = "{\"schema\":\"gsp.ledger/1\",\"wh";
	struct gsp_buf b = GSP_BUF_INIT(65536);
	struct gsp_session *s = new_session();
	int good = 0, bad = 0;
	size_t len;

	s->hourly_usd = 0.036;
	s->monthly_usd = 24;
	IS_INT(gsp_ledger_add(home, s, "intent", "cli:tester", &err), 0);
	TREE_NEED(gsp_io_append(at("state/ledger.jsonl"), torn, sizeof(torn) - 1, 0600, &err) == 0);
	s->linode_id = 4711;
	IS_INT(gsp_ledger_add(home, s, "create", "discord:1/\"me\"\n", &err), 0);
	TREE_NEED(gsp_io_read_file(&b, at("state/ledger.jsonl"), &err) == 0);
	for (const char *p = gsp_buf_str(&b); *p != '\0'; p += len + (p[len] == '\n')) {
		struct gsp_json *v = NULL;
		int64_t when;

		if ((len = strcspn(p, "\n")) == 0)
			continue;
		if (gsp_json_parse(&v, p, len, &err) == -1) {
			bad++;
			continue;
		}
		good++;
		IS_STR(gsp_json_str(v, "schema", ""), "gsp.ledger/1");
		IS_STR(gsp_json_str(v, "what", ""), good == 1 ? "intent" : "create");
		IS_STR(gsp_json_str(v, "server", ""), "vanilla");
		IS_STR(gsp_json_str(v, "session", ""), s->id);
		IS_STR(gsp_json_str(v, "actor", ""), good == 1 ? "cli:tester" : "discord:1/\"me\"\n");
		IS_INT(gsp_json_u64(v, "linode_id", 7), good == 1 ? 0 : 4711);
		IS_INT(gsp_json_u64(v, "hours", 7), good == 1 ? 0 : 1);
		OK(gsp_clock_parse(&when, gsp_json_str(v, "time", "")) == 0);
		OK(gsp_json_num(v, "usd", -1) >= 0);
		gsp_json_free(v);
	}
	OK(good == 2 && bad == 1); /* the torn line swallowed nothing */
	gsp_session_free(s);
	gsp_buf_release(&b);
}

int
main(void)
{
	tree_new("records");
	unsetenv("GSP_LINODE_URL");
	test_marker();
	test_marker_refused();
	test_hello();
	open_home();
	test_session();
	test_session_garbled();
	test_cost();
	test_record();
	test_record_refused();
	test_userdata();
	test_ledger();
	gsp_home_free(home);
	return done();
}
