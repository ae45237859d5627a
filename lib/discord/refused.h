/*
 * discord/refused: what Discord said no to, so that it is not asked the same again: routes that were
 * forbidden (403; for ten minutes, as somebody may mend the permissions) and webhooks that are gone
 * (404; for good). Bounded: the oldest is forgotten for a new one.
 *
 * Source: Discord API v10, "Rate Limits": 10,000 answers of 401, 403 or 429 block the address.
 */
#ifndef GSP_DISCORD_REFUSED_H
#define GSP_DISCORD_REFUSED_H

#include <stdbool.h>
#include <stdint.h>

#define GSP_REFUSED_MAX 64
#define GSP_REFUSED_FORBIDDEN_MS 600000

struct gsp_refused {
	struct gsp_refused_no {
		char *key; /* a route; or a path, or its beginning. May hold a webhook's token */
		bool gone; /* ->key is "/webhooks/ID/TOKEN" */
		long status;
		int code;
		int64_t until_ms, since_ms;
	} no[GSP_REFUSED_MAX];
};

/** gsp_refused_note(r, route, path, status, code, now_ms): an answer came; most need no note. */
void gsp_refused_note(struct gsp_refused *r, const char *route, const char *path, long status,
    int code, int64_t now_ms);

/** gsp_refused_find(r, route, path, now_ms): the no that this request would get again; NULL: none. */
const struct gsp_refused_no *gsp_refused_find(
    const struct gsp_refused *r, const char *route, const char *path, int64_t now_ms);

void gsp_refused_release(struct gsp_refused *r);

#endif
