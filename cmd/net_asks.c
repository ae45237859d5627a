#include "net_asks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "base/num.h"
#include "net_asks_int.h"
#include "net_link.h"
#include "net_send.h"

#include "base/banned.h"

#define BUSY "The bot is busy; nothing was done. Try again in a moment."
#define RESTARTS "The bot restarts; nothing was done. Try again in a moment."

/* ---- the list ---- */

struct net_asks *
net_asks_new(struct net *net)
{
	struct net_asks *in = gsp_must(calloc(1, sizeof(*in)));

	in->net = net;
	return in;
}

static void
free_ask(struct ask *a)
{
	if (a->question != NULL)
		gsp_talk_release(a->question);
	free(a->question);
	gsp_buf_release(&a->body);
	explicit_bzero(a, sizeof(*a));
	free(a);
}

void
net_asks_free(struct net_asks *in)
{
	struct ask *a;

	if (in == NULL)
		return;
	while ((a = in->first) != NULL) {
		in->first = a->next;
		free_ask(a);
	}
	free(in);
}

void
ask_over(struct ask *a)
{
	a->state = ASK_OVER;
	a->due_ms = 0; /* the next tick buries it, once nothing of it is under way */
}

static struct ask *
find(struct net_asks *in, uint64_t n)
{
	for (struct ask *a = in->first; a != NULL; a = a->next)
		if (a->n == n && a->state != ASK_OVER)
			return a;
	return NULL;
}

struct ask *
ask_question(struct net_asks *in, const char *nonce)
{
	for (struct ask *a = in->first; a != NULL; a = a->next)
		if (a->state == ASK_QUESTION && strcmp(a->nonce, nonce) == 0)
			return a;
	return NULL;
}

/* ---- events ---- */

/* Events may be repeated: true for one that came before. */
static bool
seen(struct net_asks *in, uint64_t id)
{
	size_t n = in->nseen < NET_SEEN_MAX ? in->nseen : NET_SEEN_MAX;

	for (size_t i = 0; i < n; i++)
		if (in->seen[i] == id)
			return true;
	in->seen[in->nseen++ % NET_SEEN_MAX] = id;
	return false;
}

static struct ask *
new_ask(struct net_asks *in, const struct gsp_interaction *i, uint64_t id)
{
	struct ask *a = gsp_must(calloc(1, sizeof(*a)));

	a->in = in;
	a->kind = i->kind;
	a->n = ++in->last_n;
	a->line = id;
	gsp_buf_init(&a->body, NET_BODY_MAX);
	(void)snprintf(a->id, sizeof(a->id), "%s", i->id);
	(void)snprintf(a->app, sizeof(a->app), "%s", i->app);
	(void)snprintf(a->token, sizeof(a->token), "%s", i->token);
	(void)snprintf(a->channel, sizeof(a->channel), "%s", i->talk.who.channel);
	(void)snprintf(a->message, sizeof(a->message), "%s", i->talk.message);
	(void)snprintf(a->nonce, sizeof(a->nonce), "%s", i->talk.nonce);
	a->yes = i->talk.yes;
	a->came_ms = in->net->now_ms();
	a->due_ms = a->came_ms +
	    (i->kind == GSP_INTERACTION_AUTOCOMPLETE ? NET_ANSWER_MS : NET_MONITOR_MS);
	a->next = in->first;
	in->first = a;
	in->count++;
	return a;
}

/* Nothing new when there is too much already: a flood must not become our memory. */
static bool
has_room(struct net_asks *in)
{
	if (in->count < NET_ASKS_MAX) {
		in->full_said = false;
		return true;
	}
	if (!in->full_said)
		net_say("%d interactions wait to be answered: more are dropped", NET_ASKS_MAX);
	in->full_said = true;
	return false;
}

static void
ask_monitor(struct ask *a, struct gsp_interaction *i)
{
	struct net *net = a->in->net;

	if (net_link_slow(net->link)) {
		if (a->kind == GSP_INTERACTION_AUTOCOMPLETE)
			ask_over(a);
		else
			ask_refuse(a, BUSY);
		return;
	}
	i->talk.n = a->n;
	net_link_send(net->link, &i->talk);
}

/* The person is told why: a time that is none, say; somebody who only types is offered nothing. */
static void
not_understood(struct net_asks *in, struct gsp_interaction *i, uint64_t id, const char *why)
{
	if (i->kind == GSP_INTERACTION_AUTOCOMPLETE) {
		gsp_talk_init(&i->talk, GSP_TALK_CHOICES);
		ask_choices(new_ask(in, i, id), &i->talk);
	} else {
		i->kind = GSP_INTERACTION_COMMAND;
		gsp_talk_init(&i->talk, GSP_TALK_ASK);
		ask_refuse(new_ask(in, i, id), why);
	}
}

void
net_asks_event(struct net_asks *in, const struct gsp_json *d)
{
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_interaction i;
	uint64_t id;
	int rc;

	if (in->net->leaving)
		return;
	rc = gsp_interaction_parse(&i, d, &err);
	if (rc == -1)
		net_say("interaction %s: %s", i.id[0] != '\0' ? i.id : "without an id", err.msg);
	if (gsp_num_u64(&id, i.id, 1, UINT64_MAX) == -1 || i.token[0] == '\0' ||
	    i.kind == GSP_INTERACTION_OTHER || seen(in, id) || !has_room(in))
		goto out;
	if (rc == -1)
		not_understood(in, &i, id, err.msg);
	else
		ask_monitor(new_ask(in, &i, id), &i);
out:
	if (rc == 0)
		gsp_interaction_release(&i);
	explicit_bzero(&i, sizeof(i));
}

/* ---- the monitor ---- */

void
ask_tell(struct ask *a, enum gsp_talk_kind kind)
{
	struct gsp_talk t;

	gsp_talk_init(&t, kind);
	t.n = a->n;
	if (kind == GSP_TALK_DEFERRED) {
		(void)snprintf(t.message, sizeof(t.message), "%s", a->message);
		(void)snprintf(t.channel, sizeof(t.channel), "%s", a->channel);
	}
	net_link_send(a->in->net->link, &t);
	gsp_talk_release(&t);
}

/* Its answer came too late, or twice: whoever asked knows already that nothing was done. */
static void
unknown(struct net_asks *in, const struct gsp_talk *t)
{
	struct gsp_talk lost;

	if (t->kind != GSP_TALK_DEFER)
		return;
	net_say("the monitor's answer came too late: nothing is done");
	gsp_talk_init(&lost, GSP_TALK_LOST);
	lost.n = t->n;
	net_link_send(in->net->link, &lost);
	gsp_talk_release(&lost);
}

void
net_asks_told(struct net_asks *in, const struct gsp_talk *t)
{
	struct ask *a = find(in, t->n);
	enum ask_state s = a != NULL ? a->state : ASK_OVER;

	if (t->kind == GSP_TALK_CHOICES && s == ASK_ASKED)
		ask_choices(a, t);
	else if (t->kind == GSP_TALK_REFUSED && s == ASK_ASKED)
		ask_refuse(a, t->text);
	else if (t->kind == GSP_TALK_REFUSED && s == ASK_DEFERRED)
		ask_say(a, t->text);
	else if (t->kind == GSP_TALK_DEFER && s == ASK_ASKED)
		ask_defer(a, t);
	else if (t->kind == GSP_TALK_RESULT && s == ASK_DEFERRED)
		ask_result(a, t);
	else if (t->kind == GSP_TALK_QUESTION && s == ASK_DEFERRED)
		ask_put_question(a, t);
	else
		unknown(in, t);
}

int64_t
net_asks_job(struct net_asks *in, const struct gsp_talk *begin)
{
	int64_t came_ms = 0;

	for (struct ask *a = in->first; a != NULL; a = a->next) {
		if (strcmp(a->id, begin->interaction) != 0)
			continue;
		came_ms = a->came_ms;
		if (a->state == ASK_DEFERRED)
			ask_over(a);
	}
	return came_ms;
}

/* ---- the clock ---- */

static void
due(struct ask *a)
{
	switch (a->state) {
	case ASK_ASKED:
		if (a->kind == GSP_INTERACTION_AUTOCOMPLETE) {
			ask_over(a);
			break;
		}
		net_say("interaction %s: the monitor does not answer", a->id);
		ask_refuse(a, BUSY);
		break;
	case ASK_DEFERRING: ask_late(a); break;
	case ASK_DEFERRED:
		net_say("interaction %s: no result in all this time", a->id);
		ask_over(a);
		break;
	case ASK_QUESTION: ask_close_question(a); break;
	case ASK_OVER: break;
	}
}

void
net_asks_tick(struct net_asks *in)
{
	int64_t now = in->net->now_ms();
	struct ask **p, *a;

	for (a = in->first; a != NULL; a = a->next) {
		if (a->state != ASK_OVER && now >= a->due_ms)
			due(a);
		if (a->second_ms != 0 && now >= a->second_ms)
			ask_second(a);
	}
	for (p = &in->first; (a = *p) != NULL;) {
		if (a->state != ASK_OVER || a->under_way > 0) {
			p = &a->next;
			continue;
		}
		*p = a->next;
		in->count--;
		free_ask(a);
	}
}

int64_t
net_asks_next_ms(const struct net_asks *in)
{
	int64_t next = NET_NEVER;

	for (const struct ask *a = in->first; a != NULL; a = a->next) {
		if (!(a->state == ASK_OVER && a->under_way > 0) && a->due_ms < next)
			next = a->due_ms;
		if (a->second_ms != 0 && a->second_ms < next)
			next = a->second_ms;
	}
	return next;
}

void
net_asks_leave(struct net_asks *in)
{
	for (struct ask *a = in->first; a != NULL; a = a->next) {
		if (a->state == ASK_ASKED && a->kind == GSP_INTERACTION_AUTOCOMPLETE)
			ask_over(a);
		else if (a->state == ASK_ASKED)
			ask_refuse(a, RESTARTS);
		else if (a->state == ASK_QUESTION)
			ask_close_question(a);
		else if (a->state == ASK_DEFERRED)
			ask_say(a, "The bot restarts. If nothing follows here, ask again.");
	}
}

size_t
net_asks_busy(const struct net_asks *in)
{
	size_t n = 0;

	for (const struct ask *a = in->first; a != NULL; a = a->next)
		n += a->under_way;
	return n;
}
