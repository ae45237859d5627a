/* gsp/usage, gsp/compare, gsp/verify, gsp/history's look: as root and as somebody without
 * privileges. */
#include "gsp/compare.h"
#include "gsp/inodes.h"
#include "gsp/usage.h"
#include "gsp/verify.h"
#include "saves.h"
#include "sys/sum.h"

#include "base/banned.h"

static void
reset(void)
{
	struct gsp_err err = GSP_ERR_INIT;

	TREE_NEED(gsp_io_rmtree(at("srv"), &err) == 0);
}

static struct gsp_history *
look(void)
{
	struct gsp_history_opts o = {at("srv"), "h4f8k2m9", "vanilla", saves_exclude, saves_push, -1};
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_history *h = NULL;

	if (!OK(gsp_history_look(&h, &o, &err) == 0))
		printf("# %s\n", err.msg);
	return h;
}

/* Three generations: 2 changes one file, 3 adds another. */
static void
make_three(void)
{
	struct gsp_history *h;
	struct gsp_err err = GSP_ERR_INIT;
	uint64_t n;

	reset();
	h = saves_open();
	put(at("srv/files/world/level"), "1234567", 1000);
	put(at("srv/files/world/big"), "0123456789", 1000);
	put(at("srv/files/world/deep/down/x"), "xx", 1000);
	put(at("srv/files/readme"), "hello", 1000);
	put(at("srv/files/a\nb \\c"), "odd", 1000);
	put(at("srv/files/empty"), "", 1000);
	TREE_NEED(symlink("readme", at("srv/files/link")) == 0);
	TREE_NEED(chmod(at("srv/files/world/level"), 0640) == 0);
	TREE_NEED(saves_capture(h, &n, &err) == 0 && n == 1);
	put(at("srv/files/world/level"), "7654321", 900);
	TREE_NEED(chmod(at("srv/files/world/level"), 0640) == 0);
	TREE_NEED(saves_capture(h, &n, &err) == 0 && n == 2);
	put(at("srv/files/new"), "new one", 800);
	TREE_NEED(saves_capture(h, &n, &err) == 0 && n == 3);
	gsp_history_close(h);
}

/* ---- sums ---- */

static void
test_sum(void)
{
	static const size_t sizes[] = {0, 1, 16, 17, 128, 129, 240, 241, 1024, 300000};
	struct gsp_history *h;
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_list l = GSP_LIST_INIT;
	const struct gsp_entry *e;
	char hex[GSP_SUM_TEXT];
	uint64_t n, size;
	char *text;

	reset();
	h = saves_open();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		TREE_NEED((text = malloc(sizes[i] + 1)) != NULL);
		for (size_t k = 0; k < sizes[i]; k++)
			text[k] = (char)('a' + (k * k + i) % 26);
		text[sizes[i]] = '\0';
		put(at("srv/files/f%zu", i), text, 100);
		free(text);
	}
	TREE_NEED(saves_capture(h, &n, &err) == 0);
	OK(gsp_history_list(h, 1, &l, &err) == 0);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		int fd = open(at("srv/files/f%zu", i), O_RDONLY | O_CLOEXEC);

		TREE_NEED(fd != -1);
		OK(gsp_sum_fd(hex, &size, fd, "f", NULL, NULL, &err) == 0);
		close(fd);
		IS_INT(size, sizes[i]);
		e = gsp_list_find(&l, at("f%zu", i) + strlen(tree_root) + 1);
		IS_STR(hex, e != NULL ? e->sum : NULL); /* what rsync printed */
	}
	{
		int fd = open(at("srv/files"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		TREE_NEED(fd != -1);
		OK(gsp_sum_fd(hex, &size, fd, "dir", NULL, NULL, &err) == -1 && err.code == GSP_EIO &&
		    err.detail == EISDIR);
		close(fd);
	}
	gsp_list_release(&l);
	gsp_history_close(h);
}

/* ---- own and shared ---- */

static void
use_is(struct gsp_usage *u, int n, uint64_t files, uint64_t bytes, uint64_t own, uint64_t fresh)
{
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_use use = {0, 0, 0, 0};

	if (!OK(gsp_usage_measure(u, at("srv/history/%06d", n), &use, &err) == 0))
		printf("# %s\n", err.msg);
	IS_INT(use.files, files);
	IS_INT(use.bytes, bytes);
	IS_INT(use.own, own);
	IS_INT(use.fresh, fresh);
}

static void
test_usage(void)
{
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_usage *u;
	struct gsp_use use;

	make_three();
	OK(gsp_usage_new(&u, &err) == 0);
	use_is(u, 3, 7, 34, 7, 34);
	use_is(u, 2, 6, 27, 0, 0); /* its level is in 3, too */
	use_is(u, 1, 6, 27, 7, 7); /* the old level */
	gsp_usage_free(u);
	/* the same whatever was looked at before */
	OK(gsp_usage_new(&u, &err) == 0);
	use_is(u, 1, 6, 27, 7, 27);
	/* a name outside holds it: removing the generation would free nothing */
	TREE_NEED(link(at("srv/history/000003/new"), at("srv/outside")) == 0);
	use_is(u, 3, 7, 34, 0, 14);
	TREE_NEED(unlink(at("srv/outside")) == 0);
	gsp_usage_free(u);
	/* two names within one generation, and nowhere else */
	OK(gsp_usage_new(&u, &err) == 0);
	TREE_NEED(mkdir(at("srv/history/000004"), 0755) == 0);
	put(at("srv/history/000004/a"), "12345", 0);
	TREE_NEED(link(at("srv/history/000004/a"), at("srv/history/000004/b")) == 0);
	TREE_NEED(symlink("a", at("srv/history/000004/l")) == 0);
	use_is(u, 4, 2, 10, 5, 5);
	use_is(u, 5, 0, 0, 0, 0); /* pruned meanwhile */
	if (geteuid() != 0) {
		TREE_NEED(mkdir(at("srv/history/000004/shut"), 0) == 0);
		OK(gsp_usage_measure(u, at("srv/history/000004"), &use, &err) == -1 &&
		    err.code == GSP_EIO && strstr(err.msg, "000004/shut") != NULL);
	}
	gsp_usage_free(u);
}

static void
test_inodes(void)
{
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_inodes t;
	uint32_t *v;
	bool same = true;

	gsp_inodes_init(&t, sizeof(*v));
	OK(gsp_inodes_find(&t, 7) == NULL && gsp_inodes_find(&t, 0) == NULL);
	for (uint64_t i = 1; i <= 50000; i++) {
		v = gsp_inodes_add(&t, i << (i % 3 == 0 ? 32 : 0), &err);
		TREE_NEED(v != NULL);
		same = same && *v == 0;
		*v = (uint32_t)i;
	}
	for (uint64_t i = 1; i <= 50000; i++) {
		v = gsp_inodes_find(&t, i << (i % 3 == 0 ? 32 : 0));
		same = same && v != NULL && *v == i;
	}
	OK(same && gsp_inodes_find(&t, 50001) == NULL && gsp_inodes_find(&t, 3) == NULL);
	gsp_inodes_release(&t);
}

/* ---- what differs ---- */

/* "~level(content)7>7 +new>7": each delta in short. */
static const char *
deltas_text(const struct gsp_deltas *d)
{
	static char text[2048];
	size_t n = 0;

	text[0] = '\0';
	for (size_t i = 0; i < d->n && n < sizeof(text); i++) {
		const struct gsp_delta *x = &d->v[i];

		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%c%s%s%s%s", i > 0 ? " " : "",
		    (char)x->change, gsp_delta_path(x), x->what != NULL ? "(" : "",
		    x->what != NULL ? x->what : "", x->what != NULL ? ")" : "");
	}
	return text;
}

static const char *
files_differ(uint64_t n)
{
	static char text[2048];
	struct gsp_list was = GSP_LIST_INIT, is = GSP_LIST_INIT;
	struct gsp_deltas d = GSP_DELTAS_INIT;
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_history *h = look();

	OK(gsp_history_list(h, n, &was, &err) == 0);
	if (!OK(gsp_compare_files(h, &was, &is, &err) == 0))
		printf("# %s\n", err.msg);
	OK(gsp_deltas_make(&d, &was, &is, &err) == 0);
	(void)snprintf(text, sizeof(text), "%s", deltas_text(&d));
	gsp_deltas_release(&d);
	gsp_list_release(&was);
	gsp_list_release(&is);
	gsp_history_close(h);
	return text;
}

static void
test_compare(void)
{
	struct gsp_list a = GSP_LIST_INIT, b = GSP_LIST_INIT;
	struct gsp_deltas d = GSP_DELTAS_INIT;
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_history *h;

	make_three();
	h = look();
	OK(gsp_history_list(h, 1, &a, &err) == 0 && gsp_history_list(h, 3, &b, &err) == 0);
	OK(gsp_deltas_make(&d, &a, &b, &err) == 0);
	IS_STR(deltas_text(&d), "+new ~world/level(content)");
	gsp_deltas_release(&d);
	OK(gsp_deltas_make(&d, &b, &a, &err) == 0);
	IS_STR(deltas_text(&d), "-new ~world/level(content)");
	gsp_deltas_by_size(&d); /* as large: by path */
	IS_STR(deltas_text(&d), "-new ~world/level(content)");
	gsp_deltas_release(&d);
	gsp_list_release(&b);
	OK(gsp_deltas_make(&d, &b, &a, &err) == 0);
	gsp_deltas_by_size(&d);
	OK(strncmp(deltas_text(&d), "+world/big +world/level ", 24) == 0);
	gsp_deltas_release(&d);
	gsp_list_release(&a);
	gsp_history_close(h);
	/* files/: only touched is no difference; same size and another byte is one */
	IS_STR(files_differ(3), "");
	put(at("srv/files/readme"), "hello", 5);
	put(at("srv/files/world/big"), "012345678X", 5);
	put(at("srv/files/logs/noise"), "noise", 5); /* excluded */
	TREE_NEED(chmod(at("srv/files/new"), 0600) == 0);
	TREE_NEED(unlink(at("srv/files/link")) == 0 && symlink("new", at("srv/files/link")) == 0);
	TREE_NEED(unlink(at("srv/files/empty")) == 0 && mkdir(at("srv/files/empty"), 0755) == 0);
	TREE_NEED(unlink(at("srv/files/world/deep/down/x")) == 0);
	IS_STR(files_differ(3), "~empty(type) ~link(target) ~new(mode) ~world/big(content) "
	    "-world/deep/down/x");
	IS_STR(get(at("srv/history/BASE")), "3\n");
}

/* ---- verify ---- */

struct seen {
	char findings[4096], results[512];
};

static int
on_finding(void *ctx, const struct gsp_verify_finding *f, struct gsp_err *err)
{
	struct seen *s = ctx;
	size_t n = strlen(s->findings);

	(void)err;
	(void)snprintf(s->findings + n, sizeof(s->findings) - n, "%s%" PRIu64 " %s %s",
	    n > 0 ? "; " : "", f->generation, gsp_verify_problem_name(f->problem), f->path);
	return 0;
}

static int
on_result(void *ctx, const struct gsp_verify_result *r, struct gsp_err *err)
{
	struct seen *s = ctx;
	size_t n = strlen(s->results);

	(void)err;
	(void)snprintf(s->results + n, sizeof(s->results) - n, "%s%" PRIu64 " %s", n > 0 ? ", " : "",
	    r->generation, gsp_verify_verdict_name(r->verdict));
	return 0;
}

/* What verify says of generation ${only} or of all, and the error. */
static const struct seen *
verified(uint64_t only, struct gsp_err *err)
{
	static struct seen s;
	struct gsp_history *h = look();
	struct gsp_verify_opts o = {h, "vanilla", only, NULL, on_finding, on_result, &s};

	memset(&s, 0, sizeof(s));
	gsp_err_clear(err);
	(void)gsp_verify_run(&o, err);
	gsp_history_close(h);
	return &s;
}

/* Change one byte of a file in place and keep its time. */
static void
flip(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	struct stat st;
	char c;

	TREE_NEED(fd != -1 && fstat(fd, &st) == 0);
	TREE_NEED(pread(fd, &c, 1, st.st_size / 2) == 1);
	c = (char)(c ^ 1);
	TREE_NEED(pwrite(fd, &c, 1, st.st_size / 2) == 1);
	TREE_NEED(futimens(fd, (struct timespec[2]){st.st_atim, st.st_mtim}) == 0);
	close(fd);
}

static void
unlock(const char *dir)
{
	TREE_NEED(chmod(dir, 0755) == 0);
}

static void
lock(const char *dir)
{
	TREE_NEED(chmod(dir, 0555) == 0);
}

static void
test_verify_good(void)
{
	struct gsp_err err = GSP_ERR_INIT;
	const struct seen *s;

	make_three();
	s = verified(0, &err);
	IS_STR(err.msg, "");
	IS_STR(s->findings, "");
	IS_STR(s->results, "3 good, 2 good, 1 good");
	IS_STR(verified(2, &err)->results, "2 good");
	IS_STR(verified(9, &err)->results, "");
	OK(err.code == GSP_EUNAVAIL && strstr(err.msg, "no generation 9") != NULL);
	reset();
	IS_STR(verified(0, &err)->results, ""); /* no directory at all */
	OK(err.code == GSP_OK && !gsp_io_exists(at("srv")));
}

static void
test_verify_bytes(void)
{
	struct gsp_err err = GSP_ERR_INIT;
	const struct seen *s;

	make_three();
	flip(at("srv/history/000001/world/level"));
	s = verified(0, &err);
	IS_STR(s->findings, "1 content world/level");
	IS_STR(s->results, "3 good, 2 good, 1 damaged");
	OK(err.code == GSP_EREFUSED && strstr(err.msg, "1 of 3 generations of 'vanilla' are damaged: 1;")
	    && strstr(err.msg, "generation 3 is newer, and good") != NULL);
	/* in what the two newest share */
	flip(at("srv/history/000001/world/level"));
	flip(at("srv/history/000003/world/level"));
	s = verified(0, &err);
	IS_STR(s->findings, "3 content world/level; 2 content world/level");
	IS_STR(s->results, "3 damaged, 2 damaged, 1 good");
	OK(err.code == GSP_EREFUSED && strstr(err.msg, "damaged: 3, 2;") != NULL &&
	    strstr(err.msg, "'gsp saves restore vanilla 1'") != NULL);
	IS_STR(verified(3, &err)->results, "3 damaged");
	OK(err.code == GSP_EREFUSED && strstr(err.msg, "'gsp saves verify vanilla'") != NULL);
	/* in what all share */
	flip(at("srv/history/000001/world/big"));
	IS_STR(verified(0, &err)->results, "3 damaged, 2 damaged, 1 damaged");
	OK(strstr(err.msg, "none is good") != NULL &&
	    strstr(err.msg, "'gsp saves diff vanilla 3 files'") != NULL);
	/* a byte more */
	put(at("srv/history/000003/new"), "new one!", 800);
	OK(strstr(verified(3, &err)->findings, "3 size new;") != NULL);
}

static void
test_verify_tree(void)
{
	struct gsp_err err = GSP_ERR_INIT;

	make_three();
	unlock(at("srv/history/000003"));
	TREE_NEED(unlink(at("srv/history/000003/new")) == 0);
	TREE_NEED(unlink(at("srv/history/000003/link")) == 0 &&
	    symlink("elsewhere", at("srv/history/000003/link")) == 0);
	TREE_NEED(unlink(at("srv/history/000003/empty")) == 0 &&
	    mkdir(at("srv/history/000003/empty"), 0555) == 0);
	TREE_NEED(unlink(at("srv/history/000003/a\nb \\c")) == 0);
	put(at("srv/history/000003/stray"), "stray", 0);
	TREE_NEED(mkfifo(at("srv/history/000003/fifo"), 0644) == 0);
	lock(at("srv/history/000003"));
	TREE_NEED(chmod(at("srv/history/000003/world/level"), 0644) == 0);
	TREE_NEED(chmod(at("srv/history/000002/world"), 0755) == 0);
	IS_STR(verified(3, &err)->findings, "3 missing a\nb \\c; 3 type empty; 3 extra fifo; "
	    "3 target link; 3 missing new; 3 extra stray; 3 mode world/level");
	OK(err.code == GSP_EREFUSED);
	IS_STR(verified(2, &err)->findings, "2 mode world; 2 mode world/level");
	IS_STR(verified(1, &err)->findings, "");
	TREE_NEED(chmod(at("srv/history/000001"), 0755) == 0);
	IS_STR(verified(1, &err)->findings, "1 mode .");
}

#define NOBODY 65534

static void
test_verify_unreadable(void)
{
	struct gsp_err err = GSP_ERR_INIT;
	const struct seen *s;
	bool root = geteuid() == 0;

	if (root) { /* who can read everything: as nobody, then */
		gsp_io_rmtree(at("srv"), &err);
		TREE_NEED(chown(tree_root, NOBODY, (gid_t)-1) == 0 && seteuid(NOBODY) == 0);
	}
	make_three();
	TREE_NEED(chmod(at("srv/history/000003/new"), 0) == 0);
	TREE_NEED(chmod(at("srv/history/000001/world/deep"), 0) == 0);
	s = verified(0, &err);
	IS_STR(s->findings, "3 mode new; 3 unreadable new; 1 mode world/deep; 1 unreadable world/deep");
	IS_STR(s->results, "3 damaged, 2 good, 1 damaged");
	OK(err.code == GSP_EREFUSED);
	TREE_NEED(chmod(at("srv/history/000001"), 0) == 0);
	IS_STR(verified(1, &err)->results, "1 damaged");
	TREE_NEED(chmod(at("srv/history/000001"), 0555) == 0);
	TREE_NEED(chmod(at("srv/history/000001/world/deep"), 0555) == 0);
	if (root) {
		TREE_NEED(seteuid(0) == 0);
		gsp_io_rmtree(at("srv"), &err);
	}
}

/* Replace ${from} in 00000n.gsp by ${to}, of the same length. */
static void
edit_gsp(int n, const char *from, const char *to)
{
	struct gsp_buf b = GSP_BUF_INIT(1 << 20);
	struct gsp_err err = GSP_ERR_INIT;
	char *p;

	TREE_NEED(gsp_io_read_file(&b, at("srv/history/%06d.gsp", n), &err) == 0);
	TREE_NEED((p = strstr(b.data, from)) != NULL && strlen(from) == strlen(to));
	memcpy(p, to, strlen(to));
	TREE_NEED(gsp_io_replace(at("srv/history/%06d.gsp", n), b.data, b.len, 0644, &err) == 0);
	gsp_buf_release(&b);
}

static void
test_verify_list(void)
{
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_history *h;
	const struct seen *s;

	make_three();
	edit_gsp(3, "\"schema\"", "\"schemA\"");
	s = verified(0, &err);
	IS_STR(s->findings, "3 list 000003.gsp");
	IS_STR(s->results, "3 damaged, 2 good, 1 good");
	OK(strstr(err.msg, "'gsp saves restore vanilla 2'") != NULL);
	h = look(); /* what is damaged hides nothing else */
	OK(gsp_history_newest(h) == 2 && gsp_history_has(h, 3) && gsp_history_base(h) == 3);
	gsp_history_close(h);
	make_three();
	edit_gsp(2, "\nf 0644 10 ", "\nf 0644 11 ");
	IS_STR(verified(0, &err)->findings, "2 list 000002.gsp");
	put(at("srv/history/BASE"), "x\n", 0);
	h = look();
	OK(gsp_history_base(h) == 0 && gsp_history_newest(h) == 3);
	gsp_history_close(h);
}

/* A list that has no checksum for a file: not good, and not damaged. */
static void
test_verify_unproven(void)
{
	struct gsp_list l = GSP_LIST_INIT;
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_buf text = GSP_BUF_INIT(1 << 20);
	struct gsp_history *h;
	const struct gsp_gen_meta meta = {.session = ""};
	struct gsp_gen g;
	const struct seen *s;

	make_three();
	h = look();
	OK(gsp_history_list(h, 3, &l, &err) == 0 && gsp_history_info(h, 3, &g, &err) == 0);
	for (size_t i = 0; i < l.n; i++)
		if (strcmp(l.v[i].path, "new") == 0)
			l.v[i].sum[0] = '\0';
	gsp_gen_print(&text, &g, &meta, h, &l);
	TREE_NEED(gsp_io_replace(at("srv/history/000003.gsp"), text.data, text.len, 0644, &err) == 0);
	gsp_list_release(&l);
	gsp_buf_release(&text);
	gsp_history_close(h);
	s = verified(0, &err);
	IS_STR(s->findings, "3 unproven new");
	IS_STR(s->results, "3 unproven, 2 good, 1 good");
	OK(err.code == GSP_OK);
	put(at("srv/history/000003/new"), "shorter", 0);
	put(at("srv/history/000003/new"), "short", 0);
	IS_STR(verified(3, &err)->findings, "3 size new");
}

static struct gsp_history *pruned;

/* Another tool takes generation 2 away when we are about to look at it. */
static void
prune_now(void *ctx, const char *server, const char *step, int pct, uint64_t bytes,
    uint64_t total, const char *msg)
{
	struct gsp_err err = GSP_ERR_INIT;

	(void)ctx, (void)server, (void)step, (void)pct, (void)bytes, (void)total;
	if (strcmp(msg, "generation 2") == 0)
		TREE_NEED(gsp_io_rmtree(at("srv/history/000002"), &err) == 0 &&
		    gsp_io_unlink(at("srv/history/000002.gsp"), &err) == 0);
}

static void
test_verify_pruned(void)
{
	struct gsp_steps steps = {.update = prune_now};
	struct gsp_err err = GSP_ERR_INIT;
	struct seen s = {"", ""};
	struct gsp_verify_opts o = {NULL, "vanilla", 0, &steps, on_finding, on_result, &s};

	make_three();
	o.h = pruned = look();
	if (!OK(gsp_verify_run(&o, &err) == 0))
		printf("# %s\n", err.msg);
	IS_STR(s.findings, "");
	IS_STR(s.results, "3 good, 2 gone, 1 good");
	OK(gsp_history_gone(pruned, 2) && !gsp_history_gone(pruned, 1));
	gsp_history_close(pruned);
}

static void
tests(void)
{
	test_inodes();
	test_sum();
	test_usage();
	test_compare();
	test_verify_good();
	test_verify_bytes();
	test_verify_tree();
	test_verify_unreadable();
	test_verify_list();
	test_verify_unproven();
	test_verify_pruned();
}

int
main(void)
{
	umask(022);
	tree_new("verify");
	tests();
	saves_as_user(tests);
	return done();
}
