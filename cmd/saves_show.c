/* gsp-saves show: one generation, and what it changed. */
#include "saves_look.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"
#include "cli/say.h"
#include "gsp/sync.h"

#include "base/banned.h"

#define SHOWN 10 /* changes, without --all */

/* What a generation is compared with: its parent, or if that was pruned, the newest older one. */
static uint64_t
compared_with(const struct gsp_history *h, const struct gsp_gen *g)
{
	const uint64_t *v;
	size_t n;

	if (g->parent == 0 || gsp_history_has(h, g->parent))
		return g->parent;
	gsp_history_numbers(h, &v, &n);
	while (n > 0 && v[n - 1] >= g->number)
		n--;
	return n > 0 ? v[n - 1] : 0;
}

static void
fact(struct gsp_buf *b, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void
fact(struct gsp_buf *b, const char *name, const char *fmt, ...)
{
	struct gsp_buf text = GSP_BUF_INIT(1024);
	va_list ap;

	va_start(ap, fmt);
	gsp_buf_addv(&text, fmt, ap);
	va_end(ap);
	gsp_buf_addf(b, "%-12s", name);
	gsp_cli_escape(b, gsp_buf_str(&text));
	gsp_buf_addc(b, '\n');
	gsp_buf_release(&text);
}

static size_t
count_unproven(const struct gsp_list *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++)
		n += l->v[i].type == 'f' && l->v[i].sum[0] == '\0';
	return n;
}

/* For people. What is not so is not said. */
static void
facts(struct gsp_buf *b, const struct saves_row *r, const struct gsp_history *h)
{
	const struct gsp_gen *g = &r->g;
	char text[3][24], when[GSP_CLOCK_TEXT];

	fact(b, "generation", "%" PRIu64 "%s%s", r->n, r->newest ? ", the newest" : "",
	    r->base ? ", files/ is made from it" : "");
	fact(b, "kind", "%s%s", gsp_gen_kind_name(g->kind),
	    g->accepted ? ", suspect but accepted" : "");
	fact(b, "time", "%s", gsp_clock_format(when, sizeof(when), g->time));
	if (g->parent != 0)
		fact(b, "parent", "%" PRIu64 "%s", g->parent,
		    gsp_history_has(h, g->parent) ? "" : ", which is not there any more");
	if (g->session[0] != '\0')
		fact(b, "session", "%s", g->session);
	if (g->actor[0] != '\0')
		fact(b, "actor", "%s", g->actor);
	fact(b, "size", "%s in %" PRIu64 " files: %s of its own, %s shared",
	    gsp_num_bytes(text[0], sizeof(text[0]), g->bytes), g->files,
	    gsp_num_bytes(text[1], sizeof(text[1]), r->use.own),
	    gsp_num_bytes(text[2], sizeof(text[2]), saves_shared(r)));
}

/* What was learned from the lists of a generation and of what it is compared with. */
struct learned {
	size_t unproven; /* files without a checksum */
	uint64_t with;   /* 0: there is nothing to compare it with */
	const struct gsp_deltas *d;
	size_t n[3];     /* added, removed, changed */
};

static void
count_changes(const struct gsp_deltas *d, size_t n[3])
{
	n[0] = n[1] = n[2] = 0;
	for (size_t i = 0; i < d->n; i++)
		n[d->v[i].change == GSP_ADDED ? 0 : d->v[i].change == GSP_REMOVED ? 1 : 2]++;
}

/* For programs, and for people; l NULL: the lists cannot be read. */
static void
head_json(struct gsp_out *o, const struct saves_row *r, const struct learned *l)
{
	static const char *const names[3] = {"added", "removed", "changed"};

	saves_row_json(o, r);
	saves_json_u64(o, "unproven", l != NULL, l != NULL ? l->unproven : 0);
	saves_json_u64(o, "compared_with", l != NULL, l != NULL ? l->with : 0);
	for (int i = 0; i < 3; i++)
		saves_json_u64(o, names[i], l != NULL, l != NULL ? l->n[i] : 0);
	gsp_out_end(o);
}

static void
head_text(struct gsp_buf *b, const struct saves_row *r, const struct gsp_history *h,
    const struct learned *l, bool all)
{
	facts(b, r, h);
	if (l == NULL)
		return;
	if (l->unproven > 0)
		fact(b, "checksums", "%zu of %" PRIu64 " files have none", l->unproven, r->g.files);
	else
		fact(b, "checksums", "of every file");
	if (l->with != 0)
		fact(b, "changes", "%zu added, %zu removed, %zu changed against generation %" PRIu64,
		    l->n[0], l->n[1], l->n[2], l->with);
	else
		fact(b, "changes", "all of it is new: %zu paths", l->d->n);
	if (l->d->n > SHOWN && !all)
		fact(b, "", "the %d largest of them (--all shows the rest):", SHOWN);
}

static int
show_head(struct saves *s, const struct saves_row *r, const struct gsp_history *h,
    const struct learned *l, struct gsp_err *err)
{
	struct gsp_buf b = GSP_BUF_INIT(16384);
	int rc = 0;

	if (s->json) {
		head_json(s->out, r, l);
		return 0;
	}
	head_text(&b, r, h, l, s->all);
	if (fwrite(gsp_buf_str(&b), 1, b.len, stdout) != b.len)
		rc = gsp_err_sys(err, GSP_EIO, errno, "cannot write the output");
	gsp_buf_release(&b);
	return rc;
}

static int
show_generation(struct saves *s, const struct gsp_history *h, const struct gsp_job *job,
    const struct saves_row *r, struct gsp_err *err)
{
	struct gsp_list was = GSP_LIST_INIT, is = GSP_LIST_INIT;
	struct gsp_deltas d = GSP_DELTAS_INIT;
	struct gsp_err ignored = GSP_ERR_INIT;
	struct learned l = {0, compared_with(h, &r->g), &d, {0, 0, 0}};
	int rc = -1;

	if ((l.with != 0 && gsp_history_list(h, l.with, &was, err) == -1 &&
	        saves_or_gone(h, job, l.with, err) == -1) ||
	    gsp_history_list(h, r->n, &is, err) == -1 ||
	    gsp_deltas_make(&d, &was, &is, err) == -1) {
		/* the rest is known all the same */
		show_head(s, r, h, NULL, &ignored);
		goto out;
	}
	l.unproven = count_unproven(&is);
	count_changes(&d, l.n);
	if (show_head(s, r, h, &l, err) == -1)
		goto out;
	if (!s->all)
		gsp_deltas_by_size(&d);
	for (size_t i = 0; i < d.n && (s->all || i < SHOWN); i++)
		saves_print_delta(s, &d.v[i]);
	rc = 0;
out:
	gsp_deltas_release(&d);
	gsp_list_release(&was);
	gsp_list_release(&is);
	return rc;
}

int
saves_show(struct tool *t, struct gsp_job *job, void *ctx, struct gsp_err *err)
{
	struct saves *s = ctx;
	struct gsp_history *h = NULL;
	struct gsp_usage *u = NULL;
	struct saves_row r;
	uint64_t n;
	int rc = -1;

	(void)t;
	if (saves_number(&n, s->args[0], err) == -1 || gsp_sync_look(&h, job, NULL, err) == -1 ||
	    saves_need(h, job, n, err) == -1 || gsp_usage_new(&u, err) == -1)
		goto out;
	if (saves_row_fill(&r, h, u, n, err) == -1 || show_generation(s, h, job, &r, err) == -1)
		saves_or_gone(h, job, n, err);
	else
		rc = 0;
out:
	gsp_usage_free(u);
	gsp_history_close(h);
	return rc;
}
