/* gsp-saves: the generations of a server: look at them, go back to one, carry them in and out. */
#include <stdio.h>
#include <string.h>

#include "cli/exitcode.h"
#include "fmt/out.h"
#include "saves.h"
#include "tool.h"

#include "base/banned.h"

/* One word of the command line: gsp-saves WORD SERVER [ARG...] */
struct word {
	const char *name;
	const char *args; /* as in the usage */
	size_t min, max;  /* how many args */
	int flags;        /* of tool_each() */
	tool_fn *fn;
};

/* ---- the words ---- */

static const struct word words[] = {
    {"list", "", 0, 0, 0, saves_list},
    {"show", "N", 1, 1, 0, saves_show},
    {"diff", "A|files B|files", 2, 2, 0, saves_diff},
    {"verify", "[N]", 0, 1, 0, saves_verify},
    {"restore", "N", 1, 1, TOOL_LOCK | TOOL_STEPS, saves_restore},
    {"import", "DIR", 1, 1, TOOL_LOCK | TOOL_STEPS, saves_import},
    {"export", "[N] FILE", 1, 2, 0, saves_export},
    {"prune", "", 0, 0, TOOL_LOCK | TOOL_STEPS, saves_prune},
    {NULL, NULL, 0, 0, 0, NULL}};

static int
usage(const char *name, struct gsp_err *err)
{
	struct gsp_buf b = GSP_BUF_INIT(256);
	int rc;

	for (const struct word *w = words; w->name != NULL; w++)
		gsp_buf_addf(&b, "%s%s", w == words ? "" : ", ", w->name);
	rc = gsp_err_set(err, GSP_EUSAGE, "'%s' is not one of %s", name, gsp_buf_str(&b));
	gsp_buf_release(&b);
	return rc;
}

static int
run(struct tool *t, struct saves *s, struct gsp_err *err)
{
	const struct word *w = words;

	while (w->name != NULL && strcmp(w->name, t->cli.operands[0]) != 0)
		w++;
	if (w->name == NULL)
		return usage(t->cli.operands[0], err);
	s->args = t->cli.operands + 2;
	s->nargs = t->cli.noperands - 2;
	if (s->nargs < w->min || s->nargs > w->max)
		return gsp_err_set(err, GSP_EUSAGE, "'%s' is used so: gsp-saves %s SERVER%s%s", w->name,
		    w->name, w->args[0] != '\0' ? " " : "", w->args);
	if (s->all && w->fn != saves_show)
		return gsp_err_set(err, GSP_EUSAGE, "--all goes with 'show'");
	t->what = w->name;
	if (s->dry_run && w->fn != saves_prune)
		return gsp_err_set(err, GSP_EUSAGE, "--dry-run goes with 'prune'");
	if (s->accept && w->fn != saves_restore && w->fn != saves_import)
		return gsp_err_set(err, GSP_EUSAGE, "--accept goes with 'restore' and 'import'");
	/* what only looks keeps nobody out */
	return tool_each(t, t->cli.operands + 1, 1, s->dry_run ? 0 : w->flags, w->fn, s, err);
}

int
main(int argc, char **argv)
{
	struct saves s = {.json = false};
	const struct gsp_opt opts[] = {
	    {"accept", 0, GSP_OPT_FLAG, &s.accept, NULL, "take a damaged or strange tree as it is"},
	    {"dry-run", 0, GSP_OPT_FLAG, &s.dry_run, NULL, "prune: only say what would go"},
	    {"all", 0, GSP_OPT_FLAG, &s.all, NULL, "show: every change, not just the largest"},
	    {NULL, 0, GSP_OPT_FLAG, NULL, NULL, NULL}};
	struct tool t = {.cli = {.tool = "gsp-saves",
	                     .synopsis = "WORD SERVER [ARG...]",
	                     .summary = "look at a server's saves, and go back to one",
	                     .opts = opts,
	                     .min_operands = 2,
	                     .max_operands = 4},
	    .what = "saves"};
	struct gsp_err err = GSP_ERR_INIT, out_err = GSP_ERR_INIT;
	int rc = gsp_cli_parse(&t.cli, argc, argv, &err);

	if (rc == 0) {
		s.json = t.cli.json;
		s.out = gsp_out_new(stdout, t.cli.json ? GSP_OUT_JSON : GSP_OUT_TABLE, NULL);
		rc = tool_open(&t, &err) == -1 || run(&t, &s, &err) == -1 ? -1 : 0;
		if (gsp_out_free(s.out, &out_err) == -1 && rc == 0) {
			err = out_err;
			rc = -1;
		}
	}
	tool_close(&t);
	return gsp_cli_exit(rc < 0 ? -1 : 0, &err);
}
