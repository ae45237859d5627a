/* sys/confine: what a confined process still can do, and what it no longer can. Each case is a process
 * of its own, which says by its exit status what became of it. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/http.h"
#include "sys/confine.h"
#include "sys/io.h"
#include "../fake/httpd.h"
#include "tap.h"

static char dir[] = "/tmp/test_confine.XXXXXX";
static char token[64], readable[64];
static struct fake_httpd *httpd;

#define IN_CHILD(fn) tap_int(in_child(fn), 0, __FILE__, __LINE__, #fn)

/* 0: as wanted; else the line that was not. */
static int
in_child(int (*fn)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		const char *const read_too[] = {readable, "/nowhere", NULL};
		struct gsp_err err = GSP_ERR_INIT;
		int line;

		if (gsp_confine_net(read_too, false, &err) == -1) {
			dprintf(2, "# %s\n", err.msg);
			_exit(255);
		}
		line = fn();
		_exit(line == 0 ? 0 : line % 250 + 1);
	}
	if (pid == -1 || waitpid(pid, &status, 0) != pid)
		abort();
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

#define MUST(cond)                                                                                 \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			dprintf(1, "# line %d: %s (%s)\n", __LINE__, #cond, strerror(errno));      \
			return __LINE__;                                                           \
		}                                                                                  \
	} while (0)
#define DENIED(call, why) MUST((call) == -1 && errno == (why))

static int
files(void)
{
	char block[16];
	int fd;

	DENIED(open(token, O_RDONLY), EACCES);
	DENIED(openat(AT_FDCWD, "/etc/passwd", O_RDONLY), EACCES);
	DENIED(open("/proc/self/environ", O_RDONLY), EACCES);
	DENIED(open("/proc/1/environ", O_RDONLY), EACCES);
	DENIED(open("/", O_RDONLY | O_DIRECTORY), EACCES);
	DENIED(open(dir, O_RDONLY | O_DIRECTORY), EACCES);
	DENIED(open(readable, O_RDWR), EACCES);
	DENIED(open(readable, O_WRONLY | O_TRUNC), EACCES);
	DENIED(open("/dev/null", O_WRONLY), EACCES);
	DENIED(open("/tmp/test_confine.new", O_WRONLY | O_CREAT, 0600), EACCES);
	DENIED(open("/tmp", O_TMPFILE | O_RDWR, 0600), EACCES);
	DENIED(syscall(SYS_openat2, AT_FDCWD, token, NULL, 0), EPERM);
	DENIED(mkdir("/tmp/test_confine.new", 0700), EPERM);
	DENIED(unlink(token), EPERM);
	DENIED(rename(token, "/tmp/test_confine.new"), EPERM);
	DENIED(symlink(token, "/tmp/test_confine.new"), EPERM);
	DENIED(chmod(token, 0644), EPERM);
	DENIED(truncate(token, 0), EPERM);
	DENIED((int)syscall(SYS_memfd_create, "x", 0), EPERM);
	MUST((fd = open(readable, O_RDONLY)) >= 0 && read(fd, block, sizeof(block)) == 3);
	MUST((fd = open("/etc/resolv.conf", O_RDONLY)) >= 0 || errno == ENOENT);
	MUST(open("/etc/ssl", O_RDONLY | O_DIRECTORY) >= 0 || errno == ENOENT);
	return 0;
}

static int
programs(void)
{
	char *const argv[] = {(char *)(uintptr_t)"true", NULL};
	struct iovec v = {&(int){0}, sizeof(int)};
	pid_t parent = getppid();

	DENIED(execv("/bin/true", argv), EPERM);
	DENIED((int)syscall(SYS_execveat, AT_FDCWD, "/bin/true", argv, NULL, 0), EPERM);
	DENIED(fork(), EPERM);
	DENIED((int)syscall(SYS_vfork), EPERM);
	DENIED((int)syscall(SYS_clone3, NULL, 0), ENOSYS);
	DENIED(kill(parent, 0), EPERM);
	DENIED(kill(0, SIGTERM), EPERM);
	DENIED((int)syscall(SYS_tgkill, parent, parent, SIGTERM), EPERM);
	DENIED((int)syscall(SYS_pidfd_open, parent, 0), EPERM);
	DENIED((int)ptrace(PTRACE_SEIZE, parent, NULL, NULL), EPERM);
	DENIED((int)process_vm_readv(parent, &v, 1, &v, 1, 0), EPERM);
	DENIED(setuid(0), EPERM);
	DENIED(setresuid(0, 0, 0), EPERM);
	DENIED(unshare(CLONE_NEWUSER), EPERM);
	DENIED(chroot("/"), EPERM);
	DENIED((int)syscall(SYS_bpf, 0, NULL, 0), EPERM);
	DENIED((int)syscall(SYS_io_uring_setup, 1, NULL), EPERM);
	DENIED((int)syscall(SYS_keyctl, 0, 0), EPERM);
	DENIED(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), EPERM);
	DENIED((int)syscall(100000), ENOSYS);
	return 0;
}

static int
limits(void)
{
	struct rlimit core, size;

	MUST(getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_max == 0);
	MUST(getrlimit(RLIMIT_FSIZE, &size) == 0 && size.rlim_max == 0);
	return 0;
}

static int
sockets(void)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	int fd, pair[2];

	DENIED(socket(AF_UNIX, SOCK_STREAM, 0), EACCES);
	DENIED(socket(AF_UNIX, SOCK_DGRAM, 0), EACCES);
	DENIED(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), EACCES);
	DENIED(socket(AF_INET6, SOCK_RAW, IPPROTO_ICMP), EACCES);
	DENIED(socket(AF_PACKET, SOCK_RAW, 0), EACCES);
	DENIED(socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT), EACCES);
	DENIED(socket(AF_VSOCK, SOCK_STREAM, 0), EACCES);
	DENIED(socket(AF_ALG, SOCK_SEQPACKET, 0), EACCES);
	MUST((fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)) >= 0);
	MUST((fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) >= 0 ||
	    errno == EAFNOSUPPORT);
	MUST((fd = socket(AF_INET, SOCK_DGRAM, 0)) >= 0);
	MUST((fd = socket(AF_INET, SOCK_STREAM, 0)) >= 0);
	DENIED(listen(fd, 1), EPERM);
	if (gsp_confine_landlock() >= 4) {
		sin.sin_port = htons(45678);
		DENIED(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), EACCES);
	}
	DENIED(accept(fd, NULL, NULL), EPERM);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0); /* libcurl wakes itself with one */
	/* such a pair is joined for good, but one of datagrams could be sent to any service's address */
	DENIED(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), EACCES);
	DENIED(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), EACCES);
	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
	return 0;
}

static void *
thread(void *arg)
{
	*(int *)arg = open(token, O_RDONLY) == -1 && errno == EACCES &&
	    kill(getppid(), 0) == -1 && errno == EPERM;
	return NULL;
}

/* Names, threads (confined, too) and HTTP as libcurl does it. */
static int
still(void)
{
	struct addrinfo hint = {.ai_socktype = SOCK_STREAM}, *ai;
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_http_req req = {.method = "GET"};
	struct gsp_http_res res;
	struct gsp_http *http;
	char url[80];
	pthread_t t;
	int confined = 0;

	MUST(pthread_create(&t, NULL, thread, &confined) == 0 && pthread_join(t, NULL) == 0 && confined);
	MUST(getaddrinfo("localhost", "80", &hint, &ai) == 0);
	freeaddrinfo(ai);
	(void)getaddrinfo("does-not-exist.invalid", "80", &hint, &ai); /* not the end of us */
	snprintf(url, sizeof(url), "http://localhost%s/x", strrchr(fake_httpd_url(httpd), ':'));
	req.url = url;
	MUST(gsp_http_new(&http, &err) == 0);
	if (gsp_http_do(http, &req, &res, &err) == -1)
		printf("# %s\n", err.msg);
	MUST(res.status == 200 && strcmp(gsp_buf_str(&res.body), "{\"a\":1}") == 0);
	return 0;
}

/* ---- other users ---- */

static int
by_itself(int (*fn)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		int line = fn();

		_exit(line == 0 ? 0 : line % 250 + 1);
	}
	if (pid == -1 || waitpid(pid, &status, 0) != pid)
		abort();
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static int
become(void)
{
	struct gsp_err err = GSP_ERR_INIT;

	MUST(gsp_confine_become(0, 5, &err) == -1 && gsp_confine_become(5, 0, &err) == -1);
	MUST(gsp_confine_become(54321, 54322, &err) == 0);
	MUST(getuid() == 54321 && geteuid() == 54321 && getgid() == 54322 && getgroups(0, NULL) == 0);
	DENIED(setuid(0), EPERM);
	DENIED(open(token, O_RDONLY), EACCES);
	return 0;
}

static int
owner(void)
{
	struct gsp_err err = GSP_ERR_INIT;

	MUST(gsp_confine_owner(54321, &err) == -1 && err.code == GSP_EAUTH);
	MUST(gsp_confine_owner(0, &err) == -1);
	MUST(gsp_confine_owner(65534, &err) == 0); /* nobody, everywhere */
	MUST(getuid() == 65534 && strcmp(getenv("USER"), "nobody") == 0);
	DENIED(setuid(0), EPERM);
	return 0;
}

int
main(void)
{
	struct gsp_err err = GSP_ERR_INIT;

	if (gsp_confine_landlock() == 0)
		SKIP_ALL("no Landlock in this kernel");
	if (mkdtemp(dir) == NULL)
		abort();
	snprintf(token, sizeof(token), "%s/token", dir);
	snprintf(readable, sizeof(readable), "%s/ca.pem", dir);
	if (gsp_io_replace(token, "secret\n", 7, 0600, &err) == -1 ||
	    gsp_io_replace(readable, "ca\n", 3, 0644, &err) == -1)
		abort();
	if ((httpd = fake_httpd_new()) == NULL)
		abort();
	fake_httpd_say(httpd, 200, "{\"a\":1}");
	IN_CHILD(files);
	IN_CHILD(programs);
	IN_CHILD(limits);
	IN_CHILD(sockets);
	IN_CHILD(still);
	if (geteuid() == 0) {
		IS_INT(by_itself(become), 0);
		IS_INT(by_itself(owner), 0);
	} else
		SKIP("only root can become another user");
	fake_httpd_free(httpd);
	OK(gsp_io_rmtree(dir, &err) == 0);
	return done();
}
