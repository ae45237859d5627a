/*
 * query/a2s: an answer that comes in parts.
 *
 * A part does not say in which of three forms it is. The first one shows it: there the answer
 * itself begins, with its four bytes 0xff, and where these stand no other form has them. So parts
 * are kept as they came until that one is there.
 */
#include <string.h>

#include "query/a2s.h"

#include "base/banned.h"

/* After the mark and the id: Source: how many, which, the size of a part. Of its oldest games:
 * without the size. GoldSrc: which and how many in one byte. */
enum form { SOURCE, SOURCE_OLD, GOLDSRC, FORMS };
static const size_t head_of[FORMS] = {12, 10, 9};

#define COMPRESSED 0x80000000u /* in the id of Source */

static unsigned
number(enum form f, const uint8_t *d)
{
	return f == GOLDSRC ? d[8] >> 4 : d[9];
}

static unsigned
total(enum form f, const uint8_t *d)
{
	return f == GOLDSRC ? d[8] & 0x0f : d[8];
}

bool
gsp_a2s_split_is(const uint8_t *data, size_t len)
{
	static const uint8_t mark[4] = {0xfe, 0xff, 0xff, 0xff};

	return len >= sizeof(mark) && memcmp(data, mark, sizeof(mark)) == 0;
}

void
gsp_a2s_split_init(struct gsp_a2s_split *s)
{
	memset(s, 0, sizeof(*s));
	for (size_t i = 0; i < GSP_A2S_PARTS_MAX; i++)
		gsp_buf_init(&s->part[i], GSP_A2S_BYTES_MAX + 1);
}

void
gsp_a2s_split_release(struct gsp_a2s_split *s)
{
	for (size_t i = 0; i < s->n; i++)
		gsp_buf_release(&s->part[i]);
	s->n = s->bytes = 0;
}

static const uint8_t *
part(const struct gsp_a2s_split *s, size_t i)
{
	return (const uint8_t *)s->part[i].data;
}

/* FORMS: the first part is not there. */
static enum form
form_of(const struct gsp_a2s_split *s)
{
	static const uint8_t begins[4] = {0xff, 0xff, 0xff, 0xff};

	for (size_t i = 0; i < s->n; i++)
		for (enum form f = SOURCE; f < FORMS; f++)
			if (s->part[i].len > head_of[f] + sizeof(begins) &&
			    number(f, part(s, i)) == 0 &&
			    memcmp(part(s, i) + head_of[f], begins, sizeof(begins)) == 0)
				return f;
	return FORMS;
}

/* The index of part ${n}, or s->n. */
static size_t
find(const struct gsp_a2s_split *s, enum form f, unsigned n)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->part[i].len >= head_of[f] && number(f, part(s, i)) == n)
			break;
	return i;
}

/* All of Source's form are there, and the flag is set: then it is no wonder that none begins. */
static bool
is_compressed(const struct gsp_a2s_split *s)
{
	unsigned n = s->n > 0 ? total(SOURCE, part(s, 0)) : 0;

	if ((s->id & COMPRESSED) == 0 || n == 0 || n > s->n)
		return false;
	for (unsigned i = 0; i < n; i++) {
		size_t at = find(s, SOURCE, i);

		if (at == s->n || total(SOURCE, part(s, at)) != n)
			return false;
	}
	return true;
}

static int
join(const struct gsp_a2s_split *s, enum form f, struct gsp_buf *out, struct gsp_err *err)
{
	unsigned n = total(f, part(s, find(s, f, 0)));

	if (n > GSP_A2S_PARTS_MAX)
		return gsp_err_set(err, GSP_ELIMIT, "its answer has %u parts; the most that is read is %d",
		    n, GSP_A2S_PARTS_MAX);
	for (size_t i = 0; i < s->n; i++)
		if (s->part[i].len < head_of[f] || total(f, part(s, i)) != n ||
		    number(f, part(s, i)) >= n)
			return gsp_err_set(err, GSP_EPROTO, "the parts of its answer contradict each other");
	for (unsigned i = 0; i < n; i++)
		if (find(s, f, i) == s->n)
			return 0;
	gsp_buf_reset(out);
	for (unsigned i = 0; i < n; i++) {
		const struct gsp_buf *p = &s->part[find(s, f, i)];

		gsp_buf_add(out, p->data + head_of[f], p->len - head_of[f]);
	}
	if (!gsp_buf_ok(out))
		return gsp_err_set(err, GSP_ELIMIT, "its answer is larger than %d bytes",
		    GSP_A2S_BYTES_MAX);
	return 1;
}

/* Keep it, unless it came twice. */
static int
keep(struct gsp_a2s_split *s, const uint8_t *data, size_t len, struct gsp_err *err)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->part[i].len == len && memcmp(s->part[i].data, data, len) == 0)
			return 0;
	if (s->n == GSP_A2S_PARTS_MAX || s->bytes + len > GSP_A2S_BYTES_MAX)
		return gsp_err_set(err, GSP_ELIMIT, "its answer has too many parts (%zu, %zu bytes)",
		    s->n + 1, s->bytes + len);
	gsp_buf_add(&s->part[s->n], data, len);
	if (!gsp_buf_ok(&s->part[s->n]))
		return gsp_err_set(err, GSP_ESYS, "out of memory");
	s->n++;
	s->bytes += len;
	return 0;
}

int
gsp_a2s_split_add(struct gsp_a2s_split *s, struct gsp_buf *out, const uint8_t *data, size_t len,
    struct gsp_err *err)
{
	enum form f;
	uint32_t id;

	if (len <= head_of[GOLDSRC])
		return gsp_err_set(err, GSP_EPROTO, "a part of its answer is cut short");
	id = (uint32_t)data[4] | (uint32_t)data[5] << 8 | (uint32_t)data[6] << 16 |
	    (uint32_t)data[7] << 24;
	if (id != s->id)
		gsp_a2s_split_release(s);
	s->id = id;
	if (keep(s, data, len, err) == -1)
		return -1;
	if ((f = form_of(s)) != FORMS)
		return join(s, f, out, err);
	if (is_compressed(s))
		return gsp_err_set(err, GSP_EPROTO, "its answer is compressed (bzip2), which gsp does not "
		    "read; use a script 'players'");
	return 0;
}
