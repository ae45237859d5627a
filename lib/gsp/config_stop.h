/*
 * gsp/config_stop: the settings that say when a server has run long enough. Part of gsp/config.
 * Keys and forms: server.yaml(5).
 */
#ifndef GSP_GSP_CONFIG_STOP_H
#define GSP_GSP_CONFIG_STOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "fmt/json.h"
#include "fmt/yaml.h"
#include "linode/firewall.h" /* struct gsp_port */

struct gsp_stop_rules {
	char query[16];       /* "" not set, else "script", "tcp", "none" or a protocol */
	uint16_t query_port;  /* 0: the first listed port of the protocol's kind */
	int64_t empty_s;      /* idle: stop when everybody has left for this long; 0: never */
	int64_t never_s;      /* idle: never_joined: stop when nobody came for this long; 0: never */
	int64_t unknown_s;    /* idle: unknown_alert: say so when nobody can tell for this long; 0: never */
	int64_t first_s;      /* lease: first; 0: none */
	int64_t max_s;        /* lease: max; 0: no end */
};

/* Who sees to it that a server of this home stops; see gsp.yaml(5), watch. */
enum gsp_watch_who {
	GSP_WATCH_SESSION, /* a process that gsp-up begins for each session */
	GSP_WATCH_SERVICE, /* a service or timer on a computer that is always on */
	GSP_WATCH_NOBODY
};

/** gsp_stop_init(r): what holds until a file says otherwise. */
void gsp_stop_init(struct gsp_stop_rules *r);

/** One key each: GSP_ECONFIG with file, line and column. */
int gsp_stop_set_query(struct gsp_stop_rules *r, const struct gsp_yaml *v, struct gsp_err *err);
int gsp_stop_set_idle(struct gsp_stop_rules *r, const struct gsp_yaml *v, struct gsp_err *err);
int gsp_stop_set_lease(struct gsp_stop_rules *r, const struct gsp_yaml *v, struct gsp_err *err);

/** gsp_stop_check(r, ports, nports, query, err): the port at which a protocol is asked is open.
 * ${query}: where it was written, for the message; NULL if it was not. */
int gsp_stop_check(const struct gsp_stop_rules *r, const struct gsp_port *ports, size_t nports,
    const struct gsp_yaml *query, struct gsp_err *err);

/** gsp_stop_set_watch(who, v, err): the map `watch` of gsp.yaml. */
int gsp_stop_set_watch(enum gsp_watch_who *who, const struct gsp_yaml *v, struct gsp_err *err);

/** gsp_watch_who_get(out, text): "session", "service" or "nobody"; -1 for another. */
int gsp_watch_who_get(enum gsp_watch_who *out, const char *text);

/** gsp_stop_to_json(r, obj): for the journal; read back as if it were YAML. */
void gsp_stop_to_json(const struct gsp_stop_rules *r, struct gsp_json *obj);

#endif
