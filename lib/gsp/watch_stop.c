/* When a server stops, as far as its last watch knows. */
#include "gsp/watch.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/num.h"
#include "gsp/down_time.h"

#include "base/banned.h"

void
gsp_watch_rules(struct gsp_decide_rules *out, const struct gsp_home *h, const struct gsp_session *s,
    const struct gsp_lease *lease, int64_t budget_until)
{
	const struct gsp_stop_rules *c = &s->conf->stop;
	bool plays = s->phase == GSP_PHASE_RUNNING && s->ready;

	*out = (struct gsp_decide_rules){.server = s->server,
	    .created = s->created,
	    .empty_s = c->empty_s,
	    .never_s = c->never_s,
	    /* before and after the game there is nobody to be asked; a stalled stage is told otherwise */
	    .unknown_s = plays ? c->unknown_s : 0,
	    .lease_until = lease->until,
	    .lease_latest = lease->latest,
	    .hold_until = lease->hold,
	    .budget_until = budget_until,
	    .down_s = gsp_down_time(h, s->server)};
}

/* The clock that counts: since everybody left, or since nobody came. */
static int64_t
full_s(const struct gsp_watch_memory *m, const struct gsp_decide_rules *r)
{
	return m->decide.player_at != 0 ? r->empty_s : r->never_s;
}

int64_t
gsp_watch_stop_at(const struct gsp_watch_memory *m, const struct gsp_decide_rules *r, int64_t now)
{
	int64_t full = full_s(m, r);

	if (m->decide.idle_stop != 0)
		return m->decide.idle_stop;
	if (full == 0 || m->decide.zero_s < full)
		return 0;
	return gsp_decide_stop_at(r, now, m->decide.pass_s);
}

const char *
gsp_watch_idle_text(char *out, size_t size, const struct gsp_watch_memory *m,
    const struct gsp_decide_rules *r, int64_t now)
{
	int64_t at = gsp_watch_stop_at(m, r, now), full = full_s(m, r);
	char span[48];

	out[0] = '\0';
	if (at > now)
		snprintf(out, size, "stops in %s unless somebody joins",
		    gsp_num_span(span, sizeof(span), at - now));
	else if (at != 0)
		snprintf(out, size, "stops now unless somebody joins");
	else if (m->decide.zero_s > 0 && full > 0)
		snprintf(out, size, "nobody for %" PRId64 " of %" PRId64 " min", m->decide.zero_s / 60,
		    (full + 59) / 60);
	return out;
}
