#include "discord/message.h"
#include "discord/message_priv.h"
#include "sys/io.h"
#include "tap.h"

#include "base/banned.h"

#define FFFD "\xef\xbf\xbd"
#define DOTS "\xe2\x80\xa6"

static struct gsp_err err;

/* ---- texts made harmless ---- */

static const char *
blocked(const char *text, size_t max)
{
	static struct gsp_buf b = GSP_BUF_INIT(1 << 20);

	gsp_buf_reset(&b);
	gsp_message_block(&b, text, max);
	return gsp_buf_str(&b);
}

static void
block(void)
{
	IS_STR(blocked("one\ntwo\n\n", 100), "```\none\ntwo\n```");
	IS_STR(blocked("a ``` b `c`", 100), "```\na `\xe2\x80\x8b`\xe2\x80\x8b` b `c`\n```");
	IS_STR(blocked("`\x1b[0m`\x1b[0m`", 100), "```\n`\xe2\x80\x8b`\xe2\x80\x8b`\n```");
	IS_STR(blocked("\x1b[1;31mred\x1b[0m \x07\r\n@everyone <@1>", 100),
	    "```\nred " FFFD "\n@everyone <@1>\n```"); /* in code they are words */
	IS_STR(blocked("first\nsecond\nthird", 14), "```\nsecond\nthird\n```");
	IS_STR(blocked("first\nsecond\nthird", 12), "```\nsecond\nthird\n```");
	IS_STR(blocked("first\nsecond\nthird", 11), "```\nthird\n```");
	IS_STR(blocked("0123456789", 4), "```\n6789\n```");
	IS_STR(blocked("\xff\xe2\x80\xae", 9), "```\n" FFFD FFFD "\n```");
}

static const char *
worded(const char *text)
{
	static struct gsp_buf b = GSP_BUF_INIT(1 << 20);

	gsp_buf_reset(&b);
	gsp_text_words(&b, text, 2000);
	return gsp_buf_str(&b);
}

static void
words(void)
{
	IS_STR(worded("'gsp up toy' makes one"), "`/server up name:toy` makes one");
	IS_STR(worded("x; 'gsp up toy --from 41', or 'gsp-up --from 40 toy'"),
	    "x; `/server up name:toy save:41`, or `/server up name:toy save:40`");
	IS_STR(worded("server 'toy' is busy: 'state/toy/lock' is locked: discord:15/bert: provision (pid 53), for 2 s; "
	           "'gsp status toy' shows how far it is"),
	    "server 'toy' is busy: bert: provision, for 2 s; `/server status name:toy` shows how far it is");
	IS_STR(worded("going on as generation 5, of 2 generations; regeneration"),
	    "going on as save 5, of 2 saves; regeneration");
	IS_STR(worded("'state/toy/lock' (pid x) discord:bert/x"), "'state/toy/lock' (pid x) discord:bert/x");
	IS_STR(worded("ask in <#14000> <#> <#1x> <@15>"), "ask in <#14000> \\<\\#\\> \\<\\#1x\\> \\<\\@15\\>");
	IS_STR(worded("'gsp down toy --even-if-playing'"), "`/server down name:toy`");
	IS_STR(worded("'gsp logs toy start'"), "`/server logs name:toy script:start`");
	IS_STR(worded("'gsp saves list toy' 'gsp saves restore toy 7'"),
	    "`/server saves name:toy` `/server restore name:toy save:7`");
	IS_STR(worded("'gsp lease toy +1h' 'gsp lease toy hold 30m' 'gsp lease toy release' 'gsp lease toy'"),
	    "`/server extend name:toy time:1h` `/server hold name:toy time:30m` "
	    "`/server hold name:toy time:release` `/server status name:toy`");
	IS_STR(worded("'gsp query toy' 'gsp cost' 'gsp status' 'gsp status toy' 'gsp restart toy'"),
	    "`/server players name:toy` `/server cost` `/server status` `/server status name:toy` "
	    "`/server restart name:toy`");
	/* what the chat cannot do, and what could be something else */
	IS_STR(worded("'gsp teardown toy'"), "`gsp teardown toy` (the owner types it)");
	IS_STR(worded("'gsp down --kill toy'"), "`gsp down --kill toy` (the owner types it)");
	IS_STR(worded("'gsp up toy creative'"), "`gsp up toy creative` (the owner types it)");
	IS_STR(worded("'gsp up --from N toy'"), "`gsp up --from N toy` (the owner types it)");
	IS_STR(worded("'gsp up `x'"), "`gsp up " FFFD "x` (the owner types it)");
	IS_STR(worded("'gsp up "), "'gsp up ");
	IS_STR(worded("it's 'gsp'"), "it's 'gsp'");
	IS_STR(worded("'/server list' shows"), "`/server list` shows");
	/* the owner's computer is nobody's business */
	IS_STR(worded("needs '/home/anna/gsp/servers/toy/start': no"), "needs 'servers/toy/start': no");
	IS_STR(worded("/home/anna/my_gsp/gsp.yaml:3:5: unknown"), "gsp.yaml:3:5: unknown");
	IS_STR(worded("cannot open '/home/anna/my games/x_y'"), "cannot open 'x\\_y'");
	IS_STR(worded("/root/gsp/state/toy/lock, /var/lib/gsp/token"), "state/toy/lock, token");
	IS_STR(worded("log /var/log/gsp/start.log, /srv/toy/world"), "log /var/log/gsp/start.log, /srv/toy/world");
	IS_STR(worded("7777/tcp and files/ 1/2"), "7777/tcp and files/ 1/2");
	/* roles that would help stay names; nothing else does */
	IS_STR(worded("ask <@&123>, <@&45>"), "ask <@&123>, <@&45>");
	IS_STR(worded("ask in <#123>, <#x> <#>"), "ask in <#123>, \\<\\#x\\> \\<\\#\\>");
	IS_STR(worded("ask <@123> <@&x> <@&>"), "ask \\<\\@123\\> \\<\\@&x\\> \\<\\@&\\>");
}

static void
cut(void)
{
	struct gsp_buf b = GSP_BUF_INIT(4096);

	gsp_buf_adds(&b, "abc `code that is long` d");
	gsp_text_cut(&b, 12);
	IS_STR(gsp_buf_str(&b), "abc `code `" DOTS);
	gsp_buf_reset(&b);
	gsp_buf_adds(&b, "ab\\*cd");
	gsp_text_cut(&b, 5);
	IS_STR(gsp_buf_str(&b), "ab" DOTS);
	gsp_buf_release(&b);
}

/* ---- bodies ---- */

static struct gsp_buf body = GSP_BUF_INIT(16384);

/* The body as JSON; its content is checked to fit, its mentions to be switched off. */
static struct gsp_json *
parsed(bool is_answer)
{
	struct gsp_json *o = NULL;
	const struct gsp_json *data, *mentions;
	const char *content;

	OK(gsp_buf_ok(&body));
	if (gsp_json_parse(&o, gsp_buf_str(&body), body.len, &err) == -1) {
		printf("Bail out! %s\n", err.msg);
		exit(1);
	}
	gsp_buf_reset(&body);
	data = is_answer ? gsp_json_get(o, "data") : o;
	content = gsp_json_str(data, "content", NULL);
	if (content != NULL) {
		mentions = gsp_json_get(data, "allowed_mentions");
		OK(gsp_utf8_count(content) >= 1 && gsp_utf8_count(content) <= GSP_MESSAGE_CONTENT_MAX);
		OK(gsp_json_is_arr(gsp_json_get(mentions, "parse")) &&
		    gsp_json_count(gsp_json_get(mentions, "parse")) == 0);
	}
	return o;
}

static void
answers(void)
{
	struct gsp_json *o;
	const struct gsp_json *d;
	static char huge[9000];

	gsp_message_defer(&body, true);
	IS_STR(gsp_buf_str(&body), "{\"type\":5}");
	gsp_buf_reset(&body);
	gsp_message_defer(&body, false);
	IS_STR(gsp_buf_str(&body), "{\"type\":5,\"data\":{\"flags\":64}}");
	gsp_buf_reset(&body);
	gsp_message_ephemeral(&body, "*no* <@&7>");
	o = parsed(true);
	d = gsp_json_get(o, "data");
	IS_INT(gsp_json_u64(o, "type", 0), 4);
	IS_INT(gsp_json_u64(d, "flags", 0), 64);
	IS_STR(gsp_json_str(d, "content", ""), "\\*no\\* <@&7>");
	gsp_json_free(o);
	gsp_message_update(&body, "**as it is**");
	o = parsed(true);
	d = gsp_json_get(o, "data");
	IS_INT(gsp_json_u64(o, "type", 0), 7);
	IS_STR(gsp_json_str(d, "content", ""), "**as it is**");
	OK(gsp_json_is_arr(gsp_json_get(d, "components")) && gsp_json_count(gsp_json_get(d, "components")) == 0);
	gsp_json_free(o);
	memset(huge, '`', sizeof(huge) - 1);
	gsp_message_text(&body, huge);
	gsp_json_free(parsed(false));
	gsp_message_text(&body, "");
	gsp_json_free(parsed(false));
	memset(huge, '\x01', sizeof(huge) - 1);
	gsp_message_ephemeral(&body, huge);
	gsp_json_free(parsed(true));
}

static void
choices(void)
{
	static struct gsp_talk_choice c[30];
	struct gsp_talk t;
	struct gsp_json *o;
	const struct gsp_json *list;

	gsp_talk_init(&t, GSP_TALK_CHOICES);
	for (size_t i = 0; i < 30; i++) {
		snprintf(c[i].name, sizeof(c[i].name), "s%zu *up*\n@everyone", i);
		snprintf(c[i].value, sizeof(c[i].value), "s%zu", i);
	}
	memset(c[2].name, 0xf0, 100);
	t.choices = c;
	t.nchoices = 30;
	gsp_message_choices(&body, &t);
	o = parsed(true);
	IS_INT(gsp_json_u64(o, "type", 0), 8);
	list = gsp_json_get(gsp_json_get(o, "data"), "choices");
	IS_INT(gsp_json_count(list), 25);
	IS_STR(gsp_json_str(gsp_json_first(list), "name", ""), "s0 *up*?@everyone");
	IS_STR(gsp_json_str(gsp_json_first(list), "value", ""), "s0");
	OK(gsp_utf8_count(gsp_json_str(gsp_json_next(gsp_json_next(gsp_json_first(list))), "name", "")) <= 100);
	gsp_json_free(o);
	snprintf(c[0].value, sizeof(c[0].value), "41");
	snprintf(c[1].value, sizeof(c[1].value), "40");
	t.nchoices = 2; /* saves: numbers */
	gsp_message_choices(&body, &t);
	o = parsed(true);
	list = gsp_json_get(gsp_json_get(o, "data"), "choices");
	IS_INT(gsp_json_u64(gsp_json_first(list), "value", 0), 41);
	IS_INT(gsp_json_u64(gsp_json_next(gsp_json_first(list)), "value", 0), 40);
	gsp_json_free(o);
	t.nchoices = 3; /* not all: texts, as Discord wants them of one kind */
	gsp_message_choices(&body, &t);
	o = parsed(true);
	list = gsp_json_get(gsp_json_get(o, "data"), "choices");
	IS_STR(gsp_json_str(gsp_json_first(list), "value", ""), "41");
	gsp_json_free(o);
	t.nchoices = 0;
	gsp_message_choices(&body, &t);
	IS_STR(gsp_buf_str(&body), "{\"type\":8,\"data\":{\"choices\":[]}}");
	gsp_buf_reset(&body);
}

static void
question(void)
{
	struct gsp_talk t;
	struct gsp_json *o;
	const struct gsp_json *row, *b;
	char nonce[33];
	bool yes = false;

	gsp_talk_init(&t, GSP_TALK_QUESTION);
	t.verb = GSP_VERB_DOWN;
	t.players = 2;
	t.until_ms = 1795380000999;
	snprintf(t.server, sizeof(t.server), "vanilla");
	snprintf(t.nonce, sizeof(t.nonce), "n0nce_-");
	snprintf(t.names, sizeof(t.names), "anna, **ben**");
	gsp_message_question(&body, &t);
	o = parsed(false);
	IS_STR(gsp_json_str(o, "content", ""), "Stop **vanilla**, bring the save home and give the machine back?"
	    " **2** play and are thrown out: anna, \\*\\*ben\\*\\*.\nWhoever asked has to answer <t:1795380000:R>.");
	row = gsp_json_first(gsp_json_get(o, "components"));
	IS_INT(gsp_json_u64(row, "type", 0), 1);
	b = gsp_json_first(gsp_json_get(row, "components"));
	IS_INT(gsp_message_button(nonce, &yes, gsp_json_str(b, "custom_id", "")), 0);
	OK(yes && strcmp(nonce, "n0nce_-") == 0);
	b = gsp_json_next(b);
	IS_INT(gsp_message_button(nonce, &yes, gsp_json_str(b, "custom_id", "")), 0);
	OK(!yes && gsp_json_next(b) == NULL);
	gsp_json_free(o);
	t.players = -1;
	gsp_message_question(&body, &t);
	o = parsed(false);
	OK(strstr(gsp_json_str(o, "content", ""), "Nobody can tell who plays") != NULL);
	gsp_json_free(o);
	t.players = -2; /* of a down: nobody was asked, for there is nothing to play on */
	gsp_message_question(&body, &t);
	o = parsed(false);
	OK(strstr(gsp_json_str(o, "content", ""), "Stop **vanilla** all the same? As far as is known here it has no "
	    "machine.\nWhoever") != NULL);
	gsp_json_free(o);
	gsp_message_question_over(&body, &t);
	o = parsed(false);
	IS_STR(gsp_json_str(o, "content", ""), "Nothing was done: **vanilla** is as it was.");
	IS_INT(gsp_json_count(gsp_json_get(o, "components")), 0);
	OK(gsp_json_get(o, "components") != NULL);
	gsp_json_free(o);
	IS_INT(gsp_message_button(nonce, &yes, "gsp1::yes"), -1);
	IS_INT(gsp_message_button(nonce, &yes, "gsp1:x:yes "), -1);
	IS_INT(gsp_message_button(nonce, &yes, "gsp2:x:yes"), -1);
	IS_INT(gsp_message_button(nonce, &yes, ""), -1);
}

/* ---- what the tools print: captured from them ---- */

static char *
slurp(const char *name)
{
	struct gsp_buf b = GSP_BUF_INIT(1 << 20);
	char path[256];

	snprintf(path, sizeof(path), "test/data/discord/%s", name);
	if (gsp_io_read_file(&b, path, &err) == -1) {
		printf("Bail out! %s\n", err.msg);
		exit(1);
	}
	return gsp_buf_take(&b);
}

/* What is said of it. */
static const char *
said(enum gsp_verb verb, const char *server, int status, const char *out, const char *stderr_text)
{
	static char content[16384];
	char out_copy[1], *text = out != NULL && out[0] == '@' ? slurp(out + 1) : NULL;
	struct gsp_talk t;
	struct gsp_json *o;

	out_copy[0] = '\0';
	gsp_talk_init(&t, GSP_TALK_RESULT);
	t.verb = verb;
	t.status = status;
	snprintf(t.server, sizeof(t.server), "%s", server);
	t.out = text != NULL ? text : out != NULL ? (char *)(uintptr_t)out : out_copy;
	t.said = (char *)(uintptr_t)stderr_text;
	gsp_message_result(&body, &t, 1795380070);
	o = parsed(false);
	snprintf(content, sizeof(content), "%s", gsp_json_str(o, "content", ""));
	gsp_json_free(o);
	free(text);
	return content;
}

static void
status(void)
{
	IS_STR(said(GSP_VERB_LIST, "", 0, "@status1.out", ""),
	    "\xe2\x9a\xaa **creative** is off\n\xe2\x9a\xaa **third** is off\n"
	    "\xf0\x9f\x9f\xa2 **toy** is up \xc2\xb7 `198.18.0.10:7777`");
	IS_STR(said(GSP_VERB_STATUS, "toy", 0, "@status_toy.out", ""),
	    "\xf0\x9f\x9f\xa2 **toy** is up \xc2\xb7 `198.18.0.10:7777` \xc2\xb7 $0.0075 so far, $0.0075 an hour"
	    " \xc2\xb7 stops <t:1795401667:R> (<t:1795401667:t>)"); /* nobody asked how to end what is well */
	OK(strstr(said(GSP_VERB_STATUS, "", 0, "@status_fail.out", ""),
	       "its words are in `/server logs name:creative script:start`") != NULL);
	/* down is no failure: it is what was asked */
	OK(strstr(said(GSP_VERB_STATUS, "toy", 1,
	       "{\"server\":\"toy\",\"stage\":\"none\",\"next\":\"gsp up toy\",\"why\":\"there is no machine\"}\n", ""),
	       "**toy** is off\n\xe2\x86\xb3 `/server up name:toy`") != NULL);
	OK(strstr(said(GSP_VERB_STATUS, "", 0, "{\"server\":\"toy\",\"stage\":\"running\",\"players\":1,"
	       "\"stops\":\"2026-11-22T21:00:00Z\",\"lease\":\"2026-11-22T23:00:00Z\",\"next\":\"gsp down toy\"}", ""),
	       "1 plays \xc2\xb7 stops <t:1795381200:R> (<t:1795381200:t>) if nobody plays") != NULL);
	/* what nobody knows is no zero */
	OK(strstr(said(GSP_VERB_STATUS, "", 0, "{\"server\":\"toy\",\"stage\":\"running\",\"players\":null,"
	       "\"linode_id\":1,\"hourly_usd\":null,\"next\":\"gsp down toy\"}", ""), "nobody plays") == NULL);
	OK(strstr(said(GSP_VERB_STATUS, "", 0, "{\"server\":\"x\",\"stage\":\"other\"}\nnonsense\n[]\n", ""),
	       "**x** is other") != NULL);
	OK(strstr(said(GSP_VERB_STATUS, "", 0, "{\"server\":\"gsp-x\",\"stage\":\"stray\",\"kind\":\"firewall\","
	       "\"next\":\"gsp teardown --stray\",\"why\":\"it outlived its machine\"}", ""), "**gsp-x** is a firewall"
	       " without a machine\n\xe2\x86\xb3 it outlived its machine\n\xe2\x86\xb3 the owner types `gsp teardown "
	       "--stray`") != NULL);
	IS_STR(said(GSP_VERB_LIST, "", 0, "", ""), "There are no servers to see.");
}

static void
long_lists(void)
{
	struct gsp_buf b = GSP_BUF_INIT(1 << 20);
	const char *text;

	for (int i = 0; i < 300; i++)
		gsp_buf_addf(&b, "{\"server\":\"server-%d\",\"stage\":\"none\",\"why\":\"there is no machine\"}\n", i);
	text = said(GSP_VERB_LIST, "", 0, gsp_buf_str(&b), "");
	OK(strstr(text, "server-0") != NULL && strstr(text, "server-299") == NULL);
	OK(strstr(text, "\n" DOTS "and 2") != NULL && strstr(text, " more") != NULL);
	gsp_buf_reset(&b);
	for (int i = 300; i > 0; i--)
		gsp_buf_addf(&b, "{\"generation\":%d,\"kind\":\"down\",\"time\":\"2026-11-22T20:00:00Z\",\"bytes\":1000,"
		    "\"actor\":\"discord:1/@everyone\"}\n", i);
	text = said(GSP_VERB_SAVES, "toy", 0, gsp_buf_str(&b), "");
	OK(strstr(text, "**300**") != NULL && strstr(text, DOTS "and 2") != NULL);
	OK(strstr(text, "by \\@everyone") != NULL);
	gsp_buf_reset(&b);
	gsp_buf_adds(&b, "{\"players\":200,\"max\":200,\"names\":[\"");
	for (int i = 0; i < 200; i++)
		gsp_buf_addf(&b, "%s*player*%d", i > 0 ? "\",\"" : "", i);
	gsp_buf_adds(&b, "\"]}");
	text = said(GSP_VERB_PLAYERS, "toy", 0, gsp_buf_str(&b), "");
	OK(strstr(text, "**200** of 200 play on **toy**: \\*player\\*0, ") != NULL && strstr(text, " more") != NULL);
	gsp_buf_reset(&b);
	for (int i = 0; i < 5000; i++)
		gsp_buf_addf(&b, "[%d] ``` line @everyone\n", i);
	text = said(GSP_VERB_LOGS, "toy", 0, gsp_buf_str(&b), "");
	OK(strstr(text, "The last words of **toy**\n```\n[4") != NULL && strstr(text, "[4999]") != NULL);
	IS_STR(strrchr(text, '\n'), "\n```");
	gsp_buf_release(&b);
}

static void
others(void)
{
	IS_STR(said(GSP_VERB_EXTEND, "toy", 0, "@extend.out", ""), "\xe2\x8f\xb1 **toy** runs until "
	    "<t:1795405267:t> (<t:1795405267:R>); by then it will have cost $0.0525");
	OK(strstr(said(GSP_VERB_EXTEND, "toy", 0, "@extend_far.out", ""), "That is as long as it may") != NULL);
	OK(strstr(said(GSP_VERB_HOLD, "toy", 0, "@hold.out", ""), "stays on until <t:1795381869:t>") != NULL);
	OK(strstr(said(GSP_VERB_HOLD, "toy", 0, "@release.out", ""), "is not held any more") != NULL);
	OK(strstr(said(GSP_VERB_EXTEND, "toy", 0, "@extend.out", "gsp-lease: toy: the lease counts, but\n"),
	       "\n\xe2\x9a\xa0 toy: the lease counts, but") != NULL);
	IS_STR(said(GSP_VERB_PLAYERS, "toy", 0, "@query3.out", ""), "\xf0\x9f\x8e\xae **3** play on **toy**");
	IS_STR(said(GSP_VERB_PLAYERS, "toy", 0, "@query.out", ""), "\xf0\x9f\x8e\xae Nobody plays on **toy**");
	OK(strstr(said(GSP_VERB_PLAYERS, "toy", 0, "", ""), "Nobody can tell") != NULL);
	OK(strstr(said(GSP_VERB_SAVES, "toy", 0, "@saves2.out", ""), "\n**2** \xc2\xb7 <t:17953800") != NULL);
	OK(strstr(said(GSP_VERB_SAVES, "toy", 0, "", ""), "has no saves yet") != NULL);
	IS_STR(said(GSP_VERB_COST, "", 0, "@cost2.out", ""),
	    "\xf0\x9f\x92\xb5 **toy** $0.015 for 2 hours in 2 sessions");
	IS_STR(said(GSP_VERB_COST, "", 0, "", ""), "\xf0\x9f\x92\xb5 Nothing was spent.");
	OK(strstr(said(GSP_VERB_COST, "", 0, "{\"row\":\"server\",\"server\":\"a\",\"running\":1,\"usd\":1,\"hours\":2,\"sessions\":1}\n"
	       "{\"row\":\"server\",\"server\":\"b\",\"usd\":null,\"hours\":3,\"sessions\":1}\n"
	       "{\"row\":\"total\",\"usd\":1,\"hours\":5,\"sessions\":2}", ""), "**In all** $1.00 and what nobody knows"
	       " the price of, for 5 hours in 2 sessions\n**a** $1.00 for 2 hours in 1 session, and it runs\n") != NULL);
	OK(strstr(said(GSP_VERB_SAY, "toy", 0, "{}", ""), "The players of **toy** were told.") != NULL);
	IS_STR(said(GSP_VERB_LOGS, "toy", 0, " \n", ""), "**toy** has printed nothing yet.");
}

static void
failures(void)
{
	IS_STR(said(GSP_VERB_SAY, "toy", 65, "", "gsp-run: server 'toy' has no machine; 'gsp up toy' makes one\n"),
	    "\xe2\x9d\x8c server 'toy' has no machine; `/server up name:toy` makes one");
	IS_STR(said(GSP_VERB_PLAYERS, "toy", 1, "", "gsp-query: 'toy' has no machine, so nobody plays on it\n"),
	    "'toy' has no machine, so nobody plays on it");
	IS_STR(said(GSP_VERB_STATUS, "", 75, "", "gsp-status: a warning\ngsp-status: Linode cannot be asked\n"),
	    "\xe2\x8f\xb3 Linode cannot be asked. Try again in a minute.");
	IS_STR(said(GSP_VERB_SAVES, "toy", 65, "", "gsp-saves: refused\n"),
	    "\xe2\x9d\x8c **toy**: refused. Somebody has to look before it goes on.");
	IS_STR(said(GSP_VERB_COST, "", 78, "", "gsp-cost: /home/anna/gsp/gsp.yaml:1:1: unknown key\n"),
	    "\xe2\x9d\x8c gsp.yaml:1:1: unknown key. That is for the owner to mend.");
	IS_STR(said(GSP_VERB_COST, "", -1, "", ""), "\xe2\x9d\x8c it could not be done");
	IS_STR(said(GSP_VERB_LOGS, "toy", 143, "", ""),
	    "\xe2\x9d\x8c **toy**: it ended with status 143. It was interrupted: the same again goes on.");
}

int
main(void)
{
	block();
	words();
	cut();
	answers();
	choices();
	question();
	status();
	long_lists();
	others();
	failures();
	gsp_buf_release(&body);
	return done();
}
