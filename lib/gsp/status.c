#include "gsp/status.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"
#include "gsp/after.h"
#include "gsp/dns.h"
#include "gsp/freeze.h"
#include "gsp/job.h"
#include "gsp/moved.h"
#include "gsp/offer.h"
#include "gsp/record.h"
#include "gsp/status_priv.h"
#include "sys/io.h"
#include "sys/lock.h"

#include "base/banned.h"

#define PROBE_MS 6000

bool
gsp_status_may_answer(const struct gsp_home *h, const char *name, const struct gsp_cloud *cloud)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	const struct gsp_instance *it = NULL;
	struct gsp_session *s = NULL;

	if (gsp_session_load(&s, h, name, &ignored) == 0 && s != NULL)
		it = gsp_cloud_machine(cloud, s->linode_id, s->id);
	gsp_session_free(s);
	return it != NULL && it->status != GSP_LS_OFFLINE && it->status != GSP_LS_SUSPENDED;
}

__attribute__((format(printf, 4, 5))) static void
tell(struct gsp_status_row *r, const char *stage, const char *next, const char *fmt, ...)
{
	char was[sizeof(r->stage)]; /* ${stage} may be the row's own */
	va_list ap;

	snprintf(was, sizeof(was), "%s", stage);
	memcpy(r->stage, was, sizeof(was));
	if (next != NULL)
		snprintf(r->next, sizeof(r->next), "%s %s", next, r->server);
	else
		r->next[0] = '\0';
	va_start(ap, fmt);
	vsnprintf(r->why, sizeof(r->why), fmt, ap);
	va_end(ap);
	r->settled = false;
}

/* A live copy that was killed; the game waits, and what is played is in its memory alone. */
static void
tell_frozen(struct gsp_status_row *r, const struct gsp_home *h, const struct gsp_session *s)
{
	char why[sizeof(r->why)];

	if (s->phase != GSP_PHASE_RUNNING || !gsp_freeze_left(h, s))
		return;
	snprintf(why, sizeof(why), "%s", r->why);
	snprintf(r->why, sizeof(r->why), "a live copy froze the game and may not have thawed it; %.300s",
	    why);
	snprintf(r->next, sizeof(r->next), "gsp run thaw %s", r->server);
}

/* Whoever is at work there; what is shown beside it changes while we look. Nobody, and something
 * is wanting: what the last one came to. */
static bool
tell_work(struct gsp_status_row *r, const struct gsp_home *h, const struct gsp_session *s)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	char note[160], why[sizeof(r->why)];
	bool busy = gsp_lock_peek(gsp_home_state_path(h, &path, r->server, "lock"), note, sizeof(note));

	if (busy) {
		snprintf(why, sizeof(why), "%s", r->why);
		snprintf(r->why, sizeof(r->why), "at work now: %.140s; %.500s", note, why);
		r->next[0] = '\0';
		r->busy = true;
	} else if (!r->settled)
		gsp_status_last(r, h, s);
	gsp_buf_release(&path);
	return busy;
}

/* What an owner nearly always wants to go on from comes first. */
static void
tell_lost(struct gsp_status_row *r, const struct gsp_home *h, const struct gsp_session *s)
{
	struct gsp_buf text = GSP_BUF_INIT(sizeof(r->why));
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_offer o;

	memset(&o, 0, sizeof(o));
	if (gsp_offer_find(&o, h, r->server, s->id, &ignored) == 0)
		gsp_offer_text(&text, &o, r->server);
	else
		gsp_buf_addf(&text, "its history cannot be read: %.150s", ignored.msg);
	tell(r, "lost", NULL, "the machine is gone and its last game was not saved; %s",
	    gsp_buf_str(&text));
	if (gsp_offer_first(&o) != 0)
		snprintf(r->next, sizeof(r->next), "gsp up %s --from %" PRIu64, r->server,
		    gsp_offer_first(&o));
	gsp_buf_release(&text);
}

static void
tell_gone(struct gsp_status_row *r, const struct gsp_home *h, const struct gsp_session *s)
{
	if (s->phase < GSP_PHASE_CREATING)
		tell(r, "creating", "gsp up", "the create call was %s; no machine is there",
		    s->phase == GSP_PHASE_INTENT ? "not made" : "made, its answer was lost");
	else if (s->start_intent && s->phase < GSP_PHASE_SAVED)
		tell_lost(r, h, s);
	else
		tell(r, "none", "gsp down", "the machine is gone; nothing was lost with it");
	r->hourly_usd = r->so_far_usd = -1;
}

static void
tell_phase(struct gsp_status_row *r, const struct gsp_session *s)
{
	switch (s->phase) {
	case GSP_PHASE_INTENT:
	case GSP_PHASE_POSTING:
		tell(r, "creating", "gsp up", "the create call was %s", s->phase == GSP_PHASE_INTENT
		        ? "not made yet" : "made, and its answer is not known yet");
		break;
	case GSP_PHASE_CREATING:
		tell(r, "creating", "gsp up", "the machine was bought and has not answered yet");
		break;
	case GSP_PHASE_CREATED:
		tell(r, "created", "gsp up", "the machine answers, and bootstrap has not succeeded yet");
		break;
	case GSP_PHASE_BOOTSTRAPPED:
		tell(r, "bootstrapped", "gsp up", "bootstrap is done; the files are not there yet");
		break;
	case GSP_PHASE_UPLOADED:
		tell(r, "uploaded", "gsp up", "the files are there; the game was not started yet");
		break;
	case GSP_PHASE_RUNNING:
		tell(r, "running", s->ready ? "gsp down" : "gsp up",
		    s->ready ? "the game answered" : "the game was started and has not answered yet");
		r->settled = s->ready;
		break;
	case GSP_PHASE_STOPPED:
		tell(r, "stopped", "gsp down", "the game has stopped; its save is not home yet");
		break;
	case GSP_PHASE_SAVED:
		tell(r, "saved", "gsp down", "generation %" PRIu64 " is home; the machine still costs",
		    s->saved);
		break;
	case GSP_PHASE_DELETING:
		tell(r, "deleting", "gsp teardown", "the machine is being deleted");
		break;
	}
}

static void
tell_moved(struct gsp_status_row *r, const char *home)
{
	tell(r, "other-home", "gsp down", "home %s has taken the machine over; 'gsp down' here only "
	    "forgets it and deletes nothing", home);
	snprintf(r->home, sizeof(r->home), "%.8s", home);
}

/* The machine's own word goes before our memory. */
static void
tell_probe(struct gsp_status_row *r, const struct gsp_session *s, const struct gsp_probe *p)
{
	if (!p->answered) {
		char last[16];

		snprintf(last, sizeof(last), "%s", r->stage);
		tell(r, last, "gsp status", "it does not answer now (%.180s); '%s' is from memory", p->why,
		    last);
		return;
	}
	if (!p->has_marker)
		return;
	if (strcmp(p->marker.home, r->home) != 0) {
		tell_moved(r, p->marker.home);
		return;
	}
	switch (p->marker.state) {
	case GSP_MARK_FRESH:
	case GSP_MARK_UPLOADED: break;
	case GSP_MARK_DIRTY:
		if (p->alive)
			break;
		if (p->rebooted)
			tell(r, "crashed", "gsp up", "the machine was rebooted under the game; the save there "
			    "is as the game left it");
		else if (p->marker.stopped)
			tell(r, "stopped", "gsp restart", "the game was stopped to be started again");
		else
			tell(r, "crashed", "gsp up", "the game has ended by itself; its save is not home");
		break;
	case GSP_MARK_STOPPING:
		if (p->marker.stopped)
			tell(r, "stopped", "gsp down", "the game has stopped; its save is not home yet");
		else
			tell(r, p->alive ? "running" : "crashed", "gsp down", "it was told to stop and %s",
			    p->alive ? "still runs" : "that is not proven; its save is not home");
		break;
	case GSP_MARK_SAVED:
	case GSP_MARK_CLOSING:
		if (s->phase < GSP_PHASE_DELETING)
			tell(r, "saved", "gsp down", "generation %" PRIu64 " is home; the machine still costs",
			    p->marker.saved);
		break;
	}
}

static void
fill_session(struct gsp_status_row *r, const struct gsp_session *s)
{
	struct gsp_buf address = GSP_BUF_INIT(GSP_ADDRESS_MAX);

	gsp_record_address(&address, s);
	snprintf(r->address, sizeof(r->address), "%.271s", gsp_buf_str(&address));
	gsp_buf_release(&address);
	snprintf(r->region, sizeof(r->region), "%s", s->region);
	snprintf(r->type, sizeof(r->type), "%s", s->type);
	snprintf(r->session, sizeof(r->session), "%s", s->id);
	snprintf(r->actor, sizeof(r->actor), "%s", s->actor);
	r->linode_id = s->linode_id;
	r->since = s->since;
	r->hourly_usd = s->hourly_usd;
	r->generation = s->saved != 0 ? s->saved : s->base;
	gsp_session_cost(s, gsp_wall_s(), &r->hours, &r->so_far_usd);
}

/* A machine with a server's label and gsp's tags, of whatever session. */
const struct gsp_instance *
gsp_status_unknown(const struct gsp_cloud *c, const char *name)
{
	const struct gsp_instance *it;
	char label[65];

	snprintf(label, sizeof(label), "gsp-%s", name);
	it = gsp_cloud_labelled(c, label);
	return it != NULL && gsp_instance_tag(it, "gsp-home:") != NULL ? it : NULL;
}

/* No session of ours, yet the label is taken: by another home, or by us before state/ was lost. */
static void
tell_unknown(struct gsp_status_row *r, const struct gsp_home *h, const struct gsp_cloud *cloud,
    const struct gsp_instance *it)
{
	const char *home = gsp_moved_home(h, it);

	gsp_status_fill_cloud(r, cloud, it);
	if (home == NULL) {
		tell(r, "stray", "gsp status --take-over", "machine %" PRIu64 " is this home's, and state/ "
		    "does not know it (%s); it costs until it is deleted", it->id, it->status_text);
		return;
	}
	tell(r, "other-home", "gsp status --take-over", "machine %" PRIu64 " is of home %s (%s): bring "
	    "it down there, or take it over", it->id, home, it->status_text);
	snprintf(r->home, sizeof(r->home), "%.8s", home);
}

/* What the cloud says of a machine that no journal describes, or none yet. */
void
gsp_status_fill_cloud(struct gsp_status_row *r, const struct gsp_cloud *cloud,
    const struct gsp_instance *it)
{
	snprintf(r->address, sizeof(r->address), "%s", it->ipv4);
	snprintf(r->region, sizeof(r->region), "%s", it->region);
	snprintf(r->type, sizeof(r->type), "%s", it->type);
	r->linode_id = it->id;
	r->since = it->created;
	gsp_cloud_cost(cloud, it, gsp_wall_s(), &r->hourly_usd, &r->hours, &r->so_far_usd);
}

/* What it knew only it knew; the machine with the server's label is shown all the same. */
static void
tell_damaged(struct gsp_status_row *r, const char *name, const struct gsp_cloud *cloud,
    const struct gsp_err *why)
{
	const struct gsp_instance *it = gsp_status_unknown(cloud, name);

	if (it != NULL)
		gsp_status_fill_cloud(r, cloud, it);
	tell(r, "damaged", NULL, "%.600s; move that file away, then 'gsp status --rebuild' knows its "
	    "machine again", why->msg);
	r->damaged = true;
}

static void
tell_unfinished(struct gsp_status_row *r, const struct gsp_home *h, const struct gsp_session *s)
{
	if (strcmp(s->taking_from, h->id) == 0)
		tell(r, "stray", "gsp status --take-over", "knowing its machine again was cut off");
	else
		tell(r, "other-home", "gsp status --take-over", "the take-over from home %s was cut off",
		    s->taking_from);
}

/* It is there, and the cloud says something that goes before our memory. False: it does not. */
static bool
tell_cloud(struct gsp_status_row *r, const struct gsp_home *h, const struct gsp_session *s,
    const struct gsp_instance *it)
{
	if (s->taking_from[0] != '\0')
		tell_unfinished(r, h, s);
	else if (gsp_moved_home(h, it) != NULL)
		tell_moved(r, gsp_moved_home(h, it));
	else if (it->status == GSP_LS_OFFLINE && s->phase >= GSP_PHASE_CREATED)
		tell(r, "offline", s->phase == GSP_PHASE_DELETING ? "gsp teardown"
		        : s->phase < GSP_PHASE_STOPPED ? "gsp up" : "gsp down",
		    "the machine is off, and costs all the same");
	else if (it->status == GSP_LS_SUSPENDED)
		tell(r, "offline", NULL, "Linode has suspended the machine for billing; see the "
		    "Linode manager");
	else if (it->status == GSP_LS_DELETING && s->phase < GSP_PHASE_DELETING)
		tell(r, "deleting", "gsp status", "somebody is deleting the machine at Linode%s",
		    s->start_intent && s->phase < GSP_PHASE_SAVED ? ", and its save is not home" : "");
	else
		return false;
	return true;
}

static void
tell_machine(struct gsp_status_row *r, const struct gsp_home *h, const struct gsp_session *s,
    const struct gsp_cloud *cloud, const struct gsp_instance *it, const struct gsp_probe *probe)
{
	char stage[sizeof(r->stage)];

	if (s->linode_id == 0) { /* its number was never learnt: it costs all the same */
		int64_t since = r->since;

		gsp_status_fill_cloud(r, cloud, it);
		r->since = since;
		tell(r, "creating", "gsp up", "the create call was made, its answer was lost, and the "
		    "machine is there");
		if (r->hourly_usd < 0 && s->hourly_usd >= 0) {
			r->hourly_usd = s->hourly_usd;
			r->so_far_usd = s->hourly_usd * (double)r->hours;
		}
	}
	if (tell_cloud(r, h, s, it))
		return;
	snprintf(stage, sizeof(stage), "%s", r->stage);
	if (it->status == GSP_LS_TRANSIT && s->phase >= GSP_PHASE_CREATED &&
	    s->phase < GSP_PHASE_DELETING)
		tell(r, stage, "gsp status", "Linode says that the machine is '%s'; '%s' is from memory",
		    it->status_text, stage);
	else if (probe != NULL && probe->asked)
		tell_probe(r, s, probe);
}

int
gsp_status_server(struct gsp_status_row *r, const struct gsp_home *h, const char *name,
    const struct gsp_cloud *cloud, const struct gsp_probe *probe, struct gsp_err *err)
{
	struct gsp_err elsewhere = GSP_ERR_INIT, damaged = GSP_ERR_INIT;
	const struct gsp_instance *it = NULL;
	struct gsp_session *s;

	(void)err;
	memset(r, 0, sizeof(*r));
	snprintf(r->server, sizeof(r->server), "%s", name);
	snprintf(r->home, sizeof(r->home), "%s", h->id);
	r->mine = true;
	r->hourly_usd = r->so_far_usd = -1;
	r->players = -1;
	gsp_after_text(h, name, r->after, sizeof(r->after));
	if (gsp_session_load(&s, h, name, &damaged) == -1) {
		tell_damaged(r, name, cloud, &damaged);
		return 0;
	}
	gsp_dns_text(h, name, s != NULL ? s->id : NULL, r->dns, sizeof(r->dns));
	if (s == NULL) {
		tell(r, "none", "gsp up", "there is no machine");
		r->settled = true;
		if ((it = gsp_status_unknown(cloud, name)) != NULL)
			tell_unknown(r, h, cloud, it);
		return 0;
	}
	fill_session(r, s);
	tell_phase(r, s);
	if (cloud->known) {
		it = gsp_cloud_machine(cloud, s->linode_id, s->id);
		if (it != NULL && s->linode_id == 0)
			r->linode_id = it->id; /* its answer was lost, or not written down */
		if (it == NULL && gsp_session_check_here(s, h, &elsewhere) == -1)
			tell(r, gsp_session_stage(s), NULL, "%s", elsewhere.msg);
		else if (it == NULL)
			tell_gone(r, h, s);
		else
			tell_machine(r, h, s, cloud, it, probe);
	}
	if (!tell_work(r, h, s))
		tell_frozen(r, h, s);
	gsp_status_watch(r, h, s);
	gsp_session_free(s);
	return 0;
}

int
gsp_status_probe(struct gsp_probe *p, struct gsp_home *h, const char *name, struct gsp_err *err)
{
	struct gsp_buf out = GSP_BUF_INIT(1024 * 1024);
	struct gsp_argv op = GSP_ARGV_INIT;
	struct gsp_err why = GSP_ERR_INIT;
	struct gsp_job *job = NULL;
	struct gsp_hello hello;
	int status = 1;

	memset(p, 0, sizeof(*p));
	if (gsp_job_open(&job, h, name, "status", NULL, "status", GSP_JOB_LOOK, err) == -1)
		return -1;
	p->asked = job->session != NULL && job->session->phase >= GSP_PHASE_CREATED &&
	    job->session->phase < GSP_PHASE_DELETING;
	if (!p->asked)
		goto out;
	gsp_argv_push(&op, "alive");
	/* somebody waits for the table: a machine that is there answers in less */
	if (gsp_remote_open(&job->remote, h, job->session, gsp_now_ms() + PROBE_MS, &why) == -1 ||
	    gsp_remote_hello(job->remote, "", &hello, &why) == -1 ||
	    gsp_remote_ask(job->remote, &op, NULL, 0, &out, &status, &why) == -1) {
		snprintf(p->why, sizeof(p->why), "%.199s", why.msg);
		goto out;
	}
	p->answered = true;
	p->alive = status == 0;
	p->has_marker = hello.has_marker;
	p->marker = hello.marker;
	p->rebooted = strcmp(hello.marker.boot_id, hello.boot_id) != 0;
out:
	gsp_argv_release(&op);
	gsp_buf_release(&out);
	gsp_job_close(job);
	return 0;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int
gsp_status_servers(struct gsp_argv *names, const struct gsp_home *h, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct dirent *e;
	size_t known;
	DIR *d;

	if (gsp_home_servers(h, names, err) == -1)
		return -1;
	known = names->n; /* sorted */
	d = opendir(gsp_home_path(h, &path, "state"));
	while (d != NULL && (e = readdir(d)) != NULL) {
		const char *name = e->d_name;

		if (gsp_server_name_ok(name) &&
		    (known == 0 || bsearch(&name, names->v, known, sizeof(*names->v), by_name) == NULL) &&
		    gsp_io_exists(gsp_home_state_path(h, &path, name, "session.json")))
			gsp_argv_push(names, name);
	}
	if (d != NULL)
		closedir(d);
	gsp_buf_release(&path);
	if (names->n > 1)
		qsort(names->v, names->n, sizeof(*names->v), by_name);
	return names->failed ? gsp_err_set(err, GSP_ESYS, "out of memory") : 0;
}

int
gsp_status_known(const struct gsp_argv *all, char **names, size_t n, struct gsp_err *err)
{
	for (size_t i = 0; i < n; i++)
		if (!gsp_argv_has(all, names[i]))
			return gsp_err_set(err, GSP_EUNAVAIL, "no such server '%s'", names[i]);
	return 0;
}
