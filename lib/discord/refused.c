#include "discord/refused.h"

#include <stdlib.h>
#include <string.h>

#include "base/must.h"

#include "base/banned.h"

/* Discord's codes that concern the one message, or thread, of a request. */
#define UNKNOWN_CHANNEL   10003
#define UNKNOWN_MESSAGE   10008
#define NOT_OUR_MESSAGE   50005
#define TOKEN_INVALID     50027

/* The length of "/webhooks/ID/TOKEN" at the beginning of ${path}; 0: it is no such path. */
static size_t
webhook(const char *path)
{
	size_t len = strlen("/webhooks");

	if (strncmp(path, "/webhooks/", len + 1) != 0)
		return 0;
	for (int i = 0; i < 2; i++) {
		if (path[len] != '/')
			return 0;
		len += 1 + strcspn(path + len + 1, "/?");
	}
	return len;
}

static void
clear(struct gsp_refused_no *n)
{
	if (n->key != NULL)
		explicit_bzero(n->key, strlen(n->key));
	free(n->key);
	memset(n, 0, sizeof(*n));
}

static void
note(struct gsp_refused *r, const char *key, size_t len, const struct gsp_refused_no *what)
{
	struct gsp_refused_no *n = &r->no[0];

	for (int i = 0; i < GSP_REFUSED_MAX; i++) {
		struct gsp_refused_no *at = &r->no[i];

		if (at->key == NULL || (strncmp(at->key, key, len) == 0 && at->key[len] == '\0')) {
			n = at;
			break;
		}
		if (at->since_ms < n->since_ms)
			n = at;
	}
	clear(n);
	*n = *what;
	n->key = gsp_must(strndup(key, len));
}

void
gsp_refused_note(struct gsp_refused *r, const char *route, const char *path, long status,
    int code, int64_t now_ms)
{
	struct gsp_refused_no what = {.status = status, .code = code, .since_ms = now_ms,
	    .until_ms = now_ms + GSP_REFUSED_FORBIDDEN_MS};
	size_t len = webhook(path);
	bool one = code == UNKNOWN_MESSAGE || code == UNKNOWN_CHANNEL;

	if (route == NULL)
		return; /* the answer to an interaction: never asked again */
	if (len > 0 && ((status == 404 && !one) || (status == 401 && code == TOKEN_INVALID))) {
		what.gone = true;
		what.until_ms = INT64_MAX;
		note(r, path, len, &what);
	} else if (status == 403 && code == NOT_OUR_MESSAGE)
		note(r, path, strlen(path), &what);
	else if (status == 403)
		note(r, route, strlen(route), &what);
}

const struct gsp_refused_no *
gsp_refused_find(
    const struct gsp_refused *r, const char *route, const char *path, int64_t now_ms)
{
	size_t len = webhook(path);

	if (route == NULL)
		return NULL;
	for (int i = 0; i < GSP_REFUSED_MAX && r->no[i].key != NULL; i++) {
		const struct gsp_refused_no *n = &r->no[i];

		if (n->until_ms <= now_ms)
			continue;
		if (n->gone ? strlen(n->key) == len && strncmp(n->key, path, len) == 0
			    : strcmp(n->key, route) == 0 || strcmp(n->key, path) == 0)
			return n;
	}
	return NULL;
}

void
gsp_refused_release(struct gsp_refused *r)
{
	for (int i = 0; i < GSP_REFUSED_MAX; i++)
		clear(&r->no[i]);
}
