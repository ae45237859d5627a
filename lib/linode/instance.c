#include "linode/instance.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "linode/parse.h"

#include "base/banned.h"

#define PATH_MAX_LEN 64

/* Source: API v4, GET /linode/instances, "status". What is not named here is on its way. */
static enum gsp_linode_status
status_of(const char *text)
{
	if (strcmp(text, "running") == 0)
		return GSP_LS_RUNNING;
	if (strcmp(text, "offline") == 0 || strcmp(text, "stopped") == 0)
		return GSP_LS_OFFLINE;
	if (strcmp(text, "deleting") == 0)
		return GSP_LS_DELETING;
	if (strcmp(text, "billing_suspension") == 0)
		return GSP_LS_SUSPENDED;
	return GSP_LS_TRANSIT;
}

/* The first address that is not the private network of the data centre, 192.168.128.0/17. */
static void
pick_ipv4(char out[16], const struct gsp_json *list)
{
	struct in_addr a;

	out[0] = '\0';
	if (!gsp_json_is_arr(list))
		return;
	for (const struct gsp_json *v = gsp_json_first(list); v != NULL;
	     v = gsp_json_next(v)) {
		if (inet_pton(AF_INET, gsp_json_text(v, ""), &a) != 1)
			continue;
		if ((ntohl(a.s_addr) & 0xffff8000u) == 0xc0a88000u)
			continue;
		(void)inet_ntop(AF_INET, &a, out, 16);
		return;
	}
}

/* "2001:db8::1/128" without the prefix length. */
static void
pick_ipv6(char out[46], const char *text)
{
	struct in6_addr a;
	char bare[46];
	size_t n = strcspn(text, "/");

	out[0] = '\0';
	if (n >= sizeof(bare))
		return;
	memcpy(bare, text, n);
	bare[n] = '\0';
	if (inet_pton(AF_INET6, bare, &a) == 1)
		(void)inet_ntop(AF_INET6, &a, out, 46);
}

int
gsp_parse_instance(struct gsp_instance *out, const struct gsp_json *v, struct gsp_err *err)
{
	const struct gsp_json *locks = gsp_json_get(v, "locks");

	memset(out, 0, sizeof(*out));
	if (gsp_json_id(&out->id, gsp_json_get(v, "id")) == -1 || out->id == 0)
		return gsp_err_set(err, GSP_EPROTO, "an instance without an id");
	gsp_parse_text(
	    out->status_text, sizeof(out->status_text), gsp_json_str(v, "status", ""));
	out->status = status_of(out->status_text);
	gsp_parse_text(out->label, sizeof(out->label), gsp_json_str(v, "label", ""));
	gsp_parse_text(out->region, sizeof(out->region), gsp_json_str(v, "region", ""));
	gsp_parse_text(out->type, sizeof(out->type), gsp_json_str(v, "type", ""));
	pick_ipv4(out->ipv4, gsp_json_get(v, "ipv4"));
	pick_ipv6(out->ipv6, gsp_json_str(v, "ipv6", ""));
	out->created = gsp_json_time(v, "created");
	out->backups = gsp_json_bool(gsp_json_get(v, "backups"), "enabled", false);
	if (gsp_json_is_arr(locks))
		for (const struct gsp_json *l = gsp_json_first(locks); l != NULL;
		     l = gsp_json_next(l))
			if (strncmp(gsp_json_text(l, ""), "cannot_delete", 13) == 0)
				out->locked_delete =
				    true; /* also "cannot_delete_with_subresources" */
	out->ntags = gsp_parse_tags(out->tags, GSP_LINODE_TAGS_MAX, v);
	return 0;
}

const char *
gsp_instance_tag(const struct gsp_instance *i, const char *prefix)
{
	size_t n = strlen(prefix);

	for (size_t t = 0; t < i->ntags; t++)
		if (strncasecmp(i->tags[t], prefix, n) == 0)
			return i->tags[t] + n;
	return NULL;
}

bool
gsp_instance_has_tag(const struct gsp_instance *i, const char *tag)
{
	return gsp_parse_has_tag(i->tags, i->ntags, tag);
}

/* Gathers what gsp_linode_list() brings. */
struct gather {
	const char *tag;   /* NULL: all */
	const char *label; /* NULL: all */
	struct gsp_instance *v;
	size_t n, cap;
};

static int
gather_one(void *ctx, const struct gsp_json *item, struct gsp_err *err)
{
	struct gather *g = ctx;
	struct gsp_instance one, *more;

	if (gsp_parse_instance(&one, item, err) == -1)
		return -1;
	/* the filter is the server's promise; this is ours */
	if (g->tag != NULL && !gsp_instance_has_tag(&one, g->tag))
		return 0;
	if (g->label != NULL && strcmp(one.label, g->label) != 0)
		return 0;
	if ((more = gsp_parse_room(g->v, g->n, &g->cap, sizeof(*more), err)) == NULL)
		return -1;
	g->v = more;
	g->v[g->n++] = one;
	return 0;
}

/* X-Filter {"<key>":"<value>"}. */
static int
gather_by(struct gsp_linode *c, struct gather *g, const char *key, const char *value,
    struct gsp_err *err)
{
	struct gsp_buf filter = GSP_BUF_INIT(512);
	struct gsp_json *o = gsp_json_new_obj();
	int rc;

	if (value != NULL) {
		gsp_json_add_str(o, key, value);
		gsp_json_print(&filter, o);
	}
	gsp_json_free(o);
	if (!gsp_buf_ok(&filter))
		rc = gsp_err_set(err, GSP_ELIMIT, "'%.80s' is too long for a %s", value, key);
	else
		rc = gsp_linode_list(c, "/linode/instances",
		    value != NULL ? gsp_buf_str(&filter) : NULL, gather_one, g, err);
	gsp_buf_release(&filter);
	if (rc == -1)
		return gsp_err_wrap(err, "cannot list the machines");
	return 0;
}

int
gsp_instance_find(
    struct gsp_linode *c, const char *label, struct gsp_instance *out, struct gsp_err *err)
{
	struct gather g = {.label = label};
	int rc = gather_by(c, &g, "label", label, err);

	if (rc == 0 && g.n == 0)
		rc = gsp_err_set(
		    err, GSP_ENOTFOUND, "there is no machine labelled '%s'", label);
	if (rc == 0)
		*out = g.v[0];
	free(g.v);
	return rc;
}

int
gsp_instance_list(struct gsp_linode *c, const char *tag, struct gsp_instance **out, size_t *n,
    struct gsp_err *err)
{
	struct gather g = {.tag = tag};

	if (gather_by(c, &g, "tags", tag, err) == -1) {
		free(g.v);
		return -1;
	}
	*out = g.v;
	*n = g.n;
	return 0;
}

int
gsp_instance_get(
    struct gsp_linode *c, uint64_t id, struct gsp_instance *out, struct gsp_err *err)
{
	struct gsp_linode_answer a;
	char path[PATH_MAX_LEN];
	int rc;

	(void)snprintf(path, sizeof(path), "/linode/instances/%" PRIu64, id);
	rc = gsp_linode_call(c, &a, "GET", path, NULL, NULL, err);
	if (rc == 0)
		rc = gsp_parse_instance(out, a.body, err);
	if (rc == -1 && err->code == GSP_ENOTFOUND)
		gsp_err_set(
		    err, GSP_ENOTFOUND, "machine %" PRIu64 " does not exist (any more)", id);
	gsp_linode_answer_release(&a);
	return rc;
}

int
gsp_instance_boot(struct gsp_linode *c, uint64_t id, struct gsp_err *err)
{
	struct gsp_json *body = gsp_json_new_obj();
	struct gsp_linode_answer a;
	char path[PATH_MAX_LEN];
	int rc;

	(void)snprintf(path, sizeof(path), "/linode/instances/%" PRIu64 "/boot", id);
	rc = gsp_linode_call(c, &a, "POST", path, NULL, body, err);
	if (rc == -1 && a.http_status == 400 &&
	    (gsp_parse_has_reason(a.body, "already booted") ||
		gsp_parse_has_reason(a.body, "already running"))) {
		gsp_debug("boot of %" PRIu64 ": %s", id, err->msg);
		gsp_err_clear(err);
		rc = 0;
	}
	gsp_linode_answer_release(&a);
	gsp_json_free(body);
	if (rc == -1)
		return gsp_err_wrap(err, "cannot boot machine %" PRIu64, id);
	return 0;
}

int
gsp_instance_set_tags(
    struct gsp_linode *c, uint64_t id, const char *const *tags, struct gsp_err *err)
{
	struct gsp_json *body = gsp_json_new_obj(), *list = gsp_json_add_arr(body, "tags");
	struct gsp_linode_answer a;
	char path[PATH_MAX_LEN];
	int rc;

	for (; *tags != NULL; tags++)
		gsp_json_add_str(list, NULL, *tags);
	(void)snprintf(path, sizeof(path), "/linode/instances/%" PRIu64, id);
	rc = gsp_linode_call(c, &a, "PUT", path, NULL, body, err);
	gsp_linode_answer_release(&a);
	gsp_json_free(body);
	if (rc == -1)
		return gsp_err_wrap(err, "cannot set the tags of machine %" PRIu64, id);
	return 0;
}
