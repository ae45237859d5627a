/* gsp-saves diff: what differs between two generations, or files/. */
#include "saves_look.h"

#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "gsp/sync.h"

#include "base/banned.h"

static const char *
change_name(const struct gsp_delta *d)
{
	return d->change == GSP_ADDED ? "added" : d->change == GSP_REMOVED ? "removed" : "changed";
}

static void
print_size(const struct saves *s, const char *name, const struct gsp_entry *e)
{
	char text[24];

	if (e != NULL && e->type == 'f')
		gsp_out_pair(s->out, name, e->size, gsp_num_bytes(text, sizeof(text), e->size));
	else if (s->json)
		gsp_out_str(s->out, name, NULL);
	else
		gsp_out_pair(s->out, name, 0, "-"); /* a number's column */
}

void
saves_print_delta(struct saves *s, const struct gsp_delta *d)
{
	char type = gsp_delta_type(d);

	if (s->json) {
		gsp_out_str(s->out, "change", change_name(d));
		gsp_out_str(s->out, "what", d->what);
		gsp_out_str(s->out, "type", type == 'f' ? "file" : type == 'd' ? "directory" : "symlink");
	} else {
		/* nearly always it is the content */
		gsp_out_str(s->out, "change",
		    d->what != NULL && strcmp(d->what, "content") != 0 ? d->what : change_name(d));
	}
	print_size(s, "from", d->from);
	print_size(s, "to", d->to);
	if (!s->json && type == 'd') {
		struct gsp_buf path = GSP_BUF_INIT(GSP_LIST_PATH_MAX + 2);

		gsp_buf_addf(&path, "%s/", gsp_delta_path(d));
		gsp_out_str(s->out, "path", gsp_buf_str(&path));
		gsp_buf_release(&path);
	} else {
		gsp_out_str(s->out, "path", gsp_delta_path(d));
	}
	gsp_out_end(s->out);
}

static int
load_side(const struct gsp_history *h, const struct gsp_job *job, uint64_t n,
    struct gsp_list *out, struct gsp_err *err)
{
	if (saves_need(h, job, n, err) == -1)
		return -1;
	return gsp_history_list(h, n, out, err) == 0 ? 0 : saves_or_gone(h, job, n, err);
}

/* Both sides; number 0 is files/, which has no excluded paths. */
static int
load_sides(const struct gsp_history *h, const struct gsp_job *job, const uint64_t n[2],
    const struct gsp_server_conf *conf, struct gsp_list l[2], struct gsp_err *err)
{
	for (int i = 0; i < 2; i++)
		if (n[i] != 0 && load_side(h, job, n[i], &l[i], err) == -1)
			return -1;
	for (int i = 0; i < 2; i++)
		if (n[i] == 0) {
			gsp_list_drop(&l[1 - i], (const char *const *)conf->exclude.v);
			if (gsp_compare_files(h, &l[1 - i], &l[i], err) == -1)
				return -1;
		}
	return 0;
}

static int
parse_sides(uint64_t n[2], char **args, bool *files, struct gsp_err *err)
{
	*files = false;
	for (int i = 0; i < 2; i++) {
		n[i] = 0;
		if (strcmp(args[i], "files") == 0 || strcmp(args[i], "files/") == 0)
			*files = true;
		else if (saves_number(&n[i], args[i], err) == -1)
			return -1;
	}
	return n[0] == 0 && n[1] == 0
	    ? gsp_err_set(err, GSP_EUSAGE, "one side of 'diff' must be a generation")
	    : 0;
}

int
saves_diff(struct tool *t, struct gsp_job *job, void *ctx, struct gsp_err *err)
{
	struct saves *s = ctx;
	struct gsp_server_conf *own = NULL;
	const struct gsp_server_conf *conf = job->session != NULL ? job->session->conf : NULL;
	struct gsp_list l[2] = {GSP_LIST_INIT, GSP_LIST_INIT};
	struct gsp_deltas d = GSP_DELTAS_INIT;
	struct gsp_history *h = NULL;
	uint64_t n[2];
	bool files;
	int rc = -1;

	if (parse_sides(n, s->args, &files, err) == -1)
		return -1;
	if (files && conf == NULL) {
		if (gsp_server_conf_load(&own, t->home, job->server, err) == -1)
			goto out;
		conf = own;
	}
	if (gsp_sync_look(&h, job, conf, err) == -1 ||
	    load_sides(h, job, n, conf, l, err) == -1 ||
	    gsp_deltas_make(&d, &l[0], &l[1], err) == -1)
		goto out;
	for (size_t i = 0; i < d.n; i++)
		saves_print_delta(s, &d.v[i]);
	rc = 0;
out:
	gsp_deltas_release(&d);
	gsp_list_release(&l[0]);
	gsp_list_release(&l[1]);
	gsp_history_close(h);
	gsp_server_conf_free(own);
	return rc;
}
