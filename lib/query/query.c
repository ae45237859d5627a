#include "query/query.h"

#include <string.h>

#include "query/a2s.h"
#include "query/bedrock.h"
#include "query/minecraft.h"
#include "query/sock.h"

#include "base/banned.h"

static const struct proto {
	const char *name;
	uint16_t port; /* where such a server usually is */
	bool udp;
	gsp_qsock_fn *ask; /* its ctx is the struct gsp_query */
} protos[] = {{"minecraft", 25565, false, gsp_minecraft_ask},
    {"bedrock", 19132, true, gsp_bedrock_ask}, {"a2s", 27015, true, gsp_a2s_ask}};

#define NPROTOS (sizeof(protos) / sizeof(protos[0]))

static const struct proto *
find(const char *name)
{
	for (size_t i = 0; i < NPROTOS; i++)
		if (strcmp(protos[i].name, name) == 0)
			return &protos[i];
	return NULL;
}

uint16_t
gsp_query_port(const char *proto)
{
	const struct proto *p = find(proto);

	return p == NULL ? 0 : p->port;
}

bool
gsp_query_udp(const char *proto)
{
	const struct proto *p = find(proto);

	return p != NULL && p->udp;
}

int
gsp_query_set_players(struct gsp_query *q, uint64_t n, struct gsp_err *err)
{
	if (n > GSP_QUERY_PLAYERS_MAX)
		return gsp_err_set(err, GSP_EPROTO, "it says that more than %d play; nobody believes that",
		    GSP_QUERY_PLAYERS_MAX);
	q->players = (uint32_t)n;
	return 0;
}

int
gsp_query_ask(struct gsp_query *out, const char *proto, const char *host, uint16_t port,
    int64_t deadline_ms, struct gsp_err *err)
{
	const struct proto *p = find(proto);

	if (p == NULL)
		return gsp_err_set(err, GSP_EUSAGE, "no such protocol: '%.64s'", proto);
	if (gsp_qsock_each(host, port, p->udp, deadline_ms, p->ask, out, err) == 0)
		return 0;
	if (err->code == GSP_EPROTO || err->code == GSP_ELIMIT)
		gsp_err_wrap(err, "'%s' port %u/%s", host, port, p->udp ? "udp" : "tcp");
	return -1;
}

void
gsp_query_release(struct gsp_query *q)
{
	gsp_argv_release(&q->names);
}
