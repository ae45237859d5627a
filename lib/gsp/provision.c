#include "gsp/provision.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"
#include "gsp/create.h"
#include "gsp/lease.h"
#include "gsp/ledger.h"
#include "gsp/moved.h"
#include "gsp/offer.h"
#include "gsp/reconcile.h"
#include "linode/event.h"
#include "linode/instance.h"

#include "base/banned.h"

int
gsp_provision_is_lost(struct gsp_job *job, bool *yes, struct gsp_err *err)
{
	struct gsp_instance it;

	*yes = false;
	if (job->session == NULL || job->session->linode_id == 0)
		return 0;
	if (gsp_job_api(job, err) == -1)
		return -1;
	if (gsp_instance_get(job->api, job->session->linode_id, &it, err) == 0)
		return 0;
	if (err->code != GSP_ENOTFOUND || gsp_session_check_here(job->session, job->home, err) == -1)
		return -1;
	gsp_err_clear(err);
	*yes = true;
	return 0;
}

int
gsp_provision_forget_lost(struct gsp_job *job, struct gsp_err *err)
{
	assert(job->lock_fd >= 0 && job->session != NULL);
	gsp_reconcile_end(job);
	if (gsp_ledger_add(job->home, job->session, "lost", job->actor, err) == -1 ||
	    gsp_session_end(job->session, job->home, "lost", err) == -1)
		return -1;
	gsp_session_free(job->session);
	job->session = NULL;
	return 0;
}

static void
seen(void *ctx, const struct gsp_instance *i, int percent)
{
	struct gsp_job *job = ctx;

	gsp_steps_update(job->steps, job->server, "create", percent, 0, 0, "%s in %s: %s", i->label,
	    i->region, i->status_text);
}

/* It was made, and something after that failed: whoever reads why shall know that it costs. */
static int
exists(struct gsp_job *job, struct gsp_err *err)
{
	return gsp_err_hint(err, "the machine exists and costs: 'gsp up %s' tries again, 'gsp down %s' "
	    "ends it", job->server, job->server);
}

/* Keep what the cloud says of our machine; the first time also that it is ours and costs. */
static int
keep_instance(struct gsp_job *job, const struct gsp_instance *it, struct gsp_err *err)
{
	struct gsp_session *s = job->session;
	const char *tag = gsp_instance_tag(it, "gsp-session:");

	if (gsp_moved_refuse(job, it, err) == -1)
		return -1;
	if (tag == NULL || strcmp(tag, s->id) != 0)
		return gsp_err_set(err, GSP_EREFUSED,
		    "the machine '%s' (id %" PRIu64 ") does not carry the tag of session '%s'; somebody "
		    "changed its tags, or it is not ours", it->label, it->id, s->id);
	snprintf(s->ipv4, sizeof(s->ipv4), "%s", it->ipv4);
	snprintf(s->ipv6, sizeof(s->ipv6), "%s", it->ipv6);
	if (s->linode_id == it->id)
		return gsp_session_save(s, job->home, err) == -1 ||
		        gsp_lease_begin(job->home, s, it, false, job->actor, err) == -1
		    ? exists(job, err)
		    : 0;
	s->linode_id = it->id;
	/* our own clock may be wrong, but the bill counts from the cloud's */
	if (it->created != 0)
		s->created = it->created;
	/* the ledger first: once the journal knows the machine nobody writes this line any more. If
	 * we die in between it is written twice, and it names its session. */
	if (gsp_ledger_add(job->home, s, "create", job->actor, err) == -1 ||
	    gsp_session_phase(s, job->home, GSP_PHASE_CREATING, err) == -1 ||
	    gsp_lease_begin(job->home, s, it, false, job->actor, err) == -1)
		return exists(job, err);
	return 0;
}

static int
wait_running(struct gsp_job *job, struct gsp_err *err)
{
	struct gsp_session *s = job->session;
	int64_t deadline = gsp_now_ms() + s->conf->timeouts.create_s * 1000;
	struct gsp_instance it;

	if (gsp_instance_wait_running(job->api, s->linode_id, s->after_event, deadline, 0, seen, job,
	        &it, err) == -1) {
		return err->code == GSP_ECREATE || err->code == GSP_ETEMP ? exists(job, err) : -1;
	}
	return keep_instance(job, &it, err);
}

/* First boot's end; then, in the same breath, that nobody but root reads the user data, which
 * hold the host key: without nftables the rule of gsp/userdata would be a file and no more. */
#define NOT_HIDDEN     90
#define NOTHING_TO_HIDE 91 /* no rule, but no metadata service answers either */
static const char first_boot[] =
    "cloud-init status --wait --long; s=$?; case $s in 0 | 2 | 127) ;; *) exit $s ;; esac; "
    "/usr/local/sbin/gsp-hide-metadata; nft list table inet gsp_metadata >/dev/null || { "
    "command -v bash >/dev/null || exit 90; "
    "timeout 3 bash -c ': </dev/tcp/169.254.169.254/80' && exit 90; exit 91; }; exit $s";

static int
wait_first_boot(struct gsp_job *job, int64_t deadline, struct gsp_err *err)
{
	struct gsp_ssh_end end = {0, ""};
	struct gsp_ssh_io io;

	gsp_steps_update(job->steps, job->server, "ssh", -1, 0, 0, "first boot is being finished");
	memset(&io, 0, sizeof(io));
	io.deadline_ms = deadline;
	if (gsp_ssh_exec(gsp_remote_ssh(job->remote), first_boot, &io, &end, err) == -1)
		return gsp_err_wrap(err, "machine '%s': waiting for cloud-init", job->session->label);
	switch (end.status) {
	case 0: return 0;
	case 127: /* something else applied the user data: the key was right */
		gsp_steps_warn(job->steps, job->server, "the image has no cloud-init; going on");
		return 0;
	case 2: /* newer versions: done, with errors that it recovered from */
		gsp_steps_warn(job->steps, job->server, "cloud-init had recoverable errors");
		return 0;
	case NOTHING_TO_HIDE:
		gsp_steps_warn(job->steps, job->server, "the rule that hides the metadata service cannot be "
		    "loaded there; no such service answers, so there is nothing to hide");
		return 0;
	case NOT_HIDDEN:
		return gsp_err_set(err, GSP_ECREATE, "machine '%s' cannot hide the metadata service, which "
		    "holds its host key, from the game (was nftables installed?); look with 'gsp ssh %s "
		    "cat /var/log/cloud-init-output.log', then 'gsp down %s' deletes it",
		    job->session->label, job->server, job->server);
	default:
		return gsp_err_set(err, GSP_ECREATE,
		    "the first boot of '%s' failed (cloud-init status %d); look with 'gsp ssh %s cat "
		    "/var/log/cloud-init-output.log', then 'gsp down %s' deletes it", job->session->label,
		    end.status, job->server, job->server);
	}
}

/* The machine's own memory: made once, by the session that made the machine. */
static int
first_marker(struct gsp_job *job, struct gsp_err *err)
{
	struct gsp_session *s = job->session;
	struct gsp_marker m;
	struct gsp_hello hello;

	if (gsp_remote_hello(job->remote, "", &hello, err) == -1)
		return -1;
	if (hello.has_marker)
		return gsp_remote_ours(&hello, job->home, s, err);
	if (s->start_intent)
		return gsp_err_set(err, GSP_EREFUSED, "machine '%s' lost its marker although its game "
		    "was started; look with 'gsp ssh %s'", s->label, s->server);
	memset(&m, 0, sizeof(m));
	snprintf(m.home, sizeof(m.home), "%s", job->home->id);
	snprintf(m.server, sizeof(m.server), "%s", s->server);
	snprintf(m.session, sizeof(m.session), "%s", s->id);
	snprintf(m.boot_id, sizeof(m.boot_id), "%s", hello.boot_id);
	m.state = GSP_MARK_FRESH;
	return gsp_remote_mark(job->remote, NULL, &m, err);
}

static int
wait_ssh(struct gsp_job *job, struct gsp_err *err)
{
	struct gsp_session *s = job->session;
	int64_t deadline = gsp_now_ms() + s->conf->timeouts.ssh_s * 1000;

	gsp_steps_begin(job->steps, job->server, "ssh", "waiting for %s to answer", s->ipv4);
	gsp_job_hangup(job);
	if (gsp_remote_open(&job->remote, job->home, s, deadline, err) == -1 ||
	    wait_first_boot(job, deadline, err) == -1 || first_marker(job, err) == -1) {
		if (err->code == GSP_ETEMP || err->code == GSP_EIO)
			exists(job, err);
		gsp_steps_fail(job->steps, job->server, "ssh", "%s", err->msg);
		return -1;
	}
	gsp_steps_done(job->steps, job->server, "ssh", "%s answers with its pinned key", s->ipv4);
	if (s->host_key_private != NULL) { /* the machine has it now; nobody else needs it */
		explicit_bzero(s->host_key_private, strlen(s->host_key_private));
		free(s->host_key_private);
		s->host_key_private = NULL;
	}
	if (s->phase < GSP_PHASE_CREATED)
		return gsp_session_phase(s, job->home, GSP_PHASE_CREATED, err);
	return gsp_session_save(s, job->home, err);
}

/* Did its newest boot fail? Then no job will boot it, and waiting is of no use. */
static bool
boot_failed(struct gsp_job *job)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_event e[10];
	size_t n = 0;

	if (gsp_event_of_instance(job->api, job->session->linode_id, job->session->after_event, e,
	        sizeof(e) / sizeof(e[0]), &n, &ignored) == -1)
		return false;
	for (size_t i = 0; i < n; i++)
		if (strcmp(e[i].action, "linode_boot") == 0)
			return strcmp(e[i].status, "failed") == 0;
	return false;
}

/* Its events until now are history: only what comes of this boot counts. */
static int
boot(struct gsp_job *job, struct gsp_err *err)
{
	struct gsp_session *s = job->session;
	struct gsp_err ignored = GSP_ERR_INIT;

	gsp_steps_warn(job->steps, job->server, "the machine %s is off; booting it", s->label);
	(void)gsp_event_newest_id(job->api, &s->after_event, &ignored);
	return gsp_instance_boot(job->api, s->linode_id, err);
}

/* A machine we know by id: is it there, and does it run? */
static int
resume(struct gsp_job *job, bool *gone, struct gsp_err *err)
{
	struct gsp_session *s = job->session;
	struct gsp_instance it;
	int64_t age;

	*gone = false;
	if (gsp_instance_get(job->api, s->linode_id, &it, err) == -1) {
		if (err->code != GSP_ENOTFOUND || gsp_session_check_here(s, job->home, err) == -1)
			return err->code == GSP_ETEMP ? exists(job, err) : -1;
		if (s->start_intent && s->phase < GSP_PHASE_SAVED)
			return gsp_offer_lost(job->home, job->server, job->session->id, err);
		gsp_err_clear(err);
		gsp_steps_warn(job->steps, job->server, "the machine %s is gone; nothing was lost with "
		    "it", s->label);
		*gone = true;
		gsp_reconcile_end(job);
		if (gsp_ledger_add(job->home, s, "gone", job->actor, err) == -1 ||
		    gsp_session_end(s, job->home, "gone", err) == -1)
			return -1;
		gsp_session_free(s);
		job->session = NULL;
		return 0;
	}
	if (gsp_moved_refuse(job, &it, err) == -1)
		return -1;
	/* one that is being made is off for a moment before its first boot; by a clock that was set
	 * back since, that moment would last for ever */
	age = gsp_wall_s() - s->since;
	if (it.status == GSP_LS_OFFLINE &&
	    (s->phase >= GSP_PHASE_CREATED || age > 60 || age < 0 || boot_failed(job)) &&
	    boot(job, err) == -1)
		return -1;
	return keep_instance(job, &it, err);
}

static int
refuse_deleting(struct gsp_job *job, struct gsp_err *err)
{
	if (job->session == NULL || job->session->phase != GSP_PHASE_DELETING)
		return 0;
	return gsp_err_set(err, GSP_EREFUSED, "the machine of '%s' is being deleted; run 'gsp "
	    "teardown %s' to finish that, then 'gsp up %s'", job->server, job->server, job->server);
}

int
gsp_provision(struct gsp_job *job, struct gsp_err *err)
{
	struct gsp_instance it;
	bool gone = false;

	assert(job->lock_fd >= 0);
	if (refuse_deleting(job, err) == -1 || gsp_job_need_whole(job, err) == -1 ||
	    gsp_job_api(job, err) == -1)
		return -1;
	gsp_steps_begin(job->steps, job->server, "create", "looking for a machine");
	if (job->session != NULL && job->session->linode_id != 0 && resume(job, &gone, err) == -1)
		goto fail;
	if (job->session == NULL || job->session->linode_id == 0) {
		if (gsp_create(job, &it, err) == -1 || keep_instance(job, &it, err) == -1)
			goto fail;
	}
	if (wait_running(job, err) == -1)
		goto fail;
	gsp_steps_done(job->steps, job->server, "create", "%s (%s, %s) runs, $%.4g an hour",
	    job->session->label, job->session->type, job->session->region,
	    job->session->hourly_usd > 0 ? job->session->hourly_usd : 0);
	return wait_ssh(job, err);
fail:
	gsp_steps_fail(job->steps, job->server, "create", "%s", err->msg);
	return -1;
}
