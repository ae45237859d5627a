/*
 * gsp/notice: what people hear of without asking: notify: in gsp.yaml or server.yaml. A notice is
 * put on disk and sent by a process of its own (gsp-notify): whoever gives one never waits for the
 * network, and never fails for it.
 */
#ifndef GSP_GSP_NOTICE_H
#define GSP_GSP_NOTICE_H

#include "gsp/config.h"

enum gsp_notice_event {
	GSP_NOTICE_UP,       /* somebody asked for it; the machine is being made */
	GSP_NOTICE_READY,    /* the game answers, with its address */
	GSP_NOTICE_IDLE,     /* nobody plays: it stops soon */
	GSP_NOTICE_LEASE,    /* its time is nearly over */
	GSP_NOTICE_STOPPING,
	GSP_NOTICE_SAVED,    /* the save is home and the machine gone */
	GSP_NOTICE_FAILED,   /* up or down failed; with the command that goes on */
	GSP_NOTICE_UNKNOWN,  /* nobody can tell whether anybody plays, or it is unwell */
	GSP_NOTICE_BUDGET,
	GSP_NOTICE_STRAY
};

/** "up", "ready", "idle", ...: as in notify: {on: [...]}. */
const char *gsp_notice_name(enum gsp_notice_event event);

/**
 * gsp_notice(h, server, session, event, text):
 * Queue it and see that somebody sends it. ${server} NULL: of the home (a stray). ${session} ties
 * the messages of one evening together where the target can edit; NULL: none. Never fails: what
 * cannot be queued is logged. Nothing at all when nobody is to be told.
 */
void gsp_notice(const struct gsp_home *h, const char *server, const char *session,
    enum gsp_notice_event event, const char *text);

#endif
