/* POST /linode/instances: everything that is checked before a machine is made. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/rand.h"
#include "sandbox/api_int.h"

#include "base/banned.h"

/* Encoded characters; Linode API v4, metadata.user_data. */
enum { USER_DATA_MAX = 65535, KEYS_MAX = 256, SWAP_DEFAULT_MB = 512 };

static const char *const generations[] = {"legacy_config", "linode", NULL};
static const char *const encryption[] = {"enabled", "disabled", NULL};
static const char *const policies[] = {"linode/migrate", "linode/power_off_on", NULL};

static const struct gsp_sb_field create_fields[] = {
    {"region", GSP_SB_STR, GSP_SB_REQ, 0, 0, NULL},
    {"type", GSP_SB_STR, GSP_SB_REQ, 0, 0, NULL}, {"image", GSP_SB_STR, 0, 0, 0, NULL},
    {"label", GSP_SB_STR, 0, 0, 0, NULL}, {"group", GSP_SB_STR, 0, 0, 50, NULL},
    {"tags", GSP_SB_STRS, 0, 0, 0, NULL}, {"authorized_keys", GSP_SB_STRS, 0, 0, 0, NULL},
    {"authorized_users", GSP_SB_STRS, 0, 0, 0, NULL}, {"root_pass", GSP_SB_STR, 0, 0, 0, NULL},
    {"metadata", GSP_SB_OBJ, GSP_SB_NULL, 0, 0, NULL},
    {"stackscript_id", GSP_SB_INT, 0, 0, 0, NULL},
    {"stackscript_data", GSP_SB_OBJ, 0, 0, 0, NULL}, {"booted", GSP_SB_BOOL, 0, 0, 0, NULL},
    {"swap_size", GSP_SB_INT, 0, 0, 65536, NULL},
    {"boot_size", GSP_SB_INT, 0, 8192, 16777216, NULL},
    {"firewall_id", GSP_SB_INT, GSP_SB_NULL, -1, INT64_C(1) << 53, NULL},
    {"interface_generation", GSP_SB_STR, GSP_SB_NULL, 0, 0, generations},
    {"interfaces", GSP_SB_OBJS, 0, 0, 0, NULL},
    {"backups_enabled", GSP_SB_BOOL, 0, 0, 0, NULL}, {"backup_id", GSP_SB_INT, 0, 0, 0, NULL},
    {"private_ip", GSP_SB_BOOL, 0, 0, 0, NULL}, {"ipv4", GSP_SB_STRS, 0, 0, 0, NULL},
    {"kernel", GSP_SB_STR, 0, 1, 100, NULL},
    {"disk_encryption", GSP_SB_STR, 0, 0, 0, encryption},
    {"maintenance_policy", GSP_SB_STR, 0, 0, 0, policies},
    {"network_helper", GSP_SB_BOOL, GSP_SB_NULL, 0, 0, NULL},
    {"placement_group", GSP_SB_OBJ, 0, 0, 0, NULL}, {NULL, GSP_SB_ANY, 0, 0, 0, NULL}};

static const struct gsp_sb_field metadata_fields[] = {
    {"user_data", GSP_SB_STR, GSP_SB_NULL, 0, 0, NULL}, {NULL, GSP_SB_ANY, 0, 0, 0, NULL}};

static const struct gsp_sb_field iface_fields[] = {
    {"firewall_id", GSP_SB_INT, GSP_SB_NULL, -1, INT64_C(1) << 53, NULL},
    {"default_route", GSP_SB_OBJ, GSP_SB_NULL, 0, 0, NULL},
    {"public", GSP_SB_OBJ, GSP_SB_NULL, 0, 0, NULL},
    {"vlan", GSP_SB_OBJ, GSP_SB_NULL, 0, 0, NULL},
    {"vpc", GSP_SB_OBJ, GSP_SB_NULL, 0, 0, NULL}, {"purpose", GSP_SB_ANY, 0, 0, 0, NULL},
    {NULL, GSP_SB_ANY, 0, 0, 0, NULL}};

/* What the body asks for, once it is checked. */
struct wish {
	struct gsp_sb_inst *i; /* filled as far as it goes */
	struct gsp_sb_fw *fw;  /* NULL: none */
	bool with_iface;
};

static void
take_user_data(struct gsp_sb_req *q, struct gsp_sb_inst *i)
{
	const struct gsp_json *meta = gsp_json_get(q->in, "metadata");
	const char *text;

	free(i->user_data);
	i->user_data = NULL;
	i->has_user_data = false;
	if (meta == NULL || !gsp_json_is_obj(meta) ||
	    !gsp_sb_check(q, meta, "metadata.", metadata_fields))
		return;
	text = gsp_json_str(meta, "user_data", "");
	if (strlen(text) > USER_DATA_MAX)
		gsp_sb_fail(q, 400, "metadata.user_data",
		    "user_data must be at most 65535 characters, base64 included");
	else if (text[0] != '\0' &&
		 (i->user_data = gsp_sb_base64(text, &i->user_data_len)) == NULL)
		gsp_sb_fail(q, 400, "metadata.user_data", "user_data must be base64 encoded");
	i->has_user_data = i->user_data != NULL;
}

/* Keys of the body and of the account's users, as one array. */
static void
take_keys(struct gsp_sb_req *q, struct gsp_sb_inst *i, bool *given)
{
	const struct gsp_json *keys = gsp_json_get(q->in, "authorized_keys");
	const struct gsp_json *users = gsp_json_get(q->in, "authorized_users");

	gsp_sb_json_set(&i->keys, gsp_json_new_arr());
	for (struct gsp_json *k = keys ? gsp_json_first(keys) : NULL; k;
	     k = gsp_json_next(k)) {
		*given = true;
		if (gsp_sb_check_sshkey(q, "authorized_keys", gsp_json_text(k, "")))
			gsp_json_add_str(i->keys, NULL, gsp_json_text(k, ""));
	}
	for (struct gsp_json *u = users ? gsp_json_first(users) : NULL; u;
	     u = gsp_json_next(u)) {
		*given = true;
		if (strcmp(gsp_json_text(u, ""), "sandbox") != 0)
			gsp_sb_fail(q, 400, "authorized_users", "Username %.64s is not valid",
			    gsp_json_text(u, ""));
		for (const struct gsp_sb_sshkey *s = q->sb->sshkeys; s != NULL; s = s->next)
			gsp_json_add_str(i->keys, NULL, s->key);
	}
	if (gsp_json_count(i->keys) > KEYS_MAX)
		gsp_sb_fail(q, 400, "authorized_keys", "Too many keys");
}

void
gsp_sb_take_access(struct gsp_sb_req *q, struct gsp_sb_inst *i, bool need)
{
	const char *pass = gsp_json_str(q->in, "root_pass", NULL);
	bool given = pass != NULL;

	if (pass != NULL)
		gsp_sb_check_password(q, "root_pass", pass);
	take_keys(q, i, &given);
	take_user_data(q, i);
	if (need && !given) /* worded as seen in recorded answers */
		gsp_sb_fail(q, 400, "root_pass",
		    "Must provide valid root_pass, authorized_keys, or authorized_users");
}

static void
take_place(struct gsp_sb_req *q, struct gsp_sb_inst *i)
{
	const char *image = gsp_json_str(q->in, "image", NULL);

	i->region = gsp_sb_region_find(gsp_json_str(q->in, "region", ""));
	i->type = gsp_sb_type_find(gsp_json_str(q->in, "type", ""));
	if (i->region == NULL)
		gsp_sb_fail(q, 400, "region", "region is not valid");
	if (i->type == NULL)
		gsp_sb_fail(q, 400, "type", "A valid plan type by that ID was not found");
	if (i->region != NULL && i->type != NULL && i->region->distributed)
		gsp_sb_fail(
		    q, 400, "type", "The selected plan is not available in this region");
	if (image != NULL && (i->image = gsp_sb_image_find(image)) == NULL)
		gsp_sb_fail(q, 400, "image", "image is not valid");
	else if (i->image != NULL && i->type != NULL && i->image->size_mb > i->type->disk_mb)
		gsp_sb_fail(q, 400, "image", "The image does not fit on the plan's disk");
}

static void
take_label(struct gsp_sb_req *q, struct gsp_sb_inst *i)
{
	const char *label = gsp_json_str(q->in, "label", NULL);

	if (label == NULL) {
		snprintf(i->label, sizeof(i->label), "linode%" PRIu64, q->sb->next_id);
		return;
	}
	if (!gsp_sb_check_label(q, "label", label, 3, 64))
		return;
	gsp_sb_copy_text(i->label, sizeof(i->label), label);
	if (gsp_sb_inst_by_label(q->sb, label) != NULL)
		gsp_sb_fail(q, 400, "label", "Label must be unique among your linodes");
}

/* What the sandbox has none of cannot be valid here. */
static void
refuse_foreign(struct gsp_sb_req *q)
{
	static const char *const ids[] = {"stackscript_id", "backup_id"};
	const char *kernel = gsp_json_str(q->in, "kernel", "linode/grub2");

	for (size_t n = 0; n < sizeof(ids) / sizeof(ids[0]); n++)
		if (gsp_json_get(q->in, ids[n]) != NULL)
			gsp_sb_fail(q, 400, ids[n], "%s is not valid", ids[n]);
	if (gsp_json_get(q->in, "placement_group") != NULL)
		gsp_sb_fail(q, 400, "placement_group.id", "placement_group.id is not valid");
	if (gsp_json_count(gsp_json_get(q->in, "ipv4")) > 0)
		gsp_sb_fail(
		    q, 400, "ipv4", "The address is not one of your reserved addresses");
	if (strcmp(kernel, "linode/grub2") != 0 && strcmp(kernel, "linode/latest-64bit") != 0)
		gsp_sb_fail(q, 400, "kernel", "kernel is not valid");
}

static bool
take_generation(struct gsp_sb_req *q, struct gsp_sb_inst *i)
{
	const char *setting = q->sb->interfaces_for_new;
	const char *dflt = strncmp(setting, "linode", 6) == 0 ? "linode" : "legacy_config";
	const char *want = gsp_json_str(q->in, "interface_generation", dflt);

	i->linode_ifs = strcmp(want, "linode") == 0;
	if ((i->linode_ifs && strcmp(setting, "legacy_config_only") == 0) ||
	    (!i->linode_ifs && strcmp(setting, "linode_only") == 0)) {
		gsp_sb_fail(q, 400, "interface_generation",
		    "Your account settings do not allow interface generation %s", want);
		return false;
	}
	return true;
}

/* The firewall named by obj's firewall_id, else the account's default. */
static struct gsp_sb_fw *
firewall_named(
    struct gsp_sb_req *q, const struct gsp_json *obj, const char *field, uint64_t dflt)
{
	struct gsp_sb_fw *f;
	int64_t id;

	if (obj == NULL || !gsp_sb_is_whole(obj, "firewall_id", &id))
		return dflt == 0 ? NULL : gsp_sb_fw_find(q->sb, dflt);
	if (id == -1)
		return NULL;
	f = gsp_sb_fw_find(q->sb, (uint64_t)id);
	if (f == NULL)
		gsp_sb_fail(q, 400, field, "firewall_id is not valid");
	return f;
}

static void
take_network(struct gsp_sb_req *q, struct wish *w)
{
	const struct gsp_json *ifs = gsp_json_get(q->in, "interfaces");
	const struct gsp_json *one = ifs ? gsp_json_first(ifs) : NULL;

	if (!take_generation(q, w->i))
		return;
	if (!w->i->linode_ifs) {
		w->fw = firewall_named(q, q->in, "firewall_id", q->sb->default_fw[0]);
		return;
	}
	if (gsp_json_is_num(gsp_json_get(q->in, "firewall_id")))
		gsp_sb_fail(q, 400, "firewall_id",
		    "firewall_id is for legacy interfaces: set it on each interface");
	if (one == NULL)
		return;
	if (gsp_json_next(one) != NULL)
		gsp_sb_fail(q, 400, "interfaces", "This sandbox gives a Linode one interface");
	if (!gsp_sb_check(q, one, "interfaces[0].", iface_fields))
		return;
	if (!gsp_json_is_obj(gsp_json_get(one, "public"))) {
		gsp_sb_fail(
		    q, 400, "interfaces[0]", "This sandbox has public interfaces alone");
		return;
	}
	w->with_iface = true;
	w->fw = firewall_named(q, one, "interfaces[0].firewall_id", q->sb->default_fw[2]);
}

static size_t
instance_count(const struct gsp_sandbox *sb)
{
	size_t n = 0;

	for (const struct gsp_sb_inst *i = sb->insts; i != NULL; i = i->next)
		n++;
	return n;
}

/* Everything about the body; false after errors. */
static bool
take_wish(struct gsp_sb_req *q, struct wish *w)
{
	struct gsp_sb_inst *i = w->i;

	take_place(q, i);
	take_label(q, i);
	gsp_sb_json_set(&i->tags, gsp_sb_check_tags(q, gsp_json_get(q->in, "tags")));
	gsp_sb_take_access(q, i, i->image != NULL);
	refuse_foreign(q);
	take_network(q, w);
	gsp_sb_copy_text(i->group, sizeof(i->group), gsp_json_str(q->in, "group", ""));
	i->backups = q->sb->backups_forced || gsp_json_bool(q->in, "backups_enabled", false);
	i->encrypted =
	    strcmp(gsp_json_str(q->in, "disk_encryption", "enabled"), "enabled") == 0;
	i->maintenance_policy =
	    strcmp(gsp_json_str(q->in, "maintenance_policy", policies[0]), policies[0]) == 0
		? policies[0]
		: policies[1];
	i->swap_mb = gsp_json_u64(q->in, "swap_size", SWAP_DEFAULT_MB);
	i->boot_mb = gsp_json_u64(q->in, "boot_size", 0);
	i->boot_after = i->image != NULL && gsp_json_bool(q->in, "booted", true);
	if (!gsp_sb_failed(q) && i->type->disk_mb < i->boot_mb + i->swap_mb)
		gsp_sb_fail(q, 400, "boot_size", "The disks do not fit on the plan's disk");
	if (!gsp_sb_failed(q) && instance_count(q->sb) >= q->sb->o.account_limit)
		gsp_sb_fail(
		    q, 400, NULL, "Account Limit reached. Please open a support ticket.");
	return !gsp_sb_failed(q);
}

bool
gsp_sb_inst_machine(struct gsp_sandbox *sb, struct gsp_sb_inst *i, struct gsp_err *err)
{
	const char *keys[KEYS_MAX + 1] = {NULL};
	/* like the metadata service: not in every region, not read by every image */
	bool heard = i->image != NULL && i->image->cloud_init && !i->region->distributed;
	struct gsp_machine_spec spec = {.id = i->id,
	    .label = i->label,
	    .ipv4 = i->ipv4, /* empty, or kept by a rebuild */
	    .authorized_keys = keys,
	    .memory_mb = i->type->memory_mb,
	    .vcpus = i->type->vcpus,
	    .disk_mb = i->type->disk_mb};
	size_t n = 0;

	for (struct gsp_json *k = gsp_json_first(i->keys); k && n < KEYS_MAX;
	     k = gsp_json_next(k))
		keys[n++] = gsp_json_text(k, "");
	if (heard && i->user_data != NULL) {
		spec.user_data = i->user_data;
		spec.user_data_len = i->user_data_len;
	}
	if (gsp_machine_new(&i->machine, sb->world, &spec, err) == -1) {
		i->machine = NULL;
		return false;
	}
	gsp_sb_copy_text(i->ipv4, sizeof(i->ipv4), gsp_machine_ipv4(i->machine));
	gsp_sb_copy_text(i->ipv6, sizeof(i->ipv6), gsp_machine_ipv6(i->machine));
	i->expected_dead = true; /* until it is booted */
	gsp_sb_rules_apply(sb, i);
	return true;
}

static void
random_hex(char *out, size_t digits)
{
	static const char set[] = "0123456789abcdef";

	for (size_t n = 0; n < digits; n++)
		out[n] = set[gsp_rand_below(16)];
	out[digits] = '\0';
}

static void
name_parts(
    struct gsp_sandbox *sb, struct gsp_sb_inst *i, const struct wish *w, bool private_ip)
{
	char h[13];

	i->id = sb->next_id++;
	if (i->image != NULL) {
		i->config_id = sb->next_id++;
		i->disk_id = sb->next_id++;
		i->swap_id = i->swap_mb > 0 ? sb->next_id++ : 0;
	}
	i->if_id = w->with_iface ? sb->next_id++ : 0;
	random_hex(i->host_uuid, 40);
	random_hex(h, 6);
	snprintf(i->mac, sizeof(i->mac), "22:00:%.2s:%.2s:%.2s:01", h, h + 2, h + 4);
	if (private_ip) /* 192.168.128.0/17 */
		snprintf(i->private_ipv4, sizeof(i->private_ipv4), "192.168.%u.%u",
		    (unsigned)(128 + i->id / 254 % 128), (unsigned)(1 + i->id % 254));
	i->created_s = i->updated_s = gsp_sb_wall_s(sb);
	i->watchdog = true;
	i->alerts = gsp_json_new_obj();
	gsp_json_add_u64(i->alerts, "cpu", 90 * i->type->vcpus);
	gsp_json_add_u64(i->alerts, "io", 10000);
	gsp_json_add_u64(i->alerts, "network_in", 10);
	gsp_json_add_u64(i->alerts, "network_out", 10);
	gsp_json_add_u64(i->alerts, "transfer_quota", 80);
}

static void
append(struct gsp_sandbox *sb, struct gsp_sb_inst *i)
{
	struct gsp_sb_inst **p = &sb->insts;

	while (*p != NULL)
		p = &(*p)->next;
	*p = i;
}

void
gsp_sb_inst_create(struct gsp_sb_req *q)
{
	struct wish w = {NULL, NULL, false};
	struct gsp_err err = GSP_ERR_INIT;

	if (!gsp_sb_check_body(q, create_fields))
		return;
	if ((w.i = calloc(1, sizeof(*w.i))) == NULL)
		abort();
	if (!take_wish(q, &w)) {
		gsp_sb_inst_free(q->sb, w.i);
		return;
	}
	name_parts(q->sb, w.i, &w, gsp_json_bool(q->in, "private_ip", false));
	append(q->sb, w.i);
	if (w.fw != NULL)
		gsp_sb_fw_attach(q->sb, w.fw, w.i->id, w.i->if_id);
	if (!gsp_sb_inst_machine(q->sb, w.i, &err)) {
		gsp_sb_fail(q, 500, NULL, "The sandbox cannot make a machine: %s", err.msg);
		gsp_sb_fw_detach_all(q->sb, w.i->id);
		gsp_sb_inst_free(q->sb, w.i);
		return;
	}
	gsp_sb_life_start(q->sb, w.i, GSP_SB_CREATING, "linode_create");
	gsp_sb_inst_json(q->sb, w.i, gsp_sb_answer(q));
}
