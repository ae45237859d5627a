/* gsp-watch: looks after what runs: warns, extends nothing, and brings down what ran long enough. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/num.h"
#include "cli/exitcode.h"
#include "fmt/out.h"
#include "sys/tty.h"
#include "tool.h"
#include "watch_cloud.h"
#include "watch_loop.h"
#include "watch_measure.h"

#include "base/banned.h"

#define EVERY_S     60
#define EVERY_MIN_S 5
#define EVERY_MAX_S 300 /* GSP_WATCH_FRESH_S: one that comes less often is not seen to watch */

struct watch {
	bool once, part, measure, cloud;
	const char *session;
	int64_t every_s;
	struct watch_opts o;
	struct gsp_out *out; /* --once; NULL: a loop, which prints changes */
	bool json;
	struct said *said;   /* a loop's last line of each server */
	size_t nsaid;
};

struct said {
	char server[29];
	char text[800];
};

/* ---- rows ---- */

static void
print_json(const struct watch_row *r)
{
	struct gsp_buf line = GSP_BUF_INIT(8192);
	struct gsp_json *v = gsp_json_new_obj();

	watch_row_json(v, r);
	gsp_json_print(&line, v);
	printf("%s\n", gsp_buf_str(&line));
	fflush(stdout); /* gsp_cli_exit() looks whether that was possible */
	gsp_json_free(v);
	gsp_buf_release(&line);
}

static const char *
players_text(char *out, size_t size, const struct watch_row *r)
{
	if (!r->counted)
		return NULL;
	snprintf(out, size, "%" PRIu32, r->players);
	return out;
}

static const char *
lease_text(char *out, size_t size, const struct watch_row *r)
{
	char span[48];
	int64_t left = r->lease - gsp_wall_s();

	if (r->lease == 0)
		return NULL;
	if (left > 0)
		snprintf(out, size, "%s left", gsp_num_span(span, sizeof(span), left));
	else
		snprintf(out, size, "over");
	return out;
}

static void
print_columns(struct gsp_out *o, const struct watch_row *r)
{
	char players[16], lease[64];

	gsp_out_str(o, "server", r->server);
	gsp_out_str(o, "stage", r->stage);
	gsp_out_str(o, "players", players_text(players, sizeof(players), r));
	gsp_out_str(o, "healthy", r->health < 0 ? NULL : r->health == 1 ? "yes" : "no");
	gsp_out_str(o, "idle", r->idle[0] != '\0' ? r->idle : NULL);
	gsp_out_str(o, "lease", lease_text(lease, sizeof(lease), r));
	gsp_out_str(o, "decided", r->decided[0] != '\0' ? r->decided : r->why[0] != '\0' ? r->why : NULL);
	gsp_out_end(o);
}

/* The last line that a loop said of a server; a new one if there is none. NULL: no memory. */
static struct said *
said_of(struct watch *w, const char *server)
{
	struct said *more;

	for (size_t i = 0; i < w->nsaid; i++)
		if (strcmp(w->said[i].server, server) == 0)
			return &w->said[i];
	if ((more = realloc(w->said, (w->nsaid + 1) * sizeof(*more))) == NULL)
		return NULL;
	w->said = more;
	more += w->nsaid++;
	memset(more, 0, sizeof(*more));
	snprintf(more->server, sizeof(more->server), "%s", server);
	return more;
}

/* A loop's words of a server, but for what changes with every look. */
static void
line_of(char *out, size_t size, const struct watch_row *r)
{
	char players[32] = "players unknown";

	if (r->counted)
		snprintf(players, sizeof(players), "%" PRIu32 " player%s", r->players,
		    r->players == 1 ? "" : "s");
	snprintf(out, size, "%s, %s%s%s%s", r->stage, players, r->health == 0 ? ", unwell" : "",
	    r->decided[0] != '\0' ? ": " : "", r->decided);
}

static void
print_change(struct watch *w, const struct watch_row *r)
{
	struct said *s = said_of(w, r->server);
	char text[sizeof(s->text)], when[GSP_CLOCK_TEXT];

	line_of(text, sizeof(text), r);
	if (s != NULL && strcmp(s->text, text) == 0)
		return;
	if (s != NULL)
		memcpy(s->text, text, sizeof(text));
	if (w->json)
		print_json(r);
	else {
		printf("%s %s: %s\n", gsp_clock_format(when, sizeof(when), gsp_wall_s()), r->server, text);
		fflush(stdout);
	}
}

static void
print_row(void *ctx, const struct watch_row *r)
{
	struct watch *w = ctx;

	if (w->out == NULL)
		print_change(w, r);
	else if (w->json)
		print_json(r);
	else
		print_columns(w->out, r);
}

/* ---- what is asked ---- */

static int
check_usage(const struct watch *w, const struct gsp_cli *c, struct gsp_err *err)
{
	if (w->part || w->measure)
		return c->noperands == 1 ? 0
		                         : gsp_err_set(err, GSP_EUSAGE, "--part and --measure take one server");
	if (w->session != NULL && (w->once || c->noperands > 0))
		return gsp_err_set(err, GSP_EUSAGE, "--session takes its server itself ('--session %s'), and "
		    "no --once", w->session);
	if (w->every_s < EVERY_MIN_S || w->every_s > EVERY_MAX_S)
		return gsp_err_set(err, GSP_EUSAGE, "--every: from %d seconds to %d minutes", EVERY_MIN_S,
		    EVERY_MAX_S / 60);
	return 0;
}

static int
part(struct tool *t, struct watch *w, struct gsp_err *err)
{
	struct watch_row row;
	int rc = watch_one(&row, t, t->cli.operands[0], &w->o, err);

	if (row.server[0] != '\0')
		print_json(&row);
	return rc;
}

static int
once(struct watch_loop *l, struct watch *w, struct gsp_err *err)
{
	struct gsp_err late = GSP_ERR_INIT;
	int rc;

	w->out = gsp_out_new(stdout, GSP_OUT_TABLE, NULL);
	if (isatty(STDOUT_FILENO))
		gsp_out_fit(w->out, (size_t)gsp_tty_width(STDOUT_FILENO),
		    "server,stage,players,idle,lease,decided,healthy");
	rc = watch_pass(l, l->t->cli.operands, l->t->cli.noperands, err);
	if (gsp_out_free(w->out, rc == 0 ? err : &late) == -1)
		rc = -1;
	return rc;
}

static int
run(struct tool *t, struct watch *w, struct gsp_err *err)
{
	struct watch_loop l = {t, &w->o, w->once ? 0 : w->every_s, print_row, w};

	if (check_usage(w, &t->cli, err) == -1 || tool_open(t, err) == -1)
		return -1;
	w->json = t->cli.json;
	if (w->measure)
		return watch_measure_child(t, t->cli.operands[0], err);
	if (w->part)
		return part(t, w, err);
	if (w->cloud)
		return watch_cloud(t, err);
	if (w->session != NULL)
		return watch_session(&l, w->session, err);
	return w->once ? once(&l, w, err)
	               : watch_for_ever(&l, t->cli.operands, t->cli.noperands, err);
}

int
main(int argc, char **argv)
{
	struct watch w = {.every_s = EVERY_S};
	const struct gsp_opt opts[] = {
	    {"once", 0, GSP_OPT_FLAG, &w.once, NULL, "one pass, for cron and timers"},
	    {"every", 0, GSP_OPT_DURATION, &w.every_s, "TIME", "a loop's time from pass to pass (60s)"},
	    {"session", 0, GSP_OPT_TEXT, &w.session, "SERVER", "a loop until its session is over"},
	    {"now", 0, GSP_OPT_FLAG, &w.o.now, NULL, "an idle stop does not wait for the paid hour's end"},
	    {"dry-run", 0, GSP_OPT_FLAG, &w.o.dry_run, NULL, "one pass that says what would be done, and does nothing"},
	    /* what a pass starts itself as: one server; the question to its machine; strays */
	    {"part", 0, GSP_OPT_FLAG, &w.part, NULL, NULL},
	    {"measure", 0, GSP_OPT_FLAG, &w.measure, NULL, NULL},
	    {"cloud", 0, GSP_OPT_FLAG, &w.cloud, NULL, NULL},
	    {NULL, 0, GSP_OPT_FLAG, NULL, NULL, NULL}};
	struct tool t = {.cli = {.tool = "gsp-watch",
	                     .synopsis = "[SERVER...]",
	                     .summary = "watch what runs: warn, and bring down what ran long enough",
	                     .opts = opts,
	                     .max_operands = GSP_CLI_OPERANDS_ANY},
	    .what = "watch"};
	struct gsp_err err = GSP_ERR_INIT;
	int rc = gsp_cli_parse(&t.cli, argc, argv, &err);

	if (w.o.dry_run && w.session == NULL)
		w.once = true;
	if (rc == 0)
		rc = run(&t, &w, &err);
	else if (rc == 1)
		rc = 0;
	tool_close(&t);
	free(w.said);
	return gsp_cli_exit(rc, &err);
}
