#include "gsp/verify_tally.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define NAMED 10 /* damaged generations that the error names */

const char *
gsp_verify_verdict_name(enum gsp_verify_verdict v)
{
	switch (v) {
	case GSP_VERIFY_GOOD: return "good";
	case GSP_VERIFY_NO_SUM: return "unproven";
	case GSP_VERIFY_DAMAGED: return "damaged";
	case GSP_VERIFY_GONE: return "gone";
	default: return "?";
	}
}

/* Append text with its NUL at *p, which moves on; NULL stays NULL. */
static const char *
keep(char **p, const char *text)
{
	char *at = *p;
	size_t n;

	if (text == NULL)
		return NULL;
	n = strlen(text) + 1;
	memcpy(at, text, n);
	*p += n;
	return at;
}

static size_t
room(const char *text)
{
	return text != NULL ? strlen(text) + 1 : 0;
}

int
gsp_verify_note(struct gsp_verify_notes *n, enum gsp_verify_problem problem, const char *path,
    const char *wanted, const char *found)
{
	struct gsp_verify_kept *k;
	char *p;

	if (n->n == n->cap) {
		size_t want = n->cap == 0 ? 16 : n->cap * 2;

		if ((k = realloc(n->v, want * sizeof(*k))) == NULL)
			return -1;
		n->v = k;
		n->cap = want;
	}
	k = &n->v[n->n];
	if ((p = k->text = malloc(room(path) + room(wanted) + room(found))) == NULL)
		return -1;
	k->f.generation = 0;
	k->f.problem = problem;
	k->f.path = keep(&p, path);
	k->f.wanted = keep(&p, wanted);
	k->f.found = keep(&p, found);
	n->n++;
	return 0;
}

static int
by_path(const void *a, const void *b)
{
	const struct gsp_verify_finding *x = &((const struct gsp_verify_kept *)a)->f;
	const struct gsp_verify_finding *y = &((const struct gsp_verify_kept *)b)->f;
	int c = strcmp(x->path, y->path);

	return c != 0 ? c : (int)x->problem - (int)y->problem;
}

void
gsp_verify_notes_sort(struct gsp_verify_notes *n)
{
	if (n->n > 1)
		qsort(n->v, n->n, sizeof(*n->v), by_path);
}

void
gsp_verify_notes_release(struct gsp_verify_notes *n)
{
	for (size_t i = 0; i < n->n; i++)
		free(n->v[i].text);
	free(n->v);
	memset(n, 0, sizeof(*n));
}

void
gsp_verify_judge(struct gsp_verify_result *r, const struct gsp_verify_notes *n)
{
	r->problems = r->unproven = 0;
	for (size_t i = 0; i < n->n; i++)
		if (n->v[i].f.problem == GSP_VERIFY_UNPROVEN)
			r->unproven++;
		else
			r->problems++;
	r->verdict = r->problems > 0 ? GSP_VERIFY_DAMAGED
	    : r->unproven > 0        ? GSP_VERIFY_NO_SUM
				     : GSP_VERIFY_GOOD;
}

void
gsp_verify_count(struct gsp_verify_tally *t, const struct gsp_verify_result *r)
{
	if (r->verdict == GSP_VERIFY_GONE)
		return;
	t->checked++;
	if (r->verdict == GSP_VERIFY_GOOD && r->kind != GSP_GEN_LIVE && t->good == 0)
		t->good = r->generation;
	if (r->verdict != GSP_VERIFY_DAMAGED)
		return;
	if (t->damaged == 0) {
		gsp_buf_init(&t->names, 512);
		t->newest_bad = r->generation;
	}
	if (t->damaged++ < NAMED)
		gsp_buf_addf(&t->names, "%s%" PRIu64, t->damaged > 1 ? ", " : "", r->generation);
	else if (t->damaged == NAMED + 1)
		gsp_buf_adds(&t->names, ", ...");
}

void
gsp_verify_tally_release(struct gsp_verify_tally *t)
{
	gsp_buf_release(&t->names);
}

int
gsp_verify_sum_up(const struct gsp_verify_tally *t, const struct gsp_verify_opts *o,
    struct gsp_err *err)
{
	uint64_t newest = gsp_history_newest(o->h);

	if (t->damaged == 0)
		return 0;
	if (o->only != 0) {
		gsp_err_set(err, GSP_EREFUSED, "generation %" PRIu64 " of '%s' is damaged", o->only,
		    o->server);
		return gsp_err_hint(err, "'gsp saves verify %s' finds the newest good one", o->server);
	}
	gsp_err_set(err, GSP_EREFUSED, "%zu of %zu generations of '%s' are damaged: %s", t->damaged,
	    t->checked, o->server, gsp_buf_str(&t->names));
	if (t->good == 0)
		return gsp_err_hint(err, "none is good; files/ shares nothing with them: 'gsp saves diff %s "
		    "%" PRIu64 " files' shows whether it still has what they lost", o->server,
		    newest != 0 ? newest : t->newest_bad);
	if (t->good > t->newest_bad)
		return gsp_err_hint(err, "generation %" PRIu64 " is newer, and good", t->good);
	return gsp_err_hint(err, "the newest good one is %" PRIu64 "; 'gsp saves restore %s %" PRIu64
	    "' goes back to it", t->good, o->server, t->good);
}
