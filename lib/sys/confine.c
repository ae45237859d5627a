#include "sys/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/confine_priv.h"

#include "base/banned.h"

/* What Debian 12's header does not know yet. Source: linux/landlock.h of Linux 6.12. */
#define FS_TRUNCATE (UINT64_C(1) << 14)  /* ABI 3 */
#define FS_IOCTL_DEV (UINT64_C(1) << 15) /* ABI 5 */
#define NET_BIND_TCP (UINT64_C(1) << 0)  /* ABI 4 */
#define NET_CONNECT_TCP (UINT64_C(1) << 1)
#define RULE_NET_PORT 2
#define SCOPES UINT64_C(3)               /* ABI 6: abstract sockets, signals */
#define FS_ABI_1 ((UINT64_C(1) << 13) - 1)
#define FS_REFER (UINT64_C(1) << 13)     /* ABI 2 */

struct rules {
	uint64_t fs, net, scoped;
};

struct port_rule {
	uint64_t allowed, port; /* the port in the order of this computer */
};

/* CA certificates, what getaddrinfo() reads, the time zone, what the dynamic linker loads. */
static const char *const always[] = {"/etc/ssl", "/etc/pki", "/etc/ca-certificates",
    "/usr/share/ca-certificates", "/usr/local/share/ca-certificates", "/usr/share/pki",
    "/etc/resolv.conf", "/run/systemd/resolve", "/run/NetworkManager", "/run/resolvconf",
    "/etc/hosts", "/etc/host.conf", "/etc/nsswitch.conf", "/etc/gai.conf", "/etc/services",
    "/etc/protocols", "/etc/localtime", "/usr/share/zoneinfo", "/etc/ld.so.cache", "/lib", "/lib64",
    "/usr/lib", "/usr/lib64", "/usr/local/lib", "/dev/urandom", NULL};

int
gsp_confine_landlock(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return abi > 0 ? (int)abi : 0;
}

/* ---- another user ---- */

static int
check_ids(uid_t uid, gid_t gid, struct gsp_err *err)
{
	uid_t u[3];
	gid_t g[3];

	if (getresuid(&u[0], &u[1], &u[2]) == -1 || getresgid(&g[0], &g[1], &g[2]) == -1)
		return gsp_err_sys(err, GSP_ESYS, errno, "cannot tell who we are");
	for (int i = 0; i < 3; i++)
		if (u[i] != uid || g[i] != gid)
			return gsp_err_set(err, GSP_ESYS, "could not become user %u", (unsigned)uid);
	if (setuid(0) == 0 || seteuid(0) == 0)
		return gsp_err_set(err, GSP_ESYS, "could become root again");
	return 0;
}

static int
change_ids(uid_t uid, gid_t gid, struct gsp_err *err)
{
	if (setresgid(gid, gid, gid) == -1 || setresuid(uid, uid, uid) == -1)
		return gsp_err_sys(err, GSP_ESYS, errno, "cannot become user %u", (unsigned)uid);
	return check_ids(uid, gid, err);
}

int
gsp_confine_become(uid_t uid, gid_t gid, struct gsp_err *err)
{
	if (uid == 0 || gid == 0)
		return gsp_err_set(err, GSP_EUSAGE, "no other user than root was named");
	if (setgroups(0, NULL) == -1)
		return gsp_err_sys(err, GSP_ESYS, errno, "cannot leave the groups of root");
	return change_ids(uid, gid, err);
}

int
gsp_confine_owner(uid_t uid, struct gsp_err *err)
{
	struct passwd *pw;

	errno = 0;
	if ((pw = getpwuid(uid)) == NULL)
		return gsp_err_set(err, GSP_EAUTH, "there is no user %u on this computer", (unsigned)uid);
	if (uid == 0)
		return gsp_err_set(err, GSP_EUSAGE, "no other user than root was named");
	if (setenv("HOME", pw->pw_dir, 1) == -1 || setenv("USER", pw->pw_name, 1) == -1 ||
	    setenv("LOGNAME", pw->pw_name, 1) == -1 || setenv("SHELL", pw->pw_shell, 1) == -1)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	if (initgroups(pw->pw_name, pw->pw_gid) == -1)
		return gsp_err_sys(err, GSP_ESYS, errno, "cannot take the groups of '%s'", pw->pw_name);
	return change_ids(uid, pw->pw_gid, err);
}

/* ---- the file system ---- */

static int
allow_read(int ruleset, const char *path, struct gsp_err *err)
{
	struct landlock_path_beneath_attr rule = {.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE,
	    .parent_fd = open(path, O_PATH | O_CLOEXEC)};
	struct stat st;
	int rc = 0;

	if (rule.parent_fd == -1)
		return 0; /* what is not there needs no rule, and what we may not see we may not read */
	if (fstat(rule.parent_fd, &st) == 0 && S_ISDIR(st.st_mode))
		rule.allowed_access |= LANDLOCK_ACCESS_FS_READ_DIR;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == -1)
		rc = gsp_err_sys(err, GSP_ESYS, errno, "Landlock: cannot allow '%s'", path);
	close(rule.parent_fd);
	return rc;
}

static int
allow_ports(int ruleset, const uint16_t *ports, struct gsp_err *err)
{
	for (; *ports != 0; ports++) {
		struct port_rule rule = {NET_CONNECT_TCP, *ports};

		if (syscall(SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &rule, 0) == -1)
			return gsp_err_sys(err, GSP_ESYS, errno, "Landlock: cannot allow port %u",
			    (unsigned)*ports);
	}
	return 0;
}

static int
shut(int abi, const char *const *read, const uint16_t *ports, struct gsp_err *err)
{
	struct rules rules = {FS_ABI_1 | (abi >= 2 ? FS_REFER : 0) | (abi >= 3 ? FS_TRUNCATE : 0) |
	        (abi >= 5 ? FS_IOCTL_DEV : 0),
	    abi < 4 ? 0 : NET_BIND_TCP | (ports != NULL ? NET_CONNECT_TCP : 0), abi >= 6 ? SCOPES : 0};
	size_t size = abi >= 6 ? sizeof(rules) : abi >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
	int rc = 0, ruleset = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);

	if (ruleset == -1)
		return gsp_err_sys(err, GSP_ESYS, errno, "Landlock: cannot make a set of rules");
	for (size_t i = 0; rc == 0 && always[i] != NULL; i++)
		rc = allow_read(ruleset, always[i], err);
	for (size_t i = 0; rc == 0 && read != NULL && read[i] != NULL; i++)
		rc = allow_read(ruleset, read[i], err);
	if (rc == 0 && (rules.net & NET_CONNECT_TCP) != 0)
		rc = allow_ports(ruleset, ports, err);
	if (rc == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) == -1)
		rc = gsp_err_sys(err, GSP_ESYS, errno, "Landlock: cannot shut the file system");
	close(ruleset);
	return rc;
}

int
gsp_confine_check(bool other_user, struct gsp_err *err)
{
	if (other_user || gsp_confine_landlock() > 0)
		return 0;
	return gsp_err_set(err, GSP_ESYS, "the half of the bot that talks to Discord cannot be kept out of "
	    "the home: this kernel has no Landlock (Linux 5.13, and 'landlock' among its lsm=), and it runs "
	    "as the home's owner; start the bot as root, so that this half becomes a user of its own, or use "
	    "a newer kernel");
}

int
gsp_confine_net(const char *const *read, const uint16_t *ports, bool other_user, struct gsp_err *err)
{
	const struct rlimit none = {0, 0};
	int abi = gsp_confine_landlock();

	if (gsp_confine_check(other_user, err) == -1)
		return -1;
	/* a write beyond the limit shall be an error, not the end */
	if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1 ||
	    setrlimit(RLIMIT_CORE, &none) == -1 || setrlimit(RLIMIT_FSIZE, &none) == -1 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return gsp_err_sys(err, GSP_ESYS, errno, "cannot give up what is not needed");
	if (abi > 0 && shut(abi, read, ports, err) == -1)
		return -1;
	return confine_calls(err);
}
