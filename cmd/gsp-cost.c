/* gsp-cost: the ledger as a table: who spent what, on which server, and what always-on costs. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/exitcode.h"
#include "cli/say.h"
#include "fmt/out.h"
#include "gsp/cost.h"
#include "gsp/status.h"
#include "sys/tty.h"
#include "tool.h"

#include "base/banned.h"

enum { BAR_MIN = 10, BAR_MAX = 40, CHART_ROWS = 12, CHART_COLUMNS = 80 };

struct cost {
	const char *month, *server, *by; /* as given, or NULL */
	bool csv;
	enum gsp_out_mode mode;
	bool all; /* every month */
	struct gsp_cost_pick pick;
	struct gsp_ledger ledger;
};

/* ---- cells ---- */

/* Programs get a number or null, people what they can read. */
static void
amount(struct gsp_out *o, enum gsp_out_mode mode, const char *name, int64_t v)
{
	char text[GSP_MONEY_TEXT];

	if (mode == GSP_OUT_TABLE)
		gsp_out_pair(o, name, 0, gsp_money_text(text, sizeof(text), v));
	else if (v < 0)
		gsp_out_str(o, name, NULL);
	else
		gsp_out_num(o, name, gsp_money_usd(v), 6);
}

static void
when(struct gsp_out *o, const char *name, int64_t t)
{
	char text[GSP_CLOCK_TEXT];

	gsp_out_str(o, name, t != 0 ? gsp_clock_format(text, sizeof(text), t) : NULL);
}

static void
text_or_null(struct gsp_out *o, const char *name, const char *v)
{
	gsp_out_str(o, name, v[0] != '\0' ? v : NULL);
}

static void
begin_row(struct gsp_out *o, enum gsp_out_mode mode, const char *row)
{
	if (mode != GSP_OUT_JSON)
		return;
	gsp_out_str(o, "schema", "gsp.cost/1");
	gsp_out_str(o, "row", row);
}

static void
session_row(struct gsp_out *o, enum gsp_out_mode mode, const struct gsp_ledger_session *s, int month,
    const struct gsp_bill *b)
{
	char text[GSP_MONTH_TEXT];

	begin_row(o, mode, "session");
	gsp_out_str(o, "month", gsp_month_text(text, sizeof(text), month));
	gsp_out_str(o, "session", s->id);
	gsp_out_str(o, "server", s->server);
	gsp_out_str(o, "actor", s->actor[0] != '\0' ? s->actor : "unknown");
	text_or_null(o, "type", s->type);
	if (mode != GSP_OUT_TABLE) {
		text_or_null(o, "region", s->region);
		gsp_out_u64(o, "linode_id", s->linode_id);
	}
	when(o, "created", s->created);
	when(o, "ended", s->end != NULL ? s->ended : 0);
	if (mode != GSP_OUT_TABLE) {
		gsp_out_str(o, "end", s->end);
		gsp_out_bool(o, "estimated", s->estimated);
		gsp_out_bool(o, "running", s->end == NULL);
	}
	gsp_out_u64(o, "hours", b->hours);
	if (mode != GSP_OUT_TABLE) {
		amount(o, mode, "hourly_usd", s->hourly);
		amount(o, mode, "monthly_usd", s->monthly);
	}
	amount(o, mode, "usd", b->amount);
}

static void
sum_row(struct gsp_out *o, const struct cost *c, const char *row, const struct gsp_cost_sum *s)
{
	char text[GSP_MONTH_TEXT];
	bool by_month = strcmp(row, "month") == 0;

	begin_row(o, c->mode, row);
	if (c->mode != GSP_OUT_TABLE || by_month) {
		if (by_month || !c->all)
			gsp_out_str(o, "month",
			    gsp_month_text(text, sizeof(text), by_month ? s->month : c->pick.first));
		else
			gsp_out_str(o, "month", NULL);
	}
	if (!by_month && strcmp(row, "total") != 0)
		gsp_out_str(o, row, s->name);
	gsp_out_u64(o, "sessions", s->sessions);
	gsp_out_u64(o, "running", s->running);
	gsp_out_u64(o, "hours", s->hours);
	amount(o, c->mode, "usd", s->amount);
	if (strcmp(row, "actor") != 0)
		amount(o, c->mode, c->mode == GSP_OUT_TABLE ? "always_on" : "always_on_usd", s->always);
}

/* ---- tables ---- */

static int
print_sessions(struct gsp_out *o, struct cost *c)
{
	static const struct gsp_ledger_session none = {.hourly = -1, .monthly = -1};
	struct gsp_bill b = {0, -1};

	session_row(o, c->mode, &none, c->pick.first, &b);
	gsp_out_head(o);
	for (int m = c->pick.first; m <= c->pick.last; m++)
		for (size_t i = 0; i < c->ledger.n; i++)
			if (gsp_cost_counts(&c->ledger.v[i], &c->pick) &&
			    gsp_cost_bill(&c->ledger.v[i], m, c->pick.now, &b)) {
				session_row(o, c->mode, &c->ledger.v[i], m, &b);
				gsp_out_end(o);
			}
	return 0;
}

static int
print_sums(struct gsp_out *o, struct cost *c, enum gsp_cost_by by, struct gsp_err *err)
{
	static const char *const rows[] = {"total", "server", "actor", "month"};
	static const struct gsp_cost_sum none = {.always = -1};
	struct gsp_cost_sums s;

	if (gsp_cost_sum(&s, &c->ledger, by, &c->pick, err) == -1)
		return -1;
	sum_row(o, c, rows[by], &none);
	gsp_out_head(o);
	for (size_t i = 0; i < s.n; i++) {
		sum_row(o, c, rows[by], &s.v[i]);
		gsp_out_end(o);
	}
	gsp_cost_sums_release(&s);
	return 0;
}

/* ---- for people: servers, actors, and a bar for each server ---- */

static bool
colour(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return (no == NULL || no[0] == '\0') && term != NULL && strcmp(term, "dumb") != 0;
}

static void
bar(const struct gsp_cost_sum *s, int name_width, int width)
{
	char spent[GSP_MONEY_TEXT], always[GSP_MONEY_TEXT];
	int full = s->always <= 0 ? 0
	    : s->amount >= s->always ? width
	                             : (int)((double)s->amount * width / (double)s->always);
	bool on = colour();

	if (full == 0 && s->amount > 0)
		full = 1; /* something is not nothing */
	printf("%-*s  %s", name_width, s->name, on ? "\033[32m" : "");
	for (int i = 0; i < width; i++)
		putchar(i < full ? '#' : '.');
	printf("%s  %s of %s\n", on ? "\033[0m" : "", gsp_money_text(spent, sizeof(spent), s->amount),
	    gsp_money_text(always, sizeof(always), s->always));
}

/* What was spent, of what the servers would have cost always on. */
static void
chart(const struct gsp_cost_sums *s)
{
	char spent[GSP_MONEY_TEXT], always[GSP_MONEY_TEXT];
	int columns = gsp_tty_width(STDOUT_FILENO), name_width = 0, text_width = 0, width;
	size_t n = s->n < CHART_ROWS ? s->n : CHART_ROWS;

	if (columns > CHART_COLUMNS)
		columns = CHART_COLUMNS;
	for (size_t i = 0; i < n; i++) {
		int name = (int)strlen(s->v[i].name);
		int text = (int)(strlen(gsp_money_text(spent, sizeof(spent), s->v[i].amount)) + 4 +
		    strlen(gsp_money_text(always, sizeof(always), s->v[i].always)));

		name_width = name > name_width ? name : name_width;
		text_width = text > text_width ? text : text_width;
	}
	width = columns - name_width - text_width - 4;
	if (width > BAR_MAX)
		width = BAR_MAX;
	if (n == 0 || width < BAR_MIN)
		return;
	printf("\nspent, of what always on costs:\n");
	for (size_t i = 0; i < n; i++)
		bar(&s->v[i], name_width, width);
	if (n < s->n)
		printf("and %zu more\n", s->n - n);
}

static void
headline(const struct cost *c, const struct gsp_cost_sum *total)
{
	char first[GSP_MONTH_TEXT], last[GSP_MONTH_TEXT], spent[GSP_MONEY_TEXT], on[GSP_MONEY_TEXT];

	gsp_month_text(first, sizeof(first), c->pick.first);
	printf("%s%s%s (UTC): %" PRIu64 " session%s, %" PRIu64 " started hour%s, %s", first,
	    c->pick.last > c->pick.first ? " to " : "",
	    c->pick.last > c->pick.first ? gsp_month_text(last, sizeof(last), c->pick.last) : "",
	    total->sessions, total->sessions == 1 ? "" : "s", total->hours,
	    total->hours == 1 ? "" : "s", gsp_money_text(spent, sizeof(spent), total->amount));
	if (total->sessions > 0 && total->always >= 0)
		printf("; always on: %s", gsp_money_text(on, sizeof(on), total->always));
	if (total->running > 0)
		printf("; %" PRIu64 " run%s now, and count%s so far", total->running,
		    total->running == 1 ? "s" : "", total->running == 1 ? "s" : "");
	printf("\n");
}

static int
print_all(struct gsp_out *o, struct cost *c, struct gsp_err *err)
{
	struct gsp_cost_sums total, servers;
	int rc = -1;

	if (gsp_cost_sum(&total, &c->ledger, GSP_COST_TOTAL, &c->pick, err) == -1)
		return -1;
	headline(c, &total.v[0]);
	if (total.v[0].sessions == 0) {
		gsp_cost_sums_release(&total);
		return 0;
	}
	gsp_cost_sums_release(&total);
	printf("\n");
	if (gsp_cost_sum(&servers, &c->ledger, GSP_COST_SERVER, &c->pick, err) == -1)
		return -1;
	if (print_sums(o, c, GSP_COST_SERVER, err) == 0 && gsp_out_flush(o, err) == 0) {
		printf("\n");
		rc = print_sums(o, c, GSP_COST_ACTOR, err) == -1 || gsp_out_flush(o, err) == -1 ? -1 : 0;
	}
	if (rc == 0 && isatty(STDOUT_FILENO))
		chart(&servers);
	gsp_cost_sums_release(&servers);
	return rc;
}

/* ---- what is asked ---- */

static void
bad_line(void *ctx, size_t line, const char *why)
{
	(void)ctx;
	if (line == 0)
		gsp_cli_warn("%s; what its machine costs is not counted", why);
	else
		gsp_cli_warn("state/ledger.jsonl:%zu: %s; it is not counted", line, why);
}

/* One that is gone has a past: the ledger knows it. */
static int
check_server(struct tool *t, const struct cost *c, struct gsp_err *err)
{
	struct gsp_argv names = GSP_ARGV_INIT;
	int rc = gsp_status_servers(&names, t->home, err);
	bool known = c->server == NULL || gsp_argv_has(&names, c->server);

	for (size_t i = 0; i < c->ledger.n && !known; i++)
		known = strcmp(c->ledger.v[i].server, c->server) == 0;
	gsp_argv_release(&names);
	if (rc == 0 && !known)
		rc = gsp_err_set(err, GSP_EUNAVAIL, "no such server '%s', now or in the ledger", c->server);
	return rc;
}

static int
set_months(struct tool *t, struct cost *c, struct gsp_err *err)
{
	c->pick.now = gsp_wall_s();
	c->pick.server = c->server;
	c->pick.api_url = t->home->api_url;
	c->pick.first = c->pick.last = gsp_month_of(c->pick.now);
	if (c->month == NULL)
		return 0;
	if (strcmp(c->month, "all") == 0) {
		c->all = true;
		c->pick.first = gsp_cost_first_month(&c->ledger, &c->pick);
		return 0;
	}
	if (gsp_month_parse(&c->pick.first, c->month) == -1)
		return gsp_err_set(err, GSP_EUSAGE, "'%.32s' is no month such as 2026-11, nor 'all'",
		    c->month);
	c->pick.last = c->pick.first;
	return 0;
}

static void
warn_unpriced(const struct cost *c)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_cost_sums s;

	if (gsp_cost_sum(&s, &c->ledger, GSP_COST_TOTAL, &c->pick, &ignored) == -1)
		return;
	if (s.v[0].unpriced > 0)
		gsp_cli_warn("the price of %" PRIu64 " session%s is not known: no dollars are counted for "
		    "%s", s.v[0].unpriced, s.v[0].unpriced == 1 ? "" : "s",
		    s.v[0].unpriced == 1 ? "it" : "them");
	gsp_cost_sums_release(&s);
}

static int
run(struct tool *t, struct cost *c, struct gsp_out *o, struct gsp_err *err)
{
	static const char *const words[] = {"total", "server", "actor", "month"};

	if (t->cli.json && c->csv)
		return gsp_err_set(err, GSP_EUSAGE, "--json and --csv exclude each other");
	if (gsp_ledger_read(&c->ledger, t->home, bad_line, NULL, err) == -1 ||
	    check_server(t, c, err) == -1 || set_months(t, c, err) == -1)
		return -1;
	warn_unpriced(c);
	if (c->by == NULL && c->mode == GSP_OUT_TABLE)
		return print_all(o, c, err);
	if (c->by == NULL || strcmp(c->by, "session") == 0)
		return print_sessions(o, c);
	for (int by = GSP_COST_TOTAL; by <= GSP_COST_MONTH; by++)
		if (strcmp(c->by, words[by]) == 0)
			return print_sums(o, c, (enum gsp_cost_by)by, err);
	return gsp_err_set(err, GSP_EUSAGE, "--by '%.32s': session, server, actor, month or total is "
	    "wanted", c->by);
}

int
main(int argc, char **argv)
{
	struct cost c = {.month = NULL};
	const struct gsp_opt opts[] = {
	    {"month", 0, GSP_OPT_TEXT, &c.month, "YYYY-MM", "a month in UTC, or 'all' (this month)"},
	    {"server", 0, GSP_OPT_TEXT, &c.server, "SERVER", "this server alone"},
	    {"by", 0, GSP_OPT_TEXT, &c.by, "WHAT", "session, server, actor, month or total"},
	    {"csv", 0, GSP_OPT_FLAG, &c.csv, NULL, "print CSV (RFC 4180) with a header"},
	    {NULL, 0, GSP_OPT_FLAG, NULL, NULL, NULL}};
	struct tool t = {.cli = {.tool = "gsp-cost",
	                     .synopsis = "",
	                     .summary = "show what the servers have cost, from the ledger; asks nobody",
	                     .opts = opts},
	    .what = "cost"};
	struct gsp_err err = GSP_ERR_INIT, out_err = GSP_ERR_INIT;
	struct gsp_out *o;
	int rc = gsp_cli_parse(&t.cli, argc, argv, &err);

	if (rc == 0) {
		c.mode = t.cli.json ? GSP_OUT_JSON : c.csv ? GSP_OUT_CSV : GSP_OUT_TABLE;
		o = gsp_out_new(stdout, c.mode, NULL);
		rc = tool_open(&t, &err) == -1 || run(&t, &c, o, &err) == -1 ? -1 : 0;
		if (gsp_out_free(o, &out_err) == -1 && rc == 0) {
			err = out_err;
			rc = -1;
		}
		gsp_ledger_release(&c.ledger);
	}
	tool_close(&t);
	return gsp_cli_exit(rc < 0 ? -1 : 0, &err);
}
