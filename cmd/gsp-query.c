/* gsp-query: how many play, on any game server that answers a protocol, or on one of the home. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"
#include "cli/exitcode.h"
#include "fmt/json.h"
#include "fmt/out.h"
#include "gsp/players.h"
#include "tool.h"

#include "base/banned.h"

#define TIMEOUT_S     10
#define TIMEOUT_MAX_S 600

struct asked {
	int64_t timeout_s;
	const char *how;    /* NULL: as the server's settings say */
	const char *server; /* one of the home, or NULL */
	char host[256];
	uint16_t port;
};

/* ---- what came of it ---- */

static void
names_text(struct gsp_buf *b, const struct gsp_query *q)
{
	for (size_t i = 0; i < q->names.n; i++)
		gsp_buf_addf(b, "%s%s", i > 0 ? ", " : "", q->names.v[i]);
	if (q->names.n > 0 && q->names.n < q->players)
		gsp_buf_adds(b, ", ...");
}

static void
add_text(struct gsp_json *o, const char *key, const char *text)
{
	if (text[0] != '\0')
		gsp_json_add_str(o, key, text);
	else
		gsp_json_add_null(o, key);
}

static int
print_json(const struct asked *a, const char *address, const struct gsp_query *q,
    struct gsp_err *err)
{
	struct gsp_buf line = GSP_BUF_INIT(1024 * 1024);
	struct gsp_json *o = gsp_json_new_obj(), *names;
	int rc = 0;

	gsp_json_add_str(o, "schema", "gsp.query/1");
	add_text(o, "server", a->server != NULL ? a->server : "");
	gsp_json_add_str(o, "how", a->how);
	add_text(o, "address", address);
	gsp_json_add_u64(o, "players", q->players);
	if (q->max >= 0)
		gsp_json_add_u64(o, "max", (uint64_t)q->max);
	else
		gsp_json_add_null(o, "max");
	names = gsp_json_add_arr(o, "names");
	for (size_t i = 0; i < q->names.n; i++)
		gsp_json_add_str(names, NULL, q->names.v[i]);
	add_text(o, "version", q->version);
	add_text(o, "title", q->title);
	gsp_json_add_u64(o, "latency_ms", q->latency_ms < 0 ? 0 : (uint64_t)q->latency_ms);
	gsp_json_print(&line, o);
	gsp_buf_addc(&line, '\n');
	if (!gsp_buf_ok(&line))
		rc = gsp_err_set(err, GSP_EBUG, "the answer does not fit a line");
	else
		fputs(gsp_buf_str(&line), stdout);
	gsp_json_free(o);
	gsp_buf_release(&line);
	return rc;
}

static int
print_table(const struct asked *a, const char *address, const struct gsp_query *q,
    struct gsp_err *err)
{
	struct gsp_out *o = gsp_out_new(stdout, GSP_OUT_TABLE, NULL);
	struct gsp_buf names = GSP_BUF_INIT(65536);
	char text[32];

	names_text(&names, q);
	gsp_out_str(o, "server", a->server != NULL ? a->server : address);
	gsp_out_str(o, "how", a->how);
	gsp_out_u64(o, "players", q->players);
	snprintf(text, sizeof(text), "%" PRId64, q->max);
	gsp_out_str(o, "max", q->max >= 0 ? text : NULL);
	snprintf(text, sizeof(text), "%" PRId64 " ms", q->latency_ms);
	gsp_out_str(o, "latency", q->latency_ms >= 0 ? text : NULL);
	gsp_out_str(o, "version", q->version[0] != '\0' ? q->version : NULL);
	gsp_out_str(o, "title", q->title[0] != '\0' ? q->title : NULL);
	gsp_out_str(o, "names", names.len > 0 ? gsp_buf_str(&names) : NULL);
	gsp_out_end(o);
	gsp_buf_release(&names);
	return gsp_out_free(o, err);
}

static int
print_it(const struct asked *a, bool json, const char *host, uint16_t port,
    const struct gsp_query *q, struct gsp_err *err)
{
	char address[300] = "";

	if (port != 0)
		snprintf(address, sizeof(address), strchr(host, ':') != NULL ? "[%s]:%u" : "%s:%u", host,
		    port);
	return json ? print_json(a, address, q, err) : print_table(a, address, q, err);
}

/* ---- whom is asked ---- */

/* HOST, HOST:PORT, ADDRESS6, [ADDRESS6], [ADDRESS6]:PORT. */
static int
read_address(struct asked *a, const char *text, struct gsp_err *err)
{
	const char *end = NULL, *host = text;
	unsigned char in6[16];
	uint64_t port = a->port;
	size_t len;

	if (text[0] == '[') {
		host++;
		end = strchr(text, ']');
		if (end == NULL || (end[1] != '\0' && end[1] != ':'))
			return gsp_err_set(err, GSP_EUSAGE, "'%.64s': an IPv6 address with a port is "
			    "written [2001:db8::1]:25565", text);
		len = (size_t)(end - host);
		end = end[1] == ':' ? end + 1 : NULL;
	} else {
		if (inet_pton(AF_INET6, text, in6) != 1)
			end = strrchr(text, ':');
		len = end != NULL ? (size_t)(end - text) : strlen(text);
	}
	if (len == 0 || len >= sizeof(a->host))
		return gsp_err_set(err, GSP_EUSAGE, "'%.64s' has no host", text);
	if (end != NULL && gsp_num_u64(&port, end + 1, 1, 65535) == -1)
		return gsp_err_set(err, GSP_EUSAGE, "'%.64s': '%.16s' is no port from 1 to 65535", text,
		    end + 1);
	snprintf(a->host, sizeof(a->host), "%.*s", (int)len, host);
	if (text[0] == '[' && inet_pton(AF_INET6, a->host, in6) != 1)
		return gsp_err_set(err, GSP_EUSAGE, "'%.64s' is no IPv6 address", a->host);
	a->port = (uint16_t)port;
	return 0;
}

static int
bad_proto(const char *word, struct gsp_err *err)
{
	if (strcmp(word, "minetest") == 0 || strcmp(word, "luanti") == 0)
		return gsp_err_set(err, GSP_EUSAGE, "Minetest tells a stranger not how many play; its script "
		    "'players' does: gsp query script SERVER");
	return gsp_err_set(err, GSP_EUSAGE, "'%.32s' is not one of minecraft, bedrock, a2s, script, tcp",
	    word);
}

static int
read_operands(struct asked *a, const struct gsp_cli *c, struct gsp_err *err)
{
	const char *first = c->operands[0];

	if (c->noperands == 1) {
		a->server = first;
		if (strchr(first, ':') != NULL || strchr(first, '.') != NULL)
			return gsp_err_set(err, GSP_EUSAGE, "'%.64s' is no server of this home; a host is asked "
			    "with its protocol before it: gsp query minecraft %.64s", first, first);
		return 0;
	}
	a->how = first;
	if (strcmp(first, "script") == 0 || strcmp(first, "tcp") == 0) {
		a->server = c->operands[1];
		return 0;
	}
	if ((a->port = gsp_query_port(first)) == 0)
		return bad_proto(first, err);
	return read_address(a, c->operands[1], err);
}

static int
ask_server(struct tool *t, struct gsp_job *job, void *ctx, struct gsp_err *err)
{
	struct asked *a = ctx;
	struct gsp_query q = GSP_QUERY_INIT;
	const char *host = "";
	uint16_t port = 0;
	int rc = -1;

	if (job->session == NULL || job->session->ipv4[0] == '\0')
		return gsp_err_set(err, GSP_ENO, "'%s' has no machine, so nobody plays on it", job->server);
	if (a->how == NULL)
		a->how = gsp_players_how(t->home, job->session->conf);
	if (gsp_query_port(a->how) != 0) {
		host = job->session->ipv4;
		port = gsp_players_port(job->session->conf, a->how);
	}
	if (gsp_players_ask_by(&q, job, a->how, a->timeout_s * 1000, err) == 0)
		rc = print_it(a, t->cli.json, host, port, &q, err);
	gsp_query_release(&q);
	return rc;
}

/* Whatever the reason is: nobody has counted. */
static int
cannot_tell(struct gsp_err *err)
{
	if (err->code == GSP_EUSAGE || err->code == GSP_ECANCEL)
		return -1;
	err->code = GSP_ETEMP;
	return gsp_err_wrap(err, "cannot tell how many play");
}

static int
ask_host(struct tool *t, struct asked *a, struct gsp_err *err)
{
	struct gsp_query q = GSP_QUERY_INIT;
	int rc;

	if (gsp_query_ask(&q, a->how, a->host, a->port, gsp_now_ms() + a->timeout_s * 1000, err) == 0)
		rc = print_it(a, t->cli.json, a->host, a->port, &q, err);
	else
		rc = cannot_tell(err);
	gsp_query_release(&q);
	return rc;
}

static int
run(struct tool *t, struct asked *a, struct gsp_err *err)
{
	char *name;

	if (a->timeout_s > TIMEOUT_MAX_S)
		return gsp_err_set(err, GSP_EUSAGE, "--timeout is at most 10m");
	if (read_operands(a, &t->cli, err) == -1)
		return -1;
	if (a->server == NULL)
		return ask_host(t, a, err);
	name = t->cli.operands[t->cli.noperands - 1];
	if (tool_open(t, err) == -1 || tool_each(t, &name, 1, 0, ask_server, a, err) == -1) {
		if (err->code == GSP_EUNAVAIL && a->how == NULL && gsp_query_port(a->server) != 0)
			gsp_err_hint(err, "or which host? gsp query %s HOST", a->server);
		return -1;
	}
	return 0;
}

int
main(int argc, char **argv)
{
	struct asked a = {.timeout_s = TIMEOUT_S};
	const struct gsp_opt opts[] = {
	    {"timeout", 0, GSP_OPT_DURATION, &a.timeout_s, "TIME", "how long to ask (10s)"},
	    {NULL, 0, GSP_OPT_FLAG, NULL, NULL, NULL}};
	struct tool t = {.cli = {.tool = "gsp-query",
	                     .synopsis = "SERVER | script|tcp SERVER | PROTO HOST[:PORT]",
	                     .summary = "ask a game server how many play",
	                     .notes = "SERVER is one of the home, asked as its 'query:' says, or by its "
	                              "script 'players',\nor by counting connections. PROTO is minecraft, "
	                              "bedrock or a2s; it needs no home.\n",
	                     .opts = opts,
	                     .min_operands = 1,
	                     .max_operands = 2},
	    .what = "query"};
	struct gsp_err err = GSP_ERR_INIT;
	int rc = gsp_cli_parse(&t.cli, argc, argv, &err);

	if (rc == 0)
		rc = run(&t, &a, &err);
	tool_close(&t);
	return gsp_cli_exit(rc < 0 ? -1 : 0, &err);
}
