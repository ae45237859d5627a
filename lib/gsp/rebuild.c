#include "gsp/rebuild.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gsp/moved.h"
#include "gsp/session.h"
#include "gsp/witness.h"
#include "sys/io.h"

#include "base/banned.h"

__attribute__((format(printf, 2, 3))) static void
refuse(struct gsp_rebuild_item *item, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(item->why, sizeof(item->why), fmt, ap);
	va_end(ap);
}

/* Against what this home remembers. False: it is known, there is nothing to do. */
static bool
judge(struct gsp_rebuild_item *item, const struct gsp_home *h, const struct gsp_witness *w)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_err bad = GSP_ERR_INIT;
	struct gsp_session *s = NULL;
	bool wanted = true;

	if (gsp_session_load(&s, h, w->server, &bad) == -1)
		refuse(item, "%.300s; move that file away, then 'gsp status --rebuild' again", bad.msg);
	else if (s != NULL && strcmp(s->id, w->session) == 0)
		wanted = s->taking_from[0] != '\0';
	else if (s != NULL)
		refuse(item, "this home has a session of '%s' of its own, %s, and machine '%s' (id %" PRIu64
		    ") is of session %s; 'gsp teardown --stray %" PRIu64 "' deletes it when its save is "
		    "home", w->server, s->id, w->it.label, item->id, w->session, item->id);
	else if (!gsp_io_exists(gsp_home_server_path(h, &path, w->server, "server.yaml")))
		refuse(item, "servers/%s/server.yaml is not here; bring it back from the home's repository, "
		    "then 'gsp status --rebuild' again", w->server);
	gsp_session_free(s);
	gsp_buf_release(&path);
	return wanted;
}

static bool
make_item(struct gsp_rebuild_item *item, const struct gsp_home *h, const struct gsp_instance *it)
{
	struct gsp_witness w;
	struct gsp_err bad = GSP_ERR_INIT;
	char label[65];

	memset(item, 0, sizeof(*item));
	memset(&w, 0, sizeof(w));
	w.it = *it;
	item->id = it->id;
	snprintf(item->server, sizeof(item->server), "%s", it->label);
	if (gsp_witness_tags(&w, &bad) == -1) {
		refuse(item, "%.390s", bad.msg);
		return true;
	}
	snprintf(item->server, sizeof(item->server), "%s", w.server);
	snprintf(label, sizeof(label), "gsp-%s", w.server);
	item->by_label = strcmp(label, it->label) == 0;
	return judge(item, h, &w);
}

/* The machine that has the server's label comes first: the label is the lock. */
static int
by_server(const void *a, const void *b)
{
	const struct gsp_rebuild_item *x = a, *y = b;
	int c = strcmp(x->server, y->server);

	if (c == 0 && x->by_label != y->by_label)
		return x->by_label ? -1 : 1;
	return c != 0 ? c : (x->id > y->id) - (x->id < y->id);
}

/* One machine for each server: which of two is meant, only the label can say. */
static void
refuse_doubles(struct gsp_rebuild *r)
{
	for (size_t i = 0, first = 0; i < r->n; i++) {
		struct gsp_rebuild_item *item = &r->v[i];

		if (strcmp(r->v[first].server, item->server) != 0)
			first = i;
		if (i > first && item->why[0] == '\0')
			refuse(item, "'%s' has another machine, id %" PRIu64 "; this one, id %" PRIu64 ", is "
			    "deleted with 'gsp teardown --stray %" PRIu64 "' when its save is home",
			    item->server, r->v[first].id, item->id, item->id);
		else if (i == first && !item->by_label && item->why[0] == '\0' && i + 1 < r->n &&
		    strcmp(r->v[i + 1].server, item->server) == 0)
			refuse(item, "'%s' has more than one machine (ids %" PRIu64 ", %" PRIu64 "), and none "
			    "is labelled 'gsp-%s': give that label to the one that is meant, in the Linode "
			    "manager", item->server, item->id, r->v[i + 1].id, item->server);
	}
}

int
gsp_rebuild_plan(struct gsp_rebuild *out, const struct gsp_home *h,
    const struct gsp_cloud *cloud, struct gsp_err *err)
{
	struct gsp_rebuild r = {NULL, 0};

	if ((r.v = calloc(cloud->nmachines + 1, sizeof(*r.v))) == NULL)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	for (size_t i = 0; i < cloud->nmachines; i++) {
		const struct gsp_instance *it = &cloud->machines[i];

		if (gsp_instance_tag(it, "gsp-home:") != NULL && gsp_moved_home(h, it) == NULL &&
		    it->status != GSP_LS_DELETING && make_item(&r.v[r.n], h, it))
			r.n++;
	}
	qsort(r.v, r.n, sizeof(*r.v), by_server);
	refuse_doubles(&r);
	*out = r;
	return 0;
}

void
gsp_rebuild_release(struct gsp_rebuild *r)
{
	free(r->v);
	r->v = NULL;
	r->n = 0;
}
