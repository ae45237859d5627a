#include "gsp/status.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/num.h"
#include "gsp/job.h"
#include "gsp/moved.h"
#include "gsp/record.h"
#include "sys/io.h"
#include "sys/lock.h"

#include "base/banned.h"

static bool
listed(const struct gsp_cloud *c, uint64_t id)
{
	for (size_t i = 0; i < c->nmachines; i++)
		if (c->machines[i].id == id)
			return true;
	return false;
}

/* A machine of ours that the list does not have may have lost its tags; it costs all the same. */
static int
read_untagged(struct gsp_cloud *c, const struct gsp_session *s, struct gsp_linode *api,
    struct gsp_err *err)
{
	struct gsp_instance it, *more;

	if (s->linode_id == 0 || listed(c, s->linode_id))
		return 0;
	if (gsp_instance_get(api, s->linode_id, &it, err) == -1) {
		if (err->code != GSP_ENOTFOUND)
			return -1;
		gsp_err_clear(err);
		return 0;
	}
	if ((more = realloc(c->machines, (c->nmachines + 1) * sizeof(*more))) == NULL)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	c->machines = more;
	c->machines[c->nmachines++] = it;
	return 0;
}

#define PROBE_MS 6000

int
gsp_cloud_read(struct gsp_cloud *out, const struct gsp_home *h, struct gsp_linode *api,
    struct gsp_err *err)
{
	struct gsp_argv names = GSP_ARGV_INIT;
	struct gsp_session *s = NULL;
	int rc = -1;

	memset(out, 0, sizeof(*out));
	if (gsp_home_servers(h, &names, err) == -1 ||
	    gsp_instance_list(api, "gsp", &out->machines, &out->nmachines, err) == -1 ||
	    gsp_firewall_list(api, "gsp", &out->firewalls, &out->nfirewalls, err) == -1)
		goto out;
	out->ntagged = out->nmachines;
	for (size_t i = 0; i < names.n; i++) {
		if (gsp_session_load(&s, h, names.v[i], err) == -1 ||
		    (s != NULL && read_untagged(out, s, api, err) == -1))
			goto out;
		gsp_session_free(s);
		s = NULL;
	}
	out->known = true;
	rc = 0;
out:
	if (rc == -1)
		gsp_cloud_release(out);
	gsp_session_free(s);
	gsp_argv_release(&names);
	return rc;
}

void
gsp_cloud_release(struct gsp_cloud *c)
{
	free(c->machines);
	free(c->firewalls);
	memset(c, 0, sizeof(*c));
}

static const struct gsp_instance *
machine_of(const struct gsp_cloud *c, uint64_t id, const char *session)
{
	for (size_t i = 0; i < c->nmachines; i++) {
		const char *tag = gsp_instance_tag(&c->machines[i], "gsp-session:");

		if ((id != 0 && c->machines[i].id == id) || (tag != NULL && strcmp(tag, session) == 0))
			return &c->machines[i];
	}
	return NULL;
}

bool
gsp_status_may_answer(const struct gsp_home *h, const char *name, const struct gsp_cloud *cloud)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	const struct gsp_instance *it = NULL;
	struct gsp_session *s = NULL;

	if (gsp_session_load(&s, h, name, &ignored) == 0 && s != NULL)
		it = machine_of(cloud, s->linode_id, s->id);
	gsp_session_free(s);
	return it != NULL && it->status != GSP_LS_OFFLINE && it->status != GSP_LS_SUSPENDED;
}

__attribute__((format(printf, 4, 5))) static void
tell(struct gsp_status_row *r, const char *stage, const char *next, const char *fmt, ...)
{
	va_list ap;

	snprintf(r->stage, sizeof(r->stage), "%s", stage);
	if (next != NULL)
		snprintf(r->next, sizeof(r->next), "%s %s", next, r->server);
	else
		r->next[0] = '\0';
	va_start(ap, fmt);
	vsnprintf(r->why, sizeof(r->why), fmt, ap);
	va_end(ap);
}

/* Whoever is at work there; what is shown beside it changes while we look. */
static void
tell_busy(struct gsp_status_row *r, const struct gsp_home *h)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	char note[160], why[sizeof(r->why)];

	if (gsp_lock_peek(gsp_home_state_path(h, &path, r->server, "lock"), note, sizeof(note))) {
		snprintf(why, sizeof(why), "%s", r->why);
		snprintf(r->why, sizeof(r->why), "at work now: %.140s; %.120s", note, why);
		r->next[0] = '\0';
	}
	gsp_buf_release(&path);
}

/* The newest generation at home: what an owner nearly always wants to go on from. */
static uint64_t
newest_of(const struct gsp_home *h, const char *server)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct dirent *e;
	uint64_t newest = 0, n;
	DIR *d = opendir(gsp_home_server_path(h, &path, server, "history"));

	while (d != NULL && (e = readdir(d)) != NULL)
		if (gsp_num_u64(&n, e->d_name, 1, UINT64_MAX) == 0 && n > newest)
			newest = n;
	if (d != NULL)
		closedir(d);
	gsp_buf_release(&path);
	return newest;
}

static void
tell_gone(struct gsp_status_row *r, const struct gsp_home *h, const struct gsp_session *s)
{
	if (s->phase < GSP_PHASE_CREATING)
		tell(r, "creating", "gsp up", "the create call was %s; no machine is there",
		    s->phase == GSP_PHASE_INTENT ? "not made" : "made, its answer was lost");
	else if (s->start_intent && s->phase < GSP_PHASE_SAVED) {
		tell(r, "lost", NULL, "the machine is gone and its last game was not saved");
		snprintf(r->next, sizeof(r->next), "gsp up %s --from %" PRIu64, r->server,
		    newest_of(h, r->server));
	} else
		tell(r, "none", "gsp down", "the machine is gone; nothing was lost with it");
	r->hourly_usd = r->so_far_usd = -1;
}

static void
tell_phase(struct gsp_status_row *r, const struct gsp_session *s)
{
	switch (s->phase) {
	case GSP_PHASE_INTENT:
	case GSP_PHASE_POSTING:
	case GSP_PHASE_CREATING:
		tell(r, "creating", "gsp up", "the machine is being made");
		break;
	case GSP_PHASE_CREATED:
	case GSP_PHASE_BOOTSTRAPPED:
	case GSP_PHASE_UPLOADED:
		tell(r, gsp_session_stage(s), "gsp up", "the game was not started yet");
		break;
	case GSP_PHASE_RUNNING:
		tell(r, "running", s->ready ? "gsp down" : "gsp up",
		    s->ready ? "the game answered" : "the game was started and has not answered yet");
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
	struct gsp_buf address = GSP_BUF_INIT(128);

	gsp_record_address(&address, s);
	snprintf(r->address, sizeof(r->address), "%.63s", gsp_buf_str(&address));
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
static const struct gsp_instance *
unknown_machine_of(const struct gsp_cloud *c, const char *name)
{
	char label[65];

	snprintf(label, sizeof(label), "gsp-%s", name);
	for (size_t i = 0; i < c->nmachines; i++)
		if (strcmp(c->machines[i].label, label) == 0 &&
		    gsp_instance_tag(&c->machines[i], "gsp-home:") != NULL)
			return &c->machines[i];
	return NULL;
}

/* No session of ours, yet the label is taken: by another home, or by us before state/ was lost. */
static void
tell_unknown(struct gsp_status_row *r, const struct gsp_home *h, const struct gsp_instance *it)
{
	const char *home = gsp_moved_home(h, it);

	snprintf(r->address, sizeof(r->address), "%s", it->ipv4);
	snprintf(r->region, sizeof(r->region), "%s", it->region);
	snprintf(r->type, sizeof(r->type), "%s", it->type);
	r->linode_id = it->id;
	r->since = it->created;
	if (home == NULL) {
		tell(r, "stray", "gsp status --take-over", "machine %" PRIu64 " is this home's, and state/ "
		    "does not know it (%s); it costs until it is deleted", it->id, it->status_text);
		return;
	}
	tell(r, "other-home", "gsp status --take-over", "machine %" PRIu64 " is of home %s (%s): bring "
	    "it down there, or take it over", it->id, home, it->status_text);
	snprintf(r->home, sizeof(r->home), "%.8s", home);
}

int
gsp_status_server(struct gsp_status_row *r, const struct gsp_home *h, const char *name,
    const struct gsp_cloud *cloud, const struct gsp_probe *probe, struct gsp_err *err)
{
	struct gsp_err elsewhere = GSP_ERR_INIT;
	const struct gsp_instance *it = NULL;
	struct gsp_session *s;

	memset(r, 0, sizeof(*r));
	snprintf(r->server, sizeof(r->server), "%s", name);
	snprintf(r->home, sizeof(r->home), "%s", h->id);
	r->mine = true;
	r->hourly_usd = r->so_far_usd = -1;
	if (gsp_session_load(&s, h, name, err) == -1)
		return -1;
	if (s == NULL) {
		tell(r, "none", "gsp up", "there is no machine");
		if ((it = unknown_machine_of(cloud, name)) != NULL)
			tell_unknown(r, h, it);
		return 0;
	}
	fill_session(r, s);
	tell_phase(r, s);
	if (cloud->known) {
		it = machine_of(cloud, s->linode_id, s->id);
		if (it != NULL && s->linode_id == 0)
			r->linode_id = it->id; /* its answer was lost, or not written down */
		if (it == NULL && gsp_session_check_here(s, h, &elsewhere) == -1)
			tell(r, gsp_session_stage(s), NULL, "%s", elsewhere.msg);
		else if (it == NULL)
			tell_gone(r, h, s);
		else if (s->taking_from[0] != '\0')
			tell(r, "other-home", "gsp status --take-over", "the take-over from home %s was cut "
			    "off", s->taking_from);
		else if (gsp_moved_home(h, it) != NULL)
			tell_moved(r, gsp_moved_home(h, it));
		else if (it->status == GSP_LS_OFFLINE)
			tell(r, "offline", "gsp up", "the machine is off, and costs all the same");
		else if (it->status == GSP_LS_SUSPENDED)
			tell(r, "offline", NULL, "Linode has suspended the machine for billing; see the "
			    "Linode manager");
		else if (probe != NULL && probe->asked)
			tell_probe(r, s, probe);
	}
	tell_busy(r, h);
	gsp_session_free(s);
	return 0;
}

static bool
accounted(const struct gsp_home *h, const struct gsp_argv *names, const struct gsp_cloud *cloud,
    const struct gsp_instance *it)
{
	const char *server = gsp_instance_tag(it, "gsp-server:");
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_session *s = NULL;
	const char *session = gsp_instance_tag(it, "gsp-session:");
	bool yes = false;

	if (server == NULL || session == NULL)
		return false;
	for (size_t i = 0; i < names->n && !yes; i++)
		if (strcmp(names->v[i], server) == 0 &&
		    gsp_session_load(&s, h, names->v[i], &ignored) == 0)
			/* without a session here the server's own row tells of it */
			yes = s != NULL ? strcmp(s->id, session) == 0
			                : unknown_machine_of(cloud, names->v[i]) == it;
	gsp_session_free(s);
	return yes;
}

static void
stray_machine(struct gsp_status_row *r, const struct gsp_home *h, const struct gsp_instance *it)
{
	const char *home = gsp_instance_tag(it, "gsp-home:");

	memset(r, 0, sizeof(*r));
	snprintf(r->server, sizeof(r->server), "%s", it->label);
	snprintf(r->home, sizeof(r->home), "%.8s", home != NULL ? home : "");
	snprintf(r->address, sizeof(r->address), "%s", it->ipv4);
	snprintf(r->region, sizeof(r->region), "%s", it->region);
	snprintf(r->type, sizeof(r->type), "%s", it->type);
	r->linode_id = it->id;
	r->since = it->created;
	r->hourly_usd = r->so_far_usd = -1;
	if (home != NULL && strcmp(home, h->id) != 0)
		tell(r, "other-home", NULL, "machine %" PRIu64 " of home %s (%s)", it->id, home,
		    it->status_text);
	else
		tell(r, "stray", NULL, "machine %" PRIu64 " has our tag and no session here (%s); it "
		    "costs until it is deleted", it->id, it->status_text);
}

static bool
has_machine(const struct gsp_cloud *c, const char *label)
{
	for (size_t i = 0; i < c->nmachines; i++)
		if (strcasecmp(c->machines[i].label, label) == 0)
			return true;
	return false;
}

/* A firewall costs nothing; one without a machine is left over from a delete that broke off. */
static bool
stray_firewall(struct gsp_status_row *r, const struct gsp_home *h, const struct gsp_cloud *c,
    const struct gsp_firewall *fw, struct gsp_err *err)
{
	struct gsp_session *s = NULL;
	const char *name = strncmp(fw->label, "gsp-", 4) == 0 ? fw->label + 4 : fw->label;
	bool wanted;

	if (fw->ndevices > 0 || has_machine(c, fw->label))
		return false;
	wanted = gsp_server_name_ok(name) && gsp_session_load(&s, h, name, err) == 0 && s != NULL;
	gsp_session_free(s);
	if (wanted)
		return false;
	memset(r, 0, sizeof(*r));
	snprintf(r->server, sizeof(r->server), "%s", fw->label);
	r->since = fw->created;
	r->hourly_usd = r->so_far_usd = -1;
	tell(r, "stray", NULL, "firewall %" PRIu64 " without a machine; it costs nothing", fw->id);
	return true;
}

int
gsp_status_strays(const struct gsp_home *h, const struct gsp_argv *names,
    const struct gsp_cloud *cloud, gsp_status_fn *fn, void *ctx, struct gsp_err *err)
{
	struct gsp_status_row r;

	for (size_t i = 0; i < cloud->ntagged; i++) {
		if (accounted(h, names, cloud, &cloud->machines[i]))
			continue;
		stray_machine(&r, h, &cloud->machines[i]);
		if (fn(ctx, &r, err) == -1)
			return -1;
	}
	for (size_t i = 0; i < cloud->nfirewalls; i++)
		if (stray_firewall(&r, h, cloud, &cloud->firewalls[i], err) && fn(ctx, &r, err) == -1)
			return -1;
	gsp_err_clear(err);
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

static bool
has_name(const struct gsp_argv *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (strcmp(names->v[i], name) == 0)
			return true;
	return false;
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
	DIR *d;

	if (gsp_home_servers(h, names, err) == -1)
		return -1;
	d = opendir(gsp_home_path(h, &path, "state"));
	while (d != NULL && (e = readdir(d)) != NULL)
		if (gsp_server_name_ok(e->d_name) && !has_name(names, e->d_name) &&
		    gsp_io_exists(gsp_home_state_path(h, &path, e->d_name, "session.json")))
			gsp_argv_push(names, e->d_name);
	if (d != NULL)
		closedir(d);
	gsp_buf_release(&path);
	if (names->n > 1)
		qsort(names->v, names->n, sizeof(*names->v), by_name);
	return names->failed ? gsp_err_set(err, GSP_ESYS, "out of memory") : 0;
}
