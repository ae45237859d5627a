#include "watch_row.h"

#include <string.h>

#include "base/clock.h"

#include "base/banned.h"

static void
text_or_null(struct gsp_json *v, const char *key, const char *text)
{
	if (text[0] != '\0')
		gsp_json_add_str(v, key, text);
	else
		gsp_json_add_null(v, key);
}

static void
time_or_null(struct gsp_json *v, const char *key, int64_t t)
{
	char text[GSP_CLOCK_TEXT];

	text_or_null(v, key, t > 0 ? gsp_clock_format(text, sizeof(text), t) : "");
}

void
watch_row_json(struct gsp_json *v, const struct watch_row *r)
{
	gsp_json_add_str(v, "server", r->server);
	gsp_json_add_str(v, "stage", r->stage);
	text_or_null(v, "session", r->session);
	if (r->counted)
		gsp_json_add_u64(v, "players", r->players);
	else
		gsp_json_add_null(v, "players");
	if (r->health >= 0)
		gsp_json_add_bool(v, "healthy", r->health == 1);
	else
		gsp_json_add_null(v, "healthy");
	text_or_null(v, "why", r->why);
	text_or_null(v, "idle", r->idle);
	time_or_null(v, "stops", r->stop_at);
	time_or_null(v, "lease", r->lease);
	text_or_null(v, "decided", r->decided);
}

void
watch_row_read(struct watch_row *r, const struct gsp_json *v)
{
	uint64_t players = gsp_json_u64(v, "players", UINT64_MAX);

	memset(r, 0, sizeof(*r));
	gsp_json_copy(r->server, sizeof(r->server), v, "server");
	gsp_json_copy(r->stage, sizeof(r->stage), v, "stage");
	gsp_json_copy(r->session, sizeof(r->session), v, "session");
	r->counted = players <= UINT32_MAX;
	r->players = r->counted ? (uint32_t)players : 0;
	r->health = !gsp_json_is_bool(gsp_json_get(v, "healthy")) ? -1
	                                                          : gsp_json_bool(v, "healthy", false);
	gsp_json_copy(r->why, sizeof(r->why), v, "why");
	gsp_json_copy(r->idle, sizeof(r->idle), v, "idle");
	r->stop_at = gsp_json_time(v, "stops");
	r->lease = gsp_json_time(v, "lease");
	gsp_json_copy(r->decided, sizeof(r->decided), v, "decided");
}
