/* gsp-sandbox: a stand-in for Linode on this computer, for a while or around one command. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/argv.h"
#include "base/num.h"
#include "base/rand.h"
#include "cli/exitcode.h"
#include "cli/opt.h"
#include "fmt/json.h"
#include "sandbox/api.h"
#include "sandbox/machine.h"
#include "sys/io.h"
#include "sys/proc.h"
#include "sys/sig.h"
#include "sys/tty.h"

#include "base/banned.h"

#define FAULTS_MAX (1 << 20)
#define TOKENS_MAX 16
#define DELAY_MAX_MS (24 * 3600 * 1000)

struct options {
	uint64_t port;
	const char *dir, *disk, *faults;
	const char *create_time, *boot_time, *shutdown_time, *delete_time, *event_lag;
	struct gsp_argv tokens, hide;
	bool disk_on_dir, no_cgroup, no_control, spec_only;
};

struct sandbox {
	struct options o;
	struct gsp_world *world;
	struct gsp_sandbox *api;
	struct gsp_buf faults;
	struct gsp_sandbox_token tokens[TOKENS_MAX];
	char random_token[65];
	char url[64];
};

/* "2s", "200ms", "0": milliseconds. */
static int
parse_delay(int64_t *ms, const char *name, const char *text, struct gsp_err *err)
{
	size_t len = text != NULL ? strlen(text) : 0;
	char copy[24];
	int64_t s;

	if (text == NULL)
		return 0;
	if (strcmp(text, "0") == 0) {
		*ms = 0;
		return 0;
	}
	if (len > 2 && len < sizeof(copy) && strcmp(text + len - 2, "ms") == 0) {
		memcpy(copy, text, len - 2);
		copy[len - 2] = '\0';
		if (gsp_num_i64(ms, copy, 0, DELAY_MAX_MS) == 0)
			return 0;
	} else if (gsp_num_duration_s(&s, text, DELAY_MAX_MS / 1000) == 0) {
		*ms = s * 1000;
		return 0;
	}
	return gsp_err_set(err, GSP_EUSAGE, "--%s '%s' is no time such as 2s or 200ms", name, text);
}

/* "512M", "20G": bytes. */
static int
parse_size(uint64_t *bytes, const char *text, struct gsp_err *err)
{
	static const char units[] = "KMGT";
	size_t len = strlen(text);
	const char *unit = len > 1 ? strchr(units, text[len - 1]) : NULL;
	char copy[24];
	uint64_t n;

	if (len < sizeof(copy)) {
		memcpy(copy, text, len + 1);
		if (unit != NULL)
			copy[len - 1] = '\0';
		if (gsp_num_u64(&n, copy, 1, UINT64_C(1) << 22) == 0 && unit != NULL) {
			*bytes = n << (10 * (unit - units + 1));
			return 0;
		}
	}
	return gsp_err_set(err, GSP_EUSAGE, "--disk '%s' is no size such as 512M or 20G", text);
}

/* TOKEN, TOKEN=SCOPES or TOKEN=restricted; without any a random one that may do all. */
static void
set_tokens(struct sandbox *s, struct gsp_sandbox_opts *api)
{
	size_t i;
	char *eq;

	if (s->o.tokens.n == 0) {
		gsp_rand_id(s->random_token, sizeof(s->random_token) - 1);
		s->tokens[0] = (struct gsp_sandbox_token){s->random_token, "*", false};
		api->ntokens = 1;
	}
	for (i = 0; i < s->o.tokens.n && i < TOKENS_MAX; i++) {
		eq = strchr(s->o.tokens.v[i], '=');
		if (eq != NULL)
			*eq++ = '\0';
		s->tokens[i].token = s->o.tokens.v[i];
		s->tokens[i].restricted = eq != NULL && strcmp(eq, "restricted") == 0;
		s->tokens[i].scopes = eq != NULL && !s->tokens[i].restricted ? eq : "*";
		api->ntokens = i + 1;
	}
	api->tokens = s->tokens;
}

/* The nearest directory above us that looks like a home or a repository. */
static void
hide_project(struct gsp_argv *hide)
{
	char dir[PATH_MAX], path[PATH_MAX + 16];
	char *slash;

	if (getcwd(dir, sizeof(dir)) == NULL)
		return;
	for (;;) {
		(void)snprintf(path, sizeof(path), "%s/gsp.yaml", dir);
		if (gsp_io_exists(path))
			break;
		(void)snprintf(path, sizeof(path), "%s/.git", dir);
		if (gsp_io_exists(path))
			break;
		slash = strrchr(dir, '/');
		if (slash == NULL || slash == dir)
			return;
		*slash = '\0';
	}
	gsp_argv_push(hide, dir);
}

/* What is private on this computer besides /root and /home, which never show. */
static int
set_hide(struct sandbox *s, const struct gsp_cli *cli, struct gsp_world_opts *w,
    struct gsp_err *err)
{
	struct gsp_argv *hide = &s->o.hide;

	hide_project(hide);
	if (cli->dir != NULL)
		gsp_argv_push(hide, cli->dir);
	if (getenv("GSP_HOME") != NULL)
		gsp_argv_push(hide, getenv("GSP_HOME"));
	if (getenv("HOME") != NULL)
		gsp_argv_push(hide, getenv("HOME"));
	w->hide = (const char *const *)(uintptr_t)hide->v;
	return hide->failed ? gsp_err_set(err, GSP_ESYS, "out of memory") : 0;
}

static int
open_sandbox(struct sandbox *s, const struct gsp_cli *cli, struct gsp_err *err)
{
	struct gsp_world_opts w = {.dir = s->o.dir, .disk_on_dir = s->o.disk_on_dir,
	    .no_cgroup = s->o.no_cgroup};
	struct gsp_sandbox_opts a = GSP_SANDBOX_OPTS_INIT;

	if (s->o.tokens.n > TOKENS_MAX)
		return gsp_err_set(err, GSP_EUSAGE, "more than %d tokens", TOKENS_MAX);
	if ((s->o.disk != NULL && parse_size(&w.disk_bytes, s->o.disk, err) == -1) ||
	    parse_delay(&a.create_ms, "create-time", s->o.create_time, err) == -1 ||
	    parse_delay(&a.boot_ms, "boot-time", s->o.boot_time, err) == -1 ||
	    parse_delay(&a.shutdown_ms, "shutdown-time", s->o.shutdown_time, err) == -1 ||
	    parse_delay(&a.delete_ms, "delete-time", s->o.delete_time, err) == -1 ||
	    parse_delay(&a.event_lag_ms, "event-lag", s->o.event_lag, err) == -1)
		return -1;
	if (s->o.disk_on_dir && s->o.dir == NULL)
		return gsp_err_set(err, GSP_EUSAGE, "--disk-on-dir wants --dir");
	if (s->o.port > 65535)
		return gsp_err_set(err, GSP_EUSAGE, "no port '%llu'", (unsigned long long)s->o.port);
	if (s->o.faults != NULL) {
		if (gsp_io_read_file(&s->faults, s->o.faults, err) == -1)
			return -1;
		a.faults = gsp_buf_str(&s->faults);
	}
	if (set_hide(s, cli, &w, err) == -1 || gsp_world_open(&s->world, &w, err) == -1)
		return -1;
	a.world = s->world;
	a.port = (unsigned)s->o.port;
	a.no_control = s->o.no_control;
	a.spec_only = s->o.spec_only;
	set_tokens(s, &a);
	if (gsp_sandbox_open(&s->api, &a, err) == -1)
		return -1;
	(void)snprintf(s->url, sizeof(s->url), "http://127.0.0.1:%u/v4", gsp_sandbox_port(s->api));
	return 0;
}

static void
print_ready(const struct sandbox *s, bool json)
{
	struct gsp_buf b = GSP_BUF_INIT(65536);
	struct gsp_json *v;

	if (json) {
		v = gsp_json_new_obj();
		gsp_json_add_str(v, "schema", "gsp.sandbox/1");
		gsp_json_add_str(v, "url", s->url);
		gsp_json_add_str(v, "token", s->tokens[0].token);
		gsp_json_print(&b, v);
		gsp_json_free(v);
	} else {
		gsp_buf_addf(&b, "export GSP_LINODE_URL=%s\nexport LINODE_TOKEN=", s->url);
		gsp_argv_quote(&b, s->tokens[0].token);
	}
	printf("%s\n", gsp_buf_str(&b));
	gsp_buf_release(&b);
}

static int
serve(struct sandbox *s, bool json, struct gsp_err *err)
{
	print_ready(s, json);
	if (fflush(stdout) == EOF)
		return gsp_err_sys(err, GSP_EIO, errno, "cannot write to stdout");
	while (gsp_sig_check(err) == 0) {
		if (gsp_sandbox_poll(s->api, -1, gsp_sig_fd(), err) == -1)
			return -1;
	}
	return -1; /* a signal is how this ends */
}

/* One descriptor that is readable when the command has ended or a signal has come. */
static int
watch(pid_t pid, int *pid_fd, struct gsp_err *err)
{
	struct epoll_event e = {.events = EPOLLIN};
	int fd = epoll_create1(EPOLL_CLOEXEC);

	*pid_fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd == -1 || *pid_fd == -1 || epoll_ctl(fd, EPOLL_CTL_ADD, *pid_fd, &e) == -1 ||
	    epoll_ctl(fd, EPOLL_CTL_ADD, gsp_sig_fd(), &e) == -1) {
		if (fd != -1)
			close(fd);
		return gsp_err_sys(err, GSP_ESYS, errno, "cannot watch the command");
	}
	return fd;
}

/* What was typed on the terminal has reached the command already. */
static void
forward(struct gsp_proc *p, int signo)
{
	bool typed = signo == SIGINT || signo == SIGQUIT;

	if (!typed || !(gsp_tty_live(0) || gsp_tty_live(1) || gsp_tty_live(2)))
		gsp_proc_kill(p, signo);
}

static int
run(struct sandbox *s, char **cmd, int *status, struct gsp_err *err)
{
	struct gsp_argv env = GSP_ARGV_INIT;
	struct gsp_proc p = GSP_PROC_INIT;
	int fd = -1, pid_fd = -1, rc = -1;
	bool told = false;

	gsp_argv_pushf(&env, "GSP_LINODE_URL=%s", s->url);
	gsp_argv_pushf(&env, "LINODE_TOKEN=%s", s->tokens[0].token);
	p.argv = (const char *const *)(uintptr_t)cmd;
	p.env = (const char *const *)(uintptr_t)env.v;
	if (!gsp_argv_ok(&env) || gsp_proc_start(&p, err) == -1)
		goto out;
	fd = watch(p.pid, &pid_fd, err);
	while (fd != -1 && !gsp_proc_poll(&p, status)) {
		if (!told && gsp_sig_pending() != 0) {
			forward(&p, gsp_sig_pending());
			/* It stays pending: from now on only the command's end is news. */
			(void)epoll_ctl(fd, EPOLL_CTL_DEL, gsp_sig_fd(), NULL);
			told = true;
		}
		if (gsp_sandbox_poll(s->api, -1, fd, err) == -1) {
			gsp_proc_kill(&p, SIGTERM);
			(void)gsp_proc_wait(&p, status, err);
			goto out;
		}
	}
	rc = fd != -1 ? 0 : -1;
out:
	if (fd != -1)
		close(fd);
	if (pid_fd != -1)
		close(pid_fd);
	gsp_argv_release(&env);
	return rc;
}

static int
clean(struct gsp_err *err)
{
	unsigned alive;

	if (gsp_world_clean(&alive, err) == -1)
		return -1;
	printf("clean; %u %s running\n", alive, alive == 1 ? "sandbox is" : "sandboxes are");
	return 0;
}

static int
dispatch(struct sandbox *s, const struct gsp_cli *cli, int *status, struct gsp_err *err)
{
	const char *what = cli->operands[0];
	bool is_run = strcmp(what, "run") == 0;

	if (strcmp(what, "clean") == 0 && cli->nrest == 0)
		return clean(err);
	if (!is_run && strcmp(what, "serve") != 0)
		return gsp_err_set(err, GSP_EUSAGE, "'%s' is none of run, serve, clean", what);
	if (is_run && cli->nrest == 0)
		return gsp_err_set(err, GSP_EUSAGE, "run wants a command: run -- CMD [ARG...]");
	if (!is_run && cli->nrest != 0)
		return gsp_err_set(err, GSP_EUSAGE, "only run takes a command");
	if (open_sandbox(s, cli, err) == -1)
		return -1;
	return is_run ? run(s, cli->rest, status, err) : serve(s, cli->json, err);
}

int
main(int argc, char **argv)
{
	struct sandbox s = {.faults = GSP_BUF_INIT(FAULTS_MAX)};
	struct options *o = &s.o;
	const struct gsp_opt opts[] = {
	    {"port", 0, GSP_OPT_U64, &o->port, "N", "serve on this port of 127.0.0.1; any free one"},
	    {"token", 0, GSP_OPT_LIST, &o->tokens, "T[=SCOPES]",
		"accept this token; the first is handed out; a random one"},
	    {"dir", 0, GSP_OPT_TEXT, &o->dir, "DIR", "an empty directory to work in; one below /run"},
	    {"disk", 0, GSP_OPT_TEXT, &o->disk, "SIZE", "each machine's disk, as 512M; 8G"},
	    {"disk-on-dir", 0, GSP_OPT_FLAG, &o->disk_on_dir, NULL, "disks in DIR, not in memory"},
	    {"create-time", 0, GSP_OPT_TEXT, &o->create_time, "TIME", "a create takes this; 1500ms"},
	    {"boot-time", 0, GSP_OPT_TEXT, &o->boot_time, "TIME", "a boot takes this; 2500ms"},
	    {"shutdown-time", 0, GSP_OPT_TEXT, &o->shutdown_time, "TIME", "so does a shutdown; 1500ms"},
	    {"delete-time", 0, GSP_OPT_TEXT, &o->delete_time, "TIME", "'deleting' shows so long; 0"},
	    {"event-lag", 0, GSP_OPT_TEXT, &o->event_lag, "TIME", "events are listed so late; 0"},
	    {"faults", 0, GSP_OPT_TEXT, &o->faults, "FILE", "arm these faults (JSON)"},
	    {"hide", 0, GSP_OPT_LIST, &o->hide, "PATH", "not visible inside the machines"},
	    {"no-cgroup", 0, GSP_OPT_FLAG, &o->no_cgroup, NULL, "machines have no cgroup"},
	    {"no-control", 0, GSP_OPT_FLAG, &o->no_control, NULL, "do not serve /_sandbox"},
	    {"spec-only", 0, GSP_OPT_FLAG, &o->spec_only, NULL,
		"answer only what the published specification lists"},
	    {NULL, 0, GSP_OPT_FLAG, NULL, NULL, NULL}};
	struct gsp_cli cli = {.tool = "gsp-sandbox",
	    .synopsis = "run -- CMD [ARG...] | serve | clean",
	    .summary = "a stand-in for Linode on this computer, with machines that run (root)",
	    .notes = "run    start one, run CMD with GSP_LINODE_URL and LINODE_TOKEN set, remove it\n"
		     "serve  start one, print the two exports, go on until a signal\n"
		     "clean  remove what killed sandboxes left behind\n",
	    .opts = opts,
	    .min_operands = 1,
	    .max_operands = 1,
	    .split_dashes = true};
	struct gsp_err err = GSP_ERR_INIT;
	int status = 0, rc = gsp_cli_parse(&cli, argc, argv, &err);

	if (rc == 0)
		rc = dispatch(&s, &cli, &status, &err);
	gsp_sandbox_close(s.api);
	gsp_world_close(s.world);
	gsp_buf_release(&s.faults);
	gsp_argv_release(&o->tokens);
	gsp_argv_release(&o->hide);
	if (rc == 0 && status != 0)
		return status;
	return gsp_cli_exit(rc == -1 ? -1 : 0, &err);
}
