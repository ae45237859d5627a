/*
 * sandbox/machine_modules: cloud-init's modules, as far as a machine of gsp's needs them: they
 * carry out what machine_config.c reads.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/machine_cloud.h"
#include "sys/io.h"

#include "base/banned.h"

#define FILE_MAX (16 << 20)
#define KEYS_FILE "/root/.ssh/authorized_keys"

void
gsp_vm_cloud_check_keys(struct gsp_vm_cloud *c)
{
	/* Done here, or without a meaning in a machine that only pretends. */
	static const char *const known[] = {"bootcmd", "runcmd", "write_files", "packages",
	    "package_update", "package_upgrade", "package_reboot_if_required", "users", "ssh_keys",
	    "ssh_deletekeys", "ssh_genkeytypes", "ssh_quiet_keygen", "ssh_publish_hostkeys",
	    "no_ssh_fingerprints", "ssh_authorized_keys", "disable_root", "ssh_pwauth", "hostname",
	    "fqdn", "prefer_fqdn_over_hostname", "preserve_hostname", "manage_etc_hosts", "locale",
	    "growpart", "resize_rootfs", "final_message", "apt_preserve_sources_list"};
	const struct gsp_yaml *v;
	size_t i;

	if (c->root == NULL)
		return;
	if (c->root->kind != GSP_YAML_MAP) {
		gsp_vm_cloud_warn(c, "invalid cloud-config: it is not a map");
		return;
	}
	for (v = c->root->first; v != NULL; v = v->next) {
		for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
			if (strcmp(v->key, known[i]) == 0)
				break;
		}
		if (i == sizeof(known) / sizeof(known[0]))
			gsp_vm_cloud_warn(c, "cloud-config line %zu: '%s' is not carried out here",
			    v->key_line, v->key);
	}
	if (gsp_vm_config_true(gsp_yaml_get(c->root, "ssh_pwauth"), false))
		gsp_vm_cloud_warn(c, "ssh_pwauth: passwords are never accepted here");
}

/* bootcmd and runcmd become a shell script, a list one quoted command, a text a line. */
void
gsp_vm_cloud_commands(struct gsp_vm_cloud *c, const char *key, const char *script)
{
	const struct gsp_yaml *list = gsp_yaml_get(c->root, key);
	struct gsp_buf b = GSP_BUF_INIT(1 << 20);
	struct gsp_err err = GSP_ERR_INIT;

	if (list == NULL || gsp_yaml_is_null(list))
		return;
	if (gsp_vm_config_shell(&b, list, &err) == -1 ||
	    gsp_vm_puts(script, 0700, gsp_buf_str(&b), &err) == -1)
		gsp_vm_cloud_error(c, "('%s', %s)", key, err.msg);
	gsp_buf_release(&b);
}

/* encoding: any of text/plain, b64, base64, gz, gzip, gz+b64, gzip+base64 and so on. */
static int
decode(struct gsp_buf *out, const char *text, const char *encoding, struct gsp_err *err)
{
	struct gsp_buf packed = GSP_BUF_INIT(FILE_MAX);
	bool gz = strstr(encoding, "gz") != NULL, b64 = strstr(encoding, "64") != NULL;
	int rc = 0;

	if (b64)
		rc = gsp_vm_config_base64(gz ? &packed : out, text, err);
	else
		gsp_buf_adds(gz ? &packed : out, text);
	if (rc == 0 && gz)
		rc = gsp_vm_cloud_gunzip(out, gsp_buf_str(&packed), packed.len, err);
	gsp_buf_release(&packed);
	return rc;
}

static int
put_file(const char *path, const struct gsp_buf *b, bool append, mode_t mode, struct gsp_err *err)
{
	char dir[PATH_MAX];
	char *slash;
	int fd, rc;

	(void)snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	if (slash != NULL && slash != dir) {
		*slash = '\0';
		if (gsp_io_mkdirs(dir, 0755, err) == -1)
			return -1;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (append ? O_APPEND : O_TRUNC), 0600);
	if (fd == -1)
		return gsp_err_sys(err, GSP_EIO, errno, "cannot open '%s'", path);
	rc = gsp_io_write_all(fd, gsp_buf_str(b), b->len, path, err);
	if (rc == 0 && fchmod(fd, mode) == -1)
		rc = gsp_err_sys(err, GSP_EIO, errno, "cannot set the mode of '%s'", path);
	close(fd);
	return rc;
}

static int
write_file(struct gsp_vm_cloud *c, const struct gsp_yaml *f, struct gsp_err *err)
{
	const char *path = gsp_vm_config_text(f, "path"), *owner = gsp_vm_config_text(f, "owner"),
		   *perms = gsp_vm_config_text(f, "permissions"), *encoding = gsp_vm_config_text(f, "encoding"),
		   *content = gsp_vm_config_text(f, "content");
	const char *const chown_argv[] = {"chown", "--", owner, path, NULL};
	struct gsp_buf b = GSP_BUF_INIT(FILE_MAX);
	mode_t mode;
	int rc = -1;

	if (path == NULL || path[0] != '/')
		return gsp_err_set(err, GSP_EPROTO, "no absolute path");
	if (!gsp_vm_config_mode(&mode, perms))
		gsp_vm_cloud_warn(c, "'%s': undecodable permissions '%s', using 0644", path, perms);
	if (decode(&b, content != NULL ? content : "", encoding != NULL ? encoding : "", err) == -1 ||
	    put_file(path, &b, gsp_vm_config_true(gsp_yaml_get(f, "append"), false), mode, err) == -1)
		goto out;
	if (owner == NULL && chown(path, 0, 0) == -1)
		(void)gsp_err_sys(err, GSP_EIO, errno, "cannot give '%s' to root", path);
	else if (owner != NULL && gsp_vm_cloud_run(c, chown_argv) != 0)
		(void)gsp_err_set(err, GSP_EIO, "cannot give '%s' to '%s'", path, owner);
	else
		rc = 0;
out:
	gsp_buf_release(&b);
	return rc;
}

void
gsp_vm_cloud_write_files(struct gsp_vm_cloud *c, bool deferred)
{
	const struct gsp_yaml *list = gsp_yaml_get(c->root, "write_files"), *f;
	struct gsp_err err = GSP_ERR_INIT;

	for (f = list != NULL ? list->first : NULL; f != NULL; f = f->next) {
		if (gsp_vm_config_true(gsp_yaml_get(f, "defer"), false) == deferred &&
		    write_file(c, f, &err) == -1)
			gsp_vm_cloud_error(c, "('write_files', %s)", err.msg);
	}
}

void
gsp_vm_cloud_names(struct gsp_vm_cloud *c)
{
	const char *name = gsp_vm_config_text(c->root, "hostname");
	struct gsp_err err = GSP_ERR_INIT;
	char line[128];

	if (name == NULL || gsp_vm_config_true(gsp_yaml_get(c->root, "preserve_hostname"), false))
		return;
	(void)snprintf(line, sizeof(line), "%.64s\n", name);
	if (sethostname(name, strnlen(name, 64)) == -1 ||
	    gsp_vm_puts("/etc/hostname", 0644, line, &err) == -1)
		gsp_vm_cloud_error(c, "('set_hostname', cannot be '%s')", name);
}

static void
user_keys(struct gsp_vm_cloud *c, const struct gsp_yaml *u, const char *name)
{
	struct gsp_buf b = GSP_BUF_INIT(1 << 20);
	struct gsp_err err = GSP_ERR_INIT;
	const char *home = gsp_vm_config_text(u, "homedir");
	char path[PATH_MAX], ssh[PATH_MAX], owner[256];
	const char *const give[] = {"chown", "-R", "--", owner, ssh, NULL};

	gsp_vm_config_list(&b, gsp_yaml_get(u, "ssh_authorized_keys"), "\n");
	if (b.len > 0) {
		(void)snprintf(owner, sizeof(owner), "%.200s:", name);
		if (home != NULL)
			(void)snprintf(ssh, sizeof(ssh), "%.1000s/.ssh", home);
		else if (strcmp(name, "root") == 0)
			(void)snprintf(ssh, sizeof(ssh), "/root/.ssh");
		else
			(void)snprintf(ssh, sizeof(ssh), "/home/%.200s/.ssh", name);
		(void)gsp_vm_path(path, ssh, "authorized_keys");
		if (gsp_io_mkdirs(ssh, 0700, &err) == -1 ||
		    put_file(path, &b, true, 0600, &err) == -1 || gsp_vm_cloud_run(c, give) != 0)
			gsp_vm_cloud_error(c, "('users_groups', keys of '%s')", name);
	}
	gsp_buf_release(&b);
}

static void
make_user(struct gsp_vm_cloud *c, const struct gsp_yaml *u)
{
	const char *name = gsp_vm_config_text(u, "name");
	const char *const id[] = {"id", "-u", "--", name, NULL};
	struct gsp_argv a = GSP_ARGV_INIT;
	struct gsp_err err = GSP_ERR_INIT;

	if (gsp_vm_config_useradd(&a, u, &err) == -1)
		gsp_vm_cloud_error(c, "('users_groups', %s)", err.msg);
	else if (gsp_vm_cloud_run(c, id) != 0 &&
		 gsp_vm_cloud_run(c, (const char *const *)(uintptr_t)a.v) != 0)
		gsp_vm_cloud_error(c, "('users_groups', cannot add '%s')", name);
	else
		user_keys(c, u, name);
	gsp_argv_release(&a);
}

void
gsp_vm_cloud_users(struct gsp_vm_cloud *c)
{
	const struct gsp_yaml *list = gsp_yaml_get(c->root, "users"), *u;

	for (u = list != NULL ? list->first : NULL; u != NULL; u = u->next) {
		if (u->kind == GSP_YAML_MAP)
			make_user(c, u);
	}
}

/* ssh_keys: TYPE_private, TYPE_public, TYPE_certificate. */
static void
host_key(struct gsp_vm_cloud *c, const struct gsp_yaml *v)
{
	struct gsp_buf text = GSP_BUF_INIT(65536);
	struct gsp_err err = GSP_ERR_INIT;
	char path[64];
	mode_t mode;

	if (v->kind != GSP_YAML_SCALAR || !gsp_vm_config_host_key(path, &mode, v->key)) {
		gsp_vm_cloud_warn(c, "ssh_keys: unknown key '%s'", v->key);
		return;
	}
	gsp_buf_adds(&text, v->text);
	if (text.len > 0 && text.data[text.len - 1] != '\n')
		gsp_buf_addc(&text, '\n');
	if (!gsp_buf_ok(&text) || gsp_vm_puts(path, mode, gsp_buf_str(&text), &err) == -1)
		gsp_vm_cloud_error(c, "('ssh', cannot write '%s')", path);
	gsp_buf_release(&text);
}

/* cloud-init puts this before each of root's keys if disable_root is set. */
static void
lock_root(struct gsp_vm_cloud *c)
{
	struct gsp_buf in = GSP_BUF_INIT(1 << 20), out = GSP_BUF_INIT(2 << 20);
	struct gsp_err err = GSP_ERR_INIT;

	if (gsp_io_read_file(&in, KEYS_FILE, &err) == 0)
		gsp_vm_config_lock_keys(&out, gsp_buf_str(&in));
	if (!gsp_buf_ok(&out) || gsp_vm_puts(KEYS_FILE, 0600, gsp_buf_str(&out), &err) == -1)
		gsp_vm_cloud_error(c, "('ssh', cannot disable root)");
	gsp_buf_release(&in);
	gsp_buf_release(&out);
}

void
gsp_vm_cloud_ssh(struct gsp_vm_cloud *c)
{
	static const char key[] = "/etc/ssh/ssh_host_ed25519_key";
	static const char *const keygen[] = {"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key,
	    NULL};
	const struct gsp_yaml *keys = gsp_yaml_get(c->root, "ssh_keys"), *v;
	struct gsp_buf extra = GSP_BUF_INIT(1 << 20);
	struct gsp_err err = GSP_ERR_INIT;

	for (v = keys != NULL ? keys->first : NULL; v != NULL && v->key != NULL; v = v->next)
		host_key(c, v);
	/* As real: with any key given, none is made. */
	if ((keys == NULL || keys->count == 0) && !gsp_io_exists(key) &&
	    gsp_vm_cloud_run(c, keygen) != 0)
		gsp_vm_cloud_error(c, "('ssh', cannot make a host key)");
	gsp_vm_config_list(&extra, gsp_yaml_get(c->root, "ssh_authorized_keys"), "\n");
	if (extra.len > 0 && put_file(KEYS_FILE, &extra, true, 0600, &err) == -1)
		gsp_vm_cloud_error(c, "('ssh', %s)", err.msg);
	gsp_buf_release(&extra);
	if (gsp_vm_config_true(gsp_yaml_get(c->root, "disable_root"), false))
		lock_root(c);
}

/* "install ok installed"? */
static bool
is_installed(const char *name)
{
	const char *const argv[] = {"dpkg-query", "-W", "-f=${Status}", name, NULL};
	struct gsp_buf out = GSP_BUF_INIT(65536);
	const struct gsp_vm_cmd cmd = {argv, NULL, -1, &out};
	struct gsp_err ignored = GSP_ERR_INIT;
	bool yes;

	yes = gsp_vm_run(&cmd, &ignored) == 0 && strstr(gsp_buf_str(&out), " installed") != NULL;
	gsp_buf_release(&out);
	return yes;
}

static void
install(struct gsp_vm_cloud *c, struct gsp_argv *install_argv)
{
	static const char *const update[] = {"apt-get", "-q", "update", NULL};

	(void)setenv("DEBIAN_FRONTEND", "noninteractive", 1);
	if (gsp_vm_config_true(gsp_yaml_get(c->root, "package_update"), false) &&
	    gsp_vm_cloud_run(c, update) != 0)
		gsp_vm_cloud_error(c, "('package_update_upgrade_install', apt-get update failed)");
	if (!gsp_argv_ok(install_argv) ||
	    gsp_vm_cloud_run(c, (const char *const *)(uintptr_t)install_argv->v) != 0)
		gsp_vm_cloud_error(c, "('package_update_upgrade_install', apt-get install failed; see "
				      "/var/log/cloud-init-output.log)");
	(void)unsetenv("DEBIAN_FRONTEND");
}

void
gsp_vm_cloud_packages(struct gsp_vm_cloud *c)
{
	const struct gsp_yaml *list = gsp_yaml_get(c->root, "packages"), *p;
	struct gsp_buf name = GSP_BUF_INIT(1024), wish = GSP_BUF_INIT(2048);
	struct gsp_argv a = GSP_ARGV_INIT;
	size_t missing = 0;

	gsp_argv_push(&a, "apt-get");
	gsp_argv_push(&a, "--option=Dpkg::Options::=--force-confold");
	gsp_argv_push(&a, "--option=Dpkg::Options::=--force-unsafe-io");
	gsp_argv_push(&a, "--assume-yes");
	gsp_argv_push(&a, "--quiet");
	gsp_argv_push(&a, "install");
	gsp_argv_push(&a, "--");
	for (p = list != NULL ? list->first : NULL; p != NULL; p = p->next) {
		gsp_buf_reset(&name);
		gsp_buf_reset(&wish);
		if (!gsp_vm_config_package(&name, &wish, p) || is_installed(gsp_buf_str(&name)))
			continue;
		gsp_argv_push(&a, gsp_buf_str(&wish));
		missing++;
	}
	gsp_buf_release(&name);
	gsp_buf_release(&wish);
	/* A package index takes seconds and a network: only if something needs it. */
	if (missing > 0)
		install(c, &a);
	else
		gsp_vm_cloud_note(c, "all packages are there, no index fetched");
	gsp_argv_release(&a);
}
