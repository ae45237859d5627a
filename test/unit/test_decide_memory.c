/* gsp/decide: what is remembered between passes. */
#include "decide_play.h"

#include "base/banned.h"

/* ---- the memory ---- */

static void
test_session(void)
{
	fresh();
	play(60, "2 0*40");
	gsp_decide_session(&m, "s7k2m9qx");
	IS_INT(m.zero_s, 39 * MIN);
	gsp_decide_session(&m, "saaaaaaa");
	IS_STR(m.session, "saaaaaaa");
	IS_INT(m.zero_s, 0);
	IS_INT(m.player_at, 0);
	IS_INT(m.last_pass, 0);
}

static int
read_back(struct gsp_decide_memory *out, const char *text, struct gsp_err *err)
{
	struct gsp_json *v = NULL;
	int rc;

	if (gsp_json_parse(&v, text, strlen(text), err) == -1)
		exit(1);
	rc = gsp_decide_from_json(out, v, err);
	gsp_json_free(v);
	return rc;
}

static void
bad(const char *text, const char *why)
{
	struct gsp_decide_memory got, zero;
	struct gsp_err err = GSP_ERR_INIT;

	memset(&zero, 0, sizeof(zero));
	memset(&got, 1, sizeof(got));
	IS_INT(read_back(&got, text, &err), -1);
	IS_INT(err.code, GSP_EPROTO);
	IS_STR(err.msg, why);
	OK(memcmp(&got, &zero, sizeof(got)) == 0);
}

static void
test_json(void)
{
	struct gsp_decide_memory all, got;
	struct gsp_json *obj = gsp_json_new_obj();
	struct gsp_buf text = GSP_BUF_INIT(4096);
	struct gsp_err err = GSP_ERR_INIT;

	memset(&all, 0, sizeof(all)); /* padding too */
	memcpy(all.session, "s7k2m9qx", 9);
	all.last_pass = 1;
	all.gap_s = 2;
	all.pass_s = 3;
	all.zero_at = 4;
	all.zero_s = 5;
	all.player_at = 6;
	all.players = UINT32_MAX;
	all.unknown_at = 7;
	all.unknown_told = true;
	all.unwell_at = 8;
	all.unwell_told = true;
	all.idle_stop = 9;
	all.idle_hour = 10;
	all.idle_first = 11;
	all.idle_left = 12;
	all.budget_was = 18;
	all.end = 13;
	all.end_of = 14;
	all.end_budget = true;
	all.end_first = 15;
	all.end_left = 16;
	all.end_anew = 17;
	all.down = GSP_DECIDE_END_DOWN;
	all.down_at = (int64_t)1 << 40;
	all.down_tries = 1000;
	gsp_decide_to_json(&all, obj);
	gsp_json_add_str(obj, "later", "a member of a later version");
	gsp_json_print(&text, obj);
	memset(&got, 1, sizeof(got));
	IS_INT(read_back(&got, gsp_buf_str(&text), &err), 0);
	OK(memcmp(&got.last_pass, &all.last_pass,
	       sizeof(all) - offsetof(struct gsp_decide_memory, last_pass)) == 0);
	IS_STR(got.session, all.session);
	IS_INT(gsp_json_count(obj), 27);
	gsp_json_free(obj);
	gsp_buf_release(&text);

	memset(&all, 0, sizeof(all));
	IS_INT(read_back(&got, "{}", &err), 0);
	OK(memcmp(&got, &all, sizeof(got)) == 0);
	bad("[]", "not an object");
	bad("null", "not an object");
	bad("{\"zero_s\":60,\"zero_at\":\"now\"}", "'zero_at' is not a whole number");
	bad("{\"zero_s\":-1}", "'zero_s' is not a whole number");
	bad("{\"zero_s\":1.5}", "'zero_s' is not a whole number");
	bad("{\"zero_s\":null}", "'zero_s' is not a whole number");
	bad("{\"zero_s\":1099511627777}", "'zero_s' is out of range");
	bad("{\"players\":4294967296}", "'players' is out of range");
	bad("{\"down\":3}", "'down' is out of range");
	bad("{\"down_tries\":1001}", "'down_tries' is out of range");
	bad("{\"unknown_told\":1}", "'unknown_told' is not true or false");
	bad("{\"session\":7}", "'session' is not a string");
	bad("{\"session\":\"123456789012345678901234567890123\"}", "'session' is too long");
}

/* What a pass is told of an evening with some of everything. */
static const char *
evening(int i)
{
	return i < 30 ? "2" : i < 64 ? "?" : i < 70 ? "2u" : i < 75 ? "0u" : "0";
}

/* A pass through the disk each time is the same evening. */
static void
test_through_json(void)
{
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_json *obj;
	char straight[sizeof(line)];

	for (int disk = 0; disk < 2; disk++) {
		fresh();
		r.lease_until = created + 5 * HOUR / 2;
		for (int i = 0; i < 170; i++, now += 60) {
			obj = gsp_json_new_obj();
			gsp_decide_to_json(&m, obj);
			if (disk == 1 && gsp_decide_from_json(&m, obj, &err) == -1)
				OK(false);
			gsp_json_free(obj);
			pass(evening(i));
		}
		if (disk == 0)
			memcpy(straight, line, sizeof(straight));
	}
	IS_STR(line, straight);
	IS_STR(line,
	    "60 unknown, 64 known, 66 unwell, 75 well, 102 say 10, 102 idle 10, 107 say 5, "
	    "111 say 1, 112 down, 113 down, 115 down, 120 say 30, 120 lease 30, 120 down, 130 "
	    "failing, "
	    "130 down, 140 say 10, 140 lease 10, 140 down, 145 say 5, 145 lease 5, 149 say 1, "
	    "149 lease 1, "
	    "150 DOWN!, 160 DOWN!");
}

/* What comes from outside is one line of printable ASCII when it leaves. */
static void
test_text(void)
{
	struct gsp_decide_seen s = {
	    .health = 0, .counted = false, .why = "\033[31m\xc3\xa4\nthe end"};
	char why[1000];

	fresh();
	m.players = 1;
	for (int i = 0; i < 2; i++, now += 120) {
		s.now = now;
		n = gsp_decide(acts, &m, &r, &s);
	}
	IS_INT(n, 1);
	IS_STR(acts[0].text,
	    "'vanilla' has been unhealthy for 2 minutes (?[31m???the end), with 1 player when "
	    "last seen: it is not stopped for being idle; nothing but 'gsp down vanilla' "
	    "does");
	memset(why, 'w', sizeof(why) - 1);
	why[sizeof(why) - 1] = '\0';
	s.why = why;
	s.now = now + HOUR;
	n = gsp_decide(acts, &m, &r, &s);
	IS_INT(n, 0);
	s.now += HOUR;
	n = gsp_decide(acts, &m, &r, &s);
	IS_INT(n, 1);
	OK(strstr(acts[0].text, "or by 'gsp down vanilla'") != NULL ||
	    strstr(acts[0].text, "nothing but 'gsp down vanilla' does") != NULL);
	s.why = NULL;
	s.counted = true;
	s.health = 1;
	s.now += 60;
	IS_INT(gsp_decide(acts, &m, &r, &s), 2);
}

int
main(void)
{
	test_session();
	test_json();
	test_through_json();
	test_text();
	return done();
}
