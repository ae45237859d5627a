#include "gsp/dns.h"

#include "base/banned.h"

int
gsp_dns_point(struct gsp_job *job, struct gsp_err *err)
{
	(void)job;
	(void)err;
	return 0;
}

int
gsp_dns_clear(struct gsp_job *job, struct gsp_err *err)
{
	(void)job;
	(void)err;
	return 0;
}

const char *
gsp_dns_name(const struct gsp_server_conf *conf, char *out, size_t size)
{
	(void)conf;
	if (size > 0)
		out[0] = '\0';
	return out;
}
