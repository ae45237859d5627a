#include "gsp/reconcile.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "gsp/ledger.h"
#include "gsp/moved.h"
#include "linode/catalogue.h"
#include "linode/event.h"
#include "sys/lock.h"

#include "base/banned.h"

#define ASK_MS 5000 /* when it ended is worth this much waiting */

struct reconcile {
	const struct gsp_home *h;
	struct gsp_linode *api;
	const struct gsp_cloud *cloud;
	const char *actor;
	gsp_reconcile_fn *told;
	void *ctx;
};

/* ---- when a machine that is gone was deleted ---- */

static bool
deleted_at(struct gsp_linode *api, uint64_t id, int64_t created, int64_t *when)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	int64_t former = gsp_linode_set_deadline(api, gsp_now_ms() + ASK_MS);
	struct gsp_event e[25];
	size_t n = 0;
	bool found = false;

	if (gsp_event_of_instance(api, id, 0, e, sizeof(e) / sizeof(e[0]), &n, &ignored) == 0)
		for (size_t i = 0; i < n && !found; i++)
			if (strcmp(e[i].action, "linode_delete") == 0 && e[i].created >= created) {
				*when = e[i].created;
				found = true;
			}
	gsp_linode_set_deadline(api, former);
	return found;
}

static void
set_end(struct gsp_session *s, struct gsp_linode *api)
{
	s->ended_guess = !deleted_at(api, s->linode_id, s->created, &s->ended);
	if (s->ended_guess)
		s->ended = s->phase == GSP_PHASE_DELETING && s->since != 0 ? s->since : gsp_wall_s();
}

void
gsp_reconcile_end(struct gsp_job *job)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_session *s = job->session;

	if (s->linode_id == 0)
		return;
	if (gsp_session_check_here(s, job->home, &ignored) == 0 && gsp_job_api(job, &ignored) == 0)
		set_end(s, job->api);
	else { /* another API's: nobody here can tell */
		s->ended = s->phase == GSP_PHASE_DELETING && s->since != 0 ? s->since : gsp_wall_s();
		s->ended_guess = true;
	}
}

/* ---- what the list says ---- */

static const struct gsp_instance *
listed(const struct gsp_cloud *c, uint64_t id, const char *session)
{
	for (size_t i = 0; i < c->nmachines; i++) {
		const char *tag = gsp_instance_tag(&c->machines[i], "gsp-session:");

		if ((id != 0 && c->machines[i].id == id) || (tag != NULL && strcasecmp(tag, session) == 0))
			return &c->machines[i];
	}
	return NULL;
}

static bool
made_here(const struct reconcile *r, const struct gsp_ledger_session *s)
{
	return s->api_url == NULL || strcmp(s->api_url, r->h->api_url) == 0;
}

/* A machine of this home and of a session, as far as its tags tell. */
static bool
tagged(const struct reconcile *r, const struct gsp_instance *it)
{
	const char *home = gsp_instance_tag(it, "gsp-home:");
	const char *server = gsp_instance_tag(it, "gsp-server:");
	const char *session = gsp_instance_tag(it, "gsp-session:");

	return it->status != GSP_LS_DELETING && gsp_instance_has_tag(it, "gsp") && home != NULL &&
	    strcasecmp(home, r->h->id) == 0 && server != NULL && gsp_server_name_ok(server) &&
	    session != NULL && session[0] != '\0' && strlen(session) <= 32 &&
	    strspn(session, "abcdefghijklmnopqrstuvwxyz0123456789") == strlen(session);
}

static bool
runs(const struct gsp_ledger_session *s)
{
	return s != NULL && s->bought && s->end == NULL;
}

/* ---- one session, under its server's lock ---- */

struct held {
	int fd;
	struct gsp_ledger ledger; /* read again under the lock */
	struct gsp_session *journal;
};

static void
let_go(struct held *x)
{
	gsp_lock_drop(x->fd);
	gsp_ledger_release(&x->ledger);
	gsp_session_free(x->journal);
}

/* 0 held; 1 somebody is at work there; -1. */
static int
hold(struct held *x, const struct reconcile *r, const char *server, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	char note[GSP_LOCK_NOTE];
	int rc;

	memset(x, 0, sizeof(*x));
	x->fd = -1;
	gsp_lock_who(note, r->actor, "status, writing the ledger");
	rc = gsp_home_state_make(r->h, server, err) == -1
	    ? -1
	    : gsp_lock_take(&x->fd, gsp_home_state_path(r->h, &path, server, "lock"), note, -1, err);
	gsp_buf_release(&path);
	if (rc == -1) {
		if (err->code != GSP_ETEMP)
			return -1;
		gsp_err_clear(err);
		return 1;
	}
	if (gsp_session_load(&x->journal, r->h, server, err) == -1) {
		let_go(x);
		gsp_err_clear(err); /* status has a row for it; the other servers have their turn */
		return 1;
	}
	if (gsp_ledger_read_of(&x->ledger, r->h, server, NULL, NULL, err) == -1) {
		let_go(x);
		return -1;
	}
	return 0;
}

__attribute__((format(printf, 2, 3))) static void
tell(const struct reconcile *r, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (r->told != NULL)
		r->told(r->ctx, text);
}

/* What the ledger says of a session, as one that a line can be written of. */
static void
fill(struct gsp_session *s, const struct gsp_ledger_session *from)
{
	memset(s, 0, sizeof(*s));
	snprintf(s->id, sizeof(s->id), "%s", from->id);
	snprintf(s->server, sizeof(s->server), "%s", from->server);
	snprintf(s->actor, sizeof(s->actor), "%s", from->actor);
	snprintf(s->region, sizeof(s->region), "%s", from->region);
	snprintf(s->type, sizeof(s->type), "%s", from->type);
	s->linode_id = from->linode_id;
	s->created = from->created;
	s->hourly_usd = from->hourly < 0 ? -1 : gsp_money_usd(from->hourly);
	s->monthly_usd = from->monthly < 0 ? -1 : gsp_money_usd(from->monthly);
	s->api_url = from->api_url; /* borrowed */
}

/* Is it really gone? Its id, and whatever else may carry its tag now. 0 gone, 1 there, -1. */
static int
ask_gone(const struct reconcile *r, const struct gsp_ledger_session *s, struct gsp_instance *it,
    struct gsp_err *err)
{
	char label[65];
	const char *tag;

	if (gsp_instance_get(r->api, s->linode_id, it, err) == 0)
		return 1;
	if (err->code != GSP_ENOTFOUND)
		return -1;
	snprintf(label, sizeof(label), "gsp-%s", s->server);
	gsp_err_clear(err);
	if (gsp_instance_find(r->api, label, it, err) == 0) {
		tag = gsp_instance_tag(it, "gsp-session:");
		return tag != NULL && strcasecmp(tag, s->id) == 0;
	}
	if (err->code != GSP_ENOTFOUND)
		return -1;
	gsp_err_clear(err);
	return 0;
}

static int
add_gone(const struct reconcile *r, struct held *x, const struct gsp_ledger_session *s,
    struct gsp_err *err)
{
	bool mine = x->journal != NULL && strcmp(x->journal->id, s->id) == 0;
	char when[GSP_CLOCK_TEXT];
	struct gsp_session line;

	fill(&line, s);
	if (mine) {
		line.phase = x->journal->phase;
		line.since = x->journal->since;
	}
	set_end(&line, r->api);
	if (gsp_ledger_add(r->h, &line, "gone", r->actor, err) == -1)
		return -1;
	tell(r, "ledger: machine %" PRIu64 " of '%s' is gone since %s%s; its session is closed there",
	    s->linode_id, s->server, gsp_clock_format(when, sizeof(when), line.ended),
	    line.ended_guess ? " or before" : "");
	return 0;
}

static int
add_moved(const struct reconcile *r, struct held *x, const struct gsp_ledger_session *s,
    const struct gsp_instance *it, struct gsp_err *err)
{
	const char *home = gsp_moved_home(r->h, it);
	struct gsp_session line;

	/* its own journal remembers it, and `down` will say so */
	if (home == NULL || (x->journal != NULL && strcmp(x->journal->id, s->id) == 0))
		return 0;
	fill(&line, s);
	line.ended = gsp_wall_s();
	line.ended_guess = true;
	if (gsp_ledger_add(r->h, &line, "moved", r->actor, err) == -1)
		return -1;
	tell(r, "ledger: machine %" PRIu64 " of '%s' belongs to home '%s' now; its session is closed "
	    "there", s->linode_id, s->server, home);
	return 0;
}

static int
close_session(const struct reconcile *r, const char *server, const char *id, struct gsp_err *err)
{
	struct gsp_ledger_session *s;
	struct gsp_instance it;
	struct held x;
	int rc = hold(&x, r, server, err), there;

	if (rc != 0)
		return rc == 1 ? 0 : -1;
	s = gsp_ledger_find(&x.ledger, id);
	if (runs(s) && made_here(r, s) && strcmp(s->server, server) == 0) {
		there = ask_gone(r, s, &it, err);
		rc = there == -1 ? -1 : there == 0 ? add_gone(r, &x, s, err) : add_moved(r, &x, s, &it, err);
	}
	let_go(&x);
	return rc;
}

static int
price(const struct reconcile *r, struct gsp_session *s, const struct gsp_instance *it,
    struct gsp_err *err)
{
	struct gsp_plan plan;

	s->hourly_usd = s->monthly_usd = -1;
	if (gsp_plan_get(r->api, it->type, it->region, &plan, err) == -1) {
		if (err->code != GSP_EUNAVAIL)
			return -1;
		gsp_err_clear(err); /* a plan that is not sold any more: the price stays unknown */
		return 0;
	}
	gsp_plan_price(&plan, it->backups, &s->hourly_usd, &s->monthly_usd);
	return 0;
}

static int
add_create(const struct reconcile *r, struct held *x, const struct gsp_instance *it,
    const struct gsp_ledger_session *known, struct gsp_err *err)
{
	const struct gsp_session *j = x->journal;
	bool mine = j != NULL && strcmp(j->id, gsp_instance_tag(it, "gsp-session:")) == 0;
	char when[GSP_CLOCK_TEXT];
	struct gsp_session s;

	memset(&s, 0, sizeof(s));
	snprintf(s.id, sizeof(s.id), "%s", gsp_instance_tag(it, "gsp-session:"));
	snprintf(s.server, sizeof(s.server), "%s", gsp_instance_tag(it, "gsp-server:"));
	snprintf(s.actor, sizeof(s.actor), "%s", mine ? j->actor
	        : known != NULL && known->actor[0] != '\0'    ? known->actor
	                                                      : "unknown");
	snprintf(s.region, sizeof(s.region), "%s", it->region);
	snprintf(s.type, sizeof(s.type), "%s", it->type);
	s.linode_id = it->id;
	s.created = it->created != 0 ? it->created : gsp_wall_s();
	if (mine && j->hourly_usd >= 0 && strcmp(j->type, it->type) == 0 &&
	    strcmp(j->region, it->region) == 0) {
		s.hourly_usd = j->hourly_usd;
		s.monthly_usd = j->monthly_usd;
	} else if (price(r, &s, it, err) == -1)
		return -1;
	if (gsp_ledger_add(r->h, &s, "create", s.actor, err) == -1)
		return -1;
	tell(r, "ledger: machine %" PRIu64 " of '%s', made at %s, was not in it; it is now", it->id,
	    s.server, gsp_clock_format(when, sizeof(when), s.created));
	return 0;
}

static int
open_session(const struct reconcile *r, const struct gsp_instance *listed_as, struct gsp_err *err)
{
	const char *id = gsp_instance_tag(listed_as, "gsp-session:"), *tag;
	const struct gsp_ledger_session *s;
	struct gsp_instance it;
	struct held x;
	int rc = hold(&x, r, gsp_instance_tag(listed_as, "gsp-server:"), err);

	if (rc != 0)
		return rc == 1 ? 0 : -1;
	if (gsp_instance_get(r->api, listed_as->id, &it, err) == -1) {
		rc = err->code == GSP_ENOTFOUND ? 0 : -1;
		if (rc == 0)
			gsp_err_clear(err);
		goto out;
	}
	tag = gsp_instance_tag(&it, "gsp-session:");
	s = gsp_ledger_find(&x.ledger, id);
	/* what the ledger does not say itself a journal may: that is not yet a line */
	if (tagged(r, &it) && strcmp(tag, id) == 0 && (!runs(s) || s->unwritten))
		rc = add_create(r, &x, &it, s, err);
out:
	let_go(&x);
	return rc;
}

int
gsp_reconcile(const struct gsp_home *h, struct gsp_linode *api, const struct gsp_cloud *cloud,
    const char *actor, gsp_reconcile_fn *told, void *ctx, struct gsp_err *err)
{
	const struct reconcile r = {h, api, cloud, actor, told, ctx};
	const struct gsp_ledger_session *s;
	struct gsp_ledger l;
	int rc = gsp_ledger_read(&l, h, NULL, NULL, err);

	if (rc == -1)
		return -1;
	for (size_t i = 0; rc == 0 && i < l.n; i++) {
		const struct gsp_instance *it = listed(cloud, l.v[i].linode_id, l.v[i].id);

		if (runs(&l.v[i]) && made_here(&r, &l.v[i]) &&
		    (it == NULL || (gsp_moved_home(h, it) != NULL && !l.v[i].journal)))
			rc = close_session(&r, l.v[i].server, l.v[i].id, err);
	}
	for (size_t i = 0; rc == 0 && i < cloud->nmachines; i++) {
		if (!tagged(&r, &cloud->machines[i]))
			continue;
		s = gsp_ledger_find(&l, gsp_instance_tag(&cloud->machines[i], "gsp-session:"));
		if (!runs(s) || s->unwritten)
			rc = open_session(&r, &cloud->machines[i], err);
	}
	gsp_ledger_release(&l);
	return rc;
}
