#include "gsp/stray_firewall.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "linode/firewall.h"
#include "linode/instance.h"

#include "base/banned.h"

#define STEP "teardown"

static const char *
tag_of(const struct gsp_firewall *fw, const char *prefix)
{
	for (size_t i = 0; i < fw->ntags; i++)
		if (strncasecmp(fw->tags[i], prefix, strlen(prefix)) == 0)
			return fw->tags[i] + strlen(prefix);
	return NULL;
}

static bool
is_gsps(const struct gsp_firewall *fw)
{
	for (size_t i = 0; i < fw->ntags; i++)
		if (strcasecmp(fw->tags[i], "gsp") == 0)
			return true;
	return false;
}

/* The server it was made for: its tag, or its label. */
static const char *
server_of(const struct gsp_firewall *fw)
{
	const char *server = tag_of(fw, "gsp-server:");

	if (server != NULL && gsp_server_name_ok(server))
		return server;
	return strncmp(fw->label, "gsp-", 4) == 0 ? fw->label + 4 : fw->label;
}

static int
check_whose(const struct gsp_job *job, const struct gsp_firewall *fw,
    const struct gsp_stray_opts *o, struct gsp_err *err)
{
	const char *home = tag_of(fw, "gsp-home:");

	if (!is_gsps(fw))
		return gsp_err_set(err, GSP_EREFUSED, "firewall '%s' (id %" PRIu64 ") does not carry the tag "
		    "'gsp': gsp did not make it and never touches it", fw->label, fw->id);
	if (o->take_over || (home != NULL && strcasecmp(home, job->home->id) == 0))
		return 0;
	if (home == NULL)
		return gsp_err_set(err, GSP_EREFUSED, "firewall '%s' (id %" PRIu64 ") does not say which home "
		    "made it; give --take-over too if nobody needs it", fw->label, fw->id);
	return gsp_err_set(err, GSP_EREFUSED, "firewall '%s' (id %" PRIu64 ") is of home '%s'; nothing was "
	    "deleted: give --take-over too if that home does not need it", fw->label, fw->id, home);
}

static int
check_unused(struct gsp_job *job, const struct gsp_firewall *fw, struct gsp_err *err)
{
	const char *home = tag_of(fw, "gsp-home:");
	struct gsp_instance it;

	if (fw->ndevices > 0)
		return gsp_err_set(err, GSP_EREFUSED, "firewall '%s' (id %" PRIu64 ") protects %zu machine%s; "
		    "nothing was deleted", fw->label, fw->id, fw->ndevices, fw->ndevices == 1 ? "" : "s");
	if (job->session != NULL && home != NULL && strcasecmp(home, job->home->id) == 0)
		return gsp_err_set(err, GSP_EREFUSED, "firewall '%s' (id %" PRIu64 ") is no stray: the session "
		    "of '%s' needs it; 'gsp down %s' deletes both", fw->label, fw->id, job->server,
		    job->server);
	if (gsp_instance_find(job->api, fw->label, &it, err) == 0)
		return gsp_err_set(err, GSP_EREFUSED, "there is a machine '%s' (id %" PRIu64 "), which "
		    "firewall %" PRIu64 " was made for; nothing was deleted", it.label, it.id, fw->id);
	if (err->code != GSP_ENOTFOUND)
		return -1;
	gsp_err_clear(err);
	return 0;
}

int
gsp_stray_firewall(struct gsp_job **job, uint64_t id, const struct gsp_stray_opts *o,
    struct gsp_err *err)
{
	struct gsp_firewall fw;
	char server[64];

	if (gsp_firewall_get((*job)->api, id, &fw, err) == -1)
		return -1;
	snprintf(server, sizeof(server), "%s", server_of(&fw));
	if (gsp_stray_job(job, (*job)->home, server, o, err) == -1)
		return -1;
	gsp_steps_begin((*job)->steps, (*job)->server, STEP, "firewall %" PRIu64, id);
	/* what was looked up before the lock was ours may be old */
	if (gsp_firewall_get((*job)->api, id, &fw, err) == -1 || check_whose(*job, &fw, o, err) == -1 ||
	    check_unused(*job, &fw, err) == -1 || gsp_firewall_delete((*job)->api, id, err) == -1)
		return -1;
	gsp_steps_done((*job)->steps, (*job)->server, STEP, "firewall '%s' (id %" PRIu64 ") is deleted; it "
	    "cost nothing", fw.label, id);
	return 0;
}
