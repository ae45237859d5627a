#include "sshd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "sys/io.h"

#include "base/banned.h"

#define SSHD     "/usr/sbin/sshd"
#define RUN_DIR  "/run/sshd" /* Debian's sshd wants it when it runs as root */
#define START_MS 20000
#define TRIES    5

static int
put(const struct fake_sshd *d, const char *name, const char *text, struct gsp_err *err)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", d->dir, name);
	return gsp_io_replace(path, text, strlen(text), 0600, err);
}

static int
put_keys(struct fake_sshd *d, struct gsp_err *err)
{
	struct gsp_buf pem = GSP_BUF_INIT(4096), line = GSP_BUF_INIT(1024);
	int rc = -1;

	if (gsp_ssh_keygen(&pem, &line, "host", err) == -1 ||
	    put(d, "hk", gsp_buf_str(&pem), err) == -1)
		goto out;
	snprintf(d->host_key, sizeof(d->host_key), "%s", gsp_buf_str(&line));
	gsp_buf_reset(&pem);
	gsp_buf_reset(&line);
	if (gsp_ssh_keygen(&pem, &line, "user", err) == -1 ||
	    put(d, "uk", gsp_buf_str(&pem), err) == -1 ||
	    put(d, "ak", gsp_buf_str(&line), err) == -1)
		goto out;
	snprintf(d->key_file, sizeof(d->key_file), "%s/uk", d->dir);
	rc = 0;
out:
	gsp_buf_release(&pem);
	gsp_buf_release(&line);
	return rc;
}

static int
loopback_socket(unsigned port, struct sockaddr_in *a)
{
	memset(a, 0, sizeof(*a));
	a->sin_family = AF_INET;
	a->sin_port = htons((uint16_t)port);
	a->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static unsigned
free_port(void)
{
	struct sockaddr_in a;
	socklen_t len = sizeof(a);
	unsigned port = 0;
	int fd = loopback_socket(0, &a);

	if (fd != -1 && bind(fd, (struct sockaddr *)&a, len) == 0 &&
	    getsockname(fd, (struct sockaddr *)&a, &len) == 0)
		port = ntohs(a.sin_port);
	if (fd != -1)
		close(fd);
	return port;
}

static bool
listens(unsigned port)
{
	struct sockaddr_in a;
	int fd = loopback_socket(port, &a);
	bool yes = fd != -1 && connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0;

	if (fd != -1)
		close(fd);
	return yes;
}

/* The file sshd reads; ${newer} has a line that only sshd 9.8 and later knows and needs. */
static int
put_conf(struct fake_sshd *d, const char *hk, const char *extra, bool newer,
    struct gsp_err *err)
{
	struct gsp_buf b = GSP_BUF_INIT(8192);
	int rc;

	gsp_buf_addf(&b,
	    "Port %u\nListenAddress 127.0.0.1\nHostKey %s\nPidFile none\n"
	    "AuthorizedKeysFile %s/ak\nUsePAM no\nStrictModes no\nPermitRootLogin yes\n"
	    "PasswordAuthentication no\nKbdInteractiveAuthentication no\nUseDNS no\n"
	    "PrintMotd no\nPrintLastLog no\nMaxStartups 100\nMaxSessions 100\n%s%s\n",
	    d->port, hk, d->dir, newer ? "PerSourcePenalties no\n" : "",
	    extra != NULL ? extra : "");
	rc = put(d, "conf", gsp_buf_str(&b), err);
	gsp_buf_release(&b);
	return rc;
}

static int
start_once(struct fake_sshd *d, const char *conf, const char *more, int *status,
    struct gsp_err *err)
{
	const char *const argv[] = {SSHD, "-D", "-f", conf, more, NULL};
	char log[128];
	int fd, rc;

	snprintf(log, sizeof(log), "%s/log", d->dir);
	fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd == -1)
		return gsp_err_sys(err, GSP_ESYS, errno, "cannot write '%s'", log);
	d->proc = (struct gsp_proc)GSP_PROC_INIT;
	d->proc.argv = argv;
	d->proc.in = GSP_PROC_NULL;
	d->proc.out = d->proc.err = fd;
	d->proc.new_group = true;
	rc = gsp_proc_start(&d->proc, err);
	close(fd);
	if (rc == 0 && status != NULL)
		rc = gsp_proc_wait(&d->proc, status, err);
	return rc;
}

static int
wait_listening(struct fake_sshd *d, struct gsp_err *err)
{
	int64_t end = gsp_now_ms() + START_MS;
	int status;

	while (gsp_now_ms() < end) {
		if (gsp_proc_poll(&d->proc, &status) == 1) {
			d->proc.pid = -1;
			return gsp_err_set(err, GSP_ETEMP, "sshd ended with %d", status);
		}
		if (listens(d->port))
			return 0;
		poll(NULL, 0, 10);
	}
	return gsp_err_set(err, GSP_ETEMP, "sshd does not listen");
}

int
fake_sshd_start(struct fake_sshd *d, const char *host_key_file, const char *extra_conf,
    struct gsp_err *err)
{
	const struct passwd *pw = getpwuid(getuid());
	char hk[128], conf[128];
	int status;

	memset(d, 0, sizeof(*d));
	d->proc.pid = -1;
	if (access(SSHD, X_OK) == -1 || pw == NULL)
		return gsp_err_set(err, GSP_EUNAVAIL, "there is no sshd here");
	if (strstr(pw->pw_shell, "nologin") != NULL || strstr(pw->pw_shell, "/false") != NULL)
		return gsp_err_set(err, GSP_EUNAVAIL, "'%s' has no login shell", pw->pw_name);
	snprintf(d->user, sizeof(d->user), "%s", pw->pw_name);
	snprintf(d->dir, sizeof(d->dir), "/tmp/gsp-sshd.XXXXXX");
	if (mkdtemp(d->dir) == NULL) {
		d->dir[0] = '\0';
		return gsp_err_sys(err, GSP_ESYS, errno, "cannot make a directory in '/tmp'");
	}
	d->made_run_dir = getuid() == 0 && mkdir(RUN_DIR, 0755) == 0;
	if (put_keys(d, err) == -1)
		return -1;
	snprintf(hk, sizeof(hk), "%s/hk", d->dir);
	snprintf(conf, sizeof(conf), "%s/conf", d->dir);
	if (host_key_file == NULL)
		host_key_file = hk;
	for (int i = 0; i < TRIES; i++) {
		d->port = free_port();
		if (put_conf(d, host_key_file, extra_conf, true, err) == -1 ||
		    start_once(d, conf, "-t", &status, err) == -1)
			return -1;
		if (status != 0 && put_conf(d, host_key_file, extra_conf, false, err) == -1)
			return -1;
		if (start_once(d, conf, NULL, NULL, err) == -1)
			return -1;
		if (wait_listening(d, err) == 0)
			return 0;
	}
	return -1;
}

struct gsp_ssh_opts
fake_sshd_opts(const struct fake_sshd *d)
{
	return (struct gsp_ssh_opts){
	    .host = "127.0.0.1",
	    .port = d->port,
	    .user = d->user,
	    .host_key = d->host_key,
	    .key_file = d->key_file,
	    .connect_ms = 0,
	};
}

void
fake_sshd_stop(struct fake_sshd *d)
{
	struct gsp_err err = GSP_ERR_INIT;
	int status;

	if (d->proc.pid > 0) {
		gsp_proc_kill(&d->proc, SIGTERM);
		(void)gsp_proc_wait(&d->proc, &status, &err);
	}
	if (d->dir[0] != '\0')
		(void)gsp_io_rmtree(d->dir, &err);
	if (d->made_run_dir)
		(void)rmdir(RUN_DIR);
	memset(d, 0, sizeof(*d));
	d->proc.pid = -1;
}
