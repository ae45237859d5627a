/* gsp/init, part two: a server made from an example. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/nearest.h"
#include "gsp/init.h"
#include "gsp/setting.h"
#include "sys/io.h"

#include "base/banned.h"

#ifndef GSP_DATADIR
#define GSP_DATADIR "/usr/local/share/gsp"
#endif

enum { FILE_BYTES_MAX = 16 * 1024 * 1024, DEPTH_MAX = 8 };

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

const char *
gsp_init_example_name(const char *dir)
{
	const char *slash = strrchr(dir, '/');

	return slash != NULL ? slash + 1 : dir;
}

/* Those below ${top}; a directory that cannot be read has none. */
static void
examples_in(struct gsp_argv *dirs, const char *top)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct dirent *e;
	DIR *d = opendir(top);

	while (d != NULL && (e = readdir(d)) != NULL) {
		if (gsp_setting_server_name(e->d_name) != NULL)
			continue;
		gsp_buf_reset(&path);
		gsp_buf_addf(&path, "%s/%s/server.yaml", top, e->d_name);
		if (gsp_buf_ok(&path) && gsp_io_exists(gsp_buf_str(&path)))
			gsp_argv_pushf(dirs, "%s/%s", top, e->d_name);
	}
	if (d != NULL)
		closedir(d);
	gsp_buf_release(&path);
	if (dirs->n > 1)
		qsort(dirs->v, dirs->n, sizeof(*dirs->v), by_name);
}

int
gsp_init_examples(struct gsp_argv *dirs, struct gsp_err *err)
{
	static const char *const beside[] = {
	    "../examples", "../../examples", "../share/gsp/examples", NULL};
	struct gsp_buf self = GSP_BUF_INIT(GSP_PATH_BUF), top = GSP_BUF_INIT(GSP_PATH_BUF);
	int rc = gsp_io_self_dir(&self, err);

	for (size_t i = 0; rc == 0 && dirs->n == 0 && beside[i] != NULL; i++) {
		char *real;

		gsp_buf_reset(&top);
		gsp_buf_addf(&top, "%s/%s", gsp_buf_str(&self), beside[i]);
		if ((real = realpath(gsp_buf_str(&top), NULL)) != NULL)
			examples_in(dirs, real);
		free(real);
	}
	if (rc == 0 && dirs->n == 0)
		examples_in(dirs, GSP_DATADIR "/examples");
	gsp_buf_release(&self);
	gsp_buf_release(&top);
	return rc == 0 && dirs->failed ? gsp_err_set(err, GSP_ESYS, "out of memory") : rc;
}

/* The directory of an example, into ${out}. */
static int
find_example(struct gsp_buf *out, const char *example, struct gsp_err *err)
{
	struct gsp_argv dirs = GSP_ARGV_INIT;
	struct gsp_buf known = GSP_BUF_INIT(2048);
	int rc = gsp_init_examples(&dirs, err);

	if (rc == 0) {
		rc = -1;
		for (size_t i = 0; rc == -1 && i < dirs.n; i++) {
			const char *name = gsp_init_example_name(dirs.v[i]);

			gsp_buf_addf(&known, "%s%s", i > 0 ? ", " : "", name);
			if (strcmp(name, example) == 0) {
				gsp_buf_adds(out, dirs.v[i]);
				rc = 0;
			}
		}
		if (rc == -1)
			(void)gsp_err_set(err, GSP_EUNAVAIL, "no example '%.64s'; known: %s", example,
			    dirs.n > 0 && gsp_buf_ok(&known) ? gsp_buf_str(&known) : "none");
	}
	gsp_argv_release(&dirs);
	gsp_buf_release(&known);
	return rc;
}

/* Where a line "dir: /some/<example>" holds the example's name, or NULL. */
static const char *
name_in_dir(const char *line, const char *example)
{
	size_t n = strlen(example);
	const char *end;

	if (strncmp(line, "dir:", 4) != 0)
		return NULL;
	line += 4;
	line += strspn(line, " ");
	end = line + strcspn(line, " #\r\n");
	if (*line != '/' || (size_t)(end - line) <= n || end[-(ptrdiff_t)n - 1] != '/' ||
	    strncmp(end - n, example, n) != 0)
		return NULL;
	return end - n;
}

/* server.yaml with the server's own name at the end of `dir`. */
static void
adapt(struct gsp_buf *out, const char *text, const char *example, const char *name)
{
	while (*text != '\0') {
		const char *end = text + strcspn(text, "\n"), *at = name_in_dir(text, example);

		end += *end == '\n';
		if (at != NULL) {
			gsp_buf_add(out, text, (size_t)(at - text));
			gsp_buf_adds(out, name);
			text = at + strlen(example);
		}
		gsp_buf_add(out, text, (size_t)(end - text));
		text = end;
	}
}

struct copying {
	const char *example, *name;
};

static int
copy_file(const struct copying *c, const char *from, const char *to, mode_t mode, bool top,
    struct gsp_err *err)
{
	struct gsp_buf text = GSP_BUF_INIT(FILE_BYTES_MAX), adapted = GSP_BUF_INIT(FILE_BYTES_MAX);
	const struct gsp_buf *what = &text;
	int rc = -1;

	if (gsp_io_read_file(&text, from, err) == -1)
		goto out;
	if (top && strcmp(gsp_init_example_name(from), "server.yaml") == 0) {
		adapt(&adapted, gsp_buf_str(&text), c->example, c->name);
		what = &adapted;
		if (!gsp_buf_ok(what)) {
			(void)gsp_err_set(err, GSP_ELIMIT, "'%s' is too large", from);
			goto out;
		}
	}
	rc = gsp_io_replace(to, gsp_buf_str(what), what->len, (mode & 0111) != 0 ? 0755 : 0644, err);
out:
	gsp_buf_release(&text);
	gsp_buf_release(&adapted);
	return rc;
}

/* Files and directories; anything else in an example is a mistake of its author. */
static int
copy_tree(const struct copying *c, const char *from, const char *to, int depth,
    struct gsp_err *err)
{
	struct gsp_buf src = GSP_BUF_INIT(GSP_PATH_BUF), dst = GSP_BUF_INIT(GSP_PATH_BUF);
	DIR *d = opendir(from);
	struct dirent *e;
	struct stat st;
	int rc = -1;

	if (d == NULL) {
		(void)gsp_err_sys(err, GSP_EIO, errno, "cannot read '%s'", from);
		goto out;
	}
	if (mkdir(to, 0755) == -1) {
		(void)gsp_err_sys(err, GSP_ECREATE, errno, "cannot make directory '%s'", to);
		goto out;
	}
	while ((e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		gsp_buf_reset(&src);
		gsp_buf_reset(&dst);
		gsp_buf_addf(&src, "%s/%s", from, e->d_name);
		gsp_buf_addf(&dst, "%s/%s", to, e->d_name);
		if (!gsp_buf_ok(&src) || !gsp_buf_ok(&dst) || lstat(gsp_buf_str(&src), &st) == -1 ||
		    (!S_ISREG(st.st_mode) && !(S_ISDIR(st.st_mode) && depth < DEPTH_MAX))) {
			(void)gsp_err_set(err, GSP_EIO, "cannot copy '%s': neither file nor directory",
			    gsp_buf_str(&src));
			goto out;
		}
		if ((S_ISREG(st.st_mode)
			    ? copy_file(c, gsp_buf_str(&src), gsp_buf_str(&dst), st.st_mode,
				  depth == 0, err)
			    : copy_tree(c, gsp_buf_str(&src), gsp_buf_str(&dst), depth + 1, err)) == -1)
			goto out;
	}
	rc = 0;
out:
	if (d != NULL)
		closedir(d);
	gsp_buf_release(&src);
	gsp_buf_release(&dst);
	return rc;
}

int
gsp_init_server(const struct gsp_home *h, const char *example, const char *name,
    struct gsp_err *err)
{
	struct gsp_buf from = GSP_BUF_INIT(GSP_PATH_BUF), to = GSP_BUF_INIT(GSP_PATH_BUF),
		       beside = GSP_BUF_INIT(GSP_PATH_BUF);
	struct copying c = {example, name};
	const char *why = gsp_setting_server_name(name);
	struct gsp_err ignored = GSP_ERR_INIT;
	int rc = -1;

	if (why != NULL)
		return gsp_err_set(err, GSP_EUSAGE, "'%.64s': %s", name, why);
	if (find_example(&from, example, err) == -1)
		goto out;
	gsp_home_server_path(h, &to, name, "");
	if (gsp_io_exists(gsp_buf_str(&to))) {
		(void)gsp_err_set(err, GSP_ECREATE, "'%s' is there already; choose another name",
		    gsp_buf_str(&to));
		goto out;
	}
	if (gsp_io_mkdirs(gsp_home_path(h, &beside, "servers"), 0755, err) == -1)
		goto out;
	/* beside it, under a name that is no server's, so that it appears whole or not at all */
	gsp_home_path(h, &beside, "servers/.new-%s", name);
	if (gsp_io_rmtree(gsp_buf_str(&beside), err) == -1)
		goto out;
	rc = copy_tree(&c, gsp_buf_str(&from), gsp_buf_str(&beside), 0, err);
	if (rc == 0)
		rc = gsp_io_rename(gsp_buf_str(&beside), gsp_buf_str(&to), err);
	if (rc == -1)
		(void)gsp_io_rmtree(gsp_buf_str(&beside), &ignored);
out:
	gsp_buf_release(&from);
	gsp_buf_release(&to);
	gsp_buf_release(&beside);
	return rc;
}
