/*
 * What can be bought where: plans, regions, images. Prices are the recorded ones of 2025/2026;
 * id-cgk and br-gru cost more. Source: Linode API v4, /linode/types, /regions, /images.
 */
#include <stdio.h>
#include <string.h>

#include "sandbox/api_int.h"

#include "base/banned.h"

static const struct gsp_sb_type types[] = {
    {"g6-nanode-1", "Nanode 1GB", "nanode", 1024, 25600, 1, 1000, 1000, {0.0075, 5},
	{0.009, 6}, {0.0105, 7}, {0.003, 2}, {0.004, 2.4}, {0.004, 2.8}},
    {"g6-standard-1", "Linode 2GB", "standard", 2048, 51200, 1, 2000, 2000, {0.018, 12},
	{0.022, 14.4}, {0.025, 16.8}, {0.004, 2.5}, {0.005, 3}, {0.005, 3.5}},
    {"g6-standard-2", "Linode 4GB", "standard", 4096, 81920, 2, 4000, 4000, {0.036, 24},
	{0.043, 28.8}, {0.05, 33.6}, {0.008, 5}, {0.009, 6}, {0.01, 7}},
    {"g6-standard-4", "Linode 8GB", "standard", 8192, 163840, 4, 5000, 5000, {0.072, 48},
	{0.086, 57.6}, {0.101, 67.2}, {0.015, 10}, {0.018, 12}, {0.021, 14}},
    {"g6-standard-6", "Linode 16GB", "standard", 16384, 327680, 6, 8000, 6000, {0.144, 96},
	{0.173, 115.2}, {0.202, 134.4}, {0.03, 20}, {0.036, 24}, {0.042, 28}},
    {"g6-dedicated-2", "Dedicated 4GB", "dedicated", 4096, 81920, 2, 4000, 4000, {0.054, 36},
	{0.065, 43.2}, {0.076, 50.4}, {0.008, 5}, {0.009, 6}, {0.01, 7}},
    {"g6-dedicated-4", "Dedicated 8GB", "dedicated", 8192, 163840, 4, 5000, 5000, {0.108, 72},
	{0.13, 86.4}, {0.151, 100.8}, {0.015, 10}, {0.018, 12}, {0.021, 14}},
};

static const struct gsp_sb_region regions[] = {
    {"ap-south", "Singapore, SG", "sg", false},
    {"br-gru", "Sao Paulo, BR", "br", false},
    {"ca-central", "Toronto, CA", "ca", false},
    {"de-fra-2", "Frankfurt 2, DE", "de", false},
    {"eu-central", "Frankfurt, DE", "de", false},
    {"eu-west", "London, UK", "gb", false},
    {"fr-par", "Paris, FR", "fr", false},
    {"id-cgk", "Jakarta, ID", "id", false},
    {"jp-osa", "Osaka, JP", "jp", false},
    {"nl-ams", "Amsterdam, NL", "nl", false},
    {"us-central", "Dallas, TX", "us", false},
    {"us-den-edge-1", "Edge - Denver, CO", "us", true},
    {"us-east", "Newark, NJ", "us", false},
    {"us-iad", "Washington, DC", "us", false},
    {"us-lax", "Los Angeles, CA", "us", false},
    {"us-ord", "Chicago, IL", "us", false},
    {"us-sea", "Seattle, WA", "us", false},
    {"us-southeast", "Atlanta, GA", "us", false},
    {"us-west", "Fremont, CA", "us", false},
};

static const struct gsp_sb_image images[] = {
    {"linode/almalinux9", "AlmaLinux 9", "AlmaLinux", "2022-05-26T01:24:09",
	"2032-05-31T04:00:00", 2200, true, false},
    {"linode/alpine3.21", "Alpine 3.21", "Alpine", "2024-12-10T15:24:36",
	"2026-11-01T04:00:00", 600, true, false},
    {"linode/debian10", "Debian 10", "Debian", "2019-07-07T18:22:41", "2024-06-30T04:00:00",
	1500, false, true},
    {"linode/debian11", "Debian 11", "Debian", "2021-08-14T22:44:02", "2026-08-31T04:00:00",
	1500, true, false},
    {"linode/debian12", "Debian 12", "Debian", "2023-06-01T19:18:58", "2028-06-30T04:00:00",
	2000, true, false},
    {"linode/debian13", "Debian 13", "Debian", "2025-08-11T15:03:21", "2030-06-30T04:00:00",
	2200, true, false},
    {"linode/rocky9", "Rocky Linux 9", "Rocky", "2022-07-20T18:11:56", "2032-05-31T04:00:00",
	2200, true, false},
    {"linode/slackware15.0", "Slackware 15.0", "Slackware", "2022-04-12T18:05:12", NULL, 6500,
	false, false},
    {"linode/ubuntu22.04", "Ubuntu 22.04 LTS", "Ubuntu", "2022-04-22T15:19:14",
	"2027-04-01T04:00:00", 3500, true, false},
    {"linode/ubuntu24.04", "Ubuntu 24.04 LTS", "Ubuntu", "2024-04-26T13:40:31",
	"2029-04-01T04:00:00", 3500, true, false},
};

enum {
	NTYPES = sizeof(types) / sizeof(types[0]),
	NREGIONS = sizeof(regions) / sizeof(regions[0]),
	NIMAGES = sizeof(images) / sizeof(images[0])
};

static const char *const type_fields[] = {
    "class", "disk", "gpus", "label", "memory", "network_out", "transfer", "vcpus", NULL};
static const char *const region_fields[] = {"country", "site_type", NULL};
static const char *const availability_fields[] = {"available", "plan", "region", NULL};
static const char *const image_fields[] = {
    "deprecated", "is_public", "label", "size", "status", "tags", "type", "vendor", NULL};
static const char *const kernel_fields[] = {
    "architecture", "deprecated", "kvm", "label", "pvops", "version", NULL};
static const char *const price_fields[] = {"label", "transfer", NULL};

const struct gsp_sb_type *
gsp_sb_type_find(const char *id)
{
	for (size_t n = 0; n < NTYPES; n++)
		if (strcmp(types[n].id, id) == 0)
			return &types[n];
	return NULL;
}

const struct gsp_sb_region *
gsp_sb_region_find(const char *id)
{
	for (size_t n = 0; n < NREGIONS; n++)
		if (strcmp(regions[n].id, id) == 0)
			return &regions[n];
	return NULL;
}

const struct gsp_sb_image *
gsp_sb_image_find(const char *id)
{
	for (size_t n = 0; n < NIMAGES; n++)
		if (strcmp(images[n].id, id) == 0)
			return &images[n];
	return NULL;
}

static void
add_price(struct gsp_json *o, const struct gsp_sb_price *p)
{
	gsp_json_add_num(o, "hourly", p->hourly);
	gsp_json_add_num(o, "monthly", p->monthly);
}

static void
add_prices(struct gsp_json *o, const struct gsp_sb_price *p, const struct gsp_sb_price *cgk,
    const struct gsp_sb_price *gru)
{
	struct gsp_json *list, *r;

	add_price(gsp_json_add_obj(o, "price"), p);
	list = gsp_json_add_arr(o, "region_prices");
	r = gsp_json_add_obj(list, NULL);
	gsp_json_add_str(r, "id", "id-cgk");
	add_price(r, cgk);
	r = gsp_json_add_obj(list, NULL);
	gsp_json_add_str(r, "id", "br-gru");
	add_price(r, gru);
}

static void
type_json(const struct gsp_sandbox *sb, const struct gsp_sb_type *t, struct gsp_json *o)
{
	gsp_json_add_str(o, "id", t->id);
	gsp_json_add_str(o, "label", t->label);
	add_prices(o, &t->price, &t->cgk, &t->gru);
	add_prices(gsp_json_add_obj(gsp_json_add_obj(o, "addons"), "backups"), &t->backup,
	    &t->backup_cgk, &t->backup_gru);
	gsp_json_add_u64(o, "memory", t->memory_mb);
	gsp_json_add_u64(o, "disk", t->disk_mb);
	gsp_json_add_u64(o, "transfer", t->transfer_gb);
	gsp_json_add_u64(o, "vcpus", t->vcpus);
	gsp_json_add_u64(o, "gpus", 0);
	gsp_json_add_u64(o, "network_out", t->network_out_mbits);
	gsp_json_add_str(o, "class", t->class);
	gsp_json_add_null(o, "successor");
	if (!sb->o.spec_only) /* newer than specification 4.208.1 */
		gsp_json_add_u64(o, "accelerated_devices", 0);
}

void
gsp_sb_types(struct gsp_sb_req *q)
{
	struct gsp_json *list = gsp_json_new_arr();

	for (size_t n = 0; n < NTYPES; n++)
		type_json(q->sb, &types[n], gsp_json_add_obj(list, NULL));
	gsp_sb_page(q, list, type_fields);
}

void
gsp_sb_type_get(struct gsp_sb_req *q)
{
	const struct gsp_sb_type *t = gsp_sb_type_find(q->seg[2]);

	if (t != NULL)
		type_json(q->sb, t, gsp_sb_answer(q));
	else
		gsp_sb_not_found(q);
}

static void
region_json(const struct gsp_sandbox *sb, const struct gsp_sb_region *r, struct gsp_json *o)
{
	static const char *const core[] = {"Linodes", "Block Storage Encryption",
	    "LA Disk Encryption", "Backups", "NodeBalancers", "Block Storage",
	    "Object Storage", "Kubernetes", "Cloud Firewall", "Vlans", "VPCs", "Metadata",
	    "Premium Plans", "Placement Group", "Linode Interfaces"};
	static const char *const edge[] = {"Linodes", "Cloud Firewall", "Distributed Plans"};
	size_t n =
	    r->distributed ? sizeof(edge) / sizeof(edge[0]) : sizeof(core) / sizeof(core[0]);
	struct gsp_json *a;

	gsp_json_add_str(o, "id", r->id);
	gsp_json_add_str(o, "label", r->label);
	gsp_json_add_str(o, "country", r->country);
	a = gsp_json_add_arr(o, "capabilities");
	for (size_t i = 0; i < n; i++)
		gsp_json_add_str(a, NULL, r->distributed ? edge[i] : core[i]);
	if (!sb->o.spec_only) { /* it wants one text where the API sends lists */
		a = gsp_json_add_obj(o, "monitors");
		gsp_json_add_arr(a, "alerts");
		gsp_json_add_arr(a, "metrics");
	}
	gsp_json_add_str(o, "status", "ok");
	a = gsp_json_add_obj(o, "resolvers");
	gsp_json_add_str(a, "ipv4", "192.0.2.53, 192.0.2.54");
	gsp_json_add_str(a, "ipv6", "2001:db8::53, 2001:db8::54");
	a = gsp_json_add_obj(o, "placement_group_limits");
	gsp_json_add_u64(a, "maximum_pgs_per_customer", r->distributed ? 0 : 100);
	gsp_json_add_u64(a, "maximum_linodes_per_pg", r->distributed ? 0 : 5);
	gsp_json_add_u64(a, "maximum_linodes_per_flexible_pg", r->distributed ? 0 : 5);
	gsp_json_add_str(o, "site_type", r->distributed ? "distributed" : "core");
}

void
gsp_sb_regions(struct gsp_sb_req *q)
{
	struct gsp_json *list = gsp_json_new_arr();

	for (size_t n = 0; n < NREGIONS; n++)
		region_json(q->sb, &regions[n], gsp_json_add_obj(list, NULL));
	gsp_sb_page(q, list, region_fields);
}

void
gsp_sb_region_get(struct gsp_sb_req *q)
{
	const struct gsp_sb_region *r = gsp_sb_region_find(q->seg[1]);

	if (r != NULL)
		region_json(q->sb, r, gsp_sb_answer(q));
	else
		gsp_sb_not_found(q);
}

/* Standing nocapacity rules are no secret: they show here, as they would. */
static void
availability_json(
    const struct gsp_sandbox *sb, const struct gsp_sb_region *r, struct gsp_json *list)
{
	for (size_t n = 0; n < NTYPES; n++) {
		struct gsp_json *o = gsp_json_add_obj(list, NULL);

		gsp_json_add_str(o, "region", r->id);
		gsp_json_add_str(o, "plan", types[n].id);
		gsp_json_add_bool(o, "available",
		    !r->distributed && !gsp_sb_fault_soldout(sb, r->id, types[n].id));
	}
}

void
gsp_sb_region_availability(struct gsp_sb_req *q)
{
	const struct gsp_sb_region *r = gsp_sb_region_find(q->seg[1]);

	if (r == NULL) {
		gsp_sb_not_found(q);
		return;
	}
	q->out = gsp_json_new_arr(); /* a plain list, no pages */
	availability_json(q->sb, r, q->out);
}

void
gsp_sb_regions_availability(struct gsp_sb_req *q)
{
	struct gsp_json *list = gsp_json_new_arr();

	for (size_t n = 0; n < NREGIONS; n++)
		availability_json(q->sb, &regions[n], list);
	gsp_sb_page(q, list, availability_fields);
}

static void
image_json(const struct gsp_sandbox *sb, const struct gsp_sb_image *i, struct gsp_json *o)
{
	struct gsp_json *a;

	gsp_json_add_str(o, "id", i->id);
	gsp_json_add_str(o, "label", i->label);
	gsp_json_add_str(o, "description", i->label);
	gsp_json_add_str(o, "vendor", i->vendor);
	gsp_json_add_str(o, "type", "manual");
	gsp_json_add_str(o, "status", "available");
	gsp_json_add_bool(o, "is_public", true);
	gsp_json_add_bool(o, "deprecated", i->deprecated);
	gsp_json_add_u64(o, "size", i->size_mb);
	gsp_json_add_u64(o, "total_size", i->size_mb);
	gsp_json_add_str(o, "created", i->created);
	gsp_json_add_str(o, "updated", i->created);
	gsp_json_add_str(o, "created_by", "linode");
	gsp_json_add_null(o, "expiry");
	if (i->eol != NULL)
		gsp_json_add_str(o, "eol", i->eol);
	else
		gsp_json_add_null(o, "eol");
	a = gsp_json_add_arr(o, "capabilities");
	if (i->cloud_init)
		gsp_json_add_str(a, NULL, "cloud-init");
	gsp_json_add_arr(o, "regions");
	gsp_json_add_arr(o, "tags");
	if (!sb->o.spec_only) /* newer than specification 4.208.1 */
		gsp_json_add_bool(o, "is_shared", false);
}

void
gsp_sb_images(struct gsp_sb_req *q)
{
	struct gsp_json *list = gsp_json_new_arr();

	for (size_t n = 0; n < NIMAGES; n++)
		image_json(q->sb, &images[n], gsp_json_add_obj(list, NULL));
	gsp_sb_page(q, list, image_fields);
}

/* /images/linode%2Fdebian12, and with a bare slash as some clients send it */
void
gsp_sb_image_get(struct gsp_sb_req *q)
{
	const struct gsp_sb_image *i;
	char id[128];

	snprintf(id, sizeof(id), "%s%s%s", q->seg[1], q->nseg > 2 ? "/" : "",
	    q->nseg > 2 ? q->seg[2] : "");
	i = gsp_sb_image_find(id);
	if (i != NULL)
		image_json(q->sb, i, gsp_sb_answer(q));
	else
		gsp_sb_not_found(q);
}

void
gsp_sb_kernels(struct gsp_sb_req *q)
{
	static const char *const ids[] = {"linode/grub2", "linode/latest-64bit"};
	static const char *const labels[] = {
	    "GRUB 2", "Latest 64 bit (6.14.3-x86_64-linode168)"};
	struct gsp_json *list = gsp_json_new_arr();

	for (size_t n = 0; n < 2; n++) {
		struct gsp_json *o = gsp_json_add_obj(list, NULL);

		gsp_json_add_str(o, "id", ids[n]);
		gsp_json_add_str(o, "label", labels[n]);
		gsp_json_add_str(o, "version", n == 0 ? "2.12" : "6.14.3");
		gsp_json_add_bool(o, "kvm", true);
		gsp_json_add_str(o, "architecture", "x86_64");
		gsp_json_add_bool(o, "pvops", n == 1);
		gsp_json_add_bool(o, "deprecated", false);
		gsp_json_add_str(o, "built", "2025-04-28T14:00:00");
	}
	gsp_sb_page(q, list, kernel_fields);
}

void
gsp_sb_transfer_prices(struct gsp_sb_req *q)
{
	static const struct {
		const char *id;
		double hourly;
	} extra[] = {{"id-cgk", 0.015}, {"br-gru", 0.007}};
	struct gsp_json *list = gsp_json_new_arr(), *o = gsp_json_add_obj(list, NULL), *a, *r;

	gsp_json_add_str(o, "id", "network_transfer");
	gsp_json_add_str(o, "label", "Network Transfer");
	a = gsp_json_add_obj(o, "price");
	gsp_json_add_num(a, "hourly", 0.005);
	gsp_json_add_null(a, "monthly");
	a = gsp_json_add_arr(o, "region_prices");
	for (size_t n = 0; n < sizeof(extra) / sizeof(extra[0]); n++) {
		r = gsp_json_add_obj(a, NULL);
		gsp_json_add_str(r, "id", extra[n].id);
		gsp_json_add_num(r, "hourly", extra[n].hourly);
		gsp_json_add_null(r, "monthly");
	}
	gsp_json_add_u64(o, "transfer", 0);
	gsp_sb_page(q, list, price_fields);
}
