#include "linode/catalogue.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/nearest.h"
#include "linode/parse.h"
#include "net/http.h"

#include "base/banned.h"

#define PATH_CAT_MAX 512

/* The price of ${v} (a type, or an add-on of one) in ${region}: the region's own if there is
 * one, else the general. */
static void
read_price(const struct gsp_json *v, const char *region, double *hourly, double *monthly)
{
	const struct gsp_json *price = gsp_json_get(v, "price"),
			      *list = gsp_json_get(v, "region_prices");

	*hourly = gsp_json_num(price, "hourly", -1);
	*monthly = gsp_json_num(price, "monthly", -1);
	if (gsp_json_is_arr(list) && region != NULL)
		for (const struct gsp_json *r = gsp_json_first(list); r != NULL;
		     r = gsp_json_next(r))
			if (strcmp(gsp_json_str(r, "id", ""), region) == 0) {
				*hourly = gsp_json_num(r, "hourly", *hourly);
				*monthly = gsp_json_num(r, "monthly", *monthly);
			}
	if (*hourly < 0)
		*hourly = -1;
	if (*monthly < 0)
		*monthly = -1;
}

int
gsp_parse_plan(
    struct gsp_plan *out, const struct gsp_json *v, const char *region, struct gsp_err *err)
{
	memset(out, 0, sizeof(*out));
	if (gsp_json_str(v, "id", "")[0] == '\0')
		return gsp_err_set(err, GSP_EPROTO, "a plan without an id");
	gsp_parse_text(out->id, sizeof(out->id), gsp_json_str(v, "id", ""));
	gsp_parse_text(out->label, sizeof(out->label), gsp_json_str(v, "label", ""));
	out->memory_mb = gsp_json_u64(v, "memory", 0);
	out->disk_mb = gsp_json_u64(v, "disk", 0);
	out->vcpus = gsp_json_u64(v, "vcpus", 0);
	read_price(v, region, &out->hourly_usd, &out->monthly_usd);
	read_price(gsp_json_get(gsp_json_get(v, "addons"), "backups"), region,
	    &out->backup_hourly_usd, &out->backup_monthly_usd);
	return 0;
}

/* Does the list ${key} of ${v} hold ${word}? */
static bool
list_holds(const struct gsp_json *v, const char *key, const char *word)
{
	const struct gsp_json *list = gsp_json_get(v, key);

	if (!gsp_json_is_arr(list))
		return false;
	for (const struct gsp_json *e = gsp_json_first(list); e != NULL; e = gsp_json_next(e))
		if (strcmp(gsp_json_text(e, ""), word) == 0)
			return true;
	return false;
}

int
gsp_parse_region(struct gsp_region *out, const struct gsp_json *v, struct gsp_err *err)
{
	memset(out, 0, sizeof(*out));
	if (gsp_json_str(v, "id", "")[0] == '\0')
		return gsp_err_set(err, GSP_EPROTO, "a region without an id");
	gsp_parse_text(out->id, sizeof(out->id), gsp_json_str(v, "id", ""));
	gsp_parse_text(out->label, sizeof(out->label), gsp_json_str(v, "label", ""));
	out->up = strcmp(gsp_json_str(v, "status", "ok"), "ok") == 0;
	out->has_linodes = list_holds(v, "capabilities", "Linodes");
	out->has_metadata = list_holds(v, "capabilities", "Metadata");
	out->has_firewall = list_holds(v, "capabilities", "Cloud Firewall");
	return 0;
}

/* GET <prefix><id><suffix>, with the id encoded. */
static int
fetch(struct gsp_linode *c, struct gsp_linode_answer *a, const char *prefix, const char *id,
    const char *suffix, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(PATH_CAT_MAX);
	int rc;

	memset(a, 0, sizeof(*a));
	gsp_buf_adds(&path, prefix);
	gsp_http_escape(&path, id);
	gsp_buf_adds(&path, suffix);
	if (!gsp_buf_ok(&path) || id[0] == '\0' || strcmp(id, ".") == 0 ||
	    strcmp(id, "..") == 0)
		rc = gsp_err_set(
		    err, GSP_ENOTFOUND, "'%.80s' cannot be the name of anything", id);
	else
		rc = gsp_linode_call(c, a, "GET", gsp_buf_str(&path), NULL, NULL, err);
	gsp_buf_release(&path);
	return rc;
}

struct names {
	char *v[1001];
	size_t n;
};

static int
add_name(void *ctx, const struct gsp_json *item, struct gsp_err *err)
{
	struct names *l = ctx;
	const char *id = gsp_json_str(item, "id", "");

	if (l->n + 1 >= sizeof(l->v) / sizeof(l->v[0]))
		return 1;
	if ((l->v[l->n] = strdup(id)) == NULL)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	l->n++;
	return 0;
}

/* "no such plan 'x'; did you mean 'y'?" The list is a courtesy: without it the error stands.
 */
static int
unknown_name(struct gsp_linode *c, const char *kind, const char *name, const char *list_path,
    struct gsp_err *err)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	struct names l = {.n = 0};
	const char *near = NULL;

	gsp_err_set(err, GSP_EUNAVAIL, "there is no %s '%.80s'", kind, name);
	if (gsp_linode_list(c, list_path, NULL, add_name, &l, &ignored) == 0)
		near = gsp_nearest(name, (const char *const *)l.v);
	else
		gsp_debug("%s", ignored.msg);
	if (near != NULL)
		gsp_err_hint(err, "did you mean '%s'?", near);
	for (size_t i = 0; i < l.n; i++)
		free(l.v[i]);
	return -1;
}

int
gsp_plan_get(struct gsp_linode *c, const char *type, const char *region, struct gsp_plan *out,
    struct gsp_err *err)
{
	struct gsp_linode_answer a;
	int rc = fetch(c, &a, "/linode/types/", type, "", err);

	if (rc == 0)
		rc = gsp_parse_plan(out, a.body, region, err);
	gsp_linode_answer_release(&a);
	if (rc == -1 && err->code == GSP_ENOTFOUND)
		return unknown_name(c, "plan", type, "/linode/types", err);
	return rc;
}

struct plan_places {
	struct gsp_plan_at *v;
	size_t n;
};

static int
fill_places(void *ctx, const struct gsp_json *item, struct gsp_err *err)
{
	struct plan_places *p = ctx;
	const char *id = gsp_json_str(item, "id", "");
	size_t low = 0, high = p->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(p->v[mid].type, id) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < p->n && strcmp(p->v[low].type, id) == 0; low++) {
		if (gsp_parse_plan(&p->v[low].plan, item, p->v[low].region, err) == -1)
			return -1;
		p->v[low].known = true;
	}
	return 0;
}

int
gsp_plan_list(struct gsp_linode *c, struct gsp_plan_at *v, size_t n, struct gsp_err *err)
{
	struct plan_places p = {v, n};

	if (gsp_linode_list(c, "/linode/types", NULL, fill_places, &p, err) == -1)
		return gsp_err_wrap(err, "cannot list the plans");
	return 0;
}

int
gsp_region_get(
    struct gsp_linode *c, const char *region, struct gsp_region *out, struct gsp_err *err)
{
	struct gsp_linode_answer a;
	int rc = fetch(c, &a, "/regions/", region, "", err);

	if (rc == 0)
		rc = gsp_parse_region(out, a.body, err);
	gsp_linode_answer_release(&a);
	if (rc == -1 && err->code == GSP_ENOTFOUND)
		return unknown_name(c, "region", region, "/regions", err);
	return rc;
}

int
gsp_region_has_plan(struct gsp_linode *c, const char *region, const char *type,
    bool *available, struct gsp_err *err)
{
	struct gsp_linode_answer a;
	int rc = fetch(c, &a, "/regions/", region, "/availability", err);

	if (rc == 0) {
		*available = true;
		for (const struct gsp_json *v =
			 gsp_json_is_arr(a.body) ? gsp_json_first(a.body) : NULL;
		     v != NULL; v = gsp_json_next(v))
			if (strcmp(gsp_json_str(v, "plan", ""), type) == 0 &&
			    !gsp_json_bool(v, "available", true))
				*available = false;
	}
	gsp_linode_answer_release(&a);
	if (rc == -1 && (err->code == GSP_ENOTFOUND || err->code == GSP_EPROTO)) {
		/* only a hint: a create call that finds no room says so */
		gsp_debug("no availability of '%s': %s", region, err->msg);
		gsp_err_clear(err);
		*available = true;
		return 0;
	}
	return rc;
}

int
gsp_image_check(struct gsp_linode *c, const char *image, struct gsp_err *err)
{
	struct gsp_linode_answer a;
	int rc = fetch(c, &a, "/images/", image, "", err);

	if (rc == -1 && (a.http_status == 401 || a.http_status == 403)) {
		/* reading images is a scope of its own; a create call with a bad one says so */
		gsp_debug("the image '%.80s' was not checked: %s", image, err->msg);
		gsp_err_clear(err);
		rc = 0;
	} else if (rc == -1 && err->code == GSP_ENOTFOUND)
		rc = gsp_err_set(err, GSP_EUNAVAIL,
		    "there is no image '%.80s'; 'linode/debian12' is one", image);
	else if (rc == 0 && !list_holds(a.body, "capabilities", "cloud-init"))
		rc = gsp_err_set(err, GSP_EUNAVAIL,
		    "the image '%.80s' has no cloud-init, so its host key "
		    "cannot be set before first contact; use one that has, such as "
		    "'linode/debian12'",
		    image);
	else if (rc == 0 && gsp_json_bool(a.body, "deprecated", false))
		gsp_debug("the image '%.80s' is deprecated", image);
	gsp_linode_answer_release(&a);
	return rc;
}

int
gsp_account_settings_get(
    struct gsp_linode *c, struct gsp_account_settings *out, struct gsp_err *err)
{
	struct gsp_linode_answer a;
	int rc = gsp_linode_call(c, &a, "GET", "/account/settings", NULL, NULL, err);

	memset(out, 0, sizeof(*out));
	if (rc == 0) {
		out->known = true;
		out->linode_interfaces_only =
		    strcmp(gsp_json_str(a.body, "interfaces_for_new_linodes", ""),
			"linode_only") == 0;
		out->backups_forced = gsp_json_bool(a.body, "backups_enabled", false);
	} else if (a.http_status == 401 || a.http_status == 403 || a.http_status == 404) {
		/* a missing scope is 403 in the specification and 401 in practice */
		gsp_debug("no account settings: %s", err->msg);
		gsp_err_clear(err);
		rc = 0;
	}
	gsp_linode_answer_release(&a);
	return rc;
}

void
gsp_plan_price(const struct gsp_plan *p, bool backups, double *hourly_usd, double *monthly_usd)
{
	*hourly_usd = p->hourly_usd;
	*monthly_usd = p->monthly_usd;
	if (backups && p->backup_hourly_usd > 0 && p->hourly_usd >= 0) {
		*hourly_usd += p->backup_hourly_usd;
		*monthly_usd += p->backup_monthly_usd;
	}
}
