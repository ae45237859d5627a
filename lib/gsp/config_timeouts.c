/* gsp/config: how long each step may take. */
#include "gsp/config_parts.h"
#include "gsp/setting.h"

#include "base/banned.h"

#define TIMEOUT_MAX_S (7 * 86400)

void
gsp_timeouts_init(struct gsp_timeouts *t)
{
	*t = (struct gsp_timeouts){.create_s = 600,
	    .ssh_s = 300,
	    .bootstrap_s = 1200,
	    .start_s = 300,
	    .ready_s = 900,
	    .stop_s = 900,
	    .sync_s = 7200,
	    .dns_s = 60};
}

#define TIMEOUT_SETTER(name)                                                                       \
	static int set_##name(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)            \
	{                                                                                          \
		struct gsp_timeouts *t = ctx;                                                      \
                                                                                                   \
		return gsp_setting_seconds(&t->name##_s, v, 1, TIMEOUT_MAX_S,                      \
		    "90s, 20m or 2h (at most 7d)", err);                                           \
	}
TIMEOUT_SETTER(create)
TIMEOUT_SETTER(ssh)
TIMEOUT_SETTER(bootstrap)
TIMEOUT_SETTER(start)
TIMEOUT_SETTER(ready)
TIMEOUT_SETTER(stop)
TIMEOUT_SETTER(sync)
TIMEOUT_SETTER(dns)

int
gsp_timeouts_set(struct gsp_timeouts *t, const struct gsp_yaml *v, struct gsp_err *err)
{
	static const struct gsp_setting_key keys[] = {{"create", set_create}, {"ssh", set_ssh},
	    {"bootstrap", set_bootstrap}, {"start", set_start}, {"ready", set_ready},
	    {"stop", set_stop}, {"sync", set_sync}, {"dns", set_dns}, {NULL, NULL}};

	return gsp_setting_apply(keys, v, "timeouts", t, err);
}

void
gsp_timeouts_to_json(const struct gsp_timeouts *t, struct gsp_json *obj)
{
	struct gsp_json *map = gsp_json_add_obj(obj, "timeouts");

	gsp_json_add_u64(map, "create", (uint64_t)t->create_s);
	gsp_json_add_u64(map, "ssh", (uint64_t)t->ssh_s);
	gsp_json_add_u64(map, "bootstrap", (uint64_t)t->bootstrap_s);
	gsp_json_add_u64(map, "start", (uint64_t)t->start_s);
	gsp_json_add_u64(map, "ready", (uint64_t)t->ready_s);
	gsp_json_add_u64(map, "stop", (uint64_t)t->stop_s);
	gsp_json_add_u64(map, "sync", (uint64_t)t->sync_s);
	gsp_json_add_u64(map, "dns", (uint64_t)t->dns_s);
}
