#include "gsp/cost.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

bool
gsp_cost_counts(const struct gsp_ledger_session *s, const struct gsp_cost_pick *pick)
{
	if (!s->bought || (pick->server != NULL && strcmp(s->server, pick->server) != 0))
		return false;
	return s->api_url == NULL || strncmp(s->api_url, "http://", 7) != 0 ||
	    strcmp(s->api_url, pick->api_url) == 0;
}

int
gsp_cost_first_month(const struct gsp_ledger *l, const struct gsp_cost_pick *pick)
{
	int first = gsp_month_of(pick->now);

	for (size_t i = 0; i < l->n; i++)
		if (gsp_cost_counts(&l->v[i], pick) && gsp_month_of(l->v[i].created) < first)
			first = gsp_month_of(l->v[i].created);
	return first;
}

bool
gsp_cost_bill(const struct gsp_ledger_session *s, int month, int64_t now, struct gsp_bill *bill)
{
	struct gsp_life life = gsp_ledger_life(s, now);

	*bill = gsp_money_month(&life, month);
	return bill->hours > 0;
}

/* ---- sums ---- */

static struct gsp_cost_sum *
sum_of(struct gsp_cost_sums *s, enum gsp_cost_by by, const char *name, int month,
    struct gsp_err *err)
{
	struct gsp_cost_sum *v;

	for (size_t i = 0; i < s->n; i++)
		if (by == GSP_COST_TOTAL || (by == GSP_COST_MONTH && s->v[i].month == month) ||
		    (by != GSP_COST_MONTH && strcmp(s->v[i].name, name) == 0))
			return &s->v[i];
	if ((v = realloc(s->v, (s->n + 1) * sizeof(*v))) == NULL) {
		gsp_err_set(err, GSP_ESYS, "out of memory");
		return NULL;
	}
	s->v = v;
	v = &s->v[s->n++];
	memset(v, 0, sizeof(*v));
	v->name = by == GSP_COST_SERVER || by == GSP_COST_ACTOR ? name : NULL;
	v->month = month;
	return v;
}

static const char *
name_of(const struct gsp_ledger_session *s, enum gsp_cost_by by)
{
	return by == GSP_COST_ACTOR ? (s->actor[0] != '\0' ? s->actor : "unknown") : s->server;
}

/* A session counts once, in the first of the months that has a part of it. */
static void
add_bill(struct gsp_cost_sum *sum, const struct gsp_ledger_session *s,
    const struct gsp_cost_pick *p, enum gsp_cost_by by, int month, const struct gsp_bill *b)
{
	struct gsp_bill before;
	bool again = by != GSP_COST_MONTH && month > p->first && month > gsp_month_of(s->created) &&
	    gsp_cost_bill(s, month - 1, p->now, &before);

	sum->hours += b->hours;
	sum->amount = gsp_money_add(sum->amount, b->amount);
	if (again)
		return;
	sum->sessions++;
	sum->unpriced += b->amount < 0;
	sum->running += s->end == NULL;
}

/* The last session of each server in a month: index into the ledger, beside the server's first. */
struct plans {
	size_t *last; /* by server, as they appear; SIZE_MAX: none this month */
	const char **servers;
	size_t n;
};

static void
note_plan(struct plans *p, const struct gsp_ledger *l, size_t i)
{
	size_t k = 0;

	while (k < p->n && strcmp(p->servers[k], l->v[i].server) != 0)
		k++;
	if (k == p->n) {
		p->servers[p->n] = l->v[i].server;
		p->last[p->n++] = SIZE_MAX;
	}
	if (p->last[k] == SIZE_MAX || l->v[i].created >= l->v[p->last[k]].created)
		p->last[k] = i;
}

static int
add_always(struct gsp_cost_sums *out, const struct gsp_ledger *l, const struct plans *plans,
    enum gsp_cost_by by, int month, int64_t now, struct gsp_err *err)
{
	for (size_t k = 0; k < plans->n; k++) {
		const struct gsp_ledger_session *s;
		struct gsp_cost_sum *sum;
		int64_t always;

		if (plans->last[k] == SIZE_MAX)
			continue;
		s = &l->v[plans->last[k]];
		if ((sum = sum_of(out, by, s->server, month, err)) == NULL)
			return -1;
		always = gsp_money_always(month, now, s->hourly, s->monthly);
		/* a part that is not known makes the sum unknown */
		sum->always = sum->always < 0 || always < 0 ? -1 : gsp_money_add(sum->always, always);
	}
	return 0;
}

static int
add_month(struct gsp_cost_sums *out, const struct gsp_ledger *l, struct plans *plans,
    enum gsp_cost_by by, const struct gsp_cost_pick *p, int month, struct gsp_err *err)
{
	for (size_t k = 0; k < plans->n; k++)
		plans->last[k] = SIZE_MAX;
	for (size_t i = 0; i < l->n; i++) {
		struct gsp_cost_sum *sum;
		struct gsp_bill b;

		if (!gsp_cost_counts(&l->v[i], p) || !gsp_cost_bill(&l->v[i], month, p->now, &b))
			continue;
		if ((sum = sum_of(out, by, name_of(&l->v[i], by), month, err)) == NULL)
			return -1;
		add_bill(sum, &l->v[i], p, by, month, &b);
		note_plan(plans, l, i);
	}
	return by == GSP_COST_ACTOR ? 0 : add_always(out, l, plans, by, month, p->now, err);
}

static int
dearest(const void *a, const void *b)
{
	const struct gsp_cost_sum *x = a, *y = b;

	if (x->amount != y->amount)
		return x->amount < y->amount ? 1 : -1;
	return x->name != NULL && y->name != NULL ? strcmp(x->name, y->name) : 0;
}

int
gsp_cost_sum(struct gsp_cost_sums *out, const struct gsp_ledger *l, enum gsp_cost_by by,
    const struct gsp_cost_pick *pick, struct gsp_err *err)
{
	struct plans plans = {calloc(l->n + 1, sizeof(size_t)), calloc(l->n + 1, sizeof(char *)), 0};
	int rc = -1;

	memset(out, 0, sizeof(*out));
	if (plans.last == NULL || plans.servers == NULL) {
		gsp_err_set(err, GSP_ESYS, "out of memory");
		goto out;
	}
	if (by == GSP_COST_TOTAL && sum_of(out, by, NULL, pick->first, err) == NULL)
		goto out;
	for (int m = pick->first; m <= pick->last; m++)
		if (add_month(out, l, &plans, by, pick, m, err) == -1)
			goto out;
	if (by != GSP_COST_MONTH && out->n > 1)
		qsort(out->v, out->n, sizeof(*out->v), dearest);
	if (by == GSP_COST_ACTOR)
		for (size_t i = 0; i < out->n; i++)
			out->v[i].always = -1;
	rc = 0;
out:
	if (rc == -1)
		gsp_cost_sums_release(out);
	free(plans.last);
	free(plans.servers);
	return rc;
}

void
gsp_cost_sums_release(struct gsp_cost_sums *s)
{
	free(s->v);
	memset(s, 0, sizeof(*s));
}
