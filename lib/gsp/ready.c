#include "gsp/ready.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "gsp/players.h"
#include "gsp/record.h"
#include "gsp/run.h"
#include "gsp/script.h"
#include "sys/sig.h"

#include "base/banned.h"

#define HEALTH_S     60   /* of one `health` */
#define QUERY_MS     5000 /* of one question */
#define PAUSE_MIN_MS 250
#define PAUSE_MAX_MS 2000

/* One question to the game: 1 it answers, 0 not yet, with what it said in ${err}; -1. ${how} becomes
 * what answered. */
typedef int ask_fn(struct gsp_job *job, struct gsp_buf *how, struct gsp_err *err);

static int
ask_health(struct gsp_job *job, struct gsp_buf *how, struct gsp_err *err)
{
	const struct gsp_script s = {.name = "health", .timeout_s = HEALTH_S, .asks = true};
	struct gsp_script_end end;

	if (gsp_script_run(job, &s, &end, err) == -1)
		return err->code == GSP_ETEMP || err->code == GSP_EREFUSED ? 0 : -1;
	if (end.how == GSP_SCRIPT_EXIT && end.status == 0) {
		gsp_buf_adds(how, "the game is healthy");
		return 1;
	}
	if (end.how == GSP_SCRIPT_EXIT)
		gsp_err_set(err, GSP_ESCRIPT, "health: status %d", end.status);
	else
		gsp_err_set(err, GSP_ETEMP, "health: %s",
		    end.how == GSP_SCRIPT_TIMEOUT ? "did not end in time" : "was ended");
	return 0;
}

static int
ask_query(struct gsp_job *job, struct gsp_buf *how, struct gsp_err *err)
{
	struct gsp_query q = GSP_QUERY_INIT;
	int rc = gsp_players_ask(&q, job, QUERY_MS, err);

	if (rc == 0) {
		gsp_buf_addf(how, "the game answers: %" PRIu32, q.players);
		if (q.max >= 0)
			gsp_buf_addf(how, " of %" PRId64, q.max);
		gsp_buf_adds(how, q.max < 0 && q.players == 1 ? " player" : " players");
		if (q.version[0] != '\0')
			gsp_buf_addf(how, ", version %s", q.version);
	}
	gsp_query_release(&q);
	if (rc == 0)
		return 1;
	return err->code == GSP_ECANCEL || err->code == GSP_ECONFIG ? -1 : 0;
}

static int
ended_early(struct gsp_job *job, struct gsp_err *err)
{
	return gsp_err_set(err, GSP_EUNAVAIL, "the game of '%s' ended before it was ready",
	    job->server);
}

static int
too_late(struct gsp_job *job, const char *last, struct gsp_err *err)
{
	return gsp_err_set(err, GSP_ETEMP, "'%s' was not ready in time (%.300s; timeouts: ready in "
	    "server.yaml); it goes on starting, see 'gsp logs %s start'", job->server, last, job->server);
}

/* Ask until it says yes. */
static int
wait_asking(struct gsp_job *job, ask_fn *ask, struct gsp_buf *how, int64_t deadline,
    struct gsp_err *err)
{
	int64_t pause_ms = PAUSE_MIN_MS;
	char last[301];
	int rc, lives;

	for (;;) {
		gsp_buf_reset(how);
		if ((rc = ask(job, how, err)) != 0)
			return rc == 1 ? 0 : -1;
		snprintf(last, sizeof(last), "%.300s", err->msg);
		gsp_err_clear(err);
		if ((lives = gsp_run_alive(job, err)) == -1)
			return -1;
		if (!lives)
			return ended_early(job, err);
		if (gsp_now_ms() > deadline)
			return too_late(job, last, err);
		if (gsp_sleep_ms(pause_ms, err) == -1)
			return -1;
		pause_ms = pause_ms * 2 < PAUSE_MAX_MS ? pause_ms * 2 : PAUSE_MAX_MS;
	}
}

/* The machine looks itself: at its ports, and whether the game lives. */
static int
wait_ports(struct gsp_job *job, struct gsp_buf *how, struct gsp_err *err)
{
	const struct gsp_server_conf *c = job->session->conf;
	struct gsp_buf out = GSP_BUF_INIT(4096), ports = GSP_BUF_INIT(4096);
	struct gsp_argv op = GSP_ARGV_INIT;
	struct gsp_ssh_io io;
	int status, rc;

	gsp_run_ports(&ports, c);
	gsp_argv_push(&op, "wait-ready");
	gsp_argv_pushf(&op, "%" PRId64, c->timeouts.ready_s);
	gsp_argv_push(&op, ports.len > 0 ? gsp_buf_str(&ports) : "-");
	gsp_argv_push(&op, c->user);
	memset(&io, 0, sizeof(io));
	io.out = gsp_ssh_sink_buf;
	io.out_ctx = &out;
	io.deadline_ms = gsp_now_ms() + c->timeouts.ready_s * 1000 + 30000;
	rc = gsp_remote_call(job->remote, &op, &io, &status, err);
	if (rc == 0 && status == 1)
		rc = ended_early(job, err);
	else if (rc == 0 && status != 0)
		rc = gsp_err_set(err, GSP_ETEMP, "'%s' does not listen on its ports in time (%.*s); it "
		    "goes on starting, see 'gsp logs %s start'", job->server,
		    (int)strcspn(gsp_buf_str(&out), "\n"), gsp_buf_str(&out), job->server);
	else if (rc == 0)
		gsp_buf_addf(how, ports.len > 0 ? "the game listens on %s" : "the game runs%s",
		    gsp_buf_str(&ports));
	gsp_argv_release(&op);
	gsp_buf_release(&out);
	gsp_buf_release(&ports);
	return rc;
}

/* A question over the network that only a game of its kind can answer. */
static bool
has_protocol(const struct gsp_job *job)
{
	return gsp_query_port(gsp_players_how(job->home, job->session->conf)) != 0;
}

static int
wait_by_kind(struct gsp_job *job, struct gsp_buf *how, struct gsp_err *err)
{
	int64_t deadline = gsp_now_ms() + job->session->conf->timeouts.ready_s * 1000;

	if (gsp_run_has(job, "health"))
		return wait_asking(job, ask_health, how, deadline, err);
	if (has_protocol(job))
		return wait_asking(job, ask_query, how, deadline, err);
	return wait_ports(job, how, err);
}

int
gsp_ready_wait(struct gsp_job *job, struct gsp_err *err)
{
	struct gsp_buf how = GSP_BUF_INIT(8192), address = GSP_BUF_INIT(GSP_ADDRESS_MAX);
	int rc;

	if (gsp_job_need_session(job, err) == -1 || gsp_job_remote(job, err) == -1)
		return -1;
	gsp_steps_begin(job->steps, job->server, "ready", "waiting until the game answers");
	rc = wait_by_kind(job, &how, err);
	if (rc == -1)
		gsp_steps_fail(job->steps, job->server, "ready", "%s", err->msg);
	else {
		gsp_record_address(&address, job->session);
		gsp_steps_done(job->steps, job->server, "ready", "%s%s%s", gsp_buf_str(&how),
		    address.len > 0 ? ", at " : "", gsp_buf_str(&address));
		job->session->ready = true;
		rc = gsp_session_save(job->session, job->home, err);
	}
	gsp_buf_release(&how);
	gsp_buf_release(&address);
	return rc;
}
