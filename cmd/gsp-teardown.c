/* gsp-teardown: delete a server's machine, only when its saves are proven home. */
#include <stdio.h>

#include "cli/exitcode.h"
#include "cli/say.h"
#include "gsp/stray.h"
#include "gsp/teardown.h"
#include "sys/sig.h"
#include "sys/tty.h"
#include "tool.h"

#include "base/banned.h"

struct wish {
	bool discard, take_over;
	const char *stray; /* NULL: servers are named */
};

static int
teardown(struct tool *t, struct gsp_job *job, void *ctx, struct gsp_err *err)
{
	const struct wish *w = ctx;
	char question[256];

	if (w->discard && job->session != NULL && !t->cli.yes) {
		snprintf(question, sizeof(question), "Delete the machine of '%s' WITHOUT its save? What "
		    "was played since generation %llu is lost for good.", job->server,
		    (unsigned long long)job->session->base);
		if (gsp_tty_confirm(question, err) == -1)
			return -1;
	}
	return gsp_teardown(job, w->discard, err);
}

static int
confirm(void *ctx, const char *what, struct gsp_err *err)
{
	const struct tool *t = ctx;

	if (t->cli.yes)
		return 0;
	gsp_cli_error("%s", what);
	return gsp_tty_confirm("Go on?", err);
}

static int
stray(struct tool *t, const struct wish *w, struct gsp_err *err)
{
	struct gsp_stray_opts o = {.take_over = w->take_over,
	    .discard = w->discard,
	    .confirm = confirm,
	    .ctx = t,
	    .actor = t->cli.actor,
	    .steps = gsp_progress_steps(t->progress)};
	char name[GSP_STRAY_NAME];
	int rc;

	rc = gsp_stray_delete(t->home, w->stray, &o, name, err);
	if (rc == 0)
		rc = gsp_sig_check(err);
	gsp_progress_finish(t->progress, name, rc == 0, "%s", rc == 0 ? t->what : err->msg);
	return rc;
}

static int
run(struct tool *t, struct wish *w, struct gsp_err *err)
{
	if (w->stray == NULL && t->cli.noperands == 0)
		return gsp_err_set(err, GSP_EUSAGE, "name a server, or a stray machine with --stray");
	if (w->stray != NULL && t->cli.noperands > 0)
		return gsp_err_set(err, GSP_EUSAGE, "--stray takes what is to be deleted itself ('--stray %s "
		    "--yes'), and no server", w->stray);
	if (w->stray == NULL && w->take_over)
		return gsp_err_set(err, GSP_EUSAGE, "--take-over goes with --stray; 'gsp status --take-over "
		    "%s' moves a server's machine here", t->cli.operands[0]);
	if (tool_open(t, err) == -1)
		return -1;
	if (w->stray != NULL)
		return stray(t, w, err);
	return tool_each(t, t->cli.operands, t->cli.noperands,
	    TOOL_LOCK | TOOL_RECORDS | TOOL_PRINT | TOOL_STEPS, teardown, w, err);
}

int
main(int argc, char **argv)
{
	struct wish w = {.stray = NULL};
	const struct gsp_opt opts[] = {
	    {"discard-unsaved", 0, GSP_OPT_FLAG, &w.discard, NULL,
	        "delete without a save: what was played is lost (asks, or wants --yes)"},
	    {"stray", 0, GSP_OPT_TEXT, &w.stray, "ID",
	        "delete a machine, or firewall:ID, that 'gsp status' calls a stray"},
	    {"take-over", 0, GSP_OPT_FLAG, &w.take_over, NULL,
	        "with --stray: also what another home has; it is moved to this one first"},
	    {NULL, 0, GSP_OPT_FLAG, NULL, NULL, NULL}};
	struct tool t = {.cli = {.tool = "gsp-teardown",
	                     .synopsis = "SERVER...",
	                     .summary = "delete a server's machine when its saves are proven home",
	                     .notes = "SERVER '-' reads records from stdin.\n",
	                     .opts = opts,
	                     .max_operands = GSP_CLI_OPERANDS_ANY},
	    .what = "teardown"};
	struct gsp_err err = GSP_ERR_INIT;
	int rc = gsp_cli_parse(&t.cli, argc, argv, &err);

	if (rc == 0 && run(&t, &w, &err) == -1)
		rc = -1;
	tool_close(&t);
	return gsp_cli_exit(rc < 0 ? -1 : 0, &err);
}
