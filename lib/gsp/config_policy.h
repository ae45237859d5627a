/*
 * gsp/config_policy: the settings that say what this computer does of itself, not what the
 * machine is: what is kept, backed up, given up, and how much may be spent. Part of gsp/config.
 * Keys and forms: server.yaml(5), gsp.yaml(5).
 */
#ifndef GSP_GSP_CONFIG_POLICY_H
#define GSP_GSP_CONFIG_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "fmt/json.h"
#include "fmt/yaml.h"

/* Which generations `gsp-saves prune` leaves. */
struct gsp_keep {
	uint32_t last, daily, weekly; /* counts; 0: none for that reason */
};

struct gsp_policy {
	struct gsp_keep keep;
	int64_t backup_every_s;   /* a `live` generation this often; 0: never */
	bool delete_failed;       /* on_failure: delete a machine on which nothing was started */
	bool kill_stuck;          /* on_stop_failure: kill a game that does not stop */
	int64_t monthly_usd_1e4;  /* limits: monthly_usd, in 1/10,000 dollars; -1: no limit */
};

/** gsp_policy_init(p): what holds until a file says otherwise. */
void gsp_policy_init(struct gsp_policy *p);

/** One key each: GSP_ECONFIG with file, line and column. */
int gsp_policy_set_keep(struct gsp_policy *p, const struct gsp_yaml *v, struct gsp_err *err);
int gsp_policy_set_backup(struct gsp_policy *p, const struct gsp_yaml *v, struct gsp_err *err);
int gsp_policy_set_on_failure(struct gsp_policy *p, const struct gsp_yaml *v,
    struct gsp_err *err);
int gsp_policy_set_on_stop_failure(struct gsp_policy *p, const struct gsp_yaml *v,
    struct gsp_err *err);

/** gsp_policy_set_limits(usd_1e4, v, err): the map `limits`, of a server or of the home. */
int gsp_policy_set_limits(int64_t *usd_1e4, const struct gsp_yaml *v, struct gsp_err *err);

/** gsp_policy_to_json(p, obj): for the journal; read back as if it were YAML. */
void gsp_policy_to_json(const struct gsp_policy *p, struct gsp_json *obj);

#endif
