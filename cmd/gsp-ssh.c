/* gsp-ssh: a shell, a command, or rsync's transport, with the session's pinned key. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/exitcode.h"
#include "gsp/remote.h"
#include "tool.h"

#include "base/banned.h"

struct shell {
	bool transport, tty;
	struct gsp_ssh_end end;
};

/* Words are joined by blanks and read by the shell there, as ssh(1) does. */
static void
join(struct gsp_buf *out, char **words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			gsp_buf_addc(out, ' ');
		gsp_buf_adds(out, words[i]);
	}
}

static int
shell(struct tool *t, struct gsp_job *job, void *ctx, struct gsp_err *err)
{
	struct shell *s = ctx;
	struct gsp_buf cmd = GSP_BUF_INIT(1024 * 1024);
	bool has_cmd = t->cli.noperands > 1;
	int rc = -1;

	if (gsp_job_remote(job, err) == -1)
		return -1;
	join(&cmd, t->cli.operands + 1, t->cli.noperands - 1);
	if (!gsp_buf_ok(&cmd))
		gsp_err_set(err, GSP_EUSAGE, "command too long");
	else if (!has_cmd && !isatty(STDIN_FILENO) && !s->tty)
		/* "gsp ssh vanilla <script": the login shell reads our stdin */
		rc = gsp_ssh_pump(gsp_remote_ssh(job->remote), "exec \"${SHELL:-/bin/sh}\" -s",
		    STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, &s->end, err);
	else if (!has_cmd || s->tty)
		rc = gsp_ssh_shell(gsp_remote_ssh(job->remote), has_cmd ? gsp_buf_str(&cmd) : NULL,
		    &s->end, err);
	else
		rc = gsp_ssh_pump(gsp_remote_ssh(job->remote), gsp_buf_str(&cmd), STDIN_FILENO,
		    STDOUT_FILENO, STDERR_FILENO, &s->end, err);
	gsp_buf_release(&cmd);
	return rc;
}

/* The command's end is ours: its status, or 128 + n for signal n. */
static int
status_of(const struct gsp_ssh_end *end)
{
	static const struct {
		const char *name;
		int number;
	} signals[] = {{"HUP", SIGHUP}, {"INT", SIGINT}, {"QUIT", SIGQUIT}, {"ILL", SIGILL},
	    {"ABRT", SIGABRT}, {"FPE", SIGFPE}, {"KILL", SIGKILL}, {"SEGV", SIGSEGV},
	    {"PIPE", SIGPIPE}, {"ALRM", SIGALRM}, {"TERM", SIGTERM}, {"USR1", SIGUSR1},
	    {"USR2", SIGUSR2}};

	if (end->status >= 0)
		return end->status;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (strcmp(end->signame, signals[i].name) == 0)
			return 128 + signals[i].number;
	return 255;
}

int
main(int argc, char **argv)
{
	struct shell s = {false, false, {0, ""}};
	const struct gsp_opt opts[] = {
	    {"transport", 0, GSP_OPT_FLAG, &s.transport, NULL, "as rsync's -e program: nothing but the command"},
	    {"tty", 't', GSP_OPT_FLAG, &s.tty, NULL, "a terminal for the command"},
	    {NULL, 0, GSP_OPT_FLAG, NULL, NULL, NULL}};
	struct tool t = {.cli = {.tool = "gsp-ssh",
	                     .synopsis = "SERVER [COMMAND...]",
	                     .summary = "a shell or a command on a server's machine",
	                     .opts = opts,
	                     .min_operands = 1,
	                     .max_operands = GSP_CLI_OPERANDS_ANY,
	                     .stop_at_operand = true},
	    .what = "ssh"};
	struct gsp_err err = GSP_ERR_INIT;
	int rc = gsp_cli_parse(&t.cli, argc, argv, &err);

	if (rc == 0) {
		rc = tool_open(&t, &err) == -1 ||
		        tool_each(&t, t.cli.operands, 1, 0, shell, &s, &err) == -1
		    ? -1
		    : 0;
		tool_close(&t);
		if (rc == 0)
			return status_of(&s.end);
	}
	tool_close(&t);
	return gsp_cli_exit(rc < 0 ? -1 : 0, &err);
}
