#include "gsp/witness.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "gsp/owner.h"
#include "linode/catalogue.h"

#include "base/banned.h"

static int
lacks(const struct gsp_witness *w, const char *tag, struct gsp_err *err)
{
	return gsp_err_set(err, GSP_EREFUSED,
	    "the machine '%s' (id %" PRIu64 ") does not carry the tag '%s': gsp did not make it, or "
	    "somebody changed its tags", w->it.label, w->it.id, tag);
}

/* Tags fold case; ours are lower case. False when it does not fit, or is empty. */
static bool
copy_word(char *out, size_t size, const char *text)
{
	size_t n = text != NULL ? strlen(text) : 0;

	if (n == 0 || n >= size)
		return false;
	for (size_t i = 0; i <= n; i++)
		out[i] = (char)tolower((unsigned char)text[i]);
	return strspn(out, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

int
gsp_witness_tags(struct gsp_witness *w, struct gsp_err *err)
{
	const struct gsp_instance *it = &w->it;

	if (!gsp_instance_has_tag(it, "gsp"))
		return lacks(w, "gsp", err);
	if (!copy_word(w->home, sizeof(w->home), gsp_instance_tag(it, "gsp-home:")))
		return lacks(w, "gsp-home:ID", err);
	if (!copy_word(w->server, sizeof(w->server), gsp_instance_tag(it, "gsp-server:")) ||
	    !gsp_server_name_ok(w->server))
		return lacks(w, "gsp-server:NAME", err);
	if (!copy_word(w->session, sizeof(w->session), gsp_instance_tag(it, "gsp-session:")))
		return lacks(w, "gsp-session:ID", err);
	if (!copy_word(w->hash40, sizeof(w->hash40), gsp_instance_tag(it, "gsp-hk:")) ||
	    strspn(w->hash40, "0123456789abcdef") != GSP_WITNESS_HASH_DIGITS)
		return lacks(w, "gsp-hk:HASH", err);
	if (it->ntags >= GSP_LINODE_TAGS_MAX)
		return gsp_err_set(err, GSP_ELIMIT, "the machine '%s' has too many tags", it->label);
	return 0;
}

int
gsp_witness_open(struct gsp_witness *w, const struct gsp_home *h, int64_t deadline_ms,
    struct gsp_err *err)
{
	const struct gsp_marker *m = &w->hello.marker;

	if (gsp_owner_open(&w->remote, h, w->server, &w->it, w->hash40, deadline_ms, err) == -1 ||
	    gsp_remote_hello(w->remote, "", &w->hello, err) == -1)
		return -1;
	if (!w->hello.has_marker) {
		gsp_err_set(err, GSP_EREFUSED,
		    "machine '%s' has no marker: either it was never finished, or somebody removed it; "
		    "look with 'ssh root@%s' and a key of ssh_keys, then 'gsp teardown --stray %" PRIu64
		    " --discard-unsaved' deletes it", w->it.label, w->it.ipv4, w->it.id);
		err->detail = GSP_WITNESS_NO_MARKER;
		return -1;
	}
	if (strcmp(m->server, w->server) != 0 || strcmp(m->session, w->session) != 0)
		return gsp_err_set(err, GSP_EREFUSED,
		    "machine '%s' says that it is of server '%s', session %s; its tags say '%s', %s",
		    w->it.label, m->server, m->session, w->server, w->session);
	return 0;
}

int
gsp_witness_check_dir(struct gsp_witness *w, const struct gsp_server_conf *conf,
    struct gsp_err *err)
{
	char user[64];

	if (w->hello.marker.state == GSP_MARK_FRESH)
		return 0;
	if (gsp_owner_of(w->remote, conf->dir, user, err) == -1)
		return -1;
	if (strcmp(user, conf->user) == 0)
		return 0;
	return gsp_err_set(err, GSP_EREFUSED,
	    "server.yaml of '%s' says that its files are in '%s' and belong to '%s'; on machine '%s' "
	    "%s%s%s: use the server.yaml that the machine was made with", w->server, conf->dir,
	    conf->user, w->it.label, user[0] != '\0' ? "they belong to '" : "there is no such directory",
	    user, user[0] != '\0' ? "'" : "");
}

static enum gsp_phase
phase_of(const struct gsp_witness *w, const struct gsp_marker *m)
{
	bool stopped = m->stopped && strcmp(m->boot_id, w->hello.boot_id) == 0;

	switch (m->state) {
	case GSP_MARK_FRESH: return GSP_PHASE_CREATED;
	case GSP_MARK_UPLOADED: return GSP_PHASE_UPLOADED;
	case GSP_MARK_DIRTY:
	case GSP_MARK_STOPPING: return stopped ? GSP_PHASE_STOPPED : GSP_PHASE_RUNNING;
	case GSP_MARK_SAVED: return GSP_PHASE_SAVED;
	case GSP_MARK_CLOSING: return m->saved != 0 ? GSP_PHASE_SAVED : GSP_PHASE_CREATED;
	}
	return GSP_PHASE_RUNNING;
}

static int
set_price(struct gsp_witness *w, struct gsp_job *job, struct gsp_session *s, struct gsp_err *err)
{
	struct gsp_plan plan;

	s->hourly_usd = s->monthly_usd = -1;
	if (gsp_plan_get(job->api, w->it.type, w->it.region, &plan, err) == -1) {
		if (err->code != GSP_EUNAVAIL)
			return -1;
		gsp_steps_warn(job->steps, job->server, "%s; what this machine costs is not known",
		    err->msg);
		gsp_err_clear(err);
		return 0;
	}
	gsp_plan_price(&plan, w->it.backups, &s->hourly_usd, &s->monthly_usd);
	return 0;
}

int
gsp_witness_facts(struct gsp_witness *w, struct gsp_job *job, struct gsp_session *s,
    struct gsp_err *err)
{
	snprintf(s->server, sizeof(s->server), "%s", job->server);
	if (w->session[0] != '\0')
		snprintf(s->id, sizeof(s->id), "%s", w->session);
	else
		snprintf(s->id, sizeof(s->id), "stray%" PRIu64, w->it.id);
	snprintf(s->actor, sizeof(s->actor), "%s", job->actor);
	snprintf(s->label, sizeof(s->label), "%s", w->it.label);
	snprintf(s->region, sizeof(s->region), "%s", w->it.region);
	snprintf(s->type, sizeof(s->type), "%s", w->it.type);
	snprintf(s->ipv4, sizeof(s->ipv4), "%s", w->it.ipv4);
	snprintf(s->ipv6, sizeof(s->ipv6), "%s", w->it.ipv6);
	s->linode_id = w->it.id;
	s->created = w->it.created != 0 ? w->it.created : gsp_wall_s();
	return set_price(w, job, s, err);
}

int
gsp_witness_fill(struct gsp_witness *w, struct gsp_job *job, const struct gsp_marker *want,
    struct gsp_session *s, struct gsp_err *err)
{
	char *host_key = strdup(gsp_ssh_host_key(gsp_remote_ssh(w->remote)));

	if (host_key == NULL)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	free(s->host_key);
	s->host_key = host_key;
	s->since = gsp_wall_s();
	s->phase = phase_of(w, want);
	s->start_intent = want->state >= GSP_MARK_DIRTY &&
	    (want->state != GSP_MARK_CLOSING || want->saved != 0);
	s->ready = false;
	s->base = want->base;
	s->saved = want->saved;
	return gsp_witness_facts(w, job, s, err);
}

void
gsp_witness_release(struct gsp_witness *w)
{
	gsp_remote_close(w->remote);
	w->remote = NULL;
}
