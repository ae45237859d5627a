/*
 * sandbox/machine_world: the shared part: a directory, a network, and the namespaces that hold
 * disks and links, each kept alive by a descriptor of ours alone.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/machine_int.h"
#include "sys/io.h"
#include "sys/lock.h"

#include "base/banned.h"

#define DISK_DEFAULT (UINT64_C(8) << 30)
#define DIR_PATH_MAX 1024

static int
check_tools(struct gsp_err *err)
{
	static const char *const tools[][2] = {{"ip", "iproute2"}, {"ss", "iproute2"},
	    {"nft", "nftables"}, {"sshd", "openssh-server"}, {"ssh-keygen", "openssh-client"},
	    {"setpriv", "util-linux"}};
	static const char *const dirs[] = {"/usr/sbin", "/usr/bin", "/sbin", "/bin",
	    "/usr/local/sbin", "/usr/local/bin"};
	char path[64];
	size_t t, d;

	for (t = 0; t < sizeof(tools) / sizeof(tools[0]); t++) {
		for (d = 0; d < sizeof(dirs) / sizeof(dirs[0]); d++) {
			(void)snprintf(path, sizeof(path), "%s/%s", dirs[d], tools[t][0]);
			if (access(path, X_OK) == 0)
				break;
		}
		if (d == sizeof(dirs) / sizeof(dirs[0]))
			return gsp_err_set(err, GSP_ESYS,
			    "the sandbox needs '%s'; install the package %s", tools[t][0],
			    tools[t][1]);
	}
	return 0;
}

/* "m" and digits: one machine's directory. */
static bool
is_machine_dir(const char *name)
{
	return name[0] == 'm' && name[1] != '\0' &&
	    name[1 + strspn(name + 1, "0123456789")] == '\0';
}

/* An empty directory, or one that a former world left behind: remove its machines. */
static int
empty_dir(const char *dir, struct gsp_err *err)
{
	char path[PATH_MAX];
	struct dirent *e;
	DIR *d = opendir(dir);
	int rc = 0;

	if (d == NULL)
		return gsp_err_sys(err, GSP_EIO, errno, "cannot open '%s'", dir);
	while (rc == 0 && (e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.' || strcmp(e->d_name, "lock") == 0)
			continue;
		if (!is_machine_dir(e->d_name))
			rc = gsp_err_set(err, GSP_EUSAGE,
			    "'%s' holds '%s': a sandbox wants an empty directory", dir, e->d_name);
		else
			rc = gsp_io_rmtree(gsp_vm_path(path, dir, e->d_name), err);
	}
	closedir(d);
	return rc;
}

static int
open_dir(struct gsp_world *w, struct gsp_err *err)
{
	char path[PATH_MAX], note[64];

	if (gsp_io_mkdirs(w->dir, 0700, err) == -1)
		return -1;
	if (realpath(w->dir, path) == NULL || strlen(path) > DIR_PATH_MAX)
		return gsp_err_set(err, GSP_EUSAGE, "'%s' cannot be used as a directory", w->dir);
	(void)snprintf(w->dir, sizeof(w->dir), "%s", path);
	if (empty_dir(w->dir, err) == -1)
		return -1;
	(void)snprintf(note, sizeof(note), "gsp-sandbox, process %d", (int)getpid());
	if (gsp_lock_take(&w->lock_fd, gsp_vm_path(path, w->dir, "lock"), note, -1, err) == -1)
		return -1;
	/* Only now are we sure that the machines in there are dead. */
	return empty_dir(w->dir, err);
}

/* A child that has namespaces of its own and waits while we take hold of them. */
static pid_t
start_holder(int *leash, struct gsp_err *err)
{
	int up[2], down[2];
	char byte = 0;
	pid_t pid;

	if (pipe2(up, O_CLOEXEC) == -1)
		return gsp_err_sys(err, GSP_ESYS, errno, "cannot make a pipe");
	if (pipe2(down, O_CLOEXEC) == -1) {
		close(up[0]);
		close(up[1]);
		return gsp_err_sys(err, GSP_ESYS, errno, "cannot make a pipe");
	}
	pid = fork();
	if (pid == 0) {
		gsp_vm_child_reset();
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		gsp_vm_close_all_but(up[1], down[0]);
		if (unshare(CLONE_NEWNS | CLONE_NEWNET) == -1 ||
		    mount("none", "/", "none", MS_REC | MS_SLAVE, NULL) == -1)
			_exit(1);
		if (write(up[1], "r", 1) == 1)
			(void)!read(down[0], &byte, 1);
		_exit(0);
	}
	close(up[1]);
	close(down[0]);
	if (pid == -1 || read(up[0], &byte, 1) != 1) {
		if (pid != -1)
			(void)waitpid(pid, NULL, 0);
		(void)gsp_err_set(err, GSP_ESYS,
		    "cannot make namespaces; does this system allow them?");
		close(down[1]);
		pid = -1;
	} else {
		*leash = down[1];
	}
	close(up[0]);
	return pid;
}

static int
open_ns(pid_t pid, const char *kind)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, kind);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static int
open_namespaces(struct gsp_world *w, struct gsp_err *err)
{
	int leash = -1, rc = -1;
	pid_t pid = start_holder(&leash, err);

	if (pid == -1)
		return -1;
	w->mnt_fd = open_ns(pid, "mnt");
	w->net_fd = open_ns(pid, "net");
	if (w->mnt_fd == -1 || w->net_fd == -1)
		(void)gsp_err_sys(err, GSP_ESYS, errno, "cannot hold the sandbox's namespaces");
	else
		rc = gsp_vm_net_open(w, pid, err);
	close(leash);
	while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
		;
	return rc;
}

static int
set_options(struct gsp_world *w, const struct gsp_world_opts *o, struct gsp_err *err)
{
	const char *const *h;
	char path[PATH_MAX];

	w->lock_fd = w->claim_fd = w->mnt_fd = w->net_fd = w->block = -1;
	w->disk_bytes = o->disk_bytes != 0 ? o->disk_bytes : DISK_DEFAULT;
	w->disk_on_dir = o->disk_on_dir;
	w->no_cgroup = o->no_cgroup;
	if (o->dir != NULL && (strlen(o->dir) > DIR_PATH_MAX || o->dir[0] == '\0'))
		return gsp_err_set(err, GSP_EUSAGE, "bad directory '%.80s'", o->dir);
	(void)snprintf(w->dir, sizeof(w->dir), "%s", o->dir != NULL ? o->dir : "");
	for (h = o->hide; h != NULL && *h != NULL; h++) {
		if (realpath(*h, path) != NULL) /* what does not exist need not be hidden */
			gsp_argv_push(&w->hide, path);
	}
	return !w->hide.failed ? 0 : gsp_err_set(err, GSP_ESYS, "out of memory");
}

int
gsp_world_open(struct gsp_world **out, const struct gsp_world_opts *o, struct gsp_err *err)
{
	struct gsp_world *w;

	if (geteuid() != 0)
		return gsp_err_set(err, GSP_EAUTH,
		    "the sandbox makes namespaces and a network: run it as root");
	if (check_tools(err) == -1)
		return -1;
	w = calloc(1, sizeof(*w));
	if (w == NULL)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	if (set_options(w, o, err) == -1 || gsp_vm_host_claim(w, err) == -1 ||
	    open_dir(w, err) == -1 || open_namespaces(w, err) == -1) {
		gsp_world_close(w);
		return -1;
	}
	*out = w;
	return 0;
}

void
gsp_world_close(struct gsp_world *w)
{
	char path[PATH_MAX];

	if (w == NULL)
		return;
	while (w->machines != NULL)
		gsp_vm_destroy(w->machines);
	if (w->lock_fd != -1) {
		(void)unlink(gsp_vm_path(path, w->dir, "lock"));
		gsp_lock_drop(w->lock_fd);
	}
	if (w->mnt_fd != -1)
		close(w->mnt_fd);
	if (w->net_fd != -1)
		close(w->net_fd);
	if (w->block != -1)
		gsp_vm_host_release(w);
	gsp_argv_release(&w->hide);
	free(w);
}
