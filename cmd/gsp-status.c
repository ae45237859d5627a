/* gsp-status: what exists, in which state and since when, what it costs, and what goes on. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/num.h"
#include "cli/exitcode.h"
#include "cli/say.h"
#include "fmt/out.h"
#include "gsp/dns.h"
#include "gsp/notice_run.h"
#include "gsp/rebuild.h"
#include "gsp/reconcile.h"
#include "gsp/status.h"
#include "gsp/takeover.h"
#include "sys/sig.h"
#include "sys/tty.h"
#include "status_probe.h"
#include "status_row.h"
#include "tool.h"

#include "base/banned.h"

struct status {
	bool cached, probe, rebuild;
	const char *take_over; /* a server, or NULL */
	struct gsp_out *out;
	struct gsp_cloud cloud;
	bool json;
	bool terminal;         /* people look at it: a table that fits, and sentences */
	bool single;           /* one server was named, on a terminal: lines instead of a table */
	struct gsp_buf prose;  /* what is said below the table */
	size_t down;   /* servers that are not running */
	size_t silent; /* machines that were asked and did not answer */
	size_t damaged; /* journals that cannot be read */
};

/* ---- the rows ---- */

/* Words in lines of the terminal's width, those after the first indented. */
static void
add_wrapped(struct gsp_buf *out, const char *text)
{
	size_t width = (size_t)gsp_tty_width(STDOUT_FILENO), at = 0;

	while (*text != '\0') {
		size_t n = strcspn(text, " ");

		if (at > 0 && at + 1 + n > width) {
			gsp_buf_adds(out, "\n  ");
			at = 2;
		} else if (at > 0) {
			gsp_buf_addc(out, ' ');
			at++;
		}
		for (size_t i = 0; i < n; i++) /* a name or a message from elsewhere */
			gsp_buf_addc(out, (unsigned char)text[i] < ' ' || text[i] == 0x7f ? '?' : text[i]);
		at += n;
		text += n + strspn(text + n, " ");
	}
	gsp_buf_addc(out, '\n');
}

/* What runs, and is not ended when nobody thinks of it. */
static void
add_unwatched(struct status *s, const struct gsp_status_row *r)
{
	struct gsp_buf text = GSP_BUF_INIT(1024);

	gsp_buf_addf(&text, "%s: nobody watches it: it runs, and costs, until somebody brings it down; "
	    "'gsp watch --session %s' watches it (see gsp-watch(1))", r->server, r->server);
	add_wrapped(&s->prose, gsp_buf_str(&text));
	gsp_buf_release(&text);
}

/* People are told in full of what wants them; of the one server they asked for in any case. */
static void
add_prose(struct status *s, const struct gsp_status_row *r)
{
	struct gsp_buf sentence = GSP_BUF_INIT(8192);

	if (s->single || !r->settled) {
		gsp_status_sentence(&sentence, r, gsp_wall_s());
		add_wrapped(&s->prose, gsp_buf_str(&sentence));
	}
	gsp_buf_release(&sentence);
	if (r->after[0] != '\0')
		add_wrapped(&s->prose, r->after);
	if (r->dns[0] != '\0')
		add_wrapped(&s->prose, r->dns);
	if (r->unwatched)
		add_unwatched(s, r);
	if (!s->single)
		return;
	if (r->address[0] != '\0')
		gsp_buf_addf(&s->prose, "  address  %s\n", r->address);
	if (r->linode_id != 0)
		gsp_buf_addf(&s->prose, "  machine  %" PRIu64 ", %s in %s%s%s\n", r->linode_id, r->type,
		    r->region, r->actor[0] != '\0' ? ", by " : "", r->actor);
	if (r->watched[0] != '\0')
		gsp_buf_addf(&s->prose, "  watch    %s\n", r->watched);
	if (r->next[0] != '\0')
		gsp_buf_addf(&s->prose, "  next     %s\n", r->next);
}

static int
print_row(void *ctx, const struct gsp_status_row *r, struct gsp_err *err)
{
	struct status *s = ctx;

	(void)err;
	if (s->json)
		status_row_json(s->out, r);
	else if (!s->single)
		status_row_columns(s->out, r);
	if (s->terminal)
		add_prose(s, r);
	if (r->mine && strcmp(r->stage, "running") != 0)
		s->down++;
	s->damaged += r->damaged;
	return 0;
}

static void
told(void *ctx, const char *text)
{
	(void)ctx;
	gsp_cli_warn("%s", text);
}

/* What is shown does not hang on it: a home that cannot be written can be looked at. */
static int
mend_ledger(struct tool *t, struct gsp_linode *api, const struct gsp_cloud *cloud,
    struct gsp_err *err)
{
	if (gsp_reconcile(t->home, api, cloud, t->cli.actor, told, NULL, err) == -1) {
		if (err->code == GSP_ECANCEL)
			return -1;
		gsp_cli_warn("the ledger could not be compared with the cloud: %s", err->msg);
		gsp_err_clear(err);
	}
	return 0;
}

/* The table, then what is said below it. */
static int
print_end(struct status *s, struct gsp_err *err)
{
	int rc = gsp_out_free(s->out, err);

	if (rc == 0 && s->prose.len > 0 &&
	    (printf("%s%s", s->single ? "" : "\n", gsp_buf_str(&s->prose)) < 0 || fflush(stdout) == EOF))
		rc = gsp_err_sys(err, GSP_EIO, errno, "cannot write the output");
	gsp_buf_release(&s->prose);
	return rc;
}

static int
read_cloud(struct tool *t, struct status *s, bool mend, struct gsp_err *err)
{
	struct gsp_linode *api = NULL;
	int rc;

	if (gsp_home_api(&api, t->home, 0, err) == -1)
		return -1;
	rc = gsp_cloud_read(&s->cloud, t->home, api, err);
	if (rc == 0)
		rc = mend && (mend_ledger(t, api, &s->cloud, err) == -1 ||
		         gsp_dns_settle(t->home, api, told, NULL, err) == -1)
		    ? -1
		    : 0;
	if (rc == -1 && err->code != GSP_EAUTH && err->code != GSP_ECANCEL)
		gsp_err_hint(err, "'gsp status --cached' shows what this computer remembers");
	gsp_linode_free(api);
	return rc;
}

static int
show(struct tool *t, struct status *s, char **names, size_t n, struct gsp_err *err)
{
	struct gsp_status_row row;
	struct gsp_probe *probes = calloc(n + 1, sizeof(*probes));
	int rc = -1;

	if (probes == NULL)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	if (!s->cached && (read_cloud(t, s, true, err) == -1 ||
	        status_probe_all(t, &s->cloud, names, n, probes, err) == -1))
		goto out;
	for (size_t i = 0; i < n; i++) {
		if (gsp_status_server(&row, t->home, names[i], &s->cloud, &probes[i], err) == -1 ||
		    print_row(s, &row, err) == -1)
			goto out;
		s->silent += probes[i].asked && !probes[i].answered;
	}
	rc = 0;
out:
	free(probes);
	return rc;
}

static int
confirm(void *ctx, const char *what, struct gsp_err *err)
{
	const struct tool *t = ctx;

	if (t->cli.yes)
		return 0;
	gsp_cli_error("%s", what);
	return gsp_tty_confirm("Go on?", err);
}

static int
take_over(struct tool *t, struct gsp_job *job, void *ctx, struct gsp_err *err)
{
	const struct gsp_takeover_opts o = {.confirm = confirm, .ctx = t};

	(void)ctx;
	return gsp_takeover(job, &o, err);
}

static int
show_all(struct tool *t, struct status *s, const struct gsp_argv *all, struct gsp_err *err)
{
	if (show(t, s, all->v, all->n, err) == -1)
		return -1;
	return s->cached ? 0 : gsp_status_strays(t->home, all, &s->cloud, print_row, s, err);
}

/* Then show it as any other: it is ours. */
static int
take_over_and_show(struct tool *t, struct status *s, const struct gsp_argv *all,
    struct gsp_err *err)
{
	char *names[] = {strdup(s->take_over), NULL};
	int rc = -1;

	if (names[0] == NULL)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	if (t->cli.noperands > 0 || s->cached)
		gsp_err_set(err, GSP_EUSAGE, "--take-over takes the server's name itself ('--take-over %s "
		    "--yes'), and no other server or --cached", s->take_over);
	else if (gsp_status_known(all, names, 1, err) == 0 &&
	    tool_each(t, names, 1, TOOL_LOCK | TOOL_STEPS, take_over, NULL, err) == 0)
		rc = show(t, s, names, 1, err);
	free(names[0]);
	return rc;
}

/* ---- a state/ that was lost ---- */

static int
rebuild_one(struct tool *t, struct gsp_job *job, void *ctx, struct gsp_err *err)
{
	const struct gsp_rebuild *plan = ctx;
	struct gsp_takeover_opts o = {.rebuild = true};

	(void)t;
	for (size_t i = 0; i < plan->n; i++)
		if (plan->v[i].why[0] == '\0' && strcmp(plan->v[i].server, job->server) == 0)
			o.id = plan->v[i].id;
	return gsp_takeover(job, &o, err);
}

static bool
asked_for(const struct tool *t, const char *server)
{
	for (size_t i = 0; i < t->cli.noperands; i++)
		if (strcmp(t->cli.operands[i], server) == 0)
			return true;
	return t->cli.noperands == 0;
}

/* Each machine on its own: what cannot be proven is named, and keeps no other from its turn. */
static int
rebuild(struct tool *t, struct status *s, struct gsp_err *err)
{
	struct gsp_rebuild plan = {NULL, 0};
	struct gsp_argv names = GSP_ARGV_INIT;
	int rc = -1;

	/* who knows a machine again writes its line; what nobody can is mended when it is shown */
	if (read_cloud(t, s, false, err) == -1 || gsp_rebuild_plan(&plan, t->home, &s->cloud, err) == -1)
		goto out;
	for (size_t i = 0; i < plan.n; i++)
		if (plan.v[i].why[0] == '\0' && asked_for(t, plan.v[i].server))
			gsp_argv_push(&names, plan.v[i].server);
	if (names.n > 0 &&
	    (!gsp_argv_ok(&names)
	            ? gsp_err_set(err, GSP_ESYS, "out of memory")
	            : tool_each(t, names.v, names.n, TOOL_LOCK | TOOL_STEPS, rebuild_one, &plan, err)) == -1 &&
	    err->code == GSP_ECANCEL)
		goto out;
	for (size_t i = 0; i < plan.n; i++) {
		if (plan.v[i].why[0] == '\0' || !asked_for(t, plan.v[i].server))
			continue;
		if (err->code == GSP_OK)
			gsp_err_set(err, GSP_EREFUSED, "%s", plan.v[i].why);
		else
			gsp_cli_error("%s", plan.v[i].why);
	}
	rc = err->code == GSP_OK ? 0 : -1;
out:
	gsp_cloud_release(&s->cloud); /* it is read again to be shown */
	gsp_rebuild_release(&plan);
	gsp_argv_release(&names);
	return rc;
}

/* What there is now is shown in any case; what was refused decides the status. */
static int
rebuild_and_show(struct tool *t, struct status *s, struct gsp_argv *all, struct gsp_err *err)
{
	struct gsp_err later = GSP_ERR_INIT;
	int rc;

	if (s->cached || s->take_over != NULL)
		return gsp_err_set(err, GSP_EUSAGE, "--rebuild asks the cloud for all servers: no "
		    "--cached, no --take-over with it");
	rc = rebuild(t, s, err);
	if (rc == -1 && err->code != GSP_EREFUSED && err->code != GSP_ETEMP && err->code != GSP_EAUTH)
		return -1;
	if (show_all(t, s, all, &later) == -1 && rc == 0) {
		*err = later;
		rc = -1;
	}
	return rc;
}

static int
damaged(const struct status *s, struct gsp_err *err)
{
	return gsp_err_set(err, GSP_EIO, "%zu of the journals cannot be read (stage 'damaged'): what they "
	    "knew of their machines is not shown", s->damaged);
}

static int
run(struct tool *t, struct status *s, struct gsp_err *err)
{
	struct gsp_argv all = GSP_ARGV_INIT;
	size_t n = t->cli.noperands;
	int rc = -1;

	if (gsp_status_servers(&all, t->home, err) == -1 ||
	    gsp_status_known(&all, t->cli.operands, n, err) == -1)
		goto out;
	if (s->rebuild) {
		rc = rebuild_and_show(t, s, &all, err);
		goto out;
	}
	if (s->take_over != NULL) {
		rc = take_over_and_show(t, s, &all, err);
		goto out;
	}
	if (s->probe) {
		rc = n == 1 ? status_probe_child(t, t->cli.operands[0], err)
		            : gsp_err_set(err, GSP_EUSAGE, "--probe takes one server");
		goto out;
	}
	if (n > 0) {
		rc = show(t, s, t->cli.operands, n, err);
		if (rc == 0 && s->damaged > 0)
			rc = damaged(s, err);
		else if (rc == 0 && s->silent > 0)
			rc = gsp_err_set(err, GSP_ETEMP, "%zu of the machines did not answer: what is shown of "
			    "them is from memory", s->silent);
		else if (rc == 0 && s->down > 0)
			rc = gsp_err_set(err, GSP_ENO, "%s", "");
		goto out;
	}
	rc = show_all(t, s, &all, err);
	if (rc == 0 && s->damaged > 0)
		rc = damaged(s, err);
out:
	gsp_argv_release(&all);
	return rc;
}

/* Whoever trusts that somebody is told shall know when nobody is. */
static void
warn_of_notices(const struct tool *t)
{
	struct gsp_argv lines = GSP_ARGV_INIT;

	if (t->home != NULL)
		gsp_notice_trouble(&lines, t->home);
	for (size_t i = 0; i < lines.n; i++)
		gsp_cli_warn("%s", lines.v[i]);
	gsp_argv_release(&lines);
}

int
main(int argc, char **argv)
{
	struct status s = {.cached = false};
	const struct gsp_opt opts[] = {
	    {"cached", 0, GSP_OPT_FLAG, &s.cached, NULL, "what this computer remembers; asks nobody"},
	    {"take-over", 0, GSP_OPT_TEXT, &s.take_over, "SERVER",
	        "make its machine this home's, whichever home has it now (asks, or wants --yes)"},
	    {"rebuild", 0, GSP_OPT_FLAG, &s.rebuild, NULL,
	        "state/ was lost: know this home's machines again, from their tags and markers"},
	    {"probe", 0, GSP_OPT_FLAG, &s.probe, NULL, "ask one machine over ssh, answer in JSON"},
	    {NULL, 0, GSP_OPT_FLAG, NULL, NULL, NULL}};
	struct tool t = {.cli = {.tool = "gsp-status",
	                     .synopsis = "[SERVER...]",
	                     .summary = "show what exists, what it costs, and what goes on",
	                     .notes = "Status 1: a server that was named is not running.\n",
	                     .opts = opts,
	                     .max_operands = GSP_CLI_OPERANDS_ANY},
	    .what = "status"};
	struct gsp_err err = GSP_ERR_INIT, out_err = GSP_ERR_INIT;
	int rc = gsp_cli_parse(&t.cli, argc, argv, &err);

	if (rc == 0) {
		s.json = t.cli.json;
		if (s.take_over != NULL)
			t.what = "take-over";
		else if (s.rebuild)
			t.what = "rebuild";
		s.terminal = !s.json && isatty(STDOUT_FILENO);
		s.single = s.terminal && !s.rebuild && (t.cli.noperands == 1 || s.take_over != NULL);
		gsp_buf_init(&s.prose, 16 * 1024 * 1024);
		s.out = gsp_out_new(stdout, t.cli.json ? GSP_OUT_JSON : GSP_OUT_TABLE, NULL);
		if (s.terminal) /* the most important first */
			gsp_out_fit(s.out, (size_t)gsp_tty_width(STDOUT_FILENO),
			    "server,stage,for,next,so far,price,address");
		rc = tool_open(&t, &err) == -1 || run(&t, &s, &err) == -1 ? -1 : 0;
		if (print_end(&s, &out_err) == -1 && (rc == 0 || err.code == GSP_ENO || err.code == GSP_ETEMP)) {
			err = out_err;
			rc = -1;
		}
		gsp_cloud_release(&s.cloud);
		if (!s.probe)
			warn_of_notices(&t);
	}
	tool_close(&t);
	return gsp_cli_exit(rc < 0 ? -1 : 0, &err);
}
