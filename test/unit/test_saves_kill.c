/*
 * restore, import and prune killed at every step. Whatever the step, the next run finds whole
 * generations only, what was edited is in one of them, and the end is the same as undisturbed:
 * one new generation, not two.
 */
#include "gsp/prune.h"
#include "gsp/restore.h"
#include "kill.h"

#include "base/banned.h"

/* ---- what the tools hand in ---- */

static char *exclude_v[] = {(char *)"logs", (char *)"world/cache", NULL};
static char *push_v[] = {(char *)"mods", (char *)"conf/push", NULL};
static char *saves_v[] = {(char *)"world", NULL};

static struct gsp_server_conf conf = {.name = "vanilla", .exclude = {exclude_v, 2, 3, false},
    .push = {push_v, 2, 3, false}, .saves = {saves_v, 1, 2, false}};
static char home_dir[PATH_MAX];
static struct gsp_home home = {.dir = home_dir, .id = "h4f8k2m9"};

static struct gsp_job *
a_job(void)
{
	static struct gsp_job job;

	(void)snprintf(home_dir, sizeof(home_dir), "%s", at("."));
	memset(&job, 0, sizeof(job));
	job.home = &home;
	job.actor = "tester";
	job.lock_fd = -1;
	(void)snprintf(job.server, sizeof(job.server), "vanilla");
	return &job;
}

/* As gsp-saves does: settle, then the word. */
static struct gsp_history *
settled(struct gsp_err *err)
{
	struct gsp_history *h = saves_open();

	if (h != NULL && gsp_history_settle(h, err) == 0)
		return h;
	gsp_history_close(h);
	return NULL;
}

/* ---- before ---- */

/* Three generations: 1, an edit, a save; files/ was edited again since. */
static void
make_past(void)
{
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_history *h;
	uint64_t n = 0;

	TREE_NEED(gsp_io_rmtree(at("srv"), &err) == 0 && gsp_io_rmtree(at("machine"), &err) == 0);
	h = saves_open();
	TREE_NEED(h != NULL);
	put(at("srv/files/world/level.dat"), "level 1", 900);
	put(at("srv/files/world/r.0.mca"), "region 0", 900);
	put(at("srv/files/gone.mca"), "region", 900);
	put(at("srv/files/deep/ro/x"), "x", 900);
	TREE_NEED(chmod(at("srv/files/deep/ro"), 0555) == 0);
	put(at("srv/files/mods/m.jar"), "jar 1", 900);
	put(at("srv/files/logs/l"), "log", 900);
	TREE_NEED(saves_capture(h, &n, &err) == 0 && n == 1);
	put(at("srv/files/mods/m.jar"), "jar 2!", 600);
	TREE_NEED(saves_capture(h, &n, &err) == 0 && n == 2);
	put(at("machine/world/level.dat"), "level 2!", 0);
	put(at("machine/world/r.0.mca"), "region 0", 900);
	put(at("machine/world/r.1.mca"), "region 1", 0);
	put(at("machine/deep/ro"), "a file now", 0);
	TREE_NEED(saves_down(h, "s1", 2, &n, &err) == 0 && n == 3);
	TREE_NEED(gsp_history_bring(h, 3, 0, &err) == 0);
	gsp_history_close(h);
	put(at("srv/files/world/typed"), "typed by the owner", 0);
	put(at("srv/files/mods/n.jar"), "jar of the owner", 0);
	/* a world from elsewhere */
	put(at("other/world/level.dat"), "level of another", 500);
	put(at("other/world/cache/c"), "cache", 500);
	put(at("other/mods/o.jar"), "another jar", 500);
	put(at("other/closed/y"), "y", 500);
	TREE_NEED(chmod(at("other/closed"), 0555) == 0);
}

/* ---- at any moment ---- */

/* The text of a path in files/ or in any generation. */
static bool
somewhere(struct gsp_history *h, const char *path, const char *text)
{
	const uint64_t *v;
	size_t n;

	if (strcmp(get(at("srv/files/%s", path)), text) == 0)
		return true;
	gsp_history_numbers(h, &v, &n);
	for (size_t i = 0; i < n; i++)
		if (strcmp(get(at("srv/history/%06" PRIu64 "/%s", v[i], path)), text) == 0)
			return true;
	return false;
}

static const char *
check_whole(struct gsp_history *h)
{
	static char why[512];
	const uint64_t *v;
	size_t n;

	why[0] = '\0';
	gsp_history_numbers(h, &v, &n);
	for (size_t i = 0; i < n; i++)
		if (*saves_damage(h, v[i]) != '\0')
			(void)snprintf(why, sizeof(why), "generation %d: %.400s", (int)v[i],
			    saves_damage(h, v[i]));
	if (gsp_io_exists(at("srv/history/NEXT")) || gsp_io_exists(at("srv/history/.capture")))
		(void)snprintf(why, sizeof(why), "settle left something");
	for (int i = 1; i < 20; i++) {
		if (gsp_io_exists(at("srv/history/%06d", i)) !=
		    gsp_io_exists(at("srv/history/%06d.gsp", i)))
			(void)snprintf(why, sizeof(why), "half of generation %d is there", i);
		if (gsp_io_exists(at("srv/history/.removing-%06d", i)))
			(void)snprintf(why, sizeof(why), "generation %d is still going", i);
	}
	if (gsp_history_rescued(h) != NULL)
		(void)snprintf(why, sizeof(why), "nobody edited, but something was rescued");
	return why;
}

static const char *
check_safe(void)
{
	static char why[512];
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_history *h = settled(&err);

	why[0] = '\0';
	if (h == NULL)
		(void)snprintf(why, sizeof(why), "settle: %.400s", err.msg);
	else if (*check_whole(h) != '\0')
		(void)snprintf(why, sizeof(why), "%s", check_whole(h));
	else if (!somewhere(h, "world/typed", "typed by the owner") ||
	    !somewhere(h, "mods/n.jar", "jar of the owner"))
		(void)snprintf(why, sizeof(why), "the owner's edit is lost");
	else if (strcmp(get(at("srv/history/000001/world/level.dat")), "level 1") != 0 ||
	    strcmp(get(at("srv/history/000003/world/level.dat")), "level 2!") != 0)
		(void)snprintf(why, sizeof(why), "an old generation is gone or changed");
	else if (strcmp(get(at("srv/files/logs/l")), "log") != 0)
		(void)snprintf(why, sizeof(why), "an excluded path was touched");
	gsp_history_close(h);
	return why;
}

/* ---- restore ---- */

static int
run_restore(struct gsp_err *err)
{
	struct gsp_history *h = settled(err);
	struct gsp_restored got;
	int rc = h != NULL ? gsp_restore(a_job(), h, &conf, 1, false, &got, err) : -1;

	gsp_history_close(h);
	return rc;
}

/* files/ is what the pairs say, and the one generation of that kind is what it was made from. */
static const char *
check_files(const char *const (*want)[2], size_t n, size_t paths, enum gsp_gen_kind kind)
{
	static char why[512];
	struct gsp_list l = GSP_LIST_INIT;
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_history *h = saves_open();
	char what[GSP_ERR_MAX];
	const uint64_t *v;
	struct gsp_gen g;
	size_t gens, of_kind = 0;

	why[0] = '\0';
	for (size_t i = 0; i < n; i++)
		if (strcmp(get(at("srv/files/%s", want[i][0])), want[i][1]) != 0)
			(void)snprintf(why, sizeof(why), "%s is '%.400s'", want[i][0],
			    get(at("srv/files/%s", want[i][0])));
	if (gsp_list_walk(&l, at("srv/files"), NULL, NULL, NULL, &err) == -1 || l.n != paths)
		(void)snprintf(why, sizeof(why), "%zu paths in files/, not %zu", l.n, paths);
	gsp_history_numbers(h, &v, &gens);
	for (size_t i = 0; i < gens; i++)
		of_kind += gsp_history_info(h, v[i], &g, &err) == 0 && g.kind == kind;
	if (of_kind != 1 || gens != 5)
		(void)snprintf(why, sizeof(why), "%zu generations, %zu of that kind", gens, of_kind);
	if (gsp_history_info(h, gsp_history_newest(h), &g, &err) == -1 || g.kind != kind ||
	    gsp_history_base(h) != g.number)
		(void)snprintf(why, sizeof(why), "files/ does not come from the newest one");
	if (saves_edits(h, what, sizeof(what)) != 0)
		(void)snprintf(why, sizeof(why), "files/ counts as edited: %.400s", what);
	gsp_list_release(&l);
	gsp_history_close(h);
	return why;
}

static const char *
end_restore(void)
{
	static const char *const want[][2] = {{"world/level.dat", "level 1"},
	    {"world/r.0.mca", "region 0"}, {"world/r.1.mca", "(none)"}, {"world/typed", "(none)"},
	    {"gone.mca", "region"}, {"deep/ro/x", "x"}, {"logs/l", "log"},
	    /* push paths stay as they are */
	    {"mods/m.jar", "jar 2!"}, {"mods/n.jar", "jar of the owner"}};
	const char *why = check_files(want, sizeof(want) / sizeof(want[0]), 12, GSP_GEN_RESTORE);

	if (*why == '\0' && mode_of(at("srv/files/deep/ro")) != 0555)
		why = "a directory has not its mode";
	if (*why == '\0' && !same_inode(at("srv/history/000001/world/level.dat"),
	    at("srv/history/%06d/world/level.dat", 5)) &&
	    !same_inode(at("srv/history/000001/world/level.dat"),
		at("srv/history/%06d/world/level.dat", 6)))
		why = "the same file twice on disk";
	return why;
}

static const struct kill_story restoring = {"restore", make_past, run_restore, check_safe,
    end_restore};

/* ---- import ---- */

static int
run_import(struct gsp_err *err)
{
	struct gsp_history *h = settled(err);
	struct gsp_restored got;
	int rc = h != NULL ? gsp_import(a_job(), h, &conf, at("other"), false, &got, err) : -1;

	gsp_history_close(h);
	return rc;
}

static const char *
end_import(void)
{
	static const char *const want[][2] = {{"world/level.dat", "level of another"},
	    {"world/r.0.mca", "(none)"}, {"world/typed", "(none)"}, {"world/cache/c", "(none)"},
	    {"gone.mca", "(none)"}, {"closed/y", "y"}, {"logs/l", "log"}, {"mods/m.jar", "(none)"},
	    {"mods/o.jar", "another jar"}};
	const char *why = check_files(want, sizeof(want) / sizeof(want[0]), 8, GSP_GEN_IMPORT);

	if (*why == '\0' && mode_of(at("srv/files/closed")) != 0755)
		why = "a closed directory stays closed";
	if (*why == '\0' && (mode_of(at("other/closed")) != 0555 ||
	    strcmp(get(at("other/world/cache/c")), "cache") != 0))
		why = "what was imported was changed";
	return why;
}

static const struct kill_story importing = {"import", make_past, run_import, check_safe,
    end_import};

/* ---- prune ---- */

static void
make_many(void)
{
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_history *h;
	uint64_t n;

	TREE_NEED(gsp_io_rmtree(at("srv"), &err) == 0 && gsp_io_rmtree(at("machine"), &err) == 0);
	h = saves_open();
	TREE_NEED(h != NULL);
	put(at("srv/files/world/same"), "the same in all", 900);
	put(at("srv/files/world/level.dat"), "level 0", 800);
	TREE_NEED(saves_capture(h, &n, &err) == 0 && n == 1);
	put(at("machine/world/same"), "the same in all", 900);
	for (int i = 2; i <= 6; i++) {
		char session[16], text[32];

		(void)snprintf(session, sizeof(session), "s%d", i);
		(void)snprintf(text, sizeof(text), "level %d", i);
		put(at("machine/world/level.dat"), text, 900 - i);
		TREE_NEED(saves_down(h, session, (uint64_t)i - 1, &n, &err) == 0 && n == (uint64_t)i);
		TREE_NEED(gsp_history_bring(h, n, 0, &err) == 0);
	}
	gsp_history_close(h);
}

static int
run_prune(struct gsp_err *err)
{
	const struct gsp_keep keep = {.last = 2};
	struct gsp_prune p = GSP_PRUNE_INIT;
	struct gsp_history *h = settled(err);
	int rc = -1;

	if (h != NULL && gsp_prune_plan(&p, a_job(), h, &keep, err) == 0)
		rc = gsp_prune_carry_out(&p, a_job(), h, err);
	gsp_prune_release(&p);
	gsp_history_close(h);
	return rc;
}

static const char *
safe_prune(void)
{
	static char why[512];
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_history *h = settled(&err);

	why[0] = '\0';
	if (h == NULL)
		(void)snprintf(why, sizeof(why), "settle: %.400s", err.msg);
	else if (*check_whole(h) != '\0')
		(void)snprintf(why, sizeof(why), "%s", check_whole(h));
	else if (!gsp_history_has(h, 5) || !gsp_history_has(h, 6) || gsp_history_base(h) != 6 ||
	    strcmp(get(at("srv/history/000005/world/level.dat")), "level 5") != 0 ||
	    strcmp(get(at("srv/history/000006/world/same")), "the same in all") != 0)
		(void)snprintf(why, sizeof(why), "one that stays was touched");
	gsp_history_close(h);
	return why;
}

static const char *
end_prune(void)
{
	struct gsp_history *h = saves_open();
	const char *why = "";
	struct gsp_err err = GSP_ERR_INIT;
	const uint64_t *v;
	struct gsp_gen g;
	size_t n;

	gsp_history_numbers(h, &v, &n);
	if (n != 2)
		why = "others than 5 and 6 are there";
	/* a parent that is gone keeps its number */
	else if (gsp_history_info(h, 5, &g, &err) == -1 || g.parent != 4)
		why = "the parent of 5 was changed";
	gsp_history_close(h);
	return why;
}

static const struct kill_story pruning = {"prune", make_many, run_prune, safe_prune, end_prune};

/* ---- and without a kill ---- */

static void
test_prune_frees(void)
{
	const struct gsp_keep keep = {.last = 2};
	struct gsp_prune p = GSP_PRUNE_INIT;
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_history *h;
	struct stat st;

	make_many();
	h = saves_open();
	OK(gsp_prune_plan(&p, a_job(), h, &keep, &err) == 0);
	IS_INT(p.n, 4);
	IS_INT(p.stay, 2);
	TREE_NEED(lstat(at("srv/history/000001/world/level.dat"), &st) == 0);
	/* level.dat of each, and what 1 alone has; the file that 2 to 6 share is not freed */
	IS_INT(p.frees, 5 * st.st_blocks * 512);
	IS_INT(p.v[0].frees, 2 * st.st_blocks * 512);
	gsp_prune_release(&p);
	/* all names of a file go: it goes with the last of them */
	TREE_NEED(chmod(at("srv/history/000001/world"), 0755) == 0 &&
	    chmod(at("srv/history/000002/world"), 0755) == 0 &&
	    link(at("srv/history/000001/world/level.dat"), at("srv/history/000002/world/also")) == 0);
	OK(gsp_prune_plan(&p, a_job(), h, &keep, &err) == 0);
	IS_INT(p.v[0].frees, st.st_blocks * 512);
	IS_INT(p.v[1].frees, 2 * st.st_blocks * 512);
	gsp_prune_release(&p);
	/* the newest is not what its list says: nothing goes */
	TREE_NEED(chmod(at("srv/history/000006/world"), 0755) == 0 &&
	    unlink(at("srv/history/000006/world/same")) == 0);
	OK(gsp_prune_plan(&p, a_job(), h, &keep, &err) == -1 && err.code == GSP_EREFUSED);
	OK(strstr(err.msg, "world/same") != NULL);
	gsp_prune_release(&p);
	gsp_history_close(h);
}

/* What a bringing that was cut off would need, and what a session does. */
static void
test_prune_needed(void)
{
	const struct gsp_keep none = {0, 0, 0};
	struct gsp_prune p = GSP_PRUNE_INIT;
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_session session;
	struct gsp_job *job = a_job();
	struct gsp_history *h;

	make_many();
	h = saves_open();
	OK(gsp_prune_plan(&p, job, h, &none, &err) == 0);
	IS_INT(p.n, 5); /* 6 is the newest, BASE, and from a game */
	gsp_prune_release(&p);
	memset(&session, 0, sizeof(session));
	(void)snprintf(session.id, sizeof(session.id), "s3");
	session.base = 5;
	job->session = &session;
	OK(gsp_prune_plan(&p, job, h, &none, &err) == 0);
	IS_INT(p.n, 3); /* 3 is of that session, 5 its base */
	IS_INT(p.n > 2 ? p.v[2].gen.number : 0, 4);
	gsp_prune_release(&p);
	job->session = NULL;
	/* files/ is made from 4, and being brought to 2: both, and all between 4 and the newest */
	put(at("srv/history/BASE"), "4\n", 0);
	put(at("srv/history/NEXT"), "{\"generation\":2}\n", 0);
	gsp_history_close(h);
	h = saves_open();
	OK(gsp_prune_plan(&p, job, h, &none, &err) == 0);
	IS_INT(p.n, 1);
	IS_INT(p.n > 0 ? p.v[0].gen.number : 0, 1);
	gsp_prune_release(&p);
	TREE_NEED(unlink(at("srv/history/NEXT")) == 0);
	/* one whose description is damaged is left alone */
	put(at("srv/history/BASE"), "6\n", 0);
	put(at("srv/history/000002.gsp"), "nonsense\n", 0);
	gsp_history_close(h);
	h = saves_open();
	OK(gsp_prune_plan(&p, job, h, &none, &err) == 0);
	IS_INT(p.n, 4);
	for (size_t i = 0; i < p.n; i++)
		OK(p.v[i].gen.number != 2);
	gsp_prune_release(&p);
	gsp_history_close(h);
}

/* A damaged generation is not restored, unless that is wanted; then nothing claims it is whole. */
static void
test_damage(void)
{
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_restored got;
	struct gsp_history *h;
	struct gsp_list l = GSP_LIST_INIT;
	struct gsp_diff d = GSP_DIFF_INIT;
	struct gsp_gen g;
	struct stat st;
	struct timespec ts[2];

	make_past();
	/* the same size and time: only the bytes tell */
	TREE_NEED(lstat(at("srv/history/000001/world/level.dat"), &st) == 0);
	put(at("srv/history/000001/world/level.dat"), "LEVEL 1", 0);
	ts[0] = ts[1] = st.st_mtim;
	TREE_NEED(utimensat(AT_FDCWD, at("srv/history/000001/world/level.dat"), ts, 0) == 0);
	h = settled(&err);
	OK(gsp_restore(a_job(), h, &conf, 1, false, &got, &err) == -1);
	IS_INT(err.code, GSP_EREFUSED);
	OK(strstr(err.msg, "'world/level.dat' has changed") != NULL);
	IS_INT(gsp_history_newest(h), 3);
	IS_STR(get(at("srv/files/world/typed")), "typed by the owner");
	OK(gsp_restore(a_job(), h, &conf, 1, true, &got, &err) == 0);
	IS_INT(got.edit, 4);
	IS_INT(got.number, 5);
	OK(gsp_history_info(h, 5, &g, &err) == 0 && g.accepted && g.parent == 1);
	IS_STR(get(at("srv/files/world/level.dat")), "LEVEL 1");
	/* the new one tells the truth about what it holds */
	OK(gsp_history_check(h, 5, &l, &d, &err) == 0 && d.n == 0);
	gsp_diff_release(&d);
	gsp_list_release(&l);
	OK(gsp_restore(a_job(), h, &conf, 1, true, &got, &err) == 0 && got.already);
	IS_INT(got.number, 5);
	/* to go on from the newest: nothing to make */
	OK(gsp_restore(a_job(), h, &conf, 5, false, &got, &err) == 0 && got.already);
	/* one that is edited is kept, and comes back */
	put(at("srv/files/world/level.dat"), "again", 0);
	OK(gsp_restore(a_job(), h, &conf, 5, false, &got, &err) == 0 && !got.already);
	IS_INT(got.number, 7);
	IS_STR(get(at("srv/files/world/level.dat")), "LEVEL 1");
	IS_STR(get(at("srv/history/000006/world/level.dat")), "again");
	gsp_history_close(h);
}

/* What stays in files/ has no place in the old generation: nothing is begun. */
static void
test_blocked(void)
{
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_restored got;
	struct gsp_history *h;
	uint64_t n = 0;

	make_past();
	h = settled(&err);
	put(at("srv/files/conf"), "a file", 0);
	TREE_NEED(saves_capture(h, &n, &err) == 0 && n == 4);
	TREE_NEED(unlink(at("srv/files/conf")) == 0);
	put(at("srv/files/conf/push"), "a push path", 0);
	OK(gsp_restore(a_job(), h, &conf, 4, false, &got, &err) == -1);
	IS_INT(err.code, GSP_EREFUSED);
	OK(strstr(err.msg, "'conf' is no directory in that generation") != NULL);
	gsp_history_close(h);
	h = settled(&err);
	OK(h != NULL && *check_whole(h) == '\0');
	IS_STR(get(at("srv/files/conf/push")), "a push path");
	IS_INT(gsp_history_newest(h), 5); /* it is kept, too */
	gsp_history_close(h);
}

static void
kill_all(const struct kill_story *story, int at_least, int twice, int rsyncs)
{
	static const int first[] = {4, 12, 16, 20};
	static const int early[] = {1, 3, 6, 9};
	int killed = kill_steps(story);

	printf("# %s: %d steps\n", story->name, killed);
	OK(killed >= at_least && killed < KILL_STEPS);
	OK(kill_twice(story, rsyncs > 0 ? first : early, 4, 12) > twice);
	if (rsyncs > 0) {
		killed = kill_rsyncs(story, 8);
		printf("# %s: %d runs of rsync\n", story->name, killed);
		OK(killed >= rsyncs && killed < 8);
	}
}

static void
tests(void)
{
	test_prune_frees();
	test_prune_needed();
	test_damage();
	test_blocked();
	kill_all(&restoring, 20, 4, 5);
	kill_all(&importing, 20, 4, 5);
	kill_all(&pruning, 12, 2, 0);
}

int
main(void)
{
	if (access("/usr/bin/rsync", X_OK) != 0 && access("/usr/local/bin/rsync", X_OK) != 0)
		SKIP_ALL("rsync is not installed");
	tree_new("saves-kill");
	tests();
	saves_as_user(tests);
	return done();
}
