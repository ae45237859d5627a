/* gsp/rsync: options, output, errors; with the real rsync where it matters. */
#include "gsp/rsync.h"
#include "tap.h"
#include "tree.h"

#include "base/banned.h"

static void
test_decode(void)
{
	static const char *const t[][2] = {
	    {"plain", "plain"},
	    {"nl\\#012x", "nl\nx"},
	    {"lit\\#134#123", "lit\\#123"},
	    {"\\\\#", "\\\\#"},
	    {"\\#abc", "\\#abc"},
	    {"\\#12", "\\#12"},
	    {"\\#999", "\\#999"},
	    {"\\#000", "\\#000"},
	    {"\\#177\\#012", "\x7f\n"},
	};
	char b[64];

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		(void)snprintf(b, sizeof(b), "%s", t[i][0]);
		gsp_rsync_decode(b);
		IS_STR(b, t[i][1]);
	}
}

static void
test_line(void)
{
	struct gsp_rsync_item it;
	char a[] = "GSP >f.st...... d89f1c4509f3b233272b57e6d7c0a9e5 17 dir/a -> b\\#012";
	char b[] = "GSP .d                                           4096 dir/";
	char c[] = "GSP *deleting                                    0 E/e e ";
	char d[] = "GSP *deleting    0 E/";
	char e[] = "GSP cLc.t......                                  1  -> x";
	char root[] = "GSP .d..t......                                  4096 ./";
	static const char *const no[] = {"", "GSP", "GSP ", "GSP >f", "sent 10 bytes",
	    "GSP >f.st...... x", "GSP >f.st...... 12", "GSP >f.st...... 12 ", "GSP >f.st......",
	    "GSP *deleting", "GSP *deleting 0", "GSP zf.st...... 1 a", "cannot delete non-empty"};

	OK(gsp_rsync_line(&it, a));
	IS_STR(it.flags, ">f.st......");
	IS_STR(it.sum, "d89f1c4509f3b233272b57e6d7c0a9e5");
	IS_INT(it.size, 17);
	IS_STR(it.path, "dir/a -> b\n");
	OK(!it.dir && gsp_rsync_differs(&it));
	OK(gsp_rsync_line(&it, b));
	OK(it.dir && strcmp(it.path, "dir") == 0 && it.sum[0] == '\0' && it.size == 4096);
	OK(!gsp_rsync_differs(&it));
	OK(gsp_rsync_line(&it, c));
	IS_STR(it.flags, "*deleting");
	IS_STR(it.path, "E/e e ");
	OK(gsp_rsync_differs(&it));
	OK(gsp_rsync_line(&it, d) && it.dir && strcmp(it.path, "E") == 0);
	OK(gsp_rsync_line(&it, e));
	IS_STR(it.path, " -> x");
	OK(gsp_rsync_differs(&it));
	OK(gsp_rsync_line(&it, root) && strcmp(it.path, ".") == 0 && !gsp_rsync_differs(&it));
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		char text[64];

		(void)snprintf(text, sizeof(text), "%s", no[i]);
		if (!OK(!gsp_rsync_line(&it, text)))
			printf("# %s\n", no[i]);
	}
}

static void
test_literal(void)
{
	static const char *const t[][2] = {
	    {"plain name", "plain name"},
	    {"back\\slash", "back\\slash"},
	    {"st*r\\q", "st\\*r\\\\q"},
	    {"[x]?", "\\[x]\\?"},
	};
	struct gsp_buf b = GSP_BUF_INIT(256);

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		gsp_buf_reset(&b);
		gsp_rsync_literal(&b, t[i][0]);
		IS_STR(gsp_buf_str(&b), t[i][1]);
	}
	gsp_buf_release(&b);
}

static void
args(struct gsp_argv *a, const char *more, const char *const *exclude)
{
	gsp_argv_push(a, "rsync");
	gsp_rsync_common(a);
	if (strcmp(more, "dry") == 0)
		gsp_rsync_dry(a);
	else if (*more != '\0')
		gsp_argv_push(a, more);
	gsp_rsync_exclude(a, exclude);
	gsp_argv_push(a, "--");
	gsp_argv_pushf(a, "%s/", at("s"));
	gsp_argv_pushf(a, "%s/", at("d"));
}

/* Names that rsync escapes, or takes for patterns, or that look like something else. */
static const char *const odd_names[] = {" lead", "trail ", "a -> b", "[x]*?", "\\#123", "\\\\#",
    "back\\slash", "cr\r", "nl\nx", "tab\tx", "\x7f", "h\xc3\xa9\xff", "-n", "#c", ";c", "!", "+ x",
    "%n"};
#define ODD_NAMES (sizeof(odd_names) / sizeof(odd_names[0]))

static int
collect(void *ctx, const struct gsp_rsync_item *it, struct gsp_err *err)
{
	return gsp_diff_add(ctx, it->path, GSP_ADDED, err);
}

static void
note_odd(void *ctx, const char *path)
{
	(void)ctx;
	IS_STR(path, "fi\nfo");
}

static void
test_names(void)
{
	struct gsp_rsync r = GSP_RSYNC_INIT;
	struct gsp_argv a = GSP_ARGV_INIT;
	struct gsp_list sums = GSP_LIST_INIT;
	struct gsp_diff d = GSP_DIFF_INIT, differs = GSP_DIFF_INIT;
	struct gsp_err err = GSP_ERR_INIT;

	for (size_t i = 0; i < ODD_NAMES; i++)
		put(at("s/%s", odd_names[i]), odd_names[i], 100);
	TREE_NEED(symlink("t -> u", at("s/ln -> k")) == 0);
	TREE_NEED(mkfifo(at("s/fi\nfo"), 0600) == 0);
	args(&a, "", NULL);
	r.argv = &a;
	r.item = collect;
	r.odd = note_odd;
	r.ctx = &d;
	if (!OK(gsp_rsync_run(&r, &err) == 0))
		printf("# %s\n", err.msg);
	gsp_argv_release(&a);
	for (size_t i = 0; i < ODD_NAMES; i++) {
		bool found = false;

		for (size_t k = 0; k < d.n; k++)
			found = found || strcmp(d.v[k].path, odd_names[i]) == 0;
		if (!OK(found))
			printf("# name %zu\n", i);
		IS_STR(get(at("d/%s", odd_names[i])), odd_names[i]);
	}
	/* the proof: nothing differs, every sum is there */
	args(&a, "dry", NULL);
	r.item = NULL;
	OK(gsp_rsync_prove(&r, &sums, &differs, &err) == 0);
	IS_INT(differs.n, 0);
	IS_INT(sums.n, ODD_NAMES + 1);
	for (size_t i = 0; i < ODD_NAMES; i++) {
		const struct gsp_entry *e = gsp_list_find(&sums, odd_names[i]);

		OK(e != NULL && e->type == 'f' && strlen(e->sum) == 32 &&
		    e->size == strlen(odd_names[i]));
	}
	OK(gsp_list_find(&sums, "ln -> k") != NULL && gsp_list_find(&sums, "ln -> k")->type == 'l');
	gsp_list_release(&sums);
	/* the same size and time, but other content; a file too many; one too few */
	put(at("d/-n"), "xx", 0);
	{
		struct stat st;

		TREE_NEED(stat(at("s/-n"), &st) == 0);
		TREE_NEED(utimensat(AT_FDCWD, at("d/-n"),
			      (struct timespec[2]){st.st_atim, st.st_mtim}, 0) == 0);
	}
	put(at("d/more"), "m", 0);
	TREE_NEED(unlink(at("d/nl\nx")) == 0);
	OK(gsp_rsync_prove(&r, &sums, &differs, &err) == 0);
	IS_INT(differs.n, 3);
	OK(gsp_diff_find(&differs, "-n") && gsp_diff_find(&differs, "-n")->change == GSP_CHANGED);
	OK(gsp_diff_find(&differs, "more") && gsp_diff_find(&differs, "more")->change == GSP_REMOVED);
	OK(gsp_diff_find(&differs, "nl\nx") && gsp_diff_find(&differs, "nl\nx")->change == GSP_ADDED);
	gsp_list_release(&sums);
	gsp_diff_release(&differs);
	gsp_diff_release(&d);
	gsp_argv_release(&a);
}

/* Each name, excluded, is neither sent nor deleted, and nothing else is touched by the rule. */
static void
test_exclude(void)
{
	const char *names[ODD_NAMES + 1] = {NULL};
	struct gsp_rsync r = GSP_RSYNC_INIT;
	struct gsp_argv a = GSP_ARGV_INIT;
	struct gsp_err err = GSP_ERR_INIT;

	for (size_t i = 0; i < ODD_NAMES; i++) {
		names[i] = odd_names[i];
		put(at("s/%s", odd_names[i]), "sent", 100);
		put(at("d/%s", odd_names[i]), "kept", 0);
		put(at("s/sub/%s", odd_names[i]), "sent", 100);
	}
	put(at("d/deleted"), "x", 0);
	args(&a, "--delete", names);
	r.argv = &a;
	OK(gsp_rsync_run(&r, &err) == 0);
	for (size_t i = 0; i < ODD_NAMES; i++) {
		IS_STR(get(at("d/%s", odd_names[i])), "kept");
		IS_STR(get(at("d/sub/%s", odd_names[i])), "sent"); /* anchored */
	}
	IS_STR(get(at("d/deleted")), "(none)");
	gsp_argv_release(&a);
}

static void
test_modes(void)
{
	struct gsp_rsync r = GSP_RSYNC_INIT;
	struct gsp_argv a = GSP_ARGV_INIT;
	struct gsp_err err = GSP_ERR_INIT;
	mode_t old;

	for (unsigned m = 0400; m <= 0777; m += 0111) {
		put(at("s/m%o", m), "x", 0);
		TREE_NEED(chmod(at("s/m%o", m), m | 06000) == 0);
	}
	TREE_NEED(mkdir(at("s/dir"), 0755) == 0 && chmod(at("s/dir"), 07755) == 0);
	put(at("s/holes"), "x", 0);
	TREE_NEED(truncate(at("s/holes"), 1 << 24) == 0);
	args(&a, "", NULL);
	r.argv = &a;
	old = umask(077);
	OK(gsp_rsync_run(&r, &err) == 0);
	umask(old);
	for (unsigned m = 0400; m <= 0777; m += 0111)
		IS_INT(mode_of(at("d/m%o", m)), m);
	IS_INT(mode_of(at("d/dir")), 0755);
	{
		struct stat st;

		OK(stat(at("d/holes"), &st) == 0 && st.st_size == 1 << 24 &&
		    st.st_blocks * 512 < 1 << 20);
	}
	gsp_argv_release(&a);
}

/* A program named rsync that says what we want. */
static void
shim(const char *script)
{
	struct gsp_buf path = GSP_BUF_INIT(8192);
	static char *real;

	if (real == NULL)
		real = strdup(getenv("PATH") != NULL ? getenv("PATH") : "/usr/bin:/bin");
	put(at("bin/rsync"), script, 0);
	TREE_NEED(chmod(at("bin/rsync"), 0755) == 0);
	gsp_buf_addf(&path, "%s:%s", at("bin"), real);
	TREE_NEED(setenv("PATH", *script != '\0' ? gsp_buf_str(&path) : real, 1) == 0);
	gsp_buf_release(&path);
}

static uint64_t progress_bytes;
static int progress_pct, progress_calls;

static void
on_progress(void *ctx, uint64_t bytes, int pct)
{
	(void)ctx;
	progress_bytes = bytes;
	progress_pct = pct;
	progress_calls++;
}

static void
test_status(void)
{
	static const struct {
		const char *script;
		enum gsp_errcode code;
		const char *says;
	} t[] = {
	    {"#!/bin/sh\necho 'no such option' >&2\nexit 1\n", GSP_EBUG, "no such option"},
	    {"#!/bin/sh\nexit 2\n", GSP_EPROTO, "3.2.7"},
	    {"#!/bin/sh\nexit 10\n", GSP_ETEMP, "connection"},
	    {"#!/bin/sh\nexit 12\n", GSP_ETEMP, "connection"},
	    {"#!/bin/sh\nexit 30\n", GSP_ETEMP, "connection"},
	    {"#!/bin/sh\nexit 255\n", GSP_ETEMP, "connection"},
	    {"#!/bin/sh\necho 'gsp-ssh: it timed out' >&2\nexit 75\n", GSP_ETEMP,
		"connection: it timed out"},
	    {"#!/bin/sh\necho 'write: No space left on device (28)' >&2\nexit 11\n", GSP_EIO,
		"this computer's disk is full: write: No space left on device (28); make room"},
	    {"#!/bin/sh\nprintf 'a\\nw: No space left on device (28)\\nb\\n' >&2\nexit 12\n", GSP_EIO,
		"disk is full: w: No space left on device (28); make"},
	    {"#!/bin/sh\nprintf 'a\\nb\\n' >&2\nexit 23\n", GSP_EIO, "a;b"},
	    {"#!/bin/sh\nexit 24\n", GSP_EIO, "vanished"},
	    {"#!/bin/sh\nexit 20\n", GSP_ETEMP, "signal"},
	    {"#!/bin/sh\nexit 127\n", GSP_ESYS, "not installed"},
	    {"#!/bin/sh\nkill -9 $$\n", GSP_EIO, "status 137"},
	    {"#!/bin/sh\nhead -c 100000 /dev/zero | tr '\\0' x\nexit 0\n", GSP_EPROTO, "line"},
	    {"#!/bin/sh\nhead -c 100000 /dev/zero | tr '\\0' x >&2\nexit 23\n", GSP_EIO, "xxx"},
	};
	struct gsp_rsync r = GSP_RSYNC_INIT;
	struct gsp_argv a = GSP_ARGV_INIT;
	struct gsp_err err;

	gsp_argv_push(&a, "rsync");
	r.argv = &a;
	r.progress = on_progress;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		memset(&err, 0, sizeof(err));
		shim(t[i].script);
		if (!OK(gsp_rsync_run(&r, &err) == -1 && err.code == t[i].code &&
			strstr(err.msg, t[i].says) != NULL))
			printf("# case %zu: %d %s\n", i, (int)err.code, err.msg);
	}
	shim("#!/bin/sh\nexit 24\n");
	OK(gsp_rsync_run(&r, &err) == -1 && err.detail == 24);
	shim("#!/bin/sh\n[ \"$LC_ALL\" = C ] && [ \"$(cat)\" = in ] || exit 1\n"
	     "printf '\\r    32768   0%%    0.00kB/s    0:00:00\\r  30000002  99%%  1.00MB/s 0:00:01 "
	     "(xfr#2, to-chk=2/10)'\n");
	r.input = "in";
	r.input_len = 2;
	memset(&err, 0, sizeof(err));
	if (!OK(gsp_rsync_run(&r, &err) == 0))
		printf("# %s\n", err.msg);
	OK(progress_calls == 2 && progress_bytes == 30000002 && progress_pct == 99);
	shim("");
	gsp_argv_release(&a);
	gsp_argv_push(&a, "gsp-no-such-rsync");
	OK(gsp_rsync_run(&r, &err) == -1 && err.code == GSP_ESYS);
	gsp_argv_release(&a);
}

int
main(void)
{
	if (access("/usr/bin/rsync", X_OK) != 0 && access("/usr/local/bin/rsync", X_OK) != 0)
		SKIP_ALL("rsync is not installed");
	tree_new("rsync");
	test_decode();
	test_line();
	test_literal();
	test_names();
	test_exclude();
	test_modes();
	test_status();
	return done();
}
