/*
 * sandbox/machine_modules: cloud-init's modules, as far as a machine of gsp's needs them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/machine_cloud.h"
#include "sys/io.h"

#include "base/banned.h"

#define FILE_MAX (16 << 20)
#define KEYS_FILE "/root/.ssh/authorized_keys"

static bool
is_true(const struct gsp_yaml *v, bool dflt)
{
	static const char *const yes[] = {"true", "yes", "on", "1", "y"};
	size_t i;

	if (v == NULL || v->kind != GSP_YAML_SCALAR || gsp_yaml_is_null(v))
		return dflt;
	for (i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (strcasecmp(v->text, yes[i]) == 0)
			return true;
	}
	return false;
}

static const char *
text_of(const struct gsp_yaml *map, const char *key)
{
	const struct gsp_yaml *v = gsp_yaml_get(map, key);

	return v != NULL && v->kind == GSP_YAML_SCALAR && !gsp_yaml_is_null(v) ? v->text : NULL;
}

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
	if (is_true(gsp_yaml_get(c->root, "ssh_pwauth"), false))
		gsp_vm_cloud_warn(c, "ssh_pwauth: passwords are never accepted here");
}

/* bootcmd and runcmd become a shell script, a list one quoted command, a text a line. */
void
gsp_vm_cloud_commands(struct gsp_vm_cloud *c, const char *key, const char *script)
{
	const struct gsp_yaml *list = gsp_yaml_get(c->root, key), *cmd, *word;
	struct gsp_buf b = GSP_BUF_INIT(1 << 20);
	struct gsp_err err = GSP_ERR_INIT;

	if (list == NULL || gsp_yaml_is_null(list))
		return;
	if (list->kind != GSP_YAML_LIST) {
		gsp_vm_cloud_error(c, "('%s', TypeError('Input to shellify was no list'))", key);
		return;
	}
	gsp_buf_adds(&b, "#!/bin/sh\n");
	for (cmd = list->first; cmd != NULL; cmd = cmd->next) {
		if (cmd->kind == GSP_YAML_MAP) {
			gsp_vm_cloud_error(c, "('%s', TypeError('Unable to shellify a map'))", key);
			goto out;
		}
		if (cmd->kind == GSP_YAML_SCALAR && !gsp_yaml_is_null(cmd))
			gsp_buf_adds(&b, cmd->text);
		for (word = cmd->first; word != NULL; word = word->next) {
			gsp_argv_quote(&b, word->text != NULL ? word->text : "");
			gsp_buf_addc(&b, ' ');
		}
		gsp_buf_addc(&b, '\n');
	}
	if (!gsp_buf_ok(&b))
		gsp_vm_cloud_error(c, "'%s' is too long", key);
	else if (gsp_vm_puts(script, 0700, gsp_buf_str(&b), &err) == -1)
		gsp_vm_cloud_error(c, "('%s', %s)", key, err.msg);
out:
	gsp_buf_release(&b);
}

static int
base64_value(unsigned char ch)
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *p = ch != '\0' ? strchr(set, ch) : NULL;

	return p != NULL ? (int)(p - set) : -1;
}

/* RFC 4648, white space between the letters allowed. */
static int
base64_decode(struct gsp_buf *out, const char *text, struct gsp_err *err)
{
	unsigned bits = 0, n = 0;
	bool padded = false;
	int v;

	for (; *text != '\0'; text++) {
		if (strchr(" \t\r\n", *text) != NULL)
			continue;
		v = base64_value((unsigned char)*text);
		if (*text == '=')
			padded = true;
		else if (v == -1 || padded)
			return gsp_err_set(err, GSP_EPROTO, "content is not base64");
		if (padded)
			continue;
		bits = bits << 6 | (unsigned)v;
		n += 6;
		if (n >= 8) {
			n -= 8;
			gsp_buf_addc(out, (char)(bits >> n & 0xff));
		}
	}
	return gsp_buf_ok(out) ? 0 : gsp_err_set(err, GSP_ELIMIT, "content too long");
}

/* encoding: any of text/plain, b64, base64, gz, gzip, gz+b64, gzip+base64 and so on. */
static int
decode(struct gsp_buf *out, const char *text, const char *encoding, struct gsp_err *err)
{
	struct gsp_buf packed = GSP_BUF_INIT(FILE_MAX);
	bool gz = strstr(encoding, "gz") != NULL, b64 = strstr(encoding, "64") != NULL;
	int rc = 0;

	if (b64)
		rc = base64_decode(gz ? &packed : out, text, err);
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
	const char *path = text_of(f, "path"), *owner = text_of(f, "owner"),
		   *perms = text_of(f, "permissions"), *encoding = text_of(f, "encoding"),
		   *content = text_of(f, "content");
	const char *const chown_argv[] = {"chown", "--", owner, path, NULL};
	struct gsp_buf b = GSP_BUF_INIT(FILE_MAX);
	unsigned long mode = 0644;
	char *end;
	int rc = -1;

	if (path == NULL || path[0] != '/')
		return gsp_err_set(err, GSP_EPROTO, "no absolute path");
	if (perms != NULL) {
		mode = strtoul(strncmp(perms, "0o", 2) == 0 ? perms + 2 : perms, &end, 8);
		if (*perms == '\0' || *end != '\0' || mode > 07777) {
			gsp_vm_cloud_warn(c, "'%s': undecodable permissions '%s', using 0644", path,
			    perms);
			mode = 0644;
		}
	}
	if (decode(&b, content != NULL ? content : "", encoding != NULL ? encoding : "", err) == -1 ||
	    put_file(path, &b, is_true(gsp_yaml_get(f, "append"), false), (mode_t)mode, err) == -1)
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
		if (is_true(gsp_yaml_get(f, "defer"), false) == deferred &&
		    write_file(c, f, &err) == -1)
			gsp_vm_cloud_error(c, "('write_files', %s)", err.msg);
	}
}

void
gsp_vm_cloud_names(struct gsp_vm_cloud *c)
{
	const char *name = text_of(c->root, "hostname");
	struct gsp_err err = GSP_ERR_INIT;
	char line[128];

	if (name == NULL || is_true(gsp_yaml_get(c->root, "preserve_hostname"), false))
		return;
	(void)snprintf(line, sizeof(line), "%.64s\n", name);
	if (sethostname(name, strnlen(name, 64)) == -1 ||
	    gsp_vm_puts("/etc/hostname", 0644, line, &err) == -1)
		gsp_vm_cloud_error(c, "('set_hostname', cannot be '%s')", name);
}

static void
add_list_or_text(struct gsp_buf *out, const struct gsp_yaml *v, const char *prefix,
    const char *between)
{
	const struct gsp_yaml *i;

	if (v == NULL || gsp_yaml_is_null(v))
		return;
	if (v->kind == GSP_YAML_SCALAR)
		gsp_buf_addf(out, "%s%s%s", prefix, v->text, between);
	for (i = v->first; v->kind == GSP_YAML_LIST && i != NULL; i = i->next) {
		if (i->kind == GSP_YAML_SCALAR)
			gsp_buf_addf(out, "%s%s%s", prefix, i->text, between);
	}
}

static void
user_keys(struct gsp_vm_cloud *c, const struct gsp_yaml *u, const char *name)
{
	struct gsp_buf b = GSP_BUF_INIT(1 << 20);
	struct gsp_err err = GSP_ERR_INIT;
	const char *home = text_of(u, "homedir");
	char path[PATH_MAX], ssh[PATH_MAX], owner[256];
	const char *const give[] = {"chown", "-R", "--", owner, ssh, NULL};

	add_list_or_text(&b, gsp_yaml_get(u, "ssh_authorized_keys"), "", "\n");
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
	static const char *const with_text[][2] = {{"shell", "--shell"}, {"homedir", "--home"},
	    {"gecos", "--comment"}, {"uid", "--uid"}, {"primary_group", "--gid"},
	    {"expiredate", "--expiredate"}};
	const char *name = text_of(u, "name");
	const char *const id[] = {"id", "-u", "--", name, NULL};
	struct gsp_buf groups = GSP_BUF_INIT(4096);
	struct gsp_argv a = GSP_ARGV_INIT;
	size_t i;

	if (name == NULL || gsp_argv_is_option(name)) {
		gsp_vm_cloud_error(c, "('users_groups', a user without a name)");
		return;
	}
	gsp_argv_push(&a, "useradd");
	for (i = 0; i < sizeof(with_text) / sizeof(with_text[0]); i++) {
		if (text_of(u, with_text[i][0]) == NULL)
			continue;
		gsp_argv_push(&a, with_text[i][1]);
		gsp_argv_push(&a, text_of(u, with_text[i][0]));
	}
	add_list_or_text(&groups, gsp_yaml_get(u, "groups"), "", ",");
	if (groups.len > 1) {
		groups.data[groups.len - 1] = '\0';
		gsp_argv_push(&a, "--groups");
		gsp_argv_push(&a, groups.data);
	}
	if (is_true(gsp_yaml_get(u, "system"), false))
		gsp_argv_push(&a, "--system");
	gsp_argv_push(&a, is_true(gsp_yaml_get(u, "no_create_home"), false) ? "-M" : "-m");
	gsp_argv_push(&a, "--");
	gsp_argv_push(&a, name);
	if (gsp_vm_cloud_run(c, id) != 0 &&
	    (!gsp_argv_ok(&a) || gsp_vm_cloud_run(c, (const char *const *)(uintptr_t)a.v) != 0))
		gsp_vm_cloud_error(c, "('users_groups', cannot add '%s')", name);
	else
		user_keys(c, u, name);
	gsp_argv_release(&a);
	gsp_buf_release(&groups);
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
	static const char *const parts[][2] = {{"_private", "_key"}, {"_public", "_key.pub"},
	    {"_certificate", "_key-cert.pub"}};
	static const char *const types[] = {"rsa", "dsa", "ecdsa", "ed25519"};
	struct gsp_buf text = GSP_BUF_INIT(65536);
	struct gsp_err err = GSP_ERR_INIT;
	char path[64], name[32];
	size_t t, p;

	for (t = 0; t < 4; t++) {
		for (p = 0; p < 3; p++) {
			(void)snprintf(name, sizeof(name), "%s%s", types[t], parts[p][0]);
			if (strcmp(v->key, name) == 0 && v->kind == GSP_YAML_SCALAR)
				goto found;
		}
	}
	gsp_vm_cloud_warn(c, "ssh_keys: unknown key '%s'", v->key);
	return;
found:
	(void)snprintf(path, sizeof(path), "/etc/ssh/ssh_host_%s%s", types[t], parts[p][1]);
	gsp_buf_adds(&text, v->text);
	if (text.len > 0 && text.data[text.len - 1] != '\n')
		gsp_buf_addc(&text, '\n');
	if (!gsp_buf_ok(&text) ||
	    gsp_vm_puts(path, p == 0 ? 0600 : 0644, gsp_buf_str(&text), &err) == -1)
		gsp_vm_cloud_error(c, "('ssh', cannot write '%s')", path);
	gsp_buf_release(&text);
}

/* cloud-init puts this before each of root's keys if disable_root is set. */
static void
lock_root(struct gsp_vm_cloud *c)
{
	struct gsp_buf in = GSP_BUF_INIT(1 << 20), out = GSP_BUF_INIT(2 << 20);
	struct gsp_err err = GSP_ERR_INIT;
	const char *p, *eol;

	if (gsp_io_read_file(&in, KEYS_FILE, &err) == 0) {
		for (p = gsp_buf_str(&in); *p != '\0'; p = *eol != '\0' ? eol + 1 : eol) {
			eol = p + strcspn(p, "\n");
			gsp_buf_adds(&out, "no-port-forwarding,no-agent-forwarding,no-X11-forwarding,"
					   "command=\"echo 'Please login as another user rather than "
					   "the user \\\"root\\\".';echo;sleep 10;exit 142\" ");
			gsp_buf_add(&out, p, (size_t)(eol - p));
			gsp_buf_addc(&out, '\n');
		}
	}
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
	add_list_or_text(&extra, gsp_yaml_get(c->root, "ssh_authorized_keys"), "", "\n");
	if (extra.len > 0 && put_file(KEYS_FILE, &extra, true, 0600, &err) == -1)
		gsp_vm_cloud_error(c, "('ssh', %s)", err.msg);
	gsp_buf_release(&extra);
	if (is_true(gsp_yaml_get(c->root, "disable_root"), false))
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
	if (is_true(gsp_yaml_get(c->root, "package_update"), false) &&
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
		const char *name = p->kind == GSP_YAML_SCALAR ? p->text :
		    p->first != NULL			     ? p->first->text :
							       NULL;

		if (name == NULL || *name == '\0' || is_installed(name))
			continue;
		if (p->kind == GSP_YAML_LIST && p->count == 2 && p->first->next->text != NULL)
			gsp_argv_pushf(&a, "%s=%s", name, p->first->next->text);
		else
			gsp_argv_push(&a, name);
		missing++;
	}
	/* A package index takes seconds and a network: only if something needs it. */
	if (missing > 0)
		install(c, &a);
	else
		gsp_vm_cloud_note(c, "all packages are there, no index fetched");
	gsp_argv_release(&a);
}
