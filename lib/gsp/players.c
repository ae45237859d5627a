#include "gsp/players.h"

#include "base/banned.h"

const char *
gsp_players_how(const struct gsp_home *h, const struct gsp_server_conf *conf)
{
	(void)h;
	return conf->stop.query[0] != '\0' ? conf->stop.query : "none";
}

int
gsp_players_ask(struct gsp_query *out, struct gsp_job *job, int64_t timeout_ms,
    struct gsp_err *err)
{
	(void)out;
	(void)timeout_ms;
	return gsp_err_set(err, GSP_ETEMP, "nobody can tell how many play on '%s'", job->server);
}
