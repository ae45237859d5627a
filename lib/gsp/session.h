/*
 * gsp/session: the journal of one server's session at home, state/<server>/session.json: from
 * the intent to buy a machine until it is deleted. Written beside, fsynced and renamed before
 * each step that spends or endangers; after kill -9 at any point it says what may exist.
 *
 * It is memory, not truth: the cloud says whether the machine exists, the machine's marker how
 * far its saves are.
 */
#ifndef GSP_GSP_SESSION_H
#define GSP_GSP_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "gsp/config.h"

#define GSP_SESSION_ID_LEN 8

enum gsp_phase {
	GSP_PHASE_INTENT,       /* keys and names chosen; nothing asked of the cloud yet */
	GSP_PHASE_POSTING,      /* the create call may have been carried out */
	GSP_PHASE_CREATING,     /* the machine exists: linode_id is known */
	GSP_PHASE_CREATED,      /* ssh answers with the pinned key, first boot is done */
	GSP_PHASE_BOOTSTRAPPED,
	GSP_PHASE_UPLOADED,
	GSP_PHASE_RUNNING,      /* start was run (see ready) */
	GSP_PHASE_STOPPED,
	GSP_PHASE_SAVED,
	GSP_PHASE_DELETING      /* the delete call may have been carried out */
};

struct gsp_session {
	char server[29];
	char id[33];
	char actor[129];
	enum gsp_phase phase;
	int64_t created;  /* epoch seconds of the intent; of the machine once it is known */
	int64_t since;    /* when phase last changed */
	int64_t ended;    /* not kept: when a machine that is gone already was deleted; 0 unknown */
	bool ended_guess; /* not kept: ${ended} is when that was noticed */
	bool start_intent; /* fsynced before the first start: from here on there may be a save */
	bool ready;       /* the game answered after start */
	uint64_t linode_id, firewall_id, after_event;
	char label[65], region[33], type[49], ipv4[16], ipv6[46];
	char *api_url;          /* where it was asked for; NULL: here, by this process */
	char *host_key;         /* "ssh-ed25519 AAAA..." */
	char *host_key_private; /* only until the machine has it */
	double hourly_usd, monthly_usd; /* what this machine costs, add-ons included; < 0 unknown */
	uint64_t base, saved;
	char name[GSP_DNS_NAME]; /* "mc.example.org": leads to the machine (gsp/dns); "" none does */
	char taking_from[9]; /* not "": a take-over from that home is under way (gsp/takeover) */
	struct gsp_server_conf *conf; /* the settings the session goes on with */
};

/** gsp_session_load(out, h, server, err): *out is NULL when there is no session (that is 0). */
int gsp_session_load(struct gsp_session **out, const struct gsp_home *h, const char *server,
    struct gsp_err *err);

/** gsp_session_load_ended(out, h, server, id, err): the journal of a session that is over, as it
 * was; *out is NULL when there is none. That nothing was started is believed only if nobody else
 * had the machine afterwards. */
int gsp_session_load_ended(struct gsp_session **out, const struct gsp_home *h,
    const char *server, const char *id, struct gsp_err *err);

/** gsp_session_new(out, h, conf, actor, err): a new one with an id and both key pairs; the login
 * key is written to state/<server>/id_ed25519. Takes ${conf}. Not saved yet. */
int gsp_session_new(struct gsp_session **out, const struct gsp_home *h,
    struct gsp_server_conf *conf, const char *actor, struct gsp_err *err);

/** gsp_session_save(s, h, err): on disk when it returns 0. */
int gsp_session_save(const struct gsp_session *s, const struct gsp_home *h, struct gsp_err *err);

/** gsp_session_phase(s, h, phase, err): set the phase (and since), save. */
int gsp_session_phase(struct gsp_session *s, const struct gsp_home *h, enum gsp_phase phase,
    struct gsp_err *err);

/** gsp_session_end(s, h, why, err): move the journal to state/<server>/ended/<id>.json and remove
 * the login key. ${why} is kept: "deleted", "never created", "discarded", "lost". */
int gsp_session_end(const struct gsp_session *s, const struct gsp_home *h, const char *why,
    struct gsp_err *err);

void gsp_session_free(struct gsp_session *s);

/** gsp_session_login_make(h, server, err): a login key in state/<server>/, unless one is there. */
int gsp_session_login_make(const struct gsp_home *h, const char *server, struct gsp_err *err);

/** gsp_session_login_remove(h, server, err): it is gone. Only where no machine may know it. */
int gsp_session_login_remove(const struct gsp_home *h, const char *server, struct gsp_err *err);

/** The login key's public line. Caller frees. */
int gsp_session_login_public(char **line, const struct gsp_home *h, const char *server,
    struct gsp_err *err);

/** "creating", "created", ..., as in a record; "deleting" while it goes. */
const char *gsp_session_stage(const struct gsp_session *s);

/** gsp_session_check_here(s, h, err): GSP_EREFUSED if the machine was asked for at another API than
 * the one we ask now (a sandbox, say): that this one does not know it proves nothing. */
int gsp_session_check_here(const struct gsp_session *s, const struct gsp_home *h,
    struct gsp_err *err);

/** What the machine has cost until ${now}: started hours, dollars (see gsp/money); 0 before create. */
void gsp_session_cost(const struct gsp_session *s, int64_t now, uint64_t *hours, double *usd);

#endif
