/* gsp/ledger, part two: many lines, torn ones and repeated ones, become sessions. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fmt/json.h"
#include "gsp/ledger.h"
#include "gsp/status.h"
#include "sys/io.h"

#include "base/banned.h"

#define LEDGER_MAX (512 * 1024 * 1024) /* a million lines; a home has some thousands */

enum end { END_DELETE, END_DISCARD, END_GONE, END_LOST, END_MOVED, ENDS };
static const char *const end_words[ENDS] = {"delete", "discard", "gone", "lost", "moved"};

/* The last line of each kind that ended a session. */
struct ending {
	bool told;
	int64_t time;
	bool estimated;
};

struct gsp_ledger_fold {
	struct ending (*ends)[ENDS]; /* beside each session */
	size_t cap;
	size_t *slots; /* open addressing over ids: index + 1, 0 free */
	size_t nslots; /* a power of two, at least twice the sessions */
};

static size_t
hash(const char *id)
{
	uint64_t h = UINT64_C(14695981039346656037); /* FNV-1a */

	for (; *id != '\0'; id++)
		h = (h ^ (unsigned char)*id) * UINT64_C(1099511628211);
	return (size_t)(h ^ (h >> 32));
}

static size_t *
slot_of(const struct gsp_ledger *l, const char *id)
{
	size_t mask = l->fold->nslots - 1, i = hash(id) & mask;

	while (l->fold->slots[i] != 0 && strcmp(l->v[l->fold->slots[i] - 1].id, id) != 0)
		i = (i + 1) & mask;
	return &l->fold->slots[i];
}

struct gsp_ledger_session *
gsp_ledger_find(const struct gsp_ledger *l, const char *id)
{
	size_t slot = l->n > 0 ? *slot_of(l, id) : 0;

	return slot != 0 ? &l->v[slot - 1] : NULL;
}

static int
grow(struct gsp_ledger *l, struct gsp_err *err)
{
	struct gsp_ledger_fold *f = l->fold;
	size_t cap = f->cap != 0 ? f->cap * 2 : 64;
	void *v = realloc(l->v, cap * sizeof(*l->v)), *e, *slots;

	if (v != NULL)
		l->v = v;
	if ((e = realloc(f->ends, cap * sizeof(*f->ends))) != NULL)
		f->ends = e;
	slots = calloc(cap * 2, sizeof(*f->slots));
	if (v == NULL || e == NULL || slots == NULL) {
		free(slots);
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	}
	free(f->slots);
	f->slots = slots;
	f->nslots = cap * 2;
	f->cap = cap;
	for (size_t i = 0; i < l->n; i++)
		*slot_of(l, l->v[i].id) = i + 1;
	return 0;
}

/* The session with this id, made if there is none. */
static struct gsp_ledger_session *
session(struct gsp_ledger *l, const char *id, struct gsp_err *err)
{
	struct gsp_ledger_session *s = gsp_ledger_find(l, id);

	if (s != NULL)
		return s;
	if (l->n == l->fold->cap && grow(l, err) == -1)
		return NULL;
	s = &l->v[l->n];
	memset(s, 0, sizeof(*s));
	memset(l->fold->ends[l->n], 0, sizeof(*l->fold->ends));
	s->hourly = s->monthly = -1;
	snprintf(s->id, sizeof(s->id), "%s", id);
	*slot_of(l, id) = l->n + 1;
	l->n++;
	return s;
}

/* ---- one line ---- */

struct line {
	const struct gsp_json *v;
	const char *what, *server, *id;
	int64_t time, created;
	uint64_t linode_id;
};

static bool
id_ok(const char *id)
{
	size_t n = strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789");

	return n > 0 && n <= 32 && id[n] == '\0';
}

/* NULL, or why this is no line of a ledger. */
static const char *
read_line(struct line *l, const struct gsp_json *v)
{
	*l = (struct line){.v = v};
	if (!gsp_json_is_obj(v) || strcmp(gsp_json_str(v, "schema", ""), "gsp.ledger/1") != 0)
		return "not of schema gsp.ledger/1";
	l->what = gsp_json_str(v, "what", "");
	l->server = gsp_json_str(v, "server", "");
	l->id = gsp_json_str(v, "session", "");
	l->linode_id = gsp_json_u64(v, "linode_id", 0);
	if (l->what[0] == '\0' || !gsp_server_name_ok(l->server) || !id_ok(l->id))
		return "names no server, session or kind";
	if (gsp_clock_parse(&l->time, gsp_json_str(v, "time", "")) == -1)
		return "has no time";
	if (gsp_clock_parse(&l->created, gsp_json_str(v, "created", "")) == -1)
		l->created = l->time;
	return NULL;
}

/* When a session ended by this line. Lines of old have only the hours that were billed, which are
 * fewer than those until the line was written when the machine was gone long before. */
static int64_t
end_time(const struct line *l)
{
	struct gsp_life life = {l->created, l->time, false, -1, -1};
	uint64_t hours = gsp_json_u64(l->v, "hours", 0);
	int64_t t;

	if (gsp_clock_parse(&t, gsp_json_str(l->v, "ended", "")) == 0)
		return t;
	if (hours > 0 && hours < gsp_money_hours(&life))
		return l->created + (int64_t)hours * 3600;
	return l->time;
}

static int
set_text(char **out, const char *text, struct gsp_err *err)
{
	char *copy = strdup(text);

	if (copy == NULL)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	free(*out);
	*out = copy;
	return 0;
}

/* What the line tells of the machine. Whose session it is, the line that made it says. */
static int
take_machine(struct gsp_ledger_session *s, const struct line *l, bool makes, struct gsp_err *err)
{
	const char *actor = gsp_json_str(l->v, "actor", "");
	const char *api_url = gsp_json_str(l->v, "api_url", NULL);
	int64_t hourly = gsp_money_from(gsp_json_num(l->v, "hourly_usd", -1));
	int64_t monthly = gsp_money_from(gsp_json_num(l->v, "monthly_usd", -1));

	snprintf(s->server, sizeof(s->server), "%s", l->server);
	snprintf(s->region, sizeof(s->region), "%s", gsp_json_str(l->v, "region", s->region));
	snprintf(s->type, sizeof(s->type), "%s", gsp_json_str(l->v, "type", s->type));
	if (makes || !s->bought) {
		s->created = l->created;
		if (makes || s->actor[0] == '\0')
			snprintf(s->actor, sizeof(s->actor), "%s", actor);
	}
	if (l->linode_id != 0) {
		s->linode_id = l->linode_id;
		s->bought = true;
	}
	if (hourly >= 0) {
		s->hourly = hourly;
		s->monthly = monthly;
	}
	return api_url != NULL ? set_text(&s->api_url, api_url, err) : 0;
}

static int
take_line(struct gsp_ledger *l, const struct line *line, struct gsp_err *err)
{
	bool makes = strcmp(line->what, "create") == 0;
	bool taken = strcmp(line->what, "take-over") == 0;
	struct gsp_ledger_session *s;
	struct ending *ends;
	int e = 0;

	while (e < ENDS && strcmp(line->what, end_words[e]) != 0)
		e++;
	if (e == ENDS && !makes && !taken && strcmp(line->what, "intent") != 0 &&
	    strcmp(line->what, "discard-unsaved") != 0)
		return 0; /* a lease costs nothing by itself; others a newer gsp knows */
	if ((s = session(l, line->id, err)) == NULL)
		return -1;
	ends = l->fold->ends[s - l->v];
	/* it is there again: taken back, or it was never gone */
	if ((makes || taken) && line->linode_id != 0)
		memset(ends, 0, sizeof(*l->fold->ends));
	if (e < ENDS)
		ends[e] = (struct ending){true, end_time(line),
		    gsp_json_bool(line->v, "estimated", false)};
	return take_machine(s, line, makes, err);
}

/* Known beats noticed; then the earlier: it cannot have ended twice. */
static void
conclude(struct gsp_ledger_session *s, const struct ending *ends)
{
	for (int e = 0; e < ENDS; e++) {
		if (!ends[e].told ||
		    (s->end != NULL && (s->estimated != ends[e].estimated ? ends[e].estimated
		                                                          : s->ended <= ends[e].time)))
			continue;
		s->end = end_words[e];
		s->ended = ends[e].time;
		s->estimated = ends[e].estimated;
	}
}

int
gsp_ledger_parse(struct gsp_ledger *out, const char *text, size_t len, gsp_ledger_bad *bad,
    void *ctx, struct gsp_err *err)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	size_t number = 0, n;

	memset(out, 0, sizeof(*out));
	if ((out->fold = calloc(1, sizeof(*out->fold))) == NULL)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	for (const char *p = text, *end = text + len; p < end; p += n + 1) {
		const char *nl = memchr(p, '\n', (size_t)(end - p)), *why;
		struct gsp_json *v = NULL;
		struct line line;

		n = nl != NULL ? (size_t)(nl - p) : (size_t)(end - p);
		number++;
		if (n == 0)
			continue;
		why = gsp_json_parse(&v, p, n, &ignored) == -1 ? "not JSON" : read_line(&line, v);
		if (why == NULL && take_line(out, &line, err) == -1) {
			gsp_json_free(v);
			gsp_ledger_release(out);
			return -1;
		}
		gsp_json_free(v);
		if (why == NULL || nl == NULL)
			continue;
		out->bad++;
		if (bad != NULL)
			bad(ctx, number, why);
	}
	for (size_t i = 0; i < out->n; i++)
		conclude(&out->v[i], out->fold->ends[i]);
	return 0;
}

/* ---- what the journals know beyond it ---- */

static int
add_journal(struct gsp_ledger *l, const struct gsp_session *j, const struct gsp_home *h,
    struct gsp_err *err)
{
	struct gsp_ledger_session *s;

	if (j->linode_id == 0 && j->phase != GSP_PHASE_POSTING)
		return 0;
	if ((s = session(l, j->id, err)) == NULL)
		return -1;
	s->journal = true;
	if (s->hourly < 0) {
		s->hourly = gsp_money_from(j->hourly_usd);
		s->monthly = gsp_money_from(j->monthly_usd);
	}
	if (s->bought)
		return 0;
	s->doubtful = j->linode_id == 0;
	s->bought = s->unwritten = !s->doubtful;
	s->linode_id = j->linode_id;
	s->created = s->doubtful ? j->since : j->created;
	s->hourly = gsp_money_from(j->hourly_usd);
	s->monthly = gsp_money_from(j->monthly_usd);
	snprintf(s->server, sizeof(s->server), "%s", j->server);
	snprintf(s->actor, sizeof(s->actor), "%s", j->actor);
	snprintf(s->region, sizeof(s->region), "%s", j->region);
	snprintf(s->type, sizeof(s->type), "%s", j->type);
	return set_text(&s->api_url, j->api_url != NULL ? j->api_url : h->api_url, err);
}

/* Of all servers, or of ${server} alone. */
static int
add_journals(struct gsp_ledger *l, const struct gsp_home *h, const char *server,
    gsp_ledger_bad *bad, void *ctx, struct gsp_err *err)
{
	struct gsp_argv names = GSP_ARGV_INIT;
	struct gsp_err why = GSP_ERR_INIT;
	struct gsp_session *j;
	int rc = 0;

	if (server == NULL)
		rc = gsp_status_servers(&names, h, err);
	else
		gsp_argv_push(&names, server);
	for (size_t i = 0; rc == 0 && i < names.n; i++) {
		if (gsp_session_load(&j, h, names.v[i], &why) == 0) {
			rc = j != NULL ? add_journal(l, j, h, err) : 0;
			gsp_session_free(j);
		} else if (bad != NULL)
			bad(ctx, 0, why.msg);
	}
	gsp_argv_release(&names);
	return rc;
}

int
gsp_ledger_read(struct gsp_ledger *out, const struct gsp_home *h, gsp_ledger_bad *bad, void *ctx,
    struct gsp_err *err)
{
	return gsp_ledger_read_of(out, h, NULL, bad, ctx, err);
}

int
gsp_ledger_read_of(struct gsp_ledger *out, const struct gsp_home *h, const char *server,
    gsp_ledger_bad *bad, void *ctx, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF), text = GSP_BUF_INIT(LEDGER_MAX);
	int rc;

	memset(out, 0, sizeof(*out));
	rc = gsp_io_read_file(&text, gsp_home_path(h, &path, "state/ledger.jsonl"), err);
	if (rc == -1 && err->code == GSP_ENOTFOUND) {
		gsp_err_clear(err);
		rc = 0;
	}
	if (rc == 0)
		rc = gsp_ledger_parse(out, gsp_buf_str(&text), text.len, bad, ctx, err);
	if (rc == 0 && add_journals(out, h, server, bad, ctx, err) == -1) {
		gsp_ledger_release(out);
		rc = -1;
	}
	gsp_buf_release(&text);
	gsp_buf_release(&path);
	return rc;
}

void
gsp_ledger_release(struct gsp_ledger *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i].api_url);
	free(l->v);
	if (l->fold != NULL) {
		free(l->fold->ends);
		free(l->fold->slots);
	}
	free(l->fold);
	memset(l, 0, sizeof(*l));
}

struct gsp_life
gsp_ledger_life(const struct gsp_ledger_session *s, int64_t now)
{
	bool over = s->end != NULL;
	/* what runs now has begun, whatever a clock that was wrong then says */
	int64_t created = !over && s->created > now ? now : s->created;

	return (struct gsp_life){created, over ? s->ended : now, !over, s->hourly, s->monthly};
}
