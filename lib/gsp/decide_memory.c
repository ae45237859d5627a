#include "gsp/decide.h"

#include <assert.h>
#include <string.h>

#include "base/banned.h"

/* Later than any clock, and far from what a sum of two could not hold. */
#define TIME_MAX ((uint64_t)1 << 40)

void
gsp_decide_session(struct gsp_decide_memory *m, const char *session)
{
	size_t len = strlen(session);

	assert(len < sizeof(m->session));
	if (strcmp(m->session, session) == 0)
		return;
	memset(m, 0, sizeof(*m));
	memcpy(m->session, session, len + 1);
}

struct field {
	const char *key;
	size_t at;
};

#define FIELD(name) {#name, offsetof(struct gsp_decide_memory, name)}

static const struct field times[] = {FIELD(last_pass), FIELD(gap_s), FIELD(pass_s), FIELD(zero_at),
    FIELD(zero_s), FIELD(player_at), FIELD(unknown_at), FIELD(unwell_at), FIELD(idle_stop),
    FIELD(idle_hour), FIELD(idle_first), FIELD(end), FIELD(end_of), FIELD(end_first),
    FIELD(down_at)};
static const struct field flags[] = {FIELD(unknown_told), FIELD(unwell_told), FIELD(end_budget)};
static const struct field counts[] = {FIELD(idle_left), FIELD(end_left), FIELD(down_tries)};

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* The member of ${f} in ${m}. */
static void *
member(struct gsp_decide_memory *m, const struct field *f)
{
	return (char *)m + f->at;
}

void
gsp_decide_to_json(const struct gsp_decide_memory *m, struct gsp_json *obj)
{
	struct gsp_decide_memory copy = *m;

	gsp_json_add_str(obj, "session", m->session);
	for (size_t i = 0; i < N(times); i++)
		gsp_json_add_u64(obj, times[i].key, (uint64_t) * (int64_t *)member(&copy, &times[i]));
	for (size_t i = 0; i < N(flags); i++)
		gsp_json_add_bool(obj, flags[i].key, *(bool *)member(&copy, &flags[i]));
	for (size_t i = 0; i < N(counts); i++)
		gsp_json_add_u64(obj, counts[i].key, (uint64_t) * (int *)member(&copy, &counts[i]));
	gsp_json_add_u64(obj, "players", m->players);
	gsp_json_add_u64(obj, "down", (uint64_t)m->down);
}

/* A whole number up to ${most}; 0 if it is missing. */
static int
get(uint64_t *out, const struct gsp_json *obj, const char *key, uint64_t most,
    struct gsp_err *err)
{
	*out = 0;
	if (gsp_json_get(obj, key) == NULL)
		return 0;
	if (gsp_json_need_u64(out, obj, key, err) == -1)
		return -1;
	return *out <= most ? 0 : gsp_err_set(err, GSP_EPROTO, "'%s' is out of range", key);
}

static int
get_session(struct gsp_decide_memory *m, const struct gsp_json *obj, struct gsp_err *err)
{
	const char *text;
	size_t len;

	if (gsp_json_get(obj, "session") == NULL)
		return 0;
	if (gsp_json_need_str(&text, obj, "session", err) == -1)
		return -1;
	if ((len = strlen(text)) >= sizeof(m->session))
		return gsp_err_set(err, GSP_EPROTO, "'session' is too long");
	memcpy(m->session, text, len + 1);
	return 0;
}

static int
get_all(struct gsp_decide_memory *m, const struct gsp_json *obj, struct gsp_err *err)
{
	uint64_t v;

	if (!gsp_json_is_obj(obj))
		return gsp_err_set(err, GSP_EPROTO, "not an object");
	if (get_session(m, obj, err) == -1)
		return -1;
	for (size_t i = 0; i < N(times); i++) {
		if (get(&v, obj, times[i].key, TIME_MAX, err) == -1)
			return -1;
		*(int64_t *)member(m, &times[i]) = (int64_t)v;
	}
	for (size_t i = 0; i < N(flags); i++) {
		const struct gsp_json *flag = gsp_json_get(obj, flags[i].key);

		if (flag != NULL && !gsp_json_is_bool(flag))
			return gsp_err_set(err, GSP_EPROTO, "'%s' is not true or false", flags[i].key);
		*(bool *)member(m, &flags[i]) = gsp_json_bool(obj, flags[i].key, false);
	}
	for (size_t i = 0; i < N(counts); i++) {
		if (get(&v, obj, counts[i].key, 1000, err) == -1)
			return -1;
		*(int *)member(m, &counts[i]) = (int)v;
	}
	if (get(&v, obj, "players", UINT32_MAX, err) == -1)
		return -1;
	m->players = (uint32_t)v;
	if (get(&v, obj, "down", GSP_DECIDE_END_DOWN, err) == -1)
		return -1;
	m->down = (enum gsp_decide_down)v;
	return 0;
}

int
gsp_decide_from_json(struct gsp_decide_memory *m, const struct gsp_json *obj, struct gsp_err *err)
{
	memset(m, 0, sizeof(*m));
	if (get_all(m, obj, err) == 0)
		return 0;
	memset(m, 0, sizeof(*m));
	return -1;
}
