/*
 * discord/rest_priv: what is queued, for lib/discord/rest*.c alone.
 */
#ifndef GSP_DISCORD_REST_PRIV_H
#define GSP_DISCORD_REST_PRIV_H

#include "discord/limits.h"
#include "discord/refused.h"
#include "discord/rest.h"

#define GSP_REST_WHY   300
#define GSP_REST_SLOW  8  /* of net/multi's connections to one host these may have, the rest is for answers */
#define GSP_REST_LINES 256 /* power of two: 8 bits of a hash */

/* Requests that go one at a time. */
struct gsp_rest_line {
	struct gsp_rest_line *next;
	uint64_t id;
	size_t n; /* requests in it */
	uint64_t pass; /* the last one that met a waiting request of it */
	bool busy;
};

struct gsp_rest_item {
	struct gsp_rest_item *next, *prev;
	struct gsp_rest *r;
	char *method, *path, *route, *body;
	bool auth, repeat, once, anew, newest_only, flying;
	int64_t until, not_before;
	unsigned tries;
	struct gsp_rest_line *line;
	gsp_rest_fn *fn;
	void *ctx;

	long status; /* how it ended; also of the last try so far */
	int code;
	bool dropped;
	char why[GSP_REST_WHY];
};

struct gsp_rest_list {
	struct gsp_rest_item *first, *last;
};

struct gsp_rest {
	struct gsp_multi *multi;
	char *base, *token;
	int64_t (*now_ms)(void);
	uint32_t (*below)(uint32_t n);
	struct gsp_limits *limits;
	struct gsp_refused no;
	struct gsp_rest_list queue; /* waiting and flying, in order */
	struct gsp_rest_list over;  /* ended without an answer: told at the next tick */
	struct gsp_rest_line *lines[GSP_REST_LINES];
	uint64_t pass, unanswered;
	int64_t next;
	unsigned slow; /* under way, of those that may take their time */
	bool refused;
};

/** gsp_rest_put(l, it, before): into the list; ${before} NULL: at its end. */
void gsp_rest_put(struct gsp_rest_list *l, struct gsp_rest_item *it, struct gsp_rest_item *before);
void gsp_rest_take(struct gsp_rest_list *l, struct gsp_rest_item *it);

/** gsp_rest_join(r, id): the line of that number, one more in it. _item_free leaves it. */
struct gsp_rest_line *gsp_rest_join(struct gsp_rest *r, uint64_t id);

/** gsp_rest_item_free(it): of no list any more; its secrets wiped. */
void gsp_rest_item_free(struct gsp_rest_item *it);
void gsp_rest_wipe(char *s);

#endif
