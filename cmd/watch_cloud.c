#include "watch_cloud.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/num.h"
#include "gsp/cloud.h"
#include "gsp/dns.h"
#include "gsp/job.h"
#include "gsp/lease_tag.h"
#include "gsp/notice.h"
#include "gsp/reconcile.h"
#include "gsp/state_file.h"
#include "gsp/status.h"
#include "sys/io.h"
#include "sys/lock.h"

#include "base/banned.h"

#define EACH_S     600
#define SOON_S     60
#define FAILING_S  1800
#define STRAYS_MAX 1000
#define BUDGET_MS  60000

static const char schema[] = "gsp.watch-cloud/1";

struct stray {
	uint64_t id;
	bool told;
};

struct memory {
	int64_t looked, failing;
	bool failing_told;
	struct stray v[STRAYS_MAX];
	size_t n;
};

struct look {
	struct tool *t;
	const struct memory *was;
	struct memory *now;
};

/* ---- memory ---- */

static const char *
memory_path(const struct gsp_home *h, struct gsp_buf *b)
{
	return gsp_home_path(h, b, "state/watch-cloud.json");
}

static void
read_memory(struct memory *m, const struct gsp_home *h)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_json *v;

	memset(m, 0, sizeof(*m));
	if (gsp_state_file_read(&v, memory_path(h, &path), schema, &ignored) == 0 && v != NULL) {
		m->looked = (int64_t)gsp_json_u64(v, "looked", 0);
		m->failing = (int64_t)gsp_json_u64(v, "failing", 0);
		m->failing_told = gsp_json_bool(v, "failing_told", false);
		for (const struct gsp_json *e = gsp_json_first(gsp_json_get(v, "strays"));
		     e != NULL && m->n < STRAYS_MAX; e = gsp_json_next(e))
			m->v[m->n++] = (struct stray){gsp_json_u64(e, "id", 0), gsp_json_bool(e, "told", false)};
	}
	gsp_json_free(v);
	gsp_buf_release(&path);
}

static int
write_memory(const struct memory *m, const struct gsp_home *h, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_json *v = gsp_json_new_obj(), *list, *e;
	int rc;

	gsp_json_add_str(v, "schema", schema);
	gsp_json_add_u64(v, "looked", (uint64_t)m->looked);
	gsp_json_add_u64(v, "failing", (uint64_t)m->failing);
	gsp_json_add_bool(v, "failing_told", m->failing_told);
	list = gsp_json_add_arr(v, "strays");
	for (size_t i = 0; i < m->n; i++) {
		e = gsp_json_add_obj(list, NULL);
		gsp_json_add_u64(e, "id", m->v[i].id);
		gsp_json_add_bool(e, "told", m->v[i].told);
	}
	rc = gsp_state_file_write(v, memory_path(h, &path), err);
	gsp_json_free(v);
	gsp_buf_release(&path);
	return rc;
}

bool
watch_cloud_due(const struct gsp_home *h, int64_t now)
{
	struct memory *m = calloc(1, sizeof(*m));
	bool soon = false, due;

	if (m == NULL)
		return false;
	read_memory(m, h);
	for (size_t i = 0; i < m->n; i++)
		soon = soon || !m->v[i].told;
	/* a clock that was set back makes one look too many */
	due = m->looked > now || now - m->looked >= (soon ? SOON_S : EACH_S);
	free(m);
	return due;
}

/* ---- a look ---- */

/* A machine that nobody here accounts for: noted, and told when it was there the last time, too. */
static int
see(void *ctx, const struct gsp_status_row *r, struct gsp_err *err)
{
	struct gsp_buf text = GSP_BUF_INIT(8192);
	struct look *l = ctx;
	bool seen = false, told = false;

	(void)err;
	/* another home's is its own business; a firewall costs nothing */
	if (strcmp(r->stage, "stray") != 0 || r->linode_id == 0 || l->now->n == STRAYS_MAX)
		return 0;
	for (size_t i = 0; i < l->was->n; i++)
		if (l->was->v[i].id == r->linode_id) {
			seen = true;
			told = l->was->v[i].told;
		}
	if (seen && !told) {
		gsp_status_sentence(&text, r, gsp_wall_s());
		gsp_notice(l->t->home, NULL, NULL, GSP_NOTICE_STRAY, gsp_buf_str(&text));
	}
	l->now->v[l->now->n++] = (struct stray){r->linode_id, seen};
	gsp_buf_release(&text);
	return 0;
}

/* A lease that was moved while Linode did not answer gets its tag now; nothing is asked when that is
 * right. A take-over that needs it is rare: what fails is left to the next look. */
static void
mend_tag(struct look *l, const char *server, const struct gsp_cloud *cloud)
{
	struct gsp_err why = GSP_ERR_INIT;
	const struct gsp_instance *it = NULL;
	struct gsp_job *job = NULL;

	if (gsp_job_open(&job, l->t->home, server, l->t->cli.actor, NULL, "watch", GSP_JOB_LOOK, &why) == 0 &&
	    job->session != NULL && job->session->taking_from[0] == '\0')
		it = gsp_cloud_machine(cloud, job->session->linode_id, job->session->id);
	if (it != NULL && it->status != GSP_LS_DELETING && gsp_lease_sync_tag(job, it, &why) == -1)
		gsp_debug("%s: the lease's tag: %s", server, why.msg);
	gsp_job_close(job);
}

static void
mended(void *ctx, const char *text)
{
	(void)ctx;
	gsp_debug("%s", text);
}

static int
look_with(struct look *l, struct gsp_linode *api, struct gsp_err *err)
{
	struct gsp_argv names = GSP_ARGV_INIT;
	struct gsp_status_row row;
	struct gsp_cloud cloud;
	int rc = -1;

	memset(&cloud, 0, sizeof(cloud));
	if (gsp_cloud_read(&cloud, l->t->home, api, err) == -1 ||
	    gsp_status_servers(&names, l->t->home, err) == -1)
		goto out;
	for (size_t i = 0; i < names.n; i++) {
		if (gsp_status_server(&row, l->t->home, names.v[i], &cloud, NULL, err) == -1 ||
		    see(l, &row, err) == -1)
			goto out;
		mend_tag(l, names.v[i], &cloud);
	}
	if (gsp_status_strays(l->t->home, &names, &cloud, see, l, err) == -1)
		goto out;
	rc = gsp_reconcile(l->t->home, api, &cloud, l->t->cli.actor, mended, NULL, err) == -1 ||
	        gsp_dns_settle(l->t->home, api, mended, NULL, err) == -1
	    ? -1
	    : 0;
out:
	gsp_argv_release(&names);
	gsp_cloud_release(&cloud);
	return rc;
}

static int
look(struct look *l, struct gsp_err *err)
{
	struct gsp_linode *api = NULL;
	int rc = gsp_home_api(&api, l->t->home, BUDGET_MS, err);

	if (rc == 0)
		rc = look_with(l, api, err);
	gsp_linode_free(api);
	return rc;
}

/* What was not seen is not gone. */
static void
note_failure(struct look *l, const struct gsp_err *why)
{
	int64_t now = l->now->looked;
	char text[700], span[48];

	l->now->n = l->was->n;
	memcpy(l->now->v, l->was->v, sizeof(l->now->v));
	l->now->failing = l->was->failing > 0 && l->was->failing <= now ? l->was->failing : now;
	l->now->failing_told = l->was->failing_told && l->was->failing > 0;
	gsp_debug("Linode could not be asked: %s", why->msg);
	if (l->now->failing_told || (why->code != GSP_EAUTH && now - l->now->failing < FAILING_S))
		return;
	l->now->failing_told = true;
	snprintf(text, sizeof(text), "Linode cannot be asked since %s, so no stop can delete a machine: "
	    "%.500s", gsp_num_span(span, sizeof(span), now - l->now->failing), why->msg);
	gsp_notice(l->t->home, NULL, NULL, GSP_NOTICE_FAILED, text);
}

int
watch_cloud(struct tool *t, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct memory *m = calloc(2, sizeof(*m));
	struct look l = {t, &m[0], &m[1]};
	struct gsp_err why = GSP_ERR_INIT;
	char note[GSP_LOCK_NOTE];
	int lock = -1, rc = -1;

	if (m == NULL)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	if (gsp_home_state_make(t->home, NULL, err) == -1 ||
	    gsp_lock_take(&lock, gsp_home_path(t->home, &path, "state/watch-cloud.lock"),
	        gsp_lock_who(note, "watch", "strays"), -1, err) == -1 ||
	    gsp_io_sweep(gsp_home_path(t->home, &path, "state"), err) == -1)
		goto out;
	read_memory(&m[0], t->home);
	m[1].looked = gsp_wall_s();
	if (look(&l, &why) == -1) {
		if (why.code == GSP_ECANCEL) {
			*err = why;
			goto out;
		}
		note_failure(&l, &why);
	}
	rc = write_memory(&m[1], t->home, err);
out:
	if (rc == -1 && err->code == GSP_ETEMP) { /* another watch looks */
		gsp_err_clear(err);
		rc = 0;
	}
	gsp_lock_drop(lock);
	free(m);
	gsp_buf_release(&path);
	return rc;
}
