/*
 * sandbox/machine_cloud: what the two halves of a machine's cloud-init share: the stages
 * (machine_cloud.c) and the modules they run (machine_modules.c). Inside the machine only.
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

#endif
