/* gsp/config: when a server has run long enough. */
#include "gsp/config_stop.h"

#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "gsp/setting.h"
#include "query/query.h"

#include "base/banned.h"

#define CLOCK_MIN_S 60
#define CLOCK_MAX_S (30 * 86400)
#define MINUTE_S    60
#define CLOCK_TEXT  48

void
gsp_stop_init(struct gsp_stop_rules *r)
{
	*r = (struct gsp_stop_rules){.empty_s = 20 * MINUTE_S,
	    .never_s = 30 * MINUTE_S,
	    .unknown_s = 30 * MINUTE_S,
	    .first_s = 6 * 60 * MINUTE_S,
	    .max_s = 12 * 60 * MINUTE_S};
}

/* "20m", or "never", which is 0. */
static int
set_clock(int64_t *out, const struct gsp_yaml *v, struct gsp_err *err)
{
	return gsp_setting_seconds_or_never(out, v, CLOCK_MIN_S, CLOCK_MAX_S,
	    "20m or 6h (1m to 30d), nor 'never'", err);
}

static int
set_empty(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct gsp_stop_rules *r = ctx;

	return set_clock(&r->empty_s, v, err);
}

static int
set_never_joined(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct gsp_stop_rules *r = ctx;

	return set_clock(&r->never_s, v, err);
}

static int
set_unknown_alert(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct gsp_stop_rules *r = ctx;

	return set_clock(&r->unknown_s, v, err);
}

int
gsp_stop_set_idle(struct gsp_stop_rules *r, const struct gsp_yaml *v, struct gsp_err *err)
{
	static const struct gsp_setting_key keys[] = {{"empty", set_empty},
	    {"never_joined", set_never_joined}, {"unknown_alert", set_unknown_alert}, {NULL, NULL}};

	if (gsp_setting_apply(keys, v, "idle", r, err) == 0)
		return 0;
	if (v->kind == GSP_YAML_SCALAR)
		(void)gsp_err_hint(err, "write it as {empty: 20m, never_joined: 30m}; 'never' for one of them "
		    "switches it off");
	return -1;
}

static int
set_first(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct gsp_stop_rules *r = ctx;

	return set_clock(&r->first_s, v, err);
}

static int
set_max(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct gsp_stop_rules *r = ctx;

	return set_clock(&r->max_s, v, err);
}

static const char *
clock_text(char *buf, size_t size, int64_t s)
{
	return s == 0 ? "never" : gsp_num_span(buf, size, s);
}

int
gsp_stop_set_lease(struct gsp_stop_rules *r, const struct gsp_yaml *v, struct gsp_err *err)
{
	static const struct gsp_setting_key keys[] = {
	    {"first", set_first}, {"max", set_max}, {NULL, NULL}};

	if (gsp_setting_apply(keys, v, "lease", r, err) == -1) {
		if (v->kind == GSP_YAML_SCALAR)
			(void)gsp_err_hint(err, "write it as {first: 6h, max: 12h}");
		return -1;
	}
	if (r->max_s > 0 && (r->first_s == 0 || r->first_s > r->max_s)) {
		char first[CLOCK_TEXT], max[CLOCK_TEXT];

		return gsp_yaml_err(err, v, "lease: first (%s) is longer than max (%s); set both, as "
		    "{first: 6h, max: 12h}", clock_text(first, sizeof(first), r->first_s),
		    clock_text(max, sizeof(max), r->max_s));
	}
	return 0;
}

static const char *
check_query(const char *text)
{
	if (strcmp(text, "script") == 0 || strcmp(text, "tcp") == 0 || strcmp(text, "none") == 0 ||
	    gsp_query_port(text) != 0)
		return NULL;
	if (strcmp(text, "minetest") == 0 || strcmp(text, "luanti") == 0)
		return "that game tells nobody how many play; a script 'players' can count them "
		       "(examples/minetest has one): write 'script'";
	return "not one of script, tcp, none, minecraft, bedrock, a2s";
}

static int
set_proto(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct gsp_stop_rules *r = ctx;
	const char *text;

	if (gsp_setting_text(&text, v, check_query, err) == -1)
		return -1;
	snprintf(r->query, sizeof(r->query), "%s", text);
	return 0;
}

static int
set_port(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct gsp_stop_rules *r = ctx;
	const char *text;
	uint64_t port;

	if (gsp_setting_text(&text, v, NULL, err) == -1)
		return -1;
	if (gsp_num_u64(&port, text, 1, 65535) == -1)
		return gsp_yaml_err(err, v, "'%.64s': not a port from 1 to 65535", text);
	r->query_port = (uint16_t)port;
	return 0;
}

int
gsp_stop_set_query(struct gsp_stop_rules *r, const struct gsp_yaml *v, struct gsp_err *err)
{
	static const struct gsp_setting_key keys[] = {
	    {"proto", set_proto}, {"port", set_port}, {NULL, NULL}};

	r->query[0] = '\0';
	r->query_port = 0;
	if (v->kind == GSP_YAML_SCALAR && !gsp_yaml_is_null(v))
		return set_proto(r, v, err);
	if (gsp_setting_apply(keys, v, "query", r, err) == -1)
		return -1;
	if (r->query_port != 0 && (r->query[0] == '\0' || gsp_query_port(r->query) == 0))
		return gsp_yaml_err(err, v, "query: a port goes with a protocol ('proto: minecraft')");
	return 0;
}

int
gsp_stop_check(const struct gsp_stop_rules *r, const struct gsp_port *ports, size_t nports,
    const struct gsp_yaml *query, struct gsp_err *err)
{
	const char *kind = gsp_query_udp(r->query) ? "udp" : "tcp";

	if (query == NULL || (gsp_query_port(r->query) == 0 && strcmp(r->query, "tcp") != 0))
		return 0;
	for (size_t i = 0; i < nports; i++)
		if (ports[i].udp == gsp_query_udp(r->query) && (r->query_port == 0 ||
		        (ports[i].first <= r->query_port && r->query_port <= ports[i].last)))
			return 0;
	if (r->query_port != 0)
		return gsp_yaml_err(err, query, "query: port %u/%s is not among 'ports', so nobody can ask "
		    "there", r->query_port, kind);
	if (strcmp(r->query, "tcp") == 0)
		return gsp_yaml_err(err, query, "query: tcp counts the connections to tcp ports, and 'ports' "
		    "has none; a script 'players' can count");
	return gsp_yaml_err(err, query, "query: %s is asked over %s, and 'ports' has no %s port", r->query,
	    kind, kind);
}

static const char *const who_names[] = {"session", "service", "nobody"};

int
gsp_watch_who_get(enum gsp_watch_who *out, const char *text)
{
	for (size_t i = 0; i < sizeof(who_names) / sizeof(who_names[0]); i++)
		if (strcmp(text, who_names[i]) == 0) {
			*out = (enum gsp_watch_who)i;
			return 0;
		}
	return -1;
}

static const char *
check_who(const char *text)
{
	enum gsp_watch_who ignored;

	return gsp_watch_who_get(&ignored, text) == 0 ? NULL : "not one of session, service, nobody";
}

static int
set_by(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	const char *text;

	if (gsp_setting_text(&text, v, check_who, err) == -1)
		return -1;
	return gsp_watch_who_get(ctx, text);
}

int
gsp_stop_set_watch(enum gsp_watch_who *who, const struct gsp_yaml *v, struct gsp_err *err)
{
	static const struct gsp_setting_key keys[] = {{"by", set_by}, {NULL, NULL}};

	return gsp_setting_apply(keys, v, "watch", who, err);
}

static void
add_clock(struct gsp_json *map, const char *key, int64_t s)
{
	if (s > 0)
		gsp_json_add_u64(map, key, (uint64_t)s);
	else
		gsp_json_add_str(map, key, "never");
}

void
gsp_stop_to_json(const struct gsp_stop_rules *r, struct gsp_json *obj)
{
	struct gsp_json *map;

	if (r->query[0] != '\0') {
		map = gsp_json_add_obj(obj, "query");
		gsp_json_add_str(map, "proto", r->query);
		if (r->query_port != 0)
			gsp_json_add_u64(map, "port", r->query_port);
	}
	map = gsp_json_add_obj(obj, "idle");
	add_clock(map, "empty", r->empty_s);
	add_clock(map, "never_joined", r->never_s);
	add_clock(map, "unknown_alert", r->unknown_s);
	map = gsp_json_add_obj(obj, "lease");
	add_clock(map, "first", r->first_s);
	add_clock(map, "max", r->max_s);
}
