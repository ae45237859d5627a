/* /profile and /account: who the token belongs to, and the account's settings. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "sandbox/api_int.h"

#include "base/banned.h"

static const char *const sshkey_filter[] = {NULL};
static const char *const availability_filter[] = {NULL};
static const char *const choices[] = {"legacy_config_only",
    "legacy_config_default_but_linode_allowed", "linode_default_but_legacy_config_allowed",
    "linode_only", NULL};

void
gsp_sb_profile(struct gsp_sb_req *q)
{
	struct gsp_json *o = gsp_sb_answer(q), *r;

	gsp_json_add_u64(o, "uid", 1234);
	gsp_json_add_str(o, "username", "sandbox");
	gsp_json_add_str(o, "email", "sandbox@example.com");
	gsp_json_add_str(o, "timezone", "GMT");
	gsp_json_add_bool(o, "email_notifications", true);
	r = gsp_json_add_obj(o, "referrals");
	gsp_json_add_str(r, "code", "871be32f49c1411b14f29f618aaf0c14637fb8d3");
	gsp_json_add_str(
	    r, "url", "https://www.example.com/?r=871be32f49c1411b14f29f618aaf0c14637fb8d3");
	gsp_json_add_u64(r, "total", 0);
	gsp_json_add_u64(r, "completed", 0);
	gsp_json_add_u64(r, "pending", 0);
	gsp_json_add_u64(r, "credit", 0);
	gsp_json_add_bool(o, "ip_whitelist_enabled", false);
	gsp_json_add_str(o, "lish_auth_method", "password_keys");
	gsp_json_add_arr(o, "authorized_keys");
	gsp_json_add_bool(o, "two_factor_auth", true);
	gsp_json_add_bool(o, "restricted", q->token->restricted);
	gsp_json_add_str(o, "authentication_type", "password");
	gsp_json_add_null(o, "verified_phone_number");
	if (!q->sb->o.spec_only) /* newer than specification 4.208.1 */
		gsp_json_add_str(o, "user_type", "default");
}

/* 204 for a user without restrictions. */
void
gsp_sb_grants(struct gsp_sb_req *q)
{
	static const char *const flags[] = {"add_linodes", "add_longview",
	    "longview_subscription", "cancel_account", "add_domains", "add_stackscripts",
	    "add_nodebalancers", "add_images", "add_volumes", "add_firewalls", "add_databases",
	    "add_vpcs"};
	static const char *const lists[] = {"linode", "domain", "nodebalancer", "image",
	    "longview", "stackscript", "volume", "firewall", "database", "vpc"};
	struct gsp_json *g;

	if (!q->token->restricted) {
		q->status = 204;
		return;
	}
	g = gsp_json_add_obj(gsp_sb_answer(q), "global");
	gsp_json_add_null(g, "account_access");
	for (size_t n = 0; n < sizeof(flags) / sizeof(flags[0]); n++)
		gsp_json_add_bool(g, flags[n], false);
	for (size_t n = 0; n < sizeof(lists) / sizeof(lists[0]); n++)
		gsp_json_add_arr(q->out, lists[n]);
}

/* ---- ssh keys ---- */

static struct gsp_sb_sshkey **
sshkey_of(struct gsp_sb_req *q)
{
	uint64_t id = gsp_sb_seg_id(q, 2);
	struct gsp_sb_sshkey **p = &q->sb->sshkeys;

	if (id == 0)
		return NULL;
	while (*p != NULL && (*p)->id != id)
		p = &(*p)->next;
	if (*p != NULL)
		return p;
	gsp_sb_not_found(q);
	return NULL;
}

static void
sshkey_json(const struct gsp_sb_sshkey *k, struct gsp_json *o)
{
	gsp_json_add_u64(o, "id", k->id);
	gsp_json_add_str(o, "label", k->label);
	gsp_json_add_str(o, "ssh_key", k->key);
	gsp_sb_add_time(o, "created", k->created_s);
}

void
gsp_sb_sshkeys(struct gsp_sb_req *q)
{
	struct gsp_json *list = gsp_json_new_arr();

	for (const struct gsp_sb_sshkey *k = q->sb->sshkeys; k != NULL; k = k->next)
		sshkey_json(k, gsp_json_add_obj(list, NULL));
	gsp_sb_page(q, list, sshkey_filter);
}

static const struct gsp_sb_field sshkey_new[] = {
    {"label", GSP_SB_STR, GSP_SB_REQ, 0, 64, NULL},
    {"ssh_key", GSP_SB_STR, GSP_SB_REQ, 0, 0, NULL}, {"id", GSP_SB_ANY, 0, 0, 0, NULL},
    {"created", GSP_SB_ANY, 0, 0, 0, NULL}, {NULL, GSP_SB_ANY, 0, 0, 0, NULL}};
static const struct gsp_sb_field sshkey_change[] = {
    {"label", GSP_SB_STR, GSP_SB_REQ, 0, 64, NULL}, {NULL, GSP_SB_ANY, 0, 0, 0, NULL}};

void
gsp_sb_sshkey_add(struct gsp_sb_req *q)
{
	struct gsp_sb_sshkey *k, **p = &q->sb->sshkeys;

	if (!gsp_sb_check_body(q, sshkey_new) ||
	    !gsp_sb_check_sshkey(q, "ssh_key", gsp_json_str(q->in, "ssh_key", "")))
		return;
	if ((k = calloc(1, sizeof(*k))) == NULL)
		abort();
	k->id = q->sb->next_id++;
	k->created_s = gsp_sb_wall_s(q->sb);
	gsp_sb_copy_text(k->label, sizeof(k->label), gsp_json_str(q->in, "label", ""));
	k->key = gsp_sb_dup(gsp_json_str(q->in, "ssh_key", ""));
	while (*p != NULL)
		p = &(*p)->next;
	*p = k;
	gsp_sb_event_new(
	    q->sb, "user_ssh_key_add", "notification", "user_ssh_key", k->id, k->label, 0);
	sshkey_json(k, gsp_sb_answer(q));
}

void
gsp_sb_sshkey_get(struct gsp_sb_req *q)
{
	struct gsp_sb_sshkey **p = sshkey_of(q);

	if (p != NULL)
		sshkey_json(*p, gsp_sb_answer(q));
}

void
gsp_sb_sshkey_put(struct gsp_sb_req *q)
{
	struct gsp_sb_sshkey **p = sshkey_of(q);

	if (p == NULL || !gsp_sb_check_body(q, sshkey_change))
		return;
	gsp_sb_copy_text((*p)->label, sizeof((*p)->label), gsp_json_str(q->in, "label", ""));
	sshkey_json(*p, gsp_sb_answer(q));
}

static void
sshkey_drop(struct gsp_sb_sshkey **p)
{
	struct gsp_sb_sshkey *k = *p;

	*p = k->next;
	free(k->key);
	free(k);
}

void
gsp_sb_sshkey_del(struct gsp_sb_req *q)
{
	struct gsp_sb_sshkey **p = sshkey_of(q);

	if (p != NULL)
		sshkey_drop(p);
}

void
gsp_sb_sshkeys_free(struct gsp_sandbox *sb)
{
	while (sb->sshkeys != NULL)
		sshkey_drop(&sb->sshkeys);
}

/* ---- account ---- */

/* What the instances cost so far: every started hour, up to the monthly price. */
static double
uninvoiced(const struct gsp_sandbox *sb)
{
	double sum = 0;

	for (const struct gsp_sb_inst *i = sb->insts; i != NULL; i = i->next) {
		const struct gsp_sb_price *p = &i->type->price;
		double hours = (double)((gsp_sb_wall_s(sb) - i->created_s) / 3600 + 1), cost;

		if (strcmp(i->region->id, "id-cgk") == 0)
			p = &i->type->cgk;
		else if (strcmp(i->region->id, "br-gru") == 0)
			p = &i->type->gru;
		cost = hours * p->hourly;
		sum += cost < p->monthly ? cost : p->monthly;
	}
	return (double)(int64_t)(sum * 100 + 0.5) / 100;
}

void
gsp_sb_account(struct gsp_sb_req *q)
{
	static const char *const empty[] = {
	    "company", "address_1", "address_2", "city", "state", "zip", "phone", "tax_id"};
	static const char *const caps[] = {"Linodes", "NodeBalancers", "Block Storage",
	    "Object Storage", "Cloud Firewall", "Linode Interfaces"};
	struct gsp_json *o = gsp_sb_answer(q), *a;

	gsp_json_add_str(o, "first_name", "Sand");
	gsp_json_add_str(o, "last_name", "Box");
	gsp_json_add_str(o, "email", "sandbox@example.com");
	gsp_json_add_str(o, "country", "US");
	for (size_t n = 0; n < sizeof(empty) / sizeof(empty[0]); n++)
		gsp_json_add_str(o, empty[n], "");
	gsp_json_add_num(o, "balance", 0);
	gsp_json_add_num(o, "balance_uninvoiced", uninvoiced(q->sb));
	a = gsp_json_add_obj(o, "credit_card");
	gsp_json_add_str(a, "last_four", "1111");
	gsp_json_add_str(a, "expiry", "01/2030");
	a = gsp_json_add_arr(o, "capabilities");
	for (size_t n = 0; n < sizeof(caps) / sizeof(caps[0]); n++)
		gsp_json_add_str(a, NULL, caps[n]);
	gsp_json_add_arr(o, "active_promotions");
	gsp_json_add_str(o, "active_since", "2018-01-01T00:01:01");
	gsp_json_add_str(o, "billing_source", "linode");
	gsp_json_add_str(o, "euuid", "E1AF5EEC-526F-487D-B317EBEB34C87D71");
}

void
gsp_sb_settings(struct gsp_sb_req *q)
{
	struct gsp_json *o = gsp_sb_answer(q);

	gsp_json_add_bool(o, "managed", false);
	gsp_json_add_bool(o, "backups_enabled", q->sb->backups_forced);
	gsp_json_add_bool(o, "network_helper", q->sb->network_helper);
	gsp_json_add_str(o, "interfaces_for_new_linodes", q->sb->interfaces_for_new);
	gsp_json_add_str(o, "object_storage", "disabled");
	gsp_sb_add_real_null(q->sb, o, "longview_subscription");
	if (!q->sb->o.spec_only) /* newer than specification 4.208.1 */
		gsp_json_add_str(o, "maintenance_policy", "linode/migrate");
}

static const struct gsp_sb_field settings_fields[] = {
    {"backups_enabled", GSP_SB_BOOL, 0, 0, 0, NULL},
    {"network_helper", GSP_SB_BOOL, 0, 0, 0, NULL},
    {"interfaces_for_new_linodes", GSP_SB_STR, 0, 0, 0, choices},
    {"managed", GSP_SB_ANY, 0, 0, 0, NULL},
    {"longview_subscription", GSP_SB_ANY, 0, 0, 0, NULL},
    {"object_storage", GSP_SB_ANY, 0, 0, 0, NULL},
    {"maintenance_policy", GSP_SB_ANY, 0, 0, 0, NULL}, {NULL, GSP_SB_ANY, 0, 0, 0, NULL}};

void
gsp_sb_settings_put(struct gsp_sb_req *q)
{
	const char *want;

	if (!gsp_sb_check_body(q, settings_fields))
		return;
	want = gsp_json_str(q->in, "interfaces_for_new_linodes", q->sb->interfaces_for_new);
	for (const char *const *c = choices; *c != NULL; c++)
		if (strcmp(*c, want) == 0)
			q->sb->interfaces_for_new = *c;
	q->sb->backups_forced = gsp_json_bool(q->in, "backups_enabled", q->sb->backups_forced);
	q->sb->network_helper = gsp_json_bool(q->in, "network_helper", q->sb->network_helper);
	gsp_sb_event_new(q->sb, "account_settings_update", "notification", NULL, 0, NULL, 0);
	gsp_sb_settings(q);
}

void
gsp_sb_account_transfer(struct gsp_sb_req *q)
{
	struct gsp_json *o = gsp_sb_answer(q);
	uint64_t quota = 0;

	for (const struct gsp_sb_inst *i = q->sb->insts; i != NULL; i = i->next)
		quota += i->type->transfer_gb;
	gsp_json_add_u64(o, "used", 0);
	gsp_json_add_u64(o, "quota", quota);
	gsp_json_add_u64(o, "billable", 0);
	gsp_json_add_arr(o, "region_transfers");
}

/* By exception: only regions where something is not to be had are listed. */
void
gsp_sb_account_availability(struct gsp_sb_req *q)
{
	gsp_sb_page(q, gsp_json_new_arr(), availability_filter);
}
