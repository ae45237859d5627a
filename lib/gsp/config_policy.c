/* gsp/config: what is kept, backed up, given up, and spent. */
#include "gsp/config_policy.h"

#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/num.h"
#include "gsp/setting.h"

#include "base/banned.h"

#define KEEP_MAX         100000
#define BACKUP_MIN_S     60
#define BACKUP_MAX_S     (7 * 86400)
#define MONTHLY_USD_MAX  1000000

void
gsp_policy_init(struct gsp_policy *p)
{
	*p = (struct gsp_policy){.keep = {.last = 10, .daily = 7, .weekly = 4},
	    .monthly_usd_1e4 = -1};
}

static int
set_count(uint32_t *out, const struct gsp_yaml *v, struct gsp_err *err)
{
	const char *text;
	uint64_t n;

	if (gsp_setting_text(&text, v, NULL, err) == -1)
		return -1;
	if (gsp_num_u64(&n, text, 0, KEEP_MAX) == -1)
		return gsp_yaml_err(err, v, "'%.64s': not a count from 0 to %d", text, KEEP_MAX);
	*out = (uint32_t)n;
	return 0;
}

static int
set_last(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct gsp_keep *k = ctx;

	return set_count(&k->last, v, err);
}

static int
set_daily(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct gsp_keep *k = ctx;

	return set_count(&k->daily, v, err);
}

static int
set_weekly(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct gsp_keep *k = ctx;

	return set_count(&k->weekly, v, err);
}

int
gsp_policy_set_keep(struct gsp_policy *p, const struct gsp_yaml *v, struct gsp_err *err)
{
	static const struct gsp_setting_key keys[] = {
	    {"last", set_last}, {"daily", set_daily}, {"weekly", set_weekly}, {NULL, NULL}};

	/* a map says all of it: 'keep: {last: 3}' is three, and none for other reasons */
	if (!gsp_yaml_is_null(v))
		p->keep = (struct gsp_keep){0, 0, 0};
	return gsp_setting_apply(keys, v, "keep", &p->keep, err);
}

static int
set_every(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct gsp_policy *p = ctx;

	return gsp_setting_seconds_or_never(&p->backup_every_s, v, BACKUP_MIN_S, BACKUP_MAX_S,
	    "30m or 2h (1m to 7d), nor 'never'", err);
}

int
gsp_policy_set_backup(struct gsp_policy *p, const struct gsp_yaml *v, struct gsp_err *err)
{
	static const struct gsp_setting_key keys[] = {{"every", set_every}, {NULL, NULL}};

	if (gsp_setting_apply(keys, v, "backup", p, err) == 0)
		return 0;
	if (v->kind == GSP_YAML_SCALAR)
		(void)gsp_err_hint(err, "write it as {every: 30m}");
	return -1;
}

/* One of two words. */
static int
set_choice(bool *out, const struct gsp_yaml *v, const char *yes, const char *no,
    struct gsp_err *err)
{
	const char *text;

	if (gsp_setting_text(&text, v, NULL, err) == -1)
		return -1;
	if (strcmp(text, yes) != 0 && strcmp(text, no) != 0)
		return gsp_yaml_err(err, v, "'%.64s': '%s' or '%s' is wanted here", text, no, yes);
	*out = strcmp(text, yes) == 0;
	return 0;
}

int
gsp_policy_set_on_failure(struct gsp_policy *p, const struct gsp_yaml *v, struct gsp_err *err)
{
	return set_choice(&p->delete_failed, v, "delete", "keep", err);
}

int
gsp_policy_set_on_stop_failure(struct gsp_policy *p, const struct gsp_yaml *v,
    struct gsp_err *err)
{
	return set_choice(&p->kill_stuck, v, "kill", "keep", err);
}

/* "20", "7.5", "0.0075": dollars, exactly. */
static int
set_monthly_usd(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	int64_t *out = ctx;
	const char *text, *dot;
	char whole[16], part[8] = "0000";
	uint64_t usd, rest;
	size_t n;

	if (gsp_setting_text(&text, v, NULL, err) == -1)
		return -1;
	n = strcspn(text, ".");
	dot = text[n] == '.' ? text + n + 1 : "0";
	if (n == 0 || n >= sizeof(whole) || dot[0] == '\0' || strlen(dot) > 4)
		goto bad;
	memcpy(whole, text, n);
	whole[n] = '\0';
	memcpy(part, dot, strlen(dot));
	if (gsp_num_u64(&usd, whole, 0, MONTHLY_USD_MAX) == -1 ||
	    gsp_num_u64(&rest, part, 0, 9999) == -1)
		goto bad;
	*out = (int64_t)(usd * 10000 + rest);
	return 0;
bad:
	return gsp_yaml_err(err, v, "'%.64s': not an amount of dollars such as 20 or 7.50", text);
}

int
gsp_policy_set_limits(int64_t *usd_1e4, const struct gsp_yaml *v, struct gsp_err *err)
{
	static const struct gsp_setting_key keys[] = {
	    {"monthly_usd", set_monthly_usd}, {NULL, NULL}};

	return gsp_setting_apply(keys, v, "limits", usd_1e4, err);
}

void
gsp_policy_to_json(const struct gsp_policy *p, struct gsp_json *obj)
{
	struct gsp_json *map = gsp_json_add_obj(obj, "keep");
	struct gsp_buf usd = GSP_BUF_INIT(40);

	gsp_json_add_u64(map, "last", p->keep.last);
	gsp_json_add_u64(map, "daily", p->keep.daily);
	gsp_json_add_u64(map, "weekly", p->keep.weekly);
	if (p->backup_every_s > 0) {
		map = gsp_json_add_obj(obj, "backup");
		gsp_json_add_u64(map, "every", (uint64_t)p->backup_every_s);
	}
	gsp_json_add_str(obj, "on_failure", p->delete_failed ? "delete" : "keep");
	gsp_json_add_str(obj, "on_stop_failure", p->kill_stuck ? "kill" : "keep");
	if (p->monthly_usd_1e4 >= 0) {
		map = gsp_json_add_obj(obj, "limits");
		gsp_buf_addf(&usd, "%" PRId64 ".%04" PRId64, p->monthly_usd_1e4 / 10000,
		    p->monthly_usd_1e4 % 10000);
		gsp_json_add_str(map, "monthly_usd", gsp_buf_str(&usd));
	}
	gsp_buf_release(&usd);
}
