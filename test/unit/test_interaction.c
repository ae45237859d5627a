#include "discord/interaction.h"
#include "discord/snowflake.h"
#include "discord/message.h"
#include "tap.h"

#include "base/banned.h"

static struct gsp_err err;
static struct gsp_interaction it;

#define WHO "\"member\":{\"user\":{\"id\":\"80351110224678912\",\"username\":\"kim\",\"global_name\":\"Kim!\"}," \
	"\"roles\":[\"7\",\"18446744073709551615\"]},\"guild_id\":\"290926798626357999\"," \
	"\"channel_id\":\"645027906669510667\""
#define HEAD "\"id\":\"786008729715212338\",\"application_id\":\"771825006014889984\"," \
	"\"token\":\"aW50ZXJhY3Rpb24_-=\""

/* 0 or -1; ${it} is the caller's to release. */
static int
parse(const char *type, const char *head, const char *who, const char *data)
{
	struct gsp_buf b = GSP_BUF_INIT(1 << 20);
	struct gsp_json *o = NULL;
	int rc;

	gsp_err_clear(&err);
	gsp_buf_addf(&b, "{\"type\":%s,\"version\":1,%s,%s,\"data\":%s}", type, head, who, data);
	if (gsp_json_parse(&o, gsp_buf_str(&b), b.len, &err) == -1) {
		printf("Bail out! %s\n", err.msg);
		exit(1);
	}
	rc = gsp_interaction_parse(&it, o, &err);
	gsp_json_free(o);
	gsp_buf_release(&b);
	return rc;
}

static int
command(const char *options)
{
	char data[4096];

	snprintf(data, sizeof(data), "{\"id\":\"1\",\"name\":\"server\",\"type\":1,\"options\":[%s]}", options);
	return parse("2", HEAD, WHO, data);
}

static int
typing(const char *options)
{
	char data[4096];

	snprintf(data, sizeof(data), "{\"id\":\"1\",\"name\":\"server\",\"type\":1,\"options\":[%s]}", options);
	return parse("4", HEAD, WHO, data);
}

#define SUB(verb, options) "{\"type\":1,\"name\":\"" verb "\",\"options\":[" options "]}"
#define NAME(v) "{\"type\":3,\"name\":\"name\",\"value\":\"" v "\"}"
#define TEXT(k, v) "{\"type\":3,\"name\":\"" k "\",\"value\":\"" v "\"}"
#define SAVE(v) "{\"type\":4,\"name\":\"save\",\"value\":" v "}"

static void
good(void)
{
	IS_INT(command(SUB("up", NAME("vanilla") "," SAVE("41"))), 0);
	IS_INT(it.kind, GSP_INTERACTION_COMMAND);
	IS_INT(it.talk.kind, GSP_TALK_ASK);
	IS_STR(it.id, "786008729715212338");
	IS_STR(it.talk.interaction, it.id);
	IS_STR(it.talk.app, "771825006014889984");
	IS_STR(it.talk.token, "aW50ZXJhY3Rpb24_-=");
	IS_STR(it.talk.server, "vanilla");
	IS_INT(it.talk.save, 41);
	IS_STR(it.talk.who.user, "80351110224678912");
	IS_STR(it.talk.who.name, "kim");
	IS_STR(it.talk.who.guild, "290926798626357999");
	IS_STR(it.talk.who.channel, "645027906669510667");
	IS_STR(it.talk.who.parent, "");
	IS_INT(it.talk.who.nroles, 2);
	IS_STR(it.talk.who.roles[1], "18446744073709551615");
	gsp_interaction_release(&it);
	IS_INT(command(SUB("up", NAME(" Vanilla-2 "))), 0); /* as a phone writes it */
	IS_STR(it.talk.server, "vanilla-2");
	gsp_interaction_release(&it);
	IS_INT(command(SUB("status", "")), 0);
	IS_STR(it.talk.server, "");
	gsp_interaction_release(&it);
	IS_INT(command("{\"type\":1,\"name\":\"list\"}"), 0);
	IS_INT(it.talk.verb, GSP_VERB_LIST);
	gsp_interaction_release(&it);
	IS_INT(command(SUB("extend", NAME("vanilla"))), 0);
	IS_STR(it.talk.time, "1h");
	gsp_interaction_release(&it);
	IS_INT(command(SUB("hold", NAME("vanilla") "," TEXT("time", "release"))), 0);
	IS_STR(it.talk.time, "release");
	gsp_interaction_release(&it);
	IS_INT(command(SUB("cost", TEXT("month", "2026-11"))), 0);
	IS_STR(it.talk.month, "2026-11");
	gsp_interaction_release(&it);
	IS_INT(command(SUB("say", NAME("vanilla") "," TEXT("text", "-rf; $(x) \\u00fc"))), 0);
	IS_STR(it.talk.text, "-rf; $(x) \xc3\xbc");
	gsp_interaction_release(&it);
	IS_INT(command(SUB("logs", NAME("vanilla") "," TEXT("script", "stop"))), 0);
	IS_STR(it.talk.script, "stop");
	gsp_interaction_release(&it);
}

/* refused, with a sentence that has these words; and it can be answered */
static void
bad(const char *options, const char *words)
{
	int rc = command(options);

	OK(rc == -1 && err.code == GSP_EPROTO);
	OK(strstr(err.msg, words) != NULL);
	if (rc == -1 && strstr(err.msg, words) == NULL)
		printf("# '%s' wanted in: %s\n", words, err.msg);
	IS_STR(it.id, "786008729715212338");
	IS_STR(it.token, "aW50ZXJhY3Rpb24_-=");
	gsp_interaction_release(&it);
}

static void
refused(void)
{
	char longest[1200], text[1000];

	bad(SUB("format", NAME("vanilla")), "no such command");
	bad("", "no such command");
	bad(SUB("up", NAME("vanilla")) "," SUB("down", NAME("vanilla")), "no such command");
	bad("{\"type\":2,\"name\":\"up\",\"options\":[]}", "no such command");
	bad("{\"type\":1,\"name\":\"up\",\"options\":\"vanilla\"}", "no list");
	bad(SUB("up", ""), "'/server up' wants 'name'");
	bad(SUB("up", "{\"type\":4,\"name\":\"name\",\"value\":7}"), "wrong type");
	bad(SUB("up", "{\"type\":3,\"name\":\"name\",\"value\":7}"), "not a text");
	bad(SUB("up", "{\"type\":3,\"name\":\"name\"}"), "not a text");
	bad(SUB("up", "7"), "no such option");
	bad(SUB("up", NAME("vanilla") "," NAME("vanilla")), "twice");
	bad(SUB("up", NAME("vanilla") "," TEXT("force", "yes")), "no such option");
	bad(SUB("down", NAME("vanilla") "," SAVE("1")), "no such option");
	bad(SUB("up", NAME("--help")), "no server of that name");
	bad(SUB("up", NAME("../vanilla")), "no server of that name");
	bad(SUB("up", NAME("my server")), "no server of that name");
	bad(SUB("up", NAME("a--b")), "no server of that name");
	bad(SUB("up", NAME("ab-")), "no server of that name");
	bad(SUB("up", NAME("a")), "no server of that name");
	bad(SUB("up", NAME("")), "no server of that name");
	bad(SUB("up", NAME("aaaaaaaaaaaaaaaaaaaaaaaaaaaaa")), "no server of that name");
	bad(SUB("restore", NAME("vanilla")), "wants 'save'");
	bad(SUB("restore", NAME("vanilla") "," SAVE("0")), "whole number");
	bad(SUB("restore", NAME("vanilla") "," SAVE("-1")), "whole number");
	bad(SUB("restore", NAME("vanilla") "," SAVE("1.5")), "whole number");
	bad(SUB("restore", NAME("vanilla") "," SAVE("1e300")), "whole number");
	bad(SUB("restore", NAME("vanilla") "," SAVE("\"7\"")), "whole number");
	bad(SUB("extend", NAME("vanilla") "," TEXT("time", "1w")), "a time is");
	bad(SUB("extend", NAME("vanilla") "," TEXT("time", "31d")), "a time is");
	bad(SUB("extend", NAME("vanilla") "," TEXT("time", "release")), "a time is");
	bad(SUB("hold", NAME("vanilla") "," TEXT("time", "-1h")), "a time is");
	bad(SUB("cost", TEXT("month", "2026-13")), "a month");
	bad(SUB("cost", TEXT("month", "../../x")), "a month");
	bad(SUB("logs", NAME("vanilla") "," TEXT("script", "../x")), "no script");
	bad(SUB("say", NAME("vanilla") "," TEXT("text", "  ")), "nothing to say");
	bad(SUB("say", NAME("vanilla") "," TEXT("text", "a\\nop me")), "cannot be said");
	bad(SUB("say", NAME("vanilla") "," TEXT("text", "\\u0007")), "cannot be said");
	bad(SUB("say", NAME("vanilla") "," TEXT("text", "\xff")), "cannot be said");
	memset(text, 'x', 201);
	text[201] = '\0';
	snprintf(longest, sizeof(longest), SUB("say", NAME("vanilla") ",{\"type\":3,\"name\":\"text\",\"value\":\"%s\"}"), text);
	bad(longest, "longer than 200");
	OK(parse("2", HEAD, WHO, "{\"name\":\"other\",\"type\":1}") == -1);
	gsp_interaction_release(&it);
	OK(parse("2", HEAD, WHO, "{\"name\":\"server\",\"type\":2}") == -1);
	gsp_interaction_release(&it);
	OK(parse("2", HEAD, WHO, "null") == -1);
	gsp_interaction_release(&it);
}

static void
place(void)
{
	static const char up[] = "{\"name\":\"server\",\"options\":[" SUB("up", NAME("vanilla")) "]}";

	IS_INT(parse("2", HEAD, WHO ",\"channel\":{\"id\":\"645027906669510667\",\"type\":11,\"parent_id\":\"99\"}", up), 0);
	IS_STR(it.talk.who.parent, "99");
	gsp_interaction_release(&it);
	IS_INT(parse("2", HEAD, WHO ",\"channel\":{\"id\":\"645027906669510667\",\"type\":0,\"parent_id\":\"99\"}", up), 0);
	IS_STR(it.talk.who.parent, ""); /* that is its category */
	gsp_interaction_release(&it);
	/* what may be absent or null is none: then it is no channel but its own */
	IS_INT(parse("2", HEAD, WHO ",\"channel\":{\"id\":\"645027906669510667\",\"type\":11,\"parent_id\":null}", up), 0);
	IS_STR(it.talk.who.parent, "");
	gsp_interaction_release(&it);
	IS_INT(parse("2", HEAD, WHO ",\"channel\":{\"id\":\"645027906669510667\",\"type\":12}", up), 0);
	IS_STR(it.talk.who.parent, "");
	gsp_interaction_release(&it);
	IS_INT(parse("2", HEAD, WHO ",\"channel\":{\"id\":\"1\",\"type\":0}", up), -1);
	gsp_interaction_release(&it);
	IS_INT(parse("2", HEAD, WHO ",\"channel\":{\"type\":11,\"parent_id\":\"x\"}", up), -1);
	gsp_interaction_release(&it);
	IS_INT(parse("2", HEAD, "\"user\":{\"id\":\"5\",\"username\":\"kim\"},\"channel_id\":\"6\"", up), 0);
	IS_STR(it.talk.who.guild, "");
	IS_STR(it.talk.who.user, "5");
	gsp_interaction_release(&it);
	/* in a guild a member is wanted: a user alone has no roles */
	IS_INT(parse("2", HEAD, "\"user\":{\"id\":\"5\"},\"guild_id\":\"7\",\"channel_id\":\"6\"", up), -1);
	gsp_interaction_release(&it);
	IS_INT(parse("2", HEAD, "\"member\":{\"user\":{\"id\":\"5\"},\"roles\":[\"x\"]},\"guild_id\":\"7\",\"channel_id\":\"6\"", up), -1);
	gsp_interaction_release(&it);
	IS_INT(parse("2", HEAD, "\"member\":{\"user\":{\"id\":\"5\"},\"roles\":{}},\"guild_id\":\"7\",\"channel_id\":\"6\"", up), -1);
	gsp_interaction_release(&it);
	/* absent or null: no role; rules for everyone, or for that person, still count */
	IS_INT(parse("2", HEAD, "\"member\":{\"user\":{\"id\":\"5\"}},\"guild_id\":\"7\",\"channel_id\":\"6\"", up), 0);
	IS_STR(it.talk.who.user, "5");
	IS_INT(it.talk.who.nroles, 0);
	gsp_interaction_release(&it);
	IS_INT(parse("2", HEAD, "\"member\":{\"user\":{\"id\":\"5\"},\"roles\":null},\"guild_id\":\"7\",\"channel_id\":\"6\"", up), 0);
	IS_INT(it.talk.who.nroles, 0);
	gsp_interaction_release(&it);
	IS_INT(parse("2", HEAD, WHO, "{\"name\":\"server\",\"options\":[{\"type\":1,\"name\":\"list\",\"options\":null}]}"), 0);
	OK(it.talk.verb == GSP_VERB_LIST);
	gsp_interaction_release(&it);
	IS_INT(parse("2", HEAD, "\"user\":{\"id\":5},\"channel_id\":\"6\"", up), -1);
	gsp_interaction_release(&it);
	IS_INT(parse("2", HEAD, "\"user\":{\"id\":\"5\",\"username\":\"a\\u0007\\nb\xff" "c\"},\"channel_id\":\"6\"", up), 0);
	IS_STR(it.talk.who.name, "a??b?c");
	gsp_interaction_release(&it);
}

static void
heads(void)
{
	static const char up[] = "{\"name\":\"server\",\"options\":[" SUB("up", NAME("vanilla")) "]}";

	IS_INT(parse("2", "\"id\":\"1\",\"application_id\":\"2\",\"token\":\"../../x\"", WHO, up), -1);
	IS_STR(it.id, "");
	IS_STR(it.token, "");
	gsp_interaction_release(&it);
	IS_INT(parse("2", "\"id\":\"1x\",\"application_id\":\"2\",\"token\":\"t\"", WHO, up), -1);
	IS_STR(it.id, "");
	gsp_interaction_release(&it);
	IS_INT(parse("2", "\"id\":\"1\",\"application_id\":\"\",\"token\":\"t\"", WHO, up), -1);
	IS_STR(it.id, "1");
	IS_STR(it.token, "t");
	gsp_interaction_release(&it);
	IS_INT(parse("1", HEAD, WHO, "null"), 0);
	IS_INT(it.kind, GSP_INTERACTION_OTHER);
	gsp_interaction_release(&it);
	IS_INT(parse("5", HEAD, WHO, "{}"), 0);
	IS_INT(it.kind, GSP_INTERACTION_OTHER);
	gsp_interaction_release(&it);
	IS_INT(gsp_interaction_parse(&it, NULL, &err), -1);
	gsp_interaction_release(&it);
}

static void
autocomplete(void)
{
	IS_INT(typing(SUB("down", "{\"type\":3,\"name\":\"name\",\"value\":\"va\\u0000\\n\",\"focused\":true}")), 0);
	IS_INT(it.talk.kind, GSP_TALK_NAMES);
	OK(it.talk.verb == GSP_VERB_DOWN && !it.talk.saves);
	OK(strncmp(it.talk.text, "va", 2) == 0 && strchr(it.talk.text, '\n') == NULL);
	gsp_interaction_release(&it);
	IS_INT(typing(SUB("up", "{\"type\":3,\"name\":\"name\",\"value\":\" Va \",\"focused\":true}")), 0);
	IS_STR(it.talk.text, "va");
	gsp_interaction_release(&it);
	IS_INT(typing(SUB("down", "{\"type\":3,\"name\":\"name\",\"value\":\"VaN\xc3\x84\",\"focused\":true}")), 0);
	IS_STR(it.talk.text, "van\xc3\x84");
	gsp_interaction_release(&it);
	IS_INT(typing(SUB("restore", NAME("Vanilla") ",{\"type\":4,\"name\":\"save\",\"value\":\"4\",\"focused\":true}")), 0);
	OK(it.talk.saves);
	IS_STR(it.talk.server, "vanilla");
	IS_STR(it.talk.text, "4");
	gsp_interaction_release(&it);
	IS_INT(typing(SUB("restore", "{\"type\":4,\"name\":\"save\",\"value\":4,\"focused\":true}")), 0);
	IS_STR(it.talk.server, "");
	IS_STR(it.talk.text, "4");
	gsp_interaction_release(&it);
	IS_INT(typing(SUB("restore", NAME("../x") ",{\"type\":4,\"name\":\"save\",\"value\":\"\",\"focused\":true}")), 0);
	IS_STR(it.talk.server, "");
	gsp_interaction_release(&it);
	IS_INT(typing(SUB("restore", NAME("vanilla"))), -1);
	gsp_interaction_release(&it);
	IS_INT(typing(SUB("hold", "{\"type\":3,\"name\":\"time\",\"value\":\"\",\"focused\":true}")), -1);
	gsp_interaction_release(&it);
}

static void
buttons(void)
{
	IS_INT(parse("3", HEAD, WHO ",\"message\":{\"id\":\"42\"}",
	    "{\"component_type\":2,\"custom_id\":\"gsp1:abcDEF01:yes\"}"), 0);
	IS_INT(it.talk.kind, GSP_TALK_PRESS);
	IS_STR(it.talk.nonce, "abcDEF01");
	OK(it.talk.yes);
	IS_STR(it.talk.message, "42");
	IS_STR(it.talk.channel, "645027906669510667");
	gsp_interaction_release(&it);
	IS_INT(parse("3", HEAD, WHO ",\"message\":{\"id\":\"42\"}",
	    "{\"component_type\":2,\"custom_id\":\"gsp1:abc:no\"}"), 0);
	OK(!it.talk.yes);
	gsp_interaction_release(&it);
	IS_INT(parse("3", HEAD, WHO, "{\"component_type\":2,\"custom_id\":\"gsp1:abc:no\"}"), -1);
	gsp_interaction_release(&it);
	IS_INT(parse("3", HEAD, WHO ",\"message\":{\"id\":\"42\"}",
	    "{\"component_type\":3,\"custom_id\":\"gsp1:abc:no\"}"), -1);
	gsp_interaction_release(&it);
	IS_INT(parse("3", HEAD, WHO ",\"message\":{\"id\":\"42\"}",
	    "{\"component_type\":2,\"custom_id\":\"gsp1:abc:maybe\"}"), -1);
	gsp_interaction_release(&it);
	IS_INT(parse("3", HEAD, WHO ",\"message\":{\"id\":\"42\"}",
	    "{\"component_type\":2,\"custom_id\":\"gsp1:0123456789012345678901234567890123:yes\"}"), -1);
	gsp_interaction_release(&it);
}

static void
snowflakes(void)
{
	OK(gsp_snowflake_ok("0") && gsp_snowflake_ok("18446744073709551615"));
	OK(!gsp_snowflake_ok("18446744073709551616") && !gsp_snowflake_ok("") && !gsp_snowflake_ok("-1"));
	OK(!gsp_snowflake_ok("+1") && !gsp_snowflake_ok(" 1") && !gsp_snowflake_ok("1 "));
	/* Discord's own example: 2016-04-30 11:18:25.796 UTC */
	IS_INT(gsp_snowflake_ms("175928847299117063"), INT64_C(1462015105796));
}

int
main(void)
{
	good();
	refused();
	place();
	heads();
	autocomplete();
	buttons();
	snowflakes();
	return done();
}
