#include "gsp/dns_own.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "gsp/session.h"
#include "gsp/status.h"

#include "base/banned.h"

#define ENDED_MAX 10000 /* sessions that are over: 27 years of evenings */

static bool
in_state(const struct gsp_dns_state *st, const char *domain, const char *label,
    const char *target)
{
	for (size_t i = 0; i < st->n; i++)
		if ((domain == NULL || gsp_dns_place_named(&st->v[i], domain, label)) &&
		    gsp_dns_place_has(&st->v[i], target))
			return true;
	return false;
}

static bool
in_session(const struct gsp_session *s, const char *target)
{
	return gsp_dns_same_address(s->ipv4, target) || gsp_dns_same_address(s->ipv6, target);
}

static bool
in_ended(const struct gsp_dns_own *own, const char *target)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);
	DIR *d = opendir(gsp_home_state_path(own->home, &path, own->server, "ended"));
	struct gsp_err ignored = GSP_ERR_INIT;
	bool found = false;
	struct dirent *e;
	char id[33];

	for (size_t n = 0; d != NULL && !found && n < ENDED_MAX && (e = readdir(d)) != NULL; n++) {
		struct gsp_session *s = NULL;
		size_t len = strlen(e->d_name);

		if (len <= 5 || len - 5 >= sizeof(id) || strcmp(e->d_name + len - 5, ".json") != 0)
			continue;
		snprintf(id, sizeof(id), "%.*s", (int)(len - 5), e->d_name);
		if (gsp_session_load_ended(&s, own->home, own->server, id, &ignored) == 0 && s != NULL)
			found = in_session(s, target);
		gsp_session_free(s);
	}
	if (d != NULL)
		closedir(d);
	gsp_buf_release(&path);
	return found;
}

/* What another server of this home still owes: gsp_dns_own_free() has found no machine of it. */
static bool
in_others(const struct gsp_dns_own *own, const char *target)
{
	struct gsp_argv names = GSP_ARGV_INIT;
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_dns_state st;
	bool found = false;

	if (gsp_status_servers(&names, own->home, &ignored) == 0)
		for (size_t i = 0; i < names.n && !found; i++)
			found = strcmp(names.v[i], own->server) != 0 &&
			    gsp_dns_state_load(&st, own->home, names.v[i], &ignored) == 0 &&
			    in_state(&st, own->domain, own->label, target);
	gsp_argv_release(&names);
	return found;
}

bool
gsp_dns_own_known(void *ctx, const char *target)
{
	const struct gsp_dns_own *own = ctx;

	return gsp_dns_same_address(own->ipv4, target) || gsp_dns_same_address(own->ipv6, target) ||
	    in_state(own->state, NULL, NULL, target) || in_others(own, target) || in_ended(own, target);
}

/* Does the machine of that session go by the name, or is it going to? */
static bool
goes_by(const struct gsp_home *h, const struct gsp_session *s, const char *domain,
    const char *label, bool wish)
{
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_dns_state st;

	if (s->phase >= GSP_PHASE_DELETING)
		return false;
	if (wish && strcmp(s->conf->dns.domain, domain) == 0 &&
	    strcmp(gsp_dns_conf_label(&s->conf->dns, s->server), label) == 0)
		return true;
	if (gsp_dns_state_load(&st, h, s->server, &ignored) == -1)
		return false;
	for (size_t i = 0; i < st.n; i++)
		if (strcmp(st.v[i].session, s->id) == 0 && gsp_dns_place_named(&st.v[i], domain, label))
			return true;
	return false;
}

int
gsp_dns_own_free(const struct gsp_home *h, const char *server, const char *domain,
    const char *label, bool wish, struct gsp_err *err)
{
	struct gsp_argv names = GSP_ARGV_INIT;
	struct gsp_session *s = NULL;
	int rc = domain[0] == '\0' ? 0 : gsp_status_servers(&names, h, err);

	for (size_t i = 0; i < names.n && rc == 0; i++) {
		struct gsp_err damaged = GSP_ERR_INIT;

		if (strcmp(names.v[i], server) == 0 ||
		    gsp_session_load(&s, h, names.v[i], &damaged) == -1 || s == NULL)
			continue;
		if (goes_by(h, s, domain, label, wish))
			rc = gsp_err_set(err, GSP_EREFUSED, "the name '%s%s%s' leads to the machine of '%s' now; "
			    "'gsp down %s' first, or give '%s' another name in 'dns:'", label,
			    label[0] != '\0' ? "." : "", domain, names.v[i], names.v[i], server);
		gsp_session_free(s);
		s = NULL;
	}
	gsp_argv_release(&names);
	return rc;
}
