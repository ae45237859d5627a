/* The inside of net_jobs: what follows the end of a job: the final edit, and the message that pings
 * whoever asked. The two do not wait for each other; each is tried for as long as it is worth it. */
#include <stdio.h>

#include "base/rand.h"
#include "net_jobs_int.h"
#include "net_link.h"

#include "base/banned.h"

enum {
	POST_FOR_MS = 5 * 60 * 1000,       /* one request, its repeats included */
	EDIT_BY_MS = 60 * 60 * 1000,
	POST_BY_MS = 24 * 60 * 60 * 1000,
	AGAIN_MIN_MS = 2000,
	AGAIN_MAX_MS = 5 * 60 * 1000
};

static int64_t
again_ms(const struct job *j, unsigned *tries)
{
	int64_t wait = *tries < 8 ? AGAIN_MIN_MS << *tries : AGAIN_MAX_MS;

	if (wait > AGAIN_MAX_MS)
		wait = AGAIN_MAX_MS;
	++*tries;
	return j->in->net->now_ms() + wait + gsp_rand_below((uint32_t)wait / 4);
}

/* ---- the final edit ---- */

static void
last_edit(struct job *j)
{
	job_edit(j);
	if (j->editing == 0) /* there is no way left */
		j->last_owed = false;
}

void
end_edited(struct job *j, enum net_outcome what)
{
	if (j->editing > 0 || !j->last_owed) /* that was one from before the end */
		return;
	switch (what) {
	case NET_TAKEN:
	case NET_WRONG: j->last_owed = false; break;
	case NET_GONE: last_edit(j); break;
	case NET_SLOWER: j->edit_again_ms = j->in->net->now_ms() + j->slow_ms; break;
	case NET_DROPPED:
	case NET_AGAIN: j->edit_again_ms = again_ms(j, &j->edit_tries); break;
	}
}

/* ---- the message ---- */

/* Once it is told, the monitor forgets the job. */
static void
tell(struct job *j)
{
	struct gsp_talk t;

	j->told = true;
	gsp_talk_init(&t, GSP_TALK_TOLD);
	(void)snprintf(t.interaction, sizeof(t.interaction), "%s", j->id);
	net_link_send(j->in->net->link, &t);
	gsp_talk_release(&t);
}

static const char *
way_name(enum post_way way)
{
	return way == POST_CHANNEL ? "in its channel"
	    : way == POST_FOLLOWUP ? "as a followup"
				   : "by the webhook";
}

static void
on_post(void *ctx, const struct gsp_rest_res *res)
{
	struct job *j = ctx;
	enum net_outcome what = net_outcome(res);

	j->posting = false;
	switch (what) {
	case NET_TAKEN:
		net_say("job %s: its end was told %s", j->id, way_name(j->post));
		tell(j);
		break;
	case NET_GONE:
	case NET_WRONG:
		net_say("job %s: its end cannot be told %s: %s", j->id, way_name(j->post), res->why);
		j->post++;
		j->post_tries = 0;
		break;
	case NET_DROPPED:
	case NET_SLOWER:
	case NET_AGAIN:
		if (j->post_tries == 0)
			net_say("job %s: its end could not be told yet: %s", j->id, res->why);
		j->post_again_ms = again_ms(j, &j->post_tries);
		break;
	}
}

/* The first way that is there. */
static void
choose(struct job *j, int64_t now)
{
	if (j->post == POST_CHANNEL && j->channel[0] == '\0')
		j->post = POST_FOLLOWUP;
	if (j->post == POST_FOLLOWUP && (j->token[0] == '\0' || now >= j->token_end_ms))
		j->post = POST_WEBHOOK;
	if (j->post == POST_WEBHOOK && j->in->net->hello.webhook[0] == '\0')
		j->post = POST_NONE;
}

/* Only a channel's messages have a nonce. By the other ways a lost answer may mean that it is said
 * twice, which is better than never. */
static void
post(struct job *j, int64_t now)
{
	struct gsp_buf body = GSP_BUF_INIT(NET_BODY_MAX);
	struct net *net = j->in->net;
	int64_t until = now + POST_FOR_MS;

	choose(j, now);
	if (j->post == POST_NONE || now >= j->post_by_ms) {
		net_say("job %s: its end can be told to nobody", j->id);
		tell(j);
		return;
	}
	j->posting = true;
	gsp_view_final(&body, j->view, j->message);
	if (j->post == POST_CHANNEL)
		net_send_post(net, j->channel, &body, until, on_post, j);
	else if (j->post == POST_FOLLOWUP)
		net_send_followup(net, j->app, j->token, &body, until, on_post, j);
	else
		net_send_webhook(net, net->hello.webhook, &body, until, on_post, j);
	gsp_buf_release(&body);
}

/* ---- the clock ---- */

void
end_begin(struct job *j)
{
	int64_t now = j->in->net->now_ms();

	j->ended = true;
	j->last_owed = true;
	j->edit_by_ms = now + EDIT_BY_MS;
	j->post_by_ms = now + POST_BY_MS;
}

void
end_tick(struct job *j)
{
	int64_t now = j->in->net->now_ms();

	if (now >= j->edit_by_ms)
		j->last_owed = false;
	/* also while another is under way: the newest takes the place of one that waits */
	if (j->last_owed && now >= j->edit_again_ms) {
		last_edit(j);
		j->edit_again_ms = NET_NEVER; /* until it is known what became of it */
	}
	if (!j->told && !j->posting && now >= j->post_again_ms)
		post(j, now);
	if (j->told && !j->last_owed)
		j->over = true;
}

int64_t
end_due_ms(const struct job *j)
{
	int64_t due = NET_NEVER;

	if (!j->ended || j->over)
		return NET_NEVER;
	if (j->told && !j->last_owed)
		return 0;
	if (j->last_owed)
		due = j->edit_again_ms < j->edit_by_ms ? j->edit_again_ms : j->edit_by_ms;
	if (!j->told && !j->posting && j->post_again_ms < due)
		due = j->post_again_ms;
	return due;
}
