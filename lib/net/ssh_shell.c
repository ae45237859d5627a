/* net/ssh: an interactive terminal on the machine. */
#include "net/ssh_priv.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/banned.h"

struct shell {
	struct gsp_ssh_cmd c;
	int cols, rows;
	bool raw;
	struct termios before;
	struct sigaction winch_before;
};

/* Its only work is to interrupt poll(). */
static void
on_winch(int signo)
{
	(void)signo;
}

static void
tty_size(int *cols, int *rows)
{
	struct winsize w;

	*cols = 80;
	*rows = 24;
	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &w) == -1 &&
	    ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == -1)
		return;
	if (w.ws_col > 0 && w.ws_row > 0) {
		*cols = w.ws_col;
		*rows = w.ws_row;
	}
}

static void
pass_on_size(void *ctx)
{
	struct shell *sh = ctx;
	int cols, rows;

	tty_size(&cols, &rows);
	if (cols == sh->cols && rows == sh->rows)
		return;
	sh->cols = cols;
	sh->rows = rows;
	(void)ssh_channel_change_pty_size(sh->c.ch, cols, rows);
}

static void
tty_raw(struct shell *sh)
{
	struct sigaction sa = {.sa_handler = on_winch};
	struct termios raw;

	sigemptyset(&sa.sa_mask);
	sigaction(SIGWINCH, &sa, &sh->winch_before);
	if (tcgetattr(STDIN_FILENO, &sh->before) == -1)
		return;
	raw = sh->before;
	cfmakeraw(&raw);
	sh->raw = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
}

static void
tty_restore(struct shell *sh)
{
	sigaction(SIGWINCH, &sh->winch_before, NULL);
	/* Not DRAIN: a terminal that nobody empties would hold us here for ever. */
	if (sh->raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &sh->before);
}

int
gsp_ssh_shell(struct gsp_ssh *s, const char *command, struct gsp_ssh_end *end,
    struct gsp_err *err)
{
	struct shell sh = {.c = {.s = s}};
	struct gsp_ssh_pump_hook hook = {.tick = pass_on_size, .ctx = &sh};
	struct gsp_ssh_pump *p = NULL;
	const char *term = getenv("TERM");
	int rc = -1;

	p = gsp_ssh_pump_new(&sh.c, STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, err);
	if (p == NULL)
		return -1;
	tty_size(&sh.cols, &sh.rows);
	if (gsp_ssh_cmd_open(&sh.c, INT64_MAX, err) == 0 &&
	    gsp_ssh_cmd_pty(&sh.c, term != NULL && term[0] != '\0' ? term : "dumb", sh.cols,
		sh.rows, err) == 0 &&
	    gsp_ssh_cmd_start(&sh.c, command, INT64_MAX, err) == 0) {
		/* Only now: until the shell answers, ^C still ends us the usual way. */
		tty_raw(&sh);
		rc = gsp_ssh_pump_run(p, &hook, end, err);
		tty_restore(&sh);
	}
	gsp_ssh_cmd_close(&sh.c);
	gsp_ssh_pump_free(p);
	return rc;
}
