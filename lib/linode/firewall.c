#include "linode/firewall.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "linode/parse.h"
#include "linode/rules.h"
#include "net/retry.h"

#include "base/banned.h"

#define TRIES 3	  /* creates after a doubtful one that left nothing behind */
#define LOOKUPS 4 /* looks after a doubtful create: at once, then 1, 2, 4 s later */
#define LOOKUP_MS 1000
#define PATH_FW_MAX 64

int
gsp_parse_firewall(struct gsp_firewall *out, const struct gsp_json *v, struct gsp_err *err)
{
	const struct gsp_json *entities = gsp_json_get(v, "entities");

	memset(out, 0, sizeof(*out));
	if (gsp_json_id(&out->id, gsp_json_get(v, "id")) == -1 || out->id == 0)
		return gsp_err_set(err, GSP_EPROTO, "a firewall without an id");
	gsp_parse_text(out->label, sizeof(out->label), gsp_json_str(v, "label", ""));
	out->created = gsp_json_time(v, "created");
	out->enabled = strcmp(gsp_json_str(v, "status", "enabled"), "enabled") == 0;
	out->ndevices = gsp_json_is_arr(entities) ? gsp_json_count(entities) : 0;
	out->ntags = gsp_parse_tags(out->tags, sizeof(out->tags) / sizeof(out->tags[0]), v);
	return 0;
}

struct gather {
	const char *tag;   /* NULL: all */
	const char *label; /* NULL: all */
	struct gsp_firewall *v;
	size_t n, cap;
};

static int
gather_one(void *ctx, const struct gsp_json *item, struct gsp_err *err)
{
	struct gather *g = ctx;
	struct gsp_firewall one, *more;

	if (gsp_parse_firewall(&one, item, err) == -1)
		return -1;
	if (g->label != NULL && strcmp(one.label, g->label) != 0)
		return 0;
	if (g->tag != NULL && !gsp_parse_has_tag(one.tags, one.ntags, g->tag))
		return 0;
	if ((more = gsp_parse_room(g->v, g->n, &g->cap, sizeof(*more), err)) == NULL)
		return -1;
	g->v = more;
	g->v[g->n++] = one;
	return 0;
}

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
		rc = gsp_linode_list(c, "/networking/firewalls",
		    value != NULL ? gsp_buf_str(&filter) : NULL, gather_one, g, err);
	gsp_buf_release(&filter);
	if (rc == -1)
		return gsp_err_wrap(err, "cannot list the firewalls");
	return 0;
}

int
gsp_firewall_find(
    struct gsp_linode *c, const char *label, struct gsp_firewall *out, struct gsp_err *err)
{
	struct gather g = {.label = label};
	int rc = gather_by(c, &g, "label", label, err);

	if (rc == 0 && g.n == 0)
		rc = gsp_err_set(
		    err, GSP_ENOTFOUND, "there is no firewall labelled '%s'", label);
	if (rc == 0)
		*out = g.v[0];
	free(g.v);
	return rc;
}

int
gsp_firewall_get(
    struct gsp_linode *c, uint64_t id, struct gsp_firewall *out, struct gsp_err *err)
{
	struct gsp_linode_answer a;
	char path[PATH_FW_MAX];
	int rc;

	(void)snprintf(path, sizeof(path), "/networking/firewalls/%" PRIu64, id);
	rc = gsp_linode_call(c, &a, "GET", path, NULL, NULL, err);
	if (rc == 0)
		rc = gsp_parse_firewall(out, a.body, err);
	if (rc == -1 && err->code == GSP_ENOTFOUND)
		gsp_err_set(
		    err, GSP_ENOTFOUND, "firewall %" PRIu64 " does not exist (any more)", id);
	gsp_linode_answer_release(&a);
	return rc;
}

int
gsp_firewall_list(struct gsp_linode *c, const char *tag, struct gsp_firewall **out, size_t *n,
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

static void
add_tags(struct gsp_json *body, const char *const *tags)
{
	struct gsp_json *list = gsp_json_add_arr(body, "tags");

	for (; tags != NULL && *tags != NULL; tags++)
		gsp_json_add_str(list, NULL, *tags);
}

/* A disabled firewall protects nothing, and one without its tags is not found by the next look
 * for strays. */
static int
put_state(struct gsp_linode *c, const struct gsp_firewall *f, const char *const *tags,
    struct gsp_err *err)
{
	bool same = f->enabled;
	struct gsp_linode_answer a;
	struct gsp_json *body;
	char path[PATH_FW_MAX];
	int rc;

	for (const char *const *t = tags; t != NULL && *t != NULL; t++)
		same = same && gsp_parse_has_tag(f->tags, f->ntags, *t);
	if (same)
		return 0;
	body = gsp_json_new_obj();
	gsp_json_add_str(body, "status", "enabled");
	add_tags(body, tags);
	(void)snprintf(path, sizeof(path), "/networking/firewalls/%" PRIu64, f->id);
	rc = gsp_linode_call(c, &a, "PUT", path, NULL, body, err);
	gsp_linode_answer_release(&a);
	gsp_json_free(body);
	return rc;
}

static int
put_rules(struct gsp_linode *c, uint64_t id, const struct gsp_json *rules, struct gsp_err *err)
{
	struct gsp_linode_answer a;
	char path[PATH_FW_MAX];
	int rc;

	(void)snprintf(path, sizeof(path), "/networking/firewalls/%" PRIu64 "/rules", id);
	rc = gsp_linode_call(c, &a, "PUT", path, NULL, rules, err);
	gsp_linode_answer_release(&a);
	return rc;
}

/* POST it. *again: it may or may not be there now, or its label is taken: look. */
static int
create(struct gsp_linode *c, const char *label, const char *const *tags,
    const struct gsp_json *rules, uint64_t *id, bool *again, struct gsp_err *err)
{
	struct gsp_json *body = gsp_json_new_obj();
	struct gsp_linode_answer a;
	struct gsp_firewall made;
	int rc;

	gsp_json_add_str(body, "label", label);
	add_tags(body, tags);
	gsp_json_add_copy(body, "rules", rules);
	rc = gsp_linode_call(c, &a, "POST", "/networking/firewalls", NULL, body, err);
	*again = rc == -1 && err->code != GSP_ECANCEL &&
		 (a.doubtful || gsp_parse_has_reason(a.body, "must be unique"));
	if (rc == 0 && (rc = gsp_parse_firewall(&made, a.body, err)) == -1)
		*again = true;
	if (rc == 0)
		*id = made.id;
	gsp_linode_answer_release(&a);
	gsp_json_free(body);
	return rc;
}

/* Find it, some times over, since a list can be behind. GSP_ENOTFOUND. */
static int
look_up(struct gsp_linode *c, const char *label, struct gsp_firewall *f, unsigned times,
    struct gsp_err *err)
{
	for (unsigned i = 0;; i++) {
		if (gsp_firewall_find(c, label, f, err) == 0)
			return 0;
		if (err->code != GSP_ENOTFOUND || i + 1 >= times)
			return -1;
		if (gsp_retry_clock()->sleep_ms((int64_t)LOOKUP_MS << i, err) == -1)
			return -1;
	}
}

static int
ensure(struct gsp_linode *c, const char *label, const char *const *tags,
    const struct gsp_json *rules, const char *own_tag, uint64_t *id, struct gsp_err *err)
{
	struct gsp_err why = GSP_ERR_INIT;
	struct gsp_firewall f;
	bool again = false;

	for (unsigned tries = 0;; tries++) {
		if (look_up(c, label, &f, again ? LOOKUPS : 1, err) == 0)
			break;
		if (err->code != GSP_ENOTFOUND)
			return -1;
		if (tries >= TRIES) {
			*err = why;
			return -1;
		}
		if (create(c, label, tags, rules, id, &again, err) == 0)
			return 0;
		if (!again)
			return -1;
		gsp_debug("%s", err->msg);
		why = *err;
	}
	if (!gsp_parse_has_tag(f.tags, f.ntags, own_tag))
		return gsp_err_set(err, GSP_EREFUSED,
		    "it exists and does not carry the tag '%s': somebody "
		    "else's; rename or delete it at cloud.linode.com",
		    own_tag);
	if (put_rules(c, f.id, rules, err) == -1 || put_state(c, &f, tags, err) == -1)
		return -1;
	*id = f.id;
	return 0;
}

int
gsp_firewall_ensure(struct gsp_linode *c, const char *label, const char *const *tags,
    const struct gsp_firewall_rules *rules, const char *own_tag, uint64_t *id,
    struct gsp_err *err)
{
	struct gsp_json *r = NULL;
	int rc;

	rc = gsp_rules_json(&r, rules, err);
	if (rc == 0)
		rc = ensure(c, label, tags, r, own_tag, id, err);
	gsp_json_free(r);
	if (rc == -1)
		return gsp_err_wrap(err, "firewall '%s'", label);
	gsp_err_clear(err); /* "not found" was an answer, not a failure */
	return 0;
}

int
gsp_firewall_set_tags(struct gsp_linode *c, uint64_t id, const char *const *tags,
    struct gsp_err *err)
{
	struct gsp_json *body = gsp_json_new_obj();
	struct gsp_linode_answer a;
	char path[PATH_FW_MAX];
	int rc;

	add_tags(body, tags);
	(void)snprintf(path, sizeof(path), "/networking/firewalls/%" PRIu64, id);
	rc = gsp_linode_call(c, &a, "PUT", path, NULL, body, err);
	gsp_linode_answer_release(&a);
	gsp_json_free(body);
	if (rc == -1)
		return gsp_err_wrap(err, "cannot set the tags of firewall %" PRIu64, id);
	return 0;
}

int
gsp_firewall_delete(struct gsp_linode *c, uint64_t id, struct gsp_err *err)
{
	struct gsp_linode_answer a;
	char path[PATH_FW_MAX];
	int rc;

	(void)snprintf(path, sizeof(path), "/networking/firewalls/%" PRIu64, id);
	rc = gsp_linode_call(c, &a, "DELETE", path, NULL, NULL, err);
	if (rc == -1 && err->code == GSP_ENOTFOUND) {
		gsp_err_clear(err);
		rc = 0;
	}
	gsp_linode_answer_release(&a);
	if (rc == -1)
		return gsp_err_wrap(err, "cannot delete firewall %" PRIu64, id);
	return 0;
}
