/* What can be done to an instance: boot, reboot, shutdown, rebuild, password. */
#include <string.h>

#include "base/clock.h"
#include "sandbox/api_int.h"

#include "base/banned.h"

static const struct gsp_sb_field config_fields[] = {
    {"config_id", GSP_SB_INT, GSP_SB_NULL, 0, 0, NULL}, {NULL, GSP_SB_ANY, 0, 0, 0, NULL}};

static bool
is_off(const struct gsp_sb_inst *i)
{
	return strcmp(i->status, "offline") == 0;
}

/* The instance, free of jobs and billed for; NULL after errors. */
static struct gsp_sb_inst *
idle_inst(struct gsp_sb_req *q)
{
	struct gsp_sb_inst *i = gsp_sb_inst_of(q);

	if (i == NULL)
		return NULL;
	if (i->job != GSP_SB_IDLE)
		gsp_sb_busy(q);
	else if (strcmp(i->status, "billing_suspension") == 0)
		gsp_sb_fail(q, 403, NULL, "Your account has been suspended");
	return gsp_sb_failed(q) ? NULL : i;
}

/* Body and configuration of boot and reboot. */
static bool
check_config(struct gsp_sb_req *q, const struct gsp_sb_inst *i)
{
	int64_t id;

	if (!gsp_sb_check_body(q, config_fields))
		return false;
	if (i->config_id == 0)
		gsp_sb_fail(q, 400, NULL, "Linode has no configuration profile to boot");
	else if (gsp_sb_is_whole(q->in, "config_id", &id) && (uint64_t)id != i->config_id)
		gsp_sb_fail(q, 400, "config_id", "config_id is not valid");
	return !gsp_sb_failed(q);
}

void
gsp_sb_inst_boot(struct gsp_sb_req *q)
{
	struct gsp_sb_inst *i = idle_inst(q);

	if (i == NULL || !check_config(q, i))
		return;
	if (!is_off(i)) {
		gsp_sb_fail(q, 400, NULL, "Linode is already booted.");
		return;
	}
	gsp_sb_life_boot(q->sb, i, "linode_boot");
}

void
gsp_sb_inst_reboot(struct gsp_sb_req *q)
{
	struct gsp_sb_inst *i = idle_inst(q);

	if (i == NULL || !check_config(q, i))
		return;
	if (is_off(i))
		gsp_sb_life_boot(
		    q->sb, i, "linode_boot"); /* a reboot of one that is off boots it */
	else
		gsp_sb_life_start(q->sb, i, GSP_SB_RESTARTING, "linode_reboot");
}

void
gsp_sb_inst_shutdown(struct gsp_sb_req *q)
{
	struct gsp_sb_inst *i = idle_inst(q);

	if (i == NULL)
		return;
	if (is_off(i)) {
		gsp_sb_fail(q, 400, NULL, "Linode is already powered off.");
		return;
	}
	gsp_sb_life_start(q->sb, i, GSP_SB_STOPPING, "linode_shutdown");
}

static const struct gsp_sb_field rebuild_fields[] = {
    {"image", GSP_SB_STR, GSP_SB_REQ, 0, 0, NULL}, {"root_pass", GSP_SB_STR, 0, 0, 0, NULL},
    {"authorized_keys", GSP_SB_STRS, 0, 0, 0, NULL},
    {"authorized_users", GSP_SB_STRS, 0, 0, 0, NULL}, {"booted", GSP_SB_BOOL, 0, 0, 0, NULL},
    {"metadata", GSP_SB_OBJ, GSP_SB_NULL, 0, 0, NULL},
    {"disk_encryption", GSP_SB_STR, 0, 0, 0,
	(const char *const[]){"enabled", "disabled", NULL}},
    {"type", GSP_SB_STR, 0, 0, 0, NULL}, {"stackscript_id", GSP_SB_INT, 0, 0, 0, NULL},
    {"stackscript_data", GSP_SB_OBJ, 0, 0, 0, NULL}, {NULL, GSP_SB_ANY, 0, 0, 0, NULL}};

void
gsp_sb_inst_rebuild(struct gsp_sb_req *q)
{
	struct gsp_sb_inst *i = idle_inst(q);
	const struct gsp_sb_image *image;

	if (i == NULL || !gsp_sb_check_body(q, rebuild_fields))
		return;
	image = gsp_sb_image_find(gsp_json_str(q->in, "image", ""));
	if (image == NULL)
		gsp_sb_fail(q, 400, "image", "image is not valid");
	if (gsp_json_get(q->in, "stackscript_id") != NULL)
		gsp_sb_fail(q, 400, "stackscript_id", "stackscript_id is not valid");
	gsp_sb_take_access(q, i, true);
	if (gsp_sb_failed(q))
		return;
	i->image = image;
	if (i->config_id == 0) {
		i->config_id = q->sb->next_id++;
		i->disk_id = q->sb->next_id++;
		i->swap_id = i->swap_mb > 0 ? q->sb->next_id++ : 0;
	}
	i->encrypted = strcmp(gsp_json_str(q->in, "disk_encryption",
				  i->encrypted ? "enabled" : "disabled"),
			   "enabled") == 0;
	i->boot_after = gsp_json_bool(q->in, "booted", true);
	gsp_sb_life_start(q->sb, i, GSP_SB_REBUILDING, "linode_rebuild");
	gsp_sb_inst_json(q->sb, i, gsp_sb_answer(q));
}

static const struct gsp_sb_field password_fields[] = {
    {"root_pass", GSP_SB_STR, GSP_SB_REQ, 0, 0, NULL}, {NULL, GSP_SB_ANY, 0, 0, 0, NULL}};

void
gsp_sb_inst_password(struct gsp_sb_req *q)
{
	struct gsp_sb_inst *i = idle_inst(q);

	if (i == NULL || !gsp_sb_check_body(q, password_fields) ||
	    !gsp_sb_check_password(q, "root_pass", gsp_json_str(q->in, "root_pass", "")))
		return;
	if (!is_off(i)) {
		gsp_sb_fail(q, 400, NULL, "Linode must be powered off to change its password");
		return;
	}
	/* machines let keys in, never passwords: there is nothing to set */
	gsp_sb_event_new(q->sb, "password_reset", "finished", "linode", i->id, i->label, 0);
}
