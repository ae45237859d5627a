#include "query/query.h"

#include <string.h>

#include "base/banned.h"

static const struct {
	const char *name;
	uint16_t port;
} protos[] = {{"minecraft", 25565}, {"bedrock", 19132}, {"a2s", 27015}, {"minetest", 30000}};

#define NPROTOS (sizeof(protos) / sizeof(protos[0]))

uint16_t
gsp_query_port(const char *proto)
{
	for (size_t i = 0; i < NPROTOS; i++)
		if (strcmp(protos[i].name, proto) == 0)
			return protos[i].port;
	return 0;
}

const char *const *
gsp_query_protos(void)
{
	static const char *names[NPROTOS + 1];

	for (size_t i = 0; i < NPROTOS; i++)
		names[i] = protos[i].name;
	return names;
}

int
gsp_query_ask(struct gsp_query *out, const char *proto, const char *host, uint16_t port,
    int64_t deadline_ms, struct gsp_err *err)
{
	(void)out;
	(void)host;
	(void)port;
	(void)deadline_ms;
	return gsp_err_set(err, GSP_EUSAGE, "no such protocol: '%.64s'", proto);
}

void
gsp_query_release(struct gsp_query *q)
{
	gsp_argv_release(&q->names);
}
