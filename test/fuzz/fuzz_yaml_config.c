/*
 * Any bytes as gsp.yaml and as server.yaml, with the one as the other's defaults. What is
 * accepted must survive the journal unchanged.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fmt/yaml.h"
#include "gsp/config.h"
#include "gsp/config_parts.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
through_journal(const struct gsp_server_conf *s)
{
	struct gsp_json *a = gsp_json_new_obj(), *b = gsp_json_new_obj(), *read = NULL;
	struct gsp_buf ta = GSP_BUF_INIT(GSP_YAML_MAX * 8), tb = GSP_BUF_INIT(GSP_YAML_MAX * 8);
	struct gsp_server_conf *t = NULL;
	struct gsp_err err = GSP_ERR_INIT;

	gsp_server_conf_to_json(s, a);
	gsp_json_print(&ta, a);
	if (gsp_json_parse(&read, gsp_buf_str(&ta), ta.len, &err) == -1 ||
	    gsp_server_conf_from_json(&t, s->name, read, &err) == -1)
		abort();
	gsp_server_conf_to_json(t, b);
	gsp_json_print(&tb, b);
	if (ta.len != tb.len || memcmp(ta.data, tb.data, ta.len) != 0)
		abort();
	gsp_server_conf_free(t);
	gsp_json_free(a);
	gsp_json_free(b);
	gsp_json_free(read);
	gsp_buf_release(&ta);
	gsp_buf_release(&tb);
}

static void
as_home(const char *text, size_t size)
{
	struct gsp_home *h = calloc(1, sizeof(*h));
	struct gsp_err err = GSP_ERR_INIT;

	if (h != NULL && (h->dir = strdup("/srv/home")) != NULL)
		(void)gsp_home_parse(h, "gsp.yaml", text, size, &err);
	gsp_home_free(h);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const struct gsp_yaml *root;
	struct gsp_server_conf *s = NULL;
	struct gsp_yaml_doc *doc = NULL;
	struct gsp_err err = GSP_ERR_INIT;

	as_home(text, size);
	if (gsp_yaml_parse(&doc, "server.yaml", text, size, &err) == -1)
		return 0;
	root = gsp_yaml_root(doc);
	if (gsp_server_conf_build(&s, "vanilla", gsp_yaml_get(root, "defaults"), root,
		"server.yaml", &err) == 0)
		through_journal(s);
	gsp_server_conf_free(s);
	gsp_yaml_free(doc);
	return 0;
}
