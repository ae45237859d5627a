#include "status_row.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"

#include "base/banned.h"

/* What is not known, or not there, is null: never a number that somebody adds up. */
static void
text_or_null(struct gsp_out *o, const char *name, const char *v)
{
	gsp_out_str(o, name, v[0] != '\0' ? v : NULL);
}

static void
usd_or_null(struct gsp_out *o, const char *name, double usd)
{
	if (usd >= 0)
		gsp_out_num(o, name, usd, 4);
	else
		gsp_out_str(o, name, NULL);
}

static void
id_or_null(struct gsp_out *o, const char *name, uint64_t id)
{
	if (id != 0)
		gsp_out_u64(o, name, id);
	else
		gsp_out_str(o, name, NULL);
}

static void
time_or_null(struct gsp_out *o, const char *name, int64_t t)
{
	char text[GSP_CLOCK_TEXT];

	gsp_out_str(o, name, t != 0 ? gsp_clock_format(text, sizeof(text), t) : NULL);
}

static void
print_watch(struct gsp_out *o, const struct gsp_status_row *r)
{
	if (r->players >= 0)
		gsp_out_u64(o, "players", (uint64_t)r->players);
	else
		gsp_out_str(o, "players", NULL);
	time_or_null(o, "stops", r->stop_at);
	time_or_null(o, "lease", r->lease_until);
	text_or_null(o, "watched_by", r->watched);
}

void
status_row_json(struct gsp_out *o, const struct gsp_status_row *r)
{
	struct gsp_buf sentence = GSP_BUF_INIT(8192);
	char since[GSP_CLOCK_TEXT];

	gsp_out_str(o, "server", r->server);
	gsp_out_str(o, "stage", r->stage);
	gsp_out_str(o, "since",
	    r->since != 0 ? gsp_clock_format(since, sizeof(since), r->since) : NULL);
	text_or_null(o, "address", r->address);
	text_or_null(o, "type", r->type);
	text_or_null(o, "region", r->region);
	id_or_null(o, "linode_id", r->linode_id);
	text_or_null(o, "session", r->session);
	text_or_null(o, "home", r->home);
	text_or_null(o, "actor", r->actor);
	gsp_out_u64(o, "generation", r->generation);
	gsp_out_u64(o, "hours", r->hours);
	usd_or_null(o, "hourly_usd", r->hourly_usd);
	usd_or_null(o, "so_far_usd", r->linode_id != 0 ? r->so_far_usd : -1);
	text_or_null(o, "next", r->next);
	gsp_out_str(o, "why", r->why);
	text_or_null(o, "after_save", r->after);
	text_or_null(o, "dns", r->dns);
	print_watch(o, r);
	gsp_status_sentence(&sentence, r, gsp_wall_s());
	gsp_out_str(o, "sentence", gsp_buf_str(&sentence));
	gsp_out_str(o, "kind", r->mine ? "server" : r->firewall_id != 0 ? "firewall" : "machine");
	id_or_null(o, "firewall_id", r->firewall_id);
	gsp_out_end(o);
	gsp_buf_release(&sentence);
}

void
status_row_columns(struct gsp_out *o, const struct gsp_status_row *r)
{
	char span[48], money[32], why[sizeof(r->why) + sizeof(r->after) + sizeof(r->dns) + 36];

	gsp_out_str(o, "server", r->server);
	gsp_out_str(o, "stage", r->stage);
	gsp_out_str(o, "for",
	    r->since != 0 ? gsp_num_span(span, sizeof(span), gsp_wall_s() - r->since) : NULL);
	gsp_out_str(o, "address", r->address[0] != '\0' ? r->address : NULL);
	gsp_num_usd(money, sizeof(money) - 3, r->hourly_usd);
	snprintf(money + strlen(money), 3, "/h");
	gsp_out_str(o, "price", r->hourly_usd >= 0 ? money : NULL);
	gsp_num_usd(money, sizeof(money), r->so_far_usd);
	gsp_out_str(o, "so far", r->so_far_usd >= 0 && r->linode_id != 0 ? money : NULL);
	gsp_out_str(o, "next", r->next[0] != '\0' ? r->next : NULL);
	snprintf(why, sizeof(why), "%s%s%s%s%s%s", r->why, r->unwatched ? "; nobody watches it" : "",
	    r->after[0] != '\0' ? "; " : "", r->after, r->dns[0] != '\0' ? "; " : "", r->dns);
	gsp_out_str(o, "why", why);
	gsp_out_end(o);
}
