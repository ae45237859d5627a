/* What hangs below an instance: disks, configuration, addresses, transfer, firewalls. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sandbox/api_int.h"

#include "base/banned.h"

static const char *const disk_fields[] = {"label", "size", NULL};
static const char *const no_fields[] = {NULL};

static void
disk_json(const struct gsp_sb_inst *i, bool swap, struct gsp_json *o)
{
	uint64_t whole = i->boot_mb > 0 ? i->boot_mb : i->type->disk_mb - i->swap_mb;
	char label[49];

	snprintf(label, sizeof(label), "%.36s Disk", i->image ? i->image->label : "Empty");
	gsp_json_add_u64(o, "id", swap ? i->swap_id : i->disk_id);
	gsp_json_add_str(o, "label", swap ? "512 MB Swap Image" : label);
	gsp_json_add_str(o, "status", i->job == GSP_SB_CREATING ? "not ready" : "ready");
	gsp_json_add_u64(o, "size", swap ? i->swap_mb : whole);
	gsp_json_add_str(o, "filesystem", swap ? "swap" : "ext4");
	gsp_json_add_str(o, "disk_encryption", i->encrypted ? "enabled" : "disabled");
	gsp_sb_add_time(o, "created", i->created_s);
	gsp_sb_add_time(o, "updated", i->updated_s);
}

void
gsp_sb_disks(struct gsp_sb_req *q)
{
	const struct gsp_sb_inst *i = gsp_sb_inst_of(q);
	struct gsp_json *list;

	if (i == NULL)
		return;
	list = gsp_json_new_arr();
	if (i->disk_id != 0)
		disk_json(i, false, gsp_json_add_obj(list, NULL));
	if (i->swap_id != 0)
		disk_json(i, true, gsp_json_add_obj(list, NULL));
	gsp_sb_page(q, list, disk_fields);
}

void
gsp_sb_disk_get(struct gsp_sb_req *q)
{
	const struct gsp_sb_inst *i = gsp_sb_inst_of(q);
	uint64_t id = i == NULL ? 0 : gsp_sb_seg_id(q, 4);

	if (id == 0)
		return;
	if (id != i->disk_id && id != i->swap_id)
		gsp_sb_not_found(q);
	else
		disk_json(i, id == i->swap_id, gsp_sb_answer(q));
}

static void
config_json(const struct gsp_sandbox *sb, const struct gsp_sb_inst *i, struct gsp_json *o)
{
	static const char *const slots[] = {"sdc", "sdd", "sde", "sdf", "sdg", "sdh"};
	static const char *const helpers[] = {
	    "updatedb_disabled", "distro", "modules_dep", "network", "devtmpfs_automount"};
	struct gsp_json *d, *h;

	gsp_json_add_u64(o, "id", i->config_id);
	gsp_json_add_str(o, "label", "My Configuration Profile");
	gsp_json_add_str(o, "kernel", "linode/grub2");
	gsp_json_add_str(o, "comments", "");
	gsp_json_add_u64(o, "memory_limit", 0);
	gsp_json_add_str(o, "run_level", "default");
	gsp_json_add_str(o, "virt_mode", "paravirt");
	h = gsp_json_add_obj(o, "helpers");
	for (size_t n = 0; n < sizeof(helpers) / sizeof(helpers[0]); n++)
		gsp_json_add_bool(h, helpers[n], true);
	if (sb->o.spec_only) /* what it says of these three fits no real answer */
		return;
	gsp_json_add_arr(o, "interfaces");
	gsp_json_add_str(o, "root_device", "/dev/sda");
	h = gsp_json_add_obj(o, "devices");
	d = gsp_json_add_obj(h, "sda");
	gsp_json_add_u64(d, "disk_id", i->disk_id);
	gsp_json_add_null(d, "volume_id");
	if (i->swap_id != 0) {
		d = gsp_json_add_obj(h, "sdb");
		gsp_json_add_u64(d, "disk_id", i->swap_id);
		gsp_json_add_null(d, "volume_id");
	} else {
		gsp_json_add_null(h, "sdb");
	}
	for (size_t n = 0; n < sizeof(slots) / sizeof(slots[0]); n++)
		gsp_json_add_null(h, slots[n]);
}

void
gsp_sb_configs(struct gsp_sb_req *q)
{
	const struct gsp_sb_inst *i = gsp_sb_inst_of(q);
	struct gsp_json *list;

	if (i == NULL)
		return;
	list = gsp_json_new_arr();
	if (i->config_id != 0)
		config_json(q->sb, i, gsp_json_add_obj(list, NULL));
	gsp_sb_page(q, list, no_fields);
}

static void
ipv4_json(
    const struct gsp_sandbox *sb, const struct gsp_sb_inst *i, bool public, struct gsp_json *o)
{
	const char *addr = public ? i->ipv4 : i->private_ipv4;
	const char *last = strrchr(addr, '.');
	char text[80];

	gsp_json_add_str(o, "address", addr);
	snprintf(text, sizeof(text), "%.*s.1", (int)(last ? last - addr : 0), addr);
	if (public)
		gsp_json_add_str(o, "gateway", text);
	else
		gsp_json_add_null(o, "gateway");
	gsp_json_add_str(o, "subnet_mask", public ? "255.255.255.0" : "255.255.128.0");
	gsp_json_add_u64(o, "prefix", public ? 24 : 17);
	gsp_json_add_str(o, "type", "ipv4");
	gsp_json_add_bool(o, "public", public);
	snprintf(text, sizeof(text), "%s.ip.linodeusercontent.com", addr);
	for (char *p = text; *p != '\0' && p < text + strlen(addr); p++)
		*p = *p == '.' ? '-' : *p;
	if (public)
		gsp_json_add_str(o, "rdns", text);
	else
		gsp_json_add_null(o, "rdns");
	gsp_json_add_u64(o, "linode_id", i->id);
	gsp_json_add_str(o, "region", i->region->id);
	if (!public)
		return;
	if (i->if_id != 0)
		gsp_json_add_u64(o, "interface_id", i->if_id);
	else
		gsp_json_add_null(o, "interface_id");
	gsp_sb_add_real_null(sb, o, "vpc_nat_1_1");
	if (!sb->o.spec_only)
		gsp_json_add_bool(o, "reserved", false);
}

static void
ipv6_json(const struct gsp_sb_inst *i, const char *addr, struct gsp_json *o)
{
	gsp_json_add_str(o, "address", addr);
	gsp_json_add_str(o, "gateway", "fe80::1");
	gsp_json_add_str(o, "subnet_mask", "ffff:ffff:ffff:ffff::");
	gsp_json_add_u64(o, "prefix", 64);
	gsp_json_add_str(o, "type", "ipv6");
	gsp_json_add_bool(o, "public", strncmp(addr, "fe80", 4) != 0);
	gsp_json_add_null(o, "rdns");
	gsp_json_add_u64(o, "linode_id", i->id);
	gsp_json_add_str(o, "region", i->region->id);
}

void
gsp_sb_ips(struct gsp_sb_req *q)
{
	const struct gsp_sb_inst *i = gsp_sb_inst_of(q);
	struct gsp_json *v4, *v6, *a;
	char local[32];
	unsigned m[6] = {0};

	if (i == NULL)
		return;
	v4 = gsp_json_add_obj(gsp_sb_answer(q), "ipv4");
	a = gsp_json_add_arr(v4, "public");
	ipv4_json(q->sb, i, true, gsp_json_add_obj(a, NULL));
	a = gsp_json_add_arr(v4, "private");
	if (i->private_ipv4[0] != '\0')
		ipv4_json(q->sb, i, false, gsp_json_add_obj(a, NULL));
	gsp_json_add_arr(v4, "shared");
	gsp_json_add_arr(v4, "reserved");
	gsp_json_add_arr(v4, "vpc");
	v6 = gsp_json_add_obj(q->out, "ipv6");
	sscanf(i->mac, "%x:%x:%x:%x:%x:%x", &m[0], &m[1], &m[2], &m[3], &m[4], &m[5]);
	snprintf(local, sizeof(local), "fe80::%02x%02x:%02xff:fe%02x:%02x%02x",
	    (m[0] ^ 2) & 0xff, m[1] & 0xff, m[2] & 0xff, m[3] & 0xff, m[4] & 0xff,
	    m[5] & 0xff);
	ipv6_json(i, local, gsp_json_add_obj(v6, "link_local"));
	if (i->ipv6[0] != '\0')
		ipv6_json(i, i->ipv6, gsp_json_add_obj(v6, "slaac"));
	else
		gsp_sb_add_real_null(q->sb, v6, "slaac");
	gsp_json_add_arr(v6, "global");
}

void
gsp_sb_inst_transfer(struct gsp_sb_req *q)
{
	const struct gsp_sb_inst *i = gsp_sb_inst_of(q);

	if (i == NULL)
		return;
	gsp_json_add_u64(gsp_sb_answer(q), "used", 0);
	gsp_json_add_u64(q->out, "quota", i->type->transfer_gb);
	gsp_json_add_u64(q->out, "billable", 0);
}

void
gsp_sb_inst_firewalls(struct gsp_sb_req *q)
{
	const struct gsp_sb_inst *i = gsp_sb_inst_of(q);
	struct gsp_json *list;

	if (i == NULL)
		return;
	list = gsp_json_new_arr();
	for (const struct gsp_sb_fw *f = q->sb->fws; f != NULL; f = f->next)
		for (const struct gsp_sb_device *d = f->devices; d != NULL; d = d->next)
			if (d->linode_id == i->id && d->if_id == 0)
				gsp_sb_fw_json(q->sb, f, gsp_json_add_obj(list, NULL));
	gsp_sb_page(q, list, gsp_sb_fw_fields);
}

static void
interface_json(const struct gsp_sb_inst *i, struct gsp_json *o)
{
	struct gsp_json *p, *v, *a;

	gsp_json_add_u64(o, "id", i->if_id);
	gsp_json_add_str(o, "mac_address", i->mac);
	gsp_json_add_u64(o, "version", 1);
	gsp_sb_add_time(o, "created", i->created_s);
	gsp_sb_add_time(o, "updated", i->created_s);
	p = gsp_json_add_obj(o, "default_route");
	gsp_json_add_bool(p, "ipv4", true);
	gsp_json_add_bool(p, "ipv6", true);
	p = gsp_json_add_obj(o, "public");
	v = gsp_json_add_obj(p, "ipv4");
	a = gsp_json_add_obj(gsp_json_add_arr(v, "addresses"), NULL);
	gsp_json_add_str(a, "address", i->ipv4);
	gsp_json_add_bool(a, "primary", true);
	gsp_json_add_arr(v, "shared");
	v = gsp_json_add_obj(p, "ipv6");
	a = gsp_json_add_arr(v, "slaac");
	if (i->ipv6[0] != '\0') {
		a = gsp_json_add_obj(a, NULL);
		gsp_json_add_str(a, "address", i->ipv6);
		gsp_json_add_u64(a, "prefix", 64);
	}
	gsp_json_add_arr(v, "ranges");
	gsp_json_add_arr(v, "shared");
	gsp_json_add_null(o, "vlan");
	gsp_json_add_null(o, "vpc");
}

void
gsp_sb_interfaces(struct gsp_sb_req *q)
{
	const struct gsp_sb_inst *i = gsp_sb_inst_of(q);
	struct gsp_json *list;

	if (i == NULL)
		return;
	if (!i->linode_ifs) {
		gsp_sb_fail(q, 400, NULL, "This Linode uses legacy configuration interfaces");
		return;
	}
	if (q->sb->o.spec_only &&
	    i->if_id != 0) { /* it lists one, where the API sends a list */
		interface_json(i, gsp_sb_answer(q));
		return;
	}
	list = gsp_json_add_arr(gsp_sb_answer(q), "interfaces");
	if (i->if_id != 0)
		interface_json(i, gsp_json_add_obj(list, NULL));
}

void
gsp_sb_inst_volumes(struct gsp_sb_req *q)
{
	if (gsp_sb_inst_of(q) != NULL)
		gsp_sb_page(q, gsp_json_new_arr(), no_fields);
}
