/* net/ssh: commands joined to descriptors, and the interactive shell. */
#include "net/ssh.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "../fake/sshd.h"
#include "base/clock.h"
#include "sys/io.h"
#include "sys/sig.h"
#include "tap.h"

#include "base/banned.h"

#define MB 1000000
/* A command that ends with the connection, and not by itself. */
#define LINGER "while kill -0 $PPID 2>/dev/null; do sleep 0.1; done"

static struct fake_sshd sshd;
static struct gsp_err err;

static struct gsp_ssh *
dial(void)
{
	struct gsp_ssh_opts o = fake_sshd_opts(&sshd);
	struct gsp_ssh *s = NULL;

	if (gsp_ssh_open(&s, &o, &err) == -1)
		printf("# cannot open: %s\n", err.msg);
	return s;
}

/* Exit status, -1 for an error (then err tells), 1000 for a signal; "PIPE" is 1013. */
static int
pump(struct gsp_ssh *s, const char *command, int in, int out, int errs)
{
	struct gsp_ssh_end end = {0, ""};

	gsp_err_clear(&err);
	if (gsp_ssh_pump(s, command, in, out, errs, &end, &err) == -1)
		return -1;
	if (end.status == -1)
		return strcmp(end.signame, "PIPE") == 0 ? 1013 : 1000;
	return end.status;
}

static char *
noise(size_t len)
{
	char *p = malloc(len);
	uint32_t x = 54321;

	for (size_t i = 0; p != NULL && i < len; i++) {
		x = x * 1664525 + 1013904223;
		p[i] = (char)(x >> 24);
	}
	return p;
}

static int
temp_file(void)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/t.XXXXXX", sshd.dir);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd != -1)
		unlink(path);
	return fd;
}

static void
test_files(struct gsp_ssh *s)
{
	size_t len = 12 * MB;
	char *want = noise(len);
	struct gsp_buf got = GSP_BUF_INIT(20 * MB);
	int in = temp_file(), out = temp_file(), errs = temp_file();

	OK(gsp_io_write_all(in, want, len, "in", &err) == 0 && lseek(in, 0, SEEK_SET) == 0);
	IS_INT(pump(s, "tee /dev/stderr; exit 3", in, out, errs), 3);
	OK(lseek(out, 0, SEEK_SET) == 0 && gsp_io_read_all(&got, out, "out", &err) == 0);
	OK(got.len == len && memcmp(got.data, want, len) == 0);
	gsp_buf_reset(&got);
	OK(lseek(errs, 0, SEEK_SET) == 0 && gsp_io_read_all(&got, errs, "err", &err) == 0);
	OK(got.len == len && memcmp(got.data, want, len) == 0);
	close(in);
	close(out);
	close(errs);
	gsp_buf_release(&got);
	free(want);
}

static void
close_all(const int *fds, int but)
{
	for (int i = 0; i < 4; i++)
		if (fds[i] != but)
			close(fds[i]);
}

/* A child that reads ${fd}, late and in small bites, and checks it. */
static pid_t
slow_reader(const int *fds, int fd, const char *want, size_t len)
{
	pid_t pid = fork();
	char bite[50000];
	size_t got = 0;
	ssize_t n;

	if (pid != 0)
		return pid;
	close_all(fds, fd);
	/* long enough for every buffer on the way to fill up */
	poll(NULL, 0, 300);
	while ((n = read(fd, bite, sizeof(bite))) > 0) {
		if (got + (size_t)n > len || memcmp(want + got, bite, (size_t)n) != 0)
			_exit(1);
		got += (size_t)n;
	}
	_exit(got == len ? 0 : 2);
}

static pid_t
writer(const int *fds, int fd, const char *data, size_t len)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	close_all(fds, fd);
	_exit(gsp_io_write_all(fd, data, len, "pipe", &err) == 0 ? 0 : 1);
}

/* Through two pipes or two socket pairs, with a slow consumer. */
static void
test_back_pressure(struct gsp_ssh *s, bool sockets)
{
	size_t len = 9 * MB;
	char *want = noise(len);
	int fds[4], *in = fds, *out = fds + 2, st = -1;
	pid_t r, w;

	OK((sockets ? socketpair(AF_UNIX, SOCK_STREAM, 0, in) : pipe(in)) == 0);
	OK((sockets ? socketpair(AF_UNIX, SOCK_STREAM, 0, out) : pipe(out)) == 0);
	r = slow_reader(fds, out[0], want, len);
	w = writer(fds, in[1], want, len);
	close(in[1]);
	close(out[0]);
	IS_INT(pump(s, "cat; exit 21", in[0], out[1], 2), 21);
	OK((fcntl(out[1], F_GETFL) & O_NONBLOCK) == 0); /* it may be shared with others */
	close(in[0]);
	close(out[1]);
	OK(waitpid(w, &st, 0) == w && st == 0);
	OK(waitpid(r, &st, 0) == r);
	IS_INT(st, 0);
	free(want);
}

/* A consumer that is slower than the link: what is under way in between stays bounded. libssh lets
 * the other side send a window more with each read, and loses what it cannot keep. */
static void
test_bounded(struct gsp_ssh *s)
{
	int out[2], st = -1;
	char bite[20000], path[128], command[300];
	size_t got = 0;
	ssize_t n = 1;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/sent", sshd.dir);
	snprintf(command, sizeof(command),
	    "i=0; while head -c 1000000 /dev/zero; do i=$((i + 1)); echo $i >'%s'; done", path);
	OK(socketpair(AF_UNIX, SOCK_STREAM, 0, out) == 0);
	pid = fork();
	if (pid == 0) {
		struct gsp_buf sent = GSP_BUF_INIT(100);

		close(out[1]);
		for (; got < 10 * MB && n > 0; got += n > 0 ? (size_t)n : 0) {
			poll(NULL, 0, 1); /* let more come in before each bite */
			n = read(out[0], bite, sizeof(bite));
		}
		if (n <= 0 || gsp_io_read_file(&sent, path, &err) == -1)
			_exit(1);
		printf("# %zu bytes read, %s MB sent\n", got, gsp_buf_str(&sent));
		fflush(stdout);
		_exit(strtoul(gsp_buf_str(&sent), NULL, 10) < 40 ? 0 : 2);
	}
	close(out[0]);
	IS_INT(pump(s, command, -1, out[1], 2), 1013);
	close(out[1]);
	OK(waitpid(pid, &st, 0) == pid);
	IS_INT(st, 0);
}

static void
test_ends(struct gsp_ssh *s)
{
	int fds[4] = {-1, -1, -1, -1}, *out = fds, st = -1, fd;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int64_t start = gsp_now_ms();
	char *data = noise(4 * MB);
	pid_t w;

	/* no input, no outputs */
	IS_INT(pump(s, "cat; echo x; echo y >&2; exit 4", -1, -1, -1), 4);
	/* the consumer leaves, as head does */
	OK(pipe(out) == 0);
	close(out[0]);
	IS_INT(pump(s, "yes", null, out[1], 2), 1013);
	close(out[1]);
	OK(socketpair(AF_UNIX, SOCK_STREAM, 0, out) == 0);
	close(out[0]);
	IS_INT(pump(s, "yes", null, out[1], 2), 1013);
	close(out[1]);
	/* nobody listens to stderr: the command goes on */
	OK(pipe(out) == 0);
	close(out[0]);
	IS_INT(pump(s, "yes | head -c 3000000 >&2; exit 5", null, null, out[1]), 5);
	close(out[1]);
	/* an end while input is open and idle */
	OK(pipe(out) == 0);
	IS_INT(pump(s, "exit 6", out[0], null, null), 6);
	close(out[0]);
	close(out[1]);
	/* an end while input is still flowing */
	OK(pipe(out) == 0);
	w = writer(fds, out[1], data, 4 * MB);
	close(out[1]);
	IS_INT(pump(s, "head -c 10 >/dev/null; exit 7", out[0], null, null), 7);
	close(out[0]);
	OK(waitpid(w, &st, 0) == w);
	/* a disk that is full */
	fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	OK(fd != -1 && pump(s, "yes", null, fd, null) == -1 && err.code == GSP_EIO);
	close(fd);
	IS_INT(pump(s, "kill -9 $$", null, null, null), 1000);
	OK(gsp_now_ms() - start < 30000);
	close(null);
	free(data);
}

static void
test_signal(void)
{
	int out[2], st = 0;
	char b;
	pid_t pid;

	OK(pipe(out) == 0);
	pid = fork();
	if (pid == 0) {
		struct gsp_ssh *s = dial();
		bool ok;

		close(out[0]);
		ok = s != NULL && gsp_sig_init(&err) == 0 &&
		    pump(s, "echo up; " LINGER, -1, out[1], 2) == -1 &&
		    err.code == GSP_ECANCEL && err.detail == SIGINT;
		gsp_ssh_close(s);
		_exit(ok ? 0 : 1);
	}
	close(out[1]);
	OK(read(out[0], &b, 1) == 1);
	kill(pid, SIGINT);
	OK(waitpid(pid, &st, 0) == pid);
	IS_INT(st, 0);
	close(out[0]);
}

/* In a child on a terminal of its own: 0 if the shell ended with ${want} and the terminal is as
 * it was before. */
static pid_t
shell_on_pty(int *master, const char *command, int want)
{
	const struct winsize size = {.ws_row = 31, .ws_col = 97};
	struct termios before, after;
	struct gsp_ssh_end end = {0, ""};
	struct gsp_ssh *s;
	pid_t pid = forkpty(master, NULL, NULL, &size);
	int rc;

	if (pid != 0)
		return pid;
	setenv("TERM", "vt100", 1);
	memset(&before, 0, sizeof(before));
	memset(&after, 0, sizeof(after));
	s = dial();
	if (s == NULL || gsp_sig_init(&err) == -1 || tcgetattr(0, &before) == -1)
		_exit(90);
	rc = gsp_ssh_shell(s, command, &end, &err);
	gsp_ssh_close(s);
	if (tcgetattr(0, &after) == -1 || before.c_lflag != after.c_lflag ||
	    before.c_iflag != after.c_iflag || before.c_oflag != after.c_oflag)
		_exit(91);
	if (want == -1)
		_exit(rc == -1 && err.code == GSP_ECANCEL ? 0 : 92);
	_exit(rc == 0 && end.status == want ? 0 : 93);
}

/* Read the terminal until ${text} has appeared. */
static bool
expect(int master, struct gsp_buf *seen, const char *text)
{
	int64_t end = gsp_now_ms() + 20000;
	char chunk[4096];
	ssize_t n;

	while (strstr(gsp_buf_str(seen), text) == NULL) {
		struct pollfd p = {.fd = master, .events = POLLIN};

		if (gsp_now_ms() > end || poll(&p, 1, 20000) != 1 ||
		    (n = read(master, chunk, sizeof(chunk))) <= 0) {
			printf("# wanted '%s', saw '%s'\n", text, gsp_buf_str(seen));
			return false;
		}
		gsp_buf_add(seen, chunk, (size_t)n);
	}
	return true;
}

static void
send_keys(int master, const char *keys)
{
	OK(gsp_io_write_all(master, keys, strlen(keys), "terminal", &err) == 0);
}

static void
test_shell(void)
{
	const struct winsize bigger = {.ws_row = 40, .ws_col = 120};
	struct gsp_buf seen = GSP_BUF_INIT(MB);
	int master = -1, st = -1;
	pid_t pid;

	pid = shell_on_pty(&master,
	    "stty size; echo term=$TERM; read x; echo got-$x; "
	    "while [ \"$(stty size)\" = '31 97' ]; do sleep 0.05; done; stty size; exit 5",
	    5);
	OK(expect(master, &seen, "31 97"));
	OK(expect(master, &seen, "term=vt100"));
	send_keys(master, "hello\r");
	OK(expect(master, &seen, "got-hello"));
	OK(ioctl(master, TIOCSWINSZ, &bigger) == 0);
	OK(expect(master, &seen, "40 120"));
	OK(waitpid(pid, &st, 0) == pid);
	IS_INT(st, 0);
	close(master);

	/* the login shell, left with ^D; ^C goes to it and not to us */
	gsp_buf_reset(&seen);
	pid = shell_on_pty(&master, NULL, 17);
	send_keys(master, "echo shell-$((40 + 2))\r");
	OK(expect(master, &seen, "shell-42"));
	/* said by the one that ^C is for: before that it would only reach the shell */
	send_keys(master, "sh -c 'echo in-$((20 + 3)); exec sleep 30'\r");
	OK(expect(master, &seen, "in-23"));
	send_keys(master, "\003");
	send_keys(master, "\003echo still-$((1 + 2)); (exit 17)\r");
	OK(expect(master, &seen, "still-3"));
	send_keys(master, "exit 17\r");
	OK(waitpid(pid, &st, 0) == pid);
	IS_INT(st, 0);
	close(master);

	/* a signal ends it and the terminal is restored */
	gsp_buf_reset(&seen);
	pid = shell_on_pty(&master, "echo here; " LINGER, -1);
	OK(expect(master, &seen, "here"));
	kill(pid, SIGTERM);
	OK(waitpid(pid, &st, 0) == pid);
	IS_INT(st, 0);
	close(master);
	gsp_buf_release(&seen);
}

int
main(void)
{
	struct gsp_ssh *s;

	signal(SIGPIPE, SIG_IGN);
	if (fake_sshd_start(&sshd, NULL, "RekeyLimit 4M", &err) == -1) {
		bool missing = err.code == GSP_EUNAVAIL;

		fake_sshd_stop(&sshd);
		if (missing)
			SKIP_ALL(err.msg);
		if (!OK(!"sshd starts"))
			printf("# %s\n", err.msg);
		return done();
	}
	s = dial();
	if (OK(s != NULL)) {
		test_files(s);
		test_back_pressure(s, false);
		test_back_pressure(s, true);
		test_bounded(s);
		test_ends(s);
		gsp_ssh_close(s);
	}
	test_signal();
	if (getuid() == 0)
		test_shell();
	else
		SKIP("sshd can only hand out terminals as root");
	fake_sshd_stop(&sshd);
	return done();
}
