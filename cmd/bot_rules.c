/* bot_rules: who may what, from gsp.yaml as it is now. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "base/num.h"
#include "cli/say.h"
#include "bot_mon.h"

#include "base/banned.h"

static void
look(struct stat *st, const struct gsp_home *h)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF);

	if (stat(gsp_home_path(h, &path, "gsp.yaml"), st) == -1)
		memset(st, 0, sizeof(*st));
	gsp_buf_release(&path);
}

static bool
same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
	    a->st_uid == b->st_uid && a->st_mode == b->st_mode &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	    a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static void
reload(struct mon *m, bool quietly)
{
	struct gsp_err err = GSP_ERR_INIT;
	struct gsp_home *h = NULL;
	struct stat now;

	look(&now, m->t->home);
	if (same_file(&now, &m->yaml) && (m->broken || now.st_nlink > 0)) /* none there is none as before */
		return;
	m->yaml = now;
	if (gsp_home_open(&h, m->t->home->dir, &err) == 0 && !h->discord.set)
		(void)gsp_err_set(&err, GSP_ECONFIG, "there is no discord: in gsp.yaml any more");
	m->broken = err.code != GSP_OK;
	if (m->broken) {
		gsp_cli_error("%s; until that is mended the bot refuses everything", err.msg);
		gsp_home_free(h);
		return;
	}
	gsp_home_free(m->t->home);
	m->t->home = h;
	if (!quietly)
		gsp_cli_warn("gsp.yaml was read again");
}

void
mon_first_rules(struct mon *m)
{
	memset(&m->yaml, 0, sizeof(m->yaml)); /* it may have changed since it was opened */
	reload(m, true);
}

void
mon_reload(struct mon *m)
{
	reload(m, false);
}

static uint64_t
id_of(const char *text)
{
	uint64_t id;

	return gsp_num_u64(&id, text, 1, UINT64_MAX) == 0 ? id : 0;
}

int
mon_here(struct mon *m, const struct gsp_talk_who *w, char why[WHY_MAX])
{
	uint64_t channel = id_of(w->channel), parent = id_of(w->parent);
	const struct gsp_discord_conf *c;

	mon_reload(m);
	c = &m->t->home->discord;
	if (m->broken) {
		snprintf(why, WHY_MAX, "gsp.yaml cannot be read: the owner must mend gsp.yaml");
		return -1;
	}
	if (w->guild[0] == '\0') {
		snprintf(why, WHY_MAX, "not in direct messages: ask in a channel of the Discord server that "
		    "this bot serves");
		return -1;
	}
	if (id_of(w->guild) != c->guild) {
		snprintf(why, WHY_MAX, "this bot does not serve this Discord server");
		return -1;
	}
	for (size_t i = 0; i < c->nchannels; i++)
		if (c->channels[i] == channel || (parent != 0 && c->channels[i] == parent))
			return 0;
	if (c->nchannels == 0)
		return 0;
	snprintf(why, WHY_MAX, "not in this channel: ask in <#%" PRIu64 ">", c->channels[0]);
	return -1;
}

unsigned
mon_rights(const struct mon *m, const struct gsp_talk_who *w, const char *server)
{
	uint64_t roles[GSP_TALK_ROLES_MAX];

	for (size_t i = 0; i < w->nroles; i++)
		roles[i] = id_of(w->roles[i]);
	return m->broken ? 0 : gsp_discord_rights(&m->t->home->discord, id_of(w->user), roles, w->nroles,
	    server);
}

enum gsp_right
mon_right_of(enum gsp_verb v, uint64_t save)
{
	switch (v) {
	case GSP_VERB_STATUS:
	case GSP_VERB_LIST:
	case GSP_VERB_PLAYERS:
	case GSP_VERB_SAVES:
	case GSP_VERB_COST: return GSP_RIGHT_VIEW;
	case GSP_VERB_UP: return save != 0 ? GSP_RIGHT_RESTORE : GSP_RIGHT_OPERATE;
	case GSP_VERB_DOWN:
	case GSP_VERB_RESTART:
	case GSP_VERB_SAY:
	case GSP_VERB_LOGS: return GSP_RIGHT_OPERATE;
	case GSP_VERB_EXTEND:
	case GSP_VERB_HOLD: return GSP_RIGHT_EXTEND;
	case GSP_VERB_RESTORE: return GSP_RIGHT_RESTORE;
	}
	return GSP_RIGHT_ADMIN;
}

/* up with an older save is two things: it starts a machine, and it goes back. */
static unsigned
wanted(enum gsp_verb v, uint64_t save)
{
	return mon_right_of(v, save) |
	    (v == GSP_VERB_UP ? (unsigned)GSP_RIGHT_OPERATE : 0);
}

static int
not_allowed(const struct mon *m, enum gsp_verb v, enum gsp_right right, const char *server,
    char why[WHY_MAX])
{
	char roles[400];

	gsp_discord_who_may(roles, sizeof(roles), &m->t->home->discord, right, server);
	if (roles[0] != '\0')
		snprintf(why, WHY_MAX, "you may not use '/server %s'%s%s here: that takes %s",
		    gsp_verb_name(v), server != NULL ? " for " : "", server != NULL ? server : "", roles);
	else
		snprintf(why, WHY_MAX, "you may not use '/server %s'%s%s here: no role allows it ('%s'; the "
		    "owner says who may, in gsp.yaml)", gsp_verb_name(v), server != NULL ? " for " : "",
		    server != NULL ? server : "", gsp_right_name(right));
	return -1;
}

int
mon_servers(const struct mon *m, const struct gsp_talk_who *w, enum gsp_right right,
    struct gsp_argv *names, struct gsp_err *err)
{
	const struct gsp_argv *all;

	if (seen_servers(m, &all, err) == -1)
		return -1;
	for (size_t i = 0; i < all->n; i++)
		if ((mon_rights(m, w, all->v[i]) & right) != 0)
			gsp_argv_push(names, all->v[i]);
	return names->failed ? gsp_err_set(err, GSP_ESYS, "out of memory") : 0;
}

/* The name of a server that they can see; anything else is as if it did not exist. */
static int
can_see(const struct mon *m, const struct gsp_talk_who *w, enum gsp_verb v, const char *server,
    char why[WHY_MAX])
{
	struct gsp_argv names = GSP_ARGV_INIT;
	struct gsp_err err = GSP_ERR_INIT;
	const char *near;
	int rc = -1;

	if (mon_servers(m, w, GSP_RIGHT_VIEW, &names, &err) == -1)
		snprintf(why, WHY_MAX, "the servers cannot be listed: %.500s", err.msg);
	else if (names.n == 0)
		(void)not_allowed(m, v, mon_right_of(v, 0), NULL, why);
	else if (server[0] == '\0')
		snprintf(why, WHY_MAX, "which server? Name one");
	else if (gsp_argv_has(&names, server))
		rc = 0;
	else if ((near = gsp_nearest(server, (const char *const *)names.v)) != NULL)
		snprintf(why, WHY_MAX, "there is no server '%.64s'; did you mean '%s'?", server, near);
	else
		snprintf(why, WHY_MAX, "there is no server '%.64s'; '/server list' shows them", server);
	gsp_argv_release(&names);
	return rc;
}

int
mon_may(struct mon *m, const struct gsp_talk_who *w, enum gsp_verb v, uint64_t save,
    const char *server, char why[WHY_MAX])
{
	unsigned want = wanted(v, save), have;

	if (mon_here(m, w, why) == -1)
		return -1;
	if (server[0] == '\0' && (v == GSP_VERB_STATUS || v == GSP_VERB_LIST || v == GSP_VERB_COST))
		return (mon_rights(m, w, NULL) & GSP_RIGHT_VIEW) != 0
		    ? 0 : not_allowed(m, v, GSP_RIGHT_VIEW, NULL, why);
	if (can_see(m, w, v, server, why) == -1)
		return -1;
	have = mon_rights(m, w, server);
	if ((want & ~have) == 0)
		return 0;
	return not_allowed(m, v, (want & ~have & GSP_RIGHT_OPERATE) != 0 ? GSP_RIGHT_OPERATE
	    : mon_right_of(v, save), server, why);
}
