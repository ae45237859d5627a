/* gsp/config: the home, and gsp.yaml. */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "fmt/yaml.h"
#include "gsp/config.h"
#include "gsp/config_parts.h"
#include "gsp/setting.h"
#include "sys/io.h"

#include "base/banned.h"

#define API_URL "https://api.linode.com/v4" /* Source: Linode API v4 */

enum { KEYS_MAX = 64 };

static int
no_memory(struct gsp_err *err)
{
	return gsp_err_set(err, GSP_ESYS, "out of memory");
}

static int
set_id(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct gsp_home *h = ctx;
	const char *text;

	if (gsp_setting_text(&text, v, gsp_setting_home_id, err) == -1)
		return -1;
	memcpy(h->id, text, sizeof(h->id));
	return 0;
}

static int
set_token_file(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_home *h = ctx;
	int rc = -1;

	if (h->token_command.n > 0)
		return gsp_yaml_key_err(err, v, "token_file or token_command, not both");
	if (gsp_config_secret_file(&h->token_file, v, err) == 0) {
		gsp_home_expand(&path, h->dir, h->token_file);
		rc = gsp_buf_ok(&path) ? gsp_config_keep(&h->token_file, path.data, err) : no_memory(err);
	}
	gsp_buf_release(&path);
	return rc;
}

static int
set_token_command(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct gsp_home *h = ctx;

	if (h->token_file != NULL)
		return gsp_yaml_key_err(err, v, "token_file or token_command, not both");
	return gsp_config_command(&h->token_command, v, "[pass, show, linode]", err);
}

static int
set_api_url(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct gsp_home *h = ctx;
	const char *text;

	if (gsp_setting_text(&text, v, gsp_setting_url, err) == -1)
		return -1;
	return gsp_config_keep_url(&h->api_url, text, err);
}

static int
set_linode(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	static const struct gsp_setting_key keys[] = {{"token_file", set_token_file},
	    {"token_command", set_token_command}, {"api_url", set_api_url}, {NULL, NULL}};

	return gsp_setting_apply(keys, v, "linode", ctx, err);
}

static int
set_ssh_keys(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct gsp_argv files = GSP_ARGV_INIT;
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_home *h = ctx;
	int rc;

	rc = gsp_setting_list(&files, v, gsp_config_check_file, NULL, KEYS_MAX, err);
	for (size_t i = 0; rc == 0 && i < files.n; i++) {
		gsp_home_expand(&path, h->dir, files.v[i]);
		gsp_argv_push(&h->ssh_key_files, gsp_buf_str(&path));
		if (!gsp_buf_ok(&path) || !gsp_argv_ok(&h->ssh_key_files))
			rc = no_memory(err);
	}
	gsp_buf_release(&path);
	gsp_argv_release(&files);
	return rc;
}

static int
set_limits(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct gsp_home *h = ctx;

	return gsp_policy_set_limits(&h->monthly_usd_1e4, v, err);
}

static int
set_notify(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct gsp_home *h = ctx;

	return gsp_notify_set(&h->notify, v, err);
}

static int
set_watch(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct gsp_home *h = ctx;

	return gsp_stop_set_watch(&h->watch_by, v, err);
}

static int
set_discord(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct gsp_home *h = ctx;

	return gsp_discord_set(&h->discord, v, err);
}

static int
set_defaults(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	(void)ctx;
	return gsp_server_conf_check_defaults(v, err);
}

int
gsp_home_parse(struct gsp_home *h, const char *where, const char *text, size_t len,
    struct gsp_err *err)
{
	static const struct gsp_setting_key keys[] = {{"home", set_id}, {"linode", set_linode},
	    {"ssh_keys", set_ssh_keys}, {"limits", set_limits}, {"notify", set_notify},
	    {"watch", set_watch}, {"discord", set_discord},
	    {"defaults", set_defaults}, {NULL, NULL}};

	h->monthly_usd_1e4 = -1;
	if (gsp_yaml_parse(&h->doc, where, text, len, err) == -1 ||
	    gsp_config_keep_url(&h->api_url, API_URL, err) == -1 ||
	    gsp_setting_apply(keys, gsp_yaml_root(h->doc), "gsp.yaml", h, err) == -1)
		return -1;
	if (h->id[0] == '\0')
		return gsp_err_set(err, GSP_ECONFIG,
		    "%s: no 'home': the id that gsp-init makes, 8 lower-case letters and digits",
		    where);
	return 0;
}

static const char *
user_name(char buf[32], uid_t uid)
{
	struct passwd *pw = getpwuid(uid);

	if (pw != NULL)
		return pw->pw_name;
	(void)snprintf(buf, 32, "%u", (unsigned)uid);
	return buf;
}

/* Who may change gsp.yaml decides which commands run (token_command) and where the token goes. */
static int
check_owner(const struct stat *st, const char *path, struct gsp_err *err)
{
	char theirs[64], buf[32];

	if (st->st_uid != geteuid()) {
		(void)snprintf(theirs, sizeof(theirs), "%s", user_name(buf, st->st_uid));
		return gsp_err_set(err, GSP_EAUTH,
		    "'%s' belongs to user '%s' and this is '%s'; run it as its owner", path, theirs,
		    user_name(buf, geteuid()));
	}
	if (!S_ISREG(st->st_mode))
		return gsp_err_set(err, GSP_ECONFIG, "'%s' is no regular file", path);
	if ((st->st_mode & S_IWOTH) != 0)
		return gsp_err_set(err, GSP_EAUTH,
		    "'%s' can be changed by every user; run: chmod o-w '%s'", path, path);
	return 0;
}

static int
read_home(struct gsp_home *h, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF), text = GSP_BUF_INIT(GSP_YAML_MAX + 1);
	const char *name = gsp_home_path(h, &path, "gsp.yaml");
	struct stat st;
	int fd = -1, rc = -1;

	/* twice: what cannot be opened still has an owner to name; what is open cannot change */
	if (stat(name, &st) == 0 && check_owner(&st, name, err) == -1)
		goto out;
	if ((fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY)) == -1 || fstat(fd, &st) == -1) {
		(void)gsp_err_sys(err, errno == EACCES ? GSP_EAUTH : GSP_ECONFIG, errno,
		    "cannot open '%s'", name);
		goto out;
	}
	if (check_owner(&st, name, err) == -1 || gsp_io_read_all(&text, fd, name, err) == -1)
		goto out;
	rc = gsp_home_parse(h, name, gsp_buf_str(&text), text.len, err);
out:
	if (rc == -1 && err->code == GSP_ELIMIT)
		err->code = GSP_ECONFIG;
	if (fd != -1)
		close(fd);
	gsp_buf_release(&path);
	gsp_buf_release(&text);
	return rc;
}

int
gsp_home_open(struct gsp_home **out, const char *dir_option, struct gsp_err *err)
{
	struct gsp_buf dir = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_home *h = NULL;
	const char *url = getenv("GSP_LINODE_URL"), *why;
	int rc = -1;

	if (gsp_home_find(&dir, dir_option, err) == -1)
		goto out;
	if ((h = calloc(1, sizeof(*h))) == NULL) {
		(void)no_memory(err);
		goto out;
	}
	if ((h->dir = realpath(gsp_buf_str(&dir), NULL)) == NULL) {
		(void)gsp_err_sys(err, GSP_ECONFIG, errno, "cannot find '%s'", gsp_buf_str(&dir));
		goto out;
	}
	if (strlen(h->dir) > GSP_HOME_DIR_MAX) {
		(void)gsp_err_set(err, GSP_ELIMIT, "the path of the home is longer than %d bytes",
		    GSP_HOME_DIR_MAX);
		goto out;
	}
	if (read_home(h, err) == -1)
		goto out;
	if (url != NULL && *url != '\0') {
		if ((why = gsp_setting_url(url)) != NULL) {
			(void)gsp_err_set(err, GSP_ECONFIG, "GSP_LINODE_URL: %s", why);
			goto out;
		}
		if (gsp_config_keep_url(&h->api_url, url, err) == -1)
			goto out;
	}
	*out = h;
	h = NULL;
	rc = 0;
out:
	gsp_home_free(h);
	gsp_buf_release(&dir);
	return rc;
}

void
gsp_home_free(struct gsp_home *h)
{
	if (h == NULL)
		return;
	free(h->dir);
	free(h->api_url);
	gsp_argv_release(&h->ssh_key_files);
	free(h->token_file);
	gsp_argv_release(&h->token_command);
	gsp_notify_release(&h->notify);
	gsp_discord_release(&h->discord);
	gsp_yaml_free(h->doc);
	free(h);
}

const char *
gsp_home_path(const struct gsp_home *h, struct gsp_buf *b, const char *fmt, ...)
{
	va_list ap;

	gsp_buf_reset(b);
	gsp_buf_addf(b, "%s/", h->dir);
	va_start(ap, fmt);
	gsp_buf_addv(b, fmt, ap);
	va_end(ap);
	assert(gsp_buf_ok(b));
	return gsp_buf_str(b);
}

const char *
gsp_home_server_path(const struct gsp_home *h, struct gsp_buf *b, const char *server,
    const char *rest)
{
	return gsp_home_path(h, b, "servers/%s%s%s", server, *rest != '\0' ? "/" : "", rest);
}

const char *
gsp_home_state_path(const struct gsp_home *h, struct gsp_buf *b, const char *server,
    const char *rest)
{
	return gsp_home_path(h, b, "state/%s%s%s", server, *rest != '\0' ? "/" : "", rest);
}

static int
make_private(const char *path, struct gsp_err *err)
{
	struct stat st;

	if (gsp_io_mkdirs(path, 0700, err) == -1)
		return -1;
	if (stat(path, &st) == -1)
		return gsp_err_sys(err, GSP_EIO, errno, "cannot look at '%s'", path);
	if (!S_ISDIR(st.st_mode))
		return gsp_err_set(err, GSP_EIO, "'%s' is no directory", path);
	if (st.st_uid != geteuid())
		return gsp_err_set(err, GSP_EAUTH, "'%s' belongs to another user", path);
	if ((st.st_mode & 07777) != 0700 && chmod(path, 0700) == -1)
		return gsp_err_sys(err, GSP_EIO, errno, "cannot make '%s' private", path);
	return 0;
}

int
gsp_home_state_make(const struct gsp_home *h, const char *server, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	int rc;

	rc = make_private(gsp_home_path(h, &path, "state"), err);
	if (rc == 0 && server != NULL)
		rc = make_private(gsp_home_state_path(h, &path, server, ""), err);
	gsp_buf_release(&path);
	return rc;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int
gsp_home_servers(const struct gsp_home *h, struct gsp_argv *names, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_argv found = GSP_ARGV_INIT;
	struct dirent *e;
	DIR *d;

	if ((d = opendir(gsp_home_path(h, &path, "servers"))) == NULL && errno != ENOENT) {
		(void)gsp_err_sys(err, GSP_EIO, errno, "cannot read '%s'", gsp_buf_str(&path));
		gsp_buf_release(&path);
		return -1;
	}
	while (d != NULL && (errno = 0, e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		if (!gsp_server_name_ok(e->d_name)) {
			gsp_debug("servers/%s: not the name of a server", e->d_name);
			continue;
		}
		if (gsp_io_exists(gsp_home_server_path(h, &path, e->d_name, "server.yaml")))
			gsp_argv_push(&found, e->d_name);
	}
	if (d != NULL)
		closedir(d);
	gsp_buf_release(&path);
	if (found.failed) {
		gsp_argv_release(&found);
		return no_memory(err);
	}
	if (found.n > 1)
		qsort(found.v, found.n, sizeof(*found.v), by_name);
	*names = found;
	return 0;
}
