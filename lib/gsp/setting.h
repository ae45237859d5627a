/*
 * gsp/setting: what a single value in gsp.yaml or server.yaml may be, and the loop that reads a
 * map of known keys. Used by gsp/config, and by whoever adds keys of their own.
 *
 * Checks return NULL when the text is good, else the reason as it stands after "key: ".
 */
#ifndef GSP_GSP_SETTING_H
#define GSP_GSP_SETTING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/argv.h"
#include "base/err.h"
#include "fmt/yaml.h"
#include "linode/firewall.h" /* struct gsp_port */

typedef const char *gsp_setting_check(const char *text);

gsp_setting_check gsp_setting_server_name; /* [a-z][a-z0-9-]{1,27}, no "--", not ending in "-" */
gsp_setting_check gsp_setting_home_id;     /* [a-z0-9]{8} */
gsp_setting_check gsp_setting_region;      /* "us-ord" */
gsp_setting_check gsp_setting_type;        /* "g6-standard-4" */
gsp_setting_check gsp_setting_image;       /* "linode/debian12", "private/123" */
gsp_setting_check gsp_setting_user;        /* a user name, none of the system's */
gsp_setting_check gsp_setting_dir;         /* absolute, clean, two levels, no system directory */
gsp_setting_check gsp_setting_env_name;
gsp_setting_check gsp_setting_env_value;
gsp_setting_check gsp_setting_url;         /* https, or http to loopback; no query */

/* These also put the canonical form into ${out}. */
#define GSP_SETTING_NORM_MAX 600 /* bytes */
typedef const char *gsp_setting_norm(char out[GSP_SETTING_NORM_MAX], const char *text);

gsp_setting_norm gsp_setting_path; /* relative, clean, literal; a trailing slash is dropped */
gsp_setting_norm gsp_setting_cidr; /* a network; a lone address gets "/32" or "/128" */

/** gsp_setting_port(out, text): "25565/tcp", "2456-2458/udp"; not 22/tcp, which is ssh_from's. */
const char *gsp_setting_port(struct gsp_port *out, const char *text);

/** gsp_setting_overlap(a, b): the clean paths are equal or one is below the other. */
bool gsp_setting_overlap(const char *a, const char *b);

/* One known key of a map. */
struct gsp_setting_key {
	const char *name; /* NULL ends a table */
	int (*set)(void *ctx, const struct gsp_yaml *v, struct gsp_err *err);
};

/**
 * gsp_setting_apply(keys, map, what, ctx, err):
 * Call the setter of every key in ${map}. NULL or an empty value is an empty map. An unknown key
 * is an error with the nearest known one; ${what} names the map in messages.
 */
int gsp_setting_apply(const struct gsp_setting_key *keys, const struct gsp_yaml *map,
    const char *what, void *ctx, struct gsp_err *err);

/** gsp_setting_text(out, v, check, err): a scalar that passes ${check} (may be NULL); borrowed. */
int gsp_setting_text(const char **out, const struct gsp_yaml *v, gsp_setting_check *check,
    struct gsp_err *err);

/**
 * gsp_setting_seconds(out, v, min_s, max_s, such, err):
 * "90s", "20m", "2h", "1d" from ${min_s} to ${max_s}; ${such} ends the message "not a time such
 * as ...". A number without a unit is refused in a file; in the journal, which has no lines, it is
 * seconds.
 */
int gsp_setting_seconds(int64_t *out, const struct gsp_yaml *v, int64_t min_s, int64_t max_s,
    const char *such, struct gsp_err *err);

/** gsp_setting_seconds_or_never(out, v, min_s, max_s, such, err): the same, or "never", which is 0. */
int gsp_setting_seconds_or_never(int64_t *out, const struct gsp_yaml *v, int64_t min_s,
    int64_t max_s, const char *such, struct gsp_err *err);

/**
 * gsp_setting_list(out, v, check, norm, max, err):
 * Replace ${out} by a list of scalars, at most ${max}, none twice; one scalar is a list of one.
 * ${check} and ${norm} may be NULL; what ${norm} makes of a text is what goes in.
 */
int gsp_setting_list(struct gsp_argv *out, const struct gsp_yaml *v, gsp_setting_check *check,
    gsp_setting_norm *norm, size_t max, struct gsp_err *err);

/** gsp_setting_item(v, i): the i-th scalar of a list, or the scalar itself; NULL past the end. */
const struct gsp_yaml *gsp_setting_item(const struct gsp_yaml *v, size_t i);

#endif
