#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/exitcode.h"
#include "cli/opt.h"
#include "cli/say.h"
#include "tap.h"

#include "base/banned.h"

/* One way to end, seen from outside: the wait status; stderr ends up in ${said}. */
static int
end(int rc, enum gsp_errcode code, int detail, const char *msg, const char *out, char *said,
    size_t size)
{
	struct gsp_err err = GSP_ERR_INIT;
	int fds[2], status = -1;
	ssize_t n;
	pid_t pid;

	if (pipe(fds) == -1)
		return -1;
	fflush(NULL);
	if ((pid = fork()) == 0) {
		if (code != GSP_OK)
			gsp_err_set(&err, code, "%s", msg);
		err.detail = detail;
		dup2(fds[1], STDERR_FILENO);
		if (out == NULL)
			close(STDOUT_FILENO);
		else
			dup2(open(out, O_WRONLY | O_CLOEXEC), STDOUT_FILENO);
		gsp_cli_set_tool("gsp-test");
		if (out != NULL)
			printf("data\n");
		_exit(gsp_cli_exit(rc, &err));
	}
	close(fds[1]);
	n = read(fds[0], said, size - 1);
	said[n > 0 ? n : 0] = '\0';
	close(fds[0]);
	waitpid(pid, &status, 0);
	return status;
}

static void
test_table(void)
{
	static const struct {
		enum gsp_errcode code;
		int status;
	} table[] = {{GSP_ENO, 1}, {GSP_EUSAGE, 64}, {GSP_EREFUSED, 65}, {GSP_EUNAVAIL, 69},
	    {GSP_EBUG, 70}, {GSP_ESYS, 71}, {GSP_ECREATE, 73}, {GSP_EIO, 74}, {GSP_ETEMP, 75},
	    {GSP_EPROTO, 76}, {GSP_EAUTH, 77}, {GSP_ECONFIG, 78}, {GSP_ENOTFOUND, 69},
	    {GSP_ELIMIT, 76}, {GSP_OK, 70}};
	struct gsp_err err = GSP_ERR_INIT;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		err.code = table[i].code;
		IS_INT(gsp_cli_status(&err), table[i].status);
		if (table[i].status >= 64 && table[i].code < GSP_ENOTFOUND && i != 14)
			IS_INT(gsp_cli_status_code(table[i].status), table[i].code);
	}
	err.code = GSP_ESCRIPT;
	err.detail = 7;
	IS_INT(gsp_cli_status(&err), 7);
	err.detail = 0;
	IS_INT(gsp_cli_status(&err), 70);
	err.code = GSP_ECANCEL;
	err.detail = SIGTERM;
	IS_INT(gsp_cli_status(&err), 143);
	IS_INT(gsp_cli_status_code(0), GSP_OK);
	IS_INT(gsp_cli_status_code(1), GSP_ESCRIPT);
	IS_INT(gsp_cli_status_code(137), GSP_ESYS);
}

static void
test_ends(void)
{
	char said[2048];
	int st;

	st = end(0, GSP_OK, 0, "", "/dev/null", said, sizeof(said));
	OK(WIFEXITED(st) && WEXITSTATUS(st) == 0);
	IS_STR(said, "");
	st = end(-1, GSP_EREFUSED, 0, "no\x1b[2J\nway", "/dev/null", said, sizeof(said));
	OK(WIFEXITED(st) && WEXITSTATUS(st) == 65);
	IS_STR(said, "gsp-test: no\\x1b[2J\\x0away\n");
	st = end(-1, GSP_ENO, 0, "", "/dev/null", said, sizeof(said));
	OK(WIFEXITED(st) && WEXITSTATUS(st) == 1);
	IS_STR(said, "");
	st = end(-1, GSP_OK, 0, "", "/dev/null", said, sizeof(said));
	OK(WIFEXITED(st) && WEXITSTATUS(st) == 70);
	OK(strstr(said, "bug") != NULL);
	st = end(-1, GSP_ECANCEL, SIGTERM, "stopped by SIGTERM", "/dev/null", said, sizeof(said));
	OK(WIFSIGNALED(st) && WTERMSIG(st) == SIGTERM);
	IS_STR(said, "gsp-test: stopped by SIGTERM\n");
	st = end(0, GSP_OK, 0, "", NULL, said, sizeof(said)); /* stdout closed, nothing to say */
	OK(WIFEXITED(st) && WEXITSTATUS(st) == 0);
	if (access("/dev/full", W_OK) == -1) {
		SKIP("no /dev/full here");
		return;
	}
	st = end(0, GSP_OK, 0, "", "/dev/full", said, sizeof(said));
	OK(WIFEXITED(st) && WEXITSTATUS(st) == 74);
	IS_STR(said, "gsp-test: cannot write the output: No space left on device\n");
	st = end(-1, GSP_ETEMP, 0, "busy", "/dev/full", said, sizeof(said));
	OK(WIFEXITED(st) && WEXITSTATUS(st) == 75);
}

int
main(void)
{
	test_table();
	test_ends();
	return done();
}
