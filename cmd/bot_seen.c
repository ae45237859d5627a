/* bot_seen: the servers of the home and how they are, as they were a second ago at most: a guild that
 * types all at once reads the disk once. What is decided with it is only what is shown and who is
 * refused; tools look for themselves. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/must.h"
#include "gsp/status.h"
#include "bot_mon.h"

#include "base/banned.h"

#define FRESH_MS 1000

struct seen {
	struct gsp_argv names;
	struct seen_row *rows; /* of these names; NULL: not looked at yet */
	int64_t until_ms;      /* monotonic */
};

struct seen *
seen_new(void)
{
	return gsp_must(calloc(1, sizeof(struct seen)));
}

static void
forget(struct seen *s)
{
	gsp_argv_release(&s->names);
	free(s->rows);
	s->rows = NULL;
	s->until_ms = 0;
}

void
seen_free(struct seen *s)
{
	if (s == NULL)
		return;
	forget(s);
	free(s);
}

int
seen_servers(const struct mon *m, const struct gsp_argv **names, struct gsp_err *err)
{
	struct seen *s = m->seen;

	*names = &s->names;
	if (gsp_now_ms() < s->until_ms)
		return 0;
	forget(s);
	if (gsp_status_servers(&s->names, m->t->home, err) == -1) {
		forget(s);
		return -1;
	}
	s->until_ms = gsp_now_ms() + FRESH_MS;
	return 0;
}

static void
look(struct seen_row *to, const struct gsp_home *h, const char *name)
{
	struct gsp_cloud nobody_asked = {.known = false};
	struct gsp_err ignored = GSP_ERR_INIT;
	struct gsp_status_row row;

	if (gsp_status_server(&row, h, name, &nobody_asked, NULL, &ignored) == -1) {
		to->unknown = true;
		return;
	}
	memcpy(to->stage, row.stage, sizeof(to->stage));
	to->since = row.since;
	to->players = row.players;
	to->busy = row.busy;
}

const struct seen_row *
seen_rows(const struct mon *m)
{
	struct seen *s = m->seen;

	if (s->rows != NULL)
		return s->rows;
	s->rows = gsp_must(calloc(s->names.n + 1, sizeof(*s->rows)));
	for (size_t i = 0; i < s->names.n; i++)
		look(&s->rows[i], m->t->home, s->names.v[i]);
	return s->rows;
}
