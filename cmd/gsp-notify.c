/* gsp-notify: sends what `notify:` of the settings wants to be told; tries it out. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/exitcode.h"
#include "cli/say.h"
#include "fmt/out.h"
#include "gsp/notice.h"
#include "gsp/notice_run.h"
#include "gsp/session.h"
#include "tool.h"

#include "base/banned.h"

struct notify {
	bool test, send;
};

/* ---- --test ---- */

static const char *const kinds[] = {"discord", "webhook", "ntfy", "command"};

static void
print_test(struct gsp_out *o, const struct gsp_notify_target *t, bool works, const char *why)
{
	struct gsp_buf label = GSP_BUF_INIT(GSP_PATH_BUF);

	gsp_notify_label(&label, t);
	gsp_out_str(o, "target", gsp_buf_str(&label));
	gsp_out_str(o, "kind", kinds[t->kind]);
	gsp_out_str(o, "id", t->id);
	gsp_out_bool(o, "works", works);
	gsp_out_str(o, "why", works ? NULL : why);
	gsp_out_end(o);
	gsp_buf_release(&label);
}

/* To every target in turn; the worst that was found is what we end with. */
static int
test_all(struct tool *t, const struct gsp_notice_targets *all, const char *server,
    struct gsp_http *http, struct gsp_err *err)
{
	struct gsp_out *o = gsp_out_new(stdout, t->cli.json ? GSP_OUT_JSON : GSP_OUT_TABLE, NULL);
	struct gsp_err out_err = GSP_ERR_INIT;
	size_t broken = 0, later = 0;
	bool cut = false;

	for (size_t i = 0; i < all->n && !cut; i++) {
		struct gsp_err why = GSP_ERR_INIT;
		enum gsp_notice_outcome what = gsp_notice_test(t->home, all->v[i], server, http, &why);

		cut = what == GSP_NOTICE_CANCEL;
		if (cut)
			*err = why;
		else
			print_test(o, all->v[i], what == GSP_NOTICE_SENT, why.msg);
		later += what == GSP_NOTICE_LATER;
		broken += what == GSP_NOTICE_BROKEN || what == GSP_NOTICE_REFUSED;
	}
	if (gsp_out_free(o, &out_err) == -1 && !cut) {
		*err = out_err;
		return -1;
	}
	if (cut)
		return -1;
	if (broken > 0)
		return gsp_err_set(err, GSP_ECONFIG, "%zu of %zu targets do not work", broken, all->n);
	if (later > 0)
		return gsp_err_set(err, GSP_ETEMP, "%zu of %zu targets cannot be reached now", later,
		    all->n);
	return 0;
}

static int
test(struct tool *t, const char *server, struct gsp_err *err)
{
	struct gsp_server_conf *conf = NULL;
	struct gsp_notice_targets all;
	struct gsp_http *http = NULL;
	int rc = -1;

	/* here a mistake in its settings is the answer */
	if (server != NULL && gsp_server_conf_load(&conf, t->home, server, err) == -1)
		return -1;
	gsp_server_conf_free(conf);
	if (server != NULL)
		gsp_notice_targets(&all, t->home, server);
	else
		gsp_notice_targets_all(&all, t->home);
	if (all.n == 0)
		gsp_err_set(err, GSP_ECONFIG, "nobody is told of anything: there is no notify: in '%s/gsp.yaml'"
		    "%s", t->home->dir, server != NULL ? " nor in its server.yaml" : ", nor in a server.yaml");
	else if (gsp_http_new(&http, err) == 0)
		rc = test_all(t, &all, server, http, err);
	gsp_http_free(http);
	gsp_notice_targets_release(&all);
	return rc;
}

/* ---- --send ---- */

static int
send(struct tool *t, struct gsp_err *err)
{
	if (t->cli.noperands == 0)
		gsp_notice_resume(t->home);
	for (size_t i = 0; i < t->cli.noperands; i++) {
		const char *id = t->cli.operands[i];

		if (strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(id) || *id == '\0' ||
		    strlen(id) >= GSP_NOTIFY_ID)
			return gsp_err_set(err, GSP_EUSAGE, "'%.64s' is no target's id; 'gsp notify --test "
			    "--json' names them", id);
		if (gsp_notice_run(t->home, id, err) == -1)
			return -1;
	}
	return 0;
}

/* ---- by hand ---- */

static int
give(struct tool *t, struct gsp_err *err)
{
	const char *server = t->cli.operands[0], *text = t->cli.operands[2];
	struct gsp_server_conf *conf = NULL;
	struct gsp_session *s = NULL;
	enum gsp_notice_event event;

	if (gsp_notice_event(&event, t->cli.operands[1]) == -1)
		return gsp_err_set(err, GSP_EUSAGE, "no event '%.64s'; there are up, ready, idle, lease, "
		    "stopping, saved, failed, unknown, budget, stray", t->cli.operands[1]);
	if (*text == '\0')
		return gsp_err_set(err, GSP_EUSAGE, "the text is empty");
	if (gsp_server_conf_load(&conf, t->home, server, err) == -1 ||
	    gsp_session_load(&s, t->home, server, err) == -1) {
		gsp_server_conf_free(conf);
		return -1;
	}
	if (gsp_notice_told(t->home, server, event))
		gsp_notice(t->home, server, s != NULL ? s->id : NULL, event, text);
	else
		gsp_cli_warn("nobody is told: no target in notify: is for '%s'", gsp_notice_name(event));
	gsp_session_free(s);
	gsp_server_conf_free(conf);
	return 0;
}

static int
run(struct tool *t, const struct notify *n, struct gsp_err *err)
{
	if (n->test && n->send)
		return gsp_err_set(err, GSP_EUSAGE, "--test or --send, not both");
	if (n->test && t->cli.noperands > 1)
		return gsp_err_set(err, GSP_EUSAGE, "--test takes one server at most");
	if (!n->test && !n->send && t->cli.noperands != 3)
		return gsp_err_set(err, GSP_EUSAGE, "--test, --send, or SERVER EVENT TEXT is wanted");
	if (tool_open(t, err) == -1)
		return -1;
	if (n->test)
		return test(t, t->cli.noperands == 1 ? t->cli.operands[0] : NULL, err);
	return n->send ? send(t, err) : give(t, err);
}

int
main(int argc, char **argv)
{
	struct notify n = {false, false};
	const struct gsp_opt opts[] = {
	    {"test", 0, GSP_OPT_FLAG, &n.test, NULL, "send a line to each target now, and tell which work"},
	    {"send", 0, GSP_OPT_FLAG, &n.send, NULL, "send what waits"},
	    {NULL, 0, GSP_OPT_FLAG, NULL, NULL, NULL}};
	struct tool t = {.cli = {.tool = "gsp-notify",
	                     .synopsis = "--test [SERVER] | --send [TARGET...] | SERVER EVENT TEXT",
	                     .summary = "tell people what happens: notify: in gsp.yaml and server.yaml",
	                     .opts = opts,
	                     .min_operands = 0,
	                     .max_operands = GSP_CLI_OPERANDS_ANY},
	    .what = "notify"};
	struct gsp_err err = GSP_ERR_INIT;
	int rc = gsp_cli_parse(&t.cli, argc, argv, &err);

	if (rc == 0)
		rc = run(&t, &n, &err);
	tool_close(&t);
	return gsp_cli_exit(rc < 0 ? -1 : 0, &err);
}
