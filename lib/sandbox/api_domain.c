/* /domains and their records. */
#include <arpa/inet.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "sandbox/api_int.h"

#include "base/banned.h"

static const char *const domain_filter[] = {"domain", "group", "tags", NULL};
static const char *const record_filter[] = {"name", "tag", "target", "type", NULL};

static const char *const statuses[] = {"active", "disabled", NULL};
static const char *const domain_types[] = {"master", "slave", NULL};
static const char *const record_types[] = {
    "A", "AAAA", "NS", "MX", "CNAME", "TXT", "SRV", "PTR", "CAA", NULL};
static const char *const caa_tags[] = {"issue", "issuewild", "iodef", NULL};

#define DOMAIN_REST                                                                           \
	{"description", GSP_SB_STR, GSP_SB_NULL, 1, 253, NULL},                               \
	    {"group", GSP_SB_STR, GSP_SB_NULL, 0, 50, NULL},                                  \
	    {"soa_email", GSP_SB_STR, 0, 0, 0, NULL},                                         \
	    {"status", GSP_SB_STR, 0, 0, 0, statuses}, {"tags", GSP_SB_STRS, 0, 0, 0, NULL},  \
	    {"axfr_ips", GSP_SB_STRS, 0, 0, 0, NULL},                                         \
	    {"master_ips", GSP_SB_STRS, 0, 0, 0, NULL},                                       \
	    {"ttl_sec", GSP_SB_INT, 0, 0, 2419200, NULL},                                     \
	    {"refresh_sec", GSP_SB_INT, 0, 0, 2419200, NULL},                                 \
	    {"retry_sec", GSP_SB_INT, 0, 0, 2419200, NULL},                                   \
	    {"expire_sec", GSP_SB_INT, 0, 0, 2419200, NULL},                                  \
	    {"id", GSP_SB_ANY, 0, 0, 0, NULL},                                                \
	{                                                                                     \
		NULL, GSP_SB_ANY, 0, 0, 0, NULL                                               \
	}

static const struct gsp_sb_field domain_new[] = {
    {"domain", GSP_SB_STR, GSP_SB_REQ, 1, 253, NULL},
    {"type", GSP_SB_STR, GSP_SB_REQ, 0, 0, domain_types}, DOMAIN_REST};
static const struct gsp_sb_field domain_change[] = {{"domain", GSP_SB_STR, 0, 1, 253, NULL},
    {"type", GSP_SB_STR, 0, 0, 0, domain_types}, DOMAIN_REST};

#define RECORD_REST                                                                           \
	{"name", GSP_SB_STR, 0, 0, 100, NULL}, {"target", GSP_SB_STR, 0, 0, 65535, NULL},     \
	    {"ttl_sec", GSP_SB_INT, 0, 0, INT32_MAX, NULL},                                   \
	    {"priority", GSP_SB_INT, 0, 0, 255, NULL},                                        \
	    {"weight", GSP_SB_INT, 0, 0, 65535, NULL},                                        \
	    {"port", GSP_SB_INT, 0, 0, 65535, NULL},                                          \
	    {"service", GSP_SB_STR, GSP_SB_NULL, 0, 0, NULL},                                 \
	    {"protocol", GSP_SB_STR, GSP_SB_NULL, 0, 0, NULL},                                \
	    {"tag", GSP_SB_STR, GSP_SB_NULL, 0, 0, caa_tags},                                 \
	    {"id", GSP_SB_ANY, 0, 0, 0, NULL}, {"created", GSP_SB_ANY, 0, 0, 0, NULL},        \
	    {"updated", GSP_SB_ANY, 0, 0, 0, NULL},                                           \
	{                                                                                     \
		NULL, GSP_SB_ANY, 0, 0, 0, NULL                                               \
	}

static const struct gsp_sb_field record_new[] = {
    {"type", GSP_SB_STR, GSP_SB_REQ, 0, 0, record_types}, RECORD_REST};
static const struct gsp_sb_field record_change[] = {
    {"type", GSP_SB_STR, 0, 0, 0, record_types}, RECORD_REST};

/* Allowed times to live; others are rounded up to the next. Source: Linode API v4. */
static uint64_t
round_ttl(uint64_t ttl)
{
	static const uint64_t steps[] = {0, 300, 3600, 7200, 14400, 28800, 57600, 86400,
	    172800, 345600, 604800, 1209600, 2419200};
	size_t n = sizeof(steps) / sizeof(steps[0]);

	for (size_t i = 0; i < n; i++)
		if (ttl <= steps[i])
			return steps[i];
	return steps[n - 1];
}

static bool
is_host_name(const char *s, bool dots_needed)
{
	size_t label = 0, dots = 0;

	for (const char *p = s; *p != '\0'; p++) {
		if (*p == '.') {
			if (label == 0)
				return false;
			label = 0;
			dots++;
		} else if (!isalnum((unsigned char)*p) && strchr("-_*", *p) == NULL) {
			return false;
		} else if (++label > 63) {
			return false;
		}
	}
	return label > 0 && (!dots_needed || dots > 0);
}

static struct gsp_sb_domain *
domain_of(struct gsp_sb_req *q)
{
	uint64_t id = gsp_sb_seg_id(q, 1);
	struct gsp_sb_domain *d = id == 0 ? NULL : q->sb->domains;

	while (d != NULL && d->id != id)
		d = d->next;
	if (id != 0 && d == NULL)
		gsp_sb_not_found(q);
	return d;
}

/* Copy what the body names over the object, rounding times. */
static void
merge(struct gsp_json *obj, const struct gsp_json *in)
{
	for (struct gsp_json *v = gsp_json_first(in); v != NULL; v = gsp_json_next(v)) {
		const char *key = gsp_json_key(v);
		size_t len = strlen(key);

		if (strcmp(key, "id") == 0 || strcmp(key, "created") == 0 ||
		    strcmp(key, "updated") == 0)
			continue;
		gsp_json_remove(obj, key);
		if (len > 4 && strcmp(key + len - 4, "_sec") == 0)
			gsp_json_add_u64(obj, key, round_ttl(gsp_json_u64(in, key, 0)));
		else
			gsp_json_add_copy(obj, key, v);
	}
}

/* Checks a domain's body; the folded tags go into *tags if it has any. */
static bool
check_domain(struct gsp_sb_req *q, const struct gsp_sb_domain *self, struct gsp_json **tags)
{
	const char *name = gsp_json_str(q->in, "domain", NULL);
	const char *type =
	    gsp_json_str(q->in, "type", self ? gsp_json_str(self->obj, "type", "") : "");
	const char *email = gsp_json_str(
	    q->in, "soa_email", self ? gsp_json_str(self->obj, "soa_email", "") : "");

	if (name != NULL && !is_host_name(name, true))
		gsp_sb_fail(q, 400, "domain", "Domain is not valid");
	for (struct gsp_sb_domain *d = q->sb->domains; d != NULL && name != NULL; d = d->next)
		if (d != self && strcasecmp(gsp_json_str(d->obj, "domain", ""), name) == 0)
			gsp_sb_fail(q, 400, "domain", "DNS zone already exists.");
	if (strcmp(type, "master") == 0 && strchr(email, '@') == NULL)
		gsp_sb_fail(q, 400, "soa_email",
		    "soa_email is required for master domains and must be an address");
	if (strcmp(type, "slave") == 0 && self == NULL &&
	    gsp_json_count(gsp_json_get(q->in, "master_ips")) == 0)
		gsp_sb_fail(q, 400, "master_ips", "master_ips is required for slave domains");
	if (gsp_json_get(q->in, "tags") != NULL)
		*tags = gsp_sb_check_tags(q, gsp_json_get(q->in, "tags"));
	if (!gsp_sb_failed(q))
		return true;
	gsp_json_free(*tags);
	return false;
}

static void
put_tags(struct gsp_json *obj, struct gsp_json *tags)
{
	if (tags == NULL)
		return;
	gsp_json_remove(obj, "tags");
	gsp_json_add_copy(obj, "tags", tags);
	gsp_json_free(tags);
}

static void
domain_event(struct gsp_sandbox *sb, const struct gsp_sb_domain *d, const char *action)
{
	gsp_sb_event_new(sb, action, "notification", "domain", d->id,
	    gsp_json_str(d->obj, "domain", ""), 0);
}

void
gsp_sb_domains(struct gsp_sb_req *q)
{
	struct gsp_json *list = gsp_json_new_arr();

	for (const struct gsp_sb_domain *d = q->sb->domains; d != NULL; d = d->next)
		gsp_json_add_copy(list, NULL, d->obj);
	gsp_sb_page(q, list, domain_filter);
}

void
gsp_sb_domain_create(struct gsp_sb_req *q)
{
	static const char *const times[] = {
	    "ttl_sec", "refresh_sec", "retry_sec", "expire_sec"};
	struct gsp_sb_domain *d, **p = &q->sb->domains;
	struct gsp_json *tags = NULL;

	if (!gsp_sb_check_body(q, domain_new) || !check_domain(q, NULL, &tags))
		return;
	if ((d = calloc(1, sizeof(*d))) == NULL)
		abort();
	d->id = q->sb->next_id++;
	d->obj = gsp_json_new_obj();
	d->records = gsp_json_new_obj();
	gsp_json_add_u64(d->obj, "id", d->id);
	gsp_json_add_str(d->obj, "status", "active");
	gsp_json_add_null(d->obj, "description");
	gsp_json_add_null(d->obj, "group");
	gsp_json_add_str(d->obj, "soa_email", "");
	for (size_t n = 0; n < sizeof(times) / sizeof(times[0]); n++)
		gsp_json_add_u64(d->obj, times[n], 0);
	gsp_json_add_arr(d->obj, "master_ips");
	gsp_json_add_arr(d->obj, "axfr_ips");
	gsp_json_add_arr(d->obj, "tags");
	merge(d->obj, q->in);
	put_tags(d->obj, tags);
	while (*p != NULL)
		p = &(*p)->next;
	*p = d;
	domain_event(q->sb, d, "dns_zone_create");
	q->out = gsp_sb_json_dup(d->obj);
}

void
gsp_sb_domain_get(struct gsp_sb_req *q)
{
	const struct gsp_sb_domain *d = domain_of(q);

	if (d != NULL)
		q->out = gsp_sb_json_dup(d->obj);
}

void
gsp_sb_domain_put(struct gsp_sb_req *q)
{
	struct gsp_sb_domain *d = domain_of(q);
	struct gsp_json *tags = NULL;

	if (d == NULL || !gsp_sb_check_body(q, domain_change) || !check_domain(q, d, &tags))
		return;
	merge(d->obj, q->in);
	put_tags(d->obj, tags);
	domain_event(q->sb, d, "dns_zone_update");
	q->out = gsp_sb_json_dup(d->obj);
}

static void
domain_free(struct gsp_sb_domain *d)
{
	gsp_json_free(d->obj);
	gsp_json_free(d->records);
	free(d);
}

void
gsp_sb_domain_del(struct gsp_sb_req *q)
{
	struct gsp_sb_domain *d = domain_of(q), **p = &q->sb->domains;

	if (d == NULL)
		return;
	while (*p != d)
		p = &(*p)->next;
	*p = d->next;
	domain_event(q->sb, d, "dns_zone_delete");
	domain_free(d);
}

void
gsp_sb_domains_free(struct gsp_sandbox *sb)
{
	while (sb->domains != NULL) {
		struct gsp_sb_domain *d = sb->domains;

		sb->domains = d->next;
		domain_free(d);
	}
}

/* Name and target of a record, merged with what it was. */
static void
check_record(struct gsp_sb_req *q, const struct gsp_json *was)
{
	const char *type = gsp_json_str(q->in, "type", gsp_json_str(was, "type", ""));
	const char *name = gsp_json_str(q->in, "name", gsp_json_str(was, "name", ""));
	const char *target = gsp_json_str(q->in, "target", gsp_json_str(was, "target", ""));
	struct in6_addr addr;

	if (name[0] != '\0' && strcmp(type, "SRV") != 0 && !is_host_name(name, false))
		gsp_sb_fail(q, 400, "name", "Invalid hostname");
	if (strcmp(type, "A") == 0 && inet_pton(AF_INET, target, &addr) != 1)
		gsp_sb_fail(q, 400, "target", "You must specify a valid IPv4 address");
	else if (strcmp(type, "AAAA") == 0 && inet_pton(AF_INET6, target, &addr) != 1)
		gsp_sb_fail(q, 400, "target", "You must specify a valid IPv6 address");
	else if (target[0] == '\0')
		gsp_sb_fail(q, 400, "target", "target is required");
	if (strcmp(type, "SRV") == 0 &&
	    (gsp_json_str(q->in, "service", gsp_json_str(was, "service", NULL)) == NULL ||
		gsp_json_str(q->in, "protocol", gsp_json_str(was, "protocol", NULL)) == NULL))
		gsp_sb_fail(
		    q, 400, "service", "service and protocol are required for SRV records");
}

/* SRV records are named by what they serve. */
static void
name_srv(struct gsp_json *r)
{
	char name[160];

	if (strcmp(gsp_json_str(r, "type", ""), "SRV") != 0)
		return;
	snprintf(name, sizeof(name), "_%.64s._%.64s", gsp_json_str(r, "service", ""),
	    gsp_json_str(r, "protocol", ""));
	gsp_json_remove(r, "name");
	gsp_json_add_str(r, "name", name);
}

static struct gsp_json *
record_answer(const struct gsp_sandbox *sb, const struct gsp_json *r)
{
	struct gsp_json *o = gsp_sb_json_dup(r);

	/* the domain itself has an empty name, which the specification forbids */
	if (sb->o.spec_only && gsp_json_str(o, "name", "")[0] == '\0')
		gsp_json_remove(o, "name");
	return o;
}

static void
stamp(const struct gsp_sandbox *sb, struct gsp_json *obj, const char *key)
{
	gsp_json_remove(obj, key);
	gsp_sb_add_time(obj, key, gsp_sb_wall_s(sb));
}

/* The record of path segment 3; NULL after a 404. */
static struct gsp_json *
record_of(struct gsp_sb_req *q, const struct gsp_sb_domain *d)
{
	uint64_t id = gsp_sb_seg_id(q, 3);
	struct gsp_json *r;
	char key[24];

	if (id == 0)
		return NULL;
	snprintf(key, sizeof(key), "%" PRIu64, id);
	if ((r = gsp_json_get(d->records, key)) == NULL)
		gsp_sb_not_found(q);
	return r;
}

void
gsp_sb_records(struct gsp_sb_req *q)
{
	const struct gsp_sb_domain *d = domain_of(q);
	struct gsp_json *list;

	if (d == NULL)
		return;
	list = gsp_json_new_arr();
	for (struct gsp_json *r = gsp_json_first(d->records); r != NULL;
	     r = gsp_json_next(r)) {
		struct gsp_json *o = record_answer(q->sb, r);

		gsp_json_add_copy(list, NULL, o);
		gsp_json_free(o);
	}
	gsp_sb_page(q, list, record_filter);
}

void
gsp_sb_record_create(struct gsp_sb_req *q)
{
	static const char *const numbers[] = {"port", "priority", "weight", "ttl_sec"};
	static const char *const nulls[] = {"service", "protocol", "tag"};
	struct gsp_sb_domain *d = domain_of(q);
	struct gsp_json *r;
	uint64_t id;
	char key[24];

	if (d == NULL || !gsp_sb_check_body(q, record_new))
		return;
	check_record(q, NULL);
	if (gsp_sb_failed(q))
		return;
	id = q->sb->next_id++;
	snprintf(key, sizeof(key), "%" PRIu64, id);
	r = gsp_json_add_obj(d->records, key);
	gsp_json_add_u64(r, "id", id);
	gsp_json_add_str(r, "name", "");
	for (size_t n = 0; n < sizeof(numbers) / sizeof(numbers[0]); n++)
		gsp_json_add_u64(r, numbers[n], 0);
	for (size_t n = 0; n < sizeof(nulls) / sizeof(nulls[0]); n++)
		gsp_json_add_null(r, nulls[n]);
	merge(r, q->in);
	name_srv(r);
	stamp(q->sb, r, "created");
	stamp(q->sb, r, "updated");
	domain_event(q->sb, d, "dns_record_create");
	q->out = record_answer(q->sb, r);
}

void
gsp_sb_record_get(struct gsp_sb_req *q)
{
	const struct gsp_sb_domain *d = domain_of(q);
	struct gsp_json *r = d == NULL ? NULL : record_of(q, d);

	if (r != NULL)
		q->out = record_answer(q->sb, r);
}

void
gsp_sb_record_put(struct gsp_sb_req *q)
{
	struct gsp_sb_domain *d = domain_of(q);
	struct gsp_json *r = d == NULL ? NULL : record_of(q, d);

	if (r == NULL || !gsp_sb_check_body(q, record_change))
		return;
	if (strcmp(gsp_json_str(q->in, "type", gsp_json_str(r, "type", "")),
		gsp_json_str(r, "type", "")) != 0)
		gsp_sb_fail(q, 400, "type", "The type of a record cannot be changed");
	check_record(q, r);
	if (gsp_sb_failed(q))
		return;
	merge(r, q->in);
	name_srv(r);
	stamp(q->sb, r, "updated");
	domain_event(q->sb, d, "dns_record_update");
	q->out = record_answer(q->sb, r);
}

void
gsp_sb_record_del(struct gsp_sb_req *q)
{
	struct gsp_sb_domain *d = domain_of(q);
	struct gsp_json *r = d == NULL ? NULL : record_of(q, d);
	char key[24];

	if (r == NULL)
		return;
	snprintf(key, sizeof(key), "%" PRIu64, gsp_json_u64(r, "id", 0));
	gsp_json_remove(d->records, key);
	domain_event(q->sb, d, "dns_record_delete");
}
