/* What no server of this home accounts for. */
#include "gsp/status.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "gsp/moved.h"
#include "gsp/status_priv.h"

#include "base/banned.h"

/* The session of each server of this home, read once. */
struct here {
	char session[33]; /* "" none */
	uint64_t id;
	bool damaged;     /* nobody can tell which session; the server's own row says so */
};

struct ours {
	const struct gsp_argv *names; /* sorted */
	struct here *v;
};

static int
read_ours(struct ours *o, const struct gsp_home *h, const struct gsp_argv *names,
    struct gsp_err *err)
{
	struct gsp_session *s = NULL;
	struct gsp_err bad = GSP_ERR_INIT;

	o->names = names;
	if ((o->v = calloc(names->n + 1, sizeof(*o->v))) == NULL)
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	for (size_t i = 0; i < names->n; i++) {
		if (gsp_session_load(&s, h, names->v[i], &bad) == -1) {
			o->v[i].damaged = true;
			continue;
		}
		if (s != NULL) {
			snprintf(o->v[i].session, sizeof(o->v[i].session), "%s", s->id);
			o->v[i].id = s->linode_id;
		}
		gsp_session_free(s);
	}
	return 0;
}

static int
by_name(const void *a, const void *b)
{
	return strcasecmp(*(char *const *)a, *(char *const *)b);
}

/* What is known here of a server of this home; NULL if it has no such server. */
static const struct here *
known_here(const struct ours *o, const char *server)
{
	char **at = server == NULL || o->names->n == 0 ? NULL
	    : bsearch(&server, o->names->v, o->names->n, sizeof(*o->names->v), by_name);

	return at != NULL ? &o->v[at - o->names->v] : NULL;
}

static bool
accounted(const struct ours *o, const struct gsp_cloud *cloud, const struct gsp_instance *it)
{
	const char *server = gsp_instance_tag(it, "gsp-server:");
	const struct here *here = known_here(o, server);

	if (here == NULL)
		return false;
	/* without a session here the server's own row tells of the machine with its label */
	return (here->session[0] != '\0' ? gsp_cloud_machine(cloud, here->id, here->session)
	                                 : gsp_status_unknown(cloud, server)) == it;
}

static void
start_row(struct gsp_status_row *r, const char *label, const char *home)
{
	memset(r, 0, sizeof(*r));
	snprintf(r->server, sizeof(r->server), "%s", label);
	snprintf(r->home, sizeof(r->home), "%.8s", home != NULL ? home : "");
	r->hourly_usd = r->so_far_usd = -1;
	r->players = -1;
}

static void
stray_machine(struct gsp_status_row *r, const struct gsp_home *h, const struct ours *o,
    const struct gsp_cloud *cloud, const struct gsp_instance *it)
{
	const char *home = gsp_instance_tag(it, "gsp-home:");
	const char *server = gsp_instance_tag(it, "gsp-server:");
	const char *session = gsp_instance_tag(it, "gsp-session:");
	bool other = gsp_moved_home(h, it) != NULL;

	start_row(r, it->label, home);
	gsp_status_fill_cloud(r, cloud, it);
	snprintf(r->session, sizeof(r->session), "%.32s", session != NULL ? session : "");
	snprintf(r->stage, sizeof(r->stage), "%s", other ? "other-home" : "stray");
	snprintf(r->next, sizeof(r->next), "gsp teardown --stray %" PRIu64 "%s", it->id,
	    other ? " --take-over" : "");
	if (it->status == GSP_LS_DELETING)
		snprintf(r->why, sizeof(r->why), "machine %" PRIu64 " is being deleted", it->id);
	else if (other)
		snprintf(r->why, sizeof(r->why), "machine %" PRIu64 " is of home %s (%s): bring it down "
		    "there, or move it here and end it", it->id, home, it->status_text);
	else if (home == NULL || server == NULL || session == NULL)
		snprintf(r->why, sizeof(r->why), "machine %" PRIu64 " has the tag 'gsp' and not those that "
		    "say whose it is (%s); it costs until it is deleted", it->id, it->status_text);
	else if (known_here(o, server) == NULL)
		snprintf(r->why, sizeof(r->why), "machine %" PRIu64 " is of this home's server '%.28s', which "
		    "is not in servers/ (%s); it costs until it is deleted", it->id, server, it->status_text);
	else
		snprintf(r->why, sizeof(r->why), "machine %" PRIu64 " is of server '%.28s', which has %s; it "
		    "has no session here (%s) and costs until it is deleted", it->id, server,
		    known_here(o, server)->session[0] != '\0' ? "another session" : "another label", it->status_text);
}

static const char *
tag_of(const struct gsp_firewall *fw, const char *prefix)
{
	for (size_t i = 0; i < fw->ntags; i++)
		if (strncasecmp(fw->tags[i], prefix, strlen(prefix)) == 0)
			return fw->tags[i] + strlen(prefix);
	return NULL;
}

/* A firewall costs nothing; one without a machine is left over from a delete that broke off. */
static bool
stray_firewall(struct gsp_status_row *r, const struct gsp_home *h, const struct ours *o,
    const struct gsp_cloud *c, const struct gsp_firewall *fw)
{
	const char *home = tag_of(fw, "gsp-home:");
	const struct here *here = known_here(o, strncmp(fw->label, "gsp-", 4) == 0 ? fw->label + 4 : NULL);
	bool other = home != NULL && strcasecmp(home, h->id) != 0;

	if (gsp_cloud_labelled(c, fw->label) != NULL || (!other && here != NULL &&
	        (here->session[0] != '\0' || here->damaged)))
		return false;
	start_row(r, fw->label, home);
	r->firewall_id = fw->id;
	r->since = fw->created;
	snprintf(r->stage, sizeof(r->stage), "%s", other ? "other-home" : "stray");
	if (fw->ndevices > 0) {
		snprintf(r->why, sizeof(r->why), "firewall %" PRIu64 " protects %zu machine%s that gsp's tags "
		    "do not name; it is left alone", fw->id, fw->ndevices, fw->ndevices == 1 ? "" : "s");
		return true;
	}
	snprintf(r->next, sizeof(r->next), "gsp teardown --stray firewall:%" PRIu64 "%s", fw->id,
	    other || home == NULL ? " --take-over" : "");
	snprintf(r->why, sizeof(r->why), "firewall %" PRIu64 "%s%s without a machine; it costs nothing",
	    fw->id, other ? " of home " : "", other ? r->home : "");
	return true;
}

int
gsp_status_strays(const struct gsp_home *h, const struct gsp_argv *names,
    const struct gsp_cloud *cloud, gsp_status_fn *fn, void *ctx, struct gsp_err *err)
{
	struct gsp_status_row r;
	struct ours o;
	int rc = -1;

	if (read_ours(&o, h, names, err) == -1)
		goto out;
	for (size_t i = 0; i < cloud->ntagged; i++) {
		if (accounted(&o, cloud, &cloud->machines[i]))
			continue;
		stray_machine(&r, h, &o, cloud, &cloud->machines[i]);
		if (fn(ctx, &r, err) == -1)
			goto out;
	}
	for (size_t i = 0; i < cloud->nfirewalls; i++)
		if (stray_firewall(&r, h, &o, cloud, &cloud->firewalls[i]) && fn(ctx, &r, err) == -1)
			goto out;
	rc = 0;
out:
	free(o.v);
	return rc;
}
