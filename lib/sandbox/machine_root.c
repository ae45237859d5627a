/*
 * sandbox/machine_root: the file tree a machine sees.
 *
 * An overlay with this computer's root file system below and the machine's disk above. What
 * must not be seen (homes, the sandbox itself, logs) is an opaque directory on the disk, so
 * that it is an ordinary part of the machine's disk: it fills up, and it survives a reboot.
 * Submounts of this computer do not show through an overlay; /usr and the like get an overlay
 * of their own if they are separate file systems. /run is new at each boot, /tmp is emptied.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/log.h"
#include "base/rand.h"
#include "sandbox/machine_int.h"
#include "sys/io.h"

#include "base/banned.h"

/* Directories that may be file systems of their own and that a machine needs. */
static const char *const layer_paths[] = {"/usr", "/usr/local", "/etc", "/var", "/var/lib",
    "/var/cache", "/opt", "/bin", "/sbin", "/lib", "/lib64"};

#define NLAYERS (1 + sizeof(layer_paths) / sizeof(layer_paths[0]))

struct layer {
	const char *path; /* "/" or one of the above */
	char upper[32], work[32]; /* names on the disk */
};

/* Empty inside, whatever they hold here. A new server has nothing in them either. */
static const char *const always_hidden[] = {"/root", "/home", "/srv", "/mnt", "/media", "/tmp",
    "/var/tmp", "/var/log", "/var/mail", "/var/spool/cron/crontabs", "/var/lib/gsp",
    "/var/lib/cloud", "/opt/gsp"};

static int
fail(struct gsp_err *err, const char *what, const char *path)
{
	return gsp_err_sys(err, GSP_ESYS, errno, "cannot %s '%s'", what, path);
}

static size_t
find_layers(struct layer *l)
{
	struct stat here, parent;
	char up[64];
	size_t i, n = 0;

	l[n].path = "/";
	(void)snprintf(l[n].upper, sizeof(l[n].upper), "upper");
	(void)snprintf(l[n].work, sizeof(l[n].work), "work");
	n++;
	for (i = 0; i < sizeof(layer_paths) / sizeof(layer_paths[0]); i++) {
		(void)snprintf(up, sizeof(up), "%s/..", layer_paths[i]);
		if (lstat(layer_paths[i], &here) == -1 || !S_ISDIR(here.st_mode) ||
		    stat(up, &parent) == -1 || here.st_dev == parent.st_dev)
			continue;
		l[n].path = layer_paths[i];
		(void)snprintf(l[n].upper, sizeof(l[n].upper), "upper%zu", i);
		(void)snprintf(l[n].work, sizeof(l[n].work), "work%zu", i);
		n++;
	}
	return n;
}

/* The upper directory that path belongs to, and the rest of path below it. */
static const struct layer *
layer_of(const struct layer *l, size_t n, const char *path, const char **rest)
{
	const struct layer *best = &l[0];
	size_t i, len;

	*rest = path + 1;
	for (i = 1; i < n; i++) {
		len = strlen(l[i].path);
		if (strncmp(path, l[i].path, len) == 0 && (path[len] == '/' || path[len] == '\0')) {
			best = &l[i];
			*rest = path[len] == '\0' ? "" : path + len + 1;
		}
	}
	return best;
}

static int
copy_owner(const char *to, const struct stat *st, struct gsp_err *err)
{
	if (lchown(to, st->st_uid, st->st_gid) == -1 || chmod(to, st->st_mode & 07777) == -1)
		return fail(err, "set the owner of", to);
	return 0;
}

/* Make the directories of upper/rest with the owners and modes they have below. */
static int
make_parents(const char *upper, const char *lower, const char *rest, struct gsp_err *err)
{
	char from[PATH_MAX], to[PATH_MAX], part[PATH_MAX];
	const char *slash = rest;
	struct stat st;

	while ((slash = strchr(slash, '/')) != NULL) {
		(void)snprintf(part, sizeof(part), "%.*s", (int)(slash - rest), rest);
		(void)gsp_vm_path(from, lower, part);
		(void)gsp_vm_path(to, upper, part);
		if (mkdir(to, 0755) == 0) {
			if (stat(from, &st) == 0 && copy_owner(to, &st, err) == -1)
				return -1;
		} else if (errno != EEXIST) {
			return fail(err, "make", to);
		}
		slash++;
	}
	return 0;
}

/* Never hide the system itself, whatever a caller's idea of its home is. */
static bool
is_system(const char *path)
{
	static const char *const sys[] = {"/", "/usr", "/etc", "/var", "/bin", "/sbin", "/lib",
	    "/lib64", "/opt", "/proc", "/sys", "/dev", "/run", "/var/lib", "/usr/bin", "/usr/lib",
	    "/usr/local", "/usr/local/bin", "/usr/sbin", "/boot"};
	size_t i;

	for (i = 0; i < sizeof(sys) / sizeof(sys[0]); i++) {
		if (strcmp(path, sys[i]) == 0)
			return true;
	}
	return false;
}

/* Below one of these nothing of this computer shows anyway. */
static bool
is_below_hidden(const char *path)
{
	static const char *const own[] = {"/run", "/dev", "/proc", "/sys"};
	size_t i, len;

	for (i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		len = strlen(own[i]);
		if (strncmp(path, own[i], len) == 0 && path[len] == '/')
			return true;
	}
	for (i = 0; i < sizeof(always_hidden) / sizeof(always_hidden[0]); i++) {
		len = strlen(always_hidden[i]);
		if (strncmp(path, always_hidden[i], len) == 0 && path[len] == '/')
			return true;
	}
	return false;
}

/* The real path of what is to be hidden, and what it is; false if there is nothing to do. */
static bool
find_hidden(char path[PATH_MAX], struct stat *st, const char *want)
{
	char parent[PATH_MAX];
	const char *slash = strrchr(want, '/');

	if (realpath(want, path) == NULL || stat(path, st) == -1) {
		/* It may appear while the machine lives, and must not appear there. */
		if (errno != ENOENT || slash == NULL || slash == want)
			return false;
		(void)snprintf(parent, sizeof(parent), "%.*s", (int)(slash - want), want);
		if (!gsp_io_is_dir(parent))
			return false;
		(void)snprintf(path, PATH_MAX, "%s", want);
		memset(st, 0, sizeof(*st));
	}
	return !is_system(path) && !is_below_hidden(path);
}

static int
hide(const char *disk, const struct layer *l, size_t n, const char *want, struct gsp_err *err)
{
	char path[PATH_MAX], upper[PATH_MAX], to[PATH_MAX];
	const struct layer *in;
	const char *rest;
	struct stat st;

	if (!find_hidden(path, &st, want))
		return 0;
	in = layer_of(l, n, path, &rest);
	if (*rest == '\0')
		return 0;
	(void)gsp_vm_path(upper, disk, in->upper);
	if (make_parents(upper, in->path, rest, err) == -1)
		return -1;
	(void)gsp_vm_path(to, upper, rest);
	if (!S_ISDIR(st.st_mode)) /* overlayfs: a character device 0/0 is "deleted" */
		return mknod(to, S_IFCHR, makedev(0, 0)) == 0 || errno == EEXIST ?
		    0 :
		    fail(err, "hide", path);
	if (mkdir(to, 0755) == -1 && errno != EEXIST)
		return fail(err, "make", to);
	if (setxattr(to, "trusted.overlay.opaque", "y", 1, 0) == -1)
		return fail(err, "hide", path);
	return copy_owner(to, &st, err);
}

/* Services expect their directories below /var/log, empty as they may be. */
static void
make_log_dirs(const char *disk, const struct layer *l, size_t n)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	char from[PATH_MAX], to[PATH_MAX], upper[PATH_MAX];
	const struct layer *in;
	const char *rest;
	struct dirent *e;
	struct stat st;
	DIR *d = opendir("/var/log");

	in = layer_of(l, n, "/var/log", &rest);
	(void)gsp_vm_path(to, disk, in->upper);
	(void)gsp_vm_path(upper, to, rest);
	while (d != NULL && (e = readdir(d)) != NULL) {
		(void)gsp_vm_path(from, "/var/log", e->d_name);
		if (e->d_name[0] == '.' || lstat(from, &st) == -1 || !S_ISDIR(st.st_mode))
			continue;
		(void)gsp_vm_path(to, upper, e->d_name);
		if (mkdir(to, 0755) == 0 && copy_owner(to, &st, &ignored) == -1)
			gsp_debug("%s", ignored.msg);
	}
	if (d != NULL)
		closedir(d);
}

/* The disk of a new machine: what is hidden, and nothing else. */
static int
format_disk(const struct gsp_machine *m, const char *disk, const struct layer *l, size_t n,
    struct gsp_err *err)
{
	char path[PATH_MAX];
	struct stat st;
	size_t i;

	for (i = 0; i < n; i++) {
		if (mkdir(gsp_vm_path(path, disk, l[i].upper), 0755) == -1 && errno != EEXIST)
			return fail(err, "make", path);
		/* The upper directory itself is the root the machine sees. */
		if (stat(l[i].path, &st) == -1 || copy_owner(path, &st, err) == -1)
			return fail(err, "look at", l[i].path);
		if (mkdir(gsp_vm_path(path, disk, l[i].work), 0700) == -1 && errno != EEXIST)
			return fail(err, "make", path);
	}
	for (i = 0; i < sizeof(always_hidden) / sizeof(always_hidden[0]); i++) {
		if (hide(disk, l, n, always_hidden[i], err) == -1)
			return -1;
	}
	make_log_dirs(disk, l, n);
	if (hide(disk, l, n, m->world->dir, err) == -1)
		return -1;
	for (i = 0; i < m->world->hide.n; i++) {
		if (hide(disk, l, n, m->world->hide.v[i], err) == -1)
			return -1;
	}
	return gsp_vm_puts(gsp_vm_path(path, disk, "formatted"), 0600, "", err);
}

/* /tmp does not survive a boot. */
static int
empty_tmp(const char *disk, const struct layer *l, size_t n, struct gsp_err *err)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%.4000s/upper/tmp", disk);
	if (gsp_io_rmtree(path, err) == -1)
		return -1;
	return hide(disk, l, n, "/tmp", err);
}

static int
mount_overlay(const struct layer *l, const char *on, struct gsp_err *err)
{
	/* redirect_dir: directories of ours can be renamed inside; xino: one file system, one
	 * st_dev. Kernels and file systems that cannot do without. */
	static const char *const extra[] = {",redirect_dir=on,xino=auto", ",redirect_dir=on", ""};
	char opts[256];
	size_t i;

	for (i = 0; i < sizeof(extra) / sizeof(extra[0]); i++) {
		(void)snprintf(opts, sizeof(opts), "lowerdir=%s,upperdir=%s,workdir=%s%s", l->path,
		    l->upper, l->work, extra[i]);
		if (mount("gsp-sandbox", on, "overlay", MS_NODEV | MS_NOATIME, opts) == 0)
			return 0;
	}
	if (strcmp(l->path, "/") == 0)
		return fail(err, "mount the overlay of", l->path);
	gsp_debug("no overlay on '%s' (%s): shown read-only", l->path, strerror(errno));
	if (mount(l->path, on, "none", MS_BIND, NULL) == -1 ||
	    mount("none", on, "none", MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NODEV, NULL) == -1)
		return fail(err, "show", l->path);
	return 0;
}

static int
mount_fresh(const char *type, const char *on, unsigned long flags, const char *opts,
    struct gsp_err *err)
{
	if (mkdir(on, 0755) == -1 && errno != EEXIST)
		return fail(err, "make", on);
	if (mount(type, on, type, flags, opts) == -1)
		return gsp_err_sys(err, GSP_ESYS, errno, "cannot mount %s on '%s'", type, on);
	return 0;
}

/* A new /dev: the nodes are bind mounts, so that device nodes made inside cannot be opened.
 * Relative to the new root, before the pivot. */
static int
make_dev(struct gsp_err *err)
{
	static const char *const nodes[] = {"null", "zero", "full", "random", "urandom", "tty"};
	static const char *const links[][2] = {{"pts/ptmx", "dev/ptmx"}, {"/proc/self/fd", "dev/fd"},
	    {"/proc/self/fd/0", "dev/stdin"}, {"/proc/self/fd/1", "dev/stdout"},
	    {"/proc/self/fd/2", "dev/stderr"}};
	char from[32], to[32];
	size_t i;
	int fd;

	if (mount_fresh("tmpfs", "dev", MS_NOSUID | MS_NODEV, "mode=755,size=1m", err) == -1 ||
	    mount_fresh("devpts", "dev/pts", MS_NOSUID | MS_NOEXEC,
		"newinstance,ptmxmode=0666,mode=620,gid=5", err) == -1 ||
	    mount_fresh("tmpfs", "dev/shm", MS_NOSUID | MS_NODEV, "mode=1777", err) == -1)
		return -1;
	for (i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		(void)snprintf(from, sizeof(from), "/dev/%s", nodes[i]);
		(void)snprintf(to, sizeof(to), "dev/%s", nodes[i]);
		fd = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
		if (fd != -1)
			close(fd);
		if (fd == -1 || mount(from, to, "none", MS_BIND, NULL) == -1)
			return fail(err, "make", from);
	}
	for (i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		if (symlink(links[i][0], links[i][1]) == -1)
			return fail(err, "make", links[i][1]);
	}
	return 0;
}

/* A boot id of its own: gsp tells reboots by it. The file stays reachable as a mount only. */
static int
bind_boot_id(struct gsp_err *err)
{
	static const char at[] = "proc/sys/kernel/random/boot_id", tmp[] = "run/.boot-id";
	unsigned char r[16];
	char text[64];

	gsp_rand_bytes(r, sizeof(r));
	r[6] = (r[6] & 0x0f) | 0x40;
	r[8] = (r[8] & 0x3f) | 0x80;
	(void)snprintf(text, sizeof(text),
	    "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x\n", r[0], r[1],
	    r[2], r[3], r[4], r[5], r[6], r[7], r[8], r[9], r[10], r[11], r[12], r[13], r[14],
	    r[15]);
	if (gsp_vm_puts(tmp, 0444, text, err) == -1)
		return -1;
	if (mount(tmp, at, "none", MS_BIND, NULL) == -1 ||
	    mount("none", at, "none", MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) == -1 ||
	    unlink(tmp) == -1)
		return fail(err, "set", at);
	return 0;
}

static int
make_proc(struct gsp_err *err)
{
	static const char *const ro[] = {"proc/sys", "proc/sysrq-trigger", "proc/irq", "proc/bus",
	    "proc/fs", "proc/acpi", "proc/scsi"};
	static const char *const gone[] = {"proc/kcore", "proc/kmsg", "proc/timer_list",
	    "proc/keys"};
	const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
	size_t i;

	if (mount_fresh("proc", "proc", flags, NULL, err) == -1)
		return -1;
	/* As Debian's default is; after this /proc/sys cannot be written any more. */
	(void)gsp_vm_poke("proc/sys/net/ipv4/ping_group_range", "0 2147483647");
	for (i = 0; i < sizeof(ro) / sizeof(ro[0]); i++) {
		if (!gsp_io_exists(ro[i]))
			continue;
		if (mount(ro[i], ro[i], "none", MS_BIND, NULL) == -1 ||
		    mount("none", ro[i], "none", MS_BIND | MS_REMOUNT | MS_RDONLY | flags, NULL) == -1)
			return fail(err, "protect", ro[i]);
	}
	for (i = 0; i < sizeof(gone) / sizeof(gone[0]); i++) {
		if (gsp_io_exists(gone[i]) &&
		    mount("/dev/null", gone[i], "none", MS_BIND, NULL) == -1)
			return fail(err, "hide", gone[i]);
	}
	return bind_boot_id(err);
}

static int
make_sys(const struct gsp_machine *m, struct gsp_err *err)
{
	const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;

	if (mount_fresh("sysfs", "sys", flags | MS_RDONLY, NULL, err) == -1)
		return -1;
	if (m->cgroup[0] == '\0')
		return 0;
	if (mount("cgroup2", "sys/fs/cgroup", "cgroup2", flags, NULL) == -1)
		return fail(err, "mount cgroup2 on", "/sys/fs/cgroup");
	/* As under systemd, the root group holds no processes: controllers can be handed down. */
	if ((mkdir("sys/fs/cgroup/init.scope", 0755) == -1 && errno != EEXIST) ||
	    gsp_vm_poke("sys/fs/cgroup/init.scope/cgroup.procs", "0") == -1)
		return fail(err, "enter", "/sys/fs/cgroup/init.scope");
	return 0;
}

static int
mount_layers(const char *disk, const char *root, const struct layer *l, size_t n,
    struct gsp_err *err)
{
	char path[PATH_MAX];
	size_t i;

	/* Relative names of upper and work: a path with a comma would end an option. */
	if (chdir(disk) == -1)
		return fail(err, "enter", disk);
	for (i = 0; i < n; i++) {
		(void)gsp_vm_path(path, root, l[i].path + 1);
		if (mount_overlay(&l[i], path, err) == -1)
			return -1;
	}
	return 0;
}

int
gsp_vm_root_enter(const struct gsp_machine *m, struct gsp_err *err)
{
	char disk[PATH_MAX], root[PATH_MAX], path[PATH_MAX];
	struct layer layers[NLAYERS];
	size_t n;

	if (mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == -1)
		return fail(err, "make private", "/");
	(void)gsp_vm_path(disk, m->dir, "disk");
	(void)gsp_vm_path(root, m->dir, "root");
	n = find_layers(layers);
	if (!gsp_io_exists(gsp_vm_path(path, disk, "formatted")) &&
	    format_disk(m, disk, layers, n, err) == -1)
		return -1;
	if (empty_tmp(disk, layers, n, err) == -1 ||
	    mount_layers(disk, root, layers, n, err) == -1)
		return -1;
	if (chdir(root) == -1)
		return fail(err, "enter", root);
	if (make_dev(err) == -1 ||
	    mount_fresh("tmpfs", "run", MS_NOSUID | MS_NODEV, "mode=755,size=25%", err) == -1 ||
	    make_proc(err) == -1 || make_sys(m, err) == -1)
		return -1;
	if (syscall(SYS_pivot_root, ".", ".") == -1 || umount2(".", MNT_DETACH) == -1 ||
	    chdir("/") == -1)
		return fail(err, "make the root directory of", root);
	return 0;
}

int
gsp_vm_root_drop_caps(struct gsp_err *err)
{
	/* Modules, boot and time first of all; then what reaches past a namespace. MKNOD may
	 * stay: nothing is mounted such that a new device node could be opened. */
	static const int drop[] = {CAP_SYS_MODULE, CAP_SYS_BOOT, CAP_SYS_TIME, CAP_WAKE_ALARM,
	    CAP_SYS_RAWIO, CAP_SYSLOG, CAP_MAC_ADMIN, CAP_MAC_OVERRIDE, CAP_AUDIT_CONTROL,
	    CAP_AUDIT_READ, CAP_BLOCK_SUSPEND, CAP_DAC_READ_SEARCH, CAP_SYS_PACCT, CAP_PERFMON,
	    CAP_BPF, CAP_CHECKPOINT_RESTORE};
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2];
	size_t i;

	if (syscall(SYS_capget, &head, data) == -1)
		return gsp_err_sys(err, GSP_ESYS, errno, "cannot read capabilities");
	for (i = 0; i < sizeof(drop) / sizeof(drop[0]); i++) {
		unsigned word = (unsigned)drop[i] / 32, bit = 1U << ((unsigned)drop[i] % 32);

		if (prctl(PR_CAPBSET_DROP, drop[i], 0, 0, 0) == -1 && errno != EINVAL)
			return gsp_err_sys(err, GSP_ESYS, errno, "cannot drop capability %d",
			    drop[i]);
		data[word].effective &= ~bit;
		data[word].permitted &= ~bit;
		data[word].inheritable = 0;
	}
	if (syscall(SYS_capset, &head, data) == -1)
		return gsp_err_sys(err, GSP_ESYS, errno, "cannot drop capabilities");
	return 0;
}
