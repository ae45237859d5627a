/* query/a2s: the conversation. */
#include <string.h>

#include "base/clock.h"
#include "query/a2s.h"

#include "base/banned.h"

#define CHALLENGES_MAX 8    /* different ones for one question */
#define NAMES_MS       1500 /* the names are worth a short wait */
#define WHAT_INFO      "TSource Engine Query" /* and its NUL */

struct talk {
	struct gsp_query *q;
	unsigned bots;
	bool names; /* the question is A2S_PLAYER */
	struct gsp_a2s_split split;
	struct gsp_buf whole;
	uint8_t question[64];
	bool challenged;
	uint8_t challenge[4];
	unsigned challenges;
};

/* The question, with the challenge where we have one. A2S_PLAYER without is a request for one. */
static void
put_question(struct talk *t, struct gsp_qask *ask)
{
	static const uint8_t none[4] = {0xff, 0xff, 0xff, 0xff};
	size_t n = 4;

	memcpy(t->question, none, 4);
	if (t->names)
		t->question[n++] = 'U';
	else {
		memcpy(t->question + n, WHAT_INFO, sizeof(WHAT_INFO));
		n += sizeof(WHAT_INFO);
	}
	if (t->names || t->challenged) {
		memcpy(t->question + n, t->challenged ? t->challenge : none, 4);
		n += 4;
	}
	ask->question = t->question;
	ask->len = n;
}

static enum gsp_qtake
take_challenge(struct talk *t, struct gsp_qask *ask, const uint8_t *data, size_t len,
    struct gsp_err *err)
{
	if (len < GSP_A2S_HEAD + 4)
		return GSP_QTAKE_MORE;
	/* to a question that was sent twice it comes twice */
	if (t->challenged && memcmp(t->challenge, data + GSP_A2S_HEAD, 4) == 0)
		return GSP_QTAKE_MORE;
	if (++t->challenges > CHALLENGES_MAX) {
		gsp_err_set(err, GSP_EPROTO, "it asks for one challenge after another, and never answers");
		return GSP_QTAKE_BAD;
	}
	memcpy(t->challenge, data + GSP_A2S_HEAD, 4);
	t->challenged = true;
	put_question(t, ask);
	return GSP_QTAKE_AGAIN;
}

static enum gsp_qtake
take_whole(struct talk *t, struct gsp_qask *ask, const uint8_t *data, size_t len,
    struct gsp_err *err)
{
	switch (gsp_a2s_letter(data, len)) {
	case 'A': return take_challenge(t, ask, data, len, err);
	case 'I':
	case 'm':
		if (t->names) /* GoldSrc answers A2S_INFO twice, once in its old form */
			return GSP_QTAKE_MORE;
		return gsp_a2s_info(t->q, &t->bots, data, len, err) == -1 ? GSP_QTAKE_BAD : GSP_QTAKE_DONE;
	case 'D':
		if (!t->names)
			return GSP_QTAKE_MORE;
		return gsp_a2s_names(t->q, data, len) ? GSP_QTAKE_DONE : GSP_QTAKE_BAD;
	default: return GSP_QTAKE_MORE;
	}
}

static enum gsp_qtake
take(void *ctx, struct gsp_qask *ask, const uint8_t *data, size_t len, struct gsp_err *err)
{
	struct talk *t = ctx;
	int rc;

	if (!gsp_a2s_split_is(data, len))
		return take_whole(t, ask, data, len, err);
	if ((rc = gsp_a2s_split_add(&t->split, &t->whole, data, len, err)) == -1)
		return GSP_QTAKE_BAD;
	if (rc == 0)
		return GSP_QTAKE_MORE;
	gsp_a2s_split_release(&t->split);
	return take_whole(t, ask, (const uint8_t *)t->whole.data, t->whole.len, err);
}

/* Who they are. The list does not tell bots from people, and a server need not have one: what
 * fails here fails nothing. */
static int
ask_names(struct talk *t, struct gsp_qask *ask, const struct gsp_qpeer *peer,
    int64_t deadline_ms, struct gsp_err *err)
{
	int64_t soon = gsp_now_ms() + NAMES_MS;
	struct gsp_err why = GSP_ERR_INIT;

	if (t->q->players == 0 || t->bots > 0)
		return 0;
	t->names = true;
	t->challenges = 0;
	gsp_a2s_split_release(&t->split);
	put_question(t, ask);
	if (gsp_qask(ask, peer, soon < deadline_ms ? soon : deadline_ms, &why) == 0)
		return 0;
	gsp_argv_release(&t->q->names);
	if (why.code != GSP_ECANCEL)
		return 0;
	*err = why;
	return -1;
}

int
gsp_a2s_ask(void *ctx, const struct gsp_qpeer *peer, int64_t deadline_ms, struct gsp_err *err)
{
	struct gsp_qask ask = {.take = take};
	struct talk t;
	int rc;

	memset(&t, 0, sizeof(t));
	t.q = ctx;
	gsp_a2s_split_init(&t.split);
	gsp_buf_init(&t.whole, GSP_A2S_BYTES_MAX + 1);
	ask.ctx = &t;
	put_question(&t, &ask);
	rc = gsp_qask(&ask, peer, deadline_ms, err);
	if (rc == 0) {
		t.q->latency_ms = ask.latency_ms;
		rc = ask_names(&t, &ask, peer, deadline_ms, err);
	}
	gsp_a2s_split_release(&t.split);
	gsp_buf_release(&t.whole);
	return rc;
}
