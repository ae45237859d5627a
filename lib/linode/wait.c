/* Waiting for a machine to run, and for one to be gone. */
#include "linode/instance.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "linode/event.h"
#include "linode/parse.h"
#include "net/retry.h"

#include "base/banned.h"

/* A create takes 3..65 s and a boot 24..67 s on the real thing, and an instant in the sandbox:
 * the pause is a sixteenth of the time that has passed, so nobody waits much longer than he must
 * and a slow machine is not asked more often than the caller wants. */
#define POLL_FIRST_MS 250
#define POLL_PART 16
#define POLL_MS 3000
#define EVENTS_MS 9000	 /* lists have a tighter rate limit than single objects */
#define OFFLINE_MS 30000 /* a boot job may be this late to appear */
#define DELETE_FIRST_MS 100
#define DELETE_POLL_MS 3000
#define DELETE_AGAIN_MS 30000

struct watch {
	uint64_t id, after;
	int64_t offline_since; /* 0: it is not */
	int64_t events_next;   /* when to look at them again; -1: we may not see them */
	int percent;
	bool pending; /* a create or boot job is under way, as of the last look */
};

/* One pause of a wait loop: ${ms}, but no longer than to the deadline. */
static int
pause_ms(int64_t ms, int64_t deadline_ms, struct gsp_err *err)
{
	const struct gsp_retry_clock *clock = gsp_retry_clock();
	int64_t left = deadline_ms - clock->now_ms();

	if (left <= 0)
		return gsp_err_set(err, GSP_ETEMP, "it took too long");
	return clock->sleep_ms(ms < left ? ms : left, err);
}

static bool
is_job_pending(const struct gsp_event *e)
{
	return strcmp(e->status, "scheduled") == 0 || strcmp(e->status, "started") == 0;
}

/* Look at the jobs of the machine. -1 with GSP_ECREATE: its newest create or boot failed. */
static int
check_events(struct gsp_linode *c, struct watch *w, struct gsp_err *err)
{
	bool seen_create = false, seen_boot = false, *seen;
	struct gsp_event e[10];
	size_t n;

	if (gsp_event_of_instance(c, w->id, w->after, e, sizeof(e) / sizeof(e[0]), &n, err) ==
	    -1) {
		if (err->code == GSP_ECANCEL)
			return -1;
		/* a token without events:read_only still gets its machine */
		gsp_debug("no events: %s", err->msg);
		if (err->code == GSP_EAUTH)
			w->events_next = -1;
		return 0;
	}
	w->pending = false;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(e[i].action, "linode_create") == 0)
			seen = &seen_create;
		else if (strcmp(e[i].action, "linode_boot") == 0)
			seen = &seen_boot;
		else
			continue;
		if (*seen || strcmp(e[i].status, "notification") == 0)
			continue;
		*seen = true;
		if (strcmp(e[i].status, "failed") == 0)
			return gsp_err_set(err, GSP_ECREATE, "the job '%s' failed (%s)",
			    e[i].action,
			    e[i].message[0] != '\0' ? e[i].message : "no reason given");
		if (is_job_pending(&e[i])) {
			w->pending = true;
			w->percent = e[i].percent;
		}
	}
	return 0;
}

/* 1: it runs; 0: go on; -1: it never will. */
static int
judge(struct gsp_linode *c, struct watch *w, const struct gsp_instance *i, struct gsp_err *err)
{
	int64_t now = gsp_retry_clock()->now_ms();
	bool offline = i->status == GSP_LS_OFFLINE;

	if (i->status == GSP_LS_RUNNING)
		return 1;
	if (i->status == GSP_LS_SUSPENDED)
		return gsp_err_set(err, GSP_ECREATE,
		    "it is suspended (%s); see cloud.linode.com > Billing", i->status_text);
	if (w->events_next != -1 && (offline || now >= w->events_next)) {
		w->events_next = now + EVENTS_MS;
		if (check_events(c, w, err) == -1)
			return -1;
	}
	if (!offline || w->pending) {
		w->offline_since = 0;
		return 0;
	}
	if (w->offline_since == 0)
		w->offline_since = now;
	if (now - w->offline_since >= OFFLINE_MS)
		return gsp_err_set(err, GSP_ECREATE,
		    "it stays '%s' and no job will boot it; boot it at "
		    "cloud.linode.com, or delete it and try again",
		    i->status_text);
	return 0;
}

/* The deadline has come: the machine is slow, or it is the API that does not answer. */
static int
too_late(const struct gsp_instance *i, bool answered, struct gsp_err *err)
{
	const char *status = i->status_text[0] != '\0' ? i->status_text : "unknown";

	if (answered)
		return gsp_err_set(err, GSP_ETEMP, "it is still '%s' at the deadline; run the same "
		    "command again to go on", status);
	gsp_err_wrap(err, "it was '%s' when last seen", status);
	return gsp_err_hint(err, "run the same command again to go on");
}

static int
watch_running(struct gsp_linode *c, struct watch *w, int64_t deadline_ms, int64_t poll_ms,
    gsp_instance_seen *seen, void *ctx, struct gsp_instance *out, struct gsp_err *err)
{
	const struct gsp_retry_clock *clock = gsp_retry_clock();
	struct gsp_instance i = {0};
	int64_t wait, began = clock->now_ms();
	bool answered;
	int rc;

	for (;;) {
		answered = gsp_instance_get(c, w->id, &i, err) == 0;
		if (answered) {
			rc = judge(c, w, &i, err);
			if (seen != NULL && rc != -1)
				seen(ctx, &i, rc == 1 ? 100 : w->percent);
			if (rc == 1)
				*out = i;
			if (rc != 0)
				return rc == 1 ? 0 : -1;
		} else if (err->code == GSP_ENOTFOUND)
			return gsp_err_set(err, GSP_ENOTFOUND, "somebody deleted it");
		else if (err->code != GSP_ETEMP)
			return -1;
		if (clock->now_ms() >= deadline_ms)
			return too_late(&i, answered, err);
		wait = (clock->now_ms() - began) / POLL_PART;
		wait = wait > POLL_FIRST_MS ? wait : POLL_FIRST_MS;
		if (pause_ms(wait < poll_ms ? wait : poll_ms, deadline_ms, err) == -1)
			return -1;
	}
}

int
gsp_instance_wait_running(struct gsp_linode *c, uint64_t id, uint64_t after_event,
    int64_t deadline_ms, int64_t poll_ms, gsp_instance_seen *seen, void *ctx,
    struct gsp_instance *out, struct gsp_err *err)
{
	struct watch w = {.id = id, .after = after_event, .percent = -1};
	int64_t before = gsp_linode_set_deadline(c, deadline_ms);
	int rc;

	w.events_next = gsp_retry_clock()->now_ms() + EVENTS_MS;
	rc = watch_running(
	    c, &w, deadline_ms, poll_ms > 0 ? poll_ms : POLL_MS, seen, ctx, out, err);
	(void)gsp_linode_set_deadline(c, before);
	if (rc == -1)
		return gsp_err_wrap(err, "machine %" PRIu64 " does not run", id);
	gsp_err_clear(err); /* some polls may have failed */
	return 0;
}

/* DELETE, once. Already gone is success. */
static int
send_delete(struct gsp_linode *c, uint64_t id, struct gsp_err *err)
{
	struct gsp_linode_answer a;
	char path[64];
	int rc;

	(void)snprintf(path, sizeof(path), "/linode/instances/%" PRIu64, id);
	rc = gsp_linode_call(c, &a, "DELETE", path, NULL, NULL, err);
	if (rc == -1 && err->code == GSP_ENOTFOUND)
		rc = 0;
	gsp_linode_answer_release(&a);
	return rc;
}

/* 1: gone, by number and by label; 0: still there, in ${i}; -1: cannot tell. */
static int
is_gone(struct gsp_linode *c, uint64_t id, const char *label, struct gsp_instance *i,
    struct gsp_err *err)
{
	if (gsp_instance_get(c, id, i, err) == 0)
		return 0;
	if (err->code != GSP_ENOTFOUND)
		return -1;
	if (gsp_instance_find(c, label, i, err) == -1)
		return err->code == GSP_ENOTFOUND ? 1 : -1;
	if (i->id == id)
		return 0; /* the list is behind */
	gsp_debug("label '%s' is now that of machine %" PRIu64, label, i->id);
	return 1;
}

static int
check_may_delete(const struct gsp_instance *i, const char *label, struct gsp_err *err)
{
	if (strcmp(i->label, label) != 0)
		return gsp_err_set(err, GSP_EREFUSED,
		    "it is labelled '%s' now, not '%s'; if that is the "
		    "one, delete it at cloud.linode.com",
		    i->label, label);
	if (i->locked_delete)
		return gsp_err_set(err, GSP_EREFUSED,
		    "it is locked against deletion; unlock it at "
		    "cloud.linode.com, and run the same command again");
	return 0;
}

int
gsp_instance_delete_ask(struct gsp_linode *c, uint64_t id, const char *label,
    struct gsp_err *err)
{
	struct gsp_instance i;
	int rc = gsp_instance_get(c, id, &i, err);

	if (rc == -1 && err->code == GSP_ENOTFOUND)
		return 0;
	if (rc == 0 && i.status != GSP_LS_DELETING)
		rc = check_may_delete(&i, label, err) == -1 ? -1 : send_delete(c, id, err);
	return rc == -1 ? gsp_err_wrap(err, "machine %" PRIu64 " is not deleted", id) : 0;
}

static int
delete_and_watch(struct gsp_linode *c, uint64_t id, const char *label, int64_t deadline_ms,
    struct gsp_err *err)
{
	const struct gsp_retry_clock *clock = gsp_retry_clock();
	int64_t wait = DELETE_FIRST_MS, again = 0;
	struct gsp_instance i;
	int gone;

	for (;;) {
		gone = is_gone(c, id, label, &i, err);
		if (gone == 1)
			return 0;
		if (gone == -1 && err->code != GSP_ETEMP)
			return -1;
		if (gone == 0 && i.status != GSP_LS_DELETING && clock->now_ms() >= again) {
			if (check_may_delete(&i, label, err) == -1)
				return -1;
			if (send_delete(c, id, err) == 0) {
				/* asked for; ask again only if nothing comes of it */
				again = clock->now_ms() + DELETE_AGAIN_MS;
				wait = DELETE_FIRST_MS;
			} else if (err->code != GSP_ETEMP)
				return -1;
		}
		if (clock->now_ms() >= deadline_ms)
			return gsp_err_set(err, GSP_ETEMP,
			    "it is still there at the deadline, and still "
			    "costs money; run the same command again");
		if (pause_ms(wait, deadline_ms, err) == -1)
			return -1;
		wait = wait * 2 < DELETE_POLL_MS ? wait * 2 : DELETE_POLL_MS;
	}
}

int
gsp_instance_delete(struct gsp_linode *c, uint64_t id, const char *label, int64_t deadline_ms,
    struct gsp_err *err)
{
	int64_t before = gsp_linode_set_deadline(c, deadline_ms);
	int rc = delete_and_watch(c, id, label, deadline_ms, err);

	(void)gsp_linode_set_deadline(c, before);
	if (rc == -1)
		return gsp_err_wrap(err, "machine %" PRIu64 " is not deleted", id);
	gsp_err_clear(err); /* "not found" is what we wanted to hear */
	return 0;
}
