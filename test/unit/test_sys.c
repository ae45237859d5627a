/* sys: io, proc, lock, sig. What needs a process of its own (signals, another user) gets a child. */
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "sys/io.h"
#include "sys/lock.h"
#include "sys/proc.h"
#include "sys/sig.h"
#include "tap.h"
#include "tree.h"

#include "base/banned.h"

#define NOBODY 65534

static struct gsp_err err;

/* The status of fn() in a child: an exit status, or 128 + signal. */
static int
in_child(int (*fn)(void))
{
	pid_t pid;
	int ws;

	fflush(stdout);
	if ((pid = fork()) == 0)
		_exit(fn());
	if (pid == -1 || waitpid(pid, &ws, 0) != pid)
		return -1;
	return WIFSIGNALED(ws) ? 128 + WTERMSIG(ws) : WEXITSTATUS(ws);
}

static const char *
contents(const char *path)
{
	static char text[512];
	struct gsp_buf b = GSP_BUF_INIT(sizeof(text));

	text[0] = '\0';
	if (gsp_io_read_file(&b, path, &err) == 0)
		(void)snprintf(text, sizeof(text), "%s", gsp_buf_str(&b));
	gsp_buf_release(&b);
	return text;
}

static int
count_names(const char *dir)
{
	const char *const argv[] = {"ls", "-A1", dir, NULL};
	struct gsp_buf b = GSP_BUF_INIT(65536);
	int status = 0, n = 0;

	if (gsp_proc_run(argv, &b, &status, &err) == 0 && status == 0)
		for (const char *p = gsp_buf_str(&b); *p != '\0'; p++)
			n += *p == '\n';
	gsp_buf_release(&b);
	return n;
}

static void
test_read(void)
{
	struct gsp_buf b = GSP_BUF_INIT(8);

	IS_INT(gsp_io_replace(at("r"), "1234567", 7, 0600, &err), 0);
	IS_INT(gsp_io_read_file(&b, at("r"), &err), 0);
	IS_STR(gsp_buf_str(&b), "1234567");
	gsp_buf_reset(&b);
	IS_INT(gsp_io_replace(at("r"), "12345678", 8, 0600, &err), 0);
	IS_INT(gsp_io_read_file(&b, at("r"), &err), -1);
	IS_INT(err.code, GSP_ELIMIT);
	gsp_buf_reset(&b);
	IS_INT(gsp_io_read_file(&b, at("none"), &err), -1);
	IS_INT(err.code, GSP_ENOTFOUND);
	IS_INT(gsp_io_read_file(&b, at("."), &err), -1); /* a directory */
	IS_INT(err.code, GSP_EIO);
	IS_INT(gsp_io_read_file(&b, at("r/x"), &err), -1);
	IS_INT(err.code, GSP_EIO);
	gsp_buf_release(&b);
}

/* What a writer that is killed within its line leaves: half of it, and no lock any more. */
static int
die_within_a_line(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600), rc = -1;

	if (fd != -1 && flock(fd, LOCK_EX) == 0)
		rc = gsp_io_append(path, "torn", 4, 0600, &err);
	close(fd);
	return rc;
}

/* Writers at once, one after another torn off within a line: every whole line is there, alone. */
static void
test_append_line(void)
{
	enum { WRITERS = 6, LINES = 40 };
	char line[600];
	struct gsp_buf all = GSP_BUF_INIT(1 << 20);
	int whole = 0, other = 0, status;

	IS_INT(gsp_io_append_line(at("l"), "one\n", 4, 0600, &err), 0);
	IS_STR(contents(at("l")), "one\n");
	IS_INT(gsp_io_append(at("l"), "to", 2, 0600, &err), 0);
	IS_INT(gsp_io_append_line(at("l"), "two\n", 4, 0600, &err), 0);
	IS_INT(gsp_io_append_line(at("l"), "three\n", 6, 0600, &err), 0);
	IS_STR(contents(at("l")), "one\nto\ntwo\nthree\n");
	IS_INT(gsp_io_append_line("/dev/full", "x\n", 2, 0600, &err), -1);
	IS_INT(err.code, GSP_EIO);
	IS_INT(gsp_io_append_line(at("no/where"), "x\n", 2, 0600, &err), -1);
	gsp_io_unlink(at("l"), &err);
	for (int w = 0; w < WRITERS; w++)
		if (fork() == 0) {
			int rc = 0;

			memset(line, 'a' + w, sizeof(line) - 1);
			line[sizeof(line) - 1] = '\n';
			for (int i = 0; i < LINES && rc == 0; i++)
				rc = w == 0 && i % 4 == 0 ? die_within_a_line(at("l"))
				                          : gsp_io_append_line(at("l"), line, sizeof(line), 0600, &err);
			_exit(rc == 0 ? 0 : 1);
		}
	for (int w = 0; w < WRITERS; w++)
		OK(wait(&status) > 0 && status == 0);
	IS_INT(gsp_io_read_file(&all, at("l"), &err), 0);
	for (const char *p = gsp_buf_str(&all), *nl; (nl = strchr(p, '\n')) != NULL; p = nl + 1) {
		size_t n = strspn(p, (char[]){p[0], '\0'});

		if (nl - p == sizeof(line) - 1 && n == sizeof(line) - 1)
			whole++;
		else if (strncmp(p, "torn", 4) != 0)
			other++;
	}
	IS_INT(whole, WRITERS * LINES - LINES / 4);
	IS_INT(other, 0);
	gsp_buf_release(&all);
	gsp_io_unlink(at("l"), &err);
}

static void
test_write(void)
{
	struct stat st;
	int fd;

	IS_INT(gsp_io_replace(at("w"), "old", 3, 0600, &err), 0);
	IS_INT(gsp_io_replace(at("w"), "new", 3, 0640, &err), 0);
	IS_STR(contents(at("w")), "new");
	OK(stat(at("w"), &st) == 0 && (st.st_mode & 07777) == 0640);
	IS_INT(gsp_io_append(at("w"), "+1", 2, 0600, &err), 0);
	IS_INT(gsp_io_append(at("w"), "", 0, 0600, &err), 0);
	IS_INT(gsp_io_append(at("w"), "+2", 2, 0600, &err), 0);
	IS_STR(contents(at("w")), "new+1+2");
	IS_INT(gsp_io_append(at("fresh"), "x", 1, 0600, &err), 0);
	OK(stat(at("fresh"), &st) == 0 && (st.st_mode & 07777) == 0600);

	IS_INT(gsp_io_replace_soon(at("soon"), "old", 3, 0600, &err), 0);
	IS_INT(gsp_io_replace_soon(at("soon"), "newer", 5, 0600, &err), 0);
	IS_INT(gsp_io_fsync_file(at("soon"), &err), 0);
	IS_STR(contents(at("soon")), "newer");
	gsp_io_unlink(at("soon"), &err);
	IS_INT(gsp_io_fsync_file(at("no/where"), &err), -1);
	IS_INT(gsp_io_replace_soon(at("no/where"), "x", 1, 0600, &err), -1);
	IS_INT(gsp_io_replace(at("no/where"), "x", 1, 0600, &err), -1);
	IS_INT(err.code, GSP_EIO);
	IS_INT(gsp_io_mkdirs(at("dir/full"), 0755, &err), 0);
	IS_INT(gsp_io_replace(at("dir"), "x", 1, 0600, &err), -1); /* cannot become a file */
	IS_INT(err.code, GSP_EIO);
	IS_INT(count_names(at(".")), 4); /* r w fresh dir: nothing is left beside */
	OK(gsp_io_unlink(at("fresh"), &err) == 0 && !gsp_io_exists(at("fresh")));
	OK(gsp_io_unlink(at("fresh"), &err) == 0);
	IS_INT(gsp_io_unlink(at("dir"), &err), -1);
	IS_INT(err.code, GSP_EIO);

	if ((fd = open("/dev/full", O_WRONLY | O_CLOEXEC)) == -1) {
		SKIP("no /dev/full here");
		return;
	}
	IS_INT(gsp_io_write_all(fd, "x", 1, "the list", &err), -1);
	IS_INT(err.code, GSP_EIO);
	IS_STR(err.msg, "cannot write 'the list': No space left on device; "
	    "make room there and try again");
	IS_INT(gsp_io_write_all(fd, "", 0, "nothing", &err), 0);
	IS_INT(gsp_io_append("/dev/full", "x", 1, 0600, &err), -1);
	IS_STR(err.msg, "cannot write '/dev/full': No space left on device; "
	    "make room there and try again");
	close(fd);
}

static void
test_dirs(void)
{
	struct gsp_buf b = GSP_BUF_INIT(PATH_MAX);
	char cwd[PATH_MAX];

	IS_INT(gsp_io_mkdirs(at("a//b/c/"), 0700, &err), 0);
	OK(gsp_io_is_dir(at("a/b/c")));
	IS_INT(gsp_io_mkdirs(at("a/b/c"), 0700, &err), 0);
	IS_INT(gsp_io_mkdirs(at("w"), 0700, &err), -1);
	IS_INT(err.code, GSP_ECREATE);
	IS_INT(gsp_io_mkdirs(at("w/x"), 0700, &err), -1);
	IS_INT(err.code, GSP_ECREATE);
	IS_INT(gsp_io_mkdirs("", 0700, &err), -1);
	TREE_NEED(getcwd(cwd, sizeof(cwd)) != NULL && chdir(at(".")) == 0);
	IS_INT(gsp_io_mkdirs("rel/ative", 0700, &err), 0);
	IS_INT(gsp_io_replace("plain", "x", 1, 0600, &err), 0); /* its directory is "." */
	OK(gsp_io_is_dir(at("rel/ative")) && gsp_io_exists(at("plain")));
	TREE_NEED(chdir(cwd) == 0);
	IS_INT(gsp_io_rename(at("plain"), at("a/moved"), &err), 0);
	OK(!gsp_io_exists(at("plain")));
	IS_STR(contents(at("a/moved")), "x");
	IS_INT(gsp_io_rename(at("plain"), at("y"), &err), -1);
	IS_INT(err.code, GSP_EIO);
	IS_INT(gsp_io_fsync_dir(at("a"), &err), 0);
	IS_INT(gsp_io_fsync_dir(at("a/moved"), &err), -1);
	IS_INT(gsp_io_syncfs(at("a"), &err), 0);
	IS_INT(gsp_io_syncfs(at("none"), &err), -1);
	TREE_NEED(symlink("nowhere", at("dangling")) == 0);
	OK(gsp_io_exists(at("dangling")) && !gsp_io_is_dir(at("dangling")));
	OK(gsp_io_self_dir(&b, &err) == 0 && gsp_io_is_dir(gsp_buf_str(&b)));
	gsp_buf_release(&b);
}

static void
test_sweep(void)
{
	IS_INT(gsp_io_mkdirs(at("sw"), 0700, &err), 0);
	static const char *const names[] = {"session.json", "session.json.new-abcdefgh",
	    "id.new-23456789", "keep.new-abc", "keep.new-abcdefghi", "keep.old-abcdefgh"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		TREE_NEED(gsp_io_replace(at("sw/%s", names[i]), "x", 1, 0600, &err) == 0);
	IS_INT(gsp_io_sweep(at("sw"), &err), 0);
	IS_INT(count_names(at("sw")), 4);
	OK(gsp_io_exists(at("sw/session.json")));
	OK(!gsp_io_exists(at("sw/session.json.new-abcdefgh")));
	OK(!gsp_io_exists(at("sw/id.new-23456789")));
	IS_INT(gsp_io_sweep(at("sw"), &err), 0);
	IS_INT(gsp_io_sweep(at("none"), &err), -1);
	IS_INT(err.code, GSP_EIO);
}

/* What another process writes at that moment is no left-over, however often it is looked at. */
static void
test_sweep_while_written(void)
{
	bool swept = true;
	int status = -1, turns = 0, fd;
	pid_t writer;

	IS_INT(gsp_io_mkdirs(at("sv"), 0700, &err), 0);
	fd = open(at("sv/x.new-abcdefgh"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	OK(fd != -1 && flock(fd, LOCK_EX) == 0);
	OK(gsp_io_sweep(at("sv"), &err) == 0 && gsp_io_exists(at("sv/x.new-abcdefgh")));
	close(fd);
	OK(gsp_io_sweep(at("sv"), &err) == 0 && !gsp_io_exists(at("sv/x.new-abcdefgh")));
	if ((writer = fork()) == 0) {
		for (int i = 0; i < 300; i++)
			if (gsp_io_replace(at("sv/y"), "y", 1, 0600, &err) == -1)
				_exit(1);
		_exit(0);
	}
	while (waitpid(writer, &status, WNOHANG) == 0 && ++turns)
		swept = gsp_io_sweep(at("sv"), &err) == 0 && swept;
	OK(writer > 0 && status == 0 && swept && turns > 0);
	IS_INT(count_names(at("sv")), 1);
}

/* As an ordinary user, whom the mode bits hold back. */
static int
rmtree_as_user(void)
{
	struct gsp_err e = GSP_ERR_INIT;

	if (geteuid() == 0 && (setgroups(0, NULL) == -1 || setgid(NOBODY) == -1 ||
				  setuid(NOBODY) == -1))
		return 2;
	if (rmdir(at("tree/t/ro/deep")) == 0) /* or nothing is tested */
		return 3;
	return gsp_io_rmtree(at("tree/t"), &e) == 0 ? 0 : 1;
}

static void
test_rmtree(void)
{
	static const char *const dirs[] = {
	    "tree", "tree/t", "tree/t/ro", "tree/t/ro/deep", "tree/t/closed"};

	IS_INT(gsp_io_mkdirs(at("tree/outside"), 0755, &err), 0);
	IS_INT(gsp_io_replace(at("tree/outside/kept"), "x", 1, 0600, &err), 0);
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		TREE_NEED(mkdir(at("%s", dirs[i]), 0755) == 0 || errno == EEXIST);
		TREE_NEED(gsp_io_replace(at("%s/f", dirs[i]), "x", 1, 0600, &err) == 0);
	}
	TREE_NEED(symlink("../outside", at("tree/t/link")) == 0);
	TREE_NEED(symlink("../../outside/kept", at("tree/t/ro/link")) == 0);
	if (geteuid() == 0) {
		const char *const argv[] = {"chown", "-hR", "65534:65534", at("tree"), NULL};
		int status = -1;

		TREE_NEED(gsp_proc_run(argv, NULL, &status, &err) == 0 && status == 0);
		TREE_NEED(chmod(at("."), 0755) == 0);
	}
	TREE_NEED(chmod(at("tree/t/ro"), 0500) == 0 && chmod(at("tree/t/closed"), 0) == 0);
	IS_INT(in_child(rmtree_as_user), 0);
	OK(!gsp_io_exists(at("tree/t")));
	OK(gsp_io_exists(at("tree/outside/kept")));
	IS_INT(gsp_io_rmtree(at("tree/t"), &err), 0); /* it does not exist */
	TREE_NEED(symlink("outside", at("tree/top")) == 0);
	IS_INT(gsp_io_rmtree(at("tree/top"), &err), 0); /* the link, not what it names */
	OK(!gsp_io_exists(at("tree/top")) && gsp_io_exists(at("tree/outside/kept")));
	IS_INT(gsp_io_rmtree(at("tree/outside/kept"), &err), 0); /* a file will do */
	OK(!gsp_io_exists(at("tree/outside/kept")));
	IS_INT(gsp_io_rmtree("/proc/self", &err), -1);
	IS_INT(err.code, GSP_EIO);
}

static int
sh(const char *script)
{
	const char *const argv[] = {"sh", "-c", script, NULL};
	int status = -1;

	return gsp_proc_run(argv, NULL, &status, &err) == 0 ? status : -1;
}

static void
test_proc_status(void)
{
	static const char *const none[] = {"/gsp-no-such/program", NULL};
	struct gsp_buf b = GSP_BUF_INIT(64);
	int status = 77;

	IS_INT(sh("exit 0"), 0);
	IS_INT(sh("exit 1"), 1);
	IS_INT(sh("exit 255"), 255);
	IS_INT(sh("kill -TERM $$"), 128 + SIGTERM);
	IS_INT(sh("kill -KILL $$"), 128 + SIGKILL);
	IS_INT(sh("read x || exit 9"), 9); /* stdin is empty */

	IS_INT(gsp_proc_run(none, NULL, &status, &err), -1);
	IS_INT(err.code, GSP_ESYS);
	IS_STR(err.msg, "cannot run '/gsp-no-such/program': No such file or directory");
	TREE_NEED(gsp_io_replace(at("noexec"), "#!/bin/sh\n", 10, 0600, &err) == 0);
	const char *const noexec[] = {at("noexec"), NULL};
	IS_INT(gsp_proc_run(noexec, NULL, &status, &err), -1);
	OK(strstr(err.msg, ": Permission denied") != NULL);
	IS_INT(status, 77);

	const char *const echo[] = {"echo", "a  b", "$x", NULL}; /* no shell in between */
	IS_INT(gsp_proc_run(echo, &b, &status, &err), 0);
	IS_STR(gsp_buf_str(&b), "a  b $x\n");
	gsp_buf_reset(&b);
	const char *const yes[] = {"yes", NULL}; /* never ends by itself */
	{
		static const char *const hangs[] = {"sleep", "60", NULL};
		static const char *const silent[] = {"sh", "-c", "exec >/dev/null; exec sleep 60", NULL};
		int64_t before = gsp_now_ms();

		IS_INT(gsp_proc_run_for(hangs, &b, 200, &status, &err), -1);
		IS_INT(err.code, GSP_ETEMP);
		IS_STR(err.msg, "'sleep' did not end in time");
		IS_INT(gsp_proc_run_for(silent, &b, 200, &status, &err), -1);
		IS_INT(err.code, GSP_ETEMP);
		OK(gsp_now_ms() - before < 20000);
		gsp_err_clear(&err);
		IS_INT(gsp_proc_run_for(echo, &b, 20000, &status, &err), 0);
		gsp_err_clear(&err);
	}
	IS_INT(gsp_proc_run(yes, &b, &status, &err), -1);
	IS_INT(err.code, GSP_ELIMIT);
	gsp_buf_release(&b);
}

/* What the child prints, run as p says. */
static const char *
output_of(struct gsp_proc *p, const char *script)
{
	static char text[4096];
	const char *const argv[] = {"sh", "-c", script, NULL};
	struct gsp_buf b = GSP_BUF_INIT(sizeof(text));
	int status = -1;

	p->argv = argv;
	p->out = GSP_PROC_PIPE;
	gsp_buf_adds(&b, "");
	if (gsp_proc_start(p, &err) == -1 || gsp_io_read_all(&b, p->out_fd, "sh", &err) == -1 ||
	    gsp_proc_wait(p, &status, &err) == -1 || status != 0)
		gsp_buf_reset(&b);
	(void)snprintf(text, sizeof(text), "%s", gsp_buf_str(&b));
	gsp_buf_release(&b);
	p->argv = NULL;
	return text;
}

static void
test_proc_pipes(void)
{
	static const char *const cat[] = {"sh", "-c", "cat; echo oops >&2", NULL};
	struct gsp_proc p = GSP_PROC_INIT;
	struct gsp_buf b = GSP_BUF_INIT(64);
	int status = -1;

	p.argv = cat;
	p.in = p.out = p.err = GSP_PROC_PIPE;
	if (!OK(gsp_proc_start(&p, &err) == 0))
		return;
	OK((fcntl(p.in_fd, F_GETFD) & FD_CLOEXEC) && (fcntl(p.out_fd, F_GETFD) & FD_CLOEXEC) &&
	    (fcntl(p.err_fd, F_GETFD) & FD_CLOEXEC));
	IS_INT(gsp_proc_poll(&p, &status), 0);
	IS_INT(gsp_io_write_all(p.in_fd, "hello", 5, "cat", &err), 0);
	close(p.in_fd);
	p.in_fd = -1;
	IS_INT(gsp_io_read_all(&b, p.out_fd, "cat", &err), 0);
	IS_STR(gsp_buf_str(&b), "hello");
	gsp_buf_reset(&b);
	IS_INT(gsp_io_read_all(&b, p.err_fd, "cat", &err), 0);
	IS_STR(gsp_buf_str(&b), "oops\n");
	IS_INT(gsp_proc_wait(&p, &status, &err), 0);
	IS_INT(status, 0);
	OK(p.pid == -1 && p.out_fd == -1 && p.err_fd == -1);
	gsp_proc_kill(&p, SIGKILL); /* harmless by now */
	IS_INT(gsp_proc_wait(&p, &status, &err), -1);
	IS_INT(err.code, GSP_EBUG);

	/* waiting closes our ends first: a child that reads to the end does end */
	struct gsp_proc q = GSP_PROC_INIT;
	static const char *const eats[] = {"cat", NULL};
	q.argv = eats;
	q.in = GSP_PROC_PIPE;
	OK(gsp_proc_start(&q, &err) == 0 && gsp_proc_wait(&q, &status, &err) == 0 && status == 0);
	gsp_buf_release(&b);
}

/* Nobody's child: in no session of ours, with no descriptor that was left open in us. */
static void
test_proc_detached(void)
{
	static const char *const none[] = {"/nonexistent/tool", NULL};
	struct gsp_proc p = GSP_PROC_INIT;
	struct gsp_buf b = GSP_BUF_INIT(4096);
	char script[300], ours[64];
	const char *argv[] = {"sh", "-c", script, NULL};
	int fd;

	TREE_NEED((fd = open(at("r"), O_RDONLY)) != -1);
	(void)snprintf(script, sizeof(script), "read -r line </proc/$$/stat; set -- $line; echo \"$4 $6\"; "
	    "if [ -e /proc/self/fd/%d ]; then echo open; else echo no; fi", fd);
	p.argv = argv;
	p.detached = true;
	p.in = GSP_PROC_NULL;
	p.out = GSP_PROC_PIPE;
	IS_INT(gsp_proc_start(&p, &err), 0);
	IS_INT(p.pid, -1);
	IS_INT(gsp_io_read_all(&b, p.out_fd, "sh", &err), 0);
	(void)snprintf(ours, sizeof(ours), "%d ", (int)getpid());
	OK(strncmp(gsp_buf_str(&b), ours, strlen(ours)) != 0);
	(void)snprintf(ours, sizeof(ours), " %d\n", (int)getsid(0));
	OK(strstr(gsp_buf_str(&b), ours) == NULL);
	OK(strstr(gsp_buf_str(&b), "\nno\n") != NULL);
	IS_INT(waitpid(-1, NULL, WNOHANG), -1);
	close(p.out_fd);
	close(fd);

	p = (struct gsp_proc)GSP_PROC_INIT;
	p.argv = none;
	p.detached = true;
	IS_INT(gsp_proc_start(&p, &err), -1);
	IS_INT(err.code, GSP_ESYS);
	IS_INT(waitpid(-1, NULL, WNOHANG), -1);
	gsp_buf_release(&b);
}

static void
test_proc_clean_env(void)
{
	static const char *const env[] = {"PATH=/usr/bin:/bin", "ONE=1", NULL};
	struct gsp_proc p = GSP_PROC_INIT;

	setenv("LINODE_TOKEN", "secret", 1);
	p.env = env;
	p.clean_env = true;
	/* what sh adds of its own is not ours to judge */
	IS_STR(output_of(&p, "env | grep -v -e '^PWD=' -e '^SHLVL=' -e '^_=' -e '^OLDPWD=' | sort"),
	    "ONE=1\nPATH=/usr/bin:/bin\n");
	unsetenv("LINODE_TOKEN");
}

/* What a child inherits of a lock: all of it, wherever our own descriptors were. */
static void
test_lock_inherited(void)
{
	const char *path = at("lock2");
	int fd = -1, other = -1, kept = dup(STDIN_FILENO), child;

	close(STDIN_FILENO); /* as when a tool is started with one of these closed */
	IS_INT(gsp_lock_take(&fd, path, "x", -1, &err), 0);
	OK(fd > STDERR_FILENO);
	dup2(kept, STDIN_FILENO);
	close(kept);
	child = dup(fd); /* as a child would have it */
	gsp_lock_free(fd);
	IS_INT(gsp_lock_take(&other, path, "y", -1, &err), 0);
	gsp_lock_drop(other);
	close(child);
	gsp_lock_free(-1);
}

static void
test_proc_place(void)
{
	static const char *const env[] = {"GSP_T_A=x y", "GSP_T_B=", NULL};
	struct gsp_proc p = GSP_PROC_INIT, q = GSP_PROC_INIT, r = GSP_PROC_INIT;
	char want[PATH_MAX], script[256];
	int fd, other;

	setenv("GSP_T_OURS", "kept", 1);
	p.env = env;
	IS_STR(output_of(&p, "echo \"$GSP_T_A|${GSP_T_B-none}|$GSP_T_OURS\""), "x y||kept\n");
	OK(getenv("GSP_T_A") == NULL);
	unsetenv("GSP_T_OURS");
	p.env = NULL;
	p.cwd = at("a/b");
	(void)snprintf(want, sizeof(want), "%s\n", at("a/b"));
	IS_STR(output_of(&p, "pwd -P"), want);
	p.cwd = at("none");
	IS_STR(output_of(&p, "pwd"), "");
	OK(strstr(err.msg, "No such file or directory") != NULL);
	IS_INT(p.pid, -1);

	/* a descriptor of ours is not the child's, unless it is named */
	TREE_NEED((fd = open(at("w"), O_RDONLY | O_CLOEXEC)) != -1);
	TREE_NEED((other = open(at("r"), O_RDONLY | O_CLOEXEC)) != -1);
	(void)snprintf(script, sizeof(script),
	    "for n in %d %d; do if [ -e /proc/self/fd/$n ]; then echo open; else echo no; fi; done", fd,
	    other);
	IS_STR(output_of(&q, script), "no\nno\n");
	q.keep_fd = fd;
	IS_STR(output_of(&q, script), "open\nno\n");
	OK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	close(other);

	(void)snprintf(want, sizeof(want), "%d\n", (int)getsid(0));
	IS_STR(output_of(&r, "cut -d' ' -f6 /proc/$$/stat"), want);
}

/* Standard streams crossed over: the child's stdout is our stderr's file and the other way. */
static int
crossed(void)
{
	static const char *const argv[] = {"sh", "-c", "echo out; echo err >&2", NULL};
	struct gsp_proc p = GSP_PROC_INIT;
	struct gsp_err e = GSP_ERR_INIT;
	int status = -1;

	int one = open(at("one"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	int two = open(at("two"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (dup2(one, 1) == -1 || dup2(two, 2) == -1)
		return 2;
	p.argv = argv;
	p.out = 2;
	p.err = 1;
	if (gsp_proc_start(&p, &e) == -1 || gsp_proc_wait(&p, &status, &e) == -1)
		return 3;
	return status;
}

static void
test_proc_group(void)
{
	static const char *const two[] = {"sh", "-c", "sleep 600 & echo up; wait", NULL};
	struct gsp_proc p = GSP_PROC_INIT;
	struct gsp_buf b = GSP_BUF_INIT(64);
	char line[4] = "";
	int status = -1;

	IS_INT(in_child(crossed), 0);
	IS_STR(contents(at("one")), "err\n");
	IS_STR(contents(at("two")), "out\n");

	p.argv = two;
	p.out = GSP_PROC_PIPE;
	p.new_group = true;
	if (!OK(gsp_proc_start(&p, &err) == 0))
		return;
	IS_INT(read(p.out_fd, line, 3), 3);
	gsp_proc_kill(&p, SIGKILL);
	/* the end of the pipe: sleep is gone as well */
	IS_INT(gsp_io_read_all(&b, p.out_fd, "sh", &err), 0);
	IS_INT(gsp_proc_wait(&p, &status, &err), 0);
	IS_INT(status, 128 + SIGKILL);
	gsp_buf_release(&b);
}

static void
test_lock(void)
{
	int fd = -1, other = -1, again = -1, dup_fd;
	const char *path = at("lock");
	char long_note[2000], want[600];

	IS_INT(gsp_lock_take(&fd, path, "gsp-sync 42 by me\nhidden", -1, &err), 0);
	OK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	IS_INT(gsp_lock_take(&other, path, "me, too", -1, &err), -1);
	IS_INT(err.code, GSP_ETEMP);
	(void)snprintf(want, sizeof(want), "'%s' is locked: gsp-sync 42 by me, for ", path);
	OK(strncmp(err.msg, want, strlen(want)) == 0);
	IS_INT(other, -1);
	/* the loser left the holder's note alone */
	IS_STR(contents(path), "gsp-sync 42 by me\nhidden\n");
	gsp_lock_note(fd, "short");
	IS_STR(contents(path), "short\n");
	memset(long_note, 'n', sizeof(long_note) - 1);
	long_note[sizeof(long_note) - 1] = '\0';
	gsp_lock_note(fd, long_note);
	IS_INT(gsp_lock_take(&other, path, "x", -1, &err), -1);
	OK(strstr(err.msg, "nnn, for ") != NULL);
	gsp_lock_note(fd, "");
	IS_INT(gsp_lock_take(&other, path, "x", -1, &err), -1);
	OK(strstr(err.msg, "is locked: another gsp tool, for ") != NULL);

	/* what a parent holds for us is taken as it is */
	TREE_NEED((dup_fd = dup(fd)) != -1);
	IS_INT(gsp_lock_take(&again, path, "child", dup_fd, &err), 0);
	OK(again == dup_fd && (fcntl(again, F_GETFD) & FD_CLOEXEC));
	IS_STR(contents(path), "\n");
	gsp_lock_drop(fd);
	IS_INT(gsp_lock_take(&other, path, "x", -1, &err), -1); /* still held by the other copy */
	gsp_lock_drop(again);
	IS_INT(gsp_lock_take(&other, path, "x", -1, &err), 0);
	/* a descriptor of another file, or of none, is no lock */
	TREE_NEED((dup_fd = open(at("w"), O_RDONLY | O_CLOEXEC)) != -1);
	IS_INT(gsp_lock_take(&again, path, "y", dup_fd, &err), -1);
	IS_INT(gsp_lock_take(&again, path, "y", 987, &err), -1);
	close(dup_fd);
	gsp_lock_drop(other);
	gsp_lock_drop(-1);
	IS_INT(gsp_lock_take(&other, at("no/lock"), "x", -1, &err), -1);
	IS_INT(err.code, GSP_EIO);
}

static void
test_lock_note(void)
{
	static const char *const whats[] = {"down", "sync down", NULL};
	char note[GSP_LOCK_NOTE], want[64];

	(void)snprintf(want, sizeof(want), "anna: sync down (pid %ld)", (long)getpid());
	IS_STR(gsp_lock_who(note, "anna", "sync down"), want);
	OK(gsp_lock_says(note, whats));
	OK(gsp_lock_says(gsp_lock_who(note, "a: b (pid 3)", "down"), whats));
	OK(!gsp_lock_says(gsp_lock_who(note, "anna: down (pid 3)", "up"), whats));
	OK(!gsp_lock_says(gsp_lock_who(note, "anna", "shut down"), whats));
	OK(!gsp_lock_says("anna: down", whats));
	OK(!gsp_lock_says("down (pid 3)", whats));
	OK(!gsp_lock_says("", whats));
}

/* It is had as soon as it is free, and not waited for longer than was said. */
static void
test_lock_wait(void)
{
	const char *path = at("lock3");
	int64_t began = gsp_now_ms();
	int fd = -1, other = -1, up[2];
	pid_t holder;
	char byte;

	IS_INT(gsp_lock_wait(&fd, path, "x", 0, &err), 0);
	IS_INT(gsp_lock_wait(&other, path, "y", 200, &err), -1);
	IS_INT(err.code, GSP_ETEMP);
	OK(gsp_now_ms() - began >= 200);
	IS_INT(gsp_lock_wait(&other, at("no/lock"), "y", 60000, &err), -1);
	IS_INT(err.code, GSP_EIO);
	gsp_lock_drop(fd);
	gsp_err_clear(&err);
	TREE_NEED(pipe(up) == 0);
	if ((holder = fork()) == 0) {
		if (gsp_lock_take(&fd, path, "holder", -1, &err) == -1 || write(up[1], "x", 1) != 1)
			_exit(1);
		poll(NULL, 0, 300);
		_exit(0);
	}
	IS_INT(read(up[0], &byte, 1), 1);
	IS_INT(gsp_lock_wait(&other, path, "y", 20000, &err), 0);
	IS_INT(waitpid(holder, NULL, 0), holder);
	gsp_lock_drop(other);
	close(up[0]);
	close(up[1]);
}

static int
sig_pending(void)
{
	struct gsp_err e = GSP_ERR_INIT;

	if (gsp_sig_init(&e) == -1 || gsp_sig_init(&e) == -1 || gsp_sig_fd() < 0)
		return 10;
	if (gsp_sig_check(&e) != 0 || gsp_sig_pending() != 0 || gsp_sleep_ms(0, &e) != 0)
		return 11;
	raise(SIGPIPE); /* ignored */
	raise(SIGTERM);
	raise(SIGHUP);
	struct pollfd p = {gsp_sig_fd(), POLLIN, 0};
	if (poll(&p, 1, 0) != 1)
		return 12;
	if (gsp_sig_check(&e) != -1 || e.code != GSP_ECANCEL || e.detail != SIGTERM ||
	    strcmp(e.msg, "stopped by SIGTERM") != 0 || gsp_sig_pending() != SIGTERM)
		return 13;
	if (gsp_sleep_ms(600000, &e) != -1 || e.code != GSP_ECANCEL)
		return 14;
	gsp_sig_hold();
	gsp_sig_hold();
	gsp_sig_release();
	if (gsp_sig_check(&e) != 0 || gsp_sleep_ms(1, &e) != 0 || gsp_sig_fd() != -1)
		return 15;
	gsp_sig_release();
	gsp_sig_release(); /* once too often does no harm */
	return gsp_sig_check(&e) == -1 ? 0 : 16;
}

static int
sig_wakes(void)
{
	static const char *const argv[] = {"sh", "-c", "kill -TERM $PPID; exec sleep 0", NULL};
	struct gsp_proc p = GSP_PROC_INIT;
	struct gsp_err e = GSP_ERR_INIT;
	int64_t start = gsp_now_ms();
	int status;

	p.argv = argv;
	if (gsp_sig_init(&e) == -1 || gsp_proc_start(&p, &e) == -1)
		return 10;
	if (gsp_sleep_ms(600000, &e) != -1 || e.detail != SIGTERM)
		return 11;
	gsp_proc_wait(&p, &status, &e);
	return gsp_now_ms() - start < 60000 ? 0 : 12;
}

/* The child sends us SIGTERM; it comes back to the child, which says so with its status. */
static int
sig_forwarded(void)
{
	static const char *const argv[] = {
	    "sh", "-c", "trap 'exit 33' TERM; while kill -TERM $PPID; do sleep 0.01; done", NULL};
	struct gsp_proc p = GSP_PROC_INIT;
	struct gsp_err e = GSP_ERR_INIT;
	int status = -1;

	p.argv = argv;
	if (gsp_sig_init(&e) == -1 || gsp_proc_start(&p, &e) == -1 ||
	    gsp_proc_wait(&p, &status, &e) == -1)
		return 10;
	return status == 33 && gsp_sig_check(&e) == -1 && e.detail == SIGTERM ? 0 : 11;
}

static int
sig_twice(void)
{
	struct gsp_err e = GSP_ERR_INIT;

	if (gsp_sig_init(&e) == -1)
		return 10;
	raise(SIGINT);
	raise(SIGINT);
	return 0;
}

static int
sig_die(void)
{
	struct gsp_err e = GSP_ERR_INIT;
	sigset_t set;

	if (gsp_sig_init(&e) == -1)
		return 10;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	gsp_sig_die(SIGTERM);
	return 0;
}

/* nohup: what arrives ignored stays so, for us and for what we start; SIGPIPE does not. */
static int
sig_ignored(void)
{
	static const char *const hup[] = {"sh", "-c", "kill -HUP $$; exit 7", NULL};
	static const char *const broken[] = {"sh", "-c", "kill -PIPE $$; exit 7", NULL};
	struct gsp_err e = GSP_ERR_INIT;
	int status = -1;

	signal(SIGHUP, SIG_IGN);
	if (gsp_sig_init(&e) == -1)
		return 10;
	raise(SIGHUP);
	if (gsp_sig_pending() != 0)
		return 11;
	if (gsp_proc_run(hup, NULL, &status, &e) == -1 || status != 7)
		return 12;
	if (gsp_proc_run(broken, NULL, &status, &e) == -1 || status != 128 + SIGPIPE)
		return 13;
	return 0;
}

static void
test_sig(void)
{
	IS_INT(gsp_sig_fd(), -1);
	IS_INT(gsp_sig_pending(), 0);
	IS_INT(gsp_sig_check(&err), 0);
	IS_INT(gsp_sleep_ms(1, &err), 0);
	IS_INT(gsp_sleep_ms(-5, &err), 0);
	IS_INT(in_child(sig_pending), 0);
	IS_INT(in_child(sig_wakes), 0);
	IS_INT(in_child(sig_forwarded), 0);
	IS_INT(in_child(sig_twice), 128 + SIGINT);
	IS_INT(in_child(sig_die), 128 + SIGTERM);
	IS_INT(in_child(sig_ignored), 0);
}

int
main(void)
{
	tree_new("sys");
	umask(022);
	test_read();
	test_append_line();
	test_write();
	test_dirs();
	test_sweep();
	test_sweep_while_written();
	test_rmtree();
	test_proc_status();
	test_proc_pipes();
	test_proc_detached();
	test_proc_clean_env();
	test_lock_inherited();
	test_proc_place();
	test_proc_group();
	test_lock();
	test_lock_note();
	test_lock_wait();
	test_sig();
	return done();
}
