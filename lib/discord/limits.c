#include "discord/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/must.h"
#include "base/num.h"

#include "base/banned.h"

#define HASH       256
#define ROUTES_MAX 512 /* of these the longest idle are forgotten */
#define IDLE_MS    60000
#define DAY_MS     86400000
#define WINDOW     10 /* minutes in which refused requests are counted */
#define MINUTE_MS  60000
#define NO_WORD_MS 5000 /* a 429 that does not say how long */

/* What is counted together. Until its first answer names a bucket, a route is one of its own. */
struct bucket {
	struct bucket *next;
	char *key; /* the bucket's id and the channel, guild or webhook; or the route */
	int64_t limit, left;
	int64_t reset_at;     /* then there are ->limit again */
	int64_t blocked_until; /* by 429 */
	int64_t used_at;
	unsigned under_way;
	unsigned routes;
	bool known; /* headers were seen */
	bool free;  /* an answer came, and without a limit */
};

struct route {
	struct route *next;
	char *name;
	struct bucket *bucket;
	int64_t used_at;
	unsigned under_way;
};

struct gsp_limits {
	struct route *routes[HASH];
	struct bucket *buckets[HASH];
	size_t nroutes;
	int64_t second[GSP_LIMITS_A_SECOND]; /* a ring: moments of the last requests */
	unsigned second_at;
	int64_t global_until, slow_until;
	unsigned invalid[WINDOW]; /* by minute */
	int64_t minute;           /* the newest one */
};

static unsigned
hash(const char *s)
{
	uint32_t h = 2166136261u;

	for (; *s != '\0'; s++)
		h = (h ^ (unsigned char)*s) * 16777619u;
	return h % HASH;
}

/* It may hold the token of a webhook. */
static void
wipe(char *s)
{
	explicit_bzero(s, strlen(s));
	free(s);
}

static struct bucket *
find_bucket(struct gsp_limits *l, const char *key)
{
	unsigned h = hash(key);
	struct bucket *b;

	for (b = l->buckets[h]; b != NULL; b = b->next)
		if (strcmp(b->key, key) == 0)
			return b;
	b = gsp_must(calloc(1, sizeof(*b)));
	b->key = gsp_must(strdup(key));
	b->left = b->limit = 1;
	b->reset_at = b->blocked_until = INT64_MIN;
	b->next = l->buckets[h];
	l->buckets[h] = b;
	return b;
}

static void
leave_bucket(struct gsp_limits *l, struct bucket *b)
{
	struct bucket **p;

	if (--b->routes > 0)
		return;
	for (p = &l->buckets[hash(b->key)]; *p != b; p = &(*p)->next)
		;
	*p = b->next;
	wipe(b->key);
	free(b);
}

static void
free_route(struct gsp_limits *l, struct route *r)
{
	leave_bucket(l, r->bucket);
	wipe(r->name);
	free(r);
}

static bool
is_idle(const struct route *r, int64_t now)
{
	return r->under_way == 0 && r->bucket->under_way == 0 && r->used_at + IDLE_MS <= now &&
	       r->bucket->reset_at <= now && r->bucket->blocked_until <= now;
}

/* Routes hold the tokens of interactions: more come every day. One that is forgotten costs no more
 * than learning its bucket again. */
static void
forget_idle(struct gsp_limits *l, int64_t now)
{
	for (unsigned h = 0; h < HASH; h++) {
		struct route **p = &l->routes[h], *r;

		while ((r = *p) != NULL) {
			if (!is_idle(r, now)) {
				p = &r->next;
				continue;
			}
			*p = r->next;
			free_route(l, r);
			l->nroutes--;
		}
	}
}

static struct route *
find_route(struct gsp_limits *l, const char *name, bool make, int64_t now)
{
	unsigned h = hash(name);
	struct route *r;

	for (r = l->routes[h]; r != NULL; r = r->next)
		if (strcmp(r->name, name) == 0)
			return r;
	if (!make)
		return NULL;
	if (l->nroutes >= ROUTES_MAX && l->nroutes % 64 == 0)
		forget_idle(l, now);
	r = gsp_must(calloc(1, sizeof(*r)));
	r->name = gsp_must(strdup(name));
	r->bucket = find_bucket(l, name);
	r->bucket->routes++;
	r->next = l->routes[h];
	l->routes[h] = r;
	l->nroutes++;
	return r;
}

/* "/channels/123" of "PATCH /channels/123/messages/{}"; a webhook's with its token. "" for none. */
static void
major(char *out, size_t size, const char *route)
{
	static const struct {
		const char *prefix;
		int parts;
	} kinds[] = {{"/channels/", 2}, {"/guilds/", 2}, {"/webhooks/", 3}};
	const char *path = strchr(route, '/');
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; path != NULL && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strncmp(path, kinds[i].prefix, strlen(kinds[i].prefix)) != 0)
			continue;
		for (int n = 0; n < kinds[i].parts && path[len] == '/'; n++)
			len += 1 + strcspn(path + len + 1, "/?");
		(void)snprintf(out, size, "%.*s", (int)len, path);
		return;
	}
}

/* An answer named the bucket of ${r}: from now on it counts with the others there. */
static void
move_route(struct gsp_limits *l, struct route *r, const char *id)
{
	char where[1024], key[1200];
	struct bucket *b;

	major(where, sizeof(where), r->name);
	/* no route begins with '#' */
	(void)snprintf(key, sizeof(key), "#%.128s %s", id, where);
	if (strcmp(r->bucket->key, key) == 0)
		return;
	b = find_bucket(l, key);
	b->routes++;
	b->under_way += r->under_way;
	r->bucket->under_way -= r->under_way;
	if (r->bucket->blocked_until > b->blocked_until)
		b->blocked_until = r->bucket->blocked_until;
	leave_bucket(l, r->bucket);
	r->bucket = b;
}

/* ---- refused requests ---- */

static void
to_minute(struct gsp_limits *l, int64_t now)
{
	int64_t m = now / MINUTE_MS;

	if (m - l->minute >= WINDOW) {
		memset(l->invalid, 0, sizeof(l->invalid));
		l->minute = m;
	}
	while (l->minute < m)
		l->invalid[(uint64_t)++l->minute % WINDOW] = 0;
}

unsigned
gsp_limits_invalid(const struct gsp_limits *l, int64_t now_ms)
{
	int64_t m = now_ms / MINUTE_MS;
	unsigned n = 0;

	for (int64_t i = l->minute - WINDOW + 1; i <= l->minute; i++)
		if (i > m - WINDOW && i >= 0)
			n += l->invalid[(uint64_t)i % WINDOW];
	return n;
}

/* ---- when ---- */

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t
bucket_when(const struct bucket *b, int64_t now)
{
	if (b->blocked_until > now)
		return b->blocked_until;
	if (b->free)
		return now;
	if (now >= b->reset_at) /* also while nothing is known yet: then the limit is one */
		return b->under_way == 0 || b->under_way < b->limit ? now : INT64_MAX;
	return b->left > 0 ? now : b->reset_at;
}

int64_t
gsp_limits_when(struct gsp_limits *l, const char *route, int64_t now_ms)
{
	unsigned invalid = gsp_limits_invalid(l, now_ms);
	const struct route *r;
	int64_t at = now_ms, next_minute = (now_ms / MINUTE_MS + 1) * MINUTE_MS;

	if (invalid >= GSP_LIMITS_INVALID_ALL)
		return next_minute;
	if (route == NULL)
		return now_ms;
	if (invalid >= GSP_LIMITS_INVALID_STOP)
		return next_minute;
	if (invalid >= GSP_LIMITS_INVALID_SLOW)
		at = later(at, l->slow_until);
	at = later(at, l->global_until);
	if (l->second[l->second_at] != INT64_MIN)
		at = later(at, l->second[l->second_at] + 1000);
	if ((r = find_route(l, route, false, now_ms)) != NULL)
		at = later(at, bucket_when(r->bucket, now_ms));
	return at;
}

void
gsp_limits_sent(struct gsp_limits *l, const char *route, int64_t now_ms)
{
	struct route *r;
	struct bucket *b;

	if (route == NULL)
		return;
	l->second[l->second_at] = now_ms;
	l->second_at = (l->second_at + 1) % GSP_LIMITS_A_SECOND;
	l->slow_until = now_ms + 1000;
	r = find_route(l, route, true, now_ms);
	b = r->bucket;
	if (b->known && now_ms >= b->reset_at && b->left < b->limit - b->under_way)
		b->left = b->limit - b->under_way; /* a new window */
	b->left--;
	b->under_way++;
	r->under_way++;
	r->used_at = now_ms;
}

/* ---- answers ---- */

int64_t
gsp_limits_wait_ms(const struct gsp_limits_seen *s)
{
	int64_t ms = gsp_num_seconds_ms(s->body_retry_after_s, DAY_MS); /* the finer one */

	if (ms < 0)
		ms = gsp_num_seconds_text_ms(s->retry_after, DAY_MS);
	if (ms < 0)
		ms = gsp_num_seconds_text_ms(s->reset_after, DAY_MS);
	if (ms < 0)
		return NO_WORD_MS;
	return ms < 1 ? 1 : ms;
}

static void
learn(struct gsp_limits *l, struct route *r, const struct gsp_limits_seen *s, int64_t now)
{
	uint64_t limit, left;
	int64_t reset = gsp_num_seconds_text_ms(s->reset_after, DAY_MS);
	struct bucket *b;

	if (s->bucket != NULL && s->bucket[0] != '\0')
		move_route(l, r, s->bucket);
	b = r->bucket;
	if (s->limit == NULL || s->remaining == NULL || reset < 0 ||
	    gsp_num_u64(&limit, s->limit, 0, 1000000) == -1 ||
	    gsp_num_u64(&left, s->remaining, 0, 1000000) == -1) {
		if (s->status != 0 && s->status < 500 && s->status != 429 && !b->known)
			b->free = true; /* an answer, and no word of a limit */
		return;
	}
	/* Others that are under way may or may not be counted in what is left. */
	left = left > b->under_way ? left - b->under_way : 0;
	if (!b->known || now >= b->reset_at || (int64_t)left < b->left)
		b->left = (int64_t)left;
	if (!b->known || now >= b->reset_at || now + reset > b->reset_at)
		b->reset_at = now + reset;
	b->limit = limit > 0 ? (int64_t)limit : 1;
	b->known = true;
	b->free = false;
}

static void
too_many(struct gsp_limits *l, struct route *r, const struct gsp_limits_seen *s, int64_t now)
{
	int64_t until = now + gsp_limits_wait_ms(s);
	/* With no word of Discord's own it comes from what is in front of it, and concerns all. */
	bool foreign = s->scope == NULL && s->bucket == NULL && s->body_retry_after_s < 0;

	if (foreign || s->body_global || (s->global != NULL && strcasecmp(s->global, "false") != 0) ||
	    (s->scope != NULL && strcasecmp(s->scope, "global") == 0))
		l->global_until = later(l->global_until, until);
	else if (r != NULL)
		r->bucket->blocked_until = later(r->bucket->blocked_until, until);
}

void
gsp_limits_answer(struct gsp_limits *l, const char *route, const struct gsp_limits_seen *s,
    int64_t now_ms)
{
	struct route *r = route != NULL ? find_route(l, route, false, now_ms) : NULL;
	bool shared = s->scope != NULL && strcasecmp(s->scope, "shared") == 0;

	to_minute(l, now_ms);
	if (s->status == 401 || s->status == 403 || (s->status == 429 && !shared))
		l->invalid[(uint64_t)l->minute % WINDOW]++;
	if (r != NULL) {
		if (r->under_way > 0) {
			r->under_way--;
			r->bucket->under_way--;
		}
		learn(l, r, s, now_ms);
	}
	if (s->status == 429)
		too_many(l, r, s, now_ms);
}

struct gsp_limits *
gsp_limits_new(void)
{
	struct gsp_limits *l = gsp_must(calloc(1, sizeof(*l)));

	for (unsigned i = 0; i < GSP_LIMITS_A_SECOND; i++)
		l->second[i] = INT64_MIN;
	l->global_until = l->slow_until = INT64_MIN;
	return l;
}

void
gsp_limits_free(struct gsp_limits *l)
{
	if (l == NULL)
		return;
	for (unsigned h = 0; h < HASH; h++) {
		for (struct route *r = l->routes[h], *next; r != NULL; r = next) {
			next = r->next;
			free_route(l, r);
		}
	}
	free(l);
}
