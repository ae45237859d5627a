#include "gsp/dns_records.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

struct list {
	struct gsp_domain d;
	struct gsp_domain_record *v;
	size_t n;
};

int
gsp_dns_domain(struct gsp_linode *c, const char *name, struct gsp_domain *out,
    struct gsp_err *err)
{
	if (gsp_domain_find(c, name, out, err) == -1) {
		if (err->code != GSP_ENOTFOUND)
			return -1;
		return gsp_err_set(err, GSP_ECONFIG, "dns: this Linode account has no domain '%s'; create "
		    "it in Linode's DNS Manager (cloud.linode.com > Domains) and have its registrar name "
		    "ns1.linode.com to ns5.linode.com, or take 'dns:' out of server.yaml", name);
	}
	if (out->secondary)
		return gsp_err_set(err, GSP_ECONFIG, "dns: the domain '%s' is a secondary one at Linode: its "
		    "records come from another name server; make it primary, or point the name there (a "
		    "script 'dns' can)", name);
	if (out->disabled)
		return gsp_err_set(err, GSP_ECONFIG, "dns: the domain '%s' is disabled at Linode, so no name in "
		    "it is answered; enable it in the DNS Manager (cloud.linode.com > Domains)", name);
	return 0;
}

static bool
is_address(const struct gsp_domain_record *r)
{
	return strcmp(r->type, "A") == 0 || strcmp(r->type, "AAAA") == 0;
}

static int
check_foreign(const struct list *l, const char *label, const struct gsp_dns_known *known,
    struct gsp_err *err)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct gsp_domain_record *r = &l->v[i];

		/* an alias and addresses exclude each other (RFC 1034, 3.6.2) */
		if (strcmp(r->type, "CNAME") != 0 &&
		    (!is_address(r) || known->known(known->ctx, r->target)))
			continue;
		return gsp_err_set(err, GSP_EREFUSED, "the name '%s%s%s' leads elsewhere already (%s %.80s), and "
		    "not by gsp; that record stays as it is: give the server another name in 'dns:', or "
		    "delete the record in Linode's DNS Manager (cloud.linode.com > Domains)", label,
		    label[0] != '\0' ? "." : "", l->d.domain, r->type, r->target);
	}
	return 0;
}

int
gsp_dns_records_foreign(struct gsp_linode *c, const struct gsp_domain *d, const char *label,
    const struct gsp_dns_known *known, struct gsp_err *err)
{
	struct list l = {.d = *d};
	int rc;

	if (gsp_domain_records(c, d, label, &l.v, &l.n, err) == -1)
		return -1;
	rc = check_foreign(&l, label, known, err);
	free(l.v);
	return rc;
}

/* One record of that type, to ${target}; none if that is "". All that are there are ours. The one
 * that stays is right before another goes, so that the name always leads somewhere. */
static int
put(struct gsp_linode *c, const struct list *l, const struct gsp_dns_place *p, const char *type,
    const char *target, int64_t ttl_s, struct gsp_err *err)
{
	const struct gsp_domain_record *keep = NULL;
	struct gsp_domain_record want;
	bool right = false;
	uint64_t id;

	for (size_t i = 0; i < l->n && !right && target[0] != '\0'; i++) {
		if (strcmp(l->v[i].type, type) != 0)
			continue;
		right = gsp_dns_same_address(l->v[i].target, target);
		if (keep == NULL || right)
			keep = &l->v[i];
	}
	if (keep == NULL && target[0] != '\0') {
		memset(&want, 0, sizeof(want));
		snprintf(want.type, sizeof(want.type), "%s", type);
		snprintf(want.name, sizeof(want.name), "%s", p->label);
		snprintf(want.target, sizeof(want.target), "%s", target);
		want.ttl_s = (uint64_t)ttl_s;
		if (gsp_domain_record_add(c, &l->d, &want, &id, err) == -1)
			return -1;
	} else if (keep != NULL &&
	    (!right || (p->ttl_s != ttl_s && keep->ttl_s != (uint64_t)ttl_s)) &&
	    gsp_domain_record_change(c, &l->d, keep->id, target, (uint64_t)ttl_s, err) == -1)
		return -1;
	for (size_t i = 0; i < l->n; i++)
		if (&l->v[i] != keep && strcmp(l->v[i].type, type) == 0 &&
		    gsp_domain_record_delete(c, &l->d, l->v[i].id, err) == -1)
			return -1;
	return 0;
}

int
gsp_dns_records_set(struct gsp_linode *c, const struct gsp_dns_place *p, int64_t ttl_s,
    const struct gsp_dns_known *known, struct gsp_err *err)
{
	struct list l = {.n = 0};
	int rc;

	if (gsp_dns_domain(c, p->domain, &l.d, err) == -1 ||
	    gsp_domain_records(c, &l.d, p->label, &l.v, &l.n, err) == -1)
		return -1;
	rc = check_foreign(&l, p->label, known, err) == -1 ||
	        put(c, &l, p, "A", p->ipv4, ttl_s, err) == -1 ||
	        put(c, &l, p, "AAAA", p->ipv6, ttl_s, err) == -1
	    ? -1
	    : 0;
	free(l.v);
	return rc;
}

int
gsp_dns_records_clear(struct gsp_linode *c, const struct gsp_dns_place *p, struct gsp_err *err)
{
	struct list l = {.n = 0};
	int rc = 0;

	if (gsp_domain_find(c, p->domain, &l.d, err) == -1) {
		if (err->code != GSP_ENOTFOUND)
			return -1;
		gsp_err_clear(err);
		return 0;
	}
	if (gsp_domain_records(c, &l.d, p->label, &l.v, &l.n, err) == -1)
		return -1;
	for (size_t i = 0; i < l.n && rc == 0; i++)
		if (is_address(&l.v[i]) && gsp_dns_place_has(p, l.v[i].target))
			rc = gsp_domain_record_delete(c, &l.d, l.v[i].id, err);
	free(l.v);
	return rc;
}
