#include "linode/domain.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "linode/parse.h"
#include "net/retry.h"

#include "base/banned.h"

#define TRIES 3	  /* creates after a doubtful one that left nothing behind */
#define LOOKUPS 4 /* looks after a doubtful create: at once, then 1, 2, 4 s later */
#define LOOKUP_MS 1000
#define PATH_DOMAIN_MAX 80
#define RECORDS_MAX 1000 /* of one name: nobody has them, somebody lies */

int
gsp_parse_domain(struct gsp_domain *out, const struct gsp_json *v, struct gsp_err *err)
{
	memset(out, 0, sizeof(*out));
	if (gsp_json_id(&out->id, gsp_json_get(v, "id")) == -1 || out->id == 0)
		return gsp_err_set(err, GSP_EPROTO, "a domain without an id");
	gsp_parse_text(out->domain, sizeof(out->domain), gsp_json_str(v, "domain", ""));
	out->secondary = strcmp(gsp_json_str(v, "type", ""), "slave") == 0;
	out->disabled = strcmp(gsp_json_str(v, "status", ""), "disabled") == 0;
	return 0;
}

int
gsp_parse_domain_record(
    struct gsp_domain_record *out, const struct gsp_json *v, struct gsp_err *err)
{
	memset(out, 0, sizeof(*out));
	if (gsp_json_id(&out->id, gsp_json_get(v, "id")) == -1 || out->id == 0)
		return gsp_err_set(err, GSP_EPROTO, "a domain record without an id");
	gsp_parse_text(out->type, sizeof(out->type), gsp_json_str(v, "type", ""));
	gsp_parse_text(out->name, sizeof(out->name), gsp_json_str(v, "name", ""));
	gsp_parse_text(out->target, sizeof(out->target), gsp_json_str(v, "target", ""));
	out->ttl_s = gsp_json_u64(v, "ttl_sec", 0);
	return 0;
}

/* "mc.example.org" in the domain example.org is "mc"; the domain itself is "". */
static void
shorten(char *name, const char *domain)
{
	size_t n = strlen(name), d = strlen(domain);

	if (n > 0 && name[n - 1] == '.')
		name[--n] = '\0';
	if (n == d && strcasecmp(name, domain) == 0)
		name[0] = '\0';
	else if (n > d + 1 && name[n - d - 1] == '.' && strcasecmp(name + n - d, domain) == 0)
		name[n - d - 1] = '\0';
}

/* ---- lists ---- */

struct find {
	const char *name;
	struct gsp_domain *out;
};

static int
find_one(void *ctx, const struct gsp_json *item, struct gsp_err *err)
{
	struct find *f = ctx;
	struct gsp_domain one;

	if (gsp_parse_domain(&one, item, err) == -1)
		return -1;
	if (strcasecmp(one.domain, f->name) != 0)
		return 0;
	*f->out = one;
	return 1;
}

int
gsp_domain_find(
    struct gsp_linode *c, const char *name, struct gsp_domain *out, struct gsp_err *err)
{
	struct gsp_buf filter = GSP_BUF_INIT(512);
	struct gsp_json *o = gsp_json_new_obj();
	struct find f = {name, out};
	int rc;

	memset(out, 0, sizeof(*out));
	gsp_json_add_str(o, "domain", name);
	gsp_json_print(&filter, o);
	gsp_json_free(o);
	if (!gsp_buf_ok(&filter))
		rc = gsp_err_set(err, GSP_ELIMIT, "'%.80s' is too long for a domain", name);
	else
		rc = gsp_linode_list(c, "/domains", gsp_buf_str(&filter), find_one, &f, err);
	gsp_buf_release(&filter);
	if (rc == -1)
		return gsp_err_wrap(err, "cannot look up the domain '%s'", name);
	if (out->id == 0)
		return gsp_err_set(
		    err, GSP_ENOTFOUND, "this Linode account has no domain '%s'", name);
	return 0;
}

struct gather {
	const struct gsp_domain *d;
	const char *name;
	struct gsp_domain_record *v;
	size_t n, cap;
};

static int
gather_one(void *ctx, const struct gsp_json *item, struct gsp_err *err)
{
	struct gather *g = ctx;
	struct gsp_domain_record one, *more;

	if (gsp_parse_domain_record(&one, item, err) == -1)
		return -1;
	shorten(one.name, g->d->domain);
	if (strcasecmp(one.name, g->name) != 0)
		return 0;
	if (g->n == RECORDS_MAX)
		return gsp_err_set(err, GSP_ELIMIT, "more than %d records", RECORDS_MAX);
	if ((more = gsp_parse_room(g->v, g->n, &g->cap, sizeof(*more), err)) == NULL)
		return -1;
	g->v = more;
	g->v[g->n++] = one;
	return 0;
}

/* Only the records of that name are asked for, in either form; those of the domain itself may
 * have no name at all to filter by, and are picked from all. */
static void
name_filter(struct gsp_buf *filter, const struct gsp_domain *d, const char *name)
{
	struct gsp_buf full = GSP_BUF_INIT(2 * GSP_DOMAIN_NAME);
	struct gsp_json *o = gsp_json_new_obj(), *either;

	gsp_buf_addf(&full, "%s.%s", name, d->domain);
	either = gsp_json_add_arr(o, "+or");
	gsp_json_add_str(gsp_json_add_obj(either, NULL), "name", name);
	gsp_json_add_str(gsp_json_add_obj(either, NULL), "name", gsp_buf_str(&full));
	gsp_json_print(filter, o);
	gsp_json_free(o);
	gsp_buf_release(&full);
}

int
gsp_domain_records(struct gsp_linode *c, const struct gsp_domain *d, const char *name,
    struct gsp_domain_record **out, size_t *n, struct gsp_err *err)
{
	struct gsp_buf filter = GSP_BUF_INIT(2048);
	struct gather g = {.d = d, .name = name};
	char path[PATH_DOMAIN_MAX];
	int rc;

	(void)snprintf(path, sizeof(path), "/domains/%" PRIu64 "/records", d->id);
	if (name[0] != '\0')
		name_filter(&filter, d, name);
	rc = gsp_linode_list(
	    c, path, name[0] != '\0' ? gsp_buf_str(&filter) : NULL, gather_one, &g, err);
	gsp_buf_release(&filter);
	if (rc == -1) {
		free(g.v);
		return gsp_err_wrap(err, "cannot list the records of '%s'", d->domain);
	}
	*out = g.v;
	*n = g.n;
	return 0;
}

/* ---- changes ---- */

/* Is it there? GSP_ENOTFOUND. A list can be behind: some times over. */
static int
look_up(struct gsp_linode *c, const struct gsp_domain *d, const struct gsp_domain_record *want,
    uint64_t *id, struct gsp_err *err)
{
	for (unsigned i = 0; i < LOOKUPS; i++) {
		struct gsp_domain_record *v = NULL;
		size_t n = 0;

		if (i > 0 &&
		    gsp_retry_clock()->sleep_ms((int64_t)LOOKUP_MS << (i - 1), err) == -1)
			return -1;
		if (gsp_domain_records(c, d, want->name, &v, &n, err) == -1)
			return -1;
		*id = 0;
		for (size_t k = 0; k < n && *id == 0; k++)
			if (strcmp(v[k].type, want->type) == 0 &&
			    strcasecmp(v[k].target, want->target) == 0)
				*id = v[k].id;
		free(v);
		if (*id != 0)
			return 0;
	}
	return gsp_err_set(err, GSP_ENOTFOUND, "it is not there");
}

/* *doubtful: it may or may not be there now. */
static int
add(struct gsp_linode *c, const struct gsp_domain *d, const struct gsp_domain_record *want,
    uint64_t *id, bool *doubtful, struct gsp_err *err)
{
	struct gsp_json *body = gsp_json_new_obj();
	struct gsp_domain_record made;
	struct gsp_linode_answer a;
	char path[PATH_DOMAIN_MAX];
	int rc;

	(void)snprintf(path, sizeof(path), "/domains/%" PRIu64 "/records", d->id);
	gsp_json_add_str(body, "type", want->type);
	if (want->name[0] != '\0') /* the specification wants one letter or more, or no name */
		gsp_json_add_str(body, "name", want->name);
	gsp_json_add_str(body, "target", want->target);
	gsp_json_add_u64(body, "ttl_sec", want->ttl_s);
	rc = gsp_linode_call(c, &a, "POST", path, NULL, body, err);
	*doubtful = rc == -1 && err->code != GSP_ECANCEL && a.doubtful;
	if (rc == 0 && (rc = gsp_parse_domain_record(&made, a.body, err)) == -1)
		*doubtful = true;
	if (rc == 0)
		*id = made.id;
	gsp_linode_answer_release(&a);
	gsp_json_free(body);
	return rc;
}

int
gsp_domain_record_add(struct gsp_linode *c, const struct gsp_domain *d,
    const struct gsp_domain_record *want, uint64_t *id, struct gsp_err *err)
{
	struct gsp_err why = GSP_ERR_INIT;
	bool doubtful = false;

	for (unsigned tries = 0;; tries++) {
		if (add(c, d, want, id, &doubtful, err) == 0)
			return 0;
		if (!doubtful || tries >= TRIES)
			break;
		why = *err;
		gsp_debug("%s", err->msg);
		gsp_err_clear(err);
		if (look_up(c, d, want, id, err) == 0) {
			gsp_err_clear(err);
			return 0;
		}
		if (err->code != GSP_ENOTFOUND) {
			if (err->code != GSP_ECANCEL)
				*err = why;
			break;
		}
		gsp_err_clear(err);
	}
	return gsp_err_wrap(err, "cannot make the %s record of '%s%s%s'", want->type, want->name,
	    want->name[0] != '\0' ? "." : "", d->domain);
}

int
gsp_domain_record_change(struct gsp_linode *c, const struct gsp_domain *d, uint64_t id,
    const char *target, uint64_t ttl_s, struct gsp_err *err)
{
	struct gsp_json *body = gsp_json_new_obj();
	struct gsp_linode_answer a;
	char path[PATH_DOMAIN_MAX];
	int rc;

	gsp_json_add_str(body, "target", target);
	gsp_json_add_u64(body, "ttl_sec", ttl_s);
	(void)snprintf(path, sizeof(path), "/domains/%" PRIu64 "/records/%" PRIu64, d->id, id);
	rc = gsp_linode_call(c, &a, "PUT", path, NULL, body, err);
	gsp_linode_answer_release(&a);
	gsp_json_free(body);
	if (rc == -1)
		return gsp_err_wrap(
		    err, "cannot change record %" PRIu64 " of '%s'", id, d->domain);
	return 0;
}

int
gsp_domain_record_delete(
    struct gsp_linode *c, const struct gsp_domain *d, uint64_t id, struct gsp_err *err)
{
	struct gsp_linode_answer a;
	char path[PATH_DOMAIN_MAX];
	int rc;

	(void)snprintf(path, sizeof(path), "/domains/%" PRIu64 "/records/%" PRIu64, d->id, id);
	rc = gsp_linode_call(c, &a, "DELETE", path, NULL, NULL, err);
	if (rc == -1 && err->code == GSP_ENOTFOUND) {
		gsp_err_clear(err);
		rc = 0;
	}
	gsp_linode_answer_release(&a);
	if (rc == -1)
		return gsp_err_wrap(
		    err, "cannot delete record %" PRIu64 " of '%s'", id, d->domain);
	return 0;
}
