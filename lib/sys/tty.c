#include "sys/tty.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

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

int
gsp_tty_confirm(const char *question, struct gsp_err *err)
{
	char line[64];
	ssize_t n = -1;

	if (!isatty(STDIN_FILENO))
		return gsp_err_set(err, GSP_EREFUSED,
		    "this needs a yes, and stdin is no terminal; give --yes if you mean it");
	dprintf(STDERR_FILENO, "%s [y/N] ", question);
	while (n == -1) {
		struct pollfd fds[2] = {{STDIN_FILENO, POLLIN, 0}, {gsp_sig_fd(), POLLIN, 0}};

		if (gsp_sig_check(err) == -1) {
			dprintf(STDERR_FILENO, "\n"); /* what follows shall not stand behind the question */
			return -1;
		}
		if (poll(fds, 2, -1) == -1 || fds[0].revents == 0)
			continue;
		n = read(STDIN_FILENO, line, sizeof(line) - 1);
		if (n == -1 && errno != EINTR)
			n = 0; /* the terminal is gone: nobody said yes */
	}
	line[n] = '\0';
	line[strcspn(line, "\r\n")] = '\0';
	if (strcmp(line, "y") == 0 || strcmp(line, "Y") == 0 || strcmp(line, "yes") == 0)
		return 0;
	return gsp_err_set(err, GSP_EREFUSED, "not confirmed; nothing was done");
}
