#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gsp/config.h"
#include "gsp/config_parts.h"
#include "sys/io.h"
#include "tap.h"

#include "base/banned.h"

#define KEY                                                                                        \
	"ssh-ed25519 "                                                                             \
	"AAAAC3NzaC1lZDI1NTE5AAAAIHVTIkMMZSfT8Zv+N6iyI/bFw0Gx2mTv0sS3Hq5Ki4xn"

static struct gsp_err err;
static char root[64];

static const char *
at(const char *rest)
{
	static char path[8][512];
	static int i;

	i = (i + 1) % 8;
	(void)snprintf(path[i], sizeof(path[i]), "%s/%s", root, rest);
	return path[i];
}

static void
put(const char *rest, const char *text, mode_t mode)
{
	int fd = open(at(rest), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd == -1 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) ||
	    fchmod(fd, mode) == -1)
		abort();
	close(fd);
}

static struct gsp_home *
open_home(void)
{
	struct gsp_home *h = NULL;

	gsp_err_clear(&err);
	return gsp_home_open(&h, root, &err) == 0 ? h : NULL;
}

static struct gsp_server_conf *
load(struct gsp_home *h, const char *name)
{
	struct gsp_server_conf *s = NULL;

	gsp_err_clear(&err);
	return gsp_server_conf_load(&s, h, name, &err) == 0 ? s : NULL;
}

/* The message for a gsp.yaml that must be refused, behind "<root>/". */
static const char *
home_refusal(const char *text)
{
	struct gsp_home *h;

	put("gsp.yaml", text, 0600);
	if ((h = open_home()) != NULL) {
		gsp_home_free(h);
		return "(accepted)";
	}
	return strncmp(err.msg, root, strlen(root)) == 0 ? err.msg + strlen(root) + 1 : err.msg;
}

/* The same for servers/vanilla/server.yaml, behind its path. */
static const char *
server_refusal(struct gsp_home *h, const char *text)
{
	const char *path = at("servers/vanilla/server.yaml");
	struct gsp_server_conf *s;

	put("servers/vanilla/server.yaml", text, 0600);
	if ((s = load(h, "vanilla")) != NULL) {
		gsp_server_conf_free(s);
		return "(accepted)";
	}
	return strncmp(err.msg, path, strlen(path)) == 0 ? err.msg + strlen(path) + 1 : err.msg;
}

static void
test_home(void)
{
	struct gsp_home *h;
	struct gsp_buf b = GSP_BUF_INIT(GSP_PATH_BUF);

	put("gsp.yaml",
	    "home: h4f8k2m9\nlinode: {token_file: token}\nssh_keys: [~/k.pub, keys/a.pub]\n", 0644);
	if (!OK((h = open_home()) != NULL)) {
		printf("# %s\n", err.msg);
		return;
	}
	IS_STR(h->dir, root);
	IS_STR(h->id, "h4f8k2m9");
	IS_STR(h->api_url, "https://api.linode.com/v4");
	IS_STR(h->token_file, at("token"));
	IS_STR(h->ssh_key_files.v[0], at("k.pub"));
	IS_STR(h->ssh_key_files.v[1], at("keys/a.pub"));
	IS_STR(gsp_home_path(h, &b, "x/%d", 7), at("x/7"));
	IS_STR(gsp_home_server_path(h, &b, "ab", ""), at("servers/ab"));
	IS_STR(gsp_home_server_path(h, &b, "ab", "files"), at("servers/ab/files"));
	IS_STR(gsp_home_state_path(h, &b, "ab", "lock"), at("state/ab/lock"));
	gsp_home_free(h);
	gsp_home_free(NULL);

	setenv("GSP_LINODE_URL", "http://127.0.0.1:9/v4/", 1);
	OK((h = open_home()) != NULL);
	IS_STR(h->api_url, "http://127.0.0.1:9/v4");
	gsp_home_free(h);
	setenv("GSP_LINODE_URL", "http://example.com/v4", 1);
	OK(open_home() == NULL);
	IS_INT(err.code, GSP_ECONFIG);
	unsetenv("GSP_LINODE_URL");
	gsp_buf_release(&b);
}

static void
test_home_found(void)
{
	struct gsp_home *h = NULL;

	unsetenv("GSP_HOME");
	OK(mkdir(at("deep"), 0700) == 0 && mkdir(at("deep/er"), 0700) == 0);
	OK(chdir(at("deep/er")) == 0);
	OK(gsp_home_open(&h, NULL, &err) == 0);
	IS_STR(h->dir, root);
	gsp_home_free(h);
	h = NULL;
	OK(chdir("/") == 0);
	setenv("GSP_HOME", root, 1);
	OK(gsp_home_open(&h, NULL, &err) == 0);
	gsp_home_free(h);
	setenv("GSP_HOME", at("deep"), 1);
	OK(gsp_home_open(&h, NULL, &err) == -1);
	IS_INT(err.code, GSP_ECONFIG);
	OK(strstr(err.msg, "which GSP_HOME names") != NULL);
	OK(gsp_home_open(&h, at("nowhere"), &err) == -1);
	OK(strstr(err.msg, "which -C names") != NULL);
	unsetenv("GSP_HOME");
	/* ~/gsp */
	OK(mkdir(at("gsp"), 0700) == 0);
	put("gsp/gsp.yaml", "home: aaaaaaaa\n", 0600);
	h = NULL;
	OK(gsp_home_open(&h, NULL, &err) == 0);
	IS_STR(h != NULL ? h->id : "", "aaaaaaaa");
	gsp_home_free(h);
}

static void
test_home_owner(void)
{
	struct gsp_home *h = NULL;
	char want[256];

	put("gsp.yaml", "home: h4f8k2m9\n", 0606);
	OK(open_home() == NULL);
	IS_INT(err.code, GSP_EAUTH);
	OK(strstr(err.msg, "chmod o-w") != NULL);
	put("gsp.yaml", "home: h4f8k2m9\n", 0600);
	if (geteuid() != 0) {
		SKIP("only root can give a file away");
		return;
	}
	OK(chown(at("gsp.yaml"), 12345, 12345) == 0);
	OK(open_home() == NULL);
	IS_INT(err.code, GSP_EAUTH);
	OK(strstr(err.msg, "belongs to user '12345' and this is 'root'") != NULL);
	OK(chown(at("gsp.yaml"), 0, 0) == 0);
	/* a directory that we may not enter is not one without a home */
	OK(seteuid(12345) == 0);
	OK(open_home() == NULL);
	OK(seteuid(0) == 0);
	IS_INT(err.code, GSP_EAUTH);
	(void)snprintf(want, sizeof(want), "cannot open '%s/gsp.yaml': Permission denied", root);
	IS_STR(err.msg, want);
	setenv("HOME", at("deep"), 1); /* holds no gsp/, but who could tell */
	OK(seteuid(12345) == 0);
	OK(gsp_home_open(&h, NULL, &err) == -1);
	OK(seteuid(0) == 0);
	IS_INT(err.code, GSP_EAUTH);
	OK(strstr(err.msg, "deep/gsp/gsp.yaml': Permission denied") != NULL);
	setenv("HOME", root, 1);
}

static void
test_home_refused(void)
{
	IS_STR(home_refusal("linode: {}\n"),
	    "gsp.yaml: no 'home': the id that gsp-init makes, 8 lower-case letters and digits");
	IS_STR(home_refusal("hoem: h4f8k2m9\n"),
	    "gsp.yaml:1:1: unknown key 'hoem' in gsp.yaml; did you mean 'home'?");
	IS_STR(home_refusal("home: h4f8k2m9\nzzzzzz: 1\n"),
	    "gsp.yaml:2:1: unknown key 'zzzzzz' in gsp.yaml; known: home, linode, ssh_keys, limits, notify, "
	    "watch, discord, defaults");
	IS_STR(home_refusal("home: H4\n"), "gsp.yaml:1:7: 'H4': must be 8 lower-case letters and "
					   "digits, as gsp-init makes it");
	IS_STR(home_refusal("home: [a]\n"), "gsp.yaml:1:7: a single value is wanted here");
	IS_STR(home_refusal("- a\n"), "gsp.yaml:1:1: gsp.yaml must be a map of keys and values");
	IS_STR(home_refusal("home: h4f8k2m9\nlinode: {token_file: a, token_command: [b]}\n"),
	    "gsp.yaml:2:25: token_file or token_command, not both");
	IS_STR(home_refusal("home: h4f8k2m9\nlinode: {token_command: pass show}\n"),
	    "gsp.yaml:2:25: a list of words, such as [pass, show, linode]");
	IS_STR(home_refusal("home: h4f8k2m9\nlinode: {api_url: 'http://example.com'}\n"),
	    "gsp.yaml:2:19: 'http://example.com': plain http sends the token in the open: only to "
	    "127.0.0.1, [::1] or localhost");
	/* the token itself in place of its file's name is in no message */
	IS_STR(home_refusal("home: h4f8k2m9\nlinode: {token_file: "
	                    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789ABCDEF}\n"),
	    "gsp.yaml:2:22: the name of a file is wanted here; put the secret into that file (mode 0600), "
	    "for gsp.yaml is often shared");
	IS_STR(home_refusal("home: h4f8k2m9\nlinode: {token_file: ~root/x}\n"),
	    "gsp.yaml:2:22: of the forms with ~ only ~/ is known");
	IS_STR(home_refusal("home: h4f8k2m9\nssh_keys: [~root/x]\n"),
	    "gsp.yaml:2:12: '~root/x': of the forms with ~ only ~/ is known");
	IS_STR(home_refusal("home: h4f8k2m9\ndefaults: {regoin: us-ord}\n"),
	    "gsp.yaml:2:12: unknown key 'regoin' in defaults; did you mean 'region'?");
	IS_STR(home_refusal("home: h4f8k2m9\ndefaults: {dir: /etc}\n"),
	    "gsp.yaml:2:17: '/etc': must be two levels deep or more, such as /srv/vanilla");
	IS_INT(err.code, GSP_ECONFIG);
}

/* What is said of a token_file, behind its name. */
static void
token_says(const char *text, const char *what)
{
	struct gsp_buf t = GSP_BUF_INIT(GSP_TOKEN_MAX + 2);
	struct gsp_home *h = open_home();
	char want[512];

	put("token", text, 0600);
	(void)snprintf(want, sizeof(want), "token_file '%s/token': %s", root, what);
	OK(gsp_home_token(h, &t, &err) == -1);
	IS_INT(err.code, GSP_EAUTH);
	IS_STR(err.msg, want);
	gsp_home_free(h);
}

static void
test_token(void)
{
	struct gsp_buf t = GSP_BUF_INIT(GSP_TOKEN_MAX + 2);
	struct gsp_home *h;

	put("gsp.yaml", "home: h4f8k2m9\nlinode: {token_file: token}\n", 0600);
	h = open_home();
	OK(gsp_home_token(h, &t, &err) == -1);
	IS_INT(err.code, GSP_EAUTH);
	put("token", "s3cret\n", 0640);
	OK(gsp_home_token(h, &t, &err) == -1);
	IS_INT(err.code, GSP_EAUTH);
	OK(strstr(err.msg, "chmod 600") != NULL);
	OK(strstr(err.msg, "s3cret") == NULL);
	put("token", "s3cret\n", 0600);
	OK(gsp_home_token(h, &t, &err) == 0);
	IS_STR(gsp_buf_str(&t), "s3cret");
	setenv("LINODE_TOKEN", "from-env", 1);
	OK(gsp_home_token(h, &t, &err) == 0);
	IS_STR(gsp_buf_str(&t), "from-env");
	unsetenv("LINODE_TOKEN");
	put("token", "two words\n", 0600);
	OK(gsp_home_token(h, &t, &err) == -1);
	OK(strstr(err.msg, "words") == NULL);
	token_says("two words\n", "line 1 holds a blank or a character that is in no token (at byte 4); the "
	    "token belongs there alone");
	token_says("\"s3cret\"\n", "line 1 begins with a quote; the token belongs there as it is, without quotes");
	token_says("\nx\n", "line 1 is blank; the token belongs there");
	token_says("\r\n \n", "the token is empty");
	token_says("\xef\xbb\xbfx\n", "line 1 begins with a byte order mark; save it as plain text, with "
	    "the token and nothing else");
	gsp_home_free(h);

	put("gsp.yaml", "home: h4f8k2m9\nlinode: {token_command: [printf, 'tok\\nlogin: me\\n']}\n",
	    0600);
	h = open_home();
	OK(gsp_home_token(h, &t, &err) == 0);
	IS_STR(gsp_buf_str(&t), "tok");
	gsp_home_free(h);
	put("gsp.yaml", "home: h4f8k2m9\nlinode: {token_command: [./get]}\n", 0600);
	put("get", "#!/bin/sh\necho here\nexit $(cat status)\n", 0700);
	h = open_home();
	OK(chdir(root) == 0); /* for `cat status`; the program is found without it */
	put("status", "0", 0600);
	OK(gsp_home_token(h, &t, &err) == 0);
	IS_STR(gsp_buf_str(&t), "here");
	put("status", "3", 0600);
	OK(gsp_home_token(h, &t, &err) == -1);
	IS_STR(err.msg, "token_command './get' ended with status 3");
	OK(chdir("/") == 0);
	gsp_home_free(h);

	put("gsp.yaml", "home: h4f8k2m9\n", 0600);
	h = open_home();
	OK(gsp_home_token(h, &t, &err) == -1);
	IS_INT(err.code, GSP_EAUTH);
	gsp_home_free(h);
	gsp_token_wipe(&t);
	IS_STR(gsp_buf_str(&t), "");
}

/* What reading a key file of that text says. */
static const char *
key_refusal(struct gsp_home *h, const char *text)
{
	struct gsp_argv keys = GSP_ARGV_INIT;

	put("k.pub", text, 0644);
	if (gsp_home_ssh_keys(&keys, h, &err) == 0) {
		gsp_argv_release(&keys);
		return "(accepted)";
	}
	return err.msg;
}

static void
test_ssh_keys(void)
{
	struct gsp_argv keys = GSP_ARGV_INIT;
	struct gsp_home *h;

	put("gsp.yaml", "home: h4f8k2m9\nssh_keys: [k.pub]\n", 0600);
	h = open_home();
	put("k.pub", "# mine\n\n" KEY " me@home\r\n" KEY "\n", 0644);
	OK(gsp_home_ssh_keys(&keys, h, &err) == 0);
	IS_INT(keys.n, 2);
	IS_STR(keys.v[0], KEY " me@home");
	gsp_argv_release(&keys);
	OK(strstr(key_refusal(h, "-----BEGIN OPENSSH PRIVATE KEY-----\n"), "private key") != NULL);
	OK(strstr(key_refusal(h, "hello\n"), "k.pub:1: not a public key") != NULL);
	OK(strstr(key_refusal(h, "ssh-rsa " "AAAAC3NzaC1lZDI1NTE5AAAAIHVTIkMMZSfT8Zv\n"),
	       "damaged") != NULL);
	OK(strstr(key_refusal(h, "ssh-ed25519\n"), "damaged") != NULL);
	OK(strstr(key_refusal(h, KEY "$\n"), "damaged") != NULL);
	OK(strstr(key_refusal(h, KEY " \x1b[2J\n"), "control") != NULL);
	OK(strstr(key_refusal(h, "# none\n"), "no key in") != NULL);
	unlink(at("k.pub"));
	OK(gsp_home_ssh_keys(&keys, h, &err) == -1);
	IS_INT(err.code, GSP_ECONFIG);
	OK(strstr(err.msg, "k.pub") != NULL);
	gsp_home_free(h);
}

static void
test_server(void)
{
	struct gsp_home *h;
	struct gsp_server_conf *s;

	put("gsp.yaml",
	    "home: h4f8k2m9\ndefaults:\n  region: us-ord\n  type: [g6-standard-4, g6-standard-2]\n"
	    "  env: {A: '1', B: two}\n  timeouts: {stop: 30m}\n  sync: {exclude: [logs/]}\n",
	    0600);
	h = open_home();
	put("servers/vanilla/server.yaml", "# all defaults\n", 0600);
	if (!OK((s = load(h, "vanilla")) != NULL)) {
		printf("# %s\n", err.msg);
		return;
	}
	IS_STR(s->name, "vanilla");
	IS_INT(s->regions.n, 1);
	IS_STR(s->regions.v[0], "us-ord");
	IS_STR(s->types.v[1], "g6-standard-2");
	IS_STR(s->image, "linode/debian12");
	IS_STR(s->user, "game");
	IS_STR(s->dir, "/srv/vanilla");
	IS_INT(s->nports, 0);
	IS_STR(s->ssh_from.v[0], "0.0.0.0/0");
	IS_STR(s->ssh_from.v[1], "::/0");
	IS_STR(s->exclude.v[0], "logs");
	IS_INT(s->saves.n, 0);
	IS_INT(s->timeouts.create_s, 600);
	IS_INT(s->timeouts.stop_s, 1800);
	IS_INT(s->timeouts.sync_s, 7200);
	gsp_server_conf_free(s);

	put("servers/vanilla/server.yaml",
	    "region: [us-east, us-ord]\ntype: g6-nanode-1\nimage: private/12\n"
	    "ports: [25565/tcp, 24454-24460/udp]\nssh_from: [198.51.100.7, '2001:db8::/32']\n"
	    "user: mc\ndir: /opt/mc\nsync: {push: [mods/]}\nsaves: [world/, world_nether]\n"
	    "env: {B: 3, C: }\ntimeouts: {ssh: 90s}\n",
	    0600);
	if (!OK((s = load(h, "vanilla")) != NULL)) {
		printf("# %s\n", err.msg);
		return;
	}
	IS_STR(s->regions.v[0], "us-east");
	IS_INT(s->regions.n, 2);
	IS_INT(s->types.n, 1);
	IS_INT(s->nports, 2);
	IS_INT(s->ports[1].last, 24460);
	IS_STR(s->ssh_from.v[0], "198.51.100.7/32");
	IS_INT(s->ssh_from.n, 2);
	IS_STR(s->exclude.v[0], "logs"); /* sync: merges per key */
	IS_STR(s->push.v[0], "mods");
	IS_STR(s->saves.v[1], "world_nether");
	IS_INT(s->env.n, 3);
	IS_STR(s->env.v[0], "A=1");
	IS_STR(s->env.v[1], "B=3");
	IS_STR(s->env.v[2], "C=");
	IS_INT(s->timeouts.ssh_s, 90);
	IS_INT(s->timeouts.stop_s, 1800);
	gsp_server_conf_free(s);
	gsp_home_free(h);
}

static void
test_server_refused(void)
{
	struct gsp_home *h;
	struct gsp_buf many = GSP_BUF_INIT(8192);

	put("gsp.yaml", "home: h4f8k2m9\ndefaults: {region: us-ord, type: g6-standard-4}\n", 0600);
	h = open_home();
	IS_STR(server_refusal(h, "exclude: [a]\n"),
	    "1:1: unknown key 'exclude' in server.yaml; known: region, type, image, ports, "
	    "ssh_from, user, dir, sync, saves, env, timeouts, keep, backup, on_failure, "
	    "on_stop_failure, limits, query, idle, lease, dns, notify");
	IS_STR(server_refusal(h, "sync: {excludes: [a]}\n"),
	    "1:8: unknown key 'excludes' in sync; did you mean 'exclude'?");
	IS_STR(server_refusal(h, "timeouts: {boot: 1m}\n"),
	    "1:12: unknown key 'boot' in timeouts; known: create, ssh, bootstrap, start, ready, "
	    "stop, sync, dns");
	IS_STR(server_refusal(h, "query: quake\n"),
	    "1:8: 'quake': not one of script, tcp, none, minecraft, bedrock, a2s");
	OK(strstr(server_refusal(h, "query: minetest\n"), "write 'script'") != NULL);
	IS_STR(server_refusal(h, "query: minecraft\nports: [9/udp]\n"),
	    "1:8: query: minecraft is asked over tcp, and 'ports' has no tcp port");
	IS_STR(server_refusal(h, "ports: [9/tcp, 10-12/udp]\nquery: {proto: a2s, port: 13}\n"),
	    "2:8: query: port 13/udp is not among 'ports', so nobody can ask there");
	IS_STR(server_refusal(h, "query: {proto: a2s, port: 0}\n"),
	    "1:27: '0': not a port from 1 to 65535");
	OK(strstr(server_refusal(h, "query: {proto: script, port: 5}\n"), "goes with a protocol") != NULL);
	IS_STR(server_refusal(h, "region: []\n"), "1:9: at least one is needed");
	IS_STR(server_refusal(h, "region: [a, a]\n"), "1:13: 'a' is there twice");
	IS_STR(server_refusal(h, "region:\n"), "1:8: no value; an empty list is written []");
	IS_STR(server_refusal(h, "ports: [1/tcp, 5-9/udp, 9/udp]\n"),
	    "1:25: '9/udp' is part of '5-9/udp'");
	IS_STR(server_refusal(h, "ports: [70000/tcp]\n"), "1:9: '70000/tcp': ports go from 1 to 65535");
	IS_STR(server_refusal(h, "ports: [0-5/udp]\n"), "1:9: '0-5/udp': ports go from 1 to 65535");
	IS_STR(server_refusal(h, "ports: [22/tcp]\n"),
	    "1:9: '22/tcp': 22/tcp is ssh: 'ssh_from' says who may reach it");
	IS_STR(server_refusal(h, "ssh_from: []\n"),
	    "1:11: with no network at all gsp itself could not get in");
	IS_STR(server_refusal(h, "sync: {exclude: [a, world/logs/]}\nsaves: [world/]\n"),
	    "1:21: exclude 'world/logs' overlaps save 'world'");
	IS_STR(server_refusal(h, "sync: {push: [data]}\nsaves: [data/world/]\n"),
	    "1:15: push 'data' overlaps save 'data/world'");
	IS_STR(server_refusal(h, "sync: {push: [mods/], exclude: [mods/cache]}\n"),
	    "1:33: exclude 'mods/cache' overlaps push 'mods'");
	IS_STR(server_refusal(h, "sync: {exclude: [a, a/]}\n"), "1:21: 'a' is there twice");
	IS_STR(server_refusal(h, "saves: ['../x']\n"),
	    "1:9: '../x': must be clean: no '//', '.' or '..'");
	IS_STR(server_refusal(h, "env: {GSP_X: 1}\n"),
	    "1:7: 'GSP_X': GSP_*, HOME and PATH are set by gsp");
	IS_STR(server_refusal(h, "env: {A: [1]}\n"), "1:10: a single value is wanted here");
	IS_STR(server_refusal(h, "env: {A: \"x\\ny\"}\n"),
	    "1:10: A: newlines and other control characters cannot be in a variable here");
	IS_STR(server_refusal(h, "timeouts: {stop: 8d}\n"),
	    "1:18: '8d': not a time such as 90s, 20m or 2h (at most 7d)");
	IS_STR(server_refusal(h, "timeouts: {start: 5}\n"),
	    "1:19: '5' has no unit; write 5s, 5m or 5h");
	IS_STR(server_refusal(h, "timeouts: {stop: 0}\n"),
	    "1:18: '0': not a time such as 90s, 20m or 2h (at most 7d)");
	IS_STR(server_refusal(h, "- x\n"), "1:1: server.yaml must be a map of keys and values");
	IS_STR(server_refusal(h, "user: root\n"), "1:7: 'root': a user of the system; name one for "
						  "the game alone, such as game");
	IS_STR(server_refusal(h, "dir: ~\n"), "1:6: no value");
	/* 23 rules of 15 single ports fit; one more does not */
	gsp_buf_adds(&many, "ports: [");
	for (int i = 0; i < 23 * 15; i++)
		gsp_buf_addf(&many, "%d/tcp, ", 1000 + 2 * i);
	gsp_buf_adds(&many, "]\n");
	IS_STR(server_refusal(h, gsp_buf_str(&many)), "(accepted)");
	gsp_buf_reset(&many);
	gsp_buf_adds(&many, "ports: [1/udp, ");
	for (int i = 0; i < 23 * 15 - 1; i++)
		gsp_buf_addf(&many, "%d/tcp, ", 1000 + 2 * i);
	gsp_buf_adds(&many, "]\n");
	OK(strstr(server_refusal(h, gsp_buf_str(&many)), "25 rules of a firewall") != NULL);
	gsp_buf_release(&many);
	gsp_home_free(h);

	put("gsp.yaml", "home: h4f8k2m9\ndefaults: {type: g6-standard-4}\n", 0600);
	h = open_home();
	IS_STR(server_refusal(h, "user: game\n"),
	    " no 'region'; put one there, or in 'defaults' of gsp.yaml");
	/* an overlap of defaults and server.yaml is found, at the place of the exclude */
	gsp_home_free(h);
	put("gsp.yaml",
	    "home: h4f8k2m9\ndefaults: {region: a, type: b, sync: {exclude: [world]}}\n", 0600);
	h = open_home();
	OK(strstr(server_refusal(h, "saves: [world]\n"),
	       "gsp.yaml:2:49: exclude 'world' overlaps save 'world'") != NULL);
	gsp_home_free(h);
}

static void
test_policy_refused(struct gsp_home *h)
{
	IS_STR(server_refusal(h, "keep: {lasst: 3}\n"),
	    "1:8: unknown key 'lasst' in keep; did you mean 'last'?");
	IS_STR(server_refusal(h, "keep: {daily: -1}\n"), "1:15: '-1': not a count from 0 to 100000");
	IS_STR(server_refusal(h, "backup: {every: 30}\n"),
	    "1:17: '30' has no unit; write 30m or 30h");
	IS_STR(server_refusal(h, "backup: {every: 300}\n"),
	    "1:17: '300' has no unit; write 300m or 300h");
	IS_STR(server_refusal(h, "backup: 30m\n"),
	    "1:9: backup must be a map of keys and values; write it as {every: 30m}");
	IS_STR(server_refusal(h, "idle: {empty: 20}\n"), "1:15: '20' has no unit; write 20m or 20h");
	IS_STR(server_refusal(h, "idle: never\n"), "1:7: idle must be a map of keys and values; write "
	    "it as {empty: 20m, never_joined: 30m}; 'never' for one of them switches it off");
	IS_STR(server_refusal(h, "lease: 6h\n"),
	    "1:8: lease must be a map of keys and values; write it as {first: 6h, max: 12h}");
	IS_STR(server_refusal(h, "lease: {first: 13h}\n"), "1:8: lease: first (13 h 00 min) is longer "
	    "than max (12 h 00 min); set both, as {first: 6h, max: 12h}");
	IS_STR(server_refusal(h, "lease: {first: never}\n"), "1:8: lease: first (never) is longer than "
	    "max (12 h 00 min); set both, as {first: 6h, max: 12h}");
	IS_STR(server_refusal(h, "dns: mc.example.org\n"), "1:6: dns must be a map of keys and values; "
	    "write it as {domain: example.org, name: mc}");
	IS_STR(server_refusal(h, "query: tcp\nports: [30000/udp]\n"), "1:8: query: tcp counts the "
	    "connections to tcp ports, and 'ports' has none; a script 'players' can count");
	IS_STR(server_refusal(h, "backup: {every: 10s}\n"),
	    "1:17: '10s': not a time such as 30m or 2h (1m to 7d), nor 'never'");
	IS_STR(server_refusal(h, "on_failure: kill\n"), "1:13: 'kill': 'keep' or 'delete' is wanted here");
	IS_STR(server_refusal(h, "on_stop_failure: delete\n"),
	    "1:18: 'delete': 'keep' or 'kill' is wanted here");
	for (const char *const *bad = (const char *const[]){"-1", "1.", ".5", "1.23456", "1e3", "x",
	         "1000001", "99999999999999999999", "''", "$20", NULL};
	     *bad != NULL; bad++) {
		char text[64];

		(void)snprintf(text, sizeof(text), "limits: {monthly_usd: %s}\n", *bad);
		OK(strstr(server_refusal(h, text), "not an amount of dollars") != NULL);
	}
}

static void
test_policy(void)
{
	struct gsp_server_conf *s;
	struct gsp_home *h;

	put("gsp.yaml", "home: h4f8k2m9\nlimits: {monthly_usd: 20}\n"
	    "defaults: {region: us-ord, type: g6-standard-4, keep: {last: 5}, on_failure: delete}\n", 0600);
	put("servers/vanilla/server.yaml", "{}\n", 0600);
	h = open_home();
	IS_INT(h->monthly_usd_1e4, 200000);
	s = load(h, "vanilla");
	IS_INT(s->policy.keep.last, 5);
	IS_INT(s->policy.keep.daily, 0); /* a map says all of it */
	IS_INT(s->policy.delete_failed, true);
	IS_INT(s->policy.kill_stuck, false);
	IS_INT(s->policy.backup_every_s, 0);
	IS_INT(s->policy.monthly_usd_1e4, -1);
	gsp_server_conf_free(s);
	put("servers/vanilla/server.yaml", "keep: {last: 1, daily: 2, weekly: 3}\nbackup: {every: 30m}\n"
	    "on_failure: keep\non_stop_failure: kill\nlimits: {monthly_usd: 7.05}\n", 0600);
	s = load(h, "vanilla");
	IS_INT(s->policy.keep.last, 1);
	IS_INT(s->policy.keep.daily, 2);
	IS_INT(s->policy.keep.weekly, 3);
	IS_INT(s->policy.backup_every_s, 1800);
	IS_INT(s->policy.delete_failed, false);
	IS_INT(s->policy.kill_stuck, true);
	IS_INT(s->policy.monthly_usd_1e4, 70500);
	gsp_server_conf_free(s);
	test_policy_refused(h);
	gsp_home_free(h);

	put("gsp.yaml", "home: h4f8k2m9\ndefaults: {region: us-ord, type: g6-standard-4}\n", 0600);
	put("servers/vanilla/server.yaml", "keep:\n", 0600);
	h = open_home();
	IS_INT(h->monthly_usd_1e4, -1);
	s = load(h, "vanilla");
	IS_INT(s->policy.keep.last, 10);
	IS_INT(s->policy.keep.daily, 7);
	IS_INT(s->policy.keep.weekly, 4);
	gsp_server_conf_free(s);
	gsp_home_free(h);
}

static void
test_servers(void)
{
	struct gsp_argv names = GSP_ARGV_INIT;
	struct gsp_home *h;
	struct stat st;

	put("gsp.yaml", "home: h4f8k2m9\n", 0600);
	h = open_home();
	OK(mkdir(at("servers/modded"), 0700) == 0 && mkdir(at("servers/Bad"), 0700) == 0);
	OK(mkdir(at("servers/empty"), 0700) == 0);
	put("servers/modded/server.yaml", "region: a\n", 0600);
	put("servers/Bad/server.yaml", "region: a\n", 0600);
	OK(gsp_home_servers(h, &names, &err) == 0);
	IS_INT(names.n, 2);
	IS_STR(names.v[0], "modded");
	IS_STR(names.v[1], "vanilla");
	gsp_argv_release(&names);
	OK(load(h, "vanila") == NULL);
	IS_INT(err.code, GSP_EUNAVAIL);
	IS_STR(err.msg, "no such server 'vanila'; did you mean 'vanilla'?");
	OK(load(h, "../servers/vanilla") == NULL);
	IS_INT(err.code, GSP_EUNAVAIL);
	OK(load(h, "xyzzyx") == NULL);
	IS_STR(err.msg, "no such server 'xyzzyx'; known: 'modded', 'vanilla'");

	OK(gsp_home_state_make(h, "vanilla", &err) == 0);
	OK(stat(at("state/vanilla"), &st) == 0 && (st.st_mode & 07777) == 0700);
	OK(chmod(at("state"), 0755) == 0);
	OK(gsp_home_state_make(h, NULL, &err) == 0);
	OK(stat(at("state"), &st) == 0 && (st.st_mode & 07777) == 0700);
	gsp_home_free(h);
}

static void
test_journal(void)
{
	struct gsp_json *a = gsp_json_new_obj(), *b = gsp_json_new_obj(), *c = NULL;
	struct gsp_buf ta = GSP_BUF_INIT(65536), tb = GSP_BUF_INIT(65536);
	struct gsp_server_conf *s, *t = NULL;
	struct gsp_home *h;

	put("gsp.yaml", "home: h4f8k2m9\ndefaults: {region: us-ord, type: g6-standard-4}\n", 0600);
	put("servers/vanilla/server.yaml",
	    "ports: [1-2/udp, 3/tcp]\nenv: {A: \"\\t\\\"x\\\" \xc3\xa4 \\\\ null\", N: 'null', E: ''}\n"
	    "saves: [w]\nsync: {exclude: [l], push: [m]}\ntimeouts: {sync: 1d}\nssh_from: '::/0'\n"
	    "keep: {last: 3}\nbackup: {every: 90s}\non_failure: delete\non_stop_failure: kill\n"
	    "limits: {monthly_usd: 0.0075}\n",
	    0600);
	h = open_home();
	if (!OK((s = load(h, "vanilla")) != NULL)) {
		printf("# %s\n", err.msg);
		return;
	}
	gsp_server_conf_to_json(s, a);
	gsp_json_print(&ta, a);
	OK(gsp_json_parse(&c, gsp_buf_str(&ta), ta.len, &err) == 0);
	if (!OK(gsp_server_conf_from_json(&t, "vanilla", c, &err) == 0))
		printf("# %s\n", err.msg);
	else
		gsp_server_conf_to_json(t, b);
	gsp_json_print(&tb, b);
	IS_STR(gsp_buf_str(&tb), gsp_buf_str(&ta));
	IS_STR(t->env.v[1], "N=null");
	gsp_server_conf_free(t);
	t = NULL;

	gsp_json_remove(a, "lease"); /* a session of before there were any */
	OK(gsp_server_conf_from_json(&t, "vanilla", a, &err) == 0);
	OK(t->stop.first_s == 0 && t->stop.max_s == 0 && t->stop.empty_s > 0);
	gsp_server_conf_free(t);
	t = NULL;

	gsp_json_add_str(a, "extra", "x");
	OK(gsp_server_conf_from_json(&t, "vanilla", a, &err) == -1);
	OK(strncmp(err.msg, "settings in the journal: unknown key 'extra'", 44) == 0);
	OK(gsp_server_conf_from_json(&t, "../x", a, &err) == -1);
	gsp_server_conf_free(s);
	gsp_home_free(h);
	gsp_json_free(a);
	gsp_json_free(b);
	gsp_json_free(c);
	gsp_buf_release(&ta);
	gsp_buf_release(&tb);
}

int
main(void)
{
	(void)snprintf(root, sizeof(root), "/tmp/gsp-test-config-XXXXXX");
	if (mkdtemp(root) == NULL || mkdir(at("servers"), 0700) == -1 ||
	    mkdir(at("servers/vanilla"), 0700) == -1)
		return 1;
	setenv("HOME", root, 1);
	unsetenv("GSP_HOME");
	unsetenv("LINODE_TOKEN");
	unsetenv("GSP_LINODE_URL");
	test_home();
	test_home_found();
	test_home_owner();
	test_home_refused();
	test_token();
	test_ssh_keys();
	test_server();
	test_server_refused();
	test_policy();
	test_servers();
	test_journal();
	gsp_io_rmtree(root, &err);
	return done();
}
