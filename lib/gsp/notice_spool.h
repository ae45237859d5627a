/*
 * gsp/notice_spool: notices on disk, waiting for one target, and the target's log. Part of
 * gsp/notice.
 *
 * A notice is the JSON object that a webhook gets (gsp-notify(1)), in a file of its own. Names sort
 * in the order in which they were given, whatever the clock does.
 */
#ifndef GSP_GSP_NOTICE_SPOOL_H
#define GSP_GSP_NOTICE_SPOOL_H

#include <stdint.h>

#include "base/argv.h"
#include "gsp/config.h"

#define GSP_NOTICE_JSON_MAX 16384 /* bytes of one notice */
#define GSP_NOTICE_TEST (-1)      /* an event that is none: `gsp-notify --test` */

struct gsp_notice_item {
	char id[17];      /* the notice's own: a receiver may see it twice */
	char server[GSP_SERVER_NAME_MAX + 1]; /* "" of the home */
	char session[33]; /* "" none */
	int event;        /* enum gsp_notice_event, or GSP_NOTICE_TEST */
	int64_t t_ms;     /* when it was given: wall clock */
	struct gsp_buf text; /* clean */
	struct gsp_buf json; /* all of it */
};

#define GSP_NOTICE_ITEM_INIT                                                                       \
	{                                                                                          \
		.text = GSP_BUF_INIT(GSP_NOTICE_JSON_MAX), .json = GSP_BUF_INIT(GSP_NOTICE_JSON_MAX)   \
	}

/** gsp_notice_item_make(it, h, server, session, event, text): a new one, of now. */
void gsp_notice_item_make(struct gsp_notice_item *it, const struct gsp_home *h, const char *server,
    const char *session, int event, const char *text);

/** gsp_notice_item_parse(it, json, len, err): GSP_EPROTO for anything that is no gsp.notice/1. */
int gsp_notice_item_parse(struct gsp_notice_item *it, const char *json, size_t len,
    struct gsp_err *err);

/** gsp_notice_item_release(it): its buffers; it can be made anew. */
void gsp_notice_item_release(struct gsp_notice_item *it);

/** gsp_notice_item_event(it): the name of its event; "test" for one that is none. */
const char *gsp_notice_item_event(const struct gsp_notice_item *it);

/** gsp_notice_dir(h, b, id, rest): "<home>/state/notify/<id>/<rest>"; rest "" for none. */
const char *gsp_notice_dir(const struct gsp_home *h, struct gsp_buf *b, const char *id,
    const char *rest);

/** gsp_notice_put(h, id, it, err): on disk when it returns 0; the oldest may have to go for it. */
int gsp_notice_put(const struct gsp_home *h, const char *id, const struct gsp_notice_item *it,
    struct gsp_err *err);

/** gsp_notice_waiting(names, h, id): file names, oldest first; none if they cannot be read. */
void gsp_notice_waiting(struct gsp_argv *names, const struct gsp_home *h, const char *id);

/** gsp_notice_get(it, h, id, name, err): read one. gsp_notice_done(h, id, name, err): it is no more;
 * -1: it is, and would be sent again and again. */
int gsp_notice_get(struct gsp_notice_item *it, const struct gsp_home *h, const char *id,
    const char *name, struct gsp_err *err);
int gsp_notice_done(const struct gsp_home *h, const char *id, const char *name, struct gsp_err *err);

/** gsp_notice_log(h, id, fmt, ...): a line in the target's log, and a debug message. Never a
 * secret. */
void gsp_notice_log(const struct gsp_home *h, const char *id, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/** gsp_notice_log_turn(h, id): if the log is large it becomes log.1. By the holder of the lock. */
void gsp_notice_log_turn(const struct gsp_home *h, const char *id);

#endif
