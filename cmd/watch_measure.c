#include "watch_measure.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"
#include "fmt/json.h"
#include "gsp/players.h"
#include "gsp/run.h"
#include "sys/sig.h"
#include "watch_kids.h"

#include "base/banned.h"

#define LINK_MS    10000 /* a machine that is there answers in less */
#define PLAYERS_MS 20000

/* ---- the child ---- */

static int
print_line(struct gsp_json *v, struct gsp_err *err)
{
	struct gsp_buf line = GSP_BUF_INIT(8192);
	int rc = 0;

	gsp_json_print(&line, v);
	gsp_buf_addc(&line, '\n');
	gsp_json_free(v);
	if (fwrite(gsp_buf_str(&line), 1, line.len, stdout) != line.len || fflush(stdout) == EOF)
		rc = gsp_err_set(err, GSP_EIO, "cannot write to stdout");
	gsp_buf_release(&line);
	return rc;
}

static int
print_why(const char *key, const struct gsp_err *why, struct gsp_err *err)
{
	struct gsp_json *v = gsp_json_new_obj();

	gsp_json_add_bool(v, key, false);
	gsp_json_add_str(v, "why", why->msg);
	return print_line(v, err);
}

/* Does it answer, is it ours, does anything of the game run? */
static int
ask_machine(struct gsp_job *job, struct gsp_err *err)
{
	struct gsp_buf out = GSP_BUF_INIT(1024 * 1024);
	struct gsp_argv op = GSP_ARGV_INIT;
	struct gsp_hello hello;
	struct gsp_json *v;
	int status = 1, rc = -1;

	gsp_argv_push(&op, "alive");
	if (gsp_remote_open(&job->remote, job->home, job->session, gsp_now_ms() + LINK_MS, err) == -1 ||
	    gsp_remote_hello(job->remote, "", &hello, err) == -1 ||
	    gsp_remote_ask(job->remote, &op, NULL, 0, &out, &status, err) == -1)
		goto out;
	v = gsp_json_new_obj();
	gsp_json_add_bool(v, "answered", true);
	gsp_json_add_bool(v, "theirs", hello.has_marker && strcmp(hello.marker.home, job->home->id) != 0);
	gsp_json_add_bool(v, "dirty", hello.has_marker && hello.marker.state == GSP_MARK_DIRTY);
	gsp_json_add_bool(v, "stopping", hello.has_marker && hello.marker.state >= GSP_MARK_STOPPING);
	gsp_json_add_bool(v, "stopped", hello.has_marker && hello.marker.stopped);
	gsp_json_add_bool(v, "rebooted", hello.has_marker && strcmp(hello.marker.boot_id, hello.boot_id) != 0);
	gsp_json_add_bool(v, "alive", status == 0);
	rc = print_line(v, err);
out:
	gsp_argv_release(&op);
	gsp_buf_release(&out);
	return rc;
}

static int
ask_players(struct gsp_job *job, struct gsp_err *err)
{
	struct gsp_query q = GSP_QUERY_INIT;
	struct gsp_err why = GSP_ERR_INIT;
	int rc;

	if (gsp_players_ask(&q, job, PLAYERS_MS, &why) == 0) {
		struct gsp_json *v = gsp_json_new_obj();

		gsp_json_add_bool(v, "counted", true);
		gsp_json_add_u64(v, "players", q.players);
		rc = print_line(v, err);
	} else if (why.code == GSP_ECANCEL) {
		*err = why;
		rc = -1;
	} else
		rc = print_why("counted", &why, err);
	gsp_query_release(&q);
	return rc;
}

static int
ask_health(struct gsp_job *job, struct gsp_err *err)
{
	const struct gsp_run_opts o = {.script = "health"};
	struct gsp_err why = GSP_ERR_INIT;

	if (!gsp_run_has(job, "health"))
		return 0;
	if (gsp_run(job, &o, &why) == 0) {
		struct gsp_json *v = gsp_json_new_obj();

		gsp_json_add_bool(v, "healthy", true);
		return print_line(v, err);
	}
	if (why.code == GSP_ECANCEL) {
		*err = why;
		return -1;
	}
	/* 1 says no; anything else cannot tell */
	return why.code == GSP_ESCRIPT && why.detail == 1 ? print_why("healthy", &why, err) : 0;
}

int
watch_measure_child(struct tool *t, const char *server, struct gsp_err *err)
{
	struct gsp_err why = GSP_ERR_INIT;
	struct gsp_job *job = NULL;
	int rc = -1;

	if (gsp_job_open(&job, t->home, server, t->cli.actor, NULL, "watch", GSP_JOB_LOOK, err) == -1)
		return -1;
	if (gsp_job_need_live(job, err) == -1)
		goto out;
	if (ask_machine(job, &why) == -1) {
		rc = print_why("answered", &why, err);
		goto out;
	}
	rc = job->session->phase != GSP_PHASE_RUNNING
	    ? 0
	    : ask_players(job, err) == -1 || ask_health(job, err) == -1 ? -1 : 0;
out:
	gsp_job_close(job);
	return rc;
}

/* ---- who waits for it ---- */

static void
take(struct watch_measured *m, const struct gsp_json *v)
{
	const char *why = gsp_json_str(v, "why", "");
	uint64_t players = gsp_json_u64(v, "players", UINT64_MAX);

	if (gsp_json_bool(v, "answered", false)) {
		m->answered = true;
		m->theirs = gsp_json_bool(v, "theirs", false);
		m->dirty = gsp_json_bool(v, "dirty", false);
		m->alive = gsp_json_bool(v, "alive", false);
		m->stopping = gsp_json_bool(v, "stopping", false);
		m->stopped = gsp_json_bool(v, "stopped", false);
		m->rebooted = gsp_json_bool(v, "rebooted", false);
	}
	if (gsp_json_bool(v, "counted", false) && players <= UINT32_MAX) {
		m->counted = true;
		m->players = (uint32_t)players;
		m->why[0] = '\0';
	}
	if (gsp_json_get(v, "healthy") != NULL)
		m->health = gsp_json_bool(v, "healthy", false);
	if (why[0] != '\0')
		snprintf(m->why, sizeof(m->why), "%.199s", why);
}

static void
take_lines(struct watch_measured *m, struct gsp_buf *out)
{
	char *line = out->data, *nl;

	while (out->len > 0 && (nl = strchr(line, '\n')) != NULL) {
		struct gsp_err ignored = GSP_ERR_INIT;
		struct gsp_json *v = NULL;

		if (gsp_json_parse(&v, line, (size_t)(nl - line), &ignored) == 0)
			take(m, v);
		gsp_json_free(v);
		line = nl + 1;
	}
}

int
watch_measure(struct watch_measured *out, struct tool *t, const char *server, int64_t limit_s,
    struct gsp_err *err)
{
	static const char *const env[] = {"LINODE_TOKEN=", NULL}; /* it asks the machine alone */
	struct gsp_argv argv = GSP_ARGV_INIT;
	struct gsp_err why = GSP_ERR_INIT;
	char span[48];
	struct kid k;
	int rc = 0;

	memset(out, 0, sizeof(*out));
	out->health = -1;
	rc = tool_argv(&argv, t->home, "gsp-watch", t->cli.actor, &why);
	gsp_argv_push(&argv, "--measure");
	gsp_argv_push(&argv, server);
	if (rc == -1 || kid_start(&k, &argv, env, limit_s, &why) == -1) {
		snprintf(out->why, sizeof(out->why), "%.199s", why.msg);
		gsp_argv_release(&argv);
		return 0;
	}
	while (kids_wait(&k, 1))
		;
	take_lines(out, &k.out);
	if (out->why[0] == '\0' && !out->counted && k.late)
		snprintf(out->why, sizeof(out->why), "asking it took longer than %s",
		    gsp_num_span(span, sizeof(span), limit_s));
	else if (out->why[0] == '\0' && !out->counted && k.status != 0)
		snprintf(out->why, sizeof(out->why), "asking it failed with status %d", k.status);
	kid_release(&k);
	gsp_argv_release(&argv);
	return gsp_sig_check(err);
}
