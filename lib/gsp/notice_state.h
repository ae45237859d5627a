/*
 * gsp/notice_state: what is remembered of a target between two notices: whether it works, and
 * which message of a Discord channel is this evening's. Part of gsp/notice. What cannot be read is
 * as if it had never been: a message more, or one request too early.
 */
#ifndef GSP_GSP_NOTICE_STATE_H
#define GSP_GSP_NOTICE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gsp/config.h"

struct gsp_notice_status {
	bool broken;           /* it said no, and will go on saying it until somebody mends it */
	uint64_t tries;        /* in vain, one after another; 0: it works, or was never asked */
	int64_t since_ms;      /* of the first of them; wall clock, as all of these */
	int64_t not_before_ms; /* it is asked again then */
	char stamp[64];        /* broken: of the file with its secret, as it was */
	char why[300];         /* clean, without secrets */
};

/** gsp_notice_status_load(s, h, id): all zero if there is none, or none that can be read. */
void gsp_notice_status_load(struct gsp_notice_status *s, const struct gsp_home *h, const char *id);
/** gsp_notice_status_save(s, h, id): best effort: it is an aid to the memory. */
void gsp_notice_status_save(const struct gsp_notice_status *s, const struct gsp_home *h,
    const char *id);

#define GSP_NOTICE_LINES 12       /* of a message; then the oldest goes */
#define GSP_NOTICE_LINE_BUF 1536  /* above GSP_NOTICE_TEXT_MAX */

struct gsp_notice_line {
	int64_t t_ms;
	int event;
	char text[GSP_NOTICE_LINE_BUF];
};

struct gsp_notice_message {
	char server[GSP_SERVER_NAME_MAX + 1], session[33];
	char id[24]; /* of the message in the channel; "" not posted yet */
	size_t nlines;
	struct gsp_notice_line lines[GSP_NOTICE_LINES];
};

/** gsp_notice_message_add(m, t_ms, event, text): one more line; it takes the place of the last one
 * if that is of the same event, so that a countdown is one line. */
void gsp_notice_message_add(struct gsp_notice_message *m, int64_t t_ms, int event,
    const char *text);

/** gsp_notice_message_load(m, h, id, server, session): this evening's message in that channel;
 * an empty one without id if there is none. */
void gsp_notice_message_load(struct gsp_notice_message *m, const struct gsp_home *h,
    const char *id, const char *server, const char *session);

/** gsp_notice_message_save(m, h, id, err): it is that server's from now on. Without lines: there is
 * none. Only the newest 32 servers' are kept. */
int gsp_notice_message_save(const struct gsp_notice_message *m, const struct gsp_home *h,
    const char *id, struct gsp_err *err);

#endif
