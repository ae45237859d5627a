/* gsp-status: what exists, in which state and since when, what it costs, and what goes on. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/num.h"
#include "cli/exitcode.h"
#include "cli/say.h"
#include "fmt/json.h"
#include "fmt/out.h"
#include "gsp/status.h"
#include "gsp/takeover.h"
#include "sys/io.h"
#include "sys/proc.h"
#include "sys/tty.h"
#include "tool.h"

#include "base/banned.h"

/* How many machines are asked at once; each costs a process for a fraction of a second. */
#define PROBES_AT_ONCE 16
#define PROBE_MAX      8192

struct status {
	bool cached, probe;
	const char *take_over; /* a server, or NULL */
	struct gsp_out *out;
	struct gsp_cloud cloud;
	bool json;
	size_t down;   /* servers that are not running */
	size_t silent; /* machines that were asked and did not answer */
};

/* ---- the child: one machine asked, one line of JSON ---- */

static int
probe_child(struct tool *t, const char *name, struct gsp_err *err)
{
	struct gsp_probe p;
	struct gsp_json *v;
	struct gsp_buf b = GSP_BUF_INIT(PROBE_MAX);

	if (gsp_status_probe(&p, t->home, name, err) == -1)
		return -1;
	v = gsp_json_new_obj();
	gsp_json_add_bool(v, "asked", p.asked);
	gsp_json_add_bool(v, "answered", p.answered);
	gsp_json_add_bool(v, "alive", p.alive);
	gsp_json_add_bool(v, "rebooted", p.rebooted);
	gsp_json_add_str(v, "marker", p.has_marker ? p.marker.text : "");
	gsp_json_add_str(v, "why", p.why);
	gsp_json_print(&b, v);
	printf("%s\n", gsp_buf_str(&b));
	gsp_json_free(v);
	gsp_buf_release(&b);
	return 0;
}

static void
read_probe(struct gsp_probe *p, const char *text)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_json *v = NULL;
	const char *marker;

	memset(p, 0, sizeof(*p));
	if (gsp_json_parse(&v, text, strlen(text), &ignored) == -1) {
		p->asked = true;
		snprintf(p->why, sizeof(p->why), "asking it failed");
		return;
	}
	p->asked = gsp_json_bool(v, "asked", false);
	p->answered = gsp_json_bool(v, "answered", false);
	p->alive = gsp_json_bool(v, "alive", false);
	p->rebooted = gsp_json_bool(v, "rebooted", false);
	snprintf(p->why, sizeof(p->why), "%s", gsp_json_str(v, "why", ""));
	marker = gsp_json_str(v, "marker", "");
	p->has_marker = marker[0] != '\0' && gsp_marker_parse(&p->marker, marker, &ignored) == 0;
	gsp_json_free(v);
}

static int
start_probe(struct gsp_proc *p, const char *tool, const char *dir, const char *name,
    struct gsp_err *err)
{
	static const struct gsp_proc init = GSP_PROC_INIT;
	static const char *const env[] = {"LINODE_TOKEN=", NULL}; /* it asks the machine alone */
	const char *argv[] = {tool, "-C", dir, "--probe", name, NULL};

	*p = init;
	p->argv = argv;
	p->env = env;
	p->in = GSP_PROC_NULL;
	p->out = GSP_PROC_PIPE;
	p->err = GSP_PROC_NULL;
	if (gsp_proc_start(p, err) == -1)
		return -1;
	p->argv = NULL; /* it was on our stack */
	return 0;
}

static void
end_probe(struct gsp_proc *p, struct gsp_probe *out)
{
	struct gsp_buf text = GSP_BUF_INIT(PROBE_MAX);
	struct gsp_err ignored = GSP_ERR_INIT;
	int status;

	gsp_io_read_all(&text, p->out_fd, "probe", &ignored);
	p->argv = (const char *const[]){"gsp-status", NULL};
	gsp_proc_wait(p, &status, &ignored);
	read_probe(out, gsp_buf_str(&text));
	gsp_buf_release(&text);
}

/* Ask every machine that may answer, some at a time; order does not matter, results keep theirs. */
static int
probe_all(struct tool *t, const struct gsp_cloud *cloud, char **names, size_t n,
    struct gsp_probe *out, struct gsp_err *err)
{
	struct gsp_proc p[PROBES_AT_ONCE];
	struct gsp_buf tool = GSP_BUF_INIT(4096);
	size_t begin, k;
	int rc = 0;

	if (gsp_io_self_dir(&tool, err) == -1)
		return -1;
	gsp_buf_adds(&tool, "/gsp-status");
	for (begin = 0; begin < n && rc == 0; begin += k) {
		for (k = 0; k < PROBES_AT_ONCE && begin + k < n && rc == 0; k++) {
			p[k].pid = -1;
			if (gsp_status_may_answer(t->home, names[begin + k], cloud))
				rc = start_probe(&p[k], gsp_buf_str(&tool), t->home->dir, names[begin + k],
				    err);
		}
		for (size_t i = 0; i < k; i++)
			if (p[i].pid > 0)
				end_probe(&p[i], &out[begin + i]);
	}
	gsp_buf_release(&tool);
	return rc;
}

/* ---- the rows ---- */

/* What is not known, or not there, is null: never a number that somebody adds up. */
static void
text_or_null(struct gsp_out *o, const char *name, const char *v)
{
	gsp_out_str(o, name, v[0] != '\0' ? v : NULL);
}

static void
usd_or_null(struct gsp_out *o, const char *name, double usd)
{
	if (usd >= 0)
		gsp_out_num(o, name, usd, 4);
	else
		gsp_out_str(o, name, NULL);
}

static int
print_row(void *ctx, const struct gsp_status_row *r, struct gsp_err *err)
{
	struct status *s = ctx;
	char since[GSP_CLOCK_TEXT], span[48], money[32], why[sizeof(r->why) + sizeof(r->after) + 4];

	(void)err;
	gsp_out_str(s->out, "server", r->server);
	gsp_out_str(s->out, "stage", r->stage);
	if (s->json)
		gsp_out_str(s->out, "since",
		    r->since != 0 ? gsp_clock_format(since, sizeof(since), r->since) : NULL);
	else
		gsp_out_str(s->out, "for",
		    r->since != 0 ? gsp_num_span(span, sizeof(span), gsp_wall_s() - r->since) : NULL);
	gsp_out_str(s->out, "address", r->address[0] != '\0' ? r->address : NULL);
	if (s->json) {
		text_or_null(s->out, "type", r->type);
		text_or_null(s->out, "region", r->region);
		if (r->linode_id != 0)
			gsp_out_u64(s->out, "linode_id", r->linode_id);
		else
			gsp_out_str(s->out, "linode_id", NULL);
		text_or_null(s->out, "session", r->session);
		text_or_null(s->out, "home", r->home);
		text_or_null(s->out, "actor", r->actor);
		gsp_out_u64(s->out, "generation", r->generation);
		gsp_out_u64(s->out, "hours", r->hours);
		usd_or_null(s->out, "hourly_usd", r->hourly_usd);
		usd_or_null(s->out, "so_far_usd", r->linode_id != 0 ? r->so_far_usd : -1);
	} else {
		gsp_num_usd(money, sizeof(money) - 3, r->hourly_usd);
		snprintf(money + strlen(money), 3, "/h");
		gsp_out_str(s->out, "price", r->hourly_usd >= 0 ? money : NULL);
		gsp_num_usd(money, sizeof(money), r->so_far_usd);
		gsp_out_str(s->out, "so far", r->so_far_usd >= 0 && r->linode_id != 0 ? money : NULL);
	}
	gsp_out_str(s->out, "next", r->next[0] != '\0' ? r->next : NULL);
	if (s->json) {
		gsp_out_str(s->out, "why", r->why);
		text_or_null(s->out, "after_save", r->after);
	} else {
		snprintf(why, sizeof(why), "%s%s%s", r->why, r->after[0] != '\0' ? "; " : "", r->after);
		gsp_out_str(s->out, "why", why);
	}
	gsp_out_end(s->out);
	if (r->mine && strcmp(r->stage, "running") != 0)
		s->down++;
	return 0;
}

static int
read_cloud(struct tool *t, struct status *s, struct gsp_err *err)
{
	struct gsp_buf token = GSP_BUF_INIT(4096);
	struct gsp_linode_opts o;
	struct gsp_linode *api = NULL;
	int rc = -1;

	if (gsp_home_token(t->home, &token, err) == -1)
		return -1;
	memset(&o, 0, sizeof(o));
	o.base_url = t->home->api_url;
	o.token = gsp_buf_str(&token);
	if (gsp_linode_new(&api, &o, err) == 0)
		rc = gsp_cloud_read(&s->cloud, t->home, api, err);
	if (rc == -1 && err->code != GSP_EAUTH && err->code != GSP_ECANCEL)
		gsp_err_hint(err, "'gsp status --cached' shows what this computer remembers");
	gsp_token_wipe(&token);
	gsp_buf_release(&token);
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
	if (!s->cached && (read_cloud(t, s, err) == -1 || probe_all(t, &s->cloud, names, n, probes, err) == -1))
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
known(const struct gsp_argv *all, char **names, size_t n, struct gsp_err *err)
{
	for (size_t i = 0; i < n; i++) {
		size_t k = 0;

		while (k < all->n && strcmp(all->v[k], names[i]) != 0)
			k++;
		if (k == all->n)
			return gsp_err_set(err, GSP_EUNAVAIL, "no such server '%s'", names[i]);
	}
	return 0;
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
	(void)ctx;
	return gsp_takeover(job, confirm, t, err);
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
	else if (known(all, names, 1, err) == 0 &&
	    tool_each(t, names, 1, TOOL_LOCK | TOOL_STEPS, take_over, NULL, err) == 0)
		rc = show(t, s, names, 1, err);
	free(names[0]);
	return rc;
}

static int
run(struct tool *t, struct status *s, struct gsp_err *err)
{
	struct gsp_argv all = GSP_ARGV_INIT;
	size_t n = t->cli.noperands;
	int rc = -1;

	if (gsp_status_servers(&all, t->home, err) == -1 ||
	    known(&all, t->cli.operands, n, err) == -1)
		goto out;
	if (s->take_over != NULL) {
		rc = take_over_and_show(t, s, &all, err);
		goto out;
	}
	if (s->probe) {
		rc = n == 1 ? probe_child(t, t->cli.operands[0], err)
		            : gsp_err_set(err, GSP_EUSAGE, "--probe takes one server");
		goto out;
	}
	if (n > 0) {
		rc = show(t, s, t->cli.operands, n, err);
		if (rc == 0 && s->silent > 0)
			rc = gsp_err_set(err, GSP_ETEMP, "%zu of the machines did not answer: what is shown of "
			    "them is from memory", s->silent);
		else if (rc == 0 && s->down > 0)
			rc = gsp_err_set(err, GSP_ENO, "%s", "");
		goto out;
	}
	rc = show(t, s, all.v, all.n, err);
	if (rc == 0 && !s->cached)
		rc = gsp_status_strays(t->home, &all, &s->cloud, print_row, s, err);
out:
	gsp_argv_release(&all);
	return rc;
}

int
main(int argc, char **argv)
{
	struct status s = {.cached = false};
	const struct gsp_opt opts[] = {
	    {"cached", 0, GSP_OPT_FLAG, &s.cached, NULL, "what this computer remembers; asks nobody"},
	    {"take-over", 0, GSP_OPT_TEXT, &s.take_over, "SERVER",
	        "make its machine this home's, whichever home has it now (asks, or wants --yes)"},
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
		s.out = gsp_out_new(stdout, t.cli.json ? GSP_OUT_JSON : GSP_OUT_TABLE, NULL);
		rc = tool_open(&t, &err) == -1 || run(&t, &s, &err) == -1 ? -1 : 0;
		if (gsp_out_free(s.out, &out_err) == -1 && (rc == 0 || err.code == GSP_ENO || err.code == GSP_ETEMP)) {
			err = out_err;
			rc = -1;
		}
		gsp_cloud_release(&s.cloud);
	}
	tool_close(&t);
	return gsp_cli_exit(rc < 0 ? -1 : 0, &err);
}
