/* query/a2s: what the answers say. */
#include "query/a2s.h"

#include <string.h>

#include "query/text.h"

#include "base/banned.h"

#define THE_SHIP 2400 /* the one game with three more bytes in the middle */

/* Reading on after the end gives zeros, and is remembered. */
struct reader {
	const uint8_t *p;
	size_t left;
	bool cut;
};

static const uint8_t *
skip(struct reader *r, size_t n)
{
	const uint8_t *at = r->p;

	if (r->cut || n > r->left) {
		r->cut = true;
		return NULL;
	}
	r->p += n;
	r->left -= n;
	return at;
}

static unsigned
read_byte(struct reader *r)
{
	const uint8_t *at = skip(r, 1);

	return at == NULL ? 0 : at[0];
}

static unsigned
read_short(struct reader *r)
{
	unsigned low = read_byte(r);

	return low | read_byte(r) << 8;
}

/* A text and the NUL after it. */
static void
read_text(struct reader *r, char *out, size_t size)
{
	const uint8_t *nul = r->cut || r->left == 0 ? NULL : memchr(r->p, '\0', r->left), *at;

	if (nul == NULL) {
		r->cut = true;
		return;
	}
	at = skip(r, (size_t)(nul - r->p) + 1);
	if (out != NULL)
		gsp_query_text(out, size, (const char *)at, (size_t)(nul - at));
}

int
gsp_a2s_letter(const uint8_t *data, size_t len)
{
	static const uint8_t whole[4] = {0xff, 0xff, 0xff, 0xff};

	return len < GSP_A2S_HEAD || memcmp(data, whole, sizeof(whole)) != 0 ? 0 : data[4];
}

static void
read_source(struct reader *r, struct gsp_query *q, unsigned count[3])
{
	unsigned app;

	skip(r, 1); /* protocol */
	read_text(r, q->title, sizeof(q->title));
	for (int i = 0; i < 3; i++) /* map, folder, game */
		read_text(r, NULL, 0);
	app = read_short(r);
	for (int i = 0; i < 3; i++)
		count[i] = read_byte(r); /* players, most players, bots */
	skip(r, 4); /* kind, system, password, secured */
	if (app == THE_SHIP)
		skip(r, 3);
	read_text(r, q->version, sizeof(q->version));
}

static void
read_goldsrc(struct reader *r, struct gsp_query *q, unsigned count[3])
{
	read_text(r, NULL, 0); /* its address */
	read_text(r, q->title, sizeof(q->title));
	for (int i = 0; i < 3; i++) /* map, folder, game */
		read_text(r, NULL, 0);
	count[0] = read_byte(r);
	count[1] = read_byte(r);
	skip(r, 4); /* protocol, kind, system, password */
	if (read_byte(r) == 1) { /* a mod: link, download, NUL, version, size, two flags */
		read_text(r, NULL, 0);
		read_text(r, NULL, 0);
		skip(r, 1 + 4 + 4 + 1 + 1);
	}
	skip(r, 1); /* secured */
	count[2] = read_byte(r);
}

int
gsp_a2s_info(struct gsp_query *q, unsigned *bots, const uint8_t *data, size_t len,
    struct gsp_err *err)
{
	struct reader r = {data, len, false};
	unsigned count[3] = {0, 0, 0};
	int letter = gsp_a2s_letter(data, len);

	skip(&r, GSP_A2S_HEAD);
	if (letter == 'I')
		read_source(&r, q, count);
	else if (letter == 'm')
		read_goldsrc(&r, q, count);
	else
		return gsp_err_set(err, GSP_EPROTO, "its answer is no A2S_INFO");
	if (r.cut)
		return gsp_err_set(err, GSP_EPROTO, "its answer (A2S_INFO) is cut short");
	if (count[2] > count[0])
		return gsp_err_set(err, GSP_EPROTO, "it counts %u players and more bots, %u: its bots are "
		    "not among its players; use a script 'players'", count[0], count[2]);
	q->max = count[1];
	*bots = count[2];
	return gsp_query_set_players(q, count[0] - count[2], err);
}

bool
gsp_a2s_names(struct gsp_query *q, const uint8_t *data, size_t len)
{
	struct reader r = {data, len, false};
	char name[GSP_QUERY_NAME_MAX + 1];

	skip(&r, GSP_A2S_HEAD + 1); /* and how many there are, as it says */
	while (!r.cut && r.left > 0) {
		skip(&r, 1); /* an index, always 0 */
		read_text(&r, name, sizeof(name));
		skip(&r, 8); /* score, seconds */
		if (!r.cut && name[0] != '\0' && q->names.n < GSP_QUERY_NAMES_MAX)
			gsp_argv_push(&q->names, name);
	}
	if (r.cut)
		gsp_argv_release(&q->names);
	return !r.cut;
}
