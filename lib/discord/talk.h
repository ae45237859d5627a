/*
 * discord/talk: what the two halves of gsp-bot say to each other over a socketpair, one JSON object
 * a line. The network half (net) sees Discord and nothing else; the monitor sees the home and
 * nothing else. The list below is all there is: what is not in it is an error, and the monitor then
 * ends the conversation. Neither trusts the other's text; the monitor trusts nothing at all.
 *
 * net -> monitor
 *   NAMES   somebody types: which servers (or saves) may be offered         -> CHOICES
 *   ASK     a command came in                      -> REFUSED, DEFER, then after DEFERRED the rest
 *   PRESS   a button was pressed                   -> REFUSED, DEFER (update=true: that message)
 *   DEFERRED  Discord took the answer to ASK or PRESS; only now does anything start
 *   LOST    it did not (or the interaction was too old): nothing starts
 *   TOLD    the end of a job was posted (or never can be): it need not be told again
 *   RESUME  what the gateway needs after a restart
 *   READY   the gateway is up: application and the bot's own user id, in who.user, "" where a
 *           resumed session did not say them (the monitor then sends the jobs it knows)
 *   FATAL   the gateway refused for good; net ends
 * monitor -> net
 *   HELLO   first: token, addresses, resume state, who to become
 *   CHOICES, REFUSED, DEFER
 *   RESULT  of a look-up (status, list, players, ...): the tool's output, as it came
 *   QUESTION  a button is wanted before anything happens
 *   BEGIN   a job: who, what, which message; also after a restart, for every job not yet told
 *   LINE    one line of its --progress=json, as it came
 *   END     it is over: status, its record line, its last words
 *   STOP    leave: close the gateway so that it can be resumed, and end
 *
 * Which fields each kind has is one table in talk.c; every field of a kind is in every line of it,
 * "", 0 or false where there is nothing to say. Written texts are made harmless and fitting: what is
 * no UTF-8 or a control character (but '\n', '\r' and '\t' in text, out and said) becomes U+FFFD, and
 * what is too long is cut between characters. A read text of that kind is an error.
 *
 * Ownership: a parsed message owns its texts; gsp_talk_release(). Texts not set are "", never NULL.
 * The writer borrows; out and said may be NULL there.
 * Errors: GSP_EPROTO for anything not exactly of these shapes.
 */
#ifndef GSP_DISCORD_TALK_H
#define GSP_DISCORD_TALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define GSP_TALK_LINE_MAX (512u << 10) /* bytes of one line, '\n' included */
#define GSP_TALK_OUT_MAX (128u << 10)  /* bytes of a tool's output in RESULT, LINE, END */
#define GSP_TALK_SAID_MAX (16u << 10)  /* bytes of its stderr in RESULT */
#define GSP_TALK_ROLES_MAX 250         /* Discord: roles in a guild */
#define GSP_TALK_ID 24                 /* room for a snowflake: at most 20 digits, and NUL */

enum gsp_verb {
	GSP_VERB_UP, GSP_VERB_DOWN, GSP_VERB_RESTART, GSP_VERB_STATUS, GSP_VERB_LIST, GSP_VERB_EXTEND,
	GSP_VERB_HOLD, GSP_VERB_PLAYERS, GSP_VERB_SAVES, GSP_VERB_RESTORE, GSP_VERB_COST, GSP_VERB_SAY,
	GSP_VERB_LOGS
};
#define GSP_VERBS (GSP_VERB_LOGS + 1)

/** gsp_verb_name(v): "up", ... as in /server up. gsp_verb_find(out, name): 0, or -1 for no such. */
const char *gsp_verb_name(enum gsp_verb v);
int gsp_verb_find(enum gsp_verb *out, const char *name);

enum gsp_talk_kind {
	GSP_TALK_NAMES, GSP_TALK_ASK, GSP_TALK_PRESS, GSP_TALK_DEFERRED, GSP_TALK_LOST, GSP_TALK_TOLD,
	GSP_TALK_RESUME, GSP_TALK_READY, GSP_TALK_FATAL,
	GSP_TALK_HELLO, GSP_TALK_CHOICES, GSP_TALK_REFUSED, GSP_TALK_DEFER, GSP_TALK_RESULT,
	GSP_TALK_QUESTION, GSP_TALK_BEGIN, GSP_TALK_LINE, GSP_TALK_END, GSP_TALK_STOP
};

/* Who asks, and where: from the interaction. All ids are digits. */
struct gsp_talk_who {
	char user[GSP_TALK_ID], name[129];          /* name: as Discord has it; untrusted text */
	char guild[GSP_TALK_ID], channel[GSP_TALK_ID]; /* "" guild: a direct message */
	char parent[GSP_TALK_ID];                   /* of a thread: its channel; "" none */
	char (*roles)[GSP_TALK_ID];
	size_t nroles;
};

struct gsp_talk_choice {
	char name[101], value[101]; /* Discord: 100 characters each; name is what is shown */
};

struct gsp_talk {
	enum gsp_talk_kind kind;
	uint64_t n;                 /* NAMES ASK PRESS choose it; their answers, DEFERRED, LOST carry it */

	/* NAMES ASK PRESS BEGIN */
	struct gsp_talk_who who;
	enum gsp_verb verb;         /* NAMES ASK, and QUESTION RESULT DEFER BEGIN: which it is about */
	char interaction[GSP_TALK_ID]; /* ASK PRESS; of BEGIN LINE END TOLD it names the job */
	char app[GSP_TALK_ID];      /* ASK PRESS BEGIN READY: the application */
	char token[513];            /* ASK PRESS BEGIN: the interaction's; HELLO: the bot's. Secret */
	char server[65];            /* ASK QUESTION RESULT DEFER BEGIN; "" none given */
	char text[1001];            /* ASK: what say says; NAMES: what is typed so far; REFUSED FATAL:
	                             * the reason, for people; END: its last words (why it failed) */
	char time[33];              /* ASK: of extend and hold: "1h", "release" */
	char script[33];            /* ASK: of logs */
	char month[9];              /* ASK: of cost */
	uint64_t save;              /* ASK QUESTION BEGIN: of up and restore; 0 none */
	bool saves;                 /* NAMES: saves of ${server} are wanted, not servers */
	char nonce[33];             /* QUESTION PRESS: which question */
	bool yes;                   /* PRESS */

	/* DEFERRED BEGIN, and PRESS: the message; "" not known */
	char message[GSP_TALK_ID], channel[GSP_TALK_ID];
	bool is_public;             /* DEFER: everybody sees the answer */
	bool update;                /* DEFER: it edits the message with the button */

	/* RESULT END */
	int status;                 /* the tool's exit status; -1 it could not be started, or was lost */
	char *out;                  /* RESULT: what it printed; END: its record line; LINE: the line */
	char *said;                 /* RESULT: its stderr */
	int64_t asked_ms, ended_ms; /* BEGIN END: wall clock, milliseconds since 1970 */
	double cost_usd;            /* END: of the session so far; < 0 not known */

	/* QUESTION */
	int64_t until_ms;           /* wall clock: until then it may be answered */
	int64_t players;            /* -1: nobody can tell; -2: of no matter */
	char names[513];            /* of the players, joined by ", " */

	/* CHOICES */
	struct gsp_talk_choice *choices;
	size_t nchoices;

	/* HELLO RESUME */
	char base[513], ca_file[1025]; /* "" ca_file: the system's */
	char webhook[513];             /* the URL's path after the base: secret; "" none */
	char session_id[129], resume_url[513];
	int64_t seq;

	int code;                   /* FATAL: the gateway's close code, or an HTTP status */
};

/** gsp_talk_init(t, kind): nothing set; players -2, cost -1, seq -1. */
void gsp_talk_init(struct gsp_talk *t, enum gsp_talk_kind kind);
void gsp_talk_release(struct gsp_talk *t); /* secrets wiped */

/** gsp_talk_write(out, t): append the line with its '\n', at most GSP_TALK_LINE_MAX bytes; only what
 * its kind has is written. */
void gsp_talk_write(struct gsp_buf *out, const struct gsp_talk *t);

/** gsp_talk_parse(t, line, len, err): ${line} without its '\n'. Release ${t} after 0. */
int gsp_talk_parse(struct gsp_talk *t, const char *line, size_t len, struct gsp_err *err);

#endif
