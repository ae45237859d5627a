#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "fmt/json.h"
#include "gsp/config_parts.h"
#include "gsp/notice.h"
#include "gsp/notice_run.h"
#include "gsp/notice_spool.h"
#include "gsp/notice_state.h"
#include "gsp/notice_text.h"
#include "sys/io.h"
#include "tap.h"

#include "base/banned.h"

static struct gsp_err err;
static char root[64];

/* ---- settings ---- */

static struct gsp_home *
parse(const char *yaml)
{
	struct gsp_home *h = calloc(1, sizeof(*h));
	struct gsp_buf text = GSP_BUF_INIT(65536);

	if (h == NULL || (h->dir = strdup(root)) == NULL)
		abort();
	gsp_err_clear(&err);
	gsp_buf_addf(&text, "home: h4f8k2m9\nnotify: %s\n", yaml);
	if (gsp_home_parse(h, "gsp.yaml", gsp_buf_str(&text), text.len, &err) == -1) {
		gsp_home_free(h);
		h = NULL;
	}
	gsp_buf_release(&text);
	return h;
}

static const char *
why(const char *yaml)
{
	struct gsp_home *h = parse(yaml);

	if (h == NULL)
		return err.msg;
	gsp_home_free(h);
	return "accepted";
}

static void
settings(void)
{
	struct gsp_home *h = parse("[{discord_file: d}, {webhook: 'https://example.org/x', on: [ready, failed]},"
	                           " {ntfy: 'https://ntfy.sh/a_B-1', token_file: t}, {command: [mail, me]}]");
	struct gsp_buf label = GSP_BUF_INIT(256);

	OK(h != NULL && h->notify.n == 4);
	IS_INT(h->notify.v[0].kind, GSP_NOTIFY_DISCORD);
	IS_STR(h->notify.v[0].file, "d");
	IS_INT(h->notify.v[0].on, (1 << GSP_NOTICE_EVENTS) - 1);
	IS_INT(h->notify.v[1].on, 1 << GSP_NOTICE_READY | 1 << GSP_NOTICE_FAILED);
	IS_STR(h->notify.v[2].token_file, "t");
	IS_INT(h->notify.v[3].command.n, 2);
	OK(strncmp(h->notify.v[0].id, "discord-", 8) == 0 && strlen(h->notify.v[0].id) == 16);
	OK(strcmp(h->notify.v[0].id, h->notify.v[1].id) != 0);
	gsp_notify_label(&label, &h->notify.v[1]);
	IS_STR(gsp_buf_str(&label), "webhook at example.org");
	gsp_home_free(h);
	gsp_buf_release(&label);
	IS_STR(why(""), "accepted");
	IS_STR(why("[]"), "accepted");
	IS_STR(why("[{command: [x]}, {command: [x, y]}]"), "accepted");
	IS_STR(why("[{command: [x]}, {command: [x]}]"), "gsp.yaml:2:26: this target is there twice");
	IS_STR(why("[{on: [up]}]"), "gsp.yaml:2:10: a target wants one of discord_file, webhook, "
	    "webhook_file, ntfy, ntfy_file, command");
	IS_STR(why("[{command: [-x]}]"), "gsp.yaml:2:21: the name of a program is wanted here");
	IS_STR(why("[{command: []}]"), "gsp.yaml:2:20: a list of words, such as [notify-send, gsp]");
	IS_STR(why("[{webhook_file: x, token_file: y}]"), "gsp.yaml:2:10: token_file belongs to ntfy");
	OK(strstr(why("[x]"), "a target is a map") != NULL);
	OK(strstr(why("[{webhook: 'https://hooks.slack.com/services/SeCrEt'}]"), "webhook_file") != NULL);
	OK(strstr(err.msg, "SeCrEt") == NULL);
	OK(strstr(why("[{webhook: 'https://u:SeCrEt@example.org/'}]"), "webhook_file") != NULL);
	OK(strstr(err.msg, "SeCrEt") == NULL);
	OK(strstr(why("[{ntfy: 'https://ntfy.sh/a b'}]"), "ntfy_file") != NULL);
	OK(strstr(why("[{ntfy: 'https://ntfy.sh'}]"), "no topic") != NULL);
}

/* ---- texts ---- */

static const char *
clean(const char *text, size_t max)
{
	static struct gsp_buf b = GSP_BUF_INIT(8192);

	gsp_buf_reset(&b);
	gsp_notice_clean(&b, text, max);
	return gsp_buf_str(&b);
}

static void
texts(void)
{
	IS_STR(clean("plain", 100), "plain");
	IS_STR(clean("a\nb\tc\rd", 100), "a b c d");
	IS_STR(clean("\033[31m\x7f\x01", 100), "?[31m??");
	IS_STR(clean("\xc2\x9b|\xe2\x80\xae|\xe2\x80\x8b|\xef\xbb\xbf", 100), "?|?|?|?");
	IS_STR(clean("\xd8\x9c|\xe2\x81\xa0|\xe2\x80\x8d", 100), "?|?|\xe2\x80\x8d");
	IS_STR(clean("gr\xc3\xbc\xc3\x9f \xf0\x9f\x8e\xae", 100), "gr\xc3\xbc\xc3\x9f \xf0\x9f\x8e\xae");
	IS_STR(clean("\xff\xc3|\xed\xa0\x80|\xc0\xaf|\xf4\x90\x80\x80|\xe2\x82", 100), "??|???|??|????|??");
	IS_STR(clean("1234567890", 10), "1234567890");
	IS_STR(clean("12345678901", 10), "1234567...");
	IS_STR(clean("123456\xc3\xbc\xc3\xbc\xc3\xbc", 10), "123456...");
	IS_STR(clean("", 10), "");
}

static char *
content_of(const struct gsp_notice_message *m)
{
	static char out[16384];
	struct gsp_buf b = GSP_BUF_INIT(65536);
	struct gsp_json *o = NULL;

	gsp_discord_body(&b, m);
	if (gsp_json_parse(&o, gsp_buf_str(&b), b.len, &err) == -1)
		abort();
	OK(gsp_json_is_arr(gsp_json_get(gsp_json_get(o, "allowed_mentions"), "parse")) &&
	    gsp_json_count(gsp_json_get(gsp_json_get(o, "allowed_mentions"), "parse")) == 0);
	snprintf(out, sizeof(out), "%s", gsp_json_str(o, "content", ""));
	gsp_json_free(o);
	gsp_buf_release(&b);
	return out;
}

static void
discord_message(void)
{
	static struct gsp_notice_message m;
	char text[1400];
	const char *c;

	memset(&m, 0, sizeof(m));
	gsp_notice_message_add(&m, 1000000, GSP_NOTICE_UP, "a_b at [2001:db8::1]:25565, $0.07");
	gsp_notice_message_add(&m, 2000000, GSP_NOTICE_IDLE, "10 min");
	gsp_notice_message_add(&m, 3000000, GSP_NOTICE_IDLE, "5 min");
	IS_STR(content_of(&m), "<t:1000:t> a\\_b at \\[2001:db8::1\\]:25565, $0.07\n<t:3000:t> 5 min");
	/* a link that somebody slipped in leads nowhere */
	memset(&m, 0, sizeof(m));
	gsp_notice_message_add(&m, 1000, GSP_NOTICE_FAILED, "see https://evil.example/x");
	IS_STR(content_of(&m), "<t:1:t> see https\\://evil.example/x");
	/* every byte needs a backslash, and the ceiling holds */
	memset(text, '*', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	memset(&m, 0, sizeof(m));
	gsp_notice_message_add(&m, 1000, GSP_NOTICE_FAILED, text);
	c = content_of(&m);
	OK(gsp_utf8_count(c) <= 2000 && gsp_utf8_count(c) > 1990 && strcmp(c + strlen(c) - 5, "\\*\xe2\x80\xa6") == 0);
	/* characters, not bytes */
	for (size_t i = 0; i + 2 < sizeof(text); i += 2)
		memcpy(text + i, "\xc3\xbc", 2);
	text[sizeof(text) - 2] = '\0';
	memset(&m, 0, sizeof(m));
	gsp_notice_message_add(&m, 1000, GSP_NOTICE_UP, text);
	gsp_notice_message_add(&m, 1000, GSP_NOTICE_READY, text);
	c = content_of(&m);
	IS_INT(gsp_utf8_count(c), 2 * (8 + 699) + 1); /* "<t:1:t> " */
	/* the oldest line goes */
	gsp_notice_message_add(&m, 2000, GSP_NOTICE_LEASE, text);
	c = content_of(&m);
	OK(strstr(c, "<t:2:t>") != NULL);
	IS_INT(gsp_utf8_count(c), 2 * (8 + 699) + 1);
	/* only so many lines */
	memset(&m, 0, sizeof(m));
	for (int i = 0; i < 40; i++)
		gsp_notice_message_add(&m, 1000 * i, i % 2 ? GSP_NOTICE_IDLE : GSP_NOTICE_LEASE, "x");
	IS_INT(m.nlines, GSP_NOTICE_LINES);
	IS_INT(m.lines[GSP_NOTICE_LINES - 1].t_ms, 39000);
}

static const char *
hook(const char *url)
{
	static char out[2048];
	struct gsp_discord_hook h = GSP_DISCORD_HOOK_INIT;

	gsp_err_clear(&err);
	if (gsp_discord_hook_parse(&h, url, &err) == 0)
		snprintf(out, sizeof(out), "%s %s", gsp_buf_str(&h.post), gsp_buf_str(&h.edit));
	else
		snprintf(out, sizeof(out), "%s", strstr(err.msg, "SeCrEt") != NULL ? "told it" : "no");
	gsp_discord_hook_release(&h);
	return out;
}

static void
hooks(void)
{
#define POST "https://discord.com/api/v10/webhooks/123/SeCrEt-_9"
	IS_STR(hook("https://discord.com/api/webhooks/123/SeCrEt-_9"), POST "?wait=true " POST "/messages/");
	IS_STR(hook("https://discord.com/api/v6/webhooks/123/SeCrEt-_9/"), POST "?wait=true " POST "/messages/");
	IS_STR(hook("https://discord.com/api/webhooks/123/SeCrEt-_9?thread_id=77"),
	    POST "?wait=true&thread_id=77 " POST "/messages/");
	IS_STR(hook("http://127.0.0.1:8/api/webhooks/1/SeCrEt"),
	    "http://127.0.0.1:8/api/v10/webhooks/1/SeCrEt?wait=true "
	    "http://127.0.0.1:8/api/v10/webhooks/1/SeCrEt/messages/");
	IS_STR(hook("http://discord.com/api/webhooks/123/SeCrEt"), "no");
	IS_STR(hook("https://discord.com/api/webhooks/123/"), "no");
	IS_STR(hook("https://discord.com/api/webhooks/x/SeCrEt"), "no");
	IS_STR(hook("https://discord.com/api/webhooks/123/SeCrEt/../x"), "no");
	IS_STR(hook("https://discord.com/api/webhooks/123/SeCrEt?a=b"), "no");
	IS_STR(hook("https://discord.com/api/webhooks/123456789012345678901/SeCrEt"), "no");
	IS_STR(hook("https://discord.com/api/v"), "no");
	IS_STR(hook("https://discord.com/api/v10"), "no");
	IS_STR(hook("https://discord.com/api/v10webhooks/1/SeCrEt"), "no");
	IS_STR(hook("https://u:SeCrEt@discord.com/api/webhooks/1/SeCrEt"), "no");
	IS_STR(hook("SeCrEt"), "no");
	IS_STR(hook(""), "no");
}

static void
answers(void)
{
	struct gsp_notice_answer a;
	const char *t = "{\"message\":\"You are\\u001b slow\",\"retry_after\":64.57,\"code\":0}";

	gsp_notice_answer_parse(&a, t, strlen(t));
	IS_STR(a.why, "You are? slow");
	OK(a.retry_ms == 64570 || a.retry_ms == 64571); /* never too early, but for a rounding */
	IS_STR(a.message_id, "");
	t = "{\"id\":\"1234567890123456789\",\"code\":10008}";
	gsp_notice_answer_parse(&a, t, strlen(t));
	IS_STR(a.message_id, "1234567890123456789");
	IS_INT(a.code, 10008);
	IS_INT(a.retry_ms, -1);
	t = "{\"id\":\"1/../2\",\"retry_after\":1e99,\"error\":\"no\"}";
	gsp_notice_answer_parse(&a, t, strlen(t));
	IS_STR(a.message_id, "");
	IS_INT(a.retry_ms, 3600000);
	IS_STR(a.why, "no");
	gsp_notice_answer_parse(&a, "<html>", 6);
	IS_STR(a.why, "");
	gsp_notice_answer_parse(&a, "[1]", 3);
	IS_INT(a.retry_ms, -1);
	IS_INT(gsp_notice_backoff_ms(1, 0), 5000);
	IS_INT(gsp_notice_backoff_ms(3, 0), 20000);
	IS_INT(gsp_notice_backoff_ms(1000000, 0), 300000);
	OK(gsp_notice_backoff_ms(1, 999) < 6250 && gsp_notice_backoff_ms(1, 999) > 6200);
}

static void
ntfy(void)
{
	struct gsp_notice_item it = GSP_NOTICE_ITEM_INIT;
	struct gsp_buf base = GSP_BUF_INIT(256), topic = GSP_BUF_INIT(256), body = GSP_BUF_INIT(4096);
	struct gsp_home *h = parse("");

	OK(gsp_ntfy_split(&base, &topic, "https://example.org/ntfy/my_topic", &err) == 0);
	IS_STR(gsp_buf_str(&base), "https://example.org/ntfy/");
	IS_STR(gsp_buf_str(&topic), "my_topic");
	OK(gsp_ntfy_split(&base, &topic, "https://example.org/", &err) == -1);
	OK(gsp_ntfy_split(&base, &topic, "https://example.org/a?b", &err) == -1);
	OK(gsp_ntfy_split(&base, &topic, "http://example.org/a", &err) == -1);
	gsp_notice_item_make(&it, h, "toy", NULL, GSP_NOTICE_FAILED, "it \"broke\"");
	it.t_ms = 1000;
	gsp_ntfy_body(&body, &it, "t", 2000);
	IS_STR(gsp_buf_str(&body), "{\"topic\":\"t\",\"title\":\"gsp toy: failed\",\"message\":\"it \\\"broke\\\"\","
	                           "\"priority\":4,\"tags\":[\"warning\"]}");
	gsp_buf_reset(&body);
	gsp_ntfy_body(&body, &it, "t", 1000 + 121000);
	OK(strstr(gsp_buf_str(&body), "broke\\\" (of 1970-01-01T00:00:01Z)") != NULL);
	gsp_notice_item_release(&it);
	gsp_buf_release(&base);
	gsp_buf_release(&topic);
	gsp_buf_release(&body);
	gsp_home_free(h);
}

/* ---- on disk ---- */

static void
spool(void)
{
	static const char outside[] = "{\"schema\":\"gsp.notice/1\",\"event\":\"up\",\"server\":\"../x\"}";
	struct gsp_notice_item it = GSP_NOTICE_ITEM_INIT, got = GSP_NOTICE_ITEM_INIT;
	struct gsp_home *h = parse("[{command: [x]}]");
	struct gsp_argv names = GSP_ARGV_INIT;
	const char *id = h->notify.v[0].id;
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct stat st;

	gsp_notice_waiting(&names, h, id);
	IS_INT(names.n, 0);
	gsp_notice_item_make(&it, h, "toy", "s123", GSP_NOTICE_READY, "one");
	OK(gsp_notice_put(h, id, &it, &err) == 0);
	/* the clock goes back a day: still after it */
	gsp_notice_item_make(&it, h, "toy", NULL, GSP_NOTICE_SAVED, "two");
	it.t_ms -= 86400000;
	OK(gsp_notice_put(h, id, &it, &err) == 0);
	gsp_notice_item_make(&it, h, NULL, NULL, GSP_NOTICE_STRAY, "three");
	it.t_ms = 0;
	OK(gsp_notice_put(h, id, &it, &err) == 0);
	gsp_notice_waiting(&names, h, id);
	IS_INT(names.n, 3);
	OK(stat(gsp_home_path(h, &path, "state/notify/%s/waiting/%s", id, names.v[0]), &st) == 0 && (st.st_mode & 0777) == 0600);
	OK(gsp_notice_get(&got, h, id, names.v[0], &err) == 0);
	IS_STR(gsp_buf_str(&got.text), "one");
	IS_STR(got.server, "toy");
	IS_STR(got.session, "s123");
	IS_INT(got.event, GSP_NOTICE_READY);
	OK(gsp_notice_get(&got, h, id, names.v[1], &err) == 0);
	IS_STR(gsp_buf_str(&got.text), "two");
	OK(gsp_notice_get(&got, h, id, names.v[2], &err) == 0);
	IS_STR(gsp_buf_str(&got.text), "three");
	IS_STR(got.server, "");
	OK(gsp_notice_done(h, id, names.v[0], &err) == 0 && gsp_notice_done(h, id, names.v[0], &err) == 0);
	gsp_argv_release(&names);
	gsp_notice_waiting(&names, h, id);
	IS_INT(names.n, 2);
	gsp_err_clear(&err);
	OK(gsp_notice_item_parse(&got, "{}", 2, &err) == -1 && err.code == GSP_EPROTO);
	OK(gsp_notice_item_parse(&got, outside, strlen(outside), &err) == -1);
	gsp_argv_release(&names);
	gsp_buf_release(&path);
	gsp_notice_item_release(&it);
	gsp_notice_item_release(&got);
	gsp_home_free(h);
}

static void
memory(void)
{
	static struct gsp_notice_message m;
	struct gsp_home *h = parse("[{command: [x]}]");
	const char *id = h->notify.v[0].id;
	struct gsp_notice_status s;
	struct gsp_argv lines = GSP_ARGV_INIT;
	char server[32];

	gsp_notice_status_load(&s, h, id);
	OK(!s.broken && s.tries == 0 && s.why[0] == '\0');
	gsp_notice_trouble(&lines, h);
	IS_INT(lines.n, 0);
	s = (struct gsp_notice_status){.broken = true, .tries = 3, .since_ms = gsp_wall_ms() - 65000,
	    .not_before_ms = 12, .stamp = "st", .why = "it \"hangs\""};
	gsp_notice_status_save(&s, h, id);
	memset(&s, 0, sizeof(s));
	gsp_notice_status_load(&s, h, id);
	OK(s.broken && s.tries == 3 && s.not_before_ms == 12);
	IS_STR(s.stamp, "st");
	gsp_notice_trouble(&lines, h);
	IS_STR(lines.n == 1 ? lines.v[0] : "", "notify: command x has not worked for 1 min 05 s: it "
	    "\"hangs\"; 'gsp notify --test' tries it");
	gsp_argv_release(&lines);

	gsp_notice_message_load(&m, h, id, "toy", "s1");
	OK(m.id[0] == '\0' && m.nlines == 0);
	gsp_notice_message_add(&m, 5000, GSP_NOTICE_UP, "up");
	snprintf(m.id, sizeof(m.id), "77");
	OK(gsp_notice_message_save(&m, h, id, &err) == 0);
	gsp_notice_message_load(&m, h, id, "toy", "s2");
	OK(m.id[0] == '\0' && m.nlines == 0);
	gsp_notice_message_load(&m, h, id, "toy", "s1");
	IS_STR(m.id, "77");
	OK(m.nlines == 1 && m.lines[0].t_ms == 5000 && m.lines[0].event == GSP_NOTICE_UP);
	for (int i = 0; i < 40; i++) { /* the newest 32 servers' */
		snprintf(server, sizeof(server), "other%d", i);
		gsp_notice_message_load(&m, h, id, server, "s1");
		gsp_notice_message_add(&m, 1, GSP_NOTICE_UP, "up");
		OK(gsp_notice_message_save(&m, h, id, &err) == 0);
	}
	gsp_notice_message_load(&m, h, id, "other39", "s1");
	IS_INT(m.nlines, 1);
	gsp_notice_message_load(&m, h, id, "toy", "s1");
	IS_INT(m.nlines, 0);
	gsp_notice_message_load(&m, h, id, "other39", "s1");
	m.nlines = 0;
	OK(gsp_notice_message_save(&m, h, id, &err) == 0);
	gsp_notice_message_load(&m, h, id, "other39", "s1");
	IS_INT(m.nlines, 0);
	gsp_home_free(h);
}

/* No gsp-notify beside this test: the notice stays where it was put, and the caller knows nothing. */
static void
giving(void)
{
	struct gsp_home *h = parse("[{command: [y], on: [failed]}, {command: [z], on: [ready]}]");
	struct gsp_argv names = GSP_ARGV_INIT;

	OK(gsp_notice_told(h, NULL, GSP_NOTICE_FAILED));
	OK(!gsp_notice_told(h, NULL, GSP_NOTICE_STRAY));
	gsp_notice(h, NULL, NULL, GSP_NOTICE_STRAY, "nobody");
	gsp_notice_waiting(&names, h, h->notify.v[0].id);
	IS_INT(names.n, 0);
	gsp_notice(h, NULL, NULL, GSP_NOTICE_FAILED, "somebody");
	gsp_notice_waiting(&names, h, h->notify.v[0].id);
	IS_INT(names.n, 1);
	gsp_argv_release(&names);
	gsp_notice_waiting(&names, h, h->notify.v[1].id);
	IS_INT(names.n, 0);
	IS_STR(gsp_notice_who("discord:12/kim"), "kim");
	IS_STR(gsp_notice_who("kim"), "kim");
	IS_STR(gsp_notice_who("x/"), "x/");
	gsp_argv_release(&names);
	gsp_home_free(h);
}

int
main(void)
{
	(void)snprintf(root, sizeof(root), "/tmp/gsp-notice.XXXXXX");
	if (mkdtemp(root) == NULL)
		return 71;
	settings();
	texts();
	discord_message();
	hooks();
	answers();
	ntfy();
	spool();
	memory();
	giving();
	gsp_io_rmtree(root, &err);
	return done();
}
