#include "gsp/limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "gsp/cost.h"
#include "gsp/ledger.h"
#include "sys/lock.h"

#include "base/banned.h"

#define WAIT_MS 10000 /* another start holds it while it reads the ledger and writes its journal */
#define WARN_PERCENT 80

struct spent {
	int64_t ended, running; /* this month; running: of those that still run, so far */
	uint64_t unpriced;
};

static bool
limited(const struct gsp_job *job, const struct gsp_server_conf *conf)
{
	return job->home->monthly_usd_1e4 >= 0 || conf->policy.monthly_usd_1e4 >= 0;
}

static void
add_up(struct spent *out, const struct gsp_ledger *l, const struct gsp_cost_pick *p,
    const char *but)
{
	*out = (struct spent){0, 0, 0};
	for (size_t i = 0; i < l->n; i++) {
		struct gsp_ledger_session s = l->v[i];
		struct gsp_bill b;

		s.bought = s.bought || s.doubtful;
		if (strcmp(s.id, but) == 0 || !gsp_cost_counts(&s, p) ||
		    !gsp_cost_bill(&s, p->first, p->now, &b))
			continue;
		if (s.end == NULL)
			out->running = gsp_money_add(out->running, b.amount);
		else
			out->ended = gsp_money_add(out->ended, b.amount);
		out->unpriced += b.amount < 0;
	}
}

static int
over(const struct gsp_job *job, const struct spent *s, const char *type, int64_t hour,
    int64_t limit, bool of_home, const struct gsp_cost_pick *p, struct gsp_err *err)
{
	char spent[GSP_MONEY_TEXT], running[GSP_MONEY_TEXT], first[GSP_MONEY_TEXT];
	char most[GSP_MONEY_TEXT], next[GSP_CLOCK_TEXT];

	gsp_err_set(err, GSP_EUNAVAIL, "starting '%s' would pass the limit %s: %s spent this month, %s "
	    "for what runs now, %s for the first hour of %s; the limit is %s",
	    job->server, of_home ? "of all servers" : "of this server",
	    gsp_money_text(spent, sizeof(spent), s->ended),
	    gsp_money_text(running, sizeof(running), s->running),
	    gsp_money_text(first, sizeof(first), hour), type, gsp_money_text(most, sizeof(most), limit));
	/* the day is enough: a month begins at its first second */
	return gsp_err_hint(err, "raise limits: monthly_usd in %s%s%s, or wait until %.10s (UTC); 'gsp "
	    "cost' shows where it went", of_home ? "gsp.yaml" : "servers/", of_home ? "" : job->server,
	    of_home ? "" : "/server.yaml",
	    gsp_clock_format(next, sizeof(next), gsp_month_begin(p->first + 1)));
}

static void
near(struct gsp_job *job, const struct spent *s, int64_t sum, int64_t limit, bool of_home)
{
	char text[GSP_MONEY_TEXT], most[GSP_MONEY_TEXT];

	if (s->unpriced > 0)
		gsp_steps_warn(job->steps, job->server, "the limit does not count %" PRIu64 " session%s of "
		    "this month whose price is not known", s->unpriced, s->unpriced == 1 ? "" : "s");
	if (sum / WARN_PERCENT > limit / 100 || sum == limit)
		gsp_steps_warn(job->steps, job->server, "with its first hour, %s of the %s %s may cost this "
		    "month are spent", gsp_money_text(text, sizeof(text), sum),
		    gsp_money_text(most, sizeof(most), limit), of_home ? "all servers" : "this server");
}

static int
check_one(struct gsp_job *job, const struct gsp_ledger *l, const char *type, int64_t hour,
    int64_t limit_1e4, bool of_home, bool warn, struct gsp_err *err)
{
	int64_t limit = limit_1e4 * (GSP_MONEY_USD / 10000), now = gsp_wall_s(), sum;
	int month = gsp_month_of(now);
	struct gsp_cost_pick p = {month, month, of_home ? NULL : job->server, job->home->api_url, now};
	struct spent s;

	if (limit_1e4 < 0)
		return 0;
	add_up(&s, l, &p, job->session != NULL ? job->session->id : "");
	sum = gsp_money_add(gsp_money_add(s.ended, s.running), hour);
	if (sum > limit)
		return over(job, &s, type, hour, limit, of_home, &p, err);
	if (warn)
		near(job, &s, sum, limit, of_home);
	return 0;
}

static void
bad_line(void *ctx, size_t line, const char *why)
{
	struct gsp_job *job = ctx;

	if (line == 0)
		gsp_steps_warn(job->steps, job->server, "%s; what its machine costs is not counted", why);
	else
		gsp_steps_warn(job->steps, job->server, "state/ledger.jsonl:%zu: %s; the limit does not "
		    "count it", line, why);
}

int
gsp_limits_check(struct gsp_job *job, const struct gsp_server_conf *conf, const char *type,
    double hourly_usd, bool warn, struct gsp_err *err)
{
	int64_t hour = gsp_money_from(hourly_usd);
	struct gsp_ledger l;
	int rc;

	if (!limited(job, conf))
		return 0;
	if (hour < 0)
		return gsp_err_set(err, GSP_EUNAVAIL, "the price of %s is not known, and limits are set "
		    "for '%s': nothing was bought; choose another type in server.yaml", type, job->server);
	if (gsp_ledger_read(&l, job->home, warn ? bad_line : NULL, job, err) == -1)
		return -1;
	rc = check_one(job, &l, type, hour, conf->policy.monthly_usd_1e4, false, warn,
	            err) == -1 ||
	        check_one(job, &l, type, hour, job->home->monthly_usd_1e4, true, warn, err) == -1
	    ? -1
	    : 0;
	gsp_ledger_release(&l);
	return rc;
}

int
gsp_limits_take(int *fd, struct gsp_job *job, const struct gsp_server_conf *conf,
    struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	char note[GSP_LOCK_NOTE], what[60];
	int rc;

	*fd = -1;
	if (!limited(job, conf))
		return 0;
	snprintf(what, sizeof(what), "starting %s", job->server);
	rc = gsp_lock_wait(fd, gsp_home_path(job->home, &path, "state/limits.lock"),
	    gsp_lock_who(note, job->actor, what), WAIT_MS, err);
	gsp_buf_release(&path);
	if (rc == -1 && err->code == GSP_ETEMP)
		gsp_err_hint(err, "run 'gsp up %s' again", job->server);
	return rc;
}
