/* gsp/list: walking, comparing, the text of .gsp files. */
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "base/clock.h"
#include "gsp/list.h"
#include "tap.h"
#include "tree.h"

#include "base/banned.h"

static void
note_odd(void *ctx, const char *path, const char *what)
{
	char *text = ctx;
	size_t len = strlen(text);

	(void)snprintf(text + len, 512 - len, "%s=%s ", path, what);
}

static void
test_paths(void)
{
	const char *const tops[] = {"logs", "a/b", NULL};

	OK(gsp_path_under("a", "a"));
	OK(gsp_path_under("a/b", "a"));
	OK(!gsp_path_under("ab", "a"));
	OK(!gsp_path_under("a", "a/b"));
	OK(gsp_path_under_any("a/b/c", tops));
	OK(!gsp_path_under_any("a/bc", tops));
	OK(!gsp_path_under_any("a", NULL));
	OK(gsp_path_clean("a/b.c/.d"));
	OK(gsp_path_clean("..."));
	OK(!gsp_path_clean(""));
	OK(!gsp_path_clean("/a"));
	OK(!gsp_path_clean("a/"));
	OK(!gsp_path_clean("a//b"));
	OK(!gsp_path_clean("a/../b"));
	OK(!gsp_path_clean("."));
	OK(!gsp_path_clean(".."));
}

static void
test_walk(void)
{
	const char *const exclude[] = {"logs", "world/cache", NULL};
	struct gsp_list l = GSP_LIST_INIT;
	struct gsp_err err = GSP_ERR_INIT;
	const struct gsp_entry *e;
	char odd[512] = "";
	uint64_t files, bytes;

	put(at("w/world/level.dat"), "12345", 10);
	put(at("w/world/cache/x"), "no", 10);
	put(at("w/world.old"), "7 bytes", 10);
	put(at("w/logs/latest"), "no", 10);
	put(at("w/logs2"), "", 10);
	TREE_NEED(mkfifo(at("w/fifo"), 0600) == 0);
	TREE_NEED(symlink("../../etc", at("w/link")) == 0);
	TREE_NEED(truncate(at("w/logs2"), 10000000) == 0);
	TREE_NEED(chmod(at("w/world.old"), 06755) == 0);
	TREE_NEED(chmod(at("w/world"), 01770) == 0);
	OK(gsp_list_walk(&l, at("w"), exclude, note_odd, odd, &err) == 0);
	IS_INT(l.n, 5);
	IS_STR(l.v[0].path, "link");
	IS_STR(l.v[0].target, "../../etc");
	IS_STR(l.v[1].path, "logs2");
	IS_STR(l.v[2].path, "world");
	IS_STR(l.v[3].path, "world.old"); /* bytewise: '.' is before '/' */
	IS_STR(l.v[4].path, "world/level.dat");
	e = gsp_list_find(&l, "world");
	OK(e != NULL && e->type == 'd' && e->mode == 0770 && e->size == 0);
	e = gsp_list_find(&l, "world.old");
	OK(e != NULL && e->type == 'f' && e->mode == 0755 && e->size == 7);
	OK(strstr(odd, "fifo=fifo ") != NULL);
	OK(strstr(odd, "logs2=holes ") != NULL);
	OK(strstr(odd, "level.dat=holes") == NULL);
	OK(strstr(odd, "world.old=setuid world.old=setgid ") != NULL);
	OK(strstr(odd, "world=sticky ") != NULL);
	gsp_list_sum(&l, "world", &files, &bytes);
	OK(files == 1 && bytes == 5);
	gsp_list_sum(&l, "", &files, &bytes);
	OK(files == 3 && bytes == 10000012);
	IS_INT(gsp_list_below(&l, "world"), 4);
	IS_INT(gsp_list_below(&l, "logs"), l.n);
	gsp_list_drop(&l, exclude);
	IS_INT(l.n, 5);
	OK(gsp_list_walk(&l, at("nowhere"), NULL, NULL, NULL, &err) == 0 && l.n == 0);
	OK(gsp_list_walk(&l, at("w/logs2"), NULL, NULL, NULL, &err) == -1);
	OK(err.code == GSP_EIO);
	gsp_list_release(&l);
}

static void
add(struct gsp_list *l, const char *path, char type, unsigned mode, uint64_t size, int64_t mtime,
    const char *sum, const char *target)
{
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_entry e;

	memset(&e, 0, sizeof(e));
	e.path = (char *)(uintptr_t)path;
	e.type = type;
	e.mode = mode;
	e.size = size;
	e.mtime_s = mtime;
	(void)snprintf(e.sum, sizeof(e.sum), "%s", sum);
	e.target = (char *)(uintptr_t)target;
	TREE_NEED(gsp_list_add(l, &e, &err) == 0);
}

#define SUM_A "0123456789abcdef0123456789abcdef"
#define SUM_B "00000000000000000000000000000001"

static void
test_diff(void)
{
	struct gsp_list a = GSP_LIST_INIT, b = GSP_LIST_INIT;
	struct gsp_diff d = GSP_DIFF_INIT;
	struct gsp_err err = GSP_ERR_INIT;

	add(&a, "dir", 'd', 0755, 0, 1, "", NULL);
	add(&b, "dir", 'd', 0755, 0, 2, "", NULL); /* times of directories are nothing */
	add(&a, "dir2", 'd', 0700, 0, 1, "", NULL);
	add(&b, "dir2", 'd', 0755, 0, 1, "", NULL);
	add(&a, "dir3", 'd', GSP_MODE_UNKNOWN, 0, 1, "", NULL);
	add(&b, "dir3", 'd', 0755, 0, 1, "", NULL);
	add(&a, "gone", 'f', 0644, 3, 1, "", NULL);
	add(&a, "link", 'l', 0777, 0, 1, "", "x");
	add(&b, "link", 'l', 0777, 0, 2, "", "x");
	add(&a, "link2", 'l', 0777, 0, 1, "", "x");
	add(&b, "link2", 'l', 0777, 0, 1, "", "y");
	add(&a, "mode", 'f', 0644, 3, 1, SUM_A, NULL);
	add(&b, "mode", 'f', 0600, 3, 1, SUM_A, NULL);
	add(&b, "new", 'f', 0644, 3, 1, "", NULL);
	add(&a, "one-sum", 'f', 0644, 3, 1, SUM_A, NULL);
	add(&b, "one-sum", 'f', 0644, 3, 1, "", NULL);
	add(&a, "sum", 'f', 0644, 3, 1, SUM_A, NULL);
	add(&b, "sum", 'f', 0644, 3, 1, SUM_B, NULL);
	add(&a, "time", 'f', 0644, 3, 1, "", NULL);
	add(&b, "time", 'f', 0644, 3, 2, "", NULL);
	add(&a, "touched", 'f', 0644, 3, 1, SUM_A, NULL);
	add(&b, "touched", 'f', 0644, 3, 2, SUM_A, NULL);
	add(&a, "type", 'f', 0644, 3, 1, SUM_A, NULL);
	add(&b, "type", 'd', 0755, 0, 1, "", NULL);
	OK(gsp_list_diff(&d, &a, &b, &err) == 0);
	IS_INT(d.n, 8);
	OK(d.n == 8 && d.v[0].change == GSP_CHANGED && strcmp(d.v[0].path, "dir2") == 0);
	OK(d.n == 8 && d.v[1].change == GSP_REMOVED && strcmp(d.v[1].path, "gone") == 0);
	OK(gsp_diff_find(&d, "link2") != NULL && gsp_diff_find(&d, "link") == NULL);
	OK(gsp_diff_find(&d, "mode") != NULL && gsp_diff_find(&d, "sum") != NULL);
	OK(gsp_diff_find(&d, "new") != NULL && gsp_diff_find(&d, "new")->change == GSP_ADDED);
	OK(gsp_diff_find(&d, "one-sum") == NULL && gsp_diff_find(&d, "touched") == NULL);
	OK(gsp_diff_find(&d, "time") != NULL && gsp_diff_find(&d, "type") != NULL);
	gsp_diff_release(&d);
	gsp_list_release(&a);
	gsp_list_release(&b);
}

static void
test_text(void)
{
	struct gsp_list a = GSP_LIST_INIT, b = GSP_LIST_INIT;
	struct gsp_buf t = GSP_BUF_INIT(4096), u = GSP_BUF_INIT(4096);
	struct gsp_diff d = GSP_DIFF_INIT;
	struct gsp_err err = GSP_ERR_INIT;

	add(&a, "a b\n\\\x7f", 'f', 0640, UINT64_C(123456789012), 1700000000, SUM_A, NULL);
	add(&a, "dir", 'd', 0755, 0, -5, "", NULL);
	add(&a, "h\xc3\xa9\xff", 'f', 0, 0, 0, "", NULL);
	add(&a, "ln -> k", 'l', 0777, 0, 1, "", "t\tg t");
	a.v[0].mtime_ns = 7;
	gsp_list_print(&t, &a);
	OK(strstr(gsp_buf_str(&t), "f 0640 123456789012 1700000000.000000007 " SUM_A
				   " a\\040b\\012\\134\\177\n") == gsp_buf_str(&t));
	OK(strstr(gsp_buf_str(&t), "\nl 0777 0 1.000000000 - ln\\040->\\040k\tt\\011g\\040t\n") != NULL);
	OK(gsp_list_parse(&b, t.data, t.len, &err) == 0);
	IS_INT(b.n, 4);
	OK(gsp_list_diff(&d, &a, &b, &err) == 0 && d.n == 0);
	OK(b.n == 4 && b.v[1].mtime_s == -5 && b.v[0].mtime_ns == 7);
	gsp_list_print(&u, &b);
	IS_STR(gsp_buf_str(&u), gsp_buf_str(&t));
	/* every shorter text is damaged, or ends at a line's end */
	for (size_t n = 0; n < t.len; n++) {
		bool whole = n == 0 || t.data[n - 1] == '\n';

		err.msg[0] = '\0';
		if ((gsp_list_parse(&b, t.data, n, &err) == 0) != whole) {
			printf("# cut at %zu\n", n);
			OK(!"cut text");
		}
	}
	gsp_list_release(&a);
	gsp_list_release(&b);
	gsp_diff_release(&d);
	gsp_buf_release(&t);
	gsp_buf_release(&u);
}

static void
test_damage(void)
{
	static const char *const bad[] = {
	    "f 0644 1 1.000000000 - ../a\n",
	    "f 0644 1 1.000000000 - /a\n",
	    "f 0644 1 1.000000000 - a/\n",
	    "f 0644 1 1.000000000 - a b\n",
	    "f 0644 1 1.000000000 - a\\000\n",
	    "f 0644 1 1.000000000 - a\\101\n",
	    "f 0644 1 1.000000000 - a\\04\n",
	    "f 0644 1 1.000000000 - \n",
	    "f 0644 1 1.000000000 abc a\n",
	    "f 0644 1 1.0 - a\n",
	    "f 0644 1 1 - a\n",
	    "f 0644 -1 1.000000000 - a\n",
	    "f 0644 99999999999999999999 1.000000000 - a\n",
	    "f 4755 1 1.000000000 - a\n",
	    "f 644 1 1.000000000 - a\n",
	    "x 0644 1 1.000000000 - a\n",
	    "\n",
	    "l 0777 0 1.000000000 - a\n",
	    "f 0644 1 1.000000000 - a\tb\n",
	    "f 0644 1 1.000000000 - b\nf 0644 1 1.000000000 - a\n",
	    "f 0644 1 1.000000000 - a\nf 0644 1 1.000000000 - a\n",
	};
	struct gsp_list l = GSP_LIST_INIT;
	struct gsp_err err = GSP_ERR_INIT;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		err.code = GSP_OK;
		if (!OK(gsp_list_parse(&l, bad[i], strlen(bad[i]), &err) == -1 && err.code == GSP_EIO))
			printf("# %s", bad[i]);
	}
	IS_STR(err.msg, "line 3 is not after the one before it");
	gsp_list_release(&l);
}

static void
test_large(void)
{
	struct gsp_list l = GSP_LIST_INIT, m = GSP_LIST_INIT;
	struct gsp_buf t = GSP_BUF_INIT((size_t)1 << 26);
	struct gsp_err err = GSP_ERR_INIT;
	char path[64];
	int64_t from;

	for (int i = 0; i < 100000; i++) {
		(void)snprintf(path, sizeof(path), "world/region/r.%06d.mca", i);
		add(&l, path, 'f', 0644, 4096, 1700000000 + i, SUM_A, NULL);
	}
	gsp_list_print(&t, &l);
	from = gsp_now_ms();
	OK(gsp_list_parse(&m, t.data, t.len, &err) == 0 && m.n == 100000);
	printf("# 100,000 lines in %d ms\n", (int)(gsp_now_ms() - from));
	gsp_list_release(&l);
	gsp_list_release(&m);
	gsp_buf_release(&t);
}

int
main(void)
{
	tree_new("list");
	test_paths();
	test_walk();
	test_diff();
	test_text();
	test_damage();
	test_large();
	return done();
}
