/* The life of instances: jobs that take their time, and machines that die under us. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "sandbox/api_int.h"

#include "base/banned.h"

enum {
	WATCH_MS = 200,		  /* how often a running machine is looked at */
	STOP_PATIENCE_MS = 15000, /* gsp_machine_stop() kills after 5 s; this is for bugs */
	LASSIE_MAX = 5,		  /* reboots by the watchdog ... */
	LASSIE_WINDOW_MS = 900000 /* ... in 15 minutes */
};

static void
set_status(const struct gsp_sandbox *sb, struct gsp_sb_inst *i, const char *status)
{
	i->status = status;
	i->updated_s = gsp_sb_wall_s(sb);
}

static void
stop(struct gsp_sb_inst *i, bool hard)
{
	i->expected_dead = true;
	if (i->machine != NULL && gsp_machine_alive(i->machine))
		gsp_machine_stop(i->machine, hard);
}

static int64_t
job_ms(const struct gsp_sandbox *sb, enum gsp_sb_job job)
{
	switch (job) {
	case GSP_SB_CREATING:
	case GSP_SB_REBUILDING: return sb->o.create_ms;
	case GSP_SB_BOOTING: return sb->o.boot_ms;
	case GSP_SB_STOPPING:
	case GSP_SB_RESTARTING: return sb->o.shutdown_ms;
	case GSP_SB_DELETING: return sb->o.delete_ms;
	default: return 0;
	}
}

static const char *
job_status(enum gsp_sb_job job)
{
	static const char *const names[] = {"", "provisioning", "booting", "shutting_down",
	    "rebooting", "rebuilding", "deleting"};

	return names[job];
}

void
gsp_sb_life_start(
    struct gsp_sandbox *sb, struct gsp_sb_inst *i, enum gsp_sb_job job, const char *action)
{
	int64_t took = job_ms(sb, job);
	int64_t planned = job == GSP_SB_RESTARTING ? took + sb->o.boot_ms : took;

	i->job = job;
	i->job_due_ms = gsp_now_ms() + took;
	i->job_event =
	    gsp_sb_event_new(sb, action, "started", "linode", i->id, i->label, planned)->id;
	set_status(sb, i, job_status(job));
	if (job == GSP_SB_STOPPING || job == GSP_SB_RESTARTING || job == GSP_SB_REBUILDING)
		stop(i, job == GSP_SB_REBUILDING);
}

static void
job_end(struct gsp_sandbox *sb, struct gsp_sb_inst *i, bool ok, const char *message)
{
	gsp_sb_event_end(sb, i->job_event, ok, message);
	i->job = GSP_SB_IDLE;
}

static void
boot_failed(struct gsp_sandbox *sb, struct gsp_sb_inst *i, const char *why)
{
	stop(i, true);
	job_end(sb, i, false, why);
	set_status(sb, i, "offline");
}

/* The machine starts at the beginning of the boot job; the event is already there. */
static void
boot_now(struct gsp_sandbox *sb, struct gsp_sb_inst *i)
{
	struct gsp_err err = GSP_ERR_INIT;

	i->job = GSP_SB_BOOTING;
	i->job_due_ms = gsp_now_ms() + sb->o.boot_ms;
	if (i->armed_fail[0] != '\0') {
		gsp_sb_copy_text(i->fail_reason, sizeof(i->fail_reason), i->armed_fail);
		i->armed_fail[0] = '\0';
		return; /* the job runs its time, then fails */
	}
	if (gsp_sb_fault_job(sb, "boot-fail", i, i->fail_reason, sizeof(i->fail_reason)))
		return;
	i->fail_reason[0] = '\0';
	if (i->machine == NULL || (i->linode_ifs && i->if_id == 0)) {
		boot_failed(sb, i,
		    i->machine == NULL ? "The Linode has no disk to boot from"
				       : "The Linode has no network interface");
		return;
	}
	if (gsp_machine_boot(i->machine, &err) == -1) {
		boot_failed(sb, i, err.msg);
		return;
	}
	i->expected_dead = false;
}

void
gsp_sb_life_boot(struct gsp_sandbox *sb, struct gsp_sb_inst *i, const char *action)
{
	set_status(sb, i, "booting");
	i->job_event =
	    gsp_sb_event_new(sb, action, "started", "linode", i->id, i->label, sb->o.boot_ms)
		->id;
	boot_now(sb, i);
}

void
gsp_sb_life_off(struct gsp_sandbox *sb, struct gsp_sb_inst *i, const char *status)
{
	if (i->job != GSP_SB_IDLE)
		job_end(sb, i, false, "The host stopped the Linode");
	stop(i, true);
	set_status(sb, i, status);
}

static void
created(struct gsp_sandbox *sb, struct gsp_sb_inst *i)
{
	char reason[256];

	if (gsp_sb_fault_job(sb, "create-fail", i, reason, sizeof(reason))) {
		job_end(sb, i, false, reason);
		set_status(sb, i, "offline");
		return;
	}
	job_end(sb, i, true, NULL);
	if (i->boot_after)
		gsp_sb_life_boot(sb, i, "linode_boot");
	else
		set_status(sb, i, "offline");
}

/* `reboot` typed inside is the machine's own affair: no event, no other status. */
static bool
starts_again(struct gsp_sb_inst *i)
{
	struct gsp_err err = GSP_ERR_INIT;

	return gsp_machine_wants_reboot(i->machine) && gsp_machine_boot(i->machine, &err) == 0;
}

static void
booted(struct gsp_sandbox *sb, struct gsp_sb_inst *i)
{
	if (i->fail_reason[0] != '\0') {
		boot_failed(sb, i, i->fail_reason);
		i->fail_reason[0] = '\0';
	} else if (i->machine == NULL ||
		   (!gsp_machine_alive(i->machine) && !starts_again(i))) {
		boot_failed(sb, i, "The Linode stopped while it booted");
	} else {
		job_end(sb, i, true, NULL);
		set_status(sb, i, "running");
	}
}

static void
rebuilt(struct gsp_sandbox *sb, struct gsp_sb_inst *i)
{
	struct gsp_err err = GSP_ERR_INIT;

	gsp_machine_free(i->machine);
	i->machine = NULL;
	if (!gsp_sb_inst_machine(sb, i, &err)) {
		job_end(sb, i, false, err.msg);
		set_status(sb, i, "offline");
		return;
	}
	job_end(sb, i, true, NULL);
	if (i->boot_after)
		gsp_sb_life_boot(sb, i, "linode_boot");
	else
		set_status(sb, i, "offline");
}

/* A job that waits for the machine's death: true when it may go on. */
static bool
is_dead(struct gsp_sb_inst *i, int64_t now)
{
	if (i->machine == NULL || !gsp_machine_alive(i->machine))
		return true;
	if (now - i->job_due_ms > STOP_PATIENCE_MS)
		gsp_machine_stop(i->machine, true);
	return false;
}

static void
step(struct gsp_sandbox *sb, struct gsp_sb_inst *i, int64_t now)
{
	switch (i->job) {
	case GSP_SB_CREATING: created(sb, i); break;
	case GSP_SB_BOOTING: booted(sb, i); break;
	case GSP_SB_STOPPING:
		if (is_dead(i, now)) {
			job_end(sb, i, true, NULL);
			set_status(sb, i, "offline");
		}
		break;
	case GSP_SB_RESTARTING:
		if (is_dead(i, now))
			boot_now(sb, i);
		break;
	case GSP_SB_REBUILDING:
		if (is_dead(i, now))
			rebuilt(sb, i);
		break;
	default: break;
	}
}

/* Powered off from inside: undone by the watchdog, unless it happens too often. */
static void
died(struct gsp_sandbox *sb, struct gsp_sb_inst *i, int64_t now)
{
	i->expected_dead = true;
	set_status(sb, i, "offline");
	if (!i->watchdog)
		return;
	if (now - i->lassie_since_ms > LASSIE_WINDOW_MS || i->lassie_count == 0) {
		i->lassie_since_ms = now;
		i->lassie_count = 0;
	}
	if (i->lassie_count >= LASSIE_MAX)
		return;
	i->lassie_count++;
	gsp_sb_life_boot(sb, i, "lassie_reboot");
}

static bool
is_watched(const struct gsp_sb_inst *i)
{
	return i->job == GSP_SB_IDLE && !i->expected_dead && i->machine != NULL;
}

void
gsp_sb_life_turn(struct gsp_sandbox *sb)
{
	struct gsp_sb_inst *i, *next;
	int64_t now = gsp_now_ms();

	for (i = sb->insts; i != NULL; i = next) {
		next = i->next;
		if (i->job == GSP_SB_DELETING) {
			if (now >= i->job_due_ms) {
				gsp_sb_event_end(sb, i->job_event, true, NULL);
				gsp_sb_inst_free(sb, i);
			}
		} else if (i->job != GSP_SB_IDLE) {
			if (now >= i->job_due_ms)
				step(sb, i, now);
		} else if (is_watched(i) && !gsp_machine_alive(i->machine) &&
			   !starts_again(i)) {
			died(sb, i, now);
		}
	}
	gsp_sb_faults_sweep(sb);
}

int64_t
gsp_sb_life_due_ms(const struct gsp_sandbox *sb)
{
	int64_t now = gsp_now_ms(), due = -1;

	for (const struct gsp_sb_inst *i = sb->insts; i != NULL; i = i->next) {
		int64_t at = i->job_due_ms;

		if (i->job == GSP_SB_IDLE && !is_watched(i))
			continue;
		if (i->job == GSP_SB_IDLE)
			at = now + WATCH_MS;
		else if (at <= now)
			at = now + 20; /* waiting for a machine to end */
		if (due == -1 || at < due)
			due = at;
	}
	return due;
}
