/* /networking/firewalls: the firewalls themselves and the account's defaults. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "sandbox/api_int.h"

#include "base/banned.h"

const char *const gsp_sb_fw_fields[] = {"id", "label", "tags", "created", "updated", NULL};

static const char *const default_names[] = {
    "linode", "nodebalancer", "public_interface", "vpc_interface"};

struct gsp_sb_fw *
gsp_sb_fw_find(struct gsp_sandbox *sb, uint64_t id)
{
	struct gsp_sb_fw *f = sb->fws;

	while (f != NULL && f->id != id)
		f = f->next;
	return f;
}

struct gsp_sb_fw *
gsp_sb_fw_of(struct gsp_sandbox *sb, const struct gsp_sb_inst *i)
{
	for (struct gsp_sb_fw *f = sb->fws; f != NULL; f = f->next)
		for (struct gsp_sb_device *d = f->devices; d != NULL && f->enabled;
		     d = d->next)
			if (d->linode_id == i->id)
				return f;
	return NULL;
}

static void
apply_all(struct gsp_sandbox *sb, const struct gsp_sb_fw *f)
{
	for (const struct gsp_sb_device *d = f->devices; d != NULL; d = d->next)
		gsp_sb_rules_apply(sb, gsp_sb_inst_find(sb, d->linode_id));
}

static void
fw_event(struct gsp_sandbox *sb, const struct gsp_sb_fw *f, const char *action)
{
	gsp_sb_event_new(sb, action, "notification", "firewall", f->id, f->label, 0);
}

void
gsp_sb_fw_json(const struct gsp_sandbox *sb, const struct gsp_sb_fw *f, struct gsp_json *o)
{
	struct gsp_json *ents;

	gsp_json_add_u64(o, "id", f->id);
	gsp_json_add_str(o, "label", f->label);
	gsp_sb_add_time(o, "created", f->created_s);
	gsp_sb_add_time(o, "updated", f->updated_s);
	gsp_json_add_str(o, "status", f->enabled ? "enabled" : "disabled");
	gsp_sb_rules_json(f, gsp_json_add_obj(o, "rules"));
	gsp_json_add_copy(o, "tags", f->tags);
	if (sb->o.spec_only)
		return;
	ents = gsp_json_add_arr(o, "entities"); /* newer than specification 4.208.1 */
	for (const struct gsp_sb_device *d = f->devices; d != NULL; d = d->next)
		gsp_sb_device_entity(sb, d, gsp_json_add_obj(ents, NULL));
}

struct gsp_sb_device *
gsp_sb_fw_attach(
    struct gsp_sandbox *sb, struct gsp_sb_fw *f, uint64_t linode_id, uint64_t if_id)
{
	struct gsp_sb_device *d = calloc(1, sizeof(*d)), **p = &f->devices;

	if (d == NULL)
		abort();
	d->id = sb->next_id++;
	d->linode_id = linode_id;
	d->if_id = if_id;
	d->created_s = gsp_sb_wall_s(sb);
	while (*p != NULL)
		p = &(*p)->next;
	*p = d;
	fw_event(sb, f, "firewall_device_add");
	return d;
}

void
gsp_sb_fw_detach_all(struct gsp_sandbox *sb, uint64_t linode_id)
{
	for (struct gsp_sb_fw *f = sb->fws; f != NULL; f = f->next)
		for (struct gsp_sb_device **p = &f->devices; *p != NULL;) {
			struct gsp_sb_device *d = *p;

			if (d->linode_id != linode_id) {
				p = &d->next;
				continue;
			}
			*p = d->next;
			free(d);
			fw_event(sb, f, "firewall_device_remove");
		}
}

static void
fw_free(struct gsp_sb_fw *f)
{
	while (f->devices != NULL) {
		struct gsp_sb_device *d = f->devices;

		f->devices = d->next;
		free(d);
	}
	gsp_json_free(f->tags);
	gsp_json_free(f->rules);
	free(f);
}

void
gsp_sb_fw_free_all(struct gsp_sandbox *sb)
{
	while (sb->fws != NULL) {
		struct gsp_sb_fw *f = sb->fws;

		sb->fws = f->next;
		fw_free(f);
	}
}

struct gsp_sb_fw *
gsp_sb_fw_of_path(struct gsp_sb_req *q)
{
	uint64_t id = gsp_sb_seg_id(q, 2);
	struct gsp_sb_fw *f = id == 0 ? NULL : gsp_sb_fw_find(q->sb, id);

	if (id != 0 && f == NULL)
		gsp_sb_not_found(q);
	return f;
}

static void
check_unique(struct gsp_sb_req *q, const char *label, const struct gsp_sb_fw *self)
{
	for (const struct gsp_sb_fw *f = q->sb->fws; f != NULL; f = f->next)
		if (f != self && strcmp(f->label, label) == 0)
			gsp_sb_fail(q, 400, "label",
			    "Label must be unique among your Cloud Firewalls");
}

void
gsp_sb_fw_list(struct gsp_sb_req *q)
{
	struct gsp_json *list = gsp_json_new_arr();

	for (const struct gsp_sb_fw *f = q->sb->fws; f != NULL; f = f->next)
		gsp_sb_fw_json(q->sb, f, gsp_json_add_obj(list, NULL));
	gsp_sb_page(q, list, gsp_sb_fw_fields);
}

void
gsp_sb_fw_get(struct gsp_sb_req *q)
{
	const struct gsp_sb_fw *f = gsp_sb_fw_of_path(q);

	if (f != NULL)
		gsp_sb_fw_json(q->sb, f, gsp_sb_answer(q));
}

static const struct gsp_sb_field create_fields[] = {
    {"label", GSP_SB_STR, GSP_SB_REQ, 0, 0, NULL},
    {"rules", GSP_SB_OBJ, GSP_SB_REQ, 0, 0, NULL}, {"tags", GSP_SB_STRS, 0, 0, 0, NULL},
    {"devices", GSP_SB_OBJ, 0, 0, 0, NULL}, {"id", GSP_SB_ANY, 0, 0, 0, NULL},
    {"created", GSP_SB_ANY, 0, 0, 0, NULL}, {"updated", GSP_SB_ANY, 0, 0, 0, NULL},
    {"status", GSP_SB_ANY, 0, 0, 0, NULL}, {NULL, GSP_SB_ANY, 0, 0, 0, NULL}};
static const struct gsp_sb_field device_fields[] = {{"linodes", GSP_SB_INTS, 0, 0, 0, NULL},
    {"interfaces", GSP_SB_INTS, 0, 0, 0, NULL}, {"nodebalancers", GSP_SB_INTS, 0, 0, 0, NULL},
    {NULL, GSP_SB_ANY, 0, 0, 0, NULL}};

/* Each id of devices.linodes or devices.interfaces: checked, or attached to f. */
static void
each_device(struct gsp_sb_req *q, const struct gsp_json *devices, const char *which,
    struct gsp_sb_fw *f)
{
	bool by_if = strcmp(which, "interfaces") == 0;
	const char *field = by_if ? "devices.interfaces" : "devices.linodes";
	const struct gsp_json *list = gsp_json_get(devices, which);

	for (struct gsp_json *e = list ? gsp_json_first(list) : NULL; e;
	     e = gsp_json_next(e)) {
		struct gsp_sb_inst *i;
		uint64_t id = 0;

		gsp_json_id(&id, e);
		i = by_if ? gsp_sb_inst_by_if(q->sb, id) : gsp_sb_inst_find(q->sb, id);
		if (f != NULL) {
			gsp_sb_fw_attach(q->sb, f, i->id, by_if ? id : 0);
			gsp_sb_rules_apply(q->sb, i);
		} else if (i == NULL || (!by_if && i->linode_ifs)) {
			gsp_sb_fail(q, 400, field, "%s %" PRIu64 " is not valid",
			    by_if ? "Interface" : "Linode", id);
		} else {
			gsp_sb_device_free_for(q, i, field);
		}
	}
}

static void
check_devices(struct gsp_sb_req *q, const struct gsp_json *devices)
{
	if (devices == NULL || !gsp_sb_check(q, devices, "devices.", device_fields))
		return;
	each_device(q, devices, "linodes", NULL);
	each_device(q, devices, "interfaces", NULL);
	if (gsp_json_count(gsp_json_get(devices, "nodebalancers")) > 0)
		gsp_sb_fail(q, 400, "devices.nodebalancers", "NodeBalancer is not valid");
}

void
gsp_sb_fw_create(struct gsp_sb_req *q)
{
	struct gsp_json *rules, *tags;
	const struct gsp_json *devices;
	struct gsp_sb_fw *f, **p = &q->sb->fws;
	const char *label;

	if (!gsp_sb_check_body(q, create_fields))
		return;
	label = gsp_json_str(q->in, "label", "");
	devices = gsp_json_get(q->in, "devices");
	if (gsp_sb_check_label(q, "label", label, 3, 32))
		check_unique(q, label, NULL);
	tags = gsp_sb_check_tags(q, gsp_json_get(q->in, "tags"));
	check_devices(q, devices);
	rules = gsp_sb_rules_check(q, gsp_json_get(q->in, "rules"), "rules.", false);
	if (gsp_sb_failed(q)) {
		gsp_json_free(rules);
		gsp_json_free(tags);
		return;
	}
	if ((f = calloc(1, sizeof(*f))) == NULL)
		abort();
	f->id = q->sb->next_id++;
	f->version = 1;
	f->enabled = true;
	f->created_s = f->updated_s = gsp_sb_wall_s(q->sb);
	gsp_sb_copy_text(f->label, sizeof(f->label), label);
	f->tags = tags;
	f->rules = rules;
	while (*p != NULL)
		p = &(*p)->next;
	*p = f;
	fw_event(q->sb, f, "firewall_create");
	if (devices != NULL) {
		each_device(q, devices, "linodes", f);
		each_device(q, devices, "interfaces", f);
	}
	gsp_sb_fw_json(q->sb, f, gsp_sb_answer(q));
}

static const struct gsp_sb_field put_fields[] = {{"label", GSP_SB_STR, 0, 0, 0, NULL},
    {"tags", GSP_SB_STRS, 0, 0, 0, NULL},
    {"status", GSP_SB_STR, 0, 0, 0, (const char *const[]){"enabled", "disabled", NULL}},
    {NULL, GSP_SB_ANY, 0, 0, 0, NULL}};

/* Enabling one must not give a service two. */
static void
set_status(struct gsp_sb_req *q, struct gsp_sb_fw *f)
{
	bool want =
	    strcmp(gsp_json_str(q->in, "status", f->enabled ? "enabled" : ""), "enabled") == 0;

	if (want == f->enabled)
		return;
	for (const struct gsp_sb_device *d = f->devices; d != NULL && want; d = d->next) {
		const struct gsp_sb_inst *i = gsp_sb_inst_find(q->sb, d->linode_id);

		if (i != NULL && !gsp_sb_device_free_for(q, i, "status"))
			return;
	}
	f->enabled = want;
	fw_event(q->sb, f, want ? "firewall_enable" : "firewall_disable");
	apply_all(q->sb, f);
}

void
gsp_sb_fw_put(struct gsp_sb_req *q)
{
	struct gsp_sb_fw *f = gsp_sb_fw_of_path(q);
	struct gsp_json *tags = NULL;
	const char *label;

	if (f == NULL || !gsp_sb_check_body(q, put_fields))
		return;
	label = gsp_json_str(q->in, "label", f->label);
	if (gsp_sb_check_label(q, "label", label, 3, 32))
		check_unique(q, label, f);
	if (gsp_json_get(q->in, "tags") != NULL)
		tags = gsp_sb_check_tags(q, gsp_json_get(q->in, "tags"));
	if (!gsp_sb_failed(q))
		set_status(q, f);
	if (gsp_sb_failed(q)) {
		gsp_json_free(tags);
		return;
	}
	gsp_sb_copy_text(f->label, sizeof(f->label), label);
	if (tags != NULL)
		gsp_sb_json_set(&f->tags, tags);
	f->updated_s = gsp_sb_wall_s(q->sb);
	fw_event(q->sb, f, "firewall_update");
	gsp_sb_fw_json(q->sb, f, gsp_sb_answer(q));
}

void
gsp_sb_fw_del(struct gsp_sb_req *q)
{
	struct gsp_sb_fw *f = gsp_sb_fw_of_path(q), **p = &q->sb->fws;

	if (f == NULL)
		return;
	for (size_t n = 0; n < 4; n++)
		if (q->sb->default_fw[n] == f->id) {
			gsp_sb_fail(q, 400, NULL, "A default firewall cannot be deleted");
			return;
		}
	while (*p != f)
		p = &(*p)->next;
	*p = f->next;
	fw_event(q->sb, f, "firewall_delete");
	apply_all(q->sb, f);
	fw_free(f);
}

void
gsp_sb_fw_settings(struct gsp_sb_req *q)
{
	struct gsp_json *ids = gsp_json_add_obj(gsp_sb_answer(q), "default_firewall_ids");

	for (size_t n = 0; n < 4; n++)
		if (q->sb->default_fw[n] != 0)
			gsp_json_add_u64(ids, default_names[n], q->sb->default_fw[n]);
		else
			gsp_sb_add_real_null(q->sb, ids, default_names[n]);
}

static const struct gsp_sb_field settings_fields[] = {
    {"default_firewall_ids", GSP_SB_OBJ, GSP_SB_REQ, 0, 0, NULL},
    {NULL, GSP_SB_ANY, 0, 0, 0, NULL}};
static const struct gsp_sb_field default_fields[] = {
    {"linode", GSP_SB_INT, GSP_SB_NULL, 0, 0, NULL},
    {"nodebalancer", GSP_SB_INT, GSP_SB_NULL, 0, 0, NULL},
    {"public_interface", GSP_SB_INT, GSP_SB_NULL, 0, 0, NULL},
    {"vpc_interface", GSP_SB_INT, GSP_SB_NULL, 0, 0, NULL}, {NULL, GSP_SB_ANY, 0, 0, 0, NULL}};

void
gsp_sb_fw_settings_put(struct gsp_sb_req *q)
{
	const struct gsp_json *ids;
	char field[64];
	int64_t id;

	if (!gsp_sb_check_body(q, settings_fields))
		return;
	ids = gsp_json_get(q->in, "default_firewall_ids");
	gsp_sb_check(q, ids, "default_firewall_ids.", default_fields);
	for (size_t n = 0; n < 4; n++)
		if (gsp_sb_is_whole(ids, default_names[n], &id) &&
		    gsp_sb_fw_find(q->sb, (uint64_t)id) == NULL) {
			gsp_sb_copy_text(field, sizeof(field), default_names[n]);
			gsp_sb_fail(q, 400, field, "firewall %" PRId64 " is not valid", id);
		}
	if (gsp_sb_failed(q))
		return;
	for (size_t n = 0; n < 4; n++) {
		if (gsp_sb_is_whole(ids, default_names[n], &id))
			q->sb->default_fw[n] = (uint64_t)id;
		else if (gsp_json_is_null(gsp_json_get(ids, default_names[n])))
			q->sb->default_fw[n] = 0;
	}
	gsp_sb_fw_settings(q);
}
