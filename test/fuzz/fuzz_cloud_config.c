/*
 * Any bytes as the cloud-config of a machine: everything that machine_config.c reads from it.
 * What is to be run as root comes out whole: a user's name is never an option.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fmt/yaml.h"
#include "sandbox/machine_cloud.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
commands(const struct gsp_yaml *list)
{
	struct gsp_buf b = GSP_BUF_INIT(1 << 20);
	struct gsp_err err = GSP_ERR_INIT;

	if (list != NULL && gsp_vm_config_shell(&b, list, &err) == 0 &&
	    strncmp(gsp_buf_str(&b), "#!/bin/sh\n", 10) != 0)
		abort();
	gsp_buf_release(&b);
}

static void
files(const struct gsp_yaml *list)
{
	const struct gsp_yaml *f;
	struct gsp_err err = GSP_ERR_INIT;
	const char *content;
	mode_t mode;

	for (f = list != NULL ? list->first : NULL; f != NULL; f = f->next) {
		struct gsp_buf b = GSP_BUF_INIT(1 << 20);

		(void)gsp_vm_config_mode(&mode, gsp_vm_config_text(f, "permissions"));
		content = gsp_vm_config_text(f, "content");
		if (mode > 07777 ||
		    (content != NULL && gsp_vm_config_base64(&b, content, &err) == 0 &&
			b.len > strlen(content) / 4 * 3 + 2))
			abort();
		(void)gsp_vm_config_true(gsp_yaml_get(f, "append"), false);
		gsp_buf_release(&b);
	}
}

static void
users(const struct gsp_yaml *list)
{
	const struct gsp_yaml *u;
	struct gsp_err err = GSP_ERR_INIT;

	for (u = list != NULL ? list->first : NULL; u != NULL; u = u->next) {
		struct gsp_argv a = GSP_ARGV_INIT;

		if (gsp_vm_config_useradd(&a, u, &err) == 0 &&
		    (a.n < 4 || strcmp(a.v[a.n - 2], "--") != 0 || a.v[a.n - 1][0] == '-' ||
			a.v[a.n - 1][0] == '\0'))
			abort();
		gsp_argv_release(&a);
	}
}

static void
keys(const struct gsp_yaml *root)
{
	const struct gsp_yaml *list = gsp_yaml_get(root, "ssh_keys"), *v;
	struct gsp_buf in = GSP_BUF_INIT(1 << 20), out = GSP_BUF_INIT(2 << 20);
	char path[64];
	mode_t mode;

	for (v = list != NULL ? list->first : NULL; v != NULL && v->key != NULL; v = v->next) {
		if (gsp_vm_config_host_key(path, &mode, v->key) &&
		    strncmp(path, "/etc/ssh/ssh_host_", 18) != 0)
			abort();
	}
	gsp_vm_config_list(&in, gsp_yaml_get(root, "ssh_authorized_keys"), "\n");
	if (gsp_buf_ok(&in))
		gsp_vm_config_lock_keys(&out, gsp_buf_str(&in));
	gsp_buf_release(&in);
	gsp_buf_release(&out);
}

static void
packages(const struct gsp_yaml *list)
{
	const struct gsp_yaml *p;

	for (p = list != NULL ? list->first : NULL; p != NULL; p = p->next) {
		struct gsp_buf name = GSP_BUF_INIT(1024), wish = GSP_BUF_INIT(2048);

		if (gsp_vm_config_package(&name, &wish, p) && (name.len == 0 || wish.len < name.len))
			abort();
		gsp_buf_release(&name);
		gsp_buf_release(&wish);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gsp_vm_cloud c = {.out_fd = -1};
	struct gsp_err err = GSP_ERR_INIT;

	if (gsp_yaml_parse(&c.doc, "user-data", (const char *)data, size, &err) == -1)
		return 0;
	c.root = gsp_yaml_root(c.doc);
	gsp_vm_cloud_check_keys(&c);
	commands(gsp_yaml_get(c.root, "bootcmd"));
	commands(gsp_yaml_get(c.root, "runcmd"));
	files(gsp_yaml_get(c.root, "write_files"));
	users(gsp_yaml_get(c.root, "users"));
	keys(c.root);
	packages(gsp_yaml_get(c.root, "packages"));
	gsp_argv_release(&c.errors);
	gsp_argv_release(&c.warnings);
	gsp_yaml_free(c.doc);
	return 0;
}
