/*
 * net_jobs, inside: net_jobs.c has the list and the edits, net_end.c what follows the end.
 */
#ifndef GSP_CMD_NET_JOBS_INT_H
#define GSP_CMD_NET_JOBS_INT_H

#include "discord/view.h"
#include "net_jobs.h"
#include "net_send.h"

/* Ways of an edit, and of the message at the end; each falls to the next. */
enum edit_way { EDIT_TOKEN, EDIT_CHANNEL, EDIT_NONE };
enum post_way { POST_CHANNEL, POST_FOLLOWUP, POST_WEBHOOK, POST_NONE };

struct job {
	struct job *next;
	struct net_jobs *in;
	struct gsp_view *view;
	uint64_t line;
	char id[GSP_TALK_ID], app[GSP_TALK_ID], token[513];
	char channel[GSP_TALK_ID], message[GSP_TALK_ID];
	int64_t begun_ms;      /* of the job */
	int64_t token_end_ms;  /* edits by the token until then */
	int64_t edited_ms;     /* the last edit was sent; 0 none yet */
	int64_t slow_ms;       /* between edits, when Discord asks for that; 0: the usual pace */
	enum edit_way edit;
	enum edit_way sent;    /* by which the one under way goes */
	bool dirty;            /* it looks different from what was sent */
	unsigned editing;      /* edits under way */

	/* from END on */
	enum post_way post;
	bool ended;
	bool last_owed;        /* the final edit has to be sent, or again */
	bool told;             /* the end was posted, or never can be */
	bool posting;
	bool over;             /* freed once nothing is under way */
	unsigned edit_tries, post_tries;
	int64_t edit_again_ms, post_again_ms; /* not before that moment */
	int64_t edit_by_ms, post_by_ms;       /* given up then */
};

struct net_jobs {
	struct net *net;
	struct job *first;
	size_t count;
};

/** job_edit(j): send how it looks now. */
void job_edit(struct job *j);
/** job_editable(j): there is a way left. */
bool job_editable(const struct job *j);

/** end_begin(j): the job ended. end_tick(j): go on telling it. end_edited(j, what): what became of an
 * edit after the end. end_due_ms(j): when its tick is wanted. */
void end_begin(struct job *j);
void end_tick(struct job *j);
void end_edited(struct job *j, enum net_outcome what);
int64_t end_due_ms(const struct job *j);

#endif
