/* bot_query: questions with two buttons: for who asked alone, once, for a minute; a few for each person.
 * In memory: after a restart each is over. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/rand.h"
#include "bot_mon.h"

#include "base/banned.h"

enum { QUERIES_MAX = 64, OF_ONE_MAX = 4, NONCE_LEN = 20 };

#define ANSWER_MS 60000

struct queries {
	struct query v[QUERIES_MAX]; /* nonce "": free */
};

struct queries *
queries_new(void)
{
	struct queries *q = calloc(1, sizeof(*q));

	if (q == NULL)
		abort();
	return q;
}

static void
clear(struct query *q)
{
	if (q->nonce[0] != '\0')
		gsp_talk_release(&q->ask);
	memset(q, 0, sizeof(*q));
}

void
queries_free(struct queries *q)
{
	for (size_t i = 0; q != NULL && i < QUERIES_MAX; i++)
		clear(&q->v[i]);
	free(q);
}

/* A place: that of ${user}'s own oldest once there are some of theirs; else a free one, or that of the
 * oldest of all. */
static struct query *
place(struct queries *q, const char *user)
{
	struct query *free_one = NULL, *oldest = &q->v[0], *own = NULL;
	size_t owned = 0;

	for (size_t i = 0; i < QUERIES_MAX; i++) {
		struct query *one = &q->v[i];

		if (one->nonce[0] == '\0') {
			free_one = one;
			continue;
		}
		if (one->until_ms < oldest->until_ms)
			oldest = one;
		if (strcmp(one->ask.who.user, user) != 0)
			continue;
		owned++;
		if (own == NULL || one->until_ms < own->until_ms)
			own = one;
	}
	if (owned < OF_ONE_MAX)
		own = free_one != NULL ? free_one : oldest;
	clear(own);
	return own;
}

void
queries_put(struct mon *m, struct gsp_talk *ask, int64_t players, const char *names)
{
	struct query *q = place(m->queries, ask->who.user);
	struct gsp_talk t;

	gsp_talk_init(&t, GSP_TALK_QUESTION);
	t.n = ask->n;
	t.verb = ask->verb;
	t.save = ask->save;
	snprintf(t.server, sizeof(t.server), "%s", ask->server);
	snprintf(t.names, sizeof(t.names), "%s", names);
	t.players = players;
	t.until_ms = gsp_wall_ms() + ANSWER_MS;
	gsp_rand_id(t.nonce, NONCE_LEN);
	memcpy(q->nonce, t.nonce, sizeof(q->nonce));
	q->until_ms = gsp_now_ms() + ANSWER_MS;
	q->players = players;
	q->ask = *ask;
	gsp_talk_init(ask, ask->kind);
	mon_send(m, &t);
	gsp_talk_release(&t);
}

struct query *
queries_find(struct mon *m, const char *nonce)
{
	int64_t now = gsp_now_ms();
	struct query *found = NULL;

	for (size_t i = 0; i < QUERIES_MAX; i++) {
		struct query *q = &m->queries->v[i];

		if (q->nonce[0] != '\0' && now >= q->until_ms)
			clear(q);
		if (q->nonce[0] != '\0' && nonce[0] != '\0' && strcmp(q->nonce, nonce) == 0)
			found = q;
	}
	return found;
}

void
queries_drop(struct mon *m, struct query *q)
{
	(void)m;
	clear(q);
}
