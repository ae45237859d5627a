#include "net_jobs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "base/num.h"
#include "discord/snowflake.h"
#include "net_asks.h"
#include "net_jobs_int.h"

#include "base/banned.h"

enum {
	EDIT_FOR_MS = 60000,          /* an edit that could not be sent by then is stale */
	OLD_MS = 60 * 60 * 1000,      /* such messages have another, hidden quota of edits */
	OLD_EVERY_MS = 5 * 60 * 1000,
	SLOWEST_MS = 30 * 60 * 1000
};

struct net_jobs *
net_jobs_new(struct net *net)
{
	struct net_jobs *in = gsp_must(calloc(1, sizeof(*in)));

	in->net = net;
	return in;
}

static void
free_job(struct job *j)
{
	gsp_view_free(j->view);
	explicit_bzero(j, sizeof(*j));
	free(j);
}

void
net_jobs_free(struct net_jobs *in)
{
	struct job *j;

	if (in == NULL)
		return;
	while ((j = in->first) != NULL) {
		in->first = j->next;
		free_job(j);
	}
	free(in);
}

static struct job *
find(struct net_jobs *in, const char *id)
{
	for (struct job *j = in->first; j != NULL; j = j->next)
		if (!j->over && strcmp(j->id, id) == 0)
			return j;
	return NULL;
}

/* ---- edits ---- */

bool
job_editable(const struct job *j)
{
	return j->edit == EDIT_TOKEN || (j->edit == EDIT_CHANNEL && j->message[0] != '\0');
}

/* Whoever answers knows the message best; for an answer confirmed without its id it is news. */
static void
learn_message(struct job *j, const struct gsp_json *body)
{
	char id[GSP_TALK_ID], channel[GSP_TALK_ID];

	if (j->message[0] != '\0')
		return;
	gsp_json_copy(id, sizeof(id), body, "id");
	gsp_json_copy(channel, sizeof(channel), body, "channel_id");
	if (!gsp_snowflake_ok(id) || !gsp_snowflake_ok(channel))
		return;
	(void)snprintf(j->message, sizeof(j->message), "%s", id);
	(void)snprintf(j->channel, sizeof(j->channel), "%s", channel);
}

static void
on_edit(void *ctx, const struct gsp_rest_res *res)
{
	struct job *j = ctx;
	enum net_outcome what = net_outcome(res);

	j->editing--;
	switch (what) {
	case NET_TAKEN: learn_message(j, res->body); break;
	case NET_DROPPED: break;
	case NET_SLOWER:
		j->slow_ms = j->slow_ms == 0 ? OLD_EVERY_MS : j->slow_ms * 2;
		if (j->slow_ms > SLOWEST_MS)
			j->slow_ms = SLOWEST_MS;
		j->dirty = true;
		break;
	case NET_GONE:
		net_say("job %s: its message cannot be edited %s any more: %s", j->id,
		    j->sent == EDIT_TOKEN ? "as an answer" : "in its channel", res->why);
		if (j->edit == j->sent)
			j->edit++;
		j->edited_ms = 0; /* the next way at once */
		j->dirty = true;
		break;
	case NET_AGAIN: j->dirty = true; break;
	case NET_WRONG: net_say("job %s: an edit was not taken: %s", j->id, res->why); break;
	}
	if (j->ended)
		end_edited(j, what);
}

void
job_edit(struct job *j)
{
	struct net *net = j->in->net;
	struct gsp_buf body = GSP_BUF_INIT(NET_BODY_MAX);
	int64_t now = net->now_ms();

	if (j->edit == EDIT_TOKEN && now >= j->token_end_ms)
		j->edit = EDIT_CHANNEL;
	j->dirty = false;
	if (!job_editable(j))
		return;
	j->edited_ms = now;
	j->sent = j->edit;
	j->editing++;
	gsp_view_message(&body, j->view, net->wall_ms());
	if (j->edit == EDIT_TOKEN)
		net_send_original(net, j->app, j->token, &body, j->line, now + EDIT_FOR_MS, on_edit, j);
	else
		net_send_edit(net, j->channel, j->message, &body, j->line, now + EDIT_FOR_MS, on_edit, j);
	gsp_buf_release(&body);
}

static int64_t
edit_due_ms(const struct job *j)
{
	int64_t due, old = j->slow_ms;

	if (!j->dirty || j->editing > 0 || j->ended || !job_editable(j))
		return NET_NEVER;
	if (j->edited_ms == 0)
		return 0;
	due = gsp_view_edit_ms(j->begun_ms, j->edited_ms);
	if (old == 0 && j->edited_ms - j->begun_ms > OLD_MS)
		old = OLD_EVERY_MS;
	return j->edited_ms + old > due ? j->edited_ms + old : due;
}

/* ---- the monitor ---- */

/* The moment on our clock at which something happened by the wall's; never in the future. */
static int64_t
since(const struct net *net, int64_t wall_ms)
{
	int64_t ago = net->wall_ms() - wall_ms;

	return net->now_ms() - (ago > 0 ? ago : 0);
}

static void
begin(struct net_jobs *in, const struct gsp_talk *t)
{
	struct job *j = find(in, t->interaction);
	int64_t came_ms = net_asks_job(in->net->asks, t);

	if (j == NULL && in->count >= NET_JOBS_MAX) {
		net_say("job %s: too many at once, it is not shown", t->interaction);
		return;
	}
	if (j == NULL) {
		j = gsp_must(calloc(1, sizeof(*j)));
		j->in = in;
		j->next = in->first;
		in->first = j;
		in->count++;
	}
	gsp_view_free(j->view);
	j->view = gsp_view_new(t);
	(void)gsp_num_u64(&j->line, t->interaction, 0, UINT64_MAX);
	(void)snprintf(j->id, sizeof(j->id), "%s", t->interaction);
	(void)snprintf(j->app, sizeof(j->app), "%s", t->app);
	(void)snprintf(j->token, sizeof(j->token), "%s", t->token);
	(void)snprintf(j->message, sizeof(j->message), "%s", t->message);
	(void)snprintf(j->channel, sizeof(j->channel), "%s",
	    t->channel[0] != '\0' ? t->channel : t->who.channel);
	j->begun_ms = since(in->net, t->asked_ms);
	/* of an earlier life: by the time in its id, which is not later than the token's birth */
	j->token_end_ms = NET_TOKEN_MS +
	    (came_ms != 0 ? came_ms : since(in->net, gsp_snowflake_ms(t->interaction)));
	j->edit = j->token[0] != '\0' ? EDIT_TOKEN : EDIT_CHANNEL;
	j->dirty = true;
}

void
net_jobs_told(struct net_jobs *in, const struct gsp_talk *t)
{
	struct job *j;

	if (t->kind == GSP_TALK_BEGIN) {
		begin(in, t);
		return;
	}
	j = find(in, t->interaction);
	if (j == NULL || j->ended) {
		gsp_debug("job %s: not known", t->interaction);
	} else if (t->kind == GSP_TALK_LINE) {
		if (gsp_view_line(j->view, t->out))
			j->dirty = true;
	} else if (t->kind == GSP_TALK_END) {
		gsp_view_end(j->view, t);
		end_begin(j);
	}
}

/* ---- the clock ---- */

void
net_jobs_tick(struct net_jobs *in)
{
	int64_t now = in->net->now_ms();
	struct job **p, *j;

	for (j = in->first; j != NULL && !in->net->leaving; j = j->next) {
		if (now >= edit_due_ms(j))
			job_edit(j);
		if (now >= end_due_ms(j))
			end_tick(j);
	}
	for (p = &in->first; (j = *p) != NULL;) {
		if (!j->over || j->editing > 0 || j->posting) {
			p = &j->next;
			continue;
		}
		*p = j->next;
		in->count--;
		free_job(j);
	}
}

int64_t
net_jobs_next_ms(const struct net_jobs *in)
{
	int64_t next = NET_NEVER, due;

	for (const struct job *j = in->first; j != NULL; j = j->next) {
		if (j->over && j->editing == 0 && !j->posting)
			return 0;
		if (in->net->leaving)
			continue;
		due = edit_due_ms(j) < end_due_ms(j) ? edit_due_ms(j) : end_due_ms(j);
		if (due < next)
			next = due;
	}
	return next;
}

size_t
net_jobs_busy(const struct net_jobs *in)
{
	size_t n = 0;

	for (const struct job *j = in->first; j != NULL; j = j->next)
		n += j->editing + (j->posting ? 1 : 0);
	return n;
}
