/*
 * The steps of a tool, and death at one of them.
 *
 * `make faults` links the very objects of the product once more, with this file between them and
 * whatever they do to the world: the linker sends each call of `rename` to __wrap_rename (see
 * WRAPS in the Makefile). So no line of the product knows of this, no setting can make an
 * installed tool kill itself, and code that is written tomorrow is seen, too: what changes a
 * file, sends a request, speaks to a machine or starts a process has to call one of these
 * (test/faults/wraps proves that it calls nothing else).
 *
 * GSP_FAULT_LOG=FILE: every step of every tool of a command appends "tool<TAB>step". What is
 * random in a name (ids, numbers) is blotted out, so that two runs name alike.
 * GSP_FAULT_KILL="tool<TAB>step<TAB>N": at its Nth occurrence in FILE "killed" is written there
 * and SIGKILL ends the process; with GSP_FAULT_TREE, too, every process of that command (those
 * with the same GSP_FAULT_LOG in their environment): what a power cut leaves. GSP_FAULT_TREE=halves:
 * of those only the network half of the bot.
 *
 * The network half may neither open nor write a file, nor send a signal: its steps go to FILE.net,
 * memory that it shared before it gave all that away (8 bytes of length, then the text). It dies by
 * exit_group(137), which runs nothing of it either; with GSP_FAULT_TREE it stands still instead,
 * until whoever watches ends it together with others.
 *
 * "half of PATH" stands for a write that gets only half of its bytes to the file.
 */
#include <ctype.h>
#include <curl/curl.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libssh/libssh.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/http.h"
#include "net/multi.h"

#define NAME_MAX_ 400

/* The real ones, by the linker's grace. */
#define REAL(type, name, ...) type __real_##name(__VA_ARGS__); type __wrap_##name(__VA_ARGS__)
REAL(int, open, const char *, int, ...);
REAL(int, openat, int, const char *, int, ...);
REAL(ssize_t, write, int, const void *, size_t);
REAL(ssize_t, pwrite, int, const void *, size_t, off_t);
REAL(int, ftruncate, int, off_t);
REAL(int, fsync, int);
REAL(int, syncfs, int);
REAL(int, rename, const char *, const char *);
REAL(int, renameat, int, const char *, int, const char *);
REAL(int, renameat2, int, const char *, int, const char *, unsigned);
REAL(int, linkat, int, const char *, int, const char *, int);
REAL(int, unlink, const char *);
REAL(int, unlinkat, int, const char *, int);
REAL(int, rmdir, const char *);
REAL(int, mkdir, const char *, mode_t);
REAL(int, mkdirat, int, const char *, mode_t);
REAL(int, symlink, const char *, const char *);
REAL(int, chmod, const char *, mode_t);
REAL(int, fchmod, int, mode_t);
REAL(int, fchmodat, int, const char *, mode_t, int);
REAL(pid_t, fork, void);
REAL(int, execv, const char *, char *const[]);
REAL(int, execvp, const char *, char *const[]);
REAL(pid_t, waitpid, pid_t, int *, int);
REAL(int, gsp_http_do, struct gsp_http *, const struct gsp_http_req *, struct gsp_http_res *,
    struct gsp_err *);
REAL(int, gsp_multi_start, struct gsp_multi *, const struct gsp_http_req *, gsp_multi_fn *, void *,
    struct gsp_err *);
REAL(CURLcode, curl_easy_send, CURL *, const void *, size_t, size_t *);
REAL(ssize_t, send, int, const void *, size_t, int);
REAL(ssh_session, ssh_new, void);
REAL(int, ssh_userauth_publickey, ssh_session, const char *, const ssh_key);
REAL(int, ssh_channel_request_exec, ssh_channel, const char *);
REAL(int, ssh_channel_request_shell, ssh_channel);
REAL(int, ssh_channel_write, ssh_channel, const void *, uint32_t);
REAL(int, ssh_channel_send_eof, ssh_channel);
REAL(void, ssh_channel_free, ssh_channel);

/* ---- what was asked for: as it was at the start, for an environment can be cleared ---- */

#define SHARED_MAX (4u << 20)

static struct {
	char *log, *kill, *tree, *home;
	char tool[64];
	struct shared {
		uint64_t len;
		char text[SHARED_MAX - 8];
	} *shared; /* of the network half */
} asked;

static char *
from_env(const char *name)
{
	const char *value = getenv(name);
	char *copy = value != NULL ? strdup(value) : NULL;

	if (value != NULL && copy == NULL)
		abort();
	return copy;
}

static void
share(void)
{
	char path[PATH_MAX];
	void *at = MAP_FAILED;
	int fd;

	(void)snprintf(path, sizeof(path), "%s.net", asked.log);
	fd = __real_open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd != -1 && __real_ftruncate(fd, SHARED_MAX) == 0)
		at = mmap(NULL, SHARED_MAX, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		abort();
	close(fd);
	asked.shared = at;
}

static void at_end(void);

__attribute__((constructor)) static void
begin(int argc, char **argv)
{
	bool job = false;

	for (int i = 1; i < argc; i++)
		job = job || strncmp(argv[i], "--run-job=", 10) == 0;
	(void)snprintf(asked.tool, sizeof(asked.tool), "%.50s%s", program_invocation_short_name,
	    job ? "-job" : "");
	asked.log = from_env("GSP_FAULT_LOG");
	asked.kill = from_env("GSP_FAULT_KILL");
	asked.tree = from_env("GSP_FAULT_TREE");
	asked.home = from_env("GSP_HOME");
	if (asked.log != NULL && strcmp(asked.tool, "gsp-bot-net") == 0)
		share();
	atexit(at_end);
}

/* To the network half, which is started with an environment without any of it. */
static void
hand_on(const char *program)
{
	if (asked.log == NULL || strcmp(program, "gsp-bot-net") != 0)
		return;
	setenv("GSP_FAULT_LOG", asked.log, 1);
	if (asked.kill != NULL)
		setenv("GSP_FAULT_KILL", asked.kill, 1);
	if (asked.tree != NULL)
		setenv("GSP_FAULT_TREE", asked.tree, 1);
}

/* ---- death ---- */

static bool
is_of_command(const char *pid, const char *want)
{
	static char text[1 << 18];
	char path[300];
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%s/environ", pid);
	if ((fd = __real_open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	for (const char *p = text; p < text + n; p += strlen(p) + 1)
		if (strcmp(p, want) == 0)
			return true;
	return false;
}

static bool
is_net(const char *pid)
{
	char path[300], name[32] = "";
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	if ((fd = __real_open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return false;
	if (read(fd, name, sizeof(name) - 1) == -1)
		name[0] = '\0';
	close(fd);
	return strcmp(name, "gsp-bot-net\n") == 0;
}

/* Every other process of the command; twice, since one may just have been born. */
static void
kill_tree(const char *log)
{
	char want[PATH_MAX + 32];
	struct dirent *e;
	bool found;
	int turns = 0;

	(void)snprintf(want, sizeof(want), "GSP_FAULT_LOG=%s", log);
	do {
		DIR *d = opendir("/proc");

		found = false;
		while (d != NULL && (e = readdir(d)) != NULL) {
			pid_t pid = (pid_t)strtol(e->d_name, NULL, 10);

			if (pid > 1 && pid != getpid() && is_of_command(e->d_name, want) &&
			    (strcmp(asked.tree, "halves") != 0 || is_net(e->d_name)))
				found = kill(pid, SIGKILL) == 0 || found;
		}
		if (d != NULL)
			closedir(d);
	} while (found && ++turns < 50);
}

static bool
share_line(const char *line)
{
	size_t len = strlen(line);
	uint64_t at = __atomic_fetch_add(&asked.shared->len, len, __ATOMIC_SEQ_CST);

	if (at + len >= sizeof(asked.shared->text))
		abort();
	memcpy(asked.shared->text + at, line, len);
	return true;
}

static void
die_shared(void)
{
	share_line("killed\n");
	while (asked.tree != NULL)
		(void)poll(NULL, 0, 1000);
	syscall(SYS_exit_group, 128 + SIGKILL);
}

static void
die(int fd)
{
	if (asked.shared != NULL)
		die_shared();
	if (__real_write(fd, "killed\n", 7) == 7 && asked.tree != NULL)
		kill_tree(asked.log);
	kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

static long
count_in(const char *text, const char *line)
{
	long n = 0;

	for (const char *p = text; (p = strstr(p, line)) != NULL; p += strlen(line))
		n += p == text || p[-1] == '\n';
	return n;
}

/* How often line is in the log; the process holds its lock. */
static long
count(int fd, const char *line)
{
	struct stat st;
	long n;
	char *text;

	if (fstat(fd, &st) == -1 || (text = malloc((size_t)st.st_size + 1)) == NULL)
		abort();
	text[pread(fd, text, (size_t)st.st_size, 0)] = '\0';
	n = count_in(text, line);
	free(text);
	return n;
}

static bool
is_wanted(const char *line, size_t len, long *nth)
{
	if (asked.kill == NULL || strncmp(asked.kill, line, len - 1) != 0 || asked.kill[len - 1] != '\t')
		return false;
	*nth = strtol(asked.kill + len, NULL, 10);
	return true;
}

/* Is it here and now? Then fd is the log, and dying is left to the caller. */
static bool
step_is_last(int *fd, const char *fmt, va_list ap)
{
	char line[NAME_MAX_ + 80], *end = line;
	size_t len;
	long nth;

	*fd = -1;
	if (asked.log == NULL)
		return false;
	end += snprintf(line, 64, "%.60s\t", asked.tool);
	(void)vsnprintf(end, NAME_MAX_, fmt, ap);
	(void)snprintf(line + strlen(line), 2, "\n");
	len = strlen(line);
	if (asked.shared != NULL)
		return share_line(line) && is_wanted(line, len, &nth) &&
		    count_in(asked.shared->text, line) == nth;
	if ((*fd = __real_open(asked.log, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600)) == -1)
		return false;
	flock(*fd, LOCK_EX);
	if (__real_write(*fd, line, len) != (ssize_t)len)
		abort();
	return is_wanted(line, len, &nth) && count(*fd, line) == nth;
}

__attribute__((format(printf, 1, 2))) static void
step(const char *fmt, ...)
{
	int fd, was = errno;
	va_list ap;

	va_start(ap, fmt);
	if (step_is_last(&fd, fmt, ap))
		die(fd);
	va_end(ap);
	if (fd != -1)
		close(fd);
	errno = was;
}

/* ---- names ---- */

/* Below the home: "state/toy/session.json". What is random becomes "*", each number "#". */
static const char *
plain(char *out, const char *path)
{
	const char *home = asked.home, *p = path;
	size_t n = home != NULL ? strlen(home) : 0, o = 0;

	if (n > 0 && strncmp(path, home, n) == 0 && path[n] == '/')
		p += n + 1;
	while (*p != '\0' && o + 2 < NAME_MAX_) {
		static const char *const before[] = {".new-", ".incoming-", ".old-", ".removing-",
		    "/ended/", ".gsp.tmp-"};
		bool cut = false;

		if (isdigit((unsigned char)*p)) {
			while (isdigit((unsigned char)*p))
				p++;
			out[o++] = '#';
			continue;
		}
		for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++)
			if (strncmp(p, before[i], strlen(before[i])) == 0 &&
			    o + strlen(before[i]) + 2 < NAME_MAX_) {
				o += (size_t)sprintf(out + o, "%s*", before[i]);
				p += strlen(before[i]);
				p += strspn(p, "abcdefghijklmnopqrstuvwxyz0123456789");
				cut = true;
				break;
			}
		if (!cut)
			out[o++] = isprint((unsigned char)*p) ? *p : '?', p++;
	}
	out[o] = '\0';
	return out;
}

static const char *
name_of_fd(char *out, int fd)
{
	char link[64], path[PATH_MAX];
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	return plain(out, path);
}

static const char *
name_at(char *out, int dirfd, const char *path)
{
	char dir[NAME_MAX_], base[NAME_MAX_];

	if (dirfd == AT_FDCWD || path[0] == '/')
		return plain(out, path);
	(void)snprintf(out, NAME_MAX_, "%.190s/%.190s", name_of_fd(dir, dirfd), plain(base, path));
	return out;
}

static bool
is_file(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

/* ---- files ---- */

#define MAKES(flags) (((flags) & (O_CREAT | O_TRUNC)) != 0)

static mode_t
mode_arg(int flags, va_list ap)
{
	return (flags & O_CREAT) != 0 ? va_arg(ap, mode_t) : 0;
}

int
__wrap_open(const char *path, int flags, ...)
{
	char b[NAME_MAX_];
	mode_t mode;
	va_list ap;

	va_start(ap, flags);
	mode = mode_arg(flags, ap);
	va_end(ap);
	if (MAKES(flags))
		step("open %s", plain(b, path));
	return __real_open(path, flags, mode);
}

int
__wrap_openat(int dirfd, const char *path, int flags, ...)
{
	char b[NAME_MAX_];
	mode_t mode;
	va_list ap;

	va_start(ap, flags);
	mode = mode_arg(flags, ap);
	va_end(ap);
	if (MAKES(flags))
		step("open %s", name_at(b, dirfd, path));
	return __real_openat(dirfd, path, flags, mode);
}

/* The write that tears: half of the bytes, then the end. */
__attribute__((format(printf, 4, 5))) static void
half(int to, const void *data, size_t len, const char *fmt, ...)
{
	int fd, was = errno;
	va_list ap;

	va_start(ap, fmt);
	if (step_is_last(&fd, fmt, ap) && __real_write(to, data, len / 2) >= -1)
		die(fd);
	va_end(ap);
	if (fd != -1)
		close(fd);
	errno = was;
}

/* The two halves of the bot speak in lines; the first that is sent names the step. */
static void
step_of_talk(int fd, const char *data, size_t len)
{
	int domain = 0;
	socklen_t size = sizeof(domain);
	const char *kind = memmem(data, len, "\"kind\":\"", 8);

	if (kind != NULL && getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX)
		step("say %.*s", (int)strspn(kind + 8, "abcdefghijklmnopqrstuvwxyz"), kind + 8);
}

ssize_t
__wrap_send(int fd, const void *data, size_t len, int flags)
{
	step_of_talk(fd, data, len);
	return __real_send(fd, data, len, flags);
}

ssize_t
__wrap_write(int fd, const void *data, size_t len)
{
	char b[NAME_MAX_];

	step_of_talk(fd, data, len);
	if (is_file(fd) && strncmp(name_of_fd(b, fd), "/memfd:", 7) != 0) {
		step("write %s", b);
		/* what is renamed into place when it is whole may tear without anybody seeing it */
		if (strstr(b, ".new-") == NULL)
			half(fd, data, len, "half of %s", b);
	}
	return __real_write(fd, data, len);
}

ssize_t
__wrap_pwrite(int fd, const void *data, size_t len, off_t at)
{
	char b[NAME_MAX_];

	step("write %s", name_of_fd(b, fd));
	return __real_pwrite(fd, data, len, at);
}

int
__wrap_ftruncate(int fd, off_t len)
{
	char b[NAME_MAX_];

	step("truncate %s", name_of_fd(b, fd));
	return __real_ftruncate(fd, len);
}

int
__wrap_fsync(int fd)
{
	char b[NAME_MAX_];

	step("sync %s", name_of_fd(b, fd));
	return __real_fsync(fd);
}

int
__wrap_syncfs(int fd)
{
	char b[NAME_MAX_];

	step("syncfs %s", name_of_fd(b, fd));
	return __real_syncfs(fd);
}

int
__wrap_rename(const char *from, const char *to)
{
	char b[NAME_MAX_];

	step("rename %s", plain(b, to));
	return __real_rename(from, to);
}

int
__wrap_renameat(int fd, const char *from, int to_fd, const char *to)
{
	char b[NAME_MAX_];

	step("rename %s", name_at(b, to_fd, to));
	return __real_renameat(fd, from, to_fd, to);
}

int
__wrap_renameat2(int fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	char b[NAME_MAX_];

	step("rename %s", name_at(b, to_fd, to));
	return __real_renameat2(fd, from, to_fd, to, flags);
}

int
__wrap_linkat(int fd, const char *from, int to_fd, const char *to, int flags)
{
	char b[NAME_MAX_];

	step("linkat %s", name_at(b, to_fd, to));
	return __real_linkat(fd, from, to_fd, to, flags);
}

int
__wrap_unlink(const char *path)
{
	char b[NAME_MAX_];

	if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		step("unlink %s", plain(b, path));
	return __real_unlink(path);
}

int
__wrap_unlinkat(int dirfd, const char *path, int flags)
{
	char b[NAME_MAX_];

	step("unlink %s", name_at(b, dirfd, path));
	return __real_unlinkat(dirfd, path, flags);
}

int
__wrap_rmdir(const char *path)
{
	char b[NAME_MAX_];

	step("rmdir %s", plain(b, path));
	return __real_rmdir(path);
}

int
__wrap_mkdir(const char *path, mode_t mode)
{
	char b[NAME_MAX_];

	if (access(path, F_OK) == -1)
		step("mkdir %s", plain(b, path));
	return __real_mkdir(path, mode);
}

int
__wrap_mkdirat(int dirfd, const char *path, mode_t mode)
{
	char b[NAME_MAX_];

	step("mkdir %s", name_at(b, dirfd, path));
	return __real_mkdirat(dirfd, path, mode);
}

int
__wrap_symlink(const char *what, const char *path)
{
	char b[NAME_MAX_];

	step("symlink %s", plain(b, path));
	return __real_symlink(what, path);
}

int
__wrap_chmod(const char *path, mode_t mode)
{
	char b[NAME_MAX_];

	step("chmod %s", plain(b, path));
	return __real_chmod(path, mode);
}

int
__wrap_fchmod(int fd, mode_t mode)
{
	char b[NAME_MAX_];

	step("chmod %s", name_of_fd(b, fd));
	return __real_fchmod(fd, mode);
}

int
__wrap_fchmodat(int dirfd, const char *path, mode_t mode, int flags)
{
	char b[NAME_MAX_];

	step("chmod %s", name_at(b, dirfd, path));
	return __real_fchmodat(dirfd, path, mode, flags);
}

/* ---- processes ---- */

pid_t
__wrap_fork(void)
{
	step("fork");
	return __real_fork();
}

/* The program alone, without its directory. */
static const char *
base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

int
__wrap_execv(const char *path, char *const argv[])
{
	step("exec %s", base_of(path));
	hand_on(base_of(path));
	return __real_execv(path, argv);
}

int
__wrap_execvp(const char *file, char *const argv[])
{
	step("exec %s", base_of(file));
	hand_on(base_of(file));
	return __real_execvp(file, argv);
}

pid_t
__wrap_waitpid(pid_t pid, int *status, int flags)
{
	pid_t got = __real_waitpid(pid, status, flags);

	if (got > 0)
		step("a child has ended");
	return got;
}

/* ---- the API: before the request; when the cloud has answered, and nobody heard it yet ---- */

int
__wrap_gsp_http_do(struct gsp_http *h, const struct gsp_http_req *req, struct gsp_http_res *res,
    struct gsp_err *err)
{
	const char *path = strstr(req->url, "://");
	char b[NAME_MAX_];
	int rc;

	path = path != NULL ? strchr(path + 3, '/') : NULL;
	plain(b, path != NULL ? path : "/");
	b[strcspn(b, "?")] = '\0';
	step("%s %s", req->method, b);
	rc = __real_gsp_http_do(h, req, res, err);
	step("%s %s answered", req->method, b);
	return rc;
}

/* ---- Discord: before the request, and when it has answered and nobody acted on it yet ---- */

struct heard {
	gsp_multi_fn *fn;
	void *ctx;
	char name[NAME_MAX_ + 16];
};

static void
hear(void *ctx, const struct gsp_http_res *res, const struct gsp_err *err)
{
	struct heard *h = ctx;

	step("%s answered", h->name);
	h->fn(h->ctx, res, err);
	free(h);
}

/* "/api/v10/interactions/#/.../callback": what is long is a secret, and another each time. */
static void
name_request(char *out, const struct gsp_http_req *req)
{
	char b[NAME_MAX_], *p = strstr(req->url, "://"), *word, *rest;

	p = p != NULL ? strchr(p + 3, '/') : NULL;
	plain(b, p != NULL ? p : "/");
	b[strcspn(b, "?")] = '\0';
	out += snprintf(out, 16, "%.8s ", req->method);
	for (word = strtok_r(b, "/", &rest); word != NULL; word = strtok_r(NULL, "/", &rest))
		out += sprintf(out, "/%s", strlen(word) > 24 ? "..." : word);
}

int
__wrap_gsp_multi_start(struct gsp_multi *m, const struct gsp_http_req *req, gsp_multi_fn *fn, void *ctx,
    struct gsp_err *err)
{
	struct heard *h = malloc(sizeof(*h));

	if (h == NULL)
		abort();
	h->fn = fn;
	h->ctx = ctx;
	name_request(h->name, req);
	step("%s", h->name);
	if (__real_gsp_multi_start(m, req, hear, h, err) == 0)
		return 0;
	free(h);
	return -1;
}

/* A frame to the gateway, masked: nobody can tell which. */
CURLcode
__wrap_curl_easy_send(CURL *c, const void *data, size_t len, size_t *sent)
{
	step("to the gateway");
	return __real_curl_easy_send(c, data, len, sent);
}

/* ---- ssh ---- */

static char remote[NAME_MAX_] = "?"; /* what runs on the machine, shortly */

/* ".../agent-0123 mark '{...' '{..."state":"dirty"...'" becomes "mark dirty". */
static void
set_remote(const char *command)
{
	const char *agent = strstr(command, "/agent-"), *state = NULL, *word;

	if (strncmp(command, "f=/var/lib/gsp/agent-", 21) == 0) { /* gsp_remote_install() */
		(void)snprintf(remote, sizeof(remote), "install");
		return;
	}
	if (strncmp(command, "/var/lib/gsp/agent-", 19) != 0 || (word = strchr(agent, ' ')) == NULL) {
		(void)snprintf(remote, sizeof(remote), "%.*s", (int)strcspn(command, " "), command);
		return;
	}
	(void)snprintf(remote, sizeof(remote), "%.*s", (int)strcspn(word + 1, " "), word + 1);
	for (const char *p = command; (p = strstr(p, "\"state\":\"")) != NULL;)
		state = p += strlen("\"state\":\"");
	if (state != NULL)
		(void)snprintf(remote + strlen(remote), 64, " %.*s", (int)strcspn(state, "\""), state);
}

ssh_session
__wrap_ssh_new(void)
{
	step("ssh connect");
	return __real_ssh_new();
}

int
__wrap_ssh_userauth_publickey(ssh_session s, const char *user, const ssh_key key)
{
	int rc = __real_ssh_userauth_publickey(s, user, key);

	if (rc == SSH_AUTH_SUCCESS)
		step("ssh logged in");
	return rc;
}

int
__wrap_ssh_channel_request_exec(ssh_channel c, const char *command)
{
	static ssh_channel asking;
	int rc;

	if (asking != c) { /* it is called until it no longer says "again" */
		set_remote(command);
		step("ssh %s", remote);
	}
	rc = __real_ssh_channel_request_exec(c, command);
	asking = rc == SSH_AGAIN ? c : NULL;
	if (rc == SSH_OK)
		step("ssh %s begun", remote);
	return rc;
}

int
__wrap_ssh_channel_request_shell(ssh_channel c)
{
	(void)snprintf(remote, sizeof(remote), "shell");
	step("ssh shell");
	return __real_ssh_channel_request_shell(c);
}

int
__wrap_ssh_channel_write(ssh_channel c, const void *data, uint32_t len)
{
	step("ssh %s: bytes to it", remote);
	return __real_ssh_channel_write(c, data, len);
}

int
__wrap_ssh_channel_send_eof(ssh_channel c)
{
	step("ssh %s: end of input", remote);
	return __real_ssh_channel_send_eof(c);
}

void
__wrap_ssh_channel_free(ssh_channel c)
{
	step("ssh %s ended", remote);
	__real_ssh_channel_free(c);
}

/* ---- the end: everything is done, and nobody will know ---- */

static void
at_end(void)
{
	step("exit");
}
