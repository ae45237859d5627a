/*
 * kill: something done to a server's history, killed at every step it takes (and in the middle of
 * every rsync it starts), and done again. The steps are those that the code itself names
 * (gsp_history_step()), so a new one is covered without anyone adding it here.
 */
#ifndef GSP_TEST_KILL_H
#define GSP_TEST_KILL_H

#include <signal.h>

#include "saves.h"

struct kill_story {
	const char *name;
	void (*make)(void);             /* what is there before; in a fresh tree */
	int (*run)(struct gsp_err *err); /* what is killed, and then run again */
	const char *(*safe)(void);      /* "" if nothing was lost, at any moment */
	const char *(*end)(void);       /* "" if it is as after an undisturbed run */
};

static int kill_at, kill_seen;
static bool kill_armed; /* in a child alone */
static const struct kill_story *kill_of;

static void
kill_on_step(const char *step)
{
	(void)step;
	if (kill_armed && kill_seen++ == kill_at)
		kill(getpid(), SIGKILL);
}

/* One run in a child; true if it was killed. */
static bool
kill_child(const char *what, int n)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	TREE_NEED(pid != -1);
	if (pid == 0) {
		struct gsp_err err = GSP_ERR_INIT;
		int rc;

		kill_armed = true;
		kill_seen = 0;
		rc = kill_of->run(&err);
		if (rc == -1)
			printf("# %s %s %d: %s\n", kill_of->name, what, n, err.msg);
		fflush(stdout);
		_exit(rc == 0 ? 0 : 1);
	}
	TREE_NEED(waitpid(pid, &status, 0) == pid);
	if (!WIFSIGNALED(status) && status != 0)
		OK(!"it ended badly");
	return WIFSIGNALED(status);
}

/* "" when the next run puts everything right. */
static const char *
kill_recovery(void)
{
	static struct gsp_err err;
	const char *why = kill_of->safe();

	if (*why == '\0' && kill_of->run(&err) == -1)
		why = err.msg;
	if (*why == '\0')
		why = kill_of->safe();
	return *why == '\0' ? kill_of->end() : why;
}

/* rsync sleeps more than it works, so the cases run side by side, each in a tree of its own. */
#define KILL_AT_ONCE 8
enum { KILL_WAS, KILL_ENDED, KILL_BAD };
typedef bool kill_case(int n); /* true if it was killed */

static void
kill_one_case(const char *name, kill_case *run, int n)
{
	const char *why;
	bool killed;

	tap_bad = 0; /* ours alone */
	tree_new("kill-case");
	kill_of->make();
	killed = run(n);
	why = kill_recovery();
	if (*why != '\0')
		printf("# %s %s %d: %s\n", kill_of->name, name, n, why);
	tree_gone();
	fflush(stdout);
	_exit(*why != '\0' || tap_bad != 0 ? KILL_BAD : killed ? KILL_WAS : KILL_ENDED);
}

/* Cases 0..n-1, or until one was not killed any more. How many were killed; -1 when one was bad. */
static int
kill_cases(const char *name, kill_case *run, int n, bool until_end)
{
	int killed = 0, running = 0, next = 0, status;
	bool bad = false;

	fflush(stdout);
	while (next < n || running > 0) {
		if (next < n && running < KILL_AT_ONCE) {
			pid_t pid = fork();

			TREE_NEED(pid != -1);
			if (pid == 0)
				kill_one_case(name, run, next);
			next++;
			running++;
			continue;
		}
		TREE_NEED(wait(&status) > 0);
		running--;
		killed += WIFEXITED(status) && WEXITSTATUS(status) == KILL_WAS;
		if (until_end && WIFEXITED(status) && WEXITSTATUS(status) == KILL_ENDED)
			n = next;
		bad = bad || !WIFEXITED(status) || WEXITSTATUS(status) == KILL_BAD;
	}
	return bad ? -1 : killed;
}

#define KILL_STEPS 40 /* more than any story has */

static bool
kill_at_step(int n)
{
	gsp_history_step_hook = kill_on_step;
	kill_at = n;
	return kill_child("step", n);
}

/* How many steps there were; -1 if after one of them something was not right. */
__attribute__((unused)) static int
kill_steps(const struct kill_story *story)
{
	kill_of = story;
	return kill_cases("step", kill_at_step, KILL_STEPS, true);
}

static const int *kill_first;
static int kill_firsts;

static bool
kill_at_two(int n)
{
	gsp_history_step_hook = kill_on_step;
	kill_at = kill_first[n % kill_firsts];
	kill_child("step", kill_at);
	kill_at = n / kill_firsts * 2;
	return kill_child("second step", kill_at);
}

/* Killed at one of ${first}, then the second run at its steps 0, 2, 4...: ${n} cases in all. */
__attribute__((unused)) static int
kill_twice(const struct kill_story *story, const int *first, int firsts, int n)
{
	kill_of = story;
	kill_first = first;
	kill_firsts = firsts;
	return kill_cases("two steps", kill_at_two, n, false);
}

/* An rsync that does half of its work, and kills us. */
static const char kill_shim[] =
    "#!/bin/sh\n"
    "PATH=$REAL_PATH\n"
    "n=$(cat \"$GSP_TEST_COUNT\") && echo $((n + 1)) >\"$GSP_TEST_COUNT\"\n"
    "[ \"$n\" = \"$GSP_TEST_KILL\" ] || exec rsync \"$@\"\n"
    "rsync --exclude='[a-l]*' \"$@\" >/dev/null\n"
    "kill -9 $PPID\n";

static bool
kill_at_rsync(int n)
{
	struct gsp_buf path = GSP_BUF_INIT(8192);
	char count[16];
	bool killed;

	(void)snprintf(count, sizeof(count), "%d", n);
	put(at("bin/rsync"), kill_shim, 0);
	TREE_NEED(chmod(at("bin/rsync"), 0755) == 0);
	put(at("count"), "0\n", 0);
	gsp_buf_addf(&path, "%s:%s", at("bin"), getenv("REAL_PATH"));
	TREE_NEED(setenv("GSP_TEST_COUNT", at("count"), 1) == 0 &&
	    setenv("GSP_TEST_KILL", count, 1) == 0 && setenv("PATH", gsp_buf_str(&path), 1) == 0);
	killed = kill_child("rsync", n);
	TREE_NEED(setenv("PATH", getenv("REAL_PATH"), 1) == 0);
	gsp_buf_release(&path);
	return killed;
}

/* The same in the middle of the first ${n} rsyncs it runs; how many there were. */
__attribute__((unused)) static int
kill_rsyncs(const struct kill_story *story, int n)
{
	const char *real = getenv("PATH") != NULL ? getenv("PATH") : "/usr/bin:/bin";

	TREE_NEED(setenv("REAL_PATH", real, 1) == 0);
	kill_of = story;
	return kill_cases("rsync", kill_at_rsync, n, true);
}

#endif
