/*
 * gsp/offer: what a server can be gone on from when its machine is lost: the newest copy made
 * beside the game, then the newest proven save. In words, with the command for each.
 */
#ifndef GSP_GSP_OFFER_H
#define GSP_GSP_OFFER_H

#include "base/buf.h"
#include "base/err.h"
#include "gsp/config.h"
#include "gsp/history.h"

struct gsp_offer {
	struct gsp_gen live;   /* number 0: none that is newer than what came home of this session */
	struct gsp_gen proven; /* number 0: none */
};

/** gsp_offer_find(o, h, server, session, err): read the server's history; changes nothing. */
int gsp_offer_find(struct gsp_offer *o, const struct gsp_home *h, const char *server,
    const char *session, struct gsp_err *err);

/** gsp_offer_first(o): the number to go on from, if nobody chooses; 0: there is none. */
uint64_t gsp_offer_first(const struct gsp_offer *o);

/** gsp_offer_text(out, o, server): one sentence, "'gsp up x --from 7' goes on from ...". */
void gsp_offer_text(struct gsp_buf *out, const struct gsp_offer *o, const char *server);

/**
 * gsp_offer_lost(h, server, session, err):
 * The refusal of a server whose machine is gone with an unsaved game: GSP_EREFUSED, with the offer
 * as a hint. Returns -1.
 */
int gsp_offer_lost(const struct gsp_home *h, const char *server, const char *session,
    struct gsp_err *err);

#endif
