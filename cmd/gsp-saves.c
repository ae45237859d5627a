/* gsp-saves: the generations of a server: look at them, go back to one, carry them in and out. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"
#include "cli/exitcode.h"
#include "fmt/out.h"
#include "gsp/sync.h"
#include "tool.h"

#include "base/banned.h"

struct saves {
	struct gsp_out *out;
	bool json;
	char **args; /* what follows the server's name */
	size_t nargs;
};

/* One word of the command line: gsp-saves WORD SERVER [ARG...] */
struct word {
	const char *name;
	const char *args; /* as in the usage */
	size_t min, max;  /* how many args */
	int flags;        /* of tool_each() */
	tool_fn *fn;
};

/* ---- list ---- */

static int
print_generation(struct saves *s, const struct gsp_history *h, uint64_t n, struct gsp_err *err)
{
	char when[GSP_CLOCK_TEXT], size[24];
	struct gsp_gen g;

	if (gsp_history_info(h, n, &g, err) == -1)
		return -1;
	gsp_out_u64(s->out, "generation", n);
	gsp_out_str(s->out, "kind", gsp_gen_kind_name(g.kind));
	gsp_out_str(s->out, "time", gsp_clock_format(when, sizeof(when), g.time));
	gsp_out_u64(s->out, "parent", g.parent);
	gsp_out_u64(s->out, "files", g.files);
	gsp_out_pair(s->out, "bytes", g.bytes, gsp_num_bytes(size, sizeof(size), g.bytes));
	gsp_out_u64(s->out, "moving", g.moving);
	gsp_out_str(s->out, "session", g.session[0] != '\0' ? g.session : NULL);
	gsp_out_str(s->out, "actor", g.actor[0] != '\0' ? g.actor : NULL);
	gsp_out_end(s->out);
	return 0;
}

static int
list(struct tool *t, struct gsp_job *job, void *ctx, struct gsp_err *err)
{
	struct saves *s = ctx;
	struct gsp_server_conf *conf = NULL;
	struct gsp_history *h = NULL;
	const uint64_t *v;
	size_t n;
	int rc = -1;

	if (gsp_server_conf_load(&conf, t->home, job->server, err) == -1 ||
	    gsp_sync_history(&h, job, conf, err) == -1)
		goto out;
	gsp_history_numbers(h, &v, &n);
	rc = 0;
	for (size_t i = n; rc == 0 && i-- > 0;)
		rc = print_generation(s, h, v[i], err);
out:
	gsp_history_close(h);
	gsp_server_conf_free(conf);
	return rc;
}

/* ---- the words ---- */

static const struct word words[] = {
    {"list", "", 0, 0, 0, list},
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
	t->what = w->name;
	return tool_each(t, t->cli.operands + 1, 1, w->flags, w->fn, s, err);
}

int
main(int argc, char **argv)
{
	struct saves s = {.json = false};
	const struct gsp_opt opts[] = {{NULL, 0, GSP_OPT_FLAG, NULL, NULL, NULL}};
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
