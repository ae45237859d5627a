/*
 * linode/firewall: the cloud firewall of one server. Source: Linode API v4,
 * /networking/firewalls.
 */
#ifndef GSP_LINODE_FIREWALL_H
#define GSP_LINODE_FIREWALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "linode/client.h"

struct gsp_port {
	uint16_t first, last;
	bool udp;
};

struct gsp_firewall_rules {
	const struct gsp_port *ports; /* open to all */
	size_t nports;
	const char *const *ssh_from;  /* NULL-terminated CIDRs, IPv4 and IPv6 mixed */
};

#define GSP_FIREWALL_TAGS_MAX 16

struct gsp_firewall {
	uint64_t id;
	char label[33];
	int64_t created;
	bool enabled;    /* status "enabled" */
	size_t ndevices; /* entities attached, as listed */
	size_t ntags;
	char tags[GSP_FIREWALL_TAGS_MAX][51];
};

/**
 * gsp_firewall_ensure(c, label, tags, rules, own_tag, id, err):
 * Find the firewall by label and put its rules, or create it. One with that label but without
 * ${own_tag} (the home's) is somebody else's: GSP_EREFUSED. A doubtful create is looked up
 * before it is tried again.
 */
int gsp_firewall_ensure(struct gsp_linode *c, const char *label, const char *const *tags,
    const struct gsp_firewall_rules *rules, const char *own_tag, uint64_t *id,
    struct gsp_err *err);

/** gsp_firewall_find(c, label, out, err): GSP_ENOTFOUND. */
int gsp_firewall_find(struct gsp_linode *c, const char *label, struct gsp_firewall *out,
    struct gsp_err *err);

/** gsp_firewall_get(c, id, out, err): GSP_ENOTFOUND when it is gone. */
int gsp_firewall_get(struct gsp_linode *c, uint64_t id, struct gsp_firewall *out,
    struct gsp_err *err);

/** gsp_firewall_list(c, tag, out, n, err): those with that tag; free(*out). */
int gsp_firewall_list(struct gsp_linode *c, const char *tag, struct gsp_firewall **out,
    size_t *n, struct gsp_err *err);

/** gsp_firewall_set_tags(c, id, tags, err): replaces all tags; nothing else changes. */
int gsp_firewall_set_tags(struct gsp_linode *c, uint64_t id, const char *const *tags,
    struct gsp_err *err);

/** gsp_firewall_delete(c, id, err): already gone is success. */
int gsp_firewall_delete(struct gsp_linode *c, uint64_t id, struct gsp_err *err);

#endif
