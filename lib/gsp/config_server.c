/* gsp/config: one server's settings. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "fmt/yaml.h"
#include "gsp/config.h"
#include "gsp/config_parts.h"
#include "gsp/setting.h"

#include "base/banned.h"

enum {
	LADDER_MAX = 16,
	PORTS_MAX = 23 * 15, /* no more can fit: see check_rules() */
	CIDRS_MAX = 255,     /* per rule. Source: Linode API v4, firewall rules */
	PATHS_MAX = 128,
	ENV_MAX = 128
};

struct loader {
	struct gsp_server_conf *s;
	/* the lists as they were written, to point at the entry that is wrong */
	const struct gsp_yaml *ports, *exclude, *push, *saves, *query, *dns;
};

static int
set_text(char **dst, const struct gsp_yaml *v, gsp_setting_check *check, struct gsp_err *err)
{
	const char *text;
	char *copy;

	if (gsp_setting_text(&text, v, check, err) == -1)
		return -1;
	if ((copy = strdup(text)) == NULL)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	free(*dst);
	*dst = copy;
	return 0;
}

static int
set_ladder(struct gsp_argv *dst, const struct gsp_yaml *v, gsp_setting_check *check,
    struct gsp_err *err)
{
	if (gsp_setting_list(dst, v, check, NULL, LADDER_MAX, err) == -1)
		return -1;
	return dst->n > 0 ? 0 : gsp_yaml_err(err, v, "at least one is needed");
}

static int
set_region(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct loader *l = ctx;

	return set_ladder(&l->s->regions, v, gsp_setting_region, err);
}

static int
set_type(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct loader *l = ctx;

	return set_ladder(&l->s->types, v, gsp_setting_type, err);
}

static int
set_image(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct loader *l = ctx;

	return set_text(&l->s->image, v, gsp_setting_image, err);
}

static int
set_ports(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct loader *l = ctx;
	struct gsp_argv texts = GSP_ARGV_INIT;
	struct gsp_port *ports = NULL;
	const char *why;
	int rc = -1;

	if (gsp_setting_list(&texts, v, NULL, NULL, PORTS_MAX, err) == -1)
		goto out;
	if ((ports = calloc(texts.n + 1, sizeof(*ports))) == NULL) {
		(void)gsp_err_set(err, GSP_ESYS, "out of memory");
		goto out;
	}
	for (size_t i = 0; i < texts.n; i++) {
		if ((why = gsp_setting_port(&ports[i], texts.v[i])) != NULL) {
			(void)gsp_yaml_err(err, gsp_setting_item(v, i), "'%.64s': %s", texts.v[i],
			    why);
			goto out;
		}
		for (size_t j = 0; j < i; j++)
			if (ports[i].udp == ports[j].udp && ports[i].first <= ports[j].last &&
			    ports[j].first <= ports[i].last) {
				(void)gsp_yaml_err(err, gsp_setting_item(v, i),
				    "'%s' is part of '%s'", texts.v[i], texts.v[j]);
				goto out;
			}
	}
	free(l->s->ports);
	l->s->ports = ports;
	l->s->nports = texts.n;
	l->ports = v;
	ports = NULL;
	rc = 0;
out:
	free(ports);
	gsp_argv_release(&texts);
	return rc;
}

static int
set_ssh_from(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct loader *l = ctx;

	if (gsp_setting_list(&l->s->ssh_from, v, NULL, gsp_setting_cidr, CIDRS_MAX, err) == -1)
		return -1;
	if (l->s->ssh_from.n == 0)
		return gsp_yaml_err(err, v, "with no network at all gsp itself could not get in");
	return 0;
}

static int
set_user(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct loader *l = ctx;

	return set_text(&l->s->user, v, gsp_setting_user, err);
}

static int
set_dir(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct loader *l = ctx;

	return set_text(&l->s->dir, v, gsp_setting_dir, err);
}

static int
set_paths(struct gsp_argv *dst, const struct gsp_yaml **written, const struct gsp_yaml *v,
    struct gsp_err *err)
{
	*written = v;
	return gsp_setting_list(dst, v, NULL, gsp_setting_path, PATHS_MAX, err);
}

static int
set_exclude(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct loader *l = ctx;

	return set_paths(&l->s->exclude, &l->exclude, v, err);
}

static int
set_push(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct loader *l = ctx;

	return set_paths(&l->s->push, &l->push, v, err);
}

static int
set_sync(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	static const struct gsp_setting_key keys[] = {
	    {"exclude", set_exclude}, {"push", set_push}, {NULL, NULL}};

	return gsp_setting_apply(keys, v, "sync", ctx, err);
}

static int
set_saves(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct loader *l = ctx;

	return set_paths(&l->s->saves, &l->saves, v, err);
}

/* Add or replace one variable. */
static int
put_env(struct gsp_argv *env, const char *name, const char *value, struct gsp_err *err)
{
	size_t n = strlen(name);
	struct gsp_argv fresh = GSP_ARGV_INIT;

	for (size_t i = 0; i < env->n; i++)
		if (strncmp(env->v[i], name, n) != 0 || env->v[i][n] != '=')
			gsp_argv_push(&fresh, env->v[i]);
	gsp_argv_pushf(&fresh, "%s=%s", name, value);
	gsp_argv_release(env);
	*env = fresh;
	return gsp_argv_ok(env) ? 0 : gsp_err_set(err, GSP_ESYS, "out of memory");
}

static int
set_env(void *ctx, const struct gsp_yaml *map, struct gsp_err *err)
{
	struct loader *l = ctx;
	const struct gsp_yaml *v;
	const char *why;

	if (gsp_yaml_is_null(map))
		return 0;
	if (map->kind != GSP_YAML_MAP)
		return gsp_yaml_err(err, map, "env must be a map of names and values");
	for (v = map->first; v != NULL; v = v->next) {
		if ((why = gsp_setting_env_name(v->key)) != NULL)
			return gsp_yaml_key_err(err, v, "'%.64s': %s", v->key, why);
		if (v->kind != GSP_YAML_SCALAR)
			return gsp_yaml_err(err, v, "a single value is wanted here");
		if ((why = gsp_setting_env_value(v->text)) != NULL)
			return gsp_yaml_err(err, v, "%s: %s", v->key, why);
		if (put_env(&l->s->env, v->key, gsp_yaml_is_null(v) ? "" : v->text, err) == -1)
			return -1;
	}
	if (l->s->env.n > ENV_MAX)
		return gsp_yaml_err(err, map, "more than %d variables", ENV_MAX);
	return 0;
}

static int
set_timeouts(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct loader *l = ctx;

	return gsp_timeouts_set(&l->s->timeouts, v, err);
}

static int
set_keep(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct loader *l = ctx;

	return gsp_policy_set_keep(&l->s->policy, v, err);
}

static int
set_backup(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct loader *l = ctx;

	return gsp_policy_set_backup(&l->s->policy, v, err);
}

static int
set_on_failure(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct loader *l = ctx;

	return gsp_policy_set_on_failure(&l->s->policy, v, err);
}

static int
set_on_stop_failure(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct loader *l = ctx;

	return gsp_policy_set_on_stop_failure(&l->s->policy, v, err);
}

static int
set_limits(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct loader *l = ctx;

	return gsp_policy_set_limits(&l->s->policy.monthly_usd_1e4, v, err);
}

static int
set_query(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct loader *l = ctx;

	l->query = v;
	return gsp_stop_set_query(&l->s->stop, v, err);
}

static int
set_idle(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct loader *l = ctx;

	return gsp_stop_set_idle(&l->s->stop, v, err);
}

static int
set_lease(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct loader *l = ctx;

	return gsp_stop_set_lease(&l->s->stop, v, err);
}

static int
set_dns(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct loader *l = ctx;

	l->dns = v;
	return gsp_dns_conf_set(&l->s->dns, v, err);
}

static int
set_notify(void *ctx, const struct gsp_yaml *v, struct gsp_err *err)
{
	struct loader *l = ctx;

	return gsp_notify_set(&l->s->notify, v, err);
}

static const struct gsp_setting_key server_keys[] = {{"region", set_region}, {"type", set_type},
    {"image", set_image}, {"ports", set_ports}, {"ssh_from", set_ssh_from}, {"user", set_user},
    {"dir", set_dir}, {"sync", set_sync}, {"saves", set_saves}, {"env", set_env},
    {"timeouts", set_timeouts}, {"keep", set_keep}, {"backup", set_backup},
    {"on_failure", set_on_failure}, {"on_stop_failure", set_on_stop_failure},
    {"limits", set_limits}, {"query", set_query}, {"idle", set_idle}, {"lease", set_lease},
    {"dns", set_dns}, {"notify", set_notify}, {NULL, NULL}};

/* The values that hold until a file says otherwise. */
static int
built_in(struct gsp_server_conf *s, struct gsp_err *err)
{
	struct gsp_buf dir = GSP_BUF_INIT(GSP_SERVER_NAME_MAX + 16);

	gsp_timeouts_init(&s->timeouts);
	gsp_policy_init(&s->policy);
	gsp_stop_init(&s->stop);
	gsp_buf_addf(&dir, "/srv/%s", s->name);
	s->dir = gsp_buf_take(&dir);
	s->image = strdup("linode/debian12");
	s->user = strdup("game");
	gsp_argv_push(&s->ssh_from, "0.0.0.0/0");
	gsp_argv_push(&s->ssh_from, "::/0");
	if (s->dir == NULL || s->image == NULL || s->user == NULL || !gsp_argv_ok(&s->ssh_from))
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	return 0;
}

static int
conf_new(struct gsp_server_conf **out, const char *name, struct gsp_err *err)
{
	struct gsp_server_conf *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	assert(strlen(name) < sizeof(s->name));
	memcpy(s->name, name, strlen(name) + 1);
	if (built_in(s, err) == -1) {
		gsp_server_conf_free(s);
		return -1;
	}
	*out = s;
	return 0;
}

void
gsp_server_conf_free(struct gsp_server_conf *s)
{
	if (s == NULL)
		return;
	gsp_argv_release(&s->regions);
	gsp_argv_release(&s->types);
	free(s->image);
	free(s->ports);
	gsp_argv_release(&s->ssh_from);
	free(s->user);
	free(s->dir);
	gsp_argv_release(&s->exclude);
	gsp_argv_release(&s->push);
	gsp_argv_release(&s->saves);
	gsp_argv_release(&s->env);
	gsp_notify_release(&s->notify);
	free(s);
}

/*
 * The firewall has 25 rules, one for ssh and one for ICMP; a rule takes one protocol and 15
 * pieces, a range being two. Source: Linode API v4, /networking/firewalls.
 */
static int
check_rules(const struct loader *l, struct gsp_err *err)
{
	enum { RULES = 25 - 2, PIECES = 15 };
	size_t rules = 0, used[2] = {PIECES, PIECES};

	for (size_t i = 0; i < l->s->nports; i++) {
		const struct gsp_port *p = &l->s->ports[i];
		size_t need = p->first == p->last ? 1 : 2;

		if (used[p->udp] + need > PIECES) {
			used[p->udp] = 0;
			rules++;
		}
		used[p->udp] += need;
		if (rules > RULES)
			return gsp_yaml_err(err, gsp_setting_item(l->ports, i),
			    "more ports than the 25 rules of a firewall hold; join them to ranges");
	}
	return 0;
}

/* No entry of ${a} may be, hold, or be in an entry of ${b}. */
static int
check_apart(const struct gsp_argv *a, const struct gsp_yaml *a_written, const char *a_name,
    const struct gsp_argv *b, const char *b_name, struct gsp_err *err)
{
	for (size_t i = 0; i < a->n; i++)
		for (size_t j = 0; j < b->n; j++)
			if (gsp_setting_overlap(a->v[i], b->v[j]))
				return gsp_yaml_err(err, gsp_setting_item(a_written, i),
				    "%s '%s' overlaps %s '%s'", a_name, a->v[i], b_name, b->v[j]);
	return 0;
}

/* What only the whole tells; without ${complete} a part of it, such as `defaults:` alone. */
static int
check_whole(const struct loader *l, bool complete, const char *where, struct gsp_err *err)
{
	const struct gsp_server_conf *s = l->s;

	if (complete && s->regions.n == 0)
		return gsp_err_set(err, GSP_ECONFIG,
		    "%s: no 'region'; put one there, or in 'defaults' of gsp.yaml", where);
	if (complete && s->types.n == 0)
		return gsp_err_set(err, GSP_ECONFIG,
		    "%s: no 'type'; put one there, or in 'defaults' of gsp.yaml", where);
	if (complete && gsp_dns_conf_check(&s->dns, s->name, l->dns, err) == -1)
		return -1;
	if (check_rules(l, err) == -1 ||
	    (complete && gsp_stop_check(&s->stop, s->ports, s->nports, l->query, err) == -1) ||
	    check_apart(&s->exclude, l->exclude, "exclude", &s->saves, "save", err) == -1 ||
	    check_apart(&s->push, l->push, "push", &s->saves, "save", err) == -1)
		return -1;
	return check_apart(&s->exclude, l->exclude, "exclude", &s->push, "push", err);
}

int
gsp_server_conf_check_defaults(const struct gsp_yaml *defaults, struct gsp_err *err)
{
	struct loader l = {.s = NULL};
	int rc = -1;

	if (conf_new(&l.s, "defaults", err) == -1)
		return -1;
	if (gsp_setting_apply(server_keys, defaults, "defaults", &l, err) == 0)
		rc = check_whole(&l, false, "", err);
	gsp_server_conf_free(l.s);
	return rc;
}

int
gsp_server_conf_build(struct gsp_server_conf **out, const char *name,
    const struct gsp_yaml *defaults, const struct gsp_yaml *own, const char *where,
    struct gsp_err *err)
{
	struct loader l = {.s = NULL};

	if (conf_new(&l.s, name, err) == -1)
		return -1;
	if (gsp_setting_apply(server_keys, defaults, "defaults", &l, err) == -1 ||
	    gsp_setting_apply(server_keys, own, "server.yaml", &l, err) == -1 ||
	    check_whole(&l, true, where, err) == -1) {
		gsp_server_conf_free(l.s);
		return -1;
	}
	*out = l.s;
	return 0;
}
