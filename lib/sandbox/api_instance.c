/* /linode/instances: list, get, change, delete. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "sandbox/api_int.h"

#include "base/banned.h"

static const char *const inst_fields[] = {
    "id", "label", "tags", "region", "image", "ipv4", "group", "interface_generation", NULL};

struct gsp_sb_inst *
gsp_sb_inst_find(struct gsp_sandbox *sb, uint64_t id)
{
	struct gsp_sb_inst *i = sb->insts;

	while (i != NULL && i->id != id)
		i = i->next;
	return i;
}

struct gsp_sb_inst *
gsp_sb_inst_by_label(struct gsp_sandbox *sb, const char *label)
{
	struct gsp_sb_inst *i = sb->insts;

	while (i != NULL && strcmp(i->label, label) != 0)
		i = i->next;
	return i;
}

struct gsp_sb_inst *
gsp_sb_inst_by_if(struct gsp_sandbox *sb, uint64_t if_id)
{
	struct gsp_sb_inst *i = sb->insts;

	while (i != NULL && (i->if_id == 0 || i->if_id != if_id))
		i = i->next;
	return i;
}

struct gsp_sb_inst *
gsp_sb_inst_of(struct gsp_sb_req *q)
{
	uint64_t id = gsp_sb_seg_id(q, 2);
	struct gsp_sb_inst *i = id == 0 ? NULL : gsp_sb_inst_find(q->sb, id);

	if (id != 0 && i == NULL)
		gsp_sb_not_found(q);
	return i;
}

static void
add_backups(const struct gsp_sandbox *sb, const struct gsp_sb_inst *i, struct gsp_json *o)
{
	struct gsp_json *b = gsp_json_add_obj(o, "backups"), *s;

	gsp_json_add_bool(b, "enabled", i->backups);
	gsp_json_add_bool(b, "available", false);
	gsp_sb_add_real_null(sb, b, "last_successful");
	s = gsp_json_add_obj(b, "schedule");
	if (i->backups) {
		gsp_json_add_str(s, "day", "Scheduling");
		gsp_json_add_str(s, "window", "Scheduling");
	} else {
		gsp_json_add_null(s, "day");
		gsp_json_add_null(s, "window");
	}
}

void
gsp_sb_add_specs(const struct gsp_sb_type *t, struct gsp_json *o)
{
	struct gsp_json *s = gsp_json_add_obj(o, "specs");

	gsp_json_add_u64(s, "disk", t->disk_mb);
	gsp_json_add_u64(s, "memory", t->memory_mb);
	gsp_json_add_u64(s, "vcpus", t->vcpus);
	gsp_json_add_u64(s, "gpus", 0);
	gsp_json_add_u64(s, "transfer", t->transfer_gb);
}

static void
add_addresses(const struct gsp_sb_inst *i, struct gsp_json *o)
{
	struct gsp_json *a = gsp_json_add_arr(o, "ipv4");
	char v6[60];

	gsp_json_add_str(a, NULL, i->ipv4);
	if (i->private_ipv4[0] != '\0')
		gsp_json_add_str(a, NULL, i->private_ipv4);
	if (i->ipv6[0] == '\0') {
		gsp_json_add_null(o, "ipv6");
		return;
	}
	snprintf(v6, sizeof(v6), "%s/128", i->ipv6);
	gsp_json_add_str(o, "ipv6", v6);
}

void
gsp_sb_inst_json(const struct gsp_sandbox *sb, const struct gsp_sb_inst *i, struct gsp_json *o)
{
	struct gsp_json *a;

	gsp_json_add_u64(o, "id", i->id);
	gsp_json_add_str(o, "label", i->label);
	gsp_json_add_str(o, "group", i->group);
	gsp_json_add_str(o, "status", i->status);
	gsp_sb_add_time(o, "created", i->created_s);
	gsp_sb_add_time(o, "updated", i->updated_s);
	gsp_json_add_str(o, "type", i->type->id);
	add_addresses(i, o);
	if (i->image != NULL)
		gsp_json_add_str(o, "image", i->image->id);
	else
		gsp_json_add_null(o, "image");
	gsp_json_add_str(o, "region", i->region->id);
	gsp_sb_add_specs(i->type, o);
	gsp_json_add_copy(o, "alerts", i->alerts);
	add_backups(sb, i, o);
	gsp_json_add_str(o, "hypervisor", "kvm");
	gsp_json_add_bool(o, "watchdog_enabled", i->watchdog);
	gsp_json_add_copy(o, "tags", i->tags);
	gsp_json_add_str(o, "host_uuid", i->host_uuid);
	gsp_json_add_bool(o, "has_user_data", i->has_user_data);
	gsp_json_add_null(o, "placement_group");
	gsp_json_add_str(o, "disk_encryption", i->encrypted ? "enabled" : "disabled");
	gsp_json_add_str(
	    o, "interface_generation", i->linode_ifs ? "linode" : "legacy_config");
	gsp_json_add_null(o, "lke_cluster_id");
	gsp_json_add_arr(o, "capabilities");
	if (sb->o.spec_only)
		return;
	/* newer than specification 4.208.1, seen in recorded answers */
	gsp_json_add_str(o, "site_type", i->region->distributed ? "distributed" : "core");
	gsp_json_add_str(o, "maintenance_policy", i->maintenance_policy);
	a = gsp_json_add_arr(o, "locks");
	if (i->locked)
		gsp_json_add_str(a, NULL, "cannot_delete");
}

void
gsp_sb_inst_list(struct gsp_sb_req *q)
{
	struct gsp_json *list = gsp_json_new_arr();

	for (const struct gsp_sb_inst *i = q->sb->insts; i != NULL; i = i->next)
		gsp_sb_inst_json(q->sb, i, gsp_json_add_obj(list, NULL));
	gsp_sb_page(q, list, inst_fields);
}

void
gsp_sb_inst_get(struct gsp_sb_req *q)
{
	const struct gsp_sb_inst *i = gsp_sb_inst_of(q);

	if (i != NULL)
		gsp_sb_inst_json(q->sb, i, gsp_sb_answer(q));
}

/* Read-only fields are accepted and ignored, so that an answer can be sent back. */
static const struct gsp_sb_field put_fields[] = {{"label", GSP_SB_STR, 0, 0, 0, NULL},
    {"group", GSP_SB_STR, 0, 0, 50, NULL}, {"tags", GSP_SB_STRS, 0, 0, 0, NULL},
    {"watchdog_enabled", GSP_SB_BOOL, 0, 0, 0, NULL}, {"alerts", GSP_SB_OBJ, 0, 0, 0, NULL},
    {"backups", GSP_SB_OBJ, 0, 0, 0, NULL},
    {"maintenance_policy", GSP_SB_STR, 0, 0, 0,
	(const char *const[]){"linode/migrate", "linode/power_off_on", NULL}},
    {"capabilities", GSP_SB_ANY, 0, 0, 0, NULL}, {"created", GSP_SB_ANY, 0, 0, 0, NULL},
    {"disk_encryption", GSP_SB_ANY, 0, 0, 0, NULL},
    {"has_user_data", GSP_SB_ANY, 0, 0, 0, NULL}, {"host_uuid", GSP_SB_ANY, 0, 0, 0, NULL},
    {"hypervisor", GSP_SB_ANY, 0, 0, 0, NULL}, {"id", GSP_SB_ANY, 0, 0, 0, NULL},
    {"image", GSP_SB_ANY, 0, 0, 0, NULL}, {"interface_generation", GSP_SB_ANY, 0, 0, 0, NULL},
    {"ipv4", GSP_SB_ANY, 0, 0, 0, NULL}, {"ipv6", GSP_SB_ANY, 0, 0, 0, NULL},
    {"lke_cluster_id", GSP_SB_ANY, 0, 0, 0, NULL}, {"locks", GSP_SB_ANY, 0, 0, 0, NULL},
    {"placement_group", GSP_SB_ANY, 0, 0, 0, NULL}, {"region", GSP_SB_ANY, 0, 0, 0, NULL},
    {"site_type", GSP_SB_ANY, 0, 0, 0, NULL}, {"specs", GSP_SB_ANY, 0, 0, 0, NULL},
    {"status", GSP_SB_ANY, 0, 0, 0, NULL}, {"type", GSP_SB_ANY, 0, 0, 0, NULL},
    {"updated", GSP_SB_ANY, 0, 0, 0, NULL}, {NULL, GSP_SB_ANY, 0, 0, 0, NULL}};

static const struct gsp_sb_field alert_fields[] = {{"cpu", GSP_SB_INT, 0, 0, 4800, NULL},
    {"io", GSP_SB_INT, 0, 0, 100000, NULL}, {"network_in", GSP_SB_INT, 0, 0, 40000, NULL},
    {"network_out", GSP_SB_INT, 0, 0, 40000, NULL},
    {"transfer_quota", GSP_SB_INT, 0, 0, 400, NULL}, {NULL, GSP_SB_ANY, 0, 0, 0, NULL}};

static void
put_alerts(struct gsp_sb_inst *i, const struct gsp_json *alerts)
{
	for (struct gsp_json *a = gsp_json_first(alerts); a != NULL; a = gsp_json_next(a)) {
		gsp_json_remove(i->alerts, gsp_json_key(a));
		gsp_json_add_copy(i->alerts, gsp_json_key(a), a);
	}
}

void
gsp_sb_inst_put(struct gsp_sb_req *q)
{
	struct gsp_sb_inst *i = gsp_sb_inst_of(q), *other;
	struct gsp_json *tags = NULL, *alerts;
	const char *label, *policy;

	if (i == NULL || !gsp_sb_check_body(q, put_fields))
		return;
	label = gsp_json_str(q->in, "label", i->label);
	alerts = gsp_json_get(q->in, "alerts");
	other = gsp_sb_inst_by_label(q->sb, label);
	if (gsp_sb_check_label(q, "label", label, 3, 64) && other != NULL && other != i)
		gsp_sb_fail(q, 400, "label", "Label must be unique among your linodes");
	if (alerts != NULL)
		gsp_sb_check(q, alerts, "alerts.", alert_fields);
	if (gsp_json_get(q->in, "tags") != NULL)
		tags = gsp_sb_check_tags(q, gsp_json_get(q->in, "tags"));
	if (i->job == GSP_SB_DELETING && !gsp_sb_failed(q))
		gsp_sb_busy(q);
	if (gsp_sb_failed(q)) {
		gsp_json_free(tags);
		return;
	}
	gsp_sb_copy_text(i->label, sizeof(i->label), label);
	gsp_sb_copy_text(i->group, sizeof(i->group), gsp_json_str(q->in, "group", i->group));
	i->watchdog = gsp_json_bool(q->in, "watchdog_enabled", i->watchdog);
	policy = gsp_json_str(q->in, "maintenance_policy", i->maintenance_policy);
	i->maintenance_policy =
	    strcmp(policy, "linode/migrate") == 0 ? "linode/migrate" : "linode/power_off_on";
	if (alerts != NULL)
		put_alerts(i, alerts);
	if (tags != NULL)
		gsp_sb_json_set(&i->tags, tags);
	i->updated_s = gsp_sb_wall_s(q->sb);
	gsp_sb_event_new(q->sb, "linode_update", "notification", "linode", i->id, i->label, 0);
	gsp_sb_inst_json(q->sb, i, gsp_sb_answer(q));
}

void
gsp_sb_inst_free(struct gsp_sandbox *sb, struct gsp_sb_inst *i)
{
	struct gsp_sb_inst **p = &sb->insts;

	while (*p != NULL && *p != i)
		p = &(*p)->next;
	if (*p == i)
		*p = i->next;
	gsp_machine_free(i->machine);
	gsp_json_free(i->tags);
	gsp_json_free(i->alerts);
	gsp_json_free(i->keys);
	if (i->user_data != NULL)
		explicit_bzero(i->user_data, i->user_data_len);
	free(i->user_data);
	free(i);
}

void
gsp_sb_inst_delete(struct gsp_sandbox *sb, struct gsp_sb_inst *i)
{
	if (i->job == GSP_SB_DELETING)
		return;
	if (i->job != GSP_SB_IDLE)
		gsp_sb_event_end(sb, i->job_event, false, "The Linode was deleted");
	gsp_sb_life_start(sb, i, GSP_SB_DELETING, "linode_delete");
	gsp_sb_fw_detach_all(sb, i->id);
	gsp_machine_free(i->machine);
	i->machine = NULL;
	if (sb->o.delete_ms > 0)
		return;
	gsp_sb_event_end(sb, i->job_event, true, NULL);
	gsp_sb_inst_free(sb, i);
}

void
gsp_sb_inst_del(struct gsp_sb_req *q)
{
	struct gsp_sb_inst *i = gsp_sb_inst_of(q);

	if (i == NULL)
		return;
	if (i->locked) {
		gsp_sb_fail(q, 400, NULL, "Linode is locked: cannot_delete");
		return;
	}
	gsp_sb_inst_delete(q->sb, i);
}
