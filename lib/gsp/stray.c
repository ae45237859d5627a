#include "gsp/stray.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/num.h"
#include "gsp/job.h"
#include "gsp/ledger.h"
#include "gsp/moved.h"
#include "gsp/stray_firewall.h"
#include "gsp/teardown.h"
#include "gsp/witness.h"
#include "linode/instance.h"
#include "sys/io.h"

#include "base/banned.h"

#define STEP   "teardown"
#define ID_MAX ((uint64_t)1 << 53)

struct stray {
	struct gsp_home *home;
	const struct gsp_stray_opts *o;
	uint64_t id;
	struct gsp_job *job; /* of the server its tags name, locked, if this home has that server */
	struct gsp_witness w;
	bool whole;          /* all tags are there */
	struct gsp_err lacks; /* which is not */
	const char *other;   /* the home that has it; NULL: ours, or nobody knows */
	bool proven;
};

/* ---- whose it is ---- */

static bool
known_server(const struct gsp_home *h, const char *server)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	bool yes;

	yes = gsp_server_name_ok(server) &&
	    (gsp_io_exists(gsp_home_server_path(h, &path, server, "server.yaml")) ||
	        gsp_io_exists(gsp_home_state_path(h, &path, server, "session.json")));
	gsp_buf_release(&path);
	return yes;
}

int
gsp_stray_job(struct gsp_job **job, struct gsp_home *h, const char *server,
    const struct gsp_stray_opts *o, struct gsp_err *err)
{
	struct gsp_job *mine;

	if (known_server(h, server)) {
		if (gsp_job_open(&mine, h, server, o->actor, o->steps, "teardown --stray", GSP_JOB_LOCK,
		        err) == -1)
			return -1;
	} else {
		if ((mine = calloc(1, sizeof(*mine))) == NULL)
			return gsp_err_set(err, GSP_ESYS, "out of memory");
		mine->home = h;
		mine->actor = o->actor;
		mine->steps = o->steps;
		mine->lock_fd = -1;
		snprintf(mine->server, sizeof(mine->server), "%.28s", server);
	}
	gsp_job_close(*job);
	*job = mine;
	return gsp_job_api(mine, err);
}

static int
read_cloud(struct stray *x, struct gsp_err *err)
{
	if (gsp_instance_get(x->job->api, x->id, &x->w.it, err) == -1)
		return -1;
	x->whole = gsp_witness_tags(&x->w, &x->lacks) == 0;
	x->other = gsp_moved_home(x->home, &x->w.it);
	return 0;
}

static int
refuse_other(struct stray *x, struct gsp_err *err)
{
	return gsp_err_set(err, GSP_EREFUSED, "machine '%s' (id %" PRIu64 ") is of home '%s'; nothing was "
	    "deleted: bring it down there, or give --take-over too, which makes it this home's first",
	    x->w.it.label, x->id, x->other);
}

static int
check_may(struct stray *x, struct gsp_err *err)
{
	const struct gsp_instance *it = &x->w.it;
	const struct gsp_session *s = x->job->session;

	if (!gsp_instance_has_tag(it, "gsp"))
		return gsp_err_set(err, GSP_EREFUSED, "machine '%s' (id %" PRIu64 ") does not carry the tag "
		    "'gsp': gsp did not make it and never touches it", it->label, x->id);
	if (x->other != NULL && !x->o->take_over)
		return refuse_other(x, err);
	if (!x->whole && !x->o->discard)
		return gsp_err_set(err, GSP_EREFUSED, "%s, so it cannot be asked whether its save is home; "
		    "nothing was deleted: log in and look, or give it up for good with 'gsp teardown "
		    "--stray %" PRIu64 " --discard-unsaved'", x->lacks.msg, x->id);
	if (x->other == NULL && s != NULL &&
	    (s->linode_id == x->id || (x->whole && strcmp(s->id, x->w.session) == 0)))
		return gsp_err_set(err, GSP_EREFUSED, "machine '%s' (id %" PRIu64 ") is no stray: it is the "
		    "session of '%s'; use 'gsp down %s' or 'gsp teardown %s'", it->label, x->id,
		    x->job->server, x->job->server, x->job->server);
	if (it->locked_delete)
		return gsp_err_set(err, GSP_EREFUSED, "the machine '%s' is locked against deletion in the "
		    "Linode manager; unlock it there", it->label);
	return 0;
}

/* ---- the proof ---- */

static int
refuse(struct stray *x, const char *why, struct gsp_err *err)
{
	return gsp_err_set(err, GSP_EREFUSED, "%s; nothing was deleted: 'gsp status --take-over %s' and "
	    "then 'gsp down %s' bring its save home ('gsp teardown --stray %" PRIu64
	    " --discard-unsaved' gives it up for good)", why, x->w.server, x->w.server, x->id);
}

/* What this home remembers of that session, if it ended it and the machine lived on. */
static int
settings(struct stray *x, struct gsp_session *s, bool *was_started, struct gsp_err *err)
{
	struct gsp_session *was = NULL;

	*was_started = true;
	if (gsp_session_load_ended(&was, x->home, x->w.server, x->w.session, err) == -1)
		return -1;
	if (was == NULL)
		return gsp_server_conf_load(&s->conf, x->home, x->w.server, err);
	*was_started = was->start_intent;
	s->conf = was->conf;
	was->conf = NULL;
	gsp_session_free(was);
	return 0;
}

static int
silent(struct stray *x, bool was_started, struct gsp_err *err)
{
	char why[400];

	if (err->code == GSP_ECANCEL)
		return -1;
	/* it answers, and is not what its tags say: whoever made it so may have played there */
	if (err->code == GSP_EREFUSED && err->detail != GSP_WITNESS_NO_MARKER)
		return -1;
	if (!was_started) {
		gsp_steps_warn(x->job->steps, x->job->server, "the machine cannot be asked (%s); its session "
		    "ended here, and nothing was ever started in it, so nothing is lost", err->msg);
		gsp_err_clear(err);
		return 0;
	}
	if (err->code == GSP_EREFUSED)
		return -1; /* a marker that is missing: said already, with what to do */
	snprintf(why, sizeof(why), "the machine '%s' cannot be asked (%.300s)", x->w.it.label, err->msg);
	return refuse(x, why, err);
}

static int
ask_machine(struct stray *x, struct gsp_session *s, bool was_started, struct gsp_err *err)
{
	struct gsp_job *job = x->job;
	struct gsp_session *journal = job->session;
	int rc;

	if (x->w.it.status != GSP_LS_RUNNING) {
		gsp_err_set(err, GSP_ETEMP, "it is %s", x->w.it.status_text);
		return silent(x, was_started, err);
	}
	if (gsp_witness_open(&x->w, x->home, 0, err) == -1)
		return silent(x, was_started, err);
	if (strcmp(x->w.hello.marker.home, x->home->id) != 0)
		return gsp_err_set(err, GSP_EREFUSED, "machine '%s' carries this home's tag, and says that it "
		    "is of home '%s'; nothing was deleted: 'gsp status --take-over %s' makes it this "
		    "home's", x->w.it.label, x->w.hello.marker.home, x->w.server);
	if (gsp_witness_check_dir(&x->w, s->conf, err) == -1 ||
	    gsp_witness_fill(&x->w, job, &x->w.hello.marker, s, err) == -1)
		return -1;
	job->session = s;
	job->remote = x->w.remote;
	job->stray = x->id;
	rc = gsp_teardown_permit(job, err);
	job->stray = 0;
	job->remote = NULL;
	job->session = journal;
	return rc;
}

static int
prove(struct stray *x, struct gsp_err *err)
{
	struct gsp_session *s;
	bool was_started;
	int rc;

	if (x->job->lock_fd < 0)
		return gsp_err_set(err, GSP_EREFUSED, "servers/%s/ is not in this home, so nothing here can "
		    "prove that the save of machine '%s' (id %" PRIu64 ") is home; nothing was deleted: "
		    "bring servers/%s/ back, or give the save up for good with 'gsp teardown --stray %" PRIu64
		    " --discard-unsaved'", x->w.server, x->w.it.label, x->id, x->w.server, x->id);
	if ((s = calloc(1, sizeof(*s))) == NULL)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	rc = settings(x, s, &was_started, err) == -1 || ask_machine(x, s, was_started, err) == -1 ? -1 : 0;
	gsp_session_free(s);
	x->proven = rc == 0;
	return rc;
}

static int
confirm_discard(struct stray *x, struct gsp_err *err)
{
	const struct gsp_instance *it = &x->w.it;
	char text[500], span[48];

	if (x->o->confirm == NULL)
		return 0;
	snprintf(text, sizeof(text), "Machine '%s' (id %" PRIu64 ", %s in %s, %s old%s%s) is deleted "
	    "WITHOUT its save: what was played there is lost for good.", it->label, x->id, it->type,
	    it->region, gsp_num_span(span, sizeof(span), gsp_wall_s() - it->created),
	    x->other != NULL ? ", of home " : "", x->other != NULL ? x->other : "");
	return x->o->confirm(x->o->ctx, text, err);
}

/* ---- the end of it ---- */

/* Between the proof and the delete somebody may have taken it over. */
static int
still_so(struct stray *x, bool *gone, struct gsp_err *err)
{
	struct gsp_witness now;
	struct gsp_err ignored = GSP_ERR_INIT;
	const char *home;

	memset(&now, 0, sizeof(now));
	*gone = false;
	if (gsp_instance_get(x->job->api, x->id, &now.it, err) == -1) {
		if (err->code != GSP_ENOTFOUND)
			return -1;
		gsp_err_clear(err);
		*gone = true;
		return 0;
	}
	home = gsp_moved_home(x->home, &now.it);
	if ((gsp_witness_tags(&now, &ignored) == 0) == x->whole && gsp_instance_has_tag(&now.it, "gsp") &&
	    (home == NULL) == (x->other == NULL) && (home == NULL || strcasecmp(home, x->other) == 0) &&
	    (!x->whole || strcmp(now.session, x->w.session) == 0))
		return 0;
	return gsp_err_set(err, GSP_EREFUSED, "the tags of machine '%s' (id %" PRIu64 ") changed while it "
	    "was asked; nothing was deleted: look with 'gsp status'", x->w.it.label, x->id);
}

static int
tell_ledger(struct stray *x, const struct gsp_session *s, bool before, struct gsp_err *err)
{
	const char *actor = x->o->actor;

	if (!before)
		return gsp_ledger_add(x->home, s, x->proven ? "delete" : "discard", actor, err);
	if (gsp_ledger_add(x->home, s, x->other != NULL ? "take-over" : "create", actor, err) == -1)
		return -1;
	return x->proven ? 0 : gsp_ledger_add(x->home, s, "discard-unsaved", actor, err);
}

static int
tell_done(struct stray *x, const struct gsp_session *s)
{
	uint64_t hours;
	double usd;
	char money[24], span[48];

	gsp_session_cost(s, gsp_wall_s(), &hours, &usd);
	gsp_steps_done(x->job->steps, x->job->server, STEP, "%s (id %" PRIu64 ") is deleted; %s, %" PRIu64
	    " started hour%s, %s", x->w.it.label, x->id,
	    gsp_num_span(span, sizeof(span), gsp_wall_s() - s->created), hours, hours == 1 ? "" : "s",
	    s->hourly_usd >= 0 ? gsp_num_usd(money, sizeof(money), usd) : "at an unknown price");
	return 0;
}

static int
remove_machine(struct stray *x, struct gsp_err *err)
{
	struct gsp_session *s = calloc(1, sizeof(*s));
	struct gsp_job *job = x->job;
	bool gone = false;
	int rc = -1;

	if (s == NULL)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	if (gsp_home_state_make(x->home, NULL, err) == -1 ||
	    gsp_witness_facts(&x->w, job, s, err) == -1 || still_so(x, &gone, err) == -1 ||
	    tell_ledger(x, s, true, err) == -1)
		goto out;
	gsp_steps_update(job->steps, job->server, STEP, -1, 0, 0, "deleting %s", x->w.it.label);
	if (!gone && gsp_instance_delete(job->api, x->id, x->w.it.label,
	        gsp_now_ms() + GSP_TEARDOWN_GONE_MS, err) == -1) {
		gsp_err_hint(err, "the machine may still cost: run 'gsp teardown --stray %" PRIu64 "%s%s' again",
		    x->id, x->other != NULL ? " --take-over" : "", x->proven ? "" : " --discard-unsaved");
		goto out;
	}
	if (tell_ledger(x, s, false, err) == -1)
		goto out;
	/* one for each server: another session may need it */
	if (x->other == NULL && job->lock_fd >= 0 && job->session == NULL &&
	    gsp_teardown_firewall(job, err) == -1)
		goto out;
	rc = tell_done(x, s);
out:
	gsp_session_free(s);
	return rc;
}

/* It becomes a session of this home, and then it is no stray any more. */
static int
take_over(struct stray *x, struct gsp_err *err)
{
	const struct gsp_takeover_opts o = {
	    .id = x->id, .confirm = x->o->confirm, .ctx = x->o->ctx};

	if (x->job->lock_fd < 0)
		return gsp_err_set(err, GSP_EREFUSED, "servers/%s/ is not in this home, so its machine cannot "
		    "be taken over; nothing was deleted: bring servers/%s/ here, or give the save up for "
		    "good with 'gsp teardown --stray %" PRIu64 " --take-over --discard-unsaved'",
		    x->w.server, x->w.server, x->id);
	return gsp_takeover(x->job, &o, err) == -1 || gsp_teardown(x->job, false, err) == -1 ? -1 : 0;
}

static int
machine(struct stray *x, struct gsp_err *err)
{
	char name[65];

	if (read_cloud(x, err) == -1)
		return -1;
	snprintf(name, sizeof(name), "%s", x->w.server[0] != '\0' ? x->w.server : x->w.it.label);
	if (gsp_stray_job(&x->job, x->home, name, x->o, err) == -1)
		return -1;
	gsp_steps_begin(x->job->steps, x->job->server, STEP, "machine %" PRIu64 ": whose it is", x->id);
	/* what was looked up before the lock was ours may be old */
	if (read_cloud(x, err) == -1 || check_may(x, err) == -1)
		return -1;
	if (x->w.it.status == GSP_LS_DELETING) {
		x->proven = true; /* by whoever deletes it: we only wait */
		return remove_machine(x, err);
	}
	if (x->o->discard)
		return confirm_discard(x, err) == -1 ? -1 : remove_machine(x, err);
	if (x->other != NULL)
		return take_over(x, err);
	return prove(x, err) == -1 ? -1 : remove_machine(x, err);
}

static int
parse(const char *what, bool *firewall, uint64_t *id, struct gsp_err *err)
{
	*firewall = strncmp(what, "firewall:", 9) == 0;
	if (gsp_num_u64(id, *firewall ? what + 9 : what, 1, ID_MAX) == 0)
		return 0;
	return gsp_err_set(err, GSP_EUSAGE, "'%.60s' is no machine's number and no 'firewall:NUMBER'; 'gsp "
	    "status' shows them", what);
}

int
gsp_stray_delete(struct gsp_home *h, const char *what, const struct gsp_stray_opts *o,
    char name[GSP_STRAY_NAME], struct gsp_err *err)
{
	struct stray x;
	bool firewall;
	int rc = -1;

	snprintf(name, GSP_STRAY_NAME, "%.28s", what);
	memset(&x, 0, sizeof(x));
	x.home = h;
	x.o = o;
	if (parse(what, &firewall, &x.id, err) == -1)
		return -1;
	if (gsp_stray_job(&x.job, h, what, o, err) == 0)
		rc = firewall ? gsp_stray_firewall(&x.job, x.id, o, err) : machine(&x, err);
	if (x.job != NULL)
		snprintf(name, GSP_STRAY_NAME, "%s", x.job->server);
	if (rc == -1 && err->code == GSP_ENOTFOUND) {
		gsp_err_clear(err);
		gsp_steps_done(o->steps, name, STEP, "%s is gone already", what);
		rc = 0;
	}
	if (rc == -1)
		gsp_steps_fail(o->steps, name, STEP, "%s", err->msg);
	gsp_witness_release(&x.w);
	gsp_job_close(x.job);
	return rc;
}
