/*
 * The usual ways of a gateway's connection, for its unit tests.
 */
#ifndef GSP_TEST_GATEWAY_PLAY_H
#define GSP_TEST_GATEWAY_PLAY_H

#include "gateway_walk.h"

#define FOUND walk_found_bodies[0]
#define HELLO walk_messages[0]
#define ACK   walk_messages[1]
#define READY walk_messages[6]

static int die; /* 0: always the least, 1: always the most */

static inline uint32_t
loaded(uint32_t n)
{
	return die == 0 ? 0 : n - 1;
}

static inline void
hear(struct walk *w, const char *text)
{
	walk_say(w, text, strlen(text));
}

static inline void
begin(struct walk *w)
{
	walk_init(w, NULL, loaded);
	walk_tick(w);
}

/* To an open connection, before Hello. */
static inline void
to_open(struct walk *w)
{
	while (w->conn == WALK_NONE && !w->dead)
		walk_next(w);
	if (w->conn == WALK_FIND)
		walk_found(w, 200, FOUND);
	while (w->conn == WALK_NONE && !w->dead)
		walk_next(w);
	walk_open(w);
}

static inline void
to_up(struct walk *w)
{
	begin(w);
	to_open(w);
	hear(w, HELLO);
	hear(w, READY);
}

static inline int64_t
in_ms(const struct walk *w)
{
	return gsp_gateway_next_ms(w->g) - w->now;
}

#endif
