/*
 * gsp/merge: which edits stay. Known cases on lists, then random trees that two sides change,
 * brought together by the real thing and judged by rules that know nothing of how it works.
 */
#include "gsp/merge.h"
#include "saves.h"
#include "sys/proc.h"

#include "base/banned.h"

/* "path=content" makes a file, "path/" a directory; a content is its own checksum here. */
static void
fill(struct gsp_list *l, const char *const *what)
{
	struct gsp_err err = GSP_ERR_INIT;

	for (; *what != NULL; what++) {
		char text[64];
		struct gsp_entry e;
		char *eq;

		(void)snprintf(text, sizeof(text), "%s", *what);
		memset(&e, 0, sizeof(e));
		e.path = text;
		e.type = 'd';
		e.mode = 0755;
		if ((eq = strchr(text, '=')) != NULL) {
			*eq = '\0';
			e.type = 'f';
			e.mode = 0644;
			e.size = 1;
			(void)snprintf(e.sum, sizeof(e.sum), "%032d", eq[1]);
		} else {
			text[strlen(text) - 1] = '\0';
		}
		TREE_NEED(gsp_list_add(l, &e, &err) == 0);
	}
	gsp_list_sort(l);
}

static void
show(struct gsp_buf *out, const struct gsp_diff *d)
{
	for (size_t i = 0; i < d->n; i++)
		gsp_buf_addf(out, "%s%c%s", i > 0 ? " " : "", (char)d->v[i].change, d->v[i].path);
}

#define PATHS(...) (const char *const[]){__VA_ARGS__, NULL}

static void
test_case(const char *const *base, const char *const *edit, const char *const *game,
    const char *want)
{
	static const char *const skip[] = {"push", NULL};
	struct gsp_list b = GSP_LIST_INIT, e = GSP_LIST_INIT, g = GSP_LIST_INIT;
	struct gsp_merge m = GSP_MERGE_INIT;
	struct gsp_buf t = GSP_BUF_INIT(1024), s = GSP_BUF_INIT(1024);
	struct gsp_err err = GSP_ERR_INIT;

	fill(&b, base);
	fill(&e, edit);
	fill(&g, game);
	OK(gsp_merge_make(&m, &b, &e, &g, skip, &err) == 0);
	OK(gsp_merge_shields(&m, &e, &g, &s, &err) == 0);
	show(&t, &m.kept);
	gsp_buf_adds(&t, " | ");
	show(&t, &m.both);
	gsp_buf_adds(&t, " |");
	for (size_t i = 0; i < s.len; i += strlen(s.data + i) + 1)
		gsp_buf_addf(&t, " %s", s.data + i);
	IS_STR(gsp_buf_str(&t), want);
	gsp_merge_release(&m);
	gsp_list_release(&b);
	gsp_list_release(&e);
	gsp_list_release(&g);
	gsp_buf_release(&t);
	gsp_buf_release(&s);
}

static void
test_cases(void)
{
	/* nothing, home alone, the game alone, both, both the same */
	test_case(PATHS("a=1"), PATHS("a=1"), PATHS("a=1"), " |  |");
	test_case(PATHS("a=1"), PATHS("a=2"), PATHS("a=1"), "~a |  | /a");
	test_case(PATHS("a=1"), PATHS("a=1"), PATHS("a=2"), " |  |");
	test_case(PATHS("a=1"), PATHS("a=2"), PATHS("a=3"), " | ~a |");
	test_case(PATHS("a=1"), PATHS("a=2"), PATHS("a=2"), " |  |");
	/* deleted here, changed there; and the other way round; deleted by both */
	test_case(PATHS("a=1", "b=1", "c=1"), PATHS("b=2"), PATHS("a=2"), " | -a ~b |");
	/* additions */
	test_case(PATHS("a=1"), PATHS("a=1", "d/", "d/x=1"), PATHS("a=1"), "+d +d/x |  | /d");
	test_case(PATHS("a=1"), PATHS("a=1", "d/", "d/x=1"), PATHS("a=1", "d/", "d/y=1"),
	    "+d/x |  | /d/x");
	/* a directory deleted here: all of it, unless the game has something new in it */
	test_case(PATHS("d/", "d/x=1"), PATHS("a=1"), PATHS("d/", "d/x=1"),
	    "+a -d -d/x |  | /a /d");
	test_case(PATHS("d/", "d/x=1"), PATHS("a=1"), PATHS("d/", "d/x=1", "d/y=1"),
	    "+a -d/x |  | /a /d/x");
	test_case(PATHS("d/", "d/e/", "d/e/x=1"), PATHS("a=1"), PATHS("d/", "d/e/", "d/e/x=2"),
	    "+a | -d/e/x | /a");
	/* a directory deleted there */
	test_case(PATHS("d/", "d/x=1"), PATHS("d/", "d/x=1", "d/y=1"), PATHS("a=1"),
	    "+d/y |  | /d/y");
	/* a file here, a directory there */
	test_case(PATHS("d/", "d/x=1"), PATHS("d=1"), PATHS("d/", "d/x=1"), "~d -d/x |  | /d");
	test_case(PATHS("d/", "d/x=1"), PATHS("d=1"), PATHS("d/", "d/x=2"), " | ~d -d/x |");
	test_case(PATHS("d/", "d/x=1"), PATHS("d/", "d/x=1", "d/y=1"), PATHS("d=1"), " | +d/y |");
	test_case(PATHS("f=1"), PATHS("f/", "f/x=1"), PATHS("f=1"), "~f +f/x |  | /f");
	test_case(PATHS("f=1"), PATHS("f/", "f/x=1"), PATHS("f=2"), " | ~f +f/x |");
	/* names that sort between a directory and what is in it; patterns */
	test_case(PATHS("d/", "d/x=1", "d.b=1"), PATHS("d.b=2"), PATHS("d/", "d/x=1", "d.b=1"),
	    "-d ~d.b -d/x |  | /d /d.b /d/x");
	test_case(PATHS("a*=1"), PATHS("a*=2"), PATHS("a*=1"), "~a* |  | /a\\*");
	/* what nobody may touch */
	test_case(PATHS("push/", "push/a=1"), PATHS("push/", "push/a=2"), PATHS("a=1"), " |  |");
}

static unsigned seed;

static unsigned
dice(unsigned n)
{
	seed = seed * 1103515245u + 12345u;
	return (seed >> 16) % n;
}

/* A few strokes of change below dir; each content says who wrote it. */
static void
scribble(const char *dir, const char *who, int strokes)
{
	static const char *const names[] = {"a", "b", "c*", "d.e", "nl\nx"};
	struct gsp_err err = GSP_ERR_INIT;

	for (int i = 0; i < strokes; i++) {
		char path[256] = "", above[256], text[32];
		unsigned depth = 1 + dice(3);
		bool blocked = false;

		for (unsigned d = 0; d < depth; d++) {
			size_t len = strlen(path);
			struct stat st;

			(void)snprintf(path + len, sizeof(path) - len, "/%s", names[dice(5)]);
			(void)snprintf(above, sizeof(above), "%s%s", dir, path);
			if (d + 1 < depth && lstat(above, &st) == 0 && !S_ISDIR(st.st_mode))
				blocked = true;
		}
		(void)snprintf(above, sizeof(above), "%s%s", dir, path);
		(void)snprintf(text, sizeof(text), "%s %d", who, i);
		if (blocked)
			continue;
		switch (dice(4)) {
		case 0: TREE_NEED(gsp_io_rmtree(above, &err) == 0); break;
		case 1:
			if (gsp_io_is_dir(above))
				TREE_NEED(chmod(above, 0700 + dice(64)) == 0);
			break;
		default: /* a file, in the place of whatever is there */
			TREE_NEED(gsp_io_rmtree(above, &err) == 0);
			put(above, text, 1 + (int)dice(1000));
		}
	}
}

static bool
related(const struct gsp_diff *d, const char *path)
{
	for (size_t i = 0; i < d->n; i++)
		if (gsp_path_under(d->v[i].path, path) || gsp_path_under(path, d->v[i].path))
			return true;
	return false;
}

/* Paths that only one side went near must be as that side left them. */
static int
count_wrong(const struct gsp_diff *one, const struct gsp_diff *other,
    const struct gsp_list *should, const struct gsp_list *is)
{
	int wrong = 0;

	for (size_t i = 0; i < one->n; i++) {
		const struct gsp_entry *a = gsp_list_find(should, one->v[i].path);
		const struct gsp_entry *b = gsp_list_find(is, one->v[i].path);

		if (related(other, one->v[i].path))
			continue;
		if ((a == NULL) != (b == NULL) || (a != NULL && !gsp_entry_same(a, b))) {
			printf("# wrong: %s\n", one->v[i].path);
			wrong++;
		}
	}
	return wrong;
}

static void
test_random(unsigned s)
{
	struct gsp_list l[4] = {GSP_LIST_INIT, GSP_LIST_INIT, GSP_LIST_INIT, GSP_LIST_INIT};
	struct gsp_diff home = GSP_DIFF_INIT, there = GSP_DIFF_INIT;
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_history *h;
	uint64_t n = 0;
	char dir[PATH_MAX];

	seed = s;
	TREE_NEED(gsp_io_rmtree(at("srv"), &err) == 0 && gsp_io_rmtree(at("machine"), &err) == 0);
	(void)snprintf(dir, sizeof(dir), "%s", at("machine"));
	TREE_NEED(mkdir(dir, 0755) == 0);
	h = saves_open();
	put(at("srv/files/always"), "x", 2000);
	(void)snprintf(dir, sizeof(dir), "%s", at("srv/files"));
	scribble(dir, "base", 20);
	TREE_NEED(saves_capture(h, &n, &err) == 0);
	TREE_NEED(rmdir(at("machine")) == 0);
	{
		const char *const cp[] = {"cp", "-a", at("srv/files"), at("machine"), NULL};
		int status = -1;

		TREE_NEED(gsp_proc_run(cp, NULL, &status, &err) == 0 && status == 0);
	}
	scribble(dir, "home", 8);
	(void)snprintf(dir, sizeof(dir), "%s", at("machine"));
	scribble(dir, "game", 8);
	if (!OK(saves_capture(h, &n, &err) == 0 && saves_down(h, "s1", 1, &n, &err) == 0 && n == 3 &&
		gsp_history_bring(h, 3, 2, &err) == 0))
		printf("# seed %u: %s\n", s, err.msg);
	for (int i = 0; i < 3; i++)
		TREE_NEED(gsp_history_list(h, (uint64_t)i + 1, &l[i], &err) == 0);
	TREE_NEED(gsp_list_walk(&l[3], at("srv/files"), NULL, NULL, NULL, &err) == 0);
	TREE_NEED(gsp_list_diff(&home, &l[0], &l[1], &err) == 0 &&
	    gsp_list_diff(&there, &l[0], &l[2], &err) == 0);
	if (!OK(count_wrong(&home, &there, &l[1], &l[3]) == 0) ||
	    !OK(count_wrong(&there, &home, &l[2], &l[3]) == 0))
		printf("# seed %u\n", s);
	for (int i = 0; i < 4; i++)
		gsp_list_release(&l[i]);
	gsp_diff_release(&home);
	gsp_diff_release(&there);
	gsp_history_close(h);
}

int
main(int argc, char **argv)
{
	unsigned seeds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 8;

	tree_new("merge");
	test_cases();
	if (access("/usr/bin/rsync", X_OK) != 0 && access("/usr/local/bin/rsync", X_OK) != 0)
		SKIP("rsync is not installed");
	else
		for (unsigned s = 1; s <= seeds; s++)
			test_random(s);
	return done();
}
