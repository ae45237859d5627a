/* One sentence that says it all. */
#include "gsp/status.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"

#include "base/banned.h"

static void
add_state(struct gsp_buf *out, const struct gsp_status_row *r)
{
	if (r->firewall_id != 0)
		gsp_buf_addf(out, "firewall '%s' is a stray", r->server);
	else if (strcmp(r->stage, "none") == 0)
		gsp_buf_addf(out, "%s has no machine", r->server);
	else if (strcmp(r->stage, "stray") == 0)
		gsp_buf_addf(out, "%s is a stray", r->server);
	else if (strcmp(r->stage, "other-home") == 0)
		gsp_buf_addf(out, "%s is another home's", r->server);
	else if (r->damaged)
		gsp_buf_addf(out, "%s is not known here any more", r->server);
	else
		gsp_buf_addf(out, "%s is %s", r->server, r->stage);
}

static void
add_since(struct gsp_buf *out, const struct gsp_status_row *r, int64_t now)
{
	char when[GSP_CLOCK_TEXT], span[48];

	if (r->since == 0)
		return;
	gsp_buf_addf(out, " since %s (%s)", gsp_clock_format(when, sizeof(when), r->since),
	    gsp_num_span(span, sizeof(span), now > r->since ? now - r->since : 0));
}

static void
add_cost(struct gsp_buf *out, const struct gsp_status_row *r)
{
	char hourly[24], so_far[24];

	if (r->damaged && r->linode_id == 0)
		gsp_buf_adds(out, "; what it costs is not known");
	else if (r->firewall_id != 0 || (r->linode_id == 0 && r->hourly_usd < 0))
		gsp_buf_adds(out, "; it costs nothing");
	else if (r->linode_id == 0)
		gsp_buf_adds(out, "; it costs nothing yet");
	else if (r->hourly_usd < 0 && strcmp(r->stage, "lost") != 0 && strcmp(r->stage, "none") != 0)
		gsp_buf_adds(out, "; what it costs is not known");
	else if (r->hourly_usd < 0)
		gsp_buf_adds(out, "; it costs nothing any more");
	else
		gsp_buf_addf(out, "; it costs %s an hour, %s so far",
		    gsp_num_usd(hourly, sizeof(hourly), r->hourly_usd),
		    gsp_num_usd(so_far, sizeof(so_far), r->so_far_usd > 0 ? r->so_far_usd : 0));
}

void
gsp_status_sentence(struct gsp_buf *out, const struct gsp_status_row *r, int64_t now)
{
	add_state(out, r);
	add_since(out, r, now);
	gsp_buf_addf(out, ": %s", r->why);
	add_cost(out, r);
	if (r->stops[0] != '\0')
		gsp_buf_addf(out, "; %s", r->stops);
	if (r->next[0] != '\0')
		gsp_buf_addf(out, "; go on with '%s'", r->next);
	else if (r->busy)
		gsp_buf_adds(out, "; wait for it");
}
