/*
 * sandbox/machine_config: what a cloud-config asks for: text in, text or an argument list out.
 * Nothing is carried out here, so it can be tested without a machine.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sandbox/machine_cloud.h"

#include "base/banned.h"

bool
gsp_vm_config_true(const struct gsp_yaml *v, bool dflt)
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

const char *
gsp_vm_config_text(const struct gsp_yaml *map, const char *key)
{
	const struct gsp_yaml *v = gsp_yaml_get(map, key);

	return v != NULL && v->kind == GSP_YAML_SCALAR && !gsp_yaml_is_null(v) ? v->text : NULL;
}

void
gsp_vm_config_list(struct gsp_buf *out, const struct gsp_yaml *v, const char *after)
{
	const struct gsp_yaml *i;

	if (v == NULL || gsp_yaml_is_null(v))
		return;
	if (v->kind == GSP_YAML_SCALAR)
		gsp_buf_addf(out, "%s%s", v->text, after);
	for (i = v->first; v->kind == GSP_YAML_LIST && i != NULL; i = i->next) {
		if (i->kind == GSP_YAML_SCALAR)
			gsp_buf_addf(out, "%s%s", i->text, after);
	}
}

int
gsp_vm_config_shell(struct gsp_buf *out, const struct gsp_yaml *list, struct gsp_err *err)
{
	const struct gsp_yaml *cmd, *word;

	if (list->kind != GSP_YAML_LIST)
		return gsp_err_set(err, GSP_EPROTO, "TypeError('Input to shellify was no list')");
	gsp_buf_adds(out, "#!/bin/sh\n");
	for (cmd = list->first; cmd != NULL; cmd = cmd->next) {
		if (cmd->kind == GSP_YAML_MAP)
			return gsp_err_set(err, GSP_EPROTO, "TypeError('Unable to shellify a map')");
		if (cmd->kind == GSP_YAML_SCALAR && !gsp_yaml_is_null(cmd))
			gsp_buf_adds(out, cmd->text);
		for (word = cmd->first; word != NULL; word = word->next) {
			gsp_argv_quote(out, word->text != NULL ? word->text : "");
			gsp_buf_addc(out, ' ');
		}
		gsp_buf_addc(out, '\n');
	}
	return gsp_buf_ok(out) ? 0 : gsp_err_set(err, GSP_ELIMIT, "it is too long");
}

static int
base64_value(unsigned char ch)
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *p = ch != '\0' ? strchr(set, ch) : NULL;

	return p != NULL ? (int)(p - set) : -1;
}

int
gsp_vm_config_base64(struct gsp_buf *out, const char *text, struct gsp_err *err)
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

bool
gsp_vm_config_mode(mode_t *out, const char *text)
{
	const char *digits = text != NULL && strncmp(text, "0o", 2) == 0 ? text + 2 : text;
	size_t n = digits != NULL ? strlen(digits) : 0;

	*out = 0644;
	if (text == NULL)
		return true;
	if (n == 0 || n > 6 || strspn(digits, "01234567") != n || strtoul(digits, NULL, 8) > 07777)
		return false;
	*out = (mode_t)strtoul(digits, NULL, 8);
	return true;
}

int
gsp_vm_config_useradd(struct gsp_argv *out, const struct gsp_yaml *u, struct gsp_err *err)
{
	static const char *const with_text[][2] = {{"shell", "--shell"}, {"homedir", "--home"},
	    {"gecos", "--comment"}, {"uid", "--uid"}, {"primary_group", "--gid"},
	    {"expiredate", "--expiredate"}};
	const char *name = gsp_vm_config_text(u, "name"), *text;
	struct gsp_buf groups = GSP_BUF_INIT(4096);
	size_t i;

	if (name == NULL || name[0] == '\0' || gsp_argv_is_option(name))
		return gsp_err_set(err, GSP_EPROTO, "a user without a name");
	gsp_argv_push(out, "useradd");
	for (i = 0; i < sizeof(with_text) / sizeof(with_text[0]); i++) {
		text = gsp_vm_config_text(u, with_text[i][0]);
		if (text == NULL)
			continue;
		gsp_argv_push(out, with_text[i][1]);
		gsp_argv_push(out, text);
	}
	gsp_vm_config_list(&groups, gsp_yaml_get(u, "groups"), ",");
	if (gsp_buf_ok(&groups) && groups.len > 1) {
		groups.data[groups.len - 1] = '\0';
		gsp_argv_push(out, "--groups");
		gsp_argv_push(out, groups.data);
	}
	gsp_buf_release(&groups);
	if (gsp_vm_config_true(gsp_yaml_get(u, "system"), false))
		gsp_argv_push(out, "--system");
	gsp_argv_push(out, gsp_vm_config_true(gsp_yaml_get(u, "no_create_home"), false) ? "-M" : "-m");
	gsp_argv_push(out, "--");
	gsp_argv_push(out, name);
	return gsp_argv_ok(out) ? 0 : gsp_err_set(err, GSP_ESYS, "out of memory");
}

void
gsp_vm_config_lock_keys(struct gsp_buf *out, const char *keys)
{
	const char *p, *eol;

	for (p = keys; *p != '\0'; p = *eol != '\0' ? eol + 1 : eol) {
		eol = p + strcspn(p, "\n");
		gsp_buf_adds(out, "no-port-forwarding,no-agent-forwarding,no-X11-forwarding,"
				  "command=\"echo 'Please login as another user rather than "
				  "the user \\\"root\\\".';echo;sleep 10;exit 142\" ");
		gsp_buf_add(out, p, (size_t)(eol - p));
		gsp_buf_addc(out, '\n');
	}
}

bool
gsp_vm_config_host_key(char path[64], mode_t *mode, const char *key)
{
	static const char *const parts[][2] = {{"_private", "_key"}, {"_public", "_key.pub"},
	    {"_certificate", "_key-cert.pub"}};
	static const char *const types[] = {"rsa", "dsa", "ecdsa", "ed25519"};
	char name[32];
	size_t t, p;

	for (t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
		for (p = 0; p < sizeof(parts) / sizeof(parts[0]); p++) {
			(void)snprintf(name, sizeof(name), "%s%s", types[t], parts[p][0]);
			if (strcmp(key, name) != 0)
				continue;
			(void)snprintf(path, 64, "/etc/ssh/ssh_host_%s%s", types[t], parts[p][1]);
			*mode = p == 0 ? 0600 : 0644;
			return true;
		}
	}
	return false;
}

bool
gsp_vm_config_package(struct gsp_buf *name, struct gsp_buf *wish, const struct gsp_yaml *p)
{
	const struct gsp_yaml *first = p->kind == GSP_YAML_LIST ? p->first : p;

	if (first == NULL || first->kind != GSP_YAML_SCALAR || gsp_yaml_is_null(first) ||
	    first->text[0] == '\0')
		return false;
	gsp_buf_adds(name, first->text);
	gsp_buf_adds(wish, first->text);
	if (p->kind == GSP_YAML_LIST && p->count == 2 && first->next->text != NULL)
		gsp_buf_addf(wish, "=%s", first->next->text);
	return gsp_buf_ok(name) && gsp_buf_ok(wish);
}
