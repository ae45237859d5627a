/* Is what came home a save? What gsp/suspect weighs, and what the machine found elsewhere. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "gsp/suspect.h"
#include "gsp/sync_priv.h"

#include "base/banned.h"

#define ANSWER_MAX (1024 * 1024)

/* Files of the game's user that changed outside `dir`: it may keep its saves there. */
static int
outside(struct gsp_download *d, struct gsp_buf *reasons, struct gsp_err *err)
{
	struct gsp_buf out = GSP_BUF_INIT(ANSWER_MAX);
	struct gsp_argv op = GSP_ARGV_INIT;
	size_t n = 0;
	int rc;

	gsp_argv_push(&op, "outside");
	rc = gsp_remote_ask(d->job->remote, &op, NULL, 0, &out, NULL, err);
	for (const char *p = gsp_buf_str(&out); rc == 0 && *p != '\0';) {
		size_t len = strcspn(p, "\n");

		if (strncmp(p, "outside ", 8) == 0 && n++ < 5)
			gsp_buf_addf(reasons, "%s'%.*s' changed outside '%s' (does the game keep saves "
			    "there?)", reasons->len > 0 ? "; " : "", (int)(len - 8), p + 8,
			    d->job->session->conf->dir);
		p += len + (p[len] == '\n');
	}
	gsp_argv_release(&op);
	gsp_buf_release(&out);
	return rc;
}

int
gsp_sync_judge(struct gsp_download *d, bool look_outside, const char *again, struct gsp_err *err)
{
	const struct gsp_server_conf *c = d->job->session->conf;
	struct gsp_list parent = GSP_LIST_INIT;
	struct gsp_buf reasons = GSP_BUF_INIT(8192);
	bool suspect = false;
	uint64_t base = d->hello.marker.base;
	char against[64] = "";
	int rc = -1;

	if (gsp_history_has(d->h, base) && gsp_history_list(d->h, base, &parent, err) == -1)
		goto out;
	gsp_list_drop(&parent, (const char *const *)c->exclude.v);
	if (gsp_suspect_check(gsp_history_has(d->h, base) ? &parent : NULL, &d->sums,
	        (const char *const *)c->saves.v, (const char *const *)c->push.v, &reasons, &suspect,
	        err) == -1 ||
	    (look_outside && outside(d, &reasons, err) == -1))
		goto out;
	if (gsp_history_has(d->h, base))
		snprintf(against, sizeof(against), " against generation %" PRIu64, base);
	if (reasons.len == 0) {
		d->accept = false; /* nothing to accept: the generation is no accepted one */
		rc = 0;
	} else if (d->accept) {
		gsp_steps_warn(d->job->steps, d->job->server, "accepted although suspect%s: %.400s", against,
		    gsp_buf_str(&reasons));
		gsp_buf_reset(&d->reasons);
		gsp_buf_addf(&d->reasons, "%.2000s", gsp_buf_str(&reasons));
		rc = 0;
	} else
		gsp_err_set(err, GSP_EREFUSED, "the save of '%s' is suspect%s: %.650s; look with 'gsp ssh "
		    "%s', then 'gsp %s %s --accept' takes it as it is", d->job->server, against,
		    gsp_buf_str(&reasons), d->job->server, again, d->job->server);
out:
	gsp_list_release(&parent);
	gsp_buf_release(&reasons);
	return rc;
}
