/* gsp/suspect: saves that look like saves, and those that do not. */
#include <stdint.h>

#include "gsp/suspect.h"
#include "tap.h"

#include "base/banned.h"

static void
add(struct gsp_list *l, const char *path, char type, uint64_t size)
{
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_entry e;

	memset(&e, 0, sizeof(e));
	e.path = (char *)(uintptr_t)path;
	e.type = type;
	e.size = type == 'f' ? size : 0;
	if (type == 'l')
		e.target = (char *)(uintptr_t)"target";
	if (gsp_list_add(l, &e, &err) == -1)
		exit(1);
	gsp_list_sort(l);
}

static const char *
check(const struct gsp_list *parent, const struct gsp_list *now, const char *const *saves)
{
	static const char *const push[] = {"mods", NULL};
	static char text[512];
	struct gsp_buf why = GSP_BUF_INIT(512);
	struct gsp_err err = GSP_ERR_INIT;
	bool suspect = false;

	OK(gsp_suspect_check(parent, now, saves, push, &why, &suspect, &err) == 0);
	OK(suspect == (why.len > 0));
	(void)snprintf(text, sizeof(text), "%s", gsp_buf_str(&why));
	gsp_buf_release(&why);
	return text;
}

int
main(void)
{
	static const char *const world[] = {"world", NULL}, *const two[] = {"world", "db", NULL};
	struct gsp_list was = GSP_LIST_INIT, is = GSP_LIST_INIT;
	struct gsp_buf tiny = GSP_BUF_INIT(8);
	struct gsp_err err = GSP_ERR_INIT;
	bool suspect = false;

	IS_STR(check(NULL, &is, world), "the save path 'world' is not there");
	IS_STR(check(NULL, &is, NULL), "the saved tree holds no file");
	add(&is, "world", 'd', 0);
	add(&is, "mods/a.jar", 'f', 5000);
	add(&is, "worldly", 'f', 10);
	IS_STR(check(NULL, &is, world), "the save path 'world' holds no file");
	add(&is, "world/level.dat", 'f', 0);
	IS_STR(check(NULL, &is, world), "the save path 'world' holds only empty files: 1 of them");
	add(&is, "world/a", 'f', 50);
	IS_STR(check(NULL, &is, world), "");
	IS_STR(check(NULL, &is, NULL), "");

	add(&was, "world/level.dat", 'f', 10);
	add(&was, "world/a", 'f', 90);
	IS_STR(check(&was, &is, world), ""); /* exactly half is not more than half lost */
	add(&was, "world/b", 'f', 1);
	IS_STR(check(&was, &is, world), "the save path 'world' shrank by more than half in bytes: "
					"from 101 B in 3 files to 50 B in 2 files");
	gsp_list_release(&was);
	add(&was, "world/level.dat", 'f', 10);
	for (int i = 0; i < 4; i++) {
		static const char *const names[] = {"world/p1", "world/p2", "world/p3", "world/p4"};

		add(&was, names[i], 'f', 1);
	}
	IS_STR(check(&was, &is, world), "the save path 'world' shrank by more than half in files: "
					"from 14 B in 5 files to 50 B in 2 files");
	IS_STR(check(&was, &is, two),
	    "the save path 'world' shrank by more than half in files: from 14 B in 5 files to 50 B in 2 "
	    "files; the save path 'db' is not there");
	add(&was, "db", 'f', 3000000);
	add(&is, "db", 'f', 0);
	IS_STR(check(&was, &is, two),
	    "the save path 'world' shrank by more than half in files: from 14 B in 5 files to 50 B in 2 "
	    "files; the save path 'db' holds only empty files: 1 of them (before: 3.0 MB in 1 file)");
	/* the whole tree, but never the push paths */
	gsp_list_release(&was);
	gsp_list_release(&is);
	add(&was, "save", 'f', 100);
	add(&was, "mods/a", 'f', 100000);
	add(&is, "save", 'f', 60);
	IS_STR(check(&was, &is, NULL), "");
	gsp_list_release(&is);
	add(&is, "save", 'f', 49);
	add(&is, "mods/a", 'f', 100000);
	IS_STR(check(&was, &is, NULL),
	    "the saved tree shrank by more than half in bytes: from 100 B in 1 file to 49 B in 1 file");
	/* sizes near the top of the range */
	gsp_list_release(&was);
	add(&was, "save", 'f', UINT64_MAX);
	IS_STR(check(&was, &was, NULL), "");
	add(&is, "link", 'l', 0);
	gsp_list_release(&is);
	add(&is, "save", 'l', 0);
	IS_STR(check(NULL, &is, NULL), "");
	/* too many reasons are still a suspect save */
	gsp_list_release(&is);
	OK(gsp_suspect_check(NULL, &is, world, NULL, &tiny, &suspect, &err) == -1);
	OK(suspect && err.code == GSP_ELIMIT);
	gsp_buf_release(&tiny);
	gsp_list_release(&was);
	return done();
}
