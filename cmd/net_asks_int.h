/*
 * net_asks, inside: one ask, and what its two files share: net_asks.c has the list, the events and
 * the clock; net_answer.c what the monitor and Discord say to it.
 */
#ifndef GSP_CMD_NET_ASKS_INT_H
#define GSP_CMD_NET_ASKS_INT_H

#include "discord/interaction.h"
#include "net_asks.h"

enum ask_state {
	ASK_ASKED,     /* the monitor decides */
	ASK_DEFERRING, /* Discord is asked for time */
	ASK_DEFERRED,  /* it gave it; the monitor works */
	ASK_QUESTION,  /* buttons are shown */
	ASK_OVER       /* nothing more comes of it; freed when no request is under way */
};

struct ask {
	struct ask *next;
	struct net_asks *in;
	enum ask_state state;
	enum gsp_interaction_kind kind;
	uint64_t n, line;
	char id[GSP_TALK_ID], app[GSP_TALK_ID], token[513];
	char channel[GSP_TALK_ID], message[GSP_TALK_ID], nonce[33];
	bool yes, update;
	bool again;             /* the first answer was sent twice */
	bool taken;             /* one of the two was taken */
	bool late;              /* LOST was told before Discord said what became of it */
	bool said;              /* the text in place of "thinking" was sent */
	struct gsp_buf body;    /* of the first answer */
	unsigned under_way;     /* requests */
	unsigned answering;     /* of those: the first answer */
	unsigned pressing;      /* QUESTION: presses that Discord has not confirmed yet */
	int64_t came_ms, due_ms;
	int64_t second_ms;      /* when the first answer is sent again, without waiting longer; 0 never */
	struct gsp_talk *question;
};

struct net_asks {
	struct net *net;
	struct ask *first;
	size_t count;
	uint64_t last_n;
	uint64_t seen[NET_SEEN_MAX];
	size_t nseen;
	bool full_said;
};

/** ask_over(a): nothing more comes of it. */
void ask_over(struct ask *a);
/** ask_tell(a, kind): DEFERRED or LOST to the monitor. */
void ask_tell(struct ask *a, enum gsp_talk_kind kind);
/** ask_question(in, nonce): the open question, or NULL. */
struct ask *ask_question(struct net_asks *in, const char *nonce);

/** The first answer, to that person alone; it is over with that. */
void ask_refuse(struct ask *a, const char *text);
/** The same for one that was deferred: the text takes the place of "thinking". */
void ask_say(struct ask *a, const char *text);
void ask_choices(struct ask *a, const struct gsp_talk *t);
void ask_defer(struct ask *a, const struct gsp_talk *t);
void ask_result(struct ask *a, const struct gsp_talk *t);
void ask_put_question(struct ask *a, const struct gsp_talk *t);
void ask_close_question(struct ask *a);
/** ask_second(a): the first answer has no answer yet. */
void ask_second(struct ask *a);
/** ask_late(a): Discord has not confirmed in all this time. */
void ask_late(struct ask *a);

#endif
