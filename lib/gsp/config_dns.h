/*
 * gsp/config_dns: the setting that gives a server a name that stays. Part of gsp/config.
 * Keys and forms: server.yaml(5).
 */
#ifndef GSP_GSP_CONFIG_DNS_H
#define GSP_GSP_CONFIG_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "fmt/json.h"
#include "fmt/yaml.h"

#define GSP_DNS_NAME 254 /* bytes of a host name and its NUL. Source: RFC 1035, 2.3.4 */
#define GSP_DNS_TTL_S 300 /* what holds when nothing is said: the shortest that records know */

struct gsp_dns_conf {
	char domain[GSP_DNS_NAME]; /* lower case; "": no name */
	char name[GSP_DNS_NAME];   /* before the domain, lower case; "@" is the domain itself; "" the
	                            * server's own name */
	int64_t ttl_s;
	bool by_script; /* provider: script; our own records otherwise */
};

/** gsp_dns_conf_set(d, v, err): the key `dns`. What is not named stays as it was; 'none' forgets all
 * of it. GSP_ECONFIG with file, line and column. */
int gsp_dns_conf_set(struct gsp_dns_conf *d, const struct gsp_yaml *v, struct gsp_err *err);

/** gsp_dns_conf_check(d, server, v, err): what only the whole tells; ${v} is the key as written. */
int gsp_dns_conf_check(const struct gsp_dns_conf *d, const char *server,
    const struct gsp_yaml *v, struct gsp_err *err);

/** gsp_dns_conf_label(d, server): the part before the domain; "" for the domain itself. */
const char *gsp_dns_conf_label(const struct gsp_dns_conf *d, const char *server);

/** gsp_dns_conf_full(d, server, out, size): "mc.example.org"; "" without a name. Returns out. */
const char *gsp_dns_conf_full(const struct gsp_dns_conf *d, const char *server, char *out,
    size_t size);

/** gsp_dns_conf_to_json(d, obj): for the journal; read back as if it were YAML. */
void gsp_dns_conf_to_json(const struct gsp_dns_conf *d, struct gsp_json *obj);

#endif
