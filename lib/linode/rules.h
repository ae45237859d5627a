/*
 * linode/rules: from ports and addresses to the API's firewall rules. Pure; not for callers
 * outside linode/ and its tests.
 *
 * Everything coming in is dropped but: TCP 22 from ssh_from, ICMP (and ICMPv6) from all, and
 * the listed ports from all. Everything going out is allowed. Ports that touch or overlap
 * become one range.
 *
 * Source of the limits: API v4, POST /networking/firewalls: 25 rules; 15 port pieces a rule,
 * a range being two; 255 addresses a rule; no empty address list; rule labels 3..32.
 */
#ifndef GSP_LINODE_RULES_H
#define GSP_LINODE_RULES_H

#include "fmt/json.h"
#include "linode/firewall.h"

/**
 * gsp_rules_json(out, rules, err):
 * {"inbound":[...],"inbound_policy":"DROP",...}; free with gsp_json_free(). GSP_ECONFIG when
 * nobody could reach ssh, an address is none, or the rules do not fit.
 */
int gsp_rules_json(
    struct gsp_json **out, const struct gsp_firewall_rules *rules, struct gsp_err *err);

#endif
