#include "gsp/record.h"

#include <stdio.h>
#include <string.h>

#include "fmt/json.h"

#include "base/banned.h"

void
gsp_record_address(struct gsp_buf *out, const struct gsp_session *s)
{
	if (s->ipv4[0] == '\0')
		return;
	gsp_buf_adds(out, s->name[0] != '\0' ? s->name : s->ipv4);
	if (s->conf->nports > 0)
		gsp_buf_addf(out, ":%u", (unsigned)s->conf->ports[0].first);
}

static void
add_machine(struct gsp_json *v, const struct gsp_session *s, int64_t lease)
{
	struct gsp_buf address = GSP_BUF_INIT(GSP_ADDRESS_MAX);
	struct gsp_json *ssh;

	gsp_json_add_str(v, "session", s->id);
	gsp_json_add_str(v, "actor", s->actor);
	if (s->linode_id != 0)
		gsp_json_add_u64(v, "linode_id", s->linode_id);
	gsp_json_add_str(v, "label", s->label);
	gsp_json_add_str(v, "region", s->region);
	gsp_json_add_str(v, "type", s->type);
	if (s->ipv4[0] != '\0') {
		gsp_record_address(&address, s);
		gsp_json_add_str(v, "ipv4", s->ipv4);
		if (s->ipv6[0] != '\0')
			gsp_json_add_str(v, "ipv6", s->ipv6);
		gsp_json_add_str(v, "address", gsp_buf_str(&address));
	}
	ssh = gsp_json_add_obj(v, "ssh");
	gsp_json_add_str(ssh, "user", "root");
	gsp_json_add_u64(ssh, "port", 22);
	gsp_json_add_str(ssh, "host_key", s->host_key);
	gsp_json_add_u64(v, "generation", s->saved != 0 ? s->saved : s->base);
	gsp_json_add_time(v, "created", s->created);
	if (lease != 0)
		gsp_json_add_time(v, "lease", lease);
	if (s->hourly_usd >= 0)
		gsp_json_add_num(v, "hourly_usd", s->hourly_usd);
	gsp_buf_release(&address);
}

void
gsp_record_print(struct gsp_buf *out, const char *server, const struct gsp_session *s,
    int64_t lease)
{
	struct gsp_json *v = gsp_json_new_obj();

	gsp_json_add_str(v, "schema", "gsp.record/1");
	gsp_json_add_str(v, "server", server);
	gsp_json_add_str(v, "stage", s == NULL ? "none" : gsp_session_stage(s));
	if (s != NULL)
		add_machine(v, s, lease);
	gsp_json_print(out, v);
	gsp_json_free(v);
}

static int
copy_name(char *out, size_t size, const char *text, const char *key, struct gsp_err *err)
{
	if (strlen(text) >= size ||
	    strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(text) || text[0] == '-')
		return gsp_err_set(err, GSP_EREFUSED, "'%s' holds no name of ours", key);
	snprintf(out, size, "%s", text);
	return 0;
}

int
gsp_record_parse(struct gsp_record_name *out, const char *line, size_t len,
    struct gsp_err *err)
{
	struct gsp_record_name r;
	struct gsp_json *v = NULL;
	int rc = -1;

	if (gsp_json_parse(&v, line, len, err) == -1) {
		err->code = GSP_EREFUSED;
		return -1;
	}
	if (strcmp(gsp_json_str(v, "schema", ""), "gsp.record/1") != 0) {
		gsp_err_set(err, GSP_EREFUSED, "no gsp.record/1");
		goto out;
	}
	if (!gsp_server_name_ok(gsp_json_str(v, "server", ""))) {
		gsp_err_set(err, GSP_EREFUSED, "'server' holds no server's name");
		goto out;
	}
	gsp_json_copy(r.server, sizeof(r.server), v, "server");
	if (copy_name(r.session, sizeof(r.session), gsp_json_str(v, "session", ""), "session",
	        err) == -1)
		goto out;
	*out = r;
	rc = 0;
out:
	gsp_json_free(v);
	return rc;
}
