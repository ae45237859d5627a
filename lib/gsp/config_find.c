/* gsp/config: where the home is. */
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gsp/config_parts.h"

#include "base/banned.h"

static const char *
our_home(void)
{
	const char *home = getenv("HOME");
	struct passwd *pw;

	if (home != NULL && *home == '/')
		return home;
	pw = getpwuid(geteuid());
	return pw != NULL && pw->pw_dir != NULL && *pw->pw_dir == '/' ? pw->pw_dir : NULL;
}

void
gsp_home_expand(struct gsp_buf *out, const char *dir, const char *path)
{
	const char *home;

	gsp_buf_reset(out);
	if (path[0] == '~' && path[1] == '/' && (home = our_home()) != NULL)
		gsp_buf_addf(out, "%s%s", home, path + 1);
	else if (path[0] == '/')
		gsp_buf_adds(out, path);
	else
		gsp_buf_addf(out, "%s/%s", dir, path);
}

/* If not, and only because we may not look, ${err} says so. */
static bool
has_gsp_yaml(const char *dir, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct stat st;
	bool yes;

	gsp_buf_addf(&path, "%s/gsp.yaml", dir);
	yes = gsp_buf_ok(&path) && stat(gsp_buf_str(&path), &st) == 0;
	if (!yes && gsp_buf_ok(&path) && errno == EACCES)
		(void)gsp_err_sys(err, GSP_EAUTH, EACCES, "cannot open '%s'", gsp_buf_str(&path));
	gsp_buf_release(&path);
	return yes;
}

/* The working directory and its parents, ~/gsp, /var/lib/gsp. */
static int
search(struct gsp_buf *dir, struct gsp_err *err)
{
	const char *home = our_home();
	char *cwd = getcwd(NULL, 0), *slash;
	struct gsp_err denied = GSP_ERR_INIT;

	for (; cwd != NULL && *cwd == '/'; *slash = '\0') {
		if (has_gsp_yaml(cwd, &denied)) {
			gsp_buf_adds(dir, cwd);
			free(cwd);
			return 0;
		}
		slash = strrchr(cwd, '/');
		if (slash == cwd) {
			if (slash[1] == '\0')
				break;
			slash++; /* the last to look at is "/" */
		}
	}
	free(cwd);
	if (home != NULL) {
		gsp_buf_addf(dir, "%s/gsp", home);
		if (has_gsp_yaml(gsp_buf_str(dir), &denied))
			return 0;
		gsp_buf_reset(dir);
	}
	gsp_buf_adds(dir, "/var/lib/gsp");
	if (has_gsp_yaml(gsp_buf_str(dir), &denied))
		return 0;
	if (denied.code != GSP_OK) { /* most likely the one that was meant */
		*err = denied;
		return -1;
	}
	return gsp_err_set(err, GSP_ECONFIG,
	    "no gsp.yaml here, in a directory above, in ~/gsp or in /var/lib/gsp; "
	    "name the home with -C DIR or GSP_HOME, or make one: gsp-init ~/gsp");
}

int
gsp_home_find(struct gsp_buf *dir, const char *option, struct gsp_err *err)
{
	const char *named = option != NULL ? option : getenv("GSP_HOME");
	struct gsp_err denied = GSP_ERR_INIT;

	if (option == NULL && (named == NULL || *named == '\0'))
		return search(dir, err);
	if (!has_gsp_yaml(named, &denied)) {
		if (denied.code == GSP_OK)
			return gsp_err_set(err, GSP_ECONFIG,
			    "no gsp.yaml in '%s', which %s names; gsp-init makes one", named,
			    option != NULL ? "-C" : "GSP_HOME");
		*err = denied;
		return -1;
	}
	gsp_buf_adds(dir, named);
	return gsp_buf_ok(dir) ? 0
			       : gsp_err_set(err, GSP_ELIMIT, "the path of the home is too long");
}
