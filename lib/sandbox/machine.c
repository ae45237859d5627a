/*
 * sandbox/machine: the life of one machine: disk, boot, stop, end. How a machine is built up is
 * in the files that machine_int.h lists.
 */
#include "sandbox/machine.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "sandbox/machine_int.h"
#include "sys/io.h"

#include "base/banned.h"

#define BOOT_MS 20000     /* until the tree is built and the cable plugged */
#define STOP_MS 8000      /* init kills after 5 s; then we kill init */
#define USER_DATA_MAX 65535

static int
mount_disk(void *arg, struct gsp_err *err)
{
	const struct gsp_machine *m = arg;
	char path[PATH_MAX], opts[64];

	(void)snprintf(opts, sizeof(opts), "mode=755,nr_inodes=0,size=%llu",
	    (unsigned long long)m->world->disk_bytes);
	if (mount("gsp-disk", gsp_vm_path(path, m->dir, "disk"), "tmpfs", MS_NODEV | MS_NOATIME,
		opts) == -1)
		return gsp_err_sys(err, GSP_ESYS, errno, "cannot make a disk of %llu bytes",
		    (unsigned long long)m->world->disk_bytes);
	return 0;
}

static int
unmount_disk(void *arg, struct gsp_err *err)
{
	const struct gsp_machine *m = arg;
	char path[PATH_MAX];

	(void)err;
	(void)umount2(gsp_vm_path(path, m->dir, "disk"), MNT_DETACH);
	return 0;
}

static int
make_disk(struct gsp_machine *m, struct gsp_err *err)
{
	char path[PATH_MAX];

	if (gsp_io_rmtree(m->dir, err) == -1 ||
	    gsp_io_mkdirs(gsp_vm_path(path, m->dir, "disk"), 0755, err) == -1 ||
	    gsp_io_mkdirs(gsp_vm_path(path, m->dir, "root"), 0755, err) == -1)
		return -1;
	if (m->world->disk_on_dir)
		return 0;
	return gsp_vm_in_child(mount_disk, m, m->world->mnt_fd, -1, err);
}

/* The slot of an address of this world's block; 0 if it is none. */
static unsigned
slot_of(const struct gsp_world *w, const char *ipv4)
{
	uint32_t net = (198U << 24) + (18U << 16) + (((unsigned)w->block & 511) << 8), raw = 0;
	unsigned last;

	if (inet_pton(AF_INET, ipv4, &raw) != 1 || (ntohl(raw) & 0xffffff00U) != net)
		return 0;
	last = ntohl(raw) & 0xff;
	return last >= GSP_VM_SLOT_BASE && last < GSP_VM_SLOT_BASE + GSP_VM_SLOTS ? last : 0;
}

static bool
is_taken(const struct gsp_world *w, unsigned slot)
{
	const struct gsp_machine *m = w->machines;

	while (m != NULL && m->slot != slot)
		m = m->next;
	return m != NULL;
}

/* Addresses are given round robin: one that was freed rests for a while, as in a real cloud
 * it may come back to somebody else. */
static int
choose_slot(struct gsp_machine *m, const char *ipv4, struct gsp_err *err)
{
	struct gsp_world *w = m->world;
	unsigned i;

	if (ipv4 != NULL && ipv4[0] != '\0') {
		m->slot = slot_of(w, ipv4);
		if (m->slot == 0 || is_taken(w, m->slot))
			return gsp_err_set(err, GSP_EUNAVAIL,
			    "'%.40s' is no free address of this sandbox", ipv4);
		return 0;
	}
	for (i = 0; i < GSP_VM_SLOTS; i++) {
		m->slot = GSP_VM_SLOT_BASE + (w->next_slot + i) % GSP_VM_SLOTS;
		if (!is_taken(w, m->slot)) {
			w->next_slot = m->slot - GSP_VM_SLOT_BASE + 1;
			return 0;
		}
	}
	return gsp_err_set(err, GSP_EUNAVAIL, "no free address: %d machines exist", GSP_VM_SLOTS);
}

static int
take_slot(struct gsp_machine *m, const char *ipv4, struct gsp_err *err)
{
	const struct gsp_world *w = m->world;
	unsigned slot, block = (unsigned)w->block & 511;

	if (choose_slot(m, ipv4, err) == -1)
		return -1;
	slot = m->slot;
	(void)snprintf(m->ipv4, sizeof(m->ipv4), "198.%u.%u.%u", 18 + block / 256,
	    block % 256, slot);
	if (w->v6)
		(void)snprintf(m->ipv6, sizeof(m->ipv6), "fd67:7370:%x:1::%x",
		    block, slot);
	(void)snprintf(m->dir, sizeof(m->dir), "%.1024s/m%u", w->dir, slot);
	if (w->cgroup[0] != '\0')
		(void)snprintf(m->cgroup, sizeof(m->cgroup), "%.2000s/m%u", w->cgroup, slot);
	return 0;
}

/* The label becomes a host name and part of /etc/hosts. */
static bool
is_label(const char *s)
{
	size_t n = strlen(s);

	return n >= 1 && n <= 64 && s[0] != '-' &&
	    s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")] ==
	    '\0';
}

static int
copy_spec(struct gsp_machine *m, const struct gsp_machine_spec *s, struct gsp_err *err)
{
	const char *const *k;

	if (!is_label(s->label))
		return gsp_err_set(err, GSP_EUSAGE, "'%.80s' is no label", s->label);
	if (s->user_data != NULL && s->user_data_len > USER_DATA_MAX)
		return gsp_err_set(err, GSP_ELIMIT, "user data of %zu bytes is too long",
		    s->user_data_len);
	m->id = s->id;
	(void)snprintf(m->label, sizeof(m->label), "%s", s->label);
	for (k = s->authorized_keys; k != NULL && *k != NULL; k++)
		gsp_argv_push(&m->keys, *k);
	if (s->user_data != NULL) {
		m->user_data = malloc(s->user_data_len + 1);
		if (m->user_data != NULL)
			memcpy(m->user_data, s->user_data, s->user_data_len);
		m->user_data_len = s->user_data_len;
	}
	if (m->keys.failed || (s->user_data != NULL && m->user_data == NULL))
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	return 0;
}

int
gsp_machine_new(struct gsp_machine **out, struct gsp_world *w,
    const struct gsp_machine_spec *spec, struct gsp_err *err)
{
	struct gsp_machine *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	m->world = w;
	m->ctl_fd = m->net_fd = -1;
	if (copy_spec(m, spec, err) == -1 || take_slot(m, spec->ipv4, err) == -1 ||
	    make_disk(m, err) == -1) {
		gsp_machine_free(m);
		return -1;
	}
	m->next = w->machines;
	w->machines = m;
	if (gsp_vm_net_rules(w, err) == -1) {
		gsp_machine_free(m);
		return -1;
	}
	*out = m;
	return 0;
}

const char *
gsp_machine_ipv4(const struct gsp_machine *m)
{
	return m->ipv4;
}

const char *
gsp_machine_ipv6(const struct gsp_machine *m)
{
	return m->ipv6;
}

/* ---- boot ---- */

/* In the child that becomes init. Does not return unless it fails. */
static int
become_machine(const struct gsp_machine *m, int ctl, struct gsp_err *err)
{
	struct gsp_buf resolv = GSP_BUF_INIT(65536);
	char path[PATH_MAX], byte;
	int flags = CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET;

	if (m->cgroup[0] != '\0') {
		if (gsp_vm_poke(gsp_vm_path(path, m->cgroup, "cgroup.procs"), "0") == -1)
			return gsp_err_sys(err, GSP_ESYS, errno, "cannot enter '%s'", m->cgroup);
		flags |= CLONE_NEWCGROUP;
	}
	if (unshare(flags) == -1)
		return gsp_err_sys(err, GSP_ESYS, errno, "cannot make namespaces");
	if (write(ctl, "N", 1) != 1)
		return gsp_err_sys(err, GSP_ESYS, errno, "cannot talk to the sandbox");
	if (setns(m->world->mnt_fd, CLONE_NEWNS) == -1 || unshare(CLONE_NEWNS) == -1)
		return gsp_err_sys(err, GSP_ESYS, errno, "cannot make a mount namespace");
	close(m->world->mnt_fd);
	gsp_vm_etc_resolv(&resolv);
	if (gsp_vm_root_enter(m, err) == -1)
		return -1;
	if (sethostname(m->label, strlen(m->label)) == -1)
		return gsp_err_sys(err, GSP_ESYS, errno, "cannot be called '%s'", m->label);
	if (gsp_vm_etc_write(m, gsp_buf_str(&resolv), err) == -1)
		return -1;
	gsp_buf_release(&resolv);
	if (read(ctl, &byte, 1) != 1) /* until the cable is plugged */
		return gsp_err_set(err, GSP_ESYS, "the sandbox gave up");
	if (gsp_vm_root_drop_caps(err) == -1)
		return -1;
	(void)prctl(PR_SET_NAME, "init", 0, 0, 0);
	if (write(ctl, "K", 1) != 1)
		return gsp_err_sys(err, GSP_ESYS, errno, "cannot talk to the sandbox");
	gsp_vm_init_main(m, ctl);
}

__attribute__((noreturn)) static void
child_main(const struct gsp_machine *m, int ctl)
{
	struct gsp_err err = GSP_ERR_INIT;
	char path[PATH_MAX];
	int fd;

	gsp_vm_child_reset();
	/* EOF on ctl says the same, but only to a living init. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	gsp_vm_close_all_but(ctl, m->world->mnt_fd);
	fd = open("/dev/null", O_RDONLY);
	if (fd != -1)
		(void)dup2(fd, 0);
	fd = open(gsp_vm_path(path, m->dir, "console"), O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (fd != -1) {
		(void)dup2(fd, 1);
		(void)dup2(fd, 2);
	}
	gsp_vm_close_all_but(ctl, m->world->mnt_fd);
	(void)become_machine(m, ctl, &err);
	if (write(ctl, "E", 1) == 1)
		(void)!write(ctl, &err, sizeof(err));
	_exit(GSP_VM_EXIT_FAILED);
}

/* fork() into a new PID namespace: the child is its PID 1, and our own child. */
static pid_t
fork_init(const struct gsp_machine *m, int ctl, struct gsp_err *err)
{
	int own = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC), saved;
	pid_t pid = -1;

	if (own == -1 || unshare(CLONE_NEWPID) == -1) {
		(void)gsp_err_sys(err, GSP_ESYS, errno, "cannot make a PID namespace");
	} else {
		pid = fork();
		if (pid == 0)
			child_main(m, ctl);
		saved = errno;
		if (setns(own, CLONE_NEWPID) == -1)
			abort(); /* every later child of ours would land in there */
		if (pid == -1)
			(void)gsp_err_sys(err, GSP_ESYS, saved, "cannot start a machine");
	}
	if (own != -1)
		close(own);
	return pid;
}

/* The next byte of the child, its error, or the end of our patience. */
static int
expect(int ctl, char want, int64_t deadline_ms, struct gsp_err *err)
{
	struct pollfd p = {ctl, POLLIN, 0};
	struct gsp_err e;
	char byte = 0;
	int64_t left;

	do {
		left = deadline_ms - gsp_now_ms();
		if (left <= 0)
			return gsp_err_set(err, GSP_ETEMP, "the machine did not come up in %d s",
			    BOOT_MS / 1000);
	} while (poll(&p, 1, (int)left) != 1);
	if (read(ctl, &byte, 1) == 1 && byte == want)
		return 0;
	if (byte == 'E' && read(ctl, &e, sizeof(e)) == (ssize_t)sizeof(e)) {
		*err = e;
		return -1;
	}
	return gsp_err_set(err, GSP_ESYS, "the machine died while it was built");
}

static int
set_up(struct gsp_machine *m, struct gsp_err *err)
{
	int64_t deadline = gsp_now_ms() + BOOT_MS;

	if (expect(m->ctl_fd, 'N', deadline, err) == -1 || gsp_vm_net_plug(m, err) == -1)
		return -1;
	if (write(m->ctl_fd, "G", 1) != 1)
		return gsp_err_sys(err, GSP_ESYS, errno, "the machine died while it was built");
	return expect(m->ctl_fd, 'K', deadline, err);
}

static void
forget_init(struct gsp_machine *m, int status)
{
	m->pid = 0;
	m->kill_at_ms = 0;
	m->wants_reboot = WIFEXITED(status) && WEXITSTATUS(status) == GSP_VM_EXIT_REBOOT;
	if (m->ctl_fd != -1)
		close(m->ctl_fd);
	m->ctl_fd = -1;
	gsp_vm_net_unplug(m);
	if (m->cgroup[0] != '\0')
		gsp_vm_cgroup_remove(m->cgroup);
}

static void
kill_init(struct gsp_machine *m)
{
	int status = 0;

	if (m->pid == 0)
		return;
	(void)kill(m->pid, SIGKILL);
	while (waitpid(m->pid, &status, 0) == -1 && errno == EINTR)
		;
	forget_init(m, status);
}

int
gsp_machine_boot(struct gsp_machine *m, struct gsp_err *err)
{
	int fds[2];

	if (gsp_machine_alive(m))
		return gsp_err_set(err, GSP_EREFUSED, "machine '%s' is on already", m->label);
	m->wants_reboot = false;
	if (m->cgroup[0] != '\0' && mkdir(m->cgroup, 0755) == -1 && errno != EEXIST)
		return gsp_err_sys(err, GSP_ESYS, errno, "cannot make '%s'", m->cgroup);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == -1)
		return gsp_err_sys(err, GSP_ESYS, errno, "cannot make a socket");
	m->pid = fork_init(m, fds[1], err);
	close(fds[1]);
	if (m->pid == -1) {
		m->pid = 0;
		close(fds[0]);
		return -1;
	}
	m->ctl_fd = fds[0];
	if (set_up(m, err) == -1) {
		kill_init(m);
		return gsp_err_wrap(err, "machine '%s' does not boot", m->label);
	}
	return 0;
}

bool
gsp_machine_alive(struct gsp_machine *m)
{
	int status;

	if (m->pid == 0)
		return false;
	if (m->kill_at_ms != 0 && gsp_now_ms() >= m->kill_at_ms)
		(void)kill(m->pid, SIGKILL);
	if (waitpid(m->pid, &status, WNOHANG) != m->pid)
		return true;
	forget_init(m, status);
	return false;
}

bool
gsp_machine_wants_reboot(const struct gsp_machine *m)
{
	return m->wants_reboot;
}

void
gsp_machine_stop(struct gsp_machine *m, bool hard)
{
	if (!gsp_machine_alive(m))
		return;
	(void)kill(m->pid, hard ? SIGKILL : SIGTERM);
	if (!hard && m->kill_at_ms == 0)
		m->kill_at_ms = gsp_now_ms() + STOP_MS;
}

/* ---- the end ---- */

void
gsp_vm_destroy(struct gsp_machine *m)
{
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_world *w = m->world;
	struct gsp_machine **p;

	kill_init(m);
	for (p = &w->machines; *p != NULL && *p != m;)
		p = &(*p)->next;
	if (*p == m)
		*p = m->next;
	if (m->dir[0] != '\0') {
		if (!w->disk_on_dir)
			(void)gsp_vm_in_child(unmount_disk, m, w->mnt_fd, -1, &err);
		if (gsp_io_rmtree(m->dir, &err) == -1)
			gsp_debug("%s", err.msg);
	}
	gsp_argv_release(&m->keys);
	free(m->user_data);
	free(m->fw_text);
	free(m);
}

void
gsp_machine_free(struct gsp_machine *m)
{
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_world *w;

	if (m == NULL)
		return;
	w = m->world;
	gsp_vm_destroy(m);
	if (gsp_vm_net_rules(w, &err) == -1)
		gsp_debug("%s", err.msg);
}

/* ---- the disk ---- */

struct fill {
	const struct gsp_machine *m;
	uint64_t free_bytes;
};

/* A smaller tmpfs instead of a ballast file: that would take memory this computer may need. */
static int
resize_disk(void *arg, struct gsp_err *err)
{
	const struct fill *f = arg;
	uint64_t size = f->m->world->disk_bytes, used;
	char path[PATH_MAX], opts[64];
	struct statvfs v;

	(void)gsp_vm_path(path, f->m->dir, "disk");
	if (statvfs(path, &v) == -1)
		return gsp_err_sys(err, GSP_EIO, errno, "cannot look at the disk");
	used = (uint64_t)(v.f_blocks - v.f_bfree) * v.f_frsize;
	if (f->free_bytes < size && used < size - f->free_bytes)
		size = used + f->free_bytes;
	/* 0 would mean no limit. */
	(void)snprintf(opts, sizeof(opts), "size=%llu",
	    (unsigned long long)(size < v.f_frsize ? v.f_frsize : size));
	if (mount("none", path, "none", MS_REMOUNT | MS_NODEV | MS_NOATIME, opts) == -1)
		return gsp_err_sys(err, GSP_ESYS, errno, "cannot resize the disk");
	return 0;
}

int
gsp_machine_fill_disk(struct gsp_machine *m, uint64_t free_bytes, struct gsp_err *err)
{
	struct fill f = {m, free_bytes};

	if (m->world->disk_on_dir)
		return gsp_err_set(err, GSP_EUSAGE,
		    "only disks in memory can be filled: this one is on this computer's own disk");
	return gsp_vm_in_child(resize_disk, &f, m->world->mnt_fd, -1, err);
}
