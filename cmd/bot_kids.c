/* bot_kids: tools that answer at once: started side by side, read without waiting, ended when they take
 * too long. */
#include <errno.h>
#include <fcntl.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/must.h"
#include "bot_mon.h"

#include "base/banned.h"

enum { RUN_MAX = 16, RUN_BUSY = 2, WAIT_MAX = 256, BURST = 4, GRACE_MS = 2000, REAP_MS = 20 };

struct bot_kid {
	struct bot_kid *next;
	struct gsp_argv argv;
	struct gsp_proc p;
	struct gsp_buf out, said;
	int64_t limit_ms, deadline_ms;
	bool runs, late, done;
	int status;
	char why[GSP_ERR_MAX];
	kid_fn *fn;
	kid_drop_fn *drop;
	void *ctx;
};

struct kids {
	struct bot_kid *first; /* in the order in which they came */
	size_t most;           /* ... at once, since there were none */
};

struct kids *
kids_new(void)
{
	return gsp_must(calloc(1, sizeof(struct kids)));
}

static void
hang_up(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void
kid_free(struct bot_kid *kid)
{
	hang_up(&kid->p.out_fd);
	hang_up(&kid->p.err_fd);
	gsp_argv_release(&kid->argv);
	gsp_buf_release(&kid->out);
	gsp_buf_release(&kid->said);
	free(kid);
}

void
kids_free(struct kids *k)
{
	struct bot_kid *next;
	int status;

	if (k == NULL)
		return;
	for (struct bot_kid *kid = k->first; kid != NULL; kid = next) {
		next = kid->next;
		if (kid->runs && gsp_proc_poll(&kid->p, &status) == 0)
			gsp_proc_kill(&kid->p, SIGTERM);
		kid->drop(kid->ctx);
		kid_free(kid);
	}
	free(k);
}

int
kids_start(struct kids *k, struct gsp_argv *argv, int64_t limit_ms, kid_fn *fn, kid_drop_fn *drop,
    void *ctx)
{
	struct bot_kid *kid, **end = &k->first;
	size_t n = 0;

	for (; *end != NULL; end = &(*end)->next)
		n++;
	if (n >= RUN_MAX + WAIT_MAX) {
		gsp_argv_release(argv);
		return -1;
	}
	kid = gsp_must(calloc(1, sizeof(*kid)));
	kid->p = (struct gsp_proc)GSP_PROC_INIT;
	kid->argv = *argv;
	memset(argv, 0, sizeof(*argv));
	gsp_buf_init(&kid->out, GSP_TALK_OUT_MAX);
	gsp_buf_init(&kid->said, GSP_TALK_SAID_MAX);
	kid->limit_ms = limit_ms;
	kid->fn = fn;
	kid->drop = drop;
	kid->ctx = ctx;
	kid->status = -1;
	*end = kid;
	if (n + 1 > k->most)
		k->most = n + 1;
	return 0;
}

static void
start(struct bot_kid *kid)
{
	struct gsp_err err = GSP_ERR_INIT;

	kid->p.argv = (const char *const *)kid->argv.v;
	kid->p.in = GSP_PROC_NULL;
	kid->p.out = kid->p.err = GSP_PROC_PIPE;
	kid->p.new_group = true;
	kid->deadline_ms = gsp_now_ms() + kid->limit_ms;
	if (gsp_proc_start(&kid->p, &err) == -1) {
		snprintf(kid->why, sizeof(kid->why), "%s", err.msg);
		kid->done = true;
		return;
	}
	kid->runs = true;
	(void)fcntl(kid->p.out_fd, F_SETFL, O_NONBLOCK);
	(void)fcntl(kid->p.err_fd, F_SETFL, O_NONBLOCK);
}

/* What does not fit is read and thrown away, so that the tool can end. */
static void
drain(int *fd, struct gsp_buf *into)
{
	char block[8192];
	ssize_t n;

	while (*fd >= 0) {
		n = read(*fd, block, sizeof(block));
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN)
			return;
		if (n <= 0) {
			hang_up(fd);
			return;
		}
		if (into->len + (size_t)n >= into->max)
			n = into->len + 1 < into->max ? (ssize_t)(into->max - 1 - into->len) : 0;
		gsp_buf_add(into, block, (size_t)n);
	}
}

static void
look_after(struct bot_kid *kid)
{
	int64_t now = gsp_now_ms();

	drain(&kid->p.out_fd, &kid->out);
	drain(&kid->p.err_fd, &kid->said);
	if (now >= kid->deadline_ms) {
		gsp_proc_kill(&kid->p, kid->late ? SIGKILL : SIGTERM);
		if (kid->late) { /* somebody else may hold its pipes for ever */
			hang_up(&kid->p.out_fd);
			hang_up(&kid->p.err_fd);
		}
		kid->late = true;
		kid->deadline_ms = now + GRACE_MS;
	}
	if (gsp_proc_poll(&kid->p, &kid->status) == 0)
		return;
	/* the tool is over: what it has printed is there */
	drain(&kid->p.out_fd, &kid->out);
	drain(&kid->p.err_fd, &kid->said);
	kid->runs = false;
	kid->done = true;
	if (kid->late) {
		kid->status = -1;
		snprintf(kid->why, sizeof(kid->why), "it took longer than %d seconds",
		    (int)(kid->limit_ms / 1000));
	}
}

size_t
kids_fds(struct kids *k, struct pollfd *fds)
{
	size_t n = 0;

	for (struct bot_kid *kid = k->first; kid != NULL; kid = kid->next) {
		if (!kid->runs)
			continue;
		if (kid->p.out_fd >= 0 && n < KIDS_FDS)
			fds[n++] = (struct pollfd){kid->p.out_fd, POLLIN, 0};
		if (kid->p.err_fd >= 0 && n < KIDS_FDS)
			fds[n++] = (struct pollfd){kid->p.err_fd, POLLIN, 0};
	}
	return n;
}

void
kids_tick(struct kids *k, struct mon *m)
{
	/* whoever has not even a first answer yet needs the processor more */
	size_t running = 0, most = asks_wait(m) ? RUN_BUSY : RUN_MAX;

	for (struct bot_kid *kid = k->first; kid != NULL; kid = kid->next)
		if (kid->runs) {
			look_after(kid);
			running += kid->runs;
		}
	for (struct bot_kid *kid = k->first; kid != NULL && running < most; kid = kid->next)
		if (!kid->runs && !kid->done) {
			start(kid);
			running += kid->runs;
		}
	for (struct bot_kid **at = &k->first; *at != NULL;) {
		struct bot_kid *kid = *at;

		if (!kid->done) {
			at = &kid->next;
			continue;
		}
		*at = kid->next;
		kid->fn(m, kid->ctx, kid->status, gsp_buf_str(&kid->out),
		    kid->why[0] != '\0' ? kid->why : gsp_buf_str(&kid->said));
		kid_free(kid);
	}
	if (k->first == NULL && k->most > BURST) {
		k->most = 0;
#ifdef __GLIBC__
		malloc_trim(0);
#endif
	}
}

int
kids_wait_ms(const struct kids *k)
{
	int64_t now = gsp_now_ms(), wait = -1;

	for (const struct bot_kid *kid = k->first; kid != NULL; kid = kid->next) {
		int64_t w = !kid->runs ? -1
		    : kid->p.out_fd < 0 && kid->p.err_fd < 0 ? REAP_MS
		                                             : kid->deadline_ms - now;

		if (kid->done)
			return 0;
		if (!kid->runs)
			continue;
		w = w < 0 ? 0 : w;
		wait = wait == -1 || w < wait ? w : wait;
	}
	/* one that waits while nothing runs: begun at the next turn */
	return k->first != NULL && wait == -1 ? 0 : (int)wait;
}
