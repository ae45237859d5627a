#include "watch_pool.h"

#include <string.h>

#include "base/log.h"
#include "cli/exitcode.h"
#include "cli/say.h"
#include "sys/io.h"
#include "sys/sig.h"
#include "watch_kids.h"

#include "base/banned.h"

#define AT_ONCE 8
#define PART_S  180 /* measuring has 90 s of it, Linode 20, `say` 20 each */

struct pool {
	struct tool *t;
	const struct gsp_argv *names; /* those that are left begin at next */
	size_t next;
	const struct watch_opts *o;
	bool cloud; /* still to be looked at */
	struct kid kids[AT_ONCE];
	const char *what[AT_ONCE]; /* the server; "" the cloud; NULL: free */
	watch_row_fn *fn;
	void *ctx;
	bool failed;
	int status; /* of the first that failed */
};

static int
start(struct pool *p, size_t slot, const char *server, struct gsp_err *err)
{
	struct gsp_argv argv = GSP_ARGV_INIT;
	int rc = tool_argv(&argv, p->t->home, "gsp-watch", p->t->cli.actor, err);

	if (p->t->cli.verbose > 0)
		gsp_argv_push(&argv, p->t->cli.verbose > 1 ? "-vv" : "-v");
	if (p->o->now)
		gsp_argv_push(&argv, "--now");
	if (p->o->dry_run)
		gsp_argv_push(&argv, "--dry-run");
	gsp_argv_push(&argv, server[0] != '\0' ? "--part" : "--cloud");
	if (server[0] != '\0')
		gsp_argv_push(&argv, server);
	if (rc == 0 && (rc = kid_start(&p->kids[slot], &argv, NULL, PART_S, err)) == 0)
		p->what[slot] = server;
	gsp_argv_release(&argv);
	return rc;
}

static bool
has_session(struct pool *p, const char *server)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	bool yes = gsp_io_exists(gsp_home_state_path(p->t->home, &path, server, "session.json"));

	gsp_buf_release(&path);
	return yes;
}

/* What is to be looked at next, or NULL. The servers go before the strays: those cost more. */
static const char *
next_one(struct pool *p)
{
	while (p->next < p->names->n)
		if (has_session(p, p->names->v[p->next++]))
			return p->names->v[p->next - 1];
	if (!p->cloud)
		return NULL;
	p->cloud = false;
	return "";
}

static void
take(struct pool *p, size_t slot)
{
	struct kid *k = &p->kids[slot];
	const char *server = p->what[slot];
	struct gsp_err why = GSP_ERR_INIT;
	struct gsp_json *v = NULL;
	struct watch_row row;

	if (k->out.len > 0 && gsp_json_parse(&v, gsp_buf_str(&k->out), k->out.len, &why) == 0) {
		watch_row_read(&row, v);
		if (row.server[0] != '\0')
			p->fn(p->ctx, &row);
	}
	gsp_json_free(v);
	if (k->late)
		gsp_cli_warn("%s%slooking at it took more than %d s", server, server[0] != '\0' ? ": " : "Linode: ",
		    PART_S);
	else if (k->status != 0 && !p->failed) {
		p->failed = true;
		p->status = k->status;
	}
	kid_release(k);
	p->what[slot] = NULL;
}

static int
fill(struct pool *p, struct gsp_err *err)
{
	for (size_t i = 0; i < AT_ONCE && gsp_sig_pending() == 0; i++) {
		const char *server;

		if (p->what[i] != NULL)
			continue;
		p->kids[i].done = true;
		if ((server = next_one(p)) == NULL)
			continue;
		if (start(p, i, server, err) == -1)
			return -1;
	}
	return 0;
}

int
watch_pool(struct tool *t, const struct gsp_argv *names, const struct watch_opts *o, bool cloud,
    watch_row_fn *fn, void *ctx, struct gsp_err *err)
{
	struct pool p = {.t = t, .names = names, .o = o, .cloud = cloud, .fn = fn, .ctx = ctx};
	bool more = true;
	int rc = 0;

	for (size_t i = 0; i < AT_ONCE; i++)
		p.kids[i].done = true;
	while (more) {
		if (rc == 0)
			rc = fill(&p, err);
		more = kids_wait(p.kids, AT_ONCE);
		for (size_t i = 0; i < AT_ONCE; i++)
			if (p.what[i] != NULL && p.kids[i].done)
				take(&p, i);
	}
	if (gsp_sig_check(err) == -1)
		return -1;
	if (rc == 0 && p.failed) /* it has said why */
		rc = gsp_err_set(err, gsp_cli_status_code(p.status), "%s", "");
	return rc;
}
