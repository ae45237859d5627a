/*
 * gsp/notice: what people hear of without asking: `notify:` in gsp.yaml and server.yaml, as these
 * are now. A notice is put on disk, once for each target, and sent by a process of the target's own
 * (`gsp-notify --send`): whoever gives one never waits for the network and never fails for it, and
 * a target that does not answer delays no other.
 *
 * state/notify/<target's id>/:
 *   waiting/<number>-<random>.json   notices, oldest first; at most GSP_NOTICE_WAITING_MAX
 *   lock                    held by the one process that sends them
 *   status.json             whether it works, and when it is asked next
 *   messages.json           discord: the messages that are edited
 *   log, log.1              what was sent, dropped, and why; bounded
 */
#ifndef GSP_GSP_NOTICE_H
#define GSP_GSP_NOTICE_H

#include "gsp/config.h"

#define GSP_NOTICE_WAITING_MAX 500 /* of one target; then the oldest is dropped */
#define GSP_NOTICE_TEXT_MAX 1500   /* bytes of a text; longer ones are cut */

/**
 * gsp_notice(h, server, session, event, text):
 * Queue it and see that somebody sends it. ${server} NULL: of the home (a stray). ${session} ties
 * the messages of one evening together where the target can edit; NULL: none. ${text} is a whole
 * sentence that names its server; what is no text in it is made harmless. Never fails: what cannot
 * be queued is logged. Nothing at all, not even a file, when nobody is to be told.
 */
void gsp_notice(const struct gsp_home *h, const char *server, const char *session,
    enum gsp_notice_event event, const char *text);

/** gsp_notice_resume(h): whatever waits while nobody sends it (a sender was killed, the computer
 * was switched off) is sent from now on. Cheap when nothing waits. Never fails. */
void gsp_notice_resume(const struct gsp_home *h);

/** gsp_notice_told(h, server, event): somebody is to be told of that. */
bool gsp_notice_told(const struct gsp_home *h, const char *server, enum gsp_notice_event event);

/** gsp_notice_who(actor): "name" of "discord:1234/name": whom people know. Borrowed. */
const char *gsp_notice_who(const char *actor);

#endif
