/* From a request's last byte to its answer: path, token, scope, limits, faults, handler. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "sandbox/api_int.h"

#include "base/banned.h"

enum flag {
	OPEN = 1,    /* no token needed */
	CREATES = 2, /* counted against create_limit */
	BUYS = 4     /* not for restricted users */
};

struct route {
	const char *method, *pattern; /* '*': any one segment */
	const char *scope;	      /* NULL: none needed */
	unsigned flags;
	gsp_sb_handler *handler;
};

#define LR "linodes:read_only"
#define LW "linodes:read_write"
#define FR "firewall:read_only"
#define FW "firewall:read_write"
#define DR "domains:read_only"
#define DW "domains:read_write"
#define AR "account:read_only"
#define AW "account:read_write"

static const struct route routes[] = {
    {"GET", "profile", NULL, 0, gsp_sb_profile},
    {"GET", "profile/grants", NULL, 0, gsp_sb_grants},
    {"GET", "profile/sshkeys", AR, 0, gsp_sb_sshkeys},
    {"POST", "profile/sshkeys", AW, 0, gsp_sb_sshkey_add},
    {"GET", "profile/sshkeys/*", AR, 0, gsp_sb_sshkey_get},
    {"PUT", "profile/sshkeys/*", AW, 0, gsp_sb_sshkey_put},
    {"DELETE", "profile/sshkeys/*", AW, 0, gsp_sb_sshkey_del},
    {"GET", "account", AR, 0, gsp_sb_account},
    {"GET", "account/settings", AR, 0, gsp_sb_settings},
    {"PUT", "account/settings", AW, 0, gsp_sb_settings_put},
    {"GET", "account/transfer", AR, 0, gsp_sb_account_transfer},
    {"GET", "account/availability", AR, 0, gsp_sb_account_availability},
    {"GET", "account/events", "events:read_only", 0, gsp_sb_events_list},
    {"GET", "account/events/*", "events:read_only", 0, gsp_sb_event_get},
    {"POST", "account/events/*/seen", "events:read_only", 0, gsp_sb_event_seen},
    {"POST", "account/events/*/read", "events:read_only", 0, gsp_sb_event_read},
    {"GET", "tags", AR, 0, gsp_sb_tags},
    {"POST", "tags", AW, 0, gsp_sb_tag_create},
    {"GET", "tags/*", AR, 0, gsp_sb_tag_get},
    {"DELETE", "tags/*", AW, 0, gsp_sb_tag_del},
    {"GET", "regions", NULL, OPEN, gsp_sb_regions},
    {"GET", "regions/availability", NULL, OPEN, gsp_sb_regions_availability},
    {"GET", "regions/*", NULL, OPEN, gsp_sb_region_get},
    {"GET", "regions/*/availability", NULL, OPEN, gsp_sb_region_availability},
    {"GET", "linode/types", NULL, OPEN, gsp_sb_types},
    {"GET", "linode/types/*", NULL, OPEN, gsp_sb_type_get},
    {"GET", "linode/kernels", NULL, OPEN, gsp_sb_kernels},
    {"GET", "network-transfer/prices", NULL, OPEN, gsp_sb_transfer_prices},
    {"GET", "images", "images:read_only", OPEN, gsp_sb_images},
    {"GET", "images/*", "images:read_only", OPEN, gsp_sb_image_get},
    {"GET", "images/*/*", "images:read_only", OPEN, gsp_sb_image_get},
    {"GET", "linode/instances", LR, 0, gsp_sb_inst_list},
    {"POST", "linode/instances", LW, CREATES | BUYS, gsp_sb_inst_create},
    {"GET", "linode/instances/*", LR, 0, gsp_sb_inst_get},
    {"PUT", "linode/instances/*", LW, 0, gsp_sb_inst_put},
    {"DELETE", "linode/instances/*", LW, 0, gsp_sb_inst_del},
    {"POST", "linode/instances/*/boot", LW, 0, gsp_sb_inst_boot},
    {"POST", "linode/instances/*/reboot", LW, 0, gsp_sb_inst_reboot},
    {"POST", "linode/instances/*/shutdown", LW, 0, gsp_sb_inst_shutdown},
    {"POST", "linode/instances/*/rebuild", LW, 0, gsp_sb_inst_rebuild},
    {"POST", "linode/instances/*/password", LW, 0, gsp_sb_inst_password},
    {"GET", "linode/instances/*/disks", LR, 0, gsp_sb_disks},
    {"GET", "linode/instances/*/disks/*", LR, 0, gsp_sb_disk_get},
    {"GET", "linode/instances/*/configs", LR, 0, gsp_sb_configs},
    {"GET", "linode/instances/*/ips", LR, 0, gsp_sb_ips},
    {"GET", "linode/instances/*/transfer", LR, 0, gsp_sb_inst_transfer},
    {"GET", "linode/instances/*/firewalls", LR, 0, gsp_sb_inst_firewalls},
    {"GET", "linode/instances/*/interfaces", LR, 0, gsp_sb_interfaces},
    {"GET", "linode/instances/*/volumes", LR, 0, gsp_sb_inst_volumes},
    {"GET", "networking/firewalls", FR, 0, gsp_sb_fw_list},
    {"POST", "networking/firewalls", FW, BUYS, gsp_sb_fw_create},
    {"GET", "networking/firewalls/settings", FR, 0, gsp_sb_fw_settings},
    {"PUT", "networking/firewalls/settings", AW, 0, gsp_sb_fw_settings_put},
    {"GET", "networking/firewalls/*", FR, 0, gsp_sb_fw_get},
    {"PUT", "networking/firewalls/*", FW, 0, gsp_sb_fw_put},
    {"DELETE", "networking/firewalls/*", FW, 0, gsp_sb_fw_del},
    {"GET", "networking/firewalls/*/rules", FR, 0, gsp_sb_rules_get},
    {"PUT", "networking/firewalls/*/rules", FW, 0, gsp_sb_rules_put},
    {"GET", "networking/firewalls/*/devices", FR, 0, gsp_sb_devices},
    {"POST", "networking/firewalls/*/devices", FW, 0, gsp_sb_device_add},
    {"GET", "networking/firewalls/*/devices/*", FR, 0, gsp_sb_device_get},
    {"DELETE", "networking/firewalls/*/devices/*", FW, 0, gsp_sb_device_del},
    {"GET", "domains", DR, 0, gsp_sb_domains},
    {"POST", "domains", DW, BUYS, gsp_sb_domain_create},
    {"GET", "domains/*", DR, 0, gsp_sb_domain_get},
    {"PUT", "domains/*", DW, 0, gsp_sb_domain_put},
    {"DELETE", "domains/*", DW, 0, gsp_sb_domain_del},
    {"GET", "domains/*/records", DR, 0, gsp_sb_records},
    {"POST", "domains/*/records", DW, 0, gsp_sb_record_create},
    {"GET", "domains/*/records/*", DR, 0, gsp_sb_record_get},
    {"PUT", "domains/*/records/*", DW, 0, gsp_sb_record_put},
    {"DELETE", "domains/*/records/*", DW, 0, gsp_sb_record_del},
};

enum { NROUTES = sizeof(routes) / sizeof(routes[0]), MINUTE_MS = 60000 };

bool
gsp_sb_bucket_take(struct gsp_sb_bucket *b, unsigned limit, int64_t window_ms)
{
	int64_t now = gsp_now_ms();

	if (now >= b->reset_ms) {
		b->reset_ms = now + window_ms;
		b->reset_s = gsp_wall_s() + (window_ms + 999) / 1000;
		b->used = 0;
	}
	if (b->used >= limit)
		return false;
	b->used++;
	return true;
}

/* ---- the path ---- */

/* Splits uri into path, query and decoded segments; false if it is nothing we know. */
static bool
split_uri(struct gsp_sb_req *q)
{
	size_t n = strcspn(q->uri, "?#");
	const char *p;

	q->query = q->uri[n] == '?' ? q->uri + n + 1 : "";
	q->path = gsp_sb_dup(q->uri);
	q->path[n] = '\0';
	if (q->path[0] != '/')
		return false;
	p = q->path + 1;
	n = strcspn(p, "/");
	q->control = n == 8 && strncmp(p, "_sandbox", n) == 0;
	if (!q->control && !(n == 2 && strncmp(p, "v4", n) == 0) &&
	    !(n == 6 && strncmp(p, "v4beta", n) == 0))
		return false;
	for (p += n; *p == '/'; p += n) {
		n = strcspn(++p, "/");
		if (n == 0 && *p == '\0')
			break; /* a slash at the end is forgiven */
		if (n == 0 || q->nseg == GSP_SB_SEGS ||
		    (q->seg[q->nseg] = gsp_sb_unescape(p, n)) == NULL)
			return false;
		q->nseg++;
	}
	return true;
}

static bool
path_fits(const struct gsp_sb_req *q, const char *pattern)
{
	size_t i = 0;

	for (const char *p = pattern; *p != '\0'; i++) {
		size_t n = strcspn(p, "/");

		if (i >= q->nseg ||
		    ((n != 1 || *p != '*') &&
			(strlen(q->seg[i]) != n || strncmp(p, q->seg[i], n) != 0)))
			return false;
		p += n;
		p += *p == '/';
	}
	return i == q->nseg;
}

static const struct route *
find_route(struct gsp_sb_req *q)
{
	char allow[64] = "";
	const char *pattern = NULL;
	size_t n = 0;

	for (size_t i = 0; i < NROUTES; i++) {
		const struct route *r = &routes[i];

		/* the first pattern that fits is the resource; later, wider ones are not */
		if (!path_fits(q, r->pattern) ||
		    (pattern != NULL && strcmp(pattern, r->pattern) != 0))
			continue;
		pattern = r->pattern;
		if (strcmp(r->method, q->method) == 0)
			return r;
		if (n < sizeof(allow))
			n += (size_t)snprintf(allow + n, sizeof(allow) - n, "%s%s",
			    n > 0 ? ", " : "", r->method);
	}
	if (pattern == NULL) {
		gsp_sb_not_found(q);
		return NULL;
	}
	gsp_sb_header(q, "Allow", "%s", allow);
	gsp_sb_fail(q, 405, NULL, "Method Not Allowed");
	return NULL;
}

/* ---- the token ---- */

/* False: one was sent, and it is none of ours. */
static bool
find_token(struct gsp_sb_req *q)
{
	const char *t = q->auth;

	if (t == NULL)
		return true;
	if (strncasecmp(t, "Bearer ", 7) != 0)
		return false;
	for (size_t i = 0; i < q->sb->ntokens; i++)
		if (strcmp(q->sb->tokens[i].token, t + 7) == 0)
			q->token = &q->sb->tokens[i];
	return q->token != NULL;
}

/* Does the list of scopes (blanks or commas between) grant the one wanted? */
static bool
grants(const char *scopes, const char *want)
{
	size_t name = strcspn(want, ":");

	for (const char *p = scopes; *p != '\0';) {
		size_t n = strcspn(p, " ,");

		if (n == 1 && *p == '*')
			return true;
		if (n > name && strncmp(p, want, name) == 0 && p[name] == ':' &&
		    ((n == strlen(want) && strncmp(p, want, n) == 0) ||
			(n == name + 2 && p[name + 1] == '*') ||
			(n == name + 11 && strncmp(p + name, ":read_write", 11) == 0)))
			return true;
		p += n;
		p += strspn(p, " ,");
	}
	return false;
}

static bool
check_token(struct gsp_sb_req *q, const struct route *r)
{
	gsp_sb_header(q, "X-Accepted-OAuth-Scopes", "%s", r->scope ? r->scope : "");
	if (q->token == NULL) {
		if ((r->flags & OPEN) == 0)
			gsp_sb_fail(q, 401, NULL, "Invalid Token");
		return (r->flags & OPEN) != 0;
	}
	gsp_sb_header(q, "X-OAuth-Scopes", "%s", q->token->scopes);
	if (r->scope != NULL && !grants(q->token->scopes, r->scope)) {
		gsp_sb_fail(
		    q, 401, NULL, "Your OAuth token is not authorized to use this endpoint.");
		return false;
	}
	if (q->token->restricted && (r->flags & BUYS) != 0) {
		gsp_sb_fail(q, 403, NULL, "Unauthorized");
		return false;
	}
	return true;
}

/* ---- limits and body ---- */

static bool
check_rate(struct gsp_sb_req *q, const struct route *r)
{
	bool creates = r != NULL && (r->flags & CREATES) != 0;
	struct gsp_sb_bucket *b = creates	     ? &q->sb->creates
				  : q->token != NULL ? &q->token->bucket
						     : &q->sb->anonymous;
	unsigned limit = creates ? q->sb->o.create_limit : q->sb->o.rate_limit;
	bool ok =
	    gsp_sb_bucket_take(b, limit, creates ? q->sb->o.create_window_ms : MINUTE_MS);
	int64_t left_ms = b->reset_ms - gsp_now_ms();

	gsp_sb_header(q, "X-RateLimit-Limit", "%u", limit);
	gsp_sb_header(q, "X-RateLimit-Remaining", "%u", limit > b->used ? limit - b->used : 0);
	gsp_sb_header(q, "X-RateLimit-Reset", "%" PRId64, b->reset_s);
	if (ok)
		return true;
	gsp_sb_header(q, "Retry-After", "%" PRId64, left_ms / 1000 + 1);
	gsp_sb_fail(q, 429, NULL, "Too many requests");
	return false;
}

static bool
is_json_type(const char *type)
{
	return type != NULL && strncasecmp(type, "application/json", 16) == 0 &&
	       (type[16] == '\0' || type[16] == ';' || type[16] == ' ');
}

static void
read_body(struct gsp_sb_req *q)
{
	struct gsp_err err = GSP_ERR_INIT;

	if (q->body.len > 0 && !q->too_big &&
	    gsp_json_parse(&q->in, q->body.data, q->body.len, &err) == -1)
		q->bad_json = true;
}

static bool
check_body(struct gsp_sb_req *q)
{
	if (q->too_big) {
		gsp_sb_fail(q, 413, NULL, "Request Entity Too Large");
		return false;
	}
	if (q->body.len > 0 && !is_json_type(q->content_type)) {
		gsp_sb_fail(q, 400, NULL, "Content-Type must be application/json");
		return false;
	}
	if (q->bad_json)
		gsp_sb_fail(q, 400, NULL, "Invalid JSON");
	return !q->bad_json;
}

/* The request as the real API would take it. */
static void
carry_out(struct gsp_sb_req *q)
{
	bool known = find_token(q);
	const struct route *r;

	if (!check_rate(q, NULL))
		return;
	if (!known) {
		gsp_sb_fail(q, 401, NULL, "Invalid Token");
		return;
	}
	if ((r = find_route(q)) == NULL || !check_token(q, r) ||
	    ((r->flags & CREATES) != 0 && !check_rate(q, r)) || !check_body(q))
		return;
	r->handler(q);
}

static void
serve_v4(struct gsp_sb_req *q)
{
	const struct gsp_sb_fault *f = gsp_sb_fault_for(q);

	gsp_sb_header(q, "X-Spec-Version", "4.208.1");
	gsp_sb_header(q, "Cache-Control", "private, max-age=60, s-maxage=60");
	if (f == NULL || gsp_sb_fault_commits(f))
		carry_out(q);
	if (f != NULL)
		gsp_sb_fault_strike(q, f);
}

static void
serve_control(struct gsp_sb_req *q)
{
	if (!find_token(q))
		q->token = NULL;
	if (check_body(q))
		gsp_sb_control(q);
}

void
gsp_sb_serve(struct gsp_sb_req *q)
{
	bool known = split_uri(q);

	q->status = 200;
	read_body(q);
	if (!known || (q->control && q->sb->o.no_control))
		gsp_sb_not_found(q);
	else if (q->control)
		serve_control(q);
	else
		serve_v4(q);
	if (!q->control)
		gsp_sb_log_add(q);
}
