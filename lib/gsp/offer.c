#include "gsp/offer.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"

#include "base/banned.h"

int
gsp_offer_find(struct gsp_offer *o, const struct gsp_home *h, const char *server,
    const char *session, struct gsp_err *err)
{
	struct gsp_buf dir = GSP_BUF_INIT(GSP_PATH_BUF);
	struct gsp_history *hist = NULL;
	struct gsp_history_opts opts;
	uint64_t n;
	int rc = -1;

	memset(o, 0, sizeof(*o));
	memset(&opts, 0, sizeof(opts));
	opts.server_dir = gsp_home_server_path(h, &dir, server, "");
	opts.home_id = h->id;
	opts.server = server;
	if (gsp_history_open(&hist, &opts, err) == -1)
		goto out;
	n = gsp_history_newest(hist);
	if (n != 0 && gsp_history_info(hist, n, &o->proven, err) == -1)
		goto out;
	n = gsp_history_live_of(hist, session, gsp_history_of_session(hist, session));
	if (n != 0 && gsp_history_info(hist, n, &o->live, err) == -1)
		goto out;
	rc = 0;
out:
	gsp_history_close(hist);
	gsp_buf_release(&dir);
	return rc;
}

uint64_t
gsp_offer_first(const struct gsp_offer *o)
{
	return o->live.number != 0 ? o->live.number : o->proven.number;
}

static const char *
age_of(char *buf, size_t size, const struct gsp_gen *g)
{
	int64_t age = gsp_wall_s() - g->time;

	return gsp_num_span(buf, size, age > 0 ? age : 0);
}

void
gsp_offer_text(struct gsp_buf *out, const struct gsp_offer *o, const char *server)
{
	char age[48];

	if (o->live.number != 0) {
		gsp_buf_addf(out, "'gsp up %s --from %" PRIu64 "' goes on from a copy made beside the game %s "
		    "ago", server, o->live.number, age_of(age, sizeof(age), &o->live));
		if (o->live.moving > 0)
			gsp_buf_addf(out, " (moving: %" PRIu64 " of its paths may be torn)", o->live.moving);
	}
	if (o->proven.number != 0)
		gsp_buf_addf(out, "%s'gsp up %s --from %" PRIu64 "' %s the newest proven save, of %s ago",
		    o->live.number != 0 ? ", " : "", server, o->proven.number,
		    o->live.number != 0 ? "from" : "goes on from",
		    age_of(age, sizeof(age), &o->proven));
	if (out->len == 0)
		gsp_buf_addf(out, "there is no generation to go on from; 'gsp teardown %s "
		    "--discard-unsaved' forgets the machine", server);
}

int
gsp_offer_lost(const struct gsp_home *h, const char *server, const char *session,
    struct gsp_err *err)
{
	struct gsp_buf text = GSP_BUF_INIT(600);
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_offer o;

	gsp_err_set(err, GSP_EREFUSED, "the machine of '%s' is gone, and its last game was not saved",
	    server);
	if (gsp_offer_find(&o, h, server, session, &ignored) == 0)
		gsp_offer_text(&text, &o, server);
	else
		gsp_buf_addf(&text, "its history cannot be read (%.300s)", ignored.msg);
	gsp_err_hint(err, "%s", gsp_buf_str(&text));
	gsp_buf_release(&text);
	return -1;
}
