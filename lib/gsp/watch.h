/*
 * gsp/watch: what a watch remembers between its passes, who watches a server, and the troubles of
 * a machine that cost money in silence. No measuring and no acting: see gsp-watch(1).
 *
 * state/<server>/watch.json   the memory of one session (struct gsp_watch_memory)
 * state/<server>/watch.lock   held during a pass over that server
 * state/<server>/watcher      held by the watch of one session for as long as it lives
 * state/<server>/met.json     when an idle down last found somebody playing
 * state/watch.json            when a watch of the whole home was last seen, and which
 *
 * Units: epoch seconds and seconds; 0: never, none.
 */
#ifndef GSP_GSP_WATCH_H
#define GSP_GSP_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "gsp/config.h"
#include "gsp/decide.h"
#include "gsp/lease.h"
#include "gsp/session.h"

#define GSP_WATCH_FRESH_S 300  /* a watch that was seen this long ago still watches */
#define GSP_WATCH_STALL_S 1800 /* a stage in which nobody plays, and nobody works */

/* ---- memory ---- */

struct gsp_watch_memory {
	struct gsp_decide_memory decide;
	int64_t passed;   /* when it was last looked at */
	bool counted;     /* what was measured then: false, nobody could tell (why) */
	uint32_t players;
	int health;       /* 1, 0, or -1: cannot tell, or nobody to ask */
	char why[200];
	int64_t held;     /* since when somebody's work keeps an end from being carried out; 0 */
	char trouble[48]; /* the last one that was told (gsp_watch_trouble); "" none */
	int64_t asked;    /* when Linode was last asked why it is silent */
	int64_t live;     /* when a live copy was last begun: one that fails is not tried each minute */
};

/**
 * gsp_watch_load(m, h, server, session):
 * Never fails: a file that is missing, damaged or of another session is no memory, which makes
 * every clock begin again and every end be announced again, and stops nothing sooner.
 */
void gsp_watch_load(struct gsp_watch_memory *m, const struct gsp_home *h, const char *server,
    const char *session);

/** gsp_watch_save(m, h, server, err): on disk when it returns 0. */
int gsp_watch_save(const struct gsp_watch_memory *m, const struct gsp_home *h, const char *server,
    struct gsp_err *err);

/** gsp_watch_met_put(h, server, session, at, err): a down for an empty server has met somebody, and
 * left: on disk when it returns 0. gsp_watch_met(h, server, session): when; 0 never. */
int gsp_watch_met_put(const struct gsp_home *h, const char *server, const char *session, int64_t at,
    struct gsp_err *err);
int64_t gsp_watch_met(const struct gsp_home *h, const char *server, const char *session);

/* ---- who watches ---- */

struct gsp_watch_seen {
	int64_t at;      /* 0: never */
	int64_t every_s; /* 0: single passes */
	int64_t pid;
	char host[65];
};

/** gsp_watch_seen_put(s, h, err): a watch over all servers was here. */
int gsp_watch_seen_put(const struct gsp_watch_seen *s, const struct gsp_home *h,
    struct gsp_err *err);

/** gsp_watch_seen_get(s, h): zeroed if there never was one, or if it was a loop of this computer whose
 * process has ended. */
void gsp_watch_seen_get(struct gsp_watch_seen *s, const struct gsp_home *h);

/** gsp_watch_seen_fresh(s, now): it was here so short a time ago that it will come again. */
bool gsp_watch_seen_fresh(const struct gsp_watch_seen *s, int64_t now);

/** gsp_watch_session_lives(h, server, session): the session has a watch of its own, alive. */
bool gsp_watch_session_lives(const struct gsp_home *h, const char *server, const char *session);

/** gsp_watch_session_note(out, size, session): what that one writes into state/<server>/watcher. */
void gsp_watch_session_note(char *out, size_t size, const char *session);

/** gsp_watch_by(out, size, h, server, session, now): who watches it, for people: "gsp-watch of this
 * session (pid N)", "gsp-watch on 'HOST', 40 s ago"; "" nobody. Returns out. */
const char *gsp_watch_by(char *out, size_t size, const struct gsp_home *h, const char *server,
    const char *session, int64_t now);

/* ---- troubles ---- */

enum gsp_watch_cloud { GSP_WATCH_UNASKED, GSP_WATCH_THERE, GSP_WATCH_OFF, GSP_WATCH_GONE };

/* What a pass knows of a machine. */
struct gsp_watch_look {
	bool busy;      /* somebody works on the server */
	int64_t held;   /* since when that is in the way of its end; 0: it is not */
	int64_t worked; /* when somebody last did; 0 unknown */
	bool answered;  /* over ssh; the rest is what it said */
	bool dirty;     /* the game was started and not told to stop */
	bool alive;     /* something of the game runs */
	bool stopped;   /* to be started again */
	bool rebooted;
	enum gsp_watch_cloud cloud;
};

/**
 * gsp_watch_trouble(out, size, s, look, was, now):
 * One word or two for what is wrong: "crashed", "rebooted", "offline", "lost", "gone", "held" or "stalled
 * <stage>" (GSP_WATCH_STALL_S in a stage before or after the game, with nobody at work); held: for as
 * long its end has come or begun, and whoever has the lock does not let go. "" when all is well. ${was}, the trouble of the last pass, stays as long as nobody can tell.
 */
const char *gsp_watch_trouble(char *out, size_t size, const struct gsp_session *s,
    const struct gsp_watch_look *look, const char *was, int64_t now);

/** gsp_watch_trouble_text(out, h, s, trouble, now): a sentence for people, with what it costs and
 * the command that goes on. */
void gsp_watch_trouble_text(struct gsp_buf *out, const struct gsp_home *h,
    const struct gsp_session *s, const char *trouble, int64_t now);

/* ---- when it stops ---- */

/**
 * gsp_watch_rules(out, h, s, lease, budget_until):
 * What holds for session ${s}: its settings, lease, budget and paid hours. ${out}->server is
 * borrowed from ${s}.
 */
void gsp_watch_rules(struct gsp_decide_rules *out, const struct gsp_home *h,
    const struct gsp_session *s, const struct gsp_lease *lease, int64_t budget_until);

/** gsp_watch_stop_at(m, r, now): when an idle stop begins if nobody joins: as announced, or, once
 * its clock is full, as it will be; 0: none is in sight. */
int64_t gsp_watch_stop_at(const struct gsp_watch_memory *m, const struct gsp_decide_rules *r,
    int64_t now);

/** gsp_watch_idle_text(out, size, m, r, now): "stops in 12 min 00 s unless somebody joins", "nobody
 * for 6 of 20 min", or "". */
const char *gsp_watch_idle_text(char *out, size_t size, const struct gsp_watch_memory *m,
    const struct gsp_decide_rules *r, int64_t now);

#endif
