/* net/ssh: connecting, exec, faults of the link, keys. The rest is in test_ssh_pump.c. */
#include "net/ssh.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../fake/sshd.h"
#include "../fake/tcpproxy.h"
#include "base/clock.h"
#include "net/ssh_priv.h"
#include "sys/io.h"
#include "sys/sig.h"
#include "tap.h"

#include "base/banned.h"

#define MB 1000000
/* A command that ends with the connection, and not by itself. */
#define LINGER "while kill -0 $PPID 2>/dev/null; do sleep 0.1; done"

static struct fake_sshd sshd;
static struct gsp_err err;

static int
open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (d != NULL && readdir(d) != NULL)
		n++;
	if (d != NULL)
		closedir(d);
	return n;
}

static struct gsp_ssh *
dial(unsigned port)
{
	struct gsp_ssh_opts o = fake_sshd_opts(&sshd);
	struct gsp_ssh *s = NULL;

	o.port = port;
	if (gsp_ssh_open(&s, &o, &err) == -1)
		printf("# cannot open: %s\n", err.msg);
	return s;
}

/* Exit status, -1 for an error (then err tells), 1000 for a signal. */
static int
run(struct gsp_ssh *s, const char *command, const struct gsp_ssh_io *io)
{
	struct gsp_ssh_end end = {0, ""};

	gsp_err_clear(&err);
	if (gsp_ssh_exec(s, command, io, &end, &err) == -1)
		return -1;
	if (end.status == -1)
		printf("# signal %s\n", end.signame);
	return end.status == -1 ? 1000 : end.status;
}

static void
test_keys(void)
{
	struct gsp_buf pem = GSP_BUF_INIT(4096), line = GSP_BUF_INIT(1024);
	struct gsp_buf tiny = GSP_BUF_INIT(16);
	char hex[65], copy[1100];

	OK(gsp_ssh_keygen(&pem, &line, "me@home", &err) == 0);
	OK(strncmp(gsp_buf_str(&pem), "-----BEGIN OPENSSH PRIVATE KEY-----\n", 36) == 0);
	OK(pem.data[pem.len - 1] == '\n' && pem.data[pem.len - 2] == '-');
	OK(strncmp(gsp_buf_str(&line), "ssh-ed25519 AAAA", 16) == 0);
	OK(strstr(gsp_buf_str(&line), " me@home") != NULL);
	OK(gsp_ssh_key_hash(hex, gsp_buf_str(&line), &err) == 0);
	IS_INT(strlen(hex), 64);
	OK(gsp_ssh_keygen(&pem, &tiny, "x", &err) == -1 && err.code == GSP_ELIMIT);
	OK(gsp_ssh_keygen(&pem, &line, "two\nlines", &err) == -1 && err.code == GSP_EUSAGE);

	/* sha256sum of the blob */
	OK(gsp_ssh_key_hash(hex,
	       "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJCzdyR7f4keEXoNfKezK2IPscMROY5DsQ+Yo3brE3Cd",
	       &err) == 0);
	IS_STR(hex, "534149886e5372b67f03fcd43dca9ab3f2db9dbdabbb28c0d7af20f3e82fd9fe");
	OK(gsp_ssh_key_hash(hex,
	       "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJCzdyR7f4keEXoNfKezK2IPscMROY5DsQ+Yo3brE3Cd"
	       " some one\n",
	       &err) == 0);
	static const char *const bad[] = {
	    "",
	    " ",
	    "ssh-ed25519",
	    "ssh-ed25519 ",
	    "ssh-ed25519 AAAA",
	    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJCzdyR7f4keEXoNfKezK2IPscMROY5DsQ+Yo3brE3",
	    "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIJCzdyR7f4keEXoNfKezK2IPscMROY5DsQ+Yo3brE3Cd",
	    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJCzdyR7f4keEXoNfKezK2IPscMROY5DsQ+Yo3brE3Cd a\nb",
	    "from=x ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJCzdyR7f4keEXoNfKezK2IPscMROY5DsQ+Yo3br",
	    "-----BEGIN OPENSSH PRIVATE KEY-----",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		gsp_err_clear(&err);
		if (!OK(gsp_ssh_key_hash(hex, bad[i], &err) == -1 && err.code == GSP_ECONFIG))
			printf("# %s\n", bad[i]);
	}
	memset(copy, 'A', sizeof(copy) - 1);
	copy[sizeof(copy) - 1] = '\0';
	OK(gsp_ssh_key_hash(hex, copy, &err) == -1);
	gsp_buf_release(&pem);
	gsp_buf_release(&line);
	gsp_buf_release(&tiny);
}

static void
test_ends(struct gsp_ssh *s)
{
	struct gsp_ssh_end end;

	IS_INT(run(s, "true", NULL), 0);
	IS_INT(run(s, "exit 1", NULL), 1);
	IS_INT(run(s, "exit 255", NULL), 255);
	OK(gsp_ssh_exec(s, "kill -TERM $$", NULL, &end, &err) == 0);
	IS_INT(end.status, -1);
	IS_STR(end.signame, "TERM");
	OK(gsp_ssh_exec(s, "kill -KILL $$", NULL, &end, &err) == 0);
	IS_INT(end.status, -1);
	IS_STR(end.signame, "KILL");
	/* its output ends long before it does */
	IS_INT(run(s, "exec >&- 2>&-; sleep 0.1; exit 9", NULL), 9);
	/* and before its input is through */
	struct gsp_ssh_io io = {.in = calloc(1, 8 * MB), .in_len = 8 * MB};
	IS_INT(run(s, "head -c 1 >/dev/null; exit 4", &io), 4);
	IS_INT(run(s, "exec <&-; exit 5", &io), 5);
	free((void *)(uintptr_t)io.in);
}

struct echo {
	const char *want;
	size_t len, got;
	bool differs;
};

static int
echo_sink(void *ctx, const char *data, size_t len, struct gsp_err *e)
{
	struct echo *x = ctx;

	(void)e;
	if (x->got + len > x->len || memcmp(x->want + x->got, data, len) != 0)
		x->differs = true;
	x->got += len;
	return 0;
}

static char *
noise(size_t len)
{
	char *p = malloc(len);
	uint32_t x = 12345;

	for (size_t i = 0; p != NULL && i < len; i++) {
		x = x * 1664525 + 1013904223;
		p[i] = (char)(x >> 24);
	}
	return p;
}

static void
test_echo(struct gsp_ssh *s, size_t len)
{
	struct echo x = {.want = noise(len), .len = len};
	struct gsp_ssh_io io = {.in = x.want, .in_len = len, .out = echo_sink, .out_ctx = &x};

	IS_INT(run(s, "cat", &io), 0);
	IS_INT(x.got, len);
	OK(!x.differs);
	free((void *)(uintptr_t)x.want);
}

static int
count_sink(void *ctx, const char *data, size_t len, struct gsp_err *e)
{
	(void)data;
	(void)e;
	*(size_t *)ctx += len;
	return 0;
}

static void
test_streams(struct gsp_ssh *s)
{
	struct gsp_buf out = GSP_BUF_INIT(64);
	size_t n_out = 0, n_err = 0;
	struct gsp_ssh_io io = {.out = count_sink, .out_ctx = &n_out, .errs = count_sink,
	    .errs_ctx = &n_err};

	IS_INT(run(s, "head -c 5000000 /dev/zero >&2; echo x; exit 3", &io), 3);
	IS_INT(n_err, 5000000);
	IS_INT(n_out, 2);
	/* nobody asks for either */
	IS_INT(run(s, "head -c 3000000 /dev/zero >&2; head -c 3000000 /dev/zero", NULL), 0);

	io = (struct gsp_ssh_io){.out = gsp_ssh_sink_buf, .out_ctx = &out};
	IS_INT(run(s, "printf 'a\\000b\\377\\r\\n'", &io), 0);
	OK(out.len == 6 && memcmp(out.data, "a\0b\377\r\n", 6) == 0);
	gsp_buf_reset(&out);
	OK(run(s, "head -c 9000000 /dev/zero", &io) == -1 && err.code == GSP_ELIMIT);
	/* the connection outlives it */
	gsp_buf_reset(&out);
	IS_INT(run(s, "echo again", &io), 0);
	IS_STR(gsp_buf_str(&out), "again\n");
	gsp_buf_release(&out);
}

static void
test_deadline(struct gsp_ssh *s)
{
	int64_t start = gsp_now_ms();
	struct gsp_ssh_io io = {.deadline_ms = start + 150};

	OK(run(s, LINGER, &io) == -1 && err.code == GSP_ETEMP);
	OK(gsp_now_ms() - start >= 150 && gsp_now_ms() - start < 5000);
	io.deadline_ms = gsp_now_ms() + 150;
	OK(run(s, "yes", &io) == -1 && err.code == GSP_ETEMP);
	io.deadline_ms = gsp_now_ms() + 30000;
	IS_INT(run(s, "exit 6", &io), 6);
}

static void
test_refusals(void)
{
	struct gsp_ssh_opts o = fake_sshd_opts(&sshd);
	struct gsp_buf pem = GSP_BUF_INIT(4096), line = GSP_BUF_INIT(1024);
	struct gsp_ssh *s = NULL;
	char path[128];
	int64_t start = gsp_now_ms();
	int fds = open_fds();

	OK(gsp_ssh_keygen(&pem, &line, "", &err) == 0);
	o.host_key = gsp_buf_str(&line);
	OK(gsp_ssh_open(&s, &o, &err) == -1 && err.code == GSP_EAUTH);
	IS_INT(err.detail, GSP_SSH_BAD_HOSTKEY);
	OK(strstr(err.msg, "WRONG HOST KEY") != NULL);
	OK(gsp_ssh_open_wait(&s, &o, gsp_now_ms() + 60000, &err) == -1);
	OK(err.code == GSP_EAUTH && err.detail == GSP_SSH_BAD_HOSTKEY);
	OK(gsp_now_ms() - start < 20000);

	o = fake_sshd_opts(&sshd);
	snprintf(path, sizeof(path), "%s/other", sshd.dir);
	OK(gsp_io_replace(path, pem.data, pem.len, 0600, &err) == 0);
	o.key_file = path;
	OK(gsp_ssh_open(&s, &o, &err) == -1 && err.code == GSP_EAUTH);
	IS_INT(err.detail, GSP_SSH_BAD_LOGIN);
	start = gsp_now_ms();
	OK(gsp_ssh_open_wait(&s, &o, start + 3000, &err) == -1 && err.code == GSP_EAUTH);
	OK(gsp_now_ms() - start < 15000);

	o.key_file = "/nonexistent/key";
	OK(gsp_ssh_open(&s, &o, &err) == -1 && err.code == GSP_EIO);
	o.key_file = "/etc/passwd";
	OK(gsp_ssh_open_wait(&s, &o, gsp_now_ms() + 60000, &err) == -1);
	IS_INT(err.code, GSP_ECONFIG);
	o = fake_sshd_opts(&sshd);
	o.host_key = "ssh-ed25519 nonsense";
	OK(gsp_ssh_open(&s, &o, &err) == -1 && err.code == GSP_ECONFIG);
	o = fake_sshd_opts(&sshd);
	o.host = "-oProxyCommand=x";
	OK(gsp_ssh_open(&s, &o, &err) == -1 && err.code == GSP_ECONFIG);
	o.host = "localhost";
	OK(gsp_ssh_open(&s, &o, &err) == -1 && err.code == GSP_ECONFIG);
	OK(s == NULL);
	IS_INT(open_fds(), fds);
	gsp_buf_release(&pem);
	gsp_buf_release(&line);
}

/* All that is known of the host key is the beginning of its hash. */
static void
test_hostkey_hash(void)
{
	struct gsp_ssh_opts o = fake_sshd_opts(&sshd);
	struct gsp_ssh *s = NULL;
	char hex[65], hash[42];
	size_t len;

	OK(gsp_ssh_key_hash(hex, sshd.host_key, &err) == 0);
	o.host_key = NULL;
	o.host_key_hash40 = hash;
	snprintf(hash, sizeof(hash), "%.40s", hex);
	OK(gsp_ssh_open(&s, &o, &err) == 0);
	len = strlen(gsp_ssh_host_key(s));
	OK(len > 60 && strncmp(gsp_ssh_host_key(s), sshd.host_key, len) == 0);
	gsp_ssh_close(s);
	s = NULL;
	for (char *p = hash; *p != '\0'; p++)
		*p = *p >= 'a' ? (char)(*p - 'a' + 'A') : *p; /* tags fold case */
	OK(gsp_ssh_open(&s, &o, &err) == 0);
	gsp_ssh_close(s);
	s = NULL;
	hash[39] = hash[39] == '0' ? '1' : '0';
	OK(gsp_ssh_open(&s, &o, &err) == -1 && err.code == GSP_EAUTH);
	IS_INT(err.detail, GSP_SSH_BAD_HOSTKEY);
	hash[39] = '\0';
	OK(gsp_ssh_open(&s, &o, &err) == -1 && err.code == GSP_ECONFIG);
	snprintf(hash, sizeof(hash), "%.41s", hex);
	OK(gsp_ssh_open(&s, &o, &err) == -1 && err.code == GSP_ECONFIG);
	memset(hash, 'g', 40);
	hash[40] = '\0';
	OK(gsp_ssh_open(&s, &o, &err) == -1 && err.code == GSP_ECONFIG);
	o.host_key_hash40 = NULL;
	OK(gsp_ssh_open(&s, &o, &err) == -1 && err.code == GSP_ECONFIG);
	OK(s == NULL);
}

/* A server that has host keys, but none of ours' kind. */
static void
test_other_hostkey_type(void)
{
	struct fake_sshd other;
	struct gsp_ssh *s = NULL;
	struct gsp_ssh_opts o;
	char path[128];
	const char *const argv[] = {"ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", path, NULL};
	int status = 1;

	snprintf(path, sizeof(path), "%s/ecdsa", sshd.dir);
	if (gsp_proc_run(argv, NULL, &status, &err) == -1 || status != 0) {
		SKIP("no ssh-keygen");
		return;
	}
	OK(fake_sshd_start(&other, path, NULL, &err) == 0);
	o = fake_sshd_opts(&other);
	OK(gsp_ssh_open_wait(&s, &o, gsp_now_ms() + 60000, &err) == -1);
	IS_INT(err.code, GSP_EAUTH);
	IS_INT(err.detail, GSP_SSH_BAD_HOSTKEY);
	fake_sshd_stop(&other);
}

static void
test_bad_servers(void)
{
	struct gsp_ssh_opts o = fake_sshd_opts(&sshd);
	struct gsp_ssh *s = NULL;
	struct tcpproxy proxy;
	int64_t start;
	int fds;

	OK(tcpproxy_start(&proxy, sshd.port) == 0);
	fds = open_fds();
	o.port = proxy.port;
	OK(tcpproxy_set(&proxy, TCPPROXY_GARBAGE, 0) == 0);
	OK(gsp_ssh_open(&s, &o, &err) == -1 && err.code == GSP_EPROTO);
	OK(tcpproxy_set(&proxy, TCPPROXY_RESET, 0) == 0);
	OK(gsp_ssh_open(&s, &o, &err) == -1 && err.code == GSP_ETEMP);
	OK(tcpproxy_set(&proxy, TCPPROXY_CLOSE, 0) == 0);
	OK(gsp_ssh_open(&s, &o, &err) == -1 && err.code == GSP_ETEMP);
	OK(tcpproxy_set(&proxy, TCPPROXY_SILENT, 0) == 0);
	o.connect_ms = 200;
	start = gsp_now_ms();
	OK(gsp_ssh_open(&s, &o, &err) == -1 && err.code == GSP_ETEMP);
	OK(gsp_now_ms() - start >= 200 && gsp_now_ms() - start < 5000);
	/* cut at every stage of the handshake */
	o.connect_ms = 300;
	for (uint64_t at = 1; at < 2600; at += 250) {
		OK(tcpproxy_set(&proxy, TCPPROXY_FORWARD, 0) == 0);
		OK(tcpproxy_set(&proxy, TCPPROXY_RESET, at) == 0);
		if (gsp_ssh_open(&s, &o, &err) == 0) {
			gsp_ssh_close(s);
			s = NULL;
		} else if (!OK(err.code == GSP_ETEMP || err.code == GSP_EPROTO)) {
			printf("# %d %s\n", (int)err.code, err.msg);
		}
	}
	IS_INT(open_fds(), fds);
	tcpproxy_stop(&proxy);
	o.connect_ms = 0;
	start = gsp_now_ms();
	OK(gsp_ssh_open(&s, &o, &err) == -1 && err.code == GSP_ETEMP);
	OK(gsp_now_ms() - start < 5000);
}

/* A machine that does not even answer: a listener whose queue is full drops what else comes. */
/* libssh's own, a while later at its second call: by then the banner has come since we looked,
 * and libssh takes it, so that the key exchange is the first thing that we see. */
static bool banner_race;

int
ssh_connect(ssh_session ses)
{
	static int calls;
	int (*real)(ssh_session);

	*(void **)&real = dlsym(RTLD_NEXT, "ssh_connect");
	if (banner_race && ++calls == 2)
		usleep(300000);
	return real(ses);
}

static void
test_banner_taken(void)
{
	struct gsp_ssh *s;

	banner_race = true;
	s = dial(sshd.port);
	banner_race = false;
	OK(s != NULL);
	gsp_ssh_close(s);
}

static void
test_no_answer(void)
{
	struct gsp_ssh_opts o = fake_sshd_opts(&sshd);
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	struct gsp_ssh *s = NULL;
	int fd[4];
	int64_t start;

	fd[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	OK(bind(fd[0], (struct sockaddr *)&a, len) == 0 && listen(fd[0], 0) == 0 &&
	    getsockname(fd[0], (struct sockaddr *)&a, &len) == 0);
	for (int i = 1; i < 4; i++) {
		fd[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		OK(connect(fd[i], (struct sockaddr *)&a, len) == 0 || errno == EINPROGRESS);
	}
	o.port = ntohs(a.sin_port);
	o.connect_ms = 200;
	start = gsp_now_ms();
	OK(gsp_ssh_open(&s, &o, &err) == -1 && err.code == GSP_ETEMP);
	OK(gsp_now_ms() - start >= 200 && gsp_now_ms() - start < 5000);
	start = gsp_now_ms();
	OK(gsp_ssh_open_wait(&s, &o, start + 500, &err) == -1 && err.code == GSP_ETEMP);
	OK(gsp_now_ms() - start < 5000);
	for (int i = 0; i < 4; i++)
		close(fd[i]);
}

static void
test_cuts(void)
{
	static const enum tcpproxy_mode modes[] = {
	    TCPPROXY_SILENT,
	    TCPPROXY_STALL,
	    TCPPROXY_RESET,
	    TCPPROXY_CLOSE,
	    TCPPROXY_GARBAGE,
	};
	struct gsp_ssh_io io = {.in = calloc(1, 40 * MB), .in_len = 40 * MB};
	struct tcpproxy proxy;
	int64_t start;

	gsp_ssh_keepalive_ms = 100;
	OK(tcpproxy_start(&proxy, sshd.port) == 0);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		for (int writing = 0; writing < 2; writing++) {
			struct gsp_ssh *s;

			OK(tcpproxy_set(&proxy, TCPPROXY_FORWARD, 0) == 0);
			s = dial(proxy.port);
			if (!OK(s != NULL))
				continue;
			/* Quiet for longer than the limit, but alive: that is fine. */
			if (i == 0 && writing == 0)
				IS_INT(run(s, "sleep 0.7; exit 2", NULL), 2);
			OK(tcpproxy_set(&proxy, modes[i], 1000) == 0);
			start = gsp_now_ms();
			/* 1000 bytes come at once, then nothing; half the time we also send */
			if (!OK(run(s, "head -c 1000 /dev/zero; " LINGER,
				    writing ? &io : NULL) == -1 && err.code == GSP_EIO))
				printf("# mode %d: %d %s\n", (int)modes[i], (int)err.code, err.msg);
			OK(gsp_now_ms() - start < 10000);
			OK(run(s, "true", NULL) == -1 && err.code == GSP_EIO);
			gsp_ssh_close(s);
		}
	}
	tcpproxy_stop(&proxy);
	gsp_ssh_keepalive_ms = 15000;
	free((void *)(uintptr_t)io.in);
}

static void
test_wait(void)
{
	struct gsp_ssh_opts o = fake_sshd_opts(&sshd);
	struct gsp_ssh *s = NULL;
	struct tcpproxy proxy;
	pid_t pid;
	int64_t start = gsp_now_ms();

	/* It resets at first, which is what a booting machine does in one way or another. */
	OK(tcpproxy_start(&proxy, sshd.port) == 0);
	OK(tcpproxy_set(&proxy, TCPPROXY_RESET, 0) == 0);
	o.port = proxy.port;
	pid = fork();
	if (pid == 0) {
		poll(NULL, 0, 300);
		_exit(tcpproxy_set(&proxy, TCPPROXY_FORWARD, 0) == 0 ? 0 : 1);
	}
	OK(gsp_ssh_open_wait(&s, &o, start + 30000, &err) == 0);
	OK(gsp_now_ms() - start >= 300);
	if (s != NULL)
		IS_INT(run(s, "exit 8", NULL), 8);
	gsp_ssh_close(s);
	OK(waitpid(pid, NULL, 0) == pid);
	tcpproxy_stop(&proxy);
}

static void
test_concurrent(void)
{
	pid_t pid[4];
	int status, good = 0;

	for (int i = 0; i < 4; i++) {
		pid[i] = fork();
		if (pid[i] == 0) {
			struct gsp_ssh *s = dial(sshd.port);
			struct echo x = {.want = noise(3 * MB), .len = 3 * MB};
			struct gsp_ssh_io io = {.in = x.want, .in_len = x.len,
			    .out = echo_sink, .out_ctx = &x};
			int rc = s != NULL ? run(s, "cat; exit 11", &io) : -1;

			gsp_ssh_close(s);
			_exit(rc == 11 && x.got == x.len && !x.differs ? 0 : 1);
		}
	}
	for (int i = 0; i < 4; i++)
		if (waitpid(pid[i], &status, 0) == pid[i] && status == 0)
			good++;
	IS_INT(good, 4);

	/* two links in one process, one command after the other on each */
	struct gsp_ssh *a = dial(sshd.port), *b = dial(sshd.port);
	OK(a != NULL && b != NULL && run(a, "exit 1", NULL) == 1 && run(b, "exit 2", NULL) == 2 &&
	    run(a, "exit 3", NULL) == 3);
	gsp_ssh_close(a);
	gsp_ssh_close(b);
}

static void
test_signal(void)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		struct gsp_ssh *s = dial(sshd.port);
		bool ok;

		if (s == NULL || gsp_sig_init(&err) == -1)
			_exit(1);
		/* held: the command may end */
		gsp_sig_hold();
		raise(SIGTERM);
		ok = run(s, "sleep 0.2; exit 12", NULL) == 12;
		gsp_sig_release();
		ok = ok && run(s, LINGER, NULL) == -1 && err.code == GSP_ECANCEL &&
		    err.detail == SIGTERM;
		gsp_ssh_close(s);
		_exit(ok ? 0 : 2);
	}
	OK(waitpid(pid, &status, 0) == pid);
	IS_INT(status, 0);
}

int
main(void)
{
	struct gsp_ssh *s;

	test_keys();
	signal(SIGPIPE, SIG_IGN);
	/* New keys every 4 MB, so that everything large also passes through that. */
	if (fake_sshd_start(&sshd, NULL, "RekeyLimit 4M", &err) == -1) {
		bool missing = err.code == GSP_EUNAVAIL;

		fake_sshd_stop(&sshd);
		if (missing)
			SKIP(err.msg);
		else if (!OK(!"sshd starts"))
			printf("# %s\n", err.msg);
		return done();
	}
	s = dial(sshd.port);
	if (OK(s != NULL)) {
		test_ends(s);
		test_echo(s, 0);
		test_echo(s, 1);
		test_echo(s, 20 * MB);
		test_streams(s);
		test_deadline(s);
		gsp_ssh_close(s);
	}
	test_refusals();
	test_hostkey_hash();
	test_other_hostkey_type();
	test_bad_servers();
	test_banner_taken();
	test_no_answer();
	test_cuts();
	test_wait();
	test_concurrent();
	test_signal();
	fake_sshd_stop(&sshd);
	return done();
}
