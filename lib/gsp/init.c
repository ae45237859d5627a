#include "gsp/init.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/rand.h"
#include "gsp/config_parts.h"
#include "gsp/setting.h"
#include "sys/io.h"

#include "base/banned.h"

enum { KEYS_MAX = 16 };

static const char gitignore[] = "# Secrets, the machine's keys, and what changes with every evening.\n"
				"/token\n"
				"/*-token\n"
				"/*-url\n"
				"/state/\n"
				"/servers/*/history/\n"
				"/servers/*/files/\n";

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool
is_public_key(const char *path)
{
	struct gsp_home only = {.dir = NULL};
	struct gsp_argv keys = GSP_ARGV_INIT;
	struct gsp_err ignored = GSP_ERR_INIT;
	bool ok;

	gsp_argv_push(&only.ssh_key_files, path);
	ok = !only.ssh_key_files.failed && gsp_home_ssh_keys(&keys, &only, &ignored) == 0;
	gsp_argv_release(&keys);
	gsp_argv_release(&only.ssh_key_files);
	return ok;
}

/* "~/.ssh/id_ed25519.pub", ... as gsp.yaml writes them. */
static void
find_keys(struct gsp_argv *names)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct dirent *e;
	const char *dot;
	DIR *d;

	gsp_home_expand(&path, "/", "~/.ssh");
	d = opendir(gsp_buf_str(&path));
	while (d != NULL && names->n < KEYS_MAX && (e = readdir(d)) != NULL) {
		dot = strrchr(e->d_name, '.');
		if (dot == NULL || strcmp(dot, ".pub") != 0 || e->d_name[0] == '.')
			continue;
		for (dot = e->d_name; *dot != '\0'; dot++)
			if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-",
				*dot) == NULL)
				break;
		if (*dot != '\0') /* would need quotes in YAML: left to its owner */
			continue;
		gsp_home_expand(&path, "/", "~/.ssh/");
		gsp_buf_adds(&path, e->d_name);
		if (gsp_buf_ok(&path) && is_public_key(gsp_buf_str(&path)))
			gsp_argv_pushf(names, "~/.ssh/%s", e->d_name);
	}
	if (d != NULL)
		closedir(d);
	if (names->n > 1)
		qsort(names->v, names->n, sizeof(*names->v), by_name);
	gsp_buf_release(&path);
}

static void
gsp_yaml_text(struct gsp_buf *b, const struct gsp_init_home *o)
{
	struct gsp_argv keys = GSP_ARGV_INIT;
	char id[GSP_HOME_ID_LEN + 1];

	find_keys(&keys);
	gsp_rand_id(id, GSP_HOME_ID_LEN);
	gsp_buf_addf(b,
	    "# Settings for all servers of this home; what each key means: gsp.yaml(5).\n"
	    "home: %s                  # made by gsp-init; machines carry it: never change it\n"
	    "\n"
	    "linode:\n"
	    "  token_file: token             # mode 0600; or token_command: [pass, show, linode]\n"
	    "\n"
	    "# Your public keys, on every machine: the way in if state/ is lost.\n"
	    "ssh_keys: [",
	    id);
	for (size_t i = 0; i < keys.n; i++)
		gsp_buf_addf(b, "%s%s", i > 0 ? ", " : "", keys.v[i]);
	gsp_buf_addf(b,
	    "]\n"
	    "\n"
	    "# Who stops a server that nobody plays on, or whose time is over, while nobody looks:\n"
	    "#   session  a process that 'gsp up' leaves on this computer; it sleeps when this sleeps\n"
	    "#   service  'gsp watch' as a service or timer on a computer that is always on: this one\n"
	    "#   nobody   you do: machines run, and cost, until 'gsp down'\n"
	    "watch: {by: %s}\n"
	    "\n"
	    "defaults:                       # any key of server.yaml(5)\n"
	    "  region: %s\n"
	    "  type: %s\n",
	    o->watch != NULL ? o->watch : "session", o->region != NULL ? o->region : "us-ord", o->type != NULL ? o->type : "g6-standard-4");
	gsp_argv_release(&keys);
}

/* A file that is there stays as it is. */
static int
put_new(const char *dir, const char *name, const char *text, mode_t mode, bool *made,
    struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	int rc = 0;

	gsp_buf_addf(&path, "%s/%s", dir, name);
	*made = !gsp_io_exists(gsp_buf_str(&path));
	if (*made)
		rc = gsp_io_replace(gsp_buf_str(&path), text, strlen(text), mode, err);
	gsp_buf_release(&path);
	return rc;
}

/* The real path of ${dir}, or of the nearest directory above it that exists; NULL: out of memory. */
static char *
existing(const char *dir, bool *itself)
{
	char *path = strdup(dir), *real = NULL, *slash;

	*itself = true;
	while (path != NULL && (real = realpath(path, NULL)) == NULL) {
		*itself = false;
		slash = strrchr(path, '/');
		if (slash == NULL || slash == path) {
			real = realpath(slash == NULL ? "." : "/", NULL);
			break;
		}
		*slash = '\0';
	}
	free(path);
	return real;
}

/* The home that ${dir}, which need not exist yet, is inside of, into ${out}; or false. */
static bool
home_above(const char *dir, struct gsp_buf *out)
{
	bool itself, found = false;
	char *at = existing(dir, &itself), *slash;

	while (at != NULL && !found) {
		if (itself) { /* a home may be there: that is success, and not our question */
			if ((slash = strrchr(at, '/')) == NULL)
				break;
			*slash = '\0';
		}
		itself = true;
		gsp_buf_reset(out);
		gsp_buf_addf(out, "%s/gsp.yaml", at);
		found = gsp_buf_ok(out) && gsp_io_exists(gsp_buf_str(out));
	}
	gsp_buf_reset(out);
	if (found)
		gsp_buf_adds(out, *at != '\0' ? at : "/");
	free(at);
	return found;
}

static int
check_options(const struct gsp_init_home *o, struct gsp_err *err)
{
	enum gsp_watch_who ignored;
	const char *why;

	if (o->watch != NULL && gsp_watch_who_get(&ignored, o->watch) == -1)
		return gsp_err_set(err, GSP_EUSAGE, "watch '%.64s': not one of session, service, nobody",
		    o->watch);
	if (o->region != NULL && (why = gsp_setting_region(o->region)) != NULL)
		return gsp_err_set(err, GSP_EUSAGE, "region '%.64s': %s", o->region, why);
	if (o->type != NULL && (why = gsp_setting_type(o->type)) != NULL)
		return gsp_err_set(err, GSP_EUSAGE, "type '%.64s': %s", o->type, why);
	return 0;
}

int
gsp_init_home(const struct gsp_init_home *o, bool *made, struct gsp_err *err)
{
	struct gsp_buf yaml = GSP_BUF_INIT(65536), path = GSP_BUF_INIT(GSP_PATH_BUF);
	bool ignored;
	int rc = -1;

	if (check_options(o, err) == -1)
		goto out;
	if (home_above(o->dir, &path)) {
		(void)gsp_err_set(err, GSP_ECREATE,
		    "'%s' is inside the home '%s'; for another server there: gsp-init EXAMPLE NAME",
		    o->dir, gsp_buf_str(&path));
		goto out;
	}
	if (gsp_io_mkdirs(o->dir, 0700, err) == -1)
		goto out;
	gsp_yaml_text(&yaml, o);
	if (!gsp_buf_ok(&yaml)) {
		(void)gsp_err_set(err, GSP_ESYS, "out of memory");
		goto out;
	}
	/* gsp.yaml last: it is what makes the directory a home */
	if (put_new(o->dir, ".gitignore", gitignore, 0644, &ignored, err) == -1 ||
	    (o->token != NULL && put_new(o->dir, "token", o->token, 0600, &ignored, err) == -1))
		goto out;
	gsp_buf_reset(&path);
	gsp_buf_addf(&path, "%s/servers", o->dir);
	if (gsp_io_mkdirs(gsp_buf_str(&path), 0755, err) == -1)
		goto out;
	gsp_buf_reset(&path);
	gsp_buf_addf(&path, "%s/state", o->dir);
	if (gsp_io_mkdirs(gsp_buf_str(&path), 0700, err) == -1)
		goto out;
	rc = put_new(o->dir, "gsp.yaml", gsp_buf_str(&yaml), 0644, made, err);
out:
	gsp_buf_release(&yaml);
	gsp_buf_release(&path);
	return rc;
}
