#include "gsp/keep.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define DAY_S 86400

/* Days or weeks that have their generation already. */
struct seen {
	int64_t *v;
	size_t n, max;
};

static int64_t
day_of(int64_t time)
{
	/* towards the past, also before 1970 */
	return time >= 0 ? time / DAY_S : -((-time + DAY_S - 1) / DAY_S);
}

static int64_t
week_of(int64_t time)
{
	int64_t d = day_of(time) + 3; /* 1970-01-01 was a Thursday */

	return d >= 0 ? d / 7 : -((-d + 6) / 7);
}

/* True once for each period, as often as the policy says. */
static bool
first_of(struct seen *s, int64_t period)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i] == period)
			return false;
	if (s->n == s->max)
		return false;
	s->v[s->n++] = period;
	return true;
}

static bool
from_game(enum gsp_gen_kind k)
{
	return k == GSP_GEN_DOWN || k == GSP_GEN_KILLED;
}

/* Is v[i], a live one, the last that is known of its session? */
static bool
stands_in(const struct gsp_kept *v, size_t n, size_t i)
{
	for (size_t k = i + 1; k < n; k++) {
		const struct gsp_gen *g = &v[k].gen;

		if (strcmp(g->session, v[i].gen.session) == 0 &&
		    (from_game(g->kind) || g->kind == GSP_GEN_LIVE))
			return false;
	}
	return true;
}

static void
keep_newest(struct gsp_kept *v, size_t n)
{
	bool proven = false, game = false;

	for (size_t i = n; i-- > 0;) {
		if ((!proven && v[i].gen.kind != GSP_GEN_LIVE) || (!game && from_game(v[i].gen.kind)) ||
		    i == n - 1) /* a number is never given twice */
			v[i].why |= GSP_KEEP_NEWEST;
		proven = proven || v[i].gen.kind != GSP_GEN_LIVE;
		game = game || from_game(v[i].gen.kind);
	}
}

int
gsp_keep_apply(const struct gsp_keep *policy, struct gsp_kept *v, size_t n, struct gsp_err *err)
{
	struct seen days = {NULL, 0, policy->daily}, weeks = {NULL, 0, policy->weekly};
	size_t last = 0;
	int rc = -1;

	/* no more periods than generations */
	if ((days.v = calloc(n + 1, sizeof(*days.v))) == NULL ||
	    (weeks.v = calloc(n + 1, sizeof(*weeks.v))) == NULL) {
		gsp_err_set(err, GSP_ESYS, "out of memory");
		goto out;
	}
	keep_newest(v, n);
	for (size_t i = n; i-- > 0;) {
		if (v[i].gen.kind == GSP_GEN_LIVE && !stands_in(v, n, i))
			continue;
		if (last++ < policy->last)
			v[i].why |= GSP_KEEP_LAST;
		if (first_of(&days, day_of(v[i].gen.time)))
			v[i].why |= GSP_KEEP_DAILY;
		if (first_of(&weeks, week_of(v[i].gen.time)))
			v[i].why |= GSP_KEEP_WEEKLY;
	}
	rc = 0;
out:
	free(days.v);
	free(weeks.v);
	return rc;
}
