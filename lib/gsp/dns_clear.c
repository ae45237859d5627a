/* gsp/dns, part two: nothing leads to a machine that is gone. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"
#include "gsp/dns.h"
#include "gsp/dns_int.h"
#include "gsp/dns_records.h"
#include "gsp/dns_script.h"
#include "gsp/status.h"
#include "linode/instance.h"
#include "sys/io.h"
#include "sys/lock.h"

#include "base/banned.h"

#define CLEAR_MS 10000 /* the machine costs meanwhile */

/* ---- removing ---- */

/* Is the machine of this place gone? Only the account it was made in can tell. */
static int
is_gone(const struct gsp_dns_place *p, const struct gsp_home *h, struct gsp_linode *api,
    bool *gone, struct gsp_err *err)
{
	struct gsp_instance it;

	*gone = false;
	if (strncmp(p->api_url, h->api_url, sizeof(p->api_url) - 1) != 0)
		return 0;
	if (gsp_instance_get(api, p->linode_id, &it, err) == 0)
		return 0;
	if (err->code != GSP_ENOTFOUND)
		return -1;
	gsp_err_clear(err);
	*gone = true;
	return 0;
}

/* One place: 1 nothing of it is left, 0 its machine is there still, -1. */
static int
remove_place(const struct gsp_dns_place *p, const struct gsp_home *h, struct gsp_linode *api,
    bool going, struct gsp_err *err)
{
	bool gone = going;

	if (!going && is_gone(p, h, api, &gone, err) == -1)
		return -1;
	if (!gone)
		return 0;
	return gsp_dns_records_clear(api, p, err) == -1 ? -1 : 1;
}

/* Every place of a machine that is gone, or that is of the session ${going} (may be NULL), and is
 * not of ${living} (may be NULL). The first error is kept, and with the place why. */
static int
remove_places(struct gsp_dns_state *st, const struct gsp_home *h, struct gsp_linode *api,
    const char *going, const char *living, struct gsp_err *err)
{
	struct gsp_err first = GSP_ERR_INIT;

	for (size_t i = 0; i < st->n;) {
		struct gsp_dns_place *p = &st->v[i];
		struct gsp_err why = GSP_ERR_INIT;
		int rc = 0;

		if (living == NULL || strcmp(p->session, living) != 0)
			rc = remove_place(p, h, api, going != NULL && strcmp(p->session, going) == 0, &why);
		if (rc == 1) {
			gsp_dns_state_drop(st, i);
			continue;
		}
		if (rc == -1) {
			char full[GSP_DNS_NAME];

			p->since = gsp_wall_s();
			snprintf(p->why, sizeof(p->why), "%.190s", why.msg);
			if (first.code == GSP_OK) {
				first = why;
				gsp_err_wrap(&first, "'%s' still leads to %s", gsp_dns_place_full(p, full,
				    sizeof(full)), p->ipv4);
			}
			if (why.code == GSP_ECANCEL) {
				first = why;
				break;
			}
		}
		i++;
	}
	if (first.code == GSP_OK)
		return 0;
	*err = first;
	return -1;
}

int
gsp_dns_remove(struct gsp_job *job, struct gsp_dns_state *st, const char *going,
    const char *living, struct gsp_err *err)
{
	int64_t former;
	int rc;

	if (st->n == 0 || (st->n == 1 && living != NULL && strcmp(st->v[0].session, living) == 0))
		return 0;
	if (gsp_job_api(job, err) == -1)
		return -1;
	former = gsp_linode_set_deadline(job->api, gsp_now_ms() + CLEAR_MS);
	rc = remove_places(st, job->home, job->api, going, living, err);
	gsp_linode_set_deadline(job->api, former);
	return rc;
}

static int64_t
limit_of(struct gsp_job *job)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_server_conf *conf = NULL;
	int64_t s = 60;

	if (job->session != NULL)
		return job->session->conf->timeouts.dns_s;
	if (gsp_server_conf_load(&conf, job->home, job->server, &ignored) == 0)
		s = conf->timeouts.dns_s;
	gsp_server_conf_free(conf);
	return s;
}

/* `dns down`, if `dns up` was ever called; a script that is gone is owed nothing. */
static int
tell_down(struct gsp_job *job, struct gsp_dns_state *st, struct gsp_err *err)
{
	if (!st->told.up)
		return 0;
	if (gsp_dns_script_there(job->home, job->server) &&
	    gsp_dns_script_run(job->home, job->server, false, &st->told, limit_of(job), err) == -1) {
		st->told.done = false;
		st->told.since = gsp_wall_s();
		snprintf(st->told.why, sizeof(st->told.why), "%.190s", err->msg);
		return -1;
	}
	memset(&st->told, 0, sizeof(st->told));
	return 0;
}

void
gsp_dns_join(struct gsp_err *err, const struct gsp_err *more)
{
	if (err->code == GSP_OK || more->code == GSP_ECANCEL)
		*err = *more;
	else
		gsp_err_hint(err, "%.400s", more->msg);
}

int
gsp_dns_clear(struct gsp_job *job, struct gsp_err *err)
{
	struct gsp_err why = GSP_ERR_INIT, lost = GSP_ERR_INIT;
	struct gsp_dns_state st;

	assert(job->lock_fd >= 0);
	gsp_err_clear(err); /* what it says below is gathered in it */
	if (gsp_dns_state_load(&st, job->home, job->server, err) == -1)
		return -1;
	if (st.n == 0 && !st.told.up)
		return 0;
	if (gsp_dns_remove(job, &st, job->session != NULL ? job->session->id : NULL, NULL, err) == -1 &&
	    err->code == GSP_ECANCEL)
		return -1;
	if (tell_down(job, &st, &why) == -1)
		gsp_dns_join(err, &why);
	if (gsp_dns_state_save(&st, job->home, job->server, &lost) == -1)
		gsp_dns_join(err, &lost);
	return err->code == GSP_OK ? 0 : -1;
}

int
gsp_dns_moved(const struct gsp_home *h, const char *server, struct gsp_err *err)
{
	struct gsp_dns_state st;

	if (gsp_dns_state_load(&st, h, server, err) == -1)
		return -1;
	if (!st.told.up)
		return 0;
	memset(&st.told, 0, sizeof(st.told));
	return gsp_dns_state_save(&st, h, server, err);
}

/* ---- whoever comes by ---- */

static void
settle_one(struct gsp_home *h, struct gsp_linode *api, const char *server,
    void (*warn)(void *ctx, const char *text), void *ctx, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_session *s = NULL;
	struct gsp_dns_state st;
	char text[GSP_ERR_MAX + 64];
	int fd = -1;

	/* looked at first without the lock: there is hardly ever anything to do */
	if (!gsp_io_exists(gsp_home_state_path(h, &path, server, "dns.json")) ||
	    gsp_dns_state_load(&st, h, server, err) == -1 || gsp_session_load(&s, h, server, err) == -1 ||
	    st.n == 0 || (st.n == 1 && s != NULL && strcmp(st.v[0].session, s->id) == 0))
		goto out;
	gsp_session_free(s);
	s = NULL;
	if (gsp_lock_take(&fd, gsp_home_state_path(h, &path, server, "lock"), "status: dns", -1, err) ==
	    -1) {
		gsp_err_clear(err); /* whoever has it sees to it */
		goto out;
	}
	if (gsp_dns_state_load(&st, h, server, err) == -1 || gsp_session_load(&s, h, server, err) == -1)
		goto out;
	if (remove_places(&st, h, api, NULL, s != NULL ? s->id : NULL, err) == -1 &&
	    err->code == GSP_ECANCEL)
		goto out;
	(void)gsp_dns_state_save(&st, h, server, err);
out:
	gsp_lock_drop(fd);
	gsp_session_free(s);
	gsp_buf_release(&path);
	if (err->code != GSP_OK && err->code != GSP_ECANCEL) {
		snprintf(text, sizeof(text), "%s: %s", server, err->msg);
		warn(ctx, text);
		gsp_err_clear(err);
	}
}

int
gsp_dns_settle(struct gsp_home *h, struct gsp_linode *api,
    void (*warn)(void *ctx, const char *text), void *ctx, struct gsp_err *err)
{
	struct gsp_argv names = GSP_ARGV_INIT;
	int64_t former = gsp_linode_set_deadline(api, gsp_now_ms() + CLEAR_MS);

	if (gsp_status_servers(&names, h, err) == -1)
		gsp_err_clear(err); /* whoever shows them says so */
	for (size_t i = 0; i < names.n && err->code != GSP_ECANCEL; i++)
		settle_one(h, api, names.v[i], warn, ctx, err);
	gsp_linode_set_deadline(api, former);
	gsp_argv_release(&names);
	return err->code == GSP_ECANCEL ? -1 : 0;
}

void
gsp_dns_text(const struct gsp_home *h, const char *server, const char *session, char *out,
    size_t size)
{
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_dns_state st;
	char full[GSP_DNS_NAME], age[48];

	out[0] = '\0';
	if (gsp_dns_state_load(&st, h, server, &err) == -1) {
		snprintf(out, size, "dns: %s", err.msg);
		return;
	}
	for (size_t i = 0; i < st.n; i++) {
		const struct gsp_dns_place *p = &st.v[i];
		bool here = session != NULL && strcmp(p->session, session) == 0;

		if (p->why[0] == '\0')
			continue;
		snprintf(out, size, here ? "%.80s may not lead to the machine (%.190s); 'gsp up %s' tries "
		                           "it again"
		                         : "%.80s still leads to a machine that is gone (%.190s); 'gsp down "
		                           "%s' tries it again",
		    gsp_dns_place_full(p, full, sizeof(full)), p->why, server);
		return;
	}
	if (!st.told.up || st.told.why[0] == '\0')
		return;
	gsp_num_span(age, sizeof(age), gsp_wall_s() > st.told.since ? gsp_wall_s() - st.told.since : 0);
	snprintf(out, size, "the script dns failed %s ago (%.190s); 'gsp %s %s' tries it again", age,
	    st.told.why, session != NULL ? "up" : "down", server);
}
