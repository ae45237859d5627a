/* /networking/firewalls/ID/devices: what a firewall guards. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sandbox/api_int.h"

#include "base/banned.h"

static const char *const device_filter[] = {"id", "created", "updated", NULL};
static const char *const types[] = {"linode", "interface", "nodebalancer", NULL};

static const struct gsp_sb_field add_fields[] = {{"id", GSP_SB_INT, GSP_SB_REQ, 0, 0, NULL},
    {"type", GSP_SB_STR, GSP_SB_REQ, 0, 0, types}, {"label", GSP_SB_ANY, 0, 0, 0, NULL},
    {"url", GSP_SB_ANY, 0, 0, 0, NULL}, {NULL, GSP_SB_ANY, 0, 0, 0, NULL}};

void
gsp_sb_device_entity(
    const struct gsp_sandbox *sb, const struct gsp_sb_device *d, struct gsp_json *ent)
{
	const struct gsp_sb_inst *i = sb->insts;
	char url[96];

	while (i != NULL && i->id != d->linode_id)
		i = i->next;
	if (d->if_id == 0)
		snprintf(url, sizeof(url), "/v4/linode/instances/%" PRIu64, d->linode_id);
	else
		snprintf(url, sizeof(url),
		    "/v4/linode/instances/%" PRIu64 "/interfaces/%" PRIu64, d->linode_id,
		    d->if_id);
	gsp_json_add_u64(ent, "id", d->if_id != 0 ? d->if_id : d->linode_id);
	gsp_json_add_str(ent, "type", d->if_id != 0 ? "interface" : "linode");
	gsp_json_add_str(ent, "label", i != NULL ? i->label : "");
	gsp_json_add_str(ent, "url", url);
}

static void
device_json(const struct gsp_sandbox *sb, const struct gsp_sb_device *d, struct gsp_json *o)
{
	gsp_json_add_u64(o, "id", d->id);
	gsp_sb_add_time(o, "created", d->created_s);
	gsp_sb_add_time(o, "updated", d->created_s);
	gsp_sb_device_entity(sb, d, gsp_json_add_obj(o, "entity"));
}

bool
gsp_sb_device_free_for(struct gsp_sb_req *q, const struct gsp_sb_inst *i, const char *field)
{
	const struct gsp_sb_fw *f = gsp_sb_fw_of(q->sb, i);

	if (f == NULL)
		return true;
	gsp_sb_fail(q, 400, field, "Linode %s is already assigned to the enabled firewall %s",
	    i->label, f->label);
	return false;
}

/* Where the pointer to the device of path segment 4 is; NULL after a 404. */
static struct gsp_sb_device **
device_of(struct gsp_sb_req *q, struct gsp_sb_fw *f)
{
	uint64_t id = gsp_sb_seg_id(q, 4);
	struct gsp_sb_device **p = &f->devices;

	if (id == 0)
		return NULL;
	while (*p != NULL && (*p)->id != id)
		p = &(*p)->next;
	if (*p != NULL)
		return p;
	gsp_sb_not_found(q);
	return NULL;
}

void
gsp_sb_devices(struct gsp_sb_req *q)
{
	const struct gsp_sb_fw *f = gsp_sb_fw_of_path(q);
	struct gsp_json *list;

	if (f == NULL)
		return;
	list = gsp_json_new_arr();
	for (const struct gsp_sb_device *d = f->devices; d != NULL; d = d->next)
		device_json(q->sb, d, gsp_json_add_obj(list, NULL));
	gsp_sb_page(q, list, device_filter);
}

void
gsp_sb_device_get(struct gsp_sb_req *q)
{
	struct gsp_sb_fw *f = gsp_sb_fw_of_path(q);
	struct gsp_sb_device **p = f == NULL ? NULL : device_of(q, f);

	if (p != NULL)
		device_json(q->sb, *p, gsp_sb_answer(q));
}

void
gsp_sb_device_add(struct gsp_sb_req *q)
{
	struct gsp_sb_fw *f = gsp_sb_fw_of_path(q);
	struct gsp_sb_inst *i;
	uint64_t id;
	bool by_if;

	if (f == NULL || !gsp_sb_check_body(q, add_fields))
		return;
	by_if = strcmp(gsp_json_str(q->in, "type", ""), "interface") == 0;
	id = gsp_json_u64(q->in, "id", 0);
	i = by_if ? gsp_sb_inst_by_if(q->sb, id) : gsp_sb_inst_find(q->sb, id);
	if (strcmp(gsp_json_str(q->in, "type", ""), "nodebalancer") == 0)
		i = NULL;
	if (i == NULL || i->job == GSP_SB_DELETING)
		gsp_sb_fail(q, 400, "id", "id is not valid");
	else if (!by_if && i->linode_ifs)
		gsp_sb_fail(q, 400, "type",
		    "This Linode uses Linode interfaces: attach the firewall to its "
		    "interface");
	else if (f->enabled)
		gsp_sb_device_free_for(q, i, "id");
	if (gsp_sb_failed(q))
		return;
	device_json(
	    q->sb, gsp_sb_fw_attach(q->sb, f, i->id, by_if ? id : 0), gsp_sb_answer(q));
	gsp_sb_rules_apply(q->sb, i);
}

void
gsp_sb_device_del(struct gsp_sb_req *q)
{
	struct gsp_sb_fw *f = gsp_sb_fw_of_path(q);
	struct gsp_sb_device **p = f == NULL ? NULL : device_of(q, f), *d;

	if (p == NULL)
		return;
	d = *p;
	*p = d->next;
	gsp_sb_event_new(
	    q->sb, "firewall_device_remove", "notification", "firewall", f->id, f->label, 0);
	gsp_sb_rules_apply(q->sb, gsp_sb_inst_find(q->sb, d->linode_id));
	free(d);
}
