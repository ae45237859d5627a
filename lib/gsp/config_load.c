/* gsp/config: a server by its name. */
#include "base/nearest.h"
#include "fmt/yaml.h"
#include "gsp/config.h"
#include "gsp/config_parts.h"
#include "sys/io.h"

#include "base/banned.h"

static int
no_such_server(const struct gsp_home *h, const char *name, struct gsp_err *err)
{
	struct gsp_argv known = GSP_ARGV_INIT;
	struct gsp_err ignored = GSP_ERR_INIT;
	const char *near = NULL;

	(void)gsp_err_set(err, GSP_EUNAVAIL, "no such server '%.64s'", name);
	if (gsp_home_servers(h, &known, &ignored) == -1 || known.n == 0) {
		(void)gsp_err_hint(err, "'%s' has none yet; gsp-init --examples shows what to start from", h->dir);
	} else if ((near = gsp_nearest(name, (const char *const *)known.v)) != NULL) {
		(void)gsp_err_hint(err, "did you mean '%s'?", near);
	} else {
		struct gsp_buf list = GSP_BUF_INIT(512);

		for (size_t i = 0; i < known.n && gsp_buf_ok(&list); i++)
			gsp_buf_addf(&list, "%s'%s'", i > 0 ? ", " : "", known.v[i]);
		if (gsp_buf_ok(&list))
			(void)gsp_err_hint(err, "known: %s", gsp_buf_str(&list));
		gsp_buf_release(&list);
	}
	gsp_argv_release(&known);
	return -1;
}

int
gsp_server_conf_load(struct gsp_server_conf **out, const struct gsp_home *h, const char *name,
    struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF), text = GSP_BUF_INIT(GSP_YAML_MAX + 1);
	struct gsp_yaml_doc *doc = NULL;
	int rc = -1;

	if (!gsp_server_name_ok(name))
		return no_such_server(h, name, err);
	gsp_home_server_path(h, &path, name, "server.yaml");
	if (gsp_io_read_file(&text, gsp_buf_str(&path), err) == -1) {
		if (err->code == GSP_ENOTFOUND)
			(void)no_such_server(h, name, err);
		goto out;
	}
	if (gsp_yaml_parse(&doc, gsp_buf_str(&path), gsp_buf_str(&text), text.len, err) == -1)
		goto out;
	rc = gsp_server_conf_build(out, name, gsp_yaml_get(gsp_yaml_root(h->doc), "defaults"),
	    gsp_yaml_root(doc), gsp_buf_str(&path), err);
out:
	if (rc == -1 && err->code == GSP_ELIMIT)
		err->code = GSP_ECONFIG; /* a file that is too large is the user's to mend */
	gsp_yaml_free(doc);
	gsp_buf_release(&path);
	gsp_buf_release(&text);
	return rc;
}
