/*
 * linode/instance: machines. Source of every field: Linode API v4, /linode/instances.
 */
#ifndef GSP_LINODE_INSTANCE_H
#define GSP_LINODE_INSTANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "linode/client.h"

enum gsp_linode_status {
	GSP_LS_RUNNING,
	GSP_LS_OFFLINE,
	GSP_LS_TRANSIT,  /* anything on its way, and whatever is unknown */
	GSP_LS_DELETING,
	GSP_LS_SUSPENDED /* billing_suspension */
};

#define GSP_LINODE_TAGS_MAX 32

struct gsp_instance {
	uint64_t id;
	enum gsp_linode_status status;
	char status_text[24];
	char label[65];
	char region[33];
	char type[49];
	char ipv4[16];  /* first public one, or "" */
	char ipv6[46];  /* without the prefix length, or "" */
	int64_t created; /* epoch seconds, 0 unknown */
	bool backups;
	bool locked_delete; /* locks holds cannot_delete */
	size_t ntags;
	char tags[GSP_LINODE_TAGS_MAX][51];
};

/** gsp_instance_tag(i, prefix): the rest of the first tag that starts with prefix (case ignored),
 * or NULL. */
const char *gsp_instance_tag(const struct gsp_instance *i, const char *prefix);

/** gsp_instance_has_tag(i, tag): case ignored, as the API folds it. */
bool gsp_instance_has_tag(const struct gsp_instance *i, const char *tag);

struct gsp_instance_create {
	const char *label, *region, *type, *image;
	const char *const *authorized_keys; /* NULL-terminated */
	const char *const *tags;            /* NULL-terminated */
	const char *user_data;              /* raw; encoded here. At most 49149 bytes */
	uint64_t firewall_id;
	bool linode_interfaces;             /* interface_generation "linode", else "legacy_config" */
};

/**
 * gsp_instance_create(c, req, out, doubtful, err):
 * One purchase, never repeated here after a doubtful end: then *doubtful is true and err says
 * why. A throw-away root password is made and forgotten. Errors besides those of
 * gsp_linode_call(): GSP_EUNAVAIL when this region or type has no capacity or is not offered
 * (the next rung may do); GSP_ECREATE when the label is taken (look it up) or the account limit
 * is reached (err->detail 0; label taken: err->detail GSP_INSTANCE_LABEL_TAKEN).
 */
#define GSP_INSTANCE_LABEL_TAKEN 1
int gsp_instance_create(struct gsp_linode *c, const struct gsp_instance_create *req,
    struct gsp_instance *out, bool *doubtful, struct gsp_err *err);

/** gsp_instance_find(c, label, out, err): by exact label. GSP_ENOTFOUND. */
int gsp_instance_find(struct gsp_linode *c, const char *label, struct gsp_instance *out,
    struct gsp_err *err);

/** gsp_instance_get(c, id, out, err): GSP_ENOTFOUND when it is gone. */
int gsp_instance_get(struct gsp_linode *c, uint64_t id, struct gsp_instance *out,
    struct gsp_err *err);

/** gsp_instance_list(c, tag, out, n, err): every instance with that tag; free(*out). */
int gsp_instance_list(struct gsp_linode *c, const char *tag, struct gsp_instance **out,
    size_t *n, struct gsp_err *err);

typedef void gsp_instance_seen(void *ctx, const struct gsp_instance *i, int percent);

/**
 * gsp_instance_wait_running(c, id, after_event, deadline_ms, poll_ms, seen, ctx, out, err):
 * Poll until running. ${poll_ms} (0: 3000) is the longest pause; it begins at 250 and grows
 * with the time that passed. ${seen} (may be NULL) hears of each poll, percent from the
 * events or -1. A machine that ends offline, suspended, or whose create/boot event newer than
 * ${after_event} failed: GSP_ECREATE with the event's reason. GSP_ETEMP at the deadline,
 * GSP_ENOTFOUND if it was deleted meanwhile.
 */
int gsp_instance_wait_running(struct gsp_linode *c, uint64_t id, uint64_t after_event,
    int64_t deadline_ms, int64_t poll_ms, gsp_instance_seen *seen, void *ctx,
    struct gsp_instance *out, struct gsp_err *err);

/** gsp_instance_boot(c, id, err): POST .../boot. */
int gsp_instance_boot(struct gsp_linode *c, uint64_t id, struct gsp_err *err);

/** gsp_instance_set_tags(c, id, tags, err): replaces all tags. */
int gsp_instance_set_tags(struct gsp_linode *c, uint64_t id, const char *const *tags,
    struct gsp_err *err);

/**
 * gsp_instance_delete_ask(c, id, label, err):
 * The first half of gsp_instance_delete(): DELETE, and no wait. Already gone is success.
 */
int gsp_instance_delete_ask(struct gsp_linode *c, uint64_t id, const char *label,
    struct gsp_err *err);

/**
 * gsp_instance_delete(c, id, label, deadline_ms, err):
 * DELETE, then wait until the id answers 404 and no instance has ${label}. Already gone is
 * success. Refuses (GSP_EREFUSED) if the id now has another label: ids are never reused, so
 * that is a bug somewhere. GSP_ETEMP at the deadline.
 */
int gsp_instance_delete(struct gsp_linode *c, uint64_t id, const char *label,
    int64_t deadline_ms, struct gsp_err *err);

#endif
