#include "tap.h"

#include "discord/gateway_wire.h"
#include "gateway_play.h"

static void
test_url(void)
{
	static const struct {
		const char *url, *want;
	} table[] = {{"wss://g.example", "wss://g.example/?v=10&encoding=json"},
	    {"wss://g.example/", "wss://g.example/?v=10&encoding=json"},
	    {"wss://g.example//", "wss://g.example/?v=10&encoding=json"},
	    {"wss://g.example/a/b", "wss://g.example/a/b/?v=10&encoding=json"},
	    {"wss://g.example/a/b/", "wss://g.example/a/b/?v=10&encoding=json"},
	    {"wss://g.example:443/?v=6", "wss://g.example:443/?v=10&encoding=json"},
	    {"ws://127.0.0.1:81", "ws://127.0.0.1:81/?v=10&encoding=json"},
	    {"ws://[::1]:81/x", "ws://[::1]:81/x/?v=10&encoding=json"},
	    {"ws://localhost:8", "ws://localhost:8/?v=10&encoding=json"},
	    {"wss://[2001:db8::1]", "wss://[2001:db8::1]/?v=10&encoding=json"}};
	static const char *const bad[] = {"", "g.example", "http://g.example", "https://g.example",
	    "ws://g.example", "ws://127.0.0.1.evil.example", "ws://localhost.evil.example",
	    "ws://127.0.0.1@evil.example", "wss://user:pw@g.example", "wss://", "wss:///x", "wss://g e",
	    "wss://g\r\nX: y", "wss://-g", "wss://g:", "wss://g:123456", "wss://g:80x", "wss://[::1",
	    "wss://[::1]x", "wss://g\\@h", "ws://10.127.0.1", "ws://127.0.0.256", "file:///etc/passwd",
	    "wss://gr\xc3\xbc.example"};
	char huge[GSP_GATEWAY_URL_MAX + 32];
	struct gsp_buf b = GSP_BUF_INIT(1024);

	for (size_t i = 0; i < WALK_N(table); i++) {
		gsp_buf_reset(&b);
		OK(gsp_gateway_url(&b, table[i].url) == 0);
		IS_STR(gsp_buf_str(&b), table[i].want);
	}
	for (size_t i = 0; i < WALK_N(bad); i++) {
		gsp_buf_reset(&b);
		if (!OK(gsp_gateway_url(&b, bad[i]) == -1 && b.len == 0))
			printf("# '%s'\n", bad[i]);
	}
	(void)snprintf(huge, sizeof(huge), "wss://%0*d", GSP_GATEWAY_URL_MAX, 1);
	OK(gsp_gateway_url(&b, huge) == -1);
	gsp_buf_release(&b);
}

static void
test_start(void)
{
	struct walk w;
	const struct gsp_gateway_resume *r;

	die = 1;
	begin(&w);
	OK(w.conn == WALK_FIND);
	walk_found(&w, 200, FOUND);
	IS_STR(w.url, "wss://gateway.example/?v=10&encoding=json");
	walk_open(&w);
	IS_INT(in_ms(&w), 20000);
	IS_INT(w.nsent, 0);
	hear(&w, HELLO);
	IS_STR(w.payload, "{\"op\":2,\"d\":{\"token\":\"" WALK_TOKEN "\",\"intents\":0,\"properties\":"
			  "{\"os\":\"linux\",\"browser\":\"gsp-bot\",\"device\":\"gsp-bot\"}}}");
	IS_INT(in_ms(&w), 30000);
	hear(&w, READY);
	IS_INT(w.readies, 1);
	IS_INT(w.keeps, 1);
	r = gsp_gateway_resume(w.g);
	IS_STR(r->session_id, "abc");
	IS_STR(r->url, "wss://resume.example");
	IS_INT(r->seq, 1);
	IS_INT(in_ms(&w), 41249);
	hear(&w, "{\"op\":0,\"s\":9,\"t\":\"INTERACTION_CREATE\",\"d\":{\"id\":\"5\"},\"new\":[]}");
	IS_INT(w.events, 1);
	IS_INT(r->seq, 9);
	hear(&w, "{\"op\":0,\"s\":null,\"t\":\"NEW_EVENT\"}");
	hear(&w, "{\"op\":0,\"t\":\"NEW_EVENT\",\"d\":null}");
	hear(&w, "{\"op\":99,\"d\":{}}");
	IS_INT(r->seq, 9);
	IS_INT(w.events, 3);
	OK(w.conn == WALK_OPEN);
	walk_free(&w);
}

static void
test_heartbeat(void)
{
	struct walk w;

	for (die = 0; die < 2; die++) {
		begin(&w);
		to_open(&w);
		hear(&w, HELLO);
		hear(&w, READY);
		IS_INT(in_ms(&w), die == 0 ? 0 : 41249); /* the first one: interval * [0, 1) */
		walk_next(&w);
		IS_INT(w.beats, 1);
		IS_STR(w.payload, "{\"op\":1,\"d\":1}");
		IS_INT(in_ms(&w), 41250);
		hear(&w, ACK);
		walk_next(&w);
		IS_INT(w.beats, 2);
		/* asked for one: at once, and the schedule stays */
		walk_to(&w, w.now + 250);
		hear(&w, "{\"op\":1,\"d\":null}");
		IS_INT(w.beats, 3);
		IS_INT(in_ms(&w), 41000);
		hear(&w, ACK);
		walk_next(&w);
		IS_INT(w.beats, 4);
		/* no answer: a zombie */
		walk_next(&w);
		IS_INT(w.beats, 4);
		OK(w.conn == WALK_NONE);
		IS_INT(w.code, 4000);
		OK(strstr(w.said, "heartbeat") != NULL && strstr(w.said, "to resume") != NULL);
		walk_next(&w);
		IS_STR(w.url, "wss://resume.example/?v=10&encoding=json");
		walk_open(&w);
		hear(&w, HELLO);
		IS_STR(w.payload, "{\"op\":6,\"d\":{\"token\":\"" WALK_TOKEN
				  "\",\"session_id\":\"abc\",\"seq\":1}}");
		hear(&w, "{\"op\":0,\"s\":2,\"t\":\"MISSED\",\"d\":{}}");
		IS_INT(w.events, 1);
		hear(&w, "{\"op\":0,\"s\":3,\"t\":\"RESUMED\",\"d\":{}}");
		IS_INT(w.readies, 2);
		IS_INT(gsp_gateway_resume(w.g)->seq, 3);
		walk_free(&w);
	}
	/* before Identify there is no sequence number */
	die = 1;
	begin(&w);
	to_open(&w);
	hear(&w, "{\"op\":1}");
	IS_STR(w.payload, "{\"op\":1,\"d\":null}");
	walk_free(&w);
}

static void
test_many_beats(void)
{
	struct walk w;

	die = 1;
	to_up(&w);
	for (int i = 0; i < 1000; i++)
		hear(&w, "{\"op\":1}");
	OK(w.beats >= 50 && w.beats <= 60 && w.conn == WALK_OPEN);
	walk_free(&w);
	/* the shortest interval: as often as the limit allows, and no zombie of our own making */
	begin(&w);
	to_open(&w);
	hear(&w, walk_messages[9]);
	hear(&w, READY);
	for (int i = 0; i < 2000; i++) {
		walk_next(&w);
		hear(&w, ACK);
	}
	OK(w.conn == WALK_OPEN && w.beats > 300);
	walk_free(&w);
}

static void
test_hello(void)
{
	static const char *const bad[] = {"{\"op\":10}", "{\"op\":10,\"d\":null}",
	    "{\"op\":10,\"d\":{\"heartbeat_interval\":0}}", "{\"op\":10,\"d\":{\"heartbeat_interval\":-5}}",
	    "{\"op\":10,\"d\":{\"heartbeat_interval\":99}}",
	    "{\"op\":10,\"d\":{\"heartbeat_interval\":1e9}}",
	    "{\"op\":10,\"d\":{\"heartbeat_interval\":1e999}}",
	    "{\"op\":10,\"d\":{\"heartbeat_interval\":\"41250\"}}"};
	static const char *const garbage[] = {"", "{", "[]", "nonsense", "{\"op\":null}", "{\"d\":1}"};
	struct walk w;

	die = 0;
	for (size_t i = 0; i < WALK_N(bad); i++) {
		begin(&w);
		to_open(&w);
		hear(&w, bad[i]);
		OK(w.conn == WALK_NONE && w.code == 4002 && strstr(w.said, "interval") != NULL);
		walk_free(&w);
	}
	for (size_t i = 0; i < WALK_N(garbage); i++) {
		to_up(&w);
		hear(&w, garbage[i]);
		OK(w.conn == WALK_NONE && w.code == 4002);
		walk_next(&w);
		OK(w.conn == WALK_OPENING); /* the session is not lost by it */
		walk_free(&w);
	}
	begin(&w);
	to_open(&w);
	walk_to(&w, w.now + 19999);
	OK(w.conn == WALK_OPEN);
	walk_to(&w, w.now + 1);
	OK(w.conn == WALK_NONE && strstr(w.said, "Hello") != NULL);
	walk_free(&w);
	die = 1;
	begin(&w);
	to_open(&w);
	hear(&w, HELLO);
	walk_to(&w, w.now + 30000);
	OK(w.conn == WALK_NONE && strstr(w.said, "no session began") != NULL);
	walk_free(&w);
	begin(&w); /* a connection that nobody tells us about */
	walk_found(&w, 200, FOUND);
	walk_next(&w);
	OK(w.conn == WALK_NONE && w.now == 1030000);
	walk_free(&w);
}

static void
test_ready(void)
{
	static const char *const bad[] = {"{}", "null",
	    "{\"application\":{\"id\":\"1\"},\"user\":{\"id\":\"2\"}}",
	    "{\"session_id\":null,\"application\":{\"id\":\"1\"},\"user\":{\"id\":\"2\"}}",
	    "{\"session_id\":\"a\\nb\",\"application\":{\"id\":\"1\"},\"user\":{\"id\":\"2\"}}"};
	static const char *const poor[] = {"{\"session_id\":\"a\"}", /* what it lacks is not needed */
	    "{\"session_id\":\"a\",\"application\":null,\"user\":null,\"guilds\":null}",
	    "{\"session_id\":\"a\",\"application\":{\"id\":1},\"user\":{\"id\":\"x\"}}"};
	static const char *const guilds[][2] = {{"[]", "if it was not invited yet, open the link"},
	    {"[{\"id\":\"3\",\"unavailable\":true}]", "is in the guild 3"},
	    {"[{\"id\":\"3\"},{\"id\":\"x\"},{},{\"id\":\"4\"}]", "is in the guilds 3, 4"},
	    {"[{\"id\":\"18446744073709551615\"},{\"id\":\"2\"},{\"id\":\"3\"},{\"id\":\"4\"},{\"id\":\"5\"},"
	     "{\"id\":\"6\"},{\"id\":\"7\"},{\"id\":\"8\"},{\"id\":\"9\"}]", "4, 5, 6, 7, 8, ..."}};
	static const char *const urls[] = {"http://evil.example", "ws://evil.example", "", "wss://"};
	char text[512];
	struct walk w;

	die = 1;
	for (size_t i = 0; i < WALK_N(bad); i++) {
		begin(&w);
		to_open(&w);
		hear(&w, HELLO);
		(void)snprintf(text, sizeof(text), "{\"op\":0,\"s\":1,\"t\":\"READY\",\"d\":%s}", bad[i]);
		hear(&w, text);
		OK(w.readies == 0 && w.conn == WALK_NONE && strstr(w.said, "READY lacks") != NULL);
		IS_INT(gsp_gateway_resume(w.g)->seq, -1);
		OK(in_ms(&w) >= 5000); /* the next Identify is 5 s away at least */
		walk_free(&w);
	}
	for (size_t i = 0; i < WALK_N(poor); i++) {
		begin(&w);
		to_open(&w);
		hear(&w, HELLO);
		(void)snprintf(text, sizeof(text), "{\"op\":0,\"s\":1,\"t\":\"READY\",\"d\":%s}", poor[i]);
		hear(&w, text);
		OK(w.readies == 1 && w.conn == WALK_OPEN);
		IS_STR(gsp_gateway_resume(w.g)->session_id, "a");
		walk_free(&w);
	}
	for (size_t i = 0; i < WALK_N(guilds); i++) {
		begin(&w);
		to_open(&w);
		hear(&w, HELLO);
		(void)snprintf(text, sizeof(text),
		    "{\"op\":0,\"s\":1,\"t\":\"READY\",\"d\":{\"session_id\":\"a\",\"application\":{\"id\":\"1\"},"
		    "\"user\":{\"id\":\"2\"},\"guilds\":%s}}",
		    guilds[i][0]);
		hear(&w, text);
		OK(w.readies == 1 && strstr(w.said, guilds[i][1]) != NULL);
		walk_free(&w);
	}
	for (size_t i = 0; i < WALK_N(urls); i++) {
		begin(&w);
		to_open(&w);
		hear(&w, HELLO);
		(void)snprintf(text, sizeof(text),
		    "{\"op\":0,\"s\":1,\"t\":\"READY\",\"d\":{\"session_id\":\"a\",\"resume_gateway_url\":"
		    "\"%s\",\"application\":{\"id\":\"1\"},\"user\":{\"id\":\"2\"}}}",
		    urls[i]);
		hear(&w, text);
		OK(w.readies == 1 && strstr(w.said, "no usable address") != NULL);
		walk_closed(&w, 1006, "gone");
		walk_next(&w);
		OK(w.conn == WALK_FIND); /* instead of that address */
		walk_found(&w, 200, FOUND);
		walk_open(&w);
		hear(&w, HELLO);
		IS_INT(w.resumes, 1);
		walk_free(&w);
	}
}

static void
test_close_codes(void)
{
	static const int resume[] = {0, 1000, 1001, 1006, 1009, 4000, 4001, 4002, 4003, 4005, 4006, 4008,
	    4042};
	static const int identify[] = {4007, 4009};
	static const int fatal[] = {4004, 4010, 4011, 4012, 4013, 4014};
	struct walk w;

	die = 0;
	for (size_t i = 0; i < WALK_N(resume); i++) {
		to_up(&w);
		walk_closed(&w, resume[i], NULL);
		OK(!w.dead && in_ms(&w) >= 1000);
		walk_next(&w);
		IS_STR(w.url, "wss://resume.example/?v=10&encoding=json");
		walk_open(&w);
		hear(&w, HELLO);
		IS_INT(w.resumes, 1);
		walk_free(&w);
	}
	for (size_t i = 0; i < WALK_N(identify); i++) {
		to_up(&w);
		walk_closed(&w, identify[i], "timed out");
		IS_INT(w.keeps, 2);
		OK(gsp_gateway_resume(w.g)->session_id[0] == '\0' && in_ms(&w) >= 1000);
		to_open(&w);
		hear(&w, HELLO);
		IS_INT(w.resumes, 0);
		IS_INT(w.identifies, 2);
		OK(strstr(w.payload, "\"op\":2") != NULL);
		walk_free(&w);
	}
	for (size_t i = 0; i < WALK_N(fatal); i++) {
		to_up(&w);
		walk_closed(&w, fatal[i], "no");
		OK(w.dead);
		IS_INT(w.code, fatal[i]);
		OK(gsp_gateway_next_ms(w.g) == INT64_MAX);
		gsp_gateway_tick(w.g, w.now + 1000000);
		walk_found(&w, 200, FOUND);
		gsp_gateway_opened(w.g, w.now);
		gsp_gateway_closed(w.g, 1006, NULL, w.now);
		walk_drain(&w);
		IS_INT(w.connects, 1);
		walk_free(&w);
	}
	to_up(&w);
	walk_closed(&w, 4000, "bad token " WALK_TOKEN); /* the walk looks for it in what is said */
	OK(strstr(w.said, "closed with 4000; reconnecting") != NULL);
	walk_free(&w);
	to_up(&w);
	walk_closed(&w, 4004, NULL);
	OK(strstr(w.said, "Reset Token") != NULL && strstr(w.said, "token file") != NULL);
	walk_free(&w);
}

static void
test_reconnect_invalid(void)
{
	struct walk w;

	die = 1;
	begin(&w);
	to_open(&w);
	hear(&w, "{\"op\":7,\"d\":null}"); /* before Hello */
	OK(w.conn == WALK_NONE && w.code == 4000);
	to_open(&w);
	hear(&w, HELLO);
	IS_INT(w.identifies, 1);
	hear(&w, "{\"op\":9,\"d\":false}"); /* instead of READY */
	OK(w.conn == WALK_NONE && in_ms(&w) >= 5000);
	to_open(&w);
	hear(&w, HELLO);
	hear(&w, READY);
	IS_INT(w.identifies, 2);
	walk_to(&w, w.now + 70000); /* long enough to be a good one */
	hear(&w, "{\"op\":7}");
	OK(w.conn == WALK_NONE && w.code == 4000);
	OK(in_ms(&w) >= 1000 && in_ms(&w) <= 2000);
	walk_next(&w);
	walk_open(&w);
	hear(&w, "{\"op\":7}"); /* once more, before Hello: still to resume */
	walk_next(&w);
	OK(strstr(w.url, "resume.example") != NULL);
	walk_open(&w);
	hear(&w, HELLO);
	hear(&w, "{\"op\":9,\"d\":true}");
	walk_next(&w);
	walk_open(&w);
	hear(&w, HELLO);
	IS_INT(w.resumes, 2);
	hear(&w, "{\"op\":9,\"d\":false}");
	IS_INT(w.keeps, 2);
	OK(in_ms(&w) >= 1000);
	to_open(&w);
	hear(&w, HELLO);
	IS_INT(w.identifies, 3);
	walk_free(&w);
	for (die = 0; die < 2; die++) { /* 1 to 5 s */
		to_up(&w);
		walk_to(&w, w.now + 30000);
		hear(&w, ACK);
		walk_to(&w, w.now + 35000);
		hear(&w, "{\"op\":9}");
		IS_INT(in_ms(&w), die == 0 ? 1000 : 5000);
		walk_free(&w);
	}
	/* over while there was no way to it: 1 to 5 s all the same; of one that lived for a moment, not */
	for (int lived = 0; lived < 2; lived++) {
		die = 0;
		to_up(&w);
		walk_to(&w, w.now + 30000);
		hear(&w, ACK);
		if (lived)
			walk_to(&w, w.now + 35000);
		walk_closed(&w, 1006, "gone");
		for (int i = 0; i < 5; i++) {
			walk_next(&w);
			if (w.conn == WALK_FIND)
				walk_found(&w, 200, FOUND);
			walk_closed(&w, 0, "no way");
		}
		to_open(&w);
		hear(&w, HELLO);
		hear(&w, "{\"op\":9,\"d\":false}");
		OK(lived ? in_ms(&w) <= 5000 : in_ms(&w) >= 32000);
		walk_free(&w);
	}
	die = 1; /* RESUMED, and nothing was to be resumed; READY a second time */
	begin(&w);
	to_open(&w);
	hear(&w, HELLO);
	hear(&w, walk_messages[7]);
	IS_INT(w.readies, 0);
	hear(&w, READY);
	hear(&w, READY);
	hear(&w, walk_messages[7]);
	hear(&w, HELLO);
	IS_INT(w.readies, 1);
	IS_INT(w.identifies, 1);
	walk_free(&w);
}

static void
test_find(void)
{
	struct walk w;

	die = 0;
	begin(&w);
	walk_found(&w, 401, "{\"message\":\"401: Unauthorized\",\"code\":0}");
	OK(w.dead && w.code == 401 && strstr(w.said, "Reset Token") != NULL);
	walk_free(&w);
	begin(&w);
	walk_found(&w, 429, walk_found_bodies[8]);
	OK(!w.dead && in_ms(&w) >= 7500);
	walk_free(&w);
	begin(&w);
	walk_found(&w, 403, "error code: 1015");
	OK(!w.dead && in_ms(&w) >= 600000 && strstr(w.said, "HTTP 403") != NULL);
	walk_free(&w);
	begin(&w);
	walk_found(&w, 502, "<html>");
	OK(in_ms(&w) >= 1000 && in_ms(&w) <= 2000 && strstr(w.said, "HTTP 502") != NULL);
	walk_free(&w);
	begin(&w);
	walk_found(&w, 0, "cannot connect to 'x'");
	OK(in_ms(&w) <= 2000 && strstr(w.said, "its address: cannot connect to 'x'; reconnecting") != NULL);
	walk_free(&w);
	begin(&w); /* nobody answers at all */
	walk_next(&w);
	OK(w.conn == WALK_NONE && in_ms(&w) >= 1000 && in_ms(&w) <= 2000);
	walk_free(&w);
	/* the budget: 0 left is waited out, and then it is asked for again */
	begin(&w);
	walk_found(&w, 200, walk_found_bodies[1]);
	OK(w.connects == 0 && in_ms(&w) >= 90000 && strstr(w.said, "no more sessions") != NULL);
	walk_next(&w);
	OK(w.conn == WALK_FIND);
	walk_found(&w, 200, FOUND);
	IS_INT(w.connects, 1);
	walk_free(&w);
	begin(&w);
	walk_found(&w, 200, walk_found_bodies[9]);
	IS_INT(in_ms(&w), 86400000);
	walk_free(&w);
	begin(&w);
	walk_found(&w, 200, "{\"url\":\"https://g.example\"}");
	OK(w.connects == 0 && in_ms(&w) >= 1000 && strstr(w.said, "address") != NULL);
	walk_free(&w);
}

static void
test_long_token(void)
{
	char token[5000];
	struct gsp_gateway_opts o = {.token = token, .below = loaded};
	struct gsp_gateway *g;
	struct gsp_gateway_act a;
	bool sent = false, fatal = false;

	memset(token, 'x', sizeof(token) - 1);
	token[sizeof(token) - 1] = '\0';
	g = gsp_gateway_new(&o);
	gsp_gateway_tick(g, 1);
	gsp_gateway_found(g, 200, FOUND, strlen(FOUND), 1);
	gsp_gateway_opened(g, 1);
	gsp_gateway_text(g, HELLO, strlen(HELLO), 1);
	while (gsp_gateway_pop(&a, g)) {
		sent |= a.what == GSP_GATEWAY_SEND;
		fatal |= a.what == GSP_GATEWAY_FATAL;
	}
	OK(!sent && fatal);
	gsp_gateway_free(g);
	gsp_gateway_free(NULL);
}

int
main(void)
{
	test_url();
	test_start();
	test_heartbeat();
	test_many_beats();
	test_hello();
	test_ready();
	test_close_codes();
	test_reconnect_invalid();
	test_find();
	test_long_token();
	return done();
}
