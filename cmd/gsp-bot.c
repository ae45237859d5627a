/* gsp-bot: the servers from a Discord channel: serve it; for the rest it becomes gsp-bot-setup. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "bot_main.h"
#include "bot_run.h"
#include "sys/io.h"

#include "base/banned.h"

static int
become_setup(char **argv, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(4096);

	if (gsp_io_self_dir(&path, err) == 0) {
		gsp_buf_adds(&path, "/gsp-bot-setup");
		(void)signal(SIGPIPE, SIG_DFL); /* ignored by us, and that would be inherited */
		(void)execv(gsp_buf_str(&path), argv);
		(void)gsp_err_sys(err, GSP_ESYS, errno, "cannot run '%s'", gsp_buf_str(&path));
		(void)gsp_err_hint(err, "it is a part of gsp: install gsp anew");
	}
	gsp_buf_release(&path);
	return -1;
}

static int
serve(struct tool *t, const struct bot_options *o, char **argv, struct gsp_err *err)
{
	/* these open the home themselves: run begins as root, maybe, and then becomes its owner first */
	if (o->job != NULL)
		return bot_job_runner(t, o->job, err);
	if (strcmp(o->word, "run") == 0)
		return bot_run(t, err);
	return become_setup(argv, err);
}

int
main(int argc, char **argv)
{
	return bot_main(argc, argv, serve);
}
