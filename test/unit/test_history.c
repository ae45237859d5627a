/* gsp/history: generations, as root and as somebody without privileges. */
#include <signal.h>

#include "saves.h"

#include "base/banned.h"

static void
reset(void)
{
	struct gsp_err err = GSP_ERR_INIT;

	TREE_NEED(gsp_io_rmtree(at("srv"), &err) == 0 && gsp_io_rmtree(at("machine"), &err) == 0);
	TREE_NEED(mkdir(at("machine"), 0755) == 0);
}

static void
copy_mtime(const char *from, const char *to)
{
	struct stat st;

	TREE_NEED(stat(from, &st) == 0);
	TREE_NEED(utimensat(AT_FDCWD, to, (struct timespec[2]){st.st_atim, st.st_mtim}, 0) == 0);
}

/* A little world in srv/files. */
static void
make_world(void)
{
	put(at("srv/files/world/level.dat"), "level 1", 1000);
	put(at("srv/files/world/region/r.0.mca"), "region 0", 1000);
	put(at("srv/files/world/region/r.1.mca"), "region 1", 1000);
	put(at("srv/files/server.properties"), "motd=hello", 1000);
	put(at("srv/files/ops.json"), "[]", 1000);
	put(at("srv/files/mods/a.jar"), "jar a", 1000);
	put(at("srv/files/conf/push/p.cfg"), "p", 1000);
	put(at("srv/files/conf/main.cfg"), "main", 1000);
	put(at("srv/files/logs/latest.log"), "noise", 1000);
	put(at("srv/files/world/cache/c"), "noise", 1000);
	TREE_NEED(symlink("world/level.dat", at("srv/files/link")) == 0);
	TREE_NEED(chmod(at("srv/files/world/level.dat"), 0640) == 0);
	TREE_NEED(chmod(at("srv/files/world/region"), 0750) == 0);
	TREE_NEED(mkdir(at("srv/files/empty"), 0700) == 0);
}

/* The machine gets what generation n holds, writable, as an upload would. */
static void
upload(uint64_t n)
{
	struct gsp_argv a = GSP_ARGV_INIT;
	struct gsp_rsync r = GSP_RSYNC_INIT;
	struct gsp_err err = GSP_ERR_INIT;

	gsp_argv_push(&a, "rsync");
	gsp_rsync_common(&a);
	gsp_argv_push(&a, "--delete");
	gsp_argv_push(&a, "--chmod=Du+w");
	gsp_argv_pushf(&a, "%s/", at("srv/history/%06" PRIu64, n));
	gsp_argv_pushf(&a, "%s/", at("machine"));
	r.argv = &a;
	TREE_NEED(gsp_rsync_run(&r, &err) == 0);
	gsp_argv_release(&a);
}

static void
test_first(void)
{
	struct gsp_history *h;
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_gen g;
	char what[256];
	uint64_t n = 0;

	reset();
	h = saves_open();
	OK(h != NULL);
	OK(gsp_io_is_dir(at("srv/files")) && gsp_io_is_dir(at("srv/history")));
	OK(gsp_history_newest(h) == 0 && gsp_history_base(h) == 0);
	IS_INT(saves_edits(h, what, sizeof(what)), 0);
	make_world();
	OK(saves_edits(h, what, sizeof(what)) == 15);
	if (!OK(saves_capture(h, &n, &err) == 0))
		printf("# %s\n", err.msg);
	IS_INT(n, 1);
	IS_STR(saves_damage(h, 1), "");
	IS_INT(saves_edits(h, what, sizeof(what)), 0);
	IS_STR(get(at("srv/history/BASE")), "1\n");
	IS_STR(get(at("srv/history/000001/mods/a.jar")), "jar a");
	IS_STR(get(at("srv/history/000001/logs/latest.log")), "(none)");
	IS_INT(mode_of(at("srv/history/000001/world/level.dat")), 0640);
	IS_INT(mode_of(at("srv/history/000001/world/region")), 0550);
	OK(!same_inode(at("srv/files/ops.json"), at("srv/history/000001/ops.json")));
	OK(gsp_history_info(h, 1, &g, &err) == 0 && g.number == 1 && g.parent == 0 &&
	    g.kind == GSP_GEN_EDIT && g.files == 8 && strcmp(g.actor, "tester") == 0 && !g.accepted);
	gsp_history_close(h);
	h = saves_open(); /* the same from disk */
	OK(h != NULL && gsp_history_newest(h) == 1 && gsp_history_base(h) == 1 &&
	    gsp_history_has(h, 1) && !gsp_history_has(h, 2));
	/* a second one shares what is the same, and nothing with files/ */
	put(at("srv/files/ops.json"), "[1]", 0);
	OK(saves_edits(h, what, sizeof(what)) == 1 && strcmp(what, "~ops.json") == 0);
	OK(saves_capture(h, &n, &err) == 0 && n == 2);
	OK(same_inode(at("srv/history/000001/mods/a.jar"), at("srv/history/000002/mods/a.jar")));
	OK(!same_inode(at("srv/history/000001/ops.json"), at("srv/history/000002/ops.json")));
	IS_STR(get(at("srv/history/000001/ops.json")), "[]");
	IS_STR(saves_damage(h, 1), "");
	IS_STR(saves_damage(h, 2), "");
	gsp_history_close(h);
}

static void
test_edits(void)
{
	struct gsp_history *h;
	struct gsp_err err = GSP_ERR_INIT;
	char what[256];
	uint64_t n;

	reset();
	h = saves_open();
	make_world();
	OK(saves_capture(h, &n, &err) == 0);
	put(at("srv/files/logs/more"), "x", 0);
	IS_INT(saves_edits(h, what, sizeof(what)), 0); /* excluded */
	put(at("srv/files/mods/b.jar"), "b", 0);
	OK(saves_edits(h, what, sizeof(what)) == 1 && strcmp(what, "+mods/b.jar") == 0);
	TREE_NEED(unlink(at("srv/files/mods/b.jar")) == 0);
	TREE_NEED(chmod(at("srv/files/ops.json"), 0600) == 0);
	OK(saves_edits(h, what, sizeof(what)) == 1 && strcmp(what, "~ops.json") == 0);
	TREE_NEED(chmod(at("srv/files/ops.json"), 0644) == 0);
	TREE_NEED(rmdir(at("srv/files/empty")) == 0);
	OK(saves_edits(h, what, sizeof(what)) == 1 && strcmp(what, "-empty") == 0);
	TREE_NEED(mkdir(at("srv/files/empty"), 0700) == 0 && chmod(at("srv/files/empty"), 0700) == 0);
	TREE_NEED(unlink(at("srv/files/link")) == 0 && symlink("x", at("srv/files/link")) == 0);
	OK(saves_edits(h, what, sizeof(what)) == 1 && strcmp(what, "~link") == 0);
	TREE_NEED(unlink(at("srv/files/link")) == 0 &&
	    symlink("world/level.dat", at("srv/files/link")) == 0);
	IS_INT(saves_edits(h, what, sizeof(what)), 0);
	/* only the nanoseconds differ */
	put(at("srv/files/ops.json"), "[]", 0);
	copy_mtime(at("srv/history/000001/ops.json"), at("srv/files/ops.json"));
	IS_INT(saves_edits(h, what, sizeof(what)), 0);
	{
		struct stat st;

		TREE_NEED(stat(at("srv/files/ops.json"), &st) == 0);
		st.st_mtim.tv_nsec ^= 1 << 20;
		TREE_NEED(utimensat(AT_FDCWD, at("srv/files/ops.json"),
			      (struct timespec[2]){st.st_atim, st.st_mtim}, 0) == 0);
	}
	OK(saves_edits(h, what, sizeof(what)) == 1 && strcmp(what, "~ops.json") == 0);
	gsp_history_close(h);
}

static void
test_down(void)
{
	struct gsp_history *h;
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_list l = GSP_LIST_INIT;
	const struct gsp_entry *e;
	char what[256];
	uint64_t n = 0;

	reset();
	h = saves_open();
	make_world();
	OK(saves_capture(h, &n, &err) == 0);
	upload(1);
	put(at("machine/world/level.dat"), "level 2", 0);
	put(at("machine/world/new/deep/file"), "new", 0);
	put(at("machine/mods/never.jar"), "never comes down", 0);
	TREE_NEED(unlink(at("machine/ops.json")) == 0);
	TREE_NEED(chmod(at("machine/world/level.dat"), 0640) == 0);
	TREE_NEED(chmod(at("machine/world/region"), 0750) == 0);
	TREE_NEED(chmod(at("machine/empty"), 0700) == 0);
	TREE_NEED(chmod(at("machine/world/new/deep"), 0555) == 0);
	if (!OK(saves_down(h, "s7k2m9qx", 1, &n, &err) == 0))
		printf("# %s\n", err.msg);
	IS_INT(n, 2);
	IS_STR(saves_damage(h, 1), "");
	IS_STR(saves_damage(h, 2), "");
	IS_STR(get(at("srv/history/000002/world/level.dat")), "level 2");
	IS_STR(get(at("srv/history/000002/mods/a.jar")), "jar a"); /* as it was sent up */
	IS_STR(get(at("srv/history/000002/mods/never.jar")), "(none)");
	IS_STR(get(at("srv/history/000002/conf/push/p.cfg")), "p");
	OK(same_inode(at("srv/history/000001/mods/a.jar"), at("srv/history/000002/mods/a.jar")));
	OK(same_inode(at("srv/history/000001/world/region/r.0.mca"),
	    at("srv/history/000002/world/region/r.0.mca")));
	OK(gsp_history_list(h, 2, &l, &err) == 0);
	e = gsp_list_find(&l, "world/region");
	OK(e != NULL && e->mode == 0750); /* the true mode */
	e = gsp_list_find(&l, "mods/a.jar");
	OK(e != NULL && strlen(e->sum) == 32);
	gsp_list_release(&l);
	IS_INT(gsp_history_newest(h), 2);
	IS_INT(gsp_history_base(h), 1);
	IS_INT(gsp_history_of_session(h, "s7k2m9qx"), 2);
	IS_INT(gsp_history_of_session(h, "other"), 0);
	IS_INT(gsp_history_pending_edit(h, 2), 0);
	/* home follows */
	if (!OK(gsp_history_bring(h, 2, 0, &err) == 0))
		printf("# %s\n", err.msg);
	IS_INT(gsp_history_base(h), 2);
	IS_STR(get(at("srv/history/BASE")), "2\n");
	IS_STR(get(at("srv/history/NEXT")), "(none)");
	IS_STR(get(at("srv/files/world/level.dat")), "level 2");
	IS_STR(get(at("srv/files/ops.json")), "(none)");
	IS_STR(get(at("srv/files/logs/latest.log")), "noise");
	IS_STR(get(at("srv/files/mods/a.jar")), "jar a");
	IS_INT(mode_of(at("srv/files/world/region")), 0750);
	IS_INT(mode_of(at("srv/files/world/new/deep")), 0555);
	IS_INT(mode_of(at("srv/files/world")), 0755);
	IS_INT(mode_of(at("srv/files")), 0755);
	IS_INT(mode_of(at("srv/files/empty")), 0700);
	OK(!same_inode(at("srv/files/world/level.dat"), at("srv/history/000002/world/level.dat")));
	IS_INT(saves_edits(h, what, sizeof(what)), 0);
	IS_STR(what, "");
	/* and back: read-only directories in files/ are no obstacle */
	if (!OK(gsp_history_bring(h, 1, 0, &err) == 0))
		printf("# %s\n", err.msg);
	IS_STR(get(at("srv/files/ops.json")), "[]");
	IS_STR(get(at("srv/files/world/new/deep/file")), "(none)");
	IS_INT(saves_edits(h, what, sizeof(what)), 0);
	OK(gsp_history_bring(h, 2, 0, &err) == 0);
	IS_STR(get(at("srv/files/world/new/deep/file")), "new");
	gsp_history_close(h);
}

static void
test_left_over(void)
{
	struct gsp_history *h;
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_buf d = GSP_BUF_INIT(4096), l1 = GSP_BUF_INIT(4096), l2 = GSP_BUF_INIT(4096);
	uint64_t n = 0;

	reset();
	h = saves_open();
	make_world();
	OK(saves_capture(h, &n, &err) == 0);
	upload(1);
	put(at("machine/big1"), "big one", 50);
	put(at("machine/big2"), "big two", 50);
	put(at("machine/ro/x"), "x", 50);
	/* two broken tries, each of which got something; the second met a symlink's name */
	OK(gsp_history_incoming(h, "s1", &d, &l1, &l2, &err) == 0);
	IS_STR(gsp_buf_str(&l1), at("srv/history/000001"));
	IS_STR(gsp_buf_str(&l2), "");
	put(at("srv/history/.incoming-s1/big1"), "big one", 0);
	copy_mtime(at("machine/big1"), at("srv/history/.incoming-s1/big1"));
	put(at("srv/history/.incoming-s1/half"), "ha", 0);
	put(at("srv/history/.incoming-s1/ro/x"), "x", 0);
	TREE_NEED(chmod(at("srv/history/.incoming-s1/ro"), 0555) == 0);
	TREE_NEED(symlink(at("machine"), at("srv/history/.incoming-s1/trap")) == 0);
	gsp_buf_reset(&d);
	gsp_buf_reset(&l1);
	OK(gsp_history_incoming(h, "s1", &d, &l1, &l2, &err) == 0);
	IS_STR(gsp_buf_str(&l2), at("srv/history/.broken-s1"));
	put(at("srv/history/.incoming-s1/big2"), "big two", 0);
	copy_mtime(at("machine/big2"), at("srv/history/.incoming-s1/big2"));
	put(at("srv/history/.incoming-s1/trap/file"), "must not leave", 0);
	put(at("srv/history/.incoming-s1/ro/y"), "y", 0);
	TREE_NEED(chmod(at("srv/history/.incoming-s1/ro"), 0555) == 0);
	/* somebody else's is left alone */
	put(at("srv/history/.incoming-s0/x"), "x", 0);
	if (!OK(saves_down(h, "s1", 1, &n, &err) == 0))
		printf("# %s\n", err.msg);
	IS_INT(n, 2);
	IS_STR(saves_damage(h, 1), "");
	IS_STR(saves_damage(h, 2), "");
	IS_STR(get(at("srv/history/000002/big1")), "big one");
	IS_STR(get(at("srv/history/000002/big2")), "big two");
	IS_STR(get(at("machine/file")), "(none)");
	IS_STR(get(at("machine/trap/file")), "(none)");
	OK(!gsp_io_exists(at("srv/history/.broken-s1")) && !gsp_io_exists(at("srv/history/.incoming-s1")));
	OK(gsp_io_exists(at("srv/history/.incoming-s0/x")));
	OK(gsp_history_incoming(h, "../x", &d, &l1, &l2, &err) == -1 && err.code == GSP_EREFUSED);
	gsp_buf_release(&d);
	gsp_buf_release(&l1);
	gsp_buf_release(&l2);
	gsp_history_close(h);
}

/* Nothing becomes a generation that was not compared. */
static void
test_commit_refuses(void)
{
	struct gsp_gen_meta meta = {GSP_GEN_DOWN, 0, "s1", "a", false, NULL, NULL};
	struct gsp_buf d = GSP_BUF_INIT(4096), l1 = GSP_BUF_INIT(4096), l2 = GSP_BUF_INIT(4096);
	struct gsp_list l = GSP_LIST_INIT;
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_history *h;
	uint64_t n = 0;

	reset();
	h = saves_open();
	OK(gsp_history_incoming(h, "s1", &d, &l1, &l2, &err) == 0);
	put(at("srv/history/.incoming-s1/a"), "a", 0);
	OK(gsp_history_commit(h, "s1", &meta, &l, 0, &n, &err) == -1 && err.code == GSP_EREFUSED);
	OK(gsp_list_walk(&l, at("srv/history/.incoming-s1"), NULL, NULL, NULL, &err) == 0);
	OK(gsp_history_commit(h, "s1", &meta, &l, 0, &n, &err) == -1); /* no sum */
	(void)snprintf(l.v[0].sum, sizeof(l.v[0].sum), "0123456789abcdef0123456789abcdef");
	l.v[0].size = 2;
	OK(gsp_history_commit(h, "s1", &meta, &l, 0, &n, &err) == -1);
	l.v[0].size = 1;
	put(at("srv/history/.incoming-s1/b"), "b", 0);
	OK(gsp_history_commit(h, "s1", &meta, &l, 0, &n, &err) == -1);
	TREE_NEED(unlink(at("srv/history/.incoming-s1/b")) == 0);
	OK(gsp_history_newest(h) == 0 && !gsp_io_exists(at("srv/history/000001.gsp")));
	OK(gsp_history_commit(h, "s1", &meta, &l, 0, &n, &err) == 0 && n == 1);
	gsp_list_release(&l);
	gsp_buf_release(&d);
	gsp_buf_release(&l1);
	gsp_buf_release(&l2);
	gsp_history_close(h);
}

/* The owner edits while the game runs. */
static void
test_both_edit(void)
{
	struct gsp_history *h;
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_diff both = GSP_DIFF_INIT;
	char what[256];
	uint64_t n = 0, edit = 0;

	reset();
	h = saves_open();
	make_world();
	put(at("srv/files/olddir/one"), "1", 900);
	put(at("srv/files/olddir/two"), "2", 900);
	put(at("srv/files/gamedir/a"), "a", 900);
	put(at("srv/files/gamedir/sub/b"), "b", 900);
	put(at("srv/files/same"), "old", 900);
	put(at("srv/files/st*r [x]\\"), "old", 900);
	put(at("srv/files/modedir/in"), "old", 900);
	OK(saves_capture(h, &n, &err) == 0 && n == 1);
	upload(1);
	/* the game */
	put(at("machine/world/level.dat"), "level 2", 0);
	TREE_NEED(chmod(at("machine/world/level.dat"), 0640) == 0);
	put(at("machine/olddir/three"), "3", 0);
	TREE_NEED(gsp_io_rmtree(at("machine/gamedir"), &err) == 0);
	put(at("machine/ops.json"), "[game]", 0);
	put(at("machine/same"), "both", 0);
	put(at("machine/modedir/in"), "game", 0);
	/* the owner */
	put(at("srv/files/server.properties"), "motd=edited", 0);
	put(at("srv/files/ops.json"), "[home]", 0);
	put(at("srv/files/same"), "both", 0);
	put(at("srv/files/new/x"), "new", 0);
	put(at("srv/files/gamedir/sub/mine"), "mine", 0);
	put(at("srv/files/st*r [x]\\"), "edited", 0);
	put(at("srv/files/nl\nx"), "line", 0);
	TREE_NEED(gsp_io_rmtree(at("srv/files/olddir"), &err) == 0);
	TREE_NEED(unlink(at("srv/files/conf/main.cfg")) == 0);
	TREE_NEED(unlink(at("srv/files/link")) == 0);
	TREE_NEED(chmod(at("srv/files/modedir"), 0700) == 0);
	put(at("srv/files/mods/mine.jar"), "pushed later", 0);
	OK(saves_capture(h, &edit, &err) == 0 && edit == 2);
	if (!OK(saves_down(h, "s1", 1, &n, &err) == 0 && n == 3))
		printf("# %s\n", err.msg);
	IS_INT(gsp_history_pending_edit(h, 3), 2);
	IS_INT(gsp_history_common(h, 2, 3), 1);
	OK(gsp_history_conflicts(h, 1, 2, 3, &both, &err) == 0);
	OK(both.n == 1 && strcmp(both.v[0].path, "ops.json") == 0);
	if (!OK(gsp_history_bring(h, 3, 2, &err) == 0))
		printf("# %s\n", err.msg);
	IS_STR(get(at("srv/files/world/level.dat")), "level 2");
	IS_STR(get(at("srv/files/server.properties")), "motd=edited");
	IS_STR(get(at("srv/files/ops.json")), "[game]");
	IS_STR(get(at("srv/files/same")), "both");
	IS_STR(get(at("srv/files/new/x")), "new");
	IS_STR(get(at("srv/files/nl\nx")), "line");
	IS_STR(get(at("srv/files/st*r [x]\\")), "edited");
	IS_STR(get(at("srv/files/gamedir/sub/mine")), "mine"); /* the game removed the directory */
	IS_STR(get(at("srv/files/gamedir/a")), "(none)");
	IS_STR(get(at("srv/files/gamedir/sub/b")), "(none)");
	IS_STR(get(at("srv/files/olddir/one")), "(none)"); /* deleted at home */
	IS_STR(get(at("srv/files/olddir/three")), "3");    /* the game's, in the same directory */
	IS_STR(get(at("srv/files/conf/main.cfg")), "(none)");
	IS_STR(get(at("srv/files/mods/mine.jar")), "pushed later");
	OK(!gsp_io_exists(at("srv/files/link")));
	IS_INT(mode_of(at("srv/files/modedir")), 0700);
	IS_STR(get(at("srv/files/modedir/in")), "game");
	IS_STR(get(at("srv/history/000002/ops.json")), "[home]"); /* the edit stays in its generation */
	IS_INT(gsp_history_base(h), 3);
	/* what stayed are edits against the new base; the next capture has them */
	OK(saves_edits(h, what, sizeof(what)) > 0);
	OK(saves_capture(h, &n, &err) == 0 && n == 4);
	IS_STR(saves_damage(h, 4), "");
	IS_INT(gsp_history_pending_edit(h, 4), 0);
	gsp_diff_release(&both);
	gsp_history_close(h);
}

/* A down that was cut off captures again what was edited since: an edit of an edit. */
static void
test_edit_of_edit(void)
{
	struct gsp_history *h;
	struct gsp_err err = GSP_ERR_INIT;
	uint64_t n = 0;

	reset();
	h = saves_open();
	make_world();
	OK(saves_capture(h, &n, &err) == 0 && n == 1);
	upload(1);
	put(at("machine/world/level.dat"), "level 2", 0);
	put(at("srv/files/ops.json"), "[first edit]", 0);
	OK(saves_capture(h, &n, &err) == 0 && n == 2);
	put(at("srv/files/server.properties"), "motd=second edit", 0);
	OK(saves_capture(h, &n, &err) == 0 && n == 3);
	OK(saves_down(h, "s1", 1, &n, &err) == 0 && n == 4);
	IS_INT(gsp_history_pending_edit(h, 4), 3);
	if (!OK(gsp_history_bring(h, 4, 3, &err) == 0))
		printf("# %s\n", err.msg);
	IS_STR(get(at("srv/files/ops.json")), "[first edit]");
	IS_STR(get(at("srv/files/server.properties")), "motd=second edit");
	IS_STR(get(at("srv/files/world/level.dat")), "level 2");
	gsp_history_close(h);
}

static void
test_refusals(void)
{
	struct gsp_history *h;
	struct gsp_err err = GSP_ERR_INIT;
	uint64_t n;

	reset();
	h = saves_open();
	make_world();
	OK(saves_capture(h, &n, &err) == 0 && n == 1);
	put(at("srv/files/ops.json"), "[2]", 0);
	OK(gsp_history_bring(h, 1, 0, &err) == -1 && err.code == GSP_EREFUSED);
	OK(strstr(err.msg, "'ops.json'") != NULL);
	IS_STR(get(at("srv/files/ops.json")), "[2]");
	OK(!gsp_io_exists(at("srv/history/NEXT")));
	OK(gsp_history_bring(h, 7, 0, &err) == -1 && err.code == GSP_EREFUSED);
	OK(gsp_history_set_base(h, 7, &err) == -1);
	/* without a base nothing may be overwritten */
	TREE_NEED(unlink(at("srv/history/BASE")) == 0);
	gsp_history_close(h);
	h = saves_open();
	IS_INT(gsp_history_base(h), 0);
	OK(gsp_history_bring(h, 1, 0, &err) == -1 && err.code == GSP_EREFUSED);
	gsp_history_close(h);
	/* a base that is not there counts as none */
	put(at("srv/history/BASE"), "77\n", 0);
	h = saves_open();
	OK(h != NULL && gsp_history_base(h) == 0);
	OK(saves_capture(h, &n, &err) == 0 && n == 2);
	IS_STR(saves_damage(h, 2), "");
	gsp_history_close(h);
}

/* Files that say nonsense are errors that name them. */
static void
test_garbage(void)
{
	static char srv[PATH_MAX]; /* at() has few buffers */
	struct gsp_history_opts o = {srv, "h", "s", saves_exclude, saves_push, -1};
	struct gsp_history *h, *no = NULL;
	struct gsp_list l = GSP_LIST_INIT;
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_buf text = GSP_BUF_INIT(1 << 20);
	uint64_t n;

	(void)snprintf(srv, sizeof(srv), "%s", at("srv"));
	reset();
	h = saves_open();
	make_world();
	OK(saves_capture(h, &n, &err) == 0);
	gsp_history_close(h);
	put(at("srv/history/BASE"), "one\n", 0);
	OK(gsp_history_open(&no, &o, &err) == -1 && err.code == GSP_EIO);
	OK(strstr(err.msg, "history/BASE'") != NULL);
	put(at("srv/history/BASE"), "", 0);
	OK(gsp_history_open(&no, &o, &err) == -1 && err.code == GSP_EIO);
	put(at("srv/history/BASE"), "1\n", 0);
	h = saves_open();
	put(at("srv/history/NEXT"), "{\"generation\":", 0);
	OK(gsp_history_settle(h, &err) == -1 && err.code == GSP_EIO);
	OK(strstr(err.msg, "history/NEXT'") != NULL);
	put(at("srv/history/NEXT"), "{\"generation\":\"1\"}", 0);
	OK(gsp_history_settle(h, &err) == -1 && err.code == GSP_EIO);
	put(at("srv/history/NEXT"), "{\"generation\":9}", 0);
	OK(gsp_history_settle(h, &err) == -1 && err.code == GSP_EREFUSED);
	TREE_NEED(unlink(at("srv/history/NEXT")) == 0);
	OK(gsp_history_settle(h, &err) == 0);
	/* a damaged list: cut anywhere, it is noticed */
	OK(gsp_io_read_file(&text, at("srv/history/000001.gsp"), &err) == 0);
	for (size_t cut = 0; cut < text.len; cut += 7) {
		OK(gsp_io_replace(at("srv/history/000001.gsp"), text.data, cut, 0644, &err) == 0);
		if (gsp_history_list(h, 1, &l, &err) != -1 || err.code != GSP_EIO ||
		    strstr(err.msg, "000001.gsp' is damaged: line ") == NULL) {
			printf("# cut %zu: %s\n", cut, err.msg);
			OK(!"cut .gsp");
		}
	}
	gsp_history_close(h);
	OK(gsp_history_open(&no, &o, &err) == 0);
	gsp_history_close(no);
	put(at("srv/history/000001.gsp"), "garbage", 0);
	OK(gsp_history_open(&no, &o, &err) == -1 && err.code == GSP_EIO);
	gsp_list_release(&l);
	gsp_buf_release(&text);
}

static void
test_numbers(void)
{
	struct gsp_gen_meta live = {GSP_GEN_LIVE, 1, "s1", "a", false, NULL, NULL};
	struct gsp_history *h;
	struct gsp_err err = GSP_ERR_INIT;
	const uint64_t *v;
	uint64_t n;
	size_t count;

	reset();
	h = saves_open();
	make_world();
	OK(saves_capture(h, &n, &err) == 0 && n == 1);
	/* half of a generation counts as a number, not as a generation */
	put(at("srv/history/000041.gsp"), "x", 0);
	TREE_NEED(mkdir(at("srv/history/000043"), 0755) == 0);
	TREE_NEED(mkdir(at("srv/history/44"), 0755) == 0);
	put(at("srv/history/.capture/x"), "x", 0);
	put(at("srv/history/BASE.new-abcdefgh"), "x", 0);
	gsp_history_close(h);
	h = saves_open();
	IS_INT(gsp_history_newest(h), 1);
	OK(gsp_history_settle(h, &err) == 0);
	OK(!gsp_io_exists(at("srv/history/000041.gsp")) && !gsp_io_exists(at("srv/history/.capture")));
	OK(!gsp_io_exists(at("srv/history/BASE.new-abcdefgh")) && gsp_io_exists(at("srv/history/BASE")));
	OK(gsp_io_exists(at("srv/history/000043")));
	put(at("srv/files/ops.json"), "[1]", 0);
	OK(gsp_history_capture(h, &live, &n, &err) == 0 && n == 44);
	IS_INT(gsp_history_newest(h), 1); /* a live one is not proven */
	gsp_history_numbers(h, &v, &count);
	OK(count == 2 && v[0] == 1 && v[1] == 44);
	IS_INT(gsp_history_of_session(h, "s1"), 0);
	IS_INT(gsp_history_live_of(h, "s1", 0), 44);
	IS_INT(gsp_history_live_of(h, "s1", 44), 0);
	IS_INT(gsp_history_live_of(h, "s2", 0), 0);
	IS_INT(gsp_history_live_of(h, "", 0), 0);
	OK(gsp_history_is_live(h, 44) && !gsp_history_is_live(h, 1) && !gsp_history_is_live(h, 43));
	gsp_history_close(h);
}

/* A copy that nobody could prove: its list is of what lies here, and says what was moving. */
static void
test_moving(void)
{
	struct gsp_diff moving = GSP_DIFF_INIT;
	struct gsp_gen_meta live = {GSP_GEN_LIVE, 1, "s1", "a", true, "it holds no file", &moving};
	struct gsp_buf dir = GSP_BUF_INIT(4096), l1 = GSP_BUF_INIT(4096), l2 = GSP_BUF_INIT(4096);
	struct gsp_buf text = GSP_BUF_INIT(1 << 20);
	struct gsp_list sums = GSP_LIST_INIT;
	struct gsp_history *h;
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_gen g;
	char name[32];
	uint64_t n;

	reset();
	h = saves_open();
	make_world();
	OK(saves_capture(h, &n, &err) == 0 && n == 1);
	OK(gsp_history_incoming(h, "s1", &dir, &l1, &l2, &err) == 0);
	put(at("srv/history/.incoming-s1/world/level"), "torn", 0);
	put(at("srv/history/.incoming-s1/odd \n\377"), "", 0);
	OK(gsp_history_sum_incoming(h, "s1", &sums, &err) == 0);
	IS_INT(sums.n, 3);
	OK(!gsp_io_exists(at("srv/history/.nothing")));
	OK(gsp_history_sum_incoming(h, "../s1", &sums, &err) == -1 && err.code == GSP_EREFUSED);
	OK(gsp_history_sum_incoming(h, "s1", &sums, &err) == 0);
	for (int i = 0; i < 70; i++) {
		(void)snprintf(name, sizeof(name), "world/\n%02d", i);
		OK(gsp_diff_add(&moving, name, GSP_CHANGED, &err) == 0);
	}
	OK(gsp_history_commit(h, "s1", &live, &sums, 0, &n, &err) == 0 && n == 2);
	OK(gsp_history_info(h, 2, &g, &err) == 0 && g.moving == 70 && g.accepted);
	OK(gsp_history_info(h, 1, &g, &err) == 0 && g.moving == 0);
	gsp_list_release(&sums);
	OK(gsp_history_list(h, 2, &sums, &err) == 0 && sums.n == 3);
	OK(gsp_list_find(&sums, "world/level") != NULL &&
	    strlen(gsp_list_find(&sums, "world/level")->sum) == 32);
	OK(gsp_io_read_file(&text, at("srv/history/000002.gsp"), &err) == 0);
	OK(strstr(gsp_buf_str(&text), "\"suspect\":\"it holds no file\",\"moving\":70,") != NULL);
	OK(strstr(gsp_buf_str(&text), "world/\\n49\"]") != NULL); /* the first fifty */
	gsp_diff_release(&moving);
	gsp_list_release(&sums);
	gsp_buf_release(&text);
	gsp_buf_release(&dir);
	gsp_buf_release(&l1);
	gsp_buf_release(&l2);
	gsp_history_close(h);
}

static void
test_unreadable(void)
{
	struct gsp_history *h;
	struct gsp_err err = GSP_ERR_INIT;
	uint64_t n = 0;

	reset();
	h = saves_open();
	make_world();
	TREE_NEED(chmod(at("srv/files/ops.json"), 0) == 0);
	if (geteuid() == 0) {
		OK(saves_capture(h, &n, &err) == 0);
		IS_INT(mode_of(at("srv/history/000001/ops.json")), 0);
	} else {
		OK(saves_capture(h, &n, &err) == -1 && err.code == GSP_EIO);
		OK(strstr(err.msg, "ops.json") != NULL);
		OK(gsp_history_newest(h) == 0 && !gsp_io_exists(at("srv/history/.capture")));
	}
	gsp_history_close(h);
}

/* A file somebody keeps writing to is an error that names it, never a torn generation. */
static void
test_busy(void)
{
	struct gsp_history *h;
	struct gsp_err err = GSP_ERR_INIT;
	uint64_t n = 0;
	pid_t pid;

	reset();
	h = saves_open();
	make_world();
	put(at("srv/files/busy"), "0", 0);
	pid = fork();
	TREE_NEED(pid != -1);
	if (pid == 0) {
		for (unsigned i = 0;; i++) {
			int fd = open(at("srv/files/busy"), O_WRONLY | O_CLOEXEC);

			if (fd == -1 || pwrite(fd, &i, sizeof(i), 0) == -1)
				_exit(1);
			close(fd);
		}
	}
	OK(saves_capture(h, &n, &err) == -1 && err.code == GSP_ETEMP);
	OK(strstr(err.msg, "'busy'") != NULL);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	OK(gsp_history_newest(h) == 0 && !gsp_io_exists(at("srv/history/.capture")));
	gsp_err_clear(&err);
	OK(saves_capture(h, &n, &err) == 0 && n == 1);
	gsp_history_close(h);
}

/* Size and time do not tell: the checksum does, and old generations stay what they were. */
static void
test_times_lie(void)
{
	struct gsp_history *h;
	struct gsp_err err = GSP_ERR_INIT;
	uint64_t n = 0;

	reset();
	h = saves_open();
	make_world();
	OK(saves_capture(h, &n, &err) == 0 && n == 1);
	put(at("srv/files/ops.json"), "{}", 0);
	copy_mtime(at("srv/history/000001/ops.json"), at("srv/files/ops.json"));
	OK(saves_capture(h, &n, &err) == 0 && n == 2);
	IS_STR(get(at("srv/history/000001/ops.json")), "[]");
	IS_STR(get(at("srv/history/000002/ops.json")), "{}");
	OK(gsp_history_bring(h, 1, 0, &err) == 0);
	IS_STR(get(at("srv/files/ops.json")), "[]");
	OK(gsp_history_bring(h, 2, 0, &err) == 0);
	IS_STR(get(at("srv/files/ops.json")), "{}");
	/* a mode alone: a new inode in the new generation, the old mode in the old one */
	TREE_NEED(chmod(at("srv/files/ops.json"), 0600) == 0);
	OK(saves_capture(h, &n, &err) == 0 && n == 3);
	IS_INT(mode_of(at("srv/history/000002/ops.json")), 0644);
	IS_INT(mode_of(at("srv/history/000003/ops.json")), 0600);
	gsp_history_close(h);
}

/* A path changes what it is, on either side. */
static void
test_types(void)
{
	struct gsp_history *h;
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_diff both = GSP_DIFF_INIT;
	uint64_t n = 0;

	reset();
	h = saves_open();
	put(at("srv/files/d1/x"), "x", 900); /* home makes it a file; the game leaves it */
	put(at("srv/files/d2/x"), "x", 900); /* home makes it a file; the game edits inside */
	put(at("srv/files/d3/x"), "x", 900); /* the game makes it a file; home adds inside */
	put(at("srv/files/f4"), "f", 900);   /* home makes it a directory; the game leaves it */
	put(at("srv/files/f5"), "f", 900);   /* home makes it a directory; the game edits it */
	put(at("srv/files/d6/x"), "x", 900); /* home makes it a symlink out of the tree */
	put(at("srv/files/outside/y"), "y", 900);
	OK(saves_capture(h, &n, &err) == 0);
	upload(1);
	put(at("machine/d2/x"), "game", 0);
	TREE_NEED(gsp_io_rmtree(at("machine/d3"), &err) == 0);
	put(at("machine/d3"), "file now", 0);
	put(at("machine/f5"), "game", 0);
	TREE_NEED(gsp_io_rmtree(at("srv/files/d1"), &err) == 0);
	put(at("srv/files/d1"), "home file", 0);
	TREE_NEED(gsp_io_rmtree(at("srv/files/d2"), &err) == 0);
	put(at("srv/files/d2"), "home file", 0);
	put(at("srv/files/d3/mine"), "mine", 0);
	TREE_NEED(unlink(at("srv/files/f4")) == 0 && unlink(at("srv/files/f5")) == 0);
	put(at("srv/files/f4/in"), "in", 0);
	put(at("srv/files/f5/in"), "in", 0);
	TREE_NEED(gsp_io_rmtree(at("srv/files/d6"), &err) == 0);
	TREE_NEED(symlink("outside", at("srv/files/d6")) == 0);
	OK(saves_capture(h, &n, &err) == 0 && n == 2);
	OK(saves_down(h, "s1", 1, &n, &err) == 0 && n == 3);
	OK(gsp_history_conflicts(h, 1, 2, 3, &both, &err) == 0);
	OK(gsp_diff_find(&both, "d2") != NULL && gsp_diff_find(&both, "d3/mine") != NULL &&
	    gsp_diff_find(&both, "f5") != NULL && gsp_diff_find(&both, "f5/in") != NULL);
	OK(gsp_diff_find(&both, "d1") == NULL && gsp_diff_find(&both, "f4") == NULL &&
	    gsp_diff_find(&both, "d6") == NULL);
	if (!OK(gsp_history_bring(h, 3, 2, &err) == 0))
		printf("# %s\n", err.msg);
	IS_STR(get(at("srv/files/d1")), "home file");
	IS_STR(get(at("srv/files/d2/x")), "game");
	IS_STR(get(at("srv/files/d3")), "file now");
	IS_STR(get(at("srv/files/f4/in")), "in");
	IS_STR(get(at("srv/files/f5")), "game");
	IS_STR(get(at("srv/history/000002/d3/mine")), "mine");
	IS_STR(get(at("srv/files/outside/y")), "y");
	IS_STR(get(at("srv/files/outside/x")), "(none)");
	gsp_diff_release(&both);
	gsp_history_close(h);
}

/* A push path the game put a symlink in the way of is not followed. */
static void
test_push_trap(void)
{
	struct gsp_history *h;
	struct gsp_err err = GSP_ERR_INIT;
	uint64_t n = 0;

	reset();
	h = saves_open();
	make_world();
	OK(saves_capture(h, &n, &err) == 0);
	upload(1);
	TREE_NEED(gsp_io_rmtree(at("machine/conf"), &err) == 0);
	TREE_NEED(symlink(at("machine/empty"), at("machine/conf")) == 0);
	TREE_NEED(gsp_io_rmtree(at("machine/mods"), &err) == 0);
	if (!OK(saves_down(h, "s1", 1, &n, &err) == 0))
		printf("# %s\n", err.msg);
	IS_STR(saves_damage(h, n), "");
	OK(!gsp_io_exists(at("machine/empty/push")));
	IS_STR(get(at("srv/history/000002/mods/a.jar")), "jar a");
	gsp_history_close(h);
}

static void
tests(void)
{
	test_first();
	test_edits();
	test_down();
	test_left_over();
	test_commit_refuses();
	test_both_edit();
	test_edit_of_edit();
	test_refusals();
	test_garbage();
	test_numbers();
	test_moving();
	test_unreadable();
	test_busy();
	test_times_lie();
	test_types();
	test_push_trap();
}

int
main(void)
{
	if (access("/usr/bin/rsync", X_OK) != 0 && access("/usr/local/bin/rsync", X_OK) != 0)
		SKIP_ALL("rsync is not installed");
	tree_new("history");
	tests();
	saves_as_user(tests);
	return done();
}
