#include "gsp/ledger.h"

#include "base/clock.h"
#include "fmt/json.h"
#include "sys/io.h"

#include "base/banned.h"

int
gsp_ledger_add(const struct gsp_home *h, const struct gsp_session *s, const char *what,
    const char *actor, struct gsp_err *err)
{
	struct gsp_buf path = GSP_BUF_INIT(GSP_PATH_BUF), line = GSP_BUF_INIT(16384);
	struct gsp_json *v = gsp_json_new_obj();
	char when[GSP_CLOCK_TEXT];
	int64_t now = gsp_wall_s();
	uint64_t hours;
	double usd;
	int rc;

	gsp_session_cost(s, now, &hours, &usd);
	gsp_json_add_str(v, "schema", "gsp.ledger/1");
	gsp_json_add_str(v, "time", gsp_clock_format(when, sizeof(when), now));
	gsp_json_add_str(v, "what", what);
	gsp_json_add_str(v, "server", s->server);
	gsp_json_add_str(v, "session", s->id);
	gsp_json_add_str(v, "actor", actor);
	gsp_json_add_u64(v, "linode_id", s->linode_id);
	gsp_json_add_str(v, "region", s->region);
	gsp_json_add_str(v, "type", s->type);
	gsp_json_add_str(v, "created", gsp_clock_format(when, sizeof(when), s->created));
	gsp_json_add_num(v, "hourly_usd", s->hourly_usd);
	gsp_json_add_num(v, "monthly_usd", s->monthly_usd);
	gsp_json_add_u64(v, "hours", hours);
	gsp_json_add_num(v, "usd", usd);
	/* a torn last line of a crash must not swallow this one */
	gsp_buf_addc(&line, '\n');
	gsp_json_print(&line, v);
	gsp_buf_addc(&line, '\n');
	rc = gsp_io_append(gsp_home_path(h, &path, "state/ledger.jsonl"), line.data, line.len, 0600,
	    err);
	gsp_json_free(v);
	gsp_buf_release(&line);
	gsp_buf_release(&path);
	return rc;
}
