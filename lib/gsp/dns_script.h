/*
 * gsp/dns_script: the script `dns` of a server, run on this computer: `dns up` when the server's
 * machine is there, `dns down` when it goes. For providers other than Linode.
 *
 * In state/<server>/dns/: log, log.1 (what it printed last; bounded) and lock (held while it runs,
 * also by a script whose gsp was killed). What it was last told is in gsp/dns_state.
 */
#ifndef GSP_GSP_DNS_SCRIPT_H
#define GSP_GSP_DNS_SCRIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "gsp/config.h"
#include "gsp/dns_state.h"

/** gsp_dns_script_there(h, server): the server has the script. */
bool gsp_dns_script_there(const struct gsp_home *h, const char *server);

/** gsp_dns_script_check(h, server, needed, err): it can be run, if it is there; GSP_ECONFIG when not,
 * or when it is ${needed} and not there. */
int gsp_dns_script_check(const struct gsp_home *h, const char *server, bool needed,
    struct gsp_err *err);

/**
 * gsp_dns_script_run(h, server, up, told, limit_s, err):
 * Run it and wait for its end. It gets GSP_SERVER, GSP_IPV4, GSP_IPV6 (may be ""), GSP_ADDRESS and
 * GSP_DNS_NAME (may be "") from ${told}, GSP_HOME, PATH, HOME, LANG; never a token.
 * Errors: GSP_ETEMP it failed or took too long, or one that was left still runs; GSP_ECONFIG it
 * cannot be run; GSP_ECANCEL.
 */
int gsp_dns_script_run(const struct gsp_home *h, const char *server, bool up,
    const struct gsp_dns_told *told, int64_t limit_s, struct gsp_err *err);

#endif
