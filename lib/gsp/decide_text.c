#include "gsp/decide_priv.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#include "base/banned.h"

#define DAY 86400

/* One more act. Anything but printable ASCII becomes '?'. */
__attribute__((format(printf, 3, 4))) static void
add_act(struct gsp_decide_pass *p, enum gsp_decide_kind kind, const char *fmt, ...)
{
	struct gsp_decide_act *a = &p->acts[p->n];
	va_list ap;

	assert(p->n < GSP_DECIDE_ACTS);
	memset(a, 0, sizeof(*a));
	a->kind = kind;
	va_start(ap, fmt);
	vsnprintf(a->text, sizeof(a->text), fmt, ap);
	va_end(ap);
	for (char *c = a->text; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	p->n++;
}

/* Whole minutes, rounded up, 1 or more. */
static int64_t
whole_minutes(int64_t s)
{
	return s <= 60 ? 1 : s / 60 + (s % 60 != 0);
}

/* "20 minutes" */
static const char *
minutes(char buf[40], int64_t n)
{
	snprintf(buf, 40, "%" PRId64 " minute%s", n, n == 1 ? "" : "s");
	return buf;
}

static const char *
minutes_ago(char buf[40], int64_t s)
{
	return minutes(buf, s >= 60 ? s / 60 : 1);
}

/* "22:30 UTC", with the date where that could be another day's */
static const char *
at_time(char buf[40], int64_t t, int64_t now)
{
	char iso[GSP_CLOCK_TEXT];

	gsp_clock_format(iso, sizeof(iso), t);
	if (strlen(iso) != 20)
		snprintf(buf, 40, "%s", iso);
	else if (t - now > DAY - 3600 || now - t > DAY - 3600)
		snprintf(buf, 40, "%.10s %.5s UTC", iso, iso + 11);
	else
		snprintf(buf, 40, "%.5s UTC", iso + 11);
	return buf;
}

/* "nobody has played on 'vanilla' for 20 minutes" */
static const char *
idle_words(char buf[120], const struct gsp_decide_pass *p, bool with_name)
{
	char m[40], name[48] = "";

	if (with_name)
		snprintf(name, sizeof(name), " on '%.40s'", p->r->server);
	minutes_ago(m, p->m->zero_s);
	if (p->m->player_at != 0)
		snprintf(buf, 120, "nobody has played%s for %s", name, m);
	else
		snprintf(buf, 120, "nobody has come to play%s in %s", name, m);
	return buf;
}

/* What stops it, when nobody can say whether it is idle. */
static const char *
else_words(char buf[200], const struct gsp_decide_pass *p)
{
	const struct gsp_decide_rules *r = p->r;
	bool budget = r->budget_until != 0 &&
	    (r->lease_until == 0 || r->budget_until < r->lease_until);
	char t[40];

	if (r->lease_until == 0 && r->budget_until == 0)
		snprintf(buf, 200, "nothing but 'gsp down %.40s' does", r->server);
	else
		snprintf(buf, 200, "it stops when its %s ends at %s, or by 'gsp down %.40s'",
		    budget ? "budget" : "lease",
		    at_time(t, budget ? r->budget_until : r->lease_until, p->now), r->server);
	return buf;
}

void
gsp_decide_say_idle(struct gsp_decide_pass *p, int64_t left_s, bool first)
{
	char m[40], t[40], words[120];

	minutes(m, whole_minutes(left_s));
	add_act(p, GSP_DECIDE_SAY, "nobody plays: this server stops in %s unless somebody "
	    "joins", m);
	if (first)
		add_act(p, GSP_DECIDE_IDLE, "%s: it stops in %s (%s) unless somebody joins; "
		    "'gsp lease %.40s hold 2h' keeps it", idle_words(words, p, true), m,
		    at_time(t, p->now + left_s, p->now), p->r->server);
}

/* Until when the lease may be extended, and by which command. */
static const char *
extend_words(char buf[120], const struct gsp_decide_pass *p, bool budget)
{
	const struct gsp_decide_rules *r = p->r;

	if (budget)
		snprintf(buf, 120, "the budget is used up then");
	else if (r->lease_latest == 0 || r->lease_until < r->lease_latest)
		snprintf(buf, 120, "'gsp lease %.40s +1h' extends it", r->server);
	else
		snprintf(buf, 120, "it cannot be extended any more");
	return buf;
}

void
gsp_decide_say_end(struct gsp_decide_pass *p, const struct gsp_decide_end *end, int64_t left_s)
{
	int64_t left = left_s < 60 ? 60 : left_s; /* never at once */
	char m[40], t[40], words[120];

	minutes(m, whole_minutes(left));
	at_time(t, p->now + left, p->now);
	extend_words(words, p, end->budget);
	add_act(p, GSP_DECIDE_SAY, "this server stops in %s (%s): %s", m, t, words);
	if (end->budget)
		add_act(p, GSP_DECIDE_BUDGET, "'%.40s' stops in %s (%s): its next hour would "
		    "pass the budget; raise limits: monthly_usd in gsp.yaml or "
		    "servers/%.40s/server.yaml to go on", p->r->server, m, t, p->r->server);
	else
		add_act(p, GSP_DECIDE_LEASE, "'%.40s' stops in %s (%s), when its lease ends: "
		    "%s", p->r->server, m, t, words);
}

void
gsp_decide_say_stays(struct gsp_decide_pass *p, enum gsp_decide_stays why)
{
	const char *server = p->r->server;
	char t[40];

	switch (why) {
	case GSP_DECIDE_JOINED:
		add_act(p, GSP_DECIDE_IDLE, "somebody joined: '%.40s' stays", server);
		return;
	case GSP_DECIDE_HELD:
		add_act(p, GSP_DECIDE_IDLE, "'%.40s' stays: it is held until %s", server,
		    at_time(t, p->r->hold_until, p->now));
		return;
	case GSP_DECIDE_MISSED:
		add_act(p, GSP_DECIDE_IDLE, "'%.40s' was not stopped at %s: %s; it is tried "
		    "again late in its next paid hour", server, at_time(t, p->m->idle_stop, p->now),
		    p->count == GSP_DECIDE_CANNOT_TELL ? "nobody can tell whether anybody plays"
		                                       : "nobody looked in time");
		return;
	}
}

/* " (why)", or nothing. */
static const char *
why_words(char buf[160], const struct gsp_decide_seen *seen)
{
	buf[0] = '\0';
	if (seen->why != NULL && seen->why[0] != '\0')
		snprintf(buf, 160, " (%.150s)", seen->why);
	return buf;
}

void
gsp_decide_say_unknown(struct gsp_decide_pass *p)
{
	char m[40], why[160], stop[200];

	add_act(p, GSP_DECIDE_UNKNOWN, "nobody has been able to tell for %s whether anybody "
	    "plays on '%.40s'%s: it is not stopped for being idle; %s",
	    minutes_ago(m, p->now - p->m->unknown_at), p->r->server, why_words(why, p->seen),
	    else_words(stop, p));
}

void
gsp_decide_say_known(struct gsp_decide_pass *p)
{
	add_act(p, GSP_DECIDE_UNKNOWN, "it can be told again how many play on '%.40s': "
	    "%" PRIu32, p->r->server, p->seen->players);
}

void
gsp_decide_say_unwell(struct gsp_decide_pass *p)
{
	char m[40], why[160], stop[200];

	add_act(p, GSP_DECIDE_UNKNOWN, "'%.40s' has been unhealthy for %s%s, with %" PRIu32
	    " player%s when last seen: it is not stopped for being idle; %s", p->r->server,
	    minutes_ago(m, p->now - p->m->unwell_at), why_words(why, p->seen), p->m->players,
	    p->m->players == 1 ? "" : "s", else_words(stop, p));
}

void
gsp_decide_say_well(struct gsp_decide_pass *p)
{
	add_act(p, GSP_DECIDE_UNKNOWN, "'%.40s' is healthy again", p->r->server);
}

void
gsp_decide_say_failing(struct gsp_decide_pass *p)
{
	add_act(p, GSP_DECIDE_FAILED, "'%.40s' could not be taken down %d times: its machine "
	    "is still there and costs; it is tried again every 10 minutes; 'gsp down %.40s' shows why",
	    p->r->server, p->m->down_tries, p->r->server);
}

void
gsp_decide_say_down(struct gsp_decide_pass *p, const struct gsp_decide_end *end)
{
	char t[40], words[120];

	if (end == NULL)
		add_act(p, GSP_DECIDE_DOWN, "%s", idle_words(words, p, false));
	else if (end->at == 0 || end->at > p->now)
		add_act(p, GSP_DECIDE_DOWN, "its time was over");
	else if (end->budget)
		add_act(p, GSP_DECIDE_DOWN, "its next hour would pass the budget");
	else
		add_act(p, GSP_DECIDE_DOWN, "its lease ended at %s",
		    at_time(t, end->at, p->now));
	p->acts[p->n - 1].even_if_playing = end != NULL;
	p->acts[p->n - 1].lease_until = p->r->lease_until;
}
