/*
 * sandbox/machine_host: everything a sandbox changes on this computer itself, and its undoing.
 *
 * /run/gsp-sandbox holds: "lock", held while any of this is read or changed; "<block>.world",
 * one for each sandbox, flocked as long as it lives, naming its cgroup; "<block>.d", its
 * directory unless it was given one; "ip_forward", what the switch was before the first
 * sandbox. Whoever comes next cleans after sandboxes whose file is not flocked any more.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/num.h"
#include "sandbox/machine_int.h"
#include "sys/io.h"

#include "base/banned.h"

#define RUN_DIR "/run/gsp-sandbox"
#define FORWARD "/proc/sys/net/ipv4/ip_forward"
#define NBLOCKS 512

static void
block_file(char out[64], int block, const char *suffix)
{
	(void)snprintf(out, 64, RUN_DIR "/%d.%s", block, suffix);
}

static int
run_tool(const char *const *argv, const char *input, struct gsp_buf *out, struct gsp_err *err)
{
	const struct gsp_vm_cmd c = {argv, input, -1, out};

	return gsp_vm_run(&c, err);
}

/* The lock on RUN_DIR. The last sandbox removes the directory: be sure to hold the lock of
 * the one that is there. */
static int
lock_run(struct gsp_err *err)
{
	struct stat st;
	int fd;

	for (;;) {
		if (mkdir(RUN_DIR, 0700) == -1 && errno != EEXIST)
			return gsp_err_sys(err, GSP_ESYS, errno, "cannot make '%s'", RUN_DIR);
		fd = open(RUN_DIR "/lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd == -1 && errno == ENOENT)
			continue;
		if (fd == -1)
			return gsp_err_sys(err, GSP_ESYS, errno, "cannot open '%s/lock'", RUN_DIR);
		while (flock(fd, LOCK_EX) == -1) {
			if (errno != EINTR) {
				close(fd);
				return gsp_err_sys(err, GSP_ESYS, errno, "cannot lock '%s'",
				    RUN_DIR);
			}
		}
		if (fstat(fd, &st) == 0 && st.st_nlink > 0)
			return fd;
		close(fd);
	}
}

/* docker and others set the policy of the FORWARD chain to DROP; make a way for our link. */
static void
iptables(int block, bool add)
{
	char link[IFNAMSIZ];
	const char *const list[] = {"iptables", "-w", "-S", "FORWARD", NULL};
	const char *const in[] = {"iptables", "-w", add ? "-I" : "-D", "FORWARD", "-i", link, "-j",
	    "ACCEPT", NULL};
	const char *const out[] = {"iptables", "-w", add ? "-I" : "-D", "FORWARD", "-o", link, "-j",
	    "ACCEPT", NULL};
	struct gsp_buf rules = GSP_BUF_INIT(1 << 20);
	struct gsp_err ignored = GSP_ERR_INIT;

	(void)snprintf(link, sizeof(link), "gspsb%d", block);
	if (run_tool(list, NULL, &rules, &ignored) == 0 &&
	    (add ? strstr(gsp_buf_str(&rules), "-P FORWARD DROP") : strstr(gsp_buf_str(&rules), link)) !=
		NULL) {
		(void)run_tool(in, NULL, NULL, &ignored);
		(void)run_tool(out, NULL, NULL, &ignored);
	}
	gsp_buf_release(&rules);
}

static int
nat_add(int block, struct gsp_err *err)
{
	static const char *const argv[] = {"nft", "-f", "-", NULL};
	char text[512];

	(void)snprintf(text, sizeof(text),
	    "table ip gsp_sandbox_%d {\n"
	    "\tchain post {\n"
	    "\t\ttype nat hook postrouting priority 100; policy accept;\n"
	    "\t\tip saddr 198.%d.%d.0/24 ip daddr != 198.18.0.0/15 masquerade\n"
	    "\t}\n}\n",
	    block, 18 + block / 256, block % 256);
	return run_tool(argv, text, NULL, err);
}

static void
nat_remove(int block)
{
	char name[32];
	const char *const list[] = {"nft", "list", "tables", "ip", NULL};
	const char *const del[] = {"nft", "delete", "table", "ip", name, NULL};
	struct gsp_buf tables = GSP_BUF_INIT(1 << 20);
	struct gsp_err err = GSP_ERR_INIT;
	char line[48];

	(void)snprintf(name, sizeof(name), "gsp_sandbox_%d", block);
	(void)snprintf(line, sizeof(line), "%s\n", name);
	if (run_tool(list, NULL, &tables, &err) == 0 &&
	    strstr(gsp_buf_str(&tables), line) != NULL &&
	    run_tool(del, NULL, NULL, &err) == -1)
		gsp_debug("%s", err.msg);
	gsp_buf_release(&tables);
}

void
gsp_vm_cgroup_remove(const char *path)
{
	char sub[PATH_MAX];
	struct dirent *e;
	int64_t deadline = gsp_now_ms() + 2000;
	DIR *d = opendir(path);

	if (d == NULL)
		return;
	(void)gsp_vm_poke(gsp_vm_path(sub, path, "cgroup.kill"), "1");
	while ((e = readdir(d)) != NULL) {
		if (e->d_type == DT_DIR && strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			gsp_vm_cgroup_remove(gsp_vm_path(sub, path, e->d_name));
	}
	closedir(d);
	/* The dead leave their cgroup a moment after they were reaped. */
	while (rmdir(path) == -1 && errno == EBUSY && gsp_now_ms() < deadline)
		(void)usleep(2000);
}

/* The cgroup2 of this computer, if it has one we may write to. */
static void
cgroup_make(struct gsp_world *w)
{
	char line[PATH_MAX], mp[PATH_MAX];
	FILE *f = fopen("/proc/self/mountinfo", "re");

	w->cgroup[0] = '\0';
	if (f == NULL)
		return;
	while (fgets(line, sizeof(line), f) != NULL) {
		if (strstr(line, " - cgroup2 ") == NULL ||
		    sscanf(line, "%*d %*d %*s %*s %4095s", mp) != 1 || strlen(mp) > 1024)
			continue;
		(void)snprintf(w->cgroup, sizeof(w->cgroup), "%.1024s/gsp-sandbox-%d", mp, w->block);
		if (mkdir(w->cgroup, 0755) == 0)
			break;
		gsp_debug("no cgroup for machines: %s: %s", w->cgroup, strerror(errno));
		w->cgroup[0] = '\0';
	}
	fclose(f);
}

static void
remove_traces(int block, const char *cgroup)
{
	char link[IFNAMSIZ], path[64];
	const char *const del[] = {"ip", "link", "del", link, NULL};
	struct gsp_err ignored = GSP_ERR_INIT;

	if (cgroup[0] == '/')
		gsp_vm_cgroup_remove(cgroup);
	(void)snprintf(link, sizeof(link), "gspsb%d", block);
	if (if_nametoindex(link) != 0)
		(void)run_tool(del, NULL, NULL, &ignored);
	nat_remove(block);
	iptables(block, false);
	block_file(path, block, "d");
	(void)gsp_io_rmtree(path, &ignored);
	block_file(path, block, "world");
	(void)unlink(path);
}

/* Clean after a sandbox that died, unless it is alive. True if it is gone. */
static bool
reap_world(int block)
{
	char path[64], cgroup[PATH_MAX];
	ssize_t n;
	int fd;

	block_file(path, block, "world");
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1)
		return errno == ENOENT;
	if (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		close(fd);
		return false;
	}
	n = read(fd, cgroup, sizeof(cgroup) - 1);
	cgroup[n > 0 ? n : 0] = '\0';
	gsp_debug("cleaning after the dead sandbox %d", block);
	remove_traces(block, cgroup);
	close(fd);
	return true;
}

/* Reap the dead; how many live? */
static unsigned
survey(void)
{
	struct dirent *e;
	unsigned alive = 0;
	int64_t block;
	char *dot;
	DIR *d = opendir(RUN_DIR);

	while (d != NULL && (e = readdir(d)) != NULL) {
		dot = strchr(e->d_name, '.');
		if (dot == NULL || strcmp(dot, ".world") != 0)
			continue;
		*dot = '\0';
		if (gsp_num_i64(&block, e->d_name, 0, NBLOCKS - 1) == 0 && !reap_world((int)block))
			alive++;
	}
	if (d != NULL)
		closedir(d);
	return alive;
}

static int
forward_on(struct gsp_err *err)
{
	struct gsp_buf was = GSP_BUF_INIT(64);
	int rc = -1;

	if (gsp_io_read_file(&was, FORWARD, err) == -1)
		goto out;
	if (!gsp_io_exists(RUN_DIR "/ip_forward") &&
	    gsp_vm_puts(RUN_DIR "/ip_forward", 0600, gsp_buf_str(&was), err) == -1)
		goto out;
	if (gsp_buf_str(&was)[0] != '1' && gsp_vm_poke(FORWARD, "1") == -1) {
		(void)gsp_err_sys(err, GSP_ESYS, errno, "cannot switch forwarding on in '%s'",
		    FORWARD);
		goto out;
	}
	rc = 0;
out:
	gsp_buf_release(&was);
	return rc;
}

/* No sandbox is left: the computer is as before the first. */
static void
forward_back(void)
{
	struct gsp_buf was = GSP_BUF_INIT(64);
	struct gsp_err ignored = GSP_ERR_INIT;

	if (gsp_io_read_file(&was, RUN_DIR "/ip_forward", &ignored) == 0 &&
	    gsp_buf_str(&was)[0] != '1')
		(void)gsp_vm_poke(FORWARD, gsp_buf_str(&was));
	gsp_buf_release(&was);
	(void)unlink(RUN_DIR "/ip_forward");
	(void)unlink(RUN_DIR "/lock");
	(void)rmdir(RUN_DIR);
}

/* Is something on this computer already using 198.18.0.0/15's block? */
static bool
block_in_use(int block)
{
	uint32_t net = (198U << 24) + ((18U << 16) + ((unsigned)block << 8));
	struct ifaddrs *list = NULL, *i;
	unsigned dest, mask;
	char line[256];
	bool used = false;
	FILE *f;

	if (getifaddrs(&list) == 0) {
		for (i = list; i != NULL; i = i->ifa_next) {
			struct sockaddr_in sin;

			if (i->ifa_addr == NULL || i->ifa_addr->sa_family != AF_INET)
				continue;
			memcpy(&sin, i->ifa_addr, sizeof(sin));
			used |= (ntohl(sin.sin_addr.s_addr) & 0xffffff00U) == net;
		}
		freeifaddrs(list);
	}
	/* Wider routes (a VPN's) are no hindrance: ours is more specific. */
	f = fopen("/proc/net/route", "re");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "%*s %x %*s %*s %*s %*s %*s %x", &dest, &mask) == 2 &&
		    ntohl(mask) >= 0xffffff00U && (ntohl(dest) & 0xffffff00U) == net)
			used = true;
	}
	if (f != NULL)
		fclose(f);
	return used;
}

static int
choose_block(struct gsp_world *w, struct gsp_err *err)
{
	char path[64];
	int b;

	for (b = 0; b < NBLOCKS; b++) {
		block_file(path, b, "world");
		if (gsp_io_exists(path) || block_in_use(b))
			continue;
		w->claim_fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (w->claim_fd == -1 || flock(w->claim_fd, LOCK_EX | LOCK_NB) == -1)
			return gsp_err_sys(err, GSP_ESYS, errno, "cannot claim '%s'", path);
		w->block = b;
		(void)snprintf(w->link, sizeof(w->link), "gspsb%u", (unsigned)b % NBLOCKS);
		return 0;
	}
	return gsp_err_set(err, GSP_EUNAVAIL,
	    "no free network in 198.18.0.0/15; is another program using it?");
}

int
gsp_vm_host_claim(struct gsp_world *w, struct gsp_err *err)
{
	char path[64];
	int lock = lock_run(err), rc = -1;

	if (lock == -1)
		return -1;
	/* If all others are dead, their note of ip_forward is still the true one. */
	(void)survey();
	if (choose_block(w, err) == -1)
		goto out;
	if (!w->no_cgroup)
		cgroup_make(w);
	if (gsp_io_write_all(w->claim_fd, w->cgroup, strlen(w->cgroup), "claim", err) == -1)
		goto out;
	if (w->dir[0] == '\0') {
		block_file(path, w->block, "d");
		(void)snprintf(w->dir, sizeof(w->dir), "%s", path);
	}
	if (forward_on(err) == -1 || nat_add(w->block, err) == -1)
		goto out;
	iptables(w->block, true);
	rc = 0;
out:
	close(lock);
	return rc;
}

void
gsp_vm_host_release(struct gsp_world *w)
{
	struct gsp_err err = GSP_ERR_INIT;
	int lock = lock_run(&err);

	if (lock == -1) {
		gsp_debug("%s", err.msg);
		return;
	}
	if (w->block >= 0)
		remove_traces(w->block, w->cgroup);
	if (w->claim_fd != -1)
		close(w->claim_fd);
	w->claim_fd = -1;
	if (survey() == 0)
		forward_back();
	close(lock);
}

int
gsp_world_clean(unsigned *alive, struct gsp_err *err)
{
	int lock;

	*alive = 0;
	if (geteuid() != 0)
		return gsp_err_set(err, GSP_EAUTH, "cleaning after sandboxes needs root");
	lock = lock_run(err);
	if (lock == -1)
		return -1;
	*alive = survey();
	if (*alive == 0)
		forward_back();
	close(lock);
	return 0;
}
