/* bot_asks: commands and buttons, from what was asked to what comes of it. Nothing happens before
 * Discord has taken the answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/must.h"
#include "base/num.h"
#include "cli/say.h"
#include "fmt/json.h"
#include "gsp/status.h"
#include "bot_mon.h"

#include "base/banned.h"

enum { WAIT_MAX = 256, RECENT = 512 };

#define DEFERRED_MS 60000  /* Discord is given 3 s, and the network half says so at once */
#define LOOK_MS     20000
#define LOGS_MS     60000
#define QUERY_MS    8000

#define AGAIN "that was asked already; what became of it is said where it was asked"

enum what { LOOK, QUERY, JOB, NO };

/* One that waits for DEFERRED, or for a tool. */
struct waiting {
	struct waiting *next;
	struct gsp_talk t;
	enum what what;
	bool even;        /* of JOB: whoever plays */
	int64_t until_ms; /* monotonic */
};

struct asks {
	struct waiting *first;
	size_t n;
	char recent[RECENT][GSP_TALK_ID]; /* interactions that were taken: Discord repeats events */
	size_t nrecent;
};

struct asks *
asks_new(void)
{
	return gsp_must(calloc(1, sizeof(struct asks)));
}

static void
waiting_free(struct waiting *w)
{
	gsp_talk_release(&w->t);
	free(w);
}

static void
waiting_drop(void *ctx)
{
	waiting_free(ctx);
}

void
asks_free(struct asks *a)
{
	struct waiting *next;

	if (a == NULL)
		return;
	for (struct waiting *w = a->first; w != NULL; w = next) {
		next = w->next;
		waiting_free(w);
	}
	free(a);
}

bool
asks_wait(const struct mon *m)
{
	return m->asks->first != NULL;
}

static struct waiting *
find(struct asks *a, uint64_t n)
{
	struct waiting *w = a->first;

	while (w != NULL && w->t.n != n)
		w = w->next;
	return w;
}

/* Out of the list; the caller's now. */
static struct waiting *
take_out(struct asks *a, uint64_t n)
{
	for (struct waiting **at = &a->first; *at != NULL; at = &(*at)->next)
		if ((*at)->t.n == n) {
			struct waiting *w = *at;

			*at = w->next;
			a->n--;
			return w;
		}
	return NULL;
}

static bool
seen(struct asks *a, const char *interaction)
{
	for (size_t i = 0; i < RECENT; i++)
		if (strcmp(a->recent[i], interaction) == 0)
			return true;
	snprintf(a->recent[a->nrecent++ % RECENT], GSP_TALK_ID, "%s", interaction);
	return false;
}

/* Common to commands and buttons: it can be taken up at all. */
static int
acceptable(struct mon *m, const struct gsp_talk *t)
{
	if (find(m->asks, t->n) != NULL) {
		mon_end(m, GSP_EPROTO, "the network half asked two things under one number");
		return -1;
	}
	if (m->leaving) {
		mon_refuse(m, t->n, "the bot is being restarted; ask again in a moment");
		return -1;
	}
	if (m->asks->n >= WAIT_MAX) {
		mon_refuse(m, t->n, "too much was asked at once; ask again in a moment");
		return -1;
	}
	if (seen(m->asks, t->interaction)) {
		mon_refuse(m, t->n, AGAIN);
		return -1;
	}
	return 0;
}

static void
defer(struct mon *m, struct gsp_talk *t, enum what what, bool even, bool is_public, bool update)
{
	struct waiting *w = gsp_must(calloc(1, sizeof(*w)));
	struct gsp_talk d;

	gsp_talk_init(&d, GSP_TALK_DEFER);
	d.n = t->n;
	d.verb = t->verb;
	snprintf(d.server, sizeof(d.server), "%s", t->server);
	d.is_public = is_public;
	d.update = update;
	w->t = *t; /* with all it owns */
	w->t.asked_ms = gsp_wall_ms();
	gsp_talk_init(t, t->kind);
	w->what = what;
	w->even = even;
	w->until_ms = gsp_now_ms() + DEFERRED_MS;
	w->next = m->asks->first;
	m->asks->first = w;
	m->asks->n++;
	mon_send(m, &d);
	gsp_talk_release(&d);
}

/* There is a machine, as far as this computer remembers: there may be players. */
static bool
may_be_played(const struct mon *m, const char *server)
{
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_cloud nobody_asked = {.known = false};
	struct gsp_status_row row;

	return gsp_status_server(&row, m->t->home, server, &nobody_asked, NULL, &err) == -1 ||
	    strcmp(row.stage, "none") != 0;
}

/* Acts at once: not a job, and not to be done twice. */
static bool
acts(enum gsp_verb v)
{
	return v == GSP_VERB_EXTEND || v == GSP_VERB_HOLD || v == GSP_VERB_SAY;
}

static int
not_noted(struct mon *m, const struct gsp_talk *t, const struct gsp_err *err)
{
	if (err->code == GSP_EREFUSED)
		mon_refuse(m, t->n, AGAIN);
	else {
		gsp_cli_error("%s", err->msg);
		mon_refuse(m, t->n, "the bot cannot note what it should do, so nothing was begun; "
		    "its log says why");
	}
	return -1;
}

/* After a restart Discord may send once more what was answered just before. */
static int
claim(struct mon *m, const struct gsp_talk *t)
{
	struct gsp_err err = GSP_ERR_INIT;

	return jobs_claim(m, t->interaction, &err) == 0 ? 0 : not_noted(m, t, &err);
}

/* Another job has the server: to begin this one would only make a message for everybody that it failed. */
static bool
is_busy(struct mon *m, const struct gsp_talk *t)
{
	static const char *const doing[] = {
	    [GSP_VERB_UP] = "is coming up", [GSP_VERB_DOWN] = "is going down",
	    [GSP_VERB_RESTART] = "is restarting", [GSP_VERB_RESTORE] = "is going back to a save"};
	const struct gsp_talk *other = jobs_busy(m, t->server);
	char text[48];

	/* or one that begins when Discord has taken its answer, which can last seconds */
	for (const struct waiting *w = m->asks->first; other == NULL && w != NULL; w = w->next)
		other = w->what == JOB && strcmp(w->t.server, t->server) == 0 ? &w->t : NULL;
	if (other == NULL || strcmp(other->interaction, t->interaction) == 0) /* itself, repeated */
		return false;
	mon_refuse(m, t->n, "%s %s already, as %s asked %s ago; the message of that in <#%s> shows how far it "
	    "is. Ask again when that is over", t->server, doing[other->verb], other->who.name,
	    gsp_num_span(text, sizeof(text), (gsp_wall_ms() - other->asked_ms) / 1000), other->who.channel);
	return true;
}

/* A job's directory is there before Discord is answered, so that a restart of ours finds whatever is
 * shown as "thinking". */
static int
make_job(struct mon *m, struct gsp_talk *t, bool even)
{
	struct gsp_err err = GSP_ERR_INIT;

	return jobs_make(m, t, even, &err) == 0 ? 0 : not_noted(m, t, &err);
}

void
asks_ask(struct mon *m, struct gsp_talk *t)
{
	char why[WHY_MAX];
	enum what what = LOOK;

	if (acceptable(m, t) == -1)
		return;
	if (mon_may(m, &t->who, t->verb, t->save, t->server, why) == -1 || words_check(t, why) == -1) {
		mon_refuse(m, t->n, "%s", why);
		return;
	}
	if (words_is_job(t->verb)) {
		if (is_busy(m, t))
			return;
		what = t->verb == GSP_VERB_DOWN || t->verb == GSP_VERB_RESTORE ||
		        (t->verb == GSP_VERB_RESTART && may_be_played(m, t->server))
		    ? QUERY : JOB;
		if (make_job(m, t, false) == -1)
			return;
	} else if (acts(t->verb) && claim(m, t) == -1)
		return;
	defer(m, t, what, false, what != LOOK || t->verb == GSP_VERB_EXTEND ||
	    t->verb == GSP_VERB_HOLD, false);
}

/* The question that a button belongs to, if this person may answer it now. */
static struct query *
answered(struct mon *m, const struct gsp_talk *t, char why[WHY_MAX])
{
	struct query *q = queries_find(m, t->nonce);

	if (mon_here(m, &t->who, why) == -1)
		return NULL;
	if (q == NULL) {
		snprintf(why, WHY_MAX, "that question is over; ask again");
		return NULL;
	}
	if (strcmp(q->ask.who.user, t->who.user) != 0) {
		snprintf(why, WHY_MAX, "only who asked may answer that");
		return NULL;
	}
	/* a role may have been taken away meanwhile */
	if (t->yes && mon_may(m, &t->who, q->ask.verb, q->ask.save, q->ask.server, why) == -1)
		return NULL;
	return q;
}

void
asks_press(struct mon *m, struct gsp_talk *t)
{
	char why[WHY_MAX];
	struct query *q;
	bool even, yes = t->yes;

	if (acceptable(m, t) == -1)
		return;
	if ((q = answered(m, t, why)) == NULL) {
		mon_refuse(m, t->n, "%s", why);
		return;
	}
	t->verb = q->ask.verb;
	t->save = q->ask.save;
	snprintf(t->server, sizeof(t->server), "%s", q->ask.server);
	/* who was shown players, or that nobody can tell, has decided; a measured zero, and what was not
	 * measured, is counted by the tool, for somebody may have come */
	even = q->players > 0 || q->players == -1;
	if (yes && is_busy(m, t))
		return;
	/* first the new job: whoever is killed between the two finds both, about one message */
	if (yes && make_job(m, t, even) == -1)
		return;
	queries_drop(m, q); /* once */
	defer(m, t, yes ? JOB : NO, even, true, true);
}

/* ---- Discord has the answer ---- */

static void
result(struct mon *m, const struct gsp_talk *ask, int status, const char *out, const char *said)
{
	struct gsp_talk r;

	gsp_talk_init(&r, GSP_TALK_RESULT);
	r.n = ask->n;
	r.verb = ask->verb;
	snprintf(r.server, sizeof(r.server), "%s", ask->server);
	r.status = status;
	r.out = gsp_must(strdup(out));
	r.said = gsp_must(strdup(said));
	mon_send(m, &r);
	gsp_talk_release(&r);
}

static void
looked(struct mon *m, void *ctx, int status, const char *out, const char *said)
{
	struct waiting *w = ctx;

	/* gsp-status says 1 of a server that is named and does not run: an answer like any other */
	if (status == 1 && (w->t.verb == GSP_VERB_STATUS || w->t.verb == GSP_VERB_LIST) && out[0] != '\0')
		status = 0;
	result(m, &w->t, status, out, said);
	waiting_free(w);
}

/* What changes something is in the log, with who it was; looking is not. */
static void
log_act(const struct gsp_talk *t)
{
	char actor[129];

	words_actor(actor, &t->who);
	gsp_cli_warn("%s: %s %s%s%s", actor, gsp_verb_name(t->verb), t->server,
	    t->time[0] != '\0' ? " " : "", t->time);
}

static void
look(struct mon *m, struct waiting *w)
{
	struct gsp_argv argv = GSP_ARGV_INIT;
	struct gsp_err err = GSP_ERR_INIT;
	bool logs = w->t.verb == GSP_VERB_LOGS;

	if (acts(w->t.verb))
		log_act(&w->t);
	if (words_look(&argv, m, &w->t, &err) == -1) {
		result(m, &w->t, -1, "", err.msg);
		gsp_argv_release(&argv);
	} else if (kids_start(m->kids, &argv, logs ? LOGS_MS : LOOK_MS, logs, looked, waiting_drop, w) == 0)
		return;
	else
		result(m, &w->t, -1, "", "too much was asked at once; ask again in a moment");
	waiting_free(w);
}

/* It ends here: nothing was started. */
static void
give_up(struct mon *m, struct waiting *w, const char *why)
{
	jobs_drop(m, w->t.interaction);
	result(m, &w->t, -1, "", why);
	waiting_free(w);
}

static void
go(struct mon *m, struct waiting *w)
{
	struct gsp_err err = GSP_ERR_INIT;

	/* the message: that of the answer, or the one with the button */
	if (jobs_go(m, w->t.interaction, w->t.message, w->t.channel, w->even, &err) == -1) {
		gsp_cli_error("%s", err.msg);
		give_up(m, w, err.msg);
		return;
	}
	waiting_free(w);
}

/* How many, and who: of what gsp-query printed. -1: nobody can tell. */
static int64_t
players_of(struct gsp_buf *names, int status, const char *out)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_json *v = NULL;
	int64_t n = -1;

	if (status != 0 || gsp_json_parse(&v, out, strlen(out), &ignored) == -1)
		return -1;
	if (gsp_json_is_num(gsp_json_get(v, "players")))
		n = (int64_t)gsp_json_u64(v, "players", UINT32_MAX);
	for (struct gsp_json *c = gsp_json_first(gsp_json_get(v, "names")); c != NULL; c = gsp_json_next(c))
		gsp_buf_addf(names, "%s%s", names->len > 0 ? ", " : "", gsp_json_text(c, "?"));
	gsp_json_free(v);
	return n == UINT32_MAX ? -1 : n;
}

static void
counted(struct mon *m, void *ctx, int status, const char *out, const char *said)
{
	struct gsp_buf names = GSP_BUF_INIT(GSP_TALK_OUT_MAX);
	struct waiting *w = ctx;
	int64_t n = players_of(&names, status, out);

	(void)said;
	if (w->t.verb == GSP_VERB_RESTART && n == 0)
		go(m, w);
	else {
		queries_put(m, &w->t, n, gsp_buf_str(&names));
		waiting_free(w);
	}
	gsp_buf_release(&names);
}

static void
query(struct mon *m, struct waiting *w)
{
	struct gsp_argv argv = GSP_ARGV_INIT;
	struct gsp_err err = GSP_ERR_INIT;

	if (w->t.verb == GSP_VERB_RESTORE || (w->t.verb == GSP_VERB_DOWN && !may_be_played(m, w->t.server))) {
		queries_put(m, &w->t, -2, "");
		waiting_free(w);
	} else if (words_query(&argv, m, &w->t, &err) == -1) {
		gsp_argv_release(&argv);
		give_up(m, w, err.msg);
	} else if (kids_start(m->kids, &argv, QUERY_MS, false, counted, waiting_drop, w) == -1)
		give_up(m, w, "too much was asked at once; ask again in a moment");
}

void
asks_deferred(struct mon *m, struct gsp_talk *t)
{
	struct waiting *w = take_out(m->asks, t->n);

	if (w == NULL) {
		mon_end(m, GSP_EPROTO, "the network half answered for what it was not asked");
		return;
	}
	if (t->message[0] != '\0')
		snprintf(w->t.message, sizeof(w->t.message), "%s", t->message);
	if (t->channel[0] != '\0')
		snprintf(w->t.channel, sizeof(w->t.channel), "%s", t->channel);
	switch (w->what) {
	case LOOK: look(m, w); break;
	case QUERY: query(m, w); break;
	case JOB: go(m, w); break;
	case NO: waiting_free(w); break;
	}
}

void
asks_lost(struct mon *m, struct gsp_talk *t)
{
	struct waiting *w = take_out(m->asks, t->n);

	if (w == NULL)
		return;
	jobs_drop(m, w->t.interaction);
	waiting_free(w);
}

void
asks_tick(struct mon *m)
{
	int64_t now = gsp_now_ms();

	queries_tick(m);
	for (struct waiting **at = &m->asks->first; *at != NULL;) {
		struct waiting *w = *at;

		if (now < w->until_ms) {
			at = &w->next;
			continue;
		}
		*at = w->next;
		m->asks->n--;
		jobs_drop(m, w->t.interaction);
		waiting_free(w);
	}
}
