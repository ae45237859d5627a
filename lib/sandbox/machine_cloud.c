/*
 * sandbox/machine_cloud: cloud-init's stages: what is done before sshd starts, what while it
 * already runs, and how it ends.
 */
#include "sandbox/machine_cloud.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "fmt/json.h"
#include "sys/io.h"

#include "base/banned.h"

#define INSTANCE "/var/lib/cloud/instance"
#define RUN "/run/cloud-init"
#define USER_DATA_MAX (4 << 20) /* unpacked */

__attribute__((format(printf, 3, 0))) static void
say(struct gsp_vm_cloud *c, const char *level, const char *fmt, va_list ap)
{
	char when[GSP_CLOCK_TEXT];

	if (c->log == NULL)
		return;
	fprintf(c->log, "%s %s: ", gsp_clock_format(when, sizeof(when), gsp_wall_s()), level);
	vfprintf(c->log, fmt, ap);
	fputc('\n', c->log);
	fflush(c->log);
}

__attribute__((format(printf, 2, 0))) static void
keep(struct gsp_argv *list, const char *fmt, va_list ap)
{
	char text[GSP_ERR_MAX];

	(void)vsnprintf(text, sizeof(text), fmt, ap);
	gsp_argv_push(list, text);
}

void
gsp_vm_cloud_error(struct gsp_vm_cloud *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(c, "ERROR", fmt, ap);
	va_end(ap);
	va_start(ap, fmt);
	keep(&c->errors, fmt, ap);
	va_end(ap);
}

void
gsp_vm_cloud_warn(struct gsp_vm_cloud *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(c, "WARNING", fmt, ap);
	va_end(ap);
	va_start(ap, fmt);
	keep(&c->warnings, fmt, ap);
	va_end(ap);
}

void
gsp_vm_cloud_note(struct gsp_vm_cloud *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(c, "INFO", fmt, ap);
	va_end(ap);
}

int
gsp_vm_cloud_run(struct gsp_vm_cloud *c, const char *const *argv)
{
	int null, status;
	pid_t pid = fork();

	if (pid == 0) {
		null = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (null == -1 || dup2(null, 0) == -1 || dup2(c->out_fd, 1) == -1 ||
		    dup2(c->out_fd, 2) == -1)
			_exit(127);
		(void)execvp(argv[0], (char *const *)(uintptr_t)argv);
		dprintf(2, "cannot run '%s': %s\n", argv[0], strerror(errno));
		_exit(127);
	}
	if (pid == -1)
		return 127;
	while (waitpid(pid, &status, 0) == -1) {
		if (errno != EINTR)
			return 127;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int
gsp_vm_cloud_gunzip(struct gsp_buf *out, const void *data, size_t len, struct gsp_err *err)
{
	static const char path[] = RUN "/packed";
	static const char *const argv[] = {"gzip", "-dc", "--", path, NULL};
	const struct gsp_vm_cmd cmd = {argv, NULL, -1, out};
	int rc = -1;

	if (gsp_vm_put(path, 0600, data, len, err) == 0)
		rc = gsp_vm_run(&cmd, err);
	(void)unlink(path);
	return rc;
}

/* The one word that the shim's `status` asks for; the JSON files are for everybody else. */
static void
set_state(const char *state)
{
	struct gsp_err ignored = GSP_ERR_INIT;

	(void)gsp_io_replace(RUN "/state", state, strlen(state), 0644, &ignored);
}

static void
write_json(const char *path, const struct gsp_json *v)
{
	struct gsp_buf b = GSP_BUF_INIT(1 << 20);
	struct gsp_err ignored = GSP_ERR_INIT;

	gsp_json_print(&b, v);
	gsp_buf_addc(&b, '\n');
	if (gsp_buf_ok(&b))
		(void)gsp_io_replace(path, gsp_buf_str(&b), b.len, 0644, &ignored);
	gsp_buf_release(&b);
}

static void
add_list(struct gsp_json *parent, const char *key, const struct gsp_argv *list)
{
	struct gsp_json *a = gsp_json_add_arr(parent, key);
	size_t i;

	for (i = 0; i < list->n; i++)
		gsp_json_add_str(a, NULL, list->v[i]);
}

static void
finish(struct gsp_vm_cloud *c)
{
	struct gsp_json *root = gsp_json_new_obj(), *v1, *rec;
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_buf text = GSP_BUF_INIT(1 << 20);
	size_t i;

	v1 = gsp_json_add_obj(root, "v1");
	gsp_json_add_str(v1, "datasource", "DataSourceAkamai");
	add_list(v1, "errors", &c->errors);
	rec = gsp_json_add_obj(v1, "recoverable_errors");
	if (c->warnings.n > 0)
		add_list(rec, "WARNING", &c->warnings);
	write_json(RUN "/result.json", root);
	write_json("/var/lib/cloud/data/result.json", root);
	gsp_json_free(root);

	for (i = 0; i < c->errors.n; i++)
		gsp_buf_addf(&text, "- %s\n", c->errors.v[i]);
	for (i = 0; i < c->warnings.n; i++)
		gsp_buf_addf(&text, "- %s\n", c->warnings.v[i]);
	(void)gsp_vm_puts(RUN "/messages", 0644, gsp_buf_str(&text), &ignored);
	gsp_buf_release(&text);
	(void)gsp_vm_puts(INSTANCE "/boot-finished", 0644, "done\n", &ignored);
	set_state(c->errors.n > 0 ? "error\n" : c->warnings.n > 0 ? "degraded\n" : "done\n");
}

/* What the user data is: nothing, a script, a cloud-config, or something we cannot use. */
static void
read_user_data(struct gsp_vm_cloud *c)
{
	struct gsp_err err = GSP_ERR_INIT;
	const unsigned char *raw = (const unsigned char *)c->m->user_data;
	const char *text;

	if (raw == NULL || c->m->user_data_len == 0)
		return;
	if (c->m->user_data_len > 2 && raw[0] == 0x1f && raw[1] == 0x8b) {
		if (gsp_vm_cloud_gunzip(&c->user_data, raw, c->m->user_data_len, &err) == -1) {
			gsp_vm_cloud_warn(c, "user data: %s", err.msg);
			return;
		}
	} else {
		gsp_buf_add(&c->user_data, raw, c->m->user_data_len);
	}
	text = gsp_buf_str(&c->user_data);
	(void)gsp_vm_put(INSTANCE "/user-data.txt", 0600, text, c->user_data.len, &err);
	if (strncmp(text, "#!", 2) == 0) {
		c->script = true;
	} else if (strncmp(text, "#cloud-config", 13) != 0) {
		gsp_vm_cloud_warn(c, "unhandled non-multipart user data: it starts with neither "
				     "'#cloud-config' nor '#!'");
	} else if (gsp_yaml_parse(&c->doc, "user-data", text, c->user_data.len, &err) == -1) {
		gsp_vm_cloud_warn(c, "failed loading yaml: %s", err.msg);
	} else {
		c->root = gsp_yaml_root(c->doc);
	}
}

static void
run_user_script(struct gsp_vm_cloud *c, const char *path, const char *name)
{
	const char *const argv[] = {path, NULL};
	int status;

	if (!gsp_io_exists(path))
		return;
	status = gsp_vm_cloud_run(c, argv);
	if (status != 0)
		gsp_vm_cloud_error(c,
		    "('scripts_user', RuntimeError('Runparts: 1 failures (%s) in 1 attempted "
		    "commands')): exit status %d",
		    name, status);
}

/* Before sshd: who we are, files, users, host keys. */
static void
stage_init(struct gsp_vm_cloud *c, bool first)
{
	static const char *const units[] = {"/usr/bin/systemctl", "gsp-boot", NULL};
	static const char *const boot[] = {INSTANCE "/bootcmd", NULL};
	struct gsp_err err = GSP_ERR_INIT;

	if (first) {
		read_user_data(c);
		gsp_vm_cloud_check_keys(c);
		gsp_vm_cloud_commands(c, "bootcmd", INSTANCE "/bootcmd");
	}
	if (gsp_io_exists(boot[0]) && gsp_vm_cloud_run(c, boot) != 0)
		gsp_vm_cloud_error(c, "('bootcmd', ProcessExecutionError(...))");
	if (first) {
		gsp_vm_cloud_write_files(c, false);
		gsp_vm_cloud_names(c);
		gsp_vm_cloud_users(c);
		gsp_vm_cloud_ssh(c);
		if (c->script && gsp_vm_put(INSTANCE "/scripts/part-001", 0700,
				     gsp_buf_str(&c->user_data), c->user_data.len, &err) == -1)
			gsp_vm_cloud_error(c, "%s", err.msg);
		gsp_vm_cloud_commands(c, "runcmd", INSTANCE "/scripts/runcmd");
	}
	if (gsp_io_exists("/etc/gsp-sandbox.units"))
		(void)gsp_vm_cloud_run(c, units);
}

/* While sshd answers: packages, then what the user wants to run. */
static void
stage_final(struct gsp_vm_cloud *c)
{
	gsp_vm_cloud_packages(c);
	gsp_vm_cloud_write_files(c, true);
	run_user_script(c, INSTANCE "/scripts/part-001", "part-001");
	run_user_script(c, INSTANCE "/scripts/runcmd", "runcmd");
}

static int
prepare(struct gsp_vm_cloud *c, struct gsp_err *err)
{
	set_state("running\n");
	if (gsp_io_mkdirs(INSTANCE "/scripts", 0755, err) == -1 ||
	    gsp_io_mkdirs("/var/lib/cloud/data", 0755, err) == -1)
		return -1;
	c->log = fopen("/var/log/cloud-init.log", "ae");
	c->out_fd = open("/var/log/cloud-init-output.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
	    0640);
	if (c->log == NULL || c->out_fd == -1)
		return gsp_err_sys(err, GSP_EIO, errno, "cannot open '/var/log/cloud-init.log'");
	return 0;
}

void
gsp_vm_cloud_main(const struct gsp_machine *m, int ready_fd)
{
	struct gsp_vm_cloud c = {.m = m, .out_fd = -1};
	struct gsp_err err = GSP_ERR_INIT;
	bool first = !gsp_io_exists(INSTANCE "/boot-finished");

	(void)clearenv();
	(void)setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	(void)setenv("LANG", "C.UTF-8", 1);
	gsp_buf_init(&c.user_data, USER_DATA_MAX);
	if (prepare(&c, &err) == -1) {
		gsp_vm_cloud_error(&c, "%s", err.msg);
	} else {
		gsp_vm_cloud_note(&c, "boot of '%s', %s", m->label, first ? "the first" : "again");
		stage_init(&c, first);
	}
	if (write(ready_fd, "r", 1) == -1)
		dprintf(2, "cloud-init: init does not listen\n");
	close(ready_fd);
	if (first && c.log != NULL)
		stage_final(&c);
	finish(&c);
}
