/* /_sandbox: looking inside, and making machines and answers go wrong. See api.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "sandbox/api_int.h"

#include "base/banned.h"

/* ---- state ---- */

static void
machine_json(struct gsp_sandbox *sb, const struct gsp_sb_inst *i, struct gsp_json *o)
{
	const struct gsp_sb_fw *f = gsp_sb_fw_of(sb, i);
	struct gsp_json *fw;

	gsp_json_add_u64(o, "id", i->id);
	gsp_json_add_str(o, "label", i->label);
	gsp_json_add_str(o, "status", i->status);
	gsp_json_add_bool(o, "alive", i->machine != NULL && gsp_machine_alive(i->machine));
	gsp_json_add_str(o, "region", i->region->id);
	gsp_json_add_str(o, "type", i->type->id);
	gsp_json_add_str(o, "ipv4", i->ipv4);
	gsp_json_add_str(o, "ipv6", i->ipv6);
	gsp_sb_add_time(o, "created", i->created_s);
	gsp_json_add_copy(o, "tags", i->tags);
	gsp_json_add_bool(o, "busy", i->job != GSP_SB_IDLE);
	if (f == NULL) {
		gsp_json_add_null(o, "firewall");
		return;
	}
	fw = gsp_json_add_obj(o, "firewall");
	gsp_json_add_u64(fw, "id", f->id);
	gsp_json_add_str(fw, "label", f->label);
}

static void
state(struct gsp_sb_req *q)
{
	struct gsp_json *o = gsp_sb_answer(q), *a = gsp_json_add_arr(o, "machines");
	size_t ndomains = 0;

	for (const struct gsp_sb_inst *i = q->sb->insts; i != NULL; i = i->next)
		machine_json(q->sb, i, gsp_json_add_obj(a, NULL));
	a = gsp_json_add_arr(o, "firewalls");
	for (const struct gsp_sb_fw *f = q->sb->fws; f != NULL; f = f->next) {
		struct gsp_json *fw = gsp_json_add_obj(a, NULL);
		uint64_t n = 0;

		for (const struct gsp_sb_device *d = f->devices; d != NULL; d = d->next)
			n++;
		gsp_json_add_u64(fw, "id", f->id);
		gsp_json_add_str(fw, "label", f->label);
		gsp_json_add_copy(fw, "tags", f->tags);
		gsp_json_add_u64(fw, "devices", n);
	}
	for (const struct gsp_sb_domain *d = q->sb->domains; d != NULL; d = d->next)
		ndomains++;
	gsp_json_add_u64(o, "domains", ndomains);
	gsp_json_add_u64(o, "events", q->sb->nevents);
	gsp_json_add_u64(o, "requests", q->sb->next_request);
}

/* ---- options ---- */

static const struct gsp_sb_field option_fields[] = {
    {"create_ms", GSP_SB_INT, 0, 0, 86400000, NULL},
    {"boot_ms", GSP_SB_INT, 0, 0, 86400000, NULL},
    {"shutdown_ms", GSP_SB_INT, 0, 0, 86400000, NULL},
    {"delete_ms", GSP_SB_INT, 0, 0, 86400000, NULL},
    {"event_lag_ms", GSP_SB_INT, 0, 0, 86400000, NULL},
    {"clock_ahead_s", GSP_SB_INT, 0, 0, 10 * 366 * 86400, NULL},
    {"create_limit", GSP_SB_INT, 0, 0, 1000000, NULL},
    {"create_window_ms", GSP_SB_INT, 0, 1, 86400000, NULL},
    {"rate_limit", GSP_SB_INT, 0, 0, 1000000, NULL},
    {"account_limit", GSP_SB_INT, 0, 0, 1000000, NULL},
    {"spec_only", GSP_SB_BOOL, 0, 0, 0, NULL}, {NULL, GSP_SB_ANY, 0, 0, 0, NULL}};

/* Shows every option; with a body, sets those it names first. */
static void
options(struct gsp_sb_req *q)
{
	struct gsp_sandbox_opts *o = &q->sb->o;
	struct {
		const char *name;
		int64_t *time;
		unsigned *n;
	} all[] = {{"create_ms", &o->create_ms, NULL}, {"boot_ms", &o->boot_ms, NULL},
	    {"shutdown_ms", &o->shutdown_ms, NULL}, {"delete_ms", &o->delete_ms, NULL},
	    {"event_lag_ms", &o->event_lag_ms, NULL}, {"clock_ahead_s", &o->clock_ahead_s, NULL},
	    {"create_limit", NULL, &o->create_limit},
	    {"create_window_ms", &o->create_window_ms, NULL},
	    {"rate_limit", NULL, &o->rate_limit}, {"account_limit", NULL, &o->account_limit}};
	int64_t v;

	if (strcmp(q->method, "PUT") == 0 && !gsp_sb_check_body(q, option_fields))
		return;
	for (size_t n = 0; n < sizeof(all) / sizeof(all[0]); n++) {
		if (gsp_sb_is_whole(q->in, all[n].name, &v)) {
			if (all[n].time != NULL)
				*all[n].time = v;
			else
				*all[n].n = (unsigned)v;
		}
		gsp_json_add_u64(gsp_sb_answer(q), all[n].name,
		    all[n].time != NULL ? (uint64_t)*all[n].time : *all[n].n);
	}
	o->spec_only = gsp_json_bool(q->in, "spec_only", o->spec_only);
	gsp_json_add_bool(q->out, "spec_only", o->spec_only);
}

/* ---- faults, log ---- */

static void
faults(struct gsp_sb_req *q)
{
	struct gsp_err err = GSP_ERR_INIT;

	if (strcmp(q->method, "DELETE") == 0)
		gsp_sb_faults_clear(q->sb);
	else if (strcmp(q->method, "POST") == 0 && q->in == NULL)
		gsp_sb_fail(q, 400, NULL, "a fault rule is wanted");
	else if (strcmp(q->method, "POST") == 0 && gsp_sb_faults_add(q->sb, q->in, &err) == -1)
		gsp_sb_fail(q, 400, NULL, "%s", err.msg);
	if (!gsp_sb_failed(q))
		gsp_sb_faults_json(q->sb, gsp_json_add_arr(gsp_sb_answer(q), "faults"));
}

static void
show_log(struct gsp_sb_req *q)
{
	if (strcmp(q->method, "DELETE") == 0)
		gsp_sb_log_clear(q->sb);
	gsp_sb_log_json(q->sb, gsp_json_add_arr(gsp_sb_answer(q), "requests"));
}

/* ---- machines ---- */

static void
act_crash(struct gsp_sb_req *q, struct gsp_sb_inst *i)
{
	gsp_sb_life_off(q->sb, i, "offline");
}

/* The machine ends by itself: what follows is the watchdog's business. */
static void
act_poweroff(struct gsp_sb_req *q, struct gsp_sb_inst *i)
{
	(void)q;
	if (i->machine != NULL)
		gsp_machine_stop(i->machine, false);
}

static void
act_reboot(struct gsp_sb_req *q, struct gsp_sb_inst *i)
{
	if (i->job != GSP_SB_IDLE)
		gsp_sb_busy(q);
	else
		gsp_sb_life_start(q->sb, i, GSP_SB_RESTARTING, "host_reboot");
}

static void
act_cut(struct gsp_sb_req *q, struct gsp_sb_inst *i)
{
	(void)q;
	gsp_machine_link(i->machine, false);
}

static void
act_mend(struct gsp_sb_req *q, struct gsp_sb_inst *i)
{
	(void)q;
	gsp_machine_link(i->machine, true);
}

static void
act_reset_ssh(struct gsp_sb_req *q, struct gsp_sb_inst *i)
{
	(void)q;
	gsp_machine_reset_ssh(i->machine);
}

static void
act_fill(struct gsp_sb_req *q, struct gsp_sb_inst *i)
{
	struct gsp_err err = GSP_ERR_INIT;
	uint64_t left = gsp_json_u64(q->in, "free_bytes", 0);

	if (gsp_json_is_null(gsp_json_get(q->in, "free_bytes")))
		left = UINT64_MAX;
	if (gsp_machine_fill_disk(i->machine, left, &err) == -1)
		gsp_sb_fail(q, 500, NULL, "%s", err.msg);
}

static void
act_boot_fail(struct gsp_sb_req *q, struct gsp_sb_inst *i)
{
	const char *why = gsp_json_str(q->in, "message", "");

	gsp_sb_copy_text(i->armed_fail, sizeof(i->armed_fail),
	    why[0] != '\0' ? why : "The host could not boot the Linode");
}

static void
act_lock(struct gsp_sb_req *q, struct gsp_sb_inst *i)
{
	(void)q;
	i->locked = true;
}

static void
act_unlock(struct gsp_sb_req *q, struct gsp_sb_inst *i)
{
	(void)q;
	i->locked = false;
}

static void
act_suspend(struct gsp_sb_req *q, struct gsp_sb_inst *i)
{
	gsp_sb_life_off(q->sb, i, "billing_suspension");
}

static void
act_gone(struct gsp_sb_req *q, struct gsp_sb_inst *i)
{
	gsp_sb_inst_delete(q->sb, i);
}

static const struct {
	const char *name;
	void (*act)(struct gsp_sb_req *q, struct gsp_sb_inst *i);
} acts[] = {{"crash", act_crash}, {"poweroff", act_poweroff}, {"reboot", act_reboot},
    {"cut", act_cut}, {"mend", act_mend}, {"reset-ssh", act_reset_ssh},
    {"fill-disk", act_fill}, {"boot-fail", act_boot_fail}, {"lock", act_lock},
    {"unlock", act_unlock}, {"suspend", act_suspend}, {"gone", act_gone}};

/* /_sandbox/machines/ID/ACT */
static void
machine_act(struct gsp_sb_req *q)
{
	struct gsp_sb_inst *i;
	uint64_t id;

	if (q->nseg != 3) {
		gsp_sb_not_found(q);
		return;
	}
	i = gsp_num_u64(&id, q->seg[1], 1, UINT64_C(1) << 53) == 0
		? gsp_sb_inst_find(q->sb, id)
		: gsp_sb_inst_by_label(q->sb, q->seg[1]);
	if (i == NULL) {
		gsp_sb_fail(q, 404, NULL, "no machine '%.64s' here", q->seg[1]);
		return;
	}
	for (size_t n = 0; n < sizeof(acts) / sizeof(acts[0]); n++)
		if (strcmp(acts[n].name, q->seg[2]) == 0) {
			if (i->machine == NULL)
				gsp_sb_fail(q, 400, NULL, "the machine is being deleted");
			else
				acts[n].act(q, i);
			return;
		}
	gsp_sb_fail(q, 404, NULL, "no such thing to do to a machine: '%.64s'", q->seg[2]);
}

static const struct {
	const char *name, *methods;
	gsp_sb_handler *handler;
} pages[] = {{"state", "GET", state}, {"options", "GET PUT", options},
    {"faults", "GET POST DELETE", faults}, {"log", "GET DELETE", show_log},
    {"machines", "POST", machine_act}};

void
gsp_sb_control(struct gsp_sb_req *q)
{
	if (q->token == NULL) {
		gsp_sb_fail(q, 401, NULL, "Invalid Token");
		return;
	}
	for (size_t n = 0; n < sizeof(pages) / sizeof(pages[0]); n++) {
		if (q->nseg == 0 || strcmp(pages[n].name, q->seg[0]) != 0 ||
		    (q->nseg > 1 && pages[n].handler != machine_act))
			continue;
		if (strstr(pages[n].methods, q->method) == NULL)
			gsp_sb_fail(q, 405, NULL, "Method Not Allowed");
		else
			pages[n].handler(q);
		return;
	}
	gsp_sb_not_found(q);
}
