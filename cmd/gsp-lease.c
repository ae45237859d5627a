/* gsp-lease: how long a server may run: show it, extend it, hold it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"
#include "cli/exitcode.h"
#include "cli/say.h"
#include "fmt/out.h"
#include "gsp/lease.h"
#include "gsp/lease_tag.h"
#include "gsp/limits.h"
#include "gsp/money.h"
#include "tool.h"

#include "base/banned.h"

struct wish {
	bool given;
	struct gsp_lease_wish w;
};

/* ---- what is said ---- */

/* JSON gets UTC, people the clocks here. */
static void
when(struct gsp_out *o, const struct tool *t, const char *name, int64_t at, int64_t now)
{
	char text[GSP_LEASE_TEXT];

	if (at == 0)
		gsp_out_str(o, name, NULL);
	else if (t->cli.json)
		gsp_out_str(o, name, gsp_clock_format(text, sizeof(text), at));
	else
		gsp_out_str(o, name, gsp_lease_when(text, sizeof(text), at, now));
}

/* What the machine will have cost when it ends then, from its creation on. */
static void
cost(struct gsp_out *o, const struct tool *t, const struct gsp_session *s, int64_t end)
{
	struct gsp_life life = {s->created, end, false, gsp_money_from(s->hourly_usd),
	    gsp_money_from(s->monthly_usd)};
	int64_t amount = end > s->created ? gsp_money_whole(&life).amount : -1;
	char text[GSP_MONEY_TEXT];

	if (amount < 0)
		gsp_out_str(o, "usd", NULL);
	else if (t->cli.json)
		gsp_out_num(o, "usd", gsp_money_usd(amount), 6);
	else
		gsp_out_str(o, "usd", gsp_money_text(text, sizeof(text), amount));
}

static int
print(struct tool *t, struct gsp_job *job, const struct gsp_lease *l, int64_t budget_until,
    struct gsp_err *err)
{
	struct gsp_out *o = gsp_out_new(stdout, t->cli.json ? GSP_OUT_JSON : GSP_OUT_TABLE, NULL);
	int64_t now = gsp_wall_s(), end = gsp_lease_end(l, budget_until);
	int64_t left = end > now ? end - now : 0;
	char span[48];

	if (t->cli.json)
		gsp_out_str(o, "schema", "gsp.lease/1");
	gsp_out_str(o, "server", job->server);
	if (t->cli.json)
		gsp_out_str(o, "session", job->session->id);
	when(o, t, "until", l->until, now);
	if (end != 0)
		gsp_out_pair(o, t->cli.json ? "left_s" : "left", (uint64_t)left,
		    gsp_num_span(span, sizeof(span), left));
	else
		gsp_out_str(o, t->cli.json ? "left_s" : "left", NULL);
	when(o, t, "hold", l->hold > now ? l->hold : 0, now);
	when(o, t, "latest", l->latest, now);
	when(o, t, "budget", budget_until, now);
	cost(o, t, job->session, end != 0 ? end : l->until);
	gsp_out_end(o);
	return gsp_out_free(o, err);
}

__attribute__((format(printf, 2, 3))) static void
say(const struct tool *t, const char *fmt, ...)
{
	char text[600];
	va_list ap;

	if (t->cli.quiet || t->cli.json)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fprintf(stderr, "%s\n", text);
}

static void
say_bound(char *buf, size_t size, const struct gsp_job *job, const struct gsp_lease_change *c,
    int64_t now)
{
	char text[GSP_LEASE_TEXT];

	switch (c->grant.bound) {
	case GSP_LEASE_MAX:
		snprintf(buf, size, "a session of '%s' lasts until %s at most (lease: max in server.yaml, as "
		    "it was when the machine was made)", job->server,
		    gsp_lease_when(text, sizeof(text), c->was.latest, now));
		break;
	case GSP_LEASE_BUDGET:
		snprintf(buf, size, "the hour that begins at %s would pass limits: monthly_usd of gsp.yaml or "
		    "server.yaml", gsp_lease_when(text, sizeof(text), c->budget_until, now));
		break;
	case GSP_LEASE_ENDLESS:
		snprintf(buf, size, "the lease of '%s' has no end", job->server);
		break;
	case GSP_LEASE_FREE: buf[0] = '\0'; break;
	}
}

/* Nothing of it could be granted, and it is not so already. */
static int
refused(const struct gsp_job *job, const struct gsp_lease_change *c, const char *why,
    struct gsp_err *err)
{
	gsp_err_set(err, GSP_EUNAVAIL, "nothing was granted: %s", why);
	if (c->grant.bound == GSP_LEASE_MAX)
		return gsp_err_hint(err, "'gsp down %s', then 'gsp up %s' begins a new session", job->server,
		    job->server);
	return gsp_err_hint(err, "raise the limit, or wait for the new month; 'gsp cost' shows where it "
	    "went");
}

static void
say_change(const struct tool *t, const struct gsp_job *job, const struct gsp_lease_change *c,
    const char *why, int64_t now)
{
	char from[GSP_LEASE_TEXT], to[GSP_LEASE_TEXT];
	const char *name = job->server;

	if (c->now.until != c->was.until)
		say(t, "%s: runs until %s%s%s", name, gsp_lease_when(to, sizeof(to), c->now.until, now),
		    c->was.until == 0 ? ", its lease had no end"
		        : c->now.until < c->was.until ? ", sooner than before: "
		                                      : "",
		    c->was.until != 0 && c->now.until < c->was.until
		        ? gsp_lease_when(from, sizeof(from), c->was.until, now)
		        : "");
	if (c->now.hold > now && c->now.hold != c->was.hold)
		say(t, "%s: no idle stop until %s", name,
		    gsp_lease_when(to, sizeof(to), c->now.hold, now));
	else if (c->now.hold == 0 && c->was.hold != 0)
		say(t, "%s: the hold is over; it may stop when nobody plays", name);
	if (!c->grant.changed)
		say(t, "%s: that is so already", name);
	if (why[0] != '\0' && c->grant.bound != GSP_LEASE_ENDLESS)
		say(t, "%s: that is less than was asked for: %s", name, why);
	else if (why[0] != '\0')
		say(t, "%s: %s", name, why);
	if (c->unpriced > 0)
		say(t, "%s: the budget does not count %" PRIu64 " session%s of this month whose price is not "
		    "known", name, c->unpriced, c->unpriced == 1 ? "" : "s");
}

/* ---- what is done ---- */

/* The lease counts without it: a tag that cannot be put now follows later. But what another home
 * has is not ours to lease. */
static int
sync_tag(struct gsp_job *job, struct gsp_err *err)
{
	struct gsp_err why = GSP_ERR_INIT;

	if (gsp_lease_sync_tag(job, NULL, &why) == 0)
		return 0;
	if (why.code == GSP_ECANCEL || why.code == GSP_EREFUSED) {
		*err = why;
		return -1;
	}
	gsp_cli_warn("%s: the lease counts, but the machine's tag does not say so yet: %s%s", job->server,
	    why.msg, why.code == GSP_ETEMP ? "; 'gsp watch', or this command again, puts it" : "");
	return 0;
}

static int
change(struct tool *t, struct gsp_job *job, const struct wish *w, struct gsp_err *err)
{
	struct gsp_lease_change c;
	int64_t now = gsp_wall_s();
	char why[400];

	if (gsp_lease_change(&c, job, &w->w, err) == -1)
		return -1;
	say_bound(why, sizeof(why), job, &c, now);
	if (!c.grant.changed &&
	    (c.grant.bound == GSP_LEASE_MAX || c.grant.bound == GSP_LEASE_BUDGET))
		return refused(job, &c, why, err);
	say_change(t, job, &c, why, now);
	return sync_tag(job, err) == -1 ? -1 : print(t, job, &c.now, c.budget_until, err);
}

static int
show(struct tool *t, struct gsp_job *job, struct gsp_err *err)
{
	struct gsp_limits_end budget;
	struct gsp_lease l;

	if (job->session == NULL || job->session->phase < GSP_PHASE_CREATING)
		return gsp_err_set(err, GSP_ENO, "server '%s' has no machine, and no lease; 'gsp up %s' makes "
		    "one", job->server, job->server);
	if (gsp_lease_get(&l, t->home, job->session, err) == -1 ||
	    gsp_limits_until(&budget, t->home, job->session, gsp_wall_s(), err) == -1)
		return -1;
	if (budget.unpriced > 0)
		say(t, "%s: the budget does not count %" PRIu64 " session%s of this month whose price is not "
		    "known", job->server, budget.unpriced, budget.unpriced == 1 ? "" : "s");
	return print(t, job, &l, budget.until, err);
}

static int
lease(struct tool *t, struct gsp_job *job, void *ctx, struct gsp_err *err)
{
	const struct wish *w = ctx;

	return w->given ? change(t, job, w, err) : show(t, job, err);
}

int
main(int argc, char **argv)
{
	struct wish w = {.given = false};
	const struct gsp_opt opts[] = {{NULL, 0, GSP_OPT_FLAG, NULL, NULL, NULL}};
	struct tool t = {.cli = {.tool = "gsp-lease",
	                     .synopsis = "SERVER [+TIME | until TIME | hold TIME | release]",
	                     .summary = "show, extend or hold the time that a server may run",
	                     .notes = "+1h           extend it by an hour\n"
	                              "until 23:30   let it end then, by the clocks here\n"
	                              "hold 2h       no stop for want of players, for that long\n"
	                              "release       end the hold\n",
	                     .opts = opts,
	                     .min_operands = 1,
	                     .max_operands = 3},
	    .what = "lease"};
	struct gsp_err err = GSP_ERR_INIT;
	int rc = gsp_cli_parse(&t.cli, argc, argv, &err);

	w.given = rc == 0 && t.cli.noperands > 1;
	if (w.given && t.cli.operands[0][0] == '+')
		rc = gsp_err_set(&err, GSP_EUSAGE, "the server comes first: 'gsp lease %.64s %.64s'",
		    t.cli.operands[1], t.cli.operands[0]);
	else if (w.given)
		rc = gsp_lease_wish_parse(&w.w, t.cli.operands + 1, t.cli.noperands - 1, gsp_wall_s(),
		    &err);
	if (rc == 0 &&
	    (tool_open(&t, &err) == -1 || tool_each(&t, t.cli.operands, 1, 0, lease, &w, &err) == -1))
		rc = -1;
	tool_close(&t);
	return gsp_cli_exit(rc < 0 ? -1 : 0, &err);
}
