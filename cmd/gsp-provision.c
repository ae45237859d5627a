/* gsp-provision: create a server's machine, or adopt the one a lost answer left. */
#include "gsp/dns.h"
#include "gsp/provision.h"
#include "tool.h"

#include "base/banned.h"

/* The name leads to it before anybody hears that it is ready; without it the address does. */
static int
point_name(struct gsp_job *job, struct gsp_err *err)
{
	if (gsp_dns_point(job, err) == 0)
		return 0;
	if (err->code == GSP_ECANCEL)
		return -1;
	gsp_steps_warn(job->steps, job->server, "%s; the address works all the same, and 'gsp up %s' "
	    "tries the name again", err->msg, job->server);
	gsp_err_clear(err);
	return 0;
}

static int
provision(struct tool *t, struct gsp_job *job, void *ctx, struct gsp_err *err)
{
	(void)t;
	(void)ctx;
	return gsp_provision(job, err) == -1 ? -1 : point_name(job, err);
}

int
main(int argc, char **argv)
{
	static const struct gsp_opt opts[] = {{NULL, 0, GSP_OPT_FLAG, NULL, NULL, NULL}};
	struct tool t = {.cli = {.tool = "gsp-provision",
	                     .synopsis = "SERVER...",
	                     .summary = "create a server's machine and wait until it answers",
	                     .opts = opts,
	                     .min_operands = 1,
	                     .max_operands = GSP_CLI_OPERANDS_ANY},
	    .what = "provision"};

	return tool_main(&t, argc, argv, TOOL_LOCK | TOOL_PRINT | TOOL_STEPS,
	    provision, NULL);
}
