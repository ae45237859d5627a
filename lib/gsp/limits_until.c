/* gsp/limits, part two: when the machines that run will have reached a limit. */
#include <stdlib.h>
#include <string.h>

#include "gsp/cost.h"
#include "gsp/ledger.h"
#include "gsp/limits.h"

#include "base/banned.h"

#define HOUR_S  3600
#define AHEAD_S (31 * 86400)

/* ---- the course of things: no I/O ---- */

/* A machine on its way through the hours. */
struct course {
	int64_t next;  /* when its next hour begins; 0: it has ended */
	int month;
	int64_t gross; /* its hours of that month without the cap; -1 not known */
};

static int64_t
hour_price(const struct gsp_limits_machine *m, const struct course *c)
{
	int64_t left;

	if (m->hourly < 0)
		return 0;
	if (m->monthly <= 0)
		return m->hourly;
	left = m->monthly - c->gross;
	return left < 0 ? 0 : left < m->hourly ? left : m->hourly;
}

static void
begin(struct course *c, const struct gsp_limits_machine *m, int64_t now)
{
	struct gsp_life life = {m->created, now, true, m->hourly, -1}; /* no cap: the gross */
	struct gsp_bill bill;

	c->next = m->created + (int64_t)gsp_money_hours(&life) * HOUR_S;
	c->month = gsp_month_of(now);
	bill = gsp_money_month(&life, c->month);
	c->gross = bill.amount;
}

/* The hour that begins next, of those that began together the older machine's. */
static size_t
soonest(const struct course *c, const struct gsp_limits_machine *m, size_t n)
{
	size_t best = n;

	for (size_t i = 0; i < n; i++)
		if (c[i].next != 0 && (best == n || c[i].next < c[best].next ||
		        (c[i].next == c[best].next && m[i].created < m[best].created)))
			best = i;
	return best;
}

static bool
over(const struct gsp_limits_sum *s, int64_t price)
{
	return s->limit >= 0 && price > 0 && gsp_money_add(s->spent, price) > s->limit;
}

int64_t
gsp_limits_course(bool *of_home, const struct gsp_limits_machine *m, size_t n, size_t mine,
    struct gsp_limits_sum *home, struct gsp_limits_sum *servers, size_t nservers, int64_t now)
{
	struct course *c = calloc(n, sizeof(*c));
	int month = gsp_month_of(now);
	int64_t end = 0;
	size_t i;

	if (c == NULL)
		return -1;
	for (i = 0; i < n; i++)
		begin(&c[i], &m[i], now);
	while (end == 0 && (i = soonest(c, m, n)) < n && c[i].next <= now + AHEAD_S) {
		int64_t at = c[i].next, price;

		if (gsp_month_of(at) != month) { /* what was spent is forgotten */
			month = gsp_month_of(at);
			home->spent = 0;
			for (size_t k = 0; k < nservers; k++)
				servers[k].spent = 0;
		}
		if (c[i].month != month) {
			c[i].month = month;
			c[i].gross = 0;
		}
		price = hour_price(&m[i], &c[i]);
		if (over(home, price) || over(&servers[m[i].server], price)) {
			*of_home = over(home, price);
			c[i].next = 0;
			end = i == mine ? at : 0;
			continue;
		}
		home->spent = gsp_money_add(home->spent, price);
		servers[m[i].server].spent = gsp_money_add(servers[m[i].server].spent, price);
		c[i].gross = gsp_money_add(c[i].gross, m[i].hourly);
		c[i].next += HOUR_S;
	}
	free(c);
	return end;
}

/* ---- what is spent, and what runs ---- */

struct sums {
	struct gsp_limits_machine *m;
	struct gsp_limits_sum *servers;
	const char **names; /* of servers; borrowed from the ledger */
	size_t n, nservers, mine;
	struct gsp_limits_sum home;
	uint64_t unpriced;
};

static int64_t
limit_of(int64_t usd_1e4)
{
	return usd_1e4 < 0 ? -1 : usd_1e4 * (GSP_MONEY_USD / 10000);
}

/* A running session goes on with the settings in its journal; without one it has no limit. */
static int64_t
server_limit(const struct gsp_home *h, const char *name, const struct gsp_session *mine)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_session *s = NULL;
	int64_t limit = -1;

	if (strcmp(name, mine->server) == 0)
		return limit_of(mine->conf->policy.monthly_usd_1e4);
	if (gsp_session_load(&s, h, name, &ignored) == 0 && s != NULL)
		limit = limit_of(s->conf->policy.monthly_usd_1e4);
	gsp_session_free(s);
	return limit;
}

static size_t
server_of(struct sums *x, const char *name)
{
	size_t i = 0;

	while (i < x->nservers && strcmp(x->names[i], name) != 0)
		i++;
	if (i == x->nservers) {
		x->names[x->nservers++] = name;
		x->servers[i] = (struct gsp_limits_sum){0, -1};
	}
	return i;
}

static void
add_session(struct sums *x, const struct gsp_ledger_session *from, const struct gsp_cost_pick *p,
    const struct gsp_session *mine)
{
	struct gsp_ledger_session s = *from;
	struct gsp_bill b;
	size_t server;

	s.bought = s.bought || s.doubtful;
	if (!gsp_cost_counts(&s, p))
		return;
	server = server_of(x, from->server);
	if (gsp_cost_bill(&s, p->first, p->now, &b)) {
		x->home.spent = gsp_money_add(x->home.spent, b.amount);
		x->servers[server].spent = gsp_money_add(x->servers[server].spent, b.amount);
		x->unpriced += b.amount < 0;
	}
	if (s.end != NULL)
		return;
	if (strcmp(s.id, mine->id) == 0)
		x->mine = x->n;
	/* what runs now has begun, whatever a clock that was wrong then says */
	x->m[x->n++] = (struct gsp_limits_machine){s.created < p->now ? s.created : p->now, s.hourly,
	    s.monthly, server};
}

static int
add_up(struct sums *x, const struct gsp_ledger *l, const struct gsp_home *h,
    const struct gsp_session *s, int64_t now, struct gsp_err *err)
{
	int month = gsp_month_of(now);
	struct gsp_cost_pick p = {month, month, NULL, h->api_url, now};

	x->m = calloc(l->n + 1, sizeof(*x->m));
	x->servers = calloc(l->n + 1, sizeof(*x->servers));
	x->names = calloc(l->n + 1, sizeof(*x->names));
	if (x->m == NULL || x->servers == NULL || x->names == NULL)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	x->home = (struct gsp_limits_sum){0, limit_of(h->monthly_usd_1e4)};
	x->mine = SIZE_MAX;
	for (size_t i = 0; i < l->n; i++)
		add_session(x, &l->v[i], &p, s);
	for (size_t i = 0; i < x->n; i++)
		x->servers[x->m[i].server].limit = server_limit(h, x->names[x->m[i].server], s);
	return 0;
}

static void
sums_release(struct sums *x)
{
	free(x->m);
	free(x->servers);
	free(x->names);
}

int
gsp_limits_until(struct gsp_limits_end *out, const struct gsp_home *h, const struct gsp_session *s,
    int64_t now, struct gsp_err *err)
{
	struct sums x = {.n = 0};
	struct gsp_ledger l;
	int rc;

	*out = (struct gsp_limits_end){0, false, 0};
	if (h->monthly_usd_1e4 < 0 && s->conf->policy.monthly_usd_1e4 < 0)
		return 0;
	if (gsp_ledger_read(&l, h, NULL, NULL, err) == -1)
		return -1;
	rc = add_up(&x, &l, h, s, now, err);
	if (rc == 0 && x.mine != SIZE_MAX) {
		out->until = gsp_limits_course(&out->of_home, x.m, x.n, x.mine, &x.home, x.servers,
		    x.nservers, now);
		if (out->until == -1)
			rc = gsp_err_set(err, GSP_ESYS, "out of memory");
	}
	out->unpriced = x.unpriced;
	sums_release(&x);
	gsp_ledger_release(&l);
	return rc;
}
