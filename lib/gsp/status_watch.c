/* Until when it runs, and who sees to that. */
#include "gsp/status_priv.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"
#include "gsp/lease.h"
#include "gsp/watch.h"

#include "base/banned.h"

/* What was measured longer ago is nobody's business any more. */
#define OLD_S GSP_WATCH_FRESH_S

__attribute__((format(printf, 2, 3))) static void
add(struct gsp_status_row *r, const char *fmt, ...)
{
	size_t len = strlen(r->stops);
	va_list ap;

	if (len > 0 && len + 3 < sizeof(r->stops)) {
		memcpy(r->stops + len, "; ", 3);
		len += 2;
	}
	va_start(ap, fmt);
	vsnprintf(r->stops + len, sizeof(r->stops) - len, fmt, ap);
	va_end(ap);
}

static void
add_players(struct gsp_status_row *r, const struct gsp_watch_memory *m, int64_t now)
{
	char span[48];

	r->players = m->players;
	gsp_num_span(span, sizeof(span), now > m->passed ? now - m->passed : 0);
	if (m->players == 0)
		add(r, "nobody played %s ago", span);
	else
		add(r, "%" PRIu32 " played %s ago", m->players, span);
}

static void
add_idle(struct gsp_status_row *r, const struct gsp_watch_memory *m,
    const struct gsp_decide_rules *rules, int64_t now)
{
	char text[120];

	if ((r->stop_at = gsp_watch_stop_at(m, rules, now)) != 0)
		add(r, "it %s", gsp_watch_idle_text(text, sizeof(text), m, rules, now));
}

/* There is a machine of ours that costs. */
static bool
costs(const struct gsp_status_row *r, const struct gsp_session *s)
{
	return r->linode_id != 0 && s->phase >= GSP_PHASE_POSTING && strcmp(r->stage, "other-home") != 0 &&
	    strcmp(r->stage, "lost") != 0 && strcmp(r->stage, "none") != 0 &&
	    strcmp(r->stage, "stray") != 0;
}

void
gsp_status_watch(struct gsp_status_row *r, const struct gsp_home *h, const struct gsp_session *s)
{
	struct gsp_err unread = GSP_ERR_INIT;
	struct gsp_lease lease = {0};
	struct gsp_decide_rules rules;
	struct gsp_watch_memory m;
	int64_t now = gsp_wall_s();
	char text[GSP_LEASE_TEXT];

	if (!costs(r, s))
		return;
	(void)gsp_lease_get(&lease, h, s, &unread);
	gsp_watch_load(&m, h, r->server, s->id);
	gsp_watch_rules(&rules, h, s, &lease, 0);
	if (s->phase == GSP_PHASE_RUNNING && m.counted && m.passed <= now && now - m.passed <= OLD_S) {
		add_players(r, &m, now);
		add_idle(r, &m, &rules, now);
	}
	r->lease_until = lease.until;
	if (unread.code != GSP_OK)
		add(r, "its lease cannot be read");
	else if (lease.until != 0)
		add(r, "%s", gsp_lease_text(text, sizeof(text), &lease, now));
	gsp_watch_by(r->watched, sizeof(r->watched), h, r->server, s->id, now);
	r->unwatched = r->watched[0] == '\0' && h->watch_by != GSP_WATCH_NOBODY;
}
