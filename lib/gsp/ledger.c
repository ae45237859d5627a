#include "gsp/ledger.h"

#include <string.h>

#include "base/clock.h"
#include "fmt/json.h"
#include "sys/io.h"

#include "base/banned.h"

static bool
ends(const char *what)
{
	static const char *const words[] = {"delete", "discard", "gone", "lost", "moved"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i], what) == 0)
			return true;
	return false;
}

/* What every line has. */
static struct gsp_json *
make_line(const struct gsp_home *h, const struct gsp_session *s, const char *what,
    const char *actor)
{
	struct gsp_json *v = gsp_json_new_obj();
	struct gsp_session then = *s;
	int64_t now = gsp_wall_s();
	uint64_t hours;
	double usd;

	if (ends(what) && then.ended == 0)
		then.ended = now;
	gsp_session_cost(&then, now, &hours, &usd);
	gsp_json_add_str(v, "schema", "gsp.ledger/1");
	gsp_json_add_time(v, "time", now);
	gsp_json_add_str(v, "what", what);
	gsp_json_add_str(v, "server", s->server);
	gsp_json_add_str(v, "session", s->id);
	gsp_json_add_str(v, "actor", actor);
	gsp_json_add_u64(v, "linode_id", s->linode_id);
	gsp_json_add_str(v, "region", s->region);
	gsp_json_add_str(v, "type", s->type);
	gsp_json_add_time(v, "created", s->created);
	if (ends(what)) {
		gsp_json_add_time(v, "ended", then.ended);
		if (s->ended_guess)
			gsp_json_add_bool(v, "estimated", true);
	}
	gsp_json_add_num(v, "hourly_usd", s->hourly_usd);
	gsp_json_add_num(v, "monthly_usd", s->monthly_usd);
	gsp_json_add_u64(v, "hours", hours);
	gsp_json_add_num(v, "usd", usd);
	gsp_json_add_str(v, "api_url", s->api_url != NULL ? s->api_url : h->api_url);
	return v;
}

static int
append(const struct gsp_home *h, const struct gsp_json *v, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF), line = GSP_BUF_INIT(16384);
	int rc;

	gsp_json_print(&line, v);
	gsp_buf_addc(&line, '\n');
	rc = gsp_buf_ok(&line)
	    ? gsp_io_append_line(gsp_home_path(h, &path, "state/ledger.jsonl"), line.data, line.len,
	          0600, err)
	    : gsp_err_set(err, GSP_ELIMIT, "a line of the ledger is too long");
	gsp_buf_release(&line);
	gsp_buf_release(&path);
	return rc;
}

int
gsp_ledger_add(const struct gsp_home *h, const struct gsp_session *s, const char *what,
    const char *actor, struct gsp_err *err)
{
	struct gsp_json *v = make_line(h, s, what, actor);
	int rc = append(h, v, err);

	gsp_json_free(v);
	return rc;
}

int
gsp_ledger_add_lease(const struct gsp_home *h, const struct gsp_session *s, int64_t until,
    int64_t hold, const char *actor, struct gsp_err *err)
{
	struct gsp_json *v = make_line(h, s, "lease", actor);
	int rc;

	if (until != 0)
		gsp_json_add_time(v, "until", until);
	else
		gsp_json_add_null(v, "until");
	if (hold != 0)
		gsp_json_add_time(v, "hold", hold);
	else
		gsp_json_add_null(v, "hold");
	rc = append(h, v, err);
	gsp_json_free(v);
	return rc;
}
