/* bot_launch: whose process this is, and the network half: an executable of its own, started anew with an
 * empty environment, so that it shares no memory with us. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/say.h"
#include "fmt/json.h"
#include "gsp/config_parts.h"
#include "sys/confine.h"
#include "sys/io.h"
#include "sys/lock.h"
#include "bot_mon.h"

#include "base/banned.h"

enum { NET_FD = 3, ENV_MAX = 16 };

struct plan {
	bool root;
	uid_t owner;                /* of the home */
	uid_t uid;                  /* root: whom the network half becomes */
	gid_t gid;
	char user[40], ca_file[1025];
	bool https_only;            /* the API is where Discord has it: the network half needs no odd port */
};

static int
need_discord(const struct gsp_home *h, struct gsp_err *err)
{
	return h->discord.set ? 0 : gsp_err_set(err, GSP_ECONFIG, "there is no discord: in '%s/gsp.yaml'; "
	    "see gsp-bot(1)", h->dir);
}

static void
wishes(struct plan *p, const struct gsp_home *h)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);

	snprintf(p->user, sizeof(p->user), "%s", h->discord.user);
	p->https_only = strcmp(h->discord.api_url, GSP_DISCORD_URL) == 0;
	if (h->discord.ca_file != NULL)
		gsp_home_expand(&path, h->dir, h->discord.ca_file);
	snprintf(p->ca_file, sizeof(p->ca_file), "%s", gsp_buf_str(&path));
	gsp_buf_release(&path);
}

/* What the owner's process says of the settings. */
struct theirs {
	struct gsp_err err;
	struct plan plan;
};

/* Read as its owner, in a process of its own: what somebody else wrote is not looked at by root. */
static void
ask_owner(const struct plan *p, const char *dir, int fd)
{
	struct theirs t = {.err = GSP_ERR_INIT, .plan = *p};
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_home *h = NULL;

	if (gsp_confine_owner(p->owner, &t.err) == 0 && gsp_home_open(&h, dir, &t.err) == 0 &&
	    need_discord(h, &t.err) == 0)
		wishes(&t.plan, h);
	_exit(gsp_io_write_all(fd, &t, sizeof(t), "the settings", &ignored) == -1);
}

static int
wishes_of_owner(struct plan *p, const char *dir, struct gsp_err *err)
{
	struct gsp_buf said = GSP_BUF_INIT(sizeof(struct theirs) + 1);
	struct theirs t;
	int fds[2], status, rc = -1;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) == -1)
		return gsp_err_sys(err, GSP_ESYS, errno, "cannot make a pipe");
	if ((pid = fork()) == 0)
		ask_owner(p, dir, fds[1]);
	close(fds[1]);
	if (pid == -1)
		(void)gsp_err_sys(err, GSP_ESYS, errno, "cannot ask the home's owner");
	else if (gsp_io_read_all(&said, fds[0], "the settings", err) == -1)
		;
	else if (said.len != sizeof(t))
		(void)gsp_err_set(err, GSP_ESYS, "the home's owner did not answer");
	else {
		memcpy(&t, said.data, sizeof(t));
		t.err.msg[sizeof(t.err.msg) - 1] = '\0';
		t.plan.user[sizeof(t.plan.user) - 1] = t.plan.ca_file[sizeof(t.plan.ca_file) - 1] = '\0';
		memcpy(p->user, t.plan.user, sizeof(p->user));
		memcpy(p->ca_file, t.plan.ca_file, sizeof(p->ca_file));
		p->https_only = t.plan.https_only;
		rc = t.err.code == GSP_OK ? 0 : gsp_err_set(err, t.err.code, "%s", t.err.msg);
	}
	close(fds[0]);
	while (pid > 0 && waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	gsp_buf_release(&said);
	return rc;
}

static int
net_user(struct plan *p, struct gsp_err *err)
{
	struct passwd *pw = getpwnam(p->user);

	if (pw == NULL)
		return gsp_err_set(err, GSP_ECONFIG, "there is no user '%s', whom the half that talks to "
		    "Discord becomes; make it: useradd --system --user-group --no-create-home --shell "
		    "/usr/sbin/nologin %s (or name another: discord: {user: NAME})", p->user, p->user);
	if (pw->pw_uid == 0 || pw->pw_gid == 0 || pw->pw_uid == p->owner)
		return gsp_err_set(err, GSP_ECONFIG, "discord: user: '%s' is root or the home's owner; name a "
		    "user of its own", p->user);
	p->uid = pw->pw_uid;
	p->gid = pw->pw_gid;
	return 0;
}

/* Root asks whose the home is. In somebody else's directory gsp.yaml may be a link to a file of root's:
 * that makes it no home of root's. */
static int
owner_of(uid_t *owner, const char *dir, struct gsp_err *err)
{
	struct gsp_buf yaml = GSP_BUF_INIT(GSP_PATH_BUF);
	struct stat home, file;
	int rc = -1;

	gsp_buf_addf(&yaml, "%s/gsp.yaml", dir);
	if (stat(gsp_buf_str(&yaml), &file) == -1 || stat(dir, &home) == -1)
		(void)gsp_err_sys(err, GSP_ECONFIG, errno, "cannot open '%s'", gsp_buf_str(&yaml));
	else if (home.st_uid != file.st_uid)
		(void)gsp_err_set(err, GSP_EAUTH, "'%s' belongs to user %u and the directory that it is in to "
		    "user %u: make both the home's owner's", gsp_buf_str(&yaml), (unsigned)file.st_uid,
		    (unsigned)home.st_uid);
	else {
		*owner = file.st_uid;
		rc = 0;
	}
	gsp_buf_release(&yaml);
	return rc;
}

static int
plan(struct plan *p, struct tool *t, struct gsp_err *err)
{
	struct gsp_buf dir = GSP_BUF_INIT(GSP_PATH_BUF);
	int rc = -1;

	memset(p, 0, sizeof(*p));
	p->root = geteuid() == 0;
	if (p->root) {
		if (gsp_home_find(&dir, t->cli.dir, err) == -1 ||
		    owner_of(&p->owner, gsp_buf_str(&dir), err) == -1)
			goto out;
	}
	if (p->owner != 0)
		rc = wishes_of_owner(p, gsp_buf_str(&dir), err);
	else if (tool_open(t, err) == 0 && need_discord(t->home, err) == 0) {
		wishes(p, t->home);
		rc = 0;
	}
	if (rc == 0)
		rc = p->root ? net_user(p, err) : gsp_confine_check(false, err);
out:
	gsp_buf_release(&dir);
	return rc;
}

/* ---- the network half ---- */

/* What leads to Discord from here, and nothing else. Returns how many. */
static size_t
environment(const char *env[ENV_MAX + 1], struct gsp_argv *texts)
{
	static const char *const names[] = {"https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY",
	    "all_proxy", "ALL_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "LANG", "TZ", NULL};
	size_t n = 0;

	for (size_t i = 0; names[i] != NULL; i++) {
		const char *value = getenv(names[i]);

		if (value != NULL && *value != '\0')
			gsp_argv_pushf(texts, "%s=%s", names[i], value);
	}
	for (; n < texts->n && n < ENV_MAX; n++)
		env[n] = texts->v[n];
	env[n] = NULL;
	return n;
}

static int
start_net(struct mon *m, const struct plan *p, struct gsp_err *err)
{
	struct gsp_argv argv = GSP_ARGV_INIT, texts = GSP_ARGV_INIT;
	struct gsp_buf dir = GSP_BUF_INIT(4096);
	const char *env[ENV_MAX + 1];
	int pair[2] = {-1, -1}, rc = -1;

	if (gsp_io_self_dir(&dir, err) == -1)
		goto out;
	gsp_argv_pushf(&argv, "%s/gsp-bot-net", gsp_buf_str(&dir));
	if (m->t->cli.verbose > 0)
		gsp_argv_push(&argv, m->t->cli.verbose > 1 ? "-vv" : "-v");
	if (p->root)
		gsp_argv_pushf(&argv, "--become=%u:%u", (unsigned)p->uid, (unsigned)p->gid);
	if (p->ca_file[0] != '\0')
		gsp_argv_pushf(&argv, "--ca-file=%s", p->ca_file);
	if (p->https_only)
		gsp_argv_push(&argv, "--https-only");
	(void)environment(env, &texts);
	if (!gsp_argv_ok(&argv) || texts.failed) {
		(void)gsp_err_set(err, GSP_ESYS, "out of memory");
		goto out;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1) {
		(void)gsp_err_sys(err, GSP_ESYS, errno, "cannot make a socket");
		goto out;
	}
	m->net = (struct gsp_proc)GSP_PROC_INIT;
	m->net.argv = (const char *const *)argv.v;
	m->net.env = env;
	m->net.clean_env = true;
	m->net.cwd = "/";
	m->net.in = m->net.out = GSP_PROC_NULL;
	m->net.err = GSP_PROC_PIPE;
	m->net.keep_fd = pair[1];
	m->net.keep_as = NET_FD;
	m->net.new_group = true; /* a terminal's ^C is for us, who then say STOP */
	rc = gsp_proc_start(&m->net, err);
	if (rc == -1 && access(m->net.argv[0], X_OK) == -1)
		(void)gsp_err_hint(err, "it is a part of gsp: install gsp anew");
	if (rc == 0) {
		m->sock = pair[0];
		m->net_since_ms = gsp_now_ms();
		pair[0] = -1;
		(void)fcntl(m->sock, F_SETFL, O_NONBLOCK);
		(void)fcntl(m->net.err_fd, F_SETFL, O_NONBLOCK);
	}
out:
	for (int i = 0; i < 2; i++)
		if (pair[i] >= 0)
			close(pair[i]);
	m->net.argv = m->net.env = NULL;
	gsp_argv_release(&argv);
	gsp_argv_release(&texts);
	gsp_buf_release(&dir);
	return rc;
}

int
mon_launch(struct mon *m, int *lock_fd, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	char note[GSP_LOCK_NOTE];
	struct plan p;
	int rc = -1;

	if (plan(&p, m->t, err) == -1 || start_net(m, &p, err) == -1)
		goto out;
	m->can_relaunch = !p.root;
	if (p.owner != 0 && (gsp_confine_owner(p.owner, err) == -1 || tool_open(m->t, err) == -1 ||
	                        need_discord(m->t->home, err) == -1))
		goto out;
	if (gsp_home_state_make(m->t->home, "discord", err) == -1)
		goto out;
	/* not "lock": a server may be called discord */
	if (gsp_lock_take(lock_fd, gsp_home_path(m->t->home, &path, "state/discord/bot.lock"),
	        gsp_lock_who(note, "gsp-bot", "run"), -1, err) == -1) {
		(void)gsp_err_wrap(err, "another gsp-bot serves this home");
		goto out;
	}
	rc = 0;
out:
	gsp_buf_release(&path);
	return rc;
}

int
mon_relaunch(struct mon *m, struct gsp_err *err)
{
	struct plan p = {.root = false};

	wishes(&p, m->t->home);
	return start_net(m, &p, err);
}

/* ---- hello ---- */

static void
load_resume(struct gsp_talk *t, const struct gsp_home *h)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF), text = GSP_BUF_INIT(4096);
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_json *v = NULL;

	if (gsp_io_read_file(&text, gsp_home_path(h, &path, "state/discord/resume.json"), &ignored) == 0 &&
	    gsp_json_parse(&v, gsp_buf_str(&text), text.len, &ignored) == 0) {
		/* another Discord's session, as of a rehearsal, would take the token to where that was */
		if (strcmp(gsp_json_str(v, "base", ""), t->base) != 0)
			goto out;
		gsp_json_copy(t->session_id, sizeof(t->session_id), v, "session_id");
		gsp_json_copy(t->resume_url, sizeof(t->resume_url), v, "resume_url");
		t->seq = (int64_t)gsp_json_num(v, "seq", -1);
		if (t->seq < -1)
			t->seq = -1;
	}
out:
	gsp_json_free(v);
	gsp_buf_release(&text);
	gsp_buf_release(&path);
}

int
mon_hello(struct mon *m, struct gsp_err *err)
{
	struct gsp_buf token = GSP_BUF_INIT(GSP_TOKEN_MAX + 1), hook = GSP_BUF_INIT(GSP_TOKEN_MAX + 1);
	const struct gsp_home *h = m->t->home;
	struct plan p = {.root = false};
	struct gsp_talk t;
	int rc = -1;

	gsp_talk_init(&t, GSP_TALK_HELLO);
	wishes(&p, h);
	if (gsp_discord_token(&token, h, err) == 0 && gsp_discord_webhook(&hook, h, err) == 0) {
		snprintf(t.token, sizeof(t.token), "%s", gsp_buf_str(&token));
		snprintf(t.webhook, sizeof(t.webhook), "%s", gsp_buf_str(&hook));
		snprintf(t.base, sizeof(t.base), "%s", h->discord.api_url);
		snprintf(t.ca_file, sizeof(t.ca_file), "%s", p.ca_file);
		snprintf(m->base, sizeof(m->base), "%s", t.base);
		load_resume(&t, h);
		mon_send(m, &t);
		rc = 0;
	}
	gsp_talk_release(&t);
	gsp_token_wipe(&token);
	gsp_token_wipe(&hook);
	return rc;
}

/* ---- a service manager ---- */

/* The name of our service, from "0::/system.slice/gsp-bot.service"; "" none. */
static void
service_name(char out[256], bool *of_user)
{
	struct gsp_buf text = GSP_BUF_INIT(65536);
	struct gsp_err ignored = GSP_ERR_INIT;
	const char *name;
	size_t n;

	out[0] = '\0';
	if (gsp_io_read_file(&text, "/proc/self/cgroup", &ignored) == 0 &&
	    (name = strrchr(gsp_buf_str(&text), '/')) != NULL) {
		*of_user = strstr(gsp_buf_str(&text), "/user@") != NULL;
		n = strcspn(++name, "\n");
		if (n > 8 && n < 256 && strncmp(name + n - 8, ".service", 8) == 0)
			snprintf(out, 256, "%.*s", (int)n, name);
	}
	gsp_buf_release(&text);
}

void
mon_warn_killmode(void)
{
	struct gsp_buf mode = GSP_BUF_INIT(256);
	struct gsp_err ignored = GSP_ERR_INIT;
	bool of_user = false;
	char unit[256];
	int status = 1;

	if (getenv("INVOCATION_ID") == NULL)
		return;
	service_name(unit, &of_user);
	if (unit[0] != '\0') {
		const char *const argv[] = {"systemctl", of_user ? "--user" : "--system", "show", "-p",
		    "KillMode", "--value", "--", unit, NULL};

		if (gsp_proc_run_for(argv, &mode, 3000, &status, &ignored) == 0 && status == 0 &&
		    mode.len > 1 && strcmp(gsp_buf_str(&mode), "process\n") != 0 &&
		    strcmp(gsp_buf_str(&mode), "none\n") != 0)
			gsp_cli_warn("the service '%s' has KillMode=%.*s: what the bot has begun would be killed "
			    "when it is stopped; write KillMode=process into it (see gsp-bot(1))", unit,
			    (int)strcspn(gsp_buf_str(&mode), "\n"), gsp_buf_str(&mode));
	}
	gsp_buf_release(&mode);
}
