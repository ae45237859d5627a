/*
 * Answers of Discord's REST API: each line is one, its fields parted by tabs: route, status, limit,
 * remaining, reset-after, bucket, scope, retry-after, body. Whatever they say: no wait is longer than
 * a day, a route that is not under way is never held for ever, and what is said of an error is one
 * printable line of the room that it has.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discord/limits.h"
#include "discord/refused.h"
#include "discord/rest.h"
#include "text.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DAY_MS 86400000

#define NEED(cond)               \
	do {                     \
		if (!(cond))     \
			abort(); \
	} while (0)

/* The next field; NULL when it is empty. */
static const char *
field(char **line)
{
	char *at = *line, *tab;

	if (at == NULL)
		return NULL;
	if ((tab = strchr(at, '\t')) != NULL)
		*tab++ = '\0';
	*line = tab;
	return *at != '\0' ? at : NULL;
}

static void
explain(long status, const struct gsp_json *body, size_t size)
{
	char text[600];

	memset(text, 'x', sizeof(text));
	gsp_discord_explain(text, size, status, body);
	NEED(strnlen(text, sizeof(text)) < size);
	for (const char *p = text; *p != '\0'; p++)
		NEED(*p >= ' ' && *p <= '~');
	for (size_t i = size; i < sizeof(text); i++)
		NEED(text[i] == 'x');
}

static void
answer(struct gsp_limits *l, struct gsp_refused *no, char *line, int64_t now)
{
	const char *route = field(&line), *status = field(&line), *body;
	struct gsp_limits_seen s = {.status = status != NULL ? strtol(status, NULL, 10) % 1000 : 0};
	const struct gsp_refused_no *n;
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_json *root = NULL;
	int64_t at;

	s.limit = field(&line);
	s.remaining = field(&line);
	s.reset_after = field(&line);
	s.bucket = field(&line);
	s.scope = field(&line);
	s.retry_after = field(&line);
	if ((body = field(&line)) != NULL)
		(void)gsp_json_parse(&root, body, strlen(body), &err);
	s.body_retry_after_s = gsp_json_num(root, "retry_after", -1);
	s.body_global = gsp_json_bool(root, "global", false);
	at = gsp_limits_when(l, route, now);
	NEED(at <= now + DAY_MS); /* nothing is under way */
	gsp_limits_sent(l, route, now);
	gsp_limits_answer(l, route, &s, now);
	NEED(gsp_limits_wait_ms(&s) >= 1 && gsp_limits_wait_ms(&s) <= DAY_MS);
	NEED(gsp_limits_when(l, route, now) <= now + DAY_MS);
	if (s.status == 429 && route != NULL)
		NEED(gsp_limits_when(l, route, now) > now);
	explain(s.status, root, 600);
	explain(s.status, root, 30);
	explain(s.status, root, 1);
	if (route != NULL && strchr(route, '/') != NULL) {
		gsp_refused_note(no, route, strchr(route, '/'), s.status,
		    (int)gsp_json_u64(root, "code", 0), now);
		n = gsp_refused_find(no, route, strchr(route, '/'), now);
		NEED(s.status != 403 || n != NULL);
	}
	gsp_json_free(root);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gsp_limits *l = gsp_limits_new();
	struct gsp_refused no;
	int64_t now = 5000000;
	char *text = fuzz_text(data, size), *line, *next;

	memset(&no, 0, sizeof(no));
	for (line = text; line != NULL; line = next) {
		if ((next = strchr(line, '\n')) != NULL)
			*next++ = '\0';
		now += (int64_t)strlen(line) * 7;
		answer(l, &no, line, now);
	}
	NEED(gsp_limits_invalid(l, now) <= size + 1);
	free(text);
	gsp_refused_release(&no);
	gsp_limits_free(l);
	return 0;
}
