/* gsp-saves verify: is every generation what it was? */
#include "saves_look.h"

#include <stdio.h>

#include "base/num.h"
#include "cli/say.h"
#include "gsp/sync.h"
#include "gsp/verify.h"

#include "base/banned.h"

struct verify {
	struct saves *s;
	struct gsp_out *results; /* after all findings */
};

static int
on_finding(void *ctx, const struct gsp_verify_finding *f, struct gsp_err *err)
{
	const struct verify *v = ctx;
	struct gsp_out *o = v->s->out;

	(void)err;
	if (v->s->json)
		gsp_cli_clear();
	gsp_out_u64(o, v->s->json ? "generation" : "gen", f->generation);
	gsp_out_str(o, "problem", gsp_verify_problem_name(f->problem));
	gsp_out_str(o, "path", f->path);
	gsp_out_str(o, "expected", f->wanted);
	gsp_out_str(o, "found", f->found);
	gsp_out_end(o);
	return 0;
}

static int
on_result(void *ctx, const struct gsp_verify_result *r, struct gsp_err *err)
{
	struct verify *v = ctx;
	struct gsp_out *o = v->results;
	char text[24];

	(void)err;
	if (v->s->json)
		gsp_cli_clear();
	gsp_out_u64(o, v->s->json ? "generation" : "gen", r->generation);
	gsp_out_str(o, "result", gsp_verify_verdict_name(r->verdict));
	gsp_out_u64(o, "files", r->files);
	gsp_out_pair(o, "bytes", r->bytes, gsp_num_bytes(text, sizeof(text), r->bytes));
	gsp_out_u64(o, "problems", r->problems);
	gsp_out_u64(o, "unproven", r->unproven);
	gsp_out_end(o);
	return 0;
}

int
saves_verify(struct tool *t, struct gsp_job *job, void *ctx, struct gsp_err *err)
{
	struct verify v = {ctx, NULL};
	struct gsp_verify_opts o = {NULL, job->server, 0, job->steps, on_finding, on_result, &v};
	struct gsp_err out_err = GSP_ERR_INIT;
	struct gsp_history *h = NULL;
	int rc;

	v.results = gsp_out_new(stdout, v.s->json ? GSP_OUT_JSON : GSP_OUT_TABLE, NULL);
	rc = (v.s->nargs > 0 && saves_number(&o.only, v.s->args[0], err) == -1) ||
		gsp_sync_look(&h, job, NULL, err) == -1 ||
		(o.only != 0 && saves_need(h, job, o.only, err) == -1)
	    ? -1
	    : 0;
	/* no file in state/: that one belongs to the job that may be running */
	if (rc == 0 || t->cli.progress_json)
		gsp_progress_open(t->progress, job->server, NULL);
	if (rc == 0) {
		o.h = h;
		rc = gsp_verify_run(&o, err);
		gsp_progress_finish(t->progress, job->server, rc == 0, "%s",
		    rc == 0 ? t->what : err->msg);
	} else if (t->cli.progress_json) {
		gsp_progress_finish(t->progress, job->server, false, "%s", err->msg);
	}
	if (gsp_out_flush(v.s->out, &out_err) == -1 && rc == 0) {
		*err = out_err;
		rc = -1;
	}
	if (gsp_out_free(v.results, &out_err) == -1 && rc == 0) {
		*err = out_err;
		rc = -1;
	}
	gsp_history_close(h);
	return rc;
}
