/* /tags: labels on instances, domains and firewalls. */
#include <string.h>
#include <strings.h>

#include "sandbox/api_int.h"

#include "base/banned.h"

static const char *const no_filter[] = {NULL};

static const struct gsp_sb_field new_fields[] = {
    {"label", GSP_SB_STR, GSP_SB_REQ, 3, 50, NULL}, {"linodes", GSP_SB_INTS, 0, 0, 0, NULL},
    {"domains", GSP_SB_INTS, 0, 0, 0, NULL}, {"nodebalancers", GSP_SB_INTS, 0, 0, 0, NULL},
    {"volumes", GSP_SB_INTS, 0, 0, 0, NULL}, {NULL, GSP_SB_ANY, 0, 0, 0, NULL}};

static bool
has(const struct gsp_json *tags, const char *label)
{
	for (struct gsp_json *t = gsp_json_first(tags); t != NULL; t = gsp_json_next(t))
		if (strcasecmp(gsp_json_text(t, ""), label) == 0)
			return true;
	return false;
}

static void
collect(struct gsp_json *seen, const struct gsp_json *tags)
{
	for (struct gsp_json *t = gsp_json_first(tags); t != NULL; t = gsp_json_next(t))
		if (!has(seen, gsp_json_text(t, "")))
			gsp_json_add_str(seen, NULL, gsp_json_text(t, ""));
}

/* Every label in use or made, once, as a new root. */
static struct gsp_json *
all_labels(const struct gsp_sandbox *sb)
{
	struct gsp_json *seen = gsp_json_new_arr();

	collect(seen, sb->tags);
	for (const struct gsp_sb_inst *i = sb->insts; i != NULL; i = i->next)
		collect(seen, i->tags);
	for (const struct gsp_sb_fw *f = sb->fws; f != NULL; f = f->next)
		collect(seen, f->tags);
	for (const struct gsp_sb_domain *d = sb->domains; d != NULL; d = d->next)
		collect(seen, gsp_json_get(d->obj, "tags"));
	return seen;
}

void
gsp_sb_tags(struct gsp_sb_req *q)
{
	struct gsp_json *list = gsp_json_new_arr(), *labels = all_labels(q->sb);

	for (struct gsp_json *t = gsp_json_first(labels); t != NULL; t = gsp_json_next(t))
		gsp_json_add_str(gsp_json_add_obj(list, NULL), "label", gsp_json_text(t, ""));
	gsp_json_free(labels);
	gsp_sb_page(q, list, no_filter);
}

/* The array without one label, as a new root. */
static struct gsp_json *
without(const struct gsp_json *tags, const char *label)
{
	struct gsp_json *out = gsp_json_new_arr();

	for (struct gsp_json *t = gsp_json_first(tags); t != NULL; t = gsp_json_next(t))
		if (strcasecmp(gsp_json_text(t, ""), label) != 0)
			gsp_json_add_copy(out, NULL, t);
	return out;
}

void
gsp_sb_tag_create(struct gsp_sb_req *q)
{
	struct gsp_json *one, *list, *labels;
	const struct gsp_json *ids;
	const char *label;
	uint64_t id;

	if (!gsp_sb_check_body(q, new_fields))
		return;
	list = gsp_json_new_arr();
	gsp_json_add_str(list, NULL, gsp_json_str(q->in, "label", ""));
	one = gsp_sb_check_tags(q, list);
	gsp_json_free(list);
	if (one == NULL)
		return;
	label = gsp_json_text(gsp_json_first(one), "");
	labels = all_labels(q->sb);
	ids = gsp_json_get(q->in, "linodes");
	if (has(labels, label))
		gsp_sb_fail(q, 400, "label", "Tag already exists");
	for (struct gsp_json *e = ids ? gsp_json_first(ids) : NULL; e; e = gsp_json_next(e))
		if (gsp_json_id(&id, e) == -1 || gsp_sb_inst_find(q->sb, id) == NULL)
			gsp_sb_fail(q, 400, "linodes", "Linode is not valid");
	if (!gsp_sb_failed(q)) {
		gsp_json_add_str(q->sb->tags, NULL, label);
		for (struct gsp_json *e = ids ? gsp_json_first(ids) : NULL; e;
		     e = gsp_json_next(e))
			if (gsp_json_id(&id, e) == 0)
				gsp_json_add_str(
				    gsp_sb_inst_find(q->sb, id)->tags, NULL, label);
		gsp_json_add_str(gsp_sb_answer(q), "label", label);
	}
	gsp_json_free(labels);
	gsp_json_free(one);
}

static bool
tag_known(struct gsp_sb_req *q, const char *label)
{
	struct gsp_json *labels = all_labels(q->sb);
	bool known = has(labels, label);

	gsp_json_free(labels);
	if (!known)
		gsp_sb_not_found(q);
	return known;
}

void
gsp_sb_tag_get(struct gsp_sb_req *q)
{
	struct gsp_json *list, *o;

	if (!tag_known(q, q->seg[1]))
		return;
	list = gsp_json_new_arr();
	for (const struct gsp_sb_inst *i = q->sb->insts; i != NULL; i = i->next)
		if (has(i->tags, q->seg[1])) {
			o = gsp_json_add_obj(list, NULL);
			gsp_json_add_str(o, "type", "linode");
			gsp_sb_inst_json(q->sb, i, gsp_json_add_obj(o, "data"));
		}
	for (const struct gsp_sb_domain *d = q->sb->domains; d != NULL; d = d->next)
		if (has(gsp_json_get(d->obj, "tags"), q->seg[1])) {
			o = gsp_json_add_obj(list, NULL);
			gsp_json_add_str(o, "type", "domain");
			gsp_json_add_copy(o, "data", d->obj);
		}
	for (const struct gsp_sb_fw *f = q->sb->fws; f != NULL && !q->sb->o.spec_only;
	     f = f->next)
		if (has(f->tags, q->seg[1])) { /* newer than specification 4.208.1 */
			o = gsp_json_add_obj(list, NULL);
			gsp_json_add_str(o, "type", "firewall");
			gsp_sb_fw_json(q->sb, f, gsp_json_add_obj(o, "data"));
		}
	gsp_sb_page(q, list, no_filter);
}

void
gsp_sb_tag_del(struct gsp_sb_req *q)
{
	const char *label = q->seg[1];

	if (!tag_known(q, label))
		return;
	gsp_sb_json_set(&q->sb->tags, without(q->sb->tags, label));
	for (struct gsp_sb_inst *i = q->sb->insts; i != NULL; i = i->next)
		gsp_sb_json_set(&i->tags, without(i->tags, label));
	for (struct gsp_sb_fw *f = q->sb->fws; f != NULL; f = f->next)
		gsp_sb_json_set(&f->tags, without(f->tags, label));
	for (struct gsp_sb_domain *d = q->sb->domains; d != NULL; d = d->next) {
		struct gsp_json *left = without(gsp_json_get(d->obj, "tags"), label);

		gsp_json_remove(d->obj, "tags");
		gsp_json_add_copy(d->obj, "tags", left);
		gsp_json_free(left);
	}
}
