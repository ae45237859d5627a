#include "gsp/moved.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "gsp/dns.h"
#include "gsp/ledger.h"

#include "base/banned.h"

#define ASK_MS 5000 /* it is asked when something failed already: the answer is a nicety */

const char *
gsp_moved_home(const struct gsp_home *h, const struct gsp_instance *it)
{
	const char *home = gsp_instance_tag(it, "gsp-home:");

	return home != NULL && strcasecmp(home, h->id) != 0 ? home : NULL;
}

int
gsp_moved_refuse(struct gsp_job *job, const struct gsp_instance *it, struct gsp_err *err)
{
	const char *home = gsp_moved_home(job->home, it);

	if (home == NULL)
		return 0;
	return gsp_err_set(err, GSP_EREFUSED,
	    "the machine '%s' belongs to home '%s' now; 'gsp down %s' makes this home forget it and "
	    "deletes nothing, 'gsp status --take-over %s' takes it back", it->label, home, job->server,
	    job->server);
}

bool
gsp_moved_ask(struct gsp_job *job)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_instance it;
	int64_t former;
	int rc;

	if (job->session == NULL || job->session->linode_id == 0 ||
	    gsp_job_api(job, &ignored) == -1)
		return false;
	former = gsp_linode_set_deadline(job->api, gsp_now_ms() + ASK_MS);
	rc = gsp_instance_get(job->api, job->session->linode_id, &it, &ignored);
	gsp_linode_set_deadline(job->api, former);
	return rc == 0 && gsp_moved_home(job->home, &it) != NULL;
}

int
gsp_moved_forget(struct gsp_job *job, const struct gsp_instance *it, struct gsp_err *err)
{
	const char *home = gsp_moved_home(job->home, it);
	char why[64];

	assert(job->lock_fd >= 0 && home != NULL);
	snprintf(why, sizeof(why), "moved to home %.40s", home);
	if (gsp_ledger_add(job->home, job->session, "moved", job->actor, err) == -1 ||
	    gsp_dns_moved(job->home, job->server, err) == -1 ||
	    gsp_session_end(job->session, job->home, why, err) == -1)
		return -1;
	gsp_session_free(job->session);
	job->session = NULL;
	gsp_steps_warn(job->steps, job->server, "the machine '%s' belongs to home '%s' now: nothing "
	    "was deleted, this home only forgot it; its next save comes home there", it->label, home);
	return 0;
}
