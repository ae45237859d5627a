/*
 * sandbox/machine_cloud: what the parts of a machine's cloud-init share: the stages
 * (machine_cloud.c), the modules they run (machine_modules.c), both inside the machine only, and
 * the reading of the cloud-config (machine_config.c).
 *
 * Source: cloud-init's documentation of its stages, modules and of `cloud-init status`; the
 * keys are those of cloud-config that gsp sends and a few around them. A key that is not
 * carried out is a warning, so the machine ends "degraded" rather than silently different.
 */
#ifndef GSP_SANDBOX_MACHINE_CLOUD_H
#define GSP_SANDBOX_MACHINE_CLOUD_H

#include <stdio.h>

#include "fmt/yaml.h"
#include "sandbox/machine_int.h"

struct gsp_vm_cloud {
	const struct gsp_machine *m;
	struct gsp_buf user_data;   /* after gunzip */
	struct gsp_yaml_doc *doc;   /* NULL unless it is a cloud-config */
	const struct gsp_yaml *root;
	bool script;                /* user data that starts with #! */
	struct gsp_argv errors, warnings;
	FILE *log;                  /* /var/log/cloud-init.log */
	int out_fd;                 /* /var/log/cloud-init-output.log */
};

/* Each message goes to the log; errors make status 1, warnings status 2. */
void gsp_vm_cloud_error(struct gsp_vm_cloud *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void gsp_vm_cloud_warn(struct gsp_vm_cloud *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void gsp_vm_cloud_note(struct gsp_vm_cloud *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/** gsp_vm_cloud_run(c, argv): run it, output to the log; exit status, 128 + n, or 127. */
int gsp_vm_cloud_run(struct gsp_vm_cloud *c, const char *const *argv);

/** gsp_vm_cloud_gunzip(out, data, len, err): what the gzip file in data holds. */
int gsp_vm_cloud_gunzip(struct gsp_buf *out, const void *data, size_t len, struct gsp_err *err);

/* The modules, in the order in which the stages run them. */
void gsp_vm_cloud_check_keys(struct gsp_vm_cloud *c);
void gsp_vm_cloud_commands(struct gsp_vm_cloud *c, const char *key, const char *script);
void gsp_vm_cloud_write_files(struct gsp_vm_cloud *c, bool deferred);
void gsp_vm_cloud_names(struct gsp_vm_cloud *c);
void gsp_vm_cloud_users(struct gsp_vm_cloud *c);
void gsp_vm_cloud_ssh(struct gsp_vm_cloud *c);
void gsp_vm_cloud_packages(struct gsp_vm_cloud *c);

/* machine_config.c: what a cloud-config asks for, without doing any of it. */
/** gsp_vm_config_true(v, dflt): yes in any of YAML's spellings; dflt if it is not there. */
bool gsp_vm_config_true(const struct gsp_yaml *v, bool dflt);
/** gsp_vm_config_text(map, key): its text, borrowed; NULL if there is none. */
const char *gsp_vm_config_text(const struct gsp_yaml *map, const char *key);
/** gsp_vm_config_list(out, v, after): a text, or each text of a list, and what comes after it. */
void gsp_vm_config_list(struct gsp_buf *out, const struct gsp_yaml *v, const char *after);
/** gsp_vm_config_shell(out, list, err): the script of bootcmd or runcmd. */
int gsp_vm_config_shell(struct gsp_buf *out, const struct gsp_yaml *list, struct gsp_err *err);
/** gsp_vm_config_base64(out, text, err): RFC 4648, white space between the letters allowed. */
int gsp_vm_config_base64(struct gsp_buf *out, const char *text, struct gsp_err *err);
/** gsp_vm_config_mode(out, text): octal permissions, 0644 for NULL; 0644 and false if it is none. */
bool gsp_vm_config_mode(mode_t *out, const char *text);
/** gsp_vm_config_useradd(out, u, err): the command that makes this entry of users. */
int gsp_vm_config_useradd(struct gsp_argv *out, const struct gsp_yaml *u, struct gsp_err *err);
/** gsp_vm_config_lock_keys(out, keys): authorized keys as disable_root wants them. */
void gsp_vm_config_lock_keys(struct gsp_buf *out, const char *keys);
/** gsp_vm_config_host_key(path, mode, key): where this key of ssh_keys goes; false if nowhere. */
bool gsp_vm_config_host_key(char path[64], mode_t *mode, const char *key);
/** gsp_vm_config_package(name, wish, p): "rsync", and for apt "rsync=3.2.7"; false: skip it. */
bool gsp_vm_config_package(struct gsp_buf *name, struct gsp_buf *wish, const struct gsp_yaml *p);

#endif
