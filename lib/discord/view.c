#include "discord/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "discord/view_priv.h"
#include "fmt/json.h"

#include "base/banned.h"

#define LINE_MAX_BYTES (64u << 10) /* a longer one is no progress line */

struct gsp_view *
gsp_view_new(const struct gsp_talk *begin)
{
	struct gsp_view *v = gsp_must(calloc(1, sizeof(*v)));

	v->verb = begin->verb;
	v->save = begin->save;
	v->asked_ms = begin->asked_ms;
	v->cost_usd = -1;
	snprintf(v->server, sizeof(v->server), "%s", begin->server);
	snprintf(v->job, sizeof(v->job), "%s", begin->interaction);
	snprintf(v->user, sizeof(v->user), "%s", begin->who.user);
	return v;
}

void
gsp_view_free(struct gsp_view *v)
{
	if (v == NULL)
		return;
	gsp_json_free(v->record);
	free(v);
}

/* ---- steps ---- */

/* The last one of that name that still runs; NULL: none. */
static struct view_step *
running(struct gsp_view *v, const char *name)
{
	for (size_t i = v->nsteps; i > 0; i--)
		if (v->steps[i - 1].state == VIEW_RUNS && strcmp(v->steps[i - 1].name, name) == 0)
			return &v->steps[i - 1];
	return NULL;
}

/* Room for one more: the oldest one gives way. */
static struct view_step *
add_step(struct gsp_view *v, const char *name, int64_t t)
{
	struct view_step *s;

	if (v->nsteps == VIEW_STEPS_MAX) {
		memmove(v->steps, v->steps + 1, (VIEW_STEPS_MAX - 1) * sizeof(*v->steps));
		v->nsteps--;
		v->earlier++;
	}
	s = &v->steps[v->nsteps++];
	memset(s, 0, sizeof(*s));
	snprintf(s->name, sizeof(s->name), "%s", name);
	s->begun_ms = s->ended_ms = t;
	s->pct = -1;
	s->eta_s = -1;
	return s;
}

/* Of a running step: what people see of it. */
static bool
update(struct view_step *s, const struct gsp_json *o)
{
	double pct = gsp_json_num(o, "pct", -1);
	struct view_step was = *s;

	s->pct = pct >= 0 && pct <= 100 ? (int)pct : -1;
	s->rate = gsp_json_u64(o, "rate", 0);
	s->eta_s = (int64_t)gsp_json_u64(o, "eta_s", UINT64_MAX);
	return s->pct != was.pct || s->rate != was.rate || s->eta_s != was.eta_s;
}

static bool
add_warning(struct gsp_view *v, const char *text)
{
	if (text[0] == '\0')
		return false;
	for (size_t i = 0; i < v->nwarnings; i++)
		if (strncmp(v->warnings[i], text, sizeof(v->warnings[i]) - 1) == 0)
			return false;
	if (v->nwarnings == VIEW_WARNINGS_MAX) {
		memmove(v->warnings, v->warnings + 1, (VIEW_WARNINGS_MAX - 1) * sizeof(v->warnings[0]));
		v->nwarnings--;
	}
	snprintf(v->warnings[v->nwarnings++], sizeof(v->warnings[0]), "%s", text);
	return true;
}

/* What a step said at its end, where the end of the job wants it. */
static void
learn(struct gsp_view *v, const char *step, const char *message)
{
	const char *p;

	if (strcmp(step, "create") == 0)
		v->has_machine = true;
	if (strcmp(step, "teardown") == 0) {
		v->has_machine = false;
		v->was_down = strcmp(message, "there is no machine") == 0;
	}
	/* "generation 42 is home and proven: ...", "files/ is generation 1 now, as generation 3" */
	if (strcmp(step, "sync-down") == 0 && strncmp(message, "generation ", 11) == 0)
		v->generation = strtoull(message + 11, NULL, 10);
	if (strcmp(step, "restore") == 0 && (p = strstr(message, "as generation ")) != NULL)
		v->generation = strtoull(p + 14, NULL, 10);
}

static bool
fold(struct gsp_view *v, const struct gsp_json *o, const char *step, const char *state)
{
	int64_t t = (int64_t)gsp_json_u64(o, "t", 0);
	const char *message = gsp_json_str(o, "message", "");
	struct view_step *s = running(v, step);

	if (strcmp(state, "start") == 0) {
		if (s == NULL)
			(void)add_step(v, step, t);
		return s == NULL;
	}
	if (strcmp(state, "progress") == 0)
		return update(s != NULL ? s : add_step(v, step, t), o) || s == NULL;
	if (strcmp(state, "done") != 0 && strcmp(state, "fail") != 0)
		return false;
	if (s == NULL)
		s = add_step(v, step, t);
	s->state = strcmp(state, "done") == 0 ? VIEW_DONE : VIEW_FAILED;
	s->ended_ms = t;
	if (s->state == VIEW_DONE)
		learn(v, step, message);
	return true;
}

bool
gsp_view_line(struct gsp_view *v, const char *line)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_json *o = NULL;
	size_t n = strlen(line);
	const char *step, *state, *message;
	bool changed = false;

	if (v->ended || n > LINE_MAX_BYTES || gsp_json_parse(&o, line, n, &ignored) == -1)
		return false;
	step = gsp_json_str(o, "step", "");
	state = gsp_json_str(o, "state", "");
	message = gsp_json_str(o, "message", "");
	if (strcmp(gsp_json_str(o, "level", ""), "warn") == 0)
		changed = add_warning(v, message);
	else if (strcmp(step, "all") == 0 && strcmp(state, "fail") == 0) {
		snprintf(v->why, sizeof(v->why), "%s", message);
		changed = true;
	} else if (strcmp(step, "all") != 0 && step[0] != '\0' && strlen(step) < VIEW_NAME_MAX)
		changed = fold(v, o, step, state);
	gsp_json_free(o);
	return changed;
}

/* ---- the end ---- */

void
gsp_view_end(struct gsp_view *v, const struct gsp_talk *end)
{
	const char *at = end->out;

	v->ended = true;
	v->status = end->status;
	v->cost_usd = end->cost_usd;
	v->ended_ms = end->ended_ms;
	if (v->asked_ms == 0)
		v->asked_ms = end->asked_ms;
	if (end->text[0] != '\0')
		snprintf(v->why, sizeof(v->why), "%s", end->text);
	gsp_json_free(v->record);
	v->record = gsp_rows_next(&at);
	/* what was under way when it died is not going on */
	for (size_t i = 0; i < v->nsteps; i++)
		if (v->steps[i].state == VIEW_RUNS) {
			v->steps[i].state = v->status == 0 ? VIEW_DONE : VIEW_FAILED;
			v->steps[i].ended_ms = v->ended_ms;
		}
}

bool
gsp_view_ended(const struct gsp_view *v)
{
	return v->ended;
}

int64_t
gsp_view_edit_ms(int64_t begun_ms, int64_t last_edit_ms)
{
	int64_t age = last_edit_ms - begun_ms;

	return last_edit_ms + (age < 60 * 1000 ? 3000 : age < 15 * 60 * 1000 ? 10000 : 60000);
}
