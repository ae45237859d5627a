#include "sys/tty.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "sys/sig.h"

#include "base/banned.h"

int
gsp_tty_width(int fd)
{
	struct winsize ws;

	if (ioctl(fd, TIOCGWINSZ, &ws) == 0 && ws.ws_col >= 20)
		return ws.ws_col;
	return 80;
}

bool
gsp_tty_live(int fd)
{
	const char *term = getenv("TERM");

	return isatty(fd) && tcgetpgrp(fd) == getpgrp() &&
	    !(term != NULL && strcmp(term, "dumb") == 0);
}

/* What was typed; *n is 0 when nobody says anything any more. -1 on a signal. */
static int
read_answer(char *line, size_t size, int64_t deadline_ms, size_t *n, struct gsp_err *err)
{
	*n = 0;
	for (;;) {
		struct pollfd fds[2] = {{STDIN_FILENO, POLLIN, 0}, {gsp_sig_fd(), POLLIN, 0}};
		int64_t left_ms = deadline_ms < 0 ? -1 : deadline_ms - gsp_now_ms();
		ssize_t got;

		if (gsp_sig_check(err) == -1)
			return -1;
		if (deadline_ms >= 0 && left_ms <= 0)
			return 0;
		if (poll(fds, 2, left_ms > INT_MAX ? INT_MAX : (int)left_ms) <= 0 || fds[0].revents == 0)
			continue;
		got = read(STDIN_FILENO, line, size - 1);
		if (got == -1 && errno == EINTR)
			continue;
		*n = got > 0 ? (size_t)got : 0; /* the terminal is gone: nobody said yes */
		return 0;
	}
}

int
gsp_tty_ask(const char *question, int64_t wait_ms, struct gsp_err *err)
{
	char line[64];
	size_t n;

	dprintf(STDERR_FILENO, "%s [y/N] ", question);
	if (read_answer(line, sizeof(line), wait_ms < 0 ? -1 : gsp_now_ms() + wait_ms, &n, err) == -1) {
		dprintf(STDERR_FILENO, "\n"); /* what follows shall not stand behind the question */
		return -1;
	}
	line[n] = '\0';
	line[strcspn(line, "\r\n")] = '\0';
	if (strcmp(line, "y") == 0 || strcmp(line, "Y") == 0 || strcmp(line, "yes") == 0)
		return 0;
	if (n == 0)
		dprintf(STDERR_FILENO, "\n");
	return gsp_err_set(err, GSP_ENO, "%s; nothing was done", n > 0 ? "not confirmed" : "no answer");
}

int
gsp_tty_confirm(const char *question, struct gsp_err *err)
{
	if (!isatty(STDIN_FILENO))
		return gsp_err_set(err, GSP_EREFUSED,
		    "this needs a yes, and stdin is no terminal; give --yes if you mean it");
	if (gsp_tty_ask(question, -1, err) == 0)
		return 0;
	if (err->code == GSP_ENO)
		err->code = GSP_EREFUSED;
	return -1;
}
