#include "gsp/dns_state.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "gsp/state_file.h"
#include "sys/io.h"

#include "base/banned.h"

static const char schema[] = "gsp.dns/1";

static const char *
path_of(const struct gsp_home *h, const char *server, struct gsp_buf *b)
{
	return gsp_home_state_path(h, b, server, "dns.json");
}

static void
place_from_json(struct gsp_dns_place *p, const struct gsp_json *v)
{
	memset(p, 0, sizeof(*p));
	gsp_json_copy(p->domain, sizeof(p->domain), v, "domain");
	gsp_json_copy(p->label, sizeof(p->label), v, "label");
	gsp_json_copy(p->ipv4, sizeof(p->ipv4), v, "ipv4");
	gsp_json_copy(p->ipv6, sizeof(p->ipv6), v, "ipv6");
	gsp_json_copy(p->session, sizeof(p->session), v, "session");
	gsp_json_copy(p->api_url, sizeof(p->api_url), v, "api_url");
	gsp_json_copy(p->why, sizeof(p->why), v, "why");
	p->linode_id = gsp_json_u64(v, "linode_id", 0);
	p->ttl_s = (int64_t)gsp_json_u64(v, "ttl", 0);
	p->since = gsp_json_time(v, "since");
}

static int
from_json(struct gsp_dns_state *st, const struct gsp_json *v, struct gsp_err *err)
{
	const struct gsp_json *list = gsp_json_get(v, "places"), *told = gsp_json_get(v, "script");

	if (!gsp_json_is_arr(list) || gsp_json_count(list) > GSP_DNS_PLACES)
		return gsp_err_set(err, GSP_EPROTO, "not a %s", schema);
	for (const struct gsp_json *p = gsp_json_first(list); p != NULL; p = gsp_json_next(p)) {
		place_from_json(&st->v[st->n], p);
		if (st->v[st->n].domain[0] == '\0' || st->v[st->n].linode_id == 0)
			return gsp_err_set(err, GSP_EPROTO, "a place without domain or machine");
		st->n++;
	}
	st->told.up = gsp_json_bool(told, "up", false);
	st->told.done = gsp_json_bool(told, "done", false);
	gsp_json_copy(st->told.name, sizeof(st->told.name), told, "name");
	gsp_json_copy(st->told.ipv4, sizeof(st->told.ipv4), told, "ipv4");
	gsp_json_copy(st->told.ipv6, sizeof(st->told.ipv6), told, "ipv6");
	gsp_json_copy(st->told.session, sizeof(st->told.session), told, "session");
	gsp_json_copy(st->told.address, sizeof(st->told.address), told, "address");
	gsp_json_copy(st->told.why, sizeof(st->told.why), told, "why");
	st->told.since = gsp_json_time(told, "since");
	return 0;
}

int
gsp_dns_state_load(struct gsp_dns_state *st, const struct gsp_home *h, const char *server,
    struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_json *v;
	int rc = gsp_state_file_read(&v, path_of(h, server, &path), schema, err);

	memset(st, 0, sizeof(*st));
	if (v != NULL)
		rc = from_json(st, v, err);
	if (rc == -1 && err->code == GSP_EPROTO) {
		memset(st, 0, sizeof(*st));
		err->code = GSP_EIO;
		gsp_err_wrap(err, "'%s'", gsp_buf_str(&path));
		gsp_err_hint(err, "remove it; records that lead to a machine that is gone are then yours to "
		    "delete");
	}
	gsp_json_free(v);
	gsp_buf_release(&path);
	return rc;
}

static void
add_place(struct gsp_json *list, const struct gsp_dns_place *p)
{
	struct gsp_json *v = gsp_json_add_obj(list, NULL);

	gsp_json_add_str(v, "domain", p->domain);
	gsp_json_add_str(v, "label", p->label);
	gsp_json_add_str(v, "ipv4", p->ipv4);
	gsp_json_add_str(v, "ipv6", p->ipv6);
	gsp_json_add_u64(v, "linode_id", p->linode_id);
	gsp_json_add_str(v, "session", p->session);
	gsp_json_add_str(v, "api_url", p->api_url);
	gsp_json_add_u64(v, "ttl", (uint64_t)p->ttl_s);
	if (p->since != 0)
		gsp_json_add_time(v, "since", p->since);
	if (p->why[0] != '\0')
		gsp_json_add_str(v, "why", p->why);
}

static void
add_told(struct gsp_json *root, const struct gsp_dns_told *t)
{
	struct gsp_json *v = gsp_json_add_obj(root, "script");

	gsp_json_add_bool(v, "up", t->up);
	gsp_json_add_bool(v, "done", t->done);
	gsp_json_add_str(v, "name", t->name);
	gsp_json_add_str(v, "ipv4", t->ipv4);
	gsp_json_add_str(v, "ipv6", t->ipv6);
	gsp_json_add_str(v, "session", t->session);
	gsp_json_add_str(v, "address", t->address);
	if (t->since != 0)
		gsp_json_add_time(v, "since", t->since);
	if (t->why[0] != '\0')
		gsp_json_add_str(v, "why", t->why);
}

int
gsp_dns_state_save(const struct gsp_dns_state *st, const struct gsp_home *h, const char *server,
    struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_json *root = gsp_json_new_obj(), *list;
	int rc;

	path_of(h, server, &path);
	gsp_json_add_str(root, "schema", schema);
	gsp_json_add_str(root, "server", server);
	list = gsp_json_add_arr(root, "places");
	for (size_t i = 0; i < st->n; i++)
		add_place(list, &st->v[i]);
	if (st->told.up)
		add_told(root, &st->told);
	if (st->n == 0 && !st->told.up)
		rc = gsp_io_unlink(gsp_buf_str(&path), err);
	else
		rc = gsp_state_file_write(root, gsp_buf_str(&path), err);
	gsp_json_free(root);
	gsp_buf_release(&path);
	return rc;
}

void
gsp_dns_state_drop(struct gsp_dns_state *st, size_t i)
{
	st->n--;
	memmove(&st->v[i], &st->v[i + 1], (st->n - i) * sizeof(st->v[0]));
}

const char *
gsp_dns_place_full(const struct gsp_dns_place *p, char *out, size_t size)
{
	snprintf(out, size, "%s%s%s", p->label, p->label[0] != '\0' ? "." : "", p->domain);
	return out;
}

bool
gsp_dns_place_named(const struct gsp_dns_place *p, const char *domain, const char *label)
{
	return strcasecmp(p->domain, domain) == 0 && strcasecmp(p->label, label) == 0;
}

bool
gsp_dns_place_has(const struct gsp_dns_place *p, const char *target)
{
	return gsp_dns_same_address(p->ipv4, target) || gsp_dns_same_address(p->ipv6, target);
}

bool
gsp_dns_same_address(const char *a, const char *b)
{
	struct in6_addr x, y;

	if (inet_pton(AF_INET, a, &x) == 1)
		return inet_pton(AF_INET, b, &y) == 1 && memcmp(&x, &y, sizeof(struct in_addr)) == 0;
	return inet_pton(AF_INET6, a, &x) == 1 && inet_pton(AF_INET6, b, &y) == 1 &&
	    memcmp(&x, &y, sizeof(x)) == 0;
}
