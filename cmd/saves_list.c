/* gsp-saves list: a row for each generation. */
#include "saves_look.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"
#include "gsp/sync.h"
#include "sys/sig.h"

#include "base/banned.h"

/* "000041" as ls shows it, or "41". */
int
saves_number(uint64_t *n, const char *text, struct gsp_err *err)
{
	if (gsp_num_u64(n, text, 1, (uint64_t)1 << 53) == 0)
		return 0;
	return gsp_err_set(err, GSP_EUSAGE, "'%s' is no generation's number", text);
}

int
saves_need(const struct gsp_history *h, const struct gsp_job *job, uint64_t n, struct gsp_err *err)
{
	if (gsp_history_has(h, n))
		return 0;
	return gsp_err_set(err, GSP_EUNAVAIL, "'%s' has no generation %" PRIu64 "; 'gsp saves list %s' "
	    "shows them", job->server, n, job->server);
}

/* A failure at a generation that another tool takes away: that is the reason. */
int
saves_or_gone(const struct gsp_history *h, const struct gsp_job *job, uint64_t n,
    struct gsp_err *err)
{
	if (err->code != GSP_ECANCEL && gsp_history_has(h, n) && gsp_history_gone(h, n))
		gsp_err_set(err, GSP_EUNAVAIL, "generation %" PRIu64 " of '%s' was removed meanwhile; "
		    "'gsp saves list %s' shows what is there", n, job->server, job->server);
	return -1;
}

static int
measure(const struct gsp_history *h, struct gsp_usage *u, uint64_t n, struct gsp_use *use,
    struct gsp_err *err)
{
	struct gsp_buf dir = GSP_BUF_INIT(GSP_PATH_BUF);
	int rc;

	rc = gsp_history_gen_dir(h, n, &dir, err) == -1 ||
		gsp_usage_measure(u, gsp_buf_str(&dir), use, err) == -1
	    ? -1
	    : 0;
	gsp_buf_release(&dir);
	return rc;
}

/* What it has alone, and what others have too. */
uint64_t
saves_shared(const struct saves_row *r)
{
	return r->use.bytes > r->use.own ? r->use.bytes - r->use.own : 0;
}

void
saves_json_u64(struct gsp_out *o, const char *name, bool known, uint64_t v)
{
	if (known)
		gsp_out_u64(o, name, v);
	else
		gsp_out_str(o, name, NULL);
}

/* For programs: every field, null where nothing is known. */
void
saves_row_json(struct gsp_out *o, const struct saves_row *r)
{
	char when[GSP_CLOCK_TEXT];

	gsp_out_u64(o, "generation", r->n);
	gsp_out_str(o, "kind", r->known ? gsp_gen_kind_name(r->g.kind) : NULL);
	gsp_out_str(o, "time", r->known ? gsp_clock_format(when, sizeof(when), r->g.time) : NULL);
	saves_json_u64(o, "parent", r->known, r->g.parent);
	saves_json_u64(o, "files", r->known, r->g.files);
	saves_json_u64(o, "bytes", r->known, r->g.bytes);
	saves_json_u64(o, "own", r->measured, r->use.own);
	saves_json_u64(o, "shared", r->measured, saves_shared(r));
	gsp_out_str(o, "session", r->known && r->g.session[0] != '\0' ? r->g.session : NULL);
	gsp_out_str(o, "actor", r->known && r->g.actor[0] != '\0' ? r->g.actor : NULL);
	saves_json_u64(o, "moving", r->known, r->g.moving);
	gsp_out_bool(o, "accepted", r->known && r->g.accepted);
	gsp_out_bool(o, "base", r->base);
	gsp_out_bool(o, "newest", r->newest);
	gsp_out_bool(o, "damaged", !r->known);
}

/* "discord:1234/name" is "name" to people; at most 12 characters, so that a row has 80. */
static const char *
short_actor(char *out, size_t size, const char *actor)
{
	const char *slash = strrchr(actor, '/');
	size_t n = 0;

	if (slash != NULL && slash[1] != '\0')
		actor = slash + 1;
	for (size_t chars = 0; actor[n] != '\0' && n + 1 < size; n++)
		if (((unsigned char)actor[n] & 0xc0) != 0x80 && ++chars > 12)
			break;
	(void)snprintf(out, size, "%.*s", (int)n, actor);
	return out;
}

static void
add_note(struct gsp_buf *notes, bool is, const char *what)
{
	if (is)
		gsp_buf_addf(notes, "%s%s", notes->len > 0 ? ", " : "", what);
}

/* For people: what fits. The rest is in `show`. */
static void
row_table(struct gsp_out *o, const struct saves_row *r)
{
	struct gsp_buf notes = GSP_BUF_INIT(128);
	char text[64], when[GSP_CLOCK_TEXT];

	add_note(&notes, r->newest, "newest");
	add_note(&notes, r->base, "files/");
	add_note(&notes, r->known && r->g.accepted, "accepted");
	(void)snprintf(text, sizeof(text), "%" PRIu64 " moving", r->known ? r->g.moving : 0);
	add_note(&notes, r->known && r->g.moving > 0, text);
	add_note(&notes, !r->known, "damaged");
	gsp_out_u64(o, "gen", r->n);
	gsp_out_str(o, "kind", r->known ? gsp_gen_kind_name(r->g.kind) : "?");
	gsp_clock_format(when, sizeof(when), r->g.time);
	when[10] = ' ';
	when[16] = '\0';
	gsp_out_str(o, "time_(UTC)", r->known ? when : "?");
	(void)snprintf(text, sizeof(text), "%" PRIu64, r->g.parent);
	gsp_out_pair(o, "parent", 0, !r->known ? "?" : r->g.parent == 0 ? "-" : text);
	(void)snprintf(text, sizeof(text), "%" PRIu64, r->g.files);
	gsp_out_pair(o, "files", 0, r->known ? text : "?");
	gsp_out_pair(o, "bytes", 0, r->known ? gsp_num_bytes(text, sizeof(text), r->g.bytes) : "?");
	gsp_out_pair(o, "own", 0,
	    r->measured ? gsp_num_bytes(text, sizeof(text), r->use.own) : "?");
	gsp_out_str(o, "actor", r->known && r->g.actor[0] != '\0'
	        ? short_actor(text, sizeof(text), r->g.actor) : "-");
	gsp_out_str(o, "note", notes.len > 0 ? gsp_buf_str(&notes) : "-");
	gsp_buf_release(&notes);
}

/* What there is to know of generation n; -1 if that is not all, but r can be shown all the same. */
int
saves_row_fill(struct saves_row *r, const struct gsp_history *h, struct gsp_usage *u, uint64_t n,
    struct gsp_err *err)
{
	struct gsp_err second = GSP_ERR_INIT;

	memset(r, 0, sizeof(*r));
	r->n = n;
	r->base = n == gsp_history_base(h);
	r->newest = n == gsp_history_newest(h);
	r->known = gsp_history_info(h, n, &r->g, err) == 0;
	r->measured = measure(h, u, n, &r->use, r->known ? err : &second) == 0;
	return r->known && r->measured ? 0 : -1;
}

static int
print_generation(struct saves *s, const struct gsp_history *h, struct gsp_usage *u, uint64_t n,
    struct gsp_err *err)
{
	struct saves_row r;
	int rc = saves_row_fill(&r, h, u, n, err);

	if (rc == -1 && gsp_history_gone(h, n)) { /* pruned while we look */
		gsp_err_clear(err);
		return 0;
	}
	if (s->json)
		saves_row_json(s->out, &r);
	else
		row_table(s->out, &r);
	gsp_out_end(s->out);
	return rc;
}

int
saves_list(struct tool *t, struct gsp_job *job, void *ctx, struct gsp_err *err)
{
	struct saves *s = ctx;
	struct gsp_history *h = NULL;
	struct gsp_usage *u = NULL;
	const uint64_t *v;
	size_t n;
	int rc = -1;

	(void)t;
	if (gsp_sync_look(&h, job, NULL, err) == -1 || gsp_usage_new(&u, err) == -1)
		goto out;
	gsp_history_numbers(h, &v, &n);
	rc = 0;
	for (size_t i = n; i-- > 0 && gsp_sig_check(err) == 0;) {
		struct gsp_err now = GSP_ERR_INIT;

		/* one that is damaged hides none of the others */
		if (print_generation(s, h, u, v[i], &now) == -1 && rc == 0) {
			*err = now;
			rc = -1;
		}
	}
	if (err->code == GSP_ECANCEL)
		rc = -1;
out:
	gsp_usage_free(u);
	gsp_history_close(h);
	return rc;
}
