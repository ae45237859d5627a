/*
 * discord/gateway_priv: what the parts of the gateway's machine share; for lib/discord/gateway*.c
 * alone. gateway.c: a connection and time; gateway_try.c: between connections; gateway_act.c: what
 * is to be done.
 */
#ifndef GSP_DISCORD_GATEWAY_PRIV_H
#define GSP_DISCORD_GATEWAY_PRIV_H

#include "discord/gateway.h"
#include "discord/gateway_wire.h"

#define GW_SENDS         118  /* in 60 s; Discord closes at more than 120 (4008) */
#define GW_CLOSE_OURS    4000 /* not 1000 or 1001: those end the session */
#define GW_CLOSE_GARBAGE 4002

enum gsp_gateway_state {
	GW_START,
	GW_WAIT,  /* until ->at, then the next try */
	GW_FIND,  /* these have ->at as their deadline */
	GW_OPEN,
	GW_HELLO,
	GW_BEGIN,
	GW_UP,
	GW_DEAD
};

struct gsp_gateway_node {
	struct gsp_gateway_node *next;
	struct gsp_gateway_act act;
	char *text;
	size_t len;
	struct gsp_json *doc;
};

struct gsp_gateway {
	const char *token;
	uint32_t (*below)(uint32_t n);
	enum gsp_gateway_state state;
	int64_t now, at;
	struct gsp_gateway_resume r;
	char app[24], user[24];
	struct gsp_gateway_node *first, **last, *popped;

	/* of the connection */
	int64_t interval, beat_at;
	bool acked, resuming;
	int64_t up_since;

	unsigned tries;   /* in a row, for the back-off */
	bool lived;       /* the session was no flash when it was lost: what failed since was the way to it */
	unsigned briefs;  /* sessions that were up for less than a minute, since one that was not */
	unsigned resumes; /* failed ones in a row */
	int64_t identified, day; /* the last one; since when they are counted */
	unsigned in_day;
	int64_t sent[GW_SENDS]; /* a ring: moments of the last ones */
	unsigned sent_at;
};

/* ---- gateway_act.c ---- */
struct gsp_gateway_act *gsp_gateway_push(
    struct gsp_gateway *g, enum gsp_gateway_do what, const char *text);
/** gsp_gateway_own(act, doc): ${doc} lives as long as ${act}, whose data points into it. */
void gsp_gateway_own(struct gsp_gateway_act *act, struct gsp_json *doc);
void gsp_gateway_say(struct gsp_gateway *g, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void gsp_gateway_end(struct gsp_gateway *g, int code, const char *why);
/** gsp_gateway_unsend(g): what waits to be sent is dropped, its connection being gone. */
void gsp_gateway_unsend(struct gsp_gateway *g);
void gsp_gateway_free_acts(struct gsp_gateway *g);

/* ---- gateway_try.c ---- */
bool gsp_gateway_has_session(const struct gsp_gateway *g);
void gsp_gateway_forget(struct gsp_gateway *g);
/** gsp_gateway_next_try(g): ask for the address, or connect to the one to resume at. */
void gsp_gateway_next_try(struct gsp_gateway *g);
/** gsp_gateway_again(g, least, why): that, after the back-off and at least ${least} ms. */
void gsp_gateway_again(struct gsp_gateway *g, int64_t least, const char *why);
/** gsp_gateway_lost(g, least, why): the connection is gone, or never came. _drop: we close it. */
void gsp_gateway_lost(struct gsp_gateway *g, int64_t least, const char *why);
void gsp_gateway_drop(struct gsp_gateway *g, int code, int64_t least, const char *why);
/** gsp_gateway_identifying(g): an Identify goes out now. */
void gsp_gateway_identifying(struct gsp_gateway *g);

#endif
