/*
 * saves: a server's directory with a history, and a directory that plays the machine's, for the
 * tests of gsp/history. The current directory of the story is tree.h's root.
 */
#ifndef GSP_TEST_SAVES_H
#define GSP_TEST_SAVES_H

#include <grp.h>
#include <inttypes.h>
#include <sys/wait.h>

#include "gsp/history_priv.h"
#include "gsp/rsync.h"
#include "tap.h"
#include "tree.h"

static const char *const saves_exclude[] = {"logs", "world/cache", NULL};
static const char *const saves_push[] = {"mods", "conf/push", NULL};

__attribute__((unused)) static struct gsp_history *
saves_open(void)
{
	struct gsp_history_opts o = {at("srv"), "h4f8k2m9", "vanilla", saves_exclude, saves_push, -1};
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_history *h = NULL;

	TREE_NEED(mkdir(at("srv"), 0755) == 0 || errno == EEXIST);
	if (gsp_history_open(&h, &o, &err) == -1) {
		printf("# open: %s\n", err.msg);
		return NULL;
	}
	return h;
}

/* A capture of files/ as it is. 0 and the number, or -1. */
__attribute__((unused)) static int
saves_capture(struct gsp_history *h, uint64_t *n, struct gsp_err *err)
{
	struct gsp_gen_meta meta = {GSP_GEN_EDIT, gsp_history_base(h), "", "tester", false, NULL, NULL};

	return gsp_history_capture(h, &meta, n, err);
}

/* What gsp-sync does for a download, with machine/ as the machine's directory. */
__attribute__((unused)) static int
saves_down(struct gsp_history *h, const char *session, uint64_t parent, uint64_t *n,
    struct gsp_err *err)
{
	struct gsp_gen_meta meta = {GSP_GEN_DOWN, parent, session, "discord:1/me", false,
	    NULL, NULL};
	struct gsp_buf dir = GSP_BUF_INIT(4096), l1 = GSP_BUF_INIT(4096), l2 = GSP_BUF_INIT(4096);
	struct gsp_rsync r = GSP_RSYNC_INIT;
	struct gsp_argv a[3] = {GSP_ARGV_INIT, GSP_ARGV_INIT, GSP_ARGV_INIT}; /* send, prove, again */
	struct gsp_list sums = GSP_LIST_INIT;
	struct gsp_diff differs = GSP_DIFF_INIT;
	int rc = -1;

	if (gsp_history_incoming(h, session, &dir, &l1, &l2, err) == -1)
		goto out;
	for (int i = 0; i < 3; i++) {
		gsp_argv_push(&a[i], "rsync");
		gsp_rsync_common(&a[i]);
		if (i == 1)
			gsp_rsync_dry(&a[i]);
		if (i == 2)
			gsp_argv_push(&a[i], "--checksum");
		if (i != 1 && l1.len > 0)
			gsp_argv_pushf(&a[i], "--link-dest=%s", l1.data);
		if (i != 1 && l2.len > 0)
			gsp_argv_pushf(&a[i], "--link-dest=%s", l2.data);
		gsp_rsync_exclude(&a[i], saves_exclude);
		gsp_rsync_exclude(&a[i], saves_push);
		gsp_argv_push(&a[i], "--");
		gsp_argv_pushf(&a[i], "%s/", at("machine"));
		gsp_argv_pushf(&a[i], "%s/", gsp_buf_str(&dir));
	}
	r.argv = &a[0];
	if (gsp_rsync_run(&r, err) == -1)
		goto out;
	gsp_history_step("downloaded");
	r.argv = &a[1];
	if (gsp_rsync_prove(&r, &sums, &differs, err) == -1)
		goto out;
	if (differs.n > 0) { /* sizes and times lied: once more by checksum */
		r.argv = &a[2];
		if (gsp_history_unproven(h, session, &differs, err) == -1 ||
		    gsp_rsync_run(&r, err) == -1)
			goto out;
		gsp_diff_release(&differs);
		gsp_list_release(&sums);
		r.argv = &a[1];
		if (gsp_rsync_prove(&r, &sums, &differs, err) == -1)
			goto out;
	}
	if (differs.n > 0) {
		gsp_err_set(err, GSP_ETEMP, "'%s' differs", differs.v[0].path);
		goto out;
	}
	rc = gsp_history_commit(h, session, &meta, &sums, parent, n, err);
out:
	for (int i = 0; i < 3; i++)
		gsp_argv_release(&a[i]);
	gsp_list_release(&sums);
	gsp_diff_release(&differs);
	gsp_buf_release(&dir);
	gsp_buf_release(&l1);
	gsp_buf_release(&l2);
	return rc;
}

/* How many paths of files/ differ from BASE; the first into what. -1 error. */
__attribute__((unused)) static int
saves_edits(struct gsp_history *h, char *what, size_t size)
{
	struct gsp_diff d = GSP_DIFF_INIT;
	struct gsp_err err = GSP_ERR_INIT;
	int n;

	what[0] = '\0';
	if (gsp_history_edited(h, &d, &err) == -1) {
		(void)snprintf(what, size, "%s", err.msg);
		return -1;
	}
	if (d.n > 0)
		(void)snprintf(what, size, "%c%s", (char)d.v[0].change, d.v[0].path);
	n = (int)d.n;
	gsp_diff_release(&d);
	return n;
}

/* Is generation n what its list says, read-only, and proven by rsync's sums? "" or why not. */
__attribute__((unused)) static const char *
saves_damage(struct gsp_history *h, uint64_t n)
{
	static char why[GSP_ERR_MAX + 8];
	struct gsp_list was = GSP_LIST_INIT, is = GSP_LIST_INIT;
	struct gsp_diff d = GSP_DIFF_INIT;
	struct gsp_err err = GSP_ERR_INIT;
	struct stat st;

	why[0] = '\0';
	if (gsp_history_list(h, n, &was, &err) == -1 ||
	    gsp_list_walk(&is, at("srv/history/%06" PRIu64, n), NULL, NULL, NULL, &err) == -1) {
		(void)snprintf(why, sizeof(why), "%s", err.msg);
		goto out;
	}
	if (stat(at("srv/history/%06" PRIu64, n), &st) == -1 || (st.st_mode & 0222) != 0)
		(void)snprintf(why, sizeof(why), "the root is writable");
	for (size_t i = 0; i < is.n; i++)
		if (is.v[i].type == 'd') {
			if (is.v[i].mode & 0222)
				(void)snprintf(why, sizeof(why), "%s is writable", is.v[i].path);
			is.v[i].mode = GSP_MODE_UNKNOWN;
		} else if (is.v[i].type == 'f') {
			const struct gsp_entry *e = gsp_list_find(&was, is.v[i].path);

			if (e != NULL && strlen(e->sum) != 32)
				(void)snprintf(why, sizeof(why), "%s has no sum", e->path);
		}
	if (gsp_list_diff(&d, &was, &is, &err) == -1 || d.n > 0)
		(void)snprintf(why, sizeof(why), "%c%s", d.n > 0 ? (char)d.v[0].change : '!',
		    d.n > 0 ? d.v[0].path : err.msg);
out:
	gsp_list_release(&was);
	gsp_list_release(&is);
	gsp_diff_release(&d);
	return why;
}

/* Run the tests again as somebody without any privilege; their output is shown as comments. */
__attribute__((unused)) static void
saves_as_user(void (*tests)(void))
{
	char line[1024];
	FILE *f = tmpfile();
	int status = -1;
	pid_t pid;

	if (geteuid() != 0) {
		SKIP("needs root to become somebody else");
		return;
	}
	TREE_NEED(f != NULL);
	fflush(stdout);
	pid = fork();
	TREE_NEED(pid != -1);
	if (pid == 0) {
		TREE_NEED(dup2(fileno(f), 1) == 1);
		TREE_NEED(setgroups(0, NULL) == 0 && setresgid(65534, 65534, 65534) == 0 &&
		    setresuid(65534, 65534, 65534) == 0);
		umask(077);
		tap_bad = 0;
		tree_new("user");
		tests();
		tree_gone();
		fflush(stdout);
		_exit(tap_bad != 0);
	}
	TREE_NEED(waitpid(pid, &status, 0) == pid);
	rewind(f);
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "ok ", 3) != 0)
			printf("# as a user: %s", line);
	fclose(f);
	OK(status == 0);
}

#endif
