/*
 * bot_mon: what the parts of the bot's monitor share.
 *
 *   bot_run.c      its life: start, loop, end
 *   bot_again.c    the network half's end, and another one in its place
 *   bot_launch.c   whose process this is, and the network half
 *   bot_talk.c     the conversation with the network half
 *   bot_rules.c    who may what, from gsp.yaml as it is now
 *   bot_asks.c     commands, from ASK or PRESS to what comes of them
 *   bot_query.c    questions with two buttons
 *   bot_seen.c     the servers, as they were a moment ago
 *   bot_names.c    what is offered to somebody who types
 *   bot_words.c    command lines
 *   bot_kids.c     tools that answer at once
 *   bot_jobs.c     tools that take longer; bot_jobs_old.c: those of earlier runs;
 *                  bot_job_follow.c: how far they are; bot_job_file.c, bot_job_words.c: their directories
 *   bot_runner.c   gsp-bot --run-job
 */
#ifndef GSP_CMD_BOT_MON_H
#define GSP_CMD_BOT_MON_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/argv.h"
#include "base/buf.h"
#include "base/err.h"
#include "discord/talk.h"
#include "gsp/config.h"
#include "sys/proc.h"
#include "tool.h"

struct kids;
struct asks;
struct queries;
struct jobs;
struct seen;

struct mon {
	struct tool *t;        /* t->home: as of the last reading of gsp.yaml that was in order */
	struct gsp_proc net;   /* the network half */
	int sock;              /* to it; non-blocking */
	struct gsp_buf in, out, net_says;
	struct stat yaml;      /* gsp.yaml, as last read */
	bool broken;           /* and then it was not in order */
	bool ready;            /* the gateway was up, in the life of this network half */
	bool over;             /* the conversation is: err says why */
	bool leaving;          /* STOP was sent */
	int64_t leave_by_ms;   /* monotonic */
	bool can_relaunch;     /* the network half runs as we do, so that we can start it again */
	int64_t net_since_ms;  /* monotonic: it was started */
	unsigned falls;        /* how often in a row it did not live long */
	struct gsp_err *err;
	char *session_id, *resume_url; /* RESUME, to be written down */
	char base[513];                /* where that is from: the HELLO of the network half that said it */
	int64_t seq;
	bool resume_new;
	int64_t resume_at_ms;
	struct kids *kids;
	struct asks *asks;
	struct queries *queries;
	struct jobs *jobs;
	struct seen *seen;
};

/* ---- bot_launch.c ---- */

/** mon_launch(m, err): find the home, start the network half, become the home's owner, open the home,
 * take its bot's lock. */
int mon_launch(struct mon *m, int *lock_fd, struct gsp_err *err);
/** mon_relaunch(m, err): another network half in place of one that ended; only where m->can_relaunch. */
int mon_relaunch(struct mon *m, struct gsp_err *err);
/** mon_hello(m, err): the first line to the network half. */
int mon_hello(struct mon *m, struct gsp_err *err);
/** mon_warn_killmode(): says so if a service manager would end our jobs with us. */
void mon_warn_killmode(void);

/* ---- bot_again.c ---- */

/** mon_reap(m): the end of the network half, which has hung up or shall; what its exit status says is
 * more than that, and goes to m->err. */
void mon_reap(struct mon *m);
/**
 * mon_again(m):
 * After mon_reap(): another network half, if that may do better, once it may be tried: after a second,
 * then twice as long each time, to five minutes, until one lives for a minute. Jobs are told again to it,
 * as after a restart of ours; a question stays open for its minute.
 * false: there is none; m->err says why, or nothing if a signal came while it waited.
 */
bool mon_again(struct mon *m);

/* ---- bot_talk.c ---- */

void mon_send(struct mon *m, const struct gsp_talk *t);
/** mon_room(m): bytes that may still wait for the network half before progress is left out. */
bool mon_room(const struct mon *m);
/** mon_flush(m), mon_read(m): as much as goes without waiting. The end of the conversation is
 * m->over. */
void mon_flush(struct mon *m);
void mon_read(struct mon *m);
void mon_read_says(struct mon *m); /* the network half's stderr */
void mon_end(struct mon *m, enum gsp_errcode code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/** mon_refuse(m, n, fmt, ...): the answer is no. */
void mon_refuse(struct mon *m, uint64_t n, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void mon_keep_resume(struct mon *m); /* write it down now, if there is something new */

/* ---- bot_rules.c ---- */

#define WHY_MAX 900 /* bytes of a refusal */

/** mon_first_rules(m): t->home is as gsp.yaml is now. mon_reload(m): read it, if it has changed. */
void mon_first_rules(struct mon *m);
void mon_reload(struct mon *m);
/** mon_here(m, w, why): this guild, this channel. 0, or -1 with ${why}. */
int mon_here(struct mon *m, const struct gsp_talk_who *w, char why[WHY_MAX]);
/** mon_rights(m, w, server): bits; NULL: on any server; "": on all servers there can be. */
unsigned mon_rights(const struct mon *m, const struct gsp_talk_who *w, const char *server);
/** mon_right_of(v, save): what the verb takes. */
enum gsp_right mon_right_of(enum gsp_verb v, uint64_t save);
/** mon_may(m, w, v, save, server, why): the server is there, and they may do that with it. What they
 * may not even see is not named. */
int mon_may(struct mon *m, const struct gsp_talk_who *w, enum gsp_verb v, uint64_t save,
    const char *server, char why[WHY_MAX]);
/** mon_servers(m, w, right, names, err): those on which they have that right. */
int mon_servers(const struct mon *m, const struct gsp_talk_who *w, enum gsp_right right,
    struct gsp_argv *names, struct gsp_err *err);

/* ---- bot_seen.c ---- */

struct seen_row {
	bool unknown;   /* nobody can tell; the rest is empty then */
	bool busy;      /* somebody works on it */
	char stage[16]; /* as in struct gsp_status_row, as are the others */
	int64_t since, players;
};

struct seen *seen_new(void);
void seen_free(struct seen *s);
/** seen_servers(m, names, err): as gsp_status_servers(); borrowed until it is called again. */
int seen_servers(const struct mon *m, const struct gsp_argv **names, struct gsp_err *err);
/** seen_rows(m): one for each of the names that seen_servers() has just given. */
const struct seen_row *seen_rows(const struct mon *m);

/* ---- bot_words.c ---- */

/** words_actor(out, who): "discord:ID/NAME", as --actor takes it. */
void words_actor(char out[129], const struct gsp_talk_who *who);
bool words_is_job(enum gsp_verb v);
/** words_check(ask, why): what they typed makes sense. 0, or -1 with ${why}. */
int words_check(const struct gsp_talk *ask, char why[WHY_MAX]);
/** words_look(a, m, ask, err): the command line of a look-up. */
int words_look(struct gsp_argv *a, const struct mon *m, const struct gsp_talk *ask, struct gsp_err *err);
/** words_query(a, m, ask, err): that of asking who plays. */
int words_query(struct gsp_argv *a, const struct mon *m, const struct gsp_talk *ask,
    struct gsp_err *err);
/** words_job(a, h, job, even, err): that of a job; ${even}: whoever plays. */
int words_job(struct gsp_argv *a, const struct gsp_home *h, const struct gsp_talk *job, bool even,
    struct gsp_err *err);

/* ---- bot_kids.c ---- */

/* ${status}: exit status, or -1: it did not run, or not to its end; ${said} says why then. */
typedef void kid_fn(struct mon *m, void *ctx, int status, const char *out, const char *said);
typedef void kid_drop_fn(void *ctx);

struct kids *kids_new(void);
void kids_free(struct kids *k); /* ends them; each ctx is dropped */
/** kids_start(k, argv, limit_ms, out_end, fn, drop, ctx): now, or when there is room. Later either fn or, by
 * kids_free(), drop is called, and ${ctx} is theirs. -1: there are too many already, and neither is. Takes
 * ${argv} in any case. Of more than GSP_TALK_OUT_MAX bytes of output the first are kept, or with ${out_end}
 * the last few thousand; of what it said always the last. */
int kids_start(struct kids *k, struct gsp_argv *argv, int64_t limit_ms, bool out_end, kid_fn *fn,
    kid_drop_fn *drop, void *ctx);

#define KIDS_FDS 32 /* room that kids_fds() wants */
struct pollfd;
size_t kids_fds(struct kids *k, struct pollfd *fds);
/** kids_tick(k, m): read, time out, end, start what waits. kids_wait_ms(k): when it is wanted. */
void kids_tick(struct kids *k, struct mon *m);
int kids_wait_ms(const struct kids *k);

/* ---- bot_asks.c ---- */

struct asks *asks_new(void);
void asks_free(struct asks *a);
/* Each takes ${t}, a message that was read. */
void asks_ask(struct mon *m, struct gsp_talk *t);
void asks_press(struct mon *m, struct gsp_talk *t);
void asks_deferred(struct mon *m, struct gsp_talk *t);
void asks_lost(struct mon *m, struct gsp_talk *t);
/** asks_tick(m): forgets what was never answered. */
void asks_tick(struct mon *m);
bool asks_wait(const struct mon *m); /* something waits for an answer of the network half */

/* ---- bot_query.c ---- */

struct query {
	char nonce[33];
	struct gsp_talk ask;  /* the command */
	int64_t until_ms;     /* monotonic */
	int64_t players;      /* as asked: of QUESTION */
};

struct queries *queries_new(void);
void queries_free(struct queries *q);
/** queries_put(m, ask, players, names): remember it and ask; takes ${ask}. Its job goes when it is over. */
void queries_put(struct mon *m, struct gsp_talk *ask, int64_t players, const char *names);
/** queries_find(m, nonce): one that is not over; NULL. queries_drop(m, q): it is. */
struct query *queries_find(struct mon *m, const char *nonce);
void queries_drop(struct mon *m, struct query *q);
/** queries_tick(m): drop those whose time is up. queries_leave(m): all; the network half closes them. */
void queries_tick(struct mon *m);
void queries_leave(struct mon *m);

/* ---- bot_names.c ---- */

void names_answer(struct mon *m, const struct gsp_talk *t);

/* ---- bot_jobs.c ---- */

struct jobs *jobs_new(void);
void jobs_free(struct jobs *j);
/** jobs_load(m, err): those of earlier runs. */
int jobs_load(struct mon *m, struct gsp_err *err);
/** jobs_make(m, begin, even, err): its directory, before anything starts. GSP_EREFUSED when it is there
 * already. */
int jobs_make(struct mon *m, const struct gsp_talk *begin, bool even, struct gsp_err *err);
/** jobs_claim(m, id, err): for what acts at once, and once: nothing but a directory. GSP_EREFUSED when it
 * is there already. */
int jobs_claim(struct mon *m, const char *id, struct gsp_err *err);
/** jobs_go(m, id, message, channel, even, err): the answer is there: BEGIN, and start it. */
int jobs_go(struct mon *m, const char *id, const char *message, const char *channel, bool even,
    struct gsp_err *err);
/** jobs_place(m, id, message, channel, err): it is asked about in that message. */
int jobs_place(struct mon *m, const char *id, const char *message, const char *channel,
    struct gsp_err *err);
/** jobs_drop(m, id): it never began, or was a question that is over: nothing more comes of it, whatever
 * Discord repeats. */
void jobs_drop(struct mon *m, const char *id);
/** jobs_busy(m, server): what runs on it now, a BEGIN; NULL nothing. */
const struct gsp_talk *jobs_busy(const struct mon *m, const char *server);
void jobs_told(struct mon *m, const char *id);
/** jobs_tell(m): the gateway is up: BEGIN for those of earlier runs. */
void jobs_tell(struct mon *m);
void jobs_tick(struct mon *m);
/** jobs_wait_ms(m): when jobs_tick() is wanted; -1: not at all. */
int jobs_wait_ms(const struct mon *m);

#endif
