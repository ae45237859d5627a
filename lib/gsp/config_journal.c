/* gsp/config: a server's settings in the journal of its session. */
#include <inttypes.h>
#include <string.h>

#include "fmt/yaml.h"
#include "gsp/config.h"
#include "gsp/config_parts.h"

#include "base/banned.h"

static void
add_list(struct gsp_json *obj, const char *key, const struct gsp_argv *list)
{
	struct gsp_json *arr = gsp_json_add_arr(obj, key);

	for (size_t i = 0; i < list->n; i++)
		gsp_json_add_str(arr, NULL, list->v[i]);
}

void
gsp_port_format(struct gsp_buf *b, const struct gsp_port *p)
{
	gsp_buf_addf(b, "%u", p->first);
	if (p->last != p->first)
		gsp_buf_addf(b, "-%u", p->last);
	gsp_buf_adds(b, p->udp ? "/udp" : "/tcp");
}

static void
add_ports(struct gsp_json *obj, const struct gsp_server_conf *s)
{
	struct gsp_json *arr = gsp_json_add_arr(obj, "ports");
	struct gsp_buf text = GSP_BUF_INIT(32);

	for (size_t i = 0; i < s->nports; i++) {
		gsp_buf_reset(&text);
		gsp_port_format(&text, &s->ports[i]);
		gsp_json_add_str(arr, NULL, gsp_buf_str(&text));
	}
	gsp_buf_release(&text);
}

static void
add_env(struct gsp_json *obj, const struct gsp_argv *env)
{
	struct gsp_json *map = gsp_json_add_obj(obj, "env");
	struct gsp_buf name = GSP_BUF_INIT(1024);

	for (size_t i = 0; i < env->n; i++) {
		size_t n = strcspn(env->v[i], "=");

		gsp_buf_reset(&name);
		gsp_buf_add(&name, env->v[i], n);
		gsp_json_add_str(map, gsp_buf_str(&name), env->v[i] + n + 1);
	}
	gsp_buf_release(&name);
}

void
gsp_server_conf_to_json(const struct gsp_server_conf *s, struct gsp_json *obj)
{
	struct gsp_json *map;

	add_list(obj, "region", &s->regions);
	add_list(obj, "type", &s->types);
	gsp_json_add_str(obj, "image", s->image);
	add_ports(obj, s);
	add_list(obj, "ssh_from", &s->ssh_from);
	gsp_json_add_str(obj, "user", s->user);
	gsp_json_add_str(obj, "dir", s->dir);
	map = gsp_json_add_obj(obj, "sync");
	add_list(map, "exclude", &s->exclude);
	add_list(map, "push", &s->push);
	add_list(obj, "saves", &s->saves);
	add_env(obj, &s->env);
	gsp_timeouts_to_json(&s->timeouts, obj);
	gsp_policy_to_json(&s->policy, obj);
	gsp_stop_to_json(&s->stop, obj);
	gsp_dns_conf_to_json(&s->dns, obj);
}

int
gsp_server_conf_from_json(struct gsp_server_conf **out, const char *name,
    const struct gsp_json *obj, struct gsp_err *err)
{
	struct gsp_yaml_doc *doc;
	int rc;

	if (!gsp_server_name_ok(name))
		return gsp_err_set(err, GSP_ECONFIG, "'%.64s' is no name of a server", name);
	/* one loader, one set of checks: the journal is read as if it were a server.yaml */
	if (gsp_yaml_from_json(&doc, "settings in the journal", obj, err) == -1)
		return -1;
	rc = gsp_server_conf_build(out, name, NULL, gsp_yaml_root(doc), "settings in the journal",
	    err);
	gsp_yaml_free(doc);
	/* a session of before there were leases was never told of an end */
	if (rc == 0 && gsp_json_get(obj, "lease") == NULL)
		(*out)->stop.first_s = (*out)->stop.max_s = 0;
	return rc;
}
