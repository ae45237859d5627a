/* bot_query: questions with two buttons: for who asked alone, once, for a minute; a few for each person. In
 * memory: after a restart each is over, and its job, which never began, says so. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/must.h"
#include "base/rand.h"
#include "cli/say.h"
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
	return gsp_must(calloc(1, sizeof(struct queries)));
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
place(struct mon *m, const char *user)
{
	struct queries *q = m->queries;
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
	if (own->nonce[0] != '\0')
		queries_drop(m, own);
	return own;
}

void
queries_put(struct mon *m, struct gsp_talk *ask, int64_t players, const char *names)
{
	struct query *q = place(m, ask->who.user);
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_talk t;

	gsp_talk_init(&t, GSP_TALK_QUESTION);
	if (jobs_place(m, ask->interaction, ask->message, ask->channel, &err) == -1)
		gsp_cli_warn("%s; if the bot is killed now, this question stays as it is", err.msg);
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
	struct query *found = NULL;

	queries_tick(m);
	for (size_t i = 0; i < QUERIES_MAX; i++) {
		struct query *q = &m->queries->v[i];

		if (q->nonce[0] != '\0' && nonce[0] != '\0' && strcmp(q->nonce, nonce) == 0)
			found = q;
	}
	return found;
}

void
queries_drop(struct mon *m, struct query *q)
{
	jobs_drop(m, q->ask.interaction);
	clear(q);
}

static void
drop_until(struct mon *m, int64_t now)
{
	for (size_t i = 0; i < QUERIES_MAX; i++)
		if (m->queries->v[i].nonce[0] != '\0' && now >= m->queries->v[i].until_ms)
			queries_drop(m, &m->queries->v[i]);
}

void
queries_tick(struct mon *m)
{
	drop_until(m, gsp_now_ms());
}

void
queries_leave(struct mon *m)
{
	drop_until(m, INT64_MAX);
}
