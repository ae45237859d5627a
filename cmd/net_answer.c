/* The inside of net_asks: what is answered, and what becomes of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "discord/message.h"
#include "discord/snowflake.h"
#include "net_asks_int.h"
#include "net_link.h"
#include "net_send.h"

#include "base/banned.h"

#define LATE "Discord took too long to confirm; nothing was started. Try again."
#define UNSHOWN "Discord did not take the answer; the bot's log says why."

enum {
	AGAIN_MS = 2500,       /* until then a lost first answer is worth a second try */
	SECOND_MS = 1200,      /* so long without an answer: the second try begins beside it */
	LATE_MS = 10000,       /* Discord may confirm a deferral so late, and it counts */
	PRESS_MS = 500,        /* a question waits for a press under way */
	QUESTION_MAX_MS = 120000
};

static void on_first(void *ctx, const struct gsp_rest_res *res);

/* ---- the first answer ---- */

/* ${anew}: the connection that is kept may lead nowhere. */
static void
send_first(struct ask *a, bool anew)
{
	a->under_way++;
	a->answering++;
	a->second_ms = a->again ? 0 : a->in->net->now_ms() + SECOND_MS;
	net_send_callback(a->in->net, a->id, a->token, a->state == ASK_DEFERRING, &a->body,
	    a->came_ms + NET_ANSWER_MS, anew, on_first, a);
}

static void
send_again(struct ask *a)
{
	a->again = true;
	send_first(a, true);
}

void
ask_refuse(struct ask *a, const char *text)
{
	ask_over(a);
	gsp_buf_reset(&a->body);
	gsp_message_ephemeral(&a->body, text);
	send_first(a, false);
}

void
ask_choices(struct ask *a, const struct gsp_talk *t)
{
	ask_over(a);
	a->again = true; /* nobody waits for names so long */
	gsp_message_choices(&a->body, t);
	send_first(a, false);
}

void
ask_defer(struct ask *a, const struct gsp_talk *t)
{
	struct ask *q = ask_question(a->in, a->nonce);

	a->state = ASK_DEFERRING;
	a->due_ms = a->came_ms + LATE_MS;
	a->update = t->update;
	if (a->update) {
		gsp_message_pressed(&a->body, t, a->yes);
		if (q != NULL)
			q->pressing++;
	} else {
		gsp_message_defer(&a->body, t->is_public);
	}
	send_first(a, false);
}

/* Discord has said what became of a press: the question is answered, or open as before. */
static void
pressed(struct ask *a, bool taken)
{
	struct ask *q = a->update ? ask_question(a->in, a->nonce) : NULL;

	if (q == NULL)
		return;
	if (q->pressing > 0)
		q->pressing--;
	if (taken)
		ask_over(q);
}

static void
deferred(struct ask *a, const struct gsp_rest_res *res)
{
	const struct gsp_json *i = gsp_json_get(res->body, "interaction");

	if (!a->update) /* else it is the one with the button */
		gsp_json_copy(a->message, sizeof(a->message), i, "response_message_id");
	if (a->message[0] != '\0' && !gsp_snowflake_ok(a->message))
		a->message[0] = '\0';
	gsp_buf_release(&a->body);
	a->state = ASK_DEFERRED;
	a->due_ms = a->came_ms + NET_TOKEN_MS;
	pressed(a, true);
	ask_tell(a, GSP_TALK_DEFERRED);
	if (a->update && !a->yes)
		ask_over(a);
	else if (net_link_ended(a->in->net->link) != NULL)
		ask_say(a, "The bot restarts; nothing was done. Try again in a moment.");
}

static void
lost(struct ask *a, const struct gsp_rest_res *res)
{
	net_say("interaction %s: Discord did not take the answer: %s", a->id,
	    res->why[0] != '\0' ? res->why : "too late");
	ask_over(a);
	pressed(a, false);
	ask_tell(a, GSP_TALK_LOST);
	/* it may have taken it, and would show "thinking" for ever; a 429 alone took nothing */
	if (net_outcome(res) == NET_AGAIN && !a->update && (a->again || res->status != 429))
		ask_say(a, LATE);
}

static bool
worth_again(const struct ask *a)
{
	return a->in->net->now_ms() < a->came_ms + AGAIN_MS;
}

void
ask_second(struct ask *a)
{
	a->second_ms = 0;
	if (worth_again(a))
		send_again(a);
}

static void
on_first(void *ctx, const struct gsp_rest_res *res)
{
	struct ask *a = ctx;
	enum net_outcome what = net_outcome(res);

	a->under_way--;
	a->answering--;
	a->second_ms = 0;
	/* Nobody else has the token: an earlier try of ours, or of libcurl's on a connection that died,
	 * arrived after all. */
	if (res->code == 40060)
		what = NET_TAKEN;
	if (a->taken || (what != NET_TAKEN && a->answering > 0))
		return; /* the other try has decided, or will */
	a->taken = what == NET_TAKEN;
	/* after 429 there was no time left to wait as long as that asks */
	if (what == NET_AGAIN && res->status != 429 && !a->again && worth_again(a)) {
		send_again(a);
	} else if (a->state == ASK_DEFERRING && what == NET_TAKEN) {
		deferred(a, res);
	} else if (a->state == ASK_DEFERRING) {
		lost(a, res);
	} else if (a->late && what == NET_TAKEN && !a->update) {
		ask_say(a, LATE);
	} else if (what != NET_TAKEN && !a->late) {
		net_say("interaction %s: not answered: %s", a->id,
		    res->why[0] != '\0' ? res->why : "too late");
	}
}

void
ask_late(struct ask *a)
{
	net_say("interaction %s: Discord does not confirm: nothing is done", a->id);
	a->late = true;
	ask_over(a);
	pressed(a, false);
	ask_tell(a, GSP_TALK_LOST);
}

/* ---- what takes the place of "thinking" ---- */

static void
on_edit(void *ctx, const struct gsp_rest_res *res)
{
	struct ask *a = ctx;
	enum net_outcome what = net_outcome(res);

	a->under_way--;
	if (what == NET_TAKEN || what == NET_DROPPED)
		return;
	net_say("interaction %s: its answer was not taken: %s", a->id, res->why);
	if (what == NET_WRONG && a->state == ASK_OVER)
		ask_say(a, UNSHOWN);
}

static void
edit(struct ask *a, const struct gsp_buf *body)
{
	a->under_way++;
	net_send_original(a->in->net, a->app, a->token, body, a->line, a->came_ms + NET_TOKEN_MS,
	    on_edit, a);
}

void
ask_say(struct ask *a, const char *text)
{
	struct gsp_buf body = GSP_BUF_INIT(NET_BODY_MAX);

	ask_over(a);
	if (a->said)
		return;
	a->said = true;
	gsp_message_text(&body, text);
	edit(a, &body);
	gsp_buf_release(&body);
}

void
ask_result(struct ask *a, const struct gsp_talk *t)
{
	struct gsp_buf body = GSP_BUF_INIT(NET_BODY_MAX);

	ask_over(a);
	gsp_message_result(&body, t, a->in->net->wall_ms() / 1000);
	edit(a, &body);
	gsp_buf_release(&body);
}

/* ---- questions ---- */

/* What the message at its end needs of it. */
static struct gsp_talk *
keep_question(const struct gsp_talk *t)
{
	struct gsp_talk *q = gsp_must(malloc(sizeof(*q)));

	gsp_talk_init(q, GSP_TALK_QUESTION);
	q->n = t->n;
	q->verb = t->verb;
	q->save = t->save;
	q->players = t->players;
	q->until_ms = t->until_ms;
	(void)snprintf(q->server, sizeof(q->server), "%s", t->server);
	(void)snprintf(q->nonce, sizeof(q->nonce), "%s", t->nonce);
	(void)snprintf(q->names, sizeof(q->names), "%s", t->names);
	return q;
}

void
ask_put_question(struct ask *a, const struct gsp_talk *t)
{
	struct gsp_buf body = GSP_BUF_INIT(NET_BODY_MAX);
	int64_t left = t->until_ms - a->in->net->wall_ms();

	if (left < 0)
		left = 0;
	if (left > QUESTION_MAX_MS) /* the clock was set */
		left = QUESTION_MAX_MS;
	a->state = ASK_QUESTION;
	a->due_ms = a->in->net->now_ms() + left;
	a->question = keep_question(t);
	(void)snprintf(a->nonce, sizeof(a->nonce), "%s", t->nonce);
	gsp_message_question(&body, t);
	edit(a, &body);
	gsp_buf_release(&body);
}

void
ask_close_question(struct ask *a)
{
	struct gsp_buf body = GSP_BUF_INIT(NET_BODY_MAX);

	if (a->pressing > 0 && !a->in->net->leaving) {
		a->due_ms = a->in->net->now_ms() + PRESS_MS;
		return;
	}
	ask_over(a);
	gsp_message_question_over(&body, a->question);
	edit(a, &body);
	gsp_buf_release(&body);
}
