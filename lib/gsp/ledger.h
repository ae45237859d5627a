/*
 * gsp/ledger: state/ledger.jsonl, append-only: who made which machine when, and what it cost. One
 * JSON object a line, fsynced before the call that spends.
 *
 * Fields of a line ("schema":"gsp.ledger/1"): time, what, server, session, actor, linode_id (0
 * before there is one), region, type, created, hourly_usd, monthly_usd (of this machine there,
 * add-ons included; -1 unknown), hours and usd so far, api_url; on a line that ends a session also
 * ended, and estimated: true where that is when it was noticed, not when it happened.
 */
#ifndef GSP_GSP_LEDGER_H
#define GSP_GSP_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "gsp/config.h"
#include "gsp/money.h"
#include "gsp/session.h"

/**
 * gsp_ledger_add(h, s, what, actor, err):
 * ${what}: "intent" before the create call, "create" once the machine is known; then one of
 * "delete", "discard" (after "discard-unsaved"), "gone" and "lost" (the cloud had it no more),
 * "moved" (to another home), or "take-over" (from one). A run that died in between may say the
 * same of a session twice: the last line of each counts.
 * On disk when it returns 0. Two writers at once both get their line, and a line that a crash
 * tore off does not swallow the next.
 */
int gsp_ledger_add(const struct gsp_home *h, const struct gsp_session *s, const char *what,
    const char *actor, struct gsp_err *err);

/** gsp_ledger_add_lease(h, s, until, hold, actor, err): a line "lease": who changed until when the
 * session may run, and until when it is held (0: no end, no hold): with ${until} and ${hold} added.
 * It changes nothing of what the session cost. */
int gsp_ledger_add_lease(const struct gsp_home *h, const struct gsp_session *s, int64_t until,
    int64_t hold, const char *actor, struct gsp_err *err);

/* One session, as all its lines together tell it. */
struct gsp_ledger_session {
	char id[33], server[29], actor[129], region[33], type[49];
	uint64_t linode_id;
	bool bought;        /* there was a machine */
	bool doubtful;      /* not bought as far as we know, but its create call may have been heard */
	bool unwritten;     /* that it was bought a journal says; the ledger has no line of that */
	bool journal;       /* this home has a journal of it now: gsp_ledger_read() */
	bool estimated;     /* when it ended is not known better than that it was gone then */
	int64_t created;
	int64_t ended;      /* 0: it runs */
	const char *end;    /* "delete", ..., "moved"; NULL: it runs */
	int64_t hourly, monthly; /* amounts (gsp/money), -1 unknown */
	char *api_url;      /* where it was made; NULL unknown */
};

struct gsp_ledger {
	struct gsp_ledger_session *v; /* in the order in which they began */
	size_t n;
	size_t bad;                   /* lines that say nothing */
	struct gsp_ledger_fold *fold; /* private */
};

/** A line that could not be understood, and why; ${line} counts from 1. */
typedef void gsp_ledger_bad(void *ctx, size_t line, const char *why);

/**
 * gsp_ledger_parse(out, text, len, bad, ctx, err):
 * Fold a ledger's text into sessions. What is no line of a ledger is passed to ${bad} (may be NULL)
 * and left out; a last line without an end that does not parse was cut off by a crash and is
 * left out in silence; so are lines "lease", and of kinds we do not know. Never fails for what it reads;
 * GSP_ESYS without memory. Release with gsp_ledger_release().
 */
int gsp_ledger_parse(struct gsp_ledger *out, const char *text, size_t len, gsp_ledger_bad *bad,
    void *ctx, struct gsp_err *err);

/**
 * gsp_ledger_read(out, h, bad, ctx, err):
 * The home's ledger, and what its journals know beyond it: a machine whose line is missing because
 * the computer died in between, and one whose create call was not answered (doubtful). No ledger is
 * an empty one. An unreadable journal is passed to ${bad} as line 0. Asks nobody. GSP_EIO.
 */
int gsp_ledger_read(struct gsp_ledger *out, const struct gsp_home *h, gsp_ledger_bad *bad,
    void *ctx, struct gsp_err *err);
/** gsp_ledger_read_of(out, h, server, bad, ctx, err): the same, but of the journals ${server}'s alone. */
int gsp_ledger_read_of(struct gsp_ledger *out, const struct gsp_home *h, const char *server,
    gsp_ledger_bad *bad, void *ctx, struct gsp_err *err);
void gsp_ledger_release(struct gsp_ledger *l);

/** gsp_ledger_find(l, id): NULL when the ledger has no such session. */
struct gsp_ledger_session *gsp_ledger_find(const struct gsp_ledger *l, const char *id);

/** gsp_ledger_life(s, now): its life for gsp_money_month(). */
struct gsp_life gsp_ledger_life(const struct gsp_ledger_session *s, int64_t now);

#endif
