/* The words of gsp-saves that change something, or carry it away: restore, import, export, prune. */
#include "saves.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"
#include "gsp/export.h"
#include "gsp/prune.h"
#include "gsp/restore.h"
#include "gsp/sync.h"
#include "sys/tty.h"

#include "base/banned.h"

/* ---- restore, import ---- */

static int
parse_number(uint64_t *n, const char *text, struct gsp_err *err)
{
	if (gsp_num_u64(n, text, 1, (uint64_t)1 << 53) == 0)
		return 0;
	return gsp_err_set(err, GSP_EUSAGE, "'%s' is no generation's number", text);
}

static int
print_made(struct saves *s, const struct gsp_history *h, uint64_t n, struct gsp_err *err)
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
	gsp_out_end(s->out);
	return 0;
}

int
saves_restore(struct tool *t, struct gsp_job *job, void *ctx, struct gsp_err *err)
{
	struct saves *s = ctx;
	struct gsp_server_conf *conf = NULL;
	struct gsp_history *h = NULL;
	struct gsp_restored got;
	uint64_t n;
	int rc = -1;

	if (parse_number(&n, s->args[0], err) == -1 ||
	    gsp_server_conf_load(&conf, t->home, job->server, err) == -1 ||
	    gsp_sync_history(&h, job, conf, err) == -1 ||
	    gsp_restore(job, h, conf, n, s->accept, &got, err) == -1)
		goto out;
	rc = print_made(s, h, got.number, err);
out:
	gsp_history_close(h);
	gsp_server_conf_free(conf);
	return rc;
}

int
saves_import(struct tool *t, struct gsp_job *job, void *ctx, struct gsp_err *err)
{
	struct saves *s = ctx;
	struct gsp_server_conf *conf = NULL;
	struct gsp_history *h = NULL;
	struct gsp_restored got;
	int rc = -1;

	if (gsp_server_conf_load(&conf, t->home, job->server, err) == -1 ||
	    gsp_sync_history(&h, job, conf, err) == -1 ||
	    gsp_import(job, h, conf, s->args[0], s->accept, &got, err) == -1)
		goto out;
	rc = print_made(s, h, got.number, err);
out:
	gsp_history_close(h);
	gsp_server_conf_free(conf);
	return rc;
}

/* ---- export ---- */

int
saves_export(struct tool *t, struct gsp_job *job, void *ctx, struct gsp_err *err)
{
	struct saves *s = ctx;
	const char *path = s->args[s->nargs - 1];
	struct gsp_server_conf *conf = NULL;
	struct gsp_history *h = NULL;
	uint64_t n = 0, bytes = 0;
	char size[24];
	int rc = -1;

	if ((s->nargs == 2 && parse_number(&n, s->args[0], err) == -1) ||
	    gsp_server_conf_load(&conf, t->home, job->server, err) == -1 ||
	    gsp_sync_history(&h, job, conf, err) == -1)
		goto out;
	if (s->nargs == 1 && (n = gsp_history_newest(h)) == 0) {
		gsp_err_set(err, GSP_EUNAVAIL, "'%s' has no generation yet", job->server);
		goto out;
	}
	if (gsp_export(job, h, n, path, t->cli.yes, &bytes, err) == -1)
		goto out;
	rc = 0;
	if (strcmp(path, "-") == 0)
		goto out;
	gsp_out_u64(s->out, "generation", n);
	gsp_out_str(s->out, "file", path);
	gsp_out_pair(s->out, "bytes", bytes, gsp_num_bytes(size, sizeof(size), bytes));
	gsp_out_end(s->out);
out:
	gsp_progress_finish(t->progress, job->server, rc == 0, "%s", rc == 0 ? "export" : err->msg);
	gsp_history_close(h);
	gsp_server_conf_free(conf);
	return rc;
}

/* ---- prune ---- */

static int
print_prune(struct saves *s, const struct gsp_prune *p, struct gsp_err *err)
{
	char when[GSP_CLOCK_TEXT], bytes[24], frees[24];

	for (size_t i = 0; i < p->n; i++) {
		const struct gsp_gen *g = &p->v[i].gen;

		gsp_out_u64(s->out, "generation", g->number);
		gsp_out_str(s->out, "kind", gsp_gen_kind_name(g->kind));
		gsp_out_str(s->out, "time", gsp_clock_format(when, sizeof(when), g->time));
		gsp_out_u64(s->out, "files", g->files);
		gsp_out_pair(s->out, "bytes", g->bytes, gsp_num_bytes(bytes, sizeof(bytes), g->bytes));
		gsp_out_pair(s->out, "frees", p->v[i].frees,
		    gsp_num_bytes(frees, sizeof(frees), p->v[i].frees));
		gsp_out_end(s->out);
	}
	return gsp_out_flush(s->out, err);
}

static int
confirm_prune(struct tool *t, struct gsp_job *job, const struct gsp_prune *p, struct gsp_err *err)
{
	char question[160], size[24];

	if (t->cli.yes)
		return 0;
	snprintf(question, sizeof(question), "%s: remove these %zu generations for good, which frees "
	    "%s? %zu stay.", job->server, p->n, gsp_num_bytes(size, sizeof(size), p->frees), p->stay);
	return gsp_tty_confirm(question, err);
}

int
saves_prune(struct tool *t, struct gsp_job *job, void *ctx, struct gsp_err *err)
{
	struct saves *s = ctx;
	struct gsp_prune p = GSP_PRUNE_INIT;
	struct gsp_server_conf *conf = NULL;
	struct gsp_history *h = NULL;
	int rc = -1;

	if (gsp_server_conf_load(&conf, t->home, job->server, err) == -1 ||
	    gsp_sync_history(&h, job, conf, err) == -1 ||
	    gsp_prune_plan(&p, job, h, &conf->policy.keep, err) == -1 || print_prune(s, &p, err) == -1)
		goto out;
	if (p.n == 0)
		gsp_steps_done(job->steps, job->server, "prune", "nothing to remove: %zu generations, all "
		    "of them kept", p.stay);
	else if (s->dry_run) {
		char size[24];

		gsp_steps_done(job->steps, job->server, "prune", "%zu generations would go and free %s, "
		    "%zu stay", p.n, gsp_num_bytes(size, sizeof(size), p.frees), p.stay);
	} else if (confirm_prune(t, job, &p, err) == -1 ||
	    gsp_prune_carry_out(&p, job, h, err) == -1)
		goto out;
	rc = 0;
out:
	gsp_progress_finish(t->progress, job->server, rc == 0, "%s", rc == 0 ? "prune" : err->msg);
	gsp_prune_release(&p);
	gsp_history_close(h);
	gsp_server_conf_free(conf);
	return rc;
}
