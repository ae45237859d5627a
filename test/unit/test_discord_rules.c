/* gsp/config_discord: who may do what in chat; the default is no. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gsp/config.h"
#include "gsp/config_parts.h"
#include "sys/io.h"
#include "tap.h"

#include "base/banned.h"

#define VIEW GSP_RIGHT_VIEW
#define OPERATE GSP_RIGHT_OPERATE
#define EXTEND GSP_RIGHT_EXTEND
#define RESTORE GSP_RIGHT_RESTORE
#define ALL (GSP_RIGHT_ADMIN | VIEW | OPERATE | EXTEND | RESTORE)
#define GUILD "discord:\n  guild: \"100\"\n"

static struct gsp_err err;
static struct gsp_home home;

static int
load(const char *text)
{
	struct gsp_buf b = GSP_BUF_INIT(65536);
	int rc;

	gsp_discord_release(&home.discord);
	free(home.api_url);
	gsp_yaml_free(home.doc);
	memset(&home, 0, sizeof(home));
	gsp_err_clear(&err);
	gsp_buf_addf(&b, "home: abcd1234\n%s", text);
	rc = gsp_home_parse(&home, "gsp.yaml", gsp_buf_str(&b), b.len, &err);
	gsp_buf_release(&b);
	return rc;
}

static const char *
why(const char *text)
{
	return load(text) == -1 && err.code == GSP_ECONFIG ? err.msg : "no error";
}

static unsigned
may(uint64_t user, uint64_t role, const char *server)
{
	const uint64_t roles[2] = {7, role};

	return gsp_discord_rights(&home.discord, user, roles, 2, server);
}

static void
test_load(void)
{
	OK(load("") == 0 && !home.discord.set);
	OK(load("discord:\n") == 0 && !home.discord.set);
	OK(load("discord:\n"
	        "  token_file: discord-token\n"
	        "  guild: \"112233445566778899\"\n"
	        "  channels: [\"223344556677889900\", 223344556677889901]\n"
	        "  webhook_file: discord-url\n"
	        "  user: gsp-net\n"
	        "  api_url: http://127.0.0.1:8080/api/v10/\n"
	        "  ca_file: ca.pem\n"
	        "  allow:\n"
	        "    - {role: 334455667788990011, can: [operate, extend]}\n"
	        "    - {role: everyone, can: view}\n"
	        "    - {user: \"18446744073709551615\", can: [admin], servers: vanilla}\n") == 0);
	IS_STR(err.msg, "");
	IS_STR(home.discord.token_file, "discord-token");
	OK(home.discord.guild == UINT64_C(112233445566778899));
	IS_INT(home.discord.nchannels, 2);
	OK(home.discord.channels[1] == UINT64_C(223344556677889901));
	IS_STR(home.discord.user, "gsp-net");
	IS_STR(home.discord.api_url, "http://127.0.0.1:8080/api/v10");
	IS_INT(home.discord.nrules, 3);
	OK(home.discord.rules[0].role == UINT64_C(334455667788990011));
	IS_INT(home.discord.rules[0].rights, OPERATE | EXTEND);
	OK(home.discord.rules[1].role == 0 && home.discord.rules[1].user == 0);
	OK(home.discord.rules[2].user == UINT64_MAX);
	IS_STR(home.discord.rules[2].servers.v[0], "vanilla");
	OK(load(GUILD) == 0);
	IS_STR(home.discord.api_url, GSP_DISCORD_URL);
	IS_STR(home.discord.user, "gsp-bot");
	IS_INT(home.discord.nrules, 0);
}

static void
test_refused(void)
{
	IS_STR(why("discord: {token_file: t}\n"),
	    "gsp.yaml:2:10: no 'guild': the id of the Discord server that the bot serves");
	IS_STR(why("discord:\n  gild: 1\n"), "gsp.yaml:3:3: unknown key 'gild' in discord; did you mean 'guild'?");
	OK(strncmp(why("discord: {guild: games}\n"), "gsp.yaml:2:18: 'games' is no id of Discord's", 44) == 0);
	OK(strstr(why(GUILD "  allow: [{role: '@everyone', can: view}]\n"), "write everyone, in small letters") != NULL);
	OK(strstr(why(GUILD "  allow: [{role: Everyone, can: view}]\n"), "write everyone, in small letters") != NULL);
	OK(strstr(why("discord: {guild: 0}\n"), "is no id") != NULL);
	OK(strstr(why("discord: {guild: 18446744073709551616}\n"), "is no id") != NULL);
	OK(strstr(why("discord: {guild: -1}\n"), "is no id") != NULL);
	OK(strstr(why(GUILD "  channels: []\n"), "no channel") != NULL);
	OK(strstr(why(GUILD "  channels: [x]\n"), "gsp.yaml:4:14:") != NULL);
	OK(strstr(why(GUILD "  user: root\n"), "shall not be root") != NULL);
	OK(strstr(why(GUILD "  user: -x\n"), "not a user name") != NULL);
	OK(strstr(why(GUILD "  api_url: http://example.org/api/v10\n"), "gsp.yaml:4:12") != NULL);
	OK(strstr(why(GUILD "  token_file: a\n  token_command: [b]\n"), "not both") != NULL);
	IS_STR(why(GUILD "  allow: [{role: 5, can: [vew]}]\n"),
	    "gsp.yaml:4:27: unknown right 'vew'; did you mean 'view'?");
	OK(strstr(why(GUILD "  allow: [{role: 5, can: [fly]}]\n"), "unknown right 'fly'; known: view") != NULL);
	OK(strstr(why(GUILD "  allow: [{role: 5}]\n"), "says what they can") != NULL);
	OK(strstr(why(GUILD "  allow: [{role: 5, can: []}]\n"), "says what they can") != NULL);
	OK(strstr(why(GUILD "  allow: [{can: view}]\n"), "for one role") != NULL);
	OK(strstr(why(GUILD "  allow: [{role: 5, user: 6, can: view}]\n"), "for one role") != NULL);
	OK(strstr(why(GUILD "  allow: [{user: everyone, can: view}]\n"), "is no id") != NULL);
	OK(strstr(why(GUILD "  allow: [{role: 5, cna: view}]\n"), "did you mean 'can'?") != NULL);
	OK(strstr(why(GUILD "  allow: [{role: 5, can: view, servers: []}]\n"), "no server") != NULL);
	OK(strstr(why(GUILD "  allow: [{role: 5, can: view, servers: [../x]}]\n"), "server name") != NULL);
	OK(strstr(why(GUILD "  allow: {role: 5}\n"), "a list of rules") != NULL);
}

/* A secret in place of its file's name is in no message. */
static void
test_secrets(void)
{
	static const char token[] = "MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs";
	char text[256];

	snprintf(text, sizeof(text), GUILD "  token_file: %s\n", token);
	OK(strstr(why(text), "the name of a file is wanted") != NULL && strstr(err.msg, "ZnCjm") == NULL);
	snprintf(text, sizeof(text), GUILD "  webhook_file: https://discord.com/api/webhooks/1/%s\n", token);
	OK(strstr(why(text), "the name of a file is wanted") != NULL && strstr(err.msg, "ZnCjm") == NULL);
}

static void
test_rights(void)
{
	char who[200], small[16];

	OK(load(GUILD) == 0);
	IS_INT(may(1, 5, "vanilla"), 0); /* no rule, no right */
	IS_INT(may(1, 5, NULL), 0);
	OK(load(GUILD "  allow:\n"
	              "    - {role: 5, can: operate}\n"
	              "    - {role: 6, can: [extend], servers: [vanilla]}\n"
	              "    - {user: 9, can: admin, servers: [modded]}\n"
	              "    - {role: 8, can: restore}\n"
	              "    - {role: 6, can: restore, servers: [modded]}\n") == 0);
	IS_INT(may(1, 5, "vanilla"), OPERATE | VIEW);
	IS_INT(may(1, 6, "vanilla"), EXTEND | VIEW);
	IS_INT(may(1, 6, "modded"), RESTORE | VIEW);
	IS_INT(may(1, 6, "other"), 0);
	IS_INT(may(1, 6, NULL), EXTEND | RESTORE | VIEW);
	IS_INT(may(9, 1, "modded"), ALL);
	IS_INT(may(9, 1, "vanilla"), 0);
	IS_INT(may(9, 5, "modded"), ALL);
	IS_INT(may(5, 1, "vanilla"), 0); /* a user is no role, */
	IS_INT(may(1, 9, "modded"), 0);  /* and a role no user */
	IS_INT(may(0, 0, "vanilla"), 0);
	IS_STR(gsp_discord_who_may(who, sizeof(who), &home.discord, OPERATE, "vanilla"), "<@&5>");
	IS_STR(gsp_discord_who_may(who, sizeof(who), &home.discord, VIEW, "vanilla"), "<@&5>, <@&6>, <@&8>");
	IS_STR(gsp_discord_who_may(who, sizeof(who), &home.discord, RESTORE, "modded"), "<@&8>, <@&6>");
	IS_STR(gsp_discord_who_may(who, sizeof(who), &home.discord, GSP_RIGHT_ADMIN, "modded"), "");
	IS_STR(gsp_discord_who_may(small, 10, &home.discord, VIEW, "vanilla"), "<@&5>");
	OK(load(GUILD "  allow: [{role: everyone, can: view}]\n") == 0);
	IS_INT(may(1, 5, "vanilla"), VIEW);
	OK(load(GUILD "  allow: [{role: 100, can: extend}]\n") == 0); /* @everyone, by its id */
	IS_INT(may(1, 5, "vanilla"), EXTEND | VIEW);
	IS_STR(gsp_discord_who_may(who, sizeof(who), &home.discord, EXTEND, "vanilla"), "");
}

static void
test_files(void)
{
	struct gsp_buf b = GSP_BUF_INIT(GSP_TOKEN_MAX + 1), path = GSP_BUF_INIT(4096);
	char dir[] = "/tmp/test_discord_rules.XXXXXX";

	OK(mkdtemp(dir) != NULL);
	OK(load(GUILD "  token_file: tok\n  webhook_file: url\n") == 0);
	home.dir = dir;
	OK(gsp_discord_token(&b, &home, &err) == -1 && err.code == GSP_EAUTH);
	gsp_buf_addf(&path, "%s/tok", dir);
	OK(gsp_io_replace(gsp_buf_str(&path), "abc.def.ghi\n", 12, 0644, &err) == 0);
	OK(gsp_discord_token(&b, &home, &err) == -1 && strstr(err.msg, "chmod 600") != NULL);
	OK(chmod(gsp_buf_str(&path), 0600) == 0 && gsp_discord_token(&b, &home, &err) == 0);
	IS_STR(gsp_buf_str(&b), "abc.def.ghi");
	unlink(gsp_buf_str(&path));
	gsp_buf_reset(&path);
	gsp_buf_addf(&path, "%s/url", dir);
	OK(gsp_io_replace(gsp_buf_str(&path), "https://discord.com/api/webhooks/55/s3-cr_t?thread_id=6\n", 56,
	       0600, &err) == 0);
	OK(gsp_discord_webhook(&b, &home, &err) == 0);
	IS_STR(gsp_buf_str(&b), "/webhooks/55/s3-cr_t?thread_id=6");
	OK(gsp_io_replace(gsp_buf_str(&path), "https://discord.com/s3cret\n", 27, 0600, &err) == 0);
	OK(gsp_discord_webhook(&b, &home, &err) == -1 && strstr(err.msg, "s3cret") == NULL);
	IS_STR(gsp_buf_str(&b), "");
	unlink(gsp_buf_str(&path));
	rmdir(dir);
	home.dir = NULL;
	OK(load(GUILD "  token_command: [printf, a.b.c]\n") == 0);
	home.dir = dir;
	OK(gsp_discord_token(&b, &home, &err) == 0);
	IS_STR(gsp_buf_str(&b), "a.b.c");
	home.dir = NULL;
	OK(load(GUILD) == 0 && gsp_discord_token(&b, &home, &err) == -1 && err.code == GSP_ECONFIG);
	gsp_token_wipe(&b);
	gsp_buf_release(&path);
}

int
main(void)
{
	test_load();
	test_refused();
	test_secrets();
	test_rights();
	test_files();
	(void)load("");
	free(home.api_url);
	gsp_yaml_free(home.doc);
	return done();
}
