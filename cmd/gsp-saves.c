/* gsp-saves: the generations of a server: look at them, go back to one, carry them in and out. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"
#include "cli/exitcode.h"
#include "cli/say.h"
#include "fmt/out.h"
#include "gsp/compare.h"
#include "gsp/sync.h"
#include "gsp/usage.h"
#include "gsp/verify.h"
#include "sys/sig.h"
#include "tool.h"

#include "base/banned.h"

struct saves {
	struct gsp_out *out;
	bool json;
	bool all;                /* show: every change */
	struct gsp_usage *usage; /* list: the inodes met so far */
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

/* ---- looking: list, show, diff, verify ---- */

/* "000041" as ls shows it, or "41". */
static int
parse_number(uint64_t *n, const char *text, struct gsp_err *err)
{
	if (gsp_num_u64(n, text, 1, (uint64_t)1 << 53) == 0)
		return 0;
	return gsp_err_set(err, GSP_EUSAGE, "'%s' is no generation's number", text);
}

static int
need(const struct gsp_history *h, const struct gsp_job *job, uint64_t n, struct gsp_err *err)
{
	if (gsp_history_has(h, n))
		return 0;
	return gsp_err_set(err, GSP_EUNAVAIL, "'%s' has no generation %" PRIu64 "; 'gsp saves list %s' "
	    "shows them", job->server, n, job->server);
}

/* A failure at a generation that another tool takes away: that is the reason. */
static int
or_gone(const struct gsp_history *h, const struct gsp_job *job, uint64_t n, struct gsp_err *err)
{
	if (err->code != GSP_ECANCEL && gsp_history_has(h, n) && gsp_history_gone(h, n))
		gsp_err_set(err, GSP_EUNAVAIL, "generation %" PRIu64 " of '%s' was removed meanwhile; "
		    "'gsp saves list %s' shows what is there", n, job->server, job->server);
	return -1;
}

static int
measure(const struct gsp_history *h, struct gsp_usage *u, uint64_t n, struct gsp_use *use,
    struct gsp_err *err)
{
	struct gsp_buf dir = GSP_BUF_INIT(GSP_PATH_BUF);
	int rc;

	rc = gsp_history_gen_dir(h, n, &dir, err) == -1 ||
		gsp_usage_measure(u, gsp_buf_str(&dir), use, err) == -1
	    ? -1
	    : 0;
	gsp_buf_release(&dir);
	return rc;
}

/* One generation, and what is known of it. */
struct row {
	uint64_t n;
	bool known, measured; /* g, use hold something */
	bool base, newest;
	struct gsp_gen g;
	struct gsp_use use;
};

/* What it has alone, and what others have too. */
static uint64_t
shared(const struct row *r)
{
	return r->use.bytes > r->use.own ? r->use.bytes - r->use.own : 0;
}

static void
json_u64(struct gsp_out *o, const char *name, bool known, uint64_t v)
{
	if (known)
		gsp_out_u64(o, name, v);
	else
		gsp_out_str(o, name, NULL);
}

/* For programs: every field, null where nothing is known. */
static void
row_json(struct gsp_out *o, const struct row *r)
{
	char when[GSP_CLOCK_TEXT];

	gsp_out_u64(o, "generation", r->n);
	gsp_out_str(o, "kind", r->known ? gsp_gen_kind_name(r->g.kind) : NULL);
	gsp_out_str(o, "time", r->known ? gsp_clock_format(when, sizeof(when), r->g.time) : NULL);
	json_u64(o, "parent", r->known, r->g.parent);
	json_u64(o, "files", r->known, r->g.files);
	json_u64(o, "bytes", r->known, r->g.bytes);
	json_u64(o, "own", r->measured, r->use.own);
	json_u64(o, "shared", r->measured, shared(r));
	gsp_out_str(o, "session", r->known && r->g.session[0] != '\0' ? r->g.session : NULL);
	gsp_out_str(o, "actor", r->known && r->g.actor[0] != '\0' ? r->g.actor : NULL);
	gsp_out_bool(o, "accepted", r->known && r->g.accepted);
	gsp_out_bool(o, "base", r->base);
	gsp_out_bool(o, "newest", r->newest);
	gsp_out_bool(o, "damaged", !r->known);
}

/* "discord:1234/name" is "name" to people; at most 12 characters, so that a row has 80. */
static const char *
short_actor(char *out, size_t size, const char *actor)
{
	const char *slash = strrchr(actor, '/');
	size_t n = 0;

	if (slash != NULL && slash[1] != '\0')
		actor = slash + 1;
	for (size_t chars = 0; actor[n] != '\0' && n + 1 < size; n++)
		if (((unsigned char)actor[n] & 0xc0) != 0x80 && ++chars > 12)
			break;
	(void)snprintf(out, size, "%.*s", (int)n, actor);
	return out;
}

static void
add_note(struct gsp_buf *notes, bool is, const char *what)
{
	if (is)
		gsp_buf_addf(notes, "%s%s", notes->len > 0 ? ", " : "", what);
}

/* For people: what fits. The rest is in `show`. */
static void
row_table(struct gsp_out *o, const struct row *r)
{
	struct gsp_buf notes = GSP_BUF_INIT(128);
	char text[64], when[GSP_CLOCK_TEXT];

	add_note(&notes, r->newest, "newest");
	add_note(&notes, r->base, "files/");
	add_note(&notes, r->known && r->g.accepted, "accepted");
	add_note(&notes, !r->known, "damaged");
	gsp_out_u64(o, "gen", r->n);
	gsp_out_str(o, "kind", r->known ? gsp_gen_kind_name(r->g.kind) : "?");
	gsp_clock_format(when, sizeof(when), r->g.time);
	when[10] = ' ';
	when[16] = '\0';
	gsp_out_str(o, "time_(UTC)", r->known ? when : "?");
	(void)snprintf(text, sizeof(text), "%" PRIu64, r->g.parent);
	gsp_out_pair(o, "parent", 0, !r->known ? "?" : r->g.parent == 0 ? "-" : text);
	(void)snprintf(text, sizeof(text), "%" PRIu64, r->g.files);
	gsp_out_pair(o, "files", 0, r->known ? text : "?");
	gsp_out_pair(o, "bytes", 0, r->known ? gsp_num_bytes(text, sizeof(text), r->g.bytes) : "?");
	gsp_out_pair(o, "own", 0,
	    r->measured ? gsp_num_bytes(text, sizeof(text), r->use.own) : "?");
	gsp_out_str(o, "actor", r->known && r->g.actor[0] != '\0'
	        ? short_actor(text, sizeof(text), r->g.actor) : "-");
	gsp_out_str(o, "note", notes.len > 0 ? gsp_buf_str(&notes) : "-");
	gsp_buf_release(&notes);
}

/* What there is to know of generation n; -1 if that is not all, but r can be shown all the same. */
static int
fill_row(struct row *r, const struct gsp_history *h, struct gsp_usage *u, uint64_t n,
    struct gsp_err *err)
{
	struct gsp_err second = GSP_ERR_INIT;

	memset(r, 0, sizeof(*r));
	r->n = n;
	r->base = n == gsp_history_base(h);
	r->newest = n == gsp_history_newest(h);
	r->known = gsp_history_info(h, n, &r->g, err) == 0;
	r->measured = measure(h, u, n, &r->use, r->known ? err : &second) == 0;
	return r->known && r->measured ? 0 : -1;
}

static int
print_generation(struct saves *s, const struct gsp_history *h, uint64_t n, struct gsp_err *err)
{
	struct gsp_usage *own = NULL;
	struct row r;
	int rc;

	if (s->usage == NULL && gsp_usage_new(&own, err) == -1)
		return -1;
	rc = fill_row(&r, h, s->usage != NULL ? s->usage : own, n, err);
	gsp_usage_free(own);
	if (rc == -1 && gsp_history_gone(h, n)) { /* pruned while we look */
		gsp_err_clear(err);
		return 0;
	}
	if (s->json)
		row_json(s->out, &r);
	else
		row_table(s->out, &r);
	gsp_out_end(s->out);
	return rc;
}

static int
list(struct tool *t, struct gsp_job *job, void *ctx, struct gsp_err *err)
{
	struct saves *s = ctx;
	struct gsp_history *h = NULL;
	const uint64_t *v;
	size_t n;
	int rc = -1;

	(void)t;
	if (gsp_sync_look(&h, job, NULL, err) == -1 || gsp_usage_new(&s->usage, err) == -1)
		goto out;
	gsp_history_numbers(h, &v, &n);
	rc = 0;
	for (size_t i = n; i-- > 0 && gsp_sig_check(err) == 0;) {
		struct gsp_err now = GSP_ERR_INIT;

		/* one that is damaged hides none of the others */
		if (print_generation(s, h, v[i], &now) == -1 && rc == 0) {
			*err = now;
			rc = -1;
		}
	}
	if (err->code == GSP_ECANCEL)
		rc = -1;
out:
	gsp_usage_free(s->usage);
	s->usage = NULL;
	gsp_history_close(h);
	return rc;
}

static const char *
change_name(const struct gsp_delta *d)
{
	return d->change == GSP_ADDED ? "added" : d->change == GSP_REMOVED ? "removed" : "changed";
}

static void
print_size(const struct saves *s, const char *name, const struct gsp_entry *e)
{
	char text[24];

	if (e != NULL && e->type == 'f')
		gsp_out_pair(s->out, name, e->size, gsp_num_bytes(text, sizeof(text), e->size));
	else if (s->json)
		gsp_out_str(s->out, name, NULL);
	else
		gsp_out_pair(s->out, name, 0, "-"); /* a number's column */
}

static void
print_delta(struct saves *s, const struct gsp_delta *d)
{
	char type = gsp_delta_type(d);

	if (s->json) {
		gsp_out_str(s->out, "change", change_name(d));
		gsp_out_str(s->out, "what", d->what);
		gsp_out_str(s->out, "type", type == 'f' ? "file" : type == 'd' ? "directory" : "symlink");
	} else {
		/* nearly always it is the content */
		gsp_out_str(s->out, "change",
		    d->what != NULL && strcmp(d->what, "content") != 0 ? d->what : change_name(d));
	}
	print_size(s, "from", d->from);
	print_size(s, "to", d->to);
	if (!s->json && type == 'd') {
		struct gsp_buf path = GSP_BUF_INIT(GSP_LIST_PATH_MAX + 2);

		gsp_buf_addf(&path, "%s/", gsp_delta_path(d));
		gsp_out_str(s->out, "path", gsp_buf_str(&path));
		gsp_buf_release(&path);
	} else {
		gsp_out_str(s->out, "path", gsp_delta_path(d));
	}
	gsp_out_end(s->out);
}

/* ---- show ---- */

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
facts(struct gsp_buf *b, const struct row *r, const struct gsp_history *h, size_t unproven)
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
	    gsp_num_bytes(text[2], sizeof(text[2]), shared(r)));
	if (unproven > 0)
		fact(b, "checksums", "%zu files have none", unproven);
}

static void
count_changes(const struct gsp_deltas *d, size_t n[3])
{
	n[0] = n[1] = n[2] = 0;
	for (size_t i = 0; i < d->n; i++)
		n[d->v[i].change == GSP_ADDED ? 0 : d->v[i].change == GSP_REMOVED ? 1 : 2]++;
}

static int
show_head(struct saves *s, const struct row *r, const struct gsp_history *h, uint64_t with,
    const struct gsp_deltas *d, size_t unproven, struct gsp_err *err)
{
	struct gsp_buf b = GSP_BUF_INIT(16384);
	size_t n[3];
	int rc = 0;

	count_changes(d, n);
	if (s->json) {
		row_json(s->out, r);
		gsp_out_u64(s->out, "unproven", unproven);
		gsp_out_u64(s->out, "compared_with", with);
		gsp_out_u64(s->out, "added", n[0]);
		gsp_out_u64(s->out, "removed", n[1]);
		gsp_out_u64(s->out, "changed", n[2]);
		gsp_out_end(s->out);
		return 0;
	}
	facts(&b, r, h, unproven);
	if (with != 0)
		fact(&b, "changes", "%zu added, %zu removed, %zu changed against generation %" PRIu64,
		    n[0], n[1], n[2], with);
	else
		fact(&b, "changes", "all of it is new: %zu paths", d->n);
	if (d->n > SHOWN && !s->all)
		fact(&b, "", "the %d largest of them (--all shows the rest):", SHOWN);
	if (fwrite(gsp_buf_str(&b), 1, b.len, stdout) != b.len)
		rc = gsp_err_sys(err, GSP_EIO, errno, "cannot write the output");
	gsp_buf_release(&b);
	return rc;
}

static int
show_generation(struct saves *s, const struct gsp_history *h, const struct row *r,
    struct gsp_err *err)
{
	struct gsp_list was = GSP_LIST_INIT, is = GSP_LIST_INIT;
	struct gsp_deltas d = GSP_DELTAS_INIT;
	uint64_t with = compared_with(h, &r->g);
	int rc = -1;

	if ((with != 0 && gsp_history_list(h, with, &was, err) == -1) ||
	    gsp_history_list(h, r->n, &is, err) == -1 || gsp_deltas_make(&d, &was, &is, err) == -1 ||
	    show_head(s, r, h, with, &d, count_unproven(&is), err) == -1)
		goto out;
	if (!s->all)
		gsp_deltas_by_size(&d);
	for (size_t i = 0; i < d.n && (s->all || i < SHOWN); i++)
		print_delta(s, &d.v[i]);
	rc = 0;
out:
	gsp_deltas_release(&d);
	gsp_list_release(&was);
	gsp_list_release(&is);
	return rc;
}

static int
show(struct tool *t, struct gsp_job *job, void *ctx, struct gsp_err *err)
{
	struct saves *s = ctx;
	struct gsp_history *h = NULL;
	struct gsp_usage *u = NULL;
	struct row r;
	uint64_t n;
	int rc = -1;

	(void)t;
	if (parse_number(&n, s->args[0], err) == -1 || gsp_sync_look(&h, job, NULL, err) == -1 ||
	    need(h, job, n, err) == -1 || gsp_usage_new(&u, err) == -1)
		goto out;
	if (fill_row(&r, h, u, n, err) == -1 || show_generation(s, h, &r, err) == -1)
		or_gone(h, job, n, err);
	else
		rc = 0;
out:
	gsp_usage_free(u);
	gsp_history_close(h);
	return rc;
}

/* ---- diff ---- */

static int
load_side(const struct gsp_history *h, const struct gsp_job *job, uint64_t n,
    struct gsp_list *out, struct gsp_err *err)
{
	if (need(h, job, n, err) == -1)
		return -1;
	return gsp_history_list(h, n, out, err) == 0 ? 0 : or_gone(h, job, n, err);
}

/* Both sides; number 0 is files/, which has no excluded paths. */
static int
load_sides(const struct gsp_history *h, const struct gsp_job *job, const uint64_t n[2],
    const struct gsp_server_conf *conf, struct gsp_list l[2], struct gsp_err *err)
{
	for (int i = 0; i < 2; i++)
		if (n[i] != 0 && load_side(h, job, n[i], &l[i], err) == -1)
			return -1;
	for (int i = 0; i < 2; i++)
		if (n[i] == 0) {
			gsp_list_drop(&l[1 - i], (const char *const *)conf->exclude.v);
			if (gsp_compare_files(h, &l[1 - i], &l[i], err) == -1)
				return -1;
		}
	return 0;
}

static int
parse_sides(uint64_t n[2], char **args, bool *files, struct gsp_err *err)
{
	*files = false;
	for (int i = 0; i < 2; i++) {
		n[i] = 0;
		if (strcmp(args[i], "files") == 0 || strcmp(args[i], "files/") == 0)
			*files = true;
		else if (parse_number(&n[i], args[i], err) == -1)
			return -1;
	}
	return n[0] == 0 && n[1] == 0
	    ? gsp_err_set(err, GSP_EUSAGE, "one side of 'diff' must be a generation")
	    : 0;
}

static int
diff(struct tool *t, struct gsp_job *job, void *ctx, struct gsp_err *err)
{
	struct saves *s = ctx;
	struct gsp_server_conf *own = NULL;
	const struct gsp_server_conf *conf = job->session != NULL ? job->session->conf : NULL;
	struct gsp_list l[2] = {GSP_LIST_INIT, GSP_LIST_INIT};
	struct gsp_deltas d = GSP_DELTAS_INIT;
	struct gsp_history *h = NULL;
	uint64_t n[2];
	bool files;
	int rc = -1;

	if (parse_sides(n, s->args, &files, err) == -1)
		return -1;
	if (files && conf == NULL) {
		if (gsp_server_conf_load(&own, t->home, job->server, err) == -1)
			goto out;
		conf = own;
	}
	if (gsp_sync_look(&h, job, conf, err) == -1 ||
	    load_sides(h, job, n, conf, l, err) == -1 ||
	    gsp_deltas_make(&d, &l[0], &l[1], err) == -1)
		goto out;
	for (size_t i = 0; i < d.n; i++)
		print_delta(s, &d.v[i]);
	rc = 0;
out:
	gsp_deltas_release(&d);
	gsp_list_release(&l[0]);
	gsp_list_release(&l[1]);
	gsp_history_close(h);
	gsp_server_conf_free(own);
	return rc;
}

/* ---- verify ---- */

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

static int
verify(struct tool *t, struct gsp_job *job, void *ctx, struct gsp_err *err)
{
	struct verify v = {ctx, NULL};
	struct gsp_verify_opts o = {NULL, job->server, 0, job->steps, on_finding, on_result, &v};
	struct gsp_err out_err = GSP_ERR_INIT;
	struct gsp_history *h = NULL;
	int rc;

	v.results = gsp_out_new(stdout, v.s->json ? GSP_OUT_JSON : GSP_OUT_TABLE, NULL);
	rc = (v.s->nargs > 0 && parse_number(&o.only, v.s->args[0], err) == -1) ||
		gsp_sync_look(&h, job, NULL, err) == -1 ||
		(o.only != 0 && need(h, job, o.only, err) == -1)
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

/* ---- the words ---- */

static const struct word words[] = {
    {"list", "", 0, 0, 0, list},
    {"show", "N", 1, 1, 0, show},
    {"diff", "A|files B|files", 2, 2, 0, diff},
    {"verify", "[N]", 0, 1, 0, verify},
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
	if (s->all && w->fn != show)
		return gsp_err_set(err, GSP_EUSAGE, "--all goes with 'show'");
	t->what = w->name;
	return tool_each(t, t->cli.operands + 1, 1, w->flags, w->fn, s, err);
}

int
main(int argc, char **argv)
{
	struct saves s = {.json = false};
	const struct gsp_opt opts[] = {
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
