/*
 * sandbox/machine_etc: what differs in a machine's /etc and /usr from this computer's: names,
 * resolver, sshd, the shims; and nothing of this computer's that is secret.
 *
 * All of it happens inside, after the pivot, on the machine's own disk. Most only once: what
 * the machine's owner changes later must stay changed.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/rand.h"
#include "sandbox/machine_int.h"
#include "sys/io.h"

#include "base/banned.h"

#define TEXT_MAX (1 << 20)

static const char sshd_config[] =
    "# made by gsp-sandbox\n"
    "Port 22\n"
    "PermitRootLogin prohibit-password\n"
    "PasswordAuthentication no\n"
    "KbdInteractiveAuthentication no\n"
    /* pam_loginuid wants a capability that the machine does not have */
    "UsePAM no\n"
    "UseDNS no\n"
    "PrintMotd no\n"
    "X11Forwarding no\n"
    "AcceptEnv LANG LC_*\n"
    "SetEnv PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin\n"
    "Subsystem sftp internal-sftp\n";

/* One line of resolv.conf: is it a name server on a loopback address? */
static bool
is_loopback_server(const char *line)
{
	return strncmp(line, "nameserver", 10) == 0 &&
	    (strstr(line, " 127.") != NULL || strstr(line, "\t127.") != NULL ||
		strstr(line, " ::1") != NULL);
}

/* Add the useful lines of one resolv.conf. True if it names a server one can reach. */
static bool
copy_resolv(struct gsp_buf *out, const char *path)
{
	char line[512];
	bool found = false;
	FILE *f = fopen(path, "re");

	gsp_buf_reset(out);
	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		if (is_loopback_server(line))
			continue;
		found |= strncmp(line, "nameserver", 10) == 0;
		if (line[0] != '#')
			gsp_buf_adds(out, line);
	}
	if (f != NULL)
		fclose(f);
	return found;
}

void
gsp_vm_etc_resolv(struct gsp_buf *out)
{
	/* A local resolver on 127.0.0.53 cannot be reached from inside: ask whom it asks. */
	static const char *const from[] = {"/etc/resolv.conf", "/run/systemd/resolve/resolv.conf",
	    "/run/NetworkManager/no-stub-resolv.conf"};
	size_t i;

	for (i = 0; i < sizeof(from) / sizeof(from[0]); i++) {
		if (copy_resolv(out, from[i]))
			return;
	}
	gsp_buf_reset(out);
	gsp_buf_adds(out, "# this computer's own resolver is out of reach from here\n"
			  "nameserver 9.9.9.9\nnameserver 1.1.1.1\n");
}

/* No password of this computer's gets in: every hash becomes "*" (keys still work). */
static int
clean_shadow(const char *path, struct gsp_err *err)
{
	struct gsp_buf in = GSP_BUF_INIT(TEXT_MAX), out = GSP_BUF_INIT(2 * TEXT_MAX);
	const char *p, *user_end, *pass_end, *eol;
	struct stat st;
	int rc = 0;

	if (stat(path, &st) == -1)
		return 0;
	if (gsp_io_read_file(&in, path, err) == -1)
		goto fail;
	for (p = gsp_buf_str(&in); *p != '\0'; p = eol) {
		eol = p + strcspn(p, "\n");
		user_end = memchr(p, ':', (size_t)(eol - p));
		pass_end = user_end == NULL ? NULL :
		    memchr(user_end + 1, ':', (size_t)(eol - user_end - 1));
		if (*eol == '\n')
			eol++;
		if (pass_end == NULL)
			continue;
		gsp_buf_add(&out, p, (size_t)(user_end - p));
		gsp_buf_adds(&out, ":*");
		gsp_buf_add(&out, pass_end, (size_t)(eol - pass_end));
	}
	if (!gsp_buf_ok(&out)) {
		(void)gsp_err_set(err, GSP_ELIMIT, "'%s' is too large", path);
		goto fail;
	}
	if (gsp_vm_put(path, st.st_mode & 07777, gsp_buf_str(&out), out.len, err) == -1 ||
	    chown(path, st.st_uid, st.st_gid) == -1)
		goto fail;
	goto out;
fail:
	rc = -1;
out:
	gsp_buf_release(&in);
	gsp_buf_release(&out);
	return rc;
}

/* Remove the files of a directory whose names start with prefix. */
static void
drop_files(const char *dir, const char *prefix)
{
	char path[PATH_MAX];
	struct dirent *e;
	DIR *d = opendir(dir);

	while (d != NULL && (e = readdir(d)) != NULL) {
		if (e->d_name[0] != '.' && strncmp(e->d_name, prefix, strlen(prefix)) == 0)
			(void)unlink(gsp_vm_path(path, dir, e->d_name));
	}
	if (d != NULL)
		closedir(d);
}

static int
write_ssh(struct gsp_err *err)
{
	if (gsp_io_mkdirs("/etc/ssh", 0755, err) == -1)
		return -1;
	drop_files("/etc/ssh", "ssh_host_");
	drop_files("/etc/ssh/sshd_config.d", "");
	return gsp_vm_puts("/etc/ssh/sshd_config", 0644, sshd_config, err);
}

/* root's keys, as the platform puts them there. */
static int
write_keys(const struct gsp_machine *m, struct gsp_err *err)
{
	struct gsp_buf b = GSP_BUF_INIT(TEXT_MAX);
	size_t i;
	int rc;

	for (i = 0; i < m->keys.n; i++)
		gsp_buf_addf(&b, "%s\n", m->keys.v[i]);
	rc = gsp_buf_ok(&b) ? gsp_io_mkdirs("/root/.ssh", 0700, err) :
			      gsp_err_set(err, GSP_ELIMIT, "too many authorized keys");
	if (rc == 0)
		rc = gsp_vm_put("/root/.ssh/authorized_keys", 0600, gsp_buf_str(&b), b.len, err);
	gsp_buf_release(&b);
	return rc;
}

static int
write_names(const struct gsp_machine *m, struct gsp_err *err)
{
	unsigned char r[16];
	char text[512];
	size_t i;
	int n;

	(void)snprintf(text, sizeof(text), "%s\n", m->label);
	if (gsp_vm_puts("/etc/hostname", 0644, text, err) == -1)
		return -1;
	n = snprintf(text, sizeof(text),
	    "127.0.0.1\tlocalhost\n127.0.1.1\t%s\n%s\t%s\n::1\tlocalhost ip6-localhost ip6-loopback\n",
	    m->label, m->ipv4, m->label);
	if (n < 0 || gsp_vm_puts("/etc/hosts", 0644, text, err) == -1)
		return -1;
	gsp_rand_bytes(r, sizeof(r));
	for (i = 0; i < sizeof(r); i++)
		(void)snprintf(text + 2 * i, sizeof(text) - 2 * i, "%02x", r[i]);
	(void)snprintf(text + 32, sizeof(text) - 32, "\n");
	return gsp_vm_puts("/etc/machine-id", 0444, text, err);
}

static int
write_shims(struct gsp_err *err)
{
	/* systemctl answers to these names too; Debian links them to it. */
	static const char *const names[] = {"reboot", "poweroff", "halt", "shutdown"};
	char path[64];
	size_t i;

	if (gsp_vm_puts("/usr/bin/systemctl", 0755, gsp_vm_shim_systemctl, err) == -1 ||
	    gsp_vm_puts("/usr/bin/cloud-init", 0755, gsp_vm_shim_cloud_init, err) == -1)
		return -1;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "/usr/sbin/%s", names[i]);
		(void)unlink(path);
		if (symlink("/usr/bin/systemctl", path) == -1)
			return gsp_err_sys(err, GSP_EIO, errno, "cannot make '%s'", path);
	}
	return 0;
}

/* /var/log has its directories but no files; a few programs expect theirs. */
static int
write_log_dirs(struct gsp_err *err)
{
	static const char *const dirs[] = {"/var/log/apt", "/var/log/gsp-sandbox"};
	static const char *const files[] = {"/var/log/lastlog", "/var/log/wtmp", "/var/log/btmp",
	    "/var/log/dpkg.log"};
	size_t i;

	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		if (gsp_io_mkdirs(dirs[i], 0755, err) == -1)
			return -1;
	}
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (gsp_vm_puts(files[i], 0640, "", err) == -1)
			return -1;
	}
	return 0;
}

/* apt goes the way it goes on this computer, if that is by a proxy of the environment. */
static int
write_apt_proxy(struct gsp_err *err)
{
	const char *proxy = getenv("http_proxy");
	struct gsp_buf b = GSP_BUF_INIT(4096);
	const char *p;
	int rc = 0;

	if (proxy == NULL || *proxy == '\0' || strstr(proxy, "://127.") != NULL ||
	    strstr(proxy, "localhost") != NULL || !gsp_io_is_dir("/etc/apt/apt.conf.d"))
		return 0;
	for (p = proxy; *p != '\0'; p++) {
		if (!isgraph((unsigned char)*p) || *p == '"' || *p == '\\' || *p == ';')
			return 0;
	}
	gsp_buf_addf(&b, "Acquire::http::Proxy \"%s\";\n", proxy);
	if (gsp_buf_ok(&b))
		rc = gsp_vm_puts("/etc/apt/apt.conf.d/99gsp-sandbox", 0644, gsp_buf_str(&b), err);
	gsp_buf_release(&b);
	return rc;
}

static int
write_once(const struct gsp_machine *m, struct gsp_err *err)
{
	if (write_names(m, err) == -1 || clean_shadow("/etc/shadow", err) == -1 ||
	    clean_shadow("/etc/gshadow", err) == -1 || write_ssh(err) == -1 ||
	    write_keys(m, err) == -1 || write_shims(err) == -1 || write_log_dirs(err) == -1 ||
	    write_apt_proxy(err) == -1)
		return -1;
	(void)unlink("/etc/shadow-");
	(void)unlink("/etc/gshadow-");
	return gsp_vm_puts("/etc/gsp-sandbox", 0644,
	    "This machine is a gsp-sandbox: namespaces on somebody's computer, not a server.\n",
	    err);
}

int
gsp_vm_etc_write(const struct gsp_machine *m, const char *resolv, struct gsp_err *err)
{
	static const char *const run_dirs[] = {"/run/lock", "/run/sshd", "/run/user",
	    "/run/cloud-init", "/run/gsp-sandbox"};
	size_t i;

	for (i = 0; i < sizeof(run_dirs) / sizeof(run_dirs[0]); i++) {
		if (gsp_io_mkdirs(run_dirs[i], 0755, err) == -1)
			return -1;
	}
	if (chmod("/run/lock", 01777) == -1)
		return gsp_err_sys(err, GSP_EIO, errno, "cannot open up '/run/lock'");
	if (gsp_vm_puts("/etc/resolv.conf", 0644, resolv, err) == -1)
		return -1;
	return gsp_io_exists("/etc/gsp-sandbox") ? 0 : write_once(m, err);
}
