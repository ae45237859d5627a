#include "gsp/players.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"
#include "gsp/run.h"
#include "gsp/script.h"
#include "query/text.h"
#include "sys/sig.h"

#include "base/banned.h"

#define AGAIN_MS 200
#define SAID_MAX 160 /* bytes of what a script or a machine said, in a message */

/* ---- which way ---- */

static bool
only_tcp(const struct gsp_server_conf *c)
{
	for (size_t i = 0; i < c->nports; i++)
		if (c->ports[i].udp)
			return false;
	return c->nports > 0;
}

const char *
gsp_players_how(const struct gsp_home *h, const struct gsp_server_conf *conf)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_err why_not = GSP_ERR_INIT;
	bool script;

	if (conf->stop.query[0] != '\0')
		return conf->stop.query;
	gsp_home_server_path(h, &path, conf->name, "players");
	script = gsp_script_check(gsp_buf_str(&path), &why_not) == 0;
	gsp_buf_release(&path);
	return script ? "script" : only_tcp(conf) ? "tcp" : "none";
}

uint16_t
gsp_players_port(const struct gsp_server_conf *conf, const char *proto)
{
	if (conf->stop.query_port != 0 && strcmp(conf->stop.query, proto) == 0)
		return conf->stop.query_port;
	for (size_t i = 0; i < conf->nports; i++)
		if (conf->ports[i].udp == gsp_query_udp(proto))
			return conf->ports[i].first;
	return gsp_query_port(proto);
}

/* ---- the script ---- */

struct printed {
	char text[64];
	size_t len; /* all of it, also what did not fit */
};

static void
keep_printed(void *ctx, const char *data, size_t len)
{
	struct printed *p = ctx;
	size_t room = p->len < sizeof(p->text) - 1 ? sizeof(p->text) - 1 - p->len : 0;

	memcpy(p->text + (room > 0 ? p->len : 0), data, len < room ? len : room);
	p->len += len;
}

int
gsp_players_number(uint32_t *out, const char *text, struct gsp_err *err)
{
	char word[SAID_MAX];
	uint64_t n;

	gsp_query_text(word, sizeof(word), text, strlen(text));
	if (gsp_num_u64(&n, word, 0, GSP_QUERY_PLAYERS_MAX) == -1)
		return gsp_err_set(err, GSP_EPROTO, "it printed '%.40s', not one whole number", word);
	*out = (uint32_t)n;
	return 0;
}

static int
judge(struct gsp_query *out, const struct gsp_script_end *end, struct printed *p,
    struct gsp_err *err)
{
	const char *tail = end->tail;
	char said[SAID_MAX];
	size_t len = strlen(tail);

	gsp_query_text(said, sizeof(said), len > 150 ? tail + len - 150 : tail, len > 150 ? 150 : len);
	switch (end->how) {
	case GSP_SCRIPT_SIGNAL:
		return gsp_err_set(err, GSP_ETEMP, "it was ended by signal %s", end->signame);
	case GSP_SCRIPT_TIMEOUT: return gsp_err_set(err, GSP_ETEMP, "it did not end in time");
	case GSP_SCRIPT_LOST: return gsp_err_set(err, GSP_ETEMP, "it vanished without a status");
	case GSP_SCRIPT_EXIT: break;
	}
	if (end->status != 0)
		return gsp_err_set(err, GSP_ETEMP, "it ended with status %d%s%s", end->status,
		    said[0] != '\0' ? ": " : "", said);
	if (p->len >= sizeof(p->text))
		return gsp_err_set(err, GSP_ETEMP, "it printed %zu bytes, not one whole number (what goes "
		    "to stderr counts as well)", p->len);
	p->text[p->len] = '\0';
	if (strlen(p->text) != p->len)
		return gsp_err_set(err, GSP_ETEMP, "it printed bytes that are no text");
	return gsp_players_number(&out->players, p->text, err);
}

/* Somebody else, another watch maybe, may be running it: then it is our turn in a moment. */
static int
ask_script(struct gsp_query *out, struct gsp_job *job, int64_t timeout_ms, struct gsp_err *err)
{
	int64_t deadline, began;
	struct gsp_script s = {.name = "players", .asks = true};
	struct gsp_script_end end;
	struct printed p;

	if (gsp_job_remote(job, err) == -1)
		return -1;
	deadline = s.deadline_ms = gsp_now_ms() + timeout_ms;
	s.output = keep_printed;
	s.output_ctx = &p;
	for (;;) {
		began = gsp_now_ms();
		s.timeout_s = (deadline - began + 999) / 1000;
		memset(&p, 0, sizeof(p));
		if (gsp_script_run(job, &s, &end, err) == 0)
			break;
		if (err->code != GSP_ETEMP || job->remote == NULL ||
		    gsp_now_ms() + AGAIN_MS >= deadline)
			return -1;
		gsp_err_clear(err);
		if (gsp_sleep_ms(AGAIN_MS, err) == -1)
			return -1;
	}
	out->latency_ms = gsp_now_ms() - began;
	return judge(out, &end, &p, err) == -1 ? gsp_err_wrap(err, "script 'players'") : 0;
}

/* ---- the connections ---- */

static int
ask_tcp(struct gsp_query *out, struct gsp_job *job, int64_t timeout_ms, struct gsp_err *err)
{
	struct gsp_buf text = GSP_BUF_INIT(4096), ports = GSP_BUF_INIT(4096);
	struct gsp_argv op = GSP_ARGV_INIT;
	struct gsp_ssh_io io;
	char said[SAID_MAX];
	uint64_t n;
	int64_t began;
	int rc = -1;

	gsp_run_ports(&ports, job->session->conf);
	if (strstr(gsp_buf_str(&ports), "/tcp") == NULL) {
		gsp_err_set(err, GSP_ETEMP, "none of its ports is tcp, so nobody's connection can be counted");
		goto out;
	}
	if (gsp_job_remote(job, err) == -1)
		goto out;
	gsp_argv_push(&op, "connections");
	gsp_argv_push(&op, gsp_buf_str(&ports));
	began = gsp_now_ms();
	memset(&io, 0, sizeof(io));
	io.out = gsp_ssh_sink_buf;
	io.out_ctx = &text;
	io.deadline_ms = began + timeout_ms;
	if (gsp_remote_call(job->remote, &op, &io, NULL, err) == -1)
		goto out;
	gsp_query_text(said, sizeof(said), gsp_buf_str(&text), text.len);
	if (strncmp(said, "connections ", 12) != 0 ||
	    gsp_num_u64(&n, said + 12, 0, GSP_QUERY_PLAYERS_MAX) == -1) {
		gsp_err_set(err, GSP_EPROTO, "the machine answered '%s'", said);
		goto out;
	}
	out->players = (uint32_t)n;
	out->latency_ms = gsp_now_ms() - began;
	rc = 0;
out:
	gsp_argv_release(&op);
	gsp_buf_release(&text);
	gsp_buf_release(&ports);
	return rc;
}

/* ---- whichever ---- */

static int
ask(struct gsp_query *out, struct gsp_job *job, const char *how, int64_t timeout_ms,
    struct gsp_err *err)
{
	if (strcmp(how, "script") == 0)
		return ask_script(out, job, timeout_ms, err);
	if (strcmp(how, "tcp") == 0)
		return ask_tcp(out, job, timeout_ms, err);
	if (strcmp(how, "none") == 0)
		return gsp_err_set(err, GSP_ETEMP, "%s", job->session->conf->stop.query[0] != '\0'
		        ? "its server.yaml says 'query: none'"
		        : "it has no script 'players', and not all its ports are tcp; say how with 'query:' "
		          "in server.yaml (server.yaml(5))");
	return gsp_query_ask(out, how, job->session->ipv4, gsp_players_port(job->session->conf, how),
	    gsp_now_ms() + timeout_ms, err);
}

int
gsp_players_ask_by(struct gsp_query *out, struct gsp_job *job, const char *how,
    int64_t timeout_ms, struct gsp_err *err)
{
	*out = (struct gsp_query)GSP_QUERY_INIT;
	if (job->session == NULL || job->session->ipv4[0] == '\0')
		return gsp_err_set(err, GSP_ETEMP, "cannot tell how many play on '%s': it has no machine",
		    job->server);
	if (ask(out, job, how, timeout_ms, err) == 0)
		return 0;
	if (err->code == GSP_ECANCEL)
		return -1;
	/* whatever it was: nobody has counted */
	err->code = GSP_ETEMP;
	err->detail = 0;
	return gsp_err_wrap(err, "cannot tell how many play on '%s'", job->server);
}

int
gsp_players_ask(struct gsp_query *out, struct gsp_job *job, int64_t timeout_ms,
    struct gsp_err *err)
{
	const char *how = job->session == NULL ? "none"
	                                       : gsp_players_how(job->home, job->session->conf);

	return gsp_players_ask_by(out, job, how, timeout_ms, err);
}
