/*
 * linode/event: the account's event list. Source: Linode API v4, GET /account/events.
 */
#ifndef GSP_LINODE_EVENT_H
#define GSP_LINODE_EVENT_H

#include <stdint.h>

#include "linode/client.h"

struct gsp_event {
	uint64_t id;
	uint64_t entity_id; /* 0 unknown */
	char entity_type[24];
	char action[40];
	char status[16]; /* scheduled started finished failed notification */
	int percent;     /* -1 unknown */
	int64_t created;
	char message[256];
};

/** gsp_event_newest_id(c, out, err): highest event id now, 0 if none, or if the token may not read
 * them: the mark before a call. */
int gsp_event_newest_id(struct gsp_linode *c, uint64_t *out, struct gsp_err *err);

/**
 * gsp_event_of_instance(c, linode_id, after, out, max, n, err):
 * At most ${max} events of the machine with ids above ${after}, newest first; of the newest 25
 * alone. An event can be seconds later than the call that caused it: none is not an error.
 */
int gsp_event_of_instance(struct gsp_linode *c, uint64_t linode_id, uint64_t after,
    struct gsp_event *out, size_t max, size_t *n, struct gsp_err *err);

#endif
