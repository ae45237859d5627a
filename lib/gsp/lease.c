#include "gsp/lease.h"

#include "base/banned.h"

int
gsp_lease_get(struct gsp_lease *out, const struct gsp_home *h, const struct gsp_session *s,
    struct gsp_err *err)
{
	const struct gsp_stop_rules *r = &s->conf->stop;

	(void)h;
	(void)err;
	out->until = r->first_s > 0 ? s->created + r->first_s : 0;
	out->hold = 0;
	out->latest = r->max_s > 0 ? s->created + r->max_s : 0;
	return 0;
}
