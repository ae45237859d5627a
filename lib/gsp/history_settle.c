/* After a crash: finish what was begun, then clear away what no longer means anything. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "gsp/history_priv.h"
#include "sys/io.h"

#include "base/banned.h"

static int
finish_next(struct gsp_history *h, struct gsp_err *err)
{
	struct gsp_next to;

	if (gsp_history_next(h, &to, err) == -1)
		return -1;
	if (to.number == 0)
		return 0;
	/* it was to be made and then brought, and never came: nothing has happened */
	if (to.coming && !gsp_history_has(h, to.number))
		return gsp_history_next_gone(h, err);
	if (gsp_history_need(h, to.number, err) == -1 ||
	    (to.edit != 0 && gsp_history_need(h, to.edit, err) == -1)) {
		gsp_err_wrap(err, "'%s/NEXT'", h->dir);
		gsp_err_hint(err, "remove that file to keep files/ as it is");
		return -1;
	}
	return gsp_history_bring_again(h, &to, err);
}

/* A capture that was cut off between its rename and BASE: files/ equals the newest generation,
 * which is an edit, but BASE still names the one before. */
static int
adopt_capture(struct gsp_history *h, struct gsp_err *err)
{
	struct gsp_list was = GSP_LIST_INIT, is = GSP_LIST_INIT;
	struct gsp_diff d = GSP_DIFF_INIT;
	struct gsp_gen g;
	int rc = -1;

	if (h->newest == h->base || h->newest == 0)
		return 0;
	if (gsp_history_info(h, h->newest, &g, err) == -1)
		return -1;
	if (g.kind != GSP_GEN_EDIT && g.kind != GSP_GEN_IMPORT)
		return 0;
	if (gsp_history_list(h, h->newest, &was, err) == -1 ||
	    gsp_list_walk(&is, h->files, h->exclude, NULL, NULL, err) == -1)
		goto out;
	gsp_list_drop(&was, h->exclude);
	if (gsp_list_diff(&d, &was, &is, err) == -1)
		goto out;
	rc = d.n == 0 ? gsp_history_set_base(h, h->newest, err) : 0;
out:
	gsp_list_release(&was);
	gsp_list_release(&is);
	gsp_diff_release(&d);
	return rc;
}

/* "000042.gsp" whose directory never came; "BASE.new-k3j4h5g6", a write that was cut off. */
static bool
is_debris(const struct gsp_history *h, const char *name)
{
	size_t digits = strspn(name, "0123456789");
	struct gsp_err ignored = GSP_ERR_INIT;
	char dir[PATH_MAX];
	const char *new = strstr(name, ".new-");

	if (strcmp(name, GSP_HISTORY_CAPTURE) == 0 ||
	    strncmp(name, GSP_HISTORY_REMOVING, sizeof(GSP_HISTORY_REMOVING) - 1) == 0)
		return true;
	if (new != NULL && strlen(new) == sizeof(".new-") - 1 + 8 &&
	    (strncmp(name, "BASE.", 5) == 0 || strncmp(name, "NEXT.", 5) == 0 ||
		(digits >= 6 && strncmp(name + digits, ".gsp.", 5) == 0)))
		return true;
	return digits >= 6 && strcmp(name + digits, ".gsp") == 0 &&
	    gsp_history_path(h, dir, &ignored, "%.*s", (int)digits, name) == 0 &&
	    !gsp_io_exists(dir);
}

static int
clear_away(struct gsp_history *h, struct gsp_err *err)
{
	DIR *d = opendir(h->dir);
	char path[PATH_MAX];
	struct dirent *e;
	int rc = 0;

	if (d == NULL)
		return gsp_err_sys(err, GSP_EIO, errno, "cannot read the directory '%s'", h->dir);
	while (rc == 0 && (errno = 0, e = readdir(d)) != NULL) {
		if (!is_debris(h, e->d_name))
			continue;
		rc = gsp_history_path(h, path, err, "%s", e->d_name) == 0 &&
			gsp_io_rmtree(path, err) == 0
		    ? 0
		    : -1;
	}
	if (rc == 0 && errno != 0)
		rc = gsp_err_sys(err, GSP_EIO, errno, "cannot read the directory '%s'", h->dir);
	closedir(d);
	return rc;
}

int
gsp_history_settle(struct gsp_history *h, struct gsp_err *err)
{
	if (finish_next(h, err) == -1 || adopt_capture(h, err) == -1)
		return -1;
	return clear_away(h, err);
}
