#include "gsp/cloud.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "gsp/session.h"
#include "gsp/status.h"

#include "base/banned.h"

static const char *
session_of(const struct gsp_instance *it)
{
	const char *s = gsp_instance_tag(it, "gsp-session:");

	return s != NULL ? s : "";
}

static int
order_id(const void *a, const void *b)
{
	const struct gsp_instance *x = *(const struct gsp_instance *const *)a,
	                          *y = *(const struct gsp_instance *const *)b;

	return (x->id > y->id) - (x->id < y->id);
}

/* Of two with one session (somebody copied the tags) the older is meant: the smaller number. */
static int
order_session(const void *a, const void *b)
{
	int c = strcasecmp(session_of(*(const struct gsp_instance *const *)a),
	    session_of(*(const struct gsp_instance *const *)b));

	return c != 0 ? c : order_id(a, b);
}

static int
order_label(const void *a, const void *b)
{
	int c = strcasecmp((*(const struct gsp_instance *const *)a)->label,
	    (*(const struct gsp_instance *const *)b)->label);

	return c != 0 ? c : order_id(a, b);
}

static void
drop_index(struct gsp_cloud *c)
{
	free(c->by_id);
	free(c->by_session);
	free(c->by_label);
	c->by_id = c->by_session = c->by_label = NULL;
	c->nsessions = 0;
}

static int
make_index(struct gsp_cloud *c, struct gsp_err *err)
{
	size_t n = c->nmachines;

	drop_index(c);
	c->by_id = calloc(n + 1, sizeof(struct gsp_instance *));
	c->by_session = calloc(n + 1, sizeof(struct gsp_instance *));
	c->by_label = calloc(n + 1, sizeof(struct gsp_instance *));
	if (c->by_id == NULL || c->by_session == NULL || c->by_label == NULL)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	for (size_t i = 0; i < n; i++) {
		c->by_id[i] = c->by_label[i] = &c->machines[i];
		if (session_of(&c->machines[i])[0] != '\0')
			c->by_session[c->nsessions++] = &c->machines[i];
	}
	qsort(c->by_id, n, sizeof(struct gsp_instance *), order_id);
	qsort(c->by_label, n, sizeof(struct gsp_instance *), order_label);
	qsort(c->by_session, c->nsessions, sizeof(struct gsp_instance *), order_session);
	return 0;
}

/* The first that is not before ${key}, if it is equal to it. */
static const struct gsp_instance *
lookup(const struct gsp_instance *const *v, size_t n, const struct gsp_instance *key,
    int (*order)(const void *, const void *))
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (order(&v[mid], &key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low < n ? v[low] : NULL;
}

static const struct gsp_instance *
find_id(const struct gsp_cloud *c, uint64_t id)
{
	struct gsp_instance key;
	const struct gsp_instance *it;

	memset(&key, 0, sizeof(key));
	key.id = id;
	it = c->by_id != NULL ? lookup(c->by_id, c->nmachines, &key, order_id) : NULL;
	return it != NULL && it->id == id ? it : NULL;
}

const struct gsp_instance *
gsp_cloud_machine(const struct gsp_cloud *c, uint64_t id, const char *session)
{
	const struct gsp_instance *it = id != 0 ? find_id(c, id) : NULL;
	struct gsp_instance key;

	if (it != NULL || c->by_session == NULL || session[0] == '\0')
		return it;
	memset(&key, 0, sizeof(key));
	key.ntags = 1;
	snprintf(key.tags[0], sizeof(key.tags[0]), "gsp-session:%.38s", session);
	it = lookup(c->by_session, c->nsessions, &key, order_session);
	return it != NULL && strcasecmp(session_of(it), session) == 0 ? it : NULL;
}

const struct gsp_instance *
gsp_cloud_labelled(const struct gsp_cloud *c, const char *label)
{
	struct gsp_instance key;
	const struct gsp_instance *it;

	memset(&key, 0, sizeof(key));
	snprintf(key.label, sizeof(key.label), "%s", label);
	it = c->by_label != NULL ? lookup(c->by_label, c->nmachines, &key, order_label) : NULL;
	return it != NULL && strcasecmp(it->label, label) == 0 ? it : NULL;
}

/* ---- reading ---- */

/* What the journals of this home say: the sessions, and the machines that lost their tags. */
struct journals {
	struct gsp_argv sessions; /* sorted */
	struct gsp_instance *more;
	size_t nmore;
};

/* A machine of ours that the list does not have may have lost its tags; it costs all the same. */
static int
read_untagged(struct journals *j, const struct gsp_cloud *c, uint64_t id, struct gsp_linode *api,
    struct gsp_err *err)
{
	struct gsp_instance *v;

	if (id == 0 || find_id(c, id) != NULL)
		return 0;
	if ((v = reallocarray(j->more, j->nmore + 1, sizeof(*v))) == NULL)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	j->more = v;
	if (gsp_instance_get(api, id, &v[j->nmore], err) == -1) {
		if (err->code != GSP_ENOTFOUND)
			return -1;
		gsp_err_clear(err);
		return 0;
	}
	j->nmore++;
	return 0;
}

static int
order_text(const void *a, const void *b)
{
	return strcasecmp(*(char *const *)a, *(char *const *)b);
}

static int
read_journals(struct journals *j, const struct gsp_cloud *c, const struct gsp_home *h,
    struct gsp_linode *api, struct gsp_err *err)
{
	struct gsp_argv names = GSP_ARGV_INIT;
	struct gsp_err damaged = GSP_ERR_INIT;
	struct gsp_session *s = NULL;
	int rc = -1;

	if (gsp_status_servers(&names, h, err) == -1)
		goto out;
	for (size_t i = 0; i < names.n; i++) {
		if (gsp_session_load(&s, h, names.v[i], &damaged) == -1)
			continue; /* whoever shows it says so; the others are not hidden by it */
		if (s != NULL && read_untagged(j, c, s->linode_id, api, err) == -1)
			goto out;
		if (s != NULL)
			gsp_argv_push(&j->sessions, s->id);
		gsp_session_free(s);
		s = NULL;
	}
	if (j->sessions.n > 1)
		qsort(j->sessions.v, j->sessions.n, sizeof(*j->sessions.v), order_text);
	rc = j->sessions.failed ? gsp_err_set(err, GSP_ESYS, "out of memory") : 0;
out:
	gsp_session_free(s);
	gsp_argv_release(&names);
	return rc;
}

static int
append(struct gsp_cloud *c, const struct journals *j, struct gsp_err *err)
{
	struct gsp_instance *v;

	if (j->nmore == 0)
		return 0;
	if ((v = reallocarray(c->machines, c->nmachines + j->nmore, sizeof(*v))) == NULL)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	memcpy(v + c->nmachines, j->more, j->nmore * sizeof(*v));
	c->machines = v;
	c->nmachines += j->nmore;
	return make_index(c, err);
}

/* ---- prices ---- */

static int
order_plan(const void *a, const void *b)
{
	const struct gsp_plan_at *x = a, *y = b;
	int c = strcmp(x->type, y->type);

	return c != 0 ? c : strcmp(x->region, y->region);
}

static void
plan_key(struct gsp_plan_at *p, const struct gsp_instance *it)
{
	memset(p, 0, sizeof(*p));
	snprintf(p->type, sizeof(p->type), "%s", it->type);
	snprintf(p->region, sizeof(p->region), "%s", it->region);
}

/* Of each kind of machine that no journal knows the price of. A price that cannot be had is
 * unknown, and no reason to show nothing. */
static int
read_prices(struct gsp_cloud *c, const struct journals *j, struct gsp_linode *api,
    struct gsp_err *err)
{
	size_t n = 0, kinds = 0;

	if ((c->plans = calloc(c->nmachines + 1, sizeof(*c->plans))) == NULL)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	for (size_t i = 0; i < c->nmachines; i++) {
		const char *session = session_of(&c->machines[i]);

		if (j->sessions.n == 0 ||
		    bsearch(&session, j->sessions.v, j->sessions.n, sizeof(char *), order_text) == NULL)
			plan_key(&c->plans[n++], &c->machines[i]);
	}
	qsort(c->plans, n, sizeof(*c->plans), order_plan);
	for (size_t i = 0; i < n; i++)
		if (kinds == 0 || order_plan(&c->plans[kinds - 1], &c->plans[i]) != 0)
			c->plans[kinds++] = c->plans[i];
	c->nplans = kinds;
	if (kinds > 0 && gsp_plan_list(api, c->plans, kinds, err) == -1) {
		if (err->code == GSP_ECANCEL)
			return -1;
		gsp_debug("prices: %s", err->msg);
		gsp_err_clear(err);
	}
	return 0;
}

void
gsp_cloud_cost(const struct gsp_cloud *c, const struct gsp_instance *it, int64_t now,
    double *hourly, uint64_t *hours, double *usd)
{
	struct gsp_plan_at key;
	const struct gsp_plan_at *at = NULL;
	struct gsp_session s;

	plan_key(&key, it);
	if (c->nplans > 0)
		at = bsearch(&key, c->plans, c->nplans, sizeof(*c->plans), order_plan);
	memset(&s, 0, sizeof(s));
	s.linode_id = it->id;
	s.created = it->created != 0 ? it->created : now;
	s.hourly_usd = s.monthly_usd = -1;
	if (at != NULL && at->known)
		gsp_plan_price(&at->plan, it->backups, &s.hourly_usd, &s.monthly_usd);
	gsp_session_cost(&s, now, hours, usd);
	*hourly = s.hourly_usd;
	if (s.hourly_usd < 0)
		*usd = -1;
}

int
gsp_cloud_read(struct gsp_cloud *out, const struct gsp_home *h, struct gsp_linode *api,
    struct gsp_err *err)
{
	struct journals j;
	int rc = -1;

	memset(out, 0, sizeof(*out));
	memset(&j, 0, sizeof(j));
	if (gsp_instance_list(api, "gsp", &out->machines, &out->nmachines, err) == -1 ||
	    gsp_firewall_list(api, "gsp", &out->firewalls, &out->nfirewalls, err) == -1)
		goto out;
	out->ntagged = out->nmachines;
	if (make_index(out, err) == -1 || read_journals(&j, out, h, api, err) == -1 ||
	    append(out, &j, err) == -1 || read_prices(out, &j, api, err) == -1)
		goto out;
	out->known = true;
	rc = 0;
out:
	if (rc == -1)
		gsp_cloud_release(out);
	free(j.more);
	gsp_argv_release(&j.sessions);
	return rc;
}

void
gsp_cloud_release(struct gsp_cloud *c)
{
	drop_index(c);
	free(c->machines);
	free(c->firewalls);
	free(c->plans);
	memset(c, 0, sizeof(*c));
}
