/*
 * gsp/history killed at every step of an evening: an edit is captured, a save comes down, files/
 * follows. Whatever the step, the next run finds whole generations only, finishes, and ends
 * where an undisturbed evening ends.
 */
#include "kill.h"
#include "saves.h"

#include "base/banned.h"

/* Before: generation 1 is the base, the machine has played on, the owner has edited. */
static void
make_evening(void)
{
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_history *h;
	uint64_t n = 0;

	TREE_NEED(gsp_io_rmtree(at("srv"), &err) == 0 && gsp_io_rmtree(at("machine"), &err) == 0);
	h = saves_open();
	TREE_NEED(h != NULL);
	put(at("srv/files/world/level.dat"), "level 1", 900);
	put(at("srv/files/world/r.0.mca"), "region 0", 900);
	put(at("srv/files/world/r.1.mca"), "region 1", 900);
	put(at("srv/files/gone.mca"), "region", 900);
	put(at("srv/files/a.cfg"), "a", 900);
	put(at("srv/files/b.cfg"), "b", 900);
	put(at("srv/files/dead/x"), "x", 900);
	put(at("srv/files/mods/m.jar"), "jar", 900);
	put(at("srv/files/logs/l"), "log", 900);
	TREE_NEED(saves_capture(h, &n, &err) == 0 && n == 1);
	gsp_history_close(h);
	/* the game: level 2, a new region, one gone, its own b.cfg */
	put(at("machine/world/level.dat"), "level 2!", 0);
	put(at("machine/world/r.0.mca"), "region 0", 0);
	put(at("machine/world/r.1.mca"), "region 1 more", 0);
	put(at("machine/world/r.2.mca"), "region 2", 0);
	put(at("machine/a.cfg"), "a", 900);
	put(at("machine/b.cfg"), "b of the game", 0);
	put(at("machine/dead/x"), "x", 900);
	/* the owner: edits both, deletes one */
	put(at("srv/files/a.cfg"), "a of the owner", 0);
	put(at("srv/files/b.cfg"), "b of the owner", 0);
	put(at("srv/files/mine/new"), "new", 0);
	TREE_NEED(gsp_io_rmtree(at("srv/files/dead"), &err) == 0);
}

/* What gsp-down does; run again it does what is missing. */
static int
evening(struct gsp_err *err)
{
	struct gsp_history *h = saves_open();
	char what[64];
	uint64_t n;
	int rc = -1;

	if (h == NULL || gsp_history_settle(h, err) == -1)
		goto out;
	n = gsp_history_of_session(h, "s1");
	if ((n == 0 || gsp_history_base(h) != n) && saves_edits(h, what, sizeof(what)) != 0 &&
	    saves_capture(h, &n, err) == -1)
		goto out;
	n = gsp_history_of_session(h, "s1");
	if (n == 0 && saves_down(h, "s1", 1, &n, err) == -1)
		goto out;
	if (gsp_history_base(h) != n &&
	    gsp_history_bring(h, n, gsp_history_pending_edit(h, n), err) == -1)
		goto out;
	rc = 0;
out:
	gsp_history_close(h);
	return rc;
}

/* "" when every generation is whole and the owner's edits are somewhere safe. */
static const char *
check_safe(void)
{
	static char why[512];
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_history *h = saves_open();
	bool edit_safe = strcmp(get(at("srv/files/b.cfg")), "b of the owner") == 0;
	const uint64_t *v;
	size_t n;

	why[0] = '\0';
	if (h == NULL || gsp_history_settle(h, &err) == -1) {
		(void)snprintf(why, sizeof(why), "settle: %.400s", err.msg);
		goto out;
	}
	gsp_history_numbers(h, &v, &n);
	for (size_t i = 0; i < n; i++) {
		if (*saves_damage(h, v[i]) != '\0')
			(void)snprintf(why, sizeof(why), "generation %d: %.400s", (int)v[i],
			    saves_damage(h, v[i]));
		edit_safe = edit_safe ||
		    strcmp(get(at("srv/history/%06" PRIu64 "/b.cfg", v[i])), "b of the owner") == 0;
	}
	if (!gsp_history_has(h, 1) || strcmp(get(at("srv/history/000001/a.cfg")), "a") != 0)
		(void)snprintf(why, sizeof(why), "generation 1 is gone or changed");
	if (!edit_safe)
		(void)snprintf(why, sizeof(why), "the owner's edit is lost");
	if (gsp_io_exists(at("srv/history/NEXT")) || gsp_io_exists(at("srv/history/.capture")))
		(void)snprintf(why, sizeof(why), "settle left something");
	for (int i = 1; i < 10; i++)
		if (gsp_io_exists(at("srv/history/%06d", i)) !=
		    gsp_io_exists(at("srv/history/%06d.gsp", i)))
			(void)snprintf(why, sizeof(why), "half of generation %d is there", i);
	if (gsp_history_rescued(h) != NULL)
		(void)snprintf(why, sizeof(why), "nobody edited, but something was rescued");
out:
	gsp_history_close(h);
	return why;
}

/* "" when files/ is what an undisturbed evening makes of it. */
static const char *
check_end(void)
{
	static const char *const want[][2] = {{"world/level.dat", "level 2!"},
	    {"world/r.0.mca", "region 0"}, {"world/r.1.mca", "region 1 more"},
	    {"world/r.2.mca", "region 2"}, {"gone.mca", "(none)"}, {"a.cfg", "a of the owner"},
	    {"b.cfg", "b of the game"}, {"mine/new", "new"}, {"dead/x", "(none)"},
	    {"mods/m.jar", "jar"}, {"logs/l", "log"}};
	static char why[512];
	struct gsp_list l = GSP_LIST_INIT;
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_history *h = saves_open();
	uint64_t n = h != NULL ? gsp_history_of_session(h, "s1") : 0;

	why[0] = '\0';
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		if (strcmp(get(at("srv/files/%s", want[i][0])), want[i][1]) != 0)
			(void)snprintf(why, sizeof(why), "%s is '%.400s'", want[i][0],
			    get(at("srv/files/%s", want[i][0])));
	if (n == 0 || gsp_history_base(h) != n)
		(void)snprintf(why, sizeof(why), "files/ does not come from the save");
	if (strcmp(get(at("srv/history/%06" PRIu64 "/mods/m.jar", n)), "jar") != 0)
		(void)snprintf(why, sizeof(why), "the push paths are not in the generation");
	if (gsp_list_walk(&l, at("srv/files"), NULL, NULL, NULL, &err) == -1 || l.n != 13)
		(void)snprintf(why, sizeof(why), "%zu paths in files/", l.n);
	gsp_list_release(&l);
	gsp_history_close(h);
	return why;
}

static const struct kill_story story = {"evening", make_evening, evening, check_safe, check_end};

static void
test_steps(void)
{
	int killed = kill_steps(&story);

	printf("# %d steps\n", killed);
	OK(killed > 15 && killed < KILL_STEPS);
}

/* The same with a recovery that is killed too. */
static void
test_twice(void)
{
	static const int first[] = {6, 14, 20, 22};

	OK(kill_twice(&story, first, 4, 16) > 8);
}

static void
test_rsync_runs(void)
{
	int killed = kill_rsyncs(&story, 8);

	printf("# %d runs of rsync\n", killed);
	OK(killed > 4 && killed < 8);
}

/* Somebody edits files/ while it is half brought. */
static void
test_rescue(void)
{
	struct gsp_history *h;
	struct gsp_err err = GSP_ERR_INIT;
	uint64_t n;

	make_evening();
	h = saves_open();
	TREE_NEED(saves_capture(h, &n, &err) == 0 && saves_down(h, "s1", 1, &n, &err) == 0 && n == 3);
	gsp_history_close(h);
	put(at("srv/history/NEXT"), "{\"generation\":3,\"edit\":2}\n", 0);
	put(at("srv/files/world/level.dat"), "typed after the crash", 0);
	put(at("srv/files/world/another"), "typed too", 0);
	put(at("srv/files/world/.r.2.mca.Ab12Cd"), "half a region", 0);
	h = saves_open();
	if (!OK(gsp_history_settle(h, &err) == 0))
		printf("# %s\n", err.msg);
	IS_STR(get(at("srv/files/world/level.dat")), "level 2!");
	IS_STR(get(at("srv/files/world/.r.2.mca.Ab12Cd")), "(none)");
	OK(gsp_history_rescued(h) != NULL);
	if (gsp_history_rescued(h) != NULL) {
		char path[PATH_MAX];

		(void)snprintf(path, sizeof(path), "%s/world/level.dat", gsp_history_rescued(h));
		IS_STR(get(path), "typed after the crash");
		(void)snprintf(path, sizeof(path), "%s/world/another", gsp_history_rescued(h));
		IS_STR(get(path), "typed too");
		(void)snprintf(path, sizeof(path), "%s/world/.r.2.mca.Ab12Cd", gsp_history_rescued(h));
		IS_STR(get(path), "(none)");
	}
	gsp_history_close(h);
	IS_STR(check_end(), "");
}

/* Killed between the rename of a capture and BASE. */
static void
test_adopt(void)
{
	struct gsp_history *h;
	struct gsp_err err = GSP_ERR_INIT;
	uint64_t n = 0;

	make_evening();
	h = saves_open();
	TREE_NEED(saves_capture(h, &n, &err) == 0 && n == 2);
	gsp_history_close(h);
	put(at("srv/history/BASE"), "1\n", 0);
	h = saves_open();
	OK(gsp_history_settle(h, &err) == 0);
	IS_INT(gsp_history_base(h), 2);
	gsp_history_close(h);
	/* but not when files/ is something else by now */
	put(at("srv/history/BASE"), "1\n", 0);
	put(at("srv/files/a.cfg"), "another edit", 0);
	h = saves_open();
	OK(gsp_history_settle(h, &err) == 0);
	IS_INT(gsp_history_base(h), 1);
	gsp_history_close(h);
}

static void
tests(void)
{
	test_adopt();
	test_steps();
	test_twice();
	test_rsync_runs();
	test_rescue();
}

int
main(void)
{
	if (access("/usr/bin/rsync", X_OK) != 0 && access("/usr/local/bin/rsync", X_OK) != 0)
		SKIP_ALL("rsync is not installed");
	tree_new("kill");
	tests();
	saves_as_user(tests);
	return done();
}
